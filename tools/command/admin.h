/* What the command line changes about a ledger: through DIR/control.sock if a daemon runs, else on the store itself,
 * under its lock. */
#pragma once

#include "ingest/net/web.h"
#include "ledger/options/options.h"
#include "ledger/write/ledger.h"

/* The ledger that a command changes. Borrowed from the command line for as long as the command runs. */
struct admin {
	const char *dir;
	bool without_witnesses; /* sign although too few witnesses say that the store is the newest */
};

/* The rows of every command that may sign, and asks witnesses before, in whose struct T stands a struct admin of that
 * name. */
#define ADMIN_WITNESS_ROWS(T, admin)                                                                                  \
	WEB_CA_ROW(),                                                                                                     \
		OPTION_FLAG(T, admin.without_witnesses, "without-witnesses",                                                  \
			.help =                                                                                                   \
				"where the ledger is not running: sign although too few of its witnesses say that this store is the " \
				"newest; one that shows a newer one is never passed over")

/* Appends a sender entry, as ledger_append_sender does; returns when it is durable. E_LOCKED when a process holds the
 * ledger that does not answer on its socket. E_ROLLED_BACK, E_UNWITNESSED as ledger_open, for all that sign here. */
enum error admin_append_sender(const struct admin *admin, struct entry_sender *entry, struct fault *fault) MUST_USE;
/* Files everything received so far; returns when that is done. `declare_lost`: what cannot be filed is declared lost,
 * however much it is; else E_UNREADABLE. */
enum error admin_epoch(const struct admin *admin, bool declare_lost, struct fault *fault) MUST_USE;
/* Makes everything derived again from log and alias packs, then files the rest. Under the store's lock: E_LOCKED while
 * a daemon runs. What could not be filed again is looked for first (E_UNREADABLE, and nothing has changed), or declared
 * lost with `declare_lost`. */
enum error admin_rebuild(const struct admin *admin, bool declare_lost, struct fault *fault) MUST_USE;

/* As the ledger stands now, beside a running daemon or not. E_UNKNOWN_SENDER. */
enum error admin_sender(const char *dir, uint32_t id, struct sender *out, struct fault *fault) MUST_USE;
/* The smallest id above all that are there. */
enum error admin_next_sender(const char *dir, uint32_t *out, struct fault *fault) MUST_USE;
