/* What a batch can have shown of it depends on what became of it.
 *
 *   batch ─┬─ never received, of mass events, or not filed yet ─► E_NOT_FOUND, and which of them
 *          ├─ some of its events are lost ─► the log's entry about the loss, and nothing else: there are no labels
 *          └─ filed ─► range of the filing tree ─► each event's blind and label ─► with `proofs`: subject, VRF proof
 *
 * A subject's id stands in the records alone. For each label one record is opened, and if that was erased the
 * proof fails (E_ERASED). */
#include "query/answer/filing_make.h"

#include "query/answer/proof.h"

#include <inttypes.h>

/* Whom the events are about: each once, in the order in which they come. */
struct filing_subject {
	struct label label;
	uint64_t index; /* of the first of its events */
};

/* One proof while it is made. Invariant: `text` holds a whole beginning of it after each step. */
struct making {
	struct snapshot *snapshot;
	const struct filing_query *query;
	struct epoch_place epoch;
	uint64_t first_index;
	uint32_t count;
	struct text *text;
	struct filing_subject *subjects;
	uint32_t subject_count;
	struct fault *fault;
};

static void making_release(struct making *making)
{
	free(making->subjects);
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

static void add_begin(struct making *making, const char *type)
{
	text_object(making->text, NULL);
	text_string(making->text, "type", bytes_text(type));
	text_number(making->text, "sender", making->query->sender);
}

static enum error add_log(struct making *making)
{
	text_string(making->text, "checkpoint", snapshot_note(making->snapshot));
	return included_write(making->text, "genesis", making->snapshot, 0);
}

static enum error add_batch(struct making *making)
{
	return included_write(making->text, "batch", making->snapshot, making->first_index + making->count);
}

static enum error add_tree(struct making *making)
{
	uint64_t position;
	struct merkle_range_proof proof;
	struct text *text = making->text;
	TRY(snapshot_filing_position(making->snapshot, making->first_index, &position));
	TRY(snapshot_prove_filing(making->snapshot, position, making->count, &proof));
	text_object(text, "tree");
	text_number(text, "size", snapshot_filing_size(making->snapshot));
	text_number(text, "first", position);
	text_hashes(text, "proof", proof.hashes, proof.count);
	text_object_end(text);
	return text->error;
}

/* ---- events and subjects ---- */

static uint32_t subject_of(struct making *making, const struct label_row *place)
{
	uint32_t subject = 0;
	while (
		subject < making->subject_count && memcmp(making->subjects[subject].label.b, place->label.b, LABEL_BYTES) != 0)
		subject++;
	if (subject == making->subject_count)
		making->subjects[making->subject_count++] = (struct filing_subject){place->label, place->index};
	return subject;
}

static enum error add_event(void *context, const struct label_row *place)
{
	struct making *making = context;
	struct text *text = making->text;
	text_object(text, NULL);
	text_base64(text, "blind", hash_bytes(&place->filing_blind));
	text_base64(text, "label", BYTES_ARRAY(place->label.b));
	if (making->query->proofs)
		text_number(text, "subject", subject_of(making, place));
	text_object_end(text);
	return text->error;
}

/* The subject's id is in the event itself. */
static enum error add_subject(struct making *making, const struct filing_subject *about)
{
	struct opened opened;
	struct event event;
	uint8_t vrf_proof[VRF_PROOF_BYTES];
	struct text *text = making->text;
	TRY(fault_because(
		making->fault, snapshot_open_record(making->snapshot, about->index, &opened), "index %" PRIu64, about->index));
	TRY(event_decode(opened.disclosed, opened.restricted, NULL, false, &event, making->fault));
	TRY(snapshot_prove_label(making->snapshot, event_subject(&event), vrf_proof));
	text_object(text, NULL);
	text_string(text, "subject", event_subject(&event));
	text_base64(text, "vrf_proof", BYTES_ARRAY(vrf_proof));
	text_object_end(text);
	return text->error;
}

static enum error add_subjects(struct making *making)
{
	text_list(making->text, "subjects");
	for (uint32_t i = 0; i < making->subject_count; i++)
		TRY(add_subject(making, &making->subjects[i]));
	text_list_end(making->text);
	return making->text->error;
}

static enum error add_events(struct making *making)
{
	making->subjects = malloc(making->count * sizeof *making->subjects);
	TRY(allocated(making->subjects));
	text_list(making->text, "events");
	TRY(snapshot_visit_filing(
		making->snapshot, making->first_index, making->first_index + making->count, add_event, making));
	text_list_end(making->text);
	return making->query->proofs ? add_subjects(making) : making->text->error;
}

/* The events of the batch are lost: the log itself says so, which is all that can be shown. */
static enum error add_loss(struct making *making, uint64_t loss_index)
{
	if (loss_index >= snapshot_checkpoint(making->snapshot)->size)
		return fault_set(making->fault, E_NOT_FOUND,
			"what the batch was about is lost, and the log is about to say so; ask again within seconds");
	add_begin(making, "indsigt-filing-lost/v1");
	TRY(add_log(making));
	TRY(add_batch(making));
	return included_write(making->text, "loss", making->snapshot, loss_index);
}

static enum error add_filing(struct making *making)
{
	add_begin(making, "indsigt-filing/v1");
	TRY(add_log(making));
	TRY(included_write(making->text, "epoch", making->snapshot, making->epoch.index));
	TRY(add_batch(making));
	TRY(add_tree(making));
	return add_events(making);
}

static enum error make(struct making *making)
{
	uint64_t loss_index = 0;
	TRY(find_batch(making, &loss_index));
	TRY(loss_index > 0 ? add_loss(making, loss_index) : add_filing(making));
	text_object_end(making->text);
	return text_done(making->text);
}

enum error filing_make(
	struct snapshot *snapshot, const struct filing_query *query, struct text *out, struct fault *fault)
{
	struct fault why = {.text = ""};
	OWNED(making_release)
	struct making making = {.snapshot = snapshot, .query = query, .text = out, .fault = &why};
	cosigned_rest(snapshot, query->cosigned, query->now_s, true);
	enum error error = make(&making);
	TRY(fault_set(fault, error, "%s", why.text[0] != '\0' ? why.text : error_reason(error)));
	return E_OK;
}
