/* An ingest daemon for tests of the sender, in the test's own process: a real ledger (fixture.h) behind a socket, one
 * connection at a time, which misbehaves on request.
 *
 * The test alternates between sender_poll, with the fake's epoll descriptor as input, and fake_step: nothing sleeps. */
#pragma once

#include "ingest/wire/handshake.h"
#include "tests/lib/fixture.h"

enum fake_fault {
	FAKE_HONEST,
	FAKE_DROPS_AFTER_COMMIT, /* takes the next batch and closes instead of answering */
	FAKE_REFUSES_EVENT,      /* the next batch that holds sequence `at` */
	FAKE_BAD_RECEIPT,        /* answers the next batch with a receipt for another place */
	FAKE_ENDS,               /* answers the next hello with an error frame */
};

struct fake {
	struct fixture *fixture;
	char address[32];
	int listener;
	int epoll;
	int fd;
	uint8_t *in;
	size_t in_len;
	uint64_t old_size; /* of the last receipt's checkpoint in this session */
	struct frame_challenge challenge;
	bool stranger; /* signs its welcomes with another key */
	bool refusing; /* until the sequence is right again */
	enum fake_fault fault;
	uint64_t at;
	enum error error;
	uint32_t window_batches;
	bool forgiving; /* does not look at the sender's last receipt */
	bool holding;   /* batches are queued, not answered */
	struct bytes held[64];
	uint32_t held_count;
	/* what happened */
	unsigned hellos;
	unsigned pongs;
	char pong[65];
	unsigned batches;
	unsigned holes;
	unsigned repeated;
	uint32_t held_max;
	uint64_t hello_size; /* of the checkpoint in the last hello */
};

/* Listens on fake->address; `fixture` is borrowed. */
void fake_make(struct fake *fake, struct fixture *fixture);
/* Ends the connection, if there is one, without a word. */
void fake_hang_up(struct fake *fake);
void fake_remove(struct fake *fake);
/* Answers the oldest batch that is held back. */
void fake_release_one(struct fake *fake);
/* Answers what was held back. */
void fake_release(struct fake *fake);
/* Takes what has arrived. */
void fake_step(struct fake *fake);
