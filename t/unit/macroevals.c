/* macro: office documents that may do something. */
#include <stdio.h>

#include "asked.h"
#include "eval/families.h"
#include "test.h"
#include "zipmaker.h"

#define OLE "\320\317\021\340\241\261\032\341"
#define TYPES "[Content_Types].xml"

static const char ole_macro[] = OLE "x\0Attribut\0 AutoOpen";
static const char ole_encrypted[] =
    OLE "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0";

static struct buf message = BUF_INIT(1 << 20);
static struct zipmaker maker;

static struct span
octets_of(const char *text, size_t size)
{
	return (struct span){text, size - 1};
}

/* Appends in base64, in lines. */
static void
add_base64(struct span octets)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits;
	char four[4];
	size_t i, j;

	for (i = 0; i < octets.len; i += 3) {
		for (bits = 0, j = 0; j < 3; j++)
			bits =
			    bits << 8 |
			    (i + j < octets.len ? (unsigned char)octets.p[i + j]
						: 0u);
		for (j = 0; j < 4; j++)
			four[j] = i + j <= octets.len || j < 2
				      ? digits[bits >> (18 - 6 * j) & 63]
				      : '=';
		buf_add(&message, four, 4);
		if (i % 54 == 51)
			buf_adds(&message, "\n");
	}
	buf_adds(&message, "\n");
}

/* A message with a file of that name. */
static void
read_file(const char *name, struct span octets)
{
	buf_reset(&message);
	buf_addf(&message,
	    "Content-Type: application/octet-stream; name=\"%s\"\n"
	    "Content-Transfer-Encoding: base64\n\n",
	    name);
	add_base64(octets);
	asked_read(buf_span(&message));
}

static void
read_archive(const char *name)
{
	zipmaker_end(&maker);
	read_file(name, buf_span(&maker.octets));
	zipmaker_free(&maker);
}

static void
test_a_macro_in_an_old_document_is_seen(void)
{
	asked_begin(&eval_macro, NULL);
	read_file("a.doc", octets_of(ole_macro, sizeof(ole_macro)));
	CHECK(ask("check_olemacro", NULL));
	CHECK(ask("check_olemacro_malice", NULL));
	CHECK(!ask("check_olemacro_encrypted", NULL));
	CHECK(!ask("check_olemacro_renamed", NULL));
	read_file("A.DOC", octets_of(ole_macro, sizeof(ole_macro)));
	CHECK(ask("check_olemacro", NULL));
	read_file("a.pdf", octets_of(ole_macro, sizeof(ole_macro)));
	CHECK(!ask("check_olemacro", NULL));
	read_file("a.doc", span_of(OLE "nothing but text"));
	CHECK(!ask("check_olemacro", NULL));
	CHECK(!ask("check_olemacro_malice", NULL));
	asked_end();
}

static void
test_a_document_of_another_name_is_seen_if_all_files_are_looked_at(void)
{
	asked_begin(&eval_macro, "olemacro_extended_scan 1\n");
	read_file("a.pdf", octets_of(ole_macro, sizeof(ole_macro)));
	CHECK(ask("check_olemacro", NULL));
	CHECK(ask("check_olemacro_renamed", NULL));
	read_file("a.pdf", span_of("%PDF"));
	CHECK(!ask("check_olemacro_renamed", NULL));
	asked_end();
}

static void
test_encryption_is_seen(void)
{
	asked_begin(&eval_macro, NULL);
	read_file("a.xls", octets_of(ole_encrypted, sizeof(ole_encrypted)));
	CHECK(ask("check_olemacro_encrypted", NULL));
	CHECK(!ask("check_olemacro", NULL));
	zipmaker_begin(&maker);
	zipmaker_add(&maker, "a.docm", span_of("secret"), true, 1);
	read_archive("a.zip");
	CHECK(ask("check_olemacro_zip_password", NULL));
	CHECK(ask("check_olemacro", NULL));
	asked_end();
}

static void
test_parts_of_a_new_document_tell(void)
{
	asked_begin(&eval_macro, NULL);
	zipmaker_begin(&maker);
	zipmaker_add(&maker, TYPES, span_of("<x/>"), true, 0);
	zipmaker_add(&maker, "word/document.xml", span_of("<x/>"), true, 0);
	read_archive("a.docx");
	CHECK(!ask("check_olemacro", NULL));
	CHECK(!ask("check_oleobject", NULL));
	zipmaker_begin(&maker);
	zipmaker_add(&maker, "word/vbaProject.bin",
	    span_of("Sub Document_Open()"), true, 0);
	zipmaker_add(&maker, "xl/embeddings/o.bin", span_of("x"), false, 0);
	zipmaker_add(&maker, "word/a.rtf", span_of("x"), false, 0);
	read_archive("a.docx");
	CHECK(ask("check_olemacro", NULL));
	CHECK(ask("check_olemacro_malice", NULL));
	CHECK(ask("check_oleobject", NULL));
	CHECK(ask("check_olertfobject", NULL));
	zipmaker_begin(&maker);
	zipmaker_add(&maker, TYPES,
	    span_of(
		"<x ContentType=\"application/vnd.ms-office.vbaProject\"/>"),
	    true, 0);
	read_archive("a.docx");
	CHECK(ask("check_olemacro", NULL));
	CHECK(!ask("check_olemacro_malice", NULL));
	asked_end();
}

