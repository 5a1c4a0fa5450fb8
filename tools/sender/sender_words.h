/* What the commands about senders say to people. */
#pragma once

#include "ledger/event/policy.h"
#include "ledger/options/options.h"

#define POLICY_WORDS_MAX 4096

/* "withhold open=actor.name"; empty for the usual one, of which policy_words says "none". */
enum error policy_line(const struct policy *policy, char out[POLICY_WORDS_MAX]) MUST_USE;
enum error policy_words(const struct policy *policy, char out[POLICY_WORDS_MAX]) MUST_USE;
/* What --policy says, however often it is given. Words that are given more than once add up, in their order. */
struct policy_given {
	struct policy policy; /* from the default; of no meaning without words, before policy_settle */
	bool words;           /* there were any */
};
enum error policy_take(void *given, const char *word, struct fault *fault) MUST_USE;
/* What was read, or the default where there were no words. */
void policy_settle(struct policy_given *given);
#define OPTION_POLICY(T, member, ...) \
	OPTION_TAKEN(policy_take, "policy", "WORD", .offset = offsetof(T, member), .repeats = true, __VA_ARGS__)
