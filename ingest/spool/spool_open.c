/* How a spool is opened: the journal is replayed record by record, each doing to the spool what the call that wrote
 * it did. A fresh journal is written beside the old one and renamed over it.
 *
 *   lock ─► replay ─┬─ ends in a batch that is not whole, or a replacement without its end: cut there, replay again
 *                   └─ whole ─► batches without their secret dropped ─► synced ─► rewritten, if old or damaged
 *
 * What can fail: another process holds it (E_BUSY), it is another sender's (E_WRONG_ORIGIN), or its first record is
 * damaged (E_CORRUPT), for then nobody can say whose it is. Damage further on costs what stood there and is told
 * (spool_damaged): what is behind it is read, as far as it does not refer to what is gone. What was read is only
 * built on once it is synced, since the last process may have died before its own sync. */
#include "ingest/spool/spool_state.h"
#include "ledger/base/lock.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#define JOURNAL_NAME "journal"
#define JOURNAL_NEW_NAME "journal.new"

/* ---- the state record ----
 * version (2) || sender (4) || hash key (32) || acknowledged (8) || next (8) || origin (range16) || note (range16) ||
 * has terms (1) || terms || what is remembered (remembered.h). Version 1: has policy (1) || policy || lists of messages
 */

static enum error append_state(struct spool *spool, struct journal *journal, uint64_t next)
{
	size_t capacity = 512 + sizeof spool->origin + spool->note_len + sizeof spool->terms +
					  remembered_encoded_bytes(spool->remembered);
	OWNED_MEMORY uint8_t *buffer = malloc(capacity);
	TRY(allocated(buffer));
	struct writer w = writer_of(buffer, capacity);
	writer_u16(&w, SPOOL_VERSION);
	writer_u32(&w, spool->sender);
	writer_bytes(&w, BYTES_ARRAY(spool->hash_key.b));
	writer_u64(&w, spool->acknowledged);
	writer_u64(&w, next);
	writer_range16(&w, bytes_text(spool->origin));
	writer_range16(&w, bytes_of(spool->note, spool->note_len));
	writer_u8(&w, spool->has_terms);
	if (spool->has_terms)
		spool_terms_encode(&spool->terms, &w);
	remembered_encode(spool->remembered, &w);
	struct bytes state;
	TRY(writer_done(&w, &state));
	TRY(journal_append(journal, RECORD_STATE, &state, 1, JOURNAL_NO_SECRET, NULL));
	spool->state_bytes = state.len;
	return E_OK;
}

/* What the first version remembered says of each input what was dealt with, refused messages too, and is not taken
 * over; what waits is. */
static enum error replay_terms(struct spool *spool, struct reader *r)
{
	spool->has_terms = reader_u8(r) == 1;
	memset(spool->terms.signer, 0, sizeof spool->terms.signer);
	if (spool->has_terms && spool->version == SPOOL_VERSION_FIRST)
		policy_decode(r, &spool->terms.policy);
	else if (spool->has_terms)
		spool_terms_decode(r, spool->version, &spool->terms);
	if (spool->version != SPOOL_VERSION_FIRST)
		return remembered_decode(r, spool->remembered);
	spool->was_old = true;
	reader_bytes(r, reader_left(r));
	return E_OK;
}

static enum error replay_state(struct spool *spool, struct bytes body)
{
	struct reader r = reader_of(body);
	spool->version = reader_u16(&r);
	if (spool->version < SPOOL_VERSION_FIRST || spool->version > SPOOL_VERSION)
		return E_FORMAT;
	uint32_t sender = reader_u32(&r);
	reader_copy(&r, spool->hash_key.b, sizeof spool->hash_key.b);
	spool->acknowledged = reader_u64(&r);
	spool->next = reader_u64(&r);
	struct bytes origin = reader_range16(&r, ORIGIN_BYTES_MAX);
	struct bytes note = reader_range16(&r, NOTE_BYTES_MAX);
	enum error error = replay_terms(spool, &r);
	if (error != E_OK)
		return error == r.error ? E_CORRUPT : error;
	if (reader_done(&r) != E_OK || spool->acknowledged > spool->next)
		return E_CORRUPT;
	if (spool->any) {
		spool->sender = sender;
		snprintf(spool->origin, sizeof spool->origin, "%.*s", (int)origin.len, (const char *)origin.data);
	}
	if (sender != spool->sender || !bytes_equal(origin, bytes_text(spool->origin)))
		return E_WRONG_ORIGIN;
	spool_set_note(spool, note);
	spool->state_bytes = body.len;
	return E_OK;
}

