/* What honest statements prove. */
#include "tests/lib/forged.h"
#include "tests/lib/unit.h"

static struct statement *accept(struct forge *forge, const struct forge_options *options)
{
	return accept_json(forge, forge_statement(forge, options), NULL);
}

/* STM-1 */
START_TEST(a_whole_history_is_proven)
{
	struct forge *forge = forge_new();
	uint64_t first = forge_one(forge, ANNE);
	forge->now_s += 10;
	const struct forge_draft drafts[] = {{.subject = BENT}, {.subject = ANNE}, {.subject = ANNE}};
	forge_batch(forge, 1, drafts, 3);
	uint64_t epoch = forge_epoch(forge);
	const struct forge_options options = {.subject = ANNE};
	struct statement *statement = accept(forge, &options);
	ck_assert_str_eq(statement->subject, ANNE);
	ck_assert_str_eq(statement->origin, FORGE_ORIGIN);
	ck_assert_uint_eq(statement->size, forge->entry_count);
	ck_assert(statement->present && !statement->window.has_from && !statement->window.has_to);
	ck_assert_uint_eq(statement->count, 3);
	ck_assert_uint_eq(statement->event_count, 3);
	ck_assert_uint_eq(statement->open, 3);
	ck_assert_uint_eq(statement->withheld + statement->erased + statement->later_count, 0);
	ck_assert_uint_eq(statement->epoch_index, epoch);
	ck_assert_uint_eq(statement->epoch_size, epoch);
	ck_assert_uint_eq(statement->epoch_time_s, FORGE_START_S + 10);
	ck_assert(!statement->signatures && statement->audit == STATEMENT_AUDIT_NONE && !statement->predecessor[0]);
	ck_assert_uint_eq(statement->events[0].index, first);
	for (size_t i = 0; i < 3; i++) {
		struct event event;
		struct fault fault;
		ck_ok(event_decode(statement->events[i].disclosed, BYTES_EMPTY, NULL, true, &event, &fault));
		ck_assert(bytes_equal(event_subject(&event), bytes_text(ANNE)));
		ck_assert_ptr_null(statement->events[i].sender);
	}
	statement_free(statement);
	statement_free(NULL);
	forge_free(forge);
}
END_TEST

/* Nobody looked: in a map without anybody, and in one with others. */
START_TEST(absence_is_proven_too)
{
	struct forge *forge = forge_new();
	const struct forge_options options = {.subject = NOBODY};
	forge_epoch(forge);
	for (unsigned i = 0; i < 12; i++) {
		struct statement *statement = accept(forge, &options);
		ck_assert(!statement->present && statement->count == 0 && statement->event_count == 0);
		statement_free(statement);
		char subject[32];
		snprintf(subject, sizeof subject, "cpr:%010u", 101700000 + i);
		forge_one(forge, subject);
		forge_epoch(forge);
	}
	/* A window of nothing is nothing too. */
	const struct forge_options window = {.subject = NOBODY, .window = {.has_from = true, .from_s = FORGE_START_S}};
	statement_free(accept(forge, &window));
	forge_free(forge);
}
END_TEST

/* The asked-for subject, in the one spelling. STM-4 */
START_TEST(it_is_about_whom_was_asked)
{
	struct forge *forge = forge_new();
	forge_one(forge, ANNE);
	forge_epoch(forge);
	const struct forge_options options = {.subject = ANNE};
	const struct statement_options anne = {.subject = ANNE}, bent = {.subject = BENT};
	statement_free(accept_json(forge, forge_statement(forge, &options), &anne));
	refuse_json(forge, forge_statement(forge, &options), &bent, FINDING_SUBJECT_OTHER);
	forge_free(forge);
}
END_TEST

