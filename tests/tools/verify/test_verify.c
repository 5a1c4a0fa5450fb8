/* What 'indsigt verify' says in words. */
#include "tests/lib/forged.h"
#include "tests/lib/forged_policy.h"
#include "tests/lib/unit.h"
#include "tools/send/receipt_json.h"
#include "tools/verify/verify.h"

#define OTHER_LOG "log auditor.example.dk+4dbbd6f2+ATMJ86xZia5F0u/x4kpBZTgWU+OrAtJJkNCvF415FoIt\n"

static struct forge *forge;
static uint64_t now_s = FORGE_START_S + 5000;

/* What comes out of `text`, to be freed; NULL with the finding where it does not hold. */
static char *say(struct bytes text, const char *lang, struct finding *finding)
{
	char *said = NULL;
	size_t len = 0;
	uint64_t number;
	struct verify_call call = {.text = text,
		.log = forge->vkey,
		.auditor = memmem(text.data, text.len, "\"audit\"", 7) != NULL ? &forge->auditor : NULL,
		.words = verify_words_for(lang),
		.json = lang[0] == 'j',
		.now_s = now_s,
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
START_TEST(a_whole_statement_is_told)
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
		"Aarhus Kommune (reported by system no. 1)", "  (reported by system no. 1)", "Opslag i sygedagpengesag",
		"Not shown: the signatures", "Not checked: whether these systems may report",
		"Not proven without a witness policy", "this identifier and this log only");
	ck_says(
		say_json(forge_statement(forge, &bent), "en"), "The 1 access filed until 2026-11-23 12:04:05 UTC is listed.\n");
	ck_says(say_json(forge_statement(forge, &nobody), "en"), "Statement about " NOBODY,
		"Nobody's access is filed: until 2026-11-23 12:04:05 UTC there was none.\n");
	ck_says(say_json(forge_statement(forge, &anne), "da"), "Erklæring om " ANNE,
		"Alle 3 opslag, der er arkiveret indtil 2026-11-23 12:04:05 UTC, står her.\n",
		"2 er tilbageholdt, det sidste af dem til 2027-01-01.\n", "læste");
	ck_says(say_json(forge_statement(forge, &nobody), "da"), "Ingens opslag er arkiveret");
	now_s = FORGE_START_S + 245 - 65; /* the reader's clock; until then it is complete */
	ck_says(say_json(forge_statement(forge, &anne), "en"),
		"The ledger's clock is ahead of this machine's by 1 min 5 s: \"until\" is by its clock.\n");
	now_s = FORGE_START_S + 245 - 6;
	ck_says(say_json(forge_statement(forge, &anne), "en"), "ahead of this machine's by 6 s");
	now_s = FORGE_START_S + 245 - 5; /* a log closes the second that an epoch reaches to */
	char *said = say_json(forge_statement(forge, &anne), "en");
	ck_assert_ptr_null(strstr(said, "ahead of"));
	free(said);
	forge_free(forge);
}
END_TEST

START_TEST(more_is_told_when_asked)
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
		"Not yet covered:", "Each access that is covered is signed", "Each was registered beforehand",
		"not yet covered bear no signature", "Aarhus Kommune, reported by Rigspolitiet (cvr:55133019)",
		"  signatures of: Rigspolitiet (cvr:55133019), system no. 2\n", "NOT ENDORSED: Rigspolitiet (cvr:55133019)",
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

START_TEST(witnesses_are_told)
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

START_TEST(json_says_the_same)
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

START_TEST(filing_proofs_are_told)
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

START_TEST(receipts_are_told)
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

/* ---- a file of whatever kind ---- */

