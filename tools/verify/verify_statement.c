/* Printing begins when everything has been verified, and prints the verified statement, never the file. What is not
 * proven is said in the same place as what is: no witnesses, no signatures. A sender's name is shown where
 * the statement proves it; else its number, which the log has. */
#include "ledger/event/event_json.h"
#include "ledger/json/json_number.h"
#include "ledger/statement/statement.h"
#include "ledger/text/timestamp.h"
#include "tools/show/cells.h"
#include "tools/verify/verify.h"

/* ---- as JSON ---- */

/* Whether the registration was signed and whether the key was lost stand beside the name: a name alone would claim
 * more. */
static json_t *sender_json(const struct sender *sender)
{
	return json_pack("{s:o, s:s, s:s, s:b, s:b}", "id", json_number(sender->id), "org", sender->org, "name",
		sender->name, "endorsed", sender->endorsed, "compromised", sender->compromised);
}

/* Who reported the event, where the statement proves the sender's name: also of a later event, which bears no
 * signature.
 */
static const struct sender *sender_of(const struct statement *statement, const struct statement_event *event)
{
	for (size_t i = 0; i < statement->sender_count; i++)
		if (statement->senders[i].id == event->entry.sender)
			return &statement->senders[i];
	return NULL;
}

/* The event's fields (open) or what may be said of it, with its place in the log. The fields come from the committed
 * bytes, never from the file's own words about them. */
static json_t *event_json(const struct statement *statement, const struct statement_event *event)
{
	static const char *const states[] = {
		[STATEMENT_OPEN] = "open", [STATEMENT_WITHHELD] = "withheld", [STATEMENT_ERASED] = "erased"};
	struct event content;
	struct fault fault;
	json_t *json = NULL;
	const struct sender *sender = sender_of(statement, event);
	if (event->state == STATEMENT_OPEN) {
		/* It was read before: here only the texts are borrowed again. */
		if (event_decode(event->disclosed, BYTES_EMPTY, NULL, true, &content, &fault) != E_OK)
			return NULL;
		content.header = event->header;
		json = event_to_json(&content);
	} else {
		json = json_object();
	}
	json = verify_json_with(
		json, json_pack("{s:s, s:o, s:o, s:o, s:b}", "state", states[event->state], "index", json_number(event->index),
				  "ledger_time", json_time(event->entry.time_s), "sender",
				  sender ? sender_json(sender) : json_pack("{s:o}", "id", json_number(event->entry.sender)), "signed",
				  event->sender != NULL));
	if (event->state == STATEMENT_WITHHELD)
		json =
			verify_json_with(json, json_pack("{s:o, s:s%}", "withheld_until", json_time(event->header.withheld_until_s),
									   "withheld_basis", event->header.basis, (size_t)event->header.basis_len));
	if (event->state == STATEMENT_ERASED)
		json =
			verify_json_with(json, json_pack("{s:b, s:o}", "erased", true, "erased_by", json_number(event->erased_by)));
	return json;
}

static json_t *events_json(const struct statement *statement, const struct statement_event *events, size_t count)
{
	json_t *list = json_array();
	bool failed = false;
	for (size_t i = 0; i < count; i++)
		failed |= json_array_append_new(list, event_json(statement, &events[i])) != 0;
	return verify_json_whole(list, failed);
}

/* An end that is open is left out, as in the statement itself. */
static json_t *window_json(const struct statement_window *window)
{
	json_t *json = json_object();
	bool failed = window->has_from && json_object_set_new(json, "from", json_time(window->from_s)) != 0;
	failed |= window->has_to && json_object_set_new(json, "to", json_time(window->to_s)) != 0;
	return verify_json_whole(json, failed);
}

/* Null: none was shown. Not verified: there is a note, and no key was given to check it by. */
static json_t *audit_json(const struct statement *statement)
{
	if (statement->audit == STATEMENT_AUDIT_NONE)
		return json_null();
	if (statement->audit != STATEMENT_AUDIT_VERIFIED)
		return json_pack("{s:b}", "verified", false);
	return json_pack("{s:b, s:s, s:o}", "verified", true, "auditor", statement->auditor, "epoch",
		json_number(statement->audit_epoch));
}

