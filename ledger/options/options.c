/* Reading: getopt_long splits, the table judges.
 *
 * Every option is taken as it comes, and may be refused for its value. Then that form is looked for which has all that
 * is given and lacks nothing. If none lacks nothing, what the possible ones lack is named; if none is possible, two
 * things that do not go together are. */
#include "ledger/options/options.h"

#include "ledger/options/alike.h"
#include "ledger/text/number.h"

#include <assert.h>
#include <getopt.h>
#include <string.h>

#define LONG_VALUE 256 /* what getopt_long gives for the option of row 0 */

struct reading {
	const struct options *options;
	void *out;
	uint32_t given; /* a bit for each row */
	size_t argument_count;
	struct fault *fault;
};
_Static_assert(OPTION_ROWS_MAX <= 32, "a bit for each row");

const char *option_spelled(const struct option_row *row, char out[OPTION_SPELLED_MAX])
{
	if (row->letter != 0)
		snprintf(out, OPTION_SPELLED_MAX, "-%c", row->letter);
	else
		snprintf(out, OPTION_SPELLED_MAX, "%s%s", row->argument ? "" : "--", row->name);
	return out;
}

bool option_in_form(const struct option_row *row, unsigned form)
{
	return row->name != NULL && (row->forms == 0 || (row->forms & FORM(form)) != 0);
}

unsigned options_forms(const struct options *options)
{
	unsigned all = 1;
	for (size_t i = 0; i < options->row_count; i++)
		all |= options->rows[i].forms;
	return 32u - (unsigned)__builtin_clz(all);
}

bool options_ask_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

/* ---- values ---- */

static enum error store_number(struct reading *reading, const struct option_row *row, const char *text)
{
	char name[OPTION_SPELLED_MAX];
	uint64_t number;
	char *member = (char *)reading->out + row->offset;
	if (!number_parse(text, row->min, row->max, &number)) {
		option_spelled(row, name);
		if (row->must != NULL)
			return fault_set(reading->fault, E_USAGE, "%s is %s", name, row->must);
		return fault_set(reading->fault, E_USAGE, "%s is a whole number from %llu to %llu", name,
			(unsigned long long)row->min, (unsigned long long)row->max);
	}
	uint32_t small = (uint32_t)number;
	assert(row->size == sizeof number || (row->size == sizeof small && row->max <= UINT32_MAX));
	if (row->size == sizeof number)
		memcpy(member, &number, sizeof number);
	else
		memcpy(member, &small, sizeof small);
	return E_OK;
}

/* "json|fhir|dicom" as "json, fhir or dicom". */
static enum error refuse_word(struct reading *reading, const struct option_row *row)
{
	char words[128] = "";
	size_t len = 0;
	for (const char *at = row->value; *at != '\0' && len + 5 < sizeof words; at++) {
		const char *joint = *at != '|' ? NULL : strchr(at + 1, '|') != NULL ? ", " : " or ";
		len += (size_t)snprintf(words + len, sizeof words - len, "%.*s", joint ? 4 : 1, joint ? joint : at);
	}
	return fault_set(reading->fault, E_USAGE, "--%s is %s", row->name, row->must ? row->must : words);
}

static enum error store_word(struct reading *reading, const struct option_row *row, const char *text)
{
	int place = 0;
	char *member = (char *)reading->out + row->offset;
	for (const char *word = row->value;; place++) {
		size_t len = strcspn(word, "|");
		if (strlen(text) == len && memcmp(text, word, len) == 0)
			break;
		if (word[len] == '\0')
			return refuse_word(reading, row);
		word += len + 1;
	}
	if (row->size == sizeof text)
		memcpy(member, &text, sizeof text);
	else
		memcpy(member, &place, sizeof place);
	return E_OK;
}

static enum error store(struct reading *reading, const struct option_row *row, char **at)
{
	char *member = (char *)reading->out + row->offset;
	switch (row->kind) {
	case OPTION_IS_FLAG:
		*(bool *)member = true;
		return E_OK;
	case OPTION_IS_TEXT:
		memcpy(member, at, sizeof *at);
		return E_OK;
	case OPTION_IS_NUMBER:
		return store_number(reading, row, *at);
	case OPTION_IS_WORD:
		return store_word(reading, row, *at);
	case OPTION_IS_TAKEN:
		return row->take(member, *at, reading->fault);
	case OPTION_IS_REST:
		memcpy(member, &at, sizeof at);
		return E_OK;
	case OPTION_IS_HEADING:
		break;
	}
	return E_USAGE;
}

/* ---- options ---- */

