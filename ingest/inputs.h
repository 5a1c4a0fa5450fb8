/* Which messages of which input a spool has taken: for each input the list of 8-byte message hashes, in order.
 *
 * A list lives in two places: its head in a file of its own in the spool's directory (8 bytes a message), its tail in
 * memory, where it came from the journal. inputs_persist moves tails to the files before the journal that holds them
 * is replaced. A file may be longer than its list, or hold newer hashes than the journal knows, after a crash: only
 * what the journal's state says counts, and replaying the journal writes the rest again. Short lists never
 * get a file: a directory of many files with one message each stays small. */
#pragma once

#include "ledger/hash.h"

struct inputs;

/* `dir_fd` is borrowed for the life of the inputs. */
enum error inputs_new(int dir_fd, struct inputs **out) MUST_USE;
void inputs_free(struct inputs *inputs);

/* True if message `number` (from 0) of the input is in its list with this hash. */
enum error inputs_match(struct inputs *inputs, uint64_t input, uint64_t number, uint64_t hash, bool *out) MUST_USE;
/* Length of the list. */
uint64_t inputs_count(const struct inputs *inputs, uint64_t input);
/* Puts message `number` on the list; from `number` on what was there before is forgotten. Beyond the list's end:
 * E_CORRUPT. */
enum error inputs_put(struct inputs *inputs, uint64_t input, uint64_t number, uint64_t hash) MUST_USE;
/* Forgets the whole list. */
void inputs_forget(struct inputs *inputs, uint64_t input);

/* Writes long tails to their files and syncs them. */
enum error inputs_persist(struct inputs *inputs) MUST_USE;
/* The state that the journal keeps, after inputs_persist: count (4) || times: input (8) || in file (8) || tail count
 * (4) || tail hashes (8 each). */
size_t inputs_encoded_bytes(const struct inputs *inputs);
void inputs_encode(const struct inputs *inputs, struct writer *out);
/* Into fresh inputs. Form errors stick in the reader. */
enum error inputs_decode(struct reader *in, struct inputs *inputs) MUST_USE;
