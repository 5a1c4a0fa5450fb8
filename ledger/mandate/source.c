/* The words are kept as they are written, sorted, and looked up by going through them: there are some dozens, a message
 * asks for one or two, and no second form can drift away from the one that was signed. A word has a front, which says
 * of what it speaks, and two words with one front would say two things of the same. */
#include "ledger/mandate/source.h"

#include "ledger/base/wrong.h"
#include "ledger/subject/subject.h"
#include "ledger/subject/subject_system.h"
#include "ledger/text/visible.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define AUTHORITY "authority="
#define NAMESPACE "namespace="
#define ROLE "role="
#define FROM "from="
#define IDENTIFIERS "identifiers-in="

static bool text_valid(struct bytes text, size_t max)
{
	return text.len > 0 && text.len <= max && visible_clean(text) && !visible_blank(text);
}

/* ---- what a word may be ---- */

static bool system_valid(struct bytes system)
{
	char spelled[SUBJECT_BYTES_MAX + 1];
	struct bytes oid;
	if (subject_system_oid(system, &oid))
		return bytes_equal(oid, system) && subject_oid_valid(oid) && !subject_oid_is_codes(oid);
	return subject_system_canonical(system, spelled) == NULL && bytes_equal(system, bytes_text(spelled));
}

/* What it is in a CX or as a system: the marks of either are in no name. An OID and a URI say themselves whose numbers
 * theirs are, and are no local names: nobody is moved away from under them. */
static bool name_valid(struct bytes name)
{
	bool word = false;
	for (size_t i = 0; i < name.len; i++) {
		if (strchr("^&|~\\:", name.data[i]) != NULL)
			return false;
		word |= strchr("0123456789.", name.data[i]) == NULL;
	}
	return word && text_valid(name, SOURCE_NAME_BYTES_MAX);
}

static bool address_valid(struct bytes id)
{
	char text[INET6_ADDRSTRLEN + 1], again[INET6_ADDRSTRLEN];
	struct in6_addr address;
	if (id.len >= sizeof text)
		return false;
	memcpy(text, id.data, id.len);
	text[id.len] = '\0';
	bool six = strchr(text, ':') != NULL;
	int family = six ? AF_INET6 : AF_INET;
	if (six && strchr(text, '.') != NULL) /* it is an IPv4 address and has its spelling */
		return false;
	return inet_pton(family, text, &address) == 1 && inet_ntop(family, &address, again, sizeof again) != NULL &&
		   strcmp(again, text) == 0;
}

static bool hash_valid(struct bytes id)
{
	for (size_t i = 0; i < id.len; i++)
		if (strchr("0123456789abcdef", id.data[i]) == NULL)
			return false;
	return id.len == 64;
}

static bool from_valid(struct bytes value)
{
	struct bytes rest = value;
	struct bytes id = bytes_cut(&rest, '=');
	struct bytes org = bytes_cut(&rest, '=');
	struct bytes org_name = bytes_cut(&rest, '=');
	struct bytes kind = bytes_cut(&id, ':');
	bool known = (bytes_equal(kind, BYTES_LITERAL("source")) && text_valid(id, EVENT_TEXT_BYTES_MAX)) ||
				 (bytes_equal(kind, BYTES_LITERAL("certificate")) && hash_valid(id)) ||
				 (bytes_equal(kind, BYTES_LITERAL("address")) && address_valid(id));
	return known && org.len <= ORG_BYTES_MAX && subject_org_valid(org) && text_valid(org_name, NAME_BYTES_MAX) &&
		   text_valid(rest, EVENT_TEXT_BYTES_MAX);
}

static bool field_valid(struct bytes path)
{
	static const char *const free_texts[] = {"activity", "objects", "reason", "recipient", "session", "trace"};
	for (size_t i = 0; i < sizeof free_texts / sizeof free_texts[0]; i++)
		if (bytes_equal(path, bytes_text(free_texts[i])))
			return true;
	return false;
}

/* The front of a word is as long as this, and all of it must be the only one so; 0: it is no word. */
static size_t front_of(struct bytes word)
{
	if (bytes_begin(word, AUTHORITY))
		return system_valid(bytes_after(word, strlen(AUTHORITY))) ? strlen(AUTHORITY) : 0;
	if (bytes_begin(word, ROLE))
		return text_valid(bytes_after(word, strlen(ROLE)), EVENT_TEXT_BYTES_MAX) ? strlen(ROLE) : 0;
	if (bytes_begin(word, IDENTIFIERS))
		return field_valid(bytes_after(word, strlen(IDENTIFIERS))) ? word.len : 0;
	if (bytes_begin(word, NAMESPACE)) {
		struct bytes rest = bytes_after(word, strlen(NAMESPACE));
		struct bytes name = bytes_cut(&rest, '=');
		return name_valid(name) && system_valid(rest) ? word.len - rest.len : 0;
	}
	if (bytes_begin(word, FROM) && from_valid(bytes_after(word, strlen(FROM)))) {
		struct bytes rest = bytes_after(word, strlen(FROM));
		bytes_cut(&rest, '=');
		return word.len - rest.len;
	}
	return 0;
}

/* ---- all of them ---- */

static bool next_word(const struct source *source, size_t *at, struct bytes *word)
{
	const char *start = source->words + *at;
	if (*start == '\0')
		return false;
	*word = bytes_of(start, strcspn(start, "\n"));
	*at += word->len + (start[word->len] == '\n');
	return true;
}

