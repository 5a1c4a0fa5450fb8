/* What happens, by chance, and what people do about it. */
#include "ledger/read/archive.h"
#include "ledger/write/wall_clock.h"
#include "tests/sim/sim.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define DAY_S 86400
#define HEAL_STEPS_MAX 4000

static bool backed_up;
static uint64_t backup_size;

/* ---- the ledger starts and ends ---- */

static unsigned witnesses_away(void)
{
	unsigned count = 0;
	for (unsigned i = 0; i < WITNESSES; i++)
		count += witness_is_away(i);
	return count;
}

static void start(void)
{
	struct daemon_result result;
	ledger_machine.failed = false;
	daemon_start(&result);
	sim_say("ledger starts: %s%s%s", result.died ? "killed" : error_name(result.error),
		result.fault.text[0] ? ": " : "", result.fault.text);
	bool may = result.died || result.error == E_OK || (result.error == E_UNWITNESSED && witnesses_away() > 1) ||
			   ((result.error == E_FULL || result.error == E_IO) && ledger_machine.full) ||
			   (result.error == E_IO && ledger_machine.failed);
	if (!may)
		sim_fail("the ledger does not start: %s: %s", error_name(result.error), result.fault.text);
}

static void step_ledger(void)
{
	if (!daemon_runs() || daemon_step())
		return;
	sim_say("ledger %s", ledger_machine.ended_itself ? "ended itself" : "was killed");
	if (ledger_machine.ended_itself && !ledger_machine.full && !ledger_machine.failed)
		sim_fail("the ledger ended itself, and its disk is well");
}

static void stop(void)
{
	if (daemon_runs())
		sim_say("ledger stops%s", daemon_stop() ? "" : ", and is killed");
}