/* Of what was typed its name alone: a value may be about somebody. */
static enum error refuse_unknown(struct reading *reading, const char *typed)
{
	char name[ALIKE_LETTERS_MAX + 1];
	const char *meant = NULL;
	unsigned least = ALIKE_FAR;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(typed, "="), typed);
	for (size_t i = 0; i < reading->options->row_count; i++) {
		const struct option_row *row = &reading->options->rows[i];
		unsigned here = row->argument || row->name == NULL ? ALIKE_FAR : alike_distance(name, row->name);
		if (here < least) {
			least = here;
			meant = row->name;
		}
	}
	return fault_set(reading->fault, E_USAGE, "there is no option --%s%s%s%s", name, meant ? "; did you mean --" : "",
		meant ? meant : "", meant ? "?" : "");
}

/* What getopt_long does not take: a name that is none, or the beginning of several; a value that is not there, or is
 * too much. */
static enum error refuse(struct reading *reading, int why, int which, const char *typed)
{
	const struct option_row *rows = reading->options->rows;
	const struct option_row *row = NULL;
	char name[OPTION_SPELLED_MAX];
	for (size_t i = 0; i < reading->options->row_count && which != 0; i++)
		if (which == (int)i + LONG_VALUE || (which == rows[i].letter && rows[i].letter != 0))
			row = &rows[i];
	if (row == NULL && which != 0)
		return fault_set(reading->fault, E_USAGE, "there is no option -%c", which);
	if (row == NULL)
		return refuse_unknown(reading, typed + strlen("--"));
	option_spelled(row, name);
	return fault_set(
		reading->fault, E_USAGE, why == ':' ? "%s wants a value: %s" : "%s takes no value", name, row->value);
}

/* The table as getopt_long wants it. */
static void list_options(const struct options *options, struct option *known, char *letters)
{
	*letters++ = ':';
	for (size_t i = 0; i < options->row_count; i++) {
		const struct option_row *row = &options->rows[i];
		if (row->argument || row->name == NULL)
			continue;
		bool flag = row->value == NULL;
		*known++ = (struct option){row->name, flag ? no_argument : required_argument, NULL, LONG_VALUE + (int)i};
		if (row->letter != 0) {
			*letters++ = row->letter;
			*letters = ':';
			letters += flag ? 0 : 1;
		}
	}
	*letters = '\0';
	*known = (struct option){NULL, 0, NULL, 0};
}

/* Short ones by their letter, long ones by their number above LONG_VALUE. */
static size_t row_of(const struct options *options, int option)
{
	for (size_t i = 0; option < LONG_VALUE && i < options->row_count; i++)
		if (options->rows[i].letter == option)
			return i;
	return (size_t)(option - LONG_VALUE);
}

static enum error read_each(struct reading *reading, int argc, char **argv)
{
	struct option known[OPTION_ROWS_MAX + 1];
	char letters[2 * OPTION_ROWS_MAX + 2];
	assert(reading->options->row_count <= OPTION_ROWS_MAX);
	list_options(reading->options, known, letters);
	opterr = 0;
	optind = 0; /* begins anew, whoever read options before */
	for (int option; (option = getopt_long(argc, argv, letters, known, NULL)) != -1;) {
		if (option == '?' || option == ':')
			return refuse(reading, option, optopt, argv[optind - 1]);
		size_t i = row_of(reading->options, option);
		reading->given |= 1u << i;
		TRY(store(reading, &reading->options->rows[i], &optarg));
	}
	reading->argument_count = (size_t)(argc - optind);
	return E_OK;
}

/* ---- forms ---- */

#define NO_FORM 31u

/* The first row that must be there in this form, is not, and has no place in the form `beside`; NULL: none. */
static const struct option_row *first_missing(const struct reading *reading, unsigned form, unsigned beside)
{
	size_t arguments = 0;
	for (size_t i = 0; i < reading->options->row_count; i++) {
		const struct option_row *row = &reading->options->rows[i];
		if (!option_in_form(row, form))
			continue;
		bool given = row->argument ? arguments++ < reading->argument_count : (reading->given & 1u << i) != 0;
		if (!given && (row->required & FORM(form)) != 0 && (beside == NO_FORM || !option_in_form(row, beside)))
			return row;
	}
	return NULL;
}

/* A form that takes the rest takes any number. */
static size_t room_of(const struct reading *reading, unsigned form)
{
	size_t arguments = 0;
	for (size_t i = 0; i < reading->options->row_count; i++) {
		const struct option_row *row = &reading->options->rows[i];
		if (row->argument && option_in_form(row, form))
			arguments = row->kind == OPTION_IS_REST ? SIZE_MAX : arguments + 1;
	}
	return arguments;
}

/* An option that has no place in a form rules that form out. */
static bool has_all_given(const struct reading *reading, unsigned form)
{
	for (size_t i = 0; i < reading->options->row_count; i++)
		if ((reading->given & 1u << i) != 0 && !option_in_form(&reading->options->rows[i], form))
			return false;
	return true;
}

