/* The sender's key file: all that a sender needs to know. spec/sender.md
 *
 * JSON, mode 0600, written atomically:
 *   {"origin": the log's name, "log": its vkey, "sender": id, "org": "cvr:55133018", "name": "...", "seed": base64}
 * `org` and `name` are for people and may be missing; any other member is refused. `seed` is the 32-byte Ed25519 seed.
 *
 * A file that group or others may read is refused (E_PERMISSION), on reading, before its content is looked at. */
#pragma once

#include "ledger/entry/entry.h"

struct sender_key {
	uint32_t sender;
	struct vkey log;               /* log.name is the origin */
	char org[ORG_BYTES_MAX + 1];   /* may be empty */
	char name[NAME_BYTES_MAX + 1]; /* may be empty */
	uint8_t public_key[32];
	uint8_t secret_key[64]; /* libsodium's form: seed || public key */
};

/* Fills in a fresh key pair; the other members stay as they are. */
void sender_key_generate(struct sender_key *key);
/* Owners wipe the key when they are done; also fit for __attribute__((cleanup)). */
void sender_key_wipe(struct sender_key *key);

/* The key file at `path`. E_NOT_FOUND, E_PERMISSION, E_IO, E_BAD_KEY (not a sender's key file; the fault says what is
 * wrong with it and never shows the seed). */
enum error sender_key_read(const char *path, struct sender_key *out, struct fault *fault) MUST_USE;
/* Writes the file, synced, mode 0600. Without `replace` a file that is there already is left alone: E_EXISTS. */
enum error sender_key_write(const char *path, const struct sender_key *key, bool replace, struct fault *fault) MUST_USE;

/* ---- endorsement (entry.h, sender_message) ----
 * All members of `entry` but the signatures are the caller's; they must be final. */

/* Signs a registration, rotation or policy change with the key that the entry names: entry->public_key must be
 * key->public_key (E_BAD_KEY). Fills in entry->signature. The origin is key->log.name. */
enum error sender_key_endorse(const struct sender_key *key, struct entry_sender *entry) MUST_USE;
/* The same message signed with the previous key, for a rotation or a policy change (there with the same key). Fills in
 * entry->old_signature. */
enum error sender_key_endorse_old(const struct sender_key *old_key, struct entry_sender *entry) MUST_USE;
