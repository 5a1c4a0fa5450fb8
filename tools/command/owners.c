/*   DIR ─► each folder: opened, owner and mode ─► each file in it: opened, owner and mode
 *
 * It is root that does this in a directory that a daemon's user may write, so nothing is followed and nothing is named
 * twice: folders and files are opened without following links, and what is open is changed. A file that has a second
 * name might be somebody else's file, and one that is neither root's nor one of the two users' is; both are refused,
 * since giving it away would be giving away what is not the ledger's. In DIR itself an operator may have files of their
 * own: what no ledger makes is left alone there, but for issuers.json and what it names, which queryd has to read, and
 * notify.json, which who tells people reads by the same group. */
#include "tools/command/owners.h"

#include "ledger/base/file.h"
#include "ledger/base/own.h"
#include "ledger/read/status.h"
#include "ledger/store/place.h"
#include "query/claims/issuer_config.h"
#include "query/providers/providers.h"
#include "query/reads/reads.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Modes that are 0 stay as they are. */
static const struct folder {
	const char *name;
	enum { OF_INGEST, OF_QUERY, OF_GATEWAY } of;
	mode_t mode, files;
} folders[] = {
	{".", OF_INGEST, 0, 0},
	{"store", OF_INGEST, 02750, 0640},
	{"filed", OF_INGEST, 02750, 0640},
	{"keys", OF_INGEST, 02750, 0640},
	{"keys/env", OF_INGEST, 02750, 0640},
	{"evidence", OF_INGEST, 0700, 0600},
	{"cosigned", OF_QUERY, 0755, 0644},
	{READS_DIR, OF_QUERY, 0700, 0600},
	{READS_KEY ".spool", OF_QUERY, 0700, 0600},
	{OWNERS_GATEWAY_DIR, OF_GATEWAY, 0700, 0600},
	{OWNERS_GATEWAY_KEY ".spool", OF_GATEWAY, 0700, 0600},
};

/* What is otherwise than its folder. */
static const struct special {
	const char *folder, *name;
	mode_t mode;
	bool alone; /* of the ingesting user's group, so that no mode can show it to the other */
} specials[] = {
	{"store", "lock.mdb", 0660, false}, /* readers write where they are */
	{"keys/env", "lock.mdb", 0660, false},
	{"keys", "log", 0600, true},
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
	*out = (struct owners){.one = false};
	TRY(user_find(ingest, NULL, &out->ingest, fault));
	TRY(user_find(query, NULL, &out->query, fault));
	if (out->ingest.given != out->query.given)
		return fault_set(fault, E_USAGE, "--ingest-user and --query-user go together");
	if (out->ingest.given && (out->ingest.uid == out->query.uid || out->ingest.gid == out->query.gid))
		return fault_set(fault, E_USAGE,
			"the two users must be two, each with a group of its own: else neither is kept from what the other has");
	return E_OK;
}

enum error owners_find_gateway(const char *name, struct owners *owners, struct fault *fault)
{
	const struct user *const others[] = {&owners->ingest, &owners->query};
	TRY(user_find(name, NULL, &owners->gateway, fault));
	for (size_t i = 0; owners->gateway.given && i < sizeof others / sizeof others[0]; i++)
		if (others[i]->given && (others[i]->uid == owners->gateway.uid || others[i]->gid == owners->gateway.gid))
			return fault_set(fault, E_USAGE,
				"--gateway-user must be a third user, with a group of its own: who takes what strangers send reads "
				"nothing of the ledger");
	return E_OK;
}

/* ---- as it is ---- */

/* `out` is whose things of this kind are, as far as they say. */
static bool look(int dir_fd, const char *name, struct stat *out)
{
	return fstatat(dir_fd, name, out, AT_SYMLINK_NOFOLLOW) == 0;
}

enum error owners_look(int dir_fd, struct owners *out, struct fault *fault)
{
	struct stat dir, keys, info;
	if (fstat(dir_fd, &dir) != 0 || !look(dir_fd, "keys", &keys))
		return fault_set(fault, E_IO, "keys/ cannot be looked at: %m");
	*out = (struct owners){.ingest = {true, dir.st_uid, dir.st_gid}, .one = !file_is_shared(keys.st_mode)};
	out->query = out->ingest;
	if (out->one)
		return E_OK;
	out->ingest.gid = look(dir_fd, "keys/log", &info) ? info.st_gid : (gid_t)-1;
	out->query = (struct user){true, look(dir_fd, "cosigned", &info) ? info.st_uid : (uid_t)-1, keys.st_gid};
	if (look(dir_fd, OWNERS_GATEWAY_DIR, &info) && info.st_uid != 0)
		out->gateway = (struct user){true, info.st_uid, info.st_gid};
	return E_OK;
}

