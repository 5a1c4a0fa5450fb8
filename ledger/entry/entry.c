/*   kind ─► fields in their order ─► values judged ─► nothing left over
 *
 * An entry has one encoding: flags are 0 or 1, a person's erasure has no period and a period's no person, "nothing
 * lost" is said by nothing. Values are judged on both ways by the same functions (*_valid), texts on reading alone.
 * Events are the exception in form only: fixed places and no cursor, because nearly all entries are events. Whether an
 * entry may stand where it does is for the log's rules (ledger/log). */
#include "ledger/entry/entry.h"

#include "ledger/base/domain.h"
#include "ledger/base/wrong.h"
#include "ledger/label/ed25519.h"

#include <sodium.h>

/* ---- texts ---- */

/* UTF-8 without control characters, with an end mark; `out` has max + 1 bytes. */
static void read_text(struct reader *in, size_t max, char *out)
{
	struct bytes text = reader_range16(in, max);
	if (WRONG(!bytes_utf8(text)))
		reader_fail(in, E_NOT_UTF8);
	for (size_t i = 0; i < text.len; i++)
		if (WRONG(text.data[i] < ' ') || WRONG(text.data[i] == 0x7F))
			reader_fail(in, E_BAD_VALUE);
	if (in->error != E_OK)
		text.len = 0;
	if (text.len > 0)
		memcpy(out, text.data, text.len);
	out[text.len] = '\0';
}

static bool read_flag(struct reader *in)
{
	uint8_t flag = reader_u8(in);
	if (WRONG(flag > 1))
		reader_fail(in, E_BAD_VALUE);
	return flag == 1;
}

/* Later than any time that can be told is no time. */
static uint64_t read_time(struct reader *in)
{
	uint64_t time_s = reader_u64(in);
	if (WRONG(time_s > TIME_S_MAX))
		reader_fail(in, E_BAD_VALUE);
	return time_s;
}

#define FIELD_WRITE_FLAG(member) writer_u8(out, record->member)
#define FIELD_READ_FLAG(member) record->member = read_flag(in)
#define FIELD_WRITE_TIME(member) writer_u64(out, record->member)
#define FIELD_READ_TIME(member) record->member = read_time(in)
#define FIELD_READ_TEXT(member, max) read_text(in, max, record->member)
#define FIELD_WRITE_POLICY(member) policy_encode(&record->member, out)
#define FIELD_READ_POLICY(member) policy_decode(in, &record->member)

/* ---- genesis ---- */

/* Empty, or exactly three ranges: origin, vkey and final checkpoint of the log before. */
static bool predecessor_valid(struct bytes predecessor)
{
	if (predecessor.len == 0)
		return true;
	struct reader in = reader_of(predecessor);
	struct bytes origin = reader_range16(&in, ORIGIN_BYTES_MAX);
	struct bytes vkey_text = reader_range16(&in, VKEY_TEXT_MAX);
	struct bytes note = reader_range16(&in, NOTE_BYTES_MAX);
	struct vkey vkey;
	struct checkpoint checkpoint;
	if (WRONG(reader_done(&in) != E_OK) || vkey_parse(vkey_text, &vkey) != E_OK)
		return false;
	return !WRONG(!bytes_equal(origin, bytes_text(vkey.name))) &&
		   !WRONG(checkpoint_verify(note, &vkey, &checkpoint) != E_OK);
}

/* The key makes the name good for a vkey, by the one function that judges them. */
static bool genesis_valid(const struct entry_genesis *genesis)
{
	struct vkey vkey;
	return !WRONG(vkey_make(genesis->origin, NOTE_KEY_ED25519, genesis->log_key, &vkey) != E_OK) &&
		   !WRONG(genesis->epoch_seconds == 0) && predecessor_valid(genesis->predecessor);
}

/* ... behind its format. */
/* clang-format off */
#define GENESIS_FIELDS(F) \
	F(TIME, time_s) F(TEXT, origin, ORIGIN_BYTES_MAX) F(BYTES, log_key) F(BYTES, vrf_key) F(U32, epoch_seconds) \
	F(U32, epoch_lag_seconds) F(RANGE16, predecessor, ENTRY_BYTES_MAX)
/* clang-format on */

static void genesis_encode(const struct entry_genesis *record, struct writer *out)
{
	writer_u16(out, record->format);
	GENESIS_FIELDS(FIELD_WRITE);
}

