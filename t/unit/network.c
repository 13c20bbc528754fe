/* network: blocks of addresses. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "net/network.h"
#include "test.h"

static struct sockaddr_storage
address(const char *text)
{
	struct sockaddr_storage storage;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&storage;
	struct sockaddr_in *four = (struct sockaddr_in *)&storage;

	memset(&storage, 0, sizeof(storage));
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
		storage.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1)
		storage.ss_family = AF_INET6;
	return storage;
}

static void
test_has_the_addresses_of_a_block(void)
{
	static const struct {
		const char *network, *address;
		bool has;
	} table[] = {
	    {"192.0.2.7", "192.0.2.7", true},
	    {"192.0.2.7", "192.0.2.6", false},
	    {"192.0.2.0/24", "192.0.2.255", true},
	    {"192.0.2.0/24", "192.0.3.0", false},
	    {"192.0.2.8/29", "192.0.2.15", true},
	    {"192.0.2.8/29", "192.0.2.16", false},
	    {"0.0.0.0/0", "203.0.113.9", true},
	    {"0.0.0.0/0", "2001:db8::1", false},
	    {"::/0", "192.0.2.1", false},
	    {"192.0.2.0/24", "::ffff:192.0.2.1", true},
	    {"2001:db8::/33", "2001:db8:7fff::1", true},
	    {"2001:db8::/33", "2001:db8:8000::1", false},
	    {"2001:db8::1", "2001:db8::1", true},
	    {"2001:db8::1/128", "2001:db8::2", false},
	    {"192.0.2.1", "nobody", false},
	};
	struct sockaddr_storage one;
	struct network network;
	size_t i;

	for (i = 0; i < nitems(table); i++) {
		CHECK(network_parse(&network, span_of(table[i].network)) == 0);
		one = address(table[i].address);
		CHECK(network_has(&network, &one) == table[i].has);
	}
}

static void
test_takes_no_other_text(void)
{
	static const char *const bad[] = {"", "/", "/24", "192.0.2", "x",
	    "192.0.2.1/", "192.0.2.1/33", "192.0.2.1/24x", "::1/129", "[::1]",
	    "192.0.2.1 ", "host.example",
	    "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"};
	struct network network;
	size_t i;

	for (i = 0; i < nitems(bad); i++)
		CHECK(network_parse(&network, span_of(bad[i])) < 0);
}

static void
test_takes_a_list(void)
{
	struct network networks[3];

	CHECK(network_parse_list(networks, 3, span_of("")) == 0);
	CHECK(network_parse_list(networks, 3, span_of(", ")) == 0);
	CHECK(network_parse_list(networks, 3, span_of("192.0.2.1")) == 1);
	CHECK(network_parse_list(
		  networks, 3, span_of(" ::1/64,192.0.2.0/24 10.0.0.1,")) == 3);
	CHECK(networks[0].bits == 64 && networks[1].bits == 24);
	CHECK(network_parse_list(networks, 2, span_of("::1,::2,::3")) == -1);
	CHECK(network_parse_list(networks, 3, span_of("::1,x")) == -1);
}

int
main(void)
{
	TEST(has_the_addresses_of_a_block);
	TEST(takes_no_other_text);
	TEST(takes_a_list);
	return test_end();
}
