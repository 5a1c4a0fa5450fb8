/* A name is looked at before it becomes part of a path, and the file before the C library is told: of what it cannot
 * read that library says nothing, and takes UTC. */
#include "tools/wishes/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ZONE_DIR "/usr/share/zoneinfo/"

bool zone_known(const char *zone)
{
	char path[sizeof ZONE_DIR + ZONE_BYTES_MAX + 1];
	char magic[4] = "";
	size_t len = strlen(zone);
	if (len == 0 || len > ZONE_BYTES_MAX || zone[0] == '/' || strstr(zone, "..") != NULL ||
		strstr(zone, "//") != NULL ||
		strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/") != len)
		return false;
	if (strcmp(zone, "UTC") == 0)
		return true;
	snprintf(path, sizeof path, ZONE_DIR "%s", zone);
	FILE *file = fopen(path, "re");
	bool good = file != NULL && fread(magic, sizeof magic, 1, file) == 1 && memcmp(magic, "TZif", 4) == 0;
	if (file != NULL)
		fclose(file);
	return good;
}

/* Only when it is another one: most people are in one zone, and the C library reads a file for each change. */
void zone_use(const char *zone)
{
	static char used[ZONE_BYTES_MAX + 2];
	char wanted[ZONE_BYTES_MAX + 2];
	snprintf(wanted, sizeof wanted, ":%s", zone);
	if (strcmp(used, wanted) == 0)
		return;
	strcpy(used, wanted);
	setenv("TZ", zone_known(zone) ? wanted : "UTC0", true);
	tzset();
}
