/* A worker knows nothing of what came before its bundle but what the store says: where the batch began it sees in the
 * bundles before, who its sender was in the row of that sender's newest entry. Both are only guesses at what the log's
 * rules will have come to, so the audit compares the senders, and asks the rules about everything else itself.
 *
 * A bundle with a sender entry is passed over but for its tree: senders change there. */
#include "ledger/audit/audit_ahead.h"

#include "ledger/filed/aliases.h"
#include "ledger/keys/secrets.h"

#define SENDERS_KNOWN 256u /* power of two */

/* A sender, and in which entries it is that: from <= index < to. */
struct known_sender {
	uint64_t from;
	uint64_t to; /* 0: nothing is known here */
	struct audit_sender sender;
	struct mandate mandate;
	char org[ORG_BYTES_MAX + 1];
};

/* One worker's own. */
struct looker {
	const struct audit_ahead *ahead;
	struct snapshot *snapshot;
	struct audit_report report; /* of what it found, which nobody reads */
	struct audit_view view;
	struct audit_tree tree;
	struct audit_records *records;
	struct known_sender senders[SENDERS_KNOWN];
	/* Of the bundle at hand. */
	size_t count;
	struct bytes encoded[LOG_WIDTH];
	struct entry entries[LOG_WIDTH];
	struct hash leaves[LOG_WIDTH];
};

struct audit_ahead {
	struct audit_ahead_options options;
	struct jobs *jobs;
	uint64_t bundles;
	uint64_t next; /* bundle to be given out */
	bool taken;    /* one is with the audit */
	struct looker *lookers;
};

/* ---- a bundle ---- */

static uint64_t first_of(uint64_t number)
{
	return number * LOG_WIDTH;
}

/* All of its entries, which end where it ends. */
static bool read_bundle(struct looker *looker, uint64_t number)
{
	struct bytes bundle;
	uint64_t left = looker->view.checkpoint.size - first_of(number);
	looker->count = left < LOG_WIDTH ? (size_t)left : LOG_WIDTH;
	if (log_bundle(looker->view.txn, number, &bundle) != E_OK)
		return false;
	struct reader r = reader_of(bundle);
	for (size_t i = 0; i < looker->count; i++) {
		looker->encoded[i] = reader_range16(&r, ENTRY_BYTES_MAX);
		if (r.error != E_OK || entry_decode(looker->encoded[i], &looker->entries[i]) != E_OK)
			return false;
	}
	return reader_done(&r) == E_OK;
}

static bool is_event(const struct entry *entry)
{
	return entry->kind == ENTRY_EVENT || entry->kind == ENTRY_MASS;
}

/* ---- tree ---- */

/* The subtree's own nodes, as those of the whole tree. */
struct subtree {
	struct audit_tree *tree;
	uint64_t number;
};

static void take_node(void *context, uint32_t level, uint64_t index, const struct hash *hash)
{
	struct subtree *subtree = context;
	if (level < AUDIT_BUNDLE_LEVEL)
		audit_tree_node(subtree->tree, level, (first_of(subtree->number) >> level) + index, hash);
}

static bool look_at_tree(struct looker *looker, struct audit_glance *glance)
{
	struct merkle_frontier frontier;
	struct subtree subtree = {&looker->tree, glance->number};
	merkle_frontier_init(&frontier);
	looker->tree.error = E_OK;
	for (size_t i = 0; i < looker->count; i++) {
		merkle_leaf_hash(looker->encoded[i], &looker->leaves[i]);
		merkle_frontier_append(&frontier, &looker->leaves[i], take_node, &subtree);
	}
	merkle_frontier_root(&frontier, &glance->root);
	return looker->tree.error == E_OK && looker->count == LOG_WIDTH;
}

/* ---- senders ---- */

/* Its newest entry at or before `index`, and where the next one stands. */
static bool find_sender(struct looker *looker, uint32_t id, uint64_t index, struct known_sender *out)
{
	OWNED_WALK walk = {0};
	struct entry entry;
	if (db_walk_begin(looker->view.txn, STORE_CHANGE, &walk) != E_OK ||
		db_walk_upto(&walk, DB_KEY_PAIR(id, index)) != E_OK || walk.key.len != 12 || get_u32(walk.key.data) != id)
		return false;
	out->from = get_u64(walk.key.data + 4);
	if (log_read(looker->view.txn, out->from, &entry) != E_OK || entry.kind != ENTRY_SENDER ||
		entry.sender.sender != id || entry.sender.action == SENDER_REVOKE)
		return false;
	out->to = UINT64_MAX;
	if (db_walk_next(&walk) == E_OK && walk.key.len == 12 && get_u32(walk.key.data) == id)
		out->to = get_u64(walk.key.data + 4);
	out->sender.id = id;
	out->sender.version = out->from;
	out->sender.policy = entry.sender.policy;
	out->mandate = entry.sender.mandate;
	strcpy(out->org, entry.sender.org);
	memcpy(out->sender.public_key, entry.sender.public_key, sizeof out->sender.public_key);
	return true;
}

