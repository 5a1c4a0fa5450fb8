/* Ids, codes and times are no words; names of people and of organisations are where they belong. */
#include "ledger/mandate/free_texts.h"

#include "ledger/event/event_schema.h"
#include "ledger/subject/subject_in_text.h"

#include <string.h>

#define BIT(field) (1ull << (field))

uint64_t free_texts(void)
{
	return BIT(EVENT_SYSTEM) | BIT(EVENT_ACTIVITY) | BIT(EVENT_PURPOSE) | BIT(EVENT_ACTOR_ROLE) | BIT(EVENT_CUSTODIAN) |
		   BIT(EVENT_RECIPIENT) | BIT(EVENT_REASON) | BIT(EVENT_LEGAL_BASIS) | BIT(EVENT_PROCESSING_ACTIVITY) |
		   BIT(EVENT_ON_BEHALF_OF_ROLE) | BIT(EVENT_CATEGORIES) | BIT(EVENT_OBJECTS) | BIT(EVENT_SESSION) |
		   BIT(EVENT_TRACE) | BIT(EVENT_ACCESS_POINT);
}

static unsigned look(const struct event *event, const struct event_field *field, struct bytes own)
{
	const union event_value *value = &event->values[field->number];
	unsigned found = 0;
	if (field->type != EVENT_TYPE_LIST)
		return subject_in_text(value->text, own);
	const struct event_list *list = &event->lists[value->list];
	for (uint32_t i = 0; i < list->count; i++)
		found |= subject_in_text(list->items[i], own);
	return found;
}

uint64_t free_texts_with_numbers(const struct event *event, const struct source *source, unsigned *how)
{
	uint64_t fields = 0;
	struct bytes own = subject_own(event_subject(event));
	*how = 0;
	bool all = strstr(source->words, "identifiers-in=") == NULL; /* mostly nothing is said of it */
	for (uint64_t left = event->present & free_texts(); left != 0; left &= left - 1) {
		const struct event_field *field = event_field((uint64_t)__builtin_ctzll(left));
		unsigned found = !all && source_expects_numbers(source, bytes_text(field->path)) ? 0 : look(event, field, own);
		*how |= found;
		if (found != 0)
			fields |= BIT(field->number);
	}
	return fields;
}