static void
test_links_that_are_followed_are_seen(void)
{
	asked_begin(&eval_macro, NULL);
	zipmaker_begin(&maker);
	zipmaker_add(&maker, "word/_rels/document.xml.rels",
	    span_of("<Relationships><Relationship Target=\"b.xml\"/>"
		    "<Relationship Target=\"https://b.example/\" "
		    "TargetMode=\"External\"/>"),
	    true, 0);
	read_archive("a.docx");
	CHECK(ask("check_olemacro_redirect_uri", NULL));
	CHECK(!ask("check_olemacro_mhtml_uri", NULL));
	zipmaker_begin(&maker);
	zipmaker_add(&maker, "word/_rels/document.xml.rels",
	    span_of("<Relationship Target=\"mhtml:http://b.example/!x\" "
		    "TargetMode=\"External\"/>"),
	    true, 0);
	read_archive("a.docx");
	CHECK(ask("check_olemacro_mhtml_uri", NULL));
	zipmaker_begin(&maker);
	zipmaker_add(&maker, "word/_rels/document.xml.rels",
	    span_of("<Relationship Target=\"https://b.example/\"/>"), true, 0);
	read_archive("a.docx");
	CHECK(!ask("check_olemacro_redirect_uri", NULL));
	asked_end();
}

static void
test_programs_that_are_loaded_are_seen(void)
{
	static const char loads[] = OLE "x\0http://www.b.example/path.exe\0x";
	static const char other[] = OLE "x\0http://www.b.example/path.htm\0x";

	asked_begin(&eval_macro, NULL);
	read_file("a.doc", octets_of(loads, sizeof(loads)));
	CHECK(ask("check_olemacro_download_exe", NULL));
	read_file("a.doc", octets_of(other, sizeof(other)));
	CHECK(!ask("check_olemacro_download_exe", NULL));
	read_file("a.csv",
	    span_of("=MSEXCEL|'\\..\\..\\Windows\\System32\\cmd.exe'!''\n"));
	CHECK(ask("check_olemacro_csv", NULL));
	asked_end();
}

/* Archives in archives, with a document with a macro inside. */
static void
read_nested(int depth)
{
	struct buf inner = BUF_INIT(1 << 20);
	int i;

	buf_addspan(&inner, octets_of(ole_macro, sizeof(ole_macro)));
	for (i = 0; i < depth; i++) {
		zipmaker_begin(&maker);
		zipmaker_add(&maker, i == 0 ? "a.doc" : "a.zip",
		    buf_span(&inner), true, 0);
		zipmaker_end(&maker);
		buf_reset(&inner);
		buf_addspan(&inner, buf_span(&maker.octets));
		zipmaker_free(&maker);
	}
	read_file("a.zip", buf_span(&inner));
	buf_free(&inner);
}

static void
test_archives_in_archives_have_a_depth(void)
{
	asked_begin(&eval_macro, NULL);
	read_nested(2);
	CHECK(ask("check_olemacro", NULL));
	read_nested(3);
	CHECK(!ask("check_olemacro", NULL));
	asked_end();
	asked_begin(&eval_macro, "olemacro_zip_depth 3\n");
	read_nested(3);
	CHECK(ask("check_olemacro", NULL));
	asked_end();
	asked_begin(&eval_macro, "olemacro_num_zip 0\n");
	read_nested(1);
	CHECK(!ask("check_olemacro", NULL));
	asked_end();
}

static void
test_names_are_patterns_of_the_configuration(void)
{
	asked_begin(&eval_macro,
	    "olemacro_exts (?:odt|wps)$\nolemacro_skip_exts ^safe\n");
	read_file("a.wps", octets_of(ole_macro, sizeof(ole_macro)));
	CHECK(ask("check_olemacro", NULL));
	read_file("a.doc", octets_of(ole_macro, sizeof(ole_macro)));
	CHECK(!ask("check_olemacro", NULL));
	read_file("safe.wps", octets_of(ole_macro, sizeof(ole_macro)));
	CHECK(!ask("check_olemacro", NULL));
	asked_end();
	asked_begin(&eval_macro, "olemacro_exts (\n");
	CHECK(ruleset_note_count(asked_set) == 1);
	asked_end();
}

int
main(void)
{
	TEST(a_macro_in_an_old_document_is_seen);
	TEST(a_document_of_another_name_is_seen_if_all_files_are_looked_at);
	TEST(encryption_is_seen);
	TEST(parts_of_a_new_document_tell);
	TEST(links_that_are_followed_are_seen);
	TEST(programs_that_are_loaded_are_seen);
	TEST(archives_in_archives_have_a_depth);
	TEST(names_are_patterns_of_the_configuration);
	buf_free(&message);
	return test_end();
}
