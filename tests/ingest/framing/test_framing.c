/* Framing: nothing lost, one damaged message costs one, and reads may end anywhere. */
#include "ingest/framing/framing.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what comes out, one piece a line: "=" a message, "!" one that was cut, "L" a long one, "-" what stands between
 */

#define SHOWN_MAX 400000

static char shown[SHOWN_MAX];

static void show(char *out, const struct framing_piece *piece, char *last)
{
	char mark = piece->kind == FRAMING_BETWEEN ? '-' : piece->kind != FRAMING_MESSAGE ? 'L' : piece->cut ? '!' : '=';
	size_t len = strlen(out);
	ck_assert_uint_lt(len + piece->text.len + 4, SHOWN_MAX);
	if (mark != *last || (mark != '-' && mark != 'L'))
		len += (size_t)sprintf(out + len, "\n%c", mark);
	memcpy(out + len, piece->text.data, piece->text.len);
	out[len + piece->text.len] = '\0';
	*last = piece->kind == FRAMING_LAST ? '.' : mark;
}

/* `chunk(n)`: how many bytes the n-th read gives. Checks that the pieces are the input. */
static void frame(enum adapter_format format, size_t max, struct bytes input, size_t (*chunk)(void), char *out)
{
	struct framing framing;
	struct framing_piece piece;
	char last = 0;
	size_t at = 0;
	size_t have = 0;
	framing_begin(&framing, format);
	if (max > 0)
		framing.max = max;
	out[0] = '\0';
	for (;;) {
		bool ended = have == input.len;
		framing_next(&framing, bytes_of(input.data + at, have - at), ended ? FRAMING_ENDED : FRAMING_MORE, &piece);
		if (piece.kind == FRAMING_NOTHING && ended)
			break;
		if (piece.kind == FRAMING_NOTHING) {
			size_t more = chunk();
			have += more < input.len - have ? more : input.len - have;
			continue;
		}
		ck_assert_ptr_eq(piece.text.data, input.data + at);
		ck_assert_uint_le(piece.text.len, have - at);
		ck_assert(piece.text.len > 0 || piece.kind == FRAMING_LAST);
		show(out, &piece, &last);
		at += piece.text.len;
	}
	ck_assert_uint_eq(at, input.len);
}

static size_t all_at_once(void)
{
	return SIZE_MAX / 2;
}

static uint32_t seed;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 8) * below >> 24);
}

static size_t some(void)
{
	return draw(4) == 0 ? 1 + draw(200) : 1 + draw(7);
}

static size_t one(void)
{
	return 1;
}

static void expect_bytes(enum adapter_format format, size_t max, struct bytes input, const char *wanted)
{
	frame(format, max, input, all_at_once, shown);
	ck_assert_str_eq(shown, wanted);
	frame(format, max, input, one, shown);
	ck_assert_str_eq(shown, wanted);
}

static void expect(enum adapter_format format, const char *input, const char *wanted)
{
	expect_bytes(format, 0, bytes_text(input), wanted);
}

struct length {
	char mark; /* 0: no more */
	size_t len;
};

/* Pieces by their lengths, for input that cannot be shown. */
static void check_lengths(
	enum adapter_format format, size_t max, struct bytes input, size_t chunk, const struct length *wanted)
{
	struct framing framing;
	struct framing_piece piece;
	struct length got = {0};
	size_t at = 0;
	size_t have = 0;
	framing_begin(&framing, format);
	framing.max = max > 0 ? max : framing.max;
	for (;;) {
		bool ended = have == input.len;
		framing_next(&framing, bytes_of(input.data + at, have - at), ended ? FRAMING_ENDED : FRAMING_MORE, &piece);
		if (piece.kind == FRAMING_NOTHING && ended)
			break;
		if (piece.kind == FRAMING_NOTHING) {
			have += chunk < input.len - have ? chunk : input.len - have;
			continue;
		}
		bool part = piece.kind == FRAMING_PART || piece.kind == FRAMING_LAST;
		char mark = part ? 'L' : piece.kind == FRAMING_BETWEEN ? '-' : piece.cut ? '!' : '=';
		got.len = (part || mark == '-') && mark == got.mark ? got.len + piece.text.len : piece.text.len;
		got.mark = mark;
		at += piece.text.len;
		if (piece.kind == FRAMING_PART || (mark == '-' && at < input.len && wanted->len > got.len))
			continue;
		ck_assert_int_eq(mark, wanted->mark);
		ck_assert_uint_eq(got.len, wanted->len);
		got.mark = 0;
		wanted++;
	}
	ck_assert_uint_eq(at, input.len);
	ck_assert_int_eq(wanted->mark, 0);
}

