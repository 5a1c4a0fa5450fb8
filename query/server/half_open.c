#include "query/server/half_open.h"

#include "query/server/secure.h"

#include <event2/http.h>
#include <sodium.h>
#include <stddef.h>

void half_open_add(struct half_opens *list, struct half_open *one, struct evhttp_connection *http)
{
	one->http = http;
	LIST_INSERT_HEAD(list, one, place);
}

void half_open_remove(struct half_open *one)
{
	if (one->http != NULL)
		LIST_REMOVE(one, place);
	one->http = NULL;
}

bool half_open_is(const struct half_open *one)
{
	return one->http != NULL && secure_is_shaking(evhttp_connection_get_bufferevent(one->http));
}

struct evhttp_connection *half_open_too_many(struct half_opens *list, uint32_t max)
{
	uint32_t count = 0;
	for (struct half_open *next, *one = LIST_FIRST(list); one != NULL; one = next) {
		next = LIST_NEXT(one, place);
		if (half_open_is(one))
			count++;
		else
			half_open_remove(one);
	}
	if (count <= max)
		return NULL;
	const struct half_open *picked = LIST_FIRST(list);
	for (uint32_t left = randombytes_uniform(count); left > 0; left--)
		picked = LIST_NEXT(picked, place);
	return picked->http;
}
