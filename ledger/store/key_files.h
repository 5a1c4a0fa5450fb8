/* Whether the key files are those that a store was written with. spec/store.md
 *
 * A key file of another ledger, or of an older machine, is a good key: nothing opens under it, or, worse, everything
 * new is made with it. Whoever judged a record by it would find every one of them damaged. So a file that is not the
 * store's own is refused by its name, before anything is read or signed with it. */
#pragma once

#include "ledger/keys/secrets.h"
#include "ledger/store/store.h"

#define STORE_ROW_SECRETS BYTES_LITERAL("secrets")
#define KEY_FILES 3
#define KEY_FILES_CHECK_BYTES 16
#define KEY_FILES_ROW_BYTES ((KEY_FILES + 1) * KEY_FILES_CHECK_BYTES)

void key_files_row(const struct secrets *secrets, uint8_t out[KEY_FILES_ROW_BYTES]);

/* Whether key files and key environment are the store's; the store's word first, since the environment is never behind
 * what a commit says of it. E_KEYS: a file is another than the store's, and the fault names it, or the environment is
 * (keystore_check). Where the row of key files is not there nothing is sealed: a store that was put back without its
 * records. The VRF key is judged by the genesis entry. E_CORRUPT: the row is damaged, or there are records without it.
 */
enum error store_keys_check(
	struct db_txn *txn, const struct secrets *secrets, struct keystore *keystore, struct fault *fault) MUST_USE;
