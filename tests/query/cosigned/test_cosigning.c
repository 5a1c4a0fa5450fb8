#include "ledger/note/note_sign.h"
#include "query/cosigned/cosigning.h"
#include "tests/lib/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NOW 1795420000u
#define REFRESH_S 60u

static struct witness_policy *policy;
static struct cosigning *cosigning;
static uint8_t secrets[3][64];
static struct vkey log_key;
static uint8_t log_secret[64];
static uint64_t now_ms;

static struct vkey make_key(const char *name, uint8_t type, uint8_t seed_byte, uint8_t secret_key[64])
{
	struct vkey vkey;
	uint8_t seed[32], public_key[32];
	memset(seed, seed_byte, sizeof seed);
	crypto_sign_seed_keypair(public_key, secret_key, seed);
	ck_ok(vkey_make(name, type, public_key, &vkey));
	return vkey;
}

/* Three witnesses of which two are enough. */
static void set_up(void)
{
	char text[2000] = "", vkey_text[VKEY_TEXT_MAX + 1], line[400];
	log_key = make_key("log.example", NOTE_KEY_ED25519, 1, log_secret);
	for (int i = 0; i < 3; i++) {
		char name[16];
		snprintf(name, sizeof name, "w%d", i);
		struct vkey vkey = make_key(name, NOTE_KEY_COSIGNATURE, (uint8_t)(10 + i), secrets[i]);
		vkey_format(&vkey, vkey_text);
		snprintf(line, sizeof line, "witness %s %s http://%s.example\n", name, vkey_text, name);
		strcat(text, line);
	}
	strcat(text, "group g 2 w0 w1 w2\nquorum g\n");
	ck_ok(witness_policy_parse(bytes_text(text), &policy, NULL));
	ck_ok(cosigning_new(policy, REFRESH_S, &cosigning));
	now_ms = 1000000;
}

static void tear_down(void)
{
	cosigning_free(cosigning);
	free(policy);
}

static void offer_as(uint64_t size, bool urgent)
{
	struct checkpoint checkpoint = {.origin = "log.example", .size = size};
	uint8_t buffer[1000];
	struct writer w = writer_of(buffer, sizeof buffer);
	memset(checkpoint.root.b, (int)size, HASH_BYTES);
	ck_ok(checkpoint_sign(&checkpoint, &log_key, log_secret, &w));
	ck_ok(cosigning_offer(cosigning, &checkpoint, bytes_of(buffer, writer_len(&w)), urgent, now_ms));
}

static void offer(uint64_t size)
{
	offer_as(size, false);
}

/* The next to be asked is `index`, from `old` to `size`. */
static void expect(uint32_t index, uint64_t old, uint64_t size)
{
	uint32_t got_index = 99;
	uint64_t got_old = 99, got_size = 99;
	ck_assert_msg(cosigning_next(cosigning, now_ms, &got_index, &got_old, &got_size), "nobody is asked");
	ck_assert_msg(got_index == index && got_old == old && got_size == size, "%u from %" PRIu64 " to %" PRIu64,
		got_index, got_old, got_size);
}

static void expect_nobody(void)
{
	uint32_t index;
	uint64_t old, size;
	ck_assert(!cosigning_next(cosigning, now_ms, &index, &old, &size));
}

static enum cosigner_state state(uint32_t index)
{
	return cosigning_witness(cosigning, index)->state;
}

static void says(uint32_t index, int status, const char *body)
{
	(void)cosigning_answer(cosigning, index, status, bytes_text(body), now_ms, NOW);
}

/* Answers 200 with the cosignature of `signer` as of `time_s`, over what the witness was asked for. */
static void cosigns_as(uint32_t index, int signer, uint64_t time_s)
{
	uint8_t buffer[400];
	struct writer w = writer_of(buffer, sizeof buffer);
	const struct cosigner *witness = cosigning_witness(cosigning, index);
	struct bytes text = bytes_of(witness->asked_text, witness->asked_text_len);
	ck_ok(cosignature_sign(text, &policy->keys[signer], secrets[signer], time_s, &w));
	(void)cosigning_answer(cosigning, index, 200, bytes_of(buffer, writer_len(&w)), now_ms, NOW);
}

static void cosigns(uint32_t index)
{
	cosigns_as(index, (int)index, NOW);
}

