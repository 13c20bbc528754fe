/* The two halves of nodes_load(): one opens the manifests, one parses them. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "node/limits.h"
#include "nodes.h"
#include "test.h"

/* Builds from a bundle, which is closed.  What was said is in told. */
static struct nodes *
build(int fd, const struct nodes *old, size_t *broken, struct buf *told)
{
	struct bundle bundle;
	struct nodes *nodes;
	int saved = dup(STDERR_FILENO), file;

	file = open(path_of("told"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (saved < 0 || file < 0 || bundle_open(&bundle, fd) < 0)
		fatal("cannot open what a test needs");
	close(fd);
	dup2(file, STDERR_FILENO);
	nodes = nodes_build(&bundle, dir, old, broken);
	dup2(saved, STDERR_FILENO);
	close(file);
	close(saved);
	bundle_close(&bundle);
	buf_reset(told);
	if (file_read(path_of("told"), told) < 0)
		fatal("cannot read what was told");
	unlink(path_of("told"));
	return nodes;
}

static int
gather(void)
{
	int fd = bundle_create();

	CHECK(nodes_gather(dir, fd) == 0);
	return fd;
}

/* Whether "DIR/FILE: text" was told. */
static bool
tells(const struct buf *told, const char *file, const char *text)
{
	struct buf line = BUF_INIT(1000);
	bool found;

	buf_addf(&line, "%s:1: %s\n", path_of(file), text);
	found = strstr(buf_str(told), buf_str(&line)) != NULL;
	buf_free(&line);
	return found;
}

static void
test_what_was_gathered_is_built_without_the_files(void)
{
	struct buf told = BUF_INIT(10000);
	struct nodes *nodes;
	size_t broken;
	int fd;

	put_carol(MANIFEST("carol", "  c: {matches: c}\n"));
	put("bob.yaml", MANIFEST("bob", "  b: {matches: b}\n"));
	fd = bundle_create();
	CHECK(bundle_add(fd, "/key", "/etc/passwd", 10000) == 0);
	CHECK(nodes_gather(dir, fd) == 0);
	CHECK(bundle_add(fd, "zoe.txt", path_of("bob.yaml"), 10000) == 0);
	clear();
	nodes = build(fd, NULL, &broken, &told);
	CHECK(broken == 0 && told.len == 0);
	CHECK(asks(nodes, "c@carol.example", "c"));
	CHECK(asks(nodes, "b@bob.example", "backup b"));
	CHECK(asks(nodes, "x@unknown.example", "550 5.7.1"));
	CHECK(strcmp(nodes_self(nodes), "carol") == 0);
	nodes_free(nodes);
	CHECK(nodes_gather("/nonexistent", -1) < 0);
	CHECK(nodes_gather(dir, -1) < 0);
	buf_free(&told);
}

static void
test_what_cannot_be_gathered_is_broken(void)
{
	static const char good[] = MANIFEST("zoe", "  z: {matches: z}\n");
	struct buf told = BUF_INIT(10000);
	struct nodes *nodes, *next;
	char large[NODE_FILE_MAX + 2];
	size_t broken;
	int fd;

	put_carol(MANIFEST("carol", "  c: {matches: c}\n"));
	memset(large, '#', NODE_FILE_MAX + 1);
	memcpy(large, good, sizeof(good) - 1);
	large[NODE_FILE_MAX + 1] = '\0';
	put("alice.yaml", large);
	large[NODE_FILE_MAX] = '\0';
	put("zoe.yaml", large);
	put("bob.yaml", MANIFEST("bob", "  b: {matches: b}\n"));
	if (mkfifo(path_of("x.yaml"), 0600) < 0 ||
	    symlink("nowhere", path_of("dave.yaml")) < 0 ||
	    chmod(path_of("bob.yaml"), 0) < 0 || chmod(dir, 0755) < 0)
		fatal("cannot make files");
	if (geteuid() == 0 && seteuid(65534) < 0)
		fatal("cannot become somebody else");
	fd = gather();
	if (getuid() == 0 && seteuid(0) < 0)
		fatal("cannot become root again");
	nodes = build(fd, NULL, &broken, &told);
	CHECK(broken == 4);
	CHECK(tells(&told, "alice.yaml", "larger than 262144 octets"));
	CHECK(tells(&told, "bob.yaml", "cannot read it: Permission denied"));
	CHECK(tells(
	    &told, "dave.yaml", "cannot read it: No such file or directory"));
	CHECK(tells(&told, "x.yaml", "cannot read it: not a file"));
	CHECK(asks(nodes, "c@carol.example", "c"));
	CHECK(asks(nodes, "z@zoe.example", "backup z"));
	CHECK(asks(nodes, "b@bob.example", "451 4.3.0"));
	/* a good one stays if the next cannot be read */
	chmod(path_of("bob.yaml"), 0600);
	put("zoe.yaml", "node: [");
	next = build(gather(), nodes, &broken, &told);
	nodes_free(nodes);
	CHECK(broken == 4);
	CHECK(asks(next, "b@bob.example", "backup b"));
	CHECK(asks(next, "z@zoe.example", "backup z"));
	nodes_free(next);
	buf_free(&told);
}

static void
test_self_may_be_outside_of_the_directory(void)
{
	struct buf told = BUF_INIT(10000);
	struct nodes *nodes, *next;
	char outside[200];
	size_t broken;

	put_carol(MANIFEST("carol", "  inside: {matches: c}\n"));
	snprintf(outside, sizeof(outside), "%s.carol", dir);
	if (rename(path_of("carol.yaml"), outside) < 0 ||
	    unlink(path_of("self.yaml")) < 0 ||
	    symlink(outside, path_of("self.yaml")) < 0)
		fatal("cannot move a file");
	put("bob.yaml", MANIFEST("bob", "  b: {matches: b}\n"));
	nodes = build(gather(), NULL, &broken, &told);
	CHECK(broken == 0 && told.len == 0);
	CHECK(asks(nodes, "c@carol.example", "inside"));
	CHECK(asks(nodes, "b@bob.example", "backup b"));
	/* a second one of that name is not used */
	put("carol.yaml", MANIFEST("carol", "  other: {matches: c}\n"));
	next = build(gather(), nodes, &broken, &told);
	nodes_free(nodes);
	CHECK(broken == 1);
	CHECK(
	    tells(&told, "carol.yaml", "node 'carol' is in self.yaml already"));
	CHECK(asks(next, "c@carol.example", "inside"));
	/* when it is gone, the one that was good stays our own node's name */
	unlink(outside);
	nodes = build(gather(), next, &broken, &told);
	nodes_free(next);
	CHECK(broken == 1);
	CHECK(tells(
	    &told, "self.yaml", "cannot read it: No such file or directory"));
	CHECK(asks(nodes, "c@carol.example", "other"));
	CHECK(strcmp(nodes_self(nodes), "carol") == 0);
	nodes_free(nodes);
	buf_free(&told);
}

/* A bundle with a good self.yaml and these others, which are not there. */
static int
bundle_of(const char *const *names, size_t count)
{
	int fd = bundle_create();
	size_t i;

	put_carol(MANIFEST("carol", "  c: {matches: c}\n"));
	CHECK(bundle_add(fd, "self.yaml", path_of("carol.yaml"), 1000) == 0);
	for (i = 0; i < count; i++)
		CHECK(bundle_add(fd, names[i], "/nonexistent", 0) == 0);
	return fd;
}

static void
test_a_bundle_that_nobody_gathered_is_not_built(void)
{
	static const char *const twice[] = {"a.yaml", "b.yaml", "b.yaml"};
	static char texts[NODE_NODES_MAX + 1][16];
	const char *names[NODE_NODES_MAX + 1];
	struct buf told = BUF_INIT(1000000);
	struct nodes *nodes;
	size_t broken, i;
	int fd;

	nodes = build(bundle_of(twice, 2), NULL, &broken, &told);
	CHECK(nodes != NULL && broken == 2);
	nodes_free(nodes);
	CHECK(build(bundle_of(twice, 3), NULL, &broken, &told) == NULL);
	CHECK(strstr(buf_str(&told), "cannot read the bundle of '/tmp/"));
	for (i = 0; i <= NODE_NODES_MAX; i++) {
		snprintf(texts[i], sizeof(texts[i]), "n%04zu.yaml", i);
		names[i] = texts[i];
	}
	nodes = build(bundle_of(names, i - 1), NULL, &broken, &told);
	CHECK(nodes != NULL && broken == NODE_NODES_MAX);
	nodes_free(nodes);
	CHECK(build(bundle_of(names, i), NULL, &broken, &told) == NULL);
	fd = bundle_of(twice, 2);
	if (ftruncate(fd, lseek(fd, 0, SEEK_END) - 1) < 0)
		fatal("cannot cut a bundle off");
	CHECK(build(fd, NULL, &broken, &told) == NULL);
	CHECK(build(bundle_create(), NULL, &broken, &told) == NULL);
	buf_free(&told);
}

int
main(void)
{
	err_init("gather");
	if (mkdtemp(dir) == NULL)
		fatal("cannot make a directory");
	TEST(what_was_gathered_is_built_without_the_files);
	TEST(what_cannot_be_gathered_is_broken);
	TEST(self_may_be_outside_of_the_directory);
	TEST(a_bundle_that_nobody_gathered_is_not_built);
	clear();
	rmdir(dir);
	return test_end();
}
