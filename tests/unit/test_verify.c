/* What 'indsigt verify' says in words. */
#include "tests/unit/forged.h"
#include "tools/receipt_json.h"
#include "tools/verify.h"

static struct forge *forge;

/* What comes out of `text`, to be freed; NULL with the finding where it does not hold. */
static char *say(struct bytes text, const char *lang, struct finding *finding)
{
	char *said = NULL;
	size_t len = 0;
	uint64_t number;
	struct verify_call call = {.text = text,
		.log = forge->vkey,
		.auditor = &forge->auditor,
		.words = verify_words_for(lang),
		.json = lang[0] == 'j',
		.now_s = FORGE_START_S + 5000,
		.out = open_memstream(&said, &len)};
	bool statement = memmem(text.data, text.len, "indsigt-statement", 17) != NULL;
	bool filing = memmem(text.data, text.len, "indsigt-filing", 14) != NULL;
	enum error error = statement ? verify_statement(&call, finding)
					   : filing  ? verify_filing(&call, finding)
								 : verify_receipts(&call, finding, &number);
	fclose(call.out);
	if (error == E_OK)
		return said;
	free(said);
	return NULL;
}

static char *say_json(json_t *json, const char *lang)
{
	struct finding finding;
	char *text = json_dumps(json, JSON_COMPACT);
	char *said = say(bytes_text(text), lang, &finding);
	ck_assert_msg(said != NULL, "%s", finding.text);
	free(text);
	json_decref(json);
	return said;
}

#define ck_says(said, ...)                                                                                            \
	do {                                                                                                              \
		char *says_text = (said);                                                                                     \
		const char *const says_wanted[] = {__VA_ARGS__};                                                              \
		for (size_t says_i = 0; says_i < sizeof says_wanted / sizeof says_wanted[0]; says_i++)                        \
			ck_assert_msg(                                                                                            \
				strstr(says_text, says_wanted[says_i]) != NULL, "no \"%s\" in:\n%s", says_wanted[says_i], says_text); \
		free(says_text);                                                                                              \
	} while (0)

/* STM-60 */
START_TEST(whole)
{
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = ANNE, .withheld_until_s = FORGE_START_S + 6000},
		{.subject = ANNE, .withheld_until_s = 1798761600}, {.subject = BENT}};
	const struct forge_options anne = {.subject = ANNE}, bent = {.subject = BENT}, nobody = {.subject = NOBODY};
	forge = forge_new();
	forge->now_s += 245;
	forge_batch(forge, 1, drafts, 4);
	forge_epoch(forge);
	ck_says(say_json(forge_statement(forge, &anne), "en"), "Statement about " ANNE " in the log " FORGE_ORIGIN,
		"All 3 accesses filed until 2026-11-23 12:04:05 UTC are listed.\n",
		"2 are withheld, the last of them until 2027-01-01.\n", "(withheld until 2026-11-23 13:40:00 UTC: RPL § 729 a)",
		"system no. 1", "Opslag i sygedagpengesag", "Not shown: the signatures", "Not proven without a witness policy",
		"this identifier and this log only");
	ck_says(
		say_json(forge_statement(forge, &bent), "en"), "The 1 access filed until 2026-11-23 12:04:05 UTC is listed.\n");
	ck_says(say_json(forge_statement(forge, &nobody), "en"), "Statement about " NOBODY,
		"Nobody's access is filed: until 2026-11-23 12:04:05 UTC there was none.\n");
	ck_says(say_json(forge_statement(forge, &anne), "da"), "Erklæring om " ANNE,
		"Alle 3 opslag, der er arkiveret indtil 2026-11-23 12:04:05 UTC, står her.\n",
		"2 er tilbageholdt, det sidste af dem til 2027-01-01.\n", "læste");
	ck_says(say_json(forge_statement(forge, &nobody), "da"), "Ingens opslag er arkiveret");
	forge_free(forge);
}
END_TEST

