/*
 * avgen: makes a database of signatures of nothing, as large as one likes, that
 * has the shape of ClamAV's own; the same arguments make the same octets.
 *
 * The shape is that of the published counts of main 62 and daily: half of the
 * hashes are of sections of PE programs (.mdb, size and MD5), 18 % MD5 of files
 * (.hdb) and 32 % SHA-256 of files (.hsb).  Of the signatures of bodies (.ndb,
 * .ldb) 75 % are for PE (target 1), 7 % for OLE2 (2), 6 % for any file (0), 4 %
 * for HTML (3), 3 % for text (7), 2 % for ELF (6), 1 % each for mail (4), PDF
 * (10) and Flash (11).  A logical one has 2 to 6 subsignatures, some with PCRE.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/scan.h"

#define COUNT_MAX 1000000000

static uint64_t state;

/* SplitMix64 (Steele, Lea, Flood 2014) */
static uint64_t
next(void)
{
	uint64_t n = state += 0x9e3779b97f4a7c15U;

	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9U;
	n = (n ^ n >> 27) * 0x94d049bb133111ebU;
	return n ^ n >> 31;
}

static unsigned
below(unsigned limit)
{
	return (unsigned)(next() % limit);
}

static FILE *
create(const char *directory, const char *name)
{
	struct buf path = BUF_INIT(4096);
	FILE *file;

	buf_addf(&path, "%s/%s", directory, name);
	file = fopen(buf_str(&path), "w");
	if (file == NULL)
		fatal("cannot make '%s': %s", buf_str(&path), strerror(errno));
	buf_free(&path);
	return file;
}

static void
finish(FILE *file)
{
	if (fclose(file) != 0)
		fatal("cannot write: %s", strerror(errno));
}

/* Random octets as hex digits. */
static void
put_hex(FILE *file, unsigned octets)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t bits = 0;
	char text[2];

	for (; octets > 0; octets--) {
		if (octets % 8 == 0 || bits == 0)
			bits = next();
		text[0] = digits[bits & 15];
		text[1] = digits[bits >> 4 & 15];
		bits >>= 8;
		fwrite(text, 1, sizeof(text), file);
	}
}

static void
put_name(FILE *file, uint64_t number)
{
	static const char *const kinds[] = {"Win.Trojan.Agent",
	    "Win.Malware.Generic", "Win.Downloader.Upatre", "Win.Virus.Virut",
	    "Win.Packed.Kryptik", "Doc.Dropper.Emotet", "Html.Phishing.Bank",
	    "Unix.Trojan.Mirai"};

	fprintf(
	    file, "%s-%" PRIu64, kinds[below(nitems(kinds))], 1000000 + number);
}

static unsigned
size_of_file(void)
{
	return 512 + below(1 << (10 + below(14)));
}

static unsigned
target(void)
{
	static const struct {
		unsigned percent, target;
	} shares[] = {{75, 1}, {6, 0}, {7, 2}, {4, 3}, {1, 4}, {3, 7}, {2, 6},
	    {1, 10}, {1, 11}};
	unsigned i, at = below(100);

	for (i = 0; at >= shares[i].percent; i++)
		at -= shares[i].percent;
	return shares[i].target;
}

static void
make_hashes(const char *directory, uint64_t count)
{
	FILE *sections = create(directory, "main.mdb");
	FILE *md5 = create(directory, "main.hdb");
	FILE *sha256 = create(directory, "main.hsb"), *file;
	uint64_t i;
	unsigned part;

	for (i = 0; i < count; i++) {
		part = below(100);
		file = part < 50 ? sections : part < 68 ? md5 : sha256;
		if (file == sections)
			fprintf(file, "%u:", 512 * (1 + below(2000)));
		put_hex(file, file == sha256 ? 32 : 16);
		if (file != sections)
			fprintf(file, ":%u", size_of_file());
		putc(':', file);
		put_name(file, i);
		putc('\n', file);
	}
	finish(sections);
	finish(md5);
	finish(sha256);
}

/* A pattern of octets, with a gap in every fourth. */
static void
put_pattern(FILE *file, unsigned octets)
{
	put_hex(file, octets);
	if (below(4) == 0) {
		fputs(below(2) == 0 ? "??" : "{-20}", file);
		put_hex(file, octets / 2 + 2);
	}
}

static void
make_bodies(const char *directory, uint64_t count)
{
	FILE *file = create(directory, "main.ndb");
	unsigned to;
	uint64_t i;

	for (i = 0; i < count; i++) {
		to = target();
		put_name(file, i);
		fprintf(file, ":%u:%s:", to,
		    to == 1 && below(3) == 0 ? "EP+0" : "*");
		put_pattern(file, 20 + below(80));
		putc('\n', file);
	}
	finish(file);
}

static void
make_logicals(const char *directory, uint64_t count)
{
	FILE *file = create(directory, "main.ldb");
	unsigned parts, part;
	uint64_t i;

	for (i = 0; i < count; i++) {
		parts = 2 + below(5);
		put_name(file, i);
		fprintf(file, ";Engine:81-255,Target:%u;0", target());
		for (part = 1; part < parts; part++)
			fprintf(file, "&%u", part);
		for (part = 0; part < parts; part++) {
			putc(';', file);
			if (part > 0 && part == parts - 1 && below(10) == 0)
				fprintf(file, "0/x%uy[a-z]{3,9}z\\d+/i",
				    below(1000000));
			else
				put_pattern(file, 8 + below(30));
		}
		putc('\n', file);
	}
	finish(file);
}

static uint64_t
number(const char *text)
{
	struct scan scan;
	uint64_t n;

	scan_init(&scan, span_of(text));
	n = scan_number(&scan, COUNT_MAX);
	if (!scan_ok(&scan))
		fatal("'%s': not a number up to %d", text, COUNT_MAX);
	return n;
}

int
main(int argc, char **argv)
{
	err_init(argv[0]);
	if (argc < 5 || argc > 6)
		usage_exit("directory hashes ndb ldb [seed]");
	state = argc > 5 ? number(argv[5]) : 1;
	make_hashes(argv[1], number(argv[2]));
	make_bodies(argv[1], number(argv[3]));
	make_logicals(argv[1], number(argv[4]));
	return STATUS_OK;
}
