/* What a verifier may find wrong in a statement, a filing proof or a proof file: the closed list of checks, in the
 * order in which a statement's are made (a filing proof's are made in that of its page), each with a name and a text of
 * its own. The first one that does not hold ends the verification. spec/statement.md, spec/filing.md,
 * spec/proof-file.md */
#pragma once

#include "ledger/base/bytes.h"

/* clang-format off */
#define FINDING_LIST(X) \
	/* code                 name                       text */ \
	X(NONE,                 "none",                    "everything holds") \
	/* the file, and about whom it is */ \
	X(FORM,                 "form",                    "the file is malformed") \
	X(SUBJECT_SPELLING,     "subject-spelling",        "the subject id is not in its canonical spelling") \
	X(SUBJECT_OTHER,        "subject-other",           "the statement is about another subject than the one asked for") \
	/* the log */ \
	X(CHECKPOINT,           "checkpoint",              "the checkpoint is malformed, of another log, or not signed with this log's key") \
	X(WITNESSES,            "witnesses",               "the cosignatures do not fulfil the witness policy") \
	X(GENESIS_ENTRY,        "genesis-entry",           "what is shown as the genesis entry is none") \
	X(GENESIS_INCLUSION,    "genesis-inclusion",       "the genesis entry does not stand in the log at index 0") \
	X(GENESIS_KEY,          "genesis-key",             "the genesis entry names another origin or another log key") \
	/* the epoch */ \
	X(EPOCH_ENTRY,          "epoch-entry",             "what is shown as the epoch entry is none") \
	X(EPOCH_INCLUSION,      "epoch-inclusion",         "the epoch entry does not stand in the log") \
	X(EPOCH_SIZE,           "epoch-size",              "the epoch covers nothing, or more than stands before it") \
	X(EPOCH_LAST,           "epoch-last",              "the entries that show the epoch's time are not the last ones it covers") \
	X(EPOCH_LAST_INCLUSION, "epoch-last-inclusion",    "an entry that shows the epoch's time does not stand in the log") \
	X(EPOCH_TIME,           "epoch-time",              "the epoch's time is not that of the last entry it covers") \
	X(EPOCH_STALE,          "epoch-stale",             "the epoch is too old beside the quorum's cosignatures") \
	/* the label */ \
	X(VRF,                  "vrf",                     "the label's proof does not verify for this subject under the log's VRF key") \
	/* erasure entries */ \
	X(ERASURE_ENTRY,        "erasure-entry",           "what is shown as an erasure entry is none") \
	X(ERASURE_INCLUSION,    "erasure-inclusion",       "an erasure entry does not stand in the log") \
	X(ERASURE_OPENING,      "erasure-opening",         "an erasure entry of a person is not about this subject") \
	/* each event */ \
	X(EVENT_ORDER,          "event-order",             "the events' log indexes do not ascend") \
	X(EVENT_UNCOVERED,      "event-uncovered",         "an event that the epoch does not cover is shown as covered") \
	X(EVENT_ENTRY,          "event-entry",             "what is shown as an event's entry is none of an event about a person") \
	X(EVENT_TIME,           "event-time",              "an event's ledger time does not fit its place in the log") \
	X(EVENT_HEADER,         "event-header",            "an event's header is malformed") \
	X(EVENT_COMMITMENT,     "event-commitment",        "what is shown of an event is not what its entry commits to") \
	X(EVENT_CONTENT,        "event-content",           "an event's disclosed part is no valid event") \
	X(EVENT_SUBJECT,        "event-subject",           "an opened event is about another subject") \
	X(WITHHELD_NEVER,       "withheld-never",          "an event is called withheld that its sender did not withhold") \
	X(WITHHELD_PAST,        "withheld-past",           "an event is called withheld whose date has passed") \
	X(ERASED_UNPROVEN,      "erased-unproven",         "an event is called erased without an erasure entry") \
	X(ERASED_EARLIER,       "erased-earlier",          "an event is called erased by an entry that stands before it") \
	X(ERASED_OTHER,         "erased-other",            "an event is called erased by an entry that does not cover it") \
	/* all of them together */ \
	X(COUNT,                "count",                   "the number of events shown is not the number in the log's map") \
	X(RANGE,                "range",                   "the range does not lie within the subject's events") \
	X(WINDOW_OUTSIDE,       "window-outside",          "an event lies outside the window") \
	X(WINDOW_BEFORE,        "window-before",           "nothing shows that no event of the window was left out at its beginning") \
	X(WINDOW_AFTER,         "window-after",            "nothing shows that no event of the window was left out at its end") \
	X(SUBJECT_TREE,         "subject-tree",            "the proof of the range does not have the shape that its place asks for") \
	X(PRESENCE,             "presence",                "these events and their number are not what the log's map holds for this subject") \
	X(ABSENCE_EMPTY,        "absence-empty",           "an empty proof of absence is shown for a map that is not empty") \
	X(ABSENCE_SELF,         "absence-self",            "the absence is shown with the subject's own entry in the map") \
	X(ABSENCE,              "absence",                 "the proof that the log's map holds nothing for this subject does not hold") \
	/* events after the epoch */ \
	X(LATER_COVERED,        "later-covered",           "an event that the epoch covers is shown as not yet covered") \
	X(LATER_INCLUSION,      "later-inclusion",         "an event after the epoch does not stand in the log") \
	/* signatures of the senders */ \
	X(SENDER_ENTRY,         "sender-entry",            "what is shown as a sender entry is none") \
	X(SENDER_INCLUSION,     "sender-inclusion",        "a sender entry does not stand in the log") \
	X(SENDER_HISTORY,       "sender-history",          "the sender entries do not follow from one another") \
	X(BATCH_ENTRY,          "batch-entry",             "what is shown as a batch entry is none") \
	X(BATCH_INCLUSION,      "batch-inclusion",         "a batch entry does not stand in the log") \
	X(BATCH_PLACE,          "batch-place",             "an event does not belong to the batch that it is shown with") \
	X(SIGNATURE_PATH,       "signature-path",          "an event's path does not lead to the root of its batch") \
	X(SIGNATURE,            "signature",               "the sender's signature over a batch does not verify") \
	X(SIGNATURE_MISSING,    "signature-missing",       "an event has no signature path though signatures are shown") \
	X(EVENT_RIGHT,          "event-right",             "an event is one that its sender was not registered to report, or not in this way") \
	/* the auditor's note */ \
	X(AUDIT_MISSING,        "audit-missing",           "an auditor's key was given, and the statement holds no auditor's note") \
	X(AUDIT_EPOCH,          "audit-epoch",             "what is shown as the audited epoch is none that stands in the log") \
	X(AUDIT_NEWER,          "audit-newer",             "a newer epoch than the statement's stood in the log already") \
	X(AUDIT_NOTE,           "audit-note",              "the auditor's note is malformed or not signed with the auditor's key") \
	X(AUDIT_OTHER,          "audit-other",             "the auditor's note is about another log, or found other roots than the epoch entry has") \
	/* filing proofs only */ \
	X(FILING_BATCH,         "filing-batch",            "the batch is another sender's, or the epoch does not cover it") \
	X(FILING_SUBJECTS,      "filing-subjects",         "a label is not the one of the subject that the event is shown with") \
	X(FILING_TREE,          "filing-tree",             "the events are not filed under these labels in the epoch's filing tree") \
	/* of a batch that is lost */ \
	X(LOSS_ENTRY,           "loss-entry",              "what is shown as a loss entry is none") \
	X(LOSS_INCLUSION,       "loss-inclusion",          "the loss entry does not stand in the log") \
	X(LOSS_RANGE,           "loss-range",              "the loss entry is not about the events of the batch") \
	/* proof files only */ \
	X(TLOG_ENTRY,           "tlog-entry",              "what the proof file holds is no entry of a log") \
	X(TLOG_INCLUSION,       "tlog-inclusion",          "the entry does not stand in the log at its index") \
	/* evidence of a fork only */ \
	X(FORK,                 "fork",                    "nothing here shows that the two checkpoints do not fit together")
