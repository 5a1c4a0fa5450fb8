/* What a log asks a witness (C2SP tlog-witness, add-checkpoint). spec/witness.md
 *
 *   "old " <size> "\n"  (<base64 hash> "\n")*  "\n"  <the signed checkpoint>
 *
 * The hashes are a consistency proof from the old size to the checkpoint's. */
#pragma once

#include "ledger/note/note.h"

#define WITNESS_PROOF_LINES_MAX 63u

struct witness_request {
	uint64_t old_size;
	size_t proof_count;
	struct hash proof[WITNESS_PROOF_LINES_MAX];
	struct bytes checkpoint; /* borrowed; its form is not judged here */
};

/* E_BAD_VALUE, E_TOO_LONG over WITNESS_BODY_BYTES_MAX. */
enum error witness_request_parse(struct bytes body, struct witness_request *out) MUST_USE;
/* E_NO_ROOM. */
enum error witness_request_write(const struct witness_request *request, struct writer *out) MUST_USE;
/* SHA-256 of the origin in lower-case hexadecimal, with an end mark: where a witness shows what it has of a log. */
void witness_origin_hash(struct bytes origin, char out[2 * HASH_BYTES + 1]);
