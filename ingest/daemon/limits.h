/* What a connection, a client of the control socket and all of them together may take of indsigt-ingestd. What the
 * protocol or an operator sets is in ledger/base/limits.h and in the options. */
#pragma once

/* ---- reading ---- */

/* What libevent may hold of one connection beside the frame's own buffer: enough for a read, and nothing that a sender
 * of large batches could make the daemon hoard. */
#define READ_AHEAD_BYTES 32768u
/* Room for a batch's body: the first step, then as much again as is there, so that a sender that announces much and
 * brings little has cost little. */
#define ROOM_STEP_BYTES 16384u

/* ---- ending ---- */

/* For a client to read what was written, again and again while it does, but not longer than in all. */
#define LINGER_MS 2000
#define LINGER_TOTAL_MS 10000
/* FRM-20, of one that others wait for: from its first byte on; of one that brings its batch steadily, since its last
 * step (a narrow line repeats what it lost); and of the one in front of all, however steadily. */
#define EVICT_AFTER_MS 1000
#define EVICT_STALLED_MS 4000
#define EVICT_FRONT_MS 10000

/* ---- the door ---- */

/* Nobody is let in in a sender's name after the second signature that does not verify; twice as long after each that
 * follows, up to the most, and forgotten when it has been quiet for long. */
#define SPOILED_PAUSE_MS 1000u
#define SPOILED_PAUSE_MS_MAX 60000u
#define SPOILED_FORGOTTEN_MS 600000u
/* Strangers at a time that come in when all places are taken, to prove themselves: else a full house would shut out a
 * sender that has fewer connections than others. */
#define BESIDE_MAX 16u
/* Connections beyond the limit that are being told so; more are not accepted before some have gone. */
#define TURNED_AWAY_MAX 64
/* Slots of the tables by connection and by sender. */
#define HASH_SLOTS 2048
#define SHARE_SLOTS 1024

/* Handshakes of TLS that are begun in one beat, each a public-key operation; who comes then waits to be accepted. */
#define HANDSHAKES_MAX 100u

/* ---- the loop ---- */

/* How often it looks who is in the way, and who is forgotten; and how often it says that it is alive. */
#define BEAT_MS 250
#define HEALTH_MS 1000

/* ---- control socket ---- */

#define REQUEST_BYTES_MAX 16384
/* Connections that are not accepted yet. */
#define WAITING_MAX 16
/* For a request to come, and for its answer to be taken; in between it waits for as long as its job takes. */
#define CONTROL_MS 10000u

/* ---- before anything is signed ---- */

/* Until witnesses that were away are asked again; doubled up to the most. */
#define WAIT_S_FIRST 1u
#define WAIT_S_MAX 15u
