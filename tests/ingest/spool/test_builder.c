#include "ingest/spool/builder.h"
#include "ledger/event/event_json.h"
#include "ledger/tree/merkle.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

static struct sender_key key;
static struct policy policy;
static struct builder *builder;
static const struct builder_limits limits = {10, BATCH_BYTES_MAX, 0};
static const struct builder_source nowhere;

static void begin(void)
{
	uint8_t public_key[32];
	uint8_t secret_key[64];
	crypto_sign_keypair(public_key, secret_key);
	key.sender = 3;
	ck_ok(vkey_make("log.example/2026", NOTE_KEY_ED25519, public_key, &key.log));
	sender_key_generate(&key);
	policy_default(&policy);
	ck_ok(builder_new(&builder));
}

static json_t *documents[2];
static char subjects[2][SUBJECT_BYTES_MAX + 1];
static unsigned turn;

/* Valid until the next but one. */
static struct event *event_of(const char *who, const char *extra)
{
	static struct event event;
	char text[4096];
	struct fault fault = {0};
	snprintf(text, sizeof text,
		"{%s,\"time\":\"2026-11-23T08:15:00Z\",\"action\":\"read\",\"outcome\":\"ok\",\"org\":{\"id\":\"cvr:1\","
		"\"name\":\"N\"},\"system\":\"S\",\"activity\":\"A\",\"purpose\":\"p\",\"actor\":{\"kind\":\"human\",\"id\":"
		"\"i\","
		"\"role\":\"r\"}%s}",
		who, extra);
	turn = 1 - turn;
	json_decref(documents[turn]);
	documents[turn] = NULL;
	ck_assert_msg(event_parse_json(bytes_text(text), "", subjects[turn], &documents[turn], &event, &fault) == E_OK,
		"%s", fault.text);
	return &event;
}

static void end(void)
{
	builder_free(builder);
	json_decref(documents[0]);
	json_decref(documents[1]);
}

#define PERSON "\"subject\":\"cpr:0101701234\""
#define MASS "\"subjects\":12"

static enum error add_events(size_t count, const char *who, const struct builder_limits *within, struct fault *fault)
{
	static struct event list[BATCH_EVENTS_MAX + 1];
	struct event *event = event_of(who, "");
	for (size_t i = 0; i < count; i++)
		list[i] = *event;
	return builder_add(builder, list, count, &policy, within, &nowhere, fault);
}

/* Everything that the ledger will check. */
static void check_body(struct bytes body, enum batch_kind kind, uint64_t first, uint32_t count)
{
	struct reader r = reader_of(body);
	struct batch_head head;
	struct key secret;
	struct hash leaves[64];
	batch_head_decode(&r, &head);
	reader_copy(&r, secret.b, 32);
	ck_assert_int_eq((int)head.kind, (int)kind);
	ck_assert_uint_eq(head.sender, 3);
	ck_assert_uint_eq(head.first_sequence, first);
	ck_assert_uint_eq(head.count, count);
	for (uint32_t i = 0; i < count; i++) {
		struct batch_event event;
		struct event decoded;
		struct key own;
		struct hash c_d;
		struct hash c_r;
		struct fault fault = {0};
		batch_event_decode(&r, &event);
		event_secret(&secret, first + i, &own);
		event_commit_restricted(&own, event.restricted, &c_r);
		event_commit_disclosed(&c_r, event.disclosed, &c_d);
		event_commitment(event.header, &c_d, &leaves[i]);
		ck_assert(hash_equal(&leaves[i], &event.commitment));
		ck_ok(event_decode(event.disclosed, event.restricted, &policy, false, &decoded, &fault));
	}
	ck_ok(reader_done(&r));
	struct hash root;
	merkle_root_of_leaves(leaves, count, &root);
	ck_ok(batch_check_signature(key.log.name, &head, &root, key.public_key));
}

START_TEST(events_become_a_signed_batch)
{
	begin();
	struct builder_source source = {BYTES_LITERAL("a.json"), 7, {77, 0}};
	struct builder_source other = {BYTES_LITERAL("-"), 0, {78, 79}};
	struct fault fault = {0};
	ck_ok(builder_add(builder, event_of(PERSON, ""), 1, &policy, &limits, &source, &fault));
	ck_ok(builder_add(builder, event_of(PERSON, ""), 1, &policy, &limits, &other, &fault));
	ck_ok(add_events(2, PERSON, &limits, &fault));
	ck_assert_uint_eq(builder_events(builder), 4);
	ck_assert_uint_eq(builder_messages(builder), 3);
	struct spool_batch batch;
	ck_ok(builder_close(builder, &key, 1000, 0, &batch));
	check_body(batch.body, BATCH_EVENT, 1000, 4);
	ck_assert_uint_eq(batch.message_count, 3);
	ck_assert_uint_eq(batch.input_count, 2);
	ck_assert_uint_eq(batch.messages[0].number, 7);
	ck_assert_uint_eq(batch.messages[0].identity.hash, 77);
	ck_assert_uint_eq(batch.messages[1].events, 1);
	ck_assert_uint_eq(batch.messages[1].identity.check, 79);
	ck_assert(bytes_equal(batch.inputs[batch.messages[1].input], BYTES_LITERAL("-")));
	ck_assert_uint_eq(batch.messages[2].number, SPOOL_NO_INPUT);
	ck_assert_uint_eq(batch.messages[2].events, 2);
	builder_reset(builder);
	ck_assert_uint_eq(builder_messages(builder), 0);
	ck_ok(add_events(1, MASS, &limits, &fault));
	ck_ok(builder_close(builder, &key, 1003, 0, &batch));
	check_body(batch.body, BATCH_MASS, 1003, 1);
	end();
}
END_TEST

