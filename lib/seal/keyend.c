#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/file.h"
#include "seal/keyend.h"

#define DAY 86400

/* When it ends.  0, or -1 if that cannot be told. */
static int
end_of(struct openpgp *openpgp, const char *file, const char *fingerprint,
    int64_t *when)
{
	struct buf key = BUF_INIT(OPENPGP_KEY_MAX);
	bool have;

	have = file != NULL
		   ? file_read(file, &key) == 0
		   : openpgp_export(openpgp, fingerprint, &key) == OPENPGP_OK;
	have = have && openpgp_expires(openpgp, buf_span(&key), fingerprint,
			   when) == OPENPGP_OK;
	buf_free(&key);
	return have ? 0 : -1;
}

void
keyend_look(struct keyend *keyend, struct openpgp *openpgp, const char *whose,
    const char *file, const char *fingerprint)
{
	int64_t now = (int64_t)time(NULL), end;
	uint32_t today = (uint32_t)(now / DAY), *day;
	struct span key = span_of(fingerprint);

	if (map_get(&keyend->looked, key) == today)
		return;
	if (map_get(&keyend->looked, key) == 0)
		key = arena_copy(&keyend->arena, key);
	day = map_at(&keyend->looked, &keyend->arena, key);
	*day = today;
	if (end_of(openpgp, file, fingerprint, &end) < 0 || end < now)
		return;
	if ((uint64_t)(end - now) / DAY < keyend->days)
		warning("the key %s of '%s' ends in %" PRId64 " days",
		    fingerprint, whose, (end - now) / DAY);
}
