/* The façade of the writing side: one process, one lock, one writer thread. spec/store.md
 *
 * A tick:  ledger_begin ─► ledger_append (many) ─► ledger_commit ─► ledger_receipt (many)
 * Nothing is acknowledged before ledger_commit has returned E_OK; a failed commit leaves the ledger unusable
 * (every later call fails) and the process must end: the next open recovers.
 *
 * Calls are made by one thread (the sequencer), but for those marked *any thread*. */
#pragma once

#include "ledger/entry/entry.h"
#include "ledger/entry/receipt.h"
#include "ledger/witness/door.h"
#include "ledger/write/prepare.h"

struct ledger;

/* Makes keys, store and genesis entry in `dir`, which must not exist, be empty, or hold what is left of an attempt that
 * did not come to its end (create.c). E_EXISTS. */
enum error ledger_create(const char *dir, const char *origin, struct fault *fault) MUST_USE;
/* Takes the lock, opens store and keys, checks the guard, asks the witnesses (door.h; NULL: there is nobody who could,
 * and the ledger must have none), goes on where the last process stopped. E_ROLLED_BACK, E_UNWITNESSED as door_pass;
 * if the asker `opens_unwitnessed`, the latter comes from ledger_begin, ledger_epoch_start and ledger_forget_filing. */
enum error ledger_open(
	const char *dir, const struct door_asker *asker, struct ledger **out, struct fault *fault) MUST_USE;
/* Writes the guard and lets go of the lock. */
void ledger_close(struct ledger *ledger);

const struct vkey *ledger_vkey(const struct ledger *ledger); /* any thread */
/* Locks the directory, open on `dir_fd`, against every other writer until `dir_fd` is closed. E_LOCKED, E_IO. */
enum error ledger_lock(int dir_fd, struct fault *fault) MUST_USE;
/* Signs DOMAIN_WELCOME || `message`, which is at most WELCOME_MESSAGE_MAX bytes, with the log's key: what a sender is
 * answered, which says nothing about the log. */
void ledger_sign_welcome(const struct ledger *ledger, struct bytes message, uint8_t out[64]);

/* Made on the opening thread, used by one other; closed before the ledger. */
enum error preparer_open(struct ledger *ledger, struct preparer **out, struct fault *fault) MUST_USE;

/* ---- senders ---- */

/* As of the last commit. E_UNKNOWN_SENDER. *Any thread.* */
enum error ledger_sender(struct ledger *ledger, uint32_t id, struct sender *out) MUST_USE;
/* The id that the next registration gets unless it asks for another. */
uint32_t ledger_next_sender(struct ledger *ledger);
/* Inside a tick: appends a sender entry. Registration: the id must be free. Others: it must be there and active. Time
 * is filled in. The errors of sender_take; a missing endorsement is taken and shown as unendorsed, but a signature that
 * is there and does not verify is refused (E_BAD_SIGNATURE). */
enum error ledger_append_sender(struct ledger *ledger, struct entry_sender *entry, struct fault *fault) MUST_USE;

/* ---- ticks ---- */

struct appended {
	uint32_t sender;
	uint64_t first_sequence;
	uint32_t count;
	uint64_t first_index;
	bool repeated; /* it was there already: the same index and count again */
};

/* E_CLOCK as ledger_now: there is no tick, and everything is as it was. */
enum error ledger_begin(struct ledger *ledger, struct fault *fault) MUST_USE;
/* The tick goes on after E_SEQUENCE_HOLE, E_UNKNOWN_SENDER, E_REVOKED_SENDER; after E_PERIOD_PASSED: the month or the
 * sender's registration changed since it was prepared, which is to be done again, outside the tick and before anything
 * later of this sender is appended; after E_UNFILED: events wait to be filed, and were it appended, they would be filed
 * too late (EPO-9): run epochs first, outside the tick. And after what a repeated batch is answered: E_EQUIVOCATION
 * (both are kept), E_BAD_SIGNATURE (it is another one, and not the sender's), E_LOST, E_CORRUPT (what it should be
 * compared with is damaged in this store). E_IO, E_FULL, E_NO_MEMORY: the tick is lost. */
enum error ledger_append(
	struct ledger *ledger, const struct prepared *prepared, struct appended *out, struct fault *fault) MUST_USE;
/* The keys of a batch that is not appended (now), or again: they are written with the next commit. E_NO_MEMORY. */
enum error ledger_keep_keys(struct ledger *ledger, const struct prepared *prepared) MUST_USE;
/* Inside a tick: the log index that the next entry gets. */
uint64_t ledger_next_index(const struct ledger *ledger);
/* Signs the checkpoint into the same transaction, commits with a sync, writes the guard when due. E_FULL: nothing of
 * the tick happened, the ledger is still good. Any other error: end the process. */
enum error ledger_commit(struct ledger *ledger, struct fault *fault) MUST_USE;
/* When there is nothing to do, about once a second: writes the guard if the last commit is not in it yet. */
enum error ledger_idle(struct ledger *ledger, struct fault *fault) MUST_USE;
/* The snapshot of another process that has kept pages of the store, or of the key environment, for longest. */
struct ledger_held {
	int pid; /* 0: none does */
	uint64_t age_s;
};

