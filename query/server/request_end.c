/* Stricter than RFC 9112: where one reader may forgive and another not there are two ends, so nothing is forgiven. How
 * large a body may be is not judged here. */
#include "query/server/request_end.h"

#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

/* RFC 9110 section 5.6.2: the characters of a name. */
static bool is_name(const char *text)
{
	static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
								  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

/* A lone CR is an end of line to some. */
static bool is_value(const char *text)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7F)
			return false;
	return true;
}

/* No sign, no blank, no list, and no zero in front, which some would take for octal. */
static bool is_length(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	return digits > 0 && digits < 10 && text[digits] == '\0' && (digits == 1 || text[0] != '0');
}

/* RFC 9112 section 7: the one coding that evhttp undoes; the others it would read as chunks as well, or not at all. */
static bool is_chunked(const char *text)
{
	return strcasecmp(text, "chunked") == 0;
}

/* Who asks, about whom and in which case: of two one reader would take the first and another the last. */
static bool is_twice(struct evhttp_request *http, const struct evkeyval *header)
{
	static const char *const once[] = {"Authorization", "Indsigt-Subject", "Indsigt-Case"};
	for (size_t i = 0; i < sizeof once / sizeof once[0]; i++)
		if (strcasecmp(header->key, once[i]) == 0)
			return evhttp_find_header(evhttp_request_get_input_headers(http), once[i]) != header->value;
	return false;
}

enum request_end request_end(struct evhttp_request *http)
{
	const struct evkeyval *header;
	const char *length = NULL, *coding = NULL;
	/* evhttp reads no body of it, and never closes behind its answer whatever that says: it is a tunnel to evhttp. */
	if (evhttp_request_get_command(http) == EVHTTP_REQ_CONNECT) {
		http->type = EVHTTP_REQ_POST;
		return REQUEST_UNCLEAR;
	}
	for (header = evhttp_request_get_input_headers(http)->tqh_first; header; header = header->next.tqe_next) {
		if (!is_name(header->key) || !is_value(header->value) || is_twice(http, header))
			return REQUEST_UNCLEAR;
		bool coded = strcasecmp(header->key, "Transfer-Encoding") == 0;
		if (!coded && strcasecmp(header->key, "Content-Length") != 0)
			continue;
		if (length != NULL || coding != NULL || !(coded ? is_chunked(header->value) : is_length(header->value)))
			return REQUEST_UNCLEAR;
		*(coded ? &coding : &length) = header->value;
	}
	if (coding != NULL)
		return REQUEST_CHUNKED;
	return length == NULL || strcmp(length, "0") == 0 ? REQUEST_BODILESS : REQUEST_BODY;
}
