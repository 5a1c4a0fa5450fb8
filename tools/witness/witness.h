/* A witness (C2SP tlog-witness) without its sockets: it remembers the newest checkpoint of each log that it was told
 * to watch, and cosigns a newer one only if that extends it. spec/witness.md
 *
 *   request ─► form ─► origin ─► log's signature ─► old size ─► consistency ─► cosign ─► write, sync ─► answer
 *              400     404       403                400, 409    422                      500
 *
 * What it remembers of a log is the very file that it serves to monitors: the checkpoint with the log's signatures and
 * its own. The file is replaced and synced before the answer is given, and the memory follows the file, so whatever was
 * ever answered is on disk. When the writing fails nothing is answered and the memory stays; the file may be newer
 * then, by a checkpoint whose cosignature nobody has: no harm. One thread, one process (a lock): checking and updating
 * is one step.
 *
 * The directory:  key   the secret key, 0600          logs   vkeys of the logs, one a line, # for comments
 *                 vkey  the witness's public key      seen/  one file for each log, named by its origin's hash
 *                 lock                                evidence/  of a log that forked (fork.h), the first; by the same
 * name */
#pragma once

#include "ledger/note/cosignature.h"
#include "ledger/witness/witness_request.h"

struct witness;

/* A new directory with a fresh key and no logs. E_EXISTS, E_BAD_VALUE for the name, E_IO. */
enum error witness_create(const char *dir, const char *name, struct vkey *out, struct fault *fault) MUST_USE;
/* Adds a log's key (type 0x01) to the file; a witness that is running takes it up when it is started again. E_EXISTS,
 * E_BAD_KEY, E_TOO_MANY. */
enum error witness_add_log(const char *dir, const struct vkey *log, struct fault *fault) MUST_USE;

/* Takes the lock and reads everything; a file under seen/ that is damaged is refused (E_CORRUPT): without it the
 * witness would forget what it signed. E_LOCKED. */
enum error witness_open(const char *dir, struct witness **out, struct fault *fault) MUST_USE;
void witness_close(struct witness *witness);
OWN(witness, witness_close);
const struct vkey *witness_vkey(const struct witness *witness);
/* Different origins. */
size_t witness_log_count(const struct witness *witness);

/* Its body is in it and not beside it, so that a witness answers without taking memory. */
struct witness_answer {
	int status;
	const char *content_type; /* static */
	const char *origin;       /* of the log, where it is known; else "-"; borrowed from the witness */
	size_t len;
	char body[NOTE_BYTES_MAX];
};

/* A refusal in plain text; the line ends in a newline. */
void witness_refuse(struct witness_answer *out, int status, const char *why);
/* POST add-checkpoint. `now_s` is the time of day; a cosignature never bears an older time than the one before it. */
void witness_add_checkpoint(struct witness *witness, struct bytes body, uint64_t now_s, struct witness_answer *out);
/* GET <origin hash>/checkpoint; `hash` is 64 hexadecimal digits in lower case, or nothing is found. */
void witness_checkpoint(const struct witness *witness, struct bytes hash, struct witness_answer *out);
