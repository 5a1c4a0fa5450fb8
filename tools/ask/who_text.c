/* Somebody who opened a case forty times a day would fill the screen and hide everybody else; so accesses of one local
 * day that differ in nothing but the time share a row, which says how many they are. The log's order is that of
 * reporting, so the rows are sorted by the time of access. What is not in the table is said in words: what is withheld
 * or lost, who is silent, and what this answer does not prove. */
#include "tools/ask/who_text.h"

#include "ledger/text/timestamp.h"
#include "tools/show/cells.h"
#include "tools/show/table.h"
#include "tools/show/who_acts.h"

#include <time.h>

#define COLUMNS CELLS

/* The accesses of one day that differ in nothing but the time. Invariant: `first` and `last` are of one local day, and
 * all of the `count` accesses lie between them. */
struct group {
	time_t first;
	time_t last;
	unsigned long long count;
	char *cells[COLUMNS]; /* [0] is made at the end */
};

/* Invariant: `items` has room for all accesses, so a place in it stays good; the newest item may still become part of
 * an older one. */
struct groups {
	size_t count;
	struct group *items;
	json_t *places; /* day and cells, to the place in `items` */
};

static void groups_release(struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		for (size_t column = 0; column < COLUMNS; column++)
			free(groups->items[i].cells[column]);
	free(groups->items);
	json_decref(groups->places);
}

/* A time that cannot be read is 1970, which nobody takes for a real one; the answer was verified, so it is not met. */
static time_t local_time(const char *text)
{
	int64_t ns = 0;
	return timestamp_parse(bytes_text(text), &ns) == E_OK ? (time_t)(ns / 1000000000) : 0;
}

static void local_text(time_t at, const char *format, char *out, size_t size)
{
	struct tm parts;
	if (localtime_r(&at, &parts) == NULL || strftime(out, size, format, &parts) == 0)
		out[0] = '\0';
}

/* A time with its distance from UTC, which is not the same all the year: "2026-07-01 14:00 +02:00". */
static void stamp(time_t at, const char *format, char *out, size_t size)
{
	char zone[8];
	local_text(at, format, out, size);
	local_text(at, "%z", zone, sizeof zone);
	size_t len = strlen(out);
	if (strlen(zone) == 5)
		snprintf(out + len, size - len, " %.3s:%s", zone, zone + 3);
}

/* ---- grouping ---- */

/* Day and cells in one text; the caller frees it. A text, because the cells are texts and JSON objects are the map at
 * hand. A newline stands in no cell's place by itself: cells that hold one still differ in the rest, or are alike. */
static char *group_key(const struct group *group)
{
	char day[16];
	char *key = NULL;
	local_text(group->first, "%F", day, sizeof day);
	const char *cells[COLUMNS];
	for (size_t i = 1; i < COLUMNS; i++)
		cells[i] = group->cells[i] ? group->cells[i] : "";
	int len = asprintf(&key, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s", day, cells[1], cells[2], cells[3], cells[4], cells[5],
		cells[6], cells[7]);
	return len < 0 ? NULL : key;
}

static void group_merge(struct group *into, const struct group *from)
{
	into->first = from->first < into->first ? from->first : into->first;
	into->last = from->last > into->last ? from->last : into->last;
	into->count += from->count;
}

/* `group` is the newest of `groups`, which has been counted already: joins it to one that is like it, if there is.
 * Joined at once, so that memory grows with rows and not with accesses. */
static bool place_group(struct groups *groups, struct group *group)
{
	char *key = group_key(group);
	if (key == NULL)
		return false;
	const json_t *place = json_object_get(groups->places, key);
	if (place) {
		group_merge(&groups->items[json_integer_value(place)], group);
		for (size_t column = 0; column < COLUMNS; column++)
			free(group->cells[column]);
		groups->count--;
	}
	bool placed = place || json_object_set_new(groups->places, key, json_integer((json_int_t)groups->count - 1)) == 0;
	free(key);
	return placed;
}

