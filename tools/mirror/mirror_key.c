/* A mirror's signature says that it has the whole log up to there, verified and on its disk. So the key is used in one
 * place, behind the sync (mirror_follow.h), and only on the very text that the log has signed. It lies in guarded
 * memory, because the process serves strangers.
 *
 * What fails: a key file that is there and cannot be read ends the opening. A mirror that went on without it would stop
 * vouching for what it serves, and nobody would be told. */
#include "tools/mirror/mirror_key.h"

#include "ledger/base/file.h"
#include "ledger/keys/signer_key.h"

#include <sodium.h>
#include <stdio.h>

struct mirror_key {
	struct vkey vkey;
	struct signer_key signer;
};

/* The vkey is made of the key that is on the disk, so that what is handed out can be signed for. */
enum error mirror_key_create(const char *dir, const char *name, struct vkey *out, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	OWNED(signer_key_wipe) struct signer_key signer = {.name = ""};
	TRY(fault_set(fault, file_path(dir, MIRROR_KEY_FILE, path), "the path is too long"));
	TRY(signer_key_create(path, name, &signer, fault));
	enum error error = vkey_make(name, NOTE_KEY_COSIGNATURE, signer.public_key, out);
	return fault_set(fault, error, "%s", error_reason(error));
}

/* No key file is no fault: a mirror need not sign. */
enum error mirror_key_open(const char *dir, struct mirror_key **out, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	TRY(fault_set(fault, file_path(dir, MIRROR_KEY_FILE, path), "the path is too long"));
	struct mirror_key *key = sodium_malloc(sizeof *key);
	TRY(fault_set(fault, allocated(key), ""));
	enum error error = signer_key_read(path, &key->signer, fault)
						   ?: vkey_make(key->signer.name, NOTE_KEY_COSIGNATURE, key->signer.public_key, &key->vkey);
	if (error == E_OK) {
		*out = key;
		return E_OK;
	}
	sodium_free(key);
	*out = NULL;
	return error == E_NOT_FOUND ? E_OK : error;
}

void mirror_key_close(struct mirror_key *key)
{
	sodium_free(key);
}

/* Its own older lines are left out and all others kept: witnesses' lines are worth more the more there are, and two of
 * its own would only differ in time. */
enum error mirror_key_cosign(const struct mirror_key *key, struct bytes note, uint64_t now_s, struct writer *out)
{
	struct note parts;
	struct note_line line;
	if (key == NULL) {
		writer_bytes(out, note);
		return out->error;
	}
	TRY(note_split(note, NOTE_BYTES_MAX, &parts));
	writer_bytes(out, parts.text);
	writer_bytes(out, BYTES_LITERAL("\n"));
	for (const uint8_t *at = parts.lines.data; note_line_next(&parts.lines, &line); at = parts.lines.data)
		if (!note_line_is_of(&line, &key->vkey))
			writer_bytes(out, bytes_of(at, (size_t)(parts.lines.data - at)));
	return cosignature_sign(parts.text, &key->vkey, key->signer.secret_key, now_s, out);
}
