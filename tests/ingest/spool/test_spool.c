/* The spool under crashes. The file functions of the C library are wrapped (see tests/meson.build), so that a write can
 * be made to fail, lost or done. */
#include "tests/lib/spool_place.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- faults ---- */

enum fault_kind { FAULT_NONE, FAULT_LOST, FAULT_DONE };

static struct {
	enum fault_kind kind;
	int error;
	unsigned at; /* fails the at-th call from now on, counted from 0 */
	unsigned calls;
} plan;

/* True if this call fails; `*done` says whether it is carried out all the same. */
static bool fails(bool *done)
{
	bool now = plan.kind != FAULT_NONE && plan.calls == plan.at;
	plan.calls++;
	*done = !now || plan.kind == FAULT_DONE;
	if (now)
		errno = plan.error;
	return now;
}

ssize_t __real_pwrite64(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *data, size_t len, off_t at)
{
	bool done;
	bool failed = fails(&done);
	ssize_t n = done ? __real_pwrite64(fd, data, len, at) : __real_pwrite64(fd, data, len / 2, at);
	return failed ? -1 : n;
}

#define WRAP_INT(name, parameters, arguments)             \
	int __real_##name parameters;                         \
	int __wrap_##name parameters;                         \
	int __wrap_##name parameters                          \
	{                                                     \
		bool done;                                        \
		bool failed = fails(&done);                       \
		int result = done ? __real_##name arguments : -1; \
		return failed ? -1 : result;                      \
	}

WRAP_INT(fdatasync, (int fd), (fd))
WRAP_INT(fsync, (int fd), (fd))
WRAP_INT(renameat, (int from_dir, const char *from, int to_dir, const char *to), (from_dir, from, to_dir, to))
WRAP_INT(ftruncate64, (int fd, off_t len), (fd, len))

/* Messages from the first on that are remembered, each once. */
static uint64_t taken(struct spool *spool)
{
	uint64_t count = 0;
	while (remembered_count(spool_remembered(spool), 1000 + count) == 1)
		count++;
	ck_assert_uint_eq(remembered_count(spool_remembered(spool), 1000 + count), 0);
	return count;
}

/* Waiting batches follow each other, are whole, and end at `next`. */
static void check_sound(struct spool *spool)
{
	uint64_t at = spool_acknowledged(spool);
	size_t bytes = 0;
	for (size_t i = 0; i < spool_count(spool); i++) {
		const struct spool_pending *pending = spool_pending(spool, i);
		ck_assert_uint_eq(pending->head.first_sequence, at);
		at += pending->head.count;
		bytes += pending->body_bytes;
		ck_ok(spool_read(spool, i, body));
		struct reader r = reader_of(bytes_of(body, pending->body_bytes));
		struct batch_head head;
		batch_head_decode(&r, &head);
		ck_assert_uint_eq(head.first_sequence, pending->head.first_sequence);
		struct bytes secret = reader_bytes(&r, 32);
		for (size_t j = 0; j < secret.len; j++)
			ck_assert_uint_eq(secret.data[j], 0xaa);
		struct spool_batch origin;
		ck_ok(spool_messages(spool, i, &origin));
		uint32_t events = 0;
		for (size_t j = 0; j < origin.message_count; j++)
			events += origin.messages[j].events;
		ck_assert_uint_eq(events, pending->head.count);
		ck_assert(bytes_equal(origin.inputs[0], names[0]));
		free((void *)(uintptr_t)origin.messages);
	}
	ck_assert_uint_eq(at, spool_next(spool));
	ck_assert_uint_eq(bytes, spool_bytes(spool));
}

/* ---- plain use ---- */

