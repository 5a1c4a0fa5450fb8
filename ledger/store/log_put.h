/* Appending to the log in the store (log.h): sequential, the last bundle stays in memory and is written again with
 * every tick until it is full. */
#pragma once

#include "ledger/store/log.h"

struct log_appender;

enum error log_appender_new(struct log_appender **out) MUST_USE;
void log_appender_free(struct log_appender *log);
OWN(log_appender, log_appender_free);
/* Takes up where the store stands: at start, and after an aborted tick. */
enum error log_load(struct log_appender *log, struct db_txn *txn, const struct merkle_frontier *frontier) MUST_USE;
/* Full tiles and bundles are written as they fill up. */
enum error log_append(struct log_appender *log, struct db_txn *txn, struct bytes entry) MUST_USE;
/* Writes what is not full yet. Nothing of a tick is complete without it. */
enum error log_flush(struct log_appender *log, struct db_txn *txn) MUST_USE;
const struct merkle_frontier *log_frontier(const struct log_appender *log);

/* log_node through the appender's memory of recent nodes, for the receipts of a tick that was just committed. */
struct log_recent {
	struct log_appender *log;
	struct db_txn *txn;
};
enum error log_recent_node(void *recent, uint32_t level, uint64_t index, struct hash *out) MUST_USE;
