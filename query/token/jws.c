/* Libraries are more forgiving than this: cjose takes a signature of any even length for ES256, passes over `typ`, and
 * jansson takes the last of two members of one name. What two readers could read in two ways is refused here before
 * any of them sees it. */
#include "query/token/jws.h"

#include "ledger/base/own.h"
#include "ledger/base/shortage.h"
#include "ledger/json/json_read.h"

#include <sodium.h>
#include <strings.h>

static const char *const algorithm_names[JWS_ALGORITHMS] = {
	[JWS_HS256] = "HS256",
	[JWS_RS256] = "RS256",
	[JWS_PS256] = "PS256",
	[JWS_ES256] = "ES256",
	[JWS_EDDSA] = "EdDSA",
};

bool jws_algorithm_parse(const char *name, enum jws_algorithm *out)
{
	for (size_t i = 0; i < JWS_ALGORITHMS; i++) {
		if (strcmp(algorithm_names[i], name) == 0) {
			*out = (enum jws_algorithm)i;
			return true;
		}
	}
	return false;
}

/* libsodium 1.0.18 takes bytes over 0x7F for letters. */
bool jws_base64url(const char *text, size_t text_len, uint8_t *out, size_t capacity, size_t *out_len)
{
	for (size_t i = 0; i < text_len; i++)
		if ((unsigned char)text[i] > 0x7F)
			return false;
	return sodium_base642bin(
			   out, capacity, text, text_len, NULL, out_len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

bool jws_looks_so(const char *text)
{
	size_t dots = 0;
	for (; *text != '\0'; text++)
		dots += *text == '.';
	return dots == 2;
}

/* ---- header ---- */

static bool is_type(const json_t *type)
{
	static const char *const types[] = {"JWT", "at+jwt", "application/at+jwt"};
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (json_is_string(type) && strcasecmp(json_string_value(type), types[i]) == 0)
			return true;
	return type == NULL; /* RFC 7519 section 5.1: it may be left out */
}

static enum error take_header(const json_t *header, struct jws *jws, struct fault *fault)
{
	const json_t *algorithm = json_object_get(header, "alg"), *key_id = json_object_get(header, "kid");
	if (!json_is_object(header))
		return fault_set(fault, E_TOKEN, "the token's header is not a JSON object");
	if (json_object_get(header, "crit") != NULL)
		return fault_set(fault, E_TOKEN, "the token's header has crit, and nothing that it could name is known here");
	if (!is_type(json_object_get(header, "typ")))
		return fault_set(fault, E_TOKEN, "the token's typ is not JWT or at+jwt; it is a token for something else");
	if (!json_is_string(algorithm) || !jws_algorithm_parse(json_string_value(algorithm), &jws->algorithm))
		return fault_set(fault, E_TOKEN, "the token's alg is none of RS256, PS256, ES256 and EdDSA");
	if (key_id != NULL && (!json_is_string(key_id) || json_string_length(key_id) > KEY_ID_BYTES_MAX))
		return fault_set(fault, E_TOKEN, "the token's kid is no text of at most 255 bytes");
	_Static_assert(KEY_ID_BYTES_MAX == 255, "the text names the limit");
	jws->has_key_id = key_id != NULL;
	if (key_id != NULL)
		memcpy(jws->key_id, json_string_value(key_id), json_string_length(key_id) + 1);
	return E_OK;
}

/* ---- parts ---- */

/* `part` decoded and read. */
static enum error read_part(struct bytes part, const char *what, json_t **out, struct fault *fault)
{
	uint8_t decoded[TOKEN_TEXT_MAX];
	size_t len;
	if (!jws_base64url((const char *)part.data, part.len, decoded, sizeof decoded, &len))
		return fault_set(fault, E_TOKEN, "the token's %s is not base64url", what);
	enum error error = json_read(bytes_of(decoded, len), JSON_REJECT_DUPLICATES, NULL, out);
	explicit_bzero(decoded, len); /* it names somebody */
	if (error == E_NO_MEMORY)
		return fault_set(fault, error, "");
	if (error != E_OK || !json_is_object(*out))
		return fault_set(fault, E_TOKEN, "the token's %s is not a JSON object with each name once", what);
	return E_OK;
}

static enum error read_parts(const char *text, struct jws *jws, struct fault *fault)
{
	const char *first = strchr(text, '.'), *second = strchr(first + 1, '.');
	json_auto_t *header = NULL;
	jws->text = bytes_text(text);
	jws->signed_text = bytes_of(text, (size_t)(second - text));
	TRY(read_part(bytes_of(text, (size_t)(first - text)), "header", &header, fault));
	TRY(take_header(header, jws, fault));
	TRY(read_part(bytes_of(first + 1, (size_t)(second - first - 1)), "payload", &jws->claims, fault));
	if (!jws_base64url(second + 1, strlen(second + 1), jws->signature, sizeof jws->signature, &jws->signature_len))
		return fault_set(
			fault, E_TOKEN, "the token's signature is not base64url of at most %u bytes", SIGNATURE_BYTES_MAX);
	return E_OK;
}

void jws_release(struct jws *jws)
{
	json_decref(jws->claims);
	jws->claims = NULL;
}

/* The length first: what follows copies it. */
enum error jws_read(const char *text, struct jws *out, struct fault *fault)
{
	*out = (struct jws){.claims = NULL};
	if (strnlen(text, TOKEN_TEXT_MAX + 1) > TOKEN_TEXT_MAX)
		return fault_set(fault, E_TOKEN, "the token is longer than %u bytes", TOKEN_TEXT_MAX);
	if (!jws_looks_so(text))
		return fault_set(fault, E_TOKEN, "the token is not a signed one of three parts");
	enum error error = read_parts(text, out, fault);
	if (error != E_OK)
		jws_release(out);
	return error;
}
