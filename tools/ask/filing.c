/* indsigt filing: a sender's proof of how one of its batches is filed, as a file. */
#include "ingest/sender/filing_checker.h"
#include "ledger/base/own.h"
#include "ledger/proof/filing_lost.h"
#include "ledger/proof/filing_proof.h"
#include "tools/command/command.h"
#include "tools/show/output.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

struct filing_request {
	const char *query;
	const char *key;
	uint64_t sequence;
	const char *output;
};

static bool read_sequence(const char *text, uint64_t *out)
{
	size_t len = strspn(text, "0123456789");
	*out = strtoull(text, NULL, 10);
	return len > 0 && len <= 18 && text[len] == '\0';
}

static bool read_options(int argc, char **argv, struct filing_request *out)
{
	static const struct option known[] = {
		{"query", required_argument, NULL, 'q'},
		{"key", required_argument, NULL, 'k'},
		{"seq", required_argument, NULL, 's'},
		{"output", required_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	bool sequence = false;
	*out = (struct filing_request){.query = NULL};
	for (int option; (option = getopt_long(argc, argv, "o:", known, NULL)) != -1;) {
		switch (option) {
		case 'q':
			out->query = optarg;
			break;
		case 'k':
			out->key = optarg;
			break;
		case 's':
			sequence = read_sequence(optarg, &out->sequence);
			if (!sequence)
				return false;
			break;
		case 'o':
			out->output = optarg;
			break;
		default:
			return false;
		}
	}
	return optind == argc && out->query && out->key && sequence && out->output;
}

/* What is handed on holds. */
static enum error check(struct bytes text, const struct vkey *log, struct fault *fault)
{
	struct filing_proof *proof = NULL;
	struct filing_lost lost;
	struct finding finding = {.text = ""};
	enum error error = filing_lost_is(text) ? filing_lost_verify(text, log, NULL, &lost, &finding)
											: filing_proof_verify(text, log, NULL, &proof, &finding);
	filing_proof_free(proof);
	return error == E_OK ? E_OK : fault_set(fault, error, "the ledger's proof does not hold: %s", finding.text);
}

static enum error filing(const struct filing_request *request, struct fault *fault)
{
	struct bytes text;
	OWNED(sender_key_wipe) struct sender_key key = {0};
	OWNED(fetch_release) struct fetch *fetch = NULL;
	TRY(sender_key_read(request->key, &key, fault));
	TRY(fetch_open(request->query, NULL, &fetch, fault));
	TRY(filing_ask(fetch, &key, request->sequence, true, &text, fault));
	TRY(check(text, &key.log, fault));
	return output_write(request->output, text, fault);
}

static int run(int argc, char **argv)
{
	struct filing_request request;
	struct fault fault = {.text = ""};
	if (!read_options(argc, argv, &request))
		return command_usage(&command_filing, NULL);
	return command_end(&command_filing, filing(&request, &fault), &fault);
}

const struct command command_filing = {
	.name = "filing",
	.arguments = "--query URL --key FILE --seq N -o FILE",
	.summary = "a sender's proof of how one of its batches is filed",
	.text =
		"Asks the ledger, as the sender whose key file it is, for the proof that the events of the batch with sequence "
		"N\n"
		"are filed under the labels of the very people they are about. 'indsigt verify FILE --vkey VKEY' reads it.\n"
		"'indsigt send --query' checks every batch by itself. Of a batch that the ledger has lost ('indsigt help "
		"recovery') "
		"the\n"
		"file shows that the log says so.\n"
		"\n"
		"  --query URL  address of the query daemon\n"
		"  --key FILE   the sender's key file\n"
		"  --seq N      a sequence number of the batch, as receipts name them\n"
		"  -o FILE      where to write it (0600, it names people); '-' is standard output\n",
	.run = run,
};
