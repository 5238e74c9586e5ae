#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The SMTPD policy protocol as Postfix speaks it, and as nobody should; and what becomes of what is
# said there when the milter is asked about the same recipient. Both sides are spoken here.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Bare;
use Forcetls::Harness qw(at_end end_process is_over run start_process wait_for work_dir);
use Forcetls::Milter;
use Forcetls::Policy;
use IO::Socket::UNIX;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

my $dunno = "action=DUNNO\n\n";
my $right = join ':', map { sprintf '%02X', $_ } 0 .. 31;
my $wrong = join ':', map { sprintf '%02X', $_ + 1 } 0 .. 31;

my $bare = Forcetls::Bare->new(policy => 1, connectors => <<"END");
  { name = "print"; direction = "inbound"; domains = [ "print.example" ]; level = "fingerprint"; action = "reject";
    certificates = ( { fingerprint = "$right"; } ); },
  { name = "key"; direction = "inbound"; domains = [ "key.example" ]; level = "fingerprint"; action = "reject";
    certificates = ( { public_key = "$right"; } ); }
END
$bare->start;
my $socket = $bare->daemon->policy_socket;

sub raw
{
    return IO::Socket::UNIX->new(Peer => $socket) // die "$socket: $!\n";
}

sub say_to
{
    my ($connection, $bytes) = @_;
    my $sent = 0;
    while ($sent < length $bytes) {
        my $more = syswrite $connection, $bytes, 65536, $sent;
        return 0 if !$more;
        $sent += $more;
    }
    return 1;
}

# What comes until `$want` bytes, the end of the connection or ten seconds; undef: time is over.
sub hear
{
    my ($connection, $want) = @_;
    my $heard = '';
    my $select = IO::Select->new($connection);
    while (length $heard < $want) {
        return undef if !$select->can_read(10);
        sysread $connection, $heard, $want - length $heard, length $heard or last;
    }
    return $heard;
}

