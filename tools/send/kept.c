/* The file begins with one line of JSON, the head of its row; then comes what was read, as it is. So a row can be made
 * of it by whoever finds it, at any length. It is read twice for that: whether it is text is known only at its end, and
 * the row says that at the beginning.
 *
 *   killed before the first piece is synced   nothing was taken: removed
 *          between two pieces                 a row of what was taken
 *          while the row is written           the part of it is taken away, and it is written again
 *          before the file is removed         the row is there, by its mark: removed
 */
#include "tools/send/kept.h"

#include "ingest/framing/json_scan.h"
#include "ledger/base/own.h"
#include "ledger/json/json_base64.h"
#include "ledger/json/json_read.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#define PIECE_BYTES 49152u /* a multiple of three: base64 needs no padding in between */
#define UTF8_BYTES_MAX 4u
#define HEAD_BYTES_MAX 32768u
#define TAIL "\"kept\":\"%s\"}\n"
#define TAIL_LEN 27u /* with the comma before it, without the line end */

/* ---- what comes ---- */

static enum error file_error(void)
{
	return error_of_system(errno);
}

/* In the directory that its name is in. */
static enum error sync_name(const char *spool)
{
	OWNED_FD dir = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir >= 0 && fsync(dir) == 0 ? E_OK : file_error();
}

/* All of it, or the file is as long as it was. */
static enum error append(struct kept *kept, struct bytes text)
{
	enum error error = file_write_all(kept->fd, text);
	if (error == E_OK && kept->once && fdatasync(kept->fd) != 0)
		error = file_error();
	int number = errno;
	if (error != E_OK)
		(void)!ftruncate(kept->fd, (off_t)(kept->at + kept->len));
	errno = number;
	return error;
}

static enum error write_head(struct kept *kept, const struct refused *head)
{
	json_auto_t *json = rejected_head(head);
	if (json == NULL || json_object_set_new(json, "once", json_boolean(kept->once)) != 0 ||
		json_object_set_new(json, "row", json_boolean(kept->row)) != 0)
		return E_NO_MEMORY;
	OWNED_MEMORY char *line = json_write(json, JSON_COMPACT);
	TRY(allocated(line));
	size_t len = strlen(line);
	line[len] = '\n';
	TRY(append(kept, bytes_of(line, len + 1)));
	kept->at = len + 1;
	return E_OK;
}

