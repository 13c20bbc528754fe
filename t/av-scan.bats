load lib.bash
load av.bash

# one clamd for all of the file
setup_file() {
	D=$BATS_FILE_TMPDIR
	export TMPDIR=$D
	cd "$D" || return 1
	database db
	clamd_start 'AlertExceedsMax yes' 'AlertEncrypted yes' 'MaxScanSize 40M'
	export CLAMD=$D/clamd.sock CLAMD_PID=$clamd
}

teardown_file() {
	kill "$CLAMD_PID"
}

setup() {
	common_setup
	message m 3000
	infected i
	frame m >f
	frame i >fi
	mkdir -m 700 q
	fake=
	scanner=
	clamd=
	CLEAN=$'result: clean\nengine: Fake 1\n'
}

teardown() {
	for pid in $fake $scanner; do
		kill "$pid" 2>/dev/null || :
	done
	clamd_stop
}

# fake ANSWER...: a scanner at ./s that answers so.
fake() {
	rm -f s
	python3 "$BATS_TEST_DIRNAME/avfake.py" s "$@" 3>&- &
	fake=$!
	wait_for 20 test -S s
}

verdict() { # of the one frame in FILE
	mail-frame -c <"$1" | cut -f 3
}

# status FILE: the field in its header
status() {
	sed -n '/^\r*$/q; s/^X-Virus-Status: *//p' "$1" | tr -d '\r'
}

# body FILE OUT: whether OUT is FILE but for our fields on top
same_below() {
	sed '/^X-Virus-/d' "$2" | cmp - "$1"
}

# ended PID STATUS: it ends with that.
ended() {
	local status=0
	wait "$1" || status=$?
	[ "$status" = "$2" ]
}

scan() { # by the clamd
	av-scan -s "$CLAMD" "$@"
}

# children PID: those that it started.
children() {
	ps -o pid= --ppid "$1"
}

none_of() { # PID...: none is there any more, or is but a zombie
	local pid
	for pid; do
		[ ! -e "/proc/$pid" ] ||
		    grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null || return 1
	done
}

# held_open ARGUMENT...: av-scan in the background, with a frame answered and
# more to come through descriptor 9.
held_open() {
	mkfifo pipe
	av-scan "$@" <pipe >out 2>log 3>&- &
	scanner=$!
	exec 9>pipe
	cat f >&9
	wait_for 60 test -s out
}

@test "wrong usage is 111 and says why" {
	run -111 --separate-stderr av-scan -z
	[[ $stderr == usage:* ]]
	run -111 --separate-stderr av-scan -s s -d d
	[[ $stderr == usage:* ]]
	for a in drop '' quarantine quarantine= quarantine=none; do
		run -111 --separate-stderr av-scan -a "$a" m
		[[ $stderr == av-scan:\ fatal:* ]]
	done
	for o in on-error=reject on-error= on-limit=pass time=0 quarantine=none \
	    attachments=none; do
		run -111 --separate-stderr av-scan -o "$o" m
		[[ $stderr == av-scan:\ fatal:* ]]
	done
	run -111 --separate-stderr av-scan -s "$(printf '%0108d' 0)" m
	[[ $stderr == *"too long"* ]]
}

@test "no place for a quarantine: a Maildir, a file, a directory of all" {
	mkdir -p maildir/cur maildir/new maildir/tmp open
	chmod 777 open
	for place in maildir open m; do
		for option in -a -o; do
			run -111 --separate-stderr av-scan $option quarantine=$place m
			[[ $stderr == *"quarantine '$place': "* ]]
		done
	done
}

@test "a policy that is wrong is named with its line" {
	printf 'tag macro\nreject executables\n' >p
	run -111 --separate-stderr av-scan -o attachments=p m
	[[ $stderr == *"'p', line 2: "* ]]
	printf 'quarantine macro\n' >p
	run -111 --separate-stderr av-scan -o attachments=p m
	[[ $stderr == *'-o quarantine=DIR'* ]]
	fake "$CLEAN"
	run -0 --separate-stderr av-scan -s s -o attachments=p -o quarantine=q m
}

