/* Asked at the beginning of an input: a wrong format, or none, would else be thousands of refused lines.
 *
 *   known first bytes (compressed, UTF-16 but of DICOM) ─► told       signs of the format that was asked for ─► nothing
 * is told signs of another one, XML, a table, a NUL ─► what it is, and what to do        none ─► nothing is told
 *
 * It only looks for words, so where the two are in doubt nothing is told: the messages' own reasons come then. */
#include "ingest/framing/looks.h"

#include "ingest/message/words.h"
#include "ingest/syslog/syslog_head.h"

#define LOOKS_WORD_MAX 16

struct look {
	struct bytes text; /* from the first byte that is not blank */
	size_t lines;      /* with something on them */
	size_t events;     /* lines that are a JSON object, and no FHIR */
	size_t rows;       /* of refused messages */
	bool resources;    /* FHIR in JSON */
	bool messages;     /* DICOM audit messages */
	bool fhir_xml;
	bool syslog; /* it begins with a syslog message */
	bool heads;  /* so does one of its lines */
	bool own;    /* members of this ledger's own events */
	bool otlp;   /* a request of OpenTelemetry */
	bool cadf;   /* a CADF event */
};

static const char use_json[] = "looks like events in this ledger's own JSON: use --format json";
static const char use_fhir[] = "looks like FHIR: use --format fhir";
static const char use_syslog[] = "looks like syslog: use --format syslog";
static const char use_dicom[] = "looks like DICOM audit messages: use --format dicom";

static const char use_otlp[] = "looks like records of OpenTelemetry: use --format otlp";
static const char use_cadf[] = "looks like CADF events: use --format cadf";

static bool begins(struct bytes text, struct bytes word)
{
	return text.len >= word.len && memcmp(text.data, word.data, word.len) == 0;
}

/* The line at the start of `text`, which is moved behind it. */
static struct bytes next_line(struct bytes *text)
{
	const uint8_t *end = memchr(text->data, '\n', text->len);
	size_t len = end != NULL ? (size_t)(end - text->data) : text->len;
	struct bytes line = bytes_of(text->data, len);
	len += end != NULL;
	*text = bytes_of(text->data + len, text->len - len);
	return words_trim(line);
}

/* "<85>", with a length before it or none. */
static bool has_head(struct bytes line)
{
	size_t at = 0;
	size_t digits = 0;
	while (at < line.len && words_digit(line.data[at]))
		at++;
	at += at > 0 && at < line.len && line.data[at] == ' ';
	if (at == line.len || line.data[at++] != '<')
		return false;
	for (; at < line.len && words_digit(line.data[at]); at++)
		digits++;
	return digits > 0 && digits <= SYSLOG_PRIORITY_DIGITS && at < line.len && line.data[at] == '>';
}

static bool has_otlp(struct bytes text)
{
	return words_have(text, "\"resourceLogs\"") || words_have(text, "\"resourceSpans\"");
}

static bool has_cadf(struct bytes text)
{
	return words_have(text, "schemas.dmtf.org/cloud/audit/");
}

static void look_at(struct bytes beginning, struct look *out)
{
	struct bytes rest = words_trim(beginning);
	if (begins(rest, BYTES_LITERAL("\xEF\xBB\xBF")))
		rest = words_trim(bytes_of(rest.data + 3, rest.len - 3));
	*out = (struct look){.text = rest,
		.resources = words_have(rest, "\"resourceType\""),
		.messages = words_have(rest, "AuditMessage"),
		.fhir_xml = words_have(rest, "http://hl7.org/fhir") && words_have(rest, "<"),
		.own = words_have(rest, "\"subject\"") || words_have(rest, "\"subjects\""),
		.otlp = has_otlp(rest),
		.cadf = has_cadf(rest)};
	while (rest.len > 0) {
		struct bytes line = next_line(&rest);
		bool object = line.len > 1 && line.data[0] == '{' && line.data[line.len - 1] == '}';
		bool row = begins(line, BYTES_LITERAL("{\"input\""));
		out->lines += line.len > 0;
		out->syslog |= out->lines == 1 && line.len > 0 && has_head(line);
		out->heads |= has_head(line);
		out->rows += row;
		bool own = !out->resources || words_have(line, "\"subject"); /* FHIR over many lines has objects of its own */
		bool other = has_otlp(line) || has_cadf(line) || words_have(line, "\"resourceType\"");
		out->events += object && !row && own && !other;
	}
}

