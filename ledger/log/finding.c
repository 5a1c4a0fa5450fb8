/* The list is closed and its order is that of the checks, so two verifiers that find different things differ in a check
 * and not in words. A finding about the form names the part by the format's own names: a name out of the file could be
 * anything, and might be about somebody. */
#include "ledger/log/finding.h"

#include <inttypes.h>
#include <stdio.h>

struct row {
	const char *name;
	const char *text;
};

static const struct row rows[FINDING_CODES] = {
#define X(code, name, text) [FINDING_##code] = {name, text},
	FINDING_LIST(X)
#undef X
};

static const struct row *row_of(enum finding_code code)
{
	return &rows[(unsigned)code < FINDING_CODES ? code : FINDING_NONE];
}

const char *finding_name(enum finding_code code)
{
	return row_of(code)->name;
}

const char *finding_text(enum finding_code code)
{
	return row_of(code)->text;
}

enum error finding_set(struct finding *finding, enum finding_code code, uint64_t index)
{
	if (finding == NULL)
		return E_BAD_PROOF;
	finding->code = code;
	finding->index = index;
	if (index == FINDING_NO_INDEX)
		snprintf(finding->text, sizeof finding->text, "%s", finding_text(code));
	else
		snprintf(finding->text, sizeof finding->text, "%s (log index %" PRIu64 ")", finding_text(code), index);
	return E_BAD_PROOF;
}

enum error finding_because(struct finding *finding, enum finding_code code, const char *why)
{
	if (finding == NULL)
		return E_BAD_PROOF;
	finding->code = code;
	finding->index = FINDING_NO_INDEX;
	snprintf(finding->text, sizeof finding->text, "%s: %s", finding_text(code), why);
	return E_BAD_PROOF;
}

enum error finding_form(struct finding *finding, const char *part, uint64_t item, const char *member, const char *why)
{
	char number[24] = "";
	if (finding == NULL)
		return E_BAD_VALUE;
	if (item != FINDING_NO_INDEX)
		snprintf(number, sizeof number, "[%" PRIu64 "]", item);
	finding->code = FINDING_FORM;
	finding->index = FINDING_NO_INDEX;
	snprintf(finding->text, sizeof finding->text, "%s: %s%s%s%s: %s", finding_text(FINDING_FORM), part, number,
		member ? "." : "", member ? member : "", why);
	return E_BAD_VALUE;
}