@test "files: a line each, 0 if all are clean, 100 if one is infected" {
	eicar >e
	run -0 --separate-stderr scan m
	[ "$output" = 'm: OK' ]
	run -100 --separate-stderr scan m i ./e
	[ "${lines[0]}" = 'm: OK' ]
	[ "${lines[1]}" = 'i: Test.Eicar.UNOFFICIAL FOUND' ]
	[ "${lines[2]}" = './e: Test.Eicar.UNOFFICIAL FOUND' ]
	[ -z "$stderr" ]
	run -100 --separate-stderr scan -a tag i
	run -100 --separate-stderr scan -a quarantine=q i
	[ -z "$(ls -A q)" ]
}

@test "files that cannot be read are errors, 111, and the others are scanned" {
	run -111 --separate-stderr scan none i .
	[ "${lines[0]}" = 'none: No such file or directory ERROR' ]
	[ "${lines[1]}" = 'i: Test.Eicar.UNOFFICIAL FOUND' ]
	[ "${lines[2]}" = '.: Is a directory ERROR' ]
}

@test "a pipe is a file, too" {
	mkfifo pipe
	cat i >pipe &
	run -100 --separate-stderr scan pipe
	[ "$output" = 'pipe: Test.Eicar.UNOFFICIAL FOUND' ]
}

@test "names with control characters are printed without them" {
	name=$'a\n\e[1mb: OK\x7f\xff'
	cp m "$name"
	run -0 --separate-stderr scan "$name"
	[ "$output" = 'a??[1mb: OK??: OK' ]
	run -111 --separate-stderr scan $'none\nb: OK'
	[ "$output" = 'none?b: OK: No such file or directory ERROR' ]
}

@test "a clean message has the fields on top and is the same below" {
	run -0 --separate-stderr sh -c "av-scan -s '$CLAMD' <m >out"
	[ -z "$stderr" ]
	[ "$(status out)" = Clean ]
	grep -q '^X-Virus-Scanned: ClamAV [0-9]' out
	same_below m out
	[ "$(head -n 2 out | grep -c '^X-Virus-')" = 2 ]
}

@test "fields are written with the line ends of the message" {
	sed 's/$/\r/' m >crlf
	scan <crlf >out
	[ "$(status out)" = Clean ]
	[ "$(head -n 3 out | grep -c $'\r$')" = 3 ]
	same_below crlf out
}

@test "an infected message is rejected with the name, and nothing comes out" {
	run -100 --separate-stderr sh -c "av-scan -s '$CLAMD' <i >out"
	[ ! -s out ]
	[[ $stderr == *'reject 554 5.7.1 Virus found: Test.Eicar.UNOFFICIAL' ]]
	run -100 --separate-stderr sh -c "av-scan -s '$CLAMD' <fi >out"
	[ "$(verdict out)" = 'reject 554 5.7.1 Virus found: Test.Eicar.UNOFFICIAL' ]
	[[ $stderr == id=*" verdict=reject virus='Test.Eicar.UNOFFICIAL'" ]]
	infected crlf CRLF
	run -100 --separate-stderr sh -c "av-scan -s '$CLAMD' <crlf >out"
}

@test "in a stream only the infected one is rejected" {
	{
		cat f fi f
		frame i
		cat f
	} >five
	run -100 --separate-stderr sh -c "av-scan -s '$CLAMD' <five >out"
	mail-frame -c <out | cut -f 3 >verdicts
	printf '%s\n' pass 'reject 554 5.7.1 Virus found: Test.Eicar.UNOFFICIAL' \
	    pass 'reject 554 5.7.1 Virus found: Test.Eicar.UNOFFICIAL' pass |
	    cmp - verdicts
	mail-frame -c <five | cut -f 1 >want
	mail-frame -c <out | cut -f 1 | cmp - want
}

