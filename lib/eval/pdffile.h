/*
 * pdffile: what can be told of a PDF file without reading it really: its lines
 * are looked at as text.
 */
#ifndef EVAL_PDFFILE_H
#define EVAL_PDFFILE_H

#include "base/arena.h"

#define PDF_LINES_FUZZY 70  /* so many lines are in the fuzzy digest */
#define PDF_DETAIL_MAX 256  /* octets of an author and the like */
#define PDF_DETAILS_MAX 100 /* of a message */
#define PDF_IMAGES_MAX 1000 /* of a message */
#define PDF_DIGESTS_MAX 300 /* of a message */
#define PDF_DIGEST 32       /* digits of an MD5 */

struct pdf_image {
	double height;
	double width;
};

struct pdf_detail {
	const char *name; /* author creator created modified producer title */
	struct span text;
};

/* Of all files of a message. */
struct pdf_facts {
	struct pdf_image *images; /* and what those of a file are together */
	size_t image_count;       /* entries */
	size_t images_seen;
	double area; /* of the last file that has images; 0: none has */
	bool is_encrypted;
	struct pdf_detail *details;
	size_t detail_count;
	/* MD5, in upper case: of files; of their first lines and of the names
	 * in them */
	char (*digests)[PDF_DIGEST + 1];
	size_t digest_count;
	char (*fuzzy)[PDF_DIGEST + 1];
	size_t fuzzy_count;
};

/* Makes an empty one. */
void pdf_facts_init(struct pdf_facts *facts, struct arena *arena);

/* Adds what is known of a file; false if it is no PDF. */
bool pdf_read(struct pdf_facts *facts, struct arena *arena, struct span octets);

#endif
