/* The sender's connection. One turn of outbox_poll:
 *
 *   connect if it is time ─► sync the spool ─► send what the window takes ─► poll ─► read frames ─► acknowledge
 *   receipts in the spool ─► act on a refusal once everything in flight is answered ─► sync and send what became free
 *   ─► nothing happened for a moment: settle the spool
 *
 * What can fail: the connection (made again after a pause, the spool knows what to send), the ledger's answers
 * (client_session.h says which errors pass and which do not), the spool (final, but for a full disk: it
 * waits for room). */
#include "ingest/sender/outbox_state.h"
#include "ledger/base/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <poll.h>

/* ---- sending ---- */

/* Only when the rest is too short for what comes: moving at each send would cost more than the sending. */
static void compact_out(struct outbox *outbox)
{
	assert(outbox->out_start + outbox->out_len <= OUTBOX_OUT_BYTES);
	memmove(outbox->out, outbox->out + outbox->out_start, outbox->out_len);
	outbox->out_start = 0;
}

/* As much as the window, the line and memory take; bodies are read from the spool right into what is sent. */
static enum error put_batches(struct outbox *outbox, struct fault *fault)
{
	while (outbox->sent < spool_count(outbox->spool)) {
		const struct spool_pending *pending = spool_pending(outbox->spool, outbox->sent);
		size_t need = FRAME_HEAD_BYTES + pending->body_bytes;
		bool doubted = outbox->singly && outbox->session.flight_count > 0 &&
					   spool_pending(outbox->spool, 0)->head.first_sequence < outbox->session.welcome.next_sequence;
		if (!client_session_may_send(&outbox->session, pending->body_bytes) || doubted ||
			outbox->out_len + need > OUTBOX_OUT_BYTES)
			break;
		if (outbox->out_start + outbox->out_len + need > OUTBOX_OUT_BYTES)
			compact_out(outbox);
		uint8_t *to = outbox->out + outbox->out_start + outbox->out_len;
		struct writer w = writer_of(to, FRAME_HEAD_BYTES);
		frame_head_encode(FRAME_BATCH, pending->body_bytes, &w);
		TRY(fault_because(
			fault, spool_read(outbox->spool, outbox->sent, to + FRAME_HEAD_BYTES), "the spool cannot be read"));
		if (outbox_is_below(outbox, &pending->head)) /* it asks: what was signed again since is not shown (SND-7) */
			memset(to + FRAME_HEAD_BYTES + BATCH_SIGNATURE_AT, 0, sizeof pending->head.signature);
		client_session_sent(&outbox->session, &pending->head, pending->body_bytes);
		outbox->out_len += need;
		outbox->sent++;
		if (outbox->ever_sent < pending->head.first_sequence + pending->head.count)
			outbox->ever_sent = pending->head.first_sequence + pending->head.count;
	}
	return E_OK;
}

static void put_small(struct outbox *outbox, enum frame_type type, struct bytes body)
{
	if (outbox->out_len + FRAME_HEAD_BYTES + body.len > OUTBOX_OUT_BYTES)
		return; /* a ledger that does not read gets no pong either */
	if (outbox->out_start + outbox->out_len + FRAME_HEAD_BYTES + body.len > OUTBOX_OUT_BYTES)
		compact_out(outbox);
	struct writer w = writer_of(outbox->out + outbox->out_start + outbox->out_len, FRAME_HEAD_BYTES + body.len);
	frame_head_encode(type, body.len, &w);
	writer_bytes(&w, body);
	outbox->out_len += writer_len(&w);
}

/* As much as the system takes now; the rest goes when poll says so. */
static void send_out(struct outbox *outbox)
{
	while (outbox_line_is_open(outbox) && outbox->out_len > 0) {
		ssize_t n = outbox_line_send(outbox, outbox->out + outbox->out_start, outbox->out_len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			outbox_line_lost(outbox, strerror(errno));
			return;
		}
		outbox->written += (size_t)n;
		outbox->out_start += (size_t)n;
		outbox->out_len -= (size_t)n;
		if (outbox->out_len == 0)
			outbox->out_start = 0;
	}
}

