#!/usr/bin/env python3
"""avfake.py SOCKET ANSWER...: a scanner for the tests of av-scan.  Each
question gets the next answer; the last one stays.  An answer is a text, which
is sent with a NUL, or one of

    @hang   nothing is ever said
    @half   half a report, and the connection is closed
    @close  the connection is closed
    @die    the same, and the program ends; the socket stays
    @more   a report, and something behind it
    @zeros  octets without end

A connection stays open after an answer.  The file `asked` gets a line for each
question: the number of the connection, the command, whether what comes with it
can be written to.  `content` is what came with the last one."""
import array
import os
import socket
import sys

listener = socket.socket(socket.AF_UNIX)
if os.path.exists(sys.argv[1]):
    os.unlink(sys.argv[1])
listener.bind(sys.argv[1])
listener.listen(10)
answers = sys.argv[2:]


def question(connection):
    """The command, and what came with it; None at the end."""
    octets, fds = b"", array.array("i")
    while b"\0" not in octets or not fds:
        some, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
        if not some:
            return None
        octets += some
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(data)
    command = octets[:octets.index(b"\0")].decode("latin-1")
    with os.fdopen(fds[0], "rb") as file:
        try:
            os.pwrite(fds[0], b"", 0)
            os.pwrite(fds[0], b"x", 0)
            writable = "writable"
        except OSError:
            writable = "sealed"
        content = file.read()
    with open("asked", "a") as log:
        log.write("%d %s %s\n" % (count, command, writable))
    with open("content", "wb") as log:
        log.write(content)
    return command


count = 0
while True:
    connection = listener.accept()[0]
    count += 1
    try:
        while question(connection) is not None:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if answer == "@hang":
                connection.recv(1)
                break
            if answer == "@half":
                connection.sendall(b"result: cle")
            if answer == "@more":
                connection.sendall(b"result: clean\n\0result: clean\n\0")
            if answer == "@zeros":
                while True:
                    connection.sendall(b"0" * 4096)
            if answer == "@die":
                sys.exit(0)
            if answer[0] == "@":
                break
            connection.sendall(os.fsencode(answer) + b"\0")
    except (BrokenPipeError, ConnectionResetError):
        pass
    connection.close()