/* As it is at the beginning of the bundle, in which it does not change. NULL: nobody knows. Until the next call. */
static const struct known_sender *known_at(struct looker *looker, uint64_t number, uint32_t id)
{
	uint64_t index = first_of(number);
	struct known_sender *known = &looker->senders[id & (SENDERS_KNOWN - 1)];
	if (known->sender.id == id && index >= known->from && index < known->to)
		return known;
	known->to = 0;
	return find_sender(looker, id, index, known) ? known : NULL;
}

/* ... and noted in the glance. */
static const struct audit_sender *sender_of(struct looker *looker, struct audit_glance *glance, uint32_t id)
{
	for (size_t i = glance->sender_count; i > 0; i--)
		if (glance->senders[i - 1].id == id)
			return &glance->senders[i - 1];
	const struct known_sender *known = known_at(looker, glance->number, id);
	if (known == NULL)
		return NULL;
	glance->senders[glance->sender_count] = known->sender;
	return &glance->senders[glance->sender_count++];
}

/* ---- batches ---- */

/* The entries from `index` on, bundle by bundle. */
struct reading {
	struct db_txn *txn;
	uint64_t index;
	struct reader r;
};

static bool read_on(struct reading *reading, struct entry *out)
{
	struct bytes bundle, encoded;
	if (reading->index % LOG_WIDTH == 0) {
		if (log_bundle(reading->txn, reading->index / LOG_WIDTH, &bundle) != E_OK)
			return false;
		reading->r = reader_of(bundle);
	}
	encoded = reader_range16(&reading->r, ENTRY_BYTES_MAX);
	reading->index++;
	return reading->r.error == E_OK && entry_decode(encoded, out) == E_OK;
}

/* The one that begins with entry `at` of the bundle. Where it is not all here its other bundles are read again. */
static bool batch_is_signed(struct looker *looker, struct audit_glance *glance, size_t at)
{
	const struct entry *first = &looker->entries[at];
	const struct audit_sender *sender = sender_of(looker, glance, first->event.sender);
	struct merkle_frontier commitments;
	struct entry entry = *first;
	struct hash root;
	struct reading reading = {.txn = looker->view.txn, .index = first_of(glance->number + 1)};
	merkle_frontier_init(&commitments);
	for (size_t i = at + 1; is_event(&entry) && commitments.size < BATCH_EVENTS_MAX; i++) {
		if (entry.kind != first->kind || entry.event.sender != first->event.sender)
			return false;
		merkle_frontier_append(&commitments, &entry.event.commitment, NULL, NULL);
		if (i < looker->count)
			entry = looker->entries[i];
		else if (!read_on(&reading, &entry))
			return false;
	}
	if (sender == NULL || entry.kind != ENTRY_BATCH)
		return false;
	struct batch_head head = entry_batch_head(&entry.batch, first->event.mass ? BATCH_MASS : BATCH_EVENT);
	merkle_frontier_root(&commitments, &root);
	return batch_check_signature(looker->view.vkey->name, &head, &root, sender->public_key) == E_OK;
}

static void look_at_batches(struct looker *looker, struct audit_glance *glance, bool inside)
{
	for (size_t i = 0; i < looker->count; i++) {
		bool event = is_event(&looker->entries[i]);
		if (event && !inside)
			glance->batches[i] = batch_is_signed(looker, glance, i);
		inside = event;
	}
}

/* ---- what is sealed ---- */

/* Behind the last entry of a bundle that is no event; false: there is none, or it cannot be read. */
static bool find_end(struct db_txn *txn, uint64_t number, uint64_t *out)
{
	struct bytes bundle;
	bool found = false;
	if (log_bundle(txn, number, &bundle) != E_OK)
		return false;
	struct reader r = reader_of(bundle);
	for (uint64_t index = first_of(number); index < first_of(number + 1); index++) {
		struct bytes encoded = reader_range16(&r, ENTRY_BYTES_MAX);
		if (encoded.len == 0)
			return false;
		if (encoded.data[0] != ENTRY_EVENT && encoded.data[0] != ENTRY_MASS) {
			found = true;
			*out = index + 1;
		}
	}
	return found;
}

/* Where the events begin that the bundle may begin in the middle of: no batch has more than a few bundles. */
static bool find_run(struct looker *looker, uint64_t number, uint64_t *out)
{
	*out = 0;
	for (uint64_t back = 1; back <= number; back++)
		if (find_end(looker->view.txn, number - back, out))
			return true;
		else if (back > BATCH_EVENTS_MAX / LOG_WIDTH)
			return false;
	return true;
}

