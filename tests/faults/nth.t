#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The n-th call for memory, a descriptor, a thread, of input, of output fails in the daemon, for one n
# after the other: while sessions run, while it reads its file again, while it starts and ends. Each
# answer is the right one or a tempfail, nothing that must be refused is accepted, and it goes on.
#
#   FORCETLS_FAULTS=all   every n, not a sample of them
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Bare;
use Forcetls::FakeProber;
use Forcetls::Harness qw(build_dir daemon_program end_process is_over not_possible read_file run source_dir start_process wait_for work_dir write_file);
use Forcetls::Milter;
use Forcetls::Socketmap;
use IO::Socket::UNIX;
use POSIX ();
use Test::More;

not_possible('a build with sanitizers has an allocator of its own') if read_file(daemon_program()) =~ /__[at]san_init/;
my ($cc) = $ENV{CC} // read_file(build_dir() . '/Makefile') =~ /^CC = ?(.*)$/m;
my $library = work_dir() . '/nth.so';
my ($status, $out) = run('sh', '-c', "$cc -shared -fPIC -O1 -D_GNU_SOURCE -o '$library' '" . source_dir() . "/tests/faults/nth.c' -ldl");
$status == 0 or not_possible("no library to preload can be built: $out");

my $all = ($ENV{FORCETLS_FAULTS} // '') eq 'all';
my %kind = (memory => 1, descriptor => 2, thread => 4, output => 8, input => 16, process => 32, network => 64);

# ---- the library's numbers --------------------------------------------------------------------------

my $file = work_dir() . '/faults';
write_file($file, pack('Q5', 0, 0, 0, 0, 0), 0666);
chmod 0666, $file or die;
$ENV{FORCETLS_FAULTS_FILE} = $file;
$ENV{FORCETLS_FAULTS_IN} = 'forcetls-milter';

sub put
{
    my ($place, @numbers) = @_;
    open my $handle, '+<', $file or die "$file: $!\n";
    sysseek $handle, 8 * $place, 0;
    syswrite $handle, pack 'Q*', @numbers;
}

# From now on calls of this kind count, and the one of this number fails; 0: none.
sub arm
{
    my ($kind, $at, $whose) = @_;
    put(0, 0);
    put(1, $whose // 0, $at, 0, 0);
    put(0, $kind{$kind});
}

sub disarm { put(0, 0) }
sub counted { return (unpack 'Q5', read_file($file))[3] }
sub failed { return (unpack 'Q5', read_file($file))[4] }

# Which n are tried: all of the first few, then a sample.
sub chosen
{
    my ($total, $most) = @_;
    return 1 .. $total if $all || $total <= $most;
    my %chosen = map { 1 + int(($total - 1) * $_ / ($most - 1)) => 1 } 0 .. $most - 1;
    return sort { $a <=> $b } keys %chosen;
}

# ---- the daemon -------------------------------------------------------------------------------------

my $prober = Forcetls::FakeProber->new;
$prober->set('contoso.com' => { state => 'tls' }, 'plain.example' => { state => 'no-starttls' });
$ENV{FORCETLS_PROBER} = $prober->program;

sub connectors
{
    my ($number) = @_;
    return <<"END";
  { name = "tax-$number"; direction = "inbound"; domains = [ "tax.example" ]; level = "encrypt"; action = "reject"; },
  { name = "contoso-$number"; direction = "outbound"; domains = [ "contoso.com" ]; level = "encrypt"; unknown = "defer"; },
  { name = "plain-$number"; direction = "outbound"; domains = [ "plain.example" ]; level = "encrypt"; action = "reject"; unknown = "defer"; }
END
}

my $bare = Forcetls::Bare->new(tls_policy => 1, connectors => connectors(0), settings => qq(control_socket = "unix:) . work_dir() . qq(/sockets/control.sock";\n));
my $daemon = $bare->daemon;
$daemon->own_sockets_folder;

sub start_daemon
{
    local $ENV{LD_PRELOAD} = $library;
    $daemon->start;
}

# A session's last answer; 'closed' where there was none.
sub session
{
    my ($from, $to, $mail, $rcpt) = @_;
    my $answer = eval {
        my $mta = $bare->connect(timeout => 5);
        my @steps = (
            sub { defined(($mta->negotiate)[0]) ? 'continue' : 'no answer' },
            sub { $mta->connect(macros => { v => 'Postfix 3.7.11' }) },
            sub { $mta->helo('client.example') },
            sub { $mta->mail($from, macros => $mail) },
            sub { $mta->rcpt($to, macros => $rcpt) },
            sub { $mta->data },
            sub { $mta->header('Subject', 'x') },
            sub { $mta->end_of_headers },
            sub { $mta->end_of_message(macros => { i => '4XqZ8l2bYz' }) },
        );
        my $last = '';
        for my $step (@steps) {
            $last = $step->();
            last if $last !~ /^(?:continue|)$/;
        }
        $mta->close;
        $last;
    };
    return $answer // 'closed';
}

sub answer_of_map
{
    my $answer = eval { my $map = Forcetls::Socketmap->new($daemon->tls_policy_socket); my $said = $map->ask('contoso.com'); $map->leave; $said };
    return $answer // 'closed';
}

my $tls = Forcetls::Milter::postfix_tls();
my $local = { '{rcpt_mailer}' => 'local', '{rcpt_host}' => 'mx.example.org' };

# One of each; what is right, and what may be said instead when something fails.
my $gone = qr/^(?:tempfail|no answer|closed|4\d\d .*)$/;
my @script = (
    [ 'in clear', qr/^550 5\.7\.10 /, sub { session('<a@tax.example>', '<b@example.org>', { i => 'x' }, $local) } ],
    [ 'over TLS', qr/^(?:continue|accept)$/, sub { session('<a@tax.example>', '<b@example.org>', $tls, $local) } ],
    [ 'of nobody', qr/^(?:continue|accept)$/, sub { session('<a@other.example>', '<b@example.org>', { i => 'x' }, $local) } ],
    [ 'to a partner', qr/^(?:continue|accept)$/, sub { session('<a@example.org>', '<b@contoso.com>', { i => 'x' }, { '{rcpt_mailer}' => 'smtp', '{rcpt_host}' => 'contoso.com' }) } ],
    [ 'to a partner without TLS', qr/^(?:451|550) [45]\.7\.4 /, sub { session('<a@example.org>', '<b@plain.example>', { i => 'x' }, { '{rcpt_mailer}' => 'smtp', '{rcpt_host}' => 'plain.example' }) } ],
    [ 'the map', qr/^OK encrypt/, sub { answer_of_map() } ],
);

# Plays it; what was wrong.
sub play
{
    my ($may_fail) = @_;
    my @wrong;
    for my $row (@script) {
        my ($name, $right, $ask) = @$row;
        my $answer = $ask->();
        next if $answer =~ $right || ($may_fail && ($answer =~ $gone || ($name eq 'the map' && $answer =~ /^TEMP /)));
        push @wrong, "$name: $answer";
    }
    return @wrong;
}

# All is well again; the prober, too, may have to start anew.
sub recovers { return wait_for(20, sub { !play(0) }) }

start_daemon();
ok(recovers(), 'without faults every answer is the right one') or diag(join "\n", play(0));
cmp_ok((arm('memory', 0), play(0), counted())[-1], '>', 10, 'the library counts');

# ---- sessions ---------------------------------------------------------------------------------------

for my $case ([ memory => 0, 120 ], [ memory => 1, 60 ], [ descriptor => 1, 20 ], [ thread => 1, 20 ], [ output => 1, 60 ], [ input => 1, 60 ]) {
    my ($kind, $whose, $most) = @$case;
    my $name = "sessions, $kind, " . ($whose ? 'all of it' : 'ours');
    arm($kind, 0, $whose);
    play(0);
    my $total = counted();
    my (@wrong, $fired);
    for my $n (chosen($total, $most)) {
        arm($kind, $n, $whose);
        # Without memory libmilter drops what the MTA said of TLS, and goes on: then nothing is known to be encrypted.
        push @wrong, map { "n = $n: $_" } grep { !($whose && $kind eq 'memory' && /^over TLS: 550 5\.7\.10 /) } play(1);
        $fired += failed();
        disarm();
        push @wrong, "n = $n: the daemon is over" if $daemon->is_over;
        last if $daemon->is_over;
    }
    is(join("\n", @wrong), '', "$name: $total calls, " . ($fired // 0) . ' of them failed: nothing wrong was said');
    ok($fired, 'some did fail') if $total > 0;
    if ($daemon->is_over) {
        diag(substr $daemon->log, -1500);
        start_daemon();
    }
    ok(recovers(), 'and then all is well again') or diag(join "\n", play(0), substr $daemon->log, -1500);
}

# ---- reloads ----------------------------------------------------------------------------------------

# libconfig crashes where it gets no memory: so of memory only our own calls here and at the start. The daemon is then
# started again by whoever watches it, and mail waits meanwhile.
for my $case ([ memory => 0, 80 ], [ descriptor => 1, 20 ], [ input => 1, 20 ], [ output => 0, 20 ]) {
    my ($kind, $whose, $most) = @$case;
    my $name = "a reload, $kind, " . ($whose ? 'all of it' : 'ours');
    my $number = 0;
    my $reload = sub {
        my ($at) = @_;
        $number++;
        my $before = length $daemon->log;
        $daemon->configure(connectors => connectors($number));
        arm($kind, $at, $whose);
        kill 'USR1', $daemon->pid;
        my $said = wait_for(10, sub { $daemon->is_over || substr($daemon->log, $before) =~ /(?:\breloaded\b|\bstay in force\b)/ });
        my $count = counted();
        disarm();
        return ($count, $said);
    };
    my ($total) = $reload->(0);
    my (@wrong, $fired);
    for my $n (chosen($total, $most)) {
        my (undef, $said) = $reload->($n);
        $fired += failed();
        push @wrong, "n = $n: nothing was said of it" if !$said && $kind ne 'output';
        push @wrong, map { "n = $n, afterwards: $_" } grep { !/^to a partner|^the map/ } play(0);
        push @wrong, "n = $n: the daemon is over" if $daemon->is_over;
        last if $daemon->is_over;
    }
    is(join("\n", @wrong), '', "$name: $total calls, " . ($fired // 0) . ' of them failed: the old rules or the new ones');
    start_daemon() if $daemon->is_over;
    $reload->(0);
    ok(recovers(), 'and then all is well again') or diag(join "\n", play(0), substr $daemon->log, -1500);
}

# ---- an end and a start -----------------------------------------------------------------------------

for my $case ([ memory => 1, 12 ], [ output => 1, 12 ], [ input => 1, 12 ]) {
    my ($kind, $whose, $most) = @$case;
    arm($kind, 0, $whose);
    is($daemon->stop, 0, "an end, $kind: it ends");
    my $total = counted();
    disarm();
    start_daemon();
    my @wrong;
    for my $n (chosen($total, $most)) {
        arm($kind, $n, $whose);
        my $status = $daemon->stop // 'none';
        disarm();
        push @wrong, "n = $n: $status" if $status & 127;
        start_daemon();
    }
    is(join("\n", @wrong), '', "an end, $kind: $total calls, it ends by itself, whichever of them fails");
}
$daemon->stop;

for my $case ([ memory => 0, 60 ], [ descriptor => 1, 40 ], [ thread => 1, 10 ], [ process => 1, 5 ], [ network => 1, 10 ], [ input => 1, 30 ]) {
    my ($kind, $whose, $most) = @$case;
    my $name = "a start, $kind, " . ($whose ? 'all of it' : 'ours');
    arm($kind, 0, $whose);
    start_daemon();
    my $total = counted();
    disarm();
    $daemon->stop;
    my (@wrong, %ends);
    for my $n (chosen($total, $most)) {
        my $log = work_dir() . "/start-$kind-$whose-$n.log";
        arm($kind, $n, $whose);
        my $pid = start_process({ log => $log, env => { LD_PRELOAD => $library } }, daemon_program(), '-f', '-c', $daemon->config_file);
        my $ready = wait_for(20, sub { is_over($pid) ? 'over' : read_file($log) =~ /ready: version/ && 'ready' }) // 'neither';
        disarm();
        if ($ready eq 'ready') {
            # Its last threads start behind that word; without one of them it ends.
            my @said = play(1);
            $ready = 'over' if $kind eq 'thread' && wait_for(1, sub { is_over($pid) });
            push @wrong, map { "n = $n: $_" } grep { !/^to a partner|^the map/ } @said, $ready eq 'ready' ? play(0) : ();
        }
        my $status = end_process($pid) // 0;
        $ends{$ready}++;
        push @wrong, "n = $n: neither ready nor over: " . read_file($log) if $ready eq 'neither';
        push @wrong, "n = $n: killed by signal " . ($status & 127) . ': ' . read_file($log) if $ready eq 'over' && $status & 127;
        push @wrong, "n = $n: it is over with status 0: " . read_file($log) if $ready eq 'over' && $status == 0;
        push @wrong, "n = $n: not a word" if $ready eq 'over' && read_file($log) !~ /\S/;
        unlink $daemon->socket, $daemon->tls_policy_socket, work_dir() . '/sockets/control.sock';
    }
    is(join("\n", @wrong), '', "$name: $total calls; " . join ', ', map { "$ends{$_} $_" } sort keys %ends);
}

done_testing;
