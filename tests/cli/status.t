#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# forcetls status and the control socket behind it: what the daemon counts, what a reload does to
# that, who may ask, and that nobody who asks badly holds anything up.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Bare;
use Forcetls::Command qw(forcetls);
use Forcetls::FakeProber;
use Forcetls::Harness qw(at_end end_process free_port pause read_file wait_for work_dir write_file);
use Forcetls::Milter;
use Forcetls::Socketmap;
use IO::Select;
use IO::Socket::UNIX;
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

my $control = work_dir() . '/sockets/control.sock';
my $json = JSON::PP->new->utf8;

my $connectors = <<'END';
  { name = "encrypt-in"; direction = "inbound"; domains = [ "contoso.com" ]; level = "encrypt"; action = "reject"; exempt_networks = [ "192.0.2.77" ]; },
  { name = "tax-office"; direction = "inbound"; domains = [ "tax.example" ]; level = "encrypt"; },
  { name = "trial"; direction = "inbound"; domains = [ "trial.example" ]; level = "encrypt"; action = "reject"; mode = "monitor"; },
  { name = "quiet"; direction = "both"; domains = [ "quiet.example" ]; level = "may"; },
END

my $bare = Forcetls::Bare->new(policy => 1, settings => qq(control_socket = "unix:$control";\n), connectors => $connectors =~ s/,\n\z//r);
my $file = $bare->daemon->config_file;
my $began = int time;
$bare->start;
wait_for(10, sub { -S $control }) or die "no $control\n";

# What it says, and the counts of it: { 'connector direction verdict reason' => recipients }.
sub status
{
    my ($code, $out, $errors) = forcetls('status', '--socket', $control, '--json');
    $code == 0 or die "status: exit $code: $errors";
    return $json->decode($out);
}

sub counts
{
    my ($status) = @_;
    return {
        map {
            my $name = $_->{name};
            map { (join(' ', $name, $_->{direction}, $_->{verdict}, grep { defined } $_->{would}, $_->{reason}) => $_->{recipients}) } @{ $_->{counts} }
        } @{ $status->{connectors} }
    };
}

# A message to so many recipients.
sub message
{
    my ($from, $recipients, %arg) = @_;
    my $mta = $bare->connect;
    $mta->negotiate;
    $mta->connect(macros => { v => 'Postfix 3.7.11', '{client_port}' => '40000', '{daemon_port}' => '25' }, addr => $arg{addr} // '198.51.100.1');
    $mta->helo('client.example');
    return if $mta->mail("<$from>", macros => $arg{tls} ? Forcetls::Milter::postfix_tls() : undef) ne 'continue';
    $mta->rcpt("<b$_\@example.org>") for 1 .. $recipients;
    $mta->end_of_message(macros => { i => '4XqZ8l2bYz' });
}

subtest 'the daemon' => sub {
    my $status = status();
    is_deeply([ @$status{qw(v type pid)} ], [ 1, 'status', $bare->daemon->pid ], 'who it is');
    cmp_ok($status->{started}, '>=', $began, 'since when');
    cmp_ok(abs($status->{now} - $status->{started} - $status->{uptime}), '<=', 2, 'for how long');
    cmp_ok($status->{configuration}{read}, '>=', $began, 'when the file was read');
    delete $status->{configuration}{read};
    is_deeply($status->{configuration}, { file => $file, failed => undef, mode => 'enforce', connectors => 4, monitored => 1, domains => 4 }, 'and what is in it');
    is_deeply([ @$status{qw(internal_errors log_lines_dropped)} ], [ 0, 0 ], 'nothing is wrong');
    is_deeply($status->{policy_feed}, { connections => 0, requests => 0, taken => 0 }, 'nobody has used the policy feed');
    is_deeply([ map { $_->{name} } @{ $status->{connectors} } ], [qw(encrypt-in tax-office trial quiet)], 'the connectors, in the order of the file');
    is_deeply($status->{connectors}[3]{directions}, [qw(inbound outbound)], 'with their directions');
    is_deeply(counts($status), {}, 'nothing has come yet');
};

my %expected = (
    'encrypt-in inbound pass' => 3, 'encrypt-in inbound reject no-tls' => 2, 'encrypt-in inbound exempt network' => 1,
    'tax-office inbound defer no-tls' => 2, 'trial inbound monitor reject no-tls' => 4,
);

subtest 'recipients are counted as the log has them' => sub {
    message('a@contoso.com', 3, tls => 1);
    message('a@contoso.com', 2);
    message('a@contoso.com', 1, addr => '192.0.2.77');
    message('a@tax.example', 2);
    message('a@trial.example', 4);
    message('a@other.example', 5);
    is_deeply(counts(status()), \%expected, 'all of them');
    my ($count) = @{ status()->{connectors}[1]{counts} };
    cmp_ok(abs($count->{last} - time), '<=', 60, 'with the time of the last one');
};

subtest 'the policy feed' => sub {
    my $socket = IO::Socket::UNIX->new(Peer => $bare->daemon->policy_socket) or die "$!\n";
    print {$socket} "request=smtpd_access_policy\nprotocol_state=RCPT\n\n" x 3;
    $socket->flush;
    my $answers = '';
    1 while $answers !~ /(?:action=DUNNO\n\n){3}/ && sysread $socket, $answers, 4096, length $answers;
    is_deeply(status()->{policy_feed}, { connections => 1, requests => 3, taken => 0 }, 'one connection, three requests');
};

subtest 'as text' => sub {
    my ($code, $out, $errors) = forcetls('status', '-c', $file);
    is($code, 0, 'exit 0');
    is($errors, '', 'nothing on stderr');
    my $pid = $bare->daemon->pid;
    $out =~ s/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/TIME/g;
    $out =~ s/up .*? \(/up A WHILE (/;
    $out =~ s/\Q$file\E/FILE/g;
    $out =~ s/^(FILE, .*)\n  /$1 /m;
    $out =~ s/^(\S+ \S+ \S+) \d+\.\d+\.\d+\S*/$1 VERSION/;
    $out =~ s/^forcetls-milter \S+, process $pid/forcetls-milter VERSION, process PID/;
    is($out, <<'END', 'the report');
forcetls-milter VERSION, process PID, up A WHILE (since TIME)
FILE, read TIME: 4 connectors (1 in monitor mode), 4 domains, mode enforce
policy feed (smtpd_policy_socket): 0 connections open, 3 requests, 0 recipients
  took what they said

Recipients since the start
  connector   direction  verdict       reason   recipients  last
  encrypt-in  inbound    pass          -                 3  TIME
              inbound    reject        no-tls            2  TIME
              inbound    exempt        network           1  TIME
  tax-office  inbound    defer         no-tls            2  TIME
  trial       inbound    would reject  no-tls            4  TIME

no recipient yet: quiet
END
};

subtest 'a reload' => sub {
    my $before = status()->{configuration}{read};
    wait_for(5, sub { int(time - 0.1) > $before }); # time(2) may be some milliseconds late
    my @lines = split /^/, $connectors;
    $bare->daemon->reload(connectors => join('', @lines[ 2, 0, 3 ]) =~ s/,\n\z//r);
    my $status = status();
    cmp_ok($status->{configuration}{read}, '>', $before, 'the file was read again');
    is($status->{configuration}{connectors}, 3, 'one connector less');
    my %kept = map { $_ => $expected{$_} } grep { !/^tax-office/ } keys %expected;
    is_deeply(counts($status), \%kept, 'in another order: each still has what it had');
    message('a@contoso.com', 1);
    $kept{'encrypt-in inbound reject no-tls'}++;
    is_deeply(counts(status()), \%kept, 'and goes on');
    $bare->daemon->reload(connectors => $connectors =~ s/,\n\z//r);
    is(counts(status())->{'tax-office inbound defer no-tls'}, 2, 'one that comes back finds its own');
};

subtest 'a reload that fails is told' => sub {
    $bare->daemon->reload(connectors => '{ name = "x" }');
    my $status = status();
    cmp_ok(abs(($status->{configuration}{failed} // 0) - time), '<=', 60, 'when it was');
    is($status->{configuration}{connectors}, 4, 'the old rules are in force');
    my ($code, $out) = forcetls('status', '--socket', "unix:$control");
    is($code, 0, 'it answers: exit 0');
    like($out =~ s/\s+/ /gr, qr/^.*configuration: warning: it had errors when it was read again at \d{4}-\S+Z, so that the rules read before that are in force/, 'as text, too');
    $bare->daemon->reload(connectors => $connectors =~ s/,\n\z//r);
    is(status()->{configuration}{failed}, undef, 'a good one ends it');
};

# ---- the protocol ------------------------------------------------------------------------------

sub connection { return IO::Socket::UNIX->new(Peer => $control) // die "$control: $!\n" }

# Sends that and gives the answer, up to the end of the connection.
sub ask
{
    my ($octets, $half_close) = @_;
    my $socket = connection();
    local $SIG{PIPE} = 'IGNORE';
    syswrite $socket, $octets;
    shutdown $socket, 1 if $half_close;
    my $answer = '';
    my $select = IO::Select->new($socket);
    while ($select->can_read(10)) {
        sysread $socket, $answer, 65536, length $answer or return $answer;
    }
    return "$answer(still open)";
}

subtest 'requests' => sub {
    my $good = qq({"v":1,"command":"status"}\n);
    is($json->decode(ask($good))->{type}, 'status', 'one as it should be');
    is($json->decode(ask($good, 1))->{type}, 'status', 'from a client that has closed its own end');
    is($json->decode(ask("$good$good"))->{type}, 'status', 'two at once: the first is answered');
    is($json->decode(ask(qq({"v":1,"command":"status","more":[1]}\n)))->{type}, 'status', 'members that are not known');
    for my $bad ("\n", "status\n", "{}\n", qq({"v":2,"command":"status"}\n), qq({"v":1,"command":"stop"}\n), qq({"v":1,"v":1,"command":"status"}\n),
        qq({"v":1,"command":7}\n), qq([1]\n), "\0\n", "\xff\n", '[' x 4000 . "\n")
    {
        my $answer = $json->decode(ask($bad));
        is("$answer->{type}: $answer->{text}", 'error: the request must be {"v":1,"command":"status"}', 'not: ' . substr $bad =~ s/[^\x21-\x7e]/?/gr, 0, 40);
    }
    is($json->decode(ask('x' x 5000))->{text}, 'the request is too long', 'without an end');
    is($json->decode(ask('x' x 5000 . "\n"))->{text}, 'the request is too long', 'too long');
    is(ask('', 1), '', 'none at all');
};

subtest 'clients that do nothing' => sub {
    my @silent = map { connection() } 1 .. 8;
    my $ninth = connection();
    syswrite $ninth, qq({"v":1,"command":"status"}\n);
    ok(!IO::Select->new($ninth)->can_read(0.3), 'a ninth connection waits');
    message('a@contoso.com', 1);
    is(IO::Socket::UNIX->new(Peer => $bare->daemon->policy_socket) ? 1 : 0, 1, 'mail does not');
    close shift @silent;
    ok(IO::Select->new($ninth)->can_read(5), 'until another one goes');
    my $start = time;
    my $gone = 0;
    for my $socket (@silent) {
        $gone++ if IO::Select->new($socket)->can_read(20) && !sysread $socket, my $octet, 1;
    }
    is($gone, 7, 'they are all closed');
    cmp_ok(time - $start, '<', 15, 'after ten seconds');
};

SKIP: {
    skip 'only root can become somebody else', 3 if $> != 0;
    my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
    my $as_nobody = sub {
        pipe my $out, my $in or die;
        my $pid = fork // die;
        if (!$pid) {
            $) = "$gid $gid";
            POSIX::setgid($gid);
            POSIX::setuid($uid);
            my $socket = IO::Socket::UNIX->new(Peer => $control);
            my $answer = $socket ? '' : "$!";
            syswrite $socket, qq({"v":1,"command":"status"}\n) if $socket;
            1 while $socket && sysread $socket, $answer, 65536, length $answer;
            syswrite $in, $answer;
            POSIX::_exit(0);
        }
        close $in;
        waitpid $pid, 0;
        return join '', <$out>;
    };
    is(sprintf('%04o', (stat $control)[2] & 07777), '0600', 'the socket is for its owner');
    like($as_nobody->(), qr/^Permission denied/, 'somebody else does not get in');
    chmod 0666, $control;
    is($json->decode($as_nobody->())->{text}, 'only root and the daemon\'s own user are answered', 'nor where the mode has been spoilt');
    chmod 0600, $control;
}

subtest 'thousands of connectors, and a client that reads slowly' => sub {
    my $many = join ",\n", map { qq({ name = "partner-$_"; direction = "inbound"; domains = [ "p$_.example" ]; level = "encrypt"; }) } 1 .. 3000;
    $bare->daemon->reload(connectors => $many);
    message("a\@p$_.example", 1) for 1, 1500, 3000;
    my $status = status();
    is(scalar @{ $status->{connectors} }, 3000, 'all of them');
    is_deeply(counts($status), { map { ("partner-$_ inbound defer no-tls" => 1) } 1, 1500, 3000 }, 'with what they counted');
    my $slow = connection();
    syswrite $slow, qq({"v":1,"command":"status"}\n);
    ok(IO::Select->new($slow)->can_read(5), 'one that does not go on reading');
    is(scalar @{ status()->{connectors} }, 3000, 'holds up nobody');
    my ($resident) = read_file('/proc/' . $bare->daemon->pid . '/status') =~ /^VmRSS:\s+(\d+)/m;
    my $text = '';
    1 while sysread $slow, $text, 1000, length $text;
    is(scalar @{ $json->decode($text)->{connectors} }, 3000, 'and gets it all, late');
    my ($code, $out) = forcetls('status', '--socket', $control);
    like($out, qr/^no recipient yet: partner-2, .*and 2977 more$/ms, 'as text: the idle ones are summed up');
};

# ---- nobody answers ----------------------------------------------------------------------------

# A server that does something else with each connection.
sub other_server
{
    my ($path, $do) = @_;
    my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 5) or die "$path: $!\n";
    my $pid = fork // die;
    if (!$pid) {
        $SIG{TERM} = 'DEFAULT';
        while (my $socket = $listener->accept) { $do->($socket) }
        POSIX::_exit(0);
    }
    at_end(sub { end_process($pid, 'KILL') });
}

# ---- outbound ----------------------------------------------------------------------------------

$bare->stop;
subtest 'next hops and the TLS policy map' => sub {
    my $prober = Forcetls::FakeProber->new;
    local $ENV{FORCETLS_PROBER} = $prober->program;
    $prober->set('contoso.com' => { state => 'no-starttls' }, '[mail.hq.example]:587' => { state => 'tls' }, 'lost.example' => { act => 'error' });
    my $out = Forcetls::Bare->new(tls_policy => 1, settings => qq(control_socket = "unix:$control";\nprobe: { interval = "2h"; retry = "1h"; rate = 1000.0; };\n), connectors => <<'END');
  { name = "contoso-out"; direction = "outbound"; domains = [ "contoso.com" ]; level = "encrypt"; },
  { name = "hq-out"; direction = "outbound"; domains = [ "hq.example" ]; next_hops = [ "[mail.hq.example]:587" ]; level = "encrypt"; },
  { name = "lost-out"; direction = "outbound"; domains = [ "lost.example" ]; level = "encrypt"; unknown = "defer"; },
  { name = "below-out"; direction = "outbound"; domains = [ ".below.example" ]; level = "encrypt"; }
END
    $out->start;
    my %hops;
    my $look = sub { %hops = map { $_->{hop} => $_ } @{ status()->{hops} }; return \%hops };
    ok(wait_for(20, sub { $look->(); 2 == grep { defined $_->{found} } values %hops }), 'hops that the file names are looked at');
    ok(wait_for(20, sub { $look->()->{'lost.example'}{lost} }), 'one without an answer');
    is_deeply([ sort keys %hops ], [ '[mail.hq.example]:587', 'contoso.com', 'lost.example' ], 'all of them, and no others');
    is_deeply($hops{'contoso.com'}{found}{hosts}[0]{states}, ['no-starttls'], 'what was found');
    ok($hops{'contoso.com'}{pinned} && !$hops{'contoso.com'}{under_way}, 'pinned, and done');
    cmp_ok($hops{'contoso.com'}{found}{age}, '<=', 30, 'how long ago');
    cmp_ok($hops{'contoso.com'}{next}, '<=', 5400, 'a demand is not met: the next probe comes soon after retry');
    cmp_ok($hops{'[mail.hq.example]:587'}{next}, '>', 3600, 'and else before interval ends');
    is($hops{'contoso.com'}{used}, undef, 'no mail went there yet');

    my $send = sub {
        my ($to, $hop) = @_;
        my $mta = $out->connect;
        $mta->negotiate;
        $mta->connect(macros => { v => 'Postfix 3.7.11', '{client_port}' => '40000', '{daemon_port}' => '25' });
        $mta->helo('client.example');
        $mta->mail('<a@example.org>');
        $mta->rcpt("<$to>", macros => { '{rcpt_mailer}' => 'smtp', '{rcpt_host}' => $hop });
        $mta->end_of_headers if $mta->can('end_of_headers');
        $mta->end_of_message(macros => { i => '4XqZ8l2bYz' });
    };
    $send->('b@contoso.com', 'contoso.com');
    $send->('b@contoso.com', 'contoso.com');
    $send->('b@lost.example', 'lost.example');
    $send->('b@hq.example', '[mail.hq.example]:587');
    is_deeply(counts(status()), { 'contoso-out outbound defer starttls-not-offered' => 2, 'lost-out outbound defer prober-failure' => 1, 'hq-out outbound pass' => 1 }, 'recipients, by what became of them');
    cmp_ok($look->()->{'contoso.com'}{used} // 1e9, '<=', 30, 'mail went there');
    $prober->set('x.below.example' => { state => 'tls' });
    $send->('b@x.below.example', 'x.below.example');
    ok(wait_for(20, sub { defined $look->()->{'x.below.example'}{found} }), 'a hop of a suffix is there once mail went to it');
    is($hops{'x.below.example'}{pinned}, JSON::PP::false, 'and is not pinned');
    my $prober_status = status()->{prober};
    is_deeply([ @$prober_status{qw(pinned others passed_over)} ], [ 3, 1, 0 ], 'how many there are');

    my $map = Forcetls::Socketmap->new($out->daemon->tls_policy_socket);
    $map->say(Forcetls::Socketmap::netstring("forcetls $_")), $map->hear for 'contoso.com', 'hq.example', 'nobody.example';
    $map->say(Forcetls::Socketmap::netstring('other contoso.com'));
    $map->hear;
    is_deeply(status()->{tls_policy}, { ok => 2, not_found => 1, temporary => 0, other_map => 1 }, 'what the map was asked');

    my ($code, $text, $errors) = forcetls({ env => { COLUMNS => 120 } }, 'status', '--socket', $control);
    is("$code$errors", '0', 'as text: exit 0');
    like($text, qr/^TLS policy map \(tls_policy_socket\): 2 policies given, 1 keys of nobody's, 0 put off$/m, 'the map');
    like($text, qr/^TLS policy map: warning: 1 requests were for a map of another name/m, 'a mistake in main.cf');
    like($text, qr/^  3 named by the file, 1 others, of which 0 wait for their first probe$/m, 'the hops');
    like($text, qr/^  contoso\.com +\S+ no-starttls +\d+ s +\S+ (?:h|min)(?: \d+ min)? +\d+ s$/m, 'one of them');
    like($text, qr/^  lost\.example +the prober gave no answer +- /m, 'one that is not known');
    $out->stop;
};

my $dir = work_dir();
write_file("$dir/none.conf", "milter_socket = \"unix:$dir/m.sock\";\nconnectors = ( );\n");
other_server("$dir/mute.sock", sub { read $_[0], my $octets, 100000 });
other_server("$dir/curt.sock", sub { close $_[0] });
other_server("$dir/web.sock", sub { print { $_[0] } "HTTP/1.1 400 Bad Request\r\n\r\n"; close $_[0] });
other_server("$dir/later.sock", sub { print { $_[0] } qq({"v":2,"type":"status"}\n); close $_[0] });
other_server("$dir/refuses.sock", sub { print { $_[0] } qq({"v":1,"type":"error","text":"no \\u001b[31m"}\n); close $_[0] });
for (
    [ 'no configuration', [ '-c', "$dir/missing.conf" ], 2, qr/'\Q$dir\E\/missing\.conf'/ ],
    [ 'no control_socket', [ '-c', "$dir/none.conf" ], 2, qr/no control_socket in the file .*add control_socket = / ],
    [ 'too long a name', [ '--socket', '/' . 'x' x 300 ], 2, qr/too long/ ],
    [ 'an argument', ['now'], 2, qr/'now'/ ],
    [ 'it is not running', [ '-c', $file ], 3, qr/does not answer on '\Q$control\E': .*is forcetls-milter running/ ],
    [ 'no such socket', [ '--socket', "$dir/missing.sock" ], 3, qr/No such file/ ],
    [ 'a file', [ '--socket', "$dir/none.conf" ], 3, qr/Connection refused/ ],
    [ 'one that says nothing', [ '--socket', "$dir/mute.sock" ], 3, qr/does not answer on .* within 10 s/ ],
    [ 'one that closes', [ '--socket', "$dir/curt.sock" ], 3, qr/without a word|Connection reset|Broken pipe/ ],
    [ 'something else', [ '--socket', "$dir/web.sock" ], 3, qr/is no forcetls-milter of this version/ ],
    [ 'another version', [ '--socket', "$dir/later.sock" ], 3, qr/is no forcetls-milter of this version/ ],
    [ 'an error', [ '--socket', "$dir/refuses.sock" ], 3, qr/the daemon says on .*: no \\x1b\[31m/ ],
    )
{
    my ($name, $arguments, $wanted, $pattern) = @$_;
    my ($code, $out, $errors) = forcetls('status', @$arguments);
    is($code, $wanted, "$name: exit $wanted");
    is($out, '', 'nothing on stdout');
    like($errors, qr/\Aforcetls: .*$pattern/, 'says why');
}

done_testing();
