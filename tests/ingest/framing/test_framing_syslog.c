/* Framing of syslog: lengths, lines, and what is neither. SYS-1 to SYS-6 */
#include "ingest/framing/framing.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 400000

static char shown[SHOWN_MAX];

/* "=" a message, "!" one that was cut, "F" a fragment, "L" a long one; what stands between is left out. NULs are shown
 * as '~'. */
static void show(const struct framing_piece *piece, size_t *len, bool joins)
{
	bool part = piece->kind == FRAMING_PART || piece->kind == FRAMING_LAST;
	struct fault fault;
	char mark = part ? 'L' : '=';
	if (!part && piece->cut)
		mark = '!';
	else if (!part && framing_syslog_why(piece, &fault) != E_OK)
		mark = 'F';
	ck_assert_uint_lt(*len + piece->text.len + 4, SHOWN_MAX);
	if (!joins)
		*len += (size_t)sprintf(shown + *len, "%s%c", *len > 0 ? "|" : "", mark);
	for (size_t i = 0; i < piece->text.len; i++)
		shown[(*len)++] = piece->text.data[i] == '\0' ? '~' : (char)piece->text.data[i];
	shown[*len] = '\0';
}

static uint32_t seed;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 8) * below >> 24);
}

/* `step`: bytes of a read; 0: all at once; SIZE_MAX: by chance. Checks that all pieces together are the input. */
static void frame(struct bytes input, size_t max, size_t step)
{
	struct framing framing;
	struct framing_piece piece;
	size_t at = 0;
	size_t have = step == 0 ? input.len : 0;
	size_t len = 0;
	bool joins = false;
	framing_begin(&framing, ADAPTER_SYSLOG);
	framing.max = max > 0 ? max : framing.max;
	shown[0] = '\0';
	for (;;) {
		bool ended = have == input.len;
		framing_next(&framing, bytes_of(input.data + at, have - at), ended ? FRAMING_ENDED : FRAMING_MORE, &piece);
		if (piece.kind == FRAMING_NOTHING && ended)
			break;
		if (piece.kind == FRAMING_NOTHING) {
			ck_assert_uint_le(have - at, framing.max + 32);
			size_t more = step == SIZE_MAX ? 1 + draw(9) : step;
			have += more < input.len - have ? more : input.len - have;
			continue;
		}
		ck_assert_ptr_eq(piece.text.data, input.data + at);
		ck_assert_uint_le(piece.text.len, have - at);
		ck_assert(piece.text.len > 0 || piece.kind == FRAMING_LAST);
		at += piece.text.len;
		if (piece.kind != FRAMING_BETWEEN)
			show(&piece, &len, joins);
		joins = piece.kind == FRAMING_PART;
	}
	ck_assert_uint_eq(at, input.len);
}

static void expect_bytes(struct bytes input, size_t max, const char *wanted)
{
	static const size_t steps[] = {0, 1, 2, 7};
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		frame(input, max, steps[i]);
		ck_assert_msg(strcmp(shown, wanted) == 0, "in reads of %zu:\n%s\nwanted:\n%s", steps[i], shown, wanted);
	}
}

static void expect(const char *input, const char *wanted)
{
	expect_bytes(bytes_text(input), 0, wanted);
}

#define HEAD "<85>1 - - - - - - "
#define X "<A><B c='1'/></A>"
#define ONE HEAD X /* 35 bytes */

/* SYS-1, SYS-2 */
START_TEST(a_length_or_a_priority_begins_a_message)
{
	expect("", "");
	expect("35 " ONE, "=" ONE);
	expect("35 " ONE "35 " ONE, "=" ONE "|=" ONE);
	expect(ONE, "=" ONE);
	expect(ONE "\n" ONE "\r\n" ONE "\n\n", "=" ONE "|=" ONE "|=" ONE);
	expect("36 " ONE "\n35 " ONE ONE "\n35 " ONE, "=" ONE "|=" ONE "|=" ONE "|=" ONE); /* the line end counted */
	expect("37 " ONE "\r\n37 " ONE "\r\n", "=" ONE "|=" ONE);
	expect("35 " ONE "\n35 " ONE "\n" ONE, "=" ONE "|=" ONE "|=" ONE); /* behind the length */
	expect("\xEF\xBB\xBF" ONE "\n", "=" ONE);
	expect_bytes(BYTES_LITERAL(ONE "\0" ONE "\n\0" ONE "\0\n"), 0, "=" ONE "|=" ONE "|=" ONE);
	expect_bytes(BYTES_LITERAL("36 " ONE "\0" ONE), 0, "=" ONE "|=" ONE);
	expect("19 " HEAD "\n35 " ONE, "=<85>1 - - - - - -|=" ONE);
	expect("3 \n\n\n35 " ONE, "=" ONE);                  /* nothing at all */
	expect("9 <0>a\n<1>b\n<2>c\n", "=<0>a\n<1>b|=<2>c"); /* a length says where its message ends, nothing else */
}
END_TEST

