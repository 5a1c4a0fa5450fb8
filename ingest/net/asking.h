/* Asking several witnesses at once, through libcurl's multi interface: at most one request for each is under way. */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/own.h"

#define ASKING_CONNECT_SECONDS 5L
#define ASKING_ANSWER_SECONDS 15L /* a witness that takes longer is as good as away */
#define ASKING_ANSWER_BYTES_MAX 20000u

struct asking;

/* For `count` witnesses. E_NO_MEMORY. */
enum error asking_open(uint32_t count, struct asking **out) MUST_USE;
void asking_close(struct asking *asking);
OWN(asking, asking_close);

/* POST of `body` to `url` with `path` behind it, or GET where the body has no data. The body is copied. E_NO_MEMORY;
 * E_USAGE for an address that is not http or https. */
enum error asking_begin(
	struct asking *asking, uint32_t index, const char *url, const char *path, struct bytes body) MUST_USE;
/* Waits up to `timeout_ms` for something to happen, on the network or on `wake_fd` (-1: none). E_IO. */
enum error asking_wait(struct asking *asking, int wake_fd, uint64_t timeout_ms) MUST_USE;

struct asked {
	uint32_t index;
	int status;        /* 0: no answer came, `why` says for what reason */
	struct bytes body; /* borrowed until the next begin for this index, or asking_close */
	const char *why;   /* static */
};

/* One that is finished, or false. */
bool asking_finished(struct asking *asking, struct asked *out);
