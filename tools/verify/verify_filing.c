/* A sender's proof, with two endings: filed under these people, or lost, and the log says so. The proof names people
 * only where it was asked for with them; then they are listed with their sequences, so that the sender can compare each
 * with what it reported. Without them it shows that the events are filed under labels, and not whose the labels are,
 * which is said. */
#include "ledger/json/json_number.h"
#include "ledger/proof/filing_lost.h"
#include "ledger/proof/filing_proof.h"
#include "ledger/text/timestamp.h"
#include "tools/verify/verify.h"

#include <inttypes.h>

#define COLUMNS 3

/* In the order of the batch, one for each event, since that is how the sender knows its events. */
static json_t *subjects_json(const struct filing_proof *proof)
{
	json_t *list = json_array();
	bool failed = false;
	for (uint32_t i = 0; i < proof->batch.count; i++) {
		const struct bytes *id = &proof->subjects[proof->subject_of[i]].id;
		failed |= json_array_append_new(list, json_stringn((const char *)id->data, id->len)) != 0;
	}
	return verify_json_whole(list, failed);
}

/* `subjects` is there only where the proof has them: an empty list would say that the batch is about nobody. */
static json_t *filing_json(const struct filing_proof *proof, const struct verify_call *call)
{
	char time[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(proof->epoch_time_s, time);
	json_t *json = json_pack("{s:s, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:s}", "kind", "filing", "holds", true, "origin",
		call->log.name, "sender", json_number(proof->batch.sender), "first_sequence",
		json_number(proof->batch.first_sequence), "count", json_number(proof->batch.count), "first_index",
		json_number(proof->first_index), "epoch", json_number(proof->epoch_index), "epoch_time", time);
	bool failed = json_object_set_new(json, "witnessed", json_boolean(proof->seen.proven)) != 0;
	if (proof->subject_of != NULL)
		failed |= json_object_set_new(json, "subjects", subjects_json(proof)) != 0;
	return verify_json_whole(json, failed);
}

static enum error print_subjects(const struct filing_proof *proof, const struct verify_call *call)
{
	OWNED(table_release) struct table *table = table_new(call->words->filed_headings, COLUMNS);
	for (uint32_t i = 0; i < proof->batch.count; i++) {
		char sequence[24], index[24], subject[SUBJECT_BYTES_MAX + 1];
		const struct bytes *id = &proof->subjects[proof->subject_of[i]].id;
		snprintf(sequence, sizeof sequence, "%" PRIu64, proof->batch.first_sequence + i);
		snprintf(index, sizeof index, "%" PRIu64, proof->first_index + i);
		snprintf(subject, sizeof subject, "%.*s", (int)id->len, (const char *)id->data);
		const char *row[COLUMNS] = {sequence, index, subject};
		if (table == NULL || !table_add(table, row))
			return E_NO_MEMORY;
	}
	table_print(table, table_terminal_width(call->out), call->out);
	putc('\n', call->out);
	return E_OK;
}

static enum error print_text(const struct filing_proof *proof, const struct verify_call *call)
{
	char time[VERIFY_TIME_MAX];
	const struct entry_batch *batch = &proof->batch;
	if (proof->subject_of != NULL)
		TRY(print_subjects(proof, call));
	verify_time(proof->epoch_time_s, time);
	table_line(call->out, call->words->filed, batch->count, batch->sender, (unsigned long long)batch->first_sequence,
		(unsigned long long)(batch->first_sequence + batch->count - 1), call->log.name, time);
	table_line(call->out, "%s", proof->subject_of != NULL ? call->words->filed_subjects : call->words->filed_labels);
	verify_witnesses(&proof->seen, call);
	return E_OK;
}

/* What is lost cannot be proven to be filed; what is proven is that the log itself declares the loss. */
static enum error verify_lost(const struct verify_call *call, struct finding *finding)
{
	struct filing_lost lost;
	TRY(filing_lost_verify(call->text, &call->log, call->policy, &lost, finding));
	const struct entry_batch *batch = &lost.batch;
	if (call->json)
		return output_json(
			json_pack("{s:s, s:b, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", "filing", "holds", true,
				"origin", call->log.name, "lost", true, "witnessed", lost.seen.proven, "sender",
				json_number(batch->sender), "first_sequence", json_number(batch->first_sequence), "count",
				json_number(batch->count), "first_index", json_number(lost.first_index), "loss",
				json_number(lost.loss_index), "lost_events", json_number(lost.events)),
			call->out);
	table_line(call->out, call->words->filed_lost, lost.events, batch->count, batch->sender,
		(unsigned long long)batch->first_sequence, (unsigned long long)(batch->first_sequence + batch->count - 1),
		call->log.name, (unsigned long long)lost.loss_index);
	verify_witnesses(&lost.seen, call);
	return E_OK;
}

enum error verify_filing(const struct verify_call *call, struct finding *finding)
{
	if (filing_lost_is(call->text))
		return verify_lost(call, finding);
	OWNED(filing_proof_release) struct filing_proof *proof = NULL;
	TRY(filing_proof_verify(call->text, &call->log, call->policy, &proof, finding));
	return call->json ? output_json(filing_json(proof, call), call->out) : print_text(proof, call);
}