static enum error make_groups(const json_t *accesses, const struct words *words, struct groups *out)
{
	out->items = calloc(json_array_size(accesses) + 1, sizeof *out->items);
	out->places = json_object();
	TRY(allocated(out->items && out->places));
	for (size_t i = 0; i < json_array_size(accesses); i++) {
		const json_t *item = json_array_get(accesses, i);
		struct group *group = &out->items[out->count++];
		const char *time = cell_text(item, "time");
		*group = (struct group){.first = local_time(*time ? time : cell_text(item, "ledger_time")), .count = 1};
		group->last = group->first;
		if (!cells_make(item, words, group->cells) || !place_group(out, group))
			return E_NO_MEMORY;
	}
	return E_OK;
}

/* Newest access first: the log's order is that of reporting. */
static int newest_first(const void *a, const void *b)
{
	time_t left = ((const struct group *)a)->last;
	time_t right = ((const struct group *)b)->last;
	return (left < right) - (left > right);
}

/* The zone stands once, unless the clocks changed in between: then each end has its own. */
static void time_cell(const struct group *group, char *out, size_t size)
{
	char begin[48];
	char end[48];
	stamp(group->first, "%F %H:%M", begin, sizeof begin);
	stamp(group->last, "%H:%M", end, sizeof end);
	const char *zone = strrchr(begin, ' ');
	const char *end_zone = strrchr(end, ' ');
	bool same_zone = zone != NULL && end_zone != NULL && strcmp(zone, end_zone) == 0;
	if (group->count == 1)
		snprintf(out, size, "%s", begin);
	else if (strcmp(begin + strlen(begin) - strlen(end), end) == 0)
		snprintf(out, size, "%s (%llu)", begin, group->count);
	else
		snprintf(out, size, "%.*s–%s (%llu)", same_zone ? (int)(zone - begin) : (int)strlen(begin), begin, end,
			group->count);
}

/* Sorted by the last access, since that is what a person remembers. */
static enum error print_table(const struct answer *answer, const struct words *words, FILE *out)
{
	OWNED(groups_release) struct groups groups = {0};
	OWNED(table_release) struct table *table = table_new(words->headings, COLUMNS);
	TRY(make_groups(json_object_get(answer->json, "accesses"), words, &groups));
	qsort(groups.items, groups.count, sizeof *groups.items, newest_first);
	for (size_t i = 0; i < groups.count; i++) {
		char time[96];
		const char *cells[COLUMNS];
		memcpy(cells, groups.items[i].cells, sizeof cells);
		time_cell(&groups.items[i], time, sizeof time);
		cells[0] = time;
		if (table == NULL || !table_add(table, cells))
			return E_NO_MEMORY;
	}
	if (groups.count > 0) {
		table_print(table, table_terminal_width(out), out);
		putc('\n', out);
	}
	return E_OK;
}

/* ---- around the table ---- */

/* Each with the law that it is withheld by: that is the reader's right to know. */
static void print_withheld(const struct answer *answer, const struct words *words, FILE *out)
{
	const json_t *events = json_object_get(json_object_get(answer->json, "withheld"), "events");
	if (answer->withheld == 0)
		return;
	table_line(out, words->withheld, (unsigned long long)answer->withheld);
	for (size_t i = 0; i < json_array_size(events); i++) {
		char until[48];
		const json_t *event = json_array_get(events, i);
		stamp(local_time(cell_text(event, "until")), "%F %H:%M", until, sizeof until);
		table_line(out, words->withheld_until, until, cell_text(event, "basis"));
	}
}

/* Who is silent is named, because "nobody looked" means less where somebody has stopped telling. */
static void print_coverage(const struct answer *answer, const struct words *words, FILE *out)
{
	const json_t *coverage = json_object_get(answer->json, "coverage");
	const json_t *senders = json_object_get(coverage, "senders");
	unsigned long long silent = 0;
	for (size_t i = 0; i < json_array_size(senders); i++)
		silent += json_is_true(json_object_get(json_array_get(senders, i), "silent"));
	table_line(out, words->coverage, (unsigned long long)json_array_size(senders),
		(unsigned long long)json_integer_value(json_object_get(coverage, "silent_after_seconds")) / 3600, silent);
	for (size_t i = 0; i < json_array_size(senders); i++) {
		const json_t *sender = json_array_get(senders, i);
		const char *last = cell_text(sender, "last_received");
		char when[48];
		stamp(local_time(last), "%F %H:%M", when, sizeof when);
		if (json_is_true(json_object_get(sender, "silent")))
			table_line(
				out, words->silent, cell_text(sender, "name"), cell_text(sender, "org"), *last ? when : words->never);
	}
}

