/*   policy? ─ none ─► pass      remembered cosignatures ─► ask all at once ─► judge each as it comes ─► enough? ─► pass
 *
 * What stops a ledger bears the log's own signature, so nobody else can stop it by a lie; what lets it pass bears the
 * witness's, or is a "nothing" that the directory does not contradict. A checkpoint that the store does not extend ends
 * the asking at once (E_ROLLED_BACK), with the note kept for others to see; that it could not be kept is not a reason
 * to sign. What the store cannot compare (disk, memory) ends it with that error: not knowing is no answer. */
#include "ledger/witness/door.h"

#include "ledger/base/evidence.h"
#include "ledger/base/file.h"

#include <inttypes.h>
#include <stdio.h>

enum error door_policy(int dir_fd, const struct vkey *log, struct witness_policy **out, struct fault *fault)
{
	OWNED_MEMORY uint8_t *text = NULL;
	OWNED(witness_policy_release) struct witness_policy *policy = NULL;
	struct fault inner = {.text = ""};
	size_t len = 0;
	enum error error = file_read_all(dir_fd, DOOR_POLICY_FILE, POLICY_BYTES_MAX, &text, &len);
	const char *reason = error_reason(error);
	if (error == E_OK) {
		error = witness_policy_parse(bytes_of(text, len), &policy, &inner);
		reason = inner.text[0] ? inner.text : error_reason(error);
	}
	TRY(fault_set(fault, error, "the policy file '" DOOR_POLICY_FILE "': %s", reason));
	if (!witness_policy_has_log(policy, log))
		return fault_set(fault, E_BAD_VALUE, "the policy file '" DOOR_POLICY_FILE "' names other logs than this one");
	*out = OWN_TAKE(policy);
	return E_OK;
}

/* ---- judging ---- */

struct judging {
	const struct door_store *store;
	const struct witness_policy *policy;
	uint64_t remembered[POLICY_WITNESSES_MAX]; /* when the witness cosigned, as far as the directory knows; else 0 */
	struct door_verdict verdict;
};

/* The note is what shows anybody that the log has signed this. */
static bool keep_evidence(int dir_fd, uint64_t size, struct bytes note)
{
	char name[64];
	OWNED_FD folder_fd = evidence_folder(dir_fd);
	snprintf(name, sizeof name, DOOR_SHOWN_BY_WITNESS "%" PRIu64, size);
	return folder_fd >= 0 && evidence_keep(folder_fd, name, sizeof name, note) == E_OK;
}

static void count_silent(struct judging *judging, uint32_t witness, const char *why)
{
	struct door_verdict *verdict = &judging->verdict;
	size_t len = strlen(verdict->why);
	verdict->silent[witness] = 1;
	snprintf(verdict->why + len, sizeof verdict->why - len, "%s%s: %s", len ? "; " : "",
		judging->policy->witnesses[witness].name, why);
}

static void count_answer(struct judging *judging, uint32_t witness, uint64_t time_s)
{
	judging->verdict.silent[witness] = 0;
	judging->verdict.times[witness] = time_s;
	judging->verdict.answered++;
}

/* What an older store would be refused by has the log's own signature, so no witness stops a ledger by lies. What
 * lets it go on has the witness's. */
static enum error judge(void *context, const struct door_answer *answer, struct fault *fault)
{
	struct judging *judging = context;
	const struct door_store *store = judging->store;
	struct checkpoint shown;
	struct note parts;
	uint64_t time_s = 0;
	if (!answer->came) {
		count_silent(judging, answer->witness, answer->why);
		return E_OK;
	}
	if (answer->note.len == 0) {
		if (judging->remembered[answer->witness] != 0)
			count_silent(judging, answer->witness, "it says that it has nothing of this log, which it has cosigned");
		else
			count_answer(judging, answer->witness, 0);
		return E_OK;
	}
	if (checkpoint_verify(answer->note, store->vkey, &shown) != E_OK) {
		count_silent(judging, answer->witness, "what it shows is not signed by this log");
		return E_OK;
	}
	enum error error = store->extends(store->context, answer->note);
	if (error == E_ROLLED_BACK) {
		bool kept = keep_evidence(store->dir_fd, shown.size, answer->note);
		return fault_set(fault, E_ROLLED_BACK,
			"witness '%s' has a checkpoint over %" PRIu64
			" entries with this log's signature, which the store (%" PRIu64
			" entries) does not extend; an old store was put back%s; see 'indsigt help recovery'",
			judging->policy->witnesses[answer->witness].name, shown.size, store->size,
			kept ? "; the evidence is in DIR/evidence" : "");
	}
	TRY(fault_set(fault, error, "the store cannot be compared with what a witness has: %s", error_reason(error)));
	if (note_split(answer->note, NOTE_BYTES_MAX, &parts) == E_OK &&
		cosignatures_read(&parts, &judging->policy->keys[answer->witness], 1, &time_s) == E_OK && time_s != 0)
		count_answer(judging, answer->witness, time_s);
	else
		count_silent(judging, answer->witness, "what it shows is without its cosignature");
	return E_OK;
}