/* A clock that is right and that the ledger does not believe: somebody says so. */
static void confirm_clock(void)
{
	if (ledger_machine.ahead_s != 0 && !sim_chance(40))
		return;
	sim_say("somebody says that the clock is right");
	int dir_fd = open(ledger_machine.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sim_must(wall_clock_confirm(dir_fd, sim_now_s() + (uint64_t)ledger_machine.ahead_s));
	close(dir_fd);
}

/* ---- what may happen ---- */

static void set_fuse(struct machine *machine)
{
	machine->fuse = 1 + sim_pick(sim_chance(3) ? 200 : 30);
	machine->torn = sim_pick(3);
	sim_say("%s dies at call %" PRIu64 ", %u", machine->name, machine->fuse, machine->torn);
}

static struct person *someone(unsigned *index)
{
	*index = people_count > 0 ? sim_pick(people_count) : 0;
	return people_count > 0 ? &people[*index] : NULL;
}

static void kill_ledger(void)
{
	set_fuse(&ledger_machine);
}

static void kill_sender(void)
{
	unsigned i;
	struct person *person = someone(&i);
	if (person != NULL)
		set_fuse(&person->machine);
}

static void fill_disk(void)
{
	unsigned i;
	struct person *person = someone(&i);
	struct machine *machine = sim_chance(2) || person == NULL ? &ledger_machine : &person->machine;
	machine->full = !machine->full;
	sim_say("the disk of %s %s", machine->name, machine->full ? "is full" : "has room");
}

static void break_disk(void)
{
	static const unsigned rates[] = {6, 40, 400};
	unsigned i;
	struct person *person = someone(&i);
	struct machine *machine = sim_chance(2) || person == NULL ? &ledger_machine : &person->machine;
	machine->failing = machine->failing > 0 ? 0 : rates[sim_pick(3)];
	sim_say("one in %u calls to the disk of %s fails", machine->failing, machine->name);
}

static void break_lines(void)
{
	unsigned i;
	struct person *person = someone(&i);
	if (sim_chance(3)) {
		sim_say("all connections break");
		daemon_hang_up();
	} else if (sim_chance(2)) {
		sim_say("the next answers are lost");
		daemon_lose_answers();
	} else if (person != NULL) {
		person->machine.offline = !person->machine.offline;
		sim_say("%s is %s", person->machine.name, person->machine.offline ? "offline" : "online");
	}
}

static void stop_sender(void)
{
	unsigned i;
	if (someone(&i) == NULL)
		return;
	if (sim_chance(4))
		person_back_up(i);
	else if (sim_chance(8))
		person_put_back(i);
	else
		person_stop(i);
}

static void change_sender(void)
{
	static const enum sender_action actions[] = {SENDER_ROTATE, SENDER_ROTATE, SENDER_POLICY, SENDER_POLICY};
	unsigned i;
	if (someone(&i) == NULL)
		return;
	people_change(i, sim_chance(12) ? SENDER_REVOKE : actions[sim_pick(4)]);
}

static int64_t some_time_s(void)
{
	static const int64_t jumps[] = {1, 4, 90, 1000, 7000, DAY_S, 3 * DAY_S, 5 * DAY_S, 40 * DAY_S, 1200 * DAY_S};
	int64_t seconds = jumps[sim_pick(sizeof jumps / sizeof jumps[0])];
	return sim_chance(2) ? seconds : -seconds;
}

/* One machine's clock is wrong at a time: where all are, nobody can say what the time is. */
static void set_clock(void)
{
	unsigned i;
	struct person *person = someone(&i);
	struct machine *machine = sim_chance(2) || person == NULL ? &ledger_machine : &person->machine;
	if (ledger_machine.ahead_s != 0)
		ledger_machine.wrong_until_s = sim_now_s() + 600;
	ledger_machine.ahead_s = 0;
	for (unsigned p = 0; p < people_count; p++)
		people[p].machine.ahead_s = 0;
	if (!sim_chance(3))
		machine->ahead_s = some_time_s();
	sim_say("the clock of %s is %" PRId64 " s ahead", machine->name, machine->ahead_s);
}

static void let_time_pass(void)
{
	static const uint32_t spans[] = {1, 5, 30, 200, 400, 4000, DAY_S, 6 * DAY_S};
	uint32_t seconds = spans[sim_pick(sim_chance(3) ? 8 : 4)];
	sim_say("%u s pass", seconds);
	sim_wait_us(seconds * 1000000ull);
}

static void change_witness(void)
{
	unsigned i = sim_pick(WITNESSES);
	if (sim_chance(3)) {
		witness_restart(i);
		mirror_restart();
	} else if (sim_chance(2)) {
		witness_set_away(i, !witness_is_away(i));
		sim_say("witness %u is %s", i, witness_is_away(i) ? "away" : "back");
	} else {
		witness_set_clock(i, sim_chance(3) ? 0 : some_time_s());
	}
}

static void ask_for_epoch(void)
{
	if (daemon_runs())
		daemon_ask_epoch();
}

/* ---- backups ---- */

static uint64_t size_of(const char *dir)
{
	struct archive *archive;
	struct snapshot *snapshot;
	struct fault fault = {.text = ""};
	sim_must(archive_open(dir, false, &archive, &fault));
	sim_must(snapshot_begin(archive, &snapshot, &fault));
	uint64_t size = snapshot_checkpoint(snapshot)->size;
	snapshot_end(snapshot);
	archive_close(archive);
	return size;
}

static void back_up(void)
{
	char path[200];
	stop();
	snprintf(path, sizeof path, "%s/backup", sim_place());
	sim_shell("rm -rf %s && cp -a %s %s", path, ledger_machine.dir, path);
	backup_size = size_of(path);
	backed_up = true;
	sim_say("a backup of %" PRIu64 " entries", backup_size);
}

/* What is in place is older than what a quorum of witnesses has seen: it must not sign. */
static void must_not_start(void)
{
	struct daemon_result result;
	ledger_machine.fuse = 0;
	daemon_start(&result);
	sim_say("ledger starts on the backup: %s: %s", error_name(result.error), result.fault.text);
	if (result.error != E_ROLLED_BACK && result.error != E_GUARD)
		sim_fail("an older store was put back, and the ledger says: %s", error_name(result.error));
}

static void restore_work(void *context)
{
	*(enum error *)context = mirror_restore(ledger_machine.dir);
}

static void recover(void)
{
	enum error error = E_IO;
	if (sim_chance(2))
		set_fuse(&ledger_machine);
	if (sim_chance(3))
		ledger_machine.failing = 40;
	while (error != E_OK) {
		ledger_machine.failed = false;
		if (!machine_run(&ledger_machine, restore_work, &error)) {
			sim_say("recovering was killed");
			error = E_IO;
			continue;
		}
		if (error == E_IO && !ledger_machine.failed)
			sim_fail("recovering fails, and the disk is well");
		if (error == E_IO)
			sim_say("recovering ends: io");
		if (sim_chance(4))
			ledger_machine.failing = 0;
	}
	ledger_machine.failing = 0;
	sim_say("recovered to %" PRIu64 " entries", size_of(ledger_machine.dir));
	ledger_machine.fuse = 0;
}

static void put_back(void)
{
	const char *dir = ledger_machine.dir;
	bool store_only = sim_chance(2);
	for (unsigned i = 0; i < WITNESSES; i++)
		witness_step(i);
	if (!sim_chance(4))
		mirror_step();
	stop();
	for (unsigned i = 0; i < people_count; i++) /* what was on its way arrives before anything is lost */
		person_step(i);
	if (!backed_up || watchers_witnessed() <= backup_size)
		return;
	for (unsigned i = 1; i < WITNESSES; i++)
		witness_set_away(i, false);
	bool was_full = ledger_machine.full;
	unsigned was_failing = ledger_machine.failing;
	ledger_machine.full = false;
	ledger_machine.failing = 0;
	bool whole_mirror = mirror_size() == size_of(dir);
	sim_say("the backup of %" PRIu64 " entries is put back, %s", backup_size, store_only ? "its store" : "all of it");
	sim_shell("rm -rf %s.newest && cp -a %s %s.newest", dir, dir, dir);
	sim_shell("rm -rf %s%s && cp -a %s/backup%s %s%s", dir, store_only ? "/store" : "", sim_place(),
		store_only ? "/store" : "", dir, store_only ? "/store" : "");
	must_not_start();
	if (whole_mirror) {
		recover();
	} else {
		sim_say("the newest one is put back");
		sim_shell("rm -rf %s && mv %s.newest %s", dir, dir, dir);
	}
	ledger_machine.full = was_full;
	ledger_machine.failing = was_failing;
}

/* ---- the schedule ---- */

static void give_messages(void)
{
	unsigned i;
	struct person *person = someone(&i);
	if (person == NULL)
		return;
	for (unsigned n = 1 + sim_pick(12); n > 0 && person->given < MESSAGES_MAX; n--)
		person->time_s[person->given++] = sim_now_s() - sim_pick(1000);
}

static void watch(void)
{
	if (sim_chance(2))
		witness_step(sim_pick(WITNESSES));
	else
		mirror_step();
}

static const struct {
	unsigned weight;
	void (*happens)(void);
} happenings[] = {
	{30, give_messages},
	{20, watch},
	{8, kill_ledger},
	{8, kill_sender},
	{4, stop},
	{4, stop_sender},
	{4, fill_disk},
	{4, break_disk},
	{8, break_lines},
	{7, change_sender},
	{3, people_add},
	{5, set_clock},
	{6, let_time_pass},
	{4, change_witness},
	{2, ask_for_epoch},
	{3, back_up},
	{3, put_back},
};

static void something_happens(void)
{
	unsigned all = 0;
	for (size_t i = 0; i < sizeof happenings / sizeof happenings[0]; i++)
		all += happenings[i].weight;
	unsigned at = sim_pick(all);
	for (size_t i = 0; i < sizeof happenings / sizeof happenings[0]; i++) {
		if (at < happenings[i].weight) {
			happenings[i].happens();
			return;
		}
		at -= happenings[i].weight;
	}
}

/* Sooner or later somebody looks after what is broken. */
static void mend(void)
{
	if (sim_chance(12))
		ledger_machine.full = false;
	if (sim_chance(12))
		ledger_machine.failing = 0;
	for (unsigned i = 0; i < people_count; i++)
		if (sim_chance(20)) {
			people[i].machine.full = people[i].machine.offline = false;
			people[i].machine.failing = 0;
		}
	for (unsigned i = 0; i < WITNESSES; i++)
		if (sim_chance(20))
			witness_set_away(i, false);
}

static void everybody(void)
{
	unsigned first = people_count > 0 ? sim_pick(people_count) : 0;
	sim_wait_us(1000 + sim_pick(300000));
	for (unsigned i = 0; i < people_count; i++)
		if (!sim_chance(4))
			person_step((first + i) % people_count);
	step_ledger();
	people_look();
}

static bool all_done(void)
{
	bool done = daemon_runs() && !people_wait();
	for (unsigned i = 0; i < people_count; i++)
		done = done && person_is_done(i);
	return done;
}

/* Everything is well again: everybody gets on. */
static void heal(void)
{
	sim_say("all is well from here on");
	ledger_machine.ahead_s = 0;
	ledger_machine.full = ledger_machine.offline = false;
	ledger_machine.fuse = ledger_machine.failing = 0;
	for (unsigned i = 0; i < people_count; i++) {
		struct machine *machine = &people[i].machine;
		machine->ahead_s = 0;
		machine->full = machine->offline = false;
		machine->fuse = machine->failing = 0;
	}
	for (unsigned i = 0; i < WITNESSES; i++)
		witness_set_away(i, false);
	unsigned steps = 0;
	while (!all_done() && steps++ < HEAL_STEPS_MAX) {
		if (!daemon_runs())
			start();
		if (daemon_refuses_clock())
			confirm_clock();
		everybody();
	}
	for (unsigned i = 0; i < people_count; i++)
		if (!person_is_done(i))
			sim_fail("%s does not get on", people[i].machine.name);
	if (people_wait())
		sim_fail("an operator's request is never answered");
}

static void file_all(void)
{
	unsigned steps = 0;
	daemon_ask_epoch();
	while (ledger_unfiled(daemon_ledger()) > 0 && steps++ < HEAL_STEPS_MAX) {
		sim_wait_us(1000000);
		if (daemon_refuses_clock())
			confirm_clock();
		step_ledger();
		if (!daemon_runs())
			sim_fail("the ledger ended while it filed");
	}
	if (ledger_unfiled(daemon_ledger()) > 0)
		sim_fail("%" PRIu64 " entries are not filed in the end", ledger_unfiled(daemon_ledger()));
}

void schedule_run(unsigned steps)
{
	daemon_make();
	watchers_make();
	start();
	for (unsigned i = 0; i < 3; i++) {
		people_add();
		while (people_wait())
			everybody();
	}
	for (unsigned i = 0; i < steps; i++) {
		everybody();
		if (!daemon_runs() && sim_chance(3))
			start();
		if (daemon_refuses_clock() && sim_chance(4))
			confirm_clock();
		if (sim_chance(2))
			something_happens();
		mend();
	}
	heal();
	file_all();
	for (unsigned i = 0; i < WITNESSES; i++)
		witness_step(i);
	mirror_step();
	for (unsigned i = 0; i < people_count; i++)
		person_stop(i);
	stop();
	check_all();
}
