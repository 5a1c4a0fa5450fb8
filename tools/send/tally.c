/* A day that is over seven days back makes way for the one that has its place. What is told is summed up from the days
 * that are left, so counts and file agree whenever they are looked at. */
#include "tools/send/tally.h"

#include "ingest/message/identifier.h"
#include "ledger/base/clock.h"
#include "ledger/base/file.h"
#include "ledger/event/event_schema.h"
#include "ledger/json/json_read.h"
#include "ledger/mandate/free_texts.h"
#include "ledger/subject/subject_in_text.h"
#include "ledger/text/timestamp.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DAY_S 86400u
#define DIGITS_TOLD_MAX 5u

static const char *const names[] = {
#define X(code, name) [code] = (name),
	TALLY_COUNT_LIST(X)
#undef X
};

/* ---- days ---- */

static bool is_kept(uint64_t day, uint64_t now_s)
{
	return day <= now_s / DAY_S && now_s / DAY_S - day < TALLY_DAYS;
}

/* The place of a day; what was there of another is forgotten. */
static struct tally_day *day_of(struct tally *tally, uint64_t day)
{
	struct tally_day *place = &tally->days[day % TALLY_DAYS];
	if (place->day == day)
		return place;
	*place = (struct tally_day){.day = day};
	for (size_t i = 0; i < tally->reason_count; i++)
		tally->reasons[i].counts[day % TALLY_DAYS] = 0;
	return place;
}

static uint64_t sum(const struct tally *tally, enum tally_count count, uint64_t now_s)
{
	uint64_t all = 0;
	for (size_t i = 0; i < TALLY_DAYS; i++)
		all += is_kept(tally->days[i].day, now_s) ? tally->days[i].counts[count] : 0;
	return all;
}

static uint64_t sum_of_field(const struct tally *tally, unsigned field, uint64_t now_s)
{
	uint64_t all = 0;
	for (size_t i = 0; i < TALLY_DAYS; i++)
		all += is_kept(tally->days[i].day, now_s) ? tally->days[i].fields[field] : 0;
	return all;
}

static uint64_t sum_of_reason(const struct tally *tally, const struct tally_reason *reason, uint64_t now_s)
{
	uint64_t all = 0;
	for (size_t i = 0; i < TALLY_DAYS; i++)
		all += is_kept(tally->days[i].day, now_s) ? reason->counts[i] : 0;
	return all;
}

/* ---- counting ---- */

static void add(struct tally *tally, enum tally_count count, uint64_t now_s)
{
	day_of(tally, now_s / DAY_S)->counts[count]++;
	tally->changed = true;
}

static void look_at(struct tally *tally, const struct event *event, const struct policy *policy,
	const struct source *source, uint64_t now_s)
{
	unsigned how;
	struct bytes purpose = event->present >> EVENT_PURPOSE & 1 ? event->values[EVENT_PURPOSE].text : BYTES_EMPTY;
	uint64_t fields = free_texts_with_numbers(event, source, &how);
	add(tally, TALLY_EVENTS, now_s);
	if (purpose.len == 0 || bytes_equal(purpose, EVENT_TEXT_UNSPECIFIED))
		add(tally, TALLY_MISSING, now_s);
	else if (policy != NULL && bytes_equal(purpose, bytes_text(policy->purpose)))
		add(tally, TALLY_USUAL, now_s);
	if (fields != 0)
		add(tally, TALLY_NUMBERS, now_s);
	if (how & IN_TEXT_OWN)
		add(tally, TALLY_OWN, now_s);
	if (how & IN_TEXT_CHECKED)
		add(tally, TALLY_CHECKED, now_s);
	for (; fields != 0; fields &= fields - 1)
		day_of(tally, now_s / DAY_S)->fields[__builtin_ctzll(fields)]++;
}

void tally_taken(struct tally *tally, const struct event *events, size_t count, const struct policy *policy,
	const struct source *source, uint64_t now_s)
{
	add(tally, TALLY_TAKEN, now_s);
	for (size_t i = 0; i < count; i++)
		look_at(tally, &events[i], policy, source, now_s);
}

