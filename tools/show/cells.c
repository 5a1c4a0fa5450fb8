/* The same eight columns for 'who' and 'verify', so that a citizen who has seen the one can read the other. A cell
 * holds what was disclosed and nothing that was made up: where a name is kept back the role stands there, and where
 * that is too only that it was a person. What is withheld or erased has no row of this kind, or one that says so in
 * words.
 *
 * Texts come from senders. They are cut to CELL_BYTES for the screen, and what steers a terminal is taken out where
 * they are printed (table.h), not here. */
#include "tools/show/cells.h"

#include "ledger/mandate/reporting.h"
#include "tools/show/codes.h"

#include <string.h>

#define ROLE_BYTES 2048 /* a text of an event has 1,024 at most */

/* An absent member and an empty text look the same in a table. */
const char *cell_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

/* FHIR and DICOM have codes and displays for what all other events have a sender's own names for. */
static bool own_words(const json_t *item)
{
	const char *format = cell_text(json_object_get(item, "source"), "format");
	return strncmp(format, "fhir-", 5) != 0 && strcmp(format, "dicom") != 0;
}

/* As much as is disclosed: name and role, else the role; and what kind of actor, unless it is a person. Machines are
 * named as such first: that no person looked is what the reader wants to know of such an access. */
static void who_cell(const json_t *item, const struct words *words, char *out)
{
	const json_t *actor = json_object_get(item, "actor");
	const json_t *ai = json_object_get(item, "ai");
	const char *kind = cell_text(actor, "kind");
	const char *name = cell_text(actor, "name");
	char role[ROLE_BYTES];
	codes_say(words, MAPPING_ROLE, cell_text(actor, "role"), own_words(item), sizeof role, role);
	const char *label = strcmp(kind, "ai") == 0 ? words->ai : strcmp(kind, "system") == 0 ? words->system : "";
	int len = snprintf(out, CELL_BYTES, "%s%s%s%s%s%s", label, *label ? ": " : "", name, *name && *role ? " (" : "",
		role, *name && *role ? ")" : "");
	if (ai && len > 0 && len < CELL_BYTES)
		snprintf(out + len, (size_t)(CELL_BYTES - len), ", %s %s", cell_text(ai, "system"), cell_text(ai, "version"));
	if (*out == '\0')
		snprintf(out, CELL_BYTES, "%s", words->human);
}

/* A read in this very ledger, whose event says by what right it was: nobody but the ledger's own sender may report one
 * (EVT-17). */
static bool read_cell(const json_t *item, const struct words *words, char *out)
{
	const char *role = cell_text(json_object_get(item, "actor"), "role");
	const char *recipient = cell_text(item, "recipient"), *grant = cell_text(item, "consent");
	const char *reason = cell_text(item, "reason");
	if (strcmp(cell_text(item, "system"), SYSTEM_OF_READS) != 0 || !*role)
		return false;
	if (*grant)
		snprintf(out, CELL_BYTES, words->read_by_grant, role, recipient, grant);
	else if (*reason)
		snprintf(out, CELL_BYTES, words->read_in_case, role, reason);
	else if (*recipient)
		snprintf(out, CELL_BYTES, words->read_for, role, recipient);
	return *grant || *reason || *recipient;
}

/* What a grant says: what it rests on, who may read by it (in the holder's list: for whom), until when, or that it is
 * over. The day is that of the end in UTC, as it was registered. */
static void grant_cell(const json_t *grant, const char *activity, const struct words *words, char *out)
{
	const char *id = cell_text(grant, "id"), *to = cell_text(grant, "to"), *from = cell_text(grant, "from");
	const char *kind = cell_text(grant, "kind"), *until = cell_text(grant, "until");
	const char *other = *from ? from : to;
	const char *name = strcmp(kind, "parental") == 0   ? words->parental
					   : strcmp(kind, "attorney") == 0 ? words->attorney
													   : kind;
	char day[sizeof "2026-11-23"];
	snprintf(day, sizeof day, "%s", until);
	if (json_is_true(json_object_get(grant, "revoked")))
		snprintf(out, CELL_BYTES, *from ? words->mandate_revoked : words->grant_revoked, activity, name, id, other);
	else if (*until)
		snprintf(out, CELL_BYTES, *from ? words->mandate_until : words->grant_until, activity, name, id, other, day);
	else
		snprintf(out, CELL_BYTES, *from ? words->mandate_open : words->grant_open, activity, name, id, other);
}

