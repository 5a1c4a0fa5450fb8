/* A search for signs, in text that may be anything. Looked at as it is, then without NULs (UTF-16), then with up to
 * two layers of % escapes taken off; a query also as what its base64 holds.
 *
 * A sign that is seen wrongly costs a message that names nobody: it is refused, and the sender adds the subject. One
 * that is missed files an access under nobody. So signs are wide where patients are searched for, and narrow where
 * people at work are described, who have numbers too. What can fail is memory alone. */
#include "ingest/message/mention.h"

#include "ingest/message/escapes.h"
#include "ingest/message/identifier.h"
#include "ingest/message/words.h"
#include "ledger/subject/subject_in_text.h"
#include "ledger/subject/subject_system.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES_LOOKED_AT 256u

/* National numbers of people. What stands under another system may be anything: a role or a type has to say it. */
static const char *const oids[] = {
	"1.2.208.176.1.2",                   /* Denmark: CPR */
	"2.16.578.1.12.4.1.4.1",             /* Norway: fødselsnummer */
	"2.16.578.1.12.4.1.4.2",             /* Norway: D-nummer */
	"2.16.578.1.12.4.1.4.3",             /* Norway: felles hjelpenummer */
	"1.2.752.129.2.1.3.1",               /* Sweden: personnummer */
	"1.2.752.129.2.1.3.3",               /* Sweden: samordningsnummer */
	"1.2.752.97.3.1.3",                  /* Sweden: reservnummer, Stockholm */
	"1.2.246.21",                        /* Finland: henkilötunnus */
	"2.16.840.1.113883.2.4.6.3",         /* Netherlands: BSN */
	"2.16.756.5.30.1.127.3.10.3",        /* Switzerland: EPR-SPID */
	"2.16.756.5.32",                     /* Switzerland: AHVN13 */
	"1.2.40.0.10.1.4.3.1",               /* Austria: social insurance */
	"1.2.250.1.213.1.4.8",               /* France: INS-NIR */
	"1.2.250.1.213.1.4.9",               /* France: INS-NIA */
	"2.16.840.1.113883.2.9.4.3.2",       /* Italy: codice fiscale */
	"2.16.840.1.113883.2.1.4.1",         /* England: NHS number */
	"2.16.840.1.113883.2.1.3.2.4.16.53", /* Scotland: CHI */
	"2.16.840.1.113883.2.18.2",          /* New Zealand: NHI */
	"2.16.840.1.113883.4.1",             /* United States: SSN */
	"2.16.840.1.113883.4.572",           /* United States: Medicare */
	NULL,
};
static const char *const uris[] = {
	"http://electronichealth.se/identifier/personnummer",
	"http://electronichealth.se/identifier/samordningsnummer",
	"http://fhir.nl/fhir/NamingSystem/bsn",
	"https://fhir.nhs.uk/Id/nhs-number",
	"http://hl7.org/fhir/sid/us-ssn",
	"http://hl7.org/fhir/sid/us-medicare",
	"http://hl7.org/fhir/sid/us-mbi",
	"http://fhir.de/sid/gkv/kvid-10",
	"http://fhir.de/sid/pkv/kvid-10",
	"http://fhir.de/NamingSystem/gkv/kvid-10",
	"https://standards.digital.health.nz/ns/nhi-id",
	"http://ns.electronichealth.net.au/id/hi/ihi/1.0",
	"https://www.ehealth.fgov.be/standards/fhir/core/NamingSystem/ssin",
	"https://healthid.ndhm.gov.in",
	NULL,
};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

bool mention_numbers_people(struct bytes system)
{
	char spelled[SUBJECT_BYTES_MAX + 1];
	struct bytes oid;
	system = words_trim(system);
	if (subject_system_oid(system, &oid))
		return words_one_of(oid, oids);
	return subject_system_canonical(system, spelled) == NULL && words_one_of(bytes_text(spelled), uris);
}

/* ---- where a word begins ---- */

static bool starts(struct bytes text, size_t at, const char *word)
{
	return at <= text.len && words_begin(bytes_of(text.data + at, text.len - at), word);
}

static bool id_char(uint8_t c)
{
	return words_digit(c) || words_letter(c) || c == '-' || c == '.';
}

static bool word_char(uint8_t c)
{
	return id_char(c) || c == '_' || c == '%';
}

/* What stands behind `mark` where it begins a word; empty when it does not stand there. */
static struct bytes behind(struct bytes text, size_t at, const char *mark)
{
	if (at < text.len && !words_may_begin(text.data[at], mark))
		return BYTES_EMPTY;
	size_t len = strlen(mark);
	if (text.len - at <= len || (at > 0 && word_char(text.data[at - 1])) || !starts(text, at, mark))
		return BYTES_EMPTY;
	return bytes_of(text.data + at + len, text.len - at - len);
}

