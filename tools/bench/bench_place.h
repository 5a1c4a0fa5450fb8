/* Where `indsigt bench` works: a directory with a fresh ledger, the keys of its senders, and `indsigt serve` on it. */
#pragma once

#include "ledger/note/note.h"
#include "ledger/text/address.h"
#include "tools/command/child.h"

struct bench_place {
	char dir[CHILD_PATH_MAX / 4];    /* of it all */
	char ledger[CHILD_PATH_MAX / 2]; /* dir/ledger */
	bool temporary;                  /* removed at the end */
	struct vkey vkey;
	struct child serve;
	char ingest[ADDRESS_TEXT_MAX + 1];
	char query[ADDRESS_TEXT_MAX + 1];
	pid_t ingestd;
	pid_t queryd;
	uint64_t ingestd_kib; /* most anonymous memory that was seen */
	uint64_t queryd_kib;
};

/* Makes the directory (a temporary one for NULL, else one that is not there yet), the ledger and `senders` registered
 * senders with key files dir/1.json and so on, and starts serving, with the
 * daemons' messages in dir/log. Call bench_place_close also after an error. */
enum error bench_place_open(const char *dir, uint32_t senders, struct bench_place *out, struct fault *fault) MUST_USE;
/* Looks how much memory the daemons have. */
void bench_place_sample(struct bench_place *place);
/* Ends serve and removes what is temporary. */
void bench_place_close(struct bench_place *place);
