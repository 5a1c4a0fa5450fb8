/* More digits than the largest number allowed has are refused before they are converted, so that what does not fit is
 * never silently something else. A sign, a space or a 0x is no digit: what strtoull would take is not asked. */
#include "ledger/text/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
	size_t digits = 1;
	size_t len = text != NULL ? strspn(text, "0123456789") : 0;
	for (uint64_t rest = most; rest >= 10; rest /= 10)
		digits++;
	if (len == 0 || len > digits || text[len] != '\0')
		return false;
	errno = 0;
	uint64_t number = strtoull(text, NULL, 10);
	if (errno != 0 || number < least || number > most)
		return false;
	*out = number;
	return true;
}
