/* The fields of an event, listed once: encoder, decoder, JSON, policies and the table in spec/event.md follow from
 * this list. Numbers are part of the format and never change; new fields are added at the end, up to 63. */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/limits.h"

enum event_type {
	EVENT_TYPE_TEXT,
	EVENT_TYPE_TIME, /* nanoseconds since 1970, not negative */
	EVENT_TYPE_ENUM, /* index into a closed list of words */
	EVENT_TYPE_BOOL,
	EVENT_TYPE_COUNT, /* 0 to 2^53 - 1, what JSON carries exactly */
	EVENT_TYPE_LIST,  /* 1 to EVENT_LIST_MAX texts */
};

/* What our fields and words are named below where FHIR names things (spec/fhir.md). */
#define EVENT_FHIR_ADDRESS "https://indsigt.example/fhir/"

#define FIELD_REQUIRED 0x01
#define FIELD_FIXED 0x02      /* always disclosed: a policy may not close it */
#define FIELD_RESTRICTED 0x04 /* restricted unless a policy opens it */
#define FIELD_PERSONAL 0x08   /* its value is never echoed in an error */

/* clang-format off */
#define EVENT_FIELD_LIST(X) \
	/* number  name                 JSON path              type         flags                                            bytes  words */ \
	X( 1, SUBJECT,             "subject",             EVENT_TYPE_TEXT,  FIELD_FIXED | FIELD_PERSONAL,                    SUBJECT_BYTES_MAX, NULL) \
	X( 2, SUBJECTS,            "subjects",            EVENT_TYPE_COUNT, FIELD_FIXED,                                     0, NULL) \
	X( 3, TIME,                "time",                EVENT_TYPE_TIME,  FIELD_REQUIRED | FIELD_FIXED,                    0, NULL) \
	X( 4, END_TIME,            "end_time",            EVENT_TYPE_TIME,  0,                                               0, NULL) \
	X( 5, ACTION,              "action",              EVENT_TYPE_ENUM,  FIELD_REQUIRED | FIELD_FIXED,                    0, "create\0read\0update\0delete\0execute\0search\0export\0print\0disclose\0") \
	X( 6, OUTCOME,             "outcome",             EVENT_TYPE_ENUM,  FIELD_REQUIRED,                                  0, "ok\0denied\0failed\0") \
	X( 7, ORG_ID,              "org.id",              EVENT_TYPE_TEXT,  FIELD_REQUIRED | FIELD_FIXED,                    ORG_BYTES_MAX, NULL) \
	X( 8, ORG_NAME,            "org.name",            EVENT_TYPE_TEXT,  FIELD_REQUIRED | FIELD_FIXED,                    NAME_BYTES_MAX, NULL) \
	X( 9, SYSTEM,              "system",              EVENT_TYPE_TEXT,  FIELD_REQUIRED,                                  EVENT_TEXT_BYTES_MAX, NULL) \
	X(10, ACTIVITY,            "activity",            EVENT_TYPE_TEXT,  FIELD_REQUIRED | FIELD_PERSONAL,                 EVENT_TEXT_BYTES_MAX, NULL) \
	X(11, PURPOSE,             "purpose",             EVENT_TYPE_TEXT,  FIELD_REQUIRED,                                  EVENT_TEXT_BYTES_MAX, NULL) \
	X(12, ACTOR_KIND,          "actor.kind",          EVENT_TYPE_ENUM,  FIELD_REQUIRED | FIELD_FIXED,                    0, "human\0system\0ai\0") \
	X(13, ACTOR_ID,            "actor.id",            EVENT_TYPE_TEXT,  FIELD_RESTRICTED | FIELD_PERSONAL,               EVENT_TEXT_BYTES_MAX, NULL) \
	X(14, ACTOR_NAME,          "actor.name",          EVENT_TYPE_TEXT,  FIELD_RESTRICTED | FIELD_PERSONAL,               EVENT_TEXT_BYTES_MAX, NULL) \
	X(15, ACTOR_ROLE,          "actor.role",          EVENT_TYPE_TEXT,  FIELD_REQUIRED,                                  EVENT_TEXT_BYTES_MAX, NULL) \
	X(16, CUSTODIAN,           "custodian",           EVENT_TYPE_TEXT,  0,                                               EVENT_TEXT_BYTES_MAX, NULL) \
	X(17, RECIPIENT,           "recipient",           EVENT_TYPE_TEXT,  FIELD_PERSONAL,                                  EVENT_TEXT_BYTES_MAX, NULL) \
	X(18, REASON,              "reason",              EVENT_TYPE_TEXT,  FIELD_PERSONAL,                                  EVENT_TEXT_BYTES_MAX, NULL) \
	X(19, LEGAL_BASIS,         "legal_basis",         EVENT_TYPE_TEXT,  0,                                               EVENT_TEXT_BYTES_MAX, NULL) \
	X(20, PROCESSING_ACTIVITY, "processing_activity", EVENT_TYPE_TEXT,  0,                                               EVENT_TEXT_BYTES_MAX, NULL) \
	X(21, ON_BEHALF_OF_ID,     "on_behalf_of.id",     EVENT_TYPE_TEXT,  FIELD_RESTRICTED | FIELD_PERSONAL,               EVENT_TEXT_BYTES_MAX, NULL) \
	X(22, ON_BEHALF_OF_NAME,   "on_behalf_of.name",   EVENT_TYPE_TEXT,  FIELD_PERSONAL,                                  EVENT_TEXT_BYTES_MAX, NULL) \
	X(23, ON_BEHALF_OF_ROLE,   "on_behalf_of.role",   EVENT_TYPE_TEXT,  0,                                               EVENT_TEXT_BYTES_MAX, NULL) \
	X(24, AI_SYSTEM,           "ai.system",           EVENT_TYPE_TEXT,  0,                                               EVENT_TEXT_BYTES_MAX, NULL) \
	X(25, AI_VERSION,          "ai.version",          EVENT_TYPE_TEXT,  0,                                               EVENT_TEXT_BYTES_MAX, NULL) \
	X(26, AI_SOURCES,          "ai.sources",          EVENT_TYPE_LIST,  0,                                               EVENT_TEXT_BYTES_MAX, NULL) \
	X(27, AI_REVIEWED_BY,      "ai.reviewed_by",      EVENT_TYPE_TEXT,  FIELD_PERSONAL,                                  EVENT_TEXT_BYTES_MAX, NULL) \
	X(28, CONSENT,             "consent",             EVENT_TYPE_TEXT,  FIELD_PERSONAL,                                  EVENT_TEXT_BYTES_MAX, NULL) \
	X(29, CATEGORIES,          "categories",          EVENT_TYPE_LIST,  0,                                               EVENT_TEXT_BYTES_MAX, NULL) \
	X(30, OBJECTS,             "objects",             EVENT_TYPE_LIST,  FIELD_RESTRICTED | FIELD_PERSONAL,               EVENT_TEXT_BYTES_MAX, NULL) \
	X(31, EMERGENCY,           "emergency",           EVENT_TYPE_BOOL,  0,                                               0, NULL) \
	X(32, SESSION,             "session",             EVENT_TYPE_TEXT,  FIELD_PERSONAL,                                  EVENT_TEXT_BYTES_MAX, NULL) \
	X(33, TRACE,               "trace",               EVENT_TYPE_TEXT,  FIELD_PERSONAL,                                  EVENT_TEXT_BYTES_MAX, NULL) \
	X(34, ACCESS_POINT,        "access_point",        EVENT_TYPE_TEXT,  FIELD_RESTRICTED | FIELD_PERSONAL,               EVENT_TEXT_BYTES_MAX, NULL) \
	X(35, SOURCE_FORMAT,       "source.format",       EVENT_TYPE_TEXT,  0,                                               EVENT_TEXT_BYTES_MAX, NULL) \
	X(36, SOURCE_SHA256,       "source.sha256",       EVENT_TYPE_TEXT,  0,                                               64, NULL) \
	X(37, ID,                  "id",                  EVENT_TYPE_TEXT,  FIELD_RESTRICTED | FIELD_PERSONAL,               EVENT_TEXT_BYTES_MAX, NULL) \
	X(38, GRANT_ID,            "grant.id",            EVENT_TYPE_TEXT,  FIELD_FIXED | FIELD_PERSONAL,                    GRANT_ID_BYTES_MAX, NULL) \
	X(39, GRANT_KIND,          "grant.kind",          EVENT_TYPE_ENUM,  FIELD_FIXED,                                     0, "parental\0attorney\0") \
	X(40, GRANT_TO,            "grant.to",            EVENT_TYPE_TEXT,  FIELD_FIXED | FIELD_PERSONAL,                    SUBJECT_BYTES_MAX, NULL) \
	X(41, GRANT_UNTIL,         "grant.until",         EVENT_TYPE_TIME,  FIELD_FIXED,                                     0, NULL) \
	X(42, GRANT_REVOKED,       "grant.revoked",       EVENT_TYPE_BOOL,  FIELD_FIXED,                                     0, NULL) \
	X(43, GRANT_FROM,          "grant.from",          EVENT_TYPE_TEXT,  FIELD_FIXED | FIELD_PERSONAL,                    SUBJECT_BYTES_MAX, NULL) \
	X(44, GRANT_NAME,          "grant.name",          EVENT_TYPE_TEXT,  FIELD_FIXED | FIELD_PERSONAL,                    NAME_BYTES_MAX, NULL) \
	X(45, REPORT_ID,           "report.id",           EVENT_TYPE_TEXT,  FIELD_FIXED | FIELD_PERSONAL,                    GRANT_ID_BYTES_MAX, NULL) \
	X(46, REPORT_INDEX,        "report.index",        EVENT_TYPE_COUNT, FIELD_FIXED,                                     0, NULL) \
	X(47, REPORT_ORG,          "report.org",          EVENT_TYPE_TEXT,  FIELD_FIXED,                                     ORG_BYTES_MAX, NULL) \
	X(48, REPORT_TEXT,         "report.text",         EVENT_TYPE_TEXT,  FIELD_FIXED | FIELD_PERSONAL,                    EVENT_TEXT_BYTES_MAX, NULL) \
	X(49, REPORT_BY,           "report.by",           EVENT_TYPE_TEXT,  FIELD_FIXED | FIELD_PERSONAL,                    SUBJECT_BYTES_MAX, NULL) \
	X(50, ANSWER_REPORT,       "answer.report",       EVENT_TYPE_TEXT,  FIELD_FIXED | FIELD_PERSONAL,                    GRANT_ID_BYTES_MAX, NULL) \
	X(51, ANSWER_TEXT,         "answer.text",         EVENT_TYPE_TEXT,  FIELD_FIXED | FIELD_PERSONAL,                    EVENT_TEXT_BYTES_MAX, NULL) \
	X(52, CONSENT_ID,          "consent_record.id",        EVENT_TYPE_TEXT,  FIELD_FIXED | FIELD_PERSONAL,              EVENT_TEXT_BYTES_MAX, NULL) \
	X(53, CONSENT_TO,          "consent_record.to",        EVENT_TYPE_LIST,  FIELD_FIXED | FIELD_PERSONAL,              EVENT_TEXT_BYTES_MAX, NULL) \
	X(54, CONSENT_PURPOSES,    "consent_record.purposes",  EVENT_TYPE_LIST,  FIELD_FIXED,                               EVENT_TEXT_BYTES_MAX, NULL) \
	X(55, CONSENT_CATEGORIES,  "consent_record.categories", EVENT_TYPE_LIST, FIELD_FIXED,                               EVENT_TEXT_BYTES_MAX, NULL) \
	X(56, CONSENT_UNTIL,       "consent_record.until",     EVENT_TYPE_TIME,  FIELD_FIXED,                               0, NULL) \
	X(57, CONSENT_WITHDRAWN,   "consent_record.withdrawn", EVENT_TYPE_BOOL,  FIELD_FIXED,                               0, NULL)
