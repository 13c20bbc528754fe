#include "rules/settings.h"
#include "eval/eval.h"

/* What the reading of mail and the score want; more is with the families. */
static const char *const kept[] = {"required_score", "trusted_networks",
    "internal_networks", "msa_networks", "originating_ip_headers",
    "always_trust_envelope_sender", "envelope_sender_header",
    "redirector_pattern", "parse_dkim_uris", "body_part_scan_size",
    "rawbody_part_scan_size", "util_rb_tld", "util_rb_2tld", "util_rb_3tld",
    NULL};

static const char *const numbers[] = {
    "required_score", "body_part_scan_size", "rawbody_part_scan_size", NULL};

/* Of SpamAssassin's Conf.pm and plugins: reports, its databases, networks, its
 * own way of running.  A "*" at the end is any. */
static const char *const ignored[] = {"add_header", "adsp_override",
    "all_spam_to", "allow_user_rules", "asn_*", "authres_*",
    "auto_welcomelist_*", "bayes_*", "blocklist_*", "clear_*", "country_db_*",
    "dcc_*", "dccifd_*", "def_welcomelist_*", "delist_*", "dkim_*", "dmarc_*",
    "dns_*", "do_not_use_mail_spf*", "enlist_*", "extracttext_*", "fns_*",
    "fold_headers", "freemail_*", "geodb_*", "hashbl_*",
    "ignore_always_matching_regexps", "ignore_received_spf_header",
    "inactive_languages", "lock_method", "max_short_url*",
    "mbox_format_from_regex", "more_spam_to", "normalize_charset",
    "ok_languages", "ok_locales", "olemacro_*", "phishing_*", "pyzor_*",
    "razor_*", "rbl_headers", "rbl_timeout", "remove_header", "report",
    "report_*", "resource_limit_*", "rewrite_header", "run_reuse_tests_only",
    "shortcircuit", "shortcircuit_*", "skip_rbl_checks", "skip_uribl_checks",
    "spamcop_*", "spf_timeout", "subjprefix", "test", "textcat_*", "time_limit",
    "trigger_*", "txrep_*", "unblocklist_*", "unsafe_report", "unwelcomelist_*",
    "uri_block_*", "uri_country_db_*", "uridnsbl", "uridnsbl_*", "uridnssub",
    "urifullnsrhs*", "urinsrhs*", "urirhs*", "url_shortener*",
    "use_auto_welcomelist", "use_bayes*", "use_dcc*", "use_learner",
    "use_newest_received_spf_header", "use_pyzor", "use_razor2", "use_txrep",
    "user_awl_*", "user_scores_*", "version_tag", "welcomelist_*", NULL};

/* Words in names of settings that were replaced in version 4. */
static const char *const words[][2] = {
    {"whitelist", "welcomelist"},
    {"blacklist", "blocklist"},
    {"required_hits", "required_score"},
};

static const char *const cleared[][2] = {
    {"clear_trusted_networks", "trusted_networks"},
    {"clear_internal_networks", "internal_networks"},
    {"clear_msa_networks", "msa_networks"},
    {"clear_originating_ip_headers", "originating_ip_headers"},
    {"clear_util_rb", "util_rb_tld"},
    {"clear_util_rb", "util_rb_2tld"},
    {"clear_util_rb", "util_rb_3tld"},
};

static bool
is_in(const char *const *list, const char *name)
{
	size_t len;

	for (; *list != NULL; list++) {
		len = strlen(*list);
		if (strcmp(name, *list) == 0 ||
		    ((*list)[len - 1] == '*' &&
			strncmp(name, *list, len - 1) == 0))
			return true;
	}
	return false;
}

enum settings_use
settings_use(const char *name)
{
	if (is_in(kept, name) || eval_has_setting(name))
		return SETTINGS_KEPT;
	return is_in(ignored, name) ? SETTINGS_IGNORED : SETTINGS_UNKNOWN;
}

bool
settings_is_number(const char *name)
{
	return is_in(numbers, name);
}

bool
settings_newer(struct span name, struct buf *newer)
{
	const char *at;
	size_t i;

	for (i = 0; i < nitems(words); i++) {
		at = span_find(name, span_of(words[i][0]));
		if (at == NULL)
			continue;
		buf_reset(newer);
		buf_add(newer, name.p, (size_t)(at - name.p));
		buf_adds(newer, words[i][1]);
		buf_addspan(newer, span_from(name, (size_t)(at - name.p) +
						       strlen(words[i][0])));
		return true;
	}
	return false;
}

const char *
settings_cleared(const char *clear, size_t i)
{
	size_t row;

	for (row = 0; row < nitems(cleared); row++)
		if (strcmp(clear, cleared[row][0]) == 0 && i-- == 0)
			return cleared[row][1];
	return NULL;
}
