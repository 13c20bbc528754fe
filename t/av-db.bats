# av-db: databases for av-scand.
load lib.bash

setup() {
	common_setup
	S=$D/src
	mkdir "$S"
	printf 'hello, this is a virus body of a test\n' >victim
	size=$(stat -c %s victim)
	md5=$(md5sum <victim | cut -c 1-32)
	sha1=$(sha1sum <victim | cut -c 1-40)
	sha256=$(sha256sum <victim | cut -c 1-64)
	body=$(printf 'virus body' | od -An -tx1 | tr -d ' \n')
}

# hash FILE LINE...: lines of a file in the source.
lines() {
	local file=$1
	shift
	printf '%s\n' "$@" >"$S/$file"
}

# name EXTENSION LINE: the name that the table has for what the line is about.
name() {
	printf '%s\n' "$2" >asked
	"$B/tool/lookup" db/pimail.hashes "$1" names <asked
}

# clam DIRECTORY FILE: the name by which ClamAV finds the file, or nothing.
clam() {
	clamscan --no-summary --database="$1" "$2" |
	    sed -n 's/.*: \(.*\) FOUND$/\1/p'
}

# container FILE VERSION MEMBER...: one of these files in the source, with a
# header, and with contents that nobody has signed.
container() {
	local file=$1 version=$2 sum head
	shift 2
	head="21 Nov 2026 10-00 +0000:$version:$#:90"
	{
		echo "ClamAV-VDB:$head:X:X:me:1795000000"
		for member in "$@"; do
			echo "$member:$(stat -c %s "$S/$member"):$(
			    sha256sum <"$S/$member" | cut -c 1-64)"
		done
	} >"$S/x.info"
	tar --format=ustar -C "$S" -czf tgz x.info "$@"
	(cd "$S" && rm -f x.info "$@")
	sum=$(md5sum <tgz | cut -c 1-32)
	{
		printf '%-512s' "ClamAV-VDB:$head:$sum:abcdef:me:1795000000"
		cat tgz
	} >"$S/$file"
}

# nothing_left: no temporary directory is there.
nothing_left() {
	[ -z "$(find "$D" -maxdepth 1 -name 'db.new-*' -o \
	    -maxdepth 1 -name 'av-db-*')" ]
}

# tell FILE: names, sizes and sums of all files in a directory.
tell() {
	(cd "$1" && for f in *; do echo "$f $(cksum <"$f")"; done)
}

sanitized() {
	readelf -d "$B/av-db" | grep -q 'libasan'
}

@test "wrong usage is 111, and -o help tells the defaults" {
	run -111 --separate-stderr av-db
	[[ $stderr == 'usage: av-db '* ]]
	run -111 --separate-stderr av-db src
	run -111 --separate-stderr av-db -o profile=small src db
	[[ $stderr == *'neither mail nor full'* ]]
	run -111 av-db -o pua=perhaps src db
	run -111 av-db -o verify=0 src db
	run -0 av-db -o help
	[[ ${lines[0]} == profile=full* ]]
	[ ! -e db ]
}