/* ---- what is no text ---- */

static const char *binary(struct bytes text)
{
	static const struct {
		struct bytes mark;
		const char *says;
	} known[] = {
		{BYTES_LITERAL("\x1F\x8B"), "looks like gzip: pipe it through 'gunzip -c'"},
		{BYTES_LITERAL("PK\x03\x04"), "looks like a zip archive: unpack it first"},
		{BYTES_LITERAL("\xFD"
					   "7zXZ"),
			"looks like xz: pipe it through 'xz -dc'"},
		{BYTES_LITERAL("\x28\xB5\x2F\xFD"), "looks like zstd: pipe it through 'zstd -dc'"},
		{BYTES_LITERAL("BZh"), "looks like bzip2: pipe it through 'bzip2 -dc'"},
		{BYTES_LITERAL("\xFF\xFE\0\0"), "looks like UTF-32: pipe it through 'iconv -f utf-32 -t utf-8'"},
		{BYTES_LITERAL("\0\0\xFE\xFF"), "looks like UTF-32: pipe it through 'iconv -f utf-32 -t utf-8'"},
		{BYTES_LITERAL("<\0\0\0"), "looks like UTF-32: pipe it through 'iconv -f utf-32le -t utf-8'"},
		{BYTES_LITERAL("{\0\0\0"), "looks like UTF-32: pipe it through 'iconv -f utf-32le -t utf-8'"},
		{BYTES_LITERAL("[\0\0\0"), "looks like UTF-32: pipe it through 'iconv -f utf-32le -t utf-8'"},
		{BYTES_LITERAL("\0\0\0<"), "looks like UTF-32: pipe it through 'iconv -f utf-32be -t utf-8'"},
		{BYTES_LITERAL("\0\0\0{"), "looks like UTF-32: pipe it through 'iconv -f utf-32be -t utf-8'"},
		{BYTES_LITERAL("\0\0\0["), "looks like UTF-32: pipe it through 'iconv -f utf-32be -t utf-8'"},
		{BYTES_LITERAL("\xFF\xFE"), "looks like UTF-16: pipe it through 'iconv -f utf-16 -t utf-8'"},
		{BYTES_LITERAL("\xFE\xFF"), "looks like UTF-16: pipe it through 'iconv -f utf-16 -t utf-8'"},
		{BYTES_LITERAL("{\0"), "looks like UTF-16: pipe it through 'iconv -f utf-16le -t utf-8'"},
		{BYTES_LITERAL("<\0"), "looks like UTF-16: pipe it through 'iconv -f utf-16le -t utf-8'"},
		{BYTES_LITERAL("[\0"), "looks like UTF-16: pipe it through 'iconv -f utf-16le -t utf-8'"},
		{BYTES_LITERAL("\0{"), "looks like UTF-16: pipe it through 'iconv -f utf-16be -t utf-8'"},
		{BYTES_LITERAL("\0<"), "looks like UTF-16: pipe it through 'iconv -f utf-16be -t utf-8'"},
		{BYTES_LITERAL("\0["), "looks like UTF-16: pipe it through 'iconv -f utf-16be -t utf-8'"},
	};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (begins(text, known[i].mark))
			return known[i].says;
	return NULL;
}

/* In UTF-16, of either byte order. */
static bool has_wide(struct bytes text, const char *word)
{
	char wide[2 * LOOKS_WORD_MAX];
	size_t len = 0;
	for (; *word != '\0' && len < sizeof wide; word++) {
		wide[len++] = *word;
		wide[len++] = '\0';
	}
	return memmem(text.data, text.len, wide, len - 1) != NULL;
}

