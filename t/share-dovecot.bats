load lib.bash

# The sample configuration, with the places of this test put over it; Dovecot
# wants root.

setup() {
	common_setup
	[ "$(id -u)" = 0 ] || skip "Dovecot with users of its own wants root"
	command -v dovecot >/dev/null || skip "no dovecot"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	pid=
	port=$(free_port)
	mkdir mail base
	chown nobody mail
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
	    2>/dev/null
	# shellcheck disable=SC2016 # no expansion
	echo 'contact:{PLAIN}secret::::::' >users
	sed -e "s|/etc/pimail|$D|" -e "s|/etc/dovecot/users|$D/users|" \
	    -e "s|/srv/mail|$D/mail|" -e 's|gid=vmail|gid=nogroup|' \
	    -e 's|uid=vmail|uid=nobody|' \
	    "$BATS_TEST_DIRNAME/../share/dovecot/dovecot.conf" >dovecot.conf
	cat >>dovecot.conf <<-EOF
		base_dir = $D/base
		log_path = $D/log
		first_valid_uid = 1
		default_internal_user = nobody
		default_internal_group = nogroup
		default_login_user = nobody
		service imap-login {
		  chroot =
		  inet_listener imap {
		    port = 0
		  }
		  inet_listener imaps {
		    address = 127.0.0.1
		    port = $port
		  }
		}
		service anvil {
		  chroot =
		}
	EOF
}

teardown() {
	[ -z "${pid-}" ] || kill "$pid"
}

@test "the sample configuration of Dovecot reads what was delivered" {
	printf 'From: a@b.example\nSubject: read me\n\nhello\n' >m
	frame m >f
	su -s /bin/sh nobody -c "PATH=$B:\$PATH maildir-deliver '$D/mail'" \
	    <f >answer
	mail-frame -c <answer | grep -q done
	dovecot -F -c "$D/dovecot.conf" 3>&- &
	pid=$!
	cat >read.py <<-'EOF'
		import imaplib, ssl, sys
		tls = ssl.create_default_context(cafile="cert.pem")
		imap = imaplib.IMAP4_SSL("localhost", int(sys.argv[1]),
		    ssl_context=tls)
		imap.login("contact", "secret")
		print(imap.select("INBOX"))
		text = imap.fetch("1", "(RFC822)")[1][0][1]
		assert b"Subject: read me\r\n\r\nhello\r\n" in text, text
		assert b"Delivered-To: talktome@carol.example\r\n" in text, text
		assert any(b"Junk" in f for f in imap.list()[1]), imap.list()
		imap.logout()
	EOF
	wait_for 10 python3 read.py "$port" || {
		cat log
		false
	}
}
