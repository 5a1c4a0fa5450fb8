/* Readers ask several times for each code of each message, so rows are ordered by kind and code, and halved; texts are
 * looked up where a person is shown something, through all rows. Nothing can fail. */
#include "ledger/mapping/mapping.h"

#include <string.h>
#include <strings.h>

static bool is_display(const char *name, struct bytes text)
{
	return strlen(name) == text.len && strncasecmp(name, (const char *)text.data, text.len) == 0;
}

static int order(const struct mapping_code *row, enum mapping_kind kind, struct bytes code)
{
	if (row->kind != kind)
		return row->kind < kind ? -1 : 1;
	return bytes_compare(bytes_text(row->code), code);
}

/* Where the first row of this code stands, or would; those of other systems follow it. */
static size_t first_of(enum mapping_kind kind, struct bytes code)
{
	size_t at = 0, end = code.len > 0 ? mapping_codes_count : 0;
	while (at < end) {
		size_t middle = at + (end - at) / 2;
		if (order(&mapping_codes[middle], kind, code) < 0)
			at = middle + 1;
		else
			end = middle;
	}
	return code.len > 0 ? at : mapping_codes_count;
}

static bool is_of(const struct mapping_code *row, const char *system)
{
	return system == NULL || strcmp(row->system, system) == 0;
}

const struct mapping_code *mapping_find(enum mapping_kind kind, const char *system, struct bytes code)
{
	for (size_t i = first_of(kind, code); i < mapping_codes_count && order(&mapping_codes[i], kind, code) == 0; i++)
		if (is_of(&mapping_codes[i], system))
			return &mapping_codes[i];
	return NULL;
}

unsigned mapping_effects(enum mapping_kind kind, const char *system, struct bytes code)
{
	unsigned effects = 0;
	for (size_t i = first_of(kind, code); i < mapping_codes_count && order(&mapping_codes[i], kind, code) == 0; i++)
		if (is_of(&mapping_codes[i], system))
			effects |= mapping_codes[i].effects;
	return effects;
}

const char *mapping_words(enum mapping_kind kind, struct bytes text, bool danish)
{
	for (size_t i = 0; text.len > 0 && i < mapping_codes_count; i++) {
		const struct mapping_code *row = &mapping_codes[i];
		if (row->kind == kind && (bytes_equal(bytes_text(row->code), text) || is_display(row->display, text)))
			return danish ? row->danish : row->english;
	}
	return NULL;
}
