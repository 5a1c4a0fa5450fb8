/* indsigt recover: what the log has signed, by those who saw it; a new guard, or an old store brought up to that.
 *
 *   lock ─► guard, store, policy ─► with --mirror: guard, evidence, witnesses, mirrors; who has most?
 *        ─► a mirror has more ────► put back with --accept-loss, else E_ROLLED_BACK
 *        ─► no guard, or damaged ─► enough witnesses are content, or without a policy a mirror answered: a new guard
 *        ─► a start is tried, as every start goes
 *
 * A guard that the log has signed is never written over because a store does not extend it (E_GUARD): that is what it
 * is for. What could not be read, of guard or evidence, ends it before anything is changed: it might say more. */
#include "ingest/net/asking.h"
#include "ingest/net/web.h"
#include "ledger/base/evidence.h"
#include "ledger/store/place.h"
#include "ledger/write/ledger.h"
#include "query/cosigned/cosigned.h"
#include "tools/command/command.h"
#include "tools/cosign/archive_door.h"
#include "tools/recover/recover_mirrors.h"

#include <fcntl.h>
#include <inttypes.h>

/* Invariant: while `archive` is open `dir_fd` holds the ledger's lock, so that nobody writes what is judged. */
struct recover {
	const char *dir;
	int dir_fd;
	uint32_t place_count;
	const char *places[RECOVER_MIRRORS_MAX];
	bool accept_loss;
	struct vkey vkey;
	uint8_t *guard; /* owned; NULL: it is lost, or not signed by the log */
	size_t guard_len;
	struct archive *archive;       /* NULL: there is no store, or it is being written */
	struct witness_policy *policy; /* NULL: there is none */
	struct recover_mirrors *mirrors;
	bool changed; /* entries were put back, or a guard written */
	bool without_witnesses;
	uint32_t evidence_count;
	char **evidence; /* owned: files of checkpoints that the store did not extend once */
};

static void recover_close(struct recover *recover)
{
	for (uint32_t i = 0; i < recover->evidence_count; i++)
		free(recover->evidence[i]);
	free(recover->evidence);
	free(recover->policy);
	free(recover->guard);
	recover_mirrors_free(recover->mirrors);
	archive_close(recover->archive);
	own_close(&recover->dir_fd);
}

/* Nobody else may use the store meanwhile. Taken first: whatever runs on the directory is to be stopped by a person,
 * who may then do what it was stopped for in peace. */
