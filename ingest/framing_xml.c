/* Framing of DICOM audit messages in XML: a lexer, which gives a token at a time, and over it
 *
 *              <AuditMessage, with the declaration before it           its end tag           line end, '<', idle
 *   BETWEEN ───────────────────────────────────────────────► INSIDE ──────────────► CLOSED ─────────────────► message
 *    │   │ another element        │ <AuditMessage: it was a wrapper  │ <?xml, <AuditMessage    │ text behind it
 *    │   └──► FOREIGN ────────────┘                                  ▼                         ▼
 *    │          │ its end tag, <?xml, or <AuditMessage             message (cut)              JUNK ──► message
 *    └──► JUNK  ▼                                                                               line end, or a message
 *             message (both to be refused)
 *
 * A '<' within a tag or an attribute is not allowed in XML, so one begins a new tag, whatever was open. */
#include "ingest/framing.h"

#include <string.h>

enum { BETWEEN, JUNK, FOREIGN, INSIDE, CLOSED };

enum {
	TEXT,
	LESS,     /* '<' */
	BANG,     /* "<!" */
	COMMENT,  /* to "-->" */
	CDATA,    /* to "]]>" */
	DOCTYPE,  /* to '>' outside brackets */
	TARGET,   /* "<?" and a name */
	PI,       /* to "?>" */
	END_NAME, /* "</" and a name */
	END,
	NAME, /* '<' and a name */
	TAG,
	QUOTE
};

enum token {
	TOKEN_NONE,
	TOKEN_BLANK,
	TOKEN_TEXT,
	TOKEN_MESSAGE,     /* "<AuditMessage" was read, the tag goes on */
	TOKEN_DECLARATION, /* "<?xml" was read */
	TOKEN_START,
	TOKEN_EMPTY, /* "<a/>" */
	TOKEN_END,
	TOKEN_ASIDE, /* a comment, a processing instruction */
	TOKEN_CDATA,
	TOKEN_DOCTYPE
};

#define NAME_LOOKED_AT_MAX 64u /* longer ones are none that is looked for */

#define DOUBLED_MAX 8u /* so many '<' spoil the message behind them; more are text */
#define ROOT "AuditMessage"

static const char root[] = ROOT;
static const char row[] = "{\"input\":";

/* ---- lexer ---- */

static bool name_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
		   c == '.' || c >= 0x80;
}

static bool name_start(uint8_t c)
{
	return name_char(c) && !(c >= '0' && c <= '9') && c != '-' && c != '.';
}

/* One byte of a name: its local part is compared with `word`. */
static void match(struct framing_xml *xml, uint8_t c, const char *word)
{
	if (c == ':')
		xml->matched = 0;
	else if (xml->matched <= strlen(word) && c == (uint8_t)word[xml->matched])
		xml->matched++;
	else
		xml->matched = UINT8_MAX;
}

static enum token begin_token(struct framing_xml *xml, size_t at)
{
	xml->mode = LESS;
	xml->token = at;
	xml->matched = 0;
	xml->closing = false;
	xml->message = false;
	xml->declared = false;
	return TOKEN_NONE;
}

static enum token lex_less(struct framing_xml *xml, uint8_t c)
{
	if (c == '<')
		return TOKEN_NONE; /* doubled: it belongs to what follows, and spoils that */
	xml->mode = c == '/' ? END_NAME : c == '!' ? BANG : c == '?' ? TARGET : name_start(c) ? NAME : TEXT;
	if (xml->mode == NAME)
		match(xml, c, root);
	return xml->mode == TEXT ? TOKEN_TEXT : TOKEN_NONE;
}

static enum token end_tag(struct framing_xml *xml, enum token token)
{
	xml->mode = TEXT;
	return token;
}

static enum token lex_name(struct framing_xml *xml, uint8_t c, size_t at)
{
	if ((name_char(c) || c == ':') && at - xml->token < NAME_LOOKED_AT_MAX) {
		match(xml, c, root);
		return TOKEN_NONE;
	}
	xml->message = xml->matched == sizeof root - 1 && !name_char(c) && c != ':';
	if (c == '>')
		return end_tag(xml, TOKEN_START);
	xml->mode = TAG;
	xml->closing = c == '/';
	return xml->message ? TOKEN_MESSAGE : TOKEN_NONE;
}

