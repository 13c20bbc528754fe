/*
 * err: what the operator reads, and how a program ends.
 *
 * Every message is one line on standard error, written with one write(2), as
 * "prog: fatal: text".  Whatever is not printable ASCII or valid UTF-8 becomes
 * '?', so that nobody outside can forge a line.  There is no time stamp:
 * s6-log and the journal add theirs.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

/* Exit status of every pimail program; see pimail(7). */
enum {
	STATUS_OK = 0,       /* pass, or done */
	STATUS_STOP = 99,    /* done, and nothing shall follow */
	STATUS_REJECT = 100, /* permanent no */
	STATUS_DEFER = 111   /* try later: also every mistake of our own */
};

#define ERR_LINE_MAX 1024 /* octets of one line; the rest is cut off */

#define ERR_VERSION "pimail 0.1"

/* Names the program; argv0 must outlive it.  Ignores SIGPIPE as well, so that
 * a closed pipe is an error code and not a silent death, and silences
 * getopt(3), for usage_exit() speaks. */
void err_init(const char *argv0);

/* From here on the program ends as sysexits(3) has it, for mail servers that
 * read a status so: 99 becomes 0, 100 EX_UNAVAILABLE (69), 111 EX_TEMPFAIL
 * (75).  err_status() maps a status that main returns; fatal() and usage_exit()
 * do so by themselves. */
void err_use_sysexits(void);
int err_status(int status);

/* Prints and exits with STATUS_DEFER.  If errno matters, the caller puts
 * strerror(errno) into the text. */
_Noreturn void fatal(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

void warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A log event: "key=value ..." as it is, without the program's name; the
 * convention is that id= comes first. */
void event(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Makes octets what may stand in such a line, in place. */
void err_printable(char *p, size_t len);

/* What getopt(3) does not know ends here: prints "usage: prog args" and exits
 * with STATUS_DEFER, since a typo in a run script must never bounce mail.  If
 * it was -h that was not known, the same on standard output and 0; if it was
 * -V, the version. */
_Noreturn void usage_exit(const char *args);

#endif
