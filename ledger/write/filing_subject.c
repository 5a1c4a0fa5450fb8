/* A subject is appended to in a copy of nothing: its head is where its tree stands, so the leaves that are added decide
 * alone what comes next. That `head` is not touched before it is certain that all of them can be added is what leaves
 * the others to whoever writes. */
#include "ledger/write/filing_subject.h"

#include <assert.h>
#include <sodium.h>

struct hash *subject_group_leaves(struct subject_group *group, size_t count)
{
	if (count > GROUP_LEAVES - group->leaf_count)
		return NULL;
	struct hash *leaves = &group->leaves[group->leaf_count];
	group->leaf_count += count;
	return leaves;
}

void subject_add_leaf(const struct key *blinding, struct head *head, uint64_t index, const struct hash *entry_leaf,
	merkle_node_sink *sink, void *context)
{
	struct hash blind, leaf;
	blind_make(blinding, index, &blind);
	subject_leaf_hash(&blind, index, entry_leaf, &leaf);
	merkle_frontier_append(&head->frontier, &leaf, sink, context);
	head->newest = index;
}

static enum error begin_head(const struct subject_secrets *secrets, struct subject_work *work)
{
	work->head.newest = 0;
	merkle_frontier_init(&work->head.frontier);
	enum error error =
		label_make(secrets->vrf, secrets->origin, bytes_of(work->subject, work->subject_len), &work->head.label);
	sodium_memzero(work->subject, work->subject_len);
	return error;
}

/* What was filed before is older than what is added. */
static enum error find_head(const struct subject_secrets *secrets, struct subject_work *work)
{
	uint8_t key[POSTING_KEY_BYTES];
	if (work->is_new)
		return begin_head(secrets, work);
	posting_key(&work->filings->alias, POSTING_HEAD, key);
	TRY(head_open(secrets->seal, BYTES_ARRAY(key), bytes_of(work->row, work->row_len), &work->head));
	return work->head.newest < work->filings->number ? E_OK : E_CORRUPT;
}

static enum error work_out(const struct subject_secrets *secrets, struct subject_work *work)
{
	struct head *head = &work->head;
	work->whole = false;
	TRY(find_head(secrets, work));
	if (work->leaves == NULL || head_open_indexes(head) + work->count >= POSTING_INDEXES_MAX)
		return E_OK;
	for (size_t i = 0; i < work->count; i++) {
		uint64_t index = work->filings[i].number;
		head->indexes[head_open_indexes(head)] = index;
		subject_add_leaf(secrets->blinding, head, index, &work->leaves[i], NULL, NULL);
	}
	TRY(head_seal(secrets->seal, &work->filings->alias, head, work->row, &work->row_len));
	head_value(head, &work->value);
	work->whole = true;
	return E_OK;
}

void subject_group_work(const struct subject_secrets *secrets, struct subject_group *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->subjects[i].known)
			group->subjects[i].error = work_out(secrets, &group->subjects[i]);
}