/* What `verify_file` prints of `text` under `options`, to be freed; the error in `out`. */
static char *file_says(const char *text, const struct verify_call *options, enum error *out, bool *refused)
{
	char *said = NULL;
	size_t len = 0;
	struct fault fault = {.text = ""};
	struct verify_call call = *options;
	call.text = bytes_text(text);
	if (call.log.name[0] == '\0')
		call.log = forge->vkey;
	call.words = verify_words_for("en");
	call.out = open_memstream(&said, &len);
	enum exit_code code = EXIT_DONE;
	*out = verify_file(&call, &code, &fault);
	*refused = code != EXIT_DONE;
	fclose(call.out);
	return said;
}

/* Ends the test unless this comes out, and nothing else. */
static void file_gives(const char *text, const struct verify_call *options, bool wanted_refused, const char *wanted)
{
	enum error error;
	bool refused;
	char *said = file_says(text, options, &error, &refused);
	ck_assert_msg(error == E_OK && refused == wanted_refused, "%s, refused %d: %s", error_name(error), refused, said);
	ck_assert_msg(strstr(said, wanted) != NULL, "no \"%s\" in:\n%s", wanted, said);
	free(said);
}

static void file_usage(const char *text, const struct verify_call *options)
{
	enum error error;
	bool refused;
	char *said = file_says(text, options, &error, &refused);
	ck_error(error, E_USAGE);
	ck_assert_str_eq(said, "");
	free(said);
}

static char *dump(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

/* Each check that was asked for is made, or the option is refused. STM-6, STM-61, FIL-10, RCPT-9 */
START_TEST(no_check_is_left_out)
{
	struct witness_policy *policy = two_of_three(), *other = NULL;
	struct fault fault = {.text = ""};
	const struct forge_options plain = {.subject = ANNE};
	const struct verify_call nothing = {.json = true}, asked = {.policy = policy, .json = true};
	ck_ok(witness_policy_parse(BYTES_LITERAL(OTHER_LOG "quorum none\n"), &other, &fault));
	const struct verify_call of_other = {.policy = other, .json = true};
	forge = forge_new();
	uint64_t first = forge_one(forge, ANNE);
	forge_epoch(forge);
	const struct verify_call audited = {.auditor = &forge->auditor, .json = true}, about = {.subject = ANNE};
	char *files[] = {dump(forge_statement(forge, &plain)), dump(forge_filing(forge, 1, 0, true)), receipt_line(first)};
	for (size_t i = 0; i < 3; i++) {
		file_gives(files[i], &nothing, false, "\"witnessed\":false");
		file_gives(files[i], &asked, true, "\"check\":\"witnesses\"");
		file_gives(files[i], &of_other, true, "\"check\":\"witnesses\"");
	}
	file_gives(files[0], &audited, true, "\"check\":\"audit-missing\"");
	file_gives(files[0], &about, false, "Statement about");
	for (size_t i = 1; i < 3; i++) {
		file_usage(files[i], &audited);
		file_usage(files[i], &about);
		free(files[i]);
	}
	free(files[0]);
	forge_cosign(forge, 1, 0, FORGE_START_S + 40);
	forge_cosign(forge, 2, 0, FORGE_START_S + 41);
	files[0] = dump(forge_statement(forge, &plain));
	files[1] = dump(forge_filing(forge, 1, 0, false));
	files[2] = receipt_line(first);
	for (size_t i = 0; i < 3; i++) {
		file_gives(files[i], &asked, false, "\"witnessed\":true");
		free(files[i]);
	}
	static const char fork[] = "{\"type\":\"indsigt-fork/v1\"}";
	file_usage(fork, &asked);
	file_usage(fork, &audited);
	file_gives(fork, &nothing, true, "\"kind\":\"fork\"");
	free(policy);
	free(other);
	forge_free(forge);
}
END_TEST

static char *replaced(const char *text, const char *what, const char *with)
{
	char *out = NULL;
	const char *at = strstr(text, what);
	ck_assert_msg(at != NULL, "no %s", what);
	ck_assert_int_gt(asprintf(&out, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what)), 0);
	return out;
}