/* ---- batches ---- */

static enum error decode_batch(const struct spool *spool, const struct journal_record *record,
	struct spool_pending *out, struct spool_batch *origin)
{
	struct reader r = reader_of(record->body);
	struct bytes body = reader_range32(&r, FRAME_BYTES_MAX);
	struct bytes encoded = reader_bytes(&r, reader_left(&r));
	if (r.error != E_OK || (body.len > 0) != (record->secret_at == SPOOL_SECRET_AT))
		return E_CORRUPT;
	if (body.len > 0) {
		struct reader head = reader_of(body);
		batch_head_decode(&head, &out->head);
		if (head.error != E_OK)
			return E_CORRUPT;
	}
	out->body_bytes = (uint32_t)body.len;
	out->record_bytes = (uint32_t)record->body.len;
	out->at = record->at;
	out->intact = record->secret_intact;
	return spool_origin_decode(spool->version, encoded, origin);
}

/* Order is judged again: a journal that somebody put together from two must not make the sender sign one sequence
 * twice. */
static enum error put_pending(struct spool *spool, const struct journal_record *record, struct spool_pending *pending)
{
	if (record->type == RECORD_REPLACE) {
		if (spool->replacing_count == SPOOL_BATCHES_MAX)
			return E_CORRUPT;
		spool->replacing[spool->replacing_count++] = *pending;
		return E_OK;
	}
	if (spool->count == SPOOL_BATCHES_MAX || pending->head.first_sequence < spool->next)
		return E_CORRUPT;
	spool_wait(spool, pending);
	for (uint32_t i = 0; i < pending->hash_count; i++)
		TRY(remembered_add(spool->remembered, pending->hashes[i]));
	return E_OK;
}

/* In version 1 a batch without events stood for messages that were refused. */
static enum error replay_batch(struct spool *spool, const struct journal_record *record)
{
	struct spool_pending pending = {0};
	struct spool_batch origin = {.messages = NULL};
	TRY(decode_batch(spool, record, &pending, &origin));
	enum error error = pending.body_bytes > 0 ? spool_collect(&origin, &pending) : E_OK;
	free((void *)(uintptr_t)origin.messages);
	if (error == E_OK && pending.body_bytes > 0)
		error = put_pending(spool, record, &pending);
	if (error == E_CORRUPT)
		free(pending.hashes);
	return error;
}

static void drop_replacing(struct spool *spool)
{
	for (size_t i = 0; i < spool->replacing_count; i++)
		free(spool->replacing[i].hashes);
	spool->replacing_count = 0;
}

static bool are_whole(const struct spool *spool, size_t from)
{
	for (size_t i = from; i < spool->count; i++)
		if (!spool->pending[i].intact)
			return false;
	return true;
}

/* Where some of the new batches are missing, of one sync whose blocks did not all reach the disk or by damage, the old
 * ones stay; their secrets are gone only when the new ones were durable, and then what is there of those is taken. */
