/* The writer asks its witnesses before it signs; who only reads asks them through the same door, and gets the same
 * verdict. So "is this the newest store?" has one answer, whoever asks: before a start, by `cosign --check`, or in
 * `recover`.
 *
 * What a witness shows is compared in a snapshot that is taken anew for each: the store may grow meanwhile, and a
 * checkpoint that it has reached by then is no reason for an alarm. */
#include "tools/cosign/archive_door.h"

#include "ingest/net/asking.h"

/* The one question that a door asks of a store: does this signed note lie in your history? */
static enum error extends(void *context, struct bytes note)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	TRY(snapshot_begin(context, &snapshot, NULL));
	return snapshot_rest_on(snapshot, note);
}

enum error archive_door_ask(struct archive *archive, int dir_fd, const struct witness_policy *policy,
	struct door_verdict *out, struct fault *fault)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	const struct door_asker asker = asking_means(false);
	TRY(snapshot_begin(archive, &snapshot, fault));
	const struct door_store store = {
		archive_vkey(archive), dir_fd, snapshot_checkpoint(snapshot)->size, extends, archive};
	return door_ask(&store, policy, &asker, out, fault);
}
