/* A revocation is final: it ends its grant whatever is said of that afterwards, so that what an old system sends again
 * gives nothing back. Of what else is said of one grant the newest counts. So the whole list is walked before anything
 * is decided. An erased event may have been a revocation: what is older than it gives nothing, but revokes as ever. */
#include "query/answer/grants.h"

#include "ledger/base/own.h"
#include "ledger/event/event.h"
#include "ledger/event/event_schema.h"
#include "ledger/subject/subject.h"

#define NS_PER_S 1000000000ll

/* The newest word on one grant. */
struct word {
	char id[GRANT_ID_BYTES_MAX + 1];
	bool gives; /* it is in force, and to who asks, unless it is revoked */
	bool revoked;
};

struct walk {
	struct snapshot *snapshot;
	struct bytes list; /* whose events these are */
	struct bytes to;
	int64_t now_ns;
	bool erased; /* something newer is */
	size_t count;
	struct word *words;
	struct event event;
};

static struct word *word_on(struct walk *walk, struct bytes id, bool *first)
{
	size_t i = 0;
	while (i < walk->count && !bytes_equal(bytes_text(walk->words[i].id), id))
		i++;
	*first = i == walk->count;
	if (*first) {
		struct word *word = &walk->words[walk->count++];
		*word = (struct word){.gives = false};
		memcpy(word->id, id.data, id.len);
	}
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
	struct word *word = word_on(walk, walk->event.values[EVENT_GRANT_ID].text, &first);
	if (walk->event.present >> EVENT_GRANT_REVOKED & 1)
		word->revoked = true;
	else if (first && !walk->erased) /* else a newer one decides: what it says, or that it is revoked */
		TRY(gives(walk, &walk->event, opened->entry.sender, &word->gives));
	return E_OK;
}

static enum error walk_list(struct walk *walk, const uint64_t *indexes, size_t count, struct fault *fault)
{
	for (size_t i = 0; i < count; i++) {
		struct opened opened;
		enum error error = snapshot_open_record(walk->snapshot, indexes[i], &opened);
		if (error == E_ERASED) {
			walk->erased = true;
			continue;
		}
		if (error != E_OK)
			return fault_set(fault, error, "index %llu: %s", (unsigned long long)indexes[i], error_reason(error));
		TRY(take(walk, indexes[i], &opened, fault));
	}
	return E_OK;
}

/* A list too long is not looked through in part: what is left out might be a revocation. */
static enum error find_all(struct walk *walk, uint64_t *indexes, struct fault *fault)
{
	size_t count = 0;
	TRY(snapshot_find(walk->snapshot, walk->list, UINT64_MAX, indexes, GRANT_EVENTS_MAX + 1, &count));
	if (count > GRANT_EVENTS_MAX)
		return fault_set(fault, E_TOO_LONG, "the list of grants is longer than %u events", GRANT_EVENTS_MAX);
	return walk_list(walk, indexes, count, fault);
}

enum error grants_find(struct snapshot *snapshot, struct bytes principal, struct bytes to, uint64_t now_s,
	char out[GRANT_ID_BYTES_MAX + 1], struct fault *fault)
{
	char list[SUBJECT_BYTES_MAX + 1];
	out[0] = '\0';
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
	TRY(find_all(walk, indexes, fault));
	for (size_t i = 0; i < walk->count && out[0] == '\0'; i++)
		if (words[i].gives && !words[i].revoked)
			strcpy(out, words[i].id);
	return E_OK;
}