START_TEST(withheld_events_are_counted)
{
	struct forge *forge = forge_new();
	const struct forge_draft drafts[] = {
		{.subject = ANNE}, {.subject = ANNE, .withheld_until_s = FORGE_START_S + 100}, {.subject = ANNE}};
	forge_batch(forge, 1, drafts, 3);
	forge->now_s += 99;
	forge_one(forge, BENT);
	uint64_t early = forge_epoch(forge);
	const struct forge_options before = {.subject = ANNE, .epoch = early};
	struct statement *statement = accept(forge, &before);
	ck_assert_uint_eq(statement->event_count, 3);
	ck_assert_uint_eq(statement->open, 2);
	ck_assert_uint_eq(statement->withheld, 1);
	ck_assert_int_eq(statement->events[1].state, STATEMENT_WITHHELD);
	ck_assert_uint_eq(statement->events[1].header.withheld_until_s, FORGE_START_S + 100);
	ck_assert_uint_eq(statement->events[1].disclosed.len, 0);
	statement_free(statement);
	/* From its second on it opens by itself. */
	forge->now_s += 1;
	forge_one(forge, BENT);
	forge_epoch(forge);
	const struct forge_options after = {.subject = ANNE};
	statement = accept(forge, &after);
	ck_assert_uint_eq(statement->open, 3);
	ck_assert_uint_eq(statement->events[1].header.withheld_until_s, FORGE_START_S + 100);
	statement_free(statement);
	forge_free(forge);
}
END_TEST

START_TEST(erased_events_are_listed)
{
	struct forge *forge = forge_new();
	const struct forge_draft drafts[] = {
		{.subject = ANNE, .retention_years = 2}, {.subject = ANNE}, {.subject = BENT, .retention_years = 2}};
	forge_batch(forge, 1, drafts, 3);
	uint64_t period = forge_erase_period(forge, FORGE_START_S, 2);
	forge_epoch(forge);
	const struct forge_options anne = {.subject = ANNE}, bent = {.subject = BENT};
	struct statement *statement = accept(forge, &anne);
	ck_assert_uint_eq(statement->erased, 1);
	ck_assert_uint_eq(statement->open, 1);
	ck_assert_int_eq(statement->events[0].state, STATEMENT_ERASED);
	ck_assert_uint_eq(statement->events[0].erased_by, period);
	statement_free(statement);

	uint64_t person = forge_erase_person(forge, ANNE);
	forge_one(forge, ANNE);
	forge_epoch(forge);
	forge_one(forge, ANNE);
	forge_erase_person(forge, ANNE);
	statement = accept(forge, &anne);
	ck_assert_uint_eq(statement->erased, 3);
	ck_assert_uint_eq(statement->events[1].erased_by, person);
	ck_assert_uint_eq(statement->later_count, 1);
	ck_assert_int_eq(statement->later[0].state, STATEMENT_ERASED);
	statement_free(statement);
	statement = accept(forge, &bent);
	ck_assert_uint_eq(statement->erased, 1);
	statement_free(statement);
	forge_free(forge);
}
END_TEST

/* Events after the epoch are listed, and not among the complete ones. */
START_TEST(later_events_stand_apart)
{
	struct forge *forge = forge_new();
	forge_one(forge, ANNE);
	forge_epoch(forge);
	forge->now_s += 7;
	const struct forge_draft drafts[] = {
		{.subject = ANNE}, {.subject = BENT}, {.subject = ANNE, .withheld_until_s = FORGE_START_S + 1000}};
	uint64_t first = forge_batch(forge, 1, drafts, 3);
	const struct forge_options options = {.subject = ANNE}, nobody = {.subject = NOBODY};
	struct statement *statement = accept(forge, &options);
	ck_assert_uint_eq(statement->event_count, 1);
	ck_assert_uint_eq(statement->withheld, 0);
	ck_assert_uint_eq(statement->later_count, 2);
	ck_assert_uint_eq(statement->later[0].index, first);
	ck_assert_int_eq(statement->later[1].state, STATEMENT_WITHHELD);
	ck_assert_uint_eq(statement->epoch_time_s, FORGE_START_S);
	statement_free(statement);
	forge_one(forge, NOBODY);
	statement = accept(forge, &nobody);
	ck_assert(!statement->present && statement->later_count == 1);
	statement_free(statement);
	forge_free(forge);
}
END_TEST

