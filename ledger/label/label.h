/* Labels: the pseudonym under which a subject's events are filed, from the VRF of the subject id. spec/vrf.md
 *
 *   label = first 32 bytes of VRF(secret, origin || newline || canonical subject id)
 *
 * For one subject only one label can be proven. A label costs 50 us, a proof 105, a verification 180. */
#pragma once

#include "ledger/base/limits.h"
#include "ledger/label/vrf.h"

#define LABEL_BYTES 32

struct label {
	uint8_t b[LABEL_BYTES];
};

/* E_BAD_KEY, E_TOO_LONG for an origin or a subject over its limit. */
enum error label_make(
	const struct key *vrf_secret, const char *origin, struct bytes subject, struct label *out) MUST_USE;
enum error label_prove(
	const struct key *vrf_secret, const char *origin, struct bytes subject, uint8_t out[VRF_PROOF_BYTES]) MUST_USE;
/* Of a proof that was just made: for nothing. */
void label_of_proof(const uint8_t proof[VRF_PROOF_BYTES], struct label *out);
/* The label that the proof proves for this subject under the VRF key of the log's genesis entry. E_BAD_VRF. */
enum error label_verify(const uint8_t vrf_key[32], const char *origin, struct bytes subject,
	const uint8_t proof[VRF_PROOF_BYTES], struct label *out) MUST_USE;

/* What an erasure entry of a person holds: SHA-256(domain || opening || label). */
void label_commitment(const struct key *opening, const struct label *label, struct hash *out);