START_TEST(keeps_what_waits)
{
	place();
	struct spool *spool = open_spool();
	struct stat info;
	ck_assert_int_eq(stat(dir, &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0700);
	ck_assert_ptr_null(spool_terms(spool));
	ck_assert_uint_eq(spool_note(spool).len, 0);
	ck_assert(spool_synced(spool));
	ck_ok(append_batch(spool, 0, 10, 500));
	ck_assert(!spool_synced(spool));
	ck_ok(append_batch(spool, 10, 5, 500));
	struct spool_terms terms = {.signer = {1, 2, 3}, .policy = {.flags = POLICY_WITHHOLD, .purpose = "p"}};
	ck_ok(spool_set_terms(spool, &terms));
	ck_ok(spool_sync(spool));
	ck_assert(spool_synced(spool));
	ck_ok(spool_acknowledge(spool, 10, BYTES_LITERAL("note 1\n")));
	kill_spool(spool);

	spool = open_spool();
	check_sound(spool);
	ck_assert_uint_eq(spool_count(spool), 2); /* the acknowledgement was not synced: sent again, harmless */
	ck_ok(spool_acknowledge(spool, 10, BYTES_LITERAL("note 1\n")));
	ck_ok(spool_settle(spool));
	ck_assert(spool_settled(spool));
	kill_spool(spool);

	spool = open_spool();
	check_sound(spool);
	ck_assert_uint_eq(spool_count(spool), 1);
	ck_assert_uint_eq(spool_acknowledged(spool), 10);
	ck_assert_uint_eq(spool_next(spool), 15);
	ck_assert_uint_eq(taken(spool), 15);
	ck_assert(bytes_equal(spool_note(spool), BYTES_LITERAL("note 1\n")));
	ck_assert_uint_eq(spool_terms(spool)->policy.flags, POLICY_WITHHOLD);
	ck_assert_str_eq(spool_terms(spool)->policy.purpose, "p");
	ck_assert_mem_eq(spool_terms(spool)->signer, terms.signer, sizeof terms.signer);
	ck_ok(spool_rewrite(spool));
	ck_assert_uint_eq(remembered_kept(spool_remembered(spool)), 10);
	spool_close(spool);
	spool = open_spool();
	ck_assert_uint_eq(taken(spool), 15);
	ck_assert_uint_eq(spool_count(spool), 1);
	ck_assert_uint_eq(remembered_kept(spool_remembered(spool)), 10);
	ck_assert_mem_eq(spool_terms(spool)->signer, terms.signer, sizeof terms.signer);
	check_sound(spool);
	spool_close(spool);
	clear();
}
END_TEST

/* By content, or by id: where an id is, it and the content together stand in the memory too. What comes through a pipe
 * is in no memory. */
START_TEST(a_message_is_known_by_content_or_id)
{
	place();
	struct spool *spool = open_spool();
	struct spool_message messages[3] = {{0, {500, 0}, 0, 1}, {1, {600, 601}, 0, 1}, {2, {0, 0}, 1, 1}};
	for (size_t i = 0; i < 3; i++)
		ck_ok(spool_remember(spool, &messages[i].identity));
	struct spool_batch batch = {make_body(0, 3, 10), messages, 3, names, 2};
	ck_ok(spool_append(spool, &batch));
	ck_ok(spool_sync(spool));
	for (unsigned round = 0; round < 4; round++) {
		ck_assert_uint_eq(remembered_count(spool_remembered(spool), 500), 1);
		ck_assert_uint_eq(remembered_count(spool_remembered(spool), 600), 1);
		ck_assert_uint_eq(remembered_count(spool_remembered(spool), 601), 1);
		ck_assert_uint_eq(remembered_count(spool_remembered(spool), 0), 0);
		if (round == 1)
			ck_ok(spool_rewrite(spool));
		if (round == 2)
			ck_ok(spool_acknowledge(spool, 3, BYTES_LITERAL("n\n")));
		spool_close(spool);
		spool = open_spool();
	}
	ck_assert_uint_eq(remembered_kept(spool_remembered(spool)), 3);
	struct bytes part = BYTES_LITERAL("text");
	ck_assert_uint_ne(spool_hash(spool, &part, 1), 0);
	spool_close(spool);
	clear();
}
END_TEST

/* A batch that the ledger will never take as it is: its messages may be sent again. */
START_TEST(what_is_set_aside_may_be_sent_again)
{
	place();
	struct spool *spool = open_spool();
	ck_error(spool_set_aside(spool), E_NOT_FOUND);
	ck_ok(append_batch(spool, 0, 3, 10));
	ck_ok(append_batch(spool, 3, 2, 10));
	ck_ok(spool_sync(spool));
	ck_ok(spool_set_aside(spool));
	ck_assert_uint_eq(taken(spool), 0);
	ck_assert_uint_eq(remembered_count(spool_remembered(spool), 1003), 1);
	ck_assert_uint_eq(spool_acknowledged(spool), 3);
	ck_ok(spool_settle(spool));
	spool_close(spool);
	spool = open_spool();
	ck_assert_uint_eq(remembered_count(spool_remembered(spool), 1002), 0);
	ck_assert_uint_eq(remembered_count(spool_remembered(spool), 1003), 1);
	ck_assert_uint_eq(remembered_kept(spool_remembered(spool)), 0);
	check_sound(spool);
	spool_close(spool);
	clear();
}
END_TEST

START_TEST(refusals_leave_the_spool_whole)
{
	place();
	struct spool *spool = open_spool();
	struct spool *other = NULL;
	struct fault fault;
	ck_error(spool_open(dir, ORIGIN, SENDER, &other, &fault), E_BUSY);
	struct spool_batch batch = {make_body(1, 1, 10), NULL, 0, NULL, 0};
	ck_error(spool_append(spool, &batch), E_SEQUENCE_HOLE);
	batch.body.len = BATCH_HEAD_BYTES + 31;
	ck_error(spool_append(spool, &batch), E_TRUNCATED);
	for (unsigned i = 0; i < SPOOL_BATCHES_MAX; i++)
		ck_ok(append_batch(spool, i, 1, 1));
	ck_error(append_batch(spool, SPOOL_BATCHES_MAX, 1, 1), E_TOO_MANY);
	ck_ok(spool_sync(spool));
	ck_ok(spool_acknowledge(spool, SPOOL_BATCHES_MAX / 2, BYTES_EMPTY));
	ck_error(spool_acknowledge(spool, 1, BYTES_EMPTY), E_BAD_VALUE);
	ck_error(spool_acknowledge(spool, SPOOL_BATCHES_MAX + 1, BYTES_EMPTY), E_BAD_VALUE);
	ck_ok(append_batch(spool, SPOOL_BATCHES_MAX, 1, 1));
	check_sound(spool);
	ck_error(spool_start_at(spool, 3), E_BAD_VALUE);
	spool_close(spool);
	ck_error(spool_open(dir, ORIGIN, SENDER + 1, &other, &fault), E_WRONG_ORIGIN);
	ck_error(spool_open(dir, "other", SENDER, &other, &fault), E_WRONG_ORIGIN);
	ck_assert_int_eq(chmod(dir, 0750), 0);
	ck_error(spool_open(dir, ORIGIN, SENDER, &other, &fault), E_PERMISSION);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	spool = open_spool();
	check_sound(spool);
	spool_close(spool);
	clear();
}
END_TEST

static bool journal_holds_secret(void)
{
	char path[80];
	snprintf(path, sizeof path, "%s/journal", dir);
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	unsigned run = 0;
	for (int c = getc(file); c != EOF && run < 32; c = getc(file))
		run = c == 0xaa ? run + 1 : 0;
	fclose(file);
	return run == 32;
}

/* SND-5, SND-6 */
START_TEST(secrets_are_destroyed)
{
	place();
	struct spool *spool = open_spool();
	ck_ok(append_batch(spool, 0, 3, 100));
	ck_ok(spool_sync(spool));
	ck_assert(journal_holds_secret());
	ck_ok(spool_acknowledge(spool, 3, BYTES_LITERAL("n\n")));
	ck_assert(journal_holds_secret()); /* the acknowledgement is not durable yet */
	ck_ok(spool_settle(spool));
	ck_assert(!journal_holds_secret());

	ck_ok(append_batch(spool, 3, 1, 100));
	ck_ok(spool_sync(spool));
	ck_ok(spool_acknowledge(spool, 4, BYTES_LITERAL("n\n")));
	ck_ok(journal_sync(&spool->journal));
	kill_spool(spool); /* died between the acknowledgement and the wipe */
	ck_assert(journal_holds_secret());
	spool = open_spool();
	ck_assert_uint_eq(spool_count(spool), 0);
	ck_ok(spool_settle(spool));
	ck_assert(!journal_holds_secret());
	spool_close(spool);
	clear();
}
END_TEST

START_TEST(starts_where_the_ledger_is)
{
	place();
	struct spool *spool = open_spool();
	ck_ok(spool_start_at(spool, 100));
	ck_assert_uint_eq(spool_acknowledged(spool), 100);
	ck_ok(append_batch(spool, 0, 2, 10));
	ck_ok(spool_sync(spool));
	kill_spool(spool);
	spool = open_spool();
	ck_assert_uint_eq(spool_acknowledged(spool), 100);
	ck_assert_uint_eq(spool_next(spool), 102);
	check_sound(spool);
	ck_ok(spool_start_at(spool, 200));
	ck_assert_uint_eq(spool_acknowledged(spool), 100);
	ck_ok(append_batch(spool, 2, 1, 10));
	ck_ok(append_batch(spool, 3, 1, 10));
	ck_ok(spool_rewrite(spool));
	kill_spool(spool);
	spool = open_spool();
	ck_assert_uint_eq(spool_count(spool), 3);
	ck_assert_uint_eq(spool_pending(spool, 1)->head.first_sequence, 200);
	ck_assert_uint_eq(spool_next(spool), 202);
	ck_assert_uint_eq(taken(spool), 4);
	spool_close(spool);
	clear();
}
END_TEST

/* What the first version remembered: a list of what was dealt with. */
static void put_lists(struct writer *w)
{
	writer_u32(w, 1);
	writer_u64(w, 99);
	writer_u64(w, 0);
	writer_u32(w, 1);
	writer_u64(w, 1000);
}

static void put_nothing_remembered(int dir_fd, struct writer *w)
{
	OWNED(remembered_release) struct remembered *none = NULL;
	ck_ok(remembered_new(dir_fd, 1000, &none));
	remembered_encode(none, w);
}

/* A journal as an older version wrote it: state, and one batch with a refused message. */
static void write_version(uint16_t version)
{
	static uint8_t buffer[4096];
	struct spool_terms terms = {.signer = {7}, .policy = {.purpose = "old"}};
	struct journal journal;
	struct key key = {{1, 2, 3}};
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	struct writer w = writer_of(buffer, sizeof buffer);
	struct bytes state;
	writer_u16(&w, version);
	writer_u32(&w, SENDER);
	writer_bytes(&w, BYTES_ARRAY(key.b));
	writer_u64(&w, 7); /* acknowledged */
	writer_u64(&w, 7); /* next */
	writer_range16(&w, BYTES_LITERAL(ORIGIN));
	writer_range16(&w, BYTES_LITERAL("note\n"));
	writer_u8(&w, 1);
	if (version == SPOOL_VERSION_FIRST) {
		policy_encode(&terms.policy, &w);
		put_lists(&w);
	} else {
		spool_terms_encode(&terms, &w);
		put_nothing_remembered(dir_fd, &w);
	}
	ck_ok(writer_done(&w, &state));
	ck_ok(journal_create(dir_fd, "journal", &journal));
	ck_ok(journal_append(&journal, RECORD_STATE, &state, 1, JOURNAL_NO_SECRET, NULL));

	uint8_t len[4];
	struct bytes batch = make_body(7, 2, 10);
	struct bytes origin;
	uint8_t origin_buffer[256];
	put_u32(len, (uint32_t)batch.len);
	struct writer o = writer_of(origin_buffer, sizeof origin_buffer);
	writer_u16(&o, 1);
	writer_range16(&o, names[0]);
	writer_u32(&o, 3);
	for (unsigned i = 0; i < 3; i++) {
		writer_u16(&o, 0);
		writer_u16(&o, i != 1);
		writer_u64(&o, i);
		writer_u64(&o, 2000 + i);
		if (version != SPOOL_VERSION_FIRST)
			writer_u64(&o, 0); /* check */
	}
	ck_ok(writer_done(&o, &origin));
	struct bytes parts[3] = {BYTES_ARRAY(len), batch, origin};
	ck_ok(journal_append(&journal, RECORD_BATCH, parts, 3, SPOOL_SECRET_AT, NULL));
	ck_ok(journal_sync(&journal));
	journal_close(&journal);
	close(openat(dir_fd, "input-0000000000000063", O_CREAT | O_WRONLY, 0600));
	close(dir_fd);
}

/* What waits is taken over, and is in the memory; what was remembered beside it counted refused messages, and is not.
 */
START_TEST(the_first_version_is_taken_over)
{
	place();
	write_version(SPOOL_VERSION_FIRST);
	for (unsigned i = 0; i < 2; i++) {
		struct spool *spool = open_spool();
		ck_assert(spool_was_old(spool) == (i == 0));
		ck_assert_uint_eq(spool_count(spool), 1);
		ck_assert_uint_eq(spool_acknowledged(spool), 7);
		ck_assert_uint_eq(spool_next(spool), 9);
		ck_assert_str_eq(spool_terms(spool)->policy.purpose, "old");
		ck_assert(bytes_equal(spool_note(spool), BYTES_LITERAL("note\n")));
		ck_assert_uint_eq(remembered_count(spool_remembered(spool), 1000), 0);
		ck_assert_uint_eq(remembered_count(spool_remembered(spool), 2000), 1);
		ck_assert_uint_eq(remembered_count(spool_remembered(spool), 2001), 0); /* was refused */
		ck_assert_uint_eq(remembered_count(spool_remembered(spool), 2002), 1);
		check_sound(spool);
		spool_close(spool);
	}
	char path[128];
	snprintf(path, sizeof path, "%s/input-0000000000000063", dir);
	struct spool *spool = open_spool();
	ck_assert_int_ne(access(path, F_OK), 0);
	spool_close(spool);
	clear();
}
END_TEST

/* What waits in the third version has commitments that no ledger takes any more: without a signer it is signed again.
 * The fourth's are of the same kind as today's. */
static void opens_with_signer(uint16_t version, uint8_t first)
{
	place();
	write_version(version);
	for (unsigned i = 0; i < 2; i++) {
		struct spool_terms terms = {.signer = {7}, .policy = {.purpose = "old"}};
		struct spool *spool = open_spool();
		ck_assert_uint_eq(spool_count(spool), 1);
		ck_assert_uint_eq(spool_next(spool), 9);
		ck_assert_str_eq(spool_terms(spool)->policy.purpose, "old");
		ck_assert_uint_eq(spool_terms(spool)->signer[0], i == 0 ? first : 7);
		ck_ok(spool_set_terms(spool, &terms)); /* of this version they are believed */
		check_sound(spool);
		ck_ok(spool_sync(spool));
		spool_close(spool);
	}
	clear();
}

START_TEST(what_waits_in_older_versions)
{
	opens_with_signer(SPOOL_VERSION_OTHER_COMMITMENTS, 0);
	opens_with_signer(SPOOL_VERSION_UNCOUNTED, 7);
}
END_TEST

/* ---- replacing ---- */

/* With `count` events, each a message from `number` on. */
/* A batch of events whose messages are not remembered. */
static enum error replace_one(struct spool *spool, size_t i, uint64_t first, uint32_t count)
{
	struct spool_message message = {SPOOL_NO_INPUT, {0, 0}, 0, count};
	struct spool_batch batch = {make_body(first, count, 50), &message, 1, names, 1};
	return spool_replace(spool, i, &batch);
}

START_TEST(a_batch_is_replaced_whole)
{
	place();
	struct spool *spool = open_spool();
	struct spool_terms terms = {.signer = {7}, .policy = {.purpose = "p"}};
	ck_ok(append_batch(spool, 0, 4, 10));
	ck_ok(append_batch(spool, 4, 4, 10));
	ck_ok(append_batch(spool, 8, 1, 10));
	ck_ok(append_batch(spool, 9, 4, 10));
	ck_ok(spool_sync(spool));
	ck_error(replace_one(spool, 1, 3, 3), E_SEQUENCE_HOLE);
	ck_error(replace_one(spool, 4, 4, 3), E_NOT_FOUND);
	ck_ok(replace_messages(spool, 1, 4, 5, 3)); /* without message 4 */
	ck_error(replace_one(spool, 1, 8, 4), E_SEQUENCE_HOLE);
	ck_ok(replace_messages(spool, 1, 7, 9, 4)); /* without 8 */
	ck_assert_uint_eq(taken(spool), 13);
	ck_ok(spool_replaced(spool, 1, &terms));
	ck_ok(spool_sync(spool));
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(spool_next(spool), 11);
		ck_assert_uint_eq(spool_count(spool), 3);
		check_sound(spool);
		ck_assert_uint_eq(taken(spool), 4); /* what is in no batch any more may come again */
		ck_assert_uint_eq(remembered_count(spool_remembered(spool), 1005), 1);
		ck_assert_uint_eq(remembered_count(spool_remembered(spool), 1008), 0);
		ck_assert_uint_eq(remembered_count(spool_remembered(spool), 1012), 1);
		ck_assert_str_eq(spool_terms(spool)->policy.purpose, "p");
		kill_spool(spool);
		spool = open_spool();
	}
	/* Elsewhere: the ledger has other events up to 19. */
	ck_ok(spool_acknowledge(spool, 7, BYTES_EMPTY));
	ck_ok(replace_messages(spool, 0, 20, 9, 4));
	ck_ok(spool_replaced(spool, 0, NULL));
	ck_ok(spool_sync(spool));
	kill_spool(spool);
	spool = open_spool();
	ck_assert_uint_eq(spool_next(spool), 24);
	ck_assert_uint_eq(spool_acknowledged(spool), 7);
	ck_assert_uint_eq(spool_pending(spool, 0)->head.first_sequence, 20);
	ck_assert_uint_eq(remembered_count(spool_remembered(spool), 1007), 1); /* acknowledged */
	ck_assert_uint_eq(remembered_count(spool_remembered(spool), 1009), 1);
	/* Everything refused: nothing waits. */
	ck_ok(spool_replaced(spool, 0, NULL));
	ck_ok(spool_sync(spool));
	ck_assert_uint_eq(spool_count(spool), 0);
	ck_assert_uint_eq(remembered_count(spool_remembered(spool), 1009), 0);
	spool_close(spool);
	spool = open_spool();
	ck_assert_uint_eq(spool_count(spool), 0);
	ck_assert_uint_eq(spool_next(spool), 20);
	ck_ok(append_batch(spool, 13, 2, 10));
	spool_close(spool);
	clear();
}
END_TEST

