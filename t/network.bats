# Nodes that are each other's backup, with real sshd; see agamid(7), whose
# sections stand behind the names, and nettest.py.
load lib.bash

setup() {
	common_setup
	export PYTHONDONTWRITEBYTECODE=1
	# the nodes' user needs a way to their files
	if [ "$(id -u)" = 0 ]; then
		chmod a+rx "$D" "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR" \
		    "$BATS_RUN_TMPDIR"
	fi
}

network() {
	python3 "$BATS_TEST_DIRNAME/nettest.py" "$1" 3>&-
}

@test "mail for a node that is away comes home, though who took it died (2)" {
	network story
}

@test "messages of all sizes come home from two holders at once (9.2)" {
	network crowd
}

@test "250 is said when as many copies are out as was asked for (5.5)" {
	network before
}

@test "a backup refuses what the owner refuses (5.1)" {
	network refused
}

@test "who is no backup gets neither mail nor copies (8.3, 8.5)" {
	network lists
}

@test "what is sealed has the form of the specification, and gpg opens it (6.1, 6.5)" {
	network form
}

@test "a newer manifest travels with mail, and what it refuses bounces (7.3)" {
	network news
}

@test "an owner that stays away: a bounce, then copies expire (8.7, 10.1)" {
	network never
}

@test "processes and nodes are killed on the way home: once and whole (9.2)" {
	network killed
}

@test "a full disk at a holder and at the owner loses nothing (5.5, 7.4)" {
	[ "$(id -u)" = 0 ] || skip "only root can have a small disk"
	network full
}

@test "a rogue drops, replays, changes and floods, and nothing comes of it (1.4)" {
	network rogue
}

@test "twelve nodes, at random: all that got a 250 is home once, and whole" {
	network chaos
}
