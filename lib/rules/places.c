#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "rules/places.h"

#define UPDATED "/var/lib/spamassassin/4.000001"
#define SHIPPED "/usr/share/spamassassin"
#define LOCAL "/etc/spamassassin"
#define PATH_LEN_MAX 4096

/* From the directory of the program: where it is installed, and where it is
 * built. */
static const char *const own[] = {"/../share/pimail/rules", "/../share/rules"};

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static const char *
own_directory(struct arena *arena)
{
	char self[PATH_LEN_MAX];
	struct buf path = BUF_INIT(PATH_LEN_MAX);
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self));
	const char *found = NULL;
	size_t i;

	while (len > 0 && self[len - 1] != '/')
		len--;
	for (i = 0; len > 1 && i < nitems(own) && found == NULL; i++) {
		buf_reset(&path);
		buf_add(&path, self, (size_t)len - 1);
		if (buf_adds(&path, own[i]) && is_directory(buf_str(&path)))
			found = arena_copy(arena, buf_span(&path)).p;
	}
	buf_free(&path);
	return found;
}

size_t
rules_default_directories(
    struct arena *arena, const char *list[RULES_DIRECTORIES_MAX])
{
	size_t count = 0;
	const char *rules;

	if (is_directory(UPDATED))
		rules = UPDATED;
	else if (is_directory(SHIPPED))
		rules = SHIPPED;
	else
		rules = own_directory(arena);
	if (rules != NULL)
		list[count++] = rules;
	if (is_directory(LOCAL))
		list[count++] = LOCAL;
	return count;
}
