/* Receipts: what is accepted has one spelling, and verifying a foreign one never reads astray. */
#include "ledger/entry/receipt.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buffer[RECEIPT_BYTES_MAX];
	static struct receipt_position position;
	struct receipt receipt;
	struct vkey vkey;
	struct fault fault;
	if (sodium_init() < 0 || receipt_decode(bytes_of(data, size), &receipt) != E_OK)
		return 0;
	struct writer w = writer_of(buffer, sizeof buffer);
	enum error error = receipt_encode(&receipt, &w);
	assert(error == E_OK && bytes_equal(bytes_of(buffer, writer_len(&w)), bytes_of(data, size)));

	/* The key and the batch of the corpus, so that the proofs are reached too. */
	uint8_t seed[32], public_key[32], secret_key[64];
	memset(seed, 1, sizeof seed);
	crypto_sign_seed_keypair(public_key, secret_key, seed);
	error = vkey_make("ledger.example/2026", NOTE_KEY_ED25519, public_key, &vkey);
	assert(error == E_OK);
	struct batch_head head = {.kind = BATCH_EVENT,
		.sender = 3,
		.first_sequence = receipt.first_sequence,
		.count = receipt.count,
		.filing_checked = 90};
	for (size_t i = 0; i < sizeof head.signature; i++)
		head.signature[i] = (uint8_t)i;
	memset(&position, 0, sizeof position);
	(void)!receipt_verify(&receipt, &vkey, &head, &position, &fault);
	return 0;
}
