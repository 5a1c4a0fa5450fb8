/* Two threads: the outbox adds, the checker reads and passes.
 *
 *   outbox:   add ─ add ─ ... ─ commit      one transaction, with the mutex held from the first add to the commit
 *   checker:  next ─► label, label, ... ─► pass     reads are snapshots and wait for nobody; pass takes the mutex
 *
 * The mutex keeps the two writers apart, and guards `checked`, which is in memory too. A batch that is noted again
 * after a crash stands under the same key; one that was passed already (below `checked`) is not taken up again. A book
 * whose row does not decode is E_CORRUPT. */
#include "ingest/sender/filing_book.h"

#include "ingest/sender/limits.h"
#include "ledger/base/thread.h"
#include "ledger/db/db.h"
#include "ledger/db/db_put.h"

#include <sodium.h>
#include <sys/stat.h>

enum table { META, BATCH, LABEL };

static const char *const names[] = {[META] = "meta", [BATCH] = "batch", [LABEL] = "label"};

#define ROW_BEGIN BYTES_LITERAL("begin")
#define ROW_CHECKED BYTES_LITERAL("checked")

struct filing_book {
	struct db_env *env;
	pthread_mutex_t mutex;
	struct db_txn txn; /* of filing_book_add; the mutex is held while it is open */
	bool adding;
	uint64_t begin;
	uint64_t checked;
	struct event event; /* large; under the mutex */
};

/* ---- opening ---- */

/* A book begins where the spool was when it was made: what was sent before it nobody can check, and is not claimed. */
static enum error load(struct filing_book *book, bool create, uint64_t begin)
{
	OWNED_TXN txn = {0};
	struct bytes row;
	TRY(db_begin(book->env, create, &txn));
	enum error error = db_get(&txn, META, ROW_BEGIN, &row);
	if (error == E_NOT_FOUND && create) {
		db_put_number(&txn, META, ROW_BEGIN, begin);
		db_put_number(&txn, META, ROW_CHECKED, begin);
		error = txn.error;
	}
	if (error == E_OK)
		error = db_get_number(&txn, META, ROW_BEGIN, &book->begin)
					?: db_get_number(&txn, META, ROW_CHECKED, &book->checked);
	return error == E_OK && create ? db_commit(&txn) : error;
}

enum error filing_book_open(
	const char *path, bool create, uint64_t begin, struct filing_book **out, struct fault *fault)
{
	struct stat info;
	bool there = stat(path, &info) == 0;
	if (!there && !create)
		return E_NOT_FOUND;
	if (!there && mkdir(path, 0700) != 0)
		return fault_set(fault, E_IO, "%s cannot be made: %m", path);
	OWNED(filing_book_release) struct filing_book *book = calloc(1, sizeof *book);
	TRY(fault_set(fault, allocated(book), ""));
	pthread_mutex_init(&book->mutex, NULL);
	TRY(db_open(path, names, sizeof names / sizeof names[0], MAP_BYTES, false, true, &book->env, fault));
	TRY(fault_because(fault, load(book, true, begin), "the filing book %s cannot be read", path));
	*out = OWN_TAKE(book);
	return E_OK;
}

void filing_book_close(struct filing_book *book)
{
	if (book == NULL)
		return;
	if (book->adding)
		db_abort(&book->txn);
	db_close(book->env);
	pthread_mutex_destroy(&book->mutex);
	sodium_memzero(&book->event, sizeof book->event);
	free(book);
}

uint64_t filing_book_claim(struct filing_book *book)
{
	LOCKED(&book->mutex);
	return book->begin == 0 ? book->checked : 0;
}

/* ---- batches ---- */

static struct bytes batch_key(uint64_t first_sequence, uint8_t out[8])
{
	put_u64(out, first_sequence);
	return bytes_of(out, 8);
}

/* first index (8) || receipt time (8) || count (4) || kind (1) || subjects (range16 each) */
static enum error note_encode(struct filing_book *book, const struct batch_head *head, struct reader *events,
	uint64_t first_index, uint64_t now_s, struct writer *out)
{
	struct fault fault;
	writer_u64(out, first_index);
	writer_u64(out, now_s);
	writer_u32(out, head->count);
	writer_u8(out, (uint8_t)head->kind);
	for (uint32_t i = 0; head->kind == BATCH_EVENT && i < head->count; i++) {
		struct batch_event event;
		batch_event_decode(events, &event);
		TRY(events->error);
		TRY(event_decode(event.disclosed, BYTES_EMPTY, NULL, true, &book->event, &fault));
		writer_range16(out, event_subject(&book->event));
	}
	return out->error;
}

