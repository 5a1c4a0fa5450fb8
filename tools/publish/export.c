/* indsigt export: the published log as static files.
 *
 * A log as files, for a web server that knows nothing of logs. It is read in snapshots that are renewed, since one for
 * all of it would pin the store's pages for as long as the copying takes; that is sound because a tile below a
 * checkpoint never changes. What is there already is compared and not written again.
 *
 *   store ─► newest checkpoint, witnessed where there is a policy ─► extends what is published? ─► tiles ─► checkpoint
 *
 * What fails: a store that is older than its own export, or of another history, is refused (E_ROLLED_BACK): to go on
 * would make the files disagree with what others have read of them. */
#include "ledger/follow/follow.h"
#include "query/cosigned/cosigned.h"
#include "tools/command/command.h"
#include "tools/publish/tile_tree.h"
#include "tools/show/output.h"
#include "tools/show/progress.h"

#include <inttypes.h>
#include <limits.h>

#define SNAPSHOT_READS 1024 /* tiles read in one snapshot of the store, which pins its pages */
#define OTHER_HISTORY "the files hold another history of this log"

/* Invariant: `checkpoint` is at most `newest`; the snapshot belongs to `archive` and ends before it. */
struct exporting {
	const char *dir;
	const char *out;
	bool json;
	struct archive *archive;
	struct snapshot *snapshot;
	unsigned reads; /* in this snapshot */
	struct tile_tree *tree;
	struct checkpoint newest;     /* of the log */
	struct checkpoint checkpoint; /* to be published */
	size_t note_len;
	uint8_t note[NOTE_BYTES_MAX];
	struct progress progress;
	uint64_t from;    /* entries that were published before */
	uint64_t written; /* tiles */
};

/* ---- reading the store ---- */

/* The count of reads begins anew with it. */
static enum error renew_snapshot(struct exporting *exporting, struct fault *fault)
{
	snapshot_end(exporting->snapshot);
	exporting->snapshot = NULL;
	exporting->reads = 0;
	return snapshot_begin(exporting->archive, &exporting->snapshot, fault);
}

/* What the store does not give is told by the error alone: whoever reads tiles adds which one it was. */
static enum error read_store(void *context, const struct tile_path *tile, struct bytes *out, struct fault *fault)
{
	struct exporting *exporting = context;
	if (exporting->reads++ >= SNAPSHOT_READS)
		TRY(renew_snapshot(exporting, fault));
	enum error error = snapshot_tile(exporting->snapshot, tile, out);
	return fault_set(fault, error, "%s", error_reason(error));
}

/* The checkpoint as the query daemon gives it: the newest that is witnessed, where there is a policy. The snapshot that
 * was put under a witnessed checkpoint is let go: tiles of the newest are wanted as well, to compare. */
static enum error choose_checkpoint(struct exporting *exporting, struct fault *fault)
{
	OWNED(cosigned_release) struct cosigned *cosigned = NULL;
	TRY(renew_snapshot(exporting, fault));
	exporting->newest = *snapshot_checkpoint(exporting->snapshot);
	cosigned = cosigned_look(exporting->archive, NULL);
	cosigned_rest(exporting->snapshot, cosigned, (uint64_t)time(NULL), false);
	exporting->checkpoint = *snapshot_checkpoint(exporting->snapshot);
	struct bytes note = snapshot_note(exporting->snapshot);
	if (note.len > sizeof exporting->note)
		return fault_set(fault, E_CORRUPT, "");
	memcpy(exporting->note, note.data, note.len);
	exporting->note_len = note.len;
	return renew_snapshot(exporting, fault);
}

/* ---- writing ---- */

/* Only bundles move the bar: hash tiles are few beside them. */
static enum error write_tile(
	void *context, const struct tile_path *tile, struct bytes content, struct log_finding *finding)
{
	struct exporting *exporting = context;
	struct fault fault = {.text = ""};
	enum error error = tile_tree_write(exporting->tree, tile, content, &fault);
	if (error != E_OK)
		return log_finding_set(finding, error, 0, "%s", fault.text);
	exporting->written++;
	if (tile->entries)
		progress_update(&exporting->progress, tile->number * TILE_WIDTH + tile->width, exporting->checkpoint.size);
	return E_OK;
}

/* What is published is never continued by another history, even one that the log's own key has signed. */
static enum error check_extends(struct exporting *exporting, struct tile_reader *reader, struct log_finding *finding)
{
	struct follow_fork fork;
	if (exporting->from == 0)
		return E_OK;
	enum error error = follow_extends(reader, tile_tree_published(exporting->tree), &fork, finding);
	if (error == E_CORRUPT && fork.found)
		return log_finding_set(finding, E_ROLLED_BACK, 0, OTHER_HISTORY);
	return error;
}

