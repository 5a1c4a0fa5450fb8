/* A row of the sender table. spec/store.md */
#pragma once

#include "ledger/entry/sender.h"

#define SENDER_ROW_BYTES_MAX 2048

void sender_encode(const struct sender *sender, struct writer *out);
/* E_CORRUPT. */
enum error sender_decode(struct bytes row, struct sender *out) MUST_USE;
