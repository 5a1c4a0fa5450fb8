#include "tests/lib/followed_reader.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

uint64_t seed;

unsigned draw(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

/* ---- the sender ---- */

struct taken taken[FOLLOWED_LINES_MAX];
size_t taken_count, durable;
uint64_t repeated;

/* What is read of a file and not taken. */
struct half {
	char text[4096];
	size_t len;
	uint64_t at; /* in the file */
};

uint64_t text_of(const char *line, size_t len)
{
	return hash_text(NULL, bytes_of((const uint8_t *)line, len));
}

size_t count_text(uint64_t text)
{
	size_t count = 0;
	for (size_t i = 0; i < taken_count; i++)
		count += taken[i].text == text;
	return count;
}

/* By what it says: the k-th of its file, if k were taken. Files of which this is asked are read at one go here. */
static struct {
	char mark[17];
	uint64_t texts[FOLLOWED_LINES_MAX];
	size_t count;
} counted;

static bool was_taken(const struct followed *file, uint64_t at, uint64_t text)
{
	if (at >= file->known) {
		for (size_t i = 0; i < taken_count; i++)
			if (taken[i].at == at && taken[i].text == text && strcmp(taken[i].mark, file->mark) == 0)
				return true;
		return false;
	}
	size_t k = 1;
	for (size_t i = 0; i < counted.count; i++)
		k += counted.texts[i] == text;
	counted.texts[counted.count++] = text;
	return k <= count_text(text);
}

static void take_line(const struct followed *file, uint64_t at, const char *line, size_t len)
{
	uint64_t text = text_of(line, len);
	if (was_taken(file, at, text)) {
		repeated++;
		return;
	}
	ck_assert_uint_lt(taken_count, FOLLOWED_LINES_MAX);
	struct taken *one = &taken[taken_count++];
	memcpy(one->mark, file->mark, sizeof one->mark);
	one->at = at;
	one->text = text;
}

static void take_lines(struct followed *file, struct half *half)
{
	size_t done = 0;
	const char *end;
	while ((end = memchr(half->text + done, '\n', half->len - done)) != NULL) {
		size_t len = (size_t)(end - half->text) - done;
		take_line(file, half->at + done, half->text + done, len);
		done += len + 1;
	}
	if (done > 0)
		following_took(
			following, file, half->at + done, file->now.number + 1, bytes_of((const uint8_t *)half->text, done));
	half->at += done;
	half->len -= done;
	memmove(half->text, half->text + done, half->len);
}

static void drop_reader(struct followed *file)
{
	free(file->reader);
	file->reader = NULL;
	file->read_at = file->now.offset;
	file->read = file->now.tail;
}

/* The end of a file: half a line is one, too. */
static void take_rest(struct followed *file)
{
	struct half *half = file->reader;
	if (half == NULL)
		return;
	if (half->len > 0)
		take_line(file, half->at, half->text, half->len);
	following_took(following, file, half->at + half->len, 0, bytes_of((const uint8_t *)half->text, half->len));
	drop_reader(file);
}

void read_some(struct followed *file, size_t most)
{
	struct half *half = file->reader;
	if (file->cut) {
		enum following_end end;
		enum error error = following_cut(following, file, &end);
		if (error != E_TOO_MANY)
			ck_ok(error);
		if (error == E_OK && end == FOLLOWING_OVER)
			take_rest(file);
		else if (error == E_OK)
			drop_reader(file);
		return;
	}
	if (following_rests(following, file)) {
		take_rest(file);
		return;
	}
	if (half == NULL) {
		if (file->now.offset < file->known) {
			file->now = (struct followed_place){.offset = 0};
			file->read_at = 0;
			file->read = file->now.tail;
			counted.count = 0;
		}
		half = file->reader = calloc(1, sizeof *half);
		half->at = file->now.offset;
	}
	if (half->at < file->known) /* at one go: nothing else is counted meanwhile */
		most = sizeof half->text;
	do {
		size_t room = sizeof half->text - half->len;
		ssize_t n = pread(file->fd, half->text + half->len, most < room ? most : room, (off_t)file->read_at);
		ck_assert_int_ge(n, 0);
		enum error error = following_check(following, file);
		file->cut = error == E_NOT_FOUND;
		if (file->cut || n == 0)
			break;
		half->len += (size_t)n;
		following_read(following, file, bytes_of((const uint8_t *)half->text, half->len), (size_t)n);
		take_lines(file, half);
	} while (half->at < file->known);
	if (!file->cut && half->at < file->known)
		file->known = half->at;
	if (!file->cut && half->len == 0 && file->read_at == file->size)
		drop_reader(file);
}

/* ---- it lives and dies ---- */

void die(void)
{
	stop();
	taken_count = durable + draw((unsigned)(taken_count - durable) + 1);
	durable = taken_count;
	start();
}

void save(void)
{
	durable = taken_count;
	following_durable(following);
	ck_ok(following_save(following));
}

void read_now(void)
{
	struct followed *file;
	look();
	for (unsigned i = 0; (file = following_next(following)) != NULL; i++) {
		ck_assert_uint_lt(i, 100000);
		read_some(file, 4096);
		if (!file->later)
			look();
	}
	save();
}

static bool has_cut(void)
{
	struct followed *file;
	for (size_t i = 0; (file = following_file(following, i)) != NULL; i++)
		if (file->cut && !file->gone)
			return true;
	return false;
}

void read_all(void)
{
	read_now();
	for (unsigned i = 0; has_cut(); i++) {
		ck_assert_uint_lt(i, 10);
		now_ms += 1000;
		read_now();
	}
}