static void expect_lengths(enum adapter_format format, size_t max, struct bytes input, const struct length *wanted)
{
	check_lengths(format, max, input, input.len, wanted);
	check_lengths(format, max, input, 1, wanted);
}

#define A "{\"resourceType\":\"AuditEvent\",\"a\":[{\"x\":\"}{\"}]}"
#define B "{\"b\":1, \"resourceType\" : \"AuditEvent\"}"
#define D "<AuditMessage><E t=\"1>2\"/></AuditMessage>"
#define MARK "\xEF\xBB\xBF"

/* ADP-7 */
START_TEST(lines_are_cut_where_they_end)
{
	expect(ADAPTER_JSON, MARK "one\n\n \t\r\ntwo \r\nlast", "\n-" MARK "\n=one\n-\n\n \t\r\n\n=two\n- \r\n\n=last");
	expect(ADAPTER_JSON, "", "");
	expect(ADAPTER_JSON, " \n", "\n- \n");
	expect_bytes(
		ADAPTER_JSON, 4, bytes_text("1234\n12345\n1\n123456789"), "\n=1234\n-\n\nL12345\n-\n\n=1\n-\n\nL123456789");
}
END_TEST

START_TEST(documents_are_cut_where_they_end)
{
	expect(ADAPTER_FHIR, A "\n" A A " " A "\r\n", "\n=" A "\n-\n\n=" A "\n=" A "\n- \n=" A "\n-\r\n");
	expect(ADAPTER_FHIR, "{\n \"a\": [\n  {\n  }\n ]\n}\n" MARK "{}",
		"\n={\n \"a\": [\n  {\n  }\n ]\n}\n-\n" MARK "\n={}");
	/* Elements of an array, and the array's own brackets. */
	expect(ADAPTER_FHIR, "[" A ", " A "]\n" A, "\n-[\n=" A "\n-, \n=" A "\n-]\n\n=" A);
	expect(ADAPTER_FHIR, "[\n  " A ",\n  {{" A ",\n  " A "\n]",
		"\n-[\n  \n=" A "\n-,\n  \n!{{" A ",\n-\n  \n=" A "\n-\n]");
	expect(ADAPTER_FHIR, "[]\n[ ]", "\n-[]\n[ ]");
	expect(ADAPTER_FHIR, "[1, \"x\", " A "]", "\n=[1, \"x\",\n- \n=" A "]");
	expect(ADAPTER_FHIR, "[" A ", 5, null," A "]", "\n-[\n=" A "\n-, \n=5\n-, \n=null\n-,\n=" A "\n-]");
	/* A JSON text sequence. */
	expect(ADAPTER_FHIR, "\x1E" A "\n\x1E" A "\x1E" A, "\n-\x1E\n=" A "\n-\n\x1E\n=" A "\n-\x1E\n=" A);
	/* What is no object. */
	expect(ADAPTER_FHIR, "}\n<a>\n[2026] x\n" A, "\n=}\n-\n\n=<a>\n-\n\n=[2026] x\n-\n\n=" A);
}
END_TEST

