/* How much a sender keeps on its own disk and in memory until the ledger has acknowledged it. What is in the files
 * bears none of these numbers: they may change from version to version. */
#pragma once

/* ---- what waits ---- */

/* Batches that wait for their receipt, and their bodies: what piles up while the ledger cannot be reached. */
#define SPOOL_BATCHES_MAX 4096u
#define SPOOL_BYTES_MAX 67108864u
/* The name of an input: a path. */
#define SPOOL_NAME_BYTES_MAX 4096u
/* Inputs and messages of one batch; each message has an event at least. */
#define BUILDER_INPUTS_MAX 1024u
#define BUILDER_MESSAGES_MAX BATCH_EVENTS_MAX

/* ---- the journal ---- */

/* What is appended waits in memory; beyond the most it is handed to the kernel before the sync, and let go, so that a
 * sender that never syncs does not grow. */
#define BUFFER_BYTES_MIN 65536u
#define BUFFER_BYTES_MAX 4194304u
/* Behind damage a good record is looked for in pieces of this. Types and places of secrets over these are none that a
 * spool writes: so few places have to be looked at closely. */
#define SCAN_BYTES 65536u
#define TYPE_MAX 16u
#define SECRET_AT_MAX 4096u
/* A journal longer than this, and than four times its state, is rewritten: while batches wait, when nothing waits, and
 * when the spool is closed. The shorter it is the sooner the next process has read it. */
#define REWRITE_BYTES 67108864u
#define REWRITE_IDLE_BYTES 1048576u
#define REWRITE_CLOSE_BYTES 65536u
/* That are added before a full disk is tried again. */
#define REWRITE_AGAIN_BYTES 1048576u

/* ---- what is remembered ---- */

/* Hashes in a file (4 MiB), and files: 32 MiB, some four million messages, the newest. */
#define REMEMBERED_FILE 524288u
#define REMEMBERED_FILES 8u
/* So few stay in the journal while there is no file: most senders never have one. */
#define TAIL_INLINE_MAX 64u
#define SLOTS_MIN 64u
/* Of a file at a time. */
#define PART_BYTES 65536u
