/*   in a run   event, mass ─► goes on with it     batch ─► ends it     all else ─► refused
 *   outside    event, mass ─► begins one          batch ─► refused     all else ─► by its own rule
 *
 * An entry that breaks a rule ends it (E_CORRUPT): what was taken of it by then stays in the state, which is good for
 * nothing but to be read and freed. Only a loss entry, for which bundles are read again, leaves everything as it was
 * when these cannot be had. An event that is filed too late is found when an entry whose time shows it is taken, and
 * the finding names the event, not that entry. */
#include "ledger/log/log_state.h"

#include "ledger/base/grow.h"
#include "ledger/base/wrong.h"

#include <assert.h>
#include <inttypes.h>

void log_state_init(struct log_state *state, const struct vkey *vkey, const struct log_senders *senders)
{
	*state = (struct log_state){.vkey = vkey, .senders = *senders};
	merkle_empty_root(&state->map_root); /* of the empty map too */
	merkle_empty_root(&state->filing_root);
	merkle_frontier_init(&state->run.commitments);
}

void log_state_free(struct log_state *state)
{
	free(state->steps.at);
	epoch_lag_free(&state->lag);
	*state = (struct log_state){.vkey = NULL};
}

static struct sender *find_sender(const struct log_state *state, uint32_t id, bool change)
{
	return state->senders.find(state->senders.context, id, change);
}

/* ---- senders ---- */

/* What is wrong with a sender entry is the log's fault here, whoever had it written. */
static enum error take_sender(struct log_state *state, const struct entry_sender *entry, struct log_finding *finding)
{
	const struct sender *old = find_sender(state, entry->sender, false);
	struct sender sender = old != NULL ? *old : (struct sender){.id = 0};
	struct fault fault = {0};
	if (sender_take(&sender, state->vkey->name, entry, state->size, &state->endorsed, &fault) != E_OK)
		return log_finding_set(finding, E_CORRUPT, state->size, "%s", fault.text);
	if (old == NULL)
		return state->senders.add(state->senders.context, &sender);
	*find_sender(state, entry->sender, true) = sender;
	return E_OK;
}

/* ---- events and batches ---- */

/* Who may send is decided at the first event: the others follow it without a gap, and no entry comes between in which
 * that could change. */
static enum error begin_run(struct log_state *state, const struct entry_event *event, struct log_finding *finding)
{
	struct log_run *run = &state->run;
	const struct sender *sender = find_sender(state, event->sender, false);
	if (sender == NULL || WRONG(sender->status != SENDER_ACTIVE))
		return log_finding_set(finding, E_CORRUPT, state->size,
			"an event of sender %" PRIu32 ", which is not registered or revoked", event->sender);
	if (WRONG(event->sequence != sender->next_sequence))
		return log_finding_set(finding, E_CORRUPT, state->size,
			"sequence %" PRIu64 " of sender %" PRIu32 " stands where %" PRIu64 " should be", event->sequence,
			event->sender, sender->next_sequence);
	*run = (struct log_run){.open = true,
		.mass = event->mass,
		.sender = sender->id,
		.first_sequence = event->sequence,
		.first_index = state->size,
		.vouched =
			state->vouchers.batch != NULL && state->vouchers.batch(state->vouchers.context, state->size, sender)};
	merkle_frontier_init(&run->commitments);
	return E_OK;
}

static enum error take_event(struct log_state *state, const struct entry_event *event, struct log_finding *finding)
{
	struct log_run *run = &state->run;
	if (!run->open)
		TRY(begin_run(state, event, finding));
	if (WRONG(event->sender != run->sender) || WRONG(event->mass != run->mass) ||
		WRONG(run->count == BATCH_EVENTS_MAX) || WRONG(event->sequence != run->first_sequence + run->count))
		return log_finding_set(finding, E_CORRUPT, state->size,
			"the event does not go on with the batch that begins at index %" PRIu64 ", and no batch entry is between",
			run->first_index);
	if (!state->signatures_checked && !run->vouched) /* by nothing else are they asked for */
		merkle_frontier_append(&run->commitments, &event->commitment, NULL, NULL);
	run->count++;
	state->events++;
	return E_OK;
}

static enum error check_signature(const struct log_state *state, const struct entry_batch *batch,
	const struct sender *sender, struct log_finding *finding)
{
	const struct log_run *run = &state->run;
	struct hash root;
	const struct batch_head head = entry_batch_head(batch, run->mass ? BATCH_MASS : BATCH_EVENT);
	merkle_frontier_root(&run->commitments, &root);
	enum error error = batch_check_signature(state->vkey->name, &head, &root, sender->public_key);
	if (!WRONG(error != E_OK))
		return E_OK;
	return log_finding_set(finding, E_CORRUPT, state->size,
		"the signature of sender %" PRIu32 " does not verify over the events from index %" PRIu64, batch->sender,
		run->first_index);
}

