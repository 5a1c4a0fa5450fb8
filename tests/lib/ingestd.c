#include "tests/lib/ingestd.h"

#include "ingest/wire/control_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture f;
struct fixture hostile;
static struct fixture revoked_sender;
struct fixture crowd_senders[CROWD_COUNT];
pid_t daemon_pid;
static uint16_t port;
static char log_path[96];
struct peer steady;

/* ---- the daemon ---- */

void register_sender(uint32_t id, struct fixture *out)
{
	*out = f;
	crypto_sign_keypair(out->public_key, out->secret_key);
	fixture_register(out, id, "cvr:29190623", "Region Midtjylland");
}

static void revoke_sender(uint32_t id)
{
	struct fault fault = {0};
	struct sender sender;
	ck_ok(ledger_sender(f.ledger, id, &sender));
	struct entry_sender entry = {.action = SENDER_REVOKE,
		.follows = sender.version,
		.change = sender.changes + 1,
		.sender = id,
		.policy = sender.policy};
	strcpy(entry.org, sender.org);
	strcpy(entry.name, sender.name);
	memcpy(entry.public_key, sender.public_key, sizeof entry.public_key);
	ck_ok(ledger_begin(f.ledger, &fault));
	ck_ok(ledger_append_sender(f.ledger, &entry, &fault));
	ck_ok(ledger_commit(f.ledger, &fault));
}

void ingestd_make(void)
{
	fixture_make(&f);
	snprintf(log_path, sizeof log_path, "%s/log", f.place.path);
	register_sender(HOSTILE, &hostile);
	register_sender(REVOKED, &revoked_sender);
	revoke_sender(REVOKED);
	fixture_close(&f);
}

void ingestd_start(const char *const *options)
{
	const char *program = getenv("INDSIGT_INGESTD");
	char line[128] = "";
	unsigned number = 0;
	int ends[2];
	ck_assert_ptr_nonnull(program);
	ck_assert_int_eq(pipe(ends), 0);
	const char *arguments[12] = {program, f.dir, "--listen", "127.0.0.1:0", "--epoch-seconds", "1"};
	for (size_t i = 0; options != NULL && options[i] != NULL; i++)
		arguments[6 + i] = options[i];
	daemon_pid = fork();
	if (daemon_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* with the test, when that fails */
		int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
		dup2(ends[1], STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
		close(ends[0]);
		execv(program, (char *const *)(uintptr_t)arguments);
		_exit(99);
	}
	close(ends[1]);
	ck_assert_int_gt(read(ends[0], line, sizeof line - 1), 0);
	close(ends[0]);
	ck_assert_int_eq(sscanf(line, "listening 127.0.0.1:%u\n", &number), 1);
	port = (uint16_t)number;
}

void ingestd_ended(int wanted)
{
	int status = 0;
	ck_assert_int_eq(waitpid(daemon_pid, &status, 0), daemon_pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == wanted, "status %x", (unsigned)status);
}

bool log_holds(const char *text)
{
	static char log[1 << 20];
	int fd = open(log_path, O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, log, sizeof log - 1);
	close(fd);
	ck_assert_int_ge(len, 0);
	log[len] = '\0';
	return strstr(log, text) != NULL;
}

void ingestd_stop(void)
{
	ck_assert_int_eq(kill(daemon_pid, SIGTERM), 0);
	ingestd_ended(0);
	ck_assert(!log_holds("01017"));
	ck_assert(!log_holds("Jensen"));
	ck_assert(!log_holds("Sanitizer"));
}

/* ---- a peer ---- */

void peer_connect_small(struct peer *peer, int receive_bytes)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(peer, 0, sizeof *peer);
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(peer->fd, 0);
	int on = 1;
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (receive_bytes > 0)
		setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
	ck_assert_msg(connect(peer->fd, (struct sockaddr *)&address, sizeof address) == 0, "%s", strerror(errno));
}

void peer_connect(struct peer *peer)
{
	peer_connect_small(peer, 0);
}

