/* Receipts as 'indsigt send' prints them: each is checked by itself.
 *
 * A file of receipts is what `send` has printed, over days perhaps, under many checkpoints. Each is checked by itself:
 * that there are no others, and that their checkpoints fit each other, is not proven by them and is said so. What is
 * true of all of them is told: the fewest witnesses, and the oldest time. */
#include "ledger/json/json_number.h"
#include "tools/verify/receipt_file.h"
#include "tools/verify/verify.h"

/* Invariant: `seen` is meaningless before the first receipt, and after it holds for each one so far. */
struct receipts {
	uint64_t count;
	uint64_t events;
	uint64_t size;         /* of the largest checkpoint */
	struct witnessed seen; /* what is true of all of them: the fewest witnesses, the oldest time */
};

/* The first one that does not hold is the end, with its number: a person looks at that line first. */
static enum error take_receipt(
	const struct verify_call *call, struct bytes *rest, struct receipts *receipts, struct finding *finding)
{
	OWNED(receipt_shown_release) struct receipt_shown shown = {.mass = false};
	TRY(receipt_file_next(rest, &call->log, call->policy, &shown, finding));
	if (receipts->count == 0)
		receipts->seen = shown.seen;
	if (shown.seen.quorum.count < receipts->seen.quorum.count)
		receipts->seen.quorum.count = shown.seen.quorum.count;
	if (shown.seen.quorum.time_s < receipts->seen.quorum.time_s)
		receipts->seen.quorum.time_s = shown.seen.quorum.time_s;
	receipts->count++;
	receipts->events += shown.batch.count;
	receipts->size = shown.checkpoint.size > receipts->size ? shown.checkpoint.size : receipts->size;
	return E_OK;
}

enum error verify_receipts(const struct verify_call *call, struct finding *finding, uint64_t *number)
{
	struct receipts receipts = {0};
	struct bytes rest = call->text;
	*number = 1;
	if (rest.len == 0)
		return finding_form(finding, "file", FINDING_NO_INDEX, NULL, "is empty");
	while (rest.len > 0) {
		*number = receipts.count + 1;
		TRY(take_receipt(call, &rest, &receipts, finding));
	}
	if (call->json)
		return output_json(
			json_pack("{s:s, s:b, s:s, s:b, s:o, s:o, s:o}", "kind", "receipts", "holds", true, "origin",
				call->log.name, "witnessed", receipts.seen.proven, "receipts", json_number(receipts.count), "events",
				json_number(receipts.events), "size", json_number(receipts.size)),
			call->out);
	table_line(call->out, call->words->receipts, (unsigned long long)receipts.count,
		(unsigned long long)receipts.events, call->log.name, (unsigned long long)receipts.size);
	table_line(call->out, "%s", call->words->receipts_scope);
	verify_witnesses(&receipts.seen, call);
	return E_OK;
}