/* SYS-3 */
START_TEST(lengths_that_are_none)
{
	expect("035 " ONE "0 000 35 " ONE, "=" ONE "|=" ONE);
	expect("35" ONE "\n" ONE, "F35" ONE "|=" ONE);
	expect("1000000000000 " ONE "\n35 " ONE, "F1000000000000 " ONE "|=" ONE);
	expect("1000000000000 " ONE "35 " ONE, "F1000000000000 " ONE "|=" ONE);
	expect("1234567890123456789012345678901234567890 " ONE "\n" ONE,
		"F1234567890123456789012345678901234567890 " ONE "|=" ONE);
	expect("000000000000000000035 " ONE, "F000000000000000000035 " ONE);
	expect("12\n" ONE, "F12|=" ONE);
	expect("12", "");
	expect("1006 ", ""); /* announced, and nothing of it came */
	expect("35 " ONE "1006 ", "=" ONE);
}
END_TEST

/* SYS-4 */
START_TEST(the_end_of_the_input_cuts)
{
	struct framing framing;
	struct framing_piece piece;
	struct fault fault;
	expect("35 " ONE "40 <85>1 - - -", "=" ONE "|!<85>1 - - -");
	expect("<85>1 - - - - - - <A><B c='1", "!<85>1 - - - - - - <A><B c='1");
	expect("<85>1 - - - - - - {\"a\":", "!<85>1 - - - - - - {\"a\":");
	framing_begin(&framing, ADAPTER_SYSLOG);
	struct bytes input = BYTES_LITERAL("1006 <85>1 - -");
	framing_next(&framing, input, FRAMING_ENDED, &piece);
	ck_assert_int_eq(piece.kind, FRAMING_BETWEEN);
	framing_next(&framing, bytes_after(input, piece.text.len), FRAMING_ENDED, &piece);
	ck_error(framing_syslog_why(&piece, &fault), E_TRUNCATED);
	ck_assert_ptr_nonnull(strstr(fault.text, "after 9 of 1006 bytes"));
}
END_TEST

/* SYS-5 */
START_TEST(a_line_goes_on_while_its_document_is_open)
{
	expect(HEAD "<?xml version='1.0'?>\n<A>\n <B/>\n\n</A>\n" ONE,
		"=" HEAD "<?xml version='1.0'?>\n<A>\n <B/>\n\n</A>|=" ONE);
	expect(HEAD "\n<A>\n</A>\n\n" ONE, "=" HEAD "\n<A>\n</A>|=" ONE);
	expect(HEAD "\n" ONE, "=<85>1 - - - - - -|=" ONE);
	expect(HEAD "\ntext\n" ONE, "=<85>1 - - - - - -|Ftext|=" ONE);
	expect(HEAD "{\n \"a\": \"<85>\\n\"\n}\n" ONE, "=" HEAD "{\n \"a\": \"<85>\\n\"\n}|=" ONE);
	expect(HEAD "text\nmore\n" ONE, "=" HEAD "text|Fmore|=" ONE);
	expect("<13>Nov 29 10:00:00 h a[1]: <A>\n12 monkeys\n</A>\n" ONE,
		"=<13>Nov 29 10:00:00 h a[1]: <A>\n12 monkeys\n</A>|=" ONE);
	/* Damage costs one. */
	expect(HEAD "<A>\n<B c='\n" ONE "\n" ONE, "!" HEAD "<A>\n<B c='|=" ONE "|=" ONE);
	expect(HEAD "<A><!-- \n35 " ONE, "!" HEAD "<A><!--|=" ONE);
	expect(HEAD "<A><![CDATA[ \n" ONE, "!" HEAD "<A><![CDATA[|=" ONE);
	expect(HEAD "{\"a\n" ONE, "=" HEAD "{\"a|=" ONE); /* no JSON any more: its reader refuses it */
	expect(HEAD "{\"a\":\n" ONE, "!" HEAD "{\"a\":|=" ONE);
	expect_bytes(BYTES_LITERAL(HEAD "<A>\0<B/>\0</A>\0" ONE), 0, "=" HEAD "<A>~<B/>~</A>|=" ONE);
	expect_bytes(BYTES_LITERAL(HEAD "<A>\0" ONE), 0, "!" HEAD "<A>|=" ONE);
	/* In words that rsyslog has escaped nothing ends. */
	expect(HEAD "#012<A>#012</A>\n" ONE, "=" HEAD "#012<A>#012</A>|=" ONE);
}
END_TEST

