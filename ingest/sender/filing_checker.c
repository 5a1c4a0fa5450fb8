/* A thread that looks at the oldest batch of the book, again and again, until something does not hold.
 *
 *   oldest ─► asked without VRF proofs ─┬─ all labels known and equal ───────────────────────────┬─► passed
 *                                       ├─ some not known ─► asked with them ─► subjects equal ──┘
 *                                       ├─ the log says that it is lost: kept, counted, passed
 *                                       ├─ not filed: later, or an alarm once it is too late
 *                                       └─ does not hold: evidence, alarm, the thread ends
 *
 * Proofs are asked for only where a subject is new: a VRF verification is what costs, and a label never changes. After
 * an alarm nothing is passed any more, so the claim that is signed into batches stays below what does not hold. */
#include "ingest/sender/filing_checker.h"

#include "ledger/base/clock.h"
#include "ledger/base/evidence.h"
#include "ledger/base/thread.h"
#include "ledger/entry/sender_request.h"
#include "ledger/proof/filing_lost.h"
#include "ledger/proof/filing_proof.h"

#include <fcntl.h>
#include <inttypes.h>

#define NUMBER_TEXT 24

struct filing_checker {
	struct filing_checker_options options;
	char *evidence;
	struct fetch *fetch;
	pthread_t thread;
	bool ended;
	pthread_mutex_t mutex; /* for what follows */
	pthread_cond_t wake;
	bool stopping;
	bool woken;
	enum filing_state state;
	uint64_t lost; /* events */
	char text[FAULT_TEXT_MAX + 1];
};

/* One look at one batch. */
struct look {
	struct filing_checker *checker;
	const struct filing_note *note;
	struct filing_proof *proof;
	struct bytes answer; /* borrowed from the fetch */
	struct filing_label *labels;
	size_t label_count;
	uint32_t lost; /* events of the batch of which the log says that what they were about is lost */
	struct fault fault;
};

/* ---- asking ---- */

/* Path and query are built here once more as they will be sent, because they are what is signed. */
enum error filing_ask(struct fetch *fetch, const struct sender_key *key, uint64_t sequence, bool proofs,
	struct bytes *out, struct fault *fault)
{
	char sender[NUMBER_TEXT], number[NUMBER_TEXT], target[160], authorization[SENDER_REQUEST_TEXT_MAX + 1];
	snprintf(sender, sizeof sender, "%" PRIu32, key->sender);
	snprintf(number, sizeof number, "%" PRIu64, sequence);
	const char *which = proofs ? "all" : "none";
	snprintf(target, sizeof target, "/v1/filing?sender=%s&seq=%s&proofs=%s", sender, number, which);
	const struct web_param params[] = {{"sender", sender}, {"seq", number}, {"proofs", which}};
	TRY(sender_request_sign(key->log.name, target, key->sender, (uint64_t)time(NULL), key->secret_key, authorization));
	TRY(fetch_authorize(fetch, authorization));
	return fetch_text(fetch, "/v1/filing", params, 3, out, fault);
}

static enum error ask(struct look *look, bool proofs)
{
	struct filing_checker *checker = look->checker;
	return filing_ask(
		checker->fetch, checker->options.key, look->note->first_sequence, proofs, &look->answer, &look->fault);
}

/* ---- judging ---- */

/* What cannot be true of an honest ledger. */
static enum error alarm_set(struct look *look, const char *why)
{
	return fault_set(&look->fault, E_BAD_PROOF, "filing of the batch from sequence %" PRIu64 ": %s",
		look->note->first_sequence, why);
}

static enum error verify_place(struct look *look, const struct entry_batch *batch, uint64_t first_index)
{
	const struct filing_note *note = look->note;
	if (batch->sender != look->checker->options.key->sender || batch->first_sequence != note->first_sequence ||
		batch->count != note->count || first_index != note->first_index)
		return alarm_set(look, "the proof is about another place in the log than the receipt");
	return E_OK;
}

static enum error verify_lost(struct look *look)
{
	struct finding finding = {.text = ""};
	struct filing_lost lost;
	enum error error = filing_lost_verify(look->answer, &look->checker->options.key->log, NULL, &lost, &finding);
	if (error != E_OK)
		return error == E_NO_MEMORY ? error : alarm_set(look, finding.text);
	TRY(verify_place(look, &lost.batch, lost.first_index));
	look->lost = lost.events;
	return E_OK;
}

