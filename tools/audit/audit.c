/* indsigt audit: verifies everything that a directory holds, as far as the rights allow.
 *
 * LMDB does not check its pages, so a damaged store can crash, or even hang, whoever walks it. The walk is therefore
 * made by a child process, and its death is a finding like any other: the child keeps how far it has come in memory
 * that both share, and the parent, which never touches the store, says which was the last index that held. */
#include "ledger/audit/audit.h"
#include "ingest/net/web.h"
#include "ledger/base/file.h"
#include "ledger/db/db.h"
#include "ledger/db/db_file.h"
#include "ledger/jobs/jobs.h"
#include "tools/audit/audit_note.h"
#include "tools/audit/audit_print.h"
#include "tools/audit/audit_tiles.h"
#include "tools/command/command.h"
#include "tools/show/progress.h"
#include "tools/show/vkey_option.h"

#include <inttypes.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define WAKE_MS 100
#define STALL_MS 120000 /* a slow disk reads a bundle in far less, a loop in damaged pages never ends */

/* Written by the child, read by the parent. Invariant: the parent reads `error`, `result` and `fault` only after it has
 * seen `finished`, which the child sets last; so what a dying child has half written is never read. */
struct report {
	uint64_t done; /* entries that hold */
	uint64_t total;
	uint64_t steps; /* moves as long as the child does */
	bool finished;  /* `error` and `result` are there */
	enum error error;
	struct audit_result result;
	struct fault fault;
};

struct audit_request {
	const char *place; /* a ledger's directory; or where its tiles are */
	bool tiles;
	struct vkey vkey;
	bool labels;
	uint64_t jobs;                /* 0: not said */
	const char *sign;             /* the auditor's key file, or NULL */
	const char *auditor;          /* the name that a new one gets */
	const struct signer_key *key; /* from that file, or NULL */
	const char *from;             /* tiles only, as in audit_tiles.h */
	const char *save;
	bool json;
};

/* ---- child ---- */

/* Relaxed: the numbers are for a person who waits, and for seeing that it moves. */
static void note_progress(void *context, uint64_t done, uint64_t total)
{
	struct report *report = context;
	__atomic_store_n(&report->done, done, __ATOMIC_RELAXED);
	__atomic_store_n(&report->total, total, __ATOMIC_RELAXED);
	__atomic_fetch_add(&report->steps, 1, __ATOMIC_RELAXED);
}

/* Without the keys the public part is audited, and it is said what was not. */
static bool readable(const char *dir, const char *name)
{
	char path[PATH_BYTES_MAX];
	return file_path(dir, name, path) == E_OK && access(path, R_OK) == 0;
}

/* A page that the file does not have is a finding, and the fault comes again and ends the process. One that is there
 * and cannot be read is none. */
static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (!db_file_fault(info))
		_exit(EXIT_NOT_LOOKED);
	(void)signal(number, SIG_DFL);
}