/* The note that is handed out has the log's line and so many cosignatures, over this size; false: there is none. */
static bool takes(uint64_t size, uint32_t count)
{
	uint8_t buffer[NOTE_BYTES_MAX];
	struct writer w = writer_of(buffer, sizeof buffer);
	struct quorum quorum, again;
	struct note note;
	struct checkpoint checkpoint;
	if (!cosigning_take(cosigning, &w, &quorum))
		return false;
	struct bytes whole = bytes_of(buffer, writer_len(&w));
	ck_ok(checkpoint_verify(whole, &log_key, &checkpoint));
	ck_ok(note_split(whole, NOTE_BYTES_MAX, &note));
	ck_ok(witness_policy_read(policy, &note, &again));
	ck_assert(again.reached && again.count == quorum.count && again.time_s == quorum.time_s);
	ck_assert_uint_eq(checkpoint.size, size);
	ck_assert_uint_eq(quorum.count, count);
	return true;
}

/* WIT-12: all are asked for the same; two are enough; the third is added when it comes. */
START_TEST(quorum_of_two)
{
	set_up();
	expect_nobody();
	offer(10);
	expect(0, 0, 10);
	expect(1, 0, 10);
	expect(2, 0, 10);
	expect_nobody();
	cosigns(1);
	ck_assert(!takes(10, 1));
	cosigns(0);
	ck_assert(takes(10, 2));
	ck_assert(!takes(10, 2));
	/* The quorum is there: a newer one takes its place after the interval, though one still works on the old one. */
	offer(20);
	expect_nobody();
	now_ms += COSIGNING_INTERVAL_MS;
	offer(20);
	expect(0, 10, 20);
	expect(1, 10, 20);
	cosigns(0);
	ck_assert(!takes(20, 1));
	/* What comes late for the old one counts for nothing but what the witness has. */
	cosigns(2);
	ck_assert(!takes(20, 1));
	ck_assert_uint_eq(cosigning_witness(cosigning, 2)->cosigned_size, 10);
	expect(2, 10, 20);
	cosigns(2);
	ck_assert(takes(20, 2));
	cosigns(1);
	ck_assert(takes(20, 3));
	tear_down();
}
END_TEST

/* WIT-14: the target stays while somebody is waited for, and no longer. */
START_TEST(slow_and_dead)
{
	set_up();
	offer(10);
	for (uint32_t i = 0; i < 3; i++)
		expect(i, 0, 10);
	cosigns(0);
	says(1, 0, "");
	ck_assert_int_eq(state(1), COSIGNER_AWAY);
	now_ms += 5000;
	offer(30); /* the slow one is still working on it */
	expect(1, 0, 10);
	says(1, 0, "");
	cosigns(2);
	ck_assert(takes(10, 2));
	offer(30);
	expect(0, 10, 30);
	expect(2, 10, 30);
	expect_nobody(); /* witness 1 is in its back-off */
	cosigns(0);
	now_ms += 5000;
	expect(1, 0, 30);
	says(1, 503, "busy");
	says(2, 0, "");
	/* Neither quorum nor anybody to wait for: on to a newer one. */
	offer(40);
	expect(0, 30, 40);
	cosigns(0);
	now_ms += COSIGNING_BACKOFF_MS_MAX;
	expect(1, 0, 40);
	expect(2, 10, 40);
	cosigns(1);
	ck_assert(takes(40, 2));
	ck_assert_int_eq(state(1), COSIGNER_GOOD);
	ck_assert_uint_eq(cosigning_witness(cosigning, 1)->failures, 0);
	tear_down();
}
END_TEST

START_TEST(who_fails_is_asked_less_often)
{
	uint64_t wanted = COSIGNING_BACKOFF_MS_FIRST;
	set_up();
	offer(10);
	for (uint32_t i = 0; i < 3; i++)
		expect(i, 0, 10);
	cosigns(1);
	cosigns(2);
	for (int failures = 1; failures < 12; failures++) {
		says(0, failures % 2 ? 0 : 500, "");
		ck_assert_uint_eq(cosigning_wait_ms(cosigning, now_ms, 1000000), wanted);
		now_ms += wanted - 1;
		expect_nobody();
		now_ms++;
		ck_assert_uint_eq(cosigning_wait_ms(cosigning, now_ms, 1000000), 0);
		expect(0, 0, 10);
		ck_assert_uint_eq(cosigning_witness(cosigning, 0)->failures, (unsigned)failures);
		wanted = wanted * 2 < COSIGNING_BACKOFF_MS_MAX ? wanted * 2 : COSIGNING_BACKOFF_MS_MAX;
	}
	ck_assert_uint_eq(wanted, COSIGNING_BACKOFF_MS_MAX);
	tear_down();
}
END_TEST

