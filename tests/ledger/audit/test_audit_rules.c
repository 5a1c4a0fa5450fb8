/* The audit of logs whose tree and signature are in order, but whose entries break the rules. */
#include "ledger/audit/audit.h"
#include "ledger/db/db_put.h"
#include "ledger/note/note_sign.h"
#include "ledger/store/log_put.h"
#include "ledger/store/store_put.h"
#include "tests/lib/audited.h"

static struct log_appender *forged;
static struct store_state state;
static uint64_t forged_from;

static void forge_begin(void)
{
	fixture_close(&f);
	store_begin();
	ck_ok(store_state_get(&txn, &state));
	ck_ok(log_appender_new(&forged));
	ck_ok(log_load(forged, &txn, &state.frontier));
}

static void forge(const struct entry *entry)
{
	uint8_t buffer[4096];
	struct bytes encoded;
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(entry_encode(entry, &w));
	ck_ok(writer_done(&w, &encoded));
	if (entry->kind == ENTRY_SENDER) {
		uint8_t key[12];
		put_u32(key, entry->sender.sender);
		put_u64(key + 4, log_frontier(forged)->size);
		db_put(&txn, STORE_CHANGE, BYTES_ARRAY(key), BYTES_EMPTY);
	}
	ck_ok(log_append(forged, &txn, encoded));
}

/* Entries that are nothing to the rules: what is forged behind them stands in a bundle without sender entries, which
 * threads look at ahead of the audit. */
static void forge_fill(uint64_t size)
{
	const struct entry entry = {.kind = ENTRY_ERASURE,
		.erasure = {.period_month = 682, .retention_years = 5, .policy = "x", .time_s = state.time_s}};
	while (log_frontier(forged)->size < size)
		forge(&entry);
}

static struct audit_result forge_end(void)
{
	uint8_t note[1000];
	struct secrets *secrets = load_secrets();
	struct checkpoint checkpoint = {0};
	struct writer w = writer_of(note, sizeof note);
	ck_ok(log_flush(forged, &txn));
	state.frontier = *log_frontier(forged);
	store_state_put(&txn, &state);
	strcpy(checkpoint.origin, f.vkey.name);
	checkpoint.size = state.frontier.size;
	merkle_frontier_root(&state.frontier, &checkpoint.root);
	ck_ok(checkpoint_sign(&checkpoint, &f.vkey, secrets->log_secret, &w));
	store_checkpoint_put(&txn, bytes_of(note, writer_len(&w)));
	store_end();
	log_appender_free(forged);
	secrets_free(secrets);
	return audit(false);
}

static struct entry event_entry(uint32_t sender, uint64_t sequence, bool mass)
{
	struct entry entry = {.kind = mass ? ENTRY_MASS : ENTRY_EVENT};
	entry.event = (struct entry_event){mass, sender, sequence, state.time_s, {{(uint8_t)sequence}}};
	return entry;
}

static struct entry batch_entry(
	uint32_t sender, uint64_t first_sequence, uint32_t count, bool mass, const uint8_t secret_key[64])
{
	struct hash commitments[BATCH_EVENTS_MAX], root;
	struct batch_head head = {mass ? BATCH_MASS : BATCH_EVENT, sender, first_sequence, count, 0, {0}};
	for (uint32_t i = 0; i < count; i++)
		commitments[i] = (struct hash){{(uint8_t)(first_sequence + i)}};
	merkle_root_of_leaves(commitments, count, &root);
	batch_sign(FIXTURE_ORIGIN, &root, secret_key, &head);
	struct entry entry = {.kind = ENTRY_BATCH};
	entry.batch = (struct entry_batch){sender, first_sequence, count, 0, {0}};
	memcpy(entry.batch.signature, head.signature, 64);
	return entry;
}

static struct entry sender_entry(enum sender_action action, uint32_t id)
{
	struct entry entry = {.kind = ENTRY_SENDER};
	entry.sender = (struct entry_sender){.action = action,
		.sender = id,
		.follows = action == SENDER_REGISTER ? FOLLOWS_NOTHING : 1, /* sender 1 of the fixture */
		.change = action != SENDER_REGISTER,
		.time_s = state.time_s};
	strcpy(entry.sender.org, "cvr:55133018");
	strcpy(entry.sender.name, "Aarhus Kommune");
	memcpy(entry.sender.public_key, f.public_key, 32);
	policy_default(&entry.sender.policy);
	return entry;
}

#define FORGE(...)                                                      \
	do {                                                                \
		const struct entry entries[] = {__VA_ARGS__};                   \
		for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) \
			forge(&entries[i]);                                         \
	} while (0)

/* Each case begins with a new ledger: genesis, sender 1 and `build`'s entries, the one at `wrong` of which does not
 * hold. */
