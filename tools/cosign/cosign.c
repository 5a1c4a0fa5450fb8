/* indsigt cosign: asks the witnesses of a ledger for cosignatures, for as long as it runs.
 *
 * A process of its own, started by `indsigt serve` where there is a policy file: it talks to machines of others, so it
 * has no key of the ledger; and it only reads the store, so however slow the witnesses are, ingest does not notice. It
 * looks for a newer checkpoint a few times a second. What it writes stands in query/cosigned/cosigned.h.
 *
 * Life of a round:
 *
 *   look: newest checkpoint ─► the newest that is on disk for certain ─► offered (cosigning.h says when)
 *   cosigning_next ─► proof from what the witness has ─► asked over HTTP, all at once
 *   an answer ─► judged ─► enough of them? ─► checkpoint file ─► state file, now and then
 *
 * What fails: a witness that cannot be asked counts as one that did not answer, and is asked again after a back-off. A
 * proof that cannot be made, or a file that cannot be written, ends the process: `serve` starts it again, and all that
 * was known comes back from the state file and from asking. One thing ends all: a witness that shows more than the
 * store holds, under the log's own signature. */
#include "ingest/net/asking.h"
#include "ledger/base/clock.h"
#include "ledger/base/lock.h"
#include "ledger/process/user.h"
#include "query/cosigned/cosigned.h"
#include "tools/command/command.h"
#include "tools/cosign/archive_door.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#define LOOK_MS 150u          /* between two looks for a newer checkpoint */
#define REFRESH_S_DEFAULT 60u /* the same checkpoint is cosigned again after this */
#define STATE_MS 1000u        /* the state file is written at most this often, unless a state changes */

struct seen {
	struct checkpoint checkpoint; /* size 0: none */
	size_t len;
	uint8_t note[NOTE_BYTES_MAX];
};

/* Invariant: `durable` is never larger than `newest`; -1 is a descriptor that is not open. */
struct cosign {
	const char *dir;
	const char *user; /* to go on as */
	uint32_t refresh_s;
	bool check_only;
	int dir_fd;
	int cosigned_fd;
	int signals;
	struct archive *archive;
	struct witness_policy *policy;
	struct cosigning *cosigning;
	struct web *asking;
	struct seen newest;  /* at the last look */
	struct seen durable; /* the newest that is known to be on disk */
	uint64_t state_ms;   /* when the state file was written */
	bool state_changed;  /* since then */
};

/* ---- asking ---- */

/* The request's body: the target, and the proof that it extends what the witness has. The snapshot is put under the
 * target itself, since a proof to a newer size would prove something that the witness is not asked about. */
static enum error write_request(struct cosign *cosign, struct snapshot *snapshot, uint64_t old_size, struct writer *out)
{
	struct witness_request request = {.old_size = old_size, .checkpoint = cosigning_target(cosign->cosigning)};
	struct merkle_proof proof;
	TRY(snapshot_rest_on(snapshot, request.checkpoint));
	TRY(snapshot_prove_consistency(snapshot, old_size, &proof));
	if (proof.count > WITNESS_PROOF_LINES_MAX)
		return E_TOO_LONG;
	request.proof_count = proof.count;
	memcpy(request.proof, proof.hashes, proof.count * sizeof *proof.hashes);
	return witness_request_write(&request, out);
}

/* A witness that claims to have seen more may lie; what it can show with the log's signature is no lie. Asked of all
 * witnesses, not of this one alone: what any of them can show decides. */
static enum error look_ahead(struct cosign *cosign, struct fault *fault)
{
	struct door_verdict verdict;
	return archive_door_ask(cosign->archive, cosign->dir_fd, cosign->policy, &verdict, fault);
}

/* What the ledger asks before it signs, without signing. */
static enum error check(struct cosign *cosign, struct fault *fault)
{
	struct door_verdict verdict;
	TRY(archive_door_ask(cosign->archive, cosign->dir_fd, cosign->policy, &verdict, fault));
	return door_enough(cosign->policy, &verdict, fault);
}

/* The store may have more by now than when the witness was asked, and has more than is offered (below, look). */
static enum error know_newest(struct cosign *cosign, struct fault *fault)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	TRY(snapshot_begin(cosign->archive, &snapshot, fault));
	cosigning_known(cosign->cosigning, snapshot_checkpoint(snapshot)->size);
	return E_OK;
}

