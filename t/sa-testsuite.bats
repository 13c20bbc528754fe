load lib.bash

setup() {
	common_setup
	export LC_ALL=C
	unset LANGUAGE
}

# CORPORA is a directory of other people's messages and test suites.

@test "SpamAssassin's own tests of rules pass here" {
	suite=${CORPORA:-}/sa-testsuite
	[ -f "$suite/expectations.json" ] || skip 'needs CORPORA'
	[ -d /usr/share/spamassassin ] || skip 'no SpamAssassin'
	run -0 "$BATS_TEST_DIRNAME/sa-testsuite.py" "$B/spam-score" "$suite" \
	    /usr/share/spamassassin
	[[ $output =~ ([0-9]+)' commands with '([0-9]+)' rules, 0 failed' ]]
	[ "${BASH_REMATCH[1]}" -ge 115 ]
	[ "${BASH_REMATCH[2]}" -ge 250 ]
}
