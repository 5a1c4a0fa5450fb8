/* What a reader allows itself in memory and in tries. No answer depends on these numbers, only what it costs: they may
 * change from version to version. */
#pragma once

/* Computed nodes that snapshots remember together: those of a million entries, 3 MiB. A power of two. */
#define NODE_SLOTS 65536u
/* Entries of the tail that are kept by alias, some 500 MB; a longer one is searched pack by pack. */
#define PLACES_MAX (1u << 24)
/* Chains of the tail at first. A power of two, as it stays when they grow. */
#define HEADS_MIN 1024u
/* The status file may be written while it is read, and is then read again. */
#define READ_TRIES 3
