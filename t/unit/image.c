/* image, pdf: what rules ask about pictures and PDF files. */
#include "asked.h"
#include "eval/families.h"
#include "eval/imagesize.h"
#include "eval/pdffile.h"
#include "test.h"

static bool
is_size(
    bool found, const struct image_size *size, uint32_t height, uint32_t width)
{
	return found && size->height == height && size->width == width;
}

#define OCTETS(text) ((struct span){text, sizeof(text) - 1})

static void
test_sizes_of_images_are_in_their_first_octets(void)
{
	struct image_size size;

	CHECK(is_size(image_gif(OCTETS("GIF89a\x02\x01\x04\x03"), &size), &size,
	    0x304, 0x102));
	CHECK(!image_gif(OCTETS("GIF88a\x02\x01\x04\x03"), &size));
	CHECK(!image_gif(OCTETS("GIF87a\x02\x01"), &size));
	CHECK(is_size(image_png(OCTETS("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"
				       "\0\0\1\2\0\0\3\4\x08\2\0\0\0crc!"),
			  &size),
	    &size, 0x304, 0x102));
	CHECK(!image_png(OCTETS("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0"), &size));
	CHECK(!image_png(OCTETS("\x89PNG\r\n\x1a\n\0\0\0\0IEND"), &size));
	CHECK(is_size(image_jpeg(OCTETS("\xff\xd8\xff\xe0\0\4ab"
					"\xff\xc2\0\x11\x08\1\2\3\4\3"),
			  &size),
	    &size, 0x102, 0x304));
	CHECK(!image_jpeg(OCTETS("\xff\xd8\xff\xe0\xff\xff"), &size));
	CHECK(!image_jpeg(OCTETS("\xff\xd8\xff\xe0\0\0\xff\xc0"), &size));
	CHECK(!image_jpeg(OCTETS("\xff\xd8\xff\xda\0\4ab\xff\xc0"), &size));
}

/* A GIF of 3 by 2 pixels, a PNG of 5 by 4, and one that is not in base64. */
static const char images[] =
    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n123456789\n"
    "--b\nContent-Type: image/gif; name=a..gif\n"
    "Content-Transfer-Encoding: base64\n\nR0lGODlhAwACAAAA\n"
    "--b\nContent-Type: image/png\n"
    "Content-Transfer-Encoding: Base64\n\n"
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAIAAAAAAAAA\n"
    "--b\nContent-Type: image/jpeg; name=b.jpg\n\nGIF89a\n--b--\n";

static void
test_rules_ask_how_large_images_are(void)
{
	asked_begin(&eval_image, "body A eval:image_name_regex('^a\\.\\.')\n"
				 "body B eval:image_name_regex('jpg')\n");
	asked_read(span_of(images));
	CHECK(ask("image_count", "all", "2", "2", NULL));
	CHECK(ask("image_count", "gif", "1", NULL));
	CHECK(!ask("image_count", "jpeg", "1", NULL));
	CHECK(!ask("image_count", "bmp", "0", NULL));
	CHECK(ask("pixel_coverage", "all", "26", "26", NULL));
	CHECK(!ask("pixel_coverage", "gif", "7", NULL));
	CHECK(ask("image_size_exact", "gif", "2", "3", NULL));
	CHECK(!ask("image_size_exact", "png", "2", "3", NULL));
	CHECK(ask("image_size_range", "all", "3", "3", NULL));
	CHECK(!ask("image_size_range", "all", "3", "3", "3", NULL));
	CHECK(ask("image_named", "a..gif", NULL));
	CHECK(!ask("image_named", "b.jpg", NULL));
	CHECK(ask("image_name_regex", "^a\\.\\.", NULL));
	CHECK(!ask("image_name_regex", "jpg", NULL));
	/* the body and an empty subject: 11 octets */
	CHECK(ask("image_to_text_ratio", "gif", "1.8", "2", NULL));
	CHECK(!ask("image_to_text_ratio", "gif", "1", "1.5", NULL));
	asked_read(span_of("\nno images\n"));
	CHECK(!ask("image_count", "all", "1", NULL));
	CHECK(!ask("image_to_text_ratio", "all", "0", "1000", NULL));
	asked_end();
}

