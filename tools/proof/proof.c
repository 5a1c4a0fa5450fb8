/* indsigt proof: entries of the log with their proofs, as files that other tools read too (C2SP tlog-proof).
 *
 * A proof file is for somebody who has no account anywhere and needs none: it names nobody. Of receipts the batch's own
 * proof is made offline; with a ledger or its tiles at hand all is proven anew under a newer checkpoint, which
 * witnesses have seen, and each event gets a file as well.
 *
 *   INDEX ─► one source ─► one file
 *   receipts ─► each verified ─┬─ offline ─► the batch entry as the receipt proves it
 *                              └─ with a source ─► the same entry there? ─► batch and events under its checkpoint
 *
 * What fails stops it at that receipt or entry: files that were written by then are whole and hold. */
#include "ingest/net/web.h"
#include "ledger/base/file.h"
#include "ledger/text/number.h"
#include "tools/command/command.h"
#include "tools/proof/proof_source.h"
#include "tools/show/output.h"
#include "tools/show/vkey_option.h"
#include "tools/verify/receipt_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#define RECEIPTS_BYTES_MAX (64u << 20) /* 64 MiB: a day's receipts of a busy sender */
#define FILE_MODE 0644                 /* entries are public */

_Static_assert(TLOG_PROOF_INDEX_DIGITS_MAX >= 18, "each has a proof file");

struct proof_request {
	const char *place; /* a ledger's directory, or where its tiles are; NULL with receipts */
	uint64_t index;
	const char *receipts;
	const char *events; /* where the events of the receipts come from, or NULL */
	const char *into;
	const char *output;
	struct vkey vkey;
	const struct vkey *log; /* that, or NULL: none was given */
	bool json;
};

/* The way through the receipts, and what was written. */
struct walk {
	const struct proof_request *request;
	struct proof_source *source; /* for events; opened when it is needed, and anew when it does not reach far enough */
	uint64_t batches;
	uint64_t events;
};

static void walk_release(struct walk *walk)
{
	proof_source_close(walk->source);
}

/* ---- writing ---- */

/* With --json a line for each file, so that a script knows what there is. */
static enum error tell(const struct proof_request *request, const char *path, const struct tlog_proof *proof)
{
	if (!request->json)
		return E_OK;
	return output_json(json_pack("{s:s, s:s, s:I, s:I}", "file", path, "origin", proof->checkpoint.origin, "index",
						   (json_int_t)proof->index, "size", (json_int_t)proof->checkpoint.size),
		stdout);
}

static enum error write_file(
	const struct proof_request *request, const char *path, const struct proof_made *made, struct fault *fault)
{
	TRY(output_file(path, made->text, FILE_MODE, fault));
	return tell(request, path, made->proof);
}

/* Named by the index, so that the same proof made again replaces the older one. */
static enum error write_into(const struct proof_request *request, const struct proof_made *made, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	int len = snprintf(path, sizeof path, "%s/%" PRIu64 ".tlog-proof", request->into, made->proof->index);
	if (len < 0 || (size_t)len >= sizeof path)
		return fault_set(fault, E_TOO_LONG, "--into is longer than %d bytes", PATH_BYTES_MAX);
	return write_file(request, path, made, fault);
}

/* ---- one entry ---- */

/* To standard output as it is, for a pipe. */
static enum error prove_entry(const struct proof_request *request, struct fault *fault)
{
	OWNED(proof_source_release) struct proof_source *source = NULL;
	struct proof_made made;
	TRY(proof_source_open(request->place, request->log, request->index, &source, fault));
	TRY(proof_source_make(source, request->index, &made, fault));
	if (request->output != NULL && strcmp(request->output, "-") != 0)
		return write_file(request, request->output, &made, fault);
	fwrite(made.text.data, 1, made.text.len, stdout);
	return fflush(stdout) == 0 ? E_OK : fault_set(fault, E_IO, "it cannot be written: %m");
}

/* ---- receipts ---- */

/* The receipt has all that the proof of its batch entry takes. Verified as a stranger would, although the receipt was:
 * what is written is another format. */