/* "Nothing" is also what anything else at a witness's address says, or a witness whose state is gone. So it does not
 * count where the directory, however old, has a cosignature of that witness. What it has is of no use otherwise, and
 * may be lost or damaged. */
static enum error remember(struct judging *judging, struct fault *fault)
{
	OWNED_MEMORY uint8_t *text = NULL;
	size_t len = 0;
	struct note parts;
	struct checkpoint cosigned;
	const struct witness_policy *policy = judging->policy;
	enum error error = file_read_all(judging->store->dir_fd, DOOR_COSIGNED_FILE, NOTE_BYTES_MAX, &text, &len);
	if (error == E_NOT_FOUND || error == E_TOO_LONG)
		return E_OK;
	TRY(fault_set(fault, error, DOOR_COSIGNED_FILE ": %s", error_reason(error)));
	if (checkpoint_verify(bytes_of(text, len), judging->store->vkey, &cosigned) != E_OK ||
		note_split(bytes_of(text, len), NOTE_BYTES_MAX, &parts) != E_OK ||
		cosignatures_read(&parts, policy->keys, policy->witness_count, judging->remembered) != E_OK)
		memset(judging->remembered, 0, sizeof judging->remembered);
	return E_OK;
}

enum error door_ask(const struct door_store *store, const struct witness_policy *policy, const struct door_asker *asker,
	struct door_verdict *out, struct fault *fault)
{
	struct judging judging = {.store = store, .policy = policy};
	for (uint32_t i = 0; i < policy->witness_count; i++)
		judging.verdict.asked += policy->witnesses[i].url[0] != '\0';
	TRY(remember(&judging, fault));
	TRY(asker->ask(store->vkey->name, policy, judge, &judging, fault));
	*out = judging.verdict;
	return E_OK;
}

enum error door_enough(const struct witness_policy *policy, const struct door_verdict *verdict, struct fault *fault)
{
	struct quorum silent;
	witness_policy_judge(policy, verdict->silent, &silent);
	if (policy->none || !silent.reached)
		return E_OK;
	return fault_set(fault, E_UNWITNESSED,
		"%" PRIu32 " of %" PRIu32
		" witnesses answer whether this store is the newest, too few for DIR/" DOOR_POLICY_FILE
		" (%s); --without-witnesses signs without them",
		verdict->answered, verdict->asked, verdict->why);
}

/* ---- the door ---- */

static void tell_silent(const struct door_asker *asker, const struct door_verdict *verdict)
{
	char text[sizeof verdict->why + 100];
	if (verdict->why[0] == '\0')
		return;
	snprintf(text, sizeof text, "witnesses that did not say whether this store is the newest: %s", verdict->why);
	asker->tell(text);
}

enum error door_pass(const struct door_store *store, const struct door_asker *asker, struct fault *fault)
{
	OWNED(witness_policy_release) struct witness_policy *policy = NULL;
	struct door_verdict verdict;
	enum error error = door_policy(store->dir_fd, store->vkey, &policy, fault);
	if (error == E_NOT_FOUND)
		return E_OK;
	TRY(error);
	if (asker == NULL)
		return fault_set(
			fault, E_UNWITNESSED, "the ledger has witnesses (DIR/" DOOR_POLICY_FILE "), and nothing here can ask them");
	TRY(door_ask(store, policy, asker, &verdict, fault));
	error = door_enough(policy, &verdict, fault);
	if (error == E_OK || (error == E_UNWITNESSED && asker->without_witnesses)) {
		tell_silent(asker, &verdict);
		return E_OK;
	}
	return error;
}
