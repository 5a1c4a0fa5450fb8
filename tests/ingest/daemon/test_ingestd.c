/* What a hostile or broken sender may send: each is answered with the right error and a text that helps, and beside
 * it a well-behaved sender goes on being acknowledged. INDSIGT_INGESTD names the daemon. */
#include "ledger/audit/audit.h"
#include "ledger/db/db_put.h"
#include "ledger/store/store.h"
#include "tests/lib/ingestd.h"

#include <sys/socket.h>
#include <time.h>

static void raw(struct peer *peer, uint32_t length, uint8_t type)
{
	uint8_t head[FRAME_HEAD_BYTES];
	put_u32(head, length);
	head[4] = type;
	peer_put(peer, BYTES_ARRAY(head));
}

/* FRM-1, FRM-2: judged by the head alone, also in the middle of a session. */
START_TEST(frames_are_judged_by_their_head)
{
	static const struct {
		uint32_t length;
		uint8_t type;
		bool open;
		enum error error;
		const char *needle;
	} cases[] = {
		{0xffffffff, 1, false, E_FRAME_TOO_LONG, "1052672"},
		{0xffffffff, 3, true, E_FRAME_TOO_LONG, "1052672"},
		{1052673, 3, true, E_FRAME_TOO_LONG, "1052672"},
		{1052672, 3, true, E_FRAME_TOO_LONG, "1048576"},
		{1048578, 3, true, E_FRAME_TOO_LONG, "1048576"},
		{16747, 1, false, E_FRAME_TOO_LONG, "16745"},
		{66, 6, true, E_FRAME_TOO_LONG, "64"},
		{0, 3, true, E_TRUNCATED, "length"},
		{5, 0, true, E_FRAME_TYPE, "1 to 9"},
		{5, 10, true, E_FRAME_TYPE, "1 to 9"},
		{5, 9, true, E_FRAME_TYPE, "send batches"},
		{5, 255, false, E_FRAME_TYPE, "1 to 9"},
		{5, 3, false, E_FRAME_TYPE, "hello first"},
		{5, 7, false, E_FRAME_TYPE, "hello first"},
		{5, 1, true, E_FRAME_TYPE, "send batches"},
		{5, 2, true, E_FRAME_TYPE, "send batches"},
		{5, 8, true, E_FRAME_TYPE, "send batches"},
	};
	struct peer peer;
	ingestd_begin(NULL);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (cases[i].open)
			peer_open(&peer, HOSTILE, BYTES_EMPTY);
		else
			peer_connect(&peer);
		raw(&peer, cases[i].length, cases[i].type);
		peer_error(&peer, cases[i].error, cases[i].needle);
		steady_goes_on();
	}
	ingestd_end();
}
END_TEST

static void refused_hello(uint16_t version, uint32_t sender, const char *origin, struct bytes checkpoint, size_t cut,
	enum error error, const char *needle)
{
	static uint8_t buffer[NOTE_BYTES_MAX + 1024];
	struct peer peer;
	struct frame_hello hello = {
		.version = version, .sender = sender, .origin = bytes_text(origin), .checkpoint = checkpoint};
	struct writer w = writer_of(buffer, sizeof buffer);
	peer_connect(&peer);
	peer_challenge(&peer);
	hello_sign(&peer.challenge, key_of(sender), &hello);
	ck_ok(frame_hello_encode(&hello, &w));
	put_u32(buffer, (uint32_t)(writer_len(&w) - cut - 4));
	peer_put(&peer, bytes_of(buffer, writer_len(&w) - cut));
	peer_error(&peer, error, needle);
	steady_goes_on();
}

