/* Names that FHIR, DICOM, IHE and we ourselves give things, and the small elements that are made of them. spec/fhir.md
 */
#pragma once

#include "ledger/event/event_schema.h"

#include <jansson.h>

/* Below this address are our own extensions, code systems and naming systems. */
#define TERMS_OURS EVENT_FHIR_ADDRESS
#define TERMS_EXTENSION TERMS_OURS "StructureDefinition/"
#define TERMS_ACTIVITY TERMS_OURS "CodeSystem/activity"
#define TERMS_ERROR TERMS_OURS "CodeSystem/error"
#define TERMS_ORGANISATION TERMS_OURS "NamingSystem/organisation"
#define TERMS_REFERENCE TERMS_OURS "NamingSystem/reference"

#define TERMS_DCM "http://dicom.nema.org/resources/ontology/DCM"
#define TERMS_REST "http://hl7.org/fhir/restful-interaction"
#define TERMS_EVENT_TYPE "http://terminology.hl7.org/CodeSystem/audit-event-type"
#define TERMS_LIFECYCLE "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
#define TERMS_PARTICIPATION "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
#define TERMS_PROVENANCE "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
#define TERMS_ROLE_CODE "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
#define TERMS_REASON "http://terminology.hl7.org/CodeSystem/v3-ActReason"
#define TERMS_SOURCE_TYPE "http://terminology.hl7.org/CodeSystem/security-source-type"
#define TERMS_ENTITY_TYPE "http://terminology.hl7.org/CodeSystem/audit-entity-type"
#define TERMS_OBJECT_ROLE "http://terminology.hl7.org/CodeSystem/object-role"
#define TERMS_RESOURCE_TYPE "http://hl7.org/fhir/resource-types"
#define TERMS_BALP "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
#define TERMS_JSON "application/fhir+json; charset=utf-8"

/* All of these give new references, or NULL without memory. */
json_t *terms_text(struct bytes text);
/* `display` may be NULL. */
json_t *terms_coding(const char *system, const char *code, const char *display);
/* What stands for an element that is required and is not known here: data-absent-reason `unknown`, in an object. */
json_t *terms_absent(void);
/* {"url": TERMS_EXTENSION + name, `type`: value}; takes `value`, which may be NULL. */
json_t *terms_extension(const char *name, const char *type, json_t *value);
/* Whether it could be added; takes `value`, NULL is no memory. */
bool terms_set(json_t *object, const char *name, json_t *value);
/* The same at the end of a list of that name, which is made where it is not there. */
bool terms_add(json_t *object, const char *name, json_t *value);
