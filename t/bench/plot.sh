# shellcheck shell=sh
# Panels for gnuplot: functions that print its commands for what is in a matrix
# below $data.  Sourced by plot.

# The values in a column of the medians, for a part and a load.
present() { # PART COLUMN LOAD
	awk -F, -v "part=$1" -v "column=$2" -v "load=$3" '
	$1 == part && $4 == load && !seen[$column]++ {
		print $column
	}' "$out/medians.csv" | tr '\n' ' '
}

# ROWS are "label scenario load x", with ";" behind each.
matrix() { # FILE PART METRIC SCALE SERVERS ROWS
	awk -v "part=$2" -v "metric=$3" -v "scale=$4" -v "servers=$5" \
	    -v "rows=${6%;}" -f "$here/matrix.awk" "$out/medians.csv" \
	    "$here/paper.csv" >"$data/$1"
}

scenario_rows() { # LOAD
	for s in S1 S2 S3 S4; do
		printf '%s %s %s 8;' $s $s "$1"
	done
}

size_rows() { # LOAD
	for s in S1 S2 S3 S4; do
		for kb in 8 16 32 64; do
			printf '%s:%s %s %s %s;' $s $kb $s "$1" $kb
		done
	done
}

x_rows() { # PART LOAD
	for x in $(present "$1" 5 "$2"); do
		printf '%s S1 %s %s;' "$x" "$2" "$x"
	done
}

fraction() { # PIXELS, from the other end if negative, OF
	awk "BEGIN { printf \"%.4f\", $1 / $2 + ($1 < 0) }"
}

# A page of panels, with the servers' colours on top and the machine below.
page() { # NAME WIDTH HEIGHT ROWS COLUMNS SERVERS
	cat <<-END
		set terminal svg size $2,$3 font 'sans-serif,12' \
		    background '#ffffff'
		set output '$out/$1.svg'
		load '$here/plot.gp'
		cd '$data'
		set label "$machine" at screen 0.01, screen $(fraction 9 "$3") \
		    font ',9' tc rgb '#777777'
		set multiplot layout $4,$5 margins \
		    $(fraction 85 "$2"),$(fraction -15 "$2"),\
		    $(fraction 75 "$3"),$(fraction -70 "$3") \
		    spacing $(fraction 80 "$2"),$(fraction 80 "$3")
	END
	x=85
	for s in $6; do
		if ! grep -q "^$part,$s," "$out/medians.csv" "$here/paper.csv"; then
			continue
		fi
		cat <<-END
			set label "■" at screen $(fraction $x "$2"), \
			    screen $(fraction -18 "$3") tc rgb colour("$s")
			set label "$(name "$s")" at screen $(fraction $((x + 16)) "$2"), \
			    screen $(fraction -18 "$3")
		END
		x=$((x + 50 + $(name "$s" | wc -m) * 7))
	done
}

name() { # SERVER
	case $1 in
	pimail-inetd) echo 'pimail, a process each' ;;
	postfix) echo Postfix ;;
	postscreen) echo 'Postfix, postscreen' ;;
	postfix-rspamd) echo 'Postfix, rspamd' ;;
	opensmtpd) echo OpenSMTPD ;;
	exim) echo Exim ;;
	bare) echo 'bare epoll loop' ;;
	paper) echo 'the paper (Raspberry Pi 2)' ;;
	*) echo "$1" ;;
	esac
}

# Where the rows of a matrix stand that have words for x; ~ is a space there.
row_tics() { # FILE
	tail -n +2 "$data/$1" | awk '{
		gsub("~", " ", $1)
		printf "%s\"%s\" %d", NR == 1 ? "set xtics (" : ", ", $1, NR - 1
	} END {
		printf ") scale 0\nset xrange [-0.6:%d.6]\n", NR - 1
	}'
}

heading() { # FILE TITLE YLABEL
	cat <<-END
		file = "$1"
		names = "$(head -n 1 "$data/$1")"
		n = words(names) - 1
		set title "$2"
		set ylabel "$3"
	END
}

# Bars side by side, with their values.
bars() { # FILE TITLE YLABEL
	row_tics "$1"
	heading "$@"
	cat <<-'END'
		w = 0.9 / n
		plot for [i = 1:n] file skip 1 \
		    using (at($0, i)):(column(i + 1)):(w * 0.9) with boxes \
		    lc rgb colour(word(names, i + 1)), \
		    for [i = 1:n] file skip 1 \
		    using (at($0, i)):(column(i + 1)):(short(column(i + 1))) \
		    with labels rotate by 90 left offset 0, 0.3 font ',9'
		unset label
	END
}

# Lines over the numbers in the first column.
lines() { # FILE TITLE YLABEL [X]
	heading "$@"
	cat <<-END
		plot for [i = 1:n] file skip 1 \
		    using (${4-\$1}):(column(i + 1)) with linespoints lw 2 \
		    pt 7 ps 0.6 lc rgb colour(word(names, i + 1))
		unset label
	END
}

# Lines over rows with words for x.
word_lines() { # FILE TITLE YLABEL
	row_tics "$1"
	lines "$1" "$2" "$3" "\$0"
}

# Over seconds, one panel a scenario, a line for each server.
series() { # METRIC SCALE YLABEL
	echo "set ylabel '$3'"
	for s in S1 S2 S3 S4; do
		lines_=
		for server in $(present scenarios 2 series); do
			file=$1.$s.$server
			awk -F, -v "metric=$1" -v "scale=$2" -v "s=$s" \
			    -v "server=$server" '
			$2 == server && $3 == s && $4 == "series" && $6 == metric {
				print $5, $7 * scale
			}' "$out/medians.csv" >"$data/$file"
			[ -s "$data/$file" ] || continue
			lines_="$lines_, '$file' using 1:2 with lines lw 2"
			lines_="$lines_ lc rgb colour('$server')"
		done
		if [ -n "$lines_" ]; then
			cat <<-END
				set title "$s"
				set xrange [0:*]
				plot ${lines_#, }
				unset label
				unset ylabel
			END
		else
			echo 'set multiplot next'
		fi
	done
}
