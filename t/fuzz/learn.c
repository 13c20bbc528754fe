/*
 * Any octets as a message: its features stay in their bounds, and learning and
 * forgetting it leaves the weights as they were.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "learn/modelfile.h"
#include "text/mail.h"
#include "text/render.h"

#define MODEL "/tmp/pimail-fuzz-learn"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct model *
make_model(void)
{
	struct buf why = BUF_INIT(MODEL_WHY_MAX);
	struct model *model;

	unlink(MODEL);
	model = model_train(MODEL, MODEL_SIZE_MIN, clock_ms(), &why);
	if (model == NULL)
		abort();
	unlink(MODEL);
	buf_free(&why);
	return model;
}

static void
check_features(const struct features *features)
{
	size_t from = 0;

	for (int i = 0; i < FEATURES_GROUPS; i++) {
		if (features->ends[i] < from)
			abort();
		from = features->ends[i];
	}
	if (from != features->count || from > FEATURES_MAX)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct features features;
	static struct model *model;
	static struct mail mail;
	unsigned char digest[16];
	double before;

	if (model == NULL) {
		model = make_model();
		mail_init(&mail);
	}
	mail_reset(&mail);
	mail_read(&mail, (struct span){(const char *)data, size});
	render(&mail, MAIL_DECODED_MAX);
	features_of(&features, &mail);
	check_features(&features);
	model_digest(&mail, digest);
	before = model_ask(model, &features, 0);
	if (!(before >= 0 && before <= 1))
		abort();
	if (model_learn(model, &features, digest, MODEL_SPAM) !=
		MODEL_LEARNED ||
	    model_learn(model, &features, digest, MODEL_HAM) != MODEL_TURNED ||
	    model_forget(model, &features, digest) != MODEL_FORGOTTEN)
		abort();
	for (size_t i = 0; i < features.count; i++)
		if (model->weights[model_slot(model, features.list[i])].value !=
		    0)
			abort();
	return 0;
}
