/* proxy: the header of the PROXY protocol. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/buf.h"
#include "smtp/proxy.h"
#include "test.h"

#define REPEAT_10(x) x x x x x x x x x x

/* "address port" of a peer. */
static const char *
text_of(const struct sockaddr_storage *peer)
{
	static char text[100];
	char address[INET6_ADDRSTRLEN];
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)peer;
	const struct sockaddr_in *four = (const struct sockaddr_in *)peer;
	bool is_four = peer->ss_family == AF_INET;

	if (!is_four && peer->ss_family != AF_INET6)
		return "neither";
	inet_ntop(peer->ss_family,
	    is_four ? (const void *)&four->sin_addr
		    : (const void *)&six->sin6_addr,
	    address, sizeof(address));
	snprintf(text, sizeof(text), "%s %u", address,
	    (unsigned)ntohs(is_four ? four->sin_port : six->sin6_port));
	return text;
}

/* Parses a copy of just so many octets, for the sanitizer to watch. */
static enum proxy_result
parse(struct span octets, struct sockaddr_storage *peer, size_t *len)
{
	char *copy = malloc(octets.len + 1);
	enum proxy_result result;

	if (octets.len > 0)
		memcpy(copy + 1, octets.p, octets.len);
	memset(peer, 0xee, sizeof(*peer));
	result = proxy_parse((struct span){copy + 1, octets.len}, peer, len);
	free(copy);
	return result;
}

/* A good header: whatever part of it is there, more is wanted, and never more
 * than what is to come; what comes behind it makes no difference.  want: "" for
 * PROXY_LOCAL. */
static bool
is_good(struct span header, const char *want)
{
	struct buf longer = BUF_INIT(2 * PROXY_HEADER_MAX);
	struct sockaddr_storage peer;
	size_t cut, len, reads = 0;
	enum proxy_result result;
	bool good = true;

	for (cut = 0; cut < header.len; cut++)
		if (parse((struct span){header.p, cut}, &peer, &len) !=
			PROXY_MORE ||
		    len == 0 || len > header.len - cut)
			good = false;
	for (cut = 0; good && cut < header.len; cut += len, reads++)
		parse((struct span){header.p, cut}, &peer, &len);
	if (reads > 60)
		good = false;
	buf_addspan(&longer, header);
	buf_adds(&longer, "\r\nEHLO client\r\nPROXY ");
	for (cut = header.len; cut <= longer.len; cut++) {
		result = parse((struct span){longer.p, cut}, &peer, &len);
		if (len != header.len ||
		    (*want == '\0' && result != PROXY_LOCAL) ||
		    (*want != '\0' && (result != PROXY_PEER ||
					  strcmp(text_of(&peer), want) != 0)))
			good = false;
	}
	buf_free(&longer);
	return good;
}

/* No part of it is a header, and from some octet on that is known.  said: that
 * many octets are enough to know. */
static bool
is_bad(struct span header, size_t enough)
{
	struct sockaddr_storage peer;
	size_t cut, len;

	for (cut = 0; cut <= header.len; cut++)
		if (parse((struct span){header.p, cut}, &peer, &len) !=
		    (cut < enough ? PROXY_MORE : PROXY_BAD))
			return false;
	return true;
}

static void
test_lines_of_version_1_give_the_peer(void)
{
	static const char *const good[][2] = {
	    {"TCP4 192.0.2.7 198.51.100.1 4711 25", "192.0.2.7 4711"},
	    {"TCP4 0.0.0.0 0.0.0.0 0 0", "0.0.0.0 0"},
	    {"TCP4 255.255.255.255 255.255.255.255 65535 65535",
		"255.255.255.255 65535"},
	    {"TCP6 2001:db8::7 2001:db8::1 4711 25", "2001:db8::7 4711"},
	    {"TCP6 :: :: 1 2", ":: 1"},
	    {"TCP6 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:8 1 2", "1:2:3:4:5:6:7:8 1"},
	    {"TCP6 2001:DB8::A ::1 1 2", "2001:db8::a 1"},
	    {"TCP6 1:2:3:4:5:6:192.0.2.1 1::2:3 1 2", "1:2:3:4:5:6:c000:201 1"},
	    {"TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 4711 25",
		"::ffff:192.0.2.7 4711"},
	    {"TCP6 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 1 2", "1:2:3:4:5:6:7:0 1"},
	    {"TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535"},
	    {"UNKNOWN", ""},
	    {"UNKNOWN ", ""},
	    {"UNKNOWN ffff::1 whatever 99999 -1", ""},
	    {"UNKNOWN \x01\xff\t", ""},
	    {"UNKNOWN " REPEAT_10("123456789"), ""},
	};
	char line[200];
	size_t i;

	for (i = 0; i < nitems(good); i++) {
		snprintf(line, sizeof(line), "PROXY %s\r\n", good[i][0]);
		if (!is_good(span_of(line), good[i][1])) {
			printf("# %s\n", good[i][0]);
			CHECK(false);
		}
	}
}