/* Now and then, at least about once a second: looks whether the files are still the ledger's own (E_REPLACED: end the
 * process, and sign nothing more), clears dead readers away, and says who holds an old snapshot. */
enum error ledger_look_after(struct ledger *ledger, struct ledger_held *out, struct fault *fault) MUST_USE;
/* The guard could not be written for a while: it is older than it may be. */
bool ledger_guard_lags(const struct ledger *ledger);
/* Forgets the tick: nothing of it happened. */
void ledger_abort(struct ledger *ledger);

/* After the commit: the receipt of one appended batch, against the checkpoint of size `old_size` (0: none). */
enum error ledger_receipt(
	struct ledger *ledger, const struct appended *appended, uint64_t old_size, struct writer *out) MUST_USE;

/* The checkpoint of the last commit; the note is borrowed until the next commit. */
void ledger_checkpoint(struct ledger *ledger, struct checkpoint *out, struct bytes *note);
/* Does the log extend this signed checkpoint of ours? E_BAD_CHECKPOINT: not ours. E_ROLLED_BACK: ours, and it does
 * not fit: ingest must stop. *Any thread.* */
enum error ledger_extends(struct ledger *ledger, struct bytes note, uint64_t *out_size) MUST_USE;
/* Ledger time, that of the newest entry: never runs backwards. */
uint64_t ledger_time_s(const struct ledger *ledger);
/* The time that an entry would bear now: the later of the machine's clock and the log. It is what batches are prepared
 * by, and what a sender is told. E_CLOCK: the machine's clock is not to be trusted (wall_clock.h), nothing can be
 * signed until it is right or confirmed. *Any thread.* */
enum error ledger_now(struct ledger *ledger, uint64_t *out_s, struct fault *fault) MUST_USE;

/* ---- filing ---- */

/* Entries that the newest epoch does not cover, but for its own: is there something to file, and how much at most. */
uint64_t ledger_unfiled(const struct ledger *ledger);
/* Entries below this index are covered by the newest epoch. */
uint64_t ledger_filed(const struct ledger *ledger);
/* An epoch was started, and has neither finished nor been given up. */
bool ledger_epoch_runs(const struct ledger *ledger);
/* How many entries the running epoch files, at most those that wait; 0: none runs. */
uint64_t ledger_epoch_events(const struct ledger *ledger);
/* The ledger time of the oldest event under the last commit that no epoch covers; UINT64_MAX: there is none. `from` is
 * where the last search ended, 0 at first: nothing below it has to be looked at again. Outside a tick. E_READERS,
 * E_CORRUPT. */
enum error ledger_oldest_unfiled(struct ledger *ledger, uint64_t *from, uint64_t *out_s) MUST_USE;
/* Starts an epoch over everything under the last commit; nothing to do, or one runs: *started = false. Outside
 * a tick. */
enum error ledger_epoch_start(struct ledger *ledger, bool *started, struct fault *fault) MUST_USE;
/* Whether all that is filed could be filed again from nothing. E_UNREADABLE, with how many events might not; the errors
 * of reading: nobody can tell. Reads only. */
enum error ledger_may_refile(const struct ledger *ledger, struct fault *fault) MUST_USE;
/* Forgets everything that is derived: postings, subject trees, map and filing tree. The epochs that follow make it
 * again from log and alias packs, without entries of their own, until the newest epoch entry is reached, whose roots
 * must come out: E_CORRUPT if they do not. Outside a tick and an epoch. */
enum error ledger_forget_filing(struct ledger *ledger, struct fault *fault) MUST_USE;
/* An operator's word for as long as it is set: what cannot be filed is declared lost, however much it is. Without it
 * an epoch over more than a few such events is given up (E_UNREADABLE). */
void ledger_declare_lost(struct ledger *ledger, bool said);

/* What was found damaged while it was filed. */
struct ledger_damage {
	uint64_t unreadable; /* events whose record does not open */
	uint64_t lost;       /* events that are declared lost for it: more, where the log has no room for so many ranges */
	uint64_t entries;    /* loss entries that say so */
	uint64_t packs;      /* alias packs that were made again from their records */
	bool filing;         /* where filing stood could not be read: everything is filed again */
};

/* Since it was asked last; false: nothing. */
bool ledger_take_damage(struct ledger *ledger, struct ledger_damage *out);
/* Does one slice of the running epoch (a few milliseconds), whatever it is, in a transaction of its own; the last one
 * is a tick that appends the epoch entry. Outside a tick. After an error, also one of ledger_epoch_beside, the epoch is
 * given up. */
enum error ledger_epoch_slice(struct ledger *ledger, bool *finished, struct fault *fault) MUST_USE;
/* Of the running epoch: whether its next slice is one that only ledger_epoch_slice can do. */
bool ledger_epoch_needs_writer(const struct ledger *ledger);
/* *Any one thread*, which has the running epoch to itself meanwhile: nobody else asks about it, but for whether one
 * runs. Does one slice of those that write nothing but the new run, beside ticks. Returns whether the next one is of
 * them, too. */
bool ledger_epoch_beside(const struct ledger *ledger);