static enum error make(struct kept *kept, const char *spool, const struct refused *head)
{
	uint8_t mark[8];
	randombytes_buf(mark, sizeof mark);
	sodium_bin2hex(kept->mark, sizeof kept->mark, mark, sizeof mark);
	free(kept->path);
	if (asprintf(&kept->path, "%s/kept-%s.part", spool, kept->mark) < 0) {
		kept->path = NULL;
		return E_NO_MEMORY;
	}
	if (strlen(kept->path) >= PATH_BYTES_MAX)
		return E_USAGE;
	kept->fd = open(kept->path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (kept->fd < 0)
		return file_error();
	kept->is_open = true;
	enum error error = write_head(kept, head);
	if (error == E_OK && kept->once)
		error = sync_name(spool);
	kept->mark[0] = kept->once ? kept->mark[0] : '\0'; /* nobody looks for it */
	return error;
}

/* Without its first piece it is nothing that anybody has to find. */
static void unmake(struct kept *kept)
{
	int number = errno;
	if (kept->is_open) {
		close(kept->fd);
		(void)unlink(kept->path);
	}
	free(kept->path);
	*kept = (struct kept){.once = kept->once, .row = kept->row};
	errno = number;
}

enum error kept_add(struct kept *kept, const char *spool, const struct refused *head, struct bytes piece)
{
	enum error error = (kept->is_open ? E_OK : make(kept, spool, head)) ?: append(kept, piece);
	if (error != E_OK && kept->len == 0)
		unmake(kept);
	kept->len += error == E_OK ? piece.len : 0;
	return error;
}

/* A disk that cannot be asked for room beforehand is told when it is written to. */
enum error kept_reserve(struct kept *kept, size_t bytes)
{
	if (!kept->is_open || fallocate(kept->fd, FALLOC_FL_KEEP_SIZE, (off_t)(kept->at + kept->len), (off_t)bytes) == 0)
		return E_OK;
	return error_of_system(errno) == E_FULL ? E_FULL : E_OK;
}

/* ---- the row ---- */

/* The length of `text` without a character that its end cuts; all of it if it is no UTF-8 at all. */
static size_t whole_characters(struct bytes text)
{
	for (size_t cut = 0; cut < UTF8_BYTES_MAX && cut < text.len; cut++)
		if (bytes_utf8(bytes_of(text.data, text.len - cut)))
			return text.len - cut;
	return text.len;
}

typedef enum error take_piece(void *out, struct bytes piece);

static enum error check_text(void *out, struct bytes piece)
{
	(void)out;
	return bytes_utf8(piece) ? E_OK : E_NOT_UTF8;
}

/* One piece after the other between the quotes: escapes never reach over the end of a piece, since a piece is whole
 * characters. */
static enum error put_text(void *out, struct bytes piece)
{
	json_auto_t *json = json_stringn((const char *)piece.data, piece.len);
	OWNED_MEMORY char *quoted = json == NULL ? NULL : json_write(json, JSON_ENCODE_ANY);
	TRY(allocated(quoted));
	return rejected_put(out, bytes_of(quoted + 1, strlen(quoted) - 2));
}

static enum error put_base64(void *out, struct bytes piece)
{
	json_auto_t *json = json_base64(piece);
	return json != NULL ? rejected_put(out, bytes_text(json_string_value(json))) : E_NO_MEMORY;
}

static enum error put_raw(void *out, struct bytes piece)
{
	return rejected_put(out, piece);
}

/* The first `len` bytes, in pieces that cut no character where `text` says that it is text: what a piece leaves over
 * begins the next one. */
static enum error each_piece(const struct kept *kept, uint64_t len, bool text, take_piece *take, void *out)
{
	uint8_t buffer[PIECE_BYTES];
	for (uint64_t done = 0; done < len;) {
		size_t wanted = len - done < sizeof buffer ? (size_t)(len - done) : sizeof buffer;
		if (pread(kept->fd, buffer, wanted, (off_t)(kept->at + done)) != (ssize_t)wanted)
			return E_IO;
		struct bytes piece = bytes_of(buffer, wanted);
		if (text && done + wanted < len)
			piece.len = whole_characters(piece);
		TRY(take(out, piece));
		done += piece.len;
	}
	return E_OK;
}

/* The document of a row, which may have come to its end or not. */
struct closing {
	struct json_scan scan;
	enum json_scan_result result;
	uint64_t fed;
	uint64_t end; /* behind its last brace */
};

static enum error look_for_end(void *out, struct bytes piece)
{
	struct closing *closing = out;
	for (size_t i = 0; i < piece.len && closing->result == JSON_OPEN; i++) {
		closing->result = json_scan_feed(&closing->scan, piece.data[i]);
		closing->end = closing->fed + i + 1;
	}
	closing->fed += piece.len;
	return E_OK;
}

/* Where the mark of a whole row stands, or will; 0: it is none. A mark that it has already is kept: it is the same
 * message. */
static enum error end_of_row(struct kept *kept, uint64_t *out)
{
	struct closing closing = {.result = JSON_OPEN};
	char tail[TAIL_LEN];
	*out = 0;
	if (!kept->row)
		return E_OK;
	json_scan_begin(&closing.scan);
	TRY(each_piece(kept, kept->len, false, look_for_end, &closing));
	if (closing.result != JSON_DONE)
		return E_OK;
	*out = closing.end - 1;
	if (closing.end <= TAIL_LEN ||
		pread(kept->fd, tail, sizeof tail, (off_t)(kept->at + closing.end - TAIL_LEN)) != (ssize_t)sizeof tail ||
		memcmp(tail, ",\"kept\":\"", 9) != 0)
		return E_OK;
	memcpy(kept->mark, tail + 9, sizeof kept->mark - 1);
	*out = closing.end - TAIL_LEN;
	return E_OK;
}

static enum error put_message(const struct kept *kept, struct rejected *rejected, const json_t *head)
{
	enum error text = each_piece(kept, kept->len, true, check_text, NULL);
	if (text != E_OK && text != E_NOT_UTF8)
		return text;
	OWNED_MEMORY char *line = json_write(head, JSON_COMPACT);
	TRY(allocated(line));
	TRY(rejected_put(rejected, bytes_of(line, strlen(line) - 1)));
	TRY(rejected_put(rejected, bytes_text(text == E_OK ? ",\"message\":\"" : ",\"message_base64\":\"")));
	TRY(each_piece(kept, kept->len, text == E_OK, text == E_OK ? put_text : put_base64, rejected));
	return rejected_put(rejected, BYTES_LITERAL("\""));
}

static enum error put_row(const struct kept *kept, struct rejected *rejected, const json_t *head, uint64_t end)
{
	char tail[TAIL_LEN + 4] = "}\n";
	TRY(end > 0 ? each_piece(kept, end, false, put_raw, rejected) : put_message(kept, rejected, head));
	if (kept->mark[0] != '\0')
		snprintf(tail, sizeof tail, "," TAIL, kept->mark);
	return rejected_put(rejected, bytes_text(tail));
}

/* `head` NULL: no memory. `end`: of a row. */
static enum error write_row(struct kept *kept, struct rejected *rejected, const json_t *head, uint64_t end)
{
	TRY(allocated(head));
	enum error error = rejected_begin_row(rejected);
	TRY(rejected_end_row(rejected, error == E_OK ? put_row(kept, rejected, head, end) : error));
	return kept->once ? rejected_sync(rejected) : E_OK;
}

enum error kept_finish(struct kept *kept, struct rejected *rejected, const struct refused *refused)
{
	json_auto_t *head = rejected_head(refused);
	uint64_t end = 0;
	TRY(end_of_row(kept, &end));
	TRY(write_row(kept, rejected, head, end));
	unmake(kept);
	return E_OK;
}

void kept_close(struct kept *kept)
{
	if (!kept->once)
		unmake(kept);
	else if (kept->is_open)
		close(kept->fd);
	kept->is_open = false;
	free(kept->path);
	kept->path = NULL;
}

/* ---- what is left ---- */

/* kept-MARK.part, and nothing else. */
static bool is_name(const char *name, char mark[17])
{
	int end = 0;
	return sscanf(name, "kept-%16[0-9a-f].part%n", mark, &end) == 1 && strlen(mark) == 16 && end > 0 &&
		   name[end] == '\0';
}

/* A head that the disk has damaged is handed back with what follows it. */
static enum error unknown_head(json_t **out)
{
	const struct refused refused = {.input = BYTES_LITERAL("-"),
		.error = E_STOPPED,
		.reason = "read from a pipe by a run that was killed; its disk has damaged what was said of it"};
	*out = rejected_head(&refused);
	return *out != NULL ? E_OK : E_NO_MEMORY;
}

/* `out` is to be closed; its length is 0 if nobody has to have it: it was killed before the first piece, or is of a
 * file. */
static enum error open_left(const char *spool, const char *name, struct kept *out, json_t **head)
{
	char line[HEAD_BYTES_MAX];
	struct stat info;
	(void)is_name(name, out->mark);
	if (asprintf(&out->path, "%s/%s", spool, name) < 0) {
		out->path = NULL;
		return E_NO_MEMORY;
	}
	out->fd = open(out->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	out->is_open = out->fd >= 0;
	ssize_t n = out->is_open ? pread(out->fd, line, sizeof line, 0) : -1;
	if (n < 0 || fstat(out->fd, &info) != 0)
		return file_error();
	const char *end = n > 0 ? memchr(line, '\n', (size_t)n) : NULL;
	if (end == NULL && (size_t)n < sizeof line)
		return E_OK;
	enum error error =
		end == NULL ? E_BAD_JSON : json_read(bytes_of(line, (size_t)(end - line)), JSON_REJECT_DUPLICATES, NULL, head);
	if (error == E_NO_MEMORY)
		return error;
	out->at = error == E_OK ? (uint64_t)(end - line) + 1 : 0;
	out->once = error != E_OK || json_is_true(json_object_get(*head, "once"));
	out->row = json_is_true(json_object_get(*head, "row"));
	out->len = out->once ? (uint64_t)info.st_size - out->at : 0;
	json_object_del(*head, "once");
	json_object_del(*head, "row");
	return error == E_OK ? E_OK : unknown_head(head);
}

/* A part of this very row is taken away: it begins as this one, up to its reason. */
static enum error mend(struct rejected *rejected, const json_t *head)
{
	OWNED_MEMORY char *line = json_write(head, JSON_COMPACT);
	const char *error = line != NULL ? strstr(line, ",\"error\":") : NULL;
	TRY(allocated(line));
	return rejected_mend(rejected, bytes_of(line, error != NULL ? (size_t)(error - line) : strlen(line)));
}

static enum error hand_back(struct kept *kept, struct rejected *rejected, const json_t *head)
{
	char tail[TAIL_LEN + 4];
	uint64_t end = 0;
	TRY(end_of_row(kept, &end));
	snprintf(tail, sizeof tail, TAIL, kept->mark);
	if (rejected_ends_with(rejected, tail))
		return E_OK;
	TRY(mend(rejected, head));
	return write_row(kept, rejected, head, end);
}

static enum error take_left(const char *spool, const char *name, struct rejected *rejected, uint64_t *count)
{
	struct kept kept = {.once = true};
	json_auto_t *head = NULL;
	enum error error = open_left(spool, name, &kept, &head);
	bool left = kept.len > 0;
	if (error == E_OK && left)
		error = hand_back(&kept, rejected, head);
	*count += left && error == E_OK;
	if (error == E_OK)
		unmake(&kept);
	kept.once = true; /* and stays */
	kept_close(&kept);
	return error;
}

enum error kept_hand_back(const char *spool, struct rejected *rejected, uint64_t *out)
{
	OWNED_DIR *files = file_list(AT_FDCWD, spool);
	enum error error = files != NULL ? E_OK : file_error();
	char mark[17];
	*out = 0;
	for (const char *name; error == E_OK && (name = file_list_next(files)) != NULL;)
		if (is_name(name, mark))
			error = take_left(spool, name, rejected, out);
	return error;
}

uint64_t kept_left(const char *spool)
{
	OWNED_DIR *files = file_list(AT_FDCWD, spool);
	uint64_t bytes = 0;
	char mark[17];
	for (const char *name; files != NULL && (name = file_list_next(files)) != NULL;) {
		struct kept kept = {.once = true};
		json_auto_t *head = NULL;
		if (!is_name(name, mark))
			continue;
		bytes += open_left(spool, name, &kept, &head) == E_OK ? kept.len : 0;
		kept.once = true;
		kept_close(&kept);
	}
	return bytes;
}
