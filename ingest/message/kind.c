/* A number is one of a known kind only if it has its digits: what stands there may as well be encrypted, and would be
 * somebody whom nobody is. */
#include "ingest/message/kind.h"

#include "ingest/message/words.h"

struct known_kind {
	const char *name, *also;
	const char *system;
	size_t digits;
	const char *between; /* what people write between them */
};

static const struct known_kind kinds[] = {
	{"BSN", "burgerservicenummer", "urn:oid:2.16.840.1.113883.2.4.6.3", 9, " -."},
	{"CPR", "cpr-nummer", "urn:oid:1.2.208.176.1.2", 10, "-"},
};

static const struct known_kind *find_kind(struct bytes name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (words_are(name, kinds[i].name) || words_are(name, kinds[i].also))
			return &kinds[i];
	return NULL;
}

static bool has_its_digits(const struct known_kind *kind, struct bytes value)
{
	size_t digits = 0;
	for (size_t i = 0; i < value.len; i++) {
		if (!words_digit(value.data[i]) && (value.data[i] == '\0' || strchr(kind->between, value.data[i]) == NULL))
			return false;
		digits += words_digit(value.data[i]);
	}
	return digits == kind->digits;
}

enum error kind_subject(struct audit_message *message, struct bytes kind, struct bytes value,
	const struct identifier_scope *scope, struct fault *fault)
{
	kind = words_trim(kind);
	value = words_trim(value);
	const struct known_kind *known = find_kind(kind);
	if (known == NULL || source_namespace(scope->source, kind).len > 0)
		return audit_message_identifier(message, kind, value, scope, fault);
	if (!has_its_digits(known, value) && !words_are(value, "<none>"))
		return fault_set(fault, E_BAD_SUBJECT,
			"subject: a %s has %zu digits, and this is none; one that is encrypted needs a type that says whose it is, "
			"a URI, or have the registration say it ('indsigt sender policy', namespace=%s=SYSTEM)",
			known->name, known->digits, known->name);
	return audit_message_identifier(message, bytes_text(known->system), value, scope, fault);
}
