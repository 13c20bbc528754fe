/*
 * dns: asks what the arguments say, one question after the other, and prints a
 * line for each answer: "NAME TYPE STATE SECURITY TTL", then the records as
 * hexadecimal digits, or the reason in brackets.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/scan.h"
#include "net/dns.h"

static const char *const states[] = {"found", "empty", "no-name", "failed"};
static const char *const securities[] = {"insecure", "secure", "bogus"};

static unsigned
number(const char *text)
{
	struct scan scan;
	uint64_t n;

	scan_init(&scan, span_of(text));
	n = scan_number(&scan, UINT16_MAX);
	if (!scan_ok(&scan))
		fatal("'%s': not a type", text);
	return (unsigned)n;
}

static void
ask(struct dns *dns, const char *name, const char *type)
{
	struct dns_answer answer;
	size_t i, k;

	dns_resolve(dns, name, number(type), &answer);
	printf("%s %s %s %s %u", name, type, states[answer.state],
	    securities[answer.security], (unsigned)answer.ttl);
	for (i = 0; i < answer.count; i++) {
		putchar(' ');
		for (k = 0; k < answer.records[i].len; k++)
			printf("%02x", (unsigned char)answer.records[i].p[k]);
	}
	if (answer.state == DNS_FAILED)
		printf(" [%s]", answer.reason);
	putchar('\n');
	fflush(stdout);
	dns_answer_free(&answer);
}

int
main(int argc, char **argv)
{
	struct dns_config config = {.timeout = 5000};
	struct dns *dns;
	int c;

	err_init(argv[0]);
	while ((c = getopt(argc, argv, "a:s:t:z:")) != -1)
		switch (c) {
		case 'a':
			config.anchor = optarg;
			break;
		case 's':
			config.server = optarg;
			break;
		case 't':
			if (conf_parse_seconds(optarg, &config.timeout) < 0)
				fatal("'%s': not seconds", optarg);
			break;
		case 'z':
			config.zone = optarg;
			break;
		default:
			usage_exit("[-a anchors] [-s server] [-t seconds] "
				   "[-z zone] [name type]...");
		}
	dns = dns_open(&config);
	if (dns == NULL)
		return STATUS_DEFER;
	for (; optind + 1 < argc; optind += 2)
		ask(dns, argv[optind], argv[optind + 1]);
	dns_free(dns);
	return STATUS_OK;
}
