"""spamharm.py DIR: messages that are to hurt a scorer, DIR/NAME.eml."""
import base64, os, subprocess, sys

top = sys.argv[1]
HEAD = (b"Received: from mail.example.net (mail.example.net [192.0.2.7])\n"
        b"\tby mx.example.org; Sat, 21 Nov 2026 10:00:00 +0000\n"
        b"From: Alice <alice@example.net>\nTo: bob@b.example\n"
        b"Date: Sat, 21 Nov 2026 10:00:00 +0000\n"
        b"Message-ID: <1@example.net>\nMIME-Version: 1.0\n")


def write(name, header, body=b""):
    with open(os.path.join(top, name + ".eml"), "wb") as file:
        file.write(HEAD + header + b"\n" + body)


def text(kind, charset=b"utf-8", more=b""):
    return b"Content-Type: text/%s; charset=%s\n%s" % (kind, charset, more)


def multipart(mark):
    return b"Content-Type: multipart/mixed; boundary=\"%s\"\n" % mark


plain, html = text(b"plain"), text(b"html")
# for rules that try everything: see bombs in spam-harm.bats
for n in range(4):
    write("line%d" % n, plain, b"%c" % (97 + n) * 20000 + b"!\n")
write("blanks", plain, (b"word" + b" " * 20000 + b".\n") * 20)
write("letters", b"Subject: " + b"a" * 20000 + b"!\n" + plain,
      (b"a" * 20000 + b"!\n") * 100)

# many
write("parts", multipart(b"b"), b"--b\nContent-Type: text/plain\n\nhello\n"
      * 10000 + b"--b--\n")
write("boundaries", multipart(b"-"), b"--\n---\n" * 150000)
write("files", multipart(b"b"), b"--b\nContent-Type: application/pdf; "
      b"name=a.pdf\n\n%PDF-1.4\n" * 10000 + b"--b--\n")
write("fields", b"X-Field: value of it\n" * 100000 + plain, b"hello\n")
write("received", b"Received: from a.example (b.example [192.0.2.1]) by "
      b"c.example with SMTP id x; Sat, 21 Nov 2026 10:00:00 +0000\n" * 20000
      + plain, b"hello\n")
write("froms", b"From: a <a@a.example>\nTo: b@b.example\n" * 20000, b"hello\n")
write("addresses", b"To: " + b"a@b.example,\n " * 100000 + b"c@d.example\n"
      b"Cc: " + b"<a@b.example> (c) \"d\" " * 50000 + b"\n", b"hello\n")
write("links", plain, b"".join(b"http://a%d.example/?u=http://b%d.example/\n"
                               % (n, n) for n in range(100000)))
write("domains", plain, b"a.b." * 500000 + b"example\n")
write("mails", plain, b"".join(b"a%d@b%d.example\n" % (n, n)
                               for n in range(100000)))
write("words", plain, b"".join(b"w%d " % n for n in range(1000000)))
write("images", html, b"<img src='cid:a' width=100 height=100>" * 100000)
write("anchors", html, b"<a href='http://a.example/'>b" * 100000)

# long
long = b"x" * (1 << 20)
for name in (b"Subject", b"From", b"To", b"Received", b"Message-ID", b"X-Long",
             b"Content-Type", b"Date", b"DKIM-Signature"):
    write("line-" + name.decode().lower(), name + b": " + long + b"\n", b"hello\n")
write("name", long + b": x\n", b"hello\n")
write("folded", b"Subject: x\n" + b" \n" * 500000 + b" x\n" + plain, b"hello\n")
write("params", b"Content-Type: text/plain" + b"; a=b" * 200000 + b"\n", b"hello\n")
write("continued", b"Content-Type: text/plain" + b"".join(
    b";\n name*%d*=utf-8''x" % n for n in range(50000)) + b"\n", b"hello\n")
write("encoded", b"Subject: " + b"=?utf-8?q?=41?= " * 60000 + b"\n"
      b"From: " + b"=?x?b?QQ?=" * 60000 + b" <a@b.example>\n", b"hello\n")
write("one-line", plain, b"hello world " * 800000)
write("no-header-end", b"X: y\n" * 100000)
write("dots", plain, b"." * 5000000 + b"\n" + b"www." * 500000)
write("slashes", plain, b"http://" * 500000 + b"\n" + b"@" * 500000)
write("percent", plain, b"http://a.example/" + b"%25" * 500000 + b"\n")
write("caps", b"Subject: " + b"FREE!!! " * 50000 + b"\n" + plain,
      b"FREE MONEY!!! $$$ CLICK HERE " * 200000)

# deep
write("comments", b"To: " + b"(" * 1000 + b"x" + b")" * 1000 + b" a@b.example\n"
      b"Received: from " + b"(" * 1000 + b"x\n"
      b"Content-Type: text/plain " + b"(" * 1000 + b"; charset=utf-8\n",
      b"hello\n")
inner = b"Content-Type: text/plain\n\nhello\n"
for n in range(1000):
    inner = (b"Content-Type: multipart/mixed; boundary=\"b%d\"\n\n--b%d\n"
             % (n, n) + inner + b"\n--b%d--\n" % n)
write("multiparts", b"", b"")
with open(os.path.join(top, "multiparts.eml"), "wb") as file:
    file.write(HEAD + inner)
inner = b"Subject: in\n\nhello\n"
for n in range(1000):
    inner = (b"Subject: %d\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n"
             % n + inner)
with open(os.path.join(top, "messages.eml"), "wb") as file:
    file.write(inner)
write("elements", html, b"<div><b><table><tr><td>" * 20000 + b"hello"
      + b"</td></tr></table></b></div>" * 20000)
write("elements-open", html, b"<font color=#ff0001 style='color:red'>x"
      * 100000)
