#include "tests/lib/unit.h"
#include "tools/send/messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *file;
static struct messages messages;

static void begin(enum adapter_format format, const char *text)
{
	file = tmpfile();
	fputs(text, file);
	fflush(file);
	rewind(file);
	ck_ok(messages_open(fileno(file), format, &messages));
}

static void end(void)
{
	messages_close(&messages);
	fclose(file);
}

static struct message message;

static enum error next(void)
{
	enum error error = messages_next(&messages, &message);
	while (error == E_NOT_FOUND) {
		ck_ok(messages_fill(&messages));
		error = messages_next(&messages, &message);
	}
	return error;
}

static void expect(const char *text)
{
	ck_ok(next());
	ck_assert_int_eq(message.kind, MESSAGE_WHOLE);
	ck_ok(message.error);
	ck_assert_msg(
		bytes_equal(message.text, bytes_text(text)), "%.*s", (int)message.text.len, (const char *)message.text.data);
}

static void expect_refused(const char *text, const char *why)
{
	ck_ok(next());
	ck_error(message.error, E_BAD_VALUE);
	ck_assert_str_eq(message.fault.text, why);
	ck_assert_msg(
		bytes_equal(message.text, bytes_text(text)), "%.*s", (int)message.text.len, (const char *)message.text.data);
}

static void expect_end(void)
{
	ck_error(next(), E_CLOSED);
	end();
}

START_TEST(lines_come_one_by_one)
{
	begin(ADAPTER_JSON, "\xef\xbb\xbf"
						"one\n\n  \t\r\ntwo \r\nlast");
	expect("one");
	expect("two");
	expect("last");
	expect_end();
	begin(ADAPTER_JSON, "");
	expect_end();
}
END_TEST

/* A document that is cut by every buffer's end comes whole. */
START_TEST(cut_documents_come_whole)
{
	static char text[400000];
	size_t len = 0;
	for (int i = 0; i < 300; i++)
		len += (size_t)sprintf(text + len, "{\"n\":%d,\n\"x\":\"%.*s\"}%s", i, 1000, "}{}{}{}{", i % 2 ? "\n" : "");
	begin(ADAPTER_FHIR, text);
	for (int i = 0; i < 300; i++) {
		char wanted[64];
		sprintf(wanted, "{\"n\":%d,\n\"x\":\"}{}{}{}{\"}", i);
		expect(wanted);
	}
	expect_end();
}
END_TEST

/* What is too long for memory comes in parts that are all of it, and the rest goes on. */
START_TEST(what_is_too_long_comes_in_parts)
{
	size_t len = 3 << 20;
	char *text = malloc(len + 20);
	memset(text, 'x', len);
	memcpy(text, "short\n", 6);
	strcpy(text + len, "\n1234");
	begin(ADAPTER_JSON, text);
	expect("short");
	size_t found = 0;
	do {
		ck_ok(next());
		ck_assert_int_ne(message.kind, MESSAGE_WHOLE);
		found += message.text.len;
	} while (message.kind == MESSAGE_PART);
	ck_assert_uint_eq(found, len - 6);
	expect("1234");
	expect_end();
	free(text);
}
END_TEST

/* A document may be as long as a Bundle of many events. */
START_TEST(a_long_document_comes_whole)
{
	size_t len = 9 << 20;
	char *text = malloc(len + 20);
	memset(text, ' ', len);
	text[0] = '{';
	strcpy(text + len, "}\n{}");
	begin(ADAPTER_FHIR, text);
	ck_ok(next());
	ck_assert_int_eq(message.kind, MESSAGE_WHOLE);
	ck_assert_uint_eq(message.text.len, len + 1);
	expect("{}");
	expect_end();
	free(text);
}
END_TEST

#define EVENT "{ \"resourceType\":\"AuditEvent\", \"x\":[1 ]}"
#define ENTRY(resource) "{\"fullUrl\":\"urn:x\",\"resource\": " resource ",\"request\":{\"method\":\"POST\"}}"

