/* One loop: look at names and files, read a piece of each that has more, in turn, and where nothing has: close the
 * batch, write down how far it came, and wait for the ledger, for inotify, or a second.
 *
 * inotify only wakes: what has happened is seen by looking, so nothing depends on its events, and a file system without
 * them costs at most that second. Where no room is in the outbox nothing is read, but names are looked at all the same:
 * a file that is open is not lost by rotation.
 *
 * How far a file was taken moves only to where reading may begin afresh (messages_resumable), and is written down only
 * once all that was taken is durable, in the spool or as a row of refused ones. Until then a crash means that messages
 * are met again, which the spool recognises by their places. A file that was there when its name was new is taken as
 * `indsigt send` takes it, by what it says: from its beginning, counted, and one such file at a time.
 *
 * What fails, and what then: the ledger is away, or the spool's disk full: nothing is read. A file cannot be read: it
 * is said, and tried again. How far it came cannot be written: it is said, tried again, and nothing new is begun. What
 * was cut away unread is said with its length, and the exit status tells it. */
#include "tools/send/follow.h"

#include "ingest/framing/looks.h"
#include "ledger/base/clock.h"
#include "tools/following/following.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

#define LOOK_MS 1000            /* between two looks, at most, and two states, at least */
#define END_MS 2000u            /* after a signal, for the receipts of what was taken */
#define UNSAVED_MAX (16u << 20) /* bytes that are read before the state is written in between */

/* Invariant: `messages` is at file->read_at; `given` is where the message came from that was last placed. */
struct taker {
	struct input input;
	struct messages messages;
	char name[FOLLOWED_INPUT_MAX];
	uint64_t given;
	uint64_t index; /* of the message in its piece, a Bundle */
	bool judged;
};

struct follow {
	struct send *send;
	int dir_fd; /* the spool */
	struct following *following;
	int inotify;
	struct followed *counting; /* whose equal messages the spool counts now; NULL: nobody's */
	uint64_t committed_ms;
	uint64_t unsaved;
	enum error said; /* why the state cannot be written */
};

static void say(void *context, bool lost, const char *text)
{
	struct follow *follow = context;
	progress_clear(&follow->send->progress);
	fprintf(stderr, "indsigt: %s%s\n", lost ? "LOST: " : "", text);
	follow->send->inputs_refused += lost;
}

static uint64_t hash(void *context, struct bytes text)
{
	const struct follow *follow = context;
	return outbox_hash(follow->send->outbox, text);
}

/* ---- readers ---- */

static void close_reader(struct follow *follow, struct followed *file)
{
	struct taker *reader = file->reader;
	if (follow->counting == file)
		follow->counting = NULL;
	if (reader == NULL)
		return;
	messages_close(&reader->messages);
	rejected_seen_free(&reader->input.seen);
	kept_close(&reader->input.kept);
	free(reader);
	file->reader = NULL;
	file->read_at = file->now.offset;
	file->read = file->now.tail;
}

/* By what they say, and counted from the first: it begins there. */
static bool is_counted(const struct followed *file)
{
	return file->now.offset < file->known;
}

static enum error begin_counting(
	struct follow *follow, struct followed *file, struct taker *reader, struct fault *fault)
{
	file->now = (struct followed_place){.offset = 0};
	file->read_at = 0;
	file->read = file->now.tail;
	follow->counting = file;
	return outbox_begin_input(follow->send->outbox, bytes_text(reader->name), false, false, fault);
}

static enum error open_reader(struct follow *follow, struct followed *file, struct fault *fault)
{
	struct send *send = follow->send;
	if (rejected_is(&send->rejected, file->fd))
		return fault_set(fault, E_USAGE,
			"'%s' is where this sender's refused messages go, and cannot be followed by it", file->name);
	struct taker *reader = calloc(1, sizeof *reader);
	TRY(fault_set(fault, allocated(reader), ""));
	file->reader = reader;
	followed_input(file, reader->name);
	if (messages_open(file->fd, send->format, &reader->messages) != E_OK)
		return fault_set(fault, E_NO_MEMORY, "");
	if (is_counted(file))
		TRY(begin_counting(follow, file, reader, fault));
	reader->input = (struct input){.fd = file->fd,
		.name = bytes_text(reader->name),
		.number = file->now.number,
		.format = send->format,
		.regular = true};
	reader->messages.given = reader->given = file->now.offset;
	reader->judged = file->now.offset > 0;
	if (lseek(file->fd, (off_t)file->now.offset, SEEK_SET) < 0)
		return fault_set(fault, E_IO, "'%s': %m", file->name);
	return E_OK;
}

