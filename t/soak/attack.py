#!/usr/bin/env python3
"""attack.py PORT [KIND...]: the attackers of the soak.  Strangers do to a
server on loopback all that is wrong, at once and without end; when standard
input ends they leave, and what they counted is printed as a JSON object.
KIND: only these; see KINDS at the end.

Who comes from where:
	127.0.2.0/24  the crowd           127.0.3.0/24  harvesters
	127.0.4.0/24  resets              127.0.5.0/24  rude and early talkers
	127.0.6.0/24  listed              127.0.7.0/24  broken handshakes
	127.0.8.0/24  no proxies          127.0.9.0/24  proxies
	127.64.0.0 and up  everybody else"""
import asyncio
import ipaddress
import json
import random
import struct
import sys

from talk import JUNK, Hands, Talk, complain, counts, wrong

HELO = b"EHLO soak\r\nMAIL FROM:<>\r\n"
RCPT = b"RCPT TO:<%s>\r\n" % JUNK
LONG = 30       # seconds that anything of this may take
OPENING = 6000  # strangers that come at the beginning
PORT = int(sys.argv[1])


# The crowd: more than there is room for, and nobody has anything to say.

async def idle(talk):
    await talk.rest()


async def drip(talk):
    for octet in b"NOOP\r\n" * 100:
        await talk.send(bytes((octet,)))
        await asyncio.sleep(1)


async def drip_data(talk):
    if await talk.data():
        while True:
            await talk.send(b"x")
            await asyncio.sleep(0.5)


async def deaf(talk):
    """It reads nothing, until nothing more can be sent either."""
    talk.writer.transport.pause_reading()
    command = random.choice((b"EHLO soak\r\n", b"WHAT\r\n", b"x", b"\r\n",
                             HELO + RCPT + b"DATA\r\nx\r\n.\r\nRSET\r\n"))
    while True:
        await talk.send(command * 100)
        await asyncio.sleep(0.1)


# Who guesses.

async def harvest(talk):
    if await talk.reply() != b"220":
        return
    await talk.ask(b"EHLO soak")
    await talk.ask(b"MAIL FROM:<>")
    if random.random() < 0.3:  # all in one piece
        await talk.send(b"".join(b"RCPT TO:<x%d@soak.example>\r\n" % n
                                 for n in range(200)))
        await talk.rest()
        return
    for n in range(random.randrange(30)):
        await talk.ask(b"RCPT TO:<nobody%d@soak.example>" % n)
    await talk.ask(b"QUIT")


# Who leaves without a word, at any moment.

async def resets(talk):
    steps = (b"", b"EHLO soak\r\n", b"MAIL FROM:<a@example.net>\r\n",
             b"RCPT TO:<nobody@soak.example>\r\n", RCPT,
             random.choice((b"DATA\r\n", b"BDAT 40000\r\n", b"STARTTLS\r\n")),
             b"x" * random.randrange(50000), b"\r\n.", b"\r\nNOOP\r\n")
    steps = steps[:random.randrange(len(steps) + 1)]
    if random.random() < 0.3:  # without listening to what is said
        await talk.send(b"".join(steps))
    else:
        for step in steps:
            if step[:4] not in (b"\r\n.", b"xxxx"):
                await talk.reply()
            await talk.send(step)
    if random.random() < 0.5:
        await asyncio.sleep(random.random() * 0.3)
    talk.reset()


# Who talks nonsense, or too early.

RUDE = (
    b"EHLO soak\nMAIL FROM:<>\n", b"EHLO soak\rNOOP\r\n",
    b"EHLO " + b"x" * 600 + b"\r\n" + b"NOOP\r\n" * 3, b"\0" * 300 + b"\r\n",
    b"x" * 2049, b"x" * 200000,
    b"EHLO soak\r\n" + b"NOOP\r\n" * 150, b"WHAT\r\n" * 30,
    b"MAIL FROM:<" + b"@" * 400 + b">\r\n", b"\xff\xfe\x80\r\n" * 10,
    b"BDAT\r\nBDAT -1\r\n", b"BDAT 99999999999999999999\r\n",
    b"BDAT 10 LAST\r\n", b"DATA\r\nfrom nowhere\r\n.\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    bytes(range(256)) * 20, b"STARTTLS now\r\n", b"STARTTLS\r\nSTARTTLS\r\n",
    b"VRFY x\r\nEXPN x\r\nHELP\r\nTURN\r\nAUTH PLAIN\r\n" * 4)
