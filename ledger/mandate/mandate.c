/* What is not given is not allowed: an empty mandate lets a sender report for its own organisation and nothing else.
 * Lists stand sorted and without doubles, so that one mandate has one spelling and two are the same if their bytes are.
 */
#include "ledger/mandate/mandate.h"

#include "ledger/base/wrong.h"
#include "ledger/subject/subject.h"
#include "ledger/text/number.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

/* ---- organisations ---- */

static struct bytes next_org(const char **rest)
{
	size_t len = strcspn(*rest, " ");
	struct bytes org = bytes_of(*rest, len);
	*rest += len + ((*rest)[len] == ' ');
	return org;
}

/* A separator too many leaves an organisation that is empty, or ends the text. */
static bool orgs_valid(const char *orgs)
{
	struct bytes before = BYTES_EMPTY;
	size_t len = strlen(orgs);
	if (len > 0 && orgs[len - 1] == ' ')
		return false;
	for (const char *rest = orgs; *rest != '\0';) {
		struct bytes org = next_org(&rest);
		if (org.len > ORG_BYTES_MAX || !subject_org_valid(org) || (before.len > 0 && bytes_compare(before, org) >= 0))
			return false;
		before = org;
	}
	return true;
}

bool mandate_names(const struct mandate *mandate, struct bytes org)
{
	for (const char *rest = mandate->reports_for; *rest != '\0';)
		if (bytes_equal(next_org(&rest), org))
			return true;
	return false;
}

static enum error add_org(struct mandate *mandate, const char *org, struct fault *fault)
{
	struct bytes added = bytes_text(org);
	size_t len = strlen(mandate->reports_for);
	const char *at = mandate->reports_for;
	if (added.len > ORG_BYTES_MAX || !subject_org_valid(added))
		return fault_set(fault, E_BAD_VALUE,
			"reports-for is SCHEME:ID (such as cvr:55133018): a small-lettered scheme, no spaces, at most %u bytes",
			ORG_BYTES_MAX);
	if (mandate_names(mandate, added))
		return E_OK;
	if (len + added.len + 1 > REPORTS_FOR_BYTES_MAX)
		return fault_set(fault, E_TOO_LONG, "the organisations to report for are more than %u bytes together",
			REPORTS_FOR_BYTES_MAX);
	for (const char *rest = at; *rest != '\0' && bytes_compare(next_org(&rest), added) < 0;)
		at = rest;
	char *place = mandate->reports_for + (at - mandate->reports_for);
	if (*place != '\0') {
		memmove(place + added.len + 1, place, strlen(place) + 1);
		place[added.len] = ' ';
	} else {
		if (len > 0)
			*place++ = ' ';
		place[added.len] = '\0';
	}
	memcpy(place, added.data, added.len);
	return E_OK;
}

/* ---- certificates ---- */

static bool certificates_valid(const struct mandate *mandate)
{
	if (mandate->certificate_count > CERTIFICATES_MAX)
		return false;
	for (size_t i = 1; i < mandate->certificate_count; i++)
		if (memcmp(mandate->certificates[i - 1], mandate->certificates[i], 32) >= 0)
			return false;
	return true;
}

static enum error add_certificate(struct mandate *mandate, const uint8_t spki_sha256[32], struct fault *fault)
{
	size_t count = mandate->certificate_count, at = 0;
	while (at < count && memcmp(mandate->certificates[at], spki_sha256, 32) < 0)
		at++;
	if (at < count && memcmp(mandate->certificates[at], spki_sha256, 32) == 0)
		return E_OK;
	if (count == CERTIFICATES_MAX)
		return fault_set(fault, E_TOO_LONG, "more than %u certificates", CERTIFICATES_MAX);
	memmove(mandate->certificates[at + 1], mandate->certificates[at], (count - at) * 32);
	memcpy(mandate->certificates[at], spki_sha256, 32);
	mandate->certificate_count++;
	return E_OK;
}

