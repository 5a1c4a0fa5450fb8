/* Framing of FHIR documents.
 *
 *              '{'                  closed                     line end, bracket, idle
 *   BETWEEN ─────────► OPEN ───────────────────► CLOSED ──────────────────────────────► message
 *      │                │ no JSON any more          │ anything else behind it on its line
 *      │ other          ▼                           ▼
 *      └──► JUNK      BROKEN ◄──────────────────────┘
 *            │ line end, │ where a message can begin
 *            │ or as ──► │
 *            ▼           ▼
 *          message     message     (both to be refused)
 *
 * An open document that meets a bracket at the start of a line, where no value may stand, was cut off before it. Where
 * a value may stand the bracket is taken for a nested one until its `resourceType` says that it is a message: no
 * message holds another one, but a Bundle, whose messages stand behind the name `resource`. */
#include "ingest/framing/framing.h"

#include "ingest/message/words.h"

enum { BETWEEN, JUNK, OPEN, BROKEN, CLOSED };

#define SEPARATOR 0x1E /* begins each text of a JSON text sequence, RFC 7464 */

static const char marker[] = "\"resourceType\":\"";
static const char *const types[] = {"AuditEvent\"", "Bundle\""};

/* ---- lines ---- */

/* Called with each byte, once: true if nothing but blanks stands before it on its line. A NUL is no JSON, and a block
 * of them is what a crash leaves of something: what stands behind it is as at the start of a line. */
static bool starts_line(struct framing_json *json, uint8_t c)
{
	bool start = json->in_indent;
	if (c == '\n' || c == SEPARATOR || c == '\0') {
		json->in_indent = true;
		json->line_indent = 0;
		json->nul = c == '\0';
	} else if (start && words_blank(c)) {
		json->line_indent++;
	} else {
		json->in_indent = false;
	}
	return start;
}

/* ---- between ---- */

static void begin_document(struct framing_json *json)
{
	json_scan_begin(&json->scan);
	json->indent = json->line_indent;
	json->bundle = false;
	json->starts[1] = FRAMING_NOWHERE;
	json->trial = false;
	json->behind = false;
	json->inner = 0;
	json->matched = 0;
	json->fed = 0;
	json->looked = 0;
}

/* An array that holds documents begins with one, or ends at once. */
static bool opens_array(struct framing *framing, struct bytes input, enum framing_more more, bool *wait)
{
	size_t at = framing->at;
	do
		at++;
	while (at < input.len && words_blank(input.data[at]));
	*wait = at == input.len && more != FRAMING_ENDED && at < framing->max;
	return at < input.len && (input.data[at] == '{' || input.data[at] == ']');
}

/* One byte of what stands between: false if a message begins here, or if more input must tell. */
static bool step_between(struct framing *framing, struct bytes input, enum framing_more more)
{
	struct framing_json *json = &framing->json;
	bool wait = false;
	uint8_t c = input.data[framing->at];
	size_t mark = framing_mark(input, framing->at, more);
	if (mark == SIZE_MAX)
		return false;
	if (mark > 0) {
		framing->at += mark;
		return true;
	}
	if (c == '[' && opens_array(framing, input, more, &wait))
		json->array = true;
	else if (wait)
		return false;
	else if (json->array && c == ']')
		json->array = false;
	else if (!words_blank(c) && c != SEPARATOR && !(json->array && c == ',')) {
		framing->state = c == '{' ? OPEN : JUNK;
		return false;
	}
	starts_line(json, c);
	framing->at++;
	return true;
}

static bool next_between(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	while (framing->at < input.len && step_between(framing, input, more)) {
	}
	if (framing->state != BETWEEN)
		begin_document(&framing->json);
	if (framing->at == 0)
		return false;
	return framing_give(framing, FRAMING_BETWEEN, input, framing->at, out);
}

/* ---- where a message can begin ---- */

/* `"resourceType":"AuditEvent"` or `..."Bundle"`, with blanks between but on one line. In a string its quotation marks
 * would be escaped, so it is a member of an object, whatever stands around that. True with the last byte of it. */
static bool at_marker(struct framing_json *json, uint8_t c, size_t at)
{
	size_t fixed = sizeof marker - 1;
	bool between = json->matched == fixed - 2 || json->matched == fixed - 1;
	json->fed++;
	if (json->matched > 0 && at - json->marker > DOUBT_BYTES_MAX)
		json->matched = 0;
	if (between && (c == ' ' || c == '\t'))
		return false;
	if (json->matched == fixed)
		json->word = c != (uint8_t)types[0][0];
	if (c == (uint8_t)(json->matched < fixed ? marker[json->matched] : types[json->word][json->matched - fixed])) {
		json->marker = json->matched == 0 ? at : json->marker;
		json->matched++;
		bool whole = json->matched > fixed && types[json->word][json->matched - fixed] == '\0';
		json->matched = whole ? 0 : json->matched;
		return whole;
	}
	json->marker = at;
	json->matched = c == '"';
	return false;
}

