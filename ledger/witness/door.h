/* The one door: who is asked before a ledger signs for the first time in a process. spec/witness.md
 *
 *   DIR/witnesses ─► each witness that has an address is asked what it cosigned last of this log ─► its answer is
 *
 *     a checkpoint with the log's signature that the store does not extend   an older store was put back: kept in
 *                                                                            DIR/evidence, and nothing is signed
 *     one that the store extends, cosigned by that witness                   an answer
 *     nothing, and the directory remembers no cosignature of that witness    an answer
 *     anything else                                                          none: the witness is silent
 *
 * Whatever a quorum has cosigned must be known to one of those who answered. So the silent ones must not be a quorum
 * among themselves: of "two of three" one may be away, of "all of three" two may, of "any of three" none. A policy with
 * "quorum none" waits for nobody.
 *
 * Nothing here knows a network: whoever opens a ledger hands in the means to ask (ingest/net/asking.h). */
#pragma once

#include "ledger/witness/witness_policy.h"

#define DOOR_POLICY_FILE "witnesses"
/* The newest checkpoint that the policy's witnesses have cosigned, as the directory remembers it; it may be gone. */
#define DOOR_COSIGNED_FILE "cosigned/checkpoint"
/* What the names of files in DIR/evidence begin with that hold a checkpoint which a sender, or a witness, has shown and
 * the store did not extend. */
#define DOOR_SHOWN_BY_SENDER "rolled-back-"
#define DOOR_SHOWN_BY_WITNESS "witness-"

/* The policy of the ledger in `dir_fd`; it must name this log or none. E_NOT_FOUND: there is none. On success the
 * caller frees `*out` with free(). */
enum error door_policy(int dir_fd, const struct vkey *log, struct witness_policy **out, struct fault *fault) MUST_USE;

/* ---- asking ---- */

struct door_answer {
	uint32_t witness;  /* its index in the policy */
	bool came;         /* false: `why` says what came in its place */
	struct bytes note; /* what it shows, of whatever kind; empty: it has nothing of this log */
	const char *why;
};

/* Its error ends the asking. */
typedef enum error door_heard(void *context, const struct door_answer *answer, struct fault *fault);

/* The means to ask. */
struct door_asker {
	/* Asks every witness of the policy that has an address what it cosigned last of the log of this origin, all at
	 * once, and tells each answer as it comes. E_NO_MEMORY, E_IO. */
	enum error (*ask)(
		const char *origin, const struct witness_policy *policy, door_heard *heard, void *context, struct fault *fault);
	/* For a person: who did not answer, where that stops nothing. */
	void (*tell)(const char *text);
	/* Somebody has said that the ledger goes on whoever is silent. */
	bool without_witnesses;
	/* Too few answers refuse what would be signed first, and not the opening: a command may have nothing to sign. */
	bool opens_unwitnessed;
};

/* ---- judging ---- */

/* The store, as it is asked about. */
struct door_store {
	const struct vkey *vkey;
	int dir_fd;    /* of the ledger's directory, for evidence */
	uint64_t size; /* entries */
	/* Whether the store extends this checkpoint of the log's own. E_ROLLED_BACK if not. */
	enum error (*extends)(void *context, struct bytes note);
	void *context;
};

struct door_verdict {
	uint32_t asked;                        /* witnesses with an address */
	uint32_t answered;                     /* of them */
	uint64_t times[POLICY_WITNESSES_MAX];  /* of the cosignatures that were shown, for witness_policy_judge */
	uint64_t silent[POLICY_WITNESSES_MAX]; /* 1 for each that was asked and is silent */
	char why[160];                         /* who is silent, and why; cut where it is long */
};

/* Asks, and judges what is shown. E_ROLLED_BACK, with the witness's note in DIR/evidence. */
enum error door_ask(const struct door_store *store, const struct witness_policy *policy, const struct door_asker *asker,
	struct door_verdict *out, struct fault *fault) MUST_USE;
/* E_UNWITNESSED: those who are silent could be a quorum among themselves. */
enum error door_enough(
	const struct witness_policy *policy, const struct door_verdict *verdict, struct fault *fault) MUST_USE;
/* All of it, for a store that is about to sign. Where there is no policy nobody is asked; where there is one, and no
 * asker (NULL): E_UNWITNESSED. */
enum error door_pass(const struct door_store *store, const struct door_asker *asker, struct fault *fault) MUST_USE;
