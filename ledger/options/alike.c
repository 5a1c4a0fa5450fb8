/* The usual distance of words, with the exchange of two neighbours as one change, since that is how people mistype.
 * Words as short as the change is large are like everything, so they are like nothing here. */
#include "ledger/options/alike.h"

#include <string.h>

unsigned alike_distance(const char *a, const char *b)
{
	unsigned rows[ALIKE_LETTERS_MAX + 1][ALIKE_LETTERS_MAX + 1];
	size_t a_len = strlen(a), b_len = strlen(b);
	if (a_len > ALIKE_LETTERS_MAX || b_len > ALIKE_LETTERS_MAX)
		return ALIKE_FAR;
	for (size_t i = 0; i <= a_len; i++)
		for (size_t j = 0; j <= b_len; j++) {
			if (i == 0 || j == 0) {
				rows[i][j] = (unsigned)(i + j);
				continue;
			}
			unsigned least = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			least = rows[i - 1][j] + 1 < least ? rows[i - 1][j] + 1 : least;
			least = rows[i][j - 1] + 1 < least ? rows[i][j - 1] + 1 : least;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && rows[i - 2][j - 2] + 1 < least)
				least = rows[i - 2][j - 2] + 1;
			rows[i][j] = least;
		}
	unsigned changes = rows[a_len][b_len];
	return changes < ALIKE_FAR && changes < a_len ? changes : ALIKE_FAR;
}
