#include "tools/rejected.h"

#include "ledger/event_json.h"
#include "tools/receipt_json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static json_t *text_to_json(struct bytes text, const char **member)
{
	*member = "message";
	json_t *json = json_loadb((const char *)text.data, text.len, JSON_DECODE_ANY, NULL);
	if (json == NULL)
		json = json_stringn((const char *)text.data, text.len); /* NULL unless it is UTF-8 */
	if (json != NULL)
		return json;
	*member = "message_base64";
	return base64_to_json(text);
}

static json_t *events_to_json(const struct event *events, size_t count)
{
	if (count == 1)
		return event_to_json(&events[0]);
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(list, event_to_json(&events[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *refused_to_json(const struct refused *refused)
{
	const char *member = "message";
	json_t *message =
		refused->count > 0 ? events_to_json(refused->events, refused->count) : text_to_json(refused->text, &member);
	json_t *input = json_stringn((const char *)refused->input.data, refused->input.len);
	if (input == NULL)
		input = base64_to_json(refused->input); /* a path that is not UTF-8 */
	return json_pack("{s:o, s:I, s:s, s:s, s:o}", "input", input, "number", (json_int_t)refused->number + 1, "error",
		error_name(refused->error), "reason", refused->reason, member, message);
}

enum error rejected_open(struct rejected *rejected, struct fault *fault)
{
	rejected->file = stderr;
	if (rejected->path == NULL)
		return E_OK;
	int fd = open(rejected->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	rejected->file = fd < 0 ? NULL : fdopen(fd, "a");
	if (rejected->file == NULL)
		return fault_set(fault, E_IO, "'%s': %s", rejected->path, strerror(errno));
	setvbuf(rejected->file, NULL, _IOLBF, BUFSIZ);
	return E_OK;
}

enum error rejected_write(struct rejected *rejected, const struct refused *refused)
{
	return json_line(refused_to_json(refused), rejected->file);
}

enum error rejected_flush(struct rejected *rejected)
{
	return fflush(rejected->file) == 0 ? E_OK : E_IO;
}
