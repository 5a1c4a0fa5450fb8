/* What a ParticipantObjectIdentification of a DICOM audit message is: somebody whose data it is about, or something.
 * PS3.15 A.5, RFC 3881 section 5.5, spec/adapters.md */
#pragma once

#include "ledger/base/bytes.h"

struct dicom_object {
	/* Attributes, empty when absent. */
	struct bytes id;
	struct bytes type; /* ParticipantObjectTypeCode */
	struct bytes role; /* ParticipantObjectTypeCodeRole */
	/* Of its ParticipantObjectIDTypeCode. */
	struct bytes id_code;
	struct bytes id_system;
	struct bytes id_words;
	struct bytes name; /* ParticipantObjectName */
};

enum dicom_object_kind {
	DICOM_SUBJECT, /* a person whose data it is */
	DICOM_THING,   /* positively no person, or a user's name */
	DICOM_OTHER,   /* a person at work, or somebody's resource: no subject, and no sign that there is none */
	DICOM_UNCLEAR, /* could be a person, and says nothing that we understand */
};

enum dicom_object_kind dicom_object_kind(const struct dicom_object *object);
