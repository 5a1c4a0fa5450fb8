/* Addresses stand in a header of every answer (connect-src), so what is no plain address is refused, not escaped. */
#include "query/page/page_config.h"

#include "ledger/base/file.h"
#include "ledger/entry/entry.h"
#include "ledger/json/json_read.h"
#include "ledger/witness/door.h"
#include "ledger/witness/witness_policy.h"

#include <fcntl.h>

/* ---- reading ---- */

/* "https://HOST[:PORT]" at the front of an address of these characters alone; 0: it is none. */
static size_t origin_len(const char *address)
{
	static const char host[] = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%/:@[]";
	size_t scheme = strncmp(address, "https://", 8) == 0 ? 8 : strncmp(address, "http://", 7) == 0 ? 7 : 0;
	size_t len = scheme == 0 ? 0 : scheme + strspn(address + scheme, host);
	if (len == scheme || (address[len] != '\0' && address[len] != '/') || address[strspn(address, rest)] != '\0' ||
		strlen(address) > PAGE_ADDRESS_BYTES_MAX)
		return 0;
	return len;
}

/* What stands beside the page needs no origin: "./", "../api/". */
static bool is_relative(const char *address)
{
	return (strncmp(address, "./", 2) == 0 || strncmp(address, "../", 3) == 0 || address[0] == '/') &&
		   strncmp(address, "//", 2) != 0 && strlen(address) <= PAGE_ADDRESS_BYTES_MAX;
}

static enum error add_origin(const char *name, const char *address, bool relative, char *origins, struct fault *fault)
{
	size_t len = origin_len(address);
	if (relative && is_relative(address))
		return E_OK;
	if (len == 0)
		return fault_set(fault, E_BAD_VALUE, "%s must be an address: https://HOST[:PORT][/PATH]%s, at most %u bytes",
			name, relative ? ", or ./PATH" : "", PAGE_ADDRESS_BYTES_MAX);
	sprintf(origins + strlen(origins), " %.*s", (int)len, address);
	return E_OK;
}

static enum error check_text(const json_t *member, const char *name, struct fault *fault)
{
	const char *text = json_string_value(member);
	if (text == NULL || *text == '\0' || strlen(text) != json_string_length(member))
		return fault_set(fault, E_BAD_VALUE, "%s must be a text", name);
	return E_OK;
}

static bool is_vkey(const json_t *member)
{
	struct vkey vkey;
	const char *text = json_string_value(member);
	return text != NULL && vkey_parse(bytes_text(text), &vkey) == E_OK;
}

static enum error check_vkey(const json_t *config, struct fault *fault)
{
	if (!is_vkey(json_object_get(config, "vkey")))
		return fault_set(fault, E_BAD_VALUE, "vkey must be the log's verification key, as 'indsigt vkey' prints it");
	return E_OK;
}

static enum error check_policy(const json_t *config, struct fault *fault)
{
	const json_t *member = json_object_get(config, "policy");
	OWNED(witness_policy_release) struct witness_policy *policy = NULL;
	struct fault why;
	if (member == NULL || json_is_null(member))
		return E_OK;
	TRY(check_text(member, "policy", fault));
	enum error error = witness_policy_parse(bytes_text(json_string_value(member)), &policy, &why);
	return error == E_OK ? E_OK : fault_set(fault, error, "policy: %s", why.text);
}

/* The page as a file that others sign for: where it is, and by whose key it is checked. A link needs no origin. */
static enum error check_download(const json_t *config, struct fault *fault)
{
	const json_t *download = json_object_get(config, "download"), *publisher = json_object_get(config, "publisher");
	const char *address = json_string_value(download);
	if (download == NULL && publisher == NULL)
		return E_OK;
	if (address == NULL || origin_len(address) == 0)
		return fault_set(fault, E_BAD_VALUE,
			"download must be an address beside publisher: https://HOST[:PORT][/PATH], at most %u bytes",
			PAGE_ADDRESS_BYTES_MAX);
	if (!is_vkey(publisher))
		return fault_set(fault, E_BAD_VALUE, "publisher must be the vkey that the file at download is signed with");
	return E_OK;
}

/* More places that sign-in needs: a provider whose tokens come from another host than it is called by. */
static enum error check_connect(const json_t *list, char *origins, struct fault *fault)
{
	if (list != NULL && (!json_is_array(list) || json_array_size(list) > PAGE_ORIGINS_MAX - 2))
		return fault_set(fault, E_BAD_VALUE, "connect must be a list of at most %u addresses", PAGE_ORIGINS_MAX - 2);
	for (size_t i = 0; i < json_array_size(list); i++) {
		TRY(check_text(json_array_get(list, i), "connect", fault));
		TRY(add_origin("connect", json_string_value(json_array_get(list, i)), false, origins, fault));
	}
	return E_OK;
}

static enum error check_languages(const json_t *list, struct fault *fault)
{
	bool good = json_is_array(list) && json_array_size(list) > 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		good = good && json_is_string(json_array_get(list, i)) && json_string_length(json_array_get(list, i)) == 2;
	return good || list == NULL ? E_OK : fault_set(fault, E_BAD_VALUE, "languages must be a list like [\"da\",\"en\"]");
}

