/* Fields come in the order of their numbers, and those of one group have numbers that follow each other (the test
 * compares all of them with event_to_json), so a group is opened by its first field and ended by the next that is not
 * of it. What is usual in the header is left out, as it may be left out by whoever sends it. */
#include "query/answer/event_text.h"

#include "ledger/event/event_schema.h"
#include "ledger/text/timestamp.h"

#define NAME_MAX_BYTES 32 /* of a group or a field */

static void write_list(struct text *text, const char *name, const struct event_list *list)
{
	text_list(text, name);
	for (uint32_t i = 0; i < list->count; i++)
		text_string(text, NULL, list->items[i]);
	text_list_end(text);
}

static void write_time(struct text *text, const char *name, int64_t time_ns)
{
	char time[TIMESTAMP_TEXT_MAX];
	timestamp_format(time_ns, time);
	text_string(text, name, bytes_text(time));
}

static void write_word(struct text *text, const char *name, const char *word)
{
	if (word != NULL)
		text_string(text, name, bytes_text(word));
	else if (text->error == E_OK)
		text->error = E_CORRUPT;
}

static void write_value(struct text *text, const char *name, const struct event *event, const struct event_field *field)
{
	const union event_value *value = &event->values[field->number];
	switch (field->type) {
	case EVENT_TYPE_TEXT:
		text_string(text, name, value->text);
		break;
	case EVENT_TYPE_TIME:
		write_time(text, name, value->time_ns);
		break;
	case EVENT_TYPE_ENUM:
		write_word(text, name, event_field_word(field, value->number));
		break;
	case EVENT_TYPE_BOOL:
		text_flag(text, name, value->number != 0);
		break;
	case EVENT_TYPE_COUNT:
		text_number(text, name, value->number);
		break;
	case EVENT_TYPE_LIST:
		write_list(text, name, &event->lists[value->list]);
		break;
	}
}

static void write_header(struct text *text, const struct event_header *header)
{
	char years[8];
	if (header->withheld_until_s != 0) {
		text_time(text, "withheld_until", header->withheld_until_s);
		text_string(text, "withheld_basis", bytes_of(header->basis, header->basis_len));
	}
	if (header->retention_years == RETENTION_YEARS_DEFAULT)
		return;
	snprintf(years, sizeof years, "%uy", header->retention_years);
	text_string(text, "retention", bytes_text(years));
}

/* From the group that is open to that of `path`, which may be none. `open` holds its name. */
static void enter_group(struct text *text, const char *path, size_t len, char open[NAME_MAX_BYTES])
{
	if (strlen(open) == len && memcmp(open, path, len) == 0)
		return;
	if (open[0] != '\0')
		text_object_end(text);
	memcpy(open, path, len);
	open[len] = '\0';
	if (len > 0)
		text_object(text, open);
}

void event_write(struct text *text, const struct event *event)
{
	char group[NAME_MAX_BYTES] = "";
	for (uint64_t left = event->present; left != 0; left &= left - 1) {
		const struct event_field *field = event_field((uint64_t)__builtin_ctzll(left));
		const char *dot = strchr(field->path, '.');
		enter_group(text, field->path, dot != NULL ? (size_t)(dot - field->path) : 0, group);
		write_value(text, dot != NULL ? dot + 1 : field->path, event, field);
	}
	enter_group(text, "", 0, group);
	write_header(text, &event->header);
}
