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

const struct words words_english = {
	.headings = {"Time", "Organisation", "System", "Activity", "Purpose", "Who", "On behalf of", "Action"},
	.title = "Accesses to data about %s",
	.window = "Window, by the time of reporting: from %s, before %s",
	.beginning = "the beginning",
	.end = "the end",
	.only_org = "Only accesses of, or reported by, %s",
	.none_of = "None of the accesses, %llu in all, is one of these.",
	.nobody = "Nobody has looked, as far as the systems below report.",
	.accesses = "Accesses: %llu",
	.withheld = "Withheld for now: %llu",
	.withheld_until = "  to be shown after %s (%s)",
	.erased = "Erased: %llu",
	.erased_cell = "(erased)",
	.reporter = "(reported by %s)",
	.reported_by = "%s (reported by %s)",
	.coverage = "Coverage: systems that report here: %llu; silent of these for more than %llu hours: %llu",
	.witnessed = "Enough independent witnesses last saw this ledger at %s, it says; a statement proves it",
	.unwitnessed = "Not enough independent witnesses have seen this ledger yet",
	.silent = "  silent: %s (%s), last heard %s",
	.never = "never",
	.lost = "LOST: what %llu accesses were about, reported from %s to %s. Some may be to these data: nobody can tell.",
	.complete = "Complete until %s: what the ledger had received by then",
	.ahead = "The ledger's clock is ahead of this machine's by %s: \"until\" is by its clock.",
	.verified = "Verified: %llu, each of which stands in the log %s exactly as shown",
	.unsigned_by = "Not checked: the log's signature (give --vkey)",
	.statement = "That nothing was left out is proven by a statement, not by this list.",
	.times = "Times are local, each with its distance from UTC.",
	.emergency = "emergency",
	.human = "person",
	.system = "system",
	.ai = "AI",
	.ok = "ok",
	.denied = "denied",
	.failed = "failed",
};

const struct words words_danish = {
	.headings = {"Tid", "Organisation", "System", "Aktivitet", "Formål", "Hvem", "På vegne af", "Handling"},
	.title = "Opslag i oplysninger om %s",
	.window = "Vindue, efter indberetningstid: fra %s, før %s",
	.beginning = "begyndelsen",
	.end = "slutningen",
	.only_org = "Kun opslag, som er foretaget eller indberettet af %s",
	.none_of = "Ingen af opslagene, i alt %llu, er blandt disse.",
	.nobody = "Ingen har slået op, så vidt systemerne nedenfor indberetter.",
	.accesses = "Opslag: %llu",
	.withheld = "Tilbageholdt indtil videre: %llu",
	.withheld_until = "  vises efter %s (%s)",
	.erased = "Slettet: %llu",
	.erased_cell = "(slettet)",
	.reporter = "(indberettet af %s)",
	.reported_by = "%s (indberettet af %s)",
	.coverage = "Dækning: systemer, der indberetter hertil: %llu; heraf tavse i mere end %llu timer: %llu",
	.witnessed = "Nok uafhængige vidner så senest denne log kl. %s, siger den; en erklæring beviser det",
	.unwitnessed = "Endnu har ikke nok uafhængige vidner set denne log",
	.silent = "  tavs: %s (%s), sidst hørt %s",
	.never = "aldrig",
	.lost =
		"TABT: hvad %llu opslag handlede om, indberettet fra %s til %s. Nogle kan være i disse oplysninger: det kan "
		"ingen sige.",
	.complete = "Fuldstændig indtil %s: alt, hvad loggen havde modtaget da",
	.ahead = "Loggens ur er %s foran denne maskines: \"indtil\" er efter dens ur.",
	.verified = "Efterprøvet: %llu, som hver står i loggen %s præcis som vist",
	.unsigned_by = "Ikke efterprøvet: loggens underskrift (brug --vkey)",
	.statement = "At intet er udeladt, bevises af en erklæring, ikke af denne liste.",
	.times = "Tider er lokale, hver med sin afstand fra UTC.",
	.emergency = "nødopslag",
	.human = "person",
	.system = "system",
	.ai = "AI",
	.ok = "udført",
	.denied = "afvist",
	.failed = "mislykket",
};

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
