/* What has no system could be anybody's, so it is no person. */
#include "query/fhir/person.h"

#include "ledger/subject/subject.h"
#include "query/fhir/terms.h"

#include <stdio.h>
#include <string.h>

#define CPR_OID "1.2.208.176.1.2"

static bool cut_front(struct bytes *text, const char *front)
{
	size_t len = strlen(front);
	if (text->len < len || memcmp(text->data, front, len) != 0)
		return false;
	*text = bytes_of(text->data + len, text->len - len);
	return true;
}

static json_t *identifier(const char *front, struct bytes system, struct bytes value)
{
	return json_pack("{s:s+%, s:s%}", "system", front, system.data != NULL ? (const char *)system.data : "", system.len,
		"value", (const char *)value.data, value.len);
}

json_t *person_identifier(struct bytes subject)
{
	struct bytes rest = subject_principal(subject);
	if (cut_front(&rest, "cpr:"))
		return identifier("urn:oid:", BYTES_LITERAL(CPR_OID), rest);
	if (cut_front(&rest, "ref:"))
		return identifier(TERMS_REFERENCE, BYTES_EMPTY, rest);
	bool oid = cut_front(&rest, "oid:");
	if (!oid && !cut_front(&rest, "uri:"))
		return NULL;
	const uint8_t *mark = memchr(rest.data, oid ? ':' : '|', rest.len);
	if (mark == NULL)
		return NULL;
	struct bytes system = bytes_of(rest.data, (size_t)(mark - rest.data));
	return identifier(oid ? "urn:oid:" : "", system, bytes_of(mark + 1, rest.len - system.len - 1));
}

static bool is_oid(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.data[i] < '0' || text.data[i] > '9') && text.data[i] != '.')
			return false;
	return text.len > 0;
}

enum error person_of(struct bytes system, struct bytes value, char *out, struct fault *fault)
{
	char text[2 * SUBJECT_BYTES_MAX];
	if (system.len == 0 || value.len == 0)
		return fault_set(
			fault, E_BAD_SUBJECT, "an identifier needs its system and its value, as urn:oid:1.2.208.176.1.2|...");
	const char *format = "uri:%.*s|%.*s";
	if (bytes_equal(system, BYTES_LITERAL(TERMS_REFERENCE))) {
		format = "ref:%.*s%.*s";
		system = BYTES_EMPTY;
	} else if (cut_front(&system, "urn:oid:") || cut_front(&system, "oid:") || is_oid(system)) {
		format = "oid:%.*s:%.*s";
	}
	int len = snprintf(text, sizeof text, format, (int)system.len, system.len > 0 ? (const char *)system.data : "",
		(int)value.len, (const char *)value.data);
	if (len < 0 || (size_t)len >= sizeof text)
		return fault_set(fault, E_BAD_SUBJECT, "the identifier is longer than %u bytes", SUBJECT_BYTES_MAX);
	return subject_canonical(bytes_of(text, (size_t)len), out, fault);
}
