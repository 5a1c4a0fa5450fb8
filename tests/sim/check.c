/* What the log holds in the end, against what the senders were told. */
#include "ledger/audit/audit.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK "mark "

static struct archive *archive;
static struct snapshot *snapshot;
static unsigned found[SENDERS_MAX][MESSAGES_MAX]; /* readable events */

static void audit(bool labels)
{
	const struct audit_options options = {.records = true, .labels = labels};
	struct audit_result result;
	struct fault fault = {.text = ""};
	struct vkey vkey;
	sim_must(place_read_vkey(ledger_machine.dir, &vkey, &fault));
	enum error error = audit_directory(ledger_machine.dir, &vkey, &options, &result, &fault);
	if (error != E_OK)
		sim_fail("audit: %s: %s", error_name(error), fault.text);
	if (!result.ok)
		sim_fail("audit%s: index %" PRIu64 ": %s", labels ? " --labels" : "", result.index, result.reason);
}

void check_audits(void)
{
	audit(false);
	audit(true);
}

/* ---- the log ---- */

static bool count_mark(struct bytes part)
{
	const char *at = part.len > 0 ? memmem(part.data, part.len, MARK, strlen(MARK)) : NULL;
	unsigned who, n;
	char text[32];
	if (at == NULL)
		return false;
	size_t len = (size_t)((const char *)part.data + part.len - at);
	snprintf(text, sizeof text, "%.*s", (int)(len < 31 ? len : 31), at);
	if (sscanf(text, MARK "%u-%u;", &who, &n) != 2 || who >= SENDERS_MAX || n >= MESSAGES_MAX)
		return false;
	found[who][n]++;
	return true;
}

static void count_event(uint64_t index)
{
	struct opened opened;
	enum error error = snapshot_open_record(snapshot, index, &opened);
	if (error != E_OK)
		sim_fail("the event at index %" PRIu64 " cannot be read: %s", index, error_name(error));
	if (!count_mark(opened.disclosed) && !count_mark(opened.restricted))
		sim_fail("the event at index %" PRIu64 " is none that was sent", index);
}

static void count_events(void)
{
	struct bytes encoded;
	struct entry entry;
	for (uint64_t i = 0; i < snapshot_checkpoint(snapshot)->size; i++) {
		sim_must(snapshot_entry(snapshot, i, &encoded));
		sim_must(entry_decode(encoded, &entry));
		bool event = entry.kind == ENTRY_EVENT || entry.kind == ENTRY_MASS;
		if (event && !losses_cover(snapshot_losses(snapshot), i))
			count_event(i);
	}
}

/* ---- the senders ---- */

/* A receipt is for what stands there, whether or not it is lost since. */
static void check_receipts(const struct person *person)
{
	for (size_t i = 0; i < person->acknowledged_count; i++) {
		const struct acknowledged *range = &person->acknowledged[i];
		for (uint32_t n = 0; n < range->count; n++) {
			struct bytes encoded;
			struct entry entry;
			enum error error = snapshot_entry(snapshot, range->first_index + n, &encoded);
			if (error == E_OK)
				error = entry_decode(encoded, &entry);
			bool same = error == E_OK && (entry.kind == ENTRY_EVENT || entry.kind == ENTRY_MASS) &&
						entry.event.sender == person->id && entry.event.sequence == range->first_sequence + n;
			if (!same)
				sim_fail("%s has a receipt for sequence %" PRIu64 ", which is not at index %" PRIu64,
					person->machine.name, range->first_sequence + n, range->first_index + n);
		}
	}
}

/* Lost is what stands in a lost range; of those events nobody can say any more which they were. */
static void check_messages(unsigned i)
{
	const struct person *person = &people[i];
	uint64_t missing = 0, lost = 0;
	for (uint32_t n = 0; n < person->given; n++) {
		if (found[i][n] > 1 && !person->old_spool)
			sim_fail("message %u of %s is in the log %u times", n, person->machine.name, found[i][n]);
		missing += found[i][n] == 0;
	}
	for (size_t r = 0; r < person->acknowledged_count; r++)
		for (uint32_t n = 0; n < person->acknowledged[r].count; n++)
			lost += losses_cover(snapshot_losses(snapshot), person->acknowledged[r].first_index + n);
	if (missing > lost && !person->ended && person->id != 0)
		sim_fail("%" PRIu64 " messages of %s are not in the log, and %" PRIu64 " are lost", missing,
			person->machine.name, lost);
}

static enum error no_evidence(void *context, const struct evidence_row *row)
{
	(void)context;
	sim_fail("there is evidence against sender %u at sequence %" PRIu64, row->head.sender, row->head.first_sequence);
}

void check_all(void)
{
	struct fault fault = {.text = ""};
	check_audits();
	sim_must(archive_open(ledger_machine.dir, true, &archive, &fault));
	sim_must(snapshot_begin(archive, &snapshot, &fault));
	count_events();
	for (unsigned i = 0; i < people_count; i++) {
		check_receipts(&people[i]);
		check_messages(i);
	}
	sim_must(snapshot_visit_evidence(snapshot, no_evidence, NULL));
	snapshot_end(snapshot);
	archive_close(archive);
}
