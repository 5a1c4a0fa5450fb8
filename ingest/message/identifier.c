/* One way down for every text; the first that fits decides, and what fits nothing is refused:
 *
 *   nobody? ─► placeholder? refused ─► Patient/... ─► reference, or the identifier in its query
 *                                   ─► X^^^...     ─► CX: id and authority
 *                                   ─► SYSTEM|X    ─► FHIR identifier (X may be a CX: then both must agree)
 *                                   ─► else        ─► refused: no authority
 *
 * Whoever is somebody ends in `canonical`, so that one person has one id whichever way it came. What has two readings
 * is refused rather than read in one of them: an event under a wrong id is shown to somebody else, one that is refused
 * is sent again. */
#include "ingest/message/identifier.h"

#include "ingest/message/words.h"
#include "ledger/subject/subject.h"
#include "ledger/subject/subject_placeholder.h"
#include "ledger/subject/subject_system.h"

#include <string.h>

#define URI_VALUES "urn:ietf:rfc:3986"
#define NO_AUTHORITY_AND_NO_NUMBER                                                                                 \
	"subject: an identifier without a system or assigning authority, which is no number either (letters, digits, " \
	"'-', '_' and '.', with a digit among them), so that no registration could say whose it is; send it with its " \
	"authority"
#define NO_AUTHORITY                                                                                                \
	"subject: an identifier without a system or assigning authority could be anybody's; send it with one, or have " \
	"the registration say whose numbers these are ('indsigt sender policy', authority=SYSTEM)"

/* ---- texts ---- */

static bool has(struct bytes text, char c)
{
	return text.len > 0 && memchr(text.data, c, text.len) != NULL;
}

/* An HL7 CX with its authority has three '^' at least. */
static bool is_cx(struct bytes text)
{
	size_t carets = 0;
	for (size_t i = 0; i < text.len; i++)
		carets += text.data[i] == '^';
	return carets >= 3;
}

/* The parts in a row, in canonical form. */
static enum error canonical(const struct bytes *parts, size_t count, char *out, struct fault *fault)
{
	char joined[2 * SUBJECT_BYTES_MAX];
	size_t len = 0;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > sizeof joined - len)
			return fault_set(fault, E_BAD_SUBJECT, "subject: longer than %u bytes", SUBJECT_BYTES_MAX);
		if (parts[i].len > 0)
			memcpy(joined + len, parts[i].data, parts[i].len);
		len += parts[i].len;
	}
	return subject_reported(bytes_of(joined, len), out, fault);
}

/* ---- nobody and everybody ---- */

static bool says_nobody(struct bytes value)
{
	return words_are(value, "<none>");
}

static enum error nobody(char *out)
{
	out[0] = '\0';
	return E_OK;
}

/* Filed, it would be one person whom everybody has looked at. */
static enum error refuse_placeholder(struct bytes value, struct fault *fault)
{
	if (!subject_placeholder(value))
		return E_OK;
	return fault_set(fault, E_BAD_SUBJECT,
		"subject: a placeholder stands where the identifier of a person should; send the identifier, or <none> if "
		"nobody "
		"is meant");
}

/* ---- what the registration says ---- */

/* A name for people who mend it, and no longer number, which could be somebody's. */
static bool may_be_told(struct bytes name)
{
	size_t digits = 0;
	for (size_t i = 0; i < name.len; i++) {
		if (!words_letter(name.data[i]) && !words_digit(name.data[i]) && strchr("-_.", name.data[i]) == NULL)
			return false;
		digits += words_digit(name.data[i]);
	}
	return name.len > 0 && name.len <= IDENTIFIER_NAMESPACE_MAX && digits < 6 && digits < name.len;
}

#define LOCAL_NAME "authority is a local name, no OID"
#define NAMESPACE_LINE "namespace="

static enum error unknown_namespace(struct bytes name, struct fault *fault)
{
	if (has(name, ':'))
		return fault_set(fault, E_BAD_SUBJECT,
			"subject: the identifier's authority has a ':' and is no URI of urn:, http:// or https://, and no "
			"registration could have it as a name; send it with its OID");
	int len = may_be_told(name) ? (int)name.len : 4;
	const char *shown = may_be_told(name) ? (const char *)name.data : "NAME";
	return fault_set(fault, E_BAD_SUBJECT,
		"subject: the identifier's " LOCAL_NAME " and no absolute URI, and nothing says whose "
		"numbers it stands for; send it with its OID, or have the registration say it ('indsigt sender "
		"policy', " NAMESPACE_LINE "%.*s=OID)",
		len, shown);
}

