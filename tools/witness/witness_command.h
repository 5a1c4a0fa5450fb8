/* The command lines of `indsigt witness`, for `indsigt`, which only hands them on, and for indsigt-witness. */
#pragma once

#include "ledger/tls/tls_server.h"
#include "tools/command/command.h"

#define WITNESS_LISTEN_DEFAULT "127.0.0.1:7590"

/* One struct for three commands; each reads the rows that it has. */
struct witness_options {
	const char *dir;
	const char *name;   /* init */
	const char *vkey;   /* add */
	const char *listen; /* serve */
	struct tls_files tls;
};