RUDE_BODY = (
    b"BDAT 5\r\nab\r\nc\r\nBDAT 3 LAST\r\nx\r\n", b"BDAT 10\r\nabc",
    b"BDAT 0\r\n" * 50, b"BDAT 0 LAST\r\n", b"BDAT 3\r\na\nbBDAT 9 LAST\r\n",
    b"BDAT 6\r\nabcd\r\nDATA\r\n",
    b"BDAT 1\r\nxRSET\r\nBDAT 5 LAST\r\nxxx\r\n", b"BDAT 1\r\nxBDAT huge\r\n",
    b"DATA\r\n" + b"y" * 300000, b"DATA\r\n" + b"y\r\n" * 2000000 + b".\r\n",
    b"DATA\r\n" + b"Received: x\r\n" * 60 + b"\r\n.\r\n", b"DATA\r\n.\r\n" * 3,
    (RCPT + b"RCPT TO:<nobody@soak.example>\r\n") * 60)
SMUGGLED = (
    b"DATA\r\nx\n.\nMAIL FROM:<>\r\n", b"DATA\r\nx\r\n.\nNOOP\r\n",
    b"DATA\r\nx\n.\r\nNOOP\r\n", b"DATA\r\nx\r.\r\nNOOP\r\n",
    b"DATA\r\nx\r\r\n.\r\n", b"DATA\r\n\0x\ny\r\n.\r\n")


async def rude(talk):
    await talk.reply()
    await talk.pieces(random.choice(RUDE))
    await talk.rest()


async def rude_body(talk):
    await talk.reply()
    if await talk.envelope() == b"250":
        await talk.pieces(random.choice(RUDE_BODY))
        await talk.rest()


async def smuggle(talk):
    await talk.reply()
    if await talk.envelope() == b"250":
        text = random.choice(SMUGGLED)
        await talk.pieces(text)
        if b"250" in await talk.rest():
            complain("a message with a bare CR or LF was taken", text)


async def early(talk):
    await talk.send(random.choice((
        b"EHLO soak\r\n", b"\r\n", HELO + RCPT + b"DATA\r\n", b"x" * 40000,
        b"EHLO soak\r\nSTARTTLS\r\n", b"\n")))
    if random.random() < 0.3:
        await asyncio.sleep(random.random() * 0.3)
        talk.reset()
    await talk.rest()


async def listed(talk):
    await talk.reply()
    await talk.envelope()
    await talk.ask(b"QUIT")


async def stranger(talk):
    """Somebody new, who has no time."""
    if random.random() < 0.5:
        talk.reset()
        return
    await listed(talk)


# Broken handshakes.

async def tls(talk):
    await talk.reply()
    await talk.ask(b"EHLO soak")
    behind = random.choice((b"", b"NOOP\r\nMAIL FROM:<>\r\n", b"\x16\x03\x01"))
    await talk.send(b"STARTTLS\r\n" + behind)
    if await talk.reply() != b"220":
        return
    hands = Hands(talk)
    way = random.randrange(7)
    if way == 0:
        await talk.pieces(random.randbytes(random.randrange(1, 20000)))
    elif way == 1:
        hello = hands.hello()
        await talk.pieces(hello[:random.randrange(len(hello))])
    elif way == 2:
        await talk.send(hands.hello() + b"NOOP\r\n" * 20)
    elif way == 3:
        await talk.send(hands.hello())
        talk.reset()
    else:
        await hands.step(hands.tls.do_handshake)
        counts["handshakes"] += 1
        if way == 4:
            await talk.send(b"NOOP\r\n" * 10)
        elif way == 5:
            talk.reset()
        else:
            await hands.step(hands.tls.write, b"VRFY x\r\n")
            said = await hands.step(hands.tls.read, 1000)
            if not said.startswith(b"252"):  # and nothing before
                complain("what came ahead of TLS is answered", behind, said)
    if way < 4:
        await talk.reader.read()


# Proxies, and who says that he is one.

def version_2(command, family, body, size=None):
    return (b"\r\n\r\n\0\r\nQUIT\n" + bytes((command, family)) +
            struct.pack(">H", len(body) if size is None else size) + body)


def addresses(client):
    here = ipaddress.ip_address("127.0.0.1" if client.version == 4 else "::1")
    return client.packed + here.packed + struct.pack(">HH", 4711, 25)


def right_header():
    """As good proxies send it, for any client."""
    if random.random() < 0.5:
        client = ipaddress.IPv4Address("10.0.0.0") + random.getrandbits(24)
        name, family, here = b"TCP4", 0x11, b"127.0.0.1"
    else:
        client = ipaddress.IPv6Address("2001:db8::") + random.getrandbits(96)
        name, family, here = b"TCP6", 0x21, b"::1"
    return random.choice((
        b"PROXY %s %s %s 4711 25\r\n" %
        (name, str(client).encode(), here),
        version_2(0x21, family, addresses(client)),
        version_2(0x21, family, addresses(client) + random.randbytes(1000)),
        version_2(0x20, 0, b""), b"PROXY UNKNOWN\r\n"))


