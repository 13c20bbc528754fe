"""avplant.py DIR: a database with a signature of each kind, DIR/src, and for
each a message that it must find, DIR/mail/KIND.eml; those in DIR/good must not
be found by any.  The names say what is planted."""
import hashlib, io, os, struct, sys, zipfile
from base64 import encodebytes

top = sys.argv[1]
for name in ("src", "mail", "good"):
    os.makedirs(os.path.join(top, name), exist_ok=True)


def octets(seed, count=900):
    """Octets that are the same in every run, and no text."""
    out = b""
    while len(out) < count:
        out += hashlib.sha256(b"%s %d" % (seed.encode(), len(out))).digest()
    return b"\1\2" + out[:count]


def message(attachment, name="part.bin"):
    return (b"Received: by test.example; Mon, 5 Jan 2026 10:00:00 +0000\r\n"
            b"From: Alice <alice@example.net>\r\nSubject: planted\r\n"
            b"MIME-Version: 1.0\r\n"
            b"Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n"
            b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
            b"--b\r\nContent-Type: application/octet-stream; name=\"%s\"\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n%s\r\n--b--\r\n"
            % (name.encode(), encodebytes(attachment).replace(b"\n", b"\r\n")))


def zipped(data, name="inner.bin"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


def program(section, wide=False):
    """A PE program with one section of 512 octets."""
    optional = struct.pack("<HBBIIIII", 0x20b if wide else 0x10b, 1, 0, 512, 0,
                           0, 0x1000, 0x1000)
    optional += struct.pack("<Q" if wide else "<II",
                            *((0x400000,) if wide else (0x2000, 0x400000)))
    optional += struct.pack("<IIHHHHHHIIIIHH", 0x1000, 512, 4, 0, 0, 0, 4, 0,
                            0, 0x2000, 512, 0, 3, 0)
    optional += struct.pack("<QQQQ" if wide else "<IIII", 1 << 20, 4096,
                            1 << 20, 4096)
    optional += struct.pack("<II", 0, 16) + bytes(128)
    head = b"MZ" + bytes(58) + struct.pack("<I", 64)
    head += b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664 if wide else 0x14c, 1, 0,
                                    0, 0, len(optional), 0x102) + optional
    head += b".text\0\0\0" + struct.pack("<IIIIIIHHI", 512, 0x1000, 512, 512, 0,
                                         0, 0, 0, 0x60000020)
    return head.ljust(512, b"\0") + section.ljust(512, b"\0")[:512]


signatures = {}


def sign(extension, line):
    signatures.setdefault(extension, []).append(line)


def plant(kind, attachment, name="part.bin", where="mail"):
    with open(os.path.join(top, where, kind + ".eml"), "wb") as file:
        file.write(message(attachment, name))


def digest(algorithm, data):
    return hashlib.new(algorithm, data).hexdigest()


# hashes of a whole attachment, of a member of an archive, in all digests
for kind, algorithm, extension in (
        ("md5", "md5", "hdb"), ("sha1", "sha1", "hsb"),
        ("sha256", "sha256", "hsb")):
    for inside in (False, True):
        label = kind + ("-in-zip" if inside else "")
        data = octets(label)
        sign(extension, "%s:%d:Planted.%s" % (
            digest(algorithm, data), len(data), label))
        plant(label, zipped(data) if inside else data)
data = octets("any-size")
sign("hsb", "%s:*:Planted.any-size:73" % digest("sha256", data))
plant("any-size", data)
# too new for any libclamav
data = octets("future")
sign("hdb", "%s:%d:Planted.future:9999" % (digest("md5", data), len(data)))
plant("future", data, where="good")
# sections of programs
for label, algorithm, extension, wide in (
        ("section-md5", "md5", "mdb", False),
        ("section-sha1", "sha1", "msb", True),
        ("section-sha256", "sha256", "msb", False)):
    section = octets(label, 510)
    sign(extension, "512:%s:Planted.%s" % (digest(algorithm, section), label))
    plant(label, zipped(program(section, wide), "tool.exe"), "tool.zip")
# what is in the octets, anywhere and for programs alone
sign("ndb", "Planted.ndb:0:*:%s" % octets("ndb")[100:140].hex())
plant("ndb", zipped(octets("ndb")))
sign("ndb", "Planted.ndb-program:1:*:%s" % octets("ndb-pe")[100:140].hex())
plant("ndb-program", program(octets("ndb-pe")))
a, b = octets("ldb")[50:70].hex(), octets("ldb")[200:230].hex()
sign("ldb", "Planted.ldb;Engine:81-255,Target:0;0&1;%s;%s" % (a, b))
plant("ldb", octets("ldb"))
a, b = octets("ldb-pe")[50:70].hex(), octets("ldb-pe")[200:230].hex()
sign("ldb", "Planted.ldb-program;Engine:81-255,Target:1;0&1;%s;%s" % (a, b))
plant("ldb-program", program(octets("ldb-pe")))
text = b"this is what the planted rule looks for, and nothing else\n" * 20
sign("yar", "rule Planted_yara { strings: $a = \"what the planted rule looks\" "
     "condition: $a }")
plant("yara", zipped(text, "note.txt"))
# allowed by hash, alone or as the archive around it; ignored by name
for label, allowed in (("allowed", lambda x: x), ("allowed-zip", zipped)):
    data = octets(label)
    sign("hdb", "%s:%d:Planted.%s" % (digest("md5", data), len(data), label))
    good = allowed(data)
    sign("fp", "%s:%d:good" % (digest("md5", good), len(good)))
    plant(label, good, where="good")
data = octets("allowed-body")
sign("ndb", "Planted.allowed-body:0:*:%s" % data[100:140].hex())
sign("sfp", "%s:%d:good" % (digest("sha256", data), len(data)))
plant("allowed-body", data, where="good")
for label, extension in (("ignored-hash", "hdb"), ("ignored-body", "ndb")):
    data = octets(label)
    sign(extension, "%s:%d:Planted.%s" % (digest("md5", data), len(data), label)
         if extension == "hdb" else
         "Planted.%s:0:*:%s" % (label, data[100:140].hex()))
    sign("ign2", "Planted." + label)
    plant(label, data, where="good")
plant("nothing", octets("nothing"), where="good")
for extension, lines in signatures.items():
    with open(os.path.join(top, "src", "planted." + extension), "w") as file:
        file.write("\n".join(lines) + "\n")
