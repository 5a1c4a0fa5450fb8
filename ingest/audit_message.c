#include "ingest/audit_message.h"

#include "ledger/subject.h"
#include "ledger/visible.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define URN_OID "urn:oid:"

struct chunk {
	struct chunk *next;
	uint8_t bytes[];
};

enum error audit_message_join(struct audit_message *message, const struct bytes *parts, size_t count, struct bytes *out)
{
	size_t len = 0;
	for (size_t i = 0; i < count; i++)
		len += parts[i].len;
	struct chunk *chunk = malloc(sizeof *chunk + len + 1);
	if (chunk == NULL)
		return E_NO_MEMORY;
	chunk->next = message->chunks;
	message->chunks = chunk;
	len = 0;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > 0)
			memcpy(chunk->bytes + len, parts[i].data, parts[i].len);
		len += parts[i].len;
	}
	chunk->bytes[len] = '\0';
	*out = bytes_of(chunk->bytes, len);
	return E_OK;
}

enum error audit_message_copy(struct audit_message *message, struct bytes text, struct bytes *out)
{
	return audit_message_join(message, &text, 1, out);
}

void audit_message_free(struct audit_message *message)
{
	texts_free(&message->objects);
	free(message->participants);
	message->participants = NULL;
	while (message->chunks != NULL) {
		struct chunk *chunk = message->chunks;
		message->chunks = chunk->next;
		free(chunk);
	}
}

enum error texts_add(struct texts *texts, struct bytes text)
{
	if (visible_blank(text))
		return E_OK;
	if (texts->count == texts->room) {
		size_t room = texts->room > 0 ? 2 * texts->room : 16;
		struct bytes *larger = reallocarray(texts->items, room, sizeof *larger);
		if (larger == NULL)
			return E_NO_MEMORY;
		texts->items = larger;
		texts->room = room;
	}
	texts->items[texts->count++] = text;
	return E_OK;
}

void texts_free(struct texts *texts)
{
	free(texts->items);
	*texts = (struct texts){0};
}

enum error audit_message_object(struct audit_message *message, struct bytes object)
{
	struct bytes copy;
	TRY(audit_message_copy(message, object, &copy));
	return texts_add(&message->objects, copy);
}

/* ---- outcome ---- */

void audit_message_denial_code(struct audit_message *message, struct bytes code)
{
	static const char *const known[] = {"401", "403", "AuthZ-Consent", "110113", "forbidden", "security", "login"};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		message->denial |= bytes_equal(code, bytes_text(known[i]));
}

static bool letter_or_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

void audit_message_denial_words(struct audit_message *message, struct bytes words)
{
	static const char *const known[] = {"401", "403", "denied", "deny", "forbidden", "unauthorized", "unauthorised",
		"not authorized", "not authorised", "not permitted"};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		size_t len = strlen(known[i]);
		for (size_t at = 0; at + len <= words.len; at++) {
			bool whole = (at == 0 || !letter_or_digit(words.data[at - 1])) &&
						 (at + len == words.len || !letter_or_digit(words.data[at + len]));
			if (whole && strncasecmp((const char *)words.data + at, known[i], len) == 0)
				message->denial = true;
		}
	}
}

/* ---- subjects ---- */

static struct bytes cut(struct bytes *rest, char mark)
{
	const uint8_t *at = rest->len ? memchr(rest->data, mark, rest->len) : NULL;
	struct bytes piece = at ? bytes_of(rest->data, (size_t)(at - rest->data)) : *rest;
	size_t skip = at ? piece.len + 1 : piece.len;
	*rest = bytes_of(rest->data + skip, rest->len - skip);
	return piece;
}

