/* indsigt witness: a C2SP witness for any logs. */
#include "ledger/base/own.h"
#include "tools/command/command.h"
#include "tools/witness/server_witness.h"
#include "tools/witness/witness.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#define LISTEN_DEFAULT "127.0.0.1:7590"

struct witness_options {
	const char *dir;
	const char *name;   /* init */
	const char *vkey;   /* add */
	const char *listen; /* serve */
};
#define T struct witness_options

static const struct option_row init_rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(T, name, "name", "NAME", .required = REQUIRED,
		.help = "the witness's name, for ever: a host name with a path, such as witness.example.org/w1"),
};

static int run_init(int argc, char **argv)
{
	struct witness_options options = {.dir = NULL};
	struct fault fault = {0};
	struct vkey vkey;
	char text[VKEY_TEXT_MAX + 1];
	if (!command_read(&command_witness_init, argc, argv, &options))
		return EXIT_USAGE;
	enum error error = witness_create(options.dir, options.name, &vkey, &fault);
	if (error != E_OK)
		return command_end(&command_witness_init, error, &fault);
	vkey_format(&vkey, text);
	puts(text);
	return EXIT_DONE;
}

const struct command command_witness_init = {
	.options = {.name = "indsigt witness init",
		.summary = "makes a witness with its key, prints its vkey",
		.text = "A witness remembers how far it has seen each log that it watches and signs only what extends that, so "
				"that a\n"
				"log cannot show different people different histories. The logs need not be of this program.\n",
		OPTION_ROWS(init_rows),
		.after = "Give the printed vkey to the logs, for their policy files. DIR/key is the secret key (0600). Keep "
				 "DIR/seen:\n"
				 "a witness that has forgotten what it signed must not go on under the same key.\n"},
	.run = run_init,
};

static const struct option_row add_rows[] = {ARGUMENT(T, dir, "DIR"), ARGUMENT(T, vkey, "VKEY")};

static int run_add(int argc, char **argv)
{
	struct witness_options options = {.dir = NULL};
	struct fault fault = {0};
	struct vkey vkey;
	if (!command_read(&command_witness_add, argc, argv, &options))
		return EXIT_USAGE;
	enum error error = vkey_parse(bytes_text(options.vkey), &vkey);
	if (error == E_OK)
		error = witness_add_log(options.dir, &vkey, &fault);
	return command_end(&command_witness_add, error, &fault);
}

const struct command command_witness_add = {
	.options = {.name = "indsigt witness add",
		.summary = "has a witness watch a log",
		.text =
			"VKEY is the log's verification key, which 'indsigt vkey' prints for a ledger; make sure that it really "
			"is\n"
			"the log's. Several keys of one name are keys of one log. It is written to DIR/logs, one vkey a line; a\n"
			"witness that is running takes it up when it is started again.\n",
		OPTION_ROWS(add_rows)},
	.run = run_add,
};

static enum error serve(const char *dir, const char *listen, struct fault *fault)
{
	OWNED(witness_release) struct witness *witness = NULL;
	OWNED(witness_server_release) struct witness_server *server = NULL;
	struct address address;
	TRY(address_parse(listen, &address, fault));
	if (prctl(PR_SET_DUMPABLE, 0) != 0) /* no core dumps and no debugger: this process holds a key */
		return fault_set(fault, E_IO, "the process limits cannot be set: %m");
	TRY(witness_open(dir, &witness, fault));
	TRY(witness_server_new(&address, witness, &server, fault));
	printf("ready witness=%s logs=%zu\n", witness_server_address(server), witness_log_count(witness));
	fflush(stdout);
	return witness_server_run(server, fault);
}

static const struct option_row serve_rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(
		T, listen, "listen", "HOST:PORT", .help = "where to answer (" LISTEN_DEFAULT "); port 0 takes a free one"),
};

static int run_serve(int argc, char **argv)
{
	struct witness_options options = {.listen = LISTEN_DEFAULT};
	struct fault fault = {0};
	if (!command_read(&command_witness_serve, argc, argv, &options))
		return EXIT_USAGE;
	return command_end(&command_witness_serve, serve(options.dir, options.listen, &fault), &fault);
}

const struct command command_witness_serve = {
	.options = {.name = "indsigt witness serve",
		.summary = "answers logs that ask for cosignatures, and monitors",
		.text =
			"Speaks C2SP tlog-witness over HTTP: POST /add-checkpoint, GET /<origin hash>/checkpoint. Prints 'ready\n"
			"witness=HOST:PORT logs=N' when it accepts; ends on SIGTERM or Ctrl-C, and may be killed at any time. TLS "
			"is\n"
			"the business of a proxy in front of it.\n",
		OPTION_ROWS(serve_rows)},
	.run = run_serve,
};
