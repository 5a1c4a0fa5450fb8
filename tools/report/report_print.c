/* Formats are the words' own, with the same arguments in both languages (report_words.h). */
#include "tools/report/report_print.h"

#include "tools/show/table.h"
#include "tools/show/words.h"

#include <inttypes.h>

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

#define CELL_MAX 128

static json_int_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));
	return value != NULL ? value : "";
}

/* ---- the ledger's side ---- */

static void say_silence(const json_t *sender, const struct report_words *words, char out[CELL_MAX])
{
	const json_t *rhythm = json_object_get(sender, "rhythm");
	if (strcmp(text(sender, "status"), "active") != 0)
		snprintf(out, CELL_MAX, "%s", words->revoked);
	else if (json_is_true(json_object_get(rhythm, "silent")))
		snprintf(out, CELL_MAX, words->silent, text(rhythm, "silent_from"));
	else
		snprintf(
			out, CELL_MAX, "%s", json_is_null(json_object_get(rhythm, "silent_from")) ? words->early : words->usual);
}

static void say_numbers(const json_t *numbers, const struct report_words *words, char out[CELL_MAX])
{
	snprintf(
		out, CELL_MAX, words->numbers, number(numbers, "events"), number(numbers, "own"), number(numbers, "checked"));
}

static void say_span(json_int_t seconds, char out[WORDS_SPAN_MAX + 1])
{
	out[0] = '-';
	words_span((uint64_t)(seconds < 0 ? -seconds : seconds), out + (seconds < 0));
}

static void say_lags(const json_t *lag, const struct report_words *words, char out[3 * CELL_MAX])
{
	char half[WORDS_SPAN_MAX + 1], most[WORDS_SPAN_MAX + 1], longest[WORDS_SPAN_MAX + 1];
	out[0] = '\0';
	if (!json_is_object(lag))
		return;
	say_span(number(lag, "p50_s"), half);
	say_span(number(lag, "p99_s"), most);
	say_span(number(lag, "max_s"), longest);
	snprintf(out, 3 * CELL_MAX, words->lags, half, most, longest);
}

static void say_refused(const json_t *refused, char out[3 * CELL_MAX])
{
	const char *error;
	json_t *count;
	size_t len = 0;
	out[0] = '\0';
	json_object_foreach((json_t *)(uintptr_t)refused, error, count) if (len < 3 * CELL_MAX) len +=
		(size_t)snprintf(out + len, 3 * CELL_MAX - len, "%s%" JSON_INTEGER_FORMAT " %s", len > 0 ? ", " : "",
			json_integer_value(count), error);
}

static void say_count(json_int_t count, char out[CELL_MAX])
{
	snprintf(out, CELL_MAX, "%" JSON_INTEGER_FORMAT, count);
}

static bool add_sender(struct table *table, const json_t *sender, const struct report_words *words)
{
	char id[CELL_MAX], silence[CELL_MAX], events[CELL_MAX], missing[CELL_MAX], usual[CELL_MAX], numbers[CELL_MAX];
	char lags[3 * CELL_MAX], refused[3 * CELL_MAX];
	const json_t *purpose = json_object_get(sender, "purpose");
	const char *last = text(sender, "last_received");
	say_count(number(sender, "id"), id);
	say_silence(sender, words, silence);
	say_count(number(sender, "events"), events);
	say_count(number(purpose, "missing"), missing);
	say_count(number(purpose, "usual"), usual);
	say_numbers(json_object_get(sender, "numbers_in_texts"), words, numbers);
	say_lags(json_object_get(sender, "lag"), words, lags);
	say_refused(json_object_get(sender, "refused_batches"), refused);
	const char *const cells[REPORT_COLUMNS] = {id, text(sender, "org"), text(sender, "name"),
		last[0] != '\0' ? last : words->never, silence, events, missing, usual, numbers, lags, refused};
	return table_add(table, cells);
}

