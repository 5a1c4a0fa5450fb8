#include "query/answer/answering.h"

#include "ledger/base/grow.h"
#include "ledger/base/thread.h"
#include "ledger/event/event.h"
#include "ledger/event/event_schema.h"
#include "ledger/subject/subject.h"

#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#define DAY_S 86400u
#define AT_ONCE 100u
#define PERSONS_FIRST 64u

static const uint32_t class_days[ANSWERING_CLASSES - 1] = {7, 30};
#define WAIT_S (30u * DAY_S)

/* Whose answer may be the organisation's: a sender of its own, or one that may report for it, or might once. */
struct speaker {
	char org[ORG_BYTES_MAX + 1];
	uint32_t sender;
	bool own;
};

struct org {
	size_t first, end; /* its speakers */
	uint64_t counts[ANSWERING_QUARTERS][ANSWERING_CLASSES];
};

/* Hashes of who was met in a quarter of an organisation. Invariant: `room` is a power of two, half of it free. */
struct persons {
	uint64_t *slots;
	size_t room, count;
	uint8_t key[crypto_shorthash_KEYBYTES];
};

struct answering {
	uint32_t quarters;
	uint64_t starts_s[ANSWERING_QUARTERS + 1]; /* of each, and the end of the last */
	uint64_t ends[ANSWERING_QUARTERS + 1];     /* the log indexes there */
	struct speaker *speakers;
	size_t speaker_count, speaker_capacity;
	struct org *orgs;
	size_t org_count, org_capacity;
	/* where it is: nothing below `before` of this organisation's quarter was looked at */
	size_t org;
	uint32_t quarter; /* from the last one down */
	uint64_t before;
	struct persons persons;
	/* of one step */
	struct snapshot *snapshot;
	uint32_t opened;
	enum error error;
	struct entry entry;
	struct event event;
};

static void answering_free(struct answering *answering)
{
	free(answering->persons.slots);
	free(answering->speakers);
	free(answering->orgs);
	free(answering);
}
OWN(answering, answering_free);

void answering_memory_release(struct answering_memory *memory)
{
	if (memory->going != NULL)
		answering_free(memory->going);
	text_release(&memory->text);
	pthread_mutex_destroy(&memory->mutex);
}

/* ---- quarters ---- */

/* The first second of the quarter that `time_s` is in, or of one that is `later` quarters on. */
static uint64_t quarter_start(uint64_t time_s, int later)
{
	struct tm tm;
	time_t at = (time_t)time_s;
	gmtime_r(&at, &tm);
	tm = (struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon / 3 * 3 + 3 * later, .tm_mday = 1};
	return (uint64_t)timegm(&tm);
}

/* The end of the last quarter whose reports have all had their 30 days. */
static uint64_t published_until(const struct snapshot *snapshot)
{
	uint64_t now_s = snapshot_time_s(snapshot);
	return quarter_start(now_s > WAIT_S ? now_s - WAIT_S : 0, 0);
}

static enum error find_quarters(struct answering *answering)
{
	uint64_t since_s, until_s = published_until(answering->snapshot);
	TRY(snapshot_time_at(answering->snapshot, 0, &since_s));
	while (answering->quarters < ANSWERING_QUARTERS && quarter_start(until_s, -(int)answering->quarters) > since_s)
		answering->quarters++;
	for (uint32_t i = 0; i <= answering->quarters; i++) {
		answering->starts_s[i] = quarter_start(until_s, (int)i - (int)answering->quarters);
		TRY(numbers_index_at(answering->snapshot, answering->starts_s[i], &answering->ends[i]));
	}
	return E_OK;
}

/* ---- who may answer for whom ---- */

static enum error add_speaker(struct answering *answering, struct bytes org, uint32_t sender, bool own)
{
	TRY(GROW(answering->speakers, answering->speaker_capacity, answering->speaker_count + 1));
	struct speaker *speaker = &answering->speakers[answering->speaker_count++];
	*speaker = (struct speaker){.sender = sender, .own = own};
	memcpy(speaker->org, org.data, org.len);
	return E_OK;
}

