#include "ingest/fhir_people.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A walk through the whole resource, for two kinds of mentions.
 *
 *   of somebody: a reference to a Patient, a contained Patient, a person's number. It must be of a subject, or the
 *   message is refused.
 *
 *   in words: an address in a description, a query, an entity that could be anything. The message may go on if it has a
 *   subject, who was meant; without one it would be about nobody, and is refused. */
struct walk {
	const struct fhir_reader *reader;
	bool in_words;
	char place[FHIR_PATH_MAX + 1]; /* of the first mention in words */
	const char *reason;
};

static void note_words(struct walk *walk, const struct fhir_path *path, const char *reason)
{
	if (walk->in_words)
		return;
	walk->in_words = true;
	walk->reason = reason;
	fhir_path_text(path, walk->place);
}

/* ---- texts ---- */

static bool id_char(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
}

static bool word_char(uint8_t c)
{
	return id_char(c) || c == '_' || c == '%';
}

/* What stands behind `mark` where it begins a word; empty when it does not stand there. */
static struct bytes behind(struct bytes text, size_t at, const char *mark)
{
	size_t len = strlen(mark);
	if (text.len - at <= len || (at > 0 && word_char(text.data[at - 1])) ||
		strncasecmp((const char *)text.data + at, mark, len) != 0)
		return BYTES_EMPTY;
	return bytes_of(text.data + at + len, text.len - at - len);
}

/* Patient/ID somewhere in a text. */
static bool names_patient(struct bytes text)
{
	for (size_t at = 0; at < text.len; at++) {
		struct bytes id = behind(text, at, "Patient/");
		if (id.len > 0 && id_char(id.data[0]) && id.data[0] != '.')
			return true;
	}
	return false;
}

/* What a parameter or member is set to: NAME=VALUE, or NAME":"VALUE, with or without escapes. */
static struct bytes value_behind(struct bytes text, size_t at, const char *name)
{
	struct bytes rest = behind(text, at, name);
	size_t i = 0;
	while (i < rest.len && (rest.data[i] == '"' || rest.data[i] == '\\' || rest.data[i] == ' '))
		i++;
	if (i == rest.len || (rest.data[i] != '=' && rest.data[i] != ':'))
		return BYTES_EMPTY;
	for (i++; i < rest.len && (rest.data[i] == '"' || rest.data[i] == '\\' || rest.data[i] == ' ');)
		i++;
	return bytes_of(rest.data + i, rest.len - i);
}

/* A search whose parameters single out a patient: patient=ID, subject=Patient/ID, Patient?identifier=, the Danish
 * system of numbers. One by name or birthday does not. */
static bool query_names_patient(struct bytes text)
{
	static const char *const parameters[] = {"patient", "subject", "patient.identifier", "subject.identifier",
		"patient:identifier", "subject:identifier", "patient._id", "subject._id", "beneficiary"};
	bool of_patients = false;
	for (size_t at = 0; at < text.len; at++) {
		of_patients |= behind(text, at, "Patient?").len > 0 || behind(text, at, "Patient/_search").len > 0;
		if (of_patients && (value_behind(text, at, "identifier").len > 0 || value_behind(text, at, "_id").len > 0))
			return true;
		for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
			struct bytes value = value_behind(text, at, parameters[i]);
			struct bytes type = value.len > 0 ? fhir_reference_type(value) : BYTES_EMPTY;
			if (value.len > 0 && word_char(value.data[0]) &&
				(type.len == 0 || bytes_equal(type, BYTES_LITERAL("Patient"))))
				return true;
		}
		struct bytes oid = behind(text, at, "1.2.208.176.1.2");
		if (oid.len > 0 && !id_char(oid.data[0]))
			return true;
	}
	return names_patient(text);
}

