/* Read in a loose way and judged by one comparison: the lines are taken as they come, written again in the one
 * spelling, and must be the bytes that were read. So no rule about spaces, zeros or base64 stands here a second
 * time. */
#include "ledger/proof/auditor_note.h"

#include "ledger/base/wrong.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#define TITLE "indsigt/auditor/v1"
#define LINES 6
#define NUMBER_DIGITS_MAX 19
#define TEXT_BYTES_MAX (sizeof TITLE + ORIGIN_BYTES_MAX + 1 + 2 * (NUMBER_DIGITS_MAX + 2) + 2 * 45)

static void write_root(struct writer *out, const struct hash *root)
{
	note_hash_write(root, out);
	writer_u8(out, '\n');
}

enum error auditor_note_format(const struct auditor_note *note, struct writer *out)
{
	char numbers[64];
	snprintf(numbers, sizeof numbers, "\n%" PRIu64 "\n%" PRIu64 "\n", note->size, note->epoch_index);
	writer_bytes(out, BYTES_LITERAL(TITLE "\n"));
	writer_bytes(out, bytes_text(note->origin));
	writer_bytes(out, bytes_text(numbers));
	write_root(out, &note->map_root);
	write_root(out, &note->filing_root);
	return out->error;
}

static uint64_t number_of(struct bytes text)
{
	uint64_t value = 0;
	for (size_t i = 0; i < text.len && i < NUMBER_DIGITS_MAX; i++)
		value = value * 10 + (uint64_t)(text.data[i] - '0');
	return value;
}

static void root_of(struct bytes text, struct hash *out)
{
	memset(out, 0, sizeof *out);
	(void)!sodium_base642bin(
		out->b, HASH_BYTES, (const char *)text.data, text.len, NULL, NULL, NULL, sodium_base64_VARIANT_ORIGINAL);
}

/* Lines are read as they come; that the text is the one spelling of what was read is seen by writing it again. */
enum error auditor_note_parse(struct bytes text, struct auditor_note *out)
{
	uint8_t again[TEXT_BYTES_MAX + 8];
	struct bytes lines[LINES], written;
	struct bytes rest = text;
	struct auditor_note note = {0};
	if (text.len > TEXT_BYTES_MAX)
		return E_BAD_NOTE;
	for (size_t i = 0; i < LINES; i++)
		if (!note_cut(&rest, '\n', &lines[i]))
			return E_BAD_NOTE;
	if (rest.len != 0 || lines[1].len == 0 || lines[1].len > ORIGIN_BYTES_MAX)
		return E_BAD_NOTE;
	memcpy(note.origin, lines[1].data, lines[1].len);
	note.size = number_of(lines[2]);
	note.epoch_index = number_of(lines[3]);
	root_of(lines[4], &note.map_root);
	root_of(lines[5], &note.filing_root);
	struct writer w = writer_of(again, sizeof again);
	TRY(auditor_note_format(&note, &w));
	TRY(writer_done(&w, &written));
	if (WRONG(!bytes_equal(written, text)))
		return E_BAD_NOTE;
	*out = note;
	return E_OK;
}

enum error auditor_note_verify(struct bytes note, const struct vkey *auditor, struct auditor_note *out)
{
	struct bytes text;
	TRY(note_verify(note, auditor, &text));
	return auditor_note_parse(text, out);
}
