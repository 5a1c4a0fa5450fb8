/* What cannot be a row yet: a message that is too long for memory, or all that a pipe brings in another format, which
 * is whole only when the pipe ends. spec/sender.md, SND-28
 *
 *   piece ─► SPOOL/kept-MARK.part, with the head of its row ─► ... ─► the last one: a row of refused ones ─► removed
 *
 * A pipe brings its bytes once, so each is durable there as it comes. A run that is killed, or has no room for the row,
 * leaves the file, and the next one makes the row of it. The row ends with the mark, so that one that is there already
 * is not written a second time. What is read again anyway (a file, a caller without an answer) is not kept so.
 *
 * One run at a time has a spool. Personal data: 0600, in a directory of 0700. */
#pragma once

#include "ledger/base/file.h"
#include "tools/send/rejected.h"

/* Invariant: `fd` is a file of `at` + `len` bytes, of which the first `at` are the head. Zero: nothing is kept. */
struct kept {
	bool is_open;
	int fd;
	char *path; /* its own; NULL: there is no file */
	char mark[17];
	bool once; /* nobody brings it again */
	bool row;  /* it is a row of refused ones itself */
	uint64_t at;
	uint64_t len;
};

/* The first piece makes the file in `spool`; `head` is the row that a later run makes of it (its texts are not kept).
 * All of the piece or nothing: E_FULL, E_IO, E_NO_MEMORY, E_USAGE (a name that is too long). */
enum error kept_add(struct kept *kept, const char *spool, const struct refused *head, struct bytes piece) MUST_USE;
/* Room for the next piece, so that what is read has a place. E_FULL. */
enum error kept_reserve(struct kept *kept, size_t bytes) MUST_USE;
/* The row, durable; then the file is removed. With an error both are as they were. */
enum error kept_finish(struct kept *kept, struct rejected *rejected, const struct refused *refused) MUST_USE;
/* Lets go of it: what comes once stays for the next run, the rest is removed. */
void kept_close(struct kept *kept);

/* Before anything is refused: what earlier runs left becomes rows. `out` counts them. */
enum error kept_hand_back(const char *spool, struct rejected *rejected, uint64_t *out) MUST_USE;
/* How many bytes wait for that. */
uint64_t kept_left(const char *spool);
