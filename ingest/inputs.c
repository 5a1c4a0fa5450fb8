#include "ingest/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAIL_INLINE_MAX 64u /* tails up to here stay in the journal when there is no file yet */
#define PAGE_HASHES 512u

struct input {
	uint64_t key;
	uint64_t in_file; /* hashes that the file holds for us */
	uint32_t tail_count;
	uint32_t tail_capacity;
	uint64_t *tail;
};

/* Open addressing; the keys are keyed hashes and spread by themselves. */
struct inputs {
	int dir_fd;
	size_t count;
	size_t slots; /* a power of two, at most half full */
	struct input **table;
	/* the last page read from a file: matching goes through a list in order */
	uint64_t page_key;
	uint64_t page_start;
	uint32_t page_count;
	uint64_t page[PAGE_HASHES];
};

enum error inputs_new(int dir_fd, struct inputs **out)
{
	struct inputs *inputs = calloc(1, sizeof *inputs);
	if (inputs == NULL)
		return E_NO_MEMORY;
	inputs->dir_fd = dir_fd;
	inputs->slots = 64;
	inputs->table = calloc(inputs->slots, sizeof *inputs->table);
	if (inputs->table == NULL) {
		free(inputs);
		return E_NO_MEMORY;
	}
	*out = inputs;
	return E_OK;
}

void inputs_free(struct inputs *inputs)
{
	if (inputs == NULL)
		return;
	for (size_t i = 0; i < inputs->slots; i++) {
		if (inputs->table[i] == NULL)
			continue;
		free(inputs->table[i]->tail);
		free(inputs->table[i]);
	}
	free(inputs->table);
	free(inputs);
}

/* ---- table ---- */

static struct input **slot_of(struct input **table, size_t slots, uint64_t key)
{
	size_t at = (size_t)key & (slots - 1);
	while (table[at] != NULL && table[at]->key != key)
		at = (at + 1) & (slots - 1);
	return &table[at];
}

static struct input *find(const struct inputs *inputs, uint64_t key)
{
	return *slot_of(inputs->table, inputs->slots, key);
}

static enum error grow(struct inputs *inputs)
{
	size_t slots = inputs->slots * 2;
	struct input **table = calloc(slots, sizeof *table);
	if (table == NULL)
		return E_NO_MEMORY;
	for (size_t i = 0; i < inputs->slots; i++)
		if (inputs->table[i] != NULL)
			*slot_of(table, slots, inputs->table[i]->key) = inputs->table[i];
	free(inputs->table);
	inputs->table = table;
	inputs->slots = slots;
	return E_OK;
}

static enum error find_or_add(struct inputs *inputs, uint64_t key, struct input **out)
{
	*out = find(inputs, key);
	if (*out != NULL)
		return E_OK;
	if ((inputs->count + 1) * 2 > inputs->slots)
		TRY(grow(inputs));
	struct input *input = calloc(1, sizeof *input);
	if (input == NULL)
		return E_NO_MEMORY;
	input->key = key;
	*slot_of(inputs->table, inputs->slots, key) = input;
	inputs->count++;
	*out = input;
	return E_OK;
}

/* ---- files ---- */

