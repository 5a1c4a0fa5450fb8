/*   open      the public key ─► store ─► key files ─► key environment ─► are both the store's own?
 *   snapshot  the store's moment ─► its checkpoint: signed? over this state? ─► then the environment's moment
 *   find      packs of what is not filed yet ─► postings
 *
 * The order is the point: keys are synced before the commit that needs them, so what is read of keys after the store
 * has all of them. An event is found in one place only: the runs that the store's moment names hold what is below
 * `filed`. Computed nodes and checked notes are shared by all snapshots; the mutex is never held while the store is
 * read. */
#include "ledger/read/archive.h"

#include "ledger/entry/sender.h"
#include "ledger/filed/posting.h"
#include "ledger/read/archive_state.h"
#include "ledger/store/key_files.h"
#include "ledger/store/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- opening ---- */

/* A store without a state is told of by whoever reads that. */
static enum error check_keys(struct archive *archive, struct fault *fault)
{
	struct store_state state;
	OWNED_TXN txn = {0};
	TRY(fault_because(fault, db_begin(archive->store, false, &txn), "the store cannot be read"));
	if (store_state_get(&txn, &state) == E_NOT_FOUND)
		return E_OK;
	return store_keys_check(&txn, archive->secrets, archive->keystore, fault);
}

/* Rights are the usual reason that this fails, and another than damage: so they are told apart. */
static enum error open_keys(struct archive *archive, const char *dir, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	snprintf(path, sizeof path, "%s/keys", dir);
	OWNED_FD keys_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (keys_fd < 0)
		return fault_set(
			fault, errno == EACCES ? E_PERMISSION : E_IO, "%s cannot be opened: %s", path, strerror(errno));
	TRY(secrets_load(keys_fd, false, &archive->secrets, fault));
	snprintf(path, sizeof path, "%s/keys/env", dir);
	TRY(keystore_open(path, &archive->secrets->wrapping, true, &archive->keystore, fault));
	return check_keys(archive, fault);
}

/* Keys last: without them an archive still serves all that is public. */
enum error archive_open_copy(
	const char *dir, const struct vkey *vkey, bool with_keys, struct archive **out, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	int len = snprintf(path, sizeof path, "%s/store", dir);
	if (len < 0 || (size_t)len + 16 > sizeof path)
		return fault_set(fault, E_TOO_LONG, "");
	OWNED(archive_release) struct archive *archive = calloc(1, sizeof *archive);
	TRY(fault_set(fault, allocated(archive), ""));
	pthread_mutex_init(&archive->memory.mutex, NULL);
	archive->tail = tail_new();
	TRY(fault_set(fault, allocated(archive->tail), ""));
	TRY(fault_because(fault, run_shelf_new(dir, &archive->shelf), "%s", dir));
	strcpy(archive->dir, dir);
	archive->vkey = *vkey;
	TRY(store_open(path, true, &archive->store, fault));
	if (with_keys)
		TRY(open_keys(archive, dir, fault));
	*out = OWN_TAKE(archive);
	return E_OK;
}

enum error archive_open(const char *dir, bool with_keys, struct archive **out, struct fault *fault)
{
	struct vkey vkey;
	TRY(place_read_vkey(dir, &vkey, fault));
	return archive_open_copy(dir, &vkey, with_keys, out, fault);
}

void archive_close(struct archive *archive)
{
	if (archive == NULL)
		return;
	keystore_close(archive->keystore);
	secrets_free(archive->secrets);
	db_close(archive->store);
	pthread_mutex_destroy(&archive->memory.mutex);
	tail_free(archive->tail);
	run_shelf_free(archive->shelf);
	free(archive);
}

const char *archive_origin(const struct archive *archive)
{
	return archive->vkey.name;
}

const struct vkey *archive_vkey(const struct archive *archive)
{
	return &archive->vkey;
}

const char *archive_dir(const struct archive *archive)
{
	return archive->dir;
}

const struct secrets *archive_secrets(const struct archive *archive)
{
	return archive->secrets;
}