/* An OID or an absolute URI in a local name's place, which says itself whose numbers its are. */
static bool says_itself(struct bytes name)
{
	struct bytes oid;
	if (subject_system_oid(name, &oid))
		return subject_oid_valid(oid);
	return words_begin(name, "urn:") || words_begin(name, "http://") || words_begin(name, "https://");
}

/* Behind a place in a message, or within a list of several, the text may be cut: then the name is not known. */
bool identifier_unmapped(const char *reason, char name[IDENTIFIER_NAMESPACE_MAX + 1])
{
	const char *line = strstr(reason, NAMESPACE_LINE);
	const char *end = line != NULL ? strstr(line, "=OID") : NULL;
	if (strstr(reason, LOCAL_NAME) == NULL)
		return false;
	line = line != NULL ? line + strlen(NAMESPACE_LINE) : NULL;
	struct bytes told = line != NULL && end != NULL ? bytes_of(line, (size_t)(end - line)) : BYTES_LITERAL("NAME");
	if (!may_be_told(told))
		told = BYTES_LITERAL("NAME");
	memcpy(name, told.data, told.len);
	name[told.len] = '\0';
	return true;
}

/* Whose numbers those of a local namespace are. */
static enum error namespace_system(
	struct bytes name, const struct identifier_scope *scope, struct bytes *out, struct fault *fault)
{
	*out = says_itself(name) ? name : source_namespace(scope->source, name);
	return out->len > 0 ? E_OK : unknown_namespace(name, fault);
}

/* Whose numbers those are that say nothing of it. */
static enum error usual_authority(const struct identifier_scope *scope, struct bytes *out, struct fault *fault)
{
	*out = source_authority(scope->source);
	return out->len > 0 ? E_OK : fault_set(fault, E_BAD_SUBJECT, NO_AUTHORITY);
}

/* What could be a number of the usual authority, and nothing else: no address, reference, name or list. */
static bool bare(struct bytes text)
{
	bool digit = false;
	for (size_t i = 0; i < text.len; i++) {
		if (!words_letter(text.data[i]) && !words_digit(text.data[i]) && strchr("-_.", text.data[i]) == NULL)
			return false;
		digit |= words_digit(text.data[i]);
	}
	return digit;
}

/* ---- a system and a value ---- */

/* What the system and the value give when the value is not a CX. */
static enum error plain(struct bytes system, struct bytes value, char *out, struct fault *fault)
{
	char spelled[SUBJECT_BYTES_MAX + 1];
	struct bytes oid;
	if (has(system, '|'))
		return fault_set(fault, E_BAD_SUBJECT,
			"subject: the identifier's system has a '|', which separates it from the value; send it without a version");
	if (words_begin(system, "uri:") || words_begin(system, "cpr:") || words_begin(system, "ref:"))
		return fault_set(fault, E_BAD_SUBJECT,
			"subject: the identifier's system begins as our own ids do; send the system alone, as it is registered");
	if (subject_system_oid(system, &oid)) {
		struct bytes parts[] = {BYTES_LITERAL("oid:"), oid, BYTES_LITERAL(":"), value};
		return canonical(parts, 4, out, fault);
	}
	if (!words_are(system, URI_VALUES)) {
		struct bytes parts[] = {BYTES_LITERAL("uri:"), system, BYTES_LITERAL("|"), value};
		return canonical(parts, 4, out, fault);
	}
	/* The value is a URI itself and has one spelling as systems have. */
	bool is_oid = subject_system_oid(value, &oid);
	if (!is_oid && subject_system_canonical(value, spelled) == NULL)
		value = bytes_text(spelled);
	struct bytes parts[] = {
		BYTES_LITERAL("uri:" URI_VALUES "|"), is_oid ? BYTES_LITERAL("urn:oid:") : BYTES_EMPTY, is_oid ? oid : value};
	return canonical(parts, 3, out, fault);
}

