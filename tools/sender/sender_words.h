/* What the commands about senders say to people. */
#pragma once

#include "ledger/event/policy.h"

#define POLICY_WORDS_MAX 4096

/* "withhold open=actor.name", or "none". */
enum error policy_words(const struct policy *policy, char out[POLICY_WORDS_MAX]) MUST_USE;
/* One line on stdout; its texts may come from a registration, and are shown so that no terminal obeys them. */
void sender_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
