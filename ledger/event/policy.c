/* What must always be open (FIELD_FIXED) is refused both as a word and as a bit of an entry, so that no policy in any
 * log hides whose data it was, when, what was done, and by which organisation. A policy is written as the words that
 * make it from the usual one, so that a reader sees what is out of the ordinary and nothing else. */
#include "ledger/event/policy.h"

#include "ledger/base/wrong.h"
#include "ledger/event/event_schema.h"
#include "ledger/text/visible.h"

#include <string.h>

void policy_default(struct policy *out)
{
	*out = (struct policy){.restricted = event_fields_with(FIELD_RESTRICTED)};
}

/* Opening is not bounded: whoever opens more than usual shows the subject more, which is always allowed. */
static enum error apply_field(struct policy *policy, const char *path, bool close, struct fault *fault)
{
	const struct event_field *field = event_field_by_path(bytes_text(path));
	if (field == NULL)
		return fault_set(fault, E_UNKNOWN_FIELD, "policy: there is no field '%s'; see 'indsigt help event'", path);
	if (field->flags & FIELD_FIXED)
		return fault_set(fault, E_POLICY, "policy: the field '%s' is always disclosed to the subject", path);
	if (close)
		policy->restricted |= 1ull << field->number;
	else
		policy->restricted &= ~(1ull << field->number);
	return E_OK;
}

enum error policy_apply(struct policy *policy, const char *word, struct fault *fault)
{
	if (strncmp(word, "open=", 5) == 0)
		return apply_field(policy, word + 5, false, fault);
	if (strncmp(word, "close=", 6) == 0)
		return apply_field(policy, word + 6, true, fault);
	if (strncmp(word, "purpose=", 8) == 0) {
		struct bytes purpose = bytes_text(word + 8);
		if (purpose.len > PURPOSE_BYTES_MAX || !visible_clean(purpose) || visible_blank(purpose))
			return fault_set(fault, E_BAD_VALUE,
				"policy: purpose is 1 to %u bytes of UTF-8 without control characters, and not only spaces",
				PURPOSE_BYTES_MAX);
		memcpy(policy->purpose, purpose.data, purpose.len + 1);
		return E_OK;
	}
	if (strcmp(word, "withhold") == 0)
		policy->flags |= POLICY_WITHHOLD;
	else if (strcmp(word, "purpose-required") == 0)
		policy->flags |= POLICY_PURPOSE_REQUIRED;
	else
		return fault_set(fault, E_BAD_VALUE,
			"policy: '%s' is not one of open=FIELD, close=FIELD, purpose=TEXT, withhold, purpose-required", word);
	return E_OK;
}

/* Member by member: a struct has padding, whose bytes say nothing. */
bool policy_equal(const struct policy *a, const struct policy *b)
{
	return a->restricted == b->restricted && a->flags == b->flags && strcmp(a->purpose, b->purpose) == 0;
}

void policy_encode(const struct policy *policy, struct writer *out)
{
	writer_u64(out, policy->restricted);
	writer_u16(out, policy->flags);
	writer_range16(out, bytes_text(policy->purpose));
}

void policy_decode(struct reader *in, struct policy *out)
{
	struct policy policy = {0};
	policy.restricted = reader_u64(in);
	policy.flags = reader_u16(in);
	struct bytes purpose = reader_range16(in, PURPOSE_BYTES_MAX);
	uint64_t allowed = event_fields_with(0) & ~event_fields_with(FIELD_FIXED);
	if (WRONG((policy.restricted & ~allowed) != 0) ||
		WRONG((policy.flags & ~(POLICY_WITHHOLD | POLICY_PURPOSE_REQUIRED)) != 0) || !visible_clean(purpose))
		reader_fail(in, E_BAD_VALUE);
	if (in->error != E_OK)
		return;
	if (purpose.len > 0)
		memcpy(policy.purpose, purpose.data, purpose.len);
	*out = policy;
}

static void write_word(struct writer *out, const char *front, const char *text)
{
	writer_bytes(out, bytes_text(front));
	writer_bytes(out, bytes_text(text));
	writer_u8(out, '\n');
}

/* Only differences: a word for each. */
void policy_format(const struct policy *policy, struct writer *out)
{
	uint64_t usual = event_fields_with(FIELD_RESTRICTED);
	for (uint64_t i = 1; i <= EVENT_FIELD_LAST; i++) {
		uint64_t bit = 1ull << i;
		if ((policy->restricted & bit) != (usual & bit))
			write_word(out, policy->restricted & bit ? "close=" : "open=", event_field(i)->path);
	}
	if (policy->purpose[0] != '\0')
		write_word(out, "purpose=", policy->purpose);
	if (policy->flags & POLICY_WITHHOLD)
		write_word(out, "withhold", "");
	if (policy->flags & POLICY_PURPOSE_REQUIRED)
		write_word(out, "purpose-required", "");
}
