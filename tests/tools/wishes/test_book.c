/* The book of who is told: what was committed is there again, wherever the file ends; nobody is told twice under two
 * ids, and nobody is forgotten; who is off is gone from the disk. */
#include "tests/lib/place.h"
#include "tests/lib/unit.h"
#include "tools/wishes/book.h"

#include "ledger/base/file.h"

#include <fcntl.h>
#include <string.h>

static const struct key alias_key = {{1}}, sealing = {{2}};
static const struct book_rules rules = {.gap_s = 900, .dead_s = 3 * 86400};
static struct place place;
static int dir_fd;

static void setup(void)
{
	place_make(&place);
	dir_fd = open(place.path, O_RDONLY | O_DIRECTORY);
}

static void teardown(void)
{
	close(dir_fd);
	place_remove(&place);
}

static enum error open_with(const struct key *key, struct book **out, struct fault *fault)
{
	return book_open(dir_fd, &alias_key, key, &rules, out, fault);
}

static struct book *open_book(uint64_t wall_s)
{
	struct book *book = NULL;
	struct fault fault = {0};
	ck_assert_msg(open_with(&sealing, &book, &fault) == E_OK, "%s", fault.text);
	ck_ok(book_now(book, wall_s, 1000));
	return book;
}

static struct alias alias_of(const char *subject)
{
	struct alias out;
	alias_make(&alias_key, bytes_text(subject), &out);
	return out;
}

static void wish(struct book *book, const char *subject)
{
	const struct wishes wishes = {.when = WISH_AT_ONCE, .zone = "UTC", .language = "da"};
	ck_ok(book_set(book, bytes_text(subject), &wishes));
}

static void news(struct book *book, const char *subject)
{
	struct alias alias = alias_of(subject);
	ck_ok(book_news(book, &alias));
}

static const struct person *find(const struct book *book, const char *subject)
{
	return book_find(book, bytes_text(subject));
}

static struct person *next(struct book *book)
{
	struct person *person;
	ck_ok(book_next(book, &person));
	ck_ok(book_commit(book));
	return person;
}

/* NTF-20, NTF-21 */
START_TEST(a_notice_survives_under_its_id)
{
	uint8_t id[NOTICE_ID_BYTES];
	struct book *book = open_book(5000);
	ck_assert(!book_begun(book));
	wish(book, "cpr:0101701234");
	ck_ok(book_reached(book, &(struct book_position){.next = 7, .last = {{9}}}));
	news(book, "cpr:0101701235");
	ck_assert_ptr_null(next(book)); /* of others nothing is said */
	news(book, "cpr:0101701234");
	struct person *person = next(book);
	ck_assert_str_eq(person->subject, "cpr:0101701234");
	memcpy(id, person->id, sizeof id);
	news(book, "cpr:0101701234"); /* while it is on the line */
	ck_assert_ptr_null(next(book));
	book_close(book);

	book = open_book(5001);
	ck_assert(book_begun(book) && book_position(book).next == 7 && book_position(book).last.b[0] == 9);
	person = next(book);
	ck_assert(person != NULL && memcmp(person->id, id, sizeof id) == 0 && person->new_s == 5000);
	ck_ok(book_delivered(book, person));
	ck_ok(book_commit(book));
	ck_assert_ptr_null(next(book)); /* the second one keeps its distance */
	ck_assert_uint_eq(book_turn_ms(book), 1000 + 899 * 1000);
	ck_ok(book_now(book, 5900, 900000));
	person = next(book);
	ck_assert(person != NULL && memcmp(person->id, id, sizeof id) != 0);
	ck_assert_uint_eq(book_totals(book).delivered, 1);
	ck_assert_uint_eq(book_totals(book).waiting, 1);
	book_close(book);
}
END_TEST

/* NTF-20: killed while it is on the line, before anything else is written. */
START_TEST(what_is_on_the_line_has_its_id)
{
	uint8_t id[NOTICE_ID_BYTES];
	struct book *book = open_book(5000);
	wish(book, "cpr:0101701234");
	news(book, "cpr:0101701234");
	memcpy(id, next(book)->id, sizeof id);
	book_close(book);
	book = open_book(5001);
	const struct person *person = next(book);
	ck_assert(person != NULL && memcmp(person->id, id, sizeof id) == 0 && person->made_s == 5000);
	book_close(book);
}
END_TEST

