/* An endorsement file has been in other hands, so nothing in it is taken on trust, and nothing is passed over.
 *
 *   JSON of just these members ─► action ─► log ─► texts, policy, place ─► signature by its own key: endorsement_read
 *   what is registered ─► same organisation and name, follows the newest entry, changes one thing ─► signature by the
 *                         registered key: endorsement_fits
 *
 * A member that is not known is refused: no signature covers it, and a person who reads the file might believe it.
 *
 * What is registered stands in the log for ever and for everybody, so texts are judged before anything is signed: an
 * organisation that is no SCHEME:ID, or a name of nothing but spaces, could never be taken back. Reading and writing
 * are both here, so that a file of this version is always read by this version, member for member. */
#include "tools/sender/registration.h"

#include "ledger/base/wrong.h"
#include "ledger/json/json_base64.h"
#include "ledger/json/json_read.h"
#include "ledger/mandate/mandate.h"
#include "ledger/subject/subject.h"
#include "ledger/text/visible.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>

#define ENDORSEMENT_FILE_MAX 16384
#define BASE64 sodium_base64_VARIANT_ORIGINAL

/* ---- words ---- */

enum error registration_check_mandate(const char *org, const struct mandate *mandate, struct fault *fault)
{
	if (mandate_names(mandate, bytes_text(org)))
		return fault_set(
			fault, E_BAD_VALUE, "reports-for: for its own organisation every sender reports anyway; leave it out");
	if (!mandate_covers_source(mandate, org))
		return fault_set(fault, E_BAD_VALUE,
			"from: names an organisation that the sender may not report for; give --reports-for with it, too");
	return E_OK;
}

/* Lengths are checked in bytes, since that is what an entry has room for; a name in Greek may have half as many
 * letters. */
enum error registration_start(const char *org, const char *name, const struct policy *policy,
	const struct mandate *mandate, struct entry_sender *out, struct fault *fault)
{
	if (strlen(org) > ORG_BYTES_MAX || !subject_org_valid(bytes_text(org)))
		return fault_set(fault, E_BAD_VALUE,
			"org is SCHEME:ID (such as cvr:55133018): a small-lettered scheme, no spaces, at most %u bytes",
			ORG_BYTES_MAX);
	struct bytes text = bytes_text(name);
	if (text.len > NAME_BYTES_MAX || !visible_clean(text) || visible_blank(text))
		return fault_set(fault, E_BAD_VALUE,
			"name is 1 to %u bytes of UTF-8 without control characters, and not only spaces", NAME_BYTES_MAX);
	TRY(registration_check_mandate(org, mandate, fault));
	struct entry_sender entry = {
		.action = SENDER_REGISTER, .follows = FOLLOWS_NOTHING, .policy = *policy, .mandate = *mandate};
	strcpy(entry.org, org);
	strcpy(entry.name, name);
	*out = entry;
	return E_OK;
}

/* The exact number of bytes: a text that decodes to fewer would leave the rest as it was in memory. */
static enum error base64_parse(const char *text, uint8_t *out, size_t out_bytes)
{
	size_t len = 0;
	if (sodium_base642bin(out, out_bytes, text, strlen(text), NULL, &len, NULL, BASE64) != 0 || len != out_bytes)
		return E_BAD_VALUE;
	return E_OK;
}

enum error public_key_parse(const char *text, uint8_t out[32])
{
	return base64_parse(text, out, 32) == E_OK ? E_OK : E_BAD_KEY;
}

void public_key_format(const uint8_t public_key[32], char out[PUBLIC_KEY_TEXT_MAX + 1])
{
	sodium_bin2base64(out, PUBLIC_KEY_TEXT_MAX + 1, public_key, 32, BASE64);
}

/* ---- writing ---- */

static const char type[] = "indsigt-endorsement/v3";

static const char *const actions[] = {
	[SENDER_REGISTER] = "register", [SENDER_ROTATE] = "rotate", [SENDER_POLICY] = "policy", [SENDER_REVOKE] = "revoke"};

const char *action_word(enum sender_action action)
{
	return actions[action];
}

/* Whoever rotates a key or changes the policy has to show that they hold the key that is registered; revoking needs
 * only that one signature, and a registration has nothing older. */
static bool has_old_signature(const struct entry_sender *entry)
{
	return entry->action == SENDER_ROTATE || entry->action == SENDER_POLICY;
}

/* All members are always there, with null or an empty list where they say nothing: what is left out could be put in by
 * somebody else without breaking a signature. */
