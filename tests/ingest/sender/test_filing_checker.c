/* The sender's check of filing against a real query daemon, on ledgers that filed rightly and on one that did not. */
#include "ingest/sender/filing_checker.h"
#include "ledger/base/domain.h"
#include "ledger/db/db_put.h"
#include "ledger/keys/secrets.h"
#include "tests/lib/queryd.h"

#include <fcntl.h>
#include <sched.h>
#include <time.h>

static struct filing_book *book;
static struct filing_checker *checker;
static struct sender_key key;
static char text[FAULT_TEXT_MAX + 1];

/* The first batch of queryd.h: three events, at log index 2, about these. */
static const uint32_t people[] = {1234, 1234, 77};

static void note_batch(
	uint64_t first_sequence, const uint32_t *subjects, uint32_t count, uint64_t first_index, uint64_t receipt_s)
{
	struct bytes body = fixture_batch(&f, first_sequence, subjects, count, 0);
	ck_ok(filing_book_add(book, body, first_index, receipt_s));
	ck_ok(filing_book_commit(book));
	free((void *)(uintptr_t)body.data);
}

static void begin(void)
{
	char path[128];
	struct fault fault = {.text = ""};
	queryd_begin();
	snprintf(path, sizeof path, "%s/book", f.place.path);
	ck_ok(filing_book_open(path, true, 0, &book, &fault));
	key = (struct sender_key){.log = f.vkey, .sender = f.sender};
	memcpy(key.secret_key, f.secret_key, sizeof key.secret_key);
}

static void end(void)
{
	filing_checker_stop(checker);
	checker = NULL;
	filing_book_close(book);
	queryd_end();
}

