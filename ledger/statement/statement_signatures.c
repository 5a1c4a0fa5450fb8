/*   sender entries, each following the one before ─► key in force at the batch ─► signature over the batch's root
 *   event ─► path to that root; its sequence and its place agree with the batch entry ─► it is one that this entry of
 * its sender lets it report
 *
 * The first path of a batch gives the root, and the signature is checked once, over that; all other paths must lead to
 * the same. Signatures are shown for all covered events or for none: a statement that leaves one out is refused, and so
 * is one that shows entries of a sender whom no event needs. */
#include "ledger/base/wrong.h"
#include "ledger/mandate/reporting.h"
#include "ledger/statement/statement_state.h"

/* ---- sender entries ---- */

static struct sender *find_sender(const struct statement *out, uint32_t id, size_t *place)
{
	for (size_t i = 0; i < out->sender_count; i++)
		if (out->senders[i].id == id) {
			*place = i;
			return &out->senders[i];
		}
	return NULL;
}

/* The newest entry of the sender among the first `end`. */
static struct shown_sender *newest_entry(const struct shown *shown, uint32_t id, size_t end)
{
	while (end > 0)
		if (shown->senders[--end].entry.sender == id)
			return &shown->senders[end];
	return NULL;
}

/* The log's rule for sender entries. Each names the one before it, so between the first and the last that are shown
 * none can be left out. */
static enum error take_sender(struct shown *shown, size_t at, struct statement *out)
{
	bool endorsed;
	struct shown_sender *item = &shown->senders[at];
	struct sender *sender = find_sender(out, item->entry.sender, &item->sender);
	if (sender == NULL) {
		item->sender = out->sender_count++; /* there is room for one of each entry */
		sender = &out->senders[item->sender];
	}
	if (sender_take(sender, out->origin, &item->entry, item->at.index, &endorsed, NULL) != E_OK)
		return finding_set(shown->finding, FINDING_SENDER_HISTORY, item->at.index);
	return E_OK;
}

static enum error check_senders(struct shown *shown, struct statement *out)
{
	for (size_t i = 0; i < shown->sender_count; i++) {
		struct entry entry;
		struct shown_sender *item = &shown->senders[i];
		if (WRONG(!included_is(&item->at, ENTRY_SENDER, &entry)))
			return finding_set(shown->finding, FINDING_SENDER_ENTRY, item->at.index);
		if (WRONG(!included_check(&item->at, &shown->anchor.checkpoint)))
			return finding_set(shown->finding, FINDING_SENDER_INCLUSION, item->at.index);
		item->entry = entry.sender;
		TRY(take_sender(shown, i, out));
	}
	return E_OK;
}

/* ---- batches ---- */

static enum error check_batches(struct shown *shown)
{
	for (size_t i = 0; i < shown->batch_count; i++) {
		struct entry entry;
		struct shown_batch *batch = &shown->batches[i];
		if (WRONG(!included_is(&batch->at, ENTRY_BATCH, &entry)))
			return finding_set(shown->finding, FINDING_BATCH_ENTRY, batch->at.index);
		if (WRONG(!included_check(&batch->at, &shown->anchor.checkpoint)))
			return finding_set(shown->finding, FINDING_BATCH_INCLUSION, batch->at.index);
		batch->entry = entry.batch;
	}
	return E_OK;
}

/* The key that signs at this place of the log: that of the newest entry below it, unless that revokes. */
static enum error check_signature(struct shown *shown, struct shown_batch *batch)
{
	size_t end = 0;
	while (end < shown->sender_count && shown->senders[end].at.index < batch->at.index)
		end++;
	struct shown_sender *item = newest_entry(shown, batch->entry.sender, end);
	if (WRONG(item == NULL) || WRONG(item->entry.action == SENDER_REVOKE))
		return finding_set(shown->finding, FINDING_SENDER_HISTORY, batch->at.index);
	const struct batch_head head = entry_batch_head(&batch->entry, BATCH_EVENT);
	if (WRONG(batch_check_signature(shown->anchor.checkpoint.origin, &head, &batch->root, item->entry.public_key) !=
			  E_OK))
		return finding_set(shown->finding, FINDING_SIGNATURE, batch->at.index);
	item->used = true;
	batch->signer = (size_t)(item - shown->senders);
	return E_OK;
}

