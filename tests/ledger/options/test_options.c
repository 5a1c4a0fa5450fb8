#include "ledger/options/alike.h"
#include "ledger/options/options.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>

enum format { FORMAT_JSON, FORMAT_FHIR };

struct request {
	const char *dir;
	const char *key;
	const char *output;
	bool json;
	bool whole;
	bool sorted;
	bool part;
	uint32_t hours;
	uint64_t index;
	enum format format;
	const char *lang;
	char **files;
	unsigned words;
};

static enum error take_word(void *out, const char *text, struct fault *fault)
{
	struct request *request = out;
	if (strcmp(text, "bad") == 0)
		return fault_set(fault, E_USAGE, "not that word");
	request->words++;
	return E_OK;
}

#define T struct request
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR", .forms = FORM(0) | FORM(1)),
	ARGUMENT_NUMBER(T, index, "INDEX", 0, 99, .forms = FORM(0), .must = "the number of an entry"),
	OPTION_TEXT(T, key, "key", "FILE", .forms = FORM(1) | FORM(2), .required = FORM(1), .help = "the key file"),
	OPTION_TEXT(T, output, "output", "FILE", .letter = 'o', .help = "where to write it"),
	OPTION_FLAG(T, json, "json", .wants = "output", .help = "as JSON"),
	OPTION_FLAG(T, whole, "whole", .group = 1),
	OPTION_FLAG(T, part, "part", .group = 1),
	OPTION_FLAG(T, sorted, "sorted", .forms = FORM(2), .required = REQUIRED),
	OPTION_NUMBER(T, hours, "hours", "N", 1, 8760,
		.help =
			"a text that is long enough to be shown in two lines, since what stands to the right of an option has a "
			"column of its own, where it begins again"),
	OPTION_WORD(T, format, "format", "json|fhir"),
	OPTION_WORD(T, lang, "lang", "da|en|kl"),
	OPTION_TAKEN(take_word, "word", "WORD", .repeats = true),
	ARGUMENT_REST(T, files, "FILE...", .forms = FORM(2)),
};
#undef T

static const struct options options = {
	.name = "demo show",
	.summary = "shows what there is",
	.text = "Of a text that is longer than a line may be, and is therefore broken where the last word that still has a "
			"place in it ends.\n\n  what begins with  blanks\n\nAnother.\n",
	OPTION_ROWS(rows),
	.after = "The end.\n",
};

static struct request request;
static struct fault fault;

/* The words of the line, split at its blanks. */
static enum error read_line(const char *line)
{
	static char words[512];
	static char *argv[32];
	int argc = 0;
	snprintf(words, sizeof words, "demo %s", line);
	for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	request = (struct request){.hours = 12, .format = FORMAT_FHIR};
	fault = (struct fault){.text = ""};
	return options_read(&options, argc, argv, &request, &fault);
}

static void expect_refused(const char *line, const char *text)
{
	ck_error(read_line(line), E_USAGE);
	ck_assert_str_eq(fault.text, text);
}

START_TEST(values_go_where_the_rows_say)
{
	ck_ok(read_line("place 7 --hours 8760 -o out --json --format json --lang kl --word a --word b --part"));
	ck_assert_str_eq(request.dir, "place");
	ck_assert_uint_eq(request.index, 7);
	ck_assert_uint_eq(request.hours, 8760);
	ck_assert_str_eq(request.output, "out");
	ck_assert(request.json && request.part && !request.whole && !request.sorted);
	ck_assert_int_eq(request.format, FORMAT_JSON);
	ck_assert_str_eq(request.lang, "kl");
	ck_assert_uint_eq(request.words, 2);
	ck_assert_ptr_null(request.key);
}
END_TEST

START_TEST(what_is_not_given_stays_as_it_was)
{
	ck_ok(read_line("place 0"));
	ck_assert_uint_eq(request.hours, 12);
	ck_assert_int_eq(request.format, FORMAT_FHIR);
	ck_assert_ptr_null(request.lang);
}
END_TEST

START_TEST(options_are_spelled_as_getopt_takes_them)
{
	ck_ok(read_line("--hours=3 place --outp=x 1"));
	ck_assert_uint_eq(request.hours, 3);
	ck_assert_str_eq(request.output, "x");
	ck_ok(read_line("-ox -- place 1"));
	ck_assert_str_eq(request.output, "x");
	ck_assert_str_eq(request.dir, "place");
}
END_TEST

