/* DIR/gateway.json: the gateway that 'indsigt serve' runs. spec/gateway.md
 *
 *     {"key": "gateway/key.json", "syslog": "127.0.0.1:6514", "fhir": "127.0.0.1:7516"}
 *
 * Its members are options of 'indsigt gateway' by their names, a flag as true. A file or folder is named from DIR. What
 * `serve` says itself (where the ledger is, whom to believe there, as which user) is refused. */
#pragma once

#include "ledger/options/options.h"

#define GATEWAY_FILE "gateway.json"
#define GATEWAY_FILE_DOORS 3u
extern const char *const gateway_file_doors[GATEWAY_FILE_DOORS];
#define GATEWAY_FILE_WORDS_MAX (2u * OPTION_ROWS_MAX)

/* The words of a command line. */
struct gateway_file {
	char *words[GATEWAY_FILE_WORDS_MAX];
	size_t count;
};

/* E_BAD_JSON, E_BAD_VALUE, E_UNKNOWN_FIELD, E_MISSING_FIELD (key, a door), E_IO, E_NO_MEMORY. What was read until then
 * is in *out all the same: it is freed either way. */
enum error gateway_file_read(const char *dir, struct gateway_file *out, struct fault *fault) MUST_USE;
void gateway_file_free(struct gateway_file *file);
