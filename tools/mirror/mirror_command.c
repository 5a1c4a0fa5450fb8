/* What a mirror takes on its command line stands apart from what it does: `indsigt` shows these options and completes
 * them, and hands the words on to a program that has them in it as well. So both read the same table, and only one of
 * them has the work. */
#include "tools/mirror/mirror_command.h"

#include "ingest/net/web.h"
#include "tools/show/vkey_option.h"

#define T struct mirror_init_options
static const struct option_row init_rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(T, place, "ledger", "URL", .required = REQUIRED,
		.help = "where the log is read from: a query daemon, another mirror, exported files, or a directory"),
	WEB_CA_ROW(),
	OPTION_VKEY(T, vkey, .required = REQUIRED,
		.help = "whose log it is: the key that you were given, not one that you find at URL"),
	OPTION_TEXT(T, name, "name", "NAME",
		.help = "the mirror's own name, for ever, such as mirror.example.org/m1: makes a key (DIR/key, 0600) and "
				"prints its vkey. Every checkpoint that is served bears the mirror's cosignature then, which says that "
				"everything under it was verified and is kept"),
};
#undef T

const struct command command_mirror_init = {
	.options = {.name = "indsigt mirror init",
		.summary = "makes a mirror of a log",
		.text = "A mirror keeps a copy of a log, verifies everything that it copies (tree, batch signatures, senders' "
				"keys, sequences, time, epochs in order), and serves the copy. When two signed checkpoints do not fit "
				"together, or an entry breaks a rule, it raises an alarm and keeps the evidence. What it copies is not "
				"personal.\n",
		OPTION_ROWS(init_rows)},
	COMMAND_GIVEN(struct mirror_init_options, .name = NULL),
	.beside = "indsigt-mirror",
};

#define T struct mirror_serve_options
static const struct option_row serve_rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(T, listen, "listen", "HOST:PORT",
		.help = "where to answer (" MIRROR_LISTEN_DEFAULT "); port 0 takes a free one"),
	TLS_PAIR_ROWS(T, tls),
	OPTION_NUMBER(T, interval_s, "interval", "SECONDS", 1, MIRROR_INTERVAL_MAX_S,
		.help = "between two looks for something new (5)"),
	WEB_CA_ROW(),
	OPTION_FLAG(T, once, "once", .help = "follow to the newest checkpoint, serve nothing; exit 1 on an alarm"),
};
#undef T

const struct command command_mirror_serve = {
	.options = {.name = "indsigt mirror serve",
		.summary = "follows a log and serves the verified copy",
		.text =
			"Serves /checkpoint and /tile/... as the ledger does, also below /<origin hash>/, and only what was "
			"verified. Prints 'ready mirror=HOST:PORT entries=N' when it accepts; ends on SIGTERM or Ctrl-C, and may "
			"be killed at any time: it goes on where it was. DIR/tree can be served by any web server instead.\n",
		OPTION_ROWS(serve_rows),
		.after = "An alarm is a line on stderr that begins with 'mirror: ALARM'; the evidence is in DIR/evidence/, of "
				 "a fork in a file that 'indsigt verify' shows to anybody. The mirror goes on serving what it verified "
				 "before.\n"},
	.beside = "indsigt-mirror",
	COMMAND_GIVEN(struct mirror_serve_options, .listen = MIRROR_LISTEN_DEFAULT, .tls.plain_off_loopback = true,
		.interval_s = MIRROR_INTERVAL_DEFAULT_S),
};
