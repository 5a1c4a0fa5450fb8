/*   OID? ─► told to use oid:   scheme? ─► characters ─► urn or http in its one spelling ─► a code system? ─► refused
 *
 * What differs without meaning (letters of host and scheme, the scheme's own port, slashes at the end) is made the
 * same. Where the same could be reached by rules that clients get wrong (escapes, dots in a path, a port with zeros) it
 * is refused with the reason and not repaired. A system that numbers codes, or that each hospital has for itself, would
 * make two people one, so these are refused as well. Every reason is a constant text. */
#include "ledger/subject/subject_system.h"

#include <string.h>
#include <strings.h>

#define NOT_ABSOLUTE                                                                                       \
	"its system is not an absolute URI (urn:..., https://...): other organisations may use the same word " \
	"for other people"
#define CODES "its system is a code system: it tells what kind of identifier this is, not whose numbers these are"
#define SPELLED_TWICE \
	"its system has a port, a host, a path or an escape that RFC 3986 spells in a shorter way; send the normal form"

static bool starts(struct bytes text, const char *front)
{
	size_t len = strlen(front);
	return text.len >= len && strncasecmp((const char *)text.data, front, len) == 0;
}

static bool digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void lower(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] - 'A' + 'a');
}

/* ---- OIDs ---- */

bool subject_oid_valid(struct bytes oid)
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
		if (!digit(c) || leading_zero)
			return false;
		arc_len++;
	}
	return arcs >= 2 && arc_len > 0 && (oid.len < 2 || oid.data[1] == '.');
}

bool subject_oid_is_codes(struct bytes oid)
{
	/* HL7's value sets, vocabularies, external code systems, tables and message codes; DICOM's own. People are
	 * numbered under 2.16.840.1.113883.2 (countries), .3 (organisations) and .4 (registers of identifiers). */
	static const char *const arcs[] = {"2.16.840.1.113883.1.11.", "2.16.840.1.113883.5.", "2.16.840.1.113883.6.",
		"2.16.840.1.113883.11.", "2.16.840.1.113883.12.", "2.16.840.1.113883.18.", "1.2.840.10008."};
	for (size_t i = 0; i < sizeof arcs / sizeof arcs[0]; i++)
		if (starts(oid, arcs[i]))
			return true;
	return false;
}

bool subject_system_oid(struct bytes system, struct bytes *oid)
{
	bool named = starts(system, "urn:oid:") || starts(system, "oid:");
	*oid = starts(system, "urn:oid:") ? bytes_after(system, 8)
		   : starts(system, "oid:")   ? bytes_after(system, 4)
									  : system;
	if (named)
		return true;
	for (size_t i = 0; i < system.len; i++)
		if (!digit(system.data[i]) && system.data[i] != '.')
			return false;
	return system.len > 0 && memchr(system.data, '.', system.len) != NULL;
}

/* ---- code systems ---- */

/* Hosts and paths under which only codes are defined, whatever the scheme. */
static bool codes_place(struct bytes place)
{
	static const char *const places[] = {"loinc.org", "snomed.info", "unitsofmeasure.org", "dicom.nema.org",
		"www.nlm.nih.gov/research/umls", "www.ama-assn.org", "nucc.org", "www.whocc.no", "id.who.int",
		"hl7.org/fhir/sid/icd", "hl7.org/fhir/sid/cvx", "hl7.org/fhir/sid/mvx", "hl7.org/fhir/sid/ndc",
		"hl7.org/fhir/sid/dsm"};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (starts(place, places[i]))
			return true;
	bool hl7 = starts(place, "hl7.org/fhir") && !starts(place, "hl7.org/fhir/sid/");
	return hl7 || (starts(place, "terminology.hl7.org") && !starts(place, "terminology.hl7.org/NamingSystem/"));
}

static bool is_codes(const char *system)
{
	static const char *const kinds[] = {"/CodeSystem/", "/ValueSet/", "/StructureDefinition/"};
	static const char *const urns[] = {"urn:ietf:bcp:", "urn:iso:std:iso:"};
	const char *place = strstr(system, "://");
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcasestr(system, kinds[i]) != NULL)
			return true;
	for (size_t i = 0; i < sizeof urns / sizeof urns[0]; i++)
		if (strncmp(system, urns[i], strlen(urns[i])) == 0)
			return true;
	return place != NULL && codes_place(bytes_text(place + 3));
}

/* ---- URIs ---- */

