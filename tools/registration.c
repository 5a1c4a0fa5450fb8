#include "tools/registration.h"

#include "ledger/json_read.h"
#include "ledger/subject.h"
#include "ledger/visible.h"
#include "ledger/wrong.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENDORSEMENT_FILE_MAX 16384
#define POLICY_TEXT_MAX 4096
#define BASE64 sodium_base64_VARIANT_ORIGINAL

static void drop_json(json_t **json)
{
	json_decref(*json);
}
#define OWNED_JSON __attribute__((cleanup(drop_json))) json_t

/* ---- words ---- */

static bool clean_text(const char *text, size_t max)
{
	struct bytes bytes = bytes_text(text);
	if (bytes.len == 0 || bytes.len > max || !bytes_utf8(bytes))
		return false;
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.data[i] < 0x20 || bytes.data[i] == 0x7F)
			return false;
	return true;
}

enum error registration_start(
	const char *org, const char *name, const struct policy *policy, struct entry_sender *out, struct fault *fault)
{
	if (strlen(org) > ORG_BYTES_MAX || !subject_org_valid(bytes_text(org)))
		return fault_set(fault, E_BAD_VALUE,
			"org is SCHEME:ID (such as cvr:55133018): a small-lettered scheme, no spaces, at most %u bytes",
			ORG_BYTES_MAX);
	if (!clean_text(name, NAME_BYTES_MAX) || visible_blank(bytes_text(name)))
		return fault_set(fault, E_BAD_VALUE,
			"name is 1 to %u bytes of UTF-8 without control characters, and not only spaces", NAME_BYTES_MAX);
	struct entry_sender entry = {.action = SENDER_REGISTER, .follows = FOLLOWS_NOTHING, .policy = *policy};
	strcpy(entry.org, org);
	strcpy(entry.name, name);
	*out = entry;
	return E_OK;
}

static enum error base64_parse(const char *text, uint8_t *out, size_t out_bytes)
{
	size_t len = 0;
	if (sodium_base642bin(out, out_bytes, text, strlen(text), NULL, &len, NULL, BASE64) != 0 || len != out_bytes)
		return E_BAD_VALUE;
	return E_OK;
}

enum error public_key_parse(const char *text, uint8_t out[32])
{
	uint8_t key[32];
	if (base64_parse(text, key, sizeof key) != E_OK)
		return E_BAD_KEY;
	memcpy(out, key, sizeof key);
	return E_OK;
}

void public_key_format(const uint8_t public_key[32], char out[PUBLIC_KEY_TEXT_MAX + 1])
{
	sodium_bin2base64(out, PUBLIC_KEY_TEXT_MAX + 1, public_key, 32, BASE64);
}

json_t *policy_to_json(const struct policy *policy)
{
	char text[POLICY_TEXT_MAX];
	struct writer writer = writer_of(text, sizeof text);
	json_t *words = json_array();
	if (words == NULL || policy_format(policy, &writer) != E_OK)
		return words;
	char *rest = text;
	for (char *word; (word = strsep(&rest, "\n")) != NULL;)
		if (*word)
			json_array_append_new(words, json_string(word));
	return words;
}

/* ---- writing ---- */

static json_t *endorsement_json(const struct vkey *log, const struct entry_sender *entry)
{
	char log_text[VKEY_TEXT_MAX + 1];
	char key[PUBLIC_KEY_TEXT_MAX + 1];
	char signature[sodium_base64_ENCODED_LEN(64, BASE64)];
	vkey_format(log, log_text);
	public_key_format(entry->public_key, key);
	sodium_bin2base64(signature, sizeof signature, entry->signature, sizeof entry->signature, BASE64);
	return json_pack("{s:s, s:s, s:I, s:s, s:s, s:o, s:s, s:s}", "origin", log->name, "log", log_text, "sender",
		(json_int_t)entry->sender, "org", entry->org, "name", entry->name, "policy", policy_to_json(&entry->policy),
		"public_key", key, "signature", signature);
}

