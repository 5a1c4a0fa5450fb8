#include "tests/lib/spool_place.h"

#include "tests/lib/unit.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- places ---- */

char dir[64];

void place(void)
{
	strcpy(dir, "/tmp/indsigt-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

void clear(void)
{
	DIR *handle = opendir(dir);
	ck_assert_ptr_nonnull(handle);
	for (struct dirent *item = readdir(handle); item != NULL; item = readdir(handle))
		unlinkat(dirfd(handle), item->d_name, 0);
	closedir(handle);
	rmdir(dir);
}

struct spool *open_spool(void)
{
	struct spool *spool = NULL;
	struct fault fault = {0};
	ck_assert_msg(spool_open(dir, ORIGIN, SENDER, &spool, &fault) == E_OK, "%s", fault.text);
	return spool;
}

void kill_spool(struct spool *spool)
{
	journal_close(&spool->journal);
	remembered_free(spool->remembered);
	for (size_t i = 0; i < spool->count; i++)
		free(spool->pending[i].hashes);
	for (size_t i = 0; i < spool->replacing_count; i++)
		free(spool->replacing[i].hashes);
	close(spool->dir_fd);
	free(spool);
}

/* ---- batches ---- */

uint8_t body[600000];
const struct bytes names[2] = {{(const uint8_t *)"a.json", 6}, {(const uint8_t *)"-", 1}};

struct bytes make_body(uint64_t first, uint32_t count, size_t filler)
{
	struct batch_head head = {.kind = BATCH_EVENT, .sender = SENDER, .first_sequence = first, .count = count};
	struct writer w = writer_of(body, sizeof body);
	batch_head_encode(&head, &w);
	memset(writer_skip(&w, 32), 0xaa, 32);
	memset(writer_skip(&w, filler), (int)(first & 0xff), filler);
	struct bytes out;
	ck_ok(writer_done(&w, &out));
	return out;
}

enum error append_batch(struct spool *spool, uint64_t number, uint32_t events, size_t filler)
{
	struct spool_message messages[64];
	for (uint32_t i = 0; i < events; i++)
		messages[i] = (struct spool_message){number + i, {1000 + number + i, 0}, 0, 1};
	for (uint32_t i = 0; i < events; i++)
		ck_ok(spool_remember(spool, &messages[i].identity));
	struct spool_batch batch = {make_body(spool_next(spool), events, filler), messages, events, names, 2};
	return spool_append(spool, &batch);
}

enum error replace_messages(struct spool *spool, size_t i, uint64_t first, uint64_t number, uint32_t count)
{
	struct spool_message messages[64];
	for (uint32_t j = 0; j < count; j++)
		messages[j] = (struct spool_message){number + j, {1000 + number + j, 0}, 0, 1};
	struct spool_batch batch = {make_body(first, count, 50), messages, count, names, 1};
	return spool_replace(spool, i, &batch);
}

void damage(struct spool *spool, size_t i, size_t at)
{
	uint8_t byte = 0;
	off_t place_of = (off_t)(spool_pending(spool, i)->at + JOURNAL_HEAD_BYTES + at);
	ck_ok(journal_write(&spool->journal));
	ck_assert_int_eq(pread(spool->journal.fd, &byte, 1, place_of), 1);
	byte ^= 4;
	ck_assert_int_eq(pwrite(spool->journal.fd, &byte, 1, place_of), 1);
}
