/* Looking at text as senders write it: blanks as JSON and XML have them, words in any letter case.
 *
 * Letters are those of ASCII, whatever the machine's locale is: what a message means must not depend on where it is
 * read. Other letters are compared as they are. */
#pragma once

#include "ledger/base/bytes.h"

static inline bool words_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline bool words_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool words_letter(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* 0 to 15; negative for what is no hexadecimal digit. */
int words_hex(uint8_t c);
/* Without the blanks at both ends. */
struct bytes words_trim(struct bytes text);
/* The first of two that is not empty. */
struct bytes words_first(struct bytes a, struct bytes b);

/* False: a text with this first letter does not begin with the word, in whatever letter case. For loops over many. */
static inline bool words_may_begin(uint8_t first, const char *word)
{
	return ((first ^ (uint8_t)word[0]) & ~0x20u) == 0 || word[0] == '\0';
}

/* In any letter case. */
bool words_are(struct bytes text, const char *word);
bool words_begin(struct bytes text, const char *word);
bool words_hold(struct bytes text, const char *word);
/* As it stands. */
bool words_have(struct bytes text, const char *mark);

/* Whether it is one of these; `words` end with NULL. */
bool words_one_of(struct bytes text, const char *const *words);
/* The same in any letter case. */
bool words_like_one_of(struct bytes text, const char *const *words);

/* A list of them, for the functions above. */
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define WORDS_ONE_OF(text, ...) words_one_of(text, WORDS(__VA_ARGS__))
#define WORDS_LIKE_ONE_OF(text, ...) words_like_one_of(text, WORDS(__VA_ARGS__))
