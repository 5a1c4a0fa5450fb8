/* Framing and Bundles: the first byte says format and limit, the second how the rest is read. All pieces together are
 * the input, reads do not move where they end, and the entries of a Bundle lie in it, one behind the other. */
#include "ingest/framing/bundle.h"
#include "ingest/framing/framing.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PIECES_MAX 4096

struct cut {
	enum framing_kind kind; /* FRAMING_LAST: of a message in parts */
	size_t end;
};

static void read_bundle(struct bytes text)
{
	struct bundle bundle;
	struct bundle_entry entry;
	struct fault fault;
	const uint8_t *at = text.data;
	if (bundle_begin(text, &bundle, &fault) != E_OK)
		return;
	while (bundle_next(&bundle, &entry)) {
		assert(entry.text.data >= at && entry.text.len > 0);
		at = entry.text.data + entry.text.len;
		assert(at <= text.data + text.len);
	}
}

/* Pieces that follow each other and are of one kind count as one, as do the parts of a message. */
static size_t note(struct cut *cuts, size_t count, const struct framing_piece *piece, size_t end)
{
	bool joins = count > 0 && ((piece->kind == FRAMING_BETWEEN && cuts[count - 1].kind == FRAMING_BETWEEN) ||
								  cuts[count - 1].kind == FRAMING_PART);
	if (!joins && count == PIECES_MAX)
		return count;
	count += !joins;
	cuts[count - 1] = (struct cut){piece->kind, end};
	return count;
}

static size_t frame(enum adapter_format format, size_t max, struct bytes input, size_t step, struct cut *cuts)
{
	struct framing framing;
	struct framing_piece piece;
	size_t at = 0;
	size_t have = step == 0 ? input.len : 0;
	size_t count = 0;
	framing_begin(&framing, format);
	framing.max = max;
	for (;;) {
		bool ended = have == input.len;
		framing_next(&framing, bytes_of(input.data + at, have - at), ended ? FRAMING_ENDED : FRAMING_MORE, &piece);
		if (piece.kind == FRAMING_NOTHING && ended)
			break;
		if (piece.kind == FRAMING_NOTHING) {
			have += step < input.len - have ? step : input.len - have;
			continue;
		}
		assert(piece.text.data == input.data + at && piece.text.len <= have - at);
		assert(piece.text.len > 0 || piece.kind == FRAMING_LAST);
		if (piece.bundle)
			read_bundle(piece.text);
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
	if (size < 2)
		return 0;
	enum adapter_format format = (enum adapter_format)(data[0] % 3);
	size_t max = 100 + (data[0] / 3) * 16u;
	struct bytes input = bytes_of(data + 2, size - 2);
	size_t count = frame(format, max, input, 0, whole);
	assert(frame(format, max, input, 1 + data[1] % 64, cut) == count);
	for (size_t i = 0; i < count; i++)
		assert(whole[i].kind == cut[i].kind && whole[i].end == cut[i].end);
	return 0;
}
