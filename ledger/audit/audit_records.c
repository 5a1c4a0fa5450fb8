/* The sealed part, with keys: every record opens, fits its commitment and the schema, and is filed under its subject.
 *
 * Filing in two steps: the alias pack of each batch is compared event by event; the postings are compared as a whole,
 * by a keyed checksum over all (alias, index) that does not depend on their order: one sequential walk instead of a
 * random look-up for each event. Only when the sums differ are the events looked up one by one, to name the first. */
#include "ledger/audit/audit_state.h"
#include "ledger/filed/aliases.h"
#include "ledger/filed/posting.h"
#include "ledger/keys/secrets.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct filing_sum {
	uint64_t count;
	uint64_t sum;
};

struct audit_records {
	const struct secrets *secrets;
	uint64_t filed; /* entries with a lower index are in the postings */
	uint8_t sum_key[crypto_shorthash_KEYBYTES];
	struct filing_sum events;
	struct filing_sum postings;
	struct event event;     /* large */
	struct alias_walk walk; /* large; the pack of the batch at hand */
};

enum error audit_records_open(struct audit *audit)
{
	struct audit_records *records = calloc(1, sizeof *records);
	if (records == NULL)
		return E_NO_MEMORY;
	audit->records = records;
	records->secrets = archive_secrets(audit->archive);
	records->filed = snapshot_filed(audit->snapshot);
	crypto_shorthash_keygen(records->sum_key);
	if (records->filed > audit->checkpoint.size)
		return audit_finding(audit, audit->checkpoint.size, "more entries are marked as filed than there are");
	enum error error = alias_walk_begin(audit->txn, &records->secrets->seal, 0, &records->walk);
	return error == E_OK ? E_OK : audit_judge(audit, error, 0, "the alias packs cannot be read: %s", audit_why(error));
}

void audit_records_close(struct audit *audit)
{
	if (audit->records == NULL)
		return;
	alias_walk_end(&audit->records->walk);
	sodium_memzero(audit->records, sizeof *audit->records);
	free(audit->records);
	audit->records = NULL;
}

/* ---- records ---- */

static enum error open_record(struct audit *audit, uint64_t index, struct opened *out)
{
	enum error error = snapshot_open_record(audit->snapshot, index, out);
	switch (error) {
	case E_OK:
		audit->result.records++;
		return E_OK;
	case E_NOT_FOUND:
		return audit_finding(audit, index, "the event's sealed record is missing");
	case E_ERASED:
		return audit_finding(audit, index, "the key of the event's record is gone, and no erasure entry says why");
	default:
		return audit_judge(audit, error, index, "the event's sealed record does not hold: %s", audit_why(error));
	}
}

/* Header and schema, by the policy that the sender had then. */
static enum error check_content(
	struct audit *audit, uint64_t index, const struct opened *opened, const struct entry_event *entry)
{
	struct fault fault = {.text = ""};
	struct event_header header;
	struct event *event = &audit->records->event;
	const struct policy *policy = &log_rules_sender(&audit->rules, entry->sender)->policy;
	struct reader r = reader_of(opened->header);
	event_header_decode(&r, &header);
	enum error error = reader_done(&r);
	if (error == E_OK && header.withheld_until_s != 0 && (policy->flags & POLICY_WITHHOLD) == 0)
		error = fault_set(&fault, E_POLICY, "withheld without the right to withhold");
	if (error == E_OK)
		error = event_decode(opened->disclosed, opened->restricted, policy, false, event, &fault);
	if (error == E_OK && event_is_mass(event) != entry->mass)
		error = fault_set(&fault, E_BAD_VALUE, "the entry says whether there is a subject, and it is wrong");
	if (error != E_OK)
		return audit_judge(audit, error, index, "the event itself is not in order: %s",
			fault.text[0] != '\0' ? fault.text : audit_why(error));
	return E_OK;
}

/* ---- aliases ---- */

/* Of the batch that begins at `index`; so much of it as was read may be lost. */
static enum error next_pack(struct audit *audit, uint64_t index)
{
	struct alias_walk *walk = &audit->records->walk;
	uint64_t lost = losses_count(&audit->lost, index, index + audit->rules.state.run.count);
	uint64_t position = audit->rules.state.filing_leaves - (audit->missing.events - lost);
	enum error error = alias_walk_next(walk);
	if (error == E_OK)
		error = db_walk_check(&walk->walk);
	if (error == E_NOT_FOUND || (error == E_OK && walk->first_index != index))
		return audit_finding(audit, index, "the batch that begins here has no alias pack");
	if (error == E_OK && walk->position != position)
		return audit_finding(audit, index, "the alias pack of the batch names another place in the filing tree");
	if (error != E_OK)
		return audit_judge(audit, error, index, "the alias pack of the batch does not hold: %s", audit_why(error));
	return E_OK;
}

