/* Asking several witnesses at once, a slot of web.h for each: at most one request for each is under way. Whoever asks
 * for a while (tools/cosign) does it step by step; before a ledger signs all are asked once (ledger/witness/door.h). */
#pragma once

#include "ingest/net/web.h"
#include "ledger/witness/door.h"

#define ASKING_CONNECT_SECONDS 5L
#define ASKING_ANSWER_SECONDS 15L /* a witness that takes longer is as good as away */
#define ASKING_ANSWER_BYTES_MAX 20000u
#define ASKING_ALL_MS 3000u /* for all of them together, before a ledger signs */

/* For `count` witnesses. E_NO_MEMORY. */
enum error asking_open(uint32_t count, struct web **out) MUST_USE;
/* POST of `body` to `url` with `path` behind it, or GET where the body has no data. The body is copied. E_NO_MEMORY;
 * E_USAGE for an address that is not http or https. */
enum error asking_begin(
	struct web *asking, uint32_t index, const char *url, const char *path, struct bytes body) MUST_USE;

struct asked {
	uint32_t index;
	int status;        /* 0: no answer came, `why` says for what reason */
	struct bytes body; /* borrowed until the next begin for this index, or web_close */
	const char *why;   /* static */
};

/* One that is finished, or false. web_wait is what makes them finish. */
bool asking_finished(struct web *asking, struct asked *out);

/* For door_asker: GET <prefix>/<origin hash>/checkpoint of each witness that has an address. A 404 is "nothing". */
enum error asking_all(const char *origin, const struct witness_policy *policy, door_heard *heard, void *context,
	struct fault *fault) MUST_USE;
/* The means, for a program that tells people on standard error. */
struct door_asker asking_means(bool without_witnesses);
