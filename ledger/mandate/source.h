/* What a registration knows about where a sender's messages come from: what the sender's own words mean that say
 * nothing by themselves. Readers of messages guess nothing; what is said here, signed and shown to everybody, is no
 * guess. spec/entry.md
 *
 *   authority=SYSTEM                  whose numbers those are that come without an authority
 *   namespace=NAME=SYSTEM             whose numbers a local name stands for: 4711^^^NAME, or the system NAME
 *   role=TEXT                         the role of who acted where the message says none
 *   from=KIND:ID=ORG=ORG NAME=SYSTEM  which organisation and system it is that reports as ID; KIND: source (the
 * message's own word for its system), certificate (SHA-256 of a public key, SPKI) or address identifiers-in=FIELD a
 * text of an event in which people's numbers are to be expected
 *
 * SYSTEM is an OID, or an absolute URI in its one spelling (subject_system.h). */
#pragma once

#include "ledger/base/bytes.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"

/* One spelling: a word a line, ascending by bytes, each of what it speaks of once. All zero: nothing is known. */
struct source {
	char words[SOURCE_BYTES_MAX + 1];
};

bool source_valid(const struct source *source);
/* range16. What is not source_valid is the reader's E_BAD_VALUE. */
void source_encode(const struct source *source, struct writer *out);
void source_decode(struct reader *in, struct source *out);
/* Adds a word; `*taken` is false if it is none of these. E_BAD_VALUE (the fault says what the word may be, or that
 * something else is said of the same), E_TOO_LONG. */
enum error source_apply(struct source *source, const char *word, bool *taken, struct fault *fault) MUST_USE;

/* Empty where nothing is said of it; else borrowed. */
struct bytes source_authority(const struct source *source);
struct bytes source_namespace(const struct source *source, struct bytes name);
struct bytes source_role(const struct source *source);
/* Whether people's numbers are to be expected in the text of this path. */
bool source_expects_numbers(const struct source *source, struct bytes path);

/* Who reports as somebody. Borrowed. */
struct source_origin {
	struct bytes org; /* SCHEME:ID */
	struct bytes org_name;
	struct bytes system;
};

/* `kind`: "source", "certificate" or "address". False: nothing is said of it. */
bool source_origin(const struct source *source, const char *kind, struct bytes id, struct source_origin *out);
/* The organisations that it speaks of, one after the other: `*at` is 0 at first. False: there are no more. */
bool source_next_org(const struct source *source, size_t *at, struct bytes *org);