static struct statement_event *find_event(const struct statement *out, uint64_t index)
{
	for (size_t low = 0, high = out->event_count; low < high;) {
		size_t middle = low + (high - low) / 2;
		if (out->events[middle].index == index)
			return &out->events[middle];
		if (out->events[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The batch entry stands right after its events, in the order of their sequences: one that is none of the batch's has
 * another distance, if it is not wrapped around. */
static bool out_of_place(const struct statement_event *event, const struct shown_batch *batch)
{
	uint64_t offset = event->entry.sequence - batch->entry.first_sequence;
	return WRONG(event->entry.sender != batch->entry.sender) ||
		   WRONG(event->entry.sequence < batch->entry.first_sequence || offset >= batch->entry.count) ||
		   WRONG(batch->at.index - event->index != batch->entry.count - offset);
}

/* The first path of a batch gives the root that the signature is checked over; all others must lead to the same one. */
static enum error check_path(struct shown *shown, const struct shown_path *path, struct statement *out)
{
	struct hash root = {{0}};
	struct shown_batch *batch = &shown->batches[path->batch];
	struct statement_event *event = find_event(out, path->index);
	if (WRONG(event == NULL) || WRONG(event->sender != NULL) || out_of_place(event, batch))
		return finding_set(shown->finding, FINDING_BATCH_PLACE, path->index);
	if (WRONG(merkle_root_of_inclusion(&event->entry.commitment, event->entry.sequence - batch->entry.first_sequence,
				  batch->entry.count, path->hashes.at, path->hashes.count, &root) != E_OK) ||
		(batch->has_root && WRONG(!hash_equal(&root, &batch->root))))
		return finding_set(shown->finding, FINDING_SIGNATURE_PATH, path->index);
	if (!batch->has_root) {
		batch->root = root;
		batch->has_root = true;
		TRY(check_signature(shown, batch));
	}
	const struct shown_sender *signer = &shown->senders[batch->signer];
	event->sender = &out->senders[signer->sender];
	shown->events[event - out->events].by = &signer->entry;
	return E_OK;
}

/* What the ledger had to ask before it took the event: whether the sender's registration lets it report this one, so.
 * Of what is not shown there is the header alone. */
static enum error check_right(
	const struct shown *shown, const struct entry_sender *by, const struct statement_event *event)
{
	struct event content = {.present = 0};
	bool open = event->state == STATEMENT_OPEN;
	if ((open && WRONG(event_decode(event->disclosed, BYTES_EMPTY, &by->policy, true, &content, NULL) != E_OK)) ||
		WRONG(event_header_check(&event->header, &by->policy, event_act(&content) != ACT_ACCESS, NULL) != E_OK) ||
		(open && WRONG(reporting_check(&by->mandate, by->org, &content, NULL) != E_OK)))
		return finding_set(shown->finding, FINDING_EVENT_RIGHT, event->index);
	return E_OK;
}

/* Only senders of events that are shown are concerned. */
static enum error check_concerned(const struct shown *shown, const struct statement *out)
{
	for (size_t i = 0; i < out->sender_count; i++) {
		bool concerned = false;
		for (size_t k = 0; k < shown->sender_count; k++)
			concerned = concerned || (shown->senders[k].used && shown->senders[k].sender == i);
		if (WRONG(!concerned))
			return finding_form(
				shown->finding, "signatures", FINDING_NO_INDEX, "senders", "one of them has no event that is shown");
	}
	return E_OK;
}

enum error statement_check_signatures(struct shown *shown, struct statement *out)
{
	if (!shown->signatures)
		return E_OK;
	TRY(check_senders(shown, out));
	TRY(check_batches(shown));
	for (size_t i = 0; i < shown->path_count; i++)
		TRY(check_path(shown, &shown->paths[i], out));
	for (size_t i = 0; i < out->event_count; i++)
		if (WRONG(out->events[i].sender == NULL))
			return finding_set(shown->finding, FINDING_SIGNATURE_MISSING, out->events[i].index);
	for (size_t i = 0; i < out->event_count; i++)
		TRY(check_right(shown, shown->events[i].by, &out->events[i]));
	out->signatures = true;
	return check_concerned(shown, out);
}
