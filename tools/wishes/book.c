/* Turns are times of the clock that nobody sets, wishes are about the one on the wall: a turn is the distance between
 * the two now, and is reckoned anew when that changes. A time that lies ahead of the wall's clock (it was set back) is
 * taken for now, so that nobody waits for a day that comes once more. */
#include "tools/wishes/book.h"

#include "tools/wishes/due.h"

#include <sodium.h>

#define FILE_NAME "wishes"
#define APART_MS 5000u           /* the clocks, before turns are reckoned anew */
#define STALE_BYTES (4ull << 20) /* that the file may have, besides as much again as counts */
#define PERSON_BYTES_MAX (1 + 1 + 3 * 8 + NOTICE_ID_BYTES + WISHES_BYTES_MAX + 2 + SUBJECT_BYTES_MAX)
_Static_assert(PERSON_BYTES_MAX <= JOURNAL_RECORD_BYTES_MAX, "a person is one record");

enum record_kind { RECORD_POSITION = 1, RECORD_PERSON = 2, RECORD_GONE = 3 };

struct book {
	struct key *alias_key; /* guarded */
	struct journal *journal;
	struct people *people;
	struct book_rules rules;
	struct book_position position;
	bool begun;
	uint64_t delivered, dead, stopped, waiting;
	uint64_t cut;
	uint64_t wall_s, now_ms;
	int64_t apart_ms;     /* of the two clocks, when turns were last reckoned */
	uint64_t fresh_bytes; /* of the file when it was last written anew */
	uint64_t erase_ms;    /* by when it is to be; TURN_NEVER: nobody is to be erased */
};

/* ---- records ---- */

static void encode_person(const struct person *person, struct writer *out)
{
	writer_u8(out, RECORD_PERSON);
	writer_u8(out, person->stopped);
	writer_u64(out, person->new_s);
	writer_u64(out, person->told_s);
	writer_u64(out, person->made_s);
	writer_bytes(out, BYTES_ARRAY(person->id));
	wishes_encode(&person->wishes, out);
	writer_range16(out, bytes_text(person->subject));
}

static enum error add_record(struct book *book, struct writer *record)
{
	struct bytes bytes;
	TRY(writer_done(record, &bytes));
	enum error error = journal_add(book->journal, bytes);
	sodium_memzero(record->start, bytes.len);
	return error;
}

static enum error keep_person(struct book *book, const struct person *person)
{
	uint8_t buffer[PERSON_BYTES_MAX];
	struct writer record = writer_of(buffer, sizeof buffer);
	encode_person(person, &record);
	return add_record(book, &record);
}

static enum error keep_position(struct book *book)
{
	uint8_t buffer[1 + 8 + HASH_BYTES + 2 * 8];
	struct writer record = writer_of(buffer, sizeof buffer);
	writer_u8(&record, RECORD_POSITION);
	writer_u64(&record, book->position.next);
	writer_bytes(&record, hash_bytes(&book->position.last));
	writer_u64(&record, book->delivered);
	writer_u64(&record, book->dead);
	return add_record(book, &record);
}

static enum error keep_gone(struct book *book, const struct alias *alias)
{
	uint8_t buffer[1 + sizeof *alias];
	struct writer record = writer_of(buffer, sizeof buffer);
	writer_u8(&record, RECORD_GONE);
	writer_bytes(&record, BYTES_ARRAY(alias->b));
	return add_record(book, &record);
}

/* Before and after each change of a person, so that the totals are of what is. */
static void count(struct book *book, const struct person *person, int sign)
{
	book->stopped += (uint64_t)(sign * person->stopped);
	book->waiting += (uint64_t)(sign * (person->new_s != 0 || person->made_s != 0));
}

static enum error person_at(struct book *book, const struct alias *alias, struct bytes subject, struct person **out)
{
	*out = people_find(book->people, alias);
	if (*out == NULL)
		return people_add(book->people, alias, subject, out);
	count(book, *out, -1);
	return E_OK;
}

static enum error read_person(struct book *book, struct reader *in)
{
	struct person read = {0}, *person;
	struct alias alias;
	read.stopped = reader_flag(in);
	read.new_s = reader_u64(in);
	read.told_s = reader_u64(in);
	read.made_s = reader_u64(in);
	reader_copy(in, read.id, sizeof read.id);
	wishes_decode(in, &read.wishes);
	struct bytes subject = reader_range16(in, SUBJECT_BYTES_MAX);
	TRY(reader_done(in));
	alias_make(book->alias_key, subject, &alias);
	TRY(person_at(book, &alias, subject, &person));
	person->stopped = read.stopped;
	person->new_s = read.new_s;
	person->told_s = read.told_s;
	person->made_s = read.made_s;
	memcpy(person->id, read.id, sizeof read.id);
	person->wishes = read.wishes;
	count(book, person, 1);
	return E_OK;
}

