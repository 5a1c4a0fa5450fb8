#include "tests/lib/fixture.h"

#include "ledger/tree/merkle.h"

#include <time.h>

void fixture_open(struct fixture *fixture)
{
	struct fault fault = {0};
	enum error error = ledger_open(fixture->dir, NULL, &fixture->ledger, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	ck_ok(preparer_open(fixture->ledger, &fixture->preparer, &fault));
}

void fixture_close(struct fixture *fixture)
{
	preparer_close(fixture->preparer);
	ledger_close(fixture->ledger);
	fixture->preparer = NULL;
	fixture->ledger = NULL;
}

void fixture_register(struct fixture *fixture, uint32_t id, const char *org, const char *name)
{
	uint8_t message[SENDER_ENTRY_BYTES_MAX];
	struct bytes to_sign;
	struct fault fault = {0};
	struct entry_sender entry = {.action = SENDER_REGISTER,
		.follows = FOLLOWS_NOTHING,
		.sender = id,
		.policy = fixture->policy,
		.mandate = fixture->mandate};
	strcpy(entry.org, org);
	strcpy(entry.name, name);
	strcpy(entry.mandate.reports_for, strcmp(org, FIXTURE_ORG) != 0 ? "cvr:1 cvr:2 " FIXTURE_ORG : "cvr:1 cvr:2");
	memcpy(entry.public_key, fixture->public_key, 32);
	struct writer w = writer_of(message, sizeof message);
	ck_ok(sender_message(FIXTURE_ORIGIN, &entry, &w));
	ck_ok(writer_done(&w, &to_sign));
	crypto_sign_detached(entry.signature, NULL, to_sign.data, to_sign.len, fixture->secret_key);
	ck_ok(ledger_begin(fixture->ledger, &fault));
	ck_ok(ledger_append_sender(fixture->ledger, &entry, &fault));
	ck_ok(ledger_commit(fixture->ledger, &fault));
	fixture->sender = id;
}

void fixture_revoke(struct fixture *fixture, uint32_t id, bool compromised)
{
	struct sender sender;
	struct fault fault = {0};
	ck_ok(ledger_sender(fixture->ledger, id, &sender));
	struct entry_sender entry = {.action = SENDER_REVOKE,
		.follows = sender.version,
		.change = sender.changes + 1,
		.sender = id,
		.policy = sender.policy,
		.mandate = sender.mandate,
		.compromised = compromised};
	strcpy(entry.org, sender.org);
	strcpy(entry.name, sender.name);
	memcpy(entry.public_key, sender.public_key, 32);
	ck_ok(ledger_begin(fixture->ledger, &fault));
	enum error error = ledger_append_sender(fixture->ledger, &entry, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	ck_ok(ledger_commit(fixture->ledger, &fault));
}

uint64_t fixture_follows(struct fixture *fixture, enum sender_action action, uint32_t id)
{
	struct sender sender;
	if (action == SENDER_REGISTER)
		return FOLLOWS_NOTHING;
	ck_ok(ledger_sender(fixture->ledger, id, &sender));
	return sender.version;
}

uint32_t fixture_change(struct fixture *fixture, enum sender_action action, uint32_t id)
{
	struct sender sender;
	if (action == SENDER_REGISTER)
		return 0;
	ck_ok(ledger_sender(fixture->ledger, id, &sender));
	return sender.changes + 1;
}

void fixture_make(struct fixture *fixture)
{
	struct fault fault = {0};
	memset(fixture, 0, sizeof *fixture);
	place_make(&fixture->place);
	snprintf(fixture->dir, sizeof fixture->dir, "%s/ledger", fixture->place.path);
	enum error error = ledger_create(fixture->dir, FIXTURE_ORIGIN, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	ck_ok(place_read_vkey(fixture->dir, &fixture->vkey, &fault));
	crypto_sign_keypair(fixture->public_key, fixture->secret_key);
	policy_default(&fixture->policy);
	fixture_open(fixture);
	fixture_register(fixture, 1, FIXTURE_ORG, "Aarhus Kommune");
	/* Taken last: the entries so far bear the clock's time, and none of them may lie after the fixture's. */
	fixture->now_s = (uint64_t)time(NULL);
}

void fixture_remove(struct fixture *fixture)
{
	fixture_close(fixture);
	place_remove(&fixture->place);
}

const char *fixture_subject(uint32_t number)
{
	static char id[32];
	snprintf(id, sizeof id, "cpr:01017%05u", number % 100000);
	return id;
}

static void write_event(struct fixture *fixture, struct writer *w, const struct key *secret, uint64_t sequence,
	const char *json, struct hash *commitment)
{
	static uint8_t disclosed_buffer[EVENT_BYTES_MAX];
	static uint8_t restricted_buffer[EVENT_BYTES_MAX];
	uint8_t header_buffer[HEADER_BYTES_MAX];
	char subject[SUBJECT_BYTES_MAX + 1];
	static struct event event;
	json_t *document = NULL;
	struct fault fault = {0};
	struct batch_event wire;
	enum error error = event_parse_json(bytes_text(json), fixture->policy.purpose, subject, &document, &event, &fault);
	ck_assert_msg(error == E_OK, "%s: %s", json, fault.text);
	struct writer disclosed = writer_of(disclosed_buffer, sizeof disclosed_buffer);
	struct writer restricted = writer_of(restricted_buffer, sizeof restricted_buffer);
	struct writer header = writer_of(header_buffer, sizeof header_buffer);
	error = event_encode(&event, &fixture->policy, &disclosed, &restricted, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	event_header_encode(&event.header, &header);
	ck_ok(writer_done(&disclosed, &wire.disclosed));
	ck_ok(writer_done(&restricted, &wire.restricted));
	ck_ok(writer_done(&header, &wire.header));
	json_decref(document);

	struct key own;
	struct hash c_d;
	struct hash c_r;
	event_secret(secret, sequence, &own);
	event_commit_restricted(&own, wire.restricted, &c_r);
	event_commit_disclosed(&c_r, wire.disclosed, &c_d);
	event_commitment(wire.header, &c_d, &wire.commitment);
	*commitment = wire.commitment;
	batch_event_encode(&wire, w);
}

struct bytes fixture_batch_of_json(
	struct fixture *fixture, uint64_t first_sequence, const char *const *events, uint32_t count)
{
	size_t capacity = BATCH_BYTES_MAX;
	uint8_t *body = malloc(capacity);
	struct hash *commitments = malloc((count + 1) * sizeof *commitments);
	struct batch_head head = {
		.kind = BATCH_EVENT, .sender = fixture->sender, .first_sequence = first_sequence, .count = count};
	struct key secret;
	struct hash root;
	struct bytes out;
	if (count > 0 && strstr(events[0], "\"subjects\"") != NULL)
		head.kind = BATCH_MASS;
	randombytes_buf(secret.b, sizeof secret.b);
	struct writer w = writer_of(body, capacity);
	writer_skip(&w, BATCH_HEAD_BYTES);
	writer_bytes(&w, BYTES_ARRAY(secret.b));
	for (uint32_t i = 0; i < count; i++)
		write_event(fixture, &w, &secret, first_sequence + i, events[i], &commitments[i]);
	ck_ok(writer_done(&w, &out));
	merkle_root_of_leaves(commitments, count, &root);
	batch_sign(FIXTURE_ORIGIN, &root, fixture->secret_key, &head);
	struct writer front = writer_of(body, BATCH_HEAD_BYTES);
	batch_head_encode(&head, &front);
	ck_ok(front.error);
	free(commitments);
	return out;
}

void fixture_sign_again(struct fixture *fixture, struct bytes body)
{
	static struct hash commitments[BATCH_EVENTS_MAX];
	struct batch_head head;
	struct batch_event event;
	struct hash root;
	struct reader r = reader_of(body);
	batch_head_decode(&r, &head);
	reader_bytes(&r, 32);
	for (uint32_t i = 0; i < head.count; i++) {
		batch_event_decode(&r, &event);
		commitments[i] = event.commitment;
	}
	ck_ok(reader_done(&r));
	merkle_root_of_leaves(commitments, head.count, &root);
	batch_sign(FIXTURE_ORIGIN, &root, fixture->secret_key, &head);
	struct writer front = writer_of((uint8_t *)(uintptr_t)body.data, BATCH_HEAD_BYTES);
	batch_head_encode(&head, &front);
}

struct bytes fixture_batch(
	struct fixture *fixture, uint64_t first_sequence, const uint32_t *subjects, uint32_t count, uint32_t salt)
{
	char **events = calloc(count + 1, sizeof *events);
	for (uint32_t i = 0; i < count; i++) {
		char who[64];
		if (subjects != NULL)
			snprintf(who, sizeof who, "\"subject\":\"%s\"", fixture_subject(subjects[i]));
		else
			strcpy(who, "\"subjects\":12");
		ck_assert_int_gt(
			asprintf(&events[i],
				"{%s,\"time\":\"2026-11-23T08:15:%02u.120Z\",\"action\":\"read\",\"outcome\":\"ok\","
				"\"org\":{\"id\":\"cvr:55133018\",\"name\":\"Aarhus Kommune\"},\"system\":\"KSD Sygedagpenge\","
				"\"activity\":\"Opslag "
				"%u\",\"purpose\":\"sagsbehandling\",\"actor\":{\"kind\":\"human\",\"id\":\"uuid:%u\","
				"\"name\":\"A. Jensen\",\"role\":\"sagsbehandler\"},\"objects\":[\"sag:2026-4711\"]}",
				who, i % 60, salt, i),
			0);
	}
	struct bytes body = fixture_batch_of_json(fixture, first_sequence, (const char *const *)events, count);
	for (uint32_t i = 0; i < count; i++)
		free(events[i]);
	free(events);
	return body;
}

enum error fixture_take(struct fixture *fixture, struct bytes body, struct appended *out, struct fault *fault)
{
	struct prepared *prepared = NULL;
	TRY(prepare_batch(fixture->preparer, fixture->sender, body, fixture->now_s, &prepared, fault));
	TRY(ledger_begin(fixture->ledger, fault));
	enum error error = ledger_append(fixture->ledger, prepared, out, fault);
	prepared_free(prepared);
	/* A refused batch leaves the tick as it was, but for evidence, which is kept. */
	enum error committed = ledger_commit(fixture->ledger, error == E_OK ? fault : NULL);
	return error != E_OK ? error : committed;
}

struct appended fixture_append(struct fixture *fixture, struct bytes body)
{
	struct appended appended;
	struct fault fault = {0};
	enum error error = fixture_take(fixture, body, &appended, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	free((void *)(uintptr_t)body.data);
	return appended;
}

void fixture_epoch(struct fixture *fixture)
{
	bool started;
	bool finished = false;
	struct fault fault = {0};
	ck_ok(ledger_epoch_start(fixture->ledger, &started, &fault));
	while (started && !finished)
		ck_ok(ledger_epoch_slice(fixture->ledger, &finished, &fault));
}