/* FRM-3, FRM-4, FRM-7 */
START_TEST(bad_hellos_are_refused_by_name)
{
	char origin[ORIGIN_BYTES_MAX + 2];
	char note[NOTE_BYTES_MAX];
	memset(origin, 'o', sizeof origin - 1);
	origin[sizeof origin - 1] = '\0';
	ingestd_begin(NULL);
	refused_hello(2, HOSTILE, FIXTURE_ORIGIN, BYTES_EMPTY, 0, E_VERSION, "version 5");
	refused_hello(1, HOSTILE, FIXTURE_ORIGIN, BYTES_EMPTY, 0, E_VERSION, "upgrade the sender");
	refused_hello(4, HOSTILE, FIXTURE_ORIGIN, BYTES_EMPTY, 0, E_VERSION, "version 5");
	refused_hello(6, HOSTILE, "another.example", BYTES_EMPTY, 3, E_VERSION, "version 5");
	refused_hello(PROTOCOL_VERSION, HOSTILE, "another.example", BYTES_EMPTY, 0, E_WRONG_ORIGIN, "another ledger");
	refused_hello(PROTOCOL_VERSION, HOSTILE, origin, BYTES_EMPTY, 0, E_TOO_LONG, "255");
	refused_hello(PROTOCOL_VERSION, HOSTILE, FIXTURE_ORIGIN, BYTES_EMPTY, 1, E_TRUNCATED, "hello");
	/* FRM-26: a number that nobody has, and one that has another key, are the same. */
	refused_hello(PROTOCOL_VERSION, 4, FIXTURE_ORIGIN, BYTES_EMPTY, 0, E_BAD_SIGNATURE,
		"not registered here under this id and key");
	refused_hello(
		PROTOCOL_VERSION, UINT32_MAX, FIXTURE_ORIGIN, BYTES_EMPTY, 0, E_BAD_SIGNATURE, "under this id and key");
	struct fixture known = hostile;
	hostile = f;
	refused_hello(PROTOCOL_VERSION, HOSTILE, FIXTURE_ORIGIN, BYTES_EMPTY, 0, E_BAD_SIGNATURE, "under this id and key");
	hostile = known;
	/* A hello that was recorded. */
	uint8_t buffer[1024];
	struct frame_hello hello = {.version = PROTOCOL_VERSION,
		.sender = STEADY,
		.origin = BYTES_LITERAL(FIXTURE_ORIGIN),
		.checkpoint = BYTES_EMPTY};
	struct writer w = writer_of(buffer, sizeof buffer);
	hello_sign(&steady.challenge, f.secret_key, &hello);
	ck_ok(frame_hello_encode(&hello, &w));
	struct peer again;
	peer_connect(&again);
	peer_put(&again, bytes_of(buffer, writer_len(&w)));
	peer_error(&again, E_BAD_SIGNATURE, "under this id and key");
	refused_hello(PROTOCOL_VERSION, HOSTILE, FIXTURE_ORIGIN, BYTES_LITERAL("not a note"), 0, E_BAD_CHECKPOINT,
		"signed by the log");
	/* Signed by the log, but for one character. */
	ck_assert_uint_lt(steady.position.note_len, sizeof note);
	memcpy(note, steady.position.note, steady.position.note_len);
	note[steady.position.note_len - 10] ^= 1;
	refused_hello(PROTOCOL_VERSION, HOSTILE, FIXTURE_ORIGIN, bytes_of(note, steady.position.note_len), 0,
		E_BAD_CHECKPOINT, "signed");
	ingestd_end();
}
END_TEST

/* ---- batches ---- */

static struct peer peer;

static struct bytes good_batch(uint32_t count)
{
	uint32_t subjects[60];
	ck_assert_uint_le(count, sizeof subjects / sizeof *subjects);
	for (uint32_t i = 0; i < count; i++)
		subjects[i] = 1 + i % 8;
	return fixture_batch(&hostile, peer.next, subjects, count, 9);
}

/* The connection goes on, the sequence was not used up, and nobody else noticed. */
static void still_good(void)
{
	struct bytes batch = good_batch(2);
	steady_goes_on();
	peer_frame(&peer, FRAME_BATCH, batch);
	peer_receipt(&peer, batch);
	peer.next += 2;
	free_bytes(batch);
}

static void refused(struct bytes batch, enum error error, uint32_t event, const char *needle)
{
	uint64_t first = batch.len >= 13 ? get_u64(batch.data + 5) : UINT64_MAX;
	peer_frame(&peer, FRAME_BATCH, batch);
	struct frame_refusal refusal = peer_refusal(&peer, error, needle);
	ck_assert_uint_eq(refusal.first_sequence, first);
	ck_assert_uint_eq(refusal.expected_sequence, peer.next);
	ck_assert_uint_eq(refusal.event, event);
	still_good();
}

static void refused_and_freed(struct bytes batch, enum error error, uint32_t event, const char *needle)
{
	refused(batch, error, event, needle);
	free_bytes(batch);
}

static uint8_t *changeable(struct bytes batch, size_t at)
{
	ck_assert_uint_lt(at, batch.len);
	return (uint8_t *)(uintptr_t)batch.data + at;
}

