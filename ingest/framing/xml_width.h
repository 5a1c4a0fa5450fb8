/* UTF-16 in an input that is cut byte by byte: which width its characters have, and where that changes.
 *
 * A feed may be in UTF-16 as a whole, or a program that writes it may append to what others wrote; and where a byte is
 * lost the rest is out of step. So the beginning of a message in another width, or out of step, is looked for as bytes:
 * no XML has a NUL, so it cannot be part of what is open there.
 *
 * Text of one byte order is text of the other one, read a byte further on, as long as its characters are below U+0100:
 * "<\0A\0" and "\0<\0A". Which one it is, and with it what the others are, only a byte order mark says, or the
 * declaration of the message. What neither says is read where both readings are the same, and else refused. */
#pragma once

#include "ledger/base/bytes.h"

enum xml_width { XML_BYTES, XML_LITTLE, XML_BIG };

struct xml_turns {
	enum xml_width width; /* of what stands at the start of the input */
	bool begun;           /* not at the start of all input any more */
	bool half;            /* the last character is one byte, and its other one is lost */
	bool sure;            /* a byte order mark has said it, and nothing has been out of step since */
	bool marked;          /* one stands where the next width begins */
	bool broken;          /* what was given out last ends within something, were it in little endian */
	size_t seen;          /* no other width begins before this byte */
};

/* Looks on, as far as can be told. True: at `seen` a message begins in the width `out`, as it has not so far. */
bool xml_turns_look(struct xml_turns *turns, struct bytes input, bool ended, enum xml_width *out);
/* What begins at the start of the input is in this width. */
void xml_turns_take(struct xml_turns *turns, enum xml_width width);
/* A piece was given out, with `turn` up to where xml_turns_look has seen a message begin at the latest. */
void xml_turns_gave(struct xml_turns *turns, struct bytes piece, bool turn);
/* In UTF-16 the character at `at` of so many characters: its byte if it is ASCII, 0xEF for a byte order mark in UTF-16,
 * else a byte that is none of ASCII. */
uint8_t xml_turns_unit(const struct xml_turns *turns, struct bytes units, size_t at);

/* Whether the message, which is in this width of UTF-16, says something else if the byte order is another one: it has
 * other characters than the first 256, and does not declare its order. */
bool xml_order_matters(struct bytes message, enum xml_width width);
