#include "ledger/base/own.h"
#include "ledger/text/address.h"
#include "tests/lib/unit.h"

START_TEST(addresses_are_read_exactly)
{
	static const struct {
		const char *text;
		const char *formatted;
		bool loopback;
	} cases[] = {
		{"127.0.0.1:8080", "127.0.0.1:8080", true},
		{"127.9.9.9:1", "127.9.9.9:1", true},
		{"localhost:0", "127.0.0.1:0", true},
		{"[::1]:65535", "[::1]:65535", true},
		{"0.0.0.0:80", "0.0.0.0:80", false},
		{"[::]:80", "[::]:80", false},
		{"192.0.2.7:80", "192.0.2.7:80", false},
		{"[::ffff:192.0.2.7]:80", "[::ffff:192.0.2.7]:80", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct address address;
		char text[ADDRESS_TEXT_MAX + 1];
		ck_ok(address_parse(cases[i].text, &address, NULL));
		address_format(&address, text);
		ck_assert_str_eq(text, cases[i].formatted);
		ck_assert_int_eq(address_is_loopback(&address), cases[i].loopback);
	}
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
	static const char *const cases[] = {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
		"127.0.0.1:+1", "127.0.0.1:80x", "::1:80", "[::1]", "[]:80", "[:80", "example.dk:80", "127.1:80",
		"[1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111]:80"};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct address address;
		struct fault fault;
		ck_error(address_parse(cases[i], &address, &fault), E_USAGE);
		char named[100];
		snprintf(named, sizeof named, "the address '%s'", cases[i]);
		ck_assert_msg(strstr(fault.text, named) != NULL && strstr(fault.text, "65535") != NULL, "%s", fault.text);
	}
}
END_TEST

START_TEST(an_address_that_is_taken_is_named)
{
	struct address address, other;
	struct fault fault;
	char text[ADDRESS_TEXT_MAX + 1];
	OWNED_FD first = -1;
	OWNED_FD second = -1;
	ck_ok(address_bind("127.0.0.1:0", &first, &address, NULL));
	ck_ok(address_listen(first, NULL));
	address_format(&address, text);
	ck_error(address_bind(text, &second, &other, &fault), E_IO);
	ck_assert_msg(
		strncmp(fault.text, text, strlen(text)) == 0 && strstr(fault.text, "another port") != NULL, "%s", fault.text);
}
END_TEST

UNIT_MAIN("address", addresses_are_read_exactly, what_is_no_address_is_refused, an_address_that_is_taken_is_named)
