/* Runs a fuzzer over its corpus without libFuzzer: every file as it is, cut at every length, and with bytes changed by
 * a generator that starts the same each time. One TAP line for each file. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHANGED_ROUNDS 2000
#define CUTS_MAX 2000
#define FILE_BYTES_MAX (1u << 21)

static uint32_t state;

static uint32_t chance(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return below ? state % below : 0;
}

/* An allocation of exactly this size, so that a sanitizer sees every byte read past it. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	if (copy == NULL || size > FILE_BYTES_MAX)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void replay(uint8_t *data, size_t size)
{
	state = 2463534242u;
	run(data, size);
	for (size_t cut = 0; cut < size && cut < CUTS_MAX; cut++)
		run(data, cut);
	for (int round = 0; round < CHANGED_ROUNDS && size > 0; round++) {
		size_t at = chance((uint32_t)size);
		uint8_t before = data[at];
		data[at] = (uint8_t)chance(256);
		run(data, size);
		data[at] = before;
	}
}

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(FILE_BYTES_MAX);
	if (file == NULL || data == NULL)
		abort();
	*size = fread(data, 1, FILE_BYTES_MAX, file);
	fclose(file);
	if (*size == FILE_BYTES_MAX)
		abort(); /* a seed is small; this one would be cut */
	return data;
}

int main(int argc, char **argv)
{
	struct dirent **files;
	int count = argc == 2 ? scandir(argv[1], &files, NULL, alphasort) : -1;
	int done = 0;
	if (count < 0) {
		fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
		return 2;
	}
	for (int i = 0; i < count; free(files[i++])) {
		char path[4096];
		if (files[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", argv[1], files[i]->d_name);
		size_t size;
		uint8_t *data = read_file(path, &size);
		replay(data, size);
		free(data);
		printf("ok %d - %s\n", ++done, files[i]->d_name);
	}
	free(files);
	printf("1..%d\n", done);
	return done > 0 ? 0 : 1;
}
