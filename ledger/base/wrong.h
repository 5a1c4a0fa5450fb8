/* Each condition for which a verifier refuses stands in WRONG(): one condition, one WRONG. In the programs it is the
 * condition and nothing else. A test builds the verifiers once more, with INDSIGT_LEAVE_OUT
 * (tests/ledger/proof/test_leave_out.c): there each place can be left out, as if the check were never made, and the
 * vectors have to notice. So whoever writes a verifier and passes the vectors has made every check. */
#pragma once

#include <stdbool.h>

#ifdef INDSIGT_LEAVE_OUT

struct wrong_place {
	const char *file;
	int line;
	const char *condition;
	bool left_out; /* set by the test: never wrong */
	bool asked;    /* the rest is for the test to read: somebody came by here, */
	bool met;      /* and it was wrong */
};

#define WRONG(condition)                                                                                         \
	({                                                                                                           \
		static struct wrong_place wrong_here = {__FILE_NAME__, __LINE__, #condition, false, false, false};       \
		static struct wrong_place *const wrong_row __attribute__((section("wrong_places"), used)) = &wrong_here; \
		wrong_here.asked = true;                                                                                 \
		bool wrong_is = (condition);                                                                             \
		wrong_here.met = wrong_here.met || wrong_is;                                                             \
		wrong_is && !wrong_here.left_out;                                                                        \
	})

#else

#define WRONG(condition) (condition)

#endif