/* A replacement that was begun and not finished never happened, also when the next process begins another. */
START_TEST(an_unfinished_replacement_never_happened)
{
	place();
	struct spool *spool = open_spool();
	ck_ok(append_batch(spool, 0, 4, 10));
	ck_ok(spool_sync(spool));
	ck_ok(replace_one(spool, 0, 0, 3));
	ck_error(append_batch(spool, 4, 1, 10), E_IO); /* it would be cut off with what came to no end */
	ck_ok(journal_sync(&spool->journal));
	kill_spool(spool);
	spool = open_spool();
	ck_assert_uint_eq(spool_next(spool), 4);
	ck_ok(append_batch(spool, 4, 1, 10));
	check_sound(spool);
	ck_ok(replace_one(spool, 0, 0, 2));
	ck_ok(spool_replaced(spool, 0, NULL));
	ck_ok(spool_sync(spool));
	kill_spool(spool);
	spool = open_spool();
	ck_assert_uint_eq(spool_next(spool), 2);
	ck_assert_uint_eq(spool_count(spool), 1);
	check_sound(spool);
	spool_close(spool);
	clear();
}
END_TEST

/* ---- crashes ---- */

struct state {
	uint64_t end; /* of the journal */
	uint64_t acknowledged;
	uint64_t next;
	uint64_t taken;
	size_t count;
	size_t note;
	bool terms;
};

