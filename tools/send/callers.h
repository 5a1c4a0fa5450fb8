/* Callers: programs on this machine that give their messages to one sender and wait for what becomes of each, in place
 * of a key, a spool and a signature for every program. spec/sender.md, Callers on one machine
 *
 *   caller ─┐                       ┌ nothing under way: at once
 *   caller ─┼─► messages ─► batch ──┤                            ─► signed ─► spool ─► ledger ─► receipt ─┬─► caller
 *   caller ─┘                       └ else in 4 ms at the latest                                          └─► caller
 *
 * All of them share the outbox, so what comes together is one batch: one signature, one sync, one receipt. Each message
 * gets one answer of its own (tickets.h). */
#pragma once

#include "tools/send/send_input.h"

/* Listens on send->listen until a signal. What was left in the spool is sent first. E_STOPPED: something waits still;
 * E_USAGE, E_BUSY (somebody listens there), E_IO, E_NO_MEMORY, and what ends the outbox. */
enum error callers_run(struct send *send, struct fault *fault) MUST_USE;
