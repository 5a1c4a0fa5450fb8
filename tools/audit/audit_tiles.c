/* What a mirror does, once and without keeping the tiles.
 *
 *   state, or a checkpoint that is known ─► look: fits? ─► read to its end, saved now and then ─► saved
 *
 * An error that judges the log is a result that does not hold, with the evidence of a fork in a file. Any other (the
 * net, the disk, memory) says nothing of the log: the audit could not be made, and the state that was saved last stays
 * good to go on from. */
#include "tools/audit/audit_tiles.h"

#include "ledger/base/evidence.h"
#include "ledger/base/file.h"
#include "tools/mirror/follower.h"
#include "tools/show/progress.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#define SAVE_ENTRIES (1u << 18) /* seconds of work */

/* Invariant: `saved` is at most what the rules have taken. */
struct walk {
	const struct audit_tiles *request;
	struct follower follower;
	struct progress progress;
	uint64_t saved; /* entries, in the state that was written last */
};

/* A directory with a store is a ledger's, whatever else lies in it. */
bool audit_tiles_place(const char *place)
{
	return strstr(place, "://") != NULL || (!file_is_there(place, "store") && file_is_there(place, "checkpoint"));
}

/* ---- state ---- */

/* What cannot be read ends it: to begin from nothing would forget what was known, and call a fork a log. */
static enum error load_state(struct walk *walk, struct fault *fault)
{
	const char *from = walk->request->from;
	OWNED_MEMORY uint8_t *text = NULL;
	struct fault why = {.text = ""};
	size_t len = 0;
	if (from == NULL)
		return E_OK;
	TRY(fault_because(
		fault, file_read_all(AT_FDCWD, from, FOLLOW_STATE_BYTES_MAX, &text, &len), "%s cannot be read", from));
	return fault_set(fault, follower_load(&walk->follower, bytes_of(text, len), &why), "%s: %s", from, why.text);
}

static enum error save_state(struct walk *walk, struct log_finding *finding)
{
	if (walk->request->save == NULL)
		return E_OK;
	TRY(follower_save(&walk->follower, AT_FDCWD, walk->request->save, finding));
	walk->saved = walk->follower.rules.state.size;
	return E_OK;
}

static enum error on_bundle(void *context, const struct log_rules *rules, struct log_finding *finding)
{
	struct walk *walk = context;
	progress_update(&walk->progress, rules->state.size, walk->follower.known.checkpoint.size);
	return rules->state.size - walk->saved >= SAVE_ENTRIES ? save_state(walk, finding) : E_OK;
}

/* ---- result ---- */

/* What only the sealed part shows (records, subjects) stays 0, and is not printed for tiles. */
static void fill_result(const struct walk *walk, struct audit_result *out)
{
	const struct log_rules *rules = &walk->follower.rules;
	*out = (struct audit_result){.ok = true,
		.entries = rules->state.size,
		.events = rules->state.events,
		.batches = rules->batches,
		.senders = rules->sender_count,
		.unendorsed = rules->unendorsed,
		.epochs = rules->epochs,
		.lost = losses_events(&rules->state.losses),
		.checkpoint_size = walk->follower.known.checkpoint.size,
		.root = walk->follower.known.checkpoint.root};
	for (size_t i = 0; i < rules->sender_count; i++) {
		const struct sender *sender = rules->senders[i];
		out->unchecked += sender->next_sequence > 0 && sender->filing_checked == 0;
		out->unclaimed += sender->next_sequence - sender->filing_checked;
	}
}

/* In the directory that the command was called in, under a name that says what it is. */
static void keep_evidence(const struct walk *walk, struct audit_result *out)
{
	const struct follower *follower = &walk->follower;
	char name[FOLLOWER_FORK_MAX];
	if (follower->evidence == NULL)
		return;
	follower_fork_name(&follower->known.checkpoint, &follower->seen.checkpoint, name);
	bool kept = evidence_keep(AT_FDCWD, name, sizeof name, bytes_text(follower->evidence)) == E_OK;
	size_t len = strlen(out->reason);
	snprintf(out->reason + len, sizeof out->reason - len,
		kept ? "; the evidence is in %s: 'indsigt verify' shows it to anybody" : "; the evidence %s cannot be written",
		name);
}

static enum error walk_log(struct walk *walk, struct log_finding *finding)
{
	const struct follow_hooks hooks = {.context = walk, .done = on_bundle};
	bool newer;
	TRY(follower_look(&walk->follower, &newer, finding));
	walk->saved = walk->follower.rules.state.size;
	progress_start(&walk->progress, "entries");
	enum error error = follower_read(&walk->follower, &hooks, finding);
	progress_clear(&walk->progress);
	TRY(error);
	return save_state(walk, finding);
}

/* Here an error that judges becomes a result; every other one is the caller's to tell. */
static enum error run_walk(struct walk *walk, struct audit_result *out, struct fault *fault)
{
	struct log_finding finding = {.text = ""};
	walk->follower.jobs = walk->request->jobs;
	TRY(load_state(walk, fault));
	enum error error = walk_log(walk, &finding);
	if (error == E_OK) {
		fill_result(walk, out);
		return E_OK;
	}
	if (!error_judges(error))
		return fault_set(fault, error, "%s", finding.text);
	*out = (struct audit_result){.index = finding.index};
	snprintf(out->reason, sizeof out->reason, "%s", finding.text);
	keep_evidence(walk, out);
	return E_OK;
}

enum error audit_tiles(const struct audit_tiles *request, struct audit_result *out, struct fault *fault)
{
	struct walk walk = {.request = request};
	enum error error =
		follower_open(request->place, -1, request->vkey, &walk.follower, fault) ?: run_walk(&walk, out, fault);
	follower_close(&walk.follower);
	return error;
}
