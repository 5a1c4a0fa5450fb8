#include "tests/lib/fake_ledger.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

void fake_make(struct fake *fake, struct fixture *fixture)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	memset(fake, 0, sizeof *fake);
	fake->fixture = fixture;
	fake->fd = -1;
	fake->window_batches = 8;
	fake->in = malloc(2 * FRAME_BYTES_MAX);
	fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(fake->listener, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(listen(fake->listener, 8), 0);
	ck_assert_int_eq(getsockname(fake->listener, (struct sockaddr *)&address, &len), 0);
	snprintf(fake->address, sizeof fake->address, "127.0.0.1:%u", ntohs(address.sin_port));
	fake->epoll = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN};
	ck_assert_int_eq(epoll_ctl(fake->epoll, EPOLL_CTL_ADD, fake->listener, &event), 0);
}

void fake_hang_up(struct fake *fake)
{
	if (fake->fd >= 0)
		close(fake->fd);
	fake->fd = -1;
	fake->in_len = 0;
	for (uint32_t i = 0; i < fake->held_count; i++)
		free((void *)(uintptr_t)fake->held[i].data);
	fake->held_count = 0;
}

void fake_remove(struct fake *fake)
{
	fake_hang_up(fake);
	close(fake->listener);
	close(fake->epoll);
	free(fake->in);
}

static void fake_send(struct fake *fake, const struct writer *w)
{
	ck_ok(w->error);
	ssize_t n = send(fake->fd, w->start, writer_len(w), MSG_NOSIGNAL);
	ck_assert(n < 0 || n == (ssize_t)writer_len(w)); /* the sender may be gone */
}

static void fake_refuse(struct fake *fake, uint64_t first, enum error error, uint32_t event)
{
	uint8_t buffer[512];
	struct sender sender;
	struct writer w = writer_of(buffer, sizeof buffer);
	ck_ok(ledger_sender(fake->fixture->ledger, 1, &sender));
	struct frame_refusal refusal = {first, sender.next_sequence, error, event, BYTES_LITERAL("because")};
	ck_ok(frame_refusal_encode(&refusal, &w));
	fake_send(fake, &w);
	fake->refusing = true;
}

static void fake_answer(struct fake *fake, const struct appended *appended)
{
	uint8_t buffer[RECEIPT_BYTES_MAX + FRAME_HEAD_BYTES];
	uint8_t body[RECEIPT_BYTES_MAX];
	struct writer b = writer_of(body, sizeof body);
	struct appended claim = *appended;
	struct bytes encoded;
	ck_ok(ledger_receipt(fake->fixture->ledger, &claim, fake->old_size, &b));
	ck_ok(writer_done(&b, &encoded));
	if (fake->fault == FAKE_BAD_RECEIPT)
		put_u64(body + 12, appended->first_index - 1);
	struct writer w = writer_of(buffer, sizeof buffer);
	frame_head_encode(FRAME_RECEIPT, encoded.len, &w);
	writer_bytes(&w, encoded);
	fake_send(fake, &w);
	struct checkpoint checkpoint;
	struct bytes note;
	ledger_checkpoint(fake->fixture->ledger, &checkpoint, &note);
	fake->old_size = checkpoint.size;
}

/* Is freed with the batch. */
static void fake_batch(struct fake *fake, struct bytes body)
{
	struct reader r = reader_of(body);
	struct batch_head head;
	struct sender sender;
	struct appended appended;
	struct fault fault = {0};
	batch_head_decode(&r, &head);
	ck_ok(ledger_sender(fake->fixture->ledger, 1, &sender));
	fake->batches++;
	if (fake->refusing && head.first_sequence > sender.next_sequence) {
		fake->holes++;
		fake_refuse(fake, head.first_sequence, E_SEQUENCE_HOLE, FAULT_NO_EVENT);
		return;
	}
	fake->refusing = false;
	if (fake->fault == FAKE_REFUSES_EVENT && fake->at >= head.first_sequence &&
		fake->at < head.first_sequence + head.count) {
		fake->fault = FAKE_HONEST;
		bool named = error_blame(fake->error) == BLAME_SENDER;
		fake_refuse(fake, head.first_sequence, fake->error,
			named ? (uint32_t)(fake->at - head.first_sequence) : FAULT_NO_EVENT);
		return;
	}
	enum error error = fixture_take(fake->fixture, body, &appended, &fault);
	if (error != E_OK) {
		fake_refuse(fake, head.first_sequence, error, fault.event);
		return;
	}
	fake->repeated += appended.repeated;
	if (fake->fault == FAKE_DROPS_AFTER_COMMIT) {
		fake->fault = FAKE_HONEST;
		fake_hang_up(fake);
		return;
	}
	fake_answer(fake, &appended);
}

static void fake_end(struct fake *fake, enum error error)
{
	uint8_t buffer[256];
	struct writer w = writer_of(buffer, sizeof buffer);
	struct frame_error frame = {error, BYTES_LITERAL("go away")};
	ck_ok(frame_error_encode(&frame, &w));
	fake_send(fake, &w);
	fake_hang_up(fake);
}

static void fake_challenge(struct fake *fake)
{
	uint8_t buffer[512];
	struct writer w = writer_of(buffer, sizeof buffer);
	const struct vkey *log = ledger_vkey(fake->fixture->ledger);
	fake->challenge = (struct frame_challenge){.version = PROTOCOL_VERSION, .origin = bytes_text(log->name)};
	memcpy(fake->challenge.log_key, log->public_key, sizeof fake->challenge.log_key);
	randombytes_buf(fake->challenge.nonce, sizeof fake->challenge.nonce);
	ck_ok(frame_challenge_encode(&fake->challenge, &w));
	fake_send(fake, &w);
}

