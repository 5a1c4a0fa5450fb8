/* Rows stand among messages of any kind, so a line is one only if it has all that a row has; else it is a message.
 *
 * A file that was appended to by several runs has a message once for each run that refused it. Whether a row is one
 * message more is a matter of counting: of equal messages as many are given out as one run refused of one input at
 * most. The counts are kept under hashes of 64 bits, so a long file costs little memory. */
#include "tools/send/rejected_row.h"

#include "ledger/event/event_json.h"
#include "ledger/json/json_read.h"

#include <assert.h>
#include <sodium.h>

/* Empty if it is none. */
static struct bytes text_of(const json_t *json)
{
	return bytes_of(json_string_value(json), json_string_length(json));
}

/* Cheap, since it is asked of every message: a row begins with its own first member, which no event has. */
bool rejected_row_begins(struct bytes text)
{
	static const char name[] = "\"input\"";
	size_t at = 1;
	if (text.len == 0 || text.data[0] != '{')
		return false;
	while (at < text.len && (text.data[at] == ' ' || text.data[at] == '\t' || text.data[at] == '\n'))
		at++;
	return text.len - at >= sizeof name - 1 && memcmp(text.data + at, name, sizeof name - 1) == 0;
}

static enum error decode(struct rejected_row *row, const json_t *base64)
{
	struct bytes text = text_of(base64);
	size_t len = 0;
	row->owned = malloc(text.len + 1);
	TRY(allocated(row->owned));
	if (sodium_base642bin((uint8_t *)row->owned, text.len, (const char *)text.data, text.len, NULL, &len, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0)
		return E_NOT_FOUND;
	row->text = bytes_of(row->owned, len);
	return E_OK;
}

/* The events of a row are read again from their JSON; the text of it stands for the message where the spool compares
 * messages. */
static enum error dump(struct rejected_row *row, const json_t *json)
{
	row->owned = json_write(json, JSON_COMPACT | JSON_ENCODE_ANY);
	TRY(allocated(row->owned));
	row->text = bytes_text(row->owned);
	return E_OK;
}

/* Rows of earlier versions hold a message that is JSON as JSON. Exactly one of the three: a row with two messages would
 * send one of them and lose the other. */
static enum error read_message(struct rejected_row *row)
{
	const json_t *message = json_object_get(row->json, "message");
	const json_t *base64 = json_object_get(row->json, "message_base64");
	const json_t *events = json_object_get(row->json, "events");
	if ((message != NULL) + (base64 != NULL) + (events != NULL) != 1)
		return E_NOT_FOUND;
	if (json_is_string(message)) {
		row->text = text_of(message);
		return E_OK;
	}
	if (json_is_string(base64))
		return decode(row, base64);
	row->is_events = json_is_array(events);
	if (!row->is_events && !json_is_object(message))
		return E_NOT_FOUND;
	return dump(row, row->is_events ? events : message);
}

/* What is required is what every version has written; what is newer may be missing. */
static bool read_head(struct rejected_row *row)
{
	const json_t *input = json_object_get(row->json, "input");
	const json_t *number = json_object_get(row->json, "number");
	const char *format = json_string_value(json_object_get(row->json, "format"));
	const char *identity = json_string_value(json_object_get(row->json, "identity"));
	if (!json_is_string(input) || !json_is_integer(number) || json_integer_value(number) < 1 ||
		!json_is_string(json_object_get(row->json, "error")) || !json_is_string(json_object_get(row->json, "reason")))
		return false;
	row->input = text_of(input);
	row->number = (uint64_t)json_integer_value(number) - 1;
	row->run = text_of(json_object_get(row->json, "run"));
	row->identity = identity != NULL ? strtoull(identity, NULL, 16) : 0;
	row->has_format = format != NULL;
	return format == NULL || adapter_format_parse(format, &row->format) == E_OK;
}

static enum error read_row(struct bytes text, struct rejected_row *out)
{
	enum error error = json_read(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL, &out->json);
	if (error == E_NO_MEMORY)
		return error;
	return error == E_OK && read_head(out) ? read_message(out) : E_NOT_FOUND;
}

enum error rejected_row_read(struct bytes text, struct rejected_row *out)
{
	*out = (struct rejected_row){.format = ADAPTER_JSON};
	enum error error = rejected_row_begins(text) ? read_row(text, out) : E_NOT_FOUND;
	if (error != E_OK)
		rejected_row_free(out);
	return error;
}

/* As strict as for any input: somebody may have mended the row by hand. */
enum error rejected_row_events(struct rejected_row *row, struct fault *fault)
{
	const json_t *list = json_object_get(row->json, "events");
	row->count = json_array_size(list);
	if (row->count == 0 || row->count > EVENT_SUBJECTS_MAX)
		return fault_set(fault, E_BAD_VALUE, "events: must be an array of 1 to %u events", EVENT_SUBJECTS_MAX);
	row->events = calloc(row->count, sizeof *row->events);
	row->subjects = calloc(row->count, SUBJECT_BYTES_MAX + 1);
	TRY(fault_set(fault, allocated(row->events && row->subjects), ""));
	for (size_t i = 0; i < row->count; i++)
		TRY(event_from_json(
			json_array_get(list, i), "", row->subjects + i * (SUBJECT_BYTES_MAX + 1), &row->events[i], fault));
	return E_OK;
}

void rejected_row_free(struct rejected_row *row)
{
	json_decref(row->json);
	free(row->owned);
	free(row->events);
	free(row->subjects);
	*row = (struct rejected_row){.format = ADAPTER_JSON};
}

/* ---- rows of the same message ---- */

#define SLOTS_MIN 64u
#define ENTRIES_A_ROW 3u

/* Invariant: at most half of the slots are used, so looking for a hash that is not there ends. */
struct seen_slot {
	uint64_t hash; /* 0: free */
	uint64_t count;
};

/* Open addressing: the counts live as long as one input, are only added to, and are looked up once for each row. */
static struct seen_slot *find(struct seen_slot *slots, size_t count, uint64_t hash)
{
	size_t at = (size_t)hash & (count - 1);
	while (slots[at].hash != 0 && slots[at].hash != hash)
		at = (at + 1) & (count - 1);
	return &slots[at];
}

/* Over the limit all is forgotten at once. Then a row may be sent that was sent before, which the spool's own memory
 * still finds. */
static enum error make_room(struct rejected_seen *seen)
{
	if (seen->used + ENTRIES_A_ROW > ENTRIES_A_ROW * REJECTED_SEEN_MAX)
		rejected_seen_free(seen);
	if ((seen->used + ENTRIES_A_ROW) * 2 <= seen->count)
		return E_OK;
	size_t count = seen->count == 0 ? SLOTS_MIN : 2 * seen->count;
	struct seen_slot *slots = calloc(count, sizeof *slots);
	TRY(allocated(slots));
	for (size_t i = 0; i < seen->count; i++)
		if (seen->slots[i].hash != 0)
			*find(slots, count, seen->slots[i].hash) = seen->slots[i];
	free(seen->slots);
	seen->slots = slots;
	seen->count = count;
	assert((seen->used + ENTRIES_A_ROW) * 2 <= seen->count && (seen->count & (seen->count - 1)) == 0);
	return E_OK;
}

/* 0 marks a free slot, so a hash that is 0 becomes 1: one value in 2^64 shares its counter. */
static uint64_t *counter(struct rejected_seen *seen, const struct bytes *parts, size_t count)
{
	struct hash hash;
	hash_blake2b(NULL, parts, count, &hash);
	uint64_t value = get_u64(hash.b);
	struct seen_slot *slot = find(seen->slots, seen->count, value != 0 ? value : 1);
	seen->used += slot->hash == 0;
	slot->hash = value != 0 ? value : 1;
	return &slot->count;
}

/* Three counters: this place in this run, messages like it in this run, and how many like it were given out. A run may
 * have refused equal messages at several places, and each of them is to be sent once. */
enum error rejected_row_seen(struct rejected_seen *seen, const struct rejected_row *row, uint64_t content, bool *out)
{
	*out = false;
	if (row->run.len == 0 || (row->is_events && row->identity == 0))
		return E_OK;
	TRY(make_room(seen));
	uint8_t numbers[24];
	put_u64(numbers, content);
	put_u64(numbers + 8, row->input.len);
	put_u64(numbers + 16, row->number);
	const struct bytes parts[4] = {bytes_of(numbers, 16), row->input, row->run, bytes_of(numbers + 16, 8)};
	uint64_t *place = counter(seen, parts, 4);
	uint64_t *of_run = counter(seen, parts, 3);
	uint64_t *given_out = counter(seen, &(struct bytes){numbers, 8}, 1);
	*of_run += *place == 0;
	*out = *place > 0 || *of_run <= *given_out;
	*given_out += !*out;
	*place = 1;
	return E_OK;
}

void rejected_seen_free(struct rejected_seen *seen)
{
	free(seen->slots);
	*seen = (struct rejected_seen){0};
}
