#include "tests/lib/faults.h"

#include "ledger/audit/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIES_MAX 4

struct shared *shared;
struct fixture f;
struct bytes batches[WORK_BATCHES];
static char base[96]; /* the ledger before the work, closed */

/* ---- the wrapped functions ----
 *
 * Processes end here, the machine does not: nothing needs to reach the disk, so syncs are only counted, and LMDB's
 * descriptor for meta pages (O_DSYNC) is only marked. */

bool synchronous[DESCRIPTORS_MAX];

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	unsigned mode = va_arg(arguments, unsigned);
	va_end(arguments);
	int fd = __real_open(path, flags & ~O_DSYNC, mode);
	if (fd >= 0 && fd < DESCRIPTORS_MAX)
		synchronous[fd] = (flags & O_DSYNC) != 0;
	return fd;
}

static struct operation *record(enum operation_kind kind, int fd)
{
	char link[64];
	ck_assert_uint_lt(shared->operation_count, OPERATIONS_MAX);
	struct operation *operation = &shared->operations[shared->operation_count++];
	memset(operation, 0, sizeof *operation);
	operation->kind = kind;
	if (fd >= 0) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t len = readlink(link, operation->path, sizeof operation->path - 1);
		ck_assert_int_gt(len, 0);
		operation->durable = fd < DESCRIPTORS_MAX && synchronous[fd];
	}
	return operation;
}

static void record_write(int fd, const void *data, size_t len, off_t at)
{
	if (!shared->recording)
		return;
	struct operation *operation = record(OPERATION_WRITE, fd);
	ck_assert_uint_le(shared->log_len + len, LOG_BYTES_MAX);
	operation->at = at;
	operation->data = shared->log_len;
	operation->len = len;
	memcpy(shared->log + shared->log_len, data, len);
	shared->log_len += len;
}

/* True if this call fails; `*done` says whether it is carried out all the same. */
static bool fails(bool *done)
{
	*done = true;
	if (shared == NULL || !shared->armed)
		return false;
	bool now = shared->kind != FAULT_NONE && shared->calls == shared->at;
	shared->calls++;
	*done = !now || shared->kind == FAULT_DONE;
	if (now)
		errno = shared->error;
	return now;
}

ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at)
{
	bool done;
	bool failed = fails(&done);
	ssize_t n = __real_pwrite(fd, data, done ? len : len / 2, at);
	if (failed)
		errno = shared->error;
	else if (shared != NULL)
		record_write(fd, data, len, at);
	return failed ? -1 : n;
}

ssize_t __real_writev(int fd, const struct iovec *parts, int count);
ssize_t __wrap_writev(int fd, const struct iovec *parts, int count);
ssize_t __wrap_writev(int fd, const struct iovec *parts, int count)
{
	bool done;
	bool failed = fails(&done);
	off_t at = lseek(fd, 0, SEEK_CUR);
	ssize_t n = __real_writev(fd, parts, done ? count : (count + 1) / 2);
	for (int i = 0; shared != NULL && !failed && i < count; i++) {
		record_write(fd, parts[i].iov_base, parts[i].iov_len, at);
		at += (off_t)parts[i].iov_len;
	}
	if (failed)
		errno = shared->error;
	return failed ? -1 : n;
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	bool done;
	bool failed = fails(&done);
	off_t at = shared != NULL && shared->recording ? lseek(fd, 0, SEEK_CUR) : 0;
	ssize_t n = __real_write(fd, data, done ? len : len / 2);
	if (failed)
		errno = shared->error;
	else if (shared != NULL)
		record_write(fd, data, len, at);
	return failed ? -1 : n;
}

#define WRAP_SYNC(name)                                     \
	int __wrap_##name(int fd);                              \
	int __wrap_##name(int fd)                               \
	{                                                       \
		bool done;                                          \
		bool failed = fails(&done);                         \
		if (!failed && shared != NULL && shared->recording) \
			record(OPERATION_SYNC, fd);                     \
		return failed ? -1 : 0;                             \
	}

WRAP_SYNC(fdatasync)
WRAP_SYNC(fsync)

int __real_ftruncate(int fd, off_t len);
int __wrap_ftruncate(int fd, off_t len);
int __wrap_ftruncate(int fd, off_t len)
{
	bool done;
	bool failed = fails(&done);
	int result = done ? __real_ftruncate(fd, len) : -1;
	return failed ? -1 : result;
}

int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	bool done;
	bool failed = fails(&done);
	int result = done ? __real_renameat(from_dir, from, to_dir, to) : -1;
	if (!failed && shared != NULL && shared->recording) {
		struct operation *operation = record(OPERATION_RENAME, from_dir);
		char directory[sizeof operation->path];
		memcpy(directory, operation->path, sizeof directory);
		int from_len = snprintf(operation->path, sizeof operation->path, "%s/%s", directory, from);
		int to_len = snprintf(operation->to, sizeof operation->to, "%s/%s", directory, to);
		ck_assert_int_lt(from_len, (int)sizeof operation->path);
		ck_assert_int_lt(to_len, (int)sizeof operation->to);
	}
	return failed ? -1 : result;
}

/* ---- the worker ---- */

static void note_kept(void)
{
	struct checkpoint checkpoint;
	struct bytes note;
	ledger_checkpoint(f.ledger, &checkpoint, &note);
	ck_assert_uint_le(note.len, sizeof shared->notes[0]);
	ck_assert_uint_lt(shared->note_count, 16);
	memcpy(shared->notes[shared->note_count], note.data, note.len);
	shared->note_len[shared->note_count++] = note.len;
}

