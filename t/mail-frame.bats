load lib.bash

setup() {
	common_setup
	message m 3000
	frame m >f
}

@test "a message comes out of its frame octet for octet" {
	for size in 1 100 1048576 1048577 3000000; do
		message big $size
		frame big >bigf
		mail-frame -x <bigf >out
		cmp big out
	done
}

@test "any octets pass: NUL, 8-bit, no line end, something like a frame's end" {
	printf 'a: b\n\n\0\377\r\nverdict: pass\nend: 00000000\nx' >m
	frame m >f
	mail-frame -x <f >out
	cmp m out
}

@test "a frame can be read with less" {
	printf 'Subject: x\n\nhello\n' >m
	mail-frame -s a@b.example -r 'contact c@d.example' -d submitted <m >f
	sed -e 's/^id: [0-9a-f]\{32\}$/id: ID/' \
	    -e 's/^end: [0-9a-f]\{8\}$/end: CRC/' f >seen
	cat >want <<-'EOF'
		pimail 1
		id: ID
		recipient: contact c@d.example
		direction: submitted
		sender: a@b.example
		size: 18

		Subject: x

		hello
		verdict: pass
		end: CRC
	EOF
	cmp want seen
}

@test "the CRC is CRC-32 of all octets before the last line" {
	head -n -1 f >body
	crc=$(python3 -c 'import sys, zlib
print("end: %08x" % zlib.crc32(sys.stdin.buffer.read()))' <body)
	[ "$(tail -n 1 f)" = "$crc" ]
}

@test "-c prints a line a frame" {
	cat f f >two
	run -0 --separate-stderr mail-frame -c <two
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[1]} =~ ^[0-9a-f]{32}$'\tinbound\tpass\t3000\tcontact talktome@carol.example'$ ]]
}

@test "-c exits with 111 at the first bad octet, after the good frames" {
	{ cat f; flip f 200; } >two
	run -111 --separate-stderr mail-frame -c <two
	[ "${#lines[@]}" = 1 ]
	[[ $stderr == *"cut or changed"* ]]
}

@test "a frame cut at any octet is refused and gives no message" {
	printf 'x: y\n\nz\n' >m
	frame m >f
	size=$(stat -c %s f)
	for ((n = 0; n < size; n++)); do
		head -c $n f >cut
		status=0
		mail-frame -x <cut >out 2>err || status=$?
		[ $status = 111 ] && [ ! -s out ]
	done
}

@test "a frame with any octet changed is refused and gives no message" {
	printf 'x: y\n\nz\n' >m
	frame m >f
	size=$(stat -c %s f)
	for ((n = 0; n < size; n++)); do
		flip f $n >bad
		status=0
		mail-frame -x <bad >out 2>err || status=$?
		[ $status = 111 ] && [ ! -s out ]
	done
}

@test "-x refuses two frames, which would be two messages in one" {
	cat f f >two
	run -111 --separate-stderr mail-frame -x <two
	[ -z "$output" ]
}

@test "-x says the verdict of an answer in its exit status" {
	run -100 --separate-stderr mail-frame -x < <(mail-filter sh -c 'exit 100' <f)
	run -111 --separate-stderr mail-frame -x < <(mail-filter sh -c 'exit 1' <f)
	run -0 --separate-stderr mail-frame -x < <(mail-filter sh -c 'exit 99' <f)
	[ -z "$output" ]
}

@test "no message, no frame" {
	run -111 --separate-stderr mail-frame </dev/null
	[ -z "$output" ]
	run -111 --separate-stderr sh -c 'mail-frame <&-'
	[ -z "$output" ]
}

@test "what cannot stand in a frame is refused" {
	run -111 --separate-stderr mail-frame -s $'a@b\nrecipient: root r' <m
	[ -z "$output" ]
	run -111 --separate-stderr mail-frame -r '../x y@z.example' <m
	run -111 --separate-stderr mail-frame -r '.x y@z.example' <m
	run -111 --separate-stderr mail-frame -r 'x' <m
	run -111 --separate-stderr mail-frame -d sideways <m
	long=$(printf 'a%.0s' {1..1001})
	run -111 --separate-stderr mail-frame -s "$long" <m
}

@test "a field line at the limit passes, and one over it does not" {
	mail-frame -s "$(printf 'a%.0s' {1..992})" <m | mail-frame -c >out
	run -111 --separate-stderr mail-frame -s "$(printf 'a%.0s' {1..993})" <m
}

@test "too many recipients are refused" {
	args=()
	for ((i = 0; i < 1000; i++)); do args+=(-r "m$i a$i@b.example"); done
	mail-frame "${args[@]}" <m >f
	mail-frame -c <f >out
	run -111 --separate-stderr mail-frame -r 'm a@b.example' "${args[@]}" <m
}

@test "a full disk and a closed output are errors" {
	run -111 --separate-stderr sh -c 'mail-frame <m >/dev/full'
	run -111 --separate-stderr sh -c 'mail-frame -x <f >/dev/full'
	run -111 --separate-stderr sh -c 'mail-frame -c <f >/dev/full'
	run -111 --separate-stderr sh -c 'mail-frame <m >&-'
}

@test "usage is said on standard error with 111" {
	run -111 --separate-stderr mail-frame -z
	[ -z "$output" ]
	[[ $stderr == usage:*mail-frame* || $stderr == *usage:* ]]
	run -111 --separate-stderr mail-frame file
}

@test "any field can be added, but none that cannot stand in a frame" {
	printf 'abc' >m
	run -0 --separate-stderr mail-frame -f 'node: carol' -f 'x-y: a: b' <m
	grep -qx 'node: carol' <<<"$output"
	grep -qx 'x-y: a: b' <<<"$output"
	for field in node 'Node: x' ': x' 'size: 3' $'a: b\nc: d' 'id: x' 'sender: a@b.example'; do
		echo "$field"
		run -111 --separate-stderr mail-frame -f "$field" <m
		[[ $stderr == *"-f '"* ]]
		[ -z "$output" ]
	done
}