/* Nothing where nothing is lost. */
static void print_lost(const struct answer *answer, const struct words *words, FILE *out)
{
	const json_t *lost = json_object_get(json_object_get(answer->json, "coverage"), "lost");
	const json_t *ranges = json_object_get(lost, "ranges");
	for (size_t i = 0; i < json_array_size(ranges); i++) {
		const json_t *range = json_array_get(ranges, i);
		char from[48], to[48];
		stamp(local_time(cell_text(range, "from")), "%F %H:%M", from, sizeof from);
		stamp(local_time(cell_text(range, "to")), "%F %H:%M", to, sizeof to);
		table_line(
			out, words->lost, (unsigned long long)json_integer_value(json_object_get(range, "events")), from, to);
	}
}

/* Nothing where no witnesses are asked. */
static void print_witnessing(const struct answer *answer, const struct words *words, FILE *out)
{
	const json_t *witnessing = json_object_get(json_object_get(answer->json, "coverage"), "witnessing");
	char when[48];
	if (!json_is_object(witnessing))
		return;
	stamp(local_time(cell_text(witnessing, "time")), "%F %T", when, sizeof when);
	if (json_is_true(json_object_get(witnessing, "reached")))
		table_line(out, words->witnessed, when);
	else
		table_line(out, "%s", words->unwitnessed);
}

/* What the list proves and what not, at the place where a reader stops reading. */
static void print_ending(const struct answer *answer, const struct words *words, FILE *out)
{
	char until[48];
	char ahead[WORDS_SPAN_MAX];
	time_t complete = local_time(cell_text(answer->json, "complete_until"));
	time_t now = time(NULL);
	stamp(complete, "%F %T", until, sizeof until);
	table_line(out, words->complete, until);
	if (complete > now + WORDS_AHEAD_S) {
		words_span((uint64_t)(complete - now), ahead);
		table_line(out, words->ahead, ahead);
	}
	unsigned long long events = answer->open + answer->withheld + answer->erased;
	if (events > 0)
		table_line(out, words->verified, events, cell_text(answer->json, "origin"));
	if (!answer->signature)
		table_line(out, "%s", words->unsigned_by);
	table_line(out, "%s", words->statement);
	table_line(out, "%s", words->times);
}

static void print_filters(const struct who_filters *filters, const struct words *words, FILE *out)
{
	char from[48] = "", to[48] = "";
	if (filters->window.from[0] != '\0')
		stamp((time_t)filters->window.from_s, "%F %T", from, sizeof from);
	if (filters->window.to[0] != '\0')
		stamp((time_t)filters->window.to_s, "%F %T", to, sizeof to);
	if (*from || *to)
		table_line(out, words->window, *from ? from : words->beginning, *to ? to : words->end);
	if (filters->org)
		table_line(out, words->only_org, filters->org);
}

enum error who_text(
	const struct answer *answer, const struct who_filters *filters, const struct words *words, FILE *out)
{
	table_line(out, words->title, cell_text(answer->json, "subject"));
	print_filters(filters, words, out);
	putc('\n', out);
	TRY(print_table(answer, words, out));
	if (answer->open + answer->erased + answer->withheld == 0 && filters->all > 0)
		table_line(out, words->none_of, (unsigned long long)filters->all);
	else if (answer->open + answer->erased + answer->withheld == 0)
		table_line(out, "%s", words->nobody);
	else
		table_line(out, words->accesses, (unsigned long long)answer->open);
	bool whole = filters->org == NULL && filters->window.from[0] == '\0' && filters->window.to[0] == '\0';
	who_acts(answer, whole, words, out);
	print_withheld(answer, words, out);
	if (answer->erased > 0)
		table_line(out, words->erased, (unsigned long long)answer->erased);
	print_coverage(answer, words, out);
	print_lost(answer, words, out);
	print_witnessing(answer, words, out);
	print_ending(answer, words, out);
	return E_OK;
}
