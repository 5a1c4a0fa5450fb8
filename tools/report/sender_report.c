/* indsigt sender report: how well senders report. spec/quality.md
 *
 *   DIR ─► snapshot ─► what the ledger sees (query/quality) ─┐
 *   SPOOL ─► quality.json ─► what the sender itself saw ──────┴─► one report
 *
 * Beside a running ledger, and without one. Both sides are looked at for the same days. */
#include "ledger/base/clock.h"
#include "ledger/json/json_read.h"
#include "ledger/read/status.h"
#include "query/quality/quality.h"
#include "tools/command/command.h"
#include "tools/report/report_print.h"
#include "tools/send/tally.h"
#include "tools/show/output.h"
#include "tools/show/words.h"

#include <inttypes.h>

struct report_options {
	const char *dir, *spool;
	const char *lang;
	uint32_t sender; /* 0: all */
	bool json;
};

/* ---- the ledger's side ---- */

static enum error write_ledger(struct snapshot *snapshot, const struct report_options *options, uint64_t now_s,
	struct text *text, struct fault *fault)
{
	struct status status;
	struct sender sender;
	OWNED(quality_memory_release) struct quality_memory memory = QUALITY_MEMORY;
	if (options->sender != 0 && snapshot_sender(snapshot, options->sender, &sender) == E_NOT_FOUND)
		return fault_set(fault, E_UNKNOWN_SENDER,
			"sender %" PRIu32 " is not registered; 'indsigt sender list' shows all", options->sender);
	TRY(fault_set(fault, status_read(options->dir, clock_ms(), &status), ""));
	const struct quality_query query = {
		.now_s = now_s, .looks = UINT64_MAX, .sender = options->sender, .status = &status};
	return fault_set(fault, quality_write(text, snapshot, &memory, &query), "");
}

static enum error read_ledger(const struct report_options *options, uint64_t now_s, json_t **out, struct fault *fault)
{
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED(text_release) struct text text = {.room = NULL};
	TRY(archive_open(options->dir, true, &archive, fault));
	TRY(snapshot_begin(archive, &snapshot, fault));
	TRY(write_ledger(snapshot, options, now_s, &text, fault));
	return fault_set(fault, json_read(bytes_of(text.data, text.len), JSON_REJECT_DUPLICATES, NULL, out), "");
}

/* ---- the sender's side ---- */

/* Of the same log and sender, where these are known; of two logs a report would say what is of neither. */
static enum error check_side(
	const struct report_options *options, const struct tally *tally, const json_t *ledger, struct fault *fault)
{
	const char *origin = json_string_value(json_object_get(ledger, "origin"));
	if (origin != NULL && strcmp(origin, tally->origin) != 0)
		return fault_set(fault, E_WRONG_ORIGIN, "--spool is of a sender to another ledger, '%s'", tally->origin);
	if (options->sender != 0 && options->sender != tally->sender)
		return fault_set(fault, E_USAGE, "--spool is of sender %" PRIu32 ", and --sender says another", tally->sender);
	return E_OK;
}

static enum error read_side(
	const struct report_options *options, uint64_t now_s, const json_t *ledger, json_t **out, struct fault *fault)
{
	OWNED_MEMORY struct tally *tally = calloc(1, sizeof *tally);
	TRY(fault_set(fault, allocated(tally), ""));
	TRY(tally_read(options->spool, now_s, tally, fault));
	TRY(check_side(options, tally, ledger, fault));
	*out = tally_to_json(tally, now_s);
	return fault_set(fault, allocated(*out), "");
}

/* ---- the command ---- */

static enum error print(const struct report_options *options, const json_t *ledger, const json_t *side)
{
	const struct report_words *words = report_words_for(options->lang != NULL ? options->lang : words_environment());
	if (options->json)
		return output_json(json_pack("{s:O*, s:O*}", "ledger", ledger, "sender_side", side), stdout);
	if (ledger != NULL)
		TRY(report_print_ledger(ledger, words));
	if (ledger != NULL && side != NULL)
		putchar('\n');
	return side != NULL ? report_print_sender(side, words) : E_OK;
}

static enum error report(void *given, struct fault *fault)
{
	const struct report_options *options = given;
	uint64_t now_s = (uint64_t)time(NULL);
	json_auto_t *ledger = NULL, *side = NULL;
	if (options->dir == NULL && options->spool == NULL)
		return fault_set(fault, E_USAGE, "give DIR, --spool or both");
	if (options->dir != NULL)
		TRY(read_ledger(options, now_s, &ledger, fault));
	if (options->spool != NULL)
		TRY(read_side(options, now_s, ledger, &side, fault));
	return fault_set(fault, print(options, ledger, side), "the report cannot be written");
}

#define T struct report_options
static const struct option_row rows[] = {
	{.name = "DIR",
		.argument = true,
		.kind = OPTION_IS_TEXT,
		OPTION_MEMBER(T, dir, const char *)}, /* may be left out */
	OPTION_NUMBER(T, sender, "sender", "ID", 1, UINT32_MAX, .help = "this one alone; 'indsigt sender list' shows all"),
	OPTION_TEXT(T, spool, "spool", "SPOOL",
		.help = "what the sender's own side saw, too: the spool of 'indsigt send' or 'indsigt gateway', or a copy of "
				"its quality.json"),
	OPTION_FLAG(T, json, "json",
		.help = "one JSON object: 'ledger' is as /v1/quality answers, 'sender_side' as the "
				"gateway does"),
	OPTION_WORD(T, lang, "lang", "da|en", .help = "Danish or English; otherwise as LC_ALL, LC_MESSAGES or LANG say"),
};

const struct command command_sender_report = {
	.options = {.name = "indsigt sender report",
		.summary = "shows how well senders report: refusals, purposes, lag, silence",
		.text =
			"Reads beside a running ledger, whose keys it needs, and shows nothing about anybody: counts, times, names "
			"of fields, errors and namespaces. Of each sender the events of the last seven days, all or a sample of "
			"1,024: how many have no purpose, or the registration's; in how many a person's number stands in a text "
			"that is not for it; how long after the access they came; and whether it is silent against its own "
			"rhythm, which takes two weeks to know. With --spool also what that sender refused, and why, what came "
			"again, and which namespaces nothing maps. Without DIR that alone.\n",
		OPTION_ROWS(rows)},
	.work = report,
	COMMAND_GIVEN(struct report_options, .json = false),
};
