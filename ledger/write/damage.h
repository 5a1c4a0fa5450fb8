/* What an epoch cannot file, and what becomes of it. Not for others than filing.c, filing_steps.c and, to judge an
 * error and an alias, refile.c. spec/loss.md
 *
 *   a pack does not open, is not there, or names another place     made again from the batch's records
 *   no record of a new subject opens                               its events are noted:
 *     few of them                                                  declared lost in the tick of the epoch entry, a loss
 *                                                                  entry for each run
 *     many of them, or the key of their month is gone              the epoch is given up until an operator says that
 *                                                                  they are lost
 *
 * Only what was looked at and found damaged counts: that reading failed, or memory, ends the epoch, and nothing is said
 * of the event. Key files and key environment are the store's own (ledger_open), so what does not open with them is
 * damaged; but where it is the key of a whole month that does not open, an operator may have it elsewhere. */
#pragma once

#include "ledger/write/ledger_state.h"

struct damage {
	uint64_t *indexes; /* of events; ascending from damage_judge on */
	size_t count;
	size_t capacity;
	size_t period_unreadable; /* of these, the key of their whole month is gone: that is no damage of their records */
	uint64_t gap;             /* indexes between two of them that one loss entry reaches over, whatever stands there */
	struct ledger_damage declared;
};

void damage_free(struct damage *damage);
/* Whether the error says that the record is damaged, or its key gone, for good. */
bool damage_judged(enum error error);
enum error damage_note(struct damage *damage, uint64_t index) MUST_USE;
/* Whether so much may be declared lost. E_UNREADABLE: an operator has to say so first. */
enum error damage_judge(struct ledger *ledger, struct damage *damage, struct fault *fault) MUST_USE;
/* Inside a tick, after damage_judge: appends the loss entries, and fills in `declared`. */
enum error damage_declare(struct ledger *ledger, struct damage *damage, struct fault *fault) MUST_USE;

/* Looks for a batch of events in [from, to) whose pack is not there, does not open, or names another place in the
 * filing tree than `position`, and makes the pack again from the records, in a transaction of its own; what does not
 * open stands there under no alias. E_NOT_FOUND: there is none. */
enum error damage_mend_pack(struct ledger *ledger, uint64_t from, uint64_t to, uint64_t position) MUST_USE;
/* The alias of an event in a pack that was made again, whose record does not open. */
bool alias_is_none(const struct alias *alias);
