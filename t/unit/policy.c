/* policy: kinds by name and by content, and what is done with them. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "scan/policy.h"
#include "test.h"

static void
test_the_default_tags_every_kind_and_nothing_else(void)
{
	struct policy policy;
	int kind;

	policy_default(&policy, false);
	CHECK(policy_judge(&policy, REPORT_OTHER, span_of("a.pdf")) ==
	      POLICY_PASS);
	for (kind = REPORT_EXECUTABLE; kind <= REPORT_ENCRYPTED; kind++)
		CHECK(policy_judge(&policy, (enum report_kind)kind,
			  (struct span){NULL, 0}) == POLICY_TAG);
	policy_free(&policy);
	policy_default(&policy, true);
	CHECK(policy_judge(&policy, REPORT_EXECUTABLE, span_of("")) ==
	      POLICY_REJECT);
	CHECK(policy_judge(&policy, REPORT_OTHER, span_of("a.exe")) ==
	      POLICY_REJECT);
	CHECK(policy_judge(&policy, REPORT_SCRIPT, span_of("a.exe")) ==
	      POLICY_REJECT);
	CHECK(policy_judge(&policy, REPORT_MACRO, span_of("a.doc")) ==
	      POLICY_TAG);
	policy_free(&policy);
}

/* Reads a policy behind the default.  The line that is wrong, or 0. */
static unsigned
reads(struct policy *policy, const char *text)
{
	unsigned line;

	policy_default(policy, false);
	if (policy_read(policy, span_of(text), &line) == 0)
		return 0;
	return errno == EINVAL ? line : 9999;
}

static void
check_judge(const char *text, enum report_kind kind, const char *name,
    enum policy_action want)
{
	struct policy policy;

	CHECK(reads(&policy, text) == 0);
	CHECK(policy_judge(&policy, kind, span_of(name)) == want);
	policy_free(&policy);
}

static void
test_the_last_line_that_fits_decides(void)
{
	static const char text[] = "# ours\n"
				   "\n"
				   "reject  *.iso   # no images\n"
				   "\tpass macro\r\n"
				   "quarantine macro\n"
				   "pass report-*.docm\n"
				   "reject a#b.*\n"
				   "reject *.[xy]z\n"
				   "tag bill of lading.*";

	check_judge(text, REPORT_OTHER, "a.ISO", POLICY_REJECT);
	check_judge(text, REPORT_DISK, "b.iso. ", POLICY_REJECT);
	check_judge(text, REPORT_DISK, "b.img", POLICY_TAG);
	check_judge(text, REPORT_MACRO, "a.docm", POLICY_QUARANTINE);
	check_judge(text, REPORT_MACRO, "Report-3.docm", POLICY_PASS);
	check_judge(text, REPORT_OTHER, "dir/a.iso", POLICY_REJECT);
	check_judge(text, REPORT_OTHER, "a#b.txt", POLICY_REJECT);
	check_judge(text, REPORT_OTHER, "a.Xz", POLICY_REJECT);
	check_judge(text, REPORT_OTHER, "Bill of Lading.pdf", POLICY_TAG);
	check_judge(text, REPORT_OTHER, "a.pdf", POLICY_PASS);
	check_judge(text, REPORT_OTHER, "", POLICY_PASS);
}

static void
test_a_name_that_promises_another_kind_counts_too(void)
{
	check_judge("reject script\npass executable", REPORT_EXECUTABLE, "a.js",
	    POLICY_REJECT);
	check_judge("pass script\nreject executable", REPORT_EXECUTABLE, "a.js",
	    POLICY_REJECT);
	check_judge("pass script\nreject executable", REPORT_OTHER, "a.js",
	    POLICY_PASS);
	check_judge("pass encrypted", REPORT_ENCRYPTED, "a.exe", POLICY_TAG);
}