static enum error add_mandate(struct answering *answering, const struct mandate *mandate, uint32_t sender)
{
	for (const char *at = mandate->reports_for; *at != '\0';) {
		size_t len = strcspn(at, " ");
		TRY(add_speaker(answering, bytes_of(at, len), sender, false));
		at += len + (at[len] == ' ');
	}
	return E_OK;
}

/* From all its entries: what it may not do any more, it may have done. */
static enum error add_sender(struct answering *answering, const struct sender *sender)
{
	size_t count = 0, max = sender->changes + 1u;
	OWNED_MEMORY uint64_t *indexes = calloc(max, sizeof *indexes);
	struct bytes encoded;
	TRY(allocated(indexes));
	TRY(add_speaker(answering, bytes_text(sender->org), sender->id, true));
	TRY(snapshot_sender_entries(answering->snapshot, sender->id, indexes, max, &count));
	for (size_t i = 0; i < count; i++) {
		TRY(snapshot_entry(answering->snapshot, indexes[i], &encoded));
		TRY(entry_decode(encoded, &answering->entry));
		if (answering->entry.kind == ENTRY_SENDER)
			TRY(add_mandate(answering, &answering->entry.sender.mandate, sender->id));
	}
	return E_OK;
}

static bool visit_sender(void *context, const struct sender *sender)
{
	struct answering *answering = context;
	answering->error = add_sender(answering, sender);
	return answering->error == E_OK;
}

/* The oldest of an organisation's own first, whose name stands for it. */
static int by_org(const void *a, const void *b)
{
	const struct speaker *one = a, *other = b;
	int order = strcmp(one->org, other->org);
	if (order != 0 || one->own != other->own)
		return order != 0 ? order : other->own - one->own;
	return one->sender < other->sender ? -1 : one->sender > other->sender;
}

static enum error find_orgs(struct answering *answering)
{
	TRY(snapshot_senders(answering->snapshot, visit_sender, answering));
	TRY(answering->error);
	if (answering->speaker_count > 0)
		qsort(answering->speakers, answering->speaker_count, sizeof *answering->speakers, by_org);
	for (size_t i = 0; i < answering->speaker_count; i++) {
		if (i == 0 || strcmp(answering->speakers[i - 1].org, answering->speakers[i].org) != 0) {
			TRY(GROW(answering->orgs, answering->org_capacity, answering->org_count + 1));
			answering->orgs[answering->org_count++] = (struct org){.first = i};
		}
		answering->orgs[answering->org_count - 1].end = i + 1;
	}
	return E_OK;
}

static bool may_answer(const struct answering *answering, const struct org *org, uint32_t sender)
{
	for (size_t i = org->first; i < org->end; i++)
		if (answering->speakers[i].sender == sender)
			return true;
	return false;
}

/* ---- people ---- */

static uint64_t *person_slot(const struct persons *persons, uint64_t hash)
{
	size_t at = hash & (persons->room - 1);
	while (persons->slots[at] != 0 && persons->slots[at] != hash)
		at = (at + 1) & (persons->room - 1);
	return &persons->slots[at];
}

static enum error persons_grow(struct persons *persons)
{
	struct persons larger = *persons;
	larger.room = persons->room > 0 ? 2 * persons->room : PERSONS_FIRST;
	larger.slots = calloc(larger.room, sizeof *larger.slots);
	TRY(allocated(larger.slots));
	for (size_t i = 0; i < persons->room; i++)
		if (persons->slots[i] != 0)
			*person_slot(&larger, persons->slots[i]) = persons->slots[i];
	free(persons->slots);
	*persons = larger;
	return E_OK;
}

static enum error persons_meet(struct persons *persons, struct bytes person, bool *first)
{
	uint64_t hash = 0;
	_Static_assert(sizeof hash == crypto_shorthash_BYTES, "a hash is a number");
	if (2 * (persons->count + 1) > persons->room)
		TRY(persons_grow(persons));
	crypto_shorthash((uint8_t *)&hash, person.data, person.len, persons->key);
	hash += hash == 0;
	uint64_t *slot = person_slot(persons, hash);
	*first = *slot == 0;
	persons->count += *first;
	*slot = hash;
	return E_OK;
}

