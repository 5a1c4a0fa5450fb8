/* A policy has two spellings: bits in an entry, and the words that make it from the usual one. People and JSON see the
 * words, so that a list of senders shows what is unusual about each and nothing else. */
#include "tools/sender/sender_words.h"

#include "tools/sender/certificate.h"

#include <sodium.h>
#include <string.h>

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
	return given->words || given->grants || given->reads;
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
	given->mandate.rights |= (uint16_t)((given->grants ? RIGHT_GRANTS : 0) | (given->reads ? RIGHT_READS : 0));
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
	char word[ORG_BYTES_MAX + 64];
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