/* The version is judged before all else, for in another one nothing after it need mean the same. */
static void genesis_decode(struct reader *in, struct entry_genesis *record)
{
	record->format = reader_u16(in);
	if (in->error == E_OK && WRONG(record->format != FORMAT_VERSION))
		reader_fail(in, E_FORMAT);
	GENESIS_FIELDS(FIELD_READ);
	if (in->error == E_OK && !genesis_valid(record))
		reader_fail(in, E_BAD_VALUE);
}

/* ---- sender ---- */

/* SCHEME:ID, both there. */
static bool org_valid(const char *org)
{
	const char *colon = strchr(org, ':');
	return colon != NULL && !WRONG(colon == org) && !WRONG(colon[1] == '\0');
}

/* "Compromised" tells of a key that others may have had, and only a revocation ends its use. */
static bool sender_valid(const struct entry_sender *sender)
{
	bool registers = sender->action == SENDER_REGISTER;
	return !WRONG(registers != (sender->follows == FOLLOWS_NOTHING)) && !WRONG(registers != (sender->change == 0)) &&
		   org_valid(sender->org) && mandate_valid(&sender->mandate) &&
		   !WRONG(mandate_names(&sender->mandate, bytes_text(sender->org))) &&
		   mandate_covers_source(&sender->mandate, sender->org) && !WRONG(sender->name[0] == '\0') &&
		   !WRONG(!ed25519_key_usable(sender->public_key)) &&
		   !WRONG(sender->compromised && sender->action != SENDER_REVOKE);
}

/* ... behind its action. */
/* clang-format off */
#define SENDER_FIELDS(F) \
	F(U32, sender) F(U64, follows) F(U32, change) F(TIME, time_s) F(TEXT, org, ORG_BYTES_MAX) \
	F(TEXT, name, NAME_BYTES_MAX) F(BYTES, public_key) F(POLICY, policy) F(MANDATE, mandate) F(FLAG, compromised) \
	F(BYTES, signature) F(BYTES, old_signature)
#define SENDER_MESSAGE_FIELDS(F) \
	F(U8, action) F(U32, sender) F(U64, follows) F(U32, change) F(TEXT, org) F(TEXT, name) F(POLICY, policy) \
	F(MANDATE, mandate) F(FLAG, compromised) F(BYTES, public_key)
/* clang-format on */

static void sender_encode(const struct entry_sender *record, struct writer *out)
{
	writer_u8(out, (uint8_t)record->action);
	SENDER_FIELDS(FIELD_WRITE);
}

static void sender_decode(struct reader *in, struct entry_sender *record)
{
	uint8_t action = reader_u8(in);
	if (WRONG(action < SENDER_REGISTER) || WRONG(action > SENDER_REVOKE))
		reader_fail(in, E_BAD_VALUE);
	record->action = (enum sender_action)action;
	SENDER_FIELDS(FIELD_READ);
	if (in->error == E_OK && !sender_valid(record))
		reader_fail(in, E_BAD_VALUE);
}

/* Without the time, which the ledger sets: the sender signs before it knows it. */
enum error sender_message(const char *origin, const struct entry_sender *record, struct writer *out)
{
	writer_bytes(out, BYTES_LITERAL(DOMAIN_SENDER));
	writer_range16(out, bytes_text(origin));
	SENDER_MESSAGE_FIELDS(FIELD_WRITE);
	return out->error;
}

bool sender_signed(
	const char *origin, const struct entry_sender *entry, const uint8_t signature[64], const uint8_t key[32])
{
	uint8_t buffer[SENDER_ENTRY_BYTES_MAX];
	struct writer writer = writer_of(buffer, sizeof buffer);
	return sender_message(origin, entry, &writer) == E_OK &&
		   crypto_sign_verify_detached(signature, buffer, writer_len(&writer), key) == 0;
}

/* A revocation needs no word of the sender: its key may be in the wrong hands. */
bool sender_endorsed(const char *origin, const struct entry_sender *entry, const uint8_t *old_key)
{
	if (entry->action == SENDER_REVOKE)
		return true;
	if (!sender_signed(origin, entry, entry->signature, entry->public_key))
		return false;
	return entry->action == SENDER_REGISTER ||
		   (old_key != NULL && sender_signed(origin, entry, entry->old_signature, old_key));
}

/* ---- event, mass ---- */

void entry_event_encode(const struct entry_event *event, uint8_t out[ENTRY_EVENT_BYTES])
{
	out[0] = event->mass ? ENTRY_MASS : ENTRY_EVENT;
	put_u32(out + 1, event->sender);
	put_u64(out + 5, event->sequence);
	put_u64(out + 13, event->time_s);
	memcpy(out + 21, event->commitment.b, HASH_BYTES);
}

