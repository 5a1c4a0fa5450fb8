#include "tests/lib/forge.h"

#include "ledger/event/event_schema.h"
#include "ledger/tree/merkle.h"
#include "tests/lib/unit.h"

#include <string.h>
#include <time.h>

/* 32 fixed bytes for a purpose and a number. */
static void fixed_key(const char *purpose, uint64_t number, struct key *out)
{
	uint8_t encoded[8];
	struct hash hash;
	put_u64(encoded, number);
	const struct bytes parts[] = {BYTES_LITERAL("forge "), bytes_text(purpose), BYTES_ARRAY(encoded)};
	hash_blake2b(NULL, parts, 3, &hash);
	memcpy(out->b, hash.b, sizeof out->b);
}

static void fixed_pair(const char *purpose, uint64_t number, uint8_t public_key[32], uint8_t secret_key[64])
{
	struct key seed;
	fixed_key(purpose, number, &seed);
	crypto_sign_seed_keypair(public_key, secret_key, seed.b);
}

void forge_opening(uint64_t index, struct key *out)
{
	fixed_key("erasure", index, out);
}

static struct bytes keep(struct bytes value)
{
	uint8_t *copy = malloc(value.len + 1);
	ck_assert_ptr_nonnull(copy);
	if (value.len > 0)
		memcpy(copy, value.data, value.len);
	return bytes_of(copy, value.len);
}

/* ---- entries ---- */

void forge_rehash(struct forge *forge, uint64_t index)
{
	ck_assert_uint_lt(index, forge->entry_count);
	struct forge_entry *entry = &forge->entries[index];
	merkle_leaf_hash(bytes_of(entry->data, entry->len), &entry->leaf);
}

uint64_t forge_append(struct forge *forge, const struct entry *entry)
{
	static uint8_t buffer[ENTRY_BYTES_MAX];
	struct bytes encoded;
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(entry_encode(entry, &w));
	ck_ok(writer_done(&w, &encoded));
	if ((forge->entry_count & (forge->entry_count - 1)) == 0) {
		size_t room = forge->entry_count == 0 ? 1 : 2 * forge->entry_count;
		forge->entries = realloc(forge->entries, room * sizeof *forge->entries);
		ck_assert_ptr_nonnull(forge->entries);
	}
	uint64_t index = forge->entry_count++;
	forge->entries[index] = (struct forge_entry){.data = (uint8_t *)(uintptr_t)keep(encoded).data, .len = encoded.len};
	forge_rehash(forge, index);
	return index;
}

static void append_genesis(struct forge *forge)
{
	struct entry entry = {.kind = ENTRY_GENESIS};
	entry.genesis = (struct entry_genesis){.format = FORMAT_VERSION,
		.time_s = forge->now_s,
		.origin = FORGE_ORIGIN,
		.epoch_seconds = 5,
		.epoch_lag_seconds = FORGE_LAG_SECONDS};
	memcpy(entry.genesis.log_key, forge->vkey.public_key, 32);
	ck_ok(vrf_public_key(&forge->vrf_secret, entry.genesis.vrf_key));
	forge_append(forge, &entry);
}

struct forge *forge_new(void)
{
	uint8_t public_key[32];
	struct forge *forge = calloc(1, sizeof *forge);
	struct key wide[2];
	ck_assert_ptr_nonnull(forge);
	forge->now_s = FORGE_START_S;
	fixed_pair("log", 0, public_key, forge->log_secret);
	ck_ok(vkey_make(FORGE_ORIGIN, NOTE_KEY_ED25519, public_key, &forge->vkey));
	fixed_pair("auditor", 0, public_key, forge->auditor_secret);
	ck_ok(vkey_make("auditor.example.dk", NOTE_KEY_ED25519, public_key, &forge->auditor));
	fixed_key("vrf", 0, &wide[0]);
	fixed_key("vrf", 1, &wide[1]);
	crypto_core_ristretto255_scalar_reduce(forge->vrf_secret.b, wide[0].b);
	append_genesis(forge);
	forge_sender(forge, "Aarhus Kommune", true);
	return forge;
}

