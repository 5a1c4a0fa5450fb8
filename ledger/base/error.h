/* The closed list of errors: everything that can go wrong has one code, one text that says what to
 * do next, and one party whose fault it is. Codes travel on the wire (spec/frame.md) and are never
 * renumbered; new ones are added at the end of their group. ERROR_LIST below is the list: code, number, blame, text.
 *
 * Where a person needs more than the code (which field, which limit), whoever finds the error also fills in a
 * `struct fault`. A fault's text never holds personal data: it may name fields, limits, sequences,
 * indexes and values from closed lists, never an identifier or free text of an event. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))

/* clang-format off */
#define ERROR_LIST(X) \
	/* code               number  blame     text */ \
	X(E_OK,                    0, NOBODY,   "ok") \
	/* decoding */ \
	X(E_TRUNCATED,             1, SENDER,   "the record ends too early; send it whole") \
	X(E_TRAILING,              2, SENDER,   "bytes are left over after the record; send exactly one") \
	X(E_TOO_LONG,              3, SENDER,   "a field is longer than its limit") \
	X(E_BAD_VALUE,             4, SENDER,   "a field holds a value that is not allowed") \
	X(E_NOT_UTF8,              5, SENDER,   "a text is not valid UTF-8; convert it before sending") \
	X(E_NOT_DETERMINISTIC,     6, SENDER,   "the CBOR is not in deterministic form (RFC 8949 section 4.2)") \
	X(E_UNKNOWN_FIELD,         7, SENDER,   "the event has a field that the schema does not know") \
	X(E_MISSING_FIELD,         8, SENDER,   "the event lacks a required field") \
	X(E_BAD_JSON,              9, SENDER,   "the input is not valid JSON") \
	X(E_BAD_XML,              10, SENDER,   "the input is not valid XML") \
	X(E_BAD_SUBJECT,          11, SENDER,   "the subject id is not in canonical form") \
	X(E_POLICY,               12, SENDER,   "the sender's registration does not allow this") \
	X(E_TIME_AHEAD,           13, SENDER,   "the event's time is too far in the future; check the clock") \
	/* frames and sessions */ \
	X(E_FRAME_TOO_LONG,       20, SENDER,   "the frame is longer than the limit; use smaller batches") \
	X(E_FRAME_TYPE,           21, SENDER,   "the frame type is unknown or not expected here") \
	X(E_VERSION,              22, SENDER,   "the protocol version is not supported; update the sender") \
	X(E_WRONG_ORIGIN,         23, MIXED_UP, "this is another ledger than the key file names") \
	X(E_UNKNOWN_SENDER,       24, MIXED_UP, "the sender is not registered; see 'indsigt sender add'") \
	X(E_REVOKED_SENDER,       25, SENDER,   "the sender is revoked") \
	X(E_TIMEOUT,              26, PLACE,    "the frame was not completed in time") \
	X(E_TOO_MANY,             27, PLACE,    "too many connections; try again later") \
	X(E_CLOSED,               28, PLACE,    "the connection was closed") \
	X(E_CERTIFICATE,          29, MIXED_UP, "the sender's registration names client certificates, and this line has shown none of them") \
	/* batches */ \
	X(E_EMPTY_BATCH,          30, SENDER,   "a batch must hold at least one event") \
	X(E_BATCH_TOO_LARGE,      31, SENDER,   "the batch holds more events than the limit") \
	X(E_BAD_SIGNATURE,        32, SENDER,   "the signature does not verify under the registered key") \
	X(E_COMMITMENT,           33, SENDER,   "a commitment does not match its event") \
	X(E_SEQUENCE_HOLE,        34, SENDER,   "the batch does not start at the expected sequence") \
	X(E_EQUIVOCATION,         35, SENDER,   "the sequence was used before for other content; both are kept as evidence") \
	X(E_PERIOD_PASSED,        36, NOBODY,   "the month or the registration changed meanwhile; it is prepared again") \
	X(E_LOST,                 37, OPERATOR, "the ledger has lost these events; keep them and report them again") \
	/* proofs and notes */ \
	X(E_BAD_NOTE,             40, PEER,     "the signed note is malformed") \
	X(E_BAD_CHECKPOINT,       41, PEER,     "the checkpoint is malformed or not signed by the log") \
	X(E_BAD_PROOF,            42, PEER,     "the proof does not verify") \
	X(E_BAD_KEY,              43, MIXED_UP, "the key is malformed") \
	X(E_BAD_VRF,              44, PEER,     "the VRF proof does not verify") \
	/* store and keys */ \
	X(E_IO,                   50, PLACE,    "reading or writing failed, the system does not say why") \
	X(E_FULL,                 51, PLACE,    "the disk or the map is full; make room: a ledger that runs goes on by itself") \
	X(E_NOT_FOUND,            52, PLACE,    "not found") \
	X(E_CORRUPT,              53, OPERATOR, "the store is damaged; run 'indsigt audit'") \
	X(E_LOCKED,               54, PLACE,    "another process holds the ledger; if it is being served, end 'indsigt serve' first") \
	X(E_EXISTS,               55, OPERATOR, "it exists already; choose another place") \
	X(E_GUARD,                56, OPERATOR, "the guard and the store do not fit; see 'indsigt help recovery'") \
	X(E_ROLLED_BACK,          57, OPERATOR, "a sender holds a receipt that this store does not extend; ingest has stopped") \
	X(E_FORMAT,               58, PLACE,    "it has a format that this version does not know; use the version that made it, or begin anew") \
	X(E_UNSEALED,             59, OPERATOR, "a sealed record does not open; it was changed, or its key was") \
	X(E_ERASED,               60, NOBODY,   "the record's key was erased") \
	X(E_PERMISSION,           61, PLACE,    "keys can be read by others; set the mode of key files to 0600, of their directories to 0700; or let 'indsigt own' do it") \
	X(E_CLOCK,                62, PLACE,    "the ledger's clock is far ahead of its log; its operator has to look ('indsigt clock')") \
	X(E_READERS,              63, PLACE,    "too many snapshots of the store are held; end a program that reads it, then try again") \
	X(E_UNWITNESSED,          64, PLACE,    "too few witnesses say whether this store is the newest; try again when they answer") \
	X(E_REPLACED,             65, PLACE,    "the store's files were removed or replaced while it was in use; what was read meanwhile says nothing") \
	X(E_KEYS,                 66, MIXED_UP, "the key environment is not the store's; put the newest keys/env back, see 'indsigt help recovery'") \
	X(E_READ_ONLY,            67, PLACE,    "the disk is read-only; a ledger that waits goes on by itself when it can be written again") \
	X(E_UNREADABLE,           68, OPERATOR, "more events cannot be read than are declared lost without an operator's word; see 'indsigt epoch --help'") \
	X(E_UNFILED,              69, PLACE,    "events that came before wait to be filed, and the log cannot go on without them; try again") \
	/* everything else */ \
	X(E_NO_ROOM,              70, PLACE,    "a buffer is too small") \
	X(E_NO_MEMORY,            71, PLACE,    "out of memory") \
	X(E_USAGE,                72, OPERATOR, "the command line is not understood; see --help") \
	X(E_TOKEN,                73, PLACE,    "the token is missing, expired or not valid") \
	X(E_FORBIDDEN,            74, PLACE,    "the token does not allow this") \
	X(E_STOPPED,              75, PLACE,    "the ledger is stopping") \
	X(E_BUSY,                 76, PLACE,    "the spool is in use by another process") \
	X(E_UNRECORDED,           77, PLACE,    "this could not be put on record, so it is not answered; try again later") \
	X(E_PENDING,              78, PLACE,    "the identity provider is being asked; try again in a moment") \
	X(E_ISSUER,               79, PLACE,    "the identity provider cannot be asked now; try again later") \
	X(E_NOTIFIER,             80, PLACE,    "nobody here tells people of what is new ('indsigt notify'), or it gives no answer now; try again later")
