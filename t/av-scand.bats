# av-scand by itself, and with the programs that ask clamd.
load lib.bash
load av.bash

setup() {
	local dir
	common_setup
	T=$BATS_TEST_DIRNAME
	export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$T
	AS=()
	if [ "$(id -u)" = 0 ]; then
		AS=(-u nobody)
		for dir in "$D" "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR" \
		    "$BATS_RUN_TMPDIR"; do
			chmod a+rx "$dir"
		done
	fi
	mkdir -m 1777 tmp
	TMPDIR=$D/tmp
	SOCKET=$D/s
	SERVER=
	OTHERS=()
	database db
	infected bad
	message good 3000
	eicar >eicar
}

teardown() {
	local pid
	for pid in "${OTHERS[@]}"; do kill "$pid" 2>/dev/null || :; done
	# or it would write to what is being removed
	for pid in "${OTHERS[@]}"; do wait "$pid" 2>/dev/null || :; done
	stop_server
	umount full 2>/dev/null || :
	[ ! -e log ] || ! grep -E 'AddressSanitizer|runtime error' log
}

# own FILE...: gives files to the user that the server runs as.
own() {
	[ "$(id -u)" != 0 ] || chown -R nobody "$@"
}

# talk WHAT ARGUMENT...: a client of the server.
talk() {
	local what=$1
	shift
	python3 "$T/avtalk.py" "$what" "$SOCKET" "$@"
}

# start ARGUMENT...: in the background, with its log in the file `log`.
start() {
	av-scand "${AS[@]}" -o check=0.2 "$@" 2>>log 3>&- &
	SERVER=$!
}

# serve ARGUMENT...: starts it on $SOCKET and waits until it is ready.
serve() {
	rm -f ready
	mkfifo ready
	start -d db -o notify=9 "$@" "$SOCKET" 9<>ready
	read -r -t 60 <>ready
}

# stop_server: tells it to end; its status is in $STATUS.
stop_server() {
	if [ -z "$SERVER" ]; then return; fi
	kill "$SERVER" 2>/dev/null || :
	STATUS=0
	wait "$SERVER" || STATUS=$?
	SERVER=
}

# processes: how many there are of it, the desk and all below it.
processes() {
	pgrep -c -g "$(ps -o pgid= -p "$SERVER" | tr -d ' ')" av-scand || :
}

# children PID
children() {
	pgrep -P "$1" || :
}

# engine: the process that holds the database; scanners: those that scan.
engine() {
	children "$SERVER" | head -n 1
}

scanners() {
	children "$(engine)"
}

# busy: a scanner has something to scan.
busy() {
	[[ $(talk ask 'zSTATS\0') =~ live\ ([0-9]+)\ +idle\ ([0-9]+) ]] &&
	    [ "${BASH_REMATCH[1]}" -gt "${BASH_REMATCH[2]}" ]
}

# said TEXT: it is in the log.
said() {
	grep -qF -e "$1" log
}

# put FILE: from standard input to the database, as freshclam does.
put() {
	cat >tmp.put
	chmod 644 tmp.put
	mv tmp.put "db/$1"
}

# signature NAME TEXT
signature() {
	printf '%s:0:*:%s\n' "$1" "$(printf %s "$2" | hex)"
}

finds() { # NAME FILE
	[ "$(talk stream "$2")" = "stream: $1.UNOFFICIAL FOUND\\0" ]
}

