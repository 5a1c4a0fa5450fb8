#include "ledger/entry/entry.h"
#include "ledger/note/note_sign.h"
#include "tests/lib/unit.h"
#include "tests/lib/vector.h"

#include <string.h>

#define ORIGIN "ledger.example/2026"
#define EPOCH_BYTES (1 + 8 + 32 + 32 + 8)

static struct entry genesis(void)
{
	struct entry entry = {.kind = ENTRY_GENESIS};
	entry.genesis = (struct entry_genesis){
		.format = FORMAT_VERSION, .time_s = 1790000000, .origin = ORIGIN, .epoch_seconds = 5, .epoch_lag_seconds = 600};
	memset(entry.genesis.log_key, 0x11, 32);
	memset(entry.genesis.vrf_key, 0x22, 32);
	return entry;
}

static struct entry sender(enum sender_action action)
{
	struct entry entry = {.kind = ENTRY_SENDER};
	entry.sender = (struct entry_sender){.action = action,
		.sender = 3,
		.follows = action == SENDER_REGISTER ? FOLLOWS_NOTHING : 7,
		.change = action == SENDER_REGISTER ? 0 : 2,
		.time_s = 1790000001,
		.org = "cvr:55133018",
		.name = "Aarhus Kommune"};
	memset(entry.sender.public_key, 0x33, 32);
	return entry;
}

static struct entry event(bool mass)
{
	struct entry entry = {.kind = mass ? ENTRY_MASS : ENTRY_EVENT};
	entry.event = (struct entry_event){.mass = mass, .sender = 3, .sequence = 0x0102030405060708, .time_s = 1790000002};
	memset(entry.event.commitment.b, 0x44, 32);
	return entry;
}

static struct entry batch(void)
{
	struct entry entry = {.kind = ENTRY_BATCH};
	entry.batch = (struct entry_batch){.sender = 3, .first_sequence = 70, .count = 8, .filing_checked = 60};
	memset(entry.batch.signature, 0x55, 64);
	return entry;
}

static struct entry epoch(void)
{
	struct entry entry = {.kind = ENTRY_EPOCH};
	entry.epoch = (struct entry_epoch){.size = 900, .time_s = 1790000003, .map_root = {{6}}, .filing_root = {{7}}};
	return entry;
}

static struct entry erasure(bool person)
{
	struct entry entry = {.kind = ENTRY_ERASURE};
	entry.erasure = (struct entry_erasure){.person = person, .policy = "retention", .time_s = 1790000004};
	if (person)
		entry.erasure.label_commitment.b[0] = 8;
	else
		entry.erasure.period_month = 682, entry.erasure.retention_years = 5;
	return entry;
}

static struct entry lost_epoch(void)
{
	struct entry entry = epoch();
	entry.epoch.lost = 41;
	return entry;
}

static struct entry loss(void)
{
	return (struct entry){.kind = ENTRY_LOSS, .loss = {.first = 700, .end = 903, .events = 41}};
}

static struct bytes encode(const struct entry *entry, uint8_t *buffer, size_t capacity)
{
	struct writer w = writer_of(buffer, capacity);
	struct bytes encoded;
	ck_ok(entry_encode(entry, &w));
	ck_ok(writer_done(&w, &encoded));
	return encoded;
}