static enum error replay_replaced(struct spool *spool, struct reader *r)
{
	uint64_t sequence = reader_u64(r);
	bool counted = spool->version > SPOOL_VERSION_UNCOUNTED;
	size_t count = counted ? reader_u32(r) : spool->replacing_count;
	bool adopts = reader_left(r) > 0;
	struct spool_terms terms;
	if (adopts)
		spool_terms_decode(r, spool->version, &terms);
	if (reader_done(r) != E_OK)
		return E_CORRUPT;
	size_t i = 0;
	while (i < spool->count && spool->pending[i].head.first_sequence < sequence)
		i++;
	if (i == spool->count || i + spool->replacing_count > SPOOL_BATCHES_MAX)
		return E_CORRUPT;
	bool missing = count != spool->replacing_count;
	if (missing && are_whole(spool, i)) {
		drop_replacing(spool);
		return E_CORRUPT;
	}
	const struct batch_head *before = i > 0 ? &spool->pending[i - 1].head : NULL;
	uint64_t at = before != NULL ? before->first_sequence + before->count : spool->acknowledged;
	if (spool->replacing_count > 0 && spool->replacing[0].head.first_sequence > at)
		at = spool->replacing[0].head.first_sequence;
	for (size_t j = 0; j < spool->replacing_count; j++) {
		const struct batch_head *head = &spool->replacing[j].head;
		if (head->first_sequence < at || (head->first_sequence > at && !missing))
			return E_CORRUPT;
		at = head->first_sequence + head->count;
	}
	if (adopts)
		spool_adopt_terms(spool, &terms);
	return spool_swap(spool, i);
}

/* Acknowledged, with the note of it, or given up. Never backwards: what was acknowledged once has lost its secret. */
static enum error replay_dropped(struct spool *spool, struct reader *r, bool acknowledged)
{
	uint64_t sequence = reader_u64(r);
	struct bytes note = acknowledged ? reader_range16(r, NOTE_BYTES_MAX) : BYTES_EMPTY;
	if (reader_done(r) != E_OK || sequence < spool->acknowledged || sequence > spool->next)
		return E_CORRUPT;
	if (acknowledged)
		spool_set_note(spool, note);
	return spool_drop(spool, sequence, acknowledged);
}

static enum error replay_start(struct spool *spool, struct reader *r)
{
	uint64_t sequence = reader_u64(r);
	if (reader_done(r) != E_OK || sequence < spool->next)
		return E_CORRUPT;
	spool_move_start(spool, sequence);
	return E_OK;
}

static enum error replay_new_terms(struct spool *spool, struct reader *r)
{
	struct spool_terms terms;
	spool_terms_decode(r, spool->version, &terms);
	if (reader_done(r) != E_OK)
		return E_CORRUPT;
	spool_adopt_terms(spool, &terms);
	return E_OK;
}

/* What waited is not there: what was to come in its place waits in itself. */
static enum error keep_replacing(struct spool *spool)
{
	struct journal_record record = {.type = RECORD_BATCH};
	enum error error = E_OK;
	size_t count = spool->replacing_count;
	spool->replacing_count = 0;
	for (size_t i = 0; i < count; i++) {
		enum error put = error == E_OK ? put_pending(spool, &record, &spool->replacing[i]) : error;
		if (put != E_OK)
			free(spool->replacing[i].hashes);
		if (put != E_CORRUPT)
			error = put;
	}
	return error;
}

static enum error replay_record(struct spool *spool, const struct journal_record *record)
{
	struct reader r = reader_of(record->body);
	if ((record->at == 0) != (record->type == RECORD_STATE))
		return E_CORRUPT;
	switch ((enum spool_record)record->type) {
	case RECORD_STATE:
		return replay_state(spool, record->body);
	case RECORD_BATCH:
	case RECORD_KEPT:
	case RECORD_REPLACE:
		return replay_batch(spool, record);
	case RECORD_REPLACED:
		return replay_replaced(spool, &r);
	case RECORD_ACKNOWLEDGED:
		return replay_dropped(spool, &r, true);
	case RECORD_POLICY:
		policy_decode(&r, &spool->terms.policy);
		spool->has_terms = true;
		return reader_done(&r) == E_OK ? E_OK : E_CORRUPT;
	case RECORD_TERMS:
		return replay_new_terms(spool, &r);
	case RECORD_ASIDE:
		return replay_dropped(spool, &r, false);
	case RECORD_START:
		return replay_start(spool, &r);
	}
	return E_CORRUPT;
}

