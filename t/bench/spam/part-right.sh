# shellcheck shell=sh disable=SC2154,SC2034
# Whether what is said is right.

# NAME CLASS: what the rules say of a corpus, in $top/hits.NAME.CLASS.
hits_of() {
	if [ -e "$top/hits.$1.$2" ]; then return; fi
	# shellcheck disable=SC2046,SC2086 # words
	find "$CORPORA/$1/dev/$2" -type f | sort |
	    xargs hits $(printf ' -c %s' $BENCH_RULES) >"$top/hits.$1.$2" ||
	    failed=1
}

# As SpamAssassin has it.
part_same() {
	for corpus in spam spam-modern; do
		hits_of $corpus ham
		hits_of $corpus spam
		cat "$top/hits.$corpus.ham" "$top/hits.$corpus.spam" \
		    >"$top/ours"
		printf '\nas SpamAssassin says it of %s\n' $corpus
		"$spam/agree.py" -r "$BENCH_WORST" -c "$spam/causes" \
		    "$top/ours" \
		    "$CORPORA/oracle-spamassassin/$corpus.dev.tsv" || failed=1
	done
}

part_learner() {
	printf '\nthe learner by itself; each message is asked, then learned\n'
	"$spam/learn" || failed=1
}

# Rules and learner, once through all mail: each message is scored with what was
# learned of those before it.
part_combined() {
	for corpus in spam enron-ham spam-modern; do
		find "$CORPORA/$corpus/dev" -type f |
		    sed 's,.*/\(ham\|spam\)/\(.*\),\2 \1 &,' | sort |
		    cut -d' ' -f2-
	done >"$top/list"
	# shellcheck disable=SC2046,SC2086 # words
	pass -m "$top/passing" $(printf ' -c %s' $BENCH_RULES) \
	    <"$top/list" >"$top/said" || failed=1
	for corpus in spam enron-ham spam-modern; do
		for class in ham spam; do
			if [ -d "$CORPORA/$corpus/dev/$class" ]; then
				hits_of $corpus $class
				awk -v "head=$corpus $class rules" \
				    '{ print head, $2 }' "$top/hits.$corpus.$class"
			fi
		done
	done >"$top/scores"
	paste "$top/list" "$top/said" | awk '{
		corpus = $2
		sub(/\/dev\/.*/, "", corpus)
		sub(/.*\//, "", corpus)
		print corpus, $1, "all", $NF
	}' >>"$top/scores"
	printf '\nrules and learner, once through all mail, at 5 points\n'
	awk -f "$spam/combined.awk" "$top/scores"
}
