/* Following a log: all its entries by the rules, in order, over verified tiles, from where the rules stand to a signed
 * checkpoint. Audits over tiles end here; mirrors take the tiles on the way. spec/audit.md
 *
 *   tile_reader ─► bundle n ─► log_rules, entry by entry ─► sink: bundle n, tile 0/n, and every tile above that is full
 *                                                        ─► at the checkpoint's size: the partial tiles */
#pragma once

#include "ledger/log_rules.h"
#include "ledger/tile_reader.h"

struct follow_hooks {
	void *context;
	/* A tile whose hashes or entries hold; NULL: nobody wants them. Its error ends the following. */
	enum error (*tile)(void *context, const struct tile_path *tile, struct bytes content, struct log_finding *finding);
	/* After each bundle, when all tiles up to rules->size that are full were given. Its error ends the following, as
	 * one of the source or the rules does; it sets the finding. NULL: none. */
	enum error (*done)(void *context, const struct log_rules *rules, struct log_finding *finding);
};

/* From rules->size, which is at most the checkpoint's, to the checkpoint's size. That the entries before rules->size
 * are this log's is the caller's business (follow_extends). E_CORRUPT: something does not hold; the errors of source
 * and hooks. The finding is set with each; after any but E_CORRUPT and E_NO_MEMORY the same rules may follow on. */
enum error follow(struct log_rules *rules, struct tile_reader *reader, const struct follow_hooks *hooks,
	struct log_finding *finding) MUST_USE;

/* The log of the reader begins with the one of the older checkpoint (whose size is at most as large). E_CORRUPT when it
 * does not: then `old_root` and `proof` show it to others (fork_write), if they are not NULL. */
enum error follow_extends(struct tile_reader *reader, const struct checkpoint *old, struct hash *old_root,
	struct merkle_proof *proof, struct log_finding *finding) MUST_USE;
