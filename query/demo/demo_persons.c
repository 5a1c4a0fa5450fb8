#include "query/demo/demo_persons.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "ledger/json/json_read.h"
#include "ledger/subject/subject.h"

#include <fcntl.h>

#define FILE_BYTES_MAX 65536u

static const char *text_of(const json_t *item, const char *name)
{
	const json_t *member = json_object_get(item, name);
	const char *text = json_string_value(member);
	return text != NULL && strlen(text) == json_string_length(member) ? text : NULL;
}

static enum error read_person(const json_t *item, struct demo_person *out, struct fault *fault)
{
	const char *id = text_of(item, "id"), *name = text_of(item, "name"), *role = text_of(item, "role");
	if (json_object_size(item) != 2 + (size_t)(json_object_get(item, "role") != NULL))
		return fault_set(fault, E_BAD_VALUE, "a person has id, name and at most role");
	if (id == NULL || subject_canonical(bytes_text(id), out->id, NULL) != E_OK)
		return fault_set(fault, E_BAD_VALUE, "id must be a subject id (cpr: and ten digits, say)");
	if (name == NULL || *name == '\0' || strlen(name) > DEMO_NAME_BYTES_MAX)
		return fault_set(fault, E_BAD_VALUE, "name must be a text of 1 to %u bytes", DEMO_NAME_BYTES_MAX);
	strcpy(out->name, name);
	out->role = ROLE_SUBJECT;
	if (json_object_get(item, "role") != NULL &&
		(role == NULL || !role_parse(role, &out->role) || (out->role != ROLE_SUBJECT && out->role != ROLE_PROXY)))
		return fault_set(fault, E_BAD_VALUE, "role must be subject or proxy");
	return E_OK;
}

static enum error read_list(const json_t *list, struct demo_persons *out, struct fault *fault)
{
	if (!json_is_array(list) || json_array_size(list) > DEMO_PERSONS_MAX)
		return fault_set(fault, E_BAD_VALUE, "it must be a list of at most %u persons", DEMO_PERSONS_MAX);
	for (out->count = 0; out->count < json_array_size(list); out->count++)
		TRY(read_person(json_array_get(list, out->count), &out->list[out->count], fault));
	return E_OK;
}

enum error demo_persons_read(const char *dir, struct demo_persons *out, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	OWNED_MEMORY uint8_t *text = NULL;
	json_auto_t *list = NULL;
	struct fault why = {.text = ""};
	size_t len;
	out->count = 0;
	TRY(fault_set(fault, file_path(dir, DEMO_PERSONS_NAME, path), ""));
	if (!file_is_there(dir, DEMO_PERSONS_NAME))
		return E_OK;
	TRY(fault_because(fault, file_read_all(AT_FDCWD, path, FILE_BYTES_MAX, &text, &len), "%s", path));
	TRY(fault_because(fault, json_read(bytes_of(text, len), JSON_REJECT_DUPLICATES, NULL, &list), "%s", path));
	enum error error = read_list(list, out, &why);
	return error == E_OK ? E_OK : fault_set(fault, error, "%s: %s", path, why.text);
}