static struct state look(struct spool *spool)
{
	return (struct state){spool->journal.end, spool_acknowledged(spool), spool_next(spool), taken(spool),
		spool_count(spool), spool_note(spool).len, spool_terms(spool) != NULL};
}

static void check_state(struct spool *spool, const struct state *wanted, size_t cut)
{
	struct state is = look(spool);
	ck_assert_msg(is.acknowledged == wanted->acknowledged && is.next == wanted->next && is.taken == wanted->taken &&
					  is.count == wanted->count && is.note == wanted->note && is.terms == wanted->terms,
		"cut at %zu: acknowledged %zu, next %zu, taken %zu, count %zu, not %zu, %zu, %zu, %zu", cut,
		(size_t)is.acknowledged, (size_t)is.next, (size_t)is.taken, is.count, (size_t)wanted->acknowledged,
		(size_t)wanted->next, (size_t)wanted->taken, wanted->count);
	check_sound(spool);
}

/* Whatever prefix of the journal a crash leaves, the spool opens in the state after the last whole call, and goes on.
 */
START_TEST(every_prefix_opens_as_it_was)
{
	place();
	struct state states[16];
	size_t n = 0;
	struct spool_terms terms = {.signer = {9}};
	struct spool *spool = open_spool();
	states[n++] = look(spool);
	ck_ok(append_batch(spool, 0, 3, 20));
	states[n++] = look(spool);
	ck_ok(append_batch(spool, 3, 2, 20));
	states[n++] = look(spool);
	ck_ok(spool_acknowledge(spool, 3, BYTES_LITERAL("note\n")));
	states[n++] = look(spool);
	ck_ok(append_batch(spool, 5, 1, 20));
	states[n++] = look(spool);
	ck_ok(replace_messages(spool, 0, 3, 3, 1));
	states[n++] = look(spool);
	ck_ok(replace_messages(spool, 0, 4, 4, 1));
	states[n++] = look(spool);
	ck_ok(spool_replaced(spool, 0, &terms));
	states[n++] = look(spool);
	ck_ok(append_batch(spool, 5, 2, 20));
	states[n++] = look(spool);
	ck_ok(spool_acknowledge(spool, 5, BYTES_LITERAL("longer note\n")));
	states[n++] = look(spool);
	ck_ok(journal_write(&spool->journal));
	static uint8_t whole[65536];
	ssize_t len = pread(spool->journal.fd, whole, sizeof whole, 0);
	ck_assert_uint_eq((uint64_t)len, states[n - 1].end);
	kill_spool(spool);
	for (size_t cut = states[0].end; cut <= (size_t)len; cut++) {
		char path[80];
		snprintf(path, sizeof path, "%s/journal", dir);
		int fd = open(path, O_RDWR | O_TRUNC);
		ck_assert_int_eq(write(fd, whole, cut), (ssize_t)cut);
		close(fd);
		size_t i = 0;
		while (i + 1 < n && states[i + 1].end <= cut)
			i++;
		spool = open_spool();
		check_state(spool, &states[i], cut);
		uint64_t next = spool_next(spool);
		ck_ok(append_batch(spool, taken(spool), 1, 5));
		ck_ok(spool_sync(spool));
		kill_spool(spool);
		spool = open_spool();
		ck_assert_uint_eq(spool_next(spool), next + 1);
		check_sound(spool);
		kill_spool(spool);
	}
	clear();
}
END_TEST

