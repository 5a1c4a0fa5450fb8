/*   query, form ─► pairs, decoded ─► one of FHIR's own (_count, _sort, ...)? the person? a criterion? ─► all values
 * read once
 *
 * All is judged before anything of the ledger is looked at, so a search that matches nothing is no misspelt one. */
#include "query/search/search.h"

#include "ledger/text/number.h"
#include "query/fhir/person.h"
#include "query/http/params.h"
#include "query/search/search_date.h"
#include "query/search/search_value.h"

#include <string.h>

#define R4 "http://hl7.org/fhir/SearchParameter/"

const struct search_parameter search_parameters[] = {
	{"_id", SEARCH_TOKEN, "id", NULL, R4 "Resource-id"},
	{"_lastUpdated", SEARCH_DATE, "meta.lastUpdated", NULL, R4 "Resource-lastUpdated"},
	{"date", SEARCH_DATE, "recorded", NULL, R4 "AuditEvent-date"},
	{"action", SEARCH_TOKEN, "action", NULL, R4 "AuditEvent-action"},
	{"outcome", SEARCH_TOKEN, "outcome", NULL, R4 "AuditEvent-outcome"},
	{"type", SEARCH_TOKEN, "type", NULL, R4 "AuditEvent-type"},
	{"subtype", SEARCH_TOKEN, "subtype", NULL, R4 "AuditEvent-subtype"},
	{"agent.identifier", SEARCH_TOKEN, "agent.who.identifier", NULL, NULL},
	{"agent-name", SEARCH_STRING, "agent.name", "agent.who.display", R4 "AuditEvent-agent-name"},
	{"agent-role", SEARCH_TOKEN, "agent.role", "agent.type", R4 "AuditEvent-agent-role"},
	{"address", SEARCH_STRING, "agent.network.address", NULL, R4 "AuditEvent-address"},
	{"entity.identifier", SEARCH_TOKEN, "entity.what.identifier", NULL, NULL},
	{"entity-type", SEARCH_TOKEN, "entity.type", NULL, R4 "AuditEvent-entity-type"},
	{"entity-role", SEARCH_TOKEN, "entity.role", NULL, R4 "AuditEvent-entity-role"},
	{"source.identifier", SEARCH_TOKEN, "source.observer.identifier", NULL, NULL},
	{NULL, SEARCH_TOKEN, NULL, NULL, NULL},
};

/* ---- matching ---- */

/* Calls `matches` with each element at `path` until one does. */
static bool any_at(const json_t *node, const char *path, bool (*matches)(const void *context, const json_t *element),
	const void *context)
{
	for (size_t i = 0; json_is_array(node) && i < json_array_size(node); i++)
		if (any_at(json_array_get(node, i), path, matches, context))
			return true;
	if (node == NULL || json_is_array(node))
		return false;
	if (*path == '\0')
		return matches(context, node);
	size_t len = strcspn(path, ".");
	return any_at(json_object_getn(node, path, len), path + len + (path[len] == '.'), matches, context);
}

/* One value of a criterion, read. */
struct wanted {
	const struct criterion *criterion;
	struct search_token token;
	struct search_date date;
	char text[SEARCH_VALUE_BYTES_MAX + 1];
};

static bool read_wanted(struct bytes value, uint64_t now_s, struct wanted *out)
{
	switch (out->criterion->parameter->type) {
	case SEARCH_TOKEN:
		return search_token_parse(value, &out->token) == E_OK;
	case SEARCH_DATE:
		return search_date_parse(value, now_s, &out->date) == E_OK;
	default:
		return search_value_plain(value, out->text) == E_OK;
	}
}

static bool matches_date(const struct search_date *date, const json_t *element)
{
	struct date_range range;
	const char *text = json_string_value(element);
	return text != NULL && search_date_instant(bytes_text(text), &range) == E_OK && search_date_matches(date, range);
}

static bool matches_element(const void *context, const json_t *element)
{
	const struct wanted *wanted = context;
	enum search_modifier modifier = wanted->criterion->modifier;
	enum string_match how = modifier == MODIFIER_EXACT      ? STRING_EXACT
							: modifier == MODIFIER_CONTAINS ? STRING_CONTAINS
															: STRING_BEGINS;
	switch (wanted->criterion->parameter->type) {
	case SEARCH_TOKEN:
		return search_token_matches(&wanted->token, element);
	case SEARCH_DATE:
		return matches_date(&wanted->date, element);
	default:
		return search_string_matches(wanted->text, how, element);
	}
}

static bool is_there(const void *context, const json_t *element)
{
	(void)context;
	return !json_is_object(element) || json_object_size(element) > 0;
}

static bool at_either(const struct search_parameter *parameter, const json_t *event,
	bool (*matches)(const void *context, const json_t *element), const void *context)
{
	return any_at(event, parameter->path, matches, context) ||
		   (parameter->other != NULL && any_at(event, parameter->other, matches, context));
}

