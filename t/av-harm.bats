# Messages that hurt, and the four traps of libclamav: never "clean" for what
# was not looked at.
load lib.bash
load av.bash

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/harm"
	python3 "$BATS_TEST_DIRNAME/avharm.py" "$BATS_FILE_TMPDIR/harm"
}

setup() {
	common_setup
	HARM=$BATS_FILE_TMPDIR/harm
	desk='' mounted=''
	database db
}

teardown() {
	[ -z "$desk" ] || kill "$desk"
	[ -z "$desk" ] || wait "$desk" || :
	[ -z "$mounted" ] || umount "$mounted"
}

desk() { # [OPTION...]
	av-scand -d db "$@" clamd.sock 2>desk.log 3>&- &
	desk=$!
	wait_for 30 clamd_answers
}

# scan FILE: the exit status and what is printed for it by name.
scan() {
	run --separate-stderr av-scan -s clamd.sock "$1"
}

# memory: the most that desk, engine and scanners have had, in KB.
memory() {
	local pid sum=0
	for pid in $desk $(pgrep -P "$desk") $(pgrep -P "$(pgrep -P "$desk")"); do
		sum=$((sum + $(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' \
		    "/proc/$pid/status")))
	done
	echo "$sum"
}

@test "what goes past a limit is deferred, and said to be a limit" {
	desk -o scanners=1
	for name in bomb stream archives messages multiparts files parts \
	    boundaries; do
		echo "$name"
		scan "$HARM/$name.eml"
		[ "$status" = 111 ]
		[[ $output == *"$name.eml: "*' LIMIT'* ]]
		run -111 av-scan -s clamd.sock <"$HARM/$name.eml"
	done
	for name in fine runs; do
		scan "$HARM/$name.eml"
		[ "$status" = 0 ]
	done
	# one scanner took it all: nothing that hurts killed it
	run ! grep -q 'scanner' desk.log
}

@test "a limit may be a reason to tag, or to reject" {
	desk
	run -100 --separate-stderr av-scan -s clamd.sock -o on-limit=reject \
	    <"$HARM/archives.eml"
	av-scan -s clamd.sock -o on-limit=tag <"$HARM/archives.eml" >out
	grep -q '^X-Virus-Status: Limit (Heuristics.Limits' out
}

@test "an attachment of 100 MB is too much for one limit, not for another" {
	desk -o scanners=1
	scan "$HARM/large.eml"
	[ "$status" = 111 ]
	kill "$desk"
	wait "$desk"
	desk -o scanners=1 -o stream=200M -o file-size=200M -o temp=512M \
	    -o scan-memory=1G
	scan "$HARM/large.eml"
	[ "$status" = 0 ]
	# the sanitizer has a shadow of all memory
	readelf -d "$B/av-scand" | grep -q libasan || [ "$(memory)" -lt 900000 ]
}

# over FILE SIZE: a zip of a file of 2 MB with the string of EICAR at its end,
# which says that it has SIZE octets.
over() {
	python3 - "$(eicar)" "$@" <<-'EOF'
		import io, struct, sys, zipfile
		eicar, path, size = sys.argv[1:]
		out = io.BytesIO()
		with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
		    archive.writestr("z.bin", bytes(2000000) + eicar.encode())
		data = bytearray(out.getvalue())
		struct.pack_into("<I", data, data.index(b"PK\3\4") + 22, int(size))
		struct.pack_into("<I", data, data.index(b"PK\1\2") + 24, int(size))
		open(path, "wb").write(data)
	EOF
}

@test "a member of an archive that is too large is a limit, whatever it says" {
	over true.zip 2000068
	over lie.zip 100
	desk -o scanners=1
	for file in true.zip lie.zip; do
		scan "$file"
		[ "$status" = 100 ]
	done
	kill "$desk"
	wait "$desk"
	desk -o scanners=1 -o file-size=1M
	for file in true.zip lie.zip; do
		scan "$file"
		[ "$status" = 111 ]
		[[ $output == *MaxFileSize* ]]
	done
}

@test "a member of an archive counts by its name, unpacked or not" {
	desk -o scanners=1
	mkdir in
	printf 'tiny' >in/invoice.pdf.exe
	cp in/invoice.pdf.exe in/photo.lnk
	zip -q -r one.zip in
	zip -q two.zip one.zip
	scan two.zip
	[[ $output == *'executable (invoice.pdf.exe)'* ]]
	[[ $output == *'link (photo.lnk)'* ]]
	[ "$(grep -o '(' <<<"$output" | wc -l)" = 2 ]
	zip -q -P secret -r locked.zip in
	printf 'reject executable\n' >policy
	scan locked.zip
	[ "$status" = 0 ]
	[[ $output == *'encrypted (invoice.pdf.exe)'* ]]
	run -100 av-scan -s clamd.sock -o attachments=policy locked.zip
}

@test "kinds of attachments are told by their content, also in an archive" {
	desk -o scanners=1
	python3 - <<-'EOF'
		import struct, zipfile
		# an OLE file that holds nothing but the directory of a VBA project
		def entry(name, kind, child):
		    name = name.encode("utf-16le") + b"\0\0"
		    return (name.ljust(64, b"\0") + struct.pack("<HBBIII",
		        len(name), kind, 1, 0xffffffff, 0xffffffff, child)
		        + bytes(36) + struct.pack("<IQ", 0xfffffffe, 0))
		head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
		head += struct.pack("<5H", 0x3e, 3, 0xfffe, 9, 6) + bytes(6)
		head += struct.pack("<10I", 0, 1, 1, 0, 4096, 0xfffffffe, 0,
		    0xfffffffe, 0, 0) + b"\xff" * 432
		ole = head + struct.pack("<II", 0xfffffffd, 0xfffffffe)
		ole = ole.ljust(1024, b"\xff") + entry("Root Entry", 5, 1)
		ole += entry("VBA", 1, 2) + entry("_VBA_PROJECT", 2, 0xffffffff)
		ole = ole.ljust(1536, b"\0")
		open("old", "wb").write(ole)
		with zipfile.ZipFile("new", "w") as f:
		    f.writestr("[Content_Types].xml", "<x/>")
		    f.writestr("word/vbaProject.bin", ole)
		with zipfile.ZipFile("all.zip", "w") as f:
		    f.writestr("disk", bytes(32769) + b"CD001" + bytes(30000))
		    f.writestr("script", "#!/bin/sh\necho hello\n")
		    f.writestr("link", struct.pack("<I", 76) + bytes.fromhex(
		        "0114020000000000c000000000000046") + bytes(60))
		    f.writestr("plain", "hello, nothing to see here\n")
	EOF
	scan old
	[ "$output" = 'old: OK macro (old)' ]
	scan new
	[[ $output == *'macro (vbaProject.bin)'* ]]
	scan all.zip
	[ "$output" = 'all.zip: OK disk (disk), script (script), link (link)' ]
}

@test "what was scanned once is looked at again" {
	desk -o scanners=1
	printf 'MZ not much of a program' >tool.exe
	zip -q tool.zip tool.exe
	for _ in 1 2; do
		scan tool.zip
		[ "$status" = 0 ]
		[[ $output == *'executable (tool.exe)'* ]]
	done
}

@test "an archive that is cut is scanned as far as it goes" {
	desk
	eicar >eicar.txt
	head -c 100000 /dev/urandom >noise
	zip -q -0 cut.zip eicar.txt noise
	head -c 50000 cut.zip >half.zip
	scan half.zip
	[ "$status" = 100 ]
	[[ $output == *'Test.Eicar'* ]]
}

@test "a pipe as input is read, not taken for empty" {
	desk
	infected mail.eml CRLF
	python3 - >said <<-'EOF'
		import array, os, socket
		mail = open("mail.eml", "rb").read()
		for command in (b"zFILDES\0", b"zEXAMINE\0", b"zMESSAGE\0"):
		    read, write = os.pipe()
		    os.write(write, mail)
		    os.close(write)
		    s = socket.socket(socket.AF_UNIX)
		    s.connect("clamd.sock")
		    s.sendall(command)
		    s.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
		        array.array("i", [read]))])
		    os.close(read)
		    said = b""
		    while not said.endswith(b"\0"):
		        more = s.recv(4096)
		        if not more:
		            break
		        said += more
		    print(said)
	EOF
	[ "$(grep -c 'Test.Eicar' said)" = 3 ]
}

