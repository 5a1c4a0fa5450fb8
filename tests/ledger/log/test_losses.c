/* Loss entries: what they may say, counted again from the log, and what follows for epochs and their lag. */
#include "ledger/log/log_rules.h"
#include "tests/lib/forged.h"
#include "tests/lib/unit.h"

#include <stdlib.h>

#define SIZE 3300

static struct log_finding finding;

/* ---- a log of kinds ---- */

static uint8_t kinds[SIZE]; /* of its entries; each one is its kind byte alone, which is all that is asked of it */
static uint8_t bundle[256 * 3];
static uint64_t reads, fail_at;

static enum error read_kinds(void *context, uint64_t number, struct bytes *out)
{
	size_t len = 0;
	(void)context;
	if (fail_at > 0 && ++reads == fail_at)
		return E_IO;
	for (uint64_t i = number * 256; i < number * 256 + 256 && i < SIZE; i++, len += 3) {
		put_u16(bundle + len, 1);
		bundle[len + 2] = kinds[i];
	}
	*out = bytes_of(bundle, len);
	return E_OK;
}

static const struct log_bundles log_of_kinds = {read_kinds, NULL};

/* Batches of one to five, of events or mass events, with other entries between. */
static void make_kinds(void)
{
	for (uint64_t i = 0; i < SIZE;) {
		uint8_t kind = randombytes_uniform(4) ? ENTRY_EVENT : ENTRY_MASS;
		for (uint32_t n = 1 + randombytes_uniform(5); n > 0 && i < SIZE; n--)
			kinds[i++] = kind;
		if (i < SIZE)
			kinds[i++] = ENTRY_BATCH;
		if (i < SIZE && randombytes_uniform(4) == 0)
			kinds[i++] = ENTRY_EPOCH;
	}
	kinds[0] = ENTRY_GENESIS;
}

static uint64_t naive_count(uint64_t first, uint64_t end, const bool *wanted)
{
	uint64_t count = 0;
	for (uint64_t i = first; i < end; i++)
		count += kinds[i] == ENTRY_EVENT && (wanted == NULL || wanted[i]);
	return count;
}

/* What can be asked, against a list of what is lost. */
static void assert_questions(const struct losses *losses, const bool *lost)
{
	uint64_t before = 0, next = SIZE;
	uint64_t from = randombytes_uniform(SIZE);
	for (uint64_t i = 0; i < SIZE; i++) {
		ck_assert(losses_cover(losses, i) == lost[i]);
		if (i >= from)
			ck_assert_uint_eq(losses_count(losses, from, i), before);
		if (i >= from)
			ck_assert((losses_among(losses, from, i + 1) != NULL) == (before + lost[i] > 0));
		before += i >= from && lost[i];
	}
	for (uint64_t i = SIZE; i-- > from;)
		next = lost[i] ? i : next;
	const struct lost_range *range = losses_from(losses, from);
	ck_assert(range == NULL ? next == SIZE : (lost[from] ? range->first <= from : range->first == next));
}

/* LOSS-1, LOSS-2: any losses, also such as reach into others, and in the middle of batches: what is lost is all of
 * their ranges, each event once. */
START_TEST(random_losses_agree_with_the_definition)
{
	for (int round = 0; round < 60; round++) {
		static bool lost[SIZE];
		struct losses losses = {.count = 0};
		memset(lost, 0, sizeof lost);
		make_kinds();
		for (uint64_t at = 2; losses.entries < 8; at += 1 + randombytes_uniform(SIZE / 8)) {
			if (at >= SIZE)
				break;
			struct entry_loss entry = {.first = 1 + randombytes_uniform((uint32_t)at - 1)};
			entry.end = entry.first + 1 + randombytes_uniform((uint32_t)(at - entry.first));
			entry.events = naive_count(entry.first, entry.end, NULL);
			ck_ok(losses_take(&losses, &entry, at, &log_of_kinds, &finding));
			for (uint64_t i = entry.first; i < entry.end; i++)
				lost[i] = true;
			ck_assert_uint_eq(losses_newest(&losses)->entry, at);
			ck_assert(lost[losses_end(&losses) - 1] && !lost[losses_end(&losses)]);
			ck_assert_uint_eq(losses_events(&losses), naive_count(0, SIZE, lost));
			assert_questions(&losses, lost);
		}
		uint8_t buffer[LOSSES_BYTES_MAX + 1];
		struct losses again;
		struct writer w = writer_of(buffer, sizeof buffer);
		losses_encode(&losses, &w);
		struct reader r = reader_of(bytes_of(buffer, writer_len(&w)));
		losses_decode(&r, &again);
		ck_ok(reader_done(&r));
		ck_assert(losses_equal(&losses, &again));
		if (losses.count > 0) {
			again.ranges[again.count - 1].events++;
			ck_assert(!losses_equal(&losses, &again));
		}
	}
}
END_TEST