/* ADP-14: one damaged document costs one. */
START_TEST(a_damaged_document_costs_one)
{
	expect(ADAPTER_FHIR, "{\"resourceType\":\"Aud\n" A, "\n!{\"resourceType\":\"Aud\n-\n\n=" A);
	expect(ADAPTER_FHIR, "{\"a\":[\n" A "\n" A, "\n!{\"a\":[\n-\n\n=" A "\n-\n\n=" A);
	expect(ADAPTER_FHIR, "{\"a\":\n" B "\n", "\n!{\"a\":\n-\n\n=" B "\n-\n");
	expect(ADAPTER_FHIR, "{\"a\":[1,\n" B "\n", "\n!{\"a\":[1,\n-\n\n=" B "\n-\n");
	expect(ADAPTER_FHIR, "{\"a\":[1\n" B "\n", "\n!{\"a\":[1\n-\n\n=" B "\n-\n");
	expect(ADAPTER_FHIR, "{" A "\n" A, "\n!{" A "\n-\n\n=" A);
	expect(ADAPTER_FHIR, A "}\n" A, "\n!" A "}\n-\n\n=" A);
	expect(ADAPTER_FHIR, A " x\n" A, "\n!" A " x\n-\n\n=" A);
	expect(ADAPTER_FHIR, "{\"a\":\"b,\n" A, "\n!{\"a\":\"b,\n-\n\n=" A);
	expect(ADAPTER_FHIR, "{\n  \"a\": {\n    \"b\n{\n  \"resourceType\": \"Bundle\"\n}\n",
		"\n!{\n  \"a\": {\n    \"b\n-\n\n={\n  \"resourceType\": \"Bundle\"\n}\n-\n");
	/* An array whose beginning is lost, or the first in it. */
	expect(ADAPTER_FHIR, A ",\n" A "\n]\n" A, "\n=" A "\n-,\n\n=" A "\n-\n]\n\n=" A);
	expect(ADAPTER_FHIR, "[\nx\":1},\n" A ",\n" A "\n]\n" A,
		"\n=[\n-\n\n=x\":1},\n-\n\n=" A "\n-,\n\n=" A "\n-\n]\n\n=" A);
	/* On a line with others it costs none of them. */
	expect(ADAPTER_FHIR, A "}" A " x " A "\n" A "}\n" A,
		"\n=" A "\n=}\n=" A "\n- \n=x\n- \n=" A "\n-\n\n!" A "}\n-\n\n=" A);
	expect(ADAPTER_FHIR, "{\"a\":\n\x1E" A "\n\x1E{\"a\x1E" A, "\n!{\"a\":\n\x1E\n=" A "\n-\n\x1E\n!{\"a\x1E\n=" A);
	/* Not indented at all: what is inside the broken one is no message. */
	expect(ADAPTER_FHIR,
		"{{\n\"resourceType\": \"AuditEvent\",\n\"a\": [\n{\n\"b\": {\n}\n}\n]\n}\n{\n\"a\": [\n{\n}\n],\n"
		"\"resourceType\": \"AuditEvent\"\n}\n" A,
		"\n!{{\n\"resourceType\": \"AuditEvent\",\n\"a\": [\n{\n\"b\": {\n}\n}\n]\n}\n-\n\n={\n\"a\": [\n{\n}\n],\n"
		"\"resourceType\": \"AuditEvent\"\n}\n-\n\n=" A);
	/* Each line of its own is one, whatever it is. */
	expect(ADAPTER_FHIR, "{\"a\n{\"b\":1}\n" A, "\n!{\"a\n-\n\n={\"b\":1}\n-\n\n=" A);
	/* The line is cut with its end. */
	expect(ADAPTER_FHIR, "{\"resourceType\":\"AuditEvent\",\"t\":{\"co" A "\n" A,
		"\n!{\"resourceType\":\"AuditEvent\",\"t\":{\"co\n=" A "\n-\n\n=" A);
	expect(ADAPTER_FHIR, "{\"resourceType\":\"AuditEvent\",\"t\":[" A "\n" A,
		"\n!{\"resourceType\":\"AuditEvent\",\"t\":[\n=" A "\n-\n\n=" A);
	/* The line is cut at its beginning. */
	expect(ADAPTER_FHIR, "ce\":{}}" A A " x " A "\n" A, "\n=ce\":{}}\n=" A "\n=" A "\n- \n=x\n- \n=" A "\n-\n\n=" A);
	/* Nested documents are no new ones. */
	expect(ADAPTER_FHIR, "{\n\"contained\": [\n{\n\"resourceType\": \"Patient\"\n}\n]\n}\n" A,
		"\n={\n\"contained\": [\n{\n\"resourceType\": \"Patient\"\n}\n]\n}\n-\n\n=" A);
	expect(ADAPTER_FHIR, "{\"resourceType\":\"Bundle\",\"entry\":[\n{\"resource\":\n" A "},\n{\"resource\":" A "}]}\n",
		"\n={\"resourceType\":\"Bundle\",\"entry\":[\n{\"resource\":\n" A "},\n{\"resource\":" A "}]}\n-\n");
	expect(ADAPTER_FHIR, "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":" A "},{{\"resource\":" A "}]}\n" A,
		"\n!{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":" A "},{{\"resource\":" A "}]}\n-\n\n=" A);
}
END_TEST

/* In the order of their names the type comes late. */
#define S "{\"a\":[{\"x\":\"}{\\\"[\"}],\"resourceType\":\"AuditEvent\",\"z\":{}}"
#define BUNDLE "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":" A "},{\"resource\":" S "}"
#define SORTED_BUNDLE "{\"entry\":[{\"resource\":" S "},{ \"resource\" : " A "}"

/* ADP-14: the way back is found at the next message, whatever the order of its members and whatever stands before. */
START_TEST(the_way_back_is_the_next_message)
{
	static const char *const cuts[] = {"{\"a\":\"b", "{\"a\":[{\"b\":\"", "{\"a\":[1,",
		"{\"a\":{\"b\":", "{\"resourceType\":\"AuditEvent\",\"a\":[{\"b", BUNDLE,
		BUNDLE ",{\"resource\":{\"resourceType\":\"Aud", SORTED_BUNDLE, SORTED_BUNDLE ",{\"resource\":{\"a\":\"b"};
	static const char *const wholes[] = {A, S, BUNDLE "]}", SORTED_BUNDLE "],\"resourceType\":\"Bundle\"}"};
	char input[2048];
	char wanted[2048];
	for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++)
		for (size_t k = 0; k < sizeof wholes / sizeof wholes[0]; k++) {
			const char *cut = cuts[i];
			const char *whole = wholes[k];
			/* On one line. */
			snprintf(input, sizeof input, "%s%s%s\n%s", cut, whole, A, whole);
			snprintf(wanted, sizeof wanted, "\n!%s\n=%s\n=" A "\n-\n\n=%s", cut, whole, whole);
			expect(ADAPTER_FHIR, input, wanted);
			/* Behind what a log puts before each; what does not say its type is text. */
			bool typed = strstr(cut, "{\"resourceType\":\"") == cut;
			snprintf(input, sizeof input, "10:00 app: %s\n10:01 app: %s\n10:02 app: %s\n", cut, whole, whole);
			snprintf(wanted, sizeof wanted, "\n=10:00 app:%s%s\n%s10:01 app:\n- \n=%s\n-\n\n=10:02 app:\n- \n=%s\n-\n",
				typed ? "\n- \n!" : " ", cut, typed ? "" : "-\n\n=", whole, whole);
			expect(ADAPTER_FHIR, input, wanted);
			snprintf(input, sizeof input, "%s x %s\n", A, whole);
			snprintf(wanted, sizeof wanted, "\n=%s\n- \n=x\n- \n=%s\n-\n", A, whole);
			expect(ADAPTER_FHIR, input, wanted);
		}
	/* Only these two types are messages. */
	expect(ADAPTER_FHIR, "x {\"resourceType\":\"Account\"}\n" A, "\n=x {\"resourceType\":\"Account\"}\n-\n\n=" A);
	expect(
		ADAPTER_FHIR, "x {\"resourceType\":\"AuditEvents\"}\n" A, "\n=x {\"resourceType\":\"AuditEvents\"}\n-\n\n=" A);
	expect(ADAPTER_FHIR, "x {\"resourceType\":\"Bundl\"}\n" A, "\n=x {\"resourceType\":\"Bundl\"}\n-\n\n=" A);
	/* What is contained belongs to what contains it. */
	expect(ADAPTER_FHIR, "{\"contained\": [ " S "],\"a\":\"\n" A, "\n!{\"contained\": [ " S "],\"a\":\"\n-\n\n=" A);
	/* Longer than the limit. */
	expect_bytes(ADAPTER_FHIR, 20, bytes_text("{\"a\":\"01234567890123456789" S "\n" S),
		"\nL{\"a\":\"01234567890123456789\nL" S "\n-\n\nL" S);
	expect_bytes(ADAPTER_FHIR, 20, bytes_text(SORTED_BUNDLE ",{{\"resource\":" S "}]}\n" S),
		"\nL" SORTED_BUNDLE ",{{\"resource\":" S "}]}\n\nL" S);
}
END_TEST

/* Types in a long line that are of no object, or of contained ones, take no longer: it would not end otherwise. */
START_TEST(hostile_types_take_no_longer)
{
	static const char *const fronts[] = {"x ", "{\"contained\":[", "[[\"", "{{\"contained\":["};
	static const char *const pieces[] = {"\"resourceType\":\"AuditEvent\",", "{\"resourceType\":\"AuditEvent\"},"};
	static char text[4u << 20];
	for (size_t i = 0; i < sizeof fronts / sizeof fronts[0]; i++)
		for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++) {
			struct framing framing;
			struct framing_piece piece = {.kind = FRAMING_MESSAGE};
			size_t at = (size_t)sprintf(text, "%s", fronts[i]);
			for (size_t len = strlen(pieces[k]); at + len < sizeof text; at += len)
				memcpy(text + at, pieces[k], len);
			framing_begin(&framing, ADAPTER_FHIR);
			for (size_t from = 0; piece.kind != FRAMING_NOTHING; from += piece.text.len)
				framing_next(&framing, bytes_of(text + from, at - from), FRAMING_ENDED, &piece);
		}
}
END_TEST