static enum error check_members(json_t *config, struct fault *fault)
{
	static const char *const known[] = {"ledger", "vkey", "policy", "lag_seconds", "issuer", "client_id", "scope",
		"resource", "connect", "languages", "demo", "download", "publisher"};
	const char *name;
	json_t *member;
	json_object_foreach(config, name, member)
	{
		bool found = false;
		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			found = found || strcmp(known[i], name) == 0;
		if (!found)
			return fault_set(fault, E_BAD_VALUE,
				"a member is not known; there are ledger, vkey, policy, lag_seconds, "
				"issuer, client_id, scope, resource, connect, languages, demo, download and publisher");
	}
	return E_OK;
}

/* `ledger` and `vkey` have to be there; without an issuer nobody can sign in, and the page says so. */
enum error page_config_check(struct bytes text, char origins[PAGE_ORIGINS_BYTES_MAX + 1], struct fault *fault)
{
	json_auto_t *config = NULL;
	json_error_t detail = {.line = 0};
	enum error error = json_read(text, JSON_REJECT_DUPLICATES, &detail, &config);
	if (error == E_BAD_JSON)
		return fault_set(fault, error, "line %d: %s", detail.line, detail.text);
	TRY(fault_set(fault, error, ""));
	if (!json_is_object(config))
		return fault_set(fault, E_BAD_VALUE, "it must be an object");
	const json_t *issuer = json_object_get(config, "issuer"), *lag = json_object_get(config, "lag_seconds");
	const json_t *demo = json_object_get(config, "demo");
	origins[0] = '\0';
	TRY(check_members(config, fault));
	TRY(check_text(json_object_get(config, "ledger"), "ledger", fault));
	TRY(add_origin("ledger", json_string_value(json_object_get(config, "ledger")), true, origins, fault));
	TRY(check_vkey(config, fault));
	TRY(check_policy(config, fault));
	if (lag != NULL && (!json_is_integer(lag) || json_integer_value(lag) < 1))
		return fault_set(fault, E_BAD_VALUE, "lag_seconds must be a whole number of at least 1");
	if (demo != NULL && !json_is_boolean(demo))
		return fault_set(fault, E_BAD_VALUE, "demo must be true or false");
	if (issuer != NULL && !json_is_null(issuer)) {
		TRY(check_text(issuer, "issuer", fault));
		TRY(add_origin("issuer", json_string_value(issuer), false, origins, fault));
		TRY(check_text(json_object_get(config, "client_id"), "client_id", fault));
	}
	TRY(check_download(config, fault));
	TRY(check_connect(json_object_get(config, "connect"), origins, fault));
	return check_languages(json_object_get(config, "languages"), fault);
}

/* ---- making ---- */

static enum error read_lag(struct archive *archive, uint32_t *out)
{
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	struct bytes encoded;
	struct entry entry;
	TRY(snapshot_begin(archive, &snapshot, NULL));
	TRY(snapshot_entry(snapshot, 0, &encoded));
	TRY(entry_decode(encoded, &entry));
	*out = entry.genesis.epoch_lag_seconds;
	return entry.kind == ENTRY_GENESIS ? E_OK : E_CORRUPT;
}

/* JSON null where the ledger asks no witnesses. */
static enum error read_policy(
	const struct archive *archive, const struct page_wishes *wishes, json_t **out, struct fault *fault)
{
	char path[PATH_BYTES_MAX];
	uint8_t *data = NULL;
	size_t len;
	if (wishes->policy == NULL && !file_is_there(archive_dir(archive), DOOR_POLICY_FILE)) {
		*out = json_null();
		return E_OK;
	}
	if (wishes->policy == NULL)
		TRY(file_path(archive_dir(archive), DOOR_POLICY_FILE, path));
	const char *name = wishes->policy != NULL ? wishes->policy : path;
	enum error error = file_read_all(AT_FDCWD, name, POLICY_BYTES_MAX, &data, &len);
	OWNED_MEMORY uint8_t *text = data;
	TRY(fault_because(fault, error, "%s", name));
	*out = json_stringn((const char *)text, len);
	return *out != NULL ? E_OK : fault_set(fault, E_NOT_UTF8, "%s is not valid UTF-8", name);
}

enum error page_config_make(
	struct archive *archive, const struct page_wishes *wishes, json_t **out, struct fault *fault)
{
	char vkey[VKEY_TEXT_MAX + 1];
	uint32_t lag_s = 0;
	json_t *policy = NULL;
	TRY(fault_because(fault, read_lag(archive, &lag_s), "the log's first entry"));
	TRY(read_policy(archive, wishes, &policy, fault));
	vkey_format(archive_vkey(archive), vkey);
	/* json_pack takes the policy also where it fails */
	json_auto_t *config = json_pack("{s:s, s:s, s:o, s:I, s:s?, s:s, s:s, s:s*, s:[s,s], s:b, s:s*, s:s*}", "ledger",
		wishes->ledger != NULL ? wishes->ledger : "./", "vkey", vkey, "policy", policy, "lag_seconds",
		(json_int_t)lag_s, "issuer", wishes->issuer, "client_id",
		wishes->client_id != NULL ? wishes->client_id : "indsigt-page", "scope",
		wishes->scope != NULL ? wishes->scope : "openid", "resource", wishes->resource, "languages", "da", "en", "demo",
		(int)wishes->demo, "download", wishes->download, "publisher", wishes->publisher);
	TRY(fault_set(fault, allocated(config), ""));
	*out = json_incref(config);
	return E_OK;
}