static void
test_what_version_1_does_not_allow_is_refused_at_once(void)
{
	/* after how many octets it is clear */
	static const struct {
		const char *line;
		size_t enough;
	} bad[] = {
	    {"EHLO client\r\n", 1},
	    {"proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n", 1},
	    {"PROXX", 5},
	    {"PROXY\r\n", 6},
	    {"PROXY\tTCP4 1.2.3.4 1.2.3.4 1 2\r\n", 6},
	    {"PROXY \r\n", 7},
	    {"PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n", 7},
	    {"PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n", 7},
	    {"PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n", 8},
	    {"PROXY UNKNOWNS\r\n", 14},
	    {"PROXY unknown\r\n", 7},
	    {"PROXY UNKNOWN\n", 14},
	    {"PROXY UNKNOWN a\rb\r\n", 17},
	    {"PROXY UNKNOWN \r\r\n", 16},
	    {"PROXY UNKNOWN a\n", 16},
	    {"PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n", 10},
	    {"PROXY TCP\r\n", 10},
	    {"PROXY TCP4\r\n", 11},
	    {"PROXY TCP4 \r\n", 12},
	    {"PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n", 12},
	    {"PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n", 17},
	    {"PROXY TCP4 1.2.3.4.5 1.2.3.4 1 2\r\n", 19},
	    {"PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n", 13},
	    {"PROXY TCP4 256.2.3.4 1.2.3.4 1 2\r\n", 14},
	    {"PROXY TCP4 ::1 ::1 1 2\r\n", 12},
	    {"PROXY TCP4 1.2.3.4\t1.2.3.4 1 2\r\n", 19},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4\t1 2\r\n", 27},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", 29},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n", 32},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n", 28},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n", 28},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4  1 2\r\n", 28},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", 29},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n", 30},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 02\r\n", 31},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", 34},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 99999999999\r\n", 34},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", 31},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", 31},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2x\r\n", 31},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", 31},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n", 32},
	    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rX\n", 32},
	    {"PROXY TCP4 1.2.3.4 ::1 1 2\r\n", 20},
	    {"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", 13},
	    {"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", 19},
	    {"PROXY TCP6 [::1] ::1 1 2\r\n", 12},
	    {"PROXY TCP6 1::2::3 ::1 1 2\r\n", 17},
	    {"PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n", 27},
	    {"PROXY TCP6 12345::1 ::1 1 2\r\n", 16},
	    {"PROXY TCP6 ::1 ::1 ::1 1 2\r\n", 20},
	    {"PROXY TCP6 g::1 ::1 1 2\r\n", 12},
	};
	size_t i;

	for (i = 0; i < nitems(bad); i++)
		if (!is_bad(span_of(bad[i].line), bad[i].enough)) {
			printf("# %s", bad[i].line);
			CHECK(false);
		}
}

static void
test_nul_ends_nothing(void)
{
	static const char in_address[] = "PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n";
	static const char in_port[] = "PROXY TCP4 1.2.3.4 1.2.3.4 1\0 2\r\n";
	static const char unknown[] = "PROXY UNKNOWN \0x\r\n";

	CHECK(is_bad((struct span){in_address, sizeof(in_address) - 1}, 19));
	CHECK(is_bad((struct span){in_port, sizeof(in_port) - 1}, 29));
	CHECK(is_good((struct span){unknown, sizeof(unknown) - 1}, ""));
}

static void
test_a_line_has_107_octets_at_most(void)
{
	struct buf line = BUF_INIT(1000);

	buf_addf(&line, "PROXY UNKNOWN %91s\r\n", "");
	CHECK(line.len == 107 && is_good(buf_span(&line), ""));
	buf_reset(&line);
	buf_addf(&line, "PROXY UNKNOWN %92s\r\n", "");
	CHECK(line.len == 108 && is_bad(buf_span(&line), 106));
	/* a leading group of zeros may be written in many ways */
	buf_reset(&line);
	buf_adds(&line, "PROXY TCP6 0000:0000:0000:0000:0000:ffff:"
			"255.255.255.255 0000:0000:0000:0000:0000:ffff:"
			"255.255.255.255 65535 65535\r\n");
	CHECK(line.len > 107);
	CHECK(is_bad(buf_span(&line), 102));
	buf_free(&line);
}

/* A header of version 2: command and family, the length that it claims, and so
 * many octets of what follows. */
