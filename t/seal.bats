# shellcheck disable=SC2016 # $ for the shell inside
load lib.bash
load seal.bash

setup_file() {
	seal_setup_file
}

teardown_file() {
	seal_teardown_file
}

setup() {
	seal_setup
}

# held FILE: a frame that nothing of the message is in.
held() {
	[ "$(mail-frame -c <"$1" | cut -f 4)" = 0 ]
	! grep -q -e quick -e secret "$1"
}

@test "a frame for another node comes out with nothing but id, direction, node and envelope" {
	run -0 --separate-stderr sealing bob <f
	printf '%s\n' "$output" >s
	id=$(mail-frame -c <f | cut -f 1)
	fields s | sed 's/^envelope: .*/envelope: X/' | uniq >have
	printf '%s\n' "id: $id" 'direction: returned' 'node: carol' \
	    'envelope: X' >want
	diff want have
	[[ $stderr == "id=$id verdict=pass for='carol' key="* ]]
}

@test "outside is nothing of sender, recipient, subject, text, client, sealer or date (agamid 6.5)" {
	backup m -f "received-at: $(date +%s)" >f
	sealing bob <f >s 2>/dev/null
	# in base64 there may be any short word
	sed '/^-----BEGIN/,/^-----END/d;/^envelope: /d' s >outside
	[ "$(wc -l <outside)" -gt 15 ]
	run -1 grep -a -i -e alice -e talktome -e contact -e secret -e quick \
	    -e 192.0.2 -e bob -e "$(date -u +'%d %b %Y')" -e "$(fingerprint bob)" outside
	run -1 grep -a -e talktome@ -e 'quick brown' -e 'secret plans' s
	mail-frame -x <s | grep '^Date: ' >day
	[ "$(cat day)" = 'Date: Thu, 01 Jan 1970 00:00:00 +0000' ]
	[ "$(mail-frame -x <s | grep -c carol.example.net)" = 3 ]
	# and the packets name carol's key only
	mail-frame -x <s | gpg_of carol --list-packets >packets
	[ "$(grep -c ':pubkey enc packet' packets)" = 1 ]
	run -1 grep -q 'compressed packet' packets
}

@test "inside are all fields and the message, octet for octet, signed (agamid 5.4, 6.2, 6.4)" {
	sealing bob <f >s 2>/dev/null
	mail-frame -x <s >sealed.eml
	gpg_of carol --import "$K/nodes/bob.asc"
	gpg_of carol --status-fd 3 --decrypt sealed.eml >inner 3>status
	grep -q "VALIDSIG $(fingerprint bob)" status
	grep -q 'GOODMDC' status
	python3 - inner m f <<-'EOT'
		import email, email.policy, sys
		inner, m, f = (open(p, "rb").read() for p in sys.argv[1:])
		parts = email.message_from_bytes(inner).get_payload()
		assert [p.get_content_type() for p in parts] == \
		    ["text/plain", "message/rfc822"]
		fields = f[:f.index(b"\n\n") + 1]
		assert parts[0].get_payload(decode=True) == fields
		assert m in inner
		assert parts[1].get_payload(0)["Subject"] == "secret plans"
	EOT
}

@test "messages of about the same size have the same size inside (agamid 6.3)" {
	local n
	for n in 59000 59900 60600; do
		message m $n
		backup m | sealing bob 2>/dev/null >s
		inner s carol | wc -c
	done | uniq >sizes
	[ "$(wc -l <sizes)" = 1 ]
}

@test "what is sealed already goes through as it is" {
	sealing bob <f >s 2>/dev/null
	run -0 --separate-stderr sh -c 'seal -k "$1" -n "$2" <s >again' sh \
	    "$K/keys/alice" "$K/view/alice"
	cmp s again
}

@test "mail from outside that looks sealed is sealed like any other" {
	sealing bob <f >s 2>/dev/null
	mail-frame -x <s >m2
	backup m2 | sealing bob 2>/dev/null >again
	inner again carol >inner
	grep -q '^recipient: contact talktome@carol.example$' inner
	grep -q '^Subject: Sealed mail$' inner
}

