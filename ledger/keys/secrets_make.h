/* A ledger's own keys (secrets.h), made: once, with the ledger. */
#pragma once

#include "ledger/base/error.h"

/* Makes fresh keys in the directory keys_fd; refuses to replace any. */
enum error secrets_create(int keys_fd, struct fault *fault) MUST_USE;