static enum error prove_batch(
	const struct proof_request *request, const struct receipt_shown *shown, struct fault *fault)
{
	struct finding finding = {.text = ""};
	struct proof_made made;
	OWNED_MEMORY struct tlog_proof *proof = NULL;
	OWNED_MEMORY uint8_t *memory = malloc(TLOG_PROOF_BYTES_MAX);
	TRY(fault_set(fault, allocated(memory), ""));
	struct writer w = writer_of(memory, TLOG_PROOF_BYTES_MAX);
	TRY(tlog_proof_write(&shown->at, shown->note, &w));
	TRY(writer_done(&w, &made.text));
	enum error error = tlog_proof_verify(made.text, request->log, NULL, &proof, &finding);
	TRY(fault_set(fault, error, "%s", finding.code != FINDING_NONE ? finding.text : error_reason(error)));
	made.proof = proof;
	return write_into(request, &made, fault);
}

/* The same entry, byte for byte. */
static bool is_batch_of(const struct entry *entry, const struct receipt_shown *shown)
{
	uint8_t buffer[ENTRY_BATCH_BYTES];
	struct bytes encoded;
	struct writer w = writer_of(buffer, sizeof buffer);
	return entry->kind == ENTRY_BATCH && entry_encode(entry, &w) == E_OK && writer_done(&w, &encoded) == E_OK &&
		   bytes_equal(encoded, shown->at.entry);
}

/* The entry is the one that the receipt speaks of. */
static bool is_event_of(const struct entry *entry, const struct receipt_shown *shown, uint32_t number)
{
	return entry->kind == (shown->mass ? ENTRY_MASS : ENTRY_EVENT) && entry->event.sender == shown->batch.sender &&
		   entry->event.sequence == shown->batch.first_sequence + number;
}

/* A source is opened for a checkpoint; one that does not reach far enough is let go and the newest taken. */
static enum error reach(struct walk *walk, uint64_t index, struct fault *fault)
{
	if (walk->source != NULL && index < proof_source_size(walk->source))
		return E_OK;
	proof_source_close(walk->source);
	walk->source = NULL;
	return proof_source_open(walk->request->events, walk->request->log, index, &walk->source, fault);
}

/* A receipt is given before any witness has seen its checkpoint: where a ledger or its tiles can be asked, the batch is
 * proven under a newer one, which they have cosigned. */
static enum error prove_batch_anew(struct walk *walk, const struct receipt_shown *shown, struct fault *fault)
{
	struct proof_made made;
	TRY(reach(walk, shown->at.index, fault));
	TRY(proof_source_make(walk->source, shown->at.index, &made, fault));
	if (!is_batch_of(&made.proof->entry, shown))
		return fault_set(fault, E_BAD_PROOF,
			"entry %" PRIu64 " is not the batch entry that the receipt is about; keep both: the log has two histories",
			shown->at.index);
	return write_into(walk->request, &made, fault);
}

/* Each entry is compared with what the receipt says it is: tiles come from anybody. */
static enum error prove_events(struct walk *walk, const struct receipt_shown *shown, struct fault *fault)
{
	struct proof_made made;
	for (uint32_t i = 0; i < shown->batch.count; i++) {
		TRY(proof_source_make(walk->source, shown->first_index + i, &made, fault));
		if (!is_event_of(&made.proof->entry, shown, i))
			return fault_set(fault, E_BAD_PROOF, "entry %" PRIu64 " is not the event that the receipt is about",
				shown->first_index + i);
		TRY(write_into(walk->request, &made, fault));
	}
	walk->events += shown->batch.count;
	return E_OK;
}

/* The number is the line's, since a file may have thousands. */
static enum error prove_receipt(struct walk *walk, struct bytes *rest, struct fault *fault)
{
	OWNED(receipt_shown_release) struct receipt_shown shown = {.mass = false};
	struct finding finding = {.text = ""};
	enum error error = receipt_file_next(rest, walk->request->log, NULL, &shown, &finding);
	if (error_judges(error) && receipt_file_of_other(*rest, walk->request->log))
		return fault_set(fault, E_WRONG_ORIGIN, "receipt %" PRIu64 " is of another log than that of --vkey, '%s'",
			walk->batches + 1, walk->request->log->name);
	TRY(fault_set(fault, error, "receipt %" PRIu64 ": %s", walk->batches + 1,
		finding.code != FINDING_NONE ? finding.text : error_reason(error)));
	walk->batches++;
	if (walk->request->events == NULL)
		return prove_batch(walk->request, &shown, fault);
	TRY(prove_batch_anew(walk, &shown, fault));
	return prove_events(walk, &shown, fault);
}