static bool escaped(struct bytes input, size_t quote, size_t first)
{
	size_t at = quote;
	while (at > first && input.data[at - 1] == '\\')
		at--;
	return (quote - at) % 2 == 1;
}

/* The innermost bracket that is open at `at`, looking back over whole values on this line, but not further than
 * `first`; SIZE_MAX if there is none. */
static size_t opening_of(struct framing_json *json, struct bytes input, size_t at, size_t first)
{
	size_t depth = 0;
	bool in_string = false;
	while (at-- > first) {
		uint8_t c = input.data[at];
		json->looked++;
		if (c == '\n' || c == SEPARATOR || c == '\0')
			return SIZE_MAX;
		if (c == '"' && !escaped(input, at, first))
			in_string = !in_string;
		if (in_string || memchr("{}[]", c, 4) == NULL)
			continue;
		if (c == '}' || c == ']')
			depth++;
		else if (depth == 0)
			return at;
		else
			depth--;
	}
	return SIZE_MAX;
}

/* Whether all of it, up to the type that ends before `end`, is the beginning of an object. */
static bool is_beginning(struct bytes input, size_t start, size_t end)
{
	struct json_scan scan;
	enum json_scan_result result = JSON_OPEN;
	json_scan_begin(&scan);
	for (size_t at = start; at < end && result == JSON_OPEN; at++)
		result = json_scan_feed(&scan, input.data[at]);
	return result == JSON_OPEN && scan.typed && scan.depth == 1;
}

static size_t before_blanks(struct bytes input, size_t at, size_t first)
{
	while (at > first && words_blank(input.data[at - 1]))
		at--;
	return at;
}

/* Whether the value at `start` stands behind this name, in quotation marks. */
static bool is_named(struct bytes input, size_t start, struct bytes name)
{
	size_t first = start > BEFORE_BYTES_MAX ? start - BEFORE_BYTES_MAX : 0;
	size_t at = before_blanks(input, start, first);
	if (at == first || input.data[at - 1] != ':')
		return false;
	at = before_blanks(input, at - 1, first);
	return at - first >= name.len && memcmp(input.data + at - name.len, name.data, name.len) == 0;
}

/* Whether the object is an entry of a Bundle, or contained: part of what stands around it. */
static bool is_part(struct framing_json *json, struct bytes input, size_t start, size_t first)
{
	if (is_named(input, start, BYTES_LITERAL("\"resource\"")))
		return true;
	size_t list = opening_of(json, input, start, first);
	return list != SIZE_MAX && input.data[list] == '[' && is_named(input, list, BYTES_LITERAL("\"contained\""));
}

/* Nothing else stands before it in its document: the document's own beginning, which is damaged. */
static bool only_braces(struct bytes input, size_t start)
{
	size_t at = 0;
	while (at < start && (input.data[at] == '{' || words_blank(input.data[at])))
		at++;
	return at == start;
}

/* A marker ends before `end`: where the message begins that has this type, SIZE_MAX if it is no message of its own. */
static size_t marked_start(struct framing *framing, struct bytes input, size_t end)
{
	struct framing_json *json = &framing->json;
	size_t first = json->marker > DOUBT_BYTES_MAX ? json->marker - DOUBT_BYTES_MAX : 0;
	if (json->looked > LOOKED_FREE + LOOKED_EACH * json->fed)
		return SIZE_MAX;
	size_t start = opening_of(json, input, json->marker, first);
	if (start == SIZE_MAX || (!framing->is_long && only_braces(input, start)))
		return SIZE_MAX;
	return is_beginning(input, start, end) && !is_part(json, input, start, first) ? start : SIZE_MAX;
}

/* What stands behind it on its line begins no line. */
static bool give_message(struct framing *framing, struct bytes input, size_t end, bool cut, struct framing_piece *out)
{
	framing->json.in_indent = false;
	return framing_give_message(framing, input, end, cut, out);
}

/* The message ends here. What looked like a document inside it is one after all. */
static bool end_document(struct framing *framing, struct bytes input, size_t end, struct framing_piece *out)
{
	struct framing_json *json = &framing->json;
	bool again = json->inner > 0 && json->inner < end;
	return give_message(framing, input, again ? json->inner : end, true, out);
}

/* The document that closed is whole. */
static bool give_closed(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_json *json = &framing->json;
	bool bundle = json->bundle;
	framing_give_message(framing, input, framing->is_long ? framing->at : json->end, false, out);
	out->bundle = bundle && out->kind == FRAMING_MESSAGE;
	return true;
}

