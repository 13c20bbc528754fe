#include "seal/gpgdata.h"

#include <errno.h>
#include <stdio.h>

#include "base/err.h"

/* GPGME's own are 512 octets, a system call each. */
#define IO_BUFFER "65536"

static ssize_t
take_span(struct gpgdata *gpgdata, void *p, size_t len)
{
	struct span rest = span_from(gpgdata->span, gpgdata->offset);
	size_t n = rest.len < len ? rest.len : len;

	if (n > 0)
		memcpy(p, rest.p, n);
	return (ssize_t)n;
}

static ssize_t
take(void *handle, void *p, size_t len)
{
	struct gpgdata *gpgdata = handle;
	ssize_t n;

	if (gpgdata->reader != NULL)
		n = armor_read(gpgdata->reader, p, len);
	else if (gpgdata->from != NULL)
		n = message_read(gpgdata->from, gpgdata->offset, p, len);
	else
		n = take_span(gpgdata, p, len);
	if (n < 0 && errno == EBADMSG && gpgdata->reader != NULL)
		gpgdata->damaged = true;
	else if (n < 0)
		gpgdata->error = errno;
	else
		gpgdata->offset += (size_t)n;
	return n;
}

static ssize_t
give(void *handle, const void *p, size_t len)
{
	struct gpgdata *gpgdata = handle;
	int result = 0;

	if (gpgdata->max - gpgdata->offset < len ||
	    (gpgdata->buf != NULL && !buf_add(gpgdata->buf, p, len))) {
		gpgdata->too_much = true;
		errno = EFBIG;
		return -1;
	}
	if (gpgdata->writer != NULL)
		result = armor_write(gpgdata->writer, p, len);
	else if (gpgdata->to != NULL)
		result = message_add(gpgdata->to, p, len);
	if (result < 0) {
		gpgdata->error = errno;
		return -1;
	}
	gpgdata->offset += len;
	return (ssize_t)len;
}

static struct gpgme_data_cbs source_calls = {take, NULL, NULL, NULL};
static struct gpgme_data_cbs sink_calls = {NULL, give, NULL, NULL};

static void
make(struct gpgdata *gpgdata, struct gpgme_data_cbs *calls)
{
	if (gpgme_data_new_from_cbs(&gpgdata->data, calls, gpgdata) != 0)
		fatal("out of memory");
	/* only makes it faster, and old ones do not know it.  Not "sensitive":
	 * GPGME would wipe its buffers octet by octet, a seventh of the time of
	 * a large message, and leave what we hold of the same message */
	gpgme_data_set_flag(gpgdata->data, "io-buffer-size", IO_BUFFER);
}

void
gpgdata_from_span(struct gpgdata *gpgdata, struct span span)
{
	*gpgdata = (struct gpgdata){.span = span};
	make(gpgdata, &source_calls);
}

void
gpgdata_from_message(struct gpgdata *gpgdata, const struct message *message)
{
	*gpgdata = (struct gpgdata){.from = message};
	make(gpgdata, &source_calls);
}

void
gpgdata_from_armor(struct gpgdata *gpgdata, struct armor_reader *reader)
{
	*gpgdata = (struct gpgdata){.reader = reader};
	make(gpgdata, &source_calls);
}

void
gpgdata_to_message(
    struct gpgdata *gpgdata, struct message *message, uint64_t max)
{
	*gpgdata = (struct gpgdata){.to = message, .max = max};
	make(gpgdata, &sink_calls);
}

void
gpgdata_to_armor(struct gpgdata *gpgdata, struct armor_writer *writer)
{
	*gpgdata = (struct gpgdata){.writer = writer, .max = MESSAGE_SIZE_MAX};
	make(gpgdata, &sink_calls);
}

void
gpgdata_to_buf(struct gpgdata *gpgdata, struct buf *buf)
{
	*gpgdata = (struct gpgdata){.buf = buf, .max = buf->max};
	make(gpgdata, &sink_calls);
}

void
gpgdata_free(struct gpgdata *gpgdata)
{
	gpgme_data_release(gpgdata->data);
	gpgdata->data = NULL;
}
