/* indsigt filing: a sender's proof of how one of its batches is filed, as a file.
 *
 * What `indsigt send --query` does by itself for every batch, by hand for one, and with the proof as a file: for a
 * sender that wants to show a third person what became of its report. The request is signed with the sender's own key,
 * since the proof names people, whom only their reporter may be told.
 *
 * Nothing is handed on that does not hold: a proof that does not verify would be taken for one by who gets the file. */
#include "ingest/sender/filing_checker.h"
#include "ledger/proof/filing_lost.h"
#include "ledger/proof/filing_proof.h"
#include "ledger/text/number.h"
#include "tools/command/command.h"
#include "tools/show/output.h"

struct filing_request {
	const char *query;
	const char *key;
	uint64_t sequence;
	const char *output;
};

/* What is handed on holds. A batch may be lost, and the log says so itself: that is an answer too, and is checked in
 * the same way. */
static enum error check(struct bytes text, const struct vkey *log, struct fault *fault)
{
	OWNED(filing_proof_release) struct filing_proof *proof = NULL;
	struct filing_lost lost;
	struct finding finding = {.text = ""};
	return fault_set(fault,
		filing_lost_is(text) ? filing_lost_verify(text, log, NULL, &lost, &finding)
							 : filing_proof_verify(text, log, NULL, &proof, &finding),
		"the ledger's proof does not hold: %s", finding.text);
}

static enum error filing(void *given, struct fault *fault)
{
	const struct filing_request *request = given;
	struct bytes text;
	OWNED(sender_key_wipe) struct sender_key key = {0};
	OWNED(fetch_release) struct fetch *fetch = NULL;
	TRY(sender_key_read(request->key, &key, fault));
	TRY(fetch_open(request->query, NULL, &fetch, fault));
	TRY(filing_ask(fetch, &key, request->sequence, true, &text, fault));
	TRY(check(text, &key.log, fault));
	return output_write(request->output, text, fault);
}

#define T struct filing_request
static const struct option_row rows[] = {
	OPTION_TEXT(T, query, "query", "URL", .required = REQUIRED, .help = "address of the query daemon"),
	WEB_TRUST_ROWS(),
	OPTION_TEXT(T, key, "key", "FILE", .required = REQUIRED, .help = "the sender's key file"),
	OPTION_NUMBER(T, sequence, "seq", "N", 0, NUMBER_INDEX_MAX, .required = REQUIRED,
		.must = "a sequence number, as receipts name them",
		.help = "a sequence number of the batch, as receipts name them"),
	OPTION_TEXT(T, output, "output", "FILE", .letter = 'o', .required = REQUIRED,
		.help = "where to write it (0600, it names people); '-' is standard output"),
};

const struct command command_filing = {
	.options = {.name = "indsigt filing",
		.summary = "a sender's proof of how one of its batches is filed",
		.text = "Asks the ledger, as the sender whose key file it is, for the proof that the events of the batch with "
				"sequence N are filed under the labels of the very people they are about. 'indsigt verify FILE --vkey "
				"VKEY' reads it. 'indsigt send --query' checks every batch by itself. Of a batch that the ledger has "
				"lost ('indsigt help recovery') the file shows that the log says so.\n",
		OPTION_ROWS(rows)},
	.work = filing,
	COMMAND_GIVEN(struct filing_request, .output = NULL),
};
