/*
 * macro: office documents that may do something, among the attachments: the
 * functions of SpamAssassin's OLEVBMacro.  Addresses in documents are no
 * addresses of the message here.
 */
#include <stdlib.h>

#include "base/err.h"
#include "eval/families.h"
#include "eval/office.h"
#include "eval/walk.h"
#include "text/decode.h"

#define NUMBER_MAX 40
#define ENCODED 3 /* octets of an encoding for one, at most */

struct macro {
	struct office_config config;
	struct regex *skipped_types;
	double octets_max; /* of a file */
	bool disposition;  /* its name of a file goes before */
	unsigned seen;
};

static struct regex *
read_pattern(struct ruleset *set, const char *name, const char *otherwise)
{
	struct buf why = BUF_INIT(ERR_LINE_MAX);
	const struct setting *setting = NULL, *next;
	struct regex *regex = NULL;
	size_t at = 0;

	while ((next = ruleset_setting(set, name, &at)) != NULL)
		setting = next;
	if (setting != NULL) {
		regex = regex_new(setting->value, REGEX_NOCASE, &why);
		if (regex == NULL)
			ruleset_add_note(set, NOTE_ERROR, setting->file,
			    setting->line, "%s", buf_str(&why));
	}
	if (regex == NULL)
		regex = regex_new(span_of(otherwise), REGEX_NOCASE, &why);
	buf_free(&why);
	return regex;
}

static double
read_number(struct ruleset *set, const char *name, double otherwise)
{
	struct span text = ruleset_value(set, name);
	char number[NUMBER_MAX];
	double value;

	if (text.len == 0 || text.len >= sizeof(number))
		return otherwise;
	memcpy(number, text.p, text.len);
	number[text.len] = '\0';
	value = strtod(number, NULL);
	return value >= 0 && value < 1e9 ? value : otherwise;
}

static void *
macro_prepare(struct ruleset *set)
{
	struct macro *macro = calloc(1, sizeof(*macro));
	struct office_config *config;

	if (macro == NULL)
		fatal("out of memory");
	config = &macro->config;
	config->skipped = read_pattern(
	    set, "olemacro_skip_exts", "(?:dotx|potx|ppsx|pptx|sldx)$");
	config->plain = read_pattern(set, "olemacro_exts",
	    "(?:docx?|dot|pot|ppa|pps|ppt|rtf|sldm|xl|xla|xlsx?|xltx?|xslb)$");
	config->macro = read_pattern(set, "olemacro_macro_exts",
	    "(?:docm|dotm|p(?:pa|ot|ps|pt)m|ppst|sldm|xlm|xlam|xlsb|xlsm|xltm|"
	    "xps)$");
	config->archives = read_pattern(set, "olemacro_zips", "zip$");
	config->download = read_pattern(set, "olemacro_download_marker",
	    "cmd(?:\\.exe)? /c ms\\^h\\^ta ht\\^tps?:/\\^/");
	config->all = read_number(set, "olemacro_extended_scan", 0) != 0;
	config->files_max = (unsigned)read_number(set, "olemacro_num_mime", 5);
	config->members_max = (unsigned)read_number(set, "olemacro_num_zip", 8);
	config->depth_max = (unsigned)read_number(set, "olemacro_zip_depth", 2);
	macro->skipped_types =
	    read_pattern(set, "olemacro_skip_ctypes", "^text/");
	macro->octets_max = read_number(set, "olemacro_max_file", 1024000);
	macro->disposition =
	    read_number(set, "olemacro_prefer_contentdisposition", 1) != 0;
	return macro;
}

static void
macro_release(void *data)
{
	struct macro *macro = data;

	regex_free(macro->config.skipped);
	regex_free(macro->config.plain);
	regex_free(macro->config.macro);
	regex_free(macro->config.archives);
	regex_free(macro->config.download);
	regex_free(macro->skipped_types);
	free(macro);
}

/* A name in a field, whatever stands around it. */
static struct span
name_in(struct span value, struct regex_fixed *parameter)
{
	struct regex_match match;

	if (!regex_take(parameter, value, 0, &match))
		return span_of("");
	return span_trim(match.groups[1]);
}

static struct span
name_of(const struct macro *macro, const struct mail_part *part)
{
	static struct regex_fixed name = {
	    "name\\s*=\\s*[\"']?([^\"';]*)", REGEX_NOCASE, NULL};
	static struct regex_fixed filename = {
	    "filename\\s*=\\s*[\"']?([^\"';]*)", REGEX_NOCASE, NULL};
	struct span type = name_in(walk_value(part, "Content-Type"), &name);
	struct span other =
	    name_in(walk_value(part, "Content-Disposition"), &filename);

	if (other.len == 0 || (type.len > 0 && !macro->disposition))
		return type;
	return other;
}

