#include "tools/show/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

/* As much as is disclosed: name and role, else the role; and what kind of actor, unless it is a person. */
static void who_cell(const json_t *item, const struct words *words, char *out)
{
	const json_t *actor = json_object_get(item, "actor");
	const json_t *ai = json_object_get(item, "ai");
	const char *kind = text_of(actor, "kind");
	const char *name = text_of(actor, "name");
	const char *role = text_of(actor, "role");
	const char *label = strcmp(kind, "ai") == 0 ? words->ai : strcmp(kind, "system") == 0 ? words->system : "";
	int len = snprintf(out, CELL_BYTES, "%s%s%s%s%s%s", label, *label ? ": " : "", name, *name && *role ? " (" : "",
		role, *name && *role ? ")" : "");
	if (ai && len > 0 && len < CELL_BYTES)
		snprintf(out + len, (size_t)(CELL_BYTES - len), ", %s %s", text_of(ai, "system"), text_of(ai, "version"));
	if (*out == '\0')
		snprintf(out, CELL_BYTES, "%s", words->human);
}

static void behalf_cell(const json_t *item, char *out)
{
	const json_t *behalf = json_object_get(item, "on_behalf_of");
	const char *name = text_of(behalf, "name");
	const char *role = text_of(behalf, "role");
	snprintf(out, CELL_BYTES, "%s%s%s%s", name, *name && *role ? " (" : "", role, *name && *role ? ")" : "");
}

static void action_cell(const json_t *item, const struct words *words, char *out)
{
	const char *outcome = text_of(item, "outcome");
	const char *result = strcmp(outcome, "denied") == 0   ? words->denied
						 : strcmp(outcome, "failed") == 0 ? words->failed
														  : "";
	bool emergency = json_is_true(json_object_get(item, "emergency"));
	snprintf(out, CELL_BYTES, "%s%s%s%s%s%s", words_action(words, text_of(item, "action")), *result ? " (" : "", result,
		*result ? ")" : "", emergency ? ", " : "", emergency ? words->emergency : "");
}

/* In whose name it was done; and who says so, where that is another organisation. */
static void org_cell(const json_t *item, const struct words *words, char *out)
{
	const json_t *org = json_object_get(item, "org");
	const json_t *sender = json_object_get(item, "sender");
	const char *id = text_of(org, "id");
	const char *name = *text_of(org, "name") ? text_of(org, "name") : id;
	const char *by = text_of(sender, "org");
	const char *by_name = *text_of(sender, "name") ? text_of(sender, "name") : by;
	if (*by != '\0' && strcmp(by, id) != 0)
		snprintf(out, CELL_BYTES, words->reported_by, name, by_name);
	else
		snprintf(out, CELL_BYTES, "%s", name);
}

static bool set_cell(char *cells[CELLS], size_t column, const char *text)
{
	cells[column] = strdup(text);
	return cells[column] != NULL;
}

bool cells_make(const json_t *item, const struct words *words, char *cells[CELLS])
{
	char cell[CELL_BYTES];
	if (json_is_true(json_object_get(item, "erased"))) {
		const json_t *sender = json_object_get(item, "sender");
		snprintf(cell, sizeof cell, words->reporter, text_of(sender, "name"));
		return set_cell(cells, 1, cell) && set_cell(cells, 3, words->erased_cell);
	}
	org_cell(item, words, cell);
	bool made = set_cell(cells, 1, cell) && set_cell(cells, 2, text_of(item, "system")) &&
				set_cell(cells, 3, text_of(item, "activity")) && set_cell(cells, 4, text_of(item, "purpose"));
	who_cell(item, words, cell);
	made = made && set_cell(cells, 5, cell);
	behalf_cell(item, cell);
	made = made && set_cell(cells, 6, cell);
	action_cell(item, words, cell);
	return made && set_cell(cells, 7, cell);
}