/* The rest of the entry: the kind byte is written already, and says the same as `mass`. */
static void event_entry_encode(const struct entry_event *event, struct writer *out)
{
	uint8_t encoded[ENTRY_EVENT_BYTES];
	entry_event_encode(event, encoded);
	writer_bytes(out, bytes_of(encoded + 1, sizeof encoded - 1));
}

static enum error event_entry_decode(struct bytes encoded, struct entry *out)
{
	if (WRONG(encoded.len != ENTRY_EVENT_BYTES))
		return encoded.len < ENTRY_EVENT_BYTES ? E_TRUNCATED : E_TRAILING;
	const uint8_t *p = encoded.data;
	if (WRONG(get_u64(p + 13) > TIME_S_MAX))
		return E_BAD_VALUE;
	out->kind = (enum entry_kind)p[0];
	out->event.mass = p[0] == ENTRY_MASS;
	out->event.sender = get_u32(p + 1);
	out->event.sequence = get_u64(p + 5);
	out->event.time_s = get_u64(p + 13);
	memcpy(out->event.commitment.b, p + 21, HASH_BYTES);
	return E_OK;
}

/* ---- batch ---- */

static void batch_encode(const struct entry_batch *record, struct writer *out)
{
	BATCH_FIELDS(FIELD_WRITE);
}

static void batch_decode(struct reader *in, struct entry_batch *record)
{
	BATCH_FIELDS(FIELD_READ);
	if (in->error != E_OK)
		return;
	enum error error = batch_check_range(record->first_sequence, record->count, record->filing_checked);
	if (WRONG(error != E_OK))
		reader_fail(in, error);
}

/* An entry keeps no kind: the events before it say it. */
struct entry entry_of_batch(const struct batch_head *head)
{
	struct entry entry = {
		.kind = ENTRY_BATCH, .batch = {head->sender, head->first_sequence, head->count, head->filing_checked, {0}}};
	memcpy(entry.batch.signature, head->signature, sizeof entry.batch.signature);
	return entry;
}

struct batch_head entry_batch_head(const struct entry_batch *batch, enum batch_kind kind)
{
	struct batch_head head = {kind, batch->sender, batch->first_sequence, batch->count, batch->filing_checked, {0}};
	memcpy(head.signature, batch->signature, sizeof head.signature);
	return head;
}

/* ---- epoch ---- */

#define EPOCH_FIELDS(F) F(U64, size) F(HASH, map_root) F(HASH, filing_root) F(TIME, time_s)

static void epoch_encode(const struct entry_epoch *record, struct writer *out)
{
	EPOCH_FIELDS(FIELD_WRITE);
	if (record->lost > 0)
		writer_u64(out, record->lost);
}

static void epoch_decode(struct reader *in, struct entry_epoch *record)
{
	EPOCH_FIELDS(FIELD_READ);
	if (reader_left(in) == 0)
		return;
	record->lost = reader_u64(in);
	if (in->error == E_OK && WRONG(record->lost == 0))
		reader_fail(in, E_BAD_VALUE); /* nothing lost is said by saying nothing */
}

/* ---- erasure ---- */

/* A person's erasure names no period, a period's no person: one spelling for each. */
static bool erasure_valid(const struct entry_erasure *erasure)
{
	if (erasure->person)
		return !WRONG(erasure->period_month != 0) && !WRONG(erasure->retention_years != 0);
	return !WRONG(erasure->retention_years < 1) && !WRONG(erasure->retention_years > RETENTION_YEARS_MAX) &&
		   !WRONG(!sodium_is_zero(erasure->label_commitment.b, HASH_BYTES));
}

/* clang-format off */
#define ERASURE_FIELDS(F) \
	F(FLAG, person) F(U16, period_month) F(U8, retention_years) F(HASH, label_commitment) \
	F(TEXT, policy, NAME_BYTES_MAX) F(TIME, time_s)
/* clang-format on */

static void erasure_encode(const struct entry_erasure *record, struct writer *out)
{
	ERASURE_FIELDS(FIELD_WRITE);
}

static void erasure_decode(struct reader *in, struct entry_erasure *record)
{
	ERASURE_FIELDS(FIELD_READ);
	if (in->error == E_OK && !erasure_valid(record))
		reader_fail(in, E_BAD_VALUE);
}

/* ---- loss ---- */

#define LOSS_FIELDS(F) F(U64, first) F(U64, end) F(U64, events)

static void loss_encode(const struct entry_loss *record, struct writer *out)
{
	LOSS_FIELDS(FIELD_WRITE);
}

