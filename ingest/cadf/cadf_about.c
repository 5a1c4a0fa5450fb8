#include "ingest/cadf/cadf_about.h"

#include "ingest/message/words.h"

#include <string.h>

#define TAXONOMY "http://schemas.dmtf.org/cloud/audit/1.0/taxonomy/"

const struct cadf_kind cadf_kinds[] = {
	{"compute", CADF_THING},
	{"network", CADF_THING},
	{"storage/node", CADF_THING},
	{"storage/volume", CADF_THING},
	{"storage/memory", CADF_THING},
	{"service/oss", CADF_THING},
	{"service/bss", CADF_THING},
	{"service/composition", CADF_THING},
	{"service/compute", CADF_THING},
	{"service/network", CADF_THING},
	{"service/security", CADF_THING},
	{"service/storage", CADF_THING},
	{"service/storage/object", CADF_UNCLEAR},
	{"service/security/keymanager", CADF_UNCLEAR},
	{"service/security/account", CADF_ACCOUNT},
	{"data/workload", CADF_THING},
	{"data/template", CADF_THING},
	{"data/package", CADF_THING},
	{"data/image", CADF_THING},
	{"data/module", CADF_THING},
	{"data/config", CADF_THING},
	{"data/security/domain", CADF_THING},
	{"data/security/endpoint", CADF_THING},
	{"data/security/group", CADF_THING},
	{"data/security/license", CADF_THING},
	{"data/security/policy", CADF_THING},
	{"data/security/project", CADF_THING},
	{"data/security/region", CADF_THING},
	{"data/security/role", CADF_THING},
	{"data/security/service", CADF_THING},
	{"data/security/account", CADF_ACCOUNT},
	{"data/security/credential", CADF_ACCOUNT},
	{"data/security/identity", CADF_ACCOUNT},
	{"data/security/profile", CADF_ACCOUNT},
	{"data/security/trust", CADF_ACCOUNT},
};

const size_t cadf_kind_count = sizeof cadf_kinds / sizeof cadf_kinds[0];

struct bytes cadf_path(struct bytes uri, const char *taxonomy)
{
	struct bytes path = words_trim(uri);
	if (bytes_begin(path, TAXONOMY))
		path = bytes_after(path, strlen(TAXONOMY));
	if (bytes_begin(path, taxonomy) && path.len > strlen(taxonomy) && path.data[strlen(taxonomy)] == '/')
		path = bytes_after(path, strlen(taxonomy) + 1);
	return path;
}

/* Whether one of its segments says that it is of users, whatever stands before: service/compute/users. */
static bool has_users(struct bytes path)
{
	while (path.len > 0) {
		struct bytes segment = bytes_cut(&path, '/');
		if (WORDS_LIKE_ONE_OF(segment, "user", "users", "account", "accounts"))
			return true;
	}
	return false;
}

enum cadf_about cadf_about(struct bytes type)
{
	struct bytes path = cadf_path(type, "resource");
	enum cadf_about about = CADF_UNCLEAR;
	size_t longest = 0;
	for (size_t i = 0; i < cadf_kind_count; i++) {
		size_t len = strlen(cadf_kinds[i].front);
		bool fits = bytes_begin(path, cadf_kinds[i].front) && (path.len == len || path.data[len] == '/');
		if (!fits || len <= longest)
			continue;
		longest = len;
		about = cadf_kinds[i].about;
	}
	return about == CADF_THING && has_users(path) ? CADF_ACCOUNT : about;
}
