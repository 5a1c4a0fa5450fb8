#include "ledger/audit_state.h"
#include "ledger/head.h"
#include "ledger/map_store.h"

#include <inttypes.h>

/* The row that says where filing stands names an epoch entry, the newest one. */
static enum error check_place(struct audit *audit, const struct store_filing *filing, struct entry_epoch *out)
{
	struct bytes encoded;
	struct entry entry;
	if (filing->epoch_index != audit->epoch_index || filing->filed != audit->epoch_size)
		return audit_finding(audit, audit->epoch_index, "the store does not name the newest epoch as its own");
	if (log_entry(audit->txn, filing->epoch_index, &encoded) != E_OK || entry_decode(encoded, &entry) != E_OK)
		return audit_finding(audit, filing->epoch_index, "the newest epoch entry cannot be read");
	*out = entry.epoch;
	return E_OK;
}

static void go_on(void *context)
{
	audit_progress(context);
}

/* Every subject's head is what the map holds under its label, but for those that a running epoch has moved on. */
struct heads {
	struct audit *audit;
	const struct store_filing *filing;
};

static enum error check_head(void *context, const struct alias *alias, const struct head *head)
{
	const struct heads *heads = context;
	struct hash root, wanted, value;
	struct map_proof proof;
	bool present;
	(void)alias;
	audit_progress(heads->audit);
	if (head->newest >= heads->filing->filed)
		return E_OK;
	merkle_frontier_root(&head->frontier, &root);
	subject_value(head->frontier.size, &root, &wanted);
	TRY(map_store_prove(heads->audit->txn, heads->filing->generation, &head->label, &present, &value, &proof));
	return present && hash_equal(&value, &wanted) ? E_OK : E_CORRUPT;
}

enum error audit_derived(struct audit *audit)
{
	struct store_filing filing;
	struct entry_epoch epoch;
	struct hash root;
	enum error error = store_filing_get(audit->txn, &filing);
	if (error != E_OK)
		return audit_finding(audit, audit->epoch_index, "where the filing stands cannot be read: %s", audit_why(error));
	if (audit->epoch_index == 0 && filing.epoch_index == 0)
		return E_OK;
	TRY(check_place(audit, &filing, &epoch));
	error = hash_rows_check(audit->txn, STORE_FILING, &filing.leaves, go_on, audit);
	merkle_frontier_root(&filing.leaves, &root);
	if (error != E_OK || !hash_equal(&root, &epoch.filing_root))
		return audit_finding(
			audit, filing.epoch_index, "the stored filing tree is not the one that the epoch commits to");
	if (map_store_check(audit->txn, filing.generation, &epoch.map_root, go_on, audit) != E_OK)
		return audit_finding(
			audit, filing.epoch_index, "the stored subject map is not the one that the epoch commits to");
	if (audit->records == NULL)
		return E_OK;
	struct heads heads = {audit, &filing};
	error = head_visit(audit->txn, &archive_secrets(audit->archive)->seal, check_head, &heads);
	if (error != E_OK)
		return audit_finding(audit, filing.epoch_index, "a subject's tree is not what the subject map commits to");
	return E_OK;
}
