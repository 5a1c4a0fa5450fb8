#include "tools/audit/audit_print.h"

#include "ledger/json/json_number.h"
#include "tools/show/output.h"

#include <inttypes.h>
#include <sodium.h>

struct row {
	const char *name;
	uint64_t value;
	unsigned scopes; /* bit n: scope n has it */
};

#define EVERY (1u << AUDIT_DIRECTORY | 1u << AUDIT_LABELS | 1u << AUDIT_TILES)
#define OF_DIRECTORY (1u << AUDIT_DIRECTORY | 1u << AUDIT_LABELS)
#define OF_LABELS (1u << AUDIT_LABELS)
#define ROWS 11

static void fill_rows(const struct audit_result *result, struct row out[ROWS])
{
	const struct row rows[ROWS] = {
		{"entries", result->entries, EVERY},
		{"events", result->events, EVERY},
		{"batches", result->batches, EVERY},
		{"senders", result->senders, EVERY},
		{"unendorsed", result->unendorsed, EVERY},
		{"unchecked", result->unchecked, EVERY},
		{"lagging", result->lagging, OF_DIRECTORY},
		{"unclaimed", result->unclaimed, EVERY},
		{"records", result->records, OF_DIRECTORY},
		{"epochs", result->epochs, OF_LABELS | 1u << AUDIT_TILES},
		{"subjects", result->subjects, OF_LABELS},
	};
	for (size_t i = 0; i < ROWS; i++)
		out[i] = rows[i];
}

/* What it ends with: the root, or what does not hold. */
static int add_end(json_t *json, const struct audit_result *result, enum audit_scope scope, const char *root)
{
	if (!result->ok)
		return json_object_set_new(json, "index", json_integer((json_int_t)result->index)) |
			   json_object_set_new(json, "reason", json_string(result->reason)) |
			   (result->epoch > 0 ? json_object_set_new(json, "epoch", json_integer((json_int_t)result->epoch)) : 0);
	return json_object_set_new(json, "root", json_string(root)) |
		   (scope == AUDIT_LABELS ? json_object_set_new(json, "epoch", json_integer((json_int_t)result->epoch_index))
								  : 0);
}

static enum error print_json(const struct audit_result *result, enum audit_scope scope, const char *root)
{
	struct row rows[ROWS];
	json_auto_t *json = json_pack("{s:b}", "ok", result->ok);
	int failed = json == NULL;
	fill_rows(result, rows);
	for (size_t i = 0; i < ROWS && !failed; i++)
		if ((rows[i].scopes & 1u << scope) != 0)
			failed = json_object_set_new(json, rows[i].name, json_integer((json_int_t)rows[i].value));
	if (!failed && result->lost > 0)
		failed = json_object_set_new(json, "lost", json_number(result->lost));
	if (!failed && result->unverifiable > 0)
		failed = json_object_set_new(json, "unverifiable", json_integer((json_int_t)result->unverifiable));
	if (!failed)
		failed = json_object_set_new(json, "outcome", json_string(result->ok ? "ok" : "failed"));
	if (failed || add_end(json, result, scope, root))
		return E_NO_MEMORY;
	return output_json(json_incref(json), stdout);
}

static void print_ok(const struct audit_result *result, enum audit_scope scope, const char *root)
{
	struct row rows[ROWS];
	fill_rows(result, rows);
	printf("audit: ok");
	for (size_t i = 0; i < ROWS; i++)
		if ((rows[i].scopes & 1u << scope) != 0)
			printf(" %s=%" PRIu64, rows[i].name, rows[i].value);
	if (result->lost > 0)
		printf(" lost=%" PRIu64, result->lost);
	if (result->unverifiable > 0)
		printf(" unverifiable=%" PRIu64, result->unverifiable);
	printf(" root=%s\n", root);
}

/* Nothing can be said of the log, and nothing of it is shown. */
static enum error print_unlooked(const struct audit_result *result, enum error error, bool json)
{
	bool mixed_up = error_exit(error) == EXIT_WRONG_KEY;
	if (!json) {
		printf("audit: %s %s\n", mixed_up ? "WRONG KEY" : "NOT LOOKED", result->reason);
		return E_OK;
	}
	return output_json(json_pack("{s:b, s:s, s:s}", "ok", false, "outcome", mixed_up ? "wrong-key" : "not-looked",
						   "reason", result->reason),
		stdout);
}

enum error audit_print(const struct audit_result *result, enum error error, enum audit_scope scope, bool json)
{
	char root[2 * HASH_BYTES + 1];
	if (error != E_OK)
		return print_unlooked(result, error, json);
	sodium_bin2hex(root, sizeof root, result->root.b, sizeof result->root.b);
	if (json)
		return print_json(result, scope, root);
	if (result->ok)
		print_ok(result, scope, root);
	else if (result->epoch > 0)
		printf("audit: FAILED epoch=%" PRIu64 " index=%" PRIu64 " %s\n", result->epoch, result->index, result->reason);
	else
		printf("audit: FAILED index=%" PRIu64 " %s\n", result->index, result->reason);
	return E_OK;
}