/* ---- messages ---- */

static void place(const struct follow *follow, const struct followed *file, struct taker *reader)
{
	const struct messages *messages = &reader->messages;
	uint8_t numbers[16];
	char text[sizeof file->mark - 1 + sizeof numbers];
	reader->index = reader->given == messages->given ? reader->index + 1 : 0;
	reader->given = messages->given;
	put_u64(numbers, messages->at);
	put_u64(numbers + 8, reader->index);
	memcpy(text, file->mark, sizeof file->mark - 1);
	memcpy(text + sizeof file->mark - 1, numbers, sizeof numbers);
	bool counted = follow->counting == file && messages->at < file->known;
	reader->input.place = counted ? 0 : outbox_hash(follow->send->outbox, bytes_of((const uint8_t *)text, sizeof text));
}

/* All that is whole; where the file rests, also a document that is not followed by anything. */
static enum error take_messages(struct follow *follow, struct followed *file, struct taker *reader, struct fault *fault)
{
	for (;;) {
		struct message message;
		enum error error = messages_next(&reader->messages, &message);
		if (error == E_NOT_FOUND && !reader->messages.idle && file->read_at >= file->size) {
			messages_idle(&reader->messages);
			continue;
		}
		if (error != E_OK)
			return E_OK;
		place(follow, file, reader);
		TRY(send_message(follow->send, &reader->input, &message, fault));
	}
}

/* Where it rests nothing has to be counted any longer: what comes now was not there when its name was new. */
static void note_place(struct follow *follow, struct followed *file, struct taker *reader)
{
	struct messages *messages = &reader->messages;
	bool rests = file->read_at >= file->size;
	if (follow->counting == file && (rests || messages->given >= file->known)) {
		if (messages->given < file->known)
			file->known = messages->given;
		follow->counting = NULL;
	}
	if (messages_resumable(messages) && !reader->input.in_parts && messages->given > file->now.offset)
		following_took(follow->following, file, messages->given, reader->input.number, messages_before(messages));
	if (rests && messages->len == 0 && file->now.offset == messages->given)
		close_reader(follow, file);
}

/* What is in another format is left as it is: one sentence in place of a refusal a line. Another run may read it. */
static bool looks_right(struct follow *follow, struct followed *file, struct taker *reader)
{
	char text[PATH_MAX + 128];
	enum adapter_format as;
	const char *says =
		reader->judged ? NULL : looks_like(reader->input.format, messages_window(&reader->messages), true, &as);
	reader->judged = true;
	if (says == NULL)
		return true;
	snprintf(text, sizeof text, "'%s' %s; nothing of it is taken", file->name, says);
	say(follow, false, text);
	follow->send->inputs_refused++;
	return false;
}

/* The end of a file of which no more comes: what is left of it is a message, or is refused as half of one. */
static enum error take_rest(struct follow *follow, struct followed *file, struct fault *fault)
{
	struct taker *reader = file->reader;
	if (reader == NULL)
		return E_OK;
	messages_end(&reader->messages);
	TRY(take_messages(follow, file, reader, fault));
	following_took(
		follow->following, file, reader->messages.given, reader->input.number, messages_before(&reader->messages));
	if (file->known > file->now.offset)
		file->known = file->now.offset;
	close_reader(follow, file);
	return E_OK;
}

static enum error go_on_cut(struct follow *follow, struct followed *file, bool *progress, struct fault *fault)
{
	enum following_end end;
	enum error error = following_cut(follow->following, file, &end);
	if (error == E_TOO_MANY)
		return E_OK;
	TRY(fault_set(fault, error, ""));
	file->watch = 0; /* the inode's, which is another file's now */
	*progress = true;
	if (end == FOLLOWING_OVER)
		return take_rest(follow, file, fault);
	close_reader(follow, file);
	return E_OK;
}

/* ---- reading ---- */