/* SND-4, SND-11 */
START_TEST(never_the_same_secret)
{
	begin();
	struct spool_batch batch;
	uint8_t first[32];
	struct fault fault = {0};
	ck_ok(add_events(1, PERSON, &limits, &fault));
	ck_ok(builder_close(builder, &key, 5, 0, &batch));
	memcpy(first, batch.body.data + BATCH_HEAD_BYTES, 32);
	ck_ok(builder_close(builder, &key, 5, 0, &batch));
	ck_assert_mem_ne(first, batch.body.data + BATCH_HEAD_BYTES, 32);
	check_body(batch.body, BATCH_EVENT, 5, 1);
	end();
}
END_TEST

START_TEST(a_batch_keeps_its_limits)
{
	begin();
	struct fault fault = {0};
	struct builder_limits few = {4, BATCH_BYTES_MAX, 0};
	ck_ok(add_events(3, PERSON, &few, &fault));
	ck_error(add_events(2, PERSON, &few, &fault), E_NO_ROOM);
	ck_error(add_events(1, MASS, &few, &fault), E_NO_ROOM); /* a batch is of one kind */
	ck_ok(add_events(1, PERSON, &few, &fault));
	ck_assert_uint_eq(builder_events(builder), 4);
	builder_reset(builder);
	ck_ok(add_events(9, PERSON, &few, &fault)); /* one message is never cut */
	builder_reset(builder);
	struct builder_limits many = {BATCH_EVENTS_MAX, BATCH_BYTES_MAX, 0};
	ck_error(add_events(BATCH_EVENTS_MAX + 1, PERSON, &many, &fault), E_BATCH_TOO_LARGE);
	ck_ok(add_events(BATCH_EVENTS_MAX, PERSON, &many, &fault));
	builder_reset(builder);

	struct spool_batch batch;
	ck_ok(add_events(1, PERSON, &limits, &fault));
	ck_ok(builder_close(builder, &key, 0, 0, &batch));
	struct builder_limits exact = {10, (uint32_t)batch.body.len, 0};
	struct builder_limits short_one = {10, (uint32_t)batch.body.len - 1, 0};
	ck_error(add_events(1, PERSON, &exact, &fault), E_NO_ROOM);
	builder_reset(builder);
	ck_ok(add_events(1, PERSON, &exact, &fault));
	builder_reset(builder);
	ck_error(add_events(1, PERSON, &short_one, &fault), E_BATCH_TOO_LARGE);
	ck_assert_uint_eq(builder_messages(builder), 0);
	end();
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
	begin();
	struct fault fault = {0};
	struct event two[2];
	struct builder_limits past = {10, BATCH_BYTES_MAX, 1000000000};
	two[0] = *event_of(PERSON, "");
	/* EVT-10 */
	ck_error(builder_add(builder, two, 1, &policy, &past, &nowhere, &fault), E_TIME_AHEAD);
	past.time_max_s = 1795421700; /* exactly its time */
	ck_ok(builder_add(builder, two, 1, &policy, &past, &nowhere, &fault));
	two[1] = *event_of(MASS, "");
	ck_error(builder_add(builder, two, 2, &policy, &limits, &nowhere, &fault), E_BAD_VALUE);
	ck_assert_uint_eq(fault.event, 1);
	ck_assert_uint_eq(builder_events(builder), 1);
	two[1] = *event_of(PERSON, ",\"withheld_until\":\"2030-01-01T00:00:00Z\",\"withheld_basis\":\"x\"");
	two[0] = two[1];
	ck_error(builder_add(builder, two, 1, &policy, &limits, &nowhere, &fault), E_POLICY);
	ck_assert_uint_eq(builder_messages(builder), 1);
	struct spool_batch batch;
	ck_ok(builder_close(builder, &key, 0, 0, &batch));
	check_body(batch.body, BATCH_EVENT, 0, 1); /* nothing of the refused ones is left */
	end();
}
END_TEST

START_TEST(what_is_checked_is_not_added)
{
	static struct event many[BATCH_EVENTS_MAX + 1];
	static const struct builder_limits early = {10, BATCH_BYTES_MAX, 1700000000};
	struct fault fault = {0};
	struct spool_batch batch;
	begin();
	ck_ok(builder_check(builder, event_of(PERSON, ""), 1, &policy, &limits, &fault));
	ck_assert_uint_eq(builder_events(builder), 0);
	ck_ok(add_events(1, PERSON, &limits, &fault));
	ck_ok(builder_check(builder, event_of(PERSON, ""), 1, &policy, &limits, &fault));
	ck_error(builder_check(builder, event_of(PERSON, ""), 1, &policy, &early, &fault), E_TIME_AHEAD);
	ck_error(builder_check(builder, event_of(MASS, ""), 1, &policy, &limits, &fault), E_NO_ROOM);
	builder_reset(builder);
	many[0] = *event_of(PERSON, "");
	for (size_t i = 1; i < sizeof many / sizeof many[0]; i++)
		many[i] = many[0];
	ck_error(builder_check(builder, many, BATCH_EVENTS_MAX + 1, &policy, &limits, &fault), E_BATCH_TOO_LARGE);
	ck_ok(add_events(2, PERSON, &limits, &fault));
	ck_ok(builder_check(builder, event_of(PERSON, ""), 1, &policy, &limits, &fault));
	ck_ok(builder_close(builder, &key, 7, 0, &batch));
	check_body(batch.body, BATCH_EVENT, 7, 2);
	end();
}
END_TEST

UNIT_MAIN("builder", events_become_a_signed_batch, never_the_same_secret, a_batch_keeps_its_limits,
	what_does_not_fit_is_refused, what_is_checked_is_not_added)
