/* Escapes that texts of senders bring from where they were before: %XX and %uXXXX of addresses, \uXXXX and \/ of JSON,
 * &#N; and
 * &#xN; and the five names of XML. What stands for another character than one of ASCII (%XX: than a byte) stays. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* One layer, in place; the length that is left. */
size_t escapes_take_off(uint8_t *text, size_t len);
/* Without NULs, which UTF-16 has; in place. */
size_t escapes_drop_nul(uint8_t *text, size_t len);
