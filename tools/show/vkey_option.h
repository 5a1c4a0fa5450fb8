/* Verification keys on command lines: the option --vkey, of which many commands have one, and one as a result. */
#pragma once

#include "ledger/note/note.h"
#include "ledger/options/options.h"

/* --vkey, the verification key of a log that signs, into a struct vkey; without it that has no name. E_USAGE and the
 * fault. */
enum error asked_vkey(void *vkey, const char *text, struct fault *fault) MUST_USE;
/* A line on stdout, for commands whose result it is. */
void vkey_print(const struct vkey *vkey);
#define OPTION_VKEY(T, member, ...) OPTION_TAKEN(asked_vkey, "vkey", "VKEY", .offset = offsetof(T, member), __VA_ARGS__)
