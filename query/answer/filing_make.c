/* What a batch can have shown of it depends on what became of it.
 *
 *   batch ─┬─ never received, of mass events, or not filed yet ─► E_NOT_FOUND, and which of them
 *          ├─ some of its events are lost ─► the log's entry about the loss, and nothing else: there are no labels
 *          └─ filed ─► range of the filing tree ─► each event's blind and label ─► with `proofs`: subject, VRF proof
 *
 * A subject's id stands in the records alone. For each label one record is opened, and if that was erased the
 * proof fails (E_ERASED). */
#include "query/answer/filing_make.h"

#include "ledger/base/own.h"
#include "query/answer/proof.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One proof while it is made. */
struct making {
	struct snapshot *snapshot;
	const struct filing_query *query;
	struct epoch_place epoch;
	uint64_t first_index;
	uint32_t count;
	json_t *json;
	json_t *events;       /* borrowed from `json` */
	json_t *subjects;     /* the same */
	struct label *labels; /* of the subjects so far */
	uint32_t subject_count;
	struct fault *fault;
};

static void making_release(struct making *making)
{
	free(making->labels);
	json_decref(making->json);
}

static enum error set(struct making *making, const char *name, json_t *value)
{
	return json_object_set_new_nocheck(making->json, name, value) == 0 ? E_OK : E_NO_MEMORY;
}

static enum error include(struct making *making, const char *name, uint64_t index)
{
	return json_include(making->json, name, making->snapshot, index);
}

/* ---- the batch ---- */

/* `loss_index`: of a loss entry that declares events of it lost, or 0. */
static enum error find_batch(struct making *making, uint64_t *loss_index)
{
	uint64_t first_sequence, position;
	const struct filing_query *query = making->query;
	enum error error = snapshot_batch(
		making->snapshot, query->sender, query->sequence, &first_sequence, &making->count, &making->first_index);
	if (error == E_NOT_FOUND)
		return fault_set(making->fault, error, "sequence %" PRIu64 " has not been received", query->sequence);
	TRY(error);
	const struct lost_range *lost =
		losses_among(snapshot_losses(making->snapshot), making->first_index, making->first_index + making->count);
	if (lost != NULL) {
		*loss_index = lost->entry;
		return E_OK;
	}
	error = snapshot_filing_position(making->snapshot, making->first_index, &position);
	if (error == E_NOT_FOUND)
		return fault_set(making->fault, error, "mass events are about nobody and are not filed");
	TRY(error);
	error = snapshot_epoch(making->snapshot, &making->epoch);
	if (error == E_NOT_FOUND || (error == E_OK && making->first_index + making->count > making->epoch.entry.size))
		return fault_set(making->fault, E_NOT_FOUND, "the batch is not filed yet; an epoch comes within seconds");
	return error;
}

static enum error set_log(struct making *making)
{
	struct checkpoint checkpoint;
	struct bytes note;
	snapshot_checkpoint(making->snapshot, &checkpoint, &note);
	TRY(set(making, "checkpoint", json_stringn((const char *)note.data, note.len)));
	TRY(include(making, "genesis", 0));
	TRY(include(making, "epoch", making->epoch.index));
	return include(making, "batch", making->first_index + making->count);
}

static enum error set_tree(struct making *making)
{
	uint64_t position;
	struct merkle_range_proof proof;
	TRY(snapshot_filing_position(making->snapshot, making->first_index, &position));
	TRY(snapshot_prove_filing(making->snapshot, position, making->count, &proof));
	return set(making, "tree",
		json_pack("{s:I, s:I, s:o}", "size", (json_int_t)snapshot_filing_size(making->snapshot), "first",
			(json_int_t)position, "proof", json_hashes(proof.hashes, proof.count)));
}

/* ---- events and subjects ---- */

