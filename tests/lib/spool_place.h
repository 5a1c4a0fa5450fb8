/* A spool in a directory of its own, and batches for it, for the tests of the spool. */
#pragma once

#include "ingest/spool/spool_state.h"

#define ORIGIN "log.example/2026"
#define SENDER 3u

/* ---- places ---- */

extern char dir[64];

/* Makes `dir`; and removes it with what is in it. */
void place(void);
void clear(void);
/* What is there, or a new one. */
struct spool *open_spool(void);
/* A dead process: nothing more is written. */
void kill_spool(struct spool *spool);

/* ---- batches ---- */

extern uint8_t body[600000];
extern const struct bytes names[2];

/* In `body`, until the next one: a head, one hash and so much filler, which differs by `first`. */
struct bytes make_body(uint64_t first, uint32_t count, size_t filler);
/* `events` events, each a message of input 0 from message `number` on. */
enum error append_batch(struct spool *spool, uint64_t number, uint32_t events, size_t filler);
/* Waiting batch `i` becomes one of `count` messages, with first sequence `first`. */
enum error replace_messages(struct spool *spool, size_t i, uint64_t first, uint64_t number, uint32_t count);
/* One byte of the record of waiting batch `i` becomes another; at `at` in its body. */
void damage(struct spool *spool, size_t i, size_t at);
