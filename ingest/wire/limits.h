/* How long frames are and how long the two ends wait for each other; ledger/base/limits.h has what the protocol itself
 * sets (spec/frame.md). */
#pragma once

#include "ledger/entry/receipt.h"

#define NONCE_BYTES 32

/* ---- lengths ---- */

#define HELLO_BYTES_MAX (2 + 4 + 2 + ORIGIN_BYTES_MAX + 2 + NOTE_BYTES_MAX + NONCE_BYTES + 64)
#define PING_BYTES_MAX 64
/* The reason in a refusal or an error frame, for a person. */
#define REFUSAL_TEXT_MAX 1024
/* No frame from a ledger is longer: a receipt is the longest. */
#define CLIENT_FRAME_BYTES_MAX (RECEIPT_BYTES_MAX + 64)

/* ---- a sender's patience ---- */

/* Silence, while something is expected, before a ping; before the welcome the question is whether it is a ledger at
 * all, so it comes sooner. */
#define CLIENT_PING_MS 15000u
#define CLIENT_GREETED_PING_MS 2000u
/* And before the connection is given up, or before its first word. */
#define CLIENT_GIVE_UP_MS 60000u
#define CLIENT_CONNECTED_GIVE_UP_MS 15000u
/* Of a sender with limits a second (spec/entry.md) no more is under way than they let through in this time, so that
 * the answers come long before it gives the connection up. */
#define WINDOW_SECONDS 20u
/* Between two attempts to connect: doubled, with chance in it, so that senders that lost the same ledger do not come
 * back at once. */
#define CLIENT_BACKOFF_MIN_MS 100u
#define CLIENT_BACKOFF_MAX_MS 10000u
/* Of a command that asks through the control socket: then a person is told that it waits. */
#define CONTROL_NOTICE_MS 10000
