/* indsigt spool: what a sender keeps, in numbers. */
#include "ingest/spool/spool.h"
#include "ledger/base/file.h"
#include "tools/command/command.h"
#include "tools/send/kept.h"
#include "tools/show/output.h"

#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>

struct counts {
	uint64_t messages;
	uint64_t events;
	uint64_t refused; /* rows */
	uint64_t left;    /* bytes of pipes that a run had read when it was killed */
};

static enum error count_waiting(struct spool *spool, struct counts *counts)
{
	for (size_t i = 0; i < spool_count(spool); i++) {
		struct spool_batch batch;
		TRY(spool_messages(spool, i, &batch));
		counts->messages += batch.message_count;
		counts->events += spool_pending(spool, i)->head.count;
		free((void *)(uintptr_t)batch.messages);
	}
	return E_OK;
}

/* Nothing is shown of them: they hold personal data. */
static void count_refused(const char *path, struct counts *counts)
{
	char name[PATH_BYTES_MAX];
	FILE *file = file_path(path, "rejected.jsonl", name) == E_OK ? fopen(name, "re") : NULL;
	if (file == NULL)
		return;
	for (int c; (c = getc(file)) != EOF;)
		counts->refused += c == '\n';
	fclose(file);
}

static enum error print_json(const struct spool *spool, const struct counts *counts)
{
	return output_json(
		json_pack("{s:s, s:I, s:{s:I, s:I, s:I, s:I}, s:I, s:I, s:I, s:I, s:I, s:I}", "origin", spool_origin(spool),
			"sender", (json_int_t)spool_sender(spool), "waiting", "batches", (json_int_t)spool_count(spool), "messages",
			(json_int_t)counts->messages, "events", (json_int_t)counts->events, "bytes", (json_int_t)spool_bytes(spool),
			"acknowledged", (json_int_t)spool_acknowledged(spool), "next", (json_int_t)spool_next(spool), "remembered",
			(json_int_t)remembered_kept(spool_remembered(spool)), "forgotten",
			(json_int_t)remembered_forgotten(spool_remembered(spool)), "refused", (json_int_t)counts->refused, "left",
			(json_int_t)counts->left),
		stdout);
}

static void print_text(const char *path, const struct spool *spool, const struct counts *counts)
{
	printf("spool of sender %" PRIu32 " of %s\n", spool_sender(spool), spool_origin(spool));
	printf("waiting       %" PRIu64 " messages, %" PRIu64 " events in %zu batches\n", counts->messages, counts->events,
		spool_count(spool));
	printf("acknowledged  below sequence %" PRIu64 "; the next one is %" PRIu64 "\n", spool_acknowledged(spool),
		spool_next(spool));
	printf("remembered    %" PRIu64 " marks of acknowledged messages (two where an event has an id)",
		remembered_kept(spool_remembered(spool)));
	if (remembered_forgotten(spool_remembered(spool)) > 0)
		printf(", %" PRIu64 " older ones are forgotten", remembered_forgotten(spool_remembered(spool)));
	printf("\nrefused       %" PRIu64 " rows", counts->refused);
	if (counts->refused > 0)
		printf(" in '%s/rejected.jsonl': put right what is wrong, and send that file", path);
	putchar('\n');
	if (counts->left > 0)
		printf("left          %" PRIu64
			   " bytes that a run that was killed had read from a pipe; the next 'indsigt send' hands them back\n",
			counts->left);
}

static bool is_file(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

OWN(spool, spool_close);

static enum error look(const char *path, bool json, bool *waits, struct fault *fault)
{
	OWNED(spool_release) struct spool *spool = NULL;
	struct counts counts = {0};
	if (is_file(path))
		return fault_set(fault, E_USAGE, "'%s' is a file; for the spool beside a key file say --key", path);
	TRY(spool_open_any(path, &spool, fault));
	TRY(count_waiting(spool, &counts));
	count_refused(path, &counts);
	counts.left = kept_left(path);
	if (json)
		TRY(print_json(spool, &counts));
	else
		print_text(path, spool, &counts);
	*waits = spool_count(spool) > 0 || counts.left > 0;
	return spool_damaged(spool)
			   ? fault_set(fault, E_CORRUPT, "the spool is damaged, and a part of it is lost; the rest is as shown")
			   : E_OK;
}

struct spool_options {
	const char *dir;
	const char *key;
	bool json;
};
#define T struct spool_options
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR", .forms = FORM(0)),
	OPTION_TEXT(
		T, key, "key", "FILE", .forms = FORM(1), .required = REQUIRED, .help = "the spool beside this key file"),
	OPTION_FLAG(T, json, "json", .help = "one JSON object"),
};

static int run(int argc, char **argv)
{
	struct spool_options options = {.key = NULL};
	struct fault fault = {.text = ""};
	char path[PATH_MAX];
	bool waits = false;
	int misread = command_read(&command_spool, argc, argv, &options);
	if (misread != EXIT_DONE)
		return misread;
	int len = options.key != NULL ? snprintf(path, sizeof path, "%s.spool", options.key)
								  : snprintf(path, sizeof path, "%s", options.dir);
	if (len < 0 || (size_t)len >= sizeof path)
		return command_usage(&command_spool, NULL);
	int code = command_end(&command_spool, look(path, options.json, &waits, &fault), &fault);
	return code == EXIT_DONE && waits ? EXIT_PARTLY : code;
}

const struct command command_spool = {
	.options = {.name = "indsigt spool",
		.summary = "shows what waits in a sender's spool, and how much is remembered",
		.text = "Numbers only, nothing about anybody. A spool that 'indsigt send' is using cannot be looked at.\n",
		OPTION_ROWS(rows),
		.after = "Exit 0 if nothing waits, 3 if something does: run 'indsigt send' to go on.\n"},
	.run = run,
};
