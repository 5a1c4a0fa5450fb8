/* Framing: cutting an input into messages, whatever has happened to it. spec/adapters.md, "Framing"
 *
 *   bytes ─► framing_next ─► between │ message │ message │ between │ message ...
 *
 * Every byte of the input comes out in exactly one piece, in order, and where the pieces end does not depend on how the
 * input was cut into reads. One damaged message costs one message: what is open ends at the next place where a message
 * can begin, and is given out as it is, for the reader to refuse.
 *
 *   json   a line is a message; what stands behind a block of NULs is on a line of its own.
 *   otlp   the same; a line may hold many records (ingest/otlp/otlp_parts.h).
 *   cadf   the same.
 *   fhir   JSON documents, on one line or many, also as elements of an array. A document that is no JSON any more, or
 *          cut off, ends where a line that is not indented further than its own begins with an AuditEvent or Bundle, an
 *          object that is a line, or '['; within a line where an object begins that says, on this line, that it is an
 *          AuditEvent or Bundle. What is no object ends with its line, or there.
 *   dicom  XML elements whose local name is AuditMessage; any element directly around them is a wrapper. A message that
 *          is not closed ends at the next `<?xml` or `<AuditMessage`; within comments, CDATA and processing
 *          instructions these do not count, unless those never end, or a comment begins within another one. Other text
 * ends with its line.
 *   syslog a length, a space and so many bytes; or a line that begins with a priority ("<85>"), and goes on as long as
 * the XML or JSON in it is open and no line begins with another one. What begins with neither goes up to the next that
 * does.
 *
 * Pure: it owns no memory and reads nothing; the caller keeps the bytes from the last piece's end on. */
#pragma once

#include "ingest/framing/json_scan.h"
#include "ingest/framing/xml_scan.h"
#include "ingest/framing/xml_width.h"
#include "ingest/message/adapter.h"

enum framing_kind {
	FRAMING_NOTHING, /* more input is needed, or there is none */
	FRAMING_BETWEEN, /* white space, byte order marks, comments, XML declarations, wrappers, brackets of an array */
	FRAMING_MESSAGE, /* whole */
	FRAMING_PART,    /* of a message longer than the limit; the next piece goes on with it */
	FRAMING_LAST     /* the end of such a message; may be empty */
};

enum framing_more {
	FRAMING_MORE, /* will come */
	FRAMING_IDLE, /* not now: a document that is closed need not wait for what stands behind it */
	FRAMING_ENDED
};

/* Why what stands in a piece of syslog is no whole message. */
enum framing_why {
	FRAMING_WHOLE,
	FRAMING_CUT,      /* the input ended within its length */
	FRAMING_FRAGMENT, /* it begins with neither a length nor a priority */
	FRAMING_LENGTH,   /* with a length that no message has */
	FRAMING_NO_SPACE  /* with a length and no space */
};

struct framing_piece {
	enum framing_kind kind;
	struct bytes text; /* at the start of the input */
	bool bundle;       /* FRAMING_MESSAGE: a FHIR Bundle */
	bool cut;          /* it never ended: another message began, or the input ended */
	bool encoded;      /* a declaration that stands outside, before a wrapper, says that it is not in UTF-8 */
	enum xml_width width;
	bool sure; /* of the byte order */
	enum framing_why why;
	uint64_t announced; /* the length that stood before it; 0: none */
};

#define FRAMING_NOWHERE UINT32_MAX