/* The head of a batch got to the disk and its secret did not: it was not synced, so it was not sent. */
START_TEST(a_torn_secret_was_never_sent)
{
	place();
	struct spool *spool = open_spool();
	ck_ok(append_batch(spool, 0, 3, 20));
	ck_ok(spool_sync(spool));
	struct state before = look(spool);
	ck_ok(append_batch(spool, 3, 1, 20));
	damage(spool, 1, SPOOL_SECRET_AT + 31);
	kill_spool(spool);
	spool = open_spool();
	check_state(spool, &before, 0);
	ck_assert(!spool_damaged(spool));
	spool_close(spool);
	clear();
}
END_TEST

/* What a process was told before a call failed. */
struct promise {
	uint64_t synced_next;
	uint64_t acknowledged;
	uint64_t taken;
	uint64_t replaced; /* > 0: the replacement was done */
};

/* On a full disk the same call is made again. */
#define AGAIN(call)                    \
	do {                               \
		enum error again_error = E_OK; \
		do                             \
			again_error = (call);      \
		while (again_error == E_FULL); \
		TRY(again_error);              \
	} while (0)

static enum error note_promise(struct spool *spool, struct promise *promise)
{
	AGAIN(spool_sync(spool));
	promise->synced_next = spool_next(spool);
	promise->acknowledged = spool_acknowledged(spool);
	promise->taken = taken(spool);
	return E_OK;
}

