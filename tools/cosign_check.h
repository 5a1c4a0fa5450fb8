/* What the witnesses remember of a ledger, before it goes on: whether an old store was put back. spec/witness.md
 *
 * Each is asked for the checkpoint that it cosigned last. Only what bears this log's own signature counts, so no
 * witness can stop a ledger by telling lies; one that is away or tells nothing stops nobody either. */
#pragma once

#include "ledger/archive.h"
#include "ledger/witness_policy.h"

#define COSIGN_CHECK_MS 3000u /* for all of them together */

struct cosign_check {
	uint32_t asked;    /* witnesses with an address */
	uint32_t answered; /* that showed a checkpoint of this log, which the store extends, with a cosignature of theirs */
	uint64_t times[POLICY_WITNESSES_MAX]; /* of those cosignatures, for witness_policy_judge */
};

/* Asks every witness of the policy that has an address what it cosigned last of the log of this origin, all at once,
 * and shows each answer as it comes, whatever it is; its error ends the asking. `out`: how many were asked. */
typedef enum error cosign_shown(void *context, uint32_t witness, struct bytes note, struct fault *fault);
enum error cosign_ask(const char *origin, const struct witness_policy *policy, cosign_shown *shown, void *context,
	uint32_t *out, struct fault *fault) MUST_USE;
/* E_ROLLED_BACK and the fault, with the witness's note kept in DIR/evidence: the log has signed what the store does not
 * extend. */
enum error cosign_check(struct archive *archive, const char *dir, const struct witness_policy *policy,
	struct cosign_check *out, struct fault *fault) MUST_USE;
