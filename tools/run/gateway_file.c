/* What a gateway takes is said by its own table of options, so whatever door it has, this file can open. */
#include "tools/run/gateway_file.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "ledger/json/json_text.h"
#include "tools/command/command.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES_MAX 16384u

const char *const gateway_file_doors[GATEWAY_FILE_DOORS] = {"syslog", "fhir", "http"};

static const struct option_row *option_of(const char *name)
{
	static const char *const said_here[] = {"server", "ca", "pin", "plain-off-loopback", "user"};
	const struct options *options = &command_gateway.options;
	for (size_t i = 0; i < sizeof said_here / sizeof said_here[0]; i++)
		if (strcmp(said_here[i], name) == 0)
			return NULL;
	for (size_t i = 0; i < options->row_count; i++)
		if (options->rows[i].name != NULL && strcmp(options->rows[i].name, name) == 0)
			return &options->rows[i];
	return NULL;
}

/* Takes `word`; NULL: there was no memory. */
static enum error put(struct gateway_file *out, char *word, struct fault *fault)
{
	if (word == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	if (out->count == GATEWAY_FILE_WORDS_MAX) {
		free(word);
		return fault_set(fault, E_TOO_MANY, GATEWAY_FILE " says more than the gateway has options");
	}
	out->words[out->count++] = word;
	return E_OK;
}

static char *joined(const char *first, const char *second)
{
	char *text = NULL;
	return asprintf(&text, "%s%s", first, second) >= 0 ? text : NULL;
}

/* `under` is DIR with a '/' behind it. */
static enum error take(
	const char *under, const char *name, const json_t *value, struct gateway_file *out, struct fault *fault)
{
	const struct option_row *row = option_of(name);
	if (row == NULL)
		return fault_set(fault, E_UNKNOWN_FIELD,
			GATEWAY_FILE ": %.40s: this is no option of 'indsigt gateway', or one that serve gives itself",
			json_text_name(name));
	if (row->value == NULL && !json_is_true(value))
		return fault_set(fault, E_BAD_VALUE, GATEWAY_FILE ": %s: true, or leave it out", name);
	const char *text = json_string_value(value);
	if (row->value != NULL && text == NULL)
		return fault_set(fault, E_BAD_VALUE, GATEWAY_FILE ": %s: a text, as for --%s %s", name, name, row->value);
	TRY(put(out, joined("--", name), fault));
	if (row->value == NULL)
		return E_OK;
	bool place = strcmp(row->value, "FILE") == 0 || strcmp(row->value, "DIR") == 0;
	return put(out, joined(place && text[0] != '/' ? under : "", text), fault);
}

static bool has_door(const json_t *json)
{
	bool found = false;
	for (size_t i = 0; i < GATEWAY_FILE_DOORS; i++)
		found |= json_object_get(json, gateway_file_doors[i]) != NULL;
	return found;
}

static enum error take_all(const char *dir, json_t *json, struct gateway_file *out, struct fault *fault)
{
	const char *name;
	json_t *value;
	OWNED_MEMORY char *under = joined(dir, "/");
	TRY(fault_set(fault, allocated(under), ""));
	json_object_foreach(json, name, value) TRY(take(under, name, value, out, fault));
	if (json_object_get(json, "key") == NULL)
		return fault_set(fault, E_MISSING_FIELD,
			GATEWAY_FILE ": key: the sender's key file, made by 'indsigt sender add', from the ledger's directory");
	if (!has_door(json))
		return fault_set(
			fault, E_MISSING_FIELD, GATEWAY_FILE ": no door: give syslog, fhir, http or several, each a HOST:PORT");
	return E_OK;
}

enum error gateway_file_read(const char *dir, struct gateway_file *out, struct fault *fault)
{
	OWNED_MEMORY uint8_t *text = NULL;
	json_auto_t *json = NULL;
	size_t len;
	*out = (struct gateway_file){.count = 0};
	OWNED_FD dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	TRY(fault_because(
		fault, file_read_all(dir_fd, GATEWAY_FILE, BYTES_MAX, &text, &len), GATEWAY_FILE " cannot be read"));
	struct fault why;
	enum error error = json_text_parse(bytes_of(text, len), &json, &why);
	if (error != E_OK)
		return fault_set(fault, error, GATEWAY_FILE ": %s", why.text);
	if (!json_is_object(json))
		return fault_set(fault, E_BAD_JSON, GATEWAY_FILE " is no object");
	return take_all(dir, json, out, fault);
}

void gateway_file_free(struct gateway_file *file)
{
	for (size_t i = 0; i < file->count; i++)
		free(file->words[i]);
	file->count = 0;
}
