/* A certificate that cannot be read at the start ends the start; one that cannot be read at SIGHUP changes nothing. The
 * two files are read in the loop: they are small, on a local disk, and it is an operator who asks. */
#include "query/server/secure.h"

#include "ledger/base/clock.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <time.h>

_Static_assert((250 / SECURE_WINDOW_MS + 1) * SECURE_HANDSHAKES <= 100, "TLS-8");

struct secure {
	struct tls_server *tls; /* NULL: plain */
	struct event *look;
	uint64_t window_ms; /* when it began */
	unsigned begun;     /* since then */
};

static void on_look(evutil_socket_t fd, short events, void *context)
{
	const struct secure *secure = context;
	(void)fd, (void)events;
	tls_server_look(secure->tls, (uint64_t)time(NULL));
}

enum error secure_new(
	const struct tls_server_options *options, struct event_base *base, struct secure **out, struct fault *fault)
{
	const struct timeval often = {.tv_sec = SECURE_LOOK_SECONDS};
	OWNED(secure_release) struct secure *secure = calloc(1, sizeof *secure);
	TRY(fault_set(fault, allocated(secure), ""));
	secure->look = event_new(base, -1, EV_PERSIST, on_look, secure);
	TRY(fault_set(fault, allocated(secure->look), ""));
	if (options->files != NULL && options->files->certificate != NULL) {
		TRY(tls_server_open(options, &secure->tls, fault));
		if (event_add(secure->look, &often) != 0)
			return fault_set(fault, E_NO_MEMORY, "");
	}
	*out = OWN_TAKE(secure);
	return E_OK;
}

void secure_free(struct secure *secure)
{
	if (secure->look != NULL)
		event_free(secure->look);
	tls_server_close(secure->tls);
	free(secure);
}

void secure_reload(struct secure *secure)
{
	if (secure->tls != NULL)
		tls_server_reload(secure->tls);
}

bool secure_speaks_tls(const struct secure *secure)
{
	return secure->tls != NULL;
}

uint64_t secure_ends_s(const struct secure *secure)
{
	return secure->tls != NULL ? tls_server_ends_s(secure->tls) : 0;
}

struct bufferevent *secure_stream(struct secure *secure, struct event_base *base)
{
	if (secure->tls == NULL)
		return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	struct ssl_st *line = tls_server_line(secure->tls);
	return line != NULL
			   ? bufferevent_openssl_socket_new(base, -1, line, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE)
			   : NULL;
}

bool secure_is_spent(struct secure *secure)
{
	uint64_t now_ms = clock_ms();
	if (secure->tls == NULL)
		return false;
	if (now_ms - secure->window_ms >= SECURE_WINDOW_MS) {
		secure->window_ms = now_ms;
		secure->begun = 0;
	}
	return ++secure->begun >= SECURE_HANDSHAKES;
}

bool secure_is_shaking(struct bufferevent *stream)
{
	const struct ssl_st *line = bufferevent_openssl_get_ssl(stream);
	return line != NULL && !tls_is_open(line);
}

bool secure_peer_key(struct bufferevent *stream, struct hash *out)
{
	const struct ssl_st *line = bufferevent_openssl_get_ssl(stream);
	return line != NULL && tls_peer_key(line, out);
}

bool secure_peer_thumbprint(struct bufferevent *stream, struct hash *out)
{
	const struct ssl_st *line = bufferevent_openssl_get_ssl(stream);
	return line != NULL && tls_peer_thumbprint(line, out);
}

void secure_end(struct bufferevent *stream)
{
	struct ssl_st *line = bufferevent_openssl_get_ssl(stream);
	if (line != NULL && evbuffer_get_length(bufferevent_get_output(stream)) == 0)
		tls_say_end(line);
}
