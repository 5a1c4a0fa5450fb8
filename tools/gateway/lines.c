/* What fails, and what then: a peer goes away within a message: what came of it is refused as cut, and the peer gives
 * it again on another line. The ledger is away, or the spool full: nobody is read from. The disk is full: likewise,
 * until there is room. No descriptor is left: accepting rests until a line ends. Too many lines: who was silent longest
 * gives way, between messages, where that loses nothing. This process is killed: what it had read of a round and not
 * yet synced is what a peer that does not wait for acknowledgements loses with it. */
#include "tools/gateway/lines.h"

#include "ledger/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 64

/* ---- what is told ---- */

static void tell(const char *text)
{
	fprintf(stderr, "indsigt-gateway: %s\n", text);
}

/* Lines of strangers may fail as often as they like; who reads the log is told of some. */
static void tell_of(struct lines *lines, const struct line *line, const char *why)
{
	uint64_t now_ms = clock_ms();
	if (now_ms - lines->tells_ms > LINES_TELLS_MS) {
		lines->tells_ms = now_ms;
		lines->tells = 0;
	}
	if (lines->tells > LINES_TELLS)
		return;
	bool last = lines->tells++ == LINES_TELLS;
	fprintf(stderr, "indsigt-gateway: %s: %s\n", line->name, last ? "and more such lines, counted in the status" : why);
}

/* ---- who comes in ---- */

static bool may_come_in(const struct lines *lines, const struct line *line)
{
	struct source_origin origin;
	return lines->options->client_ca != NULL || /* then OpenSSL has seen to it */
		   source_origin(outbox_source(lines->send->outbox), "certificate", bytes_text(line->who.certificate), &origin);
}

static void judge(struct lines *lines, struct line *line)
{
	char why[256];
	line->let_in = may_come_in(lines, line);
	if (line->let_in)
		return;
	if (line->who.certificate[0] == '\0')
		snprintf(why, sizeof why, "it showed no certificate; give its daemon one, and register from=certificate:");
	else
		snprintf(why, sizeof why,
			"its certificate is not one that is let in; if it is yours, give --client-ca, or add to the registration "
			"from=certificate:%s=SCHEME:ID=ORGANISATION=SYSTEM",
			line->who.certificate);
	tell_of(lines, line, why);
	lines->counts.refused++;
	line->ended = true;
}

static void listen_on(struct lines *lines, bool on)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = &lines->listener};
	if (on != lines->listening &&
		epoll_ctl(lines->send->events, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, lines->listener, &event) == 0)
		lines->listening = on;
}

/* For who waits at the door of a full house: the line that was silent longest goes, if that is long and ending it loses
 * nothing. */
static void make_place(struct lines *lines, uint64_t now_ms)
{
	struct pollfd waiting = {.fd = lines->listener, .events = POLLIN};
	struct line *silent = NULL;
	if (lines->count < lines->most || poll(&waiting, 1, 0) <= 0)
		return;
	for (struct line *line = lines->first; line != NULL; line = line->next)
		if (now_ms - line->heard_ms >= LINES_GIVES_WAY_MS && (silent == NULL || line->heard_ms < silent->heard_ms) &&
			line_is_between(line))
			silent = line;
	if (silent != NULL)
		silent->ended = true;
}

static bool let_one_in(struct lines *lines, uint64_t now_ms)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof address;
	int fd = accept4(lines->listener, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		lines->crowded = lines->count > 0 && (errno == EMFILE || errno == ENFILE);
		return false;
	}
	struct line *line = line_open(fd, (struct sockaddr *)&address, lines->tls, lines->send->format, now_ms);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = line};
	if (line == NULL)
		return true;
	if (epoll_ctl(lines->send->events, EPOLL_CTL_ADD, fd, &event) != 0) {
		line_free(line);
		return true;
	}
	line->next = lines->first;
	lines->first = line;
	lines->count++;
	lines->counts.accepted++;
	return lines->count < lines->most;
}

static void let_in(struct lines *lines, uint64_t now_ms)
{
	for (unsigned i = 0; i < EVENTS_AT_ONCE && let_one_in(lines, now_ms); i++)
		continue;
	make_place(lines, now_ms);
}

/* ---- messages ---- */