/* Something of everything, long enough that the journal is rewritten twice, once with batches waiting. */
static enum error scenario(struct spool *spool, struct promise *promise)
{
	uint64_t number = taken(spool);
	for (unsigned i = 0; i < 4; i++, number += 40) {
		TRY(append_batch(spool, number, 40, 300000));
		TRY(note_promise(spool, promise));
	}
	AGAIN(spool_acknowledge(spool, spool_next(spool) - 80, BYTES_LITERAL("one\n")));
	TRY(append_batch(spool, number++, 1, 10));
	TRY(note_promise(spool, promise));
	AGAIN(spool_rewrite(spool));
	size_t newest = spool_count(spool) - 1;
	TRY(replace_messages(spool, newest, spool_pending(spool, newest)->head.first_sequence, number - 1, 1));
	AGAIN(spool_replaced(spool, newest, NULL));
	TRY(note_promise(spool, promise));
	AGAIN(spool_acknowledge(spool, spool_next(spool), BYTES_LITERAL("two\n")));
	AGAIN(spool_settle(spool));
	promise->acknowledged = spool_acknowledged(spool);
	TRY(append_batch(spool, number++, 1, 10));
	return note_promise(spool, promise);
}

static void check_promise(const struct promise *promise)
{
	plan.kind = FAULT_NONE;
	struct spool *spool = open_spool();
	check_sound(spool);
	ck_assert_uint_ge(spool_next(spool), promise->synced_next);
	ck_assert_uint_ge(spool_acknowledged(spool), promise->acknowledged);
	ck_assert_uint_ge(taken(spool), promise->taken);
	struct promise again = {0};
	ck_ok(scenario(spool, &again));
	check_sound(spool);
	spool_close(spool);
}

