/* A small HTTP client for tests: one connection, used again, nothing hidden. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

struct http_answer {
	int status;
	char head[8192];
	char *body; /* to be freed */
	size_t body_len;
};

int http_connect(uint16_t port);
void http_put(int fd, const char *text);
void http_request(int fd, const char *method, const char *target, const char *token);
/* Asks, and takes no more of the answer than its beginning. */
int http_ask_deaf(uint16_t port, const char *target, const char *token);
/* The value of a header, copied; "" if it is not there. */
const char *http_header(const struct http_answer *answer, const char *name);
/* Reads one answer; `head` when it answers a HEAD. False if the connection ended before. */
bool http_answer_read(int fd, bool head, struct http_answer *out);
/* One request on a connection that stays open. */
struct http_answer http_ask(int fd, const char *method, const char *target, const char *token);
/* Has the other side ended the connection? Waits for it. */
bool http_ended(int fd);
