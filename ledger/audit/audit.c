/* guard ─► snapshot ─► bundle after bundle, with what stands beside each entry ─► guard, root ─► tables ─► rows
 *                                                        ─► filing tree, map, heads ─► postings
 *
 * Each step rests on those before it: the guard's root is made of tiles that were all compared with entries. So the
 * first finding ends it: what follows would be judged by what does not hold. What could not be looked at ends it too,
 * with an error and without a word on the ledger. */
#include "ledger/audit/audit.h"

#include "ledger/audit/audit_derived.h"
#include "ledger/audit/audit_log.h"
#include "ledger/audit/audit_tables.h"
#include "ledger/base/file.h"
#include "ledger/read/filing_lag.h"

#include <fcntl.h>
#include <inttypes.h>

/* What the parts share is the view. One that feeds another has a pointer to it, and knows nothing of it but its
 * functions. */
struct audit {
	struct archive *archive;
	struct checkpoint guard;
	struct audit_report report;
	struct audit_view view;
	struct audit_filing *filing;     /* NULL: without labels */
	struct audit_subjects *subjects; /* the same */
	struct audit_records *records;   /* NULL: without keys */
	struct audit_ahead *ahead;       /* NULL: by one thread */
	struct audit_log log;
	struct audit_result result;
};

/* ---- opening ---- */

/* Read before the snapshot is taken, so that a ledger that is being served is never behind it. */
static enum error read_guard(struct audit *audit, const char *dir)
{
	OWNED_MEMORY uint8_t *note = NULL;
	size_t len = 0;
	OWNED_FD dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return E_IO;
	enum error error = file_read_all(dir_fd, "guard", NOTE_BYTES_MAX, &note, &len);
	if (error != E_OK)
		return audit_judge(&audit->view, error, 0, "the guard cannot be read: %s", audit_why(error));
	if (checkpoint_verify(bytes_of(note, len), audit->view.vkey, &audit->guard) != E_OK)
		return audit_finding(&audit->view, 0, "the guard is not a checkpoint that this log signed");
	return E_OK;
}

/* Damage is a finding; what has nothing to do with the ledger's content is an error. */
static enum error judge_opening(struct audit *audit, enum error error)
{
	if (error == E_OK || !error_judges(error))
		return error;
	return audit_finding(&audit->view, 0, "%s",
		audit->report.why.text[0] != '\0' ? audit->report.why.text
										  : "the store is damaged, or its state and its checkpoint do not fit");
}

/* A store that is empty or without a state is a finding and no error: somebody was to have kept it. */
static enum error open_snapshot(struct audit *audit)
{
	struct audit_view *view = &audit->view;
	enum error error = snapshot_begin(audit->archive, &view->snapshot, &audit->report.why);
	if (error == E_NOT_FOUND)
		return audit_finding(view, 0, "%s", audit->report.why.text);
	TRY(judge_opening(audit, error));
	view->txn = snapshot_store(view->snapshot);
	view->checkpoint = *snapshot_checkpoint(view->snapshot);
	TRY(judge_opening(audit, store_losses_get(view->txn, &view->lost)));
	if (view->checkpoint.size == 0)
		return audit_finding(view, 0, "the log is empty: it does not even have a genesis entry");
	return E_OK;
}

/* Another log than asked for is no finding: nothing was looked at, and a word on the ledger would be about the wrong
 * one. */
static enum error open_audit(struct audit *audit, const char *dir, const struct audit_options *options)
{
	struct audit_view *view = &audit->view;
	TRY(judge_opening(audit, archive_open(dir, options->records, &audit->archive, &audit->report.why)));
	const struct vkey *vkey = archive_vkey(audit->archive);
	if (!vkey_equal(vkey, view->vkey))
		return fault_set(&audit->report.why, E_WRONG_ORIGIN, "this is another log than the vkey's, '%s'", vkey->name);
	TRY(read_guard(audit, dir));
	TRY(open_snapshot(audit));
	view->secrets = archive_secrets(audit->archive);
	if (view->secrets != NULL && options->labels) {
		TRY(audit_filing_open(view, &audit->filing));
		TRY(audit_subjects_new(&audit->subjects));
	}
	if (view->secrets != NULL)
		TRY(audit_records_open(view, audit->subjects, &audit->records));
	audit_log_begin(&audit->log, view, audit->records, audit->filing);
	return E_OK;
}

