/* Every limit of the ledger, each with its reason. Limits are enforced exactly as stated here and in
 * spec/; an error that a limit causes names it. */
#pragma once

/* clang-format off */

/* ---- events ---- */
#define EVENT_BYTES_MAX          16384u  /* disclosed + restricted CBOR, native; the median is 300 bytes */
#define EVENT_BYTES_MAX_ADAPTER  65536u  /* a FHIR or DICOM message before it is mapped */
#define EVENT_BYTES_MAX_SYSLOG 1048576u  /* ... that comes by syslog: large results of queries are real, and nobody repeats them in parts */
#define EVENT_TEXT_BYTES_MAX      1024u  /* one text field; long enough for a reason in prose */
#define EVENT_LIST_MAX              64u  /* elements of a list field */
#define EVENT_SUBJECTS_MAX          64u  /* subjects of one message; more is a mass event */
#define EVENT_AHEAD_SECONDS_MAX  86400u  /* an event's time ahead of the ledger's; a day of clock and zone errors */
#define GRANT_ID_BYTES_MAX         128u  /* the name of one grant: a number of a case or a register */
#define SUBJECT_BYTES_MAX          255u  /* a canonical subject id */
#define WITHHELD_BASIS_BYTES_MAX    64u  /* stands in the public-to-the-subject header */
#define HEADER_BYTES_MAX            80u  /* 8 + 1 + 1 + basis, rounded up */
#define RETENTION_YEARS_DEFAULT      5u
#define RETENTION_YEARS_MAX         99u

/* ---- times ---- */
#define TIME_S_MAX      9223372035ull  /* 2262-04-11T23:47:15Z: its nanoseconds still fit 63 bits; no time is later */

/* ---- batches ---- */
#define BATCH_EVENTS_MAX          4096u  /* bounds a tick's latency */
#define BATCH_BYTES_MAX        1048576u  /* body of one batch frame */
#define BATCH_EVENTS_DEFAULT      1000u  /* what the sender makes unless told otherwise */

/* ---- names ---- */
#define ORIGIN_BYTES_MAX           255u  /* the log's name: a host name with a path */
#define ORG_BYTES_MAX              128u  /* "cvr:55133018" */
#define NAME_BYTES_MAX             255u  /* a display name */
#define PURPOSE_BYTES_MAX          255u  /* a sender's default purpose */
#define REPORTS_FOR_BYTES_MAX     2048u  /* organisations that a sender may report for, as a text: all of a country's municipalities */
#define SOURCE_BYTES_MAX          4096u  /* what a registration knows of its source, as a text: some dozens of namespaces */
#define SOURCE_NAME_BYTES_MAX       64u  /* a local namespace: HL7's HD.1 has 20 */
#define CERTIFICATES_MAX             8u  /* client certificates of one sender: a few machines, and a renewal of each */

/* ---- log ---- */
#define ENTRY_BYTES_MAX          65535u  /* C2SP entry bundles have 16-bit lengths */
#define TREE_LEVELS_MAX             63u
#define PROOF_HASHES_MAX            63u  /* inclusion; consistency has at most one more */
#define NOTE_BYTES_MAX           16384u  /* a checkpoint with 16 and more cosignatures */
#define NOTE_SIGNATURES_MAX         64u
#define LOSSES_MAX                1024u  /* loss entries in a log: each makes whoever reads it count anew */
#define LOSSES_SPARE                16u  /* of them left for stores that are put back */
#define DAMAGE_EVENTS_MAX          256u  /* declared lost in one epoch without an operator's word */

/* ---- clock ---- */
#define CLOCK_JUMP_SECONDS_MAX  345600u  /* ahead of the log without an operator's word: a long weekend of silence */
#define CLOCK_APART_SECONDS_MAX     10u  /* the log's time ahead of the clock: more is said aloud */

