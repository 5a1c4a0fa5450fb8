/* Two signed checkpoints are compared in the log of the larger one, whichever that is:
 *
 *   shown is larger ──► it begins with the known one?      ─┐
 *   same size ────────► the same root?                      ├─ no: two histories are signed, `evidence`
 *   shown is smaller ─► the known one begins with it?      ─┘
 *
 * Only what is signed accuses the log. Tiles that do not fit a checkpoint may be anybody's doing, and are told apart
 * (`deceived`). The known checkpoint never becomes a smaller one, so a place that shows an old one is only behind. What
 * cannot be had decides nothing. */
#include "tools/mirror/follower.h"

#include "ledger/base/file.h"
#include "ledger/proof/fork.h"

#include <inttypes.h>
#include <stdio.h>

enum error follower_open(
	const char *url, int wake_fd, const struct vkey *vkey, struct follower *out, struct fault *fault)
{
	*out = (struct follower){.vkey = vkey};
	TRY(tile_fetch_open(url, wake_fd, &out->fetch, fault));
	log_rules_init(&out->rules, vkey);
	return E_OK;
}

void follower_close(struct follower *follower)
{
	tile_fetch_close(follower->fetch);
	log_rules_free(&follower->rules);
	free(follower->evidence);
	*follower = (struct follower){.vkey = NULL};
}

/* A checkpoint alone binds as much as a state does: what comes must extend it. A state that is of no use is an error
 * and never "nothing known yet". */
enum error follower_load(struct follower *follower, struct bytes text, struct fault *fault)
{
	struct finding finding = {.text = ""};
	if (text.len == 0 || text.data[0] != '{') {
		struct note parts;
		if (note_split(text, NOTE_BYTES_MAX, &parts) == E_OK && !note_claims(text, follower->vkey))
			return fault_set(fault, E_WRONG_ORIGIN, "this is a checkpoint of another log than that of --vkey");
		if (follow_state_take(text, follower->vkey, &follower->known) != E_OK)
			return fault_set(fault, E_BAD_VALUE, "this is no checkpoint that the log of --vkey signed");
		return E_OK;
	}
	enum error error = follow_state_read(text, &follower->rules, &follower->known, &finding);
	if (error == E_OK)
		return E_OK;
	follower->known.checkpoint.size = 0;
	if (error == E_WRONG_ORIGIN)
		return fault_set(fault, error, "this is what was remembered of another log than that of --vkey");
	return fault_set(fault, error, "%s", error == E_BAD_VALUE ? finding.text : error_text(error));
}

/* Written beside the file and renamed, so that a place to go on from is there at any moment. */
enum error follower_save(const struct follower *follower, int dir_fd, const char *name, struct log_finding *finding)
{
	OWNED_MEMORY char *text = NULL;
	enum error error = follow_state_write(&follower->known, &follower->rules, &text)
						   ?: file_write_atomic(dir_fd, name, bytes_text(text), 0644);
	if (error == E_OK)
		return E_OK;
	return log_finding_set(
		finding, error, follower->rules.state.size, "%s cannot be written: %s", name, error_reason(error));
}

/* The sizes say which two histories it is about, so that the same fork found again is the same file. */
void follower_fork_name(const struct checkpoint *smaller, const struct checkpoint *larger, char out[FOLLOWER_FORK_MAX])
{
	snprintf(out, FOLLOWER_FORK_MAX, "fork-%" PRIu64 "-%" PRIu64 ".json", smaller->size, larger->size);
}

/* ---- looking ---- */

/* Tiles that do not hash to the checkpoint are told apart here already: whoever serves them may be anybody. */
static enum error open_reader(struct follower *follower, const struct checkpoint *checkpoint, struct tile_reader **out,
	struct log_finding *finding)
{
	const struct tile_source source = {tile_fetch_read, follower->fetch};
	enum error error = tile_reader_open(&source, checkpoint, out, finding);
	follower->deceived = error == E_CORRUPT;
	return error;
}

/* The newer pair replaces an older one that was not written down yet: one fork is enough to accuse. */
static enum error keep_evidence(struct follower *follower, const struct follow_state *smaller,
	const struct follow_state *larger, const struct hash *old_root, const struct merkle_proof *proof)
{
	free(follower->evidence);
	follower->evidence = NULL;
	return fork_write(bytes_of(smaller->note, smaller->note_len), bytes_of(larger->note, larger->note_len), old_root,
		proof->hashes, proof->count, &follower->evidence);
}