/* What a crash leaves in a file that was being written: ADP-14 */
START_TEST(a_block_of_nuls_costs_no_message)
{
#define NULS "\0\0\0"
#define EXPECT(format, max, input, ...) \
	expect_lengths(format, max, BYTES_LITERAL(input), (const struct length[]){__VA_ARGS__, {0}})
	size_t a = strlen(A);
	size_t b = strlen(B);
	EXPECT(ADAPTER_JSON, 0, NULS A "\n", {'=', 3}, {'=', a}, {'-', 1});
	EXPECT(ADAPTER_JSON, 0, "{\"a\":" NULS A, {'=', 8}, {'=', a});
	EXPECT(ADAPTER_JSON, 0, "{\"a\":\"\0\"}\n" A, {'=', 9}, {'-', 1}, {'=', a});
	EXPECT(ADAPTER_JSON, 5, "12345" NULS "{}\n", {'L', 8}, {'=', 2}, {'-', 1});
	EXPECT(ADAPTER_FHIR, 0, NULS A "\n" NULS B, {'=', 3}, {'=', a}, {'-', 1}, {'=', 3}, {'=', b});
	EXPECT(ADAPTER_FHIR, 0, A NULS B "\n", {'=', a}, {'=', 3}, {'=', b}, {'-', 1});
	EXPECT(ADAPTER_FHIR, 0, "{\"a\":\"b" NULS B "\n", {'!', 10}, {'=', b}, {'-', 1});
	EXPECT(ADAPTER_FHIR, 0, "{\"a\":\0{\"b\":1},\"c\":\0[{}]}\n" A, {'!', 24}, {'-', 1}, {'=', a});
}
END_TEST