/* The subject's id is in the event itself. */
static enum error add_subject(struct making *making, uint64_t index, const struct label *label)
{
	struct opened opened;
	struct event event;
	uint8_t vrf_proof[VRF_PROOF_BYTES];
	TRY(fault_because(making->fault, snapshot_open_record(making->snapshot, index, &opened), "index %" PRIu64, index));
	TRY(event_decode(opened.disclosed, opened.restricted, NULL, false, &event, making->fault));
	struct bytes subject = event_subject(&event);
	TRY(snapshot_prove_label(making->snapshot, subject, vrf_proof));
	json_t *json = json_pack("{s:s%, s:o}", "subject", (const char *)subject.data, subject.len, "vrf_proof",
		json_base64(BYTES_ARRAY(vrf_proof)));
	making->labels[making->subject_count++] = *label;
	return json_array_append_new(making->subjects, json) == 0 ? E_OK : E_NO_MEMORY;
}

static enum error add_event(void *context, const struct label_row *place)
{
	struct making *making = context;
	json_t *event = json_object();
	int failed = json_array_append_new(making->events, event);
	failed |= json_object_set_new_nocheck(event, "blind", json_base64(hash_bytes(&place->filing_blind)));
	failed |= json_object_set_new_nocheck(event, "label", json_base64(BYTES_ARRAY(place->label.b)));
	if (failed)
		return E_NO_MEMORY;
	if (!making->query->proofs)
		return E_OK;
	uint32_t subject = 0;
	while (subject < making->subject_count && memcmp(making->labels[subject].b, place->label.b, LABEL_BYTES) != 0)
		subject++;
	if (subject == making->subject_count)
		TRY(add_subject(making, place->index, &place->label));
	return json_object_set_new_nocheck(event, "subject", json_integer(subject)) == 0 ? E_OK : E_NO_MEMORY;
}

static enum error set_events(struct making *making)
{
	making->labels = malloc(making->count * sizeof *making->labels);
	if (making->labels == NULL)
		return E_NO_MEMORY;
	TRY(set(making, "events", making->events = json_array()));
	if (making->query->proofs)
		TRY(set(making, "subjects", making->subjects = json_array()));
	return snapshot_visit_filing(
		making->snapshot, making->first_index, making->first_index + making->count, add_event, making);
}

/* The events of the batch are lost: the log itself says so, which is all that can be shown. */
static enum error set_loss(struct making *making, uint64_t loss_index)
{
	struct checkpoint checkpoint;
	struct bytes note;
	snapshot_checkpoint(making->snapshot, &checkpoint, &note);
	if (loss_index >= checkpoint.size)
		return fault_set(making->fault, E_NOT_FOUND,
			"what the batch was about is lost, and the log is about to say so; ask again within seconds");
	TRY(set(making, "type", json_string("indsigt-filing-lost/v1")));
	TRY(set(making, "sender", json_integer(making->query->sender)));
	TRY(set(making, "checkpoint", json_stringn((const char *)note.data, note.len)));
	TRY(include(making, "genesis", 0));
	TRY(include(making, "batch", making->first_index + making->count));
	return include(making, "loss", loss_index);
}

static enum error make(struct making *making)
{
	uint64_t loss_index = 0;
	TRY(find_batch(making, &loss_index));
	if (loss_index > 0)
		return set_loss(making, loss_index);
	TRY(set(making, "type", json_string("indsigt-filing/v1")));
	TRY(set(making, "sender", json_integer(making->query->sender)));
	TRY(set_log(making));
	TRY(set_tree(making));
	return set_events(making);
}

enum error filing_make(struct snapshot *snapshot, const struct filing_query *query, json_t **out, struct fault *fault)
{
	struct fault why = {.text = ""};
	OWNED(making_release)
	struct making making = {.snapshot = snapshot, .query = query, .json = json_object(), .fault = &why};
	cosigned_rest(snapshot, query->cosigned, query->now_s, true);
	enum error error = make(&making);
	if (error != E_OK)
		return fault_set(fault, error, "%s", why.text[0] != '\0' ? why.text : error_reason(error));
	*out = json_incref(making.json);
	return E_OK;
}