static json_t *endorsement_json(const struct vkey *log, const struct entry_sender *entry)
{
	char log_text[VKEY_TEXT_MAX + 1];
	char key[PUBLIC_KEY_TEXT_MAX + 1];
	bool registers = entry->action == SENDER_REGISTER, revokes = entry->action == SENDER_REVOKE;
	vkey_format(log, log_text);
	public_key_format(entry->public_key, key);
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:I, s:s, s:s, s:o, s:b, s:s, s:o, s:o}", "type", type, "origin",
		log->name, "log", log_text, "action", action_word(entry->action), "sender", (json_int_t)entry->sender,
		"follows", registers ? json_null() : json_integer((json_int_t)entry->follows), "change",
		(json_int_t)entry->change, "org", entry->org, "name", entry->name, "policy",
		revokes ? json_array() : terms_to_json(&entry->policy, &entry->mandate), "compromised", entry->compromised,
		"public_key", key, "signature", json_base64(BYTES_ARRAY(entry->signature)), "old_signature",
		has_old_signature(entry) ? json_base64(BYTES_ARRAY(entry->old_signature)) : json_null());
}

/* A file that is there is somebody's endorsement, perhaps of something else, so it is never written over. What could
 * not be written whole is removed: half of one would be refused later, by somebody who cannot know why. */
enum error endorsement_write(
	const char *path, const struct vkey *log, const struct entry_sender *entry, struct fault *fault)
{
	json_auto_t *json = endorsement_json(log, entry);
	TRY(fault_set(fault, allocated(json), ""));
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return fault_set(fault, errno == EEXIST ? E_EXISTS : E_IO, "endorsement '%s' cannot be created: %m", path);
	bool written = json_dumpfd(json, fd, JSON_INDENT(2)) == 0 && write(fd, "\n", 1) == 1;
	if (close(fd) != 0 || !written) {
		(void)unlink(path);
		return fault_set(fault, E_IO, "endorsement '%s' cannot be written: %m", path);
	}
	return E_OK;
}

/* ---- reading ---- */

static enum error read_text(const json_t *json, const char *member, const char **out, struct fault *fault)
{
	*out = json_string_value(json_object_get(json, member));
	if (*out == NULL)
		return fault_set(fault, E_BAD_VALUE, "the endorsement's \"%s\" is missing or not a text", member);
	return E_OK;
}

static enum error read_terms(const json_t *json, struct policy *policy, struct mandate *mandate, struct fault *fault)
{
	const json_t *words = json_object_get(json, "policy");
	policy_default(policy);
	*mandate = (struct mandate){.rights = 0};
	if (WRONG(!json_is_array(words)))
		return fault_set(fault, E_BAD_VALUE, "the endorsement's \"policy\" is missing or not an array");
	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *word = json_string_value(json_array_get(words, i));
		TRY(terms_apply(policy, mandate, word ? word : "", fault));
	}
	return E_OK;
}

/* The name and the key: a log that has lost its key and begins anew under its old name is another log. */
static enum error check_log(const json_t *json, const struct vkey *log, struct fault *fault)
{
	const char *origin;
	const char *text;
	char log_text[VKEY_TEXT_MAX + 1];
	TRY(read_text(json, "origin", &origin, fault));
	TRY(read_text(json, "log", &text, fault));
	vkey_format(log, log_text);
	if (WRONG(strcmp(origin, log->name) != 0) || WRONG(strcmp(text, log_text) != 0))
		return fault_set(fault, E_WRONG_ORIGIN, "the endorsement is for another ledger than '%s'", log->name);
	return E_OK;
}

static enum error read_action(const json_t *json, struct entry_sender *out, struct fault *fault)
{
	const char *text;
	TRY(read_text(json, "type", &text, fault));
	if (WRONG(strcmp(text, type) != 0))
		return fault_set(fault, E_BAD_VALUE, "the endorsement's \"type\" is not %s", type);
	TRY(read_text(json, "action", &text, fault));
	for (unsigned i = SENDER_REGISTER; i <= SENDER_REVOKE; i++)
		if (strcmp(text, actions[i]) == 0) {
			out->action = (enum sender_action)i;
			return E_OK;
		}
	return fault_set(fault, E_BAD_VALUE, "the endorsement's \"action\" is not register, rotate, policy or revoke");
}

/* An integer from `least` to `most`; jansson has none above 2^63 - 1. A range on both sides, in the type that the
 * parser has: what does not fit there never becomes a number that looks right. */
