/* A revocation is final: it ends its grant whatever is said of that afterwards, so that what an old system sends again
 * gives nothing back. Of what else is said of one grant the newest counts. So the whole list is walked before anything
 * is decided. An erased event may have been a revocation: what is older than it counts no more. */
#include "query/answer/grants.h"

#include "ledger/base/own.h"
#include "ledger/event/event.h"
#include "ledger/event/event_schema.h"
#include "ledger/subject/subject.h"

#define NS_PER_S 1000000000ll

/* The newest word on one grant. */
struct word {
	struct hash id;
	bool gives; /* it is in force, and to who asks, unless it is revoked */
	bool revoked;
	unsigned kind;
};

struct walk {
	struct snapshot *snapshot;
	struct bytes list; /* whose events these are */
	struct bytes to;
	int64_t now_ns;
	size_t count;
	struct word *words;
	struct event event;
};

static struct word *word_on(struct walk *walk, const struct event *event, bool *first)
{
	struct hash id;
	const struct bytes parts[] = {event->values[EVENT_GRANT_ID].text};
	hash_blake2b(NULL, parts, 1, &id);
	size_t i = 0;
	while (i < walk->count && !hash_equal(&walk->words[i].id, &id))
		i++;
	*first = i == walk->count;
	if (*first)
		walk->words[walk->count++] = (struct word){.id = id};
	return &walk->words[i];
}

/* What was given by a sender that is not trusted with it any more gives nothing; what it revoked stays revoked. */
static enum error gives(struct walk *walk, const struct event *event, uint32_t sender, bool *out)
{
	struct sender row;
	bool has_end = event->present >> EVENT_GRANT_UNTIL & 1;
	TRY(snapshot_sender(walk->snapshot, sender, &row));
	*out = sender_may_report_grants(&row) && !row.compromised && event_time_ns(event) <= walk->now_ns &&
		   (!has_end || walk->now_ns < event->values[EVENT_GRANT_UNTIL].time_ns) &&
		   bytes_equal(event->values[EVENT_GRANT_TO].text, walk->to);
	return E_OK;
}

static enum error take(struct walk *walk, uint64_t index, const struct opened *opened, struct fault *fault)
{
	bool first;
	TRY(event_decode(opened->disclosed, BYTES_EMPTY, NULL, true, &walk->event, fault));
	if (!event_is_grant(&walk->event) || !bytes_equal(event_subject(&walk->event), walk->list))
		return fault_set(
			fault, E_CORRUPT, "index %llu is filed under another subject than its own", (unsigned long long)index);
	struct word *word = word_on(walk, &walk->event, &first);
	if (walk->event.present >> EVENT_GRANT_REVOKED & 1)
		word->revoked = true;
	else if (first) /* else a newer one decides: what it says, or that it is revoked */
		TRY(gives(walk, &walk->event, opened->entry.sender, &word->gives));
	if (first)
		word->kind = (unsigned)walk->event.values[EVENT_GRANT_KIND].number;
	return E_OK;
}

static enum error walk_list(struct walk *walk, const uint64_t *indexes, size_t count, struct fault *fault)
{
	for (size_t i = 0; i < count; i++) {
		struct opened opened;
		enum error error = snapshot_open_record(walk->snapshot, indexes[i], &opened);
		if (error == E_ERASED)
			return E_OK;
		if (error != E_OK)
			return fault_set(fault, error, "index %llu: %s", (unsigned long long)indexes[i], error_reason(error));
		TRY(take(walk, indexes[i], &opened, fault));
	}
	return E_OK;
}

enum error grants_find(struct snapshot *snapshot, struct bytes principal, struct bytes to, uint64_t now_s, bool *found,
	unsigned *kind, struct fault *fault)
{
	char list[SUBJECT_BYTES_MAX + 1];
	size_t count = 0;
	*found = false;
	if (!subject_grants(principal, list))
		return E_OK;
	OWNED_MEMORY struct walk *walk = calloc(1, sizeof *walk);
	OWNED_MEMORY uint64_t *indexes = malloc((GRANT_EVENTS_MAX + 1) * sizeof *indexes);
	OWNED_MEMORY struct word *words = malloc(GRANT_EVENTS_MAX * sizeof *words);
	if (walk == NULL || indexes == NULL || words == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	walk->snapshot = snapshot;
	walk->list = bytes_text(list);
	walk->to = to;
	walk->now_ns = (int64_t)now_s * NS_PER_S;
	walk->words = words;
	TRY(snapshot_find(snapshot, walk->list, UINT64_MAX, indexes, GRANT_EVENTS_MAX + 1, &count));
	if (count > GRANT_EVENTS_MAX)
		return fault_set(fault, E_TOO_LONG, "the list of grants is longer than %u events", GRANT_EVENTS_MAX);
	TRY(walk_list(walk, indexes, count, fault));
	for (size_t i = 0; i < walk->count && !*found; i++) {
		*found = walk->words[i].gives && !walk->words[i].revoked;
		*kind = walk->words[i].kind;
	}
	return E_OK;
}
