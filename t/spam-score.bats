load lib.bash
load dns.bash

setup() {
	common_setup
	PATH=$B/tool:$PATH
	STARTED=()
	export LC_ALL=C
	unset LANGUAGE
	mkdir rules
	cat >rules/local.cf <<-'E'
		util_rb_tld example
		body CHEAP /cheap watches/i
		describe CHEAP Sells watches
		score CHEAP 6.5
		header HELLO Subject =~ /^hello (\w+)/
		score HELLO -1.25
		uri SHOP /shop\.example/
		score SHOP 0.004
		# takes longer than anybody waits
		full SLOW /(?=(q+))\1*9/
		full SLOWER /(?=(q+))\1*8/
	E
	letter 'hello bob' 'see you on monday' >ham
	letter 'offer' 'Buy cheap watches: http://www.shop.example/x' >spam
	score='spam-score -c rules -m none -o reputation=none'
}

teardown() {
	dns_teardown
	exec 9>&-
}

# letter SUBJECT TEXT [FIELD...]: a message.
letter() {
	printf '%s\n' "${@:3}" 'From: Alice <alice@mail.example>' \
	    'To: bob@b.example' "Subject: $1" \
	    'Date: Sat, 21 Nov 2026 10:00:00 +0000' \
	    'Message-ID: <1@mail.example>' '' "$2" | sed '1{/^$/d}'
}

# slow: a message for the rules that take long.
slow() {
	letter slow ''
	for _ in $(seq 100); do
		head -c 20000 /dev/zero | tr '\0' q
		echo
	done
}

# many: a message of lines that each take the pattern of MANY many steps.
many() {
	letter many ''
	for n in $(seq 4000); do
		printf 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvw%d\n\n' \
		    "$n"
	done
}

# mk FILE FIELD...: a frame of a message with these fields.
mk() {
	python3 - "$@" <<-'E'
		import sys, zlib
		message = open(sys.argv[1], "rb").read()
		out = b"pimail 1\nid: t1\n"
		for field in sys.argv[2:]:
		    out += field.encode("utf-8", "surrogateescape") + b"\n"
		out += b"size: %d\n\n" % len(message) + message
		out += b"verdict: pass\n"
		sys.stdout.buffer.write(out + b"end: %08x\n" % zlib.crc32(out))
	E
}

# stage [OPTION...]: the stage with our rules.
stage() {
	$score "$@"
}

# below: standard input without the fields on top that are ours.
below() {
	perl -0777 -pe 's/\A(?:X-Spam-[^\n]*\n(?:[ \t][^\n]*\n)*)+//'
}

# field NAME FILE: the field of a message, unfolded.
field() {
	sed -n '/^\r*$/q; p' "$2" | tr -d '\r' |
	    perl -0777 -pe 's/\n[ \t]+/ /g' | sed -n "s/^$1: //p"
}

verdicts() { # FILE: of its frames
	mail-frame -c <"$1" | cut -f 3
}

# begin OPTION...: the stage in the background; what is written to descriptor
# 9 it reads, what it says is in out and log.
begin() {
	mkfifo pipe
	$score "$@" <pipe >out 2>log 3>&- &
	stage=$!
	exec 9>pipe
}

# end STATUS: no more comes; it ends with that.
end() {
	local status=0
	exec 9>&-
	wait "$stage" || status=$?
	[ "$status" = "$1" ]
}

answers() { # COUNT: so many frames came out
	[ "$(grep -ac '^end: ' out)" -ge "$1" ]
}

child() {
	pgrep -P "$stage"
}

# busy: the child has worked for a tenth of a second.
busy() {
	local pid
	pid=$(child) && [ "$(cut -d ' ' -f 14 "/proc/$pid/stat")" -ge 10 ]
}

# The child is built without a filter, for the sanitizer could not work.
needs_filters() {
	! sanitized_score || skip "no filters beside the address sanitizer"
}

sanitized_score() {
	readelf -d "$B/spam-score" | grep -q libasan
}

@test "wrong usage is 111 and says why" {
	run -111 --separate-stderr spam-score -z
	[[ $stderr == usage:* ]]
	for args in '-t much' '-t' '-r 5x' '-r nan' '-o time=0' '-o bytes=1' \
	    '-o memory=1M' '-o on-error=drop' '-o nonsense=1' '-c nowhere' \
	    '-o lists=nowhere' '-o uri-lists=a/b' '-o learn-min=0'; do
		echo "$args"
		# shellcheck disable=SC2086
		run -111 --separate-stderr spam-score -c rules -m none $args ham
		[[ $stderr == usage:* || $stderr == spam-score:\ fatal:* ||
		    $stderr == *'option requires an argument'* ]]
		[ -z "$output" ]
	done
	run -111 --separate-stderr spam-score $(printf -- '-c rules %.0s' {1..17})
	[[ $stderr == *"-c 'rules': too many" ]]
	run -111 --separate-stderr spam-score -m a -m b -m c
	[[ $stderr == *"-m 'c': too many" ]]
}

@test "a message gets the fields on top, as SpamAssassin writes them" {
	run -0 --separate-stderr sh -c "$score <spam >out"
	[ -z "$stderr" ]
	below <out | cmp - spam
	[ "$(field X-Spam-Flag out)" = YES ]
	[ "$(field X-Spam-Score out)" = 6.504 ]
	[ "$(field X-Spam-Level out)" = '******' ]
	[ "$(field X-Spam-Status out)" = \
	    'Yes, score=6.5 required=5.0 tests=CHEAP,SHOP version=pimail-0.1' ]
	[ "$(grep -c '^X-Spam-' out)" = 4 ]
}

