/* A message is kept as it stood, as text where it is UTF-8 and else in base64, because a row must be sent again without
 * a loss; where only its events are left, these are kept. One that is too long for memory goes into a file without a
 * name first and is read twice: whether it is text is known only at its end, and its row says that at the beginning. */
#include "tools/send/rejected.h"

#include "ledger/event/event_json.h"
#include "ledger/json/json_base64.h"
#include "ledger/json/json_read.h"
#include "tools/show/output.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#define PIECE_BYTES 49152u /* a multiple of three: base64 needs no padding in between */
#define UTF8_BYTES_MAX 4u

/* ---- the file ---- */

/* Opened when the first message is refused, so that a run that refuses nothing leaves no empty file; line buffered, so
 * that what was refused is there when the machine fails. O_NOCTTY: a name may be a terminal's. */
static enum error open_file(struct rejected *rejected)
{
	if (rejected->file != NULL)
		return E_OK;
	int fd = open(rejected->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	rejected->file = fd < 0 ? NULL : fdopen(fd, "a");
	if (rejected->file == NULL) {
		own_close(&fd);
		return E_IO;
	}
	setvbuf(rejected->file, NULL, _IOLBF, BUFSIZ);
	return E_OK;
}

/* A file that the user has named is opened at once: after an hour of sending it would be late to say that it cannot
 * be. */
enum error rejected_open(struct rejected *rejected, const char *path, const char *spool, struct fault *fault)
{
	int len = path != NULL ? snprintf(rejected->path, sizeof rejected->path, "%s", path)
						   : snprintf(rejected->path, sizeof rejected->path, "%s/rejected.jsonl", spool);
	if (len < 0 || (size_t)len >= sizeof rejected->path)
		return fault_set(fault, E_USAGE, "the name of the file for refused messages is too long");
	if (path == NULL)
		return E_OK;
	if (open_file(rejected) != E_OK)
		return fault_set(fault, E_IO, "'%s': %m", path);
	if (isatty(fileno(rejected->file)))
		return fault_set(fault, E_USAGE, "--rejected is a terminal; refused messages hold personal data: name a file");
	return E_OK;
}

void rejected_close(struct rejected *rejected)
{
	if (rejected->file != NULL)
		fclose(rejected->file);
	if (rejected->parts != NULL)
		fclose(rejected->parts);
	rejected->file = NULL;
	rejected->parts = NULL;
}

/* By device and inode: one file may have several names. */
bool rejected_is(const struct rejected *rejected, int fd)
{
	struct stat a;
	struct stat b;
	return stat(rejected->path, &a) == 0 && fstat(fd, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

enum error rejected_flush(struct rejected *rejected)
{
	return rejected->file == NULL || fflush(rejected->file) == 0 ? E_OK : E_IO;
}

/* ---- rows ---- */

/* All but the message itself. NULL when out of memory. A name that is no UTF-8 (a path may be anything) goes as base64,
 * so that a row is JSON in any case. */
static json_t *head_to_json(const struct refused *refused)
{
	json_t *input = json_stringn((const char *)refused->input.data, refused->input.len);
	if (input == NULL)
		input = json_base64(refused->input); /* a path that is not UTF-8 */
	json_t *head =
		json_pack("{s:o, s:s, s:I, s:s, s:s}", "input", input, "format", adapter_format_name(refused->format), "number",
			(json_int_t)refused->number + 1, "error", error_name(refused->error), "reason", refused->reason);
	json_t *run = refused->run.len > 0 ? json_stringn((const char *)refused->run.data, refused->run.len) : NULL;
	if (head != NULL && refused->run.len > 0 && json_object_set_new(head, "run", run) != 0) {
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
enum error rejected_write(struct rejected *rejected, const struct refused *refused)
{
	TRY(open_file(rejected));
	json_t *row = head_to_json(refused);
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
	if (json_object_set_new(row, member, message) != 0 || !good) {
		json_decref(row);
		return E_NO_MEMORY;
	}
	return output_json(row, rejected->file);
}

/* ---- messages in parts ---- */

/* Into a file without a name: it is gone with the process, however that ends, and nobody else finds it. */
enum error rejected_part(struct rejected *rejected, struct bytes part)
{
	if (rejected->parts == NULL)
		rejected->parts = tmpfile();
	if (rejected->parts == NULL || fwrite(part.data, 1, part.len, rejected->parts) != part.len)
		return E_IO;
	return E_OK;
}

/* The length of `text` without a character that its end cuts; all of it if it is no UTF-8 at all. */
static size_t whole_characters(struct bytes text)
{
	for (size_t cut = 0; cut < UTF8_BYTES_MAX && cut < text.len; cut++)
		if (bytes_utf8(bytes_of(text.data, text.len - cut)))
			return text.len - cut;
	return text.len;
}

typedef enum error write_piece(FILE *out, struct bytes piece);

static enum error check_text(FILE *out, struct bytes piece)
{
	(void)out;
	return bytes_utf8(piece) ? E_OK : E_NOT_UTF8;
}

/* One piece after the other between the quotes: escapes never reach over the end of a piece, since a piece is whole
 * characters. */
static enum error write_text(FILE *out, struct bytes piece)
{
	json_auto_t *json = json_stringn((const char *)piece.data, piece.len);
	OWNED_MEMORY char *quoted = json == NULL ? NULL : json_write(json, JSON_ENCODE_ANY);
	TRY(allocated(quoted));
	size_t len = strlen(quoted) - 2;
	return fwrite(quoted + 1, 1, len, out) == len ? E_OK : E_IO;
}

static enum error write_base64(FILE *out, struct bytes piece)
{
	json_auto_t *json = json_base64(piece);
	TRY(allocated(json));
	return fputs(json_string_value(json), out) != EOF ? E_OK : E_IO;
}

static enum error write_raw(FILE *out, struct bytes piece)
{
	return fwrite(piece.data, 1, piece.len, out) == piece.len ? E_OK : E_IO;
}

/* Everything in `parts`, in pieces that cut no character where `text` says that it is text. What a piece leaves over
 * (the beginning of a character) is moved to the front and joined with what is read next. */
static enum error each_piece(FILE *parts, bool text, write_piece *write, FILE *out)
{
	uint8_t buffer[PIECE_BYTES];
	size_t kept = 0;
	rewind(parts);
	for (;;) {
		size_t n = fread(buffer + kept, 1, sizeof buffer - kept, parts);
		struct bytes piece = bytes_of(buffer, kept + n);
		if (ferror(parts))
			return E_IO;
		if (piece.len == 0)
			return E_OK;
		size_t len = text && n > 0 ? whole_characters(piece) : piece.len;
		TRY(write(out, bytes_of(buffer, len)));
		kept = piece.len - len;
		memmove(buffer, buffer + len, kept);
	}
}

/* Whether all of it is text is known only at its end, so it is read once to see that and once to write it. */
static enum error write_parts(struct rejected *rejected, const struct refused *refused)
{
	enum error text = each_piece(rejected->parts, true, check_text, NULL);
	if (text != E_OK && text != E_NOT_UTF8)
		return text;
	json_auto_t *json = head_to_json(refused);
	OWNED_MEMORY char *head = json == NULL ? NULL : json_write(json, JSON_COMPACT);
	TRY(allocated(head));
	head[strlen(head) - 1] = '\0'; /* the bracket */
	if (fprintf(rejected->file, "%s,\"%s\":\"", head, text == E_OK ? "message" : "message_base64") <= 0)
		return E_IO;
	TRY(each_piece(rejected->parts, text == E_OK, text == E_OK ? write_text : write_base64, rejected->file));
	return fputs("\"}\n", rejected->file) != EOF ? E_OK : E_IO;
}

/* The parts are let go of also after an error: the next long message begins with an empty file. */
enum error rejected_parts(struct rejected *rejected, const struct refused *refused)
{
	enum error error = open_file(rejected);
	if (error == E_OK && refused != NULL)
		error = write_parts(rejected, refused);
	else if (error == E_OK)
		error = each_piece(rejected->parts, false, write_raw, rejected->file);
	if (error == E_OK && refused == NULL && putc('\n', rejected->file) == EOF)
		error = E_IO;
	fclose(rejected->parts);
	rejected->parts = NULL;
	return error;
}
