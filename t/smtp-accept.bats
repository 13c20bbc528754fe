# The dialogue: what each command is answered, and the limits.
load lib.bash
load smtp-accept.bash

setup() {
	accept_setup
}

teardown() {
	accept_teardown
}

# names LENGTH: a domain of that many octets.
names() {
	python3 -c 'import sys
n = int(sys.argv[1])
print((("a" * 60 + ".") * 9)[:n - 1] + "a")' "$1"
}

@test "usage, unknown options and bad values: 111 and one clear line" {
	run -111 --separate-stderr smtp-accept
	[[ $stderr == "usage: smtp-accept "* ]]
	run -111 --separate-stderr smtp-accept -z
	run -111 --separate-stderr smtp-accept -l 127.0.0.1:0 local
	for o in nonsense nonsense=1 size=12x size=1 pool=-1 wait=soon errors=0 \
	    recipients=0 recycle=0 deadline=0; do
		run -111 --separate-stderr smtp-accept -o $o local=cat
		[[ ${stderr_lines[0]} == "smtp-accept: fatal: -o '$o': "* ]]
	done
	for o in proxy=x proxy=192.0.2.1/33 early=no lists=a..b; do
		run -111 --separate-stderr smtp-accept -o $o local=cat
		[[ $stderr == "smtp-accept: fatal: -o ${o%%=*}: "* ]]
	done
	run -111 --separate-stderr smtp-accept elsewhere=cat
	[[ $stderr == *"the routes are local and backup"* ]]
	run -111 --separate-stderr smtp-accept local=cat local=cat
	[[ $stderr == *"given twice"* ]]
	for line in '' ' ' 'cat |' '| cat' 'cat || cat'; do
		run -111 --separate-stderr smtp-accept "local=$line"
		[[ $stderr == *"not a pipeline"* ]]
	done
}

@test "-o help prints every option with its default" {
	run -0 --separate-stderr smtp-accept -o help
	[ "${#stderr}" = 0 ]
	printf '%s\n' "$output" >help
	run -1 grep -Ev $'^[a-z-]+=[^\t]*\t.' help
	grep -q $'^wait=60\t' help
	grep -q $'^deadline=120\t' help
	grep -q $'^pool=0\t' help
	grep -q $'^size=50M\t' help
}

@test "an address that cannot be bound: 111" {
	for l in nowhere 25 127.0.0.1 127.0.0.1: 127.0.0.1:x 127.0.0.1:65536 \
	    localhost:2525 300.0.0.1:2525 '[::1:2525' '[::g]:2525' 192.0.2.1:2525; do
		run -111 --separate-stderr smtp-accept "${AS[@]}" -l "$l" -n nodes \
		    local=cat
		[[ $stderr == "smtp-accept: fatal: cannot listen on '$l': "* ]]
	done
	serve
	run -111 --separate-stderr smtp-accept "${AS[@]}" -l "127.0.0.1:$PORT" \
	    -n nodes local=cat
	[[ $stderr == *"Address already in use"* ]]
}

@test "root without -u serves loopback, with a warning" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	mkdir -m 700 own
	AS=()
	serve 'local=maildir-deliver own'
	logged 'warning: running as root, on loopback only; use -u user'
	one 250
	[ "$(find own/contact/new -type f | wc -l)" = 1 ]
}

@test "root without -u for others, or with -u root or nobody known: 111" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	for address in 0.0.0.0:0 :0; do
		run -111 --separate-stderr smtp-accept -l 127.0.0.1:0 \
		    -l $address -n nodes local=cat
		[[ $stderr == *"use -u user"* ]]
	done
	run -111 --separate-stderr smtp-accept -u root -l 127.0.0.1:0 -n nodes \
	    local=cat
	[[ $stderr == *"is root"* ]]
	run -111 --separate-stderr smtp-accept -u no-such-user -l 127.0.0.1:0 \
	    -n nodes local=cat
	[[ $stderr == *"no user 'no-such-user'"* ]]
}

@test "started as root it is that user and nobody else, and so are stages" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	mkfifo go
	serve "local=sh -c 'cat /proc/self/status >status; exec maildir-deliver mail'"
	talk <<-'E'
		< 220
		> EHLO me
		< 250
		> MAIL FROM:<>
		< 250
		> RCPT TO:<talktome@carol.example>
		< 250
		> DATA
		< 354
		> x\r\n.
		< 250
	E
	local uid gid
	uid=$(id -u nobody) gid=$(id -g nobody)
	for status in status "/proc/$SERVER/status"; do
		grep -Eq "^Uid:	$uid	$uid	$uid	$uid$" "$status"
		grep -Eq "^Gid:	$gid	$gid	$gid	$gid$" "$status"
		grep -Eq "^Groups:	$gid ?$" "$status"
		grep -Eq "^CapEff:	0+$" "$status"
		grep -Eq "^NoNewPrivs:	1$" "$status"
	done
}