@test "a message that is no spam is said to be none, and passes" {
	run -0 --separate-stderr sh -c "$score <ham >out"
	[ -z "$stderr" ]
	below <out | cmp - ham
	[ -z "$(field X-Spam-Flag out)" ]
	[ "$(field X-Spam-Score out)" = -1.250 ]
	[ -z "$(field X-Spam-Level out)" ]
	[ "$(field X-Spam-Status out)" = \
	    'No, score=-1.2 required=5.0 tests=HELLO version=pimail-0.1' ] ||
	    [ "$(field X-Spam-Status out)" = \
	    'No, score=-1.3 required=5.0 tests=HELLO version=pimail-0.1' ]
}

@test "a message without any hit has 0 and none" {
	letter x x | $score >out
	[ "$(field X-Spam-Score out)" = 0.000 ]
	[ "$(field X-Spam-Status out)" = \
	    'No, score=0.0 required=5.0 tests=none version=pimail-0.1' ]
}

@test "many hits are folded, and a level has at most 50 stars" {
	for n in $(seq 100); do
		printf 'body RULE_WITH_A_LONG_NAME_%s /watches/\n' "$n"
	done >rules/more.cf
	$score <spam >out
	[ "$(field X-Spam-Level out | wc -c)" = 51 ]
	[ -z "$(grep -a '^X-Spam-\|^	' out | awk 'length > 78')" ]
	[ "$(field X-Spam-Status out | tr -d ' ' | sed 's/.*tests=//' |
	    tr ',' '\n' | grep -c '^RULE_WITH_A_LONG_NAME_[0-9]*')" = 100 ]
	below <out | cmp - spam
}

@test "with 1000 hits all have their points, and some their texts" {
	for n in $(seq 998); do
		printf 'body A_RULE_%s /buy cheap.*/i\nscore A_RULE_%s 0.1\n' "$n" "$n"
		printf 'describe A_RULE_%s %0200d\n' "$n" "$n"
	done >rules/more.cf
	run -99 --separate-stderr $score spam
	[[ $output == 'spam: 106.304 Yes A_RULE_1,'*,CHEAP,SHOP ]]
	run -99 --separate-stderr $score -v spam
	[ "${#lines[@]}" = 1001 ]
	[[ ${lines[1]} == *'A_RULE_1 '*'[Buy cheap watches'* ]]
}

@test "a message for 1000 recipients is scored" {
	for n in $(seq 1000); do
		printf 'recipient: contact %0400d@b.example\n' "$n"
	done >recipients
	mapfile -t fields <recipients
	mk ham 'client: 192.0.2.7 4711' 'lists: 3 bl.example' "${fields[@]}" |
	    $score >out
	mail-frame -x <out >m
	[ "$(field X-Spam-Score m)" = 1.750 ]
	[ "$(grep -ac '^recipient: ' out)" = 1000 ]
}

@test "forged fields are removed, in any case and folded, and nothing else is" {
	{
		printf 'X-Spam-Status: No, score=-100\n\trequired=5\n'
		printf 'x-spam-flag: NO\nX-SPAM-Anything : x\n  y\n'
		printf 'X-Spamless: stays\n'
		sed '/^$/q' spam
		printf 'X-Spam-Flag: in the text\n'
		sed '1,/^$/d' spam
		printf '\nX-Spam-Level: *\n'
	} | sed '0,/^$/{/^$/d}' >forged.head
	{
		sed -n '1,6p' forged.head
		cat spam
		printf 'X-Spam-Level: *\n'
	} >forged
	sed '1,5d' forged >want
	head -n 1 want | grep -q '^X-Spamless: stays$'
	$score <forged >out
	below <out | cmp - want
	[ "$(field X-Spam-Flag out)" = YES ]
	[ "$(sed '/^$/q' out | grep -ci '^x-spam-')" = 4 ]
	# nor do rules see them
	printf 'header FORGED ALL =~ /spam-(?:flag|status|anything)/i\n' \
	    >rules/forged.cf
	run -99 --separate-stderr $score forged
	[ "$output" = 'forged: 6.504 Yes CHEAP,SHOP' ]
}

@test "a message with CRLF gets fields with CRLF" {
	sed 's/$/\r/' spam >crlf
	for n in $(seq 20); do
		printf 'body RULE_WITH_A_LONG_NAME_%s /watches/\n' "$n"
	done >rules/more.cf
	$score <crlf >out
	below <out | cmp - crlf
	run -1 grep -avc $'\r$' out
	[ "$(field X-Spam-Flag out)" = YES ]
}

@test "octets of any kind come out as they came in" {
	{
		printf 'Subject: \xff\0\xc3\r x\nFrom: a\n\n'
		head -c 3000000 /dev/urandom
		printf 'no end of line'
	} >m
	$score <m >out
	below <out | cmp - m
	printf 'no header at all, only this' >m
	$score <m >out
	below <out | cmp - m
	printf '\nbody\n' >m
	$score <m >out
	below <out | cmp - m
}

@test "frames come out with their fields, spam with junk: yes" {
	frame spam >f
	run -0 --separate-stderr sh -c "$score <f >out"
	[ -z "$stderr" ]
	[ "$(verdicts out)" = pass ]
	sed '/^$/q' out | grep -v '^junk: yes$' | grep -v '^size:' >have
	sed '/^$/q' f | grep -v '^size:' | cmp - have
	sed '/^$/q' out | grep -qx 'junk: yes'
	mail-frame -x <out >m
	below <m | cmp - spam
	frame ham | $score >out
	run -1 grep -a '^junk:' out
	mail-frame -x <out | below | cmp - ham
}

