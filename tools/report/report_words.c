#include "tools/report/report_words.h"

#include <string.h>

#define X(name, english, danish) .name = english,
static const struct report_words english = {
	.headings = {"Id", "Organisation", "Name", "Last", "Silent", "Events", "No purpose", "Usual purpose",
		"Numbers in texts", "Lag: half, 99 %, longest", "Refused batches"},
	.refused = {"Count", "Last", "Error", "Reason"},
	REPORT_WORDS(X)};
#undef X

#define X(name, english, danish) .name = danish,
static const struct report_words danish = {
	.headings = {"Id", "Organisation", "Navn", "Sidst", "Tavs", "Hændelser", "Uden formål", "Sædvanligt formål",
		"Numre i tekster", "Forsinkelse: halvdelen, 99 %, længst", "Afviste pakker"},
	.refused = {"Antal", "Sidst", "Fejl", "Grund"},
	REPORT_WORDS(X)};
#undef X

const struct report_words *report_words_for(const char *lang)
{
	return strncmp(lang, "da", 2) == 0 ? &danish : &english;
}
