#include "ledger/base/domain.h"
#include "ledger/filed/filed_put.h"
#include "ledger/filed/posting.h"
#include "tests/lib/filed.h"
#include "tests/lib/place.h"
#include "tests/lib/unit.h"

#include <sodium.h>

#define SUBJECTS 7
#define EVENTS 6000

static struct place place;
static struct filed filed;
static struct seal_keys keys;

static struct alias alias_of(unsigned subject)
{
	struct alias alias = {{0}};
	alias.b[0] = (uint8_t)(subject * 40); /* neighbours in the table */
	alias.b[31] = (uint8_t)subject;
	return alias;
}

/* One person's part of an epoch: what the head says is there, and behind it what is new. */
static void add(const struct alias *alias, const uint64_t *indexes, size_t count)
{
	uint8_t key[POSTING_KEY_BYTES];
	struct head head;
	enum error error = head_get(&filed.runs, &keys, alias, &head);
	if (error != E_OK) {
		ck_error(error, E_NOT_FOUND);
		head = (struct head){.newest = 0};
		merkle_frontier_init(&head.frontier);
	}
	posting_key(alias, 0, key);
	filed_reach(&filed, RUN_SUBJECT, BYTES_ARRAY(key));
	for (size_t i = 0; i < count; i++) {
		struct hash leaf = {{0}};
		ck_ok(posting_add(filed.writer, &keys, alias, &head, indexes[i]));
		merkle_frontier_append(&head.frontier, &leaf, NULL, NULL);
		head.newest = indexes[i];
	}
	ck_ok(head_put(filed.writer, &keys, alias, &head));
}

/* Against a plain array: many epochs of random size, some of them given up and done again; then every kind of page. */
/* STO-14 */
START_TEST(against_plain_lists)
{
	static uint64_t lists[SUBJECTS][EVENTS];
	size_t counts[SUBJECTS] = {0};
	struct key master = {{8}};
	seal_keys_derive(&master, &keys);
	place_make(&place);
	filed_make(&filed, place.path);
	uint64_t index = 0;
	while (index < EVENTS) {
		size_t before[SUBJECTS];
		memcpy(before, counts, sizeof before);
		for (uint64_t end = index + 1 + randombytes_uniform(900); index < end && index < EVENTS; index++) {
			unsigned subject = randombytes_uniform(2) ? 3 : randombytes_uniform(SUBJECTS - 1);
			lists[subject][counts[subject]++] = index;
		}
		for (unsigned again = randombytes_uniform(2); again < 2; again++) {
			filed_give_up(&filed);
			filed_new_run(&filed, 1 + randombytes_uniform(20000));
			for (unsigned s = 0; s < SUBJECTS; s++) {
				struct alias alias = alias_of(s);
				if (counts[s] > before[s])
					add(&alias, lists[s] + before[s], counts[s] - before[s]);
			}
		}
		filed_finish(&filed);
	}
	for (unsigned s = 0; s < SUBJECTS; s++) {
		struct alias alias = alias_of(s);
		uint64_t before = UINT64_MAX;
		size_t left = counts[s];
		for (;;) {
			uint64_t page[100];
			size_t count;
			size_t max = 1 + randombytes_uniform(100);
			ck_ok(posting_find(&filed.runs, &keys, &alias, before, page, max, &count));
			ck_assert_uint_eq(count, left < max ? left : max);
			for (size_t i = 0; i < count; i++)
				ck_assert(page[i] == lists[s][--left]);
			if (count < max)
				break;
			before = page[count - 1];
		}
		ck_assert_uint_eq(left, 0);
	}
	ck_assert_uint_eq(counts[SUBJECTS - 1], 0);
	filed_close(&filed);
	place_remove(&place);
}
END_TEST

/* ---- heads ---- */

/* With `count` leaves, the newest of which are far apart. */
static struct head head_of(size_t count, uint64_t gap_max)
{
	struct head head = {.label = {{7}}, .newest = 1ull << 62};
	merkle_frontier_init(&head.frontier);
	for (size_t i = 0; i < count; i++) {
		struct hash leaf = {{(uint8_t)i}};
		merkle_frontier_append(&head.frontier, &leaf, NULL, NULL);
	}
	for (size_t i = head_open_indexes(&head), n = i; i > 0; i--) {
		uint64_t gap;
		randombytes_buf(&gap, sizeof gap);
		head.indexes[i - 1] = i == n ? head.newest : head.indexes[i] - 1 - gap % gap_max;
	}
	return head;
}