/* True if the spool's disk is full: nothing is forgotten, and it is tried again. */
static bool disk_is_full(struct outbox *outbox, enum error error)
{
	if (error == E_FULL) {
		outbox->disk_try_ms = clock_ms() + OUTBOX_DISK_RETRY_MS;
		outbox->disk_full = true;
		outbox_notice(outbox, "this sender's disk is full, its spool takes nothing more; waiting for room");
	} else if (error == E_OK && outbox->disk_full) {
		outbox->disk_full = false;
		outbox_notice(outbox, "this sender's disk has room again, going on");
	}
	return error == E_FULL;
}

/* The spool is durable before anything of it is sent. */
static enum error sync_and_send(struct outbox *outbox, struct fault *fault)
{
	if (!spool_synced(outbox->spool) && (!outbox->disk_full || clock_ms() >= outbox->disk_try_ms)) {
		enum error error = spool_sync(outbox->spool);
		if (!disk_is_full(outbox, error))
			TRY(fault_because(fault, error, SPOOL_UNWRITTEN));
	}
	if (!spool_synced(outbox->spool))
		return E_OK;
	outbox->group_batches = 0;
	outbox->group_bytes = 0;
	TRY(put_batches(outbox, fault));
	send_out(outbox);
	return E_OK;
}

/* How long to wait before the spool is settled, at most `wait` (-1: for ever). Whoever sends one event after the other
 * does not wait for that: the sync before the next batch is sent does the same. */
static int wait_to_settle(const struct outbox *outbox, int wait)
{
	uint64_t now = clock_ms();
	if (spool_count(outbox->spool) > 0 || spool_settled(outbox->spool) ||
		(outbox->disk_full && now < outbox->disk_try_ms))
		return wait;
	uint64_t due = outbox->acknowledged_ms + OUTBOX_SETTLE_MS;
	int left = due > now ? (int)(due - now) : 0;
	return wait < 0 || left < wait ? left : wait;
}

/* When there is time: acknowledgements become durable, secrets are destroyed. */
static enum error settle_spool(struct outbox *outbox, struct fault *fault)
{
	enum error error = spool_settle(outbox->spool);
	return disk_is_full(outbox, error) ? E_OK : fault_because(fault, error, SPOOL_UNWRITTEN);
}

/* ---- answers ---- */

/* The hello goes out before anything else: batches are put behind it once it is answered. */
static enum error challenged(struct outbox *outbox, struct fault *fault)
{
	compact_out(outbox); /* a ping, at most, is in it */
	struct writer w = writer_of(outbox->out + outbox->out_len, OUTBOX_OUT_BYTES - outbox->out_len);
	enum error error = client_session_hello(&outbox->session, outbox->key->secret_key, &w);
	TRY(fault_set(fault, error, "the greeting cannot be written: %s", error_text(error)));
	outbox->out_len += writer_len(&w);
	return E_OK;
}

/* Adopting first: what it signs again is what is sent on this connection. */
static enum error welcomed(struct outbox *outbox, struct fault *fault)
{
	outbox->welcomed_ms = clock_ms();
	TRY(outbox_adopt(outbox, &outbox->session.welcome, fault));
	outbox->acknowledged = spool_acknowledged(outbox->spool);
	outbox->sent_before = outbox->ever_sent;
	outbox->said[0] = '\0'; /* should it be lost again, say so again */
	outbox_compare_clocks(outbox);
	return E_OK;
}

static void keep_text(struct bytes text, char out[FAULT_TEXT_MAX + 1])
{
	size_t len = text.len < FAULT_TEXT_MAX ? text.len : FAULT_TEXT_MAX;
	if (len > 0)
		memcpy(out, text.data, len);
	out[len] = '\0';
}

static void keep_refusal(struct outbox *outbox, const struct frame_refusal *refusal)
{
	outbox->refused = true;
	outbox->refusal.frame = *refusal;
	keep_text(refusal->text, outbox->refusal.text);
	outbox->refusal.frame.text = BYTES_EMPTY;
}

