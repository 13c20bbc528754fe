# The house itself: what is built, installed and written about it.
load lib.bash
load av.bash

setup() {
	common_setup
	TOP=$BATS_TEST_DIRNAME/..
	commands=("$TOP"/cmd/*.c)
	commands=("${commands[@]##*/}")
	commands=("${commands[@]%.c}")
}

# needs COMMAND LIBRARY...: these, libc and those of a sanitizer, and no others.
needs() {
	local command=$1
	shift
	printf '%s\n' libc.so "$@" | sort >want
	readelf -d "$B/$command" |
	    sed -n 's/.*(NEEDED).*\[\(.*\.so\)[.0-9]*\]/\1/p' |
	    sed 's/^libpcre2-8-0/libpcre2-8/' |
	    grep -v -e '^libasan' -e '^libubsan' -e '^libm\.' -e '^libgcc_s' \
	        -e '^ld-linux' | sort >have
	diff want have
}

sanitized() {
	readelf -d "$B/mail-frame" | grep -q 'libasan'
}

@test "each command is linked with its own libraries only" {
	needs mail-frame libz.so
	needs mail-filter libz.so
	needs maildir-deliver libz.so
	needs av-scan libz.so
	needs av-db libz.so libclamav.so
	needs spam-train libz.so libpcre2-8.so
	# names of hosts, and what is in documents
	needs spam-rules libpcre2-8.so libidn2.so libpsl.so libcrypto.so libz.so
	needs rcpt-check libpcre2-8.so libyaml-0.so libidn2.so
	needs mx-records libpcre2-8.so libyaml-0.so libidn2.so libunbound.so
	# with the sanitizer no filter is loaded
	local filters=libseccomp.so
	! sanitized || filters=
	# shellcheck disable=SC2086
	needs av-scand libclamav.so libgmime-3.0.so libgobject-2.0.so \
	    libglib-2.0.so libcrypto.so libz.so $filters
	needs node-manifest libgpgme.so libpcre2-8.so libyaml-0.so libidn2.so
	needs node-init libgpgme.so libpcre2-8.so libyaml-0.so libidn2.so \
	    libcrypto.so
	# opens what is sealed for nobody, and filters nothing
	needs relay-retry libgpgme.so libpcre2-8.so libyaml-0.so libidn2.so \
	    libcrypto.so libz.so
	# shellcheck disable=SC2086
	needs relay-ls libcrypto.so libz.so $filters
	# shellcheck disable=SC2086
	needs relay-put libpcre2-8.so libyaml-0.so libidn2.so libcrypto.so \
	    libz.so $filters
	# shellcheck disable=SC2086
	needs relay-accept libpcre2-8.so libyaml-0.so libidn2.so libcrypto.so \
	    libz.so $filters
	for command in seal unseal; do
		# shellcheck disable=SC2086
		needs "$command" libgpgme.so libpcre2-8.so libyaml-0.so \
		    libidn2.so libcrypto.so libz.so $filters
	done
	# shellcheck disable=SC2086
	needs spam-score libpcre2-8.so libidn2.so libpsl.so libcrypto.so \
	    libz.so libunbound.so $filters
	# shellcheck disable=SC2086
	needs smtp-accept libssl.so libcrypto.so libpcre2-8.so libyaml-0.so \
	    libidn2.so libz.so libunbound.so $filters
}

@test "each command is hardened" {
	for command in "${commands[@]}"; do
		echo "$command"
		readelf -h "$B/$command" >header
		grep -q 'Type: *DYN' header
		readelf -d "$B/$command" >dynamic
		grep -q 'BIND_NOW\|FLAGS.* NOW' dynamic
		grep -q 'FLAGS_1.*PIE' dynamic
		readelf -lW "$B/$command" >segments
		grep -q GNU_RELRO segments
		grep -Eq 'GNU_STACK .* RW +0x' segments
		sanitized && continue
		readelf -sW "$B/$command" >symbols
		grep -q __stack_chk_fail symbols
		grep -q '__[a-z]*printf_chk' symbols
	done
}

@test "no two files of the library have a name in common" {
	# of two such functions a command would get one, and nobody would be told
	nm -gP --defined-only "$B/libpimail.a" |
	    awk 'NF >= 3 && $2 ~ /^[A-Z]$/ { print $1 }' | sort >names
	[ "$(wc -l <names)" -gt 500 ]
	uniq -d names >twice
	diff /dev/null twice
}

@test "each command has its page, its tests and its line in the README" {
	for command in "${commands[@]}"; do
		echo "$command"
		pages=("$TOP/man/$command".[18])
		[ -f "${pages[0]}" ]
		[ -f "$TOP/t/$command.bats" ]
		grep -q "^| \`$command\` |" "$TOP/README"
		grep -q "^\.It Xr $command [18]$" "$TOP/man/pimail.7"
	done
}

@test "the README says of no command that is there that it is to come" {
	for command in "${commands[@]}"; do
		echo "$command"
		run -1 grep "^| .*\`$command\`.*to come" "$TOP/README"
	done
}

