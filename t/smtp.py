"""A client for the tests of smtp-accept: it sends the octets it is told to and
looks at every reply.  As a module: Peer.  As a program: smtp.py PORT reads a
dialogue from standard input, one step a line:

	> text      send text and CRLF (\\r, \\0, \\xff as in Python)
	>> text     send text as it is
	< regex     the next reply begins like this
	tls         shake hands
	gone        the server has closed, and said nothing more
"""
import re
import socket
import ssl
import sys

ENHANCED = re.compile(r"(\d)\d\d[ -](\d)\.\d{1,3}\.\d{1,3} ")


class Wrong(Exception):
    """The server did something else than what was wanted."""


class Peer:
    """One connection."""

    def __init__(self, port, host="127.0.0.1", greeting=True, timeout=30,
                 tls=False):
        if isinstance(port, socket.socket):
            self.socket = port
        else:
            self.socket = socket.create_connection((host, port))
        self.socket.settimeout(timeout)
        self.input = b""
        self.record = []
        if tls:
            self.tls()
        if greeting:
            self.want(r"220 ", plain=True)

    def tls(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if self.input:
            raise Wrong("octets in the clear before the handshake: %r" %
                        self.input)
        self.socket = context.wrap_socket(self.socket)

    def send(self, octets):
        self.record.append("> %r" % octets[:200])
        self.socket.sendall(octets)

    def line(self):
        """A line without CRLF; None at the end."""
        while b"\r\n" not in self.input:
            try:
                octets = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLEOFError):
                octets = b""
            if not octets:
                if self.input:
                    raise Wrong("half a line: %r" % self.input)
                return None
            self.input += octets
        line, self.input = self.input.split(b"\r\n", 1)
        if len(line) > 510 or re.search(rb"[^\t -~\x80-\xff]", line):
            raise Wrong("a line that no reply can have: %r" % line)
        return line.decode("latin-1")

    def reply(self, plain=False):
        """A whole reply, its lines joined by LF; None at the end.  plain: one
        that needs no enhanced status code."""
        lines = []
        while True:
            line = self.line()
            if line is None:
                if lines:
                    raise Wrong("half a reply: %r" % lines)
                self.record.append("< (end)")
                return None
            if not re.match(r"[2-5]\d\d[ -]", line):
                raise Wrong("no reply: %r" % line)
            lines.append(line)
            if line[3] == " ":
                break
        self.record.append("< " + " / ".join(lines))
        for line in lines:
            code = ENHANCED.match(line)
            if not (plain or line[:3] == "354" or
                    code and code[1] == code[2]):
                raise Wrong("no enhanced status code: %r" % line)
        return "\n".join(lines)

    def want(self, regex, plain=False):
        """The next reply, which begins like this."""
        reply = self.reply(plain)
        if reply is None or not re.match(regex, reply):
            raise Wrong("want %r, have %r\n%s" %
                        (regex, reply, "\n".join(self.record[-20:])))
        return reply

    def ask(self, command, regex):
        if isinstance(command, str):
            command = command.encode()
        self.send(command + b"\r\n")
        return self.want(regex, command[:4].upper() in (b"EHLO", b"HELO"))

    def gone(self):
        """The server has closed, without another word."""
        reply = self.reply()
        if reply is not None:
            raise Wrong("want the end, have %r" % reply)

    def envelope(self, *recipients, sender="a@example.net", helo="client"):
        self.ask("EHLO " + helo, "250")
        self.ask("MAIL FROM:<%s>" % sender, "250")
        for recipient in recipients or ("talktome@carol.example",):
            self.ask("RCPT TO:<%s>" % recipient, "250")

    def message(self, text, regex="250 ", **envelope):
        """A whole transaction; text is octets as on the wire, without the
        final dot.  Returns the reply."""
        self.envelope(**envelope)
        self.ask("DATA", "354")
        self.send(text + b".\r\n")
        return self.want(regex)


def wire(octets):
    """A message with LF as DATA wants it; without the final dot."""
    if not octets.endswith(b"\n"):
        octets += b"\n"
    return re.sub(rb"(?m)^\.", b"..", octets).replace(b"\n", b"\r\n")


def unescape(octets):
    """\\r, \\n, \\t, \\\\ and \\xHH; other escapes are left for the regex."""
    known = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}

    def one(match):
        if match[1][:1] == b"x":
            return bytes([int(match[1][1:], 16)])
        return known[match[1]]

    return re.sub(rb"\\(x[0-9a-fA-F]{2}|[rnt\\])", one, octets)


def dialogue(peer, steps):
    plain = True
    for step in steps:
        verb, _, text = step.rstrip("\n").partition(" ")
        octets = text.encode("latin-1", "surrogateescape")
        octets = unescape(octets)
        if verb == ">":
            peer.send(octets + b"\r\n")
            plain = octets[:4].upper() in (b"EHLO", b"HELO")
        elif verb == ">>":
            peer.send(octets)
        elif verb == "<":
            peer.want(text, plain)
            plain = False
        elif verb == "tls":
            peer.tls()
        elif verb == "gone":
            peer.gone()
        elif verb and not verb.startswith("#"):
            raise Wrong("no such step: " + step)


def main():
    peer = None
    try:
        peer = Peer(int(sys.argv[1]), greeting=False,
                    tls=sys.argv[2:] == ["tls"])
        dialogue(peer, sys.stdin)
    except (Wrong, OSError) as error:
        sys.exit("%r\n%s" % (error, "\n".join(peer.record) if peer else ""))


if __name__ == "__main__":
    main()
