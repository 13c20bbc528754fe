# How mail of bob, which carol holds, gets home, whatever transport carries it:
# scenarios for share-uucp.bats and share-nncp.bats; see post.bash.

goes_home() {
	circle carol bob
	message m 3000
	hold m
	# queued there is not done
	run -111 retry carol
	[ "$(held carol)" = 1 ]
	grep -q ' verdict=defer ' said
	call carol
	execute bob
	arrived m
	run -111 retry carol
	[ "$(held carol)" = 1 ]
	# bob calls with the answer
	call bob
	execute carol
	retry carol
	[ "$(held carol)" = 0 ]
	grep -q ' destination=bob to=bob verdict=done' said
	[ -z "$(find carol/spool/post -type f)" ]
	[ -z "$(queued carol bob)" ]
	[ -z "$(come carol bob)" ]
}

is_opened_at_home() {
	circle carol bob
	hold_sealed m
	run -111 retry carol
	call carol
	# it is in carol's queue and spool, then in bob's
	[ "$(held carol)" = 1 ]
	[ -n "$(come bob carol)" ]
	nobody_reads carol bob
	execute bob
	call bob
	execute carol
	retry carol
	[ "$(held carol)" = 0 ]
	at_home m
}

many_go_in_one_call() {
	local i
	circle carol bob
	for i in {1..20}; do
		printf 'Subject: %s\n\n\000\377 text\r\n' "$i" >"m$i"
		hold "m$i"
	done
	head -c 5000000 /dev/urandom >big
	hold big
	home
	arrived m{1..20} big
	[ "$(held carol)" = 0 ]
}

owner_is_down() { # CALLS: how often bob is called in vain
	local n
	circle carol bob
	message m 3000
	hold m
	down bob
	for n in 1 2 3; do
		run -111 retry carol
		[ "$n" -gt "$1" ] || run ! call carol
		[ "$(held carol)" = 1 ]
	done
	run -111 retry carol
	[ "$(queued carol bob | wc -l)" = 1 ]
	up bob
	call_again carol bob
	home
	arrived m
	[ "$(held carol)" = 0 ]
}

spool_is_lost() {
	circle carol bob
	message m 3000
	hold m
	run -111 retry carol
	rm -r "$(spool carol bob)"
	run -111 retry carol
	[ ! -e "$(spool carol bob)" ]
	# and an answer that was lost is none, either
	a_day_later carol
	run -111 retry carol
	call carol
	execute bob
	rm -r "$(spool bob carol)"
	arrived m
	a_day_later carol
	home
	arrived m
	[ "$(held carol)" = 0 ]
}

is_refused_or_deferred() {
	circle carol bob
	message m 3000
	hold m
	echo 'exit 1' >verdict
	relay_from bob "mail-filter -f sh $D/verdict"
	run -111 home
	[ "$(held carol)" = 1 ]
	[ -z "$(find carol/spool/post -type f)" ]
	echo 'exit 100' >verdict
	rm said
	run home
	grep -q " verdict=reject reply='554 5.7.1 Message refused'" said
}

copy_outlives() {
	circle carol bob dave
	hold_sealed m
	down bob
	run -111 retry carol
	call carol dave
	execute dave
	# dave has it; carol learns of that by the answer
	[ "$(held dave)" = 1 ]
	[ -z "$(find carol -name '*.copies')" ]
	call carol dave
	execute carol
	run -111 retry carol
	[ "$(cat carol/spool/sealed/bob/*.copies)" = dave ]
	[ "$(held carol)" = 1 ]
	nobody_reads carol dave
	# carol dies for ever
	down carol
	rm -r carol
	run -111 retry dave
	[ "$(held dave)" = 1 ]
	up bob
	call dave bob
	execute bob
	at_home m
	# the answer is lost, so dave sends it once more
	rm -r "$(spool bob dave)"
	a_day_later dave
	run -111 retry dave
	[ "$(held dave)" = 1 ]
	call dave bob
	execute bob
	at_home m
	rm said
	call dave bob
	execute dave
	retry dave
	grep -q ' destination=bob to=bob verdict=done' said
	[ "$(held dave)" = 0 ]
	at_home m
}
