/* A ledger with a query daemon on it: a real process, started and ended by each test. */
#pragma once

#include "query/http/token.h"
#include "tests/lib/fixture.h"

extern struct fixture f;
extern struct token_issuer issuer;
extern pid_t daemon_pid;
extern uint16_t port;
extern char log_path[128];

pid_t queryd_spawn(const char *listen, bool demo_tokens, int *out_fd);
void queryd_append(uint32_t count);
void queryd_begin(void);
/* The daemon ends cleanly, and its log holds nothing about anybody. */
void queryd_end(void);
/* Borrowed until the next call. */
const char *token_for(uint32_t subject, enum token_role role, int64_t expires_in);