static void consent_cell(const json_t *consent, const char *activity, const struct words *words, char *out)
{
	const char *id = cell_text(consent, "id"), *until = cell_text(consent, "until");
	char day[sizeof "2026-11-23"], to[CELL_BYTES] = "";
	size_t i, len = 0;
	json_t *one;
	snprintf(day, sizeof day, "%s", until);
	json_array_foreach(json_object_get(consent, "to"), i, one)
	{
		if (len < sizeof to)
			len += (size_t)snprintf(to + len, sizeof to - len, "%s%s", i > 0 ? ", " : "", json_string_value(one));
	}
	if (json_is_true(json_object_get(consent, "withdrawn")))
		snprintf(out, CELL_BYTES, words->consent_withdrawn, activity, id);
	else if (*until)
		snprintf(out, CELL_BYTES, words->consent_until, activity, id, to, day);
	else
		snprintf(out, CELL_BYTES, words->consent_open, activity, id, to);
}

/* What was done; of what is no access (event.md) what it says, too. */
static void activity_cell(const json_t *item, const struct words *words, char *out)
{
	const json_t *grant = json_object_get(item, "grant"), *consent = json_object_get(item, "consent_record");
	const json_t *report = json_object_get(item, "report"), *answer = json_object_get(item, "answer");
	const char *activity = cell_text(item, "activity"), *text = cell_text(report != NULL ? report : answer, "text");
	unsigned long long index = (unsigned long long)json_integer_value(json_object_get(report, "index"));
	if (grant != NULL)
		grant_cell(grant, activity, words, out);
	else if (consent != NULL)
		consent_cell(consent, activity, words, out);
	else if (report != NULL)
		snprintf(
			out, CELL_BYTES, words->says_report, activity, cell_text(report, "org"), index, *text ? ": " : "", text);
	else if (answer != NULL)
		snprintf(out, CELL_BYTES, words->says_answer, activity, cell_text(answer, "report"), *text ? ": " : "", text);
	else
		codes_say(words, MAPPING_EVENT, activity, own_words(item), CELL_BYTES, out);
}

static void behalf_cell(const json_t *item, const struct words *words, char *out)
{
	const json_t *behalf = json_object_get(item, "on_behalf_of");
	const char *name = cell_text(behalf, "name");
	char role[ROLE_BYTES];
	codes_say(words, MAPPING_ROLE, cell_text(behalf, "role"), own_words(item), sizeof role, role);
	snprintf(out, CELL_BYTES, "%s%s%s%s", name, *name && *role ? " (" : "", role, *name && *role ? ")" : "");
}

static void action_cell(const json_t *item, const struct words *words, char *out)
{
	const char *outcome = cell_text(item, "outcome");
	const char *result = strcmp(outcome, "denied") == 0   ? words->denied
						 : strcmp(outcome, "failed") == 0 ? words->failed
														  : "";
	bool emergency = json_is_true(json_object_get(item, "emergency"));
	snprintf(out, CELL_BYTES, "%s%s%s%s%s%s", words_action(words, cell_text(item, "action")), *result ? " (" : "",
		result, *result ? ")" : "", emergency ? ", " : "", emergency ? words->emergency : "");
}

/* In whose name it was done; and who says so, where that is another organisation. An organisation may report in
 * another's name (a shared system). That is said, because the reader may know the one and not the other; with its id,
 * because names are free. */
static void org_cell(const json_t *item, const struct words *words, char *out)
{
	const json_t *org = json_object_get(item, "org");
	const json_t *sender = json_object_get(item, "sender");
	const char *id = cell_text(org, "id");
	const char *name = *cell_text(org, "name") ? cell_text(org, "name") : id;
	const char *by = cell_text(sender, "org");
	if (*by != '\0' && strcmp(by, id) != 0)
		snprintf(out, CELL_BYTES, words->reported_by, name, cell_text(sender, "name"), by);
	else
		snprintf(out, CELL_BYTES, "%s", name);
}

static bool set_cell(char *cells[CELLS], size_t column, const char *text)
{
	cells[column] = strdup(text);
	return cells[column] != NULL;
}

/* Of an erased event only its reporter is left; the headings that stay empty in all rows are left out by the table. */
bool cells_make(const json_t *item, const struct words *words, char *cells[CELLS])
{
	char cell[CELL_BYTES];
	if (json_is_true(json_object_get(item, "erased"))) {
		const json_t *sender = json_object_get(item, "sender");
		snprintf(cell, sizeof cell, words->reporter, cell_text(sender, "name"));
		return set_cell(cells, 1, cell) && set_cell(cells, 3, words->erased_cell);
	}
	org_cell(item, words, cell);
	bool made = set_cell(cells, 1, cell) && set_cell(cells, 2, cell_text(item, "system"));
	codes_say(words, MAPPING_PURPOSE, cell_text(item, "purpose"), own_words(item), sizeof cell, cell);
	made = made && set_cell(cells, 4, cell);
	activity_cell(item, words, cell);
	made = made && set_cell(cells, 3, cell);
	if (!read_cell(item, words, cell))
		who_cell(item, words, cell);
	made = made && set_cell(cells, 5, cell);
	behalf_cell(item, words, cell);
	made = made && set_cell(cells, 6, cell);
	action_cell(item, words, cell);
	return made && set_cell(cells, 7, cell);
}
