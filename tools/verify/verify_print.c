#include "ledger/text/timestamp.h"
#include "tools/show/cells.h"
#include "tools/show/table.h"
#include "tools/verify/verify.h"

#include <stdarg.h>
#include <string.h>

void verify_line(FILE *out, const char *format, ...)
{
	char text[CELL_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	table_put(text, strlen(text), out);
	putc('\n', out);
}

void verify_time(uint64_t time_s, char out[VERIFY_TIME_MAX])
{
	char text[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(time_s, text);
	if (time_s % 86400 == 0)
		snprintf(out, VERIFY_TIME_MAX, "%.10s", text);
	else
		snprintf(out, VERIFY_TIME_MAX, "%.10s %.8s UTC", text, text + 11);
}

void verify_witnesses(const struct witnessed *witnessed, const struct verify_call *call)
{
	char time[VERIFY_TIME_MAX];
	verify_time(witnessed->quorum.time_s, time);
	if (witnessed->proven)
		verify_line(call->out, call->words->witnessed, witnessed->quorum.count, time);
	else
		verify_line(call->out, "%s", call->words->no_policy);
}

json_t *verify_json_whole(json_t *json, bool failed)
{
	if (!failed)
		return json;
	json_decref(json);
	return NULL;
}

enum error verify_json(json_t *json, FILE *out)
{
	if (json == NULL)
		return E_NO_MEMORY;
	int result = json_dumpf(json, out, JSON_COMPACT);
	json_decref(json);
	return result == 0 && putc('\n', out) != EOF ? E_OK : E_IO;
}
