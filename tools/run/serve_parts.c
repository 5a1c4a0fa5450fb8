/* Where the ledger's directory has a key, a policy or a file for it, somebody is run beside the two daemons. Who sends
 * is told where ingest is once that listens, and takes the address that came out of the first start ever after. */
#include "tools/run/serve_state.h"

#include "ledger/base/file.h"
#include "ledger/witness/door.h"
#include "query/reads/reads.h"

#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SERVER_MAX (sizeof "tls://" + CHILD_LINE_MAX)
#define ARGUMENTS_MAX (GATEWAY_FILE_WORDS_MAX + GATEWAY_FILE_DOORS + 16u)
#define DOOR_MAX (sizeof "--syslog=" + CHILD_LINE_MAX)

/* ---- who is wanted ---- */

/* Witnesses are asked where there is a policy file that says which. */
static enum error look_for_policy(struct serve *serve, struct fault *fault)
{
	char path[CHILD_PATH_MAX];
	int len = snprintf(path, sizeof path, "%s/" DOOR_POLICY_FILE, serve->dir);
	if (len < 0 || (size_t)len >= sizeof path)
		return fault_set(fault, E_TOO_LONG, "");
	serve->daemons[COSIGN].wanted = access(path, F_OK) == 0;
	return E_OK;
}

/* Reads are reported where there is a key for it. It is no part of being ready: who is first to ask about others before
 * it listens is told to try again. */
static enum error look_for_reads(struct serve *serve, struct fault *fault)
{
	int socket_len = snprintf(serve->reads_socket, CHILD_PATH_MAX, "%s/" READS_SOCKET, serve->dir);
	int key_len = snprintf(serve->reads_key, CHILD_PATH_MAX, "%s/" READS_KEY, serve->dir);
	if (socket_len < 0 || socket_len >= (int)CHILD_PATH_MAX || key_len < 0 || key_len >= (int)CHILD_PATH_MAX)
		return fault_set(fault, E_TOO_LONG, "");
	serve->daemons[REPORTER].wanted = access(serve->reads_key, F_OK) == 0;
	serve->daemons[REPORTER].listened = true;
	return E_OK;
}

/* People are told where there is a portal. It has a user of its own if one is named, in the group of queryd's. */
static enum error look_for_portal(struct serve *serve, const struct owners *owners, struct fault *fault)
{
	struct daemon *daemon = &serve->daemons[NOTIFY];
	daemon->wanted = file_is_there(serve->dir, "notify.json");
	daemon->listened = true;
	if (serve->notify_user == NULL)
		return E_OK;
	const struct group *group = getgrgid(owners->query.gid);
	if (group == NULL)
		return fault_set(fault, E_USAGE, "the group of --query-user has no name");
	snprintf(serve->notify_group, sizeof serve->notify_group, "%s", group->gr_name);
	daemon->extra[2] = "--group";
	daemon->extra[3] = serve->notify_group;
	return E_OK;
}

/* Its folder is in DIR, which who made that may have closed to others (umask 077). */
static enum error check_way(const char *dir, const struct user *gateway, struct fault *fault)
{
	struct stat info;
	if (!gateway->given || !file_is_there(dir, OWNERS_GATEWAY_DIR))
		return E_OK;
	if (stat(dir, &info) != 0)
		return fault_set(fault, E_IO, "%s cannot be looked at: %m", dir);
	if ((user_rights(gateway, info.st_uid, info.st_gid, info.st_mode) & 1) != 0)
		return E_OK;
	return fault_set(fault, E_PERMISSION,
		"--gateway-user does not come to %s/" OWNERS_GATEWAY_DIR
		": 'chmod o+x %s' lets it through; what else is there has rights of its own",
		dir, dir);
}

/* Others' messages are taken where somebody says at which doors. It is the one part that parses what strangers write,
 * so where the daemons have users, its own is neither of theirs. */
static enum error look_for_gateway(struct serve *serve, const struct owners *owners, struct fault *fault)
{
	struct daemon *daemon = &serve->daemons[GATEWAY];
	daemon->wanted = file_is_there(serve->dir, GATEWAY_FILE);
	if (!daemon->wanted)
		return E_OK;
	if (serve->query_user != NULL && serve->gateway_user == NULL)
		return fault_set(fault, E_USAGE,
			GATEWAY_FILE " is there: give --gateway-user, a user of its own (a service of systemd: indsigt-gateway)");
	TRY(check_way(serve->dir, &owners->gateway, fault));
	return gateway_file_read(serve->dir, &serve->gateway, fault);
}

