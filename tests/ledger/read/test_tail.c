/* The tail that an archive keeps, beside a ledger that goes on, against a list of who was in which entry. */
#include "ledger/read/tail.h"

#include "ledger/keys/secrets.h"
#include "tests/lib/fixture.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUBJECTS 6
#define EVENTS_MAX 4096
#define BATCH_MAX 40
#define HELD 5

static struct fixture f;
static struct archive *archive;

/* ---- the ledger, a process of its own: LMDB opens no environment twice in one ---- */

struct order {
	uint32_t count; /* of events; 0: an epoch */
	uint32_t subjects[BATCH_MAX];
	uint64_t sequence;
};

static int to_ledger;
static pid_t ledger;

static void serve_orders(int fd)
{
	struct order order;
	fixture_open(&f);
	while (read(fd, &order, sizeof order) == (ssize_t)sizeof order) {
		uint64_t first = 0;
		if (order.count == 0)
			fixture_epoch(&f);
		else
			first = fixture_append(&f, fixture_batch(&f, order.sequence, order.subjects, order.count, 1)).first_index;
		ck_assert_int_eq(write(fd, &first, sizeof first), sizeof first);
	}
	fixture_close(&f);
}

static void begin(void)
{
	struct fault fault = {.text = ""};
	int ends[2];
	fixture_make(&f);
	fixture_close(&f);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	ledger = fork();
	if (ledger == 0) {
		close(ends[0]);
		serve_orders(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	to_ledger = ends[0];
	ck_ok(archive_open(f.dir, true, &archive, &fault));
}

static uint64_t carry_out(const struct order *order)
{
	uint64_t first;
	ck_assert_int_eq(write(to_ledger, order, sizeof *order), sizeof *order);
	ck_assert_int_eq(read(to_ledger, &first, sizeof first), sizeof first);
	return first;
}

static void end(void)
{
	int status;
	archive_close(archive);
	close(to_ledger);
	ck_assert_int_eq(waitpid(ledger, &status, 0), ledger);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	fixture_remove(&f);
}

/* ---- the list ---- */

static struct {
	uint64_t index;
	uint32_t subject;
} events[EVENTS_MAX];

static size_t event_count;

static void append(uint32_t count)
{
	struct order order = {.count = count, .sequence = event_count};
	ck_assert_uint_le(event_count + count, EVENTS_MAX);
	for (uint32_t i = 0; i < count; i++)
		order.subjects[i] = randombytes_uniform(SUBJECTS);
	uint64_t first = carry_out(&order);
	for (uint32_t i = 0; i < count; i++) {
		events[event_count].index = first + i;
		events[event_count++].subject = order.subjects[i];
	}
}

/* Of the first `known` events. */
static size_t list_find(size_t known, uint32_t subject, uint64_t before, uint64_t *out, size_t max)
{
	size_t n = 0;
	for (size_t i = known; i > 0 && n < max; i--)
		if (events[i - 1].subject == subject && events[i - 1].index < before)
			out[n++] = events[i - 1].index;
	return n;
}

struct held {
	struct snapshot *snapshot; /* NULL: none */
	size_t known;              /* events when it was taken */
};

static void check(const struct held *held)
{
	static uint64_t wanted[EVENTS_MAX], found[EVENTS_MAX];
	uint32_t subject = randombytes_uniform(SUBJECTS);
	size_t max = randombytes_uniform(2) ? EVENTS_MAX : 1 + randombytes_uniform(8);
	uint64_t before = randombytes_uniform(2) ? UINT64_MAX : randombytes_uniform(EVENTS_MAX);
	size_t count;
	ck_ok(snapshot_find(held->snapshot, bytes_text(fixture_subject(subject)), before, found, max, &count));
	ck_assert_uint_eq(count, list_find(held->known, subject, before, wanted, max));
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(found[i], wanted[i]);
}

/* STO-13, for snapshots of different moments that ask in any order while the log grows and is filed. */
START_TEST(every_moment_finds_its_own)
{
	struct held held[HELD] = {{.snapshot = NULL}};
	struct order epoch = {.count = 0};
	begin();
	event_count = 0;
	for (int step = 0; step < 300; step++) {
		struct held *one = &held[randombytes_uniform(HELD)];
		switch (randombytes_uniform(8)) {
		case 0:
			carry_out(&epoch);
			break;
		case 1:
		case 2:
			append(1 + randombytes_uniform(event_count < EVENTS_MAX / 2 ? BATCH_MAX : 2));
			break;
		case 3:
			if (one->snapshot)
				snapshot_end(one->snapshot);
			one->known = event_count;
			ck_ok(snapshot_begin(archive, &one->snapshot, NULL));
			break;
		default:
			if (one->snapshot)
				check(one);
		}
	}
	for (size_t i = 0; i < HELD; i++)
		snapshot_end(held[i].snapshot);
	end();
}
END_TEST

/* A reader keeps what it opened before; an event that is declared lost meanwhile has no record any more. */
START_TEST(what_was_lost_since_is_nobodys)
{
	static const uint32_t subjects[] = {1, 2, 1, 1};
	struct fault fault = {.text = ""};
	struct db_env *store;
	struct db_txn txn;
	struct secrets *secrets;
	struct alias alias;
	struct losses losses = {.count = 0};
	uint64_t found[8];
	size_t count;
	char path[100];
	fixture_make(&f);
	uint64_t first = fixture_append(&f, fixture_batch(&f, 0, subjects, 4, 1)).first_index;
	uint64_t second = fixture_append(&f, fixture_batch(&f, 4, subjects + 1, 1, 2)).first_index;
	uint64_t size = second + 1;
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/keys", f.dir);
	int keys_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_ok(secrets_load(keys_fd, false, &secrets, &fault));
	snprintf(path, sizeof path, "%s/store", f.dir);
	ck_ok(store_open(path, true, &store, &fault));
	ck_ok(db_begin(store, false, &txn));
	alias_make(&secrets->alias, bytes_text(fixture_subject(1)), &alias);
	for (int kept = 0; kept < 2; kept++) { /* in the tail's memory, and where it has to be searched */
		struct tail *tail = tail_new();
		const struct tail_view whole = {
			.txn = &txn, .keys = &secrets->seal, .filed = first, .size = size, .losses = &losses};
		struct tail_view later = whole;
		losses.count = 0;
		later.filed = second;
		if (!kept) /* what is kept begins behind */
			ck_ok(tail_find(tail, &later, &alias, UINT64_MAX, found, 8, &count));
		ck_ok(tail_find(tail, &whole, &alias, UINT64_MAX, found, 8, &count));
		ck_assert_uint_eq(count, 3);
		losses = (struct losses){.entries = 1, .count = 1, .ranges = {{.first = first + 2, .end = first + 3}}};
		ck_ok(tail_find(tail, &whole, &alias, UINT64_MAX, found, 8, &count));
		ck_assert_uint_eq(count, 2);
		ck_assert_uint_eq(found[0], first + 3);
		ck_assert_uint_eq(found[1], first);
		tail_free(tail);
	}
	db_abort(&txn);
	db_close(store);
	secrets_free(secrets);
	close(keys_fd);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("tail", every_moment_finds_its_own, what_was_lost_since_is_nobodys)
