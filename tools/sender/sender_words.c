/* A policy has two spellings: bits in an entry, and the words that make it from the usual one. People and JSON see the
 * words, so that a list of senders shows what is unusual about each and nothing else. */
#include "tools/sender/sender_words.h"

#include "ledger/text/timestamp.h"
#include "tools/sender/certificate.h"
#include "tools/sender/registration.h"

#include <sodium.h>
#include <string.h>

const char *sender_status(const struct sender *sender)
{
	if (sender->status == SENDER_REVOKED)
		return sender->compromised ? "revoked, key compromised" : "revoked";
	return sender->endorsed ? "active" : "active, unendorsed";
}

json_t *sender_json(const struct sender *sender, json_int_t equivocations)
{
	char since[TIMESTAMP_TEXT_MAX], last[TIMESTAMP_TEXT_MAX];
	char key[PUBLIC_KEY_TEXT_MAX + 1];
	timestamp_format_s(sender->since_s, since);
	timestamp_format_s(sender->last_s, last);
	public_key_format(sender->public_key, key);
	return json_pack("{s:I, s:I, s:I, s:s, s:s, s:s, s:b, s:b, s:s, s:s?, s:I, s:I, s:I, s:s, s:o}", "id",
		(json_int_t)sender->id, "entry", (json_int_t)sender->version, "changes", (json_int_t)sender->changes, "org",
		sender->org, "name", sender->name, "status", sender->status == SENDER_ACTIVE ? "active" : "revoked", "endorsed",
		sender->endorsed, "compromised", sender->compromised, "since", since, "last_received",
		sender->last_s ? last : NULL, "events", (json_int_t)sender->next_sequence, "filing_checked",
		(json_int_t)sender->filing_checked, "equivocations", equivocations, "public_key", key, "policy",
		terms_to_json(&sender->policy, &sender->mandate));
}

/* As a list shows it: the words of terms_format stand one a line. */
enum error terms_line(const struct policy *policy, const struct mandate *mandate, char out[TERMS_TEXT_MAX])
{
	struct writer writer = writer_of(out, TERMS_TEXT_MAX);
	out[0] = '\0';
	TRY(terms_format(policy, mandate, &writer));
	for (char *line; (line = strchr(out, '\n')) != NULL;)
		*line = line[1] != '\0' ? ' ' : '\0';
	return E_OK;
}

enum error terms_words(const struct policy *policy, const struct mandate *mandate, char out[TERMS_TEXT_MAX])
{
	TRY(terms_line(policy, mandate, out));
	if (out[0] == '\0')
		strcpy(out, "none");
	return E_OK;
}

bool terms_said(const struct terms_given *given)
{
	return given->words || given->grants || given->reads || given->consents;
}

static void begin(struct terms_given *given)
{
	if (given->words)
		return;
	policy_default(&given->policy);
	given->mandate = (struct mandate){.rights = 0};
	given->words = true;
}

void terms_settle(struct terms_given *given)
{
	bool said = terms_said(given);
	begin(given);
	given->words = said;
	given->mandate.rights |= (uint16_t)((given->grants ? RIGHT_GRANTS : 0) | (given->reads ? RIGHT_READS : 0) |
										(given->consents ? RIGHT_CONSENTS : 0));
}

/* The first word begins from the usual terms; the words are the whole of them and no change to what is registered, so
 * that the order of two commands never matters. */
enum error terms_take_word(void *given, const char *word, struct fault *fault)
{
	struct terms_given *out = given;
	begin(out);
	return terms_apply(&out->policy, &out->mandate, word, fault) == E_OK ? E_OK : E_USAGE;
}

/* The same as the word, which has its rules. */
static enum error take_value(void *given, const char *front, const char *value, struct fault *fault)
{
	char word[SUBJECT_BYTES_MAX + SOURCE_NAME_BYTES_MAX + 64];
	if (snprintf(word, sizeof word, "%s=%s", front, value) >= (int)sizeof word)
		return fault_set(fault, E_USAGE, "--%s is too long", front);
	return terms_take_word(given, word, fault);
}

enum error terms_take_org(void *given, const char *org, struct fault *fault)
{
	return take_value(given, "reports-for", org, fault);
}

enum error terms_take_events(void *given, const char *limit, struct fault *fault)
{
	return take_value(given, "events-per-second", limit, fault);
}

enum error terms_take_bytes(void *given, const char *limit, struct fault *fault)
{
	return take_value(given, "bytes-per-second", limit, fault);
}

enum error terms_take_authority(void *given, const char *system, struct fault *fault)
{
	return take_value(given, "authority", system, fault);
}

enum error terms_take_namespace(void *given, const char *meaning, struct fault *fault)
{
	return take_value(given, "namespace", meaning, fault);
}

enum error terms_take_certificate(void *given, const char *text, struct fault *fault)
{
	uint8_t hash[32];
	char hex[65];
	if (strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64)
		return take_value(given, "certificate", text, fault);
	if (certificate_spki(text, hash, fault) != E_OK)
		return E_USAGE;
	return take_value(given, "certificate", sodium_bin2hex(hex, sizeof hex, hash, sizeof hash), fault);
}
