/* The beginning of an epoch: whose events those of the tail are.
 *
 *   packs from what is filed on ─► the next one opens, and says that none is missing? ─► does it still go along? ─►
 * buckets └─ no: the writer makes it again from its records, and the epoch goes on with it
 *
 * Nothing is written here but a pack that was damaged, and the file of the run that is begun at the end. */
#include "ledger/base/grow.h"
#include "ledger/store/records.h"
#include "ledger/write/filing_state.h"
#include "ledger/write/limits.h"

/* By the first byte of the alias, which is as good as random: buckets are of about one size, and each is sorted alone.
 */
enum error epoch_bucket_add(struct bucket *buckets, const struct alias *alias, uint64_t number)
{
	struct bucket *bucket = &buckets[alias->b[0]];
	TRY(GROW(bucket->filings, bucket->capacity, bucket->count + 1));
	bucket->filings[bucket->count++] = (struct filing){*alias, number};
	return E_OK;
}

/* An epoch is as large as its memory may be, `times` over; the rest is for the next. */
static bool pack_fits(const struct epoch *epoch, unsigned times)
{
	const struct alias_walk *walk = &epoch->walk;
	return epoch->total == 0 || (epoch->total + walk->count <= (uint64_t)times * epoch->events_max &&
									walk->first_index + walk->count - epoch->base <= (uint64_t)times * EPOCH_SPAN_MAX);
}

/* Does the pack go with this epoch? It should not end within a second: it could not say until when it is complete. */
static enum error goes_along(const struct epoch *epoch, struct db_txn *txn, bool *out)
{
	struct entry entry;
	uint64_t before_s = 0;
	uint64_t time_s = 0;
	*out = pack_fits(epoch, 1);
	if (*out || !pack_fits(epoch, EPOCH_TIMES_MAX))
		return E_OK;
	TRY(log_read(txn, epoch->walk.first_index, &entry));
	TRY(log_time_before(txn, epoch->walk.first_index, &before_s));
	if (!entry_time(&entry, &time_s))
		return E_CORRUPT;
	*out = time_s == before_s;
	return E_OK;
}

/* Lost events keep their index and have no place in the filing tree, so only those that are there move `position` on.
 */
static enum error take_pack(struct epoch *epoch)
{
	const struct alias_walk *walk = &epoch->walk;
	if (epoch->total == 0)
		epoch->base = walk->first_index;
	for (uint32_t i = 0; i < walk->count; i++)
		if (epoch->losses.count == 0 || !losses_cover(&epoch->losses, walk->first_index + i))
			TRY(epoch_bucket_add(epoch->events, &walk->aliases[i], walk->first_index + i));
	epoch->position += walk->count - losses_count(&epoch->losses, walk->first_index, walk->first_index + walk->count);
	epoch->total += walk->count;
	epoch->loaded = walk->first_index + walk->count;
	epoch->span = epoch->loaded - epoch->base;
	return E_OK;
}

/* The next pack, or the end of what is to be filed. A pack names how many events stand before it, so one that is not
 * there shows in the next. E_UNSEALED: the pack does not open, or one is missing before it. */
static enum error next_pack(struct epoch *epoch, struct db_txn *txn, bool *end)
{
	struct store_state state;
	enum error error = alias_walk_next(&epoch->walk);
	uint64_t position = epoch->walk.position;
	if (error == E_NOT_FOUND) {
		TRY(store_state_get(txn, &state));
		position = state.filing_leaves;
	} else if (error != E_OK) {
		return error == E_CORRUPT ? E_UNSEALED : error;
	}
	*end = error == E_NOT_FOUND || epoch->walk.first_index >= epoch->target;
	return position == epoch->position ? E_OK : E_UNSEALED;
}

/* Takes packs until the slice is full, the tail ends, or the epoch is full. */
static enum error load_packs(struct epoch *epoch, struct db_txn *txn, bool *complete)
{
	*complete = false;
	for (size_t taken = 0; taken < LOAD_SLICE; taken += epoch->walk.count) {
		TRY(next_pack(epoch, txn, complete));
		if (*complete)
			return E_OK;
		bool along;
		TRY(goes_along(epoch, txn, &along));
		if (!along) {
			epoch->target = epoch->walk.first_index;
			*complete = true;
			return E_OK;
		}
		TRY(take_pack(epoch));
	}
	return E_OK;
}

/* One snapshot a slice: a longer one would keep pages of the store for as long as the epoch takes. */
static enum error walk_packs(const struct ledger *ledger, struct epoch *epoch, bool *complete)
{
	OWNED_TXN txn = {0};
	TRY(db_begin(ledger->store, false, &txn));
	TRY(alias_walk_begin(&txn, &ledger->secrets->seal, epoch->loaded, &epoch->walk));
	enum error error = load_packs(epoch, &txn, complete);
	alias_walk_end(&epoch->walk);
	return error;
}

/* A pack is mended outside of the snapshot in which it was found, because mending writes. */
enum error epoch_load_slice(const struct ledger *ledger, struct epoch *epoch)
{
	bool complete = false;
	enum error error = walk_packs(ledger, epoch, &complete);
	if (error == E_UNSEALED)
		epoch->step = EPOCH_MEND;
	else if (complete)
		epoch->step = EPOCH_RUN;
	return error == E_UNSEALED ? E_OK : error;
}

/* Loading goes on with the pack that was made again; where there is none to make, nothing is left to load. */
enum error epoch_mend(struct ledger *ledger, struct epoch *epoch)
{
	if (epoch->mended == epoch->loaded + 1)
		return E_CORRUPT;
	epoch->mended = epoch->loaded + 1;
	enum error error = damage_mend_pack(ledger, epoch->loaded, epoch->target, epoch->position);
	epoch->step = error == E_NOT_FOUND ? EPOCH_RUN : EPOCH_LOAD;
	return error == E_NOT_FOUND ? E_OK : error;
}

/* UINT32_MAX for all: who stands nowhere in the buckets (lost, or no event) has no leaf. */
enum error epoch_begin_run(const struct ledger *ledger, struct epoch *epoch)
{
	epoch->subject_of = malloc((epoch->span > 0 ? epoch->span : 1) * sizeof *epoch->subject_of);
	epoch->subjects = malloc((epoch->total > 0 ? epoch->total : 1) * sizeof *epoch->subjects);
	TRY(allocated(epoch->subject_of && epoch->subjects));
	memset(epoch->subject_of, 0xFF, epoch->span * sizeof *epoch->subject_of);
	epoch->next_index = epoch->base;
	epoch->step = EPOCH_MERGE;
	return run_writer_new(
		ledger->dir_fd, &epoch->runs, &epoch->before, epoch->total * FILED_EVENT_BYTES, &epoch->writer);
}
