/* Framing of DICOM audit messages in XML: what its tokens (xml_scan.h) mean
 *
 *              <AuditMessage, with the declaration before it           its end tag           line end, '<', idle
 *   BETWEEN ───────────────────────────────────────────────► INSIDE ──────────────► CLOSED ─────────────────► message
 *    │   │ another element        │ <AuditMessage: it was a wrapper  │ <?xml, <AuditMessage    │ text behind it
 *    │   └──► FOREIGN ────────────┘                                  ▼                         ▼
 *    │          │ its end tag, <?xml, or <AuditMessage             message (cut)              JUNK ──► message
 *    └──► JUNK  ▼                                                                               line end, or a message
 *             message (both to be refused)
 *
 * Between `next` and the tokens all is counted in characters, of one byte or, in UTF-16, of two (xml_width.h). Where
 * the width changes, what is open ends as at the end of the input. */
#include "ingest/framing/framing.h"

#include "ingest/message/words.h"

enum { BETWEEN, JUNK, FOREIGN, INSIDE, CLOSED };

static const char row[] = "{\"input\":";

/* It does not end before `end`: its beginning is text, and what stands in it is looked at after all. */
static void reveal(struct framing *framing, size_t end)
{
	struct framing_xml *xml = &framing->xml;
	framing->at = xml->scan.token;
	xml->scan.futile = end;
	xml_scan_reset(&xml->scan);
}

static uint8_t unit(const struct framing *framing, struct bytes input, size_t at)
{
	const struct xml_turns *turns = &framing->xml.turns;
	return turns->width == XML_BYTES ? input.data[at] : xml_turns_unit(turns, input, at);
}

/* ---- pieces ---- */

static bool give(struct framing *framing, enum framing_kind kind, struct bytes input, size_t len, bool cut,
	struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	if (kind == FRAMING_BETWEEN)
		framing_give(framing, kind, input, len, out);
	else {
		while (!framing->is_long && len > 0 && words_blank(unit(framing, input, len - 1)))
			len--;
		framing_end_message(framing, input, len, cut, out);
	}
	bool declared = xml->start != SIZE_MAX;
	out->encoded = kind == FRAMING_MESSAGE && xml->wrappers > 0 && xml->wrapped_encoded && !declared;
	framing->state = BETWEEN;
	xml->scan.futile = xml->scan.futile > out->text.len ? xml->scan.futile - out->text.len : 0;
	xml_scan_reset(&xml->scan);
	xml->start = SIZE_MAX;
	xml->opened = false;
	xml->row = false;
	xml->behind = false;
	return true;
}

/* What stands before the token, which something begins with. */
static bool give_between(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	return give(framing, FRAMING_BETWEEN, input, framing->xml.scan.token, false, out);
}

/* ---- the machine ---- */

static bool begins_message(const struct framing_xml *xml, enum xml_token token)
{
	return token == TOKEN_MESSAGE || ((token == TOKEN_START || token == TOKEN_EMPTY) && xml->scan.message);
}

/* The start tag of a message at the start of the piece. */
static void enter(struct framing *framing, enum xml_token token)
{
	framing->state = INSIDE;
	framing->xml.opened = token != TOKEN_MESSAGE;
}

/* A declaration ends here. */
static void note_encoding(struct framing *framing, struct bytes input)
{
	struct framing_xml *xml = &framing->xml;
	char text[XML_SCAN_NAME_MAX * 2];
	size_t len = 0;
	for (size_t at = xml->scan.token; at < framing->at && len < sizeof text - 1; at++)
		text[len++] = (char)unit(framing, input, at);
	text[len] = '\0';
	xml->encoded = strcasestr(text, "encoding") != NULL && strcasestr(text, "utf-8") == NULL;
}

