/* Asking a running indsigt-ingestd through DIR/control.sock (control.h lists the requests). */
#pragma once

#include "ledger/error.h"

#include <jansson.h>

/* Sends one request and waits for its reply, a new reference, whose "ok" was true. E_NOT_FOUND: no daemon listens
 * there, so the caller may open the ledger itself. A refusal gives the daemon's own error and text. */
enum error control_call(const char *dir, const json_t *request, json_t **reply, struct fault *fault) MUST_USE;