/* ENTRY-1, ENTRY-2: one spelling for each entry, and exactly that. */
START_TEST(each_entry_has_one_spelling)
{
	struct entry entries[] = {genesis(), sender(SENDER_REGISTER), sender(SENDER_ROTATE), sender(SENDER_POLICY),
		sender(SENDER_REVOKE), event(false), event(true), batch(), epoch(), erasure(true), erasure(false), lost_epoch(),
		loss()};
	entries[4].sender.compromised = true;
	for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
		uint8_t buffer[2000], again[2000];
		struct entry got;
		struct bytes encoded = encode(&entries[i], buffer, sizeof buffer - 1);
		ck_assert_uint_eq(encoded.data[0], entries[i].kind);
		ck_ok(entry_decode(encoded, &got));
		ck_assert(got.kind == entries[i].kind);
		ck_assert(bytes_equal(encode(&got, again, sizeof again), encoded));
		/* An epoch without what is lost is whole, and one with it goes on from there. */
		bool is_epoch = entries[i].kind == ENTRY_EPOCH;
		for (size_t len = 0; len < encoded.len; len++)
			ck_error(entry_decode(bytes_of(buffer, len), &got), is_epoch && len == EPOCH_BYTES ? E_OK : E_TRUNCATED);
		buffer[encoded.len] = 0;
		ck_error(entry_decode(bytes_of(buffer, encoded.len + 1), &got),
			is_epoch && encoded.len == EPOCH_BYTES ? E_TRUNCATED : E_TRAILING);
		/* No room, one byte short. */
		struct writer w = writer_of(again, encoded.len - 1);
		ck_error(entry_encode(&entries[i], &w), E_NO_ROOM);
		/* Any changed bit: refused, or another entry that has its own one spelling. */
		for (size_t bit = 0; bit < 8 * encoded.len; bit++) {
			buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (entry_decode(encoded, &got) == E_OK)
				ck_assert(bytes_equal(encode(&got, again, sizeof again), encoded));
			buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}
END_TEST

/* ENTRY-3: the bytes of an event entry, and both ways to make them. */
START_TEST(event_entries_are_made_alike)
{
	for (int mass = 0; mass <= 1; mass++) {
		struct entry entry = event(mass), got;
		uint8_t fast[ENTRY_EVENT_BYTES], buffer[100];
		entry_event_encode(&entry.event, fast);
		struct bytes encoded = encode(&entry, buffer, sizeof buffer);
		ck_assert_uint_eq(encoded.len, 53);
		ck_assert(bytes_equal(encoded, BYTES_ARRAY(fast)));
		ck_assert_uint_eq(fast[0], mass ? 3 : 2);
		ck_assert_mem_eq(fast + 1, "\0\0\0\3\1\2\3\4\5\6\7\10\0\0\0\0", 16);
		ck_ok(entry_decode(encoded, &got));
		ck_assert(got.event.mass == entry.event.mass && got.event.sequence == entry.event.sequence);
		ck_assert(got.event.sender == 3 && got.event.time_s == entry.event.time_s);
		ck_assert(hash_equal(&got.event.commitment, &entry.event.commitment));
	}
	struct entry entry = batch();
	uint8_t buffer[100];
	ck_assert_uint_eq(encode(&entry, buffer, sizeof buffer).len, ENTRY_BATCH_BYTES);
}
END_TEST

/* The last time that there is, in each kind of entry that has one, and the second after it. ENTRY-2 */
START_TEST(times_end_where_they_must)
{
	struct entry entries[] = {genesis(), sender(SENDER_REGISTER), event(false), event(true), epoch(), erasure(true)};
	for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
		uint8_t buffer[2000];
		struct entry got, *entry = &entries[i];
		uint64_t *time_s = entry->kind == ENTRY_GENESIS   ? &entry->genesis.time_s
						   : entry->kind == ENTRY_SENDER  ? &entry->sender.time_s
						   : entry->kind == ENTRY_EPOCH   ? &entry->epoch.time_s
						   : entry->kind == ENTRY_ERASURE ? &entry->erasure.time_s
														  : &entry->event.time_s;
		*time_s = TIME_S_MAX;
		struct bytes encoded = encode(entry, buffer, sizeof buffer);
		ck_ok(entry_decode(encoded, &got));
		uint8_t last[8];
		put_u64(last, TIME_S_MAX);
		uint8_t *at = memmem(buffer, encoded.len, last, 8);
		ck_assert_ptr_nonnull(at);
		at[7]++;
		ck_error(entry_decode(encoded, &got), E_BAD_VALUE);
		struct writer w = writer_of(buffer, sizeof buffer);
		*time_s = TIME_S_MAX + 1;
		ck_error(entry_encode(entry, &w), E_BAD_VALUE);
	}
}
END_TEST

