/* Lines are taken in order, and a name must stand above where it is used: so groups hold no circles, and judging is one
 * pass from the top. Names are given once, keys are there once and members are listed once, so that nobody counts
 * twice. The first line that is wrong refuses the file with its number; half a policy is never used, because it may ask
 * for less than was meant. */
#include "ledger/witness/witness_policy.h"

#include "ledger/base/wrong.h"

#define WORDS_MAX (3 + POLICY_WITNESSES_MAX + POLICY_GROUPS_MAX + 1)

struct line {
	unsigned number;
	size_t count;
	struct bytes words[WORDS_MAX];
};

/* What is being built, and what only building it needs. */
struct build {
	struct witness_policy *policy;
	bool has_quorum;
	bool witness_listed[POLICY_WITNESSES_MAX];
	bool group_listed[POLICY_GROUPS_MAX];
	struct fault *fault;
};

static enum error refuse(const struct build *build, const struct line *line, const char *why)
{
	return fault_set(build->fault, E_BAD_VALUE, "line %u: %s", line->number, why);
}

static enum error refuse_word(const struct build *build, const struct line *line, const char *why, struct bytes word)
{
	return fault_set(build->fault, E_BAD_VALUE, "line %u: %s '%.*s'", line->number, why,
		(int)(word.len < 100 ? word.len : 100), (const char *)word.data);
}

/* ---- words ---- */

static bool word_is(struct bytes word, const char *text)
{
	return bytes_equal(word, bytes_text(text));
}

static void copy_word(char *out, struct bytes word)
{
	memcpy(out, word.data, word.len);
	out[word.len] = '\0';
}

/* Splits at spaces and tabs; a word more than any line can have is kept as the sign that there are too many. */
static void split(struct bytes text, struct line *out)
{
	out->count = 0;
	for (size_t at = 0; at < text.len && out->count < WORDS_MAX;) {
		size_t start = at;
		while (at < text.len && text.data[at] != ' ' && text.data[at] != '\t')
			at++;
		if (at > start)
			out->words[out->count++] = bytes_of(text.data + start, at - start);
		else
			at++;
	}
}

static bool find_member(const struct witness_policy *policy, struct bytes name, struct policy_member *out)
{
	for (uint32_t i = 0; i < policy->witness_count; i++)
		if (word_is(name, policy->witnesses[i].name)) {
			*out = (struct policy_member){.is_group = false, .index = i};
			return true;
		}
	for (uint32_t i = 0; i < policy->group_count; i++)
		if (word_is(name, policy->groups[i].name)) {
			*out = (struct policy_member){.is_group = true, .index = i};
			return true;
		}
	return false;
}

static enum error take_url(const struct build *build, const struct line *line, size_t at, char *out)
{
	if (WRONG(line->count > at + 1))
		return refuse(build, line, "has more words than it should");
	if (line->count == at)
		return E_OK;
	if (WRONG(line->words[at].len > POLICY_URL_BYTES_MAX))
		return refuse(build, line, "the address is longer than 1024 bytes");
	copy_word(out, line->words[at]);
	return E_OK;
}

static enum error take_name(const struct build *build, const struct line *line, char *out)
{
	struct policy_member other;
	struct bytes name = line->words[1];
	if (WRONG(name.len > POLICY_NAME_BYTES_MAX))
		return refuse(build, line, "the name is longer than 255 bytes");
	if (WRONG(word_is(name, "none")) || WRONG(find_member(build->policy, name, &other)))
		return refuse_word(build, line, "the name is taken already:", name);
	copy_word(out, name);
	return E_OK;
}

static enum error take_key(
	const struct build *build, const struct line *line, size_t at, uint8_t type, struct vkey *out)
{
	if (vkey_parse(line->words[at], out) != E_OK)
		return refuse(build, line, "the key is not a vkey (name+id+base64)");
	if (WRONG(out->type != type))
		return refuse(build, line,
			type == NOTE_KEY_ED25519 ? "a log's key has type 0x01 (Ed25519)"
									 : "a witness's key has type 0x04 (cosignature)");
	return E_OK;
}

static bool same_key(const struct vkey *a, const struct vkey *b)
{
	return memcmp(a->public_key, b->public_key, sizeof a->public_key) == 0;
}