/* The sender moves on only with its batch: events without one are no events of the log. */
static enum error take_batch(struct log_state *state, const struct entry_batch *batch, struct log_finding *finding)
{
	struct log_run *run = &state->run;
	struct sender *sender = find_sender(state, run->sender, true);
	if (sender == NULL || WRONG(!run->open) || WRONG(batch->sender != run->sender) ||
		WRONG(batch->first_sequence != run->first_sequence) || WRONG(batch->count != run->count))
		return log_finding_set(finding, E_CORRUPT, state->size, "the batch entry is not about the events before it");
	if (!state->signatures_checked && !run->vouched)
		TRY(check_signature(state, batch, sender, finding));
	sender->next_sequence += batch->count;
	if (batch->filing_checked > sender->filing_checked) /* what was signed once stays said (ENTRY-20) */
		sender->filing_checked = batch->filing_checked;
	sender->last_s = state->time_s;
	state->filing_leaves += run->mass ? 0 : run->count;
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

/* A step only where the time changes, so steps are fewer than entries by far. */
static enum error take_time(struct log_state *state, uint64_t time_s, struct log_finding *finding)
{
	if (WRONG(time_s < state->time_s))
		return log_finding_set(finding, E_CORRUPT, state->size, "the ledger's time runs backwards");
	if (time_s == state->time_s && state->size > 0)
		return E_OK;
	state->time_s = time_s;
	return log_steps_add(&state->steps, state->size, time_s);
}

/* The step in force at the last of the first `size` entries. Every log that has an entry has one: genesis entries bear
 * a time. */
static size_t step_before(const struct log_steps *steps, uint64_t size)
{
	size_t at = steps->first;
	assert(steps->first < steps->end);
	while (at + 1 < steps->end && steps->at[at + 1].index < size)
		at++;
	return at;
}

uint64_t log_state_time_before(const struct log_state *state, uint64_t size)
{
	return state->steps.at[step_before(&state->steps, size)].time_s;
}

/* Which events an epoch covers is the same as before if there is no event below its size that no epoch covers yet and
 * is not lost, and nothing that was covered is lost now. Then the roots are the same too, whatever the labels are. */
static bool covers_the_same(const struct log_state *state, const struct entry_epoch *epoch)
{
	const struct epoch_lag *lag = &state->lag;
	bool new_event = lag->first < lag->end && lag->runs[lag->first].first < epoch->size;
	return !new_event && (epoch->lost == state->epoch_lost || state->epoch_index == 0);
}

static enum error check_roots(struct log_state *state, const struct entry_epoch *epoch, struct log_finding *finding)
{
	bool differs = WRONG(!hash_equal(&epoch->map_root, &state->map_root)) ||
				   WRONG(!hash_equal(&epoch->filing_root, &state->filing_root));
	if (!differs || !covers_the_same(state, epoch))
		return E_OK;
	return log_finding_set(finding, E_CORRUPT, state->size,
		state->epoch_index == 0
			? "the first epoch covers no event, and its roots are not those of nothing"
			: "the epoch covers no other events than the one before, and its roots are not that one's");
}

static enum error take_epoch(struct log_state *state, const struct entry_epoch *epoch, struct log_finding *finding)
{
	if (WRONG(epoch->size == 0) || WRONG(epoch->size > state->size) || WRONG(epoch->size < state->epoch_size))
		return log_finding_set(
			finding, E_CORRUPT, state->size, "the epoch covers entries after itself, or fewer than the one before");
	if (WRONG(epoch->time_s != log_state_time_before(state, epoch->size)))
		return log_finding_set(finding, E_CORRUPT, state->size,
			"the epoch's time is not the ledger time of the last entry that it covers");
	if (WRONG(epoch->lost != losses_events(&state->losses)))
		return log_finding_set(finding, E_CORRUPT, state->size,
			"the epoch says that %" PRIu64 " events are lost, and the loss entries before it that it is %" PRIu64,
			epoch->lost, losses_events(&state->losses));
	TRY(check_roots(state, epoch, finding));
	state->steps.first = step_before(&state->steps, epoch->size); /* those before it are not asked for any more */
	state->epoch_size = epoch->size;
	state->epoch_index = state->size;
	state->epoch_lost = epoch->lost;
	state->map_root = epoch->map_root;
	state->filing_root = epoch->filing_root;
	return E_OK;
}

/* `error` and `late`: what epoch_lag says. */
static enum error judge_lag(struct log_state *state, enum error error, uint64_t late, struct log_finding *finding)
{
	if (!WRONG(error == E_CORRUPT))
		return error == E_CORRUPT ? E_OK : error;
	if (!state->is_late)
		state->late = late;
	state->is_late = true;
	if (state->bears_late)
		return E_OK;
	return log_finding_set(finding, E_CORRUPT, late,
		"the event is filed too late: the log goes on for more than %" PRIu64 " seconds, to index %" PRIu64
		", before an epoch covers it",
		state->lag.lag_s, state->size);
}

/* ---- all of them ---- */

/* Whether it is the first is the place's question; whose log it opens is this one's. */
static enum error take_genesis(
	struct log_state *state, const struct entry_genesis *genesis, struct log_finding *finding)
{
	if (WRONG(strcmp(genesis->origin, state->vkey->name) != 0) ||
		WRONG(memcmp(genesis->log_key, state->vkey->public_key, sizeof genesis->log_key) != 0))
		return log_finding_set(finding, E_CORRUPT, state->size, "the genesis entry names another log than the vkey");
	return E_OK;
}

static enum error take_kind(struct log_state *state, const struct entry *entry, struct log_finding *finding)
{
	switch (entry->kind) {
	case ENTRY_GENESIS:
		return take_genesis(state, &entry->genesis, finding);
	case ENTRY_SENDER:
		return take_sender(state, &entry->sender, finding);
	case ENTRY_EVENT:
	case ENTRY_MASS:
		return take_event(state, &entry->event, finding);
	case ENTRY_BATCH:
		return take_batch(state, &entry->batch, finding);
	case ENTRY_EPOCH:
		return take_epoch(state, &entry->epoch, finding);
	case ENTRY_ERASURE:
		return E_OK;
	case ENTRY_LOSS:
		return losses_take(&state->losses, &entry->loss, state->size, &state->bundles, finding);
	}
	return E_OK;
}

static enum error check_place(const struct log_state *state, enum entry_kind kind, struct log_finding *finding)
{
	bool in_run = kind == ENTRY_EVENT || kind == ENTRY_MASS || kind == ENTRY_BATCH;
	if (WRONG((state->size == 0) != (kind == ENTRY_GENESIS)))
		return log_finding_set(finding, E_CORRUPT, state->size,
			state->size == 0 ? "the log does not begin with a genesis entry" : "a genesis entry inside the log");
	if (WRONG(state->run.open && !in_run))
		return log_finding_set(finding, E_CORRUPT, state->size,
			"the events from index %" PRIu64 " are not followed by their batch entry", state->run.first_index);
	return E_OK;
}

enum error log_state_event(struct log_state *state, const struct entry_event *event, struct log_finding *finding)
{
	uint64_t late = 0;
	TRY(check_place(state, event->mass ? ENTRY_MASS : ENTRY_EVENT, finding));
	TRY(take_time(state, event->time_s, finding));
	TRY(take_event(state, event, finding));
	enum error in_time = epoch_lag_event(&state->lag, state->size, event, &late);
	TRY(judge_lag(state, in_time, late, finding));
	state->size++;
	return E_OK;
}

enum error log_state_take(struct log_state *state, const struct entry *entry, struct log_finding *finding)
{
	uint64_t time_s, late = 0;
	if (entry->kind == ENTRY_EVENT || entry->kind == ENTRY_MASS)
		return log_state_event(state, &entry->event, finding);
	TRY(check_place(state, entry->kind, finding));
	if (entry_time(entry, &time_s))
		TRY(take_time(state, time_s, finding));
	TRY(take_kind(state, entry, finding));
	enum error in_time = epoch_lag_entry(&state->lag, state->size, entry, &late);
	TRY(judge_lag(state, in_time, late, finding));
	state->size++;
	return E_OK;
}

enum error log_state_end(const struct log_state *state, struct log_finding *finding)
{
	if (!WRONG(state->run.open))
		return E_OK;
	return log_finding_set(
		finding, E_CORRUPT, state->run.first_index, "the last events of the log are not followed by their batch entry");
}

/* ---- taking up ---- */

enum error log_state_resume(
	struct log_state *state, uint64_t lag_s, uint64_t epoch_index, const struct entry_epoch *epoch)
{
	state->size = epoch->size;
	state->time_s = epoch->time_s;
	state->epoch_index = epoch_index;
	state->epoch_size = epoch->size;
	state->epoch_lost = epoch->lost;
	state->map_root = epoch->map_root;
	state->filing_root = epoch->filing_root;
	state->lag.lag_s = lag_s;
	state->lag.clock_s = epoch->time_s;
	return log_steps_add(&state->steps, epoch->size - 1, epoch->time_s);
}

enum error log_state_pass(struct log_state *state, const struct entry *entry)
{
	uint64_t time_s, late;
	if (entry_time(entry, &time_s) && (time_s > state->time_s || state->size == 0)) {
		state->time_s = time_s;
		TRY(log_steps_add(&state->steps, state->size, time_s));
	}
	enum error error = epoch_lag_entry(&state->lag, state->size, entry, &late);
	state->size++;
	return error == E_CORRUPT ? E_OK : error; /* what is in the log already is for an audit to find */
}
