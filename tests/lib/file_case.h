/* Filing proofs, files about what is lost, proof files and receipts, each made for one case; with INDSIGT_WRITE_VECTORS
 * set they are written to tests/vectors. */
#pragma once

#include "tools/verify/receipt_file.h"

enum page { FILING, LOST, PROOF_FILE, RECEIPTS };

struct file_case {
	enum page page;
	const char *name;
	const char *about;
	enum finding_code finding;
	char *(*make)(void); /* the text, to be freed */
};

/* As text, to be freed; `json` is given up. */
char *dump(json_t *json);
/* `text` with the first `from` as `to`: to be freed, and `text` is freed. */
char *replaced(char *text, const char *from, const char *to);
/* The proof file of an entry; to be freed. */
char *proof_file(uint64_t index);
/* Builds the case's ledger, and holds its file against what it says. */
void check_case(const struct file_case *one);
