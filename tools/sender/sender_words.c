/* A policy has two spellings: bits in an entry, and the words that make it from the usual one. People and JSON see the
 * words, so that a list of senders shows what is unusual about each and nothing else. */
#include "tools/sender/sender_words.h"

#include <string.h>

/* As a list shows it: the words of policy_format stand one a line. */
enum error policy_line(const struct policy *policy, char out[POLICY_WORDS_MAX])
{
	struct writer writer = writer_of(out, POLICY_WORDS_MAX);
	out[0] = '\0';
	TRY(policy_format(policy, &writer));
	for (char *line; (line = strchr(out, '\n')) != NULL;)
		*line = line[1] != '\0' ? ' ' : '\0';
	return E_OK;
}

enum error policy_words(const struct policy *policy, char out[POLICY_WORDS_MAX])
{
	TRY(policy_line(policy, out));
	if (out[0] == '\0')
		strcpy(out, "none");
	return E_OK;
}

void policy_settle(struct policy_given *given)
{
	if (!given->words)
		policy_default(&given->policy);
}

/* The first word begins from the usual policy; the words are the whole of it and no change to what is registered, so
 * that the order of two commands never matters. */
enum error policy_take(void *given, const char *word, struct fault *fault)
{
	struct policy_given *out = given;
	policy_settle(out);
	out->words = true;
	return policy_apply(&out->policy, word, fault) == E_OK ? E_OK : E_USAGE;
}