/* ---- witnesses ---- */
#define CHECKPOINT_TEXT_MAX      4096u  /* what is cosigned: three lines, and extension lines of other logs */
#define WITNESS_BODY_BYTES_MAX 131072u  /* a request: 63 hashes and 16 signatures of 5 kB are less */
#define WITNESS_LOGS_MAX          256u  /* keys of logs that one witness watches */
#define POLICY_BYTES_MAX        65536u  /* a policy file, written by hand */
#define POLICY_LOGS_MAX            32u  /* what C2SP tlog-policy asks for at least; 33 signatures fit a note */
#define POLICY_WITNESSES_MAX       32u
#define POLICY_GROUPS_MAX          32u
#define POLICY_NAME_BYTES_MAX     255u
#define POLICY_URL_BYTES_MAX     1024u

/* ---- frames and connections ---- */
#define FRAME_BYTES_MAX   (BATCH_BYTES_MAX + 4096u) /* a full batch and its fixed fields */
#define WELCOME_MESSAGE_MAX       5120u  /* what a welcome's signature covers: two nonces, two names, a few numbers, a source */
#define CONNECTIONS_MAX           1024u  /* file descriptors and memory */
#define CONNECTION_BATCHES_MAX      64u  /* batches in flight on one connection */
#define CONNECTION_BYTES_MAX   4194304u  /* their bytes: four full batches */
#define INFLIGHT_BYTES_MAX    33554432u  /* all connections together: bounds ingestd's memory */
#define UNPROVEN_PART                4u  /* of all connections: those that have not proven a key */
#define PACE_STEP_BYTES         2048u  /* of a body: each buys another second; a quarter of a line of 64 kbit/s */
#define SENDER_CONNECTIONS_MAX      64u  /* of one sender: sixteen senders do not fill all */
#define SENDER_ROOM_BYTES_MAX  8388608u  /* of one sender: two full windows, a quarter of what all share */
#define CONNECTION_OUTPUT_MAX    65536u  /* answers a client has not read; then nothing more is read from it */
#define FRAME_TIMEOUT_MS         30000u  /* from a frame's first byte to its last */
#define WRITE_TIMEOUT_MS         60000u  /* a client that does not read its answers */
#define TICK_BYTES_MAX        16777216u  /* prepared bytes in one transaction: bounds its dirty pages */

/* ---- filing ---- */
#define EPOCH_SECONDS_DEFAULT        5u
#define EPOCH_LAG_SECONDS_DEFAULT  300u  /* how far an epoch may lag behind a cosignature */
#define EPOCH_EVENTS_MAX        300000u  /* filed at once: up to 200 bytes of memory each */
#define EPOCH_TIMES_MAX              2u  /* of both, rather than to end an epoch within a second of the log's time */
#define EPOCH_SPAN_MAX         2000000u  /* log indexes that they are spread over: 4 bytes of memory each */
#define FILING_LAG_SECONDS       86400u  /* a sender that leaves older events unchecked lags */
#define POSTING_INDEXES_MAX        256u  /* one posting chunk: 2 KiB */
#define FRESH_SUBJECTS_MAX      500000u  /* subject keys not yet merged; more forces an epoch */

/* ---- statements ---- */
#define STATEMENT_BYTES_MAX  268435456u  /* a statement or filing proof as a file */
#define STATEMENT_EVENTS_MAX    131072u  /* covered events of one statement; who has more takes windows */
#define STATEMENT_LATER_MAX       4096u  /* events after the epoch */
#define STATEMENT_LAST_MAX          64u  /* entries that show an epoch's time: epochs and one batch after the last event */
#define STATEMENT_ERASURES_MAX    4096u
#define STATEMENT_SENDERS_MAX     4096u  /* sender entries */

/* ---- queries ---- */
#define QUERY_PAGE_MAX            1000u
#define QUERY_PAGE_DEFAULT         100u
#define QUERY_CONNECTIONS_MAX     1024u
#define LABELS_RANGE_MAX         16384u  /* log indexes of one piece of the label stream: 1.7 MB */

/* ---- files ---- */
#ifdef __SANITIZE_THREAD__
#define STORE_MAP_BYTES (1ull << 36) /* ThreadSanitizer leaves less to reserve */
#else
#define STORE_MAP_BYTES (1ull << 40) /* reserved address space, not disk */
#endif
#define KEYS_MAP_BYTES   (1ull << 36)
/* clang-format on */
