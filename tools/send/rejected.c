/* A message is kept as it stood, as text where it is UTF-8 and else in base64, because a row must be sent again without
 * a loss; where only its events are left, these are kept.
 *
 * A row is written at once and wholly: where the disk is full, what there is of it is taken away again, so that the
 * next one does not begin within it; where a kill or a power cut has left a part, the next row begins on a line of its
 * own. */
#include "tools/send/rejected.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "ledger/event/event_json.h"
#include "ledger/json/json_base64.h"
#include "ledger/json/json_read.h"
#include "tools/following/followed.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#define PIECE_BYTES 49152u
#define TAIL_BYTES_MAX 64u

/* ---- the file ---- */

/* Its length, or negative for what is no file. */
static int64_t length_of(int fd)
{
	struct stat info;
	return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? (int64_t)info.st_size : -1;
}

/* A descriptor to read it by; it is written by one that only appends. Negative if that cannot be done. */
static int open_to_read(const struct rejected *rejected)
{
	return open(rejected->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* Something was cut within its last row. */
static bool ends_within(const struct rejected *rejected)
{
	OWNED_FD fd = open_to_read(rejected);
	int64_t len = fd >= 0 ? length_of(fd) : 0;
	char last = '\n';
	return len > 0 && pread(fd, &last, 1, len - 1) == 1 && last != '\n';
}

/* Opened when the first message is refused, so that a run that refuses nothing leaves no empty file. O_NOCTTY: a name
 * may be a terminal's. */
static enum error open_file(struct rejected *rejected)
{
	if (rejected->is_open)
		return E_OK;
	int fd = open(rejected->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return error_of_system(errno);
	rejected->fd = fd;
	rejected->is_open = true;
	rejected->torn = ends_within(rejected);
	return E_OK;
}

/* A file that the user has named is opened at once: after an hour of sending it would be late to say that it cannot
 * be. */
enum error rejected_open(struct rejected *rejected, const char *path, const char *spool, struct fault *fault)
{
	int len = path != NULL ? snprintf(rejected->path, sizeof rejected->path, "%s", path)
						   : snprintf(rejected->path, sizeof rejected->path, "%s/rejected.jsonl", spool);
	rejected->own = path == NULL;
	if (len < 0 || (size_t)len >= sizeof rejected->path)
		return fault_set(fault, E_USAGE, "the name of the file for refused messages is too long");
	if (path == NULL)
		return E_OK;
	if (open_file(rejected) != E_OK)
		return fault_set(fault, E_IO, "'%s': %m", path);
	if (isatty(rejected->fd))
		return fault_set(fault, E_USAGE, "--rejected is a terminal; refused messages hold personal data: name a file");
	return E_OK;
}

void rejected_close(struct rejected *rejected)
{
	if (rejected->is_open)
		close(rejected->fd);
	rejected->is_open = false;
}

/* By device and inode: one file may have several names. */
bool rejected_is(const struct rejected *rejected, int fd)
{
	struct stat a;
	struct stat b;
	return stat(rejected->path, &a) == 0 && fstat(fd, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* What cannot be synced (a pipe that the user named) is nobody's promise. */
enum error rejected_sync(struct rejected *rejected)
{
	if (!rejected->dirty || fdatasync(rejected->fd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS) {
		rejected->dirty = false;
		return E_OK;
	}
	return error_of_system(errno);
}

/* ---- rows ---- */

enum error rejected_begin_row(struct rejected *rejected)
{
	TRY(open_file(rejected));
	rejected->row_at = length_of(rejected->fd);
	if (!rejected->torn)
		return E_OK;
	TRY(file_write_all(rejected->fd, BYTES_LITERAL("\n")));
	rejected->torn = false;
	rejected->row_at = length_of(rejected->fd); /* the line end stays when the row is taken away */
	return E_OK;
}

enum error rejected_put(struct rejected *rejected, struct bytes text)
{
	return file_write_all(rejected->fd, text);
}

enum error rejected_end_row(struct rejected *rejected, enum error error)
{
	rejected->dirty |= error == E_OK;
	if (error == E_OK || !rejected->is_open || rejected->row_at < 0)
		return error;
	int number = errno;
	(void)!ftruncate(rejected->fd, (off_t)rejected->row_at);
	errno = number;
	return error;
}

/* A name that is no UTF-8 (a path may be anything) goes as base64, so that a row is JSON in any case. */
json_t *rejected_head(const struct refused *refused)
{
	struct bytes name = refused->input;
	struct bytes of_run = refused->run;
	followed_input_split(refused->input, &name, &of_run); /* else both stay */
	json_t *input = json_stringn((const char *)name.data, name.len);
	if (input == NULL)
		input = json_base64(name); /* a path that is not UTF-8 */
	json_t *head =
		json_pack("{s:o, s:s, s:I, s:s, s:s}", "input", input, "format", adapter_format_name(refused->format), "number",
			(json_int_t)refused->number + 1, "error", error_name(refused->error), "reason", refused->reason);
	json_t *run = of_run.len > 0 ? json_stringn((const char *)of_run.data, of_run.len) : NULL;
	if (head != NULL && of_run.len > 0 && json_object_set_new(head, "run", run) != 0) {
		json_decref(head);
		return NULL;
	}
	return head;
}

static json_t *events_to_json(const struct event *events, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(list, event_to_json(&events[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

/* With its mark, which is no UTF-8. */
static json_t *marked_to_json(const struct refused *refused)
{
	size_t len = refused->mark.len + refused->text.len;
	OWNED_MEMORY uint8_t *both = malloc(len);
	if (both == NULL)
		return NULL;
	memcpy(both, refused->mark.data, refused->mark.len);
	memcpy(both + refused->mark.len, refused->text.data, refused->text.len);
	return json_base64(bytes_of(both, len));
}

/* What is refused is first tried as text, which a person can read and mend; base64 loses nothing either, and is what is
 * left for bytes that are no text. */
static json_t *row_to_json(const struct refused *refused)
{
	json_auto_t *row = rejected_head(refused);
	const char *member = refused->count > 0 ? "events" : "message";
	bool marked = refused->mark.len > 0;
	json_t *message = refused->count > 0 ? events_to_json(refused->events, refused->count)
					  : marked           ? NULL
										 : json_stringn((const char *)refused->text.data, refused->text.len);
	if (message == NULL && refused->count == 0) {
		member = "message_base64";
		message = marked ? marked_to_json(refused) : json_base64(refused->text);
	}
	char identity[17];
	snprintf(identity, sizeof identity, "%016" PRIx64, refused->identity);
	bool good = refused->identity == 0 || json_object_set_new(row, "identity", json_string(identity)) == 0;
	good &= json_object_set_new(row, member, message) == 0;
	return good ? json_incref(row) : NULL;
}

static enum error write_row(struct rejected *rejected, char *row)
{
	size_t len = strlen(row);
	row[len] = '\n'; /* in the place of its end mark: a row is one write */
	return rejected_put(rejected, bytes_of(row, len + 1));
}

enum error rejected_write(struct rejected *rejected, const struct refused *refused)
{
	json_auto_t *json = row_to_json(refused);
	OWNED_MEMORY char *row = json != NULL ? json_write(json, JSON_COMPACT) : NULL;
	TRY(allocated(row));
	enum error error = rejected_begin_row(rejected);
	return rejected_end_row(rejected, error == E_OK ? write_row(rejected, row) : error);
}

enum error rejected_write_again(struct rejected *rejected, struct bytes row)
{
	enum error error = rejected_begin_row(rejected) ?: rejected_put(rejected, row);
	return rejected_end_row(rejected, error ?: rejected_put(rejected, BYTES_LITERAL("\n")));
}

/* ---- the last row ---- */

/* Where the last line begins; `len` if the file ends with a whole one. */
static enum error last_line(int fd, int64_t len, int64_t *out)
{
	char piece[PIECE_BYTES];
	for (int64_t end = len; end > 0;) {
		size_t size = end < (int64_t)sizeof piece ? (size_t)end : sizeof piece;
		if (pread(fd, piece, size, end - (int64_t)size) != (ssize_t)size)
			return E_IO;
		const char *newline = memrchr(piece, '\n', size);
		end -= (int64_t)size;
		*out = newline != NULL ? end + (newline - piece) + 1 : end;
		if (newline != NULL)
			return E_OK;
	}
	return E_OK;
}

enum error rejected_mend(struct rejected *rejected, struct bytes front)
{
	OWNED_FD fd = open_to_read(rejected);
	int64_t len = fd >= 0 ? length_of(fd) : 0;
	int64_t at = len;
	char begins[PATH_MAX];
	if (!rejected->own || len <= 0)
		return E_OK;
	TRY(last_line(fd, len, &at));
	size_t size = (size_t)(len - at) < front.len ? (size_t)(len - at) : front.len;
	if (size == 0 || size > sizeof begins || pread(fd, begins, size, at) != (ssize_t)size ||
		memcmp(begins, front.data, size) != 0)
		return E_OK;
	TRY(open_file(rejected));
	rejected->torn = false;
	return ftruncate(rejected->fd, (off_t)at) == 0 ? E_OK : error_of_system(errno);
}

bool rejected_ends_with(struct rejected *rejected, const char *tail)
{
	OWNED_FD fd = open_to_read(rejected);
	int64_t len = fd >= 0 ? length_of(fd) : 0;
	int64_t size = (int64_t)strlen(tail);
	char end[TAIL_BYTES_MAX];
	return size <= (int64_t)sizeof end && len >= size && pread(fd, end, (size_t)size, len - size) == (ssize_t)size &&
		   memcmp(end, tail, (size_t)size) == 0;
}
