/*   DIR ─► each folder: opened, owner and mode ─► each file in it: opened, owner and mode
 *
 * It is root that does this in a directory that a daemon's user may write, so nothing is followed and nothing is named
 * twice: folders and files are opened without following links, and what is open is changed. A file that has a second
 * name might be somebody else's file, and one that is neither root's nor one of the two users' is; both are refused,
 * since giving it away would be giving away what is not the ledger's. */
#include "tools/run/owners.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "ledger/store/place.h"
#include "query/reads/reads.h"
#include "tools/show/table.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

/* Modes that are 0 stay as they are. */
static const struct folder {
	const char *name;
	bool of_query;
	mode_t mode, files;
} folders[] = {
	{".", false, 0, 0},
	{"store", false, 02750, 0640},
	{"filed", false, 02750, 0640},
	{"keys", false, 02750, 0640},
	{"keys/env", false, 02750, 0640},
	{"evidence", false, 0700, 0600},
	{"cosigned", true, 0755, 0644},
	{READS_DIR, true, 0700, 0600},
	{READS_KEY ".spool", true, 0700, 0600},
};

/* What is otherwise than its folder. The policy of witnesses is an operator's own. */
static const struct special {
	const char *folder, *name;
	mode_t mode;
	bool alone; /* of the ingesting user's group, so that no mode can show it to the other */
	bool left;
} specials[] = {
	{"store", "lock.mdb", 0660, false, false}, /* readers write where they are */
	{"keys/env", "lock.mdb", 0660, false, false},
	{"keys", "log", 0600, true, false},
	{".", "witnesses", 0, false, true},
};

static const struct special *special_of(const struct folder *folder, const char *name)
{
	for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++)
		if (strcmp(specials[i].folder, folder->name) == 0 && strcmp(specials[i].name, name) == 0)
			return &specials[i];
	return NULL;
}

enum error owners_find(const char *ingest, const char *query, struct owners *out, struct fault *fault)
{
	TRY(user_find(ingest, NULL, &out->ingest, fault));
	TRY(user_find(query, NULL, &out->query, fault));
	if (out->ingest.given != out->query.given)
		return fault_set(fault, E_USAGE, "--ingest-user and --query-user go together");
	if (out->ingest.given && (out->ingest.uid == out->query.uid || out->ingest.gid == out->query.gid))
		return fault_set(fault, E_USAGE,
			"the two users must be two, each with a group of its own: else neither is kept from what the other has");
	return E_OK;
}

/* ---- setting ---- */

static enum error failed(const char *folder, const char *name, struct fault *fault)
{
	int number = errno;
	return fault_set(fault, error_of_system(number), "%s/%s: %s", folder, name, strerror(number));
}

static bool is_ours(const struct owners *owners, const struct stat *info)
{
	return info->st_uid == 0 || info->st_uid == owners->ingest.uid || info->st_uid == owners->query.uid;
}

/* The owner first: a change of owner takes bits of the mode away. */
static bool give(int fd, uid_t uid, gid_t gid, mode_t mode)
{
	return fchown(fd, uid, gid) == 0 && fchmod(fd, mode) == 0;
}