/* clang-format on */

enum error {
#define X(code, number, blame, text) code = number,
	ERROR_LIST(X)
#undef X
};

/* The first five judge: something was looked at, and was found wanting. The last two do not: whoever checks something
 * must never take them for a fault of what was to be checked. */
enum error_blame {
	BLAME_NOBODY,
	BLAME_SENDER,
	BLAME_OPERATOR,
	BLAME_PEER,
	BLAME_LEDGER,
	BLAME_PLACE,    /* memory, disk, network, rights, what is not there: it could not be looked at */
	BLAME_MIXED_UP, /* another ledger, key or sender than the one that was meant */
};

/* Static text; a code off the list gives "unknown error". */
const char *error_text(enum error error);
/* The same for what has just failed: where the error points to the system, what the system says (errno, which the
 * functions that give E_IO leave alone). Static or the thread's own until the next call. */
const char *error_reason(enum error error);
/* What the system's number for a call that failed comes to: E_FULL, E_READ_ONLY, E_NO_MEMORY, else E_IO. */
enum error error_of_system(int number);
/* The code's name without "E_", in lower case with hyphens, as JSON and logs show it: "sequence-hole". */
const char *error_name(enum error error);
/* The code of such a name; E_OK for what is none, or NULL. */
enum error error_named(const char *name);
enum error_blame error_blame(enum error error);
/* Whether something was looked at and found wanting; false for E_OK too. */
bool error_judges(enum error error);

