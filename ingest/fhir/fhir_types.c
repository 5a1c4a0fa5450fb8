/* A closed list, made by hand from R4 and R5. What is not in it is taken for what may be a person, so a type of a
 * later version costs a refusal and not an access that nobody is told of. */
#include "ingest/fhir/fhir_types.h"

#include <stdlib.h>
#include <string.h>

/* In the order of strcmp. */
static const char *const things[] = {"Account", "ActivityDefinition", "ActorDefinition",
	"AdministrableProductDefinition", "AdverseEvent", "AllergyIntolerance", "Appointment", "AppointmentResponse",
	"ArtifactAssessment", "AuditEvent", "Basic", "Binary", "BiologicallyDerivedProduct",
	"BiologicallyDerivedProductDispense", "BodyStructure", "Bundle", "CapabilityStatement", "CarePlan", "CareTeam",
	"CatalogEntry", "ChargeItem", "ChargeItemDefinition", "Citation", "Claim", "ClaimResponse", "ClinicalImpression",
	"ClinicalUseDefinition", "CodeSystem", "Communication", "CommunicationRequest", "CompartmentDefinition",
	"Composition", "ConceptMap", "Condition", "ConditionDefinition", "Consent", "Contract", "Coverage",
	"CoverageEligibilityRequest", "CoverageEligibilityResponse", "DetectedIssue", "Device", "DeviceAssociation",
	"DeviceDefinition", "DeviceDispense", "DeviceMetric", "DeviceRequest", "DeviceUsage", "DeviceUseStatement",
	"DiagnosticReport", "DocumentManifest", "DocumentReference", "EffectEvidenceSynthesis", "Encounter",
	"EncounterHistory", "Endpoint", "EnrollmentRequest", "EnrollmentResponse", "EpisodeOfCare", "EventDefinition",
	"Evidence", "EvidenceReport", "EvidenceVariable", "ExampleScenario", "ExplanationOfBenefit", "FamilyMemberHistory",
	"Flag", "FormularyItem", "GenomicStudy", "Goal", "GraphDefinition", "GuidanceResponse", "HealthcareService",
	"ImagingSelection", "ImagingStudy", "Immunization", "ImmunizationEvaluation", "ImmunizationRecommendation",
	"ImplementationGuide", "Ingredient", "InsurancePlan", "InventoryItem", "InventoryReport", "Invoice", "Library",
	"Linkage", "List", "Location", "ManufacturedItemDefinition", "Measure", "MeasureReport", "Media", "Medication",
	"MedicationAdministration", "MedicationDispense", "MedicationKnowledge", "MedicationRequest", "MedicationStatement",
	"MedicinalProduct", "MedicinalProductDefinition", "MessageDefinition", "MessageHeader", "MolecularSequence",
	"NamingSystem", "NutritionIntake", "NutritionOrder", "NutritionProduct", "Observation", "ObservationDefinition",
	"OperationDefinition", "OperationOutcome", "Organization", "OrganizationAffiliation", "PackagedProductDefinition",
	"Parameters", "PaymentNotice", "PaymentReconciliation", "Permission", "PlanDefinition", "Practitioner",
	"PractitionerRole", "Procedure", "Provenance", "Questionnaire", "QuestionnaireResponse", "RegulatedAuthorization",
	"RequestGroup", "RequestOrchestration", "Requirements", "ResearchDefinition", "ResearchElementDefinition",
	"ResearchStudy", "ResearchSubject", "RiskAssessment", "RiskEvidenceSynthesis", "Schedule", "SearchParameter",
	"ServiceRequest", "Slot", "Specimen", "SpecimenDefinition", "StructureDefinition", "StructureMap", "Subscription",
	"SubscriptionStatus", "SubscriptionTopic", "Substance", "SubstanceDefinition", "SubstanceNucleicAcid",
	"SubstancePolymer", "SubstanceProtein", "SubstanceReferenceInformation", "SubstanceSourceMaterial",
	"SubstanceSpecification", "SupplyDelivery", "SupplyRequest", "Task", "TerminologyCapabilities", "TestPlan",
	"TestReport", "TestScript", "Transport", "ValueSet", "VerificationResult", "VisionPrescription"};

/* Members whose references FHIR (STU3 to R5) lets be to no Patient, Person, RelatedPerson or Group in any resource but
 * those that may point to all. In the order of strcmp. */
static const char *const thing_members[] = {"account", "appointment", "assigner", "authority", "basedOn", "bodySite",
	"bodyStructure", "careTeam", "claim", "claimResponse", "composition", "condition", "consent", "context", "contract",
	"coverage", "currentLocation", "destination", "device", "diagnosisReference", "encounter", "endpoint",
	"episodeOfCare", "facility", "generalPractitioner", "goal", "healthcareService", "imagingStudy", "incomingReferral",
	"insurance", "insurancePlan", "insurer", "interpreter", "itemReference", "library", "location", "locationReference",
	"managingOrganization", "manufacturer", "marketingAuthorizationHolder", "measure", "medication",
	"medicationReference", "network", "observation", "organization", "organizationReference", "origin",
	"originalPrescription", "originatingAppointment", "packagedProduct", "parentDevice", "partOf",
	"participatingOrganization", "performingOrganization", "practitioner", "prescription", "priorPrescription",
	"problem", "procedure", "procedureReference", "processingFacility", "product", "productReference", "protocol",
	"provider", "publisher", "questionnaire", "referral", "referralRequest", "report", "reportingOrganization",
	"requestOrganization", "requestedLocation", "requestingOrganization", "result", "resultsInterpreter", "schedule",
	"service", "serviceProvider", "site", "slot", "specimen", "sponsor", "study", "substance", "substanceReference",
	"supplier"};

static int compare(const void *key, const void *item)
{
	const struct bytes *type = key;
	const char *thing = *(const char *const *)item;
	size_t len = strlen(thing);
	int order = memcmp(type->data, thing, type->len < len ? type->len : len);
	return order != 0 ? order : (type->len > len) - (type->len < len);
}

bool fhir_is_thing(struct bytes type)
{
	return type.len > 0 && bsearch(&type, things, sizeof things / sizeof things[0], sizeof things[0], compare) != NULL;
}

bool fhir_is_thing_member(struct bytes name)
{
	return name.len > 0 && bsearch(&name, thing_members, sizeof thing_members / sizeof thing_members[0],
							   sizeof thing_members[0], compare) != NULL;
}
