/* Receipts as 'indsigt send' prints them, one JSON object a line (tools/send/receipt_json.h), read and checked: the
 * batch entry that is made again from the batch stands under a checkpoint of this log. spec/sender.md */
#pragma once

#include "ledger/proof/anchor.h"

struct receipt_shown {
	struct form form; /* owns what is borrowed below */
	bool mass;
	struct entry_batch batch;
	uint64_t first_index; /* of the first event; the events stand one after the other, the batch entry behind them */
	struct bytes note;    /* the signed checkpoint */
	struct checkpoint checkpoint;
	struct witnessed seen; /* by whom it was cosigned */
	struct included at;    /* the batch entry */
	uint8_t entry[ENTRY_BATCH_BYTES];
};

/* Cuts the next line off `rest`, which is not empty, and checks it; `policy` may be NULL. FINDING_FORM, CHECKPOINT,
 * WITNESSES, BATCH_ENTRY, BATCH_INCLUSION; E_NO_MEMORY. `out` holds pointers into itself, so it stays where it is; the
 * caller calls receipt_shown_release, also after an error. */
enum error receipt_file_next(struct bytes *rest, const struct vkey *log, const struct witness_policy *policy,
	struct receipt_shown *out, struct finding *finding) MUST_USE;
/* Whether the first line is a receipt of another log than this: then nothing can be said of it with this key. */
bool receipt_file_of_other(struct bytes rest, const struct vkey *log);
void receipt_shown_release(struct receipt_shown *shown);
