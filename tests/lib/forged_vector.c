#include "tests/lib/forged_vector.h"

#include "tests/lib/unit.h"

#include <stdlib.h>

void write_vector(const char *page, const char *name, const char *about, const char *member, const char *document,
	const struct vkey *log, const char *subject, const char *policy, const struct vkey *auditor,
	enum finding_code finding)
{
	char path[512], text[VKEY_TEXT_MAX + 1];
	if (getenv("INDSIGT_WRITE_VECTORS") == NULL)
		return;
	vkey_format(log, text);
	json_t *vector = json_pack("{s:s,s:s,s:s,s:s}", "about", about, "expect",
		finding == FINDING_NONE   ? "ok"
		: finding == FINDING_FORM ? "bad-value"
								  : "bad-proof",
		"finding", finding_name(finding), "vkey", text);
	if (subject != NULL)
		json_object_set_new(vector, "subject", json_string(subject));
	if (policy != NULL)
		json_object_set_new(vector, "policy", json_string(policy));
	if (auditor != NULL) {
		vkey_format(auditor, text);
		json_object_set_new(vector, "auditor", json_string(text));
	}
	json_object_set_new(vector, member, json_string(document));
	snprintf(path, sizeof path, "%s/tests/vectors/%s/%s.json", getenv("INDSIGT_SOURCE"), page, name);
	ck_assert_int_eq(json_dump_file(vector, path, JSON_INDENT(1) | JSON_ENSURE_ASCII), 0);
	json_decref(vector);
}