/* Once for each change of state, so that a witness that is away for a week is two lines. */
static void tell_change(const char *name, const struct cosigner *witness)
{
	int64_t ahead_s = witness->clock_ahead_s;
	fprintf(stderr, "indsigt: %switness '%s' %s", cosigner_state_alarms(witness->state) ? "ALARM: " : "", name,
		cosigner_state_text(witness->state));
	if (ahead_s != 0)
		fprintf(stderr, ": its clock is %" PRIi64 " seconds %s this one", ahead_s > 0 ? ahead_s : -ahead_s,
			ahead_s > 0 ? "ahead of" : "behind");
	fputc('\n', stderr);
}

/* The state file is due at once when a state has changed, so that who looks at it after an alarm finds it there. */
static enum error take_answer(struct cosign *cosign, const struct asked *asked, struct fault *fault)
{
	const struct cosigner *witness = cosigning_witness(cosign->cosigning, asked->index);
	if (asked->status == 409) /* before anybody is told that a witness has seen too much */
		TRY(know_newest(cosign, fault));
	bool changed =
		cosigning_answer(cosign->cosigning, asked->index, asked->status, asked->body, clock_ms(), (uint64_t)time(NULL));
	if (changed)
		tell_change(cosign->policy->witnesses[asked->index].name, witness);
	cosign->state_changed = true;
	if (changed)
		cosign->state_ms = 0;
	bool ahead = changed && (witness->state == COSIGNER_AHEAD || witness->state == COSIGNER_FORK);
	return ahead ? look_ahead(cosign, fault) : E_OK;
}

/* A smaller one never replaces a larger one: the guard may be behind what is known to be on the disk. */
static void keep(struct seen *seen, const struct checkpoint *checkpoint, struct bytes note)
{
	if (checkpoint->size <= seen->checkpoint.size || note.len > sizeof seen->note)
		return;
	seen->checkpoint = *checkpoint;
	seen->len = note.len;
	memcpy(seen->note, note.data, note.len);
}

static void keep_guard(struct cosign *cosign, uint64_t size)
{
	struct checkpoint guard;
	uint8_t *note = NULL;
	size_t len = 0;
	if (file_read_all(cosign->dir_fd, "guard", NOTE_BYTES_MAX, &note, &len) == E_OK &&
		checkpoint_verify(bytes_of(note, len), archive_vkey(cosign->archive), &guard) == E_OK && guard.size <= size)
		keep(&cosign->durable, &guard, bytes_of(note, len));
	free(note);
}

/* A reader sees a commit a moment before its sync is over. A witness must not remember what a power cut could still
 * take back: that would look like an old store put back. A checkpoint is on disk for certain when a newer one is there
 * (the one writer has gone on), or when the guard has it (written after the commit, within a second). */
static void look(struct cosign *cosign, const struct checkpoint *checkpoint, struct bytes note)
{
	if (checkpoint->size > cosign->newest.checkpoint.size)
		keep(&cosign->durable, &cosign->newest.checkpoint, bytes_of(cosign->newest.note, cosign->newest.len));
	keep(&cosign->newest, checkpoint, note);
	if (cosign->durable.checkpoint.size < checkpoint->size)
		keep_guard(cosign, checkpoint->size);
	assert(cosign->durable.checkpoint.size <= cosign->newest.checkpoint.size);
}

/* Offers the log's newest durable checkpoint and asks everybody who is to be asked. A snapshot for each round: it pins
 * pages of the store, so it is not held while witnesses think. */
