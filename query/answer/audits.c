/* What lies in `audits/` was put there by anybody who may write to the directory, so it is only offered: a note counts
 * where the log has its epoch with the same roots, and the reader, who knows the auditor's key, checks the signature.
 * Nothing that is wrong with a file fails an answer: a statement without an auditor's note is a statement. */
#include "query/answer/audits.h"

#include "ledger/base/file.h"
#include "ledger/proof/auditor_note.h"
#include "query/answer/proof.h"

#define AUDITS_MAX 256 /* files that are looked at */

/* The best note so far. */
struct newest {
	bool found;
	uint64_t epoch_index;
	uint8_t note[NOTE_BYTES_MAX];
	size_t note_len;
};

/* An epoch entry with the very roots that the auditor signed. */
static bool fits_log(struct snapshot *snapshot, const struct auditor_note *note)
{
	struct bytes encoded;
	struct entry entry;
	return snapshot_entry(snapshot, note->epoch_index, &encoded) == E_OK && entry_decode(encoded, &entry) == E_OK &&
		   entry.kind == ENTRY_EPOCH && strcmp(note->origin, snapshot_origin(snapshot)) == 0 &&
		   hash_equal(&entry.epoch.map_root, &note->map_root) &&
		   hash_equal(&entry.epoch.filing_root, &note->filing_root);
}

static void consider(struct snapshot *snapshot, struct bytes file, uint64_t epoch_max, struct newest *newest)
{
	struct auditor_note note;
	const uint8_t *end = memmem(file.data, file.len, "\n\n", 2);
	if (end == NULL || auditor_note_parse(bytes_of(file.data, (size_t)(end - file.data) + 1), &note) != E_OK)
		return;
	if (note.epoch_index > epoch_max || (newest->found && note.epoch_index <= newest->epoch_index) ||
		!fits_log(snapshot, &note))
		return;
	newest->found = true;
	newest->epoch_index = note.epoch_index;
	memcpy(newest->note, file.data, file.len);
	newest->note_len = file.len;
}

static void look_through(struct snapshot *snapshot, DIR *dir, uint64_t epoch_max, struct newest *newest)
{
	struct dirent *file;
	for (unsigned seen = 0; seen < AUDITS_MAX && (file = readdir(dir)) != NULL; seen++) {
		OWNED_MEMORY uint8_t *note = NULL;
		size_t len = 0;
		if (file->d_name[0] != '.' && file_read_all(dirfd(dir), file->d_name, NOTE_BYTES_MAX, &note, &len) == E_OK)
			consider(snapshot, bytes_of(note, len), epoch_max, newest);
	}
}

enum error audits_write(struct text *text, const char *name, struct snapshot *snapshot, uint64_t epoch_max)
{
	char path[4096 + sizeof "/audits"];
	OWNED_MEMORY struct newest *newest = calloc(1, sizeof *newest);
	TRY(allocated(newest));
	snprintf(path, sizeof path, "%s/audits", snapshot_dir(snapshot));
	OWNED_DIR *dir = opendir(path);
	if (dir != NULL)
		look_through(snapshot, dir, epoch_max, newest);
	if (!newest->found)
		return E_OK;
	text_object(text, name);
	text_string(text, "note", bytes_of(newest->note, newest->note_len));
	TRY(included_write(text, "epoch", snapshot, newest->epoch_index));
	text_object_end(text);
	return text->error;
}