static _Noreturn void walk(const struct audit_request *request, struct report *report, pid_t parent)
{
	const struct sigaction faults = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	const struct rlimit no_core = {0, 0}; /* opened records stay in memory only, also when this crashes */
	struct audit_options options = {.records = readable(request->place, "keys/master"),
		.labels = request->labels,
		.jobs = (unsigned)request->jobs,
		.progress = note_progress,
		.context = report};
	if (sigaction(SIGBUS, &faults, NULL) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0 ||
		prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(EXIT_USAGE);
	if (!options.records && request->labels) {
		fault_set(
			&report->fault, E_PERMISSION, "the labels are not readable here: --labels takes the ledger's key files");
		report->error = E_PERMISSION;
		__atomic_store_n(&report->finished, true, __ATOMIC_RELEASE);
		_exit(EXIT_DONE);
	}
	if (!options.records && readable(request->place, "vkey"))
		fprintf(stderr, "indsigt: the keys are not readable here: the sealed records are not opened\n");
	report->error = audit_directory(request->place, &request->vkey, &options, &report->result, &report->fault);
	if (db_was_replaced())
		report->error = fault_set(&report->fault, E_REPLACED, "");
	__atomic_store_n(&report->finished, true, __ATOMIC_RELEASE);
	_exit(EXIT_DONE);
}

/* ---- parent ---- */

/* Until the child lets go of its end of the pipe; false when it does not move any more. `steps` moves also where no
 * entry is finished, so that a long one is no standstill. */
static bool watch(int alive_fd, const struct report *report)
{
	struct progress progress;
	struct pollfd poll_fd = {.fd = alive_fd};
	uint64_t steps = 0;
	unsigned still_ms = 0;
	progress_start(&progress, "entries");
	for (int ready = 0; ready == 0 || (ready < 0 && errno == EINTR); ready = poll(&poll_fd, 1, WAKE_MS)) {
		uint64_t now = __atomic_load_n(&report->steps, __ATOMIC_RELAXED);
		still_ms = now == steps ? still_ms + WAKE_MS : 0;
		steps = now;
		if (still_ms >= STALL_MS)
			break;
		progress_update(&progress, __atomic_load_n(&report->done, __ATOMIC_RELAXED),
			__atomic_load_n(&report->total, __ATOMIC_RELAXED));
	}
	progress_clear(&progress);
	return still_ms < STALL_MS;
}

/* What damaged pages do to whoever walks them. Everything else that ends it comes from outside. */
static bool is_crash(int status)
{
	if (!WIFSIGNALED(status))
		return false;
	int number = WTERMSIG(status);
	return number == SIGSEGV || number == SIGBUS || number == SIGABRT || number == SIGFPE || number == SIGILL;
}

/* The child ended without a result: the last index that held, and what became of it. What was found until then stands:
 * entries that held, held. */
static enum error judge_death(
	int status, bool stalled, const struct report *report, struct audit_result *out, struct fault *fault)
{
	*out = (struct audit_result){.index = report->done > 0 ? report->done - 1 : 0};
	const char *last = report->done > 0 ? "this entry is the last that held" : "no entry was reached";
	if (stalled)
		snprintf(out->reason, sizeof out->reason, "%s: reading on does not come to an end, pages are damaged", last);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_LOOKED)
		return fault_set(fault, E_IO,
			"a page of the store cannot be read, its disk or the memory fails; %" PRIu64 " entries held until then",
			report->done);
	else if (is_crash(status))
		snprintf(out->reason, sizeof out->reason, "%s: reading on crashes (%s), pages are damaged", last,
			strsignal(WTERMSIG(status)));
	else if (WIFSIGNALED(status))
		return fault_set(fault, E_STOPPED, "the audit was ended from outside (%s) after %" PRIu64 " entries",
			strsignal(WTERMSIG(status)), report->done);
	else
		return fault_set(fault, E_STOPPED, "the audit's process ended after %" PRIu64 " entries", report->done);
	return E_OK;
}

/* A child that dies over files that somebody took away says nothing about the log. */
static const char *const environments[2] = {"store", "keys/env"};

/* Before the child begins, so that a store that is replaced while it runs is noticed. */
static void identify(const char *dir, struct db_identity out[2])
{
	char path[PATH_BYTES_MAX];
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, environments[i]);
		db_file_identity(path, &out[i]);
	}
}

static bool same_files(const char *dir, const struct db_identity before[2])
{
	char path[PATH_BYTES_MAX];
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, environments[i]);
		/* lock.mdb is made by who opens it first */
		if (before[i].inode[1] != 0 && !db_file_same(path, &before[i]))
			return false;
	}
	return true;
}