bool mandate_takes_line(const struct mandate *mandate, const uint8_t *spki_sha256)
{
	for (size_t i = 0; spki_sha256 != NULL && i < mandate->certificate_count; i++)
		if (memcmp(mandate->certificates[i], spki_sha256, sizeof mandate->certificates[i]) == 0)
			return true;
	return mandate->certificate_count == 0;
}

/* ---- bytes ---- */

bool mandate_valid(const struct mandate *mandate)
{
	return !WRONG(!orgs_valid(mandate->reports_for)) &&
		   !WRONG((mandate->rights & ~(RIGHT_GRANTS | RIGHT_READS | RIGHT_CONSENTS)) != 0) &&
		   !WRONG(!certificates_valid(mandate)) && source_valid(&mandate->source);
}

bool mandate_covers_source(const struct mandate *mandate, const char *own)
{
	struct bytes org;
	for (size_t at = 0; source_next_org(&mandate->source, &at, &org);)
		if (WRONG(!bytes_equal(org, bytes_text(own)) && !mandate_names(mandate, org)))
			return false;
	return true;
}

bool mandate_equal(const struct mandate *a, const struct mandate *b)
{
	return strcmp(a->reports_for, b->reports_for) == 0 && a->events_per_second == b->events_per_second &&
		   a->bytes_per_second == b->bytes_per_second && a->rights == b->rights &&
		   a->certificate_count == b->certificate_count &&
		   memcmp(a->certificates, b->certificates, a->certificate_count * sizeof a->certificates[0]) == 0 &&
		   strcmp(a->source.words, b->source.words) == 0;
}

void mandate_encode(const struct mandate *mandate, struct writer *out)
{
	writer_range16(out, bytes_text(mandate->reports_for));
	writer_u32(out, mandate->events_per_second);
	writer_u32(out, mandate->bytes_per_second);
	writer_u16(out, mandate->rights);
	writer_u8(out, mandate->certificate_count);
	writer_bytes(out, bytes_of(mandate->certificates, mandate->certificate_count * sizeof mandate->certificates[0]));
	source_encode(&mandate->source, out);
}

void mandate_decode(struct reader *in, struct mandate *out)
{
	struct mandate mandate = {.rights = 0};
	struct bytes orgs = reader_range16(in, REPORTS_FOR_BYTES_MAX);
	mandate.events_per_second = reader_u32(in);
	mandate.bytes_per_second = reader_u32(in);
	mandate.rights = reader_u16(in);
	mandate.certificate_count = reader_u8(in);
	if (in->error == E_OK && mandate.certificate_count > CERTIFICATES_MAX)
		reader_fail(in, E_TOO_LONG);
	if (in->error != E_OK)
		return;
	reader_copy(in, mandate.certificates, mandate.certificate_count * sizeof mandate.certificates[0]);
	source_decode(in, &mandate.source);
	if (orgs.len > 0)
		memcpy(mandate.reports_for, orgs.data, orgs.len);
	if (in->error == E_OK && (strlen(mandate.reports_for) != orgs.len || !mandate_valid(&mandate)))
		reader_fail(in, E_BAD_VALUE);
	if (in->error == E_OK)
		*out = mandate;
}

/* ---- words ---- */

#define LIMIT_WORD "events-per-second="
#define BYTES_WORD "bytes-per-second="
#define ORG_WORD "reports-for="
#define CERTIFICATE_WORD "certificate="

/* The value behind `front`, or NULL: it is another word. */
static const char *value_of(const char *word, const char *front)
{
	size_t len = strlen(front);
	return strncmp(word, front, len) == 0 ? word + len : NULL;
}

static enum error apply_limit(const char *text, uint32_t *out, struct fault *fault)
{
	uint64_t number;
	if (!number_parse(text, 1, UINT32_MAX, &number))
		return fault_set(fault, E_BAD_VALUE, "policy: a limit a second is a number from 1 to %" PRIu32, UINT32_MAX);
	*out = (uint32_t)number;
	return E_OK;
}

