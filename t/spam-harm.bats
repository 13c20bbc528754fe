# Messages and rules that hurt: what comes of them is a score, in bounded time
# and memory, and their octets stay as they are.
load lib.bash

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/harm"
	python3 "$BATS_TEST_DIRNAME/spamharm.py" "$BATS_FILE_TMPDIR/harm"
}

setup() {
	common_setup
	HARM=$BATS_FILE_TMPDIR/harm
	stage=
	mkdir bombs
	cat >bombs/local.cf <<-'E'
		body STARS /(a*)*b/
		body PLUSES /(a+)+$/
		body EITHER /(?:a|aa)+c/
		body TWICE /(.*)*x\1y/
		body MAYBE /(?:a?){30}a{30}c/
		body WORDS /^(([a-z])+.)+[A-Z]([a-z])+$/
		rawbody RAW /(x+x+)+y/
		rawbody BLANKS /(\s*)*z/
		full FULL /(?:\w+\s*)+=/s
		full DOTS /.*.*.*q0/s
		full THREE /a+b+c+9/
		full NUL /(\0*)*\x01\x02\x03/
		header SUBJECT Subject =~ /(a*)*b/
		header NOT Subject !~ /(a+)+b/
		header HEADER ALL =~ /(?:.*\n)*zzz/
		header FROM From =~ /(?:<*)*@@/
		uri LINK /(.*)*(.*)*9/
		mimeheader PART Content-Type =~ /(?:[^;]*;*)*zz/
		mimeheader ALLPART ALL =~ /((.+)+\n)+zz/
		meta LAST 1
	E
}

teardown() {
	exec 9>&-
	[ -z "$stage" ] || kill "$stage" 2>/dev/null || :
	[ -z "$stage" ] || wait "$stage" || :
}

sanitized() {
	readelf -d "$B/spam-score" | grep -q libasan
}

# begin OPTION...: the stage in the background; what is written to descriptor
# 9 it reads, what it says is in out and log.
begin() {
	mkfifo pipe
	spam-score -m none -o reputation=none "$@" <pipe >>out 2>log 3>&- &
	stage=$!
	exec 9>pipe
}

# end STATUS: no more comes; it ends with that.
end() {
	local status=0
	exec 9>&-
	wait "$stage" || status=$?
	stage=
	[ "$status" = "$1" ]
}

answers() { # COUNT: so many frames came out
	[ "$(grep -ac '^end: ' out)" -ge "$1" ]
}

# most PID: the most memory that it has had, in KB.
most() {
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}

# same FILE: the one frame in out holds it, with our fields on top.
same() {
	mail-frame -x <out | perl -0777 -pe \
	    's/\AX-Spam-.*?\tversion=pimail-[\d.]+\r?\n//s' | cmp - "$1"
}