static enum error set_file(
	const struct owners *owners, const struct folder *folder, int folder_fd, const char *name, struct fault *fault)
{
	struct stat info;
	const struct special *special = special_of(folder, name);
	if (special != NULL && special->left)
		return E_OK;
	if (fstatat(folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? E_OK : failed(folder->name, name, fault); /* it was there a moment ago */
	if (S_ISDIR(info.st_mode) || S_ISSOCK(info.st_mode))
		return E_OK;
	OWNED_FD fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return E_OK;
	if (fd < 0 && errno != ELOOP)
		return failed(folder->name, name, fault);
	if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink > 1 || !is_ours(owners, &info))
		return fault_set(fault, E_EXISTS,
			"%s/%s is a link, has two names, or is another user's: no ledger makes that; look at it, and move it away",
			folder->name, name);
	mode_t mode = special != NULL ? special->mode : folder->files != 0 ? folder->files : info.st_mode & 0777;
	uid_t uid = folder->of_query ? owners->query.uid : owners->ingest.uid;
	gid_t gid = special != NULL && special->alone ? owners->ingest.gid : owners->query.gid;
	return give(fd, uid, gid, mode) ? E_OK : failed(folder->name, name, fault);
}

static enum error set_folder(const struct owners *owners, int dir_fd, const struct folder *folder, struct fault *fault)
{
	struct stat info;
	OWNED_FD fd = openat(dir_fd, folder->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return E_OK;
	if (fd < 0 || fstat(fd, &info) != 0)
		return failed(folder->name, "", fault);
	if (!is_ours(owners, &info) && folder != &folders[0])
		return fault_set(fault, E_EXISTS, "%s is another user's: no ledger makes that; look at it", folder->name);
	OWNED_DIR *files = file_list(fd, ".");
	if (files == NULL)
		return failed(folder->name, "", fault);
	for (const char *name; (name = file_list_next(files)) != NULL;)
		TRY(set_file(owners, folder, fd, name, fault));
	if (errno != 0)
		return failed(folder->name, "", fault);
	/* Whoever may see that the ledger is there goes on seeing it; what is in it has rights of its own. */
	mode_t mode = folder->mode != 0 ? folder->mode : (info.st_mode & 05) | 02750;
	uid_t uid = folder->of_query ? owners->query.uid : owners->ingest.uid;
	return give(fd, uid, owners->query.gid, mode) ? E_OK : failed(folder->name, "", fault);
}

/* The first process that asks witnesses is the other user's, which makes nothing in the directory itself. */
static enum error make_cosigned(int dir_fd, struct fault *fault)
{
	return mkdirat(dir_fd, "cosigned", 0755) == 0 || errno == EEXIST ? E_OK : failed(".", "cosigned", fault);
}

enum error owners_set(const char *dir, const struct owners *owners, struct fault *fault)
{
	struct vkey vkey;
	if (!owners->ingest.given)
		return E_OK;
	TRY(place_read_vkey(dir, &vkey, fault));
	OWNED_FD dir_fd = place_open(dir);
	if (dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s cannot be opened: %m", dir);
	TRY(make_cosigned(dir_fd, fault));
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		TRY(set_folder(owners, dir_fd, &folders[i], fault));
	return E_OK;
}

/* ---- showing ---- */

static const char *const shown[] = {".", "vkey", "guard", "witnesses", "control.sock", "store", "store/data.mdb",
	"store/lock.mdb", "filed", "keys", "keys/log", "keys/vrf", "keys/alias", "keys/master", "keys/wrapping",
	"keys/token", "keys/env", "keys/env/data.mdb", "keys/env/lock.mdb", "evidence", "cosigned", READS_DIR, READS_KEY};

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
	name_owner(info, owner);
	snprintf(mode, sizeof mode, "%04o", info->st_mode & 07777);
	const char *const cells[] = {name, owner, mode,
		words_of(user_rights(&owners->ingest, info->st_uid, info->st_gid, info->st_mode)),
		words_of(user_rights(&owners->query, info->st_uid, info->st_gid, info->st_mode)),
		words_of(user_rights(&others, info->st_uid, info->st_gid, info->st_mode))};
	return table_add(table, cells);
}

/* Where nobody was named: as the files say it. */
static enum error owners_of(int dir_fd, struct owners *out, struct fault *fault)
{
	struct stat dir, keys;
	if (fstat(dir_fd, &dir) != 0 || fstatat(dir_fd, "keys", &keys, 0) != 0)
		return fault_set(fault, E_IO, "keys/ cannot be looked at: %m");
	bool shared = file_is_shared(keys.st_mode);
	out->ingest = (struct user){true, dir.st_uid, shared ? (gid_t)-1 : dir.st_gid};
	out->query = shared ? (struct user){true, (uid_t)-1, keys.st_gid} : out->ingest;
	return E_OK;
}

enum error owners_print(const char *dir, const struct owners *owners, FILE *out, struct fault *fault)
{
	static const char *const headings[] = {"place", "owner", "mode", "ingestd", "queryd", "others"};
	struct owners of = *owners;
	OWNED(table_release) struct table *table = table_new(headings, sizeof headings / sizeof headings[0]);
	OWNED_FD dir_fd = place_open(dir);
	if (dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s cannot be opened: %m", dir);
	if (!owners->ingest.given)
		TRY(owners_of(dir_fd, &of, fault));
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
