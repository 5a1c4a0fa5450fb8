/* A number is spelled by taking away what people write between its characters, and only if as many are left as the
 * register has. Of a number of digits alone that lacks one or two it is said (NUMBER_SHORT), and subject.c refuses it:
 * they are leading zeros or the century, and nobody here can say which. Anything else (letters where there are none,
 * another length) is left alone: it may be a number of a kind that the register has and this table does not know. Check
 * digits are not looked at. */
#include "ledger/subject/subject_number.h"

#include <string.h>

enum { DIGITS, LETTERS /* and digits; in upper case */ };

static const struct {
	const char *front;
	const char *between; /* may be left out */
	size_t len;
	int of;
} numbers[] = {
	{"oid:1.2.246.21:", "", 11, LETTERS},            /* Finland: the sign in the middle is part of it */
	{"oid:1.2.40.0.10.1.4.3.1:", " -.", 10, DIGITS}, /* Austria: social insurance */
	{"oid:1.2.752.129.2.1.3.1:", " -", 12, DIGITS},  /* Sweden: personnummer */
	{"oid:1.2.752.129.2.1.3.3:", " -", 12, DIGITS},  /* Sweden: samordningsnummer */
	{"uri:http://electronichealth.se/identifier/personnummer|", " -", 12, DIGITS},
	{"uri:http://electronichealth.se/identifier/samordningsnummer|", " -", 12, DIGITS},
	{"oid:2.16.578.1.12.4.1.4.1:", " -", 11, DIGITS},             /* Norway: fødselsnummer */
	{"oid:2.16.578.1.12.4.1.4.2:", " -", 11, DIGITS},             /* Norway: D-nummer */
	{"oid:2.16.578.1.12.4.1.4.3:", " -", 11, DIGITS},             /* Norway: felles hjelpenummer */
	{"oid:2.16.756.5.30.1.127.3.10.3:", " -.", 18, DIGITS},       /* Switzerland: EPR-SPID */
	{"oid:2.16.756.5.32:", " -.", 13, DIGITS},                    /* Switzerland: AHVN13 */
	{"oid:2.16.840.1.113883.2.1.3.2.4.16.53:", " -", 10, DIGITS}, /* Scotland: CHI */
	{"oid:2.16.840.1.113883.2.1.4.1:", " -", 10, DIGITS},         /* England: NHS number */
	{"uri:https://fhir.nhs.uk/Id/nhs-number|", " -", 10, DIGITS},
	{"oid:2.16.840.1.113883.2.18.2:", " -", 7, LETTERS}, /* New Zealand: NHI */
	{"uri:https://standards.digital.health.nz/ns/nhi-id|", " -", 7, LETTERS},
	{"oid:2.16.840.1.113883.2.4.6.3:", " -.", 9, DIGITS}, /* Netherlands: BSN */
	{"uri:http://fhir.nl/fhir/NamingSystem/bsn|", " -.", 9, DIGITS},
	{"oid:2.16.840.1.113883.2.9.4.3.2:", " ", 16, LETTERS}, /* Italy: codice fiscale */
	{"oid:2.16.840.1.113883.4.1:", " -", 9, DIGITS},        /* United States: SSN */
	{"uri:http://hl7.org/fhir/sid/us-ssn|", " -", 9, DIGITS},
	{"oid:2.16.840.1.113883.4.572:", " -", 11, LETTERS}, /* United States: Medicare */
	{"uri:http://hl7.org/fhir/sid/us-mbi|", " -", 11, LETTERS},
	{"uri:http://fhir.de/sid/gkv/kvid-10|", " ", 10, LETTERS}, /* Germany: Krankenversichertennummer */
	{"uri:http://fhir.de/sid/pkv/kvid-10|", " ", 10, LETTERS},
	{"uri:http://fhir.de/NamingSystem/gkv/kvid-10|", " ", 10, LETTERS},
	{"uri:http://ns.electronichealth.net.au/id/hi/ihi/1.0|", " -", 16, DIGITS},                    /* Australia: IHI */
	{"uri:https://www.ehealth.fgov.be/standards/fhir/core/NamingSystem/ssin|", " -.", 11, DIGITS}, /* Belgium */
	{"uri:https://healthid.ndhm.gov.in|", " -", 14, DIGITS},                                       /* India: ABHA */
};

/* The characters of a number, without those that stand between; 0 if there is another one, or too many. */
static size_t squeeze(struct bytes value, const char *between, int of, char *out, size_t max)
{
	size_t len = 0;
	for (size_t i = 0; i < value.len; i++) {
		char c = (char)value.data[i];
		if (c != '\0' && strchr(between, c) != NULL)
			continue;
		if (of == LETTERS && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		bool letter = (c >= 'A' && c <= 'Z') || c == '-' || c == '+';
		bool good = (c >= '0' && c <= '9') || (of == LETTERS && letter);
		if (!good || len == max)
			return 0;
		out[len++] = c;
	}
	return len;
}

/* Digits alone, one or two too few, with what people write between them: '+' as well, which Swedes put for '-' at a
 * hundred years. */
static bool is_short(struct bytes value, const char *between, size_t len)
{
	size_t digits = 0;
	for (size_t i = 0; i < value.len; i++) {
		char c = (char)value.data[i];
		bool digit = c >= '0' && c <= '9';
		digits += digit;
		if (!digit && c != '+' && (c == '\0' || strchr(between, c) == NULL))
			return false;
	}
	return digits + 1 == len || digits + 2 == len;
}

enum subject_number subject_number_spell(struct bytes id, char *out)
{
	if (bytes_begin(id, "cpr:") || bytes_begin(id, "ref:"))
		return NUMBER_UNKNOWN;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		size_t front = strlen(numbers[i].front);
		if (id.len <= front || memcmp(id.data, numbers[i].front, front) != 0)
			continue;
		struct bytes value = bytes_of(id.data + front, id.len - front);
		char number[32];
		size_t len = squeeze(value, numbers[i].between, numbers[i].of, number, numbers[i].len);
		if (len != numbers[i].len)
			return numbers[i].of == DIGITS && is_short(value, numbers[i].between, numbers[i].len) ? NUMBER_SHORT
																								  : NUMBER_UNKNOWN;
		memcpy(out, numbers[i].front, front);
		memcpy(out + front, number, len);
		out[front + len] = '\0';
		return NUMBER_SPELLED;
	}
	return NUMBER_UNKNOWN;
}
