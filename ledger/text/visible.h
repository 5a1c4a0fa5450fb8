/* What a reader can see of a text. */
#pragma once

#include "ledger/base/bytes.h"

#include <stdio.h>

/* Well-formed UTF-8 without control characters: what terminals and pages may show as it is. */
bool visible_clean(struct bytes text);
/* Printable ASCII that does not begin with a space: clean and not blank, and told in a fraction of the time. */
bool visible_plain(struct bytes text);
/* Whether well-formed UTF-8 has characters that nobody sees, that look like others, or that change how others are
 * shown: controls, directions, zero width, spaces other than U+0020, combining marks, full-width letters, and U+FFFD,
 * which stands for letters that a conversion lost. */
bool visible_hides(struct bytes text);
/* Writes a text that may be a stranger's to where a person reads: `?` for each character that steers how others are
 * shown and is not seen itself: controls, line and paragraph ends, directions, zero width. */
void visible_print(const char *text, size_t len, FILE *out);
/* Whether nothing of it can be seen: empty, or such characters and spaces alone. */
bool visible_blank(struct bytes text);
