/* One line that syslog messages come over, by TLS or without: bytes in, messages out. spec/gateway.md
 *
 *   accepted ─► (TLS) shaking ─► let in ─► messages ... ─► ended
 *
 * A peer may connect long before it says anything, also by TLS: a handshake has a deadline only once it has begun. */
#pragma once

#include "ledger/tls/tls_server.h"
#include "tools/send/send_input.h"

#define LINE_ROUND_BYTES (4u * MESSAGES_READ_BYTES) /* at most, before others have their turn */

/* Invariant: `tls` is NULL where the door speaks none; then it is let in from the start. */
struct line {
	struct line *next;
	int fd;
	struct tls_line *tls;
	bool let_in;
	bool more;         /* there may be bytes that the socket does not tell of */
	bool ended;        /* nothing more comes, or is wanted */
	bool ending;       /* it was told that this end says nothing more */
	uint64_t begun_ms; /* its handshake; 0: it has said nothing */
	uint64_t heard_ms; /* bytes came last */
	char name[INET6_ADDRSTRLEN + 8];
	struct send_line who;
	struct input input;
	struct messages messages;
};

/* Takes `fd`, also where it fails. NULL: no memory. */
struct line *line_open(int fd, const struct sockaddr *address, struct tls_server *tls, enum adapter_format format,
	uint64_t now_ms) MUST_USE;
void line_free(struct line *line);

enum line_read {
	LINE_BYTES,   /* some were put into its messages */
	LINE_NOTHING, /* for now */
	LINE_SHAKEN,  /* its handshake is done: whether it may come in is to be said */
	LINE_END,     /* what has come is all there is; errno 0, or why */
};

/* One read of MESSAGES_READ_BYTES at most. */
enum line_read line_read(struct line *line, uint64_t now_ms) MUST_USE;
/* Says to the other end that nothing more is taken; what it has sent by then is read on. */
void line_say_end(struct line *line);
/* It is between messages, and nothing that came waits to be read: ending it loses nothing. */
bool line_is_between(const struct line *line);
