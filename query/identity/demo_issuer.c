/* In this order: length, signature, algorithm, issuer, times, subject, role, organisation; the first that does not hold
 * is told.
 *
 * libjwt gives the same error for a bad token and for no memory, and may hand over claims that lack letters. So whether
 * memory was short meanwhile is asked (shortage.h), and such a token is not judged: E_NO_MEMORY. */
#include "query/identity/demo_issuer.h"

#include "ledger/base/shortage.h"
#include "ledger/json/json_read.h"
#include "ledger/keys/keyfile.h"
#include "ledger/store/place.h"
#include "ledger/subject/subject.h"

#include <fcntl.h>
#include <jwt.h>
#include <sodium.h>

#define ISSUER_PREFIX "indsigt-demo/"
#define KEY_NAME "token"

static void jwt_release(jwt_t **jwt)
{
	if (*jwt)
		jwt_free(*jwt);
}

/* Two that come at once both find none; the one that loses takes the other's, so that all tokens are of one key. */
static enum error key_open(int keys_fd, bool create, struct key *out, struct fault *fault)
{
	enum error error = keyfile_read(keys_fd, KEY_NAME, KEYFILE_GROUP, out, fault);
	if (error != E_NOT_FOUND || !create)
		return error;
	struct key key;
	randombytes_buf(key.b, sizeof key.b);
	error = keyfile_create(keys_fd, KEY_NAME, KEYFILE_GROUP, &key, fault);
	sodium_memzero(&key, sizeof key);
	if (error != E_OK && error != E_EXISTS)
		return error;
	return keyfile_read(keys_fd, KEY_NAME, KEYFILE_GROUP, out, fault); /* somebody else's, if two came at once */
}