static void persons_forget(struct persons *persons)
{
	persons->count = 0;
	if (persons->room > 0)
		memset(persons->slots, 0, persons->room * sizeof *persons->slots);
}

/* ---- a report and its answer ---- */

struct report {
	const struct org *org;
	char person[SUBJECT_BYTES_MAX + 1];
	char id[GRANT_ID_BYTES_MAX + 1];
	uint64_t index, time_s;
};

static void copy_text(const struct event *event, unsigned number, char *out)
{
	struct bytes text = event->present >> number & 1 ? event->values[number].text : BYTES_EMPTY;
	memcpy(out, text.data, text.len);
	out[text.len] = '\0';
}

/* Into `answering->event`, whose texts are good until the next one is opened. E_ERASED. */
static enum error open_event(struct answering *answering, uint64_t index, struct opened *opened)
{
	answering->opened++;
	TRY(snapshot_open_record(answering->snapshot, index, opened));
	return event_decode(opened->disclosed, BYTES_EMPTY, NULL, true, &answering->event, NULL);
}

/* Whether the event at `index` is an answer to it (EVT-19). Only what may be one is opened. */
static enum error is_answer(
	struct answering *answering, const struct report *report, uint64_t index, uint32_t *looked, bool *out)
{
	struct bytes encoded;
	struct opened opened;
	const struct event *event = &answering->event;
	*out = false;
	TRY(snapshot_entry(answering->snapshot, index, &encoded));
	TRY(entry_decode(encoded, &answering->entry));
	if (answering->entry.kind != ENTRY_EVENT || !may_answer(answering, report->org, answering->entry.event.sender))
		return E_OK;
	++*looked;
	enum error error = open_event(answering, index, &opened);
	if (error == E_ERASED)
		return E_OK;
	TRY(error);
	*out = event_act(event) == ACT_ANSWER &&
		   bytes_equal(event->values[EVENT_ANSWER_REPORT].text, bytes_text(report->id)) &&
		   bytes_equal(event_org_id(event), bytes_text(answering->speakers[report->org->first].org));
	return E_OK;
}

/* Whether one stands in the person's list with after < index < before. */
static enum error find_answer(
	struct answering *answering, const struct report *report, uint64_t after, uint64_t before, bool *out)
{
	uint64_t indexes[AT_ONCE];
	uint32_t looked = 0;
	*out = false;
	for (size_t count = AT_ONCE; count == AT_ONCE;) {
		TRY(snapshot_find(answering->snapshot, bytes_text(report->person), before, indexes, AT_ONCE, &count));
		for (size_t i = 0; i < count; i++) {
			if (indexes[i] <= after || looked == ANSWERING_LOOKED)
				return E_OK;
			TRY(is_answer(answering, report, indexes[i], &looked, out));
			if (*out)
				return E_OK;
		}
		before = count > 0 ? indexes[count - 1] : 0;
	}
	return E_OK;
}

static enum error classify(struct answering *answering, const struct report *report, uint32_t *out)
{
	uint64_t after = report->index, end;
	bool found = false;
	for (*out = 0; *out < ANSWERING_CLASSES - 1; ++*out) {
		TRY(numbers_index_at(answering->snapshot, report->time_s + class_days[*out] * DAY_S + 1, &end));
		TRY(find_answer(answering, report, after, end, &found));
		if (found)
			return E_OK;
		after = end > report->index + 1 ? end - 1 : report->index;
	}
	return E_OK;
}

