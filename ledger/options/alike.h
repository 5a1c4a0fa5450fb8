/* Which word somebody meant who has mistyped it. */
#pragma once

#define ALIKE_LETTERS_MAX 24 /* longer words are like nothing */

/* How many letters are added, left out or changed between two words, two that changed places counting as one change;
 * up to ALIKE_FAR. Words with no more letters than changes are not alike. */
#define ALIKE_FAR 3u
unsigned alike_distance(const char *a, const char *b);
