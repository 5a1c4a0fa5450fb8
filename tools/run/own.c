/* indsigt own: whose a ledger's files are, and who may read what.
 *
 * With names it sets them, without it only looks. It is the way to two users for a ledger that is there already;
 * `init` and `serve` do the same with the same options. */
#include "ledger/base/own.h"
#include "ledger/store/place.h"
#include "query/providers/providers.h"
#include "query/reads/reads.h"
#include "tools/command/command.h"
#include "tools/command/owners.h"
#include "tools/show/table.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

/* ---- showing ---- */

static const char *const shown[] = {".", "vkey", "guard", ISSUERS_FILE_NAME, "witnesses", "control.sock", "store",
	"store/data.mdb", "store/lock.mdb", "filed", "keys", "keys/log", "keys/vrf", "keys/alias", "keys/master",
	"keys/wrapping", "keys/token", "keys/env", "keys/env/data.mdb", "keys/env/lock.mdb", "evidence", "cosigned",
	READS_DIR, READS_KEY, OWNERS_GATEWAY_DIR, OWNERS_GATEWAY_KEY};

static void name_owner(const struct stat *info, char out[80])
{
	const struct passwd *account = getpwuid(info->st_uid);
	const struct group *group = getgrgid(info->st_gid);
	char uid[24], gid[24];
	snprintf(uid, sizeof uid, "%u", info->st_uid);
	snprintf(gid, sizeof gid, "%u", info->st_gid);
	snprintf(out, 80, "%.32s:%.32s", account != NULL ? account->pw_name : uid, group != NULL ? group->gr_name : gid);
}

static const char *words_of(unsigned rights)
{
	static const char *const words[] = {"-", "write", "read", "read, write"};
	return words[rights >> 1 & 3];
}

static bool add_row(struct table *table, const struct owners *owners, const char *name, const struct stat *info)
{
	char owner[80], mode[8];
	const struct user others = {true, (uid_t)-1, (gid_t)-1};
	const struct user *const gateway = owners->gateway.given ? &owners->gateway : &others;
	name_owner(info, owner);
	snprintf(mode, sizeof mode, "%04o", info->st_mode & 07777);
	const char *const cells[] = {name, owner, mode,
		words_of(user_rights(&owners->ingest, info->st_uid, info->st_gid, info->st_mode)),
		words_of(user_rights(&owners->query, info->st_uid, info->st_gid, info->st_mode)),
		words_of(user_rights(gateway, info->st_uid, info->st_gid, info->st_mode)),
		words_of(user_rights(&others, info->st_uid, info->st_gid, info->st_mode))};
	return table_add(table, cells);
}

/* A table of who may read and write what, as the files are now: for these users, or, where none are given, for those
 * whom the files name. */
static enum error print(const char *dir, const struct owners *owners, FILE *out, struct fault *fault)
{
	static const char *const headings[] = {"place", "owner", "mode", "ingestd", "queryd", "gateway", "others"};
	struct owners of = *owners;
	OWNED(table_release) struct table *table = table_new(headings, sizeof headings / sizeof headings[0]);
	OWNED_FD dir_fd = place_open(dir);
	if (dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s cannot be opened: %m", dir);
	if (!owners->ingest.given)
		TRY(owners_look(dir_fd, &of, fault));
	bool good = table != NULL;
	for (size_t i = 0; good && i < sizeof shown / sizeof shown[0]; i++) {
		struct stat info;
		if (fstatat(dir_fd, shown[i], &info, AT_SYMLINK_NOFOLLOW) == 0)
			good = add_row(table, &of, shown[i], &info);
		else if (errno != ENOENT)
			return fault_set(
				fault, errno == EACCES ? E_PERMISSION : E_IO, "%s/%s cannot be looked at: %m", dir, shown[i]);
	}
	if (!good)
		return fault_set(fault, E_NO_MEMORY, "");
	table_print(table, table_terminal_width(out), out);
	return E_OK;
}

/* ---- the command ---- */

struct own_options {
	const char *dir;
	const char *ingest, *query, *gateway;
};
#define T struct own_options
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_TEXT(T, ingest, "ingest-user", "NAME", .wants = "query-user",
		.help = "give everything that is written to the user that indsigt-ingestd runs as"),
	OPTION_TEXT(T, query, "query-user", "NAME", .wants = "ingest-user",
		.help = "let the group of the user that indsigt-queryd runs as read the store and the keys that open records"),
	OPTION_TEXT(T, gateway, "gateway-user", "NAME", .wants = "query-user",
		.help = "give DIR/gateway, with its sender's key and spool, to the user that the gateway runs as"),
};

static enum error own(void *given, struct fault *fault)
{
	const struct own_options *options = given;
	struct owners owners;
	TRY(owners_find(options->ingest, options->query, &owners, fault));
	TRY(owners_find_gateway(options->gateway, &owners, fault));
	TRY(owners_set(options->dir, &owners, fault));
	return print(options->dir, &owners, stdout, fault);
}

const struct command command_own = {
	.options = {.name = "indsigt own",
		.summary = "gives each daemon a user of its own, shows who may read what",
		.text =
			"Prints for each place in DIR whose it is, and what ingestd, queryd, the gateway and anybody else may do "
			"with "
			"it. With two users or three, which must be there ('adduser --system --group NAME'), sets owners and modes "
			"first; that is "
			"for root, and can be done again at any time.\n"
			"Only ingestd's user may read keys/log, with which the log is signed. queryd's user may read the keys "
			"that open records, and write nothing but the table of readers (lock.mdb) and cosigned/. Files of your own "
			"in DIR are left alone, but for issuers.json and what it names, which queryd's group may read then.\n",
		OPTION_ROWS(rows)},
	.work = own,
	COMMAND_GIVEN(struct own_options, .dir = NULL),
};