/* Patient/ID; patients/77, as interfaces of other makers have it. */
static bool is_reference(struct bytes text, size_t at)
{
	static const char *const others[] = {"patients/", "pasient/", "pasienter/", "patienter/", "borger/", "borgere/"};
	struct bytes id = (text.data[at] | 0x20) == 'p' ? behind(text, at, "Patient/") : BYTES_EMPTY;
	if (id.len > 0)
		return id_char(id.data[0]) && id.data[0] != '.';
	for (size_t i = 0; i < COUNT(others) && id.len == 0; i++)
		id = behind(text, at, others[i]);
	return id.len > 0 && words_digit(id.data[0]);
}

/* ---- CX ---- */

/* Where a CX that stands in a text must have ended. */
static bool cx_boundary(uint8_t c)
{
	return c <= ' ' || memchr("\"'|~,<>()=", c, 11) != NULL;
}

/* Kinds of numbers of things (HL7 table 0203). */
static bool is_thing_kind(struct bytes text)
{
	size_t len = 0;
	while (len < text.len && len < 5 && id_char(text.data[len]))
		len++;
	if (WORDS_ONE_OF(bytes_of(text.data, len), "VN", "ACSN", "FILL", "PLAC", "SNO", "UDI", "XX"))
		return true;
	return text.len > 4 && starts(text, 0, "urn:"); /* IHE's CXi: a document, an order */
}

/* Behind the third '^': NS&OID..., and of which kind. */
static bool has_authority(struct bytes rest)
{
	size_t at = 0;
	bool authority = false;
	while (at < rest.len && at < VALUE_BYTES_LOOKED_AT && rest.data[at] != '^' && !cx_boundary(rest.data[at])) {
		authority |= rest.data[at] == '&' && at + 1 < rest.len && id_char(rest.data[at + 1]);
		at++;
	}
	if (at < rest.len && rest.data[at] == '^')
		at++;
	return authority && !is_thing_kind(bytes_of(rest.data + at, rest.len - at));
}

/* X^^^NS&OID&ISO somewhere in the text. */
static bool has_cx(struct bytes text)
{
	size_t carets = 0;
	size_t id = 0; /* bytes of X */
	for (size_t at = 0; at < text.len; at++) {
		uint8_t c = text.data[at];
		if (c == '^') {
			if (++carets == 3 && id > 0 && has_authority(bytes_of(text.data + at + 1, text.len - at - 1)))
				return true;
		} else if (cx_boundary(c)) {
			carets = 0;
			id = 0;
		} else if (carets == 0) {
			id++;
		}
	}
	return false;
}

bool mention_is_cx(struct bytes id)
{
	return has_cx(id);
}

bool mention_is_number(struct bytes id)
{
	struct bytes rest = words_trim(id);
	struct bytes system = bytes_cut(&rest, '|');
	if (rest.len > 0 && mention_numbers_people(system))
		return true;
	rest = id;
	for (unsigned i = 0; i < 3; i++)
		bytes_cut(&rest, '^');
	struct bytes authority = bytes_cut(&rest, '^');
	bytes_cut(&authority, '&');
	struct bytes oid = bytes_cut(&authority, '&');
	return oid.len > 0 && mention_numbers_people(oid);
}

/* SYSTEM|X, where SYSTEM numbers people. */
static bool is_token(struct bytes text, size_t at)
{
	const char *const *const lists[] = {oids, uris};
	for (size_t k = 0; k < 2; k++)
		for (const char *const *system = lists[k]; *system != NULL; system++) {
			struct bytes rest = behind(text, at, *system);
			if (rest.len > 1 && rest.data[0] == '|' && word_char(rest.data[1]))
				return true;
		}
	return false;
}

static bool has_number(struct bytes text)
{
	bool bar = memchr(text.data, '|', text.len) != NULL;
	for (size_t at = 0; bar && at < text.len; at++)
		if ((at == 0 || !word_char(text.data[at - 1])) && is_token(text, at))
			return true;
	return subject_in_text(text, BYTES_EMPTY) != 0 || (memchr(text.data, '^', text.len) != NULL && has_cx(text));
}

/* ---- searches ---- */

static size_t skip(struct bytes rest, size_t at, const char *characters)
{
	while (at < rest.len && rest.data[at] != '\0' && strchr(characters, rest.data[at]) != NULL)
		at++;
	return at;
}