static enum token lex_tag(struct framing_xml *xml, uint8_t c)
{
	if (c == '>')
		return end_tag(xml, xml->closing ? TOKEN_EMPTY : TOKEN_START);
	xml->closing = c == '/';
	if (c == '"' || c == '\'') {
		xml->mode = QUOTE;
		xml->quote = c;
	}
	return TOKEN_NONE;
}

static enum token lex_end_name(struct framing_xml *xml, uint8_t c)
{
	if (name_char(c) || c == ':') {
		match(xml, c, root);
		return TOKEN_NONE;
	}
	xml->message = xml->matched == sizeof root - 1;
	if (c == '>')
		return end_tag(xml, TOKEN_END);
	xml->mode = END;
	return TOKEN_NONE;
}

static void begin_aside(struct framing_xml *xml, uint8_t mode, size_t at)
{
	xml->mode = at < xml->futile ? TEXT : mode;
	xml->tail = 0;
	xml->brackets = 0;
}

static enum token lex_bang(struct framing_xml *xml, uint8_t c, size_t at)
{
	static const char comment[] = "--";
	static const char cdata[] = "[CDATA[";
	if (xml->matched == 0)
		xml->closing = c == '[';
	if (xml->matched == 0 && name_start(c)) {
		begin_aside(xml, DOCTYPE, at);
		return xml->mode == TEXT ? TOKEN_TEXT : TOKEN_NONE;
	}
	const char *word = xml->closing ? cdata : comment;
	match(xml, c, word);
	if (xml->matched == UINT8_MAX) {
		xml->mode = TEXT;
		return TOKEN_TEXT;
	}
	if (xml->matched == strlen(word))
		begin_aside(xml, xml->closing ? CDATA : COMMENT, at);
	return xml->mode == TEXT ? TOKEN_TEXT : TOKEN_NONE;
}

static enum token lex_target(struct framing_xml *xml, uint8_t c, size_t at)
{
	if (name_char(c) && at - xml->token < NAME_LOOKED_AT_MAX) {
		match(xml, c, "xml");
		return TOKEN_NONE;
	}
	xml->declared = xml->matched == 3 && framing_blank(c);
	begin_aside(xml, PI, at);
	if (xml->declared)
		xml->mode = PI; /* its end is not waited for: it holds no '<' */
	xml->tail = c == '?';
	return xml->declared ? TOKEN_DECLARATION : xml->mode == TEXT ? TOKEN_TEXT : TOKEN_NONE;
}

/* Sections that end with two equal bytes, or one, and '>'. */
static enum token lex_section(struct framing_xml *xml, uint8_t c, uint8_t mark, uint8_t count, enum token token)
{
	if (c == '>' && xml->tail >= count)
		return end_tag(xml, token);
	if (c != mark)
		xml->tail = 0;
	else if (xml->tail < count)
		xml->tail++;
	return TOKEN_NONE;
}

static enum token lex_doctype(struct framing_xml *xml, uint8_t c)
{
	if (c == '>' && xml->brackets == 0)
		return end_tag(xml, TOKEN_DOCTYPE);
	if (c == '[')
		xml->brackets++;
	else if (c == ']' && xml->brackets > 0)
		xml->brackets--;
	return TOKEN_NONE;
}

/* A '<' here ends what was open. */
static bool in_tag(const struct framing_xml *xml)
{
	return xml->mode == BANG || xml->mode == TARGET || xml->mode >= END_NAME || (xml->mode == PI && xml->declared);
}

