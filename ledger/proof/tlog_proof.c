/* A format of others, so its lines are read one by one and closed at each: another title, an index with a leading zero,
 * a hash too many or a line without its end is a malformed file. The checkpoint's signature is checked before the entry
 * is decoded, and the entry before its place is looked at, so that each finding says what it says of a log that is the
 * right one. */
#include "ledger/proof/tlog_proof.h"

#include "ledger/base/wrong.h"
#include "ledger/text/base64.h"

#include <inttypes.h>

#define TITLE "c2sp.org/tlog-proof@v1"

struct shown_proof {
	uint64_t index;
	struct bytes entry;
	struct merkle_proof inclusion;
	struct bytes note;
};

/* Cuts a word and a space off the line. */
static bool cut_word(struct bytes *line, const char *word)
{
	if (!bytes_begin(*line, word))
		return false;
	*line = bytes_after(*line, strlen(word));
	return true;
}

static bool read_index(struct bytes digits, uint64_t *out)
{
	uint64_t value = 0;
	if (WRONG(digits.len == 0) || WRONG(digits.len > TLOG_PROOF_INDEX_DIGITS_MAX) ||
		WRONG(digits.len > 1 && digits.data[0] == '0'))
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		if (WRONG(digits.data[i] < '0' || digits.data[i] > '9'))
			return false;
		value = value * 10 + (uint64_t)(digits.data[i] - '0');
	}
	*out = value;
	return true;
}

/* To the empty line: without it the proof is cut, whatever it has shown by then. */
static bool read_hashes(struct bytes *rest, struct merkle_proof *out)
{
	struct bytes line;
	out->count = 0;
	while (note_cut(rest, '\n', &line)) {
		size_t len;
		if (line.len == 0)
			return true;
		if (WRONG(out->count == PROOF_HASHES_MAX) ||
			WRONG(!base64_decode(line, out->hashes[out->count++].b, HASH_BYTES, &len)) || WRONG(len != HASH_BYTES))
			return false;
	}
	return false;
}

/* `memory` has ENTRY_BYTES_MAX bytes. */
static enum error read_proof(struct bytes text, uint8_t *memory, struct shown_proof *out, struct finding *finding)
{
	size_t len = 0;
	struct bytes line = BYTES_EMPTY;
	if (WRONG(text.len > TLOG_PROOF_BYTES_MAX))
		return finding_form(finding, "file", FINDING_NO_INDEX, NULL, "longer than its limit");
	if (!note_cut(&text, '\n', &line) || WRONG(!bytes_equal(line, BYTES_LITERAL(TITLE))))
		return finding_form(finding, "proof", FINDING_NO_INDEX, NULL, "the first line is another one");
	if (!note_cut(&text, '\n', &line) || !cut_word(&line, "extra ") ||
		WRONG(!base64_decode(line, memory, ENTRY_BYTES_MAX, &len)))
		return finding_form(finding, "proof", FINDING_NO_INDEX, "extra", "must be there with the entry in base64");
	if (!note_cut(&text, '\n', &line) || !cut_word(&line, "index ") || !read_index(line, &out->index))
		return finding_form(finding, "proof", FINDING_NO_INDEX, "index", "must be a number without leading zeros");
	if (!read_hashes(&text, &out->inclusion))
		return finding_form(
			finding, "proof", FINDING_NO_INDEX, NULL, "up to 63 hashes in base64, one a line, then an empty line");
	out->entry = bytes_of(memory, len);
	out->note = text;
	return E_OK;
}

enum error tlog_proof_verify(struct bytes text, const struct vkey *log, const struct witness_policy *policy,
	struct tlog_proof **out, struct finding *finding)
{
	struct shown_proof shown;
	struct finding ignored;
	OWNED_MEMORY struct tlog_proof *proof = calloc(1, sizeof *proof);
	finding = finding ? finding : &ignored;
	*finding = (struct finding){.code = FINDING_NONE, .index = FINDING_NO_INDEX};
	TRY(allocated(proof));
	TRY(read_proof(text, proof->memory, &shown, finding));
	struct anchor anchor = {.note = shown.note};
	TRY(anchor_check_checkpoint(&anchor, log, finding));
	TRY(anchor_check_witnesses(&anchor, log, policy, &proof->seen, finding));
	if (WRONG(entry_decode(shown.entry, &proof->entry) != E_OK))
		return finding_set(finding, FINDING_TLOG_ENTRY, shown.index);
	const struct included included = {shown.index, shown.entry, {shown.inclusion.hashes, shown.inclusion.count}};
	if (WRONG(!included_check(&included, &anchor.checkpoint)))
		return finding_set(finding, FINDING_TLOG_INCLUSION, shown.index);
	proof->checkpoint = anchor.checkpoint;
	proof->index = shown.index;
	*out = OWN_TAKE(proof);
	return E_OK;
}

/* ---- writing ---- */

enum error tlog_proof_write(const struct included *included, struct bytes note, struct writer *out)
{
	char index[sizeof "\nindex \n" + TLOG_PROOF_INDEX_DIGITS_MAX];
	if (included->index >= TLOG_PROOF_INDEX_END || included->proof.count > PROOF_HASHES_MAX)
		return E_BAD_VALUE;
	if (included->entry.len > ENTRY_BYTES_MAX || note.len > NOTE_BYTES_MAX)
		return E_TOO_LONG;
	snprintf(index, sizeof index, "\nindex %" PRIu64 "\n", included->index);
	writer_bytes(out, BYTES_LITERAL(TITLE "\nextra "));
	base64_write(included->entry, out);
	writer_bytes(out, bytes_text(index));
	for (size_t i = 0; i < included->proof.count; i++) {
		base64_write(hash_bytes(&included->proof.at[i]), out);
		writer_u8(out, '\n');
	}
	writer_u8(out, '\n');
	writer_bytes(out, note);
	return out->error;
}
