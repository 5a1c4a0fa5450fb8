/* What a syslog message carries, found and set right; what it says is for the readers of its own format.
 *
 *   head ─► rest without blanks, NULs and a byte order mark ─┬─ '<' ─► XML, its escapes undone ─► dicom
 *                                                            ├─ '{' ─► JSON, its escapes undone ─► fhir or json
 *                                                            └─ else: said what it is
 *
 * A relay may cut a message, and make messages of their own of what it cuts off. Neither is the sender's mistake, and
 * whoever reads the refusal should look at the relay: so a document that ends early is told from one that is wrong, by
 * asking its parser where it stopped, and what looks like the middle of one is told from other text. */
#include "ingest/dicom/xml.h"
#include "ingest/message/audit_message.h"
#include "ingest/message/words.h"
#include "ingest/syslog/syslog_head.h"
#include "ingest/syslog/syslog_undo.h"
#include "ledger/json/json_read.h"

#define LETTER_BYTES 4u /* of the longest in UTF-8 */
#define CUT_ADVICE "raise maxMessageSize (rsyslog), log-msg-size() (syslog-ng) or --size (logger)"

static bool nothing(uint8_t c)
{
	return words_blank(c) || c == '\0';
}

static struct bytes trim(struct bytes text)
{
	while (text.len > 0 && nothing(text.data[0]))
		text = bytes_after(text, 1);
	while (text.len > 0 && nothing(text.data[text.len - 1]))
		text.len--;
	return text;
}

/* The first byte that is no blank, nor one that was escaped; 0 for none. */
static uint8_t first_sign(struct bytes text)
{
	uint8_t byte;
	while (text.len > 0) {
		bool escaped = syslog_escape(text, &byte);
		if (!escaped && !nothing(text.data[0]))
			return text.data[0];
		text = bytes_after(text, escaped ? SYSLOG_ESCAPE_BYTES : 1);
	}
	return 0;
}

/* ---- what is refused ---- */

/* Marks of XML and JSON. */
static bool has_marks(struct bytes text)
{
	return words_have(text, "/>") || words_have(text, "</") || words_have(text, "=\"") || words_have(text, "\":");
}

/* Within a message that is neither; a relay may have taken some of it for the words of a head, whose structured data
 * has such marks anyhow. */
static bool looks_cut_off(struct bytes message, const struct syslog_head *head)
{
	if (head->data.len == 0)
		return has_marks(message);
	size_t before = (size_t)(head->data.data - message.data);
	return has_marks(bytes_of(message.data, before)) || has_marks(head->rest);
}

static enum error refuse_text(
	struct bytes message, const struct syslog_head *head, struct bytes text, struct fault *fault)
{
	if (text.len == 0)
		return fault_set(
			fault, E_BAD_VALUE, "the syslog message is empty: it must carry an audit message in XML, or JSON");
	if (looks_cut_off(message, head))
		return fault_set(fault, E_TRAILING,
			"no audit message, but what looks like a part of one that was cut on the way, %zu bytes of it; " CUT_ADVICE,
			text.len);
	return fault_set(fault, E_BAD_VALUE,
		"the syslog message carries text of %zu bytes, neither an audit message in XML nor JSON: have the daemon send "
		"audit messages alone",
		text.len);
}

/* XML of another kind than DICOM's is told by its reader. */
static enum error check_xml(struct bytes text, struct fault *fault)
{
	if (text.len > 1 && memchr(text.data, '\0', 2) != NULL)
		return fault_set(fault, E_BAD_XML, "the syslog message carries UTF-16: send the XML in UTF-8");
	if (words_have(text, "http://hl7.org/fhir") && !words_have(text, "AuditMessage"))
		return fault_set(fault, E_BAD_XML,
			"the syslog message carries FHIR in XML, which is not read: have it written as JSON "
			"(application/fhir+json)");
	return E_OK;
}

/* ---- what is read ---- */

/* Most messages have nothing to undo, and are not copied. */
static enum error undo(struct carried *out, struct fault *fault)
{
	if (!words_have(out->text, "#0") && memchr(out->text.data, '\0', out->text.len) == NULL)
		return E_OK;
	out->memory = malloc(out->text.len);
	TRY(fault_set(fault, allocated(out->memory), ""));
	memcpy(out->memory, out->text.data, out->text.len);
	size_t len = out->format == ADAPTER_DICOM ? syslog_undo_xml(out->memory, out->text.len)
											  : syslog_undo_json(out->memory, out->text.len);
	out->text = trim(bytes_of(out->memory, len));
	return E_OK;
}

enum error syslog_read(struct bytes message, struct carried *out, struct fault *fault)
{
	struct syslog_head head;
	*out = (struct carried){.text = BYTES_EMPTY};
	TRY(syslog_head_read(message, &head, fault));
	out->text = trim(head.rest);
	if (bytes_begin(out->text, "\xEF\xBB\xBF"))
		out->text = trim(bytes_after(out->text, 3));
	if (bytes_begin(out->text, "</")) /* a relay takes what stands before it for the words of a head */
		return refuse_text(message, &head, out->text, fault);
	switch (first_sign(out->text)) {
	case '<':
		out->format = ADAPTER_DICOM;
		TRY(check_xml(out->text, fault));
		return undo(out, fault);
	case '{': /* a text that says this has its quotation marks escaped */
		out->format = words_have(out->text, "\"resourceType\"") ? ADAPTER_FHIR : ADAPTER_JSON;
		return undo(out, fault);
	default:
		return refuse_text(message, &head, out->text, fault);
	}
}

/* ---- what was cut ---- */

/* It may have been cut within a letter. */
static enum error judge_json(struct bytes text, bool *early)
{
	json_auto_t *json = NULL;
	json_error_t why = {.line = 0};
	for (unsigned i = 0; i < LETTER_BYTES - 1 && text.len > 0 && text.data[text.len - 1] >= 0x80; i++)
		text.len--;
	enum error error = json_read(text, 0, &why, &json);
	*early = error == E_BAD_JSON && json_error_code(&why) == json_error_premature_end_of_input;
	return error == E_NO_MEMORY ? error : E_OK;
}

enum error syslog_refuse(struct bytes message, const struct carried *carried, enum error error, struct fault *fault)
{
	bool early = error == E_BAD_XML && xml_ends_early(carried->text);
	if (error == E_BAD_JSON)
		TRY(fault_set(fault, judge_json(carried->text, &early), ""));
	if (!early)
		return error;
	return fault_set(fault, E_TRUNCATED, "cut on the way after %zu bytes; " CUT_ADVICE, message.len);
}