static bool between(struct framing *framing, struct bytes input, enum xml_token token, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	if (begins_message(xml, token)) {
		if (xml->start == SIZE_MAX && xml->scan.token > 0)
			return give_between(framing, input, out);
		enter(framing, token);
		return false;
	}
	if (token == TOKEN_ASIDE && xml->scan.declared)
		note_encoding(framing, input);
	if (token == TOKEN_END && xml->wrappers > 0 && !xml->scan.message) {
		xml->wrappers--;
		return give(framing, FRAMING_BETWEEN, input, framing->at, false, out);
	}
	if (token == TOKEN_NONE || token == TOKEN_BLANK || token == TOKEN_ASIDE ||
		(token == TOKEN_DOCTYPE && xml->start != SIZE_MAX))
		return false;
	if (xml->scan.token > 0) /* all others begin something */
		return give_between(framing, input, out);
	if (token == TOKEN_DECLARATION || token == TOKEN_DOCTYPE) {
		xml->start = 0;
	} else if (token == TOKEN_START) {
		framing->state = FOREIGN;
		xml->only_starts = true;
		xml->depth = 1;
	} else if (token == TOKEN_TEXT) {
		framing->state = JUNK;
	} else {
		framing->state = CLOSED;
		xml->end = framing->at;
	}
	return false;
}

/* To the end of its line, unless a message begins before: text before a message costs only itself. */
static bool junk(struct framing *framing, struct bytes input, enum xml_token token, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	if (unit(framing, input, framing->at - 1) == '\n')
		return give(framing, FRAMING_MESSAGE, input, framing->at - 1, false, out);
	bool begins = begins_message(xml, token) || token == TOKEN_DECLARATION;
	if (begins && xml->behind && !framing->is_long)
		return give(framing, FRAMING_MESSAGE, input, xml->end, false, out);
	if (begins && !xml->row && (xml->scan.token > 0 || framing->is_long))
		return give(framing, FRAMING_MESSAGE, input, xml->scan.token, false, out);
	return false;
}

static bool foreign(struct framing *framing, struct bytes input, enum xml_token token, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	bool begins = begins_message(xml, token) || token == TOKEN_DECLARATION;
	if (begins) { /* their end tags do not spoil what they are around, also when they hold something else as well */
		bool wrapper = xml->only_starts && !framing->is_long;
		xml->wrapped_encoded = xml->encoded;
		xml->wrappers += xml->depth;
		return give(framing, wrapper ? FRAMING_BETWEEN : FRAMING_MESSAGE, input, xml->scan.token, !wrapper, out);
	}
	bool harmless = token == TOKEN_NONE || token == TOKEN_BLANK || token == TOKEN_ASIDE || token == TOKEN_START;
	xml->only_starts &= harmless;
	xml->depth += token == TOKEN_START;
	if (token == TOKEN_END && --xml->depth == 0) {
		framing->state = CLOSED;
		xml->end = framing->at;
	}
	return false;
}

/* Its own end tag ends it, or where another message begins; whether what is between is well-formed its reader sees. */
static bool inside(struct framing *framing, struct bytes input, enum xml_token token, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	bool own = !xml->opened && (token == TOKEN_START || token == TOKEN_EMPTY) && xml->scan.message;
	if (!own && (begins_message(xml, token) || token == TOKEN_DECLARATION))
		return give(framing, FRAMING_MESSAGE, input, xml->scan.token, true, out);
	xml->opened |= own;
	if ((token == TOKEN_END && xml->scan.message) || (own && token == TOKEN_EMPTY)) {
		framing->state = CLOSED;
		xml->end = framing->at;
	}
	return false;
}

/* Whether the end tag at `at` closes nothing: no wrapper is open, or it is that of a message. */
static bool is_stray(const struct framing *framing, struct bytes input, size_t at, enum framing_more more, bool *wait)
{
	char name[XML_SCAN_NAME_MAX];
	size_t len = 0;
	size_t end = at + 2;
	if (input.len - at < 2 || unit(framing, input, at + 1) != '/') {
		*wait = input.len - at < 2 && more == FRAMING_MORE;
		return false;
	}
	for (; end < input.len && end - at < XML_SCAN_NAME_MAX; end++) {
		uint8_t c = unit(framing, input, end);
		if (!xml_name_char(c) && c != ':')
			break;
		name[len] = (char)c;
		len = c == ':' ? 0 : len + 1;
	}
	*wait = framing->xml.wrappers > 0 && end == input.len && more == FRAMING_MORE;
	return framing->xml.wrappers == 0 || bytes_equal(bytes_of(name, len), BYTES_LITERAL(XML_SCAN_ROOT));
}

