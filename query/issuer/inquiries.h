/* What an issuer said about opaque tokens (RFC 7662), and which it is to be asked about: a pure machine, as provider.h.
 * spec/identity.md
 *
 *   WAITING ─► ASKED ─► KNOWN (for INQUIRY_KEPT_MS, and never beyond the token's end)
 *       └──────────┴──► FAILED (for INQUIRY_PACE_MS)
 *
 * One question for all who show the same token. A token is known by a keyed hash; its text is kept, and wiped, only
 * until it was asked about. */
#pragma once

#include "ledger/base/hash.h"
#include "query/claims/role.h"
#include "query/token/jws.h"

#define INQUIRIES_MAX 256u
#define INQUIRY_KEPT_MS 30000u /* a token that is taken back is believed that long */
#define INQUIRY_PACE_MS 5000u
#define INQUIRY_WAIT_MS 10000u /* WAITING: as long as an answer may take */
#define INQUIRY_ANSWER_BYTES_MAX 65536u

struct inquiry {
	enum { INQUIRY_FREE, INQUIRY_WAITING, INQUIRY_ASKED, INQUIRY_KNOWN, INQUIRY_FAILED } state;
	struct hash hash;
	char *token;         /* WAITING */
	uint64_t since_ms;   /* WAITING: it was shown; else it was asked about */
	enum error error;    /* KNOWN: E_OK, E_TOKEN or E_FORBIDDEN */
	struct identity who; /* E_OK */
	struct fault fault;  /* otherwise; FAILED */
};

struct inquiries {
	struct key key; /* random */
	struct inquiry list[INQUIRIES_MAX];
};

void inquiries_init(struct inquiries *inquiries);
/* Wipes all of it. */
void inquiries_clear(struct inquiries *inquiries);

/* The word on a token: as in KNOWN; E_PENDING: come again, `*asks`: there is something new to be asked; E_ISSUER: it
 * could not be asked; E_NO_MEMORY. */
enum error inquiries_look(struct inquiries *inquiries, const char *token, uint64_t now_ms, uint64_t now_s,
	struct identity *out, bool *asks, struct fault *fault) MUST_USE;
/* Those that waited for too long have failed: an issuer that hangs lets nobody wait for all who came before. Gives
 * whether there were any. */
bool inquiries_expire(struct inquiries *inquiries, uint64_t now_ms);
/* The next that waits, or NULL. */
struct inquiry *inquiries_next(struct inquiries *inquiries);
/* It goes out now: the text is the caller's, to be wiped and freed. */
char *inquiry_begin(struct inquiry *inquiry, uint64_t now_ms);
void inquiry_know(struct inquiry *inquiry, enum error error, const struct identity *who, const struct fault *fault);
/* Also of one that waits. */
void inquiry_fail(struct inquiry *inquiry, uint64_t now_ms, const char *why);