@test "-a tag lets it pass and says so in its header" {
	run -0 --separate-stderr sh -c "av-scan -s '$CLAMD' -a tag <fi >out"
	[ "$(verdict out)" = pass ]
	[[ $stderr == id=*" verdict=pass virus='Test.Eicar.UNOFFICIAL'" ]]
	mail-frame -x <out >message
	[ "$(status message)" = 'Infected (Test.Eicar.UNOFFICIAL)' ]
	same_below i message
}

@test "-a quarantine keeps the whole frame back" {
	run -0 --separate-stderr sh -c "av-scan -s '$CLAMD' -a quarantine=q <fi >out"
	[ "$(verdict out)" = done ]
	held=$(ls -A q)
	[[ $stderr == *" verdict=done virus='Test.Eicar.UNOFFICIAL' held=$held" ]]
	[ "$(stat -c %a "q/$held")" = 600 ]
	[ "$(verdict "q/$held")" = pass ]
	[ "$(mail-frame -c <fi | cut -f 1)" = "$(mail-frame -c <"q/$held" | cut -f 1)" ]
	[ "$(mail-frame -c <fi | cut -f 5)" = "$(mail-frame -c <"q/$held" | cut -f 5)" ]
	mail-frame -x <"q/$held" >message
	[ "$(status message)" = 'Infected (Test.Eicar.UNOFFICIAL)' ]
	same_below i message
	# released by the stage that would have come next
	mkdir -m 700 mail
	maildir-deliver mail <"q/$held" >out
	[ "$(verdict out)" = done ]
}

@test "a raw message goes into the quarantine as a frame: 99" {
	run -99 --separate-stderr sh -c "av-scan -s '$CLAMD' -a quarantine=q <i >out"
	[ ! -s out ]
	mail-frame -x <"q/$(ls -A q)" >message
	same_below i message
	run -0 --separate-stderr sh -c "av-scan -s '$CLAMD' -a quarantine=q <m >out"
	[ "$(ls -A q | wc -l)" = 1 ]
}

@test "a quarantine that is full or gone defers, and leaves nothing" {
	run=(unshare -rm)
	if [ "$(id -u)" = 0 ]; then run=(unshare -m); fi
	"${run[@]}" mount -t tmpfs none q 2>/dev/null ||
	    skip "cannot mount a tmpfs"
	cat i <(head -c 200000 /dev/zero | tr '\0' x) >large
	frame large >f
	run -111 --separate-stderr "${run[@]}" sh -c "
	    mount -t tmpfs -o size=100k,mode=700 none q
	    av-scan -s '$CLAMD' -a quarantine=q <f >out
	    status=\$?; ls -A q >left; exit \$status"
	[[ $(verdict out) == 'defer 452 4.3.1 '* ]]
	[ ! -s left ]
	frame m >f
	held_open -s "$CLAMD" -a quarantine=q
	rmdir q
	cat fi >&9
	exec 9>&-
	ended "$scanner" 111
	[[ $(mail-frame -c <out | tail -n 1 | cut -f 3) == 'defer 451 4.3.0 '* ]]
	grep -q "verdict=defer reason='q: No such file" log
}

@test "forged fields go, in any case, folded, and with blanks before the colon" {
	{
		printf 'x-virus-STATUS: Clean\nFrom: a@b.example\nX-VIRUS-scanned : '
		printf 'me\n too\n\there\nSubject: x\nX-Virus-: y\n'
		printf '\nX-Virus-Status: in the body\n'
	} >forged
	scan -a tag <forged >out
	printf 'From: a@b.example\nSubject: x\n\nX-Virus-Status: in the body\n' >want
	[ "$(status out)" = Clean ]
	[ "$(grep -ci '^x-virus' out)" = 3 ]
	tail -n +3 out | cmp - want
	eicar >>forged
	frame forged >f
	scan -a tag <f | mail-frame -x >out
	[ "$(status out)" = 'Infected (Test.Eicar.UNOFFICIAL)' ]
}

