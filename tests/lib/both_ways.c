#include "tests/lib/both_ways.h"

#include "tests/lib/unit.h"

#include <string.h>

enum error audit_both_ways(const char *dir, const struct vkey *vkey, const struct audit_options *options,
	struct audit_result *out, struct fault *fault)
{
	struct audit_options several = *options;
	struct audit_result other;
	struct fault other_fault = {.text = ""};
	memset(out, 0, sizeof *out);
	memset(&other, 0, sizeof other);
	enum error error = audit_directory(dir, vkey, options, out, fault);
	several.jobs = 3;
	enum error other_error = audit_directory(dir, vkey, &several, &other, &other_fault);
	ck_assert_msg(error == other_error && (error == E_OK || strcmp(fault->text, other_fault.text) == 0),
		"by one thread: %s: %s; by three: %s: %s", error_name(error), fault->text, error_name(other_error),
		other_fault.text);
	ck_assert_msg(error != E_OK || (out->ok == other.ok && out->index == other.index && out->epoch == other.epoch &&
									   strcmp(out->reason, other.reason) == 0),
		"by one thread: index %lu: %s; by three: index %lu: %s", out->index, out->reason, other.index, other.reason);
	ck_assert_msg(memcmp(out, &other, sizeof other) == 0, "the counts differ");
	return error;
}