void peer_close(struct peer *peer)
{
	close(peer->fd);
	peer->fd = -1;
}

void peer_put(struct peer *peer, struct bytes bytes)
{
	while (bytes.len > 0) {
		struct pollfd ready = {.fd = peer->fd, .events = POLLOUT};
		ck_assert_int_eq(poll(&ready, 1, WAIT_MS), 1);
		ssize_t n = send(peer->fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			continue;
		ck_assert_msg(n > 0, "%s", strerror(errno));
		bytes.data += n;
		bytes.len -= (size_t)n;
	}
}

void peer_frame(struct peer *peer, unsigned type, struct bytes body)
{
	uint8_t head[FRAME_HEAD_BYTES];
	struct writer w = writer_of(head, sizeof head);
	frame_head_encode((enum frame_type)type, body.len, &w);
	peer_put(peer, BYTES_ARRAY(head));
	peer_put(peer, body);
}

/* Reads exactly `len` bytes; false when the connection ends before the first. */
static bool peer_take(struct peer *peer, uint8_t *out, size_t len)
{
	size_t got = 0;
	while (got < len) {
		struct pollfd ready = {.fd = peer->fd, .events = POLLIN};
		ck_assert_msg(poll(&ready, 1, WAIT_MS) == 1, "nothing came in time");
		ssize_t n = recv(peer->fd, out + got, len - got, 0);
		if (n <= 0) {
			ck_assert_msg(got == 0, "the connection ended within a frame");
			return false;
		}
		got += (size_t)n;
	}
	return true;
}

enum frame_type peer_next_type(struct peer *peer)
{
	uint8_t head[FRAME_HEAD_BYTES];
	if (!peer->kept) {
		ck_assert_msg(peer_take(peer, head, sizeof head), "the connection ended instead of an answer");
		ck_ok(frame_head_decode(BYTES_ARRAY(head), &peer->type, &peer->len));
		ck_assert_uint_le(peer->len, sizeof peer->frame);
		ck_assert(peer->len == 0 || peer_take(peer, peer->frame, peer->len));
	}
	peer->kept = true;
	return peer->type;
}

struct bytes peer_read(struct peer *peer, enum frame_type *type)
{
	*type = peer_next_type(peer);
	peer->kept = false;
	return bytes_of(peer->frame, peer->len);
}

void peer_challenge(struct peer *peer)
{
	enum frame_type type;
	if (peer->challenged)
		return;
	struct bytes body = peer_read(peer, &type);
	ck_assert_int_eq((int)type, FRAME_CHALLENGE);
	ck_ok(frame_challenge_decode(body, &peer->challenge));
	ck_assert(bytes_equal(peer->challenge.origin, BYTES_LITERAL(FIXTURE_ORIGIN)));
	ck_assert_mem_eq(peer->challenge.log_key, f.vkey.public_key, 32);
	peer->challenge.origin = BYTES_LITERAL(FIXTURE_ORIGIN);
	peer->challenged = true;
}

const uint8_t *key_of(uint32_t sender)
{
	if (sender >= CROWD && sender < CROWD + CROWD_COUNT)
		return crowd_senders[sender - CROWD].secret_key;
	return sender == HOSTILE ? hostile.secret_key : sender == REVOKED ? revoked_sender.secret_key : f.secret_key;
}

void peer_hello(struct peer *peer, uint32_t sender, const char *origin, struct bytes checkpoint)
{
	static uint8_t buffer[NOTE_BYTES_MAX + 1024];
	struct frame_hello hello = {
		.version = PROTOCOL_VERSION, .sender = sender, .origin = bytes_text(origin), .checkpoint = checkpoint};
	struct writer w = writer_of(buffer, sizeof buffer);
	peer_challenge(peer);
	hello_sign(&peer->challenge, key_of(sender), &hello);
	memcpy(peer->nonce, hello.nonce, sizeof peer->nonce);
	ck_ok(frame_hello_encode(&hello, &w));
	peer_put(peer, bytes_of(buffer, writer_len(&w)));
}

void peer_ended(struct peer *peer)
{
	uint8_t byte;
	ck_assert_msg(!peer_take(peer, &byte, 1), "something came after the end");
	peer_close(peer);
}

void text_holds(struct bytes text, const char *needle)
{
	char copy[1100];
	snprintf(copy, sizeof copy, "%.*s", (int)text.len, (const char *)text.data);
	ck_assert_msg(strstr(copy, needle) != NULL, "'%s' is not in '%s'", needle, copy);
	ck_assert_ptr_null(strstr(copy, "01017"));
}

void peer_error(struct peer *peer, enum error error, const char *needle)
{
	enum frame_type type;
	struct frame_error frame;
	if (!peer->challenged && peer_next_type(peer) == FRAME_CHALLENGE)
		peer_challenge(peer);
	struct bytes body = peer_read(peer, &type);
	ck_assert_int_eq((int)type, FRAME_ERROR);
	ck_ok(frame_error_decode(body, &frame));
	ck_assert_str_eq(error_name(frame.error), error_name(error));
	text_holds(frame.text, needle);
	peer_ended(peer);
}

struct frame_refusal peer_refusal(struct peer *peer, enum error error, const char *needle)
{
	enum frame_type type;
	struct frame_refusal frame;
	struct bytes body = peer_read(peer, &type);
	ck_assert_int_eq((int)type, FRAME_REFUSAL);
	ck_ok(frame_refusal_decode(body, &frame));
	ck_assert_str_eq(error_name(frame.error), error_name(error));
	text_holds(frame.text, needle);
	return frame;
}

struct receipt peer_receipt(struct peer *peer, struct bytes batch)
{
	enum frame_type type;
	struct receipt receipt;
	struct batch_head head;
	struct fault fault = {0};
	struct reader r = reader_of(batch);
	batch_head_decode(&r, &head);
	struct bytes body = peer_read(peer, &type);
	if (type == FRAME_REFUSAL) {
		struct frame_refusal refusal;
		ck_ok(frame_refusal_decode(body, &refusal));
		ck_abort_msg("refused: %.*s", (int)refusal.text.len, (const char *)refusal.text.data);
	}
	ck_assert_int_eq((int)type, FRAME_RECEIPT);
	ck_ok(receipt_decode(body, &receipt));
	enum error error = receipt_verify(&receipt, &f.vkey, &head, &peer->position, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	return receipt;
}

struct frame_welcome peer_open(struct peer *peer, uint32_t sender, struct bytes checkpoint)
{
	enum frame_type type;
	struct frame_welcome welcome;
	peer_connect(peer);
	peer_hello(peer, sender, FIXTURE_ORIGIN, checkpoint);
	struct bytes body = peer_read(peer, &type);
	ck_assert_int_eq((int)type, FRAME_WELCOME);
	ck_ok(frame_welcome_decode(body, &welcome));
	ck_ok(welcome_verify(&peer->challenge, peer->nonce, sender, &welcome, f.vkey.public_key));
	peer->next = welcome.next_sequence;
	return welcome;
}

void free_bytes(struct bytes bytes)
{
	free((void *)(uintptr_t)bytes.data);
}

/* ---- the steady client ---- */

void steady_goes_on(void)
{
	static const uint32_t subjects[] = {1234, 77};
	struct bytes batch = fixture_batch(&f, steady.next, subjects, 2, (uint32_t)steady.next);
	peer_frame(&steady, FRAME_BATCH, batch);
	peer_receipt(&steady, batch);
	steady.next += 2;
	free_bytes(batch);
}

void ingestd_begin(const char *const *options)
{
	ingestd_make();
	ingestd_start(options);
	peer_open(&steady, STEADY, BYTES_EMPTY);
	steady_goes_on();
}

void ingestd_end(void)
{
	steady_goes_on();
	peer_close(&steady);
	ingestd_stop();
	place_remove(&f.place);
}