static void check_rule(void (*build)(void), uint64_t wrong, const char *reason)
{
	for (uint64_t from = 0; from <= LOG_WIDTH; from += LOG_WIDTH) {
		fixture_make(&f);
		forge_begin();
		forge_fill(from);
		forged_from = log_frontier(forged)->size;
		build();
		struct audit_result result = forge_end();
		assert_fails(&result, forged_from + wrong, reason);
		fixture_remove(&f);
	}
}

/* A batch that keeps the rules: all that is wrong is that the forgery has no row for it. */
static void good_batch(void)
{
	FORGE(event_entry(1, 0, false), event_entry(1, 1, false), batch_entry(1, 0, 2, false, f.secret_key));
}

static void second_genesis(void)
{
	struct entry genesis = {.kind = ENTRY_GENESIS};
	genesis.genesis.format = FORMAT_VERSION;
	genesis.genesis.time_s = state.time_s;
	strcpy(genesis.genesis.origin, FIXTURE_ORIGIN);
	genesis.genesis.epoch_seconds = 5;
	genesis.genesis.log_key[0] = 3;
	FORGE(genesis);
}

static void time_backwards(void)
{
	struct entry event = event_entry(1, 0, false);
	event.event.time_s = state.time_s - 1;
	FORGE(event);
}

static void sequence_hole(void)
{
	FORGE(event_entry(1, 1, false));
}

static void hole_in_batch(void)
{
	FORGE(event_entry(1, 0, false), event_entry(1, 2, false));
}

static void two_kinds(void)
{
	FORGE(event_entry(1, 0, false), event_entry(1, 1, true));
}

static void interrupted_batch(void)
{
	FORGE(event_entry(1, 0, false), sender_entry(SENDER_REGISTER, 2));
}

static void unfinished_batch(void)
{
	FORGE(event_entry(1, 0, false), event_entry(1, 1, false));
}

static void batch_of_nothing(void)
{
	FORGE(batch_entry(1, 0, 1, false, f.secret_key));
}

static void batch_too_short(void)
{
	FORGE(event_entry(1, 0, false), event_entry(1, 1, false), batch_entry(1, 0, 1, false, f.secret_key));
}

static void altered_event(void)
{
	struct entry event = event_entry(1, 1, false);
	event.event.commitment.b[9] ^= 1;
	FORGE(event_entry(1, 0, false), event, batch_entry(1, 0, 2, false, f.secret_key));
}

static void mass_signed_as_event(void)
{
	FORGE(event_entry(1, 0, true), batch_entry(1, 0, 1, false, f.secret_key));
}

static void key_before_rotation(void)
{
	struct entry rotate = sender_entry(SENDER_ROTATE, 1);
	rotate.sender.public_key[0] ^= 1;
	FORGE(rotate, event_entry(1, 0, false), batch_entry(1, 0, 1, false, f.secret_key));
}

static void unknown_sender(void)
{
	FORGE(event_entry(2, 0, false));
}

static void revoked_sender(void)
{
	FORGE(sender_entry(SENDER_REVOKE, 1), event_entry(1, 0, false));
}

static void registered_twice(void)
{
	FORGE(sender_entry(SENDER_REGISTER, 1));
}

static void registered_as_0(void)
{
	FORGE(sender_entry(SENDER_REGISTER, 0));
}

static void revoked_twice(void)
{
	FORGE(sender_entry(SENDER_REVOKE, 1), sender_entry(SENDER_REVOKE, 1));
}

static void renamed(void)
{
	struct entry policy = sender_entry(SENDER_POLICY, 1);
	strcpy(policy.sender.name, "Odense Kommune");
	FORGE(policy);
}

static void follows_another(void)
{
	FORGE(sender_entry(SENDER_POLICY, 1), sender_entry(SENDER_POLICY, 1));
}

static void epoch_ahead(void)
{
	struct entry epoch = {.kind = ENTRY_EPOCH};
	epoch.epoch.size = forged_from + 1;
	FORGE(epoch);
}

static void epoch_backwards(void)
{
	struct entry first = {.kind = ENTRY_EPOCH}, second = {.kind = ENTRY_EPOCH};
	first.epoch.size = 2;
	first.epoch.time_s = state.time_s;
	merkle_empty_root(&first.epoch.map_root);
	merkle_empty_root(&first.epoch.filing_root);
	second.epoch.size = 1;
	FORGE(first, second);
}

static void epoch_of_nothing(void)
{
	struct entry epoch = {.kind = ENTRY_EPOCH};
	epoch.epoch.size = 2;
	epoch.epoch.time_s = state.time_s;
	FORGE(epoch);
}

