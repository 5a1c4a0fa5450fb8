/* The words that people write, one string each, so that what is shown can be typed again. Without memory there is
 * nothing rather than some of the words: a policy that shows too little would look as if more were open. */
#include "ledger/event/policy_json.h"

#include <string.h>

/* "open=", "close=", "purpose=" and two flags, for every field there may be. */
#define POLICY_TEXT_MAX 4096

json_t *policy_to_json(const struct policy *policy)
{
	char text[POLICY_TEXT_MAX];
	struct writer writer = writer_of(text, sizeof text);
	if (policy_format(policy, &writer) != E_OK)
		return NULL;
	json_auto_t *words = json_array();
	char *rest = text;
	for (char *word; (word = strsep(&rest, "\n")) != NULL;)
		if (*word && json_array_append_new(words, json_string(word)) != 0)
			return NULL;
	return json_incref(words);
}