/* ADP-16 */
START_TEST(bundles_give_their_entries)
{
	begin(ADAPTER_FHIR, "{\"entry\":[" ENTRY(EVENT) ",\n" ENTRY(EVENT) "],\"resourceType\":\"Bundle\"}" EVENT);
	expect(EVENT);
	expect(EVENT);
	expect(EVENT);
	expect_end();
	begin(ADAPTER_FHIR, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\"}\n"
						"{\"resourceType\":\"Bundle\",\"entry\":[]}");
	expect_end();
	/* Company is left out only where the Bundle says so; the others' text is all of the entry. */
	begin(ADAPTER_FHIR,
		"[{\"resourceType\":\"Bundle\",\"entry\":[{\"search\":{\"mode\":\"include\"},\"resource\":{\"resourceType\":"
		"\"Patient\"}}," ENTRY("{\"resourceType\":\"Patient\"}") ",{\"request\":{}},{\"resource\":5},"
																 "{\"resource\":" EVENT ",\"resource\":" EVENT
																 "}," ENTRY(EVENT) "]}]");
	expect_refused(ENTRY("{\"resourceType\":\"Patient\"}"),
		"entry 2 of the Bundle: resource: it is no AuditEvent; such a one is "
		"passed over only where search.mode is include or outcome");
	expect_refused("{\"request\":{}}", "entry 3 of the Bundle: resource: it has none");
	expect_refused("{\"resource\":5}", "entry 4 of the Bundle: resource: it is no object");
	expect_refused(
		"{\"resource\":" EVENT ",\"resource\":" EVENT "}", "entry 5 of the Bundle: resource: it stands more than once");
	expect(EVENT);
	expect_end();
	/* What is not built as a Bundle is refused whole. */
	static const char *const odd[] = {"{\"resourceType\":\"Bundle\",\"entry\":{}}",
		"{\"resourceType\":\"Bundle\",\"entry\":[" ENTRY(EVENT) ",null]}",
		"{\"resourceType\":\"Bundle\",\"entry\":[],\"entry\":[]}"};
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		begin(ADAPTER_FHIR, odd[i]);
		expect_refused(odd[i], "entry: must stand once and be an array of objects");
		expect_end();
	}
}
END_TEST

#define DICOM(text) "<AuditMessage>" text "</AuditMessage>"

/* The declaration of a wrapper is none of the message's own. */
START_TEST(a_wrappers_encoding_is_its_own)
{
	begin(ADAPTER_DICOM,
		"<?xml version='1.0' encoding='ISO-8859-1'?>\n<List>" DICOM("a") DICOM("\xe6") "</List>" DICOM("\xe6"));
	expect(DICOM("a"));
	ck_ok(next());
	ck_error(message.error, E_BAD_XML);
	expect(DICOM("\xe6"));
	expect_end();
	begin(ADAPTER_DICOM, "<?xml version='1.0' encoding='UTF-8'?>\n<List>" DICOM("\xc3\xa6") "</List>");
	expect(DICOM("\xc3\xa6"));
	expect_end();
	begin(ADAPTER_DICOM, "<?xml version='1.0' encoding='ISO-8859-1'?>" DICOM("\xe6"));
	expect("<?xml version='1.0' encoding='ISO-8859-1'?>" DICOM("\xe6"));
	expect_end();
}
END_TEST

/* ---- UTF-16 ---- */

/* In the byte order `big`; '@' is a letter that both bytes of the character say, '#' one of a single byte. */
static size_t widen(uint8_t *out, const char *text, bool big)
{
	size_t len = 0;
	for (; *text != '\0'; text++) {
		unsigned c = *text == '@' ? 0x141 : *text == '#' ? 0xE6 : (uint8_t)*text;
		out[len + big] = (uint8_t)c;
		out[len + !big] = (uint8_t)(c >> 8);
		len += 2;
	}
	return len;
}

static size_t put_mark(uint8_t *out, bool big)
{
	out[big] = 0xFF;
	out[!big] = 0xFE;
	return 2;
}

/* What the message says to a reader of XML, who goes by its first character: letters as in widen. */
static void read_wide(struct bytes text, char *out)
{
	bool big = text.len > 1 && text.data[0] == '\0';
	for (size_t at = 0; at + 1 < text.len; at += 2) {
		unsigned c = text.data[at + big] + 256u * text.data[at + !big];
		*out++ = c == 0x141 ? '@' : c == 0xE6 ? '#' : c < 0x80 ? (char)c : '?';
	}
	*out = '\0';
}