static void sum_add(struct audit_records *records, struct filing_sum *sum, const struct alias *alias, uint64_t index)
{
	uint8_t input[sizeof alias->b + 8];
	uint8_t hash[crypto_shorthash_BYTES];
	memcpy(input, alias->b, sizeof alias->b);
	put_u64(input + sizeof alias->b, index);
	crypto_shorthash(hash, input, sizeof input, records->sum_key);
	sum->sum += get_u64(hash);
	sum->count++;
}

static enum error check_alias(struct audit *audit, uint64_t index)
{
	struct audit_records *records = audit->records;
	const struct alias_walk *walk = &records->walk;
	struct alias alias;
	uint32_t at = audit->rules.state.run.count - 1;
	if (walk->count == 0 || walk->first_index != audit->rules.state.run.first_index)
		TRY(next_pack(audit, audit->rules.state.run.first_index));
	alias_make(&records->secrets->alias, event_subject(&records->event), &alias);
	if (at >= walk->count || sodium_memcmp(walk->aliases[at].b, alias.b, sizeof alias.b) != 0)
		return audit_finding_filed(audit, E_OK, index, "the event is noted for another subject than it is about");
	if (index < records->filed)
		sum_add(records, &records->events, &alias, index);
	return audit->filing != NULL ? audit_filing_subject(audit, index, &alias, event_subject(&records->event)) : E_OK;
}

enum error audit_records_event(struct audit *audit, uint64_t index, const struct entry_event *event)
{
	struct opened opened;
	TRY(open_record(audit, index, &opened));
	TRY(check_content(audit, index, &opened, event));
	return event->mass ? E_OK : check_alias(audit, index);
}

enum error audit_records_batch(struct audit *audit)
{
	const struct log_run *run = &audit->rules.state.run;
	if (!run->mass && audit->records->walk.count != run->count)
		return audit_finding(audit, run->first_index, "the alias pack of the batch is about more events than it has");
	return E_OK;
}

/* ---- postings ---- */

static enum error sum_posting(void *context, const struct alias *alias, const uint64_t *indexes, size_t count)
{
	struct audit *audit = context;
	struct audit_records *records = audit->records;
	audit_progress(audit);
	/* Those at or above `filed` belong to an epoch that is still running. */
	for (size_t i = 0; i < count; i++)
		if (indexes[i] < records->filed)
			sum_add(records, &records->postings, alias, indexes[i]);
	return E_OK;
}

/* The alias that a filed event should stand under; E_NOT_FOUND for other entries. */
static enum error alias_of(struct audit *audit, uint64_t index, struct alias *out)
{
	struct audit_records *records = audit->records;
	struct opened opened;
	struct fault fault;
	enum error error = snapshot_open_record(audit->snapshot, index, &opened);
	if (error != E_OK)
		return error;
	if (opened.entry.mass)
		return E_NOT_FOUND;
	TRY(event_decode(opened.disclosed, opened.restricted, NULL, false, &records->event, &fault));
	alias_make(&records->secrets->alias, event_subject(&records->event), out);
	return E_OK;
}

static enum error find_missing(struct audit *audit)
{
	struct audit_records *records = audit->records;
	for (uint64_t index = 0; index < records->filed; index++) {
		struct alias alias;
		uint64_t found = 0;
		size_t count = 0;
		audit_progress(audit);
		enum error error = alias_of(audit, index, &alias);
		if (error == E_NOT_FOUND)
			continue;
		if (error == E_OK)
			error = posting_find(audit->txn, &records->secrets->seal, &alias, index + 1, &found, 1, &count);
		if (error != E_OK || count != 1 || found != index)
			return audit_finding_filed(audit, error, index, "the event is not filed under its subject");
	}
	return E_OK;
}

/* Which posting has no event: the lowest such index is the finding. */
static enum error see_posting(void *context, const struct alias *alias, const uint64_t *indexes, size_t count)
{
	struct audit *audit = context;
	audit_progress(audit);
	for (size_t i = 0; i < count; i++) {
		struct alias wanted;
		if (indexes[i] >= audit->records->filed)
			continue;
		enum error error = alias_of(audit, indexes[i], &wanted);
		if (error != E_OK || memcmp(wanted.b, alias->b, sizeof wanted.b) != 0)
			return audit_finding_filed(
				audit, error, indexes[i], "the entry is filed under a subject that it is not about");
	}
	return E_OK;
}

enum error audit_records_filing(struct audit *audit)
{
	struct audit_records *records = audit->records;
	const struct seal_keys *keys = &records->secrets->seal;
	enum error error = posting_visit(audit->txn, keys, sum_posting, audit);
	if (error == E_OK && records->events.count == records->postings.count &&
		records->events.sum == records->postings.sum)
		return E_OK;
	if (error == E_OK || error_judges(error))
		TRY(find_missing(audit));
	if (error == E_OK)
		error = posting_visit(audit->txn, keys, see_posting, audit);
	return audit_judge(audit, error, records->filed, "the postings do not hold: %s", audit_why(error));
}
