/* The stored filing tree and subject map are those that the newest epoch commits to, and with keys the subjects' heads
 * are what the map holds. That the epochs themselves are right takes the label stream (audit_filing.h). */
#pragma once

#include "ledger/audit/audit_view.h"

/* In the order of what is found first. */
enum derived_part { DERIVED_FILING, DERIVED_MAP, DERIVED_SUBTREES };

/* Any of them alone; each looks at where filing stands, and comes to the same finding about that. */
enum error audit_derived(const struct audit_view *view, enum derived_part part) MUST_USE;
