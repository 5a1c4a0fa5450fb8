/* What mirrors know of a ledger, when its guard refuses the store or is gone: whether the log has signed more than the
 * store holds, what that is, and how the store gets it back. spec/recovery.md
 *
 *   the checkpoints of all mirrors, of the guard and of the store are one history? ──no──► evidence, nothing done
 *      └──yes──► the newest is the store's, or: all of it verified, what is missing told ─► restored
 *
 * A mirror can hide what it has, but not make anything up: only what the log has signed counts.
 *
 * What fails: a place that cannot be asked is told and not counted. Two histories, or a rule that is broken, end it
 * with nothing changed; so does a newest checkpoint that nobody has the entries of. */
#pragma once

#include "ledger/read/archive.h"
#include "tools/mirror/follower.h"

#define RECOVER_MIRRORS_MAX 32u

struct recover_mirrors;

/* `dir` is the ledger's, `vkey` its log's; they and the places (addresses or directories) are borrowed. */
enum error recover_mirrors_new(const char *dir, const struct vkey *vkey, const char *const *places, uint32_t count,
	struct recover_mirrors **out, struct fault *fault) MUST_USE;
void recover_mirrors_free(struct recover_mirrors *mirrors);

/* Somebody who is no mirror shows a checkpoint: the guard, a witness, evidence of before. What the log has not signed
 * is not counted. `who` is borrowed. E_NO_MEMORY. */
enum error recover_mirrors_show(
	struct recover_mirrors *mirrors, const char *who, struct bytes note, struct fault *fault) MUST_USE;
/* Asks all of them, on a store that is open for reading; NULL: there is none, and whoever has anything has more.
 * `*newer`: one has more of the log than the store; all of that is verified, and what is missing here is printed, by
 * sender. E_CORRUPT: the log has signed two histories, and the evidence is in DIR/evidence; or what a mirror has breaks
 * a rule. E_GUARD: somebody else has seen more than any of them. A mirror that cannot be asked is told on stderr and
 * not counted. */
enum error recover_mirrors_ask(
	struct recover_mirrors *mirrors, struct archive *archive, bool *newer, struct fault *fault) MUST_USE;
/* How many showed a checkpoint of this log. */
uint32_t recover_mirrors_answered(const struct recover_mirrors *mirrors);
/* What was found to be newer: its size, and whose it is. */
uint64_t recover_mirrors_size(const struct recover_mirrors *mirrors, const char **place);
/* Events of which the store has nothing. */
uint64_t recover_mirrors_missing(const struct recover_mirrors *mirrors);
/* After recover_mirrors_ask with *newer: puts that into the store, which is open nowhere else. All of it or nothing. */
enum error recover_mirrors_restore(struct recover_mirrors *mirrors, struct fault *fault) MUST_USE;
