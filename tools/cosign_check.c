#include "tools/cosign_check.h"

#include "ledger/keyfile.h"
#include "ledger/witness_request.h"
#include "tools/cosign_http.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void snapshot_release(struct snapshot **snapshot)
{
	snapshot_end(*snapshot);
}

static void asking_release(struct asking **asking)
{
	asking_close(*asking);
}

/* The note is what shows anybody that the log has signed this. */
static bool keep_evidence(const char *dir, uint64_t size, struct bytes note)
{
	char path[4096], name[64];
	snprintf(path, sizeof path, "%s/evidence", dir);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return false;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	snprintf(name, sizeof name, "witness-%" PRIu64, size);
	enum error error = file_write_atomic(fd, name, note, 0644);
	close(fd);
	return error == E_OK;
}

struct judging {
	struct archive *archive;
	const char *dir;
	const struct witness_policy *policy;
	struct cosign_check *out;
};

/* A note of this log must be one that the store extends. */
static enum error judge(void *context, uint32_t index, struct bytes note, struct fault *fault)
{
	const struct judging *judging = context;
	const struct witness_policy *policy = judging->policy;
	struct archive *archive = judging->archive;
	struct cosign_check *out = judging->out;
	const char *witness = policy->witnesses[index].name;
	__attribute__((cleanup(snapshot_release))) struct snapshot *snapshot = NULL;
	struct checkpoint own, shown;
	struct bytes own_note;
	struct note parts;
	uint64_t time_s;
	if (checkpoint_verify(note, archive_vkey(archive), &shown) != E_OK)
		return E_OK;
	TRY(snapshot_begin(archive, &snapshot, fault));
	snapshot_checkpoint(snapshot, &own, &own_note);
	enum error error = snapshot_rest_on(snapshot, note);
	if (error == E_OK) {
		if (note_split(note, NOTE_BYTES_MAX, &parts) == E_OK &&
			cosignatures_read(&parts, &policy->keys[index], 1, &time_s) == E_OK && time_s != 0) {
			out->times[index] = time_s;
			out->answered++;
		}
		return E_OK;
	}
	if (error != E_ROLLED_BACK)
		return fault_set(fault, error, "the store cannot be compared with what a witness has: %s", error_text(error));
	bool kept = keep_evidence(judging->dir, shown.size, note);
	return fault_set(fault, E_ROLLED_BACK,
		"witness '%s' has a checkpoint over %" PRIu64 " entries with this log's signature, which the store (%" PRIu64
		" entries) does not extend; an old store was put back%s; see 'indsigt help recovery'",
		witness, shown.size, own.size, kept ? "; the evidence is in DIR/evidence" : "");
}

static enum error ask_all(
	struct asking *asking, const char *origin, const struct witness_policy *policy, uint32_t *asked)
{
	char hash[2 * HASH_BYTES + 1], path[100];
	witness_origin_hash(bytes_text(origin), hash);
	snprintf(path, sizeof path, "/%s/checkpoint", hash);
	*asked = 0;
	for (uint32_t i = 0; i < policy->witness_count; i++) {
		if (policy->witnesses[i].url[0] == '\0')
			continue;
		enum error error = asking_begin(asking, i, policy->witnesses[i].url, path, BYTES_EMPTY);
		if (error == E_NO_MEMORY)
			return error;
		*asked += error == E_OK;
	}
	return E_OK;
}

enum error cosign_ask(const char *origin, const struct witness_policy *policy, cosign_shown *shown, void *context,
	uint32_t *out, struct fault *fault)
{
	__attribute__((cleanup(asking_release))) struct asking *asking = NULL;
	struct asked asked;
	uint32_t finished = 0, count = 0;
	if (asking_open(policy->witness_count, &asking) != E_OK || ask_all(asking, origin, policy, &count) != E_OK)
		return fault_set(fault, E_NO_MEMORY, "");
	for (uint64_t begun_ms = clock_ms(), now_ms = begun_ms; finished < count && now_ms < begun_ms + COSIGN_CHECK_MS;
		 now_ms = clock_ms()) {
		if (asking_wait(asking, -1, begun_ms + COSIGN_CHECK_MS - now_ms) != E_OK)
			return fault_set(fault, E_IO, "waiting for witnesses failed");
		for (; asking_finished(asking, &asked); finished++)
			if (asked.status == 200)
				TRY(shown(context, asked.index, asked.body, fault));
	}
	*out = count;
	return E_OK;
}

enum error cosign_check(struct archive *archive, const char *dir, const struct witness_policy *policy,
	struct cosign_check *out, struct fault *fault)
{
	struct cosign_check check = {0};
	struct judging judging = {archive, dir, policy, &check};
	TRY(cosign_ask(archive_origin(archive), policy, judge, &judging, &check.asked, fault));
	*out = check;
	return E_OK;
}