/* Of one person's reports in a quarter the last counts, so that nobody counts twice. One that is erased is nobody's. */
static enum error take_report(struct answering *answering, uint64_t index)
{
	struct opened opened;
	struct report report = {.org = &answering->orgs[answering->org], .index = index};
	bool first;
	uint32_t class;
	enum error error = open_event(answering, index, &opened);
	if (error == E_ERASED)
		return E_OK;
	TRY(error);
	if (event_act(&answering->event) != ACT_REPORT)
		return E_CORRUPT;
	report.time_s = opened.entry.time_s;
	copy_text(&answering->event, EVENT_REPORT_BY, report.person);
	copy_text(&answering->event, EVENT_REPORT_ID, report.id);
	TRY(persons_meet(&answering->persons, bytes_text(report.person), &first));
	if (!first)
		return E_OK;
	TRY(classify(answering, &report, &class));
	answering->orgs[answering->org].counts[answering->quarter][class]++;
	return E_OK;
}

/* ---- counting ---- */

static void next_quarter(struct answering *answering)
{
	persons_forget(&answering->persons);
	if (answering->quarter > 0) {
		answering->quarter--;
	} else {
		answering->org++;
		answering->quarter = answering->quarters - 1;
	}
	answering->before = answering->ends[answering->quarter + 1];
}

/* Some of what is left of a quarter. */
static enum error take_some(struct answering *answering, uint32_t most)
{
	char list[SUBJECT_BYTES_MAX + 1];
	uint64_t indexes[AT_ONCE];
	size_t count = 0;
	const char *org = answering->speakers[answering->orgs[answering->org].first].org;
	answering->opened++; /* looking costs, too */
	if (subject_of_list(LIST_OF_REPORTS, bytes_text(org), list))
		TRY(snapshot_find(answering->snapshot, bytes_text(list), answering->before, indexes, AT_ONCE, &count));
	for (size_t i = 0; i < count; i++) {
		if (indexes[i] < answering->ends[answering->quarter]) {
			next_quarter(answering);
			return E_OK;
		}
		TRY(take_report(answering, indexes[i]));
		answering->before = indexes[i];
		if (answering->opened >= most)
			return E_OK;
	}
	if (count < AT_ONCE)
		next_quarter(answering);
	return E_OK;
}

static enum error begin(struct snapshot *snapshot, struct answering **out)
{
	OWNED(answering_release) struct answering *answering = calloc(1, sizeof *answering);
	TRY(allocated(answering));
	answering->snapshot = snapshot;
	crypto_shorthash_keygen(answering->persons.key);
	TRY(find_quarters(answering));
	if (answering->quarters > 0) {
		TRY(find_orgs(answering));
		answering->quarter = answering->quarters - 1;
		answering->before = answering->ends[answering->quarters];
	}
	*out = OWN_TAKE(answering);
	return E_OK;
}

static enum error go_on(struct answering *answering, struct snapshot *snapshot, uint32_t most)
{
	answering->snapshot = snapshot;
	answering->opened = 0;
	while (answering->org < answering->org_count && answering->opened < most)
		TRY(take_some(answering, most));
	return E_OK;
}

/* ---- writing ---- */

static bool is_empty(const struct answering *answering, const struct org *org)
{
	for (uint32_t quarter = 0; quarter < answering->quarters; quarter++)
		for (uint32_t class = 0; class < ANSWERING_CLASSES; class ++)
			if (numbers_rounded(org->counts[quarter][class]) > 0)
				return false;
	return true;
}

static enum error write_org(struct text *text, const struct answering *answering, const struct org *org,
	uint64_t sums[ANSWERING_QUARTERS][ANSWERING_CLASSES])
{
	const struct speaker *speaker = &answering->speakers[org->first];
	struct sender sender;
	text_object(text, NULL);
	text_string(text, "org", bytes_text(speaker->org));
	if (speaker->own) {
		TRY(snapshot_sender(answering->snapshot, speaker->sender, &sender));
		text_string(text, "name", bytes_text(sender.name));
	}
	text_list(text, "people");
	for (uint32_t quarter = 0; quarter < answering->quarters; quarter++) {
		text_list(text, NULL);
		for (uint32_t class = 0; class < ANSWERING_CLASSES; class ++) {
			uint64_t rounded = numbers_rounded(org->counts[quarter][class]);
			sums[quarter][class] += rounded;
			if (rounded > 0)
				text_number(text, NULL, rounded);
			else
				text_null(text, NULL);
		}
		text_list_end(text);
	}
	text_list_end(text);
	text_object_end(text);
	return E_OK;
}

