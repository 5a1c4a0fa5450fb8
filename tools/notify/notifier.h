/* The notifier: reads what is new, knows whom it is new for, and tells the portal. spec/notify.md
 *
 *   log ─► news ─┐                         ┌─► delivery ─► portal
 *                ├─► book (on the disk) ───┤
 *   queryd ─► door ─┘                      └─► status.json
 */
#pragma once

#include "ledger/base/error.h"

#include <stdint.h>

struct notify_options {
	const char *dir;
	const char *user, *group; /* as root: to go on as */
	uint64_t from;            /* the entry to go on from; UINT64_MAX: where it was left */
	bool json, rotate, forget;
};

#define NOTIFY_FROM_LEFT UINT64_MAX

/* Until SIGTERM or SIGINT. Prints "listening none" when it has begun. */
enum error notifier_run(const struct notify_options *options, struct fault *fault) MUST_USE;