/* One read(2), if it brought what stands behind what was read before. */
static enum error read_piece(struct follow *follow, struct followed *file, size_t *bytes, struct fault *fault)
{
	struct taker *reader = file->reader;
	size_t before = reader->messages.len;
	enum error error = messages_fill(&reader->messages);
	reader->messages.ended = false;
	*bytes = reader->messages.len - before;
	if (error == E_NO_MEMORY)
		return fault_set(fault, error, "");
	if (error == E_OK)
		error = following_check(follow->following, file);
	if (error == E_OK) {
		following_read(follow->following, file, messages_window(&reader->messages), *bytes);
		file->size = *bytes == 0 ? file->read_at : file->size;
		return E_OK;
	}
	reader->messages.len = before;
	*bytes = 0;
	file->cut = error == E_NOT_FOUND;
	if (!file->cut) {
		following_failed(follow->following, file);
		close_reader(follow, file);
	}
	return E_OK;
}

/* One that cannot be read for now gives its turn up, and is counted from its beginning later. */
static bool may_count(struct follow *follow)
{
	if (follow->counting != NULL && follow->counting->blind)
		close_reader(follow, follow->counting);
	return follow->counting == NULL;
}

static enum error read_on(struct follow *follow, struct followed *file, bool *progress, struct fault *fault)
{
	size_t bytes = 0;
	if (file->cut)
		return go_on_cut(follow, file, progress, fault);
	if (following_rests(follow->following, file)) {
		*progress = true;
		return take_rest(follow, file, fault);
	}
	if (file->reader == NULL && is_counted(file) && !may_count(follow))
		return E_OK; /* its turn comes */
	if (file->reader == NULL)
		TRY(open_reader(follow, file, fault));
	TRY(read_piece(follow, file, &bytes, fault));
	if (bytes == 0)
		return E_OK;
	*progress = true;
	follow->unsaved += bytes;
	if (!looks_right(follow, file, file->reader)) {
		close_reader(follow, file);
		file->left = true;
		return E_OK;
	}
	TRY(take_messages(follow, file, file->reader, fault));
	note_place(follow, file, file->reader);
	return E_OK;
}

/* ---- how far it came ---- */

static enum error save(struct follow *follow, struct fault *fault)
{
	enum error error = following_save(follow->following);
	if (error == E_NO_MEMORY)
		return fault_set(fault, error, "");
	if (error != E_OK && error != follow->said) {
		char text[FAULT_TEXT_MAX + 1];
		snprintf(text, sizeof text, "how far files were read cannot be written down: %s; no other file is begun before",
			error_reason(error));
		say(follow, false, text);
	}
	follow->said = error;
	return E_OK;
}

/* Everything that was taken becomes durable, and then how far that is. Later, if a disk is full. */
static enum error commit(struct follow *follow, struct fault *fault)
{
	struct send *send = follow->send;
	follow->committed_ms = clock_ms();
	TRY(outbox_flush(send->outbox, fault));
	TRY(outbox_poll(send->outbox, -1, NULL, 0, fault));
	if (outbox_saved(send->outbox) && rejected_sync(&send->rejected) == E_OK) {
		following_durable(follow->following);
		follow->unsaved = 0;
	}
	return save(follow, fault);
}

/* Often enough that a run which dies has little to meet again, and seldom enough that it costs nothing. */
static enum error commit_in_time(struct follow *follow, struct fault *fault)
{
	bool time = following_dirty(follow->following) && clock_ms() - follow->committed_ms >= LOOK_MS;
	return time || follow->unsaved >= UNSAVED_MAX ? commit(follow, fault) : E_OK;
}

/* ---- waiting ---- */

/* Where there is no inotify the looks do without. */
static void watch(struct follow *follow)
{
	const uint32_t names = IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR;
	const char *directory;
	for (size_t i = 0; (directory = following_directory(follow->following, i)) != NULL; i++)
		(void)inotify_add_watch(follow->inotify, directory, names);
	struct followed *file;
	for (size_t i = 0; (file = following_file(follow->following, i)) != NULL; i++) {
		char link[64];
		snprintf(link, sizeof link, "/proc/self/fd/%d", file->fd);
		if (file->gone && file->watch > 0)
			(void)inotify_rm_watch(follow->inotify, file->watch);
		if (file->gone)
			file->watch = 0;
		else if (file->fd >= 0 && file->watch == 0)
			file->watch = inotify_add_watch(follow->inotify, link, IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF);
	}
}

static void forget_events(struct follow *follow)
{
	char events[4096] __attribute__((aligned(8)));
	while (read(follow->inotify, events, sizeof events) > 0) {
	}
}