static void refused(
	struct losses *losses, uint64_t first, uint64_t end, uint64_t events, uint64_t index, const char *text)
{
	struct losses before = *losses;
	const struct entry_loss entry = {first, end, events};
	ck_error(losses_take(losses, &entry, index, &log_of_kinds, &finding), E_CORRUPT);
	ck_assert_msg(strstr(finding.text, text) != NULL, "%s; expected %s", finding.text, text);
	ck_assert(losses_equal(losses, &before));
}

/* LOSS-1, LOSS-2, LOSS-3 */
START_TEST(what_an_entry_may_say)
{
	struct losses losses = {.count = 0};
	memset(kinds, ENTRY_EVENT, sizeof kinds);
	for (uint64_t i = 0; i < SIZE; i += 5)
		kinds[i] = ENTRY_BATCH;
	refused(&losses, 0, 5, 4, 6, "not about entries before it");
	refused(&losses, 5, 5, 0, 6, "not about entries before it");
	refused(&losses, 5, 4, 0, 6, "not about entries before it");
	refused(&losses, 4, 7, 2, 6, "not about entries before it");
	refused(&losses, 6, 7, 1, 6, "not about entries before it");
	refused(&losses, 301, 801, 401, 801, "401 events are lost, and it covers 400");
	refused(&losses, 301, 801, 399, 801, "399 events are lost, and it covers 400");
	refused(&losses, 302, 304, 3, 801, "3 events are lost, and it covers 2");
}
END_TEST

/* LOSS-3 */
START_TEST(there_are_so_many_and_no_more)
{
	struct losses losses = {.count = 0};
	memset(kinds, ENTRY_BATCH, sizeof kinds);
	for (uint64_t i = 0; i < LOSSES_MAX; i++) {
		const struct entry_loss entry = {1 + 3 * i, 3 + 3 * i, 0};
		ck_ok(losses_take(&losses, &entry, 3 + 3 * i, &log_of_kinds, &finding));
	}
	ck_assert_uint_eq(losses.count, LOSSES_MAX);
	refused(&losses, 300, 301, 0, 3 * SIZE, "at most 1024");
	/* Also where they are one range. */
	losses = (struct losses){.count = 0};
	for (uint64_t i = 0; i < LOSSES_MAX; i++) {
		const struct entry_loss entry = {1, 3 + 3 * i, 0};
		ck_ok(losses_take(&losses, &entry, 3 + 3 * i, &log_of_kinds, &finding));
	}
	ck_assert_uint_eq(losses.count, 1);
	refused(&losses, 1, 301, 0, 3 * SIZE, "at most 1024");
}
END_TEST

/* Bundles that cannot be had break no rule, and the entry can be given again. */
START_TEST(bundles_that_are_away_break_no_rule)
{
	struct losses losses = {.count = 0};
	const struct log_bundles none = {NULL, NULL};
	make_kinds();
	const struct entry_loss entry = {300, 800, naive_count(300, 800, NULL)};
	ck_error(losses_take(&losses, &entry, 800, &none, &finding), E_NOT_FOUND);
	for (fail_at = 1; fail_at < 4; fail_at++) {
		reads = 0;
		ck_error(losses_take(&losses, &entry, 800, &log_of_kinds, &finding), E_IO);
		ck_assert_uint_eq(losses.entries, 0);
	}
	fail_at = 0;
	ck_ok(losses_take(&losses, &entry, 800, &log_of_kinds, &finding));
}
END_TEST