/* Without the others' help it only takes longer, so what keeps them from helping is nobody's business. */
static void ask_for_help(struct audit *audit, unsigned jobs)
{
	const struct audit_ahead_options options = {audit->archive, &audit->view, audit->records, audit->subjects, jobs};
	if (jobs > 1 && audit_ahead_open(&options, &audit->ahead) != E_OK)
		audit->ahead = NULL;
	if (audit->ahead == NULL)
		snapshot_keep_keys(audit->view.snapshot);
}

static void close_audit(struct audit *audit)
{
	audit_ahead_release(&audit->ahead);
	audit_records_release(&audit->records);
	audit_subjects_release(&audit->subjects);
	audit_filing_release(&audit->filing);
	snapshot_end(audit->view.snapshot);
	archive_close(audit->archive);
	log_rules_free(&audit->log.rules);
	free(audit);
}

/* ---- driving ---- */

/* By nodes of the tiles, which were all compared with the entries before. */
static enum error check_guard(struct audit *audit)
{
	struct merkle_nodes nodes = {log_node, audit->view.txn};
	struct hash root;
	if (audit->guard.size > audit->view.checkpoint.size)
		return audit_finding(&audit->view, audit->view.checkpoint.size,
			"the store ends here, but the guard remembers %" PRIu64 " entries: an older copy was put back",
			audit->guard.size);
	enum error error = merkle_root(&nodes, audit->guard.size, &root);
	if (error != E_OK || !hash_equal(&root, &audit->guard.root))
		return audit_judge(&audit->view, error, 0,
			"the first %" PRIu64 " entries are not those that the guard's checkpoint was signed for",
			audit->guard.size);
	return E_OK;
}

static enum error check_root(struct audit *audit)
{
	merkle_frontier_root(&audit->log.frontier, &audit->result.root);
	if (!hash_equal(&audit->result.root, &audit->view.checkpoint.root))
		return audit_finding(&audit->view, audit->guard.size < audit->view.checkpoint.size ? audit->guard.size : 0,
			"the entries together do not have the root that the checkpoint was signed for");
	return E_OK;
}

/* What senders do not ask about is no fault of the log, so it is counted and not found. */
static enum error count_unchecked(struct audit *audit)
{
	for (size_t i = 0; i < audit->log.rules.sender_count; i++) {
		const struct sender *sender = audit->log.rules.senders[i];
		enum filing_habit habit;
		enum error error = filing_lag_habit(audit->view.snapshot, sender, &habit);
		if (error != E_OK)
			return audit_judge(&audit->view, error, sender->version,
				"the first event that sender %" PRIu32 " has not checked is not where it should be: %s", sender->id,
				audit_why(error));
		audit->result.unchecked += habit == FILING_HABIT_SILENT;
		audit->result.lagging += habit == FILING_HABIT_LAGS;
		audit->result.unclaimed += sender->next_sequence - sender->filing_checked;
	}
	return E_OK;
}

static enum error end_filing(struct audit *audit)
{
	struct audit_labels_result filing;
	TRY(audit_filing_end(audit->filing, &filing));
	audit->result.epochs = filing.epochs;
	audit->result.subjects = filing.subjects;
	audit->result.unverifiable = filing.unverifiable;
	audit->result.epoch_index = filing.epoch_index != NO_INDEX ? filing.epoch_index : 0;
	audit->result.newest_epoch = filing.epoch;
	return E_OK;
}

/* ---- what follows from the entries ---- */

/* None of them needs another, but the first one that finds something is the one that counts. The longest first would be
 * faster, by little. */
enum { STEP_ROWS, STEP_FILING, STEP_MAP, STEP_SUBTREES, STEP_POSTINGS, STEPS };

static enum error look_at_step(const struct audit *audit, size_t number, const struct audit_view *view)
{
	switch (number) {
	case STEP_ROWS:
		return audit_rows(view);
	case STEP_FILING:
		return audit_derived(view, DERIVED_FILING);
	case STEP_MAP:
		return audit_derived(view, DERIVED_MAP);
	case STEP_SUBTREES:
		return audit_derived(view, DERIVED_SUBTREES);
	default:
		return audit->records != NULL ? audit_records_filing(audit->records, view) : E_OK;
	}
}