/* NTF-21: cut after any byte, the file is that of an earlier moment. */
START_TEST(every_end_of_the_file_is_a_moment)
{
	struct book *book = open_book(5000);
	for (int i = 0; i < 6; i++) {
		char subject[32];
		snprintf(subject, sizeof subject, "cpr:010170123%d", i);
		wish(book, subject);
		news(book, subject);
		ck_ok(book_commit(book));
	}
	ck_assert_ptr_nonnull(next(book));
	book_close(book);
	uint8_t *whole;
	size_t len, last = 0;
	ck_ok(file_read_all(dir_fd, "wishes", 1 << 20, &whole, &len));
	for (size_t end = 0; end <= len; end++) {
		struct fault fault = {0};
		ck_ok(file_write_atomic(dir_fd, "wishes", bytes_of(whole, end), 0600));
		enum error error = open_with(&sealing, &book, &fault);
		if (error != E_OK) { /* what is made whole is never seen without its head */
			ck_assert(end < 128 && last == 0);
			continue;
		}
		size_t count = people_count(book_people(book));
		ck_assert(count >= last && count <= 6);
		last = count;
		book_close(book);
	}
	ck_assert_uint_eq(last, 6);
	free(whole);
}
END_TEST

/* Of damage in its middle nothing is made that looks whole. */
START_TEST(damage_is_no_torn_end)
{
	struct book *book = open_book(5000), *none = NULL;
	struct fault fault = {0};
	wish(book, "cpr:0101701234");
	wish(book, "cpr:0101701235");
	ck_ok(book_commit(book));
	book_close(book);
	uint8_t *whole;
	size_t len;
	ck_ok(file_read_all(dir_fd, "wishes", 1 << 20, &whole, &len));
	for (size_t at = 140; at < 200; at++) {
		whole[at] ^= 1;
		ck_ok(file_write_atomic(dir_fd, "wishes", bytes_of(whole, len), 0600));
		ck_error(open_with(&sealing, &none, &fault), E_CORRUPT);
		whole[at] ^= 1;
	}
	ck_ok(file_write_atomic(dir_fd, "wishes", bytes_of(whole, len), 0600));
	const struct key other = {{3}};
	ck_error(open_with(&other, &none, &fault), E_UNSEALED);
	ck_ok(file_write_atomic(dir_fd, "wishes", bytes_text("something else, long enough to be looked at"), 0600));
	ck_error(open_with(&sealing, &none, &fault), E_FORMAT);
	free(whole);
}
END_TEST

/* NTF-8, NTF-9 */
START_TEST(who_is_off_is_gone)
{
	struct book *book = open_book(5000);
	wish(book, "cpr:0101701234");
	wish(book, "cpr:0101701235");
	ck_ok(book_commit(book));
	uint8_t *file;
	size_t before, after;
	ck_ok(file_read_all(dir_fd, "wishes", 1 << 20, &file, &before));
	ck_assert_ptr_null(memmem(file, before, "0101701234", 10)); /* sealed, while they are on, too */
	free(file);
	ck_ok(book_remove(book, bytes_text("cpr:0101701234")));
	ck_ok(book_remove(book, bytes_text("cpr:0101701239")));
	ck_ok(book_commit(book));
	ck_assert_ptr_null(find(book, "cpr:0101701234"));
	news(book, "cpr:0101701234");
	ck_assert_ptr_null(next(book));
	ck_ok(book_now(book, 5000 + BOOK_ERASE_MS / 1000, 1000 + BOOK_ERASE_MS));
	ck_ok(book_commit(book));
	ck_ok(file_read_all(dir_fd, "wishes", 1 << 20, &file, &after));
	free(file);
	ck_assert_uint_lt(after, before);
	book_close(book);
	book = open_book(9000);
	ck_assert_uint_eq(people_count(book_people(book)), 1);
	ck_assert_ptr_nonnull(find(book, "cpr:0101701235"));
	book_close(book);
}
END_TEST

