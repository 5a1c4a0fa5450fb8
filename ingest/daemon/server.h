/* The network side of indsigt-ingestd, by libevent.
 *
 *   accept ─► frame head ─► room for the body? ─► body ─► session ─► job ─► sequencer ─► answer
 *
 * One thread runs the loop; nothing in it waits. A connection reads five bytes, then only as much as its frame says and
 * as there is room for of INFLIGHT_BYTES_MAX (room.h); until then the sender is slowed by TCP. A frame must be complete
 * within its timeout; a client that has room, is slow and keeps others waiting is ended sooner (FRM-20). A client that
 * does not read its answers is not read from, and in the end closed. */
#pragma once

#include "ledger/tls/tls_server.h"
#include "ledger/write/ledger.h"

struct server_options {
	const char *dir;
	const char *listen; /* HOST:PORT, port 0 for any */
	int bound;          /* a socket that has that address (address_bind); the caller's */
	struct address address;
	unsigned epoch_seconds;
	unsigned frame_timeout_ms;
	unsigned write_timeout_ms;
	unsigned connections_max;
	struct tls_files tls;
};

/* Serves until SIGTERM or SIGINT; calls `listening` with HOST:PORT once connections are accepted. */
enum error server_run(struct ledger *ledger, const struct server_options *options,
	void (*listening)(const char *address), struct fault *fault) MUST_USE;