/* Read as a whole, with a limit: lines are told by number, and a part of a file says nothing. */
static enum error prove_receipts(const struct proof_request *request, struct fault *fault)
{
	OWNED(walk_release) struct walk walk = {.request = request};
	struct bytes rest = BYTES_EMPTY;
	OWNED_MEMORY uint8_t *text = NULL;
	TRY(fault_because(fault, file_read_all(AT_FDCWD, request->receipts, RECEIPTS_BYTES_MAX, &text, &rest.len),
		"%s cannot be read", request->receipts));
	rest.data = text;
	if (rest.len == 0)
		return fault_set(fault, E_BAD_VALUE, "%s is empty", request->receipts);
	if (mkdir(request->into, 0777) != 0 && errno != EEXIST)
		return fault_set(fault, E_IO, "%s cannot be made: %m", request->into);
	while (rest.len > 0)
		TRY(prove_receipt(&walk, &rest, fault));
	if (!request->json)
		printf("%s: proofs of %" PRIu64 " batches and %" PRIu64 " events\n", request->into, walk.batches, walk.events);
	return E_OK;
}

/* ---- command ---- */

#define T struct proof_request
#define OF_LEDGER FORM(0)
#define OF_TILES FORM(1)
#define OF_RECEIPTS FORM(2)
static const struct option_row rows[] = {
	ARGUMENT(T, place, "DIR", .forms = OF_LEDGER),
	ARGUMENT(T, place, "URL", .forms = OF_TILES),
	ARGUMENT_NUMBER(T, index, "INDEX", 0, NUMBER_INDEX_MAX, .forms = OF_LEDGER | OF_TILES,
		.must = "the number of an entry, from 0"),
	OPTION_TEXT(T, receipts, "receipt", "FILE", .forms = OF_RECEIPTS, .required = REQUIRED,
		.help = "receipts as 'indsigt send' printed them. A receipt proves that its batch stands in the log; that "
				"becomes a file of its own, offline"),
	OPTION_TEXT(T, events, "events", "DIR|URL", .forms = OF_RECEIPTS,
		.help = "also a file for each event of these batches, which takes a ledger or its tiles; then the batches are "
				"proven under its newest checkpoint too, with the witnesses' cosignatures"),
	OPTION_TEXT(T, into, "into", "DIR", .forms = OF_RECEIPTS, .required = REQUIRED,
		.help = "where those files go, each named by its log index: 17.tlog-proof"),
	WEB_CA_ROW(.forms = OF_TILES | OF_RECEIPTS),
	OPTION_VKEY(T, vkey, .required = OF_TILES | OF_RECEIPTS,
		.help = "the log's verification key, from somewhere else than the address"),
	OPTION_TEXT(T, output, "output", "FILE", .letter = 'o', .forms = OF_LEDGER | OF_TILES,
		.help = "where to write it; '-', the default, is standard output"),
	OPTION_FLAG(T, json, "json", .wants = "output", .help = "what was written, one JSON object a line for each file"),
};

static enum error prove(void *given, struct fault *fault)
{
	struct proof_request *request = given;
	request->log = request->vkey.name[0] != '\0' ? &request->vkey : NULL;
	return request->receipts != NULL ? prove_receipts(request, fault) : prove_entry(request, fault);
}

const struct command command_proof = {
	.options = {.name = "indsigt proof",
		.summary = "the proof that an entry stands in the log, as a file",
		.text = "Writes a .tlog-proof (C2SP tlog-proof): an entry, its place, and the way to a signed checkpoint. It "
				"needs nothing else, 'indsigt verify FILE --vkey VKEY' reads it offline, and so do tools of others. It "
				"names nobody.\n\nINDEX is the entry's log index, as receipts, answers and statements name it. DIR is "
				"a ledger's directory, URL the address of its query daemon or of a mirror, or a directory of tiles: "
				"what comes from there is verified.\n",
		OPTION_ROWS(rows),
		.after = "Where the log has witnesses the checkpoint carries their cosignatures if it reaches so far ('indsigt "
				 "verify --policy').\n"},
	.work = prove,
	COMMAND_GIVEN(struct proof_request, .json = false),
};