/* ENTRY-4, ENTRY-6, ENTRY-9, ENTRY-10, LOSS-1: what the decoder would refuse is never written either. */
START_TEST(what_is_not_read_is_not_written)
{
	uint8_t buffer[2000];
	struct entry bad[17];
	size_t count = 0;
	bad[count] = genesis(), bad[count].genesis.origin[0] = '\0', count++;
	bad[count] = genesis(), strcpy(bad[count].genesis.origin, "a b"), count++;
	bad[count] = genesis(), bad[count].genesis.epoch_seconds = 0, count++;
	bad[count] = genesis(), bad[count].genesis.predecessor = BYTES_LITERAL("\0\1a"), count++;
	bad[count] = sender(SENDER_REGISTER), strcpy(bad[count].sender.org, "55133018"), count++;
	bad[count] = sender(SENDER_REGISTER), strcpy(bad[count].sender.org, "cvr:"), count++;
	bad[count] = sender(SENDER_REGISTER), strcpy(bad[count].sender.org, ":55133018"), count++;
	bad[count] = sender(SENDER_REGISTER), bad[count].sender.name[0] = '\0', count++;
	bad[count] = sender(SENDER_ROTATE), bad[count].sender.compromised = true, count++;
	bad[count] = event(true), bad[count].event.mass = false, count++;
	bad[count] = erasure(true), bad[count].erasure.retention_years = 5, count++;
	bad[count] = erasure(false), bad[count].erasure.retention_years = 0, count++;
	bad[count] = erasure(false), bad[count].erasure.retention_years = RETENTION_YEARS_MAX + 1, count++;
	bad[count] = erasure(false), bad[count].erasure.label_commitment.b[31] = 1, count++;
	bad[count] = event(true), bad[count].kind = (enum entry_kind)8, count++;
	bad[count] = loss(), bad[count].loss.first = 0, count++;
	bad[count] = loss(), bad[count].loss.end = 700, count++;
	ck_assert_uint_eq(count, sizeof bad / sizeof bad[0]);
	for (size_t i = 0; i < count; i++) {
		struct writer w = writer_of(buffer, sizeof buffer);
		ck_error(entry_encode(&bad[i], &w), E_BAD_VALUE);
		ck_assert_uint_eq(writer_len(&w), 0);
	}
	struct entry empty = batch();
	empty.batch.count = 0;
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_error(entry_encode(&empty, &w), E_EMPTY_BATCH);
}
END_TEST

/* ENTRY-5 */
START_TEST(a_predecessor_is_named_whole)
{
	uint8_t public_key[32], secret_key[64], buffer[1000], encoded[2000];
	crypto_sign_keypair(public_key, secret_key);
	struct vkey vkey;
	ck_ok(vkey_make("ledger.example/2025", NOTE_KEY_ED25519, public_key, &vkey));
	char text[VKEY_TEXT_MAX + 1];
	vkey_format(&vkey, text);
	struct checkpoint last = {.origin = "ledger.example/2025", .size = 12};
	uint8_t note[500];
	struct writer note_writer = writer_of(note, sizeof note);
	ck_ok(checkpoint_sign(&last, &vkey, secret_key, &note_writer));
	for (int wrong = 0; wrong <= 4; wrong++) {
		struct writer w = writer_of(buffer, sizeof buffer);
		writer_range16(&w, wrong == 1 ? BYTES_LITERAL("ledger.example/2024") : bytes_text(vkey.name));
		writer_range16(&w, bytes_of(text, strlen(text) - (wrong == 2)));
		writer_range16(&w, bytes_of(note, writer_len(&note_writer) - (wrong == 3)));
		if (wrong == 4)
			writer_u8(&w, 0);
		struct entry entry = genesis(), got;
		ck_ok(writer_done(&w, &entry.genesis.predecessor));
		w = writer_of(encoded, sizeof encoded);
		ck_error(entry_encode(&entry, &w), wrong ? E_BAD_VALUE : E_OK);
		if (!wrong) {
			ck_ok(entry_decode(bytes_of(encoded, writer_len(&w)), &got));
			ck_assert(bytes_equal(got.genesis.predecessor, entry.genesis.predecessor));
		}
	}
}
END_TEST

static void sign_sender(struct entry_sender *entry, const uint8_t secret_key[64], uint8_t out[64])
{
	uint8_t buffer[SENDER_ENTRY_BYTES_MAX];
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(sender_message(ORIGIN, entry, &w));
	crypto_sign_detached(out, NULL, buffer, writer_len(&w), secret_key);
}