static void print_fields(const json_t *numbers, json_int_t id, const struct report_words *words)
{
	const char *field;
	json_t *count;
	json_object_foreach(json_object_get(numbers, "fields"), field, count)
		table_line(stdout, words->in_fields, id, field, json_integer_value(count));
}

/* Zeros that would say more than was seen. */
static void print_unseen(const json_t *sender, const struct report_words *words)
{
	json_int_t id = number(sender, "id"), unreadable = number(sender, "unreadable");
	json_int_t unseen = number(sender, "looked_at") - unreadable - number(json_object_get(sender, "purpose"), "seen");
	if (unseen > 0)
		table_line(stdout, words->unseen, id, unseen);
	if (unreadable > 0)
		table_line(stdout, words->unreadable, id, unreadable);
}

/* What a row has no room for. */
static void print_notes(const json_t *senders, const struct report_words *words)
{
	const json_t *sender;
	size_t at;
	bool any = false;
	json_array_foreach(senders, at, sender)
	{
		const json_t *numbers = json_object_get(sender, "numbers_in_texts");
		if (number(sender, "looked_at") < number(sender, "events"))
			table_line(
				stdout, words->sampled, number(sender, "id"), number(sender, "looked_at"), number(sender, "events"));
		print_unseen(sender, words);
		print_fields(numbers, number(sender, "id"), words);
		any |= number(numbers, "checked") > 0;
	}
	if (any)
		table_line(stdout, "%s", words->check_hint);
}

enum error report_print_ledger(const json_t *ledger, const struct report_words *words)
{
	const json_t *senders = json_object_get(ledger, "senders"), *sender;
	size_t at;
	OWNED(table_release) struct table *table = table_new(words->headings, REPORT_COLUMNS);
	TRY(allocated(table));
	json_array_foreach(senders, at, sender) TRY(allocated(add_sender(table, sender, words)));
	table_line(stdout, words->ledger_side, text(ledger, "since"), text(ledger, "origin"));
	table_print(table, table_terminal_width(stdout), stdout);
	print_notes(senders, words);
	return E_OK;
}

/* ---- the sender's side ---- */

static bool add_refused(struct table *table, const json_t *row)
{
	char count[CELL_MAX];
	say_count(number(row, "count"), count);
	const char *const cells[REFUSED_COLUMNS] = {count, text(row, "last"), text(row, "error"), text(row, "reason")};
	return table_add(table, cells);
}

static void print_unmapped(const json_t *refused, const struct report_words *words)
{
	const json_t *row;
	size_t at;
	json_array_foreach(refused, at, row)
	{
		const char *name = text(row, "namespace");
		if (name[0] != '\0')
			table_line(stdout, words->unmapped, number(row, "count"), name, name);
	}
}

enum error report_print_sender(const json_t *side, const struct report_words *words)
{
	const json_t *messages = json_object_get(side, "messages"), *refused = json_object_get(side, "refused"), *row;
	char numbers[CELL_MAX];
	size_t at;
	OWNED(table_release) struct table *table = table_new(words->refused, REFUSED_COLUMNS);
	TRY(allocated(table));
	json_array_foreach(refused, at, row) TRY(allocated(add_refused(table, row)));
	say_numbers(json_object_get(side, "numbers_in_texts"), words, numbers);
	table_line(stdout, words->sender_side, text(side, "since"), number(side, "sender"));
	table_line(
		stdout, words->messages, number(messages, "taken"), number(messages, "again"), number(messages, "refused"));
	table_line(stdout, words->events, number(side, "events"), number(side, "purpose_missing"),
		number(side, "purpose_usual"), numbers);
	print_fields(json_object_get(side, "numbers_in_texts"), number(side, "sender"), words);
	if (json_array_size(refused) > 0)
		table_print(table, table_terminal_width(stdout), stdout);
	if (number(side, "refused_otherwise") > 0)
		table_line(stdout, words->otherwise, number(side, "refused_otherwise"));
	print_unmapped(refused, words);
	return E_OK;
}