static void
test_long_names_and_nul_are_no_way_round(void)
{
	char name[5000];
	struct policy policy;

	memset(name, 'a', sizeof(name));
	memcpy(name + sizeof(name) - 6, "\0.iso ", 6);
	CHECK(reads(&policy, "reject *.iso") == 0);
	CHECK(policy_judge(&policy, REPORT_OTHER,
		  (struct span){name, sizeof(name)}) == POLICY_REJECT);
	policy_free(&policy);
}

static void
check_wrong(const char *text, unsigned want)
{
	struct policy policy;
	unsigned line;

	line = reads(&policy, text);
	if (line != want)
		printf("# %s: %u\n", text, line);
	CHECK(line == want);
	policy_free(&policy);
}

static void
test_a_line_that_is_wrong_is_named(void)
{
	char longer[REPORT_FILE_MAX + 20];

	check_wrong("", 0);
	check_wrong("\n#\n  # x\n", 0);
	check_wrong("reject", 1);
	check_wrong("\nreject \n", 2);
	check_wrong("reject # macro\n", 1);
	check_wrong("reject executables\n", 1);
	check_wrong("tag macro\nreject other\n", 2);
	check_wrong("Reject macro\n", 1);
	check_wrong("rejectmacro\n", 1);
	check_wrong("reject\n macro\n", 1);
	check_wrong("drop *.iso\n", 1);
	check_wrong("pass exe\n", 1);
	memset(longer, '*', sizeof(longer));
	memcpy(longer, "tag ", 4);
	longer[4 + REPORT_FILE_MAX] = '\0';
	check_wrong(longer, 0);
	longer[4 + REPORT_FILE_MAX] = '*';
	longer[5 + REPORT_FILE_MAX] = '\0';
	check_wrong(longer, 1);
}

static void
test_there_is_an_end_of_rules(void)
{
	struct policy policy;
	unsigned line;
	int i;

	policy_default(&policy, false);
	i = (int)policy.count;
	for (; i < POLICY_RULES_MAX; i++)
		CHECK(policy_read(&policy, span_of("tag *.x"), &line) == 0);
	CHECK(policy_read(&policy, span_of("\ntag *.x"), &line) == -1);
	CHECK(errno == EMSGSIZE && line == 2);
	policy_free(&policy);
}

static void
test_actions_are_ordered_and_named(void)
{
	CHECK(POLICY_PASS < POLICY_TAG && POLICY_TAG < POLICY_QUARANTINE &&
	      POLICY_QUARANTINE < POLICY_REJECT);
	CHECK(strcmp(policy_action_name(POLICY_REJECT), "reject") == 0);
}

static void
check_name(const char *name, enum report_kind want)
{
	enum report_kind kind = policy_kind_of_name(span_of(name));

	if (kind != want)
		printf("# %s: %s\n", name, report_kind_name(kind));
	CHECK(kind == want);
}

