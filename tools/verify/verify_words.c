/* Everything that 'verify' says, in English and Danish. A sentence claims exactly what was checked, which is why there
 * are so many: "filed until" is not "there are no others", and what a missing option leaves unproven has a sentence
 * too. Whoever adds a check adds its finding here in Danish.
 *
 * Both tables have the same formats with the same arguments; the header says which. */
#include "tools/verify/verify_words.h"

#include <stdio.h>

#define X(name, english, danish) .name = english,
static const struct verify_words english = {.who = &words_english,
	.filed_headings = {"Sequence", "Log index", "Subject"},
	.entries = {"It is the log's first entry.", "It is an entry of a system that reports: %s (%s).",
		"It is an event of system no. %u, sequence %llu, reported %s, about a person that it does not name.",
		"It is an event of system no. %u, sequence %llu, reported %s, about no single person.",
		"It is a signed batch of system no. %u, sequences %llu to %llu.",
		"It is an epoch over the entries below %llu, of %s.", "It is an erasure.",
		"It says that the log's keeper has lost what %llu events were about, from index %llu on."},
	.kinds = {"a statement", "a filing proof", "evidence of a fork", "a proof file", "receipts"},
	VERIFY_WORDS(X)};
#undef X

#define X(name, english, danish) .name = danish,
static const struct verify_words danish = {.who = &words_danish,
	.filed_headings = {"Nummer", "Logplads", "Person"},
	.entries = {"Det er loggens første post.", "Det er en post om et system, der indberetter: %s (%s).",
		"Det er en hændelse fra system nr. %u, nummer %llu, indberettet %s, om en person, som den ikke nævner.",
		"Det er en hændelse fra system nr. %u, nummer %llu, indberettet %s, om ingen enkelt person.",
		"Det er en underskrevet portion fra system nr. %u, numre %llu til %llu.",
		"Det er en epoke over posterne under %llu, fra %s.", "Det er en sletning.",
		"Den siger, at loggens fører har mistet indholdet af %llu hændelser, fra logplads %llu."},
	.kinds = {"en erklæring", "et arkivbevis", "beviser for to historier", "en bevisfil", "kvitteringer"},
	VERIFY_WORDS(X)};
#undef X

