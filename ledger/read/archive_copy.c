/* Whole copies of the environments while the ledger writes. Keys are synced before the tick that needs them, so a key
 * environment that is copied after the store has all keys of what the store holds. Which runs belong to the copy its
 * own store says. */
#include "ledger/read/archive_state.h"

enum error archive_copy(const struct archive *archive, int store_fd, int keys_fd, struct fault *fault)
{
	TRY(fault_because(fault, db_copy(archive->store, store_fd), "the store cannot be copied"));
	if (keys_fd < 0)
		return E_OK;
	return fault_because(
		fault, db_copy(keystore_env(archive->keystore), keys_fd), "the key environment cannot be copied");
}

enum error archive_copy_runs(
	const struct archive *archive, const struct snapshot *copy, int dir_fd, struct fault *fault)
{
	OWNED(runs_close) struct runs runs;
	enum error error = runs_open(archive->shelf, &copy->filing, &runs);
	if (error_judges(error)) /* damaged: it is made again in the copy, as it would be here */
		return E_OK;
	TRY(fault_because(fault, error, "what is filed cannot be read"));
	for (size_t i = 0; i < runs.count; i++)
		TRY(fault_because(fault, run_copy(runs.run[i], dir_fd), "what is filed cannot be copied"));
	return E_OK;
}