@test "a message of 5 MB, infected at its end, and with a forged field" {
	message large 5000000
	sed -i '1i X-Virus-Status: Clean (really)' large
	frame large >f
	run -0 --separate-stderr sh -c "av-scan -s '$CLAMD' <f >out"
	mail-frame -x <out >message
	[ "$(status message)" = Clean ]
	sed 1d large >want
	tail -n +3 message | cmp - want
	printf '\nmarker-of-a-test-virus\n' >>large
	run -100 --separate-stderr sh -c "av-scan -s '$CLAMD' <large >out"
	run -111 --separate-stderr sh -c "
	    TMPDIR=/nonexistent av-scan -s '$CLAMD' <large >out"
}

@test "a header of strange fields does not hide an attachment" {
	{
		printf 'X-One: a\nX-Two: b\nX-Three: c\n'
		sed 's/^Content-Type/CONTENT-TYPE/' i | tail -n +3
	} >strange
	run -100 --separate-stderr sh -c "av-scan -s '$CLAMD' <strange"
}

@test "what is beyond the limits of clamd is a limit" {
	head -c 50000000 /dev/zero | gzip >large.gz
	run -111 --separate-stderr scan large.gz
	[[ $output == 'large.gz: Heuristics.Limits.Exceeded.'*' LIMIT' ]]
	run -0 --separate-stderr scan -o on-limit=tag large.gz
	run -100 --separate-stderr scan -o on-limit=reject large.gz
	{
		printf 'MIME-Version: 1.0\nContent-Type: application/gzip\n'
		printf 'Content-Transfer-Encoding: base64\n\n'
		base64 large.gz
	} >large
	run -111 --separate-stderr sh -c "av-scan -s '$CLAMD' <large >out"
	[[ $stderr == *'defer 451 4.3.0 Too much to scan for viruses' ]]
	run -100 --separate-stderr sh -c "av-scan -s '$CLAMD' -o on-limit=reject <large"
	[[ $stderr == *'reject 554 5.7.1 Cannot be scanned: Heuristics.Limits.'* ]]
	scan -o on-limit=tag <large >out
	[[ $(status out) == 'Limit (Heuristics.Limits.Exceeded.'*')' ]]
}

@test "what clamd cannot decrypt is encrypted, and the policy says what then" {
	# a zip whose only entry has the bit that says so
	python3 -c 'if 1:
		import io, zipfile
		out = io.BytesIO()
		with zipfile.ZipFile(out, "w") as z:
		    z.writestr("a.txt", "secret " * 20)
		octets = bytearray(out.getvalue())
		octets[6] |= 1
		octets[octets.index(b"PK\1\2") + 8] |= 1
		open("e.zip", "wb").write(octets)'
	run -0 --separate-stderr scan e.zip
	[ "$output" = 'e.zip: OK encrypted' ]
	echo reject encrypted >p
	run -100 --separate-stderr scan -o attachments=p e.zip
	[ "$output" = 'e.zip: REFUSED encrypted' ]
	{
		printf 'MIME-Version: 1.0\nContent-Type: application/zip\n'
		printf 'Content-Transfer-Encoding: base64\n\n'
		base64 e.zip
	} >e
	scan <e >out
	[ "$(status out)" = Encrypted ]
	grep -q '^X-Virus-Policy: encrypted$' out
}

@test "a clamd that is started again in a burst loses nothing" {
	D=$PWD
	database db
	clamd_start
	for _ in 1 2 3 4 5 6 7 8; do cat f fi; done >many
	mkfifo pipe
	av-scan -s clamd.sock <pipe >out 2>log 3>&- &
	scanner=$!
	exec 9>pipe
	cat f fi >&9
	wait_for 20 test -s out
	clamd_stop
	rm -f clamd.sock
	cat many >&9
	clamd_start
	cat many >&9
	exec 9>&-
	ended $scanner 100
	clamd_stop
	[ "$(mail-frame -c <out | wc -l)" = 34 ]
	[ "$(mail-frame -c <out | cut -f 3 | grep -c '^pass$')" = 17 ]
	[ "$(mail-frame -c <out | cut -f 3 | grep -c '^reject 554 ')" = 17 ]
}

