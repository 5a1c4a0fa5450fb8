/* Who acted, for whom, and who was given the data. spec/adapters.md */
#include "ingest/message/participants.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

static struct audit_message message;
static struct fault fault;

static void reset(void)
{
	audit_message_free(&message);
	message = (struct audit_message){0};
}

static void add(const char *name, bool requestor, const char *code)
{
	struct participant participant = {.requestor = requestor, .name = bytes_text(name)};
	participant_role_code(&participant, bytes_text(code));
	ck_ok(participants_add(&message, &participant));
}

static bool is(struct bytes text, const char *wanted)
{
	return bytes_equal(text, bytes_text(wanted));
}

/* ADP-8 */
START_TEST(the_one_who_acted_is_chosen)
{
	static const struct {
		struct {
			const char *name;
			bool requestor;
			const char *code;
		} all[4];
		const char *actor;
		uint8_t kind;
	} cases[] = {
		{{{"app", true, "110153"}, {"u1", true, ""}}, "u1", ACTOR_HUMAN},
		{{{"app", true, "110150"}, {"server", true, "110152"}}, "app", ACTOR_SYSTEM},
		{{{"app", false, "110153"}, {"u1", true, "x"}}, "u1", ACTOR_HUMAN},
		{{{"u1", false, ""}, {"app", true, "110153"}}, "app", ACTOR_SYSTEM},
		{{{"app", false, "110153"}, {"server", false, "110152"}, {"u1", false, ""}}, "u1", ACTOR_HUMAN},
		{{{"gate", false, ""}, {"u1", false, "humanuser"}}, "u1", ACTOR_HUMAN},
		{{{"u1", true, ""}, {"u2", true, ""}}, "u1", ACTOR_HUMAN},
		{{{"auth", true, "authserver"}}, "auth", ACTOR_SYSTEM},
		{{{"u1", true, ""}}, "u1", ACTOR_HUMAN},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t count = 0;
		reset();
		for (; count < 4 && cases[i].all[count].name != NULL; count++)
			add(cases[i].all[count].name, cases[i].all[count].requestor, cases[i].all[count].code);
		ck_ok(participants_settle(&message, &fault));
		ck_assert_msg(is(message.actor.name, cases[i].actor), "case %zu", i);
		ck_assert_uint_eq(message.actor_kind, cases[i].kind);
		ck_assert_uint_eq(message.objects.count, count - 1);
	}
	reset();
	ck_error(participants_settle(&message, &fault), E_MISSING_FIELD);
	reset();
}
END_TEST

/* ADP-8: those who did not act stand before the objects, in the message's order. */
START_TEST(others_are_kept)
{
	reset();
	struct participant source = {.id = BYTES_LITERAL("app"), .role = BYTES_LITERAL("Source")};
	struct participant user = {.requestor = true, .name = BYTES_LITERAL("u1")};
	struct participant both = {.id = BYTES_LITERAL("7"), .name = BYTES_LITERAL("Ann"), .role = BYTES_LITERAL("nurse")};
	struct participant silent = {.role = BYTES_LITERAL("auditor")};
	ck_ok(audit_message_object(&message, BYTES_LITERAL("study")));
	ck_ok(participants_add(&message, &source));
	ck_ok(participants_add(&message, &user));
	ck_ok(participants_add(&message, &both));
	ck_ok(participants_add(&message, &silent));
	ck_ok(participants_settle(&message, &fault));
	static const char *const wanted[] = {"Source: app", "nurse: Ann (7)", "auditor", "study"};
	ck_assert_uint_eq(message.objects.count, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_msg(is(message.objects.items[i], wanted[i]), "%.*s", (int)message.objects.items[i].len,
			(const char *)message.objects.items[i].data);
	reset();
}
END_TEST

/* ADP-8: what together is longer than an object stands in pieces. */
START_TEST(long_others_in_pieces)
{
	static char name[1020];
	memset(name, 'n', sizeof name);
	reset();
	add("u1", true, "");
	struct participant other = {
		.name = bytes_of(name, sizeof name), .role = BYTES_LITERAL("nurse"), .id = BYTES_LITERAL("7")};
	ck_ok(participants_add(&message, &other));
	ck_ok(participants_settle(&message, &fault));
	ck_assert_uint_eq(message.objects.count, 3);
	ck_assert(bytes_equal(message.objects.items[1], other.name));
	reset();
}
END_TEST

/* ADP-8 */
START_TEST(for_whom_and_to_whom)
{
	reset();
	struct participant principal = {
		.requestor = true, .principal = true, .name = BYTES_LITERAL("Dr. Holm"), .role = BYTES_LITERAL("physician")};
	ck_ok(participants_add(&message, &principal));
	add("assistant", true, "");
	add("court", false, "110152");
	add("police", false, "110152");
	ck_ok(participants_settle(&message, &fault));
	ck_assert(is(message.actor.name, "assistant"));
	ck_assert(is(message.principal.name, "Dr. Holm"));
	ck_assert(is(message.principal.role, "physician"));
	ck_assert_uint_eq(message.recipient.len, 0);
	ck_assert_uint_eq(message.objects.count, 2);
	reset();
	message.disclosed = true;
	add("assistant", true, "");
	add("court", false, "110152");
	add("police", false, "110152");
	ck_ok(participants_settle(&message, &fault));
	ck_assert(is(message.recipient, "court; police"));
	ck_assert_uint_eq(message.objects.count, 0);
	reset();
}
END_TEST

UNIT_MAIN("participants", the_one_who_acted_is_chosen, others_are_kept, long_others_in_pieces, for_whom_and_to_whom)
