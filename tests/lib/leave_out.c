#include "tests/lib/leave_out.h"

#include "ledger/base/wrong.h"
#include "tests/lib/unit.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern struct wrong_place *const __start_wrong_places[];
extern struct wrong_place *const __stop_wrong_places[];

#define PLACES ((size_t)(__stop_wrong_places - __start_wrong_places))
#define PLACES_MAX 512
#define PAGES_MAX 16

static struct {
	bool asked[PAGES_MAX];   /* some vector of the page came by */
	bool noticed[PAGES_MAX]; /* some vector that must be refused is taken without it */
	bool named[PAGES_MAX];   /* some vector is refused for something else without it */
} found[PLACES_MAX];
static const struct page *pages;
static size_t page_count, page_now;

static struct verdict run_without(const json_t *vector, struct wrong_place *place)
{
	int status;
	fflush(NULL);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		const struct rlimit no_core = {0, 0};
		setrlimit(RLIMIT_CORE, &no_core);
		place->left_out = true;
		struct verdict verdict = pages[page_now].verify(vector);
		_exit(verdict.error == E_OK ? 0 : 1 + (int)verdict.finding);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	bool taken = !WIFEXITED(status) || WEXITSTATUS(status) == 0;
	return taken ? (struct verdict){E_OK, FINDING_NONE}
				 : (struct verdict){E_BAD_PROOF, (enum finding_code)(WEXITSTATUS(status) - 1)};
}

static void try_vector(const json_t *vector, const char *path)
{
	struct verdict verdict = pages[page_now].verify(vector);
	vector_expect(vector, path, verdict.error);
	if (json_object_get(vector, "finding") != NULL)
		ck_assert_msg(strcmp(finding_name(verdict.finding), vector_text(vector, "finding")) == 0, "%s: %s", path,
			finding_name(verdict.finding));
	for (size_t i = 0; i < PLACES; i++) {
		struct wrong_place *place = __start_wrong_places[i];
		bool met = place->met;
		found[i].asked[page_now] |= place->asked;
		place->met = place->asked = false;
		if (!met || verdict.error == E_OK)
			continue;
		struct verdict without = run_without(vector, place);
		found[i].noticed[page_now] |= without.error == E_OK;
		found[i].named[page_now] |= without.finding != verdict.finding;
	}
}

static bool is_implied(const struct wrong_place *place, const struct implied *implied, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(implied[i].file, place->file) == 0 && strcmp(implied[i].condition, place->condition) == 0)
			return true;
	return false;
}

/* The page must notice by itself, or any page may. */
static bool is_noticed(size_t place, size_t page)
{
	bool own = strcmp(pages[page].own, __start_wrong_places[place]->file) == 0;
	for (size_t i = 0; i < page_count; i++)
		if (found[place].noticed[i] && (!own || i == page))
			return true;
	return false;
}

/* What is called implied is there, and no vector needs it. */
static void check_implied(const struct implied *implied)
{
	for (size_t i = 0; i < PLACES; i++) {
		const struct wrong_place *place = __start_wrong_places[i];
		if (strcmp(implied->file, place->file) != 0 || strcmp(implied->condition, place->condition) != 0)
			continue;
		for (size_t page = 0; page < page_count; page++)
			ck_assert_msg(!found[i].noticed[page], "%s: %s is needed by a vector of %s", place->file, place->condition,
				pages[page].name);
		return;
	}
	ck_abort_msg("%s has no check that says %s", implied->file, implied->condition);
}

void leave_out(const struct page *list, size_t count, const struct implied *implied, size_t implied_count)
{
	unsigned missing = 0;
	pages = list;
	page_count = count;
	ck_assert(PLACES <= PLACES_MAX && count <= PAGES_MAX);
	for (page_now = 0; page_now < page_count; page_now++) {
		char dir[4096], path[64];
		snprintf(path, sizeof path, "tests/vectors/%s", pages[page_now].name);
		ck_assert(vector_path("INDSIGT_SOURCE", path, dir));
		ck_assert_uint_gt(vector_walk(dir, try_vector), 10);
	}
	for (size_t i = 0; i < PLACES; i++) {
		const struct wrong_place *place = __start_wrong_places[i];
		for (size_t page = 0; page < page_count; page++) {
			if (!found[i].asked[page] || is_noticed(i, page) || is_implied(place, implied, implied_count))
				continue;
			printf("# %s: %s:%d is needed by no vector%s: %s\n", pages[page].name, place->file, place->line,
				found[i].named[page] ? ", but for a name" : "", place->condition);
			missing++;
		}
	}
	fflush(stdout);
	ck_assert_msg(missing == 0, "%u checks are needed by no vector", missing);
	for (size_t i = 0; i < implied_count; i++)
		check_implied(&implied[i]);
}
