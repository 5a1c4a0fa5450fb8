/* Framing of syslog messages, RFC 6587 and what senders make of it.
 *
 *             digits, ' '              all of it is there
 *   BETWEEN ──────────────► COUNTED ───────────────────────► message
 *      │ '<', digits, '>'           line end or NUL, and no document is open
 *      ├──────────────────► LINE ──────────────────────────► message
 *      │ anything else               a line end or NUL before a frame, or '>' or '}' before a counted one
 *      ├──────────────────► FRAGMENT ──────────────────────► message (to be refused)
 *      │ a row of refused messages   line end
 *      └──────────────────► ROW ───────────────────────────► message
 *
 * A length is believed, since nothing else says where such a message ends; one that no message can have is the
 * beginning of a fragment. A LINE whose XML or JSON has begun and not ended goes on over line ends: syslog-ng and
 * logger pass them on as they are. It ends before a line that begins with a priority, which no line of a document does,
 * so that one that was cut costs one.
 *
 * Only behind the end of a document is a counted frame looked for within a line: who counts letters in place of bytes
 * is out of step behind each message with an æ, and gets back in step there. In what is no document, text of somebody's
 * own could be made to look like a frame. */
#include "ingest/framing/framing.h"

#include "ingest/message/words.h"
#include "ingest/syslog/syslog_head.h"

enum { BETWEEN, COUNTED, LINE, FRAGMENT, ROW, WHOLE };

/* What stands behind the head of a LINE. */
enum { UNKNOWN, NOTHING_YET, OTHER, XML, JSON };

static const char row[] = "{\"input\"";

enum answer { NO, YES, WAIT };

static enum answer unless_ended(enum framing_more more)
{
	return more == FRAMING_ENDED ? NO : WAIT;
}

static bool ends_line(uint8_t c)
{
	return c == '\n' || c == '\0';
}

/* ---- where a frame begins ---- */

/* "<85>" at `at`. */
static enum answer has_priority(struct bytes input, size_t at, enum framing_more more)
{
	size_t digits = 0;
	if (at < input.len && input.data[at] != '<')
		return NO;
	for (size_t i = at + 1; i < input.len; i++) {
		if (input.data[i] == '>')
			return digits > 0 ? YES : NO;
		if (!words_digit(input.data[i]) || ++digits > SYSLOG_PRIORITY_DIGITS)
			return NO;
	}
	return unless_ended(more);
}

/* "1 " behind it. */
static enum answer has_version(struct bytes input, size_t at, enum framing_more more)
{
	const uint8_t *end = memchr(input.data + at, '>', input.len - at);
	struct bytes rest = bytes_after(input, (size_t)(end - input.data) + 1);
	if ((rest.len > 0 && rest.data[0] != '1') || (rest.len > 1 && rest.data[1] != ' '))
		return NO;
	return rest.len > 1 ? YES : unless_ended(more);
}

/* "1006 <85>" at `at`; `strict`: with a version, too. */
static enum answer has_count(struct bytes input, size_t at, bool strict, enum framing_more more)
{
	size_t digits = 0;
	while (at + digits < input.len && words_digit(input.data[at + digits]))
		digits++;
	if (digits == 0 || digits > SYSLOG_COUNT_DIGITS || input.data[at] == '0')
		return digits == 0 && at == input.len ? unless_ended(more) : NO;
	size_t space = at + digits;
	if (space == input.len)
		return unless_ended(more);
	if (input.data[space] != ' ')
		return NO;
	enum answer priority = has_priority(input, space + 1, more);
	return priority == YES && strict ? has_version(input, space + 1, more) : priority;
}

/* At the start of a line. */
static enum answer has_frame(struct bytes input, size_t at, enum framing_more more)
{
	if (at == input.len)
		return unless_ended(more);
	return words_digit(input.data[at]) ? has_count(input, at, false, more) : has_priority(input, at, more);
}

/* ---- between ---- */

/* The length that stands at the start of the input, of so many digits. */
static uint64_t count_of(struct bytes input, size_t digits)
{
	uint64_t count = 0;
	for (size_t i = 0; i < digits; i++)
		count = count * 10 + (uint64_t)(input.data[i] - '0');
	return count;
}

