#include "tests/lib/any_entry.h"

#include "tests/lib/unit.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static uint32_t below(uint64_t end)
{
	return (uint32_t)((unsigned long)random() % end);
}

static struct any_key *find_key(struct any_log *any, uint32_t sender)
{
	for (size_t i = 0; i < any->key_count; i++)
		if (any->keys[i].sender == sender)
			return &any->keys[i];
	ck_abort_msg("no key of sender %u", sender);
}

/* NULL: all are revoked. */
static const struct sender *any_active(const struct log_rules *rules)
{
	const struct sender *active[ANY_KEYS_MAX];
	size_t count = 0;
	for (size_t i = 0; i < rules->sender_count; i++)
		if (rules->senders[i]->status == SENDER_ACTIVE)
			active[count++] = rules->senders[i];
	return count > 0 ? active[below(count)] : NULL;
}

/* ---- what keeps the rules ---- */

static bool make_event(const struct log_rules *rules, struct entry *out)
{
	const struct log_run *run = &rules->state.run;
	const struct sender *sender = run->open ? log_rules_sender(rules, run->sender) : any_active(rules);
	bool mass = run->open ? run->mass : below(4) == 0;
	if (sender == NULL)
		return false;
	out->kind = mass ? ENTRY_MASS : ENTRY_EVENT;
	out->event = (struct entry_event){.mass = mass,
		.sender = sender->id,
		.sequence = sender->next_sequence + (run->open ? run->count : 0),
		.time_s = rules->state.time_s};
	for (size_t i = 0; i < HASH_BYTES; i++)
		out->event.commitment.b[i] = (uint8_t)random();
	return true;
}

/* By the sender of the events before it, whatever it says. */
static void sign_batch(struct any_log *any, const struct log_rules *rules, struct entry_batch *batch)
{
	const struct log_run *run = &rules->state.run;
	struct hash root;
	struct batch_head head = {.kind = run->mass ? BATCH_MASS : BATCH_EVENT,
		.sender = batch->sender,
		.first_sequence = batch->first_sequence,
		.count = batch->count,
		.filing_checked = batch->filing_checked};
	merkle_frontier_root(&run->commitments, &root);
	batch_sign(rules->state.vkey->name, &root, find_key(any, run->sender)->secret_key, &head);
	memcpy(batch->signature, head.signature, sizeof head.signature);
}

static bool make_batch(struct any_log *any, const struct log_rules *rules, struct entry *out)
{
	const struct log_run *run = &rules->state.run;
	if (!run->open)
		return false;
	out->kind = ENTRY_BATCH;
	out->batch = (struct entry_batch){.sender = run->sender,
		.first_sequence = run->first_sequence,
		.count = run->count,
		.filing_checked = below(run->first_sequence + 1)};
	sign_batch(any, rules, &out->batch);
	return true;
}

static void sign(const char *origin, const struct entry_sender *entry, const uint8_t secret[64], uint8_t out[64])
{
	uint8_t buffer[SENDER_ENTRY_BYTES_MAX];
	struct bytes message;
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(sender_message(origin, entry, &w));
	ck_ok(writer_done(&w, &message));
	crypto_sign_detached(out, NULL, message.data, message.len, secret);
}

static bool make_change(struct any_log *any, const struct log_rules *rules, struct entry *out)
{
	const struct sender *old = below(3) > 0 ? any_active(rules) : NULL;
	struct entry_sender *entry = &out->sender;
	const char *origin = rules->state.vkey->name;
	if (old == NULL && any->key_count == ANY_KEYS_MAX)
		return false;
	*entry = (struct entry_sender){.action = old == NULL ? SENDER_REGISTER : SENDER_ROTATE + below(3),
		.sender = old == NULL ? rules->senders[rules->sender_count - 1]->id + 1 + below(2) : old->id,
		.follows = old == NULL ? FOLLOWS_NOTHING : old->version,
		.change = old == NULL ? 0 : old->changes + 1,
		.time_s = rules->state.time_s};
	out->kind = ENTRY_SENDER;
	strcpy(entry->org, old == NULL ? "cvr:55133018" : old->org);
	strcpy(entry->name, old == NULL ? "Aarhus Kommune" : old->name);
	policy_default(&entry->policy);
	any->fresh.sender = entry->sender;
	crypto_sign_keypair(any->fresh.public_key, any->fresh.secret_key);
	if (entry->action == SENDER_POLICY || entry->action == SENDER_REVOKE)
		any->fresh = *find_key(any, entry->sender);
	memcpy(entry->public_key, any->fresh.public_key, sizeof entry->public_key);
	if (below(4) > 0)
		sign(origin, entry, any->fresh.secret_key, entry->signature);
	if (old != NULL && below(4) > 0)
		sign(origin, entry, find_key(any, old->id)->secret_key, entry->old_signature);
	return true;
}

