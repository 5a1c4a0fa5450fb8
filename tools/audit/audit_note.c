/* The note is printed before it is put beside the ledger: an auditor who may not write there has it all the same. A key
 * is made only where a name is given for it, so a path alone never makes a second auditor. */
#include "tools/audit/audit_note.h"

#include "ledger/base/file.h"
#include "ledger/note/note_sign.h"
#include "ledger/proof/auditor_note.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

/* On stderr, because the note itself is the result on stdout. Without a vkey the note is worth nothing to anybody, so a
 * new one is shown at once. */
static void print_vkey(const struct signer_key *key)
{
	struct vkey vkey;
	char text[VKEY_TEXT_MAX + 1];
	if (vkey_make(key->name, NOTE_KEY_ED25519, key->public_key, &vkey) != E_OK)
		return;
	vkey_format(&vkey, text);
	fprintf(stderr, "indsigt: a new auditor's key was made; hand out its vkey: %s\n", text);
}

enum error audit_note_key(const char *path, const char *name, struct signer_key *out, struct fault *fault)
{
	enum error error = signer_key_read(path, out, fault);
	if (error != E_NOT_FOUND) {
		if (error == E_OK && name != NULL && strcmp(name, out->name) != 0)
			return fault_set(fault, E_USAGE, "key file '%s' has another name than --auditor gives", path);
		return error;
	}
	if (name == NULL)
		return fault_set(fault, E_USAGE, "key file '%s' is not there; --auditor NAME makes it", path);
	TRY(signer_key_create(path, name, out, fault));
	print_vkey(out);
	return E_OK;
}

/* It names the roots that were computed here, not those that the log claims. */
static enum error make_note(const struct vkey *log, const struct audit_result *result, const struct signer_key *key,
	struct vkey *vkey, struct writer *out)
{
	uint8_t buffer[NOTE_BYTES_MAX];
	struct bytes text;
	struct writer w = writer_of(buffer, sizeof buffer);
	struct auditor_note note = {.size = result->checkpoint_size,
		.epoch_index = result->epoch_index,
		.map_root = result->newest_epoch.map_root,
		.filing_root = result->newest_epoch.filing_root};
	strcpy(note.origin, log->name);
	TRY(vkey_make(key->name, NOTE_KEY_ED25519, key->public_key, vkey));
	TRY(auditor_note_format(&note, &w));
	TRY(writer_done(&w, &text));
	return note_sign(text, vkey, key->secret_key, out);
}

/* Its name is the key's id, so that an auditor's newer note takes the place of the older one. */
static enum error put_note(const char *dir, const struct vkey *vkey, struct bytes note, struct fault *fault)
{
	char path[PATH_BYTES_MAX], name[2 * sizeof vkey->id + 1];
	sodium_bin2hex(name, sizeof name, vkey->id, sizeof vkey->id);
	TRY(fault_set(fault, file_path(dir, "audits", path), ""));
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		return fault_set(fault, E_IO, "%s cannot be made: %m; hand the note over", path);
	OWNED_FD dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return fault_set(fault, E_IO, "%s cannot be opened: %m; hand the note over", path);
	return fault_set(
		fault, file_write_atomic(dir_fd, name, note, 0644), "%s/%s cannot be written; hand the note over", path, name);
}

/* An audit without an epoch has recomputed no filing: a note about it would promise something that nobody looked at. */
enum error audit_note_write(const char *dir, const struct vkey *log, const struct audit_result *result,
	const struct signer_key *key, struct fault *fault)
{
	uint8_t buffer[NOTE_BYTES_MAX];
	struct vkey vkey;
	struct bytes note;
	struct writer w = writer_of(buffer, sizeof buffer);
	if (result->epochs == 0)
		return fault_set(fault, E_NOT_FOUND, "there is no epoch yet that a note could be about; see 'indsigt epoch'");
	TRY(fault_because(
		fault, make_note(log, result, key, &vkey, &w) ?: writer_done(&w, &note), "the note cannot be made"));
	fwrite(note.data, 1, note.len, stdout);
	if (fflush(stdout) != 0)
		return fault_set(fault, E_IO, "the note cannot be printed: %m");
	return put_note(dir, &vkey, note, fault);
}
