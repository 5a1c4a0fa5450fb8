/* The outbox's side of the filing book: receipts go in, what the checker found comes out as notices and as the claim.
 *
 * A receipt's batch is noted while its body is still in the spool, and the book is committed before the spool
 * acknowledges: after a crash between the two the ledger repeats the receipt, and noting it again changes nothing. The
 * other way round a batch could be missing from the book, and the claim would stay below it for ever. A book that
 * cannot be written is therefore an error of the outbox, and no notice. */
#include "ingest/sender/outbox_state.h"

#include "ledger/base/file.h"

#include <inttypes.h>

/* Once there is a book it is kept up, also by runs that do not check. */
enum error outbox_filing_open(struct outbox *outbox, const char *spool_path, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	const char *query = outbox->options.query;
	if (file_path(spool_path, "filing", path) != E_OK)
		return fault_set(fault, E_USAGE, "the name of the spool is too long");
	enum error error = filing_book_open(path, query != NULL, spool_acknowledged(outbox->spool), &outbox->book, fault);
	if (error == E_NOT_FOUND && query == NULL)
		return E_OK;
	TRY(error);
	outbox->claim = filing_book_claim(outbox->book);
	if (query == NULL)
		return E_OK;
	const struct filing_checker_options options = {query, outbox->book, outbox->key, spool_path};
	return filing_checker_start(&options, &outbox->checker, fault);
}

void outbox_filing_close(struct outbox *outbox)
{
	filing_checker_end(outbox->checker);
	outbox_filing_look(outbox); /* what it found last is told too */
	filing_checker_stop(outbox->checker);
	filing_book_close(outbox->book);
	outbox->checker = NULL;
	outbox->book = NULL;
}

/* Receipts come in the order of the spool: it is one of the oldest batches. */
static enum error read_body(struct outbox *outbox, uint64_t first_sequence, struct own_secret *out)
{
	size_t i = 0;
	while (i < spool_count(outbox->spool) && spool_pending(outbox->spool, i)->head.first_sequence != first_sequence)
		i++;
	return spool_body(outbox->spool, i, out);
}

/* By the ledger's clock, which is the one that the answers go by: a clock that was behind here would make of every
 * batch one that is filed too late. A ledger that says a later time has a day more, and not for ever. */
static uint64_t receipt_time_s(const struct outbox *outbox)
{
	uint64_t ledger_s = outbox_ledger_now_s(outbox);
	uint64_t latest_s = outbox_own_now_s() + RECEIPT_AHEAD_SECONDS_MAX;
	return ledger_s < latest_s ? ledger_s : latest_s;
}

enum error outbox_filing_note(
	struct outbox *outbox, const struct batch_head *batch, const struct receipt *receipt, struct fault *fault)
{
	OWNED_SECRET body = {0};
	if (outbox->book == NULL)
		return E_OK;
	enum error error = read_body(outbox, batch->first_sequence, &body);
	if (error == E_OK)
		error =
			filing_book_add(outbox->book, bytes_of(body.data, body.len), receipt->first_index, receipt_time_s(outbox));
	return fault_because(fault, error, "the filing book cannot be written");
}

enum error outbox_filing_commit(struct outbox *outbox, struct fault *fault)
{
	if (outbox->book == NULL)
		return E_OK;
	TRY(fault_because(fault, filing_book_commit(outbox->book), "the filing book cannot be written"));
	if (outbox->checker != NULL)
		filing_checker_wake(outbox->checker);
	return E_OK;
}

void outbox_filing_look(struct outbox *outbox)
{
	char text[FAULT_TEXT_MAX + 1] = "";
	if (outbox->book == NULL)
		return;
	outbox->claim = filing_book_claim(outbox->book);
	enum filing_state state = outbox_filing(outbox, text);
	if (state == FILING_ALARM && !outbox->alarmed)
		outbox_notice(outbox, "ALARM: %s; what shows it is kept in the spool", text);
	else if ((state == FILING_WORKING || state == FILING_REFUSED) && text[0] != '\0')
		outbox_notice(outbox, "the filing cannot be checked just now: %s", text);
	outbox->alarmed |= state == FILING_ALARM;
	uint64_t lost = outbox->checker != NULL ? filing_checker_lost(outbox->checker) : 0;
	if (lost > outbox->lost)
		outbox_notice(outbox,
			"LOST: the ledger has lost what %" PRIu64
			" events of this sender were about (those found since the start), and its log says so; the proof is kept "
			"in the spool; report them again "
			"(--again) if you still have them",
			lost);
	outbox->lost = lost;
}

uint64_t outbox_filing_checked(const struct outbox *outbox)
{
	return outbox->claim;
}

enum filing_state outbox_filing(struct outbox *outbox, char *text)
{
	text[0] = '\0';
	return outbox->checker != NULL ? filing_checker_state(outbox->checker, text) : FILING_DONE;
}
