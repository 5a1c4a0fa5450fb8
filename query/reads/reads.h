/* Reads of other people's events, put on record before they are answered. spec/roles.md
 *
 *   worker ─► report ─► this thread ─► socket ─► indsigt send --listen ─► ingest ─► receipt ─► here ─► answer goes
 * out
 *
 * The query daemon has no sender's key, no spool and nothing that signs: a process of its own ('indsigt serve' starts
 * it) reports its reads, as it would any program's on this machine (spec/sender.md, Callers on one machine). What
 * comes together is one batch, so a record costs a round trip of one signed batch, whoever else waits.
 *
 * Nobody waits for ever: a report without an answer within READS_MS has failed, and while one is overdue the next ones
 * fail at once, so that an outage does not fill the spool with reads that were refused. What was given before that may
 * still come into the log: then it says of a read that it happened which was refused, never the other way round. */
#pragma once

#include "ledger/base/error.h"
#include "ledger/base/own.h"

#define READS_DIR "reads" /* in the ledger's directory: what is the reporting process' own */
#define READS_SOCKET READS_DIR "/socket"
#define READS_KEY READS_DIR "/key.json" /* its spool is beside it */
#define READS_MS 3000u                  /* for a report to be in the log */
#define READS_MAX 1000u                 /* that wait; the sender's side takes 1,024 of one caller */

struct reads;

/* Starts the thread; the socket is looked for when there is something to report. E_IO, E_NO_MEMORY. */
enum error reads_open(const char *dir, struct reads **out, struct fault *fault) MUST_USE;
/* What waits has failed then. */
void reads_close(struct reads *reads);
OWN(reads, reads_close);

typedef void reads_done(void *context, enum error error, uint64_t index);

/* Any thread: takes over `report`, one event or several, each a line of JSON, with newlines between them, and calls
 * `done` once, in this thread or in its own: E_OK when all of it is in the log, and the index of the first; E_EXISTS
 * when the first was in the log before, by its own id, and where is not known here; E_UNRECORDED when nobody knows that
 * it is. */
void reads_record(void *reads, char *report, reads_done *done, void *context);