/* The larger checkpoint's log begins with the smaller one's, or there is evidence that it does not. The proof comes
 * from the tiles, so the place must have those of the larger one. */
static enum error check_extends(struct follower *follower, const struct follow_state *smaller,
	const struct follow_state *larger, struct log_finding *finding)
{
	OWNED(tile_reader_release) struct tile_reader *reader = NULL;
	struct follow_fork fork;
	TRY(open_reader(follower, &larger->checkpoint, &reader, finding));
	enum error error = follow_extends(reader, &smaller->checkpoint, &fork, finding);
	follower->deceived = tile_reader_deceived(reader);
	if (fork.found)
		TRY(keep_evidence(follower, smaller, larger, &fork.old_root, &fork.proof));
	return error;
}

/* Two roots for one size need no more. */
static enum error same_size(struct follower *follower, struct log_finding *finding)
{
	const struct merkle_proof nothing = {.count = 0};
	const struct checkpoint *seen = &follower->seen.checkpoint;
	if (hash_equal(&seen->root, &follower->known.checkpoint.root))
		return E_OK;
	TRY(keep_evidence(follower, &follower->known, &follower->seen, &seen->root, &nothing));
	return log_finding_set(
		finding, E_CORRUPT, 0, "two different logs of %" PRIu64 " entries are both signed", seen->size);
}

/* A smaller checkpoint is compared as well: a place that is behind is no harm, one that shows another past is. */
static enum error compare(struct follower *follower, bool *newer, struct log_finding *finding)
{
	uint64_t size = follower->seen.checkpoint.size;
	uint64_t known = follower->known.checkpoint.size;
	*newer = size > known;
	if (known == 0)
		return E_OK;
	if (size == known)
		return same_size(follower, finding);
	if (size > known)
		return check_extends(follower, &follower->known, &follower->seen, finding);
	enum error error = check_extends(follower, &follower->seen, &follower->known, finding);
	if (error != E_NOT_FOUND)
		return error;
	return log_finding_set(finding, error, size,
		"the checkpoint that is shown has %" PRIu64 " entries, one that was signed before has %" PRIu64
		", and what lies between is not there: ask again, and keep both checkpoints if it stays so",
		size, known);
}

/* What is signed by the log and is none of its checkpoints is worse than what is not signed by it, and both are told
 * apart from what could not be had. */
enum error follower_look(struct follower *follower, bool *newer, struct log_finding *finding)
{
	struct bytes note;
	struct fault fault = {.text = ""};
	follower->deceived = false;
	enum error error = tile_fetch_checkpoint(follower->fetch, &note, &fault);
	if (error != E_OK)
		return log_finding_set(finding, error, 0, "the checkpoint cannot be had: %s", fault.text);
	if (!note_claims(note, follower->vkey))
		return log_finding_set(finding, E_WRONG_ORIGIN, 0,
			"what is there is no checkpoint of the log of --vkey: it is another log's, or something else");
	if (follow_state_take(note, follower->vkey, &follower->seen) != E_OK)
		return log_finding_set(finding, E_BAD_CHECKPOINT, 0,
			"what is shown as the newest checkpoint is malformed, of another log, or not signed with the log's key");
	TRY(compare(follower, newer, finding));
	/* One of the same size may have more cosignatures. */
	if (follower->seen.checkpoint.size >= follower->known.checkpoint.size)
		follower->known = follower->seen;
	return E_OK;
}

/* Tiles are fetched ahead of where they are read, since waiting for one after the other is most of the time. */
enum error follower_read(struct follower *follower, const struct follow_hooks *hooks, struct log_finding *finding)
{
	OWNED(tile_reader_release) struct tile_reader *reader = NULL;
	const struct checkpoint *checkpoint = &follower->known.checkpoint;
	TRY(open_reader(follower, checkpoint, &reader, finding));
	uint64_t first = follower->rules.state.size / TILE_WIDTH;
	tile_fetch_ahead(follower->fetch, first, checkpoint->size);
	if (follower->jobs > 1)
		(void)!tile_reader_ahead(reader, first, follower->jobs); /* without them it only takes longer */
	enum error error = follow(&follower->rules, reader, hooks, finding);
	follower->deceived = tile_reader_deceived(reader);
	return error;
}
