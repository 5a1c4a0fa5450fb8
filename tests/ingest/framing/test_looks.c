#include "ingest/framing/looks.h"
#include "tests/lib/unit.h"

#include <string.h>

#define OURS "{\"subject\":\"cpr:0101701234\",\"time\":\"x\"}"
#define FHIR "{\"resourceType\":\"AuditEvent\"}"
#define DICOM "<AuditMessage></AuditMessage>"
#define WIDE "\0<\0A\0u\0d\0i\0t\0M\0e\0s\0s\0a\0g\0e"
#define ROW "{\"input\":\"-\",\"message\":\"<AuditMessage/>\"}"

static const struct {
	enum adapter_format format;
	struct bytes text;
	const char *says; /* NULL: nothing */
} cases[] = {
	{ADAPTER_JSON, BYTES_LITERAL(""), NULL},
	{ADAPTER_JSON, BYTES_LITERAL(OURS "\n"), NULL},
	{ADAPTER_JSON, BYTES_LITERAL("\xEF\xBB\xBF" OURS), NULL},
	{ADAPTER_JSON, BYTES_LITERAL("<a>\n" FHIR "\n" OURS "\n"), NULL}, /* two damaged lines are not the whole */
	{ADAPTER_JSON, BYTES_LITERAL(ROW "\n"), NULL},
	{ADAPTER_JSON, BYTES_LITERAL("{\"subject\":\n"), NULL},
	{ADAPTER_JSON, BYTES_LITERAL("junk\n"), NULL},
	{ADAPTER_JSON, BYTES_LITERAL("\x1F\x8B\x08"), "gunzip"},
	{ADAPTER_DICOM, BYTES_LITERAL("PK\x03\x04"), "zip"},
	{ADAPTER_JSON,
		BYTES_LITERAL("\x7F"
					  "ELF\0\0\1\n\0x\n"),
		"binary"},
	{ADAPTER_JSON, BYTES_LITERAL("\0\1\n" OURS "\n"), NULL},
	{ADAPTER_FHIR, BYTES_LITERAL("\xFF\xFE{\0"), "UTF-16"},
	{ADAPTER_JSON, BYTES_LITERAL("{\0\"\0"), "UTF-16"},
	{ADAPTER_DICOM, BYTES_LITERAL("\0<\0?"), "UTF-16"},
	{ADAPTER_DICOM, BYTES_LITERAL("\xFE\xFF" WIDE), NULL},
	{ADAPTER_DICOM, BYTES_LITERAL("<" WIDE "\0"), NULL},
	{ADAPTER_FHIR, BYTES_LITERAL("\xFE\xFF" WIDE), "--format dicom"},
	{ADAPTER_DICOM, BYTES_LITERAL("\0c\0t\0>" WIDE "\0"), NULL}, /* from within a character on */
	{ADAPTER_FHIR, BYTES_LITERAL("\0c\0t\0>" WIDE "\0"), "--format dicom"},
	{ADAPTER_JSON, BYTES_LITERAL(OURS "\n<" WIDE "\0>\0"), NULL},
	{ADAPTER_DICOM, BYTES_LITERAL("\xFF\xFE\0\0<\0\0\0"), "iconv -f utf-32 "},
	{ADAPTER_JSON, BYTES_LITERAL("{\0\0\0\"\0\0\0"), "iconv -f utf-32le "},
	{ADAPTER_JSON, BYTES_LITERAL("\0\0\0{\0\0\0\""), "iconv -f utf-32be "},
	{ADAPTER_JSON, BYTES_LITERAL(FHIR "\n" FHIR "\n"), "--format fhir"},
	{ADAPTER_JSON, BYTES_LITERAL("{\"resourceSpans\":[]}\n{\"resourceSpans\":[]}\n"), "--format otlp"},
	{ADAPTER_CADF, BYTES_LITERAL("{\"resourceLogs\":[]}\n"), "--format otlp"},
	{ADAPTER_OTLP, BYTES_LITERAL("{\"resourceLogs\":[]}\n"), NULL},
	{ADAPTER_OTLP, BYTES_LITERAL(OURS "\n"), "--format json"},
	{ADAPTER_OTLP, BYTES_LITERAL(FHIR "\n"), "--format fhir"},
	{ADAPTER_JSON, BYTES_LITERAL("{\"typeURI\":\"http://schemas.dmtf.org/cloud/audit/1.0/event\"}\n"), "--format cadf"},
	{ADAPTER_JSON,
		BYTES_LITERAL("2026-11-20 INFO [-] {\"typeURI\":\"http://schemas.dmtf.org/cloud/audit/1.0/event\"}\n"),
		"--format cadf"},
	{ADAPTER_CADF,
		BYTES_LITERAL("2026-11-20 INFO [-] {\"typeURI\":\"http://schemas.dmtf.org/cloud/audit/1.0/event\"}\n"), NULL},
	{ADAPTER_CADF, BYTES_LITERAL(OURS "\n"), "--format json"},
	{ADAPTER_JSON, BYTES_LITERAL("[" FHIR "]"), "--format fhir"},
	{ADAPTER_JSON,
		BYTES_LITERAL("{\"resourceType\": \"AuditEvent\",\n\"entity\": [\n{\"type\": {\"code\": \"1\"}}\n]}\n"),
		"--format fhir"},
	{ADAPTER_JSON, BYTES_LITERAL("[" OURS ",\n" OURS "]\n"), "jq -c .[]"},
	{ADAPTER_JSON, BYTES_LITERAL("{\n  \"subject\": 1,\n  \"actor\": {\n  }\n}\n"), "jq -c ."},
	{ADAPTER_JSON, BYTES_LITERAL("<?xml version=\"1.0\"?>" DICOM), "--format dicom"},
	{ADAPTER_JSON, BYTES_LITERAL("<AuditEvent xmlns=\"http://hl7.org/fhir\">"), "FHIR in XML"},
	{ADAPTER_JSON, BYTES_LITERAL("time,who,what\n1,2,3\n"), "CSV"},
	{ADAPTER_FHIR, BYTES_LITERAL("time;who;what\n1;2;3\n"), "CSV"},
	{ADAPTER_FHIR, BYTES_LITERAL("{\n  \"resourceType\": \"AuditEvent\"\n}"), NULL},
	{ADAPTER_FHIR, BYTES_LITERAL("<AuditEvent xmlns=\"http://hl7.org/fhir\">"), "FHIR in XML"},
	{ADAPTER_FHIR, BYTES_LITERAL(OURS "\n"), "--format json"},
	{ADAPTER_FHIR, BYTES_LITERAL(DICOM "\n"), "--format dicom"},
	{ADAPTER_FHIR, BYTES_LITERAL(ROW "\n"), NULL},
	{ADAPTER_DICOM, BYTES_LITERAL("<List>\n" DICOM "</List>"), NULL},
	{ADAPTER_DICOM, BYTES_LITERAL(FHIR "\n"), "--format fhir"},
	{ADAPTER_SYSLOG, BYTES_LITERAL("<85>1 - - - - - - " DICOM "\n"), NULL},
	{ADAPTER_SYSLOG, BYTES_LITERAL("123 <85>1 - - - - - - " DICOM), NULL},
	{ADAPTER_SYSLOG, BYTES_LITERAL("junk\n<13>Nov 29 10:00:00 host a: b\n"), NULL},
	{ADAPTER_SYSLOG, BYTES_LITERAL(ROW "\n"), NULL},
	{ADAPTER_SYSLOG, BYTES_LITERAL("junk\n"), NULL},
	{ADAPTER_SYSLOG, BYTES_LITERAL(DICOM "\n"), "--format dicom"},
	{ADAPTER_SYSLOG, BYTES_LITERAL(FHIR "\n"), "--format fhir"},
	{ADAPTER_SYSLOG, BYTES_LITERAL(OURS "\n"), "--format json"},
	{ADAPTER_SYSLOG, BYTES_LITERAL("\x1F\x8B\x08"), "gunzip"},
	{ADAPTER_JSON, BYTES_LITERAL("<85>1 - - - - - - " OURS "\n"), "--format syslog"},
	{ADAPTER_FHIR, BYTES_LITERAL("12 <85>1 - - - - - - " FHIR "\n"), "--format syslog"},
	{ADAPTER_DICOM, BYTES_LITERAL("<85>1 - - - - - - " DICOM "\n"), "--format syslog"},
	{ADAPTER_DICOM, BYTES_LITERAL(DICOM "\n<85>1 - - - - - - " DICOM "\n"), NULL},
	{ADAPTER_DICOM, BYTES_LITERAL("<foo/>"), NULL},
	{ADAPTER_DICOM, BYTES_LITERAL("<Bundle xmlns=\"http://hl7.org/fhir\">"), "FHIR in XML"},
};

START_TEST(beginnings_tell_what_it_looks_like)
{
	enum adapter_format as;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *says = looks_like(cases[i].format, cases[i].text, false, &as);
		if (cases[i].says == NULL)
			ck_assert_msg(says == NULL, "%zu: %s", i, says);
		else
			ck_assert_msg(says != NULL && strstr(says, cases[i].says) != NULL, "%zu: %s", i, says ? says : "nothing");
	}
	/* Of what goes on, one line may be a damaged one. */
	ck_assert_ptr_null(looks_like(ADAPTER_JSON, BYTES_LITERAL(FHIR "\n"), true, &as));
	ck_assert_ptr_nonnull(looks_like(ADAPTER_JSON, BYTES_LITERAL(FHIR "\n" FHIR "\n"), true, &as));
	ck_assert_int_eq(as, ADAPTER_FHIR);
	ck_assert_ptr_nonnull(looks_like(ADAPTER_JSON, BYTES_LITERAL("\x1F\x8B\x08"), true, &as));
}
END_TEST

UNIT_MAIN("looks", beginnings_tell_what_it_looks_like)
