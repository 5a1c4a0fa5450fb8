/* A machine of thirteen modes; nothing is kept but how much of a name has been matched.
 *
 *   TEXT ─'<'─► LESS ─┬─ name ─► NAME ─► TAG ◄─► QUOTE          '>' ends a tag; QUOTE, COMMENT, CDATA,
 *                     ├─ '/'  ─► END_NAME ─► END                DOCTYPE and PI have ends of their own
 *                     ├─ '!'  ─► BANG ─► COMMENT, CDATA, DOCTYPE
 *                     └─ '?'  ─► TARGET ─► PI
 *
 * A comment or the like that never ends would hide every message behind it. The caller finds out that it does not end,
 * sets `futile`, and goes over it again: then it is text. So does one that ends in the comment of a later message. */
#include "ingest/framing/xml_scan.h"

#include "ingest/message/words.h"

#include <string.h>

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

static const char root[] = XML_SCAN_ROOT;
static const char opening[] = "<!--";

bool xml_name_char(uint8_t c)
{
	return words_letter(c) || words_digit(c) || c == '_' || c == '-' || c == '.' || c >= 0x80;
}

static bool name_start(uint8_t c)
{
	return xml_name_char(c) && !words_digit(c) && c != '-' && c != '.';
}

/* One byte of a name: its local part is compared with `word`. */
static void match(struct xml_scan *scan, uint8_t c, const char *word)
{
	if (c == ':')
		scan->matched = 0;
	else if (scan->matched <= strlen(word) && c == (uint8_t)word[scan->matched])
		scan->matched++;
	else
		scan->matched = UINT8_MAX;
}

static enum xml_token begin_token(struct xml_scan *scan, size_t at)
{
	scan->mode = LESS;
	scan->token = at;
	scan->matched = 0;
	scan->closing = false;
	scan->message = false;
	scan->declared = false;
	return TOKEN_NONE;
}

static enum xml_token lex_less(struct xml_scan *scan, uint8_t c)
{
	if (c == '<')
		return TOKEN_NONE; /* doubled: it belongs to what follows, and spoils that */
	scan->mode = c == '/' ? END_NAME : c == '!' ? BANG : c == '?' ? TARGET : name_start(c) ? NAME : TEXT;
	if (scan->mode == NAME)
		match(scan, c, root);
	return scan->mode == TEXT ? TOKEN_TEXT : TOKEN_NONE;
}

static enum xml_token end_tag(struct xml_scan *scan, enum xml_token token)
{
	scan->mode = TEXT;
	return token;
}

static enum xml_token lex_name(struct xml_scan *scan, uint8_t c, size_t at)
{
	if ((xml_name_char(c) || c == ':') && at - scan->token < XML_SCAN_NAME_MAX) {
		match(scan, c, root);
		return TOKEN_NONE;
	}
	scan->message = scan->matched == sizeof root - 1 && !xml_name_char(c) && c != ':';
	if (c == '>')
		return end_tag(scan, TOKEN_START);
	scan->mode = TAG;
	scan->closing = c == '/';
	return scan->message ? TOKEN_MESSAGE : TOKEN_NONE;
}

static enum xml_token lex_tag(struct xml_scan *scan, uint8_t c)
{
	if (c == '>')
		return end_tag(scan, scan->closing ? TOKEN_EMPTY : TOKEN_START);
	scan->closing = c == '/';
	if (c == '"' || c == '\'') {
		scan->mode = QUOTE;
		scan->quote = c;
	}
	return TOKEN_NONE;
}

static enum xml_token lex_end_name(struct xml_scan *scan, uint8_t c)
{
	if (xml_name_char(c) || c == ':') {
		match(scan, c, root);
		return TOKEN_NONE;
	}
	scan->message = scan->matched == sizeof root - 1;
	if (c == '>')
		return end_tag(scan, TOKEN_END);
	scan->mode = END;
	return TOKEN_NONE;
}

static void begin_aside(struct xml_scan *scan, uint8_t mode, size_t at)
{
	scan->mode = at < scan->futile ? TEXT : mode;
	scan->tail = 0;
	scan->matched = 0;
	scan->brackets = 0;
}

static enum xml_token lex_bang(struct xml_scan *scan, uint8_t c, size_t at)
{
	static const char comment[] = "--";
	static const char cdata[] = "[CDATA[";
	if (scan->matched == 0)
		scan->closing = c == '[';
	if (scan->matched == 0 && name_start(c)) {
		begin_aside(scan, DOCTYPE, at);
		return scan->mode == TEXT ? TOKEN_TEXT : TOKEN_NONE;
	}
	const char *word = scan->closing ? cdata : comment;
	match(scan, c, word);
	if (scan->matched == UINT8_MAX) {
		scan->mode = TEXT;
		return TOKEN_TEXT;
	}
	if (scan->matched == strlen(word))
		begin_aside(scan, scan->closing ? CDATA : COMMENT, at);
	return scan->mode == TEXT ? TOKEN_TEXT : TOKEN_NONE;
}

