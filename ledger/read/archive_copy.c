/* Whole copies of the environments while the ledger writes. Keys are synced before the tick that needs them, so a key
 * environment that is copied after the store has all keys of what the store holds. */
#include "ledger/read/archive_state.h"

enum error archive_copy(const struct archive *archive, int store_fd, int keys_fd, struct fault *fault)
{
	TRY(fault_because(fault, db_copy(archive->store, store_fd), "the store cannot be copied"));
	if (keys_fd < 0)
		return E_OK;
	return fault_because(
		fault, db_copy(keystore_env(archive->keystore), keys_fd), "the key environment cannot be copied");
}
