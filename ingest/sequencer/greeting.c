/* Hellos, off the network thread: is it the registered key, and does the log extend what the sender saw last? And
 * the welcome, which is the log's own word.
 *
 *   hello ─► the registered key's? ─► its checkpoint extended? ─► may anything be signed now? ─► welcome
 *              │ no: refused, but        │ no: an older store was put back: ingest stops
 *              └─ its checkpoint too ────┘
 *
 * What can fail: a sender that is none (one answer for all reasons, at the same cost), a checkpoint that is not this
 * log's (refused, nothing follows from it), and the roll-back. That is the one finding that outlives the process:
 * the checkpoint itself is written to DIR/evidence, and the next start refuses while it is there (ledger_open).
 * Where it cannot be written it waits in memory, is told as an alarm, and is tried again on the beat and once more
 * at the end. */
#include "ingest/sequencer/sequencer_state.h"
#include "ingest/wire/handshake.h"
#include "ingest/wire/session.h"
#include "ledger/base/clock.h"
#include "ledger/base/evidence.h"
#include "ledger/base/thread.h"
#include "ledger/store/place.h"

#include <inttypes.h>
#include <stdio.h>

/* A checkpoint that this log signed and the store does not extend. */
struct shown {
	struct shown *next;
	uint32_t sender;
	uint64_t size;
	size_t len;
	uint8_t note[];
};

/* What proves the roll-back is kept. There is one file for each checkpoint, however often it is presented. */
static bool write_evidence(struct sequencer *s, uint32_t sender, struct bytes note, uint64_t size)
{
	char name[64];
	OWNED_FD dir_fd = place_open(s->options.dir);
	OWNED_FD folder_fd = dir_fd < 0 ? -1 : evidence_folder(dir_fd);
	snprintf(name, sizeof name, DOOR_SHOWN_BY_SENDER "%" PRIu64 "-sender-%" PRIu32, size, sender);
	return folder_fd >= 0 && evidence_keep(folder_fd, name, sizeof name, note) == E_OK;
}

/* Where it cannot be written (a full disk) it waits in memory for the next beat: it may never be shown again, and
 * without it a restart would forget that the store is an older one. */
static void remember(struct sequencer *s, uint32_t sender, struct bytes note, uint64_t size)
{
	struct shown **link = &s->shown;
	unsigned count = 0;
	for (; *link != NULL; link = &(*link)->next, count++)
		if ((*link)->sender == sender && (*link)->size == size)
			return;
	struct shown *shown = count < SHOWN_MAX ? malloc(sizeof *shown + note.len) : NULL;
	if (shown == NULL)
		return;
	*shown = (struct shown){.sender = sender, .size = size, .len = note.len};
	memcpy(shown->note, note.data, note.len);
	*link = shown;
}

/* Under `unwritten`: what is told of it. */
static void note_unwritten(struct sequencer *s, bool so)
{
	if (!health_set(s->health, STATUS_EVIDENCE, so))
		return;
	if (so)
		fprintf(stderr,
			"indsigt-ingestd: ALARM: the evidence cannot be written to %s/evidence, and a restart would forget that "
			"the store is an older one; make room or mend the directory, it is tried again until then\n",
			s->options.dir);
	else
		fprintf(stderr, "indsigt-ingestd: the evidence is written to %s/evidence\n", s->options.dir);
}

/* Where there was no memory for an earlier one nothing waits, and what is written now says it as well. */
static void keep_evidence(struct sequencer *s, uint32_t sender, struct bytes note, uint64_t size)
{
	LOCKED(&s->unwritten);
	bool kept = write_evidence(s, sender, note, size);
	if (!kept) {
		remember(s, sender, note, size);
		s->shown_ms = clock_ms();
	}
	if (!kept || s->shown == NULL)
		note_unwritten(s, !kept);
}

/* Up to the first that cannot be written: the disk that refused it refuses the next one, too. */
static void write_shown(struct sequencer *s)
{
	while (s->shown != NULL) {
		struct shown *shown = s->shown;
		if (!write_evidence(s, shown->sender, bytes_of(shown->note, shown->len), shown->size))
			return;
		s->shown = shown->next;
		free(shown);
	}
}

void greeting_beat(struct sequencer *s)
{
	LOCKED(&s->unwritten);
	if (s->shown != NULL && clock_ms() - s->shown_ms >= RETRY_MS) {
		s->shown_ms = clock_ms();
		write_shown(s);
		if (s->shown == NULL)
			note_unwritten(s, false);
	}
}

/* The last chance: what is in no file when the process ends is known to nobody but the sender. */
void greeting_end(struct sequencer *s)
{
	LOCKED(&s->unwritten);
	write_shown(s);
	if (s->shown != NULL)
		fprintf(stderr,
			"indsigt-ingestd: ALARM: the evidence that an older store was put back is in no file, and is lost with "
			"this process; do not start this ledger before the newest store is back, see 'indsigt help recovery'\n");
}

void greeting_free(struct sequencer *s)
{
	greeting_end(s);
	while (s->shown != NULL) {
		struct shown *shown = s->shown;
		s->shown = shown->next;
		free(shown);
	}
}

/* Whoever shows it: the log's own signature is what counts. Only of senders that are known there is a file for each
 * checkpoint and sender; one that others brought is kept if it is the first. */
