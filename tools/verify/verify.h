/* What the parts of 'indsigt verify' share: one file each for statements, filing proofs, forks, proof files and
 * receipts. */
#pragma once

#include "ledger/proof/anchor.h"
#include "tools/show/output.h"
#include "tools/show/table.h"
#include "tools/verify/verify_words.h"

/* Everything is borrowed for as long as the call takes. What is NULL was not asked for, and is told as not proven. */
struct verify_call {
	struct bytes text; /* the file, all of it: at most STATEMENT_BYTES_MAX */
	struct vkey log;
	const char *subject;                 /* canonical, or NULL */
	const struct witness_policy *policy; /* or NULL */
	const struct vkey *auditor;          /* or NULL */
	const struct verify_words *words;
	bool json;
	uint64_t now_s; /* only to say that a date has passed since */
	FILE *out;
};

/* Each verifies the whole file and prints what it proves. What does not hold is left in `finding` and not printed:
 * E_BAD_VALUE, E_BAD_PROOF. Else E_NO_MEMORY, E_IO. */
enum error verify_statement(const struct verify_call *call, struct finding *finding) MUST_USE;
enum error verify_filing(const struct verify_call *call, struct finding *finding) MUST_USE;
enum error verify_fork(const struct verify_call *call, struct finding *finding) MUST_USE;
enum error verify_tlog_proof(const struct verify_call *call, struct finding *finding) MUST_USE;
/* `number`: the receipt that does not hold, from 1. */
enum error verify_receipts(const struct verify_call *call, struct finding *finding, uint64_t *number) MUST_USE;

/* Finds out what the file is, verifies it, and prints what it proves or the first thing that does not hold, and what to
 * exit with in `out`. E_USAGE (and the fault) for an option that asks for a check which such a file has no place for:
 * no check that was asked for is left out. Else E_NO_MEMORY, E_IO. */
enum error verify_file(const struct verify_call *call, enum exit_code *out, struct fault *fault) MUST_USE;

/* "2026-11-23 12:04:05 UTC"; a midnight as its date alone. */
#define VERIFY_TIME_MAX 32
void verify_time(uint64_t time_s, char out[VERIFY_TIME_MAX]);
/* Who cosigned, or what is not proven without a policy. */
void verify_witnesses(const struct witnessed *witnessed, const struct verify_call *call);
/* `json`, or NULL (and it is given up) when something could not be added to it: half an answer is none. */
json_t *verify_json_whole(json_t *json, bool failed);
/* `json` with the members of `more` behind its own; takes both, and gives NULL if one is missing. */
json_t *verify_json_with(json_t *json, json_t *more);