/* Over as much as there may be; with the roots of the one before if it is about the same events. */
static bool make_epoch(const struct log_rules *rules, struct entry *out)
{
	const struct log_state *state = &rules->state;
	uint64_t size = below(2) ? state->size : state->epoch_size + below(state->size - state->epoch_size + 1);
	struct entry_epoch *epoch = &out->epoch;
	size = size == 0 ? 1 : size;
	out->kind = ENTRY_EPOCH;
	*epoch = (struct entry_epoch){.size = size,
		.map_root = state->map_root,
		.filing_root = state->filing_root,
		.time_s = log_state_time_before(state, size),
		.lost = losses_events(&state->losses)};
	return true;
}

static bool make_loss(const struct any_log *any, const struct log_rules *rules, struct entry *out)
{
	struct log_finding finding;
	if (any->readable < 2)
		return false;
	out->kind = ENTRY_LOSS;
	out->loss.first = 1 + below(any->readable - 1);
	out->loss.end = out->loss.first + 1 + below(any->readable - out->loss.first);
	ck_ok(losses_count_events(&rules->state.bundles, out->loss.first, out->loss.end, &out->loss.events, &finding));
	return true;
}

static bool make(struct any_log *any, const struct log_rules *rules, enum entry_kind kind, struct entry *out)
{
	switch (kind) {
	case ENTRY_GENESIS:
		*out = (struct entry){.kind = ENTRY_GENESIS, .genesis = {.time_s = rules->state.time_s}};
		strcpy(out->genesis.origin, rules->state.vkey->name);
		memcpy(out->genesis.log_key, rules->state.vkey->public_key, sizeof out->genesis.log_key);
		return true;
	case ENTRY_SENDER:
		return make_change(any, rules, out);
	case ENTRY_EVENT:
	case ENTRY_MASS:
		return make_event(rules, out);
	case ENTRY_BATCH:
		return make_batch(any, rules, out);
	case ENTRY_EPOCH:
		return make_epoch(rules, out);
	case ENTRY_ERASURE:
		*out = (struct entry){.kind = ENTRY_ERASURE, .erasure = {.time_s = rules->state.time_s}};
		return true;
	case ENTRY_LOSS:
		return make_loss(any, rules, out);
	}
	return false;
}

/* ---- what does not ---- */

static void spoil_time(uint64_t *time_s)
{
	static const int64_t steps[] = {-1, 1, 299, 301, 1000};
	*time_s += (uint64_t)steps[below(5)];
}

static void spoil_sender(struct entry_sender *entry)
{
	switch (below(8)) {
	case 0:
		entry->sender = below(4);
		break;
	case 1:
		entry->follows ^= 1;
		break;
	case 2:
		entry->org[4] ^= 1;
		break;
	case 3:
		entry->name[0] ^= 1;
		break;
	case 4:
		entry->signature[below(64)] ^= 1;
		break;
	case 5:
		entry->action = entry->action % 4 + 1;
		break;
	case 6:
		entry->change += below(2) ? 1 : UINT32_MAX;
		break;
	default:
		spoil_time(&entry->time_s);
	}
}

/* One of a sender that is revoked, and otherwise its next. */
static void spoil_reporter(const struct log_rules *rules, struct entry_event *event)
{
	for (size_t i = 0; i < rules->sender_count; i++)
		if (rules->senders[i]->status != SENDER_ACTIVE) {
			event->sender = rules->senders[i]->id;
			event->sequence = rules->senders[i]->next_sequence;
		}
}