static struct span
version_2(struct buf *buf, int command, int family, size_t claims, size_t has)
{
	unsigned char octets[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a,
	    0x51, 0x55, 0x49, 0x54, 0x0a, (unsigned char)command,
	    (unsigned char)family, (unsigned char)(claims >> 8),
	    (unsigned char)claims};
	static const unsigned char four[] = {
	    192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x67, 0, 25};
	static const unsigned char six[] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0,
	    0, 0, 0, 0, 0, 0, 7, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0, 0, 1, 0x12, 0x67, 0, 25};

	buf_reset(buf);
	buf_addspan(buf, (struct span){(const char *)octets, sizeof(octets)});
	if (family >> 4 == 1)
		buf_addspan(
		    buf, (struct span){(const char *)four, sizeof(four)});
	if (family >> 4 == 2)
		buf_addspan(buf, (struct span){(const char *)six, sizeof(six)});
	while (buf->len < sizeof(octets) + has)
		buf_addf(buf, "%c", '\x05');
	buf->len = sizeof(octets) + has;
	return buf_span(buf);
}

static void
test_headers_of_version_2_give_the_peer(void)
{
	const char *four = "192.0.2.7 4711", *six = "2001:db8::7 4711";
	struct buf buf = BUF_INIT(100000);

	CHECK(is_good(version_2(&buf, 0x21, 0x11, 12, 12), four));
	CHECK(is_good(version_2(&buf, 0x21, 0x21, 36, 36), six));
	/* with more behind the addresses, up to the limit */
	CHECK(is_good(version_2(&buf, 0x21, 0x11, 13, 13), four));
	CHECK(is_good(version_2(&buf, 0x21, 0x11, 700, 700), four));
	CHECK(is_good(version_2(&buf, 0x21, 0x21, PROXY_HEADER_MAX - 16,
			  PROXY_HEADER_MAX - 16),
	    six));
	buf_free(&buf);
}

static void
test_local_and_unknown_headers_of_version_2_have_no_peer(void)
{
	static const int families[] = {
	    0x00, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32, 0x55, 0xff};
	struct buf buf = BUF_INIT(100000);
	size_t i;

	for (i = 0; i < nitems(families); i++) {
		CHECK(is_good(version_2(&buf, 0x20, families[i], 0, 0), ""));
		CHECK(is_good(version_2(&buf, 0x20, families[i], 50, 50), ""));
	}
	CHECK(is_good(version_2(&buf, 0x21, 0x00, 0, 0), ""));
	CHECK(is_good(version_2(&buf, 0x21, 0x00, 300, 300), ""));
	buf_free(&buf);
}

static void
test_what_version_2_does_not_allow_is_refused_at_once(void)
{
	struct buf buf = BUF_INIT(100000);
	int n;

	/* commands and versions, then families */
	for (n = 0; n < 256; n++)
		if (n != 0x20 && n != 0x21)
			CHECK(is_bad(version_2(&buf, n, 0x11, 12, 12), 13));
	for (n = 0; n < 256; n++)
		if (n != 0x00 && n != 0x11 && n != 0x21)
			CHECK(is_bad(version_2(&buf, 0x21, n, 36, 36), 14));
	/* too short for the addresses */
	CHECK(is_bad(version_2(&buf, 0x21, 0x11, 11, 12), 16));
	CHECK(is_bad(version_2(&buf, 0x21, 0x11, 0, 12), 16));
	CHECK(is_bad(version_2(&buf, 0x21, 0x21, 35, 36), 16));
	CHECK(is_bad(version_2(&buf, 0x21, 0x21, 12, 36), 16));
	/* too long */
	CHECK(
	    is_bad(version_2(&buf, 0x21, 0x11, PROXY_HEADER_MAX - 15, 12), 16));
	CHECK(is_bad(version_2(&buf, 0x20, 0x00, PROXY_HEADER_MAX, 0), 15));
	CHECK(is_bad(version_2(&buf, 0x21, 0x11, 65535, 12), 15));
	buf_free(&buf);
}

static void
test_a_signature_with_a_wrong_octet_is_none(void)
{
	struct buf buf = BUF_INIT(1000);
	size_t i;

	for (i = 0; i < 12; i++) {
		version_2(&buf, 0x21, 0x11, 12, 12);
		buf.p[i] ^= 0x20;
		CHECK(is_bad(buf_span(&buf), i + 1));
	}
	buf_free(&buf);
}

int
main(void)
{
	TEST(lines_of_version_1_give_the_peer);
	TEST(what_version_1_does_not_allow_is_refused_at_once);
	TEST(nul_ends_nothing);
	TEST(a_line_has_107_octets_at_most);
	TEST(headers_of_version_2_give_the_peer);
	TEST(local_and_unknown_headers_of_version_2_have_no_peer);
	TEST(what_version_2_does_not_allow_is_refused_at_once);
	TEST(a_signature_with_a_wrong_octet_is_none);
	return test_end();
}
