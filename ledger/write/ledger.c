/* Opening a ledger, its lock and its guard.
 *
 * What can go wrong at opening, and what then:
 *   another process holds the lock           E_LOCKED
 *   key files missing or readable by others  E_NOT_FOUND, E_PERMISSION
 *   store damaged or of another format       E_CORRUPT, E_FORMAT
 *   a checkpoint in DIR/evidence that a sender or a witness has shown, and the store does not extend   E_GUARD
 *   a witness shows one now                  E_ROLLED_BACK; too few answer: E_UNWITNESSED (door.h)
 *   a key file is another than the store's   E_KEYS
 *   the key environment is another than the store's, an older copy, or one that was used for another store   E_KEYS
 *   guard missing, badly signed, newer than the store, or of another history   E_GUARD: an older store was put back,
 *       or the guard was; going on would sign a second history, so nothing is done. */
#include "ledger/write/ledger.h"

#include "ledger/base/clock.h"
#include "ledger/base/domain.h"
#include "ledger/base/evidence.h"
#include "ledger/base/file.h"
#include "ledger/base/lock.h"
#include "ledger/base/own.h"
#include "ledger/keystore/keystore_put.h"
#include "ledger/store/key_files.h"
#include "ledger/store/log_put.h"
#include "ledger/store/store_put.h"
#include "ledger/write/ledger_state.h"
#include "ledger/write/limits.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- guard ---- */

/* Only where it would say something new: writing costs a sync. */
enum error ledger_write_guard(struct ledger *ledger, struct fault *fault)
{
	if (ledger->guard_size == ledger->checkpoint.size)
		return E_OK;
	TRY(fault_because(fault, file_write_atomic(ledger->dir_fd, "guard", bytes_of(ledger->note, ledger->note_len), 0644),
		"the guard cannot be written"));
	ledger->guard_size = ledger->checkpoint.size;
	return E_OK;
}

/* A guard that lags is still a guard: it is never ahead of the store, and one that cannot be replaced by a newer one is
 * no reason to take nothing more. Not for ever, though, unless the disk takes nothing else either. */
enum error ledger_keep_guard(struct ledger *ledger, struct fault *fault)
{
	if (ledger->guard_size == ledger->checkpoint.size)
		return E_OK;
	uint64_t now_ms = clock_ms();
	enum error error = ledger_write_guard(ledger, fault);
	ledger->guard_time_ms = now_ms;
	if (error == E_OK)
		ledger->guard_late_ms = 0;
	else if (ledger->guard_late_ms == 0)
		ledger->guard_late_ms = now_ms;
	bool full = error == E_FULL || error == E_READ_ONLY;
	return full || now_ms - ledger->guard_late_ms < GUARD_LATE_MS_MAX ? E_OK : error;
}

/* Only the sizes and one root are needed: whoever has the older root in its own tree has all of that history. */
static enum error check_extends(struct db_txn *txn, const struct checkpoint *older)
{
	struct store_state state;
	struct hash root;
	struct merkle_nodes nodes = {log_node, txn};
	TRY(store_state_get(txn, &state));
	if (older->size > state.frontier.size)
		return E_ROLLED_BACK;
	TRY(merkle_root(&nodes, older->size, &root));
	return hash_equal(&root, &older->root) ? E_OK : E_ROLLED_BACK;
}

/* Missing is as bad as forged: whoever put an older store back may have taken the guard away. Only what says nothing of
 * it (the disk, memory) is told as it is. */
static enum error check_guard(struct ledger *ledger, struct db_txn *txn, struct fault *fault)
{
	OWNED_MEMORY uint8_t *note = NULL;
	size_t len = 0;
	struct checkpoint guard;
	enum error error = file_read_all(ledger->dir_fd, "guard", NOTE_BYTES_MAX, &note, &len);
	if (error == E_IO || error == E_NO_MEMORY) /* nothing is known of it */
		return fault_because(fault, error, "the guard cannot be read");
	if (error != E_OK)
		return fault_set(
			fault, E_GUARD, "the guard cannot be read (%s); see 'indsigt help recovery'", error_reason(error));
	if (checkpoint_verify(bytes_of(note, len), &ledger->vkey, &guard) != E_OK)
		return fault_set(
			fault, E_GUARD, "the guard is not a checkpoint signed by this log; see 'indsigt help recovery'");
	error = check_extends(txn, &guard);
	if (error == E_ROLLED_BACK)
		return fault_set(fault, E_GUARD,
			"the store holds %" PRIu64 " entries and does not extend the guard's checkpoint of size %" PRIu64
			": an older or another store was put here; put the newer one back or see 'indsigt help recovery'",
			ledger->checkpoint.size, guard.size);
	TRY(fault_because(fault, error, "the store cannot be compared with its guard"));
	ledger->guard_size = guard.size;
	return E_OK;
}

