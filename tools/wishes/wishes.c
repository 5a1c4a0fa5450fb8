/* Members are looked at one by one, each by the one function that knows it, and what is left over has a name. Which of
 * them must be there follows from the others: an hour says nothing without a zone, and who is told at once has none. */
#include "tools/wishes/wishes.h"

#include "ledger/json/json_text.h"

#include <stdio.h>
#include <string.h>

static const char *const whens[] = {"at-once", "daily", "weekly"};

static enum error bad(struct fault *fault, const char *field, const char *rule)
{
	return fault_set(fault, E_BAD_VALUE, "%s: %s", field, rule);
}

/* Whole where it is a word as our names are: cut in the middle of a letter it would be no text any more. */
static const char *name_shown(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz_-");
	return len > 0 && len <= 40 && name[len] == '\0' ? name : "a member";
}

static enum error check_names(const json_t *json, const char *const *known, size_t count, struct fault *fault)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)json, name, value)
	{
		size_t i = 0;
		while (i < count && strcmp(known[i], name) != 0)
			i++;
		if (i == count)
			return fault_set(fault, E_UNKNOWN_FIELD, "%s: there is no such wish", name_shown(name));
	}
	return E_OK;
}

static enum error read_when(const json_t *value, struct wishes *out, struct fault *fault)
{
	const char *text = json_string_value(value);
	for (size_t i = 0; text != NULL && i < sizeof whens / sizeof *whens; i++)
		if (strcmp(whens[i], text) == 0) {
			out->when = (uint8_t)i;
			return E_OK;
		}
	return value == NULL ? fault_set(fault, E_MISSING_FIELD, "when") : bad(fault, "when", "at-once, daily or weekly");
}

static enum error read_number(
	const json_t *json, const char *name, unsigned least, unsigned most, uint8_t *out, struct fault *fault)
{
	const json_t *value = json_object_get(json, name);
	json_int_t number = json_integer_value(value);
	if (value == NULL)
		return fault_set(fault, E_MISSING_FIELD, "%s", name);
	if (!json_is_integer(value) || number < (json_int_t)least || number > (json_int_t)most)
		return fault_set(fault, E_BAD_VALUE, "%s: a whole number from %u to %u", name, least, most);
	*out = (uint8_t)number;
	return E_OK;
}