@test "what cannot start says why, and leaves nothing behind" {
	run -111 --separate-stderr av-scand "${AS[@]}" -d db </dev/null
	[[ $stderr == *"no socket, and standard input is none"* ]]
	run -111 --separate-stderr av-scand "${AS[@]}" -d nowhere "$SOCKET"
	[[ $stderr == *"cannot open the files of 'nowhere': No such file"* ]]
	mkdir empty
	run -111 --separate-stderr av-scand "${AS[@]}" -d empty "$SOCKET"
	[[ $stderr == *"cannot open the files of 'empty': No such file"* ]]
	mkdir broken
	echo 'this is no signature' >broken/a.ndb
	run -111 --separate-stderr av-scand "${AS[@]}" -d broken "$SOCKET"
	[[ $stderr == *"cannot load 'broken': "* ]]
	run -111 --separate-stderr av-scand "${AS[@]}" -d db -o temp=1000G s2
	[[ $stderr == *"no room for the temporary files"* ]]
	run -111 --separate-stderr av-scand "${AS[@]}" -d db -o mode=rw s2
	[[ $stderr == *"-o mode"* ]]
	run -111 --separate-stderr av-scand "${AS[@]}" -d db -o reload=no s2
	[[ $stderr == *"-o reload"* ]]
	run -111 --separate-stderr av-scand "${AS[@]}" -d db -o group=nobodys s2
	[[ $stderr == *"no group 'nobodys'"* ]]
	run -111 --separate-stderr av-scand "${AS[@]}" -d db nodir/s
	[[ $stderr == *"cannot listen on 'nodir/s'"* ]]
	run -111 --separate-stderr av-scand "${AS[@]}" -d db \
	    "$(printf '%0120d' 0)"
	[[ $stderr == *"too long"* ]]
	run -111 --separate-stderr av-scand a b
	[ -z "$(ls tmp)" ]
}

@test "the simple commands are answered in each form" {
	serve
	run -0 talk ask 'zPING\0'
	[ "$output" = 'PONG\0' ]
	run -0 talk ask 'nPING\n'
	[ "$output" = 'PONG' ]
	run -0 talk ask 'PING\n'
	[ "$output" = 'PONG' ]
	run -0 talk ask 'PING'
	[ "$output" = 'PONG' ]
	for form in 'zVERSION\0' 'nVERSION\n' 'VERSION'; do
		run -0 talk ask "$form"
		[[ $output == "ClamAV "[1-9]* ]]
	done
	run -0 talk ask 'nVERSIONCOMMANDS\n'
	[[ $output == "ClamAV "*"| COMMANDS: "*INSTREAM* ]]
	for form in 'zSTATS\0' 'nSTATS\n' 'STATS'; do
		run -0 talk ask "$form"
		[ "${lines[0]}" = 'POOLS: 1' ]
		[[ $output == *"STATE: VALID PRIMARY"*"THREADS: live 1 "* ]]
		[[ $output == *"QUEUE: 0 items"*"MEMSTATS: "*END* ]]
	done
	run -0 talk ask 'nSCAN /etc/passwd\n'
	[ "$output" = '/etc/passwd: nothing is scanned by its path ERROR' ]
	run -0 talk ask 'zSHUTDOWN\0'
	[ "$output" = 'UNKNOWN COMMAND\0' ]
	run -0 talk ask "z$(printf '%02000d' 0)"
	[ "$output" = 'UNKNOWN COMMAND\0' ]
	run -0 talk ask 'zIDSESSION\0zPING\0zVERSION\0zEND\0'
	[[ $output == '1: PONG\02: ClamAV '*'\0' ]]
}

@test "streams and descriptors are scanned" {
	serve
	finds Test.Eicar eicar
	finds Test.Eicar bad
	run -0 talk stream good 7
	[ "$output" = 'stream: OK\0' ]
	run -0 talk fildes bad
	[[ $output == 'fd['[0-9]*']: Test.Eicar.UNOFFICIAL FOUND\0' ]]
	run -0 talk fildes good
	[[ $output == 'fd['[0-9]*']: OK\0' ]]
	: >nothing
	run -0 talk stream nothing
	[ "$output" = 'stream: OK\0' ]
	# larger than what is held in memory
	head -c 3000000 /dev/zero >large
	cat eicar >>large
	finds Test.Eicar large
	# from its beginning, wherever it was read up to
	run -0 python3 -c 'if 1:
		import avtalk, socket, sys, array
		s = avtalk.connect(sys.argv[1])
		f = open("bad", "rb")
		f.seek(0, 2)
		s.sendmsg([b"zFILDES\0\0"], [(socket.SOL_SOCKET,
		    socket.SCM_RIGHTS, array.array("i", [f.fileno()]))])
		avtalk.show(avtalk.rest(s))' "$SOCKET"
	[[ $output == *'Test.Eicar.UNOFFICIAL FOUND\0' ]]
	said 'result=infected name="Test.Eicar.UNOFFICIAL"'
}

