/* indsigt recover: a new guard for a store of which enough witnesses say that it is not an old one. */
#include "ledger/keyfile.h"
#include "query/cosigned.h"
#include "tools/command.h"
#include "tools/cosign_check.h"
#include "tools/recover_mirrors.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct recover {
	const char *dir;
	int dir_fd;
	int lock_fd;
	struct archive *archive;
	struct snapshot *snapshot;
	struct witness_policy *policy; /* NULL: there is none */
	struct recover_mirrors mirrors;
};

static void snapshot_release(struct snapshot **snapshot)
{
	snapshot_end(*snapshot);
}

static void recover_close(struct recover *recover)
{
	free(recover->policy);
	snapshot_end(recover->snapshot);
	archive_close(recover->archive);
	if (recover->lock_fd >= 0)
		close(recover->lock_fd);
	if (recover->dir_fd >= 0)
		close(recover->dir_fd);
}

/* Nobody else may use the store meanwhile. */
static enum error take_lock(struct recover *recover, struct fault *fault)
{
	recover->dir_fd = open(recover->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (recover->dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s is not a ledger: %s", recover->dir, strerror(errno));
	recover->lock_fd = openat(recover->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (recover->lock_fd < 0)
		return fault_set(fault, E_IO, "%s/lock cannot be opened: %s", recover->dir, strerror(errno));
	if (flock(recover->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return fault_set(fault, E_LOCKED, "");
	return E_OK;
}

/* A guard with the log's signature is right, whatever the store is. `fits`: there is nothing to recover; with neither
 * that nor an error it is lost or damaged. */
static enum error check_guard(const struct recover *recover, bool *fits, struct fault *fault)
{
	__attribute__((cleanup(snapshot_release))) struct snapshot *snapshot = NULL;
	struct checkpoint guard;
	uint8_t *note = NULL;
	size_t len = 0;
	*fits = false;
	enum error error = file_read_all(recover->dir_fd, "guard", NOTE_BYTES_MAX, &note, &len);
	if (error == E_OK)
		error = checkpoint_verify(bytes_of(note, len), archive_vkey(recover->archive), &guard);
	if (error == E_OK) {
		TRY(snapshot_begin(recover->archive, &snapshot, fault));
		*fits = snapshot_rest_on(snapshot, bytes_of(note, len)) == E_OK;
		error = *fits ? E_OK
					  : fault_set(fault, E_GUARD,
							"the guard has the log's signature over %" PRIu64 " entries, which this store does not "
							"extend: it is an older store, or another; see 'indsigt help recovery'",
							guard.size);
	} else {
		error = E_OK;
	}
	free(note);
	return error;
}

/* Every witness that answers must be content, and they must be enough. */
static enum error ask_witnesses(const struct recover *recover, struct fault *fault)
{
	struct cosign_check check;
	struct quorum quorum;
	if (recover->policy == NULL)
		return E_OK;
	TRY(cosign_check(recover->archive, recover->dir, recover->policy, &check, fault));
	witness_policy_judge(recover->policy, check.times, &quorum);
	if (recover->policy->none || !quorum.reached)
		return fault_set(fault, E_GUARD,
			"%" PRIu32 " of %" PRIu32
			" witnesses say that the store extends what they have seen, which is not enough for "
			"the policy; try again when more of them can be reached",
			check.answered, recover->policy->witness_count);
	return E_OK;
}

static enum error read_policy(struct recover *recover, struct fault *fault)
{
	enum error error = cosigned_policy(recover->dir_fd, archive_vkey(recover->archive), &recover->policy, fault);
	if (error != E_NOT_FOUND)
		return error;
	if (recover->mirrors.count == 0)
		return fault_set(fault, E_NOT_FOUND,
			"there are no witnesses (%s/witnesses) to ask; name mirrors of the log with --mirror", recover->dir);
	return E_OK;
}

/* Nothing that anybody has goes beyond the store: it is the newest there is, as far as anybody knows. */
static enum error write_guard(const struct recover *recover, struct fault *fault)
{
	struct checkpoint checkpoint;
	struct bytes note;
	snapshot_checkpoint(recover->snapshot, &checkpoint, &note);
	if (recover->policy == NULL && recover->mirrors.answered == 0)
		return fault_set(fault, E_GUARD, "no mirror could be asked, and there are no witnesses; try again later");
	if (file_write_atomic(recover->dir_fd, "guard", note, 0644) != E_OK)
		return fault_set(fault, E_IO, "the guard cannot be written: %s", strerror(errno));
	printf("the store extends what the %s seen; a new guard over %" PRIu64 " entries is written\n",
		recover->policy != NULL ? "witnesses have" : "mirrors have", checkpoint.size);
	return E_OK;
}

static enum error recover_run(struct recover *recover, struct fault *fault)
{
	bool fits;
	TRY(take_lock(recover, fault));
	TRY(archive_open(recover->dir, false, &recover->archive, fault));
	TRY(snapshot_begin(recover->archive, &recover->snapshot, fault));
	recover->mirrors.dir = recover->dir;
	recover->mirrors.archive = recover->archive;
	/* The mirrors first: where the store is the older one, they say what is missing. */
	TRY(recover_ask_mirrors(&recover->mirrors, fault));
	TRY(check_guard(recover, &fits, fault));
	if (fits) {
		printf("the guard and the store fit; nothing is to be done\n");
		return E_OK;
	}
	TRY(read_policy(recover, fault));
	TRY(ask_witnesses(recover, fault));
	return write_guard(recover, fault);
}

static int run(int argc, char **argv)
{
	static const struct option known[] = {{"mirror", required_argument, NULL, 'm'}, {NULL, 0, NULL, 0}};
	__attribute__((cleanup(recover_close))) struct recover recover = {.dir_fd = -1, .lock_fd = -1};
	struct recover_mirrors *mirrors = &recover.mirrors;
	struct fault fault = {0};
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option != 'm')
			return command_usage(&command_recover, NULL);
		if (mirrors->count == RECOVER_MIRRORS_MAX) {
			fault_set(&fault, E_USAGE, "--mirror may be given %u times", RECOVER_MIRRORS_MAX);
			return command_usage(&command_recover, &fault);
		}
		mirrors->places[mirrors->count++] = optarg;
	}
	if (optind + 1 != argc)
		return command_usage(&command_recover, NULL);
	recover.dir = argv[optind];
	return command_end(&command_recover, recover_run(&recover, &fault), &fault);
}

const struct command command_recover = {
	.name = "recover",
	.arguments = "DIR [--mirror URL]...",
	.summary = "asks witnesses and mirrors what the log has signed; makes a new guard where that is right",
	.text =
		"For a ledger that is refused because of its guard. Asks the mirrors that are named, and the witnesses of\n"
		"DIR/witnesses, for the newest checkpoints that they have seen.\n"
		"\n"
		"  --mirror URL  a mirror, exported files or a directory of them; may be given more than once\n"
		"\n"
		"Where a mirror has more of the log than the store, all that it has is verified, and it is printed, by "
		"sender,\n"
		"what is missing here: that store is an old one, and nothing is done. Where the log has signed two histories "
		"the\n"
		"evidence goes to DIR/evidence. Where the guard was lost or damaged, and the store extends everything that\n"
		"anybody has seen (enough witnesses for the policy, or without a policy at least one mirror), a new guard is\n"
		"written. A guard with the log's signature is never replaced, and nothing is ever signed. What the log signed\n"
		"after that, only its senders know: they compare when they connect.\n"
		"\n"
		"'indsigt help recovery' says what else can be done.\n",
	.run = run,
};