static enum xml_token lex_target(struct xml_scan *scan, uint8_t c, size_t at)
{
	if (xml_name_char(c) && at - scan->token < XML_SCAN_NAME_MAX) {
		match(scan, c, "xml");
		return TOKEN_NONE;
	}
	scan->declared = scan->matched == 3 && words_blank(c);
	begin_aside(scan, PI, at);
	if (scan->declared)
		scan->mode = PI; /* its end is not waited for: it holds no '<' */
	scan->tail = c == '?';
	return scan->declared ? TOKEN_DECLARATION : scan->mode == TEXT ? TOKEN_TEXT : TOKEN_NONE;
}

/* Sections that end with two equal bytes, or one, and '>'. */
static enum xml_token lex_section(struct xml_scan *scan, uint8_t c, uint8_t mark, uint8_t count, enum xml_token token)
{
	if (c == '>' && scan->tail >= count)
		return end_tag(scan, token);
	if (c != mark)
		scan->tail = 0;
	else if (scan->tail < count)
		scan->tail++;
	return TOKEN_NONE;
}

/* "--" has no place in a comment. Alone it is a slip; as the beginning of another one it says that this one was cut
 * off. In "<!-->" it may be the end. */
static enum xml_token lex_comment(struct xml_scan *scan, uint8_t c)
{
	if (scan->matched == sizeof opening - 1 && c != '>')
		return TOKEN_REOPENED;
	if (scan->matched < sizeof opening - 1 && c == (uint8_t)opening[scan->matched])
		scan->matched++;
	else
		scan->matched = c == '<';
	return lex_section(scan, c, '-', 2, TOKEN_ASIDE);
}

static enum xml_token lex_doctype(struct xml_scan *scan, uint8_t c)
{
	if (c == '>' && scan->brackets == 0)
		return end_tag(scan, TOKEN_DOCTYPE);
	if (c == '[')
		scan->brackets++;
	else if (c == ']' && scan->brackets > 0)
		scan->brackets--;
	return TOKEN_NONE;
}

bool xml_scan_in_tag(const struct xml_scan *scan)
{
	return scan->mode == BANG || scan->mode == TARGET || scan->mode >= END_NAME || (scan->mode == PI && scan->declared);
}

enum xml_token xml_scan_feed(struct xml_scan *scan, uint8_t c, size_t at)
{
	if (c == '<' && (scan->mode == TEXT || xml_scan_in_tag(scan)))
		return begin_token(scan, at);
	switch (scan->mode) {
	case TEXT:
		scan->token = at;
		return words_blank(c) ? TOKEN_BLANK : TOKEN_TEXT;
	case LESS:
		return lex_less(scan, c);
	case BANG:
		return lex_bang(scan, c, at);
	case COMMENT:
		return lex_comment(scan, c);
	case CDATA:
		return lex_section(scan, c, ']', 2, TOKEN_CDATA);
	case PI:
		return lex_section(scan, c, '?', 1, TOKEN_ASIDE);
	case DOCTYPE:
		return lex_doctype(scan, c);
	case TARGET:
		return lex_target(scan, c, at);
	case END_NAME:
		return lex_end_name(scan, c);
	case END:
		return c == '>' ? end_tag(scan, TOKEN_END) : TOKEN_NONE;
	case NAME:
		return lex_name(scan, c, at);
	case TAG:
		return lex_tag(scan, c);
	default: /* QUOTE */
		scan->mode = c == scan->quote ? TAG : QUOTE;
		return TOKEN_NONE;
	}
}

bool xml_scan_hides(const struct xml_scan *scan)
{
	return scan->mode == COMMENT || scan->mode == CDATA || scan->mode == DOCTYPE ||
		   (scan->mode == PI && !scan->declared);
}

bool xml_scan_in_text(const struct xml_scan *scan)
{
	return scan->mode == TEXT;
}

bool xml_scan_doubled(const struct xml_scan *scan)
{
	return scan->mode == LESS;
}

bool xml_scan_undecided(const struct xml_scan *scan)
{
	return scan->mode == LESS || scan->mode == NAME || scan->mode == BANG || scan->mode == TARGET ||
		   xml_scan_hides(scan);
}

void xml_scan_reset(struct xml_scan *scan)
{
	scan->mode = TEXT;
}