START_TEST(what_is_given_decides_the_form)
{
	ck_ok(read_line("place --key k"));
	ck_assert_str_eq(request.key, "k");
	ck_assert_str_eq(request.dir, "place");
	ck_ok(read_line("--sorted"));
	ck_assert_ptr_nonnull(request.files);
	ck_assert_ptr_null(request.files[0]);
	ck_ok(read_line("--sorted one two --key k"));
	ck_assert_str_eq(request.files[0], "one");
	ck_assert_str_eq(request.files[1], "two");
	ck_assert_ptr_null(request.files[2]);
	ck_assert_ptr_null(request.dir);
}
END_TEST

START_TEST(what_is_missing_is_named)
{
	expect_refused("", "DIR is missing, or --key, or --sorted");
	expect_refused("place", "INDEX is missing, or --key, or --sorted");
	expect_refused("--key k", "DIR is missing, or --sorted");
	expect_refused("place 1 --key", "--key wants a value: FILE");
	expect_refused("place 1 -o", "-o wants a value: FILE");
	expect_refused("place 1 --json", "--json wants -o");
}
END_TEST

START_TEST(what_is_too_much_is_named)
{
	expect_refused("place --key k --sorted --json=3", "--json takes no value");
	expect_refused("place 1 2 3", "--sorted is missing");
	expect_refused("place 1 --whole --part", "--whole and --part do not go together");
	expect_refused("place 1 --hour", "--hours wants a value: N");
	expect_refused("place 1 --wholy", "there is no option --wholy; did you mean --whole?");
	expect_refused("place 1 --keys=cpr:0101701234", "there is no option --keys; did you mean --key?");
	expect_refused("place 1 --colour", "there is no option --colour");
	expect_refused("place -1", "there is no option -1");
}
END_TEST

START_TEST(arguments_that_nothing_takes_are_refused)
{
	static const struct option_row one[] = {ARGUMENT(struct request, dir, "DIR")};
	char program[] = "demo", a[] = "a", b[] = "b";
	struct options few = options;
	few.rows = one;
	few.row_count = 1;
	ck_ok(options_read(&few, 2, (char *[]){program, a, NULL}, &request, &fault));
	ck_error(options_read(&few, 3, (char *[]){program, a, b, NULL}, &request, &fault), E_USAGE);
	ck_assert_str_eq(fault.text, "there are too many arguments: 2, where 1 can be, beside options");
}
END_TEST

START_TEST(options_of_different_forms_do_not_go_together)
{
	struct option_row two[] = {OPTION_FLAG(struct request, json, "json", .forms = FORM(0)),
		OPTION_FLAG(struct request, whole, "whole", .forms = FORM(1))};
	char program[] = "demo", json[] = "--json", whole[] = "--whole";
	struct options few = options;
	few.rows = two;
	few.row_count = 2;
	ck_ok(options_read(&few, 2, (char *[]){program, whole, NULL}, &request, &fault));
	ck_error(options_read(&few, 3, (char *[]){program, whole, json, NULL}, &request, &fault), E_USAGE);
	ck_assert_str_eq(fault.text, "--json and --whole do not go together");
}
END_TEST

START_TEST(values_are_judged)
{
	static const char *const numbers[] = {
		"0", "8761", "-1", "1x", "+1", "0x1", "18446744073709551617", "99999999999999999999999", "1.5"};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		char line[64];
		snprintf(line, sizeof line, "place 1 --hours=%s", numbers[i]);
		expect_refused(line, "--hours is a whole number from 1 to 8760");
	}
	expect_refused("place 1 --hours=", "--hours is a whole number from 1 to 8760");
	expect_refused("place 100", "INDEX is the number of an entry");
	expect_refused("place one", "INDEX is the number of an entry");
	expect_refused("place 1 --format xml", "--format is json or fhir");
	expect_refused("place 1 --format js", "--format is json or fhir");
	expect_refused("place 1 --lang sv", "--lang is da, en or kl");
	expect_refused("place 1 --word bad", "not that word");
}
END_TEST

static enum error check(const void *out, struct fault *why)
{
	const struct request *given = out;
	return given->whole ? fault_set(why, E_USAGE, "in words") : E_OK;
}

START_TEST(the_programs_own_check_speaks_first)
{
	char program[] = "demo", whole[] = "--whole";
	char *argv[] = {program, whole, NULL};
	struct options checked = options;
	checked.check = check;
	ck_error(options_read(&checked, 2, argv, &request, &fault), E_USAGE);
	ck_assert_str_eq(fault.text, "in words");
}
END_TEST