static void every_write_fails(enum fault_kind kind, int error_number)
{
	bool finished = false;
	for (unsigned at = 0; !finished; at++) {
		place();
		struct spool *spool = NULL;
		struct promise promise = {0};
		plan.kind = kind;
		plan.error = error_number;
		plan.at = at;
		plan.calls = 0;
		enum error error = spool_open(dir, ORIGIN, SENDER, &spool, NULL);
		bool opened = error == E_OK;
		if (opened) {
			error = scenario(spool, &promise);
			if (error != E_OK) /* spent: nothing works any more */
				ck_assert_int_ne((int)append_batch(spool, taken(spool), 1, 10) | (int)spool_sync(spool), E_OK);
			kill_spool(spool);
		}
		finished = plan.calls <= at;
		ck_assert(!finished || error == E_OK);
		ck_assert(finished || !opened || error_number == ENOSPC || error != E_OK);
		check_promise(&promise);
		clear();
	}
}

START_TEST(every_write_lost)
{
	every_write_fails(FAULT_LOST, EIO);
}
END_TEST

START_TEST(every_write_done_but_reported_failed)
{
	every_write_fails(FAULT_DONE, EIO);
}
END_TEST

/* Whatever does not go for want of room goes later, in the same process. */
START_TEST(every_write_without_room)
{
	every_write_fails(FAULT_LOST, ENOSPC);
	every_write_fails(FAULT_DONE, ENOSPC);
}
END_TEST

