/* Whether a peer's manifest is believed: by real keys, in two directories. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/proc.h"
#include "node/limits.h"
#include "nodes.h"
#include "peer/import.h"
#include "test.h"

/* bob is the peer, mallory another one, and we are carol. */
static char ours_dir[] = "/tmp/import.XXXXXX",
	    bobs_dir[] = "/tmp/import.XXXXXX",
	    mallorys_dir[] = "/tmp/import.XXXXXX";
static struct openpgp *ours, *bobs, *mallorys;
static char bobs_key[OPENPGP_FINGERPRINT_SIZE];
static char mallorys_key[OPENPGP_FINGERPRINT_SIZE];

static struct buf text = BUF_INIT(NODE_FILE_MAX + 1);
static struct buf signature = BUF_INIT(OPENPGP_SIGNATURE_MAX);
static struct buf key = BUF_INIT(OPENPGP_KEY_MAX);

static struct openpgp *
node(char *keydir, const char *name, char fingerprint[OPENPGP_FINGERPRINT_SIZE])
{
	struct openpgp *openpgp;

	if (mkdtemp(keydir) == NULL)
		fatal("cannot make a directory");
	openpgp = openpgp_new(keydir);
	if (openpgp == NULL)
		fatal("there is no gpg");
	if (name != NULL &&
	    openpgp_make(openpgp, name, "b.example", fingerprint) != OPENPGP_OK)
		fatal("cannot make a key: %s", openpgp_why(openpgp));
	return openpgp;
}

/* Ends gpg-agent, and removes the directory. */
static void
drop(struct openpgp *openpgp, char *keydir)
{
	char *const end[] = {
	    "gpgconf", "--homedir", keydir, "--kill", "all", NULL};
	char *const clean[] = {"rm", "-rf", keydir, NULL};

	openpgp_free(openpgp);
	proc_wait(proc_spawn(end, 0, 1, -1, NULL));
	proc_wait(proc_spawn(clean, 0, 1, -1, NULL));
}

/* Bob's manifest of that serial, with these domains and lines. */
static void
write_manifest(const char *serial, const char *domains, const char *lines)
{
	buf_reset(&text);
	buf_addf(&text,
	    "node:\n  name: bob\n  host: b.example\n  domains: [%s]\n"
	    "  key: %s\n  serial: %s\n%s"
	    "mailboxes: {b: {matches: b}}\n",
	    domains, bobs_key, serial, lines);
}

/* Signs it. */
static void
sign(struct openpgp *by, const char *fingerprint)
{
	buf_reset(&signature);
	buf_reset(&key);
	if (openpgp_sign(by, buf_span(&text), &signature) != OPENPGP_OK ||
	    openpgp_export(by, fingerprint, &key) != OPENPGP_OK)
		fatal("cannot sign: %s", openpgp_why(by));
}

static enum import_result
import(void)
{
	struct parcel parcel = {
	    buf_span(&text), buf_span(&signature), buf_span(&key)};

	return import_parcel(ours, dir, "bob", &parcel);
}

static enum import_result
import_signed(const char *serial, const char *domains, const char *lines)
{
	write_manifest(serial, domains, lines);
	sign(bobs, bobs_key);
	return import();
}

static void
put_pin(const char *fingerprint, const char *reach)
{
	char pin[300];

	snprintf(pin, sizeof(pin),
	    "key: %s\ndomains: [bob.example, bobby.example]\n%s", fingerprint,
	    reach);
	put("bob.pin", pin);
}

/* We know bob and have nothing of him. */
static void
begin(void)
{
	put_carol(MANIFEST("carol", "  c: {matches: c}\n"));
	unlink(path_of("bob.yaml.sig"));
	unlink(path_of("bob.asc"));
	put_pin(bobs_key, "");
}

/* Whether what lies there is of this serial, whole. */
static bool
have(uint64_t serial)
{
	struct buf all = BUF_INIT(0);
	struct parcel parcel;
	bool good;

	good = import_serial(dir, "bob") == serial &&
	       parcel_load(&parcel, dir, "bob", &all) == 0 &&
	       openpgp_verify(ours, parcel.key, bobs_key, parcel.manifest,
		   parcel.signature) == OPENPGP_OK;
	buf_free(&all);
	return good;
}

