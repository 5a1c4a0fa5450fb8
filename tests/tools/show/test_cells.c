/* An access as a row of a table: what is a code of another format is in the reader's language. spec/mapping.md */
#include "tests/lib/unit.h"
#include "tools/show/cells.h"
#include "tools/show/codes.h"

#include <string.h>

static void check_item(const json_t *item, const struct words *words, size_t cell, const char *wanted)
{
	char *cells[CELLS] = {NULL};
	ck_assert(cells_make(item, words, cells));
	ck_assert_str_eq(cells[cell], wanted);
	for (size_t i = 0; i < CELLS; i++)
		free(cells[i]);
}

static void check(const struct words *words, size_t cell, const char *wanted)
{
	json_auto_t *item = json_pack("{s:s, s:s, s:{s:s, s:s, s:s}, s:{s:s}, s:s, s:s, s:{s:s, s:s}, s:{s:s}}", "activity",
		"read, Journalopslag, Export", "purpose", "TREAT", "actor", "kind", "human", "role", "HCP", "name", "A",
		"on_behalf_of", "role", "DELEGATOR", "action", "read", "system", "EPJ", "org", "id", "cvr:1", "name", "R",
		"source", "format", "fhir-r4");
	check_item(item, words, cell, wanted);
}

/* MPG-6: an operation of the body, a donation of money, an agent on the telephone. */
START_TEST(a_senders_own_words_are_as_they_were_sent)
{
	json_auto_t *item = json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s}, s:s, s:{s:s}}", "activity",
		"Indl\u00e6ggelse, operation", "purpose", "Donation", "actor", "kind", "human", "role", "Agent", "on_behalf_of",
		"role", "Assistant", "action", "read", "org", "id", "cvr:1");
	check_item(item, &words_danish, 3, "Indl\u00e6ggelse, operation");
	check_item(item, &words_danish, 4, "Donation");
	check_item(item, &words_danish, 5, "Agent");
	check_item(item, &words_danish, 6, "Assistant");
	json_object_set_new(item, "source", json_pack("{s:s}", "format", "otlp-span"));
	check_item(item, &words_danish, 4, "Donation");
	json_object_set_new(item, "source", json_pack("{s:s}", "format", "dicom"));
	check_item(item, &words_danish, 4, "donation af organer, v\u00e6v eller blod");
	json_object_del(item, "source");
	json_object_set_new(item, "activity", json_string("OPERATION"));
	json_object_set_new(item, "purpose", json_string("TREAT"));
	check_item(item, &words_danish, 3, "OPERATION");
	check_item(item, &words_english, 4, "treatment of the patient");
	json_object_set_new(item, "activity", json_string("ITI-43, ITI-18"));
	check_item(item, &words_english, 3, "ITI-43, ITI-18");
	json_object_set_new(item, "activity", json_string("110106"));
	check_item(item, &words_english, 3, "information was taken out of the system");
}
END_TEST

/* MPG-3 */
START_TEST(codes_are_in_the_readers_language)
{
	check(&words_danish, 4, "behandling af patienten");
	check(&words_english, 4, "treatment of the patient");
	check(&words_danish, 3, "læsning, Journalopslag, oplysninger blev taget ud af systemet");
	check(&words_english, 5, "A (healthcare professional)");
	check(&words_danish, 6, "den, det blev gjort for");
}
END_TEST

/* MPG-4 */
START_TEST(other_texts_are_as_they_were_sent)
{
	static const char *const texts[] = {"", "Sagsbehandling", ", ", "read,Export", "Opslag, sag 7", "a, ", "x, y, z"};
	char out[64];
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		codes_say(&words_danish, MAPPING_EVENT, texts[i], false, sizeof out, out);
		ck_assert_str_eq(out, texts[i]);
		codes_say(&words_english, MAPPING_PURPOSE, texts[i], false, sizeof out, out);
		ck_assert_str_eq(out, texts[i]);
	}
	codes_say(&words_english, MAPPING_PURPOSE, "TREAT, BTG", false, sizeof out, out);
	ck_assert_str_eq(out, "TREAT, BTG");
	codes_say(&words_english, MAPPING_EVENT, "read, x, create", false, 12, out);
	ck_assert_str_eq(out, "reading, x,");
}
END_TEST

UNIT_MAIN("cells", a_senders_own_words_are_as_they_were_sent, codes_are_in_the_readers_language,
	other_texts_are_as_they_were_sent)
