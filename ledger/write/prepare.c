/* All is judged before anything is made: a batch that is refused costs no key, and nothing is sealed. One event that
 * does not hold refuses the whole batch, and the fault names it. The signature goes before the content, so nothing is
 * judged as a sender's that it did not sign.
 *
 *   keys made ─► sealed: they go with this batch
 *             └─ sealing failed (memory): the keymaker remembers them, so they are carried to the next batch
 *
 * Otherwise a later batch of the same person would be sealed under a key that nobody ever wrote. */
#include "ledger/write/prepare.h"

#include "ledger/base/domain.h"
#include "ledger/filed/aliases.h"
#include "ledger/keystore/kept_keys.h"
#include "ledger/keystore/keystore_put.h"
#include "ledger/mandate/reporting.h"
#include "ledger/text/timestamp.h"
#include "ledger/tree/merkle.h"
#include "ledger/write/limits.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* One event on its way through; what it borrows lives in the frame. */
struct work {
	struct batch_event wire;
	struct event_header header;
	struct hash c_d;
	struct alias alias;
	uint64_t key_id;
};

/* The secrets of one event, in guarded memory. */
struct work_secret {
	struct key secret;
	struct key record_key;
};

struct preparer {
	struct prepare_context context;
	struct keymaker *maker;
	struct kept_keys *kept;
	uint64_t kept_erased; /* as of keymaker_erased: no key of `kept` was taken out since */
	struct sender sender; /* the batch's */
	struct work *work;
	struct work_secret *secrets;
	struct hash *commitments;
	struct event event; /* the one being judged */
	uint8_t *new_keys;
	size_t carried; /* bytes in new_keys that no prepared batch has taken along yet */
};

enum error preparer_new(const struct prepare_context *context, struct preparer **out, struct fault *fault)
{
	OWNED(preparer_release) struct preparer *preparer = calloc(1, sizeof *preparer);
	TRY(fault_set(fault, allocated(preparer), ""));
	preparer->context = *context;
	preparer->work = malloc(BATCH_EVENTS_MAX * sizeof *preparer->work);
	preparer->secrets = sodium_malloc(BATCH_EVENTS_MAX * sizeof *preparer->secrets);
	preparer->commitments = malloc(BATCH_EVENTS_MAX * sizeof *preparer->commitments);
	preparer->new_keys = malloc(NEW_KEYS_BYTES_MAX);
	if (!preparer->work || !preparer->secrets || !preparer->commitments || !preparer->new_keys)
		return E_NO_MEMORY;
	TRY(kept_keys_new(&preparer->kept));
	TRY(keymaker_open(context->keystore, &preparer->maker, fault));
	*out = OWN_TAKE(preparer);
	return E_OK;
}

void preparer_close(struct preparer *preparer)
{
	if (preparer == NULL)
		return;
	keymaker_close(preparer->maker);
	kept_keys_free(preparer->kept);
	free(preparer->work);
	sodium_free(preparer->secrets);
	free(preparer->commitments);
	free(preparer->new_keys);
	free(preparer);
}

/* A text that names the fault more closely stays; only the event is put beside it. */
static enum error refuse_event(struct fault *fault, uint32_t event, enum error error)
{
	if (fault != NULL && fault->text[0] == '\0')
		fault_set(fault, error, "");
	if (fault != NULL)
		fault->event = event;
	return error;
}

/* ---- form ---- */

/* Of the form alone: what is refused here was never looked into. Ranges point into the body, which the caller keeps
 * until the batch is sealed. */
static enum error read_form(
	struct preparer *p, struct bytes body, struct batch_head *head, struct key *batch_secret, struct fault *fault)
{
	struct reader r = reader_of(body);
	batch_head_decode(&r, head);
	reader_copy(&r, batch_secret->b, sizeof batch_secret->b);
	if (r.error == E_BATCH_TOO_LARGE)
		return fault_set(fault, r.error, "the batch holds more than %u events, which is the limit", BATCH_EVENTS_MAX);
	if (r.error != E_OK)
		return fault_set(fault, r.error, "the head of the batch: %s", error_text(r.error));
	for (uint32_t i = 0; i < head->count; i++) {
		batch_event_decode(&r, &p->work[i].wire);
		if (r.error != E_OK) {
			fault_set(fault, r.error, "event %" PRIu32 " of the batch: %s (header at most %u bytes, both parts %u)", i,
				error_text(r.error), HEADER_BYTES_MAX, EVENT_BYTES_MAX);
			return refuse_event(fault, i, r.error);
		}
		p->commitments[i] = p->work[i].wire.commitment;
	}
	if (reader_done(&r) != E_OK)
		return fault_set(fault, E_TRAILING, "bytes are left over after the last event of the batch");
	return E_OK;
}

