# The pages say what the programs do.
load lib.bash

setup() {
	common_setup
	PAGES=$(cd "$BATS_TEST_DIRNAME/../man" && pwd)
	SOURCES=$(cd "$BATS_TEST_DIRNAME/../cmd" && pwd)
	# each that is built and has a page
	programs=()
	for page in "$PAGES"/*.[18]; do
		program=$(basename "${page%.[18]}")
		if [ -x "$B/$program" ]; then programs+=("$program"); fi
	done
	[ ${#programs[@]} -gt 0 ]
}

# section PAGE NAME: its lines.
section() {
	awk -v name="$2" '/^\.Sh / { on = substr($0, 5) == name; next } on' "$1"
}

# flags: the letters of `Fl` macros in what stands on standard input.
flags() {
	perl -ne 'while (/\bFl ([A-Za-z]+)(?= |$)/g) {
		print "$_\n" for split //, $1 }' | sort -u
}

# same WHAT A B: two files are the same.
same() {
	diff "$2" "$3" || {
		echo "$1"
		return 1
	}
}

@test "every program has a page, and the page its name" {
	for source in "$SOURCES"/*.c; do
		program=$(basename "$source" .c)
		page=$(ls "$PAGES/$program".[18])
		[ "$(section "$page" NAME | head -n 1)" = ".Nm $program" ]
	done
}

@test "mandoc has nothing to say about any page" {
	[ -x "$(command -v mandoc)" ] || skip "no mandoc"
	run -0 mandoc -Tlint -W warning "$PAGES"/*.[1578]
	[ -z "$output" ]
}

@test "options: usage, SYNOPSIS and description have the same" {
	for program in "${programs[@]}"; do
		page=$(ls "$PAGES/$program".[18])
		"$program" -: 2>&1 </dev/null | grep -v 'option -- ' |
			perl -ne 'while (/(?:^|[\s\[|])-([A-Za-z]+)/g) {
				print "$_\n" for split //, $1 }' | sort -u >usage
		section "$page" SYNOPSIS | flags >synopsis
		section "$page" DESCRIPTION | grep '^\.It Fl ' | flags >described
		same "$program: usage, SYNOPSIS" usage synopsis
		same "$program: SYNOPSIS, DESCRIPTION" synopsis described
	done
}

@test "-o: the page has every name with its default, and no other" {
	tried=0
	for program in "${programs[@]}"; do
		page=$(ls "$PAGES/$program".[18])
		section "$page" SYNOPSIS | flags | grep -qx o || continue
		run -0 --separate-stderr "$program" -o help
		printf '%s\n' "$output" >help
		sed 's/=.*//' help | sort >names
		sed -n 's/^\.It Cm \([a-z0-9-]*\) Ns =.*/\1/p' "$page" | sort >described
		same "$program: -o help, page" names described
		while IFS=$'\t' read -r setting _; do
			# from its .It to the next
			awk -v name="${setting%%=*}" '/^\.(It|El)/ {
				on = $2 == "Cm" && $3 == name && $4 == "Ns" } on' \
			    "$page" >block
			grep -qwF -e "${setting#*=}" block || {
				echo "$program: the default $setting is not in the page"
				return 1
			}
		done <help
		tried=$((tried + 1))
	done
	[ $tried -gt 0 ]
}

@test "EXIT STATUS names 111, which wrong usage is, and no unknown number" {
	for program in "${programs[@]}"; do
		page=$(ls "$PAGES/$program".[18])
		section "$page" 'EXIT STATUS' |
			sed -n 's/^\.It \([0-9][0-9]*\).*/\1/p' >codes
		grep -qx 0 codes
		grep -qx 111 codes
		[ -z "$(grep -vxE '0|99|100|111' codes)" ]
		run -111 "$program" -: </dev/null
		# without anything to do; spam-rules knows where rules are
		[ "$program" = spam-rules ] || run -111 "$program" </dev/null
	done
}

@test "pages name no page that is not there" {
	for page in "$PAGES"/*.[1578]; do
		sed -n 's/^\.Xr \([^ ]*\) \([0-9]\).*/\1 \2/p' "$page" |
			while read -r name number; do
				[ -e "$PAGES/$name.$number" ] ||
					! [ -e "$SOURCES/$name.c" ] || {
					echo "$page: $name($number)"
					return 1
				}
			done
	done
}

@test "each rule of agamid(7) is in the name of a test" {
	tests=$BATS_TEST_DIRNAME
	sed -n 's/^\.Ss \([0-9]*\.[0-9]*\) .*/\1/p' "$PAGES/agamid.7" |
	    grep -Ev '^[12]\.' >rules
	[ "$(wc -l <rules)" -ge 30 ]
	grep -hoE '^@test ".*\(agamid [0-9., ]+\)"' "$tests"/*.bats |
	    grep -oE '\(agamid .*\)' >named
	sed -n 's/^@test ".*(\([0-9., ]*\))".*/(agamid \1)/p' \
	    "$tests/network.bats" >>named
	grep -oE '[0-9]+\.[0-9]+' named | sort -u >have
	sort -u rules | comm -23 - have >left
	[ ! -s left ] || {
		cat left
		false
	}
	# and no test names one that is not there
	sed -n 's/^\.Ss \([0-9]*\.[0-9]*\) .*/\1/p' "$PAGES/agamid.7" |
	    sort -u | comm -13 - have >wrong
	[ ! -s wrong ]
}