#define QUOTES "\"\\' \t\r\n"

static size_t word_len(struct bytes rest, size_t at)
{
	size_t len = 0;
	while (at + len < rest.len && word_char(rest.data[at + len]))
		len++;
	return len;
}

/* What an object of JSON says of whom it is: the value of its first member that is not about something else. By name or
 * birthday nobody is singled out. */
static struct bytes in_object(struct bytes rest)
{
	for (size_t at = 0;;) {
		at = skip(rest, at, QUOTES "{[,$");
		size_t len = word_len(rest, at);
		struct bytes name = len > 0 ? bytes_of(rest.data + at, len) : BYTES_EMPTY;
		at = skip(rest, at + len, QUOTES);
		if (len == 0)
			return BYTES_EMPTY;
		if (at >= rest.len || rest.data[at] != ':')
			return bytes_after(rest, (size_t)(name.data - rest.data)); /* no name: {77} */
		at = skip(rest, at + 1, QUOTES "{[");
		if (!WORDS_LIKE_ONE_OF(name, "vr", "system", "use", "type", "name", "family", "given", "birthdate",
				"birth_date", "gender", "sex", "display", "active", "firstName", "lastName"))
			return bytes_after(rest, at);
		while (at < rest.len && rest.data[at] != ',' && rest.data[at] != '}')
			at++;
		if (at >= rest.len || rest.data[at] == '}')
			return BYTES_EMPTY;
	}
}

/* Behind an operator in words: IN (, LIKE ', eq 77. */
static size_t skip_operator(struct bytes rest, size_t at)
{
	size_t behind_in = skip(rest, at + 2, " \t\r\n");
	size_t behind_like = skip(rest, at + 4, " \t\r\n");
	if (starts(rest, at, "in") && behind_in < rest.len && memchr("([", rest.data[behind_in], 2) != NULL)
		return behind_in + 1;
	if (starts(rest, at, "like") && behind_like < rest.len && memchr("'\"", rest.data[behind_like], 2) != NULL)
		return behind_like;
	return starts(rest, at, "eq ") ? at + 3 : at;
}

/* (GGGG,EEEE), as dumps of DICOM begin a line. */
static bool is_tag(struct bytes text)
{
	static const char form[] = "(xxxx,xxxx)";
	bool good = text.len >= sizeof form - 1;
	for (size_t i = 0; good && form[i] != '\0'; i++)
		good = form[i] == 'x' ? words_hex(text.data[i]) >= 0 : text.data[i] == (uint8_t)form[i];
	return good;
}

/* What a parameter, member, column or element is set to: =VALUE, ":"VALUE, >VALUE, IN (VALUE, {"value":VALUE; or in
 * FHIR's Parameters ","valueString":"VALUE. With or without escapes. */
static struct bytes value_of(struct bytes rest)
{
	size_t i = skip(rest, 0, QUOTES);
	if (i < rest.len && rest.data[i] == ',') {
		i = skip(rest, i + 1, QUOTES);
		for (bool value = starts(rest, i, "value"); value && i < rest.len && rest.data[i] != ':';)
			i++;
	}
	if (is_tag(bytes_after(rest, i)))
		return BYTES_EMPTY; /* the next line of a dump */
	size_t operator= skip_operator(rest, i);
	if (operator== i &&(i >= rest.len || memchr("=:>(", rest.data[i], 4) == NULL) && !starts(rest, i, "<=>"))
		return BYTES_EMPTY;
	i = skip(rest, starts(rest, operator, "<=>") ? operator + 3 : operator, QUOTES "=:>(+[|$");
	for (bool list = starts(rest, i, "<Value"); list && i < rest.len; list = starts(rest, i, "<Value")) {
		while (i < rest.len && rest.data[i] != '>')
			i++;
		i = skip(rest, i, QUOTES ">");
	}
	struct bytes value =
		bytes_of(rest.data + i, rest.len - i < VALUE_BYTES_LOOKED_AT ? rest.len - i : VALUE_BYTES_LOOKED_AT);
	return value.len > 0 && value.data[0] == '{' ? in_object(value) : value;
}

/* TYPE/ID of something that is no patient, each of a list. */
static bool of_another_type(struct bytes value)
{
	for (size_t at = 0;;) {
		size_t len = 0;
		while (at + len < value.len && words_letter(value.data[at + len]))
			len++;
		if (len == 0 || at + len >= value.len || value.data[at + len] != '/' || starts(value, at, "Patient/"))
			return false;
		at += len + 1;
		at += word_len(value, at);
		if (at + 1 >= value.len || value.data[at] != ',' || !word_char(value.data[at + 1]))
			return true;
		at++;
	}
}

