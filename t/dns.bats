# lib/net/dns.c against real name servers, and against one that misbehaves; see
# t/unit/dns.c for files of records.
load lib.bash
load dns.bash

setup() {
	dns_setup
}

teardown() {
	dns_teardown
}

# ask [OPTION...] NAME TYPE...: the answers, in the file `out`; what is said, in
# `said`.
ask() {
	timeout 60 dns "$@" >out 2>said
}

# is LINE...: the answers are these, whatever the order of records in each.
is() {
	printf '%s\n' "$@" >want
	diff <(sort_records <want) <(sort_records <out)
}

sort_records() {
	while read -r name type state security ttl records; do
		# shellcheck disable=SC2086 # words
		echo "$name $type $state $security $ttl" \
		    $(printf '%s\n' $records | sort)
	done
}

@test "records of every type, names without some and names that do not exist" {
	serve_zones
	ask -s "$NSD" 9.2.0.192.bl.example 1 10.2.0.192.BL.example. 1 \
	    77.3.0.192.bl.example 1 text.bl.example 16 mx.bl.example 15 \
	    text.bl.example 1 0.192.bl.example 1 8.2.0.192.bl.example 1 com 1
	is '9.2.0.192.bl.example 1 found insecure 300 7f000004' \
	    '10.2.0.192.BL.example. 1 found insecure 300 7f000004 7f00000a' \
	    '77.3.0.192.bl.example 1 found insecure 300 7f000002' \
	    'text.bl.example 16 found insecure 300 036f6e650374776f' \
	    'mx.bl.example 15 found insecure 300 000a026e7302626c076578616d706c6500 0014046d61696c09656c73657768657265076578616d706c6500' \
	    'text.bl.example 1 empty insecure 0' \
	    '0.192.bl.example 1 empty insecure 0' \
	    '8.2.0.192.bl.example 1 no-name insecure 0' \
	    'com 1 no-name insecure 0'
	[ ! -s said ]
}

@test "an alias is followed, also to where nothing is" {
	serve_zones
	ask -s "$NSD" alias.bl.example 1 alias.bl.example 16 nowhere.bl.example 1
	is 'alias.bl.example 1 found insecure 300 7f000004' \
	    'alias.bl.example 16 empty insecure 0' \
	    'nowhere.bl.example 1 no-name insecure 0'
}

@test "a resolver in between makes no difference" {
	serve_zones
	forward_to "$NSD"
	ask -s "$UNBOUND" 9.2.0.192.bl.example 1 alias.bl.example 1 \
	    mx.bl.example 16 8.2.0.192.bl.example 1
	is '9.2.0.192.bl.example 1 found insecure 300 7f000004' \
	    'alias.bl.example 1 found insecure 300 7f000004' \
	    'mx.bl.example 16 empty insecure 0' \
	    '8.2.0.192.bl.example 1 no-name insecure 0'
}

@test "DNSSEC: with the anchor what is there and what is not is secure" {
	sign
	serve_zones
	ask -s "$NSD" -a anchor a.signed.example 1 a.signed.example 16 \
	    c.signed.example 1 9.2.0.192.bl.example 1
	is 'a.signed.example 1 found secure 300 c0000201' \
	    'a.signed.example 16 empty secure 0' \
	    'c.signed.example 1 no-name secure 0' \
	    '9.2.0.192.bl.example 1 found insecure 300 7f000004'
	forward_to "$NSD"
	ask -s "$UNBOUND" -a anchor a.signed.example 1 c.signed.example 1
	is 'a.signed.example 1 found secure 300 c0000201' \
	    'c.signed.example 1 no-name secure 0'
}

@test "DNSSEC: without the anchor it is insecure" {
	sign
	serve_zones
	ask -s "$NSD" a.signed.example 1 c.signed.example 1
	is 'a.signed.example 1 found insecure 300 c0000201' \
	    'c.signed.example 1 no-name insecure 0'
}

@test "DNSSEC: what was changed after it was signed is bogus, and not told" {
	sign
	sed -i 's/^\(b\..*\sA\s.*\)192.0.2.2$/\1192.0.2.66/' \
	    signed.example.signed
	grep -q '192\.0\.2\.66$' signed.example.signed
	serve_zones
	ask -s "$NSD" -a anchor b.signed.example 1 a.signed.example 1
	grep -q '^b.signed.example 1 failed bogus 0 \[.*signature.*\]$' out
	grep -qx 'a.signed.example 1 found secure 300 c0000201' out
	ask -s "$NSD" b.signed.example 1
	is 'b.signed.example 1 found insecure 300 c0000242'
}

@test "DNSSEC: a signature that has run out, or that was taken away, is bogus" {
	sign -i 20200101 -e 20200201
	serve_zones
	ask -s "$NSD" -a anchor a.signed.example 1
	grep -q '^a.signed.example 1 failed bogus 0 \[.*expired.*\]$' out
	dns_teardown
	cp signed.example signed.example.signed
	serve_zones
	ask -s "$NSD" -a anchor a.signed.example 1
	grep -q '^a.signed.example 1 failed bogus 0 ' out
}

@test "a file of anchors that cannot be used is not taken for none" {
	run -111 --separate-stderr dns -s 127.0.0.1 -a missing
	[[ $stderr == *"cannot read 'missing'"* ]]
	: >empty
	run -111 --separate-stderr dns -s 127.0.0.1 -a empty
	[[ $stderr == *"'empty': no trust anchor in it"* ]]
	printf '; DS\na.example. IN A 192.0.2.1\n' >other
	run -111 --separate-stderr dns -s 127.0.0.1 -a other
	[[ $stderr == *"'other': no trust anchor in it"* ]]
	printf 'a.example. IN DS 1 13 2 xyz\n' >wrong
	run -111 --separate-stderr dns -s 127.0.0.1 -a wrong
	[[ $stderr == *wrong* ]]
}

