/* What lies in a ledger's directory, for whoever only looks: no lock, no secret keys. spec/store.md */
#pragma once

#include "ledger/note/note.h"

/* In a directory whose `init` has not ended. */
#define PLACE_UNFINISHED "init-unfinished"

/* A descriptor of the directory, to close; -1 with errno. */
int place_open(const char *dir);
/* The name and the public key of its log. E_NOT_FOUND: it is no ledger, or not one yet. */
enum error place_read_vkey(const char *dir, struct vkey *out, struct fault *fault) MUST_USE;