/* The ledger's own text is told, since it names the limit; what passes by itself is only noticed. */
static enum error ended(struct outbox *outbox, const struct frame_error *frame, struct fault *fault)
{
	char why[FAULT_TEXT_MAX + 1];
	keep_text(frame->text, why);
	const char *text = why[0] != '\0' ? why : error_text(frame->error);
	if (frame->error == E_BAD_SIGNATURE)
		return outbox_hello_refused(outbox, text, fault);
	if (client_error_verdict(frame->error) == CLIENT_STOP)
		return fault_set(
			fault, frame->error, "the ledger ended the connection: %s%s", text, outbox_way_out(frame->error));
	outbox_line_lost(outbox, text);
	return E_OK;
}

enum error outbox_call_flush(const struct outbox *outbox, struct fault *fault)
{
	const struct outbox_calls *calls = &outbox->options.calls;
	enum error error = calls->flush != NULL ? calls->flush(calls->context) : E_OK;
	if (error == E_OK)
		return E_OK;
	return fault_set(fault, error == E_FULL ? E_IO : error, "receipts or refused messages cannot be written: %s",
		error_reason(error));
}

/* Everything received so far is settled together: one record in the spool for all its receipts. */
static enum error settle_receipts(struct outbox *outbox, struct fault *fault)
{
	TRY(outbox_filing_commit(outbox, fault));
	if (outbox->acknowledged <= spool_acknowledged(outbox->spool))
		return E_OK;
	TRY(outbox_call_flush(outbox, fault));
	size_t before = spool_count(outbox->spool);
	const struct receipt_position *position = &outbox->session.position;
	TRY(fault_because(fault,
		spool_acknowledge(outbox->spool, outbox->acknowledged, bytes_of(position->note, position->note_len)),
		SPOOL_UNWRITTEN));
	outbox->acknowledged_ms = clock_ms();
	size_t gone = before - spool_count(outbox->spool);
	outbox->sent -= gone < outbox->sent ? gone : outbox->sent;
	return E_OK;
}

/* The receipts before it are settled first: it is about the oldest batch that is left. */
static enum error bad_receipt(struct outbox *outbox, struct bytes body, enum error error, struct fault *fault)
{
	TRY(settle_receipts(outbox, fault));
	if (error == E_BAD_PROOF || error == E_BAD_CHECKPOINT)
		if (spool_keep_evidence(outbox->spool, body) != E_OK)
			outbox_notice(outbox, "the receipt that does not hold could not be kept in the spool");
	return error;
}

/* Of a batch whose receipt holds, and which is still in the spool: receipts come in its order, so it is one of the
 * oldest there. */
static enum error tell_messages(struct outbox *outbox, const struct batch_head *head, struct fault *fault)
{
	const struct outbox_calls *calls = &outbox->options.calls;
	struct spool_batch batch = {.messages = NULL};
	size_t at = 0;
	uint32_t first = 0;
	if (calls->message == NULL)
		return E_OK;
	while (at < spool_count(outbox->spool) &&
		   spool_pending(outbox->spool, at)->head.first_sequence != head->first_sequence)
		at++;
	TRY(fault_because(fault, spool_messages(outbox->spool, at, &batch), "the spool cannot be read"));
	for (size_t i = 0; i < batch.message_count; i++) {
		const struct spool_message *message = &batch.messages[i];
		if (message->number != SPOOL_NO_INPUT && message->events > 0)
			calls->message(calls->context,
				&(struct outbox_message){batch.inputs[message->input], message->number, first, message->events});
		first += message->events;
	}
	free((void *)(uintptr_t)batch.messages);
	return E_OK;
}

/* Refusals of a batch that the ledger had at its place, or others there: they say nothing of those behind it. */
static bool answers_alone(const struct client_answer *answer)
{
	enum error error = answer->refusal.error;
	return error == E_EQUIVOCATION || error == E_LOST;
}