static void begin(struct framing *framing, uint8_t state, enum framing_why why)
{
	framing->state = state;
	framing->syslog = (struct framing_syslog){.why = why};
}

/* Zeros before it say nothing. Of none the message has no byte, and nothing came: what is announced at the end of the
 * input comes on another connection, whole. */
static bool begin_counted(
	struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	size_t digits = 0;
	size_t zeros = 0;
	for (; digits < input.len && words_digit(input.data[digits]); digits++)
		zeros += zeros == digits && input.data[digits] == '0';
	if (digits > SYSLOG_COUNT_BYTES || digits - zeros > SYSLOG_COUNT_DIGITS) {
		begin(framing, FRAGMENT, FRAMING_LENGTH);
		return false;
	}
	if (digits == input.len)
		return more == FRAMING_ENDED && framing_give(framing, FRAMING_BETWEEN, input, digits, out);
	if (input.data[digits] != ' ') {
		begin(framing, FRAGMENT, FRAMING_NO_SPACE);
		return false;
	}
	uint64_t count = count_of(input, digits);
	if (count > 0) {
		begin(framing, COUNTED, FRAMING_WHOLE);
		framing->syslog.announced = framing->syslog.left = count;
	}
	return framing_give(framing, FRAMING_BETWEEN, input, digits + 1, out);
}

/* What stands at the start of the input. True: a piece; else the state says what it is, or more must come. */
static bool begin_any(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	size_t have = input.len < sizeof row - 1 ? input.len : sizeof row - 1;
	if (words_digit(input.data[0]))
		return begin_counted(framing, input, more, out);
	if (memcmp(input.data, row, have) == 0) {
		if (have == sizeof row - 1)
			begin(framing, ROW, FRAMING_WHOLE);
		else if (more == FRAMING_ENDED)
			begin(framing, FRAGMENT, FRAMING_FRAGMENT);
		return false;
	}
	enum answer priority = has_priority(input, 0, more);
	if (priority != WAIT)
		begin(framing, priority == YES ? LINE : FRAGMENT, priority == YES ? FRAMING_WHOLE : FRAMING_FRAGMENT);
	return false;
}

static bool next_between(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	size_t mark = 0;
	while (framing->at < input.len) {
		mark = framing_mark(input, framing->at, more);
		if (mark == SIZE_MAX || (mark == 0 && !words_blank(input.data[framing->at]) && input.data[framing->at] != '\0'))
			break;
		framing->at += mark > 0 ? mark : 1;
	}
	if (framing->at > 0)
		return framing_give(framing, FRAMING_BETWEEN, input, framing->at, out);
	return mark != SIZE_MAX && begin_any(framing, input, more, out);
}

/* ---- giving ---- */

/* Without the blanks and NULs at its end. */
static size_t text_of(struct bytes input, size_t end)
{
	while (end > 0 && (words_blank(input.data[end - 1]) || input.data[end - 1] == '\0'))
		end--;
	return end;
}

static bool give(struct framing *framing, struct bytes input, size_t end, bool cut, struct framing_piece *out)
{
	framing_end_message(framing, input, framing->is_long ? end : text_of(input, end), cut, out);
	out->announced = framing->syslog.announced;
	out->why = cut && out->announced > 0 ? FRAMING_CUT : framing->syslog.why;
	return true;
}

/* ---- counted ---- */

static bool next_counted(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	struct framing_syslog *syslog = &framing->syslog;
	size_t have = input.len < syslog->left ? input.len : (size_t)syslog->left;
	framing->is_long |= syslog->announced > framing->max;
	if (have == syslog->left || more == FRAMING_ENDED) {
		if (framing->is_long || text_of(input, have) > 0)
			return give(framing, input, have, have < syslog->left, out);
		framing->state = BETWEEN; /* nothing but blanks */
		return framing_give(framing, FRAMING_BETWEEN, input, have, out);
	}
	if (!framing->is_long)
		return false;
	framing->at = have;
	syslog->left -= have;
	return have > 0 && framing_give(framing, FRAMING_PART, input, have, out);
}

/* ---- a document behind the head ---- */

