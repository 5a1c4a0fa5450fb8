/* What a ledger may send to a sender: whatever it is, the session keeps its own count of what is in flight. */
#include "ingest/wire/client_session.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_key(struct vkey *out, uint8_t secret_key[64])
{
	uint8_t seed[32], public_key[32];
	memset(seed, 1, sizeof seed);
	crypto_sign_seed_keypair(public_key, secret_key, seed);
	enum error error = vkey_make("ledger.example/2026", NOTE_KEY_ED25519, public_key, out);
	assert(error == E_OK);
}

static void send_some(struct client_session *session, uint64_t *sequence)
{
	while (session->flight_count < 4 && client_session_may_send(session, 100)) {
		struct batch_head head = {.kind = BATCH_EVENT, .sender = 3, .first_sequence = *sequence, .count = 5};
		client_session_sent(session, &head, 100);
		*sequence += 5;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct client_session session;
	static struct client_answer answer;
	static uint8_t hello[512];
	struct vkey vkey;
	struct fault fault;
	uint64_t sequence = 0;
	if (sodium_init() < 0)
		return 0;
	uint8_t secret_key[64];
	make_key(&vkey, secret_key);
	enum error error = client_session_init(&session, &vkey, 3, BYTES_EMPTY);
	assert(error == E_OK);
	client_session_start(&session, 0);
	struct reader r = reader_of(bytes_of(data, size));
	while (session.state != CLIENT_CLOSED) {
		enum frame_type type;
		size_t body_bytes = 0;
		struct bytes head = reader_bytes(&r, FRAME_HEAD_BYTES);
		if (r.error != E_OK || frame_head_decode(head, &type, &body_bytes) != E_OK)
			break;
		struct bytes body = reader_bytes(&r, body_bytes);
		if (r.error != E_OK)
			break;
		send_some(&session, &sequence);
		uint32_t before = session.flight_count;
		error = client_session_receive(&session, type, body, 0, &answer, &fault);
		assert(error == E_OK || session.state == CLIENT_CLOSED);
		if (error == E_OK && answer.meaning == CLIENT_CHALLENGED) {
			struct writer w = writer_of(hello, sizeof hello);
			error = client_session_hello(&session, secret_key, &w);
			assert(error == E_OK);
			/* No input can sign: what a welcome opens is looked at all the same. */
			session.state = CLIENT_OPEN;
			session.welcome = (struct frame_welcome){.window_batches = 4, .window_bytes = 1000};
		}
		assert(session.flight_count <= before && before - session.flight_count <= 1);
		assert(session.flight_bytes == 100 * (size_t)session.flight_count);
		assert(session.state != CLIENT_DRAINING || session.flight_count > 0);
	}
	return 0;
}
