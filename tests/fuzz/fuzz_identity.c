/* What issuers and strangers send: tokens (t), key sets (k), discovery documents (d), answers about tokens (a), and an
 * operator's file (c). The first byte says which. */
#include "query/claims/claims.h"
#include "query/issuer/discovery.h"
#include "query/token/key_set.h"

#include <sodium.h>
#include <stdlib.h>

#define FILE_TEXT                                                                                                 \
	"{\"issuers\":[{\"issuer\":\"https://login.example\",\"audiences\":[\"log\"],\"parties\":[\"page\"],"         \
	"\"person\":{\"claim\":[\"dk\",\"cpr\"],\"prefix\":\"cpr:\"},\"organisation\":{\"claim\":\"cvr\",\"prefix\":" \
	"\"cvr:\"},"                                                                                                  \
	"\"role\":{\"claim\":\"roles\",\"values\":{\"r\":\"auditor\",\"t\":\"supervisor\",\"k\":\"authority\"}}}]}"
/* A point that nobody has the secret of: no token verifies. */
#define KEY_SET                                                                                                      \
	"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"kid\":" \
	"\"e\"},"                                                                                                        \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                       \
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\",\"kid\":\"p\"}]}"

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void fuzz_token(const char *text)
{
	struct key_set *keys = NULL;
	struct jws jws;
	struct fault fault;
	if (jws_read(text, &jws, &fault) != E_OK)
		return;
	check(key_set_read(BYTES_LITERAL(KEY_SET), &keys, &fault) == E_OK);
	check(key_set_verify(keys, &jws, &fault) != E_OK);
	key_set_free(keys);
	jws_release(&jws);
}

static void fuzz_key_set(const char *text)
{
	struct key_set *keys = NULL;
	struct fault fault;
	if (key_set_read(bytes_text(text), &keys, &fault) != E_OK)
		return;
	check(keys->count > 0 && keys->count <= KEYS_MAX);
	key_set_free(keys);
}

static void fuzz_file(const char *text)
{
	struct issuer_config configs[ISSUERS_MAX];
	struct fault fault;
	size_t count;
	if (issuer_config_read(bytes_text(text), configs, &count, &fault) != E_OK)
		return;
	check(count > 0 && count <= ISSUERS_MAX);
	for (size_t i = 0; i < count; i++) {
		check(configs[i].audiences.count > 0 && issuer_address_good(configs[i].issuer, true));
		issuer_config_release(&configs[i]);
	}
}

/* Under the rules of FILE_TEXT. */
static void fuzz_answer(char kind, const char *text)
{
	struct issuer_config configs[ISSUERS_MAX];
	struct discovery discovery;
	struct identity who;
	struct fault fault;
	size_t count;
	check(issuer_config_read(BYTES_LITERAL(FILE_TEXT), configs, &count, &fault) == E_OK);
	if (kind == 'd') {
		if (discovery_read(&configs[0], bytes_text(text), &discovery, &fault) == E_OK)
			check(issuer_address_good(discovery.keys_url, false));
	} else {
		json_t *claims = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		if (claims_show(&configs[0], claims, CLAIMS_OF_ANSWER, 1795392000, &who, &fault) == E_OK)
			check(who.role != ROLE_PROXY && who.id[0] != '\0' && who.expires_s > 1795392000);
		json_decref(claims);
	}
	issuer_config_release(&configs[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || sodium_init() < 0)
		return 0;
	char *text = malloc(size);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] == 't')
		fuzz_token(text);
	else if (data[0] == 'k')
		fuzz_key_set(text);
	else if (data[0] == 'c')
		fuzz_file(text);
	else
		fuzz_answer((char)data[0], text);
	free(text);
	return 0;
}
