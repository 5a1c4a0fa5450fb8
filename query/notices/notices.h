/* Questions to the notifier, which keeps what people wish to be told: a line each way, through DIR/notify/socket.
 * spec/notify.md (NTF-7)
 *
 *   worker ─► question ─► this thread ─► socket ─► indsigt notify ─► answer ─► here ─► response
 *
 * One after the other, each on a connection of its own: they are rare, and the notifier gives an answer as soon as its
 * disk has what was wished. Nobody waits for longer than NOTICES_MS, whoever waits before them. */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/error.h"
#include "ledger/base/own.h"

#define NOTICES_SOCKET "notify/socket" /* in the ledger's directory */
#define NOTICES_LINE_MAX 4096u         /* either way, with the newline */
#define NOTICES_MS 3000u               /* from a question to its answer */
#define NOTICES_MAX 64u                /* questions that wait */

struct notices;

/* Starts the thread; the socket is looked for when there is a question. E_IO, E_NO_MEMORY. */
enum error notices_open(const char *dir, struct notices **out, struct fault *fault) MUST_USE;
/* What waits has no answer then. */
void notices_close(struct notices *notices);
OWN(notices, notices_close);

/* The line without its newline, borrowed; empty: no notifier runs, or it gave no answer in time. A question without an
 * answer may have been heard all the same. */
typedef void notices_done(void *context, struct bytes answer);

/* Any thread: takes over `question`, a line without its newline, and calls `done` once, in this thread or in its own.
 */
void notices_ask(void *notices, char *question, notices_done *done, void *context);