/* SND-17: only that there is no salt says that no run was interrupted. */
START_TEST(an_interrupted_pipe_is_remembered)
{
	char path[100];
	bool interrupted = true;
	place();
	snprintf(path, sizeof path, "%s/piped", dir);
	struct spool *spool = open_spool();
	ck_ok(spool_piped_begin(spool, false, &interrupted));
	ck_assert(!interrupted);
	ck_ok(spool_piped_note(spool));
	uint64_t hash = spool_piped_hash(spool, BYTES_LITERAL("a"));
	kill_spool(spool);
	spool = open_spool();
	ck_ok(spool_piped_begin(spool, false, &interrupted));
	ck_assert(interrupted);
	ck_assert_uint_eq(spool_piped_hash(spool, BYTES_LITERAL("a")), hash);
	ck_ok(spool_piped_end(spool));
	ck_ok(spool_piped_begin(spool, false, &interrupted));
	ck_assert(!interrupted);
	ck_assert_uint_ne(spool_piped_hash(spool, BYTES_LITERAL("a")), hash);
	ck_ok(spool_piped_note(spool));
	kill_spool(spool);
	ck_assert_int_eq(truncate(path, 7), 0);
	spool = open_spool();
	ck_error(spool_piped_begin(spool, false, &interrupted), E_CORRUPT);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_error(spool_piped_begin(spool, false, &interrupted), E_IO);
	ck_assert_int_eq(rmdir(path), 0);
	ck_ok(spool_piped_begin(spool, true, &interrupted));
	ck_assert(!interrupted);
	spool_close(spool);
	clear();
}
END_TEST

UNIT_MAIN("spool", keeps_what_waits, a_message_is_known_by_content_or_id, what_is_set_aside_may_be_sent_again,
	refusals_leave_the_spool_whole, secrets_are_destroyed, starts_where_the_ledger_is, the_first_version_is_taken_over,
	what_waits_in_older_versions, a_batch_is_replaced_whole, an_unfinished_replacement_never_happened,
	every_prefix_opens_as_it_was, a_torn_secret_was_never_sent, every_write_lost, every_write_done_but_reported_failed,
	every_write_without_room, an_interrupted_pipe_is_remembered)