# Closed by the other side, within the time.
sub closed
{
    my ($connection, $seconds) = @_;
    my $bytes;
    return 0 if !IO::Select->new($connection)->can_read($seconds // 10);
    return !sysread $connection, $bytes, 1;
}

my %request = (
    request => 'smtpd_access_policy', protocol_state => 'RCPT', protocol_name => 'ESMTP', client_address => '192.0.2.1', client_name => 'mail.contoso.com',
    client_port => 40000, reverse_client_name => 'mail.contoso.com', server_address => '192.0.2.25', server_port => 25, helo_name => 'mail.contoso.com',
    sender => 'a@print.example', recipient => 'b@example.org', recipient_count => 0, queue_id => '', instance => '1a2b.68f0.0.0', size => 0, etrn_domain => '',
    stress => '', sasl_method => '', sasl_username => '', sasl_sender => '', ccert_subject => 'mail.contoso.com', ccert_issuer => 'mail.contoso.com',
    ccert_fingerprint => $right, ccert_pubkey_fingerprint => $wrong, encryption_protocol => 'TLSv1.3', encryption_cipher => 'TLS_AES_256_GCM_SHA384',
    encryption_keysize => 256, policy_context => '', compatibility_level => '3.6', mail_version => '3.7.11',
);

sub text_of
{
    my (%change) = @_;
    my %all = (%request, %change);
    return join '', map({ "$_=$all{$_}\n" } sort { ($b eq 'request') <=> ($a eq 'request') || $a cmp $b } grep { defined $all{$_} } keys %all), "\n";
}

# ---- slow ones, begun first since they take their time ------------------------------------------

my $silent_half = raw();
say_to($silent_half, "request=smtpd_access_policy\n");
my $trickle = raw();
my $trickler = fork // die "fork: $!\n";
if (!$trickler) {    # half a byte a second would be enough to be never idle
    for (1 .. 60) {
        say_to($trickle, 'a') or last;
        select undef, undef, undef, 0.5;
    }
    POSIX::_exit(0);
}
at_end(sub { end_process($trickler) });
my $began = time;

# ---- answers -----------------------------------------------------------------------------------

subtest 'every request is answered DUNNO' => sub {
    my $connection = raw();
    for my $case (
        [ 'a recipient', text_of() ],
        [ 'another step of the session', text_of(protocol_state => 'MAIL', recipient => '') ],
        [ 'the end of the message', text_of(protocol_state => 'END-OF-MESSAGE') ],
        [ 'another request', text_of(request => 'something_else') ],
        [ 'no TLS', text_of(map { $_ => '' } qw(ccert_fingerprint ccert_pubkey_fingerprint encryption_protocol encryption_cipher)) ],
        [ 'hardly anything', "request=smtpd_access_policy\n\n" ],
        [ 'nothing', "\n" ],
        [ 'an attribute that nobody knows', text_of(tls_sni => 'mx.example.org', future => 'a=b=c') ],
        [ 'addresses that are none', text_of(client_address => 'unknown', client_port => 'unknown') ],
        [ 'a recipient of 60000 bytes', text_of(recipient => 'b' x 60000) ],
        [ 'eight-bit bytes', text_of(recipient => "b\xc3\xbccher\@example.org", helo_name => "\xff\xfe") ],
    ) {
        my ($title, $text) = @$case;
        say_to($connection, $text);
        is(hear($connection, length $dunno), $dunno, $title);
    }
};

subtest 'however it comes' => sub {
    my $connection = raw();
    say_to($connection, text_of() x 50);
    is(hear($connection, 50 * length $dunno), $dunno x 50, 'fifty requests at once');
    for my $byte (split //, text_of()) {
        say_to($connection, $byte);
    }
    is(hear($connection, length $dunno), $dunno, 'byte by byte');
    say_to($connection, text_of());
    shutdown $connection, 1;
    is(hear($connection, 1000), $dunno, 'a peer that closes its side still gets the answer');
};

# ---- facts -------------------------------------------------------------------------------------

my %macros = (
    v => 'Postfix 3.7.11', '{client_addr}' => '192.0.2.1', '{client_port}' => 40000, '{daemon_addr}' => '192.0.2.25', '{daemon_port}' => 25,
    '{client_name}' => 'mail.contoso.com', '{client_resolve}' => 'OK',
);

# A session at the milter, after MAIL.
sub session
{
    my (%arg) = @_;
    my %its = (%macros, %{ $arg{macros} // {} });
    my $mta = $bare->connect;
    $mta->negotiate;
    $mta->connect(addr => $its{'{client_addr}'} =~ s/^IPv6://r, macros => \%its);
    $mta->helo('mail.contoso.com');
    my $mail = $mta->mail($arg{from} // '<a@print.example>', macros => Forcetls::Milter::postfix_tls(%{ $arg{tls} // {} }));
    $mail eq 'continue' or die "MAIL: $mail\n";
    return $mta;
}

# What becomes of a recipient: 250 (passes), 550 (the wrong certificate), 451 (not reported).
sub verdict
{
    my ($mta, $recipient) = @_;
    my $reply = $mta->rcpt($recipient // '<b@example.org>');
    return $reply eq 'continue' ? 250 : substr $reply, 0, 3;
}

# One connection of the policy protocol, as one smtpd process has it.
sub process { return Forcetls::Policy->new($socket) }

sub told
{
    my ($process, %change) = @_;
    return is($process->ask(%request, %change), $dunno, 'Postfix asks us');
}

subtest 'what Postfix says about a recipient counts for that recipient' => sub {
    my $process = process();
    my $mta = session();
    told($process);
    is(verdict($mta), 250, 'the pinned certificate');
    is(verdict($mta), 451, 'taken once');
    for my $recipient (qw(c@example.org d@example.org)) {
        told($process, recipient => $recipient);
        is(verdict($mta, "<$recipient>"), 250, 'the next recipient');
    }
    $mta->abort;
    $mta->mail('<a@print.example>', macros => Forcetls::Milter::postfix_tls());
    told($process, instance => '1a2b.68f0.0.1');
    is(verdict($mta), 250, 'the next message');
    told($process, ccert_fingerprint => $wrong);
    is(verdict($mta), 550, 'another certificate');
    told($process, ccert_fingerprint => '', ccert_pubkey_fingerprint => '');
    is(verdict($mta), 550, 'no certificate');
    told($process, ccert_fingerprint => 'C2:9D:F4:87:71:73:73:D9:18:E7:C2:F3:C1:DA:6E:04');
    is(verdict($mta), 451, 'an MD5 fingerprint');
    told($process, ccert_fingerprint => lc $right);
    is(verdict($mta), 250, 'in lower case');
};

subtest 'a pinned public key' => sub {
    my $process = process();
    my $mta = session(from => '<a@key.example>');
    told($process, ccert_pubkey_fingerprint => $right);
    is(verdict($mta), 250, 'the right one');
    told($process);
    is(verdict($mta), 550, 'another one');
};

subtest 'spellings' => sub {
    my $process = process();
    my $mta = session(macros => { '{client_addr}' => 'IPv6:2001:db8::1', '{daemon_addr}' => 'IPv6:2001:db8::25' });
    told($process, client_address => '2001:db8::1', server_address => '2001:db8::25');
    is(verdict($mta), 250, 'IPv6');
    $mta = session();
    told($process, client_address => '::ffff:192.0.2.1');
    is(verdict($mta), 250, 'a mapped address');
    told($process, recipient => 'b c@example.org');
    is(verdict($mta, '<"b c"@Example.ORG>'), 250, 'a quoted recipient');
    told($process, recipient => 'postmaster');
    is(verdict($mta, '<postmaster>'), 250, 'a recipient without a domain');
};

subtest 'what does not agree is no fact' => sub {
    for my $lie (
        [ 'another recipient', recipient => 'c@example.org' ], [ 'another protocol', encryption_protocol => 'TLSv1.2' ],
        [ 'another cipher', encryption_cipher => 'TLS_CHACHA20_POLY1305_SHA256' ], [ 'another port', client_port => 40001 ],
        [ 'another server port', server_port => 587 ], [ 'another client', client_address => '192.0.2.2' ], [ 'another step', protocol_state => 'DATA' ],
        [ 'no port', client_port => undef ], [ 'half a fingerprint', ccert_fingerprint => substr $right, 0, 47 ],
        [ 'a cipher that is too long', encryption_cipher => 'TLS_AES_256_GCM_SHA384' x 10 ],
    ) {
        my ($title, %change) = @$lie;
        my $connection = raw();
        my $mta = session();
        say_to($connection, text_of(%change));
        is(hear($connection, length $dunno), $dunno, "$title is answered");
        is(verdict($mta), 451, 'and does not count');
    }
    my $connection = raw();
    my $mta = session();
    say_to($connection, text_of() =~ s/^recipient=.*\n/$&$&/mr);
    hear($connection, length $dunno);
    is(verdict($mta), 451, 'an attribute that comes twice');
    my $process = process();
    $mta = session(macros => { '{client_port}' => 0 });
    told($process, client_port => 'unknown');
    is(verdict($mta), 451, 'without a client port two sessions cannot be told apart');
};

subtest 'what is left over does not count for the next one' => sub {
    my $process = process();
    my $mta = session();
    told($process);    # and a later restriction refuses the recipient
    told($process, ccert_fingerprint => $wrong);
    is(verdict($mta), 550, 'the same session: the later word counts');
    told($process);
    told($process, client_address => '192.0.2.9', instance => '1a2b.68f0.0.7');
    is(verdict($mta), 451, 'the process serves another session now');
    told($process);
    $process->leave;
    ok(wait_for(10, sub { verdict(session()) == 451 }), 'the process has ended');
};

subtest 'two sessions with the same addresses and ports: no fingerprint counts for either' => sub {
    my ($one, $other) = (process(), process());
    my ($good, $bad) = (session(), session());
    told($one);
    told($other, instance => '3c4d.68f0.0.0', ccert_fingerprint => $wrong);
    is(verdict($bad), 451, 'the one');
    is(verdict($good), 451, 'the other');
    told($one);
    is(verdict($bad), 451, 'also if one of them is quicker');
    is(verdict($good), 451, 'than the other');
    ok($bare->wait_log(qr/two sessions claim the same addresses and ports/), 'the log says so');
    $one->leave;
    ok(wait_for(10, sub { told($other, ccert_fingerprint => $wrong, instance => '3c4d.68f0.0.1'); verdict($bad) == 550 }), 'when one has gone, the other is judged by its own');
};

# ---- what nobody should say --------------------------------------------------------------------

subtest 'garbage is closed, and the others go on' => sub {
    my $good = raw();
    for my $case (
        [ 'a line that is no attribute', "hello\n" ], [ 'HTTP', "GET / HTTP/1.0\r\n\r\n" ], [ 'a name that is empty', "=value\n\n" ],
        [ 'a NUL', "request=smtpd_access_policy\nrecipient=a\0b\n\n" ], [ 'zeros', "\0" x 1000 . "\n" ],
        [ 'random bytes', join '', map { chr int rand 256 } 1 .. 100_000 ], [ 'a line without end', 'a=' . 'b' x 200_000 ],
        [ 'attributes without end', 'a=b' . "\n" . "c=d\n" x 100_000 ], [ 'a good request, and then garbage', text_of() . "garbage\n" ],
    ) {
        my ($title, $bytes) = @$case;
        my $connection = raw();
        say_to($connection, $bytes);
        hear($connection, length $dunno) if $title =~ /good/;
        ok(closed($connection), $title);
    }
    say_to($good, text_of());
    is(hear($good, length $dunno), $dunno, 'a connection that was open all the time');
    ok($bare->wait_log(qr/smtpd_policy_socket: a client that does not speak the SMTPD policy protocol was disconnected/), 'the log says so');
    my $lines = () = $bare->log =~ /was disconnected/g;
    cmp_ok($lines, '<=', 3, 'but not for each of them');
};

subtest 'one that does not read its answers is closed' => sub {
    my $connection = raw();
    local $SIG{ALRM} = sub { die "stuck\n" };
    alarm 20;
    my $refused = 0;
    eval {
        for (1 .. 100_000) {
            say_to($connection, "a=b\n\n" x 100) or $refused = 1, last;
        }
        1;
    };
    alarm 0;
    ok($refused, 'closed, and not kept for ever') or diag $@;
};

subtest 'connect and close, a thousand times each way' => sub {
    for my $how (
        [ 'at once', sub { 1 } ], [ 'in the middle of a line', sub { say_to($_[0], 'request=smtpd_acc') } ],
        [ 'in the middle of a request', sub { say_to($_[0], substr text_of(), 0, 300) } ], [ 'before the answer', sub { say_to($_[0], text_of()) } ],
    ) {
        my ($title, $before) = @$how;
        for (1 .. 1000) {
            my $connection = raw();
            $before->($connection);
            close $connection;
        }
        my $connection = raw();
        say_to($connection, text_of());
        is(hear($connection, length $dunno), $dunno, "$title: it goes on");
    }
};

subtest 'two thousand connections' => sub {
    my @children = map {
        my $child = open(my $from, '-|') // die "fork: $!\n";
        if (!$child) {
            my @connections = map { raw() } 1 .. 500;
            say_to($_, text_of(client_port => 1 + int rand 65535)) for @connections;
            my $answered = grep { (hear($_, length $dunno) // '') eq $dunno } @connections;
            $| = 1;
            print "$answered\n";
            sleep 30;    # until we are told to end
            POSIX::_exit(0);
        }
        at_end(sub { end_process($child) });
        [ $child, $from ];
    } 1 .. 4;
    my @answered = map { my $from = $_->[1]; scalar <$from> } @children;
    is_deeply([ map { $_ + 0 } @answered ], [ (500) x 4 ], 'all are answered, all are open');
    my $process = process();
    my $mta = session(macros => { '{client_port}' => 65535, '{client_addr}' => '192.0.2.77' });
    told($process, client_address => '192.0.2.77', client_port => 65535);
    is(verdict($mta), 250, 'and facts are found among them');
    for my $child (@children) {
        end_process($child->[0]);
        close $child->[1];
    }
};

subtest 'slow ones are closed after ten seconds' => sub {
    ok(closed($silent_half, 15), 'half a request and then silence');
    ok(closed($trickle, 15), 'a byte now and then');
    my $took = time - $began;
    cmp_ok($took, '>=', 9, 'and not before') or diag $took;
    note sprintf '%.1f s', $took;
    end_process($trickler);
};

ok($bare->alive, 'it is alive');
is($bare->stop, 0, 'and ends with 0');

# ---- limits ------------------------------------------------------------------------------------

SKIP: {
    skip 'prlimit is missing', 1 if !-x '/usr/bin/prlimit';
    subtest 'more connections than there may be wait, and are served in the end' => sub {
        my $dir = work_dir();
        my $log = "$dir/few";
        my $pid = start_process({ log => $log }, '/usr/bin/prlimit', '--nofile=256:256', Forcetls::Harness::daemon_program(), '-f', '-c', $bare->daemon->config_file);
        wait_for(20, sub { Forcetls::Harness::read_file($log) =~ /: ready: / || is_over($pid) });
        my @connections = map { raw() } 1 .. 80;    # a quarter of 256 is served
        say_to($_, text_of()) for @connections;
        is(hear($connections[$_], length $dunno), $dunno, "connection $_ is served") for 0, 63;
        ok(!IO::Select->new($connections[64])->can_read(0.2), 'the next one waits');
        ok(wait_for(10, sub { Forcetls::Harness::read_file($log) =~ /smtpd_policy_socket: too many connections: further ones wait/ }), 'the log says so');
        close $_ for @connections[ 0 .. 15 ];
        is(hear($connections[79], length $dunno), $dunno, 'the last one is served when there is room');
        is(end_process($pid), 0, 'and it ends');
    };
}

done_testing();
