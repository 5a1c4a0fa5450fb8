/* indsigt sender show: one sender in full, and how it came to be so.
 *
 *   store ─► its row: how it stands ──────────────────────────┐
 *   log   ─► its entries, each by the log's rule (sender_take) ┴─► the same? ─► shown
 *
 * One snapshot. What each entry made of the sender, and whether it is endorsed, is found out anew from the log, and has
 * to end where the row stands: a history that lacks a change would be worse than none. */
#include "ledger/read/archive.h"
#include "ledger/text/timestamp.h"
#include "tools/command/command.h"
#include "tools/sender/registration.h"
#include "tools/sender/sender_words.h"
#include "tools/show/output.h"
#include "tools/show/table.h"

#include <inttypes.h>
#include <sodium.h>

static const char *const headings[] = {"Change", "Entry", "Time", "What", "Endorsed", "Key", "Policy"};
#define COLUMNS (sizeof headings / sizeof headings[0])

/* Invariant: one of `table` and `history` is NULL, and says by that how it is asked for. */
struct showing {
	struct snapshot *snapshot;
	struct sender sender; /* as it stands */
	struct sender made;   /* by its entries so far */
	json_int_t equivocations;
	struct table *table;
	json_t *history;
};

/* The snapshot is lent by the caller, who lets it go. */
static void showing_release(struct showing *showing)
{
	table_free(showing->table);
	json_decref(showing->history);
}

static enum error count_evidence(void *context, const struct evidence_row *row)
{
	struct showing *showing = context;
	showing->equivocations += row->head.sender == showing->sender.id;
	return E_OK;
}

/* ---- history ---- */

/* One of its entries, and what it made of the sender. */
struct step {
	const struct entry_sender *entry;
	uint64_t index;
	bool endorsed; /* of a revocation, which needs it not: whether the sender has signed it all the same */
	bool new_key;
	bool new_terms;
};

static const char *endorsed_text(const struct step *step)
{
	if (step->entry->action == SENDER_REVOKE)
		return step->endorsed ? "yes" : "by the ledger alone";
	return step->endorsed ? "yes" : "no";
}

static enum error add_row(struct showing *showing, const struct step *step)
{
	char change[16], index[24], time[TIMESTAMP_TEXT_MAX], what[32], key[PUBLIC_KEY_TEXT_MAX + 1];
	char words[TERMS_TEXT_MAX];
	snprintf(change, sizeof change, "%" PRIu32, step->entry->change);
	snprintf(index, sizeof index, "%" PRIu64, step->index);
	snprintf(what, sizeof what, "%s%s", action_word(step->entry->action),
		step->entry->compromised ? ", key compromised" : "");
	timestamp_format_s(step->entry->time_s, time);
	public_key_format(step->entry->public_key, key);
	TRY(terms_words(&step->entry->policy, &step->entry->mandate, words));
	const char *const cells[COLUMNS] = {
		change, index, time, what, endorsed_text(step), step->new_key ? key : "", step->new_terms ? words : ""};
	return table_add(showing->table, cells) ? E_OK : E_NO_MEMORY;
}

/* A revocation gives neither key nor policy, whatever stands in it. */
static enum error add_object(struct showing *showing, const struct step *step)
{
	char time[TIMESTAMP_TEXT_MAX], key[PUBLIC_KEY_TEXT_MAX + 1];
	timestamp_format_s(step->entry->time_s, time);
	public_key_format(showing->made.public_key, key);
	json_t *object = json_pack("{s:I, s:I, s:s, s:s, s:b, s:b, s:s, s:o}", "change", (json_int_t)step->entry->change,
		"entry", (json_int_t)step->index, "time", time, "action", action_word(step->entry->action), "endorsed",
		step->endorsed, "compromised", step->entry->compromised, "public_key", key, "policy",
		terms_to_json(&showing->made.policy, &showing->made.mandate));
	return json_array_append_new(showing->history, object) == 0 ? E_OK : E_NO_MEMORY;
}

static enum error add_step(struct showing *showing, uint64_t index)
{
	struct sender before = showing->made;
	struct bytes encoded;
	struct entry entry;
	TRY(snapshot_entry(showing->snapshot, index, &encoded));
	struct step step = {.entry = &entry.sender, .index = index};
	const char *origin = snapshot_origin(showing->snapshot);
	if (entry_decode(encoded, &entry) != E_OK || entry.kind != ENTRY_SENDER ||
		entry.sender.sender != showing->sender.id ||
		sender_take(&showing->made, origin, step.entry, index, &step.endorsed, NULL) != E_OK)
		return E_CORRUPT;
	if (step.entry->action == SENDER_REVOKE)
		step.endorsed = sender_signed(origin, step.entry, step.entry->signature, before.public_key);
	step.new_key = memcmp(before.public_key, showing->made.public_key, sizeof before.public_key) != 0;
	step.new_terms = before.id == 0 || !policy_equal(&before.policy, &showing->made.policy) ||
					 !mandate_equal(&before.mandate, &showing->made.mandate);
	return showing->history != NULL ? add_object(showing, &step) : add_row(showing, &step);
}

/* The row says how many there are. */
static enum error read_history(struct showing *showing)
{
	const struct sender *sender = &showing->sender;
	size_t max = (size_t)sender->changes + 1, count = 0;
	OWNED_MEMORY uint64_t *indexes = calloc(max, sizeof *indexes);
	TRY(allocated(indexes));
	enum error error = snapshot_sender_entries(showing->snapshot, sender->id, indexes, max, &count);
	if (error == E_TOO_LONG)
		return E_CORRUPT;
	TRY(error);
	for (size_t i = 0; i < count; i++)
		TRY(add_step(showing, indexes[i]));
	return count == max && showing->made.version == sender->version ? E_OK : E_CORRUPT;
}