START_TEST(more)
{
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = ANNE, .withheld_until_s = FORGE_START_S + 4000},
		{.subject = ANNE, .retention_years = 1}};
	forge = forge_new();
	uint32_t other = forge_sender(forge, "Rigspolitiet", false);
	forge_batch(forge, 1, drafts, 3);
	forge_batch(forge, other, drafts, 1);
	forge_erase_period(forge, FORGE_START_S, 1);
	forge_sender_change(forge, other, SENDER_REVOKE, true, true);
	uint64_t epoch = forge_epoch(forge);
	forge_one(forge, ANNE);
	forge_one(forge, ANNE);
	const struct forge_options all = {.subject = ANNE, .signatures = true, .audit = true};
	char audited[120];
	snprintf(audited, sizeof audited,
		"auditor.example.dk recomputed the filing of everybody's accesses at log index %llu",
		(unsigned long long)epoch);
	ck_says(say_json(forge_statement(forge, &all), "en"), "All 4 accesses", "1 is withheld until ",
		"A date of withholding has passed since", "1 was erased.", "(erased)", "2 more came after that.",
		"Not yet covered:", "Each access listed is signed", "NOT ENDORSED: Rigspolitiet (cvr:55133019)",
		"The key of Rigspolitiet (cvr:55133019) was reported compromised", audited);
	const struct forge_options window = {.subject = ANNE, .window = {.has_to = true, .to_s = FORGE_START_S + 1}};
	ck_says(say_json(forge_statement(forge, &window), "en"),
		"Window, by the time of reporting: from the beginning, before 2026-11-23 12:00:01 UTC.",
		"All 4 accesses that were reported in the window and filed until 2026-11-23 12:00:00 UTC are listed, of 4 in "
		"all.");
	const struct forge_options none = {.subject = ANNE, .window = {.has_from = true, .from_s = FORGE_START_S + 1}};
	ck_says(say_json(forge_statement(forge, &none), "en"),
		"None of the accesses filed until 2026-11-23 12:00:00 UTC, 4 in all, was reported in the window.");
	forge_free(forge);
}
END_TEST

START_TEST(witnessed)
{
	char text[1024], key[VKEY_TEXT_MAX + 1];
	uint8_t secret_key[64];
	struct vkey vkey;
	struct witness_policy *policy;
	struct fault fault = {.text = ""};
	char *said = NULL;
	size_t len = 0;
	const struct forge_options anne = {.subject = ANNE};
	forge = forge_new();
	forge_one(forge, ANNE);
	forge_epoch(forge);
	forge_cosign(forge, 1, 0, FORGE_START_S + 60);
	forge_witness(1, &vkey, secret_key);
	vkey_format(&vkey, key);
	snprintf(text, sizeof text, "witness one %s\nquorum one\n", key);
	ck_ok(witness_policy_parse(bytes_text(text), &policy, &fault));
	json_t *json = forge_statement(forge, &anne);
	char *file = json_dumps(json, JSON_COMPACT);
	struct finding finding;
	struct verify_call call = {.text = bytes_text(file),
		.log = forge->vkey,
		.policy = policy,
		.words = verify_words_for("en"),
		.out = open_memstream(&said, &len)};
	ck_ok(verify_statement(&call, &finding));
	fclose(call.out);
	ck_assert_ptr_null(strstr(said, "Not proven without"));
	ck_says(said, "Witnessed: 1 witnesses of the policy cosigned. As of 2026-11-23 12:01:00 UTC enough of them");
	free(file);
	free(policy);
	json_decref(json);
	forge_free(forge);
}
END_TEST

START_TEST(as_json)
{
	const struct forge_draft drafts[] = {
		{.subject = ANNE}, {.subject = ANNE, .withheld_until_s = FORGE_START_S + 9999}};
	const struct forge_options all = {.subject = ANNE, .signatures = true, .audit = true};
	forge = forge_new();
	forge_batch(forge, 1, drafts, 2);
	forge_epoch(forge);
	char *said = say_json(forge_statement(forge, &all), "json");
	json_t *json = json_loads(said, 0, NULL);
	ck_assert_str_eq(json_string_value(part(json, "subject")), ANNE);
	ck_assert_str_eq(json_string_value(part(json, "complete_until")), "2026-11-23T12:00:00Z");
	ck_assert_uint_eq(number_of(json, "withheld"), 1);
	ck_assert(json_is_true(part(json, "holds")) && json_is_true(part(part(json, "audit"), "verified")));
	ck_assert_str_eq(json_string_value(part(item(json, "events", 0), "activity")), "Opslag i sygedagpengesag");
	ck_assert_str_eq(json_string_value(part(item(json, "events", 1), "state")), "withheld");
	ck_assert_str_eq(json_string_value(part(part(item(json, "events", 1), "sender"), "name")), "Aarhus Kommune");
	json_decref(json);
	free(said);
	said = say_json(forge_filing(forge, 1, 0, true), "json");
	json = json_loads(said, 0, NULL);
	ck_assert_uint_eq(json_array_size(part(json, "subjects")), 2);
	json_decref(json);
	free(said);
	forge_free(forge);
}
END_TEST

