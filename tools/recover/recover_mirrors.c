/* Everybody's checkpoint is compared in the log of the newest one; nobody else's entries are needed.
 *
 *   none is newer than the store's ──────────► compared in the store's own tree; nothing is missing
 *   the newest is shown by no mirror ────────► E_GUARD: the entries exist, and nobody who was asked has them
 *   the newest is a mirror's ─► compared ─► every entry verified, the store's own first ─► what is missing, by sender
 *
 * Several mirrors may show the newest: one that cannot give what is under it is told and the next is tried, but a fork
 * ends it. An event that was filed too late breaks a rule and is borne: it says nothing of which history was signed. */
#include "tools/recover/recover_mirrors.h"

#include "ledger/base/evidence.h"
#include "ledger/base/grow.h"
#include "ledger/proof/fork.h"
#include "ledger/store/place.h"
#include "ledger/write/restore.h"
#include "tools/show/progress.h"

#include <inttypes.h>
#include <stdio.h>

/* Somebody who shows a checkpoint of this log. Whoever shows a checkpoint of this log is bound by the log's signature
 * on it, whoever they are. */
struct shown {
	const char *who;
	bool mirror; /* the entries can be had there */
	struct follow_state state;
};

/* Invariant: `newest` is a place in `all` while `shown_count` is not 0; `from` is NULL or open on the mirror that
 * `newest` names. */
struct recover_mirrors {
	const char *dir;
	const char *const *places;
	uint32_t count;
	const struct vkey *vkey;
	struct shown own;     /* the store's; size 0: there is none */
	struct shown *all;    /* of everybody who shows one */
	uint32_t shown_count; /* in `all` */
	uint32_t shown_capacity;
	uint32_t answered;     /* mirrors among them */
	uint32_t newest;       /* in `all`; a mirror's, if one has as much as anybody */
	bool forked;           /* two histories were signed, and the evidence is kept */
	struct follower *from; /* the mirror with the newest, when that is more than the store has; all of it verified */
	uint64_t missing;
	struct progress progress;
	struct restore *restore; /* while something is put back */
};

enum error recover_mirrors_new(const char *dir, const struct vkey *vkey, const char *const *places, uint32_t count,
	struct recover_mirrors **out, struct fault *fault)
{
	struct recover_mirrors *mirrors = calloc(1, sizeof *mirrors);
	TRY(fault_set(fault, allocated(mirrors), ""));
	mirrors->dir = dir;
	mirrors->vkey = vkey;
	mirrors->places = places;
	mirrors->count = count;
	*out = mirrors;
	return E_OK;
}

/* Before another mirror is tried, so that one at a time holds memory for its senders. */
static void drop_follower(struct recover_mirrors *mirrors)
{
	if (mirrors->from != NULL)
		follower_close(mirrors->from);
	free(mirrors->from);
	mirrors->from = NULL;
}

void recover_mirrors_free(struct recover_mirrors *mirrors)
{
	if (mirrors == NULL)
		return;
	drop_follower(mirrors);
	free(mirrors->all);
	free(mirrors);
}

uint32_t recover_mirrors_answered(const struct recover_mirrors *mirrors)
{
	return mirrors->answered;
}

uint64_t recover_mirrors_size(const struct recover_mirrors *mirrors, const char **place)
{
	*place = mirrors->all[mirrors->newest].who;
	return mirrors->from->known.checkpoint.size;
}

uint64_t recover_mirrors_missing(const struct recover_mirrors *mirrors)
{
	return mirrors->missing;
}

/* ---- evidence ---- */

/* A fork ends everything: which of two histories is right nobody here can say. */
static enum error keep_evidence(const struct recover_mirrors *mirrors, const struct shown *smaller,
	const struct shown *larger, const char *text, struct fault *fault)
{
	char name[FOLLOWER_FORK_MAX];
	follower_fork_name(&smaller->state.checkpoint, &larger->state.checkpoint, name);
	OWNED_FD dir_fd = place_open(mirrors->dir);
	OWNED_FD folder_fd = dir_fd < 0 ? -1 : evidence_folder(dir_fd);
	TRY(fault_because(fault, folder_fd >= 0 ? evidence_keep(folder_fd, name, sizeof name, bytes_text(text)) : E_IO,
		"the evidence of a fork cannot be written to %s/" EVIDENCE_FOLDER, mirrors->dir));
	return fault_set(fault, E_CORRUPT,
		"the log has signed two histories: that of %s, of %" PRIu64 " entries, and that of %s, of %" PRIu64
		"; nothing is done, the evidence is %s/" EVIDENCE_FOLDER "/%s",
		smaller->who, smaller->state.checkpoint.size, larger->who, larger->state.checkpoint.size, mirrors->dir, name);
}