static bool is_shown_by(const char *file, const char *whom)
{
	return strncmp(file, whom, strlen(whom)) == 0;
}

/* What a sender or a witness has shown once stays shown: a restart forgets nothing. */
static enum error check_shown(
	struct ledger *ledger, int evidence_fd, const char *name, struct db_txn *txn, struct fault *fault)
{
	OWNED_MEMORY uint8_t *note = NULL;
	size_t len = 0;
	struct checkpoint shown;
	TRY(fault_because(
		fault, file_read_all(evidence_fd, name, NOTE_BYTES_MAX, &note, &len), "evidence/%s cannot be read", name));
	if (checkpoint_verify(bytes_of(note, len), &ledger->vkey, &shown) != E_OK)
		return E_OK; /* whatever it is, it is not this log's word */
	enum error error = check_extends(txn, &shown);
	if (error == E_ROLLED_BACK)
		return fault_set(fault, E_GUARD,
			"a %s has shown a checkpoint of size %" PRIu64
			" (evidence/%s) that the store does not extend: an older store "
			"was put here; put the newer one back or see 'indsigt help recovery'",
			is_shown_by(name, DOOR_SHOWN_BY_WITNESS) ? "witness" : "sender", shown.size, name);
	return fault_because(fault, error, "evidence/%s", name);
}

/* A folder that is not there is the usual case. One that cannot be listed might hide what was shown, so the ledger does
 * not open. */
static enum error check_evidence(struct ledger *ledger, struct db_txn *txn, struct fault *fault)
{
	OWNED_DIR *dir = file_list(ledger->dir_fd, EVIDENCE_FOLDER);
	if (dir == NULL)
		return errno == ENOENT ? E_OK : fault_set(fault, E_IO, "evidence cannot be opened: %s", strerror(errno));
	for (const char *name; (name = file_list_next(dir)) != NULL;)
		if (is_shown_by(name, DOOR_SHOWN_BY_SENDER) || is_shown_by(name, DOOR_SHOWN_BY_WITNESS))
			TRY(check_shown(ledger, dirfd(dir), name, txn, fault));
	return errno == 0 ? E_OK : fault_set(fault, E_IO, "evidence cannot be listed: %s", strerror(errno));
}

/* ---- opening ---- */

/* The time that it is complete until is over: nothing may be appended that bears it. */
static enum error load_epoch_entry(struct ledger *ledger, struct db_txn *txn)
{
	struct entry entry;
	ledger->epoch_entry = (struct entry_epoch){.size = 0};
	if (ledger->filing.epoch_index == 0)
		return E_OK;
	TRY(log_read(txn, ledger->filing.epoch_index, &entry));
	if (entry.kind != ENTRY_EPOCH || entry.epoch.size < ledger->filing.filed)
		return E_CORRUPT;
	ledger->epoch_entry = entry.epoch;
	ledger_raise_floor(ledger, entry.epoch.time_s);
	return E_OK;
}

uint64_t ledger_next_s(const struct ledger *ledger)
{
	return ledger->floor_s > ledger->state.time_s ? ledger->floor_s : ledger->state.time_s;
}

/* Only ever up. No entry after it bears a time below it, whatever the clock says. */
void ledger_raise_floor(struct ledger *ledger, uint64_t time_s)
{
	if (time_s + 1 > ledger->floor_s)
		ledger->floor_s = time_s + 1;
}

/* That they are all there, and have their index; what is in them is looked at when it is read. */
static enum error look_at_runs(const struct ledger *ledger)
{
	OWNED(runs_close) struct runs runs;
	return runs_open(ledger->shelf, &ledger->filing, &runs);
}

/* Where filing stands is derived: what is damaged of it does not keep the ledger from opening. The newest epoch of the
 * log is then to be made again from nothing (ledger_epoch_start clears what is there), unless a loss hides it. */
static enum error load_filing(struct ledger *ledger, struct db_txn *txn)
{
	enum error error = store_filing_get(txn, &ledger->filing) ?: load_epoch_entry(ledger, txn);
	if (error == E_OK)
		error = look_at_runs(ledger);
	ledger->filing_lost = error == E_CORRUPT || error == E_NOT_FOUND;
	if (!ledger->filing_lost)
		return error;
	const struct log_state *state = &ledger->state;
	ledger->filing =
		(struct store_filing){.epoch_index = ledger_epoch_again(&state->losses, state->epoch_index, state->epoch_size)};
	return load_epoch_entry(ledger, txn);
}

/* Each part is compared with the next one: rows with the log, the frontier with the checkpoint. What does not fit is
 * damage, since all of it was written in one commit. */