/* The same, whatever the value is. */
static enum error under_system(struct bytes system, struct bytes value, char *out, struct fault *fault)
{
	if (value.len == 0)
		return fault_set(fault, E_BAD_SUBJECT, "subject: a person without an identifier's value");
	TRY(refuse_placeholder(value, fault));
	return plain(system, value, out, fault);
}

/* ---- HL7 CX ---- */

/* The system that a CX's assigning authority is: NS&ID&TYPE. */
static enum error cx_system(struct bytes authority, const struct identifier_scope *scope, struct bytes *out,
	char spelled[64], struct fault *fault)
{
	struct bytes name = words_trim(bytes_cut(&authority, '&'));
	struct bytes id = words_trim(bytes_cut(&authority, '&'));
	struct bytes type = words_trim(bytes_cut(&authority, '&'));
	struct bytes oid;
	bool is_oid = subject_system_oid(id, &oid);
	*out = id;
	if (id.len == 0 && type.len == 0)
		return name.len > 0 ? namespace_system(name, scope, out, fault) : usual_authority(scope, out, fault);
	if (WORDS_ONE_OF(type, "L", "M", "N")) /* HL7 table 0301: of the site's own making */
		return namespace_system(name.len > 0 ? name : id, scope, out, fault);
	if (id.len == 0)
		return fault_set(fault, E_BAD_SUBJECT, NO_AUTHORITY);
	if (type.len == 0 ? is_oid : words_are(type, "ISO"))
		return is_oid ? E_OK
					  : fault_set(fault, E_BAD_SUBJECT, "subject: the CX's authority says ISO and is not an OID");
	if (words_are(type, "URI"))
		return E_OK;
	if ((!words_are(type, "UUID") && !words_are(type, "GUID")) || id.len != 36)
		return fault_set(fault, E_BAD_SUBJECT,
			"subject: the CX's authority must be an OID with ISO, a UUID with UUID or GUID, or a URI with URI");
	memcpy(spelled, "urn:uuid:", 9);
	memcpy(spelled + 9, id.data, id.len);
	*out = bytes_of(spelled, 9 + id.len);
	return E_OK;
}

/* X^check digit^its scheme^authority^type code^...: whose number it is, is said by X and the authority alone. */
static enum error read_cx(struct bytes cx, const struct identifier_scope *scope, char *out, struct fault *fault)
{
	char spelled[64];
	struct bytes system;
	struct bytes id = words_trim(bytes_cut(&cx, '^'));
	bytes_cut(&cx, '^');
	bytes_cut(&cx, '^');
	struct bytes authority = bytes_cut(&cx, '^');
	if (says_nobody(id))
		return nobody(out);
	if (has(id, '\\') || has(id, '&') || has(authority, '\\'))
		return fault_set(fault, E_BAD_SUBJECT,
			"subject: the CX has subcomponents or an HL7 escape (\\T\\ and the like), which spell one id in two ways");
	TRY(cx_system(authority, scope, &system, spelled, fault));
	return under_system(system, id, out, fault);
}

/* ---- FHIR identifiers ---- */

/* A CX beside a system: both must name the same authority. */
static enum error cx_with_system(
	struct bytes system, struct bytes cx, const struct identifier_scope *scope, char *out, struct fault *fault)
{
	char by_system[SUBJECT_BYTES_MAX + 1];
	char by_cx[SUBJECT_BYTES_MAX + 1];
	struct bytes rest = cx;
	TRY(read_cx(cx, scope, by_cx, fault));
	TRY(plain(system, words_trim(bytes_cut(&rest, '^')), by_system, fault));
	if (strcmp(by_cx, by_system) != 0)
		return fault_set(
			fault, E_BAD_SUBJECT, "subject: the identifier's system and the authority in its value are not the same");
	strcpy(out, by_cx);
	return E_OK;
}

/* A local name in a system's place. What could be one and is not known is refused with the word that would help. */
static enum error known_system(struct bytes *system, const struct identifier_scope *scope, struct fault *fault)
{
	struct bytes known = source_namespace(scope->source, *system);
	if (known.len > 0)
		*system = known;
	else if (!has(*system, ':') && !has(*system, '.') && may_be_told(*system))
		return unknown_namespace(*system, fault);
	return E_OK;
}