/* NTF-9: killed in between, it is erased after the next start. */
START_TEST(erasing_is_not_forgotten)
{
	struct book *book = open_book(5000);
	wish(book, "cpr:0101701234");
	ck_ok(book_remove(book, bytes_text("cpr:0101701234")));
	ck_ok(book_commit(book));
	book_close(book);
	uint8_t *file;
	size_t before, after;
	ck_ok(file_read_all(dir_fd, "wishes", 1 << 20, &file, &before));
	free(file);
	book = open_book(5001);
	ck_ok(book_commit(book));
	book_close(book);
	ck_ok(file_read_all(dir_fd, "wishes", 1 << 20, &file, &after));
	free(file);
	ck_assert_uint_lt(after, before);
}
END_TEST

/* NTF-24, NTF-25 */
START_TEST(given_up_or_gone)
{
	struct book *book = open_book(5000);
	wish(book, "cpr:0101701234");
	news(book, "cpr:0101701234");
	struct person *person = next(book);
	ck_ok(book_failed(book, person, true, 3000));
	ck_assert_uint_eq(person->refusals, 1);
	ck_assert_ptr_null(next(book));
	ck_ok(book_now(book, 5002, 3000));
	ck_assert_ptr_eq(next(book), person);
	ck_ok(book_now(book, 5000 + 3 * 86400, 3000 + (3 * 86400 - 2) * 1000ull));
	ck_ok(book_failed(book, person, false, UINT64_MAX - 1));
	ck_assert_uint_eq(book_totals(book).dead, 1);
	ck_assert_uint_eq(book_totals(book).waiting, 0);
	news(book, "cpr:0101701234"); /* the next one is tried again */
	person = next(book);
	ck_assert_ptr_nonnull(person);
	ck_ok(book_stop(book, person));
	ck_ok(book_commit(book));
	news(book, "cpr:0101701234");
	ck_assert_ptr_null(next(book));
	book_close(book);
	book = open_book(600000);
	ck_assert_uint_eq(book_totals(book).stopped, 1);
	ck_assert_uint_eq(book_totals(book).dead, 1);
	news(book, "cpr:0101701234");
	ck_assert_ptr_null(next(book));
	wish(book, "cpr:0101701234"); /* a new wish begins anew: of what came meanwhile nothing is said */
	ck_assert_ptr_null(next(book));
	news(book, "cpr:0101701234");
	ck_assert_ptr_nonnull(next(book));
	book_close(book);
}
END_TEST

/* NTF-16 */
START_TEST(a_clock_that_is_set)
{
	const struct wishes daily = {.when = WISH_DAILY, .hour = 8, .zone = "UTC", .language = "da"};
	struct book *book = open_book(10 * 86400 + 9 * 3600);
	ck_ok(book_set(book, bytes_text("cpr:0101701234"), &daily));
	news(book, "cpr:0101701234");
	ck_assert_uint_eq(book_turn_ms(book), 1000 + 23 * 3600 * 1000ull);
	ck_ok(book_now(book, 10 * 86400 + 7 * 3600, 2000)); /* back by two hours: today's hour is to come again */
	ck_assert_uint_eq(book_turn_ms(book), 2000 + 3600 * 1000ull);
	ck_ok(book_now(book, 400 * 86400, 3000)); /* far ahead: it is due */
	ck_assert_ptr_nonnull(next(book));
	book_close(book);
}
END_TEST

START_TEST(much_that_is_stale_is_dropped)
{
	struct book *book = open_book(5000);
	wish(book, "cpr:0101701234");
	for (unsigned i = 0; i < 60000; i++)
		ck_ok(book_reached(book, &(struct book_position){.next = i}));
	ck_ok(book_commit(book));
	book_close(book);
	uint8_t *file;
	size_t len;
	ck_ok(file_read_all(dir_fd, "wishes", 1 << 26, &file, &len));
	free(file);
	ck_assert_uint_lt(len, 1000);
	book = open_book(5000);
	ck_assert_uint_eq(book_position(book).next, 59999);
	ck_assert_ptr_nonnull(find(book, "cpr:0101701234"));
	book_close(book);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("book");
	const TTest *const tests[] = {a_notice_survives_under_its_id, what_is_on_the_line_has_its_id,
		every_end_of_the_file_is_a_moment, damage_is_no_torn_end, who_is_off_is_gone, erasing_is_not_forgotten,
		given_up_or_gone, a_clock_that_is_set, much_that_is_stale_is_dropped};
	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(tcase, tests[i]);
	return unit_run("book", tcase);
}