struct framing_json {
	struct json_scan scan;
	size_t line_indent; /* blank bytes at the start of the line */
	bool in_indent;     /* nothing but blanks so far on it */
	size_t indent;      /* of the document's own line */
	size_t end;         /* behind its last brace */
	bool bundle;
	bool array;      /* an array around the documents is open */
	bool behind;     /* a document closed, and something else stands behind it on its line */
	bool nul;        /* nothing but blanks stand between the last NUL and here */
	bool trial;      /* behind a broken document: an object is scanned that may be a message */
	bool one_line;   /* that one has been on one line so far */
	size_t inner;    /* an AuditEvent within one: not before the other is broken is it clear which is right */
	size_t marker;   /* where `"resourceType":"..."` may begin */
	uint8_t matched; /* how much of it was seen */
	uint8_t word;    /* of the types: which one it may be */
	uint64_t fed;    /* bytes of the document */
	uint64_t looked; /* bytes that were looked back over for where objects begin */
	/* By depth: where an open object began that may turn out to be a new document; FRAMING_NOWHERE: it may not. */
	uint32_t starts[JSON_SCAN_DEPTH_MAX + 1];
};

struct framing_xml {
	struct xml_scan scan;
	struct xml_turns turns;
	bool opened; /* the start tag of the message is complete */
	bool only_starts;
	bool behind;          /* a message closed, and something else stands behind it on its line */
	bool row;             /* a line of refused messages */
	bool encoded;         /* the last declaration names another encoding than UTF-8 */
	bool wrapped_encoded; /* so does the one before the wrapper */
	size_t start;         /* 0: the message will begin with its declaration; SIZE_MAX: there is none */
	size_t end;
	uint32_t depth;    /* of another element */
	uint32_t wrappers; /* open around the messages */
};

struct framing_syslog {
	struct xml_scan xml;
	struct json_scan json;
	uint64_t announced; /* bytes of a counted message */
	uint64_t left;      /* of them still to come */
	uint64_t offset;    /* within the document */
	size_t fed;         /* up to here the document was looked at */
	uint32_t depth;     /* of its elements */
	uint8_t kind;       /* of the document */
	uint8_t last;       /* byte of a fragment that was no blank */
	bool closed;        /* the document has ended */
	enum framing_why why;
};

struct framing {
	enum adapter_format format;
	size_t max;
	size_t at;     /* looked at so far */
	uint8_t state; /* of the format's machine */
	bool is_long;
	union { /* the format's own */
		struct framing_json json;
		struct framing_xml xml;
		struct framing_syslog syslog;
	};
};

void framing_begin(struct framing *framing, enum adapter_format format);
/* The input, which is kept until its end, is one message that was refused, without its frame. For the formats whose
 * messages have no frames it changes nothing. */
void framing_whole(struct framing *framing);
/* The piece at the start of `input`, which must begin where the last piece ended and hold at least what it held then.
 * It never has to be longer than framing->max + 1 for a piece to come out; for DICOM than twice that and 32, for
 * syslog than that and 32. */
void framing_next(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out);

/* True if what was given out has no say in what comes: framing that begins here cuts the rest in the same way. Of FHIR
 * and DICOM only at the start of a line. */
bool framing_is_fresh(const struct framing *framing);

/* Whether a byte order mark stands at `at`: 3, 0, or SIZE_MAX if only more input can tell. */
size_t framing_mark(struct bytes input, size_t at, enum framing_more more);
/* For the formats' machines: gives out the first `len` bytes. True, as they say of a piece. */
bool framing_give(
	struct framing *framing, enum framing_kind kind, struct bytes input, size_t len, struct framing_piece *out);
/* The message ends before `end`; blanks at its end are left for what comes between. */
bool framing_give_message(struct framing *framing, struct bytes input, size_t end, bool cut, struct framing_piece *out);
/* Likewise, with the blanks. */
bool framing_end_message(struct framing *framing, struct bytes input, size_t len, bool cut, struct framing_piece *out);
bool framing_json_next(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out);
bool framing_xml_next(struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out);
bool framing_syslog_next(
	struct framing *framing, struct bytes input, enum framing_more more, struct framing_piece *out);
/* What is told of a piece that is no whole message: E_OK for one that is, E_TRUNCATED if it was cut, E_TRAILING if it
 * is a fragment. */
enum error framing_syslog_why(const struct framing_piece *piece, struct fault *fault) MUST_USE;
