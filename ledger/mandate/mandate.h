/* What a sender may do beyond reporting for its own organisation, and how: the part of a registration that is no policy
 * of fields. It stands in the sender's entries, signed like the rest, so that everybody sees it. spec/entry.md */
#pragma once

#include "ledger/event/policy.h"
#include "ledger/mandate/source.h"

#include <jansson.h>

#define RIGHT_GRANTS 0x0001   /* may report grants: who may ask for whom */
#define RIGHT_READS 0x0002    /* the ledger's own: reports reads of it, and what people report through it */
#define RIGHT_CONSENTS 0x0004 /* may report consents */

/* One spelling for each: see mandate_valid. All zero: no more than its own organisation's events, at any speed. */
struct mandate {
	char reports_for[REPORTS_FOR_BYTES_MAX + 1]; /* SCHEME:ID SCHEME:ID ..., ascending; may be empty */
	uint32_t events_per_second;                  /* 0: as many as come */
	uint32_t bytes_per_second;                   /* of batch bodies; 0: as many as come */
	uint16_t rights;                             /* RIGHT_... */
	uint8_t certificate_count;
	uint8_t certificates[CERTIFICATES_MAX][32]; /* SHA-256 of a client certificate's SPKI (DER), ascending; none: any
												   line will do */
	struct source source;                       /* what its messages' words mean */
};

#define MANDATE_BYTES_MAX (2 + REPORTS_FOR_BYTES_MAX + 4 + 4 + 2 + 1 + CERTIFICATES_MAX * 32 + 2 + SOURCE_BYTES_MAX)

/* Whether a line may be this sender's on which this certificate's key was shown (NULL: none was). */
bool mandate_takes_line(const struct mandate *mandate, const uint8_t *spki_sha256);

/* reports for (range16) || events a second (4) || bytes a second (4) || rights (2) || certificates (count (1), hashes)
 * || source (range16) */
void mandate_encode(const struct mandate *mandate, struct writer *out);
/* E_BAD_VALUE for what is not mandate_valid. */
void mandate_decode(struct reader *in, struct mandate *out);
/* For lists of fields (bytes.h). */
#define FIELD_WRITE_MANDATE(member) mandate_encode(&record->member, out)
#define FIELD_READ_MANDATE(member) mandate_decode(in, &record->member)
/* Organisations are SCHEME:ID, certificates differ, both stand in ascending order of their bytes, each once, and no
 * right is unknown. */
bool mandate_valid(const struct mandate *mandate);
/* Whether every organisation that its source speaks of is `own` or one that it may report for. */
bool mandate_covers_source(const struct mandate *mandate, const char *own);
bool mandate_equal(const struct mandate *a, const struct mandate *b);

/* Whether `org` stands in `reports_for`. */
bool mandate_names(const struct mandate *mandate, struct bytes org);
/* ---- words ----
 * As in a policy: what a mandate says beyond nothing, one word each, for people and JSON. */

/* "reports-for=SCHEME:ID", "events-per-second=N", "bytes-per-second=N", "grants", "reads", "consents",
 * "certificate=HEX", those of a source (source.h, whose errors are these too); any other is a word of the policy
 * (policy_apply, the same). */
enum error terms_apply(struct policy *policy, struct mandate *mandate, const char *word, struct fault *fault) MUST_USE;
/* One a line, the policy's first; NUL-terminated. */
enum error terms_format(const struct policy *policy, const struct mandate *mandate, struct writer *out) MUST_USE;
#define TERMS_TEXT_MAX \
	24576 /* with the shortest organisations: 512 words of 15 bytes, 40 of fields, 8 of certificates, and a source */
/* A new array of texts; NULL: out of memory. */
json_t *terms_to_json(const struct policy *policy, const struct mandate *mandate);
