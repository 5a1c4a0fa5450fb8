#include "ledger/store/sender_row.h"

#include <string.h>

static void copy_text(struct reader *r, char *out, size_t max)
{
	struct bytes text = reader_range16(r, max);
	memcpy(out, text.len ? (const char *)text.data : "", text.len);
	out[text.len] = '\0';
}

enum error sender_decode(struct bytes row, struct sender *out)
{
	struct sender sender = {0};
	struct reader r = reader_of(row);
	sender.id = reader_u32(&r);
	sender.status = (enum sender_status)reader_u8(&r);
	uint8_t endorsed = reader_u8(&r);
	uint8_t compromised = reader_u8(&r);
	sender.version = reader_u64(&r);
	sender.since_s = reader_u64(&r);
	sender.last_s = reader_u64(&r);
	sender.next_sequence = reader_u64(&r);
	sender.filing_checked = reader_u64(&r);
	copy_text(&r, sender.org, ORG_BYTES_MAX);
	copy_text(&r, sender.name, NAME_BYTES_MAX);
	reader_copy(&r, sender.public_key, sizeof sender.public_key);
	policy_decode(&r, &sender.policy);
	if (reader_done(&r) != E_OK || (sender.status != SENDER_ACTIVE && sender.status != SENDER_REVOKED) ||
		endorsed > 1 || compromised > 1)
		return E_CORRUPT;
	sender.endorsed = endorsed;
	sender.compromised = compromised;
	*out = sender;
	return E_OK;
}

void sender_encode(const struct sender *sender, struct writer *out)
{
	writer_u32(out, sender->id);
	writer_u8(out, (uint8_t)sender->status);
	writer_u8(out, sender->endorsed);
	writer_u8(out, sender->compromised);
	writer_u64(out, sender->version);
	writer_u64(out, sender->since_s);
	writer_u64(out, sender->last_s);
	writer_u64(out, sender->next_sequence);
	writer_u64(out, sender->filing_checked);
	writer_range16(out, bytes_text(sender->org));
	writer_range16(out, bytes_text(sender->name));
	writer_bytes(out, BYTES_ARRAY(sender->public_key));
	policy_encode(&sender->policy, out);
}