static void feed_xml(struct framing_syslog *syslog, uint8_t c)
{
	enum xml_token token = xml_scan_feed(&syslog->xml, c, (size_t)syslog->offset++);
	syslog->depth += token == TOKEN_START;
	syslog->depth -= token == TOKEN_END && syslog->depth > 0;
	syslog->closed = syslog->depth == 0 && (token == TOKEN_START || token == TOKEN_END || token == TOKEN_EMPTY);
}

/* Up to `end`. */
static void feed(struct framing_syslog *syslog, struct bytes input, size_t end)
{
	for (; syslog->fed < end && !syslog->closed; syslog->fed++) {
		uint8_t c = input.data[syslog->fed];
		if (syslog->kind == XML)
			feed_xml(syslog, c);
		else if (syslog->kind == JSON && c != '\0')
			syslog->closed = json_scan_feed(&syslog->json, c) != JSON_OPEN;
		else if (syslog->kind == OTHER)
			break;
	}
	syslog->fed = end;
}

/* What the message carries, as far as it is there: up to `end`. Blanks before it are gone over once. */
static void learn(struct framing_syslog *syslog, struct bytes input, size_t end)
{
	struct syslog_head head;
	uint8_t byte;
	if (syslog->kind == UNKNOWN) {
		bool read = syslog_head_read(bytes_of(input.data, end), &head, NULL) == E_OK;
		syslog->kind = read ? NOTHING_YET : OTHER;
		syslog->fed = read ? end - head.rest.len : end;
	}
	while (syslog->kind == NOTHING_YET && syslog->fed < end) {
		struct bytes rest = bytes_of(input.data + syslog->fed, end - syslog->fed);
		uint8_t c = rest.data[0];
		if (words_blank(c) || c == '\0')
			syslog->fed++;
		else if (syslog_escape(rest, &byte))
			syslog->fed += SYSLOG_ESCAPE_BYTES;
		else if (bytes_begin(rest, "\xEF\xBB\xBF"))
			syslog->fed += 3;
		else
			syslog->kind = c == '<' ? XML : c == '{' ? JSON : OTHER;
	}
	if (syslog->kind == JSON)
		json_scan_begin(&syslog->json);
}

/* Up to `end`, as far as it was not before. */
static void look(struct framing_syslog *syslog, struct bytes input, size_t end)
{
	if (syslog->kind == UNKNOWN || syslog->kind == NOTHING_YET)
		learn(syslog, input, end);
	if (syslog->kind != NOTHING_YET)
		feed(syslog, input, end);
}

/* At a line end: whether the message goes on behind it. */
static enum answer goes_on(struct framing *framing, struct bytes input, enum framing_more more)
{
	struct framing_syslog *syslog = &framing->syslog;
	size_t next = framing->at + 1;
	look(syslog, input, framing->at);
	if (syslog->kind == JSON)
		feed(syslog, input, next); /* within a text it is no JSON any more */
	if (syslog->kind == OTHER || syslog->closed)
		return NO;
	if (syslog->kind == NOTHING_YET && next < input.len && !words_blank(input.data[next]) && input.data[next] != '<')
		return NO;
	enum answer frame = has_frame(input, next, more);
	return frame == NO && next < input.len ? YES : frame == WAIT ? WAIT : NO;
}

/* ---- lines, fragments, rows: up to where they end ---- */

static enum answer line_ends(struct framing *framing, struct bytes input, enum framing_more more)
{
	if (!ends_line(input.data[framing->at]))
		return NO;
	enum answer on = goes_on(framing, input, more);
	return on == WAIT ? WAIT : on == NO ? YES : NO;
}

static enum answer fragment_ends(struct framing *framing, struct bytes input, enum framing_more more)
{
	uint8_t c = input.data[framing->at];
	enum answer frame = NO;
	if (ends_line(c))
		frame = has_frame(input, framing->at + 1, more);
	else if (words_digit(c) && (framing->syslog.last == '>' || framing->syslog.last == '}'))
		frame = has_count(input, framing->at, true, more);
	if (frame == NO && !words_blank(c) && c != '\0')
		framing->syslog.last = c;
	return frame;
}

static enum answer row_ends(struct framing *framing, struct bytes input, enum framing_more more)
{
	(void)more;
	return input.data[framing->at] == '\n' ? YES : NO;
}