static void halt(struct sequencer *s, const struct job *job, bool proven, struct bytes note)
{
	struct checkpoint checkpoint = {0};
	bool first = !atomic_exchange(&s->halted, true);
	char who[48] = "somebody who is not registered";
	health_set(s->health, STATUS_HALTED, true);
	if (proven)
		snprintf(who, sizeof who, "sender %" PRIu32, job->sender);
	if (first)
		fprintf(stderr,
			"indsigt-ingestd: ALARM: %s holds a checkpoint of this log that the store does not extend. "
			"An older store was put back. Ingest has stopped; see 'indsigt help recovery'.\n",
			who);
	if (!proven && !first)
		return;
	if (checkpoint_verify(note, ledger_vkey(s->options.ledger), &checkpoint) == E_OK)
		keep_evidence(s, proven ? job->sender : 0, note, checkpoint.size);
}

/* As the network thread sent it. */
static struct frame_challenge challenge_of(struct sequencer *s, const struct job *job)
{
	const struct vkey *log = ledger_vkey(s->options.ledger);
	struct frame_challenge challenge = {.version = PROTOCOL_VERSION, .origin = bytes_text(log->name)};
	memcpy(challenge.nonce, job->challenge, sizeof challenge.nonce);
	memcpy(challenge.log_key, log->public_key, sizeof challenge.log_key);
	return challenge;
}

/* Only of who has proven to be this sender: what is registered of it is told to nobody else here. */
static enum error check_certificate(const struct job *job, const struct mandate *mandate)
{
	return mandate_takes_line(mandate, job->has_certificate ? job->certificate.b : NULL) ? E_OK : E_CERTIFICATE;
}

/* One answer for a key that was never registered, one that was rotated away, and a number that nobody has. */
static enum error prove(struct sequencer *s, const struct job *job, const struct frame_hello *hello)
{
	const struct frame_challenge challenge = challenge_of(s, job);
	struct sender sender;
	/* A number that nobody has costs the same time: it would tell which ones are somebody's. */
	bool known = ledger_sender(s->options.ledger, job->sender, &sender) == E_OK;
	enum error error = hello_verify(&challenge, hello, known ? sender.public_key : challenge.log_key);
	if (!known)
		return E_BAD_SIGNATURE;
	return error ?: check_certificate(job, &sender.mandate);
}

/* The checkpoint is looked at whoever shows it: the sender's registration may be among what an older store lacks. */
void greeting_look_up(struct sequencer *s, struct job *job)
{
	uint64_t size = 0;
	struct frame_hello hello;
	enum error error = frame_hello_decode(bytes_of(job->body, job->body_bytes), &hello);
	enum error extends = E_OK;
	if (error == E_OK)
		error = prove(s, job, &hello);
	if (error == E_BAD_SIGNATURE)
		fault_set(&job->fault, error,
			"the sender is not registered here under this id and key; after 'indsigt sender rotate' only the new key "
			"file is good, else see 'indsigt sender add'");
	if (error == E_CERTIFICATE)
		fault_set(&job->fault, error,
			"this sender's registration names client certificates, and this line has shown none of them; give one with "
			"--tls-cert and --tls-key, to a ledger at tls://");
	if (hello.checkpoint.len > 0 && (error == E_OK || error == E_BAD_SIGNATURE))
		extends = ledger_extends(s->options.ledger, hello.checkpoint, &size);
	if (extends == E_ROLLED_BACK)
		halt(s, job, error == E_OK, hello.checkpoint);
	if (error == E_OK)
		error = extends;
	if (atomic_load(&s->halted))
		error = E_ROLLED_BACK;
	/* Better no welcome than one with a time that may be wrong: the sender tries again. */
	if (error == E_OK)
		error = ledger_now(s->options.ledger, &job->ledger_time_s, NULL);
	if (error == E_ROLLED_BACK)
		job->fault.text[0] = '\0';
	job->error = error;
	job->number = size;
}

/* The log's own word, for this hello alone. Batches of an earlier connection may have been stored since the look-up. */
enum error greeting_welcome(struct sequencer *s, struct job *job)
{
	const struct frame_challenge challenge = challenge_of(s, job);
	struct frame_hello hello;
	struct frame_welcome welcome;
	struct sender sender;
	uint8_t buffer[WELCOME_MESSAGE_MAX];
	struct bytes message;
	TRY(frame_hello_decode(bytes_of(job->body, job->body_bytes), &hello));
	TRY(ledger_sender(s->options.ledger, job->sender, &sender));
	if (atomic_load(&s->halted))
		return E_ROLLED_BACK;
	TRY(check_certificate(job, &sender.mandate)); /* it may have changed since the look-up */
	job->events_per_second = sender.mandate.events_per_second;
	job->bytes_per_second = sender.mandate.bytes_per_second;
	session_welcome(&sender, job->ledger_time_s, &welcome);
	struct writer w = writer_of(buffer, sizeof buffer);
	welcome_message(&challenge, hello.nonce, job->sender, &welcome, &w);
	TRY(writer_done(&w, &message));
	ledger_sign_welcome(s->options.ledger, message, welcome.signature);
	w = writer_of(buffer, sizeof buffer);
	frame_welcome_fields(&welcome, &w);
	writer_bytes(&w, BYTES_ARRAY(welcome.signature));
	TRY(writer_done(&w, &message));
	return job_answer(job, message);
}
