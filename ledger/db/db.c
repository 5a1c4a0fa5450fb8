/* What LMDB says, as an error of this program, and what LMDB leaves to its users.
 *
 *   db_open    head of the file ─► LMDB opens it ─► which files they are ─► dead readers cleared ─► tables
 *   db_begin   the same files still? ─► LMDB begins; no slot left: dead readers cleared, tried once more
 *
 * Callers judge a ledger by E_CORRUPT, so an error must tell damage from what could not be looked at; each of LMDB's
 * codes is sorted here, once for opening (a table that is missing is damage), once for all else (a row is only not
 * there). Whether files were replaced while they were read is asked afterwards, when some may be closed: the process
 * keeps a list of what it has open, and remembers it of what it had. */
#include "ledger/db/db_state.h"

#include "ledger/base/file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static struct {
	pthread_mutex_t mutex;
	struct db_env *open;
	bool replaced; /* one that is closed by now */
} process = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* LMDB reports a short write as EIO, so a full disk can only be told by looking. */
#define DISK_FULL_BYTES (64ull << 20)

/* Called only when something has failed, so what it costs does not matter. */
static bool disk_full(const struct db_env *env)
{
	struct statvfs info;
	return statvfs(env->path, &info) == 0 && (uint64_t)info.f_bavail * info.f_frsize < DISK_FULL_BYTES;
}

/* What LMDB's codes come to: in a transaction, and while an environment is opened, where a table that is missing is
 * damage. All others are the system's numbers; with MDB_PANIC: an earlier commit failed where it cannot be undone. */
static const struct code {
	int rc;
	enum error error, opening;
} codes[] = {
	{MDB_SUCCESS, E_OK, E_OK},
	{MDB_NOTFOUND, E_NOT_FOUND, E_CORRUPT},
	{MDB_MAP_FULL, E_FULL, E_IO},
	{MDB_TXN_FULL, E_FULL, E_IO},
	{MDB_READERS_FULL, E_READERS, E_READERS},
	{MDB_CORRUPTED, E_CORRUPT, E_CORRUPT},
	{MDB_PAGE_NOTFOUND, E_CORRUPT, E_CORRUPT},
	{MDB_INVALID, E_CORRUPT, E_CORRUPT},
	{MDB_INCOMPATIBLE, E_CORRUPT, E_CORRUPT},
	{MDB_VERSION_MISMATCH, E_IO, E_CORRUPT},
	{MDB_KEYEXIST, E_CORRUPT, E_IO},
	{MDB_BAD_VALSIZE, E_CORRUPT, E_IO},
	{MDB_BAD_DBI, E_CORRUPT, E_IO}, /* a table that was there when it was opened is not found any more */
	{MDB_BAD_TXN, E_CORRUPT, E_IO}, /* what came before it in the transaction was already one of these */
	{MDB_CURSOR_FULL, E_CORRUPT, E_IO},
	{MDB_PAGE_FULL, E_CORRUPT, E_IO},
	{ENOMEM, E_NO_MEMORY, E_NO_MEMORY},
};

static const struct code *code_of(int rc)
{
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (codes[i].rc == rc)
			return &codes[i];
	return NULL;
}

static enum error error_of(const struct db_env *env, int rc)
{
	errno = rc > 0 ? rc : EIO; /* for error_reason */
	if (rc == MDB_SUCCESS)
		return E_OK;
	if (rc == EIO)
		return disk_full(env) ? E_FULL : E_IO;
	const struct code *code = code_of(rc);
	return code != NULL ? code->error : error_of_system(rc);
}

enum error db_stick(struct db_txn *txn, int rc)
{
	enum error error = error_of(txn->env, rc);
	if (error != E_OK && error != E_NOT_FOUND && txn->error == E_OK)
		txn->error = error;
	return error;
}

