"""avharm.py DIR: messages that are to hurt a scanner, DIR/NAME.eml.  All but
"fine" and "runs" hold, somewhere too deep, too far or too broken, more than
any limit allows; none holds anything that a signature finds."""
import gzip, io, os, sys, zipfile
from base64 import b64encode, encodebytes

top = sys.argv[1]


def zipped(entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def write(name, data):
    with open(os.path.join(top, name + ".eml"), "wb") as file:
        file.write(data)


def multipart(*attachments):
    out = (b"Received: by test.example\r\nSubject: harm\r\nMIME-Version: 1.0\r\n"
           b"Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n")
    for name, data in attachments:
        out += (b"--b\r\nContent-Type: application/octet-stream; name=\"%s\"\r\n"
                b"Content-Transfer-Encoding: base64\r\n\r\n%s"
                % (name, encodebytes(data).replace(b"\n", b"\r\n")))
    return out + b"--b--\r\n"


def zeros(count, mark):
    """An archive of a file of zeros that no other one has."""
    return zipped([("zeros", b"%d" % mark + bytes(count))])


random = os.urandom(3 << 20)
write("fine", multipart((b"notes.zip", zipped([("notes.txt", b"hello\n")]))))
# 1.6 GB in 1.6 MB
write("bomb", multipart((b"b.zip", zipped(
    [("%d.zip" % i, zeros(80 << 20, i)) for i in range(20)]))))
# 1 GB in one stream
write("stream", multipart((b"g.gz", gzip.compress(bytes(1 << 30)))))
nest = b"data"
for i in range(100):
    nest = zipped([("n.zip", nest)])
write("archives", multipart((b"n.zip", nest)))
inner = b"Subject: in\r\n\r\nhello\r\n"
for i in range(100):
    inner = (b"Subject: %d\r\nMIME-Version: 1.0\r\n"
             b"Content-Type: message/rfc822\r\n\r\n" % i + inner)
write("messages", b"Received: by test.example\r\n" + inner)
inner = b"Content-Type: text/plain\r\n\r\nhello\r\n"
for i in range(300):
    inner = (b"Content-Type: multipart/mixed; boundary=\"b%d\"\r\n\r\n--b%d\r\n"
             % (i, i) + inner + b"\r\n--b%d--\r\n" % i)
write("multiparts", b"Received: x\r\nMIME-Version: 1.0\r\n" + inner)
write("files", multipart((b"f.zip", zipped(
    [("f%d" % i, b"x%d" % i) for i in range(20000)]))))
write("parts", multipart(*[(b"p%d" % i, b"\0part %d" % i * 20)
                           for i in range(3000)]))
write("boundaries", b"Received: x\r\nMIME-Version: 1.0\r\nContent-Type: "
      b"multipart/mixed; boundary=\"-\"\r\n\r\n" + b"--\r\n---\r\n" * 150000)
write("runs", b"Received: x\r\n\r\n" + b"".join(
    b64encode(random[i * 60:i * 60 + 60]) + b"\r\n\r\n" for i in range(40000)))
# 100 MB of attachment, 137 MB as mail
write("large", multipart((b"r.bin", random * 34)))