/* The session has shown by its request who it is; a batch in another name is refused before that other one's rows are
 * read. */
static enum error find_sender(struct preparer *p, uint32_t id, const struct batch_head *head, struct fault *fault)
{
	if (head->sender != id)
		return fault_set(fault, E_UNKNOWN_SENDER, "the batch names sender %" PRIu32 ", the session is sender %" PRIu32,
			head->sender, id);
	if (registry_get(p->context.registry, id, &p->sender) != E_OK)
		return fault_set(fault, E_UNKNOWN_SENDER, "");
	return E_OK;
}

static enum error check_signature(struct preparer *p, const struct batch_head *head, struct fault *fault)
{
	struct hash root;
	merkle_root_of_leaves(p->commitments, head->count, &root);
	if (batch_check_signature(p->context.origin, head, &root, p->sender.public_key) != E_OK)
		return fault_set(fault, E_BAD_SIGNATURE, "");
	return E_OK;
}

/* ---- content ---- */

/* The header is none of the schema's parts, so it is judged by itself, by the registration of today. */
static enum error check_header(const struct sender *sender, struct work *work, struct fault *fault)
{
	struct reader r = reader_of(work->wire.header);
	event_header_decode(&r, &work->header);
	enum error error = reader_done(&r);
	TRY(fault_set(fault, error, "header: %s", error_text(error)));
	return event_header_check(&work->header, &sender->policy, false, fault);
}

/* The secret comes from the batch's. Were it not the sender's own, the record could never be opened against its entry.
 */
static enum error check_commitment(struct work *work, const struct key *secret, struct fault *fault)
{
	struct hash c_r;
	struct hash commitment;
	event_commit_restricted(secret, work->wire.restricted, &c_r);
	event_commit_disclosed(&c_r, work->wire.disclosed, &work->c_d);
	event_commitment(work->wire.header, &work->c_d, &commitment);
	if (!hash_equal(&commitment, &work->wire.commitment))
		return fault_set(fault, E_COMMITMENT, "");
	return E_OK;
}

/* By the policy in full: what belongs into which part is fixed by what the sender was registered with, and later
 * readers are shown the parts as they were split here. */
static enum error check_event(
	struct preparer *p, struct work *work, enum batch_kind kind, uint64_t now_s, struct fault *fault)
{
	TRY(event_decode(work->wire.disclosed, work->wire.restricted, &p->sender.policy, false, &p->event, fault));
	TRY(reporting_check(&p->sender.mandate, p->sender.org, &p->event, fault));
	TRY(event_header_check(&work->header, &p->sender.policy, event_act(&p->event) != ACT_ACCESS, fault));
	if (event_is_mass(&p->event) != (kind == BATCH_MASS))
		return fault_set(fault, E_BAD_VALUE,
			"subject: a batch of mass events holds only events without a subject, and the other way round");
	if (event_time_ns(&p->event) / 1000000000 > (int64_t)(now_s + EVENT_AHEAD_SECONDS_MAX))
		return fault_set(fault, E_TIME_AHEAD, "time: more than %u hours ahead of the ledger's clock",
			EVENT_AHEAD_SECONDS_MAX / 3600);
	if (kind == BATCH_EVENT)
		alias_make(&p->context.secrets->alias, event_subject(&p->event), &work->alias);
	else
		memset(work->alias.b, 0, sizeof work->alias.b);
	return E_OK;
}

/* All of them before any content is decoded: what does not fit its commitment is not what the sender has signed. */
static enum error check_commitments(
	struct preparer *p, const struct batch_head *head, const struct key *batch_secret, struct fault *fault)
{
	for (uint32_t i = 0; i < head->count; i++) {
		struct key *secret = &p->secrets[i].secret;
		event_secret(batch_secret, head->first_sequence + i, secret);
		enum error error = check_commitment(&p->work[i], secret, fault);
		if (error != E_OK)
			return refuse_event(fault, i, error);
	}
	return E_OK;
}