/* What stands behind the end on its line decides whether it is one: nothing, or another one, or something else and
 * another one. Something else alone spoils it. */
static bool closed(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	while (framing->at < input.len && framing->at - xml->end < framing->max) {
		uint8_t c = unit(framing, input, framing->at);
		bool wait = false;
		bool stray = c == '<' && is_stray(framing, input, framing->at, more, &wait);
		if (wait)
			return false;
		if (c == '\n' || c == 0xEF || (c == '<' && !stray))
			break;
		if (stray || !words_blank(c)) {
			framing->state = JUNK;
			xml->behind = true;
			return false;
		}
		framing->at++;
	}
	if (framing->at == input.len && more == FRAMING_MORE && framing->at - xml->end < framing->max)
		return false;
	return give(framing, FRAMING_MESSAGE, input, framing->is_long ? framing->at : xml->end, false, out);
}

/* A line of refused messages may hold messages, as text. */
static bool begins_row(struct framing *framing, struct bytes input, enum framing_more more, bool *wait)
{
	size_t have = input.len - framing->at;
	size_t wanted = sizeof row - 1;
	bool same = true;
	for (size_t i = 0; i < wanted && i < have && same; i++)
		same = unit(framing, input, framing->at + i) == (uint8_t)row[i];
	*wait = same && have < wanted && more != FRAMING_ENDED;
	return same && have >= wanted;
}

/* A tag that another one interrupts is text. */
static bool interrupted(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	xml->only_starts = false;
	xml->opened = true; /* what comes is not the end of the message's own start tag */
	if (framing->state != BETWEEN)
		return false;
	if (xml->scan.token > 0)
		return give_between(framing, input, out);
	framing->state = JUNK;
	return false;
}

static bool step(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	static bool (*const states[])(struct framing *, struct bytes, enum xml_token, struct framing_piece *) = {
		[BETWEEN] = between, [JUNK] = junk, [FOREIGN] = foreign, [INSIDE] = inside};
	struct framing_xml *xml = &framing->xml;
	uint8_t c = unit(framing, input, framing->at);
	if (c == '<' && xml_scan_in_tag(&xml->scan) && interrupted(framing, input, out))
		return true;
	if (c == '<' && xml_scan_doubled(&xml->scan)) {
		if (framing->at - xml->scan.token >= DOUBLED_MAX && interrupted(framing, input, out))
			return true;
		if (framing->state != BETWEEN)
			xml->scan.token = framing->at; /* the one before belongs to what is open */
	}
	size_t at = framing->at++;
	enum xml_token token = xml_scan_feed(&xml->scan, c, at);
	if (token == TOKEN_REOPENED) {
		reveal(framing, at - 4);
		return false;
	}
	return states[framing->state](framing, input, token, out);
}

enum look { LOOK_ON, LOOK_AGAIN, LOOK_WAIT, LOOK_GIVEN };

/* Byte order marks and rows, which are no XML. */
static enum look look(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	if (framing->state != BETWEEN || !xml_scan_in_text(&framing->xml.scan))
		return LOOK_ON;
	bool wait = false;
	bool wide = framing->xml.turns.width != XML_BYTES;
	size_t mark = wide ? unit(framing, input, framing->at) == 0xEF : framing_mark(input, framing->at, more);
	if (mark == SIZE_MAX)
		return LOOK_WAIT;
	framing->at += mark;
	framing->xml.turns.sure |= mark > 0;
	if (mark > 0)
		return LOOK_AGAIN;
	if (!begins_row(framing, input, more, &wait))
		return wait ? LOOK_WAIT : LOOK_ON;
	if (framing->at > 0) {
		give(framing, FRAMING_BETWEEN, input, framing->at, false, out);
		return LOOK_GIVEN;
	}
	framing->state = JUNK;
	framing->xml.row = true;
	return LOOK_ON;
}