static enum error verify_answer(struct look *look)
{
	struct finding finding = {.text = ""};
	filing_proof_free(look->proof);
	look->proof = NULL;
	enum error error =
		filing_proof_verify(look->answer, &look->checker->options.key->log, NULL, &look->proof, &finding);
	if (error != E_OK)
		return error == E_NO_MEMORY ? error : alarm_set(look, finding.text);
	return verify_place(look, &look->proof->batch, look->proof->first_index);
}

/* True if every event's label is the one that was once proven for its subject; false if one was not proven yet. */
static enum error compare_known(struct look *look, bool *all_known)
{
	*all_known = true;
	for (uint32_t i = 0; i < look->note->count; i++) {
		struct label label;
		enum error error = filing_book_label(look->checker->options.book, look->note->subjects[i], &label);
		if (error == E_NOT_FOUND) {
			*all_known = false;
			continue;
		}
		TRY(error);
		if (memcmp(label.b, look->proof->labels[i].b, sizeof label.b) != 0)
			return alarm_set(look, "an event is not filed under its subject's label");
	}
	return E_OK;
}

/* With VRF proofs: the ledger says whose labels these are, and has proven it. */
static enum error compare_proven(struct look *look)
{
	const struct filing_proof *proof = look->proof;
	if (proof->subject_of == NULL)
		return alarm_set(look, "the labels' proofs were asked for and are missing");
	for (uint32_t i = 0; i < look->note->count; i++)
		if (!bytes_equal(proof->subjects[proof->subject_of[i]].id, look->note->subjects[i]))
			return alarm_set(look, "an event is filed under another subject than it is about");
	look->labels = malloc((proof->subject_count + 1) * sizeof *look->labels);
	TRY(allocated(look->labels));
	for (size_t i = 0; i < proof->subject_count; i++)
		look->labels[i] = (struct filing_label){proof->subjects[i].id, proof->subjects[i].label};
	look->label_count = proof->subject_count;
	return E_OK;
}

static enum error check_events(struct look *look)
{
	bool all_known;
	TRY(ask(look, false));
	if (filing_lost_is(look->answer))
		return verify_lost(look);
	TRY(verify_answer(look));
	TRY(compare_known(look, &all_known));
	if (all_known)
		return E_OK;
	TRY(ask(look, true));
	TRY(verify_answer(look));
	TRY(compare_known(look, &all_known));
	return compare_proven(look);
}

/* Mass events are about nobody and are not filed. */
static enum error check_batch(struct look *look)
{
	const struct filing_note *note = look->note;
	enum error error = note->kind == BATCH_EVENT ? check_events(look) : E_OK;
	if (error == E_NOT_FOUND && (uint64_t)time(NULL) > note->receipt_s + FILING_LATE_SECONDS) {
		look->answer = BYTES_EMPTY;
		return alarm_set(look, "it is not filed in time");
	}
	TRY(error);
	return filing_book_pass(look->checker->options.book, note, look->labels, look->label_count);
}

/* ---- evidence ---- */