/* ---- snapshots ---- */

/* The signature of a note that was checked before is not checked again. */
static enum error check_note(struct archive *archive, struct bytes note, struct checkpoint *out)
{
	struct memory *memory = &archive->memory;
	pthread_mutex_lock(&memory->mutex);
	bool known = bytes_equal(note, bytes_of(memory->note, memory->note_len));
	if (known)
		*out = memory->checkpoint;
	pthread_mutex_unlock(&memory->mutex);
	if (known)
		return E_OK;
	TRY(checkpoint_verify(note, &archive->vkey, out));
	if (note.len > sizeof memory->note)
		return E_OK;
	pthread_mutex_lock(&memory->mutex);
	memcpy(memory->note, note.data, note.len);
	memory->note_len = note.len;
	memory->checkpoint = *out;
	pthread_mutex_unlock(&memory->mutex);
	return E_OK;
}

/* A checkpoint that is not over this very state would make every proof wrong; it is compared before anything is
 * answered. */
static enum error load_snapshot(struct snapshot *snapshot)
{
	struct hash root;
	TRY(db_begin(snapshot->archive->store, false, &snapshot->txn));
	TRY(store_state_get(&snapshot->txn, &snapshot->state));
	TRY(store_filing_get(&snapshot->txn, &snapshot->filing));
	TRY(store_losses_get(&snapshot->txn, &snapshot->losses));
	TRY(store_checkpoint_get(&snapshot->txn, &snapshot->note));
	TRY(check_note(snapshot->archive, snapshot->note, &snapshot->checkpoint));
	merkle_frontier_root(&snapshot->state.frontier, &root);
	if (snapshot->checkpoint.size != snapshot->state.frontier.size || !hash_equal(&root, &snapshot->checkpoint.root))
		return E_CORRUPT;
	/* Keys are synced before the tick that needs them, so this later snapshot has all of them. */
	return snapshot->archive->keystore ? key_snapshot_begin(snapshot->archive->keystore, &snapshot->keys) : E_OK;
}

enum error snapshot_begin(struct archive *archive, struct snapshot **out, struct fault *fault)
{
	OWNED(snapshot_release) struct snapshot *snapshot = calloc(1, sizeof *snapshot);
	TRY(fault_set(fault, allocated(snapshot), ""));
	snapshot->archive = archive;
	TRY(fault_because(fault, load_snapshot(snapshot), "the store cannot be read"));
	*out = OWN_TAKE(snapshot);
	return E_OK;
}

void snapshot_end(struct snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	runs_close(&snapshot->runs);
	key_snapshot_end(&snapshot->keys);
	db_abort(&snapshot->txn);
	record_buffer_free(&snapshot->record);
	free(snapshot->rest_note);
	free(snapshot);
}

const struct checkpoint *snapshot_checkpoint(const struct snapshot *snapshot)
{
	return &snapshot->checkpoint;
}

struct bytes snapshot_note(const struct snapshot *snapshot)
{
	return snapshot->note;
}

uint64_t snapshot_commit(const struct snapshot *snapshot)
{
	return db_commit_seen(&snapshot->txn);
}

/* Where they cannot be opened each call tries again, and says why. */
enum error snapshot_runs(struct snapshot *snapshot, struct runs **out)
{
	*out = &snapshot->runs;
	if (!snapshot->runs_open)
		TRY(runs_open(snapshot->archive->shelf, &snapshot->filing, &snapshot->runs));
	snapshot->runs_open = true;
	return E_OK;
}

struct db_txn *snapshot_store(struct snapshot *snapshot)
{
	return &snapshot->txn;
}

const char *snapshot_dir(const struct snapshot *snapshot)
{
	return snapshot->archive->dir;
}

const char *snapshot_origin(const struct snapshot *snapshot)
{
	return snapshot->archive->vkey.name;
}

uint64_t snapshot_time_s(const struct snapshot *snapshot)
{
	return snapshot->state.time_s;
}

uint64_t snapshot_filed(const struct snapshot *snapshot)
{
	return snapshot->filing.filed;
}