static void make_leaf(struct looker *looker, struct audit_glance *glance, uint64_t index, const struct label *label)
{
	const struct blinding_keys *keys = &looker->view.secrets->blinding;
	struct label_row row = {.index = index, .label = *label};
	blind_make(&keys->subject, index, &row.subject_blind);
	blind_make(&keys->filing, index, &row.filing_blind);
	audit_leaf_make(&row, &looker->leaves[index % LOG_WIDTH], &glance->leaves[glance->leaf_count++]);
}

static bool look_at_event(struct looker *looker, struct audit_glance *glance, struct audit_run *run, uint64_t index)
{
	struct label label;
	const struct entry_event *event = &looker->entries[index % LOG_WIDTH].event;
	const struct audit_sender *sender = sender_of(looker, glance, event->sender);
	const struct known_sender *known;
	run->mass = event->mass;
	run->count = (uint32_t)(index - run->first_index + 1);
	if (losses_cover(&looker->view.lost, index))
		return true;
	if (sender == NULL || (known = known_at(looker, glance->number, event->sender)) == NULL)
		return false;
	run->policy = &known->sender.policy;
	run->mandate = &known->mandate;
	run->org = known->org;
	if (audit_records_event(looker->records, run, index, event, &label) != E_OK)
		return false;
	if (!event->mass && looker->ahead->options.subjects != NULL && index < snapshot_filed(looker->snapshot))
		make_leaf(looker, glance, index, &label);
	return true;
}

static bool look_at_records(struct looker *looker, struct audit_glance *glance, uint64_t run_first)
{
	struct audit_run run = {.first_index = run_first, .position = NO_POSITION};
	for (size_t i = 0; i < looker->count; i++) {
		uint64_t index = first_of(glance->number) + i;
		if (!is_event(&looker->entries[i]))
			run.first_index = index + 1;
		else if (!look_at_event(looker, glance, &run, index))
			return false;
	}
	return true;
}

/* The rows that a pack gives of the bundle are the next leaves. One that begins here and gives none, being about lost
 * events, nobody has looked at. */
static bool pack_fits(const struct looker *looker, const struct audit_glance *glance, uint64_t first, size_t *leaf)
{
	uint64_t from = first_of(glance->number), end = from + looker->count, count;
	size_t before = *leaf;
	if (alias_count(looker->view.txn, first, &count) != E_OK)
		return false;
	for (uint64_t index = first < from ? from : first; index < first + count && index < end; index++) {
		if (losses_cover(&looker->view.lost, index))
			continue;
		if (*leaf == glance->leaf_count || glance->leaves[*leaf].index != index)
			return false;
		++*leaf;
	}
	return first < from || *leaf > before;
}

/* Whoever reads the label stream comes by all packs, and not only by those of the batches: here too they are about the
 * events that have leaves, each once, and about nothing else. */
static bool packs_fit(const struct looker *looker, const struct audit_glance *glance)
{
	OWNED_WALK walk = {0};
	size_t leaf = 0;
	uint64_t from = first_of(glance->number), filed = snapshot_filed(looker->snapshot);
	uint64_t end = from + looker->count < filed ? from + looker->count : filed;
	if (looker->ahead->options.subjects == NULL || from >= end)
		return true;
	if (db_walk_begin(looker->view.txn, STORE_ALIAS, &walk) != E_OK)
		return false;
	enum error error = db_walk_upto(&walk, DB_KEY(from));
	if (error == E_NOT_FOUND)
		error = db_walk_from(&walk, DB_KEY(from));
	for (; error == E_OK; error = db_walk_next(&walk)) {
		if (walk.key.len != 8)
			return false;
		if (get_u64(walk.key.data) >= end)
			break;
		if (!pack_fits(looker, glance, get_u64(walk.key.data), &leaf))
			return false;
	}
	return (error == E_OK || error == E_NOT_FOUND) && leaf == glance->leaf_count;
}

/* ---- workers ---- */

static bool changes_senders(const struct looker *looker)
{
	for (size_t i = 0; i < looker->count; i++)
		if (looker->entries[i].kind == ENTRY_SENDER)
			return true;
	return false;
}