@test "hashes of files are in the table, by the name that ClamAV reports" {
	for line in "$md5:$size:Test.Md5" "$sha1:$size:Test.Sha1" \
	    "$sha256:$size:Test.Sha256" "$sha256:*:Test.Any:73"; do
		lines x.hsb "$line"
		av-db "$S" db >out
		want=$(clam "$S" victim)
		[ -n "$want" ]
		[ "$(name .hsb "$line")" = "$want" ]
		# what ClamAV loads of the new directory has none of it
		run ! ls db/*.h[sd]b
	done
}

@test "hashes of sections are in the table, and only as those" {
	lines x.mdb "4096:$md5:Test.Section" "512:$sha1:Test.Other:51:300"
	av-db "$S" db >out
	[ "$(name .mdb "4096:$md5:x")" = Test.Section.UNOFFICIAL ]
	[ "$(name .mdb "512:$sha1:x")" = Test.Other.UNOFFICIAL ]
	[ "$(name .hdb "$md5:4096:x")" = - ]
	[ "$(name .mdb "4097:$md5:x")" = - ]
	grep -q '^section hashes: 2$' db/pimail.profile
}

@test "hashes of good files are libclamav's, and not in the table" {
	lines x.sfp "$sha256:$size:Good.File"
	lines x.ndb "Test.Body:0:*:$body"
	av-db "$S" db >out
	[ "$(name .hsb "$sha256:$size:x")" = - ]
	cmp "$S/x.sfp" db/local-x.sfp
	[ -z "$(clam db victim)" ]
}

@test "any size wants functionality level 73, as in ClamAV" {
	lines x.hsb "$sha256:*:Test.Any:72" "$sha1:$size:Test.Sha1"
	run -0 --separate-stderr av-db "$S" db
	[[ $stderr == *"x.hsb', line 1: "* ]]
	[ "$(name .hsb "$sha256:$size:x")" = - ]
	[ "$(name .hsb "$sha1:$size:x")" = Test.Sha1.UNOFFICIAL ]
}

@test "what is for another version of libclamav is left out" {
	lines x.hdb "$md5:$size:Test.Late:9999" "$sha1:$size:Test.Old:1:2" \
	    "$sha256:$size:Test.Now:1:9999"
	lines x.ndb "Test.Late:0:*:$body:9999"
	run -0 av-db "$S" db
	[ "$(name .hsb "$md5:$size:x")" = - ]
	[ "$(name .hsb "$sha1:$size:x")" = - ]
	[ "$(name .hsb "$sha256:$size:x")" = Test.Now.UNOFFICIAL ]
	[ ! -e db/local-body.ndb ]
}

@test "signatures of unwanted programs are taken with pua=yes only" {
	lines x.hdu "$md5:$size:Pua.Hash"
	lines x.msu "512:$sha256:Pua.Section"
	lines x.ndu "Pua.Body:0:*:$body"
	lines x.hdb "$sha1:$size:Test.Sha1"
	av-db "$S" db >out
	[ "$(name .hdb "$md5:$size:x")" = - ]
	[ "$(clam "$S" victim)" = Test.Sha1.UNOFFICIAL ]
	[ ! -e db/local-body.ndb ]
	av-db -o pua=yes "$S" db >out
	[ "$(name .hdb "$md5:$size:x")" = Pua.Hash.UNOFFICIAL ]
	[ "$(name .msb "512:$sha256:x")" = Pua.Section.UNOFFICIAL ]
	[ "$(clam db victim)" = Pua.Body.UNOFFICIAL ]
}

@test "a signature that is ignored is not in the table" {
	line="$md5:$size:Test.Md5"
	for ignore in Test.Md5 "x.hdb:1:Test.Md5" \
	    "Test.Md5:$(printf %s "$line" | md5sum | cut -c 1-32)"; do
		lines x.hdb "$line" "$sha1:$size:Test.Sha1"
		lines x.ign2 "$ignore"
		av-db "$S" db >out
		[ "$(name .hdb "$line")" = - ]
		[ "$(name .hdb "$sha1:$size:x")" = Test.Sha1.UNOFFICIAL ]
		cmp "$S/x.ign2" db/local-x.ign2
	done
	# not meant: another name, and another line of that name
	for ignore in Test.Md5.UNOFFICIAL Test.Md Test.Md55 \
	    "Test.Md5:$(md5sum <victim | cut -c 1-32)"; do
		lines x.hdb "$line"
		lines x.ign2 "$ignore"
		av-db "$S" db >out
		[ "$(name .hdb "$line")" = Test.Md5.UNOFFICIAL ]
		[ "$(clam "$S" victim)" = Test.Md5.UNOFFICIAL ]
	done
}

@test "the mail profile sets aside what is for native programs alone" {
	for target in 0 1 2 3 4 6 7 9 10; do
		echo "N.$target:$target:*:${body}0$((target % 10))"
	done >"$S/x.ndb"
	for target in 9 7 6 1 0; do
		echo "L.$target;Engine:81-255,Target:$target;0;$body"
	done >"$S/x.ldb"
	lines x.mdb "512:$md5:Test.Section"
	av-db "$S" db >out
	cut -d: -f 1 db/local-body.ndb >have
	printf 'N.%s\n' 0 1 2 3 4 6 7 9 10 | diff - have
	cut -d';' -f 1 db/local-body.ldb >have
	printf 'L.%s\n' 0 1 6 7 9 | diff - have
	grep -qx 'profile: full' db/pimail.profile
	av-db -o profile=mail "$S" db >out
	cut -d: -f 1 db/local-body.ndb >have
	printf 'N.%s\n' 0 2 3 4 7 10 | diff - have
	cut -d';' -f 1 db/local-body.ldb >have
	printf 'L.%s\n' 0 7 | diff - have
	grep -qx 'profile: mail' db/pimail.profile
	grep -q '^bodies (ndb)  *6  *3 ' out
	[ "$(name .mdb "512:$md5:x")" = Test.Section.UNOFFICIAL ]
}

@test "what remains is what ClamAV loads, and finds by the same names" {
	lines x.ndb "Test.Body:0:*:$body"
	lines x.ldb "Test.Logical;Engine:81-255,Target:0;0;$body"
	lines x.yar 'rule Test { strings: $a = "nowhere to be" condition: $a }'
	lines x.cdb 'Test.Container:CL_TYPE_ZIP:*:x\.exe:*:*:*:*:*:*'
	lines note.txt 'not for libclamav'
	lines empty.ndb '# a comment'
	[ -n "$(clam "$S" victim)" ]
	clam "$S" victim >want
	: >"$S/none.cdb"
	av-db "$S" db >out
	run -0 ls db
	[ "${lines[*]}" = "local-body.ldb local-body.ndb local-x.cdb \
local-x.yar pimail.hashes pimail.profile" ]
	clam db victim | diff want -
}

@test "types of files are left out: they switch off those built in" {
	lines x.ndb "Test.Body:0:*:$body"
	cat >mail <<-EOF
		From: alice@example.net
		MIME-Version: 1.0
		Content-Type: application/octet-stream; name=x.bin
		Content-Transfer-Encoding: base64

		$(base64 <victim)
	EOF
	[ "$(clam "$S" mail)" = Test.Body.UNOFFICIAL ]
	lines x.ftm '0:0:7878787878787878:Test:CL_TYPE_ANY:CL_TYPE_BINARY_DATA'
	[ -z "$(clam "$S" mail)" ]
	run -0 --separate-stderr av-db "$S" db
	[[ $stderr == *"x.ftm' is left out: "* ]]
	[ "$(clam db mail)" = Test.Body.UNOFFICIAL ]
}

@test "a container that cannot be verified is refused" {
	for file in x.cvd x.cld x.cud; do
		lines x.hdb "$md5:$size:Test.Md5"
		container $file 7 x.hdb
		run -111 --separate-stderr av-db "$S" db
		[[ $stderr == *"$file': "*'-o verify=no'* ]]
		[ ! -e db ]
		rm "$S/$file"
	done
	nothing_left
}

# libclamav leaks a little when it refuses a .cld, which the sanitizer tells.
@test "verify=no takes it, says so, and does not call it official" {
	export ASAN_OPTIONS=detect_leaks=0
	for file in x.cvd x.cld x.cud; do
		lines x.hdb "$md5:$size:Test.Md5"
		lines x.ndb "Test.Body:0:*:$body"
		container $file 7 x.hdb x.ndb
		run -0 --separate-stderr av-db -o verify=no "$S/$file" db
		[[ $stderr == *"warning: '$S/$file': "*' for -o verify=no'* ]]
		[ "$(name .hdb "$md5:$size:x")" = Test.Md5.UNOFFICIAL ]
		[ "$(clam db victim)" = Test.Body.UNOFFICIAL ]
	done
	nothing_left
}

@test "a container that is none is refused with verify=no, too" {
	head -c 5000 /dev/urandom >"$S/x.cvd"
	run -111 av-db -o verify=no "$S" db
	lines x.hdb "$md5:$size:Test.Md5"
	container x.cvd 7 x.hdb
	head -c 600 "$S/x.cvd" >cut
	mv cut "$S/x.cvd"
	run -111 av-db -o verify=no "$S" db
	[ ! -e db ]
	nothing_left
}

@test "of a .cvd and its .cld only the newer one counts" {
	lines x.hdb "$md5:$size:Test.Old"
	container x.cvd 7 x.hdb
	lines x.hdb "$sha1:$size:Test.New"
	container x.cld 8 x.hdb
	ASAN_OPTIONS=detect_leaks=0 av-db -o verify=no "$S" db >out
	[ "$(name .hdb "$md5:$size:x")" = - ]
	[ "$(name .hdb "$sha1:$size:x")" = Test.New.UNOFFICIAL ]
}

# No container of our own can be verified: a library between av-db and libclamav
# says of all of them that they are.
@test "what was verified is official: name, file and version" {
	! sanitized || skip "the sanitizer must be the first library"
	cat >yes.c <<-'EOF'
		#define _GNU_SOURCE
		#include <clamav.h>
		#include <dlfcn.h>
		cl_error_t cl_cvdverify(const char *file)
		{
			(void)file;
			return CL_SUCCESS;
		}
		cl_error_t cl_cvdunpack(const char *f, const char *d, bool no)
		{
			cl_error_t (*real)(const char *, const char *, bool);
			*(void **)&real = dlsym(RTLD_NEXT, "cl_cvdunpack");
			return real(f, d, no || 1);
		}
	EOF
	cc -shared -fPIC -o yes.so yes.c -ldl
	lines x.hdb "$md5:$size:Test.Md5"
	lines x.ndb "Test.Body:0:*:$body"
	lines x.cdb 'Test.Container:CL_TYPE_ZIP:*:x\.exe:*:*:*:*:*:*'
	container daily.cld 27000 x.hdb x.ndb x.cdb
	lines 1.cbc 'ClamBC'
	container bytecode.cvd 335 1.cbc
	cp "$S/bytecode.cvd" bytecode
	lines x.ndb "Local.Body:0:*:$body"
	LD_PRELOAD=$D/yes.so av-db "$S" db >out
	[ "$(name .hdb "$md5:$size:x")" = Test.Md5 ]
	grep -qx "Test.Body:0:\*:$body" db/official-body.ndb
	grep -qx "Local.Body:0:\*:$body" db/local-body.ndb
	[ -f db/official-x.cdb ]
	# programs are run from a signed container only, so it is kept
	cmp bytecode db/official-bytecode.cvd
	grep -qx 'version: 27000' db/pimail.profile
	grep -qx 'built: 1795000000' db/pimail.profile
}

@test "bytecode that is not in a signed container is left out" {
	lines 1.cbc 'ClamBC'
	lines x.hdb "$md5:$size:Test.Md5"
	run -0 --separate-stderr av-db "$S" db
	[[ $stderr == *"1.cbc' is left out: "* ]]
	run ! ls db/*.cbc
}

@test "a line that is wrong is named, counted and left out" {
	long=$(head -c 40000 /dev/zero | tr '\0' a)
	lines x.hdb "$md5:$size:Test.Md5" "$md5:$size" "$md5:-1:x" 'x:1:y' \
	    "$sha1:0:Null" "$long" '# comment' '' "$sha256:$size:Test.Sha256"
	printf '%s' "$sha1:$size:Test.Last" >>"$S/x.hdb"
	lines x.ndb "Test.Body:0:*:$body" 'Test.Wrong:x:*:00' 'nothing'
	lines x.ldb "L;Engine:81-255,Target:0;0;$body" 'L;Engine:1;0;00'
	lines x.ign2 'Other' 'a:b:c:d'
	run -0 --separate-stderr av-db "$S" db
	grep -q '^hashes of files  *3 .* 5$' <<<"$output"
	grep -q '^bodies.*  *1 .* 2$' <<<"$output"
	for place in "x.hdb', line 2" "x.hdb', line 3" "x.hdb', line 4" \
	    "x.hdb': there are more" "x.ndb', line 2" "x.ldb', line 2" \
	    "x.ign2', line 2"; do
		[[ $stderr == *"$place"* ]]
	done
	[[ $stderr != *"x.hdb', line 5"* ]]
	[ "$(name .hdb "$sha1:$size:x")" = Test.Last.UNOFFICIAL ]
	[ "$(name .hdb "$sha256:$size:x")" = Test.Sha256.UNOFFICIAL ]
	[ "$(cat db/local-x.ign2)" = Other ]
	[ -n "$(clam db victim)" ]
}

@test "a file of which nothing is right is an error" {
	lines x.hdb "$md5:$size:Test.Md5"
	for file in y.hdb y.mdb y.fp y.ndb y.ldb; do
		lines $file 'a:b' 'c'
		run -111 --separate-stderr av-db "$S" db
		[[ $stderr == *"$file': no line of it is a signature"* ]]
		rm "$S/$file"
	done
	[ ! -e db ]
	nothing_left
}

@test "sources are directories and files; what is neither is refused" {
	lines x.hdb "$md5:$size:Test.Md5"
	mkdir other
	printf '%s\n' "$sha1:$size:Test.Sha1" >other/x.hdb
	printf '%s\n' 'A:0:*:00112233' >one.ndb
	lines x.yar 'rule A { condition: false }'
	cp "$S/x.yar" other
	av-db "$S" other one.ndb db >out
	[ "$(name .hdb "$md5:$size:x")" = Test.Md5.UNOFFICIAL ]
	[ "$(name .hdb "$sha1:$size:x")" = Test.Sha1.UNOFFICIAL ]
	[ -f db/local-body.ndb ]
	# of one name, and nothing is lost
	[ -f db/local-x.yar ]
	[ -f db/local-2-x.yar ]
	mkdir none
	run -111 av-db none new
	run -111 av-db nowhere new
	run -111 av-db victim new
	run -111 --separate-stderr av-db db new
	[[ $stderr == *'was made by av-db'* ]]
	[ ! -e new ]
	nothing_left
}

@test "a directory that av-db did not make is not replaced" {
	lines x.hdb "$md5:$size:Test.Md5"
	mkdir db
	run -111 --separate-stderr av-db "$S" db
	[[ $stderr == *"has no 'pimail.profile'"* ]]
	rmdir db
	av-db "$S" db >out
	echo mine >db/local.ndb
	run -111 --separate-stderr av-db "$S" db
	[[ $stderr == *"'db/local.ndb' is not ours"* ]]
	[ "$(cat db/local.ndb)" = mine ]
	run -111 av-db "$S" victim
	ln -s db link
	run -111 av-db "$S" link
	run -111 av-db "$S" "$S"
	run -111 av-db "$S" nowhere/db
	[ -f "$S/x.hdb" ]
	nothing_left
}

@test "all may read the new directory, and a slash at its end is nothing" {
	lines x.hdb "$md5:$size:Test.Md5"
	lines x.ndb "Test.Body:0:*:$body"
	(umask 077 && av-db "$S" db/) >out
	[ "$(stat -c %a db)" = 755 ]
	[ -z "$(find db -type f ! -perm 644)" ]
}

@test "a reader sees the old directory or the new one" {
	lines x.hdb "$md5:$size:Test.Md5"
	av-db "$S" db >out
	(
		for _ in 1 2 3 4 5 6 7 8; do
			av-db -o profile=mail "$S" db || exit
			av-db "$S" db || exit
		done >out
		touch done
	) &
	local seen=0
	while [ ! -e done ]; do
		exec 4<db
		grep -q '^files: ' /proc/self/fd/4/pimail.profile || [ ! -e \
		    /proc/self/fd/4/pimail.profile ]
		[ -f db/pimail.profile ]
		exec 4<&-
		seen=$((seen + 1))
		kill -0 $! || break
	done
	wait $!
	[ $seen -gt 10 ]
	nothing_left
}

@test "a failure leaves nothing behind and the old directory as it was" {
	lines x.hdb "$md5:$size:Test.Md5"
	av-db "$S" db >out
	tell db >before
	lines y.ndb 'wrong'
	run -111 av-db "$S" db
	rm "$S/y.ndb"
	run -111 --separate-stderr bash -c 'av-db "$1" db >/dev/full' - "$S"
	[[ $stderr == *'standard output'* ]]
	run -111 bash -c 'av-db "$1" db >&-' - "$S"
	run -111 env TMPDIR="$D/nowhere" av-db "$S" db
	tell db | diff before -
	nothing_left
}

@test "a signal ends it, and nothing is left" {
	lines x.hdb "$md5:$size:Test.Md5"
	av-db "$S" db >out
	tell db >before
	"$B/tool/avgen" "$S" 400000 10 10
	for signal in TERM INT HUP; do
		# bash starts it with SIGINT ignored otherwise
		perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' av-db "$S" db \
		    >out 2>err &
		pid=$!
		wait_for 10 eval 'ls -d av-db-* >seen 2>&1'
		kill -s $signal $pid
		rc=0
		wait $pid || rc=$?
		[ $rc = 111 ]
		tell db | diff before -
		nothing_left
	done
}

@test "if the child is killed the parent removes what is left" {
	"$B/tool/avgen" "$S" 400000 10 10
	av-db "$S" db >out 2>err &
	pid=$!
	wait_for 10 pgrep -P $pid
	kill -s KILL "$(pgrep -P $pid)"
	rc=0
	wait $pid || rc=$?
	[ $rc = 111 ]
	grep -q 'ended by signal 9' err
	[ ! -e db ]
	nothing_left
}

@test "what a run left that was killed is removed by the next one" {
	lines x.hdb "$md5:$size:Test.Md5"
	mkdir db.new-abc123 db.new-abc1234 other.new-abc123
	echo x >db.new-abc123/pimail.hashes
	av-db "$S" db >out
	[ ! -e db.new-abc123 ]
	[ -d db.new-abc1234 ]
	[ -d other.new-abc123 ]
}

@test "two do not work on one place" {
	lines x.hdb "$md5:$size:Test.Md5"
	exec 4<.
	flock 4
	run -111 --separate-stderr av-db "$S" db
	[[ $stderr == *'another one is at work'* ]]
	exec 4<&-
	av-db "$S" db >out
}

@test "a full disk leaves the old directory as it was" {
	[ "$(id -u)" = 0 ] || skip "only root can mount a small disk"
	mkdir small
	mount -t tmpfs -o size=300k tmpfs small || skip "cannot mount a tmpfs"
	lines x.hdb "$md5:$size:Test.Md5"
	rc=0
	{
		av-db "$S" small/db >out &&
		    tell small/db >before &&
		    "$B/tool/avgen" "$S" 40000 0 0 || rc=1
		code=0
		av-db "$S" small/db 2>err || code=$?
		tell small/db | diff before - || rc=1
		left=$(ls -A small)
	} || rc=1
	umount small
	[ $rc = 0 ]
	[ $code = 111 ]
	grep -q 'No space left on device' err
	[ "$left" = db ]
}

@test "memory is for the table alone, not for the files" {
	! sanitized || skip "the sanitizer wants memory of its own"
	"$B/tool/avgen" "$S" 500000 1000 1000
	(ulimit -d 40000 && av-db "$S" db) >out
	grep -q '^section hashes: 2' db/pimail.profile
	# 12 octets, and the name
	[ "$(stat -c %s db/pimail.hashes)" -lt $((500000 * 20)) ]
}

@test "the estimate of memory is told, by profile" {
	"$B/tool/avgen" "$S" 20000 2000 1000
	av-db -o profile=mail "$S" db >out
	read -r now before full mail < <(sed -n \
	    's/^memory, about: \([0-9]*\) MB (sources as they are \([0-9]*\), profile=full \([0-9]*\), profile=mail \([0-9]*\))$/\1 \2 \3 \4/p' out)
	[ "$now" = "$mail" ]
	[ "$mail" -lt "$full" ]
	[ "$full" -lt "$before" ]
}
