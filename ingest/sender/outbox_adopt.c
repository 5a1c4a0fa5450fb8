/* What a welcome means for what waits.
 *
 *   waiting batches   │ below the ledger's next sequence W        │ W │ the rest
 *                     │ it may have them: it is asked (SND-7),    │   │ it does not have them: signed again if policy,
 *                     │ for their receipt, or a refusal           │   │ key or place changed, from W on
 *
 * Never is anything signed below W. A batch that begins below W and ends behind it is not in the ledger (a batch is
 * taken whole), nor is one that was never sent. Policy and key are remembered as those of what waits in the very record
 * that puts the new batches in the place of the old ones: a crash leaves both or neither. */
#include "ingest/sender/outbox_state.h"

#include <inttypes.h>

static enum error rolled_back(uint64_t ledger, uint64_t acknowledged, struct fault *fault)
{
	return fault_set(fault, E_ROLLED_BACK,
		"ROLLED BACK: the ledger expects sequence %" PRIu64 ", but this sender holds receipts up to %" PRIu64
		"; the ledger has lost events, nothing more is sent",
		ledger, acknowledged);
}

/* Waiting batches before it may be in the log, all of each; this one and those behind it are not. */
static size_t first_missing(const struct outbox *outbox, uint64_t next)
{
	size_t i = 0;
	for (; i < spool_count(outbox->spool); i++) {
		const struct batch_head *head = &spool_pending(outbox->spool, i)->head;
		if (head->first_sequence + head->count > next || head->first_sequence >= outbox->ever_sent)
			break;
	}
	return i;
}

/* Other events stand at the sequences behind what this spool knows. */
static void say_unknown(struct outbox *outbox, uint64_t events, bool fresh)
{
	outbox_notice(outbox, "the ledger has %" PRIu64 " events of this sender that this spool does not know: %s", events,
		fresh ? "the spool is new; the old one was lost, or another machine sends with this key"
			  : "the spool is an older copy, or another machine sends with this key");
	outbox_notice(outbox,
		"it cannot tell whether a message is one of them: what was reported from elsewhere and comes again here is "
		"reported twice; stop it and send only what is newer if that must not be");
}

/* The welcome and the spool's own words decide; what this process knows to have never been sent only need not be
 * asked for. */
static enum error adopt_waiting(struct outbox *outbox, const struct frame_welcome *welcome, struct fault *fault)
{
	const struct spool_terms *known = spool_terms(outbox->spool);
	struct spool_terms terms = {.policy = welcome->policy, .source = welcome->source};
	memcpy(terms.signer, outbox->key->public_key, sizeof terms.signer);
	bool new_policy = known == NULL || !policy_equal(&known->policy, &terms.policy);
	bool new_source = known == NULL || strcmp(known->source.words, terms.source.words) != 0;
	bool new_signer = known == NULL || memcmp(known->signer, terms.signer, sizeof terms.signer) != 0;
	if (new_policy)
		TRY(outbox_flush(outbox, fault)); /* what is in the open batch was split by the old one, too */
	size_t i = first_missing(outbox, welcome->next_sequence);
	bool waits = i < spool_count(outbox->spool);
	uint64_t end = waits ? spool_pending(outbox->spool, i)->head.first_sequence : spool_next(outbox->spool);
	outbox->singly = outbox->singly || (i > 0 && end != welcome->next_sequence);
	if (welcome->next_sequence > end)
		say_unknown(outbox, welcome->next_sequence - end, spool_next(outbox->spool) == 0);
	if (waits && (new_policy || new_signer || end != welcome->next_sequence)) {
		struct outbox_redo what = {.i = i,
			.start = welcome->next_sequence,
			.event = FAULT_NO_EVENT,
			.text = "",
			.terms = &terms,
			.encode = new_policy};
		return outbox_redo(outbox, &what, fault);
	}
	return new_policy || new_signer || new_source
			   ? fault_because(fault, spool_set_terms(outbox->spool, &terms), SPOOL_UNWRITTEN)
			   : E_OK;
}

enum error outbox_adopt(struct outbox *outbox, const struct frame_welcome *welcome, struct fault *fault)
{
	if (welcome->next_sequence < spool_acknowledged(outbox->spool))
		return rolled_back(welcome->next_sequence, spool_acknowledged(outbox->spool), fault);
	TRY(adopt_waiting(outbox, welcome, fault));
	if (welcome->next_sequence <= spool_next(outbox->spool))
		return E_OK;
	return fault_because(fault, spool_start_at(outbox->spool, welcome->next_sequence), SPOOL_UNWRITTEN);
}

/* ---- clocks ---- */

static void span_text(int64_t seconds, char out[48])
{
	int64_t minutes = (seconds < 0 ? -seconds : seconds) / 60;
	if (minutes >= 2 * 24 * 60)
		snprintf(out, 48, "%" PRId64 " days", minutes / (24 * 60));
	else if (minutes >= 120)
		snprintf(out, 48, "%" PRId64 " hours", minutes / 60);
	else
		snprintf(out, 48, "%" PRId64 " minutes", minutes);
}

void outbox_compare_clocks(struct outbox *outbox)
{
	char span[48];
	int64_t ahead_s = (int64_t)(outbox->session.welcome.ledger_time_s - outbox_own_now_s());
	if (llabs(ahead_s) < OUTBOX_CLOCK_SECONDS || ahead_s / 60 == outbox->clock_said)
		return;
	outbox->clock_said = ahead_s / 60;
	span_text(ahead_s, span);
	outbox_notice(outbox, "the ledger's clock is %s %s this machine's: one of the two is wrong", span,
		ahead_s > 0 ? "ahead of" : "behind");
}

enum error outbox_clock_is_wrong(struct outbox *outbox, uint32_t event, bool *out, char *why, struct fault *fault)
{
	int64_t time_s = 0;
	char span[48];
	TRY(fault_because(fault, outbox_event_time(outbox, event, &time_s), "a waiting batch cannot be read"));
	*out = time_s <= (int64_t)(outbox_own_now_s() + EVENT_AHEAD_SECONDS_MAX);
	span_text((int64_t)(outbox_own_now_s() - outbox_ledger_now_s(outbox)), span);
	snprintf(why, FAULT_TEXT_MAX + 1,
		"ALARM: the ledger refuses events of now as too far ahead: its clock is %s behind this machine's, one of the "
		"two "
		"is wrong; the events wait",
		span);
	return E_OK;
}