/* ---- lines ---- */

static enum error take_log(struct build *build, const struct line *line)
{
	struct witness_policy *policy = build->policy;
	if (line->count < 2)
		return refuse(build, line, "wants: log <vkey> [<url>]");
	if (WRONG(policy->log_count == POLICY_LOGS_MAX))
		return refuse(build, line, "more logs than 32");
	struct policy_log *log = &policy->logs[policy->log_count];
	TRY(take_key(build, line, 1, NOTE_KEY_ED25519, &log->vkey));
	for (uint32_t i = 0; i < policy->log_count; i++)
		if (WRONG(same_key(&policy->logs[i].vkey, &log->vkey)))
			return refuse(build, line, "this log's key is there already");
	TRY(take_url(build, line, 2, log->url));
	policy->log_count++;
	return E_OK;
}

static enum error take_witness(struct build *build, const struct line *line)
{
	struct witness_policy *policy = build->policy;
	if (line->count < 3)
		return refuse(build, line, "wants: witness <name> <vkey> [<url>]");
	if (WRONG(policy->witness_count == POLICY_WITNESSES_MAX))
		return refuse(build, line, "more witnesses than 32");
	uint32_t at = policy->witness_count;
	TRY(take_name(build, line, policy->witnesses[at].name));
	TRY(take_key(build, line, 2, NOTE_KEY_COSIGNATURE, &policy->keys[at]));
	for (uint32_t i = 0; i < at; i++)
		if (WRONG(same_key(&policy->keys[i], &policy->keys[at])))
			return refuse(build, line, "this witness's key is there already");
	TRY(take_url(build, line, 3, policy->witnesses[at].url));
	policy->witness_count++;
	return E_OK;
}

/* Each name is listed once in all groups together, so that no witness counts twice. */
static enum error take_member(
	struct build *build, const struct line *line, struct bytes name, struct policy_group *group)
{
	struct policy_member member;
	if (!find_member(build->policy, name, &member))
		return refuse_word(build, line, "no witness or group above has the name", name);
	bool *listed = member.is_group ? &build->group_listed[member.index] : &build->witness_listed[member.index];
	if (WRONG(*listed))
		return refuse_word(build, line, "is a member of a group already:", name);
	*listed = true;
	group->members[group->member_count++] = member;
	return E_OK;
}

static bool parse_wanted(struct bytes word, uint32_t members, uint32_t *out)
{
	if (word_is(word, "all") || word_is(word, "any")) {
		*out = word_is(word, "all") ? members : 1;
		return true;
	}
	uint32_t value = 0;
	if (word.len == 0 || WRONG(word.len > 3) || WRONG(word.data[0] == '0'))
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (WRONG(word.data[i] < '0') || WRONG(word.data[i] > '9'))
			return false;
		value = value * 10 + (uint32_t)(word.data[i] - '0');
	}
	*out = value;
	return !WRONG(value > members);
}

static enum error take_group(struct build *build, const struct line *line)
{
	struct witness_policy *policy = build->policy;
	if (WRONG(line->count < 4))
		return refuse(build, line, "wants: group <name> all|any|<k> <member>...");
	if (WRONG(policy->group_count == POLICY_GROUPS_MAX))
		return refuse(build, line, "more groups than 32");
	struct policy_group *group = &policy->groups[policy->group_count];
	TRY(take_name(build, line, group->name));
	for (size_t i = 3; i < line->count; i++)
		TRY(take_member(build, line, line->words[i], group));
	if (!parse_wanted(line->words[2], group->member_count, &group->wanted))
		return refuse(build, line, "wants all, any, or a number from 1 to that of the members");
	policy->group_count++;
	return E_OK;
}

static enum error take_quorum(struct build *build, const struct line *line)
{
	if (WRONG(line->count != 2))
		return refuse(build, line, "wants: quorum <name>|none");
	if (WRONG(build->has_quorum))
		return refuse(build, line, "there is a quorum line already");
	build->has_quorum = true;
	build->policy->none = word_is(line->words[1], "none");
	if (!build->policy->none && !find_member(build->policy, line->words[1], &build->policy->quorum))
		return refuse_word(build, line, "no witness or group above has the name", line->words[1]);
	return E_OK;
}