/* Every window over events at 0, 10, ... 90 seconds, and what must be in it. */
START_TEST(every_window_is_exact)
{
	struct forge *forge = forge_new();
	for (unsigned i = 0; i < 10; i++) {
		forge->now_s = FORGE_START_S + 10 * i;
		forge_one(forge, ANNE);
		forge_one(forge, BENT);
	}
	forge_epoch(forge);
	for (unsigned from = 0; from <= 105; from += 5) {
		for (unsigned to = from + 5; to <= 110; to += 5) {
			unsigned wanted = (to + 9) / 10 - (from + 9) / 10;
			if (to > 95)
				wanted = from > 90 ? 0 : 10 - (from + 9) / 10;
			/* 0 leaves the beginning open, 110 the end. */
			const struct forge_options options = {.subject = ANNE,
				.window = {.has_from = from > 0,
					.from_s = FORGE_START_S + from,
					.has_to = to < 110,
					.to_s = FORGE_START_S + to}};
			struct statement *statement = accept(forge, &options);
			ck_assert_uint_eq(statement->event_count, wanted);
			ck_assert_uint_eq(statement->count, 10);
			ck_assert(statement->window.has_from == (from > 0) && statement->window.has_to == (to < 110));
			for (size_t i = 0; i < statement->event_count; i++)
				ck_assert_uint_eq(
					statement->events[i].entry.time_s, FORGE_START_S + ((from + 9) / 10 + (unsigned)i) * 10);
			statement_free(statement);
		}
	}
	forge_free(forge);
}
END_TEST

START_TEST(signatures_prove_the_senders)
{
	struct forge *forge = forge_new();
	uint32_t police = forge_sender(forge, "Rigspolitiet", false);
	const struct forge_draft drafts[] = {
		{.subject = BENT}, {.subject = ANNE}, {.subject = BENT}, {.subject = ANNE}, {.subject = ANNE}};
	forge_batch(forge, 1, drafts, 5);
	forge_batch(forge, police, drafts, 3);
	forge_sender_change(forge, 1, SENDER_ROTATE, true, false);
	forge_batch(forge, 1, drafts, 2);
	forge_sender_change(forge, 1, SENDER_POLICY, true, false);
	forge_batch(forge, 1, drafts, 2);
	forge_sender_change(forge, police, SENDER_REVOKE, true, true);
	forge_epoch(forge);
	const struct forge_options options = {.subject = ANNE, .signatures = true};
	struct statement *statement = accept(forge, &options);
	ck_assert(statement->signatures);
	ck_assert_uint_eq(statement->event_count, 6);
	ck_assert_uint_eq(statement->sender_count, 2);
	for (size_t i = 0; i < statement->event_count; i++) {
		const struct statement_event *event = &statement->events[i];
		bool first = event->entry.sender == 1;
		ck_assert_uint_eq(event->sender->id, event->entry.sender);
		ck_assert_str_eq(event->sender->name, first ? "Aarhus Kommune" : "Rigspolitiet");
		ck_assert(event->sender->endorsed == first && event->sender->compromised == !first);
	}
	statement_free(statement);
	/* One change that is not endorsed marks the sender. */
	forge_sender_change(forge, 1, SENDER_ROTATE, false, false);
	forge_batch(forge, 1, drafts, 2);
	forge_epoch(forge);
	statement = accept(forge, &options);
	ck_assert(!statement->senders[0].endorsed && !statement->senders[1].endorsed);
	statement_free(statement);
	forge_free(forge);
}
END_TEST

START_TEST(audits_stand_beside_it)
{
	struct forge *forge = forge_new();
	forge_one(forge, ANNE);
	uint64_t epoch = forge_epoch(forge);
	const struct forge_options options = {.subject = ANNE, .audit = true};
	const struct statement_options verify = {.auditor = &forge->auditor};
	struct statement *statement = accept(forge, &options);
	ck_assert_int_eq(statement->audit, STATEMENT_AUDIT_NO_KEY);
	ck_assert_str_eq(statement->auditor, "");
	statement_free(statement);
	statement = accept_json(forge, forge_statement(forge, &options), &verify);
	ck_assert_int_eq(statement->audit, STATEMENT_AUDIT_VERIFIED);
	ck_assert_str_eq(statement->auditor, "auditor.example.dk");
	ck_assert_uint_eq(statement->audit_epoch, epoch);
	statement_free(statement);
	/* A note about an earlier epoch is as good, for that epoch. */
	forge_one(forge, ANNE);
	forge_epoch(forge);
	json_t *json = forge_statement(forge, &options);
	json_object_set_new(json, "audit", forge_audit_json(forge, epoch, 0));
	statement = accept_json(forge, json, &verify);
	ck_assert_uint_eq(statement->audit_epoch, epoch);
	statement_free(statement);
	/* A note that was asked for must be there. STM-61 */
	const struct forge_options plain = {.subject = ANNE};
	refuse_json(forge, forge_statement(forge, &plain), &verify, FINDING_AUDIT_MISSING);
	statement = accept(forge, &plain);
	ck_assert_int_eq(statement->audit, STATEMENT_AUDIT_NONE);
	statement_free(statement);
	forge_free(forge);
}
END_TEST

