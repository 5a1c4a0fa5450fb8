/* Batches that are sent again, and batches that are not what was sent: the log looks at what it has, and at itself
 * first, before it judges anybody. spec/store.md */
#include "ledger/db/db_put.h"
#include "ledger/store/store.h"
#include "ledger/store/store_put.h"
#include "tests/lib/fixture.h"

static unsigned checks; /* of signatures */

int __real_crypto_sign_verify_detached(
	const unsigned char *signature, const unsigned char *text, unsigned long long len, const unsigned char *key);
int __wrap_crypto_sign_verify_detached(
	const unsigned char *signature, const unsigned char *text, unsigned long long len, const unsigned char *key);
int __wrap_crypto_sign_verify_detached(
	const unsigned char *signature, const unsigned char *text, unsigned long long len, const unsigned char *key)
{
	checks++;
	return __real_crypto_sign_verify_detached(signature, text, len, key);
}

static struct fixture f;
static const uint32_t subjects[] = {1, 2, 3, 4, 5};

static void begin(void)
{
	fixture_make(&f);
}

static void end(void)
{
	fixture_remove(&f);
}

static void free_bytes(struct bytes bytes)
{
	free((void *)(uintptr_t)bytes.data);
}

static void append_sender_entry(enum sender_action action, uint32_t sender, const uint8_t *public_key, const char *word)
{
	struct fault fault = {.text = ""};
	struct entry_sender entry = {.action = action,
		.sender = sender,
		.follows = fixture_follows(&f, action, sender),
		.change = fixture_change(&f, action, sender),
		.policy = f.policy};
	ck_ok(policy_apply(&entry.policy, word ? word : "withhold", &fault));
	strcpy(entry.org, "cvr:55133018");
	strcpy(entry.name, "Aarhus Kommune");
	memcpy(entry.public_key, public_key ? public_key : f.public_key, 32);
	ck_ok(ledger_begin(f.ledger, &fault));
	enum error error = ledger_append_sender(f.ledger, &entry, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	ck_ok(ledger_commit(f.ledger, &fault));
}

/* A sender entry of the fixture's sender; `public_key` NULL: its own. */
static void change(enum sender_action action, const uint8_t *public_key, const char *word)
{
	append_sender_entry(action, 1, public_key, word);
}

/* Sender 2, with the key of the first. */
static void register_other(void)
{
	append_sender_entry(SENDER_REGISTER, 2, NULL, NULL);
}

static void expect(struct bytes body, enum error wanted)
{
	struct appended appended;
	struct fault fault = {.text = ""};
	enum error error = fixture_take(&f, body, &appended, &fault);
	ck_assert_msg(error == wanted, "%s: %s", error_name(error), fault.text);
	ck_assert(wanted == E_OK || fault.text[0] != '\0');
}

static void expect_answer(struct bytes body, const struct appended *first)
{
	struct appended again;
	struct fault fault = {.text = ""};
	enum error error = fixture_take(&f, body, &again, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	ck_assert(again.repeated);
	ck_assert_uint_eq(again.first_index, first->first_index);
	ck_assert_uint_eq(again.count, first->count);
}

static uint64_t evidence(void)
{
	char path[128];
	struct db_env *store;
	struct db_txn txn;
	uint64_t count = 0;
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/store", f.dir);
	ck_ok(store_open(path, true, &store, NULL));
	ck_ok(db_begin(store, false, &txn));
	ck_ok(db_count(&txn, STORE_EVIDENCE, &count));
	db_abort(&txn);
	db_close(store);
	fixture_open(&f);
	return count;
}

/* STO-15, FRM-14: whatever is registered today, also of a sender that is revoked. */
START_TEST(answered_as_it_was_taken)
{
	uint8_t key[32];
	uint8_t secret[64];
	struct appended first;
	struct fault fault;
	begin();
	struct bytes body = fixture_batch(&f, 0, subjects, 3, 1);
	ck_ok(fixture_take(&f, body, &first, &fault));
	change(SENDER_POLICY, NULL, "close=activity");
	expect_answer(body, &first);
	f.now_s -= 40 * 86400; /* a clock that is behind judges nothing that is stored */
	expect_answer(body, &first);
	f.now_s += 40 * 86400;
	crypto_sign_keypair(key, secret);
	change(SENDER_ROTATE, key, NULL);
	expect_answer(body, &first);
	change(SENDER_REVOKE, key, NULL);
	expect_answer(body, &first);
	struct bytes next = fixture_batch(&f, 3, subjects, 1, 1);
	expect(next, E_REVOKED_SENDER);
	free_bytes(next);
	free_bytes(body);
	ck_assert_uint_eq(evidence(), 0);
	end();
}
END_TEST

/* STO-15: the same is what was stored to the last byte, its signature too: whoever does not have that gets no answer
 * that the ledger has signed for another. */
START_TEST(the_same_with_another_signature)
{
	uint8_t copy[4096];
	struct appended first;
	struct fault fault;
	begin();
	struct bytes body = fixture_batch(&f, 0, subjects, 3, 1);
	ck_ok(fixture_take(&f, body, &first, &fault));
	ck_assert_uint_le(body.len, sizeof copy);
	for (size_t i = BATCH_HEAD_BYTES - 64; i < BATCH_HEAD_BYTES; i += 21) {
		memcpy(copy, body.data, body.len);
		copy[i] ^= 1;
		expect(bytes_of(copy, body.len), E_BAD_SIGNATURE);
	}
	expect_answer(body, &first);
	ck_assert_uint_eq(evidence(), 0);
	free_bytes(body);
	end();
}
END_TEST

/* STO-15: a part of what was stored is not the same, whosever signature it bears. */
START_TEST(a_part_with_the_signature_of_the_whole)
{
	struct appended first;
	struct fault fault;
	struct batch_head head;
	struct batch_event event;
	begin();
	struct bytes body = fixture_batch(&f, 0, subjects, 3, 1);
	ck_ok(fixture_take(&f, body, &first, &fault));
	struct reader r = reader_of(body);
	batch_head_decode(&r, &head);
	reader_bytes(&r, 32);
	batch_event_decode(&r, &event);
	batch_event_decode(&r, &event);
	ck_ok(r.error);
	head.count = 2;
	struct writer front = writer_of((uint8_t *)(uintptr_t)body.data, BATCH_HEAD_BYTES);
	batch_head_encode(&head, &front);
	expect(bytes_of(body.data, body.len - reader_left(&r)), E_BAD_SIGNATURE);
	ck_assert_uint_eq(evidence(), 0);
	free_bytes(body);
	end();
}
END_TEST

/* STO-15, STO-16: without a signature it is a question: yes with its place, or no; nothing is taken, nothing kept, and
 * no signature looked for. */
START_TEST(a_question_accuses_nobody)
{
	struct appended first;
	struct fault fault;
	begin();
	struct bytes body = fixture_batch(&f, 0, subjects, 3, 1);
	struct bytes other = fixture_batch(&f, 0, subjects, 3, 2);
	struct bytes shorter = fixture_batch(&f, 1, subjects, 2, 1);
	struct bytes next = fixture_batch(&f, 3, subjects, 1, 1);
	const struct bytes all[] = {body, other, shorter, next};
	ck_ok(fixture_take(&f, body, &first, &fault));
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		memset((uint8_t *)(uintptr_t)all[i].data + BATCH_SIGNATURE_AT, 0, 64);
	checks = 0;
	expect_answer(body, &first);
	expect(other, E_EQUIVOCATION);
	expect(shorter, E_EQUIVOCATION);
	ck_assert_uint_eq(checks, 0);
	expect(next, E_BAD_SIGNATURE); /* the log has nothing there */
	ck_assert_uint_eq(evidence(), 0);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		free_bytes(all[i]);
	end();
}
END_TEST

/* STO-16: only what the sender signed is evidence against it: by its key of then, or by today's. */
START_TEST(evidence_needs_the_senders_signature)
{
	struct fixture stranger;
	struct fixture later;
	begin();
	fixture_append(&f, fixture_batch(&f, 0, subjects, 3, 1));
	fixture_append(&f, fixture_batch(&f, 3, subjects, 2, 1));
	stranger = f;
	later = f;
	crypto_sign_keypair(stranger.public_key, stranger.secret_key);
	crypto_sign_keypair(later.public_key, later.secret_key);
	struct bytes forged = fixture_batch(&stranger, 0, subjects, 3, 2);
	expect(forged, E_BAD_SIGNATURE);
	ck_assert_uint_eq(evidence(), 0);
	change(SENDER_ROTATE, later.public_key, NULL);
	fixture_append(&f, fixture_batch(&later, 5, subjects, 2, 1));
	expect(forged, E_BAD_SIGNATURE);
	free_bytes(forged);

	struct bytes by_old = fixture_batch(&f, 0, subjects, 3, 2);
	expect(by_old, E_EQUIVOCATION);
	struct bytes by_new = fixture_batch(&later, 3, subjects, 2, 2);
	expect(by_new, E_EQUIVOCATION);
	ck_assert_uint_eq(evidence(), 2);
	struct bytes long_gone = fixture_batch(&f, 5, subjects, 2, 2); /* the old key, at a place of the new one */
	expect(long_gone, E_BAD_SIGNATURE);
	ck_assert_uint_eq(evidence(), 2);
	free_bytes(by_old);
	free_bytes(by_new);
	free_bytes(long_gone);
	end();
}
END_TEST

/* ---- the log's own damage ---- */

static void in_store(void (*damage)(struct db_txn *txn))
{
	char path[128];
	struct db_env *store;
	struct db_txn txn;
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/store", f.dir);
	ck_ok(store_open(path, false, &store, NULL));
	ck_ok(db_begin(store, true, &txn));
	damage(&txn);
	ck_ok(db_commit(&txn));
	db_close(store);
	fixture_open(&f);
}

/* One bit of entry 3, the second event of the first batch; the tree is as it was. */
static void flip_event(struct db_txn *txn)
{
	static uint8_t copy[256 * 1024];
	uint8_t key[8] = {0};
	struct bytes bundle;
	ck_ok(db_get(txn, STORE_BUNDLE, BYTES_ARRAY(key), &bundle));
	memcpy(copy, bundle.data, bundle.len);
	size_t at = 0;
	for (int i = 0; i < 3; i++)
		at += 2 + get_u16(copy + at);
	copy[at + 2 + ENTRY_EVENT_BYTES - 5] ^= 1;
	db_put(txn, STORE_BUNDLE, BYTES_ARRAY(key), bytes_of(copy, bundle.len));
}

static void flip_batch(struct db_txn *txn)
{
	static uint8_t copy[256 * 1024];
	uint8_t key[8] = {0};
	struct bytes bundle;
	ck_ok(db_get(txn, STORE_BUNDLE, BYTES_ARRAY(key), &bundle));
	memcpy(copy, bundle.data, bundle.len);
	size_t at = 0;
	for (int i = 0; i < 5; i++)
		at += 2 + get_u16(copy + at);
	copy[at + 2 + 30] ^= 1;
	db_put(txn, STORE_BUNDLE, BYTES_ARRAY(key), bytes_of(copy, bundle.len));
}

static void drop_row(struct db_txn *txn)
{
	uint8_t key[12] = {0, 0, 0, 1};
	db_delete(txn, STORE_BATCH, BYTES_ARRAY(key));
}

static void shorten_row(struct db_txn *txn)
{
	store_batch_put(txn, 1, 0, 2, 2);
}

static void drop_second_row(struct db_txn *txn)
{
	uint8_t key[12] = {[3] = 1, [11] = 3};
	db_delete(txn, STORE_BATCH, BYTES_ARRAY(key));
}

/* From the registration on: it ends where the batch does. */
static void widen_row(struct db_txn *txn)
{
	store_batch_put(txn, 1, 0, 1, 4);
}

static void second_batch_in_first_row(struct db_txn *txn)
{
	store_batch_put(txn, 1, 0, 6, 3);
}

/* The other sender's registration is 10, its events are 11 to 13. */
static void other_senders_batch_in_row(struct db_txn *txn)
{
	store_batch_put(txn, 1, 0, 11, 3);
}

/* STO-30: an honest sender is not accused for what happened to the log, and the tick goes on. */
static void accuses_nobody(void (*damage)(struct db_txn *txn))
{
	struct appended appended;
	struct fault fault;
	begin();
	struct bytes body = fixture_batch(&f, 0, subjects, 3, 1);
	ck_ok(fixture_take(&f, body, &appended, &fault));
	ck_assert_uint_eq(appended.first_index, 2);
	in_store(damage);
	expect(body, E_CORRUPT);
	fixture_append(&f, fixture_batch(&f, 3, subjects, 2, 1));
	ck_assert_uint_eq(evidence(), 0);
	free_bytes(body);
	end();
}

START_TEST(a_damaged_event_accuses_nobody)
{
	accuses_nobody(flip_event);
}
END_TEST

START_TEST(a_damaged_batch_accuses_nobody)
{
	accuses_nobody(flip_batch);
}
END_TEST

START_TEST(a_lost_row_accuses_nobody)
{
	accuses_nobody(drop_row);
}
END_TEST

START_TEST(a_wrong_row_accuses_nobody)
{
	accuses_nobody(shorten_row);
}
END_TEST

static void append_at(struct fixture *fixture, uint64_t first_sequence, uint64_t first_index)
{
	struct appended appended = fixture_append(fixture, fixture_batch(fixture, first_sequence, subjects, 3, 1));
	ck_assert_uint_eq(appended.first_index, first_index);
}

/* STO-30: the same among other batches, whose rows and entries are whole: the one that a sequence leads to has to be
 * the one that was asked for. `body` is the first or the second of sender 1, of three events each. */
static void accuses_nobody_among_others(uint64_t first_sequence, void (*damage)(struct db_txn *txn))
{
	struct appended appended;
	struct fault fault;
	begin();
	struct bytes bodies[] = {fixture_batch(&f, 0, subjects, 3, 1), fixture_batch(&f, 3, subjects, 3, 1)};
	for (size_t i = 0; i < 2; i++)
		ck_ok(fixture_take(&f, bodies[i], &appended, &fault));
	ck_assert_uint_eq(appended.first_index, 6);
	register_other();
	struct fixture other = f;
	other.sender = 2;
	append_at(&other, 0, 11);
	in_store(damage);
	expect(bodies[first_sequence / 3], E_CORRUPT);
	ck_assert_uint_eq(evidence(), 0);
	append_at(&f, 6, 15);
	free_bytes(bodies[0]);
	free_bytes(bodies[1]);
	end();
}

START_TEST(lost_row_behind_another)
{
	accuses_nobody_among_others(3, drop_second_row);
}
END_TEST

START_TEST(row_with_too_many)
{
	accuses_nobody_among_others(0, widen_row);
}
END_TEST

START_TEST(row_of_another_batch)
{
	accuses_nobody_among_others(0, second_batch_in_first_row);
}
END_TEST

START_TEST(row_of_another_sender)
{
	accuses_nobody_among_others(0, other_senders_batch_in_row);
}
END_TEST

/* ---- between two steps ---- */

static struct prepared *prepared_of(struct bytes body)
{
	struct prepared *prepared = NULL;
	struct fault fault = {.text = ""};
	enum error error = prepare_batch(f.preparer, 1, body, f.now_s, &prepared, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	return prepared;
}

static enum error append_one(struct prepared *prepared, struct appended *out)
{
	struct fault fault = {.text = ""};
	ck_ok(ledger_begin(f.ledger, &fault));
	enum error error = ledger_append(f.ledger, prepared, out, &fault);
	ck_ok(ledger_commit(f.ledger, &fault));
	prepared_free(prepared);
	return error;
}

/* STO-18, FRM-14: what was prepared before the registration or the month changed is to be prepared again, no more. */
START_TEST(prepared_too_early)
{
	struct appended appended;
	begin();
	struct bytes body = fixture_batch(&f, 0, subjects, 3, 1);
	struct prepared *early = prepared_of(body);
	change(SENDER_POLICY, NULL, NULL);
	ck_error(append_one(early, &appended), E_PERIOD_PASSED);
	ck_ok(append_one(prepared_of(body), &appended));
	ck_assert(!appended.repeated);

	struct bytes next = fixture_batch(&f, 3, subjects, 2, 1);
	struct prepared *before = prepared_of(next);
	f.now_s += 40 * 86400ull;
	struct bytes moved = fixture_batch(&f, 3, NULL, 1, 1); /* takes the log into another month */
	ck_ok(append_one(prepared_of(moved), &appended));
	prepared_free(before);
	struct bytes late = fixture_batch(&f, 4, subjects, 2, 1);
	f.now_s -= 40 * 86400ull;
	struct prepared *old_month = prepared_of(late);
	ck_error(append_one(old_month, &appended), E_PERIOD_PASSED);
	f.now_s = ledger_time_s(f.ledger);
	ck_ok(append_one(prepared_of(late), &appended));
	free_bytes(body);
	free_bytes(next);
	free_bytes(moved);
	free_bytes(late);
	end();
}
END_TEST

/* A batch that was to be compared only is never appended. */
START_TEST(compared_or_appended)
{
	struct appended appended;
	begin();
	struct bytes body = fixture_batch(&f, 0, subjects, 3, 1);
	ck_ok(append_one(prepared_of(body), &appended));
	struct prepared *repeat = prepared_of(body);
	ck_assert_uint_eq(repeat->records.len, 0);
	ck_assert_uint_eq(repeat->new_keys.len, 0);
	repeat->head.first_sequence = 3;
	ck_error(append_one(repeat, &appended), E_PERIOD_PASSED);
	free_bytes(body);
	end();
}
END_TEST

UNIT_MAIN("repeat", answered_as_it_was_taken, the_same_with_another_signature, a_part_with_the_signature_of_the_whole,
	a_question_accuses_nobody, evidence_needs_the_senders_signature, a_damaged_event_accuses_nobody,
	a_damaged_batch_accuses_nobody, a_lost_row_accuses_nobody, a_wrong_row_accuses_nobody, lost_row_behind_another,
	row_with_too_many, row_of_another_batch, row_of_another_sender, prepared_too_early, compared_or_appended)
