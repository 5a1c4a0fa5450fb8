/* Word by word, since the words themselves mean nothing here:
 *
 *   PRI ─┬─ "1 " ─► five words ─► structured data ─► rest
 *        └─ time, if one stands there ─► host ─► tag, which ends with ':' or ']' ─► rest
 *
 * A word is left out by many senders, so the message may begin where any word could. It begins with '<', '{' or a byte
 * order mark, as no host, program or id does. But it is not looked for further than that: a line of a log that holds an
 * audit message somewhere in its text is a line of a log, and its text may be somebody's who was refused at a door. */
#include "ingest/syslog/syslog_head.h"

#include "ingest/message/words.h"

#define WORDS_5424 6u /* time, host, program, process, id, structured data */
#define WORD_DATA 4u  /* where structured data may begin: the id may be missing, and hosts have brackets too */
#define WORDS_3164 3u /* host, program, process */

/* "<85>": the length of it, 0 for none. */
static size_t priority_of(struct bytes text, unsigned *out)
{
	size_t at = 1;
	*out = 0;
	if (text.len == 0 || text.data[0] != '<')
		return 0;
	for (; at < text.len && at <= SYSLOG_PRIORITY_DIGITS && words_digit(text.data[at]); at++)
		*out = *out * 10 + (unsigned)(text.data[at] - '0');
	return at > 1 && at < text.len && text.data[at] == '>' ? at + 1 : 0;
}

bool syslog_escape(struct bytes text, uint8_t *out)
{
	static const struct {
		const char *escape;
		uint8_t byte;
	} known[] = {{"#012", '\n'}, {"#011", '\t'}, {"#015", '\r'}, {"#000", '\0'}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (bytes_begin(text, known[i].escape)) {
			*out = known[i].byte;
			return true;
		}
	return false;
}

static struct bytes skip_spaces(struct bytes text)
{
	while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = bytes_after(text, 1);
	return text;
}

static bool begins_message(struct bytes text)
{
	uint8_t byte;
	return text.len > 0 && (text.data[0] == '<' || text.data[0] == '{' || bytes_begin(text, "\xEF\xBB\xBF") ||
							   syslog_escape(text, &byte));
}

/* Up to a blank, or to a colon that the message stands right behind. */
static struct bytes word_of(struct bytes text)
{
	size_t len = 0;
	while (len < text.len && !words_blank(text.data[len])) {
		len++;
		if (text.data[len - 1] == ':' && begins_message(bytes_after(text, len)))
			break;
	}
	return bytes_of(text.data, len);
}

static struct bytes next_word(struct bytes *text)
{
	struct bytes word = word_of(skip_spaces(*text));
	*text = skip_spaces(bytes_after(skip_spaces(*text), word.len));
	return word;
}

/* ---- RFC 5424 ---- */

/* "[ID NAME="VALUE"]", one behind the other; in a value a backslash takes away what the next character means. */
static bool skip_data(struct bytes *text)
{
	size_t at = 0;
	while (at < text->len && text->data[at] == '[') {
		bool quoted = false;
		for (at++; at < text->len && (quoted || text->data[at] != ']'); at++) {
			if (quoted && text->data[at] == '\\')
				at++;
			else if (text->data[at] == '"')
				quoted = !quoted;
		}
		if (at >= text->len)
			return false;
		at++;
	}
	*text = bytes_after(*text, at);
	return true;
}

static enum error read_5424(struct bytes text, struct syslog_head *out, struct fault *fault)
{
	out->rfc5424 = true;
	for (unsigned i = 0; i < WORDS_5424; i++) {
		text = skip_spaces(text);
		if (begins_message(text))
			break;
		if (i >= WORD_DATA && text.len > 0 && text.data[0] == '[') {
			out->data = text;
			if (!skip_data(&text))
				return fault_set(fault, E_BAD_VALUE, "the structured data of the syslog head does not end");
			out->data.len -= text.len;
			break;
		}
		struct bytes behind = text;
		struct bytes word = next_word(&behind);
		if (i == WORDS_5424 - 1 && !bytes_equal(word, BYTES_LITERAL("-")))
			break; /* it has no data, and this is the message */
		text = behind;
	}
	out->rest = text;
	return E_OK;
}

/* ---- RFC 3164 ---- */

static bool all_digits(struct bytes word, size_t least, size_t most)
{
	for (size_t i = 0; i < word.len; i++)
		if (!words_digit(word.data[i]))
			return false;
	return word.len >= least && word.len <= most;
}

/* "Nov", "*Nov" of a clock that is not set. */
static bool is_month(struct bytes word)
{
	if (word.len > 0 && (word.data[0] == '*' || word.data[0] == '.'))
		word = bytes_after(word, 1);
	return WORDS_LIKE_ONE_OF(word, "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec");
}

/* "10:30:00", with what else stands there: fractions, a zone, a colon. */
static bool is_clock(struct bytes word)
{
	return word.len >= 5 && all_digits(bytes_of(word.data, 2), 2, 2) && word.data[2] == ':' &&
		   all_digits(bytes_of(word.data + 3, 2), 2, 2);
}

static bool is_date(struct bytes word)
{
	return word.len >= 10 && all_digits(bytes_of(word.data, 4), 4, 4) && word.data[4] == '-' && word.data[7] == '-';
}

/* "Nov 29 10:30:00", with the year before, in the middle or at the end, or an ISO date; as it is if it is neither. */
static struct bytes skip_time(struct bytes text)
{
	struct bytes rest = text;
	struct bytes word = next_word(&rest);
	if (is_date(word)) {
		struct bytes behind = rest;
		return word.len == 10 && is_clock(next_word(&behind)) ? behind : rest;
	}
	if (all_digits(word, 4, 4))
		word = next_word(&rest);
	if (!is_month(word) || !all_digits(next_word(&rest), 1, 2))
		return text;
	word = next_word(&rest);
	if (all_digits(word, 4, 4))
		word = next_word(&rest);
	if (!is_clock(word))
		return text;
	struct bytes behind = rest;
	return all_digits(next_word(&behind), 4, 4) ? behind : rest;
}

/* "tag:", "tag[12]:", "tag[12]". */
static bool ends_tag(struct bytes word)
{
	return word.len > 0 && (word.data[word.len - 1] == ':' || word.data[word.len - 1] == ']');
}

/* Of words that end like no tag one may stand before the message: a host, or the tag of a sender without colons. The
 * third one is a tag's process alone, "tag [12]:". */
static void read_3164(struct bytes text, struct syslog_head *out)
{
	text = skip_spaces(skip_time(skip_spaces(text)));
	out->rest = text;
	for (unsigned i = 0; i < WORDS_3164 && text.len > 0 && !begins_message(text); i++) {
		struct bytes word = next_word(&text);
		bool tag = ends_tag(word) && (i < WORDS_3164 - 1 || word.data[0] == '[');
		if (tag || i == 0)
			out->rest = text;
		if (tag)
			return;
	}
}

enum error syslog_head_read(struct bytes message, struct syslog_head *out, struct fault *fault)
{
	*out = (struct syslog_head){.rest = message};
	size_t len = priority_of(message, &out->priority);
	if (len == 0)
		return fault_set(fault, E_TRAILING,
			"no syslog message, since it begins with no priority such as <85>: a part of one that was cut on the way, "
			"or "
			"something else");
	struct bytes text = bytes_after(message, len);
	if (bytes_begin(text, "1 "))
		return read_5424(bytes_after(text, 1), out, fault);
	read_3164(text, out);
	return E_OK;
}