@test "no node, an unknown node, or mail that is not inbound: 451" {
	mail-frame -r 'contact a@carol.example' <m >f1
	mail-frame -f 'node: zoe' -r 'contact a@carol.example' <m >f2
	mail-frame -f 'node: ../carol' -r 'contact a@carol.example' <m >f3
	backup m -d submitted >f4
	backup m -d returned >f5
	for i in 1 2 3 4 5; do
		run -111 --separate-stderr sh -c 'seal -k "$1" -n "$2" <"$3" >s' \
		    sh "$K/keys/bob" "$K/view/bob" f$i
		[[ $(verdict s) == 'defer 451 4.3.0 '* ]]
		[[ $stderr == *'verdict=defer '*reason=* ]]
		held s
		printf '%s\n' "$stderr" >>why
	done
	sed -n 2p why | grep "for='zoe' reason='there is no manifest"
	sed -n 3p why | grep "for='?' reason='there is no manifest"
}

@test "no key: 451, or 550 with -o no-key=reject, and never the message (agamid 3.6)" {
	cp -R "$K/view/bob" view
	rm view/carol.asc
	run -111 --separate-stderr sh -c 'seal -k "$K/keys/bob" -n view <f >s'
	[[ $(verdict s) == 'defer 451 4.7.5 '* ]]
	[[ $stderr == *"for='carol' reason='there is no key'" ]]
	held s
	run -100 --separate-stderr sh -c \
	    'seal -k "$K/keys/bob" -n view -o no-key=reject <f >s'
	[[ $(verdict s) == 'reject 550 5.7.5 '* ]]
	held s
	# nor one in the manifest
	manifest carol >view/carol.yaml
	cp "$K/nodes/carol.asc" view
	run -111 --separate-stderr sh -c 'seal -k "$K/keys/bob" -n view <f >s'
	[[ $(verdict s) == 'defer 451 4.7.5 '* ]]
	held s
}

@test "a key that is another one, expired, revoked, cut or no key: 451, whatever no-key says" {
	local key
	key=$(fingerprint carol)
	cp -R "$K/view/bob" view
	# another one
	cp "$K/nodes/alice.asc" another
	# one too many
	cat "$K/nodes/carol.asc" "$K/nodes/alice.asc" >two
	head -c 300 "$K/nodes/carol.asc" >short
	echo 'no key' >none
	: >empty
	mkdir -m 700 home
	sed 's/^:---/---/' \
	    "$K/keys/carol/openpgp-revocs.d/$key.rev" >rev
	gpg --homedir home --batch --quiet --import "$K/nodes/carol.asc" rev \
	    2>/dev/null
	gpg --homedir home --batch --armor --export "$key" >revoked
	gpgconf --homedir home --kill all
	for bad in another two short none empty revoked; do
		echo "$bad"
		cp $bad view/carol.asc
		run -111 --separate-stderr sh -c \
		    'seal -k "$K/keys/bob" -n view -o no-key=reject <f >s'
		[[ $(verdict s) == 'defer 451 4.7.5 '* ]]
		[[ $stderr == *"for='carol' reason="* ]]
		held s
	done
	cp "$K/nodes/carol.asc" view
	run -0 --separate-stderr sh -c 'seal -k "$K/keys/bob" -n view <f >s'
}

@test "a key that has expired: 451; one that ends soon is used and told, once" {
	local node life begun first said
	# on a busy machine it may end before it was used: then one that lives longer
	for life in 4 16 64; do
		node=short$life
		begun=$(date +%s)
		new_key "$node" seconds=$life
		rm -rf view
		cp -R "$K/view/bob" view
		cp "$K/nodes/$node.asc" view/
		manifest "$node" "$(fingerprint "$node")" >"view/$node.yaml"
		rm "$K/nodes/$node.asc"
		mail-frame -f "node: $node" -r "contact talktome@$node.example" <m >f
		cat f f >two
		run --separate-stderr sh -c 'seal -k "$K/keys/bob" -n view <two >s'
		first=$status said=$stderr
		run --separate-stderr sh -c \
		    'seal -k "$K/keys/bob" -n view -o warn=0 <f >s'
		[ "$(date +%s)" -ge $((begun + life)) ] || break
	done
	[ "$first" = 0 ]
	[ "$(grep -c "warning: the key .* of '$node' ends in 0 days" \
	    <<<"$said")" = 1 ]
	[ "$status" = 0 ]
	[[ $stderr != *warning* ]]
	sleep $life
	run -111 --separate-stderr sh -c 'seal -k "$K/keys/bob" -n view <f >s'
	[[ $(verdict s) == 'defer 451 4.7.5 '* ]]
	held s
	gpgconf --homedir "$K/keys/$node" --kill all
}

