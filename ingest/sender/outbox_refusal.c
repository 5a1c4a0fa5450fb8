/* What a sender does about a refusal, once everything in flight is answered or the connection has ended.
 * spec/sender.md
 *
 *   other events at its place (E_EQUIVOCATION) ─► never sent before: signed again elsewhere; else set aside, an alarm
 *   lost by the ledger (E_LOST)                ─► set aside, to be reported again
 *   the signature                              ─► the key file may have a newer key: read again, a few times
 *   one event                                  ─► its message is reported, the rest signed again (outbox_redo.c)
 *   what passes                                ─► connect again, later          anything else ─► final
 *
 * A clock or a policy that may be wrong is no event's fault: those are asked about once more before an event is
 * given up. Nothing is lost here without being reported: what is set aside goes back to the caller, event by event. */
#include "ingest/sender/outbox_state.h"

#include <inttypes.h>

/* At once, and not after a pause: nothing failed, the ledger only has to be asked anew. */
static void connect_again(struct outbox *outbox)
{
	outbox_line_close(outbox);
	outbox->connect_at_ms = 0;
}

/* The batch's message that holds the event is reported, and the rest signed again; or it only has to wait. */
static enum error refuse_event(struct outbox *outbox, const char *text, struct fault *fault)
{
	const struct frame_refusal *frame = &outbox->refusal.frame;
	char why[FAULT_TEXT_MAX + 1];
	bool waits = false;
	const struct policy *policy = outbox_policy(outbox);
	bool asked = outbox->policy_asked && policy_equal(&outbox->policy_refused, policy);
	if (frame->error == E_POLICY && !asked) {
		outbox->policy_asked = true; /* it may have changed: the next welcome brings the newest, and so on */
		outbox->policy_refused = *policy;
		connect_again(outbox);
		return E_OK;
	}
	if (frame->error == E_TIME_AHEAD && frame->event < spool_pending(outbox->spool, 0)->head.count)
		TRY(outbox_clock_is_wrong(outbox, frame->event, &waits, why, fault));
	if (waits) {
		outbox_line_lost(outbox, why);
		return E_OK;
	}
	struct outbox_redo what = {.start = spool_pending(outbox->spool, 0)->head.first_sequence,
		.event = frame->event,
		.error = frame->error,
		.text = text};
	return outbox_redo(outbox, &what, fault);
}

/* The ledger says in its own log that it lost what it had acknowledged: the events are given back to be reported again.
 */
static enum error refuse_lost(struct outbox *outbox, const char *text, struct fault *fault)
{
	outbox_notice(outbox,
		"LOST: the ledger had taken events from sequence %" PRIu64 " on and has lost them; they are set "
		"aside, to be sent again",
		outbox->refusal.frame.first_sequence);
	return outbox_set_aside(outbox, E_LOST, text, fault);
}

/* What was never sent before this connection cannot be in the log under these sequences: somebody else's events are. */
bool outbox_came_second(struct outbox *outbox, uint64_t first_sequence)
{
	if (first_sequence < outbox->sent_before)
		return false;
	if (outbox->ever_sent > first_sequence)
		outbox->ever_sent = first_sequence;
	return true;
}

/* By the last welcome, which the ledger signed. */
bool outbox_is_below(const struct outbox *outbox, const struct batch_head *head)
{
	return head->first_sequence + head->count <= outbox->session.welcome.next_sequence;
}

/* At the sequences of this batch the ledger has other events, and it may have been sent before. This spool is an older
 * copy, or another program sent with the key; whether these events were reported there nobody can know. They are
 * neither lost nor doubled: a person gets them, and the rest goes on. */