static void look(void *context, unsigned worker, void *job)
{
	const struct audit_ahead *ahead = context;
	struct looker *looker = &ahead->lookers[worker];
	struct audit_glance *glance = job;
	uint64_t number = glance->number, run_first;
	memset(glance->batches, 0, sizeof glance->batches);
	glance->tree = glance->sealed = false;
	glance->leaf_count = glance->sender_count = 0;
	looker->report.found = false;
	if (!read_bundle(looker, number))
		return;
	glance->tree = look_at_tree(looker, glance);
	if (changes_senders(looker) || !find_run(looker, number, &run_first))
		return;
	look_at_batches(looker, glance, run_first < first_of(number));
	if (looker->records == NULL)
		return;
	glance->sealed = look_at_records(looker, glance, run_first) && packs_fit(looker, glance);
	audit_records_count(looker->records, &glance->counted);
}

/* ---- opening ---- */

static enum error open_looker(const struct audit_ahead *ahead, struct looker *looker)
{
	const struct audit_ahead_options *options = &ahead->options;
	struct fault why;
	looker->ahead = ahead;
	looker->report.unread = true;
	TRY(snapshot_begin(options->archive, &looker->snapshot, &why));
	looker->view = (struct audit_view){.vkey = options->view->vkey,
		.snapshot = looker->snapshot,
		.txn = snapshot_store(looker->snapshot),
		.checkpoint = *snapshot_checkpoint(looker->snapshot),
		.secrets = options->view->secrets,
		.lost = options->view->lost,
		.rules = options->view->rules,
		.report = &looker->report};
	looker->tree.view = &looker->view;
	if (options->records == NULL)
		return E_OK;
	TRY(audit_records_open(&looker->view, options->subjects, &looker->records));
	audit_records_like(looker->records, options->records);
	snapshot_keep_keys(looker->snapshot);
	return E_OK;
}

static bool same_commit(const struct audit_ahead *ahead)
{
	uint64_t commit = snapshot_commit(ahead->options.view->snapshot);
	for (unsigned i = 0; i < ahead->options.workers; i++)
		if (snapshot_commit(ahead->lookers[i].snapshot) != commit)
			return false;
	return true;
}

enum error audit_ahead_open(const struct audit_ahead_options *options, struct audit_ahead **out)
{
	OWNED(audit_ahead_release) struct audit_ahead *ahead = calloc(1, sizeof *ahead);
	*out = NULL;
	TRY(allocated(ahead));
	ahead->options = *options;
	ahead->bundles = (options->view->checkpoint.size + LOG_WIDTH - 1) / LOG_WIDTH;
	ahead->lookers = calloc(options->workers, sizeof *ahead->lookers);
	TRY(allocated(ahead->lookers));
	for (unsigned i = 0; i < options->workers; i++)
		TRY(open_looker(ahead, &ahead->lookers[i]));
	if (!same_commit(ahead))
		return E_OK;
	size_t places = AUDIT_BUNDLES_AHEAD + 4 * (size_t)options->workers;
	TRY(jobs_open(options->workers, look, ahead, places, sizeof(struct audit_glance), &ahead->jobs));
	*out = OWN_TAKE(ahead);
	return E_OK;
}

void audit_ahead_close(struct audit_ahead *ahead)
{
	if (ahead == NULL)
		return;
	jobs_close(ahead->jobs);
	for (unsigned i = 0; ahead->lookers != NULL && i < ahead->options.workers; i++) {
		audit_records_release(&ahead->lookers[i].records);
		snapshot_end(ahead->lookers[i].snapshot);
	}
	free(ahead->lookers);
	free(ahead);
}

/* ---- for the audit ---- */

static bool same_senders(const struct audit_glance *glance, const struct log_rules *rules)
{
	for (size_t i = 0; i < glance->sender_count; i++) {
		const struct audit_sender *seen = &glance->senders[i];
		const struct sender *sender = log_rules_sender(rules, seen->id);
		if (sender == NULL || sender->version != seen->version ||
			memcmp(sender->public_key, seen->public_key, sizeof seen->public_key) != 0 ||
			!policy_equal(&sender->policy, &seen->policy))
			return false;
	}
	return true;
}

const struct audit_glance *audit_ahead_bundle(struct audit_ahead *ahead, uint64_t number, const struct log_rules *rules)
{
	struct audit_glance *glance;
	if (ahead->taken)
		jobs_drop(ahead->jobs);
	while (ahead->next < ahead->bundles && (glance = jobs_next(ahead->jobs)) != NULL) {
		glance->number = ahead->next++;
		jobs_give(ahead->jobs);
	}
	glance = jobs_take(ahead->jobs);
	ahead->taken = glance != NULL;
	if (glance == NULL || glance->number != number)
		return NULL;
	if (!same_senders(glance, rules)) {
		glance->sealed = false;
		memset(glance->batches, 0, sizeof glance->batches);
	}
	return glance;
}

const struct audit_view *audit_ahead_view(const struct audit_ahead *ahead, unsigned worker)
{
	return &ahead->lookers[worker].view;
}
