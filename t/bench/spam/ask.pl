# ask.pl: has an engine score messages, one after the other.
#
#	ask.pl [-w SECONDS] ENGINE DIR FILE...
#
# A line each: the milliseconds that it took, from the first octet until the
# answer was there.  What is no score is an error.  With -w it waits that long
# for the first answer, until the engine is there.
#
# spam-score has frames, which are FILE.frame, on DIR/in and DIR/out; spamd is
# asked as spamc does it, with the message for an answer; rspamd by HTTP, with
# its verdict for an answer.
use strict;
use warnings;
use IO::Socket::UNIX;
use Time::HiRes qw(sleep time);

my ($in, $out);

sub slurp {
	my ($path) = @_;
	local $/;
	open my $file, '<:raw', $path or die "$path: $!\n";
	return scalar <$file>;
}

# One frame of answer, up to its last line.
sub spam_score {
	my ($dir, $path) = @_;
	if (!$in) {
		open $in, '>:raw', "$dir/in" or die "$dir/in: $!\n";
		open $out, '<:raw', "$dir/out" or die "$dir/out: $!\n";
		$in->autoflush;
	}
	my $frame = slurp("$path.frame");
	my $start = time;
	print $in $frame;
	my ($size, $verdict);
	while (($_ = <$out>) ne "\n") {
		$size = $1 if /^size: (\d+)/;
	}
	read($out, my $message, $size) == $size or die "no message\n";
	while (($_ = <$out>) !~ /^end: /) {
		$verdict = $1 if /^verdict: (\w+)/;
	}
	return $verdict eq 'pass' && $message =~ /^X-Spam-Status: (?!Unknown)/m
	    ? time - $start : undef;
}

# Writes all, and reads all.  spamd waits for an end of what comes, but rspamd
# takes that for a client who has gone.
sub exchange {
	my ($path, $request, $end) = @_;
	my $socket = IO::Socket::UNIX->new(Peer => $path) or return '';
	local $/;
	print $socket $request;
	$socket->flush;
	$socket->shutdown(1) if $end;
	my $answer = <$socket>;
	return $answer // '';
}

sub spamd {
	my ($dir, $path) = @_;
	my $message = slurp($path);
	my $start = time;
	my $answer = exchange("$dir/spamassassin/spamd", sprintf(
	    "PROCESS SPAMC/1.5\r\nContent-length: %d\r\n\r\n%s",
	    length $message, $message), 1);
	return $answer =~ m{^SPAMD/\S+ 0 } ? time - $start : undef;
}

sub rspamd {
	my ($dir, $path) = @_;
	my $message = slurp($path);
	my $start = time;
	my $answer = exchange("$dir/rspamd.socket", sprintf(
	    "POST /checkv2 HTTP/1.0\r\nFrom: load\@example.net\r\n" .
	    "Rcpt: talktome\@carol.example\r\nConnection: close\r\n" .
	    "Content-Length: %d\r\n\r\n%s", length $message, $message), 0);
	return $answer =~ m{^HTTP/\S+ 200 .*"score"}s ? time - $start : undef;
}

my %engines = ('spam-score' => \&spam_score, spamd => \&spamd,
	rspamd => \&rspamd);
my $wait = 0;
if (($ARGV[0] // '') eq '-w') {
	shift;
	$wait = shift;
}
my ($engine, $dir, @files) = @ARGV;
my $ask = $engines{$engine // ''}
    or die "usage: ask.pl [-w seconds] engine dir file...\n";
$| = 1;
local $SIG{PIPE} = 'IGNORE';
local $SIG{ALRM} = sub { die "no answer\n" };
my $end = time + $wait;
for my $file (@files) {
	alarm($wait || 60);
	my $seconds = $ask->($dir, $file);
	while (!defined $seconds && time < $end) {
		sleep 0.005;
		$seconds = $ask->($dir, $file);
	}
	defined $seconds or die "$engine: no score for $file\n";
	printf "%.3f\n", $seconds * 1000;
	$end = 0;
	$wait = 0;
}
