/* A search for signs, in text that may be anything. Looked at as it is, then without NULs (UTF-16), then with up to
 * two layers of % escapes taken off; a query also as what its base64 holds.
 *
 * A sign that is seen wrongly costs a message that names nobody: it is refused, and the sender adds the subject. One
 * that is missed files an access under nobody. So signs are wide where patients are searched for, and narrow where
 * people at work are described, who have numbers too. What can fail is memory alone. */
#include "ingest/message/mention.h"

#include "ingest/message/identifier.h"
#include "ingest/message/words.h"
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

/* ---- words ---- */

static bool starts(struct bytes text, size_t at, const char *word)
{
	return at <= text.len && words_begin(bytes_of(text.data + at, text.len - at), word);
}

static const char *const patient_words[] = {"patient", "pasient", "patiënt", "potilas", "paciente", "paziente", NULL};

bool mention_word(struct bytes words)
{
	for (const char *const *word = patient_words; *word != NULL; word++)
		if (words_hold(words, *word))
			return true;
	return false;
}

bool mention_is_word(struct bytes words)
{
	return words_like_one_of(words, patient_words);
}

bool mention_role(struct bytes code)
{
	return WORDS_LIKE_ONE_OF(code, "PAT", "PATSBJ", "patient", "datasubject", "116154003"); /* SNOMED CT */
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
	size_t len = strlen(mark);
	if (text.len - at <= len || (at > 0 && word_char(text.data[at - 1])) || !starts(text, at, mark))
		return BYTES_EMPTY;
	return bytes_of(text.data + at + len, text.len - at - len);
}

