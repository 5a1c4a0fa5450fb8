#include "tests/lib/queryd.h"

#include "ledger/base/error.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture f;
struct demo_issuer issuer;
pid_t daemon_pid;
uint16_t port;
char log_path[128];
static uint64_t next_sequence;

pid_t queryd_spawn(const char *listen, bool demo_tokens, int *out_fd)
{
	const char *program = getenv("INDSIGT_QUERYD");
	int ends[2];
	ck_assert_ptr_nonnull(program);
	ck_assert_int_eq(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
		dup2(ends[1], STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
		close(ends[0]);
		execl(program, program, f.dir, "--listen", listen, demo_tokens ? "--demo-tokens" : NULL, NULL);
		_exit(99);
	}
	close(ends[1]);
	*out_fd = ends[0];
	return pid;
}

void queryd_append(uint32_t count)
{
	uint32_t subjects[1000];
	ck_assert_uint_le(count, 1000);
	for (uint32_t i = 0; i < count; i++)
		subjects[i] = i % 3 == 2 ? 77 : 1234;
	fixture_append(&f, fixture_batch(&f, next_sequence, subjects, count, (uint32_t)next_sequence));
	next_sequence += count;
}

void queryd_begin(void)
{
	char line[128] = "";
	int fd = -1;
	struct fault fault = {0};
	next_sequence = 0;
	fixture_make(&f);
	snprintf(log_path, sizeof log_path, "%s/log", f.place.path);
	queryd_append(3);
	ck_ok(demo_issuer_open(f.dir, true, &issuer, &fault));
	daemon_pid = queryd_spawn("127.0.0.1:0", true, &fd);
	ck_assert_int_gt(read(fd, line, sizeof line - 1), 0);
	close(fd);
	unsigned number = 0;
	ck_assert_int_eq(sscanf(line, "listening 127.0.0.1:%u\n", &number), 1);
	port = (uint16_t)number;
}

void queryd_end(void)
{
	int status = 0;
	static char log[1 << 20];
	ck_assert_int_eq(kill(daemon_pid, SIGTERM), 0);
	ck_assert_int_eq(waitpid(daemon_pid, &status, 0), daemon_pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	int fd = open(log_path, O_RDONLY);
	ssize_t len = read(fd, log, sizeof log - 1);
	ck_assert_int_ge(len, 0);
	log[len] = '\0';
	close(fd);
	ck_assert_ptr_null(strstr(log, "01017"));
	ck_assert_ptr_null(strstr(log, "cursor"));
	ck_assert_ptr_null(strstr(log, "eyJ"));
	fixture_remove(&f);
}

const char *token_for(uint32_t subject, enum role role, int64_t expires_in)
{
	static char text[TOKEN_TEXT_MAX + 1];
	struct identity identity = {.role = role, .expires_s = (uint64_t)((int64_t)f.now_s + expires_in)};
	strcpy(identity.id, fixture_subject(subject));
	ck_ok(demo_issue(&issuer, &identity, f.now_s - 1000, text));
	return text;
}