static enum error take_lock(struct recover *recover, struct fault *fault)
{
	recover->dir_fd = open(recover->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (recover->dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s is not a ledger: %m", recover->dir);
	return ledger_lock(recover->dir_fd, fault);
}

/* A guard with the log's signature is right, whatever the store is. Without that it is lost or damaged; one that the
 * disk does not give may be whole. */
static enum error read_guard(struct recover *recover, struct fault *fault)
{
	struct checkpoint checkpoint;
	TRY(place_read_vkey(recover->dir, &recover->vkey, fault));
	enum error error = file_read_all(recover->dir_fd, "guard", NOTE_BYTES_MAX, &recover->guard, &recover->guard_len);
	if (error == E_IO || error == E_NO_MEMORY)
		return fault_set(fault, error,
			"the guard cannot be read: %s; try again, and remove it only if it can never be read any more",
			error_reason(error));
	if (error != E_OK)
		return E_OK;
	if (checkpoint_verify(bytes_of(recover->guard, recover->guard_len), &recover->vkey, &checkpoint) != E_OK) {
		free(recover->guard);
		recover->guard = NULL;
		recover->guard_len = 0;
	}
	return E_OK;
}

/* `fits`: there is a guard, and the store extends it. */
static enum error check_guard(const struct recover *recover, bool *fits, struct fault *fault)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	*fits = false;
	if (recover->guard == NULL)
		return E_OK;
	TRY(snapshot_begin(recover->archive, &snapshot, fault));
	*fits = snapshot_rest_on(snapshot, bytes_of(recover->guard, recover->guard_len)) == E_OK;
	return *fits ? E_OK
				 : fault_set(fault, E_GUARD,
					   "the guard has the log's signature over what this store does not extend: it is an older store, "
					   "or another; see 'indsigt help recovery'");
}

/* The guard is gone: every witness that answers must be content, and they must be enough. */
static enum error ask_witnesses(const struct recover *recover, struct fault *fault)
{
	struct door_verdict check;
	struct quorum quorum;
	if (recover->policy == NULL)
		return E_OK;
	TRY(archive_door_ask(recover->archive, recover->dir_fd, recover->policy, &check, fault));
	witness_policy_judge(recover->policy, check.times, &quorum);
	if (recover->policy->none || !quorum.reached)
		return fault_set(fault, E_GUARD,
			"%" PRIu32 " of %" PRIu32
			" witnesses say that the store extends what they have seen, which is not enough for "
			"the policy; try again when more of them can be reached",
			check.answered, recover->policy->witness_count);
	return E_OK;
}

/* A witness that shows nothing is told and not counted: it may have nothing, or be away. */
static enum error witness_shows(void *context, const struct door_answer *answer, struct fault *fault)
{
	const struct recover *recover = context;
	const char *name = recover->policy->witnesses[answer->witness].name;
	if (!answer->came)
		fprintf(stderr, "recover: witness '%s' is not counted: %s\n", name, answer->why);
	return answer->note.len > 0 ? recover_mirrors_show(recover->mirrors, name, answer->note, fault) : E_OK;
}

/* What a sender or a witness has shown before. The name is kept for as long as it may be told who has shown what. */
static enum error show_evidence(struct recover *recover, int fd, const char *name, struct fault *fault)
{
	OWNED_MEMORY uint8_t *note = NULL;
	size_t len = 0;
	char **larger = realloc(recover->evidence, (recover->evidence_count + 1) * sizeof *larger);
	TRY(fault_set(fault, allocated(larger), ""));
	recover->evidence = larger;
	if (asprintf(&larger[recover->evidence_count], "evidence/%s", name) < 0)
		return fault_set(fault, E_NO_MEMORY, "");
	const char *who = larger[recover->evidence_count++];
	TRY(fault_because(fault, file_read_all(fd, name, NOTE_BYTES_MAX, &note, &len), "%s cannot be read", who));
	return recover_mirrors_show(recover->mirrors, who, bytes_of(note, len), fault);
}

/* What was shown once binds for ever, also where whoever showed it is away today. */
static enum error show_all_evidence(struct recover *recover, struct fault *fault)
{
	OWNED_DIR *files = file_list(recover->dir_fd, EVIDENCE_FOLDER);
	if (files == NULL)
		return errno == ENOENT ? E_OK : fault_set(fault, E_IO, "DIR/evidence cannot be read: %m");
	for (const char *name; (name = file_list_next(files)) != NULL;)
		if (strncmp(name, DOOR_SHOWN_BY_SENDER, strlen(DOOR_SHOWN_BY_SENDER)) == 0 ||
			strncmp(name, DOOR_SHOWN_BY_WITNESS, strlen(DOOR_SHOWN_BY_WITNESS)) == 0)
			TRY(show_evidence(recover, dirfd(files), name, fault));
	return errno == 0 ? E_OK : fault_set(fault, E_IO, "DIR/evidence cannot be listed: %m");
}

/* Whoever has seen the log, before anything is judged. All are asked before any is judged, so that the order of asking
 * decides nothing. */
static enum error ask_everybody(struct recover *recover, bool *newer, struct fault *fault)
{
	TRY(recover_mirrors_new(
		recover->dir, &recover->vkey, recover->places, recover->place_count, &recover->mirrors, fault));
	*newer = false;
	if (recover->place_count == 0)
		return E_OK;
	if (recover->guard != NULL)
		TRY(recover_mirrors_show(recover->mirrors, "the guard", bytes_of(recover->guard, recover->guard_len), fault));
	TRY(show_all_evidence(recover, fault));
	if (recover->policy != NULL)
		TRY(asking_all(recover->vkey.name, recover->policy, witness_shows, recover, fault));
	return recover_mirrors_ask(recover->mirrors, recover->archive, newer, fault);
}

/* Nothing that anybody has goes beyond the store: it is the newest there is, as far as anybody knows. Where neither
 * witnesses nor mirrors have answered nobody has said that this store is the newest. */
static enum error write_guard(struct recover *recover, struct fault *fault)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	TRY(snapshot_begin(recover->archive, &snapshot, fault));
	if (recover->policy == NULL && recover_mirrors_answered(recover->mirrors) == 0)
		return fault_set(fault, E_GUARD, "no mirror could be asked, and there are no witnesses; try again later");
	if (file_write_atomic(recover->dir_fd, "guard", snapshot_note(snapshot), 0644) != E_OK)
		return fault_set(fault, E_IO, "the guard cannot be written: %m");
	recover->changed = true;
	printf("the store extends what the %s seen; a new guard over %" PRIu64 " entries is written\n",
		recover->policy != NULL ? "witnesses have" : "mirrors have", snapshot_checkpoint(snapshot)->size);
	return E_OK;
}

