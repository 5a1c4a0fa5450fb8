/* A report for people, made from the JSON that --json gives. */
#pragma once

#include "ledger/base/error.h"
#include "tools/report/report_words.h"

#include <jansson.h>

/* As quality_write has it. E_NO_MEMORY. */
enum error report_print_ledger(const json_t *ledger, const struct report_words *words) MUST_USE;
/* As tally_to_json has it. E_NO_MEMORY. */
enum error report_print_sender(const json_t *side, const struct report_words *words) MUST_USE;