static void epoch_too_fresh(void)
{
	struct entry epoch = {.kind = ENTRY_EPOCH};
	epoch.epoch.size = 2;
	epoch.epoch.time_s = state.time_s + 1;
	FORGE(epoch);
}

static void batch_of_4097(void)
{
	for (uint64_t sequence = 0; sequence <= BATCH_EVENTS_MAX; sequence++)
		FORGE(event_entry(1, sequence, false));
}

START_TEST(each_broken_rule_is_named)
{
	check_rule(good_batch, 2, "row for the batch");
	check_rule(second_genesis, 0, "genesis entry inside");                           /* ENTRY-11 */
	check_rule(time_backwards, 0, "time runs backwards");                            /* ENTRY-12 */
	check_rule(sequence_hole, 0, "sequence 1 of sender 1 stands where 0 should be"); /* ENTRY-13 */
	check_rule(hole_in_batch, 1, "does not go on with the batch");                   /* ENTRY-13 */
	check_rule(two_kinds, 1, "does not go on with the batch");                       /* ENTRY-14 */
	check_rule(interrupted_batch, 1, "not followed by their batch entry");           /* ENTRY-14 */
	check_rule(unfinished_batch, 0, "not followed by their batch entry");            /* ENTRY-14 */
	check_rule(batch_of_nothing, 0, "not about the events before it");               /* ENTRY-14 */
	check_rule(batch_too_short, 2, "not about the events before it");                /* ENTRY-14 */
	check_rule(altered_event, 2, "signature of sender 1 does not verify");           /* ENTRY-15 */
	check_rule(mass_signed_as_event, 1, "signature of sender 1 does not verify");    /* ENTRY-15 */
	check_rule(key_before_rotation, 2, "signature of sender 1 does not verify");     /* ENTRY-15 */
	check_rule(unknown_sender, 0, "not registered or revoked");                      /* ENTRY-16 */
	check_rule(revoked_sender, 1, "not registered or revoked");                      /* ENTRY-16 */
	check_rule(registered_twice, 0, "sender id 1 is taken");                         /* ENTRY-16 */
	check_rule(registered_as_0, 0, "0 is not an id");                                /* ENTRY-16 */
	check_rule(revoked_twice, 1, "revoked already");                                 /* ENTRY-16 */
	check_rule(renamed, 0, "organisation and name of sender 1 cannot be changed");   /* ENTRY-16 */
	check_rule(follows_another, 1, "the newest entry of sender 1 is at");            /* ENTRY-22 */
	check_rule(epoch_ahead, 0, "entries after itself");                              /* ENTRY-17 */
	check_rule(epoch_backwards, 1, "fewer than the one before");                     /* ENTRY-17 */
	check_rule(epoch_of_nothing, 0, "its roots are not those of nothing");           /* EPO-8 */
	check_rule(epoch_too_fresh, 0, "the epoch's time is not the ledger time");       /* ENTRY-19 */
	check_rule(batch_of_4097, BATCH_EVENTS_MAX, "does not go on with the batch");    /* BATCH-5 */
}
END_TEST

/* The log signed two histories: the guard remembers the other one. */
START_TEST(another_history_is_named)
{
	make_ledger();
	uint8_t note[1000];
	struct secrets *secrets = load_secrets();
	struct checkpoint checkpoint = {.origin = FIXTURE_ORIGIN, .size = 100, .root = {{1}}};
	struct writer w = writer_of(note, sizeof note);
	sign_checkpoint(&checkpoint, secrets->log_secret, &w);
	write_file("guard", bytes_of(note, writer_len(&w)));
	struct audit_result result = audit(false);
	assert_fails(&result, 0, "not those that the guard's checkpoint was signed for");
	secrets_free(secrets);
	fixture_remove(&f);
}
END_TEST

/* The last event's time is changed, and so is its hash in the tree: every rule is kept, but the signed root is another.
 * What is known to be good is what an older guard was signed for. */
