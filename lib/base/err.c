#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"

static const char *program = "pimail";
static bool sysexits;

void
err_init(const char *argv0)
{
	const char *slash;

	if (argv0 != NULL) {
		slash = strrchr(argv0, '/');
		program = slash != NULL ? slash + 1 : argv0;
	}
	opterr = 0;
	signal(SIGPIPE, SIG_IGN);
}

void
err_use_sysexits(void)
{
	sysexits = true;
}

int
err_status(int status)
{
	if (!sysexits)
		return status;
	switch (status) {
	case STATUS_OK:
	case STATUS_STOP:
		return EX_OK;
	case STATUS_REJECT:
		return EX_UNAVAILABLE;
	default:
		return EX_TEMPFAIL;
	}
}

/* Length of the valid UTF-8 sequence of a printable character at p, or 0. */
static size_t
printable(const unsigned char *p, size_t left)
{
	size_t i, len;

	if (*p >= 0x20 && *p < 0x7f)
		return 1;
	len = *p >= 0xf0 && *p < 0xf5 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc3 ? 2 : 0;
	if (*p >= 0xf5 || len == 0 || len > left)
		return 0;
	for (i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* no surrogates, overlong forms, or bidirectional and line controls */
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] >= 0xa0) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xe2 && p[1] <= 0x81))
		return 0;
	return len;
}

void
err_printable(char *p, size_t len)
{
	size_t i, step;

	for (i = 0; i < len; i += step) {
		step = printable((unsigned char *)p + i, len - i);
		if (step == 0) {
			p[i] = '?';
			step = 1;
		}
	}
}

__attribute__((format(printf, 2, 0))) static void
put_line(const char *kind, const char *fmt, va_list ap)
{
	char line[ERR_LINE_MAX + 1];
	size_t len = 0;
	int n;

	if (kind != NULL) {
		n = snprintf(line, sizeof(line), "%s: %s: ", program, kind);
		len = n < 0 ? 0 : (size_t)n;
		if (len >= sizeof(line))
			len = 0;
	}
	n = vsnprintf(line + len, sizeof(line) - len, fmt, ap);
	if (n > 0)
		len += strlen(line + len);
	err_printable(line, len);
	line[len++] = '\n';
	/* nobody is left to tell if standard error is gone */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

void
fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line("fatal", fmt, ap);
	va_end(ap);
	exit(err_status(STATUS_DEFER));
}

void
warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line("warning", fmt, ap);
	va_end(ap);
}

void
info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line("info", fmt, ap);
	va_end(ap);
}

void
event(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(NULL, fmt, ap);
	va_end(ap);
}

void
usage_exit(const char *args)
{
	char text[ERR_LINE_MAX];
	bool asked = optopt == 'h' || optopt == 'V';

	if (optopt == 'V')
		snprintf(text, sizeof(text), "%s\n", ERR_VERSION);
	else
		snprintf(text, sizeof(text), "usage: %s %s\n", program, args);
	if (write(asked ? STDOUT_FILENO : STDERR_FILENO, text, strlen(text)) <
	    0)
		asked = false;
	exit(asked ? STATUS_OK : err_status(STATUS_DEFER));
}