write("elements-closed", html, b"</p></font>" * 200000)
write("quotes", b"From: \"" + b"\\\"" * 100000 + b"\" <a@b.example>\n", b"x\n")
write("angles", b"From: " + b"<" * 100000 + b"a@b.example" + b">" * 100000
      + b"\nReply-To: " + b"a@" * 100000 + b"\n", b"x\n")

# HTML of much
write("tag", html, b"<p " + b"a" * (20 << 20))
write("attributes", html, b"<p " + b"a=b " * (5 << 20) + b">hello")
write("attribute", html, b"<a href=\"" + b"x" * (20 << 20) + b"\">hello</a>")
write("comment", html, b"<!--" + b"-- >" * (5 << 20))
write("script", html, b"<script>" + b"</scrip" * (1 << 20) + b"<style>" * 100000)
write("entities", html, b"&#x41;&amp;&nosuch;&#99999999;&#xd800;" * 100000
      + b"&" * 1000000)
write("less", html, b"<" * 2000000)
write("declarations", html, b"<!DOCTYPE " * 200000 + b"<![CDATA[" * 200000)
write("style", html, b"<p style=\"" + b"color:#fff;font-size:1px;" * 200000
      + b"\">hello</p>")
write("cut-tag", html, b"<html><body>hello<a href=\"http://a.example")

# octets
write("invalid-utf-8", b"Subject: \xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\n"
      + plain, bytes(range(128, 256)) * 1000 + b"\xf0\x9f" * 10000)
write("nul", b"Subject: a\0b\n" + plain, b"a\0b\n" * 10000 + b"\0" * 1000000)
write("nul-html", html, b"<a\0 href=\0http://a.exa\0mple>\0</a>" * 10000)
write("octets", plain, bytes(range(256)) * 10000)
write("carriage", b"Subject: a\r b\n" + plain, b"a\r" * 100000 + b"\r\n\r\r\n")
write("utf-7", text(b"plain", b"utf-7"), b"+AGE-+" * 100000)
write("utf-16", text(b"html", b"utf-16"), b"\xff\xfe\xd8\x00\x00\xd8<a" * 50000)
write("shifts", text(b"plain", b"iso-2022-jp"), b"\x1b$B\x1b(B" * 100000 + b"\x1b$")
write("base64-cut", text(b"plain", more=b"Content-Transfer-Encoding: base64\n"),
      base64.encodebytes(b"hello world" * 1000)[:-7])
write("base64-none", text(b"plain", more=b"Content-Transfer-Encoding: base64\n"),
      b"=" * 1000000 + b"%!? " * 100000)
write("quoted-cut", text(
    b"plain", more=b"Content-Transfer-Encoding: quoted-printable\n"),
    b"=4" * 100000 + b"=\n" * 100000 + b"=")
write("uuencoded", plain, b"begin 644 a.txt\n" + b"M" * 1000000 + b"\n"
      + b"begin 644 x\n" * 10000)
write("nothing-else", b"Content-Type: multipart/mixed\n", b"--\n" * 1000)

# attachments
png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff"
for name, kind, data in (
        ("png", b"image/png", png + bytes(100000)),
        ("jpeg", b"image/jpeg", b"\xff\xd8" + b"\xff\xc0\0\2" * 100000),
        ("gif", b"image/gif", b"GIF89a\xff\xff\xff\xff\xff\0\0" + b"," * 100000),
        ("pdf", b"application/pdf", b"%PDF-1.4\n"
         + b"1 0 obj <</URI (http://a.example/)>> endobj\n" * 50000),
        ("pdf-open", b"application/pdf", b"%PDF-1.4\n" + b"<<" * 500000
         + b"(" * 500000),
        ("zip", b"application/zip", b"PK\3\4" * 100000 + b"PK\1\2" * 100000
         + b"PK\5\6" + b"\xff" * 18),
        ("doc", b"application/msword", bytes.fromhex("d0cf11e0a1b11ae1")
         + b"\xfe\xff\xff\xff" * 100000)):
    write(name, b"Content-Type: %s; name=a.%s\n"
          b"Content-Transfer-Encoding: base64\n" % (kind, name.encode()),
          base64.encodebytes(data))
big = base64.encodebytes(os.urandom(1 << 20))
write("large", multipart(b"b"), b"--b\nContent-Type: text/plain\n\nhello\n"
      b"--b\nContent-Type: application/octet-stream; name=r.bin\n"
      b"Content-Transfer-Encoding: base64\n\n" + big * 100 + b"--b--\n")
write("large-text", plain, b"the quick brown fox jumps over the dog\n" * 1000000)
write("large-html", html, b"<p>the quick brown <b>fox</b> jumps</p>\n" * 500000)

# every charset that iconv knows, and some that it does not
names = subprocess.run(["iconv", "-l"], stdout=subprocess.PIPE,
                       check=True).stdout.decode().split()
names = [name.strip("/,") for name in names] + [
    "", "x", "x-unknown", "../../etc/passwd", "utf-8//translit//", "utf-8\0",
    "a" * 10000, "%s%n", "utf8", "cp1252//IGNORE", "\xff"]
octets = b"<p>" + bytes(range(256)) * 2 + b"\xff" * 5 + b"</p>\n"
with open(os.path.join(top, "charsets.eml"), "wb") as file:
    file.write(HEAD + multipart(b"charsets") + b"\n")
    for name in names:
        file.write(b"--charsets\n" + text(
            b"html", b"\"%s\"" % name.encode("latin-1")) + b"\n" + octets)
    file.write(b"--charsets--\n")
write("charsets-subject", b"".join(
    b"Subject: =?%s?q?=ff=fe=80=41?=\n" % name.encode("latin-1")
    for name in names if name and "\0" not in name), b"hello\n")
