/* The stored filing tree and subject map are those that the newest epoch commits to, and with keys the subjects' heads
 * are what the map holds. That the epochs themselves are right takes the label stream (audit_filing.h). */
#pragma once

#include "ledger/audit/audit_view.h"

/* Each looks by itself at where filing stands, and comes to the same finding about that. */
enum error audit_derived_filing(const struct audit_view *view) MUST_USE;
enum error audit_derived_map(const struct audit_view *view) MUST_USE;
enum error audit_derived_subtrees(const struct audit_view *view) MUST_USE;