/* ADP-15: over the limit it goes on as well. */
START_TEST(a_long_document_costs_one)
{
	expect_bytes(ADAPTER_FHIR, 20, bytes_text("{\"a\":\"01234567890123456789\n" B "\n{}"),
		"\nL{\"a\":\"01234567890123456789\n\nL" B "\n-\n\n={}");
	expect_bytes(ADAPTER_FHIR, 20, bytes_text("{\"a\":\"01234567890123456789\"}\n{}"),
		"\nL{\"a\":\"01234567890123456789\"}\n-\n\n={}");
	expect_bytes(ADAPTER_DICOM, 50, bytes_text("<AuditMessage>012345678901234567890123456789012345678901234567890" D D),
		"\nL<AuditMessage>012345678901234567890123456789012345678901234567890\n=" D "\n=" D);
	expect_bytes(ADAPTER_DICOM, 50,
		bytes_text("<AuditMessage><!--2345678901234567890123456789012345678901234567890 " D "\n" D),
		"\nL<AuditMessage><!--2345678901234567890123456789012345678901234567890 \n=" D "\n-\n\n=" D);
}
END_TEST

START_TEST(xml_documents_are_cut_where_they_end)
{
	expect(ADAPTER_DICOM, MARK "<?xml version=\"1.0\"?>\n<!-- a -->" D "\n" D D "<!-- <AuditMessage> -->",
		"\n-" MARK "\n=<?xml version=\"1.0\"?>\n<!-- a -->" D "\n-\n\n=" D "\n=" D "\n-<!-- <AuditMessage> -->");
	expect(ADAPTER_DICOM, "<AuditMessage/><a:AuditMessage ></a:AuditMessage >" D,
		"\n=<AuditMessage/>\n=<a:AuditMessage ></a:AuditMessage >\n=" D);
	expect(ADAPTER_DICOM,
		"<AuditMessage><!-- </AuditMessage> --><![CDATA[</AuditMessage><AuditMessage>]]></AuditMessage>\n",
		"\n=<AuditMessage><!-- </AuditMessage> --><![CDATA[</AuditMessage><AuditMessage>]]></AuditMessage>\n-\n");
	expect(ADAPTER_DICOM, "<?xml version='1.0'?><x:List a='1'>" D "\n" D "</x:List>\n" D,
		"\n-<?xml version='1.0'?><x:List a='1'>\n=" D "\n-\n\n=" D "\n-</x:List>\n\n=" D);
	expect(ADAPTER_DICOM, "<Envelope><Body>" D "</Body></Envelope>" D,
		"\n-<Envelope><Body>\n=" D "\n-</Body></Envelope>\n=" D);
	/* One that holds something else too is told of, and its end tags do not spoil what it is around. */
	expect(ADAPTER_DICOM, "<S:Env><S:Head/><S:Body>" D "</S:Body></S:Env>\n" D,
		"\n!<S:Env><S:Head/><S:Body>\n=" D "\n-</S:Body></S:Env>\n\n=" D);
	expect(ADAPTER_DICOM, "<!DOCTYPE x [<!ENTITY a \"b\">]>" D, "\n=<!DOCTYPE x [<!ENTITY a \"b\">]>" D);
	expect(ADAPTER_DICOM, "<?xml version=\"1.0\"?>\n", "\n-<?xml version=\"1.0\"?>\n");
	expect(ADAPTER_DICOM, "<AuditMessages></AuditMessages>\n<a b='c'/>" D "\n",
		"\n=<AuditMessages></AuditMessages>\n-\n\n=<a b='c'/>\n=" D "\n-\n");
}
END_TEST

