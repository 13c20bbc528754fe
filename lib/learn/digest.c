#include <string.h>

#include "learn/model.h"
#include "learn/siphash.h"
#include "text/mail.h"

/* Lines that end in CRLF count as such that end in LF. */
static void
add_lines(struct siphash *hash, struct span text)
{
	const char *cr, *p = text.p, *end = text.p + text.len;

	while (p < end) {
		cr = memchr(p, '\r', (size_t)(end - p));
		while (cr != NULL && (cr + 1 == end || cr[1] != '\n'))
			cr = cr + 1 == end
				 ? NULL
				 : memchr(cr + 1, '\r', (size_t)(end - cr - 1));
		if (cr == NULL)
			cr = end;
		siphash_add(hash, (struct span){p, (size_t)(cr - p)});
		p = cr < end ? cr + 1 : end;
	}
}

void
model_digest(const struct mail *mail, unsigned char digest[16])
{
	const struct mail_header *header = &mail->root.header;
	struct siphash hash;
	uint64_t value[2];

	siphash_init(&hash, 0, 0);
	for (size_t i = 0; i < header->count; i++) {
		if (features_is_noise(header->fields[i].name))
			continue;
		siphash_add(&hash, header->fields[i].name);
		siphash_add(&hash, span_of(":"));
		add_lines(&hash, header->fields[i].raw);
	}
	siphash_add(&hash, span_of("\n"));
	add_lines(&hash, mail->rest);
	siphash_end(&hash, value);
	memcpy(digest, value, 16);
}