static json_t *senders_json(const struct statement *statement)
{
	json_t *senders = json_array();
	bool failed = false;
	for (size_t i = 0; i < statement->sender_count; i++)
		failed |= json_array_append_new(senders, sender_json(&statement->senders[i])) != 0;
	return verify_json_whole(senders, failed);
}

/* A program that reads this need not know the format of statements: numbers are decided here, once. */
static json_t *statement_json(const struct statement *statement)
{
	json_t *json =
		json_pack("{s:s, s:b, s:s, s:s, s:o, s:{s:o, s:o}, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:b, s:o}",
			"kind", "statement", "holds", true, "subject", statement->subject, "origin", statement->origin, "size",
			json_number(statement->size), "epoch", "index", json_number(statement->epoch_index), "size",
			json_number(statement->epoch_size), "complete_until", json_time(statement->epoch_time_s), "present",
			statement->present, "count", json_number(statement->count), "lost", json_number(statement->lost), "open",
			json_number(statement->open), "withheld", json_number(statement->withheld), "erased",
			json_number(statement->erased), "signatures", statement->signatures, "senders", senders_json(statement),
			"witnessed", statement->witnessed.proven, "audit", audit_json(statement));
	if (statement->window.has_from || statement->window.has_to)
		json = verify_json_with(json, json_pack("{s:o}", "window", window_json(&statement->window)));
	if (statement->witnessed.proven)
		json =
			verify_json_with(json, json_pack("{s:o, s:o}", "witnesses", json_number(statement->witnessed.quorum.count),
									   "witnessed_at", json_time(statement->witnessed.quorum.time_s)));
	if (statement->predecessor[0])
		json = verify_json_with(json, json_pack("{s:s}", "predecessor", statement->predecessor));
	return verify_json_with(
		json, json_pack("{s:o, s:o}", "events", events_json(statement, statement->events, statement->event_count),
				  "later", events_json(statement, statement->later, statement->later_count)));
}

/* ---- the table ---- */

#define COLUMNS (CELLS + 1) /* the time of reporting comes second */

static void cells_release(char *(*cells)[CELLS])
{
	for (size_t i = 0; i < CELLS; i++)
		free((*cells)[i]);
}

/* The time of the access as its sender gave it; the ledger's own stands in the next column. */
static void access_time(const json_t *item, char out[VERIFY_TIME_MAX])
{
	int64_t time_ns;
	const char *text = json_string_value(json_object_get(item, "time"));
	out[0] = '\0';
	if (text != NULL && timestamp_parse(bytes_text(text), &time_ns) == E_OK)
		snprintf(out, VERIFY_TIME_MAX, "%.10s %.5s", text, text + 11);
}

static void reporting_system(const struct statement *statement, const struct statement_event *event,
	const struct verify_words *words, char out[CELL_BYTES])
{
	const struct sender *sender = sender_of(statement, event);
	if (sender != NULL)
		snprintf(out, CELL_BYTES, "%s", sender->name);
	else
		snprintf(out, CELL_BYTES, words->sender, event->entry.sender);
}

/* What stands in the columns of an event that is not open: who reported it and why it is not shown. Who withholds or
 * erased it is not known to a reader; who reported it is, and by what law it is withheld. */
static bool closed_cells(const struct statement *statement, const struct statement_event *event,
	const struct verify_words *words, char *cells[CELLS])
{
	char system[CELL_BYTES], why[CELL_BYTES], until[VERIFY_TIME_MAX];
	char reporter[CELL_BYTES];
	reporting_system(statement, event, words, system);
	snprintf(reporter, sizeof reporter, words->who->reporter, system);
	snprintf(why, sizeof why, "%s", words->who->erased_cell);
	if (event->state == STATEMENT_WITHHELD) {
		verify_time(event->header.withheld_until_s, until);
		snprintf(why, sizeof why, words->withheld_cell, until, (int)event->header.basis_len, event->header.basis);
	}
	cells[1] = strdup(reporter);
	cells[3] = strdup(why);
	return cells[1] && cells[3];
}

/* A statement without signatures does not say whose system it was that reported: then at least which one, since it may
 * have reported in another's name. */