void forge_free(struct forge *forge)
{
	for (size_t i = 0; i < forge->entry_count; i++)
		free(forge->entries[i].data);
	for (size_t i = 0; i < forge->event_count; i++) {
		free((void *)(uintptr_t)forge->events[i].header.data);
		free((void *)(uintptr_t)forge->events[i].disclosed.data);
		free((void *)(uintptr_t)forge->events[i].restricted.data);
	}
	free(forge->entries);
	free(forge->events);
	free(forge);
}

/* ---- senders ---- */

static void sign_sender(const struct entry_sender *entry, const uint8_t secret_key[64], uint8_t out[64])
{
	uint8_t buffer[SENDER_ENTRY_BYTES_MAX];
	struct bytes message;
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(sender_message(FORGE_ORIGIN, entry, &w));
	ck_ok(writer_done(&w, &message));
	crypto_sign_detached(out, NULL, message.data, message.len, secret_key);
}

uint32_t forge_sender(struct forge *forge, const char *name, bool endorsed)
{
	ck_assert_uint_lt(forge->sender_count, FORGE_SENDERS_MAX);
	struct forge_sender *sender = &forge->senders[forge->sender_count++];
	struct entry entry = {.kind = ENTRY_SENDER};
	sender->id = (uint32_t)forge->sender_count;
	fixed_pair("sender", sender->id, sender->public_key, sender->secret_key);
	entry.sender = (struct entry_sender){
		.action = SENDER_REGISTER, .follows = FOLLOWS_NOTHING, .sender = sender->id, .time_s = forge->now_s};
	snprintf(entry.sender.org, sizeof entry.sender.org, "cvr:%08u", 55133017 + sender->id);
	snprintf(entry.sender.name, sizeof entry.sender.name, "%s", name);
	memcpy(entry.sender.public_key, sender->public_key, 32);
	if (sender->id > 1) /* all events are those of sender 1's organisation */
		strcpy(entry.sender.mandate.reports_for, "cvr:55133018");
	policy_default(&entry.sender.policy);
	entry.sender.policy.flags = POLICY_WITHHOLD;
	sign_sender(&entry.sender, sender->secret_key, entry.sender.signature);
	entry.sender.signature[0] ^= !endorsed;
	sender->version = forge_append(forge, &entry);
	return sender->id;
}

uint64_t forge_sender_change(
	struct forge *forge, uint32_t id, enum sender_action action, bool endorsed, bool compromised)
{
	struct entry entry;
	struct forge_sender *sender = &forge->senders[id - 1];
	uint8_t old_secret[64];
	const struct forge_entry *newest = &forge->entries[sender->version];
	ck_ok(entry_decode(bytes_of(newest->data, newest->len), &entry));
	entry.sender.action = action;
	entry.sender.follows = sender->version;
	entry.sender.change = ++sender->changes;
	entry.sender.time_s = forge->now_s;
	entry.sender.compromised = compromised;
	memcpy(old_secret, sender->secret_key, sizeof old_secret);
	memset(entry.sender.signature, 0, 64);
	memset(entry.sender.old_signature, 0, 64);
	if (action == SENDER_ROTATE)
		fixed_pair("rotated", forge->entry_count, sender->public_key, sender->secret_key);
	memcpy(entry.sender.public_key, sender->public_key, 32);
	if (action != SENDER_REVOKE) {
		sign_sender(&entry.sender, sender->secret_key, entry.sender.signature);
		sign_sender(&entry.sender, old_secret, entry.sender.old_signature);
		entry.sender.old_signature[0] ^= !endorsed;
	}
	sender->version = forge_append(forge, &entry);
	return sender->version;
}

/* ---- witnesses ---- */

void forge_witness(unsigned number, struct vkey *vkey, uint8_t secret_key[64])
{
	char name[32];
	uint8_t public_key[32];
	snprintf(name, sizeof name, "witness%u.example", number);
	fixed_pair("witness", number, public_key, secret_key);
	ck_ok(vkey_make(name, NOTE_KEY_COSIGNATURE, public_key, vkey));
}

