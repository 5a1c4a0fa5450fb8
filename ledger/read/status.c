/* The file is written in place and nobody is locked out, so a reader may meet half of it: what is no JSON is read
 * again, a few times. Whatever cannot be read counts as zero, and a sign of life of zero is none: what cannot be read
 * may make a process away that is there, but not the other way round. A time that lies far ahead is one from before a
 * restart of the machine, and no sign of life either. */
#include "ledger/read/status.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "ledger/json/json_read.h"
#include "ledger/process/process.h"
#include "ledger/read/limits.h"

#include <fcntl.h>
#include <time.h>

static const struct {
	const char *name;
	const char *text;
} reasons[] = {
#define X(code, name, text) {name, text},
	STATUS_REASON_LIST(X)
#undef X
};

const char *status_name(enum status_reason reason)
{
	return reasons[reason].name;
}

const char *status_text(enum status_reason reason)
{
	return reasons[reason].text;
}

uint64_t status_restarts(void)
{
	const char *text = getenv(PROCESS_RESTARTS);
	return text != NULL ? strtoull(text, NULL, 10) : 0;
}

void status_ended(const char *program, enum error error, const struct fault *fault)
{
	const char *text = fault->text[0] != '\0' ? fault->text : error_reason(error);
	const char *advice = error == E_PERMISSION && strstr(text, "'indsigt own'") == NULL
							 ? "; 'indsigt own' shows whose each file is, and gives the daemons' users what is theirs"
							 : "";
	if (!process_is_kept() || printf("ended %s%s\n", text, advice) < 0 || fflush(stdout) != 0)
		fprintf(stderr, "%s: %s%s\n", program, text, advice);
}

/* Sender, error, count; a new reference. */
static json_t *refused_of_json(const struct status *status)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < STATUS_REFUSED_OF_MAX; i++) {
		const struct status_refused *row = &status->refused_of[i];
		if (row->count > 0 && json_array_append_new(rows, json_pack("[I, s, I]", (json_int_t)row->sender,
															  error_name(row->error), (json_int_t)row->count)) != 0) {
			json_decref(rows);
			return NULL;
		}
	}
	return rows;
}

/* Filled up with spaces to its fixed size: written over the old one it leaves no rest of it, and on a full disk it
 * needs no new block. */
enum error status_encode(const struct status *status, uint8_t out[STATUS_BYTES])
{
	json_auto_t *since = json_object();
	json_auto_t *refused = json_object();
	int failed = 0;
	for (size_t i = 0; i < STATUS_REASONS; i++)
		if (status->since_s[i] != 0)
			failed |= json_object_set_new(since, reasons[i].name, json_integer((json_int_t)status->since_s[i]));
	for (size_t i = 0; i < STATUS_ERRORS; i++)
		if (status->refused[i] != 0)
			failed |=
				json_object_set_new(refused, error_name((enum error)i), json_integer((json_int_t)status->refused[i]));
	json_auto_t *json = json_pack("{s:I, s:I, s:I, s:I, s:I, s:O, s:O, s:o}", "beat_ms", (json_int_t)status->beat_ms,
		"writer_ms", (json_int_t)status->writer_ms, "oldest_snapshot_s", (json_int_t)status->snapshot_s, "restarts",
		(json_int_t)status->restarts, "certificate_ends_s", (json_int_t)status->certificate_s, "since", since,
		"refused", refused, "refused_of", refused_of_json(status));
	char *text = failed || json == NULL ? NULL : json_write(json, JSON_COMPACT | JSON_SORT_KEYS);
	size_t len = text ? strlen(text) : STATUS_BYTES;
	if (len < STATUS_BYTES) {
		memset(out, ' ', STATUS_BYTES);
		memcpy(out, text, len);
		out[STATUS_BYTES - 1] = '\n';
	}
	free(text);
	return len < STATUS_BYTES ? E_OK : E_NO_MEMORY;
}

static uint64_t number_at(const json_t *object, const char *name)
{
	json_int_t number = json_integer_value(json_object_get(object, name));
	return number > 0 ? (uint64_t)number : 0;
}

static void read_refused_of(const json_t *rows, struct status *out)
{
	for (size_t i = 0; i < json_array_size(rows) && i < STATUS_REFUSED_OF_MAX; i++) {
		const json_t *row = json_array_get(rows, i);
		out->refused_of[i] = (struct status_refused){.sender = (uint32_t)json_integer_value(json_array_get(row, 0)),
			.error = error_named(json_string_value(json_array_get(row, 1))),
			.count = (uint64_t)json_integer_value(json_array_get(row, 2))};
	}
}

/* A number of the wrong type counts as 0, as does one that an older version does not write. */
static enum error read_once(int dir_fd, struct status *out)
{
	OWNED_MEMORY uint8_t *text = NULL;
	size_t len = 0;
	TRY(file_read_all(dir_fd, STATUS_NAME, STATUS_BYTES, &text, &len));
	json_auto_t *json = NULL;
	TRY(json_read(bytes_of(text, len), JSON_REJECT_DUPLICATES, NULL, &json));
	*out = (struct status){.beat_ms = number_at(json, "beat_ms"),
		.writer_ms = number_at(json, "writer_ms"),
		.snapshot_s = number_at(json, "oldest_snapshot_s"),
		.restarts = number_at(json, "restarts"),
		.certificate_s = number_at(json, "certificate_ends_s")};
	const json_t *since = json_object_get(json, "since");
	const json_t *refused = json_object_get(json, "refused");
	for (size_t i = 0; i < STATUS_REASONS; i++)
		out->since_s[i] = number_at(since, reasons[i].name);
	for (size_t i = 0; i < STATUS_ERRORS; i++)
		out->refused[i] = number_at(refused, error_name((enum error)i));
	read_refused_of(json_object_get(json, "refused_of"), out);
	return E_OK;
}

static bool fresh(uint64_t then_ms, uint64_t now_ms)
{
	return then_ms != 0 && then_ms <= now_ms + STATUS_FRESH_MS && then_ms + STATUS_FRESH_MS >= now_ms;
}

enum error status_read(const char *dir, uint64_t now_ms, struct status *out)
{
	uint64_t now_s = (uint64_t)time(NULL);
	enum error error = E_BAD_JSON;
	OWNED_FD dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*out = (struct status){.beat_ms = 0};
	for (int i = 0; dir_fd >= 0 && error == E_BAD_JSON && i < READ_TRIES; i++)
		error = read_once(dir_fd, out);
	if (error == E_NO_MEMORY)
		return error;
	if (!fresh(out->beat_ms, now_ms))
		out->since_s[STATUS_AWAY] = now_s;
	else if (!fresh(out->writer_ms, now_ms))
		out->since_s[STATUS_WRITER_STUCK] = now_s;
	return E_OK;
}
