load lib.bash

setup() {
	common_setup
	unset PIMAIL_NODES
	mkdir nodes
	cp -P "$BATS_TEST_DIRNAME"/../share/nodes/*.yaml nodes
	T=$'\t'
}

# manifest NAME LINE...: a good manifest of that node, with these lines below
# the four of "node:"; the first of them is line 5.
manifest() {
	local name=$1
	shift
	printf '%s\n' 'node:' "  name: $name" "  host: $name.example.net" \
	    "  domains: [$name.example]" "$@" >"nodes/$name.yaml"
}

# one ADDRESS WANT...: the address' answer is these fields.
one() {
	local want
	want=$(IFS=$'\t'; echo "$*")
	rcpt-check -n nodes "$1" >seen || :
	printf '%s\n' "$want" >want
	diff want seen
}

# wrong LINE TEXT: what is in x.yaml is an error there.
wrong() {
	run -111 --separate-stderr rcpt-check -t -n nodes
	[[ $stderr == *"nodes/x.yaml:$1: "*"$2"* ]] || {
		echo "want $1: $2; have $stderr"
		return 1
	}
	[[ $output != *x.yaml* ]]
}

@test "an address is local, for a backup, or refused with the reply" {
	one talktome@carol.example local carol contact
	one contact0613@carol.example local carol contact
	one robert@bob.example backup bob bob
	one nobody@carol.example refuse - '550 5.1.1 No such mailbox here'
	one x@elsewhere.example refuse - '550 5.7.1 Relaying denied'
	one 'x@[192.0.2.17]' backup bob rest
	one postmaster local carol postbox
}

@test "the exit status is the worst: 0 accepted, 100 refused, 111 deferred" {
	rcpt-check -n nodes talktome@carol.example robert@bob.example >out
	[ "$(wc -l <out)" = 2 ]
	run -100 rcpt-check -n nodes talktome@carol.example x@carol.example
	run -100 rcpt-check -n nodes 'not an address' talktome@carol.example
	echo 'node: [' >nodes/zoe.yaml
	run -111 rcpt-check -n nodes x@carol.example x@zoe.example \
	    talktome@carol.example
	rcpt-check -n nodes talktome@carol.example
}

@test "a line in, a line out, until end of file" {
	printf '%s\n' talktome@carol.example x@carol.example '' >in
	run -100 --separate-stderr rcpt-check -n nodes <in
	[ "${#lines[@]}" = 3 ]
	[ "${lines[0]}" = "talktome@carol.example${T}local${T}carol${T}contact" ]
	[ "${lines[2]}" = "${T}refuse${T}-${T}501 5.1.3 Bad address syntax" ]
	rcpt-check -n nodes </dev/null >out
	[ ! -s out ]
}

@test "each answer comes before the next question" {
	coproc rcpt-check -n nodes
	for address in talktome carol shop-a; do
		echo "$address@carol.example" >&"${COPROC[1]}"
		IFS= read -r -t 10 -u "${COPROC[0]}" answer
		[[ $answer == "$address@carol.example${T}local${T}carol${T}"* ]]
	done
	pid=$COPROC_PID
	in=${COPROC[1]}
	exec {in}>&-
	wait "$pid"
}

@test "a line at the limit is read, and one over it refused and passed over" {
	a=$(printf 'a%.0s' {1..1000})
	printf '%s\n' "$a" "${a}a" "$a$a$a" talktome@carol.example >in
	run -100 --separate-stderr rcpt-check -n nodes <in
	[ "${#lines[@]}" = 4 ]
	[ "${lines[0]}" = "$a${T}refuse${T}-${T}501 5.1.3 Bad address syntax" ]
	[ "${lines[1]}" = "$a${T}refuse${T}-${T}501 5.1.3 Line too long" ]
	[ "${lines[2]}" = "$a${T}refuse${T}-${T}501 5.1.3 Line too long" ]
	[[ ${lines[3]} == talktome@* ]]
	head -c 1000000 /dev/zero | tr '\0' a >in
	echo >>in
	run -100 --separate-stderr rcpt-check -n nodes <in
	[ "${#lines[@]}" = 1 ]
}

@test "a line that is cut off at end of file gets no answer" {
	printf 'talktome@carol.example' >in
	run -111 --separate-stderr rcpt-check -n nodes <in
	[ -z "$output" ]
	head -c 5000 /dev/zero | tr '\0' a >in
	run -111 --separate-stderr rcpt-check -n nodes <in
}

@test "an answer cannot be forged by an address" {
	run -100 rcpt-check -n nodes $'a@b\tlocal\tcarol\tx' \
	    $'"a\nb"@carol.example' $'\e[2J@carol.example' $'\233@x' '../x'
	[ "${#lines[@]}" = 5 ]
	[[ ${lines[0]} == "a@b?local?carol?x${T}refuse${T}-${T}501 "* ]]
	[[ ${lines[1]} == '"a?b"@carol.example'"${T}refuse${T}-${T}501 "* ]]
	[[ ${lines[2]} == "?[2J@carol.example${T}refuse${T}"* ]]
	[[ ${lines[3]} == "?@x${T}refuse${T}"* ]]
	[[ ${lines[4]} == "../x${T}refuse${T}"* ]]
	printf 'a\0b@carol.example\r\n' >in
	run -100 rcpt-check -n nodes <in
	[[ $output == 'a?b@carol.example?'"${T}refuse${T}-${T}501 "* ]]
}

@test "both spellings of a domain are one, in manifests and in addresses" {
	one talktome@bücher.example local carol contact
	one talktome@BÜCHER.example local carol contact
	one talktome@xn--bcher-kva.example local carol contact
	one talktome@XN--BCHER-KVA.Example local carol contact
	sed -i 's/bücher.example/xn--bcher-kva.example/' nodes/carol.yaml
	one talktome@bücher.example local carol contact
	one talktome@xn--bcher-kva.example local carol contact
}

@test "the directory: -n before PIMAIL_NODES" {
	PIMAIL_NODES=nodes rcpt-check talktome@carol.example
	PIMAIL_NODES=nonexistent rcpt-check -n nodes talktome@carol.example
	run -111 --separate-stderr env PIMAIL_NODES=nonexistent \
	    rcpt-check talktome@carol.example
	[ -z "$output" ]
	[[ $stderr == *"'nonexistent'"* ]]
}

@test "without an own manifest nothing is answered" {
	rm nodes/self.yaml
	run -111 --separate-stderr rcpt-check -n nodes talktome@carol.example
	[ -z "$output" ]
	[[ $stderr == *nodes/self.yaml:1:* ]]
	run -111 --separate-stderr rcpt-check -t -n nodes
	[[ $output == *"carol.yaml: ok"* ]]
	ln -s carol.yaml nodes/self.yaml
	echo 'node: [' >nodes/carol.yaml
	run -111 --separate-stderr rcpt-check -n nodes talktome@carol.example
	[ -z "$output" ]
}

@test "a broken manifest of another node means 451 for what nobody claims" {
	echo 'nodes: {}' >nodes/zoe.yaml
	one talktome@carol.example local carol contact
	one x@carol.example refuse - '550 5.1.1 No such mailbox here'
	one x@zoe.example refuse - '451 4.3.0 Not sure whose domain this is'
}

@test "what an expired address gets is what nobody gets" {
	sed -i 's/2030-12-31/2020-12-31/' nodes/carol.yaml
	one shop-a@carol.example refuse - '550 5.1.1 No such mailbox here'
	run -0 --separate-stderr rcpt-check -t -n nodes
	[[ $stderr == *"nodes/carol.yaml:20: warning: mailbox 'shop'"* ]]
}

@test "-t says what is in good manifests" {
	run -0 --separate-stderr rcpt-check -t -n nodes
	[ "$output" = 'bob.yaml: ok, 2 domains, 2 mailboxes
carol.yaml: ok, 2 domains, 3 mailboxes' ]
	[ -z "$stderr" ]
}

@test "-t finds all errors of a manifest, each with its line" {
	cat >nodes/x.yaml <<-'EOF'
		node:
		  name: y
		  host: a b
		  domains: [x.example, 'x y', X.Example]
		  key: ABCD
		  reach: 'ssh://-oProxyCommand=true'
		  color: blue
		  backups: {except: [a], only: [b]}
		  stores:
		    for: some
		    bytes: many
		    days: 0
		mailboxes:
		  ../x: {matches: a}
		  good: {matches: '(a'}
		  bad:
		    expires: 2026-02-30
		postmaster: nobody
	EOF
	run -111 --separate-stderr rcpt-check -t -n nodes
	grep -o 'x\.yaml:.*' <<<"$stderr" | sed 's/^x.yaml:\([0-9]*\): /\1 /' >seen
	cat >want <<-'EOF'
		2 node 'y' must be in the file y.yaml
		3 'a b' is not a host name
		4 'x y' is not a domain
		4 domain 'x.example' is in line 4 already
		5 'key' must be a full fingerprint, 40 or 64 hex digits
		6 'reach' must be scheme://[user@]host[:port]
		7 unknown key 'color'
		8 'except' and 'only' exclude each other
		10 for must be a list
		11 'bytes' must be a size, such as 500M
		12 'days' must be a number from 1 to 36500
		14 '../x' cannot be a mailbox's name
		15 bad pattern: missing closing parenthesis at octet 2
		17 'expires' must be a day, YYYY-MM-DD
		16 there is no 'matches'
		18 'postmaster' must name a mailbox
	EOF
	diff want seen
	[[ $output == *"bob.yaml: ok"* ]]
}

@test "a manifest must have what it needs" {
	echo 'node: {}' >nodes/x.yaml
	wrong 1 "there is no 'name'"
	wrong 1 "there is no 'host'"
	wrong 1 "there is no 'domains'"
	wrong 1 "there is no 'mailboxes'"
	manifest x 'mailboxes: {}'
	wrong 5 'there must be a mailbox'
	manifest x 'mailboxes: [a]'
	wrong 5 'mailboxes must be a mapping'
	manifest x 'mailboxes: {a: {matches: [a]}}'
	wrong 5 'matches must be a text'
	manifest x 'backups: {}' 'mailboxes: {a: {matches: a}}'
	wrong 5 "unknown key 'backups'"
	manifest x '  backups: {}' 'mailboxes: {a: {matches: a}}'
	wrong 5 "'backups' wants 'except' or 'only'"
	manifest x '  backups: {except: [a/b]}' 'mailboxes: {a: {matches: a}}'
	wrong 5 "'a/b' cannot be a node's name"
	echo text >nodes/x.yaml
	wrong 1 'this must be a mapping'
	: >nodes/x.yaml
	wrong 1 'the file is empty'
	sed 's/carol/self/' nodes/carol.yaml >nodes/x.yaml
	wrong 3 "'self' cannot be a node's name"
}

@test "YAML that is broken or too clever is an error in its line" {
	manifest x 'mailboxes:' '  a: {matches: a}' '  a: {matches: b}'
	wrong 7 "key 'a' is in line 6 already"
	manifest x '  name: x' 'mailboxes: {a: {matches: a}}'
	wrong 5 "key 'name' is in line 2 already"
	manifest x 'mailboxes: &anchor' '  a: {matches: a}'
	wrong 5 'anchors are not allowed'
	manifest x 'mailboxes:' '  a: {matches: a}' '  b: *a'
	wrong 7 'aliases are not allowed'
	manifest x 'mailboxes:' '  a: {matches: !!str a}'
	wrong 6 'tags are not allowed'
	manifest x 'mailboxes: {a: {matches: a}}' '---' 'node: x'
	wrong 6 'more than one document'
	printf '%%YAML 1.1\n---\nnode: x\n' >nodes/x.yaml
	wrong 1 'directives are not allowed'
	manifest x 'mailboxes:' '  a: {matches: "a\0b"}'
	wrong 6 'control character'
	manifest x 'mailboxes:' '  a:' '    matches: |' '      a' '      b'
	wrong 7 'control character or two lines'
	manifest x 'mailboxes:' '  ? [a]' '  : {matches: b}'
	wrong 6 'a key must be a plain text'
	manifest x 'mailboxes:' "${T}a: {matches: a}"
	wrong 6 'cannot start any token'
	manifest x 'mailboxes:' '  a: {matches: "a}' ''
	wrong 8 'unexpected end of stream'
	manifest x 'mailboxes:' $'  # \xff' '  a: {matches: a}'
	wrong 6 'UTF-8'
	manifest x 'mailboxes:' $'  a: {matches: \x01}'
	wrong 6 'control characters are not allowed'
	manifest x 'mailboxes: {a: {matches: {b: {c: {d: {e: {f: g}}}}}}}'
	wrong 5 'nested too deeply'
	head -c 3000 /dev/urandom >nodes/x.yaml
	run -111 --separate-stderr rcpt-check -t -n nodes
}

@test "the limits hold: one more is an error" {
	{
		manifest x 'mailboxes:'
		for ((n = 0; n < 1000; n++)); do
			echo "  m$n: {matches: a$n}"
		done >>nodes/x.yaml
	}
	rcpt-check -t -n nodes | grep 'x.yaml: ok, 1 domains, 1000 mailboxes'
	echo '  one: {matches: more}' >>nodes/x.yaml
	wrong 1006 'more than 1000 entries'

	domains=$(printf '\055 d%d.example\n' {1..100})
	manifest x 'mailboxes: {a: {matches: a}}'
	sed -i "s/domains: .*/domains: [${domains//$'\n'/,}]/; s/- d/d/g" \
	    nodes/x.yaml
	rcpt-check -t -n nodes | grep 'x.yaml: ok, 100 domains, 1 mailboxes'
	sed -i 's/d1\.example/d0.example, &/' nodes/x.yaml
	wrong 4 '101 domains; there must be 1 to 100'

	a=$(printf 'a%.0s' {1..1000})
	manifest x "mailboxes: {a: {matches: $a}}"
	rcpt-check -t -n nodes
	manifest x "mailboxes: {a: {matches: a$a}}"
	wrong 5 'bad pattern'
	manifest x 'mailboxes: {a: {matches: "(a?){5000}a{5000}"}}'
	wrong 5 'it is too large'
	name=$(printf 'a%.0s' {1..64})
	manifest x "mailboxes: {$name: {matches: a}}"
	rcpt-check -t -n nodes
	manifest x "mailboxes: {a$name: {matches: a}}"
	wrong 5 "cannot be a mailbox's name"

	manifest x 'mailboxes: {a: {matches: a}}'
	size=$(stat -c %s nodes/x.yaml)
	head -c $((256 * 1024 - size)) /dev/zero | tr '\0' '#' >>nodes/x.yaml
	rcpt-check -t -n nodes
	echo >>nodes/x.yaml
	wrong 1 'larger than 262144 octets'
	head -c 3000000 /dev/zero >nodes/x.yaml
	wrong 1 'larger than 262144 octets'
}

@test "a thousand manifests are read, and not one more" {
	mkdir many
	for ((n = 0; n < 1000; n++)); do
		echo "node: {name: n$n, host: h.example, domains: [d$n.example]}
mailboxes: {a: {matches: a}}" >many/n$n.yaml
	done
	ln -s n0.yaml many/self.yaml
	rcpt-check -n many a@d999.example
	cp nodes/bob.yaml many
	run -111 --separate-stderr rcpt-check -n many a@d1.example
	[ -z "$output" ]
	[[ $stderr == *"too many manifests"* ]]
}

@test "an error of many is told twenty times" {
	manifest x 'mailboxes:'
	for ((n = 0; n < 100; n++)); do
		echo "  m$n: {catches: a}"
	done >>nodes/x.yaml
	run -111 --separate-stderr rcpt-check -t -n nodes
	[ "$(grep -c x.yaml <<<"$stderr")" = 21 ]
	[[ $stderr == *"too many errors"* ]]
}

@test "a hostile manifest cannot forge a line of the log" {
	manifest x 'mailboxes:' '  "a\nfatal: b\e[2J": {matches: a}'
	wrong 6 'control character'
	manifest x 'mailboxes:' '  "a\u2028b": {matches: a}'
	wrong 6 "'a???b' cannot be"
}

@test "-t warns of what is hardly meant" {
	manifest x 'mailboxes:' '  all: {matches: .*}' '  b: {matches: b}' \
	    '  c: {matches: c}'
	run -0 --separate-stderr rcpt-check -t -n nodes
	[[ $stderr == *"x.yaml:6: warning: mailbox 'all' takes all; 2 after it are never reached" ]]
	[[ $output == *"x.yaml: ok"* ]]
	manifest x 'mailboxes:' '  all: {matches: ".{65}"}'
	run -0 --separate-stderr rcpt-check -t -n nodes
	[[ $stderr == *"x.yaml:6: warning: mailbox 'all' can never match" ]]
}

@test "two nodes with one domain: an error for the later, never for ourselves" {
	cp nodes/bob.yaml nodes/alice.yaml
	sed -i 's/name: bob/name: alice/; s/^  rest/  alices/
	    s/domains: .*/domains: [bob.example, carol.example]/' nodes/alice.yaml
	run -111 --separate-stderr rcpt-check -t -n nodes
	[[ $stderr == *"nodes/alice.yaml:5: domain 'carol.example' is node carol's already"* ]]
	[[ $stderr == *"nodes/bob.yaml:5: domain 'bob.example' is node alice's already"* ]]
	[ "$output" = 'carol.yaml: ok, 2 domains, 3 mailboxes' ]
	one x@bob.example backup alice alices
	one 'x@[192.0.2.17]' backup bob rest
	one talktome@carol.example local carol contact
}

@test "what is not a manifest in the directory is left alone" {
	echo junk >nodes/.hidden.yaml
	echo junk >nodes/bob.yaml~
	echo junk >nodes/README
	mkdir nodes/dir
	rcpt-check -t -n nodes >out
	mkfifo nodes/fifo.yaml
	run -111 --separate-stderr timeout 10 rcpt-check -t -n nodes
	[[ $stderr == *"nodes/fifo.yaml:1: cannot read it: not a file" ]]
	rm nodes/fifo.yaml
	ln -s nowhere nodes/-x.yaml
	run -111 --separate-stderr rcpt-check -t -n nodes
	[[ $stderr == *"nodes/-x.yaml:1: cannot read it: No such file"* ]]
	rm nodes/-x.yaml
	sed 's/name: bob/name: -x/; s/bob.example/y/; s/192/10/' nodes/bob.yaml \
	    >nodes/-x.yaml
	run -111 --separate-stderr rcpt-check -t -n nodes
	[[ $stderr == *"nodes/-x.yaml:3: '-x' cannot be a node's name" ]]
}

@test "a bomb in another node's manifest defers its own mail only (agamid 3.2)" {
	manifest x 'mailboxes: {bomb: {matches: (a*)*b}}'
	a=$(printf 'a%.0s' {1..60})
	one "${a}bc@x.example" refuse - '451 4.3.0 Not sure about this mailbox'
	one talktome@carol.example local carol contact
	one robert@bob.example backup bob bob
}

@test "a full disk and a closed output are errors" {
	run -111 --separate-stderr sh -c \
	    'rcpt-check -n nodes talktome@carol.example >/dev/full'
	run -111 --separate-stderr sh -c 'rcpt-check -t -n nodes >/dev/full'
	run -111 --separate-stderr sh -c \
	    'echo talktome@carol.example | rcpt-check -n nodes >/dev/full'
	run -111 --separate-stderr sh -c \
	    'rcpt-check -n nodes talktome@carol.example >&-'
	run -111 --separate-stderr sh -c 'rcpt-check -t -n nodes >&-'
}

@test "a closed input is an error" {
	run -111 --separate-stderr sh -c 'rcpt-check -n nodes <&-'
	[ -z "$output" ]
}

@test "usage is said on standard error with 111" {
	run -111 --separate-stderr rcpt-check -z
	[ -z "$output" ]
	[[ $stderr == *'usage: rcpt-check [-n dir] [address...]
       rcpt-check -t [-n dir]' ]]
	run -111 --separate-stderr rcpt-check -t a@b
	run -111 --separate-stderr rcpt-check -n
}

@test "a manifest is held to its pin, and -t says where it is not (agamid 3.1, 3.4)" {
	key=5E1F0C9A7B3D2486E1F05A9C3B7D8E2F40616A7B
	manifest x "  key: $key" 'mailboxes: {x: {matches: x}}'
	printf '%s\n' "key: $key" 'domains: [x.example]' >nodes/x.pin
	run -0 --separate-stderr rcpt-check -t -n nodes
	one x@x.example backup x x
	printf '%s\n' "key: $key" 'domains: [y.example]' >nodes/x.pin
	wrong 4 "domain 'x.example' is not pinned"
	one x@x.example refuse - '550 5.7.1 Relaying denied'
	printf '%s\n' "key: ${key/5E/AA}" 'domains: [x.example]' >nodes/x.pin
	wrong 1 "'key' is not the one that is pinned in x.pin"
	one x@x.example refuse - '451 4.3.0 Not sure whose domain this is'
	echo 'key: [' >nodes/x.pin
	run -111 --separate-stderr rcpt-check -t -n nodes
	[[ $stderr == *'nodes/x.pin:2: '* ]]
	one x@x.example refuse - '451 4.3.0 Not sure whose domain this is'
}
