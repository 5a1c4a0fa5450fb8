/* Key files of those who sign and are not the log (senders, witnesses, mirrors, auditors): a JSON object, mode 0600,
 * written whole, whose member "seed" is the base64 of an Ed25519 seed. What else stands in it is its owner's business.
 */
#pragma once

#include "ledger/base/bytes.h"

#include <jansson.h>

#define KEY_JSON_BYTES_MAX 8192 /* names, origins and keys at their limits, escaped */
#define KEY_SEED_TEXT_MAX 45    /* base64 of 32 bytes, and its end */

/* The object in the file at `path`, to json_decref(). E_NOT_FOUND, E_PERMISSION (its mode is looked at before its
 * content), E_IO, E_BAD_KEY, E_NO_MEMORY; the fault never shows what is in it. */
enum error key_json_read(const char *path, json_t **out, struct fault *fault) MUST_USE;
/* Takes the key pair from the member "seed". E_BAD_KEY. */
enum error key_json_seed(const json_t *json, uint8_t public_key[32], uint8_t secret_key[64]) MUST_USE;
/* The member "seed" of that key. E_NO_MEMORY. */
enum error key_json_set_seed(json_t *json, const uint8_t secret_key[64]) MUST_USE;
/* Writes the file, synced. Without `replace` a file that is there already is left alone: E_EXISTS. */
enum error key_json_write(const char *path, const json_t *json, bool replace, struct fault *fault) MUST_USE;
