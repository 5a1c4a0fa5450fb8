/* What readers of both formats do alike: memory, signs of a refusal, and subjects.
 *
 * Texts go into chunks that are freed with the message, since their number follows from the message. A sign of a
 * refusal only adds up: no later code takes it back. A person is added under the canonical id and once, so that two
 * spellings in one message make one event; the sender's mark for nobody adds nobody, and is noted, because it tells an
 * event about nobody from one whose subject was forgotten. */
#include "ingest/message/audit_message.h"

#include "ingest/message/identifier.h"
#include "ingest/message/words.h"
#include "ledger/base/grow.h"
#include "ledger/mapping/mapping.h"
#include "ledger/text/visible.h"

#include <strings.h>

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
	TRY(allocated(chunk));
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

enum error audit_message_describe(
	struct audit_message *message, struct bytes kind, struct bytes name, struct bytes id, struct bytes *out)
{
	struct bytes first = words_first(name, id);
	bool both = name.len > 0 && id.len > 0;
	struct bytes parts[] = {kind, kind.len > 0 && first.len > 0 ? BYTES_LITERAL(": ") : BYTES_EMPTY, first,
		both ? BYTES_LITERAL(" (") : BYTES_EMPTY, both ? id : BYTES_EMPTY, both ? BYTES_LITERAL(")") : BYTES_EMPTY};
	return audit_message_join(message, parts, sizeof parts / sizeof parts[0], out);
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
	TRY(GROW(texts->items, texts->room, texts->count + 1));
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

bool audit_message_severity(unsigned says, enum severity *out)
{
	if ((says & (MAPPING_OK | MAPPING_MINOR | MAPPING_SERIOUS | MAPPING_MAJOR)) == 0)
		return false;
	*out = (says & MAPPING_MAJOR) != 0     ? SEVERITY_MAJOR
		   : (says & MAPPING_SERIOUS) != 0 ? SEVERITY_SERIOUS
		   : (says & MAPPING_MINOR) != 0   ? SEVERITY_MINOR
										   : SEVERITY_NONE;
	return true;
}

void audit_message_denial_code(struct audit_message *message, struct bytes code)
{
	unsigned says = mapping_effects(MAPPING_EVENT, NULL, code) | mapping_effects(MAPPING_OUTCOME, NULL, code);
	message->denial |= (says & MAPPING_DENIED) != 0;
}

static bool letter_or_digit(uint8_t c)
{
	return words_digit(c) || words_letter(c);
}

/* AccessDenied */
static bool camel(struct bytes words, size_t at)
{
	return words.data[at - 1] >= 'a' && words.data[at - 1] <= 'z' && words.data[at] >= 'A' && words.data[at] <= 'Z';
}

void audit_message_denial_words(struct audit_message *message, struct bytes words)
{
	static const char *const known[] = {"401", "403", "denied", "deny", "forbidden", "unauthorized", "unauthorised",
		"not authorized", "not authorised", "not permitted", "not allowed", "nægtet", "nektet", "nekad", "verweigert"};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		size_t len = strlen(known[i]);
		for (size_t at = 0; at + len <= words.len; at++) {
			bool whole = (at == 0 || !letter_or_digit(words.data[at - 1]) || camel(words, at)) &&
						 (at + len == words.len || !letter_or_digit(words.data[at + len]));
			if (whole && strncasecmp((const char *)words.data + at, known[i], len) == 0)
				message->denial = true;
		}
	}
}

/* ---- subjects ---- */

struct identifier_scope audit_message_scope(const struct adapter_context *context)
{
	return (struct identifier_scope){.org_id = context->org_id, .source = context->source};
}

/* A kind that is always somebody's counts rather than one that may be of something else. */
void audit_message_event_code(struct audit_message *message, struct bytes code)
{
	const struct mapping_code *row = mapping_find(MAPPING_EVENT, MAPPING_SYSTEM_DCM, code);
	bool transfer = row != NULL && (row->effects & MAPPING_PATIENT_OR_THING) != 0;
	bool patient = row != NULL && (row->effects & MAPPING_PATIENT) != 0;
	if (!patient && (!transfer || message->patient_event != NULL))
		return;
	message->patient_event = row;
	message->transfer = transfer;
}

enum error audit_message_check_nobody(const struct audit_message *message, const char *how, struct fault *fault)
{
	bool may = message->patient_event == NULL || message->nobody || (message->transfer && message->things);
	if (message->subject_count > 0 || may)
		return E_OK;
	return fault_set(fault, E_BAD_SUBJECT,
		"subject: an event of type %s, %s, is about a patient%s, and none is named; %s", message->patient_event->code,
		message->patient_event->display, message->transfer ? " unless an object says of what else it is" : "", how);
}

/* Adds the canonical id, if it is somebody and new. */
static enum error add_subject(struct audit_message *message, const char *id, struct fault *fault)
{
	message->nobody |= id[0] == '\0';
	if (id[0] == '\0')
		return E_OK;
	for (size_t i = 0; i < message->subject_count; i++)
		if (bytes_equal(message->subjects[i], bytes_text(id)))
			return E_OK;
	if (message->subject_count == EVENT_SUBJECTS_MAX)
		return fault_set(
			fault, E_TOO_LONG, "subject: more than %u people in one message; send a mass event", EVENT_SUBJECTS_MAX);
	return audit_message_copy(message, bytes_text(id), &message->subjects[message->subject_count++]);
}

enum error audit_message_identifier(struct audit_message *message, struct bytes system, struct bytes value,
	const struct identifier_scope *scope, struct fault *fault)
{
	char id[SUBJECT_BYTES_MAX + 1];
	if (words_trim(system).len == 0)
		return audit_message_subject(message, value, &(struct identifier_scope){.source = scope->source}, fault);
	TRY(identifier_fhir(system, value, scope, id, fault));
	return add_subject(message, id, fault);
}

enum error audit_message_subject(
	struct audit_message *message, struct bytes identifier, const struct identifier_scope *scope, struct fault *fault)
{
	char id[SUBJECT_BYTES_MAX + 1];
	/* '~' separates repetitions of a CX, and may stand in any other identifier. */
	bool cx = identifier.len > 0 && memchr(identifier.data, '^', identifier.len) != NULL &&
			  memchr(identifier.data, '|', identifier.len) == NULL;
	size_t pieces = 0;
	for (struct bytes rest = identifier; rest.len > 0;) {
		struct bytes one = cx ? bytes_cut(&rest, '~') : rest;
		rest = cx ? rest : BYTES_EMPTY;
		if (words_trim(one).len == 0)
			continue;
		TRY(identifier_text(one, scope, id, fault));
		TRY(add_subject(message, id, fault));
		pieces++;
	}
	return pieces > 0 ? E_OK : identifier_text(BYTES_EMPTY, scope, id, fault);
}
