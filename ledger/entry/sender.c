/*   nobody ─ register ─► active ─ rotate, policy ─► active ─ revoke ─► revoked, for good
 *
 * Who may do what is not decided by signatures: an entry without the ones that it should have is taken, and the sender
 * counts as not endorsed from then on, for everybody to see. A later good one does not mend that. The order is decided
 * by `follows`: an entry made beside another one is refused, and has to be made anew. */
#include "ledger/entry/sender.h"

#include "ledger/base/wrong.h"

#include <inttypes.h>

static enum error judge_first(const struct sender *sender, const struct entry_sender *entry, struct fault *fault)
{
	if (WRONG(entry->sender == 0))
		return fault_set(fault, E_BAD_VALUE, "sender id: 0 is not an id");
	if (WRONG(sender->id != 0))
		return fault_set(fault, E_EXISTS, "sender id %" PRIu32 " is taken", entry->sender);
	return E_OK;
}

static enum error judge_change(const struct sender *sender, const struct entry_sender *entry, struct fault *fault)
{
	if (sender->id == 0) /* no check of its own: a sender without an organisation is nobody's */
		return fault_set(fault, E_UNKNOWN_SENDER, "sender %" PRIu32 " is not registered", entry->sender);
	if (WRONG(sender->status == SENDER_REVOKED))
		return fault_set(fault, E_REVOKED_SENDER, "sender %" PRIu32 " is revoked already", entry->sender);
	if (WRONG(strcmp(sender->org, entry->org) != 0) || WRONG(strcmp(sender->name, entry->name) != 0))
		return fault_set(
			fault, E_BAD_VALUE, "organisation and name of sender %" PRIu32 " cannot be changed", entry->sender);
	if (WRONG(sender->version != entry->follows))
		return fault_set(fault, E_BAD_VALUE,
			"the entry follows index %" PRIu64 ", but the newest entry of sender %" PRIu32 " is at %" PRIu64
			": it has to be made, and signed, anew",
			entry->follows, entry->sender, sender->version);
	if (WRONG(entry->change != sender->changes + 1))
		return fault_set(fault, E_BAD_VALUE,
			"the entry is change %" PRIu32 ", but sender %" PRIu32 " has had %" PRIu32
			": it has to be made, and signed, anew",
			entry->change, entry->sender, sender->changes);
	return E_OK;
}

static void begin(struct sender *sender, const struct entry_sender *entry)
{
	*sender = (struct sender){.id = entry->sender, .status = SENDER_ACTIVE, .endorsed = true, .since_s = entry->time_s};
	strcpy(sender->org, entry->org);
	strcpy(sender->name, entry->name);
}

enum error sender_take(struct sender *sender, const char *origin, const struct entry_sender *entry, uint64_t index,
	bool *endorsed, struct fault *fault)
{
	bool registers = entry->action == SENDER_REGISTER;
	TRY(registers ? judge_first(sender, entry, fault) : judge_change(sender, entry, fault));
	*endorsed = sender_endorsed(origin, entry, registers ? NULL : sender->public_key);
	if (registers)
		begin(sender, entry);
	sender->version = index;
	sender->changes = entry->change;
	if (entry->action == SENDER_REVOKE) {
		sender->status = SENDER_REVOKED;
		sender->compromised = entry->compromised;
		return E_OK;
	}
	sender->endorsed = sender->endorsed && *endorsed;
	memcpy(sender->public_key, entry->public_key, sizeof sender->public_key);
	sender->policy = entry->policy;
	sender->mandate = entry->mandate;
	return E_OK;
}

/* ---- how it is kept ---- */

static enum sender_status read_status(struct reader *in)
{
	enum sender_status status = (enum sender_status)reader_u8(in);
	reader_require(in, status == SENDER_ACTIVE || status == SENDER_REVOKED);
	return status;
}

static void read_text(struct reader *in, char *out, size_t max)
{
	struct bytes text = reader_range16(in, max);
	reader_require(in, text.len == 0 || memchr(text.data, 0, text.len) == NULL);
	if (in->error == E_OK && text.len > 0)
		memcpy(out, text.data, text.len);
}

#define FIELD_WRITE_STATUS(member) writer_u8(out, (uint8_t)record->member)
#define FIELD_READ_STATUS(member) record->member = read_status(in)
#define FIELD_WRITE_FLAG(member) writer_u8(out, record->member)
#define FIELD_READ_FLAG(member) record->member = reader_flag(in)
#define FIELD_READ_TEXT(member, max) read_text(in, record->member, max)
#define FIELD_WRITE_POLICY(member) policy_encode(&record->member, out)
#define FIELD_READ_POLICY(member) policy_decode(in, &record->member)

/* clang-format off */
#define SENDER_FIELDS(F) \
	F(U32, id) F(STATUS, status) F(FLAG, endorsed) F(FLAG, compromised) F(U64, version) F(U32, changes) \
	F(U64, since_s) F(U64, last_s) F(U64, next_sequence) F(U64, filing_checked) F(TEXT, org, ORG_BYTES_MAX) \
	F(TEXT, name, NAME_BYTES_MAX) F(BYTES, public_key) F(POLICY, policy) F(MANDATE, mandate)
/* clang-format on */

void sender_read(struct reader *in, struct sender *record)
{
	*record = (struct sender){.id = 0};
	SENDER_FIELDS(FIELD_READ);
}

enum error sender_decode(struct bytes row, struct sender *out)
{
	struct sender sender;
	struct reader r = reader_of(row);
	sender_read(&r, &sender);
	if (reader_done(&r) != E_OK)
		return E_CORRUPT;
	*out = sender;
	return E_OK;
}

void sender_encode(const struct sender *record, struct writer *out)
{
	SENDER_FIELDS(FIELD_WRITE);
}

bool sender_may_report_grants(const struct sender *sender)
{
	return (sender->mandate.rights & RIGHT_GRANTS) != 0;
}

bool sender_may_report_reads(const struct sender *sender)
{
	return (sender->mandate.rights & RIGHT_READS) != 0;
}
