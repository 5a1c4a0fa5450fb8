/* events noted ─► sorted ─► runs ─► may so many be declared? ─► a loss entry for each run, rows dropped, places anew
 *
 * A run reaches over what lies between two of them as long as no event stands there. Loss entries are few for the whole
 * log, since each makes whoever reads it count anew. Without an operator's word half of them may be used, and nothing
 * that opens is ever lost; with it, runs also reach over gaps, the smallest with which the entries suffice, and what
 * opens in between is lost too. Nothing is dropped before the tick in which the log says so.
 *
 * A pack is made again from its records alone. What does not open stands in it under no alias, so that the others keep
 * their places. */
#include "ledger/write/damage.h"

#include "ledger/base/domain.h"
#include "ledger/base/grow.h"
#include "ledger/filed/aliases.h"
#include "ledger/filed/filed_put.h"
#include "ledger/filed/lost_rows.h"
#include "ledger/store/records.h"
#include "ledger/store/store_put.h"

#include <inttypes.h>
#include <sodium.h>

void damage_free(struct damage *damage)
{
	free(damage->indexes);
	*damage = (struct damage){.count = 0};
}

/* Of the record itself. What the disk or the memory failed to do says nothing of it. */
bool damage_judged(enum error error)
{
	return error == E_UNSEALED || error == E_ERASED || error == E_CORRUPT || error == E_NOT_FOUND;
}

enum error damage_note(struct damage *damage, uint64_t index)
{
	TRY(GROW(damage->indexes, damage->capacity, damage->count + 1));
	damage->indexes[damage->count++] = index;
	return E_OK;
}

/* ---- runs ---- */

static int compare_indexes(const void *left, const void *right)
{
	const uint64_t *a = left;
	const uint64_t *b = right;
	return *a < *b ? -1 : *a > *b;
}

/* Between two events that are lost: does an entry stand there that would be lost with them? */
static enum error is_apart(struct db_txn *txn, uint64_t before, uint64_t after, bool *out)
{
	*out = false;
	for (uint64_t index = before + 1; index < after && !*out; index++) {
		struct bytes encoded;
		TRY(log_entry(txn, index, &encoded));
		*out = encoded.len > 0 && (encoded.data[0] == ENTRY_EVENT || encoded.data[0] == ENTRY_MASS);
	}
	return E_OK;
}

/* How many there are from `at` on that one loss entry takes; over gaps of up to `gap` indexes, whatever stands there.
 */
static enum error run_length(const struct damage *damage, struct db_txn *txn, size_t at, uint64_t gap, size_t *out)
{
	size_t end = at + 1;
	for (bool apart = false; end < damage->count; end++) {
		uint64_t before = damage->indexes[end - 1];
		uint64_t after = damage->indexes[end];
		if (after - before > gap + 1)
			TRY(is_apart(txn, before, after, &apart));
		if (apart)
			break;
	}
	*out = end - at;
	return E_OK;
}

static enum error count_runs(const struct damage *damage, struct db_txn *txn, uint64_t gap, size_t *out)
{
	size_t runs = 0, length;
	for (size_t at = 0; at < damage->count; at += length, runs++)
		TRY(run_length(damage, txn, at, gap, &length));
	*out = runs;
	return E_OK;
}

/* The least gap (0, 1, 3, 7, ...) with which there are few enough. */
static enum error find_gap(const struct damage *damage, struct db_txn *txn, size_t runs_max, uint64_t *out)
{
	size_t runs;
	uint64_t gap = 0;
	TRY(count_runs(damage, txn, gap, &runs));
	while (runs > runs_max && gap < UINT64_MAX / 2) {
		gap = 2 * gap + 1;
		TRY(count_runs(damage, txn, gap, &runs));
	}
	*out = gap;
	return runs <= runs_max ? E_OK : E_UNREADABLE;
}

/* ---- declaring ---- */

/* Loss entries that may still be written. A few are left for stores that are put back. */
static size_t entries_left(const struct ledger *ledger, uint32_t most)
{
	return ledger->state.losses.entries < most ? most - ledger->state.losses.entries : 0;
}

/* A month's key that is damaged takes very many events along and can be put back from a copy, so nothing is declared
 * for it without a word. */
