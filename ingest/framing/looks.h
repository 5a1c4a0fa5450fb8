/* What an input looks like, from its beginning: one sentence in place of a refusal for each line of something else. */
#pragma once

#include "ingest/framing/limits.h"
#include "ingest/message/adapter.h"

/* NULL if the beginning may be messages of this format, be they damaged. Else what it looks like and what to do, for a
 * person: "looks like ...". `live`: more may come, so that a single line says nothing about the rest. `as`: the format
 * that it is in, which is this one if it is in none that is read. */
const char *looks_like(enum adapter_format format, struct bytes beginning, bool live, enum adapter_format *as);
