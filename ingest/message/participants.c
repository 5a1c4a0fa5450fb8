/* Each participant gets a rank; the highest, and of equal ones the first, acted. Everybody else has a place:
 *
 *   principal (the first) ─► on_behalf_of     destination, if data was given away ─► recipient     others ─► objects
 *
 * What does not fit into its place (a second principal, a recipient that would make the text too long) goes to the
 * objects too. They stand before the message's own objects, because a long list loses its end (adapter.c). */
#include "ingest/message/participants.h"

#include "ingest/message/words.h"
#include "ledger/base/grow.h"
#include "ledger/mapping/mapping.h"

void participant_role_code(struct participant *participant, struct bytes code)
{
	unsigned says = mapping_effects(MAPPING_ROLE, NULL, code);
	if (participant->nature == PARTICIPANT_UNSAID)
		participant->nature = (says & MAPPING_MACHINE) != 0 ? PARTICIPANT_MACHINE
							  : (says & MAPPING_HUMAN) != 0 ? PARTICIPANT_HUMAN
															: PARTICIPANT_UNSAID;
	participant->destination |= (says & MAPPING_DESTINATION) != 0;
	participant->principal |= (says & MAPPING_PRINCIPAL) != 0;
}

enum error participants_add(struct audit_message *message, const struct participant *participant)
{
	TRY(GROW(message->participants, message->participant_room, message->participant_count + 1));
	message->participants[message->participant_count++] = *participant;
	return E_OK;
}

/* The higher acted rather than the lower. */
static unsigned rank(const struct participant *participant)
{
	static const unsigned by_nature[] = {[PARTICIPANT_MACHINE] = 0, [PARTICIPANT_UNSAID] = 1, [PARTICIPANT_HUMAN] = 2};
	unsigned rank = by_nature[participant->nature];
	if (!participant->principal)
		rank += 3;
	if (participant->requestor)
		rank += 6;
	return rank;
}

/* Of equals the first, as the sender lists them: a rule that is the same for every message. */
static size_t actor_of(const struct audit_message *message)
{
	size_t actor = 0;
	for (size_t i = 1; i < message->participant_count; i++)
		if (rank(&message->participants[i]) > rank(&message->participants[actor]))
			actor = i;
	return actor;
}

/* In pieces if it is longer than an object may be. */
static enum error keep_other(struct audit_message *message, const struct participant *other, struct texts *objects)
{
	struct bytes text;
	TRY(audit_message_describe(message, other->role, other->name, other->id, &text));
	if (text.len <= EVENT_TEXT_BYTES_MAX)
		return texts_add(objects, text);
	TRY(texts_add(objects, other->role));
	TRY(texts_add(objects, other->name));
	return texts_add(objects, other->id);
}

/* "A; B": where it went. One that does not fit stays among the objects. */
static enum error add_recipient(struct audit_message *message, const struct participant *one, bool *added)
{
	struct bytes name = words_first(one->name, one->id);
	struct bytes before = message->recipient;
	struct bytes parts[] = {before, before.len > 0 ? BYTES_LITERAL("; ") : BYTES_EMPTY, name};
	*added = name.len > 0 && (before.len == 0 || before.len + 2 + name.len <= EVENT_TEXT_BYTES_MAX);
	return *added ? audit_message_join(message, parts, 3, &message->recipient) : E_OK;
}

static enum error place_others(struct audit_message *message, size_t actor, struct texts *objects)
{
	bool has_principal = false;
	for (size_t i = 0; i < message->participant_count; i++) {
		const struct participant *other = &message->participants[i];
		bool placed = false;
		if (i == actor)
			continue;
		if (other->principal && !has_principal) {
			message->principal = *other;
			has_principal = placed = true;
		} else if (other->destination && (message->disclosed || message->exported)) {
			TRY(add_recipient(message, other, &placed));
		}
		if (!placed)
			TRY(keep_other(message, other, objects));
	}
	return E_OK;
}

enum error participants_settle(struct audit_message *message, struct fault *fault)
{
	if (message->participant_count == 0)
		return fault_set(fault, E_MISSING_FIELD, "actor: the message names nobody who acted");
	OWNED(texts_free) struct texts objects = {0};
	size_t actor = actor_of(message);
	message->actor = message->participants[actor];
	message->actor_kind = message->actor.nature == PARTICIPANT_MACHINE ? ACTOR_SYSTEM : ACTOR_HUMAN;
	TRY(place_others(message, actor, &objects));
	for (size_t i = 0; i < message->objects.count; i++)
		TRY(texts_add(&objects, message->objects.items[i]));
	texts_free(&message->objects);
	message->objects = objects;
	objects = (struct texts){0};
	return E_OK;
}
