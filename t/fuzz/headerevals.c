/*
 * Any octets as a message: functions of rules about its header, its addresses
 * and lists of them are asked, and say the same when they are asked again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "eval/families.h"
#include "text/render.h"

#define TEXT_MAX (64 << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct eval_family *const families[] = {&eval_freemail,
    &eval_fromname, &eval_headerdate, &eval_headerforged, &eval_headertext,
    &eval_headerwho, &eval_welcome, &eval_welcomesubject};

static const char settings[] =
    "ok_locales ja\n"
    "freemail_domains free.example mail.* m?*.example\n"
    "fns_add_addrlist (bank) *@branch.com\n"
    "welcomelist_from *@a.example *a*b*\n"
    "blocklist_to ?@* *.com\n"
    "welcomelist_from_rcvd *@*.com relay.example\n"
    "welcomelist_from_rcvd *@*.example [192.0.2.0/24]\n"
    "def_welcomelist_from_rcvd *@* [10.1]\n"
    "welcomelist_subject [bug *]\n"
    "enlist_addrlist (A) *@*.com a*@*\n";

static void *prepared[nitems(families)];
static struct ruleset *set; /* families point into it */
static struct relay_networks *networks;
static struct tld *tld;

static void
prepare(void)
{
	char path[] = "/tmp/fuzz.XXXXXX";
	int fd = mkstemp(path);
	size_t i;

	set = ruleset_new();
	if (fd < 0 ||
	    write(fd, settings, strlen(settings)) !=
		(ssize_t)strlen(settings) ||
	    close(fd) < 0 || ruleset_read(set, path) < 0)
		abort();
	unlink(path);
	ruleset_finish(set);
	if (ruleset_note_count(set) > 0)
		abort();
	for (i = 0; i < nitems(families); i++)
		prepared[i] = families[i]->prepare(set);
	networks = relay_networks_new();
	tld = tld_new();
	tld_add(tld, 1, span_of("com example"));
}

static void
ask_all(const struct eval_family *family, struct eval_call *call)
{
	const struct span names[] = {
	    span_of("From"), span_of("A"), span_of("user"), span_of("-1")};
	struct span arguments[] = {span_of(""), span_of("0.01"), span_of("2")};
	const struct eval *eval;
	size_t i;

	call->arguments = arguments;
	call->argument_count = nitems(arguments);
	for (eval = family->evals; eval->name != NULL; eval++)
		for (i = 0; i < nitems(names); i++) {
			arguments[0] = names[i];
			if (eval->check(call) != eval->check(call))
				abort();
		}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mail mail;
	struct eval_call call = {.mail = &mail, .learned = -1};
	size_t i;

	if (tld == NULL)
		prepare();
	call.tld = tld;
	mail_init(&mail);
	mail_read(&mail, (struct span){(const char *)data, size});
	mail.now = 1795252200;
	render(&mail, TEXT_MAX);
	relays_read(&mail, networks, span_of(""));
	uris_find(&mail, tld);
	for (i = 0; i < nitems(families); i++) {
		call.data = prepared[i];
		if (families[i]->begin != NULL)
			families[i]->begin(prepared[i], &mail, tld);
		ask_all(families[i], &call);
	}
	mail_free(&mail);
	return 0;
}