/* The pipe's only use is its end: when the child is gone, whatever took it, the parent's poll returns. */
static enum error audit_in_child(
	const struct audit_request *request, struct report *report, struct audit_result *out, struct fault *fault)
{
	int alive[2];
	int status = 0;
	struct db_identity before[2];
	pid_t parent = getpid();
	identify(request->place, before);
	if (pipe(alive) != 0)
		return fault_set(fault, E_IO, "a pipe cannot be made: %m");
	pid_t child = fork();
	if (child == 0) {
		close(alive[0]);
		walk(request, report, parent);
	}
	close(alive[1]);
	if (child < 0) {
		close(alive[0]);
		return fault_set(fault, E_IO, "a process cannot be started: %m");
	}
	bool moving = watch(alive[0], report);
	close(alive[0]);
	if (!moving)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!__atomic_load_n(&report->finished, __ATOMIC_ACQUIRE)) {
		return same_files(request->place, before) ? judge_death(status, !moving, report, out, fault)
												  : fault_set(fault, E_REPLACED, "");
	}
	if (report->error != E_OK)
		return fault_set(fault, report->error, "%s", report->fault.text);
	*out = report->result;
	return E_OK;
}

/* ---- command ---- */

static enum error audit_dir(const struct audit_request *request, struct audit_result *out, struct fault *fault)
{
	struct audit_request alone = *request;
	struct report *report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	alone.jobs = 1;
	if (report == MAP_FAILED)
		return fault_set(fault, E_NO_MEMORY, "");
	enum error error = audit_in_child(request, report, out, fault);
	if (error == E_OK && !report->finished && request->jobs > 1) {
		*report = (struct report){.done = 0};
		error = audit_in_child(&alone, report, out, fault);
	}
	munmap(report, sizeof *report);
	return error;
}

/* A note is made and printed before the line, which is the last thing that is written: whoever reads only that has the
 * result. */
static enum error audit(const struct audit_request *request, struct audit_result *out, struct fault *fault)
{
	const struct audit_tiles of_tiles = {.place = request->place,
		.vkey = &request->vkey,
		.from = request->from,
		.jobs = (unsigned)request->jobs,
		.save = request->save};
	enum audit_scope scope = request->tiles ? AUDIT_TILES : request->labels ? AUDIT_LABELS : AUDIT_DIRECTORY;
	enum error error = request->tiles ? audit_tiles(&of_tiles, out, fault) : audit_dir(request, out, fault);
	if (error != E_OK) { /* could not be made: that is no result, but the last line is there all the same */
		*out = (struct audit_result){.ok = false};
		snprintf(out->reason, sizeof out->reason, "%s", fault->text[0] != '\0' ? fault->text : error_reason(error));
	}
	/* The result is the last line. */
	enum error signed_note = E_OK;
	if (error == E_OK && out->ok && request->key != NULL)
		signed_note = audit_note_write(request->place, &request->vkey, out, request->key, fault);
	enum error printed = audit_print(out, error, scope, request->json);
	if (error != E_OK)
		return error;
	return signed_note != E_OK ? signed_note : printed;
}

#define T struct audit_request
#define OF_LEDGER FORM(0)
#define OF_TILES FORM(1)
static const struct option_row rows[] = {
	ARGUMENT(T, place, "DIR", .forms = OF_LEDGER),
	ARGUMENT(T, place, "URL", .forms = OF_TILES),
	OPTION_VKEY(T, vkey, .required = REQUIRED,
		.help = "whose log it must be: the key that you were given, not the one that lies in DIR"),
	OPTION_FLAG(T, labels, "labels", .forms = OF_LEDGER,
		.help = "as an accredited auditor: computes every subject's tree, the subject map and the filing tree of every "
				"epoch again from the labels, and finds events filed under nobody, twice, in the wrong order or late"),
	OPTION_TEXT(T, sign, "sign", "F", .forms = OF_LEDGER, .wants = "labels",
		.help = "with --labels: signs what was recomputed with the auditor's key in F; the note goes to stdout and to "
				"DIR/audits/, from where it goes into statements. F is made if it is not there, for --auditor NAME"),
	OPTION_TEXT(T, auditor, "auditor", "NAME", .forms = OF_LEDGER, .wants = "sign",
		.help = "with --sign: the name under which a new key is made"),
	WEB_CA_ROW(.forms = OF_TILES),
	OPTION_TEXT(T, save, "save", "F", .forms = OF_TILES,
		.help = "with a URL: writes down in F where the audit stands, now and then and at the end"),
	OPTION_TEXT(T, from, "from", "F", .forms = OF_TILES,
		.help = "with a URL: goes on from what --save wrote, so that only what is new is read; or, with a signed "
				"checkpoint in F, reads everything and checks that it extends that checkpoint"),
	OPTION_NUMBER(T, jobs, "jobs", "N", 1, JOBS_WORKERS_MAX,
		.help = "threads (as many as there are processors); what is found does not depend on it"),
	OPTION_FLAG(T, json, "json", .help = "the result as one JSON object"),
};