static enum token lex(struct framing_xml *xml, uint8_t c, size_t at)
{
	if (c == '<' && (xml->mode == TEXT || in_tag(xml)))
		return begin_token(xml, at);
	switch (xml->mode) {
	case TEXT:
		xml->token = at;
		return framing_blank(c) ? TOKEN_BLANK : TOKEN_TEXT;
	case LESS:
		return lex_less(xml, c);
	case BANG:
		return lex_bang(xml, c, at);
	case COMMENT:
		return lex_section(xml, c, '-', 2, TOKEN_ASIDE);
	case CDATA:
		return lex_section(xml, c, ']', 2, TOKEN_CDATA);
	case PI:
		return lex_section(xml, c, '?', 1, TOKEN_ASIDE);
	case DOCTYPE:
		return lex_doctype(xml, c);
	case TARGET:
		return lex_target(xml, c, at);
	case END_NAME:
		return lex_end_name(xml, c);
	case END:
		return c == '>' ? end_tag(xml, TOKEN_END) : TOKEN_NONE;
	case NAME:
		return lex_name(xml, c, at);
	case TAG:
		return lex_tag(xml, c);
	default: /* QUOTE */
		xml->mode = c == xml->quote ? TAG : QUOTE;
		return TOKEN_NONE;
	}
}

/* Comments and the like hide what looks like a message, but only if they end. */
static bool hides(const struct framing_xml *xml)
{
	return xml->mode == COMMENT || xml->mode == CDATA || xml->mode == DOCTYPE || (xml->mode == PI && !xml->declared);
}

/* It does not end before `end`: its beginning is text, and what stands in it is looked at after all. */
static void reveal(struct framing *framing, size_t end)
{
	struct framing_xml *xml = &framing->xml;
	framing->at = xml->token;
	xml->futile = end;
	xml->mode = TEXT;
}

/* ---- pieces ---- */

static bool give(struct framing *framing, enum framing_kind kind, struct bytes input, size_t len, bool cut,
	struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	if (kind == FRAMING_BETWEEN)
		framing_give(framing, kind, input, len, out);
	else
		framing_give_message(framing, input, len, cut, out);
	bool declared = xml->start != SIZE_MAX;
	out->encoded = kind == FRAMING_MESSAGE && xml->wrappers > 0 && xml->wrapped_encoded && !declared;
	framing->state = BETWEEN;
	xml->futile = xml->futile > out->text.len ? xml->futile - out->text.len : 0;
	xml->mode = TEXT;
	xml->start = SIZE_MAX;
	xml->opened = false;
	xml->row = false;
	return true;
}

/* A message begins at the token: what stood before it is `kind`. */
static bool give_before(
	struct framing *framing, enum framing_kind kind, struct bytes input, size_t len, struct framing_piece *out)
{
	return give(framing, kind, input, len, kind != FRAMING_BETWEEN, out);
}

/* ---- the machine ---- */

static bool begins_message(const struct framing_xml *xml, enum token token)
{
	return token == TOKEN_MESSAGE || ((token == TOKEN_START || token == TOKEN_EMPTY) && xml->message);
}

/* The start tag of a message at the start of the piece. */
static void enter(struct framing *framing, enum token token)
{
	framing->state = INSIDE;
	framing->xml.opened = token != TOKEN_MESSAGE;
}

/* A declaration ends here. */
static void note_encoding(struct framing_xml *xml, struct bytes declaration)
{
	char text[NAME_LOOKED_AT_MAX * 2];
	size_t len = declaration.len < sizeof text ? declaration.len : sizeof text - 1;
	memcpy(text, declaration.data, len);
	text[len] = '\0';
	xml->encoded = strcasestr(text, "encoding") != NULL && strcasestr(text, "utf-8") == NULL;
}