@test "what the scanner gets: the message sealed, with a Received line in front" {
	fake "$CLEAN"
	run -0 --separate-stderr sh -c 'av-scan -s s <m >out'
	[ "$(cat asked)" = '1 zMESSAGE sealed' ]
	printf 'Received: by av-scan\n' | cat - m | cmp - content
	sed 's/$/\r/' m >crlf
	av-scan -s s <crlf >out
	printf 'Received: by av-scan\r\n' | cat - crlf | cmp - content
	[ "$(head -n 1 out)" = $'X-Virus-Scanned: Fake 1\r' ]
}

@test "a file is sent with its name, without what cannot stand in a command" {
	fake "$CLEAN"
	mkdir d
	cp m $'d/a b\n.exe'
	run -0 --separate-stderr av-scan -s s $'d/a b\n.exe'
	[ "$(cat asked)" = '1 zEXAMINE a b?.exe sealed' ]
	cmp m content
}

@test "a connection is kept for the next question" {
	fake "$CLEAN" "$CLEAN" $'result: infected X\n' "$CLEAN"
	cat f f f f >four
	run -100 --separate-stderr sh -c 'av-scan -s s <four >out'
	[ "$(cut -d ' ' -f 1 asked | tr -d '\n')" = 1111 ]
	[ "$(mail-frame -c <out | cut -f 3 | cut -d ' ' -f 1 | tr '\n' ' ')" = \
	    'pass pass reject pass ' ]
}

@test "a connection that breaks is made again, at once if it was kept" {
	fake "$CLEAN" @close "$CLEAN" @half @close "$CLEAN"
	cat f f f >three
	run -0 --separate-stderr sh -c 'av-scan -s s -o wait=20 <three >out'
	[ "$(mail-frame -c <out | cut -f 3 | tr '\n' ' ')" = 'pass pass pass ' ]
	[ "$(cut -d ' ' -f 1 asked | tr -d '\n')" = 112234 ]
	kill $fake
	fake "$CLEAN" @close "$CLEAN"
	run -0 --separate-stderr sh -c 'cat f f | av-scan -s s -o wait=0 >out'
	[ "$(mail-frame -c <out | cut -f 3 | tr '\n' ' ')" = 'pass pass ' ]
}

@test "a scanner that is not there, closes, or says half: defer after wait" {
	run -111 --separate-stderr sh -c 'av-scan -s none -o wait=0.2 <f >out'
	[ "$(verdict out)" = 'defer 451 4.3.0 Cannot scan for viruses now' ]
	[[ $stderr == *" verdict=defer error='none: No such file or directory'" ]]
	run -111 --separate-stderr av-scan -s none -o wait=0 m
	[ "$output" = 'm: none: No such file or directory ERROR' ]
	for answer in @close @half @die; do
		fake $answer
		run -111 --separate-stderr sh -c 'av-scan -s s -o wait=0.2 <f >out'
		[ "$(verdict out)" = 'defer 451 4.3.0 Cannot scan for viruses now' ]
		[[ $stderr == *"s: no answer'" || $stderr == *"Connection refused'" ]]
		kill $fake 2>/dev/null || :
	done
}

@test "a scanner that hangs: defer after time" {
	fake @hang
	run -111 --separate-stderr sh -c 'av-scan -s s -o time=0.3 <f >out'
	[ "$(verdict out)" = 'defer 451 4.3.0 Cannot scan for viruses now' ]
	[[ $stderr == *"error='s: Connection timed out'" ]]
	[ "$(wc -l <asked)" = 1 ]
}