/* A mirror has more than the store. LMDB lets a process open a store once: it is closed for reading meanwhile. What is
 * missing was printed by sender before; this says what is done about it. */
static enum error put_back(struct recover *recover, struct fault *fault)
{
	const char *place;
	uint64_t size = recover_mirrors_size(recover->mirrors, &place);
	uint64_t missing = recover_mirrors_missing(recover->mirrors);
	if (!recover->accept_loss)
		return fault_set(fault, E_ROLLED_BACK,
			"the log has signed %" PRIu64 " entries, which %s has and are in order, and the store is older: %" PRIu64
			" events are missing here, and nothing is done; see 'indsigt help recovery' for what --accept-loss does",
			size, place, missing);
	archive_close(recover->archive);
	recover->archive = NULL;
	TRY(recover_mirrors_restore(recover->mirrors, fault));
	recover->changed = true;
	printf("put back: the store has the %" PRIu64 " entries that the log has signed; what %" PRIu64
		   " events were about is lost, and the log will say so\n",
		size, missing);
	return archive_open(recover->dir, false, &recover->archive, fault);
}

/* A store without a state is none: one that was to be put back, when that did not come to its end. A store that was to
 * be put back and is not finished has no state, and counts as none. */
static enum error open_archive(struct recover *recover, struct fault *fault)
{
	struct fault why = {.text = ""};
	char path[4096];
	snprintf(path, sizeof path, "%s/store/data.mdb", recover->dir);
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return E_OK;
	TRY(archive_open(recover->dir, false, &recover->archive, fault));
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	if (snapshot_begin(recover->archive, &snapshot, &why) != E_NOT_FOUND)
		return E_OK;
	archive_close(recover->archive);
	recover->archive = NULL;
	return E_OK;
}

/* What comes of it, by the way that every start takes: nobody else may look meanwhile, so the lock is let go for it.
 * Nothing is signed by it: it only shows that the next start will come off. */
static enum error try_start(struct recover *recover, struct fault *fault)
{
	const struct door_asker asker = asking_means(recover->without_witnesses);
	struct ledger *ledger = NULL;
	struct fault why = {.text = ""};
	archive_close(recover->archive);
	recover->archive = NULL;
	own_close_now(&recover->dir_fd);
	TRY(fault_set(fault, ledger_open(recover->dir, &asker, &ledger, &why),
		"the guard and the store fit, but the ledger cannot be started: %s", why.text));
	ledger_close(ledger);
	printf("the guard and the store fit; %s\n",
		recover->changed ? "the ledger can be started" : "nothing is to be done, and the ledger can be started");
	return E_OK;
}

