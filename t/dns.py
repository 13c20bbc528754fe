#!/usr/bin/env python3
"""A name server for tests that misbehaves as the zone says that it is asked
about; its argument is a directory.  The file `port` there is made when it
serves, on 127.0.0.1; each question becomes a line "udp NAME TYPE" in `asked`.
A file `cured` there makes it answer properly; one `lying` makes the dead zone
have everything in it.

Properly means: a name that ends in "2.0.192.ZONE" or "2.0.0.127.ZONE" is
127.0.0.2, all others do not exist."""
import os
import random
import select
import socket
import struct
import sys
import time

FOLDER = sys.argv[1]
LISTED = bytes([127, 0, 0, 2])
A, TXT = 1, 16
TTL = 1
NO_ERROR, SERVFAIL, NO_NAME, REFUSED = 0, 2, 3, 5
TRUNCATED = 0x200

late = []  # (when, address, answer)


def name_of(question):
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode("latin-1"))
        at += 1 + question[at]
    return ".".join(labels).lower(), at + 5


def answer(question, code, records=(), flags=0, ident=None):
    """An answer packet; records are (type, data)."""
    _, end = name_of(question)
    head = question[:2] if ident is None else struct.pack(">H", ident)
    packet = head + struct.pack(">HHHHH", 0x8180 | flags | code, 1,
                                len(records), 0, 0) + question[12:end]
    for kind, data in records:
        packet += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, TTL,
                                            len(data)) + data
    return packet


def proper(question, name):
    if ".2.0.192." in name or name.startswith("2.0.0.127."):
        return answer(question, NO_ERROR, [(A, LISTED)])
    return answer(question, NO_NAME)


def zone_of(name):
    """The label before "example"."""
    labels = name.split(".")
    return labels[-2] if len(labels) > 1 else ""


def everything(question, *address):
    return answer(question, NO_ERROR, [(A, bytes(address))])


def has(name):
    return os.path.exists(os.path.join(FOLDER, name))


def replies(question, tcp):
    """What to send at once, and what to send later, with the delay."""
    name, end = name_of(question)
    kind = struct.unpack(">H", question[end - 4:end - 2])[0]
    with open(os.path.join(FOLDER, "asked"), "a") as log:
        log.write("%s %s %d\n" % ("tcp" if tcp else "udp", name, kind))
    good = proper(question, name)
    zone = zone_of(name)
    if has("cured"):
        return [good], None
    if zone == "dead":
        return [everything(question, 127, 0, 0, 2)] if has("lying") else [], \
            None
    if zone == "mute" and not name.startswith("1.0.0.127."):
        return [], None
    if zone == "late":
        return [], (1.2, good)
    if zone == "liar":
        return [everything(question, 127, 0, 0, 2)], None
    if zone == "parked":
        return [everything(question, 8, 8, 8, 8)], None
    if zone == "refuses":
        return [everything(question, 127, 255, 255, 254)], None
    if zone == "mixed":
        return [answer(question, NO_ERROR,
                       [(A, bytes([127, 255, 255, 254])),
                        (A, bytes([8, 8, 8, 8])),
                        (A, bytes([127, 0, 0, 3]))])
                if ".2.0.192." in name else good], None
    if zone == "servfail":
        return [answer(question, SERVFAIL)], None
    if zone == "refused":
        return [answer(question, REFUSED)], None
    right = struct.unpack(">H", question[:2])[0]
    if zone == "forged":
        return [answer(question, NO_ERROR, [(A, LISTED)],
                       ident=(right + n) & 0xffff) for n in range(1, 100)
                ], (0.1, answer(question, NO_NAME))
    if zone == "garbage":
        return [struct.pack(">H", (right + n) & 0xffff) +
                random.randbytes(random.randrange(600))
                for n in range(1, 200)] + [b"", b"x"], (0.1, good)
    if zone == "twisted":
        return [question[:2] + b"\x81\x80\xff\xff\xff\xff" +
                random.randbytes(40)], (0.1, good)
    if zone == "other":
        # the right id, but an answer to another question
        return [good[:12] + b"\x05wrong" + good[12:]], (0.1, good)
    if zone == "long":
        if not tcp:
            return [answer(question, NO_ERROR, flags=TRUNCATED)], None
        text = b"".join(bytes([255]) + b"x" * 255 for _ in range(20))
        return [answer(question, NO_ERROR, [(TXT, text)])], None
    if zone == "many":
        if not tcp:
            return [answer(question, NO_ERROR, flags=TRUNCATED)], None
        return [answer(question, NO_ERROR,
                       [(A, bytes([127, 0, 1, n])) for n in range(200)])], None
    return [good], None


def sockets():
    while True:
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind(("127.0.0.1", int(os.environ.get("DNS_PORT") or 0)))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            continue
        tcp.listen()
        return udp, tcp


def serve_tcp(tcp):
    connection, _ = tcp.accept()
    connection.settimeout(5)
    try:
        length = struct.unpack(">H", connection.recv(2))[0]
        question = connection.recv(length)
        for packet in replies(question, True)[0]:
            connection.sendall(struct.pack(">H", len(packet)) + packet)
    except (OSError, struct.error):
        pass
    connection.close()


def serve_udp(udp):
    question, address = udp.recvfrom(65535)
    now, later = replies(question, False)
    for packet in now:
        udp.sendto(packet, address)
    if later is not None:
        late.append((time.monotonic() + later[0], address, later[1]))


def main():
    udp, tcp = sockets()
    path = os.path.join(FOLDER, "port")
    with open(path + ".new", "w") as file:
        file.write("%d\n" % udp.getsockname()[1])
    os.rename(path + ".new", path)
    while True:
        wait = max(0, min(when for when, _, _ in late) - time.monotonic()) \
            if late else None
        ready, _, _ = select.select([udp, tcp], [], [], wait)
        if udp in ready:
            serve_udp(udp)
        if tcp in ready:
            serve_tcp(tcp)
        now = time.monotonic()
        for item in [item for item in late if item[0] <= now]:
            late.remove(item)
            udp.sendto(item[2], item[1])


if __name__ == "__main__":
    main()