/* ADP-14 */
START_TEST(damaged_xml_costs_one)
{
	expect(ADAPTER_DICOM, "<AuditMessage><E t=\"\n" D, "\n!<AuditMessage><E t=\"\n-\n\n=" D);
	expect(ADAPTER_DICOM, "<AuditMessage t=\"\n" D "\n" D, "\n!<AuditMessage t=\"\n-\n\n=" D "\n-\n\n=" D);
	expect(ADAPTER_DICOM, "<AuditMessage t=\"\n<AuditMessage/>" D, "\n!<AuditMessage t=\"\n-\n\n=<AuditMessage/>\n=" D);
	expect(ADAPTER_DICOM, "<AuditMess\n" D, "\n=<AuditMess\n-\n\n=" D);
	expect(ADAPTER_DICOM, "<AuditMessage><\n" D, "\n!<AuditMessage><\n-\n\n=" D);
	expect(ADAPTER_DICOM, "<AuditMessage><" D, "\n!<AuditMessage><\n=" D);
	expect(ADAPTER_DICOM, "<?xml version=\n" D, "\n=<?xml version=\n-\n\n=" D);
	expect(ADAPTER_DICOM, "<AuditMessage>\n<?xml version=\"1.0\"?>" D,
		"\n!<AuditMessage>\n-\n\n=<?xml version=\"1.0\"?>" D);
	expect(ADAPTER_DICOM, "<" D "\n" D ">\n" D "</AuditMessage>\n" D,
		"\n=<" D "\n-\n\n=" D ">\n-\n\n=" D "</AuditMessage>\n-\n\n=" D);
	expect(ADAPTER_DICOM, D " x " D "</AuditMessage>" D "\n",
		"\n=" D "\n- \n=x\n- \n=" D "\n=</AuditMessage>\n=" D "\n-\n");
	expect(ADAPTER_DICOM, "<List>" D "</a:AuditMessage>\n" D "\n</AuditMessage>" D "</a:List>" D,
		"\n-<List>\n=" D "</a:AuditMessage>\n-\n\n=" D "\n-\n\n=</AuditMessage>\n=" D "\n-</a:List>\n=" D);
	expect(ADAPTER_DICOM, "text\n<85>1 - " D "\n<foo><bar a='1'/>\n" D,
		"\n=text\n-\n\n=<85>1 -\n- \n=" D "\n-\n\n!<foo><bar a='1'/>\n-\n\n=" D);
	/* A comment that never ends hides nothing. */
	expect(ADAPTER_DICOM, "<AuditMessage><!-- x\n" D "<!-- " D, "\n!<AuditMessage><!-- x\n-\n\n=" D "\n=<!--\n- \n=" D);
	/* Nor does one that ends in a later message's comment: what is in one has no other in it. */
#define REMARK "<AuditMessage><!-- by RIS --><E/></AuditMessage>"
	expect(ADAPTER_DICOM, "<AuditMessage><!-- by\n" REMARK "\n" REMARK,
		"\n!<AuditMessage><!-- by\n-\n\n=" REMARK "\n-\n\n=" REMARK);
	expect(ADAPTER_DICOM, "<AuditMessage><!-- by\n" D "\n" D "<!-- x -->\n" REMARK,
		"\n!<AuditMessage><!-- by\n-\n\n=" D "\n-\n\n=" D "\n-<!-- x -->\n\n=" REMARK);
	expect(ADAPTER_DICOM, "<!-- by\n" D "\n<!-- <!--> " D "<!-- " D " - -> <! -- " D " -->" D,
		"\n=<!-- by\n-\n\n=" D "\n-\n<!-- <!--> \n=" D "\n-<!-- " D " - -> <! -- " D " -->\n=" D);
	expect_bytes(ADAPTER_DICOM, 60, bytes_text("<AuditMessage><!-- 0123456789012345678901234567890 " D "<!-- x -->" D),
		"\nL<AuditMessage><!-- 0123456789012345678901234567890 \n=" D "\n-<!-- x -->\n=" D);
	/* A row of refused messages holds messages. */
	expect(ADAPTER_DICOM, D "\n{\"input\":\"-\",\"message\":\"" D "\"}\n" D,
		"\n=" D "\n-\n\n={\"input\":\"-\",\"message\":\"" D "\"}\n-\n\n=" D);
}
END_TEST