static bool read_integer(const json_t *json, const char *member, json_int_t least, json_int_t most, json_int_t *out)
{
	const json_t *value = json_object_get(json, member);
	*out = json_integer_value(value);
	return !WRONG(!json_is_integer(value)) && !WRONG(*out < least) && !WRONG(*out > most);
}

/* `follows` is null for a registration and a number for everything else, `change` 0 and another number, so neither can
 * be passed off as the other. */
static enum error read_place(const json_t *json, struct entry_sender *out, struct fault *fault)
{
	bool registers = out->action == SENDER_REGISTER;
	json_int_t sender, change, follows = 0;
	const json_t *compromised = json_object_get(json, "compromised");
	if (!read_integer(json, "sender", 1, UINT32_MAX, &sender))
		return fault_set(fault, E_BAD_VALUE, "the endorsement's \"sender\" is not an id from 1 to 4294967295");
	if (registers ? WRONG(!json_is_null(json_object_get(json, "follows")))
				  : !read_integer(json, "follows", 0, INT64_MAX, &follows))
		return fault_set(fault, E_BAD_VALUE,
			"the endorsement's \"follows\" is not a log index, or null for what is no registration");
	if (!read_integer(json, "change", registers ? 0 : 1, registers ? 0 : UINT32_MAX, &change))
		return fault_set(fault, E_BAD_VALUE,
			"the endorsement's \"change\" is not a number from 1 to 4294967295, or 0 for a registration");
	if (WRONG(!json_is_boolean(compromised)) || WRONG(json_is_true(compromised) && out->action != SENDER_REVOKE))
		return fault_set(fault, E_BAD_VALUE,
			"the endorsement's \"compromised\" is not true or false, or true in what revokes nothing");
	out->sender = (uint32_t)sender;
	out->follows = registers ? FOLLOWS_NOTHING : (uint64_t)follows;
	out->change = (uint32_t)change;
	out->compromised = json_is_true(compromised);
	return E_OK;
}

static enum error read_signatures(const json_t *json, struct entry_sender *out, struct fault *fault)
{
	const char *key, *signature, *old;
	TRY(read_text(json, "public_key", &key, fault));
	TRY(read_text(json, "signature", &signature, fault));
	if (public_key_parse(key, out->public_key) != E_OK ||
		base64_parse(signature, out->signature, sizeof out->signature) != E_OK)
		return fault_set(fault, E_BAD_KEY, "the endorsement's \"public_key\" or \"signature\" is malformed");
	if (!has_old_signature(out)) {
		if (WRONG(!json_is_null(json_object_get(json, "old_signature"))))
			return fault_set(fault, E_BAD_VALUE,
				"the endorsement's \"old_signature\" is not null, and this is no rotation and no change of policy");
		return E_OK;
	}
	TRY(read_text(json, "old_signature", &old, fault));
	if (base64_parse(old, out->old_signature, sizeof out->old_signature) != E_OK)
		return fault_set(fault, E_BAD_KEY, "the endorsement's \"old_signature\" is malformed");
	return E_OK;
}

/* The count of members is checked first: with each of them required, an unknown one cannot hide. The signature by its
 * own key comes last, over what all members say together. */
static enum error read_members(json_t *json, const struct vkey *log, struct entry_sender *out, struct fault *fault)
{
	const char *org;
	const char *name;
	struct policy policy;
	struct mandate mandate;
	struct entry_sender made, read = {0};
	if (!json_is_object(json) || WRONG(json_object_size(json) != 14))
		return fault_set(fault, E_BAD_VALUE, "the endorsement is not a JSON object of 14 members");
	TRY(read_action(json, &read, fault));
	TRY(check_log(json, log, fault));
	TRY(read_text(json, "org", &org, fault));
	TRY(read_text(json, "name", &name, fault));
	TRY(read_terms(json, &policy, &mandate, fault));
	if (WRONG(read.action == SENDER_REVOKE && json_array_size(json_object_get(json, "policy")) > 0))
		return fault_set(fault, E_BAD_VALUE, "the endorsement revokes, and has words of a policy");
	TRY(registration_start(org, name, &policy, &mandate, &made, fault));
	made.action = read.action;
	TRY(read_place(json, &made, fault));
	TRY(read_signatures(json, &made, fault));
	if (WRONG(!sender_signed(log->name, &made, made.signature, made.public_key)))
		return fault_set(fault, E_BAD_SIGNATURE, "the endorsement's signature does not verify under its own key");
	*out = made;
	return E_OK;
}

