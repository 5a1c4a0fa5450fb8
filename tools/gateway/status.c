/* Written whole, and only when something is new, so that a gateway at rest leaves the disk alone. */
#include "tools/gateway/status.h"

#include "ledger/base/clock.h"
#include "ledger/base/file.h"
#include "ledger/json/json_read.h"
#include "ledger/text/timestamp.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

static json_t *to_json(const struct lines *lines, const char *listening)
{
	const struct send *send = lines->send;
	const struct lines_counts *counts = &lines->counts;
	char now[TIMESTAMP_TEXT_MAX];
	timestamp_format_s((uint64_t)time(NULL), now);
	return json_pack("{s:s, s:s, s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:{s:I, s:I}}", "time", now,
		"listening", listening, "lines", "open", (json_int_t)lines->count, "accepted", (json_int_t)counts->accepted,
		"refused", (json_int_t)counts->refused, "broken", (json_int_t)counts->broken, "messages", "read",
		(json_int_t)send->messages, "taken", (json_int_t)send->added, "repeated", (json_int_t)counts->repeated, "known",
		(json_int_t)(send->skipped - counts->repeated), "refused", (json_int_t)send->refused, "about_nobody",
		(json_int_t)send->nobody, "events", "acknowledged", (json_int_t)send->acknowledged, "waiting",
		(json_int_t)outbox_waiting(send->outbox));
}

void status_look(struct lines *lines, const char *listening, bool now)
{
	const struct send *send = lines->send;
	uint64_t now_ms = clock_ms();
	tally_look(&lines->send->tally, send->spool, (uint64_t)time(NULL), now);
	uint64_t sum = send->messages + send->acknowledged + lines->counts.accepted + lines->counts.refused + lines->count;
	if (!now && (now_ms - lines->status_ms < STATUS_MS || sum == lines->status_sum))
		return;
	lines->status_ms = now_ms;
	lines->status_sum = sum;
	json_t *json = to_json(lines, listening);
	char *text = json_write(json, JSON_INDENT(2));
	OWNED_FD dir_fd = open(send->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (text != NULL && dir_fd >= 0)
		(void)!file_write_atomic(dir_fd, STATUS_FILE, bytes_text(text), 0600);
	free(text);
	json_decref(json);
}