static const char event_json[] =
	"{\"subject\":\"cpr:0101701234\",\"time\":\"%s\",\"action\":\"read\",\"outcome\":\"ok\",\"org\":{\"id\":\"cvr:1\","
	"\"name\":\"Aarhus Kommune\"},\"system\":\"KSD\",\"activity\":\"Opslag\",\"purpose\":\"sagsbehandling\","
	"\"actor\":{\"kind\":\"human\",\"role\":\"sagsbehandler\"}}";

static struct bytes batch_at(int64_t ahead_s)
{
	char when[32];
	char json[1024];
	const char *events[] = {json};
	time_t time_s = time(NULL) + (time_t)ahead_s;
	struct tm utc;
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&time_s, &utc));
	snprintf(json, sizeof json, event_json, when);
	return fixture_batch_of_json(&hostile, peer.next, events, 1);
}

/* A batch of one event whose disclosed part is this, committed to and signed as it should be. */
static struct bytes batch_of_part(struct bytes disclosed)
{
	struct batch_head head;
	struct batch_event event;
	struct key secret;
	struct key own;
	struct hash c_d, c_r;
	struct bytes model = batch_at(0);
	struct reader r = reader_of(model);
	batch_head_decode(&r, &head);
	reader_copy(&r, secret.b, sizeof secret.b);
	batch_event_decode(&r, &event);
	ck_ok(reader_done(&r));
	event.disclosed = disclosed;
	event_secret(&secret, peer.next, &own);
	event_commit_restricted(&own, event.restricted, &c_r);
	event_commit_disclosed(&c_r, event.disclosed, &c_d);
	event_commitment(event.header, &c_d, &event.commitment);
	uint8_t *body = malloc(BATCH_BYTES_MAX);
	struct bytes out;
	struct writer w = writer_of(body, BATCH_BYTES_MAX);
	batch_head_encode(&head, &w);
	writer_bytes(&w, BYTES_ARRAY(secret.b));
	batch_event_encode(&event, &w);
	ck_ok(writer_done(&w, &out));
	fixture_sign_again(&hostile, out);
	free_bytes(model);
	return out;
}

/* The disclosed part of a good event, to be changed. */
static size_t good_part(uint8_t out[2048])
{
	struct batch_head head;
	struct batch_event event;
	struct bytes model = batch_at(0);
	struct reader r = reader_of(model);
	batch_head_decode(&r, &head);
	reader_bytes(&r, 32);
	batch_event_decode(&r, &event);
	ck_assert(r.error == E_OK && event.disclosed.len < 2000);
	size_t len = event.disclosed.len;
	memcpy(out, event.disclosed.data, len);
	free_bytes(model);
	return len;
}

/* FRM-3, FRM-5, FRM-12, BATCH-4, BATCH-5: form and signature. */
START_TEST(malformed_batches_are_refused)
{
	struct bytes batch;
	ingestd_begin(NULL);
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	refused(BYTES_LITERAL("short"), E_TRUNCATED, FAULT_NO_EVENT, "head");
	refused_and_freed(good_batch(0), E_EMPTY_BATCH, FAULT_NO_EVENT, "at least one event");

	batch = good_batch(3);
	for (size_t cut = 1; cut < batch.len; cut += batch.len / 7) {
		batch.len -= cut;
		uint32_t event =
			batch.len < BATCH_HEAD_BYTES + 32
				? FAULT_NO_EVENT
				: (uint32_t)((batch.len - BATCH_HEAD_BYTES - 32) / ((batch.len + cut - BATCH_HEAD_BYTES - 32) / 3));
		refused(batch, E_TRUNCATED, event, "ends too early");
		batch.len += cut;
		put_u64(changeable(batch, 5), peer.next); /* truncated is truncated at any place */
	}
	free_bytes(batch);

	batch = good_batch(2);
	put_u32(changeable(batch, 13), 4097);
	refused(batch, E_BATCH_TOO_LARGE, FAULT_NO_EVENT, "4096");
	put_u32(changeable(batch, 13), 1);
	put_u64(changeable(batch, 5), peer.next);
	refused(batch, E_TRAILING, FAULT_NO_EVENT, "left over");
	*changeable(batch, 0) = 3;
	refused(batch, E_BAD_VALUE, FAULT_NO_EVENT, "head");
	free_bytes(batch);

	batch = good_batch(2);
	*changeable(batch, 13 + 4 + 8 + 40) ^= 1;
	/* FRM-12: this one ends the connection, and what came behind it is not judged. */
	peer_frame(&peer, FRAME_BATCH, batch);
	peer_frame(&peer, FRAME_BATCH, batch);
	ck_assert_uint_eq(peer_refusal(&peer, E_BAD_SIGNATURE, "registered key").first_sequence, peer.next);
	peer_error(&peer, E_CLOSED, "connect again with the registered key");
	free_bytes(batch);
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	still_good();
	batch = good_batch(1);
	put_u16(changeable(batch, BATCH_HEAD_BYTES + 32 + 32), 81); /* length of the header */
	refused_and_freed(batch, E_TOO_LONG, 0, "80");

	/* FRM-13: another sender's name, even with that sender's signature. */
	batch = fixture_batch(&f, peer.next, (const uint32_t[]){1}, 1, 0);
	refused_and_freed(batch, E_UNKNOWN_SENDER, FAULT_NO_EVENT, "the session is sender 2");
	peer_close(&peer);
	ingestd_end();
}
END_TEST