START_TEST(help_is_made_from_the_rows)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	ck_assert_ptr_nonnull(out);
	options_help(&options, out);
	fclose(out);
	ck_assert_str_eq(text,
		"usage: demo show DIR INDEX [-o FILE [--json]] [--whole | --part] [--hours N] [--format json|fhir]\n"
		"                 [--lang da|en|kl] [--word WORD]...\n"
		"       demo show DIR --key FILE [-o FILE [--json]] [--whole | --part] [--hours N] [--format json|fhir]\n"
		"                 [--lang da|en|kl] [--word WORD]...\n"
		"       demo show --sorted [--key FILE] [-o FILE [--json]] [--whole | --part] [--hours N] [--format "
		"json|fhir]\n"
		"                 [--lang da|en|kl] [--word WORD]... [FILE...]\n"
		"\n"
		"shows what there is.\n"
		"\n"
		"Of a text that is longer than a line may be, and is therefore broken where the last word that still has a "
		"place\nin it ends.\n\n  what begins with  blanks\n\nAnother.\n"
		"\n"
		"  --key FILE  the key file\n"
		"  -o FILE     where to write it\n"
		"  --json      as JSON\n"
		"  --hours N   a text that is long enough to be shown in two lines, since what stands to the right of an "
		"option\n"
		"              has a column of its own, where it begins again\n"
		"\n"
		"The end.\n");
	free(text);
}
END_TEST

/* Neither hides the other. */
START_TEST(two_that_want_each_other_stand_in_the_usage_as_one)
{
	static const struct option_row pair[] = {
		OPTION_TEXT(struct request, key, "key", "FILE", .wants = "output"),
		OPTION_FLAG(struct request, json, "json"),
		OPTION_TEXT(struct request, output, "output", "FILE", .wants = "key"),
		OPTION_FLAG(struct request, whole, "whole", .wants = "key"),
	};
	struct options few = options;
	char text[256] = "";
	FILE *out = fmemopen(text, sizeof text, "w");
	ck_assert_ptr_nonnull(out);
	few.rows = pair;
	few.row_count = sizeof pair / sizeof pair[0];
	options_usage(&few, out);
	fclose(out);
	ck_assert_str_eq(text, "usage: demo show [--key FILE --output FILE [--whole]] [--json]\n");
}
END_TEST

START_TEST(help_is_asked_for_before_two_dashes)
{
	char program[] = "demo", word[] = "x", dashes[] = "--", help[] = "--help", letter[] = "-h";
	ck_assert(options_ask_help(3, (char *[]){program, word, help, NULL}));
	ck_assert(options_ask_help(2, (char *[]){program, letter, NULL}));
	ck_assert(!options_ask_help(3, (char *[]){program, dashes, help, NULL}));
	ck_assert(!options_ask_help(1, (char *[]){help, NULL}));
}
END_TEST

START_TEST(words_are_alike_by_their_letters)
{
	ck_assert_uint_eq(alike_distance("send", "send"), 0);
	ck_assert_uint_eq(alike_distance("sned", "send"), 1);
	ck_assert_uint_eq(alike_distance("sen", "send"), 1);
	ck_assert_uint_eq(alike_distance("sand", "send"), 1);
	ck_assert_uint_eq(alike_distance("without-witness", "without-witnesses"), 2);
	ck_assert_uint_eq(alike_distance("conjure", "send"), ALIKE_FAR);
	ck_assert_uint_eq(alike_distance("a", "b"), ALIKE_FAR);
	ck_assert_uint_eq(alike_distance("", "ab"), ALIKE_FAR);
	ck_assert_uint_eq(alike_distance("a-word-that-is-far-too-long-for-it", "send"), ALIKE_FAR);
}
END_TEST

UNIT_MAIN("options", values_go_where_the_rows_say, what_is_not_given_stays_as_it_was,
	options_are_spelled_as_getopt_takes_them, what_is_given_decides_the_form, what_is_missing_is_named,
	what_is_too_much_is_named, arguments_that_nothing_takes_are_refused, options_of_different_forms_do_not_go_together,
	values_are_judged, the_programs_own_check_speaks_first, help_is_made_from_the_rows,
	two_that_want_each_other_stand_in_the_usage_as_one, help_is_asked_for_before_two_dashes,
	words_are_alike_by_their_letters)
