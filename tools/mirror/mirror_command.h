/* The command lines of `indsigt mirror`, for `indsigt`, which only hands them on, and for indsigt-mirror.
 *
 * Defaults stand in the struct that options are read into, and are said in the options' help. */
#pragma once

#include "ledger/note/note.h"
#include "ledger/tls/tls_server.h"
#include "tools/command/command.h"

#define MIRROR_LISTEN_DEFAULT "127.0.0.1:7591"
#define MIRROR_INTERVAL_DEFAULT_S 5u
#define MIRROR_INTERVAL_MAX_S 86400u

/* What `init` is told is written to the mirror's own file, since a mirror that is served must not be pointed at another
 * log by a slip of the hand. */
struct mirror_init_options {
	const char *dir;
	const char *place;
	struct vkey vkey;
	const char *name; /* NULL: the mirror signs nothing */
};

/* What `serve` is told holds for one run only. */
struct mirror_serve_options {
	const char *dir;
	const char *listen;
	unsigned interval_s;
	bool once;
	struct tls_files tls;
};