static bool go_together(const struct option_row *a, const struct option_row *b, unsigned forms)
{
	if (a->group != 0 && a->group == b->group)
		return false;
	for (unsigned form = 0; form < forms; form++)
		if (option_in_form(a, form) && option_in_form(b, form))
			return true;
	return false;
}

/* Two options that are never given together. E_OK: there are none. */
static enum error check_pairs(struct reading *reading)
{
	const struct option_row *rows = reading->options->rows;
	char one[OPTION_SPELLED_MAX], other[OPTION_SPELLED_MAX];
	for (size_t i = 0; i < reading->options->row_count; i++)
		for (size_t j = 0; j < i; j++)
			if ((reading->given & 1u << i) != 0 && (reading->given & 1u << j) != 0 &&
				!go_together(&rows[i], &rows[j], options_forms(reading->options)))
				return fault_set(reading->fault, E_USAGE, "%s and %s do not go together", option_spelled(&rows[j], one),
					option_spelled(&rows[i], other));
	return E_OK;
}

/* `possible`: the forms that may be meant, each of which lacks something. Of the first one that is named; of the others
 * what they have in its place. */
static enum error name_missing(struct reading *reading, unsigned possible)
{
	char text[FAULT_TEXT_MAX + 1], name[OPTION_SPELLED_MAX];
	unsigned first = (unsigned)__builtin_ctz(possible);
	const struct option_row *said = first_missing(reading, first, NO_FORM);
	int len = snprintf(text, sizeof text, "%s is missing", option_spelled(said, name));
	for (unsigned form = first + 1; form < options_forms(reading->options) && (size_t)len < sizeof text; form++) {
		const struct option_row *row = (possible & FORM(form)) != 0 ? first_missing(reading, form, first) : NULL;
		if (row != NULL && row != said)
			len += snprintf(text + len, sizeof text - (size_t)len, ", or %s", option_spelled(row, name));
		said = row != NULL ? row : said;
	}
	return fault_set(reading->fault, E_USAGE, "%s", text);
}

/* The first form that everything fits wins. If none does, what is said is about those that come closest: what is
 * missing, else what is too much, else what does not go together. */
static enum error choose_form(struct reading *reading, unsigned *out)
{
	unsigned possible = 0;
	bool together = false;
	size_t room = 0;
	TRY(check_pairs(reading));
	for (unsigned form = 0; form < options_forms(reading->options); form++) {
		if (!has_all_given(reading, form))
			continue;
		together = true;
		size_t here = room_of(reading, form);
		room = here > room ? here : room;
		if (reading->argument_count > here)
			continue;
		*out = form;
		if (first_missing(reading, form, NO_FORM) == NULL)
			return E_OK;
		possible |= FORM(form);
	}
	if (possible != 0)
		return name_missing(reading, possible);
	if (!together)
		return fault_set(reading->fault, E_USAGE, "these options do not go together");
	return fault_set(reading->fault, E_USAGE, "there are too many arguments: %zu, where %zu can be, beside options",
		reading->argument_count, room);
}

/* An option that only says more about another. */
static enum error check_wants(struct reading *reading, unsigned form)
{
	const struct options *options = reading->options;
	char one[OPTION_SPELLED_MAX], other[OPTION_SPELLED_MAX];
	for (size_t i = 0; i < options->row_count; i++)
		for (size_t j = 0; (reading->given & 1u << i) != 0 && j < options->row_count; j++)
			if (options->rows[i].wants != NULL && option_in_form(&options->rows[j], form) &&
				strcmp(options->rows[j].name, options->rows[i].wants) == 0 && (reading->given & 1u << j) == 0)
				return fault_set(reading->fault, E_USAGE, "%s wants %s", option_spelled(&options->rows[i], one),
					option_spelled(&options->rows[j], other));
	return E_OK;
}

/* Checks of the table's own come before the form is chosen, so that a value that is wrong is told even where an
 * argument is missing. */
enum error options_read(const struct options *options, int argc, char **argv, void *out, struct fault *fault)
{
	struct reading reading = {.options = options, .out = out, .fault = fault};
	unsigned form = 0;
	TRY(read_each(&reading, argc, argv));
	if (options->check != NULL)
		TRY(options->check(out, fault));
	TRY(choose_form(&reading, &form));
	TRY(check_wants(&reading, form));
	for (size_t i = 0; i < options->row_count; i++) {
		const struct option_row *row = &options->rows[i];
		bool rest = row->kind == OPTION_IS_REST;
		if (!row->argument || !option_in_form(row, form) || (argv[optind] == NULL && !rest))
			continue;
		TRY(store(&reading, row, &argv[optind]));
		if (!rest)
			optind++;
	}
	return E_OK;
}
