/* indsigt clock: how the machine's clock and the log's time stand to each other; confirms a jump. spec/clock.md
 *
 * A log's time only goes forward, and every reader relies on it. So when a machine's clock has jumped far ahead nothing
 * is signed until somebody has looked; this shows both clocks, and takes that word. It reads beside a daemon, whose own
 * view counts while it runs: it has seen the clock pass, which the log alone does not show.
 *
 * The exit code is for a monitor: 1 while the clock keeps the ledger from signing. */
#include "ledger/base/clock.h"
#include "ledger/read/archive.h"
#include "ledger/read/status.h"
#include "ledger/text/timestamp.h"
#include "ledger/write/wall_clock.h"
#include "tools/command/command.h"
#include "tools/show/output.h"

#include <fcntl.h>
#include <inttypes.h>

struct clocks {
	uint64_t wall_s;
	uint64_t log_s;
	uint64_t confirmed_s; /* 0: nothing is */
	bool malformed;       /* there is a file that confirms nothing, since it is no time */
	bool signs;           /* is there anything against signing now */
};

/* A daemon that runs has seen more of the clock than the log shows, and says how it judges. */
static enum error judge(const char *dir, struct clocks *clocks)
{
	struct status status;
	TRY(status_read(dir, clock_ms(), &status));
	bool runs = status.since_s[STATUS_AWAY] == 0;
	clocks->signs = (runs && status.since_s[STATUS_CLOCK] == 0) ||
					wall_clock_good(clocks->wall_s, clocks->log_s, clocks->confirmed_s);
	return E_OK;
}

/* The word is written before anything is judged, so that what is shown is what the ledger will find. A file that is no
 * time confirms nothing, and is said to be there. */
static enum error look(const char *dir, bool confirm, struct clocks *out, struct fault *fault)
{
	OWNED(archive_release) struct archive *archive = NULL;
	OWNED(snapshot_release) struct snapshot *snapshot = NULL;
	OWNED_FD dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	time_t now = time(NULL);
	TRY(archive_open(dir, false, &archive, fault));
	TRY(snapshot_begin(archive, &snapshot, fault));
	*out = (struct clocks){.wall_s = now > 0 ? (uint64_t)now : 0, .log_s = snapshot_time_s(snapshot)};
	if (confirm && wall_clock_confirm(dir_fd, out->wall_s) != E_OK)
		return fault_set(fault, E_IO, "%s/clock cannot be written: %m", dir);
	enum error error = wall_clock_confirmed(dir_fd, &out->confirmed_s);
	out->malformed = error == E_BAD_VALUE;
	if (error != E_OK && error != E_NOT_FOUND && !out->malformed)
		return fault_set(fault, error, "%s/clock cannot be read: %s", dir, error_reason(error));
	return fault_set(fault, judge(dir, out), "");
}

static void print_duration(uint64_t seconds)
{
	if (seconds >= 86400)
		printf("%" PRIu64 " days ", seconds / 86400);
	printf("%02u:%02u:%02u", (unsigned)(seconds % 86400 / 3600), (unsigned)(seconds % 3600 / 60),
		(unsigned)(seconds % 60));
}

/* What is to be done stands in the last line, and only where something is. */
static void print_text(const struct clocks *clocks)
{
	char text[TIMESTAMP_TEXT_MAX];
	bool behind = clocks->wall_s < clocks->log_s;
	timestamp_format_s(clocks->wall_s, text);
	printf("The machine's clock   %s\n", text);
	timestamp_format_s(clocks->log_s, text);
	printf("The newest entry      %s\n", text);
	printf("The clock is          ");
	print_duration(behind ? clocks->log_s - clocks->wall_s : clocks->wall_s - clocks->log_s);
	puts(behind ? " before the log" : " after the log");
	if (clocks->confirmed_s != 0) {
		timestamp_format_s(clocks->confirmed_s, text);
		printf("Confirmed             %s\n", text);
	}
	if (clocks->malformed)
		puts("Confirmed             nothing: the file 'clock' is not a time of one line; remove it, or confirm anew");
	if (!clocks->signs)
		printf("Nothing is signed: the clock is over %u days after the log, and nobody confirmed it. Set it right; if "
			   "it is\n"
			   "right (nobody has reported for long), confirm it with --confirm.\n",
			CLOCK_JUMP_SECONDS_MAX / 86400);
	else if (behind)
		puts("Entries bear the log's time until the clock has caught up.");
}

/* The difference has a sign, so that a monitor need not know which is ahead. */
static enum error print_json(const struct clocks *clocks)
{
	char wall[TIMESTAMP_TEXT_MAX], log[TIMESTAMP_TEXT_MAX], confirmed[TIMESTAMP_TEXT_MAX];
	timestamp_format_s(clocks->wall_s, wall);
	timestamp_format_s(clocks->log_s, log);
	timestamp_format_s(clocks->confirmed_s, confirmed);
	return output_json(
		json_pack("{s:s, s:s, s:I, s:s?, s:b, s:b}", "clock", wall, "ledger_time", log, "ledger_time_ahead_s",
			(json_int_t)clocks->log_s - (json_int_t)clocks->wall_s, "confirmed", clocks->confirmed_s ? confirmed : NULL,
			"malformed", clocks->malformed, "signs", clocks->signs),
		stdout);
}

struct clock_options {
	const char *dir;
	bool confirm;
	bool json;
};
#define T struct clock_options
static const struct option_row rows[] = {
	ARGUMENT(T, dir, "DIR"),
	OPTION_FLAG(T, confirm, "confirm", .help = "the machine's clock is right: signing goes on"),
	OPTION_FLAG(T, json, "json", .help = "one JSON object"),
};

static int run(int argc, char **argv)
{
	struct clock_options options = {.json = false};
	struct fault fault = {.text = ""};
	struct clocks clocks;
	int misread = command_read(&command_clock, argc, argv, &options);
	if (misread != EXIT_DONE)
		return misread;
	enum error error = look(options.dir, options.confirm, &clocks, &fault);
	if (error == E_OK && options.json && print_json(&clocks) != E_OK)
		error = fault_set(&fault, E_IO, "the answer cannot be written: %m");
	if (error != E_OK)
		return command_end(&command_clock, error, &fault);
	if (!options.json)
		print_text(&clocks);
	return clocks.signs ? EXIT_DONE : EXIT_REFUSED;
}

const struct command command_clock = {
	.options = {.name = "indsigt clock",
		.summary = "shows how the clock and the log's time stand to each other, confirms a jump",
		.text = "A log's time cannot be taken back, so a ledger signs nothing when the machine's clock is over four "
				"days after its newest entry, unless it has run all the while or somebody says that the clock is "
				"right. Senders wait meanwhile, reading goes on, and a ledger that runs goes on by itself once the "
				"clock is right or confirmed.\n",
		OPTION_ROWS(rows),
		.after = "Exit: 1 while nothing is signed for the clock's sake.\n"},
	.run = run,
};