/* Up to where it is known, between messages, that nothing begins before `at`. */
static size_t decided(const struct framing_xml *xml, size_t at)
{
	return xml_scan_in_text(&xml->scan) ? at : xml->scan.token;
}

static bool end_of_input(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	if (framing->state == BETWEEN && decided(xml, input.len) > 0)
		return give(framing, FRAMING_BETWEEN, input, decided(xml, input.len), false, out);
	bool cut = framing->state == INSIDE || framing->state == FOREIGN;
	return give(framing, FRAMING_MESSAGE, input, input.len, cut, out);
}

/* Longer than the limit: all but a token that may turn out to begin a message is given out. */
static bool give_part(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	if (framing->state == BETWEEN && decided(xml, framing->at) > 0)
		return give(framing, FRAMING_BETWEEN, input, decided(xml, framing->at), false, out);
	if (framing->state == BETWEEN)
		framing->state = JUNK;
	bool doubtful = xml_scan_undecided(&xml->scan);
	size_t safe = doubtful && framing->at - xml->scan.token <= framing->max ? xml->scan.token : framing->at;
	framing->is_long = true;
	if (safe == 0)
		return false;
	framing_give(framing, FRAMING_PART, input, safe, out);
	xml->scan.token -= xml->scan.token < safe ? xml->scan.token : safe;
	xml->end -= xml->end < safe ? xml->end : safe;
	xml->scan.futile -= xml->scan.futile < safe ? xml->scan.futile : safe;
	return true;
}

/* Before a byte: true if a piece must be given because of the limit. */
static bool limit(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	if (xml_scan_hides(&xml->scan) && framing->at - xml->scan.token >= framing->max)
		reveal(framing, framing->at);
	else if (framing->at >= framing->max && !framing->is_long)
		return give_part(framing, input, out);
	return false;
}

/* Goes on until a piece is given, or the input is used up. */
static bool run(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	while (framing->at < input.len) {
		if (framing->state == CLOSED && (closed(framing, input, more, out) || framing->state == CLOSED))
			return out->kind != FRAMING_NOTHING;
		enum look found = look(framing, input, more, out);
		if (found == LOOK_AGAIN)
			continue;
		if (found != LOOK_ON)
			return found == LOOK_GIVEN;
		if (limit(framing, input, out) || step(framing, input, out))
			return true;
	}
	return framing->state == CLOSED && closed(framing, input, more, out);
}

/* Of an input that is in one width. */
static bool next(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	if (run(framing, input, more, out))
		return true;
	while (more == FRAMING_ENDED && xml_scan_hides(&framing->xml.scan)) {
		reveal(framing, input.len);
		if (run(framing, input, more, out))
			return true;
	}
	if (framing->at < input.len || framing->state == CLOSED)
		return false;
	if (more == FRAMING_ENDED)
		return end_of_input(framing, input, out);
	if (more == FRAMING_IDLE && framing->state == JUNK && framing->xml.behind && !framing->is_long)
		return give(framing, FRAMING_MESSAGE, input, framing->xml.end, false, out);
	return framing->is_long && framing->at > 0 && give_part(framing, input, out);
}

bool framing_xml_next(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	struct xml_turns *turns = &framing->xml.turns;
	enum xml_width width;
	bool turn;
	while (
		(turn = xml_turns_look(turns, input, more == FRAMING_ENDED, &width)) && turns->seen == 0 && !framing->is_long)
		xml_turns_take(turns, width);
	more = turn ? FRAMING_ENDED : more;
	size_t size = turns->width == XML_BYTES ? 1 : 2;
	size_t rest = more == FRAMING_ENDED ? turns->seen % size : 0;
	turns->half = rest > 0;
	if (!next(framing, bytes_of(input.data, turns->seen / size + rest), more, out))
		return false;
	out->text.len = out->text.len * size - (out->text.len * size > turns->seen);
	out->encoded &= size == 1;
	out->width = turns->width;
	out->sure = turns->sure;
	xml_turns_gave(turns, out->text, turn);
	return true;
}