/* One frame changes at most what is remembered of answers; the spool is written once for all that one read brought. */
static enum error take_frame(struct outbox *outbox, enum frame_type type, struct bytes body, struct fault *fault)
{
	struct client_answer answer;
	const struct outbox_calls *calls = &outbox->options.calls;
	enum error error = client_session_receive(&outbox->session, type, body, clock_ms(), &answer, fault);
	if (error != E_OK)
		return type == FRAME_RECEIPT ? bad_receipt(outbox, body, error, fault) : error;
	switch (answer.meaning) {
	case CLIENT_CHALLENGED:
		return challenged(outbox, fault);
	case CLIENT_WELCOMED:
		return welcomed(outbox, fault);
	case CLIENT_RECEIPT:
		TRY(outbox_filing_note(outbox, &answer.batch, &answer.receipt, fault));
		outbox->acknowledged = answer.batch.first_sequence + answer.batch.count;
		outbox->attempts = 0;
		outbox->policy_asked = false;
		outbox->key_asked = 0;
		if (calls->receipt != NULL)
			calls->receipt(calls->context, &answer.batch, &answer.receipt);
		return tell_messages(outbox, &answer.batch, fault);
	case CLIENT_REFUSED:
		if (answers_alone(&answer) && outbox->session.flight_count > 0) {
			outbox->singly = true; /* those behind it have answers of their own, if they come one at a time */
			if (answer.refusal.error == E_EQUIVOCATION)
				(void)outbox_came_second(outbox, answer.refusal.first_sequence);
			outbox_line_close(outbox);
			outbox->connect_at_ms = 0;
			return E_OK;
		}
		keep_refusal(outbox, &answer.refusal);
		return E_OK;
	case CLIENT_PING:
		put_small(outbox, FRAME_PONG, answer.body);
		return E_OK;
	case CLIENT_ENDED:
		return ended(outbox, &answer.error, fault);
	case CLIENT_NOTHING:
		return E_OK;
	}
	return E_OK;
}

/* All whole frames in the buffer. */
static enum error take_frames(struct outbox *outbox, struct fault *fault)
{
	size_t at = 0;
	while (outbox->fd >= 0 && outbox->in_len - at >= FRAME_HEAD_BYTES) {
		enum frame_type type;
		size_t body_bytes = 0;
		if (memcmp(outbox->in + at, "HTTP/", FRAME_HEAD_BYTES) == 0)
			return fault_set(fault, E_IO, "%s:%s answers in HTTP: it is the query port, --server wants the ingest port",
				outbox->host, outbox->port);
		if (outbox->in[at] == 0x15 && outbox->in[at + 1] == 0x03) /* an alert, RFC 8446 5.1 */
			return fault_set(
				fault, E_IO, "%s:%s speaks TLS: give the server as tls://HOST:PORT", outbox->host, outbox->port);
		enum error error = frame_head_decode(bytes_of(outbox->in + at, FRAME_HEAD_BYTES), &type, &body_bytes);
		if (error == E_OK && body_bytes > CLIENT_FRAME_BYTES_MAX)
			error = E_FRAME_TOO_LONG;
		TRY(fault_set(fault, error, "what answers at %s:%s does not speak the ledger's protocol: %s", outbox->host,
			outbox->port, error_text(error)));
		if (outbox->in_len - at - FRAME_HEAD_BYTES < body_bytes)
			break;
		TRY(take_frame(outbox, type, bytes_of(outbox->in + at + FRAME_HEAD_BYTES, body_bytes), fault));
		at += FRAME_HEAD_BYTES + body_bytes;
	}
	if (outbox->fd < 0)
		return E_OK;
	outbox->in_len -= at;
	memmove(outbox->in, outbox->in + at, outbox->in_len);
	return E_OK;
}

/* Everything in flight is answered, or will never be: the refusal stands. */
static bool refusal_is_due(const struct outbox *outbox)
{
	return outbox->refused && (outbox->session.state == CLIENT_OPEN || outbox->fd < 0);
}

static enum error receive(struct outbox *outbox, struct fault *fault)
{
	enum error error = E_OK;
	while (error == E_OK && outbox->fd >= 0) {
		size_t room = OUTBOX_IN_BYTES - outbox->in_len;
		ssize_t n = outbox_line_recv(outbox, outbox->in + outbox->in_len, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n == 0)
			outbox_line_ended(outbox);
		else if (n < 0)
			error = outbox_line_failed(outbox, errno, fault);
		if (n <= 0)
			break;
		outbox->in_len += (size_t)n;
		error = take_frames(outbox, fault);
		if ((size_t)n < room && outbox->line == NULL) /* TLS has more in hand than the socket shows */
			break;
	}
	TRY(settle_receipts(outbox, fault)); /* what was proven before an error stays proven */
	TRY(error);
	return refusal_is_due(outbox) ? outbox_act_on_refusal(outbox, fault) : E_OK;
}