@test "an answer that is no report is an error, and not asked for again" {
	for answer in @more @zeros 'result: fine' $'result: clean\nobject: ' \
	    'stream: OK' '' 'COMMAND READ TIMED OUT'; do
		rm -f asked
		fake "${answer:-result:}"
		run -111 --separate-stderr av-scan -s s m
		[ "$output" = 'm: s: the answer is wrong ERROR' ]
		[ "$(wc -l <asked)" = 1 ]
		kill $fake
	done
}

@test "an error of the scanner defers; on-error=tag lets the message pass" {
	fake $'result: error temporary directory is full\nengine: Fake 1\n'
	run -111 --separate-stderr sh -c 'av-scan -s s <f >out'
	[ "$(verdict out)" = 'defer 451 4.3.0 Cannot scan for viruses now' ]
	[[ $stderr == *"error='temporary directory is full'" ]]
	run -0 --separate-stderr sh -c 'av-scan -s s -o on-error=tag <m >out'
	[ "$(status out)" = 'Error (temporary directory is full)' ]
	run -0 --separate-stderr sh -c 'av-scan -s none -o wait=0 -o on-error=tag <m >out'
	[ "$(status out)" = 'Error (none: No such file or directory)' ]
	run -1 grep '^X-Virus-Scanned' out
}

