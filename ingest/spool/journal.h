/* The journal: one append-only file of checked records, the memory of a sender's spool.
 *
 *   record: type (1, not 0) || body length (4) || place of the secret in the body (4, all ones: none) || body ||
 *           secret check (8) || check (16)
 *
 * The check is BLAKE2b over the record without the secret's 32 bytes, which have a check of their own: so a secret
 * can be destroyed in place and the record stays good. A file that a crash cut short, or whose last blocks never
 * reached the disk, ends at the last record that checks; what stands behind it is cut off on opening. What does not
 * check and has good records behind it is damage: it is passed over, and counted.
 *
 * Appending writes to memory; journal_sync makes everything appended durable with one write and one fdatasync. When the
 * disk is full (E_FULL) nothing is forgotten: what is not durable is still in memory, and the same call writes it
 * again; a sync of so much that memory no longer holds all of it (some MiB) fails as below instead. After any other
 * failed write or sync nothing is known about the file's tail: every later call fails the same way and the caller ends;
 * the next open recovers. */
#pragma once

#include "ledger/base/hash.h"

#define JOURNAL_HEAD_BYTES 9
#define JOURNAL_TAIL_BYTES 24
#define JOURNAL_NO_SECRET UINT32_MAX
#define JOURNAL_SECRET_BYTES 32

/* Invariant: handed <= buffered; synced <= end; all before end - buffered was handed to the kernel. */
struct journal {
	int fd;
	uint64_t end;     /* where the next record goes */
	uint64_t synced;  /* everything before is durable */
	uint64_t damaged; /* bytes that were passed over on opening */
	uint8_t *buffer;  /* the bytes from end - buffered to end */
	size_t buffered;
	size_t handed; /* of them, those at the start that the kernel has */
	bool let_go;   /* it has more that is not durable: a sync that fails cannot be made again */
	size_t capacity;
	enum error error; /* the first failure */
};

struct journal_record {
	uint8_t type;
	uint64_t at;        /* offset of the record in the file */
	uint32_t secret_at; /* in the body, or JOURNAL_NO_SECRET */
	bool secret_intact; /* false once it was wiped, or when it never got there whole */
	bool behind_damage; /* what it refers to may be missing */
	struct bytes body;  /* borrowed for the time of the call */
};

typedef enum error journal_visit(void *context, const struct journal_record *record);

/* An empty file in the directory, 0600; one that is there is emptied. */
enum error journal_create(int dir_fd, const char *name, struct journal *out) MUST_USE;
/* Opens and replays: `visit` sees every good record in order; what follows them is cut off. E_NOT_FOUND, E_IO,
 * E_NO_MEMORY, E_CORRUPT (the first record is damaged), or what `visit` returned. */
enum error journal_open(
	int dir_fd, const char *name, journal_visit *visit, void *context, struct journal *out) MUST_USE;
/* Forgets what was appended and not synced. Fit for __attribute__((cleanup)); a journal with fd -1 is closed. */
void journal_close(struct journal *journal);

/* Appends a record whose body is the concatenation of `parts`; `at` (may be NULL) gets its offset. */
enum error journal_append(struct journal *journal, uint8_t type, const struct bytes *parts, size_t count,
	uint32_t secret_at, uint64_t *at) MUST_USE;
/* Hands everything appended to the kernel. */
enum error journal_write(struct journal *journal) MUST_USE;
enum error journal_sync(struct journal *journal) MUST_USE;
/* Reads `len` bytes of the body of the record at `at`, from `skip` on. */
enum error journal_read(struct journal *journal, uint64_t at, size_t skip, void *out, size_t len) MUST_USE;
/* Overwrites the secret of the record at `at`; durable with the next sync. */
enum error journal_wipe(struct journal *journal, uint64_t at, uint32_t secret_at) MUST_USE;
/* Cuts off the record at `at` and all behind it; nothing may wait unsynced. */
enum error journal_cut(struct journal *journal, uint64_t at) MUST_USE;