@test "each page has the sections that a page has" {
	for page in "$TOP"/man/*.[18]; do
		for section in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES \
		    'SEE ALSO'; do
			echo "$page: $section"
			grep -q "^\.Sh $section$" "$page"
		done
	done
}

@test "the frames in frame(5) are frames" {
	sed -n '/^\.Sh EXAMPLES/,$p' "$TOP/man/frame.5" |
	    sed -n '/^\.Bd/,/^\.Ed/p' | sed '/^\.[BE]d/d' >frames
	run -0 --separate-stderr mail-frame -c <frames
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[0]} == *$'\tinbound\tpass\t65\t'* ]]
	[[ ${lines[1]} == *$'\tinbound\tdone\t0\t'* ]]
}

@test "make install puts things where they belong, make uninstall removes them" {
	# -o all: as it is, nothing is built anew
	make -s -C "$TOP" -o all B="$B" DESTDIR="$D/root" PREFIX=/usr install
	for command in "${commands[@]}"; do
		cmp "$B/$command" "root/usr/bin/$command"
		[ -x "root/usr/bin/$command" ]
	done
	for page in "$TOP"/man/*; do
		cmp "$page" "root/usr/share/man/man${page##*.}/${page##*/}"
	done
	[ -x root/usr/share/pimail/s6/smtp-accept/run ]
	[ -f root/usr/share/pimail/nodes/carol.yaml ]
	[ -f root/usr/share/pimail/systemd/pimail-smtp.socket ]
	[ -z "$(find root -type f -perm /o+w)" ]
	make -s -C "$TOP" B="$B" DESTDIR="$D/root" PREFIX=/usr uninstall
	find root ! -type d >left
	[ ! -s left ]
}

# Other users may pass through to here.
let_in() {
	chmod a+rx "$D" "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR" \
	    "$BATS_RUN_TMPDIR"
}

@test "the lines in the README are shell, and S1 starts" {
	sed -n 's/^    //p' "$TOP/README" >lines
	sh -n lines
	sed -n '/^## Servers/,/^## How/p' "$TOP/README" >servers
	run -1 grep 'to come' servers
	s1=$(sed -n '/^    # S1/{n;s/^ *//p;}' "$TOP/README")
	# as it stands there, but for the port, the user, and the directories
	port=$(free_port)
	cp -R "$TOP/share/nodes" nodes
	mkdir -m 700 mail
	s1=${s1/ :25 / 127.0.0.1:$port }
	s1=${s1/\/srv\/mail/$D\/mail}
	if [ "$(id -u)" = 0 ]; then
		let_in
		chown nobody mail
		s1=${s1/-u pimail/-u nobody}
	else
		s1=${s1/-u pimail/}
	fi
	sh -c "exec $s1" 2>log 3>&- &
	server=$!
	sent() {
		python3 -c 'if 1:
			import smtplib, sys
			with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as s:
			    s.sendmail("", ["talktome@carol.example"], "a: b\n\nc\n")' \
		    "$port" 2>/dev/null
	}
	wait_for 20 sent
	kill "$server"
	wait "$server"
	[ "$(find mail/contact/new -type f | wc -l)" = 1 ]
}

# serve SERVER COMMAND...: the lines of the README for S2, S3 or S4 in a mount
# namespace, the server on a port of ours, and what it is asked there; `send`
# sends a message to it.  What it has delivered is listed in `mails`.
serve() {
	local server=$1 port
	shift
	let_in
	port=$(free_port)
	rm -rf nodes
	cp -R "$TOP/share/nodes" nodes
	{
		cat <<-'EOF'
			set -e
			unset TMPDIR
			port=$1
			for dir in /run /var/lib /srv; do
				mount -t tmpfs tmpfs $dir
			done
			mkdir /srv/mail
			cp -R signatures /var/lib/clamav
			chown nobody /srv/mail
		EOF
		sed -n "/^    # $server/,/^\$/s/^    //p" "$TOP/README" |
		    sed "s/ :25 / 127.0.0.1:$port /;s/-u pimail/-u nobody/" |
		    sed '$s/$/ \&/'
		cat <<-'EOF'
			# in dash $(jobs -p) is empty
			jobs -p >pids
			send() {
				swaks --server 127.0.0.1 --port "$port" "$@" \
				    --from a@b.example --to talktome@carol.example
			}
			until send >said 2>&1; do sleep 0.2; done
		EOF
		printf '%s\n' "$@"
		cat <<-'EOF'
			kill $(cat pids)
			wait
			find /srv/mail -type f >mails
		EOF
	} >inside
	timeout 200 unshare -m sh inside "$port" 3>&-
}

@test "S2 of the README starts, and refuses a virus" {
	[ "$(id -u)" = 0 ] || skip "only root can have a /run of its own"
	database signatures
	infected virus.eml CRLF
	serve S2 'send --data virus.eml >said 2>&1 || :'
	grep -q '554 5.7.1 Virus found: Test.Eicar' said
	[ "$(wc -l <mails)" = 1 ]
}

@test "S3 and S4 of the README start, and file spam as junk" {
	[ "$(id -u)" = 0 ] || skip "only root can have a /run of its own"
	local server
	database signatures
	infected virus.eml CRLF
	# as a letter of the demo
	sed -n '/^crlf >"$dir\/spam"/,/^EOF/{s/^\t//p;}' "$TOP/t/demo" >spam.eml
	grep -q '^Subject: URGENT' spam.eml
	for server in S3 S4; do
		serve "$server" 'send --data spam.eml >said 2>&1' \
		    'send --data virus.eml >virus 2>&1 || :'
		grep -q '/\.Junk/new/' mails
		grep -qv '/\.Junk/' mails
	done
	grep -q '554 5.7.1 Virus found: Test.Eicar' virus
}

@test "the demo passes" {
	let_in
	run -0 --separate-stderr timeout 120 "$TOP/t/demo"
	[[ $output == *'All of this was as it should be.' ]]
	[ -z "$stderr" ]
}

@test "the demo of the network passes" {
	let_in
	run -0 --separate-stderr timeout 250 "$TOP/t/demo-network"
	[[ $output == *'All of this was as it should be.' ]]
	[ -z "$stderr" ]
}
