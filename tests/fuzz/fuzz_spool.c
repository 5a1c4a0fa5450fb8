/* A spool whose journal holds anything: it opens in a sound state, or is refused. Input: times (type (1) || body length
 * (2) || body), appended to a fresh journal with good checks, so that the records themselves are reached. */
#include "ingest/spool/spool.h"
#include "ingest/spool/spool_state.h"

#include <assert.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum error ignore(void *context, const struct journal_record *record)
{
	(void)context;
	(void)record;
	return E_OK;
}

static void append_records(const char *dir, struct bytes input)
{
	struct journal journal;
	struct reader r = reader_of(input);
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	enum error error = journal_open(fd, "journal", ignore, NULL, &journal);
	assert(error == E_OK);
	while (reader_left(&r) > 0) {
		uint8_t type = reader_u8(&r);
		struct bytes body = reader_range16(&r, UINT16_MAX);
		bool batch = type >= RECORD_BATCH && type <= RECORD_REPLACE && body.len >= SPOOL_SECRET_AT + 32;
		if (r.error != E_OK || type == 0)
			break;
		error = journal_append(&journal, type, &body, 1, batch ? SPOOL_SECRET_AT : JOURNAL_NO_SECRET, NULL);
		assert(error == E_OK);
	}
	error = journal_write(&journal);
	assert(error == E_OK);
	journal_close(&journal);
	close(fd);
}

static void check(struct spool *spool)
{
	uint64_t at = spool_acknowledged(spool);
	for (size_t i = 0; i < spool_count(spool); i++) {
		const struct spool_pending *pending = spool_pending(spool, i);
		assert(pending->head.first_sequence >= at);
		at = pending->head.first_sequence + pending->head.count;
		uint8_t *body = malloc(pending->body_bytes);
		struct spool_batch origin;
		enum error error = spool_read(spool, i, body);
		assert(error == E_OK);
		error = spool_messages(spool, i, &origin);
		assert(error == E_OK);
		free((void *)(uintptr_t)origin.messages);
		free(body);
	}
	assert(spool_next(spool) >= at);
}

static void remove_all(const char *dir)
{
	char path[64];
	snprintf(path, sizeof path, "%s/journal", dir);
	unlink(path);
	snprintf(path, sizeof path, "%s/journal.new", dir);
	unlink(path);
	rmdir(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/tmp/indsigt-fuzz-XXXXXX";
	struct spool *spool = NULL;
	if (sodium_init() < 0 || mkdtemp(dir) == NULL)
		return 0;
	enum error error = spool_open(dir, "log.example", 3, &spool, NULL);
	assert(error == E_OK);
	spool_close(spool);
	append_records(dir, bytes_of(data, size));
	if (spool_open(dir, "log.example", 3, &spool, NULL) == E_OK) {
		check(spool);
		spool_close(spool);
	}
	remove_all(dir);
	return 0;
}
