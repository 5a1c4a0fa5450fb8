/* Rows of refused messages, read again: what rejected.h wrote can be sent as it is. spec/sender.md */
#pragma once

#include "ingest/message/adapter.h"

#include <jansson.h>

#define REJECTED_SEEN_MAX 1048576u /* 128 MiB */

/* Invariant: exactly one of message and events; texts point into `json` or `owned`. */
struct rejected_row {
	json_t *json;
	struct bytes input; /* where the message came from first */
	uint64_t identity;  /* of events: as in struct refused */
	uint64_t number;    /* from 0 */
	struct bytes run;   /* that refused it; empty: it came through a pipe */
	bool has_format;
	enum adapter_format format;
	struct bytes text; /* the message as it stood there; of events, these as JSON */
	char *owned;       /* its memory, where that is not the row's */
	bool is_events;
	size_t count;
	struct event *events; /* filled in by rejected_row_events */
	char *subjects;       /* their memory */
};

/* True if the text begins as a row does: worth looking at. */
bool rejected_row_begins(struct bytes text);
/* E_NOT_FOUND: it is none; E_NO_MEMORY: that could not be found out. Texts are borrowed from the row, which is to be
 * freed with rejected_row_free if it is one. */
enum error rejected_row_read(struct bytes text, struct rejected_row *out) MUST_USE;
/* What a row of events holds is read into `events`. */
enum error rejected_row_events(struct rejected_row *row, struct fault *fault) MUST_USE;
void rejected_row_free(struct rejected_row *row);

/* Rows of one input that were seen. A message that one run after the other refuses has a row of each. For one input:
 * another input counts anew, since its rows may be of other runs. */
struct rejected_seen {
	struct seen_slot *slots;
	size_t count; /* a power of two */
	size_t used;
};

/* True if the row's message was given out with an earlier row of the input: of equal messages that one run refused in
 * one input, the k-th, if k of them were given out. `content` stands for what the message says. Rows without a run
 * (of a pipe, whose messages come once) are always others. After REJECTED_SEEN_MAX rows it begins anew. E_NO_MEMORY. */
enum error rejected_row_seen(
	struct rejected_seen *seen, const struct rejected_row *row, uint64_t content, bool *out) MUST_USE;
void rejected_seen_free(struct rejected_seen *seen);
