/* Unix sockets by their name in an open directory: a path in sun_path ends at 107 bytes, and a directory's may be
 * longer. */
#pragma once

#include <sys/types.h>

/* As connect(2). */
int unix_connect(int fd, int dir_fd, const char *name);
/* A socket, non-blocking, that takes connections and has this mode. Whoever sees its name can connect: it has another
 * until then. A socket that has the name gives way, whoever listens there; anything else is EEXIST. -1 with errno. */
int unix_listen(int dir_fd, const char *name, mode_t mode, int backlog);
