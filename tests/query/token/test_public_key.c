/* Verifying where memory is short. */
#include "query/token/public_key.h"

#include "ledger/json/json_read.h"
#include "tests/lib/scarce.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* RFC 7515, A.3; and the same with another last letter but one. */
#define JWK                                                  \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a name\","  \
	"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
#define SIGNED_TEXT                                                             \
	"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0" \
	"dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
#define SIGNATURE "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU"
#define GOOD SIGNED_TEXT SIGNATURE "1Q"
#define BAD SIGNED_TEXT SIGNATURE "1g"
#define R_IS_0 SIGNED_TEXT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQ"

/* From the texts, as a daemon has them. */
static enum error verify(const char *token)
{
	OWNED(public_key_release) struct public_key key = {.jwk = NULL};
	struct fault fault = {.text = ""};
	struct jws jws;
	json_auto_t *jwk = NULL;
	TRY(json_read(BYTES_LITERAL(JWK), 0, NULL, &jwk));
	TRY(public_key_read(jwk, &key, &fault));
	TRY(jws_read(token, &jws, &fault));
	enum error error = public_key_verify(&key, &jws);
	jws_release(&jws);
	return error;
}

/* In a process of its own, as the first that OpenSSL does there: its result, and 128 where no allocation failed; 127 if
 * a good one is not taken afterwards. */
static int verify_first(const char *token, unsigned number)
{
	int status;
	fflush(NULL);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		scarce_at(number);
		int error = (int)verify(token);
		bool all = !scarce_end();
		_exit(verify(GOOD) == E_OK ? error | (all ? 128 : 0) : 127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "allocation %u: signal %d", number, WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* A good one is not said to be bad for want of memory, a bad one never good; and nobody crashes. */
START_TEST(without_memory_nothing_is_said_of_a_token)
{
	static const struct {
		const char *token;
		enum error error;
	} cases[] = {{GOOD, E_OK}, {BAD, E_BAD_SIGNATURE}, {R_IS_0, E_BAD_SIGNATURE}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		unsigned number = 1;
		for (int got; (got = verify_first(cases[i].token, number)) != (128 | (int)cases[i].error); number++)
			ck_assert_msg(got == (int)E_NO_MEMORY || got == (int)cases[i].error, "%zu: allocation %u: %s", i, number,
				error_name((enum error)(got & 127)));
		ck_assert_uint_gt(number, 100);
	}
}
END_TEST

/* When there is memory again, in the same process. */
START_TEST(then_it_is_looked_at_again)
{
	bool all = false;
	ck_ok(verify(GOOD));
	for (unsigned number = 1; !all; number++) {
		scarce_at(number);
		enum error error = verify(number % 2 ? GOOD : BAD);
		all = !scarce_end();
		ck_assert_msg(error == E_NO_MEMORY || error == (number % 2 ? E_OK : E_BAD_SIGNATURE), "allocation %u: %s",
			number, error_name(error));
		ck_ok(verify(GOOD));
		ck_error(verify(BAD), E_BAD_SIGNATURE);
	}
}
END_TEST

UNIT_MAIN("public_key", without_memory_nothing_is_said_of_a_token, then_it_is_looked_at_again)
