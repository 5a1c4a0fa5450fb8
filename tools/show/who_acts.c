/* An answer to a report is one of the organisation that it is about, later in the log; anybody else's is none. */
#include "tools/show/who_acts.h"

#include "ledger/text/timestamp.h"
#include "tools/show/cells.h"
#include "tools/show/consents.h"
#include "tools/show/table.h"

#include <string.h>
#include <time.h>

#define DAY_NS 86400000000000ll

static void print_consents(const json_t *list, const struct words *words, FILE *out)
{
	static const char *const states[] = {"covered", "withdrawn", "ended", "other", "unknown"};
	unsigned long long counts[5] = {0};
	size_t i;
	json_t *access;
	json_array_foreach(list, i, access)
	{
		const char *state = consents_judge(list, access);
		for (size_t at = 0; state != NULL && at < 5; at++)
			counts[at] += strcmp(state, states[at]) == 0;
	}
	if (counts[0] > 0)
		table_line(out, words->consent_covered, counts[0]);
	if (counts[1] + counts[2] + counts[3] + counts[4] > 0)
		table_line(out, words->consent_wrong, counts[1] + counts[2], counts[3], counts[4]);
}

static int64_t time_ns(const json_t *event)
{
	int64_t ns = 0;
	const char *text = cell_text(event, "time");
	return timestamp_parse(bytes_text(text), &ns) == E_OK ? ns : 0;
}

static bool answers(const json_t *event, const json_t *report)
{
	const json_t *said = json_object_get(report, "report"), *org = json_object_get(json_object_get(event, "org"), "id");
	const json_t *named = json_object_get(json_object_get(event, "answer"), "report");
	return named != NULL && json_equal(named, json_object_get(said, "id")) && org != NULL &&
		   json_equal(org, json_object_get(said, "org")) &&
		   json_integer_value(json_object_get(event, "index")) > json_integer_value(json_object_get(report, "index"));
}

/* The first one: the list is newest first. */
static const json_t *answer_to(const json_t *list, const json_t *report)
{
	const json_t *found = NULL;
	size_t i;
	json_t *event;
	json_array_foreach(list, i, event)
	{
		if (answers(event, report))
			found = event;
	}
	return found;
}

static void print_report(const json_t *list, const json_t *report, const struct words *words, FILE *out)
{
	const json_t *answer = answer_to(list, report);
	int64_t begun = time_ns(report), ended = answer != NULL ? time_ns(answer) : (int64_t)time(NULL) * 1000000000;
	unsigned long long index =
		(unsigned long long)json_integer_value(json_object_get(json_object_get(report, "report"), "index"));
	unsigned long long days = ended > begun ? (unsigned long long)((ended - begun) / DAY_NS) : 0;
	table_line(out, answer != NULL ? words->report_answered : words->report_open, index, days);
}

void who_acts(const struct answer *answer, bool whole, const struct words *words, FILE *out)
{
	const json_t *list = json_object_get(answer->json, "accesses");
	size_t i;
	json_t *event;
	if (whole)
		print_consents(list, words, out);
	json_array_foreach(list, i, event)
	{
		if (json_object_get(event, "report") != NULL)
			print_report(list, event, words, out);
	}
}
