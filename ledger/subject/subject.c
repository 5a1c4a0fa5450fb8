/*   canonical:  text ─► spell (hyphen, OID, system, national number) ─► judge
 *   judge:      form by its front ─► its parts ─► national number
 *
 * What a person wrote is brought into form and then judged by the same rules as what came in form, so that nothing gets
 * in that a verifier would refuse. Spelling is not a second chance for what is malformed: it leaves what it does not
 * know as it is. Each fault is a constant text, because the value is somebody's number. Refused is what could be a
 * second spelling of the same person; that the person exists is not asked. */
#include "ledger/subject/subject.h"

#include "ledger/base/wrong.h"
#include "ledger/subject/subject_number.h"
#include "ledger/subject/subject_placeholder.h"
#include "ledger/subject/subject_system.h"
#include "ledger/text/visible.h"

#include <string.h>

#define CPR_OID "1.2.208.176.1.2"
#define URI_VALUES "urn:ietf:rfc:3986" /* the system of values that are URIs themselves */
#define FORMS "must be cpr: and ten digits, oid:OID:VALUE, uri:SYSTEM|VALUE or ref:SCHEME:ORG/Patient/ID"
#define REF_ID_MAX 64 /* a FHIR id */

/* ---- values ---- */

/* NULL, or why the text can be no part of an id. */
static const char *judge_text(struct bytes text)
{
	if (text.len == 0)
		return FORMS;
	if (WRONG(!bytes_utf8(text)))
		return "is not valid UTF-8";
	if (WRONG(text.data[0] == ' ') || WRONG(text.data[text.len - 1] == ' ') ||
		WRONG(memmem(text.data, text.len, "  ", 2) != NULL))
		return "begins or ends with a space, or has two together";
	if (WRONG(visible_hides(text)))
		return "has a control, invisible, combining or full-width character, which makes a second spelling";
	return NULL;
}

/* VALUE of oid: and uri:. */
static const char *judge_value(struct bytes value)
{
	size_t carets = 0;
	for (size_t i = 0; i < value.len; i++)
		carets += value.data[i] == '^';
	if (WRONG(carets >= 3))
		return "has an HL7 CX as its value; the value is the CX's first component alone";
	return judge_text(value);
}

static bool ten_digits(struct bytes value)
{
	if (WRONG(value.len != 10))
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (WRONG(value.data[i] < '0') || WRONG(value.data[i] > '9'))
			return false;
	return true;
}

/* Where `mark` first stands, or `text.len`. */
static size_t find(struct bytes text, char mark)
{
	const uint8_t *at = text.len ? memchr(text.data, mark, text.len) : NULL;
	return at ? (size_t)(at - text.data) : text.len;
}

/* ---- forms ---- */

static const char *judge_oid(struct bytes rest)
{
	size_t colon = find(rest, ':');
	struct bytes oid = bytes_of(rest.data, colon);
	if (colon == rest.len)
		return FORMS;
	if (WRONG(!subject_oid_valid(oid)))
		return "has an OID that is none: numbers without leading zeros, joined by dots, the first 0, 1 or 2";
	if (WRONG(bytes_equal(oid, BYTES_LITERAL(CPR_OID))))
		return FORMS;
	if (WRONG(subject_oid_is_codes(oid)))
		return "has the OID of a code system: it tells what kind of identifier this is, not whose numbers these are";
	return judge_value(bytes_after(rest, colon + 1));
}

/* A value that is a URI itself has one spelling too; an OID in it is spelled as URIs do. */
static const char *judge_uri_value(struct bytes value)
{
	char spelled[SUBJECT_BYTES_MAX + 1];
	struct bytes oid;
	if (subject_system_oid(value, &oid))
		return bytes_begin(value, "urn:oid:") && subject_oid_valid(oid) ? NULL
																		: "has a value that is not a canonical URI";
	if (subject_system_canonical(value, spelled) != NULL || !bytes_equal(value, bytes_text(spelled)))
		return "has a value that is not a canonical URI";
	return NULL;
}

static const char *judge_uri(struct bytes rest)
{
	char spelled[SUBJECT_BYTES_MAX + 1];
	size_t bar = find(rest, '|');
	struct bytes system = bytes_of(rest.data, bar);
	if (bar == rest.len || bar == 0)
		return FORMS;
	const char *why = subject_system_canonical(system, spelled);
	if (WRONG(why != NULL))
		return why;
	if (WRONG(!bytes_equal(system, bytes_text(spelled))))
		return "has a system that is not in its canonical spelling";
	if (bytes_equal(system, BYTES_LITERAL(URI_VALUES)))
		return judge_uri_value(bytes_after(rest, bar + 1));
	return judge_value(bytes_after(rest, bar + 1));
}

