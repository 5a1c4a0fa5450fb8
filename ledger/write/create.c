/* Making a ledger: keys, store, genesis entry, guard.
 *
 *   empty directory ─► init-unfinished ─► keys/ vkey store/ guard ─► all synced ─► init-unfinished removed: a ledger
 *
 * What is killed or fails in between leaves the file init-unfinished: nothing takes that for a ledger, and the next
 * attempt takes away what the last one made and begins anew. Nobody has seen its keys. The directory may be one that
 * somebody else has made (a mount point), so it is not built beside and moved. */
#include "ledger/base/beside.h"
#include "ledger/keys/secrets_make.h"
#include "ledger/label/vrf.h"
#include "ledger/write/ledger_state.h"

#include <fcntl.h>
#include <sys/stat.h>

/* ---- places ---- */

/* readdir names them, and an empty directory has them. */
static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* 0: empty, or what an attempt has left that did not come to its end. Else why not, as errno: what is not seen may be
 * anything. */
static int may_begin(const char *dir)
{
	OWNED_DIR *entries = opendir(dir);
	if (entries == NULL)
		return errno;
	bool empty = true;
	bool unfinished = false;
	for (const char *name; (name = file_list_next(entries)) != NULL;) {
		empty = empty && is_dots(name);
		unfinished = unfinished || strcmp(name, PLACE_UNFINISHED) == 0;
	}
	if (errno != 0)
		return errno;
	return empty || unfinished ? 0 : ENOTEMPTY;
}

static enum error refuse_place(const char *dir, int number, struct fault *fault)
{
	bool taken = number == ENOTEMPTY || number == EEXIST || number == ENOTDIR;
	return fault_set(fault, taken ? E_EXISTS : error_of_system(number), "%s cannot be created: %s%s", dir,
		strerror(number), number == ENOENT ? "; make the folder that it is to lie in first" : "");
}

static enum error cannot(const char *name, const char *what, struct fault *fault)
{
	return fault_set(fault, E_IO, "%s, left by an unfinished attempt, cannot be %s: %m", name, what);
}

/* Files, and directories of files that are empty by then. */
static enum error remove_in(int at_fd, const char *name, struct fault *fault)
{
	int fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return E_OK;
	OWNED_DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	if (entries == NULL)
		return cannot(name, "opened", fault);
	for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
		if (!is_dots(entry->d_name) && unlinkat(fd, entry->d_name, 0) != 0 && errno != ENOENT)
			return cannot(name, "emptied", fault);
	return unlinkat(at_fd, name, AT_REMOVEDIR) == 0 ? E_OK : cannot(name, "removed", fault);
}

/* Nothing but what an attempt makes. */
static enum error remove_left(int dir_fd, struct fault *fault)
{
	static const char *const dirs[] = {"store", "keys/env", "keys"};
	static const char *const files[] = {"vkey", "guard"};
	for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
		TRY(remove_in(dir_fd, dirs[i], fault));
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		file_remove_left(dir_fd, files[i]);
		if (unlinkat(dir_fd, files[i], 0) != 0 && errno != ENOENT)
			return cannot(files[i], "removed", fault);
	}
	return E_OK;
}

/* Takes the directory, under its lock, and says in it that it is not finished. */
static enum error begin(struct ledger *ledger, const char *dir, struct fault *fault)
{
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return refuse_place(dir, errno, fault);
	int number = may_begin(dir);
	if (number != 0)
		return refuse_place(dir, number, fault);
	TRY(ledger_open_place(ledger, dir, fault));
	number = may_begin(dir); /* somebody was faster */
	if (number != 0)
		return refuse_place(dir, number, fault);
	OWNED_FD fd = openat(ledger->dir_fd, PLACE_UNFINISHED, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fsync(ledger->dir_fd) != 0)
		return refuse_place(dir, errno, fault);
	TRY(beside_sync_parent(dir, fault));
	return remove_left(ledger->dir_fd, fault);
}

/* They were removed, so one that is there now is somebody else's and no mistake to be passed over. */
static enum error make_places(const char *dir, struct fault *fault)
{
	static const char *const names[] = {"store", "keys", "keys/env"};
	char path[PATH_BYTES_MAX];
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		TRY(file_path(dir, names[i], path));
		if (mkdir(path, 0700) != 0)
			return refuse_place(path, errno == EEXIST ? EIO : errno, fault);
	}
	return E_OK;
}

