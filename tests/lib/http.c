#include "tests/lib/http.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int http_connect(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	const struct timeval patience = {.tv_sec = 60};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

void http_put(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

void http_request(int fd, const char *method, const char *target, const char *token)
{
	char text[8192];
	snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s\r\n", method, target,
		token ? "Authorization: Bearer " : "", token ? token : "", token ? "\r\n" : "");
	http_put(fd, text);
}

int http_ask_deaf(uint16_t port, const char *target, const char *token)
{
	const int small = 4096;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	http_request(fd, "GET", target, token);
	return fd;
}

const char *http_header(const struct http_answer *answer, const char *name)
{
	static _Thread_local char value[512];
	const char *line = answer->head;
	size_t len = strlen(name);
	value[0] = '\0';
	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
			sscanf(line + len + 1, " %511[^\r]", value);
			break;
		}
	}
	return value;
}

bool http_answer_read(int fd, bool head, struct http_answer *out)
{
	size_t len = 0;
	memset(out, 0, sizeof *out);
	while (strstr(out->head, "\r\n\r\n") == NULL) {
		ck_assert_uint_lt(len, sizeof out->head - 1);
		ssize_t got = recv(fd, out->head + len, 1, 0);
		if (got <= 0)
			return false;
		len += (size_t)got;
	}
	ck_assert_int_eq(sscanf(out->head, "HTTP/1.1 %d", &out->status), 1);
	out->body_len = strtoul(http_header(out, "Content-Length"), NULL, 10);
	if (head)
		return true;
	out->body = calloc(1, out->body_len + 1);
	for (size_t at = 0; at < out->body_len;) {
		ssize_t got = recv(fd, out->body + at, out->body_len - at, 0);
		ck_assert_int_gt(got, 0);
		at += (size_t)got;
	}
	return true;
}

struct http_answer http_ask(int fd, const char *method, const char *target, const char *token)
{
	struct http_answer answer;
	http_request(fd, method, target, token);
	ck_assert(http_answer_read(fd, strcmp(method, "HEAD") == 0, &answer));
	return answer;
}

bool http_ended(int fd)
{
	char byte;
	return recv(fd, &byte, 1, 0) <= 0;
}
