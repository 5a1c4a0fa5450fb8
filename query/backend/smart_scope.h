/* What a scope of SMART App Launch lets a system do here: make AuditEvents, which is all that a gateway does.
 * https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html, spec/gateway.md
 *
 *   system/TYPE.LETTERS   version 2: letters of "cruds", each once and in this order
 *   system/TYPE.write     version 1; or .* for all that can be done
 *
 * TYPE is AuditEvent, or a star for all types.
 *
 * One behind which parameters stand (system/AuditEvent.c?type=...) allows less than all, and nobody here could tell
 * what: it allows nothing. */
#pragma once

#include "ledger/base/bytes.h"

/* One scope. */
bool smart_scope_creates(struct bytes scope);
