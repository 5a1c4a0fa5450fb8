/* What only a reader keeps: its senders, and counts, which go up once the rule has taken the entry. The senders stand
 * behind pointers, so that one that is put between two others moves no more than these. Without memory for it the array
 * has the senders that it had. */
#include "ledger/log/log_rules.h"

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

/* Changed in place, whatever it is asked for: there is no store to be told. */
static struct sender *find_sender(void *context, uint32_t id, bool change)
{
	(void)change;
	const struct log_rules *rules = context;
	size_t place = sender_place(rules, id);
	return place < rules->sender_count && rules->senders[place]->id == id ? rules->senders[place] : NULL;
}

const struct sender *log_rules_sender(const struct log_rules *rules, uint32_t id)
{
	return rules->state.senders.find(rules->state.senders.context, id, false);
}

static enum error add_sender(void *context, const struct sender *sender)
{
	struct log_rules *rules = context;
	struct sender **larger = realloc(rules->senders, (rules->sender_count + 1) * sizeof *larger);
	TRY(allocated(larger));
	rules->senders = larger;
	struct sender *copy = malloc(sizeof *copy);
	TRY(allocated(copy));
	*copy = *sender;
	size_t place = sender_place(rules, sender->id);
	memmove(&larger[place + 1], &larger[place], (rules->sender_count - place) * sizeof *larger);
	larger[place] = copy;
	rules->sender_count++;
	return E_OK;
}

/* ---- all of them ---- */

void log_rules_init(struct log_rules *rules, const struct vkey *vkey)
{
	const struct log_senders senders = {find_sender, add_sender, rules};
	*rules = (struct log_rules){.batches = 0};
	log_state_init(&rules->state, vkey, &senders);
}

void log_rules_free(struct log_rules *rules)
{
	for (size_t i = 0; i < rules->sender_count; i++)
		free(rules->senders[i]);
	free(rules->senders);
	log_state_free(&rules->state);
	*rules = (struct log_rules){.batches = 0};
}

/* Counts go up behind the rule, so a log that ends with a finding is counted up to it. */
enum error log_rules_entry(struct log_rules *rules, const struct entry *entry, struct log_finding *finding)
{
	TRY(log_state_take(&rules->state, entry, finding));
	bool registers = entry->kind == ENTRY_SENDER;
	bool ends_batch = entry->kind == ENTRY_BATCH;
	rules->sender_entries += registers;
	rules->unendorsed += registers && !rules->state.endorsed;
	rules->batches += ends_batch;
	rules->event_batches += ends_batch && !rules->state.run.mass;
	rules->epochs += entry->kind == ENTRY_EPOCH;
	return E_OK;
}

enum error log_rules_end(const struct log_rules *rules, struct log_finding *finding)
{
	return log_state_end(&rules->state, finding);
}
