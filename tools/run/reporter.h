/* The sender of a ledger's own that reports what is read in it. spec/roles.md */
#pragma once

#include "ledger/base/error.h"

/* Whether a registration may hold these; to be asked before anything is made. E_BAD_VALUE. */
enum error reporter_check(const char *org, const char *name, struct fault *fault) MUST_USE;
/* Registers it, with a key file in DIR/reads that is made. What admin_append_sender and sender_key_write give. */
enum error reporter_register(const char *dir, const char *org, const char *name, struct fault *fault) MUST_USE;
