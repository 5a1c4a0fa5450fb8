/* One message on its way from an input into the outbox, or among the refused ones. Only for send_input.c, which says
 * when. */
#pragma once

#include "tools/send/send_input.h"

/* A message on its way, and what a person is told of it: in a row of refused messages that is where it stood first. */
struct item {
	struct outbox_source source;
	struct bytes mark;
	struct bytes input;
	uint64_t number;
	enum adapter_format format;
	struct bytes run;          /* that refuses it, or refused it first; empty: it comes through a pipe */
	const struct bytes *parts; /* that it came with, taken together; NULL: it is one */
	size_t part_count;
	struct bytes row;       /* as it came: nothing but its events is left, or it was not read; else empty */
	struct send_line *line; /* that it came over, or NULL */
};

/* To whoever waits for an answer: it was taken, and became so many events; 0: before. */
void item_tell_taken(struct send *send, size_t events);
void item_tell_refused(struct send *send, enum error error, const char *reason);
/* Refused, and told. `events` NULL: it could not be read. */
enum error item_report(struct send *send, const struct item *item, const struct event *events, size_t count,
	enum error error, const struct fault *why) MUST_USE;
/* Mapped, and added or refused. Only when the outbox is ready. */
enum error item_add(struct send *send, const struct item *item, struct fault *fault) MUST_USE;
/* The same for a row that holds events. */
enum error item_add_row(
	struct send *send, const struct item *item, struct rejected_row *row, struct fault *fault) MUST_USE;
