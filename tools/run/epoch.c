/* indsigt epoch: files everything now.
 *
 * A ledger files by itself every few seconds. This is for who does not want to wait, for what stands in the way of
 * filing (records that do not open), and for making all of filing anew. Through a daemon that runs, or under the
 * store's lock; rebuilding only there, since nobody may read what is half made. */
#include "tools/command/admin.h"
#include "tools/command/command.h"

struct epoch_options {
	struct admin admin;
	bool rebuild;
	bool declare_lost;
};
#define T struct epoch_options
static const struct option_row rows[] = {
	ARGUMENT(T, admin.dir, "DIR"),
	OPTION_FLAG(T, rebuild, "rebuild",
		.help =
			"throw away everything that follows from the log (who is filed where, subject map, filing tree) and "
			"make it again; the roots of the newest epoch must come out. Only while the ledger is not served. Every "
			"record is looked at first: what could not be filed again is told, and then nothing is changed."),
	OPTION_FLAG(T, declare_lost, "declare-lost",
		.help = "an event whose record is damaged before it is filed, or filed again, cannot be filed by anybody. The "
				"log says by "
				"itself that such events are lost, while they are few (256 at a time). If there are more, filing stops "
				"and so does ingest, in the end: look after the disk first, and after what may bring the records back. "
				"This says that nothing can. Where they are too scattered for a log's 1,024 loss entries, events "
				"between them are lost too"),
	ADMIN_WITNESS_ROWS(T, admin),
};

static enum error epoch(void *given, struct fault *fault)
{
	const struct epoch_options *options = given;
	return options->rebuild ? admin_rebuild(&options->admin, options->declare_lost, fault)
							: admin_epoch(&options->admin, options->declare_lost, fault);
}

const struct command command_epoch = {
	.options = {.name = "indsigt epoch",
		.summary = "asks for an epoch now",
		.text = "An epoch files what was received under the people it is about. A running ledger does that by itself "
				"every few seconds; this asks for it at once and returns when it is done.\n",
		OPTION_ROWS(rows)},
	.work = epoch,
	COMMAND_GIVEN(struct epoch_options, .rebuild = false),
};