static bool name_reporter(const struct statement *statement, const struct statement_event *event,
	const struct verify_words *words, char *cells[CELLS])
{
	char system[CELL_BYTES], both[2 * CELL_BYTES];
	if (sender_of(statement, event) != NULL)
		return true;
	reporting_system(statement, event, words, system);
	snprintf(both, sizeof both, words->who->reported_by_some, cells[1], system);
	free(cells[1]);
	cells[1] = strdup(both);
	return cells[1] != NULL;
}

static bool add_row(struct table *table, const struct statement *statement, const struct statement_event *event,
	const struct verify_words *words)
{
	char time[VERIFY_TIME_MAX] = "", reported[TIMESTAMP_TEXT_MAX];
	OWNED(cells_release) char *cells[CELLS] = {NULL};
	json_auto_t *item = event_json(statement, event);
	if (item == NULL)
		return false;
	access_time(item, time);
	timestamp_format_s(event->entry.time_s, reported);
	memcpy(reported + 10, " ", 1);
	reported[16] = '\0';
	bool made = event->state == STATEMENT_OPEN
					? cells_make(item, words->who, cells) && name_reporter(statement, event, words, cells)
					: closed_cells(statement, event, words, cells);
	if (!made)
		return false;
	const char *row[COLUMNS] = {time, reported};
	for (size_t i = 1; i < CELLS; i++)
		row[i + 1] = cells[i];
	return table_add(table, row);
}

/* Newest report first, as 'who' does. */
static enum error print_table(const struct statement *statement, const struct statement_event *events, size_t count,
	const struct verify_words *words, FILE *out)
{
	const char *headings[COLUMNS] = {words->who->headings[0], words->reported};
	memcpy(headings + 2, words->who->headings + 1, (CELLS - 1) * sizeof *headings);
	OWNED(table_release) struct table *table = table_new(headings, COLUMNS);
	TRY(allocated(table));
	for (size_t i = count; i-- > 0;)
		if (!add_row(table, statement, &events[i], words))
			return E_NO_MEMORY;
	if (count > 0) {
		table_print(table, table_terminal_width(out), out);
		putc('\n', out);
	}
	return E_OK;
}

/* ---- around the table ---- */

static unsigned long long number(uint64_t value)
{
	return (unsigned long long)value;
}

static void print_window(const struct statement *statement, const struct verify_words *words, FILE *out)
{
	char from[VERIFY_TIME_MAX], to[VERIFY_TIME_MAX];
	const struct statement_window *window = &statement->window;
	verify_time(window->from_s, from);
	verify_time(window->to_s, to);
	table_line(out, words->window, window->has_from ? from : words->beginning, window->has_to ? to : words->end);
}

/* Complete until when, and how much. One access and many are other sentences in both languages, and none is the
 * third. */
static void print_headline(const struct statement *statement, const struct verify_words *words, FILE *out)
{
	char until[VERIFY_TIME_MAX];
	bool window = statement->window.has_from || statement->window.has_to;
	verify_time(statement->epoch_time_s, until);
	if (window)
		print_window(statement, words, out);
	if (!statement->present)
		table_line(out, words->nobody, until);
	else if (!window && statement->event_count == 1)
		table_line(out, words->all_one, until);
	else if (!window)
		table_line(out, words->all, number(statement->event_count), until);
	else if (statement->event_count > 1)
		table_line(out, words->window_all, number(statement->event_count), until, number(statement->count));
	else
		table_line(
			out, statement->event_count == 1 ? words->window_one : words->window_none, until, number(statement->count));
}

/* A date that has passed since is said: the reader can have a new statement that shows what was withheld. */
static void print_closed(const struct statement *statement, const struct verify_words *words, uint64_t now_s, FILE *out)
{
	uint64_t last_s = 0;
	bool due = false;
	char until[VERIFY_TIME_MAX];
	for (size_t i = 0; i < statement->event_count; i++) {
		const struct statement_event *event = &statement->events[i];
		if (event->state != STATEMENT_WITHHELD)
			continue;
		last_s = event->header.withheld_until_s > last_s ? event->header.withheld_until_s : last_s;
		due = due || event->header.withheld_until_s <= now_s;
	}
	verify_time(last_s, until);
	if (statement->withheld == 1)
		table_line(out, words->withheld_one, until);
	else if (statement->withheld > 1)
		table_line(out, words->withheld, number(statement->withheld), until);
	if (due)
		table_line(out, "%s", words->withheld_due);
	if (statement->erased == 1)
		table_line(out, "%s", words->erased_one);
	else if (statement->erased > 1)
		table_line(out, words->erased, number(statement->erased));
}

