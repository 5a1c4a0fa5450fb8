/* As 'indsigt sender add DIR --reads --key DIR/reads/key.json' does it: the key file before the entry, so that no
 * sender is ever registered whose key is lost. */
#include "tools/run/reporter.h"

#include "ingest/spool/sender_key.h"
#include "ledger/base/own.h"
#include "ledger/store/place.h"
#include "ledger/subject/subject.h"
#include "ledger/text/visible.h"
#include "query/reads/reads.h"
#include "tools/command/admin.h"
#include "tools/command/child.h"

#include <sys/stat.h>

enum error reporter_check(const char *org, const char *name, struct fault *fault)
{
	if (strlen(org) > ORG_BYTES_MAX || !subject_org_valid(bytes_text(org)))
		return fault_set(fault, E_BAD_VALUE, "--operator must be SCHEME:ID of at most %u bytes", ORG_BYTES_MAX);
	struct bytes text = bytes_text(name);
	if (text.len > NAME_BYTES_MAX || !visible_clean(text) || visible_blank(text))
		return fault_set(fault, E_BAD_VALUE,
			"--operator-name must be 1 to %u bytes of UTF-8 without control characters", NAME_BYTES_MAX);
	return E_OK;
}

static enum error make_folder(const char *dir, char out[CHILD_PATH_MAX], struct fault *fault)
{
	int len = snprintf(out, CHILD_PATH_MAX, "%s/" READS_DIR, dir);
	if (len < 0 || len >= (int)CHILD_PATH_MAX)
		return fault_set(fault, E_TOO_LONG, "");
	if (mkdir(out, 0700) != 0 && errno != EEXIST)
		return fault_set(fault, E_IO, "%s cannot be made: %m", out);
	snprintf(out, CHILD_PATH_MAX, "%s/" READS_KEY, dir);
	return E_OK;
}

enum error reporter_register(const char *dir, const char *org, const char *name, struct fault *fault)
{
	char path[CHILD_PATH_MAX];
	OWNED(sender_key_wipe) struct sender_key key = {0};
	const struct admin admin = {.dir = dir};
	struct entry_sender entry = {
		.action = SENDER_REGISTER, .follows = FOLLOWS_NOTHING, .mandate = {.rights = RIGHT_READS | RIGHT_GRANTS}};
	TRY(place_read_vkey(dir, &key.log, fault));
	TRY(make_folder(dir, path, fault));
	sender_key_generate(&key);
	policy_default(&entry.policy);
	strcpy(entry.org, org);
	strcpy(entry.name, name);
	strcpy(key.org, org);
	strcpy(key.name, name);
	TRY(admin_next_sender(dir, &key.sender, fault));
	TRY(sender_key_write(path, &key, false, fault));
	entry.sender = key.sender;
	memcpy(entry.public_key, key.public_key, sizeof entry.public_key);
	TRY(sender_key_endorse(&key, &entry));
	return admin_append_sender(&admin, &entry, fault);
}