@test "a file of records that is missing is not taken for none" {
	run -111 --separate-stderr dns -z missing
	[[ $stderr == *"cannot read 'missing'"* ]]
}

@test "with a file of records nothing is ever sent" {
	sanitized && skip 'with a sanitizer'
	echo 'a.example 60 IN A 192.0.2.1' >zone
	strace -f -o trace -e trace=%network dns -z zone a.example 1 \
	    b.example 1 com 1 1.0.0.10.in-addr.arpa 12 >out
	is 'a.example 1 found insecure 60 c0000201' \
	    'b.example 1 no-name insecure 0' 'com 1 no-name insecure 0' \
	    '1.0.0.10.in-addr.arpa 12 no-name insecure 0'
	run -1 grep -E 'socket\(AF_INET|sendto|connect' trace
}

@test "a server that is not there, or never answers, ends in time" {
	misbehave
	local begin=$SECONDS
	ask -t 1 -s "127.0.0.1@$(free_port)" a.example 1
	is 'a.example 1 failed insecure 0 [no answer in time]'
	ask -t 1 -s "$BAD" a.dead.example 1
	is 'a.dead.example 1 failed insecure 0 [no answer in time]'
	[ $((SECONDS - begin)) -lt 10 ]
	[ "$(asked 'udp a.dead.example')" -gt 1 ]
}

@test "an answer that comes late is late, but not lost" {
	misbehave
	ask -t 0.8 -s "$BAD" 9.2.0.192.late.example 1 b.dead.example 1 \
	    c.dead.example 1 d.dead.example 1 9.2.0.192.late.example 1
	head -n 1 out | grep -qF 'failed insecure 0 [no answer in time]'
	tail -n 1 out | grep -q '^9.2.0.192.late.example 1 found insecure [0-9]* 7f000002$'
}

@test "failures of servers are failures and not names that do not exist" {
	misbehave
	ask -t 10 -s "$BAD" a.servfail.example 1 a.refused.example 1
	grep -q '^a.servfail.example 1 failed insecure 0 ' out
	grep -q '^a.refused.example 1 failed insecure 0 ' out
}

@test "an answer with a wrong id is none" {
	misbehave
	ask -s "$BAD" 1.forged.example 1 2.forged.example 1
	is '1.forged.example 1 no-name insecure 0' \
	    '2.forged.example 1 no-name insecure 0'
}

@test "garbage from somewhere does no harm" {
	misbehave
	ask -s "$BAD" 1.2.0.192.garbage.example 1 2.2.0.192.garbage.example 1 \
	    3.3.0.192.garbage.example 1
	is '1.2.0.192.garbage.example 1 found insecure 1 7f000002' \
	    '2.2.0.192.garbage.example 1 found insecure 1 7f000002' \
	    '3.3.0.192.garbage.example 1 no-name insecure 0'
}

@test "garbage from the server, or an answer to another question, is a failure" {
	misbehave
	ask -s "$BAD" 1.2.0.192.twisted.example 1 1.2.0.192.other.example 1
	grep -q '^1.2.0.192.twisted.example 1 failed insecure 0 ' out
	grep -q '^1.2.0.192.other.example 1 failed insecure 0 ' out
}

@test "what does not fit into a datagram comes over TCP" {
	misbehave
	ask -s "$BAD" a.long.example 16
	[ "$(asked 'tcp a.long.example')" = 1 ]
	read -r name type state security ttl record more <out
	[ "$state $security $ttl $more" = 'found insecure 1 ' ]
	[ ${#record} = $((2 * 20 * 256)) ]
}

@test "more records than there may be are a failure" {
	misbehave
	ask -s "$BAD" a.many.example 1
	[ "$(asked 'tcp a.many.example')" = 1 ]
	grep -q '^a.many.example 1 failed insecure 0 \[.*\]$' out
}

# In a namespace with an own /etc and loopback, as root there.
within() { # COMMAND...
	unshare --map-root-user --mount --net sh -ec '
		mount -t tmpfs tmpfs /etc
		python3 -c "import fcntl, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(s, 0x8914, struct.pack(\"16sH22x\", b\"lo\", 1))"
		"$@"' sh "$@"
}

@test "without a server it asks those of /etc/resolv.conf" {
	within true 2>/dev/null || skip 'no namespaces here'
	mkdir bad
	cat >asking <<-'E'
		#!/bin/bash -e
		printf '# comment\nsearch example\nnameserver 127.0.0.1\n' \
		    >/etc/resolv.conf
		DNS_PORT=53 python3 "$1" bad &
		while ! [ -e bad/port ]; do sleep 0.05; done
		dns 9.2.0.192.good.example 1 >out 2>said || status=$?
		kill $!
		exit $status
	E
	chmod +x asking
	within ./asking "$BATS_TEST_DIRNAME/dns.py"
	is '9.2.0.192.good.example 1 found insecure 1 7f000002'
}

@test "without a server and /etc/resolv.conf it does not begin" {
	within true 2>/dev/null || skip 'no namespaces here'
	run -111 --separate-stderr within dns a.example 1
	[[ $stderr == *"cannot read '/etc/resolv.conf': No such file"* ]]
}
