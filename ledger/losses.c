#include "ledger/losses.h"

#include "ledger/wrong.h"

#include <inttypes.h>

#define BUNDLE_ENTRIES 256u

/* ---- counting ---- */

struct count {
	uint64_t first;
	uint64_t end;
	uint64_t events;
	struct log_finding *finding;
};

/* Its kind is all that is asked of an entry that was read before. */
static enum error count_entry(struct count *count, uint64_t index, struct bytes encoded)
{
	uint8_t kind = encoded.len > 0 ? encoded.data[0] : ENTRY_GENESIS;
	if (WRONG(index + 1 == count->first && (kind == ENTRY_EVENT || kind == ENTRY_MASS)))
		return log_finding_set(
			count->finding, E_CORRUPT, index, "a loss begins at index %" PRIu64 ", inside a batch", count->first);
	if (index >= count->first && kind == ENTRY_EVENT)
		count->events++;
	return E_OK;
}

static enum error count_bundle(struct count *count, const struct log_bundles *bundles, uint64_t number)
{
	struct bytes content;
	uint64_t index = number * BUNDLE_ENTRIES;
	enum error error = bundles->read(bundles->context, number, &content);
	if (error != E_OK)
		return log_finding_set(
			count->finding, error, index, "the entries from here on cannot be read again: %s", error_text(error));
	struct reader r = reader_of(content);
	for (uint32_t i = 0; i < BUNDLE_ENTRIES && index < count->end; i++, index++) {
		struct bytes encoded = reader_range16(&r, ENTRY_BYTES_MAX);
		if (r.error != E_OK)
			return log_finding_set(count->finding, E_CORRUPT, index, "the entry cannot be read again");
		TRY(count_entry(count, index, encoded));
	}
	return E_OK;
}

enum error losses_count_events(
	const struct log_bundles *bundles, uint64_t first, uint64_t end, uint64_t *out, struct log_finding *finding)
{
	struct count count = {first, end, 0, finding};
	if (bundles->read == NULL)
		return log_finding_set(finding, E_NOT_FOUND, first, "the entries of a loss cannot be read again");
	for (uint64_t number = (first - 1) / BUNDLE_ENTRIES; number * BUNDLE_ENTRIES < end; number++)
		TRY(count_bundle(&count, bundles, number));
	*out = count.events;
	return E_OK;
}

/* ---- loss entries ---- */

/* The earlier ranges that the new one reaches back into become part of it. */
static enum error join(
	struct losses *losses, struct lost_range *range, const struct log_bundles *bundles, struct log_finding *finding)
{
	uint64_t events, own_first = range->first;
	while (losses->count > 0 && losses->ranges[losses->count - 1].end > own_first) {
		if (losses->ranges[losses->count - 1].first < range->first)
			range->first = losses->ranges[losses->count - 1].first;
		losses->count--;
	}
	if (range->first == own_first)
		return E_OK;
	TRY(losses_count_events(bundles, range->first, own_first, &events, finding));
	range->events += events;
	return E_OK;
}

enum error losses_take(struct losses *losses, const struct entry_loss *entry, uint64_t index,
	const struct log_bundles *bundles, struct log_finding *finding)
{
	uint64_t events;
	struct lost_range range = {entry->first, index, entry->events};
	if (losses->entries == LOSSES_MAX)
		return log_finding_set(
			finding, E_CORRUPT, index, "a log has at most %u loss entries, and this is one more", LOSSES_MAX);
	if (entry->first == 0 || WRONG(entry->first >= index))
		return log_finding_set(finding, E_CORRUPT, index, "the loss is not about entries before it");
	TRY(losses_count_events(bundles, entry->first, index, &events, finding));
	if (WRONG(events != entry->events))
		return log_finding_set(finding, E_CORRUPT, index,
			"the loss entry says that %" PRIu64 " events are lost, and it covers %" PRIu64, entry->events, events);
	struct losses after = *losses;
	TRY(join(&after, &range, bundles, finding));
	after.ranges[after.count++] = range;
	after.entries++;
	*losses = after;
	return E_OK;
}

/* ---- questions ---- */

uint64_t losses_entry(const struct losses *losses, uint64_t index)
{
	for (uint32_t i = 0; i < losses->count; i++)
		if (index >= losses->ranges[i].first && index < losses->ranges[i].end)
			return losses->ranges[i].end;
	return 0;
}

bool losses_cover(const struct losses *losses, uint64_t index)
{
	return losses_entry(losses, index) > 0;
}

bool losses_hide_epoch(const struct losses *losses, uint64_t index, uint64_t size)
{
	for (uint32_t i = 0; i < losses->count; i++)
		if (losses->ranges[i].events > 0 && index < losses->ranges[i].end && size > losses->ranges[i].first)
			return true;
	return false;
}

uint64_t losses_events(const struct losses *losses)
{
	uint64_t events = 0;
	for (uint32_t i = 0; i < losses->count; i++)
		events += losses->ranges[i].events;
	return events;
}

uint64_t losses_end(const struct losses *losses)
{
	return losses->count > 0 ? losses->ranges[losses->count - 1].end : 0;
}

bool losses_equal(const struct losses *a, const struct losses *b)
{
	if (a->entries != b->entries || a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (a->ranges[i].first != b->ranges[i].first || a->ranges[i].end != b->ranges[i].end ||
			a->ranges[i].events != b->ranges[i].events)
			return false;
	return true;
}

/* ---- writing down ---- */

void losses_encode(const struct losses *losses, struct writer *out)
{
	writer_u32(out, losses->entries);
	writer_u32(out, losses->count);
	for (uint32_t i = 0; i < losses->count; i++) {
		writer_u64(out, losses->ranges[i].first);
		writer_u64(out, losses->ranges[i].end);
		writer_u64(out, losses->ranges[i].events);
	}
}

void losses_decode(struct reader *in, struct losses *out)
{
	struct losses losses = {.entries = reader_u32(in), .count = reader_u32(in)};
	if (losses.entries > LOSSES_MAX || losses.count > losses.entries || (losses.entries > 0) != (losses.count > 0))
		reader_fail(in, E_BAD_VALUE);
	for (uint32_t i = 0; i < losses.count && in->error == E_OK; i++) {
		struct lost_range *range = &losses.ranges[i];
		range->first = reader_u64(in);
		range->end = reader_u64(in);
		range->events = reader_u64(in);
		if (range->first == 0 || range->first >= range->end || range->events > range->end - range->first ||
			(i > 0 && range->first < losses.ranges[i - 1].end))
			reader_fail(in, E_BAD_VALUE);
	}
	if (in->error == E_OK)
		*out = losses;
}
