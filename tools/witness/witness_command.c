/* As for a mirror: options and help are known to `indsigt`, which shows and completes them, and to indsigt-witness,
 * which has the work. What is in a witness's directory is said where somebody sets it up, because nobody else tells
 * them what may never be lost. */
#include "tools/witness/witness_command.h"

#define T struct witness_options

static const struct option_row init_rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(T, name, "name", "NAME", .required = REQUIRED,
		.help = "the witness's name, for ever: a host name with a path, such as witness.example.org/w1"),
};

const struct command command_witness_init = {
	.options = {.name = "indsigt witness init",
		.summary = "makes a witness with its key, prints its vkey",
		.text = "A witness remembers how far it has seen each log that it watches and signs only what extends that, so "
				"that a log cannot show different people different histories. The logs need not be of this program.\n",
		OPTION_ROWS(init_rows),
		.after = "Give the printed vkey to the logs, for their policy files. DIR/key is the secret key (0600). Keep "
				 "DIR/seen: a witness that has forgotten what it signed must not go on under the same key.\n"},
	.beside = "indsigt-witness",
	COMMAND_GIVEN(T, .listen = WITNESS_LISTEN_DEFAULT),
};

static const struct option_row add_rows[] = {ARGUMENT(T, dir, "DIR"), ARGUMENT(T, vkey, "VKEY")};

const struct command command_witness_add = {
	.options = {.name = "indsigt witness add",
		.summary = "has a witness watch a log",
		.text = "VKEY is the log's verification key, which 'indsigt vkey' prints for a ledger; make sure that it "
				"really is the log's. Several keys of one name are keys of one log. It is written to DIR/logs, one "
				"vkey a line; a witness that is running takes it up when it is started again.\n",
		OPTION_ROWS(add_rows)},
	.beside = "indsigt-witness",
	COMMAND_GIVEN(T, .listen = WITNESS_LISTEN_DEFAULT),
};

static const struct option_row serve_rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(T, listen, "listen", "HOST:PORT",
		.help = "where to answer (" WITNESS_LISTEN_DEFAULT "); port 0 takes a free one"),
	TLS_PAIR_ROWS(T, tls),
};

const struct command command_witness_serve = {
	.options = {.name = "indsigt witness serve",
		.summary = "answers logs that ask for cosignatures, and monitors",
		.text =
			"Speaks C2SP tlog-witness over HTTP or HTTPS: POST /add-checkpoint, GET /<origin hash>/checkpoint. Prints "
			"'ready witness=HOST:PORT logs=N' when it accepts; ends on SIGTERM or Ctrl-C, and may be killed at any "
			"time. Without --tls-cert it speaks plain HTTP, which shows nobody what they may not see: what is asked "
			"and "
			"answered is signed, and public.\n",
		OPTION_ROWS(serve_rows)},
	.beside = "indsigt-witness",
	COMMAND_GIVEN(T, .listen = WITNESS_LISTEN_DEFAULT, .tls.plain_off_loopback = true),
};
