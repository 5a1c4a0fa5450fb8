/* JSON has one kind of number and many readers have 53 bits for it, so a larger one goes as text rather than be rounded
 * by somebody. The parser gives 0 for -0, and no format here has a sign: whether one was there only the text itself can
 * tell. */
#include "ledger/json/json_number.h"

#include "ledger/text/timestamp.h"

#include <inttypes.h>

#define EXACT_MAX ((UINT64_C(1) << 53) - 1)

bool json_has_minus(struct bytes text)
{
	bool quoted = false;
	for (size_t i = 0; i < text.len; i++) {
		if (quoted && text.data[i] == '\\')
			i++;
		else if (text.data[i] == '"')
			quoted = !quoted;
		else if (!quoted && text.data[i] == '-')
			return true;
	}
	return false;
}

json_t *json_number(uint64_t number)
{
	char text[24];
	if (number <= EXACT_MAX)
		return json_integer((json_int_t)number);
	snprintf(text, sizeof text, "%" PRIu64, number);
	return json_string(text);
}

json_t *json_time(uint64_t time_s)
{
	char text[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(time_s, text);
	return json_string_nocheck(text);
}
