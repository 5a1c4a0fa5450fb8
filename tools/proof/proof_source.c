/* Two sources and one end: whatever was put together is verified as a stranger would, before it is handed out; a store
 * that is damaged or a place that lies gives an error and no file. Of a directory a checkpoint that witnesses cosigned
 * is taken where it reaches far enough, since it proves more; else the newest, since a proof now is better than none.
 */
#include "tools/proof/proof_source.h"

#include "ingest/net/tile_fetch.h"
#include "ledger/follow/follow_state.h"
#include "ledger/read/archive.h"
#include "query/cosigned/cosigned.h"
#include "tools/audit/audit_tiles.h"

#include <assert.h>
#include <inttypes.h>

/* Invariant: either `archive` and `snapshot` are set, or `fetch` and `reader`; `under` is signed by `log`. */
struct proof_source {
	struct vkey log;
	struct follow_state under; /* the checkpoint of all that is proven */
	/* of a directory */
	struct archive *archive;
	struct snapshot *snapshot;
	/* of a place with tiles */
	struct tile_fetch *fetch;
	struct tile_reader *reader;
	struct tile_bundle bundle;
	struct merkle_proof inclusion;
	struct tlog_proof *made;
	uint8_t text[TLOG_PROOF_BYTES_MAX];
};

void proof_source_close(struct proof_source *source)
{
	if (source == NULL)
		return;
	tile_reader_close(source->reader);
	tile_fetch_close(source->fetch);
	snapshot_end(source->snapshot);
	archive_close(source->archive);
	free(source->made);
	free(source);
}

/* ---- a directory ---- */

/* The newest witnessed checkpoint if it reaches far enough, else the newest of all. */
static enum error take_snapshot(struct proof_source *source, uint64_t index_max, struct fault *fault)
{
	OWNED(cosigned_release) struct cosigned *cosigned = NULL;
	TRY(snapshot_begin(source->archive, &source->snapshot, fault));
	cosigned = cosigned_look(source->archive, NULL);
	if (cosigned_rest(source->snapshot, cosigned, (uint64_t)time(NULL), false)) {
		if (index_max < snapshot_checkpoint(source->snapshot)->size)
			return E_OK;
		snapshot_end(source->snapshot);
		source->snapshot = NULL;
		TRY(snapshot_begin(source->archive, &source->snapshot, fault));
	}
	return E_OK;
}

/* The key on the command line, if there is one, decides which log it must be. */
static enum error open_directory(
	struct proof_source *source, const char *dir, const struct vkey *log, uint64_t index_max, struct fault *fault)
{
	TRY(archive_open(dir, false, &source->archive, fault));
	source->log = log ? *log : *archive_vkey(source->archive);
	if (!vkey_equal(&source->log, archive_vkey(source->archive)))
		return fault_set(fault, E_WRONG_ORIGIN, "%s is another log than the one of --vkey, '%s'", dir,
			archive_vkey(source->archive)->name);
	TRY(take_snapshot(source, index_max, fault));
	return follow_state_take(snapshot_note(source->snapshot), &source->log, &source->under);
}

/* Both come from one snapshot, so they fit the checkpoint. */
static enum error include_from_directory(
	struct proof_source *source, uint64_t index, struct bytes *entry, struct fault *fault)
{
	return fault_because(fault,
		snapshot_entry(source->snapshot, index, entry)
			?: snapshot_prove_inclusion(source->snapshot, index, &source->inclusion),
		"entry %" PRIu64, index);
}

/* ---- tiles ---- */