static bool meets(const struct criterion *criterion, uint64_t now_s, const json_t *event)
{
	struct wanted wanted;
	struct bytes rest = bytes_text(criterion->value), value;
	bool found = false;
	wanted.criterion = criterion;
	if (criterion->modifier == MODIFIER_MISSING)
		return at_either(criterion->parameter, event, is_there, NULL) == (strcmp(criterion->value, "false") == 0);
	while (!found && search_value_next(&rest, &value))
		found = read_wanted(value, now_s, &wanted) && at_either(criterion->parameter, event, matches_element, &wanted);
	return found != (criterion->modifier == MODIFIER_NOT);
}

bool search_matches(const struct search *search, const json_t *event)
{
	for (size_t i = 0; i < search->count; i++)
		if (!meets(&search->criteria[i], search->now_s, event))
			return false;
	return true;
}

/* One value alone narrows the window; of several each may have its own. */
static void narrow(const struct search_date *date, uint64_t *from_s, uint64_t *to_s)
{
	const int64_t second = 1000000000;
	bool begins = date->prefix == DATE_EQ || date->prefix == DATE_GT || date->prefix == DATE_GE ||
				  date->prefix == DATE_SA || date->prefix == DATE_AP;
	bool ends = date->prefix == DATE_EQ || date->prefix == DATE_LT || date->prefix == DATE_LE ||
				date->prefix == DATE_EB || date->prefix == DATE_AP;
	uint64_t begin = (uint64_t)(date->range.begin > 0 ? date->range.begin / second : 0);
	uint64_t end = (uint64_t)(date->range.end / second) + 1;
	if (begins && begin > *from_s)
		*from_s = begin;
	if (ends && end < *to_s)
		*to_s = end;
}

void search_window(const struct search *search, uint64_t *from_s, uint64_t *to_s)
{
	*from_s = 0;
	*to_s = UINT64_MAX;
	for (size_t i = 0; i < search->count; i++) {
		const struct criterion *criterion = &search->criteria[i];
		struct search_date date;
		if (strcmp(criterion->parameter->name, "_lastUpdated") == 0 && criterion->modifier == MODIFIER_NONE &&
			search_date_parse(bytes_text(criterion->value), search->now_s, &date) == E_OK)
			narrow(&date, from_s, to_s);
	}
}

/* ---- reading ---- */

static enum error check_value(struct search *search, const struct criterion *criterion, struct fault *fault)
{
	const char *name = criterion->parameter->name;
	struct bytes rest = bytes_text(criterion->value), value;
	struct search_token token;
	struct search_date date;
	char text[SEARCH_VALUE_BYTES_MAX + 1];
	if (criterion->modifier == MODIFIER_MISSING)
		return strcmp(criterion->value, "true") == 0 || strcmp(criterion->value, "false") == 0
				   ? E_OK
				   : fault_set(fault, E_BAD_VALUE, "parameter '%s:missing' must be true or false", name);
	while (search_value_next(&rest, &value)) {
		enum error error = E_OK;
		if (++search->values > SEARCH_VALUES_MAX)
			return fault_set(fault, E_TOO_LONG, "more than %u values in all parameters together", SEARCH_VALUES_MAX);
		if (criterion->parameter->type == SEARCH_DATE)
			error = search_date_parse(value, search->now_s, &date);
		else if (criterion->parameter->type == SEARCH_TOKEN)
			error = search_token_parse(value, &token);
		else if ((error = search_value_plain(value, text)) == E_OK && text[0] == '\0')
			error = E_BAD_VALUE;
		if (error != E_OK && criterion->parameter->type == SEARCH_DATE)
			return fault_set(fault, E_BAD_VALUE,
				"parameter '%s' must be a prefix (eq ne lt gt le ge sa eb ap) or none and a date or time, 1970 to "
				"2261, "
				"with '+' written as %%2B",
				name);
		if (error != E_OK)
			return fault_set(fault, E_BAD_VALUE,
				"parameter '%s' has a value that is empty, over %u bytes, or has another escape than \\, \\| \\$ and "
				"\\\\",
				name, SEARCH_VALUE_BYTES_MAX);
	}
	return E_OK;
}