/* SCHEME:ID/Patient/ID */
static const char *judge_ref(struct bytes rest)
{
	size_t slash = find(rest, '/');
	struct bytes org = bytes_of(rest.data, slash);
	size_t colon = find(org, ':');
	if (slash == rest.len || WRONG(colon == 0) || WRONG(colon + 1 >= org.len))
		return FORMS;
	struct bytes reference = bytes_after(rest, slash + 1);
	if (WRONG(!bytes_begin(reference, "Patient/")))
		return FORMS;
	struct bytes id = bytes_after(reference, strlen("Patient/"));
	if (WRONG(!subject_ref_id_valid(id)))
		return "has a FHIR id that is none: 1 to 64 of A-Z, a-z, 0-9, '-' and '.'";
	return judge_text(org);
}

bool subject_ref_id_valid(struct bytes id)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
	for (size_t i = 0; i < id.len; i++)
		if (WRONG(memchr(letters, id.data[i], sizeof letters - 1) == NULL))
			return false;
	return !WRONG(id.len < 1) && !WRONG(id.len > REF_ID_MAX);
}

/* A national number has one spelling, and all of its digits. */
static const char *judge_number(struct bytes id)
{
	char spelled[SUBJECT_BYTES_MAX + 1];
	enum subject_number number = subject_number_spell(id, spelled);
	if (WRONG(number == NUMBER_SHORT))
		return "is a national number that lacks one or two digits: its leading zeros, or the century";
	if (number == NUMBER_SPELLED && WRONG(!bytes_equal(id, bytes_text(spelled))))
		return "is a national number in a second spelling: write it without spaces and signs, letters as capitals";
	return NULL;
}

/* ---- lists beside a person's own ---- */

static const char *const fronts[] = {[LIST_OF_PERSON] = "",
	[LIST_OF_GRANTS] = "grants:",
	[LIST_OF_MANDATES] = "mandates:",
	[LIST_OF_REPORTS] = "reports:"};

enum subject_list subject_list(struct bytes id)
{
	for (enum subject_list list = LIST_OF_GRANTS; list <= LIST_OF_REPORTS; list++)
		if (bytes_begin(id, fronts[list]))
			return list;
	return LIST_OF_PERSON;
}

struct bytes subject_principal(struct bytes id)
{
	return bytes_after(id, strlen(fronts[subject_list(id)]));
}

bool subject_of_list(enum subject_list list, struct bytes whose, char *out)
{
	size_t front = strlen(fronts[list]);
	if (front + whose.len > SUBJECT_BYTES_MAX)
		return false;
	memcpy(stpcpy(out, fronts[list]), whose.data, whose.len);
	out[front + whose.len] = '\0';
	return true;
}