/* A full table of readers may be full of dead ones: LMDB leaves it to its users to clear them away. */
static int begin(struct db_env *db, bool write, MDB_txn **out)
{
	unsigned flags = write ? 0 : MDB_RDONLY;
	int rc = mdb_txn_begin(db->env, NULL, flags, out);
	if (rc == MDB_READERS_FULL) {
		db_reap_readers(db);
		rc = mdb_txn_begin(db->env, NULL, flags, out);
	}
	if (rc == MDB_MAP_RESIZED && mdb_env_set_mapsize(db->env, 0) == 0)
		rc = mdb_txn_begin(db->env, NULL, flags, out);
	return rc;
}

/* In one transaction for all: an environment that has some of them was never finished, and is refused. */
static int open_tables(struct db_env *db, const char *const *names, size_t count, bool create, bool read_only)
{
	MDB_txn *txn;
	int rc = begin(db, !read_only, &txn);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = mdb_dbi_open(txn, names[i], create ? MDB_CREATE : 0, &db->tables[i]);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn);
}

static enum error opening_error(int rc)
{
	if (rc == EACCES || rc == ENOENT)
		return rc == EACCES ? E_PERMISSION : E_NOT_FOUND;
	const struct code *code = code_of(rc);
	return code != NULL ? code->opening : error_of_system(rc);
}

/* LMDB's words for what a person meets as something else. */
static const char *opening_text(int rc)
{
	switch (rc) {
	case MDB_NOTFOUND:
		return "it has no tables: it was never finished, or is another program's";
	case MDB_READERS_FULL:
		return error_text(E_READERS);
	default:
		return mdb_strerror(rc);
	}
}

static bool is_shared(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 && file_is_shared(info.st_mode);
}

/* Where a group may read the directory it may read the data, and has to write the table of readers. Nobody but the
 * owner can set it, and who cannot need not. */
