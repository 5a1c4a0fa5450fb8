/* The first thing that does not hold in a log, or why that cannot be said: for people, with the entry that it is about,
 * and without personal data. */
#pragma once

#include "ledger/error.h"

struct log_finding {
	uint64_t index;
	char text[FAULT_TEXT_MAX + 1];
};

/* The rules of the log, one condition each, as log_rules.c and losses.c ask for them. */
enum log_rule {
	LOG_GENESIS_FIRST,  /* ENTRY-11 */
	LOG_GENESIS_ORIGIN, /* ENTRY-18 */
	LOG_GENESIS_KEY,
	LOG_TIME,        /* ENTRY-12 */
	LOG_SENDER_ZERO, /* ENTRY-16 */
	LOG_SENDER_TWICE,
	LOG_CHANGE_REVOKED,
	LOG_CHANGE_ORG,
	LOG_CHANGE_NAME,
	LOG_EVENT_REVOKED,
	LOG_SEQUENCE,   /* ENTRY-13, of the first event of a batch */
	LOG_RUN_SENDER, /* ENTRY-14 */
	LOG_RUN_KIND,
	LOG_RUN_COUNT,    /* BATCH-5 */
	LOG_RUN_SEQUENCE, /* ENTRY-13 */
	LOG_RUN_CLOSED,   /* ENTRY-14: nothing comes between events and their batch entry */
	LOG_RUN_END,      /* ENTRY-14: nor the end of the log */
	LOG_BATCH_OPEN,
	LOG_BATCH_SENDER,
	LOG_BATCH_FIRST,
	LOG_BATCH_COUNT,
	LOG_SIGNATURE,  /* ENTRY-15 */
	LOG_EPOCH_ZERO, /* ENTRY-17 */
	LOG_EPOCH_AHEAD,
	LOG_EPOCH_BACK,
	LOG_EPOCH_TIME,   /* ENTRY-19 */
	LOG_EPOCH_LOST,   /* LOSS-4 */
	LOG_EPOCH_MAP,    /* EPO-8 */
	LOG_EPOCH_FILING, /* EPO-8 */
	LOG_LAG,          /* EPO-9 */
	LOG_LOSS_AHEAD,   /* LOSS-1 */
	LOG_LOSS_INSIDE,  /* LOSS-1 */
	LOG_LOSS_EVENTS,  /* LOSS-2 */
	LOG_RULES
};

/* The condition that breaks a rule. A test that is compiled with INDSIGT_LEAVE_OUT can leave one rule out, and shows so
 * that the vectors notice it. */
#ifdef INDSIGT_LEAVE_OUT
extern enum log_rule log_left_out;
#define LOG_BREAKS(rule, condition) (log_left_out != (rule) && (condition))
#else
#define LOG_BREAKS(rule, condition) (condition)
#endif

/* Fills in the finding and gives back `error`. */
enum error log_finding_set(struct log_finding *finding, enum error error, uint64_t index, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