bool subject_org_valid(struct bytes org)
{
	size_t colon = find(org, ':');
	for (size_t i = 0; i < colon; i++) {
		uint8_t c = org.data[i];
		bool letter = c >= 'a' && c <= 'z';
		bool other = (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '+';
		if (WRONG(!letter && i == 0) || WRONG(!letter && !other))
			return false;
	}
	if (WRONG(colon == 0) || WRONG(colon + 1 >= org.len) || !bytes_utf8(org))
		return false;
	return !WRONG(find(org, ' ') < org.len) && !WRONG(visible_hides(org));
}

/* A list is judged by whose it is; a list of a list is none, for its front is no person's. */
enum error subject_judge(struct bytes id, struct fault *fault)
{
	const char *why = FORMS;
	if (id.len > SUBJECT_BYTES_MAX)
		return fault_set(fault, E_BAD_SUBJECT, "subject: longer than %u bytes", SUBJECT_BYTES_MAX);
	if (subject_list(id) == LIST_OF_REPORTS)
		return subject_org_valid(subject_principal(id)) && subject_principal(id).len <= ORG_BYTES_MAX
				   ? E_OK
				   : fault_set(
						 fault, E_BAD_SUBJECT, "subject: reports: must be followed by an organisation, SCHEME:ID");
	id = subject_principal(id);
	if (bytes_begin(id, "cpr:"))
		why = ten_digits(bytes_after(id, 4)) ? NULL : FORMS;
	else if (bytes_begin(id, "oid:"))
		why = judge_oid(bytes_after(id, 4));
	else if (bytes_begin(id, "uri:"))
		why = judge_uri(bytes_after(id, 4));
	else if (bytes_begin(id, "ref:"))
		why = judge_ref(bytes_after(id, 4));
	if (why == NULL)
		why = judge_number(id);
	return why == NULL ? E_OK : fault_set(fault, E_BAD_SUBJECT, "subject: %s", why);
}

enum error subject_check(struct bytes id)
{
	return subject_judge(id, NULL);
}

/* ---- bringing into form ---- */

/* "cpr:DDDDDD-DDDD" and "oid:<the CPR OID>:..." become "cpr:DDDDDDDDDD"; a system that has another spelling gets the
 * canonical one. */
static size_t spell(struct bytes text, char *out)
{
	static const char cpr_oid[] = "oid:" CPR_OID ":";
	size_t len = 0;
	if (bytes_begin(text, "uri:")) {
		struct bytes system = bytes_of(text.data + 4, find(bytes_after(text, 4), '|'));
		if (4 + system.len < text.len && subject_system_canonical(system, out + 4) == NULL) {
			memcpy(out, "uri:", 4);
			len = 4 + strlen(out + 4);
			text = bytes_after(text, 4 + system.len);
		}
	}
	if (bytes_begin(text, cpr_oid)) {
		memcpy(out, "cpr:", 4);
		len = 4;
		text = bytes_after(text, sizeof cpr_oid - 1);
	}
	memcpy(out + len, text.data, text.len);
	len += text.len;
	if (len == 15 && memcmp(out, "cpr:", 4) == 0 && out[10] == '-') {
		memmove(out + 10, out + 11, 4);
		len = 14;
	}
	out[len] = '\0';
	char number[SUBJECT_BYTES_MAX + 1];
	if (len <= SUBJECT_BYTES_MAX && subject_number_spell(bytes_of(out, len), number) == NUMBER_SPELLED) {
		len = strlen(number);
		memcpy(out, number, len + 1);
	}
	return len;
}

/* What stands behind the front of an id that has the right form. */
static struct bytes value_in(struct bytes id)
{
	static const char patient[] = "/Patient/";
	size_t at = 4;
	if (bytes_begin(id, "oid:"))
		at += find(bytes_after(id, 4), ':') + 1;
	else if (bytes_begin(id, "uri:"))
		at = find(id, '|') + 1;
	else if (bytes_begin(id, "ref:"))
		at = find(id, '/') + sizeof patient - 1;
	return bytes_after(id, at);
}

/* What comes in now is nobody's id. Not asked of what is filed: a ledger that has such a subject stays readable. */
static const char *refuse_new(struct bytes id)
{
	static const char *const ours[] = {"uri:cpr:", "uri:ref:", "uri:uri:"};
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		if (bytes_begin(id, ours[i]))
			return "has a system that begins as our own ids do; send the system alone, as it is registered";
	return subject_placeholder(value_in(id))
			   ? "has a placeholder where the identifier of a person should stand; send the identifier, or an event "
				 "about nobody"
			   : NULL;
}

enum error subject_canonical(struct bytes text, char *out, struct fault *fault)
{
	char spelled[SUBJECT_BYTES_MAX + 6];
	const char *list = fronts[subject_list(text)];
	size_t front = strlen(list);
	if (text.len > SUBJECT_BYTES_MAX)
		return fault_set(fault, E_BAD_SUBJECT, "subject: longer than %u bytes", SUBJECT_BYTES_MAX);
	if (text.len == 0 || memchr(text.data, '\0', text.len) != NULL)
		return fault_set(fault, E_BAD_SUBJECT, "subject: empty, or with a NUL byte");
	memcpy(spelled, list, front);
	size_t len = front + spell(bytes_after(text, front), spelled + front);
	TRY(subject_judge(bytes_of(spelled, len), fault));
	memcpy(out, spelled, len + 1);
	return E_OK;
}

enum error subject_reported(struct bytes text, char *out, struct fault *fault)
{
	char id[SUBJECT_BYTES_MAX + 1];
	TRY(subject_canonical(text, id, fault));
	const char *why = refuse_new(subject_principal(bytes_text(id)));
	if (why != NULL)
		return fault_set(fault, E_BAD_SUBJECT, "subject: %s", why);
	strcpy(out, id);
	return E_OK;
}
