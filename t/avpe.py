"""avpe.py DIR COUNT: Windows programs with odd sections, DIR/N.exe, the same in
every run: of any alignment, that begin or end anywhere, also past the end of
the file, up to 97."""
import os, random, struct, sys

PE_AT = (0x40, 0x80, 0x99)


def program(r):
    wide = r.random() < .5
    at = r.choice(PE_AT)
    total = r.choice((8192, 12345, 20000))
    count = r.choice((96, 97)) if r.random() < .1 else r.randrange(1, 6)
    align = r.choice((0, 1, 2, 3, 16, 512, 512, 512, 1024, 4096, 0x333, 65536))
    optional = struct.pack("<HBBIIIII", 0x20b if wide else 0x10b, 1, 0, 0, 0, 0,
                           16, 4096)
    optional += struct.pack("<Q" if wide else "<II", *((0,) if wide else (0, 0)))
    optional += struct.pack("<IIHHHHHHIIIIHH", 4096, align, 4, 0, 0, 0, 4, 0, 0,
                            0x100000, 4096, 0, 3, 0)
    optional += bytes(32 if wide else 16) + struct.pack("<II", 0, 16)
    optional += bytes(128 + r.choice((0, 0, 8)))
    out = b"MZ" + bytes(58) + struct.pack("<I", at)
    out = out.ljust(at, b"\0")[:at] + b"PE\0\0"
    out += struct.pack("<HHIIIHH", 0x14c, count, 0, 0, 0, len(optional), 0x102)
    out += optional
    for i in range(count):
        where = r.choice((0x400, 0x200 * r.randrange(40),
                          r.randrange(total + 500), r.randrange(total)))
        size = r.choice((0, 1, 0x200, 0x200 * r.randrange(10),
                         r.randrange(2 * total), 0x7fffffff))
        out += struct.pack("<8sIIIIIIHHI", b".s%d" % i, 4096, 4096 * (i + 1),
                           size, where, 0, 0, 0, 0, 0x60000020)
    return out + bytes(r.randrange(256) for _ in range(total - len(out)))


r = random.Random(7)
for i in range(int(sys.argv[2])):
    with open(os.path.join(sys.argv[1], "%d.exe" % i), "wb") as file:
        file.write(program(r))
