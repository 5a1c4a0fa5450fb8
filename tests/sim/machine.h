/* Machines: what the code of the project sees of the world while the simulation runs it. One program, one thread; time,
 * chance, files, sockets and threads are the simulation's (the functions in machine.c are linked in the place of
 * libc's, tests/meson.build).
 *
 * A machine is killed at its n-th call that changes a file: the call is not made, or half of it, or all of it, and the
 * code above it never runs on. What it held (descriptors, maps, locks, threads) is taken from it as the kernel would;
 * the files are left as they are. Its memory is leaked until the process of the seed ends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct machine {
	const char *name;
	char dir[128];          /* everything that it has open is under this */
	int64_t ahead_s;        /* its clock, beside the true one */
	uint64_t wrong_until_s; /* what it said before may still be on its way */
	uint64_t fuse;          /* the call that changes a file at which it dies, counted from 1; 0: it lives */
	unsigned torn;          /* 0: before that call, 1: in the middle of it, 2: after it */
	bool full;              /* its disk */
	unsigned failing;       /* of so many calls to its disk one fails with EIO; 0: none */
	bool failed;            /* one has failed since the owner of this flag took it away */
	bool offline;           /* nothing answers its connections */
	ino_t socket;           /* that it connected with last */
	bool ended_itself;      /* the last time that it died: _exit, and not the fuse */
};

/* ---- time and chance ---- */

/* The true time. */
uint64_t sim_now_us(void);
uint64_t sim_now_s(void);
void sim_wait_us(uint64_t us);
/* Seeds both streams: that of the schedule, and the one that libsodium gives to the code of the project. */
void sim_seed(uint64_t seed);
/* From 0 to n - 1, by the schedule's stream. */
uint32_t sim_pick(uint32_t n);
/* Once in n. */
bool sim_chance(uint32_t n);

/* ---- running ---- */

/* Lets the machine do some work. False: it died in the middle of it. */
bool machine_run(struct machine *machine, void (*work)(void *context), void *context);
/* Its threads, each until it waits; in an order by chance. Within machine_run. */
void machine_run_threads(void);
bool machine_has_threads(void);

/* ---- the network ---- */

/* The other end of a connection that a machine has made since the last call; -1: there is none. The caller's. */
int network_accept(struct machine **from);
/* Nobody listens: connections are refused. */
void network_listen(bool listening);