/* ---- text of another kind ---- */

static size_t count(struct bytes line, char c)
{
	size_t found = 0;
	for (size_t i = 0; i < line.len; i++)
		found += line.data[i] == (uint8_t)c;
	return found;
}

/* Lines of as many fields each. */
static bool is_table(const struct look *look)
{
	struct bytes rest = look->text;
	struct bytes first = next_line(&rest);
	struct bytes second = rest.len > 0 ? next_line(&rest) : BYTES_EMPTY;
	for (const char *separator = ",;\t|"; *separator != '\0'; separator++)
		if (count(first, *separator) >= 2 && count(first, *separator) == count(second, *separator))
			return bytes_utf8(first);
	return false;
}

static const char *xml(const struct look *look)
{
	if (look->messages)
		return use_dicom;
	if (look->fhir_xml)
		return "looks like FHIR in XML, which is not read: have it written as JSON (application/fhir+json)";
	return "looks like XML, and like nothing that is read here";
}

static const char *json(const struct look *look, enum adapter_format format)
{
	if (look->resources)
		return use_fhir;
	if (look->otlp)
		return use_otlp;
	if (look->cadf)
		return use_cadf;
	if (format != ADAPTER_JSON)
		return look->own ? use_json : NULL;
	if (look->text.data[0] == '[')
		return "looks like a JSON array; one event a line is read: pipe it through 'jq -c .[]'";
	if (look->lines > 1)
		return "looks like JSON over many lines; one event a line is read: pipe it through 'jq -c .'";
	return NULL;
}

static bool may_be(const struct look *look, enum adapter_format format)
{
	if (look->rows > 0)
		return true;
	switch (format) {
	case ADAPTER_JSON:
		return look->events > 0;
	case ADAPTER_FHIR:
		return look->resources && !look->syslog;
	case ADAPTER_DICOM:
		return look->messages && !look->syslog;
	case ADAPTER_OTLP:
		return look->otlp && !look->syslog;
	case ADAPTER_CADF: /* a line of a log may stand before it */
		return look->cadf && !look->syslog;
	default:
		return look->heads;
	}
}

static const char *judge(enum adapter_format format, struct bytes beginning, bool live)
{
	const char *no_text = binary(beginning);
	bool wide = has_wide(beginning, "AuditMessage"); /* UTF-16 is read in this format alone, wherever it begins */
	if (no_text != NULL && !wide)
		return no_text;
	struct look look;
	look_at(beginning, &look);
	if (wide && (no_text != NULL || !may_be(&look, format)))
		return format == ADAPTER_DICOM ? NULL : use_dicom;
	if (look.text.len == 0 || may_be(&look, format) || (live && look.lines < 2))
		return NULL;
	if (!live && memchr(look.text.data, '\0', look.text.len) != NULL)
		return "looks like a binary file, and no message is read out of one";
	uint8_t c = look.text.data[0];
	if (look.syslog)
		return use_syslog;
	if (look.cadf && c != '{' && c != '[') /* behind the heads of a log's lines */
		return use_cadf;
	if (c == '<' && (format != ADAPTER_DICOM || look.fhir_xml))
		return xml(&look);
	if (c == '{' || c == '[')
		return json(&look, format);
	return is_table(&look) ? "looks like a table (CSV); each message must be JSON or XML: convert it first" : NULL;
}

const char *looks_like(enum adapter_format format, struct bytes beginning, bool live, enum adapter_format *as)
{
	const char *says =
		judge(format, bytes_of(beginning.data, beginning.len < LOOKS_BYTES ? beginning.len : LOOKS_BYTES), live);
	*as = says == use_json     ? ADAPTER_JSON
		  : says == use_fhir   ? ADAPTER_FHIR
		  : says == use_dicom  ? ADAPTER_DICOM
		  : says == use_syslog ? ADAPTER_SYSLOG
		  : says == use_otlp   ? ADAPTER_OTLP
		  : says == use_cadf   ? ADAPTER_CADF
							   : format;
	return says;
}
