#include "tools/sender/sender_words.h"

#include "tools/show/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum error policy_words(const struct policy *policy, char out[POLICY_WORDS_MAX])
{
	struct writer writer = writer_of(out, POLICY_WORDS_MAX);
	out[0] = '\0';
	TRY(policy_format(policy, &writer));
	for (char *line; (line = strchr(out, '\n')) != NULL;)
		*line = ' ';
	size_t len = strlen(out);
	if (len > 0 && out[len - 1] == ' ')
		out[len - 1] = '\0';
	if (out[0] == '\0')
		strcpy(out, "none");
	return E_OK;
}

enum error policy_take(void *given, const char *word, struct fault *fault)
{
	struct policy_given *out = given;
	out->words = true;
	return policy_apply(&out->policy, word, fault) == E_OK ? E_OK : E_USAGE;
}

void sender_tell(const char *format, ...)
{
	char text[3 * POLICY_WORDS_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	table_put(text, strlen(text), stdout);
	putchar('\n');
}
