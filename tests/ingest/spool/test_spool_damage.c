#include "tests/lib/spool_place.h"
#include "tests/lib/unit.h"

#include <unistd.h>

/* What is damaged, and has good records behind it, costs itself and is told once; the rest waits. */
START_TEST(damaged_in_the_middle)
{
	static const size_t places[] = {SPOOL_SECRET_AT + 31, SPOOL_SECRET_AT + 40, 1};
	for (size_t p = 0; p < sizeof places / sizeof places[0]; p++)
		for (size_t i = 0; i < 4; i++) {
			place();
			struct spool *spool = open_spool();
			for (unsigned n = 0; n < 5; n++)
				ck_ok(append_batch(spool, n, 1, 20));
			ck_ok(spool_sync(spool));
			damage(spool, i, places[p]);
			kill_spool(spool);
			for (unsigned turn = 0; turn < 2; turn++) {
				spool = open_spool();
				ck_assert(spool_damaged(spool) == (turn == 0));
				ck_assert_uint_eq(spool_count(spool), 4);
				for (size_t j = 0; j < 4; j++)
					ck_assert_uint_eq(spool_pending(spool, j)->head.first_sequence, j < i ? j : j + 1);
				for (uint64_t n = 0; n < 5; n++)
					ck_assert_uint_eq(remembered_count(spool_remembered(spool), 1000 + n), n == i ? 0 : 1);
				ck_assert_uint_eq(spool_next(spool), 5);
				spool_close(spool);
			}
			clear();
		}
}
END_TEST

/* Behind damage: the batches that were to be replaced are not there any more, and the new ones are. */
START_TEST(damaged_before_a_replacement)
{
	place();
	struct spool *spool = open_spool();
	ck_ok(append_batch(spool, 0, 1, 20));
	ck_ok(spool_sync(spool));
	uint64_t at = spool->journal.end;
	ck_ok(append_batch(spool, 1, 2, 20));
	ck_ok(replace_messages(spool, 1, 1, 2, 1));
	ck_ok(spool_replaced(spool, 1, NULL));
	ck_ok(journal_write(&spool->journal));
	uint8_t zero = 0;
	ck_assert_int_eq(pwrite(spool->journal.fd, &zero, 1, (off_t)at), 1);
	kill_spool(spool);
	spool = open_spool();
	ck_assert(spool_damaged(spool));
	ck_assert_uint_eq(spool_count(spool), 2);
	ck_assert_uint_eq(spool_pending(spool, 1)->head.first_sequence, 1);
	ck_assert_uint_eq(spool_next(spool), 2);
	spool_close(spool);
	clear();
}
END_TEST

/* Of three new batches one did not reach the disk, whatever stands behind it: the old ones wait as before. */
START_TEST(a_replacement_that_is_not_all_there)
{
	for (unsigned lost = 0; lost < 3; lost++) {
		uint64_t at[3];
		place();
		struct spool *spool = open_spool();
		for (uint64_t n = 0; n < 3; n++)
			ck_ok(append_batch(spool, 4 * n, 4, 20));
		ck_ok(spool_sync(spool));
		for (uint64_t n = 0; n < 3; n++) {
			at[n] = spool->journal.end;
			ck_ok(replace_messages(spool, 0, 4 * n, 4 * n, 4));
		}
		ck_ok(spool_replaced(spool, 0, NULL));
		ck_ok(journal_write(&spool->journal));
		uint8_t zero = 0;
		ck_assert_int_eq(pwrite(spool->journal.fd, &zero, 1, (off_t)at[lost]), 1);
		kill_spool(spool);
		spool = open_spool();
		ck_assert(spool_damaged(spool));
		ck_assert_uint_eq(spool_count(spool), 3);
		for (uint64_t n = 0; n < 3; n++) {
			ck_assert_uint_eq(spool_pending(spool, n)->head.first_sequence, 4 * n);
			ck_assert(spool_pending(spool, n)->intact);
		}
		ck_assert_uint_eq(spool_next(spool), 12);
		spool_close(spool);
		clear();
	}
}
END_TEST

/* Damage later, when the old ones have no secrets any more: what is there of the new ones waits. */
START_TEST(a_replacement_that_is_damaged)
{
	for (unsigned lost = 0; lost < 3; lost++) {
		place();
		struct spool *spool = open_spool();
		for (uint64_t n = 0; n < 3; n++)
			ck_ok(append_batch(spool, 4 * n, 4, 20));
		ck_ok(spool_sync(spool));
		for (uint64_t n = 0; n < 3; n++)
			ck_ok(replace_messages(spool, 0, 4 * n, 4 * n, 4));
		ck_ok(spool_replaced(spool, 0, NULL));
		ck_ok(spool_sync(spool));
		damage(spool, lost, SPOOL_SECRET_AT + 40);
		kill_spool(spool);
		spool = open_spool();
		ck_assert(spool_damaged(spool));
		ck_assert_uint_eq(spool_count(spool), 2);
		ck_assert_uint_eq(spool_pending(spool, 0)->head.first_sequence, lost == 0 ? 4 : 0);
		ck_assert_uint_eq(spool_pending(spool, 1)->head.first_sequence, lost == 2 ? 4 : 8);
		spool_close(spool);
		clear();
	}
}
END_TEST

UNIT_MAIN("spool_damage", damaged_in_the_middle, damaged_before_a_replacement, a_replacement_that_is_not_all_there,
	a_replacement_that_is_damaged)
