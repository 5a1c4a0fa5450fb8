/* How much of an input is kept in memory, however it is built: what is longer comes out in pieces. */
#pragma once

/* Of a message in one piece, and of a FHIR document, which may be a Bundle. */
#define FRAMING_BYTES_MAX 1048576u
#define FRAMING_DOCUMENT_BYTES_MAX 16777216u
/* How far back a place is remembered that may turn out to be where a message begins. */
#define DOUBT_BYTES_MAX 65536u
/* Bytes that are looked back over in one document: some, and so many for each of its own; a Bundle takes one. */
#define LOOKED_FREE 262144u
#define LOOKED_EACH 8u
/* Before a value, for the name that it stands behind. */
#define BEFORE_BYTES_MAX 32u
/* Brackets in each other: one bit each. FHIR has some twenty. */
#define JSON_SCAN_DEPTH_MAX 128u
/* Of a string that may be a name that framing knows; the longest has twelve. */
#define JSON_SCAN_TEXT_BYTES 16u
/* Longer names are none that is looked for. */
#define XML_SCAN_NAME_MAX 64u
/* So many '<' spoil the message behind them; more are text. */
#define DOUBLED_MAX 8u
/* Of the beginning of an input, to see what it looks like. */
#define LOOKS_BYTES 65536u
/* Of the length before a syslog message, without zeros in front; what has more goes up to the next message. */
#define SYSLOG_COUNT_DIGITS 8u
/* With the zeros. */
#define SYSLOG_COUNT_BYTES 20u
