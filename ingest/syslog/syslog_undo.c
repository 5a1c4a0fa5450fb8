/* XML is gone through from one '<' to the next:
 *
 *   run up to '<' ─► undone if nothing else stands in it ─► tag ─► undone outside of values ─► run up to '<' ...
 *                                                        └► comment, CDATA, instruction: as it is
 *
 * The run between a start tag and its own end tag is all that the element says, and stays as it came, and so does one
 * beside a CDATA section. Nothing can fail: what is no XML is refused by its reader. What is written is never longer
 * than what was read, so it is written over. */
#include "ingest/syslog/syslog_undo.h"

#include "ingest/message/words.h"
#include "ingest/syslog/syslog_head.h"

#include <string.h>

enum markup { NO_MARKUP, START_TAG, END_TAG, ASIDE, CDATA };

struct undo {
	uint8_t *out;
	struct bytes rest;
};

static void copy(struct undo *undo, size_t len)
{
	memmove(undo->out, undo->rest.data, len);
	undo->out += len;
	undo->rest = bytes_after(undo->rest, len);
}

/* One character, which is undone if it is to be. */
static void step(struct undo *undo)
{
	uint8_t byte = undo->rest.data[0];
	bool escaped = syslog_escape(undo->rest, &byte);
	if (byte != '\0')
		*undo->out++ = byte;
	undo->rest = bytes_after(undo->rest, escaped ? SYSLOG_ESCAPE_BYTES : 1);
}

/* How many bytes at the start are blanks, NULs and escapes. */
static size_t blank_run(struct bytes text)
{
	size_t at = 0;
	uint8_t byte;
	while (at < text.len) {
		if (words_blank(text.data[at]) || text.data[at] == '\0')
			at++;
		else if (syslog_escape(bytes_after(text, at), &byte))
			at += SYSLOG_ESCAPE_BYTES;
		else
			break;
	}
	return at;
}

static size_t up_to(struct bytes text, char mark)
{
	const uint8_t *found = text.len > 0 ? memchr(text.data, mark, text.len) : NULL;
	return found != NULL ? (size_t)(found - text.data) : text.len;
}

static size_t behind(struct bytes text, const char *mark)
{
	const uint8_t *found = memmem(text.data, text.len, mark, strlen(mark));
	return found != NULL ? (size_t)(found - text.data) + strlen(mark) : text.len;
}

static enum markup markup_of(struct bytes text)
{
	if (text.len == 0)
		return NO_MARKUP;
	if (bytes_begin(text, "<![CDATA["))
		return CDATA;
	if (bytes_begin(text, "<!") || (bytes_begin(text, "<?") && !bytes_begin(text, "<?xml")))
		return ASIDE;
	return bytes_begin(text, "</") ? END_TAG : START_TAG;
}

static void undo_run(struct undo *undo, enum markup before)
{
	size_t len = up_to(undo->rest, '<');
	enum markup after = markup_of(bytes_after(undo->rest, len));
	bool whole = before == START_TAG && after == END_TAG;
	if (whole || before == CDATA || after == CDATA || blank_run(undo->rest) < len) {
		copy(undo, len);
		return;
	}
	const uint8_t *end = undo->rest.data + len;
	while (undo->rest.data < end)
		step(undo);
}

/* True if it is an empty element's, or the declaration: what stands behind it is not all that an element says. */
static bool undo_tag(struct undo *undo)
{
	uint8_t quote = 0;
	uint8_t last = 0;
	while (undo->rest.len > 0) {
		uint8_t c = undo->rest.data[0];
		if (quote != 0)
			copy(undo, 1);
		else
			step(undo);
		if (quote == 0 && c == '>')
			return last == '/' || last == '?';
		if (c == quote)
			quote = 0;
		else if (quote == 0 && (c == '"' || c == '\''))
			quote = c;
		last = c;
	}
	return true;
}

static enum markup undo_markup(struct undo *undo)
{
	enum markup markup = markup_of(undo->rest);
	if (markup == CDATA)
		copy(undo, behind(undo->rest, "]]>"));
	else if (markup == ASIDE)
		copy(undo, behind(undo->rest, bytes_begin(undo->rest, "<!--") ? "-->"
									  : bytes_begin(undo->rest, "<?") ? "?>"
																	  : ">"));
	else if (undo_tag(undo) && markup == START_TAG)
		return ASIDE;
	return markup;
}

size_t syslog_undo_xml(uint8_t *text, size_t len)
{
	struct undo undo = {text, bytes_of(text, len)};
	enum markup before = NO_MARKUP;
	while (undo.rest.len > 0) {
		undo_run(&undo, before);
		if (undo.rest.len > 0)
			before = undo_markup(&undo);
	}
	return (size_t)(undo.out - text);
}

size_t syslog_undo_json(uint8_t *text, size_t len)
{
	struct undo undo = {text, bytes_of(text, len)};
	bool quoted = false;
	while (undo.rest.len > 0) {
		uint8_t c = undo.rest.data[0];
		if (quoted)
			copy(&undo, c == '\\' && undo.rest.len > 1 ? 2 : 1);
		else
			step(&undo);
		quoted ^= c == '"';
	}
	return (size_t)(undo.out - text);
}
