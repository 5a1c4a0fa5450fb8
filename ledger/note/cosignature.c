/* The text that is signed has the time in front of it, so a time cannot be moved to another cosignature. One line of a
 * known key that does not verify makes all of it invalid, and no time is given: who shows a false line of a witness is
 * not to be believed on the others. */
#include "ledger/note/cosignature.h"

#include "ledger/base/wrong.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#define HEAD_BYTES_MAX 64

static bool time_valid(uint64_t time_s)
{
	return time_s >= 1 && time_s <= COSIGNATURE_TIME_MAX;
}

/* head || text, in one piece because that is what is signed. */
static enum error write_message(struct bytes text, uint64_t time_s, struct writer *out)
{
	char head[HEAD_BYTES_MAX];
	snprintf(head, sizeof head, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
	writer_bytes(out, bytes_text(head));
	writer_bytes(out, text);
	return out->error;
}

enum error cosignature_sign(
	struct bytes text, const struct vkey *vkey, const uint8_t secret_key[64], uint64_t time_s, struct writer *out)
{
	uint8_t buffer[HEAD_BYTES_MAX + CHECKPOINT_TEXT_MAX];
	uint8_t signature[COSIGNATURE_BYTES];
	struct writer message = writer_of(buffer, sizeof buffer);
	if (vkey->type != NOTE_KEY_COSIGNATURE)
		return E_BAD_KEY;
	if (!time_valid(time_s))
		return E_BAD_VALUE;
	TRY(write_message(text, time_s, &message));
	put_u64(signature, time_s);
	crypto_sign_detached(signature + 8, NULL, buffer, writer_len(&message), secret_key);
	return note_line_write(vkey, BYTES_ARRAY(signature), out);
}

enum error cosignature_verify(
	const struct note_line *line, struct bytes text, const struct vkey *vkey, uint64_t *time_s)
{
	uint8_t buffer[HEAD_BYTES_MAX + CHECKPOINT_TEXT_MAX];
	struct writer message = writer_of(buffer, sizeof buffer);
	if (vkey->type != NOTE_KEY_COSIGNATURE)
		return E_BAD_KEY;
	if (WRONG(line->signature_bytes != COSIGNATURE_BYTES))
		return E_BAD_SIGNATURE;
	uint64_t time = get_u64(line->signature);
	if (WRONG(!time_valid(time)) || write_message(text, time, &message) != E_OK)
		return E_BAD_SIGNATURE;
	if (WRONG(crypto_sign_verify_detached(line->signature + 8, buffer, writer_len(&message), vkey->public_key) != 0))
		return E_BAD_SIGNATURE;
	*time_s = time;
	return E_OK;
}

static enum error read_line(
	const struct note_line *line, struct bytes text, const struct vkey *keys, size_t count, uint64_t *times)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t time = 0;
		if (!note_line_is_of(line, &keys[i]))
			continue;
		TRY(cosignature_verify(line, text, &keys[i], &time));
		if (time > times[i])
			times[i] = time;
	}
	return E_OK;
}

enum error cosignatures_read(const struct note *note, const struct vkey *keys, size_t count, uint64_t *times)
{
	struct bytes lines = note->lines;
	struct note_line line;
	memset(times, 0, count * sizeof *times);
	while (note_line_next(&lines, &line)) {
		enum error error = read_line(&line, note->text, keys, count, times);
		if (error != E_OK) {
			memset(times, 0, count * sizeof *times);
			return error;
		}
	}
	return E_OK;
}