static enum error look(struct follow *follow, struct fault *fault)
{
	forget_events(follow);
	TRY(fault_set(fault, following_look(follow->following, clock_ms()), ""));
	watch(follow);
	return E_OK;
}

/* While a message waits for room names are looked at, and that is all. */
static enum error meanwhile(struct send *send, struct fault *fault)
{
	bool ready = false;
	TRY(outbox_poll(send->outbox, send->signals, &ready, LOOK_MS, fault));
	if (ready)
		send_look_for_signal(send);
	return look(send->following, fault);
}

static enum error rest(struct follow *follow, struct fault *fault)
{
	struct send *send = follow->send;
	bool ready = false;
	bool takes = outbox_ready(send->outbox);
	TRY(outbox_flush(send->outbox, fault));
	TRY(outbox_poll(send->outbox, takes ? send->events : send->signals, &ready, LOOK_MS, fault));
	if (ready)
		send_look_for_signal(send);
	return E_OK;
}

/* ---- from start to end ---- */

static bool has_new(const struct follow *follow)
{
	struct followed *file;
	for (size_t i = 0; (file = following_file(follow->following, i)) != NULL; i++)
		if (!file->noted && !file->gone && file->fd >= 0)
			return true;
	return false;
}

static enum error go_round(struct follow *follow, struct fault *fault)
{
	struct send *send = follow->send;
	bool progress = false;
	struct followed *file = NULL;
	TRY(look(follow, fault));
	if (has_new(follow))
		TRY(save(follow, fault));
	for (unsigned i = 0; i < FOLLOWED_FILES_MAX && !send->stopped && outbox_ready(send->outbox) &&
						 (file = following_next(follow->following)) != NULL;
		 i++)
		TRY(read_on(follow, file, &progress, fault));
	send_look_for_signal(send);
	TRY(commit_in_time(follow, fault));
	return progress && !send->stopped ? E_OK : rest(follow, fault);
}

/* Nothing is read any more; what was taken is signed, and its receipts may come yet. */
static enum error end(struct follow *follow, struct fault *fault)
{
	struct send *send = follow->send;
	uint64_t until_ms = clock_ms() + END_MS;
	TRY(commit(follow, fault));
	for (uint64_t now_ms; !outbox_idle(send->outbox) && (now_ms = clock_ms()) < until_ms;)
		TRY(outbox_poll(send->outbox, -1, NULL, (int)(until_ms - now_ms), fault));
	TRY(fault_set(fault, following_look(follow->following, clock_ms()), ""));
	send->unread |= following_behind(follow->following);
	send->stopped = !outbox_idle(send->outbox);
	return send->stopped ? E_STOPPED : E_OK;
}

static enum error run(struct follow *follow, struct fault *fault)
{
	struct send *send = follow->send;
	const struct following_calls calls = {.key = {.hash = hash, .context = follow}, .say = say, .context = follow};
	struct epoll_event event = {.events = EPOLLIN};
	if (send->paths == NULL || *send->paths == NULL)
		return fault_set(fault, E_USAGE, "--follow takes one file or several");
	follow->dir_fd = open(send->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (follow->dir_fd < 0)
		return fault_set(fault, E_IO, "spool '%s': %m", send->spool);
	TRY(following_open(follow->dir_fd, send->paths, &calls, &follow->following, fault));
	follow->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (follow->inotify < 0 || epoll_ctl(send->events, EPOLL_CTL_ADD, follow->inotify, &event) != 0)
		say(follow, false, "there is no inotify to be had: files are looked at once a second");
	while (!send->stopped) {
		enum error error = go_round(follow, fault);
		if (error != E_STOPPED || !send->stopped) /* else the signal came while a message waited for room */
			TRY(error);
	}
	return end(follow, fault);
}

static void free_follow(struct follow *follow)
{
	struct followed *file;
	follow->send->meanwhile = NULL;
	follow->send->following = NULL;
	for (size_t i = 0; follow->following != NULL && (file = following_file(follow->following, i)) != NULL; i++)
		close_reader(follow, file);
	following_close(follow->following);
	own_close(&follow->inotify);
	own_close(&follow->dir_fd);
}

enum error follow_run(struct send *send, struct fault *fault)
{
	OWNED(free_follow) struct follow follow = {.send = send, .dir_fd = -1, .inotify = -1};
	send->meanwhile = meanwhile;
	send->following = &follow;
	return run(&follow, fault);
}
