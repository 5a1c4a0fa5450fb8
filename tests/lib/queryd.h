/* A ledger with a query daemon on it: a real process, started and ended by each test. */
#pragma once

#include "query/identity/demo_issuer.h"
#include "tests/lib/fixture.h"

extern struct fixture f;
extern struct demo_issuer issuer;
extern pid_t daemon_pid;
extern uint16_t port;
extern char log_path[128];

/* The daemon on `f`; `*out_fd`: what it prints, to be closed. */
pid_t queryd_spawn(const char *listen, bool demo_tokens, int *out_fd);
/* So many events, of which a third is about subject 77 and the rest about 1234, in one batch; 1000 at most. */
void queryd_append(uint32_t count);
/* A ledger with three events, a token issuer, and the daemon, which listens on `port`. */
void queryd_begin(void);
/* The daemon ends cleanly, and its log holds nothing about anybody. */
void queryd_end(void);
/* Borrowed until the next call. */
const char *token_for(uint32_t subject, enum role role, int64_t expires_in);
