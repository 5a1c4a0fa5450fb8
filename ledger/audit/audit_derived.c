/* What answers are made of, against the newest epoch entry: the place of filing, the filing tree, the map, and with
 * keys the heads and the stored subtrees. Whether the entry's roots are right is audit_filing.c's part.
 *
 * The filing tree and the heads are compared as a whole first; only when that differs, one by one, to name an event.
 * Without keys a finding names the epoch alone. An epoch that covers lost events has roots that nobody can make: the
 * store then stays at the one before, and that one is compared. */
#include "ledger/audit/audit_state.h"
#include "ledger/filed/head.h"
#include "ledger/filed/map_store.h"
#include "ledger/filed/subtrees.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

/* About the newest epoch; with keys `event` is the first event concerned, or NO_EVENT. */
#define NO_EVENT UINT64_MAX

static enum error finding(struct audit *audit, enum error cause, uint64_t event, const char *text)
{
	if (!audit->found)
		audit->result.epoch = audit->rules.state.epoch_index;
	return audit_judge(audit, cause, event == NO_EVENT ? audit->rules.state.epoch_index : event, "%s", text);
}

/* The entry that the store names as its newest epoch. */
static enum error read_epoch(struct audit *audit, const struct store_filing *filing, struct entry_epoch *out)
{
	struct bytes encoded;
	struct entry entry;
	if (filing->epoch_index == 0)
		return E_OK;
	enum error error = log_entry(audit->txn, filing->epoch_index, &encoded);
	if (error == E_OK)
		error = entry_decode(encoded, &entry);
	if (error != E_OK)
		return finding(audit, error, NO_EVENT, "the newest epoch entry cannot be read");
	if (entry.kind != ENTRY_EPOCH || entry.epoch.size != filing->filed)
		return finding(audit, E_OK, NO_EVENT, "the entry that the store names as its newest epoch is none, or another");
	*out = entry.epoch;
	return E_OK;
}

/* The row that says where filing stands names the newest epoch entry. The roots of epochs that cover lost events nobody
 * can make again: until the next epoch the store stays at the one that it had before. */
static enum error check_place(struct audit *audit, const struct store_filing *filing, struct entry_epoch *out)
{
	if (losses_hide_epoch(&audit->lost, audit->rules.state.epoch_index, audit->rules.state.epoch_size) &&
		filing->epoch_index < audit->rules.state.epoch_index)
		return read_epoch(audit, filing, out);
	if (filing->epoch_index == audit->rules.state.epoch_index && filing->filed < audit->rules.state.epoch_size)
		return finding(
			audit, E_OK, NO_EVENT, "what the newest epoch covers is not filed: filing it again has not finished");
	if (filing->epoch_index != audit->rules.state.epoch_index || filing->filed != audit->rules.state.epoch_size)
		return finding(audit, E_OK, NO_EVENT, "the store does not name the newest epoch as its own");
	return read_epoch(audit, filing, out);
}

static void go_on(void *context)
{
	audit_progress(context);
}

/* ---- filing tree ---- */

struct leaves {
	struct audit *audit;
	uint64_t position;
	uint64_t event; /* the first one whose leaf is another */
};

static enum error compare_leaf(void *context, const struct label_row *place)
{
	struct leaves *leaves = context;
	struct hash stored, leaf;
	audit_progress(leaves->audit);
	filing_leaf_hash(&place->filing_blind, place->index, &place->label, &leaf);
	enum error error = hash_rows_node(leaves->audit->txn, STORE_FILING, 0, leaves->position++, &stored);
	if (error == E_OK && hash_equal(&stored, &leaf))
		return E_OK;
	if (error != E_OK && error != E_NOT_FOUND && !error_judges(error))
		return error;
	leaves->event = place->index;
	return E_CORRUPT;
}