/* The same for all programs, so that a job that runs one can tell a crime from a cable: 1 says that something was
 * looked at and does not hold, or was refused; 4 that it could not be looked at. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,     /* does not hold; refused */
	EXIT_USAGE = 2,       /* the command line is not understood */
	EXIT_PARTLY = 3,      /* something still waits: run it again */
	EXIT_NOT_LOOKED = 4,  /* network, rights, memory, disk, something that is not there */
	EXIT_WRONG_KEY = 5,   /* another ledger, key or sender than the one that was meant */
	EXIT_ROLLED_BACK = 6, /* of `cosign` and indsigt-ingestd, for `serve`: witnesses hold more than the store does */
};

/* As whose fault it is decides; E_USAGE is EXIT_USAGE. */
int error_exit(enum error error);

#define FAULT_TEXT_MAX 255

struct fault {
	enum error error;
	uint32_t event; /* offset in the batch, or FAULT_NO_EVENT */
	char text[FAULT_TEXT_MAX + 1];
};

#define FAULT_NO_EVENT UINT32_MAX

/* Fills in `fault` (which may be NULL) and returns `error`. The text is `format` filled in, cut at
 * FAULT_TEXT_MAX; an empty format gives the error's own text. E_OK is no fault: it is returned, and nothing is set. */
enum error fault_set(struct fault *fault, enum error error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* For what another function gave: E_OK as it is; an error as fault_set, with ": " and its reason (error_reason) behind
 * the text. */
enum error fault_because(struct fault *fault, enum error error, const char *format, ...)
	__attribute__((format(printf, 3, 4), warn_unused_result));

/* What it means that an allocation gave something, or gave NULL: TRY(allocated(text)), and where a fault is to be told
 * TRY(fault_set(fault, allocated(text), "")). */
static inline enum error allocated(bool there)
{
	return there ? E_OK : E_NO_MEMORY;
}

/* Leaves the enclosing function with the first error. Where there is something to do before it is left: E_OK is 0, so
 * `first() ?: second()` is the error of the first that fails, and the second is not done after it. */
#define TRY(expression)                             \
	do {                                            \
		enum error try_error = (expression);        \
		if (__builtin_expect(try_error != E_OK, 0)) \
			return try_error;                       \
	} while (0)