enum error identifier_fhir(
	struct bytes system, struct bytes value, const struct identifier_scope *scope, char *out, struct fault *fault)
{
	const struct identifier_scope without_org = {.source = scope->source};
	system = words_trim(system);
	value = words_trim(value);
	if (value.len == 0)
		return fault_set(fault, E_BAD_SUBJECT, "subject: a person without an identifier's value");
	if (says_nobody(value))
		return nobody(out);
	TRY(refuse_placeholder(value, fault));
	if (system.len == 0 && (has(value, '^') || has(value, '|')) && !identifier_is_patient_reference(value))
		return identifier_text(value, &without_org, out, fault);
	if (system.len == 0 && !bare(value))
		return fault_set(fault, E_BAD_SUBJECT, NO_AUTHORITY_AND_NO_NUMBER);
	if (system.len == 0)
		TRY(usual_authority(scope, &system, fault));
	TRY(known_system(&system, scope, fault));
	if (is_cx(value))
		return cx_with_system(system, value, scope, out, fault);
	return plain(system, value, out, fault);
}

/* ---- FHIR references ---- */

/* Where the last "Patient/" or "Patient?" begins that is a path segment, in whatever case; text.len when there is none.
 */
static size_t patient_segment(struct bytes text)
{
	static const char type[] = "patient";
	size_t len = sizeof type - 1;
	struct bytes rest = text;
	size_t path = bytes_cut(&rest, '?').len; /* a query has no segments */
	for (size_t at = path + 1; at-- > 0;) {
		struct bytes here = bytes_of(text.data + at, text.len - at);
		bool segment = at == 0 || text.data[at - 1] == '/';
		if (segment && here.len > len && words_begin(here, type) && (here.data[len] == '/' || here.data[len] == '?'))
			return at;
	}
	return text.len;
}

bool identifier_is_patient_reference(struct bytes text)
{
	text = words_trim(text);
	if (text.len == 0)
		return false;
	size_t at = patient_segment(text);
	struct bytes path = text;
	path = bytes_cut(&path, '?');
	return at < text.len && !has(path, '|') && !has(path, '^') && !has(path, ' ');
}

static enum error percent_decode(struct bytes text, uint8_t *out, size_t *out_len, struct fault *fault)
{
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c == '%') {
			int high = i + 2 < text.len ? words_hex(text.data[i + 1]) : -1;
			int low = i + 2 < text.len ? words_hex(text.data[i + 2]) : -1;
			if (high < 0 || low < 0)
				return fault_set(fault, E_BAD_SUBJECT, "subject: a broken %% escape in the reference");
			c = (uint8_t)(high * 16 + low);
			i += 2;
		} else if (c == '+' || c == '\\' || c == ',' || c == '$' || c == '#') {
			return fault_set(fault, E_BAD_SUBJECT,
				"subject: the conditional reference must name one identifier, without '+', ',', '$', '\\' and '#'");
		}
		if (len == SUBJECT_BYTES_MAX)
			return fault_set(fault, E_BAD_SUBJECT, "subject: longer than %u bytes", SUBJECT_BYTES_MAX);
		out[len++] = c;
	}
	*out_len = len;
	return E_OK;
}

/* Patient?identifier=SYSTEM|X: the identifier is what names the person. */
static enum error conditional(struct bytes query, const struct identifier_scope *scope, char *out, struct fault *fault)
{
	uint8_t decoded[SUBJECT_BYTES_MAX];
	size_t len = 0;
	struct bytes value = query;
	struct bytes name = bytes_cut(&value, '=');
	if (!bytes_equal(name, BYTES_LITERAL("identifier")) || has(query, '&'))
		return fault_set(fault, E_BAD_SUBJECT,
			"subject: of conditional references only Patient?identifier=SYSTEM|VALUE says who is meant");
	TRY(percent_decode(value, decoded, &len, fault));
	struct bytes token = bytes_of(decoded, len);
	if (!has(token, '|'))
		return fault_set(fault, E_BAD_SUBJECT, NO_AUTHORITY);
	struct bytes system = bytes_cut(&token, '|');
	if (words_trim(system).len == 0)
		return fault_set(fault, E_BAD_SUBJECT, NO_AUTHORITY);
	return identifier_fhir(system, token, scope, out, fault);
}

