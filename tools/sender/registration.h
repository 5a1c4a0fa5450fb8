/* A sender's entry as its organisation words it, and the endorsement file in which it travels to the ledger's operator
 * when the key stays elsewhere. spec/endorsement.md
 *
 * Whoever writes an endorsement and whoever reads it need not trust each other: what it says is signed by its key, and
 * that this is the right key is shown by the one that is registered, or told over another way. */
#pragma once

#include "ledger/entry/sender.h"

#define PUBLIC_KEY_TEXT_MAX 44 /* base64 of 32 bytes */

/* A registration without id, key and signature. E_BAD_VALUE for an organisation that is not SCHEME:ID, a text that an
 * entry may not hold, or a mandate that names the organisation itself. */
enum error registration_start(const char *org, const char *name, const struct policy *policy,
	const struct mandate *mandate, struct entry_sender *out, struct fault *fault) MUST_USE;
/* Whether a sender of `org` may have this mandate: not its own organisation as another one, and a source that speaks of
 * those alone that it may report for. E_BAD_VALUE. */
enum error registration_check_mandate(const char *org, const struct mandate *mandate, struct fault *fault) MUST_USE;

/* Standard base64, exactly 32 bytes. E_BAD_KEY. */
enum error public_key_parse(const char *text, uint8_t out[32]) MUST_USE;
void public_key_format(const uint8_t public_key[32], char out[PUBLIC_KEY_TEXT_MAX + 1]);

/* Writes the endorsement file of a signed entry for the log `log`; refuses an existing one. E_EXISTS, E_IO. */
enum error endorsement_write(
	const char *path, const struct vkey *log, const struct entry_sender *entry, struct fault *fault) MUST_USE;
/* Reads it and checks that it is for the log `log` and that its signature verifies under its own key; what the sender
 * is registered with, and the signature by that key, is for endorsement_fits. E_NOT_FOUND, E_IO, E_BAD_JSON,
 * E_BAD_VALUE, E_WRONG_ORIGIN, E_BAD_KEY, E_BAD_SIGNATURE. */
enum error endorsement_read(
	const char *path, const struct vkey *log, struct entry_sender *out, struct fault *fault) MUST_USE;

/* Whether an endorsement that was read is about the sender as it is registered, and changes only what it is for: a
 * rotation the key, a change of policy the policy and the mandate. The signature by the registered key is checked here.
 * E_BAD_VALUE, E_BAD_KEY, E_BAD_SIGNATURE, E_REVOKED_SENDER. */
enum error endorsement_fits(const struct vkey *log, const struct entry_sender *entry, const struct sender *sender,
	struct fault *fault) MUST_USE;
/* "indsigt sender rotate DIR --endorsement FILE" and the like: what an endorsement of this action is for. */
const char *endorsement_command(enum sender_action action);
/* "register", "rotate", "policy", "revoke": as files and people name it. */
const char *action_word(enum sender_action action);
