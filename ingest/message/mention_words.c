/* Words that speak of patients, in a few languages. A whole word decides what a role says of whom; a part of one is
 * enough where a sender names what it holds ("patientId"), because there the word is the only sign. Nothing can fail.
 */
#include "ingest/message/mention.h"
#include "ingest/message/words.h"

static const char *const patient_words[] = {"patient", "pasient", "patiënt", "potilas", "paciente", "paziente", NULL};

/* All of them begin with the same letter, so most places are passed by at once. */
bool mention_word(struct bytes words)
{
	for (size_t at = 0; at < words.len; at++)
		for (const char *const *word = patient_words; words_may_begin(words.data[at], "p") && *word != NULL; word++)
			if (words_begin(bytes_after(words, at), *word))
				return true;
	return false;
}

/* In any of their forms, as people write them. */
static const char *const patient_forms[] = {"patient", "patients", "patienten", "patientens", "patientin", "pasient",
	"pasienten", "pasientens", "patiënt", "potilas", "paciente", "paziente", "borger", "borgeren", "borgerens",
	"innbygger", "innbyggeren", "citizen", "sygesikret", NULL};
/* What is said of the patient, and of nobody else. */
static const char *const self_words[] = {"self", "selv", "selve", "sjølv", "själv", "selbst", "zelf", "itse", "the",
	"den", "der", "die", "himself", "herself", "themselves", "themself", "own", "er", "is", "som", "as", NULL};

enum mention_words mention_words_are(struct bytes words)
{
	bool patient = false;
	bool other = false;
	for (size_t at = 0; at < words.len;) {
		size_t len = 0;
		while (at + len < words.len && (words_letter(words.data[at + len]) || words.data[at + len] >= 0x80))
			len++;
		struct bytes word = bytes_of(words.data + at, len);
		bool form = len > 0 && words_like_one_of(word, patient_forms);
		patient |= form;
		other |= len > 0 && !form && !other && !words_like_one_of(word, self_words);
		at += len > 0 ? len : 1;
	}
	if (words_are(words_trim(words), "data subject"))
		return MENTION_WORDS_PATIENT;
	return !patient ? MENTION_WORDS_NO : other ? MENTION_WORDS_UNCLEAR : MENTION_WORDS_PATIENT;
}

bool mention_is_word(struct bytes words)
{
	return mention_words_are(words) == MENTION_WORDS_PATIENT;
}

bool mention_numbers(struct bytes name)
{
	return WORDS_LIKE_ONE_OF(name, "patient.identifier", "patient._id", "patient.id", "00100020", "mrn", "cpr", "cprnr",
		"cpr-nr", "ssn", "bsn", "nhs", "nhs-number", "nhsnumber", "nhi", "personnummer", "fodselsnummer");
}

bool mention_role(struct bytes code)
{
	return WORDS_LIKE_ONE_OF(code, "PAT", "PATSBJ", "patient", "datasubject", "116154003"); /* SNOMED CT */
}

bool mention_names(struct bytes name)
{
	return mention_word(name) || mention_numbers(name) || mention_is_word(name);
}