/* Behind "Patient/": ID, or ID/_history/VERSION. */
static enum error reference_id(struct bytes rest, struct bytes *out, struct fault *fault)
{
	struct bytes id = bytes_cut(&rest, '/');
	bool versioned = rest.len > 0;
	if (versioned && (!bytes_equal(bytes_cut(&rest, '/'), BYTES_LITERAL("_history")) || !subject_ref_id_valid(rest)))
		return fault_set(fault, E_BAD_SUBJECT,
			"subject: the reference to a patient must end with the id, or with /_history/VERSION");
	if (!subject_ref_id_valid(id))
		return fault_set(fault, E_BAD_SUBJECT,
			"subject: the reference to a patient has an id that is no FHIR id (1 to 64 of A-Z, a-z, 0-9, '-' and '.'; "
			"no "
			"'?', '#' or '%%')");
	*out = id;
	return refuse_placeholder(id, fault); /* Patient/undefined */
}

static enum error reference(struct bytes text, const struct identifier_scope *scope, char *out, struct fault *fault)
{
	static const char type[] = "Patient";
	size_t at = patient_segment(text);
	struct bytes base = bytes_of(text.data, at);
	struct bytes rest = bytes_of(text.data + at + sizeof type - 1, text.len - at - (sizeof type - 1));
	struct bytes id;
	if (memcmp(text.data + at, type, sizeof type - 1) != 0)
		return fault_set(
			fault, E_BAD_SUBJECT, "subject: a reference to a patient is spelled Patient/ID, with a capital P");
	if (base.len > 0 && !words_begin(base, "http://") && !words_begin(base, "https://"))
		return fault_set(fault, E_BAD_SUBJECT,
			"subject: a reference to a patient is Patient/ID, or the whole http or https address of it");
	if (rest.data[0] == '?')
		return conditional(bytes_of(rest.data + 1, rest.len - 1), scope, out, fault);
	TRY(reference_id(bytes_of(rest.data + 1, rest.len - 1), &id, fault));
	if (base.len > 0) {
		/* Every server numbers its own patients: whose number it is, is said by the server. */
		struct bytes parts[] = {BYTES_LITERAL("uri:"), base, BYTES_LITERAL("Patient|"), id};
		return canonical(parts, 4, out, fault);
	}
	if (scope->org_id == NULL)
		return fault_set(fault, E_BAD_SUBJECT, NO_AUTHORITY);
	struct bytes parts[] = {BYTES_LITERAL("ref:"), bytes_text(scope->org_id), BYTES_LITERAL("/Patient/"), id};
	return canonical(parts, 4, out, fault);
}

/* ---- any of them ---- */

/* A number of the usual authority, where there is one; else what names nobody that we could know, by what it looks
 * like.
 */
static enum error bare_or_refused(
	struct bytes text, const struct identifier_scope *scope, char *out, struct fault *fault)
{
	if (text.data[0] == '#')
		return fault_set(fault, E_BAD_SUBJECT, "subject: a reference to a part of the message that is not there");
	if (words_begin(text, "urn:uuid:") || words_begin(text, "urn:oid:"))
		return fault_set(fault, E_BAD_SUBJECT,
			"subject: a reference into a Bundle, which does not say who it is; send the patient's identifier");
	if (!bare(text))
		return fault_set(fault, E_BAD_SUBJECT, NO_AUTHORITY_AND_NO_NUMBER);
	return identifier_fhir(BYTES_EMPTY, text, scope, out, fault);
}

enum error identifier_text(struct bytes text, const struct identifier_scope *scope, char *out, struct fault *fault)
{
	text = words_trim(text);
	if (text.len == 0)
		return fault_set(fault, E_BAD_SUBJECT, "subject: a person without an identifier");
	if (says_nobody(text))
		return nobody(out);
	TRY(refuse_placeholder(text, fault));
	if (identifier_is_patient_reference(text))
		return reference(text, scope, out, fault);
	if (is_cx(text) || (has(text, '^') && !has(text, '|')))
		return read_cx(text, scope, out, fault);
	if (!has(text, '|'))
		return bare_or_refused(text, scope, out, fault);
	struct bytes system = words_trim(bytes_cut(&text, '|'));
	if (system.len == 0)
		return fault_set(fault, E_BAD_SUBJECT, NO_AUTHORITY);
	return identifier_fhir(system, text, scope, out, fault);
}
