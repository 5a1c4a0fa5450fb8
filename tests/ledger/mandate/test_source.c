/* What a registration knows of its source: one spelling whatever the order, and what is looked up in it. */
#include "ledger/mandate/mandate.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>

static struct source source;

static enum error add(const char *word, struct fault *fault)
{
	bool taken = false;
	enum error error = source_apply(&source, word, &taken, fault);
	ck_assert_msg(taken, "%s", word);
	return error;
}

static const char *const words[] = {"authority=1.2.208.176.1.2", "from=address:10.0.0.7=cvr:1=H=A",
	"from=source:PACS-1=cvr:1=Hospital=Røntgen = stuen", "identifiers-in=reason",
	"namespace=LAB=https://lab.example/id", "namespace=LAB2=1.2.3.5", "namespace=SITE=1.2.3.4", "role=sagsbehandler"};
#define WORDS_COUNT (sizeof words / sizeof words[0])

static void add_all(void)
{
	struct fault fault = {0};
	source = (struct source){.words = ""};
	for (size_t i = 0; i < WORDS_COUNT; i++)
		ck_ok(add(words[i], &fault));
}

static void same(struct bytes got, const char *wanted)
{
	ck_assert_msg(bytes_equal(got, bytes_text(wanted)), "%.*s, not %s", (int)got.len, (const char *)got.data, wanted);
}

/* ENTRY-27 */
START_TEST(any_order_gives_one_spelling)
{
	add_all();
	struct source wanted = source;
	struct fault fault = {0};
	ck_assert(source_valid(&source));
	for (unsigned seed = 0; seed < 200; seed++) {
		size_t order[WORDS_COUNT];
		source = (struct source){.words = ""};
		srand(seed);
		for (size_t i = 0; i < WORDS_COUNT; i++) {
			size_t other = (size_t)rand() % (i + 1);
			order[i] = order[other];
			order[other] = i;
		}
		for (size_t i = 0; i < WORDS_COUNT; i++) {
			ck_ok(add(words[order[i]], &fault));
			ck_assert(source_valid(&source));
		}
		ck_ok(add(words[order[0]], &fault)); /* again: it is said already */
		ck_assert_str_eq(source.words, wanted.words);
	}
}
END_TEST

START_TEST(two_meanings_of_one_thing_are_refused)
{
	static const char *const other[] = {"authority=1.2.3", "from=address:10.0.0.7=cvr:1=H=B", "namespace=LAB=1.2.3.4",
		"from=source:PACS-1=cvr:1=Hospital=Skadestuen", "role=læge"};
	add_all();
	struct source wanted = source;
	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
		struct fault fault = {0};
		ck_error(add(other[i], &fault), E_BAD_VALUE);
		ck_assert_msg(strstr(fault.text, "said twice") != NULL, "%s", fault.text);
		ck_assert_str_eq(source.words, wanted.words);
	}
}
END_TEST

START_TEST(what_is_said_is_found)
{
	struct source_origin origin;
	add_all();
	same(source_authority(&source), "1.2.208.176.1.2");
	same(source_role(&source), "sagsbehandler");
	same(source_namespace(&source, BYTES_LITERAL("LAB")), "https://lab.example/id");
	same(source_namespace(&source, BYTES_LITERAL("LAB2")), "1.2.3.5");
	same(source_namespace(&source, BYTES_LITERAL("LA")), "");
	same(source_namespace(&source, BYTES_LITERAL("lab")), "");
	same(source_namespace(&source, BYTES_LITERAL("LAB=https:")), "");
	same(source_namespace(&source, BYTES_EMPTY), "");
	ck_assert(source_origin(&source, "source", BYTES_LITERAL("PACS-1"), &origin));
	same(origin.org, "cvr:1");
	same(origin.org_name, "Hospital");
	same(origin.system, "Røntgen = stuen");
	ck_assert(source_origin(&source, "address", BYTES_LITERAL("10.0.0.7"), &origin));
	ck_assert(!source_origin(&source, "address", BYTES_LITERAL("10.0.0.70"), &origin));
	ck_assert(!source_origin(&source, "source", BYTES_LITERAL("PACS"), &origin));
	ck_assert(!source_origin(&source, "source", BYTES_LITERAL("PACS-1=cvr:1"), &origin));
	ck_assert(!source_origin(&source, "source", BYTES_EMPTY, &origin));
}
END_TEST

START_TEST(nothing_is_said_by_default)
{
	struct source_origin origin;
	static const struct source nothing;
	ck_assert(source_valid(&nothing));
	same(source_authority(&nothing), "");
	same(source_role(&nothing), "");
	ck_assert(!source_origin(&nothing, "source", BYTES_LITERAL("A"), &origin));
}
END_TEST

/* ENTRY-27 */
START_TEST(it_speaks_of_those_alone_that_it_may_report_for)
{
	struct mandate mandate = {.reports_for = "cvr:1"};
	add_all();
	mandate.source = source;
	ck_assert(mandate_covers_source(&mandate, "cvr:9"));
	mandate.reports_for[0] = '\0';
	ck_assert(!mandate_covers_source(&mandate, "cvr:9"));
	ck_assert(mandate_covers_source(&mandate, "cvr:1"));
}
END_TEST

START_TEST(other_words_are_left_to_others)
{
	static const char *const others[] = {"purpose=x", "grants", "authority", "namespaces=A=1.2.3", ""};
	bool taken = true;
	struct fault fault = {0};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		ck_ok(source_apply(&source, others[i], &taken, &fault));
		ck_assert_msg(!taken, "%s", others[i]);
	}
}
END_TEST

UNIT_MAIN("source", any_order_gives_one_spelling, two_meanings_of_one_thing_are_refused, what_is_said_is_found,
	nothing_is_said_by_default, it_speaks_of_those_alone_that_it_may_report_for, other_words_are_left_to_others)
