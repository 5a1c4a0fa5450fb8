/* An event as JSON, into an answer that is being written: what event_to_json gives, without a tree of it. spec/event.md
 */
#pragma once

#include "ledger/event/event.h"
#include "query/http/text.h"

/* The members, into an object that is open. */
void event_write(struct text *text, const struct event *event);