static void
test_names_are_known_by_their_last_extension(void)
{
	static const struct {
		const char *name;
		enum report_kind kind;
	} table[] = {
	    {"setup.exe", REPORT_EXECUTABLE},
	    {"SETUP.EXE", REPORT_EXECUTABLE},
	    {"setup.ScR", REPORT_EXECUTABLE},
	    {"invoice.pdf.exe", REPORT_EXECUTABLE},
	    {"invoice.pdf                         .pif", REPORT_EXECUTABLE},
	    {"a.exe   ", REPORT_EXECUTABLE},
	    {"a.exe...", REPORT_EXECUTABLE},
	    {"a.exe. . .", REPORT_EXECUTABLE},
	    {"a.exe\t\r\n", REPORT_EXECUTABLE},
	    {"a.exe?", REPORT_EXECUTABLE},
	    {"a.exe\"", REPORT_EXECUTABLE},
	    {"a.exe::$data", REPORT_EXECUTABLE},
	    {"a.txt.{3050f4d8-98B5-11CF-BB82-00AA00BDCE0B}", REPORT_EXECUTABLE},
	    {".exe", REPORT_EXECUTABLE},
	    {"dir/sub\\a.jar", REPORT_EXECUTABLE},
	    {"notes.js", REPORT_SCRIPT},
	    {"a.hta", REPORT_SCRIPT},
	    {"a.ps1", REPORT_SCRIPT},
	    {"backup.sh", REPORT_SCRIPT},
	    {"photo.jpg.lnk", REPORT_LINK},
	    {"a.url", REPORT_LINK},
	    {"a.searchConnector-ms", REPORT_LINK},
	    {"disk.iso", REPORT_DISK},
	    {"a.vhdx", REPORT_DISK},
	    {"a.docm", REPORT_MACRO},
	    {"a.XLAM", REPORT_MACRO},
	    {"a.xll", REPORT_EXECUTABLE},
	    {"", REPORT_OTHER},
	    {".", REPORT_OTHER},
	    {"exe", REPORT_OTHER},
	    {"a.exe.txt", REPORT_OTHER},
	    {"a.exe/readme", REPORT_OTHER},
	    {"a.exe b", REPORT_OTHER},
	    {"a.pdf", REPORT_OTHER},
	    {"a.docx", REPORT_OTHER},
	    {"a.zip", REPORT_OTHER},
	    {"a.exe scr", REPORT_OTHER},
	    {"a.{}", REPORT_OTHER},
	    {"::$DATA", REPORT_OTHER},
	    {"a.exeexeexeexeexeexeexeexeexeexeexeexe", REPORT_OTHER},
	    {"rechnung_f\xc3\xbcr.exe", REPORT_EXECUTABLE},
	    {"a.ex\xc3\xa9", REPORT_OTHER},
	};
	size_t i;

	for (i = 0; i < nitems(table); i++)
		check_name(table[i].name, table[i].kind);
	CHECK(policy_kind_of_name((struct span){NULL, 0}) == REPORT_OTHER);
	CHECK(policy_kind_of_name((struct span){"a.exe\0", 6}) ==
	      REPORT_EXECUTABLE);
}

static void
check_content(const char *p, size_t len, enum report_kind want)
{
	enum report_kind kind;
	char *copy;

	/* of its own, so that a read past its end is seen */
	copy = malloc(len > 0 ? len : 1);
	if (copy == NULL)
		abort();
	memcpy(copy, p, len);
	kind = policy_kind_of_content((struct span){copy, len});
	if (kind != want)
		printf("# %.8s: %s\n", p, report_kind_name(kind));
	CHECK(kind == want);
	free(copy);
}

#define CONTENT(text, want) check_content(text, sizeof(text) - 1, want)

static void
test_content_is_known_by_its_first_octets(void)
{
	CONTENT("", REPORT_OTHER);
	CONTENT("M", REPORT_OTHER);
	CONTENT("MZ", REPORT_OTHER);
	CONTENT("MZ\220\0\3\0\0\0", REPORT_EXECUTABLE);
	CONTENT("MZ is what this text is about, as it could be.\n"
		"And it goes on with more than the header of a program has.\n",
	    REPORT_OTHER);
	CONTENT("\177ELF\2\1\1", REPORT_EXECUTABLE);
	CONTENT("\177EL", REPORT_OTHER);
	CONTENT("\xfe\xed\xfa\xcf....", REPORT_EXECUTABLE);
	CONTENT("\xca\xfe\xba\xbe\0\0\0\2", REPORT_EXECUTABLE);
	CONTENT("#!/bin/sh\n", REPORT_SCRIPT);
	CONTENT("#! /usr/bin/env python3\n", REPORT_SCRIPT);
	CONTENT("#! rnews 1234\n", REPORT_OTHER);
	CONTENT("#!", REPORT_OTHER);
	CONTENT("L\0\0\0\1\24\2\0\0\0\0\0\300\0\0\0\0\0\0F\x9b", REPORT_LINK);
	CONTENT("L\0\0\0\1\24\2\0\0\0\0\0\300\0\0\0\0\0\0", REPORT_OTHER);
	CONTENT("vhdxfile\0", REPORT_DISK);
	CONTENT("%PDF-1.7\n", REPORT_OTHER);
	CONTENT("PK\3\4....xl/vbaProject.bin....", REPORT_MACRO);
	CONTENT("PK\3\4....xl/workbook.xml....", REPORT_OTHER);
	CONTENT("vbaProject.bin", REPORT_OTHER);
}