static int open_list(const struct inputs *inputs, uint64_t key, int flags)
{
	char name[32];
	snprintf(name, sizeof name, "input-%016llx", (unsigned long long)key);
	return openat(inputs->dir_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static enum error load_page(struct inputs *inputs, const struct input *input, uint64_t number)
{
	uint64_t start = number - number % PAGE_HASHES;
	uint64_t left = input->in_file - start;
	uint32_t count = left < PAGE_HASHES ? (uint32_t)left : PAGE_HASHES;
	uint8_t raw[PAGE_HASHES * 8];
	int fd = open_list(inputs, input->key, O_RDONLY);
	if (fd < 0)
		return errno == ENOENT ? E_CORRUPT : E_IO;
	ssize_t n = pread(fd, raw, (size_t)count * 8, (off_t)(start * 8));
	close(fd);
	if (n != (ssize_t)count * 8)
		return n < 0 ? E_IO : E_CORRUPT;
	for (uint32_t i = 0; i < count; i++)
		inputs->page[i] = get_u64(raw + (size_t)i * 8);
	inputs->page_key = input->key;
	inputs->page_start = start;
	inputs->page_count = count;
	return E_OK;
}

static enum error write_tail(const struct inputs *inputs, const struct input *input)
{
	size_t len = (size_t)input->tail_count * 8;
	uint8_t *raw = malloc(len);
	if (raw == NULL)
		return E_NO_MEMORY;
	for (uint32_t i = 0; i < input->tail_count; i++)
		put_u64(raw + (size_t)i * 8, input->tail[i]);
	int fd = open_list(inputs, input->key, O_WRONLY | O_CREAT);
	size_t done = 0;
	ssize_t n = fd < 0 ? -1 : 1;
	while (n > 0 && done < len) {
		n = pwrite(fd, raw + done, len - done, (off_t)(input->in_file * 8 + done));
		done += n > 0 ? (size_t)n : 0;
	}
	bool good = fd >= 0 && done == len && fdatasync(fd) == 0;
	enum error error = good ? E_OK : errno == ENOSPC || errno == EDQUOT ? E_FULL : E_IO;
	if (fd >= 0)
		close(fd);
	free(raw);
	return error;
}

enum error inputs_persist(struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->slots; i++) {
		struct input *input = inputs->table[i];
		if (input == NULL || input->tail_count == 0 || (input->in_file == 0 && input->tail_count <= TAIL_INLINE_MAX))
			continue;
		TRY(write_tail(inputs, input));
		input->in_file += input->tail_count;
		input->tail_count = 0;
		inputs->page_count = 0;
	}
	return fsync(inputs->dir_fd) == 0 ? E_OK : E_IO;
}

/* ---- lists ---- */

uint64_t inputs_count(const struct inputs *inputs, uint64_t key)
{
	const struct input *input = find(inputs, key);
	return input == NULL ? 0 : input->in_file + input->tail_count;
}

enum error inputs_match(struct inputs *inputs, uint64_t key, uint64_t number, uint64_t hash, bool *out)
{
	const struct input *input = find(inputs, key);
	if (input == NULL || number >= input->in_file + input->tail_count) {
		*out = false;
		return E_OK;
	}
	if (number >= input->in_file) {
		*out = input->tail[number - input->in_file] == hash;
		return E_OK;
	}
	bool loaded =
		inputs->page_key == key && number >= inputs->page_start && number - inputs->page_start < inputs->page_count;
	if (!loaded)
		TRY(load_page(inputs, input, number));
	*out = inputs->page[number - inputs->page_start] == hash;
	return E_OK;
}

enum error inputs_put(struct inputs *inputs, uint64_t key, uint64_t number, uint64_t hash)
{
	struct input *input = NULL;
	TRY(find_or_add(inputs, key, &input));
	if (number > input->in_file + input->tail_count)
		return E_CORRUPT;
	if (number < input->in_file)
		input->in_file = number; /* a page that was read stays true below it */
	input->tail_count = (uint32_t)(number - input->in_file);
	if (input->tail_count == input->tail_capacity) {
		uint32_t capacity = input->tail_capacity == 0 ? 1 : input->tail_capacity * 2;
		uint64_t *larger = realloc(input->tail, capacity * sizeof *larger);
		if (larger == NULL)
			return E_NO_MEMORY;
		input->tail = larger;
		input->tail_capacity = capacity;
	}
	input->tail[input->tail_count++] = hash;
	return E_OK;
}

void inputs_forget(struct inputs *inputs, uint64_t key)
{
	struct input *input = find(inputs, key);
	if (input == NULL)
		return;
	input->in_file = 0;
	input->tail_count = 0;
}

/* ---- state ---- */

size_t inputs_encoded_bytes(const struct inputs *inputs)
{
	size_t bytes = 4;
	for (size_t i = 0; i < inputs->slots; i++)
		if (inputs->table[i] != NULL)
			bytes += 8 + 8 + 4 + (size_t)inputs->table[i]->tail_count * 8;
	return bytes;
}

void inputs_encode(const struct inputs *inputs, struct writer *out)
{
	writer_u32(out, (uint32_t)inputs->count);
	for (size_t i = 0; i < inputs->slots; i++) {
		const struct input *input = inputs->table[i];
		if (input == NULL)
			continue;
		writer_u64(out, input->key);
		writer_u64(out, input->in_file);
		writer_u32(out, input->tail_count);
		for (uint32_t j = 0; j < input->tail_count; j++)
			writer_u64(out, input->tail[j]);
	}
}

enum error inputs_decode(struct reader *in, struct inputs *inputs)
{
	uint32_t count = reader_u32(in);
	for (uint32_t i = 0; i < count && in->error == E_OK; i++) {
		uint64_t key = reader_u64(in);
		uint64_t in_file = reader_u64(in);
		uint32_t tail_count = reader_u32(in);
		struct input *input = NULL;
		TRY(find_or_add(inputs, key, &input));
		input->in_file = in_file;
		for (uint32_t j = 0; j < tail_count && in->error == E_OK; j++)
			TRY(inputs_put(inputs, key, in_file + j, reader_u64(in)));
	}
	return E_OK;
}