/* The name of a parameter that singles out a patient, and nothing behind it. */
static bool names_parameter(struct bytes name, bool of_patients)
{
	static const char *const whole[] = {"subject", "beneficiary", "pid", "subject.identifier", "subject._id",
		"subject.id", "patients", "patienter", "pasienter", NULL};
	static const char *const ends[] = {"id", "identifier", "number", "nummer", "nr", "no", "ids", "identifiers",
		"numbers", "key", "ref", "reference", "uuid"};
	if (words_like_one_of(name, whole) || mention_is_word(name) || mention_numbers(name))
		return true;
	for (size_t i = 0; i < COUNT(ends); i++) {
		size_t len = strlen(ends[i]);
		if (name.len >= len && starts(name, name.len - len, ends[i]) &&
			((of_patients && (len > 2 || name.len == len)) || mention_word(bytes_of(name.data, name.len - len))))
			return true;
	}
	return of_patients && name.len == 3 && starts(name, 0, "_id");
}

/* The word that begins here is set to something. */
static bool sets_patient(struct bytes text, size_t at, bool of_patients)
{
	size_t len = 0;
	if ((at > 0 && word_char(text.data[at - 1])) || !word_char(text.data[at]))
		return false;
	while (at + len < text.len && len < 64 && word_char(text.data[at + len]))
		len++;
	struct bytes name = bytes_of(text.data + at, len);
	bool parameter = at > 0 && (text.data[at - 1] == '?' || text.data[at - 1] == '&');
	bool other = parameter && WORDS_ONE_OF(name, "for", "individual", "policy-holder", "subscriber");
	if (len == 64 || !(other || names_parameter(name, of_patients)))
		return false;
	size_t left = text.len - at - len; /* a value that begins further away is none of this name's */
	struct bytes value =
		value_of(bytes_of(text.data + at + len, left < 2 * VALUE_BYTES_LOOKED_AT ? left : 2 * VALUE_BYTES_LOOKED_AT));
	return value.len > 0 && (word_char(value.data[0]) || value.data[0] == '/') && !of_another_type(value) &&
		   (parameter || of_patients || !mention_technical(text, name, value));
}

/* HL7 version 3: the number stands in an attribute of what the element holds. */
static bool has_extension(struct bytes text, size_t at)
{
	static const char *const elements[] = {
		"livingSubjectId", "patientIdentifier", "patientId", "patient>", "patientPerson>", "patientRole>"};
	bool found = false;
	for (size_t i = 0; i < COUNT(elements); i++)
		found |= behind(text, at, elements[i]).len > 0;
	if (!found)
		return false;
	size_t end = text.len - at < VALUE_BYTES_LOOKED_AT ? text.len : at + VALUE_BYTES_LOOKED_AT;
	for (; at < end; at++) {
		struct bytes rest = behind(text, at, "extension=");
		if (rest.len > 1 && word_char(rest.data[1]))
			return true;
	}
	return false;
}

/* DICOM: Patient ID (0010,0020) or Other Patient IDs (0010,1000) with something to match. Its length stands in two
 * bytes behind LO, in four behind UN and two of nothing, or in four at once; all of it in little endian, or behind LO
 * in big endian. */
static bool has_attribute(struct bytes text, size_t at)
{
	static const uint8_t tags[][4] = {{0x10, 0, 0x20, 0}, {0x10, 0, 0, 0x10}, {0, 0x10, 0, 0x20}, {0, 0x10, 0x10, 0}};
	size_t tag = 0;
	while (tag < COUNT(tags) && (text.len - at < 9 || memcmp(text.data + at, tags[tag], sizeof tags[tag]) != 0))
		tag++;
	if (tag == COUNT(tags))
		return false;
	bool big = tag >= 2;
	struct bytes rest = bytes_of(text.data + at + 4, text.len - at - 4);
	bool explicit_type = rest.data[0] == 'L' && rest.data[1] == 'O';
	if (!explicit_type && starts(rest, 0, "UN") && rest.len > 8)
		rest = bytes_after(rest, 4);
	unsigned len = explicit_type ? rest.data[big ? 3 : 2] | (unsigned)rest.data[big ? 2 : 3] << 8
								 : rest.data[0] | (unsigned)rest.data[1] << 8;
	bool short_enough = explicit_type || (!big && rest.data[2] == 0 && rest.data[3] == 0);
	return len > 0 && len <= 64 && short_enough && rest.data[4] != '*' && rest.data[4] > ' ';
}

