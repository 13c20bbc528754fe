/*
 * learn MODEL: reads lines "spam FILE" and "ham FILE" from standard input, and
 * for each prints the class and the probability that a model gives it, and then
 * learns it: what t/bench/spam/learn measures.  MODEL is made if it is not
 * there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "learn/model.h"
#include "text/mail.h"
#include "text/render.h"

#define FILE_MAX (64 << 20)

static void
one(struct model *model, struct mail *mail, struct features *features,
    const char *path, enum model_class class)
{
	struct buf octets = BUF_INIT(FILE_MAX);
	unsigned char digest[16];
	double probability;

	if (file_read(path, &octets) < 0)
		fatal("cannot read '%s': %s", path, strerror(errno));
	mail_reset(mail);
	mail_read(mail, buf_span(&octets));
	render(mail, MAIL_DECODED_MAX);
	features_of(features, mail);
	model_digest(mail, digest);
	probability = model_ask(model, features, 0);
	printf(
	    "%s\t%.17g\n", class == MODEL_SPAM ? "spam" : "ham", probability);
	model_learn(model, features, digest, class);
	buf_free(&octets);
}

int
main(int argc, char **argv)
{
	struct buf path = BUF_INIT(4096), why = BUF_INIT(MODEL_WHY_MAX);
	struct features features = {0};
	struct model *model;
	struct mail mail;
	struct io_in in;
	struct span line;

	err_init(argv[0]);
	if (argc != 2)
		usage_exit("model");
	model = model_train(argv[1], MODEL_SIZE, CLOCK_NEVER, &why);
	if (model == NULL)
		fatal("cannot open '%s': %s", argv[1], buf_str(&why));
	mail_init(&mail);
	io_in_init(&in, 0);
	while (io_in_line(&in, 4096, &line) == 1) {
		buf_reset(&path);
		buf_addspan(
		    &path, span_from(line, span_starts(line, "spam ") ? 5 : 4));
		one(model, &mail, &features, buf_str(&path),
		    span_starts(line, "spam ") ? MODEL_SPAM : MODEL_HAM);
	}
	io_in_free(&in);
	mail_free(&mail);
	features_free(&features);
	model_close(model);
	buf_free(&path);
	buf_free(&why);
	if (fflush(stdout) != 0 || io_close_stdout() < 0)
		fatal("cannot write: %s", strerror(errno));
	return STATUS_OK;
}
