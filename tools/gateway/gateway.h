/* The gateway from start to end. */
#pragma once

#include "tools/gateway/gateway_command.h"

/* Until a signal. E_OK: what was taken is in the log, or waits in the spool. */
enum error gateway_run(struct gateway_options *options, struct fault *fault) MUST_USE;
