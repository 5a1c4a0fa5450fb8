/* Proof files: whatever the file says, the verifier neither reads astray nor keeps anything. With the key of the corpus
 * all checks are reached. */
#include "ledger/proof/tlog_proof.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zero[8];
	static struct vkey log;
	struct finding finding;
	struct tlog_proof *proof = NULL;
	if (sodium_init() < 0)
		return 0;
	if (log.name[0] == '\0') { /* that of tests/lib/forge.h */
		uint8_t public_key[32], secret_key[64];
		struct hash seed;
		const struct bytes parts[] = {BYTES_LITERAL("forge log"), BYTES_ARRAY(zero)};
		hash_blake2b(NULL, parts, 2, &seed);
		crypto_sign_seed_keypair(public_key, secret_key, seed.b);
		enum error error = vkey_make("log.example.dk/forge", NOTE_KEY_ED25519, public_key, &log);
		assert(error == E_OK);
	}
	enum error error = tlog_proof_verify(bytes_of(data, size), &log, NULL, &proof, &finding);
	assert((error == E_OK) == (proof != NULL) && strlen(finding.text) <= FINDING_TEXT_MAX);
	assert(proof == NULL || proof->index < proof->checkpoint.size);
	free(proof);
	return 0;
}
