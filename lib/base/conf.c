#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/scan.h"

int
conf_parse_size(const char *text, uint64_t *octets)
{
	struct scan scan;
	unsigned shift;
	uint64_t n;

	scan_init(&scan, span_of(text));
	n = scan_number(&scan, UINT64_MAX >> 30);
	shift = scan_maybe(&scan, 'K')   ? 10
		: scan_maybe(&scan, 'M') ? 20
		: scan_maybe(&scan, 'G') ? 30
					 : 0;
	if (!scan_ok(&scan))
		return -1;
	*octets = n << shift;
	return 0;
}

int
conf_parse_seconds(const char *text, uint64_t *milliseconds)
{
	struct scan scan;
	uint64_t ms, unit;
	int c;

	scan_init(&scan, span_of(text));
	ms = scan_number(&scan, UINT32_MAX) * 1000;
	if (scan_maybe(&scan, '.')) {
		for (unit = 100; unit > 0; unit /= 10) {
			c = scan_peek(&scan);
			if (c < '0' || c > '9')
				break;
			scan.p++;
			ms += (uint64_t)(c - '0') * unit;
		}
		if (unit == 100)
			scan_fail(&scan);
	}
	if (!scan_ok(&scan))
		return -1;
	*milliseconds = ms;
	return 0;
}

static void
print_number(const struct conf_option *option)
{
	uint64_t n = *(uint64_t *)option->value;

	if (option->kind == CONF_SECONDS && n % 1000 != 0)
		printf("%" PRIu64 ".%03" PRIu64, n / 1000, n % 1000);
	else if (option->kind == CONF_SECONDS)
		printf("%" PRIu64, n / 1000);
	else if (option->kind == CONF_SIZE && n > 0 && n % (1 << 20) == 0)
		printf("%" PRIu64 "M", n >> 20);
	else
		printf("%" PRIu64, n);
}

_Noreturn static void
print_table(const struct conf_option *options, size_t count)
{
	const char *text;
	size_t i;

	for (i = 0; i < count; i++) {
		printf("%s=", options[i].name);
		if (options[i].kind == CONF_TEXT) {
			text = *(const char **)options[i].value;
			fputs(text != NULL ? text : "", stdout);
		} else
			print_number(&options[i]);
		printf("\t%s\n", options[i].help);
	}
	if (fflush(stdout) != 0 || ferror(stdout))
		fatal("cannot write: %s", strerror(errno));
	exit(STATUS_OK);
}

void
conf_set(const struct conf_option *options, size_t count, const char *argument)
{
	const struct conf_option *option;
	const char *equals, *text;
	struct scan scan;
	uint64_t n = 0;
	int bad = 0;

	if (strcmp(argument, "help") == 0)
		print_table(options, count);
	equals = strchr(argument, '=');
	if (equals == NULL)
		fatal("-o '%s': not of the form name=value", argument);
	text = equals + 1;
	for (option = options; option < options + count; option++)
		if (span_eq(span_of(option->name),
			(struct span){argument, (size_t)(equals - argument)}))
			break;
	if (option == options + count)
		fatal("-o '%s': no such option", argument);
	switch (option->kind) {
	case CONF_TEXT:
		*(const char **)option->value = text;
		return;
	case CONF_SIZE:
		bad = conf_parse_size(text, &n);
		break;
	case CONF_SECONDS:
		bad = conf_parse_seconds(text, &n);
		break;
	case CONF_COUNT:
		scan_init(&scan, span_of(text));
		n = scan_number(&scan, UINT64_MAX);
		bad = scan_ok(&scan) ? 0 : -1;
		break;
	}
	if (bad != 0)
		fatal("-o '%s': not a value of that kind", argument);
	if (n < option->min || n > option->max)
		fatal("-o '%s': out of range", argument);
	*(uint64_t *)option->value = n;
}

const char *
conf_environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : otherwise;
}