@test "the policy: what is tagged, refused, kept back" {
	fake $'result: clean\nengine: Fake 1\nobject: other a.txt\nobject: macro a.doc\nobject: other b.iso\nobject: executable \n'
	run -0 --separate-stderr av-scan -s s m
	[ "$output" = 'm: OK macro (a.doc), disk (b.iso), executable' ]
	run -0 --separate-stderr sh -c 'av-scan -s s <m >out'
	printf 'X-Virus-Policy: macro (a.doc),\n\tdisk (b.iso),\n\texecutable\n' >want
	sed -n '3,5p' out | cmp - want
	[ "$(status out)" = Clean ]
	printf 'pass executable\nreject *.ISO\n' >p
	run -100 --separate-stderr av-scan -s s -o attachments=p m
	[ "$output" = 'm: REFUSED macro (a.doc), disk (b.iso)' ]
	run -100 --separate-stderr sh -c 'av-scan -s s -o attachments=p <f >out'
	[ "$(verdict out)" = 'reject 554 5.7.1 Attachment refused: disk (b.iso)' ]
	printf 'quarantine macro\n' >p
	run -0 --separate-stderr sh -c 'av-scan -s s -o attachments=p -o quarantine=q <f >out'
	[ "$(verdict out)" = done ]
	grep -q '^X-Virus-Policy: macro (a.doc),$' q/*
	printf 'pass *\npass executable\npass *.iso\npass macro\npass disk' >p
	run -0 --separate-stderr sh -c 'av-scan -s s -o attachments=p <m >out'
	run -1 grep X-Virus-Policy out
}

@test "programs are rejected if there are no signatures for them" {
	fake $'result: clean\nengine: Fake 1\nprofile: mail\nobject: other setup.exe\n'
	run -100 --separate-stderr sh -c 'av-scan -s s <f >out'
	[ "$(verdict out)" = 'reject 554 5.7.1 Attachment refused: executable (setup.exe)' ]
	echo tag executable >p
	run -0 --separate-stderr sh -c 'av-scan -s s -o attachments=p <f >out'
	[ "$(verdict out)" = pass ]
}

@test "a virus with a hostile name cannot write lines or fields" {
	fake $'result: infected A\r\x1b[1mB\x7f\xff%s\nengine: x\ry\n'
	run -0 --separate-stderr sh -c 'av-scan -s s -a tag <m >out'
	[ "$(status out)" = 'Infected (A??[1mB??%s)' ]
	[ "$(head -n 1 out)" = 'X-Virus-Scanned: x?y' ]
	run -100 --separate-stderr sh -c 'av-scan -s s <f >out'
	[ "$(verdict out)" = 'reject 554 5.7.1 Virus found: A??[1mB??%s' ]
}

@test "more attachments than are worth a name are counted" {
	{
		printf 'result: clean\n'
		for n in $(seq 25); do echo "object: script $n.js"; done
	} >r
	fake "$(cat r)"$'\n'
	run -0 --separate-stderr av-scan -s s m
	[[ $output == *'script (20.js), and 5 more' ]]
}

@test "a frame that has its verdict is handed on unasked" {
	mail-filter sh -c 'exit 100' <f >g || :
	run -100 --separate-stderr sh -c 'av-scan -s none <g >h'
	cmp g h
}

@test "a frame cut anywhere is not scanned at all" {
	fake "$CLEAN"
	for n in 1 20 200 2900 3100; do
		head -c $n f >cut
		run -111 --separate-stderr sh -c 'av-scan -s s <cut >out'
	done
	[ ! -e asked ]
}

@test "closed and full descriptors, no input: 111" {
	run -111 --separate-stderr sh -c "av-scan -s '$CLAMD' <&-"
	run -111 --separate-stderr sh -c "av-scan -s '$CLAMD' </dev/null"
	run -111 --separate-stderr sh -c "av-scan -s '$CLAMD' <f >/dev/full"
	run -111 --separate-stderr sh -c "av-scan -s '$CLAMD' <m >/dev/full"
	run -111 --separate-stderr sh -c "av-scan -s '$CLAMD' <m >&-"
	run -111 --separate-stderr sh -c "av-scan -s '$CLAMD' m >/dev/full"
	run -111 --separate-stderr sh -c "av-scan -s '$CLAMD' m >&-"
	run -0 --separate-stderr sh -c "av-scan -s '$CLAMD' <f >out 2>/dev/full"
}

@test "without options the daemon and its database are where they are by default" {
	[ "$(id -u)" = 0 ] || skip "only root can have a /run of its own"
	database db
	infected virus.eml
	cat >inside <<-'EOF'
		mount -t tmpfs tmpfs /run
		mount -t tmpfs tmpfs /var/lib
		mkdir -p /run/pimail /var/lib/pimail
		cp -R db /var/lib/pimail/av
		mkfifo ready
		av-scand -o notify=4 /run/pimail/av 4>ready 2>desk.log &
		read -r line <ready
		av-scan <virus.eml >out
		echo "$?" >status
		kill "$!"
		wait "$!"
		rm -r /run/pimail
		mv /var/lib/pimail/av /var/lib/clamav
		av-scan virus.eml >lines 2>err; cat err
	EOF
	unshare -m sh inside
	[ "$(cat status)" = 100 ]
	grep -q 'info: ClamAV' desk.log
	grep -q 'virus.eml: Test.Eicar.UNOFFICIAL FOUND' lines
}

@test "without -s it starts an av-scand, which ends with it" {
	database db
	run -100 --separate-stderr av-scan -d db m i
	[ "${lines[0]}" = 'm: OK' ]
	[ "${lines[1]}" = 'i: Test.Eicar.UNOFFICIAL FOUND' ]
	held_open -d db
	own=$(children $scanner)
	[ "$(cat "/proc/${own// /}/comm")" = av-scand ]
	cat fi f >&9
	exec 9>&-
	ended $scanner 100
	# shellcheck disable=SC2086 # pids
	none_of $own
	mail-frame -c <out | cut -f 3 | cut -d ' ' -f 1 | tr '\n' ' ' >verdicts
	[ "$(cat verdicts)" = 'pass reject pass ' ]
	# one for all messages
	[ "$(grep -c 'loaded in' log)" = 1 ]
}

@test "kill -9 of av-scan ends its av-scand with all of its processes" {
	database db
	held_open -d db
	own=$(children $scanner)
	engines=$(for pid in $own; do children "$pid"; done)
	scanners=$(for pid in $engines; do children "$pid"; done)
	[ -n "$own" ] && [ -n "$engines" ] && [ -n "$scanners" ]
	kill -9 $scanner
	exec 9>&-
	# shellcheck disable=SC2086 # pids
	wait_for 20 none_of $own $engines $scanners
}

@test "an av-scand of its own that is killed is started again" {
	database db
	held_open -d db
	# shellcheck disable=SC2046 # a pid
	kill -9 $(children $scanner)
	cat fi f >&9
	exec 9>&-
	ended $scanner 100
	[ "$(mail-frame -c <out | wc -l)" = 3 ]
	[ "$(grep -c 'loaded in' log)" = 2 ]
}

@test "an av-scand that cannot start: defer at once, and it says why" {
	mkdir empty
	run -111 --separate-stderr sh -c 'av-scan -d empty <f >out'
	[ "$(verdict out)" = 'defer 451 4.3.0 Cannot scan for viruses now' ]
	[[ $stderr == *"av-scand: fatal: "* ]]
	[[ $stderr == *"error='av-scand: no answer'"* ]]
	cp "$B/av-scan" .
	run -111 --separate-stderr env PATH=/nonexistent ./av-scan -d db m
	[ "$output" = 'm: av-scand: No such file or directory ERROR' ]
}

# serve: an av-scand that listens on ./s with the database ./db.
serve() {
	rm -f s
	av-scand -d db s 2>>log 3>&- 9>&- &
	fake=$!
	wait_for 60 test -S s
}

@test "with an av-scand at a socket: all as with clamd, and the policy" {
	database db
	serve
	eicar >e
	run -100 --separate-stderr av-scan -s s m i e
	[ "${lines[0]}" = 'm: OK' ]
	[ "${lines[1]}" = 'i: Test.Eicar.UNOFFICIAL FOUND' ]
	[ "${lines[2]}" = 'e: Test.Eicar.UNOFFICIAL FOUND' ]
	printf 'MZ\220\0\3\0\0\0\4\0\0\0' >setup.dat
	cp m setup.exe
	printf '#!/bin/sh\n' >notes
	run -0 --separate-stderr av-scan -s s setup.dat setup.exe notes
	[ "${lines[0]}" = 'setup.dat: OK executable (setup.dat)' ]
	[ "${lines[1]}" = 'setup.exe: OK executable (setup.exe)' ]
	[ "${lines[2]}" = 'notes: OK script (notes)' ]
	{
		printf 'MIME-Version: 1.0\nContent-Type: application/octet-stream\n'
		printf 'Content-Disposition: attachment; filename=a.pdf\n'
		printf 'Content-Transfer-Encoding: base64\n\n'
		base64 setup.dat
	} >a
	run -0 --separate-stderr sh -c 'av-scan -s s <a >out'
	grep -q '^X-Virus-Policy: executable (a.pdf)' out
	grep -q '^X-Virus-Scanned: ClamAV ' out
	[ "$(status out)" = Clean ]
	same_below m <(av-scan -s s <m)
	echo reject executable >p
	run -100 --separate-stderr sh -c 'av-scan -s s -o attachments=p <a >out'
	[[ $stderr == *'reject 554 5.7.1 Attachment refused: executable (a.pdf)' ]]
}

@test "5 MB through av-scand, clean and infected" {
	database db
	serve
	message large 5000000
	run -0 --separate-stderr sh -c 'av-scan -s s <large >out'
	same_below large out
	printf '\nmarker-of-a-test-virus\n' >>large
	run -100 --separate-stderr sh -c 'av-scan -s s <large >out'
}

@test "an av-scand that is started again in a burst loses nothing" {
	database db
	serve
	for _ in 1 2 3 4 5 6 7 8; do cat f fi; done >many
	held_open -s s
	kill -9 "$fake"
	cat many >&9
	serve
	cat many >&9
	kill "$fake"
	wait "$fake" || :
	serve
	exec 9>&-
	ended $scanner 100
	[ "$(mail-frame -c <out | cut -f 3 | grep -c '^pass$')" = 17 ]
	[ "$(mail-frame -c <out | cut -f 3 | grep -c '^reject 554 ')" = 16 ]
}
