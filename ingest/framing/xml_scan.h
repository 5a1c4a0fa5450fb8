/* The tokens of XML, told byte by byte without keeping the bytes, for input that may be anything: it never fails.
 *
 * A '<' within a tag or an attribute is not allowed in XML, so one begins a new tag, whatever was open. Names are
 * compared by their local part. */
#pragma once

#include "ingest/framing/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XML_SCAN_ROOT "AuditMessage"

enum xml_token {
	TOKEN_NONE,
	TOKEN_BLANK,
	TOKEN_TEXT,
	TOKEN_MESSAGE,     /* "<AuditMessage" was read, the tag goes on */
	TOKEN_DECLARATION, /* "<?xml" was read */
	TOKEN_START,
	TOKEN_EMPTY, /* "<a/>" */
	TOKEN_END,
	TOKEN_ASIDE, /* a comment, a processing instruction */
	TOKEN_CDATA,
	TOKEN_DOCTYPE,
	TOKEN_REOPENED /* behind "<!--" in a comment: the one before never ended */
};

struct xml_scan {
	uint8_t mode;
	uint8_t quote;
	uint8_t matched; /* of the name that is looked for; in a comment, of "<!--" */
	uint8_t tail;    /* of "-->", "]]>", "?>" */
	bool closing;    /* the tag ends in '/' */
	bool message;    /* the tag is AuditMessage */
	bool declared;   /* the instruction is the XML declaration */
	uint32_t brackets;
	size_t token;  /* where the token begins */
	size_t futile; /* up to here a comment, CDATA section or instruction is known not to end, and is text */
};

/* The byte at offset `at`. The caller moves `token` and `futile` when it counts from another place. */
enum xml_token xml_scan_feed(struct xml_scan *scan, uint8_t c, size_t at);
/* Forgets the token: what comes is text. */
void xml_scan_reset(struct xml_scan *scan);
bool xml_scan_in_text(const struct xml_scan *scan);
/* A '<' here ends what is open. */
bool xml_scan_in_tag(const struct xml_scan *scan);
/* Behind '<': another one belongs to what follows, and spoils that. */
bool xml_scan_doubled(const struct xml_scan *scan);
/* In a comment or the like, which hides what looks like a message, but only if it ends. */
bool xml_scan_hides(const struct xml_scan *scan);
/* The token may yet begin a message, or hide one. */
bool xml_scan_undecided(const struct xml_scan *scan);

bool xml_name_char(uint8_t c);