START_TEST(filing)
{
	forge = forge_new();
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}};
	forge_batch(forge, 1, drafts, 2);
	forge_epoch(forge);
	ck_says(say_json(forge_filing(forge, 1, 0, true), "en"), ANNE, BENT,
		"All 2 events of system no. 1, sequences 0 to 1, are filed in the log " FORGE_ORIGIN, "under no other");
	ck_says(say_json(forge_filing(forge, 1, 0, false), "da"), "Alle 2 hændelser", "ikke en del af dette bevis");
	forge_free(forge);
}
END_TEST

/* A line as 'send' prints it, for the batch at `first`. To be freed. */
static char *receipt_line(uint64_t first)
{
	struct entry entry;
	struct receipt receipt = {.first_index = first};
	uint64_t index = forge_event_at(forge, first)->batch;
	ck_ok(entry_decode(bytes_of(forge->entries[index].data, forge->entries[index].len), &entry));
	struct batch_head head = {.kind = BATCH_EVENT,
		.sender = entry.batch.sender,
		.first_sequence = entry.batch.first_sequence,
		.count = entry.batch.count};
	memcpy(head.signature, entry.batch.signature, 64);
	receipt.count = head.count;
	json_t *included = forge_included(forge, index, 0);
	json_t *note = forge_checkpoint(forge, 0);
	receipt.checkpoint = bytes_of(json_string_value(note), json_string_length(note));
	json_t *json = receipt_to_json(FORGE_ORIGIN, &head, &receipt);
	json_object_set(json, "inclusion", part(included, "inclusion"));
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	json_decref(note);
	json_decref(included);
	return text;
}

START_TEST(receipts)
{
	struct finding finding;
	const struct forge_draft drafts[] = {{.subject = ANNE}, {.subject = BENT}};
	forge = forge_new();
	uint64_t one = forge_batch(forge, 1, drafts, 2), two = forge_one(forge, ANNE);
	char *first = receipt_line(one), *second = receipt_line(two), *both = NULL;
	ck_assert_int_gt(asprintf(&both, "%s\n%s\n", first, second), 0);
	ck_says(say(bytes_text(both), "en", &finding),
		"2 receipts for 3 events hold: they stand in the log " FORGE_ORIGIN ", which had 7 entries then.");
	ck_says(say(bytes_text(both), "json", &finding), "\"receipts\":2", "\"events\":3");
	/* The second one's sequence is another. */
	char *at = strstr(strchr(both, '\n'), "\"first_sequence\":2");
	ck_assert_ptr_nonnull(at);
	at[17] = '3';
	ck_assert_ptr_null(say(bytes_text(both), "en", &finding));
	ck_assert_int_eq(finding.code, FINDING_BATCH_INCLUSION);
	for (size_t i = 0; i < strlen(first); i++) {
		first[i] ^= 1;
		/* Under "kind" nothing is signed here that could be checked: every other byte matters. */
		char *said = say(bytes_text(first), "en", &finding);
		ck_assert_msg(said == NULL, "byte %zu: %s", i, first);
		first[i] ^= 1;
	}
	ck_assert_ptr_null(say(BYTES_LITERAL(""), "en", &finding));
	ck_assert_ptr_null(say(BYTES_LITERAL("\n"), "en", &finding));
	ck_assert_int_eq(finding.code, FINDING_FORM);
	free(first);
	free(second);
	free(both);
	forge_free(forge);
}
END_TEST

/* Every finding has a text of its own in both languages. */
START_TEST(findings)
{
	char texts[2 * FINDING_CODES][FINDING_TEXT_MAX + 1];
	for (unsigned i = 0; i < 2 * FINDING_CODES; i++) {
		struct finding finding;
		finding_set(&finding, (enum finding_code)(i / 2), 12345);
		if (finding.code == FINDING_FORM)
			finding_form(&finding, "events", 3, "entry", "because");
		verify_words_finding(verify_words_for(i % 2 ? "da" : "en"), &finding, texts[i]);
		ck_assert_uint_gt(strlen(texts[i]), 25);
		ck_assert_ptr_nonnull(strstr(texts[i], i / 2 == FINDING_FORM ? ": events[3].entry: because"
											   : i % 2               ? "(logplads 12345)"
																	 : "(log index 12345)"));
		if (i % 2 == 0)
			ck_assert_str_eq(texts[i], finding.text);
		for (unsigned k = 0; k < i; k++)
			ck_assert_str_ne(texts[i], texts[k]);
	}
}
END_TEST

UNIT_MAIN("verify", whole, more, witnessed, as_json, filing, receipts, findings)
