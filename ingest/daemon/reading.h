/* A connection's frames as they come in: five bytes, then only as much as they say, and of a batch only as much as
 * there is room for. Bytes and times in, what is to be done next out; no socket, no clock of its own.
 *
 *   HEAD ─► window? ─► room? ─► BODY ─► whole: the session's
 *             │ no       │ no    │ its room is full
 *            HELD      WAITING ◄─┘
 *
 * A frame that has begun is finished: only between frames is a connection held back. */
#pragma once

#include "ingest/wire/frame.h"

enum phase {
	PHASE_HEAD,    /* between frames, or within a frame's first five bytes */
	PHASE_HELD,    /* a batch for which the connection's window has no room */
	PHASE_WAITING, /* a batch in the line for room */
	PHASE_BODY,
};

enum reading_next {
	READING_MORE,  /* bytes */
	READING_HEAD,  /* type and length are there to be judged: then there is room (reading_grow), or it waits
					  (reading_pause) */
	READING_ROOM,  /* for the rest of the body: reading_grow */
	READING_FRAME, /* it is whole; reading_end when it was used */
};

/* Invariants: body_read <= room <= body_bytes; only in PHASE_BODY and PHASE_WAITING there may be a body. */
struct reading {
	enum phase phase;
	uint8_t head[FRAME_HEAD_BYTES];
	size_t head_read;
	enum frame_type type;
	size_t body_bytes;
	uint8_t *body;
	size_t room; /* bytes of memory at `body` */
	size_t body_read;
	uint64_t
		frame_ms;     /* when the frame's first byte was seen, less the time that it was held back; 0: between frames */
	uint64_t step_ms; /* when the last PACE_STEP_BYTES of the body were whole, or it began */
	uint64_t paused_ms; /* since when it is held back by us; 0: it is not */
};

/* Where the next bytes go; `*len` 0: nothing may be read now. */
uint8_t *reading_space(struct reading *reading, size_t *len);
/* `n` bytes were put there. */
enum reading_next reading_took(struct reading *reading, size_t n, uint64_t now_ms);
/* The body waits for the window, or for room: it is not its sender's fault. */
void reading_pause(struct reading *reading, enum phase phase, uint64_t now_ms);
/* There is room for this much of the body: it goes on. E_NO_MEMORY. */
enum error reading_grow(struct reading *reading, size_t room, uint64_t now_ms) MUST_USE;
/* The body, to be freed by the caller, who wipes it. */
uint8_t *reading_hand_over(struct reading *reading);
/* Forgets the frame: the next one's head. `in_time`: its time is over, too. */
void reading_end(struct reading *reading, bool in_time);
/* How long the frame that is being read may still take; 0 when its time is over. What comes of a batch buys time: it is
 * as long as its sender made it before it knew how narrow the line is, and would never arrive otherwise. */
uint64_t reading_time_left(const struct reading *reading, unsigned timeout_ms, uint64_t now_ms);
