#include "ledger/subject.h"

#include <string.h>

#define CPR_OID "1.2.208.176.1.2"

static bool starts(struct bytes text, const char *front)
{
	size_t len = strlen(front);
	return text.len >= len && memcmp(text.data, front, len) == 0;
}

static struct bytes after(struct bytes text, size_t skip)
{
	return bytes_of(text.data + skip, text.len - skip);
}

/* Printable UTF-8 that neither begins nor ends with a space. */
static bool clean_value(struct bytes value)
{
	if (value.len == 0 || value.data[0] == ' ' || value.data[value.len - 1] == ' ' || !bytes_utf8(value))
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < 0x20 || value.data[i] == 0x7F)
			return false;
	return true;
}

static bool ten_digits(struct bytes value)
{
	if (value.len != 10)
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < '0' || value.data[i] > '9')
			return false;
	return true;
}

/* Numbers without leading zeros, two or more, joined by dots, the first 0, 1 or 2. */
static bool dotted_oid(struct bytes oid)
{
	size_t arcs = 1;
	size_t arc_len = 0;
	if (oid.len == 0 || oid.data[0] < '0' || oid.data[0] > '2')
		return false;
	for (size_t i = 0; i < oid.len; i++) {
		uint8_t c = oid.data[i];
		if (c == '.') {
			if (arc_len == 0)
				return false;
			arcs++;
			arc_len = 0;
			continue;
		}
		bool leading_zero = arc_len == 1 && oid.data[i - 1] == '0';
		if (c < '0' || c > '9' || leading_zero)
			return false;
		arc_len++;
	}
	return arcs >= 2 && arc_len > 0 && (oid.len < 2 || oid.data[1] == '.');
}

/* Where `mark` first stands, or `text.len`. */
static size_t find(struct bytes text, char mark)
{
	const uint8_t *at = text.len ? memchr(text.data, mark, text.len) : NULL;
	return at ? (size_t)(at - text.data) : text.len;
}

static bool oid_value(struct bytes rest)
{
	size_t colon = find(rest, ':');
	struct bytes oid = bytes_of(rest.data, colon);
	if (colon == rest.len || !dotted_oid(oid) || bytes_equal(oid, BYTES_LITERAL(CPR_OID)))
		return false;
	return clean_value(after(rest, colon + 1));
}

static bool uri_value(struct bytes rest)
{
	size_t bar = find(rest, '|');
	struct bytes system = bytes_of(rest.data, bar);
	if (bar == rest.len || !clean_value(system) || find(system, ' ') != system.len || starts(system, "urn:oid:"))
		return false;
	return clean_value(after(rest, bar + 1));
}

/* SCHEME:ID/Patient/ID */
static bool ref_value(struct bytes rest)
{
	size_t slash = find(rest, '/');
	struct bytes org = bytes_of(rest.data, slash);
	size_t colon = find(org, ':');
	if (slash == rest.len || !clean_value(org) || colon == 0 || colon + 1 >= org.len)
		return false;
	struct bytes reference = after(rest, slash + 1);
	if (!starts(reference, "Patient/"))
		return false;
	struct bytes id = after(reference, strlen("Patient/"));
	return clean_value(id) && find(id, '/') == id.len && find(id, ' ') == id.len;
}

enum error subject_check(struct bytes id)
{
	bool good = false;
	if (id.len > SUBJECT_BYTES_MAX)
		return E_BAD_SUBJECT;
	if (starts(id, "cpr:"))
		good = ten_digits(after(id, 4));
	else if (starts(id, "oid:"))
		good = oid_value(after(id, 4));
	else if (starts(id, "uri:"))
		good = uri_value(after(id, 4));
	else if (starts(id, "ref:"))
		good = ref_value(after(id, 4));
	return good ? E_OK : E_BAD_SUBJECT;
}

/* "cpr:DDDDDD-DDDD" and "oid:<the CPR OID>:..." become "cpr:DDDDDDDDDD". */
static size_t spell(struct bytes text, char *out)
{
	static const char cpr_oid[] = "oid:" CPR_OID ":";
	size_t len = 0;
	if (starts(text, cpr_oid)) {
		memcpy(out, "cpr:", 4);
		len = 4;
		text = after(text, sizeof cpr_oid - 1);
	}
	memcpy(out + len, text.data, text.len);
	len += text.len;
	if (len == 15 && memcmp(out, "cpr:", 4) == 0 && out[10] == '-') {
		memmove(out + 10, out + 11, 4);
		len = 14;
	}
	out[len] = '\0';
	return len;
}

enum error subject_canonical(struct bytes text, char *out, struct fault *fault)
{
	char spelled[SUBJECT_BYTES_MAX + 5];
	if (text.len > SUBJECT_BYTES_MAX)
		return fault_set(fault, E_BAD_SUBJECT, "subject: longer than %u bytes", SUBJECT_BYTES_MAX);
	if (text.len == 0 || memchr(text.data, '\0', text.len) != NULL)
		return fault_set(fault, E_BAD_SUBJECT, "subject: empty, or with a NUL byte");
	size_t len = spell(text, spelled);
	if (len > SUBJECT_BYTES_MAX || subject_check(bytes_of(spelled, len)) != E_OK)
		return fault_set(fault, E_BAD_SUBJECT,
			"subject: must be cpr: and ten digits, oid:OID:VALUE, uri:SYSTEM|VALUE or ref:SCHEME:ORG/Patient/ID");
	memcpy(out, spelled, len + 1);
	return E_OK;
}
