/* The witness policy (C2SP tlog-policy): which logs, which witnesses, and how many of them must have cosigned a
 * checkpoint before it counts as witnessed. spec/cosignature.md
 *
 *   log <vkey> [<url>]                          key type 0x01
 *   witness <name> <vkey> [<url>]               key type 0x04
 *   group <name> all|any|<k> <member>...        of witnesses and groups defined above
 *   quorum <name>|none                          exactly once
 *
 * The file is closed: an unknown word, a name that is used or listed twice, a key that is there twice, a line without
 * its newline are refused with the number of the line. */
#pragma once

#include "ledger/note/cosignature.h"

struct policy_log {
	struct vkey vkey;
	char url[POLICY_URL_BYTES_MAX + 1]; /* empty when there is none; so for witnesses */
};

struct policy_witness {
	char name[POLICY_NAME_BYTES_MAX + 1];
	char url[POLICY_URL_BYTES_MAX + 1];
};

/* What a group or the quorum refers to. */
struct policy_member {
	bool is_group;
	uint32_t index;
};

struct policy_group {
	char name[POLICY_NAME_BYTES_MAX + 1];
	uint32_t wanted; /* so many of the members must have witnessed; at least 1 */
	uint32_t member_count;
	struct policy_member members[POLICY_WITNESSES_MAX + POLICY_GROUPS_MAX];
};

/* About 200 KiB: on the heap, not on a stack. */
struct witness_policy {
	uint32_t log_count;
	struct policy_log logs[POLICY_LOGS_MAX];
	uint32_t witness_count;
	struct policy_witness witnesses[POLICY_WITNESSES_MAX];
	struct vkey keys[POLICY_WITNESSES_MAX]; /* of the witnesses, by the same index */
	uint32_t group_count;
	struct policy_group groups[POLICY_GROUPS_MAX];
	bool none; /* "quorum none": no cosignature is asked for */
	struct policy_member quorum;
};

/* Parses the file's text. E_BAD_VALUE and the fault ("line 3: ..."), E_TOO_LONG over POLICY_BYTES_MAX, E_NO_MEMORY.
 * On success the caller frees `*out` with free(). */
enum error witness_policy_parse(struct bytes text, struct witness_policy **out, struct fault *fault) MUST_USE;
OWN(witness_policy, free);

/* True if the policy names this log's key, or no log at all. */
bool witness_policy_has_log(const struct witness_policy *policy, const struct vkey *log);

struct quorum {
	bool reached;
	/* The newest time T such that the witnesses with a cosignature at or after T still reach the quorum: as of T,
	 * enough of them had seen nothing newer. 0 when it is not reached, or nothing is asked for. */
	uint64_t time_s;
	uint32_t count; /* witnesses with a good cosignature */
};

/* `times` as cosignatures_read gives them for policy->keys. */
void witness_policy_judge(const struct witness_policy *policy, const uint64_t *times, struct quorum *out);

/* cosignatures_read and witness_policy_judge in one, for a note whose log signature the caller has checked.
 * E_BAD_SIGNATURE as cosignatures_read. That the quorum is reached is for the caller to ask. */
enum error witness_policy_read(
	const struct witness_policy *policy, const struct note *note, struct quorum *out) MUST_USE;