/* clang-format on */

enum event_field_number {
#define X(number, name, path, type, flags, bytes, words) EVENT_##name = number,
	EVENT_FIELD_LIST(X)
#undef X
};

#define EVENT_FIELD_LAST EVENT_CONSENT_WITHDRAWN

/* Codes of the closed lists, in the order of their words. */
enum {
	ACTION_CREATE,
	ACTION_READ,
	ACTION_UPDATE,
	ACTION_DELETE,
	ACTION_EXECUTE,
	ACTION_SEARCH,
	ACTION_EXPORT,
	ACTION_PRINT,
	ACTION_DISCLOSE
};
enum { OUTCOME_OK, OUTCOME_DENIED, OUTCOME_FAILED };
enum { ACTOR_HUMAN, ACTOR_SYSTEM, ACTOR_AI };
enum { GRANT_PARENTAL, GRANT_ATTORNEY };

/* What stands in a required text of which nothing is known. */
#define EVENT_TEXT_UNSPECIFIED BYTES_LITERAL("unspecified")

struct event_field {
	uint8_t number; /* 0: no such field */
	const char *path;
	enum event_type type;
	unsigned flags;
	size_t bytes_max;
	const char *words; /* of an enumeration, each with an end mark, then an empty one */
};

/* NULL for an unknown number or path. */
const struct event_field *event_field(uint64_t number);
const struct event_field *event_field_by_path(struct bytes path);
/* The word of a code, or NULL; the code of a word, or -1; all words, with commas, for an error text. */
const char *event_field_word(const struct event_field *field, uint64_t code);
int event_field_code(const struct event_field *field, struct bytes word);
void event_field_words(const struct event_field *field, char *out, size_t capacity);
/* Bits of the fields with all of `flags`. */
uint64_t event_fields_with(unsigned flags);