static enum error take_messages(struct lines *lines, struct line *line, struct fault *fault)
{
	struct send *send = lines->send;
	uint64_t before = line->who.repeated;
	for (;;) {
		struct message message;
		enum error error = messages_next(&line->messages, &message);
		if (error == E_NOT_FOUND && !line->messages.idle) {
			messages_idle(&line->messages); /* what is whole does not wait for what stands behind it */
			continue;
		}
		if (error != E_OK)
			break;
		lines->counts.broken += message.cut;
		line->input.number = lines->number;
		error = send_message(send, &line->input, &message, fault);
		lines->number = line->input.number;
		TRY(error);
	}
	lines->counts.repeated += line->who.repeated - before;
	if (send->ended != E_OK)
		*fault = send->ended_fault;
	return send->ended;
}

static void end_line(struct lines *lines, struct line *line, int why)
{
	const char *tls = line->tls != NULL && why == EPROTO ? tls_line_why(line->tls) : NULL;
	if (tls != NULL && !line->let_in) {
		tell_of(lines, line, tls);
		lines->counts.refused++;
	}
	line->ended = true;
	messages_end(&line->messages);
}

/* Whether it may be read from now. A handshake costs a public-key operation, so only some go on at a time; and nothing
 * is read for which there is no place. */
static bool has_turn(struct lines *lines, const struct line *line)
{
	if (line->ended || lines->reads >= LINES_ROUND_READS || !outbox_ready(lines->send->outbox) ||
		(!line->let_in && lines->shakes >= LINES_SHAKES))
		return false;
	lines->reads++;
	lines->shakes += !line->let_in;
	return true;
}

/* Its share of a round. */
static enum error serve(struct lines *lines, struct line *line, uint64_t now_ms, struct fault *fault)
{
	for (size_t done = 0; done < LINE_ROUND_BYTES && has_turn(lines, line); done += MESSAGES_READ_BYTES) {
		enum line_read got = line_read(line, now_ms);
		if (got == LINE_NOTHING)
			break;
		if (got == LINE_SHAKEN)
			judge(lines, line);
		if (got == LINE_END)
			end_line(lines, line, errno);
		if (line->let_in)
			TRY(take_messages(lines, line, fault));
	}
	lines->more |= line->more && !line->ended;
	messages_rest(&line->messages);
	return E_OK;
}

/* ---- rounds ---- */

/* After each round: who has ended is let go of. */
static void tend(struct lines *lines)
{
	for (struct line **link = &lines->first; *link != NULL;) {
		struct line *line = *link;
		if (!line->ended) {
			link = &line->next;
			continue;
		}
		*link = line->next;
		line_free(line);
		lines->count--;
		lines->crowded = false;
	}
	listen_on(lines, lines->listener >= 0 && lines->count < lines->most && !lines->crowded);
}

static enum error look(struct lines *lines, struct fault *fault)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	uint64_t now_ms = clock_ms();
	bool more = lines->more;
	lines->more = false;
	lines->reads = lines->shakes = 0;
	int n = epoll_wait(lines->send->events, events, EVENTS_AT_ONCE, 0);
	for (int i = 0; i < n; i++) {
		struct line *line = events[i].data.ptr;
		if (events[i].data.ptr == &lines->posts)
			continue; /* they were gathered */
		if (events[i].data.ptr == NULL)
			send_look_for_signal(lines->send);
		else if (events[i].data.ptr == &lines->listener)
			let_in(lines, now_ms);
		else if (!line->ended)
			TRY(serve(lines, line, now_ms, fault));
	}
	for (struct line *line = lines->first; more && line != NULL; line = line->next)
		if (line->more && !line->ended)
			TRY(serve(lines, line, now_ms, fault));
	return E_OK;
}

/* A handshake that has begun has to end; and the certificate is looked at. While nothing is read nobody is
 * let in, and so nobody gives way. */
static void beat(struct lines *lines, bool takes)
{
	uint64_t now_ms = clock_ms();
	if (now_ms - lines->beat_ms < LINES_BEAT_MS)
		return;
	lines->beat_ms = now_ms;
	for (struct line *line = lines->first; line != NULL; line = line->next)
		if (!line->let_in && line->begun_ms != 0 && now_ms - line->begun_ms > LINES_SHAKE_MS) {
			tell_of(lines, line, "its handshake did not come to an end");
			lines->counts.refused++;
			line->ended = true;
		}
	if (takes)
		make_place(lines, now_ms);
	if (lines->tls != NULL)
		tls_server_look(lines->tls, (uint64_t)time(NULL));
	if (lines->send->reload && lines->tls != NULL)
		tls_server_reload(lines->tls);
	if (lines->send->reload && lines->posts.door != NULL)
		http_door_reload(lines->posts.door);
	lines->send->reload = false;
}

