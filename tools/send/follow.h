/* Inputs that grow: files are followed for good, through every rotation. spec/sender.md, Followed files
 *
 *   name ─► file (following.h) ─► messages ─► outbox ─► durable in the spool ─► how far, in followed.json
 *
 * A run that dies goes on at what stands there. What it had given to the spool behind that is met again, and recognised
 * by its place: the file's mark, where it begins, which message of that piece it is, and its text. */
#pragma once

#include "tools/send/send_input.h"

/* Until a signal. E_STOPPED: something waits still, or there is more to read; E_USAGE, E_CORRUPT, E_IO, E_NO_MEMORY,
 * and what ends the outbox. */
enum error follow_run(struct send *send, struct fault *fault) MUST_USE;
