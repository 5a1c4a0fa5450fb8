/* The command `indsigt gateway`, as `indsigt` shows and completes it; the work is indsigt-gateway's (gateway_main.c).
 */
#pragma once

#include "tools/command/command.h"
#include "tools/gateway/lines.h"

struct gateway_options {
	struct outbox_options sending;
	struct lines_options syslog;
	struct http_door_options http;
	const char *rejected, *user;
};