/* clang-format on */

enum finding_code {
#define X(code, name, text) FINDING_##code,
	FINDING_LIST(X)
#undef X
		FINDING_CODES
};

#define FINDING_NO_INDEX UINT64_MAX
#define FINDING_TEXT_MAX 255

struct finding {
	enum finding_code code;
	uint64_t index;                  /* in the log, of the entry that it is about, or FINDING_NO_INDEX */
	char text[FINDING_TEXT_MAX + 1]; /* the text, with the index or what is wrong with the form; no personal data */
};

/* Static; a code off the list gives the first row. */
const char *finding_name(enum finding_code code);
const char *finding_text(enum finding_code code);

/* Fills in `finding` (which may be NULL) and gives E_BAD_PROOF. */
enum error finding_set(struct finding *finding, enum finding_code code, uint64_t index);
/* The same with a reason of its own behind the text: "<text>: <why>". Gives E_BAD_PROOF. */
enum error finding_because(struct finding *finding, enum finding_code code, const char *why);
/* For FINDING_FORM: "<text>: <part>[<item>].<member>: <why>"; `item` FINDING_NO_INDEX and `member` NULL leave theirs
 * out. Gives E_BAD_VALUE. */
enum error finding_form(struct finding *finding, const char *part, uint64_t item, const char *member, const char *why);