static void begin_bytes(struct bytes text)
{
	begin(ADAPTER_DICOM, "");
	fwrite(text.data, 1, text.len, file);
	fflush(file);
	rewind(file);
}

/* One message: read as it is, or refused for its byte order; `mark` is kept with it. */
static void expect_wide(const char *text, bool read, struct bytes mark)
{
	char found[256];
	ck_ok(next());
	read_wide(message.text, found);
	ck_assert_str_eq(found, text);
	ck_assert_int_eq(message.error, read ? E_OK : E_BAD_XML);
	ck_assert(bytes_equal(message.mark, mark));
}

#define LITTLE_MARK BYTES_LITERAL("\xFF\xFE")
#define BIG_MARK BYTES_LITERAL("\xFE\xFF")

/* ADP-23: which byte comes first is never guessed. */
START_TEST(a_byte_order_is_said_or_does_not_matter)
{
	uint8_t input[2048];
	for (unsigned big = 0; big < 2; big++) {
		/* A mark says it for all that follows. */
		size_t len = put_mark(input, big);
		len += widen(input + len, DICOM("@") DICOM("#@"), big);
		begin_bytes(bytes_of(input, len));
		expect_wide(DICOM("@"), true, big ? BIG_MARK : LITTLE_MARK);
		expect_wide(DICOM("#@"), true, big ? BIG_MARK : LITTLE_MARK);
		expect_end();
		/* Else what is the same in both, and what declares it, is read. */
		len = widen(input, DICOM("#") DICOM("@") "<?xml version='1.0' encoding='UTF-16LE'?>" DICOM("@"), big);
		len += widen(input + len, "<?xml version='1.0' encoding='utf-16be'?>" DICOM("@"), big);
		begin_bytes(bytes_of(input, len));
		expect_wide(DICOM("#"), true, BYTES_EMPTY);
		expect_wide(DICOM("@"), false, BYTES_EMPTY);
		expect_wide("<?xml version='1.0' encoding='UTF-16LE'?>" DICOM("@"), big == 0, BYTES_EMPTY);
		expect_wide("<?xml version='1.0' encoding='utf-16be'?>" DICOM("@"), big == 1, BYTES_EMPTY);
		expect_end();
		/* The order changes without a mark, and with one. */
		len = put_mark(input, big);
		len += widen(input + len, DICOM("@") "\n", big);
		len += widen(input + len, DICOM("#") "\n" DICOM("@") "\n", !big);
		len += put_mark(input + len, !big);
		len += widen(input + len, DICOM("@") "\n", !big);
		len += put_mark(input + len, big);
		len += widen(input + len, DICOM("@") "\n", big);
		begin_bytes(bytes_of(input, len));
		expect_wide(DICOM("@"), true, big ? BIG_MARK : LITTLE_MARK);
		expect_wide(DICOM("#"), true, BYTES_EMPTY);
		expect_wide(DICOM("@"), false, BYTES_EMPTY);
		expect_wide(DICOM("@"), true, big ? LITTLE_MARK : BIG_MARK);
		expect_wide(DICOM("@"), true, big ? BIG_MARK : LITTLE_MARK);
		expect_end();
	}
}
END_TEST

#define NAMED(name) "<AuditMessage a='" name "'/>\n"

/* Whatever is read of a feed that lost a byte, or begins within a character, is a message that was in it. */
START_TEST(a_lost_byte_makes_no_other_name)
{
	static const char *const wanted[] = {"<AuditMessage a='@a'/>", "<AuditMessage a='b@'/>", "<AuditMessage a='#@'/>"};
	uint8_t feed[512];
	uint8_t input[512];
	for (unsigned kind = 0; kind < 8; kind++) {
		size_t len = kind & 1 ? put_mark(feed, kind & 2) : 0;
		len += widen(feed + len, NAMED("@a"), kind & 2);
		len += widen(feed + len, NAMED("b@") NAMED("#@"), (kind & 2) ^ (kind & 4));
		for (size_t cut = kind & 4 ? len - 1 : 0; cut < len; cut++) /* not both: that may be the same bytes */
			for (unsigned front = 0; front < 2; front++) {          /* all before is lost, or one byte */
				size_t kept = front ? 0 : cut;
				memcpy(input, feed, kept);
				memcpy(input + kept, feed + cut + 1, len - cut - 1);
				begin_bytes(bytes_of(input, kept + len - cut - 1));
				while (next() == E_OK) {
					char found[256];
					bool same = message.error != E_OK || message.text.len < 2;
					read_wide(message.text, found);
					for (unsigned i = 0; i < 3; i++)
						same |= strcmp(found, wanted[i]) == 0;
					bool whole =
						strncmp(found, "<AuditMessage a='", 17) == 0 && strcmp(found + strlen(found) - 3, "'/>") == 0;
					ck_assert_msg(same || !whole, "kind %u, cut %zu: %s", kind, cut, found);
				}
				end();
			}
	}
}
END_TEST