START_TEST(states_come_back_as_written)
{
	static const struct losses bad[] = {{LOSSES_MAX + 1, LOSSES_MAX + 1, {{0}}}, {1, 2, {{1, 2, 2, 0}, {3, 4, 4, 0}}},
		{1, 0, {{0}}}, {1, 1, {{0, 5, 5, 0}}}, {1, 1, {{5, 5, 5, 0}}}, {1, 1, {{5, 6, 6, 2}}}, {1, 1, {{5, 7, 6, 2}}},
		{2, 2, {{1, 5, 5, 0}, {4, 6, 6, 0}}}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		uint8_t buffer[2 * LOSSES_BYTES_MAX];
		struct losses out;
		struct writer w = writer_of(buffer, sizeof buffer);
		struct losses written = bad[i];
		written.count = written.count > LOSSES_MAX ? LOSSES_MAX : written.count;
		losses_encode(&written, &w);
		put_u32(buffer + 4, bad[i].count);
		struct reader r = reader_of(bytes_of(buffer, writer_len(&w)));
		losses_decode(&r, &out);
		ck_assert_msg(r.error == E_BAD_VALUE, "%zu", i);
	}
}
END_TEST

/* ---- in a log ---- */

static enum error read_forge(void *context, uint64_t number, struct bytes *out)
{
	static uint8_t content[256 * 1024];
	const struct forge *forge = context;
	struct writer w = writer_of(content, sizeof content);
	for (uint64_t i = number * 256; i < number * 256 + 256 && i < forge->entry_count; i++)
		writer_range16(&w, bytes_of(forge->entries[i].data, forge->entries[i].len));
	return writer_done(&w, out);
}

static enum error take_all(struct forge *forge, struct log_rules *rules)
{
	enum error error = E_OK;
	log_rules_init(rules, &forge->vkey);
	rules->state.bundles = (struct log_bundles){read_forge, forge};
	while (error == E_OK && rules->state.size < forge->entry_count) {
		struct entry entry;
		const struct forge_entry *encoded = &forge->entries[rules->state.size];
		ck_ok(entry_decode(bytes_of(encoded->data, encoded->len), &entry));
		error = log_rules_entry(rules, &entry, &finding);
	}
	return error;
}

static uint64_t add_range(struct forge *forge, uint64_t first, uint64_t end, uint64_t events)
{
	struct entry entry = {.kind = ENTRY_LOSS, .loss = {first, end, events}};
	return forge_append(forge, &entry);
}

static uint64_t add_loss(struct forge *forge, uint64_t first, uint64_t events)
{
	return add_range(forge, first, forge->entry_count, events);
}

static uint64_t add_epoch(struct forge *forge, uint64_t lost)
{
	struct entry entry = {.kind = ENTRY_EPOCH};
	forge_compute_epoch(forge, forge->entry_count, &entry.epoch);
	entry.epoch.lost = lost;
	return forge_append(forge, &entry);
}

static void assert_rules(struct forge *forge, uint64_t index, const char *text)
{
	struct log_rules rules;
	enum error error = take_all(forge, &rules);
	if (text == NULL)
		ck_assert_msg(error == E_OK, "%lu: %s", finding.index, finding.text);
	else
		ck_assert_msg(error == E_CORRUPT && finding.index == index && strstr(finding.text, text) != NULL,
			"%lu: %s; expected %lu: %s", finding.index, finding.text, index, text);
	log_rules_free(&rules);
}

/* LOSS-4: every epoch says how much is lost by then, from the first one after the loss on and not before. */
START_TEST(epochs_say_it)
{
	for (uint64_t before = 0; before <= 1; before++)
		for (uint64_t after = 1; after <= 4; after++) {
			struct forge *forge = forge_new();
			const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}};
			forge_one(forge, ANNE);
			uint64_t early = add_epoch(forge, before);
			uint64_t first = forge->entry_count;
			forge_batch(forge, 1, drafts, 2);
			forge_one(forge, BENT);
			add_loss(forge, first, 3);
			uint64_t late = add_epoch(forge, after);
			if (before != 0)
				assert_rules(forge, early, "the epoch says that 1 events are lost");
			else if (after != 3)
				assert_rules(forge, late, "and the loss entries before it that it is 3");
			else
				assert_rules(forge, 0, NULL);
			forge_free(forge);
		}
}
END_TEST

