#include "query/identity/demo_issuer.h"

#include "ledger/keys/keyfile.h"
#include "ledger/store/place.h"
#include "query/claims/claims.h"
#include "query/token/public_key.h"

#include <fcntl.h>
#include <sodium.h>

#define ISSUER_PREFIX "indsigt-demo/"
#define KEY_NAME "token"

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

static bool add_if(json_t *claims, const char *name, const char *value)
{
	return value[0] == '\0' || json_object_set_new(claims, name, json_string(value)) == 0;
}

enum error demo_issue(
	const struct demo_issuer *issuer, const struct identity *who, uint64_t issued_s, char out[TOKEN_TEXT_MAX + 1])
{
	json_auto_t *claims = json_pack("{s:s,s:s,s:s,s:I,s:I}", "iss", issuer->name, "sub", who->id, "role",
		role_name(who->role), "iat", (json_int_t)issued_s, "exp", (json_int_t)who->expires_s);
	if (claims == NULL || !add_if(claims, "org", who->organisation) || !add_if(claims, "acr", who->assurance))
		return E_NO_MEMORY;
	return public_key_sign_demo(&issuer->key, claims, out);
}

/* The name before the key: a token of another's is told so. */
enum error demo_verify(
	const struct demo_issuer *issuer, const struct jws *jws, uint64_t now_s, struct identity *out, struct fault *fault)
{
	const struct issuer_config config = issuer_config_demo(issuer->name);
	OWNED(public_key_release) struct public_key key = {.jwk = NULL};
	TRY(fault_set(fault, public_key_demo(&issuer->key, &key), ""));
	if ((key.algorithms & 1u << jws->algorithm) == 0)
		return fault_set(fault, E_TOKEN, "the token is signed with another algorithm than its issuer's");
	enum error error = public_key_verify(&key, jws);
	if (error == E_BAD_SIGNATURE)
		return fault_set(fault, E_TOKEN, "the token is not signed with its issuer's key");
	TRY(fault_set(fault, error, ""));
	return claims_show(&config, jws->claims, CLAIMS_OF_TOKEN, now_s, out, fault);
}
