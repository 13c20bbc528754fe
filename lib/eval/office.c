#include <string.h>

#include "base/zip.h"
#include "eval/office.h"

#define MEMBER_NAME_MAX 256 /* octets of a member's name that are looked at */
#define HEAD_SIZE 2000      /* of an OLE file, where its streams are named */
#define LINK_MAX 4096       /* octets of a "Relationship" */
#define LOADED_MIN 10       /* octets between scheme and ending of an address */
#define LOADED_END 5        /* of them at the end without punctuation */

/* Compound files of OLE begin so: [MS-CFB], 2.2. */
static const char ole_magic[] = "\xd0\xcf\x11\xe0";

/* Names of their streams, in UTF-16: "EncryptedPackage", "Workbook",
 * "Ole10Native" behind what is in front of it. */
static const char encrypted_name[] =
    "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";
static const char workbook_name[] = "W\0o\0r\0k\0b\0o\0o\0k\0";
static const char native_name[] = "\1\0O\0l\0e\0001\0000\0N\0a\0";
/* The attribute that all modules of Visual Basic begin with. */
static const char attribute[] = "\0Attribut\0";

static struct span
octets_of(const char *text, size_t size)
{
	return (struct span){text, size - 1};
}

#define HAS(octets, text) \
	(span_find(octets, octets_of(text, sizeof(text))) != NULL)

static bool
matches(const struct regex *regex, struct span subject)
{
	return regex != NULL && regex_find(regex, subject, 0, NULL) == 1;
}

static bool
is_ole(struct span octets)
{
	return span_starts(octets, ole_magic);
}

static bool
has_octet(struct span octets, size_t at, char c)
{
	return at < octets.len && octets.p[at] == c;
}

/* By the stream that holds the rest, or flags of a Word or Excel file at their
 * usual places. */
static bool
is_encrypted(struct span octets)
{
	struct span head = octets;

	if (!is_ole(octets))
		return false;
	if (span_ifind(octets, span_of("<encryption xmlns")) != NULL)
		return true;
	if (head.len > HEAD_SIZE)
		head.len = HEAD_SIZE;
	if (HAS(head, encrypted_name) ||
	    HAS(head, "E n c r y p t e d P a c k a g e"))
		return true;
	return !HAS(head, workbook_name) &&
	       (has_octet(octets, 0x208, '\xfe') ||
		   has_octet(octets, 0x214, '\x2f') ||
		   has_octet(octets, 0x20b, '\x13'));
}

static bool
runs_itself(struct span octets)
{
	static struct regex_fixed open = {
	    "(?:document|auto|workbook)_?open", REGEX_NOCASE, NULL};

	return regex_has(&open, octets);
}

static bool
has_old_macro(struct span octets)
{
	if (is_ole(octets))
		return HAS(octets, attribute) || HAS(octets, native_name);
	return HAS(octets, "\\objemb") || HAS(octets, "\\objdat") ||
	       HAS(octets, "\\ objdat") ||
	       HAS(octets, "w:macrosPresent=\"yes\"") ||
	       HAS(octets, "vbaProject.bin.rels");
}

/* Each of these says whether the file is a document of its kind. */
static bool
look_encrypted(struct office *office, struct span octets)
{
	if (!is_encrypted(octets))
		return false;
	office->seen |= OFFICE_ENCRYPTED;
	return true;
}

static bool
look_old(struct office *office, struct span octets)
{
	if (!has_old_macro(octets))
		return false;
	office->seen |= OFFICE_MACRO;
	if (runs_itself(octets))
		office->seen |= OFFICE_MALICE;
	return true;
}

static bool
is_web(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') ||
	       (c > ' ' && c < 0x7f && strchr("-+&@#/%?=~_!:,.;", c) != NULL);
}

/* Whether it is the address of a program. */
static bool
is_program(struct span web)
{
	size_t i;

	if (!span_iends(web, ".exe") && !span_iends(web, ".cmd") &&
	    !span_iends(web, ".bat"))
		return false;
	web.len -= 4;
	if (span_istarts(web, "http://"))
		web = span_from(web, 7);
	else if (span_istarts(web, "https://"))
		web = span_from(web, 8);
	else
		return false;
	for (i = 1; i <= LOADED_END && i <= web.len; i++)
		if (strchr("?!:,.;", web.p[web.len - i]) != NULL)
			return false;
	return web.len >= LOADED_MIN;
}

