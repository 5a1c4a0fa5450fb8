/* Following a log: all its entries by the rules, in order, over verified tiles, from where the rules stand to a signed
 * checkpoint. Audits over tiles end here; mirrors take the tiles on the way. spec/audit.md
 *
 *   tile_reader ─► bundle n ─► log_rules, entry by entry ─► sink: bundle n, tile 0/n, and every tile above that is full
 *                                                        ─► at the checkpoint's size: the partial tiles */
#pragma once

#include "ledger/follow/tile_reader.h"
#include "ledger/log/log_rules.h"

struct follow_hooks {
	void *context;
	/* A tile whose hashes or entries hold; NULL: nobody wants them. Its error ends the following. */
	enum error (*tile)(void *context, const struct tile_path *tile, struct bytes content, struct log_finding *finding);
	/* After each bundle, when all tiles up to rules->state.size that are full were given. Its error ends the following,
	 * as one of the source or the rules does; it sets the finding. NULL: none. */
	enum error (*done)(void *context, const struct log_rules *rules, struct log_finding *finding);
};

/* From rules->state.size, which is at most the checkpoint's, to the checkpoint's size. That the entries before
 * rules->state.size are this log's is the caller's business (follow_extends). E_CORRUPT: something does not hold; the
 * errors of source and hooks. The finding is set with each; after an error of the source, or of `done`, the same rules
 * may follow on; after one of `tile` they stand behind what the hook did not take, and whoever wants it begins again
 * from a state of before. */
enum error follow(struct log_rules *rules, struct tile_reader *reader, const struct follow_hooks *hooks,
	struct log_finding *finding) MUST_USE;

/* Gives the hooks all tiles that the log has more than with `from` entries, whatever the entries say; `done` is not
 * called. As follow. */
enum error follow_copy(
	struct tile_reader *reader, uint64_t from, const struct follow_hooks *hooks, struct log_finding *finding) MUST_USE;

/* What shows others that a log does not begin with the one that was signed for an older checkpoint (fork_write). */
struct follow_fork {
	bool found;
	struct hash old_root;      /* of as many entries as the older one has, in the reader's log */
	struct merkle_proof proof; /* from these to the reader's checkpoint */
};

/* The log of the reader begins with the one of the older checkpoint, whose size is at most as large. E_CORRUPT with
 * `fork->found`: it does not, though both are signed; without: the tiles are not the checkpoint's. */
enum error follow_extends(struct tile_reader *reader, const struct checkpoint *old, struct follow_fork *fork,
	struct log_finding *finding) MUST_USE;