/* The larger one's log, which `reader` reads, begins with the smaller one's. In the tiles of the larger one, which are
 * verified against its signature: so a mirror can be slow or lie, and neither makes a fork of it. */
static enum error compare(struct recover_mirrors *mirrors, struct tile_reader *reader, const struct shown *smaller,
	const struct shown *larger, struct fault *fault)
{
	struct log_finding finding = {.text = ""};
	struct follow_fork fork = {.found = false};
	OWNED_MEMORY char *text = NULL;
	enum error error = follow_extends(reader, &smaller->state.checkpoint, &fork, &finding);
	if (error == E_OK)
		return E_OK;
	if (!fork.found)
		return fault_set(fault, error, "%s: %s", larger->who, finding.text);
	mirrors->forked = true;
	TRY(fork_write(bytes_of(smaller->state.note, smaller->state.note_len),
		bytes_of(larger->state.note, larger->state.note_len), &fork.old_root, fork.proof.hashes, fork.proof.count,
		&text));
	return keep_evidence(mirrors, smaller, larger, text, fault);
}

/* ---- who shows what ---- */

/* Of two that are equal the mirror's is taken, because the entries can be had there. */
static bool is_newer(const struct shown *shown, const struct shown *than)
{
	uint64_t size = shown->state.checkpoint.size, other = than->state.checkpoint.size;
	return size > other || (size == other && shown->mirror && !than->mirror);
}

/* E_BAD_CHECKPOINT: it is none of this log's. What this log has not signed is not counted, and is no fault either: a
 * mirror may serve another log. */
static enum error take_shown(struct recover_mirrors *mirrors, const char *who, bool mirror, struct bytes note)
{
	TRY(GROW(mirrors->all, mirrors->shown_capacity, mirrors->shown_count + 1));
	struct shown *shown = &mirrors->all[mirrors->shown_count];
	*shown = (struct shown){.who = who, .mirror = mirror};
	if (follow_state_take(note, mirrors->vkey, &shown->state) != E_OK)
		return E_BAD_CHECKPOINT;
	if (mirrors->shown_count == 0 || is_newer(shown, &mirrors->all[mirrors->newest]))
		mirrors->newest = mirrors->shown_count;
	mirrors->shown_count++;
	mirrors->answered += mirror;
	return E_OK;
}

enum error recover_mirrors_show(
	struct recover_mirrors *mirrors, const char *who, struct bytes note, struct fault *fault)
{
	enum error error = take_shown(mirrors, who, false, note);
	return error == E_NO_MEMORY ? fault_set(fault, error, "") : E_OK;
}

/* A place that cannot be asked is told and passed over: the others may have everything. */
static enum error ask_place(struct recover_mirrors *mirrors, const char *place, struct fault *fault)
{
	struct follower follower;
	struct bytes note;
	struct fault why = {.text = ""};
	TRY(follower_open(place, -1, mirrors->vkey, &follower, fault));
	enum error error = tile_fetch_checkpoint(follower.fetch, &note, &why) ?: take_shown(mirrors, place, true, note);
	if (error == E_BAD_CHECKPOINT && why.text[0] == '\0')
		fault_set(&why, error, "what it shows is not signed with this log's key");
	follower_close(&follower);
	if (error == E_NO_MEMORY) /* says nothing of the place */
		return fault_set(fault, error, "");
	if (error != E_OK)
		fprintf(stderr, "recover: %s is not counted: %s\n", place, why.text);
	return E_OK;
}

/* The store is one of those that show something, and is compared like the others. */
static enum error ask_all(struct recover_mirrors *mirrors, struct snapshot *snapshot, struct fault *fault)
{
	mirrors->own.who = "the store";
	mirrors->own.state.checkpoint.size = 0;
	if (snapshot != NULL)
		TRY(follow_state_take(snapshot_note(snapshot), mirrors->vkey, &mirrors->own.state));
	for (uint32_t i = 0; i < mirrors->count; i++)
		TRY(ask_place(mirrors, mirrors->places[i], fault));
	return E_OK;
}

/* Everybody's checkpoint but the newest. */
static enum error compare_all(
	struct recover_mirrors *mirrors, struct tile_reader *reader, const struct shown *newest, struct fault *fault)
{
	for (uint32_t i = 0; i < mirrors->shown_count; i++)
		if (&mirrors->all[i] != newest)
			TRY(compare(mirrors, reader, &mirrors->all[i], newest, fault));
	bool has_own = mirrors->own.state.checkpoint.size > 0;
	return newest == &mirrors->own || !has_own ? E_OK : compare(mirrors, reader, &mirrors->own, newest, fault);
}

/* ---- the store ---- */

static enum error read_store(void *context, const struct tile_path *tile, struct bytes *out, struct fault *fault)
{
	enum error error = snapshot_tile(context, tile, out);
	return fault_set(fault, error, "%s", error_reason(error));
}