/* Whether the document that it carries has not ended. */
static bool is_open(const struct framing_syslog *syslog)
{
	return (syslog->kind == XML || syslog->kind == JSON) && !syslog->closed;
}

static bool end_of_input(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_syslog *syslog = &framing->syslog;
	if (framing->state == LINE)
		look(syslog, input, input.len);
	return give(framing, input, input.len, is_open(syslog), out);
}

/* All that was looked at, of one that is longer than the limit. */
static bool give_part(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_syslog *syslog = &framing->syslog;
	size_t len = framing->at;
	if (framing->state == LINE && len > 0)
		look(syslog, input, len);
	syslog->kind = syslog->kind == NOTHING_YET ? OTHER : syslog->kind;
	syslog->fed = 0;
	framing->is_long = true;
	return len > 0 && framing_give(framing, FRAMING_PART, input, len, out);
}

/* From `at` on, where a line may end, but not behind the limit: all that is looked at of a line or a row. */
static size_t next_end(const struct framing *framing, struct bytes input)
{
	size_t limit = framing->is_long || input.len <= framing->max ? input.len : framing->max;
	if (framing->state == FRAGMENT || framing->at >= limit)
		return framing->at;
	const uint8_t *from = input.data + framing->at;
	const uint8_t *end = memchr(from, '\n', limit - framing->at);
	size_t len = end != NULL ? (size_t)(end - from) : limit - framing->at;
	const uint8_t *nul = len > 0 ? memchr(from, '\0', len) : NULL;
	return framing->at + (nul != NULL ? (size_t)(nul - from) : len);
}

/* Goes on until a piece is given, or the input is used up. */
static bool next_until(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	static enum answer (*const ends[])(struct framing *, struct bytes, enum framing_more) = {
		[LINE] = line_ends, [FRAGMENT] = fragment_ends, [ROW] = row_ends};
	struct framing_syslog *syslog = &framing->syslog;
	for (;; framing->at++) {
		framing->at = next_end(framing, input);
		if (framing->at == input.len)
			break;
		enum answer end = ends[framing->state](framing, input, more);
		if (end == WAIT) /* for what stands behind a line end; of those there may be any number */
			return framing->is_long && framing->at > 0 && give_part(framing, input, out);
		if (end == YES)
			return give(framing, input, framing->at, is_open(syslog), out);
		if (framing->at >= framing->max && !framing->is_long)
			return give_part(framing, input, out);
	}
	if (more == FRAMING_ENDED)
		return end_of_input(framing, input, out);
	return framing->is_long && give_part(framing, input, out);
}

bool framing_syslog_next(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	if (framing->state == BETWEEN && next_between(framing, input, more, out))
		return true;
	if (framing->state == BETWEEN)
		return false;
	if (framing->state == WHOLE)
		return more == FRAMING_ENDED && give(framing, input, input.len, false, out);
	return framing->state == COUNTED ? next_counted(framing, input, more, out) : next_until(framing, input, more, out);
}

void framing_whole(struct framing *framing)
{
	if (framing->format == ADAPTER_SYSLOG)
		framing->state = WHOLE;
}

enum error framing_syslog_why(const struct framing_piece *piece, struct fault *fault)
{
	switch (piece->why) {
	case FRAMING_WHOLE:
		return E_OK;
	case FRAMING_CUT:
		return fault_set(fault, E_TRUNCATED,
			"cut on the way after %zu of %llu bytes: the input or the connection ended within the message; send it "
			"again",
			piece->text.len, (unsigned long long)piece->announced);
	case FRAMING_LENGTH:
		return fault_set(fault, E_TRAILING,
			"it begins with a length of more than %u digits, which no message has; what stands up to the next message "
			"is kept as one",
			SYSLOG_COUNT_DIGITS);
	case FRAMING_NO_SPACE:
		return fault_set(fault, E_TRAILING,
			"it begins with digits that are no length, since no space follows; what stands up to the next message is "
			"kept "
			"as one");
	default:
		return fault_set(fault, E_TRAILING,
			"it begins with neither a length nor a priority such as <85>: a part of a message that was cut on the way, "
			"%zu bytes of it, or no syslog",
			piece->text.len);
	}
}