/* ---- setting ---- */

/* What is set, and what of it queryd has to read beside the ledger. */
struct setting {
	const struct owners *owners;
	struct issuer_config issuers[ISSUERS_MAX];
	size_t issuers_count;
};

static void setting_release(struct setting *setting)
{
	for (size_t i = 0; i < setting->issuers_count; i++)
		issuer_config_release(&setting->issuers[i]);
}

/* A file that is not understood names nothing; queryd says what is wrong with it. */
static void read_issuers(struct setting *setting, int dir_fd)
{
	OWNED_MEMORY uint8_t *text = NULL;
	struct fault fault;
	size_t len;
	if (file_read_all(dir_fd, ISSUERS_FILE_NAME, ISSUERS_FILE_BYTES_MAX, &text, &len) != E_OK ||
		issuer_config_read(bytes_of(text, len), setting->issuers, &setting->issuers_count, &fault) != E_OK)
		setting->issuers_count = 0;
}

enum whose { LEDGERS, LEFT, SHOWN_TO_QUERY };

static enum whose whose(const struct setting *setting, const struct folder *folder, const char *name)
{
	static const char *const made[] = {"vkey", "guard", "lock", STATUS_NAME};
	char path[PATH_BYTES_MAX];
	bool top = strcmp(folder->name, ".") == 0;
	snprintf(path, sizeof path, "%s%s%s", top ? "" : folder->name, top ? "" : "/", name);
	for (size_t i = 0; i < setting->issuers_count; i++) {
		const struct issuer_config *config = &setting->issuers[i];
		if ((config->client != NULL && strcmp(config->client, path) == 0) ||
			(config->ca != NULL && strcmp(config->ca, path) == 0))
			return SHOWN_TO_QUERY;
	}
	if (!top)
		return LEDGERS;
	for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
		if (strcmp(made[i], name) == 0)
			return LEDGERS;
	return strcmp(name, ISSUERS_FILE_NAME) == 0 || strcmp(name, "notify.json") == 0 ? SHOWN_TO_QUERY : LEFT;
}

static enum error failed(const char *folder, const char *name, struct fault *fault)
{
	int number = errno;
	return fault_set(fault, error_of_system(number), "%s/%s: %s", folder, name, strerror(number));
}

static bool is_ours(const struct owners *owners, const struct folder *folder, const struct stat *info)
{
	return info->st_uid == 0 || info->st_uid == owners->ingest.uid || info->st_uid == owners->query.uid ||
		   (folder->of == OF_GATEWAY && owners->gateway.given && info->st_uid == owners->gateway.uid);
}

/* Whose folder it is, with their own group. */
static const struct user *user_of(const struct owners *owners, const struct folder *folder)
{
	const struct user *const users[] = {
		[OF_INGEST] = &owners->ingest, [OF_QUERY] = &owners->query, [OF_GATEWAY] = &owners->gateway};
	return users[folder->of];
}

static gid_t group_of(const struct owners *owners, const struct folder *folder)
{
	return folder->of == OF_GATEWAY ? owners->gateway.gid : owners->query.gid;
}

/* The owner first: a change of owner takes bits of the mode away. */
static bool give(int fd, uid_t uid, gid_t gid, mode_t mode)
{
	return fchown(fd, uid, gid) == 0 && fchmod(fd, mode) == 0;
}

/* An operator's own stays theirs: queryd reads it by its group. */
static enum error set_shown(int fd, const struct owners *owners, const struct folder *folder, const char *name,
	const struct stat *info, struct fault *fault)
{
	return give(fd, info->st_uid, owners->query.gid, (info->st_mode & 0777) | 0040) ? E_OK
																					: failed(folder->name, name, fault);
}

static enum error set_open(const struct setting *setting, const struct folder *folder, const char *name, int fd,
	const struct stat *info, struct fault *fault)
{
	const struct owners *owners = setting->owners;
	const struct special *special = special_of(folder, name);
	if (owners->one) /* as it is, but for who made it */
		return give(fd, owners->ingest.uid, owners->ingest.gid, info->st_mode & 0777)
				   ? E_OK
				   : failed(folder->name, name, fault);
	if (whose(setting, folder, name) == SHOWN_TO_QUERY)
		return set_shown(fd, owners, folder, name, info, fault);
	mode_t mode = special != NULL ? special->mode : folder->files != 0 ? folder->files : info->st_mode & 0777;
	gid_t gid = special != NULL && special->alone ? owners->ingest.gid : group_of(owners, folder);
	return give(fd, user_of(owners, folder)->uid, gid, mode) ? E_OK : failed(folder->name, name, fault);
}