/* ADP-17: a document that is closed is given out when nothing more comes at the time. */
START_TEST(a_closed_document_does_not_wait)
{
	static const struct {
		enum adapter_format format;
		const char *text;
		bool given;
	} cases[] = {{ADAPTER_FHIR, A, true}, {ADAPTER_FHIR, "{\"a\":1", false}, {ADAPTER_DICOM, D, true},
		{ADAPTER_DICOM, "<AuditMessage>", false}, {ADAPTER_JSON, "{}", false}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct framing framing;
		struct framing_piece piece;
		framing_begin(&framing, cases[i].format);
		framing_next(&framing, bytes_text(cases[i].text), FRAMING_MORE, &piece);
		ck_assert_int_eq(piece.kind, FRAMING_NOTHING);
		framing_next(&framing, bytes_text(cases[i].text), FRAMING_IDLE, &piece);
		ck_assert_int_eq(piece.kind, cases[i].given ? FRAMING_MESSAGE : FRAMING_NOTHING);
	}
}
END_TEST

/* ---- UTF-16 ---- */

#define CUT "<AuditMessage><EventIdent"

/* The text in UTF-16, `lost` bytes short. */
static size_t widen(char *out, const char *text, bool big, size_t lost)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = big ? '\0' : text[i];
		out[2 * i + 1] = big ? text[i] : '\0';
	}
	return 2 * len - lost;
}

/* A byte order mark, D, one that is cut, D on the next line: ADP-14, ADP-23 */
static void expect_wide(bool big, size_t lost, size_t cut, size_t between)
{
	char input[512];
	size_t d = 2 * strlen(D);
	size_t len = 2;
	memcpy(input, big ? "\xFE\xFF" : "\xFF\xFE", 2);
	len += widen(input + len, D CUT, big, lost);
	len += widen(input + len, "\n" D "\n", big, 0);
	struct length wanted[] = {{'-', 2}, {'=', d}, {'!', cut}, {'-', between}, {'=', d}, {'-', 2}, {0}};
	if (between == 0)
		memmove(wanted + 3, wanted + 4, 3 * sizeof *wanted);
	expect_lengths(ADAPTER_DICOM, 0, bytes_of(input, len), wanted);
	/* Without the mark. */
	expect_lengths(ADAPTER_DICOM, 0, bytes_of(input + 2, len - 2), wanted + 1);
	/* Behind a message of single bytes, and with one behind it. */
	char mixed[1024];
	len = (size_t)sprintf(mixed, "%s", D "\n");
	memcpy(mixed + len, input, 2);
	len += 2;
	len += widen(mixed + len, D "\n", big, 0);
	len += (size_t)sprintf(mixed + len, "%s", D);
	expect_lengths(ADAPTER_DICOM, 0, bytes_of(mixed, len),
		(const struct length[]){{'=', d / 2}, {'-', 3}, {'=', d}, {'-', 2}, {'=', d / 2}, {0}});
}

START_TEST(utf16_is_cut_as_other_text_is)
{
	size_t cut = 2 * strlen(CUT);
	expect_wide(false, 0, cut, 2);
	expect_wide(true, 0, cut, 2);
	expect_wide(false, 1, cut + 1, 0); /* out of step: the line end belongs to what was cut */
	expect_wide(true, 1, cut, 1);
	/* A feed that begins with the end of a line. */
	char input[512];
	size_t len = widen(input, "\n" D "\n", false, 0);
	expect_lengths(
		ADAPTER_DICOM, 0, bytes_of(input, len), (const struct length[]){{'-', 2}, {'=', 2 * strlen(D)}, {'-', 2}, {0}});
}
END_TEST

/* ---- any damage, any reads ---- */

static const char *const parts[] = {A, B, D, S, "{\"input\":\"x\",\"message\":\"" D "\"}", "<?xml version=\"1.0\"?>" D,
	"{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":" A "}]}", "[" A "," B "]",
	"{\n  \"resourceType\": \"AuditEvent\",\n  \"a\": [\n    {\n      \"b\": 1\n    }\n  ]\n}", "<List>" D D "</List>",
	"<AuditMessage><!-- " D " --><![CDATA[" D "]]></AuditMessage>", "\n", " ", MARK, "{", "}", "[", "]", "\"", ",", "<",
	">", "<!--", "-->", "<![CDATA[", "]]>", "<?x", "?>", "</", "/>", "<!D", "\\", "x", ":", "\xC3"};

