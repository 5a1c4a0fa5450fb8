/* The rules entry by entry, and that they can be interrupted at every entry. That each broken rule is found is shown by
 * the tests of the audit (test_audit_rules.c). */
#include "ledger/log/log_rules.h"
#include "tests/lib/forged.h"
#include "tests/lib/unit.h"

#define ENCODED_MAX 65536u

static struct log_finding finding;

static enum error take(struct log_rules *rules, const struct forge *forge, uint64_t index)
{
	struct entry entry;
	const struct forge_entry *encoded = &forge->entries[index];
	ck_ok(entry_decode(bytes_of(encoded->data, encoded->len), &entry));
	return log_rules_entry(rules, &entry, &finding);
}

static void take_all(struct log_rules *rules, const struct forge *forge, uint64_t end)
{
	while (rules->state.size < end)
		ck_assert_msg(take(rules, forge, rules->state.size) == E_OK, "%lu: %s", finding.index, finding.text);
}

static struct forge *make_log(void)
{
	struct forge *forge = forge_new();
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}, {.subject = ANNE}};
	uint32_t second = forge_sender(forge, "Region Midtjylland", false);
	for (int i = 0; i < 5; i++) {
		forge_batch(forge, i % 2 ? second : 1, drafts, 3);
		forge->now_s += (uint64_t)i;
		if (i == 2)
			forge_epoch(forge);
	}
	forge_sender_change(forge, second, SENDER_ROTATE, true, false);
	forge_one(forge, BENT);
	forge_sender_change(forge, second, SENDER_REVOKE, true, true);
	forge->now_s += 7;
	forge_batch(forge, 1, drafts, 2);
	forge_epoch(forge);
	forge_one(forge, ANNE);
	return forge;
}

static size_t encode(const struct log_rules *rules, uint8_t out[ENCODED_MAX])
{
	struct writer w = writer_of(out, ENCODED_MAX);
	log_rules_encode(rules, &w);
	ck_ok(w.error);
	ck_assert_uint_le(writer_len(&w), log_rules_encoded_max(rules));
	return writer_len(&w);
}

static void assert_same(const struct log_rules *a, const struct log_rules *b)
{
	static uint8_t of_a[ENCODED_MAX], of_b[ENCODED_MAX];
	size_t len = encode(a, of_a);
	ck_assert_uint_eq(len, encode(b, of_b));
	ck_assert_mem_eq(of_a, of_b, len);
}

static void decode(struct log_rules *rules, const struct forge *forge, struct bytes encoded)
{
	struct reader r = reader_of(encoded);
	log_rules_init(rules, &forge->vkey);
	log_rules_decode(rules, &r);
	ck_ok(reader_done(&r));
}

START_TEST(a_whole_log)
{
	struct forge *forge = make_log();
	struct log_rules rules;
	log_rules_init(&rules, &forge->vkey);
	take_all(&rules, forge, forge->entry_count);
	ck_ok(log_rules_end(&rules, &finding));
	ck_assert_uint_eq(rules.state.events, 5 * 3 + 1 + 2 + 1);
	ck_assert_uint_eq(rules.batches, 8);
	ck_assert_uint_eq(rules.state.filing_leaves, rules.state.events);
	ck_assert_uint_eq(rules.epochs, 2);
	ck_assert_uint_eq(rules.state.epoch_index, rules.state.epoch_size);
	ck_assert_uint_eq(rules.sender_entries, 4);
	ck_assert_uint_eq(rules.sender_count, 2);
	ck_assert_uint_eq(rules.unendorsed, 1);
	ck_assert_uint_eq(log_rules_sender(&rules, 1)->next_sequence, 3 * 3 + 1 + 2 + 1);
	ck_assert_int_eq(log_rules_sender(&rules, 2)->status, SENDER_REVOKED);
	ck_assert(log_rules_sender(&rules, 2)->compromised);
	ck_assert_ptr_null(log_rules_sender(&rules, 3));
	log_rules_free(&rules);
	forge_free(forge);
}
END_TEST

START_TEST(interrupted_at_every_entry)
{
	struct forge *forge = make_log();
	struct log_rules whole;
	log_rules_init(&whole, &forge->vkey);
	take_all(&whole, forge, forge->entry_count);
	for (uint64_t cut = 0; cut <= forge->entry_count; cut++) {
		static uint8_t encoded[ENCODED_MAX];
		struct log_rules first, second;
		log_rules_init(&first, &forge->vkey);
		take_all(&first, forge, cut);
		size_t len = encode(&first, encoded);
		decode(&second, forge, bytes_of(encoded, len));
		assert_same(&first, &second);
		take_all(&second, forge, forge->entry_count);
		assert_same(&whole, &second);
		log_rules_free(&first);
		log_rules_free(&second);
	}
	log_rules_free(&whole);
	forge_free(forge);
}
END_TEST

