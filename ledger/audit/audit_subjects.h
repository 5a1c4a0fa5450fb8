/* The label of each subject, checked once: what its events are filed under is what its identifier gives. For all
 * threads of an audit together.
 *
 * Memory: about 100 bytes for each subject. */
#pragma once

#include "ledger/audit/audit_view.h"
#include "ledger/keystore/keystore.h"

struct audit_subjects;

enum error audit_subjects_new(struct audit_subjects **out) MUST_USE;
void audit_subjects_free(struct audit_subjects *subjects);
OWN(audit_subjects, audit_subjects_free);

/* The label that the event at `index`, which is filed, is filed under, or a finding in the view's report. Any thread,
 * each with a view of its own. */
enum error audit_subjects_label(struct audit_subjects *subjects, const struct audit_view *view, uint64_t index,
	const struct alias *alias, struct bytes subject, struct label *out) MUST_USE;