void tally_again(struct tally *tally, uint64_t now_s)
{
	add(tally, TALLY_AGAIN, now_s);
}

/* ---- reasons ---- */

/* Where it stood in the message, and how long it was, make no other reason of it. */
static bool says_where(const char *reason, size_t at, size_t run)
{
	static const char *const before[] = {"line ", "column ", "byte ", "number ", "entry ", " of ", "["};
	static const char *const behind[] = {" bytes, the limit is ", " elements, must be "};
	for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++)
		if (strncmp(reason + at + run, behind[i], strlen(behind[i])) == 0)
			return true;
	for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
		size_t len = strlen(before[i]);
		if (at >= len && memcmp(reason + at - len, before[i], len) == 0)
			return true;
	}
	return false;
}

/* An example is this program's own: a value stands in quotes. */
static bool is_example(const char *reason, size_t at)
{
	static const char before[] = "such as ";
	return at >= strlen(before) && memcmp(reason + at - strlen(before), before, strlen(before)) == 0;
}

/* Of digits and hyphens at the beginning of `text`: how long, and how many digits. */
static size_t run_of(const char *text, size_t *digits)
{
	size_t len = strspn(text, "0123456789-");
	*digits = 0;
	for (size_t i = 0; i < len; i++)
		*digits += text[i] != '-';
	return len;
}

/* What stands in quotes may be a value of the message's, with quotes of its own: from the first one to the last. */
static size_t quoted(const char *text)
{
	const char *last = strrchr(text, '"');
	return text[0] != '"' ? 0 : last == text ? strlen(text) : (size_t)(last - text) + 1;
}

static void make_reason(const char *reason, char out[FAULT_TEXT_MAX + 1])
{
	size_t len = 0, digits;
	for (size_t at = 0; reason[at] != '\0' && len < FAULT_TEXT_MAX;) {
		size_t value = quoted(reason + at);
		if (value > 0)
			out[len++] = '#';
		at += value;
		if (value > 0)
			continue;
		size_t run = run_of(reason + at, &digits);
		bool hidden =
			(digits > DIGITS_TOLD_MAX && !is_example(reason, at)) || (digits > 0 && says_where(reason, at, run));
		run = run > 0 ? run : 1;
		size_t told = hidden ? 1 : run < FAULT_TEXT_MAX - len ? run : FAULT_TEXT_MAX - len;
		memcpy(out + len, hidden ? "#" : reason + at, told);
		len += told;
		at += run;
	}
	out[len] = '\0';
}

/* One that nothing is counted of any more makes place. NULL: there are too many. */
static struct tally_reason *reason_of(struct tally *tally, enum error error, const char *reason, uint64_t now_s)
{
	struct tally_reason *free = NULL;
	for (size_t i = 0; i < tally->reason_count; i++) {
		struct tally_reason *row = &tally->reasons[i];
		if (row->error == error && strcmp(row->reason, reason) == 0)
			return row;
		if (free == NULL && sum_of_reason(tally, row, now_s) == 0)
			free = row;
	}
	if (free == NULL && tally->reason_count < TALLY_REASONS_MAX)
		free = &tally->reasons[tally->reason_count++];
	if (free != NULL) {
		*free = (struct tally_reason){.error = error};
		strcpy(free->reason, reason);
	}
	return free;
}

void tally_refused(struct tally *tally, enum error error, const char *reason, uint64_t now_s)
{
	char told[FAULT_TEXT_MAX + 1];
	/* What a field is called that is none comes from outside, and may be anything. */
	make_reason(error == E_UNKNOWN_FIELD ? error_text(error) : reason, told);
	add(tally, TALLY_REFUSED, now_s);
	struct tally_reason *row = reason_of(tally, error, told, now_s);
	if (row == NULL) {
		add(tally, TALLY_OTHERWISE, now_s);
		return;
	}
	row->counts[now_s / DAY_S % TALLY_DAYS]++;
	row->last_s = now_s;
}

/* ---- the file ---- */

static int put(json_t *json, const char *name, uint64_t number)
{
	return number > 0 ? json_object_set_new(json, name, json_integer((json_int_t)number)) : 0;
}

