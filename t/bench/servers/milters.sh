# shellcheck shell=sh disable=SC2154
# Filters for Postfix, all as milters, so that the client hears what they say.
# They run among the files of the peers, in Postfix' session.  There is no
# network: spamd makes its local tests, rspamd goes without its modules that
# ask others.  $BENCH_DATABASE is the directory with the signatures of clamd.

milter_scenarios() { # clamav's and this GROUP's
	list=
	if has_peer clamav; then list=S2; fi
	if has_peer "$1"; then list="$list S3"; fi
	if has_peer clamav && has_peer "$1"; then list="$list S4"; fi
	if [ "$1" = rspamd ]; then list=${list#S2}; fi
	echo "$list"
}

start_clamav() {
	start_scanner clamd "$BENCH_DATABASE"
	cat >"$dir/clamd/milter.conf" <<-END
		Foreground yes
		User nobody
		ClamdSocket unix:$dir/clamd/socket
		MilterSocket unix:$dir/clamav.milter
		MilterSocketMode 666
		TemporaryDirectory ${BENCH_TEMP:-$dir/clamd}
	END
	orphan clamav-milter -c "$dir/clamd/milter.conf"
	wait_for_socket "$dir/clamav.milter"
}

start_spamd() {
	mkdir -m 777 "$dir/spamassassin"
	cat >>/etc/spamassassin/local.cf <<-END
		bayes_path $dir/spamassassin/bayes
		lock_method flock
	END
	orphan spamd -L -x -u nobody -H "$dir/spamassassin" -s stderr \
	    --socketpath="$dir/spamassassin/spamd" --socketmode=666
	wait_for_socket "$dir/spamassassin/spamd"
}

start_spamassassin() {
	start_spamd
	orphan spamass-milter -p "$dir/spamassassin.milter" -- \
	    -U "$dir/spamassassin/spamd"
	wait_for_socket "$dir/spamassassin.milter"
	chmod 666 "$dir/spamassassin.milter"
}

start_rspamd() {
	echo 'enabled = false;' >/etc/rspamd/local.d/worker-normal.inc
	cat >/etc/rspamd/local.d/worker-proxy.inc <<-END
		bind_socket = "$dir/rspamd.milter mode=0666";
		milter = yes;
		upstream "local" {
		  default = yes;
		  self_scan = yes;
		}
	END
	run_rspamd "$dir/rspamd.milter"
}

# With one worker, as it is configured by now.
run_rspamd() { # ITS-SOCKET
	for module in arc asn dkim dkim_signing dmarc fuzzy_check greylist hfilter \
	    maillist mx_check phishing ratelimit rbl spf; do
		echo 'enabled = false;' >"/etc/rspamd/local.d/$module.conf"
	done
	echo 'enabled = false;' >/etc/rspamd/local.d/worker-controller.inc
	cat >/etc/rspamd/local.d/options.inc <<-END
		dns { nameserver = ["127.0.0.1"]; timeout = 0.1s; retransmits = 1; }
	END
	mkdir -p /var/lib/rspamd /var/log/rspamd /run/rspamd "$BENCH_TOP/rspamd"
	mount --bind "$BENCH_TOP/rspamd" /var/lib/rspamd
	chown nobody /var/lib/rspamd /var/log/rspamd /run/rspamd
	chmod 777 "$dir"
	orphan rspamd -f -u nobody -g nogroup
	wait_for_socket "$1"
	# the first one compiles patterns, and keeps them for the next ones
	before=
	while [ "$before" != "$(ls /var/lib/rspamd)" ]; do
		before=$(ls /var/lib/rspamd)
		sleep 3
	done
}