@test "each message that hurts has a score, in the time it may take" {
	run --separate-stderr spam-score -m none -o reputation=none -o time=20 \
	    "$HARM"/*.eml
	printf '%s\n' "$output" >said
	[ "$status" = 0 ] || [ "$status" = 99 ]
	[ -z "$stderr" ]
	[ "$(wc -l <said)" = "$(ls "$HARM" | wc -l)" ]
	run -1 grep -vE \
	    ': -?[0-9.]+ (Yes|No) [A-Za-z0-9_,]+( cut=(size|steps|time))?$' said
	# and what was left out is told of
	for name in tag large-text one-line parts fields; do
		grep -q "/$name.eml: .* cut=" said
	done
}

@test "one child of bounded memory scores them all, and octets stay" {
	begin -o time=20
	count=0
	for file in "$HARM"/*.eml; do
		frame "$file" >&9
		count=$((count + 1))
		wait_for 60 answers 1
		echo "$file"
		[ "$(mail-frame -c <out | cut -f 3)" = pass ]
		same "$file"
		child=${child:-$(pgrep -P "$stage")}
		: >out
	done
	[ "$count" -gt 80 ]
	[ "$(pgrep -P "$stage")" = "$child" ]
	# the sanitizer has a shadow of all memory
	if ! sanitized; then
		[ "$(most "$stage")" -lt 100000 ]
		# 256 MB of its own, and an attachment of 140 MB that others hold
		[ "$(most "$child")" -lt 420000 ]
	fi
	end 0
	[ ! -s log ]
}

@test "with little memory some have no score, and each has an answer" {
	! sanitized || skip "the sanitizer has no such limit"
	for name in fields froms nul charsets received letters elements; do
		frame "$HARM/$name.eml"
	done >f
	message m 3000
	frame m >>f
	run --separate-stderr sh -c \
	    'spam-score -m none -o reputation=none -o memory=32M <f >out'
	mail-frame -c <out | cut -f 3 >verdicts
	[ "$(wc -l <verdicts)" = 8 ]
	run -1 grep -vxE 'pass|defer 451 4.3.0 Cannot look for spam now' verdicts
	[ "$(tail -n 1 verdicts)" = pass ]
	run ! grep -vE '^spam-score: fatal: out of memory$|the scorer died' \
	    <<<"$stderr"
}

@test "patterns that explode are given up, and those behind them are asked" {
	for name in line0 line1 letters blanks caps received words; do
		run --separate-stderr spam-score -m none -o reputation=none \
		    -c bombs -o time=30 "$HARM/$name.eml"
		echo "$output"
		[ "$status" != 111 ]
		[[ $output == *LAST* ]]
		[[ $output != *cut=time ]]
	done
	run -0 --separate-stderr spam-score -m none -o reputation=none \
	    -c bombs -o time=30 -t 100 "$HARM/letters.eml"
	[[ $output == *' cut=steps' ]]
}

@test "with patterns that explode each message has its answer in time" {
	begin -c bombs -o time=0.5
	for file in "$HARM"/*.eml; do
		: >out
		frame "$file" >&9
		wait_for 30 answers 1
		echo "$file"
		[ "$(mail-frame -c <out | cut -f 3)" = pass ]
		same "$file"
	done
	end 0
	[ ! -s log ]
}

@test "text in every charset, and in none that there is, is scored" {
	run --separate-stderr spam-score -m none -o reputation=none \
	    "$HARM/charsets.eml" "$HARM/charsets-subject.eml"
	[ "$status" != 111 ]
	[ "${#lines[@]}" = 2 ]
	# one by one, of those that everybody knows
	printf 'body CAFE /caf\\xc3\\xa9/\n' >bombs/local.cf
	for charset in utf-8 iso-8859-1 windows-1252 utf-16le utf-7 ibm850 \
	    macintosh; do
		{
			printf 'Subject: x\nMIME-Version: 1.0\nContent-Type: '
			printf 'text/plain; charset=%s\n' "$charset"
			printf 'Content-Transfer-Encoding: base64\n\n'
			printf 'un café noir\n' | iconv -f utf-8 -t "$charset" |
			    base64
		} >m
		run -0 --separate-stderr spam-score -m none -o reputation=none \
		    -c bombs m
		echo "$charset: $output"
		[ "$output" = 'm: 1.000 No CAFE' ]
	done
}

@test "a large attachment is not read for rules about text" {
	printf 'body BIG /./\nfull FULL /./\nbody HELLO /hello/\n' \
	    >bombs/local.cf
	run -0 --separate-stderr spam-score -m none -o reputation=none \
	    -c bombs -o time=5 "$HARM/large.eml"
	[[ $output == *'FULL,HELLO'* ]]
	[[ $output != *cut=time* ]]
}

@test "rules of every kind of nonsense are noted, and good ones work" {
	{
		printf 'body A /(/\nbody B /a{99999}/\nbody C /(?{ die })/\n'
		printf 'body D /(?R)/\nbody E /(?:(?1)|(a(?1)))/\nmeta F F && F\n'
		printf 'meta G H\nmeta H G\nmeta I '
		printf '(%.0s' $(seq 10000)
		printf '1\nmeta J 1%s\n' "$(printf ' + 1%.0s' $(seq 10000))"
		printf 'body K /%s/\n' "$(head -c 100000 /dev/zero | tr '\0' a)"
		printf 'replace_tag X <X><X>\nbody L /<X>/\nreplace_rules L\n'
		head -c 100000 /dev/urandom
		printf '\nbody GOOD /hello/\n'
	} >bombs/local.cf
	printf 'Subject: x\n\nhello\n' >m
	run --separate-stderr spam-score -m none -o reputation=none -c bombs m
	[ "$status" != 111 ]
	[[ $output == *GOOD* ]]
	run -100 --separate-stderr spam-rules -c bombs
}