const struct losses *snapshot_losses(const struct snapshot *snapshot)
{
	return &snapshot->losses;
}

enum error snapshot_entry(struct snapshot *snapshot, uint64_t index, struct bytes *out)
{
	return log_entry(&snapshot->txn, index, out);
}

/* Batches, epochs and losses bear no time of their own; what comes next does, and at the end the state. */
enum error snapshot_time_before(struct snapshot *snapshot, uint64_t end, uint64_t *out)
{
	return log_time_before(&snapshot->txn, end, out);
}

enum error snapshot_time_at(struct snapshot *snapshot, uint64_t index, uint64_t *out)
{
	for (; index < snapshot->checkpoint.size; index++) {
		struct entry entry;
		TRY(log_read(&snapshot->txn, index, &entry));
		if (entry_time(&entry, out))
			return E_OK;
	}
	*out = snapshot->state.time_s;
	return E_OK;
}

/* Nodes that are stored as they are cost no more than remembering them would. */
static enum error known_node(void *context, uint32_t level, uint64_t index, struct hash *out)
{
	struct snapshot *snapshot = context;
	struct memory *memory = &snapshot->archive->memory;
	struct known_node *slot = &memory->nodes[(index ^ (level * 0x9E3779B1u)) & (NODE_SLOTS - 1)];
	if (level % LOG_ROW_LEVELS == 0)
		return log_node(&snapshot->txn, level, index, out);
	pthread_mutex_lock(&memory->mutex);
	bool known = slot->known && slot->level == level && slot->index == index;
	if (known)
		*out = slot->hash;
	pthread_mutex_unlock(&memory->mutex);
	if (known)
		return E_OK;
	struct known_node node = {index, level, true, {{0}}};
	TRY(log_node(&snapshot->txn, level, index, &node.hash));
	pthread_mutex_lock(&memory->mutex);
	*slot = node;
	pthread_mutex_unlock(&memory->mutex);
	*out = node.hash;
	return E_OK;
}

/* Nodes of a growing log never change once they are complete, so one memory does for all snapshots. */
static struct merkle_nodes nodes_of(struct snapshot *snapshot)
{
	return (struct merkle_nodes){known_node, snapshot};
}

enum error snapshot_prove_inclusion(struct snapshot *snapshot, uint64_t index, struct merkle_proof *out)
{
	struct merkle_nodes nodes = nodes_of(snapshot);
	return merkle_prove_among(&nodes, &snapshot->edges, index, snapshot->checkpoint.size, out);
}

enum error snapshot_prove_consistency(struct snapshot *snapshot, uint64_t old_size, struct merkle_proof *out)
{
	struct merkle_nodes nodes = nodes_of(snapshot);
	return merkle_prove_consistency(&nodes, old_size, snapshot->checkpoint.size, out);
}

/* The store must extend it, or what is proven would be of another log than the one that is shown. */
enum error snapshot_rest_on_known(struct snapshot *snapshot, const struct checkpoint *checkpoint, struct bytes note)
{
	struct merkle_nodes nodes = nodes_of(snapshot);
	struct hash root;
	if (checkpoint->size > snapshot->checkpoint.size)
		return E_ROLLED_BACK;
	TRY(merkle_root(&nodes, checkpoint->size, &root));
	if (!hash_equal(&root, &checkpoint->root))
		return E_ROLLED_BACK;
	uint8_t *copy = malloc(note.len);
	TRY(allocated(copy));
	memcpy(copy, note.data, note.len);
	free(snapshot->rest_note);
	snapshot->rest_note = copy;
	snapshot->note = bytes_of(copy, note.len);
	snapshot->checkpoint = *checkpoint;
	return E_OK;
}

enum error snapshot_rest_on(struct snapshot *snapshot, struct bytes note)
{
	struct checkpoint checkpoint;
	TRY(checkpoint_verify(note, &snapshot->archive->vkey, &checkpoint));
	return snapshot_rest_on_known(snapshot, &checkpoint, note);
}