static bool between(struct framing *framing, struct bytes input, enum token token, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	if (begins_message(xml, token)) {
		size_t start = xml->start != SIZE_MAX ? xml->start : xml->token;
		if (start > 0)
			return give_before(framing, FRAMING_BETWEEN, input, start, out);
		enter(framing, token);
		return false;
	}
	switch (token) {
	case TOKEN_DECLARATION:
	case TOKEN_DOCTYPE:
		if (xml->start != SIZE_MAX && token == TOKEN_DOCTYPE)
			return false;
		if (xml->token > 0)
			return give_before(framing, FRAMING_BETWEEN, input, xml->token, out);
		xml->start = 0;
		return false;
	case TOKEN_START:
		if (xml->token > 0)
			return give_before(framing, FRAMING_BETWEEN, input, xml->token, out);
		framing->state = FOREIGN;
		xml->only_starts = true;
		xml->depth = 1;
		return false;
	case TOKEN_END:
		if (xml->wrappers > 0 && !xml->message) {
			xml->wrappers--;
			return give(framing, FRAMING_BETWEEN, input, framing->at, false, out);
		}
		/* fall through */
	case TOKEN_EMPTY:
	case TOKEN_CDATA:
		if (xml->token > 0)
			return give_before(framing, FRAMING_BETWEEN, input, xml->token, out);
		framing->state = CLOSED;
		xml->end = framing->at;
		return false;
	case TOKEN_TEXT:
		if (xml->token > 0)
			return give_before(framing, FRAMING_BETWEEN, input, xml->token, out);
		framing->state = JUNK;
		return false;
	case TOKEN_ASIDE:
		if (xml->declared)
			note_encoding(xml, bytes_of(input.data + xml->token, framing->at - xml->token));
		return false;
	default:
		return false;
	}
}

static bool junk(struct framing *framing, struct bytes input, enum token token, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	if (input.data[framing->at - 1] == '\n')
		return give(framing, FRAMING_MESSAGE, input, framing->at - 1, false, out);
	bool begins = begins_message(xml, token) || token == TOKEN_DECLARATION;
	if (begins && !xml->row && (xml->token > 0 || framing->is_long))
		return give(framing, FRAMING_MESSAGE, input, xml->token, false, out);
	return false;
}

static bool foreign(struct framing *framing, struct bytes input, enum token token, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	bool begins = begins_message(xml, token) || token == TOKEN_DECLARATION;
	if (begins && xml->only_starts && !framing->is_long) {
		xml->wrapped_encoded = xml->encoded;
		xml->wrappers += xml->depth;
		return give(framing, FRAMING_BETWEEN, input, xml->token, false, out);
	}
	if (begins)
		return give(framing, FRAMING_MESSAGE, input, xml->token, true, out);
	bool harmless = token == TOKEN_NONE || token == TOKEN_BLANK || token == TOKEN_ASIDE || token == TOKEN_START;
	xml->only_starts &= harmless;
	xml->depth += token == TOKEN_START;
	if (token == TOKEN_END && --xml->depth == 0) {
		framing->state = CLOSED;
		xml->end = framing->at;
	}
	return false;
}

static bool inside(struct framing *framing, struct bytes input, enum token token, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	bool own = !xml->opened && (token == TOKEN_START || token == TOKEN_EMPTY) && xml->message;
	if (!own && (begins_message(xml, token) || token == TOKEN_DECLARATION))
		return give(framing, FRAMING_MESSAGE, input, xml->token, true, out);
	xml->opened |= own;
	if ((token == TOKEN_END && xml->message) || (own && token == TOKEN_EMPTY)) {
		framing->state = CLOSED;
		xml->end = framing->at;
	}
	return false;
}

/* Whether the end tag at `at` closes nothing: no wrapper is open, or it is that of a message. */
static bool is_stray(const struct framing *framing, struct bytes input, size_t at, enum framing_more more, bool *wait)
{
	size_t start = at + 2;
	size_t end = start;
	if (input.len - at < 2 || input.data[at + 1] != '/') {
		*wait = input.len - at < 2 && more == FRAMING_MORE;
		return false;
	}
	while (end < input.len && end - at < NAME_LOOKED_AT_MAX && (name_char(input.data[end]) || input.data[end] == ':')) {
		start = input.data[end] == ':' ? end + 1 : start;
		end++;
	}
	*wait = framing->xml.wrappers > 0 && end == input.len && more == FRAMING_MORE;
	return framing->xml.wrappers == 0 || bytes_equal(bytes_of(input.data + start, end - start), BYTES_LITERAL(ROOT));
}