static struct bytes trim(struct bytes text)
{
	while (
		text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t' || text.data[0] == '\n' || text.data[0] == '\r'))
		text = bytes_of(text.data + 1, text.len - 1);
	while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t' ||
							   text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
		text.len--;
	return text;
}

static bool starts(struct bytes text, const char *front)
{
	size_t len = strlen(front);
	return text.len >= len && memcmp(text.data, front, len) == 0;
}

/* Puts the parts together, brings them into canonical form, and adds the result if it is new. */
static enum error add_subject(
	struct audit_message *message, const struct bytes *parts, size_t count, struct fault *fault)
{
	char canonical[SUBJECT_BYTES_MAX + 1];
	struct bytes joined;
	TRY(audit_message_join(message, parts, count, &joined));
	TRY(subject_canonical(joined, canonical, fault));
	for (size_t i = 0; i < message->subject_count; i++)
		if (bytes_equal(message->subjects[i], bytes_text(canonical)))
			return E_OK;
	if (message->subject_count == EVENT_SUBJECTS_MAX)
		return fault_set(
			fault, E_TOO_LONG, "subject: more than %u people in one message; send a mass event", EVENT_SUBJECTS_MAX);
	return audit_message_copy(message, bytes_text(canonical), &message->subjects[message->subject_count++]);
}

enum error audit_message_identifier(
	struct audit_message *message, struct bytes system, struct bytes value, struct fault *fault)
{
	system = trim(system);
	value = trim(value);
	if (value.len == 0)
		return E_OK;
	if (system.len == 0)
		return fault_set(fault, E_BAD_SUBJECT,
			"subject: an identifier without a system or assigning authority could be anybody's; send it with one");
	if (starts(system, URN_OID)) {
		struct bytes oid = bytes_of(system.data + strlen(URN_OID), system.len - strlen(URN_OID));
		struct bytes parts[] = {BYTES_LITERAL("oid:"), oid, BYTES_LITERAL(":"), value};
		return add_subject(message, parts, 4, fault);
	}
	struct bytes parts[] = {BYTES_LITERAL("uri:"), system, BYTES_LITERAL("|"), value};
	return add_subject(message, parts, 4, fault);
}

/* X^^^NS&OID&ISO^PI: the fourth component is the assigning authority, its second part the OID. */
static enum error add_cx(struct audit_message *message, struct bytes cx, struct fault *fault)
{
	struct bytes id = trim(cut(&cx, '^'));
	cut(&cx, '^');
	cut(&cx, '^');
	struct bytes authority = cut(&cx, '^');
	cut(&authority, '&');
	struct bytes oid = trim(cut(&authority, '&'));
	if (id.len == 0)
		return E_OK;
	if (oid.len == 0)
		return audit_message_identifier(message, BYTES_EMPTY, id, fault);
	struct bytes parts[] = {BYTES_LITERAL("oid:"), oid, BYTES_LITERAL(":"), id};
	return add_subject(message, parts, 4, fault);
}

/* The ID behind the last "Patient/" at the start of a path segment, or an empty range. */
static struct bytes patient_reference(struct bytes text)
{
	static const char mark[] = "Patient/";
	size_t len = sizeof mark - 1;
	for (size_t at = text.len; at-- > 0;) {
		bool segment = at == 0 || text.data[at - 1] == '/';
		if (!segment || text.len - at <= len || memcmp(text.data + at, mark, len) != 0)
			continue;
		struct bytes id = bytes_of(text.data + at + len, text.len - at - len);
		return cut(&id, '/'); /* a version may follow: Patient/ID/_history/1 */
	}
	return BYTES_EMPTY;
}

static enum error add_one(struct audit_message *message, struct bytes text, const char *org_id, struct fault *fault)
{
	text = trim(text);
	if (text.len == 0 || bytes_equal(text, BYTES_LITERAL("<none>")))
		return E_OK;
	if (memchr(text.data, '^', text.len) != NULL)
		return add_cx(message, text, fault);
	if (memchr(text.data, '|', text.len) != NULL) {
		struct bytes system = cut(&text, '|');
		return audit_message_identifier(message, system, text, fault);
	}
	struct bytes patient = patient_reference(text);
	if (patient.len == 0)
		return audit_message_identifier(message, BYTES_EMPTY, text, fault);
	struct bytes parts[] = {BYTES_LITERAL("ref:"), bytes_text(org_id), BYTES_LITERAL("/Patient/"), patient};
	return add_subject(message, parts, 4, fault);
}

enum error audit_message_subject(
	struct audit_message *message, struct bytes identifier, const char *org_id, struct fault *fault)
{
	/* '~' separates repetitions of a CX, and may stand in any other identifier. */
	if (identifier.len == 0 || memchr(identifier.data, '^', identifier.len) == NULL)
		return add_one(message, identifier, org_id, fault);
	while (identifier.len > 0)
		TRY(add_one(message, cut(&identifier, '~'), org_id, fault));
	return E_OK;
}