enum error serve_look(struct serve *serve, const struct owners *owners, struct fault *fault)
{
	TRY(look_for_policy(serve, fault));
	TRY(look_for_reads(serve, fault));
	TRY(look_for_portal(serve, owners, fault));
	return look_for_gateway(serve, owners, fault);
}

/* ---- what they are called with ---- */

/* Ended by NULL, as the rest of `at` is. */
struct words {
	const char *at[ARGUMENTS_MAX + 1];
	size_t count;
	char server[SERVER_MAX];
	char doors[GATEWAY_FILE_DOORS][DOOR_MAX];
};

static void say(struct words *words, const char *word)
{
	if (words->count < ARGUMENTS_MAX)
		words->at[words->count++] = word;
}

static void say_both(struct words *words, const char *name, const char *value)
{
	say(words, name);
	say(words, value);
}

/* On this machine it believes the very certificate that ingest shows, whatever name is in it; that it is this ledger's
 * ingest is shown by the handshake anyway (spec/frame.md). */
static void say_server(const struct serve *serve, struct words *words)
{
	bool tls = serve->tls.certificate != NULL;
	snprintf(words->server, sizeof words->server, "%s%s", tls ? "tls://" : "", serve->daemons[INGEST].address);
	say_both(words, "--server", words->server);
	if (tls)
		say_both(words, "--pin", serve->tls.certificate);
	else if (serve->tls.plain_off_loopback) /* that ingest's address is this machine's does not show in it */
		say(words, "--plain-off-loopback");
}

/* Where a door of that name listens, as the gateway said it; false: it has none, or has not said it yet. */
static bool door_address(const struct daemon *daemon, const char *name, char out[CHILD_LINE_MAX + 1])
{
	size_t len = strlen(name);
	for (const char *at = daemon->address; *at != '\0'; at += strcspn(at, " "), at += strspn(at, " ")) {
		if (strncmp(at, name, len) != 0 || at[len] != '=')
			continue;
		at += len + 1;
		snprintf(out, CHILD_LINE_MAX + 1, "%.*s", (int)strcspn(at, " "), at);
		return true;
	}
	return false;
}

/* Of an option that is given twice the last one counts: a door that has had a port keeps it. */
static void say_gateway(const struct serve *serve, struct words *words)
{
	char address[CHILD_LINE_MAX + 1];
	say_server(serve, words);
	for (size_t i = 0; i < serve->gateway.count; i++)
		say(words, serve->gateway.words[i]);
	for (size_t i = 0; i < GATEWAY_FILE_DOORS; i++) {
		if (!door_address(&serve->daemons[GATEWAY], gateway_file_doors[i], address))
			continue;
		snprintf(words->doors[i], DOOR_MAX, "--%s=%s", gateway_file_doors[i], address);
		say(words, words->doors[i]);
	}
}

void serve_doors(const struct serve *serve, char out[SERVE_DOORS_MAX])
{
	char address[CHILD_LINE_MAX + 1];
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < GATEWAY_FILE_DOORS; i++)
		if (door_address(&serve->daemons[GATEWAY], gateway_file_doors[i], address))
			len += (size_t)snprintf(out + len, SERVE_DOORS_MAX - len, " %s=%s", gateway_file_doors[i], address);
}

void serve_start(const struct serve *serve, struct daemon *daemon)
{
	struct words words = {.count = 0};
	say(&words, daemon->program);
	if (daemon->command != NULL)
		say(&words, daemon->command);
	switch ((enum part)(daemon - serve->daemons)) {
	case INGEST:
	case QUERY:
		say(&words, serve->dir);
		say_both(&words, "--listen", daemon->address);
		break;
	case REPORTER:
		say_both(&words, "--listen", serve->reads_socket);
		say_both(&words, "--key", serve->reads_key);
		say_server(serve, &words);
		break;
	case GATEWAY:
		say_gateway(serve, &words);
		break;
	default:
		say(&words, serve->dir);
	}
	for (const char *const *extra = daemon->extra; *extra != NULL; extra++)
		say(&words, *extra);
	daemon_start(daemon, words.at);
}