/* The genesis entry is never among what is lost. */
static void loss_decode(struct reader *in, struct entry_loss *record)
{
	LOSS_FIELDS(FIELD_READ);
	if (in->error == E_OK && (WRONG(record->first == 0) || WRONG(record->end <= record->first)))
		reader_fail(in, E_BAD_VALUE);
}

/* ---- all ---- */

/* What this program writes is judged like what it reads, so no entry of ours is one that others refuse. */
static enum error entry_check(const struct entry *entry)
{
	uint64_t time_s = entry->kind == ENTRY_EPOCH ? entry->epoch.time_s : 0;
	(void)entry_time(entry, &time_s);
	if (time_s > TIME_S_MAX)
		return E_BAD_VALUE;
	switch (entry->kind) {
	case ENTRY_GENESIS:
		return genesis_valid(&entry->genesis) ? E_OK : E_BAD_VALUE;
	case ENTRY_SENDER:
		return sender_valid(&entry->sender) ? E_OK : E_BAD_VALUE;
	case ENTRY_BATCH:
		return batch_check_range(entry->batch.first_sequence, entry->batch.count, entry->batch.filing_checked);
	case ENTRY_ERASURE:
		return erasure_valid(&entry->erasure) ? E_OK : E_BAD_VALUE;
	case ENTRY_EVENT:
	case ENTRY_MASS:
		return entry->event.mass == (entry->kind == ENTRY_MASS) ? E_OK : E_BAD_VALUE;
	case ENTRY_EPOCH:
		return E_OK;
	case ENTRY_LOSS:
		return entry->loss.first > 0 && entry->loss.end > entry->loss.first ? E_OK : E_BAD_VALUE;
	}
	return E_BAD_VALUE;
}

enum error entry_encode(const struct entry *entry, struct writer *out)
{
	TRY(entry_check(entry));
	writer_u8(out, (uint8_t)entry->kind);
	switch (entry->kind) {
	case ENTRY_GENESIS:
		genesis_encode(&entry->genesis, out);
		break;
	case ENTRY_SENDER:
		sender_encode(&entry->sender, out);
		break;
	case ENTRY_EVENT:
	case ENTRY_MASS:
		event_entry_encode(&entry->event, out);
		break;
	case ENTRY_BATCH:
		batch_encode(&entry->batch, out);
		break;
	case ENTRY_EPOCH:
		epoch_encode(&entry->epoch, out);
		break;
	case ENTRY_ERASURE:
		erasure_encode(&entry->erasure, out);
		break;
	case ENTRY_LOSS:
		loss_encode(&entry->loss, out);
		break;
	}
	return out->error;
}

enum error entry_decode(struct bytes encoded, struct entry *out)
{
	if (encoded.len > 0 && (encoded.data[0] == ENTRY_EVENT || encoded.data[0] == ENTRY_MASS))
		return event_entry_decode(encoded, out); /* nearly all entries: no cursor, nothing copied twice */
	if (encoded.len > ENTRY_BYTES_MAX)
		return E_TOO_LONG;
	struct entry entry = {0};
	struct reader in = reader_of(encoded);
	uint8_t kind = reader_u8(&in);
	entry.kind = (enum entry_kind)kind;
	switch (kind) {
	case ENTRY_GENESIS:
		genesis_decode(&in, &entry.genesis);
		break;
	case ENTRY_SENDER:
		sender_decode(&in, &entry.sender);
		break;
	case ENTRY_BATCH:
		batch_decode(&in, &entry.batch);
		break;
	case ENTRY_EPOCH:
		epoch_decode(&in, &entry.epoch);
		break;
	case ENTRY_ERASURE:
		erasure_decode(&in, &entry.erasure);
		break;
	case ENTRY_LOSS:
		loss_decode(&in, &entry.loss);
		break;
	default:
		reader_fail(&in, E_BAD_VALUE);
	}
	TRY(reader_done(&in));
	*out = entry;
	return E_OK;
}

bool entry_time(const struct entry *entry, uint64_t *out)
{
	switch (entry->kind) {
	case ENTRY_GENESIS:
		*out = entry->genesis.time_s;
		return true;
	case ENTRY_SENDER:
		*out = entry->sender.time_s;
		return true;
	case ENTRY_EVENT:
	case ENTRY_MASS:
		*out = entry->event.time_s;
		return true;
	case ENTRY_ERASURE:
		*out = entry->erasure.time_s;
		return true;
	case ENTRY_BATCH:
	case ENTRY_EPOCH:
	case ENTRY_LOSS:
		return false;
	}
	return false;
}
