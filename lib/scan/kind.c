#define _GNU_SOURCE
#include <stdint.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "scan/policy.h"

#define EXTENSION_MAX 20     /* longer ones are in no list */
#define HEADER_MZ 64         /* octets of the header of MS-DOS */
#define SECTOR 2048          /* of a CD */
#define DESCRIPTOR 32769     /* where its first descriptor has its name */
#define DESCRIPTORS_MAX 16   /* that are looked at */
#define ENTRY 128            /* octets of a directory entry of OLE */
#define ENTRY_NAME_MAX 64    /* octets of the name in it */
#define OOXML_LOOK (1 << 20) /* octets at the end of a zip file */

/*
 * Extensions by what a click on such a file does.  They are what Outlook calls
 * level 1 and Gmail refuses, without what harms nobody by itself, and with what
 * was sent around since: disk images (what is in them came without the mark of
 * the web), shortcuts to searches and libraries, OneNote, remote desktops.
 *
 * Programs and what installs them, also on Android and macOS; Java archives
 * run by a click, too.
 */
static const char executables[] =
    " exe com scr pif cpl dll ocx drv sys vxd efi xll wll msi msp mst msu msix "
    "msixbundle appx appxbundle appinstaller application xbap gadget diagcab "
    "jar class apk xapk ipa pkg mpkg appimage ";
/* What an interpreter runs that is there: of Windows, of its help, management
 * console and registry; of Unix and macOS. */
static const char scripts[] =
    " js jse mjs vb vbe vbs ws wsc wsf wsh sct hta htc chm hlp msc reg inf "
    "bat cmd btm ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psm1 cdxml msh msh1 msh2 "
    "mshxml au3 ahk a3x sh bash csh ksh zsh command workflow scpt applescript "
    "py pyc pyo pyw pyz pyzw pl rb php lua tcl run ";
/* What leads elsewhere, to a program or a server. */
static const char links[] =
    " lnk url website scf maf mag mam maq mar mas mat mau mav maw library-ms "
    "search-ms searchconnector-ms settingcontent-ms appcontent-ms appref-ms "
    "theme themepack deskthemepack rdp jnlp iqy rqy dqy oqy odc desktop "
    "webloc inetloc fileloc ";
/* Disk images, which Windows and macOS open by a click. */
static const char disks[] =
    " iso img ima udf vhd vhdx vmdk vdi vfd wim nrg mdf toast dmg smi cdr "
    "sparseimage sparsebundle ";
/* Office files that say that they may hold macros, or that hold files behind a
 * click. */
static const char macros[] =
    " docm dotm xlsm xltm xlsb xlam xla xlm xlw slk pptm potm ppsm ppam sldm "
    "ppa accda accdb accde accdr accdu ade adp mda mdb mde mdw vsdm vssm vstm "
    "one onepkg onetoc2 ";

static const struct {
	const char *extensions;
	enum report_kind kind;
} by_name[] = {
    {executables, REPORT_EXECUTABLE},
    {scripts, REPORT_SCRIPT},
    {links, REPORT_LINK},
    {disks, REPORT_DISK},
    {macros, REPORT_MACRO},
};

/* What begins with these octets.  "cafebabe" is a Mach-O file for several
 * processors, or a Java class. */
static const struct {
	const char *octets;
	size_t len;
	enum report_kind kind;
} by_magic[] = {
    {"\177ELF", 4, REPORT_EXECUTABLE},
    {"\xfe\xed\xfa\xce", 4, REPORT_EXECUTABLE},
    {"\xfe\xed\xfa\xcf", 4, REPORT_EXECUTABLE},
    {"\xce\xfa\xed\xfe", 4, REPORT_EXECUTABLE},
    {"\xcf\xfa\xed\xfe", 4, REPORT_EXECUTABLE},
    {"\xca\xfe\xba\xbe", 4, REPORT_EXECUTABLE},
    {"\xca\xfe\xba\xbf", 4, REPORT_EXECUTABLE},
    /* [MS-SHLLINK] 2.1: the header's size and the class of links */
    {"L\0\0\0\1\24\2\0\0\0\0\0\300\0\0\0\0\0\0F", 20, REPORT_LINK},
    {"vhdxfile", 8, REPORT_DISK},
    {"conectix", 8, REPORT_DISK},
    {"KDMV", 4, REPORT_DISK},
    {"MSWIM\0\0\0", 8, REPORT_DISK},
};

struct span
policy_trim(struct span name)
{
	static const char stream[] = "::$DATA"; /* of NTFS, the file itself */
	const size_t len = sizeof(stream) - 1;
	unsigned char c;

	if (name.len > len &&
	    strncasecmp(name.p + name.len - len, stream, len) == 0)
		name.len -= len;
	while (name.len > 0) {
		c = (unsigned char)name.p[name.len - 1];
		if (c > 0x20 && c != 0x7f && strchr(".?\"'", c) == NULL)
			break;
		name.len--;
	}
	return name;
}

/* Whether a list has " extension ". */
static bool
has(const char *list, struct span extension)
{
	char word[EXTENSION_MAX + 3];
	size_t i;
	char c;

	word[0] = ' ';
	for (i = 0; i < extension.len; i++) {
		c = extension.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		if (c <= ' ')
			return false;
		word[i + 1] = c;
	}
	word[i + 1] = ' ';
	word[i + 2] = '\0';
	return strstr(list, word) != NULL;
}

