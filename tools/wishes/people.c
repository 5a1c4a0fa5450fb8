/* A table of pointers by alias, which is a keyed hash already, so its first bytes are as good as any hash; and a binary
 * heap of those who have a turn. Both have room for all before anybody is added, so that only adding can fail. */
#include "tools/wishes/people.h"

#include "ledger/base/grow.h"

#include <assert.h>

#define SLOTS_MIN 64u
#define NO_PLACE SIZE_MAX

/* Invariants: `slots` has a power of two, at most half of them taken; agenda[p->place] == p for whoever has a turn, and
 * nobody's is before that of who stands above them, at (place - 1) / 2. */
struct people {
	struct person **slots;
	size_t slot_count;
	size_t count;
	struct person **agenda;
	size_t agenda_count;
	size_t agenda_capacity;
};

struct people *people_new(void)
{
	struct people *people = calloc(1, sizeof *people);
	if (people == NULL || (people->slots = calloc(SLOTS_MIN, sizeof *people->slots)) == NULL) {
		free(people);
		return NULL;
	}
	people->slot_count = SLOTS_MIN;
	return people;
}

static void free_person(struct person *person)
{
	own_wipe(person, sizeof *person + strlen(person->subject));
}

void people_free(struct people *people)
{
	if (people == NULL)
		return;
	for (size_t i = 0; i < people->slot_count; i++)
		if (people->slots[i] != NULL)
			free_person(people->slots[i]);
	free(people->slots);
	free(people->agenda);
	free(people);
}

size_t people_count(const struct people *people)
{
	return people->count;
}

/* ---- the table ---- */

static size_t home_of(const struct alias *alias, size_t slot_count)
{
	uint64_t bits;
	memcpy(&bits, alias->b, sizeof bits);
	return (size_t)bits & (slot_count - 1);
}

/* Where they are, or would be. */
static size_t slot_of(struct person *const *slots, size_t slot_count, const struct alias *alias)
{
	size_t at = home_of(alias, slot_count);
	while (slots[at] != NULL && memcmp(slots[at]->alias.b, alias->b, sizeof alias->b) != 0)
		at = (at + 1) & (slot_count - 1);
	return at;
}

struct person *people_find(const struct people *people, const struct alias *alias)
{
	return people->slots[slot_of(people->slots, people->slot_count, alias)];
}

static enum error make_room(struct people *people)
{
	TRY(GROW(people->agenda, people->agenda_capacity, people->count + 1));
	if (people->count < people->slot_count / 2)
		return E_OK;
	size_t slot_count = people->slot_count * 2;
	struct person **slots = calloc(slot_count, sizeof *slots);
	TRY(allocated(slots));
	for (size_t i = 0; i < people->slot_count; i++)
		if (people->slots[i] != NULL)
			slots[slot_of(slots, slot_count, &people->slots[i]->alias)] = people->slots[i];
	free(people->slots);
	people->slots = slots;
	people->slot_count = slot_count;
	return E_OK;
}

enum error people_add(struct people *people, const struct alias *alias, struct bytes subject, struct person **out)
{
	if (people->count >= PEOPLE_MAX)
		return E_TOO_MANY;
	TRY(make_room(people));
	struct person *person = calloc(1, sizeof *person + subject.len + 1);
	TRY(allocated(person));
	person->alias = *alias;
	person->turn_ms = TURN_NEVER;
	person->place = NO_PLACE;
	memcpy(person->subject, subject.data, subject.len);
	size_t at = slot_of(people->slots, people->slot_count, alias);
	assert(people->slots[at] == NULL);
	people->slots[at] = person;
	people->count++;
	*out = person;
	return E_OK;
}

/* Those behind it move up, so that nobody is searched for past a hole. */
static void close_gap(struct people *people, size_t hole)
{
	size_t mask = people->slot_count - 1;
	people->slots[hole] = NULL;
	for (size_t at = (hole + 1) & mask; people->slots[at] != NULL; at = (at + 1) & mask) {
		struct person *moved = people->slots[at];
		people->slots[at] = NULL;
		people->slots[slot_of(people->slots, people->slot_count, &moved->alias)] = moved;
	}
}

void people_remove(struct people *people, struct person *person)
{
	size_t at = slot_of(people->slots, people->slot_count, &person->alias);
	assert(people->slots[at] == person);
	people_turn(people, person, TURN_NEVER);
	close_gap(people, at);
	people->count--;
	free_person(person);
}

struct person *people_next(const struct people *people, size_t *at)
{
	while (*at < people->slot_count) {
		struct person *person = people->slots[(*at)++];
		if (person != NULL)
			return person;
	}
	return NULL;
}

/* ---- the agenda ---- */

static void put_at(struct people *people, size_t place, struct person *person)
{
	people->agenda[place] = person;
	person->place = place;
}

static void move_up(struct people *people, struct person *person)
{
	size_t place = person->place;
	while (place > 0 && people->agenda[(place - 1) / 2]->turn_ms > person->turn_ms) {
		put_at(people, place, people->agenda[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	put_at(people, place, person);
}

static void move_down(struct people *people, struct person *person)
{
	size_t place = person->place;
	for (;;) {
		size_t below = place * 2 + 1;
		if (below + 1 < people->agenda_count && people->agenda[below + 1]->turn_ms < people->agenda[below]->turn_ms)
			below++;
		if (below >= people->agenda_count || people->agenda[below]->turn_ms >= person->turn_ms)
			break;
		put_at(people, place, people->agenda[below]);
		place = below;
	}
	put_at(people, place, person);
}

static void leave_agenda(struct people *people, struct person *person)
{
	struct person *last = people->agenda[--people->agenda_count];
	size_t place = person->place;
	person->place = NO_PLACE;
	if (last == person)
		return;
	put_at(people, place, last);
	move_up(people, last);
	move_down(people, last);
}

void people_turn(struct people *people, struct person *person, uint64_t turn_ms)
{
	person->turn_ms = turn_ms;
	if (turn_ms == TURN_NEVER) {
		if (person->place != NO_PLACE)
			leave_agenda(people, person);
		return;
	}
	if (person->place == NO_PLACE)
		put_at(people, people->agenda_count++, person);
	move_up(people, person);
	move_down(people, person);
}

struct person *people_first(const struct people *people)
{
	return people->agenda_count > 0 ? people->agenda[0] : NULL;
}
