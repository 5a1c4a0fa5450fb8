/* What a witness answers: the first byte chooses the status, the rest is the body. Nothing but a good cosignature
 * counts, and every witness can be asked again. */
#include "ledger/note/note_sign.h"
#include "query/cosigned/cosigning.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1795420000u

static struct vkey make_key(const char *name, uint8_t type, uint8_t seed_byte, uint8_t secret_key[64])
{
	struct vkey vkey;
	uint8_t seed[32], public_key[32];
	memset(seed, seed_byte, sizeof seed);
	crypto_sign_seed_keypair(public_key, secret_key, seed);
	enum error error = vkey_make(name, type, public_key, &vkey);
	assert(error == E_OK);
	(void)error;
	return vkey;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {0, 200, 400, 403, 404, 409, 422, 500};
	uint8_t secret[64], note[1000], out[NOTE_BYTES_MAX];
	char vkey_text[VKEY_TEXT_MAX + 1], text[500];
	struct witness_policy *policy = NULL;
	struct cosigning *cosigning = NULL;
	struct checkpoint checkpoint = {.origin = "ledger.example/2026", .size = 100};
	struct quorum quorum;
	uint32_t index;
	uint64_t old_size, asked;
	if (sodium_init() < 0 || size == 0)
		return 0;
	struct vkey witness = make_key("w", NOTE_KEY_COSIGNATURE, 3, secret);
	vkey_format(&witness, vkey_text);
	snprintf(text, sizeof text, "witness w %s http://w\nquorum w\n", vkey_text);
	enum error error = witness_policy_parse(bytes_text(text), &policy, NULL);
	assert(error == E_OK);
	error = cosigning_new(policy, 60, &cosigning);
	assert(error == E_OK);
	struct vkey log = make_key(checkpoint.origin, NOTE_KEY_ED25519, 1, secret);
	struct writer w = writer_of(note, sizeof note);
	error = checkpoint_sign(&checkpoint, &log, secret, &w);
	assert(error == E_OK);
	error = cosigning_offer(cosigning, &checkpoint, bytes_of(note, writer_len(&w)), false, 1000);
	assert(error == E_OK);
	bool next = cosigning_next(cosigning, 1000, &index, &old_size, &asked);
	assert(next);
	(void)cosigning_answer(cosigning, index, statuses[data[0] % 8], bytes_of(data + 1, size - 1), 1000, NOW);
	const struct cosigner *cosigner = cosigning_witness(cosigning, 0);
	struct writer o = writer_of(out, sizeof out);
	bool taken = cosigning_take(cosigning, &o, &quorum);
	assert(taken == (cosigner->state == COSIGNER_GOOD) && taken == quorum.reached);
	next = cosigning_next(cosigning, 1000 + COSIGNING_BACKOFF_MS_MAX, &index, &old_size, &asked);
	assert(next != taken && (taken || old_size <= asked));
	cosigning_free(cosigning);
	free(policy);
	(void)error;
	return 0;
}