/* All of a file, if it is encoded; mail_decode() gives only the begin of a long
 * one. */
static struct span
decode_file(
    const struct macro *macro, struct mail *mail, const struct mail_part *part)
{
	struct span encoding = walk_value(part, "Content-Transfer-Encoding");
	struct span octets = {NULL, 0}, encoded = part->octets;

	if ((double)encoded.len > ENCODED * macro->octets_max)
		encoded.len = (size_t)(ENCODED * macro->octets_max);
	if (span_iis(encoding, "base64"))
		octets = decode_base64(&mail->arena, encoded);
	else if (span_iis(encoding, "quoted-printable"))
		octets = decode_quoted(&mail->arena, encoded);
	if ((double)octets.len > macro->octets_max)
		octets.len = (size_t)macro->octets_max;
	return octets;
}

static void
macro_begin(void *data, struct mail *mail, const struct tld *tld)
{
	struct macro *macro = data;
	struct office office = {
	    .config = &macro->config, .arena = &mail->arena};
	unsigned looked = 0;
	struct span octets, name;
	size_t i;

	(void)tld;
	for (i = 0; i < mail->leaf_count && looked < macro->config.files_max;
	     i++) {
		const struct mail_part *leaf = mail->leaves[i];

		if (regex_find(macro->skipped_types, span_of(leaf->type), 0,
			NULL) == 1 ||
		    mail_last(&leaf->header, "Content-Type") == NULL)
			continue;
		name = name_of(macro, leaf);
		if (name.len == 0 || !office_is_wanted(&macro->config, name))
			continue;
		octets = decode_file(macro, mail, leaf);
		if (octets.len == 0)
			continue;
		looked += office_look(&office, name, octets);
	}
	macro->seen = office.seen;
}

/* Which function asks for what. */
static const struct {
	const char *name;
	unsigned what;
} questions[] = {
    {"check_olemacro", OFFICE_MACRO},
    {"check_oleobject", OFFICE_OBJECT},
    {"check_olertfobject", OFFICE_RTF_OBJECT},
    {"check_olemacro_csv", OFFICE_CSV},
    {"check_olemacro_malice", OFFICE_MALICE},
    {"check_olemacro_renamed", OFFICE_RENAMED},
    {"check_olemacro_encrypted", OFFICE_ENCRYPTED},
    {"check_olemacro_zip_password", OFFICE_PASSWORD},
    {"check_olemacro_download_exe", OFFICE_DOWNLOAD},
    {"check_olemacro_redirect_uri", OFFICE_REDIRECT},
    {"check_olemacro_mhtml_uri", OFFICE_MHTML},
};

static bool
check(const struct eval_call *call)
{
	const struct macro *macro = call->data;
	size_t i;

	for (i = 0; i < nitems(questions); i++)
		if (span_is(call->rule->function, questions[i].name))
			return (macro->seen & questions[i].what) != 0;
	return false;
}

static const char *const plugins[] = {"OLEVBMacro", NULL};
static const char *const settings[] = {"olemacro_download_marker",
    "olemacro_extended_scan", "olemacro_exts", "olemacro_macro_exts",
    "olemacro_max_file", "olemacro_num_mime", "olemacro_num_zip",
    "olemacro_prefer_contentdisposition", "olemacro_skip_ctypes",
    "olemacro_skip_exts", "olemacro_zip_depth", "olemacro_zips", NULL};

static const struct eval evals[] = {
    {"check_olemacro", check, NULL},
    {"check_oleobject", check, NULL},
    {"check_olertfobject", check, NULL},
    {"check_olemacro_csv", check, NULL},
    {"check_olemacro_malice", check, NULL},
    {"check_olemacro_renamed", check, NULL},
    {"check_olemacro_encrypted", check, NULL},
    {"check_olemacro_zip_password", check, NULL},
    {"check_olemacro_download_exe", check, NULL},
    {"check_olemacro_redirect_uri", check, NULL},
    {"check_olemacro_mhtml_uri", check, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_macro = {.name = "macro",
    .plugins = plugins,
    .settings = settings,
    .evals = evals,
    .prepare = macro_prepare,
    .release = macro_release,
    .begin = macro_begin};
