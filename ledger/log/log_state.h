/* What the entries of a log, in order, make of it, and the one rule by which the next one is taken or refused: for
 * whoever writes the log and for all who read it. spec/entry.md, spec/loss.md, EPO-8 and EPO-9 of spec/epoch.md
 *
 *   entry ─► place of its kind ─► ledger time ─► sender, event, batch, epoch or loss ─► filed in time
 *
 * An entry and a state in, a state or a finding out; of what is outside a loss entry alone asks (`bundles`). The writer
 * (ledger/write) asks before it writes an entry, and keeps the state in rows of its store; auditors, mirrors and
 * whoever puts a store together again (log_rules.h) ask of each entry that they read. That the entries are those of a
 * signed checkpoint is the caller's business.
 *
 * Memory: 24 bytes for each batch that no epoch covers yet, 16 for each second of ledger time after the newest epoch;
 * the senders are the caller's. */
#pragma once

#include "ledger/entry/sender.h"
#include "ledger/log/epoch_lag.h"
#include "ledger/log/losses.h"
#include "ledger/tree/merkle.h"

/* Where the senders are kept: readers have an array, the writer its registry. */
struct log_senders {
	/* To read or, with `change`, to change; NULL: there is none. Borrowed until the next `add`. */
	struct sender *(*find)(void *context, uint32_t id, bool change);
	enum error (*add)(void *context, const struct sender *sender);
	void *context;
};

/* The events since the last batch entry. Invariant, while it is open: they are the last `count` entries of the log, and
 * their sequences follow one another. */
struct log_run {
	bool open;
	/* These stay until the next run begins. */
	bool vouched; /* its signature is not asked about again, nor are its commitments kept */
	bool mass;
	uint32_t sender;
	uint64_t first_sequence;
	uint64_t first_index;
	uint32_t count;
	struct merkle_frontier commitments;
};

/* Who has looked at batches before the rule does (an audit's other threads). */
struct log_vouchers {
	/* Whether the batch whose first event is the entry at `index` is complete, and signed with this sender's key; NULL:
	 * nobody has looked. Asked when the event is taken; no is no finding, the rule looks itself. */
	bool (*batch)(void *context, uint64_t index, const struct sender *sender);
	void *context;
};

/* From this entry on the ledger time is this. */
struct log_step {
	uint64_t index;
	uint64_t time_s;
};

/* Ascending, index and time. Invariant: first <= end <= capacity. What is before `first` no epoch asks for any more. */
struct log_steps {
	size_t first;
	size_t end;
	size_t capacity;
	struct log_step *at;
};

/* To be read freely. */
struct log_state {
	const struct vkey *vkey; /* borrowed */
	struct log_senders senders;
	struct log_vouchers vouchers;
	struct log_bundles bundles; /* for loss entries; set by whoever feeds the state, NULL at first */
	bool signatures_checked;    /* set by who has verified each batch before: its signature is not asked about again */
	/* Who only asks which history was signed sets it: an event that is filed too late then breaks no rule. */
	bool bears_late;
	bool is_late;  /* there was one, */
	uint64_t late; /* the first of them at this index */

	uint64_t size;          /* entries taken */
	uint64_t time_s;        /* ledger time so far */
	uint64_t events;        /* event and mass entries */
	uint64_t filing_leaves; /* event entries in complete batches */
	bool endorsed;          /* the newest sender entry has the signatures that it should have */
	uint64_t epoch_index;   /* of the newest epoch entry; 0: there is none */
	uint64_t epoch_size;    /* its m */
	uint64_t epoch_lost;    /* what it says is lost */
	struct hash map_root;   /* of the newest epoch; before the first one those of no event */
	struct hash filing_root;
	struct losses losses;
	struct log_run run;
	struct epoch_lag lag;
	struct log_steps steps; /* those that an epoch to come may be about */
};

/* Of no entry. `vkey` and what `senders` leads to are borrowed until log_state_free. */
void log_state_init(struct log_state *state, const struct vkey *vkey, const struct log_senders *senders);
void log_state_free(struct log_state *state);

/* The entry at index state->size. E_CORRUPT and the finding: it breaks a rule, and there is nothing to go on with.
 * E_NO_MEMORY; for a loss entry also the errors of `bundles`, with the finding: then it may be given again. */
enum error log_state_take(struct log_state *state, const struct entry *entry, struct log_finding *finding) MUST_USE;
/* The same for an event or mass entry. */
enum error log_state_event(
	struct log_state *state, const struct entry_event *event, struct log_finding *finding) MUST_USE;
/* After the last entry of a checkpoint: no batch is open. E_CORRUPT. */
enum error log_state_end(const struct log_state *state, struct log_finding *finding) MUST_USE;

/* ---- taking up a log that was judged before ---- */

/* For whoever has not kept everything: its newest epoch entry, and what the genesis entry says of the lag. Before it
 * nothing is known but this; a log without an epoch goes on from the beginning. E_NO_MEMORY. */
enum error log_state_resume(
	struct log_state *state, uint64_t lag_s, uint64_t epoch_index, const struct entry_epoch *epoch) MUST_USE;
/* The entry at index state->size, which holds: what an epoch to come has to know of it, and nothing else. E_NO_MEMORY.
 */
enum error log_state_pass(struct log_state *state, const struct entry *entry) MUST_USE;

/* The ledger time of the last of the first `size` entries: 1 or more, and the newest epoch's size or more. */
uint64_t log_state_time_before(const struct log_state *state, uint64_t size);
/* For log_rules_state.c. */
enum error log_steps_add(struct log_steps *steps, uint64_t index, uint64_t time_s) MUST_USE;
