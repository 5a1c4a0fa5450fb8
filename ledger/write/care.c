/* What a ledger that runs looks after now and then: that its files are still its own, and who keeps them from being
 * used again.
 *
 * LMDB gives a page back when no snapshot needs it any more. A reader that died in its snapshot keeps all of them until
 * somebody clears it away; one that lives but is stopped keeps them until it goes on, and can only be told of. Runs go
 * by the same rule (filed/run_put.h). */
#include "ledger/base/clock.h"
#include "ledger/write/ledger_state.h"
#include "ledger/write/limits.h"

/* What is written to files that were replaced is gone with this process, and whoever opens the directory sees others.
 */
static enum error check_files(struct ledger *ledger, struct fault *fault)
{
	const struct db_env *const environments[] = {ledger->store, keystore_env(ledger->keystore)};
	static const char *const names[] = {"store", "keys/env"};
	for (size_t i = 0; i < 2; i++)
		if (db_check(environments[i]) != E_OK)
			return fault_set(fault, E_REPLACED,
				"data.mdb or lock.mdb in %s was removed or replaced while the ledger runs; leave them alone", names[i]);
	return E_OK;
}

/* The dead are cleared away first, so the oldest is one that lives. Its age counts from when it was first seen as the
 * oldest, since LMDB keeps no times. */
static void look_at(struct db_env *env, uint64_t now_ms, struct held *held)
{
	struct db_reader oldest;
	db_reap_readers(env);
	db_oldest_reader(env, &oldest);
	if (oldest.transaction != held->reader.transaction || oldest.pid != held->reader.pid)
		*held = (struct held){.reader = oldest, .since_ms = now_ms};
}

/* Runs that the store has ceased to name, once nobody can read a state that named them. Which it names the store says
 * and not memory, where nothing is filed as soon as a run is missing: what the others hold may still be wanted. */
static void sweep(struct ledger *ledger)
{
	OWNED_TXN txn = {0};
	struct store_filing filing;
	db_abort(&ledger->read);
	if (db_begin(ledger->store, false, &txn) == E_OK && store_filing_get(&txn, &filing) == E_OK)
		run_sweep_files(&ledger->sweep, ledger->dir_fd, &filing, ledger_epoch_writer(ledger), db_commit_seen(&txn),
			ledger->held[0].reader.transaction);
}

enum error ledger_look_after(struct ledger *ledger, struct ledger_held *out, struct fault *fault)
{
	uint64_t now_ms = clock_ms();
	TRY(check_files(ledger, fault));
	if (ledger->looked_ms == 0 || now_ms - ledger->looked_ms >= LOOK_MS) {
		ledger->looked_ms = now_ms;
		look_at(ledger->store, now_ms, &ledger->held[0]);
		look_at(keystore_env(ledger->keystore), now_ms, &ledger->held[1]);
		sweep(ledger);
	}
	*out = (struct ledger_held){.pid = 0};
	for (size_t i = 0; i < 2; i++) {
		const struct held *held = &ledger->held[i];
		if (held->reader.transaction != 0 && (out->pid == 0 || (now_ms - held->since_ms) / 1000 > out->age_s))
			*out = (struct ledger_held){held->reader.pid, (now_ms - held->since_ms) / 1000};
	}
	return E_OK;
}