/* A store that was put back has the loss before the log has its entry: that entry it must be, and no other. */
START_TEST(a_loss_that_is_due_is_that_loss)
{
	const struct losses due = {.entries = 1, .count = 1, .ranges = {{.first = 3, .end = 9, .entry = 20, .events = 4}}};
	const struct log_bundles unread = {.read = NULL}; /* it was counted when it was put down */
	const struct entry_loss said = {.first = 3, .end = 9, .events = 4};
	const struct entry_loss others[] = {{4, 9, 4}, {3, 8, 4}, {3, 9, 3}};
	struct log_finding why;
	struct losses losses = due;
	ck_ok(losses_take(&losses, &said, 20, &unread, &why));
	ck_assert(losses_equal(&losses, &due));
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		ck_error(losses_take(&losses, &others[i], 20, &unread, &why), E_CORRUPT);
	ck_assert(losses_equal(&losses, &due));
}
END_TEST

/* LOSS-2 in a log, with the entries there are. */
START_TEST(events_are_counted_again)
{
	for (uint64_t said = 0; said < 5; said++) {
		struct forge *forge = forge_new();
		const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}};
		uint64_t first = forge_batch(forge, 1, drafts, 2);
		forge_one(forge, BENT);
		uint64_t loss = add_loss(forge, first, said);
		assert_rules(forge, loss, said == 3 ? NULL : "and it covers 3");
		forge_free(forge);
	}
	/* Also of a single event in the middle of its batch. */
	for (uint64_t said = 0; said < 3; said++) {
		struct forge *forge = forge_new();
		const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}, {.subject = ANNE}};
		uint64_t first = forge_batch(forge, 1, drafts, 3);
		uint64_t loss = add_range(forge, first + 1, first + 2, said);
		assert_rules(forge, loss, said == 1 ? NULL : "and it covers 1");
		forge_free(forge);
	}
}
END_TEST

/* LOSS-5: what is lost need not be filed any more; what is not, must. */
START_TEST(what_is_lost_need_not_be_filed)
{
	for (int all = 0; all <= 1; all++) {
		struct forge *forge = forge_new();
		uint64_t kept = forge_one(forge, ANNE);
		forge->now_s += 1;
		uint64_t gone = forge_one(forge, BENT);
		forge->now_s += 1;
		forge_one(forge, BENT);
		add_loss(forge, all ? kept : gone, all ? 3 : 2);
		forge->now_s += FORGE_LAG_SECONDS + 1;
		forge_one(forge, ANNE);
		assert_rules(forge, kept, all ? NULL : "filed too late");
		forge_free(forge);
	}
	/* Of three in a batch the one in the middle is lost, or those beside it. */
	for (uint64_t middle = 0; middle <= 1; middle++) {
		struct forge *forge = forge_new();
		const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}, {.subject = ANNE}};
		uint64_t first = forge_batch(forge, 1, drafts, 3);
		if (middle)
			add_range(forge, first + 1, first + 2, 1);
		else
			add_range(forge, first, first + 1, 1), add_range(forge, first + 2, first + 3, 1);
		forge->now_s += 1;
		forge_one(forge, BENT);
		forge->now_s += FORGE_LAG_SECONDS + 1;
		forge_one(forge, ANNE);
		assert_rules(forge, middle ? first : first + 1, "filed too late");
		forge_free(forge);
	}
}
END_TEST

UNIT_MAIN("losses", a_loss_that_is_due_is_that_loss, random_losses_agree_with_the_definition, what_an_entry_may_say,
	there_are_so_many_and_no_more, bundles_that_are_away_break_no_rule, states_come_back_as_written, epochs_say_it,
	events_are_counted_again, what_is_lost_need_not_be_filed)