static enum error check_content(struct preparer *p, const struct batch_head *head, uint64_t now_s, struct fault *fault)
{
	for (uint32_t i = 0; i < head->count; i++) {
		struct work *work = &p->work[i];
		enum error error = check_header(&p->sender, work, fault) ?: check_event(p, work, head->kind, now_s, fault);
		if (error != E_OK)
			return refuse_event(fault, i, error);
	}
	return E_OK;
}

/* ---- keys ---- */

/* The month of receipt and not of the event: keys of a month that is over may be gone already. */
static struct period period_of(const struct work *work, uint64_t now_s)
{
	return (struct period){timestamp_month(now_s), work->header.retention_years};
}

/* The subject's key first, then its month's: keys that are made here are written in this order, and the mixture of both
 * opens the record. */
static enum error find_key(
	struct preparer *p, struct work *work, struct period period, struct writer *new_keys, struct key *out)
{
	OWNED_KEY subject_key = {0};
	OWNED_KEY period_key = {0};
	if (kept_keys_find(p->kept, &work->alias, period, &work->key_id, out))
		return E_OK;
	TRY(keymaker_subject(p->maker, &work->alias, new_keys, &work->key_id, &subject_key));
	TRY(keymaker_period(p->maker, period, new_keys, &period_key));
	record_key_make(&subject_key, &period_key, out);
	kept_keys_add(p->kept, &work->alias, period, work->key_id, out);
	return E_OK;
}

/* What is kept was once found or made, and is good for as long as nothing was taken out of the environment. */
static enum error find_keys(struct preparer *p, uint32_t count, uint64_t now_s, struct writer *new_keys)
{
	if (p->kept_erased != keymaker_erased(p->maker)) {
		kept_keys_forget(p->kept);
		p->kept_erased = keymaker_erased(p->maker);
	}
	for (uint32_t i = 0; i < count; i++)
		TRY(find_key(p, &p->work[i], period_of(&p->work[i], now_s), new_keys, &p->secrets[i].record_key));
	return E_OK;
}

/* ---- sealing ---- */

static size_t sealed_bytes(const struct work *work)
{
	return RECORD_FIXED_BYTES + work->wire.header.len + work->wire.disclosed.len + work->wire.restricted.len;
}

/* Bound to its place: a record that is moved beside another entry does not open there. */
static enum error seal_event(
	struct preparer *p, const struct batch_head *head, uint32_t i, uint64_t now_s, struct writer *out)
{
	const struct work *work = &p->work[i];
	struct record record = {
		work->wire.header, work->c_d, p->secrets[i].secret, work->wire.disclosed, work->wire.restricted};
	struct record_place place = {
		head->sender, head->first_sequence + i, work->wire.commitment, period_of(work, now_s), work->key_id};
	size_t len = record_bytes(&record);
	writer_u16(out, (uint16_t)len);
	uint8_t *sealed = writer_skip(out, len);
	return sealed == NULL ? E_NO_ROOM
						  : record_seal(&record, &place, &p->secrets[i].record_key, &p->context.secrets->seal, sealed);
}

static void seal_aliases(struct preparer *p, const struct batch_head *head, struct writer *out)
{
	uint8_t context[ALIAS_CONTEXT_BYTES];
	struct bytes bound = alias_context(head->sender, head->first_sequence, head->count, context);
	uint8_t *place = writer_skip(out, (size_t)head->count * 32 + SEAL_OVERHEAD);
	if (place == NULL)
		return;
	/* Laid out where they will stand sealed: libsodium seals in place. */
	uint8_t *plain = place + 24;
	for (uint32_t i = 0; i < head->count; i++)
		memcpy(plain + (size_t)32 * i, p->work[i].alias.b, 32);
	seal_small(
		&p->context.secrets->seal.filing, DOMAIN_ALIASES, bound, bytes_of(plain, (size_t)head->count * 32), place);
}

/* One piece of memory for all that the tick takes along, so that freeing it needs no list and the sequencer can count
 * what waits. Filled to the last byte or not at all. */