static enum error read_gone(struct book *book, struct reader *in)
{
	struct alias alias;
	reader_copy(in, alias.b, sizeof alias.b);
	TRY(reader_done(in));
	struct person *person = people_find(book->people, &alias);
	if (person == NULL)
		return E_OK;
	count(book, person, -1);
	people_remove(book->people, person);
	book->erase_ms = 0; /* the file has them still */
	return E_OK;
}

static enum error read_position(struct book *book, struct reader *in)
{
	book->position.next = reader_u64(in);
	reader_copy(in, book->position.last.b, HASH_BYTES);
	book->delivered = reader_u64(in);
	book->dead = reader_u64(in);
	book->begun = true;
	return reader_done(in);
}

static enum error read_record(void *context, struct bytes record)
{
	struct book *book = context;
	struct reader in = reader_of(record);
	switch (reader_u8(&in)) {
	case RECORD_POSITION:
		return read_position(book, &in);
	case RECORD_PERSON:
		return read_person(book, &in);
	case RECORD_GONE:
		return read_gone(book, &in);
	default:
		return E_FORMAT;
	}
}

/* ---- from open to close ---- */

enum error book_open(int dir_fd, const struct key *alias_key, const struct key *sealing, const struct book_rules *rules,
	struct book **out, struct fault *fault)
{
	OWNED(book_release) struct book *book = calloc(1, sizeof *book);
	TRY(fault_set(fault, allocated(book), ""));
	book->rules = *rules;
	book->erase_ms = TURN_NEVER;
	book->people = people_new();
	book->alias_key = sodium_malloc(sizeof *book->alias_key);
	TRY(fault_set(fault, allocated(book->people != NULL && book->alias_key != NULL), ""));
	*book->alias_key = *alias_key;
	TRY(journal_open(dir_fd, FILE_NAME, sealing, read_record, book, &book->cut, &book->journal, fault));
	*out = OWN_TAKE(book);
	return E_OK;
}

void book_close(struct book *book)
{
	if (book == NULL)
		return;
	journal_close(book->journal);
	people_free(book->people);
	sodium_free(book->alias_key);
	free(book);
}

const struct people *book_people(const struct book *book)
{
	return book->people;
}

bool book_begun(const struct book *book)
{
	return book->begun;
}

struct book_position book_position(const struct book *book)
{
	return book->position;
}

struct book_totals book_totals(const struct book *book)
{
	return (struct book_totals){book->delivered, book->dead, book->stopped, book->waiting};
}

uint64_t book_cut(const struct book *book)
{
	return book->cut;
}

/* ---- turns ---- */

/* What lies ahead of the wall's clock was written before it was set back. */
static void clamp(const struct book *book, struct person *person)
{
	uint64_t *times[] = {&person->new_s, &person->told_s, &person->made_s};
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		if (*times[i] > book->wall_s)
			*times[i] = book->wall_s;
}

static void reckon(struct book *book, struct person *person)
{
	clamp(book, person);
	uint64_t turn_ms = TURN_NEVER;
	if (person->made_s != 0) {
		turn_ms = person->sending ? TURN_NEVER : book->now_ms;
	} else if (person->new_s != 0 && !person->stopped) {
		uint64_t due_s = due_time(&person->wishes, person->new_s, person->told_s, book->rules.gap_s);
		turn_ms = book->now_ms + (due_s > book->wall_s ? (due_s - book->wall_s) * 1000 : 0);
	}
	people_turn(book->people, person, turn_ms);
}

enum error book_now(struct book *book, uint64_t wall_s, uint64_t now_ms)
{
	int64_t apart_ms = (int64_t)(wall_s * 1000) - (int64_t)now_ms;
	int64_t moved_ms = apart_ms - book->apart_ms;
	book->wall_s = wall_s;
	book->now_ms = now_ms;
	if (moved_ms > -(int64_t)APART_MS && moved_ms < (int64_t)APART_MS)
		return E_OK;
	book->apart_ms = apart_ms;
	struct person *person;
	for (size_t at = 0; (person = people_next(book->people, &at)) != NULL;)
		reckon(book, person);
	return E_OK;
}

