#include "tests/lib/outbox_place.h"

#include "ingest/spool/sender_key.h"
#include "ledger/base/error.h"
#include "tests/lib/fixture.h"

#include <errno.h>
#include <stdarg.h>
#include <time.h>

#define MESSAGES_MAX 512

struct fixture fixture;
struct fake fake;
char key_path[96];
char spool_path[104];
struct seen seen;

void on_receipt(void *context, const struct batch_head *batch, const struct receipt *receipt)
{
	ck_assert_ptr_eq(context, &seen);
	ck_assert_uint_eq(receipt->count, batch->count);
	if (batch->first_sequence < seen.next)
		seen.repeated++;
	else if (!seen.gaps)
		ck_assert_uint_eq(batch->first_sequence, seen.next);
	seen.next = batch->first_sequence + batch->count;
	seen.receipts++;
}

void on_rejected(void *context, const struct outbox_rejection *rejection)
{
	(void)context;
	seen.rejected++;
	seen.rejected_number = rejection->number;
	seen.rejected_error = rejection->error;
	seen.rejected_events = rejection->count;
	snprintf(seen.rejected_text, sizeof seen.rejected_text, "%s", rejection->text);
	struct bytes subject = event_subject(&rejection->events[0]);
	snprintf(seen.rejected_subject, sizeof seen.rejected_subject, "%.*s", (int)subject.len, (const char *)subject.data);
	ck_assert(bytes_equal(rejection->input, BYTES_LITERAL("input")));
}

enum error on_flush(void *context)
{
	(void)context;
	seen.flushes++;
	seen.flushed_receipts = seen.receipts;
	return seen.rejected > 0 ? seen.flush_fails : E_OK;
}

void on_notice(void *context, const char *text)
{
	(void)context;
	size_t len = strlen(seen.notices);
	snprintf(seen.notices + len, sizeof seen.notices - len, "%s\n", text);
	snprintf(seen.notice, sizeof seen.notice, "%s", text);
}

static void make_key(void)
{
	struct sender_key key = {.sender = fixture.sender, .log = fixture.vkey};
	memcpy(key.public_key, fixture.public_key, 32);
	memcpy(key.secret_key, fixture.secret_key, 64);
	snprintf(key_path, sizeof key_path, "%s/key.json", fixture.place.path);
	snprintf(spool_path, sizeof spool_path, "%s.spool", key_path);
	ck_ok(sender_key_write(key_path, &key, false, NULL));
}

void begin(void)
{
	fixture_make(&fixture);
	fake_make(&fake, &fixture);
	make_key();
	memset(&seen, 0, sizeof seen);
}

void end(void)
{
	fake_remove(&fake);
	fixture_remove(&fixture);
}

struct outbox *start(uint32_t batch)
{
	struct outbox_options options = {.server = fake.address, .key_path = key_path, .batch = batch};
	options.calls = (struct outbox_calls){
		.receipt = on_receipt, .rejected = on_rejected, .flush = on_flush, .notice = on_notice, .context = &seen};
	struct outbox *outbox = NULL;
	struct fault fault = {0};
	ck_assert_msg(outbox_open(&options, &outbox, &fault) == E_OK, "%s", fault.text);
	return outbox;
}

enum error turn(struct outbox *outbox, struct fault *fault)
{
	bool ready = false;
	TRY(outbox_poll(outbox, fake.epoll, &ready, -1, fault));
	fake_step(&fake);
	return E_OK;
}

void until_ready(struct outbox *outbox)
{
	struct fault fault = {0};
	while (!outbox_ready(outbox))
		ck_assert_msg(turn(outbox, &fault) == E_OK, "%s", fault.text);
}

enum error finish(struct outbox *outbox, struct fault *fault)
{
	TRY(outbox_flush(outbox, fault));
	while (!outbox_idle(outbox))
		TRY(turn(outbox, fault));
	return E_OK;
}

void must_finish(struct outbox *outbox)
{
	struct fault fault = {0};
	ck_assert_msg(finish(outbox, &fault) == E_OK, "%s", fault.text);
}

bool passing;

enum error add(struct outbox *outbox, uint64_t n, size_t events, const char *extra)
{
	static struct event list[EVENT_SUBJECTS_MAX];
	static char subjects[EVENT_SUBJECTS_MAX][SUBJECT_BYTES_MAX + 1];
	json_t *documents[EVENT_SUBJECTS_MAX];
	struct fault fault = {0};
	char text[512];
	for (size_t i = 0; i < events; i++) {
		snprintf(text, sizeof text,
			"{\"subject\":\"%s\",\"time\":\"2026-11-23T08:15:00Z\",\"action\":\"read\",\"outcome\":\"ok\","
			"\"org\":{\"id\":\"cvr:55133018\",\"name\":\"N\"},\"system\":\"S\",\"activity\":\"%u\",\"purpose\":\"p\","
			"\"actor\":{\"kind\":\"human\",\"role\":\"r\"}%s}",
			fixture_subject((uint32_t)(n * 10 + i)), (unsigned)n, extra);
		ck_ok(event_parse_json(bytes_text(text), "", subjects[i], &documents[i], &list[i], &fault));
	}
	snprintf(text, sizeof text, "message %u", (unsigned)n);
	struct outbox_source source = {BYTES_LITERAL("input"), n, bytes_text(text), passing, 0, 0};
	bool taken = false;
	enum error error = outbox_taken(outbox, &source, &taken, &fault);
	ck_ok(error);
	if (!taken) {
		until_ready(outbox);
		error = outbox_add(outbox, list, events, &source, &fault);
	}
	for (size_t i = 0; i < events; i++)
		json_decref(documents[i]);
	return error;
}

void add_many(struct outbox *outbox, uint64_t from, uint64_t to)
{
	for (uint64_t n = from; n < to; n++)
		ck_ok(add(outbox, n, 1, ""));
}

void open_window(struct outbox *outbox)
{
	struct fault fault = {0};
	for (uint64_t n = 0; n < 8; n += 2) {
		add_many(outbox, n, n + 2);
		ck_assert_msg(finish(outbox, &fault) == E_OK, "%s", fault.text);
	}
}

uint64_t ledger_has(void)
{
	struct sender row;
	ck_ok(ledger_sender(fixture.ledger, fixture.sender, &row));
	return row.next_sequence;
}

struct entry_sender next_change(enum sender_action action, struct sender *row)
{
	ck_ok(ledger_sender(fixture.ledger, fixture.sender, row));
	struct entry_sender entry = {.action = action,
		.sender = fixture.sender,
		.follows = row->version,
		.change = row->changes + 1,
		.policy = row->policy,
		.mandate = row->mandate};
	memcpy(entry.org, row->org, sizeof entry.org);
	memcpy(entry.name, row->name, sizeof entry.name);
	memcpy(entry.public_key, row->public_key, 32);
	return entry;
}

void append_change(struct entry_sender *entry)
{
	struct fault fault = {0};
	ck_ok(ledger_begin(fixture.ledger, &fault));
	ck_ok(ledger_append_sender(fixture.ledger, entry, &fault));
	ck_ok(ledger_commit(fixture.ledger, &fault));
}

void change_policy(const char *word)
{
	struct sender row;
	struct fault fault = {0};
	struct sender_key key;
	struct entry_sender entry = next_change(SENDER_POLICY, &row);
	ck_ok(policy_apply(&entry.policy, word, &fault));
	ck_ok(sender_key_read(key_path, &key, NULL));
	ck_ok(sender_key_endorse(&key, &entry));
	ck_ok(sender_key_endorse_old(&key, &entry));
	append_change(&entry);
}