enum error endorsement_read(const char *path, const struct vkey *log, struct entry_sender *out, struct fault *fault)
{
	char text[ENDORSEMENT_FILE_MAX + 1];
	json_auto_t *json = NULL;
	FILE *file = fopen(path, "re"); /* which may be a pipe */
	if (file == NULL)
		return fault_set(fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "endorsement '%s' cannot be opened: %m", path);
	size_t len = fread(text, 1, sizeof text, file);
	bool failed = ferror(file) != 0;
	fclose(file);
	if (failed)
		return fault_set(fault, E_IO, "endorsement '%s' cannot be read", path);
	if (len > ENDORSEMENT_FILE_MAX)
		return fault_set(fault, E_TOO_LONG, "endorsement '%s' is over %d bytes", path, ENDORSEMENT_FILE_MAX);
	enum error error = json_read(bytes_of(text, len), JSON_REJECT_DUPLICATES, NULL, &json);
	if (error == E_NO_MEMORY)
		return fault_set(fault, error, "");
	if (error != E_OK)
		return fault_set(fault, E_BAD_JSON, "endorsement '%s' is not valid JSON", path);
	return read_members(json, log, out, fault);
}

/* ---- applying ---- */

const char *endorsement_command(enum sender_action action)
{
	static const char *const commands[] = {[SENDER_REGISTER] = "indsigt sender add DIR --public KEY --endorsement FILE",
		[SENDER_ROTATE] = "indsigt sender rotate DIR --endorsement FILE",
		[SENDER_POLICY] = "indsigt sender policy DIR --endorsement FILE",
		[SENDER_REVOKE] = "indsigt sender revoke DIR --endorsement FILE"};
	return commands[action];
}

/* In the order in which somebody would look for the mistake: is it about this sender, about its newest entry, about one
 * thing, and then whether it is signed. Each sentence says what is to be done, since the person who reads it did not
 * make the file. */
enum error endorsement_fits(
	const struct vkey *log, const struct entry_sender *entry, const struct sender *sender, struct fault *fault)
{
	bool same_key = memcmp(entry->public_key, sender->public_key, sizeof entry->public_key) == 0;
	if (sender->status == SENDER_REVOKED)
		return fault_set(fault, E_REVOKED_SENDER, "sender %" PRIu32 " is revoked already", sender->id);
	if (strcmp(entry->org, sender->org) != 0 || strcmp(entry->name, sender->name) != 0)
		return fault_set(fault, E_BAD_VALUE,
			"the endorsement names another organisation or name than sender %" PRIu32
			" has, and these cannot be changed",
			sender->id);
	if (entry->follows != sender->version)
		return fault_set(fault, E_BAD_VALUE,
			"the endorsement follows entry %" PRIu64 ", and the newest of sender %" PRIu32 " is %" PRIu64
			": have it endorsed anew with --follows %" PRIu64 " --change %" PRIu32,
			entry->follows, sender->id, sender->version, sender->version, sender->changes + 1);
	if (entry->change != sender->changes + 1)
		return fault_set(fault, E_BAD_VALUE,
			"the endorsement is change %" PRIu32 ", and the next of sender %" PRIu32 " is %" PRIu32
			": have it endorsed anew with --change %" PRIu32,
			entry->change, sender->id, sender->changes + 1, sender->changes + 1);
	if (entry->action == SENDER_ROTATE && same_key)
		return fault_set(fault, E_BAD_KEY, "the endorsement of a new key is about the key that is registered");
	if (entry->action != SENDER_ROTATE && !same_key)
		return fault_set(
			fault, E_BAD_KEY, "the endorsement is by another key than the one that sender %" PRIu32 " has", sender->id);
	if (entry->action == SENDER_ROTATE &&
		(!policy_equal(&entry->policy, &sender->policy) || !mandate_equal(&entry->mandate, &sender->mandate)))
		return fault_set(fault, E_BAD_VALUE,
			"the endorsement of a new key gives another policy as well: have it endorsed with the words that 'indsigt "
			"sender show' shows");
	if (entry->action != SENDER_REVOKE && !sender_signed(log->name, entry, entry->old_signature, sender->public_key))
		return fault_set(
			fault, E_BAD_SIGNATURE, "the endorsement is not signed by the key that sender %" PRIu32 " has", sender->id);
	return E_OK;
}
