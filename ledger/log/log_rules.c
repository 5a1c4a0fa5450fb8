#include "ledger/log/log_rules.h"

#include "ledger/base/grow.h"
#include "ledger/base/wrong.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void log_rules_init(struct log_rules *rules, const struct vkey *vkey)
{
	*rules = (struct log_rules){.vkey = vkey};
	merkle_empty_root(&rules->map_root); /* of the empty map too */
	merkle_empty_root(&rules->filing_root);
	merkle_frontier_init(&rules->run.commitments);
}

void log_rules_free(struct log_rules *rules)
{
	for (size_t i = 0; i < rules->sender_count; i++)
		free(rules->senders[i]);
	free(rules->senders);
	free(rules->steps.at);
	epoch_lag_free(&rules->lag);
	*rules = (struct log_rules){.vkey = NULL};
}

/* ---- senders ---- */

static size_t sender_place(const struct log_rules *rules, uint32_t id)
{
	size_t low = 0;
	size_t high = rules->sender_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (rules->senders[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct sender *log_rules_find_sender(const struct log_rules *rules, uint32_t id)
{
	size_t place = sender_place(rules, id);
	return place < rules->sender_count && rules->senders[place]->id == id ? rules->senders[place] : NULL;
}

const struct sender *log_rules_sender(const struct log_rules *rules, uint32_t id)
{
	return log_rules_find_sender(rules, id);
}

struct sender *log_rules_add_sender(struct log_rules *rules, const struct sender *sender)
{
	struct sender **larger = realloc(rules->senders, (rules->sender_count + 1) * sizeof *larger);
	if (larger == NULL)
		return NULL;
	rules->senders = larger;
	struct sender *copy = malloc(sizeof *copy);
	if (copy == NULL)
		return NULL;
	*copy = *sender;
	size_t place = sender_place(rules, sender->id);
	memmove(&larger[place + 1], &larger[place], (rules->sender_count - place) * sizeof *larger);
	larger[place] = copy;
	rules->sender_count++;
	return copy;
}

/* What is wrong with a sender entry is the log's fault here, whoever had it written. */
static enum error take_sender(struct log_rules *rules, const struct entry_sender *entry, struct log_finding *finding)
{
	struct sender *old = log_rules_find_sender(rules, entry->sender);
	struct sender sender = old != NULL ? *old : (struct sender){.id = 0};
	struct fault fault = {0};
	bool endorsed;
	if (sender_take(&sender, rules->vkey->name, entry, rules->size, &endorsed, &fault) != E_OK)
		return log_finding_set(finding, E_CORRUPT, rules->size, "%s", fault.text);
	rules->sender_entries++;
	rules->unendorsed += !endorsed;
	if (old == NULL)
		return log_rules_add_sender(rules, &sender) != NULL ? E_OK : E_NO_MEMORY;
	*old = sender;
	return E_OK;
}

/* ---- events and batches ---- */

static enum error begin_run(struct log_rules *rules, const struct entry_event *event, struct log_finding *finding)
{
	struct log_run *run = &rules->run;
	struct sender *sender = log_rules_find_sender(rules, event->sender);
	if (sender == NULL || WRONG(sender->status != SENDER_ACTIVE))
		return log_finding_set(finding, E_CORRUPT, rules->size,
			"an event of sender %" PRIu32 ", which is not registered or revoked", event->sender);
	if (WRONG(event->sequence != sender->next_sequence))
		return log_finding_set(finding, E_CORRUPT, rules->size,
			"sequence %" PRIu64 " of sender %" PRIu32 " stands where %" PRIu64 " should be", event->sequence,
			event->sender, sender->next_sequence);
	*run = (struct log_run){.open = true,
		.mass = event->mass,
		.sender = sender,
		.first_sequence = event->sequence,
		.first_index = rules->size};
	merkle_frontier_init(&run->commitments);
	return E_OK;
}

static enum error take_event(struct log_rules *rules, const struct entry_event *event, struct log_finding *finding)
{
	struct log_run *run = &rules->run;
	if (!run->open)
		TRY(begin_run(rules, event, finding));
	if (WRONG(event->sender != run->sender->id) || WRONG(event->mass != run->mass) ||
		WRONG(run->count == BATCH_EVENTS_MAX) || WRONG(event->sequence != run->first_sequence + run->count))
		return log_finding_set(finding, E_CORRUPT, rules->size,
			"the event does not go on with the batch that begins at index %" PRIu64 ", and no batch entry is between",
			run->first_index);
	merkle_frontier_append(&run->commitments, &event->commitment, NULL, NULL);
	run->count++;
	rules->events++;
	return E_OK;
}

static enum error check_signature(struct log_rules *rules, const struct entry_batch *batch, struct log_finding *finding)
{
	const struct log_run *run = &rules->run;
	struct hash root;
	struct batch_head head = {run->mass ? BATCH_MASS : BATCH_EVENT, batch->sender, batch->first_sequence, batch->count,
		batch->filing_checked, {0}};
	memcpy(head.signature, batch->signature, sizeof head.signature);
	merkle_frontier_root(&run->commitments, &root);
	enum error error = batch_check_signature(rules->vkey->name, &head, &root, run->sender->public_key);
	if (!WRONG(error != E_OK))
		return E_OK;
	return log_finding_set(finding, E_CORRUPT, rules->size,
		"the signature of sender %" PRIu32 " does not verify over the events from index %" PRIu64, batch->sender,
		run->first_index);
}

static enum error take_batch(struct log_rules *rules, const struct entry_batch *batch, struct log_finding *finding)
{
	struct log_run *run = &rules->run;
	struct sender *sender = run->sender;
	if (sender == NULL || WRONG(!run->open) || WRONG(batch->sender != sender->id) ||
		WRONG(batch->first_sequence != run->first_sequence) || WRONG(batch->count != run->count))
		return log_finding_set(finding, E_CORRUPT, rules->size, "the batch entry is not about the events before it");
	TRY(check_signature(rules, batch, finding));
	sender->next_sequence += batch->count;
	if (batch->filing_checked > sender->filing_checked)
		sender->filing_checked = batch->filing_checked;
	sender->last_s = rules->time_s;
	rules->batches++;
	rules->event_batches += !run->mass;
	rules->filing_leaves += run->mass ? 0 : run->count;
	run->open = false;
	return E_OK;
}

/* ---- time and epochs ---- */

enum error log_steps_add(struct log_steps *steps, uint64_t index, uint64_t time_s)
{
	if (steps->end == steps->capacity && steps->first > steps->capacity / 2) {
		memmove(steps->at, steps->at + steps->first, (steps->end - steps->first) * sizeof *steps->at);
		steps->end -= steps->first;
		steps->first = 0;
	}
	TRY(GROW(steps->at, steps->capacity, steps->end + 1));
	steps->at[steps->end++] = (struct log_step){index, time_s};
	return E_OK;
}

static enum error take_time(struct log_rules *rules, const struct entry *entry, struct log_finding *finding)
{
	uint64_t time_s;
	if (!entry_time(entry, &time_s))
		return E_OK;
	if (WRONG(time_s < rules->time_s))
		return log_finding_set(finding, E_CORRUPT, rules->size, "the ledger's time runs backwards");
	if (time_s == rules->time_s && rules->size > 0)
		return E_OK;
	rules->time_s = time_s;
	return log_steps_add(&rules->steps, rules->size, time_s);
}

/* The ledger time of the last of the first `size` entries; steps before it are not asked for any more. */
static uint64_t time_before(struct log_steps *steps, uint64_t size)
{
	while (steps->end - steps->first > 1 && steps->at[steps->first + 1].index < size)
		steps->first++;
	return steps->at[steps->first].time_s;
}

/* Which events an epoch covers is the same as before if there is no event below its size that no epoch covers yet and
 * is not lost, and nothing that was covered is lost now. Then the roots are the same too, whatever the labels are. */
static bool covers_the_same(const struct log_rules *rules, const struct entry_epoch *epoch)
{
	const struct epoch_lag *lag = &rules->lag;
	bool new_event = lag->first < lag->end && lag->events[lag->first].index < epoch->size;
	return !new_event && (epoch->lost == rules->epoch_lost || rules->epochs == 0);
}

static enum error check_roots(struct log_rules *rules, const struct entry_epoch *epoch, struct log_finding *finding)
{
	bool differs = WRONG(!hash_equal(&epoch->map_root, &rules->map_root)) ||
				   WRONG(!hash_equal(&epoch->filing_root, &rules->filing_root));
	if (!differs || !covers_the_same(rules, epoch))
		return E_OK;
	return log_finding_set(finding, E_CORRUPT, rules->size,
		rules->epochs == 0 ? "the first epoch covers no event, and its roots are not those of nothing"
						   : "the epoch covers no other events than the one before, and its roots are not that one's");
}

static enum error take_epoch(struct log_rules *rules, const struct entry_epoch *epoch, struct log_finding *finding)
{
	if (WRONG(epoch->size == 0) || WRONG(epoch->size > rules->size) || WRONG(epoch->size < rules->epoch_size))
		return log_finding_set(
			finding, E_CORRUPT, rules->size, "the epoch covers entries after itself, or fewer than the one before");
	if (WRONG(epoch->time_s != time_before(&rules->steps, epoch->size)))
		return log_finding_set(finding, E_CORRUPT, rules->size,
			"the epoch's time is not the ledger time of the last entry that it covers");
	if (WRONG(epoch->lost != losses_events(&rules->losses)))
		return log_finding_set(finding, E_CORRUPT, rules->size,
			"the epoch says that %" PRIu64 " events are lost, and the loss entries before it that it is %" PRIu64,
			epoch->lost, losses_events(&rules->losses));
	TRY(check_roots(rules, epoch, finding));
	rules->epochs++;
	rules->epoch_size = epoch->size;
	rules->epoch_index = rules->size;
	rules->epoch_lost = epoch->lost;
	rules->map_root = epoch->map_root;
	rules->filing_root = epoch->filing_root;
	return E_OK;
}

static enum error check_lag(struct log_rules *rules, const struct entry *entry, struct log_finding *finding)
{
	uint64_t late;
	enum error error = epoch_lag_entry(&rules->lag, rules->size, entry, &late);
	if (!WRONG(error == E_CORRUPT))
		return error == E_CORRUPT ? E_OK : error;
	if (!rules->is_late)
		rules->late = late;
	rules->is_late = true;
	if (rules->bears_late)
		return E_OK;
	return log_finding_set(finding, E_CORRUPT, late,
		"the event is filed too late: the log goes on for more than %" PRIu64 " seconds, to index %" PRIu64
		", before an epoch covers it",
		rules->lag.lag_s, rules->size);
}

/* ---- all of them ---- */

static enum error take_genesis(
	struct log_rules *rules, const struct entry_genesis *genesis, struct log_finding *finding)
{
	if (WRONG(strcmp(genesis->origin, rules->vkey->name) != 0) ||
		WRONG(memcmp(genesis->log_key, rules->vkey->public_key, sizeof genesis->log_key) != 0))
		return log_finding_set(finding, E_CORRUPT, rules->size, "the genesis entry names another log than the vkey");
	return E_OK;
}

static enum error take_kind(struct log_rules *rules, const struct entry *entry, struct log_finding *finding)
{
	switch (entry->kind) {
	case ENTRY_GENESIS:
		return take_genesis(rules, &entry->genesis, finding);
	case ENTRY_SENDER:
		return take_sender(rules, &entry->sender, finding);
	case ENTRY_EVENT:
	case ENTRY_MASS:
		return take_event(rules, &entry->event, finding);
	case ENTRY_BATCH:
		return take_batch(rules, &entry->batch, finding);
	case ENTRY_EPOCH:
		return take_epoch(rules, &entry->epoch, finding);
	case ENTRY_ERASURE:
		return E_OK;
	case ENTRY_LOSS:
		return losses_take(&rules->losses, &entry->loss, rules->size, &rules->bundles, finding);
	}
	return E_OK;
}

enum error log_rules_entry(struct log_rules *rules, const struct entry *entry, struct log_finding *finding)
{
	bool in_run = entry->kind == ENTRY_EVENT || entry->kind == ENTRY_MASS || entry->kind == ENTRY_BATCH;
	if (WRONG((rules->size == 0) != (entry->kind == ENTRY_GENESIS)))
		return log_finding_set(finding, E_CORRUPT, rules->size,
			rules->size == 0 ? "the log does not begin with a genesis entry" : "a genesis entry inside the log");
	if (WRONG(rules->run.open && !in_run))
		return log_finding_set(finding, E_CORRUPT, rules->size,
			"the events from index %" PRIu64 " are not followed by their batch entry", rules->run.first_index);
	TRY(take_time(rules, entry, finding));
	TRY(take_kind(rules, entry, finding));
	TRY(check_lag(rules, entry, finding));
	rules->size++;
	return E_OK;
}

enum error log_rules_end(const struct log_rules *rules, struct log_finding *finding)
{
	if (!WRONG(rules->run.open))
		return E_OK;
	return log_finding_set(
		finding, E_CORRUPT, rules->run.first_index, "the last events of the log are not followed by their batch entry");
}