void work_tick(unsigned number)
{
	struct prepared *prepared = NULL;
	struct appended appended = {0};
	struct fault fault = {0};
	uint8_t receipt[RECEIPT_BYTES_MAX];
	struct writer w = writer_of(receipt, sizeof receipt);
	enum error error = prepare_batch(f.preparer, f.sender, batches[number], f.now_s, &prepared, &fault);
	if (error != E_OK)
		_exit(error == E_IO ? 1 : 3);
	error = E_FULL;
	for (int tries = 0; error == E_FULL && tries < TRIES_MAX; tries++) {
		error = ledger_begin(f.ledger, &fault);
		if (error == E_OK)
			error = ledger_append(f.ledger, prepared, &appended, &fault);
		if (error != E_OK)
			ledger_abort(f.ledger);
		else
			error = ledger_commit(f.ledger, &fault);
	}
	if (error != E_OK || ledger_receipt(f.ledger, &appended, 0, &w) != E_OK)
		_exit(1);
	prepared_free(prepared);
	shared->first_index[number] = appended.first_index;
	shared->acknowledged = number + 1;
	note_kept();
	if (shared->recording)
		record(OPERATION_ACKNOWLEDGED, -1)->batches = number + 1;
}

void work_epoch(void)
{
	struct fault fault = {0};
	bool started = false;
	bool finished = false;
	if (ledger_epoch_start(f.ledger, &started, &fault) != E_OK)
		_exit(1);
	while (started && !finished) {
		enum error error = ledger_epoch_slice(f.ledger, &finished, &fault);
		if (error == E_IO || error == E_STOPPED)
			_exit(1);
		if (error != E_OK) /* given up; another one comes */
			return;
	}
}

void work_open(void)
{
	struct fault fault = {0};
	if (ledger_open(f.dir, NULL, &f.ledger, &fault) != E_OK || preparer_open(f.ledger, &f.preparer, &fault) != E_OK)
		_exit(1);
}

/* ---- the parent ---- */

void put_base_back(void)
{
	shell("rm -rf %s && cp -a %s %s", f.dir, base, f.dir);
}

void work_begin(void)
{
	static const uint32_t subjects[] = {1, 2, 1};
	shared = NULL;
	fixture_make(&f);
	snprintf(base, sizeof base, "%s/base", f.place.path);
	fixture_append(&f, fixture_batch(&f, 0, subjects, 3, 0));
	fixture_epoch(&f);
	fixture_append(&f, fixture_batch(&f, 3, subjects, 3, 0));
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	note_kept();
	fixture_close(&f);
	for (uint32_t i = 0; i < WORK_BATCHES; i++) {
		uint32_t mixed[] = {1, 10 + i, 20 + i}; /* known and new subjects */
		batches[i] = fixture_batch(&f, 6 + i * WORK_EVENTS, mixed, WORK_EVENTS, i);
	}
	shell("cp -a %s %s", f.dir, base);
}

void work_end(void)
{
	munmap(shared, sizeof *shared);
	shared = NULL;
	for (unsigned i = 0; i < WORK_BATCHES; i++)
		free((void *)(uintptr_t)batches[i].data);
	place_remove(&f.place);
}

void forget_work(void)
{
	shared->acknowledged = 0;
	shared->note_count = 1;
	shared->calls = 0;
	shared->armed = false;
}

int run_worker(void (*work)(void))
{
	int status = 0;
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		work();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) <= 1, "the worker ended with %x", (unsigned)status);
	shared->armed = false;
	return WEXITSTATUS(status);
}

static void check_audit(void)
{
	struct audit_options options = {.records = true};
	struct audit_result result;
	struct fault fault = {.text = ""};
	enum error error = audit_directory(f.dir, &f.vkey, &options, &result, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	ck_assert_msg(result.ok, "index %lu: %s", result.index, result.reason);
	ck_assert_uint_eq(result.events, 6 + WORK_BATCHES * WORK_EVENTS);
}

void check_ledger(const char *when, unsigned number)
{
	struct fault fault = {0};
	struct sender sender;
	enum error error = ledger_open(f.dir, NULL, &f.ledger, &fault);
	ck_assert_msg(error == E_OK, "%s %u: %s", when, number, fault.text);
	ck_ok(preparer_open(f.ledger, &f.preparer, &fault));
	for (unsigned i = 0; i < shared->note_count; i++) {
		uint64_t size;
		error = ledger_extends(f.ledger, bytes_of(shared->notes[i], shared->note_len[i]), &size);
		ck_assert_msg(error == E_OK, "%s %u: a checkpoint is not extended: %s", when, number, error_name(error));
	}
	ck_ok(ledger_sender(f.ledger, f.sender, &sender));
	ck_assert_msg(sender.next_sequence >= 6 + shared->acknowledged * WORK_EVENTS,
		"%s %u: an acknowledged batch is gone", when, number);
	for (unsigned i = 0; i < WORK_BATCHES; i++) {
		struct appended appended;
		error = fixture_take(&f, batches[i], &appended, &fault);
		ck_assert_msg(error == E_OK, "%s %u: batch %u: %s", when, number, i, fault.text);
		ck_assert(i >= shared->acknowledged || (appended.repeated && appended.first_index == shared->first_index[i]));
	}
	fixture_epoch(&f);
	fixture_close(&f);
	check_audit();
}