/* SYS-6 */
START_TEST(what_begins_with_neither_is_a_fragment)
{
	expect("ent'/></A>\n" ONE, "Fent'/></A>|=" ONE);
	expect("ent'/></A>35 " ONE "35 " ONE, "Fent'/></A>|=" ONE "|=" ONE);
	expect("a\nb\n\n35 " ONE, "Fa\nb|=" ONE);
	expect(X "\n" ONE, "F" X "|=" ONE);
	expect("<>x\n<1234>x\n<a>x\n<\n" ONE, "F<>x\n<1234>x\n<a>x\n<|=" ONE);
	expect("34 " ONE "35 " ONE, "=" HEAD "<A><B c='1'/></A|F>|=" ONE); /* letters were counted, not bytes */
	/* In the words of a message no frame is looked for. */
	expect("a 35 " ONE, "Fa 35 " ONE);
	expect("a> 35 <85>x", "Fa> 35 <85>x");
	expect("{\"a\":1}\n" ONE, "F{\"a\":1}|=" ONE);
	expect("{\"input\":\"a\nb\"}\n" ONE "\n{\"input\":1}\n", "={\"input\":\"a|Fb\"}|=" ONE "|={\"input\":1}");
}
END_TEST

/* SYS-7 */
START_TEST(what_is_too_long_is_passed_over)
{
	expect_bytes(bytes_text("35 " ONE "36 " ONE " 35 " ONE), 35, "=" ONE "|L" ONE " |=" ONE);
	expect_bytes(bytes_text(ONE "\n" ONE "2\n" ONE "\n"), 35, "=" ONE "|L" ONE "2|=" ONE);
	expect_bytes(bytes_text(HEAD "<A>\n0123456789012345678901234567890123456789\n</A>\n" ONE), 35,
		"L" HEAD "<A>\n0123456789012345678901234567890123456789\n</A>|=" ONE);
	expect_bytes(bytes_text("a 123456789012345678901234567890123456789\n" ONE), 35,
		"La 123456789012345678901234567890123456789|=" ONE);
	expect_bytes(bytes_text("99999999 " ONE), 35, "L" ONE);
	static char ends[] = HEAD "<A>"
							  "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
							  "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
							  "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n</A>";
	char wanted[sizeof ends + 1] = "L";
	expect_bytes(bytes_text(ends), 20, strcat(wanted, ends)); /* whose number is not waited for */
}
END_TEST

/* A number of things that senders and relays write, in any order and cut anywhere. */
static size_t compose(char *out, size_t room)
{
	static const struct bytes parts[] = {BYTES_LITERAL(ONE "\n"), BYTES_LITERAL("35 " ONE),
		BYTES_LITERAL("36 " ONE "\n"), BYTES_LITERAL("34 " ONE), BYTES_LITERAL(HEAD "<A>\n<B/>\n</A>\n"),
		BYTES_LITERAL(HEAD "{\"a\":\n[1]}\r\n"), BYTES_LITERAL(HEAD "#012<A>\0\n"), BYTES_LITERAL(HEAD "\n"),
		BYTES_LITERAL("text\n"), BYTES_LITERAL("\0"), BYTES_LITERAL("1000000000000 "), BYTES_LITERAL("0"),
		BYTES_LITERAL("\xEF\xBB\xBF"), BYTES_LITERAL("<13>"), BYTES_LITERAL("{\"input\"\n"), BYTES_LITERAL("<A><!--"),
		BYTES_LITERAL("[x y=\"<A>\\\"]\"]"), BYTES_LITERAL(" ")};
	size_t len = 0;
	while (len < room - 64) {
		struct bytes part = parts[draw(sizeof parts / sizeof parts[0])];
		size_t size = draw(8) == 0 ? draw((uint32_t)part.len + 1) : part.len;
		memcpy(out + len, part.data, size);
		len += size;
	}
	return len;
}

START_TEST(reads_move_nothing)
{
	static char wanted[SHOWN_MAX];
	static char input[2048];
	for (uint32_t round = 0; round < 2000; round++) {
		seed = round;
		struct bytes text = bytes_of(input, compose(input, 100 + draw(1500)));
		size_t max = round % 2 == 0 ? 0 : 20 + draw(100);
		frame(text, max, 0);
		strcpy(wanted, shown);
		frame(text, max, SIZE_MAX);
		ck_assert_msg(strcmp(shown, wanted) == 0, "round %u: %s\n\n--- and in pieces: %s", round, wanted, shown);
	}
}
END_TEST

UNIT_MAIN("framing_syslog", a_length_or_a_priority_begins_a_message, lengths_that_are_none, the_end_of_the_input_cuts,
	a_line_goes_on_while_its_document_is_open, what_begins_with_neither_is_a_fragment, what_is_too_long_is_passed_over,
	reads_move_nothing)