static enum error seal_batch(
	struct preparer *p, const struct batch_head *head, uint64_t now_s, struct bytes new_keys, struct prepared **out)
{
	size_t records = 0;
	for (uint32_t i = 0; i < head->count; i++)
		records += 2 + sealed_bytes(&p->work[i]);
	size_t aliases = head->kind == BATCH_EVENT ? (size_t)head->count * 32 + SEAL_OVERHEAD : 0;
	size_t commitments = (size_t)head->count * sizeof(struct hash);
	size_t total = sizeof(struct prepared) + commitments + aliases + records + new_keys.len;
	struct prepared *prepared = malloc(total);
	TRY(allocated(prepared));
	*prepared = (struct prepared){.head = *head,
		.sender_version = p->sender.version,
		.receive_s = now_s,
		.period_month = timestamp_month(now_s),
		.bytes = total};

	struct writer w = writer_of(prepared + 1, total - sizeof *prepared);
	prepared->commitments = (const struct hash *)w.at;
	writer_bytes(&w, bytes_of(p->commitments, commitments));
	uint8_t *at = w.at;
	if (aliases > 0)
		seal_aliases(p, head, &w);
	prepared->aliases = bytes_of(at, aliases);
	prepared->records = bytes_of(w.at, records);
	enum error error = E_OK;
	for (uint32_t i = 0; i < head->count && error == E_OK; i++)
		error = seal_event(p, head, i, now_s, &w);
	prepared->new_keys = bytes_of(w.at, new_keys.len);
	writer_bytes(&w, new_keys);
	if (error == E_OK && (w.error != E_OK || w.at != w.end))
		error = E_NO_ROOM;
	if (error != E_OK) {
		free(prepared);
		return error;
	}
	*out = prepared;
	return E_OK;
}

/* The log has a batch at this sequence: what is stored decides, not the registration of today. */
static enum error keep_for_comparison(
	struct preparer *p, const struct batch_head *head, uint64_t now_s, struct prepared **out, struct fault *fault)
{
	size_t commitments = (size_t)head->count * sizeof(struct hash);
	struct prepared *prepared = malloc(sizeof *prepared + commitments);
	TRY(fault_set(fault, allocated(prepared), ""));
	*prepared = (struct prepared){.head = *head, .receive_s = now_s, .bytes = sizeof *prepared + commitments};
	memcpy(prepared + 1, p->commitments, commitments);
	prepared->commitments = (const struct hash *)(prepared + 1);
	*out = prepared;
	return E_OK;
}

/* The cheapest question first. What was sent again is told apart before the signature, because a revoked sender or one
 * with a new key may still ask for its receipt. */
static enum error prepare(struct preparer *p, uint32_t sender, struct bytes body, uint64_t now_s,
	struct key *batch_secret, struct prepared **out, struct fault *fault)
{
	struct batch_head head;
	TRY(read_form(p, body, &head, batch_secret, fault));
	TRY(find_sender(p, sender, &head, fault));
	if (head.first_sequence < p->sender.next_sequence) {
		TRY(check_commitments(p, &head, batch_secret, fault));
		return keep_for_comparison(p, &head, now_s, out, fault);
	}
	if (p->sender.status == SENDER_REVOKED)
		return fault_set(fault, E_REVOKED_SENDER, "");
	TRY(check_signature(p, &head, fault));
	TRY(check_commitments(p, &head, batch_secret, fault));
	TRY(check_content(p, &head, now_s, fault));

	struct writer new_keys = writer_of(p->new_keys, NEW_KEYS_BYTES_MAX);
	struct bytes made = BYTES_EMPTY;
	writer_skip(&new_keys, p->carried);
	enum error error = keymaker_begin(p->maker) ?: find_keys(p, head.count, now_s, &new_keys);
	keymaker_end(p->maker);
	if (error == E_OK)
		error = writer_done(&new_keys, &made);
	if (error == E_OK)
		error = seal_batch(p, &head, now_s, made, out);
	p->carried = error == E_OK ? 0 : writer_len(&new_keys);
	return fault_because(fault, error, "the batch cannot be sealed");
}

enum error prepare_batch(struct preparer *preparer, uint32_t sender, struct bytes body, uint64_t now_s,
	struct prepared **out, struct fault *fault)
{
	OWNED_KEY batch_secret = {0};
	if (fault != NULL)
		*fault = (struct fault){.event = FAULT_NO_EVENT};
	return prepare(preparer, sender, body, now_s, &batch_secret, out, fault);
}

void prepared_free(struct prepared *prepared)
{
	free(prepared);
}
