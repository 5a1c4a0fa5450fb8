/* Counts, times, and words that registrations and this program have: nothing of what events say. */
#include "query/quality/quality.h"
#include "query/quality/sample.h"

#include <stdio.h>

struct writing {
	struct text *text;
	const struct quality_query *query;
};

/* JSON has no other names; a lag may be negative, which no number of the ledger's own is. */
static void write_seconds(struct text *text, const char *name, int32_t seconds)
{
	char number[16];
	int len = snprintf(number, sizeof number, "%d", seconds);
	text_made(text, name, bytes_of(number, (size_t)len));
}

static void write_rhythm(struct text *text, const struct quality_sender *quality)
{
	const struct rhythm *rhythm = &quality->rhythm;
	text_object(text, "rhythm");
	text_string(text, "kind", bytes_text(quality->looked ? rhythm_name(rhythm->kind) : "pending"));
	text_number(text, "usual_hours", rhythm->usual);
	text_number(text, "longest_hours", rhythm->most);
	text_flag(text, "silent", quality->silent);
	if (rhythm->kind == RHYTHM_EARLY)
		text_null(text, "silent_from");
	else
		text_time(text, "silent_from", rhythm->silent_from_s);
	text_object_end(text);
}

static void write_purpose(struct text *text, const struct quality_figures *figures)
{
	text_object(text, "purpose");
	text_number(text, "seen", figures->purposes);
	text_number(text, "missing", figures->missing);
	text_number(text, "usual", figures->usual);
	text_object_end(text);
}

static void write_numbers(struct text *text, const struct quality_figures *figures)
{
	text_object(text, "numbers_in_texts");
	text_number(text, "events", figures->numbers);
	text_number(text, "own", figures->own);
	text_number(text, "checked", figures->checked);
	text_object(text, "fields");
	for (unsigned place = 0; place < QUALITY_FIELDS_MAX; place++)
		if (figures->fields[place] > 0)
			text_number(text, quality_field(place), figures->fields[place]);
	text_object_end(text);
	text_object_end(text);
}

static void write_lag(struct text *text, const struct quality_figures *figures)
{
	if (figures->lags == 0) {
		text_null(text, "lag");
		return;
	}
	text_object(text, "lag");
	text_number(text, "events", figures->lags);
	write_seconds(text, "p50_s", figures->p50_s);
	write_seconds(text, "p90_s", figures->p90_s);
	write_seconds(text, "p99_s", figures->p99_s);
	write_seconds(text, "max_s", figures->max_s);
	text_number(text, "over_day", figures->over_day);
	text_number(text, "ahead", figures->ahead);
	text_object_end(text);
}

static void write_refused(struct text *text, const struct status *status, uint32_t sender)
{
	text_object(text, "refused_batches");
	for (size_t i = 0; status != NULL && i < STATUS_REFUSED_OF_MAX; i++) {
		const struct status_refused *row = &status->refused_of[i];
		if (row->count > 0 && row->sender == sender)
			text_number(text, error_name(row->error), row->count);
	}
	text_object_end(text);
}

static bool write_sender(void *context, const struct sender *sender, const struct quality_sender *quality)
{
	struct writing *writing = context;
	struct text *text = writing->text;
	const struct quality_figures *figures = &quality->figures;
	const struct quality_query *query = writing->query;
	if ((query->sender != 0 && sender->id != query->sender) ||
		(query->org != NULL && strcmp(sender->org, query->org) != 0))
		return true;
	text_object(text, NULL);
	text_number(text, "id", sender->id);
	text_string(text, "org", bytes_text(sender->org));
	text_string(text, "name", bytes_text(sender->name));
	text_string(text, "status", bytes_text(sender->status == SENDER_ACTIVE ? "active" : "revoked"));
	if (sender->last_s > 0)
		text_time(text, "last_received", sender->last_s);
	else
		text_null(text, "last_received");
	write_rhythm(text, quality);
	text_number(text, "events", figures->events);
	text_number(text, "sample", figures->sample);
	text_number(text, "looked_at", figures->looked_at);
	text_number(text, "unreadable", figures->unreadable);
	write_purpose(text, figures);
	write_numbers(text, figures);
	write_lag(text, figures);
	write_refused(text, query->status, sender->id);
	text_object_end(text);
	return text->error == E_OK;
}

enum error quality_write(
	struct text *text, struct snapshot *snapshot, struct quality_memory *memory, const struct quality_query *query)
{
	struct writing writing = {.text = text, .query = query};
	bool complete = false;
	uint64_t now_s = quality_time(snapshot, query->now_s);
	text_object(text, NULL);
	text_string(text, "origin", bytes_text(snapshot_origin(snapshot)));
	text_string(text, "checkpoint", snapshot_note(snapshot));
	text_time(text, "time", now_s);
	text_time(text, "since", quality_since(now_s));
	text_number(text, "sample_max", SAMPLE_EVENTS_MAX);
	text_list(text, "senders");
	TRY(quality_visit(snapshot, memory, query->now_s, query->looks, write_sender, &writing, &complete));
	text_list_end(text);
	text_flag(text, "complete", complete);
	text_object_end(text);
	return text_done(text);
}
