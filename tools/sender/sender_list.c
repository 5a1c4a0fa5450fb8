/* indsigt sender list: who reports here.
 *
 * One snapshot, so the rows fit each other. Evidence is counted before the senders are walked, because a sender that
 * has signed two batches for one sequence is to be seen here, in the row that everybody looks at, and not only by who
 * thinks of asking for evidence. As JSON everything that is known is there; the table leaves out what a person does not
 * compare (keys). */
#include "ledger/mandate/mandate.h"
#include "ledger/read/archive.h"
#include "ledger/text/timestamp.h"
#include "tools/command/command.h"
#include "tools/sender/registration.h"
#include "tools/sender/sender_words.h"
#include "tools/show/output.h"
#include "tools/show/table.h"

#include <inttypes.h>

static const char *const headings[] = {
	"Id", "Status", "Organisation", "Name", "Since", "Last", "Events", "Entry", "Policy"};
#define COLUMNS (sizeof headings / sizeof headings[0])

/* Invariant: one of `table` and `json` is NULL, and says by that how it is asked for. */
struct listing {
	struct table *table; /* one of the two */
	json_t *json;
	json_t *equivocations; /* how many are kept, by sender id */
	bool failed;
};

static void listing_release(struct listing *listing)
{
	table_free(listing->table);
	json_decref(listing->json);
	json_decref(listing->equivocations);
}

/* By sender id, as a text, since JSON has no other names; a ledger has few senders and hardly any evidence. */
static json_int_t equivocations(const struct listing *listing, uint32_t sender)
{
	char id[16];
	snprintf(id, sizeof id, "%" PRIu32, sender);
	return json_integer_value(json_object_get(listing->equivocations, id));
}

static enum error count_evidence(void *context, const struct evidence_row *row)
{
	struct listing *listing = context;
	char id[16];
	snprintf(id, sizeof id, "%" PRIu32, row->head.sender);
	json_t *count = json_integer(equivocations(listing, row->head.sender) + 1);
	return json_object_set_new(listing->equivocations, id, count) == 0 ? E_OK : E_NO_MEMORY;
}

static bool add_row(struct listing *listing, const struct sender *sender)
{
	char id[16];
	char events[24];
	char entry[24];
	char status[96];
	char since[TIMESTAMP_TEXT_MAX];
	char last[TIMESTAMP_TEXT_MAX] = "never";
	char words[TERMS_TEXT_MAX];
	snprintf(id, sizeof id, "%" PRIu32, sender->id);
	snprintf(events, sizeof events, "%" PRIu64, sender->next_sequence);
	snprintf(entry, sizeof entry, "%" PRIu64, sender->version);
	json_int_t evidence = equivocations(listing, sender->id);
	snprintf(status, sizeof status, "%s", sender_status(sender));
	if (evidence > 0)
		snprintf(status, sizeof status, "%s; %" JSON_INTEGER_FORMAT " signed twice", sender_status(sender), evidence);
	timestamp_format_s(sender->since_s, since);
	if (sender->last_s)
		timestamp_format_s(sender->last_s, last);
	if (terms_line(&sender->policy, &sender->mandate, words) != E_OK)
		return false;
	const char *const cells[COLUMNS] = {id, status, sender->org, sender->name, since, last, events, entry, words};
	return table_add(listing->table, cells);
}

static bool add_object(struct listing *listing, const struct sender *sender)
{
	return json_array_append_new(listing->json, sender_json(sender, equivocations(listing, sender->id))) == 0;
}

/* The walk ends at the first failure, so nothing is shown that lacks a sender. */
static bool add_sender(void *context, const struct sender *sender)
{
	struct listing *listing = context;
	listing->failed = listing->json ? !add_object(listing, sender) : !add_row(listing, sender);
	return !listing->failed;
}

struct list_options {
	const char *dir;
	bool json;
};

static enum error list(void *given, struct fault *fault)
{
	const struct list_options *options = given;
	bool json = options->json;
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED(listing_release)
	struct listing listing = {.table = json ? NULL : table_new(headings, COLUMNS),
		.json = json ? json_array() : NULL,
		.equivocations = json_object()};
	if (listing.table == NULL && listing.json == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	TRY(archive_open(options->dir, false, &archive, fault));
	TRY(snapshot_begin(archive, &snapshot, fault));
	enum error error =
		snapshot_visit_evidence(snapshot, count_evidence, &listing) ?: snapshot_senders(snapshot, add_sender, &listing);
	if (error != E_OK || listing.failed)
		return fault_set(fault, error == E_OK ? E_NO_MEMORY : error, "");
	if (json)
		return output_json(json_incref(listing.json), stdout) == E_OK
				   ? E_OK
				   : fault_set(fault, E_IO, "the list cannot be written: %m");
	table_print(listing.table, table_terminal_width(stdout), stdout);
	return E_OK;
}

#define T struct list_options
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_FLAG(T, json, "json", .help = "one JSON array"),
};

const struct command command_sender_list = {
	.options = {.name = "indsigt sender list",
		.summary = "shows every sender: organisation, status, events, policy",
		.text = "Reads beside a running ledger. 'unendorsed' is a sender whose registration or key change is not "
				"signed by its key; 'signed twice' counts the sequences for which it signed two different batches (see "
				"'indsigt evidence'). 'Entry' is the log index of its newest entry, which a change follows ('indsigt "
				"sender endorse --follows'). The policy is shown as far as it differs from the usual one.\n",
		OPTION_ROWS(rows)},
	.work = list,
	COMMAND_GIVEN(struct list_options, .json = false),
};
