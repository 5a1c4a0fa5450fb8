/* Some three hundred rows, looked through from the front: a message has ten codes, and a row's first letter tells most
 * of them apart. Nothing can fail. */
#include "ledger/mapping/mapping.h"

#include <string.h>
#include <strings.h>

static bool is(const char *name, struct bytes text)
{
	return name[0] == (char)text.data[0] && strlen(name) == text.len && memcmp(name, text.data, text.len) == 0;
}

static bool is_display(const char *name, struct bytes text)
{
	return strlen(name) == text.len && strncasecmp(name, (const char *)text.data, text.len) == 0;
}

static bool is_row(const struct mapping_code *row, enum mapping_kind kind, const char *system, struct bytes code)
{
	return row->kind == kind && is(row->code, code) && (system == NULL || strcmp(row->system, system) == 0);
}

const struct mapping_code *mapping_find(enum mapping_kind kind, const char *system, struct bytes code)
{
	for (size_t i = 0; code.len > 0 && i < mapping_codes_count; i++)
		if (is_row(&mapping_codes[i], kind, system, code))
			return &mapping_codes[i];
	return NULL;
}

unsigned mapping_effects(enum mapping_kind kind, const char *system, struct bytes code)
{
	unsigned effects = 0;
	for (size_t i = 0; code.len > 0 && i < mapping_codes_count; i++)
		if (is_row(&mapping_codes[i], kind, system, code))
			effects |= mapping_codes[i].effects;
	return effects;
}

const char *mapping_words(enum mapping_kind kind, struct bytes text, bool danish)
{
	for (size_t i = 0; text.len > 0 && i < mapping_codes_count; i++) {
		const struct mapping_code *row = &mapping_codes[i];
		if (row->kind == kind && (is(row->code, text) || is_display(row->display, text)))
			return danish ? row->danish : row->english;
	}
	return NULL;
}