/* ---- as text ---- */

static void line(const char *label, const char *text)
{
	table_line(stdout, "  %-17s %s", label, text);
}

static void line_number(const char *label, uint64_t number)
{
	table_line(stdout, "  %-17s %" PRIu64, label, number);
}

static void print_limit(uint64_t limit, const char *what)
{
	if (limit > 0)
		table_line(stdout, "  %-17s %" PRIu64 " %s a second", "At most", limit, what);
}

static void print_mandate(const struct mandate *mandate)
{
	line("Reports for", mandate->reports_for[0] != '\0' ? mandate->reports_for : "its own organisation alone");
	print_limit(mandate->events_per_second, "events");
	print_limit(mandate->bytes_per_second, "bytes");
	if (mandate->rights & RIGHT_GRANTS)
		line("May report", "grants: who may ask for whom");
	if (mandate->rights & RIGHT_CONSENTS)
		line("May report", "consents, and their withdrawal");
	if (mandate->rights & RIGHT_READS)
		line("May report", "reads of this ledger");
	for (size_t i = 0; i < mandate->certificate_count; i++) {
		char hex[2 * sizeof mandate->certificates[0] + 1];
		sodium_bin2hex(hex, sizeof hex, mandate->certificates[i], sizeof mandate->certificates[i]);
		line("TLS certificate", hex);
	}
	for (const char *word = mandate->source.words; *word != '\0';) {
		size_t len = strcspn(word, "\n");
		table_line(stdout, "  %-17s %.*s", "Of its source", (int)len, word);
		word += len + (word[len] == '\n');
	}
}

static enum error print_text(const struct showing *showing)
{
	const struct sender *sender = &showing->sender;
	static const struct mandate none;
	char words[TERMS_TEXT_MAX], key[PUBLIC_KEY_TEXT_MAX + 1];
	char since[TIMESTAMP_TEXT_MAX], last[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(sender->since_s, since);
	timestamp_format_s(sender->last_s, last);
	public_key_format(sender->public_key, key);
	TRY(terms_words(&sender->policy, &none, words));
	table_line(stdout, "sender %" PRIu32 ", %s (%s)", sender->id, sender->name, sender->org);
	line("Status", sender_status(sender));
	line("Endorsed", sender->endorsed ? "yes" : "no: an entry lacks a signature of its key");
	line("Public key", key);
	line("Registered", since);
	line("Last received", sender->last_s != 0 ? last : "never");
	line_number("Events", sender->next_sequence);
	line_number("Filing checked", sender->filing_checked);
	if (showing->equivocations > 0)
		line_number("Signed twice", (uint64_t)showing->equivocations);
	line("Policy", words);
	print_mandate(&sender->mandate);
	putchar('\n');
	table_print(showing->table, table_terminal_width(stdout), stdout);
	return E_OK;
}

/* ---- the command ---- */

struct show_options {
	const char *dir;
	uint32_t id;
	bool json;
};

static enum error print_json(struct showing *showing)
{
	json_t *json = sender_json(&showing->sender, showing->equivocations);
	if (json_object_set(json, "history", showing->history) != 0) {
		json_decref(json);
		return E_NO_MEMORY;
	}
	return output_json(json, stdout);
}

static enum error show(void *given, struct fault *fault)
{
	const struct show_options *options = given;
	bool json = options->json;
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED(showing_release)
	struct showing showing = {
		.table = json ? NULL : table_new(headings, COLUMNS), .history = json ? json_array() : NULL};
	if (showing.table == NULL && showing.history == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	TRY(archive_open(options->dir, false, &archive, fault));
	TRY(snapshot_begin(archive, &snapshot, fault));
	showing.snapshot = snapshot;
	enum error error = snapshot_sender(snapshot, options->id, &showing.sender);
	if (error == E_NOT_FOUND)
		return fault_set(fault, E_UNKNOWN_SENDER,
			"sender %" PRIu32 " is not registered; 'indsigt sender list' shows all", options->id);
	TRY(fault_set(fault, error ?: snapshot_visit_evidence(snapshot, count_evidence, &showing), ""));
	error = read_history(&showing);
	TRY(fault_set(
		fault, error, "the history of sender %" PRIu32 " cannot be read: %s", options->id, error_reason(error)));
	return fault_set(fault, json ? print_json(&showing) : print_text(&showing), "");
}

#define T struct show_options
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	ARGUMENT_NUMBER(T, id, "ID", 1, UINT32_MAX, .must = "a sender's number; 'indsigt sender list' shows them"),
	OPTION_FLAG(T, json, "json", .help = "one JSON object: what 'indsigt sender list --json' has of it, and 'history'"),
};

const struct command command_sender_show = {
	.options = {.name = "indsigt sender show",
		.summary = "shows one sender in full, with every change of it",
		.text = "Reads beside a running ledger. First how it stands now: 'Filing checked' is how many of its events it "
				"has signed that it found filed. Then each of its entries, from its registration on: the number of the "
				"change, the log index, whether its key endorsed it, and the key and policy where the entry changed "
				"them.\n",
		OPTION_ROWS(rows)},
	.work = show,
	COMMAND_GIVEN(struct show_options, .json = false),
};