static enum error ask(struct cosign *cosign, struct fault *fault)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	struct epoch_place epoch;
	uint32_t index;
	uint64_t old_size, size;
	TRY(snapshot_begin(cosign->archive, &snapshot, fault));
	cosigning_known(cosign->cosigning, snapshot_checkpoint(snapshot)->size);
	look(cosign, snapshot_checkpoint(snapshot), snapshot_note(snapshot));
	const struct seen *durable = &cosign->durable;
	if (durable->checkpoint.size == 0)
		return E_OK;
	bool urgent = snapshot_epoch(snapshot, &epoch) == E_OK && epoch.index >= cosigning_target_size(cosign->cosigning);
	if (cosigning_offer(
			cosign->cosigning, &durable->checkpoint, bytes_of(durable->note, durable->len), urgent, clock_ms()) != E_OK)
		return fault_set(fault, E_CORRUPT, "the store's checkpoint cannot be read");
	while (cosigning_next(cosign->cosigning, clock_ms(), &index, &old_size, &size)) {
		uint8_t body[WITNESS_BODY_BYTES_MAX];
		struct writer w = writer_of(body, sizeof body);
		TRY(fault_because(fault, write_request(cosign, snapshot, old_size, &w), "no proof can be made for a witness"));
		if (asking_begin(cosign->asking, index, cosign->policy->witnesses[index].url, "/add-checkpoint",
				bytes_of(body, writer_len(&w))) != E_OK)
			TRY(take_answer(cosign, &(struct asked){.index = index}, fault));
	}
	return E_OK;
}

/* Also when the quorum is reached again for the same checkpoint: its time is newer, and that is what a reader wants to
 * know. */
static enum error write_note(struct cosign *cosign, struct fault *fault)
{
	uint8_t buffer[NOTE_BYTES_MAX];
	struct writer w = writer_of(buffer, sizeof buffer);
	struct quorum quorum;
	if (!cosigning_take(cosign->cosigning, &w, &quorum))
		return E_OK;
	return fault_because(fault,
		file_write_atomic(cosign->cosigned_fd, "checkpoint", bytes_of(buffer, writer_len(&w)), 0644),
		"%s/cosigned/checkpoint cannot be written", cosign->dir);
}

/* Not more than once a second while nothing changes: it is a file for people and for the next start. */
static enum error write_state(struct cosign *cosign, struct fault *fault)
{
	uint64_t now_ms = clock_ms();
	if (!cosign->state_changed || (cosign->state_ms != 0 && now_ms - cosign->state_ms < STATE_MS))
		return E_OK;
	cosign->state_changed = false;
	cosign->state_ms = now_ms;
	return fault_because(fault, cosigned_write_state(cosign->cosigned_fd, cosign->policy, cosign->cosigning),
		"%s/cosigned/state cannot be written", cosign->dir);
}

static bool stopped(const struct cosign *cosign)
{
	struct signalfd_siginfo info;
	return read(cosign->signals, &info, sizeof info) == (ssize_t)sizeof info;
}

/* The state is written a last time at the end, so that the next start begins where this one stopped. */
static enum error loop(struct cosign *cosign, struct fault *fault)
{
	while (!stopped(cosign)) {
		struct asked asked;
		TRY(ask(cosign, fault));
		uint64_t wait_ms = cosigning_wait_ms(cosign->cosigning, clock_ms(), LOOK_MS);
		enum error error = web_wait(cosign->asking, cosign->signals, (int)wait_ms);
		if (error != E_OK && error != E_CLOSED)
			return fault_set(fault, E_IO, "waiting for witnesses failed");
		while (asking_finished(cosign->asking, &asked)) {
			TRY(take_answer(cosign, &asked, fault));
			TRY(write_note(cosign, fault));
		}
		TRY(write_state(cosign, fault));
	}
	cosign->state_ms = 0;
	return write_state(cosign, fault);
}

/* ---- life ---- */

/* The lock is on the folder that it writes: two that ask for one ledger would take turns in replacing each other's
 * checkpoint. Who only checks writes nothing and needs none. */