static enum error judge_runs(struct ledger *ledger, struct damage *damage, struct db_txn *txn)
{
	size_t runs;
	qsort(damage->indexes, damage->count, sizeof *damage->indexes, compare_indexes);
	damage->gap = 0;
	if (ledger->declare_lost)
		return find_gap(damage, txn, entries_left(ledger, LOSSES_MAX - LOSSES_SPARE), &damage->gap);
	if (damage->period_unreadable > 0 || damage->count > DAMAGE_EVENTS_MAX)
		return E_UNREADABLE;
	TRY(count_runs(damage, txn, 0, &runs));
	return runs <= entries_left(ledger, LOSSES_MAX / 2) ? E_OK : E_UNREADABLE;
}

enum error damage_judge(struct ledger *ledger, struct damage *damage, struct fault *fault)
{
	OWNED_TXN txn = {0};
	if (damage->count == 0)
		return E_OK;
	enum error error = db_begin(ledger->store, false, &txn) ?: judge_runs(ledger, damage, &txn);
	if (error == E_UNREADABLE && damage->period_unreadable > 0)
		return fault_set(fault, error,
			"%zu events, the first at index %" PRIu64 ", cannot be filed, because their records do not open, %zu of "
			"them because the key of their month in keys/env "
			"is damaged; put a newest copy of keys/env back. If nothing can bring them back, run 'indsigt epoch DIR "
			"--declare-lost'",
			damage->count, damage->indexes[0], damage->period_unreadable);
	if (error == E_UNREADABLE)
		return fault_set(fault, error,
			"%zu events, the first at index %" PRIu64
			", cannot be filed, because their records do not open; that is more than is declared lost without an "
			"operator's word. If nothing can bring them back, run 'indsigt epoch DIR --declare-lost'",
			damage->count, damage->indexes[0]);
	return error;
}

/* The rows go in the same tick as the entry that says so. */
static enum error declare_run(
	struct ledger *ledger, uint64_t first, uint64_t end, uint64_t *events, struct fault *fault)
{
	bool dropped;
	struct log_finding finding;
	const struct log_bundles bundles = log_bundles_of(&ledger->tick);
	struct entry entry = {.kind = ENTRY_LOSS, .loss = {.first = first, .end = end}};
	TRY(losses_count_events(&bundles, first, end, &entry.loss.events, &finding));
	TRY(lost_rows_drop(&ledger->tick, first, end, &dropped));
	*events += entry.loss.events;
	return ledger_append_entry(ledger, &entry, fault);
}

/* Filing places are made anew from the first lost event on: each that is gone moves those behind it. */
static enum error declare_all(struct ledger *ledger, struct damage *damage, uint64_t *events, struct fault *fault)
{
	struct lost_rows rows;
	TRY(lost_rows_begin(&ledger->tick, &ledger->state.losses, damage->indexes[0], &rows));
	for (size_t at = 0, length; at < damage->count; at += length) {
		TRY(run_length(damage, &ledger->tick, at, damage->gap, &length));
		TRY(declare_run(ledger, damage->indexes[at], damage->indexes[at + length - 1] + 1, events, fault));
		damage->declared.entries++;
	}
	TRY(lost_rows_end(&ledger->tick, &ledger->state.losses, &rows));
	store_losses_put(&ledger->tick, &ledger->state.losses);
	return ledger->tick.error;
}

enum error damage_declare(struct ledger *ledger, struct damage *damage, struct fault *fault)
{
	uint64_t events = 0;
	struct fault why = {.text = ""};
	damage->declared = (struct ledger_damage){.lost = 0};
	if (damage->count == 0)
		return E_OK;
	enum error error = declare_all(ledger, damage, &events, &why);
	TRY(fault_set(
		fault, error, "what is lost cannot be declared: %s", why.text[0] != '\0' ? why.text : error_reason(error)));
	damage->declared.unreadable = damage->count;
	damage->declared.lost = events;
	return E_OK;
}

void ledger_declare_lost(struct ledger *ledger, bool said)
{
	ledger->declare_lost = said;
}

bool ledger_take_damage(struct ledger *ledger, struct ledger_damage *out)
{
	*out = ledger->damage;
	ledger->damage = (struct ledger_damage){.lost = 0};
	return out->lost > 0 || out->packs > 0 || out->filing;
}

/* ---- packs ---- */

static const struct alias none;

bool alias_is_none(const struct alias *alias)
{
	return sodium_memcmp(alias, &none, sizeof none) == 0;
}