WRONG_HEADERS = (
    b"EHLO soak\r\n", b"\n", b"PROXY \r\n", b"PROXY TCP4 x y 1 2\r\n",
    b"PROXY TCP4 1.2.3.4 127.0.0.1 99999 25\r\n",
    b"PROXY TCP4 1.2.3.4 127.0.0.1 1 2\n", b"PROXY TCP4 " + b"1" * 200,
    version_2(0x11, 0x11, b"x" * 12), version_2(0x21, 0x99, b"x" * 12),
    version_2(0x21, 0x11, b"x" * 5), version_2(0x21, 0x21, b"x" * 5000))


async def proxy(talk):
    await talk.pieces(right_header())
    await random.choice((harvest, rude, listed, tls, resets, idle))(talk)


async def proxy_wrong(talk):
    header = random.choice(WRONG_HEADERS)
    await talk.pieces(header)
    said = await talk.reader.read(100)
    if said:
        complain("an answer to a wrong header", header, said)


async def proxy_slow(talk):
    header = random.choice((b"", right_header(), b"\r\n\r\n\0\r\nQUIT\n!"))
    for octet in header:
        await talk.send(bytes((octet,)))
        await asyncio.sleep(0.5)
    await talk.rest()


async def no_proxy(talk):
    await talk.reply()
    if await talk.ask(b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 25") < b"4":
        complain("a header of somebody who is no proxy was taken")
    await talk.send(right_header())
    await talk.rest()


def network(number):
    return lambda: "127.0.%d.%d" % (number, random.randrange(1, 255))


def anywhere():
    return "127.%d.%d.%d" % (random.randrange(64, 255), random.randrange(256),
                             random.randrange(1, 255))


def some_harvester():
    return "127.0.3.%d" % random.randrange(1, 9)


# How many of them at a time, where they come from, and how many seconds pass
# before the next one.
KINDS = {
    idle: (1300, network(2), 6), drip: (400, network(2), 6),
    drip_data: (60, network(2), 3), deaf: (60, network(2), 3),
    harvest: (12, some_harvester, 1), resets: (30, network(4), 0.5),
    rude: (10, network(5), 1), rude_body: (4, network(5), 3),
    smuggle: (4, network(5), 1), early: (10, network(5), 1),
    listed: (4, network(6), 1), stranger: (10, anywhere, 0.5),
    tls: (10, network(7), 1), no_proxy: (4, network(8), 1),
    proxy: (15, network(9), 1), proxy_wrong: (6, network(9), 1),
    proxy_slow: (100, network(9), 2)}


async def one(kind, source):
    """One connection of that kind; nothing that happens to it is an error."""
    talk = None
    try:
        async with asyncio.timeout(LONG):
            talk = Talk(*await asyncio.open_connection(
                "127.0.0.1", PORT, local_addr=(source, 0)))
            counts["connections"] += 1
            counts[kind.__name__] += 1
            await kind(talk)
    except TimeoutError:
        counts["given up: " + kind.__name__] += 1
    except (OSError, EOFError, ValueError):
        counts["ended"] += 1
    finally:
        if talk:
            talk.writer.transport.abort()


async def again_and_again(kind, source, pause):
    await asyncio.sleep(random.random() * pause)
    while True:
        await one(kind, source())
        await asyncio.sleep(random.random() * 2 * pause)


async def opening():
    """So many strangers that the server cannot remember any more."""
    async def some():
        for _ in range(OPENING // 20):
            await one(stranger, anywhere())
    await asyncio.gather(*(some() for _ in range(20)))


async def main():
    end = asyncio.Event()
    asyncio.get_running_loop().add_reader(
        sys.stdin, lambda: sys.stdin.buffer.read1(4096) or end.set())
    tasks = [asyncio.ensure_future(opening())] if not sys.argv[2:] else []
    for kind, (number, source, pause) in KINDS.items():
        if not sys.argv[2:] or kind.__name__ in sys.argv[2:]:
            tasks += [asyncio.ensure_future(
                again_and_again(kind, source, pause)) for _ in range(number)]
    await end.wait()
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(result, (asyncio.CancelledError, type(None))):
            complain("a fault in the attackers: %r" % result)
    print(json.dumps({"counts": counts, "wrong": wrong}))


if __name__ == "__main__":
    asyncio.run(main())
