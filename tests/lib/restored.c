#include "tests/lib/restored.h"

#include "tests/lib/both_ways.h"

#include "ledger/base/error.h"
#include "ledger/store/log.h"

bool kept_bears_late;

static enum error kept_bundle(void *snapshot, uint64_t number, struct bytes *out)
{
	return log_bundle(snapshot_store(snapshot), number, out);
}

void kept_log_take(const struct fixture *fixture, struct kept_log *out)
{
	struct fault fault = {.text = ""};
	struct archive *archive;
	struct snapshot *snapshot;
	struct log_finding finding;
	ck_ok(archive_open(fixture->dir, false, &archive, &fault));
	ck_ok(snapshot_begin(archive, &snapshot, &fault));
	const struct checkpoint checkpoint = *snapshot_checkpoint(snapshot);
	struct bytes note = snapshot_note(snapshot);
	*out = (struct kept_log){.size = checkpoint.size, .note_len = note.len};
	memcpy(out->note, note.data, note.len);
	out->entries = calloc(checkpoint.size, sizeof *out->entries);
	log_rules_init(&out->rules, &fixture->vkey);
	out->rules.state.bears_late = kept_bears_late;
	out->rules.state.bundles = (struct log_bundles){kept_bundle, snapshot};
	for (uint64_t i = 0; i < out->size; i++) {
		struct bytes encoded;
		struct entry entry;
		ck_ok(snapshot_entry(snapshot, i, &encoded));
		uint8_t *copy = malloc(encoded.len);
		memcpy(copy, encoded.data, encoded.len);
		out->entries[i] = bytes_of(copy, encoded.len);
		ck_ok(entry_decode(out->entries[i], &entry));
		ck_assert_msg(log_rules_entry(&out->rules, &entry, &finding) == E_OK, "%lu: %s", i, finding.text);
	}
	ck_ok(log_rules_end(&out->rules, &finding));
	out->rules.state.bundles = (struct log_bundles){.read = NULL};
	snapshot_end(snapshot);
	archive_close(archive);
}

void kept_log_free(struct kept_log *log)
{
	for (uint64_t i = 0; i < log->size; i++)
		free((void *)(uintptr_t)log->entries[i].data);
	free(log->entries);
	log_rules_free(&log->rules);
}

void copy_store(const struct fixture *fixture, const char *name, bool back)
{
	char command[512];
	snprintf(command, sizeof command,
		back ? "rm -rf %1$s/store && cp -a %2$s/%3$s %1$s/store" : "cp -a %1$s/store %2$s/%3$s", fixture->dir,
		fixture->place.path, name);
	ck_assert_msg(system(command) == 0, "%s", command);
}

enum error try_restore(const struct fixture *fixture, const struct kept_log *log, struct fault *fault)
{
	struct restore *restore;
	TRY(restore_open(fixture->dir, &restore, fault));
	enum error error = E_OK;
	while (error == E_OK && restore_size(restore) < log->size)
		error = restore_entry(restore, log->entries[restore_size(restore)], fault);
	if (error == E_OK)
		error = restore_commit(restore, &log->rules, bytes_of(log->note, log->note_len), fault);
	restore_close(restore);
	return error;
}

void restore_all(const struct fixture *fixture, const struct kept_log *log)
{
	struct fault fault = {.text = ""};
	enum error error = try_restore(fixture, log, &fault);
	ck_assert_msg(error == E_OK, "%s: %s", error_name(error), fault.text);
}

struct audit_result full_audit(const struct fixture *fixture)
{
	const struct audit_options options = {.records = true, .labels = true};
	struct audit_result result;
	struct fault fault = {.text = ""};
	enum error error = audit_both_ways(fixture->dir, &fixture->vkey, &options, &result, &fault);
	ck_assert_msg(error == E_OK, "%s: %s", error_name(error), fault.text);
	return result;
}