static json_t *day_to_json(const struct tally_day *day)
{
	json_t *json = json_pack("{s:I}", "day", (json_int_t)day->day);
	json_t *fields = json_object();
	int failed = json == NULL;
	for (size_t i = 0; i < TALLY_COUNTS; i++)
		failed |= put(json, names[i], day->counts[i]);
	for (unsigned field = 1; field <= EVENT_FIELD_LAST; field++)
		failed |= put(fields, event_field(field)->path, day->fields[field]);
	failed |= json_object_set_new(json, "fields", fields);
	if (failed) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static json_t *days_to_json(const struct tally *tally, uint64_t now_s)
{
	json_t *days = json_array();
	for (size_t i = 0; i < TALLY_DAYS; i++)
		if (is_kept(tally->days[i].day, now_s) && json_array_append_new(days, day_to_json(&tally->days[i])) != 0) {
			json_decref(days);
			return NULL;
		}
	return days;
}

/* Those of which something is counted, each as `form` has it. NULL, and nothing, unless all of them could be made. */
static json_t *reasons_to_json(const struct tally *tally, uint64_t now_s,
	json_t *(*form)(const struct tally *tally, const struct tally_reason *reason, uint64_t now_s))
{
	json_t *reasons = json_array();
	for (size_t i = 0; i < tally->reason_count; i++)
		if (sum_of_reason(tally, &tally->reasons[i], now_s) > 0 &&
			json_array_append_new(reasons, form(tally, &tally->reasons[i], now_s)) != 0) {
			json_decref(reasons);
			return NULL;
		}
	return reasons;
}

/* By the number of the day. */
static json_t *reason_to_json(const struct tally *tally, const struct tally_reason *reason, uint64_t now_s)
{
	char name[24];
	json_t *days = json_object();
	int failed = days == NULL;
	for (size_t i = 0; i < TALLY_DAYS; i++) {
		snprintf(name, sizeof name, "%" PRIu64, tally->days[i].day);
		failed |= is_kept(tally->days[i].day, now_s) ? put(days, name, reason->counts[i]) : 0;
	}
	if (failed) {
		json_decref(days);
		return NULL;
	}
	return json_pack("{s:s, s:s, s:I, s:o}", "error", error_name(reason->error), "reason", reason->reason, "last",
		(json_int_t)reason->last_s, "days", days);
}

static json_t *file_to_json(const struct tally *tally, uint64_t now_s)
{
	return json_pack("{s:s, s:I, s:o, s:o}", "origin", tally->origin, "sender", (json_int_t)tally->sender, "days",
		days_to_json(tally, now_s), "reasons", reasons_to_json(tally, now_s, reason_to_json));
}

void tally_look(struct tally *tally, const char *spool, uint64_t now_s, bool now)
{
	uint64_t now_ms = clock_ms();
	if (!tally->changed || (!now && now_ms - tally->written_ms < TALLY_MS))
		return;
	tally->written_ms = now_ms;
	json_auto_t *json = file_to_json(tally, now_s);
	OWNED_MEMORY char *text = json_write(json, JSON_INDENT(1));
	OWNED_FD dir_fd = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (text != NULL && dir_fd >= 0 && file_write_atomic(dir_fd, TALLY_FILE, bytes_text(text), 0600) == E_OK)
		tally->changed = false;
}

static uint64_t number_at(const json_t *json, const char *name)
{
	json_int_t number = json_integer_value(json_object_get(json, name));
	return number > 0 ? (uint64_t)number : 0;
}

static void read_day(const json_t *json, uint64_t now_s, struct tally *out)
{
	uint64_t day = number_at(json, "day");
	const json_t *fields = json_object_get(json, "fields");
	if (!is_kept(day, now_s))
		return;
	struct tally_day *place = day_of(out, day);
	for (size_t i = 0; i < TALLY_COUNTS; i++)
		place->counts[i] = number_at(json, names[i]);
	for (unsigned field = 1; field <= EVENT_FIELD_LAST; field++)
		place->fields[field] = number_at(fields, event_field(field)->path);
}

static void read_reason(const json_t *json, uint64_t now_s, struct tally *out)
{
	const char *reason = json_string_value(json_object_get(json, "reason"));
	const char *error = json_string_value(json_object_get(json, "error"));
	const json_t *days = json_object_get(json, "days");
	char name[24], told[FAULT_TEXT_MAX + 1];
	if (reason == NULL || error == NULL || out->reason_count == TALLY_REASONS_MAX)
		return;
	make_reason(reason, told);
	struct tally_reason *row = &out->reasons[out->reason_count++];
	*row = (struct tally_reason){.error = error_named(error), .last_s = number_at(json, "last")};
	strcpy(row->reason, told);
	for (uint64_t back = 0; back < TALLY_DAYS && back <= now_s / DAY_S; back++) {
		uint64_t day = now_s / DAY_S - back;
		snprintf(name, sizeof name, "%" PRIu64, day);
		row->counts[day % TALLY_DAYS] = number_at(days, name);
	}
}

static enum error read_json(const json_t *json, uint64_t now_s, struct tally *out)
{
	const char *origin = json_string_value(json_object_get(json, "origin"));
	const json_t *item;
	size_t at;
	if (origin == NULL || strlen(origin) > ORIGIN_BYTES_MAX || number_at(json, "sender") == 0)
		return E_BAD_JSON;
	strcpy(out->origin, origin);
	out->sender = (uint32_t)number_at(json, "sender");
	json_array_foreach(json_object_get(json, "days"), at, item) read_day(item, now_s, out);
	json_array_foreach(json_object_get(json, "reasons"), at, item) read_reason(item, now_s, out);
	return E_OK;
}

static bool is_folder(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

enum error tally_read(const char *spool, uint64_t now_s, struct tally *out, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	OWNED_MEMORY uint8_t *text = NULL;
	json_auto_t *json = NULL;
	size_t len;
	*out = (struct tally){.sender = 0};
	if (is_folder(spool))
		TRY(fault_set(fault, file_path(spool, TALLY_FILE, path), ""));
	else if (snprintf(path, sizeof path, "%s", spool) >= (int)sizeof path)
		return fault_set(fault, E_TOO_LONG, "");
	TRY(fault_because(fault, file_read_all(AT_FDCWD, path, TALLY_FILE_BYTES_MAX, &text, &len), "'%s'", path));
	enum error error = json_read(bytes_of(text, len), JSON_REJECT_DUPLICATES, NULL, &json);
	if (error == E_OK)
		error = read_json(json, now_s, out);
	return fault_set(fault, error, "'%s' is no file of a sender's counts (quality.json in its spool)", path);
}

void tally_open(struct tally *tally, const char *spool, const char *origin, uint32_t sender, uint64_t now_s)
{
	struct fault fault;
	if (tally_read(spool, now_s, tally, &fault) != E_OK || tally->sender != sender ||
		strcmp(tally->origin, origin) != 0)
		*tally = (struct tally){.sender = sender, .changed = true}; /* the file is another's, damaged or not there */
	snprintf(tally->origin, sizeof tally->origin, "%s", origin);
}

/* ---- what is told ---- */

static json_t *refused_to_json(const struct tally *tally, const struct tally_reason *reason, uint64_t now_s)
{
	char last[TIMESTAMP_TEXT_MAX], name[IDENTIFIER_NAMESPACE_MAX + 1];
	timestamp_format_s(reason->last_s, last);
	bool unmapped = identifier_unmapped(reason->reason, name);
	return json_pack("{s:s, s:s, s:s*, s:I, s:s}", "error", error_name(reason->error), "reason", reason->reason,
		"namespace", unmapped ? name : NULL, "count", (json_int_t)sum_of_reason(tally, reason, now_s), "last", last);
}

static json_t *numbers_to_json(const struct tally *tally, uint64_t now_s)
{
	json_t *fields = json_object();
	int failed = fields == NULL;
	for (unsigned field = 1; field <= EVENT_FIELD_LAST; field++)
		failed |= put(fields, event_field(field)->path, sum_of_field(tally, field, now_s));
	if (failed) {
		json_decref(fields);
		return NULL;
	}
	return json_pack("{s:I, s:I, s:I, s:o}", "events", (json_int_t)sum(tally, TALLY_NUMBERS, now_s), "own",
		(json_int_t)sum(tally, TALLY_OWN, now_s), "checked", (json_int_t)sum(tally, TALLY_CHECKED, now_s), "fields",
		fields);
}

json_t *tally_to_json(const struct tally *tally, uint64_t now_s)
{
	char now[TIMESTAMP_TEXT_MAX], since[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(now_s, now);
	timestamp_format_s((now_s / DAY_S - (TALLY_DAYS - 1)) * DAY_S, since);
	return json_pack("{s:s, s:I, s:s, s:s, s:{s:I, s:I, s:I}, s:I, s:I, s:I, s:o, s:o, s:I}", "origin", tally->origin,
		"sender", (json_int_t)tally->sender, "time", now, "since", since, "messages", "taken",
		(json_int_t)sum(tally, TALLY_TAKEN, now_s), "again", (json_int_t)sum(tally, TALLY_AGAIN, now_s), "refused",
		(json_int_t)sum(tally, TALLY_REFUSED, now_s), "events", (json_int_t)sum(tally, TALLY_EVENTS, now_s),
		"purpose_missing", (json_int_t)sum(tally, TALLY_MISSING, now_s), "purpose_usual",
		(json_int_t)sum(tally, TALLY_USUAL, now_s), "numbers_in_texts", numbers_to_json(tally, now_s), "refused",
		reasons_to_json(tally, now_s, refused_to_json), "refused_otherwise",
		(json_int_t)sum(tally, TALLY_OTHERWISE, now_s));
}

static void show(FILE *out, const char *name, const char *help, uint64_t number)
{
	fprintf(out, "# HELP indsigt_gateway_%s %s\n# TYPE indsigt_gateway_%s gauge\nindsigt_gateway_%s %" PRIu64 "\n",
		name, help, name, name, number);
}

/* By error alone: reasons are many, and texts. */
static void show_refused(const struct tally *tally, uint64_t now_s, FILE *out)
{
	uint64_t counts[128] = {0};
	for (size_t i = 0; i < tally->reason_count; i++)
		if ((unsigned)tally->reasons[i].error < 128)
			counts[tally->reasons[i].error] += sum_of_reason(tally, &tally->reasons[i], now_s);
	fputs("# HELP indsigt_gateway_refused messages refused in the last days, by error\n"
		  "# TYPE indsigt_gateway_refused gauge\n",
		out);
	for (unsigned i = 0; i < 128; i++)
		if (counts[i] > 0)
			fprintf(out, "indsigt_gateway_refused{error=\"%s\"} %" PRIu64 "\n", error_name((enum error)i), counts[i]);
	fprintf(out, "indsigt_gateway_refused{error=\"otherwise\"} %" PRIu64 "\n", sum(tally, TALLY_OTHERWISE, now_s));
}

static uint64_t unmapped(const struct tally *tally, uint64_t now_s)
{
	uint64_t all = 0;
	for (size_t i = 0; i < tally->reason_count; i++) {
		char name[IDENTIFIER_NAMESPACE_MAX + 1];
		if (identifier_unmapped(tally->reasons[i].reason, name))
			all += sum_of_reason(tally, &tally->reasons[i], now_s);
	}
	return all;
}

void tally_metrics(const struct tally *tally, uint64_t now_s, FILE *out)
{
	show(out, "taken", "messages taken in the last days", sum(tally, TALLY_TAKEN, now_s));
	show(out, "again", "messages that came again", sum(tally, TALLY_AGAIN, now_s));
	show(out, "unmapped", "messages refused for a namespace that nothing maps", unmapped(tally, now_s));
	show(out, "events", "events of the messages taken", sum(tally, TALLY_EVENTS, now_s));
	show(out, "purpose_missing", "of these without a purpose", sum(tally, TALLY_MISSING, now_s));
	show(out, "purpose_usual", "of these with the registration's purpose", sum(tally, TALLY_USUAL, now_s));
	show(out, "numbers_in_texts", "of these with a person's number in a free text", sum(tally, TALLY_NUMBERS, now_s));
	show_refused(tally, now_s, out);
}
