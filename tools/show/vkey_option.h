/* The option --vkey, of which many commands have one. */
#pragma once

#include "ledger/note/note.h"
#include "ledger/options/options.h"

/* --vkey, the verification key of a log that signs, into a struct vkey; without it that has no name. E_USAGE and the
 * fault. */
enum error asked_vkey(void *vkey, const char *text, struct fault *fault) MUST_USE;
#define OPTION_VKEY(T, member, ...) OPTION_TAKEN(asked_vkey, "vkey", "VKEY", .offset = offsetof(T, member), __VA_ARGS__)
