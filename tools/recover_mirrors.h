/* What mirrors know of a ledger, when its guard refuses the store or is gone: whether the log has signed more than the
 * store holds, and what that is. spec/recovery.md
 *
 * A mirror can hide what it has, but not make anything up: only what the log has signed counts. */
#pragma once

#include "ledger/archive.h"

#define RECOVER_MIRRORS_MAX 32u

struct recover_mirrors {
	const char *dir; /* the ledger's */
	struct archive *archive;
	uint32_t count;
	const char *places[RECOVER_MIRRORS_MAX]; /* addresses or directories */
	uint32_t answered;                       /* with a checkpoint of this log that the store extends */
};

/* Asks all of them. E_ROLLED_BACK and the fault: one has more of the log than the store; everything that it has is
 * verified, and what is missing here is printed, by sender. E_CORRUPT: the log has signed two histories, and the
 * evidence is in DIR/evidence; or what a mirror has breaks a rule. A mirror that cannot be asked is told on stderr and
 * not counted. */
enum error recover_ask_mirrors(struct recover_mirrors *mirrors, struct fault *fault) MUST_USE;