/* Our references are to nothing that could be fetched: they have identifiers, and that is what is asked for. */
static const struct search_parameter *parameter_of(const char *name, enum search_modifier *modifier)
{
	static const struct {
		const char *suffix;
		enum search_modifier modifier;
	} modifiers[] = {{":not", MODIFIER_NOT}, {":missing", MODIFIER_MISSING}, {":exact", MODIFIER_EXACT},
		{":contains", MODIFIER_CONTAINS}, {":identifier", MODIFIER_NONE}};
	*modifier = MODIFIER_NONE;
	for (const struct search_parameter *one = search_parameters; one->name != NULL; one++) {
		size_t len = strlen(one->name);
		const char *chain = strstr(one->name, ".identifier");
		if (strcmp(one->name, name) == 0)
			return one;
		if (chain != NULL && strncmp(name, one->name, (size_t)(chain - one->name)) == 0 &&
			strcmp(name + (chain - one->name), ":identifier") == 0)
			return one;
		for (size_t i = 0; strncmp(one->name, name, len) == 0 && i < sizeof modifiers / sizeof modifiers[0]; i++) {
			enum search_modifier found = modifiers[i].modifier;
			bool fits = found == MODIFIER_MISSING || (found == MODIFIER_NOT && one->type == SEARCH_TOKEN) ||
						((found == MODIFIER_EXACT || found == MODIFIER_CONTAINS) && one->type == SEARCH_STRING);
			*modifier = found;
			if (fits && strcmp(name + len, modifiers[i].suffix) == 0)
				return one;
		}
	}
	return NULL;
}

static enum error read_person(struct search *search, const char *value, struct fault *fault)
{
	struct bytes rest = bytes_text(value), one, front, behind;
	char system[SEARCH_VALUE_BYTES_MAX + 1], number[SEARCH_VALUE_BYTES_MAX + 1];
	if (search->named || !search_value_next(&rest, &one) || rest.data != NULL)
		return fault_set(fault, E_BAD_VALUE, "parameter 'patient.identifier' is one person, once");
	if (!search_value_split(one, '|', &front, &behind) || search_value_plain(front, system) != E_OK ||
		search_value_plain(behind, number) != E_OK)
		return fault_set(fault, E_BAD_SUBJECT, "parameter 'patient.identifier' must be system|value");
	struct fault why;
	enum error error = person_of(bytes_text(system), bytes_text(number), search->person, &why);
	search->named = error == E_OK;
	return error == E_OK ? E_OK : fault_set(fault, error, "parameter 'patient.identifier': %s", why.text);
}

static enum error read_order(struct search *search, const char *value, struct fault *fault)
{
	static const struct {
		const char *name;
		enum search_order order;
	} orders[] = {{"date", ORDER_DATE_UP}, {"-date", ORDER_DATE_DOWN}, {"_lastUpdated", ORDER_LOG_UP},
		{"-_lastUpdated", ORDER_LOG_DOWN}};
	for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
		if (strcmp(orders[i].name, value) == 0) {
			search->order = orders[i].order;
			return E_OK;
		}
	return fault_set(
		fault, E_BAD_VALUE, "parameter '_sort' must be one of date, -date, _lastUpdated and -_lastUpdated");
}

static enum error read_summary(struct search *search, const char *value, struct fault *fault)
{
	search->counted |= strcmp(value, "count") == 0;
	return strcmp(value, "count") == 0 || strcmp(value, "false") == 0
			   ? E_OK
			   : fault_set(fault, E_BAD_VALUE, "parameter '_summary' must be count or false");
}

static enum error read_count(struct search *search, const char *value, struct fault *fault)
{
	uint64_t count;
	if (!number_parse(value, 0, UINT32_MAX, &count))
		return fault_set(fault, E_BAD_VALUE, "parameter '_count' must be a whole number");
	search->counted |= count == 0; /* R4: the same as _summary=count */
	search->page = count > SEARCH_COUNT_MAX ? SEARCH_COUNT_MAX : (uint32_t)count;
	return E_OK;
}

static enum error read_format(struct search *search, const char *value, struct fault *fault)
{
	(void)fault;
	search->format = value;
	return E_OK;
}

static enum error read_continuation(struct search *search, const char *value, struct fault *fault)
{
	(void)fault;
	search->continuation = value;
	return E_OK;
}

/* FHIR's own parameters; `*known` where it is one. Of one that is there twice only its sender knows which is meant. */
static enum error read_result(
	struct search *search, const char *name, const char *value, bool *known, struct fault *fault)
{
	static const struct {
		const char *name;
		enum error (*read)(struct search *search, const char *value, struct fault *fault);
		bool shapes;
	} results[] = {{"_count", read_count, true}, {"_sort", read_order, true}, {"_summary", read_summary, true},
		{"_format", read_format, false}, {"_page", read_continuation, false}};
	*known = false;
	for (unsigned i = 0; i < sizeof results / sizeof results[0]; i++) {
		if (strcmp(results[i].name, name) != 0)
			continue;
		if ((search->given >> i & 1) != 0)
			return fault_set(fault, E_BAD_VALUE, "parameter '%s' is given twice", results[i].name);
		*known = true;
		search->given |= 1u << i;
		search->shaped |= results[i].shapes;
		return results[i].read(search, value, fault);
	}
	return E_OK;
}

