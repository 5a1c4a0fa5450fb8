/* Whole copies of the environments while the ledger writes. Keys are synced before the tick that needs them, so a key
 * environment that is copied after the store has all keys of what the store holds. */
#include "ledger/read/archive_state.h"

enum error archive_copy(const struct archive *archive, int store_fd, int keys_fd, struct fault *fault)
{
	enum error error = db_copy(archive->store, store_fd);
	if (error != E_OK)
		return fault_set(fault, error, "the store cannot be copied: %s", error_reason(error));
	if (keys_fd < 0)
		return E_OK;
	error = db_copy(keystore_env(archive->keystore), keys_fd);
	return error == E_OK ? E_OK
						 : fault_set(fault, error, "the key environment cannot be copied: %s", error_reason(error));
}
