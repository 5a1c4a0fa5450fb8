/* What people say of their own accesses and grants, looked up in their lists: before it is said again, and for whom
 * they may act. spec/http.md (Acting)
 *
 * A list is looked through newest first, and as far as is said with each. */
#pragma once

#include "ledger/read/archive.h"

#include <jansson.h>

#define MANDATE_EVENTS_MAX \
	1000u /* the newest of a holder's list: others write it, and none may shut it by its length */
#define MANDATE_PRINCIPALS_MAX 64u /* for whom it is then asked whether a grant is in force */
#define REPORTS_AGAIN_MAX 1000u    /* events in which a report that was made before is looked for, newest first */

/* An access that can be complained of: filed under `subject`, open, and no act. E_NOT_FOUND for all else, so that
 * nothing is learnt of what is somebody else's, withheld or erased. */
enum error acting_access(struct snapshot *snapshot, struct bytes subject, uint64_t index, uint64_t now_s,
	char org[ORG_BYTES_MAX + 1], struct fault *fault) MUST_USE;
/* What one person may do of a kind in 24 hours, so that nobody's acts fill a list, or drown those of others. Revoking
 * is not counted: it is bounded by what was given, and never refused for it. */
#define ACTS_A_DAY 50u

/* A report that was made before. */
struct reported {
	uint64_t index; /* where it stands in the log */
	uint64_t about; /* the access */
	size_t today;   /* of the newest REPORTS_AGAIN_MAX events those that are reports of the last 24 hours; also where it
					   is   not found */
};

/* The report of this name in the person's list; E_NOT_FOUND. */
enum error acting_report(struct snapshot *snapshot, struct bytes subject, const char *id, uint64_t now_s,
	struct reported *out, struct fault *fault) MUST_USE;

#define REPORTS_OPEN_MAX 200u /* newest reports about one organisation that are looked at */

/* The newest reports about an organisation's accesses that it has not answered (EVT-19): a new array for /v1/reports.
 * `looked`: how many were looked at; REPORTS_OPEN_MAX: there may be older ones. */
enum error acting_waiting(
	struct snapshot *snapshot, const char *org, json_t **out, uint64_t *looked, struct fault *fault) MUST_USE;

/* The newest word on one grant in a person's list. */
struct granted {
	uint64_t index;
	bool attorney; /* and no parental authority */
	char to[SUBJECT_BYTES_MAX + 1];
	bool revoked; /* in any event of the list */
	size_t today; /* powers of attorney given in the last 24 hours, whichever; also where it is not found */
};

/* E_NOT_FOUND. */
enum error acting_grant(struct snapshot *snapshot, struct bytes person, struct bytes id, uint64_t now_s,
	struct granted *out, struct fault *fault) MUST_USE;
/* For whom `holder` may act now, as roles.md decides it (ROLE-4), and no others: a new array for /v1/mandates. */
enum error acting_mandates(
	struct snapshot *snapshot, struct bytes holder, uint64_t now_s, json_t **out, struct fault *fault) MUST_USE;