/* Nothing new: the same again after REFRESH_S, with an empty proof. */
START_TEST(nothing_new_is_asked_again)
{
	set_up();
	offer(10);
	for (uint32_t i = 0; i < 3; i++) {
		expect(i, 0, 10);
		cosigns(i);
	}
	ck_assert(takes(10, 3));
	now_ms += REFRESH_S * 1000 - 1;
	offer(10);
	expect_nobody();
	now_ms++;
	offer(10);
	for (uint32_t i = 0; i < 3; i++) {
		expect(i, 10, 10);
		cosigns_as(i, (int)i, NOW + 60);
	}
	ck_assert(takes(10, 3));
	/* What statements wait for goes sooner. */
	now_ms += COSIGNING_URGENT_MS;
	offer(11);
	expect_nobody();
	offer_as(11, true);
	expect(0, 10, 11);
	tear_down();
}
END_TEST

/* WIT-12, WIT-13: 409 says what the witness has. */
START_TEST(a_conflict_says_what_is_known)
{
	set_up();
	offer(100);
	expect(0, 0, 100);
	says(0, 409, "60\n"); /* restarted here: it knows more than is remembered of it */
	expect(0, 60, 100);
	cosigns(0);
	ck_assert_int_eq(state(0), COSIGNER_GOOD);
	expect(1, 0, 100);
	says(1, 409, "100\n");
	expect(1, 100, 100);
	cosigns(1);
	ck_assert(takes(100, 2));

	/* Put back to an older state, and to nothing at all. */
	now_ms += COSIGNING_INTERVAL_MS;
	offer(200);
	expect(0, 100, 200);
	says(0, 409, "30\n");
	expect(0, 30, 200);
	cosigns(0);
	expect(1, 100, 200);
	says(1, 409, "0\n");
	expect(1, 0, 200);
	cosigns(1);
	ck_assert(takes(200, 2));

	/* More than the log has: an alarm; it is asked again all the same. */
	now_ms += COSIGNING_INTERVAL_MS;
	offer(300);
	expect(0, 200, 300);
	says(0, 409, "301\n");
	ck_assert_int_eq(state(0), COSIGNER_AHEAD);
	ck_assert(cosigner_state_alarms(state(0)));
	now_ms += COSIGNING_BACKOFF_MS_FIRST;
	expect(0, 0, 300);
	says(0, 409, "250\n");
	expect(0, 250, 300);
	cosigns(0);
	ck_assert_int_eq(state(0), COSIGNER_GOOD);

	/* Another size each time: it may grow a little, by what an earlier request brought, but not for long. */
	expect(1, 200, 300);
	says(1, 409, "100\n");
	for (unsigned i = 1; i < COSIGNING_CONFLICTS_MAX; i++) {
		char size[8];
		expect(1, 99 + i, 300);
		ck_assert_int_eq(state(1), COSIGNER_GOOD);
		snprintf(size, sizeof size, "%u\n", 100 + i);
		says(1, 409, size);
	}
	expect(1, 99 + COSIGNING_CONFLICTS_MAX, 300);
	says(1, 409, "200\n");
	ck_assert_int_eq(state(1), COSIGNER_WRONG);
	now_ms += COSIGNING_BACKOFF_MS_FIRST;
	expect(1, 0, 300);
	says(1, 409, "100\n");
	expect(1, 100, 300);
	says(1, 409, "99\n");
	ck_assert_int_eq(state(1), COSIGNER_WRONG);
	expect(2, 0, 300);
	const char *const bad[] = {"", "\n", "x\n", "10", "010\n", " 10\n", "10\n\n", "-1\n", "0\n"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		says(2, 409, bad[i]);
		ck_assert_msg(state(2) == COSIGNER_WRONG, "%zu", i);
		now_ms += COSIGNING_BACKOFF_MS_MAX;
		if (i == 0)
			expect(1, 0, 300);
		expect(2, 0, 300);
	}
	tear_down();
}
END_TEST