static enum error open_store(
	const struct recover_mirrors *mirrors, struct snapshot *snapshot, struct tile_reader **out, struct fault *fault)
{
	const struct tile_source source = {read_store, snapshot};
	struct log_finding finding = {.text = ""};
	enum error error = tile_reader_open(&source, &mirrors->own.state.checkpoint, out, &finding);
	return fault_set(fault, error, "the store: %s; run 'indsigt audit'", finding.text);
}

/* ---- a mirror with more ---- */

static enum error on_bundle(void *context, const struct log_rules *rules, struct log_finding *finding)
{
	struct recover_mirrors *mirrors = context;
	(void)finding;
	progress_update(&mirrors->progress, rules->state.size, mirrors->from->known.checkpoint.size);
	return E_OK;
}

/* What each sender has receipts for, and the store lacks. By sender, since senders are who can report it again; numbers
 * only. */
static void print_missing(struct recover_mirrors *mirrors, struct snapshot *snapshot)
{
	const struct log_rules *rules = &mirrors->from->rules;
	mirrors->missing = 0;
	for (size_t i = 0; i < rules->sender_count; i++) {
		const struct sender *sender = rules->senders[i];
		struct sender own;
		bool known = snapshot != NULL && snapshot_sender(snapshot, sender->id, &own) == E_OK;
		uint64_t have = known ? own.next_sequence : 0;
		if (sender->next_sequence <= have)
			continue;
		printf("missing: sender=%" PRIu32 " events=%" PRIu64 " sequences=%" PRIu64 "-%" PRIu64 " name=%s\n", sender->id,
			sender->next_sequence - have, have, sender->next_sequence - 1, sender->name);
		mirrors->missing += sender->next_sequence - have;
	}
}

/* The store's own entries are nearer. What they have is the mirror's too: that was compared. */
static enum error read_all(struct recover_mirrors *mirrors, struct tile_reader *own, struct fault *fault)
{
	const struct follow_hooks hooks = {.context = mirrors, .done = on_bundle};
	struct log_finding finding = {.text = ""};
	const char *who = mirrors->own.who;
	progress_start(&mirrors->progress, "entries");
	enum error error = own != NULL ? follow(&mirrors->from->rules, own, &hooks, &finding) : E_OK;
	if (error == E_OK) {
		who = mirrors->all[mirrors->newest].who;
		error = follower_read(mirrors->from, &hooks, &finding);
	}
	progress_clear(&mirrors->progress);
	return fault_set(fault, error, "%s: index %" PRIu64 ": %s", who, finding.index, finding.text);
}

static enum error open_reader(const struct recover_mirrors *mirrors, struct tile_reader **out, struct fault *fault)
{
	const struct tile_source source = {tile_fetch_read, mirrors->from->fetch};
	struct log_finding finding = {.text = ""};
	enum error error = tile_reader_open(&source, &mirrors->from->known.checkpoint, out, &finding);
	const char *who = mirrors->all[mirrors->newest].who;
	return fault_set(fault, error, "%s: %s", who, finding.text);
}

/* A rule that says nothing about which history it is. The log goes on as it was signed, and audits say what they said.
 */
static void warn_late(const struct log_rules *rules)
{
	if (rules->state.is_late)
		fprintf(stderr,
			"recover: warning: the event at index %" PRIu64
			" was filed too late (EPO-9); the log was signed like that, and no audit of it will be content\n",
			rules->state.late);
}

/* All that the mirror `newest` has, verified; `mirrors->from` is left open on it. */
static enum error read_mirror(struct recover_mirrors *mirrors, struct snapshot *snapshot, struct fault *fault)
{
	OWNED(tile_reader_release) struct tile_reader *reader = NULL, *own = NULL;
	const struct shown *newest = &mirrors->all[mirrors->newest];
	drop_follower(mirrors);
	mirrors->from = calloc(1, sizeof *mirrors->from);
	TRY(fault_set(fault, allocated(mirrors->from), ""));
	TRY(follower_open(newest->who, -1, mirrors->vkey, mirrors->from, fault));
	mirrors->from->rules.state.bears_late = true;
	mirrors->from->known = newest->state;
	TRY(open_reader(mirrors, &reader, fault));
	TRY(compare_all(mirrors, reader, newest, fault));
	if (snapshot != NULL)
		TRY(open_store(mirrors, snapshot, &own, fault));
	TRY(read_all(mirrors, own, fault));
	warn_late(&mirrors->from->rules);
	print_missing(mirrors, snapshot);
	return E_OK;
}

/* Who shows the newest checkpoint need not have what is under it: the others that show it are tried as well. What one
 * mirror lacks another may have; but who found a fork has found it. */
