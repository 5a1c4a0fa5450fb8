#include "ledger/db.h"
#include "tests/unit/unit.h"

#include <string.h>

static const char *const names[] = {"a", "b"};
static char path[64];

static struct db_env *make(void)
{
	strcpy(path, "/tmp/indsigt-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	struct db_env *env = NULL;
	ck_ok(db_open(path, names, 2, 1 << 20, false, true, &env, NULL));
	return env;
}

static void destroy(struct db_env *env)
{
	db_close(env);
	char command[128];
	snprintf(command, sizeof command, "rm -r %s", path);
	ck_assert_int_eq(system(command), 0);
}

static void put_number(struct db_txn *txn, uint64_t number)
{
	uint8_t key[8];
	put_u64(key, number);
	db_append(txn, 0, BYTES_ARRAY(key), bytes_of(key, 8));
}

START_TEST(walks_in_order)
{
	struct db_env *env = make();
	struct db_txn txn;
	ck_ok(db_begin(env, true, &txn));
	for (uint64_t i = 0; i < 1000; i++)
		put_number(&txn, i * 2);
	ck_ok(db_commit(&txn));

	ck_ok(db_begin(env, false, &txn));
	struct db_walk walk;
	ck_ok(db_walk_begin(&txn, 0, &walk));
	uint8_t key[8];
	put_u64(key, 501);
	ck_ok(db_walk_from(&walk, BYTES_ARRAY(key)));
	ck_assert_uint_eq(get_u64(walk.key.data), 502);
	ck_ok(db_walk_upto(&walk, BYTES_ARRAY(key)));
	ck_assert_uint_eq(get_u64(walk.key.data), 500);
	ck_ok(db_walk_next(&walk));
	ck_assert_uint_eq(get_u64(walk.value.data), 502);
	put_u64(key, 500);
	ck_ok(db_walk_upto(&walk, BYTES_ARRAY(key)));
	ck_assert_uint_eq(get_u64(walk.key.data), 500);
	put_u64(key, 99999);
	ck_ok(db_walk_upto(&walk, BYTES_ARRAY(key)));
	ck_assert_uint_eq(get_u64(walk.key.data), 1998);
	ck_error(db_walk_from(&walk, BYTES_ARRAY(key)), E_NOT_FOUND);
	db_walk_end(&walk);
	uint64_t count;
	ck_ok(db_count(&txn, 0, &count));
	ck_assert_uint_eq(count, 1000);
	db_abort(&txn);
	destroy(env);
}
END_TEST

START_TEST(errors_stick)
{
	struct db_env *env = make();
	struct db_txn txn;
	struct bytes value;
	ck_ok(db_begin(env, true, &txn));
	put_number(&txn, 5);
	put_number(&txn, 4); /* not after 5 */
	put_number(&txn, 6);
	ck_error(db_get(&txn, 0, BYTES_LITERAL("x"), &value), E_CORRUPT);
	ck_error(db_commit(&txn), E_CORRUPT);

	ck_ok(db_begin(env, true, &txn));
	static uint8_t large[1 << 19];
	db_put(&txn, 1, BYTES_LITERAL("1"), BYTES_ARRAY(large));
	db_put(&txn, 1, BYTES_LITERAL("2"), BYTES_ARRAY(large));
	db_put(&txn, 1, BYTES_LITERAL("3"), BYTES_ARRAY(large));
	ck_error(db_commit(&txn), E_FULL);

	ck_ok(db_begin(env, true, &txn));
	ck_error(db_get(&txn, 0, BYTES_LITERAL("x"), &value), E_NOT_FOUND);
	db_put(&txn, 0, BYTES_LITERAL("x"), BYTES_LITERAL("y"));
	ck_ok(db_commit(&txn));
	ck_ok(db_begin(env, false, &txn));
	ck_ok(db_get(&txn, 0, BYTES_LITERAL("x"), &value));
	ck_assert(bytes_equal(value, BYTES_LITERAL("y")));
	ck_ok(db_commit(&txn));
	destroy(env);
}
END_TEST

START_TEST(missing_directory)
{
	struct db_env *env = NULL;
	struct fault fault;
	ck_error(db_open("/tmp/indsigt-not-there", names, 2, 1 << 20, true, false, &env, &fault), E_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(fault.text, "/tmp/indsigt-not-there"));
}
END_TEST

UNIT_MAIN("db", walks_in_order, errors_stick, missing_directory)