/* Behind damage a record may mean what is not there. */
static enum error replay(void *context, const struct journal_record *record)
{
	struct spool *spool = context;
	enum error error = replay_record(spool, record);
	if (error != E_CORRUPT || !record->behind_damage)
		return error;
	return record->type == RECORD_REPLACED ? keep_replacing(spool) : E_OK;
}

/* ---- rewriting ---- */

/* A batch of the first version gets the messages' new form. */
static enum error copy_batch(struct spool *spool, struct journal *journal, struct spool_pending *pending)
{
	struct spool_batch origin;
	OWNED_SECRET body = {0};
	size_t i = (size_t)(pending - spool->moved);
	TRY(spool_body(spool, i, &body));
	TRY(spool_messages(spool, i, &origin));
	OWNED_MEMORY const void *messages = origin.messages;
	origin.body = bytes_of(body.data, body.len);
	return spool_put_record(journal, RECORD_KEPT, &origin, pending);
}

static enum error write_new(struct spool *spool, struct journal *journal)
{
	uint64_t next = spool->count > 0 ? spool->pending[0].head.first_sequence : spool->next;
	TRY(append_state(spool, journal, next));
	for (size_t i = 0; i < spool->count; i++) {
		spool->moved[i] = spool->pending[i];
		TRY(copy_batch(spool, journal, &spool->moved[i]));
	}
	uint8_t body[8];
	put_u64(body, spool->next);
	struct bytes part = BYTES_ARRAY(body);
	TRY(journal_append(journal, RECORD_START, &part, 1, JOURNAL_NO_SECRET, NULL));
	TRY(journal_sync(journal));
	if (renameat(spool->dir_fd, JOURNAL_NEW_NAME, spool->dir_fd, JOURNAL_NAME) != 0)
		return E_IO; /* perhaps it was done: nobody knows which file the name is */
	return E_OK;
}

/* The old file's blocks are given back to the disk without their secrets. */
static enum error wipe_old(struct spool *spool)
{
	for (size_t i = 0; i < spool->count; i++)
		TRY(journal_wipe(&spool->journal, spool->pending[i].at, SPOOL_SECRET_AT));
	return journal_sync(&spool->journal);
}

/* The new journal has the name. Should the disk not even take what is written over the old one, that one is gone all
 * the same. */
static enum error take_over(struct spool *spool, struct journal *journal)
{
	enum error error = fsync(spool->dir_fd) == 0 ? wipe_old(spool) : E_IO;
	journal_close(&spool->journal);
	spool->journal = *journal;
	memcpy(spool->pending, spool->moved, spool->count * sizeof spool->moved[0]);
	spool->batches_end = journal->end;
	spool->version = SPOOL_VERSION;
	spool->rewrite_again = 0;
	if (error != E_OK && error != E_FULL) {
		spool->journal.error = error;
		return error;
	}
	remembered_persisted(spool->remembered);
	return E_OK;
}

/* What was acknowledged must be durable in the journal before the files are touched that take it over. */
static enum error persist(struct spool *spool)
{
	TRY(journal_sync(&spool->journal));
	for (size_t i = 0; i < spool->wipe_count; i++)
		TRY(journal_wipe(&spool->journal, spool->wipes[i], SPOOL_SECRET_AT));
	if (spool->wipe_count > 0)
		TRY(journal_sync(&spool->journal));
	spool->wipe_count = 0;
	spool->wiped = false;
	return remembered_persist(spool->remembered);
}

enum error spool_rewrite(struct spool *spool)
{
	struct journal journal = {.fd = -1};
	enum error error =
		(persist(spool) ?: journal_create(spool->dir_fd, JOURNAL_NEW_NAME, &journal)) ?: write_new(spool, &journal);
	if (error == E_OK)
		return take_over(spool, &journal);
	journal_close(&journal);
	if (error != E_FULL) {
		spool->journal.error = error;
		return error;
	}
	/* The old one is as good; room was needed for both. */
	(void)unlinkat(spool->dir_fd, JOURNAL_NEW_NAME, 0);
	spool->rewrite_again = spool->journal.end + REWRITE_AGAIN_BYTES;
	return E_OK;
}

