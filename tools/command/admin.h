/* What the command line changes about a ledger: through DIR/control.sock if a daemon runs, else on the store itself,
 * under its lock. */
#pragma once

#include "ledger/write/ledger.h"

#include <getopt.h>

/* --without-witnesses, for the table of options of every command that may sign: getopt_long sets it and gives 0. */
extern int admin_without_witnesses;
#define ADMIN_WITHOUT_WITNESSES                                       \
	{                                                                 \
		"without-witnesses", no_argument, &admin_without_witnesses, 1 \
	}
/* Its line of --help. */
#define ADMIN_WITHOUT_WITNESSES_HELP                                                                                 \
	"  --without-witnesses  where the ledger is not running: sign although too few of its witnesses say that this\n" \
	"                       store is the newest; one that shows a newer one is never passed over\n"

/* Appends a sender entry, as ledger_append_sender does; returns when it is durable. E_LOCKED when a process holds the
 * ledger that does not answer on its socket. E_ROLLED_BACK, E_UNWITNESSED as ledger_open, for all that sign here. */
enum error admin_append_sender(const char *dir, struct entry_sender *entry, struct fault *fault) MUST_USE;
/* Files everything received so far; returns when that is done. `declare_lost`: what cannot be filed is declared lost,
 * however much it is; else E_UNREADABLE. */
enum error admin_epoch(const char *dir, bool declare_lost, struct fault *fault) MUST_USE;
/* Makes everything derived again from log and alias packs, then files the rest. Under the store's lock: E_LOCKED while
 * a daemon runs. */
enum error admin_rebuild(const char *dir, struct fault *fault) MUST_USE;

/* As the ledger stands now, beside a running daemon or not. E_UNKNOWN_SENDER. */
enum error admin_sender(const char *dir, uint32_t id, struct sender *out, struct fault *fault) MUST_USE;
/* The smallest id above all that are there. */
enum error admin_next_sender(const char *dir, uint32_t *out, struct fault *fault) MUST_USE;
