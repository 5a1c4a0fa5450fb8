/* Following a log to its newest checkpoint, for `audit URL` and `mirror`: what is there is signed, extends what was
 * signed before, and keeps every rule.
 *
 *   checkpoint ─► signature ─► fits the one before? ──yes──► follow: tiles, entries, rules
 *                                      └──no──► evidence of a fork */
#pragma once

#include "ingest/net/tile_fetch.h"
#include "ledger/follow/follow.h"
#include "ledger/follow/follow_state.h"

/* Invariant: `known` never becomes smaller, and the rules have taken at most as many entries as it has. After an error
 * of the rules they may stand in the middle of an entry: then nothing goes on from here but a state that was saved. */
struct follower {
	const struct vkey *vkey; /* borrowed */
	struct tile_fetch *fetch;
	unsigned jobs; /* threads that hash what is read, this one among them; 0 is 1 */
	struct log_rules rules;
	struct follow_state known; /* the newest checkpoint that fits all before it; size 0: there is none */
	struct follow_state seen;  /* the one that was shown last, if it does not fit */
	bool deceived;             /* the last error is about tiles that are not what is signed, and not about the log */
	char *evidence;            /* owned: the fork file, when two signed checkpoints do not fit together */
};

/* E_USAGE for an address that is none; `vkey` is borrowed until follower_close. */
enum error follower_open(
	const char *url, int wake_fd, const struct vkey *vkey, struct follower *out, struct fault *fault) MUST_USE;
void follower_close(struct follower *follower);

/* Goes on from a state (what follow_state_write wrote) or a signed checkpoint alone: then what comes must extend it,
 * and everything is read. E_BAD_VALUE and the fault. Once, before anything is followed. */
enum error follower_load(struct follower *follower, struct bytes text, struct fault *fault) MUST_USE;

/* Gets the newest checkpoint and compares it with the known one. E_OK: it is the known one now (`*newer`), or the place
 * shows one again that fits and is not newer. E_CORRUPT and the finding: it does not fit; `evidence` is set if that can
 * be shown to others. E_BAD_CHECKPOINT: its signature, or what is signed, is not in order. E_WRONG_ORIGIN: it is none
 * of this log's. E_NOT_FOUND, E_IO, E_CLOSED: it could not be had. */
enum error follower_look(struct follower *follower, bool *newer, struct log_finding *finding) MUST_USE;
/* Writes where it stands to the file `name` in `dir_fd`, as follower_load reads it. */
enum error follower_save(
	const struct follower *follower, int dir_fd, const char *name, struct log_finding *finding) MUST_USE;
/* The name of a file with the evidence of a fork. */
#define FOLLOWER_FORK_MAX 80
void follower_fork_name(const struct checkpoint *smaller, const struct checkpoint *larger, char out[FOLLOWER_FORK_MAX]);
/* Reads from where the rules stand to the known checkpoint. As follow. */
enum error follower_read(
	struct follower *follower, const struct follow_hooks *hooks, struct log_finding *finding) MUST_USE;
