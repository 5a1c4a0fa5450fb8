#include "tests/lib/newer.h"

#include "ingest/sequencer/job.h"
#include "ingest/wire/handshake.h"
#include "ledger/note/note_sign.h"
#include "ledger/write/ledger_state.h"

#include <sys/stat.h>

/* `checkpoint`: what it has of the log. */
static struct job *hello_with(const struct fixture *f, struct bytes checkpoint)
{
	struct job *job = job_new(JOB_HELLO, 1);
	struct frame_challenge challenge = {.version = PROTOCOL_VERSION, .origin = bytes_text(f->vkey.name)};
	struct frame_hello hello = {
		.version = PROTOCOL_VERSION, .sender = 1, .origin = challenge.origin, .checkpoint = checkpoint};
	memcpy(challenge.log_key, f->vkey.public_key, sizeof challenge.log_key);
	memcpy(challenge.nonce, job->challenge, sizeof challenge.nonce);
	hello_sign(&challenge, f->secret_key, &hello);
	size_t room = FRAME_HEAD_BYTES + WELCOME_MESSAGE_MAX + NOTE_BYTES_MAX;
	uint8_t *frame = malloc(room);
	struct writer w = writer_of(frame, room);
	ck_ok(frame_hello_encode(&hello, &w));
	job->sender = 1;
	job->seat = seat_new();
	job->body_bytes = writer_len(&w) - FRAME_HEAD_BYTES;
	memmove(frame, frame + FRAME_HEAD_BYTES, job->body_bytes);
	job->body = frame;
	return job;
}

struct job *first_hello(const struct fixture *f)
{
	return hello_with(f, BYTES_EMPTY);
}

struct job *newer_hello(const struct fixture *f)
{
	uint8_t note[NOTE_BYTES_MAX];
	struct checkpoint checkpoint = {.size = 1000000};
	struct bytes signed_note;
	struct writer w = writer_of(note, sizeof note);
	strcpy(checkpoint.origin, f->vkey.name);
	ck_ok(checkpoint_sign(&checkpoint, &f->vkey, f->ledger->secrets->log_secret, &w));
	ck_ok(writer_done(&w, &signed_note));
	return hello_with(f, signed_note);
}

void bar_evidence(const struct fixture *f, bool bar)
{
	char path[128];
	snprintf(path, sizeof path, "%s/evidence", f->dir);
	if (!bar) {
		ck_assert_int_eq(unlink(path), 0);
		return;
	}
	FILE *file = fopen(path, "wx");
	ck_assert_ptr_nonnull(file);
	fclose(file);
}

bool evidence_is_kept(const struct fixture *f)
{
	char path[160];
	struct stat info;
	snprintf(path, sizeof path, "%s/evidence/rolled-back-1000000-sender-1", f->dir);
	return stat(path, &info) == 0;
}
