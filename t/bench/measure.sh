# shellcheck shell=sh
# Starting and stopping a server, giving it a load, and taking down what came
# of it.  Sourced by run; the variables that it shares with the parts are part,
# server, scenario, dir, port and session.

note() {
	awk -v "begun=$begun" -v "text=$*" '{
		printf "bench: %d min: %s\n", ($1 - begun) / 60, text
	}' /proc/uptime >&2
}

record() { # LOAD X METRIC VALUE; nothing if there is no value
	if [ -n "$4" ]; then
		echo "$run,$part,$server,$scenario,$1,$2,$3,$4" >>"$csv"
	fi
}

calculate() { # EXPRESSION
	awk "BEGIN { printf \"%.3f\", ($1) }"
}

median() { # of $top/times
	sort -n "$top/times" | awk '{ v[NR] = $1 } END {
		print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2
	}'
}

mean() { # of $top/times
	awk '{ sum += $1 } END { print sum / NR }' "$top/times"
}

# What is still to be written shall not be written while the next is measured.
settle() {
	sync
	sleep 1
}

# Starts $server and has it take one message.
start() { # SCENARIO
	scenario=$1 starts=$((starts + 1))
	dir=$top/$server.$starts
	mkdir -m 755 "$dir"
	port=$(free_port)
	# shellcheck disable=SC2086 # words
	setsid $pin "$here/servers/$server" run "$dir" "$port" "$scenario" \
	    >"$dir/out" 2>&1 &
	session=$!
	for _ in $(seq 120); do
		sleep 0.5
		if [ -z "$(session_pids "$session")" ]; then break; fi
		load -n 1 -o wait=5 2>/dev/null
		case $?,$server in
		0,* | 100,bare)
			settle
			return 0
			;;
		esac
	done
	note "$server ($scenario) does not start or does not deliver:"
	cat "$dir/out" "$dir/log" "$dir/orphans.log" "$top/load" 2>/dev/null | tail >&2
	failed=1
	stop
	return 1
}

stop() {
	stop_session "$session"
	session=
}

# put_aside MAILDIR: a fresh one in its place.  Nothing is deleted before the end
# (some GB by default): a file system may pay for that later, and so would the
# next one to be measured.
put_aside() {
	aside=$((aside + 1))
	mv "$1" "$top/aside.$aside" || return
	mkdir "$1" "$1/tmp" "$1/new" "$1/cur"
	chown -R --reference="$top/aside.$aside" "$1"
}

# load OPTION...: smtp-load until all is in the Maildir; its answer is in
# $top/json.
load() {
	if [ ! -d "$dir/mail/contact/new" ]; then return 111; fi
	smtp-load -j -w "$dir/mail/contact" -o wait=30 -o timeout=60 "$@" \
	    "127.0.0.1:$port" "$recipient" >"$top/json" 2>"$top/load" &
	loader=$! # a trap waits for who is not in the background
	wait "$loader"
	status=$?
	loader=
	put_aside "$dir/mail/contact"
	return $status
}

# The same; meanwhile $top/samples is written, a line a second; afterwards
# cpu has the milliseconds that the server took.
sampled_load() { # OPTION...
	settle
	: >"$top/samples"
	sample "$session" "$top/samples" &
	sampler=$!
	cpu=$(session_cpu "$session")
	load "$@"
	status=$?
	cpu=$(calculate "$(session_cpu "$session") - $cpu")
	stop_child "$sampler"
	sampler=
	return $status
}

pss_max() {
	awk '$3 > max { max = $3 } END { print max }' "$top/samples"
}

# A number of the last answer of smtp-load, or of another one.
value() { # NAME or OBJECT.NAME [FILE]
	case $1 in
	*.*) name="\"${1%.*}\":{[^}]*\"${1#*.}\":" ;;
	*) name="\"$1\":" ;;
	esac
	sed -n "s/.*$name\([0-9.]*\).*/\1/p" "${2:-$top/json}"
}

# The same, but nothing if it speaks of nothing.
value_if() { # NAME-OF-A-COUNT NAME or OBJECT.NAME [FILE]
	if [ "$(value "$1" "${3:-}")" -gt 0 ] 2>/dev/null; then
		value "$2" "${3:-}"
	fi
}

# Starts smtp-load with what does nobody any good, and waits until it is there;
# its answer comes when it is stopped.
hold() { # OPTION...
	smtp-load -j -n 0 -o time=600 "$@" "127.0.0.1:$port" "$recipient" \
	    >"$top/held" 2>"$top/holder" &
	holder=$!
	for _ in $(seq 120); do
		sleep 0.25
		if grep -q ' up$' "$top/holder"; then return; fi
	done
}

release() {
	stop_child "$holder"
	holder=
}