@test "a list of file types of somebody's own switches nothing off" {
	printf '0:0:4d5a:Own:CL_TYPE_ANY:CL_TYPE_MSEXE\n' >db/own.ftm
	desk
	grep -q "warning: 'own.ftm' is left out" desk.log
	infected mail.eml CRLF
	scan mail.eml
	[ "$status" = 100 ]
}

@test "a message is seen as one behind header fields that nobody knows" {
	desk
	infected mail.eml CRLF
	{
		printf 'X-Unheard-Of: a\r\nSomething-Else: b\r\nAnd-More: c\r\n'
		sed 's/^Content-Type: multi/CONTENT-TYPE: multi/;/^From:/d' \
		    mail.eml | sed '/^Subject:/d'
	} >odd.eml
	scan odd.eml
	[ "$status" = 100 ]
	run -100 av-scan -s clamd.sock <odd.eml
	run -1 clamdscan -c <(printf 'LocalSocket %s\n' "$D/clamd.sock") \
	    --fdpass odd.eml
}

@test "a scan that takes too long is no clean message" {
	desk -o time=1
	scan "$HARM/bomb.eml"
	[ "$status" = 111 ]
	[[ $output != *' OK'* ]]
}

@test "a full directory for temporary files is an error, at the start and later" {
	[ "$(id -u)" = 0 ] || skip "only root can mount a small file system"
	mkdir small
	mount -t tmpfs -o size=80m tmpfs small
	mounted=$D/small
	run -111 --separate-stderr env TMPDIR="$D/small" av-scand -d db \
	    -o scanners=1 -o temp=100M other.sock
	[[ $stderr == *'small'* ]]
	export TMPDIR=$D/small
	desk -o scanners=1 -o temp=64M
	export TMPDIR=$D
	infected mail.eml CRLF
	scan mail.eml
	[ "$status" = 100 ]
	head -c 60000000 /dev/zero >small/fill
	scan mail.eml
	[ "$status" = 111 ]
	rm small/fill
	scan mail.eml
	[ "$status" = 100 ]
	kill "$desk"
	wait "$desk"
	desk=
	[ -z "$(ls small)" ]
}

@test "an encrypted archive is told of, and is no reason to refuse" {
	desk
	eicar >eicar.txt
	zip -q -P secret locked.zip eicar.txt
	infected mail.eml CRLF
	python3 - <<-'EOF'
		import base64
		data = base64.encodebytes(open("locked.zip", "rb").read())
		open("locked.eml", "wb").write(
		    b"Subject: x\r\nMIME-Version: 1.0\r\n"
		    b"Content-Type: application/zip; name=locked.zip\r\n"
		    b"Content-Transfer-Encoding: base64\r\n\r\n"
		    + data.replace(b"\n", b"\r\n"))
	EOF
	av-scan -s clamd.sock <locked.eml >out
	grep -q '^X-Virus-Policy: .*encrypted' out
}
