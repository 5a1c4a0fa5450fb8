/* Filing proofs: whatever the file says, the verifier neither reads astray nor keeps anything; and the subjects of what
 * it accepts are canonical. With the key of the corpus all checks are reached. */
#include "ledger/proof/filing_lost.h"
#include "ledger/proof/filing_proof.h"
#include "ledger/subject/subject.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zero[8];
	static struct vkey log;
	struct finding finding;
	struct filing_proof *proof = NULL;
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
	enum error error = filing_proof_verify(bytes_of(data, size), &log, NULL, &proof, &finding);
	assert((error == E_OK) == (proof != NULL) && strlen(finding.text) <= FINDING_TEXT_MAX);
	for (uint32_t i = 0; proof != NULL && proof->subjects != NULL && i < proof->batch.count; i++) {
		const struct filing_subject *subject = &proof->subjects[proof->subject_of[i]];
		enum error canonical = subject_check(subject->id);
		assert(canonical == E_OK && memcmp(subject->label.b, proof->labels[i].b, LABEL_BYTES) == 0);
	}
	filing_proof_free(proof);
	struct filing_lost lost;
	if (filing_lost_verify(bytes_of(data, size), &log, NULL, &lost, &finding) == E_OK)
		assert(filing_lost_is(bytes_of(data, size)) && lost.first_index + lost.batch.count < lost.loss_index);
	return 0;
}