/* The key comes from somewhere else than the address, or a stranger could show a log of their own. */
static enum error open_tiles(
	struct proof_source *source, const char *place, const struct vkey *log, struct fault *fault)
{
	struct bytes note;
	struct log_finding finding = {.text = ""};
	if (log == NULL)
		return fault_set(fault, E_USAGE, "an address wants --vkey, the log's verification key");
	source->log = *log;
	TRY(tile_fetch_open(place, -1, &source->fetch, fault));
	TRY(tile_fetch_checkpoint(source->fetch, &note, fault));
	if (!note_claims(note, log))
		return fault_set(fault, E_WRONG_ORIGIN,
			"what is there is no checkpoint of the log of --vkey: it is another log's, or something else");
	if (follow_state_take(note, log, &source->under) != E_OK)
		return fault_set(fault, E_BAD_CHECKPOINT, "the checkpoint is malformed, or not signed by the log of --vkey");
	const struct tile_source tiles = {tile_fetch_read, source->fetch};
	return fault_set(
		fault, tile_reader_open(&tiles, &source->under.checkpoint, &source->reader, &finding), "%s", finding.text);
}

/* Every hash on the way was verified by the reader, and so was the entry. */
static enum error include_from_tiles(
	struct proof_source *source, uint64_t index, struct bytes *entry, struct fault *fault)
{
	const struct merkle_nodes nodes = {tile_reader_node, source->reader};
	struct log_finding finding = {.text = ""};
	enum error error = merkle_prove_inclusion(&nodes, index, source->under.checkpoint.size, &source->inclusion);
	TRY(fault_set(fault, error, "%s", tile_reader_finding(source->reader)->text));
	error = tile_reader_bundle(source->reader, index / TILE_WIDTH, &source->bundle, &finding);
	TRY(fault_set(fault, error, "%s", finding.text));
	*entry = source->bundle.entries[index % TILE_WIDTH];
	return E_OK;
}

/* ---- both ---- */

enum error proof_source_open(
	const char *place, const struct vkey *log, uint64_t index_max, struct proof_source **out, struct fault *fault)
{
	OWNED(proof_source_release) struct proof_source *source = calloc(1, sizeof *source);
	TRY(fault_set(fault, allocated(source), ""));
	if (audit_tiles_place(place))
		TRY(open_tiles(source, place, log, fault));
	else
		TRY(open_directory(source, place, log, index_max, fault));
	*out = OWN_TAKE(source);
	return E_OK;
}

uint64_t proof_source_size(const struct proof_source *source)
{
	return source->under.checkpoint.size;
}

/* A newer checkpoint may be on its way to what is published; that is said, since waiting helps. */
enum error proof_source_make(struct proof_source *source, uint64_t index, struct proof_made *out, struct fault *fault)
{
	struct bytes entry, text;
	struct finding finding = {.text = ""};
	struct tlog_proof *made = NULL;
	assert((source->reader != NULL) != (source->snapshot != NULL));
	if (index >= source->under.checkpoint.size && source->reader)
		return fault_set(fault, E_NOT_FOUND,
			"there is no entry %" PRIu64 ": the log has %" PRIu64
			" entries under the checkpoint that is published; a newer one may take a moment",
			index, source->under.checkpoint.size);
	if (index >= source->under.checkpoint.size)
		return fault_set(fault, E_NOT_FOUND, "there is no entry %" PRIu64 ": the log has %" PRIu64 " entries", index,
			source->under.checkpoint.size);
	if (source->reader)
		TRY(include_from_tiles(source, index, &entry, fault));
	else
		TRY(include_from_directory(source, index, &entry, fault));
	const struct included included = {index, entry, {source->inclusion.hashes, source->inclusion.count}};
	struct writer w = writer_of(source->text, sizeof source->text);
	enum error error =
		tlog_proof_write(&included, bytes_of(source->under.note, source->under.note_len), &w) ?: writer_done(&w, &text);
	TRY(fault_because(fault, error, "entry %" PRIu64, index));
	error = tlog_proof_verify(text, &source->log, NULL, &made, &finding);
	TRY(fault_set(fault, error, "%s", finding.code != FINDING_NONE ? finding.text : error_reason(error)));
	free(source->made);
	source->made = made;
	*out = (struct proof_made){text, made};
	return E_OK;
}
