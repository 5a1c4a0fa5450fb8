/* An old store, the public part of what it lacks, and a ledger that goes on from there: one history, and it says what
 * is lost. */
#include "ledger/base/file.h"
#include "ledger/write/ledger_state.h"
#include "tests/lib/both_ways.h"
#include "tests/lib/fixture.h"
#include "tests/lib/restored.h"

#include <fcntl.h>
#include <unistd.h>

#define ME 7

static struct fixture f;
static uint64_t next_sequence;

static struct bytes last_batch; /* the body of the newest one, to be sent again */

/* Batches of four events, of which two are about ME. */
static void append(unsigned batches)
{
	for (unsigned i = 0; i < batches; i++) {
		const uint32_t subjects[] = {ME, (uint32_t)next_sequence + 100, ME, 3};
		struct appended appended;
		struct fault fault = {.text = ""};
		free((void *)(uintptr_t)last_batch.data);
		last_batch = fixture_batch(&f, next_sequence, subjects, 4, (uint32_t)next_sequence);
		ck_ok(fixture_take(&f, last_batch, &appended, &fault));
		ck_assert(!appended.repeated);
		next_sequence += 4;
	}
}

static void append_mass(void)
{
	fixture_append(&f, fixture_batch(&f, next_sequence, NULL, 3, 0));
	next_sequence += 3;
}

static void begin(void)
{
	next_sequence = 0;
	fixture_make(&f);
}

static void end(void)
{
	free((void *)(uintptr_t)last_batch.data);
	last_batch = BYTES_EMPTY;
	fixture_remove(&f);
}

static void keep(const char *name)
{
	fixture_close(&f);
	copy_store(&f, name, false);
	fixture_open(&f);
}

/* The store of that name, with what the log has more put back from elsewhere. */
static void go_back_and_restore(const char *name, struct kept_log *log)
{
	fixture_close(&f);
	kept_log_take(&f, log);
	copy_store(&f, name, true);
	restore_all(&f, log);
}

static void go_on(const struct kept_log *log)
{
	uint64_t size;
	fixture_open(&f);
	ck_ok(ledger_extends(f.ledger, bytes_of(log->note, log->note_len), &size));
	ck_assert_uint_eq(size, log->size);
}

static void assert_holds(uint64_t lost, bool unverifiable)
{
	struct audit_result result = full_audit(&f);
	ck_assert_msg(result.ok, "index %lu: %s", result.index, result.reason);
	ck_assert_uint_eq(result.lost, lost);
	ck_assert_uint_eq(result.unverifiable > 0, unverifiable);
}

/* How many events are found for ME. */
static size_t found(void)
{
	struct archive *archive;
	struct snapshot *snapshot;
	struct fault fault = {.text = ""};
	uint64_t indexes[256];
	size_t count;
	ck_ok(archive_open(f.dir, true, &archive, &fault));
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
	ck_ok(snapshot_find(snapshot, bytes_text(fixture_subject(ME)), UINT64_MAX, indexes, 256, &count));
	for (size_t i = 0; i < count; i++) {
		struct opened opened;
		ck_ok(snapshot_open_record(snapshot, indexes[i], &opened));
	}
	snapshot_end(snapshot);
	archive_close(archive);
	return count;
}

static struct entry entry_at(uint64_t index)
{
	struct archive *archive;
	struct snapshot *snapshot;
	struct fault fault = {.text = ""};
	struct bytes encoded;
	struct entry entry;
	ck_ok(archive_open(f.dir, false, &archive, &fault));
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
	ck_ok(snapshot_entry(snapshot, index, &encoded));
	ck_ok(entry_decode(encoded, &entry));
	snapshot_end(snapshot);
	archive_close(archive);
	return entry;
}

/* REC-3, REC-4: what the log has signed is there again, the events' contents are not, and the log says so before it
 * says anything else. */
START_TEST(lost_events_are_said_to_be)
{
	struct kept_log log;
	struct appended again;
	struct fault fault = {.text = ""};
	begin();
	append(3);
	fixture_epoch(&f);
	append(1); /* in the old store, and filed by no epoch of it */
	keep("old");
	append(2);
	append_mass();
	fixture_epoch(&f);
	append(1);
	fixture_epoch(&f);
	go_back_and_restore("old", &log);
	assert_holds(0, true); /* the loss entry is due, and the audit knows it */
	ck_assert_uint_eq(found(), 8);

	go_on(&log);
	/* LOSS-7: whoever has no receipt may have the only copy: it is told so, and keeps it. */
	ck_error(fixture_take(&f, last_batch, &again, &fault), E_LOST);
	fixture_close(&f);
	struct entry loss = entry_at(log.size);
	ck_assert_int_eq(loss.kind, ENTRY_LOSS);
	ck_assert_uint_eq(loss.loss.events, 12);
	assert_holds(12, true);
	fixture_open(&f);
	append(2);
	fixture_epoch(&f);
	append(1);
	fixture_close(&f);
	assert_holds(12, true);
	ck_assert_uint_eq(found(), 8 + 6);
	kept_log_free(&log);
	end();
}
END_TEST