@test "what is junk is delivered into .Junk, all else is not" {
	mkdir -m 700 mail
	{ frame spam; frame ham; frame spam; } | $score -o on-error=defer |
	    maildir-deliver mail >out
	[ "$(verdicts out | sort -u)" = done ]
	[ "$(find mail/contact/.Junk/new -type f | wc -l)" = 2 ]
	[ "$(find mail/contact/new -type f | wc -l)" = 1 ]
	grep -q '^X-Spam-Flag: YES$' mail/contact/.Junk/new/*
	grep -q '^X-Spam-Status: No,' mail/contact/new/*
}

@test "-t says from which score on it is spam" {
	run -99 --separate-stderr $score -t 6.504 spam
	run -0 --separate-stderr $score -t 6.505 spam
	[ "$output" = 'spam: 6.504 No CHEAP,SHOP' ]
	run -99 --separate-stderr $score -t -2 ham
	[ "$output" = 'ham: -1.250 Yes HELLO' ]
	frame spam | $score -t 7 >out
	run -1 grep -a '^junk:' out
	[ "$(mail-frame -x <out | tee m | below | cmp - spam)" = '' ]
	[[ $(field X-Spam-Status m) == 'No, score=6.5 required=7.0 '* ]]
}

@test "required_score of the rules is the threshold, and -t is over it" {
	printf 'required_score 7\n' >rules/required.cf
	run -0 --separate-stderr $score spam
	[ "$output" = 'spam: 6.504 No CHEAP,SHOP' ]
	$score <spam >out
	[[ $(field X-Spam-Status out) == *' required=7.0 '* ]]
	run -99 --separate-stderr $score -t 5 spam
}

@test "nothing is rejected without -r; with it 550 5.7.1, and nothing is left" {
	frame spam >f
	frame ham >g
	cat f g f >three
	run -100 --separate-stderr sh -c "$score -r 6.5 <three >out"
	verdicts out >have
	printf '%s\n' 'reject 550 5.7.1 Message looks like spam' pass \
	    'reject 550 5.7.1 Message looks like spam' | cmp - have
	[[ ${stderr_lines[0]} == id=*' verdict=reject spam=Yes score=6.5' ]]
	[ "${#stderr_lines[@]}" = 2 ]
	run -100 --separate-stderr sh -c "$score -r 6.5 <spam >out"
	[ ! -s out ]
	run -0 --separate-stderr sh -c "$score -r 6.6 <spam >out"
	[ "$(field X-Spam-Flag out)" = YES ]
	printf 'score CHEAP 1000\n' >rules/z.cf
	run -0 --separate-stderr sh -c "$score <spam >out"
}

@test "files: a line each; 0 ham, 99 spam, 111 if one cannot be scored" {
	run -0 --separate-stderr $score ham
	[ "$output" = 'ham: -1.250 No HELLO' ]
	[ -z "$stderr" ]
	letter x x >none
	run -99 --separate-stderr $score ham spam none
	[ "${lines[0]}" = 'ham: -1.250 No HELLO' ]
	[ "${lines[1]}" = 'spam: 6.504 Yes CHEAP,SHOP' ]
	[ "${lines[2]}" = 'none: 0.000 No none' ]
	run -111 --separate-stderr $score spam nowhere . ham
	[ "${#lines[@]}" = 2 ]
	[[ ${stderr_lines[0]} == *'warning: nowhere: No such file or directory' ]]
	[[ ${stderr_lines[1]} == *'warning: .: Is a directory' ]]
	# -r is for the stage
	run -99 --separate-stderr $score -r 1 spam
	name=$'a\n\e[1mb'
	cp ham "$name"
	run -0 --separate-stderr $score "$name"
	[ "$output" = 'a??[1mb: -1.250 No HELLO' ]
}

@test "-v adds a table: points, rule, description, what matched" {
	letter $'hello b\e[1m' 'CHEAP watches' >m
	run -99 --separate-stderr $score -v spam m
	printf '%s\n' "$output" >have
	cat >want <<-'E'
		spam: 6.504 Yes CHEAP,SHOP
		  6.500  CHEAP                         Sells watches [cheap watches]
		  0.004  SHOP                           [shop.example]
		m: 5.250 Yes CHEAP,HELLO
		  6.500  CHEAP                         Sells watches [CHEAP watches]
		 -1.250  HELLO                          [hello b]
	E
	diff want have
}

@test "a table holds nothing that a terminal obeys" {
	printf 'header ALLOF Subject =~ /.+/s\ndescribe ALLOF a\033[1mb\n' \
	    >rules/all.cf
	letter $'x\e[2J\x07\x80y' 'x' >m
	run -0 --separate-stderr $score -v m
	printf '%s\n' "$output" >have
	LC_ALL=C.UTF-8 run -1 grep -P '[\x00-\x09\x0b-\x1f\x7f-\x9f]' have
	iconv -f utf-8 -t utf-8 <have | cmp - have
	grep -qF '[x?[2J' have
}

@test "output that cannot be written is 111" {
	run -111 --separate-stderr sh -c "$score ham >/dev/full"
	[[ $stderr == *'cannot write'* ]]
	run -111 --separate-stderr sh -c "$score <ham >/dev/full"
	run -111 --separate-stderr sh -c "$score ham >&-"
}

@test "no input, a cut frame and a changed one are 111, and nothing follows" {
	run -111 --separate-stderr sh -c "$score </dev/null >out"
	[ ! -s out ]
	frame spam >f
	head -c 300 f >cut
	run -111 --separate-stderr sh -c "$score <cut >out"
	[ ! -s out ]
	flip f 250 >changed
	run -111 --separate-stderr sh -c "$score <changed >out"
	[ ! -s out ]
}

@test "a frame with a verdict is handed on untouched" {
	frame spam | mail-filter sh -c 'exit 100' >f || :
	cp f want
	run -100 --separate-stderr sh -c "$score <f >out"
	cmp out want
}

@test "several directories and files of rules: the last word counts" {
	mkdir more
	printf 'score CHEAP 1\nbody MORE /buy/i\n' >more/a.cf
	run -0 --separate-stderr spam-score -m none -c rules -c more spam
	[ "$output" = 'spam: 2.004 No CHEAP,MORE,SHOP' ]
	run -99 --separate-stderr spam-score -m none -c more -c rules spam
	[ "$output" = 'spam: 7.504 Yes CHEAP,MORE,SHOP' ]
	run -0 --separate-stderr spam-score -m none -c more/a.cf spam
	[ "$output" = 'spam: 1.000 No MORE' ]
}

@test "without -c the rules of SpamAssassin are used, where they are" {
	[ -d /usr/share/spamassassin ] || skip 'no SpamAssassin'
	printf '%s' 'XJS*C4JDBQADN1.NSBN3*2IDNEN*' \
	    'GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X' >gtube
	letter x "$(<gtube)" >m
	run -99 --separate-stderr spam-score -m none m
	[[ $output == *GTUBE* ]]
}

@test "no rules at all is an error, and not a message without spam" {
	mkdir -p bin empty
	cp "$B/spam-score" bin
	run -111 --separate-stderr $score -c nowhere ham
	[[ $stderr == *"rules 'nowhere': No such file or directory" ]]
	run -111 --separate-stderr spam-score -m none -c empty ham
	[[ $stderr == *"there are no rules in 'empty'" ]]
	run -111 --separate-stderr sh -c 'spam-score -m none -c empty <ham >out'
	[ ! -s out ]
	[ "$(id -u)" = 0 ] || skip 'only root can hide the usual places'
	run -111 --separate-stderr unshare -m sh -c 'if :; then
		for dir in /usr/share /etc /var/lib; do
			mount -t tmpfs none $dir
		done
		exec bin/spam-score -o reputation=none ham
	fi'
	[[ $stderr == *'there are no rules: see -c' ]]
}

@test "a model that is not there is no error, one of garbage is" {
	run -0 --separate-stderr spam-score -c rules -m nowhere ham
	[ "$output" = 'ham: -1.250 No HELLO' ]
	head -c 100000 /dev/urandom >garbage
	run -111 --separate-stderr spam-score -c rules -m garbage ham
	[[ $stderr == *"fatal: model 'garbage': "* ]]
	: >empty
	run -111 --separate-stderr spam-score -c rules -m empty ham
	run -111 --separate-stderr spam-score -c rules -m . ham
	run -111 --separate-stderr spam-score -c rules -m none -m garbage ham
}

# learned COUNT: a model that has learned so many of each.
learned() {
	mkdir -p h s
	for n in $(seq "$1"); do
		letter "minutes $n" "the meeting of our project, $n" >"h/$n"
		letter "deal $n" "pills and casino for free, $n" >"s/$n"
	done
	spam-train -q -m model ham h spam s
}

@test "the learner speaks when it has learned enough of each" {
	cat >rules/bayes.cf <<-'E'
		body BAYES_LOW eval:check_bayes('0.00', '0.50')
		body BAYES_HIGH eval:check_bayes('0.50', '1.00')
		tflags BAYES_LOW learn
		tflags BAYES_HIGH learn
		score BAYES_LOW 0 0 -1 -1
		score BAYES_HIGH 0 0 3 3
	E
	learned 60
	letter 'deal 99' 'pills and casino for free' >m
	run --separate-stderr spam-score -c rules -m model -o learn-min=60 m
	[[ $output == *BAYES_HIGH* ]]
	letter 'minutes 99' 'the meeting of our project' >m
	run -0 --separate-stderr spam-score -c rules -m model -o learn-min=60 m
	[[ $output == *BAYES_LOW* ]]
	run -0 --separate-stderr spam-score -c rules -m model -o learn-min=61 m
	[ "$output" = 'm: 0.000 No none' ]
	# more by the learner itself; rules may say what that is worth
	letter 'deal 99' 'pills and casino for free' >m
	printf 'score PIMAIL_LEARNED 0\n' >rules/own.cf
	run --separate-stderr spam-score -c rules -m model -o learn-min=60 m
	[ "$output" = 'm: 3.000 No BAYES_HIGH' ]
	letter 'minutes 99' 'the meeting of our project' >m
	# a second one, of a user, over one that knows nothing yet
	run -0 --separate-stderr spam-score -c rules -m nowhere -m model \
	    -o learn-min=60 m
	[[ $output == *BAYES_LOW* ]]
}

@test "a model that comes later is noticed after at most 100 messages" {
	printf 'body BAYES eval:check_bayes("0.00", "1.00")\n' >rules/bayes.cf
	printf 'score BAYES 0 0 1 1\nscore PIMAIL_LEARNED 0\n' >>rules/bayes.cf
	score='spam-score -c rules -m model -o reputation=none'
	begin
	frame ham >&9
	wait_for 20 answers 1
	learned 60
	for _ in $(seq 100); do frame ham; done >&9
	wait_for 60 answers 101
	end 0
	[ "$(grep -ac '^X-Spam-Score: -1.250' out)" -ge 1 ]
	[ "$(grep -a '^X-Spam-Score' out | tail -n 1)" = 'X-Spam-Score: -0.250' ]
}

@test "a scorer that is killed defers its message only, and is replaced" {
	begin -o time=60
	slow >q
	frame ham >&9
	wait_for 20 answers 1
	first=$(child)
	frame q >&9
	wait_for 60 busy
	kill -KILL "$(child)"
	wait_for 20 answers 2
	frame spam >&9
	wait_for 20 answers 3
	[ "$(child)" != "$first" ]
	end 111
	verdicts out >have
	printf '%s\n' pass 'defer 451 4.3.0 Cannot look for spam now' pass |
	    cmp - have
	grep -q "^id=[^ ]* verdict=defer reason='no score: the scorer died'$" log
	[ "$(wc -l <log)" = 1 ]
}

@test "-o on-error=pass lets it pass, with a field that says so" {
	begin -o time=60 -o on-error=pass
	slow >q
	frame q >&9
	wait_for 60 busy
	kill -KILL "$(child)"
	wait_for 20 answers 1
	end 0
	mail-frame -x <out >m
	[ "$(field X-Spam-Status m)" = 'Unknown, error=the scorer died' ]
	[ "$(grep -c '^X-Spam-' m)" = 1 ]
	below <m | cmp - q
	run -1 grep -a '^junk:' out
	grep -q "verdict=pass reason='no score: the scorer died'" log
}

@test "one that was killed between two messages is replaced, too" {
	begin -o on-error=defer
	frame ham >&9
	wait_for 20 answers 1
	kill -KILL "$(child)"
	frame ham >&9
	wait_for 20 answers 2
	frame spam >&9
	wait_for 20 answers 3
	end 111
	[ "$(verdicts out | sed -n 3p)" = pass ]
}

@test "a single match that takes too long is ended from outside" {
	slow >q
	frame q >f
	frame ham >>f
	run -111 --separate-stderr sh -c "$score -o time=0.1 <f >out"
	verdicts out >have
	printf '%s\n' 'defer 451 4.3.0 Cannot look for spam now' pass | cmp - have
	[[ $stderr == *"reason='no score: it took too long'" ]]
	run -111 --separate-stderr sh -c "$score -o time=0.1 <q >out"
	[ ! -s out ]
	run -111 --separate-stderr $score -o time=0.1 q
	[[ $stderr == *'warning: q: it took too long' ]]
	[ -z "$output" ]
}

@test "when time is up the rest is left out, and the header says so" {
	printf 'body MANY /^(([a-z])+.)+[A-Z]([a-z])+$/\nbody Z_LAST /many/\n' \
	    >rules/many.cf
	many >m
	run -0 --separate-stderr $score -o time=0.05 m
	[ "$output" = 'm: 0.000 No none cut=time' ]
	$score -o time=0.05 <m >out
	[[ $(field X-Spam-Status out) == *' tests=none cut=time '* ]]
	below <out | cmp - m
}

@test "a match that takes too many steps is none, and the header says so" {
	printf 'body MANY /^(([a-z])+.)+[A-Z]([a-z])+$/\nbody Z_LAST /many/\n' \
	    >rules/many.cf
	many | head -n 40 >m
	run -0 --separate-stderr $score -o time=60 m
	[ "$output" = 'm: 1.000 No Z_LAST cut=steps' ]
}

@test "text beyond -o bytes is not read, and the header says so" {
	{
		letter x ''
		yes 'some words' | head -c 20000
		echo 'cheap watches'
	} >m
	run -99 --separate-stderr $score -o bytes=32K m
	[ "$output" = 'm: 6.500 Yes CHEAP' ]
	run -0 --separate-stderr $score -o bytes=4K m
	[ "$output" = 'm: 0.000 No none cut=size' ]
	$score -o bytes=4K <m >out
	[[ $(field X-Spam-Status out) == *' tests=none cut=size version='* ]]
	for size in 4000 0 30000 x; do
		printf 'body_part_scan_size %s\n' $size >rules/size.cf
		run --separate-stderr $score m
		echo "$size: $output"
		[ "$size" = 4000 ] || [ "$output" = 'm: 6.500 Yes CHEAP' ]
		[ "$size" != 4000 ] || [ "$output" = 'm: 0.000 No none cut=size' ]
	done
}

@test "a scorer that wants too much memory is ended, and the next is scored" {
	! sanitized_score || skip "the sanitizer has no such limit"
	{
		letter x ''
		yes 'http://www.a.example/b c d e f g' | head -c 40000000
	} >m
	{ frame m; frame spam; } >f
	run --separate-stderr sh -c "$score -o memory=32M -o bytes=16M <f >out"
	verdicts out >have
	# less would be fine, too
	[ "$status" = 0 ] || [ "$(head -n 1 have)" = \
	    'defer 451 4.3.0 Cannot look for spam now' ]
	[ "$(tail -n 1 have)" = pass ]
}

@test "a stream of many is scored by one child, in its order" {
	for n in $(seq 100); do
		frame ham
		frame spam
	done >f
	begin
	frame ham >&9
	wait_for 20 answers 1
	pid=$(child)
	cat f >&9
	wait_for 60 answers 201
	[ "$(child)" = "$pid" ]
	end 0
	mail-frame -c <out | cut -f 1 | tail -n +2 >have
	mail-frame -c <f | cut -f 1 | cmp - have
	[ "$(grep -ac '^junk: yes' out)" = 100 ]
	! kill -0 "$pid" 2>/dev/null
}

@test "the child ends when the stage is killed" {
	begin
	frame ham >&9
	wait_for 20 answers 1
	pid=$(child)
	kill -KILL "$stage"
	wait "$stage" || :
	wait_for 20 sh -c "! kill -0 $pid 2>/dev/null"
}

@test "the child gains nothing by exec, leaves no core, and has a filter" {
	begin
	frame ham >&9
	wait_for 20 answers 1
	pid=$(child)
	for p in "$stage" "$pid"; do
		grep -q '^Max core file size *0 *0' "/proc/$p/limits"
	done
	grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status"
	sanitized_score || grep -q '^Seccomp:.*2$' "/proc/$pid/status"
	grep -q '^Max processes *0 *0' "/proc/$pid/limits"
	# it holds no descriptor of the stream
	ls -l "/proc/$pid/fd" >fds
	run -1 grep -E -- "-> $D/(pipe|out)" fds
	end 0
}

# calls PID: has the process make calls that it may not, by a debugger, and
# prints what each gave, and errno.
calls() {
	cat >calls.gdb <<-'E'
		set confirm off
		set pagination off
		set debuginfod enabled off
		print ((int (*)())open)("/etc/passwd", 0)
		print *((int *(*)())__errno_location)()
		print ((int (*)())open)("/tmp/pimail-test", 0101, 0600)
		print *((int *(*)())__errno_location)()
		print ((int (*)())execve)("/bin/true", 0, 0)
		print *((int *(*)())__errno_location)()
		print ((int (*)())unlink)("/etc/passwd")
		print *((int *(*)())__errno_location)()
		print ((int (*)())kill)(PARENT, 0)
		print *((int *(*)())__errno_location)()
		print ((int (*)())fork)()
		print *((int *(*)())__errno_location)()
		print ((int (*)())socket)(1, 1, 0)
		print *((int *(*)())__errno_location)()
		print ((int (*)())socket)(2, 1, 0)
		print *((int *(*)())__errno_location)()
		print ((int (*)())socket)(2, 2, 0)
		print *((int *(*)())__errno_location)()
		print ((int (*)())connect)(0, 0, 0)
		print *((int *(*)())__errno_location)()
		detach
	E
	sed -i "s/PARENT/$$/" calls.gdb
	gdb -nx -batch -p "$1" -x calls.gdb >gdb.out 2>gdb.err || {
		cat gdb.out gdb.err >&2
		return 1
	}
	sed -n 's/^\$[0-9]* = \(-\{0,1\}[0-9]*\)$/\1/p' gdb.out | tr '\n' ' '
}

@test "the child can open, run, reach and kill nothing" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	needs_filters
	begin
	frame ham >&9
	wait_for 20 answers 1
	calls "$(child)" >said
	cat said
	[ "$(<said)" = "$(yes -- '-1 1 ' | head -n 10 | tr -d '\n')" ]
	frame spam >&9
	wait_for 20 answers 2
	end 0
}

@test "with uri-lists it has sockets of the internet, and nothing else" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	needs_filters
	: >zone
	begin -o uri-lists=bl.example -o dns-zone=zone
	frame ham >&9
	wait_for 20 answers 1
	calls "$(child)" >said
	cat said
	[[ $(<said) == "$(yes -- '-1 1 ' | head -n 7 | tr -d '\n')"[0-9]* ]]
	end 0
}

@test "lists: who is welcome needs somebody to vouch, who is not does not" {
	printf '%s\n' '# ours' 'allow mail.example' 'deny eve@evil.example' \
	    'allow 192.0.2.0/28' >lists
	run -0 --separate-stderr $score -o lists=lists ham
	[ "$output" = 'ham: -1.250 No HELLO' ]
	mk ham 'auth: dkim=pass header.d=mail.example' | $score -o lists=lists >out
	mail-frame -x <out >m
	[ "$(field X-Spam-Score m)" = -101.250 ]
	[[ $(field X-Spam-Status m) == *tests=HELLO,PIMAIL_ALLOW* ]]
	mk ham 'auth: dkim=fail header.d=mail.example' | $score -o lists=lists >out
	[ "$(mail-frame -x <out | grep -c PIMAIL_)" = 0 ]
	mk ham 'client: 192.0.2.7 4711' | $score -o lists=lists >out
	mail-frame -x <out >m
	[ "$(field X-Spam-Score m)" = -101.250 ]
	mk ham 'sender: eve@evil.example' 'client: 192.0.2.7 4711' |
	    $score -o lists=lists >out
	mail-frame -x <out >m
	[ "$(field X-Spam-Score m)" = 98.750 ]
	[[ $(field X-Spam-Status m) == *PIMAIL_DENY* ]]
	grep -aq '^junk: yes$' out
	[ -s lists.hits ]
}

@test "a list that changes is read anew, and one that is wrong in a line works" {
	printf 'nonsense\ndeny mail.example\n' >lists
	run -99 --separate-stderr $score -o lists=lists ham
	[[ $stderr == *"warning: "*"lists"* ]]
	[[ $output == *PIMAIL_DENY* ]]
	printf 'deny b.example\n' >lists
	begin -o lists=lists
	frame ham >&9
	wait_for 20 answers 1
	printf 'deny mail.example\n# longer\n' >lists.new
	mv lists.new lists
	for _ in $(seq 100); do frame ham; done >&9
	wait_for 60 answers 101
	frame ham >&9
	wait_for 20 answers 102
	end 0
	[ "$(grep -ac '^junk: yes' out)" -ge 1 ]
	tail -n 25 out | grep -q PIMAIL_DENY
}

@test "a rules file gives our own hits other scores, and 0 switches one off" {
	printf 'deny mail.example\n' >lists
	printf 'score PIMAIL_DENY 7\n' >rules/own.cf
	run -99 --separate-stderr $score -o lists=lists ham
	[ "$output" = 'ham: 5.750 Yes HELLO,PIMAIL_DENY' ]
	printf 'score PIMAIL_DENY 0\n' >rules/own.cf
	run -0 --separate-stderr $score -o lists=lists ham
	[ "$output" = 'ham: -1.250 No HELLO' ]
}

@test "the score of the client in DNS lists counts, as the frame has it" {
	mk ham 'lists: 3 bl.example=127.0.0.4' | $score >out
	mail-frame -x <out >m
	[ "$(field X-Spam-Score m)" = 1.750 ]
	[[ $(field X-Spam-Status m) == *tests=HELLO,PIMAIL_DNS_LISTS* ]]
	mk ham 'lists: -2 white.example=127.0.0.1' | $score >out
	[ "$(mail-frame -x <out | grep -c '^X-Spam-Score: -3.250$')" = 1 ]
	# so does what the node saw that sealed it for us
	mk ham 'direction: returned' 'node: carol' 'sealed-by: bob' \
	    'once: 0123456789abcdef0123456789abcdef' \
	    'lists: 3 bl.example=127.0.0.4' | $score >out
	[ "$(mail-frame -x <out | grep -c '^X-Spam-Score: 1.750$')" = 1 ]
	for lists in 0 '' x 'nan bl.example' '1e999 bl.example'; do
		mk ham "lists: $lists" | $score >out
		mail-frame -x <out >m
		[ "$(field X-Spam-Score m)" = -1.250 ]
	done
}

@test "a sender is pulled towards what his mail was like" {
	score="spam-score -c rules -m none -o reputation=rep"
	for _ in 1 2 3 4 5; do
		mk spam 'client: 192.0.2.7 4711'
	done >f
	mk ham 'client: 192.0.2.7 4711' >>f
	mk ham 'client: 198.51.100.7 4711' >>f
	$score <f >out
	grep -a '^X-Spam-Score' out | sed 's/.*: //' >scores
	[ "$(head -n 1 scores)" = 6.504 ]
	[ "$(sed -n '6s/\..*//p' scores)" -ge 1 ]
	[ "$(tail -n 1 scores)" = -1.250 ]
	grep -aq PIMAIL_REPUTATION out
	# it stays, for others
	run --separate-stderr sh -c "$score <f >out"
	[ "$(grep -a '^X-Spam-Score' out | sed '6!d; s/.*: //; s/\..*//')" -ge 1 ]
	head -c 1000 /dev/urandom >rep
	run -111 --separate-stderr $score ham
	[[ $stderr == *"reputation 'rep': "* ]]
	run -0 --separate-stderr spam-score -c rules -m none \
	    -o reputation=none ham
}