static enum error judge_newer(struct recover_mirrors *mirrors, struct snapshot *snapshot, struct fault *fault)
{
	const struct shown *newest = &mirrors->all[mirrors->newest];
	const uint64_t size = newest->state.checkpoint.size;
	uint32_t failed = 0;
	struct fault why = {.text = ""};
	enum error error = E_OK;
	if (!newest->mirror)
		return fault_set(fault, E_GUARD,
			"%s has the log's signature over %" PRIu64 " entries, the store has %" PRIu64
			" of them, and no mirror that was asked has all: going on would be a second history; name a mirror that "
			"has "
			"more, and see 'indsigt help recovery'",
			newest->who, newest->state.checkpoint.size, mirrors->own.state.checkpoint.size);
	for (uint32_t i = 0; i < mirrors->shown_count; i++) {
		if (!mirrors->all[i].mirror || mirrors->all[i].state.checkpoint.size != size)
			continue;
		mirrors->newest = i;
		why.text[0] = '\0';
		error = read_mirror(mirrors, snapshot, &why);
		if (error == E_OK || error == E_NO_MEMORY || mirrors->forked)
			return fault_set(fault, error, "%s", why.text);
		failed++;
		fprintf(stderr, "recover: %s shows the newest checkpoint and cannot be used: %s\n", mirrors->all[i].who,
			why.text[0] != '\0' ? why.text : error_reason(error));
	}
	return fault_set(fault, error,
		"the newest checkpoint is over %" PRIu64 " entries, and of %" PRIu32
		" mirrors that show it none has all of them in order; nothing is done, name one that has",
		size, failed);
}

/* Where nobody has more than the store, all are still compared with it: one of another history would be a fork. */
enum error recover_mirrors_ask(
	struct recover_mirrors *mirrors, struct archive *archive, bool *newer, struct fault *fault)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED(tile_reader_release) struct tile_reader *reader = NULL;
	if (archive != NULL)
		TRY(snapshot_begin(archive, &snapshot, fault));
	TRY(ask_all(mirrors, snapshot, fault));
	*newer = mirrors->shown_count > 0 &&
			 mirrors->all[mirrors->newest].state.checkpoint.size > mirrors->own.state.checkpoint.size;
	if (*newer)
		return judge_newer(mirrors, snapshot, fault);
	if (snapshot == NULL)
		return fault_set(fault, E_NOT_FOUND, "there is no store, and nobody that could be asked has the log");
	TRY(open_store(mirrors, snapshot, &reader, fault));
	return compare_all(mirrors, reader, &mirrors->own, fault);
}

/* ---- putting back ---- */

/* The entries of a bundle that the store lacks. Entries that the store has are skipped, so that a bundle that is half
 * there is completed. */
static enum error put_bundle(
	void *context, const struct tile_path *tile, struct bytes content, struct log_finding *finding)
{
	struct recover_mirrors *mirrors = context;
	struct fault fault = {.text = ""};
	if (!tile->entries)
		return E_OK;
	struct reader r = reader_of(content);
	for (uint64_t index = tile->number * TILE_WIDTH; reader_left(&r) > 0; index++) {
		struct bytes encoded = reader_range16(&r, ENTRY_BYTES_MAX);
		if (index < restore_size(mirrors->restore))
			continue;
		enum error error = r.error != E_OK ? r.error : restore_entry(mirrors->restore, encoded, &fault);
		if (error != E_OK)
			return log_finding_set(finding, error, index, "%s", fault.text);
	}
	progress_update(&mirrors->progress, restore_size(mirrors->restore), mirrors->from->known.checkpoint.size);
	return E_OK;
}

/* One transaction: after any error the store is what it was. */
static enum error put_back(struct recover_mirrors *mirrors, struct fault *fault)
{
	OWNED(tile_reader_release) struct tile_reader *reader = NULL;
	const struct follow_hooks hooks = {.context = mirrors, .tile = put_bundle};
	const struct follow_state *known = &mirrors->from->known;
	struct log_finding finding = {.text = ""};
	uint64_t from = restore_size(mirrors->restore);
	TRY(open_reader(mirrors, &reader, fault));
	tile_fetch_ahead(mirrors->from->fetch, from / TILE_WIDTH, known->checkpoint.size);
	progress_start(&mirrors->progress, "entries");
	enum error error = follow_copy(reader, from, &hooks, &finding);
	progress_clear(&mirrors->progress);
	TRY(fault_set(fault, error, "nothing was changed: %s", finding.text));
	return restore_commit(mirrors->restore, &mirrors->from->rules, bytes_of(known->note, known->note_len), fault);
}

enum error recover_mirrors_restore(struct recover_mirrors *mirrors, struct fault *fault)
{
	TRY(restore_open(mirrors->dir, &mirrors->restore, fault));
	enum error error = put_back(mirrors, fault);
	restore_close(mirrors->restore);
	mirrors->restore = NULL;
	return error;
}