static enum error put_note(struct filing_book *book, struct bytes body, uint64_t first_index, uint64_t now_s)
{
	uint8_t key[8];
	struct batch_head head;
	struct bytes row;
	struct reader r = reader_of(body);
	batch_head_decode(&r, &head);
	reader_bytes(&r, 32); /* the batch secret */
	TRY(r.error);
	size_t room = 21 + (size_t)head.count * (2 + SUBJECT_BYTES_MAX);
	OWNED_SECRET buffer = {malloc(room), room};
	TRY(allocated(buffer.data));
	struct writer w = writer_of(buffer.data, room);
	TRY(note_encode(book, &head, &r, first_index, now_s, &w));
	TRY(writer_done(&w, &row));
	if (head.first_sequence >= book->checked)
		db_put(&book->txn, BATCH, batch_key(head.first_sequence, key), row);
	return book->txn.error;
}

/* The first of several takes the mutex, and filing_book_commit gives it back: all receipts of one read are one
 * transaction. */
enum error filing_book_add(struct filing_book *book, struct bytes body, uint64_t first_index, uint64_t now_s)
{
	if (!book->adding) {
		pthread_mutex_lock(&book->mutex);
		enum error error = db_begin(book->env, true, &book->txn);
		if (error != E_OK) {
			pthread_mutex_unlock(&book->mutex);
			return error;
		}
		book->adding = true;
	}
	return put_note(book, body, first_index, now_s);
}

enum error filing_book_commit(struct filing_book *book)
{
	if (!book->adding)
		return E_OK;
	enum error error = db_commit(&book->txn);
	book->adding = false;
	pthread_mutex_unlock(&book->mutex);
	return error;
}

static enum error note_decode(struct bytes key, struct bytes row, struct filing_note *out)
{
	struct reader r = reader_of(row);
	struct filing_note note = {.subjects = NULL};
	if (key.len != 8)
		return E_CORRUPT;
	note.first_sequence = get_u64(key.data);
	note.first_index = reader_u64(&r);
	note.receipt_s = reader_u64(&r);
	note.count = reader_u32(&r);
	note.kind = (enum batch_kind)reader_u8(&r);
	if (r.error != E_OK || note.count == 0 || note.count > BATCH_EVENTS_MAX)
		return E_CORRUPT;
	size_t list = note.count * sizeof *note.subjects;
	note.subjects = malloc(list + row.len);
	TRY(allocated(note.subjects));
	uint8_t *copy = (uint8_t *)note.subjects + list;
	for (uint32_t i = 0; note.kind == BATCH_EVENT && i < note.count; i++) {
		struct bytes subject = reader_range16(&r, SUBJECT_BYTES_MAX);
		if (subject.len > 0)
			memcpy(copy, subject.data, subject.len);
		note.subjects[i] = bytes_of(copy, subject.len);
		copy += subject.len;
	}
	if (reader_done(&r) != E_OK) {
		free(note.subjects);
		return E_CORRUPT;
	}
	*out = note;
	return E_OK;
}

enum error filing_book_next(struct filing_book *book, struct filing_note *out)
{
	OWNED_TXN txn = {0};
	OWNED_WALK walk = {0};
	TRY(db_begin(book->env, false, &txn));
	TRY(db_walk_begin(&txn, BATCH, &walk));
	TRY(db_walk_from(&walk, BYTES_LITERAL("\0")));
	return note_decode(walk.key, walk.value, out);
}

void filing_note_free(struct filing_note *note)
{
	free(note->subjects);
	note->subjects = NULL;
}

/* ---- labels ---- */

static struct bytes label_key(struct bytes subject, struct hash *out)
{
	hash_blake2b(NULL, &subject, 1, out);
	return hash_bytes(out);
}

enum error filing_book_label(struct filing_book *book, struct bytes subject, struct label *out)
{
	OWNED_TXN txn = {0};
	struct hash key;
	struct bytes row;
	TRY(db_begin(book->env, false, &txn));
	TRY(db_get(&txn, LABEL, label_key(subject, &key), &row));
	if (row.len != sizeof out->b)
		return E_CORRUPT;
	memcpy(out->b, row.data, row.len);
	return E_OK;
}

/* Never over a hole: where a spool was lost, or somebody else sent with this key, events are missing from the book. */
static uint64_t checked_after(const struct filing_book *book, const struct filing_note *note)
{
	return note->first_sequence == book->checked ? note->first_sequence + note->count : book->checked;
}

/* Labels, the batch and the claim in one transaction: after a crash a batch is checked again, and never skipped. */
static enum error pass(
	struct filing_book *book, const struct filing_note *note, const struct filing_label *labels, size_t count)
{
	uint8_t key[8];
	struct hash hashed;
	struct db_txn txn;
	TRY(db_begin(book->env, true, &txn));
	for (size_t i = 0; i < count; i++)
		db_put(&txn, LABEL, label_key(labels[i].subject, &hashed), BYTES_ARRAY(labels[i].label.b));
	db_delete(&txn, BATCH, batch_key(note->first_sequence, key));
	db_put_number(&txn, META, ROW_CHECKED, checked_after(book, note));
	return db_commit(&txn);
}

enum error filing_book_pass(
	struct filing_book *book, const struct filing_note *note, const struct filing_label *labels, size_t count)
{
	LOCKED(&book->mutex);
	TRY(pass(book, note, labels, count));
	book->checked = checked_after(book, note);
	return E_OK;
}