static enum error look_at_text(struct walk *walk, const char *name, struct bytes text, const struct fhir_path *path)
{
	static const char *const encoded[] = {"query", "valueBase64Binary", "data"};
	bool base64 = false;
	for (size_t i = 0; i < sizeof encoded / sizeof encoded[0]; i++)
		base64 |= strcmp(name, encoded[i]) == 0;
	if (names_patient(text))
		note_words(walk, path, "names a patient that no entity names; add the patient as an entity with role 1");
	if (!base64 || text.len == 0)
		return E_OK;
	size_t max = text.len / 4 * 3 + 3;
	size_t len = 0;
	uint8_t *plain = malloc(max);
	if (plain == NULL)
		return E_NO_MEMORY;
	/* What is no base64 was looked at as it is; some write a query in plain text. */
	if (sodium_base642bin(
			plain, max, (const char *)text.data, text.len, " \t\r\n", &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		len = 0;
	if (query_names_patient(bytes_of(plain, len)) || query_names_patient(text))
		note_words(walk, path, "asks for a patient that no entity names; add the patient as an entity with role 1");
	free(plain);
	return E_OK;
}

/* ---- objects ---- */

static enum error refuse_mention(const struct walk *walk, const struct fhir_path *path)
{
	char place[FHIR_PATH_MAX + 1];
	fhir_path_text(path, place);
	return fault_set(walk->reader->fault, E_BAD_SUBJECT,
		"%s: a patient that no entity names; add the patient as an entity with role 1", place);
}

/* A Patient, a reference to one, or a number that only people have; those of agents and of the source are of people at
 * work. */
static enum error look_at_object(
	const struct walk *walk, const json_t *object, const struct fhir_path *path, bool at_work)
{
	const struct fhir_reader *reader = walk->reader;
	bool resource = bytes_equal(fhir_text(object, "resourceType"), BYTES_LITERAL("Patient"));
	bool reference = json_object_get(object, "reference") != NULL || json_object_get(object, "identifier") != NULL ||
					 json_object_get(object, "display") != NULL;
	bool number =
		!at_work && json_object_get(object, "value") != NULL && fhir_numbers_people(fhir_text(object, "system"));
	bool found = resource && fhir_is_known(reader, fhir_text(object, "id"));
	if (!resource && !number && !(reference && fhir_is_patient(reader->document, object)))
		return E_OK;
	if (!found && number) {
		json_t *who = json_pack("{s:O}", "identifier", (json_t *)object);
		enum error error = who != NULL ? fhir_is_subject(reader, who, &found) : E_NO_MEMORY;
		json_decref(who);
		TRY(error);
	} else if (!found) {
		TRY(fhir_is_subject(reader, object, &found));
	}
	return found ? E_OK : refuse_mention(walk, path);
}

/* Something like an entity in a place where none is read: in a contained AuditEvent, in a member that FHIR does not
 * have. */
static enum error look_at_stray_entity(const struct walk *walk, const json_t *object, const struct fhir_path *path)
{
	const struct fhir_reader *reader = walk->reader;
	const json_t *what = json_object_get(object, "what");
	bool read = path->up == NULL && strcmp(path->name, "entity") == 0;
	bool found = false;
	if (read || what == NULL || fhir_entity_person(reader->document, object) != FHIR_PERSON_YES)
		return E_OK;
	TRY(fhir_is_subject(reader, what, &found));
	return found ? E_OK : refuse_mention(walk, path);
}

/* A member's name is the sender's: only what could be one of FHIR's is told. */
static const char *step_name(const char *name)
{
	for (const char *at = name; *at != '\0'; at++)
		if (!word_char((uint8_t)*at) || at - name > 40)
			return "?";
	return name;
}

static enum error walk_value(
	struct walk *walk, const char *name, const json_t *value, const struct fhir_path *path, bool at_work)
{
	const char *member;
	json_t *item;
	size_t i;
	if (json_is_string(value))
		return look_at_text(walk, name, bytes_of(json_string_value(value), json_string_length(value)), path);
	if (json_is_object(value) && path != NULL) {
		TRY(look_at_object(walk, value, path, at_work));
		TRY(look_at_stray_entity(walk, value, path));
	}
	json_object_foreach((json_t *)value, member, item)
	{
		struct fhir_path inner = {path, step_name(member), FHIR_NO_INDEX};
		bool work = at_work || strcmp(member, "agent") == 0 || strcmp(member, "source") == 0 ||
					strcmp(member, "contained") == 0 || strcmp(member, "assigner") == 0;
		TRY(walk_value(walk, member, item, &inner, work));
	}
	json_array_foreach(value, i, item)
	{
		struct fhir_path inner = {path != NULL ? path->up : NULL, path != NULL ? path->name : "", i};
		TRY(walk_value(walk, name, item, &inner, at_work));
	}
	return E_OK;
}

/* Entities that could be a person, and agents who are the patient and say nothing else. */
static void look_at_unclear(struct walk *walk)
{
	const struct fhir_document *document = walk->reader->document;
	const json_t *root = walk->reader->root;
	const json_t *item;
	size_t i;
	json_array_foreach(json_object_get(root, "entity"), i, item)
	{
		struct fhir_path path = {NULL, "entity", i};
		if (fhir_entity_person(document, item) == FHIR_PERSON_UNCLEAR)
			note_words(
				walk, &path, "may be a person; say with role, type or a reference what it is (role 1: the patient)");
	}
	json_array_foreach(json_object_get(root, "agent"), i, item)
	{
		struct fhir_path path = {NULL, "agent", i};
		if (fhir_agent_is_patient(document, item))
			note_words(
				walk, &path, "is the patient, and cannot be identified; add the patient as an entity with role 1");
	}
}

enum error fhir_check_mentions(const struct fhir_reader *reader)
{
	struct walk walk = {.reader = reader};
	TRY(walk_value(&walk, "", reader->root, NULL, false));
	look_at_unclear(&walk);
	if (walk.in_words && reader->message->subject_count == 0)
		return fault_set(reader->fault, E_BAD_SUBJECT, "%s: %s", walk.place, walk.reason);
	return E_OK;
}