/* ---- opening and closing ---- */

static enum error lock_spool(int fd, const char *path, struct fault *fault)
{
	char before[FAULT_TEXT_MAX];
	snprintf(before, sizeof before, "spool '%s' is in use by ", path);
	return lock_dir(
		fd, E_BUSY, before, "; one program at a time sends with it: end that one, or use another sender's key", fault);
}

/* Others must not read it: batches wait here with their secrets, and with what they are about. */
static enum error open_dir(const char *path, bool make, int *out, struct fault *fault)
{
	if (make && mkdir(path, 0700) != 0 && errno != EEXIST)
		return fault_set(fault, error_of_system(errno), "spool '%s': %m", path);
	OWNED_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "spool '%s': %m", path);
	struct stat info;
	if (fstat(fd, &info) != 0)
		return fault_set(fault, E_IO, "spool '%s': %m", path);
	if ((info.st_mode & 077) != 0)
		return fault_set(fault, E_PERMISSION, "spool '%s' may be read by others; set its mode to 0700", path);
	TRY(lock_spool(fd, path, fault));
	*out = fd;
	fd = -1;
	return E_OK;
}

/* The key of the hashes is drawn here, once in a spool's life: without it what is remembered says nothing about
 * anybody. */
static enum error create_journal(struct spool *spool)
{
	struct journal journal;
	randombytes_buf(spool->hash_key.b, sizeof spool->hash_key.b);
	TRY(journal_create(spool->dir_fd, JOURNAL_NEW_NAME, &journal));
	enum error error = write_new(spool, &journal);
	if (error == E_OK && fsync(spool->dir_fd) != 0)
		error = E_IO;
	if (error != E_OK) {
		journal_close(&journal);
		return error;
	}
	spool->journal = journal;
	spool->version = SPOOL_VERSION;
	return E_OK;
}

/* Where the journal must be cut: a waiting batch whose secret did not reach the disk whole was never synced and
 * so never sent; a replacement without its end never happened. */
static bool torn(const struct spool *spool, uint64_t *at)
{
	size_t whole = spool->count;
	while (whole > 0 && !spool->pending[whole - 1].intact)
		whole--;
	if (whole < spool->count) {
		*at = spool->pending[whole].at;
		return true;
	}
	*at = spool->replacing_count > 0 ? spool->replacing[0].at : 0;
	return spool->replacing_count > 0;
}

/* All that a replay made. The directory stays locked until its descriptor is closed, so a second replay is nobody
 * else's chance. */
static void release(struct spool *spool)
{
	journal_close(&spool->journal);
	remembered_free(spool->remembered);
	spool->remembered = NULL;
	for (size_t i = 0; i < spool->count; i++)
		free(spool->pending[i].hashes);
	drop_replacing(spool);
}

/* Before each pass over the journal, which may be a second one after a cut. */
static enum error reset(struct spool *spool)
{
	release(spool);
	spool->was_old = spool->damaged = spool->has_terms = false;
	spool->count = spool->bytes = spool->wipe_count = 0;
	return remembered_new(spool->dir_fd, REMEMBERED_FILE, &spool->remembered);
}

/* A secret that is not whole, before others that are, is damage: without it a batch cannot be sent. */
static void drop_damaged(struct spool *spool)
{
	size_t kept = 0;
	for (size_t i = 0; i < spool->count; i++) {
		struct spool_pending *pending = &spool->pending[i];
		if (pending->intact) {
			spool->pending[kept++] = *pending;
			continue;
		}
		for (uint32_t j = 0; j < pending->hash_count; j++)
			remembered_remove(spool->remembered, pending->hashes[j]);
		spool->bytes -= pending->body_bytes;
		free(pending->hashes);
	}
	spool->damaged = spool->damaged || kept < spool->count || spool->journal.damaged > 0;
	spool->count = kept;
}

