load lib.bash

setup() {
	common_setup
	export LC_ALL=C
	unset LANGUAGE
	mkdir rules
}

# rules LINE...: rules/local.cf has these lines.
rules() {
	printf '%s\n' "$@" >rules/local.cf
}

# says STATUS LINE...: of these rules it says just that.
says() {
	local status=$1
	shift
	run "-$status" --separate-stderr spam-rules -c rules
	[ -z "$stderr" ]
	printf '%s\n' "$output" >have
	printf '%s\n' "$@" >want
	diff want have
}

@test "good rules are counted, and nothing else is said" {
	rules 'body A /winner/' 'header B From =~ /b/i' 'meta C A && !B' 'score C 2' \
	    'score NOBODY 3'
	says 0 'rules: 3' 'errors: 0' 'unknown: 0' 'costly: 0' 'ignored: 0'
}

@test "what is wrong is said with file and line, and is 100" {
	rules 'body A /winner/' 'score A much' '' 'endif' 'body B /b'
	says 100 'rules: 1' 'errors: 3' \
	    'rules/local.cf:2: rule A: no number for a score' \
	    'rules/local.cf:4: endif without if' \
	    'rules/local.cf:5: rule B: pattern without an end' \
	    'unknown: 0' 'costly: 0' 'ignored: 0'
}

@test "a pattern that does not compile is an error, also where no score needs it" {
	rules 'body __A /a(/' 'header B From =~ /[b/' 'score B 0'
	run -100 --separate-stderr spam-rules -c rules
	grep -q '^rules/local.cf:1: .*__A' <<<"$output"
	grep -q '^rules/local.cf:2: .*B' <<<"$output"
	grep -qx 'errors: 2' <<<"$output"
}

@test "an expression that is none is an error" {
	rules 'body A /a/' 'meta B A &&' 'meta C (A' 'meta D A + 1'
	run -100 --separate-stderr spam-rules -c rules
	grep -q '^rules/local.cf:2: .*B' <<<"$output"
	grep -q '^rules/local.cf:3: .*C' <<<"$output"
	grep -qx 'errors: 2' <<<"$output"
}

@test "an unknown setting, function or plugin is said, and is no error" {
	rules 'no_such_thing 1' 'body A eval:no_such_function()' \
	    'loadplugin Mail::SpamAssassin::Plugin::NoSuch'
	says 0 'rules: 0' 'errors: 0' 'unknown: 3' \
	    "rules/local.cf:1: no setting 'no_such_thing'" \
	    "rules/local.cf:3: no plugin 'NoSuch'" \
	    "rules/local.cf:2: rule A: no function 'no_such_function'" \
	    'costly: 0' 'ignored: 0'
}

@test "what is ignored is counted, and listed with -v" {
	rules 'report_safe 0' 'use_bayes 1'
	says 0 'rules: 0' 'errors: 0' 'unknown: 0' 'costly: 0' 'ignored: 2'
	run -0 --separate-stderr spam-rules -v -c rules
	[ "${lines[5]}" = 'rules/local.cf:1: report_safe' ]
	[ "${lines[6]}" = 'rules/local.cf:2: use_bayes' ]
}

@test "several places are read in their order, each file once" {
	rules 'body A /a/'
	mkdir more
	printf '%s\n' 'score A much' >more/x.cf
	run -100 --separate-stderr spam-rules -c more -c rules -c more
	[ "${lines[0]}" = 'rules: 1' ]
	[ "${lines[1]}" = 'errors: 1' ]
	run -0 --separate-stderr spam-rules -c rules/local.cf
	[ "${lines[0]}" = 'rules: 1' ]
}

@test "a note cannot forge a line or hold what a terminal obeys" {
	printf 'body A \033[31m/a/\nno\rsuch 1\nlo\0ng 1\n' >rules/local.cf
	run -100 --separate-stderr spam-rules -c rules
	printf '%s\n' "$output" >out
	run -1 grep -q $'[\r\033]' out
	[ "$(wc -l <out)" = 8 ]
}

@test "the rules of SpamAssassin have no error" {
	[ -d /usr/share/spamassassin ] || skip 'no SpamAssassin'
	run -0 --separate-stderr spam-rules -c /usr/share/spamassassin
	[ "${lines[1]}" = 'errors: 0' ]
	[ "${lines[0]#rules: }" -gt 2500 ]
}

@test "without -c the usual places are read" {
	if [ -d /usr/share/spamassassin ] || [ -d /etc/spamassassin ]; then
		run -0 --separate-stderr spam-rules
		[ "${lines[0]#rules: }" -gt 0 ]
	else
		mkdir -p root/bin root/share/pimail/rules
		cp "$B/spam-rules" root/bin
		echo 'body A /a/' >root/share/pimail/rules/a.cf
		run -0 --separate-stderr root/bin/spam-rules
		[ "${lines[0]}" = 'rules: 1' ]
	fi
}

@test "what cannot be read is 111" {
	run -111 --separate-stderr spam-rules -c nowhere
	[ "$stderr" = "spam-rules: fatal: cannot read 'nowhere': No such file or directory" ]
	[ -z "$output" ]
	ln -s nowhere rules/x.cf
	run -111 --separate-stderr spam-rules -c rules
	mkfifo pipe
	run -111 --separate-stderr timeout 10 spam-rules -c pipe
}

@test "a file of more than 8 MB is refused" {
	head -c 8388609 /dev/zero >rules/x.cf
	run -111 --separate-stderr spam-rules -c rules
	[[ $stderr == *'Message too long' ]]
}

@test "a full disk and a closed output are 111" {
	rules 'body A /a/'
	run -111 --separate-stderr sh -c 'spam-rules -c rules >/dev/full'
	[[ $stderr == *'cannot write'* ]]
	run -111 --separate-stderr sh -c 'spam-rules -c rules >&-'
}

@test "usage is 111 on standard error" {
	run -111 --separate-stderr spam-rules -x
	[ "$stderr" = 'usage: spam-rules [-v] [-c dir]... | -l lists' ]
	run -111 --separate-stderr spam-rules rules
}

@test "lists are checked, and their entries printed with their hits" {
	cat >lists <<-'EOL'
		allow ann@b.example
		deny .c.example until 2099-12-31
		deny nonsense/99
	EOL
	run -0 --separate-stderr spam-rules -l lists
	[ "$(awk '{print $1, $2, $3, $4, $5}' <<<"${lines[0]}")" = \
	    '0 - - allow ann@b.example' ]
	[ "$(awk '{print $1, $2, $3, $4, $5}' <<<"${lines[1]}")" = \
	    '0 - 2099-12-31 deny .c.example' ]
	[[ $stderr == *'lists:3: '* ]]
	run -111 spam-rules -l nothing
}

@test "a rule that explodes, or is tried on every line, is called costly" {
	cat >local.cf <<-'EOL'
		body BOMB /(a*)*b/
		score BOMB 1
		body ANY /^[a-z]/
		score ANY 1
		body FINE /viagra/
		score FINE 1
	EOL
	run -0 spam-rules -c local.cf
	[[ $output == *'costly: 2'* ]]
	[[ $output == *'local.cf:1: BOMB: gives up'* ]]
	[[ $output == *'local.cf:3: ANY: has no text'* ]]
}
