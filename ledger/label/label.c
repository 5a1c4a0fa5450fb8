/* The VRF is asked about the log's name and the subject together: the same person has another label in each log, even
 * where one VRF key was used for two, so that two logs side by side do not show who is in both. A log's name holds no
 * newline, so no two pairs of name and subject give the same bytes. What goes wrong (a key that is none, something too
 * long) leaves `out` as it was. */
#include "ledger/label/label.h"

#include "ledger/base/domain.h"

#include <sodium.h>

#define ALPHA_BYTES_MAX (ORIGIN_BYTES_MAX + 1 + SUBJECT_BYTES_MAX)

/* origin || newline || subject */
static enum error alpha_make(
	const char *origin, struct bytes subject, uint8_t buffer[ALPHA_BYTES_MAX], struct bytes *out)
{
	struct bytes name = bytes_text(origin);
	if (name.len > ORIGIN_BYTES_MAX || subject.len > SUBJECT_BYTES_MAX)
		return E_TOO_LONG;
	struct writer w = writer_of(buffer, ALPHA_BYTES_MAX);
	writer_bytes(&w, name);
	writer_u8(&w, '\n');
	writer_bytes(&w, subject);
	return writer_done(&w, out);
}

enum error label_make(const struct key *vrf_secret, const char *origin, struct bytes subject, struct label *out)
{
	uint8_t buffer[ALPHA_BYTES_MAX], output[VRF_OUTPUT_BYTES];
	struct bytes alpha;
	TRY(alpha_make(origin, subject, buffer, &alpha));
	enum error error = vrf_output(vrf_secret, alpha, output);
	sodium_memzero(buffer, sizeof buffer);
	TRY(error);
	memcpy(out->b, output, sizeof out->b);
	return E_OK;
}

enum error label_prove(
	const struct key *vrf_secret, const char *origin, struct bytes subject, uint8_t out[VRF_PROOF_BYTES])
{
	uint8_t buffer[ALPHA_BYTES_MAX];
	struct bytes alpha;
	TRY(alpha_make(origin, subject, buffer, &alpha));
	enum error error = vrf_prove(vrf_secret, alpha, out);
	sodium_memzero(buffer, sizeof buffer);
	return error;
}

void label_of_proof(const uint8_t proof[VRF_PROOF_BYTES], struct label *out)
{
	uint8_t output[VRF_OUTPUT_BYTES];
	vrf_proof_output(proof, output);
	memcpy(out->b, output, sizeof out->b);
}

enum error label_verify(const uint8_t vrf_key[32], const char *origin, struct bytes subject,
	const uint8_t proof[VRF_PROOF_BYTES], struct label *out)
{
	uint8_t buffer[ALPHA_BYTES_MAX], output[VRF_OUTPUT_BYTES];
	struct bytes alpha;
	TRY(alpha_make(origin, subject, buffer, &alpha));
	TRY(vrf_verify(vrf_key, alpha, proof, output));
	memcpy(out->b, output, sizeof out->b);
	return E_OK;
}

void label_commitment(const struct key *opening, const struct label *label, struct hash *out)
{
	const struct bytes parts[] = {BYTES_LITERAL(DOMAIN_ERASED), BYTES_ARRAY(opening->b), BYTES_ARRAY(label->b)};
	hash_sha256_secret(parts, 3, out);
}