enum error demo_issuer_open(const char *dir, bool create, struct demo_issuer *out, struct fault *fault)
{
	struct vkey vkey;
	TRY(place_read_vkey(dir, &vkey, fault));
	OWNED_FD dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWNED_FD keys_fd = dir_fd >= 0 ? openat(dir_fd, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (keys_fd < 0)
		return fault_set(fault, E_IO, "%s/keys cannot be opened: %m", dir);
	struct demo_issuer issuer;
	TRY(key_open(keys_fd, create, &issuer.key, fault));
	snprintf(issuer.name, sizeof issuer.name, ISSUER_PREFIX "%s", vkey.name);
	*out = issuer;
	sodium_memzero(&issuer.key, sizeof issuer.key);
	return E_OK;
}

void demo_issuer_wipe(struct demo_issuer *issuer)
{
	sodium_memzero(issuer, sizeof *issuer);
}

static int add_if(jwt_t *jwt, const char *name, const char *value)
{
	return value[0] != '\0' ? jwt_add_grant(jwt, name, value) : 0;
}

enum error demo_issue(
	const struct demo_issuer *issuer, const struct identity *who, uint64_t issued_s, char out[TOKEN_TEXT_MAX + 1])
{
	OWNED(jwt_release) jwt_t *jwt = NULL;
	if (jwt_new(&jwt) != 0 || jwt_add_grant(jwt, "iss", issuer->name) != 0 || jwt_add_grant(jwt, "sub", who->id) != 0 ||
		jwt_add_grant(jwt, "role", role_name(who->role)) != 0 || add_if(jwt, "org", who->organisation) != 0 ||
		add_if(jwt, "acr", who->assurance) != 0 || jwt_add_grant_int(jwt, "iat", (long)issued_s) != 0 ||
		jwt_add_grant_int(jwt, "exp", (long)who->expires_s) != 0 ||
		jwt_set_alg(jwt, JWT_ALG_HS256, issuer->key.b, sizeof issuer->key.b) != 0)
		return E_NO_MEMORY;
	OWNED_MEMORY char *text = jwt_encode_str(jwt);
	TRY(allocated(text));
	if (strlen(text) > TOKEN_TEXT_MAX)
		return E_NO_ROOM;
	strcpy(out, text);
	return E_OK;
}

/* A whole number of seconds that is not negative. `present` may be NULL: then the claim is required. */
static bool claim_time(const json_t *claims, const char *name, bool *present, uint64_t *out)
{
	const json_t *value = json_object_get(claims, name);
	if (present)
		*present = value != NULL;
	if (value == NULL)
		return present != NULL;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

/* `out` has room for `size` bytes with the end mark. */
static bool claim_text(const json_t *claims, const char *name, size_t size, char *out)
{
	const json_t *value = json_object_get(claims, name);
	if (!json_is_string(value) || json_string_length(value) >= size)
		return false;
	memcpy(out, json_string_value(value), json_string_length(value) + 1);
	return true;
}

/* A clock may be off by a minute in one direction only: nobody gains by a token that is valid a minute early, and one
 * that has expired has expired. */
static enum error check_times(const json_t *claims, uint64_t now_s, struct identity *out, struct fault *fault)
{
	uint64_t issued_s, not_before = 0;
	bool has_not_before = false;
	if (!claim_time(claims, "iat", NULL, &issued_s) || !claim_time(claims, "exp", NULL, &out->expires_s) ||
		!claim_time(claims, "nbf", &has_not_before, &not_before))
		return fault_set(fault, E_TOKEN, "the token's iat, exp or nbf is missing or not a whole number of seconds");
	if (out->expires_s <= now_s)
		return fault_set(fault, E_TOKEN, "the token has expired; get a new one");
	if (issued_s > now_s + TOKEN_SKEW_S || (has_not_before && not_before > now_s + TOKEN_SKEW_S))
		return fault_set(fault, E_TOKEN, "the token is not valid yet; check the clocks");
	return E_OK;
}

static enum error check_claims(
	const struct demo_issuer *issuer, const json_t *claims, uint64_t now_s, struct identity *out, struct fault *fault)
{
	const char *iss = json_string_value(json_object_get(claims, "iss"));
	if (iss == NULL || strcmp(iss, issuer->name) != 0)
		return fault_set(fault, E_TOKEN, "the token is from another issuer than this ledger's");
	TRY(check_times(claims, now_s, out, fault));
	const json_t *sub = json_object_get(claims, "sub");
	struct bytes subject = bytes_of(json_string_value(sub), json_string_length(sub));
	if (!json_is_string(sub) || subject_check(subject) != E_OK)
		return fault_set(fault, E_TOKEN, "the token's sub is not a canonical subject id");
	const char *role = json_string_value(json_object_get(claims, "role"));
	if (role == NULL || !role_parse(role, &out->role))
		return fault_set(fault, E_TOKEN, "the token's role is missing or unknown");
	memcpy(out->id, subject.data, subject.len);
	strcpy(out->issuer, issuer->name);
	if (out->role == ROLE_AUTHORITY && (!claim_text(claims, "org", sizeof out->organisation, out->organisation) ||
										   !subject_org_valid(bytes_text(out->organisation))))
		return fault_set(fault, E_TOKEN, "the token's org is missing or not SCHEME:ID of at most 128 bytes");
	_Static_assert(ORG_BYTES_MAX == 128, "the text names the limit");
	if (json_object_get(claims, "acr") != NULL && !claim_text(claims, "acr", sizeof out->assurance, out->assurance))
		return fault_set(fault, E_TOKEN, "the token's acr is no text of at most 127 bytes");
	_Static_assert(ASSURANCE_BYTES_MAX == 127, "the text names the limit");
	return E_OK;
}

/* The length first: what follows copies it. */
enum error demo_verify(
	const struct demo_issuer *issuer, const char *text, uint64_t now_s, struct identity *out, struct fault *fault)
{
	if (strlen(text) > TOKEN_TEXT_MAX)
		return fault_set(fault, E_TOKEN, "the token is longer than %u bytes", TOKEN_TEXT_MAX);
	OWNED(jwt_release) jwt_t *jwt = NULL;
	(void)shortage_seen();
	int decoded = jwt_decode(&jwt, text, issuer->key.b, sizeof issuer->key.b);
	if (shortage_seen()) /* its claims may lack letters */
		return fault_set(fault, E_NO_MEMORY, "");
	if (decoded != 0)
		return fault_set(fault, E_TOKEN, "the token is malformed or not signed with this issuer's key");
	if (jwt_get_alg(jwt) != JWT_ALG_HS256)
		return fault_set(fault, E_TOKEN, "the token is signed with another algorithm than this issuer's");
	OWNED_MEMORY char *grants = jwt_get_grants_json(jwt, NULL);
	json_auto_t *claims = NULL;
	if (grants == NULL || json_read(bytes_text(grants), JSON_REJECT_DUPLICATES, NULL, &claims) == E_NO_MEMORY)
		return fault_set(fault, E_NO_MEMORY, "");
	if (!json_is_object(claims))
		return fault_set(fault, E_TOKEN, "the token's claims are not a JSON object");
	struct identity checked = {0};
	TRY(check_claims(issuer, claims, now_s, &checked, fault));
	*out = checked;
	return E_OK;
}