/* ---- one turn ---- */

/* Until when nothing happens by itself. */
static int wait_ms(struct outbox *outbox, bool was_ready, int timeout_ms)
{
	uint32_t wait = timeout_ms < 0 ? UINT32_MAX : (uint32_t)timeout_ms;
	uint32_t next = UINT32_MAX;
	uint64_t now = clock_ms();
	if (outbox->disk_full)
		wait = wait < OUTBOX_DISK_RETRY_MS ? wait : OUTBOX_DISK_RETRY_MS;
	if (outbox->fd < 0) {
		next = outbox->connect_at_ms <= now ? 0 : (uint32_t)(outbox->connect_at_ms - now);
	} else {
		bool give_up = false;
		client_session_moved(&outbox->session, outbox_line_gone(outbox), now);
		if (client_session_timer(&outbox->session, now, &give_up, &next))
			/* An HTTP server that waits for the end of a request says so after this. */
			put_small(outbox, FRAME_PING, BYTES_LITERAL("\r\n\r\n"));
		if (give_up) {
			outbox_line_lost(
				outbox, outbox->session.state == CLIENT_CONNECTED ? "what listens there says nothing" : "no answer");
			next = 0;
		}
	}
	if (!was_ready && outbox_ready(outbox))
		wait = 0;
	if (next < wait)
		wait = next;
	return wait > INT32_MAX ? -1 : (int)wait;
}

static enum error turn(struct outbox *outbox, int input_fd, bool *input_ready, int timeout_ms, struct fault *fault)
{
	outbox_look(outbox);
	outbox_filing_look(outbox);
	bool was_ready = outbox_ready(outbox);
	if (refusal_is_due(outbox))
		TRY(outbox_act_on_refusal(outbox, fault));
	if (outbox->fd < 0 && outbox->connect_at_ms <= clock_ms())
		TRY(outbox_line_connect(outbox, fault));
	TRY(sync_and_send(outbox, fault));
	int wait = wait_ms(outbox, was_ready, timeout_ms);
	wait = wait_to_settle(outbox, wait);
	send_out(outbox); /* a ping */
	struct pollfd fds[2] = {
		{.fd = outbox->fd, .events = outbox_line_waits(outbox)}, {.fd = input_fd, .events = POLLIN}};
	int happened = poll(fds, 2, wait);
	if (happened < 0 && errno != EINTR)
		return fault_set(fault, E_IO, "poll: %m");
	if (input_ready != NULL)
		*input_ready = (fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
	bool connects = outbox->fd >= 0 && outbox->connecting && fds[0].revents != 0;
	if (connects)
		outbox_line_connected(outbox);
	if (outbox->fd >= 0 && (connects ? outbox->line != NULL : (fds[0].revents & outbox_line_reads(outbox)) != 0))
		TRY(receive(outbox, fault)); /* of TLS it is this that begins the handshake */
	TRY(sync_and_send(outbox, fault));
	outbox_look(outbox);
	return happened == 0 && wait_to_settle(outbox, -1) == 0 ? settle_spool(outbox, fault) : E_OK;
}

/* Where the spool's disk is full nothing is forgotten. What was about to be noted in it comes again with the next
 * connection, whose welcome says where the ledger stands. */
enum error outbox_poll(struct outbox *outbox, int input_fd, bool *input_ready, int timeout_ms, struct fault *fault)
{
	enum error error = turn(outbox, input_fd, input_ready, timeout_ms, fault);
	if (!disk_is_full(outbox, error == E_FULL ? E_FULL : E_NOT_FOUND))
		return error;
	outbox_line_close(outbox);
	outbox->connect_at_ms = outbox->disk_try_ms;
	return E_OK;
}
