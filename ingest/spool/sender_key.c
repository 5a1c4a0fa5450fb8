/* The key file read and written, and what its key endorses.
 *
 * Every member is looked at before any is used, and one that is not known refuses the file: it may be a newer
 * version's, and what it says may not be left out. What can fail is told by the member's name and never by what
 * stands there, since a misplaced seed would else end in a terminal or a log. The origin stands beside the log's key
 * and must be the name in it: a file that was put together from two is refused. Half-read keys are wiped like whole
 * ones. */
#include "ingest/spool/sender_key.h"

#include "ledger/keys/key_json.h"

#include <sodium.h>

void sender_key_generate(struct sender_key *key)
{
	crypto_sign_keypair(key->public_key, key->secret_key);
}

void sender_key_wipe(struct sender_key *key)
{
	sodium_memzero(key, sizeof *key);
}

/* ---- reading ---- */

static enum error read_text(const json_t *json, const char *member, bool required, char *out, size_t max)
{
	const json_t *value = json_object_get(json, member);
	if (value == NULL && !required) {
		out[0] = '\0';
		return E_OK;
	}
	size_t len = json_string_length(value);
	if (!json_is_string(value) || len > max || (required && len == 0))
		return E_BAD_KEY;
	memcpy(out, json_string_value(value), len + 1);
	return E_OK;
}

/* `*member` is the one that was looked at last, for the fault. */
static enum error read_members(json_t *json, struct sender_key *key, const char **member)
{
	static const char *const known[] = {"origin", "log", "sender", "org", "name", "seed"};
	json_t *value;
	json_object_foreach(json, *member, value)
	{
		bool found = false;
		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			found = found || strcmp(*member, known[i]) == 0;
		if (!found)
			return E_BAD_KEY;
	}
	char origin[ORIGIN_BYTES_MAX + 1];
	char log[VKEY_TEXT_MAX + 1];
	TRY(read_text(json, *member = "origin", true, origin, sizeof origin - 1));
	TRY(read_text(json, *member = "log", true, log, sizeof log - 1));
	TRY(vkey_parse(bytes_text(log), &key->log));
	if (strcmp(key->log.name, origin) != 0 || key->log.type != NOTE_KEY_ED25519)
		return E_BAD_KEY;
	TRY(read_text(json, *member = "org", false, key->org, sizeof key->org - 1));
	TRY(read_text(json, *member = "name", false, key->name, sizeof key->name - 1));
	const json_t *id = json_object_get(json, *member = "sender");
	if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) > UINT32_MAX)
		return E_BAD_KEY;
	key->sender = (uint32_t)json_integer_value(id);
	*member = "seed";
	return key_json_seed(json, key->public_key, key->secret_key);
}

enum error sender_key_read(const char *path, struct sender_key *out, struct fault *fault)
{
	json_auto_t *json = NULL;
	OWNED(sender_key_wipe) struct sender_key key = {0};
	const char *member = "";
	enum error error = key_json_read(path, &json, fault);
	if (error == E_NOT_FOUND)
		return fault_set(fault, error, "key file '%s' is not there; 'indsigt sender add' makes one", path);
	TRY(error);
	if (read_members(json, &key, &member) != E_OK)
		return fault_set(fault, E_BAD_KEY, "key file '%s': member \"%.64s\" is missing, unknown or malformed", path,
			member != NULL ? member : "");
	*out = key;
	return E_OK;
}

/* ---- writing ---- */

/* What is empty is left out, as the reader takes it. */
static json_t *to_json(const struct sender_key *key)
{
	char log[VKEY_TEXT_MAX + 1];
	vkey_format(&key->log, log);
	json_auto_t *json =
		json_pack("{s:s, s:s, s:I}", "origin", key->log.name, "log", log, "sender", (json_int_t)key->sender);
	bool good = json != NULL;
	if (key->org[0] != '\0')
		good = good && json_object_set_new(json, "org", json_string(key->org)) == 0;
	if (key->name[0] != '\0')
		good = good && json_object_set_new(json, "name", json_string(key->name)) == 0;
	return good && key_json_set_seed(json, key->secret_key) == E_OK ? json_incref(json) : NULL;
}

enum error sender_key_write(const char *path, const struct sender_key *key, bool replace, struct fault *fault)
{
	json_auto_t *json = to_json(key);
	if (json == NULL)
		return fault_set(fault, E_NO_MEMORY, "key file '%s' cannot be written: %s", path, error_reason(E_NO_MEMORY));
	return key_json_write(path, json, replace, fault);
}

/* ---- endorsement ---- */

static enum error sign(const struct sender_key *key, const struct entry_sender *entry, uint8_t out[64])
{
	uint8_t buffer[SENDER_ENTRY_BYTES_MAX];
	struct writer w = writer_of(buffer, sizeof buffer);
	struct bytes message;
	TRY(sender_message(key->log.name, entry, &w));
	TRY(writer_done(&w, &message));
	crypto_sign_detached(out, NULL, message.data, message.len, key->secret_key);
	return E_OK;
}

enum error sender_key_endorse(const struct sender_key *key, struct entry_sender *entry)
{
	if (memcmp(key->public_key, entry->public_key, sizeof key->public_key) != 0)
		return E_BAD_KEY;
	return sign(key, entry, entry->signature);
}

enum error sender_key_endorse_old(const struct sender_key *old_key, struct entry_sender *entry)
{
	return sign(old_key, entry, entry->old_signature);
}
