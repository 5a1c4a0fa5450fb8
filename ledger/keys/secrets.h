/* The ledger's own keys, in guarded memory. spec/store.md
 * Each of the two daemons may have a user of its own ('indsigt own'): then the log's key stays 0600, and what both read
 * is 0640, of a group that queryd's user alone is in.
 *
 *   keys/log       seed of the log's signing key      ingestd only
 *   keys/vrf       secret of the VRF                  ingestd and queryd
 *   keys/alias     names subjects inside the ledger   ingestd and queryd
 *   keys/master    seals filing, hides key ids        ingestd and queryd
 *   keys/wrapping  wraps the key environment          ingestd and queryd, changed at every erasure */
#pragma once

#include "ledger/keys/keyfile.h"
#include "ledger/keys/seal.h"
#include "ledger/tree/subject_tree.h"

struct secrets {
	bool can_sign;
	uint8_t log_secret[64]; /* libsodium's Ed25519 secret key */
	uint8_t log_public[32];
	struct key vrf;
	struct key alias;
	struct key master;
	struct key wrapping;
	struct seal_keys seal;         /* derived from master */
	struct blinding_keys blinding; /* derived from vrf */
};

/* `with_log` also reads the signing key. Freed with secrets_free. */
enum error secrets_load(int keys_fd, bool with_log, struct secrets **out, struct fault *fault) MUST_USE;
void secrets_free(struct secrets *secrets);
OWN(secrets, secrets_free);