enum error endorsement_write(
	const char *path, const struct vkey *log, const struct entry_sender *entry, struct fault *fault)
{
	OWNED_JSON *json = endorsement_json(log, entry);
	if (json == NULL)
		return fault_set(fault, E_NO_MEMORY, "");
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return fault_set(
			fault, errno == EEXIST ? E_EXISTS : E_IO, "endorsement '%s' cannot be created: %s", path, strerror(errno));
	bool written = json_dumpfd(json, fd, JSON_INDENT(2)) == 0 && write(fd, "\n", 1) == 1;
	if (close(fd) != 0 || !written) {
		(void)unlink(path);
		return fault_set(fault, E_IO, "endorsement '%s' cannot be written: %s", path, strerror(errno));
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

static enum error read_policy(const json_t *json, struct policy *out, struct fault *fault)
{
	const json_t *words = json_object_get(json, "policy");
	policy_default(out);
	if (WRONG(!json_is_array(words)))
		return fault_set(fault, E_BAD_VALUE, "the endorsement's \"policy\" is missing or not an array");
	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *word = json_string_value(json_array_get(words, i));
		TRY(policy_apply(out, word ? word : "", fault));
	}
	return E_OK;
}

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

static enum error read_members(json_t *json, const struct vkey *log, struct entry_sender *out, struct fault *fault)
{
	const char *org;
	const char *name;
	const char *key;
	const char *signature;
	struct policy policy;
	if (!json_is_object(json) || WRONG(json_object_size(json) != 8))
		return fault_set(fault, E_BAD_VALUE, "the endorsement is not a JSON object of 8 members");
	TRY(check_log(json, log, fault));
	TRY(read_text(json, "org", &org, fault));
	TRY(read_text(json, "name", &name, fault));
	TRY(read_text(json, "public_key", &key, fault));
	TRY(read_text(json, "signature", &signature, fault));
	TRY(read_policy(json, &policy, fault));
	TRY(registration_start(org, name, &policy, out, fault));
	const json_t *id = json_object_get(json, "sender");
	if (WRONG(!json_is_integer(id)) || WRONG(json_integer_value(id) < 1) || WRONG(json_integer_value(id) > UINT32_MAX))
		return fault_set(fault, E_BAD_VALUE, "the endorsement's \"sender\" is not an id from 1 to 4294967295");
	out->sender = (uint32_t)json_integer_value(id);
	if (public_key_parse(key, out->public_key) != E_OK ||
		base64_parse(signature, out->signature, sizeof out->signature) != E_OK)
		return fault_set(fault, E_BAD_KEY, "the endorsement's \"public_key\" or \"signature\" is malformed");
	if (WRONG(!sender_endorsed(log->name, out, NULL)))
		return fault_set(fault, E_BAD_SIGNATURE, "the endorsement's signature does not verify under its own key");
	return E_OK;
}

enum error endorsement_read(const char *path, const struct vkey *log, struct entry_sender *out, struct fault *fault)
{
	char text[ENDORSEMENT_FILE_MAX + 1];
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return fault_set(fault, errno == ENOENT ? E_NOT_FOUND : E_IO, "endorsement '%s' cannot be opened: %s", path,
			strerror(errno));
	size_t len = fread(text, 1, sizeof text, file);
	bool failed = ferror(file) != 0;
	fclose(file);
	if (failed || len > ENDORSEMENT_FILE_MAX)
		return fault_set(fault, failed ? E_IO : E_TOO_LONG, "endorsement '%s' cannot be read, or is over %d bytes",
			path, ENDORSEMENT_FILE_MAX);
	OWNED_JSON *json = NULL;
	enum error read = json_read(bytes_of(text, len), JSON_REJECT_DUPLICATES, NULL, &json);
	if (read == E_NO_MEMORY)
		return fault_set(fault, read, "");
	if (read != E_OK)
		return fault_set(fault, E_BAD_JSON, "endorsement '%s' is not valid JSON", path);
	struct entry_sender entry;
	TRY(read_members(json, log, &entry, fault));
	*out = entry;
	return E_OK;
}
