/* A run: a file of rows in the order of their keys, written once and never changed. spec/store.md
 *
 *   filed/NUMBER   blocks || index
 *   block          rows || check (8);  a row is key || length (4) || value
 *   index          for each table: blocks (8) || for each block: offset (8) || length (4) || its first key; check (8)
 *
 * A block is read whole and its check compared before anything of it is believed, so what a search does not find is not
 * there. Runs are found by the row that says where filing stands (struct run_name): no other is looked at. */
#pragma once

#include "ledger/store/store.h"

enum run_table { RUN_SUBJECT, RUN_LABEL, RUN_MAP, RUN_TABLES };

#define RUN_FOLDER "filed"
#define RUN_KEY_BYTES_MAX 36
#define RUN_CHECK_BYTES 8
#define RUN_ENTRY_BYTES (8 + 4) /* of a block in the index, before its first key */
#define RUN_FILE_NAME_BYTES 24

/* Of each key of the table. */
size_t run_key_bytes(enum run_table table);
void run_file_name(uint64_t number, char out[RUN_FILE_NAME_BYTES]);
/* XXH3 (64 bits), its seed the one of number (8) || offset (8): a block that stands elsewhere does not hold. It is
 * against damage; who changes a run on purpose is found by the map's root. */
void run_check(uint64_t number, uint64_t offset, struct bytes content, uint8_t out[RUN_CHECK_BYTES]);
/* The same of what lies in several pieces. E_NO_MEMORY. */
enum error run_check_parts(
	uint64_t number, uint64_t offset, const struct bytes *parts, size_t count, uint8_t out[RUN_CHECK_BYTES]) MUST_USE;

struct run;

/* Reads and checks the index. E_CORRUPT: it is not there, or not the one that is named. */
enum error run_open(int dir_fd, const struct run_name *name, struct run **out) MUST_USE;
void run_close(struct run *run);
OWN(run, run_close);
/* The whole file into another folder, synced. E_EXISTS, E_IO, E_FULL. */
enum error run_copy(const struct run *run, int dir_fd) MUST_USE;
const struct run_name *run_name_of(const struct run *run);

/* One place in one table. Key and value are borrowed until the next call. Zeroed before the first. */
struct run_cursor {
	const struct run *run;
	enum run_table table;
	bool loaded;
	uint64_t block;
	uint8_t *buffer;
	size_t capacity;
	size_t len;  /* rows in the buffer, in bytes */
	size_t next; /* of the row behind the one it stands on */
	struct bytes key;
	struct bytes value;
};

void run_cursor_end(struct run_cursor *cursor);
/* To the first row at or after the key; empty: the first of all. E_NOT_FOUND: there is none; E_CORRUPT, E_IO. */
enum error run_seek(struct run_cursor *cursor, struct bytes key) MUST_USE;
enum error run_next(struct run_cursor *cursor) MUST_USE;