/* Patient/ID */
static bool is_reference(struct bytes text, size_t at)
{
	struct bytes id = (text.data[at] | 0x20) == 'p' ? behind(text, at, "Patient/") : BYTES_EMPTY;
	return id.len > 0 && id_char(id.data[0]) && id.data[0] != '.';
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
	struct bytes system = identifier_cut(&rest, '|');
	if (rest.len > 0 && mention_numbers_people(system))
		return true;
	rest = id;
	for (unsigned i = 0; i < 3; i++)
		identifier_cut(&rest, '^');
	struct bytes authority = identifier_cut(&rest, '^');
	identifier_cut(&authority, '&');
	struct bytes oid = identifier_cut(&authority, '&');
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

static bool in_address(struct bytes text)
{
	for (size_t at = 0; at < text.len; at++)
		if (is_reference(text, at))
			return true;
	return false;
}

/* A Danish person number that stands alone: DDMMYYNNNN or DDMMYY-NNNN. */
static bool is_person_number(struct bytes rest)
{
	size_t len = 0;
	unsigned digits = 0;
	while (len < rest.len &&
		   (words_digit(rest.data[len]) || (digits == 6 && rest.data[len] == '-' && words_digit(rest.data[len - 1]))))
		digits += words_digit(rest.data[len++]);
	if (digits != 10)
		return false;
	int day = (rest.data[0] - '0') * 10 + rest.data[1] - '0';
	int month = (rest.data[2] - '0') * 10 + rest.data[3] - '0';
	bool ends_words =
		len < rest.len && rest.data[len] == '.' && (len + 1 == rest.len || !word_char(rest.data[len + 1]));
	bool goes_on = len < rest.len && word_char(rest.data[len]) && !ends_words;
	return day >= 1 && day <= 31 && month >= 1 && month <= 12 && !goes_on;
}

static bool has_person_number(struct bytes text)
{
	for (size_t at = 0; at + 10 <= text.len; at++) {
		bool begins = at == 0 || (!word_char(text.data[at - 1]) && text.data[at - 1] != '/');
		if (begins && words_digit(text.data[at]) && is_person_number(bytes_of(text.data + at, text.len - at)))
			return true;
	}
	return false;
}

static bool in_text(struct bytes text)
{
	bool bar = memchr(text.data, '|', text.len) != NULL;
	for (size_t at = 0; bar && at < text.len; at++)
		if ((at == 0 || !word_char(text.data[at - 1])) && is_token(text, at))
			return true;
	return in_address(text) || has_person_number(text) || (memchr(text.data, '^', text.len) != NULL && has_cx(text));
}

/* ---- searches ---- */

static size_t skip_quotes(struct bytes rest, size_t at)
{
	while (at < rest.len && memchr("\"\\' \t\r\n", rest.data[at], 7) != NULL)
		at++;
	return at;
}

/* What a parameter, member, column or element is set to: =VALUE, ":"VALUE, >VALUE, IN (VALUE; or in FHIR's Parameters
 * ","valueString":"VALUE. With or without escapes. */
static struct bytes value_of(struct bytes rest)
{
	size_t i = skip_quotes(rest, 0);
	if (i < rest.len && rest.data[i] == ',') {
		i = skip_quotes(rest, i + 1);
		for (bool value = starts(rest, i, "value"); value && i < rest.len && rest.data[i] != ':';)
			i++;
	} else if (starts(rest, i, "in (")) {
		i += 3;
	}
	if (i >= rest.len || memchr("=:>(", rest.data[i], 4) == NULL)
		return BYTES_EMPTY;
	i = skip_quotes(rest, i + 1);
	size_t len = rest.len - i < VALUE_BYTES_LOOKED_AT ? rest.len - i : VALUE_BYTES_LOOKED_AT;
	return bytes_of(rest.data + i, len);
}

/* TYPE/ID of something that is no patient. */
static bool of_another_type(struct bytes value)
{
	size_t len = 0;
	while (len < value.len && words_letter(value.data[len]))
		len++;
	return len > 0 && len < value.len && value.data[len] == '/' && !starts(value, 0, "Patient/");
}

/* The name of a parameter that singles out a patient, and nothing behind it. */
static bool names_parameter(struct bytes name, bool of_patients)
{
	static const char *const whole[] = {"patient", "subject", "beneficiary", "patient.identifier", "subject.identifier",
		"patient._id", "subject._id", "00100020", "mrn", "cpr", "cprnr", "cpr-nr", "ssn", "bsn", "nhs-number",
		"nhsnumber", "nhi", "personnummer", "fodselsnummer", "pid", NULL};
	static const char *const ends[] = {"id", "identifier", "number", "nummer", "nr", "no"};
	if (words_like_one_of(name, whole))
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
	if (len == 64 || !names_parameter(bytes_of(text.data + at, len), of_patients))
		return false;
	struct bytes value = value_of(bytes_of(text.data + at + len, text.len - at - len));
	return value.len > 0 && (word_char(value.data[0]) || value.data[0] == '/') && !of_another_type(value);
}

/* HL7 version 3: the number stands in an attribute of what the element holds. */
static bool has_extension(struct bytes text, size_t at)
{
	if (behind(text, at, "livingSubjectId").len == 0 && behind(text, at, "patientIdentifier").len == 0 &&
		behind(text, at, "patientId").len == 0)
		return false;
	size_t end = text.len - at < VALUE_BYTES_LOOKED_AT ? text.len : at + VALUE_BYTES_LOOKED_AT;
	for (; at < end; at++) {
		struct bytes rest = behind(text, at, "extension=");
		if (rest.len > 1 && word_char(rest.data[1]))
			return true;
	}
	return false;
}

/* DICOM: Patient ID (0010,0020) in little endian with something to match, its length in two bytes behind LO or in
 * four. */
static bool has_attribute(struct bytes text, size_t at)
{
	static const uint8_t tag[] = {0x10, 0x00, 0x20, 0x00};
	if (text.len - at < 9 || memcmp(text.data + at, tag, sizeof tag) != 0)
		return false;
	const uint8_t *rest = text.data + at + sizeof tag;
	bool explicit_type = rest[0] == 'L' && rest[1] == 'O';
	unsigned len = explicit_type ? rest[2] | (unsigned)rest[3] << 8 : rest[0] | (unsigned)rest[1] << 8;
	return len > 0 && len <= 64 && (explicit_type || (rest[2] == 0 && rest[3] == 0)) && rest[4] != '*' && rest[4] > ' ';
}

/* What follows is asked of patients: Patient?, Patient(...) of GraphQL, <patient ...>. */
static bool opens_patients(struct bytes text, size_t at)
{
	static const char *const marks[] = {"Patient?", "Patient/_search", "Patient/$", "Patient(", "<patient"};
	for (size_t i = 0; i < COUNT(marks); i++)
		if (behind(text, at, marks[i]).len > 0)
			return true;
	return false;
}

/* A search that singles out a patient: by reference, by number, by a parameter that is meant for one. One by name or
 * birthday does not. */
static bool in_query(struct bytes text)
{
	bool of_patients = false;
	for (size_t at = 0; at < text.len; at++) {
		if (has_attribute(text, at))
			return true;
		if (at > 0 && word_char(text.data[at - 1]))
			continue; /* all others begin a word */
		of_patients |= opens_patients(text, at);
		struct bytes oid = behind(text, at, oids[0]);
		if (sets_patient(text, at, of_patients) || has_extension(text, at) || (oid.len > 0 && !id_char(oid.data[0])) ||
			behind(text, at, "@PID.3").len > 0)
			return true;
	}
	return in_text(text);
}

/* ---- escapes ---- */

/* In place: %XX becomes the byte; what is no escape stays. */
static size_t unescape(uint8_t *text, size_t len)
{
	size_t out = 0;
	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && i + 2 < len ? words_hex(text[i + 1]) : -1;
		int low = high >= 0 ? words_hex(text[i + 2]) : -1;
		text[out++] = low >= 0 ? (uint8_t)(high * 16 + low) : text[i];
		i += low >= 0 ? 2 : 0;
	}
	return out;
}

/* In place: without NULs, which UTF-16 has. */
static size_t drop_nul(uint8_t *text, size_t len)
{
	size_t out = 0;
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\0')
			text[out++] = text[i];
	return out;
}

/* As it is, and without escapes, of which some programs make two layers; `text` is changed. */
static bool look(uint8_t *text, size_t len, enum mention_where where)
{
	static bool (*const looks[])(struct bytes) = {
		[MENTION_ADDRESS] = in_address, [MENTION_TEXT] = in_text, [MENTION_QUERY] = in_query};
	bool (*const in)(struct bytes) = looks[where];
	bool found = len > 0 && in(bytes_of(text, len));
	if (len > 0 && !found && memchr(text, '\0', len) != NULL) {
		len = drop_nul(text, len);
		found = len > 0 && in(bytes_of(text, len));
	}
	for (unsigned layers = 0; layers < 2 && !found && len > 0 && memchr(text, '%', len) != NULL; layers++) {
		len = unescape(text, len);
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
	uint8_t *copy = malloc(text.len);
	if (copy == NULL)
		return E_NO_MEMORY;
	if (where == MENTION_QUERY)
		*out = look(copy, decode(text, copy, text.len), where);
	memcpy(copy, text.data, text.len);
	*out = *out || look(copy, text.len, where);
	free(copy);
	return E_OK;
}