/* Filing from nothing gives the roots of the epoch after the loss again. */
START_TEST(what_is_filed_again_is_the_same)
{
	struct kept_log log;
	struct fault fault = {.text = ""};
	begin();
	append(2);
	fixture_epoch(&f);
	keep("old");
	append(2);
	fixture_epoch(&f);
	go_back_and_restore("old", &log);
	go_on(&log);
	append(1);
	fixture_epoch(&f);
	ck_ok(ledger_forget_filing(f.ledger, &fault));
	fixture_epoch(&f);
	append(1);
	fixture_epoch(&f);
	fixture_close(&f);
	assert_holds(8, true);
	kept_log_free(&log);
	end();
}
END_TEST

/* Epochs and senders alone are had again in full. */
START_TEST(epochs_and_senders_come_back_whole)
{
	struct kept_log log;
	begin();
	append(2);
	fixture_epoch(&f);
	append(2);
	keep("old");
	fixture_epoch(&f);
	go_back_and_restore("old", &log);
	go_on(&log);
	fixture_epoch(&f); /* files again what the epoch that was put back covers, without an entry of its own */
	fixture_close(&f);
	assert_holds(0, false);
	ck_assert_uint_eq(full_audit(&f).entries, log.size);
	fixture_open(&f);
	append(1);
	fixture_epoch(&f);
	fixture_close(&f);
	ck_assert_int_ne(entry_at(log.size).kind, ENTRY_LOSS);
	assert_holds(0, false);
	ck_assert_uint_eq(found(), 10);
	kept_log_free(&log);
	end();
}
END_TEST

