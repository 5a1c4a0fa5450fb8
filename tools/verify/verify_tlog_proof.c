/* A proof file shows one entry and says nothing of what the entry is about: events are commitments, so it can be given
 * to anybody. What it proves is where the entry stands, and under which checkpoint; that is told first, then what kind
 * of entry it is. */
#include "ledger/json/json_number.h"
#include "ledger/proof/tlog_proof.h"
#include "tools/verify/verify.h"

static const char *const kinds[] = {[ENTRY_GENESIS] = "genesis",
	[ENTRY_SENDER] = "sender",
	[ENTRY_EVENT] = "event",
	[ENTRY_MASS] = "mass",
	[ENTRY_BATCH] = "batch",
	[ENTRY_EPOCH] = "epoch",
	[ENTRY_ERASURE] = "erasure",
	[ENTRY_LOSS] = "loss"};

/* Each kind has a sentence of its own, with the numbers that the log itself has, and no name but a sender's. */
static void print_entry(const struct entry *entry, const struct verify_words *words, FILE *out)
{
	char time[VERIFY_TIME_MAX];
	const char *format = words->entries[entry->kind];
	switch (entry->kind) {
	case ENTRY_SENDER:
		table_line(out, format, entry->sender.name, entry->sender.org);
		break;
	case ENTRY_EVENT:
	case ENTRY_MASS:
		verify_time(entry->event.time_s, time);
		table_line(out, format, entry->event.sender, (unsigned long long)entry->event.sequence, time);
		break;
	case ENTRY_BATCH:
		table_line(out, format, entry->batch.sender, (unsigned long long)entry->batch.first_sequence,
			(unsigned long long)(entry->batch.first_sequence + entry->batch.count - 1));
		break;
	case ENTRY_EPOCH:
		verify_time(entry->epoch.time_s, time);
		table_line(out, format, (unsigned long long)entry->epoch.size, time);
		break;
	case ENTRY_LOSS:
		table_line(out, format, (unsigned long long)entry->loss.events, (unsigned long long)entry->loss.first);
		break;
	case ENTRY_GENESIS:
	case ENTRY_ERASURE:
		table_line(out, "%s", format);
		break;
	}
}

enum error verify_tlog_proof(const struct verify_call *call, struct finding *finding)
{
	OWNED(tlog_proof_release) struct tlog_proof *proof = NULL;
	TRY(tlog_proof_verify(call->text, &call->log, call->policy, &proof, finding));
	if (call->json)
		return output_json(
			json_pack("{s:s, s:b, s:s, s:o, s:o, s:s, s:b}", "kind", "tlog-proof", "holds", true, "origin",
				proof->checkpoint.origin, "size", json_number(proof->checkpoint.size), "index",
				json_number(proof->index), "entry", kinds[proof->entry.kind], "witnessed", proof->seen.proven),
			call->out);
	table_line(call->out, call->words->stands, (unsigned long long)proof->index, proof->checkpoint.origin,
		(unsigned long long)proof->checkpoint.size);
	print_entry(&proof->entry, call->words, call->out);
	verify_witnesses(&proof->seen, call);
	return E_OK;
}