/* The guard decides where it is whole; only without it are others asked. */
static enum error check_store(struct recover *recover, struct fault *fault)
{
	bool fits;
	TRY(check_guard(recover, &fits, fault));
	if (fits)
		return E_OK;
	if (recover->policy == NULL && recover->place_count == 0)
		return fault_set(fault, E_NOT_FOUND,
			"there are no witnesses (%s/witnesses) to ask; name mirrors of the log with --mirror", recover->dir);
	TRY(ask_witnesses(recover, fault));
	return write_guard(recover, fault);
}

/* Each step ends it with a sentence that says what to do next; what was changed by then is said by `changed`. */
static enum error bring_back(struct recover *recover, struct fault *fault)
{
	bool newer;
	TRY(take_lock(recover, fault));
	TRY(read_guard(recover, fault));
	TRY(open_archive(recover, fault));
	if (recover->archive == NULL && recover->place_count == 0)
		return fault_set(fault, E_NOT_FOUND,
			"%s has no store; name mirrors of the log with --mirror, which may have the public part of it",
			recover->dir);
	/* Without a policy mirrors may still answer; with one that cannot be read nothing is guessed. */
	enum error error = door_policy(recover->dir_fd, &recover->vkey, &recover->policy, fault);
	TRY(error == E_NOT_FOUND ? E_OK : error);
	TRY(ask_everybody(recover, &newer, fault));
	if (newer)
		TRY(put_back(recover, fault));
	TRY(check_store(recover, fault));
	return try_start(recover, fault);
}

/* The places are borrowed from the command line. */
static enum error take_mirror(void *out, const char *place, struct fault *fault)
{
	struct recover *recover = out;
	if (recover->place_count == RECOVER_MIRRORS_MAX)
		return fault_set(fault, E_USAGE, "--mirror may be given %u times", RECOVER_MIRRORS_MAX);
	recover->places[recover->place_count++] = place;
	return E_OK;
}

#define T struct recover
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TAKEN(take_mirror, "mirror", "URL", .repeats = true,
		.help = "a mirror, exported files or a directory of them; may be given more than once"),
	WEB_CA_ROW(),
	OPTION_FLAG(T, accept_loss, "accept-loss", .wants = "mirror",
		.help = "where the store is an old one: put the entries that it lacks back from the mirror that has most. What "
				"these events were about is lost for good"),
	OPTION_FLAG(T, without_witnesses, "without-witnesses",
		.help = "say that the ledger can be started although too few witnesses answer"),
};

static enum error recover(void *given, struct fault *fault)
{
	enum error error = bring_back(given, fault);
	recover_close(given);
	return error;
}

const struct command command_recover = {
	.options = {.name = "indsigt recover",
		.summary = "the way out when the guard refuses a store: asks witnesses and mirrors, puts back what can be had",
		.text = "For a ledger that is refused because of its guard. Asks the mirrors that are named, and the witnesses "
				"of DIR/witnesses, for the newest checkpoints that they have seen. The ledger must not be running.\n",
		OPTION_ROWS(rows),
		.after = "Where a mirror has more of the log than the store, all that it has is verified, and it is printed, "
				 "by sender, what is missing here: that store is an old one. Without --accept-loss nothing is done "
				 "then. Where the log has signed two histories the evidence goes to DIR/evidence. Where the guard was "
				 "lost or damaged, and the store extends everything that anybody has seen (enough witnesses for the "
				 "policy, or without a policy at least one mirror), a new guard is written. A guard with the log's "
				 "signature is never replaced, and nothing is ever signed. Where the key environment (keys/env) is "
				 "gone as well as the store, an empty one is made. At the end the ledger is opened as every start "
				 "opens it, and what stands in the way is said. What the log signed after that, only its senders know: "
				 "they compare when they connect.\n\n'indsigt help recovery' says what else can be done.\n"},
	.work = recover,
	COMMAND_GIVEN(struct recover, .dir_fd = -1),
	.replaces_store = true,
};
