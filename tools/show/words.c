/* Everything that 'who' says, once in English and once in Danish: a sentence stands in one place for both, so that one
 * language cannot say more than the other. Formats have the same arguments in the same order in both, which the
 * compiler cannot check here: whoever changes one changes the other, and the header says what goes in.
 *
 * Codes out of the schema (actions) are shown as they are in English, where they are words, and translated in Danish;
 * one that is not known here is shown as it is rather than left out. */
#include "tools/show/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define X(name, english, danish) .name = english,
const struct words words_english = {
	.headings = {"Time", "Organisation", "System", "Activity", "Purpose", "Who", "On behalf of", "Action"}, WORDS(X)};
#undef X

#define X(name, english, danish) .name = danish,
const struct words words_danish = {
	.headings = {"Tid", "Organisation", "System", "Aktivitet", "Formål", "Hvem", "På vegne af", "Handling"}, WORDS(X)};
#undef X

static const char *const danish_actions[][2] = {
	{"create", "oprettede"},
	{"read", "læste"},
	{"update", "ændrede"},
	{"delete", "slettede"},
	{"execute", "udførte"},
	{"search", "søgte"},
	{"export", "udtrak"},
	{"print", "udskrev"},
	{"disclose", "videregav"},
};

const struct words *words_for(const char *lang)
{
	return strncmp(lang, "da", 2) == 0 ? &words_danish : &words_english;
}

/* As gettext looks for it, so that the language is the one that other programs speak here. */
const char *words_environment(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return value;
	}
	return "en";
}

/* Two units are as exact as a person wants it; a unit that would be 0 is left out. */
void words_span(uint64_t seconds, char out[WORDS_SPAN_MAX])
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t unit = 0;
	while (unit < 3 && seconds < units[unit].seconds)
		unit++;
	uint64_t whole = seconds / units[unit].seconds;
	uint64_t rest = unit < 3 ? seconds % units[unit].seconds / units[unit + 1].seconds : 0;
	if (rest > 0)
		snprintf(
			out, WORDS_SPAN_MAX, "%" PRIu64 " %s %" PRIu64 " %s", whole, units[unit].name, rest, units[unit + 1].name);
	else
		snprintf(out, WORDS_SPAN_MAX, "%" PRIu64 " %s", whole, units[unit].name);
}

const char *words_action(const struct words *words, const char *action)
{
	for (size_t i = 0; words == &words_danish && i < sizeof danish_actions / sizeof danish_actions[0]; i++)
		if (strcmp(danish_actions[i][0], action) == 0)
			return danish_actions[i][1];
	return action;
}
