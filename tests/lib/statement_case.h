/* Statements that keep every check but one, for the vectors of spec/statement.md: what a dishonest ledger makes that
 * owns all its keys, and makes everything fit but for the one thing. Leaving out the check, a verifier takes them
 * (tests/ledger/proof/test_leave_out.c). */
#pragma once

#include "tests/lib/forged_example.h"
#include "tests/lib/forged_policy.h"
#include "tests/lib/unit.h"

struct statement_case {
	const char *name; /* of the file */
	const char *about;
	enum finding_code finding;
	json_t *(*make)(void); /* builds the ledger, which is freed after it, and sets what the victim asks for */
};

/* What the victim asks for; nothing unless a case says so. */
struct asked {
	const char *subject;
	bool auditor;
	const char *policy; /* a file's text */
	char policy_text[FORGED_POLICY_MAX];
	/* The first `from` in the file becomes `to`: for what no JSON library writes. */
	const char *from;
	const char *to;
};

extern struct asked asked;

/* ---- ledgers ---- */

/* Genesis 0, sender 1, and Anne's events, each in a batch of its own, ten seconds apart: 2, 4, 6... ; no epoch. */
void anne_has(unsigned count);
/* An honest statement about Anne at a new epoch over everything. */
json_t *about_anne(void);
json_t *one_event(void);
json_t *signed_events(unsigned count);
json_t *audited_event(void);
json_t *nobody(void);

/* ---- what does not follow the rules ---- */

/* An epoch that files these events, in this order, as all of Anne's, and covers `size` entries (0: all). The statement
 * shows all of them as events. */
json_t *filed_as(const uint64_t *indexes, size_t count, uint64_t size);
/* An entry of sender 1 that is its newest one, changed (NULL: as it is); signed by nobody. */
uint64_t append_sender(enum sender_action action, void (*change)(struct entry_sender *entry));
/* Takes the first or last of the events and shows it as the neighbour of a window instead. */
void as_neighbour(json_t *json, const char *name);
/* A window of whole seconds after the start; 0 for none. */
void set_window(json_t *json, unsigned from, unsigned to);
/* After an event was changed: its commitment, in its entry too. */
void recommit(struct forge_event *event);
void replace(struct bytes *value, struct bytes with);
/* An entry's bytes at `at` become others. */
void overwrite(uint64_t index, size_t at, const void *bytes, size_t len);
void cosigned_by_two(uint64_t first_s, uint64_t second_s);
/* Makes one case, verifies it as the victim would, and writes it as a vector. */
void try_case(const struct statement_case *one);

/* STATEMENT_CASES("name", table): each row is a test. */
#define STATEMENT_CASES(name, table)                                                     \
	START_TEST(each_case)                                                                \
	{                                                                                    \
		try_case(&table[_i]);                                                            \
	}                                                                                    \
	END_TEST                                                                             \
	int main(void)                                                                       \
	{                                                                                    \
		TCase *tcase = tcase_create(name);                                               \
		tcase_add_loop_test(tcase, each_case, 0, (int)(sizeof table / sizeof table[0])); \
		return unit_run(name, tcase);                                                    \
	}