/* FRM-5, FRM-12: what a batch says. The refusal names event and field. */
START_TEST(a_refusal_names_event_and_field)
{
	uint8_t part[2048];
	struct bytes batch;
	ingestd_begin(NULL);
	peer_open(&peer, HOSTILE, BYTES_EMPTY);

	batch = good_batch(3);
	*changeable(batch, batch.len - 1) ^= 1; /* the last restricted part */
	refused_and_freed(batch, E_COMMITMENT, 2, "commitment");

	size_t len = good_part(part);
	ck_assert_uint_lt(part[0], 0xa0 + 23);
	part[0]++; /* one entry more */
	memcpy(part + len, "\x18\x63\x00", 3);
	refused_and_freed(batch_of_part(bytes_of(part, len + 3)), E_UNKNOWN_FIELD, 0, "field 99");

	len = good_part(part);
	uint8_t *name = memmem(part, len, "Aarhus", 6);
	ck_assert_ptr_nonnull(name);
	name[1] = 0xff;
	refused_and_freed(batch_of_part(bytes_of(part, len)), E_NOT_UTF8, 0, "org.name");

	len = good_part(part);
	refused_and_freed(batch_of_part(bytes_of(part, len - 1)), E_TRUNCATED, 0, "");
	part[0] = 0xbf; /* an indefinite map */
	part[len] = 0xff;
	refused_and_freed(batch_of_part(bytes_of(part, len + 1)), E_NOT_DETERMINISTIC, 0, "deterministic");

	refused_and_freed(batch_at(EVENT_AHEAD_SECONDS_MAX + 60), E_TIME_AHEAD, 0, "time: more than 24 hours");
	batch = batch_at(EVENT_AHEAD_SECONDS_MAX - 60);
	peer_frame(&peer, FRAME_BATCH, batch);
	peer_receipt(&peer, batch);
	free_bytes(batch);
	peer_close(&peer);
	ingestd_end();
}
END_TEST

/* FRM-14 */
START_TEST(sequences_have_no_hole)
{
	ingestd_begin(NULL);
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	struct bytes first = good_batch(2);
	struct bytes again = good_batch(2);
	peer_frame(&peer, FRAME_BATCH, first);
	uint64_t index = peer_receipt(&peer, first).first_index;
	peer.next += 2;

	peer.next++;
	struct bytes hole = good_batch(2);
	peer.next--;
	refused(hole, E_SEQUENCE_HOLE, FAULT_NO_EVENT, "starts at sequence 3, expected is 2");
	free_bytes(hole);

	peer_frame(&peer, FRAME_BATCH, first);
	struct receipt repeated = peer_receipt(&peer, first);
	ck_assert_uint_eq(repeated.first_index, index);
	ck_assert_uint_eq(repeated.count, 2);

	refused(again, E_EQUIVOCATION, FAULT_NO_EVENT, "sequence 0");
	ck_assert(log_holds("ALARM: sender 2 has signed two different batches from sequence 0"));
	free_bytes(again);

	/* Pipelined behind a refused batch: all are holes, each with the sequence that is expected. */
	struct bytes pipeline[4];
	uint64_t expected = peer.next + 2;
	for (size_t i = 0; i < 4; i++) {
		pipeline[i] = good_batch(2);
		if (i == 1)
			*changeable(pipeline[i], pipeline[i].len - 1) ^= 1;
		peer.next += 2;
	}
	for (size_t i = 0; i < 4; i++)
		peer_frame(&peer, FRAME_BATCH, pipeline[i]);
	peer_receipt(&peer, pipeline[0]);
	ck_assert_uint_eq(peer_refusal(&peer, E_COMMITMENT, "").expected_sequence, expected);
	ck_assert_uint_eq(peer_refusal(&peer, E_SEQUENCE_HOLE, "expected is").expected_sequence, expected);
	ck_assert_uint_eq(peer_refusal(&peer, E_SEQUENCE_HOLE, "expected is").expected_sequence, expected);
	peer.next = expected;
	still_good();
	for (size_t i = 0; i < 4; i++)
		free_bytes(pipeline[i]);

	/* On a new connection the sender gets its place, and proofs from the checkpoint that it presents (FRM-11). */
	static struct receipt_position position;
	position = peer.position;
	peer_close(&peer);
	peer_open(&peer, HOSTILE, bytes_of(position.note, position.note_len));
	peer.position = position;
	ck_assert_uint_eq(peer.next, expected + 2);
	peer_frame(&peer, FRAME_BATCH, first);
	ck_assert_uint_eq(peer_receipt(&peer, first).first_index, index);
	still_good();
	free_bytes(first);
	peer_close(&peer);
	ingestd_end();
}
END_TEST

