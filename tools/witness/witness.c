/* What a refusal may leave behind: a checkpoint that the log has signed and whose own proof leads to another root for
 * the size that was cosigned before is evidence of a fork, and the first is kept. Whether it could be kept does not
 * change the answer.
 *
 * A line of a known key that does not verify refuses the whole note, though another line is good: nothing that is
 * broken is cosigned or shown to monitors. When it starts, its own cosignature on a file under seen/ is what shows that
 * it wrote this; what cannot be shown so is never taken for "nothing seen yet". */
#include "tools/witness/witness.h"

#include "ledger/base/evidence.h"
#include "ledger/base/file.h"
#include "ledger/base/lock.h"
#include "ledger/keys/keyfile.h"
#include "ledger/proof/fork.h"
#include "ledger/tree/merkle.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#define LOGS_FILE_BYTES_MAX (WITNESS_LOGS_MAX * 1024u)

static const char logs_head[] =
	"# The logs that this witness watches: the vkey of each, one a line. Several keys may have one name.\n";

/* A log: its keys are those of its name. */
struct watched {
	struct checkpoint newest; /* size 0 and the empty root before the first one */
	uint64_t time_s;          /* of the newest cosignature; 0: none yet */
	size_t note_len;
	char note[NOTE_BYTES_MAX];
};

/* Invariant: each name of `keys` has one of `logs`, and what that remembers is on the disk. `key_count` is at least
 * `log_count`. */
struct witness {
	int dir_fd;
	int seen_fd;
	struct vkey vkey;
	uint8_t *secret_key; /* 64 bytes of guarded memory */
	size_t key_count;
	struct vkey keys[WITNESS_LOGS_MAX];
	size_t log_count;
	struct watched *logs[WITNESS_LOGS_MAX];
};