static enum error check_filing(struct audit *audit, const struct store_filing *filing, const struct entry_epoch *epoch)
{
	struct hash root;
	struct leaves leaves = {audit, 0, NO_EVENT};
	enum error error = hash_rows_check(audit->txn, STORE_FILING, &filing->leaves, go_on, audit);
	merkle_frontier_root(&filing->leaves, &root);
	if (error == E_OK && hash_equal(&root, &epoch->filing_root))
		return E_OK;
	enum error visited = E_OK;
	if (audit->records != NULL && (error == E_OK || error_judges(error)))
		visited = snapshot_visit_filing(audit->snapshot, 0, filing->filed, compare_leaf, &leaves);
	if (visited != E_OK && !error_judges(visited))
		error = visited;
	return finding(audit, error, leaves.event, "the stored filing tree is not the one that the epoch commits to");
}

/* ---- subject map ---- */

/* Every subject's head is what the map holds under its label, but for those that a running epoch has moved on. All
 * heads together are compared with the whole map by a keyed checksum that does not depend on their order; they are
 * looked up one by one only when that differs. */
struct heads {
	struct audit *audit;
	const struct store_filing *filing;
	uint64_t event; /* the last one of a tree that is another; the lowest of them */
	uint8_t key[crypto_shorthash_KEYBYTES];
	uint64_t sum;
	uint64_t count;
};

static void sum_add(struct heads *heads, const struct label *label, const struct hash *value)
{
	uint8_t input[LABEL_BYTES + HASH_BYTES], hash[crypto_shorthash_BYTES];
	memcpy(input, label->b, LABEL_BYTES);
	memcpy(input + LABEL_BYTES, value->b, HASH_BYTES);
	crypto_shorthash(hash, input, sizeof input, heads->key);
	heads->sum += get_u64(hash);
	heads->count++;
}

static void head_value(const struct head *head, struct hash *out)
{
	struct hash root;
	merkle_frontier_root(&head->frontier, &root);
	subject_value(head->frontier.size, &root, out);
}

static enum error sum_head(void *context, const struct alias *alias, const struct head *head)
{
	struct heads *heads = context;
	struct hash value;
	(void)alias;
	audit_progress(heads->audit);
	head_value(head, &value);
	sum_add(heads, &head->label, &value);
	return E_OK;
}

static enum error sum_label(void *context, const struct label *label, const struct hash *value)
{
	struct heads *heads = context;
	audit_progress(heads->audit);
	sum_add(heads, label, value);
	return E_OK;
}

static enum error sums_agree(struct heads *heads, const struct seal_keys *keys, bool *out)
{
	struct db_txn *txn = heads->audit->txn;
	crypto_shorthash_keygen(heads->key);
	struct heads map = *heads;
	*out = false;
	TRY(head_visit(txn, keys, sum_head, heads));
	TRY(map_store_visit(txn, heads->filing->generation, sum_label, &map));
	*out = heads->sum == map.sum && heads->count == map.count;
	return E_OK;
}

static enum error check_head(void *context, const struct alias *alias, const struct head *head)
{
	struct heads *heads = context;
	struct hash wanted, value;
	struct map_proof proof;
	bool present;
	(void)alias;
	audit_progress(heads->audit);
	if (head->newest >= heads->filing->filed)
		return E_OK;
	head_value(head, &wanted);
	enum error error =
		map_store_prove(heads->audit->txn, heads->filing->generation, &head->label, &present, &value, &proof);
	if (error != E_OK && error != E_NOT_FOUND && !error_judges(error))
		return error;
	if ((error != E_OK || !present || !hash_equal(&value, &wanted)) && head->newest < heads->event)
		heads->event = head->newest;
	return E_OK;
}

