/* A witness policy for forged ledgers. */
#pragma once

#define FORGED_POLICY_MAX 1024

/* The policy "two of the first three witnesses of forge_witness" as a file. */
void two_of_three_text(char text[FORGED_POLICY_MAX]);
/* The same, read. To be freed. */
struct witness_policy *two_of_three(void);
