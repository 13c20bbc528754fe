# learn.pl: parts of t/bench/spam/learn.
#
#	forms SOURCE DEST FORM MAX   messages of SOURCE/{ham,spam} in one order
#	bogofilter DEST DB           each asked, and then learned
#	spamassassin DEST DB         the same with SpamAssassin's Bayes alone
#	report FILE CUTOFF           1-ROCA %, also without the first 500; ham and
#	                             spam misclassified
#
# The order is that of file names, ham and spam mixed: where names are digests
# that is a random one, and the same for all.  A result is "class<TAB>number" a
# line.
use strict;
use warnings;

# What filters of others have written is taken out for all.
my $filters = qr/^(?:X-Spam-|X-Virus-|X-Bogosity|Status:|X-Status:)/i;
my %keep = (
	full => qr/^/,
	few => qr/^(?:From|To|Subject|Date|Content-[a-z-]*):/i,
	body => qr/^Content-[a-z-]*:/i,
);

sub slurp {
	my ($path) = @_;
	local $/;
	open my $in, '<:raw', $path or die "$path: $!\n";
	return scalar <$in>;
}

sub list {
	my ($dir) = @_;
	opendir my $in, $dir or die "$dir: $!\n";
	return sort grep { !/^\./ } readdir $in;
}

sub forms {
	my ($source, $dest, $form, $max) = @_;
	my @all = map { my $class = $_; map { [$_, $class] }
		    list("$source/$class") } qw(ham spam);
	@all = sort { $a->[0] cmp $b->[0] } @all;
	splice @all, $max if $max && @all > $max;
	my $n = 0;
	mkdir $dest;
	for my $message (@all) {
		my ($name, $class) = @$message;
		my $text = slurp("$source/$class/$name");
		my ($head, $body) = split /\r?\n\r?\n/, $text, 2;
		my @fields = grep { !/$filters/ && /$keep{$form}/ }
		    "$head\n" =~ /([^\n]*\n(?:[ \t][^\n]*\n)*)/g;
		open my $out, '>:raw', sprintf '%s/%06d.%s', $dest, $n++, $class
		    or die "$dest: $!\n";
		print $out @fields, "\n", $body // '';
	}
}

sub each_message {
	my ($dest, $work) = @_;
	for my $name (list($dest)) {
		$work->("$dest/$name", $name =~ /spam$/ ? 'spam' : 'ham');
	}
}

sub bogofilter {
	my ($dest, $db) = @_;
	mkdir $db;
	each_message($dest, sub {
		my ($path, $class) = @_;
		# -C: no configuration but what is built in
		my $said = `bogofilter -C -d $db -TT -I $path 2>/dev/null`;
		printf "%s\t%s\n", $class, $said =~ /([\d.]+)/ ? $1 : 0.5;
		system('bogofilter', '-C', '-d', $db,
		    $class eq 'spam' ? '-s' : '-n', '-I', $path);
	});
}

sub spamassassin {
	my ($dest, $db) = @_;
	require Mail::SpamAssassin;
	require Mail::SpamAssassin::PerMsgStatus;
	mkdir $db;
	my $main = Mail::SpamAssassin->new({
		dont_copy_prefs => 1, local_tests_only => 1,
		userprefs_filename => '/dev/null', userstate_dir => $db,
		config_text => join "\n",
		    'loadplugin Mail::SpamAssassin::Plugin::Bayes',
		    'use_bayes 1', 'bayes_auto_learn 0', "bayes_path $db/bayes",
		    'bayes_min_ham_num 1', 'bayes_min_spam_num 1',
		    'bayes_auto_expire 0', 'lock_method flock',
		    'normalize_charset 1',
		    # without names of countries no address is one
		    slurp('/usr/share/spamassassin/20_aux_tlds.cf'), '',
	});
	$main->init(1);
	$main->init_learner({});
	my ($bayes) = grep { ref =~ /::Plugin::Bayes$/ }
	    @{$main->{plugins}{plugins}};
	each_message($dest, sub {
		my ($path, $class) = @_;
		my $text = slurp($path);
		my $mail = $main->parse($text);
		my $status = Mail::SpamAssassin::PerMsgStatus->new($main, $mail);
		my $said = $bayes->scan($status, $mail);
		printf "%s\t%s\n", $class, $said // 0.5;
		$status->finish;
		$mail->finish;
		$mail = $main->parse($text);
		$main->learn($mail, undef, $class eq 'spam', 0)->finish;
		$mail->finish;
	});
	$main->finish_learner;
	$main->finish;
}

# 1-ROCA in %: how likely a ham is called more of a spam than a spam is.
sub roca {
	my (%count, %at);
	for my $message (@_) {
		my ($class, $said) = @$message;
		$count{$class}++;
		$at{$said + 0}{$class}++;
	}
	my ($below, $area) = (0, 0);
	for my $said (sort { $a <=> $b } keys %at) {
		my $spam = $at{$said}{spam} // 0;
		$area += ($at{$said}{ham} // 0) * ($below + $spam / 2);
		$below += $spam;
	}
	return 100 * $area / (($count{ham} // 0) * ($count{spam} // 0) || 1);
}

sub report {
	my ($file, $cutoff) = @_;
	open my $in, '<', $file or die "$file: $!\n";
	my @all = map { [split] } <$in>;
	my %count = (ham => 0, spam => 0);
	my %wrong = (ham => 0, spam => 0);
	for my $message (@all) {
		my ($class, $said) = @$message;
		$count{$class}++;
		$wrong{$class}++ if ($said >= $cutoff) != ($class eq 'spam');
	}
	printf "%.4f\t%s\t%d/%d\t%d/%d\n", roca(@all),
	    @all > 500 ? sprintf('%.4f', roca(@all[500 .. $#all])) : '-',
	    map { ($wrong{$_}, $count{$_}) } qw(ham spam);
}

my ($what, @arguments) = @ARGV;
my %parts = (forms => \&forms, bogofilter => \&bogofilter,
	spamassassin => \&spamassassin, report => \&report);
die "usage: learn.pl forms|bogofilter|spamassassin|report ...\n"
    unless $parts{$what // ''};
$| = 1;
$parts{$what}->(@arguments);
