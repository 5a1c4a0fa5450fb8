/* Type, role and the kind of the id are sent by different programs with different care, so no one of them decides
 * alone.
 *
 *   a patient's sign in role, kind or id ─► subject, whatever else is said
 *   a type or role that is none          ─► unclear
 *   the type is absent, or a person's    ─► by role and kind (the two tables)
 *   any other type                       ─► a thing, unless it is a resource, or the id one that people have: other
 *
 * Unclear refuses the message (dicom.c): it may be a person whom nobody would be told of. Other does not by itself. */
#include "ingest/dicom/dicom_object.h"

#include "ingest/message/identifier.h"
#include "ingest/message/mention.h"
#include "ingest/message/words.h"

#define ABSENT (-1)
#define WRONG (-2)

/* A number as XML Schema writes it: white space around, a plus and leading zeros are allowed. */
static int number_of(struct bytes text)
{
	int value = 0;
	text = words_trim(text);
	if (text.len == 0)
		return ABSENT;
	if (text.data[0] == '+' && text.len > 1)
		text = bytes_of(text.data + 1, text.len - 1);
	for (size_t i = 0; i < text.len; i++) {
		if (!words_digit(text.data[i]) || value > 1000000)
			return WRONG;
		value = value * 10 + (text.data[i] - '0');
	}
	return value;
}

/* ---- what the id is said to be ---- */

enum id_kind {
	ID_UNSAID,
	ID_PATIENT, /* a patient's number: whatever else is said, it is a patient */
	ID_PERSON,  /* a number that people have */
	ID_USER,    /* the name that somebody logs in with */
	ID_THING,
	ID_KINDS
};

static enum id_kind id_kind_of(const struct dicom_object *object)
{
	/* RFC 3881 section 5.5.4: 1 medical record number, 2 patient number, 3 encounter number, 4 enrollee number, 5
	 * social security number, 6 account number, 7 guarantor number, 8 report name, 9 report number, 10 search criteria,
	 * 11 user identifier, 12 URI */
	static const enum id_kind rfc3881[] = {ID_UNSAID, ID_PERSON, ID_PATIENT, ID_THING, ID_PERSON, ID_PERSON, ID_THING,
		ID_PERSON, ID_THING, ID_THING, ID_THING, ID_USER, ID_THING};
	int code = number_of(object->id_code);
	bool of_rfc3881 = object->id_system.len == 0 || words_hold(object->id_system, "3881");
	if (WORDS_LIKE_ONE_OF(object->id_words, "Patient Number", "Patient ID", "PatientID", "Patient Identifier"))
		return ID_PATIENT;
	if (of_rfc3881 && code > 0 && code < (int)(sizeof rfc3881 / sizeof rfc3881[0]))
		return rfc3881[code];
	/* DCM 110180 study, 110181 SOP class, 110182 node; IHE's transactions and its document metadata. */
	if ((code >= 110180 && code <= 110182) || words_hold(object->id_system, "IHE"))
		return ID_THING;
	return mention_word(object->id_words) ? ID_PERSON : ID_UNSAID; /* a code of somebody's own, in words */
}

/* ---- what the role says ---- */

enum role_kind {
	ROLE_THING,
	ROLE_ABSENT,
	ROLE_WRONG,
	ROLE_PATIENT,
	ROLE_PRIVATE,  /* subscriber, guarantor, customer: people or organisations whose data it may be */
	ROLE_WORK,     /* user, doctor, security user, provider */
	ROLE_RESOURCE, /* anything, also somebody's record */
	ROLE_KINDS
};

static enum role_kind role_kind_of(struct bytes text)
{
	static const enum role_kind roles[] = {[0] = ROLE_WRONG,
		[1] = ROLE_PATIENT,
		[4] = ROLE_RESOURCE,
		[6] = ROLE_WORK,
		[8] = ROLE_WORK,
		[9] = ROLE_PRIVATE,
		[10] = ROLE_PRIVATE,
		[11] = ROLE_WORK,
		[15] = ROLE_WORK,
		[19] = ROLE_PRIVATE,
		[26] = ROLE_THING};
	int role = number_of(text);
	if (role == ABSENT)
		return ROLE_ABSENT;
	return role >= 0 && role < (int)(sizeof roles / sizeof roles[0]) ? roles[role] : ROLE_WRONG;
}

/* ---- both ---- */

#define SUBJECT DICOM_SUBJECT
#define THING DICOM_THING
#define OTHER DICOM_OTHER
#define UNCLEAR DICOM_UNCLEAR

/* By the role, and by what the id is. A role that is a patient's, or none, is decided before. */
/* clang-format off */
static const enum dicom_object_kind persons[ROLE_KINDS][ID_KINDS] = {
	/*                 unsaid   patient  person   user     thing */
	[ROLE_THING] =    {UNCLEAR, SUBJECT, UNCLEAR, UNCLEAR, UNCLEAR},
	[ROLE_ABSENT] =   {SUBJECT, SUBJECT, SUBJECT, THING,   UNCLEAR},
	[ROLE_PRIVATE] =  {SUBJECT, SUBJECT, SUBJECT, SUBJECT, SUBJECT},
	[ROLE_WORK] =     {OTHER,   SUBJECT, OTHER,   THING,   OTHER},
	[ROLE_RESOURCE] = {SUBJECT, SUBJECT, SUBJECT, SUBJECT, SUBJECT},
};
static const enum dicom_object_kind untyped[ROLE_KINDS][ID_KINDS] = {
	[ROLE_THING] =    {THING,   SUBJECT, THING,   THING,   THING},
	[ROLE_ABSENT] =   {UNCLEAR, SUBJECT, SUBJECT, THING,   THING},
	[ROLE_PRIVATE] =  {UNCLEAR, SUBJECT, UNCLEAR, UNCLEAR, UNCLEAR},
	[ROLE_WORK] =     {OTHER,   SUBJECT, OTHER,   THING,   OTHER},
	[ROLE_RESOURCE] = {OTHER,   SUBJECT, OTHER,   OTHER,   THING},
};
/* clang-format on */

enum dicom_object_kind dicom_object_kind(const struct dicom_object *object)
{
	/* 1 person, 2 system object, 3 organisation, 4 other */
	int type = number_of(object->type);
	enum role_kind role = role_kind_of(object->role);
	enum id_kind id = id_kind_of(object);
	if (role == ROLE_PATIENT || id == ID_PATIENT || identifier_is_patient_reference(object->id) ||
		mention_is_number(object->id))
		return DICOM_SUBJECT;
	if (type == WRONG || type == 0 || type > 4 || role == ROLE_WRONG)
		return DICOM_UNCLEAR;
	if (type == ABSENT)
		return untyped[role][id];
	if (type == 1)
		return persons[role][id];
	bool resource = type == 4 && role == ROLE_RESOURCE && id != ID_THING;
	return resource || id == ID_PERSON || mention_is_cx(object->id) ? DICOM_OTHER : DICOM_THING;
}