/* What was cut off, or goes on behind its end, is no state. */
START_TEST(only_whole_states)
{
	static uint8_t encoded[ENCODED_MAX];
	struct forge *forge = make_log();
	struct log_rules rules, other;
	log_rules_init(&rules, &forge->vkey);
	take_all(&rules, forge, forge->entry_count - 1); /* in the middle of a batch */
	ck_error(log_rules_end(&rules, &finding), E_CORRUPT);
	ck_assert_uint_eq(finding.index, forge->entry_count - 2);
	size_t len = encode(&rules, encoded);
	for (size_t cut = 0; cut < len; cut++) {
		struct reader r = reader_of(bytes_of(encoded, cut));
		log_rules_init(&other, &forge->vkey);
		log_rules_decode(&other, &r);
		ck_assert_int_ne(reader_done(&r), E_OK);
		log_rules_free(&other);
	}
	struct reader r = reader_of(bytes_of(encoded, len + 1));
	log_rules_init(&other, &forge->vkey);
	log_rules_decode(&other, &r);
	ck_error(reader_done(&r), E_TRAILING);
	log_rules_free(&other);
	log_rules_free(&rules);
	forge_free(forge);
}
END_TEST

/* What an older version wrote is about logs of an older format. */
START_TEST(older_states_are_refused)
{
	static uint8_t encoded[ENCODED_MAX];
	struct forge *forge = make_log();
	struct log_rules rules;
	log_rules_init(&rules, &forge->vkey);
	size_t len = encode(&rules, encoded);
	for (encoded[0] = 0; encoded[0] < 16; encoded[0]++) {
		struct reader r = reader_of(bytes_of(encoded, len));
		log_rules_decode(&rules, &r);
		ck_assert((reader_done(&r) == E_OK) == (encoded[0] == 7));
	}
	log_rules_free(&rules);
	forge_free(forge);
}
END_TEST

/* An epoch names the time of the last entry that it covers, wherever that lies in the time before. */
START_TEST(the_time_of_an_epoch)
{
	struct forge *forge = forge_new();
	uint64_t sizes[6], times[6];
	for (size_t i = 0; i < 6; i++) {
		forge_one(forge, ANNE);
		sizes[i] = forge->entry_count;
		times[i] = forge->now_s;
		forge->now_s += 2;
	}
	for (size_t i = 0; i < 6; i++) {
		for (int wrong = 0; wrong <= 1; wrong++) {
			struct log_rules rules;
			struct entry entry = {
				.kind = ENTRY_EPOCH, .epoch = {.size = sizes[i], .time_s = times[i] + (uint64_t)wrong}};
			log_rules_init(&rules, &forge->vkey);
			take_all(&rules, forge, forge->entry_count);
			ck_error(log_rules_entry(&rules, &entry, &finding), wrong ? E_CORRUPT : E_OK);
			entry.epoch = (struct entry_epoch){.size = sizes[5], .time_s = times[5]};
			if (!wrong)
				ck_ok(log_rules_entry(&rules, &entry, &finding));
			log_rules_free(&rules);
		}
	}
	forge_free(forge);
}
END_TEST

/* REC-6: whoever only asks which history was signed bears an event that is filed too late, and everything after it is
 * taken as it would be anyway. */
START_TEST(filed_too_late_is_borne)
{
	struct forge *forge = forge_new();
	struct log_rules strict, bearing;
	forge_one(forge, ANNE);
	uint64_t late = forge->entry_count - 2; /* the event, before its batch entry */
	forge->now_s += 1;
	forge_one(forge, BENT);
	forge->now_s += 400;
	uint64_t shows = forge->entry_count;
	forge_one(forge, ANNE);
	forge_epoch(forge);
	forge->now_s += 1000;
	forge_one(forge, BENT);
	log_rules_init(&strict, &forge->vkey);
	take_all(&strict, forge, shows);
	ck_error(take(&strict, forge, shows), E_CORRUPT);
	ck_assert_msg(strstr(finding.text, "filed too late") != NULL, "%s", finding.text);
	log_rules_free(&strict);

	log_rules_init(&bearing, &forge->vkey);
	bearing.state.bears_late = true;
	take_all(&bearing, forge, shows);
	ck_assert(!bearing.state.is_late);
	take_all(&bearing, forge, forge->entry_count);
	ck_ok(log_rules_end(&bearing, &finding));
	ck_assert(bearing.state.is_late);
	ck_assert_uint_eq(bearing.state.late, late);
	ck_assert_uint_eq(bearing.state.events, 4);
	ck_assert_uint_eq(bearing.state.lag.events, 1); /* the epoch covered the rest */
	log_rules_free(&bearing);
	forge_free(forge);
}
END_TEST

UNIT_MAIN("log_rules", filed_too_late_is_borne, a_whole_log, interrupted_at_every_entry, only_whole_states,
	older_states_are_refused, the_time_of_an_epoch)
