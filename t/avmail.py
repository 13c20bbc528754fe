"""avmail.py DIR eicar|harmless: messages that lead scanners astray, as
DIR/NAME.eml.  In each is a zip archive with the test string of EICAR, or with
another text, where some reader of mail would show an attachment.
avmail.py DIR FILE...: the octets of the files in all ways in which a message
can carry them, as DIR/FILE-WAY.eml.

What mails are odd in is from RFC 2045, 2046, 2231 and 5322, from what parsers
are known to do instead, and from lists of such ways in public."""
import binascii, io, os, quopri, sys, zipfile
from base64 import b64encode, encodebytes

# not in one piece, so that no scanner finds it in here
EICAR = (b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-"
         b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")
TOP = (b"Received: by test.example\nFrom: Alice <alice@example.net>\n"
       b"Subject: test\nMIME-Version: 1.0\n")
BASE64 = b"Content-Transfer-Encoding: base64\n"


def zipped(data, name="eicar.com"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data,
                         zipfile.ZIP_DEFLATED)
    return out.getvalue()


def lines(data, width):
    """Base64 in lines of that width."""
    coded = b64encode(data)
    return b"".join(coded[i:i + width] + b"\n"
                    for i in range(0, len(coded), width))


def uu(data, name=b"a.zip"):
    out = b"begin 644 " + name + b"\n"
    for i in range(0, len(data), 45):
        out += binascii.b2a_uu(data[i:i + 45])
    return out + b"`\nend\n"


def qp(data):
    coded = [b"%c" % c if 32 < c < 127 and c != 61 else b"=%02X" % c
             for c in data]
    # no line end is of the data
    return b"".join(b"".join(coded[i:i + 24]) + b"=\n"
                    for i in range(0, len(coded), 24))


def yenc(data, name=b"a.zip"):
    coded = [bytes([(c + 42) & 255]) for c in data]
    coded = [b"=%c" % ((c[0] + 64) & 255) if c in b"\0\n\r=" else c
             for c in coded]
    return (b"=ybegin line=128 size=%d name=%s\n" % (len(data), name) +
            b"".join(b"".join(coded[i:i + 128]) + b"\n"
                     for i in range(0, len(coded), 128)) +
            b"=yend size=%d\n" % len(data))


ZIP = zipped(EICAR if sys.argv[2] == "eicar" else b"nothing bad")
CODED = encodebytes(ZIP)
PLAIN = BASE64 + b"\n" + CODED
ATTACHMENT = (b"Content-Type: application/zip; name=\"a.zip\"\n"
              b"Content-Disposition: attachment; filename=\"a.zip\"\n")


def parts(boundary, body=PLAIN, end=True):
    """The body of a multipart with a text and the attachment."""
    return (b"--%s\nContent-Type: text/plain\n\nhello\n\n--%s\n" %
            (boundary, boundary) + ATTACHMENT + body +
            (b"\n--%s--\n" % boundary if end else b""))


def mixed(fields=b"Content-Type: multipart/mixed; boundary=bound\n",
          boundary=b"bound", **more):
    return TOP + fields + b"\n" + parts(boundary, **more)


def single(fields=BASE64, body=CODED, top=TOP):
    return top + ATTACHMENT + fields + b"\n" + body


def kind(value, boundary=b"bound"):
    return mixed(b"Content-Type: multipart/mixed; " + value + b"\n", boundary)


def encoding(field):
    return mixed(body=field + b"\n" + CODED)


def text(body):
    return TOP + b"Content-Type: text/plain\n\nhello\n\n" + body


def rfc822(message, fields=b""):
    return (TOP + b"Content-Type: multipart/mixed; boundary=outer\n\n"
            b"--outer\nContent-Type: message/rfc822\n" + fields + b"\n" +
            message + b"\n--outer--\n")


CTE = b"Content-Transfer-Encoding: "
chunks = [ZIP[i:i + 19] for i in range(0, len(ZIP), 19)]
astray = {
    # for comparison
    "plain": mixed(),
    "plain-single": single(),
    # where the boundary is
    "boundary-in-disposition": mixed(
        b"Content-Type: multipart/mixed\n"
        b"Content-Disposition: inline; boundary=bound\n"),
    "boundary-first-of-two": kind(b"boundary=bound; boundary=other"),
    "boundary-second-of-two": kind(b"boundary=other; boundary=bound"),
    "boundary-odd-case": kind(b"BOUNDARY=bound"),
    "boundary-not-there": TOP + b"Content-Type: multipart/mixed\n\n" +
    parts(b"bound"),
    "boundary-empty": kind(b"boundary=\"\"", b""),
    "boundary-long": kind(b"boundary=" + b"b" * 200, b"b" * 200),
    "boundary-semicolon": kind(b"boundary=\"a;b\"", b"a;b"),
    "boundary-semicolon-escaped": kind(b"boundary=a\\;b", b"a;b"),
    "boundary-semicolon-bare": kind(b"boundary=a;b", b"a"),
    "boundary-blank-inside": kind(b"boundary=\"a b\"", b"a b"),
    "boundary-blank-unquoted": kind(b"boundary=a b", b"a b"),
    "boundary-blank-before-equals": kind(b"boundary =bound"),
    "boundary-tab-before-equals": kind(b"boundary\t=\tbound"),
    "boundary-blank-before-value": kind(b"boundary=   bound"),
    "boundary-blank-in-front": kind(b"boundary=\" bound\"", b" bound"),
    "boundary-blank-behind": kind(b"boundary=\"bound \""),
    "boundary-quote-escaped": kind(b"boundary=\"a\\\"b\"", b"a\"b"),
    "boundary-backslash-escaped": kind(b"boundary=\"a\\\\b\"", b"a\\b"),
    "boundary-letter-escaped": kind(b"boundary=\"bo\\und\""),
    "boundary-quote-open": kind(b"boundary=\"bound"),
    "boundary-quote-single": kind(b"boundary='bound'", b"'bound'"),
    "boundary-equals-inside": kind(b"boundary=a=b", b"a=b"),
    "boundary-comment-before": kind(b"(c) boundary=bound"),
    "boundary-comment-between": kind(b"boundary (c) = (d) bound (e)"),
    "boundary-comment-nested": kind(b"(a (b\\) c) d) boundary=bound"),
    "boundary-comment-like-one": kind(
        b"(; boundary=other;) boundary=bound"),
    "boundary-in-quotes-of-other": kind(
        b"x=\"; boundary=other; \"; boundary=bound"),
    "boundary-no-semicolon": mixed(
        b"Content-Type: multipart/mixed boundary=bound\n"),
    "boundary-semicolons": kind(b";;; boundary=bound;;"),
    "boundary-folded": mixed(
        b"Content-Type:\n multipart/mixed;\n\t\n boundary\n =\n bound\n"),
    "boundary-encoded-word": kind(b"boundary=\"=?us-ascii?q?bound?=\""),
    # RFC 2231
    "boundary-sections": kind(b"boundary*0=bo; boundary*1=und"),
    "boundary-sections-turned": kind(b"boundary*1=und; boundary*0=bo"),
    "boundary-sections-quoted": kind(b"boundary*0=\"bo\"; boundary*1=\"und\""),
    "boundary-sections-twice": kind(
        b"boundary*0=bo; boundary*0=xx; boundary*1=und"),
    "boundary-sections-from-1": kind(b"boundary*1=bo; boundary*2=und"),
    "boundary-sections-hole": kind(b"boundary*0=bound; boundary*2=x"),
    "boundary-sections-zeros": kind(b"boundary*00=bo; boundary*01=und"),
    "boundary-sections-and-plain": kind(
        b"boundary=other; boundary*0=bo; boundary*1=und"),
    "boundary-encoded": kind(b"boundary*=us-ascii'en'b%6Fund"),
    "boundary-encoded-section": kind(
        b"boundary*0*=us-ascii''b%6F; boundary*1=und"),
    "boundary-encoded-no-charset": kind(b"boundary*0*=''b%6f; boundary*1=und"),
    # the lines themselves
    "line-blank-behind": TOP + b"Content-Type: multipart/mixed; "
    b"boundary=bound\n\n" + parts(b"bound").replace(b"--bound\n",
                                                    b"--bound \t \n"),
    "line-text-behind": TOP + b"Content-Type: multipart/mixed; "
    b"boundary=bound\n\n" + parts(b"bound").replace(b"--bound\n",
                                                    b"--bound x\n"),
    "line-in-front": TOP + b"Content-Type: multipart/mixed; "
    b"boundary=bound\n\n" + parts(b"bound").replace(b"--bound\n",
                                                    b" --bound\n"),
    "line-closed-first": TOP + b"Content-Type: multipart/mixed; "
    b"boundary=bound\n\n--bound--\n" + parts(b"bound"),
    "line-never-closed": mixed(end=False),
    "line-right-after-header": TOP + b"Content-Type: multipart/mixed; "
    b"boundary=bound\n" + parts(b"bound"),
    "line-of-parent": TOP + b"Content-Type: multipart/mixed; boundary=bound\n\n"
    b"--bound\nContent-Type: multipart/mixed; boundary=bound\n\n" +
    parts(b"bound"),
    "line-longer-than-parent": TOP + b"Content-Type: multipart/mixed; "
    b"boundary=bound\n\n--bound\nContent-Type: multipart/mixed; "
    b"boundary=boundary\n\n" + parts(b"boundary") + b"\n--bound--\n",
    "part-no-empty-line": TOP + b"Content-Type: multipart/mixed; "
    b"boundary=bound\n\n--bound\n" + ATTACHMENT + BASE64 + CODED +
    b"--bound--\n",
    "part-in-preamble": TOP + b"Content-Type: multipart/mixed; boundary=bound"
    b"\n\n" + ATTACHMENT + BASE64 + b"\n" + CODED + b"\n--bound\n\nx\n"
    b"--bound--\n",
    "part-in-epilogue": TOP + b"Content-Type: multipart/mixed; boundary=bound"
    b"\n\n--bound\n\nx\n--bound--\n\n" + ATTACHMENT + BASE64 + b"\n" + CODED,
    # fields
    "type-twice-multipart-last": mixed(
        b"Content-Type: text/plain\n"
        b"Content-Type: multipart/mixed; boundary=bound\n"),
    "type-twice-multipart-first": mixed(
        b"Content-Type: multipart/mixed; boundary=bound\n"
        b"Content-Type: text/plain\n"),
    "type-comment-in-name": mixed(
        b"Content-Type (x): multipart/mixed; boundary=bound\n"),
    "type-comment-in-front": mixed(
        b"Content-Type: (text/plain) multipart/mixed; boundary=bound\n"),
    "type-comment-inside": mixed(
        b"Content-Type: multipart (x) / (y) mixed (z); boundary=bound\n"),
    "type-blank-in-name": mixed(
        b"Content-Type : multipart/mixed; boundary=bound\n"),
    "type-odd-case": mixed(
        b"cOnTeNt-TyPe: MULTIPART/MIXED; boundary=bound\n"),
    "type-unknown-multipart": mixed(
        b"Content-Type: multipart/x-of-ours; boundary=bound\n"),
    "type-blank-around-slash": mixed(
        b"Content-Type: multipart / mixed; boundary=bound\n"),
    "type-no-subtype": mixed(b"Content-Type: multipart; boundary=bound\n"),
    "type-no-mime-version": mixed().replace(b"MIME-Version: 1.0\n", b""),
    "type-mime-version-odd": mixed().replace(b"Version: 1.0", b"Version: 9"),
    "type-behind-unknown-fields": b"X-One: 1\nX-Two: 2\nCONTENT-TYPE: "
    b"multipart/mixed; boundary=bound\n\n" + parts(b"bound"),
    "type-in-8-bit-header": mixed(
        b"X-\xe4\xf6\xfc: \xe4\nContent-Type: multipart/mixed; "
        b"boundary=bound\n"),
    "type-behind-NUL": mixed(
        b"X-One: a\0b\nContent-Type: multipart/mixed; boundary=bound\n"),
    "type-behind-long-line": mixed(
        b"X-One: " + b"x" * 100000 + b"\n"
        b"Content-Type: multipart/mixed; boundary=bound\n"),
    "type-behind-bad-line": mixed(
        b"this is no field\nContent-Type: multipart/mixed; boundary=bound\n"),
    "type-behind-bad-first-line": b"no field\n" + mixed(),
    "type-behind-many-fields": mixed(
        b"X-One: 1\n" * 2000 +
        b"Content-Type: multipart/mixed; boundary=bound\n"),
    "type-text-of-attachment": single().replace(b"application/zip",
                                                b"text/plain"),
    "type-broken": single().replace(b"application/zip", b"///"),
    # the encoding
    "encoding-odd-case": encoding(CTE.upper() + b"bAsE64\n"),
    "encoding-twice-base64-last": encoding(CTE + b"7bit\n" + BASE64),
    "encoding-twice-base64-first": encoding(BASE64 + CTE + b"7bit\n"),
    "encoding-comment-behind": encoding(CTE + b"base64 (x)\n"),
    "encoding-comment-in-front": encoding(CTE + b"(x) base64\n"),
    "encoding-comment-in-name": encoding(
        b"Content-Transfer-Encoding (x): base64\n"),
    "encoding-junk-behind": encoding(CTE + b"base64 junk\n"),
    "encoding-semicolon": encoding(CTE + b"base64;\n"),
    "encoding-parameter": encoding(CTE + b"base64; x=y\n"),
    "encoding-quoted": encoding(CTE + b"\"base64\"\n"),
    "encoding-folded": encoding(CTE + b"\n\n base64\n"[1:]),
    "encoding-x-base64": encoding(CTE + b"x-base64\n"),
    "encoding-of-multipart": mixed(
        b"Content-Type: multipart/mixed; boundary=bound\n" + BASE64),
    "encoding-not-there": encoding(b""),
    "encoding-wrong": encoding(CTE + b"quoted-printable\n"),
    # base64
    "base64-lines-of-1": single(body=lines(ZIP, 1)),
    "base64-lines-of-3": single(body=lines(ZIP, 3)),
    "base64-lines-of-77": single(body=lines(ZIP, 77)),
    "base64-one-line": single(body=b64encode(ZIP) + b"\n"),
    "base64-no-padding": single(body=lines(ZIP + b"\0" * ((4 - len(ZIP)) % 3),
                                           76).replace(b"=", b"")),
    "base64-blanks": single(body=CODED.replace(b"A", b"A \t")),
    "base64-blank-lines": single(body=lines(ZIP, 20).replace(b"\n", b"\n\n")),
    "base64-junk": single(body=CODED.replace(b"A", b"A!#$%&").replace(
        b"\n", b"-_*\n")),
    "base64-junk-lines": single(body=CODED.replace(b"\n", b"\n!!!\n")),
    "base64-8-bit-junk": single(body=CODED.replace(b"A", b"\xe4A\xff")),
    "base64-NUL": single(body=CODED.replace(b"A", b"A\0")),
    "base64-indented": single(body=CODED.replace(b"\n", b"\n\t ")),
    "base64-padded-parts": single(body=b"".join(
        b64encode(c) + b"\n" for c in chunks)),
    "base64-text-behind": single(body=CODED + b"\n\nthis is a footer\n"),
    "base64-equals-in-front": single(body=b"====\n" + CODED),
    # other encodings
    "quoted-printable": single(CTE + b"quoted-printable\n", qp(ZIP)),
    "quoted-printable-lower": single(
        CTE + b"quoted-printable\n", qp(ZIP).replace(b"=A", b"=a")),
    "quoted-printable-blanks": single(
        CTE + b"quoted-printable\n", qp(ZIP).replace(b"=\n", b"= \t\n")),
    "uuencode": single(CTE + b"x-uuencode\n", uu(ZIP)),
    "uuencode-x-uue": single(CTE + b"x-uue\n", uu(ZIP)),
    "uuencode-plain-name": single(CTE + b"uuencode\n", uu(ZIP)),
    "uuencode-in-text": text(uu(ZIP)),
    "uuencode-no-mime": b"From: a@example.net\nSubject: x\n\nhello\n" + uu(ZIP),
    "uuencode-blanks": text(uu(ZIP).replace(b"`", b" ")),
    "yenc": single(CTE + b"x-yenc\n", yenc(ZIP)),
    "binary": single(CTE + b"binary\n", ZIP),
    # messages in messages
    "message": rfc822(mixed()),
    "message-base64": rfc822(encodebytes(mixed()), BASE64),
    "message-quoted-printable": rfc822(
        quopri.encodestring(mixed()), CTE + b"quoted-printable\n"),
    "message-twice": rfc822(rfc822(mixed()).replace(b"outer", b"inner")),
    "message-twice-base64": rfc822(encodebytes(
        rfc822(encodebytes(mixed()), BASE64).replace(b"outer", b"inner")),
        BASE64),
    "message-mbox": rfc822(b"From a@example.net Thu Jan  1 00:00:00 1970\n" +
                           mixed()),
    "message-as-octets": rfc822(encodebytes(mixed()), BASE64).replace(
        b"message/rfc822", b"application/octet-stream; name=a.eml"),
    "message-global": rfc822(mixed()).replace(b"/rfc822", b"/global"),
    "message-odd-case": rfc822(mixed()).replace(b"message/rfc822",
                                                b"MESSAGE/RFC822"),
    "message-digest": TOP + b"Content-Type: multipart/digest; boundary=outer"
    b"\n\n--outer\n\n" + mixed() + b"\n--outer--\n",
    # what stands in front
    "front-mbox": b"From a@example.net Thu Jan  1 00:00:00 1970\n" + mixed(),
    "front-empty-lines": b"\n\n\n" + mixed(),
    "front-byte-order-mark": b"\xef\xbb\xbf" + mixed(),
    "front-blank": b" " + mixed(),
    # line ends, of what is CR LF otherwise
    "ends-LF": mixed(),
    "ends-CR": mixed().replace(b"\n", b"\r"),
    "ends-header-LF": mixed(),
    "ends-header-CR": mixed(),
    "ends-mixed": mixed(),
    "ends-CR-CR-LF": mixed(),
    "ends-quoted-printable-CR": single(CTE + b"quoted-printable\n", qp(ZIP)),
}


def wire(name, mail):
    """With the line ends of SMTP, if it is not these that are tried."""
    head, _, body = mail.partition(b"\n\n")
    crlf = mail.replace(b"\n", b"\r\n")
    return {
        "ends-LF": mail,
        "ends-CR": mail,
        "ends-header-LF": head + b"\n\n" + body.replace(b"\n", b"\r\n"),
        "ends-header-CR": head.replace(b"\n", b"\r") + b"\r\r" +
        body.replace(b"\n", b"\r\n"),
        "ends-mixed": mail.replace(b"\nContent", b"\r\nContent").replace(
            b"\n--", b"\r--"),
        "ends-CR-CR-LF": mail.replace(b"\n", b"\r\r\n"),
        "ends-quoted-printable-CR": mail.replace(b"\n", b"\r"),
        "binary": crlf.replace(ZIP.replace(b"\n", b"\r\n"), ZIP),
    }.get(name, crlf)


def carried(data):
    """The octets in all ways."""
    attached = (b"Content-Type: application/octet-stream\n"
                b"Content-Disposition: attachment\n")
    return {
        "base64": TOP + attached + BASE64 + b"\n" + encodebytes(data),
        "quoted-printable": TOP + attached + CTE + b"quoted-printable\n\n" +
        qp(data),
        "uuencode": TOP + attached + CTE + b"x-uuencode\n\n" + uu(data),
        "uuencode-in-text": text(uu(data)),
        "message": rfc822(TOP + attached + BASE64 + b"\n" + encodebytes(data)),
        "message-base64": rfc822(encodebytes(
            TOP + attached + BASE64 + b"\n" + encodebytes(data)), BASE64),
        "astray": kind(b"boundary=other; boundary=bound").replace(
            CODED, encodebytes(data)),
    }


def write(directory, name, data):
    with open(os.path.join(directory, name + ".eml"), "wb") as file:
        file.write(data)


if sys.argv[2] in ("eicar", "harmless"):
    for name, mail in astray.items():
        write(sys.argv[1], name, wire(name, mail))
        if PLAIN not in mail:
            continue
        for other, body in (b"quoted-printable", qp(ZIP)), (b"uuencode",
                                                            uu(ZIP)):
            write(sys.argv[1], name + "-" + other.decode(),
                  wire(name, mail.replace(PLAIN, CTE + other + b"\n\n" + body)))
    sys.exit()
for path in sys.argv[2:]:
    with open(path, "rb") as file:
        data = file.read()
    for way, mail in carried(data).items():
        write(sys.argv[1], os.path.basename(path) + "-" + way,
              mail.replace(b"\n", b"\r\n"))