/* "22:30", from 00:00 to 23:59. */
static bool read_clock(const json_t *value, uint16_t *out)
{
	const char *text = json_string_value(value);
	if (text == NULL || strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789:") != 5)
		return false;
	int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
	if (text[0] == ':' || text[1] == ':' || text[3] == ':' || text[4] == ':' || hour > 23 || minute > 59)
		return false;
	*out = (uint16_t)(hour * 60 + minute);
	return true;
}

static enum error read_quiet(const json_t *value, struct wishes *out, struct fault *fault)
{
	static const char *const known[] = {"from", "to"};
	if (value == NULL)
		return E_OK;
	if (!json_is_object(value))
		return bad(fault, "quiet", "an object with from and to");
	TRY(check_names(value, known, 2, fault));
	if (!read_clock(json_object_get(value, "from"), &out->quiet_from) ||
		!read_clock(json_object_get(value, "to"), &out->quiet_to))
		return bad(fault, "quiet", "from and to are times of the day, such as 22:00");
	if (out->quiet_from == out->quiet_to)
		return bad(fault, "quiet", "from and to are the same: leave quiet out for none, or turn notices off");
	return E_OK;
}

static enum error read_zone(const json_t *value, bool needed, struct wishes *out, struct fault *fault)
{
	const char *text = json_string_value(value);
	strcpy(out->zone, "UTC");
	if (value == NULL)
		return needed ? fault_set(fault, E_MISSING_FIELD, "zone: an hour needs one") : E_OK;
	if (text == NULL || !zone_known(text))
		return bad(fault, "zone", "a name of the tz database that is installed here, such as Europe/Copenhagen");
	strcpy(out->zone, text);
	return E_OK;
}

static bool all_between(const char *text, size_t count, char first, char last)
{
	for (size_t i = 0; i < count; i++)
		if (text[i] < first || text[i] > last)
			return false;
	return true;
}

static enum error read_language(const json_t *value, struct wishes *out, struct fault *fault)
{
	const char *text = json_string_value(value);
	if (value == NULL)
		return fault_set(fault, E_MISSING_FIELD, "language");
	size_t len = text != NULL ? strlen(text) : 0;
	if ((len != 2 && len != 5) || !all_between(text, 2, 'a', 'z') ||
		(len == 5 && (text[2] != '-' || !all_between(text + 3, 2, 'A', 'Z'))))
		return bad(fault, "language", "two letters, such as da, and a country at most, such as en-GB");
	strcpy(out->language, text);
	return E_OK;
}

enum error wishes_read(const json_t *json, bool *on, struct wishes *out, struct fault *fault)
{
	static const char *const known[] = {"on", "when", "hour", "weekday", "quiet", "zone", "language"};
	struct wishes wishes = {0};
	if (!json_is_object(json))
		return bad(fault, "wishes", "an object");
	TRY(check_names(json, known, sizeof known / sizeof *known, fault));
	const json_t *wanted = json_object_get(json, "on");
	if (!json_is_boolean(wanted))
		return wanted == NULL ? fault_set(fault, E_MISSING_FIELD, "on") : bad(fault, "on", "true or false");
	*on = json_is_true(wanted);
	if (!*on)
		return json_object_size(json) == 1 ? E_OK : bad(fault, "on", "who wants no notices has no other wishes");
	TRY(read_when(json_object_get(json, "when"), &wishes, fault));
	if (wishes.when != WISH_AT_ONCE)
		TRY(read_number(json, "hour", 0, 23, &wishes.hour, fault));
	else if (json_object_get(json, "hour") != NULL)
		return bad(fault, "hour", "only for daily and weekly");
	if (wishes.when == WISH_WEEKLY)
		TRY(read_number(json, "weekday", 1, 7, &wishes.weekday, fault));
	else if (json_object_get(json, "weekday") != NULL)
		return bad(fault, "weekday", "only for weekly");
	TRY(read_quiet(json_object_get(json, "quiet"), &wishes, fault));
	bool needs_zone = wishes.when != WISH_AT_ONCE || wishes.quiet_from != wishes.quiet_to;
	TRY(read_zone(json_object_get(json, "zone"), needs_zone, &wishes, fault));
	TRY(read_language(json_object_get(json, "language"), &wishes, fault));
	*out = wishes;
	return E_OK;
}

static json_t *clock_json(unsigned minute)
{
	return json_sprintf("%02u:%02u", minute / 60 % 24, minute % 60);
}

json_t *wishes_json(const struct wishes *wishes)
{
	if (wishes == NULL)
		return json_pack("{s:b}", "on", 0);
	json_t *json = json_pack("{s:b, s:s, s:s, s:s}", "on", 1, "when", whens[wishes->when % 3], "zone", wishes->zone,
		"language", wishes->language);
	int failed = json == NULL;
	if (wishes->when != WISH_AT_ONCE)
		failed |= json_object_set_new(json, "hour", json_integer(wishes->hour));
	if (wishes->when == WISH_WEEKLY)
		failed |= json_object_set_new(json, "weekday", json_integer(wishes->weekday));
	if (wishes->quiet_from != wishes->quiet_to)
		failed |= json_object_set_new(json, "quiet",
			json_pack("{s:o, s:o}", "from", clock_json(wishes->quiet_from), "to", clock_json(wishes->quiet_to)));
	if (failed == 0)
		return json;
	json_decref(json);
	return NULL;
}

/* ---- as they are kept ---- */

void wishes_encode(const struct wishes *wishes, struct writer *out)
{
	writer_u8(out, wishes->when);
	writer_u8(out, wishes->hour);
	writer_u8(out, wishes->weekday);
	writer_u16(out, wishes->quiet_from);
	writer_u16(out, wishes->quiet_to);
	writer_range16(out, bytes_text(wishes->zone));
	writer_range16(out, bytes_text(wishes->language));
}

static void read_text(struct reader *in, char *out, size_t max)
{
	struct bytes text = reader_range16(in, max);
	memcpy(out, text.data != NULL ? (const char *)text.data : "", text.len);
	out[text.len] = '\0';
}

void wishes_decode(struct reader *in, struct wishes *out)
{
	out->when = reader_u8(in);
	out->hour = reader_u8(in);
	out->weekday = reader_u8(in);
	out->quiet_from = reader_u16(in);
	out->quiet_to = reader_u16(in);
	read_text(in, out->zone, ZONE_BYTES_MAX);
	read_text(in, out->language, LANGUAGE_BYTES_MAX);
	reader_require(in, out->when <= WISH_WEEKLY && out->hour < 24 && out->weekday <= 7 &&
						   out->quiet_from < DAY_MINUTES && out->quiet_to < DAY_MINUTES);
}