static enum error refuse_equivocation(struct outbox *outbox, struct fault *fault)
{
	uint64_t first = outbox->refusal.frame.first_sequence;
	if (outbox_came_second(outbox, first)) {
		outbox_line_lost(outbox, "another program sends with this key at the same time");
		return E_OK;
	}
	outbox->attempts = 0; /* one batch less waits: the next is not to be waited for */
	outbox_notice(outbox,
		"ALARM: the ledger has other events than this spool at the sequences from %" PRIu64
		" on: another program sends with this key, or the spool is an older copy; what waited there is set aside",
		first);
	return outbox_set_aside(outbox, E_EQUIVOCATION,
		"the ledger has other events at this sequence; whether this one was reported from elsewhere is not known: send "
		"it "
		"again if it was not",
		fault);
}

/* The key file may have a newer key, after `sender rotate`; it is written just after the ledger has it, so it is looked
 * at a few times. False: it was, often enough. */
static enum error look_for_key(struct outbox *outbox, const char *text, bool *goes_on, struct fault *fault)
{
	bool newer = false;
	TRY(outbox_read_key(outbox, &newer, fault));
	*goes_on = newer || outbox->key_asked++ < OUTBOX_KEY_ASKED_MAX;
	if (newer)
		connect_again(outbox);
	else if (*goes_on)
		outbox_line_lost(outbox, text);
	return E_OK;
}

static enum error refuse_signature(struct outbox *outbox, const char *text, struct fault *fault)
{
	bool goes_on = false;
	TRY(look_for_key(outbox, text, &goes_on, fault));
	return goes_on ? E_OK
				   : fault_set(fault, E_BAD_KEY,
						 "the ledger refused the batch from sequence %" PRIu64
						 ": %s; was the key rotated, and this file is the old one?",
						 outbox->refusal.frame.first_sequence, text);
}

/* The same file is looked at as for a batch; here the ledger does not even know the key any more. */
enum error outbox_hello_refused(struct outbox *outbox, const char *text, struct fault *fault)
{
	bool goes_on = false;
	TRY(look_for_key(outbox, text, &goes_on, fault));
	return goes_on ? E_OK
				   : fault_set(fault, E_BAD_KEY,
						 "the ledger knows no sender %" PRIu32 " with this key: %s; was the key rotated, and this file "
						 "is the old one?",
						 outbox->key->sender, text);
}

/* Everything in flight is answered: the refused batch is the oldest that waits. */
enum error outbox_act_on_refusal(struct outbox *outbox, struct fault *fault)
{
	const struct frame_refusal *frame = &outbox->refusal.frame;
	const struct spool_pending *oldest = spool_pending(outbox->spool, 0);
	const char *text = outbox->refusal.text[0] != '\0' ? outbox->refusal.text : error_text(frame->error);
	outbox->refused = false;
	outbox->sent = 0;
	if (oldest == NULL || oldest->head.first_sequence != frame->first_sequence)
		return fault_set(fault, E_BAD_VALUE, "the ledger refused a batch that does not wait: %s", text);
	if (frame->error == E_EQUIVOCATION)
		return refuse_equivocation(outbox, fault);
	if (frame->error == E_LOST)
		return refuse_lost(outbox, text, fault);
	if (frame->error == E_BAD_SIGNATURE)
		return refuse_signature(outbox, text, fault);
	switch (client_refusal_verdict(frame)) {
	case CLIENT_ASIDE:
		return refuse_event(outbox, text, fault);
	case CLIENT_RETRY:
		outbox_line_lost(outbox, text);
		return E_OK;
	case CLIENT_STOP:
		break;
	}
	return fault_set(fault, frame->error, "the ledger refused the batch from sequence %" PRIu64 ": %s%s",
		frame->first_sequence, text, outbox_way_out(frame->error));
}

const char *outbox_way_out(enum error error)
{
	return error == E_REVOKED_SENDER ? "; what waits can be taken out and sent by another (--take-out)" : "";
}

enum error outbox_take_out(struct outbox *outbox, struct fault *fault)
{
	while (spool_count(outbox->spool) > 0)
		TRY(outbox_set_aside(outbox, E_STOPPED, "taken out of the spool; the ledger may have it already", fault));
	return fault_because(fault, spool_settle(outbox->spool), SPOOL_UNWRITTEN);
}