/* FRM-25: cut at every kind of place, with batches under way or not. */
START_TEST(a_cut_connection_takes_nothing_along)
{
	ingestd_begin(NULL);
	for (size_t at = 0; at < 200; at += 3) {
		peer_open(&peer, HOSTILE, BYTES_EMPTY);
		struct bytes batch = good_batch(2);
		raw(&peer, (uint32_t)batch.len + 1, FRAME_BATCH);
		peer_put(&peer, bytes_of(batch.data, at));
		peer_close(&peer);
		free_bytes(batch);
	}
	for (size_t at = 0; at < 8; at++) {
		peer_connect(&peer);
		peer_put(&peer, bytes_of("\0\0\0\x20\x01\0\1", at < 7 ? at : 7));
		peer_close(&peer);
	}
	steady_goes_on();
	/* Whole batches are stored, answered or not. */
	for (unsigned round = 0; round < 20; round++) {
		peer_open(&peer, HOSTILE, BYTES_EMPTY);
		struct bytes batch = good_batch(8);
		peer_frame(&peer, FRAME_BATCH, batch);
		raw(&peer, 1000, FRAME_BATCH);
		peer_close(&peer);
		free_bytes(batch);
	}
	steady_goes_on();
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	still_good();
	peer_close(&peer);
	ingestd_end();
}
END_TEST

/* FRM-29: what two connections have under way behind a wrong signature counts once for each, however it is mixed: who
 * comes again is welcome, or waits no longer than after the second time. */
START_TEST(who_has_much_under_way_is_counted_once)
{
	static struct peer peers[2];
	static uint8_t frames[1 << 20];
	struct writer w = writer_of(frames, sizeof frames);
	struct frame_error frame;
	enum frame_type type;
	ingestd_begin(NULL);
	for (size_t i = 0; i < 2; i++)
		peer_open(&peers[i], HOSTILE, BYTES_EMPTY);
	peer.next = peers[0].next;
	struct bytes batch = good_batch(60);
	*changeable(batch, BATCH_SIGNATURE_AT) ^= 1;
	for (size_t i = 0; i < 50; i++) {
		frame_head_encode(FRAME_BATCH, batch.len, &w);
		writer_bytes(&w, batch);
	}
	ck_ok(w.error);
	for (size_t i = 0; i < 2; i++) /* what does not go at once is left */
		ck_assert_int_gt(send(peers[i].fd, frames, writer_len(&w), MSG_NOSIGNAL | MSG_DONTWAIT), (ssize_t)batch.len);
	for (size_t i = 0; i < 2; i++) {
		peer_refusal(&peers[i], E_BAD_SIGNATURE, "");
		peer_error(&peers[i], E_CLOSED, "signature");
	}
	steady_goes_on(); /* so all of them are judged */
	peer_connect(&peers[0]);
	peer_hello(&peers[0], HOSTILE, FIXTURE_ORIGIN, BYTES_EMPTY);
	struct bytes body = peer_read(&peers[0], &type);
	if (type == FRAME_ERROR) {
		ck_ok(frame_error_decode(body, &frame));
		ck_assert_int_eq((int)frame.error, E_TOO_MANY);
		ck_assert_msg(memmem(frame.text.data, frame.text.len, "again in 1 s", 12) != NULL ||
						  memmem(frame.text.data, frame.text.len, "again in 2 s", 12) != NULL,
			"%.*s", (int)frame.text.len, (const char *)frame.text.data);
	}
	peer_close(&peers[0]);
	free_bytes(batch);
	ingestd_end();
}
END_TEST

