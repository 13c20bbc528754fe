# The rules that come with pimail, for places without those of SpamAssassin.
load lib.bash

setup() {
	common_setup
	export LC_ALL=C
	unset LANGUAGE
	TOP=$BATS_TEST_DIRNAME/..
	RULES=$TOP/share/rules
}

# header FROM TO SUBJECT [FIELD...]: of a message that came today by a server
# of ours.
header() {
	local now
	now=$(date -R)
	printf 'Received: from mail.%s (mail.%s [198.51.100.7])\n' \
	    "${1##*@}" "${1##*@}" | tr -d '>'
	printf '\tby mx.carol.example with ESMTPS id 1f3a; %s\n' "$now"
	printf 'Date: %s\nMessage-ID: <20261121.4711.%s@%s\n' "$now" \
	    "$RANDOM" "${1##*@}>" | sed 's/>>$/>/'
	printf 'From: %s\nTo: %s\nSubject: %s\nMIME-Version: 1.0\n' "$1" "$2" \
	    "$3"
	shift 3
	[ $# = 0 ] || printf '%s\n' "$@"
	echo
}

# points CODE FILE: as many as the rules give it; 99 is spam.
points() {
	run "-$1" --separate-stderr spam-score -v -m none -c "$RULES" "$2"
	[ -z "$stderr" ]
	printf '%s\n' "$output" >verdict
	cat verdict
	score=$(sed -n '1s/^[^ ]*: \(-\{0,1\}[0-9.]*\) .*/\1/p' verdict)
	[ -n "$score" ]
}

below() { # FILE POINTS
	points 0 "$1"
	awk -v have="$score" -v most="$2" 'BEGIN { exit !(have < most) }'
}

spam() { # FILE
	points 99 "$1"
	awk -v have="$score" 'BEGIN { exit !(have >= 5) }'
}

@test "there is nothing wrong in the rules, and nothing unknown" {
	run -0 --separate-stderr spam-rules -v -c "$RULES"
	[ -z "$stderr" ]
	grep -qx 'errors: 0' <<<"$output"
	grep -qx 'unknown: 0' <<<"$output"
	grep -qx 'ignored: 0' <<<"$output"
}

@test "each rule has a description and a score, and nothing else has" {
	cat "$RULES"/*.cf >all
	kinds='header|body|rawbody|full|uri|uri_detail|mimeheader|meta'
	sed -En "s/^($kinds) +([A-Z]\w*) .*/\2/p" all | sort >rules
	[ "$(wc -l <rules)" -gt 100 ]
	[ -z "$(uniq -d rules)" ]
	for word in describe score; do
		sed -En "s/^$word +(\w+) .*/\1/p" all | sort >have
		diff rules have
	done
}

# Rules with the score 0 are not looked at, also not for others.
@test "no rule has the score 0, and none more than 3.5 but lists and the learner" {
	awk '/^score/ && $2 !~ /^(BAYES|LISTED)_/' "$RULES"/*.cf >scores
	awk '$3 == 0 || $3 > 3.5 || $3 < -2' scores >bad
	[ ! -s bad ]
	awk '/# at most/ && ($7 < 0 ? $3 < $7 : $3 > $7)' scores >bad
	[ ! -s bad ]
}

@test "expressions name only rules that are there" {
	cat "$RULES"/*.cf >all
	kinds='header|body|rawbody|full|uri|uri_detail|mimeheader|meta'
	sed -En "s/^($kinds) +(\w+) .*/\2/p" all | sort -u >rules
	sed -n 's/^meta *[^ ]* //p' all | grep -oE '[A-Z_][A-Z0-9_]+' |
	    sort -u | comm -23 - rules >missing
	[ ! -s missing ]
}

@test "a plain letter is none" {
	{
		header 'Alice Miller <alice@example.net>' \
		    'Bob <bob@carol.example>' 'Sunday'
		cat <<-'EOT'
			Dear Bob,

			shall we take the early train on Sunday?  It is at 8:12
			from platform 4, and there is a table for two at the
			window.  I will bring coffee.

			See you then
			Alice
		EOT
	} >letter
	below letter 1
}

@test "a letter about money, a bank and an account is none" {
	{
		header 'Alice Miller <alice@example.net>' \
		    'Bob <bob@carol.example>' 'Re: Invoice 2041' \
		    'In-Reply-To: <11.22@carol.example>'
		cat <<-'EOT'
			Dear Bob,

			> could you confirm that you have the payment?

			yes, our bank shows 1,250.00 EUR on the account since
			Tuesday.  Please update your records; the next invoice
			comes in January.  If you have questions, call me, or
			see http://www.example.net/billing .

			Regards, Alice
		EOT
	} >letter
	below letter 2
}

@test "mail of a list is none" {
	{
		header 'Dan <dan@example.org>' 'Users <users@lists.example.org>' \
		    'Re: [users] build fails with -O3' \
		    'List-Id: Users <users.lists.example.org>' \
		    'List-Post: <mailto:users@lists.example.org>' \
		    'References: <a@example.org>' 'Precedence: list'
		cat <<-'EOT'
			On Monday Erin wrote:
			> It fails for me since 2.1, see
			> http://bugs.example.org/show?id=4711

			Works here with gcc 12.  Could you try the patch there?

			_______________________________________________
			To unsubscribe go to http://lists.example.org/users
		EOT
	} >letter
	below letter 2
}

@test "a newsletter of a shop is none" {
	{
		header 'Garden Shop <news@garden.example>' \
		    'Bob <bob@carol.example>' 'Spring offers: 20 % off bulbs' \
		    'Content-Type: multipart/alternative; boundary="b1_news"' \
		    'List-Unsubscribe: <https://garden.example/off?u=8>'
		cat <<-'EOT'
			--b1_news
			Content-Type: text/plain; charset=utf-8

			Hello Bob, our spring offers are here: 20 % off all bulbs
			until Sunday. https://garden.example/spring
			You get this because you asked for our news.
			Unsubscribe: https://garden.example/off?u=8

			--b1_news
			Content-Type: text/html; charset=utf-8

			<html><head><title>Spring offers</title></head><body
			 bgcolor="#ffffff"><p>Hello Bob, our spring offers are here:
			20 % off all bulbs until Sunday.</p>
			<a href="https://garden.example/spring"><img width="600"
			 height="200" src="https://garden.example/bulbs.jpg"></a>
			<p>You get this because you asked for our news.
			<a href="https://garden.example/off?u=8">Unsubscribe</a></p>
			</body></html>

			--b1_news--
		EOT
	} >letter
	below letter 4
}

@test "letters of shops, banks and people, to which scores were fitted, are none" {
	for letter in "$TOP"/t/bench/spam/wanted/*; do
		echo "$letter"
		below "$letter" 4.5
	done
}

@test "a letter that promises a fortune is spam" {
	{
		header 'Barr. John Okoro <desk7781@example.net>' \
		    'undisclosed-recipients:;' 'CONFIDENTIAL BUSINESS PROPOSAL' \
		    'Reply-To: barrister.okoro7781@gmail.com'
		cat <<-'EOT'
			Dear friend,

			I am barrister John Okoro from Lagos, Nigeria.  My late
			client died in a plane crash without a next of kin and left
			US$18.5 million in a security company.  I seek your
			assistance to transfer this fund to your account as the
			beneficiary.  You will have 30% of the total sum.  This is
			strictly confidential and risk free.  Send your full name,
			phone number: and address, and reply to my private e-mail.

			God bless you.
		EOT
	} >letter
	spam letter
	grep -q FORTUNE verdict
}

@test "a warning whose link leads elsewhere than it says is spam" {
	{
		header 'PayPal Security Team <service@pp-notice.example>' \
		    '<bob@carol.example>' \
		    'Urgent: your account has been limited' \
		    'Content-Type: text/html; charset=utf-8'
		cat <<-'EOT'
			<html><body><p>Dear customer,</p>
			<p>we noticed unusual activity.  Your account has been limited.
			Please verify your information within 24 hours, otherwise
			it will be permanently closed.  Click here:</p>
			<a href="http://203.0.113.9/pp/login">https://www.paypal.com/login</a>
			<p>PayPal Security Department</p></body></html>
		EOT
	} >letter
	spam letter
	grep -q LINK_SAYS_BRAND verdict
	grep -q FROM_BRAND verdict
}

@test "an advert for pills whose names are written so that they pass is spam" {
	{
		header 'Best Meds <offer4471@meds-4471.example>' \
		    '<bob@carol.example>' 'Cheap V1@gra, 80% off today!!' \
		    'Content-Type: text/html; charset=utf-8'
		cat <<-'EOT'
			<html><body><center><b>Lowest prices</b> for V1@gra and
			C.i.a.l.i.s, no prescription, order now!<br>
			<a href="http://203.0.113.77/shop"><img src="http://203.0.113.77/a.gif"></a>
			</center></body></html>
		EOT
	} >letter
	spam letter
	grep -q PILLS_DISGUISED verdict
}

@test "a threat that wants to be paid is spam" {
	{
		header 'Anonymous <x9912774@example.net>' '<bob@carol.example>' \
		    'Your device is hacked!'
		cat <<-'EOT'
			I have hacked your device with malware and have full access.
			I recorded you with your webcam on an adult site.  If you do
			not pay, I will send the video to all your contacts and
			friends.  Transfer 900 USD in bitcoin to my wallet
			1BoatSLRHtKNngkdXEeobR76b53LETtpyT within 48 hours.
		EOT
	} >letter
	spam letter
	grep -q THREAT_PAY verdict
}

@test "the learner counts for and against" {
	grep -c '^body *BAYES_' "$RULES"/*.cf | grep -q ':10$'
	awk '/^score *BAYES_/ { if ($3 != 0 || $4 != 0 || $5 != $6 ||
	    ($2 != "BAYES_999" && n++ > 0 && $5 <= last)) print; last = $5 }' \
	    "$RULES/90_scores.cf" >bad
	[ ! -s bad ]
}

# What of SpamAssassin is installed here is out of the way.
hidden() {
	cat >inside <<-'EOF'
		set -e
		for dir in /var/lib/spamassassin /usr/share/spamassassin \
		    /etc/spamassassin; do
			[ ! -d $dir ] || mount -t tmpfs none ${dir%/*}
		done
		exec "$@"
	EOF
	unshare -m sh inside "$@"
}

@test "make install puts the rules in place, and programs find them there" {
	make -s -C "$TOP" -o all B="$B" DESTDIR="$D/root" PREFIX=/usr install
	diff -r "$RULES" root/usr/share/pimail/rules
	[ -z "$(find root/usr/share/pimail/rules ! -perm -o+r)" ]
	run -0 --separate-stderr spam-rules -c "$RULES"
	echo "${lines[0]}" >count
	if [ -d /usr/share/spamassassin ] || [ -d /etc/spamassassin ] ||
	    [ -d /var/lib/spamassassin ]; then
		[ "$(id -u)" = 0 ] || skip "SpamAssassin's rules are in front"
	fi
	run -0 --separate-stderr hidden root/usr/bin/spam-rules
	[ "${lines[0]}" = "$(cat count)" ]
	header 'Alice <alice@example.net>' bob@carol.example 'ADV: bulbs' >letter
	run -0 --separate-stderr hidden root/usr/bin/spam-score -v -m none letter
	[[ $output == *SUBJECT_ADV* ]]
}
