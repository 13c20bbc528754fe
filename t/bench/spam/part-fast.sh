# shellcheck shell=sh disable=SC2154,SC2034
# What it takes: engines that are asked one message after the other, files from
# a cold start, and learning.  No message comes twice to an engine.

part_fast() {
	make_mail
	engines=
	for server in $BENCH_ENGINES; do
		if has_engine; then engines="$engines $server"; fi
	done
	echo run,part,server,scenario,load,x,metric,value >"$csv" || exit 1
	for run in $(seq "$BENCH_RUNS"); do
		for server in $engines; do
			note "run $run of $BENCH_RUNS: $server"
			one_engine
		done
		for server in $BENCH_TRAINERS; do
			note "run $run of $BENCH_RUNS: $server"
			train
		done
	done
	rm -rf "$B/bench-spam"
	mkdir "$B/bench-spam"
	awk -f "$here/medians.awk" "$csv" >"$B/bench-spam/medians.csv"
	printf '\n%s; medians of %s; every number is in %s\n' \
	    "$(cpu_name), one core" "$BENCH_RUNS" "$csv"
	awk -v "engines=$engines" -v "trainers=$BENCH_TRAINERS" \
	    -v "messages=$BENCH_TRAIN" -v "with=$kinds" -f "$here/rows.awk" \
	    -f "$spam/table.awk" "$B/bench-spam/medians.csv"
}

cpu_name() {
	sed -n 's/^\(model name\|Model\)[^:]*: *//p' /proc/cpuinfo | head -n 1
}

# Those that need root, and the peers' files or the system's.
has_engine() {
	case $server in
	spam-score) return ;;
	spamd) group=spamassassin ;;
	*) group=$server ;;
	esac
	if [ "$(id -u)" = 0 ]; then
		if [ -d "$PEERS/$group" ] || command -v "$server" >/dev/null; then
			return
		fi
	fi
	note "$server is left out: it needs root, and make bench-peers"
	return 1
}

# $top/mail/KIND.NUMBER and its frame; what to learn; a model of it.
make_mail() {
	mkdir "$top/mail" "$top/train" "$top/train/ham" "$top/train/spam"
	third=$(((BENCH_MESSAGES + 2) / 3)) kinds='8 64'
	texts 8 "$BENCH_MESSAGES" "$top/mail/8."
	texts 64 "$third" "$top/mail/64."
	if [ -n "$CORPORA" ]; then
		real
		kinds='8 64 real'
	fi
	for file in "$top/mail"/*; do
		mail-frame -r 'contact talktome@carol.example' \
		    <"$file" >"$file.frame" || exit 1
	done
	half=$((BENCH_TRAIN / 2))
	if [ -n "$CORPORA" ]; then
		for class in ham spam; do
			find "$CORPORA/spam/dev/$class" -type f | sort |
			    head -n $half | xargs cp -t "$top/train/$class"
		done
	else
		texts 7 $half "$top/train/ham/"
		texts 9 $half "$top/train/spam/"
	fi
	spam-train -q -m "$top/model" ham "$top/train/ham" \
	    spam "$top/train/spam" || exit 1
	cat $(seq "$BENCH_MESSAGES" | sed "s,.*,$top/mail/8.&.frame,") \
	    >"$top/frames"
}

texts() { # KB COUNT BASE
	awk -v "size=$(($1 * 1024))" -v "count=$2" -v "base=$3" \
	    -f "$here/texts.awk" "$here/../../README"
}

# Real messages of 7 to 9.5 KB.
real() {
	n=0
	find "$CORPORA/spam/dev" "$CORPORA/spam-modern/dev" -type f \
	    -size +7167c -size -9729c | sed 's,.*/\(.*\),\1 &,' | sort |
	    head -n "$third" | while read -r _ file; do
		n=$((n + 1))
		cp "$file" "$top/mail/real.$n"
	done
}

# Starts $server; it is there when it answers the first message.
engine_start() {
	starts=$((starts + 1))
	dir=$top/$server.$starts
	mkdir -m 755 "$dir"
	mkfifo "$dir/in" "$dir/out"
	settle
	before=$(date +%s%N)
	# shellcheck disable=SC2086 # words
	setsid $pin "$spam/engine" "$server" "$dir" >"$dir/said" 2>&1 &
	session=$!
	if ! perl "$spam/ask.pl" -w 100 "$server" "$dir" "$top/mail/8.1" \
	    >"$top/times" 2>>"$dir/said"; then
		note "$server: $(tail "$dir/said" "$dir/orphans.log")"
		failed=1
		return 1
	fi
	record start 1 ms "$(calculate "($(date +%s%N) - $before) / 1e6")"
	while [ "$server" != spam-score ] && [ ! -e "$dir/ready" ]; do
		sleep 0.2
	done
	record start 1 pss_kb "$(session_pss "$session")"
}