/* The same in a dump: (0010,0020) LO [VALUE]. */
static bool has_dumped_attribute(struct bytes text, size_t at)
{
	if (!starts(text, at, "(0010,0020)") && !starts(text, at, "(0010,1000)"))
		return false;
	struct bytes rest = bytes_after(text, at + 11);
	size_t value = skip(rest, skip(rest, 0, " \t") + 2, " \t");
	return value + 1 < rest.len && rest.data[value] == '[' && rest.data[value + 1] > ' ' &&
		   memchr("]*", rest.data[value + 1], 2) == NULL;
}

/* What follows is asked of patients: Patient?, Patient(...) of GraphQL, <patient ...>. */
static bool opens_patients(struct bytes text, size_t at)
{
	static const char *const marks[] = {
		"Patient?", "Patient/_search", "Patient/$", "Patient(", "Patient {", "Patient.where(", "<patient"};
	for (size_t i = 0; i < COUNT(marks); i++)
		if (behind(text, at, marks[i]).len > 0)
			return true;
	return false;
}

/* A search that singles out a patient: by reference, by number, by a parameter that is meant for one. One by name or
 * birthday does not. `whole`: a search may stand anywhere, not just in an address behind '?' and '&'. */
static bool has_search(struct bytes text, bool whole)
{
	bool of_patients = false;
	for (size_t at = 0; at < text.len; at++) {
		bool parameter = at > 0 && (text.data[at - 1] == '?' || text.data[at - 1] == '&');
		if (at > 0 && word_char(text.data[at - 1]))
			continue; /* all of them begin a word */
		of_patients |= opens_patients(text, at);
		if (is_reference(text, at) || ((whole || parameter) && sets_patient(text, at, of_patients)) ||
			(whole && (has_extension(text, at) || behind(text, at, "@PID.3").len > 0)))
			return true;
	}
	return false;
}

static bool in_address(struct bytes text)
{
	return has_search(text, false);
}

static bool in_text(struct bytes text)
{
	return has_search(text, true) || has_number(text);
}

static bool in_query(struct bytes text)
{
	for (size_t at = 0; at < text.len; at++) {
		struct bytes oid = behind(text, at, oids[0]);
		if (has_attribute(text, at) || has_dumped_attribute(text, at) || (oid.len > 0 && !id_char(oid.data[0])))
			return true;
	}
	return in_text(text);
}

/* ---- the whole ---- */

static bool (*const looks[])(struct bytes) = {
	[MENTION_ADDRESS] = in_address, [MENTION_TEXT] = in_text, [MENTION_QUERY] = in_query};

/* Nothing is to be taken off it: most texts are so, and are looked at where they stand. */
static bool is_bare(struct bytes text)
{
	static const char signs[] = {'\0', '%', '\\', '&'};
	for (size_t i = 0; i < sizeof signs; i++)
		if (memchr(text.data, signs[i], text.len) != NULL)
			return false;
	return true;
}

/* As it is, and without escapes, of which some programs make two layers; `text` is changed. */
static bool look(uint8_t *text, size_t len, enum mention_where where)
{
	bool (*const in)(struct bytes) = looks[where];
	bool found = len > 0 && in(bytes_of(text, len));
	if (len > 0 && !found && memchr(text, '\0', len) != NULL) {
		len = escapes_drop_nul(text, len);
		found = len > 0 && in(bytes_of(text, len));
	}
	for (unsigned layers = 0; layers < 2 && !found && len > 0; layers++) {
		size_t before = len;
		len = escapes_take_off(text, len);
		if (len == before)
			break;
		found = in(bytes_of(text, len));
	}
	return found;
}

/* 0 for what is no base64. */
static size_t decode(struct bytes text, uint8_t *out, size_t room)
{
	static const int variants[] = {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
		sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING};
	for (size_t i = 0; i < COUNT(variants); i++) {
		size_t len = 0;
		if (sodium_base642bin(out, room, (const char *)text.data, text.len, " \t\r\n", &len, NULL, variants[i]) == 0)
			return len;
	}
	return 0;
}

enum error mention_look(struct bytes text, enum mention_where where, bool *out)
{
	*out = false;
	if (text.len == 0)
		return E_OK;
	if (where != MENTION_QUERY && is_bare(text)) {
		*out = looks[where](text);
		return E_OK;
	}
	uint8_t *copy = malloc(text.len);
	TRY(allocated(copy));
	if (where == MENTION_QUERY)
		*out = look(copy, decode(text, copy, text.len), where);
	memcpy(copy, text.data, text.len);
	*out = *out || look(copy, text.len, where);
	free(copy);
	return E_OK;
}
