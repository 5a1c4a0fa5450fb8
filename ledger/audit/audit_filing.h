/* The accredited part of the audit: every epoch of the directory, recomputed from the label stream (audit_labels.h).
 * Its memory is that of audit_labels.h. */
#pragma once

#include "ledger/audit/audit_labels.h"
#include "ledger/audit/audit_view.h"

struct audit_filing;

/* With keys. The view is borrowed until audit_filing_close. */
enum error audit_filing_open(const struct audit_view *view, struct audit_filing **out) MUST_USE;
void audit_filing_close(struct audit_filing *filing);
OWN(audit_filing, audit_filing_close);
/* Before the entries [from, to) are taken: their rows of the label stream, as far as they are filed. */
enum error audit_filing_rows(struct audit_filing *filing, uint64_t from, uint64_t to) MUST_USE;
/* Instead of that, from somebody who has looked at these entries already. */
enum error audit_filing_leaves(struct audit_filing *filing, const struct audit_leaf *leaves, size_t count) MUST_USE;
enum error audit_filing_entry(struct audit_filing *filing, const struct entry *entry, const struct hash *leaf) MUST_USE;
/* After the last entry. */
enum error audit_filing_end(struct audit_filing *filing, struct audit_labels_result *out) MUST_USE;
