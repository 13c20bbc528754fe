#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "node/set.h"
#include "peer/overview.h"
#include "peer/parcel.h"

#define DAY 86400

/* Whether the signature of a member's manifest is good, as a word. */
static const char *
signature_of(const char *dir, struct openpgp *openpgp,
    const struct member *member, struct parcel *parcel, struct buf *text)
{
	const struct manifest *manifest = member->manifest;

	if (parcel_load(parcel, dir, manifest->name, text) < 0)
		return errno == ENOENT ? "unsigned" : "unchecked";
	if (openpgp == NULL || manifest->key == NULL)
		return "unchecked";
	switch (openpgp_verify(openpgp, parcel->key, manifest->key,
	    parcel->manifest, parcel->signature)) {
	case OPENPGP_OK:
		return "signed";
	case OPENPGP_TROUBLE:
		return "unchecked";
	default:
		return "bad";
	}
}

/* When its key ends: a day, or a word. */
static void
put_end(struct openpgp *openpgp, const struct manifest *manifest,
    const struct parcel *parcel)
{
	struct tm day;
	int64_t when;
	time_t end;

	if (openpgp == NULL || parcel->key.len == 0 || manifest->key == NULL ||
	    openpgp_expires(openpgp, parcel->key, manifest->key, &when) !=
		OPENPGP_OK) {
		printf("-");
		return;
	}
	end = (time_t)when;
	if (when == INT64_MAX || gmtime_r(&end, &day) == NULL)
		printf("never");
	else
		printf("%04d-%02d-%02d", day.tm_year + 1900, day.tm_mon + 1,
		    day.tm_mday);
}

/* How many days ago its manifest was written. */
static int64_t
age_of(const struct manifest *manifest, time_t now)
{
	struct stat status;

	if (stat(manifest->file, &status) < 0 || status.st_mtime > now)
		return 0;
	return (now - status.st_mtime) / DAY;
}

static void
put_member(const char *dir, struct openpgp *openpgp, const struct nodes *nodes,
    const struct member *member)
{
	const struct manifest *manifest = member->manifest;
	struct parcel parcel = {{0}, {0}, {0}};
	struct buf text = BUF_INIT(0);
	const char *signature;
	size_t i;

	signature = signature_of(dir, openpgp, member, &parcel, &text);
	printf("%s\t%" PRIu64 "\t", manifest->name, manifest->serial);
	for (i = 0; i < manifest->domain_count; i++)
		printf("%s%s", i > 0 ? "," : "", manifest->domains[i].name);
	printf("\t%s\t%s\t%s\t%" PRId64 "\t",
	    manifest->key != NULL ? manifest->key : "-",
	    member == nodes->self ? "own"
	    : member->pin != NULL ? "pinned"
				  : "by-hand",
	    signature, age_of(manifest, time(NULL)));
	put_end(openpgp, manifest, &parcel);
	printf("\n");
	buf_free(&text);
}

int
overview_print(const char *dir, struct openpgp *openpgp)
{
	struct nodes *nodes;
	size_t i, broken;

	nodes = nodes_read(dir, NULL, &broken);
	if (nodes == NULL)
		return STATUS_DEFER;
	for (i = 0; i < nodes->count; i++)
		put_member(dir, openpgp, nodes, &nodes->members[i]);
	nodes_free(nodes);
	return broken == 0 ? STATUS_OK : STATUS_DEFER;
}
