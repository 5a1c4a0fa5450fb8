#include "ledger/json_number.h"

#include <inttypes.h>
#include <stdio.h>

#define EXACT_MAX ((UINT64_C(1) << 53) - 1)

json_t *json_number(uint64_t number)
{
	char text[24];
	if (number <= EXACT_MAX)
		return json_integer((json_int_t)number);
	snprintf(text, sizeof text, "%" PRIu64, number);
	return json_string(text);
}
