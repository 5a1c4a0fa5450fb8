/* A fingerprint: some bytes of a file and where they stand, kept as a keyed hash, so that it says nothing of them. With
 * one of a file's beginning and one of what stands before the place that it was read to, a file is known again whatever
 * it is called, and whatever its inode has become. spec/sender.md, Followed files */
#pragma once

#include "ledger/base/bytes.h"

#define PRINT_BYTES 1024u
/* Of fewer many files begin alike: a copy is not known by them. */
#define PRINT_BYTES_MIN 32u

/* Keyed, of 8 bytes; never says what was hashed. */
struct print_key {
	uint64_t (*hash)(void *context, struct bytes text);
	void *context;
};

/* `bytes` bytes that end at `end`; none: any file has it. */
struct print {
	uint64_t end;
	uint32_t bytes;
	uint64_t hash;
};

/* Of the last bytes of `text`, which ends at `end` in its file. */
struct print print_of(const struct print_key *key, struct bytes text, uint64_t end);
/* E_OK: the file has these bytes there. E_NOT_FOUND: it has others, or ends before. E_IO: nobody knows (errno). */
enum error print_look(const struct print_key *key, const struct print *print, int fd) MUST_USE;