@test "a manifest that comes while it runs is used" {
	cp -R "$K/view/bob" view
	mv view/carol.yaml view/carol.asc .
	mkfifo in
	seal -k "$K/keys/bob" -n view <in >out 2>log 3>&- &
	seal=$!
	exec 4>in
	cat f >&4
	wait_for 10 grep -q verdict=defer log
	cp carol.asc view/
	cp carol.yaml view/new && mv view/new view/carol.yaml
	cat f >&4
	wait_for 10 grep -q verdict=pass log
	exec 4>&-
	wait "$seal" || [ $? = 111 ]
	[ "$(mail-frame -c <out | cut -f 3 | cut -c 1-5 | xargs)" = 'defer pass' ]
}

@test "gpg that is not there, fails, or is killed: 111, and never the message" {
	mkdir none
	ln -s "$(command -v seal)" none/seal
	run -111 --separate-stderr env PATH="$D/none" seal \
	    -k "$K/keys/bob" -n "$K/view/bob" <f
	[ -z "$output" ]
	[[ $stderr == *gpg* ]]
	for how in 'exit 2' 'kill -9 $$' 'cat >/dev/null; kill -9 $$' \
	    'echo nonsense' 'cat'; do
		echo "$how"
		bad_gpg --encrypt "$how"
		run -111 --separate-stderr env PATH="$D/bin" seal \
		    -k "$K/keys/bob" -n "$K/view/bob" <f
		[ -e ran ]
		[[ $output == *'verdict: defer 451 4.3.0 '* ]]
		[[ $output != *quick* && $output != *secret* ]]
	done
}

@test "gpg that hangs, at the start or later: 111 in time, never the message, no process" {
	for argument in --version --list-secret-keys; do
		hanging $argument seal -k "$K/keys/bob" -n "$K/view/bob" <f
		[ -z "$output" ]
		[[ $stderr == *'gpg hangs' ]]
		# that a signature would be missing is no way out
		hanging $argument seal -k "$K/keys/bob" -r "$(fingerprint bob)" <m
		[ -z "$output" ]
	done
	message m 300000
	backup m >f
	hanging --encrypt seal -k "$K/keys/bob" -n "$K/view/bob" <f
	[[ $output == *'verdict: defer 451 4.3.0 '* ]]
	[[ $output != *quick* ]]
	[[ $stderr == *"reason='gpg hangs'" ]]
	hanging --encrypt seal -k "$K/keys/bob" -r "$(fingerprint bob)" <m
	[ -z "$output" ]
}

@test "-r encrypts to a key and leaves the fields as they are" {
	local key
	key=$(fingerprint carol)
	run -0 --separate-stderr sh -c \
	    'seal -k "$K/keys/carol" -r "$1" <f >s' sh "$key"
	diff <(fields f) <(fields s)
	run -1 grep -q -e quick -e secret s
	mail-frame -x <s >sealed.eml
	grep -q "^To: $key@sealed.invalid$" sealed.eml
	# in a mailbox it is of the day when it came
	grep -q "^Date: .*$(date -u +%Y)" sealed.eml
	unsealing carol <sealed.eml 2>/dev/null | cmp - m
	# by a file, and by no key of ours, it is not signed
	mkdir -m 700 home
	seal -k home -r "$key" -f "$K/nodes/carol.asc" <m >raw.eml
	gpgconf --homedir home --kill all
	unsealing carol <raw.eml 2>log | cmp - m
	grep -q 'not signed' log
	backup m -f 'received-at: 1767607200' |
	    seal -k "$K/keys/carol" -r "$key" 2>/dev/null | mail-frame -x >dated
	grep -q '^Date: Mon, 05 Jan 2026 10:00:00 +0000$' dated
}

