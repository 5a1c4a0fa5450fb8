/* The first finding stays: what follows would be judged by what does not hold. */
#include "ledger/audit/audit_view.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

void audit_sum_begin(struct audit_sum *sum)
{
	*sum = (struct audit_sum){.count = 0};
	crypto_shorthash_keygen(sum->key);
}

/* Added and not combined by XOR: with XOR two equal rows would leave no trace. */
void audit_sum_add(struct audit_sum *sum, struct bytes first, struct bytes second)
{
	uint8_t input[64], hash[crypto_shorthash_BYTES];
	struct writer w = writer_of(input, sizeof input);
	writer_bytes(&w, first);
	writer_bytes(&w, second);
	assert(w.error == E_OK);
	crypto_shorthash(hash, input, writer_len(&w), sum->key);
	sum->sum += get_u64(hash);
	sum->count++;
}

bool audit_sum_equal(const struct audit_sum *a, const struct audit_sum *b)
{
	return a->count == b->count && a->sum == b->sum;
}

bool audit_judges(enum error cause)
{
	return cause == E_OK || cause == E_NOT_FOUND || error_judges(cause);
}

/* E_CORRUPT in any case, which ends the part that found it. */
static enum error set_finding(struct audit_report *report, uint64_t index, const char *format, va_list arguments)
{
	if (report->found)
		return E_CORRUPT;
	report->found = true;
	report->index = index;
	vsnprintf(report->reason, sizeof report->reason, format, arguments);
	return E_CORRUPT;
}

enum error audit_finding(const struct audit_view *view, uint64_t index, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	enum error error = set_finding(view->report, index, format, arguments);
	va_end(arguments);
	return error;
}

/* What the disk or memory could not do is kept as the reason why the audit did not go on, and never becomes a finding.
 */
enum error audit_judge(const struct audit_view *view, enum error cause, uint64_t index, const char *format, ...)
{
	va_list arguments;
	if (!audit_judges(cause))
		return fault_set(&view->report->why, cause, "at index %" PRIu64 " the audit could not go on: %s", index,
			error_reason(cause));
	va_start(arguments, format);
	enum error error = set_finding(view->report, index, format, arguments);
	va_end(arguments);
	return error;
}

/* The first epoch entry that covers the event, or 0. */
static uint64_t covering_epoch(const struct audit_view *view, uint64_t index)
{
	struct entry entry;
	if (index >= snapshot_filed(view->snapshot))
		return 0;
	for (uint64_t at = index + 1; at < view->checkpoint.size; at++)
		if (log_read(view->txn, at, &entry) == E_OK && entry.kind == ENTRY_EPOCH && entry.epoch.size > index)
			return at;
	return 0;
}

enum error audit_finding_filed(const struct audit_view *view, enum error cause, uint64_t index, const char *text)
{
	if (!view->report->found && !view->report->unread && audit_judges(cause))
		view->report->epoch = covering_epoch(view, index);
	return audit_judge(view, cause, index, "%s", text);
}

const char *audit_why(enum error error)
{
	return error == E_CORRUPT ? "the store is damaged there" : error_text(error);
}

void audit_progress(const struct audit_view *view)
{
	if (view->progress != NULL)
		view->progress(view->context, view->report->done, view->checkpoint.size);
}
