/* Which attribute becomes which field of the event: the table of spec/otlp.md, and the fields that are nothing but an
 * attribute's words. */
#pragma once

#include "ingest/otlp/otlp_value.h"

#define OTLP_ACTIVITY_ID "dpl.core.processing_activity_id"
#define OTLP_SUBJECT "dpl.core.data_subject_id"
#define OTLP_SUBJECT_TYPE "dpl.core.data_subject_id_type"
#define OTLP_HTTP_STATUS "http.response.status_code"
#define OTLP_HTTP_STATUS_OLDER "http.status_code"
#define OTLP_USERS "dpl.nen7513.users"
#define OTLP_EVENT_TYPE "dpl.nen7513.eventTypeCode"

struct otlp_field {
	const char *attribute;
	uint8_t field; /* EVENT_...; of several for one field the first that says something */
	bool resource; /* stands with the resource, not with the record */
};

/* All rows, in their order. */
extern const struct otlp_field otlp_fields[];
extern const size_t otlp_field_count;

/* Fills in what the table says, but for those fields that are read in another way: subject, outcome, and who acted
 * where the health standard's users are named. `user` gets who acted. Texts are the message's own. E_BAD_VALUE names
 * the attribute. */
enum error otlp_read_fields(const struct otlp_record *record, struct audit_message *message, struct participant *user,
	struct fault *fault) MUST_USE;