static void spoil_event(const struct log_rules *rules, struct entry *entry)
{
	switch (below(5)) {
	case 0:
		entry->event.sender = below(4);
		break;
	case 1:
		entry->event.sequence += below(2) ? 1 : UINT64_MAX;
		break;
	case 2:
		entry->event.mass = !entry->event.mass;
		entry->kind = entry->event.mass ? ENTRY_MASS : ENTRY_EVENT;
		break;
	case 3:
		spoil_reporter(rules, &entry->event);
		break;
	default:
		spoil_time(&entry->event.time_s);
	}
}

/* By a ledger alone, or together with the sender. */
static void spoil_batch(struct any_log *any, const struct log_rules *rules, struct entry_batch *batch)
{
	bool together = rules->state.run.open && below(2);
	switch (below(5)) {
	case 0:
		batch->sender = below(4);
		break;
	case 1:
		batch->first_sequence += below(2) ? 1 : UINT64_MAX;
		break;
	case 2:
		batch->count += below(2) ? 1 : UINT32_MAX;
		break;
	case 3:
		batch->filing_checked++;
		break;
	default:
		batch->signature[below(64)] ^= 1;
		together = false;
	}
	if (together)
		sign_batch(any, rules, batch);
}

static void spoil_epoch(struct entry_epoch *epoch)
{
	switch (below(5)) {
	case 0:
		epoch->size = below(2) ? epoch->size + 1 : below(epoch->size);
		break;
	case 1:
		epoch->map_root.b[below(HASH_BYTES)] ^= 1;
		break;
	case 2:
		epoch->filing_root.b[below(HASH_BYTES)] ^= 1;
		break;
	case 3:
		epoch->lost += below(2) ? 1 : UINT64_MAX;
		break;
	default:
		spoil_time(&epoch->time_s);
	}
}

static void spoil_loss(struct entry_loss *loss)
{
	switch (below(4)) {
	case 0:
		loss->first = 0;
		break;
	case 1:
		loss->end = loss->first;
		break;
	case 2:
		loss->end += 100000;
		break;
	default:
		loss->events += below(2) ? 1 : UINT64_MAX;
	}
}

static void spoil(struct any_log *any, const struct log_rules *rules, struct entry *entry)
{
	switch (entry->kind) {
	case ENTRY_GENESIS:
		entry->genesis.log_key[0] ^= 1;
		break;
	case ENTRY_SENDER:
		spoil_sender(&entry->sender);
		break;
	case ENTRY_EVENT:
	case ENTRY_MASS:
		spoil_event(rules, entry);
		break;
	case ENTRY_BATCH:
		spoil_batch(any, rules, &entry->batch);
		break;
	case ENTRY_EPOCH:
		spoil_epoch(&entry->epoch);
		break;
	case ENTRY_ERASURE:
		spoil_time(&entry->erasure.time_s);
		break;
	case ENTRY_LOSS:
		spoil_loss(&entry->loss);
	}
}

/* ---- any ---- */

bool any_entry(struct any_log *any, const struct log_rules *rules, struct entry *out)
{
	bool open = rules->state.run.open;
	*out = (struct entry){.kind = ENTRY_GENESIS};
	enum entry_kind kind = open && below(12) > 0 ? (below(2) ? ENTRY_EVENT : ENTRY_BATCH) : below(ENTRY_LOSS + 1);
	while (!make(any, rules, kind, out))
		kind = below(ENTRY_LOSS + 1);
	bool turn = kind != ENTRY_GENESIS && (!open || kind == ENTRY_BATCH || kind == ENTRY_EVENT || kind == ENTRY_MASS);
	bool spoiled = below(4) == 0;
	if (spoiled)
		spoil(any, rules, out);
	return turn && !spoiled;
}

void any_entry_taken(struct any_log *any, const struct entry *entry)
{
	if (entry->kind != ENTRY_SENDER)
		return;
	any->fresh.sender = entry->sender.sender;
	for (size_t i = 0; i < any->key_count; i++)
		if (any->keys[i].sender == any->fresh.sender) {
			any->keys[i] = any->fresh;
			return;
		}
	any->keys[any->key_count++] = any->fresh;
}