@test "domains of links are asked for in lists of the DNS, of a file" {
	printf '%s\n' 'shop.example.bl.example 60 IN A 127.0.0.2' \
	    'shop.example.white.example 60 IN A 127.0.0.9' >zone
	run -99 --separate-stderr $score -o dns-zone=zone \
	    -o 'uri-lists=bl.example*3.5' spam
	[ "$output" = 'spam: 10.004 Yes CHEAP,PIMAIL_URI_LISTS,SHOP' ]
	run -99 --separate-stderr $score -v -o dns-zone=zone \
	    -o 'uri-lists=bl.example=127.0.0.4*3.5, white.example*-1' spam
	[ "${lines[0]}" = 'spam: 5.504 Yes CHEAP,PIMAIL_URI_LISTS,SHOP' ]
	[[ $output == *' -1.000  PIMAIL_URI_LISTS '*'[shop.example]'* ]]
	run -0 --separate-stderr $score -o dns-zone=zone \
	    -o 'uri-lists=bl.example*3.5' ham
}

@test "a real server of the DNS is asked, and silence counts nothing" {
	local port=
	port=$(free_port)
	cat >unbound.conf <<-E
		server:
		    interface: 127.0.0.1@$port
		    username: ""
		    chroot: ""
		    directory: "$D"
		    pidfile: "$D/unbound.pid"
		    use-syslog: no
		    do-daemonize: no
		    do-ip6: no
		    num-threads: 1
		    local-zone: "bl.example." static
		    local-data: "ns.bl.example. A 127.0.0.1"
		    local-data: "shop.example.bl.example. A 127.0.0.2"
		remote-control:
		    control-enable: no
	E
	unbound -d -c unbound.conf >unbound.log 2>&1 3>&- &
	STARTED+=($!)
	wait_for 20 answers_on "$port"
	frame spam | $score -o "dns=127.0.0.1@$port" \
	    -o 'uri-lists=bl.example*3.5' >out
	mail-frame -x <out >m
	[ "$(field X-Spam-Score m)" = 10.004 ]
	kill "${STARTED[-1]}"
	wait "${STARTED[-1]}" || :
	STARTED=()
	frame spam | $score -o "dns=127.0.0.1@$port" \
	    -o 'uri-lists=bl.example*3.5' >out
	mail-frame -x <out >m
	[ "$(field X-Spam-Score m)" = 6.504 ]
}