static void change_sender(enum sender_action action, uint32_t id)
{
	struct fault fault = {.text = ""};
	struct entry_sender entry = {.action = action,
		.sender = id,
		.follows = fixture_follows(&f, action, id),
		.change = fixture_change(&f, action, id),
		.policy = f.policy};
	strcpy(entry.org, "cvr:55133018");
	strcpy(entry.name, "Aarhus Kommune");
	memcpy(entry.public_key, f.public_key, 32);
	ck_ok(ledger_begin(f.ledger, &fault));
	enum error error = ledger_append_sender(f.ledger, &entry, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	ck_ok(ledger_commit(f.ledger, &fault));
}

/* Registrations and what was changed in them come back, also of senders that the old store has never heard of. */
START_TEST(changed_senders_come_back)
{
	struct kept_log log;
	struct sender sender;
	begin();
	append(2);
	keep("old");
	change_sender(SENDER_POLICY, 1);
	append(1);
	change_sender(SENDER_REGISTER, 7);
	change_sender(SENDER_REVOKE, 7);
	change_sender(SENDER_REGISTER, 8);
	uint64_t version = 0;
	ck_ok(ledger_sender(f.ledger, 1, &sender));
	version = sender.version;
	go_back_and_restore("old", &log);
	assert_holds(0, false);
	go_on(&log);
	ck_ok(ledger_sender(f.ledger, 1, &sender));
	ck_assert_uint_eq(sender.version, version);
	ck_assert_uint_eq(sender.next_sequence, next_sequence);
	ck_ok(ledger_sender(f.ledger, 7, &sender));
	ck_assert_int_eq(sender.status, SENDER_REVOKED);
	ck_assert_uint_eq(ledger_next_sender(f.ledger), 2); /* the smallest that nobody has */
	append(1);
	fixture_epoch(&f);
	fixture_close(&f);
	assert_holds(4, false);
	kept_log_free(&log);
	end();
}
END_TEST

/* Mass events are filed under nobody: their loss is said, and hides no epoch. */
START_TEST(lost_mass_events_hide_no_epoch)
{
	struct kept_log log;
	begin();
	append(2);
	keep("old");
	append_mass();
	fixture_epoch(&f);
	go_back_and_restore("old", &log);
	go_on(&log);
	append(1);
	fixture_epoch(&f);
	fixture_epoch(&f);
	fixture_close(&f);
	ck_assert_int_eq(entry_at(log.size).kind, ENTRY_LOSS);
	assert_holds(0, false);
	kept_log_free(&log);
	end();
}
END_TEST

/* Two losses, one after the other; restored in two steps, before the first was said. */
START_TEST(a_second_loss_is_said_too)
{
	struct kept_log first, second, third;
	begin();
	append(1);
	keep("old");
	append(1);
	fixture_close(&f);
	kept_log_take(&f, &first);
	fixture_open(&f);
	append(2);
	fixture_epoch(&f);
	fixture_close(&f);
	kept_log_take(&f, &second);
	copy_store(&f, "old", true);
	restore_all(&f, &first);
	restore_all(&f, &second);
	restore_all(&f, &second); /* nothing more */
	assert_holds(0, true);
	go_on(&second);
	append(1);
	fixture_epoch(&f);
	keep("middle");
	append(1);
	go_back_and_restore("middle", &third);
	go_on(&third);
	append(1);
	fixture_epoch(&f);
	fixture_close(&f);
	struct audit_result result = full_audit(&f);
	ck_assert_msg(result.ok, "index %lu: %s", result.index, result.reason);
	ck_assert_uint_eq(result.lost, 12 + 4);
	ck_assert_uint_eq(found(), 2 + 2 + 2);
	kept_log_free(&first);
	kept_log_free(&second);
	kept_log_free(&third);
	end();
}
END_TEST

/* A store from between a backup and the loss that this backup led to: the log has declared lost what it holds. And one
 * from before all that: one loss takes up the other. */
START_TEST(declared_by_the_log)
{
	for (int earlier = 0; earlier <= 1; earlier++) {
		struct kept_log first, second;
		begin();
		append(1);
		keep("earliest");
		append(1);
		keep("old");
		append(1);
		fixture_epoch(&f);
		keep("between");
		append(2);
		fixture_epoch(&f);
		go_back_and_restore("old", &first);
		go_on(&first);
		append(1);
		fixture_epoch(&f);
		append(1);
		go_back_and_restore(earlier ? "earliest" : "between", &second);
		assert_holds(12, true);
		go_on(&second);
		append(1);
		fixture_epoch(&f);
		fixture_epoch(&f);
		fixture_close(&f);
		struct audit_result result = full_audit(&f);
		ck_assert_msg(result.ok, "%d: index %lu: %s", earlier, result.index, result.reason);
		ck_assert_uint_eq(result.lost, earlier ? 24 : 12 + 8);
		ck_assert_uint_eq(found(), earlier ? 4 : 6);
		kept_log_free(&first);
		kept_log_free(&second);
		end();
	}
}
END_TEST

/* No store at all: everything public comes back, from the genesis entry on. */
START_TEST(no_store_at_all_comes_back)
{
	struct kept_log log;
	char path[128];
	begin();
	append(2);
	fixture_epoch(&f);
	append(1);
	fixture_close(&f);
	kept_log_take(&f, &log);
	for (int empty = 0; empty <= 1; empty++) {
		struct restore *restore;
		struct fault fault = {.text = ""};
		snprintf(path, sizeof path, "rm -rf %s/store", f.dir);
		ck_assert_int_eq(system(path), 0);
		if (empty) { /* it was begun before, and not finished */
			ck_ok(restore_open(f.dir, &restore, &fault));
			ck_assert_uint_eq(restore_size(restore), 0);
			restore_close(restore);
		}
		restore_all(&f, &log);
		assert_holds(0, true);
		fixture_open(&f);
		append(1);
		fixture_epoch(&f);
		fixture_close(&f);
		ck_assert_uint_eq(entry_at(log.size).loss.first, 1);
		assert_holds(12, true);
		ck_assert_uint_eq(found(), 2);
		next_sequence -= 4;
		/* The guard is ahead of what is put back next. */
		snprintf(path, sizeof path, "%s/guard", f.dir);
		ck_assert_int_eq(unlink(path), 0);
		int dir_fd = open(f.dir, O_RDONLY | O_DIRECTORY);
		ck_ok(file_write_atomic(dir_fd, "guard", bytes_of(log.note, log.note_len), 0644));
		close(dir_fd);
	}
	kept_log_free(&log);
	end();
}
END_TEST

/* A tail that one epoch cannot file: what it files below the loss gets no epoch entry, because the log has epochs that
 * cover more. */
START_TEST(a_long_tail_is_filed_in_parts)
{
	struct kept_log log;
	struct checkpoint checkpoint;
	struct bytes note;
	begin();
	for (int i = 0; i < 20; i++) {
		append(1);
		f.now_s++; /* an epoch does not end within a second */
	}
	keep("old");
	append(3);
	fixture_epoch(&f);
	ledger_checkpoint(f.ledger, &checkpoint, &note);
	ck_assert_uint_eq(ledger_filed(f.ledger) + 1, checkpoint.size); /* its own entry is the next one's */
	go_back_and_restore("old", &log);
	go_on(&log);
	f.ledger->epoch_events_max = 50;
	fixture_epoch(&f);
	ck_assert_uint_lt(ledger_filed(f.ledger), log.size);
	ledger_checkpoint(f.ledger, &checkpoint, &note);
	ck_assert_uint_eq(checkpoint.size, log.size); /* nothing was appended */
	fixture_epoch(&f);
	ck_assert_uint_eq(ledger_filed(f.ledger), log.size);
	fixture_close(&f);
	assert_holds(12, true);
	ck_assert_uint_eq(found(), 40); /* without the lost ones */
	kept_log_free(&log);
	end();
}
END_TEST

/* Only what the checkpoint is over is committed. */
START_TEST(only_the_checkpoints_entries_are_taken)
{
	struct kept_log log, longer;
	struct restore *restore;
	struct fault fault = {.text = ""};
	begin();
	append(1);
	keep("old");
	append(1);
	fixture_close(&f);
	kept_log_take(&f, &log);
	fixture_open(&f);
	append(1);
	fixture_close(&f);
	kept_log_take(&f, &longer);
	copy_store(&f, "old", true);
	for (int wrong = 0; wrong < 4; wrong++) {
		ck_ok(restore_open(f.dir, &restore, &fault));
		while (restore_size(restore) < log.size - (wrong == 0))
			ck_ok(restore_entry(restore, log.entries[restore_size(restore) - (wrong == 1)], &fault));
		const struct kept_log *noted = wrong == 2 ? &longer : &log;
		ck_error(restore_commit(
					 restore, wrong == 3 ? &longer.rules : &log.rules, bytes_of(noted->note, noted->note_len), &fault),
			E_BAD_CHECKPOINT);
		restore_close(restore);
	}
	ck_ok(restore_open(f.dir, &restore, &fault));
	ck_error(restore_entry(restore, BYTES_LITERAL("\xFF"), &fault), E_BAD_VALUE);
	ck_assert_ptr_nonnull(strstr(fault.text, "index"));
	restore_close(restore);
	ck_error(ledger_open(f.dir, NULL, &f.ledger, &fault), E_GUARD); /* and the store is the old one */
	restore_all(&f, &longer);
	go_on(&longer);
	kept_log_free(&log);
	kept_log_free(&longer);
	end();
}
END_TEST

/* REC-6: a log that was signed with an event filed too late, as by an older version, is put back, and goes on. */
START_TEST(filed_too_late)
{
	struct kept_log log;
	struct fault fault;
	struct audit_result result;
	kept_bears_late = true;
	begin();
	append(1);
	keep("old");
	f.ledger->state.lag.lag_s = UINT64_MAX; /* a writer that does not obey EPO-9 */
	f.now_s += 10;
	append(1);
	f.now_s += 400;
	append(1);
	go_back_and_restore("old", &log);
	ck_assert(log.rules.state.is_late);
	go_on(&log);
	f.now_s += 10;
	fixture_epoch(&f);
	append(1);
	fixture_epoch(&f);
	fixture_close(&f);
	const struct audit_options options = {.records = true};
	ck_ok(audit_both_ways(f.dir, &f.vkey, &options, &result, &fault));
	ck_assert(!result.ok);
	ck_assert_msg(strstr(result.reason, "filed too late") != NULL, "%s", result.reason);
	ck_assert_uint_eq(result.index, log.rules.state.late);
	kept_log_free(&log);
	kept_bears_late = false;
	fixture_open(&f);
	end();
}
END_TEST

UNIT_MAIN("restore", filed_too_late, lost_events_are_said_to_be, what_is_filed_again_is_the_same,
	epochs_and_senders_come_back_whole, changed_senders_come_back, lost_mass_events_hide_no_epoch,
	a_second_loss_is_said_too, declared_by_the_log, no_store_at_all_comes_back, a_long_tail_is_filed_in_parts,
	only_the_checkpoints_entries_are_taken)
