/* VRF key ─► the public key in the genesis entry?      the others ─► a keyed hash of a fixed text for each, in a row
 *
 * Damage must not pass for wrong key files, or an operator looks for others that do not exist: the row has a checksum
 * over itself (E_CORRUPT when that is off), and a genesis entry that cannot be read is left to whoever reads the log.
 * A store without the row is good as long as nothing is sealed in it; the next commit writes it. */
#include "ledger/store/key_files.h"

#include "ledger/base/domain.h"
#include "ledger/label/vrf.h"
#include "ledger/store/log.h"

#include <sodium.h>

#define CHECK_BYTES KEY_FILES_CHECK_BYTES
#define FILES KEY_FILES

static const char *const names[FILES] = {"alias", "master", "wrapping"};

/* One for each file, and one over them: a damaged row must not be taken for key files that do not fit. */
void key_files_row(const struct secrets *secrets, uint8_t out[KEY_FILES_ROW_BYTES])
{
	static const struct bytes domain = BYTES_LITERAL(DOMAIN_KEY_CHECK);
	const struct key *const keys[FILES] = {&secrets->alias, &secrets->master, &secrets->wrapping};
	for (size_t i = 0; i < FILES; i++)
		crypto_generichash(out + i * CHECK_BYTES, CHECK_BYTES, domain.data, domain.len, keys[i]->b, sizeof keys[i]->b);
	crypto_generichash(out + FILES * CHECK_BYTES, CHECK_BYTES, out, FILES * CHECK_BYTES, NULL, 0);
}

static enum error is_another(const char *name, struct fault *fault)
{
	return fault_set(fault, E_KEYS,
		"keys/%s is another key than the one that the store was written with; put this ledger's own file back, see "
		"'indsigt help recovery'",
		name);
}

/* A genesis entry that is damaged is for whoever reads the log; the key is compared with a whole one. */
static enum error check_vrf(struct db_txn *txn, const struct secrets *secrets, struct fault *fault)
{
	struct bytes encoded;
	struct entry entry;
	uint8_t vrf_key[32];
	enum error error = db_must(log_entry(txn, 0, &encoded));
	if (error == E_CORRUPT)
		return E_OK;
	TRY(error);
	if (entry_decode(encoded, &entry) != E_OK || entry.kind != ENTRY_GENESIS)
		return E_OK;
	TRY(vrf_public_key(&secrets->vrf, vrf_key));
	return memcmp(vrf_key, entry.genesis.vrf_key, sizeof vrf_key) == 0 ? E_OK : is_another("vrf", fault);
}

/* A row that is missing is good only while nothing is sealed: a store that has records had it once. */
static enum error check_row(struct db_txn *txn, const struct secrets *secrets, struct fault *fault)
{
	struct bytes row;
	uint8_t own[KEY_FILES_ROW_BYTES], whole[CHECK_BYTES];
	uint64_t records = 0;
	enum error error = db_get(txn, STORE_META, STORE_ROW_SECRETS, &row);
	if (error == E_NOT_FOUND) {
		TRY(db_count(txn, STORE_RECORD, &records));
		return records == 0 ? E_OK : E_CORRUPT;
	}
	TRY(error);
	if (row.len != KEY_FILES_ROW_BYTES)
		return E_CORRUPT;
	crypto_generichash(whole, sizeof whole, row.data, FILES * CHECK_BYTES, NULL, 0);
	if (memcmp(whole, row.data + FILES * CHECK_BYTES, sizeof whole) != 0)
		return E_CORRUPT;
	key_files_row(secrets, own);
	for (size_t i = 0; i < FILES; i++)
		if (memcmp(row.data + i * CHECK_BYTES, own + i * CHECK_BYTES, CHECK_BYTES) != 0)
			return is_another(names[i], fault);
	return E_OK;
}

static enum error check_files(struct db_txn *txn, const struct secrets *secrets, struct fault *fault)
{
	struct fault why = {.text = ""};
	enum error error = check_vrf(txn, secrets, &why) ?: check_row(txn, secrets, &why);
	if (why.text[0] != '\0')
		return fault_set(fault, error, "%s", why.text);
	return fault_because(fault, error, "the store cannot be compared with its key files");
}

enum error store_keys_check(
	struct db_txn *txn, const struct secrets *secrets, struct keystore *keystore, struct fault *fault)
{
	struct key_position committed;
	TRY(fault_because(fault, store_keys_get(txn, &committed), "the store cannot be read"));
	TRY(check_files(txn, secrets, fault));
	return keystore_check(keystore, &committed, fault);
}
