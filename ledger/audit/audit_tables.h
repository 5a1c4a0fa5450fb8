/* Every row of every table is met by a walk and found by a search, and evidence is what it should be. Without keys
 * records and alias packs have not been searched by anybody before, and are here. */
#pragma once

#include "ledger/audit/audit_view.h"

enum error audit_rows(const struct audit_view *view) MUST_USE;
