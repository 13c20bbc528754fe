/* sections FILE...: the sections of programs as sigtool(1) --mdb has them, a
 * line "SIZE:MD5" each. */
#include <openssl/evp.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "scan/pe.h"

#define FILE_MAX (64 << 20)

static void
print(struct span section)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned i, len;

	if (!EVP_Digest(section.p, section.len, digest, &len, EVP_md5(), NULL))
		fatal("no MD5");
	printf("%zu:", section.len);
	for (i = 0; i < len; i++)
		printf("%02x", digest[i]);
	putchar('\n');
}

int
main(int argc, char *argv[])
{
	struct span sections[PE_SECTIONS_MAX];
	struct buf octets = BUF_INIT(FILE_MAX);
	size_t i, count;
	FILE *file;

	err_init(argv[0]);
	buf_room(&octets, FILE_MAX);
	while (--argc > 0) {
		file = fopen(*++argv, "r");
		if (file == NULL)
			fatal("cannot open '%s'", *argv);
		octets.len = fread(octets.p, 1, FILE_MAX, file);
		fclose(file);
		count = pe_sections(buf_span(&octets), sections);
		for (i = 0; i < count; i++)
			print(sections[i]);
	}
	buf_free(&octets);
	return 0;
}