/* ---- what happens ---- */

enum error book_news(struct book *book, const struct alias *alias)
{
	struct person *person = people_find(book->people, alias);
	if (person == NULL || person->stopped || person->new_s != 0)
		return E_OK;
	count(book, person, -1);
	person->new_s = book->wall_s;
	count(book, person, 1);
	if (person->made_s == 0)
		reckon(book, person);
	return keep_person(book, person);
}

enum error book_reached(struct book *book, const struct book_position *position)
{
	book->position = *position;
	book->begun = true;
	return keep_position(book);
}

const struct person *book_find(const struct book *book, struct bytes subject)
{
	struct alias alias;
	alias_make(book->alias_key, subject, &alias);
	return people_find(book->people, &alias);
}

enum error book_set(struct book *book, struct bytes subject, const struct wishes *wishes)
{
	struct alias alias;
	struct person *person;
	alias_make(book->alias_key, subject, &alias);
	TRY(person_at(book, &alias, subject, &person));
	person->wishes = *wishes;
	person->stopped = false;
	count(book, person, 1);
	if (person->made_s == 0)
		reckon(book, person);
	return keep_person(book, person);
}

enum error book_remove(struct book *book, struct bytes subject)
{
	struct alias alias;
	alias_make(book->alias_key, subject, &alias);
	struct person *person = people_find(book->people, &alias);
	if (person == NULL)
		return E_OK;
	count(book, person, -1);
	people_remove(book->people, person);
	if (book->erase_ms == TURN_NEVER)
		book->erase_ms = book->now_ms + BOOK_ERASE_MS;
	return keep_gone(book, &alias);
}

/* Before it is sent for the first time it is on the disk, with its id. */
static enum error make_notice(struct book *book, struct person *person)
{
	person->made_s = book->wall_s;
	person->told_s = book->wall_s;
	person->new_s = 0;
	person->refusals = 0;
	randombytes_buf(person->id, sizeof person->id);
	return keep_person(book, person);
}

enum error book_next(struct book *book, struct person **out)
{
	struct person *person = people_first(book->people);
	*out = NULL;
	if (person == NULL || person->turn_ms > book->now_ms)
		return E_OK;
	people_turn(book->people, person, TURN_NEVER);
	person->sending = true;
	*out = person;
	return person->made_s == 0 ? make_notice(book, person) : E_OK;
}

uint64_t book_turn_ms(const struct book *book)
{
	const struct person *person = people_first(book->people);
	return person != NULL ? person->turn_ms : TURN_NEVER;
}

/* The notice is over, however it went. */
static enum error end_notice(struct book *book, struct person *person)
{
	count(book, person, -1);
	person->made_s = 0;
	memset(person->id, 0, sizeof person->id);
	if (person->stopped)
		person->new_s = 0;
	count(book, person, 1);
	reckon(book, person);
	TRY(keep_person(book, person));
	return keep_position(book);
}

enum error book_delivered(struct book *book, struct person *person)
{
	person->sending = false;
	book->delivered++;
	return end_notice(book, person);
}

enum error book_failed(struct book *book, struct person *person, bool refused, uint64_t again_ms)
{
	person->sending = false;
	person->refusals += refused;
	if (book->wall_s >= person->made_s + book->rules.dead_s) {
		book->dead++;
		return end_notice(book, person);
	}
	people_turn(book->people, person, again_ms);
	return E_OK;
}

enum error book_stop(struct book *book, struct person *person)
{
	person->sending = false;
	count(book, person, -1);
	person->stopped = true;
	count(book, person, 1);
	return end_notice(book, person);
}

/* ---- the file ---- */

static enum error renew(struct book *book)
{
	const struct person *person;
	TRY(journal_renew(book->journal));
	if (book->begun)
		TRY(keep_position(book));
	for (size_t at = 0; (person = people_next(book->people, &at)) != NULL;)
		TRY(keep_person(book, person));
	TRY(journal_commit(book->journal));
	book->fresh_bytes = journal_bytes(book->journal);
	book->erase_ms = TURN_NEVER;
	return E_OK;
}

enum error book_commit(struct book *book)
{
	TRY(journal_commit(book->journal));
	bool stale = journal_bytes(book->journal) > 2 * book->fresh_bytes + STALE_BYTES;
	return stale || book->erase_ms <= book->now_ms ? renew(book) : E_OK;
}