static void seal_plain(const uint8_t *plain, size_t len, uint8_t *row)
{
	uint8_t key[POSTING_KEY_BYTES];
	struct alias alias = alias_of(1);
	posting_key(&alias, POSTING_HEAD, key);
	ck_ok(seal_row(&keys.filing, DOMAIN_HEAD, BYTES_ARRAY(key), bytes_of(plain, len), row));
}

static enum error open_row(const uint8_t *row, size_t len, struct head *out)
{
	uint8_t key[POSTING_KEY_BYTES];
	struct alias alias = alias_of(1);
	posting_key(&alias, POSTING_HEAD, key);
	return head_open(&keys, BYTES_ARRAY(key), bytes_of(row, len), out);
}

static void check_head(const struct head *head, const struct head *wanted)
{
	ck_assert_mem_eq(head->label.b, wanted->label.b, LABEL_BYTES);
	ck_assert_uint_eq(head->newest, wanted->newest);
	ck_assert_uint_eq(head->frontier.size, wanted->frontier.size);
	ck_assert_mem_eq(head->frontier.hashes, wanted->frontier.hashes, wanted->frontier.count * sizeof(struct hash));
	ck_assert_mem_eq(head->indexes, wanted->indexes, head_open_indexes(wanted) * sizeof wanted->indexes[0]);
}

/* All of a head but its indexes. */
static size_t fixed_plain(const struct head *head, uint8_t *plain)
{
	struct writer w = writer_of(plain, HEAD_BYTES_MAX);
	writer_bytes(&w, BYTES_ARRAY(head->label.b));
	writer_u64(&w, head->newest);
	merkle_frontier_write(&w, &head->frontier);
	ck_ok(w.error);
	return writer_len(&w);
}

START_TEST(heads_are_read_as_they_were_written)
{
	static const uint64_t gaps[] = {1, 100, 1u << 20, 1ull << 53};
	struct alias alias = alias_of(1);
	seal_keys_derive(&(struct key){{3}}, &keys);
	for (size_t count = 1; count <= 520; count++)
		for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
			static uint8_t row[HEAD_ROW_BYTES_MAX];
			size_t len;
			struct head head = head_of(count, gaps[i]), back;
			ck_ok(head_seal(&keys, &alias, &head, row, &len));
			ck_ok(open_row(row, len, &back));
			check_head(&back, &head);
		}
}
END_TEST

START_TEST(heads_that_are_none)
{
	static uint8_t plain[HEAD_BYTES_MAX + 8], row[HEAD_ROW_BYTES_MAX + 8];
	static const struct {
		const char *name;
		struct bytes end;
	} ends[] = {
		{"no gap", BYTES_LITERAL("\x01\x00")},
		{"one missing", BYTES_LITERAL("\x01")},
		{"one that does not end", BYTES_LITERAL("\x01\x80")},
		{"one that is too long", BYTES_LITERAL("\x01\x80\x80\x80\x80\x80\x80\x80\x80\x01")},
		{"before the log", BYTES_LITERAL("\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F")},
		{"one too many", BYTES_LITERAL("\x01\x01\x01")},
	};
	struct head head = head_of(3, 1), back;
	head.newest = 1000; /* fewer than what stands before it */
	seal_keys_derive(&(struct key){{3}}, &keys);
	size_t fixed = fixed_plain(&head, plain);
	seal_plain(plain, fixed, row);
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		memcpy(plain + fixed, ends[i].end.data, ends[i].end.len);
		seal_plain(plain, fixed + ends[i].end.len, row);
		enum error error = open_row(row, fixed + ends[i].end.len + ROW_SEAL_OVERHEAD, &back);
		ck_assert_msg(error == E_CORRUPT, "%s: %s", ends[i].name, error_text(error));
	}
	memcpy(plain + fixed, "\x01\xE6\x07", 3);
	seal_plain(plain, fixed + 3, row);
	ck_ok(open_row(row, fixed + 3 + ROW_SEAL_OVERHEAD, &back));
	ck_assert_uint_eq(back.indexes[0], 1);
	ck_assert_uint_eq(back.indexes[1], 999);
	ck_assert_uint_eq(back.indexes[2], 1000);
}
END_TEST

UNIT_MAIN("posting", against_plain_lists, heads_are_read_as_they_were_written, heads_that_are_none)