enum error ledger_load_state(struct ledger *ledger, struct db_txn *txn)
{
	struct bytes note;
	struct merkle_frontier frontier;
	TRY(ledger_judge_load(ledger, txn, &frontier));
	TRY(load_filing(ledger, txn));
	TRY(log_load(ledger->log, txn, &frontier));
	TRY(store_checkpoint_get(txn, &note));
	TRY(checkpoint_verify(note, &ledger->vkey, &ledger->checkpoint));
	struct hash root;
	merkle_frontier_root(&frontier, &root);
	if (ledger->checkpoint.size != frontier.size || !hash_equal(&root, &ledger->checkpoint.root) ||
		note.len > sizeof ledger->note)
		return E_CORRUPT;
	memcpy(ledger->note, note.data, note.len);
	ledger->note_len = note.len;
	wall_clock_follow(&ledger->clock, ledger_next_s(ledger));
	return E_OK;
}

/* Programs of before lock this file, and know nothing of the directory's lock. Whoever removes it harms nobody; it can
 * be done without, on a disk that takes nothing. */
static enum error lock_for_older(struct ledger *ledger, struct fault *fault)
{
	ledger->older_lock_fd = openat(ledger->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (ledger->older_lock_fd >= 0 && flock(ledger->older_lock_fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return fault_set(fault, E_LOCKED, "");
	return E_OK;
}

enum error ledger_lock(int dir_fd, struct fault *fault)
{
	return lock_dir(dir_fd, E_LOCKED, "", " holds the ledger; if it is being served, end 'indsigt serve' first", fault);
}

enum error ledger_open_place(struct ledger *ledger, const char *dir, struct fault *fault)
{
	ledger->dir_fd = place_open(dir);
	if (ledger->dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s cannot be opened: %s", dir, strerror(errno));
	ledger->clock.dir_fd = ledger->dir_fd;
	return ledger_lock(ledger->dir_fd, fault);
}

enum error ledger_load_keys(struct ledger *ledger, const char *dir, struct fault *fault)
{
	OWNED_FD keys_fd = openat(ledger->dir_fd, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (keys_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s/keys cannot be opened: %s", dir, strerror(errno));
	return secrets_load(keys_fd, true, &ledger->secrets, fault);
}

/* A new ledger and one that is opened differ in these two calls alone. */
enum error ledger_open_environments(struct ledger *ledger, const char *dir, bool create, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	TRY(file_path(dir, "store", path));
	TRY(create ? store_make(path, &ledger->store, fault) : store_open(path, false, &ledger->store, fault));
	TRY(file_path(dir, "keys/env", path));
	const struct key *wrapping = &ledger->secrets->wrapping;
	TRY(create ? keystore_create(path, wrapping, &ledger->keystore, fault)
			   : keystore_open(path, wrapping, false, &ledger->keystore, fault));
	enum error error = log_appender_new(&ledger->log) ?: run_shelf_new(dir, &ledger->shelf);
	return error == E_OK ? E_OK : fault_set(fault, error, "");
}

/* The keys after the store, because its word decides which are the right ones. */
static enum error open_state(struct ledger *ledger, struct fault *fault)
{
	OWNED_TXN txn = {0};
	enum error error = db_begin(ledger->store, false, &txn) ?: ledger_load_state(ledger, &txn);
	if (error == E_OK)
		error = registry_load(&txn, &ledger->registry);
	TRY(fault_because(fault, error, "the store, or a file in " RUN_FOLDER "/, cannot be read"));
	TRY(check_guard(ledger, &txn, fault));
	TRY(store_keys_check(&txn, ledger->secrets, ledger->keystore, fault));
	return check_evidence(ledger, &txn, fault);
}

static enum error store_extends(void *context, struct bytes note)
{
	uint64_t size;
	return ledger_extends(context, note, &size);
}

/* Whoever may open without witnesses gets a ledger that reads and signs nothing: the reason is kept for those who ask
 * later. */
static enum error pass_door(struct ledger *ledger, const struct door_asker *asker, struct fault *fault)
{
	const struct door_store store = {&ledger->vkey, ledger->dir_fd, ledger->checkpoint.size, store_extends, ledger};
	enum error error = door_pass(&store, asker, &ledger->unwitnessed_fault);
	ledger->unwitnessed = error == E_UNWITNESSED && asker != NULL && asker->opens_unwitnessed;
	return error == E_OK || ledger->unwitnessed ? E_OK : fault_set(fault, error, "%s", ledger->unwitnessed_fault.text);
}

enum error ledger_may_sign(const struct ledger *ledger, struct fault *fault)
{
	return ledger->unwitnessed ? fault_set(fault, E_UNWITNESSED, "%s", ledger->unwitnessed_fault.text) : E_OK;
}

/* The lock before everything that reads: what is read under it nobody changes. The guard is written only when all has
 * passed. */
static enum error open_all(struct ledger *ledger, const char *dir, const struct door_asker *asker, struct fault *fault)
{
	TRY(place_read_vkey(dir, &ledger->vkey, fault));
	TRY(ledger_open_place(ledger, dir, fault));
	TRY(lock_for_older(ledger, fault));
	file_remove_left(ledger->dir_fd, "guard");
	TRY(ledger_load_keys(ledger, dir, fault));
	if (memcmp(ledger->vkey.public_key, ledger->secrets->log_public, sizeof ledger->vkey.public_key) != 0)
		return fault_set(fault, E_BAD_KEY, "%s/vkey is not the key of %s/keys/log", dir, dir);
	TRY(ledger_open_environments(ledger, dir, false, fault));
	TRY(open_state(ledger, fault));
	TRY(pass_door(ledger, asker, fault));
	return ledger_keep_guard(ledger, fault);
}

/* As it must be for ledger_free to end it from any step of opening. */
struct ledger *ledger_new(void)
{
	struct ledger *ledger = calloc(1, sizeof *ledger);
	if (ledger == NULL)
		return NULL;
	ledger->dir_fd = -1;
	ledger->older_lock_fd = -1;
	ledger->guard_size = UINT64_MAX;
	ledger->epoch_events_max = EPOCH_EVENTS_MAX;
	wall_clock_init(&ledger->clock, -1);
	return ledger;
}

void ledger_free(struct ledger *ledger)
{
	ledger_abort(ledger);
	ledger_epoch_free(ledger);
	db_abort(&ledger->read);
	registry_free(ledger->registry);
	log_state_free(&ledger->state);
	log_appender_free(ledger->log);
	run_shelf_free(ledger->shelf);
	keystore_close(ledger->keystore);
	db_close(ledger->store);
	secrets_free(ledger->secrets);
	free(ledger->new_keys);
	if (ledger->older_lock_fd >= 0)
		close(ledger->older_lock_fd);
	if (ledger->dir_fd >= 0)
		close(ledger->dir_fd);
	wall_clock_destroy(&ledger->clock);
	free(ledger);
}

enum error ledger_open(const char *dir, const struct door_asker *asker, struct ledger **out, struct fault *fault)
{
	OWNED(ledger_release) struct ledger *ledger = ledger_new();
	TRY(fault_set(fault, allocated(ledger), ""));
	TRY(open_all(ledger, dir, asker, fault));
	*out = OWN_TAKE(ledger);
	return E_OK;
}

void ledger_close(struct ledger *ledger)
{
	if (ledger == NULL)
		return;
	/* A guard that cannot be written now is only older than it could be: still never ahead of the store. */
	if (!ledger->broken)
		(void)!ledger_write_guard(ledger, NULL);
	ledger_free(ledger);
}

/* ---- questions ---- */

const struct vkey *ledger_vkey(const struct ledger *ledger)
{
	return &ledger->vkey;
}

void ledger_sign_welcome(const struct ledger *ledger, struct bytes message, uint8_t out[64])
{
	uint8_t buffer[sizeof DOMAIN_WELCOME + WELCOME_MESSAGE_MAX];
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_bytes(&w, BYTES_LITERAL(DOMAIN_WELCOME));
	writer_bytes(&w, message);
	assert(w.error == E_OK);
	crypto_sign_detached(out, NULL, buffer, writer_len(&w), ledger->secrets->log_secret);
}

enum error ledger_sender(struct ledger *ledger, uint32_t id, struct sender *out)
{
	return registry_get(ledger->registry, id, out);
}

uint32_t ledger_next_sender(struct ledger *ledger)
{
	return registry_next_id(ledger->registry);
}

void ledger_checkpoint(struct ledger *ledger, struct checkpoint *out, struct bytes *note)
{
	*out = ledger->checkpoint;
	*note = bytes_of(ledger->note, ledger->note_len);
}

uint64_t ledger_time_s(const struct ledger *ledger)
{
	return ledger->state.time_s;
}

enum error ledger_now(struct ledger *ledger, uint64_t *out_s, struct fault *fault)
{
	return wall_clock_now(&ledger->clock, out_s, fault);
}

enum error ledger_extends(struct ledger *ledger, struct bytes note, uint64_t *out_size)
{
	struct checkpoint older;
	OWNED_TXN txn = {0};
	if (checkpoint_verify(note, &ledger->vkey, &older) != E_OK)
		return E_BAD_CHECKPOINT;
	TRY(db_begin(ledger->store, false, &txn));
	TRY(check_extends(&txn, &older));
	*out_size = older.size;
	return E_OK;
}

enum error preparer_open(struct ledger *ledger, struct preparer **out, struct fault *fault)
{
	struct prepare_context context = {ledger->vkey.name, ledger->secrets, ledger->registry, ledger->keystore};
	return preparer_new(&context, out, fault);
}
