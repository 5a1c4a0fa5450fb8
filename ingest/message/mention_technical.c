/* Programs have pids, and certificates and messages have subjects. What tells them from patients is a closed list, so
 * that a text is taken for technical by a sign of its own and never for want of one:
 *
 *   pid      a number that a process may have, and a word for a process before it, or beside it what only the logs of
 *            processes have
 *   subject  a distinguished name of a host or an organisation; a topic
 *
 * A text that speaks of a patient near it is none of them. What is in doubt is not technical. */
#include "ingest/message/mention.h"
#include "ingest/message/words.h"

#include <string.h>

#define PID_DIGITS_MAX 7 /* Linux: 4,194,304 */
#define NEAR_BYTES 256u  /* what a text says further away says nothing of the name */

static bool letter(uint8_t c)
{
	return words_letter(c) || c >= 0x80;
}

static bool word_char(uint8_t c)
{
	return letter(c) || words_digit(c) || c == '_' || c == '-';
}

/* ---- processes ---- */

static bool is_pid(struct bytes value)
{
	size_t len = 0;
	while (len < value.len && words_digit(value.data[len]))
		len++;
	bool ends = len == value.len || (!word_char(value.data[len]) && value.data[len] != '.') ||
				(value.data[len] == '.' && (len + 1 == value.len || !word_char(value.data[len + 1])));
	return len > 0 && len <= PID_DIGITS_MAX && value.data[0] != '0' && ends;
}

/* The word that ends before `at`, blanks and marks aside; `at` is moved to where it begins. */
static struct bytes word_before(struct bytes text, size_t *at)
{
	size_t end = *at;
	while (end > 0 && memchr(" \t([{,:;\"'", text.data[end - 1], 10) != NULL)
		end--;
	size_t start = end;
	while (start > 0 && letter(text.data[start - 1]))
		start--;
	*at = start;
	return bytes_of(text.data + start, end - start);
}

static bool says_process(struct bytes text, size_t at)
{
	struct bytes word = word_before(text, &at);
	if (WORDS_LIKE_ONE_OF(word, "with", "as", "its", "new", "old", "main", "the", "med", "som"))
		word = word_before(text, &at);
	return WORDS_LIKE_ONE_OF(word, "process", "processes", "subprocess", "proces", "processen", "prosess", "prosessen",
		"prozess", "worker", "thread", "daemon", "job", "script", "server", "systemd", "cron", "forked", "spawned",
		"restarted");
}

/* Members and keys that only processes have. */
static bool has_key_of_process(struct bytes text)
{
	for (size_t at = 0; at < text.len; at++) {
		size_t len = 0;
		if ((at > 0 && word_char(text.data[at - 1])) || !letter(text.data[at]))
			continue;
		while (at + len < text.len && word_char(text.data[at + len]))
			len++;
		if (WORDS_LIKE_ONE_OF(bytes_of(text.data + at, len), "ppid", "auid", "comm", "exe", "hostname", "systemd",
				"SIGTERM", "SIGKILL", "SIGHUP", "SIGSEGV"))
			return true;
		at += len > 0 ? len - 1 : 0;
	}
	return false;
}

/* ---- subjects ---- */

/* TYPE= at `at`, of a distinguished name; its length, or 0. */
static size_t attribute_at(struct bytes text, size_t at, struct bytes *type)
{
	size_t len = 0;
	while (at + len < text.len &&
		   (letter(text.data[at + len]) || text.data[at + len] == '.' || words_digit(text.data[at + len])))
		len++;
	*type = bytes_of(text.data + at, len);
	while (at + len < text.len && text.data[at + len] == ' ')
		len++;
	return type->len > 0 && at + len < text.len && text.data[at + len] == '=' ? len + 1 : 0;
}

/* A host's name: letters before a dot, and no blank. */
static bool is_host(struct bytes value)
{
	size_t len = 0;
	bool dot = false;
	while (len < value.len && (word_char(value.data[len]) || value.data[len] == '.' || value.data[len] == '*'))
		dot |= value.data[len++] == '.';
	return dot && !words_digit(value.data[0]) && (len == value.len || memchr(",/+\"'", value.data[len], 5) != NULL);
}

/* All of its attributes are of hosts and organisations, and one says of which. */
static bool is_name_of_host(struct bytes value)
{
	bool said = false;
	size_t at = value.data[0] == '/';
	for (;;) {
		struct bytes type;
		while (at < value.len && value.data[at] == ' ')
			at++;
		size_t len = attribute_at(value, at, &type);
		if (len == 0)
			return said;
		at += len;
		while (at < value.len && value.data[at] == ' ')
			at++;
		bool common = WORDS_LIKE_ONE_OF(type, "CN");
		if (common && !is_host(bytes_after(value, at)))
			return false; /* somebody's name, or may be */
		if (common || WORDS_LIKE_ONE_OF(type, "O", "OU", "DC"))
			said = true;
		else if (!WORDS_LIKE_ONE_OF(type, "C", "L", "ST", "S", "STREET", "postalCode"))
			return false; /* serialNumber, UID, SN, GN...: somebody's, or not known */
		while (at < value.len && value.data[at] != ',' && value.data[at] != '/' && value.data[at] != '+')
			at++;
		if (at == value.len)
			return said;
		at++;
	}
}

/* a.b.c, in letters. */
static bool is_topic(struct bytes value)
{
	size_t len = 0;
	bool dot = false;
	while (len < value.len && (letter(value.data[len]) || memchr("._-*>", value.data[len], 5) != NULL))
		dot |= value.data[len++] == '.';
	return dot && value.data[len - 1] != '.' && (len == value.len || !word_char(value.data[len]));
}

/* ---- both ---- */

bool mention_technical(struct bytes text, struct bytes name, struct bytes value)
{
	size_t at = (size_t)(name.data - text.data);
	size_t start = at > NEAR_BYTES ? at - NEAR_BYTES : 0;
	size_t end = text.len - at > NEAR_BYTES ? at + NEAR_BYTES : text.len;
	struct bytes near = bytes_of(text.data + start, end - start);
	if (value.len == 0 || mention_word(near))
		return false;
	if (words_are(name, "pid"))
		return is_pid(value) && (says_process(near, at - start) || has_key_of_process(near));
	return words_are(name, "subject") && (is_name_of_host(value) || is_topic(value));
}
