/* Which events of a log are lost: their entries stand in it, their sealed part is gone. spec/loss.md
 *
 * A ledger that had to go on with an older store has the public part from a mirror, and one whose store is damaged may
 * have a record that nobody can open. It says so by a loss entry: the sealed part and the filing of every event and
 * mass entry with first <= index < end is lost. How many event entries these are stands in it too; whoever reads the
 * log counts them again, which takes a second look at bundles that were read before. */
#pragma once

#include "ledger/entry/entry.h"
#include "ledger/log/log_finding.h"

/* Event and mass entries with first <= index < end. */
struct lost_range {
	uint64_t first;
	uint64_t end;
	uint64_t entry;  /* index of the loss entry that says so, at or after `end`; of several the newest */
	uint64_t events; /* event entries among them */
};

/* All zero: nothing is lost. Ascending and apart; a loss that reaches into others is one range with them. */
struct losses {
	uint32_t entries; /* loss entries so far */
	uint32_t count;
	struct lost_range ranges[LOSSES_MAX];
};

/* The bundles of the log, up to where it is being read; NULL `read`: there are none, and a loss cannot be checked. */
struct log_bundles {
	/* Entries number * 256 and on, each with a 16-bit length; borrowed until the next call. */
	enum error (*read)(void *context, uint64_t number, struct bytes *out);
	void *context;
};

/* Counts the event entries in [first, end). E_CORRUPT and the finding: the bundles are none; the errors of `bundles`.
 */
enum error losses_count_events(const struct log_bundles *bundles, uint64_t first, uint64_t end, uint64_t *out,
	struct log_finding *finding) MUST_USE;
/* The loss entry at `index`, which may be among the losses already (a store that was put back says what is lost before
 * its log can): then it must be that one. E_CORRUPT and the finding: it breaks a rule; the errors of `bundles`. */
enum error losses_take(struct losses *losses, const struct entry_loss *entry, uint64_t index,
	const struct log_bundles *bundles, struct log_finding *finding) MUST_USE;

/* Is the sealed part of the event or mass entry at this index lost? */
bool losses_cover(const struct losses *losses, uint64_t index);
/* The first range that ends behind `index`; NULL: none does. */
const struct lost_range *losses_from(const struct losses *losses, uint64_t index);
/* The first range that any index in [first, end) lies in; NULL: none of them is lost. */
const struct lost_range *losses_among(const struct losses *losses, uint64_t first, uint64_t end);
/* How many indexes in [first, end) are lost, whatever stands there. */
uint64_t losses_count(const struct losses *losses, uint64_t first, uint64_t end);
/* Could an epoch entry at `index` over entries below `size` cover events that are lost? Then nobody can say any more
 * what its roots should be. */
bool losses_hide_epoch(const struct losses *losses, uint64_t index, uint64_t size);
/* Event entries that are lost, in all. */
uint64_t losses_events(const struct losses *losses);
/* Everything that is lost stands below this index; 0: nothing is. */
uint64_t losses_end(const struct losses *losses);
/* The range of the newest loss entry; NULL: there is none. */
const struct lost_range *losses_newest(const struct losses *losses);
bool losses_equal(const struct losses *a, const struct losses *b);

#define LOSSES_BYTES_MAX (8 + LOSSES_MAX * 32)

void losses_encode(const struct losses *losses, struct writer *out);
/* What losses_encode wrote; else the reader's error is E_BAD_VALUE. */
void losses_decode(struct reader *in, struct losses *out);