static int open_dir(int at_fd, const char *name)
{
	return openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* ---- answering ---- */

static void answer(struct witness_answer *out, int status, const char *content_type, struct bytes body)
{
	out->status = status;
	out->content_type = content_type;
	out->len = body.len;
	memcpy(out->body, body.data, body.len);
}

void witness_refuse(struct witness_answer *out, int status, const char *why)
{
	answer(out, status, "text/plain; charset=utf-8", bytes_text(why));
}

/* By name alone: several keys may sign for one log while it changes them. */
static struct watched *find_log(const struct witness *witness, struct bytes origin)
{
	for (size_t i = 0; i < witness->log_count; i++)
		if (bytes_equal(origin, bytes_text(witness->logs[i]->newest.origin)))
			return witness->logs[i];
	return NULL;
}

/* At least one line of a key of this log, and none that does not verify. The good lines are written to `kept`, one for
 * each key; all others are ignored. */
static enum error check_signatures(
	const struct witness *witness, const char *origin, const struct note *note, struct writer *kept)
{
	bool good[WITNESS_LOGS_MAX] = {false};
	bool any = false;
	struct bytes rest = note->lines;
	struct note_line line;
	for (const uint8_t *at = rest.data; note_line_next(&rest, &line); at = rest.data) {
		struct note one = {.text = note->text, .lines = bytes_of(at, (size_t)(rest.data - at))};
		for (size_t i = 0; i < witness->key_count; i++) {
			if (strcmp(witness->keys[i].name, origin) != 0 || !note_line_is_of(&line, &witness->keys[i]))
				continue;
			TRY(note_verify_lines(&one, &witness->keys[i]));
			if (!good[i])
				writer_bytes(kept, one.lines);
			good[i] = any = true;
		}
	}
	return any ? kept->error : E_BAD_SIGNATURE;
}

/* Replaces what is remembered, first on disk: `kept` is the note with the log's lines. The time never goes back, though
 * a clock may: a log is told that it was seen, not when it was last seen earlier. */
static enum error cosign(struct witness *witness, struct watched *log, const struct checkpoint *checkpoint,
	struct bytes text, uint64_t now_s, struct writer *kept, struct bytes *line)
{
	size_t before = writer_len(kept);
	struct bytes note;
	char name[2 * HASH_BYTES + 1];
	uint64_t time_s = now_s > log->time_s ? now_s : log->time_s;
	TRY(cosignature_sign(text, &witness->vkey, witness->secret_key, time_s, kept));
	TRY(writer_done(kept, &note));
	witness_origin_hash(bytes_text(checkpoint->origin), name);
	TRY(file_write_atomic(witness->seen_fd, name, note, 0644));
	log->newest = *checkpoint;
	log->time_s = time_s;
	log->note_len = note.len;
	memcpy(log->note, note.data, note.len);
	*line = bytes_of(log->note + before, note.len - before);
	return E_OK;
}

static enum error write_fork(struct witness *witness, const char *origin, const char *text)
{
	char name[2 * HASH_BYTES + sizeof EVIDENCE_NEWEST];
	OWNED_FD folder_fd = evidence_folder(witness->dir_fd);
	witness_origin_hash(bytes_text(origin), name);
	return folder_fd < 0 ? E_IO : evidence_keep(folder_fd, name, sizeof name, bytes_text(text));
}

/* A refused checkpoint that the log has signed may show that the log forked: the first such is kept. What the
 * checkpoint proves of itself is computed from its own proof; only where that is sound does it accuse. */
static enum error keep_fork(struct witness *witness, const struct watched *log, const struct checkpoint *checkpoint,
	struct bytes note, const struct witness_request *request)
{
	struct hash old_root = checkpoint->root, root = checkpoint->root;
	bool equal = checkpoint->size == log->newest.size;
	OWNED_MEMORY char *text = NULL;
	if (!equal && merkle_roots_of_consistency(log->newest.size, checkpoint->size, request->proof, request->proof_count,
					  &old_root, &root) != E_OK)
		return E_OK;
	if (!hash_equal(&root, &checkpoint->root) || hash_equal(&old_root, &log->newest.root) || log->time_s == 0)
		return E_OK;
	TRY(fork_write(
		bytes_of(log->note, log->note_len), note, &old_root, request->proof, equal ? 0 : request->proof_count, &text));
	return write_fork(witness, log->newest.origin, text);
}

/* In the order of the drawing in the header: the first that does not hold is the answer. */
static void answer_known(struct witness *witness, struct watched *log, const struct witness_request *request,
	const struct note *note, uint64_t now_s, struct witness_answer *out)
{
	uint8_t buffer[NOTE_BYTES_MAX];
	struct writer kept = writer_of(buffer, sizeof buffer);
	struct checkpoint checkpoint;
	struct bytes line;
	char size[24];
	writer_bytes(&kept, note->text);
	writer_bytes(&kept, BYTES_LITERAL("\n"));
	out->origin = log->newest.origin;
	if (checkpoint_parse_extended(note->text, &checkpoint) != E_OK) {
		witness_refuse(out, 400, "the checkpoint is malformed\n");
	} else if (check_signatures(witness, checkpoint.origin, note, &kept) != E_OK) {
		witness_refuse(out, 403, "the checkpoint bears no good signature of a key that is trusted for this log\n");
	} else if (request->old_size > checkpoint.size) {
		witness_refuse(out, 400, "the old size is over the checkpoint's\n");
	} else if (request->old_size != log->newest.size) {
		snprintf(size, sizeof size, "%" PRIu64 "\n", log->newest.size);
		answer(out, 409, "text/x.tlog.size", bytes_text(size));
	} else if (merkle_verify_consistency(log->newest.size, &log->newest.root, checkpoint.size, &checkpoint.root,
				   request->proof, request->proof_count) != E_OK) {
		(void)!keep_fork(witness, log, &checkpoint, bytes_of(buffer, writer_len(&kept)), request);
		witness_refuse(out, 422, "the checkpoint is not shown to extend the one that was cosigned before\n");
	} else if (cosign(witness, log, &checkpoint, note->text, now_s, &kept, &line) != E_OK) {
		witness_refuse(out, 500, "the cosignature cannot be recorded, so none is given\n");
	} else {
		answer(out, 200, "text/plain; charset=utf-8", line);
	}
}

/* A log that is not watched is found by the first line alone, before any signature is looked at: that is cheap, and
 * strangers may ask. */
void witness_add_checkpoint(struct witness *witness, struct bytes body, uint64_t now_s, struct witness_answer *out)
{
	struct witness_request request;
	struct note note;
	struct bytes text, origin;
	*out = (struct witness_answer){.origin = "-"};
	if (witness_request_parse(body, &request) != E_OK ||
		note_split(request.checkpoint, WITNESS_BODY_BYTES_MAX, &note) != E_OK || note.text.len > CHECKPOINT_TEXT_MAX) {
		witness_refuse(out, 400, "wanted: 'old' and a size, up to 63 hashes, an empty line, a signed checkpoint\n");
		return;
	}
	text = note.text;
	struct watched *log = note_cut(&text, '\n', &origin) ? find_log(witness, origin) : NULL;
	if (log == NULL)
		witness_refuse(out, 404, "this witness does not watch that log\n");
	else
		answer_known(witness, log, &request, &note, now_s, out);
}

void witness_checkpoint(const struct witness *witness, struct bytes hash, struct witness_answer *out)
{
	*out = (struct witness_answer){.origin = "-"};
	for (size_t i = 0; i < witness->log_count; i++) {
		const struct watched *log = witness->logs[i];
		char name[2 * HASH_BYTES + 1];
		witness_origin_hash(bytes_text(log->newest.origin), name);
		if (log->time_s == 0 || !bytes_equal(hash, bytes_text(name)))
			continue;
		out->origin = log->newest.origin;
		answer(out, 200, "text/plain; charset=utf-8", bytes_of(log->note, log->note_len));
		return;
	}
	witness_refuse(out, 404, "no checkpoint of such a log has been cosigned here\n");
}

/* ---- the directory ---- */

/* A disk that does not answer is told apart from a directory that is no witness's. */
static enum error read_vkey(int dir_fd, const char *dir, struct vkey *out, struct fault *fault)
{
	OWNED_MEMORY uint8_t *text = NULL;
	size_t len = 0;
	enum error error = file_read_all(dir_fd, "vkey", VKEY_TEXT_MAX + 1, &text, &len);
	if (error == E_IO || error == E_NO_MEMORY)
		return fault_set(fault, error, "%s/vkey cannot be read: %s", dir, error_reason(error));
	if (error != E_OK || len == 0 || text[len - 1] != '\n' || vkey_parse(bytes_of(text, len - 1), out) != E_OK ||
		out->type != NOTE_KEY_COSIGNATURE)
		return fault_set(fault, E_NOT_FOUND, "%s is no witness: it has no readable file 'vkey'", dir);
	return E_OK;
}

/* Both files are compared: a key that does not belong to the vkey would sign what nobody can verify. */
static enum error read_secret(struct witness *witness, struct fault *fault)
{
	struct key seed;
	uint8_t public_key[32];
	witness->secret_key = sodium_malloc(crypto_sign_SECRETKEYBYTES);
	TRY(fault_set(fault, allocated(witness->secret_key), ""));
	TRY(keyfile_read(witness->dir_fd, "key", KEYFILE_OWNER, &seed, fault));
	crypto_sign_seed_keypair(public_key, witness->secret_key, seed.b);
	sodium_memzero(&seed, sizeof seed);
	if (memcmp(public_key, witness->vkey.public_key, sizeof public_key) != 0)
		return fault_set(fault, E_BAD_KEY, "the witness's files 'key' and 'vkey' do not belong together");
	return E_OK;
}

/* What was remembered of a log: its own cosignature is the proof that it wrote this. */
static enum error read_seen(const struct witness *witness, const char *origin, struct watched *log, struct fault *fault)
{
	OWNED_MEMORY uint8_t *file = NULL;
	char name[2 * HASH_BYTES + 1];
	size_t len = 0;
	struct note note;
	witness_origin_hash(bytes_text(origin), name);
	enum error error = file_read_all(witness->seen_fd, name, NOTE_BYTES_MAX, &file, &len);
	if (error == E_NOT_FOUND)
		return E_OK;
	if (error == E_IO || error == E_NO_MEMORY)
		return fault_set(fault, error, "seen/%s cannot be read: %s", name, error_reason(error));
	if (error != E_OK || note_split(bytes_of(file, len), NOTE_BYTES_MAX, &note) != E_OK ||
		cosignatures_read(&note, &witness->vkey, 1, &log->time_s) != E_OK || log->time_s == 0 ||
		checkpoint_parse_extended(note.text, &log->newest) != E_OK || strcmp(log->newest.origin, origin) != 0)
		return fault_set(fault, E_CORRUPT,
			"seen/%s is damaged: what this witness signed of '%s' is not known; put it "
			"back from where it is safe, or take the log out of 'logs'",
			name, origin);
	log->note_len = len;
	memcpy(log->note, file, len);
	return E_OK;
}

/* What was signed of a log is read with the first of its keys. */
static enum error take_key(struct witness *witness, const struct vkey *vkey, struct fault *fault)
{
	if (witness->key_count == WITNESS_LOGS_MAX)
		return fault_set(fault, E_TOO_MANY, "a witness watches at most %u keys", WITNESS_LOGS_MAX);
	witness->keys[witness->key_count++] = *vkey;
	assert(witness->log_count < witness->key_count);
	if (find_log(witness, bytes_text(vkey->name)) != NULL)
		return E_OK;
	struct watched *log = calloc(1, sizeof *log);
	TRY(fault_set(fault, allocated(log), ""));
	strcpy(log->newest.origin, vkey->name);
	merkle_empty_root(&log->newest.root);
	witness->logs[witness->log_count++] = log;
	return read_seen(witness, vkey->name, log, fault);
}

static enum error read_logs(int dir_fd, uint8_t **text, size_t *len, struct fault *fault)
{
	if (file_read_all(dir_fd, "logs", LOGS_FILE_BYTES_MAX, text, len) != E_OK)
		return fault_set(fault, E_IO, "the witness's file 'logs' cannot be read");
	return E_OK;
}

/* A line that cannot be read ends it, with its number: to leave a log out would look like not having signed for it. */
static enum error take_logs(struct witness *witness, struct fault *fault)
{
	OWNED_MEMORY uint8_t *file = NULL;
	size_t len = 0;
	struct bytes line;
	TRY(read_logs(witness->dir_fd, &file, &len, fault));
	struct bytes rest = bytes_of(file, len);
	for (unsigned number = 1; rest.len > 0; number++) {
		struct vkey vkey;
		if (!note_cut(&rest, '\n', &line))
			return fault_set(fault, E_BAD_KEY, "logs, line %u: does not end in a newline", number);
		if (line.len == 0 || line.data[0] == '#')
			continue;
		if (vkey_parse(line, &vkey) != E_OK || vkey.type != NOTE_KEY_ED25519)
			return fault_set(fault, E_BAD_KEY, "logs, line %u: is not a vkey of type 0x01 (Ed25519)", number);
		TRY(take_key(witness, &vkey, fault));
	}
	return E_OK;
}

/* Leftovers of writes that a crash cut short. */
static void remove_leftovers(int seen_fd)
{
	OWNED_DIR *seen = file_list(seen_fd, ".");
	for (const char *name; seen != NULL && (name = file_list_next(seen)) != NULL;) {
		size_t len = strlen(name);
		if (len > 4 && strcmp(name + len - 4, ".tmp") == 0)
			unlinkat(seen_fd, name, 0);
	}
}

/* The lock before anything is read that another witness of this directory may write. */
static enum error open_places(struct witness *witness, const char *dir, struct fault *fault)
{
	witness->dir_fd = open_dir(AT_FDCWD, dir);
	if (witness->dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s is no witness: %m", dir);
	TRY(read_vkey(witness->dir_fd, dir, &witness->vkey, fault));
	TRY(lock_dir(witness->dir_fd, E_LOCKED, "", " runs this witness; a witness is run once", fault));
	witness->seen_fd = open_dir(witness->dir_fd, "seen");
	if (witness->seen_fd < 0)
		return fault_set(fault, E_IO, "%s/seen cannot be opened: %m", dir);
	remove_leftovers(witness->seen_fd);
	return E_OK;
}

/* On the first thing that is wrong nothing is left open. */
enum error witness_open(const char *dir, struct witness **out, struct fault *fault)
{
	OWNED(witness_release) struct witness *witness = calloc(1, sizeof *witness);
	TRY(fault_set(fault, allocated(witness), ""));
	witness->dir_fd = witness->seen_fd = -1;
	TRY(open_places(witness, dir, fault));
	TRY(read_secret(witness, fault));
	TRY(take_logs(witness, fault));
	*out = OWN_TAKE(witness);
	return E_OK;
}

void witness_close(struct witness *witness)
{
	for (size_t i = 0; i < witness->log_count; i++)
		free(witness->logs[i]);
	sodium_free(witness->secret_key);
	own_close(&witness->seen_fd);
	own_close(&witness->dir_fd);
	free(witness);
}

const struct vkey *witness_vkey(const struct witness *witness)
{
	return &witness->vkey;
}

size_t witness_log_count(const struct witness *witness)
{
	return witness->log_count;
}

/* ---- setting up ---- */

/* `vkey` comes last: without it the directory is no witness, so one that was not finished is never run. */
static enum error write_files(int dir_fd, const struct key *seed, const struct vkey *vkey, struct fault *fault)
{
	char text[VKEY_TEXT_MAX + 2];
	vkey_format(vkey, text);
	strcat(text, "\n");
	TRY(keyfile_create(dir_fd, "key", KEYFILE_OWNER, seed, fault));
	if (mkdirat(dir_fd, "seen", 0755) != 0 || file_write_atomic(dir_fd, "logs", bytes_text(logs_head), 0644) != E_OK ||
		file_write_atomic(dir_fd, "vkey", bytes_text(text), 0644) != E_OK)
		return fault_set(fault, E_IO, "the witness's files cannot be written: %m");
	return E_OK;
}

/* The name is looked at before anything is made, and secrets are wiped whatever came of it. */
enum error witness_create(const char *dir, const char *name, struct vkey *out, struct fault *fault)
{
	struct key seed;
	struct vkey vkey;
	uint8_t public_key[32], secret_key[64];
	randombytes_buf(seed.b, sizeof seed.b);
	crypto_sign_seed_keypair(public_key, secret_key, seed.b);
	sodium_memzero(secret_key, sizeof secret_key);
	enum error error = vkey_make(name, NOTE_KEY_COSIGNATURE, public_key, &vkey);
	if (error != E_OK)
		error = fault_set(fault, E_BAD_VALUE, "the name must be 1 to 255 bytes of UTF-8 without spaces and '+'");
	else if (mkdir(dir, 0755) != 0)
		error = fault_set(fault, errno == EEXIST ? E_EXISTS : E_IO, "%s cannot be created: %m", dir);
	OWNED_FD dir_fd = error == E_OK ? open_dir(AT_FDCWD, dir) : -1;
	if (error == E_OK)
		error = dir_fd < 0 ? E_IO : write_files(dir_fd, &seed, &vkey, fault);
	sodium_memzero(&seed, sizeof seed);
	if (error == E_OK)
		*out = vkey;
	return error;
}

/* Read, added to, and written anew as a whole: a file that is cut off would lose logs. */
enum error witness_add_log(const char *dir, const struct vkey *log, struct fault *fault)
{
	OWNED_FD dir_fd = open_dir(AT_FDCWD, dir);
	OWNED_MEMORY uint8_t *file = NULL;
	struct vkey own;
	char line[VKEY_TEXT_MAX + 2];
	size_t len = 0;
	if (dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s is no witness: %m", dir);
	TRY(read_vkey(dir_fd, dir, &own, fault));
	if (log->type != NOTE_KEY_ED25519)
		return fault_set(fault, E_BAD_KEY, "a log's key has type 0x01 (Ed25519)");
	TRY(read_logs(dir_fd, &file, &len, fault));
	vkey_format(log, line);
	if (memmem(file, len, line, strlen(line)) != NULL)
		return fault_set(fault, E_EXISTS, "this log's key is there already");
	strcat(line, "\n");
	uint8_t *longer = realloc(file, len + strlen(line));
	TRY(fault_set(fault, allocated(longer), ""));
	file = longer;
	memcpy(file + len, line, strlen(line));
	if (file_write_atomic(dir_fd, "logs", bytes_of(file, len + strlen(line)), 0644) != E_OK)
		return fault_set(fault, E_IO, "the witness's file 'logs' cannot be written: %m");
	return E_OK;
}
