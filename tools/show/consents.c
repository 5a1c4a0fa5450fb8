/* A withdrawal is final from its time on, as a grant's revocation is: what an old system says again gives nothing back.
 * Of what else is said of one consent the newest before the access counts. */
#include "tools/show/consents.h"

#include "ledger/text/timestamp.h"

#include <string.h>

static bool time_of(const json_t *object, const char *name, int64_t *out)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL && timestamp_parse(bytes_text(text), out) == E_OK;
}

static bool holds(const json_t *list, const json_t *text)
{
	size_t i;
	json_t *one;
	json_array_foreach(list, i, one)
	{
		if (text != NULL && json_equal(one, text))
			return true;
	}
	return false;
}

static bool is_to(const json_t *to, const json_t *access)
{
	const json_t *org = json_object_get(access, "org");
	return holds(to, json_object_get(org, "id")) || holds(to, json_object_get(org, "name")) ||
		   holds(to, json_object_get(access, "recipient"));
}

static bool is_for(const json_t *record, const json_t *access)
{
	const json_t *purposes = json_object_get(record, "purposes"), *kinds = json_object_get(record, "categories");
	const json_t *of_access = json_object_get(access, "categories");
	size_t i;
	json_t *one;
	if (purposes != NULL && !holds(purposes, json_object_get(access, "purpose")))
		return false;
	if (kinds == NULL)
		return true;
	json_array_foreach(of_access, i, one)
	{
		if (!holds(kinds, one))
			return false;
	}
	return json_array_size(of_access) > 0;
}

/* Of two at one time the one that came later into the log. */
static bool is_newer(const json_t *event, int64_t time_ns, const json_t *than, int64_t than_ns)
{
	return than == NULL || time_ns > than_ns ||
		   (time_ns == than_ns && json_integer_value(json_object_get(event, "index")) >
									  json_integer_value(json_object_get(than, "index")));
}

static const char *judge(const json_t *in_force, const json_t *access, int64_t at_ns)
{
	const json_t *record = json_object_get(in_force, "consent_record");
	int64_t until_ns;
	if (time_of(record, "until", &until_ns) && until_ns <= at_ns)
		return "ended";
	return is_to(json_object_get(record, "to"), access) && is_for(record, access) ? "covered" : "other";
}

/* What reads of a ledger name is a grant. */
static bool names_grant(const json_t *access)
{
	const char *system = json_string_value(json_object_get(access, "system"));
	return system != NULL && strcmp(system, "Indsigt") == 0;
}

const char *consents_judge(const json_t *list, const json_t *access)
{
	const json_t *id = json_object_get(access, "consent"), *in_force = NULL;
	int64_t at_ns, time_ns, newest_ns = 0;
	size_t i;
	json_t *event;
	if (id == NULL || names_grant(access) || !time_of(access, "time", &at_ns))
		return NULL;
	json_array_foreach(list, i, event)
	{
		const json_t *record = json_object_get(event, "consent_record");
		const json_t *named = json_object_get(record, "id");
		if (named == NULL || !json_equal(named, id) || !time_of(event, "time", &time_ns) || time_ns > at_ns)
			continue;
		if (json_is_true(json_object_get(record, "withdrawn")))
			return "withdrawn";
		if (is_newer(event, time_ns, in_force, newest_ns)) {
			in_force = event;
			newest_ns = time_ns;
		}
	}
	return in_force == NULL ? "unknown" : judge(in_force, access, at_ns);
}
