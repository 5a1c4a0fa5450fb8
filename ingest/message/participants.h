/* Who acted, for whom, and who was given the data: one rule for all formats. spec/adapters.md
 *
 * A message names everybody that took part: the person at the screen, the program they used, the server that answered,
 * the one who is given a copy. The reader of a format lists them all in the message; participants_settle then says
 * which one acted. What it does not put into a field of the event is kept among the objects: nobody is dropped. */
#pragma once

#include "ingest/message/audit_message.h"

/* What a code of the participant's role says by the table of codes (ledger/mapping/mapping.h), whatever the code's
 * system is. Unknown codes say nothing. */
void participant_role_code(struct participant *participant, struct bytes code);

/* Adds a copy of the struct. E_NO_MEMORY. */
enum error participants_add(struct audit_message *message, const struct participant *participant) MUST_USE;

/* Fills in actor, on_behalf_of and recipient from the participants, of whom there must be one or more, and puts the
 * others at the front of the objects.
 *   who acted   a requestor before the others; then a human, one of whom nothing is said, a machine; then the first
 *   principal   the first that is one and did not act
 *   recipient   the destinations, if the message says that data was given away */
enum error participants_settle(struct audit_message *message, struct fault *fault) MUST_USE;
