/* TILE-6, TILE-7: headers as RFC 9110 reads them. */
#include "query/http/negotiate.h"
#include "tests/lib/unit.h"

START_TEST(gzip_is_given_where_wanted)
{
	static const struct {
		const char *header;
		bool taken;
	} cases[] = {
		{NULL, false},
		{"", false},
		{"gzip", true},
		{"GZip", true},
		{"x-gzip", true},
		{"deflate, gzip", true},
		{"br;q=1.0, gzip;q=0.8, *;q=0.1", true},
		{"gzip;q=0", false},
		{"gzip; q=0", false},
		{"gzip ; Q=0.000", false},
		{"gzip;q=0, *", false},
		{"gzip;q=0.001", true},
		{"identity, gzip;q=0,br", false},
		{"gzip;x=1;q=0", false},
		{"*", true},
		{"*;q=0", false},
		{"identity;q=0.5, *;q=0", false},
		{"notgzip", false},
		{"gzipped", false},
		{"identity", false},
		{",, ,gzip", true},
		{"gzip;", true},
		{"gzip;q", true},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_msg(negotiate_gzip(cases[i].header) == cases[i].taken, "%s", cases[i].header);
}
END_TEST

START_TEST(tags_are_compared_weakly)
{
	static const char tag[] = "\"entries-1-25\"";
	static const struct {
		const char *header;
		bool known;
	} cases[] = {
		{NULL, false},
		{"", false},
		{"\"entries-1-25\"", true},
		{"W/\"entries-1-25\"", true},
		{"\"other\", \"entries-1-25\"", true},
		{"\"entries-1-25-gzip\"", false},
		{"\"entries-1-255\"", false},
		{"entries-1-25", false},
		{"*", true},
		{" *", true},
		{"\"*\"", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_msg(negotiate_known(cases[i].header, tag) == cases[i].known, "%s", cases[i].header);
}
END_TEST

UNIT_MAIN("negotiate", gzip_is_given_where_wanted, tags_are_compared_weakly)
