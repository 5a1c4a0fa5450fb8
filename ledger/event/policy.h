/* A sender's policy: which fields the subject does not see, what the sender may withhold, and what
 * stands in for a missing purpose. It stands in the sender's entry, so that everybody sees what a source
 * keeps back. spec/entry.md */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/limits.h"

#define POLICY_WITHHOLD 0x0001         /* may report events withheld from the subject until a date */
#define POLICY_PURPOSE_REQUIRED 0x0002 /* FHIR and DICOM messages without a purpose are refused */

struct policy {
	uint64_t restricted;                 /* bit n: field number n (event.h) is kept in the restricted part */
	uint16_t flags;                      /* POLICY_... */
	char purpose[PURPOSE_BYTES_MAX + 1]; /* stands in for a missing purpose; may be empty */
};

/* actor.id, actor.name, on_behalf_of.id, access_point, objects, id restricted; nothing else allowed. */
void policy_default(struct policy *out);
/* One word of `sender add --policy`: "open=FIELD", "close=FIELD", "purpose=TEXT", "withhold",
 * "purpose-required". Refuses by name what may not be closed (subject, subjects, time, action,
 * org.id, org.name, actor.kind) and unknown fields. */
enum error policy_apply(struct policy *policy, const char *word, struct fault *fault) MUST_USE;
/* Whether they say the same, purpose and all. */
bool policy_equal(const struct policy *a, const struct policy *b);
void policy_encode(const struct policy *policy, struct writer *out);
/* Refuses bits of unknown fields and of fields that may not be closed. */
void policy_decode(struct reader *in, struct policy *out);
/* As words, one a line, for people and JSON: the words that make it from the default. No end mark. */
void policy_format(const struct policy *policy, struct writer *out);
