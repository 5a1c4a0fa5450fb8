/* What a team would use instead of a ledger: one table of PostgreSQL with an index by person, filled as fast as it
 * goes.
 *
 *   pg_load CONNINFO TABLE SECONDS CLIENTS BATCH PEOPLE
 *
 * As `indsigt bench --minutes` loads a ledger: CLIENTS connections insert batches of BATCH rows about people at random,
 * one transaction each, durable when it answers; meanwhile one connection asks for 20 rows of somebody 20 times a
 * second. A BATCH of 1 is a plain INSERT of one row. Prints:
 * rows=N seconds=S rows/s=N answer_p50_ms=N answer_p99_ms=N insert_p50_ms=N insert_p99_ms=N */
#include <endian.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EVENT_BYTES 268u /* what the event of the bench has beside the person */
#define PERSON_BYTES 32u
#define BYTEA_OID 17u
#define ROWS 20
#define ASKS_PER_SECOND 20
#define ASKS_MAX 100000
#define CLIENTS_MAX 64
#define INSERTS_MAX 200000 /* of each client: that are timed */

static const char *conninfo, *table;
static double seconds, start;
static long batch;
static uint64_t people;
static _Atomic long rows;
static double asks[ASKS_MAX];
static int asked;
static double inserts[CLIENTS_MAX * INSERTS_MAX];
static int inserted[CLIENTS_MAX];

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static PGconn *open_connection(const char *query, int parameters)
{
	PGconn *connection = PQconnectdb(conninfo);
	PGresult *result = PQprepare(connection, "q", query, parameters, NULL);
	if (PQresultStatus(result) != PGRES_COMMAND_OK) {
		fprintf(stderr, "pg_load: %s", PQerrorMessage(connection));
		exit(1);
	}
	PQclear(result);
	return connection;
}

static void must(PGconn *connection, const PGresult *result, ExecStatusType wanted)
{
	if (PQresultStatus(result) == wanted)
		return;
	fprintf(stderr, "pg_load: %s", PQerrorMessage(connection));
	exit(1);
}