@test "SpamAssassin itself does the same work as a stage" {
	[ -x /usr/sbin/spamd ] || skip 'no spamd'
	/usr/sbin/spamd -L --socketpath="$D/spamd.sock" -m 1 -x -s stderr \
	    --pidfile "$D/spamd.pid" --siteconfigpath=/etc/spamassassin \
	    >spamd.log 2>&1 3>&- &
	STARTED+=($!)
	wait_for 60 test -S spamd.sock
	printf '%s' 'XJS*C4JDBQADN1.NSBN3*2IDNEN*' \
	    'GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X' >gtube
	letter x "$(<gtube)" >m
	frame m | mail-filter spamc -x -U "$D/spamd.sock" >out
	[ "$(verdicts out)" = pass ]
	mail-frame -x <out | grep -q '^X-Spam-Status: Yes,'
	kill "${STARTED[-1]}"
	wait "${STARTED[-1]}" || :
	STARTED=()
	run -111 --separate-stderr sh -c \
	    "mail-filter spamc -x -U '$D/spamd.sock' <out >out2"
}

# CORPORA is a directory of other people's messages, with what SpamAssassin
# says of some of them.

# oracle SUITE: of 300 of its messages it is said how far we agree, in agreed.
oracle() {
	local table=${CORPORA:-}/oracle-spamassassin/$1.dev.tsv
	[ -f "$table" ] || skip 'needs CORPORA'
	[ -d /usr/share/spamassassin ] || skip 'no SpamAssassin'
	find -L "$CORPORA/$1" -type f -name '*.eml' | sort >all
	tail -n +2 "$table" | cut -f 1 |
	    awk -F / 'NR == FNR { want[$0]; next } $NF in want' - all >known
	awk -v n="$(wc -l <known)" 'NR * 300 / n >= count + 1 {
		count++; print }' known >files
	[ "$(wc -l <files)" = 300 ]
	xargs "$B/tool/hits" -c /usr/share/spamassassin <files >ours
	"$BATS_TEST_DIRNAME/bench/spam/agree.py" -r 20 ours "$table" | tee agreed
	perl -ne '$n++ if /the same \d+: ([\d.]+) %/ && $1 >= 99 or
	    /within 0.1: ([\d.]+) %/ && $1 >= 97; END { $? = $n != 2 }' agreed
}