/* The epoch's time is that of the newest entry with one; epochs and batches in between do not hide it. */
START_TEST(an_epochs_time_is_its_last_entrys)
{
	struct forge *forge = forge_new();
	const struct forge_options options = {.subject = ANNE};
	forge_one(forge, ANNE);
	for (unsigned i = 0; i < 5; i++) {
		forge_epoch(forge);
		struct statement *statement = accept(forge, &options);
		ck_assert_uint_eq(statement->epoch_time_s, FORGE_START_S);
		statement_free(statement);
	}
	forge->now_s += 3;
	forge_sender(forge, "Region Nord", true);
	forge_epoch(forge);
	struct statement *statement = accept(forge, &options);
	ck_assert_uint_eq(statement->epoch_time_s, FORGE_START_S + 3);
	statement_free(statement);
	/* Under an older checkpoint and with an older epoch the same log says less. */
	uint64_t size = forge->entry_count;
	forge->now_s += 3;
	forge_one(forge, ANNE);
	forge_epoch(forge);
	const struct forge_options older = {.subject = ANNE, .size = size};
	statement = accept(forge, &older);
	ck_assert_uint_eq(statement->count, 1);
	ck_assert_uint_eq(statement->later_count, 0);
	ck_assert_uint_eq(statement->size, size);
	statement_free(statement);
	forge_free(forge);
}
END_TEST

/* ---- every byte ---- */

/* All that a statement says, as one hash. */
static void meaning(const struct statement *statement, struct hash *out)
{
	static uint8_t buffer[200000];
	struct writer w = writer_of(buffer, sizeof buffer);
	writer_range16(&w, bytes_text(statement->subject));
	writer_range16(&w, bytes_text(statement->origin));
	writer_range16(&w, bytes_text(statement->auditor));
	const uint64_t numbers[] = {statement->size, statement->epoch_index, statement->epoch_size, statement->epoch_time_s,
		statement->present, statement->count, statement->event_count, statement->open, statement->withheld,
		statement->erased, statement->later_count, statement->signatures, statement->sender_count, statement->audit,
		statement->audit_epoch, statement->window.has_from, statement->window.has_to};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		writer_u64(&w, numbers[i]);
	for (size_t i = 0; i < statement->event_count + statement->later_count; i++) {
		const struct statement_event *event =
			i < statement->event_count ? &statement->events[i] : &statement->later[i - statement->event_count];
		uint8_t entry[ENTRY_EVENT_BYTES];
		entry_event_encode(&event->entry, entry);
		writer_u64(&w, event->index);
		writer_u64(&w, event->erased_by);
		writer_u8(&w, (uint8_t)event->state);
		writer_bytes(&w, BYTES_ARRAY(entry));
		event_header_encode(&event->header, &w);
		writer_range16(&w, event->disclosed);
		writer_u32(&w, event->sender ? event->sender->id : 0);
	}
	for (size_t i = 0; i < statement->sender_count; i++)
		writer_range16(&w, bytes_text(statement->senders[i].name));
	ck_ok(w.error);
	hash_sha256(&(struct bytes){buffer, writer_len(&w)}, 1, out);
}

/* 20 covered events with everything that a statement can have; no byte can be changed so that it says something else.
 */
/* LOSS-4, LOSS-6: what the log has lost is said with the list, and stands in no list. The loss entry has no time, as
 * the entries before it that show the epoch's (STM-13). */
