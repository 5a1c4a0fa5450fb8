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

/* Domain, action, id, key, and the four texts with the policy's fixed fields. */
#define MESSAGE_BYTES_MAX 1024

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

/* Later than any time that can be told is no time. */
static uint64_t read_time(struct reader *in)
{
	uint64_t time_s = reader_u64(in);
	if (WRONG(time_s > TIME_S_MAX))
		reader_fail(in, E_BAD_VALUE);
	return time_s;
}

static void genesis_encode(const struct entry_genesis *genesis, struct writer *out)
{
	writer_u16(out, genesis->format);
	writer_u64(out, genesis->time_s);
	writer_range16(out, bytes_text(genesis->origin));
	writer_bytes(out, BYTES_ARRAY(genesis->log_key));
	writer_bytes(out, BYTES_ARRAY(genesis->vrf_key));
	writer_u32(out, genesis->epoch_seconds);
	writer_u32(out, genesis->epoch_lag_seconds);
	writer_range16(out, genesis->predecessor);
}

/* The version is judged before all else, for in another one nothing after it need mean the same. */
static void genesis_decode(struct reader *in, struct entry_genesis *out)
{
	out->format = reader_u16(in);
	if (in->error == E_OK && WRONG(out->format != FORMAT_VERSION))
		reader_fail(in, E_FORMAT);
	out->time_s = read_time(in);
	read_text(in, ORIGIN_BYTES_MAX, out->origin);
	reader_copy(in, out->log_key, sizeof out->log_key);
	reader_copy(in, out->vrf_key, sizeof out->vrf_key);
	out->epoch_seconds = reader_u32(in);
	out->epoch_lag_seconds = reader_u32(in);
	out->predecessor = reader_range16(in, ENTRY_BYTES_MAX);
	if (in->error == E_OK && !genesis_valid(out))
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
	return !WRONG(registers != (sender->follows == FOLLOWS_NOTHING)) && org_valid(sender->org) &&
		   !WRONG(sender->name[0] == '\0') && !WRONG(!ed25519_key_usable(sender->public_key)) &&
		   !WRONG(sender->compromised && sender->action != SENDER_REVOKE);
}

static void sender_encode(const struct entry_sender *sender, struct writer *out)
{
	writer_u8(out, (uint8_t)sender->action);
	writer_u32(out, sender->sender);
	writer_u64(out, sender->follows);
	writer_u64(out, sender->time_s);
	writer_range16(out, bytes_text(sender->org));
	writer_range16(out, bytes_text(sender->name));
	writer_bytes(out, BYTES_ARRAY(sender->public_key));
	policy_encode(&sender->policy, out);
	writer_u8(out, sender->compromised);
	writer_bytes(out, BYTES_ARRAY(sender->signature));
	writer_bytes(out, BYTES_ARRAY(sender->old_signature));
}

static void sender_decode(struct reader *in, struct entry_sender *out)
{
	uint8_t action = reader_u8(in);
	if (WRONG(action < SENDER_REGISTER) || WRONG(action > SENDER_REVOKE))
		reader_fail(in, E_BAD_VALUE);
	out->action = (enum sender_action)action;
	out->sender = reader_u32(in);
	out->follows = reader_u64(in);
	out->time_s = read_time(in);
	read_text(in, ORG_BYTES_MAX, out->org);
	read_text(in, NAME_BYTES_MAX, out->name);
	reader_copy(in, out->public_key, sizeof out->public_key);
	policy_decode(in, &out->policy);
	out->compromised = read_flag(in);
	reader_copy(in, out->signature, sizeof out->signature);
	reader_copy(in, out->old_signature, sizeof out->old_signature);
	if (in->error == E_OK && !sender_valid(out))
		reader_fail(in, E_BAD_VALUE);
}

/* Without the time, which the ledger sets: the sender signs before it knows it. */
enum error sender_message(const char *origin, const struct entry_sender *entry, struct writer *out)
{
	writer_bytes(out, BYTES_LITERAL(DOMAIN_SENDER));
	writer_range16(out, bytes_text(origin));
	writer_u8(out, (uint8_t)entry->action);
	writer_u32(out, entry->sender);
	writer_u64(out, entry->follows);
	writer_range16(out, bytes_text(entry->org));
	writer_range16(out, bytes_text(entry->name));
	policy_encode(&entry->policy, out);
	writer_u8(out, entry->compromised);
	writer_bytes(out, BYTES_ARRAY(entry->public_key));
	return out->error;
}

bool sender_signed(
	const char *origin, const struct entry_sender *entry, const uint8_t signature[64], const uint8_t key[32])
{
	uint8_t buffer[MESSAGE_BYTES_MAX];
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

static void batch_encode(const struct entry_batch *batch, struct writer *out)
{
	writer_u32(out, batch->sender);
	writer_u64(out, batch->first_sequence);
	writer_u32(out, batch->count);
	writer_u64(out, batch->filing_checked);
	writer_bytes(out, BYTES_ARRAY(batch->signature));
}

static void batch_decode(struct reader *in, struct entry_batch *out)
{
	out->sender = reader_u32(in);
	out->first_sequence = reader_u64(in);
	out->count = reader_u32(in);
	out->filing_checked = reader_u64(in);
	reader_copy(in, out->signature, sizeof out->signature);
	if (in->error != E_OK)
		return;
	enum error error = batch_check_range(out->first_sequence, out->count, out->filing_checked);
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

static void epoch_encode(const struct entry_epoch *epoch, struct writer *out)
{
	writer_u64(out, epoch->size);
	writer_bytes(out, hash_bytes(&epoch->map_root));
	writer_bytes(out, hash_bytes(&epoch->filing_root));
	writer_u64(out, epoch->time_s);
	if (epoch->lost > 0)
		writer_u64(out, epoch->lost);
}

static void epoch_decode(struct reader *in, struct entry_epoch *out)
{
	out->size = reader_u64(in);
	reader_copy(in, out->map_root.b, HASH_BYTES);
	reader_copy(in, out->filing_root.b, HASH_BYTES);
	out->time_s = read_time(in);
	if (reader_left(in) == 0)
		return;
	out->lost = reader_u64(in);
	if (in->error == E_OK && WRONG(out->lost == 0))
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

static void erasure_encode(const struct entry_erasure *erasure, struct writer *out)
{
	writer_u8(out, erasure->person);
	writer_u16(out, erasure->period_month);
	writer_u8(out, erasure->retention_years);
	writer_bytes(out, hash_bytes(&erasure->label_commitment));
	writer_range16(out, bytes_text(erasure->policy));
	writer_u64(out, erasure->time_s);
}

static void erasure_decode(struct reader *in, struct entry_erasure *out)
{
	out->person = read_flag(in);
	out->period_month = reader_u16(in);
	out->retention_years = reader_u8(in);
	reader_copy(in, out->label_commitment.b, HASH_BYTES);
	read_text(in, NAME_BYTES_MAX, out->policy);
	out->time_s = read_time(in);
	if (in->error == E_OK && !erasure_valid(out))
		reader_fail(in, E_BAD_VALUE);
}

/* ---- loss ---- */

static void loss_encode(const struct entry_loss *loss, struct writer *out)
{
	writer_u64(out, loss->first);
	writer_u64(out, loss->end);
	writer_u64(out, loss->events);
}

/* The genesis entry is never among what is lost. */
static void loss_decode(struct reader *in, struct entry_loss *out)
{
	out->first = reader_u64(in);
	out->end = reader_u64(in);
	out->events = reader_u64(in);
	if (in->error == E_OK && (WRONG(out->first == 0) || WRONG(out->end <= out->first)))
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
