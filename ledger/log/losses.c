/* Ranges that overlap become one:
 *
 *   before    ───[====]────[====]───
 *   new       ──────[=======]───────
 *   together  ───[==============]───   its events are counted again from the bundles
 *
 * Two counts cannot be added, because what stands in both would count twice. What cannot be read again (the error of
 * the bundles) leaves the losses as they were. A loss that is due stands among them already and was counted when it was
 * put there: its entry is compared with it, and nothing is read. */
#include "ledger/log/losses.h"

#include "ledger/base/wrong.h"

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
static enum error count_bundle(struct count *count, const struct log_bundles *bundles, uint64_t number)
{
	struct bytes content;
	uint64_t index = number * BUNDLE_ENTRIES;
	enum error error = bundles->read(bundles->context, number, &content);
	if (error != E_OK)
		return log_finding_set(
			count->finding, error, index, "the entries from here on cannot be read again: %s", error_reason(error));
	struct reader r = reader_of(content);
	for (uint32_t i = 0; i < BUNDLE_ENTRIES && index < count->end; i++, index++) {
		struct bytes encoded = reader_range16(&r, ENTRY_BYTES_MAX);
		if (r.error != E_OK)
			return log_finding_set(count->finding, E_CORRUPT, index, "the entry cannot be read again");
		count->events += index >= count->first && encoded.len > 0 && encoded.data[0] == ENTRY_EVENT;
	}
	return E_OK;
}

enum error losses_count_events(
	const struct log_bundles *bundles, uint64_t first, uint64_t end, uint64_t *out, struct log_finding *finding)
{
	struct count count = {first, end, 0, finding};
	if (bundles->read == NULL)
		return log_finding_set(finding, E_NOT_FOUND, first, "the entries of a loss cannot be read again");
	for (uint64_t number = first / BUNDLE_ENTRIES; number * BUNDLE_ENTRIES < end; number++)
		TRY(count_bundle(&count, bundles, number));
	*out = count.events;
	return E_OK;
}

/* ---- loss entries ---- */

/* Index of the first range that ends behind `index`. */
static uint32_t place_from(const struct losses *losses, uint64_t index)
{
	uint32_t low = 0;
	uint32_t high = losses->count;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (losses->ranges[middle].end <= index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Puts the range in its place; those that it reaches into become part of it. */
static enum error join(
	struct losses *losses, struct lost_range range, const struct log_bundles *bundles, struct log_finding *finding)
{
	uint64_t own = range.end - range.first;
	uint32_t at = place_from(losses, range.first);
	uint32_t behind = at;
	for (; behind < losses->count && losses->ranges[behind].first < range.end; behind++) {
		const struct lost_range *other = &losses->ranges[behind];
		range.first = other->first < range.first ? other->first : range.first;
		range.end = other->end > range.end ? other->end : range.end;
	}
	if (range.end - range.first > own)
		TRY(losses_count_events(bundles, range.first, range.end, &range.events, finding));
	memmove(&losses->ranges[at + 1], &losses->ranges[behind], (losses->count - behind) * sizeof range);
	losses->ranges[at] = range;
	losses->count += 1 + at - behind;
	return E_OK;
}

enum error losses_take(struct losses *losses, const struct entry_loss *entry, uint64_t index,
	const struct log_bundles *bundles, struct log_finding *finding)
{
	uint64_t events;
	struct lost_range range = {entry->first, entry->end, index, entry->events};
	const struct lost_range *due = losses_newest(losses);
	if (due != NULL && due->entry == index) /* counted when it was put down */
		return due->first == entry->first && due->end == entry->end && due->events == entry->events
				   ? E_OK
				   : log_finding_set(finding, E_CORRUPT, index, "the loss entry is not the one that is due");
	if (losses->entries >= LOSSES_MAX)
		return log_finding_set(
			finding, E_CORRUPT, index, "a log has at most %u loss entries, and this is one more", LOSSES_MAX);
	if (entry->first == 0 || entry->end <= entry->first || WRONG(entry->end > index))
		return log_finding_set(finding, E_CORRUPT, index, "the loss is not about entries before it");
	TRY(losses_count_events(bundles, entry->first, entry->end, &events, finding));
	if (WRONG(events != entry->events))
		return log_finding_set(finding, E_CORRUPT, index,
			"the loss entry says that %" PRIu64 " events are lost, and it covers %" PRIu64, entry->events, events);
	TRY(join(losses, range, bundles, finding));
	losses->entries++;
	return E_OK;
}

/* ---- questions ---- */

const struct lost_range *losses_from(const struct losses *losses, uint64_t index)
{
	uint32_t at = place_from(losses, index);
	return at < losses->count ? &losses->ranges[at] : NULL;
}

const struct lost_range *losses_among(const struct losses *losses, uint64_t first, uint64_t end)
{
	const struct lost_range *range = losses_from(losses, first);
	return range != NULL && range->first < end ? range : NULL;
}

uint64_t losses_count(const struct losses *losses, uint64_t first, uint64_t end)
{
	uint64_t count = 0;
	for (uint32_t i = place_from(losses, first); i < losses->count && losses->ranges[i].first < end; i++) {
		const struct lost_range *range = &losses->ranges[i];
		count += (range->end < end ? range->end : end) - (range->first > first ? range->first : first);
	}
	return count;
}

bool losses_cover(const struct losses *losses, uint64_t index)
{
	return losses_among(losses, index, index + 1) != NULL;
}

bool losses_hide_epoch(const struct losses *losses, uint64_t index, uint64_t size)
{
	for (uint32_t i = 0; i < losses->count && losses->ranges[i].first < size; i++)
		if (losses->ranges[i].events > 0 && index < losses->ranges[i].entry)
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

const struct lost_range *losses_newest(const struct losses *losses)
{
	const struct lost_range *newest = NULL;
	for (uint32_t i = 0; i < losses->count; i++)
		if (newest == NULL || losses->ranges[i].entry > newest->entry)
			newest = &losses->ranges[i];
	return newest;
}

static bool same_range(const struct lost_range *a, const struct lost_range *b)
{
	return a->first == b->first && a->end == b->end && a->entry == b->entry && a->events == b->events;
}

bool losses_equal(const struct losses *a, const struct losses *b)
{
	if (a->entries != b->entries || a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (!same_range(&a->ranges[i], &b->ranges[i]))
			return false;
	return true;
}

/* ---- writing down ---- */

#define RANGE_FIELDS(F) F(U64, first) F(U64, end) F(U64, entry) F(U64, events)

void losses_encode(const struct losses *losses, struct writer *out)
{
	writer_u32(out, losses->entries);
	writer_u32(out, losses->count);
	for (uint32_t i = 0; i < losses->count; i++) {
		const struct lost_range *record = &losses->ranges[i];
		RANGE_FIELDS(FIELD_WRITE);
	}
}

void losses_decode(struct reader *in, struct losses *out)
{
	struct losses losses = {.entries = reader_u32(in), .count = reader_u32(in)};
	if (losses.entries > LOSSES_MAX || losses.count > losses.entries || (losses.entries > 0) != (losses.count > 0))
		reader_fail(in, E_BAD_VALUE);
	for (uint32_t i = 0; i < losses.count && in->error == E_OK; i++) {
		struct lost_range *record = &losses.ranges[i];
		RANGE_FIELDS(FIELD_READ);
		if (record->first == 0 || record->first >= record->end || record->entry < record->end ||
			record->events > record->end - record->first || (i > 0 && record->first < losses.ranges[i - 1].end))
			reader_fail(in, E_BAD_VALUE);
	}
	if (in->error == E_OK)
		*out = losses;
}