START_TEST(what_is_lost_is_said)
{
	struct forge *forge = forge_new();
	forge_one(forge, ANNE);
	forge->now_s += 5;
	uint64_t gone = forge_one(forge, ANNE);
	forge_one(forge, BENT);
	for (uint64_t i = 0; i < forge->event_count; i++)
		forge->events[i].filed = forge->events[i].index < gone;
	struct entry loss = {.kind = ENTRY_LOSS, .loss = {.first = gone, .end = forge->entry_count, .events = 2}};
	forge_append(forge, &loss);
	struct entry epoch = {.kind = ENTRY_EPOCH};
	forge_compute_epoch(forge, forge->entry_count, &epoch.epoch);
	epoch.epoch.lost = 2;
	forge_append(forge, &epoch);
	struct statement *statement =
		accept_json(forge, forge_statement(forge, &(struct forge_options){.subject = ANNE}), NULL);
	ck_assert_uint_eq(statement->lost, 2);
	ck_assert_uint_eq(statement->count, 1);
	ck_assert_uint_eq(statement->epoch_time_s, FORGE_START_S + 5);
	statement_free(statement);
	forge_free(forge);
}
END_TEST

START_TEST(no_byte_can_be_changed)
{
	struct forge *forge = forge_new();
	for (unsigned i = 0; i < 4; i++) {
		const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = ANNE, .retention_years = 1},
			{.subject = BENT}, {.subject = ANNE, .withheld_until_s = FORGE_START_S + 1000}, {.subject = ANNE},
			{.subject = ANNE}};
		forge_batch(forge, 1, drafts, 6);
	}
	forge_erase_period(forge, FORGE_START_S, 1);
	forge_epoch(forge);
	forge_one(forge, ANNE);
	const struct forge_options options = {.subject = ANNE, .signatures = true, .audit = true};
	const struct statement_options verify = {.auditor = &forge->auditor};
	json_t *json = forge_statement(forge, &options);
	char *text = json_dumps(json, JSON_COMPACT);
	size_t len = strlen(text), accepted = 0;
	struct statement *statement = accept_json(forge, json, &verify);
	struct hash honest, got;
	ck_assert_uint_eq(statement->event_count, 20);
	meaning(statement, &honest);
	statement_free(statement);
	for (size_t i = 0; i < len; i++) {
		struct finding finding;
		char *copy = malloc(len);
		memcpy(copy, text, len);
		copy[i] = (char)(copy[i] ^ 1 << i % 8);
		enum error error = statement_verify(bytes_of(copy, len), &forge->vkey, &verify, &statement, &finding);
		free(copy);
		if (error != E_OK) {
			ck_assert_int_ne(finding.code, FINDING_NONE);
			continue;
		}
		meaning(statement, &got);
		ck_assert_msg(hash_equal(&got, &honest), "byte %zu of %zu changes the meaning", i, len);
		statement_free(statement);
		accepted++;
	}
	ck_assert_uint_eq(accepted, 0); /* a compact file has no byte without a meaning */
	free(text);
	forge_free(forge);
}
END_TEST

/* No prefix is a statement. STM-2 */
START_TEST(no_prefix_is_a_statement)
{
	struct forge *forge = forge_new();
	forge_one(forge, ANNE);
	forge_epoch(forge);
	const struct forge_options options = {.subject = ANNE};
	const struct statement_options anybody = {0};
	json_t *json = forge_statement(forge, &options);
	char *text = json_dumps(json, JSON_COMPACT);
	for (size_t len = 0; len < strlen(text); len++) {
		struct finding finding;
		struct statement *statement = NULL;
		ck_error(statement_verify(bytes_of(text, len), &forge->vkey, &anybody, &statement, &finding), E_BAD_VALUE);
		ck_assert_int_eq(finding.code, FINDING_FORM);
	}
	free(text);
	json_decref(json);
	forge_free(forge);
}
END_TEST

UNIT_MAIN("statement", a_whole_history_is_proven, absence_is_proven_too, it_is_about_whom_was_asked,
	withheld_events_are_counted, erased_events_are_listed, later_events_stand_apart, every_window_is_exact,
	signatures_prove_the_senders, audits_stand_beside_it, an_epochs_time_is_its_last_entrys, what_is_lost_is_said,
	no_byte_can_be_changed, no_prefix_is_a_statement)
