/* A machine of nine modes and a stack of one bit for each open bracket, so that a byte costs the same at any depth.
 *
 *   VALUE ─► (string, word, bracket) ─► AFTER ─► ',' ─► VALUE in an array, NAME in an object ─► COLON ─► VALUE
 *
 * Only the first bytes of a string are kept, enough to know the few names that framing needs; one with an escape in it
 * is none of them. Nested deeper than the stack is broken, like what is no JSON. */
#include "ingest/framing/json_scan.h"

#include "ingest/message/words.h"

#include <string.h>

enum {
	VALUE,        /* must come */
	VALUE_OR_END, /* behind '[' */
	NAME,         /* behind a comma in an object */
	NAME_OR_END,  /* behind '{' */
	COLON,
	AFTER, /* a value: comma or bracket */
	STRING,
	ESCAPE, /* behind a backslash in a string */
	WORD    /* number, true, false, null */
};

void json_scan_begin(struct json_scan *scan)
{
	scan->mode = VALUE;
	scan->depth = 0;
	scan->name = JSON_OTHER;
	scan->typed = false;
}

bool json_scan_wants_value(const struct json_scan *scan)
{
	return scan->mode == VALUE || scan->mode == VALUE_OR_END;
}

bool json_scan_in_object(const struct json_scan *scan)
{
	uint32_t top = scan->depth - 1;
	return scan->depth > 0 && (scan->objects[top / 8] >> (top % 8) & 1) != 0;
}

static enum json_scan_result broken_unless(bool good)
{
	return good ? JSON_OPEN : JSON_BROKEN;
}

/* One bit tells which bracket closes it, and what may stand behind a comma. */
static enum json_scan_result open_bracket(struct json_scan *scan, bool object)
{
	uint32_t top = scan->depth;
	if (top == JSON_SCAN_DEPTH_MAX)
		return JSON_BROKEN;
	uint8_t bit = (uint8_t)(1u << (top % 8));
	scan->objects[top / 8] = (uint8_t)(object ? scan->objects[top / 8] | bit : scan->objects[top / 8] & ~bit);
	scan->depth++;
	scan->mode = object ? NAME_OR_END : VALUE_OR_END;
	return JSON_OPEN;
}

static enum json_scan_result close_bracket(struct json_scan *scan, bool object)
{
	if (scan->depth == 0 || json_scan_in_object(scan) != object)
		return JSON_BROKEN;
	scan->mode = AFTER;
	return --scan->depth == 0 ? JSON_DONE : JSON_OPEN;
}

/* ---- strings ---- */

static void begin_string(struct json_scan *scan, bool name)
{
	scan->mode = STRING;
	scan->in_name = name;
	scan->kept = 0;
}

static void keep(struct json_scan *scan, uint8_t c)
{
	if (scan->kept < JSON_SCAN_TEXT_BYTES)
		scan->text[scan->kept] = (char)c;
	if (scan->kept <= JSON_SCAN_TEXT_BYTES)
		scan->kept++;
}

static bool is(const struct json_scan *scan, const char *word)
{
	return scan->kept == strlen(word) && memcmp(scan->text, word, scan->kept) == 0;
}

static void end_string(struct json_scan *scan)
{
	if (scan->in_name) {
		scan->name = is(scan, "resourceType") ? JSON_RESOURCE_TYPE
					 : is(scan, "entry")      ? JSON_ENTRY
					 : is(scan, "resource")   ? JSON_RESOURCE
											  : JSON_OTHER;
		scan->mode = COLON;
		return;
	}
	scan->typed = scan->name == JSON_RESOURCE_TYPE && json_scan_in_object(scan);
	if (scan->typed)
		scan->found = is(scan, "AuditEvent") ? JSON_AUDIT_EVENT : is(scan, "Bundle") ? JSON_BUNDLE : JSON_OTHER;
	scan->mode = AFTER;
}

static enum json_scan_result in_string(struct json_scan *scan, uint8_t c)
{
	if (c == '\n')
		return JSON_BROKEN;
	if (scan->mode == ESCAPE || c == '\\') {
		scan->mode = scan->mode == ESCAPE ? STRING : ESCAPE;
		scan->kept = JSON_SCAN_TEXT_BYTES + 1; /* spelled in another way: no name that is looked for */
		return JSON_OPEN;
	}
	if (c == '"')
		end_string(scan);
	else
		keep(scan, c);
	return JSON_OPEN;
}

/* ---- between tokens ---- */

static enum json_scan_result begin_value(struct json_scan *scan, uint8_t c)
{
	if (c == '{' || c == '[')
		return open_bracket(scan, c == '{');
	if (c == ']' && scan->mode == VALUE_OR_END)
		return close_bracket(scan, false);
	if (c == '"')
		begin_string(scan, false);
	else if (c == ',' || c == ':' || c == '}' || c == ']' || scan->depth == 0)
		return JSON_BROKEN;
	else
		scan->mode = WORD;
	return JSON_OPEN;
}

static enum json_scan_result after_value(struct json_scan *scan, uint8_t c)
{
	if (c == '}' || c == ']')
		return close_bracket(scan, c == '}');
	if (c != ',')
		return JSON_BROKEN;
	scan->mode = json_scan_in_object(scan) ? NAME : VALUE;
	scan->name = JSON_OTHER;
	return JSON_OPEN;
}

static enum json_scan_result in_word(struct json_scan *scan, uint8_t c)
{
	if (c == ',' || c == '}' || c == ']')
		return after_value(scan, c);
	if (words_blank(c))
		scan->mode = AFTER;
	return broken_unless(c != '"' && c != '{' && c != '[' && c != ':');
}

enum json_scan_result json_scan_feed(struct json_scan *scan, uint8_t c)
{
	scan->typed = false;
	if (scan->mode == STRING || scan->mode == ESCAPE)
		return in_string(scan, c);
	if (scan->mode == WORD)
		return in_word(scan, c);
	if (words_blank(c))
		return JSON_OPEN;
	switch (scan->mode) {
	case VALUE:
	case VALUE_OR_END:
		return begin_value(scan, c);
	case NAME:
	case NAME_OR_END:
		if (c == '}' && scan->mode == NAME_OR_END)
			return close_bracket(scan, true);
		begin_string(scan, true);
		return broken_unless(c == '"');
	case COLON:
		scan->mode = VALUE;
		return broken_unless(c == ':');
	default:
		return after_value(scan, c);
	}
}
