#include "tools/recover_mirrors.h"

#include "ledger/fork.h"
#include "ledger/keyfile.h"
#include "tools/follower.h"
#include "tools/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct asked {
	struct recover_mirrors *mirrors;
	const char *place;
	struct snapshot *snapshot;
	struct follower follower; /* known: what the store has */
	struct progress progress;
};

static void reader_release(struct tile_reader **reader)
{
	tile_reader_close(*reader);
}

/* ---- evidence ---- */

static enum error keep_evidence(const struct asked *asked, const char *text, struct fault *fault)
{
	char path[4096], name[80];
	const struct follower *follower = &asked->follower;
	snprintf(path, sizeof path, "%s/evidence", asked->mirrors->dir);
	snprintf(name, sizeof name, "fork-%" PRIu64 "-%" PRIu64 ".json", follower->known.checkpoint.size,
		follower->seen.checkpoint.size);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return fault_set(fault, E_IO, "%s cannot be made: %s", path, strerror(errno));
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum error error = fd >= 0 ? file_write_atomic(fd, name, bytes_text(text), 0644) : E_IO;
	if (fd >= 0)
		close(fd);
	if (error != E_OK)
		return fault_set(fault, error, "the evidence of a fork cannot be written to %s", path);
	return fault_set(fault, E_CORRUPT,
		"the log has signed two histories: the store's, of %" PRIu64 " entries, and that of %s, of %" PRIu64
		"; nothing is done, the evidence is %s/%s",
		follower->known.checkpoint.size, asked->place, follower->seen.checkpoint.size, path, name);
}

/* ---- a mirror with no more than the store ---- */

static enum error read_store(void *context, const struct tile_path *tile, struct bytes *out, struct fault *fault)
{
	enum error error = snapshot_tile(context, tile, out);
	return error == E_OK ? E_OK : fault_set(fault, error, "%s", error_text(error));
}

static enum error judge_older(struct asked *asked, struct fault *fault)
{
	__attribute__((cleanup(reader_release))) struct tile_reader *reader = NULL;
	const struct tile_source source = {read_store, asked->snapshot};
	const struct follow_state *seen = &asked->follower.seen, *known = &asked->follower.known;
	struct log_finding finding = {.text = ""};
	struct follow_fork fork = {.found = false};
	char *text;
	enum error error = tile_reader_open(&source, &known->checkpoint, &reader, &finding);
	if (error == E_OK)
		error = follow_extends(reader, &seen->checkpoint, &fork, &finding);
	if (error == E_OK) {
		asked->mirrors->answered++;
		return E_OK;
	}
	if (!fork.found)
		return fault_set(fault, error, "the store: %s; run 'indsigt audit'", finding.text);
	TRY(fork_write(bytes_of(seen->note, seen->note_len), bytes_of(known->note, known->note_len), &fork.old_root,
		fork.proof.hashes, fork.proof.count, &text));
	error = keep_evidence(asked, text, fault);
	free(text);
	return error;
}

/* ---- a mirror with more ---- */

static enum error on_bundle(void *context, const struct log_rules *rules, struct log_finding *finding)
{
	struct asked *asked = context;
	(void)finding;
	progress_update(&asked->progress, rules->size, asked->follower.known.checkpoint.size);
	return E_OK;
}

/* What each sender has receipts for, and the store lacks. */
static uint64_t print_missing(struct asked *asked)
{
	const struct log_rules *rules = &asked->follower.rules;
	uint64_t all = 0;
	for (size_t i = 0; i < rules->sender_count; i++) {
		const struct sender *sender = rules->senders[i];
		struct sender own;
		uint64_t have = snapshot_sender(asked->snapshot, sender->id, &own) == E_OK ? own.next_sequence : 0;
		if (sender->next_sequence <= have)
			continue;
		printf("missing: sender=%" PRIu32 " events=%" PRIu64 " sequences=%" PRIu64 "-%" PRIu64 " name=%s\n", sender->id,
			sender->next_sequence - have, have, sender->next_sequence - 1, sender->name);
		all += sender->next_sequence - have;
	}
	return all;
}

static enum error judge_newer(struct asked *asked, struct fault *fault)
{
	struct follower *follower = &asked->follower;
	const struct follow_hooks hooks = {.context = asked, .done = on_bundle};
	struct log_finding finding = {.text = ""};
	uint64_t own = follower->known.checkpoint.size;
	bool newer;
	enum error error = follower_look(follower, &newer, &finding);
	if (follower->evidence != NULL)
		return keep_evidence(asked, follower->evidence, fault);
	progress_start(&asked->progress, "entries");
	if (error == E_OK)
		error = follower_read(follower, &hooks, &finding);
	progress_clear(&asked->progress);
	if (error != E_OK)
		return fault_set(fault, error, "%s: %s", asked->place, finding.text);
	uint64_t missing = print_missing(asked);
	return fault_set(fault, E_ROLLED_BACK,
		"the store has %" PRIu64 " entries and the log has signed %" PRIu64 ", which %s has and are in order: %" PRIu64
		" events are missing here, and nothing is done; see 'indsigt help recovery'",
		own, follower->known.checkpoint.size, asked->place, missing);
}

/* ---- each of them ---- */

static enum error compare(struct asked *asked, struct fault *fault)
{
	struct follower *follower = &asked->follower;
	struct checkpoint own;
	struct bytes note;
	struct fault why = {.text = ""};
	snapshot_checkpoint(asked->snapshot, &own, &note);
	TRY(follow_state_take(note, follower->vkey, &follower->known));
	enum error error = tile_fetch_checkpoint(follower->fetch, &note, &why);
	if (error == E_OK && follow_state_take(note, follower->vkey, &follower->seen) != E_OK)
		error = fault_set(&why, E_BAD_CHECKPOINT, "what it shows is not signed with this log's key");
	if (error != E_OK) {
		fprintf(stderr, "recover: %s is not counted: %s\n", asked->place, why.text);
		return E_OK;
	}
	return follower->seen.checkpoint.size > own.size ? judge_newer(asked, fault) : judge_older(asked, fault);
}

static enum error ask(struct recover_mirrors *mirrors, const char *place, struct fault *fault)
{
	struct asked asked = {.mirrors = mirrors, .place = place};
	TRY(follower_open(place, -1, archive_vkey(mirrors->archive), &asked.follower, fault));
	enum error error = snapshot_begin(mirrors->archive, &asked.snapshot, fault);
	if (error == E_OK)
		error = compare(&asked, fault);
	snapshot_end(asked.snapshot);
	follower_close(&asked.follower);
	return error;
}

enum error recover_ask_mirrors(struct recover_mirrors *mirrors, struct fault *fault)
{
	mirrors->answered = 0;
	for (uint32_t i = 0; i < mirrors->count; i++)
		TRY(ask(mirrors, mirrors->places[i], fault));
	return E_OK;
}