static enum error set_file(
	const struct setting *setting, const struct folder *folder, int folder_fd, const char *name, struct fault *fault)
{
	struct stat info;
	if (whose(setting, folder, name) == LEFT)
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
	if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink > 1 ||
		!is_ours(setting->owners, folder, &info))
		return fault_set(fault, E_EXISTS,
			"%s/%s is a link, has two names, or is another user's: no ledger makes that; look at it, and move it away",
			folder->name, name);
	return set_open(setting, folder, name, fd, &info, fault);
}

static enum error set_folder(
	const struct setting *setting, int dir_fd, const struct folder *folder, struct fault *fault)
{
	const struct owners *owners = setting->owners;
	struct stat info;
	if (folder->of == OF_GATEWAY && !owners->one && !owners->gateway.given)
		return E_OK;
	OWNED_FD fd = file_open_folder(dir_fd, folder->name);
	if (fd < 0 && errno == ENOENT)
		return E_OK;
	if (fd < 0 || fstat(fd, &info) != 0)
		return failed(folder->name, "", fault);
	bool ours = is_ours(owners, folder, &info);
	if (!ours && folder->of == OF_GATEWAY && owners->one) /* who runs a gateway there as another has set it up */
		return E_OK;
	if (!ours && folder != &folders[0])
		return fault_set(fault, E_EXISTS, "%s is another user's: no ledger makes that; look at it", folder->name);
	OWNED_DIR *files = file_list(fd, ".");
	if (files == NULL)
		return failed(folder->name, "", fault);
	for (const char *name; (name = file_list_next(files)) != NULL;)
		TRY(set_file(setting, folder, fd, name, fault));
	if (errno != 0)
		return failed(folder->name, "", fault);
	/* Whoever may see that the ledger is there goes on seeing it; what is in it has rights of its own. */
	mode_t mode = owners->one ? info.st_mode & 07777 : folder->mode != 0 ? folder->mode : (info.st_mode & 05) | 02750;
	uid_t uid = owners->one ? owners->ingest.uid : user_of(owners, folder)->uid;
	return give(fd, uid, owners->one ? owners->query.gid : group_of(owners, folder), mode)
			   ? E_OK
			   : failed(folder->name, "", fault);
}

/* The first process that asks witnesses is the other user's, which makes nothing in the directory itself. */
static enum error make_cosigned(int dir_fd, struct fault *fault)
{
	return mkdirat(dir_fd, "cosigned", 0755) == 0 || errno == EEXIST ? E_OK : failed(".", "cosigned", fault);
}

enum error owners_set(const char *dir, const struct owners *owners, struct fault *fault)
{
	OWNED(setting_release) struct setting setting = {.owners = owners};
	struct vkey vkey;
	if (!owners->ingest.given)
		return E_OK;
	TRY(place_read_vkey(dir, &vkey, fault));
	OWNED_FD dir_fd = place_open(dir);
	if (dir_fd < 0)
		return fault_set(fault, E_NOT_FOUND, "%s cannot be opened: %m", dir);
	if (!owners->one)
		TRY(make_cosigned(dir_fd, fault));
	read_issuers(&setting, dir_fd);
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		TRY(set_folder(&setting, dir_fd, &folders[i], fault));
	return E_OK;
}

/* What cannot be handed over is told and no more: the work is done. */
void owners_keep(const char *dir)
{
	struct fault fault = {.text = ""};
	struct owners owners;
	OWNED_FD dir_fd = geteuid() == 0 ? place_open(dir) : -1;
	if (dir_fd < 0 || owners_look(dir_fd, &owners, &fault) != E_OK || owners.ingest.uid == 0)
		return;
	bool known = owners.query.uid != (uid_t)-1 && owners.ingest.gid != (gid_t)-1;
	if (known && owners_set(dir, &owners, &fault) == E_OK)
		return;
	fprintf(stderr,
		"indsigt: what this made is root's, and the daemons may not be able to read it: %s; 'indsigt own' "
		"gives it to them\n",
		known ? fault.text : "whose the rest is does not show");
}