static enum error take_line(struct build *build, const struct line *line)
{
	if (line->count == 0 || line->words[0].data[0] == '#')
		return E_OK;
	if (word_is(line->words[0], "log"))
		return take_log(build, line);
	if (word_is(line->words[0], "witness"))
		return take_witness(build, line);
	if (word_is(line->words[0], "group"))
		return take_group(build, line);
	if (word_is(line->words[0], "quorum"))
		return take_quorum(build, line);
	return refuse(build, line, "does not begin with log, witness, group, quorum or #");
}

/* Tab, newline, printable ASCII, and anything over 0x7F. */
static bool octets_valid(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.data[i] < ' ' && text.data[i] != '\t' && text.data[i] != '\n') || text.data[i] == 0x7F)
			return false;
	return true;
}

static enum error take_text(struct build *build, struct bytes text)
{
	struct line line = {0};
	while (text.len > 0) {
		struct bytes one;
		line.number++;
		/* A file that was cut off may name another quorum than was meant. */
		if (!note_cut(&text, '\n', &one))
			return refuse(build, &line, "does not end in a newline; the file may have been cut off");
		if (WRONG(!octets_valid(one)))
			return refuse(build, &line, "holds a control character");
		split(one, &line);
		TRY(take_line(build, &line));
	}
	if (WRONG(!build->has_quorum))
		return fault_set(build->fault, E_BAD_VALUE, "there is no quorum line");
	return E_OK;
}

enum error witness_policy_parse(struct bytes text, struct witness_policy **out, struct fault *fault)
{
	if (WRONG(text.len > POLICY_BYTES_MAX))
		return fault_set(fault, E_TOO_LONG, "the witness policy is longer than %u bytes", POLICY_BYTES_MAX);
	OWNED(witness_policy_release) struct witness_policy *policy = calloc(1, sizeof *policy);
	TRY(fault_set(fault, allocated(policy), ""));
	struct build build = {.policy = policy, .fault = fault};
	TRY(take_text(&build, text));
	*out = OWN_TAKE(policy);
	return E_OK;
}

bool witness_policy_has_log(const struct witness_policy *policy, const struct vkey *log)
{
	for (uint32_t i = 0; i < policy->log_count; i++)
		if (strcmp(policy->logs[i].vkey.name, log->name) == 0 && same_key(&policy->logs[i].vkey, log))
			return true;
	return policy->log_count == 0;
}

/* ---- judging ---- */

/* A witness has the time of its cosignature; of a group that wants k, the k-th newest time of its members: as of that
 * time, and no later, k of them had witnessed. 0 stands for never, and is older than everything. */
static uint64_t group_time(const struct policy_group *group, const uint64_t *witness_times, const uint64_t *group_times)
{
	uint64_t newest[POLICY_WITNESSES_MAX + POLICY_GROUPS_MAX];
	for (uint32_t i = 0; i < group->member_count; i++) {
		const struct policy_member *member = &group->members[i];
		uint64_t time = member->is_group ? group_times[member->index] : witness_times[member->index];
		uint32_t at = i;
		for (; at > 0 && newest[at - 1] < time; at--)
			newest[at] = newest[at - 1];
		newest[at] = time;
	}
	return newest[group->wanted - 1];
}

void witness_policy_judge(const struct witness_policy *policy, const uint64_t *times, struct quorum *out)
{
	struct quorum quorum = {.reached = policy->none};
	uint64_t group_times[POLICY_GROUPS_MAX];
	for (uint32_t i = 0; i < policy->witness_count; i++)
		quorum.count += times[i] != 0;
	/* Members stand above their group. */
	for (uint32_t i = 0; i < policy->group_count; i++)
		group_times[i] = group_time(&policy->groups[i], times, group_times);
	if (!policy->none) {
		quorum.time_s = policy->quorum.is_group ? group_times[policy->quorum.index] : times[policy->quorum.index];
		quorum.reached = quorum.time_s != 0;
	}
	*out = quorum;
}

enum error witness_policy_read(const struct witness_policy *policy, const struct note *note, struct quorum *out)
{
	uint64_t times[POLICY_WITNESSES_MAX];
	TRY(cosignatures_read(note, policy->keys, policy->witness_count, times));
	witness_policy_judge(policy, times, out);
	return E_OK;
}
