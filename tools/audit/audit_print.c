/* One line that a script can rely on, after everything else that was said: what came of it, and the numbers in fixed
 * order. What an audit of this kind did not look at has no number: 0 would say that it was looked at. An audit that
 * could not be made is not one that failed, and says so in other words, since "FAILED" accuses somebody. */
#include "tools/audit/audit_print.h"

#include "ledger/json/json_number.h"
#include "tools/show/output.h"

#include <inttypes.h>
#include <sodium.h>

struct row {
	const char *name;
	size_t offset;   /* of the number, in the result */
	unsigned scopes; /* bit n: scope n has it */
	bool if_any;     /* left out where it is 0 */
};

#define EVERY (1u << AUDIT_DIRECTORY | 1u << AUDIT_LABELS | 1u << AUDIT_TILES)
#define OF_DIRECTORY (1u << AUDIT_DIRECTORY | 1u << AUDIT_LABELS)
#define OF_LABELS (1u << AUDIT_LABELS)
#define ROWS (sizeof rows / sizeof rows[0])

static const struct row rows[] = {
#define X(member, in, ...)                                                                            \
	{                                                                                                 \
		.name = #member, .offset = offsetof(struct audit_result, member), .scopes = (in), __VA_ARGS__ \
	}
	X(entries, EVERY),
	X(events, EVERY),
	X(batches, EVERY),
	X(senders, EVERY),
	X(unendorsed, EVERY),
	X(unchecked, EVERY),
	X(lagging, OF_DIRECTORY),
	X(unclaimed, EVERY),
	X(records, OF_DIRECTORY),
	X(epochs, OF_LABELS | 1u << AUDIT_TILES),
	X(subjects, OF_LABELS),
	X(lost, EVERY, .if_any = true),
	X(unverifiable, EVERY, .if_any = true),
#undef X
};

/* Losses are named only where there are any, as they always were: scripts compare whole lines. */
static bool is_shown(const struct row *row, const struct audit_result *result, enum audit_scope scope, uint64_t *number)
{
	memcpy(number, (const char *)result + row->offset, sizeof *number);
	return (row->scopes & 1u << scope) != 0 && (*number > 0 || !row->if_any);
}

/* What it ends with: the root, or what does not hold. One of the two ends: the root that everything hashes to, or the
 * first index that does not hold. */
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
	uint64_t number;
	json_auto_t *json = json_pack("{s:b}", "ok", result->ok);
	int failed = json == NULL;
	for (size_t i = 0; i < ROWS && !failed; i++)
		if (is_shown(&rows[i], result, scope, &number))
			failed = json_object_set_new(json, rows[i].name, json_number(number));
	if (!failed)
		failed = json_object_set_new(json, "outcome", json_string(result->ok ? "ok" : "failed"));
	if (failed || add_end(json, result, scope, root))
		return E_NO_MEMORY;
	return output_json(json_incref(json), stdout);
}

static void print_ok(const struct audit_result *result, enum audit_scope scope, const char *root)
{
	uint64_t number;
	printf("audit: ok");
	for (size_t i = 0; i < ROWS; i++)
		if (is_shown(&rows[i], result, scope, &number))
			printf(" %s=%" PRIu64, rows[i].name, number);
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
