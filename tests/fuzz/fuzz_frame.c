/* Frames: heads, and every body by its type (the first byte chooses); and whole streams through a session. */
#include "ingest/wire/session.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void bodies(struct bytes body)
{
	struct frame_challenge challenge;
	struct frame_hello hello;
	struct frame_welcome welcome;
	struct frame_refusal refusal;
	struct frame_error error;
	(void)!frame_challenge_decode(body, &challenge);
	(void)!frame_hello_decode(body, &hello);
	(void)!frame_welcome_decode(body, &welcome);
	(void)!frame_refusal_decode(body, &refusal);
	(void)!frame_error_decode(body, &error);
}

/* A session that is fed frames cut from the input; every look-up succeeds, every batch is refused. */
static void stream(struct bytes input)
{
	static uint8_t output[SESSION_OUTPUT_MAX];
	static const struct vkey log = {.name = "log.example"};
	struct session session;
	struct reader r = reader_of(input);
	struct writer challenge = writer_of(output, sizeof output);
	session_init(&session, &log, &challenge);
	while (reader_left(&r) >= FRAME_HEAD_BYTES && session.state != SESSION_CLOSING) {
		struct writer w = writer_of(output, sizeof output);
		enum frame_type type;
		size_t len;
		struct frame_refusal refusal = {.error = E_BAD_VALUE, .text = BYTES_LITERAL("x")};
		if (frame_head_decode(reader_bytes(&r, FRAME_HEAD_BYTES), &type, &len) != E_OK ||
			session_head(&session, type, len, &w) != E_OK)
			return;
		struct bytes body = reader_bytes(&r, len);
		if (r.error != E_OK)
			return;
		enum session_request request = session_frame(&session, type, body, &w);
		if (request == SESSION_LOOK_UP)
			session_looked_up(&session, E_OK, NULL, BYTES_LITERAL("welcome"), &w);
		else if (request == SESSION_SUBMIT)
			session_refusal(&session, &refusal, body.len, &w);
		assert(w.error == E_OK && session.waiting == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bodies(bytes_of(data, size));
	stream(bytes_of(data, size));
	return 0;
}
