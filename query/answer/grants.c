/* A revocation is final: it ends its grant whatever is said of that afterwards, so that what an old system sends again
 * gives nothing back. Of what else is said of one grant the newest counts. So the whole list is walked before anything
 * is decided. An erased event may have been a revocation: what is older than it gives nothing, but revokes as ever.
 *
 * What was said of each grant is kept by a keyed hash of its id, 24 bytes of it, and the id is read again of the one
 * that is found. Two ids of one hash would be taken for one grant: that can end a grant and never give one. */
#include "query/answer/grants.h"

#include "ledger/base/own.h"
#include "ledger/event/event.h"
#include "ledger/event/event_schema.h"
#include "ledger/subject/subject.h"

#include <sodium.h>

#define NS_PER_S 1000000000ll
#define AT_ONCE 1000u /* indexes that are looked up together */
#define SLOTS_FIRST 64u

/* What was said of one grant. */
struct word {
	uint64_t id;      /* the hash; 0: no grant */
	uint64_t give_at; /* index of its newest event, if that gives to who asks; else 0, where no event is */
	bool revoked;
};

/* Invariant: `slots` has `room` of them, a power of two, and at least half are free. */
struct words {
	struct word *slots;
	size_t room;
	size_t count;
	uint8_t key[crypto_shorthash_KEYBYTES];
};

static void words_end(struct words *words)
{
	free(words->slots);
}

struct walk {
	struct snapshot *snapshot;
	struct bytes list; /* whose events these are */
	struct bytes to;
	int64_t now_ns;
	bool erased; /* something newer is */
	size_t count;
	struct words words;
	struct event event;
};

static void walk_free(struct walk *walk)
{
	words_end(&walk->words);
	free(walk);
}
OWN(walk, walk_free);

/* ---- what was said of each grant ---- */

static struct word *slot_of(const struct words *words, uint64_t id)
{
	size_t at = id & (words->room - 1);
	while (words->slots[at].id != 0 && words->slots[at].id != id)
		at = (at + 1) & (words->room - 1);
	return &words->slots[at];
}

static enum error make_room(struct words *words)
{
	if (2 * (words->count + 1) <= words->room)
		return E_OK;
	struct words larger = {.room = words->room ? 2 * words->room : SLOTS_FIRST};
	larger.slots = calloc(larger.room, sizeof *larger.slots);
	TRY(allocated(larger.slots));
	for (size_t i = 0; i < words->room; i++)
		if (words->slots[i].id != 0)
			*slot_of(&larger, words->slots[i].id) = words->slots[i];
	words_end(words);
	words->slots = larger.slots;
	words->room = larger.room;
	return E_OK;
}

static enum error word_on(struct words *words, struct bytes id, bool *first, struct word **out)
{
	uint64_t hash = 0;
	_Static_assert(sizeof hash == crypto_shorthash_BYTES, "a hash is a number");
	TRY(make_room(words));
	crypto_shorthash((uint8_t *)&hash, id.data, id.len, words->key);
	hash += hash == 0;
	*out = slot_of(words, hash);
	*first = (*out)->id == 0;
	words->count += *first;
	(*out)->id = hash;
	return E_OK;
}

/* ---- the list ---- */

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

/* The event at `index` into `walk->event`, whose texts are good until the next one is opened. E_ERASED. */
static enum error read_grant(struct walk *walk, uint64_t index, uint32_t *sender, struct fault *fault)
{
	struct opened opened;
	enum error error = snapshot_open_record(walk->snapshot, index, &opened);
	if (error != E_OK)
		return fault_set(fault, error, "index %llu: %s", (unsigned long long)index, error_reason(error));
	TRY(event_decode(opened.disclosed, BYTES_EMPTY, NULL, true, &walk->event, fault));
	if (event_act(&walk->event) != ACT_GRANT || !bytes_equal(event_subject(&walk->event), walk->list))
		return fault_set(
			fault, E_CORRUPT, "index %llu is filed under another subject than its own", (unsigned long long)index);
	*sender = opened.entry.sender;
	return E_OK;
}

static enum error take(struct walk *walk, uint64_t index, struct fault *fault)
{
	bool first, given = false;
	uint32_t sender = 0;
	struct word *word = NULL;
	enum error error = read_grant(walk, index, &sender, fault);
	if (error == E_ERASED) {
		walk->erased = true;
		return E_OK;
	}
	TRY(error);
	TRY(word_on(&walk->words, walk->event.values[EVENT_GRANT_ID].text, &first, &word));
	if (walk->event.present >> EVENT_GRANT_REVOKED & 1)
		word->revoked = true;
	else if (first && !walk->erased) /* else a newer one decides: what it says, or that it is revoked */
		TRY(gives(walk, &walk->event, sender, &given));
	if (given)
		word->give_at = index;
	return E_OK;
}

/* A list too long is not looked through in part: what is left out might be a revocation. */
static enum error take_all(struct walk *walk, struct fault *fault)
{
	uint64_t indexes[AT_ONCE];
	uint64_t before = UINT64_MAX;
	for (size_t count = AT_ONCE; count == AT_ONCE;) {
		TRY(snapshot_find(walk->snapshot, walk->list, before, indexes, AT_ONCE, &count));
		walk->count += count;
		if (walk->count > GRANT_EVENTS_MAX)
			return fault_set(fault, E_TOO_LONG, "the list of grants is longer than %u events", GRANT_EVENTS_MAX);
		for (size_t i = 0; i < count; i++)
			TRY(take(walk, indexes[i], fault));
		before = count > 0 ? indexes[count - 1] : 0;
	}
	return E_OK;
}

/* The newest one of those in force, so that it is the same one each time. */
static enum error name_grant(struct walk *walk, char out[GRANT_ID_BYTES_MAX + 1], struct fault *fault)
{
	uint64_t newest = 0;
	uint32_t sender;
	for (size_t i = 0; i < walk->words.room; i++) {
		const struct word *word = &walk->words.slots[i];
		if (!word->revoked && word->give_at > newest)
			newest = word->give_at;
	}
	if (newest == 0)
		return E_OK;
	TRY(read_grant(walk, newest, &sender, fault));
	struct bytes id = walk->event.values[EVENT_GRANT_ID].text;
	memcpy(out, id.data, id.len);
	out[id.len] = '\0';
	return E_OK;
}

enum error grants_find(struct snapshot *snapshot, struct bytes principal, struct bytes to, uint64_t now_s,
	char out[GRANT_ID_BYTES_MAX + 1], struct fault *fault)
{
	char list[SUBJECT_BYTES_MAX + 1];
	out[0] = '\0';
	if (!subject_of_list(LIST_OF_GRANTS, principal, list))
		return E_OK;
	OWNED(walk_release) struct walk *walk = calloc(1, sizeof *walk);
	TRY(fault_set(fault, allocated(walk), ""));
	walk->snapshot = snapshot;
	walk->list = bytes_text(list);
	walk->to = to;
	walk->now_ns = (int64_t)now_s * NS_PER_S;
	crypto_shorthash_keygen(walk->words.key);
	TRY(take_all(walk, fault));
	return name_grant(walk, out, fault);
}
