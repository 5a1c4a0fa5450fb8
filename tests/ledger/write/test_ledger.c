/* The ledger as its users see it: appended, found, proven, opened again. */
#include "ledger/audit/audit.h"
#include "ledger/base/lock.h"
#include "ledger/entry/receipt.h"
#include "ledger/read/archive.h"
#include "ledger/store/store.h"
#include "ledger/store/store_put.h"
#include "ledger/write/ledger_state.h"
#include "tests/lib/fixture.h"
#include "tests/lib/left_over.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fixture f;

/* The read from now on, from 1, that the disk fails; 0: none. */
static unsigned read_fails;

static bool fails_now(void)
{
	if (read_fails == 0 || --read_fails > 0)
		return false;
	errno = EIO;
	return true;
}

ssize_t __real_read(int fd, void *out, size_t len);
ssize_t __wrap_read(int fd, void *out, size_t len);
ssize_t __wrap_read(int fd, void *out, size_t len)
{
	return fails_now() ? -1 : __real_read(fd, out, len);
}

ssize_t __real_pread64(int fd, void *out, size_t len, off_t at);
ssize_t __wrap_pread64(int fd, void *out, size_t len, off_t at);
ssize_t __wrap_pread64(int fd, void *out, size_t len, off_t at)
{
	return fails_now() ? -1 : __real_pread64(fd, out, len, at);
}

static struct batch_head head_of(struct bytes body)
{
	struct batch_head head;
	struct reader r = reader_of(body);
	batch_head_decode(&r, &head);
	return head;
}

