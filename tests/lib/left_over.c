#include "tests/lib/left_over.h"

#include "tests/lib/unit.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

void remove_left_over(const char *dir, const char *kept)
{
	DIR *entries = opendir(dir);
	ck_assert_ptr_nonnull(entries);
	for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
		if (strstr(kept, entry->d_name) == NULL)
			(void)unlinkat(dirfd(entries), entry->d_name, 0);
	closedir(entries);
}
