#include "ingest/sender/filing_book.h"
#include "tests/lib/fixture.h"

static struct fixture f;
static struct filing_book *book;
static char path[128];

static void open_book(uint64_t begin)
{
	struct fault fault = {.text = ""};
	enum error error = filing_book_open(path, true, begin, &book, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
}

static void begin(uint64_t sequence)
{
	fixture_make(&f);
	snprintf(path, sizeof path, "%s/book", f.place.path);
	open_book(sequence);
}

static void end(void)
{
	filing_book_close(book);
	fixture_remove(&f);
}

/* Notes a batch of the fixture's sender; not committed. */
static void add(uint64_t first_sequence, const uint32_t *subjects, uint32_t count, uint64_t first_index)
{
	struct bytes body = fixture_batch(&f, first_sequence, subjects, count, 0);
	ck_ok(filing_book_add(book, body, first_index, 1000 + first_sequence));
	free((void *)(uintptr_t)body.data);
}

static struct filing_note next(void)
{
	struct filing_note note;
	ck_ok(filing_book_next(book, &note));
	return note;
}

static void pass_next(const struct filing_label *labels, size_t count)
{
	struct filing_note note = next();
	ck_ok(filing_book_pass(book, &note, labels, count));
	filing_note_free(&note);
}

static void nothing_waits(void)
{
	struct filing_note note;
	ck_error(filing_book_next(book, &note), E_NOT_FOUND);
}

/* SND-20, SND-21 */
START_TEST(from_receipt_to_claim)
{
	static const uint32_t first[] = {1, 2, 1}, second[] = {3};
	struct filing_note note;
	begin(0);
	nothing_waits();
	add(0, first, 3, 2);
	add(3, NULL, 2, 6); /* about nobody */
	ck_ok(filing_book_commit(book));
	add(5, second, 1, 9);
	add(0, first, 3, 2); /* a repeated receipt */
	ck_ok(filing_book_commit(book));
	ck_ok(filing_book_commit(book)); /* nothing to do */
	ck_assert_uint_eq(filing_book_claim(book), 0);

	note = next();
	ck_assert_uint_eq(note.first_sequence, 0);
	ck_assert_uint_eq(note.first_index, 2);
	ck_assert_uint_eq(note.receipt_s, 1000);
	ck_assert_uint_eq(note.count, 3);
	ck_assert_int_eq(note.kind, BATCH_EVENT);
	ck_assert(bytes_equal(note.subjects[0], bytes_text(fixture_subject(1))));
	ck_assert(bytes_equal(note.subjects[1], bytes_text(fixture_subject(2))));
	ck_assert(bytes_equal(note.subjects[2], bytes_text(fixture_subject(1))));
	ck_ok(filing_book_pass(book, &note, NULL, 0));
	filing_note_free(&note);
	ck_assert_uint_eq(filing_book_claim(book), 3);

	note = next();
	ck_assert_int_eq(note.kind, BATCH_MASS);
	filing_note_free(&note);
	pass_next(NULL, 0);
	ck_assert_uint_eq(filing_book_claim(book), 5);
	add(0, first, 3, 2); /* long checked */
	ck_ok(filing_book_commit(book));
	note = next();
	ck_assert_uint_eq(note.first_sequence, 5);
	filing_note_free(&note);
	pass_next(NULL, 0);
	nothing_waits();
	end();
}
END_TEST

START_TEST(labels_are_remembered)
{
	static const uint32_t subjects[] = {1, 2};
	struct label label;
	struct filing_label proven[] = {{bytes_text("cpr:0101700001"), {{7}}}, {bytes_text("cpr:0101700002"), {{8}}}};
	begin(0);
	ck_error(filing_book_label(book, proven[0].subject, &label), E_NOT_FOUND);
	add(0, subjects, 2, 2);
	ck_ok(filing_book_commit(book));
	pass_next(proven, 2);
	for (unsigned again = 0; again < 2; again++) {
		ck_ok(filing_book_label(book, proven[0].subject, &label));
		ck_assert_uint_eq(label.b[0], 7);
		ck_ok(filing_book_label(book, proven[1].subject, &label));
		ck_assert_uint_eq(label.b[0], 8);
		ck_error(filing_book_label(book, bytes_text("cpr:0101700003"), &label), E_NOT_FOUND);
		ck_assert_uint_eq(filing_book_claim(book), 2);
		filing_book_close(book);
		open_book(77); /* it is there: where it begins does not change */
	}
	end();
}
END_TEST

/* What was not committed is not there after a crash, and the receipt comes again. */
START_TEST(uncommitted_is_lost)
{
	static const uint32_t subjects[] = {1, 2};
	begin(0);
	add(0, subjects, 2, 2);
	ck_ok(filing_book_commit(book));
	add(2, subjects, 2, 5);
	filing_book_close(book);
	open_book(0);
	pass_next(NULL, 0);
	nothing_waits();
	end();
}
END_TEST

/* SND-22: nothing is claimed by a book that lacks the sender's first events. */
START_TEST(a_late_book_claims_nothing)
{
	static const uint32_t subjects[] = {1, 2};
	struct fault fault;
	begin(10);
	add(10, subjects, 2, 100);
	ck_ok(filing_book_commit(book));
	pass_next(NULL, 0);
	ck_assert_uint_eq(filing_book_claim(book), 0);
	nothing_waits();
	struct filing_book *none = NULL;
	ck_error(filing_book_open("/nonexistent/book", false, 0, &none, &fault), E_NOT_FOUND);
	end();
}
END_TEST

/* SND-22: a lost spool, or another sender with the same key, leaves a hole; no claim crosses it. */
START_TEST(no_claim_crosses_a_hole)
{
	static const uint32_t subjects[] = {1, 2};
	begin(0);
	add(0, subjects, 2, 2);
	add(4, subjects, 2, 9);
	add(6, subjects, 2, 12);
	ck_ok(filing_book_commit(book));
	for (unsigned i = 0; i < 3; i++) {
		pass_next(NULL, 0);
		ck_assert_uint_eq(filing_book_claim(book), 2);
	}
	nothing_waits();
	filing_book_close(book);
	open_book(0);
	ck_assert_uint_eq(filing_book_claim(book), 2);
	end();
}
END_TEST

UNIT_MAIN("filing_book", no_claim_crosses_a_hole, from_receipt_to_claim, labels_are_remembered, uncommitted_is_lost,
	a_late_book_claims_nothing)