static void check_receipt(
	const struct appended *appended, const struct batch_head *head, struct receipt_position *position)
{
	static uint8_t buffer[RECEIPT_BYTES_MAX];
	struct receipt receipt;
	struct bytes encoded;
	struct fault fault = {0};
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(ledger_receipt(f.ledger, appended, position->checkpoint.size, &w));
	ck_ok(writer_done(&w, &encoded));
	ck_ok(receipt_decode(encoded, &receipt));
	enum error error = receipt_verify(&receipt, &f.vkey, head, position, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	ck_assert_uint_eq(receipt.first_index, appended->first_index);
}

START_TEST(append_and_receipts)
{
	static struct receipt_position position;
	uint32_t subjects[40];
	uint64_t next = 0;
	fixture_make(&f);
	for (uint32_t round = 0; round < 30; round++) {
		uint32_t count = 1 + round % 40;
		for (uint32_t i = 0; i < count; i++)
			subjects[i] = (round * 7 + i) % 50;
		struct bytes body = fixture_batch(&f, next, subjects, count, round);
		struct batch_head head = head_of(body);
		struct appended appended = fixture_append(&f, body);
		ck_assert(!appended.repeated);
		check_receipt(&appended, &head, &position);
		next += count;
	}
	struct sender sender;
	ck_ok(ledger_sender(f.ledger, 1, &sender));
	ck_assert_uint_eq(sender.next_sequence, next);
	ck_assert(sender.endorsed);
	fixture_remove(&f);
}
END_TEST

/* STO-15, STO-16, STO-17 */
START_TEST(sequences_have_no_hole)
{
	static struct receipt_position position;
	uint32_t subjects[] = {1, 2, 3, 4, 5};
	struct fault fault;
	struct appended appended;
	struct appended again;
	fixture_make(&f);
	struct bytes first = fixture_batch(&f, 0, subjects, 3, 1);
	ck_ok(fixture_take(&f, first, &appended, &fault));
	struct bytes hole = fixture_batch(&f, 4, subjects, 1, 1);
	ck_error(fixture_take(&f, hole, &again, &fault), E_SEQUENCE_HOLE);
	ck_assert_ptr_nonnull(strstr(fault.text, "expected is 3"));
	struct checkpoint before;
	struct bytes note;
	ledger_checkpoint(f.ledger, &before, &note);

	/* The same again: the same place, under the current checkpoint. */
	ck_ok(fixture_take(&f, first, &again, &fault));
	ck_assert(again.repeated);
	ck_assert_uint_eq(again.first_index, appended.first_index);
	struct batch_head head = head_of(first);
	check_receipt(&again, &head, &position);
	struct checkpoint after;
	ledger_checkpoint(f.ledger, &after, &note);
	ck_assert_uint_eq(after.size, before.size);

	/* Other content, other boundaries: refused. */
	struct bytes other = fixture_batch(&f, 0, subjects, 3, 2);
	ck_error(fixture_take(&f, other, &again, &fault), E_EQUIVOCATION);
	struct bytes shorter = fixture_batch(&f, 0, subjects, 2, 1);
	ck_error(fixture_take(&f, shorter, &again, &fault), E_EQUIVOCATION);
	struct bytes inside = fixture_batch(&f, 1, subjects, 5, 1);
	ck_error(fixture_take(&f, inside, &again, &fault), E_EQUIVOCATION);
	free((void *)(uintptr_t)first.data);
	free((void *)(uintptr_t)hole.data);
	free((void *)(uintptr_t)other.data);
	free((void *)(uintptr_t)shorter.data);
	free((void *)(uintptr_t)inside.data);
	fixture_remove(&f);
}
END_TEST

/* Two batches, then the first again, in one tick. */
START_TEST(repeat_within_a_tick)
{
	uint32_t subjects[] = {5, 6};
	struct prepared *prepared[3];
	struct appended appended[3];
	struct fault fault;
	fixture_make(&f);
	struct bytes first = fixture_batch(&f, 0, subjects, 2, 1);
	struct bytes second = fixture_batch(&f, 2, subjects, 2, 1);
	ck_ok(prepare_batch(f.preparer, 1, first, f.now_s, &prepared[0], &fault));
	ck_ok(prepare_batch(f.preparer, 1, second, f.now_s, &prepared[1], &fault));
	ck_ok(prepare_batch(f.preparer, 1, first, f.now_s, &prepared[2], &fault));
	ck_ok(ledger_begin(f.ledger, &fault));
	for (int i = 0; i < 3; i++)
		ck_ok(ledger_append(f.ledger, prepared[i], &appended[i], &fault));
	ck_ok(ledger_commit(f.ledger, &fault));
	ck_assert(!appended[1].repeated && appended[2].repeated);
	ck_assert_uint_eq(appended[2].first_index, appended[0].first_index);
	for (int i = 0; i < 3; i++)
		prepared_free(prepared[i]);
	free((void *)(uintptr_t)first.data);
	free((void *)(uintptr_t)second.data);
	fixture_append(&f, fixture_batch(&f, 4, subjects, 2, 2));
	fixture_remove(&f);
}
END_TEST

/* ---- refusals of prepare_batch, and that the sender goes on afterwards ---- */

static void change_event(struct bytes body, uint32_t event, void (*change)(struct batch_event *event))
{
	struct batch_event wire;
	struct reader r = reader_of(body);
	reader_bytes(&r, BATCH_HEAD_BYTES + 32);
	for (uint32_t i = 0; i <= event; i++)
		batch_event_decode(&r, &wire);
	ck_ok(r.error);
	change(&wire);
}

static void flip_commitment(struct batch_event *event)
{
	/* `commitment` is a copy: it stands 32 bytes before the header's length. */
	((uint8_t *)(uintptr_t)event->header.data)[-3] ^= 1;
}

static void flip_disclosed(struct batch_event *event)
{
	((uint8_t *)(uintptr_t)event->disclosed.data)[event->disclosed.len - 1] ^= 1;
}

static void expect_refusal(struct bytes body, enum error wanted, uint32_t event)
{
	struct fault fault;
	struct appended appended;
	ck_error(fixture_take(&f, body, &appended, &fault), wanted);
	ck_assert_uint_eq(fault.event, event);
	ck_assert_int_ne(fault.text[0], '\0');
	free((void *)(uintptr_t)body.data);
}

START_TEST(refusals_leave_nothing_behind)
{
	uint32_t subjects[] = {1, 2, 3};
	fixture_make(&f);
	struct bytes body = fixture_batch(&f, 0, subjects, 3, 1);
	change_event(body, 1, flip_commitment);
	expect_refusal(body, E_BAD_SIGNATURE, FAULT_NO_EVENT);
	body = fixture_batch(&f, 0, subjects, 3, 1);
	change_event(body, 1, flip_commitment);
	fixture_sign_again(&f, body);
	expect_refusal(body, E_COMMITMENT, 1);
	body = fixture_batch(&f, 0, subjects, 3, 1);
	change_event(body, 2, flip_disclosed);
	expect_refusal(body, E_COMMITMENT, 2);
	body = fixture_batch(&f, 0, subjects, 0, 1);
	expect_refusal(body, E_EMPTY_BATCH, FAULT_NO_EVENT);
	body = fixture_batch(&f, 0, subjects, 3, 1);
	body.len--;
	expect_refusal(body, E_TRUNCATED, 2);

	f.now_s -= 10 * 365 * 86400ull;
	/* EVT-10 */
	expect_refusal(fixture_batch(&f, 0, subjects, 1, 1), E_TIME_AHEAD, 0);
	f.now_s += 10 * 365 * 86400ull;
	f.sender = 2;
	expect_refusal(fixture_batch(&f, 0, subjects, 1, 1), E_UNKNOWN_SENDER, FAULT_NO_EVENT);
	f.sender = 1;
	f.policy.flags = POLICY_WITHHOLD; /* the sender thinks so, its registration does not */
	const char *withheld =
		"{\"subject\":\"cpr:0101700001\",\"time\":\"2026-11-23T08:15:00Z\",\"action\":\"read\",\"outcome\":\"ok\","
		"\"org\":{\"id\":\"cvr:55133018\",\"name\":\"Aarhus Kommune\"},\"system\":\"KSD\",\"activity\":\"Opslag\","
		"\"purpose\":\"x\",\"actor\":{\"kind\":\"human\",\"role\":\"r\"},"
		"\"withheld_until\":\"2027-01-01T00:00:00Z\",\"withheld_basis\":\"RPL 729\"}";
	expect_refusal(fixture_batch_of_json(&f, 0, &withheld, 1), E_POLICY, 0);
	policy_default(&f.policy);

	struct appended appended = fixture_append(&f, fixture_batch(&f, 0, subjects, 3, 1));
	ck_assert(!appended.repeated);
	fixture_remove(&f);
}
END_TEST

/* ---- reading ---- */

static void check_found(struct archive *archive, uint32_t subject, const uint64_t *wanted, size_t count)
{
	struct snapshot *snapshot;
	uint64_t found[2000];
	size_t n;
	ck_ok(snapshot_begin(archive, &snapshot, NULL));
	ck_ok(snapshot_find(snapshot, bytes_text(fixture_subject(subject)), UINT64_MAX, found, 2000, &n));
	ck_assert_uint_eq(n, count);
	for (size_t i = 0; i < n; i++) {
		struct opened opened;
		static struct event event;
		struct fault fault = {0};
		ck_assert_uint_eq(found[i], wanted[count - 1 - i]);
		ck_ok(snapshot_open_record(snapshot, found[i], &opened));
		ck_ok(event_decode(opened.disclosed, opened.restricted, &f.policy, false, &event, &fault));
		ck_assert(bytes_equal(event_subject(&event), bytes_text(fixture_subject(subject))));
		struct bytes entry;
		struct hash leaf;
		struct merkle_proof proof;
		ck_ok(snapshot_entry(snapshot, found[i], &entry));
		merkle_leaf_hash(entry, &leaf);
		const struct checkpoint checkpoint = *snapshot_checkpoint(snapshot);
		ck_ok(snapshot_prove_inclusion(snapshot, found[i], &proof));
		ck_ok(merkle_verify_inclusion(&leaf, found[i], checkpoint.size, proof.hashes, proof.count, &checkpoint.root));
	}
	snapshot_end(snapshot);
}

#define MODEL_SUBJECTS 20

/* Everybody gets exactly their events: in the tail, in postings, across both, and after restarts. */
/* STO-13 */
START_TEST(everybody_finds_their_events)
{
	static uint64_t model[MODEL_SUBJECTS][2000];
	size_t counts[MODEL_SUBJECTS] = {0};
	uint32_t subjects[64];
	uint64_t next = 0;
	fixture_make(&f);
	for (uint32_t round = 0; round < 24; round++) {
		uint32_t count = 1 + randombytes_uniform(64);
		for (uint32_t i = 0; i < count; i++)
			subjects[i] = randombytes_uniform(MODEL_SUBJECTS - 1);
		struct appended appended = fixture_append(&f, fixture_batch(&f, next, subjects, count, round));
		for (uint32_t i = 0; i < count; i++)
			model[subjects[i]][counts[subjects[i]]++] = appended.first_index + i;
		next += count;
		if (round % 5 == 2)
			fixture_epoch(&f);
		if (round % 7 == 3) { /* an epoch that is interrupted after some slices is simply done again later */
			bool started;
			bool finished;
			ck_ok(ledger_epoch_start(f.ledger, &started, NULL));
			for (int slice = 0; started && slice < 2; slice++)
				ck_ok(ledger_epoch_slice(f.ledger, &finished, NULL));
		}
		if (round % 6 != 5)
			continue;
		struct archive *archive;
		fixture_close(&f);
		ck_ok(archive_open(f.dir, true, &archive, NULL));
		for (uint32_t s = 0; s < MODEL_SUBJECTS; s++)
			check_found(archive, s, model[s], counts[s]);
		archive_close(archive);
		fixture_open(&f);
	}
	ck_assert_uint_eq(counts[MODEL_SUBJECTS - 1], 0);
	fixture_remove(&f);
}
END_TEST

START_TEST(mass_events_are_about_nobody)
{
	fixture_make(&f);
	struct appended appended = fixture_append(&f, fixture_batch(&f, 0, NULL, 2, 1));
	fixture_close(&f);
	struct archive *archive;
	struct snapshot *snapshot;
	struct opened opened;
	static struct event event;
	ck_ok(archive_open(f.dir, true, &archive, NULL));
	ck_ok(snapshot_begin(archive, &snapshot, NULL));
	ck_ok(snapshot_open_record(snapshot, appended.first_index, &opened));
	ck_assert(opened.entry.mass);
	ck_ok(event_decode(opened.disclosed, opened.restricted, &f.policy, false, &event, NULL));
	ck_assert(event_is_mass(&event));
	ck_error(snapshot_open_record(snapshot, appended.first_index + 2, &opened), E_NOT_FOUND);
	snapshot_end(snapshot);
	archive_close(archive);
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

/* ---- opening ---- */

static void copy_dir(const char *from, const char *to)
{
	char command[512];
	snprintf(command, sizeof command, "rm -rf %s/%s && cp -a %s/%s %s/%s", f.dir, to, f.dir, from, f.dir, to);
	ck_assert_int_eq(system(command), 0);
}

/* STO-6, STO-7 */
START_TEST(older_store_is_refused)
{
	uint32_t subjects[] = {1};
	struct fault fault;
	struct ledger *ledger;
	fixture_make(&f);
	fixture_append(&f, fixture_batch(&f, 0, subjects, 1, 1));
	fixture_close(&f);
	copy_dir("store", "older");
	fixture_open(&f);
	fixture_append(&f, fixture_batch(&f, 1, subjects, 1, 1));
	fixture_close(&f);
	copy_dir("store", "newer");
	copy_dir("older", "store");
	ck_error(ledger_open(f.dir, NULL, &ledger, &fault), E_GUARD);
	ck_assert_ptr_nonnull(strstr(fault.text, "older"));
	copy_dir("newer", "store");

	/* The guard of another size, of nobody, and none at all. */
	char guard[128];
	snprintf(guard, sizeof guard, "%s/guard", f.dir);
	ck_assert_int_eq(truncate(guard, 40), 0);
	ck_error(ledger_open(f.dir, NULL, &ledger, &fault), E_GUARD);
	ck_assert_int_eq(unlink(guard), 0);
	ck_error(ledger_open(f.dir, NULL, &ledger, &fault), E_GUARD);
	place_remove(&f.place);
}
END_TEST

/* STO-8 */
START_TEST(receipts_reveal_a_rolled_back_store)
{
	uint32_t subjects[] = {1};
	struct checkpoint checkpoint;
	struct bytes note;
	uint8_t kept[NOTE_BYTES_MAX];
	uint64_t size;
	fixture_make(&f);
	fixture_close(&f);
	copy_dir(".", "../older");
	fixture_open(&f);
	fixture_append(&f, fixture_batch(&f, 0, subjects, 1, 1));
	ledger_checkpoint(f.ledger, &checkpoint, &note);
	ck_ok(ledger_extends(f.ledger, note, &size));
	ck_assert_uint_eq(size, checkpoint.size);
	memcpy(kept, note.data, note.len);
	struct bytes receipt_note = bytes_of(kept, note.len);
	fixture_close(&f);
	snprintf(f.dir, sizeof f.dir, "%s/older", f.place.path); /* guard and store rolled back together */
	fixture_open(&f);
	ck_error(ledger_extends(f.ledger, receipt_note, &size), E_ROLLED_BACK);
	fixture_append(&f, fixture_batch(&f, 0, subjects, 1, 2)); /* the same size again, another history */
	ck_error(ledger_extends(f.ledger, receipt_note, &size), E_ROLLED_BACK);
	kept[5] ^= 1;
	ck_error(ledger_extends(f.ledger, receipt_note, &size), E_BAD_CHECKPOINT);
	fixture_remove(&f);
}
END_TEST

/* Another process' snapshot of before the newest commit keeps pages; a dead one is cleared away. */
START_TEST(old_snapshots_are_told_of)
{
	struct ledger_held held;
	struct fault fault;
	uint32_t subject = 1;
	int ready[2];
	char byte;
	fixture_make(&f);
	ck_ok(ledger_look_after(f.ledger, &held, &fault));
	ck_assert_int_eq(held.pid, 0);
	ck_assert_int_eq(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		struct archive *archive = NULL;
		struct snapshot *snapshot = NULL;
		if (archive_open(f.dir, true, &archive, NULL) != E_OK || snapshot_begin(archive, &snapshot, NULL) != E_OK ||
			write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	for (uint64_t i = 0; i < 3; i++)
		fixture_append(&f, fixture_batch(&f, i, &subject, 1, (uint32_t)i));
	f.ledger->looked_ms = 0;
	ck_ok(ledger_look_after(f.ledger, &held, &fault));
	ck_assert_int_eq(held.pid, child);
	f.ledger->held[0].since_ms -= 400000;
	ck_ok(ledger_look_after(f.ledger, &held, &fault));
	ck_assert_uint_ge(held.age_s, 400);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	f.ledger->looked_ms = 0;
	ck_ok(ledger_look_after(f.ledger, &held, &fault));
	ck_assert_int_eq(held.pid, 0);
	fixture_remove(&f);
}
END_TEST

/* Who removes lock.mdb of a running ledger ends it, with a word; nothing more is signed. */
START_TEST(replaced_files_end_it)
{
	static const char *const names[] = {"store", "keys/env"};
	for (size_t i = 0; i < 2; i++) {
		struct ledger_held held;
		struct fault fault;
		char file[160];
		fixture_make(&f);
		snprintf(file, sizeof file, "%s/%s/lock.mdb", f.dir, names[i]);
		ck_assert_int_eq(unlink(file), 0);
		ck_error(ledger_look_after(f.ledger, &held, &fault), E_REPLACED);
		ck_assert_msg(strstr(fault.text, names[i]) != NULL, "%s", fault.text);
		fixture_close(&f);
		fixture_open(&f); /* the next start makes it anew */
		ck_ok(ledger_look_after(f.ledger, &held, &fault));
		fixture_remove(&f);
	}
}
END_TEST

/* A guard that lags is still a guard: whatever keeps it from being written (here a directory in its way, as too many
 * open files would) is told, and borne for a while, but not for ever. */
START_TEST(a_late_guard_is_still_a_guard)
{
	struct fault fault;
	uint32_t subject = 1;
	char way[160];
	fixture_make(&f);
	snprintf(way, sizeof way, "%s/guard.%d.tmp", f.dir, (int)getpid());
	ck_assert_int_eq(mkdir(way, 0700), 0);
	f.ledger->guard_time_ms = 0;
	fixture_append(&f, fixture_batch(&f, 0, &subject, 1, 1));
	ck_assert(!ledger_guard_lags(f.ledger));
	ck_assert_uint_ne(f.ledger->guard_late_ms, 0);
	f.ledger->guard_late_ms -= 10000;
	f.ledger->guard_time_ms = 0;
	ck_ok(ledger_idle(f.ledger, &fault));
	ck_assert(ledger_guard_lags(f.ledger));
	fixture_close(&f);
	fixture_open(&f);
	f.ledger->guard_late_ms -= 100000;
	f.ledger->guard_time_ms = 0;
	ck_error(ledger_idle(f.ledger, &fault), E_IO);
	ck_assert_msg(strstr(fault.text, "Is a directory") != NULL, "%s", fault.text);
	ck_assert_int_eq(rmdir(way), 0);
	f.ledger->guard_time_ms = 0;
	ck_ok(ledger_idle(f.ledger, &fault));
	ck_assert_uint_eq(f.ledger->guard_late_ms, 0);
	fixture_remove(&f);
}
END_TEST

/* "Cannot be locked" is another thing than "another has it". */
START_TEST(a_lock_that_fails_is_no_lock_that_is_held)
{
	struct fault fault;
	int fd = open("/tmp", O_PATH | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_error(lock_dir(fd, E_LOCKED, "", " has it", &fault), E_IO);
	ck_assert_msg(strstr(fault.text, "Bad file descriptor") != NULL, "%s", fault.text);
	close(fd);
}
END_TEST

/* STO-1, STO-2 */
START_TEST(one_process_and_one_ledger)
{
	struct ledger *second;
	struct fault fault;
	fixture_make(&f);
	ck_error(ledger_open(f.dir, NULL, &second, &fault), E_LOCKED);
	remove_left_over(f.dir, "vkey guard");
	ck_error(ledger_open(f.dir, NULL, &second, &fault), E_LOCKED);
	char holder[64];
	snprintf(holder, sizeof holder, "process %d (", (int)getpid());
	ck_assert_msg(strstr(fault.text, holder) != NULL, "%s", fault.text);
	ck_error(ledger_create(f.dir, "other.example", &fault), E_EXISTS);
	ck_error(ledger_create("/tmp/x", "has space", &fault), E_BAD_VALUE);
	char key[128];
	snprintf(key, sizeof key, "%s/keys/master", f.dir);
	fixture_close(&f);
	ck_assert_int_eq(chmod(key, 0644), 0);
	ck_error(ledger_open(f.dir, NULL, &second, &fault), E_PERMISSION);
	ck_assert_int_eq(chmod(key, 0600), 0);
	static const char *const others[] = {"keys", "keys/env", "keys/env/data.mdb"};
	for (size_t i = 0; i < 3; i++) {
		struct archive *archive = NULL;
		struct stat info;
		snprintf(key, sizeof key, "%s/%s", f.dir, others[i]);
		ck_assert_int_eq(stat(key, &info), 0);
		ck_assert_int_eq(chmod(key, (info.st_mode & 07777) | (i == 1 ? 020 : 004)), 0);
		ck_error(ledger_open(f.dir, NULL, &second, &fault), E_PERMISSION);
		ck_assert_msg(
			strstr(fault.text, others[i]) != NULL && strstr(fault.text, "set its mode to") != NULL, "%s", fault.text);
		ck_error(archive_open(f.dir, true, &archive, &fault), E_PERMISSION);
		ck_assert_int_eq(chmod(key, info.st_mode & 07777), 0);
	}
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

/* STO-4: state and checkpoint that do not fit are refused, whichever was changed. */
START_TEST(checkpoint_must_fit_the_state)
{
	uint32_t subjects[] = {1};
	char path[128];
	struct db_env *store;
	struct db_txn txn;
	struct store_state state;
	struct ledger *ledger;
	struct fault fault;
	fixture_make(&f);
	fixture_append(&f, fixture_batch(&f, 0, subjects, 1, 1));
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/store", f.dir);
	ck_ok(store_open(path, false, &store, NULL));
	ck_ok(db_begin(store, true, &txn));
	ck_ok(store_state_get(&txn, &state));
	state.frontier.hashes[0].b[7] ^= 1;
	store_state_put(&txn, &state);
	ck_ok(db_commit(&txn));
	db_close(store);
	ck_error(ledger_open(f.dir, NULL, &ledger, &fault), E_CORRUPT);
	place_remove(&f.place);
}
END_TEST

/* STO-5 */
START_TEST(ledger_time_never_runs_backwards)
{
	uint32_t subjects[] = {1};
	fixture_make(&f);
	fixture_append(&f, fixture_batch(&f, 0, subjects, 1, 1));
	uint64_t before = ledger_time_s(f.ledger);
	f.now_s -= 3;
	fixture_append(&f, fixture_batch(&f, 1, subjects, 1, 1));
	ck_assert_uint_eq(ledger_time_s(f.ledger), before);
	f.now_s += 8;
	fixture_append(&f, fixture_batch(&f, 2, subjects, 1, 1));
	ck_assert_uint_eq(ledger_time_s(f.ledger), f.now_s);
	fixture_remove(&f);
}
END_TEST

static uint64_t newest_epoch_time(void)
{
	struct archive *archive;
	struct snapshot *snapshot;
	struct epoch_place place;
	fixture_close(&f);
	ck_ok(archive_open(f.dir, true, &archive, NULL));
	ck_ok(snapshot_begin(archive, &snapshot, NULL));
	ck_ok(snapshot_epoch(snapshot, &place));
	snapshot_end(snapshot);
	archive_close(archive);
	fixture_open(&f);
	return place.entry.time_s;
}

/* CLK-6: the clock stands, or is behind a log that was ahead; each epoch names a moment of its own, with a restart
 * between them or without, and also when entries come while the epoch is being made. */
START_TEST(no_moment_twice)
{
	uint32_t subjects[] = {1, 2, 3};
	uint64_t next = 0;
	uint64_t before_s = 0;
	fixture_make(&f);
	for (uint32_t round = 0; round < 4; round++) {
		bool started = false;
		bool finished = false;
		fixture_append(&f, fixture_batch(&f, next, subjects, 3, round));
		uint64_t covered_s = ledger_time_s(f.ledger);
		ck_assert_uint_gt(covered_s, before_s);
		ck_ok(ledger_epoch_start(f.ledger, &started, NULL));
		ck_assert(started);
		fixture_append(&f, fixture_batch(&f, next + 3, subjects, 1, round));
		ck_assert_uint_gt(ledger_time_s(f.ledger), covered_s);
		while (!finished)
			ck_ok(ledger_epoch_slice(f.ledger, &finished, NULL));
		ck_assert_uint_eq(newest_epoch_time(), covered_s);
		before_s = covered_s;
		next += 4;
		if (round == 1)
			f.now_s -= 7200;
	}
	/* Nothing new: no epoch, and no second is spent. */
	fixture_epoch(&f);
	uint64_t last_s = ledger_time_s(f.ledger);
	for (int i = 0; i < 5; i++)
		fixture_epoch(&f);
	fixture_append(&f, fixture_batch(&f, next, subjects, 1, 9));
	ck_assert_uint_eq(ledger_time_s(f.ledger), last_s + 1);
	fixture_remove(&f);
}
END_TEST

/* STO-10: keys travel with the batch that first needs them, are written also when that batch is refused, and are
 * found again after a restart. */
START_TEST(keys_of_refused_batches)
{
	uint32_t subjects[] = {1, 2};
	struct prepared *prepared[2];
	struct appended appended;
	struct fault fault;
	uint64_t found[4];
	size_t count;
	fixture_make(&f);
	struct bytes hole = fixture_batch(&f, 9, subjects, 2, 1);
	struct bytes good = fixture_batch(&f, 0, subjects, 2, 1);
	ck_ok(prepare_batch(f.preparer, 1, hole, f.now_s, &prepared[0], &fault));
	ck_ok(prepare_batch(f.preparer, 1, good, f.now_s, &prepared[1], &fault));
	ck_assert_uint_gt(prepared[0]->new_keys.len, 0);
	ck_assert_uint_eq(prepared[1]->new_keys.len, 0);
	ck_ok(ledger_begin(f.ledger, &fault));
	ck_error(ledger_append(f.ledger, prepared[0], &appended, &fault), E_SEQUENCE_HOLE);
	ck_ok(ledger_append(f.ledger, prepared[1], &appended, &fault));
	ck_ok(ledger_commit(f.ledger, &fault));
	prepared_free(prepared[0]);
	prepared_free(prepared[1]);
	free((void *)(uintptr_t)hole.data);
	free((void *)(uintptr_t)good.data);
	fixture_close(&f);
	struct archive *archive;
	struct snapshot *snapshot;
	struct opened opened;
	ck_ok(archive_open(f.dir, true, &archive, NULL));
	ck_ok(snapshot_begin(archive, &snapshot, NULL));
	ck_ok(snapshot_find(snapshot, bytes_text(fixture_subject(2)), UINT64_MAX, found, 4, &count));
	ck_assert_uint_eq(count, 1);
	ck_ok(snapshot_open_record(snapshot, found[0], &opened));
	snapshot_end(snapshot);
	archive_close(archive);
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

static void make_file(const char *name)
{
	char path[160];
	snprintf(path, sizeof path, "%s/%s", f.dir, name);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static bool is_there(const char *name)
{
	char path[160];
	snprintf(path, sizeof path, "%s/%s", f.dir, name);
	return access(path, F_OK) == 0;
}

/* A guard that was being written when its process was killed; what only looks like one stays. */
START_TEST(temporary_files_are_cleared)
{
	static const char *const left[] = {"guard.1.tmp", "guard.4194304.tmp"};
	static const char *const others[] = {"guard.tmp", "guard.1.tmp.bak", "guard.x.tmp", "guards.1.tmp", "vkey.1.tmp"};
	fixture_make(&f);
	fixture_close(&f);
	for (size_t i = 0; i < 2; i++)
		make_file(left[i]);
	for (size_t i = 0; i < 5; i++)
		make_file(others[i]);
	fixture_open(&f);
	for (size_t i = 0; i < 2; i++)
		ck_assert_msg(!is_there(left[i]), "%s", left[i]);
	for (size_t i = 0; i < 5; i++)
		ck_assert_msg(is_there(others[i]), "%s", others[i]);
	fixture_remove(&f);
}
END_TEST

/* STO-34 */
START_TEST(unfinished_is_no_ledger)
{
	struct fault fault;
	struct ledger *ledger;
	struct archive *archive;
	struct vkey before = {0};
	fixture_make(&f);
	fixture_close(&f);
	before = f.vkey;
	make_file("init-unfinished");
	make_file("somebody-elses");
	ck_error(ledger_open(f.dir, NULL, &ledger, &fault), E_NOT_FOUND);
	ck_assert_msg(strstr(fault.text, "run it again") != NULL, "%s", fault.text);
	ck_error(archive_open(f.dir, true, &archive, &fault), E_NOT_FOUND);
	ck_ok(ledger_create(f.dir, FIXTURE_ORIGIN, &fault));
	ck_ok(place_read_vkey(f.dir, &f.vkey, &fault));
	ck_assert_mem_ne(before.public_key, f.vkey.public_key, 32);
	ck_assert(is_there("somebody-elses"));
	ck_assert(!is_there("init-unfinished"));
	ck_error(ledger_create(f.dir, FIXTURE_ORIGIN, &fault), E_EXISTS);
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

static enum error open_and_close(void)
{
	struct fault fault = {.text = ""};
	struct ledger *ledger = NULL;
	enum error error = ledger_open(f.dir, NULL, &ledger, &fault);
	ck_assert_msg(error == E_OK || error == E_IO, "%s: %s", error_name(error), fault.text);
	ledger_close(ledger);
	return error;
}

static enum error look_through(void)
{
	struct fault fault = {.text = ""};
	struct audit_result result = {.ok = false};
	const struct audit_options options = {.records = true};
	enum error error = audit_directory(f.dir, &f.vkey, &options, &result, &fault);
	ck_assert_msg(error == E_OK ? result.ok : error == E_IO, "%s: %s %s", error_name(error), fault.text, result.reason);
	return error;
}

/* Whatever the disk does not give when it is asked says nothing of the ledger: neither damage nor another store. */
START_TEST(unread_is_no_judgement)
{
	enum error (*const looks[])(void) = {open_and_close, look_through};
	uint32_t subjects[] = {1};
	fixture_make(&f);
	fixture_append(&f, fixture_batch(&f, 0, subjects, 1, 1));
	fixture_epoch(&f);
	fixture_close(&f);
	for (size_t i = 0; i < 2; i++) {
		unsigned at = 0;
		do {
			read_fails = ++at;
			enum error error = looks[i]();
			ck_assert_msg(error == (read_fails == 0 ? E_IO : E_OK), "look %zu, read %u", i, at);
		} while (read_fails == 0);
		ck_assert_uint_gt(at, 5);
		read_fails = 0;
	}
	fixture_open(&f);
	fixture_remove(&f);
}
END_TEST

UNIT_MAIN("ledger", unread_is_no_judgement, temporary_files_are_cleared, unfinished_is_no_ledger,
	checkpoint_must_fit_the_state, ledger_time_never_runs_backwards, no_moment_twice, keys_of_refused_batches,
	append_and_receipts, sequences_have_no_hole, repeat_within_a_tick, refusals_leave_nothing_behind,
	everybody_finds_their_events, mass_events_are_about_nobody, older_store_is_refused,
	receipts_reveal_a_rolled_back_store, one_process_and_one_ledger, old_snapshots_are_told_of,
	a_late_guard_is_still_a_guard, replaced_files_end_it, a_lock_that_fails_is_no_lock_that_is_held)