static void write_rule(struct text *text)
{
	text_object(text, "rule");
	text_number(text, "base", NUMBERS_BASE);
	text_number(text, "quarters", ANSWERING_QUARTERS);
	text_list(text, "days");
	for (uint32_t class = 0; class < ANSWERING_CLASSES - 1; class ++)
		text_number(text, NULL, class_days[class]);
	text_list_end(text);
	text_object_end(text);
}

static enum error write_all(struct text *text, const struct answering *answering)
{
	uint64_t sums[ANSWERING_QUARTERS][ANSWERING_CLASSES] = {0};
	text_object(text, NULL);
	write_rule(text);
	text_list(text, "quarters");
	for (uint32_t quarter = 0; quarter < answering->quarters; quarter++)
		text_time(text, NULL, answering->starts_s[quarter]);
	text_list_end(text);
	text_list(text, "organisations");
	for (size_t i = 0; i < answering->org_count; i++)
		if (!is_empty(answering, &answering->orgs[i]))
			TRY(write_org(text, answering, &answering->orgs[i], sums));
	text_list_end(text);
	text_list(text, "sums");
	for (uint32_t quarter = 0; quarter < answering->quarters; quarter++) {
		text_list(text, NULL);
		for (uint32_t class = 0; class < ANSWERING_CLASSES; class ++)
			text_number(text, NULL, sums[quarter][class]);
		text_list_end(text);
	}
	text_list_end(text);
	text_object_end(text);
	return text_done(text);
}

/* ---- for many who ask ---- */

/* A step of `*going` (NULL: from the beginning); `out` is written when it was the last. */
static enum error step(struct answering **going, struct snapshot *snapshot, uint32_t most, struct text *out)
{
	if (*going == NULL)
		TRY(begin(snapshot, going));
	TRY(go_on(*going, snapshot, most));
	return (*going)->org == (*going)->org_count ? write_all(out, *going) : E_OK;
}

/* What is remembered goes to `text`; else `*mine` says whether this is who counts on, with `*going`. */
static bool look(struct answering_memory *memory, uint64_t until_s, struct text *text, const char *name, bool *mine,
	struct answering **going)
{
	LOCKED(&memory->mutex);
	*mine = false;
	if (memory->text.len > 0 && memory->until_s == until_s) {
		text_made(text, name, bytes_of(memory->text.data, memory->text.len));
		return true;
	}
	if (memory->counting)
		return false;
	*mine = memory->counting = true;
	if (memory->until_s == until_s)
		*going = OWN_TAKE(memory->going);
	return false;
}

/* `going` when it is not at its end, and what was made when it is. */
static void remember(
	struct answering_memory *memory, uint64_t until_s, struct answering **going, bool failed, struct text *fresh)
{
	LOCKED(&memory->mutex);
	struct answering *old = memory->going;
	memory->going = failed || fresh->len > 0 ? NULL : OWN_TAKE(*going);
	memory->counting = false;
	memory->until_s = until_s;
	if (old != NULL)
		answering_free(old);
	struct text before = memory->text;
	memory->text = *fresh;
	*fresh = before;
}

enum error answering_write(
	struct text *text, const char *name, struct snapshot *snapshot, struct answering_memory *memory)
{
	OWNED(text_release) struct text fresh = {.room = NULL};
	OWNED(answering_release) struct answering *going = NULL;
	uint64_t until_s = published_until(snapshot);
	bool mine = true;
	if (memory != NULL && look(memory, until_s, text, name, &mine, &going))
		return text->error;
	enum error error = mine ? step(&going, snapshot, memory != NULL ? ANSWERING_OPENED : UINT32_MAX, &fresh) : E_OK;
	if (error == E_OK && fresh.len > 0)
		text_made(text, name, bytes_of(fresh.data, fresh.len));
	else
		text_null(text, name);
	if (memory != NULL && mine)
		remember(memory, until_s, &going, error != E_OK, &fresh);
	return error != E_OK ? error : text->error;
}
