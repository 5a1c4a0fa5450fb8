/* What all kinds of files have in common when it is told: times, witnesses, JSON. Times are UTC and not the reader's
 * zone, so that two people who compare what they were shown read the same; a midnight is shown as a date, because that
 * is what was meant by it.
 *
 * JSON is all or nothing: a member that could not be added for want of memory would make a result that says less than
 * was proven, so then there is none. */
#include "ledger/text/timestamp.h"
#include "tools/verify/verify.h"

void verify_time(uint64_t time_s, char out[VERIFY_TIME_MAX])
{
	char text[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(time_s, text);
	if (time_s % 86400 == 0)
		snprintf(out, VERIFY_TIME_MAX, "%.10s", text);
	else
		snprintf(out, VERIFY_TIME_MAX, "%.10s %.8s UTC", text, text + 11);
}

/* Without a policy it is said what is missing, in the same place: that nobody but the log vouches for it. */
void verify_witnesses(const struct witnessed *witnessed, const struct verify_call *call)
{
	char time[VERIFY_TIME_MAX];
	verify_time(witnessed->quorum.time_s, time);
	if (witnessed->proven)
		table_line(call->out, call->words->witnessed, witnessed->quorum.count, time);
	else
		table_line(call->out, "%s", call->words->no_policy);
}

json_t *verify_json_with(json_t *json, json_t *more)
{
	bool failed = json == NULL || json_object_update(json, more) != 0;
	json_decref(more);
	return verify_json_whole(json, failed);
}

/* For lists, and objects that grow by conditions. */
json_t *verify_json_whole(json_t *json, bool failed)
{
	if (!failed)
		return json;
	json_decref(json);
	return NULL;
}