/* From here on it is a ledger. */
static enum error finish(struct ledger *ledger, const char *dir, struct fault *fault)
{
	static const char *const names[] = {"store", "keys/env", "keys", "."};
	char path[PATH_BYTES_MAX];
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		TRY(file_path(dir, names[i], path));
		TRY(beside_sync(path, fault));
	}
	if (unlinkat(ledger->dir_fd, PLACE_UNFINISHED, 0) != 0)
		return fault_set(fault, E_IO, "%s/" PLACE_UNFINISHED " cannot be removed: %m", dir);
	return beside_sync(dir, fault);
}

/* ---- content ---- */

static enum error make_keys(const char *dir, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	TRY(file_path(dir, "keys", path));
	OWNED_FD keys_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (keys_fd < 0)
		return fault_set(fault, E_IO, "%s cannot be opened: %m", path);
	return secrets_create(keys_fd, fault);
}

/* The name was judged before anything was made (ledger_create), so this cannot fail for it. */
static enum error write_vkey(struct ledger *ledger, const char *origin, struct fault *fault)
{
	char text[VKEY_TEXT_MAX + 2];
	TRY(vkey_make(origin, NOTE_KEY_ED25519, ledger->secrets->log_public, &ledger->vkey));
	vkey_format(&ledger->vkey, text);
	strcat(text, "\n");
	return fault_because(
		fault, file_write_atomic(ledger->dir_fd, "vkey", bytes_text(text), 0644), "the file 'vkey' cannot be written");
}

/* In a tick like any other, so the first entry is judged by the same rule as the last. */
static enum error append_genesis(struct ledger *ledger, struct fault *fault)
{
	struct entry entry = {.kind = ENTRY_GENESIS};
	entry.genesis.format = FORMAT_VERSION;
	strcpy(entry.genesis.origin, ledger->vkey.name);
	memcpy(entry.genesis.log_key, ledger->secrets->log_public, 32);
	TRY(vrf_public_key(&ledger->secrets->vrf, entry.genesis.vrf_key));
	entry.genesis.epoch_seconds = EPOCH_SECONDS_DEFAULT;
	entry.genesis.epoch_lag_seconds = EPOCH_LAG_SECONDS_DEFAULT;
	TRY(ledger_begin(ledger, fault));
	entry.genesis.time_s = ledger->tick_s;
	TRY(ledger_append_entry(ledger, &entry, fault));
	return ledger_commit(ledger, fault);
}

static enum error load_registry(struct ledger *ledger)
{
	OWNED_TXN txn = {0};
	TRY(db_begin(ledger->store, false, &txn));
	return registry_load(&txn, &ledger->registry);
}

static enum error create_all(struct ledger *ledger, const char *dir, const char *origin, struct fault *fault)
{
	TRY(begin(ledger, dir, fault));
	TRY(make_places(dir, fault));
	TRY(make_keys(dir, fault));
	TRY(ledger_load_keys(ledger, dir, fault));
	TRY(write_vkey(ledger, origin, fault));
	TRY(ledger_open_environments(ledger, dir, true, fault));
	TRY(fault_set(fault, load_registry(ledger), ""));
	ledger_judge_init(ledger);
	TRY(append_genesis(ledger, fault));
	TRY(ledger_write_guard(ledger, fault));
	return finish(ledger, dir, fault);
}

/* The name is asked about with a key that does not matter, before a directory exists: a wrong name should leave nothing
 * behind. */
enum error ledger_create(const char *dir, const char *origin, struct fault *fault)
{
	static const uint8_t any_key[32] = {0x58, [1 ... 31] = 0x66}; /* the base point: only the name is asked about */
	struct vkey vkey;
	if (vkey_make(origin, NOTE_KEY_ED25519, any_key, &vkey) != E_OK)
		return fault_set(fault, E_BAD_VALUE,
			"origin: 1 to %u bytes of UTF-8 without spaces, control characters or '+', such as log.example.dk/2026",
			ORIGIN_BYTES_MAX);
	OWNED(ledger_release) struct ledger *ledger = ledger_new();
	return ledger != NULL ? create_all(ledger, dir, origin, fault) : fault_set(fault, E_NO_MEMORY, "");
}