/* Without signatures it is said that they were not asked for: else a reader might think that there are none. */
static void print_senders(const struct statement *statement, const struct verify_words *words, FILE *out)
{
	if (!statement->signatures) {
		if (statement->event_count > 0)
			table_line(out, "%s", words->unsigned_by);
		if (statement->event_count + statement->later_count > 0)
			table_line(out, "%s", words->rights_unchecked);
		return;
	}
	if (statement->event_count > 0)
		table_line(out, "%s %s", words->signed_by, words->within_rights);
	if (statement->later_count > 0)
		table_line(out, "%s", words->later_unsigned);
	for (size_t i = 0; i < statement->sender_count; i++) {
		const struct sender *sender = &statement->senders[i];
		table_line(out, words->signer, sender->name, sender->org, sender->id);
		if (!sender->endorsed)
			table_line(out, words->unendorsed, sender->name, sender->org);
		if (sender->compromised)
			table_line(out, words->compromised, sender->name, sender->org);
	}
}

/* What came after the epoch: what of it is shown in full names this subject, what is not does not. */
static void print_later(const struct statement *statement, const struct verify_words *words, FILE *out)
{
	size_t closed = 0;
	for (size_t i = 0; i < statement->later_count; i++)
		closed += statement->later[i].state != STATEMENT_OPEN;
	if (statement->later_count == 1)
		table_line(out, "%s", words->later_one);
	else if (statement->later_count > 1)
		table_line(out, words->later, number(statement->later_count));
	if (closed > 0)
		table_line(out, words->later_closed, number(closed));
}

/* What else is proven, and what is not. From what is proven for certain to what this statement is not about. */
static void print_ending(const struct statement *statement, const struct verify_call *call)
{
	FILE *out = call->out;
	const struct verify_words *words = call->words;
	print_later(statement, words, out);
	print_senders(statement, words, out);
	if (statement->audit == STATEMENT_AUDIT_VERIFIED)
		table_line(out, words->audited, statement->auditor, number(statement->audit_epoch));
	else if (statement->audit == STATEMENT_AUDIT_NO_KEY)
		table_line(out, "%s", words->audit_no_key);
	verify_witnesses(&statement->witnessed, call);
	table_line(out, "%s", words->scope);
	if (statement->predecessor[0])
		table_line(out, words->predecessor, statement->predecessor);
	table_line(out, "%s", words->times);
}

/* The table first, since that is what the reader came for; what it is worth stands below it. */
static enum error print_text(const struct statement *statement, const struct verify_call *call)
{
	const struct verify_words *words = call->words;
	table_line(call->out, words->about, statement->subject, statement->origin);
	putc('\n', call->out);
	TRY(print_table(statement, statement->events, statement->event_count, words, call->out));
	if (statement->later_count > 0) {
		table_line(call->out, "%s", words->later_title);
		TRY(print_table(statement, statement->later, statement->later_count, words, call->out));
	}
	print_headline(statement, words, call->out);
	if (statement->epoch_time_s > call->now_s + WORDS_AHEAD_S) {
		char ahead[WORDS_SPAN_MAX];
		words_span(statement->epoch_time_s - call->now_s, ahead);
		table_line(call->out, words->who->ahead, ahead);
	}
	print_closed(statement, words, call->now_s, call->out);
	if (statement->lost == 1)
		table_line(call->out, "%s", words->lost_one);
	else if (statement->lost > 1)
		table_line(call->out, words->lost, number(statement->lost));
	print_ending(statement, call);
	return E_OK;
}

enum error verify_statement(const struct verify_call *call, struct finding *finding)
{
	OWNED(statement_release) struct statement *statement = NULL;
	const struct statement_options options = {
		.subject = call->subject, .policy = call->policy, .auditor = call->auditor};
	TRY(statement_verify(call->text, &call->log, &options, &statement, finding));
	return call->json ? output_json(statement_json(statement), call->out) : print_text(statement, call);
}