/* What a file is does not depend on how its JSON is spelled. STM-2, RCPT-8 */
START_TEST(a_file_is_known_however_spelled)
{
	const struct forge_options plain = {.subject = ANNE};
	const struct verify_call nothing = {.json = true};
	forge = forge_new();
	forge_one(forge, ANNE);
	forge_epoch(forge);
	char *statement = dump(forge_statement(forge, &plain)), *proof = dump(forge_filing(forge, 1, 0, true));
	static const char *const spellings[] = {"\"t\\u0079pe\":\"indsigt-", "\"type\" :\n\"indsigt\\u002d"};
	for (size_t i = 0; i < 2; i++) {
		char *one = replaced(statement, "\"type\":\"indsigt-", spellings[i]);
		char *two = replaced(one, "statement/v3", "statement\\/v3");
		file_gives(two, &nothing, false, "\"kind\":\"statement\"");
		free(one);
		free(two);
		one = replaced(proof, "\"type\":\"indsigt-", spellings[i]);
		two = replaced(one, "filing/v1", "filing\\/v1");
		file_gives(two, &nothing, false, "\"kind\":\"filing\"");
		free(one);
		free(two);
	}
	/* A name in another place is no type. */
	file_gives("{\"more\":\"indsigt-statement/v3\"}", &nothing, true, "\"kind\":\"unknown\"");
	file_gives("{\"first_index\":1}", &nothing, true, "\"kind\":\"receipts\"");
	file_gives("{\"type\":\"indsigt-other/v1\"}", &nothing, true, "\"kind\":\"unknown\"");
	/* Of another version nothing can be said; what is no version at all was altered. */
	file_gives("{\"type\":\"indsigt-statement/v2\"}", &nothing, true, "\"kind\":\"unknown\"");
	file_gives("{\"type\":\"indsigt-filing-lost/v22\"}", &nothing, true, "\"kind\":\"unknown\"");
	file_gives("{\"type\":\"indsigt-fork/v0\"}", &nothing, true, "\"kind\":\"unknown\"");
	file_gives("{\"type\":\"indsigt-fork/v\"}", &nothing, true, "\"kind\":\"fork\"");
	file_gives("{\"type\":\"indsigt-statement/v3x\"}", &nothing, true, "\"kind\":\"statement\"");
	file_gives("{\"type\":1}", &nothing, true, "\"kind\":\"unknown\"");
	file_gives("", &nothing, true, "\"kind\":\"unknown\"");
	statement[strlen(statement) - 1] = '\0';
	file_gives(statement, &nothing, true, "\"check\":\"form\"");
	/* 0 has one spelling. */
	char *minus = replaced(proof, "\"first\":0", "\"first\":-0");
	file_gives(minus, &nothing, true, "\"check\":\"form\"");
	free(minus);
	free(statement);
	free(proof);
	forge_free(forge);
}
END_TEST

/* Whose log a file is of is said by the first lines of its checkpoints, however they are spelled: a name that is part
 * of another one, or stands elsewhere, is not the log's, and a file without a checkpoint is of no log at all. */
START_TEST(another_log_is_said_first)
{
	const struct forge_options plain = {.subject = ANNE};
	struct verify_call part = {.json = false};
	const struct verify_call own = {.json = false};
	forge = forge_new();
	uint64_t first = forge_one(forge, ANNE);
	forge_epoch(forge);
	part.log = forge->vkey;
	const char *name = strchr(forge->vkey.name, '.');
	ck_assert_ptr_nonnull(name);
	memmove(part.log.name, part.log.name + (name + 1 - forge->vkey.name), strlen(name));
	char *files[] = {dump(forge_statement(forge, &plain)), dump(forge_filing(forge, 1, 0, true)), receipt_line(first)};
	for (size_t i = 0; i < 3; i++) {
		char *spelled = replaced(files[i], "\"checkpoint\":\"l", "\"checkpoint\":\"\\u006c");
		file_gives(spelled, &own, false, "");
		file_gives(files[i], &part, true, "ANOTHER LOG");
		file_gives(spelled, &part, true, "ANOTHER LOG");
		/* one root's first character: the log is the same one, and the file does not hold */
		char *slash = strstr(spelled, "\\n");
		ck_assert_ptr_nonnull(slash);
		slash[2] = slash[2] == '9' ? '8' : '9';
		file_gives(spelled, &own, true, "DOES NOT HOLD");
		free(spelled);
		free(files[i]);
	}
	file_gives("{\"type\":\"indsigt-statement/v3\"}", &own, true, "DOES NOT HOLD");
	file_gives("c2sp.org/tlog-proof@v1\n", &own, true, "NOT LOOKED AT: this is a proof file");
	forge_free(forge);
}
END_TEST