static const char *const danish_findings[FINDING_CODES] = {
	[FINDING_NONE] = "alt holder",
	[FINDING_FORM] = "filen har ikke den rette form",
	[FINDING_SUBJECT_SPELLING] = "id'et er ikke stavet på sin ene gyldige måde",
	[FINDING_SUBJECT_OTHER] = "erklæringen er om en anden, end der blev spurgt om",
	[FINDING_CHECKPOINT] = "checkpointet er misdannet, fra en anden log eller ikke underskrevet med denne logs nøgle",
	[FINDING_WITNESSES] = "vidnernes underskrifter opfylder ikke vidnepolitikken",
	[FINDING_GENESIS_ENTRY] = "det, der vises som loggens første post, er det ikke",
	[FINDING_GENESIS_INCLUSION] = "den første post står ikke i loggen på plads 0",
	[FINDING_GENESIS_KEY] = "den første post nævner et andet lognavn eller en anden lognøgle",
	[FINDING_EPOCH_ENTRY] = "det, der vises som epokepost, er ingen",
	[FINDING_EPOCH_INCLUSION] = "epokeposten står ikke i loggen",
	[FINDING_EPOCH_SIZE] = "epoken dækker intet, eller mere end der står før den",
	[FINDING_EPOCH_LAST] = "posterne, der viser epokens tid, er ikke de sidste, den dækker",
	[FINDING_EPOCH_LAST_INCLUSION] = "en post, der viser epokens tid, står ikke i loggen",
	[FINDING_EPOCH_TIME] = "epokens tid er ikke den sidst dækkede posts",
	[FINDING_EPOCH_STALE] = "epoken er for gammel i forhold til vidnernes underskrifter",
	[FINDING_VRF] = "etikettens bevis holder ikke for denne person under loggens VRF-nøgle",
	[FINDING_ERASURE_ENTRY] = "det, der vises som sletningspost, er ingen",
	[FINDING_ERASURE_INCLUSION] = "en sletningspost står ikke i loggen",
	[FINDING_ERASURE_OPENING] = "en sletning af en person er ikke af denne person",
	[FINDING_EVENT_ORDER] = "opslagenes logpladser stiger ikke",
	[FINDING_EVENT_UNCOVERED] = "et opslag vises som dækket, men epoken dækker det ikke",
	[FINDING_EVENT_ENTRY] = "det, der vises som et opslags post, er ikke en post om en person",
	[FINDING_EVENT_TIME] = "et opslags indberetningstid passer ikke til dets plads i loggen",
	[FINDING_EVENT_HEADER] = "et opslags hoved er misdannet",
	[FINDING_EVENT_COMMITMENT] = "det viste af et opslag er ikke det, dets post binder sig til",
	[FINDING_EVENT_CONTENT] = "et opslags viste del er ikke en gyldig hændelse",
	[FINDING_EVENT_SUBJECT] = "et vist opslag er om en anden",
	[FINDING_WITHHELD_NEVER] = "et opslag kaldes tilbageholdt, men afsenderen har ikke tilbageholdt det",
	[FINDING_WITHHELD_PAST] = "et opslag kaldes tilbageholdt, men datoen er passeret",
	[FINDING_ERASED_UNPROVEN] = "et opslag kaldes slettet uden en sletningspost",
	[FINDING_ERASED_EARLIER] = "et opslag kaldes slettet af en post, der står før det",
	[FINDING_ERASED_OTHER] = "et opslag kaldes slettet af en post, der ikke omfatter det",
	[FINDING_COUNT] = "antallet af viste opslag er ikke det, loggens kort har",
	[FINDING_RANGE] = "udsnittet ligger ikke inden for personens opslag",
	[FINDING_WINDOW_OUTSIDE] = "et opslag ligger uden for vinduet",
	[FINDING_WINDOW_BEFORE] = "intet viser, at der ikke mangler opslag i vinduets begyndelse",
	[FINDING_WINDOW_AFTER] = "intet viser, at der ikke mangler opslag i vinduets slutning",
	[FINDING_SUBJECT_TREE] = "beviset for udsnittet har ikke den form, som dets plads kræver",
	[FINDING_PRESENCE] = "disse opslag og deres antal er ikke det, som loggens kort har for denne person",
	[FINDING_ABSENCE_EMPTY] = "et tomt bevis for fravær vises for et kort, der ikke er tomt",
	[FINDING_ABSENCE_SELF] = "fraværet vises med personens egen plads i kortet",
	[FINDING_ABSENCE] = "beviset for, at loggens kort intet har for denne person, holder ikke",
	[FINDING_LATER_COVERED] = "et opslag, som epoken dækker, vises som endnu ikke dækket",
	[FINDING_LATER_INCLUSION] = "et opslag efter epoken står ikke i loggen",
	[FINDING_SENDER_ENTRY] = "det, der vises som en afsenderpost, er ingen",
	[FINDING_SENDER_INCLUSION] = "en afsenderpost står ikke i loggen",
	[FINDING_SENDER_HISTORY] = "afsenderposterne følger ikke af hinanden",
	[FINDING_BATCH_ENTRY] = "det, der vises som en portionspost, er ingen",
	[FINDING_BATCH_INCLUSION] = "en portionspost står ikke i loggen",
	[FINDING_BATCH_PLACE] = "et opslag hører ikke til den portion, det vises med",
	[FINDING_SIGNATURE_PATH] = "et opslags sti fører ikke til dets portions rod",
	[FINDING_SIGNATURE] = "afsenderens underskrift på en portion holder ikke",
	[FINDING_SIGNATURE_MISSING] = "et opslag mangler sin sti, skønt underskrifter vises",
	[FINDING_EVENT_RIGHT] = "et opslag er et, som dets afsender ikke havde ret til at indberette, eller ikke sådan",
	[FINDING_AUDIT_MISSING] = "en revisors nøgle blev givet, men erklæringen har ingen revisornote",
	[FINDING_AUDIT_EPOCH] = "det, der vises som den reviderede epoke, står ikke i loggen",
	[FINDING_AUDIT_NEWER] = "en nyere epoke end erklæringens stod allerede i loggen",
	[FINDING_AUDIT_NOTE] = "revisornoten er misdannet eller ikke underskrevet med revisorens nøgle",
	[FINDING_AUDIT_OTHER] = "revisornoten er om en anden log eller fandt andre rødder end epokeposten har",
	[FINDING_FILING_BATCH] = "portionen er en anden afsenders, eller epoken dækker den ikke",
	[FINDING_FILING_SUBJECTS] = "en etiket er ikke den vist persons",
	[FINDING_LOSS_ENTRY] = "det, der vises som en tabspost, er ingen",
	[FINDING_LOSS_INCLUSION] = "tabsposten står ikke i loggen",
	[FINDING_LOSS_RANGE] = "tabsposten handler ikke om portionens hændelser",
	[FINDING_TLOG_ENTRY] = "det, bevisfilen rummer, er ikke en logpost",
	[FINDING_TLOG_INCLUSION] = "posten står ikke i loggen på sin plads",
	[FINDING_FORK] = "intet her viser, at de to kontrolpunkter ikke passer sammen",
	[FINDING_FILING_TREE] = "hændelserne er ikke arkiveret under disse etiketter i epokens arkivtræ",
};

const struct verify_words *verify_words_for(const char *lang)
{
	return words_for(lang) == &words_danish ? &danish : &english;
}

void verify_words_finding(
	const struct verify_words *words, const struct finding *finding, char out[FINDING_TEXT_MAX + 1])
{
	char index[48] = "";
	const char *text = words == &danish ? danish_findings[finding->code] : finding_text(finding->code);
	/* Behind the text stands what is wrong in particular, or the index. */
	const char *detail = finding->index == FINDING_NO_INDEX && finding->text[0] != '\0'
							 ? finding->text + strlen(finding_text(finding->code))
							 : "";
	if (finding->index != FINDING_NO_INDEX)
		snprintf(index, sizeof index, words->refused_index, (unsigned long long)finding->index);
	snprintf(out, FINDING_TEXT_MAX + 1, "%s%s%s", text ? text : "", detail, index);
}