@test "EXAMINE and MESSAGE give a report and keep the connection" {
	serve
	run -0 talk examine eicar 'a name.txt'
	[ "${lines[0]}" = 'result: infected Test.Eicar.UNOFFICIAL' ]
	[[ ${lines[1]} == 'engine: ClamAV '* ]]
	[[ $output == *'object: other a name.txt'*'\0' ]]
	run -0 talk message good
	[ "${lines[0]}" = 'result: clean' ]
	run -0 talk message bad
	[ "${lines[0]}" = 'result: infected Test.Eicar.UNOFFICIAL' ]
	run -0 python3 -c 'if 1:
		import avtalk, sys
		s = avtalk.connect(sys.argv[1])
		for i in range(3):
		    for file in "bad", "good", "eicar":
		        avtalk.send_file(s, b"zMESSAGE\0", file)
		        print(avtalk.until_nul(s).split()[1].decode())
		# all at once; the answers are in order
		for file in "bad", "good", "eicar":
		    avtalk.send_file(s, b"zEXAMINE\0", file)
		text = b""
		while text.count(b"\0") < 3:
		    text += s.recv(100000)
		print([t.split()[1].decode() for t in text.split(b"\0")[:3]])
		' "$SOCKET"
	[ "$(sort -u <<<"${lines[*]:0:9}")" = \
	    'infected clean infected infected clean infected infected clean infected' ]
	[ "${lines[9]}" = "['infected', 'clean', 'infected']" ]
}

@test "what is no file is an error, and so is one that is too large" {
	serve -o stream=4K
	run -0 talk fildes db
	[[ $output == *': neither a file nor a pipe ERROR\0' ]]
	run -0 talk fildes /dev/null
	[[ $output == *': neither a file nor a pipe ERROR\0' ]]
	run -0 talk ask 'zFILDES\0x'
	[ "$output" = 'fd[-1]: no descriptor came ERROR\0' ]
	run -0 talk examine db
	[[ $output == 'result: error neither a file nor a pipe'* ]]
	head -c 4096 /dev/zero >fits
	head -c 4097 /dev/zero >large
	run -0 talk fildes fits
	[[ $output == *': OK\0' ]]
	run -0 talk fildes large
	[[ $output == *': size limit exceeded ERROR\0' ]]
	run -0 talk examine large
	[[ $output == 'result: error size limit exceeded'* ]]
	run -0 talk stream fits
	[ "$output" = 'stream: OK\0' ]
	run -0 talk stream large
	[ "$output" = 'INSTREAM size limit exceeded. ERROR\0' ]
	# one that goes on long after
	head -c 5000000 /dev/zero >large
	run -0 talk stream large
	[ "$output" = 'INSTREAM size limit exceeded. ERROR\0' ]
	# for writing only
	run -0 python3 -c 'if 1:
		import avtalk, os, sys
		s = avtalk.connect(sys.argv[1])
		avtalk.send_file(s, b"zFILDES\0", "good", os.O_WRONLY)
		avtalk.show(avtalk.rest(s))' "$SOCKET"
	[[ $output == *' ERROR\0' ]]
}

