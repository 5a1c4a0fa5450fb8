/* indsigt evidence: what the ledger keeps against senders, and what shows that an old store was put back.
 *
 * Evidence is for somebody else: a court, an auditor, the sender's own people. So the JSON has the second batch as the
 * sender signed it, and where the first one stands in the log: both can be verified by who has neither this program nor
 * this ledger. Nothing in it is anybody's data: a batch as it was signed has commitments only.
 *
 * One snapshot, but for the files, which others write at any moment; a file that comes after they were listed is in the
 * next list. */
#include "ledger/base/file.h"
#include "ledger/json/json_base64.h"
#include "ledger/json/json_read.h"
#include "ledger/read/archive.h"
#include "tools/command/command.h"
#include "tools/show/output.h"

#include <inttypes.h>

struct listing {
	struct snapshot *snapshot;
	json_t *equivocations;
	json_t *files;
};

/* The snapshot is lent by the caller, who lets it go. */
static void listing_release(struct listing *listing)
{
	json_decref(listing->equivocations);
	json_decref(listing->files);
}

/* The sender's name is read beside its id: who reads this knows systems by name. */
static enum error add_equivocation(void *context, const struct evidence_row *row)
{
	struct listing *listing = context;
	struct sender sender;
	uint64_t first_sequence, first_index;
	uint32_t count;
	TRY(snapshot_sender(listing->snapshot, row->head.sender, &sender));
	TRY(snapshot_batch(listing->snapshot, sender.id, row->head.first_sequence, &first_sequence, &count, &first_index));
	json_t *json = json_pack("{s:I, s:s, s:s, s:I, s:I, s:o, s:{s:I, s:I, s:I}}", "sender", (json_int_t)sender.id,
		"org", sender.org, "name", sender.name, "first_sequence", (json_int_t)row->head.first_sequence, "count",
		(json_int_t)row->head.count, "signed", json_base64(row->signed_batch), "stored", "first_sequence",
		(json_int_t)first_sequence, "count", (json_int_t)count, "batch_index", (json_int_t)(first_index + count));
	return json_array_append_new(listing->equivocations, json) == 0 ? E_OK : E_NO_MEMORY;
}

/* What stopped ingest, or is an alarm of cosigning: one file each. Only names are listed: the files are checkpoints and
 * proofs, which `indsigt verify` reads. */
static enum error add_files(struct listing *listing, const char *dir)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/evidence", dir);
	OWNED_DIR *files = opendir(path);
	if (files == NULL)
		return errno == ENOENT ? E_OK : E_IO;
	for (const char *name; (name = file_list_next(files)) != NULL;)
		if (name[0] != '.' && json_array_append_new(listing->files, json_string(name)) != 0)
			return E_NO_MEMORY;
	return errno == 0 ? E_OK : E_IO;
}

/* It says who has done what in one sentence each, and that there is nothing is said as well: an empty answer could be
 * one that failed. */
static void print_text(const struct listing *listing, const char *dir)
{
	size_t at;
	json_t *item;
	json_array_foreach(listing->equivocations, at, item) printf(
		"sender %" JSON_INTEGER_FORMAT " (%s, %s) has signed two different batches from sequence %" JSON_INTEGER_FORMAT
		"; the one that was taken has its entry at index %" JSON_INTEGER_FORMAT "\n",
		json_integer_value(json_object_get(item, "sender")), json_string_value(json_object_get(item, "name")),
		json_string_value(json_object_get(item, "org")), json_integer_value(json_object_get(item, "first_sequence")),
		json_integer_value(json_object_get(json_object_get(item, "stored"), "batch_index")));
	json_array_foreach(listing->files, at, item) printf("%s/evidence/%s\n", dir, json_string_value(item));
	if (json_array_size(listing->equivocations) + json_array_size(listing->files) == 0)
		puts("There is no evidence against anybody.");
}

static enum error write_json(const struct listing *listing, const char *output, struct fault *fault)
{
	json_auto_t *json = json_pack("{s:O, s:O}", "equivocations", listing->equivocations, "files", listing->files);
	OWNED_MEMORY char *text = json_write(json, JSON_COMPACT);
	return text != NULL ? output_write(output, bytes_text(text), fault) : fault_set(fault, E_NO_MEMORY, "");
}

struct evidence_options {
	const char *dir;
	bool json;
	const char *output;
};

static enum error list(void *given, struct fault *fault)
{
	const struct evidence_options *options = given;
	const char *dir = options->dir, *output = options->json ? "-" : options->output;
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED(listing_release) struct listing listing = {.equivocations = json_array(), .files = json_array()};
	TRY(archive_open(dir, false, &archive, fault));
	TRY(snapshot_begin(archive, &snapshot, fault));
	listing.snapshot = snapshot;
	enum error error = snapshot_visit_evidence(snapshot, add_equivocation, &listing) ?: add_files(&listing, dir);
	TRY(fault_set(fault, error, "the evidence cannot be read: %s", error_reason(error)));
	if (output != NULL)
		return write_json(&listing, output, fault);
	print_text(&listing, dir);
	return E_OK;
}

#define T struct evidence_options
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_FLAG(T, json, "json", .group = 1,
		.help = "as JSON: each second batch as it was signed (spec/batch.md: head, then the commitments, in base64), "
				"and the index of the first one's batch entry"),
	OPTION_TEXT(T, output, "output", "FILE", .letter = 'o', .group = 1, .help = "the same into a file"),
};

const struct command command_evidence = {
	.options = {.name = "indsigt evidence",
		.summary = "lists what is kept against senders, and what stopped ingest",
		.text =
			"A sender that signs two different batches for one sequence cannot deny it: the first stands in the log, "
			"of the second the ledger keeps what was signed. (A stolen key, or two programs with one key, do that as "
			"well.) Files in DIR/evidence show that an older store was put back, or that somebody saw another log.\n",
		OPTION_ROWS(rows)},
	.work = list,
	COMMAND_GIVEN(struct evidence_options, .json = false),
};