static bool
have_nothing(void)
{
	return access(path_of("bob.yaml"), F_OK) < 0 &&
	       access(path_of("bob.yaml.sig"), F_OK) < 0 &&
	       import_serial(dir, "bob") == 0;
}

static void
test_newer_manifest_takes_the_old_ones_place(void)
{
	begin();
	CHECK(import_signed("7", "bob.example", "") == IMPORT_DONE);
	CHECK(have(7));
	CHECK(import() == IMPORT_OLD);
	CHECK(import_signed("8", "bob.example, bobby.example",
		  "  addresses: [192.0.2.1]\n") == IMPORT_DONE);
	CHECK(have(8));
	CHECK(import_signed("7", "bob.example", "") == IMPORT_OLD);
	CHECK(have(8));
	CHECK(import_signed("8", "bob.example", "") == IMPORT_REFUSED);
	CHECK(have(8));
	/* one that was put there by hand has no serial */
	put("bob.yaml", MANIFEST("bob", "  b: {matches: b}\n"));
	CHECK(import_signed("1", "bob.example", "") == IMPORT_DONE);
	CHECK(have(1));
}

static void
test_serial_goes_up_to_its_end(void)
{
	begin();
	CHECK(import_signed("9007199254740991", "bob.example", "") ==
	      IMPORT_DONE);
	CHECK(import_signed("9007199254740992", "bob.example", "") ==
	      IMPORT_REFUSED);
	CHECK(import_signed("1", "bob.example", "") == IMPORT_OLD);
	CHECK(have(9007199254740991));
}

static void
test_without_a_pin_nothing_is_believed(void)
{
	begin();
	unlink(path_of("bob.pin"));
	CHECK(import_signed("7", "bob.example", "") == IMPORT_REFUSED);
	CHECK(have_nothing());
	/* a pin that cannot be read is another matter, but no yes */
	put("bob.pin", "key: [");
	CHECK(import() == IMPORT_FAILED);
	unlink(path_of("bob.pin"));
	if (symlink("nowhere", path_of("bob.pin")) < 0)
		fatal("cannot make a link");
	CHECK(import() == IMPORT_FAILED);
	unlink(path_of("bob.pin"));
	CHECK(have_nothing());
}

static void
test_manifest_must_be_what_is_pinned(void)
{
	begin();
	CHECK(import_signed("7", "bob.example, carol.example", "") ==
	      IMPORT_REFUSED);
	CHECK(import_signed("7", "bob.example",
		  "  reach: ssh://root@localhost\n") == IMPORT_REFUSED);
	CHECK(import_signed("7", "bob.example", "  serial: 8\n") ==
	      IMPORT_REFUSED);
	CHECK(import_signed("0", "bob.example", "") == IMPORT_REFUSED);
	CHECK(
	    import_signed("7", "bob.example", "  more: x\n") == IMPORT_REFUSED);
	buf_reset(&text);
	buf_addf(&text,
	    "node: {name: bob, host: b.example, domains: [bob.example],\n"
	    "  key: %s}\nmailboxes: {b: {matches: b}}\n",
	    bobs_key);
	sign(bobs, bobs_key);
	CHECK(import() == IMPORT_REFUSED);
	buf_reset(&text);
	buf_adds(&text, MANIFEST("carol", "  b: {matches: .*}\n"));
	sign(bobs, bobs_key);
	CHECK(import() == IMPORT_REFUSED);
	write_manifest("7", "bob.example", "");
	memcpy(strstr(text.p, bobs_key), mallorys_key, 40);
	sign(bobs, bobs_key);
	CHECK(import() == IMPORT_REFUSED);
	CHECK(have_nothing());
	put_pin(bobs_key, "reach: ssh://b.example\n");
	CHECK(import_signed("7", "bob.example", "") == IMPORT_REFUSED);
	CHECK(import_signed("7", "bob.example", "  reach: ssh://b.example\n") ==
	      IMPORT_DONE);
	CHECK(have(7));
}

static void
test_pattern_that_is_a_bomb_is_bounded_or_refused(void)
{
	begin();
	CHECK(import_signed("7", "bob.example",
		  "mailboxes: {x: {matches: '((a{0,100}){0,100}){0,100}'}}\n"
		  "# ") == IMPORT_REFUSED);
	CHECK(have_nothing());
}