static enum error apply_certificate(struct mandate *mandate, const char *text, struct fault *fault)
{
	uint8_t hash[32];
	size_t len = 0;
	bool small = strspn(text, "0123456789abcdef") == strlen(text);
	if (!small || strlen(text) != 64 || sodium_hex2bin(hash, sizeof hash, text, 64, NULL, &len, NULL) != 0)
		return fault_set(fault, E_BAD_VALUE,
			"policy: certificate is the SHA-256 of a certificate's public key (SPKI): 64 small hexadecimal digits");
	return add_certificate(mandate, hash, fault);
}

enum error terms_apply(struct policy *policy, struct mandate *mandate, const char *word, struct fault *fault)
{
	const char *value;
	bool taken;
	TRY(source_apply(&mandate->source, word, &taken, fault));
	if (taken)
		return E_OK;
	if ((value = value_of(word, ORG_WORD)) != NULL)
		return add_org(mandate, value, fault);
	if ((value = value_of(word, LIMIT_WORD)) != NULL)
		return apply_limit(value, &mandate->events_per_second, fault);
	if ((value = value_of(word, BYTES_WORD)) != NULL)
		return apply_limit(value, &mandate->bytes_per_second, fault);
	if ((value = value_of(word, CERTIFICATE_WORD)) != NULL)
		return apply_certificate(mandate, value, fault);
	if (strcmp(word, "grants") == 0)
		mandate->rights |= RIGHT_GRANTS;
	else if (strcmp(word, "reads") == 0)
		mandate->rights |= RIGHT_READS;
	else if (strcmp(word, "consents") == 0)
		mandate->rights |= RIGHT_CONSENTS;
	else
		return policy_apply(policy, word, fault);
	return E_OK;
}

static void write_word(struct writer *out, const char *front, struct bytes value)
{
	writer_bytes(out, bytes_text(front));
	writer_bytes(out, value);
	writer_u8(out, '\n');
}

static void write_limit(struct writer *out, const char *front, uint32_t limit)
{
	char text[16];
	snprintf(text, sizeof text, "%" PRIu32, limit);
	if (limit > 0)
		write_word(out, front, bytes_text(text));
}

enum error terms_format(const struct policy *policy, const struct mandate *mandate, struct writer *out)
{
	policy_format(policy, out);
	for (const char *rest = mandate->reports_for; *rest != '\0';)
		write_word(out, ORG_WORD, next_org(&rest));
	write_limit(out, LIMIT_WORD, mandate->events_per_second);
	write_limit(out, BYTES_WORD, mandate->bytes_per_second);
	if (mandate->rights & RIGHT_GRANTS)
		write_word(out, "grants", BYTES_EMPTY);
	if (mandate->rights & RIGHT_READS)
		write_word(out, "reads", BYTES_EMPTY);
	if (mandate->rights & RIGHT_CONSENTS)
		write_word(out, "consents", BYTES_EMPTY);
	for (size_t i = 0; i < mandate->certificate_count; i++) {
		char hex[65];
		sodium_bin2hex(hex, sizeof hex, mandate->certificates[i], 32);
		write_word(out, CERTIFICATE_WORD, bytes_text(hex));
	}
	if (mandate->source.words[0] != '\0')
		write_word(out, "", bytes_text(mandate->source.words));
	writer_u8(out, '\0');
	return out->error;
}

/* Without memory there is nothing rather than some of the words: a mandate that shows too little would look narrower
 * than it is. */
json_t *terms_to_json(const struct policy *policy, const struct mandate *mandate)
{
	char text[TERMS_TEXT_MAX];
	struct writer writer = writer_of(text, sizeof text);
	if (terms_format(policy, mandate, &writer) != E_OK)
		return NULL;
	json_auto_t *words = json_array();
	char *rest = text;
	for (char *word; (word = strsep(&rest, "\n")) != NULL;)
		if (*word && json_array_append_new(words, json_string(word)) != 0)
			return NULL;
	return json_incref(words);
}
