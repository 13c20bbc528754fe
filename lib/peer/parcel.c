#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/scan.h"
#include "node/limits.h"
#include "node/nodefile.h"
#include "peer/parcel.h"
#include "seal/openpgp.h"

#define MAGIC "pimail-manifest 1\n"

/* A part of a parcel. */
struct part {
	const char *name;
	const char *suffix; /* of its file */
	size_t max;
	size_t offset; /* of its span in struct parcel */
};

#define PARTS 3

static const struct part parts[PARTS] = {
    {"manifest", NODEFILE_MANIFEST, NODE_FILE_MAX,
	offsetof(struct parcel, manifest)},
    {"signature", NODEFILE_SIGNATURE, OPENPGP_SIGNATURE_MAX,
	offsetof(struct parcel, signature)},
    {"key", NODEFILE_KEY, OPENPGP_KEY_MAX, offsetof(struct parcel, key)},
};

static struct span *
span_at(struct parcel *parcel, const struct part *part)
{
	return (struct span *)((char *)parcel + part->offset);
}

static const struct span *
span_in(const struct parcel *parcel, const struct part *part)
{
	return (const struct span *)((const char *)parcel + part->offset);
}

bool
parcel_write(const struct parcel *parcel, struct buf *text)
{
	size_t i, len;

	buf_adds(text, MAGIC);
	for (i = 0; i < PARTS; i++) {
		len = span_in(parcel, &parts[i])->len;
		if (len == 0 || len > parts[i].max)
			return false;
		buf_addf(text, "%s: %zu\n", parts[i].name, len);
	}
	buf_add(text, "\n", 1);
	for (i = 0; i < PARTS; i++)
		buf_addspan(text, *span_in(parcel, &parts[i]));
	return !text->full;
}

int
parcel_read(struct parcel *parcel, struct span text)
{
	struct scan scan;
	struct span rest;
	size_t i, sum = 0;

	scan_init(&scan, text);
	scan_text(&scan, MAGIC);
	for (i = 0; i < PARTS; i++) {
		scan_text(&scan, parts[i].name);
		scan_text(&scan, ": ");
		span_at(parcel, &parts[i])->len =
		    (size_t)scan_number(&scan, parts[i].max);
		scan_char(&scan, '\n');
		sum += span_at(parcel, &parts[i])->len;
		if (span_at(parcel, &parts[i])->len == 0)
			scan_fail(&scan);
	}
	scan_char(&scan, '\n');
	rest = scan_rest(&scan);
	if (!scan_ok(&scan) || rest.len != sum) {
		*parcel = (struct parcel){0};
		errno = EBADMSG;
		return -1;
	}
	for (i = 0; i < PARTS; i++) {
		span_at(parcel, &parts[i])->p = rest.p;
		rest = span_from(rest, span_at(parcel, &parts[i])->len);
	}
	return 0;
}

/* Appends a part's file.  0, or -1 with errno. */
static int
load_part(const struct part *part, const char *dir, const char *name,
    struct buf *text)
{
	char *path = nodefile_path(dir, name, part->suffix);
	size_t before = text->len;
	int rc, saved;

	rc = file_read_regular(path, text);
	saved = errno;
	free(path);
	errno = saved;
	if (rc < 0)
		return -1;
	if (text->len - before > part->max) {
		errno = EMSGSIZE;
		return -1;
	}
	return 0;
}

int
parcel_load(
    struct parcel *parcel, const char *dir, const char *name, struct buf *text)
{
	size_t ends[PARTS], start = 0, i;

	buf_free(text);
	buf_init(text, PARCEL_MAX + FILE_READ_ROOM);
	for (i = 0; i < PARTS; i++) {
		if (load_part(&parts[i], dir, name, text) < 0)
			return -1;
		ends[i] = text->len;
	}
	/* only now it stays where it is */
	for (i = 0; i < PARTS; i++) {
		*span_at(parcel, &parts[i]) =
		    (struct span){text->p + start, ends[i] - start};
		start = ends[i];
	}
	return 0;
}