#define PDF                                                          \
	"%PDF-1.4\n/Author (A \\(B\\))\n/Title<FEFF0041>\n"          \
	"/CreationDate(D:20070703)\n/Type/Image\n30 0 0 20 0 0 cm\n" \
	"/Encrypt 1\n"

static void
test_lines_of_a_pdf_file_tell_what_it_is(void)
{
	struct arena arena = {0};
	struct pdf_facts facts;

	pdf_facts_init(&facts, &arena);
	CHECK(!pdf_read(&facts, &arena, span_of("no PDF")));
	CHECK(pdf_read(&facts, &arena, span_of("\xef\xbb\xbf" PDF)));
	CHECK(facts.is_encrypted && facts.images_seen == 1);
	CHECK(facts.area == 600);
	CHECK(facts.images[0].height == 20 && facts.images[0].width == 30);
	CHECK(facts.detail_count == 3);
	CHECK(span_is(facts.details[0].text, "A (B)"));
	CHECK(span_is(facts.details[1].text, "A"));
	CHECK(span_is(facts.details[2].text, "20070703"));
	CHECK(facts.digest_count == 1 && facts.fuzzy_count == 2);
	arena_free(&arena);
}

static void
test_rules_ask_what_is_in_pdf_files(void)
{
	asked_begin(&eval_pdf,
	    "body A eval:pdf_name_regex('/^X\\.p/i')\n"
	    "body B eval:pdf_match_details('author', '/^a \\(/i')\n");
	asked_read(span_of(
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nabc\n"
	    "--b\nContent-Type: application/octet-stream; name=x.pdf\n\n" PDF
	    "--b\nContent-Type: application/octet-stream; name=x.exe\n\n" PDF
	    "--b--\n"));
	CHECK(ask("pdf_count", "1", "1", NULL));
	CHECK(ask("pdf_image_count", "1", NULL));
	CHECK(!ask("pdf_image_count", "2", NULL));
	CHECK(ask("pdf_pixel_coverage", "600", "600", NULL));
	CHECK(ask("pdf_image_size_exact", "20", "30", NULL));
	CHECK(ask("pdf_image_size_range", "1", "1", "20", "30", NULL));
	CHECK(!ask("pdf_image_size_range", "21", "1", NULL));
	CHECK(ask("pdf_named", "x.pdf", NULL));
	CHECK(!ask("pdf_named", "x.exe", NULL));
	CHECK(ask("pdf_name_regex", "/^X\\.p/i", NULL));
	CHECK(ask("pdf_match_details", "author", "/^a \\(/i", NULL));
	CHECK(!ask("pdf_match_details", "title", "/^a \\(/i", NULL));
	CHECK(ask("pdf_is_encrypted", NULL));
	CHECK(ask("pdf_is_empty_body", "4", NULL));
	CHECK(!ask("pdf_is_empty_body", "3", NULL));
	CHECK(ask("pdf_image_to_text_ratio", "0", "0.01", NULL));
	CHECK(!ask("pdf_match_md5", "00000000000000000000000000000000", NULL));
	asked_end();
}

static void
test_a_pdf_file_is_known_by_its_digests(void)
{
	asked_begin(&eval_pdf, NULL);
	asked_read(span_of(
	    "Content-Type: application/pdf\n\n%PDF-1.0\n/Name x\nabc \n"));
	/* md5sum of the file, of "/Name xabc", of "Name" */
	CHECK(ask("pdf_match_md5", "f931cf02a04ee426f6564a7d03e192cf", NULL));
	CHECK(ask(
	    "pdf_match_fuzzy_md5", "15dd1c422ca01eda5670ef18273cb723", NULL));
	CHECK(ask(
	    "pdf_match_fuzzy_md5", "49ee3087348e8d44e1feda1917443987", NULL));
	asked_end();
}

int
main(void)
{
	TEST(sizes_of_images_are_in_their_first_octets);
	TEST(rules_ask_how_large_images_are);
	TEST(lines_of_a_pdf_file_tell_what_it_is);
	TEST(rules_ask_what_is_in_pdf_files);
	TEST(a_pdf_file_is_known_by_its_digests);
	return test_end();
}