static enum error check_map(struct audit *audit, const struct store_filing *filing, const struct entry_epoch *epoch)
{
	struct heads heads = {.audit = audit, .filing = filing, .event = NO_EVENT};
	enum error of_map = map_store_check(audit->txn, filing->generation, &epoch->map_root, go_on, audit);
	enum error of_heads = E_OK;
	const struct secrets *secrets = archive_secrets(audit->archive);
	bool agree = true;
	if (audit->records != NULL)
		of_heads = sums_agree(&heads, &secrets->seal, &agree);
	if (!agree && (of_heads == E_OK || error_judges(of_heads)))
		of_heads = head_visit(audit->txn, &secrets->seal, check_head, &heads);
	if (of_map != E_OK)
		return finding(audit, of_map, heads.event, "the stored subject map is not the one that the epoch commits to");
	if (of_heads != E_OK || heads.event != NO_EVENT)
		return finding(audit, of_heads, heads.event, "a subject's tree is not what the subject map commits to");
	return E_OK;
}

/* ---- subtrees ---- */

/* Every full chunk of postings has the root of its leaves, and there are no more. */
struct subtrees {
	struct audit *audit;
	struct alias alias; /* of the chunk before */
	uint64_t number;    /* of the next chunk of that alias */
	uint64_t full;
	uint64_t event; /* the first one of the lowest that is another */
};

static enum error chunk_root(struct audit *audit, const uint64_t indexes[SUBTREE_LEAVES], struct hash *out)
{
	struct hash leaves[SUBTREE_LEAVES], blind;
	for (size_t i = 0; i < SUBTREE_LEAVES; i++)
		TRY(snapshot_subject_leaf(audit->snapshot, indexes[i], &blind, &leaves[i]));
	merkle_root_of_leaves(leaves, SUBTREE_LEAVES, out);
	return E_OK;
}

static enum error compare_subtree(void *context, const struct alias *alias, const uint64_t *indexes, size_t count)
{
	struct subtrees *subtrees = context;
	struct hash root, stored;
	audit_progress(subtrees->audit);
	if (subtrees->number == 0 || memcmp(alias->b, subtrees->alias.b, sizeof alias->b) != 0)
		subtrees->number = 0;
	subtrees->alias = *alias;
	uint64_t number = subtrees->number++;
	if (count < SUBTREE_LEAVES)
		return E_OK;
	subtrees->full++;
	const struct seal_keys *keys = &archive_secrets(subtrees->audit->archive)->seal;
	enum error error = subtree_get(subtrees->audit->txn, keys, alias, number, &stored);
	if (error == E_OK)
		error = chunk_root(subtrees->audit, indexes, &root);
	if (error != E_OK && error != E_NOT_FOUND && !error_judges(error))
		return error;
	if ((error != E_OK || !hash_equal(&root, &stored)) && indexes[0] < subtrees->event)
		subtrees->event = indexes[0];
	return E_OK;
}

/* What statements rest on beside what the map commits to (STO-50). */
static enum error check_subtrees(struct audit *audit)
{
	uint64_t there = 0;
	struct subtrees subtrees = {.audit = audit, .event = NO_EVENT};
	const struct secrets *secrets = archive_secrets(audit->archive);
	if (audit->records == NULL)
		return E_OK;
	enum error error = posting_visit(audit->txn, &secrets->seal, compare_subtree, &subtrees);
	if (error == E_OK)
		error = subtrees_count(audit->txn, &secrets->seal, &there);
	if (error == E_OK && subtrees.event == NO_EVENT && there == subtrees.full)
		return E_OK;
	return finding(audit, error, subtrees.event, "the stored parts of a subject's tree are not those of its events");
}

enum error audit_derived(struct audit *audit)
{
	struct store_filing filing;
	struct entry_epoch epoch;
	enum error error = store_filing_get(audit->txn, &filing);
	if (error != E_OK)
		return audit_judge(audit, error, audit->rules.state.epoch_index, "where the filing stands cannot be read: %s",
			audit_why(error));
	TRY(check_place(audit, &filing, &epoch));
	if (filing.epoch_index == 0)
		return E_OK;
	TRY(check_filing(audit, &filing, &epoch));
	TRY(check_map(audit, &filing, &epoch));
	return check_subtrees(audit);
}
