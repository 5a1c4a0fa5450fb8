/* What a program takes on its command line, as one table: from its rows come reading (options_read), the usage line,
 * the options of --help and what shells complete, so that none of them says what another does not.
 *
 * A row is an option or an argument, and where its value goes in the program's own struct. One program may be called in
 * several forms ("DIR --key FILE", or "DIR --endorsement FILE"), each a line of its usage; a row says in which forms it
 * stands and in which it must. What is given decides which form is meant.
 *
 *     struct request { const char *dir; uint32_t hours; bool json; };
 *     #define T struct request
 *     static const struct option_row rows[] = {
 *         ARGUMENT(T, dir, "DIR"),
 *         OPTION_NUMBER(T, hours, "hours", "N", 1, 8760, .help = "how long it is valid; default 12"),
 *         OPTION_FLAG(T, json, "json", .help = "one JSON object"),
 *     };
 *
 * Values point into argv. What is not given leaves the struct as it was: defaults are what it holds before. Of an
 * option that is given twice the last one counts, unless it `repeats`. No message shows a value, which may be about
 * somebody. */
#pragma once

#include "ledger/base/error.h"

#include <stddef.h>
#include <stdio.h>

#define OPTION_ROWS_MAX 32u

enum option_kind {
	OPTION_IS_FLAG,
	OPTION_IS_TEXT,
	OPTION_IS_NUMBER, /* in digits, from `min` to `max` */
	OPTION_IS_WORD,   /* one of `value`, "json|fhir|dicom": its place there (an enum), or the word (a text) */
	OPTION_IS_TAKEN,  /* by `take`, which sees what is at `offset`: if none is said, the whole struct; a flag without
						 `value` */
	OPTION_IS_REST,   /* all other arguments, ended by NULL */
	OPTION_IS_HEADING /* a paragraph of --help between options: `help` */
};

/* Bits of `forms` and `required`. */
#define FORM(number) (1u << (number))
#define REQUIRED (~0u) /* in all forms in which the row stands */

struct option_row {
	const char *name; /* "vkey" for --vkey; of an argument what stands for it, "DIR" */
	char letter;      /* 'o': also -o, which usage and help show in place of the long one; 0: none */
	bool argument;
	bool repeats;
	enum option_kind kind;
	unsigned forms;    /* 0: all */
	unsigned required; /* else it may be left out */
	unsigned group;    /* of those with the same number, not 0, at most one is given */
	const char *wants; /* only beside this option, in forms that have it */
	const char *value; /* what stands for the value; NULL: a flag */
	const char *must;  /* "--id is <must>", where a number or word is not good; NULL: said from the limits */
	const char *help;  /* without line breaks; NULL: --help's text says it */
	size_t offset, size;
	uint64_t min, max;
	enum error (*take)(
		void *member, const char *text, struct fault *fault); /* E_USAGE; of a file that it reads also others */
};

/* What --help says is broken into lines when it is shown. A text has a newline at the end of each paragraph, and an
 * empty line where a space is wanted; a line that begins with a blank stands as it is. */
struct options {
	const char *name;    /* as it is called: "indsigt sender add" */
	const char *summary; /* one line, no full stop */
	const char *text;    /* of --help, before the options, in paragraphs (below); may be empty */
	const char *after;   /* ... and behind them; may be NULL */
	const struct option_row *rows;
	size_t row_count;
	/* What does not go together and is better told in words than by the table; asked first. May be NULL. */
	enum error (*check)(const void *out, struct fault *fault);
};

/* The offset of a member, which must be of the type. */
#define OPTION_MEMBER(T, member, type)                                                                     \
	.offset = offsetof(T, member) +                                                                        \
			  0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((T *)0)->member), type) ? 1 : -1]), \
	.size = sizeof(((T *)0)->member)

#define OPTION_FLAG(T, member, as, ...)                                                   \
	{                                                                                     \
		.name = (as), .kind = OPTION_IS_FLAG, OPTION_MEMBER(T, member, bool), __VA_ARGS__ \
	}
#define OPTION_TEXT(T, member, as, what, ...)                                                                      \
	{                                                                                                              \
		.name = (as), .kind = OPTION_IS_TEXT, .value = (what), OPTION_MEMBER(T, member, const char *), __VA_ARGS__ \
	}
/* An unsigned integer of four or eight bytes. */
#define OPTION_NUMBER(T, member, as, what, least, most, ...)                                    \
	{                                                                                           \
		.name = (as), .kind = OPTION_IS_NUMBER, .value = (what), .min = (least), .max = (most), \
		.offset = offsetof(T, member), .size = sizeof(((T *)0)->member), __VA_ARGS__            \
	}
#define OPTION_WORD(T, member, as, words, ...)                                                 \
	{                                                                                          \
		.name = (as), .kind = OPTION_IS_WORD, .value = (words), .offset = offsetof(T, member), \
		.size = sizeof(((T *)0)->member), __VA_ARGS__                                          \
	}
#define OPTION_TAKEN(function, as, what, ...)                                                   \
	{                                                                                           \
		.name = (as), .kind = OPTION_IS_TAKEN, .value = (what), .take = (function), __VA_ARGS__ \
	}
#define OPTION_HEADING(words)                      \
	{                                              \
		.kind = OPTION_IS_HEADING, .help = (words) \
	}
/* Arguments must be there, unless `.required = 0` is said. */
#define ARGUMENT(T, member, as, ...)                                                  \
	{                                                                                 \
		.name = (as), .argument = true, .kind = OPTION_IS_TEXT, .required = REQUIRED, \
		OPTION_MEMBER(T, member, const char *), __VA_ARGS__                           \
	}
#define ARGUMENT_NUMBER(T, member, as, least, most, ...)                                                               \
	{                                                                                                                  \
		.name = (as), .argument = true, .kind = OPTION_IS_NUMBER, .required = REQUIRED, .min = (least), .max = (most), \
		.offset = offsetof(T, member), .size = sizeof(((T *)0)->member), __VA_ARGS__                                   \
	}
#define ARGUMENT_REST(T, member, as, ...)                                                                      \
	{                                                                                                          \
		.name = (as), .argument = true, .kind = OPTION_IS_REST, OPTION_MEMBER(T, member, char **), __VA_ARGS__ \
	}

#define OPTION_ROWS(array) .rows = (array), .row_count = sizeof(array) / sizeof((array)[0])

/* Reads all arguments behind argv[0] into `out`; changes their order. E_USAGE, or what a row's `take` gave, with a
 * fault that names the option. */
enum error options_read(const struct options *options, int argc, char **argv, void *out, struct fault *fault) MUST_USE;
/* --help or -h stands among them, before any "--". */
bool options_ask_help(int argc, char **argv);

/* For a program without commands: gives --help, or reads all and says what is not understood, last, so that it is what
 * a terminal shows. -1: go on; else what to exit with. */
int options_begin(const struct options *options, int argc, char **argv, void *out) MUST_USE;

/* "usage: indsigt audit DIR --vkey VKEY ...", a line for each form. */
void options_usage(const struct options *options, FILE *out);
/* All that --help says. */
void options_help(const struct options *options, FILE *out);
/* `text`, to its end or that of its line, in lines as wide as those of the help, which begin in column `indent`; the
 * first one stands there already. */
void options_wrapped(const char *text, size_t indent, FILE *out);
/* "--vkey", "-o", "DIR". */
#define OPTION_SPELLED_MAX 64
const char *option_spelled(const struct option_row *row, char out[OPTION_SPELLED_MAX]);
bool option_in_form(const struct option_row *row, unsigned form);
unsigned options_forms(const struct options *options);
