"""One connection of an attacker, as asyncio has it."""
import asyncio
import collections
import random
import re
import socket
import ssl
import struct

JUNK = b"junk@soak.example"  # a mailbox that exists

counts = collections.Counter()
wrong = []  # what the server should not have done


def complain(text, *octets):
    counts["wrong"] += 1
    if len(wrong) < 20:
        wrong.append(text + "".join(" %r" % part[-200:] for part in octets))


class Talk:
    """One connection."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def send(self, octets):
        self.writer.write(octets)
        await self.writer.drain()

    async def pieces(self, octets):
        """In pieces of any length, so that they end anywhere."""
        while octets:
            size = random.choice((1, 2, 7, 100, 1500, 70000))
            await self.send(octets[:size])
            octets = octets[size:]
            if random.random() < 0.3:
                await asyncio.sleep(0.01)

    async def reply(self):
        """The code of the next reply; EOFError at the end."""
        while True:
            line = await self.reader.readline()
            if not line:
                raise EOFError
            if not re.match(rb"[2-5]\d\d[ -][\t -~]*\r\n$", line):
                complain("no line of a reply", line)
                raise EOFError
            if line[3:4] == b" ":
                counts["%sxx" % line[:1].decode()] += 1
                return line[:3]

    async def ask(self, command):
        await self.send(command + b"\r\n")
        return await self.reply()

    async def rest(self):
        """All replies until the end; their codes."""
        codes = []
        try:
            while True:
                codes.append(await self.reply())
        except (EOFError, OSError):
            return codes

    async def envelope(self, recipient=JUNK):
        """Up to RCPT; its code."""
        await self.ask(b"EHLO soak")
        await self.ask(b"MAIL FROM:<soak@example.net>")
        return await self.ask(b"RCPT TO:<%s>" % recipient)

    async def data(self):
        """Up to 354, if there is one."""
        await self.reply()
        return (await self.envelope() == b"250" and
                await self.ask(b"DATA") == b"354")

    def reset(self):
        self.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Hands:
    """Our end of a handshake, whose octets go through our hands."""

    def __init__(self, talk):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.talk = talk
        self.input, self.output = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.input, self.output)

    async def step(self, call, *arguments):
        """What the call gives, however often it has to be made."""
        while True:
            try:
                result = call(*arguments)
                await self.talk.send(self.output.read())
                return result
            except ssl.SSLWantReadError:
                await self.talk.send(self.output.read())
                octets = await self.talk.reader.read(65536)
                if not octets:
                    raise EOFError from None
                self.input.write(octets)

    def hello(self):
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.output.read()