static void
test_signature_must_be_of_this_text_by_that_key(void)
{
	struct buf other = BUF_INIT(OPENPGP_SIGNATURE_MAX);

	begin();
	write_manifest("7", "bob.example", "");
	sign(mallorys, mallorys_key);
	CHECK(import() == IMPORT_REFUSED);
	/* her signature, and his key */
	buf_reset(&key);
	CHECK(openpgp_export(bobs, bobs_key, &key) == OPENPGP_OK);
	CHECK(import() == IMPORT_REFUSED);
	/* and the other way round */
	sign(bobs, bobs_key);
	buf_addspan(&other, buf_span(&key));
	buf_reset(&key);
	CHECK(openpgp_export(mallorys, mallorys_key, &key) == OPENPGP_OK);
	CHECK(import() == IMPORT_REFUSED);
	/* both keys in one file */
	buf_addspan(&key, buf_span(&other));
	CHECK(import() == IMPORT_REFUSED);
	/* his signature, of another text */
	sign(bobs, bobs_key);
	buf_adds(&text, "# more\n");
	CHECK(import() == IMPORT_REFUSED);
	write_manifest("8", "bob.example", "");
	CHECK(import() == IMPORT_REFUSED);
	/* none, and no key */
	write_manifest("7", "bob.example", "");
	buf_reset(&signature);
	buf_adds(&signature, "-----BEGIN PGP SIGNATURE-----\n\n"
			     "-----END PGP SIGNATURE-----\n");
	CHECK(import() == IMPORT_REFUSED);
	sign(bobs, bobs_key);
	buf_reset(&key);
	buf_adds(&key, "no key\n");
	CHECK(import() == IMPORT_REFUSED);
	CHECK(have_nothing());
	put_pin(mallorys_key, "");
	sign(bobs, bobs_key);
	CHECK(import() == IMPORT_REFUSED);
	CHECK(have_nothing());
	buf_free(&other);
}

static void
test_signature_with_any_octet_changed_is_no_use(void)
{
	size_t i, step;

	begin();
	write_manifest("7", "bob.example", "");
	sign(bobs, bobs_key);
	step = text.len / 9 + 1;
	for (i = 0; i < text.len; i += step) {
		text.p[i] ^= 1;
		CHECK(import() == IMPORT_REFUSED);
		text.p[i] ^= 1;
	}
	for (i = 40; i < signature.len - 40; i += signature.len / 5) {
		signature.p[i] ^= 1;
		CHECK(import() == IMPORT_REFUSED);
		signature.p[i] ^= 1;
	}
	CHECK(have_nothing());
	CHECK(import() == IMPORT_DONE);
}

static void
test_our_own_manifest_is_not_theirs_to_change(void)
{
	struct parcel parcel;

	begin();
	write_manifest("7", "bob.example", "");
	sign(bobs, bobs_key);
	unlink(path_of("self.yaml"));
	put("bob.yaml", MANIFEST("bob", "  b: {matches: b}\n"));
	if (symlink("bob.yaml", path_of("self.yaml")) < 0)
		fatal("cannot make a link");
	CHECK(import() == IMPORT_REFUSED);
	parcel = (struct parcel){
	    buf_span(&text), buf_span(&signature), buf_span(&key)};
	CHECK(import_parcel(ours, dir, "self", &parcel) == IMPORT_REFUSED);
	CHECK(import_parcel(ours, dir, "../bob", &parcel) == IMPORT_REFUSED);
	CHECK(import_parcel(ours, dir, ".bob", &parcel) == IMPORT_REFUSED);
	CHECK(import_parcel(ours, dir, "", &parcel) == IMPORT_REFUSED);
	CHECK(
	    import_parcel(ours, "/nonexistent", "bob", &parcel) != IMPORT_DONE);
}

static void
test_links_are_replaced_and_not_followed(void)
{
	struct buf old = BUF_INIT(10000);

	begin();
	put("zoe.yaml", "zoe");
	if (symlink("zoe.yaml", path_of("bob.yaml")) < 0 ||
	    symlink("zoe.yaml", path_of(".bob.yaml.new")) < 0 ||
	    symlink("zoe.yaml", path_of("bob.asc")) < 0)
		fatal("cannot make a link");
	CHECK(import_signed("7", "bob.example", "") == IMPORT_DONE);
	CHECK(have(7));
	CHECK(file_read(path_of("zoe.yaml"), &old) == 0 &&
	      span_is(buf_span(&old), "zoe"));
	buf_free(&old);
}

