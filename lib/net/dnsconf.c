#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <unbound.h>

#include "base/err.h"
#include "base/file.h"
#include "base/scan.h"
#include "net/dnspart.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define ANCHOR_FILE_MAX (1 << 20) /* octets */

static const struct {
	const char *name;
	const char *value;
} options[] = {
    /* a cache for a small machine */
    {"msg-cache-size:", "1m"},
    {"rrset-cache-size:", "2m"},
    {"key-cache-size:", "512k"},
    {"neg-cache-size:", "256k"},
    {"infra-cache-numhosts:", "1000"},
    /* questions on their way at a time, each from a port of its own: those
     * that get no answer must not keep others waiting */
    {"outgoing-range:", "512"},
    {"outgoing-num-tcp:", "8"},
    /* servers that were silent for long are asked again soon */
    {"infra-host-ttl:", "30"},
    {"infra-keep-probing:", "yes"},
    {"do-not-query-localhost:", "no"},
    /* if anybody knows about private networks, the servers do */
    {"unblock-lan-zones:", "yes"},
    {"harden-glue:", "yes"},
    {"harden-dnssec-stripped:", "yes"},
    {"harden-algo-downgrade:", "yes"},
};

/* "ADDRESS" or "ADDRESS@PORT"; libunbound takes more, such as port 99999. */
static bool
is_server(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	unsigned char octets[sizeof(struct in6_addr)];
	size_t len = strcspn(text, "@");
	struct scan scan;

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, octets) != 1 &&
	    inet_pton(AF_INET6, address, octets) != 1)
		return false;
	if (text[len] == '\0')
		return true;
	scan_init(&scan, span_of(text + len + 1));
	return scan_number(&scan, UINT16_MAX) > 0 && scan_ok(&scan);
}

/* 0, or -1 after a warning. */
static int
set_servers(struct ub_ctx *context, const char *server)
{
	int rc;

	if (server == NULL) {
		errno = 0;
		rc = ub_ctx_resolvconf(context, RESOLV_CONF);
		if (rc == 0)
			return 0;
		warning("cannot read '%s': %s", RESOLV_CONF,
		    errno != 0 ? strerror(errno) : ub_strerror(rc));
	} else {
		if (is_server(server) && ub_ctx_set_fwd(context, server) == 0)
			return 0;
		warning("'%s': not the address of a name server", server);
	}
	return -1;
}

static bool
is_word(int c)
{
	return c > ' ' && c != ';';
}

static bool
is_comment(int c)
{
	return c != '\n';
}

static bool
has_anchor(struct span text)
{
	struct scan scan;
	struct span word;

	scan_init(&scan, text);
	while (scan_peek(&scan) >= 0) {
		word = scan_while(&scan, is_word);
		if (span_ieq(word, span_of("DS")) ||
		    span_ieq(word, span_of("DNSKEY")))
			return true;
		if (scan_peek(&scan) == ';')
			scan_while(&scan, is_comment);
		else if (word.len == 0)
			scan.p++;
	}
	return false;
}

/* libunbound reads the file when it begins.  If there was no anchor in it, it
 * would validate nothing and say nothing. */
static int
set_anchors(struct ub_ctx *context, const char *path)
{
	struct buf text = BUF_INIT(ANCHOR_FILE_MAX);
	int rc = -1;

	if (file_read(path, &text) < 0)
		warning("cannot read '%s': %s", path, strerror(errno));
	else if (!has_anchor(buf_span(&text)))
		warning("'%s': no trust anchor in it", path);
	else if (ub_ctx_add_ta_file(context, path) != 0)
		warning("'%s': cannot be used", path);
	else
		rc = 0;
	buf_free(&text);
	return rc;
}

int
dns_configure(struct ub_ctx *context, const struct dns_config *config)
{
	size_t i;

	for (i = 0; i < nitems(options); i++)
		if (ub_ctx_set_option(
			context, options[i].name, options[i].value) != 0) {
			warning("libunbound does not know '%s %s'",
			    options[i].name, options[i].value);
			return -1;
		}
	if (config->anchor != NULL && set_anchors(context, config->anchor) < 0)
		return -1;
	return config->zone != NULL ? dns_zone_load(context, config->zone)
				    : set_servers(context, config->server);
}