/* ---- finding ---- */

/* The tail first: what is not filed is newer than all that is. */
enum error snapshot_find(
	struct snapshot *snapshot, struct bytes subject, uint64_t before, uint64_t *indexes, size_t max, size_t *count)
{
	struct alias alias;
	size_t n = 0;
	if (snapshot->archive->secrets == NULL)
		return E_PERMISSION;
	if (before > snapshot->checkpoint.size)
		before = snapshot->checkpoint.size;
	alias_make(&snapshot->archive->secrets->alias, subject, &alias);
	const struct tail_view view = {.txn = &snapshot->txn,
		.keys = &snapshot->archive->secrets->seal,
		.filed = snapshot->filing.filed,
		.size = snapshot->checkpoint.size,
		.losses = &snapshot->losses};
	TRY(tail_find(snapshot->archive->tail, &view, &alias, before, indexes, max, &n));

	size_t filed = 0;
	struct runs *runs;
	if (n < max) {
		TRY(snapshot_runs(snapshot, &runs));
		TRY(posting_find(runs, &snapshot->archive->secrets->seal, &alias, before, indexes + n, max - n, &filed));
	}
	*count = n + filed;
	return E_OK;
}

/* ---- records ---- */

enum error snapshot_open_record(struct snapshot *snapshot, uint64_t index, struct opened *out)
{
	if (snapshot->archive->secrets == NULL)
		return E_PERMISSION;
	return record_find(
		&snapshot->txn, &snapshot->keys, &snapshot->archive->secrets->seal, index, &snapshot->record, out);
}

enum error snapshot_open_record_of(
	struct snapshot *snapshot, uint64_t index, const struct entry_event *entry, struct opened *out)
{
	if (snapshot->archive->secrets == NULL)
		return E_PERMISSION;
	return record_find_of(
		&snapshot->txn, &snapshot->keys, &snapshot->archive->secrets->seal, index, entry, &snapshot->record, out);
}

void snapshot_keep_keys(struct snapshot *snapshot)
{
	if (snapshot->archive->keystore != NULL)
		key_snapshot_keep(&snapshot->keys);
}

/* ---- senders ---- */

enum error snapshot_senders(
	struct snapshot *snapshot, bool (*visit)(void *context, const struct sender *sender), void *context)
{
	OWNED_WALK walk = {0};
	enum error error = db_walk_first(&snapshot->txn, STORE_SENDER, &walk);
	for (; error == E_OK; error = db_walk_next(&walk)) {
		struct sender sender;
		TRY(sender_decode(walk.value, &sender));
		if (!visit(context, &sender))
			break;
	}
	return error == E_NOT_FOUND ? E_OK : error;
}

enum error snapshot_sender(struct snapshot *snapshot, uint32_t id, struct sender *out)
{
	uint8_t key[4];
	struct bytes row;
	put_u32(key, id);
	TRY(db_get(&snapshot->txn, STORE_SENDER, BYTES_ARRAY(key), &row));
	return sender_decode(row, out);
}

/* Rows are in the order of the log, and one beyond the checkpoint is of a commit that this answer does not rest on. */
enum error snapshot_sender_entries(struct snapshot *snapshot, uint32_t id, uint64_t *indexes, size_t max, size_t *count)
{
	OWNED_WALK walk = {0};
	size_t found = 0;
	TRY(db_walk_begin(&snapshot->txn, STORE_CHANGE, &walk));
	enum error error = db_walk_from(&walk, DB_KEY_PAIR(id, 0));
	for (; error == E_OK; error = db_walk_next(&walk)) {
		if (walk.key.len != 12)
			return E_CORRUPT;
		uint64_t index = get_u64(walk.key.data + 4);
		if (get_u32(walk.key.data) != id || index >= snapshot->checkpoint.size)
			break;
		if (found == max)
			return E_TOO_LONG;
		indexes[found++] = index;
	}
	if (error != E_OK && error != E_NOT_FOUND)
		return error;
	*count = found;
	return E_OK;
}