/* One of them, by a thread of its own. */
struct step {
	size_t number;
	enum error error;
	struct audit_report report;
};

static void run_step(void *context, unsigned worker, void *job)
{
	struct audit *audit = context;
	struct step *step = job;
	struct audit_view view = *audit_ahead_view(audit->ahead, worker);
	step->report.done = audit->report.done;
	view.report = &step->report;
	view.progress = audit->view.progress;
	view.context = audit->view.context;
	step->error = look_at_step(audit, step->number, &view);
}

static enum error run_steps_in_threads(struct audit *audit, unsigned workers)
{
	OWNED(jobs_release) struct jobs *jobs = NULL;
	struct step *step;
	TRY(jobs_open(workers, run_step, audit, STEPS, sizeof *step, &jobs));
	for (size_t i = 0; i < STEPS; i++) {
		step = jobs_next(jobs);
		step->number = i;
		jobs_give(jobs);
	}
	while ((step = jobs_take(jobs)) != NULL) {
		if (step->error != E_OK)
			audit->report = step->report;
		TRY(step->error);
		jobs_drop(jobs);
	}
	return E_OK;
}

static enum error run_steps(struct audit *audit, unsigned workers)
{
	if (audit->ahead != NULL)
		return run_steps_in_threads(audit, workers);
	for (size_t i = 0; i < STEPS; i++)
		TRY(look_at_step(audit, i, &audit->view));
	return E_OK;
}

/* The order of the picture above; each step may take for granted what those before it have shown. */
static enum error run_audit(struct audit *audit, unsigned workers)
{
	for (uint64_t number = 0; audit->report.done < audit->view.checkpoint.size; number++) {
		const struct audit_glance *glance =
			audit->ahead != NULL ? audit_ahead_bundle(audit->ahead, number, &audit->log.rules) : NULL;
		TRY(audit_log_bundle(&audit->log, number, glance));
		audit_progress(&audit->view);
	}
	if (audit->filing != NULL)
		TRY(end_filing(audit));
	TRY(check_guard(audit));
	TRY(check_root(audit));
	TRY(audit_log_end(&audit->log));
	TRY(count_unchecked(audit));
	return run_steps(audit, workers);
}

/* After a finding too: how far it came says what the finding is worth. */
static void take_counts(struct audit *audit)
{
	const struct log_rules *rules = &audit->log.rules;
	struct audit_result *result = &audit->result;
	result->entries = audit->report.done;
	result->events = rules->state.events;
	result->batches = rules->batches;
	result->senders = rules->sender_count;
	result->unendorsed = rules->unendorsed;
	result->lost = losses_events(&rules->state.losses);
	if (audit->records != NULL)
		result->records = audit_records_opened(audit->records);
}

/* The finding, if there is one. */
static void take_report(struct audit *audit)
{
	struct audit_result *result = &audit->result;
	result->ok = !audit->report.found;
	result->index = audit->report.index;
	result->epoch = audit->report.epoch;
	memcpy(result->reason, audit->report.reason, sizeof result->reason);
}

/* A finding is an answer (E_OK, ok is false); an error is none. */
enum error audit_directory(const char *dir, const struct vkey *vkey, const struct audit_options *options,
	struct audit_result *out, struct fault *fault)
{
	struct audit *audit = calloc(1, sizeof *audit);
	TRY(fault_set(fault, allocated(audit), ""));
	audit->view = (struct audit_view){.vkey = vkey,
		.rules = &audit->log.rules,
		.report = &audit->report,
		.progress = options->progress,
		.context = options->context};
	log_rules_init(&audit->log.rules, vkey);
	enum error error = open_audit(audit, dir, options);
	if (error == E_OK) {
		audit->result.checkpoint_size = audit->view.checkpoint.size;
		ask_for_help(audit, options->jobs);
		error = run_audit(audit, options->jobs);
	}
	if (error == E_OK || audit->report.found) {
		take_counts(audit);
		take_report(audit);
		*out = audit->result;
		error = E_OK;
	}
	if (error != E_OK)
		fault_set(fault, error, "%s", audit->report.why.text[0] != '\0' ? audit->report.why.text : error_reason(error));
	close_audit(audit);
	return error;
}
