/* The verifiable random function that turns a subject id into its label: C2SP vrf-r255 (RFC 9381 ECVRF
 * over ristretto255 with SHA-512), from libsodium's ristretto255 calls. spec/vrf.md
 *
 * A label costs about 50 us, a proof 105, a verification 180: never once per event. */
#pragma once

#include "ledger/base/hash.h"

#define VRF_PROOF_BYTES 80
#define VRF_OUTPUT_BYTES 64

/* A canonical, nonzero scalar and its point. */
void vrf_keygen(struct key *secret, uint8_t public_key[32]);
/* E_BAD_KEY if `secret` is zero or not reduced. */
enum error vrf_public_key(const struct key *secret, uint8_t out[32]) MUST_USE;
/* The output (beta) alone. E_BAD_KEY. */
enum error vrf_output(const struct key *secret, struct bytes alpha, uint8_t out[VRF_OUTPUT_BYTES]) MUST_USE;
enum error vrf_prove(const struct key *secret, struct bytes alpha, uint8_t out[VRF_PROOF_BYTES]) MUST_USE;
/* The output of a proof that was just made, or verified. */
void vrf_proof_output(const uint8_t proof[VRF_PROOF_BYTES], uint8_t out[VRF_OUTPUT_BYTES]);
/* Gives the output that the proof proves. E_BAD_VRF: bad encoding, identity key, unreduced s, no match. */
enum error vrf_verify(const uint8_t public_key[32], struct bytes alpha, const uint8_t proof[VRF_PROOF_BYTES],
	uint8_t out[VRF_OUTPUT_BYTES]) MUST_USE;
