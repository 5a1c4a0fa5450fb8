/* Bytes are counted here and memory is taken in steps; what may come next is others' to say (reading_pause,
 * reading_grow).
 *
 * A body moves to larger memory each time, and the old is wiped: it holds a batch's secret. Time that a frame was held
 * back by us is taken out of its time (frame_ms moves on), and each PACE_STEP_BYTES of a batch add a second: a narrow
 * line is not ended, and one that has stopped is. `move` has every change of phase that there is; another one is a
 * mistake in the program. */
#include "ingest/daemon/reading.h"

#include <assert.h>

static void move(struct reading *reading, enum phase to)
{
	static const bool moves[4][4] = {
		[PHASE_HEAD] = {[PHASE_HEAD] = true, [PHASE_HELD] = true, [PHASE_WAITING] = true, [PHASE_BODY] = true},
		[PHASE_HELD] = {[PHASE_HEAD] = true, [PHASE_WAITING] = true, [PHASE_BODY] = true},
		[PHASE_WAITING] = {[PHASE_HEAD] = true, [PHASE_BODY] = true},
		[PHASE_BODY] = {[PHASE_HEAD] = true, [PHASE_WAITING] = true, [PHASE_BODY] = true},
	};
	assert(moves[reading->phase][to]);
	reading->phase = to;
}

uint8_t *reading_space(struct reading *reading, size_t *len)
{
	if (reading->phase == PHASE_HEAD) {
		*len = sizeof reading->head - reading->head_read;
		return reading->head + reading->head_read;
	}
	*len = reading->phase == PHASE_BODY ? reading->room - reading->body_read : 0;
	return reading->body + reading->body_read;
}

static enum reading_next next(const struct reading *reading)
{
	if (reading->phase == PHASE_HEAD)
		return reading->head_read < sizeof reading->head ? READING_MORE : READING_HEAD;
	if (reading->phase != PHASE_BODY)
		return READING_MORE;
	if (reading->body_read == reading->body_bytes)
		return READING_FRAME;
	return reading->body_read < reading->room ? READING_MORE : READING_ROOM;
}

enum reading_next reading_took(struct reading *reading, size_t n, uint64_t now_ms)
{
	if (reading->phase == PHASE_HEAD) {
		reading->head_read += n;
		assert(reading->head_read <= sizeof reading->head);
		if (n > 0 && reading->frame_ms == 0)
			reading->frame_ms = now_ms;
	} else {
		assert(reading->phase == PHASE_BODY && n <= reading->room - reading->body_read);
		if ((reading->body_read + n) / PACE_STEP_BYTES > reading->body_read / PACE_STEP_BYTES)
			reading->step_ms = now_ms;
		reading->body_read += n;
	}
	return next(reading);
}

void reading_pause(struct reading *reading, enum phase phase, uint64_t now_ms)
{
	move(reading, phase);
	if (reading->paused_ms == 0)
		reading->paused_ms = now_ms;
}

enum error reading_grow(struct reading *reading, size_t room, uint64_t now_ms)
{
	assert(room >= reading->room && room <= reading->body_bytes);
	uint8_t *larger = malloc(room > 0 ? room : 1);
	TRY(allocated(larger));
	if (reading->body != NULL) {
		memcpy(larger, reading->body, reading->body_read);
		own_wipe(reading->body, reading->body_read);
	} else {
		reading->step_ms = now_ms;
	}
	reading->body = larger;
	reading->room = room;
	if (reading->paused_ms != 0) {
		reading->frame_ms += now_ms - reading->paused_ms;
		reading->step_ms = now_ms;
	}
	reading->paused_ms = 0;
	move(reading, PHASE_BODY);
	return E_OK;
}

uint8_t *reading_hand_over(struct reading *reading)
{
	uint8_t *body = reading->body;
	reading->body = NULL;
	reading->room = 0;
	return body;
}

void reading_end(struct reading *reading, bool in_time)
{
	own_wipe(reading->body, reading->body_read);
	move(reading, PHASE_HEAD);
	*reading = (struct reading){.phase = PHASE_HEAD, .frame_ms = in_time ? 0 : reading->frame_ms};
}

uint64_t reading_time_left(const struct reading *reading, unsigned timeout_ms, uint64_t now_ms)
{
	bool buys = reading->phase == PHASE_BODY && reading->type == FRAME_BATCH;
	uint64_t bought_ms = buys ? (uint64_t)reading->body_read * 1000 / PACE_STEP_BYTES : 0;
	uint64_t until_ms = reading->frame_ms + timeout_ms + bought_ms;
	return reading->frame_ms != 0 && until_ms > now_ms ? until_ms - now_ms : 0;
}