static void start(uint16_t at)
{
	char url[64];
	struct fault fault = {.text = ""};
	snprintf(url, sizeof url, "http://127.0.0.1:%u", at);
	const struct filing_checker_options options = {url, book, &key, f.place.path};
	enum error error = filing_checker_start(&options, &checker, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
}

static void wait_for(enum filing_state wanted)
{
	for (;;) {
		enum filing_state state = filing_checker_state(checker, text);
		if (state == wanted)
			return;
		ck_assert_msg(state == FILING_WORKING, "state %d: %s", state, text);
		sched_yield();
	}
}

static void assert_alarm(const char *says, bool evidence)
{
	char path[128];
	wait_for(FILING_ALARM);
	ck_assert_msg(strstr(text, says) != NULL, "%s", text);
	ck_assert_uint_eq(filing_book_claim(book), 0);
	snprintf(path, sizeof path, "%s/bad-filing-0", f.place.path);
	ck_assert_int_eq(access(path, F_OK) == 0, evidence);
}

/* SND-21: checked once an epoch covers it; a subject that is known costs no VRF proof the next time. */
START_TEST(what_is_filed_rightly_is_checked_once)
{
	static const uint32_t more[] = {77, 1234};
	begin();
	note_batch(0, people, 3, 2, f.now_s);
	start(port);
	fixture_epoch(&f);
	wait_for(FILING_DONE);
	ck_assert_uint_eq(filing_book_claim(book), 3);
	fixture_append(&f, fixture_batch(&f, 3, more, 2, 0)); /* behind the epoch entry */
	fixture_epoch(&f);
	note_batch(3, more, 2, 2 + 4 + 1, f.now_s);
	filing_checker_wake(checker);
	wait_for(FILING_DONE);
	ck_assert_uint_eq(filing_book_claim(book), 5);
	fixture_append(&f, fixture_batch(&f, 5, NULL, 2, 0));
	note_batch(5, NULL, 2, 2 + 4 + 1 + 3 + 1, f.now_s);
	filing_checker_wake(checker);
	wait_for(FILING_DONE);
	ck_assert_uint_eq(filing_book_claim(book), 7);
	end();
}
END_TEST

/* The ledger, with all its keys, files the third event as the first person's. Everything that it proves holds. */
static void file_under_another(void)
{
	uint8_t context[16] = {0}, index[8], value[8 + 3 * 32 + SEAL_OVERHEAD];
	struct alias aliases[3];
	char path[128];
	struct db_env *store;
	struct db_txn txn;
	struct bytes row;
	struct secrets *secrets;
	struct fault fault = {.text = ""};
	snprintf(path, sizeof path, "%s/keys", f.dir);
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_ok(secrets_load(fd, false, &secrets, &fault));
	close(fd);
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/store", f.dir);
	ck_ok(store_open(path, false, &store, &fault));
	ck_ok(db_begin(store, true, &txn));
	put_u32(context, 1);
	put_u32(context + 12, 3);
	put_u64(index, 2);
	ck_ok(db_get(&txn, STORE_ALIAS, BYTES_ARRAY(index), &row));
	ck_ok(unseal_small(&secrets->seal.filing, DOMAIN_ALIASES, BYTES_ARRAY(context), bytes_of(row.data + 8, row.len - 8),
		aliases[0].b));
	memcpy(value, row.data, 8);
	aliases[2] = aliases[1];
	seal_small(
		&secrets->seal.filing, DOMAIN_ALIASES, BYTES_ARRAY(context), bytes_of(aliases, sizeof aliases), value + 8);
	db_put(&txn, STORE_ALIAS, BYTES_ARRAY(index), BYTES_ARRAY(value));
	ck_ok(db_commit(&txn));
	db_close(store);
	secrets_free(secrets);
	fixture_open(&f);
	fixture_epoch(&f);
}

/* SND-23 */
START_TEST(filed_under_another)
{
	begin();
	file_under_another();
	note_batch(0, people, 3, 2, f.now_s);
	start(port);
	assert_alarm("under another subject", true);
	end();
}
END_TEST

/* The subject's label was proven before: that it is another now is seen without a VRF proof. */
START_TEST(filed_under_another_label)
{
	begin();
	fixture_epoch(&f);
	struct filing_label label = {bytes_text(fixture_subject(77)), {{1}}};
	struct filing_note none = {.first_sequence = 0, .count = 0};
	ck_ok(filing_book_pass(book, &none, &label, 1));
	note_batch(0, people, 3, 2, f.now_s);
	start(port);
	assert_alarm("not filed under its subject's label", true);
	end();
}
END_TEST

START_TEST(another_place_is_an_alarm)
{
	begin();
	fixture_epoch(&f);
	note_batch(0, people, 3, 3, f.now_s);
	start(port);
	assert_alarm("another place in the log", true);
	end();
}
END_TEST

START_TEST(another_logs_proof_is_an_alarm)
{
	begin();
	fixture_epoch(&f);
	note_batch(0, people, 3, 2, f.now_s);
	key.log.public_key[0] ^= 1;
	start(port);
	assert_alarm("the checkpoint is malformed, of another log", true);
	end();
}
END_TEST

START_TEST(late_filing_is_an_alarm)
{
	begin();
	note_batch(0, people, 3, 2, (uint64_t)time(NULL) - FILING_LATE_SECONDS - 10);
	start(port);
	assert_alarm("not filed in time", false);
	end();
}
END_TEST

/* What can be tried again is no alarm. */
START_TEST(what_can_be_tried_again_is_no_alarm)
{
	begin();
	fixture_epoch(&f);
	note_batch(0, people, 3, 2, f.now_s);
	start(1);
	for (text[0] = '\0'; text[0] == '\0'; sched_yield())
		ck_assert_int_eq(filing_checker_state(checker, text), FILING_WORKING);
	ck_assert_ptr_nonnull(strstr(text, "cannot be asked"));
	end();
}
END_TEST

UNIT_MAIN("filing_checker", what_is_filed_rightly_is_checked_once, filed_under_another, filed_under_another_label,
	another_place_is_an_alarm, another_logs_proof_is_an_alarm, late_filing_is_an_alarm,
	what_can_be_tried_again_is_no_alarm)