static enum error open_journal(struct spool *spool)
{
	for (;;) {
		TRY(reset(spool));
		enum error error = journal_open(spool->dir_fd, JOURNAL_NAME, replay, spool, &spool->journal);
		if (error == E_NOT_FOUND && !spool->any)
			return create_journal(spool);
		TRY(error);
		uint64_t at = 0;
		if (!torn(spool, &at))
			break;
		TRY(journal_cut(&spool->journal, at));
	}
	drop_damaged(spool);
	return spool->journal.end > 0 ? E_OK : E_CORRUPT;
}

static const char *what_is_wrong(enum error error)
{
	switch (error) {
	case E_WRONG_ORIGIN:
		return "belongs to another ledger or sender";
	case E_CORRUPT:
		return "is damaged; what it holds cannot be sent again, move it away";
	case E_FORMAT:
		return "was written by another version";
	case E_FULL:
		return "has no room: this sender's disk is full; make room and run it again";
	case E_NOT_FOUND:
		return "is no spool: it has no journal";
	default:
		return error_text(error);
	}
}

/* What the last process wrote and did not sync may be in memory only: what follows builds on it. What waits in a spool
 * of the versions up to 3 has commitments of its own kind: with no signer it is signed again unless the ledger has it.
 */
static enum error make_current(struct spool *spool)
{
	TRY(journal_sync(&spool->journal));
	if (spool->version == SPOOL_VERSION && !spool->damaged)
		return E_OK;
	if (spool->version <= SPOOL_VERSION_OTHER_COMMITMENTS)
		memset(spool->terms.signer, 0, sizeof spool->terms.signer);
	TRY(spool_rewrite(spool));
	return spool->version == SPOOL_VERSION ? E_OK : E_FULL;
}

/* `origin` NULL: whosever it is. */
static enum error open_spool(
	const char *path, const char *origin, uint32_t sender, struct spool **out, struct fault *fault)
{
	int dir_fd = -1;
	TRY(open_dir(path, origin != NULL, &dir_fd, fault));
	struct spool *spool = calloc(1, sizeof *spool);
	if (spool == NULL) {
		close(dir_fd);
		return fault_set(fault, E_NO_MEMORY, "");
	}
	spool->dir_fd = dir_fd;
	spool->any = origin == NULL;
	spool->sender = sender;
	snprintf(spool->origin, sizeof spool->origin, "%s", origin != NULL ? origin : "");
	spool->journal.fd = -1;
	enum error error = open_journal(spool) ?: make_current(spool);
	if (error != E_OK) {
		release(spool);
		close(dir_fd);
		free(spool);
		return fault_set(fault, error, "spool '%s' %s", path, what_is_wrong(error));
	}
	spool->batches_end = spool->journal.end;
	*out = spool;
	return E_OK;
}

enum error spool_open(const char *path, const char *origin, uint32_t sender, struct spool **out, struct fault *fault)
{
	if (strlen(origin) > ORIGIN_BYTES_MAX)
		return fault_set(fault, E_TOO_LONG, "the origin is longer than %u bytes", ORIGIN_BYTES_MAX);
	return open_spool(path, origin, sender, out, fault);
}

enum error spool_open_any(const char *path, struct spool **out, struct fault *fault)
{
	return open_spool(path, NULL, 0, out, fault);
}

void spool_close(struct spool *spool)
{
	if (spool == NULL)
		return;
	/* Errors lose nothing that was promised: the next open replays what is there. */
	if (spool_settle(spool) == E_OK && spool->count == 0 &&
		spool->journal.end > REWRITE_CLOSE_BYTES + 4 * spool->state_bytes)
		(void)!spool_rewrite(spool);
	release(spool);
	sodium_memzero(&spool->hash_key, sizeof spool->hash_key);
	close(spool->dir_fd);
	free(spool);
}
