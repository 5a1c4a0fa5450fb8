/* A ledger with an ingest daemon on it, a real process, and clients that speak frames by hand: well and badly. */
#pragma once

#include "ingest/wire/handshake.h"
#include "tests/lib/fixture.h"

#define WAIT_MS 60000 /* for whatever must happen */

/* The crowd is only there where a test registers it. */
enum { STEADY = 1, HOSTILE = 2, REVOKED = 3, CROWD = 4, CROWD_COUNT = 4 };

extern struct fixture f;       /* speaks as the steady sender */
extern struct fixture hostile; /* makes the batches of the hostile one */
extern struct fixture crowd_senders[CROWD_COUNT];
extern pid_t daemon_pid;

struct peer {
	int fd;
	uint64_t next;
	struct receipt_position position;
	struct frame_challenge challenge;
	uint8_t nonce[NONCE_BYTES]; /* of its hello */
	bool challenged;
	bool kept; /* a frame that was read and not used yet */
	enum frame_type type;
	size_t len;
	uint8_t frame[RECEIPT_BYTES_MAX + 64];
};

extern struct peer steady;

/* ---- the daemon ---- */

/* Another sender of the fixture's ledger, with a key of its own. */
void register_sender(uint32_t id, struct fixture *out);
/* A ledger with the steady, the hostile and the revoked sender, closed. */
void ingestd_make(void);
/* Starts the daemon with up to four options, NULL at the end. */
void ingestd_start(const char *const *options);
/* It ends by itself with this status. */
void ingestd_ended(int wanted);
/* What the daemon has written to standard error so far. */
bool log_holds(const char *text);
/* SIGTERM ends it cleanly, and its log holds nothing about anybody. */
void ingestd_stop(void);

/* ---- a peer ---- */

/* With so small a buffer for what comes; 0: as it is. */
void peer_connect_small(struct peer *peer, int receive_bytes);
void peer_connect(struct peer *peer);
void peer_close(struct peer *peer);
/* Sends all of it, or fails the test. */
void peer_put(struct peer *peer, struct bytes bytes);
void peer_frame(struct peer *peer, unsigned type, struct bytes body);
/* The type of the next frame, which is kept for peer_read. */
enum frame_type peer_next_type(struct peer *peer);
/* The next frame; its body is borrowed until the one after it. */
struct bytes peer_read(struct peer *peer, enum frame_type *type);
/* Reads the ledger's first frame. */
void peer_challenge(struct peer *peer);
/* The secret key; of a number that nobody has, the steady sender's. */
const uint8_t *key_of(uint32_t sender);
/* Signed with the key of that sender; of one that is not registered, with the steady one's. */
void peer_hello(struct peer *peer, uint32_t sender, const char *origin, struct bytes checkpoint);
/* The connection has ended, with nothing more on it. */
void peer_ended(struct peer *peer);
/* And says nothing of whom an event is about. */
void text_holds(struct bytes text, const char *needle);
/* The next frame is the error frame, and the last one. */
void peer_error(struct peer *peer, enum error error, const char *needle);
/* The next frame is a refusal. */
struct frame_refusal peer_refusal(struct peer *peer, enum error error, const char *needle);
/* The next frame is the receipt of this batch, and holds. */
struct receipt peer_receipt(struct peer *peer, struct bytes batch);
/* Says hello and is welcomed. */
struct frame_welcome peer_open(struct peer *peer, uint32_t sender, struct bytes checkpoint);
void free_bytes(struct bytes bytes);

/* ---- the steady client ---- */

/* Whatever others do, this one is acknowledged. */
void steady_goes_on(void);
/* Ledger, daemon and the steady sender, who is acknowledged once; and once more, then all of it ends cleanly and is
 * gone. */
void ingestd_begin(const char *const *options);
void ingestd_end(void);
