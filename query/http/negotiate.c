/* Headers come in from anybody, in any spelling that RFC 9110 allows and in some that it does not. Where it is not
 * clear what is meant the plain answer is given: it is right for everybody. Nothing here is copied, so nothing can be
 * too long. */
#include "query/http/negotiate.h"

#include <string.h>
#include <strings.h>

#define BLANKS " \t"

/* A weight that is nothing but zeros is a refusal; none is 1. */
static bool refused(const char *parameters, size_t len)
{
	const char *end = parameters + len;
	for (const char *at = parameters; at < end; at++) {
		if (*at != ';')
			continue;
		at += 1 + strspn(at + 1, BLANKS);
		if (end - at >= 2 && strncasecmp(at, "q=", 2) == 0)
			return strspn(at + 2, "0.") == strcspn(at + 2, BLANKS ";,");
		at--;
	}
	return false;
}

bool negotiate_gzip(const char *accept_encoding)
{
	bool any = false;
	for (const char *at = accept_encoding; at != NULL && *at != '\0'; at += *at == ',') {
		at += strspn(at, BLANKS);
		size_t len = strcspn(at, ","), name_len = strcspn(at, BLANKS ";,");
		bool taken = !refused(at + name_len, len - name_len);
		if ((name_len == 4 && strncasecmp(at, "gzip", 4) == 0) || (name_len == 6 && strncasecmp(at, "x-gzip", 6) == 0))
			return taken;
		any |= taken && name_len == 1 && *at == '*';
		at += len;
	}
	return any;
}

bool negotiate_known(const char *if_none_match, const char *tag)
{
	return if_none_match != NULL &&
		   (strcmp(if_none_match + strspn(if_none_match, BLANKS), "*") == 0 || strstr(if_none_match, tag) != NULL);
}