void forge_cosign(struct forge *forge, unsigned number, uint64_t size, uint64_t time_s)
{
	struct vkey vkey;
	struct note note;
	uint8_t secret_key[64];
	size_t used = strlen(forge->cosignatures);
	json_t *text = forge_checkpoint(forge, size);
	struct writer w = writer_of(forge->cosignatures + used, sizeof forge->cosignatures - 1 - used);
	forge_witness(number, &vkey, secret_key);
	ck_ok(note_split(bytes_of(json_string_value(text), json_string_length(text)), NOTE_BYTES_MAX, &note));
	ck_ok(cosignature_sign(note.text, &vkey, secret_key, time_s, &w));
	ck_ok(w.error);
	json_decref(text);
}

/* ---- events ---- */

static void set_text(struct event *event, unsigned field, const char *text)
{
	event->values[field].text = bytes_text(text);
	event->present |= 1ull << field;
}

static void set_number(struct event *event, unsigned field, uint64_t number)
{
	event->values[field].number = number;
	event->present |= 1ull << field;
}

/* Both parts and the header of an event about the draft's subject. */
static void encode_event(const struct forge *forge, const struct forge_draft *draft, struct forge_event *out)
{
	static struct event event;
	static uint8_t disclosed_buffer[4096], restricted_buffer[4096];
	uint8_t header_buffer[HEADER_BYTES_MAX];
	struct policy policy;
	struct bytes value;
	struct fault fault = {0};
	policy_default(&policy);
	policy.flags = POLICY_WITHHOLD;
	event.present = 0;
	event.list_count = 0;
	event.header = (struct event_header){.retention_years = 5};
	set_text(&event, EVENT_SUBJECT, draft->subject);
	event.values[EVENT_TIME].time_ns = (int64_t)(forge->now_s - 60) * 1000000000;
	event.present |= 1ull << EVENT_TIME;
	set_number(&event, EVENT_ACTION, ACTION_READ);
	set_number(&event, EVENT_OUTCOME, OUTCOME_OK);
	set_number(&event, EVENT_ACTOR_KIND, ACTOR_HUMAN);
	set_text(&event, EVENT_ORG_ID, "cvr:55133018");
	set_text(&event, EVENT_ORG_NAME, "Aarhus Kommune");
	set_text(&event, EVENT_SYSTEM, "KSD Sygedagpenge");
	set_text(&event, EVENT_ACTIVITY, "Opslag i sygedagpengesag");
	set_text(&event, EVENT_PURPOSE, "sagsbehandling");
	set_text(&event, EVENT_ACTOR_ROLE, "sagsbehandler");
	set_text(&event, EVENT_ACTOR_NAME, "A. Jensen");
	struct writer disclosed = writer_of(disclosed_buffer, sizeof disclosed_buffer);
	struct writer restricted = writer_of(restricted_buffer, sizeof restricted_buffer);
	struct writer header = writer_of(header_buffer, sizeof header_buffer);
	if (draft->change != NULL)
		draft->change(&event);
	enum error error = event_encode(&event, &policy, &disclosed, &restricted, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	event.header =
		(struct event_header){draft->withheld_until_s, draft->retention_years ? draft->retention_years : 5, 0, ""};
	if (draft->withheld_until_s != 0) {
		event.header.basis_len = 12;
		memcpy(event.header.basis, "RPL \xC2\xA7 729 a", 12);
	}
	event_header_encode(&event.header, &header);
	ck_ok(writer_done(&disclosed, &value));
	out->disclosed = keep(value);
	ck_ok(writer_done(&restricted, &value));
	out->restricted = keep(value);
	ck_ok(writer_done(&header, &value));
	out->header = keep(value);
}

static struct forge_event *new_event(struct forge *forge)
{
	if ((forge->event_count & (forge->event_count - 1)) == 0) {
		size_t room = forge->event_count == 0 ? 1 : 2 * forge->event_count;
		forge->events = realloc(forge->events, room * sizeof *forge->events);
		ck_assert_ptr_nonnull(forge->events);
	}
	struct forge_event *event = &forge->events[forge->event_count++];
	memset(event, 0, sizeof *event);
	return event;
}

static void append_event(
	struct forge *forge, struct forge_sender *sender, const struct key *secret, const struct forge_draft *draft)
{
	struct forge_event *event = new_event(forge);
	snprintf(event->subject, sizeof event->subject, "%s", draft->subject);
	encode_event(forge, draft, event);
	event->entry =
		(struct entry_event){.sender = sender->id, .sequence = sender->next_sequence++, .time_s = forge->now_s};
	struct key own;
	event_secret(secret, event->entry.sequence, &own);
	event_commit_restricted(&own, event->restricted, &event->c_r);
	event_commit_disclosed(&event->c_r, event->disclosed, &event->c_d);
	event_commitment(event->header, &event->c_d, &event->entry.commitment);
	event->filed = true;
	forge_label(forge, draft->subject, &event->label);
	struct entry entry = {.kind = ENTRY_EVENT};
	entry.event = event->entry;
	event->index = forge_append(forge, &entry);
}

uint64_t forge_batch(struct forge *forge, uint32_t id, const struct forge_draft *drafts, size_t count)
{
	struct hash commitments[256];
	struct hash root;
	struct key secret;
	struct forge_sender *sender = &forge->senders[id - 1];
	struct batch_head head = {
		.kind = BATCH_EVENT, .sender = id, .first_sequence = sender->next_sequence, .count = (uint32_t)count};
	uint64_t first = forge->entry_count;
	ck_assert(count > 0 && count <= 256);
	fixed_key("batch", forge->secrets++, &secret);
	for (size_t i = 0; i < count; i++) {
		append_event(forge, sender, &secret, &drafts[i]);
		commitments[i] = forge->events[forge->event_count - 1].entry.commitment;
		forge->events[forge->event_count - 1].batch = first + count;
	}
	merkle_root_of_leaves(commitments, count, &root);
	batch_sign(FORGE_ORIGIN, &root, sender->secret_key, &head);
	struct entry entry = {.kind = ENTRY_BATCH};
	entry.batch = (struct entry_batch){id, head.first_sequence, head.count, 0, {0}};
	memcpy(entry.batch.signature, head.signature, 64);
	forge_append(forge, &entry);
	return first;
}

uint64_t forge_one(struct forge *forge, const char *subject)
{
	const struct forge_draft draft = {.subject = subject};
	return forge_batch(forge, 1, &draft, 1);
}

struct forge_event *forge_event_at(struct forge *forge, uint64_t index)
{
	for (size_t i = 0; i < forge->event_count; i++)
		if (forge->events[i].index == index)
			return &forge->events[i];
	ck_abort_msg("no event at index %llu", (unsigned long long)index);
	return NULL;
}

/* ---- erasures and epochs ---- */

void forge_label(const struct forge *forge, const char *subject, struct label *out)
{
	ck_ok(label_make(&forge->vrf_secret, FORGE_ORIGIN, bytes_text(subject), out));
}

uint16_t forge_month(uint64_t time_s)
{
	struct tm parts;
	time_t seconds = (time_t)time_s;
	gmtime_r(&seconds, &parts);
	return (uint16_t)((parts.tm_year - 70) * 12 + parts.tm_mon);
}

uint64_t forge_erase_person(struct forge *forge, const char *subject)
{
	struct key opening;
	struct label label;
	struct entry entry = {.kind = ENTRY_ERASURE};
	forge_opening(forge->entry_count, &opening);
	forge_label(forge, subject, &label);
	entry.erasure = (struct entry_erasure){.person = true, .policy = "on request", .time_s = forge->now_s};
	label_commitment(&opening, &label, &entry.erasure.label_commitment);
	return forge_append(forge, &entry);
}

uint64_t forge_erase_period(struct forge *forge, uint64_t time_s, uint8_t retention_years)
{
	struct entry entry = {.kind = ENTRY_ERASURE};
	entry.erasure = (struct entry_erasure){.period_month = forge_month(time_s),
		.retention_years = retention_years,
		.policy = "retention",
		.time_s = forge->now_s};
	return forge_append(forge, &entry);
}

uint64_t forge_epoch(struct forge *forge)
{
	struct entry entry = {.kind = ENTRY_EPOCH};
	forge_compute_epoch(forge, forge->entry_count, &entry.epoch);
	return forge_append(forge, &entry);
}
