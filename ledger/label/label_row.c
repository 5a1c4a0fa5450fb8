/* Fixed places and no judgement: whether a row fits the log is for the audit to say, and any bytes are some row. The
 * index stands first, so that a stream can be cut at any row and put in order without reading further. */
#include "ledger/label/label_row.h"

void label_row_encode(const struct label_row *row, uint8_t out[LABEL_ROW_BYTES])
{
	put_u64(out, row->index);
	memcpy(out + 8, row->label.b, LABEL_BYTES);
	memcpy(out + 8 + LABEL_BYTES, row->subject_blind.b, HASH_BYTES);
	memcpy(out + 8 + LABEL_BYTES + HASH_BYTES, row->filing_blind.b, HASH_BYTES);
}

void label_row_decode(const uint8_t in[LABEL_ROW_BYTES], struct label_row *out)
{
	out->index = get_u64(in);
	memcpy(out->label.b, in + 8, LABEL_BYTES);
	memcpy(out->subject_blind.b, in + 8 + LABEL_BYTES, HASH_BYTES);
	memcpy(out->filing_blind.b, in + 8 + LABEL_BYTES + HASH_BYTES, HASH_BYTES);
}