/* Whether a string in the file is one. */
static bool
loads_program(struct span octets)
{
	struct span rest = octets, web;
	const char *p;
	size_t len;

	while ((p = span_ifind(rest, span_of("http"))) != NULL) {
		rest = span_from(rest, (size_t)(p - rest.p));
		for (len = 0;
		     len < rest.len && is_web((unsigned char)rest.p[len]);
		     len++)
			;
		web = (struct span){rest.p, len};
		rest = span_from(rest, len);
		if (p > octets.p && p[-1] == '\0' && rest.len > 0 &&
		    strchr("\006|", *rest.p) != NULL && is_program(web))
			return true;
	}
	return false;
}

static void
look_download(struct office *office, struct span octets)
{
	if (loads_program(octets) || matches(office->config->download, octets))
		office->seen |= OFFICE_DOWNLOAD;
}

static void
look_csv(struct office *office, struct span octets)
{
	static struct regex_fixed command = {
	    "MSEXCEL\\|.{1,20}Windows\\\\System32\\\\cmd\\.exe", 0, NULL};

	if (HAS(octets, "cmd.exe") && regex_has(&command, octets))
		office->seen |= OFFICE_CSV;
}

static bool
is_zip(struct span name, struct span octets)
{
	return span_starts(octets, "PK") || span_iends(name, ".zip");
}

/* Unpacks a member; empty if that cannot be.  All of a message have one limit,
 * whatever became of them. */
static struct span
unpack(struct office *office, const struct zip_member *member)
{
	size_t room = OFFICE_ALL_MAX - office->unpacked;
	struct buf octets =
	    BUF_INIT(room < OFFICE_MEMBER_MAX ? room : OFFICE_MEMBER_MAX);
	struct span copy = {NULL, 0};

	if (zip_read(member, &octets))
		copy = arena_copy(office->arena, buf_span(&octets));
	office->unpacked += octets.len;
	buf_free(&octets);
	return copy;
}

static struct span
lower(struct span name, char low[MEMBER_NAME_MAX])
{
	size_t i, len = name.len < MEMBER_NAME_MAX ? name.len : MEMBER_NAME_MAX;

	for (i = 0; i < len; i++)
		low[i] = name.p[i] >= 'A' && name.p[i] <= 'Z'
			     ? (char)(name.p[i] | 0x20)
			     : name.p[i];
	return (struct span){low, len};
}

/* By the name of a member of a document (ECMA-376); whether it makes it one. */
static bool
look_member(struct office *office, struct span name)
{
	static const char *const macros[] = {"word/vbaproject.bin",
	    "macros/vba/_vba_project", "xl/vbaproject.bin",
	    "_vba_project_cur/vba/_vba_project", "ppt/vbaproject.bin"};
	static struct regex_fixed rtf = {"^word/.{1,50}\\.rtf\\b", 0, NULL};
	unsigned seen = 0;
	size_t i;

	for (i = 0; i < nitems(macros); i++)
		if (span_is(name, macros[i]))
			seen |= OFFICE_MACRO;
	if (span_starts(name, "xl/embeddings/"))
		seen |= OFFICE_OBJECT;
	if (regex_has(&rtf, name))
		seen |= OFFICE_RTF_OBJECT;
	office->seen |= seen;
	return seen != 0;
}

static bool
declares_macro(struct span types)
{
	static struct regex_fixed type = {
	    "ContentType=[\"']application/vnd\\.ms-office\\.vbaProject[\"']|"
	    "macroEnabled|application/vnd\\.ms-excel\\.(?:intl)?macrosheet",
	    REGEX_NOCASE, NULL};

	return regex_has(&type, types);
}

/* One element, up to the next. */
static void
look_link(struct office *office, struct span link)
{
	static struct regex_fixed target = {
	    "Target=\"([^\"]*)\".*?TargetMode=\"External\"",
	    REGEX_NOCASE | REGEX_DOTALL, NULL};
	/* CVE-2021-40444: what Internet Explorer opens for a document */
	static struct regex_fixed hidden = {
	    "^MHTML:(?:https?://|&#x48;&#x54;&#x50;&#x3a;&#x5c;&#x5c;&#x31;&)",
	    REGEX_NOCASE, NULL};
	struct regex_match match;
	struct span web;

	if (link.len > LINK_MAX)
		link.len = LINK_MAX;
	if (!regex_take(&target, link, 0, &match))
		return;
	web = match.groups[1];
	if (regex_has(&hidden, web))
		office->seen |= OFFICE_MHTML;
	if (span_istarts(web, "mhtml:"))
		web = span_from(web, 6);
	if (span_istarts(web, "http://") || span_istarts(web, "https://"))
		office->seen |= OFFICE_REDIRECT;
}