START_TEST(altered_with_its_tile)
{
	make_ledger();
	static uint8_t bundle[1 << 20], tile[LOG_WIDTH * HASH_BYTES];
	uint8_t note[1000];
	struct bytes row;
	struct hash leaf;
	struct secrets *secrets = load_secrets();
	uint64_t index = ENTRIES - 2;
	size_t at = entry_offset(index) + 2;
	store_begin();
	struct merkle_nodes nodes = {log_node, &txn};
	struct checkpoint checkpoint = {.origin = FIXTURE_ORIGIN, .size = 300};
	ck_ok(merkle_root(&nodes, checkpoint.size, &checkpoint.root));
	ck_ok(db_get(&txn, STORE_BUNDLE, key_u64(1), &row));
	memcpy(bundle, row.data, row.len);
	put_u64(bundle + at + 13, get_u64(bundle + at + 13) + 1);
	merkle_leaf_hash(bytes_of(bundle + at, ENTRY_EVENT_BYTES), &leaf);
	db_put(&txn, STORE_BUNDLE, key_u64(1), bytes_of(bundle, row.len));
	ck_ok(db_get(&txn, STORE_TILE, key_tile(0, 1), &row));
	memcpy(tile, row.data, row.len);
	memcpy(tile + index % LOG_WIDTH * HASH_BYTES, leaf.b, HASH_BYTES);
	db_put(&txn, STORE_TILE, key_tile(0, 1), bytes_of(tile, row.len));
	store_end();
	struct audit_result result = audit(false);
	assert_fails(&result, 0, "not those that the guard's checkpoint was signed for");

	struct writer w = writer_of(note, sizeof note);
	sign_checkpoint(&checkpoint, secrets->log_secret, &w);
	write_file("guard", bytes_of(note, writer_len(&w)));
	result = audit(false);
	assert_fails(&result, 300, "the root that the checkpoint was signed for");
	secrets_free(secrets);
	fixture_remove(&f);
}
END_TEST

/* ENTRY-18: everything is signed anew by another key of the same name, which is not the key of the genesis entry. */
START_TEST(another_key_is_named)
{
	make_ledger();
	uint8_t note[1000], public_key[32], secret_key[64];
	char text[VKEY_TEXT_MAX + 2];
	struct checkpoint checkpoint = {.origin = FIXTURE_ORIGIN, .size = ENTRIES};
	struct writer w = writer_of(note, sizeof note);
	store_begin();
	ck_ok(store_state_get(&txn, &state));
	merkle_frontier_root(&state.frontier, &checkpoint.root);
	crypto_sign_keypair(public_key, secret_key);
	ck_ok(vkey_make(FIXTURE_ORIGIN, NOTE_KEY_ED25519, public_key, &f.vkey));
	sign_checkpoint(&checkpoint, secret_key, &w);
	store_checkpoint_put(&txn, bytes_of(note, writer_len(&w)));
	store_end();
	write_file("guard", bytes_of(note, writer_len(&w)));
	vkey_format(&f.vkey, text);
	strcat(text, "\n");
	write_file("vkey", bytes_text(text));
	struct audit_result result = audit(false);
	assert_fails(&result, 0, "names another log than the vkey");
	fixture_remove(&f);
}
END_TEST

START_TEST(unendorsed_entries_are_counted)
{
	fixture_make(&f);
	struct fault fault = {.text = ""};
	struct entry_sender entry = sender_entry(SENDER_REGISTER, 7).sender;
	ck_ok(ledger_begin(f.ledger, &fault));
	ck_ok(ledger_append_sender(f.ledger, &entry, &fault));
	entry.action = SENDER_ROTATE;
	entry.change = 1;
	entry.follows = ledger_next_index(f.ledger) - 1;
	ck_ok(ledger_append_sender(f.ledger, &entry, &fault));
	entry.action = SENDER_REVOKE;
	entry.follows++;
	entry.change++;
	ck_ok(ledger_append_sender(f.ledger, &entry, &fault));
	ck_ok(ledger_commit(f.ledger, &fault));
	fixture_close(&f);
	struct audit_result result = audit(true);
	ck_assert_msg(result.ok, "%s", result.reason);
	ck_assert_uint_eq(result.senders, 2);
	ck_assert_uint_eq(result.unendorsed, 2);
	fixture_remove(&f);
}
END_TEST

static void append_later(uint64_t *sequence, uint64_t seconds)
{
	uint32_t subjects[] = {1, 2};
	f.now_s += seconds;
	fixture_append(&f, fixture_batch(&f, *sequence, subjects, 2, 0));
	*sequence += 2;
}

/* As late as it may be. What comes later the writer does not append, and the vectors of spec/audit.md show it. EPO-9 */
START_TEST(filed_as_late_as_may_be)
{
	uint64_t sequence = 0;
	fixture_make(&f);
	append_later(&sequence, 1);
	append_later(&sequence, 1000); /* the first step after it: as if the ledger had been stopped */
	append_later(&sequence, EPOCH_LAG_SECONDS_DEFAULT);
	fixture_close(&f);
	assert_holds(true);
	fixture_remove(&f);

	fixture_make(&f);
	for (sequence = 0; sequence < 20;) {
		append_later(&sequence, EPOCH_LAG_SECONDS_DEFAULT);
		fixture_epoch(&f);
	}
	fixture_close(&f);
	assert_holds(true);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("audit_rules", each_broken_rule_is_named, altered_with_its_tile, another_history_is_named,
	another_key_is_named, unendorsed_entries_are_counted, filed_as_late_as_may_be)