/* Words with one front stand next to each other. */
bool source_valid(const struct source *source)
{
	struct bytes before = BYTES_EMPTY, word;
	size_t at = 0, len = strlen(source->words);
	if (WRONG(len > 0 && source->words[len - 1] == '\n'))
		return false;
	while (next_word(source, &at, &word)) {
		size_t front = front_of(word);
		if (WRONG(front == 0) || WRONG(before.len > 0 && bytes_compare(before, word) >= 0) ||
			WRONG(before.len >= front && before.len > 0 && memcmp(before.data, word.data, front) == 0))
			return false;
		before = word;
	}
	return true;
}

void source_encode(const struct source *source, struct writer *out)
{
	writer_range16(out, bytes_text(source->words));
}

void source_decode(struct reader *in, struct source *out)
{
	struct source source = {.words = ""};
	struct bytes words = reader_range16(in, SOURCE_BYTES_MAX);
	if (in->error != E_OK)
		return;
	if (words.len > 0)
		memcpy(source.words, words.data, words.len);
	if (strlen(source.words) != words.len || !source_valid(&source))
		reader_fail(in, E_BAD_VALUE);
	else
		*out = source;
}

static enum error refuse(struct fault *fault)
{
	return fault_set(fault, E_BAD_VALUE,
		"policy: of a source it is said authority=SYSTEM, namespace=NAME=SYSTEM, role=TEXT, identifiers-in=FIELD, "
		"from=source:ID=ORG=ORG NAME=SYSTEM NAME, or the same from=certificate: (64 small hexadecimal digits) and "
		"from=address:; SYSTEM is an OID (1.2.208.176.1.2) or an absolute URI, NAME has at most %u bytes, FIELD is a "
		"text "
		"that may be about people; no part is empty or has a '=' but the last",
		SOURCE_NAME_BYTES_MAX);
}

static enum error insert(struct source *source, struct bytes word, size_t front, struct fault *fault)
{
	struct bytes other;
	size_t at = 0, place = 0, len = strlen(source->words);
	while (next_word(source, &at, &other)) {
		if (bytes_equal(other, word))
			return E_OK;
		if (other.len >= front && memcmp(other.data, word.data, front) == 0)
			return fault_set(
				fault, E_BAD_VALUE, "policy: '%.*s' is said twice, and not the same", (int)front - 1, word.data);
		if (bytes_compare(other, word) < 0)
			place = at;
	}
	if (len + word.len + 1 > SOURCE_BYTES_MAX)
		return fault_set(fault, E_TOO_LONG, "what is said of the source is more than %u bytes", SOURCE_BYTES_MAX);
	if (place == len && len > 0) {
		source->words[len] = '\n';
		memcpy(source->words + len + 1, word.data, word.len);
		source->words[len + 1 + word.len] = '\0';
		return E_OK;
	}
	bool more = place < len;
	memmove(source->words + place + word.len + more, source->words + place, len - place + 1);
	memcpy(source->words + place, word.data, word.len);
	if (more)
		source->words[place + word.len] = '\n';
	return E_OK;
}

enum error source_apply(struct source *source, const char *word, bool *taken, struct fault *fault)
{
	struct bytes text = bytes_text(word);
	*taken = bytes_begin(text, AUTHORITY) || bytes_begin(text, NAMESPACE) || bytes_begin(text, ROLE) ||
			 bytes_begin(text, FROM) || bytes_begin(text, IDENTIFIERS);
	if (!*taken)
		return E_OK;
	size_t front = front_of(text);
	return front == 0 ? refuse(fault) : insert(source, text, front, fault);
}

/* ---- look-ups ---- */

/* What stands behind `front` and `name` and `mark`. */
static struct bytes find(const struct source *source, const char *front, struct bytes name, const char *mark)
{
	struct bytes word;
	for (size_t at = 0; next_word(source, &at, &word);) {
		if (!bytes_begin(word, front))
			continue;
		struct bytes rest = bytes_after(word, strlen(front));
		if (rest.len < name.len || !bytes_equal(bytes_of(rest.data, name.len), name))
			continue;
		rest = bytes_after(rest, name.len);
		if (bytes_begin(rest, mark))
			return bytes_after(rest, strlen(mark));
	}
	return BYTES_EMPTY;
}

struct bytes source_authority(const struct source *source)
{
	return find(source, AUTHORITY, BYTES_EMPTY, "");
}

struct bytes source_namespace(const struct source *source, struct bytes name)
{
	return name_valid(name) ? find(source, NAMESPACE, name, "=") : BYTES_EMPTY;
}

struct bytes source_role(const struct source *source)
{
	return find(source, ROLE, BYTES_EMPTY, "");
}

bool source_expects_numbers(const struct source *source, struct bytes path)
{
	struct bytes word;
	for (size_t at = 0; next_word(source, &at, &word);)
		if (bytes_begin(word, IDENTIFIERS) && bytes_equal(bytes_after(word, strlen(IDENTIFIERS)), path))
			return true;
	return false;
}

bool source_origin(const struct source *source, const char *kind, struct bytes id, struct source_origin *out)
{
	char front[32];
	if (id.len == 0 || memchr(id.data, '=', id.len) != NULL)
		return false;
	snprintf(front, sizeof front, FROM "%s:", kind);
	struct bytes rest = find(source, front, id, "=");
	if (rest.len == 0)
		return false;
	*out = (struct source_origin){.org = bytes_cut(&rest, '=')};
	out->org_name = bytes_cut(&rest, '=');
	out->system = rest;
	return true;
}

bool source_next_org(const struct source *source, size_t *at, struct bytes *org)
{
	struct bytes word;
	while (next_word(source, at, &word)) {
		if (!bytes_begin(word, FROM))
			continue;
		struct bytes rest = bytes_after(word, strlen(FROM));
		bytes_cut(&rest, '=');
		*org = bytes_cut(&rest, '=');
		return true;
	}
	return false;
}
