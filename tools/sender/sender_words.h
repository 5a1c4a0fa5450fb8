/* What the commands about senders say to people. */
#pragma once

#include "ledger/event/policy.h"
#include "ledger/options/options.h"

#define POLICY_WORDS_MAX 4096

/* "withhold open=actor.name", or "none". */
enum error policy_words(const struct policy *policy, char out[POLICY_WORDS_MAX]) MUST_USE;
/* What --policy says, however often it is given. */
struct policy_given {
	struct policy policy; /* from the default, which it is before */
	bool words;           /* there were any */
};
enum error policy_take(void *given, const char *word, struct fault *fault) MUST_USE;
#define OPTION_POLICY(T, member, ...) \
	OPTION_TAKEN(policy_take, "policy", "WORD", .offset = offsetof(T, member), .repeats = true, __VA_ARGS__)

/* One line on stdout; its texts may come from a registration, and are shown so that no terminal obeys them. */
void sender_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