/* WIT-13: after a start what is offered is older than what the log has, and a witness may have seen that. It is no
 * alarm, and it is asked again when that is offered. */
START_TEST(has_what_the_log_has)
{
	set_up();
	offer(100);
	cosigning_known(cosigning, 150);
	expect(0, 0, 100);
	says(0, 409, "150\n");
	ck_assert_int_eq(state(0), COSIGNER_NEWER);
	ck_assert(!cosigner_state_alarms(COSIGNER_NEWER));
	expect(1, 0, 100);
	says(1, 409, "151\n"); /* the log has not */
	ck_assert_int_eq(state(1), COSIGNER_AHEAD);
	expect(2, 0, 100);
	cosigns(2);
	now_ms += COSIGNING_BACKOFF_MS_MAX;
	expect(1, 0, 100);
	expect_nobody();
	cosigning_known(cosigning, 160); /* meanwhile the log has it */
	says(1, 409, "151\n");
	ck_assert_int_eq(state(1), COSIGNER_NEWER);
	expect_nobody();
	offer(149);
	expect(2, 100, 149);
	expect_nobody();
	cosigns(2);
	now_ms += COSIGNING_INTERVAL_MS;
	offer(160);
	expect(0, 150, 160);
	expect(1, 151, 160);
	expect(2, 149, 160);
	cosigns(0);
	cosigns(1);
	ck_assert(takes(160, 2));
	ck_assert(state(0) == COSIGNER_GOOD && state(1) == COSIGNER_GOOD);
	tear_down();
}
END_TEST

/* A size that is remembered, and that the log has no more, does not keep the witness from being asked. */
START_TEST(remembers_more_than_the_log_has)
{
	set_up();
	cosigning_witness(cosigning, 0)->size = 500;
	offer(100);
	expect(0, 0, 100);
	says(0, 409, "500\n");
	ck_assert_int_eq(state(0), COSIGNER_AHEAD);
	tear_down();
}
END_TEST

/* How far a clock is off that makes a line wrong, in both directions, and that it heals. WIT-12 */
START_TEST(clocks_that_are_wrong)
{
	const uint64_t times[] = {NOW + 61, NOW - 61, NOW + 400, NOW + 86400, NOW + 3650 * 86400u, 1};
	set_up();
	offer(100);
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		expect(0, 0, 100);
		cosigns_as(0, 0, times[i]);
		ck_assert_int_eq(state(0), COSIGNER_WRONG);
		ck_assert_int_eq(cosigning_witness(cosigning, 0)->clock_ahead_s, (int64_t)(times[i] - NOW));
		ck_assert_uint_eq(cosigning_witness(cosigning, 0)->cosigned_s, 0);
		now_ms += COSIGNING_BACKOFF_MS_MAX;
		if (i == 0) {
			expect(0, 0, 100);
			says(0, 200, "hello\n"); /* wrong for another reason */
			ck_assert_int_eq(cosigning_witness(cosigning, 0)->clock_ahead_s, 0);
			now_ms += COSIGNING_BACKOFF_MS_MAX;
		}
	}
	expect(0, 0, 100);
	cosigns_as(0, 0, NOW + 60);
	ck_assert_int_eq(state(0), COSIGNER_GOOD);
	ck_assert_int_eq(cosigning_witness(cosigning, 0)->clock_ahead_s, 0);
	tear_down();
}
END_TEST

/* WIT-6: a fork, as this version and version 1.0.0 say it. */
START_TEST(a_fork_is_told_from_a_lie)
{
	set_up();
	offer(100);
	expect(0, 0, 100);
	cosigns(0);
	expect(1, 0, 100);
	cosigns(1);
	expect(2, 0, 100);
	says(2, 422, "no");
	ck_assert_int_eq(state(2), COSIGNER_FORK);
	ck_assert(takes(100, 2));
	now_ms += REFRESH_S * 1000;
	offer(100);
	expect(0, 100, 100);
	says(0, 409, "100\n");
	ck_assert_int_eq(state(0), COSIGNER_FORK);
	ck_assert(cosigner_state_alarms(COSIGNER_FORK));
	tear_down();
}
END_TEST

