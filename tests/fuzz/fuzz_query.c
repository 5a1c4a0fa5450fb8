/* What a stranger sends to the query side: query strings, cursors and tokens. The first byte says which. */
#include "query/answer/accesses.h"
#include "query/http/cursor.h"
#include "query/http/params.h"
#include "query/identity/identity.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_params(const char *text)
{
	static const char *const known[] = {"from", "to", "org", "limit", "cursor", NULL};
	struct params params;
	struct fault fault;
	uint64_t time_s = 0;
	if (params_parse(text, known, &params, &fault) != E_OK)
		return;
	for (size_t i = 0; i < params.count; i++) {
		/* What was taken is text without control characters, under a name that was asked for. */
		if (!bytes_utf8(bytes_text(params.items[i].value)) || strpbrk(params.items[i].value, "\n\r\t"))
			abort();
		if (params_get(&params, params.items[i].name) != params.items[i].value)
			abort();
		if (accesses_time(params.items[i].value, &time_s) == E_OK && time_s > 9214646400)
			abort(); /* beyond 2262 */
	}
}

static void fuzz_cursor(const char *text)
{
	static const struct key key = {{1}};
	static const struct hash question = {{2}};
	uint64_t place = 0;
	if (cursor_open(&key, &question, text, &place) == E_OK)
		abort(); /* none was ever sealed */
}

static void fuzz_token(const char *text)
{
	static const struct demo_issuer issuer = {.name = "indsigt-demo/log.example", .key = {{3}}};
	static const struct issuers issuers = {.demo = &issuer};
	const struct presented presented = {.token = text};
	struct identity identity;
	struct fault fault;
	if (identity_show(&issuers, &presented, 1795392000, &identity, &fault) == E_OK)
		abort(); /* none was ever issued */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || sodium_init() < 0)
		return 0;
	char *text = malloc(size);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] == 'p')
		fuzz_params(text);
	else if (data[0] == 'c')
		fuzz_cursor(text);
	else
		fuzz_token(text);
	free(text);
	return 0;
}
