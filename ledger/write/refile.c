/* Whether what is filed could be filed again from nothing, looked at before it is cleared.
 *
 *   every record that is filed is opened ─► all open: yes
 *        some do not ─► whose are they (alias packs) ─► for each of them a record of that person opens in time: yes
 *                                                       └─ for one none does: no, and nothing is touched
 *
 * In time is what stands before it in the log, for who somebody is must be known in the first epoch that meets them,
 * and what is filed again may take several. Behind it counts only if all that is filed fits into one. Where epochs will
 * end is not worked out: of what is told to be impossible some would be possible.
 *
 * Reads only, in one snapshot. What could not be looked at (the disk, memory) ends it with that error, and says nothing
 * of any event. */
#include "ledger/base/grow.h"
#include "ledger/filed/aliases.h"
#include "ledger/store/records.h"
#include "ledger/write/damage.h"

#include <inttypes.h>

/* An event whose record does not open. */
struct closed {
	uint64_t index;
	struct alias alias;
	bool known; /* whose it is: another record of the same person opens in time */
};

struct look {
	const struct ledger *ledger;
	struct db_txn *txn;
	struct key_snapshot keys;
	struct record_buffer record;
	struct alias_walk walk;
	struct closed *closed; /* ascending by index; once all are there by alias */
	size_t count;
	size_t capacity;
	uint64_t events; /* that are filed, or were and are lost */
};

/* A lost event is not opened and is counted all the same, as the epoch that files it again would. */
static enum error look_at(struct look *look, uint64_t index)
{
	struct entry entry;
	struct opened opened;
	TRY(log_read(look->txn, index, &entry));
	if (entry.kind != ENTRY_EVENT)
		return E_OK;
	look->events++;
	if (losses_cover(&look->ledger->state.losses, index))
		return E_OK;
	enum error error = record_find(look->txn, &look->keys, &look->ledger->secrets->seal, index, &look->record, &opened);
	if (error == E_OK || !damage_judged(error))
		return error;
	TRY(GROW(look->closed, look->capacity, look->count + 1));
	look->closed[look->count++] = (struct closed){.index = index};
	return E_OK;
}

static int by_index(const void *left, const void *right)
{
	const struct closed *a = left, *b = right;
	return a->index < b->index ? -1 : a->index > b->index;
}

static int by_alias(const void *left, const void *right)
{
	const struct closed *a = left, *b = right;
	return memcmp(a->alias.b, b->alias.b, sizeof a->alias.b);
}

static struct closed *find(struct look *look, const struct closed *key, int (*order)(const void *, const void *))
{
	return bsearch(key, look->closed, look->count, sizeof *look->closed, order);
}

/* Each event that a pack names and that is not lost (it stays named as long as others of its batch are not), as long as
 * packs open: one that does not is made again from its records, and who has no other than those in it is nobody. */
static enum error visit_packs(struct look *look, void (*visit)(struct look *look, const struct closed *event))
{
	enum error error = E_OK;
	TRY(alias_walk_begin(look->txn, &look->ledger->secrets->seal, 0, &look->walk));
	while ((error = alias_walk_next(&look->walk)) != E_NOT_FOUND) {
		if (error != E_OK && !damage_judged(error))
			break;
		for (uint32_t i = 0; error == E_OK && i < look->walk.count; i++) {
			uint64_t index = look->walk.first_index + i;
			if (index < look->ledger->filing.filed && !losses_cover(&look->ledger->state.losses, index) &&
				!alias_is_none(&look->walk.aliases[i]))
				visit(look, &(struct closed){.index = index, .alias = look->walk.aliases[i]});
		}
	}
	alias_walk_end(&look->walk);
	return error == E_NOT_FOUND ? E_OK : error;
}

/* Who stands in no pack stays without an alias, finds nobody, and is told as one that cannot be filed. */
static void name(struct look *look, const struct closed *event)
{
	struct closed *closed = find(look, event, by_index);
	if (closed != NULL)
		closed->alias = event->alias;
}

static bool fits_one_epoch(const struct look *look)
{
	return look->events <= look->ledger->epoch_events_max && look->ledger->filing.filed <= EPOCH_SPAN_MAX;
}

/* By alias there are several of one person, next to each other. */
static void know(struct look *look, const struct closed *event)
{
	struct closed *end = look->closed + look->count;
	struct closed *closed = find(look, event, by_alias);
	if (closed == NULL)
		return;
	while (closed > look->closed && by_alias(closed - 1, event) == 0)
		closed--;
	for (struct closed *c = closed; c < end && by_alias(c, event) == 0; c++)
		if (c->index == event->index)
			return; /* it is itself one that does not open */
	for (struct closed *c = closed; c < end && by_alias(c, event) == 0; c++)
		c->known |= event->index < c->index || fits_one_epoch(look);
}

/* Nearly always nothing is closed, and then no pack is read. */
static enum error look_at_all(struct look *look)
{
	TRY(key_snapshot_begin(look->ledger->keystore, &look->keys));
	enum error error = E_OK;
	for (uint64_t index = 0; error == E_OK && index < look->ledger->filing.filed; index++)
		error = look_at(look, index);
	key_snapshot_end(&look->keys);
	if (error != E_OK || look->count == 0)
		return error;
	TRY(visit_packs(look, name));
	qsort(look->closed, look->count, sizeof *look->closed, by_alias);
	return visit_packs(look, know);
}

/* The lowest index by comparing: they stand by alias here. */
static enum error judge(const struct look *look, struct fault *fault)
{
	uint64_t first = UINT64_MAX;
	size_t count = 0;
	for (size_t i = 0; i < look->count; i++) {
		if (look->closed[i].known)
			continue;
		count++;
		first = look->closed[i].index < first ? look->closed[i].index : first;
	}
	if (count == 0)
		return E_OK;
	return fault_set(fault, E_UNREADABLE,
		"%zu events, the first at index %" PRIu64
		", are filed and might not be filed again, because their records do not open and no other that does would tell "
		"in time whose they are. Nothing was changed. Put back what may bring the records back; if nothing can, run "
		"'indsigt epoch DIR "
		"--rebuild --declare-lost'",
		count, first);
}

enum error ledger_may_refile(const struct ledger *ledger, struct fault *fault)
{
	OWNED_TXN txn = {0};
	OWNED_MEMORY struct look *look = calloc(1, sizeof *look);
	TRY(fault_set(fault, allocated(look), ""));
	look->ledger = ledger;
	look->txn = &txn;
	enum error error = db_begin(ledger->store, false, &txn) ?: look_at_all(look);
	error = error == E_OK ? judge(look, fault)
						  : fault_set(fault, error, "what is filed cannot be looked at: %s", error_reason(error));
	record_buffer_free(&look->record);
	free(look->closed);
	return error;
}