struct mending {
	struct ledger *ledger;
	struct db_txn *txn;
	struct key_snapshot keys;
	struct record_buffer record;
	struct event event; /* large */
	struct alias_walk walk;
	uint8_t aliases[BATCH_EVENTS_MAX][32];
	uint8_t sealed[BATCH_EVENTS_MAX * 32 + SEAL_OVERHEAD];
};

/* An event that this version cannot read is not damaged: the mending ends. */
static enum error find_alias(struct mending *m, uint64_t index, uint8_t out[32])
{
	struct alias alias = none;
	struct opened opened;
	struct fault fault;
	const struct secrets *secrets = m->ledger->secrets;
	enum error error = record_find(m->txn, &m->keys, &secrets->seal, index, &m->record, &opened);
	if (error == E_OK) {
		TRY(event_decode(opened.disclosed, opened.restricted, NULL, false, &m->event, &fault));
		alias_make(&secrets->alias, event_subject(&m->event), &alias);
	} else if (!damage_judged(error)) {
		return error;
	} else if (m->keys.period_unreadable && !m->ledger->declare_lost) {
		return E_UNREADABLE;
	}
	memcpy(out, alias.b, sizeof alias.b);
	return E_OK;
}

/* The batch that begins at `first`, from its records. */
static enum error make_pack(struct mending *m, uint64_t first, const struct entry_event *event, uint64_t position)
{
	uint8_t context[ALIAS_CONTEXT_BYTES];
	uint32_t count = 0;
	for (;; count++) {
		struct entry entry;
		TRY(log_read(m->txn, first + count, &entry));
		if (entry.kind == ENTRY_BATCH)
			break;
		if (entry.kind != ENTRY_EVENT || count == BATCH_EVENTS_MAX)
			return E_CORRUPT;
		TRY(find_alias(m, first + count, m->aliases[count]));
	}
	seal_small(&m->ledger->secrets->seal.filing, DOMAIN_ALIASES,
		alias_context(event->sender, event->sequence, count, context), bytes_of(m->aliases[0], (size_t)count * 32),
		m->sealed);
	aliases_replace(m->txn, first, position, bytes_of(m->sealed, (size_t)count * 32 + SEAL_OVERHEAD));
	m->ledger->damage.packs++;
	return m->txn->error;
}

/* Whether the pack of the batch that begins at `first` is as it should be, but for whose events it says they are. */
static enum error is_whole(struct mending *m, uint64_t first, uint64_t position, bool *out)
{
	*out = false;
	TRY(alias_walk_begin(m->txn, &m->ledger->secrets->seal, first, &m->walk));
	enum error error = alias_walk_next(&m->walk);
	alias_walk_end(&m->walk);
	if (error != E_OK)
		return damage_judged(error) ? E_OK : error;
	*out = m->walk.first_index == first && m->walk.position == position;
	return E_OK;
}

/* The first batch of events that is not lost altogether: `from` stands between batches. */
static enum error mend(struct mending *m, uint64_t from, uint64_t to, uint64_t position)
{
	struct entry first, entry;
	bool whole;
	for (uint64_t index = from; index < to; index++) {
		uint64_t begin = index;
		TRY(log_read(m->txn, index, &first));
		for (entry = first; entry.kind == ENTRY_EVENT;)
			TRY(log_read(m->txn, ++index, &entry));
		if (losses_count(&m->ledger->state.losses, begin, index) == index - begin)
			continue;
		TRY(is_whole(m, begin, position, &whole));
		return whole ? E_NOT_FOUND : make_pack(m, begin, &first.event, position);
	}
	return E_NOT_FOUND;
}

/* It held plaintext and aliases. */
static void mending_free(struct mending **m)
{
	if (*m == NULL)
		return;
	key_snapshot_end(&(*m)->keys);
	record_buffer_free(&(*m)->record);
	sodium_memzero(*m, sizeof **m);
	free(*m);
}

/* In a transaction of its own and outside of any tick: a pack is derived, and making it again says nothing in the log.
 */
enum error damage_mend_pack(struct ledger *ledger, uint64_t from, uint64_t to, uint64_t position)
{
	OWNED_TXN txn = {0};
	OWNED(mending_free) struct mending *m = calloc(1, sizeof *m);
	TRY(allocated(m));
	m->ledger = ledger;
	m->txn = &txn;
	TRY(db_begin(ledger->store, true, &txn));
	TRY(key_snapshot_begin(ledger->keystore, &m->keys));
	TRY(mend(m, from, to, position));
	return db_commit(&txn);
}
