/* Reports each line of standard input, an event in JSON, and waits until all are in the log.
 * cc example.c $(pkg-config --cflags --libs indsigt-sender) -o example; ./example tls://log.example.org:7514 ksd.key <
 * events.jsonl */
#include <indsigt_sender.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct indsigt_sender_options options = {
		.size = sizeof options, .server = argc > 2 ? argv[1] : NULL, .key = argc > 2 ? argv[2] : NULL};
	struct indsigt_sender *sender;
	struct indsigt_fault fault;
	enum indsigt_result got = indsigt_sender_open(&options, &sender, &fault);
	char *line = NULL;
	size_t room = 0;
	int refused = 0;
	while (got != INDSIGT_FAILED && getline(&line, &room, stdin) > 0) {
		while ((got = indsigt_sender_report(sender, line, strcspn(line, "\n"), &fault)) == INDSIGT_BUSY)
			if ((got = indsigt_sender_poll(sender, -1, &fault)) == INDSIGT_FAILED)
				break;
		if (got == INDSIGT_REFUSED)
			refused += fprintf(stderr, "refused: %s: %s\n", fault.error, fault.reason) > 0;
	}
	if (got != INDSIGT_FAILED)
		got = indsigt_sender_save(sender, -1, &fault);
	while (got != INDSIGT_FAILED && indsigt_sender_waiting(sender) > 0)
		got = indsigt_sender_poll(sender, -1, &fault);
	if (got == INDSIGT_FAILED)
		fprintf(stderr, "%s: %s\n", fault.error, fault.reason);
	indsigt_sender_close(sender);
	free(line);
	return got == INDSIGT_FAILED ? 2 : refused > 0;
}