/* ---- a standstill ---- */

/* The clock of this process, not of the daemon: a ledger can be made that was stopped a while ago. */
static int64_t behind_s;

time_t time(time_t *out)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	time_t here = now.tv_sec - (time_t)behind_s;
	if (out != NULL)
		*out = here;
	return here;
}

static void assert_in_order(void)
{
	const struct audit_options options = {.records = true, .labels = true};
	struct audit_result result;
	struct fault fault = {.text = ""};
	ck_ok(audit_directory(f.dir, &f.vkey, &options, &result, &fault));
	ck_assert_msg(result.ok, "index %lu: %s", result.index, result.reason);
	ck_assert_uint_ge(result.epochs, 1);
}

/* EPO-9: a ledger that was stopped with events that are not filed, and is started again long after, files them before
 * its log goes on. */
START_TEST(long_unfiled_events_are_filed_first)
{
	behind_s = 2 * EPOCH_LAG_SECONDS_DEFAULT;
	ingestd_make();
	fixture_open(&f);
	for (uint64_t i = 0; i < 3; i++, f.now_s++) /* the first ones' lag has begun when it stops */
		fixture_append(&f, fixture_batch(&f, 2 * i, (const uint32_t[]){1, 2}, 2, 0));
	fixture_close(&f);
	behind_s = 0;
	ingestd_start((const char *const[]){"--epoch-seconds", "86400", NULL});
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	struct bytes batch = good_batch(2);
	peer_frame(&peer, FRAME_BATCH, batch);
	peer_receipt(&peer, batch);
	free_bytes(batch);
	peer_close(&peer);
	ingestd_stop();
	assert_in_order();
	fixture_remove(&f);
}
END_TEST

/* STO-30: what the log has is damaged; the sender waits, nobody is accused, and the daemon goes on. */
START_TEST(own_damage_accuses_nobody)
{
	char path[128];
	uint8_t key[12] = {0};
	struct db_env *store;
	struct db_txn txn;
	ingestd_begin(NULL);
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	struct bytes batch = good_batch(2);
	peer_frame(&peer, FRAME_BATCH, batch);
	peer_receipt(&peer, batch);
	peer_close(&peer);
	peer_close(&steady);
	ingestd_stop();

	snprintf(path, sizeof path, "%s/store", f.dir);
	ck_ok(store_open(path, false, &store, NULL));
	ck_ok(db_begin(store, true, &txn));
	put_u32(key, HOSTILE);
	db_delete(&txn, STORE_BATCH, BYTES_ARRAY(key));
	ck_ok(db_commit(&txn));
	db_close(store);

	ingestd_start(NULL);
	uint64_t next = steady.next;
	peer_open(&steady, STEADY, BYTES_EMPTY);
	ck_assert_uint_eq(steady.next, next);
	peer_open(&peer, HOSTILE, BYTES_EMPTY);
	refused(batch, E_CORRUPT, FAULT_NO_EVENT, "sender 2 at sequence 0");
	ck_assert(log_holds("ALARM: what the log holds of sender 2"));
	free_bytes(batch);
	peer_close(&peer);
	ingestd_end();
}
END_TEST

/* FRM-7: a revoked sender may ask for what was taken before, and brings nothing new. */
START_TEST(a_revoked_sender_brings_nothing_new)
{
	struct fixture mine;
	struct bytes batch;
	ingestd_begin(NULL);
	mine = hostile;
	mine.sender = REVOKED;
	peer_open(&peer, REVOKED, BYTES_EMPTY);
	batch = fixture_batch(&mine, 0, (const uint32_t[]){1, 2}, 2, 1);
	peer_frame(&peer, FRAME_BATCH, batch);
	peer_refusal(&peer, E_REVOKED_SENDER, "revoked");
	free_bytes(batch);
	peer_close(&peer);
	ingestd_end();
}
END_TEST

UNIT_MAIN("ingestd", a_revoked_sender_brings_nothing_new, own_damage_accuses_nobody, frames_are_judged_by_their_head,
	bad_hellos_are_refused_by_name, malformed_batches_are_refused, a_refusal_names_event_and_field,
	sequences_have_no_hole, who_has_much_under_way_is_counted_once, a_cut_connection_takes_nothing_along,
	long_unfiled_events_are_filed_first)