/* What stands behind the end on its line decides whether it is one. */
static bool closed(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	while (framing->at < input.len && framing->at - xml->end < framing->max) {
		uint8_t c = input.data[framing->at];
		bool wait = false;
		bool stray = c == '<' && is_stray(framing, input, framing->at, more, &wait);
		if (wait)
			return false;
		if (c == '\n' || c == 0xEF || (c == '<' && !stray))
			break;
		if (stray || !framing_blank(c)) {
			framing->state = JUNK;
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
	bool same = memcmp(input.data + framing->at, row, have < wanted ? have : wanted) == 0;
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
	if (xml->token > 0)
		return give_before(framing, FRAMING_BETWEEN, input, xml->token, out);
	framing->state = JUNK;
	return false;
}

static bool step(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	static bool (*const states[])(struct framing *, struct bytes, enum token, struct framing_piece *) = {
		[BETWEEN] = between, [JUNK] = junk, [FOREIGN] = foreign, [INSIDE] = inside};
	struct framing_xml *xml = &framing->xml;
	uint8_t c = input.data[framing->at];
	if (c == '<' && in_tag(xml) && interrupted(framing, input, out))
		return true;
	if (c == '<' && xml->mode == LESS) {
		if (framing->at - xml->token >= DOUBLED_MAX && interrupted(framing, input, out))
			return true;
		if (framing->state != BETWEEN)
			xml->token = framing->at; /* the one before belongs to what is open */
	}
	size_t at = framing->at++;
	enum token token = lex(xml, c, at);
	return states[framing->state](framing, input, token, out);
}

enum look { LOOK_ON, LOOK_AGAIN, LOOK_WAIT, LOOK_GIVEN };

/* Byte order marks and rows, which are no XML. */
static enum look look(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	if (framing->state != BETWEEN || framing->xml.mode != TEXT)
		return LOOK_ON;
	bool wait = false;
	size_t mark = framing_mark(input, framing->at, more);
	if (mark == SIZE_MAX)
		return LOOK_WAIT;
	framing->at += mark;
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

static bool end_of_input(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	if (framing->state == BETWEEN && (xml->mode == TEXT || xml->token > 0))
		return give(framing, FRAMING_BETWEEN, input, xml->mode == TEXT ? input.len : xml->token, false, out);
	bool cut = framing->state == INSIDE || framing->state == FOREIGN;
	return give(framing, FRAMING_MESSAGE, input, input.len, cut, out);
}

/* Longer than the limit: all but a token that may turn out to begin a message is given out. */
static bool give_part(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	if (framing->state == BETWEEN && (xml->mode == TEXT || xml->token > 0))
		return give(framing, FRAMING_BETWEEN, input, xml->mode == TEXT ? framing->at : xml->token, false, out);
	if (framing->state == BETWEEN)
		framing->state = JUNK;
	bool doubtful = xml->mode == LESS || xml->mode == NAME || xml->mode == BANG || xml->mode == TARGET || hides(xml);
	size_t safe = doubtful && framing->at - xml->token <= framing->max ? xml->token : framing->at;
	framing->is_long = true;
	if (safe == 0)
		return false;
	framing_give(framing, FRAMING_PART, input, safe, out);
	xml->token -= xml->token < safe ? xml->token : safe;
	xml->end -= xml->end < safe ? xml->end : safe;
	xml->futile -= xml->futile < safe ? xml->futile : safe;
	return true;
}

/* Before a byte: true if a piece must be given because of the limit. */
static bool limit(struct framing *framing, struct bytes input, struct framing_piece *out)
{
	struct framing_xml *xml = &framing->xml;
	if (hides(xml) && framing->at - xml->token >= framing->max)
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

bool framing_xml_next(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	if (run(framing, input, more, out))
		return true;
	while (more == FRAMING_ENDED && hides(&framing->xml)) {
		reveal(framing, input.len);
		if (run(framing, input, more, out))
			return true;
	}
	if (framing->at < input.len || framing->state == CLOSED)
		return false;
	if (more == FRAMING_ENDED)
		return end_of_input(framing, input, out);
	return framing->is_long && framing->at > 0 && give_part(framing, input, out);
}
