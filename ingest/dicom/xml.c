/* One pass by expat; a second one where the first could not know the encoding:
 *
 *   parse ─┬─ done
 *          ├─ names an encoding that expat does not have ─► iconv, then parsed as UTF-8
 *          └─ says UTF-16 in single bytes ─► parsed as UTF-8: the text was made before it was encoded
 *
 * Both times nothing was told yet, since the encoding stands before the first element. The first error, of expat or of
 * an event, stops the parser and is the one that goes up; a document type, or elements nested too deep, is one too. */
#include "ingest/dicom/xml.h"

#include "ingest/message/words.h"
#include "ledger/base/own.h"

#include <expat.h>
#include <iconv.h>
#include <stdio.h>

#define ENCODING_NAME_MAX 63

struct xml {
	XML_Parser parser;
	const struct xml_events *events;
	void *context;
	struct fault *fault;
	enum error error; /* the first one */
	unsigned depth;
	char encoding[ENCODING_NAME_MAX + 1]; /* named by the document, and not one of expat's */
};

/* Expat goes on to call back after it was stopped, so the first error is kept. */
static void stop(struct xml *xml, enum error error)
{
	if (error == E_OK)
		return;
	if (xml->error == E_OK)
		xml->error = error;
	XML_StopParser(xml->parser, XML_FALSE);
}

/* ---- names ---- */

static const char *local_name(const char *name)
{
	const char *colon = strrchr(name, ':');
	return colon != NULL ? colon + 1 : name;
}

/* xmlns:..., xsi:... and xml:... are about the XML, not about what it says. */
static bool is_markup(const char *name)
{
	return strncmp(name, "xmlns", 5) == 0 || strncmp(name, "xsi:", 4) == 0 || strncmp(name, "xml:", 4) == 0;
}

struct bytes xml_attribute(const char **attributes, const char *name, const char *other)
{
	const char *const names[] = {name, other};
	for (size_t k = 0; k < 2 && names[k] != NULL; k++)
		for (size_t i = 0; attributes[i] != NULL; i += 2) {
			if (is_markup(attributes[i]) || strcmp(local_name(attributes[i]), names[k]) != 0)
				continue;
			struct bytes value = words_trim(bytes_text(attributes[i + 1]));
			if (value.len > 0)
				return value;
		}
	return BYTES_EMPTY;
}

bool xml_next_attribute(const char **attributes, size_t *at, struct bytes *name, struct bytes *value)
{
	for (; attributes[*at] != NULL; *at += 2) {
		if (is_markup(attributes[*at]))
			continue;
		*name = bytes_text(local_name(attributes[*at]));
		*value = words_trim(bytes_text(attributes[*at + 1]));
		*at += 2;
		return true;
	}
	return false;
}

/* ---- expat's callbacks ---- */

static void on_start(void *context, const char *name, const char **attributes)
{
	struct xml *xml = context;
	if (++xml->depth > XML_DEPTH_MAX)
		stop(xml, fault_set(xml->fault, E_BAD_XML, "elements are nested more than %u deep", XML_DEPTH_MAX));
	else if (xml->error == E_OK)
		stop(xml, xml->events->start(xml->context, local_name(name), attributes));
}

static void on_end(void *context, const char *name)
{
	struct xml *xml = context;
	(void)name;
	xml->depth--;
	if (xml->error == E_OK)
		stop(xml, xml->events->end(xml->context));
}

static void on_text(void *context, const char *text, int len)
{
	struct xml *xml = context;
	if (xml->error == E_OK)
		stop(xml, xml->events->text(xml->context, bytes_of(text, (size_t)len)));
}

static void on_doctype(void *context, const char *name, const char *system_id, const char *public_id, int internal)
{
	struct xml *xml = context;
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)internal;
	stop(xml, fault_set(xml->fault, E_BAD_XML, "a document type declaration is not allowed"));
}

/* Keeps the name and lets expat give up: the whole is converted, multi-byte encodings too. */
static int on_unknown_encoding(void *context, const char *name, XML_Encoding *info)
{
	struct xml *xml = context;
	(void)info;
	snprintf(xml->encoding, sizeof xml->encoding, "%s", name);
	return XML_STATUS_ERROR;
}

/* ---- one pass ---- */

/* Where the parser stands; negative when it does not know. */
static int64_t byte_index(XML_Parser parser)
{
#ifdef HAVE_XML_GETCURRENTBYTEINDEX64
	return XML_GetCurrentByteIndex64(parser);
#else
	return XML_GetCurrentByteIndex(parser);
#endif
}

/* Where expat stopped: a line as long as lines are made of single bytes, else a byte. Expat's own count of lines is
 * deprecated. */
static void place_text(struct bytes document, int64_t index, char *out, size_t capacity)
{
	size_t at = index < 0 || (size_t)index > document.len ? document.len : (size_t)index;
	unsigned long line = 1;
	for (size_t i = 0; i < at; i++)
		line += document.data[i] == '\n';
	if (memchr(document.data, '\0', document.len) != NULL)
		snprintf(out, capacity, "byte %zu", at);
	else
		snprintf(out, capacity, "line %lu", line);
}

/* The bytes are not what they would have to be without a declaration that says so. */
static bool lacks_declaration(struct bytes document)
{
	return !bytes_utf8(document) && memmem(document.data, document.len, "encoding", 8) == NULL &&
		   memchr(document.data, '\0', document.len) == NULL;
}