static void fake_hello(struct fake *fake, struct bytes body)
{
	uint8_t buffer[2048];
	struct writer w = writer_of(buffer, sizeof buffer);
	struct frame_hello hello;
	struct sender sender;
	ck_ok(frame_hello_decode(body, &hello));
	ck_assert_uint_eq(hello.version, PROTOCOL_VERSION);
	ck_assert_uint_eq(hello.sender, 1);
	ck_assert(bytes_equal(hello.origin, BYTES_LITERAL(FIXTURE_ORIGIN)));
	ck_ok(ledger_sender(fake->fixture->ledger, 1, &sender));
	fake->hellos++;
	if (hello_verify(&fake->challenge, &hello, sender.public_key) != E_OK) {
		fake_end(fake, E_BAD_SIGNATURE);
		return;
	}
	fake->old_size = 0;
	fake->refusing = false;
	if (hello.checkpoint.len > 0 && !fake->forgiving)
		ck_ok(ledger_extends(fake->fixture->ledger, hello.checkpoint, &fake->old_size));
	fake->hello_size = fake->old_size;
	if (fake->fault == FAKE_ENDS) {
		fake->fault = FAKE_HONEST;
		fake_end(fake, fake->error);
		return;
	}
	struct frame_welcome welcome = {.version = PROTOCOL_VERSION,
		.next_sequence = sender.next_sequence,
		.ledger_time_s = fake->fixture->now_s,
		.batch_events_max = BATCH_EVENTS_MAX,
		.batch_bytes_max = BATCH_BYTES_MAX,
		.window_batches = fake->window_batches,
		.window_bytes = CONNECTION_BYTES_MAX,
		.policy = sender.policy};
	uint8_t message[WELCOME_MESSAGE_MAX];
	struct writer m = writer_of(message, sizeof message);
	welcome_message(&fake->challenge, hello.nonce, 1, &welcome, &m);
	ledger_sign_welcome(fake->fixture->ledger, bytes_of(message, writer_len(&m)), welcome.signature);
	welcome.signature[0] ^= fake->stranger;
	ck_ok(frame_welcome_encode(&welcome, &w));
	fake_send(fake, &w);
}

void fake_release_one(struct fake *fake)
{
	ck_assert_uint_gt(fake->held_count, 0);
	fake_batch(fake, fake->held[0]);
	free((void *)(uintptr_t)fake->held[0].data);
	memmove(fake->held, fake->held + 1, --fake->held_count * sizeof fake->held[0]);
}

void fake_release(struct fake *fake)
{
	fake->holding = false;
	for (uint32_t i = 0; i < fake->held_count && fake->fd >= 0; i++) {
		fake_batch(fake, fake->held[i]);
		free((void *)(uintptr_t)fake->held[i].data);
		fake->held[i].data = NULL;
	}
	fake->held_count = 0;
}

static void fake_frame(struct fake *fake, enum frame_type type, struct bytes body)
{
	if (type == FRAME_HELLO) {
		fake_hello(fake, body);
		return;
	}
	if (type == FRAME_PONG) {
		fake->pongs++;
		snprintf(fake->pong, sizeof fake->pong, "%.*s", (int)body.len, (const char *)body.data);
		return;
	}
	ck_assert_int_eq(type, FRAME_BATCH);
	uint8_t *copy = malloc(body.len);
	memcpy(copy, body.data, body.len);
	if (fake->holding) {
		ck_assert_uint_lt(fake->held_count, 64);
		fake->held[fake->held_count++] = bytes_of(copy, body.len);
		if (fake->held_count > fake->held_max)
			fake->held_max = fake->held_count;
		return;
	}
	fake_batch(fake, bytes_of(copy, body.len));
	free(copy);
}

void fake_step(struct fake *fake)
{
	int fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0) {
		fake_hang_up(fake);
		fake->fd = fd;
		struct epoll_event event = {.events = EPOLLIN};
		ck_assert_int_eq(epoll_ctl(fake->epoll, EPOLL_CTL_ADD, fd, &event), 0);
		fake_challenge(fake);
	}
	if (fake->fd < 0)
		return;
	ssize_t n = recv(fake->fd, fake->in + fake->in_len, 2 * FRAME_BYTES_MAX - fake->in_len, MSG_DONTWAIT);
	if (n == 0)
		fake_hang_up(fake);
	if (n <= 0)
		return;
	fake->in_len += (size_t)n;
	size_t at = 0;
	while (fake->fd >= 0 && fake->in_len - at >= FRAME_HEAD_BYTES) {
		enum frame_type type;
		size_t len = 0;
		ck_ok(frame_head_decode(bytes_of(fake->in + at, FRAME_HEAD_BYTES), &type, &len));
		if (fake->in_len - at - FRAME_HEAD_BYTES < len)
			break;
		fake_frame(fake, type, bytes_of(fake->in + at + FRAME_HEAD_BYTES, len));
		at += FRAME_HEAD_BYTES + len;
	}
	if (fake->fd >= 0) {
		fake->in_len -= at;
		memmove(fake->in, fake->in + at, fake->in_len);
	}
}
