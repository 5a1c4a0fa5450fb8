/* Asking a running indsigt-ingestd through DIR/control.sock (control.h lists the requests). */
#pragma once

#include "ingest/wire/limits.h"

#include <jansson.h>

/* Sends one request and waits for its reply, a new reference, whose "ok" was true. E_NOT_FOUND: no daemon listens
 * there, so the caller may open the ledger itself. A refusal gives the daemon's own error and text.
 * E_IO; E_NO_MEMORY, which the fault says of: not asked, or nobody knows whether it is done.
 * After CONTROL_NOTICE_MS without a reply `waiting` is called once, if it is not NULL; the reply is waited for still.
 */
enum error control_call(
	const char *dir, const json_t *request, void (*waiting)(void), json_t **reply, struct fault *fault) MUST_USE;