@test "99 of 100 hits are those of SpamAssassin: older mail" {
	oracle spam
}

@test "99 of 100 hits are those of SpamAssassin: newer mail" {
	oracle spam-modern
}

@test "other people's messages pass octet for octet" {
	dir=${CORPORA:-}/mime
	[ -d "$dir" ] || skip 'needs CORPORA'
	[ -d /usr/share/spamassassin ] || skip 'no SpamAssassin'
	python3 - "$dir" "$B/mail-frame" >frames <<-'E'
		import pathlib, sys, zlib
		for path in sorted(pathlib.Path(sys.argv[1]).rglob("*")):
		    message = path.read_bytes() if path.is_file() else b""
		    if not message:
		        continue
		    out = b"pimail 1\nid: a\nsize: %d\n\n" % len(message) + message
		    out += b"verdict: pass\n"
		    sys.stdout.buffer.write(out + b"end: %08x\n" % zlib.crc32(out))
	E
	run -0 --separate-stderr sh -c 'spam-score -m none <frames >out'
	[ -z "$stderr" ]
	python3 - <<-'E'
		import re
		# what begins with a blank seems to go on with our last field
		ours = re.compile(rb"(?s)X-Spam-.*?\tversion=pimail-[0-9.]+\r?\n")
		def without(octets):
		    kept, ours, header = [], False, True
		    for line in re.findall(rb"[^\n]*\n|[^\n]+", octets):
		        header = header and line not in (b"\n", b"\r\n")
		        if line[:1] not in (b" ", b"\t") or not header:
		            ours = re.match(rb"(?i)X-Spam-[^:]*:", line) and header
		        if not ours:
		            kept.append(line)
		    return b"".join(kept)
		def messages(path):
		    with open(path, "rb") as file:
		        while line := file.readline():
		            size = 0
		            while line != b"\n":
		                if line.startswith(b"size: "):
		                    size = int(line[6:])
		                line = file.readline()
		            yield file.read(size)
		            assert file.readline() == b"verdict: pass\n"
		            file.readline()
		count = forged = 0
		for before, after in zip(messages("frames"), messages("out"), strict=True):
		    top = ours.match(after)
		    assert top and top[0].count(b"X-Spam-Status: ") == 1, after[:500]
		    below = after[top.end():]
		    want = without(before)
		    assert below == want, (want[:500], below[:500])
		    forged += want != before
		    count += 1
		assert count >= 4000, count
		print(count, "messages,", forged, "with fields like ours")
	E
}

@test "a user's model speaks over the one for all" {
	local i shared both
	mkdir ham.d spam.d
	for i in $(seq 40); do
		letter "plan $i" "The plan for monday, part $i, is ready." \
		    >"ham.d/$i"
		letter "shop $i" "Our shop sells item $i, order it now." \
		    >"spam.d/$i"
	done
	letter 'shop 99' 'Our shop sells item 99, order it now.' >new
	spam-train -q -m shared -o size=512K ham ham.d spam spam.d
	# to this user it is the other way round
	spam-train -q -m user -o size=512K ham spam.d spam ham.d
	points() {
		spam-score -c rules -o reputation=none "$@" new | cut -d' ' -f2
	}
	shared=$(points -m shared) || [ $? = 99 ]
	both=$(points -m shared -m user) || [ $? = 99 ]
	awk -v s="$shared" -v b="$both" 'BEGIN { exit !(s > 0 && b < s) }'
	run -111 spam-score -c rules -m shared -m user -m third new
	[[ $output == *"-m 'third': too many"* ]]
}