static enum error open_places(struct cosign *cosign, struct fault *fault)
{
	cosign->dir_fd = open(cosign->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cosign->dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s is not a ledger: %m", cosign->dir);
	if (mkdirat(cosign->dir_fd, COSIGNED_DIR, 0755) != 0 && errno != EEXIST)
		return fault_set(fault, E_IO, "%s/cosigned cannot be made: %m", cosign->dir);
	cosign->cosigned_fd = openat(cosign->dir_fd, COSIGNED_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cosign->cosigned_fd < 0)
		return fault_set(fault, E_IO, "%s/cosigned cannot be opened: %m", cosign->dir);
	if (cosign->check_only)
		return E_OK;
	TRY(lock_dir(cosign->cosigned_fd, E_LOCKED, "", " asks the witnesses of this ledger", fault));
	file_remove_left(cosign->cosigned_fd, "checkpoint");
	file_remove_left(cosign->cosigned_fd, "state");
	return E_OK;
}

static enum error open_signals(struct cosign *cosign, struct fault *fault)
{
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	cosign->signals = sigprocmask(SIG_BLOCK, &mask, NULL) == 0 ? signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
	return cosign->signals >= 0 ? E_OK : fault_set(fault, E_IO, "signals cannot be received: %m");
}

static void cosign_close(struct cosign *cosign)
{
	web_close(cosign->asking);
	cosigning_free(cosign->cosigning);
	free(cosign->policy);
	archive_close(cosign->archive);
	own_close(&cosign->signals);
	own_close(&cosign->cosigned_fd);
	own_close(&cosign->dir_fd);
}

static enum error cosign_run(struct cosign *cosign, struct fault *fault)
{
	struct user user;
	TRY(user_find(cosign->user, NULL, &user, fault));
	TRY(user_become(&user, fault));
	TRY(archive_open(cosign->dir, false, &cosign->archive, fault));
	TRY(open_places(cosign, fault));
	TRY(door_policy(cosign->dir_fd, archive_vkey(cosign->archive), &cosign->policy, fault));
	TRY(open_signals(cosign, fault));
	if (cosigning_new(cosign->policy, cosign->refresh_s, &cosign->cosigning) != E_OK ||
		asking_open(cosign->policy->witness_count, &cosign->asking) != E_OK)
		return fault_set(fault, E_NO_MEMORY, "");
	if (cosign->check_only)
		return check(cosign, fault);
	cosigned_read_state(cosign->cosigned_fd, cosign->policy, cosign->cosigning);
	printf("listening none\n"); /* it accepts nothing; whoever started it sees that it is well */
	fflush(stdout);
	return loop(cosign, fault);
}

#define T struct cosign
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_FLAG(T, check_only, "check", .group = 1,
		.help = "only ask whether this store is the newest, as the ledger does before it signs: 6, it is an older one; "
				"4, too few witnesses answer"),
	OPTION_NUMBER(T, refresh_s, "refresh", "SECONDS", 1, 86400, .group = 1,
		.help = "have the same checkpoint cosigned again after this long, when nothing is new (60)"),
	WEB_CA_ROW(),
	OPTION_TEXT(T, user, "user", "NAME", .help = "as root: go on as this user for good"),
};

static int run(int argc, char **argv)
{
	OWNED(cosign_close)
	struct cosign cosign = {.refresh_s = REFRESH_S_DEFAULT, .dir_fd = -1, .cosigned_fd = -1, .signals = -1};
	struct fault fault = {0};
	int misread = command_read(&command_cosign, argc, argv, &cosign);
	if (misread != EXIT_DONE)
		return misread;
	enum error error = cosign_run(&cosign, &fault);
	int code = command_end(&command_cosign, error, &fault);
	return error == E_ROLLED_BACK ? EXIT_ROLLED_BACK : code;
}

const struct command command_cosign = {
	.options = {.name = "indsigt cosign",
		.summary = "asks the ledger's witnesses for cosignatures ('serve' runs it)",
		.text =
			"DIR/witnesses is the policy file, written by hand (C2SP tlog-policy): who the witnesses are, where they "
			"are, and how many of them are enough. For example:\n\n  witness w1 witness.example.org/w1+5e6f...+... "
			"https://witness.example.org\n  witness w2 other.example.net/w+7a8b...+... "
			"https://other.example.net/witness\n  group both all w1 w2\n  quorum both\n\n'indsigt serve' runs this "
			"where the file is. DIR/cosigned/checkpoint is the newest checkpoint that reached the quorum, "
			"DIR/cosigned/state says how each witness is doing. Runs until SIGTERM or Ctrl-C; a witness that is away "
			"is asked again, less and less often.\n\nWhen a witness shows more than the store holds, under the log's "
			"own signature, an old store was put back: it ends with exit code 6, and 'serve' then ends too.\n",
		OPTION_ROWS(rows)},
	.run = run,
};
