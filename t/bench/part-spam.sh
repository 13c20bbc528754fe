# shellcheck shell=sh disable=SC2154
# What it costs to look for spam: S1 takes mail only, S3 looks for spam, S4 for
# viruses, too; as many messages as it takes, and 50 at once.  What spam-score
# has learned are made-up texts; the others have learned nothing.

part_spam() {
	if [ "$server" = pimail ] && [ ! -e "$top/model" ]; then
		make_model || return
	fi
	for s in $BENCH_SPAM_SCENARIOS; do
		if can "$server" "$s"; then one_spam "$s"; fi
	done
}

one_spam() { # SCENARIO
	start "$1" || return
	record one 1 pss_kb "$(session_pss "$session")"
	sustain
	for kb in $BENCH_SPAM_SIZES; do
		messages burst "$kb" -n "$BENCH_BURST"
		if is_slow; then break; fi
	done
	stop
}

# 200 of each kind are more than enough for it to have something to say.
make_model() {
	mkdir "$top/learned" "$top/learned/ham" "$top/learned/spam"
	for kb in 7 9; do
		class=ham
		if [ $kb = 9 ]; then class=spam; fi
		awk -v "size=$((kb * 1024))" -v count=200 \
		    -v "base=$top/learned/$class/" -f "$here/texts.awk" \
		    "$here/../../README"
	done
	spam-train -q -m "$top/model" ham "$top/learned/ham" \
	    spam "$top/learned/spam" && chmod 644 "$top/model"
}
