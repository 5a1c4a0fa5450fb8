#include "query/server/half_open.h"

#include "query/server/secure.h"

#include <event2/http.h>
#include <sodium.h>
#include <stddef.h>

void half_open_add(struct half_opens *list, struct half_open *one, struct evhttp_connection *http)
{
	*one = (struct half_open){.next = list->first, .link = &list->first, .http = http};
	if (one->next != NULL)
		one->next->link = &one->next;
	list->first = one;
}

void half_open_remove(struct half_open *one)
{
	if (one->link == NULL)
		return;
	*one->link = one->next;
	if (one->next != NULL)
		one->next->link = one->link;
	*one = (struct half_open){0};
}

bool half_open_is(const struct half_open *one)
{
	return one->link != NULL && secure_is_shaking(evhttp_connection_get_bufferevent(one->http));
}

struct evhttp_connection *half_open_too_many(struct half_opens *list, uint32_t max)
{
	uint32_t count = 0;
	for (struct half_open *next, *one = list->first; one != NULL; one = next) {
		next = one->next;
		if (half_open_is(one))
			count++;
		else
			half_open_remove(one);
	}
	if (count <= max)
		return NULL;
	struct half_open *picked = list->first;
	for (uint32_t left = randombytes_uniform(count); left > 0; left--)
		picked = picked->next;
	return picked->http;
}