@test "descriptors that nobody asked for end the connection" {
	serve
	run -0 python3 -c 'if 1:
		import avtalk, array, socket, sys
		s = avtalk.connect(sys.argv[1])
		fds = array.array("i", [0] * 20)
		s.sendmsg([b"z"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
		print(s.recv(1))' "$SOCKET"
	[ "$output" = "b''" ]
	[ "$(find "/proc/$SERVER/fd" -lname '/dev/null' | wc -l)" -le 4 ]
	finds Test.Eicar eicar
}

@test "a pipe is read to its end, and a silent one kills its scanner" {
	serve -o time=3 -o scanners=1
	mkfifo pipe silent
	cat bad >pipe &
	run -0 talk fildes pipe
	[[ $output == *'Test.Eicar.UNOFFICIAL FOUND\0' ]]
	sleep 100 >silent 3>&- &
	OTHERS+=($!)
	run -0 talk fildes silent
	[[ $output == *': the scan took too long ERROR\0' ]]
	run -0 talk examine silent name.exe
	[[ $output == 'result: error the scan took too long'* ]]
	said "the scan took too long; it scanned 'name.exe'"
	finds Test.Eicar eicar
}

@test "half a command or half a stream costs a connection and no scanner" {
	serve -o timeout=1 -o scanners=1
	python3 -c 'if 1:
		import avtalk, sys, time
		half = []
		for text in b"", b"zPIN", b"zINSTREAM\0\0\0\1\0some",\
		    b"zFILDES\0", b"zIDSESSION\0":
		    for i in range(5):
		        s = avtalk.connect(sys.argv[1])
		        s.sendall(text)
		        half.append(s)
		# nobody waits for them
		s = avtalk.connect(sys.argv[1])
		avtalk.send_stream(s, open("bad", "rb").read())
		assert b"FOUND" in avtalk.rest(s)
		start = time.monotonic()
		for s in half:
		    assert b"TIMED OUT" in avtalk.rest(s)
		assert time.monotonic() - start < 5
		# octet by octet is not faster
		s = avtalk.connect(sys.argv[1])
		s.sendall(b"zINSTREAM\0\0\0\1\0")
		start = time.monotonic()
		try:
		    while time.monotonic() - start < 10:
		        s.sendall(b"x")
		        time.sleep(0.1)
		    sys.exit("still there")
		except OSError:
		    pass' "$SOCKET"
	# one that asked once may be silent
	python3 -c 'if 1:
		import avtalk, sys, time
		s = avtalk.connect(sys.argv[1])
		for i in range(2):
		    avtalk.send_file(s, b"zMESSAGE\0", "bad")
		    assert b"infected" in avtalk.until_nul(s)
		    time.sleep(1.5)' "$SOCKET"
}

@test "with all connections taken one more waits, or a silent one goes" {
	serve -o connections=3 -o timeout=2
	python3 -c 'if 1:
		import avtalk, sys, time
		path = sys.argv[1]
		def ping():
		    s = avtalk.connect(path)
		    s.sendall(b"zPING\0")
		    return avtalk.rest(s)
		kept = []
		for i in range(3):
		    s = avtalk.connect(path)
		    avtalk.send_file(s, b"zMESSAGE\0", "good")
		    avtalk.until_nul(s)
		    kept.append(s)
		start = time.monotonic()
		assert ping() == b"PONG\0"
		assert time.monotonic() - start < 1
		gone = 0
		for s in kept:
		    s.settimeout(0.2)
		    try:
		        gone += s.recv(1) == b""
		    except TimeoutError:
		        pass
		assert gone == 1, gone
		for s in kept:
		    s.close()
		full = [avtalk.connect(path) for i in range(3)]
		time.sleep(0.2)
		start = time.monotonic()
		assert ping() == b"PONG\0"
		assert 1 < time.monotonic() - start < 6' "$SOCKET"
}

@test "with a full queue there is an error, and those that wait get scanned" {
	serve -o queue=2 -o scanners=1 -o time=3
	mkfifo silent
	sleep 100 >silent 3>&- &
	OTHERS+=($!)
	python3 -c 'if 1:
		import avtalk, sys, time
		path = sys.argv[1]
		s = [avtalk.begin(path, f) for f in ("silent", "bad", "bad", "bad")]
		assert b"the queue is full ERROR" in avtalk.rest(s[3])
		assert b"too long ERROR" in avtalk.rest(s[0])
		assert b" FOUND" in avtalk.rest(s[1])
		assert b" FOUND" in avtalk.rest(s[2])' "$SOCKET"
}

@test "nobody waits longer than -o wait, nor for one who has gone" {
	serve -o wait=2 -o scanners=1 -o time=8
	mkfifo silent
	sleep 100 >silent 3>&- &
	OTHERS+=($!)
	python3 -c 'if 1:
		import avtalk, sys, time
		path = sys.argv[1]
		busy = avtalk.begin(path, "silent")
		gone = avtalk.begin(path, "bad")
		gone.close()
		s = avtalk.connect(path)
		s.sendall(b"zSTATS\0")
		assert b"QUEUE: 0 items" in avtalk.rest(s)
		start = time.monotonic()
		assert b"no scanner is free ERROR" in avtalk.rest(avtalk.begin(path, "bad"))
		assert 1.9 < time.monotonic() - start < 5
		assert b"too long ERROR" in avtalk.rest(busy)' "$SOCKET"
}

@test "an answer comes to one who has closed his half" {
	serve
	run -0 python3 -c 'if 1:
		import avtalk, socket, sys
		s = avtalk.connect(sys.argv[1])
		avtalk.send_stream(s, open("bad", "rb").read())
		s.shutdown(socket.SHUT_WR)
		avtalk.show(avtalk.rest(s))' "$SOCKET"
	[ "$output" = 'stream: Test.Eicar.UNOFFICIAL FOUND\0' ]
}

@test "clamdscan works: --fdpass, --stream, -m, --ping, --version, --reload" {
	serve
	printf 'LocalSocket %s\n' "$SOCKET" >clamd.conf
	mkdir dir
	for i in $(seq 20); do
		cp good "dir/good$i"
		cp bad "dir/bad$i"
	done
	for way in --fdpass --stream '--fdpass -m' '--stream -m'; do
		echo "$way"
		# shellcheck disable=SC2086
		run -1 clamdscan -c clamd.conf $way --no-summary dir
		[ "$(grep -c ': Test.Eicar.UNOFFICIAL FOUND$' <<<"$output")" = 20 ]
		[ "$(grep -c ERROR <<<"$output")" = 0 ]
		# shellcheck disable=SC2086
		run -0 clamdscan -c clamd.conf $way --no-summary good
		[[ $output == *'good: OK' ]]
	done
	run -0 clamdscan -c clamd.conf --ping 3
	run -0 clamdscan -c clamd.conf --version
	[[ $output == 'ClamAV '[1-9]* ]]
	run -0 clamdscan -c clamd.conf --reload
	run -2 clamdscan -c clamd.conf --no-summary good
	[[ $output == *'nothing is scanned by its path ERROR'* ]]
}

@test "clamav-milter rejects what is infected and defers without scanners" {
	serve -o mode=0666
	cat >milter.conf <<-END
		Foreground yes
		User $(id -un)
		ClamdSocket unix:$SOCKET
		MilterSocket unix:$D/milter
		TemporaryDirectory $D/tmp
		OnInfected Reject
		OnFail Defer
		AddHeader Replace
	END
	clamav-milter -c milter.conf >milter.log 2>&1 3>&- &
	OTHERS+=($!)
	wait_for 30 test -S milter
	SOCKET=$D/milter run -0 talk milter bad
	[ "$output" = reject ]
	SOCKET=$D/milter run -0 talk milter good
	[ "$output" = accept ]
	stop_server
	SOCKET=$D/milter run -0 talk milter bad
	[ "$output" = defer ]
}

@test "a new signature is found, a broken database is not loaded: overlap" {
	reloads overlap
}

@test "a new signature is found, a broken database is not loaded: swap" {
	reloads swap
}

# reloads HOW: under load, by the look at the directory and by RELOAD.
reloads() {
	serve -o "reload=$1" -o scanners=2
	printf 'a new text to be found, that is long enough' >new
	run -0 talk stream new
	[ "$output" = 'stream: OK\0' ]
	talk burst 8 good bad >outcome &
	burst=$!
	signature Test.New 'a new text to be found' | put new.ndb
	wait_for 5 finds Test.New new
	echo 'this is no signature' | put new.ndb
	wait_for 5 said 'cannot be loaded'
	sleep 1
	# it is not tried again and again, and the old one goes on
	[ "$(grep -c 'cannot be loaded' log)" = 1 ]
	finds Test.New new
	finds Test.Eicar eicar
	# the same files are not loaded again but upon SIGHUP
	run -0 talk ask 'zRELOAD\0'
	[ "$output" = 'RELOADING\0' ]
	sleep 0.5
	[ "$(grep -c 'cannot be loaded' log)" = 1 ]
	kill -HUP "$SERVER"
	twice() { [ "$(grep -c 'cannot be loaded' log)" = 2 ]; }
	wait_for 5 twice
	finds Test.New new
	signature Test.Newer 'a new text to be found' | put new.ndb
	wait_for 5 finds Test.Newer new
	wait "$burst"
	cat outcome
	grep -qx wrong=0 outcome
	grep -qx hung=0 outcome
	grep -qx error=0 outcome
	grep -qx closed=0 outcome
	grep -q 'found=[1-9]' outcome
	[ "$(children "$SERVER" | wc -l)" = 1 ]
}

@test "a database that is gone or unreadable leaves the old one" {
	serve
	mv db/test.ndb away
	wait_for 5 said "cannot open the files of 'db'"
	finds Test.Eicar eicar
	mv away db/test.ndb
	finds Test.Eicar eicar
	mv db elsewhere
	wait_for 5 said "cannot look at 'db'"
	finds Test.Eicar eicar
}

# harm SECONDS COMMAND: does that again and again while clients are served; no
# infected one passes, and nobody is left without an end.
harm() {
	talk burst "$1" good bad >outcome &
	burst=$!
	while kill -0 "$burst" 2>/dev/null; do
		"$2"
		sleep "0.$((RANDOM % 4 + 1))"
	done
	wait "$burst"
	cat outcome
	grep -qx wrong=0 outcome
	grep -qx hung=0 outcome
	grep -q 'found=[1-9]' outcome
}

kill_scanner() {
	scanners | shuf -n 1 | xargs -r kill -9 2>/dev/null || :
}

kill_engine() {
	engine | xargs -r kill -9 2>/dev/null || :
	sleep 1
}

@test "killed scanners are replaced, and no infected file passes" {
	serve -o scanners=3
	harm 5 kill_scanner
	grep -qx closed=0 outcome
	finds Test.Eicar eicar
	stop_server
	[ "$STATUS" = 0 ]
	[ -z "$(ls tmp)" ]
}

@test "a killed engine is started again, and no infected file passes" {
	serve -o scanners=2
	harm 5 kill_engine
	grep -qx closed=0 outcome
	wait_for 70 finds Test.Eicar eicar
	stop_server
	[ -z "$(ls tmp)" ]
}

@test "a killed desk takes all with it, and the next one cleans up" {
	serve
	kill_desk() {
		local engine scanner
		engine=$(engine)
		scanner=$(scanners | head -n 1)
		kill -9 "$SERVER"
		wait "$SERVER" || :
		gone() { ! kill -0 "$engine" 2>/dev/null; }
		wait_for 5 gone
		gone() { ! kill -0 "$scanner" 2>/dev/null; }
		[ -z "$scanner" ] || wait_for 5 gone
		serve
	}
	harm 5 kill_desk
	[ "$(find tmp -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
	finds Test.Eicar eicar
	stop_server
	[ -z "$(ls tmp)" ]
}

@test "scanners are recycled" {
	serve -o recycle=2 -o scanners=1
	first=$(scanners)
	for _ in 1 2 3 4 5; do finds Test.Eicar eicar; done
	other() { [ -n "$(scanners)" ] && [ "$(scanners)" != "$first" ]; }
	wait_for 5 other
}

@test "SIGTERM: what is being scanned is answered, and nothing is left" {
	serve -o scanners=2
	mkfifo slow
	(until [ -e go ]; do sleep 0.1; done; cat bad) >slow 3>&- &
	OTHERS+=($!)
	talk fildes slow >answer &
	client=$!
	wait_for 10 busy
	pids="$SERVER $(engine) $(scanners | tr '\n' ' ')"
	(sleep 0.5; touch go) 3>&- &
	stop_server
	[ "$STATUS" = 0 ]
	wait "$client"
	grep -q 'Test.Eicar.UNOFFICIAL FOUND' answer
	[ -z "$(ls tmp)" ]
	for pid in $pids; do
		dead() { ! kill -0 "$pid" 2>/dev/null; }
		wait_for 5 dead
	done
}

@test "a stale socket is replaced, one in use and what is none are not" {
	serve
	kill -9 "$SERVER"
	wait "$SERVER" || :
	[ -S "$SOCKET" ]
	serve
	run -111 --separate-stderr av-scand "${AS[@]}" -d db "$SOCKET"
	[[ $stderr == *"cannot listen on '$SOCKET': Address already in use"* ]]
	finds Test.Eicar eicar
	echo precious >file
	run -111 --separate-stderr av-scand "${AS[@]}" -d db file
	[[ $stderr == *"cannot listen on 'file': File exists"* ]]
	[ "$(cat file)" = precious ]
}

@test "the socket has the mode and the group that it is to have" {
	serve
	[ "$(stat -c %a "$SOCKET")" = 660 ]
	stop_server
	serve -o mode=0600 -o group="$(id -gn)"
	[ "$(stat -c '%a %G' "$SOCKET")" = "600 $(id -gn)" ]
}

@test "without signatures for executables none of them passes" {
	av-db -o profile=mail db mail
	serve -d mail
	printf 'MZ no program, but called so' >text
	{
		sed '/^--b--/,$d' bad | sed 's/eicar.txt/setup.scr/' |
		    grep -v "$(eicar | base64 -w 60 | head -n 1)"
		echo '--b--'
	} >called
	run -0 talk stream called
	[ "$output" = 'stream: Policy.Executable FOUND\0' ]
	run -0 talk fildes called
	[[ $output == *': Policy.Executable FOUND\0' ]]
	cp /bin/true binary
	run -0 talk stream binary
	[ "$output" = 'stream: Policy.Executable FOUND\0' ]
	run -0 talk message called
	[ "${lines[0]}" = 'result: clean' ]
	[[ $output == *'profile: mail'*'setup.scr'* ]]
	run -0 talk stream good
	[ "$output" = 'stream: OK\0' ]
	finds Test.Eicar bad
}

@test "a limit is a find for those who ask clamd" {
	serve -o file-size=1M -o scan-memory=256M
	head -c 3000000 /dev/zero >zeros
	run -0 talk stream zeros
	[[ $output == 'stream: Heuristics.Limits.Exceeded.'*' FOUND\0' ]]
	run -0 talk examine zeros
	[[ $output == 'result: limit Heuristics.Limits.Exceeded.'* ]]
}

@test "a database that needs more than -o memory is not loaded" {
	[ -z "$(command -v readelf)" ] || ! readelf -d "$B/av-scand" |
	    grep -q libasan || skip "the sanitizer has no such limit"
	for ((i = 0; i < 20000; i++)); do
		printf 'Test.N%d:0:*:%08x%08x%08x\n' "$i" "$i" "$i" "$i"
	done >db/many.ndb
	run -111 --separate-stderr av-scand "${AS[@]}" -d db -o memory=3M \
	    "$SOCKET"
	[[ $stderr == *"cannot load 'db': it wants about "* ]]
	[[ $stderr == *'and -o memory is 3; prepared by av-db it would want '* ]]
	serve -o memory=500M
	finds Test.Eicar eicar
}

@test "a listening socket comes on standard input" {
	python3 -c 'if 1:
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		os.chmod(sys.argv[1], 0o666)
		s.listen(10)
		os.dup2(s.fileno(), 0)
		os.execvp("av-scand", ["av-scand", "-d", "db"] + sys.argv[2:])' \
	    "$SOCKET" "${AS[@]}" 2>log 3>&- &
	SERVER=$!
	wait_for 10 finds Test.Eicar eicar
	stop_server
	[ "$STATUS" = 0 ]
	run -111 --separate-stderr python3 -c 'if 1:
		import os, socket, sys
		s = socket.socket()
		s.listen(10)
		os.dup2(s.fileno(), 0)
		os.execvp("av-scand", ["av-scand", "-d", "db"])'
	[[ $stderr == *"no socket, and standard input is none"* ]]
}

@test "a connection on standard input is served until it ends" {
	run -0 --separate-stderr python3 -c 'if 1:
		import avtalk, os, socket, subprocess, sys, time
		ours, theirs = socket.socketpair()
		ours.settimeout(60)
		child = subprocess.Popen(["av-scand", "-d", "db",
		    "-o", "timeout=0.5"] + sys.argv[1:], stdin=theirs,
		    stdout=theirs)
		theirs.close()
		for file in "bad", "good":
		    avtalk.send_file(ours, b"zMESSAGE\0", file)
		    print(avtalk.until_nul(ours).split()[1].decode())
		    time.sleep(1)
		ours.close()
		print(child.wait(20))' "${AS[@]}"
	[ "$output" = $'infected\nclean\n0' ]
	[ -z "$(ls tmp)" ]
}

@test "a scanner with too many temporary files is killed" {
	serve -o temp=1M -o scanners=1 -o time=30
	mkfifo silent
	sleep 100 >silent 3>&- &
	OTHERS+=($!)
	talk fildes silent >answer &
	client=$!
	directory=$(echo tmp/av-scand.*/0/0)
	wait_for 10 busy
	sleep 0.3
	# two that are not too large by themselves
	head -c 700000 /dev/zero >"$directory/one"
	sleep 0.5
	kill -0 "$client"
	mkdir deep
	head -c 700000 /dev/zero >deep/two
	own deep
	mv deep "$directory"
	wait "$client"
	grep -q ': too many temporary files ERROR' answer
	said 'too many temporary files'
	# the next one finds an empty directory
	finds Test.Eicar eicar
	[ -z "$(find tmp -name one -o -name two)" ]
	# and nothing can be hidden in one that nobody may list
	talk fildes silent >answer &
	client=$!
	wait_for 10 busy
	sleep 0.3
	mkdir -p deep/deeper
	own deep
	chmod 300 deep
	mv deep "$directory"
	wait "$client"
	grep -q ': too many temporary files ERROR' answer
	finds Test.Eicar eicar
	[ -z "$(ls -A "$directory")" ]
}

@test "what does not fit into temporary files is not clean" {
	serve -o temp=1M -o scanners=1
	yes 'a line of text that is packed' | head -c 8000000 >text
	python3 -c 'if 1:
		import zipfile
		with zipfile.ZipFile("zip", "w", zipfile.ZIP_DEFLATED) as z:
		    z.write("text")'
	run -0 talk fildes zip
	[[ $output == *' ERROR\0' || $output == *' FOUND\0' ]]
	finds Test.Eicar eicar
}

@test "with a full disk for temporary files nothing is clean" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	mkdir full
	mount -t tmpfs -o size=4M,mode=1777 none full || skip "no tmpfs"
	TMPDIR=$D/full serve -o temp=1M -o scanners=2
	finds Test.Eicar bad
	run -0 talk stream good
	[ "$output" = 'stream: OK\0' ]
	head -c 3M /dev/zero >full/filler
	for file in good bad eicar; do
		run -0 talk stream "$file"
		[[ $output == *' ERROR\0' ]]
		run -0 talk message "$file"
		[[ $output == 'result: error'* ]]
	done
	# a stream that does not fit
	head -c 2000000 /dev/urandom >random
	run -0 talk stream random
	[[ $output == *'No space left on device ERROR\0' ]]
	rm full/filler
	finds Test.Eicar bad
	stop_server
	[ -z "$(ls full)" ]
	head -c 3M /dev/zero >full/filler
	TMPDIR=$D/full run -111 --separate-stderr av-scand "${AS[@]}" -d db \
	    -o temp=1M -o scanners=2 "$SOCKET"
	[[ $stderr == *"no room for the temporary files"* ]]
}

@test "rspamd rejects what is infected" {
	serve -o mode=0666
	port=$(free_port)
	mkdir -p rspamd/{db,run,log,conf/local.d}
	# as it is shipped, but for what asks others
	for module in arc asn bayes_expiry dkim dkim_signing dmarc fuzzy_check \
	    greylist history_redis maillist mx_check neural phishing ratelimit \
	    rbl replies spf surbl url_redirector; do
		echo 'enabled = false;' >"rspamd/conf/local.d/$module.conf"
	done
	for worker in controller fuzzy proxy; do
		echo 'enabled = false;' >"rspamd/conf/local.d/worker-$worker.inc"
	done
	echo "bind_socket = \"127.0.0.1:$port\"; count = 1;" \
	    >rspamd/conf/local.d/worker-normal.inc
	echo 'type = "console";' >rspamd/conf/local.d/logging.inc
	cat >rspamd/conf/local.d/options.inc <<-END
		dns { nameserver = ["127.0.0.1"]; timeout = 0.1s; retransmits = 1; }
	END
	cat >rspamd/conf/local.d/antivirus.conf <<-END
		ours {
		  type = "clamav"; servers = "$SOCKET"; symbol = "OUR_VIRUS";
		  action = "reject"; scan_mime_parts = false;
		}
	END
	rspamd -f -i --var=LOCAL_CONFDIR="$D/rspamd/conf" \
	    --var=DBDIR="$D/rspamd/db" --var=RUNDIR="$D/rspamd/run" \
	    --var=LOGDIR="$D/rspamd/log" >rspamd.log 2>&1 3>&- &
	OTHERS+=($!)
	alive() { rspamc -h "127.0.0.1:$port" -t 5 symbols good >verdict 2>&1 &&
	    grep -q '^Action' verdict; }
	wait_for 180 alive
	run -1 grep OUR_VIRUS verdict
	rspamc -h "127.0.0.1:$port" symbols bad >verdict
	grep -q 'Action: reject' verdict
	grep -q 'OUR_VIRUS.*Test.Eicar.UNOFFICIAL' verdict
}