START_TEST(refusals_are_told_apart)
{
	const int statuses[] = {400, 403, 404};
	set_up();
	offer(100);
	for (uint32_t i = 0; i < 3; i++) {
		expect(i, 0, 100);
		says(i, statuses[i], "no");
		ck_assert_int_eq(state(i), COSIGNER_REFUSES);
		ck_assert_int_eq(cosigning_witness(cosigning, i)->status, statuses[i]);
	}
	ck_assert(cosigner_state_alarms(COSIGNER_REFUSES) && !cosigner_state_alarms(COSIGNER_AWAY));
	tear_down();
}
END_TEST

/* WIT-12: what is not this witness's good cosignature over what was asked, near our time, is none. */
START_TEST(no_lie_is_taken)
{
	char line[300];
	set_up();
	offer(100);
	expect(0, 0, 100);
	cosigns(0);
	for (int lie = 0; lie < 9; lie++) {
		uint8_t buffer[900];
		struct writer w = writer_of(buffer, sizeof buffer);
		struct bytes text = BYTES_LITERAL("log.example\n100\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
		expect(1, 0, 100);
		switch (lie) {
		case 0: /* over another checkpoint */
			ck_ok(cosignature_sign(text, &policy->keys[1], secrets[1], NOW, &w));
			(void)cosigning_answer(cosigning, 1, 200, bytes_of(buffer, writer_len(&w)), now_ms, NOW);
			break;
		case 1: /* another witness's line: would count twice */
			cosigns_as(1, 0, NOW);
			break;
		case 2:
			cosigns_as(1, 1, NOW + COSIGNING_CLOCK_S + 1);
			break;
		case 3:
			cosigns_as(1, 1, NOW - COSIGNING_CLOCK_S - 1);
			break;
		case 4:
			says(1, 200, "");
			break;
		case 5:
			says(1, 200, "hello\n");
			break;
		case 6: /* a name that is its, with nothing behind */
			says(1, 200, "\xE2\x80\x94 w1 AAAAAAA=\n");
			break;
		case 7: /* no cosignature, but a plain signature under its key id */
			snprintf(line, sizeof line, "\xE2\x80\x94 w1 ");
			w = writer_of(buffer, sizeof buffer);
			ck_ok(note_line_write(&policy->keys[1], bytes_of(secrets[0], 64), &w));
			(void)cosigning_answer(cosigning, 1, 200, bytes_of(buffer, writer_len(&w)), now_ms, NOW);
			break;
		default: /* a good one and a bad one */
			text =
				bytes_of(cosigning_witness(cosigning, 1)->asked_text, cosigning_witness(cosigning, 1)->asked_text_len);
			ck_ok(cosignature_sign(text, &policy->keys[1], secrets[1], NOW, &w));
			ck_ok(cosignature_sign(text, &policy->keys[1], secrets[0], NOW, &w));
			(void)cosigning_answer(cosigning, 1, 200, bytes_of(buffer, writer_len(&w)), now_ms, NOW);
		}
		ck_assert_msg(state(1) == COSIGNER_WRONG, "lie %d: %s", lie, cosigner_state_name(state(1)));
		ck_assert_uint_eq(cosigning_witness(cosigning, 1)->cosigned_s, 0);
		ck_assert(!takes(100, 1));
		now_ms += COSIGNING_BACKOFF_MS_MAX;
	}
	/* It can come back. Lines of others beside its own do no harm. */
	uint8_t buffer[900];
	struct writer w = writer_of(buffer, sizeof buffer);
	expect(1, 0, 100);
	struct bytes text =
		bytes_of(cosigning_witness(cosigning, 1)->asked_text, cosigning_witness(cosigning, 1)->asked_text_len);
	ck_ok(cosignature_sign(text, &policy->keys[0], secrets[0], NOW, &w));
	ck_ok(cosignature_sign(text, &policy->keys[1], secrets[1], NOW - COSIGNING_CLOCK_S, &w));
	ck_assert(cosigning_answer(cosigning, 1, 200, bytes_of(buffer, writer_len(&w)), now_ms, NOW));
	ck_assert(takes(100, 2));
	tear_down();
}
END_TEST

UNIT_MAIN("cosigning", quorum_of_two, slow_and_dead, who_fails_is_asked_less_often, nothing_new_is_asked_again,
	a_conflict_says_what_is_known, has_what_the_log_has, remembers_more_than_the_log_has, clocks_that_are_wrong,
	a_fork_is_told_from_a_lie, refusals_are_told_apart, no_lie_is_taken)