/* With the place, by which a sender finds it, and never with what stands there. */
static enum error parse_error(const struct xml *xml, struct bytes document)
{
	char place[40];
	enum XML_Error code = XML_GetErrorCode(xml->parser);
	if (code == XML_ERROR_NO_MEMORY)
		return fault_set(xml->fault, E_NO_MEMORY, "");
	place_text(document, byte_index(xml->parser), place, sizeof place);
	return fault_set(xml->fault, E_BAD_XML, "not valid XML at %s: %s%s", place, XML_ErrorString(code),
		lacks_declaration(document) ? "; the bytes are not UTF-8, and no encoding is declared" : "");
}

/* `encoding` overrules what the document says; NULL leaves it to the document. `code` is expat's. */
static enum error parse(struct xml *xml, struct bytes document, const char *encoding, enum XML_Error *code)
{
	xml->error = E_OK;
	xml->depth = 0;
	xml->parser = XML_ParserCreate(encoding);
	TRY(fault_set(xml->fault, allocated(xml->parser), ""));
	XML_SetUserData(xml->parser, xml);
	XML_SetElementHandler(xml->parser, on_start, on_end);
	XML_SetCharacterDataHandler(xml->parser, on_text);
	XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
	XML_SetUnknownEncodingHandler(xml->parser, on_unknown_encoding, xml);
	enum XML_Status status = XML_Parse(xml->parser, (const char *)document.data, (int)document.len, 1);
	*code = XML_GetErrorCode(xml->parser);
	enum error error = xml->error;
	if (error == E_OK && status != XML_STATUS_OK)
		error = parse_error(xml, document);
	XML_ParserFree(xml->parser);
	return error;
}

/* ---- encodings ---- */

/* iconv's names have hyphens where some senders write "_". */
static iconv_t open_converter(const char *name)
{
	char hyphens[ENCODING_NAME_MAX + 1];
	iconv_t converter = iconv_open("UTF-8", name);
	if (converter != (iconv_t)-1)
		return converter;
	snprintf(hyphens, sizeof hyphens, "%s", name);
	for (char *c = hyphens; *c != '\0'; c++)
		if (*c == '_')
			*c = '-';
	return iconv_open("UTF-8", hyphens);
}

/* A byte may stand for several characters (letters with marks); no encoding gives more than eight bytes of UTF-8 for
 * one. */
static enum error convert_by(iconv_t converter, struct xml *xml, struct bytes document, uint8_t **out, size_t *out_len)
{
	size_t room = 8 * document.len + 16;
	char *from = (char *)(uintptr_t)document.data;
	size_t left = document.len;
	*out = malloc(room);
	TRY(fault_set(xml->fault, allocated(*out), ""));
	char *to = (char *)*out;
	bool whole = iconv(converter, &from, &left, &to, &room) != (size_t)-1 &&
				 iconv(converter, NULL, NULL, &to, &room) != (size_t)-1;
	*out_len = (size_t)((uint8_t *)to - *out);
	if (!whole)
		return fault_set(
			xml->fault, E_BAD_XML, "the bytes at %zu are none of the declared encoding's", document.len - left);
	return E_OK;
}

static enum error read_converted(struct xml *xml, struct bytes document)
{
	OWNED_MEMORY uint8_t *converted = NULL;
	size_t len = 0;
	enum XML_Error code;
	iconv_t converter = open_converter(xml->encoding);
	if (converter == (iconv_t)-1)
		return fault_set(xml->fault, E_BAD_XML,
			"the declared encoding is none that this system's iconv knows; send UTF-8, or install more encodings");
	enum error error = convert_by(converter, xml, document, &converted, &len);
	iconv_close(converter);
	return error == E_OK ? parse(xml, bytes_of(converted, len), "UTF-8", &code) : error;
}

enum error xml_read(struct bytes document, const struct xml_events *events, void *context, struct fault *fault)
{
	struct xml xml = {.events = events, .context = context, .fault = fault};
	bool marked = document.len >= 3 && memcmp(document.data, "\xEF\xBB\xBF", 3) == 0;
	enum XML_Error code;
	enum error error = parse(&xml, document, marked ? "UTF-8" : NULL, &code);
	if (error == E_BAD_XML && xml.error == E_OK && code == XML_ERROR_UNKNOWN_ENCODING)
		return read_converted(&xml, document);
	/* "utf-16" in a document of single bytes is what programs write that make the text before they encode it. */
	if (error == E_BAD_XML && xml.error == E_OK && code == XML_ERROR_INCORRECT_ENCODING)
		return parse(&xml, document, "UTF-8", &code);
	return error;
}

/* ---- what was cut ---- */

static enum error no_start(void *context, const char *name, const char **attributes)
{
	(void)context;
	(void)name;
	(void)attributes;
	return E_OK;
}

static enum error no_end(void *context)
{
	(void)context;
	return E_OK;
}

static enum error no_text(void *context, struct bytes text)
{
	(void)context;
	(void)text;
	return E_OK;
}

/* Read once more without a word of it, so that nothing but the XML itself can stop it. */
bool xml_ends_early(struct bytes document)
{
	static const struct xml_events nothing = {no_start, no_end, no_text};
	struct xml xml = {.events = &nothing};
	enum XML_Error code;
	bool stopped = parse(&xml, document, NULL, &code) == E_OK || xml.error != E_OK;
	return !stopped && (code == XML_ERROR_NO_ELEMENTS || code == XML_ERROR_UNCLOSED_TOKEN ||
						   code == XML_ERROR_UNCLOSED_CDATA_SECTION || code == XML_ERROR_PARTIAL_CHAR);
}
