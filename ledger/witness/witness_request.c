/* Only the form is judged here; whether the proof leads anywhere is for the witness, which knows what it has cosigned.
 * The number of hashes is bounded while they are read, so a long body costs no more than its lines. */
#include "ledger/witness/witness_request.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

/* A first size of 0 wants no proof, but whether one is there all the same is the witness's question. */
enum error witness_request_parse(struct bytes body, struct witness_request *out)
{
	struct witness_request request = {0};
	struct bytes line;
	if (body.len > WITNESS_BODY_BYTES_MAX)
		return E_TOO_LONG;
	if (!note_cut(&body, '\n', &line) || !bytes_begin(line, "old ") ||
		!note_size_parse(bytes_after(line, strlen("old ")), &request.old_size))
		return E_BAD_VALUE;
	for (;;) {
		if (!note_cut(&body, '\n', &line))
			return E_BAD_VALUE;
		if (line.len == 0)
			break;
		if (request.proof_count == WITNESS_PROOF_LINES_MAX ||
			!note_hash_parse(line, &request.proof[request.proof_count++]))
			return E_BAD_VALUE;
	}
	request.checkpoint = body;
	*out = request;
	return E_OK;
}

enum error witness_request_write(const struct witness_request *request, struct writer *out)
{
	char line[32];
	snprintf(line, sizeof line, "old %" PRIu64 "\n", request->old_size);
	writer_bytes(out, bytes_text(line));
	for (size_t i = 0; i < request->proof_count; i++) {
		note_hash_write(&request->proof[i], out);
		writer_bytes(out, BYTES_LITERAL("\n"));
	}
	writer_bytes(out, BYTES_LITERAL("\n"));
	writer_bytes(out, request->checkpoint);
	return out->error;
}

void witness_origin_hash(struct bytes origin, char out[2 * HASH_BYTES + 1])
{
	struct hash hash;
	hash_sha256(&origin, 1, &hash);
	sodium_bin2hex(out, 2 * HASH_BYTES + 1, hash.b, HASH_BYTES);
}