one_engine() {
	scenario=all
	BENCH_MODEL=$top/model
	export BENCH_MODEL
	if engine_start; then
		ask 8 2 "$BENCH_MESSAGES"
		record after 1 pss_kb "$(session_pss "$session")"
		record after 1 peak_kb "$(peak)"
		ask_more
	fi
	stop
	if [ "$server" = spam-score ]; then
		scenario=rules
		BENCH_MODEL=none
		if engine_start; then
			ask 8 2 "$BENCH_MESSAGES"
			ask_more
		fi
		stop
		scenario=all
		stream
	fi
	cold
}

stop() {
	stop_session "$session"
	session=
}

ask_more() {
	for kind in ${kinds#8 }; do
		ask "$kind" 1 "$(find "$top/mail" -name "$kind.*.frame" |
		    wc -l)"
	done
}

ask() { # KIND FROM TO
	to=$3
	if [ "$server" = spamd ]; then to=$((to / BENCH_SPAMD + $2)); fi
	cpu=$(session_cpu "$session")
	# shellcheck disable=SC2046 # words
	perl "$spam/ask.pl" "$server" "$dir" \
	    $(seq "$2" "$to" | sed "s,^,$top/mail/$1.,") >"$top/times" ||
	    { failed=1; return; }
	cpu=$(calculate "$(session_cpu "$session") - $cpu")
	record ask "$1" ms "$(median)"
	record ask "$1" cpu_ms "$(calculate "$cpu / ($to - $2 + 1)")"
}

# The most that any of its processes has had.
peak() {
	session_pids "$session" | sed 's,.*,/proc/&/status,' |
	    xargs cat 2>/dev/null |
	    awk '$1 == "VmHWM:" && $2 > max { max = $2 } END { print max }'
}

# All messages of 8 KB in one stream, without what the start takes.
stream() {
	# shellcheck disable=SC2086 # words
	for n in 1 "$BENCH_MESSAGES"; do
		head -c "$(($(wc -c <"$top/frames") * n / BENCH_MESSAGES))" \
		    "$top/frames" >"$top/some"
		if [ "$n" = 1 ]; then cp "$top/mail/8.1.frame" "$top/some"; fi
		$pin time -f '%e %U+%S' -o "$top/numbers.$n" spam-score \
		    -m "$top/model" -o reputation=none <"$top/some" \
		    >"$top/out" || { failed=1; return; }
	done
	read -r seconds cpu <"$top/numbers.$BENCH_MESSAGES"
	read -r seconds_1 cpu_1 <"$top/numbers.1"
	n=$(calculate "($BENCH_MESSAGES - 1) / 1000")
	record stream 8 ms "$(calculate "($seconds - $seconds_1) / $n")"
	record stream 8 cpu_ms "$(calculate "($cpu - ($cpu_1)) / $n")"
}

# A file with nothing that is there already.
cold() {
	case $server in
	spam-score) set -- "$BENCH_COLD" spam-score -m "$top/model" ;;
	spamd)
		command -v spamassassin >/dev/null || return
		mkdir -p "$top/home"
		echo "bayes_path $top/home/bayes" >"$top/home/prefs"
		set -- 1 spamassassin -L -t -p "$top/home/prefs"
		;;
	*) return ;;
	esac
	n=$1
	shift
	for i in $(seq "$n"); do
		before=$(date +%s%N)
		# shellcheck disable=SC2086 # words
		$pin "$@" "$top/mail/8.$((i + 1))" >"$top/out" 2>&1
		calculate "($(date +%s%N) - $before) / 1e6"
		echo
	done >"$top/times"
	record cold 8 ms "$(median)"
}

# $BENCH_TRAIN messages, half of them spam.
train() {
	scenario=all
	rm -rf "$top/learned"
	mkdir "$top/learned"
	settle
	# shellcheck disable=SC2086 # words
	$pin time -f '%e %U+%S' -o "$top/numbers" "$spam/trainer" "$server" \
	    "$top/train" "$top/learned" >"$top/out" 2>&1 || {
		note "$server: $(tail "$top/out")"
		return
	}
	read -r seconds cpu <"$top/numbers"
	record train 1 seconds "$seconds"
	record train 1 cpu_ms "$(calculate "1000 * ($cpu) / $BENCH_TRAIN")"
	record train 1 size_kb "$(du -sk "$top/learned" | cut -f1)"
}