static void share(const char *path)
{
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = {{"data.mdb", 0640}, {"lock.mdb", 0660}};
	OWNED_FD dir_fd = is_shared(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct stat info;
	for (size_t i = 0; dir_fd >= 0 && i < sizeof files / sizeof files[0]; i++)
		if (fstatat(dir_fd, files[i].name, &info, AT_SYMLINK_NOFOLLOW) == 0 && (info.st_mode & 0777) != files[i].mode)
			(void)fchmodat(dir_fd, files[i].name, files[i].mode, 0);
}

/* LMDB makes a head of its own wherever it reads nothing at its place. */
static int open_files(struct db_env *db, bool create, unsigned flags)
{
	struct db_head head = {.bytes = NULL};
	bool guarded = !create && (flags & MDB_RDONLY) == 0;
	enum error error = guarded ? db_head_read(db->path, &head, NULL) : E_OK;
	if (error != E_OK)
		return error == E_CORRUPT ? MDB_INVALID : errno == 0 ? EIO : errno;
	int rc = mdb_env_open(db->env, db->path, flags, 0600);
	if (guarded && db_head_put_back(db->path, &head) && rc == 0)
		rc = EIO;
	free(head.bytes);
	if (rc == 0 && (flags & MDB_RDONLY) == 0)
		share(db->path);
	return rc;
}

static int look_for_locks(const char *line, void *context)
{
	bool *unlocked = context;
	*unlocked = strncmp(line, "(no reader locks)", 17) == 0;
	return -1;
}

/* The identity is taken after LMDB has opened the files and not before: what was replaced in between is caught by the
 * first db_begin. */
static void remember(struct db_env *db)
{
	mdb_reader_list(db->env, look_for_locks, &db->unlocked);
	db_file_identity(db->path, &db->files);
	pthread_mutex_lock(&process.mutex);
	db->next = process.open;
	process.open = db;
	pthread_mutex_unlock(&process.mutex);
}

/* Whether it was replaced while it was read is asked now, for afterwards nobody can: the answer that was given from it
 * may be judged later. */
static void forget(struct db_env *db)
{
	pthread_mutex_lock(&process.mutex);
	struct db_env **link = &process.open;
	while (*link != NULL && *link != db)
		link = &(*link)->next;
	if (*link != NULL) {
		process.replaced |= db->read_only && db_check(db) != E_OK;
		*link = db->next;
	}
	pthread_mutex_unlock(&process.mutex);
}

enum error db_open(const char *path, const char *const *names, size_t count, size_t map_bytes, bool read_only,
	bool create, struct db_env **out, struct fault *fault)
{
	if (!create)
		TRY(db_file_check(path, fault));
	db_file_name_faults();
	OWNED(db_env_release) struct db_env *db = calloc(1, sizeof *db);
	TRY(fault_set(fault, allocated(db), ""));
	db->path = strdup(path);
	db->read_only = read_only;
	int rc = db->path ? mdb_env_create(&db->env) : ENOMEM;
	if (rc == 0)
		rc = mdb_env_set_mapsize(db->env, map_bytes);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(db->env, DB_TABLES_MAX);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(db->env, DB_READERS_MAX);
	/* No thread-local slots: snapshots move between threads. No read-ahead: look-ups are random. */
	unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (read_only ? MDB_RDONLY : 0);
	if (rc == 0)
		rc = open_files(db, create, flags);
	if (rc == 0)
		remember(db);
	if (rc == 0)
		db_reap_readers(db);
	if (rc == 0)
		rc = open_tables(db, names, count, create, read_only);
	if (rc != 0)
		return fault_set(fault, opening_error(rc), "%s cannot be opened: %s", path, opening_text(rc));
	*out = OWN_TAKE(db);
	return E_OK;
}

void db_close(struct db_env *env)
{
	if (env == NULL)
		return;
	forget(env);
	if (env->env != NULL)
		mdb_env_close(env->env);
	free(env->path);
	free(env);
}

void db_reap_readers(struct db_env *env)
{
	int dead = 0;
	mdb_reader_check(env->env, &dead);
}

enum error db_check(const struct db_env *env)
{
	struct statvfs info;
	if (env->unlocked && statvfs(env->path, &info) == 0 && (info.f_flag & ST_RDONLY) == 0)
		return E_REPLACED;
	return db_file_same(env->path, &env->files) ? E_OK : E_REPLACED;
}

bool db_was_replaced(void)
{
	pthread_mutex_lock(&process.mutex);
	bool replaced = process.replaced;
	for (const struct db_env *db = process.open; db != NULL; db = db->next)
		replaced |= db->read_only && db_check(db) != E_OK;
	pthread_mutex_unlock(&process.mutex);
	return replaced;
}

enum error db_copy(struct db_env *env, int fd)
{
	TRY(db_check(env));
	int rc = mdb_env_copyfd2(env->env, fd, 0);
	return error_of(env, rc);
}

/* "   pid   thread   transaction"; "-" for a slot that holds no snapshot. */
static int look_at_reader(const char *line, void *context)
{
	struct db_reader *oldest = context;
	int pid;
	uint64_t transaction;
	if (sscanf(line, "%d %*x %" SCNu64, &pid, &transaction) == 2 && pid != (int)getpid() &&
		(oldest->transaction == 0 || transaction < oldest->transaction))
		*oldest = (struct db_reader){transaction, pid};
	return 0;
}

void db_oldest_reader(struct db_env *env, struct db_reader *out)
{
	MDB_envinfo info;
	*out = (struct db_reader){.transaction = 0};
	mdb_reader_list(env->env, look_at_reader, out);
	if (mdb_env_info(env->env, &info) == 0 && out->transaction >= info.me_last_txnid)
		*out = (struct db_reader){.transaction = 0}; /* of what is newest: keeps nothing */
}

/* Set whatever happens, so that a caller may abort what never began; a transaction that did not begin has no handle. */
enum error db_begin(struct db_env *env, bool write, struct db_txn *out)
{
	MDB_txn *handle = NULL;
	*out = (struct db_txn){.env = env, .error = db_check(env)};
	TRY(out->error);
	int rc = begin(env, write, &handle);
	*out = (struct db_txn){.env = env, .handle = rc == 0 ? handle : NULL, .error = error_of(env, rc)};
	return out->error;
}

uint64_t db_commit_seen(const struct db_txn *txn)
{
	return mdb_txn_id(txn->handle);
}

enum error db_commit(struct db_txn *txn)
{
	MDB_txn *handle = txn->handle;
	txn->handle = NULL; /* gone, whatever the commit returns */
	if (txn->error != E_OK) {
		mdb_txn_abort(handle);
		return txn->error;
	}
	return db_stick(txn, mdb_txn_commit(handle));
}

void db_abort(struct db_txn *txn)
{
	if (txn->handle != NULL)
		mdb_txn_abort(txn->handle);
	txn->handle = NULL;
}

enum error db_get(struct db_txn *txn, unsigned table, struct bytes key, struct bytes *out)
{
	if (txn->error != E_OK)
		return txn->error;
	MDB_val k = db_val(key);
	MDB_val v;
	TRY(db_stick(txn, mdb_get(txn->handle, txn->env->tables[table], &k, &v)));
	*out = bytes_of(v.mv_data, v.mv_size);
	return E_OK;
}

/* A number that was never written is 0, so a table begins without rows. */
enum error db_get_number(struct db_txn *txn, unsigned table, struct bytes key, uint64_t *out)
{
	struct bytes value;
	enum error error = db_get(txn, table, key, &value);
	if (error == E_NOT_FOUND) {
		*out = 0;
		return E_OK;
	}
	TRY(error);
	if (value.len != 8)
		return E_CORRUPT;
	*out = get_u64(value.data);
	return E_OK;
}

enum error db_count(struct db_txn *txn, unsigned table, uint64_t *out)
{
	MDB_stat stat;
	TRY(db_stick(txn, mdb_stat(txn->handle, txn->env->tables[table], &stat)));
	*out = stat.ms_entries;
	return E_OK;
}

enum error db_walk_begin(struct db_txn *txn, unsigned table, struct db_walk *out)
{
	MDB_cursor *cursor;
	*out = (struct db_walk){.txn = txn};
	if (txn->error != E_OK)
		return txn->error;
	TRY(db_stick(txn, mdb_cursor_open(txn->handle, txn->env->tables[table], &cursor)));
	out->cursor = cursor;
	return E_OK;
}

void db_walk_end(struct db_walk *walk)
{
	if (walk->cursor != NULL)
		mdb_cursor_close(walk->cursor);
	walk->cursor = NULL;
}

static enum error walk(struct db_walk *walk, MDB_val key, MDB_cursor_op op)
{
	MDB_val value;
	TRY(db_stick(walk->txn, mdb_cursor_get(walk->cursor, &key, &value, op)));
	walk->key = bytes_of(key.mv_data, key.mv_size);
	walk->value = bytes_of(value.mv_data, value.mv_size);
	return E_OK;
}

enum error db_walk_from(struct db_walk *w, struct bytes key)
{
	return walk(w, db_val(key), MDB_SET_RANGE);
}

enum error db_walk_first(struct db_txn *txn, unsigned table, struct db_walk *out)
{
	TRY(db_walk_begin(txn, table, out));
	return walk(out, (MDB_val){0, NULL}, MDB_FIRST);
}

enum error db_walk_upto(struct db_walk *w, struct bytes key)
{
	enum error error = db_walk_from(w, key);
	if (error == E_NOT_FOUND)
		return db_walk_last(w);
	TRY(error);
	return bytes_equal(w->key, key) ? E_OK : db_walk_previous(w);
}

enum error db_walk_last(struct db_walk *w)
{
	return walk(w, (MDB_val){0, NULL}, MDB_LAST);
}

enum error db_walk_next(struct db_walk *w)
{
	return walk(w, (MDB_val){0, NULL}, MDB_NEXT);
}

enum error db_walk_previous(struct db_walk *w)
{
	return walk(w, (MDB_val){0, NULL}, MDB_PREV);
}

enum error db_walk_check(const struct db_walk *w)
{
	MDB_val key = db_val(w->key);
	MDB_val found = {0, NULL};
	int code = mdb_get(w->txn->handle, mdb_cursor_dbi(w->cursor), &key, &found);
	if (code != MDB_SUCCESS && code != MDB_NOTFOUND)
		return db_stick(w->txn, code);
	return code == MDB_SUCCESS && found.mv_data == w->value.data ? E_OK : E_CORRUPT;
}