static enum error copy_tiles(struct exporting *exporting, struct fault *fault)
{
	OWNED(tile_reader_release) struct tile_reader *reader = NULL;
	const struct tile_source source = {read_store, exporting};
	const struct follow_hooks hooks = {.context = exporting, .tile = write_tile};
	struct log_finding finding = {.text = ""};
	enum error error = tile_reader_open(&source, &exporting->checkpoint, &reader, &finding);
	progress_start(&exporting->progress, "entries");
	if (error == E_OK)
		error = check_extends(exporting, reader, &finding) ?: follow_copy(reader, exporting->from, &hooks, &finding);
	progress_clear(&exporting->progress);
	return fault_set(fault, error, "%s", finding.text);
}

/* What was published before witnesses were asked may be more than what they have cosigned since. The files stay, if
 * they are still the log's. An export is never made smaller. */
static enum error keep_published(struct exporting *exporting, struct fault *fault)
{
	OWNED(tile_reader_release) struct tile_reader *reader = NULL;
	const struct tile_source source = {read_store, exporting};
	struct log_finding finding = {.text = ""};
	enum error error =
		tile_reader_open(&source, &exporting->newest, &reader, &finding) ?: check_extends(exporting, reader, &finding);
	exporting->checkpoint = *tile_tree_published(exporting->tree);
	return fault_set(fault, error, "%s", finding.text);
}

static enum error publish(struct exporting *exporting, struct fault *fault)
{
	exporting->from = tile_tree_published(exporting->tree)->size;
	if (exporting->newest.size < exporting->from)
		return fault_set(fault, E_ROLLED_BACK,
			"the files hold %" PRIu64 " entries and the ledger %" PRIu64 ": an older copy of it was put back",
			exporting->from, exporting->newest.size);
	if (exporting->checkpoint.size < exporting->from)
		return keep_published(exporting, fault);
	if (exporting->checkpoint.size > exporting->from)
		TRY(copy_tiles(exporting, fault));
	else if (!hash_equal(&exporting->checkpoint.root, &tile_tree_published(exporting->tree)->root))
		return fault_set(fault, E_ROLLED_BACK, OTHER_HISTORY);
	return tile_tree_publish(exporting->tree, bytes_of(exporting->note, exporting->note_len), fault);
}

/* What is published goes to web servers: never into a ledger, beside its keys. Both files, because a mirror's directory
 * may have one of these names. */
static bool is_ledger(const char *dir)
{
	return file_is_there(dir, "vkey") && file_is_there(dir, "keys");
}

static enum error write_files(struct exporting *exporting, struct fault *fault)
{
	if (is_ledger(exporting->out))
		return fault_set(fault, E_EXISTS,
			"%s is a ledger, with its keys: files for everybody do not belong there; give another directory",
			exporting->out);
	TRY(archive_open(exporting->dir, false, &exporting->archive, fault));
	TRY(choose_checkpoint(exporting, fault));
	TRY(tile_tree_open(exporting->out, archive_vkey(exporting->archive), &exporting->tree, fault));
	return publish(exporting, fault);
}

/* ---- command ---- */

/* `new` is counted from what was published before, so that a timer's log shows the growth. */
static enum error print_result(const struct exporting *exporting)
{
	if (!exporting->json)
		return printf("export: ok entries=%" PRIu64 " new=%" PRIu64 " tiles=%" PRIu64 "\n", exporting->checkpoint.size,
				   exporting->checkpoint.size - exporting->from, exporting->written) < 0
				   ? E_IO
				   : E_OK;
	return output_json(
		json_pack("{s:I, s:I, s:I}", "entries", (json_int_t)exporting->checkpoint.size, "new",
			(json_int_t)(exporting->checkpoint.size - exporting->from), "tiles", (json_int_t)exporting->written),
		stdout);
}

#define T struct exporting
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	ARGUMENT(T, out, "OUT"),
	OPTION_FLAG(T, json, "json", .help = "what was written, as one JSON object"),
};

static enum error export_log(void *given, struct fault *fault)
{
	struct exporting *exporting = given;
	enum error error = write_files(exporting, fault) ?: print_result(exporting);
	tile_tree_close(exporting->tree);
	snapshot_end(exporting->snapshot);
	archive_close(exporting->archive);
	return error;
}

const struct command command_export = {
	.options = {.name = "indsigt export",
		.summary = "writes the published log as static files",
		.text =
			"OUT/checkpoint and OUT/tile/... are what the query daemon serves under these addresses, byte for byte, "
			"for any web server, cache or object store; 'indsigt audit OUT' and 'indsigt mirror' read them. Nothing in "
			"them is personal. Run again it writes only what is new; the ledger may be served meanwhile.\n",
		OPTION_ROWS(rows),
		.after =
			"At every moment, also after a power cut, the checkpoint is a whole one and all its tiles are there. "
			"Whoever copies OUT elsewhere keeps that by copying tile/ first, then checkpoint, and deleting last.\n"},
	.work = export_log,
	COMMAND_GIVEN(struct exporting, .json = false),
};