/* The characters of RFC 3986, and no escape that has a shorter or another spelling. */
static const char *check_characters(struct bytes uri)
{
	for (size_t i = 0; i < uri.len; i++) {
		uint8_t c = uri.data[i];
		if (c <= ' ' || c >= 0x7F || memchr("\"<>\\^`{|}", c, 9) != NULL)
			return "its system has characters that a URI does not have";
		if (c != '%')
			continue;
		unsigned value = 0;
		for (size_t k = 1; k <= 2; k++) {
			uint8_t hex = i + k < uri.len ? uri.data[i + k] : 0;
			if (!digit(hex) && !(hex >= 'A' && hex <= 'F'))
				return SPELLED_TWICE;
			value = value * 16 + (unsigned)(digit(hex) ? hex - '0' : hex - 'A' + 10);
		}
		if (letter((uint8_t)value) || digit((uint8_t)value) || memchr("-._~", (int)value, 4) != NULL)
			return SPELLED_TWICE;
	}
	return NULL;
}

/* Where the scheme's colon stands, or 0. */
static size_t scheme_len(struct bytes uri)
{
	for (size_t i = 0; i < uri.len; i++) {
		uint8_t c = uri.data[i];
		if (c == ':')
			return i + 1 < uri.len ? i : 0;
		if (!letter(c) && (i == 0 || (!digit(c) && c != '+' && c != '-' && c != '.')))
			return 0;
	}
	return 0;
}

/* urn:NID:NSS, the scheme in lower case already. */
static const char *urn_canonical(char *urn)
{
	char *nid = urn + 4;
	char *colon = strchr(nid, ':');
	if (colon == NULL || colon == nid || colon[1] == '\0' || strpbrk(urn, "?#") != NULL)
		return "its system is not a URN of the form urn:NAMESPACE:NAME";
	lower(nid, (size_t)(colon - nid));
	if (strncmp(nid, "uuid:", 5) == 0)
		lower(colon + 1, strlen(colon + 1));
	return NULL;
}

/* Host and port: the port goes if it is the scheme's own. */
static const char *authority_canonical(char *authority, size_t len, const char *own_port)
{
	char *port = memrchr(authority, ':', len);
	lower(authority, len);
	if (memchr(authority, '@', len) != NULL)
		return "its system has a user's name in it";
	if (port != NULL && memchr(port, ']', (size_t)(authority + len - port)) == NULL) {
		size_t port_len = (size_t)(authority + len - port) - 1;
		len = (size_t)(port - authority);
		if (port_len == 0 || (port_len == strlen(own_port) && memcmp(port + 1, own_port, port_len) == 0))
			memmove(port, port + 1 + port_len, strlen(port + 1 + port_len) + 1);
		else if (port[1] == '0' || strspn(port + 1, "0123456789") < port_len)
			return SPELLED_TWICE;
	}
	if (len == 0 || authority[len - 1] == '.' || memchr(authority, '%', len) != NULL)
		return SPELLED_TWICE;
	return NULL;
}

/* http://HOST/PATH, the scheme in lower case already. */
static const char *http_canonical(char *uri)
{
	bool secure = uri[4] == 's';
	char *authority = uri + (secure ? 6 : 5);
	if (strncmp(authority, "//", 2) != 0)
		return NOT_ABSOLUTE;
	authority += 2;
	const char *why = authority_canonical(authority, strcspn(authority, "/?#"), secure ? "443" : "80");
	if (why != NULL)
		return why;
	char *path = authority + strcspn(authority, "/?#");
	if (strchr(path, '?') != NULL)
		return "its system has a query in it";
	for (size_t len = strlen(path); len > 0 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	if (strstr(path, "//") != NULL || strstr(path, "/./") != NULL || strstr(path, "/../") != NULL || path[0] == '#' ||
		(path[0] != '\0' && strchr("#.", path[strlen(path) - 1]) != NULL))
		return SPELLED_TWICE;
	return NULL;
}

const char *subject_system_canonical(struct bytes system, char *out)
{
	struct bytes oid;
	size_t scheme = scheme_len(system);
	const char *why = NULL;
	if (system.len > SUBJECT_BYTES_MAX)
		return "its system is longer than an identifier may be";
	if (subject_system_oid(system, &oid))
		return "its system is an OID: the identifier is spelled oid:OID:VALUE, or cpr: for Danish person numbers";
	if (scheme == 0)
		return NOT_ABSOLUTE;
	why = check_characters(system);
	if (why != NULL)
		return why;
	memcpy(out, system.data, system.len);
	out[system.len] = '\0';
	lower(out, scheme);
	if (strncmp(out, "urn:", 4) == 0)
		why = urn_canonical(out);
	else if (strncmp(out, "http:", 5) == 0 || strncmp(out, "https:", 6) == 0)
		why = http_canonical(out);
	return why == NULL && is_codes(out) ? CODES : why;
}
