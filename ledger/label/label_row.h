/* A row of the label stream: what an accredited auditor is told of one event. spec/epoch.md
 *
 *   log index (8) || label (32) || blind of the subject's tree (32) || blind of the filing tree (32) */
#pragma once

#include "ledger/label/label.h"

#define LABEL_ROW_BYTES (8 + LABEL_BYTES + 2 * HASH_BYTES)

struct label_row {
	uint64_t index; /* in the log */
	struct label label;
	struct hash subject_blind;
	struct hash filing_blind;
};

void label_row_encode(const struct label_row *row, uint8_t out[LABEL_ROW_BYTES]);
/* Any bytes are a row. */
void label_row_decode(const uint8_t in[LABEL_ROW_BYTES], struct label_row *out);
