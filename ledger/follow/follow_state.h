/* Where somebody who follows a log stands, as a file to go on from: the checkpoint that was signed for what has been
 * read, and the state of the rules. spec/audit.md
 *
 *   {"type": "indsigt-follow/v1", "checkpoint": the signed note, "rules": base64}
 *
 * It is as trustworthy as the disk that it lies on: whoever can write it can make its owner believe another past. */
#pragma once

#include "ledger/log/finding.h"
#include "ledger/log/log_rules.h"
#include "ledger/note/note.h"

#define FOLLOW_STATE_BYTES_MAX (1u << 30)

struct follow_state {
	struct checkpoint checkpoint; /* at least as large as what the rules have taken */
	size_t note_len;
	uint8_t note[NOTE_BYTES_MAX];
};

/* The file's text, to free(). E_NO_MEMORY. */
enum error follow_state_write(const struct follow_state *state, const struct log_rules *rules, char **out) MUST_USE;
/* Into rules that were just initialised, with the log's vkey; to be freed also after an error. E_BAD_VALUE and the
 * finding: it is malformed; E_WRONG_ORIGIN: it is about another log; E_NO_MEMORY. */
enum error follow_state_read(
	struct bytes text, struct log_rules *rules, struct follow_state *out, struct finding *finding) MUST_USE;
/* Takes over a signed note: E_BAD_CHECKPOINT. */
enum error follow_state_take(struct bytes note, const struct vkey *vkey, struct follow_state *out) MUST_USE;
