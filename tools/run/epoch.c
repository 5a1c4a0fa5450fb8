/* indsigt epoch: files everything now. */
#include "tools/command/admin.h"
#include "tools/command/command.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

static int run(int argc, char **argv)
{
	static const struct option known[] = {{"rebuild", no_argument, NULL, 'r'}, {"declare-lost", no_argument, NULL, 'l'},
		ADMIN_WITHOUT_WITNESSES, {NULL, 0, NULL, 0}};
	struct fault fault = {0};
	bool rebuild = false, declare_lost = false;
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == '?')
			return command_usage(&command_epoch, NULL);
		rebuild |= option == 'r';
		declare_lost |= option == 'l';
	}
	if (rebuild && declare_lost) {
		fault_set(&fault, E_USAGE, "--rebuild and --declare-lost do not go together");
		return command_usage(&command_epoch, &fault);
	}
	if (optind + 1 != argc)
		return command_lacks(&command_epoch, optind == argc ? "DIR" : NULL);
	enum error error = rebuild ? admin_rebuild(argv[optind], &fault) : admin_epoch(argv[optind], declare_lost, &fault);
	return command_end(&command_epoch, error, &fault);
}

const struct command command_epoch = {
	.name = "epoch",
	.arguments = "DIR [--rebuild | --declare-lost] [--without-witnesses]",
	.summary = "asks for an epoch now",
	.text =
		"An epoch files what was received under the people it is about. A running ledger does that by itself every "
		"few\n"
		"seconds; this asks for it at once and returns when it is done.\n"
		"\n"
		"  --rebuild  throw away everything that follows from the log (who is filed where, subject map, filing "
		"tree) and\n"
		"             make it again; the roots of the newest epoch must come out. Only while the ledger is not "
		"served.\n"
		"  --declare-lost\n"
		"             an event whose record is damaged before it is filed cannot be filed by anybody. The log says by "
		"itself that\n"
		"             such events are lost, while they are few (256 at a time). If there are more, filing stops and so "
		"does\n"
		"             ingest, in the end: look after the disk first, and after what may bring the records back. This "
		"says that\n"
		"             nothing can. Where they are too scattered for a log's 1,024 loss entries, events between them "
		"are lost too\n" ADMIN_WITHOUT_WITNESSES_HELP,
	.run = run,
};