@test "no manifests, a broken own one, no certificate, a key of another: 111" {
	run -111 --separate-stderr smtp-accept "${AS[@]}" -l 127.0.0.1:0 -n none \
	    local=cat
	cp -R nodes broken
	echo 'node: [' >broken/self.yaml
	run -111 --separate-stderr smtp-accept "${AS[@]}" -l 127.0.0.1:0 -n broken \
	    local=cat
	[[ $stderr == *"carol.yaml:"* ]]
	certificate one
	certificate two
	for o in cert=none.pem key=one.pem implicit-tls=1; do
		run -111 --separate-stderr smtp-accept "${AS[@]}" -l 127.0.0.1:0 \
		    -n nodes -o $o local=cat
	done
	run -111 --separate-stderr smtp-accept "${AS[@]}" -l 127.0.0.1:0 -n nodes \
	    -o cert=one.crt -o key=two.key local=cat
	[[ $stderr == *"cannot load key 'two.key'"* ]]
}

@test "a message goes into the Maildir, and the log says it in a line" {
	serve
	talk <<-'E'
		< 220 carol\.example\.net ESMTP
		> EHLO client.example
		< 250-carol\.example\.net\n
		> MAIL FROM:<alice@example.net>
		< 250 2\.1\.0
		> RCPT TO:<talktome+x@carol.example>
		< 250 2\.1\.5
		> RCPT TO:<nobody-here@carol.example>
		< 550 5\.1\.1
		> DATA
		< 354
		>> Subject: hello\r\n\r\nthere\r\n.\r\n
		< 250 2\.0\.0 Ok [0-9a-f]{16}-1$
		> QUIT
		< 221 2\.0\.0
		gone
	E
	file=$(only_one)
	[[ $file == mail/contact/* ]]
	[ "$(bare "$file")" = $'Subject: hello\n\nthere' ]
	logged '^id=[0-9a-f]{16} client=127\.0\.0\.1:[0-9]+ helo=client\.example tls=no accepted=1 refused=1 messages=1 done=1 rejected=0 deferred=0 octets=22 errors=1 end='
	[ "$(grep -c helo=client.example log)" = 1 ]
}

@test "EHLO says what there is, HELO nothing, and lines need no options" {
	serve -o size=1M -o recipients=7
	talk <<-'E'
		< 220
		> EHLO client
		< 250-carol\.example\.net\n250-PIPELINING\n250-SIZE 1048576\n250-8BITMIME\n250-SMTPUTF8\n250-ENHANCEDSTATUSCODES\n250-CHUNKING\n250 LIMITS RCPTMAX=7$
		> HELO client
		< 250 carol\.example\.net$
		> ehlo [127.0.0.1]
		< 250-
		> EHLO [IPv6:::1]
		< 250-
		> EHLO under_score.-odd-.example
		< 250-
		> EHLO
		< 501 5\.5\.4
		> EHLO two words
		< 501 5\.5\.4
		> EHLO <script>
		< 501 5\.5\.4
		> HELO
		< 501 5\.5\.4
	E
}

@test "commands out of order: 503" {
	serve
	talk <<-'E'
		< 220
		> MAIL FROM:<a@b.example>
		< 503 5\.5\.1
		> RCPT TO:<talktome@carol.example>
		< 503 5\.5\.1
		> DATA
		< 503 5\.5\.1
		> EHLO client
		< 250
		> RCPT TO:<talktome@carol.example>
		< 503 5\.5\.1
		> MAIL FROM:<a@b.example>
		< 250
		> MAIL FROM:<a@b.example>
		< 503 5\.5\.1
		> DATA
		< 554 5\.5\.1
		> RCPT TO:<talktome@carol.example>
		< 250
		> EHLO again
		< 250
		> DATA
		< 503 5\.5\.1
		> MAIL FROM:<a@b.example>
		< 250
		> RCPT TO:<talktome@carol.example>
		< 250
		> RSET
		< 250 2\.0\.0
		> RCPT TO:<talktome@carol.example>
		< 503 5\.5\.1
	E
	[ "$(delivered)" = 0 ]
}

@test "VRFY 252, EXPN, HELP, TURN and AUTH 502, nonsense 500, NOOP 250" {
	serve
	talk <<-'E'
		< 220
		> EHLO client
		< 250
		> VRFY carol
		< 252 2\.
		> VRFY
		< 501 5\.5\.4
		> EXPN list
		< 502 5\.5\.1
		> HELP
		< 502 5\.5\.1
		> TURN
		< 502 5\.5\.1
		> AUTH PLAIN AGEAYgBj
		< 502 5\.5\.1
		> STARTTLS
		< 502 5\.5\.1
		> NOOP
		< 250 2\.0\.0
		> noop with words
		< 250 2\.0\.0
		> rSeT
		< 250 2\.0\.0
		> RSET now
		< 501 5\.5\.4
		> 
		< 500 5\.5\.
		> \xff\xfe\x01
		< 500 5\.5\.
		> GET / HTTP/1.1
		< 500 5\.5\.
		> QUIT 1
		< 501 5\.5\.4
		> QUIT
		< 221 2\.0\.0
		gone
	E
}

@test "senders: null, quoted, literal, source route; wrong ones 501" {
	serve -o errors=1000
	client <<-'E'
		p = Peer(P)
		p.ask("EHLO client", "250")
		for good in ("<>", "<a@b.example>", '<"a b"@b.example>', "<a@[192.0.2.1]>",
		        "<a@[IPv6:2001:db8::1]>", "<@x.example,@y.example:a@b.example>",
		        '<"a\\"b"@b.example>', "<a+b=c/d@b.example>", "<a@b>",
		        " <a@b.example>"):
		    p.ask("MAIL FROM:" + good, "250 2.1.0")
		    p.ask("RSET", "250")
		for bad in ("", "a@b.example", "<a", "<a@>", "<@b.example>", "<a@b@c>",
		        "<a b@c.example>", "<a@[1.2.3]>", "<a@[>", '<"a@b.example>',
		        "<.a@b.example>", "<a..b@c.example>", "<a@-b.example>\x01",
		        "<a@b..example>", "<a@b.example> ?=\x7f", "<<a@b.example>>",
		        "<a@b.example>junk"):
		    p.ask("MAIL FROM:" + bad, "50[01] 5|555 5")
		p.ask("MAIL <a@b.example>", "501 5")
		p.ask("MAIL", "501 5")
		p.ask("RCPT TO:<talktome@carol.example>", "503")
	E
}

@test "the null sender is delivered with an empty Return-Path" {
	serve
	client <<-'E'
		Peer(P).message(b"x\r\n", sender="")
	E
	grep -qx 'Return-Path: <>' "$(only_one)"
}

@test "recipients: known 250, unknown user 550 5.1.1, foreign domain 550 5.7.1" {
	serve -o errors=1000 -o tarpit=0 -o harvest=0
	client <<-'E'
		p = Peer(P)
		p.envelope("talktome@carol.example", "TALKTOME@CAROL.EXAMPLE",
		    "contact0713+any+thing@carol.example", "shop-abc@carol.example",
		    "talktome@xn--bcher-kva.example", "postmaster@carol.example",
		    "PostMaster@carol.example", "abuse@carol.example", "Postmaster",
		    '"talktome"@carol.example', "@relay.example:talktome@carol.example")
		for no in ("x@carol.example", "talktome.@carol.example",
		        '"talk tome"@carol.example', "contact@carol.example",
		        "shop-1@carol.example", "talktome/../x@carol.example"):
		    p.ask("RCPT TO:<%s>" % no, "550 5.1.1|501 5.1.3")
		for no in ("x@elsewhere.example", "talktome@sub.carol.example",
		        "talktome@carol.example.", "a@[127.0.0.1]", "abuse@elsewhere.example",
		        "talktome%elsewhere.example@elsewhere.example",
		        "elsewhere.example!x@elsewhere.example"):
		    p.ask("RCPT TO:<%s>" % no, "550 5.7.1|501 5.1.3")
		p.ask("RCPT TO:<abuse>", "550 5|501 5.1.3")
		p.ask("RCPT TO:<>", "501 5.1.3")
		p.ask("RCPT TO:<talktome@carol.example> NOTIFY=NEVER", "555 5.5.4")
		p.ask("RCPT TO:<talktome@carol.example> x", "555 5.5.4")
		p.ask("RCPT FROM:<talktome@carol.example>", "501 5")
	E
}

@test "non-ASCII addresses need SMTPUTF8, and U-labels are A-labels" {
	serve
	client <<-'E'
		p = Peer(P)
		p.ask("EHLO client", "250")
		p.ask("MAIL FROM:<ü@b.example>", "553 5.6.7")
		p.ask("MAIL FROM:<a@b.example>", "250")
		p.ask("RCPT TO:<talktome@bücher.example>", "553 5.6.7")
		p.ask("RCPT TO:<talktome@xn--bcher-kva.example>", "250")
		p.ask("RSET", "250")
		p.ask("MAIL FROM:<ü@b.example> SMTPUTF8", "250")
		p.ask("RCPT TO:<talktome@bücher.example>", "250")
		p.ask("DATA", "354")
		p.send("Subject: ü\r\n\r\nü\r\n.\r\n".encode())
		p.want("250")
		p.ask("MAIL FROM:<a@b.example> SMTPUTF8", "250")
		p.ask(b"RCPT TO:<\xff\xfe@carol.example>", "5")
	E
	file=$(only_one)
	grep -q 'with UTF8SMTP id ' "$file"
	grep -qx 'Return-Path: <ü@b.example>' "$file"
}

@test "parameters of MAIL: the known ones, and 555 or 501 for others" {
	serve -o size=100K
	talk <<-'E'
		< 220
		> EHLO client
		< 250
		> MAIL FROM:<a@b.example> size=102400 BODY=8bitmime SMTPUTF8
		< 250
		> RSET
		< 250
		> MAIL FROM:<a@b.example> BODY=7BIT
		< 250
		> RSET
		< 250
		> MAIL FROM:<a@b.example> SIZE=102401
		< 552 5\.3\.4
		> MAIL FROM:<a@b.example> SIZE=99999999999999999999
		< 5(52 5\.3\.4|01 5\.5\.4)
		> MAIL FROM:<a@b.example> SIZE=1x
		< 501 5\.5\.4
		> MAIL FROM:<a@b.example> SIZE=
		< 501 5\.5\.4
		> MAIL FROM:<a@b.example> SIZE=-1
		< 501 5\.5\.4
		> MAIL FROM:<a@b.example> BODY=BINARYMIME
		< 501 5\.5\.4
		> MAIL FROM:<a@b.example> SMTPUTF8=1
		< 555 5\.5\.4
		> MAIL FROM:<a@b.example> RET=HDRS
		< 555 5\.5\.4
		> MAIL FROM:<a@b.example> =
		< 555 5\.5\.4
		> HELO client
		< 250
		> MAIL FROM:<a@b.example> SIZE=10
		< 555 5\.5\.4
		> MAIL FROM:<a@b.example>
		< 250
	E
}

@test "local part 64, domain 255, path 256, command 512, MAIL longer" {
	serve -o errors=1000
	client "$(names 255)" "$(names 256)" <<-'E'
		p = Peer(P)
		p.ask("EHLO " + sys.argv[1], "250")
		p.ask("EHLO " + sys.argv[2], "501")
		def mail(octets, regex):
		    p.ask(b"MAIL FROM:<%s>" % octets, regex)
		    p.ask("RSET", "250")
		mail(b"a" * 64 + b"@b.example", "250")
		mail(b"a" * 65 + b"@b.example", "501 5.1.7")
		mail(b'"' + b"a" * 62 + b'"@b.example', "250")
		name = sys.argv[1].encode()
		mail(b"a@" + name[-252:].lstrip(b"."), "250")
		mail(b"a@" + name[:255], "501 5.1.7")      # path of 257 octets
		mail(b"a@" + name + b"b", "501 5.1.7")
		mail(b"a@" + b"b" * 63 + b".example", "250")
		mail(b"a@" + b"b" * 64 + b".example", "501 5.1.7")
		# 512 and 513 octets with CRLF
		p.ask(b"NOOP " + b"x" * 505, "250")
		p.ask(b"NOOP " + b"x" * 506, "500 5.5.2")
		p.ask(b"RCPT TO:<a@carol.example>" + b" " * 485, "503")
		p.ask(b"MAIL FROM:<a@b.example>" + b" " * (565 - 25 - 7) + b"SIZE=10", "250")
		p.ask(b"RSET", "250")
		p.ask(b"MAIL FROM:<a@b.example>" + b" " * (566 - 25 - 7) + b"SIZE=10", "500 5.5.2")
		p.ask(b"NOOP", "250")
	E
}

@test "PIPELINING: a whole session in one segment" {
	serve
	client <<-'E'
		p = Peer(P)
		one = (b"MAIL FROM:<a@b.example>\r\nRCPT TO:<talktome@carol.example>\r\n"
		    b"RCPT TO:<x@carol.example>\r\nDATA\r\n")
		p.send(b"EHLO me\r\n" + one)
		p.want("250", plain=True)
		for want in ("250", "250", "550", "354"):
		    p.want(want)
		p.send(b"n: 1\r\n.\r\n" + one)
		for want in ("250 2.0.0", "250", "250", "550", "354"):
		    p.want(want)
		p.send(b"n: 2\r\n.\r\nRSET\r\nNOOP\r\nQUIT\r\nNOOP\r\n")
		for want in ("250 2.0.0", "250", "250", "221"):
		    p.want(want)
		p.gone()
	E
	[ "$(delivered)" = 2 ]
}

@test "DATA after nothing but refused recipients in a group: 554, never 354" {
	serve
	talk <<-'E'
		< 220
		> EHLO client
		< 250
		>> MAIL FROM:<a@b.example>\r\nRCPT TO:<x@carol.example>\r\nRCPT TO:<x@elsewhere.example>\r\nDATA\r\nRSET\r\n
		< 250
		< 550 5\.1\.1
		< 550 5\.7\.1
		< 554 5\.5\.1
		< 250
	E
}

@test "two recipients of one message, one twice, in a Maildir each" {
	serve
	client <<-'E'
		p = Peer(P)
		p.envelope("talktome@carol.example", "shop-a@carol.example",
		    "talktome@carol.example")
		p.ask("DATA", "354")
		p.send(b"x\r\n.\r\n")
		p.want("250")
	E
	[ "$(find mail/contact/new -type f | wc -l)" = 1 ]
	[ "$(find mail/shop/new -type f | wc -l)" = 1 ]
	run -1 grep -rq $'^\tfor <' mail
}

@test "mail for postmaster, without and with a domain, is delivered" {
	serve
	client <<-'E'
		p = Peer(P)
		for address in "Postmaster", "postmaster@carol.example", "abuse@carol.example":
		    p.envelope(address)
		    p.ask("DATA", "354")
		    p.ask("x\r\n.", "250")
	E
	[ "$(find mail/postbox/new -type f | wc -l)" = 3 ]
	[ "$(delivered)" = 3 ]
}

@test "recipients of a second route or node: 452 4.5.3, and the first goes on" {
	serve "local=maildir-deliver mail" "backup=maildir-deliver mail/%n"
	client <<-'E'
		p = Peer(P)
		p.envelope("talktome@carol.example")
		p.ask("RCPT TO:<bob@bob.example>", "452 4.5.3")
		p.ask("RCPT TO:<shop-a@carol.example>", "250")
		p.ask("DATA", "354")
		p.send(b"x\r\n.\r\n")
		p.want("250")
		p.envelope("bob@bob.example")
		p.ask("RCPT TO:<talktome@carol.example>", "452 4.5.3")
		p.ask("DATA", "354")
		p.send(b"y\r\n.\r\n")
		p.want("250")
	E
	[ "$(find mail/contact mail/shop -path '*/new/*' | wc -l)" = 2 ]
	[ "$(find mail/bob -path '*/new/*' | wc -l)" = 1 ]
}

@test "without a backup route the domains of others are refused" {
	serve
	talk <<-'E'
		< 220
		> EHLO client
		< 250
		> MAIL FROM:<a@b.example>
		< 250
		> RCPT TO:<bob@bob.example>
		< 550 5\.7\.1
	E
}

@test "more recipients than -o recipients: 452 4.5.3, and the message goes on" {
	serve -o recipients=3
	client <<-'E'
		p = Peer(P)
		p.envelope(*["talktome+%d@carol.example" % n for n in range(3)])
		p.ask("RCPT TO:<talktome+3@carol.example>", "452 4.5.3")
		p.ask("DATA", "354")
		p.send(b"x\r\n.\r\n")
		p.want("250")
	E
	logged 'accepted=3 .* done=1'
}

@test "after -o errors of 5xx: 421 and the end" {
	serve -o errors=3
	talk <<-'E'
		< 220
		> EHLO client
		< 250
		> FOO
		< 500
		> FOO
		< 500
		>> FOO\r\nNOOP\r\n
		< 500
		< 421 4\.7\.0
		gone
	E
	logged 'helo=client .* errors=3 end=error'
}

@test "too big by SIZE or while it comes: 552 5.3.4, and the session goes on" {
	serve -o size=10K
	client <<-'E'
		p = Peer(P)
		p.ask("EHLO client", "250")
		p.ask("MAIL FROM:<a@b.example> SIZE=10241", "552 5.3.4")
		line = b"x" * 62 + b"\r\n"
		p.message(line * 160, "250")                 # 10240 octets
		p.message((b"." + line) * 160, "250")        # dots are no part of it
		p.message(line * 159 + b"y" * 63 + b"\r\n", "552 5.3.4")
		p.message(line * 200, "552 5.3.4")
		p.envelope()
		p.send(b"BDAT 6400\r\n" + line * 100)
		p.want("250")
		p.send(b"BDAT 6400\r\n" + line * 100)
		p.want("552 5.3.4")
		p.send(b"BDAT 64 LAST\r\n" + line)
		p.want("503 5.5.1")
		p.message(b"x\r\n", "250")
	E
	[ "$(delivered)" = 3 ]
}

@test "a message that went around 50 times: 554 5.4.6; 49 times is fine" {
	serve
	client <<-'E'
		p = Peer(P)
		hop = b"Received: from a by b; Sat, 21 Nov 2026 10:00:00 +0000\r\n"
		p.message(hop * 50 + b"\r\nx\r\n", "554 5.4.6")
		p.message(hop * 49 + b"\r\n" + hop * 10, "250")
		p.message(hop.upper() * 50 + b"\r\n", "554 5.4.6")
	E
	[ "$(delivered)" = 1 ]
}

@test "the Received line says from, by, with, id and for, and when" {
	serve -o host=mx.example
	client <<-'E'
		reply = Peer(P).message(b"Subject: x\r\n\r\n", helo="client.example")
		open("id", "w").write(reply.split()[-1])
		p = Peer(P)
		p.ask("HELO old", "250")
		p.ask("MAIL FROM:<a@b.example>", "250")
		p.ask("RCPT TO:<shop-a@carol.example>", "250")
		p.ask("DATA", "354")
		p.ask("x\r\n.", "250")
	E
	python3 - "$(find mail/contact/new -type f)" "$(cat id)" <<-'E'
		import email, email.policy, email.utils, re, sys, time
		m = email.message_from_file(open(sys.argv[1]), policy=email.policy.default)
		r = re.sub(r"\s+", " ", m["received"])
		want = (r"from client\.example \(\[127\.0\.0\.1\]\) by mx\.example "
		    r"with ESMTP id %s for <talktome@carol\.example>; (.*)" % sys.argv[2])
		match = re.fullmatch(want, r)
		assert match, r
		when = email.utils.parsedate_to_datetime(match[1]).timestamp()
		assert abs(when - time.time()) < 60, match[1]
		assert m.keys().index("Received") < m.keys().index("Subject")
	E
	grep -q 'by mx.example with SMTP id' mail/shop/new/*
}

@test "a client that is silent gets 421 after -o timeout" {
	serve -o timeout=3
	talk <<-'E'
		< 220
		< 421 4\.4\.2
		gone
	E
	talk <<-'E'
		< 220
		> EHLO inside
		< 250
		> MAIL FROM:<a@b.example>
		< 250
		> RCPT TO:<talktome@carol.example>
		< 250
		> DATA
		< 354
		> half a message
		< 421 4\.4\.2
		gone
	E
	[ "$(delivered)" = 0 ]
	logged 'helo=inside .* end=timeout'
}

@test "-o connections: for one more the longest idle one has to go" {
	serve -o connections=2
	client <<-'E'
		one, two = Peer(P), Peer(P)
		one.ask("NOOP", "250")
		three = Peer(P)
		two.want("421 4.7.0 ")
		two.gone()
		for p in one, three:
		    p.message(b"x\r\n")
	E
	logged 'end=evicted'
}

@test "what a client says cannot forge a line of the log" {
	serve
	client <<-'E'
		p = Peer(P)
		p.ask(b"EHLO a\xc2\x85b\xe2\x80\xa8c\xff", "250|501")
		p.ask(b"EHLO x end=quit", "501")
		p.ask(b"EHLO last", "250")
		p.ask(b"QUIT", "221")
	E
	logged 'helo=last'
	run -1 grep -aP '[^\x20-\x7e]' log
}
