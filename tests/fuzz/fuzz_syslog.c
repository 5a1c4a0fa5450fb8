/* Syslog as a connection brings it, by the first byte in reads of which size: cut, its heads and escapes read, and
 * mapped. All pieces together are the input, reads do not move where they end, and what is refused says why. */
#include "ingest/framing/framing.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PIECES_MAX 4096
#define LOOKAHEAD 32u

struct cut {
	enum framing_kind kind; /* FRAMING_LAST: of a message in parts */
	enum framing_why why;
	size_t end;
	bool cut;
};

static void map(struct bytes text)
{
	static const struct source nothing;
	static uint8_t disclosed[EVENT_BYTES_MAX];
	static uint8_t restricted[EVENT_BYTES_MAX];
	struct policy policy;
	struct adapter_context context = {"cvr:1", "Org", &policy, &nothing, NULL};
	struct adapter_events events;
	struct fault fault;
	policy_default(&policy);
	if (adapter_map(ADAPTER_SYSLOG, text, &context, &events, &fault) != E_OK)
		assert(fault.text[0] != '\0');
	else
		for (size_t i = 0; i < events.count; i++) {
			struct writer d = writer_of(disclosed, sizeof disclosed);
			struct writer r = writer_of(restricted, sizeof restricted);
			if (event_encode(&events.events[i], &policy, &d, &r, &fault) != E_OK)
				assert(fault.text[0] != '\0');
		}
	adapter_events_free(&events);
}

/* Pieces that follow each other and are of one kind count as one, as do the parts of a message. */
static size_t note(struct cut *cuts, size_t count, const struct framing_piece *piece, size_t end)
{
	bool joins = count > 0 && ((piece->kind == FRAMING_BETWEEN && cuts[count - 1].kind == FRAMING_BETWEEN) ||
								  cuts[count - 1].kind == FRAMING_PART);
	if (!joins && count == PIECES_MAX)
		return count;
	count += !joins;
	cuts[count - 1] = (struct cut){piece->kind, piece->why, end, piece->cut};
	return count;
}

static size_t frame(size_t max, struct bytes input, size_t step, struct cut *cuts)
{
	struct framing framing;
	struct framing_piece piece;
	struct fault fault;
	size_t at = 0;
	size_t have = step == 0 ? input.len : 0;
	size_t count = 0;
	framing_begin(&framing, ADAPTER_SYSLOG);
	framing.max = max;
	for (;;) {
		bool ended = have == input.len;
		framing_next(&framing, bytes_of(input.data + at, have - at), ended ? FRAMING_ENDED : FRAMING_MORE, &piece);
		if (piece.kind == FRAMING_NOTHING && ended)
			break;
		if (piece.kind == FRAMING_NOTHING) {
			assert(have - at <= max + LOOKAHEAD + step);
			have += step < input.len - have ? step : input.len - have;
			continue;
		}
		assert(piece.text.data == input.data + at && piece.text.len <= have - at);
		assert(piece.text.len > 0 || piece.kind == FRAMING_LAST);
		if (piece.kind == FRAMING_MESSAGE && framing_syslog_why(&piece, &fault) == E_OK && step == 0)
			map(piece.text);
		at += piece.text.len;
		count = note(cuts, count, &piece, at);
	}
	assert(at == input.len);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cut whole[PIECES_MAX];
	static struct cut cut[PIECES_MAX];
	if (size < 1)
		return 0;
	size_t max = 100 + (data[0] / 64) * 1000u;
	struct bytes input = bytes_of(data + 1, size - 1);
	size_t count = frame(max, input, 0, whole);
	assert(frame(max, input, 1 + data[0] % 64, cut) == count);
	for (size_t i = 0; i < count; i++)
		assert(whole[i].kind == cut[i].kind && whole[i].end == cut[i].end && whole[i].cut == cut[i].cut &&
			   (whole[i].kind == FRAMING_BETWEEN || whole[i].why == cut[i].why));
	return 0;
}