static uint64_t next_random(uint64_t *state) /* splitmix64 */
{
	uint64_t z = *state += 0x9E3779B97F4A7C15u;
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

/* A key as long, and as far apart, as the hash of a person's number. */
static void make_person(uint64_t number, uint8_t out[PERSON_BYTES])
{
	for (size_t i = 0; i < PERSON_BYTES; i += 8) {
		uint64_t word = next_random(&number);
		memcpy(out + i, &word, 8);
	}
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
	value = htobe32(value);
	memcpy(at, &value, 4);
	return at + 4;
}

/* The binary form of a bytea[] in front of its elements. */
static uint8_t *put_head(uint8_t *at, long count)
{
	at = put_u32(at, 1);
	at = put_u32(at, 0);
	at = put_u32(at, BYTEA_OID);
	at = put_u32(at, (uint32_t)count);
	return put_u32(at, 1);
}

static void *insert(void *context)
{
	size_t client = (uintptr_t)context - 1;
	uint64_t random = (uint64_t)time(NULL) + ((uint64_t)(uintptr_t)context << 40);
	size_t room = 20 + (size_t)batch * (4 + EVENT_BYTES);
	uint8_t *persons = malloc(room);
	uint8_t *events = malloc(room);
	char query[160];
	snprintf(query, sizeof query,
		batch == 1 ? "INSERT INTO %s(subject, ev) VALUES($1::bytea, $2::bytea)"
				   : "INSERT INTO %s(subject, ev) SELECT * FROM unnest($1::bytea[], $2::bytea[])",
		table);
	PGconn *connection = open_connection(query, 2);
	while (now() - start < seconds) {
		uint8_t *person = put_head(persons, batch);
		uint8_t *event = put_head(events, batch);
		for (long i = 0; i < batch; i++) {
			person = put_u32(person, PERSON_BYTES);
			make_person(next_random(&random) % people, person);
			person += PERSON_BYTES;
			event = put_u32(event, EVENT_BYTES);
			for (size_t k = 0; k + 8 <= EVENT_BYTES; k += 8) {
				uint64_t word = next_random(&random);
				memcpy(event + k, &word, 8);
			}
			event += EVENT_BYTES;
		}
		size_t head = batch == 1 ? 24 : 0; /* a row is no array */
		const char *const values[] = {(const char *)persons + head, (const char *)events + head};
		const int lengths[] = {(int)(person - persons - (long)head), (int)(event - events - (long)head)};
		const int formats[] = {1, 1};
		double begun = now();
		PGresult *result = PQexecPrepared(connection, "q", 2, values, lengths, formats, 1);
		must(connection, result, PGRES_COMMAND_OK);
		PQclear(result);
		if (inserted[client] < INSERTS_MAX)
			inserts[client * INSERTS_MAX + (size_t)inserted[client]++] = (now() - begun) * 1000;
		rows += batch;
	}
	PQfinish(connection);
	free(persons);
	free(events);
	return NULL;
}

static void *ask(void *context)
{
	(void)context;
	uint64_t random = (uint64_t)time(NULL);
	uint8_t person[PERSON_BYTES];
	char query[160];
	snprintf(query, sizeof query, "SELECT seq, ev FROM %s WHERE subject = $1::bytea ORDER BY seq DESC LIMIT %d", table,
		ROWS);
	PGconn *connection = open_connection(query, 1);
	for (asked = 0; asked < ASKS_MAX && now() - start < seconds;) {
		double wait = start + (double)asked / ASKS_PER_SECOND - now();
		struct timespec pause = {.tv_sec = (time_t)wait, .tv_nsec = (long)((wait - (double)(time_t)wait) * 1e9)};
		if (wait > 0)
			nanosleep(&pause, NULL);
		make_person(next_random(&random) % people, person);
		const char *const values[] = {(const char *)person};
		const int lengths[] = {PERSON_BYTES};
		const int formats[] = {1};
		double begun = now();
		PGresult *result = PQexecPrepared(connection, "q", 1, values, lengths, formats, 1);
		must(connection, result, PGRES_TUPLES_OK);
		PQclear(result);
		asks[asked++] = (now() - begun) * 1000;
	}
	PQfinish(connection);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	pthread_t threads[CLIENTS_MAX + 1];
	if (argc != 7) {
		fprintf(stderr, "usage: pg_load CONNINFO TABLE SECONDS CLIENTS BATCH PEOPLE\n");
		return 2;
	}
	conninfo = argv[1];
	table = argv[2];
	seconds = strtod(argv[3], NULL);
	long clients = strtol(argv[4], NULL, 10);
	batch = strtol(argv[5], NULL, 10);
	people = strtoull(argv[6], NULL, 10);
	if (clients < 1 || clients > CLIENTS_MAX || batch < 1 || batch > 100000 || people < 1 || seconds <= 0)
		return 2;
	start = now();
	for (long i = 0; i < clients; i++)
		pthread_create(&threads[i], NULL, insert, (void *)(uintptr_t)(i + 1));
	pthread_create(&threads[clients], NULL, ask, NULL);
	for (long i = 0; i <= clients; i++)
		pthread_join(threads[i], NULL);
	double took = now() - start;
	size_t timed = 0;
	for (long i = 0; i < clients; i++)
		for (int k = 0; k < inserted[i]; k++)
			inserts[timed++] = inserts[i * INSERTS_MAX + k];
	qsort(asks, (size_t)asked, sizeof *asks, compare);
	qsort(inserts, timed, sizeof *inserts, compare);
	printf("rows=%ld seconds=%.1f rows/s=%.0f answer_p50_ms=%.3f answer_p99_ms=%.3f insert_p50_ms=%.3f "
		   "insert_p99_ms=%.3f\n",
		rows, took, (double)rows / took, asked ? asks[asked / 2] : -1, asked ? asks[asked * 99 / 100] : -1,
		timed ? inserts[timed / 2] : -1, timed ? inserts[timed * 99 / 100] : -1);
	return 0;
}
