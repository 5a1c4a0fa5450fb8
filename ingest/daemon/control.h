/* The control socket of indsigt-ingestd, DIR/control.sock: how commands on the same machine reach the one process that
 * writes. A request is one line of JSON, the reply is one line of JSON, then the connection ends. Whoever may open
 * the socket (mode 0600) may do everything. A request that is not there in ten seconds ends the connection, and so does
 * an answer that is not taken in ten; for its job whoever asks waits as long as that takes.
 *
 *   {"do":"sender","entry":BASE64}   appends a sender entry (entry.h) ─► {"ok":true,"id":N,"index":N}
 *   {"do":"next-sender"}             the next free sender id          ─► {"ok":true,"id":N}
 *   {"do":"epoch"}                   files what there is              ─► {"ok":true,"size":N,"tail":N} when it is done
 *   with "declare-lost":true         and says what cannot be filed is lost (spec/loss.md)
 *   {"do":"status"}                                                   ─► {"ok":true,"size":N,"tail":N}
 *   refused                                                           ─► {"ok":false,"error":NAME,"text":TEXT} */
#pragma once

#include "ingest/sequencer/sequencer.h"

struct event_base;
struct control;

/* `submit` takes a job over; its answer comes back through control_answer. */
enum error control_open(struct event_base *base, const char *dir, void (*submit)(void *context, struct job *job),
	void *context, struct control **out, struct fault *fault) MUST_USE;
/* About once a second: closes those whose time is over (CONTROL_MS), and makes the socket again where it is gone, or
 * could not be made yet. */
void control_beat(struct control *control);
void control_close(struct control *control);
/* The job is done; it stays the caller's. */
void control_answer(struct control *control, const struct job *job);