/* Once more in the form that a link has: letters, digits and "-._~" as they are. */
static enum error remember(struct search *search, const char *name, const char *value)
{
	static const char hex[] = "0123456789ABCDEF";
	const char *const parts[] = {name, "=", value};
	char *at = search->asked + search->asked_len, *end = search->asked + sizeof search->asked - 4;
	if (search->asked_len > 0)
		*at++ = '&';
	for (size_t i = 0; i < 3; i++)
		for (const unsigned char *c = (const unsigned char *)parts[i]; *c != '\0'; c++) {
			bool plain = i == 1 || (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
						 strchr("-._~:", *c) != NULL;
			if (at >= end)
				return E_TOO_LONG;
			*at++ = plain ? (char)*c : '%';
			if (!plain) {
				*at++ = hex[*c >> 4];
				*at++ = hex[*c & 15];
			}
		}
	*at = '\0';
	search->asked_len = (size_t)(at - search->asked);
	return E_OK;
}

static enum error refuse_unknown(struct search *search, bool lenient, const char *name, struct fault *fault)
{
	static const char *const references[] = {"agent", "entity", "source", "patient"};
	if (lenient) {
		search->ignored = true;
		return E_OK;
	}
	for (size_t i = 0; i < sizeof references / sizeof references[0]; i++)
		if (strcmp(references[i], name) == 0)
			return fault_set(fault, E_UNKNOWN_FIELD,
				"parameter '%s': who and what events name can be told by an identifier alone; ask for %s.identifier",
				references[i], references[i]);
	return fault_set(fault, E_UNKNOWN_FIELD,
		"a parameter or a modifier is not known here; see the CapabilityStatement (/fhir/metadata), or send 'Prefer: "
		"handling=lenient'");
}

static enum error read_pair(struct search *search, char *name, const char *value, bool lenient, struct fault *fault)
{
	struct criterion criterion = {.value = value};
	bool known;
	TRY(read_result(search, name, value, &known, fault));
	if (known)
		return search->format == value || search->continuation == value ? E_OK : remember(search, name, value);
	if (strcmp(name, "patient.identifier") == 0 || strcmp(name, "patient:identifier") == 0) {
		TRY(read_person(search, value, fault));
		return remember(search, name, value);
	}
	criterion.parameter = parameter_of(name, &criterion.modifier);
	if (criterion.parameter == NULL)
		return refuse_unknown(search, lenient, name, fault);
	TRY(check_value(search, &criterion, fault));
	if (search->count == SEARCH_CRITERIA_MAX)
		return fault_set(fault, E_TOO_LONG, "more than %u parameters", SEARCH_CRITERIA_MAX);
	search->criteria[search->count++] = criterion;
	return remember(search, name, value);
}

static enum error read_text(struct search *search, char *rest, bool lenient, struct fault *fault)
{
	while (rest != NULL) {
		char *pair = strsep(&rest, "&");
		if (*pair == '\0')
			continue;
		char *value = strchr(pair, '=');
		char *name_end = value != NULL ? value : pair + strlen(pair);
		char *end = pair + strlen(pair);
		int value_len = value != NULL ? params_decode(value + 1, end, value + 1) : 0;
		int name_len = params_decode(pair, name_end, pair);
		if (name_len <= 0 || value_len < 0 || (value != NULL && !bytes_utf8(bytes_of(value + 1, (size_t)value_len))))
			return fault_set(fault, E_BAD_VALUE, "a parameter is not well-formed percent-encoded UTF-8");
		if (value != NULL)
			value[1 + value_len] = '\0';
		pair[name_len] = '\0';
		TRY(read_pair(search, pair, value != NULL ? value + 1 : "", lenient, fault));
	}
	return E_OK;
}

enum error search_parse(
	const char *query, const char *form, bool lenient, uint64_t now_s, struct search *out, struct fault *fault)
{
	*out = (struct search){.page = SEARCH_COUNT_DEFAULT, .now_s = now_s};
	size_t len = query != NULL ? strlen(query) : 0;
	if (len > SEARCH_BYTES_MAX || (form != NULL && strlen(form) > SEARCH_BYTES_MAX))
		return fault_set(fault, E_TOO_LONG, "the question is longer than %u bytes", SEARCH_BYTES_MAX);
	if (query != NULL)
		memcpy(out->text, query, len + 1);
	if (form != NULL)
		strcpy(out->text + len + 1, form);
	TRY(read_text(out, query != NULL ? out->text : NULL, lenient, fault));
	TRY(read_text(out, form != NULL ? out->text + len + 1 : NULL, lenient, fault));
	if (out->continuation != NULL && (out->asked_len > 0 || out->ignored))
		return fault_set(fault, E_BAD_VALUE, "parameter '_page' is a link's, and stands alone");
	return E_OK;
}
