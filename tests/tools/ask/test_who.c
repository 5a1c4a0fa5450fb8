/* The whole answer, from a directory and from an address, and how it reads. */
#include "ledger/text/timestamp.h"
#include "query/identity/demo_issuer.h"
#include "tests/lib/queryd.h"
#include "tests/lib/withholding.h"
#include "tools/ask/who_text.h"

#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static struct answer_query query_of(const char *ledger, const char *token)
{
	return (struct answer_query){.subject = "cpr:0101701234", .ledger = ledger, .token = token};
}

static const char *address(void)
{
	static char url[64];
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
	return url;
}

static size_t size_of(const struct answer *answer)
{
	return json_array_size(json_object_get(answer->json, "accesses"));
}

/* More than two pages: all of it once, the same from both sides. */
START_TEST(all_pages_are_shown_once)
{
	queryd_begin();
	for (int i = 0; i < 4; i++)
		queryd_append(999);
	struct answer here;
	struct answer there;
	struct fault fault = {0};
	struct answer_query query = query_of(f.dir, NULL);
	ck_ok(answer_ask(&query, &here, &fault));
	ck_assert_uint_eq(size_of(&here), 2 + 4 * 666);
	ck_assert_uint_eq(here.open, 2 + 4 * 666);
	ck_assert(here.signature);
	ck_assert_ptr_null(json_object_get(here.json, "cursor"));
	query = query_of(address(), token_for(1234, ROLE_SUBJECT, 600));
	enum error error = answer_ask(&query, &there, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	ck_assert(!there.signature);
	ck_assert(json_equal(json_object_get(here.json, "accesses"), json_object_get(there.json, "accesses")));
	static const char *const members[] = {"subject", "complete_until", "withheld", "coverage", "checkpoint"};
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		ck_assert_ptr_nonnull(json_object_get(there.json, members[i]));
	answer_release(&here);
	answer_release(&there);
	query.vkey = &f.vkey;
	query.from = "2100-01-01";
	ck_ok(answer_ask(&query, &there, &fault));
	ck_assert(there.signature);
	ck_assert_uint_eq(size_of(&there), 0);
	answer_release(&there);
	queryd_end();
}
END_TEST

/* Withheld events of every page are counted and listed. */
START_TEST(withheld_events_of_all_pages_are_counted)
{
	char event[1024];
	char until[TIMESTAMP_TEXT_MAX];
	const char *events[600];
	struct answer answer;
	struct fault fault = {0};
	queryd_begin();
	fixture_withholding_sender(&f);
	timestamp_format_s(f.now_s + 10000, until);
	snprintf(event, sizeof event,
		"{\"subject\":\"cpr:0101701234\",\"time\":\"2026-11-23T08:15:30Z\",\"action\":\"read\",\"outcome\":\"ok\","
		"\"org\":{\"id\":\"cvr:1\",\"name\":\"K\"},\"system\":\"P\",\"activity\":\"O\",\"purpose\":\"x\","
		"\"actor\":{\"kind\":\"human\",\"role\":\"r\"},\"withheld_until\":\"%s\",\"withheld_basis\":\"rpl-729\"}",
		until);
	for (size_t i = 0; i < 600; i++)
		events[i] = event;
	for (uint64_t i = 0; i < 4; i++)
		fixture_append(&f, fixture_batch_of_json(&f, 600 * i, events, 600));
	struct answer_query query = query_of(f.dir, NULL);
	enum error error = answer_ask(&query, &answer, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
	const json_t *withheld = json_object_get(answer.json, "withheld");
	ck_assert_uint_eq(answer.withheld, 2400);
	ck_assert_int_eq(json_integer_value(json_object_get(withheld, "count")), 2400);
	ck_assert_uint_eq(json_array_size(json_object_get(withheld, "events")), 2400);
	ck_assert_uint_eq(size_of(&answer), 2);
	answer_release(&answer);
	queryd_end();
}
END_TEST

START_TEST(refusals_are_told_in_words)
{
	queryd_begin();
	struct answer answer;
	struct fault fault = {0};
	struct vkey other = f.vkey;
	other.public_key[5] ^= 1;
	char token[TOKEN_TEXT_MAX + 1];
	strcpy(token, token_for(1234, ROLE_SUBJECT, 600));
	/* Not the key of this log. */
	struct answer_query query = query_of(address(), token);
	query.vkey = &other;
	ck_assert(answer_ask(&query, &answer, &fault) != E_OK);
	query = query_of(f.dir, NULL);
	query.vkey = &other;
	ck_assert(answer_ask(&query, &answer, &fault) != E_OK);
	/* Somebody else's token. */
	query = query_of(address(), token_for(77, ROLE_SUBJECT, 600));
	ck_error(answer_ask(&query, &answer, &fault), E_FORBIDDEN);
	ck_assert_ptr_nonnull(strstr(fault.text, "about nobody else"));
	query = query_of(address(), token_for(1234, ROLE_SUBJECT, -5));
	ck_error(answer_ask(&query, &answer, &fault), E_TOKEN);
	ck_assert_ptr_nonnull(strstr(fault.text, "expired"));
	query = query_of(address(), token_for(1234, ROLE_AUDITOR, 600));
	ck_error(answer_ask(&query, &answer, &fault), E_FORBIDDEN);
	/* Questions that make no sense. */
	query = query_of(f.dir, NULL);
	query.from = "tomorrow";
	ck_error(answer_ask(&query, &answer, &fault), E_USAGE);
	query.from = "2026-11-24";
	query.to = "2026-11-23";
	ck_error(answer_ask(&query, &answer, &fault), E_USAGE);
	query = query_of(address(), token);
	query.from = "to&org=cvr:1";
	ck_error(answer_ask(&query, &answer, &fault), E_IO);
	ck_assert_ptr_nonnull(strstr(fault.text, "'from'"));
	query = query_of("http://127.0.0.1:1", token);
	ck_error(answer_ask(&query, &answer, &fault), E_IO);
	query = query_of("http://", token);
	ck_error(answer_ask(&query, &answer, &fault), E_USAGE);
	query = query_of("/nowhere", NULL);
	ck_assert(answer_ask(&query, &answer, &fault) != E_OK);
	queryd_end();
}
END_TEST

/* On another user's ledger: which file may not be read, and nothing else. */
START_TEST(what_may_not_be_read_is_named)
{
	int status = 0;
	if (getuid() != 0)
		return;
	queryd_begin();
	ck_assert_int_eq(chmod(f.place.path, 0755), 0);
	ck_assert_int_eq(chmod(f.dir, 0755), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct answer answer;
		struct fault fault = {0};
		struct answer_query query = query_of(f.dir, NULL);
		if (setuid(65534) != 0)
			_exit(3);
		enum error error = answer_ask(&query, &answer, &fault);
		_exit(error == E_OK ? 1 : strstr(fault.text, "ermission") ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	queryd_end();
}
END_TEST

static struct who_filters filters;

static char *text_of(const struct answer *answer, const char *lang)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	ck_ok(who_text(answer, &filters, words_for(lang), out));
	fclose(out);
	return text;
}

/* Repeats of a day are one row; another day, another row. */
START_TEST(repeats_of_a_day_are_one_row)
{
#define ACCESS(time, role, more)                                                                               \
	"{\"time\":\"" time                                                                                        \
	"\",\"action\":\"read\",\"outcome\":\"ok\",\"org\":{\"id\":\"cvr:1\",\"name\":\"Aarhus Kommune\"},"        \
	"\"system\":\"KSD\",\"activity\":\"Opslag\",\"purpose\":\"sagsbehandling\",\"actor\":{\"kind\":\"human\"," \
	"\"role\":\"" role "\"}" more "}"
	static const char json[] =
		"{\"subject\":\"cpr:0101701234\",\"origin\":\"log.example\",\"complete_until\":\"2026-11-23T12:00:00Z\","
		"\"accesses\":[" ACCESS("2026-11-23T10:15:30Z", "sagsbehandler", "") "," ACCESS(
			"2026-11-23T10:01:00Z", "leder", "") "," ACCESS("2026-11-23T08:15:30Z", "sagsbehandler",
			"") "," ACCESS("2026-11-22T08:15:30Z", "sagsbehandler", "") "," ACCESS("2026-11-21T08:15:30Z",
			"l\\u001b[1mge", ",\"emergency\":true") ","
													"{\"erased\":true,\"ledger_time\":\"2026-11-20T08:00:00Z\","
													"\"sender\":{\"id\":1,\"org\":\"cvr:2\",\"name\":\"Region\"}}],"
													"\"withheld\":{\"count\":1,\"events\":[{\"until\":\"2027-01-01T00:"
													"00:00Z\",\"basis\":\"rpl-729\"}]},"
													"\"coverage\":{\"silent_after_seconds\":86400,\"senders\":[{"
													"\"org\":\"cvr:1\",\"name\":\"KSD\",\"silent\":true,"
													"\"last_received\":null}]}}";
	struct answer answer = {.json = json_loads(json, 0, NULL), .open = 5, .withheld = 1, .erased = 1};
	ck_assert_ptr_nonnull(answer.json);
	ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
	char *text = text_of(&answer, "en_GB.UTF-8");
	static const char *const english[] = {
		"2026-11-23 08:15–10:15 +00:00 (2)  Aarhus Kommune        KSD     Opslag    sagsbehandling",
		"2026-11-23 10:01 +00:00            Aarhus Kommune", "2026-11-22 08:15 +00:00            Aarhus",
		"l?[1mge        read, emergency", "(erased)", "(reported by Region)", "Accesses: 5", "Withheld for now: 1",
		"2027-01-01 00:00 +00:00 (rpl-729)", "Erased: 1", "silent: KSD (cvr:1), last heard never",
		"Complete until 2026-11-23 12:00:00", "Not checked: the log's signature", "Verified: 7"};
	for (size_t i = 0; i < sizeof english / sizeof english[0]; i++)
		ck_assert_msg(strstr(text, english[i]), "'%s' is not in:\n%s", english[i], text);
	ck_assert_ptr_null(strstr(text, "On behalf of"));
	ck_assert_ptr_null(strchr(text, '\x1b'));
	free(text);
	text = text_of(&answer, "da_DK.UTF-8");
	static const char *const danish_lines[] = {
		"Opslag i oplysninger om cpr:0101701234", "Formål", "læste, nødopslag", "Tilbageholdt", "Fuldstændig indtil"};
	for (size_t i = 0; i < sizeof danish_lines / sizeof danish_lines[0]; i++)
		ck_assert_msg(strstr(text, danish_lines[i]), "'%s' is not in:\n%s", danish_lines[i], text);
	free(text);
	answer_release(&answer);
}
END_TEST

/* An answer with this one access, or none, complete until then; to be released. */
static struct answer answer_with(const char *access, const char *complete_until)
{
	char json[1024];
	snprintf(json, sizeof json,
		"{\"subject\":\"cpr:0101701234\",\"origin\":\"log.example\",\"complete_until\":\"%s\","
		"\"accesses\":[%s],\"withheld\":{\"count\":0,\"events\":[]},"
		"\"coverage\":{\"silent_after_seconds\":86400,\"senders\":[]}}",
		complete_until, access);
	struct answer answer = {.json = json_loads(json, 0, NULL), .open = *access != '\0'};
	ck_assert_ptr_nonnull(answer.json);
	return answer;
}

static void says(const struct answer *answer, const char *lang, const char *wanted, const char *unwanted)
{
	char *text = text_of(answer, lang);
	ck_assert_msg(wanted == NULL || strstr(text, wanted) != NULL, "'%s' is not in:\n%s", wanted, text);
	ck_assert_msg(unwanted == NULL || strstr(text, unwanted) == NULL, "'%s' is in:\n%s", unwanted, text);
	free(text);
}

/* What was asked for is said, and what lies outside is not "nobody". */
START_TEST(what_was_asked_for_is_said)
{
	struct answer answer = answer_with("", "2026-11-23T12:00:00Z");
	ck_assert_int_eq(setenv("TZ", "Europe/Copenhagen", 1), 0);
	tzset();
	says(&answer, "en", "Nobody has looked", "Window");
	filters = (struct who_filters){
		.window = {.to_s = 1577833200, .to = "2019-12-31T23:00:00Z"}, .org = "cvr:99999999", .all = 7};
	says(&answer, "en", "Window, by the time of reporting: from the beginning, before 2020-01-01 00:00:00 +01:00",
		"Nobody");
	says(&answer, "en", "Only accesses of, or reported by, cvr:99999999", NULL);
	says(&answer, "en", "None of the accesses, 7 in all, is one of these.", NULL);
	says(&answer, "da", "Ingen af opslagene, i alt 7, er blandt disse.", "Ingen har");
	filters = (struct who_filters){.org = NULL};
	answer_release(&answer);
}
END_TEST

/* Each time carries its own distance from UTC, in summer and in the hour that comes twice. */
START_TEST(each_time_carries_its_offset)
{
	static const struct {
		const char *time;
		const char *shown;
	} cases[] = {{"2026-07-01T12:00:00Z", "2026-07-01 14:00 +02:00"},
		{"2026-10-25T00:30:00Z", "2026-10-25 02:30 +02:00"}, {"2026-10-25T01:30:00Z", "2026-10-25 02:30 +01:00"},
		{"2026-12-01T12:00:00Z", "2026-12-01 13:00 +01:00"}};
	ck_assert_int_eq(setenv("TZ", "Europe/Copenhagen", 1), 0);
	tzset();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char access[512];
		snprintf(access, sizeof access,
			"{\"time\":\"%s\",\"action\":\"read\",\"org\":{\"id\":\"cvr:1\"},\"system\":\"KSD\"}", cases[i].time);
		struct answer answer = answer_with(access, "2026-11-23T12:00:00Z");
		says(&answer, "en", cases[i].shown, "CET");
		answer_release(&answer);
	}
}
END_TEST

/* The reporting system stands beside the organisation in whose name it reports, and only where the two differ. */
START_TEST(who_reported_it_is_said)
{
	static const char in_anothers_name[] =
		"{\"time\":\"2026-11-20T08:00:00Z\",\"org\":{\"id\":\"cvr:1\",\"name\":\"Kommune\"},\"system\":\"KSD\","
		"\"sender\":{\"id\":2,\"org\":\"cvr:2\",\"name\":\"Region\"}}";
	static const char in_its_own[] =
		"{\"time\":\"2026-11-20T08:00:00Z\",\"org\":{\"id\":\"cvr:2\",\"name\":\"Kommune\"},\"system\":\"KSD\","
		"\"sender\":{\"id\":2,\"org\":\"cvr:2\",\"name\":\"Region\"}}";
	struct answer answer = answer_with(in_anothers_name, "2026-11-23T12:00:00Z");
	says(&answer, "en", "Kommune, reported by Region (cvr:2)", NULL);
	says(&answer, "da", "Kommune, indberettet af Region (cvr:2)", NULL);
	answer_release(&answer);
	answer = answer_with(in_its_own, "2026-11-23T12:00:00Z");
	says(&answer, "en", "Kommune", "reported by");
	answer_release(&answer);
}
END_TEST

START_TEST(a_clock_that_is_ahead_is_said)
{
	char until[32];
	time_t later = time(NULL) + 2 * 3600 + 30;
	struct tm parts;
	ck_assert_ptr_nonnull(gmtime_r(&later, &parts));
	strftime(until, sizeof until, "%FT%TZ", &parts);
	struct answer answer = answer_with("", until);
	says(&answer, "en", "The ledger's clock is ahead of this machine's by 2 h", NULL);
	says(&answer, "da", "Loggens ur er 2 h foran", NULL);
	answer_release(&answer);
	answer = answer_with("", "2026-11-23T12:00:00Z");
	says(&answer, "en", NULL, "ahead of");
	answer_release(&answer);
	static const struct {
		uint64_t seconds;
		const char *text;
	} spans[] = {
		{0, "0 s"}, {59, "59 s"}, {60, "1 min"}, {3599, "59 min 59 s"}, {7200, "2 h"}, {86400 * 5 + 7200, "5 d 2 h"}};
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		char text[WORDS_SPAN_MAX];
		words_span(spans[i].seconds, text);
		ck_assert_str_eq(text, spans[i].text);
	}
}
END_TEST

START_TEST(both_languages_have_all_words)
{
	/* Every member is a text, and has one in both languages. */
	const char *const *english = (const char *const *)(const void *)words_for("en");
	const char *const *danish = (const char *const *)(const void *)words_for("da_DK.UTF-8");
	ck_assert_ptr_ne(english, danish);
	for (size_t i = 0; i < sizeof(struct words) / sizeof(char *); i++) {
		ck_assert_ptr_nonnull(english[i]);
		ck_assert_ptr_nonnull(danish[i]);
	}
	ck_assert_ptr_eq(words_for("C"), words_for("en_DK"));
	static const char *const actions[] = {
		"create", "read", "update", "delete", "execute", "search", "export", "print", "disclose"};
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
		ck_assert_str_eq(words_action(words_for("en"), actions[i]), actions[i]);
		ck_assert_str_ne(words_action(words_for("da"), actions[i]), actions[i]);
	}
}
END_TEST

UNIT_MAIN("who", all_pages_are_shown_once, withheld_events_of_all_pages_are_counted, refusals_are_told_in_words,
	what_may_not_be_read_is_named, repeats_of_a_day_are_one_row, what_was_asked_for_is_said,
	each_time_carries_its_offset, who_reported_it_is_said, a_clock_that_is_ahead_is_said, both_languages_have_all_words)