/* ENTRY-7, ENTRY-8: who must sign what, and that the signature stands for every field. */
START_TEST(a_signature_covers_every_field)
{
	uint8_t old_public[32], old_secret[64], new_secret[64];
	crypto_sign_keypair(old_public, old_secret);
	for (enum sender_action action = SENDER_REGISTER; action <= SENDER_POLICY; action++) {
		struct entry_sender entry = sender(action).sender, changed;
		crypto_sign_keypair(entry.public_key, new_secret);
		const uint8_t *old_key = action == SENDER_REGISTER ? NULL : old_public;
		ck_assert(!sender_endorsed(ORIGIN, &entry, old_key));
		sign_sender(&entry, new_secret, entry.signature);
		ck_assert(sender_endorsed(ORIGIN, &entry, old_key) == (action == SENDER_REGISTER));
		sign_sender(&entry, old_secret, entry.old_signature);
		ck_assert(sender_endorsed(ORIGIN, &entry, old_key));
		ck_assert(action == SENDER_REGISTER || !sender_endorsed(ORIGIN, &entry, NULL));
		ck_assert(action == SENDER_REGISTER || !sender_endorsed(ORIGIN, &entry, entry.public_key));

		ck_assert(!sender_endorsed("other.example", &entry, old_key));
		changed = entry, changed.sender++;
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_key));
		changed = entry, changed.follows ^= 1;
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_key));
		changed = entry, changed.change ^= 1;
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_key));
		changed = entry, changed.mandate.rights ^= RIGHT_READS;
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_key));
		changed = entry, changed.mandate.events_per_second ^= 1;
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_key));
		changed = entry, changed.mandate.bytes_per_second ^= 1;
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_key));
		changed = entry, strcpy(changed.mandate.reports_for, "cvr:1");
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_key));
		changed = entry, changed.mandate.certificate_count++;
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_key));
		changed = entry, changed.compromised = true;
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_key));
		changed = entry, changed.org[0] = 'C';
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_key));
		changed = entry, changed.name[0] = 'a';
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_key));
		changed = entry, changed.policy.flags ^= POLICY_WITHHOLD;
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_key));
		changed = entry, changed.action = action == SENDER_POLICY ? SENDER_ROTATE : action + 1;
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_public));
		changed = entry, changed.signature[0] ^= 1;
		ck_assert(!sender_endorsed(ORIGIN, &changed, old_key));
	}
	struct entry_sender revoke = sender(SENDER_REVOKE).sender;
	ck_assert(sender_endorsed(ORIGIN, &revoke, NULL));
}
END_TEST

/* Every word of the vector, and no other. */
static void check_words(const json_t *vector, const struct entry_sender *entry)
{
	json_t *words = terms_to_json(&entry->policy, &entry->mandate);
	ck_assert_ptr_nonnull(words);
	ck_assert(json_equal(words, json_object_get(vector, "words")));
	json_decref(words);
}

static void check_vector(const json_t *vector, const char *path)
{
	uint8_t buffer[VECTOR_BYTES_MAX], again[VECTOR_BYTES_MAX];
	struct bytes encoded = vector_hex(vector, "entry", buffer);
	struct entry entry;
	enum error error = entry_decode(encoded, &entry);
	vector_expect(vector, path, error);
	if (error != E_OK)
		return;
	ck_assert_uint_eq(entry.kind, vector_number(vector, "kind"));
	ck_assert(bytes_equal(encode(&entry, again, sizeof again), encoded));
	if (entry.kind == ENTRY_EVENT || entry.kind == ENTRY_MASS) {
		ck_assert(entry.event.sender == vector_number(vector, "sender"));
		ck_assert(entry.event.sequence == vector_number(vector, "sequence"));
		ck_assert(entry.event.time_s == vector_number(vector, "time"));
	}
	if (json_object_get(vector, "restricted") != NULL)
		ck_assert_uint_eq(entry.sender.policy.restricted, vector_number(vector, "restricted"));
	if (json_object_get(vector, "words") != NULL)
		check_words(vector, &entry.sender);
	if (entry.kind == ENTRY_SENDER) {
		ck_assert_str_eq(entry.sender.org, vector_text(vector, "org"));
		ck_assert_str_eq(entry.sender.name, vector_text(vector, "name"));
		const json_t *old_key = json_object_get(vector, "old_key");
		uint8_t old[VECTOR_BYTES_MAX];
		bool endorsed = sender_endorsed(vector_text(vector, "origin"), &entry.sender,
			old_key ? vector_unhex(json_string_value(old_key), old).data : NULL);
		ck_assert_msg(endorsed == json_is_true(json_object_get(vector, "endorsed")), "%s", path);
	}
}

/* ENTRY-1 to ENTRY-10, ENTRY-21, ENTRY-23, ENTRY-24, ENTRY-26 */
START_TEST(our_entry_vectors_hold)
{
	char dir[4096];
	ck_assert(vector_path("INDSIGT_SOURCE", "tests/vectors/entry", dir));
	ck_assert_uint_ge(vector_walk(dir, check_vector), 90);
}
END_TEST

UNIT_MAIN("entry", each_entry_has_one_spelling, event_entries_are_made_alike, times_end_where_they_must,
	what_is_not_read_is_not_written, a_predecessor_is_named_whole, a_signature_covers_every_field,
	our_entry_vectors_hold)