/* A ledger that has lost a batch, or files it wrongly. */
static void keep_evidence(struct look *look)
{
	char name[64];
	OWNED_FD dir_fd = open(look->checker->evidence, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return;
	snprintf(name, sizeof name, "%s-%" PRIu64, look->lost > 0 ? "lost" : "bad-filing", look->note->first_sequence);
	if (evidence_keep(dir_fd, name, sizeof name, look->answer) != E_OK)
		fault_set(&look->fault, E_BAD_PROOF,
			"filing of the batch from sequence %" PRIu64 " does not hold, and the evidence cannot be written",
			look->note->first_sequence);
}

/* ---- the thread ---- */

static void say(struct filing_checker *checker, enum filing_state state, const char *text)
{
	LOCKED(&checker->mutex);
	checker->state = state;
	snprintf(checker->text, sizeof checker->text, "%s", text);
}

/* E_NOT_FOUND: not filed yet. E_BAD_PROOF: the alarm was raised. */
static enum error look_at(struct filing_checker *checker, const struct filing_note *note)
{
	OWNED_MEMORY void *labels = NULL;
	OWNED(filing_proof_release) struct filing_proof *proof = NULL;
	struct look look = {.checker = checker, .note = note, .fault = {.text = ""}};
	enum error error = check_batch(&look);
	labels = look.labels;
	proof = look.proof;
	if (error == E_OK && look.lost > 0) {
		keep_evidence(&look);
		LOCKED(&checker->mutex);
		checker->lost += look.lost;
	}
	if (error == E_BAD_PROOF) {
		if (look.answer.len > 0)
			keep_evidence(&look);
		say(checker, FILING_ALARM, look.fault.text);
	} else if (error == E_NOT_FOUND) {
		say(checker, FILING_WORKING, "");
	} else if (error != E_OK) {
		bool refused = error == E_TOKEN || error == E_FORBIDDEN;
		say(checker, refused ? FILING_REFUSED : FILING_WORKING,
			look.fault.text[0] != '\0' ? look.fault.text : error_text(error));
	}
	return error;
}

/* Until it is woken, the time has passed, or it is to end (false). */
static bool pause_ms(struct filing_checker *checker, unsigned ms)
{
	struct timespec until = clock_in(ms);
	LOCKED(&checker->mutex);
	int waited = 0;
	while (!checker->stopping && !checker->woken && waited == 0)
		waited = ms > 0 ? pthread_cond_timedwait(&checker->wake, &checker->mutex, &until)
						: pthread_cond_wait(&checker->wake, &checker->mutex);
	checker->woken = false;
	return !checker->stopping;
}

static bool stopping(struct filing_checker *checker)
{
	LOCKED(&checker->mutex);
	return checker->stopping;
}

/* Waits long where nothing is there, and longer each time where the ledger cannot be asked; not filed yet is no
 * failure and keeps the pause as it is. */
static void *run(void *context)
{
	struct filing_checker *checker = context;
	unsigned pause = PAUSE_FIRST_MS;
	while (!stopping(checker)) {
		struct filing_note note;
		enum error error = filing_book_next(checker->options.book, &note);
		if (error == E_NOT_FOUND) {
			say(checker, FILING_DONE, "");
			pause_ms(checker, 0);
			continue;
		}
		if (error == E_OK) {
			error = look_at(checker, &note);
			filing_note_free(&note);
		} else {
			say(checker, FILING_WORKING, error_text(error));
		}
		if (error == E_BAD_PROOF)
			return NULL;
		if (error == E_OK) {
			pause = PAUSE_FIRST_MS;
			continue;
		}
		pause_ms(checker, pause);
		if (error != E_NOT_FOUND)
			pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
	}
	return NULL;
}

/* ---- from start to end ---- */

static enum error start(struct filing_checker *checker, struct fault *fault)
{
	checker->evidence = strdup(checker->options.evidence);
	TRY(fault_set(fault, allocated(checker->evidence), ""));
	TRY(fetch_open(checker->options.url, NULL, &checker->fetch, fault));
	thread_cond_init(&checker->wake);
	pthread_mutex_init(&checker->mutex, NULL);
	if (pthread_create(&checker->thread, NULL, run, checker) != 0) {
		pthread_mutex_destroy(&checker->mutex);
		pthread_cond_destroy(&checker->wake);
		return fault_set(fault, E_NO_MEMORY, "a thread cannot be started");
	}
	return E_OK;
}

static void checker_free(struct filing_checker *checker)
{
	fetch_close(checker->fetch);
	free(checker->evidence);
	free(checker);
}

OWN(filing_checker, checker_free);

enum error filing_checker_start(
	const struct filing_checker_options *options, struct filing_checker **out, struct fault *fault)
{
	OWNED(filing_checker_release) struct filing_checker *checker = calloc(1, sizeof *checker);
	TRY(fault_set(fault, allocated(checker), ""));
	checker->options = *options;
	TRY(start(checker, fault));
	*out = OWN_TAKE(checker);
	return E_OK;
}

/* Joined, so that nobody reads the key or the book afterwards. */
void filing_checker_end(struct filing_checker *checker)
{
	if (checker == NULL || checker->ended)
		return;
	pthread_mutex_lock(&checker->mutex);
	checker->stopping = true;
	pthread_cond_signal(&checker->wake);
	pthread_mutex_unlock(&checker->mutex);
	pthread_join(checker->thread, NULL);
	checker->ended = true;
}

void filing_checker_stop(struct filing_checker *checker)
{
	if (checker == NULL)
		return;
	filing_checker_end(checker);
	pthread_mutex_destroy(&checker->mutex);
	pthread_cond_destroy(&checker->wake);
	checker_free(checker);
}

void filing_checker_wake(struct filing_checker *checker)
{
	LOCKED(&checker->mutex);
	checker->woken = true;
	if (checker->state == FILING_DONE)
		checker->state = FILING_WORKING;
	pthread_cond_signal(&checker->wake);
}

uint64_t filing_checker_lost(struct filing_checker *checker)
{
	LOCKED(&checker->mutex);
	return checker->lost;
}

enum filing_state filing_checker_state(struct filing_checker *checker, char *text)
{
	LOCKED(&checker->mutex);
	memcpy(text, checker->text, sizeof checker->text);
	return checker->state;
}
