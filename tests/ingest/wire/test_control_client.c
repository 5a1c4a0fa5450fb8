/* A daemon that takes any request, and memory that is short at its client's. */
#include "ingest/wire/control_client.h"

#include "ledger/process/unix_socket.h"
#include "tests/lib/place.h"
#include "tests/lib/scarce.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static void *take_each(void *context)
{
	static const char reply[] = "{\"ok\":true,\"text\":\"what was asked for is done\"}\n";
	const int *listener = context;
	for (int fd; (fd = accept(*listener, NULL, NULL)) >= 0; close(fd)) {
		char byte = 0;
		while (byte != '\n' && read(fd, &byte, 1) == 1)
			;
		if (byte == '\n')
			(void)!send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL);
	}
	return NULL;
}

/* Nothing is said of the daemon. */
START_TEST(without_memory_the_daemon_is_not_accused)
{
	struct place place;
	bool all = false;
	pthread_t thread;
	place_make(&place);
	int dir_fd = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int listener = unix_listen(dir_fd, "control.sock", 0600, 8);
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(fcntl(listener, F_SETFL, 0), 0); /* it waits */
	ck_assert_int_eq(pthread_create(&thread, NULL, take_each, &listener), 0);
	json_t *request = json_pack("{s:s, s:s}", "do", "something", "with", "a text that is longer than a first buffer");
	for (unsigned number = 1; !all; number++) {
		struct fault fault = {.text = ""};
		json_t *reply = NULL;
		scarce_at(number);
		enum error error = control_call(place.path, request, NULL, &reply, &fault);
		all = !scarce_end();
		ck_assert_msg(
			error == (all ? E_OK : E_NO_MEMORY), "allocation %u: %s: %s", number, error_name(error), fault.text);
		json_decref(reply);
	}
	json_decref(request);
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
	close(dir_fd);
	place_remove(&place);
}
END_TEST

UNIT_MAIN("control_client", without_memory_the_daemon_is_not_accused)