/* Unsigned numbers as they are. */
START_TEST(large_numbers_are_exact)
{
	static const uint64_t lost[] = {1, (UINT64_C(1) << 53) - 1, UINT64_C(1) << 53, UINT64_C(1) << 63, UINT64_MAX};
	static const char *const said[] = {"\"lost\":1,", "\"lost\":9007199254740991,", "\"lost\":\"9007199254740992\"",
		"\"lost\":\"9223372036854775808\"", "\"lost\":\"18446744073709551615\""};
	const struct verify_call nothing = {.json = true};
	for (size_t i = 0; i < 5; i++) {
		struct entry entry = {.kind = ENTRY_EPOCH};
		forge = forge_new();
		forge->senders[0].next_sequence = UINT64_C(1) << 62;
		forge_one(forge, ANNE);
		forge_compute_epoch(forge, forge->entry_count, &entry.epoch);
		entry.epoch.lost = lost[i];
		const struct forge_options options = {.subject = ANNE, .epoch = forge_append(forge, &entry)};
		char *text = dump(forge_statement(forge, &options));
		file_gives(text, &nothing, false, said[i]);
		free(text);
		text = dump(forge_filing(forge, 1, UINT64_C(1) << 62, true));
		file_gives(text, &nothing, false, "\"first_sequence\":\"4611686018427387904\"");
		free(text);
		forge_free(forge);
	}
}
END_TEST

/* A later event that is not shown in full: whose it is, is the ledger's word; who reported it, is proven. STM-60 */
START_TEST(later_closed_events_are_told)
{
	const struct forge_draft drafts[] = {
		{.subject = ANNE, .withheld_until_s = FORGE_START_S + 9000}, {.subject = ANNE}};
	const struct forge_options all = {.subject = ANNE, .signatures = true};
	forge = forge_new();
	forge_one(forge, ANNE);
	forge_epoch(forge);
	forge_batch(forge, 1, drafts, 2);
	ck_says(say_json(forge_statement(forge, &all), "en"), "(reported by Aarhus Kommune)  ",
		"Of those not yet covered 1 are withheld or erased: that these are about this person is the ledger's word "
		"only.");
	char *said = say_json(forge_statement(forge, &all), "json");
	json_t *json = json_loads(said, 0, NULL);
	ck_assert(json_is_true(part(item(json, "events", 0), "signed")));
	ck_assert(json_is_false(part(item(json, "later", 0), "signed")));
	ck_assert_str_eq(json_string_value(part(part(item(json, "later", 0), "sender"), "name")), "Aarhus Kommune");
	json_decref(json);
	free(said);
	forge_free(forge);
}
END_TEST

/* Every finding has a text of its own in both languages. */
START_TEST(every_finding_has_its_words)
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

UNIT_MAIN("verify", a_whole_statement_is_told, more_is_told_when_asked, witnesses_are_told, json_says_the_same,
	filing_proofs_are_told, receipts_are_told, no_check_is_left_out, a_file_is_known_however_spelled,
	another_log_is_said_first, large_numbers_are_exact, later_closed_events_are_told, every_finding_has_its_words)