@test "-r: one message in, one message out" {
	local key
	key=$(fingerprint carol)
	printf 'Subject: x\r\n\r\na\0b\rc\nno end' >odd
	for m in m odd; do
		run -0 --separate-stderr sh -c \
		    'seal -k "$K/keys/carol" -r "$1" <"$2" >sealed.eml' sh "$key" $m
		unsealing carol <sealed.eml 2>/dev/null >back
		cmp $m back
	done
	run -0 --separate-stderr sh -c \
	    'seal -k "$K/keys/carol" -r "$1" <sealed.eml >again' sh "$key"
	cmp sealed.eml again
	# for another key it is encrypted again
	seal -k "$K/keys/alice" -r "$(fingerprint alice)" <sealed.eml >again
	unsealing alice <again 2>/dev/null | cmp - sealed.eml
}

@test "-r takes a whole fingerprint only, and a key that is there" {
	local key
	key=$(fingerprint carol)
	for short in "${key: -16}" "${key: -8}" carol "$key ." ''; do
		run -111 --separate-stderr seal -k "$K/keys/carol" -r "$short" <m
		[ -z "$output" ]
	done
	run -111 --separate-stderr seal -k "$K/keys/carol" \
	    -r "$(fingerprint alice)" <m
	[ -z "$output" ]
	run -111 --separate-stderr seal -k "$K/keys/carol" \
	    -r "$(fingerprint alice)" -f "$K/nodes/carol.asc" <m
	[ -z "$output" ]
	run -100 --separate-stderr seal -k "$K/keys/carol" -o no-key=reject \
	    -r "$(fingerprint alice)" -f /nonexistent <m
	[ -z "$output" ]
	# in any case of letters
	run -0 --separate-stderr seal -k "$K/keys/carol" -r "${key,,}" <m
}

@test "a frame that has its verdict is handed on untouched" {
	mail-filter sh -c 'exit 100' <f >g || :
	run -100 --separate-stderr sh -c \
	    'seal -k "$K/keys/bob" -n "$K/view/bob" <g >h'
	cmp g h
}

@test "cut frames, no input, full disk, no room for a long message: 111" {
	for n in 1 20 200 3000 $(($(wc -c <f) - 1)); do
		head -c "$n" f >short
		run -111 --separate-stderr sealing bob <short
		[ -z "$output" ]
	done
	run -111 --separate-stderr sealing bob </dev/null
	run -111 --separate-stderr sh -c \
	    'seal -k "$K/keys/bob" -n "$K/view/bob" <&-'
	run -111 --separate-stderr sealing bob <m
	[ -z "$output" ]
	run -111 --separate-stderr sh -c \
	    'seal -k "$K/keys/bob" -n "$K/view/bob" <f >/dev/full'
	message m 2000000
	backup m >f
	run -111 --separate-stderr sh -c \
	    'TMPDIR=/nonexistent seal -k "$K/keys/bob" -n "$K/view/bob" <f'
	[ -z "$output" ]
}

@test "keys that others may read, none of our own, no manifest: 111" {
	mkdir -m 755 open
	run -111 --separate-stderr seal -k open -n "$K/view/bob" <f
	mkdir -m 700 empty
	run -111 --separate-stderr seal -k empty -n "$K/view/bob" <f
	gpgconf --homedir empty --kill all
	[ -z "$output" ]
	run -111 --separate-stderr seal -k /nonexistent -n "$K/view/bob" <f
	run -111 --separate-stderr seal -k "$K/keys/bob" -n /nonexistent <f
	[ -z "$output" ]
	run -111 --separate-stderr seal -k "$K/keys/bob" -o no-key=pass <f
	run -111 --separate-stderr seal -f x <f
}

