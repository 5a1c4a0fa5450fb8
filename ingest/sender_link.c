/* The sender's connection. One turn of sender_poll:
 *
 *   connect if it is time ─► sync the spool ─► send what the window takes ─► poll ─► read frames ─► acknowledge
 *   receipts in the spool ─► act on a refusal once everything in flight is answered ─► sync and send what became free
 *
 * What can fail: the connection (made again after a pause, the spool knows what to send), the ledger's answers
 * (client_session.h says which errors pass and which do not), the spool (final). */
#include "ingest/sender_state.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

enum error sender_link_address(struct sender *sender, struct fault *fault)
{
	const char *server = sender->options.server;
	const char *colon = strrchr(server, ':');
	size_t host_len = colon == NULL ? 0 : (size_t)(colon - server);
	if (host_len >= 2 && server[0] == '[' && colon[-1] == ']') {
		server++;
		host_len -= 2;
	} else if (host_len > 0 && memchr(server, ':', host_len) != NULL) {
		host_len = 0;
	}
	size_t port_len = colon == NULL ? 0 : strlen(colon + 1);
	if (host_len == 0 || host_len > SENDER_HOST_MAX || port_len == 0 || port_len >= sizeof sender->port)
		return fault_set(fault, E_USAGE, "the server is given as HOST:PORT");
	memcpy(sender->host, server, host_len);
	memcpy(sender->port, colon + 1, port_len);
	return E_OK;
}

void sender_link_close(struct sender *sender)
{
	if (sender->fd >= 0)
		close(sender->fd);
	sender->fd = -1;
	sender->connecting = false;
	sender->sent = 0;
	sender->refused = false;
	sender->out_start = sender->out_len = sender->in_len = 0;
	client_session_close(&sender->session);
}

void sender_link_lost(struct sender *sender, const char *why)
{
	sender_link_close(sender);
	sender->connect_at_ms = now_ms() + client_backoff_ms(sender->attempts++, randombytes_random());
	sender_notice(sender, "%s:%s: %s; trying again", sender->host, sender->port, why);
}

/* ---- connecting ---- */

static int open_socket(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Takes the addresses of the host in turn, one for each attempt. */
static void start_connect(struct sender *sender)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	int result = getaddrinfo(sender->host, sender->port, &hints, &list);
	if (result != 0) {
		sender_link_lost(sender, gai_strerror(result));
		return;
	}
	unsigned count = 0;
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
		count++;
	const struct addrinfo *address = list;
	for (unsigned skip = sender->attempts % count; skip > 0; skip--)
		address = address->ai_next;
	sender->fd = open_socket(address);
	int error = errno;
	freeaddrinfo(list);
	if (sender->fd < 0)
		sender_link_lost(sender, strerror(error));
	else
		sender->connecting = true;
}

