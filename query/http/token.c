/* In this order: length, signature, algorithm, issuer, times, subject, role; the first that does not hold is told.
 *
 * libjwt gives the same error for a bad token and for no memory, and may hand over claims that lack letters. So whether
 * memory was short meanwhile is asked (shortage.h), and such a token is not judged: E_NO_MEMORY. */
#include "query/http/token.h"

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

static const char *const role_names[] = {
	[TOKEN_SUBJECT] = "subject",
	[TOKEN_PROXY] = "proxy",
	[TOKEN_AUDITOR] = "auditor",
};

static void jwt_release(jwt_t **jwt)
{
	if (*jwt)
		jwt_free(*jwt);
}

static bool parse_role(const char *name, enum token_role *out)
{
	for (size_t i = 0; i < sizeof role_names / sizeof role_names[0]; i++) {
		if (strcmp(role_names[i], name) == 0) {
			*out = (enum token_role)i;
			return true;
		}
	}
	return false;
}

/* Two that come at once both find none; the one that loses takes the other's, so that all tokens are of one key. */
static enum error key_open(int keys_fd, bool create, struct key *out, struct fault *fault)
{
	enum error error = keyfile_read(keys_fd, KEY_NAME, out, fault);
	if (error != E_NOT_FOUND || !create)
		return error;
	struct key key;
	randombytes_buf(key.b, sizeof key.b);
	error = keyfile_create(keys_fd, KEY_NAME, &key, fault);
	sodium_memzero(&key, sizeof key);
	if (error != E_OK && error != E_EXISTS)
		return error;
	return keyfile_read(keys_fd, KEY_NAME, out, fault); /* somebody else's, if two came at once */
}

enum error token_issuer_open(const char *dir, bool create, struct token_issuer *out, struct fault *fault)
{
	struct vkey vkey;
	TRY(place_read_vkey(dir, &vkey, fault));
	OWNED_FD dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWNED_FD keys_fd = dir_fd >= 0 ? openat(dir_fd, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (keys_fd < 0)
		return fault_set(fault, E_IO, "%s/keys cannot be opened: %m", dir);
	struct token_issuer issuer;
	TRY(key_open(keys_fd, create, &issuer.key, fault));
	snprintf(issuer.name, sizeof issuer.name, ISSUER_PREFIX "%s", vkey.name);
	*out = issuer;
	sodium_memzero(&issuer.key, sizeof issuer.key);
	return E_OK;
}

void token_issuer_wipe(struct token_issuer *issuer)
{
	sodium_memzero(issuer, sizeof *issuer);
}

enum error token_issue(
	const struct token_issuer *issuer, const struct token_claims *claims, char out[TOKEN_TEXT_MAX + 1])
{
	OWNED(jwt_release) jwt_t *jwt = NULL;
	if (jwt_new(&jwt) != 0 || jwt_add_grant(jwt, "iss", issuer->name) != 0 ||
		jwt_add_grant(jwt, "sub", claims->subject) != 0 || jwt_add_grant(jwt, "role", role_names[claims->role]) != 0 ||
		jwt_add_grant_int(jwt, "iat", (long)claims->issued_s) != 0 ||
		jwt_add_grant_int(jwt, "exp", (long)claims->expires_s) != 0 ||
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

/* A clock may be off by a minute in one direction only: nobody gains by a token that is valid a minute early, and one
 * that has expired has expired. */
static enum error check_times(const json_t *claims, uint64_t now_s, struct token_claims *out, struct fault *fault)
{
	uint64_t not_before = 0;
	bool has_not_before = false;
	if (!claim_time(claims, "iat", NULL, &out->issued_s) || !claim_time(claims, "exp", NULL, &out->expires_s) ||
		!claim_time(claims, "nbf", &has_not_before, &not_before))
		return fault_set(fault, E_TOKEN, "the token's iat, exp or nbf is missing or not a whole number of seconds");
	if (out->expires_s <= now_s)
		return fault_set(fault, E_TOKEN, "the token has expired; get a new one");
	if (out->issued_s > now_s + TOKEN_SKEW_S || (has_not_before && not_before > now_s + TOKEN_SKEW_S))
		return fault_set(fault, E_TOKEN, "the token is not valid yet; check the clocks");
	return E_OK;
}

static enum error check_claims(const struct token_issuer *issuer, const json_t *claims, uint64_t now_s,
	struct token_claims *out, struct fault *fault)
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
	if (role == NULL || !parse_role(role, &out->role))
		return fault_set(fault, E_TOKEN, "the token's role is missing or unknown");
	memcpy(out->subject, subject.data, subject.len);
	out->subject[subject.len] = '\0';
	return E_OK;
}

/* The length first: what follows copies it. */
enum error token_verify(
	const struct token_issuer *issuer, const char *text, uint64_t now_s, struct token_claims *out, struct fault *fault)
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
	struct token_claims checked;
	TRY(check_claims(issuer, claims, now_s, &checked, fault));
	*out = checked;
	return E_OK;
}