@test "of a long message nothing is on disk in the clear, and no core is written (agamid 5.5)" {
	message m 3000000
	backup m >f
	mkdir tmp
	# who is traced cannot look for leaks
	run -0 --separate-stderr sh -c 'export ASAN_OPTIONS=detect_leaks=0
	    TMPDIR=$PWD/tmp strace -f -y -s 100000 \
	    -e trace=write,writev,pwrite64,pwritev,pwritev2,setrlimit,prlimit64 \
	    -o trace seal -k "$K/keys/bob" -n "$K/view/bob" <f >s'
	# to gpg it goes by a pipe, and a lot goes to files
	grep -a 'write.*<pipe:' trace | grep -aq 'quick brown'
	grep -a "write.*<$PWD/tmp/" trace >files
	[ "$(wc -l <files)" -gt 20 ]
	run -1 grep -aq -e 'quick brown' -e Subject -e talktome files
	run -1 grep -arlq 'quick brown' tmp "$K/keys"
	grep -aq 'RLIMIT_CORE, {rlim_cur=0, rlim_max=0}' trace
	run -0 --separate-stderr sh -c \
	    'unseal -k "$K/keys/carol" -n "$K/view/carol" <s | mail-frame -x >back'
	cmp m back
}

@test "Sequoia and RNP open what was sealed, and find the signature good" {
	gpg_of carol --export-secret-keys --armor >carol.key
	for size in 1 3000 300000; do
		message m $size
		backup m | sealing bob 2>/dev/null >s
		inner s carol >want
		mail-frame -x <s | sed -n '/^-----BEGIN/,/^-----END/p' >armor
		sqop decrypt --verifications-out verified \
		    --verify-with "$K/nodes/bob.asc" carol.key <armor >have
		cmp want have
		grep -q "$(fingerprint bob)" verified
		rm verified
		[ -d rnp ] || {
			mkdir -m 700 rnp
			rnpkeys --homedir rnp --import carol.key
			rnpkeys --homedir rnp --import "$K/nodes/bob.asc"
		} >/dev/null 2>&1
		rnp --homedir rnp --password '' --decrypt armor --output have2 2>log
		cmp want have2
		grep -qi 'good signature' log
		rm have2
	done
}

@test "mutt shows what was sealed: envelope, subject and text" {
	mkdir -p box/new box/cur box/tmp
	sealing bob <f 2>/dev/null | mail-frame -x >box/new/1.1.x
	gpg_of carol --import "$K/nodes/bob.asc"
	cat >muttrc <<-'EOT'
		set crypt_use_gpgme=yes pipe_decode=yes wait_key=no quit=yes
		set folder=. header_cache=""
		push "<pipe-message>cat >shown<enter><exit>"
	EOT
	GNUPGHOME=$K/keys/carol TERM=xterm timeout 30 script -qec \
	    'mutt -n -F muttrc -R -f box' /dev/null >/dev/null 2>&1 </dev/null
	grep -q '^Subject: secret plans' shown
	grep -q '^recipient: contact talktome@carol.example' shown
	grep -q '^client: 192.0.2.7 4711' shown
	grep -q '^the quick brown fox' shown
}

# CORPORA is a directory of other people's messages and test suites.
@test "PGP/MIME of others to the same key is not encrypted again" {
	local dir=${CORPORA:-}/pgp tried=0 key file
	[ -d "$dir/notmuch" ] || skip 'needs CORPORA'
	[ -d "$K/keys/others" ] || mkdir -m 700 "$K/keys/others"
	gpg_of others --import "$dir"/notmuch/*.asc "$dir"/notmuch/*/*.asc \
	    "$dir"/chatmail/key/*.asc "$dir"/autocrypt/appendix/*.asc || :
	for file in $(grep -rlIi 'multipart/encrypted' "$dir/notmuch/corpora" \
	    "$dir/chatmail/message" "$dir/autocrypt/appendix"); do
		for key in $(gpg_of others --with-colons --list-secret-keys |
		    awk -F: '$1 == "fpr" && last == "sec" { print $10 }
			{ last = $1 }'); do
			seal -k "$K/keys/others" -r "$key" <"$file" >sealed 2>log ||
				continue
			cmp -s "$file" sealed && {
				tried=$((tried + 1))
				break
			}
		done
	done
	echo "$tried"
	[ "$tried" -ge 5 ]
}

@test "usage: 111" {
	run -111 --separate-stderr seal -z
	run -111 --separate-stderr seal argument
	run -0 --separate-stderr seal -o help
	run -0 --separate-stderr seal -h
}