/* A directory in the place of a file stands for all that can fail. */
static void
test_last_good_one_stays_if_writing_fails(void)
{
	static const char *const files[] = {"bob.asc", "bob.yaml.sig"};
	size_t i;

	for (i = 0; i < nitems(files); i++) {
		begin();
		put("bob.yaml", MANIFEST("bob", "  b: {matches: b}\n"));
		mkdir(path_of(files[i]), 0700);
		CHECK(import_signed("7", "bob.example", "") == IMPORT_FAILED);
		rmdir(path_of(files[i]));
		CHECK(import_serial(dir, "bob") == 0);
		CHECK(access(path_of("bob.yaml"), F_OK) == 0);
		CHECK(import() == IMPORT_DONE);
		CHECK(have(7));
	}
	begin();
	mkdir(path_of("bob.yaml"), 0700);
	CHECK(import_signed("7", "bob.example", "") == IMPORT_FAILED);
	rmdir(path_of("bob.yaml"));
	CHECK(have_nothing() || import_serial(dir, "bob") == 0);
	CHECK(import() == IMPORT_DONE);
	CHECK(have(7));
}

/* A program in gpg's place, which does this and then what gpg does. */
static struct openpgp *
openpgp_that(const char *does)
{
	struct openpgp *openpgp;
	char script[300];

	snprintf(
	    script, sizeof(script), "#!/bin/sh\n%s\nexec gpg \"$@\"\n", does);
	put("x.yaml", script);
	chmod(path_of("x.yaml"), 0700);
	openpgp =
	    openpgp_new_with(ours_dir, path_of("x.yaml"), OPENPGP_WAIT_MS);
	if (openpgp == NULL)
		fatal("cannot use a script");
	openpgp_set_wait(openpgp, 500);
	return openpgp;
}

static void
test_gpg_that_hangs_or_dies_is_no_yes_and_no_no(void)
{
	static const char *const troubles[] = {
	    "case $* in *--version*) ;; *) exec sleep 30;; esac", "exit 1",
	    "kill -9 $$", "exec >/dev/null",
	    "case $* in *--verify*) kill -9 $$;; esac",
	    "case $* in *--import*) exec sleep 30;; esac",
	    "case $* in *--export*) exit 2;; esac"};
	struct openpgp *good = ours;
	size_t i;

	for (i = 0; i < nitems(troubles); i++) {
		begin();
		put("bob.yaml", MANIFEST("bob", "  b: {matches: b}\n"));
		write_manifest("7", "bob.example", "");
		sign(bobs, bobs_key);
		ours = openpgp_that(troubles[i]);
		CHECK(import() == IMPORT_FAILED);
		openpgp_free(ours);
		ours = good;
		CHECK(access(path_of("bob.yaml"), F_OK) == 0 &&
		      import_serial(dir, "bob") == 0);
		CHECK(import() == IMPORT_DONE);
		CHECK(have(7));
	}
}

int
main(void)
{
	err_init("import");
	umask(022);
	if (mkdtemp(dir) == NULL)
		fatal("cannot make a directory");
	ours = node(ours_dir, NULL, NULL);
	bobs = node(bobs_dir, "bob", bobs_key);
	mallorys = node(mallorys_dir, "mallory", mallorys_key);
	TEST(newer_manifest_takes_the_old_ones_place);
	TEST(serial_goes_up_to_its_end);
	TEST(without_a_pin_nothing_is_believed);
	TEST(manifest_must_be_what_is_pinned);
	TEST(pattern_that_is_a_bomb_is_bounded_or_refused);
	TEST(signature_must_be_of_this_text_by_that_key);
	TEST(signature_with_any_octet_changed_is_no_use);
	TEST(our_own_manifest_is_not_theirs_to_change);
	TEST(links_are_replaced_and_not_followed);
	TEST(last_good_one_stays_if_writing_fails);
	TEST(gpg_that_hangs_or_dies_is_no_yes_and_no_no);
	drop(ours, ours_dir);
	drop(bobs, bobs_dir);
	drop(mallorys, mallorys_dir);
	clear();
	unlink(path_of("bob.yaml.sig"));
	unlink(path_of("bob.asc"));
	rmdir(dir);
	buf_free(&text);
	buf_free(&signature);
	buf_free(&key);
	return test_end();
}