/* ---- within a document ---- */

static void look_at_type(struct framing *framing, struct bytes input, bool marked)
{
	struct framing_json *json = &framing->json;
	const struct json_scan *scan = &json->scan;
	if (scan->typed && scan->depth == 1)
		json->bundle |= scan->found == JSON_BUNDLE;
	if (!marked || scan->depth == 1 || json->bundle || json->inner > 0 || framing->is_long)
		return;
	size_t start = marked_start(framing, input, framing->at);
	json->inner = start != SIZE_MAX ? start : 0;
}

/* Feeds the byte. `begins`: a message can begin with it, as far as lines are concerned. */
static enum json_scan_result feed(struct framing *framing, uint8_t c, bool begins)
{
	struct framing_json *json = &framing->json;
	uint32_t depth = json->scan.depth;
	bool entry = json_scan_in_object(&json->scan) && json->scan.name == JSON_RESOURCE;
	enum json_scan_result result = json_scan_feed(&json->scan, c);
	if (json->scan.depth > depth)
		json->starts[json->scan.depth] = begins && c == '{' && !entry ? (uint32_t)framing->at : FRAMING_NOWHERE;
	framing->at++;
	return result;
}

/* Long ones are not kept in memory for the sake of a doubt. */
static bool doubtful(const struct framing *framing, uint32_t start)
{
	return start != FRAMING_NOWHERE && (!framing->is_long || framing->at - start <= DOUBT_BYTES_MAX);
}

/* The innermost object has just said that it is a message, and could be a new one. */
static bool is_message(const struct framing *framing)
{
	const struct json_scan *scan = &framing->json.scan;
	return scan->typed && scan->found != JSON_OTHER && doubtful(framing, framing->json.starts[scan->depth]);
}

static bool end_at_start(struct framing *framing, struct bytes input, uint32_t depth, struct framing_piece *out)
{
	return give_message(framing, input, framing->json.starts[depth], true, out);
}

/* Where a message can begin, if the byte is the right one. */
static bool can_begin(struct framing *framing, uint8_t c)
{
	struct framing_json *json = &framing->json;
	bool start = starts_line(json, c) && json->line_indent <= json->indent && (framing->at > 0 || framing->is_long);
	return start && (c == '{' || (c == '[' && !json->nul));
}

/* From here on only where the next message begins is looked for. */
static void break_off(struct framing *framing)
{
	framing->state = BROKEN;
	framing->json.trial = false;
	framing->json.behind = false;
}

/* What may be a message behind a broken one is scanned on trial: it is one if it says so, or is a line of its own. */
static bool try_message(struct framing *framing, struct bytes input, bool begins, struct framing_piece *out)
{
	struct framing_json *json = &framing->json;
	uint8_t c = input.data[framing->at];
	if (begins && (!json->trial || !json_scan_wants_value(&json->scan))) {
		json->trial = true;
		json->one_line = !json->nul; /* behind one NUL it may be nested in the broken one */
		json_scan_begin(&json->scan);
	}
	if (!json->trial) {
		framing->at++;
		return false;
	}
	json->one_line &= c != '\n';
	enum json_scan_result result = feed(framing, c, begins);
	if (is_message(framing))
		return end_at_start(framing, input, json->scan.depth, out);
	if (result == JSON_DONE && json->one_line && doubtful(framing, json->starts[1]))
		return end_at_start(framing, input, 1, out);
	json->trial = result == JSON_OPEN;
	return false;
}

static bool go_on_broken(struct framing *framing, struct bytes input, bool begins, struct framing_piece *out)
{
	struct framing_json *json = &framing->json;
	size_t at = framing->at;
	uint8_t c = input.data[at];
	if (begins && c == '[' && !(json->trial && json_scan_wants_value(&json->scan)))
		return end_document(framing, input, at, out);
	if (begins && json->nul && json->behind)
		return give_closed(framing, input, out);
	size_t start = at_marker(json, c, at) ? marked_start(framing, input, at + 1) : SIZE_MAX;
	if (try_message(framing, input, begins, out))
		return true;
	json->behind &= c != '\n' && !framing->is_long;
	if (start == SIZE_MAX)
		return false;
	if (json->behind)
		return start >= json->end && give_closed(framing, input, out);
	return end_document(framing, input, start, out);
}

static bool next_broken(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	return go_on_broken(framing, input, can_begin(framing, input.data[framing->at]), out);
}