static void
look_links(struct office *office, struct span rels)
{
	const char *p;
	size_t len;

	while (rels.len > 0) {
		p = span_find(
		    span_from(rels, 1), octets_of("Relationship", 13));
		len = p != NULL ? (size_t)(p - rels.p) : rels.len;
		look_link(office, (struct span){rels.p, len});
		rels = span_from(rels, len);
	}
}

/* What its parts say besides their names. */
static bool
look_content(struct office *office, const struct zip_member *member,
    struct span name, bool has_macro)
{
	struct span octets;

	if (span_is(name, "[content_types].xml")) {
		if (declares_macro(unpack(office, member)))
			office->seen |= OFFICE_MACRO;
		return true;
	}
	if (span_find(name, span_of(".rels")) != NULL) {
		octets = unpack(office, member);
		look_links(office, octets);
		return octets.len > 0;
	}
	if (has_macro && span_find(name, span_of(".bin")) != NULL &&
	    runs_itself(unpack(office, member)))
		office->seen |= OFFICE_MALICE;
	return false;
}

static bool
look_new(struct office *office, struct span name, struct span octets)
{
	unsigned before = office->seen;
	bool is_document = false, has_macro;
	char low[MEMBER_NAME_MAX];
	struct zip zip;
	size_t i;

	if (!is_zip(name, octets) || !zip_open(&zip, office->arena, octets))
		return false;
	office->seen &= ~(unsigned)OFFICE_MACRO;
	for (i = 0; i < zip.count; i++)
		if (look_member(office, lower(zip.members[i].name, low)))
			is_document = true;
	has_macro = (office->seen & OFFICE_MACRO) != 0;
	office->seen |= before;
	for (i = 0; i < zip.count; i++)
		if (look_content(office, &zip.members[i],
			lower(zip.members[i].name, low), has_macro))
			is_document = true;
	return is_document;
}

bool
office_is_wanted(const struct office_config *config, struct span name)
{
	return !matches(config->skipped, name) &&
	       (config->all || span_iends(name, ".csv") ||
		   matches(config->archives, name) ||
		   matches(config->macro, name) ||
		   matches(config->plain, name));
}

static bool look(struct office *office, struct span name, struct span octets,
    unsigned depth);

/* At most members_max of the members that are looked at. */
static void
look_archive(
    struct office *office, struct span name, struct span octets, unsigned depth)
{
	const struct office_config *config = office->config;
	const struct zip_member *member;
	unsigned looked = 0;
	struct zip zip;
	size_t i;

	if (config->members_max == 0 || depth >= config->depth_max ||
	    !is_zip(name, octets) || !zip_open(&zip, office->arena, octets))
		return;
	for (i = 0; i < zip.count && looked < config->members_max; i++) {
		member = &zip.members[i];
		if (member->encrypted) {
			if (!matches(config->skipped, member->name))
				office->seen |= OFFICE_PASSWORD;
			if (matches(config->macro, member->name))
				office->seen |= OFFICE_MACRO;
		} else if (office_is_wanted(config, member->name)) {
			looked += look(office, member->name,
			    unpack(office, member), depth + 1);
		}
	}
}

static void
look_other(
    struct office *office, struct span name, struct span octets, unsigned depth)
{
	bool is_document = is_ole(octets);

	is_document |= look_encrypted(office, octets);
	is_document |= look_old(office, octets);
	is_document |= look_new(office, name, octets);
	if (is_document) {
		office->seen |= OFFICE_RENAMED;
		look_download(office, octets);
	}
	look_archive(office, name, octets, depth);
}

/* At a file of a name that is wanted.  A list of values is none that counts. */
static bool
look(
    struct office *office, struct span name, struct span octets, unsigned depth)
{
	const struct office_config *config = office->config;
	bool has_macro = matches(config->macro, name);

	if (span_iends(name, ".csv"))
		look_csv(office, octets);
	if (matches(config->archives, name)) {
		look_archive(office, name, octets, depth);
	} else if (has_macro || matches(config->plain, name)) {
		if (has_macro)
			office->seen |= OFFICE_MACRO;
		look_encrypted(office, octets);
		if (!has_macro)
			look_old(office, octets);
		look_new(office, name, octets);
		look_download(office, octets);
	} else if (config->all) {
		look_other(office, name, octets, depth);
	} else {
		return false;
	}
	return true;
}

bool
office_look(struct office *office, struct span name, struct span octets)
{
	return look(office, name, octets, 0);
}
