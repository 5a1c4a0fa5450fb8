/* What relays did to control characters, undone where no doubt can be: spec/syslog.md, SYS-9.
 *
 * rsyslog writes "#012" for the line feed that it got, and a sender may have written these very characters. Between
 * tags, within a tag outside of values, and in JSON outside of texts, '#' has no place, so there it is rsyslog's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In place; the length that is left. NULs are dropped in the same places, which syslog-ng passes on as they are. */
size_t syslog_undo_xml(uint8_t *text, size_t len);
size_t syslog_undo_json(uint8_t *text, size_t len);
