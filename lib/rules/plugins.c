#include "rules/plugins.h"
#include "eval/eval.h"

#define CLASS "Mail::SpamAssassin::Plugin::"

/* The reader does its work, or it is of the network and its rules are known by
 * their names only, or it does nothing that rules see. */
static const char *const ours[] = {"MIMEHeader", "ReplaceTags", "URIDetail",
    "Check", "Bayes", "URIDNSBL", "SPF", "DKIM", "DMARC", "DNSEval", "AskDNS",
    "HashBL", "Pyzor", "Razor2", "DCC", "SpamCop", "AutoLearnThreshold",
    "Rule2XSBody", "Reuse", NULL};

/* init.pre and v*.pre of Debian's package */
static const char *const standard[] = {"URIDNSBL", "SPF", "Rule2XSBody",
    "Pyzor", "Razor2", "SpamCop", "AutoLearnThreshold", "WelcomeListSubject",
    "MIMEHeader", "ReplaceTags", "DKIM", "Check", "HTTPSMismatch", "URIDetail",
    "Bayes", "BodyEval", "DNSEval", "HTMLEval", "HeaderEval", "MIMEEval",
    "RelayEval", "URIEval", "WLBLEval", "VBounce", "ImageInfo", "FreeMail",
    "AskDNS", "HashBL", "DMARC", NULL};

/* Functions that ask somebody else; a "*" at the end is any. */
static const char *const remote[] = {"check_rbl*", "check_dns*",
    "check_uridnsbl", "check_hashbl_*", "check_for_spf_*",
    "check_for_def_spf_*", "check_spf_*", "check_dkim_*", "check_arc_*",
    "check_for_dkim_*", "check_for_def_dkim_*", "check_dmarc_*", "check_pyzor",
    "check_razor2*", "check_dcc*", NULL};

/* Feature tests of version 4.0.1, by class. */
static const char *const features[][2] = {
    {"Conf", "feature_originating_ip_headers"},
    {"Conf", "feature_dns_local_ports_permit_avoid"},
    {"Conf", "feature_bayes_auto_learn_on_error"},
    {"Conf", "feature_uri_host_listed"},
    {"Conf", "feature_yesno_takes_args"},
    {"Conf", "feature_bug6558_free"},
    {"Conf", "feature_edns"},
    {"Conf", "feature_dns_query_restriction"},
    {"Conf", "feature_registryboundaries"},
    {"Conf", "feature_geodb"},
    {"Conf", "feature_dns_block_rule"},
    {"Conf", "feature_compile_regexp"},
    {"Conf", "feature_meta_rules_matching"},
    {"Conf", "feature_subjprefix"},
    {"Conf", "feature_bayes_stopwords"},
    {"Conf", "feature_get_host"},
    {"Conf", "feature_blocklist_welcomelist"},
    {"Conf", "feature_welcomelist_blocklist"},
    {"Conf", "feature_header_address_parser"},
    {"Conf", "feature_local_tests_only"},
    {"Conf", "feature_header_first_last"},
    {"Conf", "feature_header_match_many"},
    {"Conf", "feature_capture_rules"},
    {"Conf", "has_tflags_nosubject"},
    {"Conf", "has_tflags_nolog"},
    {"Conf", "perl_min_version_5010000"},
    {"AskDNS", "has_tag_header"},
    {"BodyEval", "has_check_body_length"},
    {"BodyEval", "has_plaintext_body_sig_ratio"},
    {"DKIM", "has_arc"},
    {"DNSEval", "has_tflags_domains_only"},
    {"DNSEval", "has_tflags_ips_only"},
    {"HashBL", "has_hashbl_bodyre"},
    {"HashBL", "has_hashbl_bodyre_num"},
    {"HashBL", "has_hashbl_emails"},
    {"HashBL", "has_hashbl_uris"},
    {"HashBL", "has_hashbl_ignore"},
    {"HashBL", "has_hashbl_email_regex"},
    {"HashBL", "has_hashbl_email_welcomelist"},
    {"HashBL", "has_hashbl_email_whitelist"},
    {"HashBL", "has_hashbl_tag"},
    {"HashBL", "has_hashbl_sha256"},
    {"HashBL", "has_hashbl_attachments"},
    {"HashBL", "has_hashbl_email_domain"},
    {"HashBL", "has_hashbl_email_domain_alias"},
    {"MIMEEval", "has_check_for_ascii_text_illegal"},
    {"MIMEEval", "has_check_abundant_unicode_ratio"},
    {"MIMEEval", "has_check_qp_ratio"},
    {"MIMEHeader", "has_all_header"},
    {"MIMEHeader", "has_tflags_range"},
    {"MIMEHeader", "has_tflags_concat"},
    {"MIMEHeader", "has_tflags_multiple"},
    {"MIMEHeader", "has_capture_rules"},
    {"Pyzor", "has_fork"},
    {"Pyzor", "has_perl"},
    {"Razor2", "has_fork"},
    {"SPF", "has_check_for_spf_errors"},
    {"SPF", "has_check_spf_skipped_noenvfrom"},
    {"URIDNSBL", "has_tflags_domains_only"},
    {"URIDNSBL", "has_subtest_for_ranges"},
    {"URIDNSBL", "has_uridnsbl_for_a"},
    {"URIDNSBL", "has_uridnsbl_a_ns"},
    {"URIDNSBL", "has_tflags_notrim"},
    {"URIDNSBL", "has_uridnsbl_skip_mailto"},
    {"URIDetail", "has_host_key"},
};

static bool
has(const char *const *list, struct span name)
{
	for (; *list != NULL; list++)
		if (span_is(name, *list))
			return true;
	return false;
}

struct span
plugins_name(struct span name)
{
	if (span_starts(name, CLASS))
		name = span_from(name, strlen(CLASS));
	if (span_is(name, "Dmarc"))
		return span_of("DMARC");
	if (span_is(name, "WhiteListSubject"))
		return span_of("WelcomeListSubject");
	return name;
}

bool
plugins_known(struct span name)
{
	char text[64];

	if (has(ours, name))
		return true;
	if (name.len >= sizeof(text))
		return false;
	memcpy(text, name.p, name.len);
	text[name.len] = '\0';
	return eval_has_plugin(text);
}

const char *
plugins_standard(size_t i)
{
	return standard[i];
}

bool
plugins_feature(struct span class, struct span name)
{
	size_t i;

	for (i = 0; i < nitems(features); i++)
		if (span_is(class, features[i][0]) &&
		    span_is(name, features[i][1]))
			return true;
	return false;
}

enum plugins_function
plugins_function(struct span name)
{
	size_t i, len;

	if (eval_find(name, &i) != NULL)
		return PLUGINS_LOCAL;
	for (i = 0; remote[i] != NULL; i++) {
		len = strlen(remote[i]);
		if (remote[i][len - 1] != '*'
			? span_is(name, remote[i])
			: name.len >= len - 1 &&
			      memcmp(name.p, remote[i], len - 1) == 0)
			return PLUGINS_REMOTE;
	}
	return PLUGINS_UNKNOWN;
}
