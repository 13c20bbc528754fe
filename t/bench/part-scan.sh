# shellcheck shell=sh disable=SC2154,SC2034
# What it costs to look for viruses: clamd with a database as it comes, av-scand
# with the same one as av-db prepares it, for everything (full) and for what
# comes by mail (mail).  One database is small, one as large as the official
# one.  No message is scanned twice, so that no cache helps.

part_scan() {
	if [ ! -d "$top/scan" ]; then make_scan; fi
	for scenario in $BENCH_DATABASES; do
		database=$top/scan/$scenario
		if [ "$server" != clamd ]; then prepare || continue; fi
		if engine_start; then
			scans
			if [ "$server" != clamd ]; then
				stage
				restarts
			fi
			if [ "$scenario" = large ]; then reload overlap; fi
		fi
		stop
		if [ "$scenario" = large ] && [ "$server" != clamd ]; then
			if engine_start reload=swap; then reload swap; fi
			stop
		fi
	done
}

# Databases; messages: 300 for the engines, 500 for the stage, 500 for what the
# stage is compared with.
make_scan() {
	mkdir "$top/scan" "$top/scan/small" "$top/scan/large"
	avgen "$top/scan/small" 20 20 10
	case $BENCH_DATABASES in *large*)
		avgen "$top/scan/large" "$BENCH_HASHES" "$BENCH_BODIES" \
		    "$BENCH_LOGICALS" ;;
	esac
	texts 8 1301
	texts 64 100
	texts 1024 20
	for n in $(seq 301 800); do
		mail-frame -r 'contact talktome@carol.example' \
		    <"$top/scan/8.$n" >>"$top/scan/frames"
	done
}

texts() { # KB COUNT
	awk -v "size=$(($1 * 1024))" -v "count=$2" -v "base=$top/scan/$1." \
	    -f "$here/texts.awk" "$here/../../README"
}

# KB FROM TO: names of messages.
messages_of() {
	seq "$2" "$3" | sed "s,^,$top/scan/$1.,"
}

prepare() {
	database=$top/$server.$scenario.$run
	# shellcheck disable=SC2086 # words
	$pin time -f '%e %M' -o "$top/numbers" av-db -o "profile=$server" \
	    "$top/scan/$scenario" "$database" >"$top/out" 2>&1 || {
		note "$server, $scenario: $(tail "$top/out")"
		failed=1
		return 1
	}
	read -r seconds kb <"$top/numbers"
	record prepare 1 seconds "$seconds"
	record prepare 1 peak_kb "$kb"
	$pin lookup "$database/pimail.hashes" <"$top/scan/$scenario/main.hdb" \
	    >"$top/out" || failed=1
	record lookup 1 us "$(sed -n 's/^not there.*mean \([0-9.]*\).*/\1/p' \
	    "$top/out")"
}

# Starts the engine; it is there when it answers the first scan.
engine_start() { # [OPTION]
	starts=$((starts + 1))
	dir=$top/$server.$starts
	program=av-scand
	if [ "$server" = clamd ]; then program=clamd; fi
	# shellcheck disable=SC2086 # words
	setsid $pin "$here/scanner" $program "$dir" "$database" ${1:+-o "$1"} \
	    >"$dir.out" 2>&1 &
	session=$!
	if ! ask -p "$session" -w 600 "$dir/socket" "$top/scan/8.1" \
	    >"$top/times"; then
		note "$server, $scenario: $(tail "$dir.out")"
		failed=1
		return 1
	fi
	if [ $# = 0 ]; then
		loading=$(median)
		record load 1 ms "$loading"
		record load 1 pss_kb "$(session_pss "$session")"
	fi
}

# One after the other; the time that is recorded has the client in it.
scans() {
	scan 8 300
	record after 300 pss_kb "$(session_pss "$session")"
	scan 64 100
	scan 1024 20
}

scan() { # KB COUNT
	cpu=$(session_cpu "$session")
	# shellcheck disable=SC2046 # words
	ask "$dir/socket" $(messages_of "$1" 2 "$2") >"$top/times" ||
	    { failed=1; return; }
	cpu=$(calculate "$(session_cpu "$session") - $cpu")
	record scan "$1" ms "$(median)"
	record scan "$1" cpu_ms "$(calculate "$cpu / ($2 - 1)")"
}

# What the stage takes for a frame, on the core of the engine, and what it adds
# to the scan.
stage() {
	# shellcheck disable=SC2086 # words
	$pin time -f '%e (%U+%S)' -o "$top/numbers" av-scan -s "$dir/socket" \
	    <"$top/scan/frames" >"$top/out" || { failed=1; return; }
	read -r seconds cpu <"$top/numbers"
	ms=$(calculate "$seconds * 2")
	# shellcheck disable=SC2046,SC2086 # words
	$pin ask -m "$dir/socket" $(messages_of 8 801 1300) >"$top/times" ||
	    { failed=1; return; }
	record stage 8 ms "$ms"
	record stage 8 cpu_ms "$(calculate "$cpu * 2")"
	record stage 8 added_ms "$(calculate "$ms - $(mean)")"
}

# Those of the session that are not children of its first process: scanners.
scanner_pids() {
	session_pids "$session" | sed 's,.*,/proc/&/stat,' | xargs cat |
	    awk -v "desk=$session" '{
		pid = $1
		sub(/^.*\) /, "")
		if (pid != desk && $2 != desk)
			print pid
	}'
}

# All that wait for a job are killed; until the next scan is answered.
restarts() {
	for n in $(seq 20); do
		# shellcheck disable=SC2046 # words
		ask -w 10 $(scanner_pids | sed 's/^/-k /') "$dir/socket" \
		    "$top/scan/8.$n" || { failed=1; return; }
		sleep 0.2
	done >"$top/times"
	record restart 20 ms "$(median)"
}

# Memory at most while the database is loaded again, which is done only if it
# has changed.
reload() { # MODE
	touch "$database"/*
	: >"$top/samples"
	sample "$session" "$top/samples" 0.05 &
	sampler=$!
	ask -r -w 600 "$dir/socket" "$top/scan/8.1301" >"$top/times"
	sleep "$(calculate "$loading / 1000 * 1.5 + 3")"
	stop_child "$sampler"
	sampler=
	record reload "$1" pss_kb "$(pss_max)"
	record reload "$1" ms "$(median)"
}