enum report_kind
policy_kind_of_name(struct span name)
{
	struct span extension;
	size_t i;

	name = policy_trim(name);
	for (i = name.len; i > 0 && name.p[i - 1] != '.'; i--)
		;
	if (i == 0)
		return REPORT_OTHER;
	extension = (struct span){name.p + i, name.len - i};
	/* a class of Windows, by which the file is opened whatever it is */
	if (extension.len > 2 && extension.p[0] == '{' &&
	    extension.p[extension.len - 1] == '}')
		return REPORT_EXECUTABLE;
	if (extension.len > EXTENSION_MAX)
		return REPORT_OTHER;
	for (i = 0; i < nitems(by_name); i++)
		if (has(by_name[i].extensions, extension))
			return by_name[i].kind;
	return REPORT_OTHER;
}

/* Whether these octets stand at that offset. */
static bool
stands(struct span octets, uint64_t at, const char *text, size_t len)
{
	return octets.len >= len && at <= octets.len - len &&
	       memcmp(octets.p + at, text, len) == 0;
}

/* A number of up to four octets, the least first.  They must be there. */
static uint32_t
little(struct span octets, size_t at, size_t size)
{
	uint32_t n = 0;

	while (size-- > 0)
		n = n << 8 | (unsigned char)octets.p[at + size];
	return n;
}

/* A program of MS-DOS or Windows.  A text may begin with "MZ", too: but it has
 * no NUL, of which that header is full, unless it is made on purpose; then
 * there is the header of Windows where it says. */
static bool
is_mz(struct span octets)
{
	size_t look = octets.len < HEADER_MZ ? octets.len : HEADER_MZ;

	if (!stands(octets, 0, "MZ", 2))
		return false;
	return memchr(octets.p, '\0', look) != NULL ||
	       (look == HEADER_MZ &&
		   stands(octets, little(octets, HEADER_MZ - 4, 4), "PE\0", 4));
}

static bool
is_interpreted(struct span octets)
{
	struct scan scan;

	scan_init(&scan, octets);
	scan_text(&scan, "#!");
	scan_while(&scan, ascii_is_blank);
	return scan_maybe(&scan, '/');
}

/* ISO 9660 and UDF (ECMA-119 8.1, ECMA-167 2/9.1), and images that have their
 * mark at their end. */
static bool
is_disk(struct span octets)
{
	static const char *const names[] = {"CD001", "BEA01", "NSR02", "NSR03"};
	size_t i, k;

	for (k = 0; k < DESCRIPTORS_MAX; k++)
		for (i = 0; i < nitems(names); i++)
			if (stands(octets, DESCRIPTOR + k * SECTOR, names[i],
				strlen(names[i])))
				return true;
	return octets.len >= 512 &&
	       (stands(octets, octets.len - 512, "koly", 4) ||
		   stands(octets, octets.len - 512, "conectix", 8) ||
		   stands(octets, octets.len - 511, "conectix", 8));
}

/* Whether a directory entry ([MS-CFB] 2.6.1) has that name, in UTF-16. */
static bool
is_entry(struct span entry, const char *name)
{
	size_t i, len = strlen(name);
	char c;

	if (little(entry, ENTRY_NAME_MAX, 2) != 2 * (len + 1))
		return false;
	for (i = 0; i < len; i++) {
		c = entry.p[2 * i];
		if (c >= 'a' && c <= 'z')
			c = (char)(c - ('a' - 'A'));
		if (c != name[i] || entry.p[2 * i + 1] != '\0')
			return false;
	}
	return true;
}

/* An OLE file with a VBA project ([MS-OVBA] 2.2.1).  Entries of the directory
 * stand at multiples of their size; which sectors are the directory is not
 * asked, for that chain can be made to lead astray. */
static bool
is_ole_macro(struct span octets)
{
	struct span entry;
	size_t at;

	if (!stands(octets, 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8))
		return false;
	for (at = 512; octets.len >= ENTRY && at <= octets.len - ENTRY;
	     at += ENTRY) {
		entry = (struct span){octets.p + at, ENTRY};
		if (is_entry(entry, "VBA") || is_entry(entry, "_VBA_PROJECT"))
			return true;
	}
	return false;
}

/* An Office file of today, which is a zip file, whose list, at its end, says
 * that there is a project.  One under another name is found when it is
 * unpacked. */
static bool
is_ooxml_macro(struct span octets)
{
	static const char project[] = "vbaProject.bin";

	if (!stands(octets, 0, "PK\3\4", 4))
		return false;
	if (octets.len > OOXML_LOOK) {
		octets.p += octets.len - OOXML_LOOK;
		octets.len = OOXML_LOOK;
	}
	return memmem(octets.p, octets.len, project, sizeof(project) - 1) !=
	       NULL;
}

enum report_kind
policy_kind_of_content(struct span octets)
{
	size_t i;

	if (is_mz(octets))
		return REPORT_EXECUTABLE;
	for (i = 0; i < nitems(by_magic); i++)
		if (stands(octets, 0, by_magic[i].octets, by_magic[i].len))
			return by_magic[i].kind;
	if (is_interpreted(octets))
		return REPORT_SCRIPT;
	if (is_ole_macro(octets) || is_ooxml_macro(octets))
		return REPORT_MACRO;
	return is_disk(octets) ? REPORT_DISK : REPORT_OTHER;
}