/* What was taken goes into a batch, and onto the disk with what was refused. */
static enum error save(struct lines *lines, struct fault *fault)
{
	struct send *send = lines->send;
	TRY(outbox_flush(send->outbox, fault));
	if (!outbox_saved(send->outbox))
		TRY(outbox_poll(send->outbox, -1, NULL, 0, fault));
	TRY(fault_because(fault, send->write_error, "'%s' cannot be written", send->rejected.path));
	if (!send->rejected.dirty)
		return E_OK;
	return fault_because(fault, rejected_sync(&send->rejected), "'%s' cannot be written", send->rejected.path);
}

enum error lines_go_round(struct lines *lines, struct fault *fault)
{
	struct send *send = lines->send;
	bool ready = false;
	TRY(save(lines, fault));
	bool takes = outbox_ready(send->outbox) && outbox_saved(send->outbox);
	int wait_ms = takes && lines->more ? 0 : LINES_BEAT_MS;
	TRY(outbox_poll(send->outbox, takes ? send->events : send->signals, &ready, wait_ms, fault));
	if (ready && !takes)
		send_look_for_signal(send);
	takes = takes && outbox_ready(send->outbox) && outbox_saved(send->outbox);
	posts_gather(&lines->posts);
	if (takes)
		TRY(look(lines, fault));
	if (takes)
		TRY(posts_take(&lines->posts, fault));
	beat(lines, takes);
	tend(lines);
	TRY(save(lines, fault));
	if (outbox_saved(send->outbox) && !send->rejected.dirty)
		posts_settle(&lines->posts);
	return E_OK;
}

/* ---- from start to end ---- */

/* Without a certificate of its own it is asked for none either, and only this machine reaches it. */
static enum error open_tls(struct lines *lines, const struct address *address, struct fault *fault)
{
	const struct lines_options *options = lines->options;
	const struct tls_server_options tls = {
		.files = &options->tls, .asks = options->client_ca == NULL, .client_ca = options->client_ca, .tell = tell};
	if ((options->tls.certificate == NULL) != (options->tls.key == NULL))
		return fault_set(fault, E_USAGE, "--syslog-cert and --syslog-key are given together, or neither");
	if (options->tls.certificate != NULL)
		return tls_server_open(&tls, &lines->tls, fault);
	if (address_is_loopback(address) || options->tls.plain_off_loopback)
		return E_OK;
	return fault_set(fault, E_USAGE,
		"--syslog is an address that other machines reach, and without TLS all that is sent can be read on the way; "
		"give "
		"--syslog-cert and --syslog-key, or --plain-syslog where something else encrypts");
}

enum error lines_open(struct lines *lines, struct address *out, struct fault *fault)
{
	lines->listener = -1;
	TRY(address_bind(lines->options->listen, &lines->listener, out, fault));
	TRY(open_tls(lines, out, fault));
	TRY(address_listen(lines->listener, fault));
	listen_on(lines, true);
	return lines->listening ? E_OK : fault_set(fault, E_IO, "the loop cannot wait for connections: %m");
}

static bool drained(struct lines *lines)
{
	for (struct line *line = lines->first; line != NULL; line = line->next)
		if (line->let_in || line->begun_ms != 0)
			return false;
	return true;
}

enum error lines_drain(struct lines *lines, struct fault *fault)
{
	uint64_t until_ms = clock_ms() + LINES_DRAIN_MS;
	listen_on(lines, false);
	while (lines->listener >= 0 && let_one_in(lines, clock_ms())) /* who has connected has perhaps sent, too */
		continue;
	own_close(&lines->listener);
	for (struct line *line = lines->first; line != NULL; line = line->next)
		line_say_end(line);
	struct fault later; /* behind the first, which is told */
	enum error error = E_OK;
	while (error == E_OK && !drained(lines) && clock_ms() < until_ms)
		error = lines_go_round(lines, fault);
	for (struct line *line = lines->first; line != NULL; line = line->next) {
		messages_end(&line->messages);
		line->ended = true;
		enum error taken = line->let_in ? take_messages(lines, line, error == E_OK ? fault : &later) : E_OK;
		error = error != E_OK ? error : taken;
	}
	tend(lines);
	enum error saved = save(lines, error == E_OK ? fault : &later);
	if (saved == E_OK && outbox_saved(lines->send->outbox) && !lines->send->rejected.dirty)
		posts_settle(&lines->posts);
	return error != E_OK ? error : saved;
}

void lines_close(struct lines *lines)
{
	for (struct line *line = lines->first, *next; line != NULL; line = next) {
		next = line->next;
		line_free(line);
	}
	posts_end(&lines->posts);
	own_close(&lines->listener);
	tls_server_close(lines->tls);
}