/* Another reader that begins at `from` gives all that this one gives from here on. */
static void expect_same_from(const char *text, size_t from, enum adapter_format format, size_t left)
{
	struct messages again;
	FILE *rest = tmpfile();
	fputs(text + from, rest);
	fflush(rest);
	rewind(rest);
	ck_ok(messages_open(fileno(rest), format, &again));
	struct message one;
	size_t count = 0;
	for (enum error error; (error = messages_next(&again, &one)) != E_CLOSED;)
		if (error == E_NOT_FOUND)
			ck_ok(messages_fill(&again));
		else
			count++;
	ck_assert_msg(count == left, "from %zu: %zu messages, %zu are left", from, count, left);
	messages_close(&again);
	fclose(rest);
}

/* Whatever had been read when it was looked. Gives how many such places there were. */
static size_t resume_everywhere(const char *text, enum adapter_format format)
{
	size_t all = 0;
	size_t places = 0;
	begin(format, text);
	while (next() == E_OK)
		all++;
	end();
	for (size_t first = 1; first < strlen(text); first++) {
		size_t given = 0;
		struct message one;
		begin(format, text);
		messages.left = first;
		ck_ok(messages_fill(&messages));
		for (enum error error; (error = messages_next(&messages, &one)) == E_OK;)
			given++;
		if (messages_resumable(&messages)) {
			places += messages.given > 0;
			expect_same_from(text, (size_t)messages.given, format, all - given);
		}
		end();
	}
	return places;
}

/* SND-35: where reading may begin afresh, and where not. */
START_TEST(reading_can_begin_afresh)
{
#define FHIR "{\"resourceType\":\"AuditEvent\",\n  \"id\":\"1\"}"
	ck_assert_uint_gt(resume_everywhere("{\"a\":1}\n\n{\"b\":2}\r\nno json\n{\"c\":3}\n", ADAPTER_JSON), 10);
	ck_assert_uint_gt(resume_everywhere(FHIR "\n" FHIR "\n{broken\n" FHIR "\n", ADAPTER_FHIR), 10);
	ck_assert_uint_eq(resume_everywhere("[\n" FHIR ",\n" FHIR "\n]", ADAPTER_FHIR), 0);
	ck_assert_uint_gt(
		resume_everywhere("<AuditMessage>\n</AuditMessage>\n<?xml version=\"1.0\"?>\n<AuditMessage/>\n", ADAPTER_DICOM),
		5);
	ck_assert_uint_eq(resume_everywhere("<log>\n<AuditMessage/>\n<AuditMessage/>\n</log>\n", ADAPTER_DICOM), 0);
	ck_assert_uint_gt(resume_everywhere("<85>1 - - - - - - <A>\n <B/>\n</A>\n<85>x: cut <A>\n<85>1 - text\nno frame\n"
										"17 <85>1 - <A>\n</A>17 <85>1 - <A>\n</A>\n123456789 <85>1 - <A/>\n",
						  ADAPTER_SYSLOG),
		40);
}
END_TEST

UNIT_MAIN("messages", reading_can_begin_afresh, lines_come_one_by_one, cut_documents_come_whole,
	what_is_too_long_comes_in_parts, a_long_document_comes_whole, bundles_give_their_entries,
	a_wrappers_encoding_is_its_own, a_byte_order_is_said_or_does_not_matter, a_lost_byte_makes_no_other_name)
