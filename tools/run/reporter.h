/* The sender of a ledger's own that reports what is read in it. spec/roles.md */
#pragma once

#include "ledger/base/error.h"

/* Registers it, with a key file in DIR/reads that is made. E_BAD_VALUE for what a registration may not hold; what
 * admin_append_sender and sender_key_write give. */
enum error reporter_register(const char *dir, const char *org, const char *name, struct fault *fault) MUST_USE;