/* What the place is, and what is asked of it. What belongs to the one kind of place is refused for the other, and not
 * ignored. */
static enum error check_request(struct audit_request *request, struct fault *fault)
{
	request->tiles = audit_tiles_place(request->place);
	if (request->jobs == 0)
		request->jobs = jobs_processors();
	if (request->tiles && request->labels)
		return fault_set(fault, E_USAGE, "--labels is for a ledger's directory: labels are not published");
	if (!request->tiles && (request->from != NULL || request->save != NULL))
		return fault_set(fault, E_USAGE, "--from and --save are for a URL: a directory is audited as it is");
	return E_OK;
}

static int run(int argc, char **argv)
{
	struct audit_request request = {.json = false};
	struct audit_result result;
	struct fault fault = {.text = ""};
	OWNED(signer_key_wipe) struct signer_key key = {.name = ""};
	int misread = command_read(&command_audit, argc, argv, &request);
	if (misread != EXIT_DONE)
		return misread;
	enum error error = check_request(&request, &fault);
	if (error == E_OK && request.sign != NULL) {
		error = audit_note_key(request.sign, request.auditor, &key, &fault);
		request.key = &key;
	}
	if (error != E_OK)
		return command_end(&command_audit, error, &fault);
	error = audit(&request, &result, &fault);
	if (error == E_OK)
		return result.ok ? EXIT_DONE : EXIT_REFUSED;
	if (result.ok) /* the note is signed, or printed, after that */
		return command_end(&command_audit, error, &fault);
	/* The last line has said why. Whatever kept the audit from being made, it is not the log's. */
	return error_exit(error) == EXIT_WRONG_KEY ? EXIT_WRONG_KEY : EXIT_NOT_LOOKED;
}

const struct command command_audit = {
	.options = {.name = "indsigt audit",
		.summary = "verifies everything that a ledger holds, or publishes",
		.text = "Computes the whole log again from its entries: every hash of the tree, the root under the signed "
				"checkpoint, every batch's signature, dense sequences, time that never runs backwards. Where the key "
				"files are readable it also opens every sealed record and checks that it is what was committed to, and "
				"that it is filed under its subject. The ledger may be served meanwhile.\n\nGiven a URL (or a "
				"directory of tiles, as 'indsigt export' writes it) it needs nobody's leave: it downloads all tiles "
				"and entries and checks the same of them. No entry holds personal data.\n",
		OPTION_ROWS(rows),
		.after =
			"'unendorsed' counts sender entries without the signatures they should have, 'unchecked' the senders that "
			"report and do not say that they check how their events are filed, 'lagging' those that say it, but leave "
			"out events older than a day before their newest batch; 'unclaimed' counts the events that no sender says "
			"to have checked.\n\nThe last line is 'audit: ok entries=N events=M ...' (exit 0), or 'audit: FAILED "
			"[epoch=E] index=I REASON' (exit 1) with the first index that does not hold, or, where the pages of the "
			"store are broken, the last that did. Two signed checkpoints that do not fit together are evidence of a "
			"fork, which is kept in a file for 'indsigt verify'. Where it could not be looked at (network, rights, "
			"memory, disk, nothing there) the line is 'audit: NOT LOOKED REASON' (exit 4), for another log than the "
			"key's 'audit: WRONG KEY REASON' (exit 5): these say nothing about the log.\n"},
	.run = run,
};