static size_t compose(char *out, size_t max)
{
	size_t count = sizeof parts / sizeof parts[0];
	size_t len = 0;
	while (len < max) {
		const char *part = parts[draw(3) > 0 ? draw(11) : draw((uint32_t)count)];
		size_t size = strlen(part);
		if (len + size + 1 > max)
			break;
		memcpy(out + len, part, size);
		if (draw(10) == 0)
			size = draw((uint32_t)size + 1); /* cut */
		if (draw(20) == 0 && size > 0)
			out[len + draw((uint32_t)size)] = (char)draw(256);
		len += size;
		if (draw(4) > 0)
			out[len++] = '\n';
	}
	return len;
}

START_TEST(any_damage_costs_its_document_alone)
{
	static char input[4096];
	static char wanted[SHOWN_MAX];
	for (uint32_t round = 0; round < 2000; round++) {
		seed = round;
		struct bytes text = bytes_of(input, compose(input, 40 + draw(1500)));
		/* The display shows texts, so no NUL; those have their own test, and the fuzzer. */
		for (size_t i = 0; i < text.len; i++)
			input[i] = input[i] == '\0' ? 'n' : input[i];
		size_t max = round % 3 == 0 ? 0 : 30 + draw(400);
		for (enum adapter_format format = ADAPTER_JSON; format <= ADAPTER_DICOM; format++) {
			frame(format, max, text, all_at_once, wanted);
			frame(format, max, text, some, shown);
			ck_assert_msg(strcmp(shown, wanted) == 0, "round %u, format %d, max %zu:%s\n\n--- and in pieces:%s", round,
				(int)format, max, wanted, shown);
		}
	}
}
END_TEST

/* As one line a piece: its kind, and where it ends. */
static void frame_ends(size_t max, struct bytes input, size_t (*chunk)(void), char *out)
{
	struct framing framing;
	struct framing_piece piece;
	enum framing_kind last = FRAMING_NOTHING;
	size_t at = 0;
	size_t have = 0;
	char *line = out;
	framing_begin(&framing, ADAPTER_DICOM);
	framing.max = max > 0 ? max : framing.max;
	out[0] = '\0';
	for (;;) {
		bool ended = have == input.len;
		framing_next(&framing, bytes_of(input.data + at, have - at), ended ? FRAMING_ENDED : FRAMING_MORE, &piece);
		if (piece.kind == FRAMING_NOTHING && ended)
			break;
		if (piece.kind == FRAMING_NOTHING) {
			size_t more = chunk();
			have += more < input.len - have ? more : input.len - have;
			continue;
		}
		bool joins = last == FRAMING_PART || (last == FRAMING_BETWEEN && piece.kind == FRAMING_BETWEEN);
		ck_assert(piece.text.len > 0 || piece.kind == FRAMING_LAST);
		at += piece.text.len;
		last = piece.kind;
		line = joins ? line : out + strlen(out);
		sprintf(line, "%d to %zu\n", (int)last, at);
	}
	ck_assert_uint_eq(at, input.len);
}

START_TEST(widths_change_anywhere)
{
	static char input[8192];
	static char text[600];
	static char wanted[SHOWN_MAX];
	for (uint32_t round = 0; round < 1000; round++) {
		size_t len = 0;
		seed = round;
		for (uint32_t part = 0; part < 5; part++) {
			size_t bytes = compose(text, 30 + draw(500));
			text[bytes] = '\0';
			if (draw(3) > 0)
				len += widen(input + len, text, draw(2) > 0, draw(4) == 0 && text[0] != '\0');
			else
				len += (size_t)sprintf(input + len, "%s", text);
		}
		size_t max = round % 3 == 0 ? 0 : 60 + draw(400);
		frame_ends(max, bytes_of(input, len), all_at_once, wanted);
		frame_ends(max, bytes_of(input, len), some, shown);
		ck_assert_msg(
			strcmp(shown, wanted) == 0, "round %u, max %zu:\n%s\n--- and in pieces:\n%s", round, max, wanted, shown);
	}
}
END_TEST

UNIT_MAIN("framing", lines_are_cut_where_they_end, documents_are_cut_where_they_end, a_damaged_document_costs_one,
	the_way_back_is_the_next_message, hostile_types_take_no_longer, a_block_of_nuls_costs_no_message,
	a_long_document_costs_one, xml_documents_are_cut_where_they_end, damaged_xml_costs_one,
	a_closed_document_does_not_wait, utf16_is_cut_as_other_text_is, widths_change_anywhere,
	any_damage_costs_its_document_alone)
