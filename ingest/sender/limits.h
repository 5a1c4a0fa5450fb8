/* How long an outbox waits, and how much it does at once. */
#pragma once

#include "ingest/wire/client_session.h"

/* ---- the connection ---- */

/* A frame that is being sent and the next one; the longest that comes in. */
#define OUTBOX_OUT_BYTES (2u * FRAME_BYTES_MAX)
#define OUTBOX_IN_BYTES (CLIENT_FRAME_BYTES_MAX + FRAME_HEAD_BYTES)
#define OUTBOX_HOST_MAX 255u
/* Batches that share one sync of the spool, at most: a sync costs as much as sending several. */
#define OUTBOX_GROUP_BATCHES 32u
#define OUTBOX_GROUP_BYTES 1048576u
/* When nothing has happened for so long the spool is settled, which takes two syncs. */
#define OUTBOX_SETTLE_MS 20
/* A full disk is tried again. */
#define OUTBOX_DISK_RETRY_MS 1000u
/* The key file is written just after the ledger has the new key: it is looked at so often, within some two seconds. */
#define OUTBOX_KEY_ASKED_MAX 5u
/* Clocks that differ by more are told. */
#define OUTBOX_CLOCK_SECONDS 300

/* ---- checking how it was filed ---- */

/* A batch that is not filed so long after its receipt is an alarm: twice the usual lag of a log. */
#define FILING_LATE_SECONDS 600u
/* A ledger that says a later time than this machine is believed so far; beyond, its clock would put an alarm off. */
#define RECEIPT_AHEAD_SECONDS_MAX 86400u
/* Between two looks at a batch that is not filed, or a ledger that cannot be asked; doubled up to the most. */
#define PAUSE_FIRST_MS 500
#define PAUSE_MAX_MS 30000
/* Address space that the book reserves, not disk. */
#define MAP_BYTES (1ull << 36)