static void
test_a_program_without_a_nul_in_its_first_header_is_one(void)
{
	static char pe[0x01010101 + 4];

	memset(pe, 1, sizeof(pe));
	memcpy(pe, "MZ", 2);
	check_content(pe, sizeof(pe), REPORT_OTHER);
	memcpy(pe + 0x01010101, "PE\0\0", 4);
	check_content(pe, sizeof(pe), REPORT_EXECUTABLE);
	check_content(pe, sizeof(pe) - 1, REPORT_OTHER);
}

static void
test_disk_images_have_their_marks_inside_or_at_the_end(void)
{
	static char image[40000];

	memset(image, 0, sizeof(image));
	check_content(image, sizeof(image), REPORT_OTHER);
	memcpy(image + 32769, "CD001", 5);
	check_content(image, sizeof(image), REPORT_DISK);
	check_content(image, 32769 + 4, REPORT_OTHER);
	memset(image, 0, sizeof(image));
	memcpy(image + 32769 + 2048, "NSR03", 5);
	check_content(image, sizeof(image), REPORT_DISK);
	memset(image, 0, sizeof(image));
	memcpy(image + 1000 - 512, "koly", 4);
	check_content(image, 1000, REPORT_DISK);
	check_content(image, 1001, REPORT_OTHER);
	memset(image, 0, sizeof(image));
	memcpy(image + 1000 - 511, "conectix", 8);
	check_content(image, 1000, REPORT_DISK);
}

/* A directory entry at p: a name in UTF-16 and its size. */
static void
put_entry(char *p, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < len; i++)
		p[2 * i] = name[i];
	p[64] = (char)(2 * (len + 1));
}

static void
test_an_ole_file_with_a_project_is_one_with_macros(void)
{
	static const char *const names[] = {
	    "VBA", "_VBA_PROJECT", "_vba_Project"};
	static char ole[4096];
	size_t i;

	for (i = 0; i < nitems(names); i++) {
		memset(ole, 0, sizeof(ole));
		memcpy(ole, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
		check_content(ole, sizeof(ole), REPORT_OTHER);
		put_entry(ole + 1024 + 256, names[i]);
		check_content(ole, sizeof(ole), REPORT_MACRO);
		check_content(ole, 1024 + 256 + 127, REPORT_OTHER);
		ole[0] = 0;
		check_content(ole, sizeof(ole), REPORT_OTHER);
	}
	memset(ole, 0, sizeof(ole));
	memcpy(ole, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
	put_entry(ole + 512, "VBAX");
	put_entry(ole + 640, "VB");
	check_content(ole, sizeof(ole), REPORT_OTHER);
}

int
main(void)
{
	TEST(the_default_tags_every_kind_and_nothing_else);
	TEST(the_last_line_that_fits_decides);
	TEST(a_name_that_promises_another_kind_counts_too);
	TEST(long_names_and_nul_are_no_way_round);
	TEST(a_line_that_is_wrong_is_named);
	TEST(there_is_an_end_of_rules);
	TEST(actions_are_ordered_and_named);
	TEST(names_are_known_by_their_last_extension);
	TEST(content_is_known_by_its_first_octets);
	TEST(a_program_without_a_nul_in_its_first_header_is_one);
	TEST(disk_images_have_their_marks_inside_or_at_the_end);
	TEST(an_ole_file_with_a_project_is_one_with_macros);
	return test_end();
}
