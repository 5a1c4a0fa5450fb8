/* Typed access to a FHIR AuditEvent in JSON: R4, R5, R6, and what STU3 called otherwise. spec/adapters.md
 *
 * A member of another JSON type than FHIR gives it is not absent: the message is refused and the member named. So this
 * is looked at first, for the whole resource; everything behind may take what it does not find for absent. Texts are
 * borrowed from the document. */
#pragma once

#include "ledger/base/bytes.h"

#include <jansson.h>

/* A resource, and what it contains by id. */
struct fhir_document {
	json_t *root;
	json_t *contained;
};

#define FHIR_DEPTH_MAX 64 /* of elements inside each other; real resources stay under 20 */

/* Where an element stands, for the text of a fault: "entity[0].what". */
struct fhir_path {
	const struct fhir_path *up; /* NULL at the root */
	const char *name;
	size_t index; /* in the array `name`, or FHIR_NO_INDEX */
};

#define FHIR_NO_INDEX SIZE_MAX
#define FHIR_PATH_MAX 120 /* longer paths lose their front */

/* A member's name is the sender's, and may be anybody's number: only what could be one of FHIR's is told. */
const char *fhir_step_name(const char *name);
void fhir_path_text(const struct fhir_path *path, char out[FHIR_PATH_MAX + 1]);

/* Every member that FHIR knows and the adapter or a search for people looks at has its type. E_BAD_VALUE names the
 * first that does not; E_BAD_JSON for a resource that is nested too deep. Unknown members are let through. */
enum error fhir_check_types(const json_t *root, struct fault *fault) MUST_USE;

/* What FHIR has under a name, by the very table that types are checked by; for whoever makes JSON of another form. */
struct fhir_member;

enum fhir_kind {
	FHIR_KIND_TEXT,
	FHIR_KIND_BOOL,
	FHIR_KIND_OBJECT,
	FHIR_KIND_TEXTS,
	FHIR_KIND_OBJECTS,
	FHIR_KIND_EITHER,  /* a text or an object: what it has says which */
	FHIR_KIND_SEVERAL, /* an object or an array of objects: the resource it is in says which */
};

/* Of an AuditEvent, and within `up` (NULL: nothing is known of it). NULL: the table does not have it. */
const struct fhir_member *fhir_member_of_root(struct bytes name);
const struct fhir_member *fhir_member_within(const struct fhir_member *up, struct bytes name);
enum fhir_kind fhir_member_kind(const struct fhir_member *member);
/* A contained resource of this type has one identifier, and not a list of them. */
bool fhir_has_one_identifier(struct bytes type);

/* Takes the resource in `root` apart; `out` owns nothing of it but an index (fhir_document_close). E_BAD_VALUE for two
 * contained resources with one id, since a reference would be to either; E_NO_MEMORY. */
enum error fhir_document_open(json_t *root, struct fhir_document *out, struct fault *fault) MUST_USE;
void fhir_document_close(struct fhir_document *document);

/* Which version of AuditEvent it is, by its shape alone (ADP-3): nothing in it says so. R6 is as its ballots have it
 * (6.0.0-ballot1 to 5). */
enum fhir_shape {
	FHIR_SHAPE_R4, /* type: a Coding */
	FHIR_SHAPE_R5, /* code, and category */
	FHIR_SHAPE_R6  /* type: a CodeableConcept, and an outcome that is no text; what else R5 has */
};
enum fhir_shape fhir_shape(const json_t *root);

/* Each item of an array, and none of what is no array: for (struct fhir_each one = ...; fhir_next(&one);) */
struct fhir_each {
	const json_t *array;
	json_t *item;
	size_t index; /* of the item */
};

static inline struct fhir_each fhir_list(const json_t *object, const char *name)
{
	return (struct fhir_each){.array = json_object_get(object, name)};
}

static inline bool fhir_next(struct fhir_each *each)
{
	each->index += each->item != NULL;
	each->item = json_array_get(each->array, each->index);
	return each->item != NULL;
}

/* The first of two members that is there. */
static inline const json_t *fhir_either(const json_t *object, const char *name, const char *other)
{
	const json_t *value = json_object_get(object, name);
	return value != NULL ? value : json_object_get(object, other);
}

/* A text without the white space around it; empty when absent. */
struct bytes fhir_text(const json_t *object, const char *name);
/* Display, then text, then code: of a Coding, or of a CodeableConcept's first coding that has one. */
struct bytes fhir_words(const json_t *concept);
/* The codes of a Coding or CodeableConcept one after the other, some of them empty; false behind the last. */
bool fhir_code(const json_t *concept, size_t index, struct bytes *out);
bool fhir_has_code(const json_t *concept, const char *wanted);

/* "Patient" of [anything/]Patient/ID[/_history/V] or Patient?..., "Device" of [anything/]Device/ID, "CarePlan" of
 * [anything/]CarePlan: the type that a reference names, or an empty range. */
struct bytes fhir_reference_type(struct bytes reference);
/* The contained resource that "#ID" points to; NULL for another reference or when there is none. */
const json_t *fhir_contained(const struct fhir_document *document, struct bytes reference);
/* The type of what an element like `who` points to: what `type` says, else the contained resource, else the reference.
 * Empty when nothing says it. */
struct bytes fhir_target_type(const struct fhir_document *document, const json_t *who);
/* What stands behind the last '/' of an address, or all of a name. */
struct bytes fhir_last_segment(struct bytes type);