static bool next_open(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_json *json = &framing->json;
	size_t at = framing->at;
	uint8_t c = input.data[at];
	bool begins = can_begin(framing, c);
	if (begins && !json_scan_wants_value(&json->scan)) {
		break_off(framing);
		return json->inner > 0 ? end_document(framing, input, at, out) : go_on_broken(framing, input, begins, out);
	}
	bool marked = at_marker(json, c, at);
	enum json_scan_result result = feed(framing, c, begins);
	look_at_type(framing, input, marked);
	if (json->scan.depth > 1 && is_message(framing))
		return end_at_start(framing, input, json->scan.depth, out);
	if (result == JSON_DONE) {
		framing->state = CLOSED;
		json->end = framing->at;
	} else if (result == JSON_BROKEN) {
		break_off(framing);
		if (json->inner > 0)
			return end_document(framing, input, framing->at, out);
	}
	return false;
}

/* What stands behind a closed document on its line decides whether it is one: nothing, or another one, or something
 * else and another one. Something else alone spoils it. */
static bool next_closed(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_json *json = &framing->json;
	uint8_t c = input.data[framing->at];
	json->array |= c == ','; /* its bracket may be what is damaged */
	bool follows =
		c == '\n' || c == SEPARATOR || c == '{' || c == '[' || c == 0xEF || (json->array && (c == ',' || c == ']'));
	if (!follows && !words_blank(c)) {
		break_off(framing);
		json->behind = true;
		return next_broken(framing, input, out);
	}
	if (follows)
		return give_closed(framing, input, out);
	framing->at++;
	return false;
}

/* What is no object may be anything, so its line is lost, up to a message that
 * begins on it; in an array it ends where the next element may begin. */
static bool next_junk(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_json *json = &framing->json;
	uint8_t c = input.data[framing->at];
	size_t start = at_marker(json, c, framing->at) ? marked_start(framing, input, framing->at + 1) : SIZE_MAX;
	if (start != SIZE_MAX)
		return framing_give_message(framing, input, start, false, out);
	bool behind_nul = json->nul && c == '{';
	json->nul = c == '\0';
	if (c == '\n' || behind_nul || (json->array && (framing->at > 0 || framing->is_long) && (c == ',' || c == ']')))
		return give_message(framing, input, framing->at, false, out);
	framing->at++;
	return false;
}

/* ---- the whole ---- */

/* The input is at its end, or has a pause. */
static bool end_of_input(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	struct framing_json *json = &framing->json;
	bool behind = framing->state == BROKEN && json->behind && more == FRAMING_IDLE && !framing->is_long;
	if ((framing->state == CLOSED && more != FRAMING_MORE) || behind)
		return give_closed(framing, input, out);
	if (more != FRAMING_ENDED || framing->state == BETWEEN)
		return false;
	if (framing->state == OPEN)
		return end_document(framing, input, input.len, out);
	return give_message(framing, input, input.len, false, out);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* From where on a message may begin whose type is yet to come, and what it is looked for with. */
static size_t doubt_begins(size_t at)
{
	return at > DOUBT_BYTES_MAX + BEFORE_BYTES_MAX ? at - DOUBT_BYTES_MAX - BEFORE_BYTES_MAX : 0;
}

/* Longer than the limit: all but the places where a message may turn out to begin is given out. */
static bool give_part(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_json *json = &framing->json;
	bool scanned = framing->state == OPEN || (framing->state == BROKEN && json->trial);
	uint32_t depth = scanned ? json->scan.depth : 0;
	size_t safe = framing->state == CLOSED ? framing->at : doubt_begins(framing->at);
	json->inner = 0;
	framing->is_long = true;
	for (uint32_t i = 1; i <= depth; i++)
		if (doubtful(framing, json->starts[i]))
			safe = smaller(safe, json->starts[i]);
		else
			json->starts[i] = FRAMING_NOWHERE;
	if (json->matched > 0)
		safe = smaller(safe, json->marker);
	if (safe == 0)
		return false;
	framing_give(framing, FRAMING_PART, input, safe, out);
	for (uint32_t i = 1; i <= depth; i++)
		json->starts[i] -= json->starts[i] != FRAMING_NOWHERE ? (uint32_t)safe : 0;
	json->marker -= json->matched > 0 ? safe : 0;
	json->end -= smaller(safe, json->end);
	return true;
}

bool framing_json_next(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	if (framing->state == BETWEEN && next_between(framing, input, more, out))
		return true;
	if (framing->state == BETWEEN)
		return false;
	while (framing->at < input.len) {
		bool (*const step[])(struct framing *, struct bytes, struct framing_piece *) = {
			[JUNK] = next_junk, [OPEN] = next_open, [BROKEN] = next_broken, [CLOSED] = next_closed};
		if (framing->at >= framing->max && !framing->is_long && give_part(framing, input, out))
			return true;
		if (step[framing->state](framing, input, out))
			return true;
	}
	if (framing->is_long && framing->at > 0 && more != FRAMING_ENDED && give_part(framing, input, out))
		return true;
	return end_of_input(framing, input, more, out);
}
