/* Refusals in the form that the request has. */
#include "tools/posted/otlp_route.h"

#include "tests/lib/scarce.h"
#include "tests/lib/unit.h"

#include <string.h>

/* Without memory for the reason the exporter is told to come again, for it drops what is refused. */
START_TEST(a_refusal_has_its_reason)
{
	const struct request request = {.method = "POST", .path = "/v1/logs", .content_type = POST_TYPE_PROTOBUF};
	static const char reason[] = "the records are of another kind";
	bool all = false;
	for (unsigned number = 1; !all; number++) {
		struct response response = {.status = 0};
		otlp_route_refuse(400, E_BAD_VALUE, reason, &response);
		ck_assert_int_eq(response.status, 400);
		scarce_at(number);
		otlp_route_form(&request, &response);
		all = !scarce_end();
		bool told = response.body != NULL && memmem(response.body, response.body_len, reason, strlen(reason)) != NULL;
		ck_assert_msg(told || (!all && (response.status == 503 || response.body == NULL)), "allocation %u: %d", number,
			response.status);
		response_release(&response);
	}
}
END_TEST

UNIT_MAIN("otlp_route", a_refusal_has_its_reason)
