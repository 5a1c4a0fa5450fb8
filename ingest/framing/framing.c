/* What the machines share, and the one for lines.
 *
 * A machine goes on where it stopped (`at`), and gives out a piece when it knows where that ends. What is longer than
 * the limit comes out in parts as it is read, so that memory stays bounded and the rest of the input is not lost with
 * it. Nothing fails here: what is no message is given out as one, and refused by its reader. */
#include "ingest/framing/framing.h"

#include "ingest/message/words.h"

/* State 0 of every machine is "between messages". */
enum { BETWEEN, LINE };

void framing_begin(struct framing *framing, enum adapter_format format)
{
	*framing = (struct framing){.format = format};
	bool whole = format == ADAPTER_FHIR || format == ADAPTER_OTLP; /* which hold many messages */
	framing->max = whole ? FRAMING_DOCUMENT_BYTES_MAX : FRAMING_BYTES_MAX;
	if (format == ADAPTER_FHIR)
		framing->json.in_indent = true;
	else if (format == ADAPTER_DICOM)
		framing->xml.start = SIZE_MAX;
}

/* An array, a wrapper, an encoding that was declared outside, or the parts of a long message go on. */
bool framing_is_fresh(const struct framing *framing)
{
	const struct framing_xml *xml = &framing->xml;
	if (framing->is_long)
		return false;
	if (framing->format == ADAPTER_FHIR)
		return !framing->json.array;
	if (framing->format == ADAPTER_DICOM)
		return xml->wrappers == 0 && !xml->encoded && !xml->wrapped_encoded && xml->turns.width == XML_BYTES;
	if (framing->format == ADAPTER_SYSLOG) /* a length that was given out says where its message ends */
		return framing->state == BETWEEN || framing->syslog.announced == 0;
	return true;
}

size_t framing_mark(struct bytes input, size_t at, enum framing_more more)
{
	static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
	size_t have = input.len - at < 3 ? input.len - at : 3;
	if (memcmp(input.data + at, mark, have) != 0)
		return 0;
	return have == 3 ? 3 : more == FRAMING_ENDED ? 0 : SIZE_MAX;
}

bool framing_give(
	struct framing *framing, enum framing_kind kind, struct bytes input, size_t len, struct framing_piece *out)
{
	*out = (struct framing_piece){.kind = kind, .text = bytes_of(input.data, len)};
	framing->at = kind == FRAMING_PART ? framing->at - len : 0;
	return true;
}

bool framing_give_message(struct framing *framing, struct bytes input, size_t end, bool cut, struct framing_piece *out)
{
	size_t len = end;
	while (!framing->is_long && len > 0 && words_blank(input.data[len - 1]))
		len--;
	return framing_end_message(framing, input, len, cut, out);
}

bool framing_end_message(struct framing *framing, struct bytes input, size_t len, bool cut, struct framing_piece *out)
{
	framing_give(framing, framing->is_long ? FRAMING_LAST : FRAMING_MESSAGE, input, len, out);
	out->cut = cut;
	framing->is_long = false;
	framing->state = BETWEEN;
	return true;
}

/* ---- one message a line ---- */

static bool skip_between(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	while (framing->at < input.len) {
		size_t mark = framing_mark(input, framing->at, more);
		if (mark == SIZE_MAX)
			break;
		if (mark == 0 && !words_blank(input.data[framing->at])) {
			framing->state = LINE;
			break;
		}
		framing->at += mark > 0 ? mark : 1;
	}
	if (framing->at == 0)
		return false;
	return framing_give(framing, FRAMING_BETWEEN, input, framing->at, out);
}

/* A '{' behind NULs, which no JSON has, is the beginning of another message than what they destroyed. */
static size_t line_end(struct bytes input, size_t from, size_t limit)
{
	const uint8_t *newline = limit > from ? memchr(input.data + from, '\n', limit - from) : NULL;
	size_t end = newline != NULL ? (size_t)(newline - input.data) : limit;
	from -= from > 0; /* the last byte that was looked at may be a NUL */
	const uint8_t *nul = end > from ? memmem(input.data + from, end - from, "\0{", 2) : NULL;
	return nul != NULL ? (size_t)(nul - input.data) + 1 : end;
}

static bool line_next(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	if (framing->state == BETWEEN && skip_between(framing, input, more, out))
		return true;
	if (framing->state == BETWEEN)
		return false;
	size_t limit = framing->is_long || input.len <= framing->max ? input.len : framing->max + 1;
	framing->at = line_end(input, framing->at, limit);
	if (framing->at < limit || (framing->at == input.len && more == FRAMING_ENDED))
		return framing_give_message(framing, input, framing->at, false, out);
	if (framing->at == 0 || (input.len <= framing->max && !framing->is_long))
		return false;
	framing->is_long = true;
	size_t len = framing->at - (input.data[framing->at - 1] == '\0');
	return len > 0 && framing_give(framing, FRAMING_PART, input, len, out);
}

void framing_next(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out)
{
	static bool (*const machines[])(struct framing *, struct bytes, enum framing_more, struct framing_piece *) = {
		[ADAPTER_JSON] = line_next,
		[ADAPTER_FHIR] = framing_json_next,
		[ADAPTER_DICOM] = framing_xml_next,
		[ADAPTER_SYSLOG] = framing_syslog_next,
		[ADAPTER_OTLP] = line_next,
		[ADAPTER_CADF] = line_next};
	*out = (struct framing_piece){.kind = FRAMING_NOTHING};
	if (input.len == 0 && !(more == FRAMING_ENDED && framing->is_long))
		return;
	if (!machines[framing->format](framing, input, more, out))
		*out = (struct framing_piece){.kind = FRAMING_NOTHING};
}
