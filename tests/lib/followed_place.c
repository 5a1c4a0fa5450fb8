#include "tests/lib/followed_place.h"

#include "ledger/base/hash.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct place where;
char path[96];
int spool_fd;
struct following *following;
uint64_t now_ms;
char said[4096];
unsigned lost_said;

uint64_t hash_text(void *context, struct bytes text)
{
	(void)context;
	struct hash hash;
	hash_blake2b(NULL, &text, 1, &hash);
	return get_u64(hash.b);
}

static void say(void *context, bool lost, const char *text)
{
	(void)context;
	lost_said += lost;
	snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", text);
	if (strlen(said) > sizeof said / 2)
		said[0] = '\0';
}

const struct following_calls following_calls = {.key = {.hash = hash_text}, .say = say};

void begin_place(void)
{
	char spool[96];
	place_make(&where);
	now_ms = 1000000;
	lost_said = 0;
	said[0] = '\0';
	snprintf(path, sizeof path, "%s/log/audit.log", where.path);
	shell("mkdir %s/log %s/spool", where.path, where.path);
	snprintf(spool, sizeof spool, "%s/spool", where.path);
	spool_fd = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	start();
}

void end_place(void)
{
	stop();
	close(spool_fd);
	place_remove(&where);
}

void start(void)
{
	char *names[] = {path, NULL};
	struct fault fault = {.text = ""};
	enum error error = following_open(spool_fd, names, &following_calls, &following, &fault);
	ck_assert_msg(error == E_OK, "%s", fault.text);
}

void stop(void)
{
	struct followed *file;
	for (size_t i = 0; following != NULL && (file = following_file(following, i)) != NULL; i++)
		free(file->reader);
	following_close(following);
	following = NULL;
}

void look(void)
{
	ck_ok(following_look(following, now_ms));
	ck_ok(following_save(following));
}