static enum error connected(struct sender *sender, struct fault *fault)
{
	int error = 0;
	socklen_t len = sizeof error;
	if (getsockopt(sender->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0) {
		sender_link_lost(sender, strerror(error));
		return E_OK;
	}
	sender->connecting = false;
	struct writer w = writer_of(sender->out, SENDER_OUT_BYTES);
	enum error encoded = client_session_start(&sender->session, now_ms(), &w);
	if (encoded != E_OK)
		return fault_set(fault, encoded, "the greeting cannot be written: %s", error_text(encoded));
	sender->out_start = 0;
	sender->out_len = writer_len(&w);
	return E_OK;
}

/* ---- sending ---- */

static void compact_out(struct sender *sender)
{
	memmove(sender->out, sender->out + sender->out_start, sender->out_len);
	sender->out_start = 0;
}

static enum error put_batches(struct sender *sender, struct fault *fault)
{
	while (!sender->refused && sender->sent < spool_count(sender->spool)) {
		const struct spool_pending *pending = spool_pending(sender->spool, sender->sent);
		size_t need = FRAME_HEAD_BYTES + pending->body_bytes;
		if (!client_session_may_send(&sender->session, pending->body_bytes) ||
			sender->out_len + need > SENDER_OUT_BYTES)
			break;
		if (sender->out_start + sender->out_len + need > SENDER_OUT_BYTES)
			compact_out(sender);
		uint8_t *to = sender->out + sender->out_start + sender->out_len;
		struct writer w = writer_of(to, FRAME_HEAD_BYTES);
		frame_head_encode(FRAME_BATCH, pending->body_bytes, &w);
		enum error error = spool_read(sender->spool, sender->sent, to + FRAME_HEAD_BYTES);
		if (error != E_OK)
			return fault_set(fault, error, "the spool cannot be read: %s", error_text(error));
		client_session_sent(&sender->session, &pending->head, pending->body_bytes);
		sender->out_len += need;
		sender->sent++;
	}
	return E_OK;
}

static void put_small(struct sender *sender, enum frame_type type, struct bytes body)
{
	if (sender->out_len + FRAME_HEAD_BYTES + body.len > SENDER_OUT_BYTES)
		return; /* a ledger that does not read gets no pong either */
	if (sender->out_start + sender->out_len + FRAME_HEAD_BYTES + body.len > SENDER_OUT_BYTES)
		compact_out(sender);
	struct writer w = writer_of(sender->out + sender->out_start + sender->out_len, FRAME_HEAD_BYTES + body.len);
	frame_head_encode(type, body.len, &w);
	writer_bytes(&w, body);
	sender->out_len += writer_len(&w);
}

static void send_out(struct sender *sender)
{
	while (sender->fd >= 0 && !sender->connecting && sender->out_len > 0) {
		ssize_t n = send(sender->fd, sender->out + sender->out_start, sender->out_len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			sender_link_lost(sender, strerror(errno));
			return;
		}
		sender->out_start += (size_t)n;
		sender->out_len -= (size_t)n;
		if (sender->out_len == 0)
			sender->out_start = 0;
	}
}

/* The spool is durable before anything of it is sent. */
static enum error sync_and_send(struct sender *sender, struct fault *fault)
{
	if (!spool_synced(sender->spool)) {
		enum error error = spool_sync(sender->spool);
		if (error != E_OK)
			return fault_set(fault, error, "the spool cannot be written: %s", error_text(error));
	}
	sender->group_batches = 0;
	sender->group_bytes = 0;
	TRY(put_batches(sender, fault));
	send_out(sender);
	return E_OK;
}

/* ---- answers ---- */

static enum error rolled_back(uint64_t ledger, uint64_t acknowledged, struct fault *fault)
{
	return fault_set(fault, E_ROLLED_BACK,
		"ROLLED BACK: the ledger expects sequence %" PRIu64 ", but this sender holds receipts up to %" PRIu64
		"; the ledger has lost events, nothing more is sent",
		ledger, acknowledged);
}

static bool same_policy(const struct policy *a, const struct policy *b)
{
	return a->restricted == b->restricted && a->flags == b->flags && strcmp(a->purpose, b->purpose) == 0;
}

/* Events that the ledger does not have yet must be split as the new policy says, also those of the open batch. */
static enum error adopt_policy(struct sender *sender, const struct frame_welcome *welcome, struct fault *fault)
{
	const struct policy *known = spool_policy(sender->spool);
	if (known != NULL && same_policy(known, &welcome->policy))
		return E_OK;
	TRY(sender_flush(sender, fault));
	bool encoded_before = known != NULL;
	enum error error = spool_set_policy(sender->spool, &welcome->policy);
	if (error != E_OK)
		return fault_set(fault, error, "the spool cannot be written: %s", error_text(error));
	size_t i = 0;
	while (
		i < spool_count(sender->spool) && spool_pending(sender->spool, i)->head.first_sequence < welcome->next_sequence)
		i++;
	if (!encoded_before || i == spool_count(sender->spool))
		return E_OK;
	return sender_redo(sender, i, FAULT_NO_EVENT, E_OK, "", true, fault);
}

static enum error welcomed(struct sender *sender, struct fault *fault)
{
	const struct frame_welcome *welcome = &sender->session.welcome;
	sender->welcomed_ms = now_ms();
	uint64_t acknowledged = spool_acknowledged(sender->spool);
	uint64_t next = spool_next(sender->spool);
	bool fresh = next == 0;
	if (welcome->next_sequence < acknowledged)
		return rolled_back(welcome->next_sequence, acknowledged, fault);
	TRY(adopt_policy(sender, welcome, fault));
	next = spool_next(sender->spool);
	if (welcome->next_sequence > next) {
		if (!fresh)
			sender_notice(sender, "the ledger has %" PRIu64 " events of this sender that this spool does not know",
				welcome->next_sequence - next);
		enum error error = spool_start_at(sender->spool, welcome->next_sequence);
		if (error != E_OK)
			return fault_set(fault, error, "the spool cannot be written: %s", error_text(error));
	}
	sender->acknowledged = spool_acknowledged(sender->spool);
	sender->said[0] = '\0'; /* should it be lost again, say so again */
	return E_OK;
}

static void keep_refusal(struct sender *sender, const struct frame_refusal *refusal)
{
	size_t len = refusal->text.len < FAULT_TEXT_MAX ? refusal->text.len : FAULT_TEXT_MAX;
	sender->refused = true;
	sender->refusal.frame = *refusal;
	if (len > 0)
		memcpy(sender->refusal.text, refusal->text.data, len);
	sender->refusal.text[len] = '\0';
	sender->refusal.frame.text = BYTES_EMPTY;
}

static enum error ended(struct sender *sender, const struct frame_error *frame, struct fault *fault)
{
	char why[FAULT_TEXT_MAX + 1];
	size_t len = frame->text.len < FAULT_TEXT_MAX ? frame->text.len : FAULT_TEXT_MAX;
	if (len > 0)
		memcpy(why, frame->text.data, len);
	why[len] = '\0';
	const char *text = len > 0 ? why : error_text(frame->error);
	if (client_error_verdict(frame->error) == CLIENT_STOP)
		return fault_set(fault, frame->error, "the ledger ended the connection: %s", text);
	sender_link_lost(sender, text);
	return E_OK;
}

static enum error take_frame(struct sender *sender, enum frame_type type, struct bytes body, struct fault *fault)
{
	struct client_answer answer;
	const struct sender_calls *calls = &sender->options.calls;
	TRY(client_session_receive(&sender->session, type, body, now_ms(), &answer, fault));
	switch (answer.meaning) {
	case CLIENT_WELCOMED:
		return welcomed(sender, fault);
	case CLIENT_RECEIPT:
		sender->acknowledged = answer.batch.first_sequence + answer.batch.count;
		sender->attempts = 0;
		sender->policy_asked = false;
		if (calls->receipt != NULL)
			calls->receipt(calls->context, &answer.batch, &answer.receipt);
		return E_OK;
	case CLIENT_REFUSED:
		keep_refusal(sender, &answer.refusal);
		return E_OK;
	case CLIENT_PING:
		put_small(sender, FRAME_PONG, answer.body);
		return E_OK;
	case CLIENT_ENDED:
		return ended(sender, &answer.error, fault);
	case CLIENT_NOTHING:
		return E_OK;
	}
	return E_OK;
}

/* All whole frames in the buffer. */
static enum error take_frames(struct sender *sender, struct fault *fault)
{
	size_t at = 0;
	while (sender->fd >= 0 && sender->in_len - at >= FRAME_HEAD_BYTES) {
		enum frame_type type;
		size_t body_bytes = 0;
		enum error error = frame_head_decode(bytes_of(sender->in + at, FRAME_HEAD_BYTES), &type, &body_bytes);
		if (error == E_OK && body_bytes > CLIENT_FRAME_BYTES_MAX)
			error = E_FRAME_TOO_LONG;
		if (error != E_OK)
			return fault_set(fault, error, "what answers at %s:%s does not speak the ledger's protocol: %s",
				sender->host, sender->port, error_text(error));
		if (sender->in_len - at - FRAME_HEAD_BYTES < body_bytes)
			break;
		TRY(take_frame(sender, type, bytes_of(sender->in + at + FRAME_HEAD_BYTES, body_bytes), fault));
		at += FRAME_HEAD_BYTES + body_bytes;
	}
	if (sender->fd < 0)
		return E_OK;
	sender->in_len -= at;
	memmove(sender->in, sender->in + at, sender->in_len);
	return E_OK;
}

/* Everything received so far is settled together: one record in the spool for all its receipts. */
static enum error settle_receipts(struct sender *sender, struct fault *fault)
{
	if (sender->acknowledged <= spool_acknowledged(sender->spool))
		return E_OK;
	const struct sender_calls *calls = &sender->options.calls;
	if (calls->flush != NULL) {
		enum error flushed = calls->flush(calls->context);
		if (flushed != E_OK)
			return fault_set(fault, flushed, "receipts cannot be written: %s", error_text(flushed));
	}
	size_t before = spool_count(sender->spool);
	const struct receipt_position *position = &sender->session.position;
	enum error error =
		spool_acknowledge(sender->spool, sender->acknowledged, bytes_of(position->note, position->note_len));
	if (error != E_OK)
		return fault_set(fault, error, "the spool cannot be written: %s", error_text(error));
	size_t gone = before - spool_count(sender->spool);
	sender->sent -= gone < sender->sent ? gone : sender->sent;
	return E_OK;
}

/* Everything in flight is answered: the refused batch is the oldest that waits. */
static enum error act_on_refusal(struct sender *sender, struct fault *fault)
{
	const struct frame_refusal *frame = &sender->refusal.frame;
	const char *text = sender->refusal.text[0] != '\0' ? sender->refusal.text : error_text(frame->error);
	enum client_verdict verdict = client_refusal_verdict(frame);
	if (verdict == CLIENT_ASIDE && frame->error == E_POLICY && !sender->policy_asked) {
		sender->policy_asked = true; /* it may have changed: the next welcome brings the newest */
		sender_link_close(sender);
		sender->connect_at_ms = 0;
		return E_OK;
	}
	switch (verdict) {
	case CLIENT_ASIDE:
		sender->refused = false;
		sender->sent = 0;
		return sender_redo(sender, 0, frame->event, frame->error, text, false, fault);
	case CLIENT_RETRY:
		sender_link_lost(sender, text);
		return E_OK;
	case CLIENT_STOP:
		break;
	}
	return fault_set(
		fault, frame->error, "the ledger refused the batch from sequence %" PRIu64 ": %s", frame->first_sequence, text);
}

static enum error receive(struct sender *sender, struct fault *fault)
{
	enum error error = E_OK;
	while (error == E_OK && sender->fd >= 0) {
		size_t room = SENDER_IN_BYTES - sender->in_len;
		ssize_t n = recv(sender->fd, sender->in + sender->in_len, room, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			sender_link_lost(sender, n == 0 ? "the connection was closed" : strerror(errno));
			break;
		}
		sender->in_len += (size_t)n;
		error = take_frames(sender, fault);
		if ((size_t)n < room)
			break;
	}
	TRY(settle_receipts(sender, fault)); /* what was proven before an error stays proven */
	TRY(error);
	if (sender->refused && sender->session.state == CLIENT_OPEN)
		return act_on_refusal(sender, fault);
	return E_OK;
}

/* ---- one turn ---- */

/* Until when nothing happens by itself. */
static int wait_ms(struct sender *sender, bool was_ready, int timeout_ms)
{
	uint32_t wait = timeout_ms < 0 ? UINT32_MAX : (uint32_t)timeout_ms;
	uint32_t next = UINT32_MAX;
	uint64_t now = now_ms();
	if (sender->fd < 0) {
		next = sender->connect_at_ms <= now ? 0 : (uint32_t)(sender->connect_at_ms - now);
	} else {
		bool give_up = false;
		if (client_session_timer(&sender->session, now, &give_up, &next))
			put_small(sender, FRAME_PING, BYTES_EMPTY);
		if (give_up) {
			sender_link_lost(sender, "no answer");
			next = 0;
		}
	}
	if (!was_ready && sender_ready(sender))
		wait = 0;
	if (next < wait)
		wait = next;
	return wait > INT32_MAX ? -1 : (int)wait;
}

enum error sender_poll(struct sender *sender, int input_fd, bool *input_ready, int timeout_ms, struct fault *fault)
{
	bool was_ready = sender_ready(sender);
	if (sender->fd < 0 && sender->connect_at_ms <= now_ms())
		start_connect(sender);
	TRY(sync_and_send(sender, fault));
	int wait = wait_ms(sender, was_ready, timeout_ms);
	send_out(sender); /* a ping */
	struct pollfd fds[2] = {{.fd = sender->fd, .events = POLLIN}, {.fd = input_fd, .events = POLLIN}};
	if (sender->connecting)
		fds[0].events = POLLOUT;
	else if (sender->out_len > 0)
		fds[0].events |= POLLOUT;
	if (poll(fds, 2, wait) < 0 && errno != EINTR)
		return fault_set(fault, E_IO, "poll: %s", strerror(errno));
	if (input_ready != NULL)
		*input_ready = (fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
	if (sender->fd >= 0 && sender->connecting && fds[0].revents != 0)
		TRY(connected(sender, fault));
	else if (sender->fd >= 0 && (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		TRY(receive(sender, fault));
	TRY(sync_and_send(sender, fault));
	if (spool_count(sender->spool) > 0 || spool_settled(sender->spool))
		return E_OK;
	enum error error = spool_settle(sender->spool);
	return error == E_OK ? E_OK : fault_set(fault, error, "the spool cannot be written: %s", error_text(error));
}
