#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The disk that the log is on, and the daemon's descriptors, run out while sessions are open: they are
# answered as ever, nothing is accepted that must be refused, and when there is room again all goes on.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Harness qw(at_end not_possible read_file run wait_for work_dir write_file);
use Forcetls::Load;
use Forcetls::Milter;
use Forcetls::Socketmap;
use IO::Select;
use List::Util qw(max sum0);
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

# The disk is a small one in memory, in a mount namespace of the test's own.
if (!$ENV{FORCETLS_OWN_MOUNTS}) {
    $> == 0 && system('unshare -m --propagation private mount -t tmpfs none /mnt >/dev/null 2>&1') == 0 or not_possible('a disk of our own takes root and mount namespaces');
    $ENV{FORCETLS_OWN_MOUNTS} = 1;
    exec 'unshare', '-m', '--propagation', 'private', $^X, map({ "-I$_" } @INC), $0, @ARGV or die "unshare: $!\n";
}

my $bare = Forcetls::Load::bare();
my $daemon = $bare->daemon;

# One that was let in: a session up to MAIL.
sub greet
{
    my ($mta) = @_;
    $mta->{timeout} = 10;
    $mta->connect(macros => { v => 'Postfix 3.7.11' });
    $mta->helo('client.example');
}

# A message of it, with macros of MAIL or none: the answer to RCPT, or to MAIL where that is another than "continue".
sub judged
{
    my ($mta, $macros) = @_;
    my $mail = $mta->mail('<a@tax.example>', macros => $macros);
    return $mail eq 'continue' ? $mta->rcpt('<b@example.org>') : "MAIL: $mail";
}

# The answer to a message of a new session.
sub asked
{
    my ($macros) = @_;
    my $mta = $bare->connect(timeout => 10);
    defined(($mta->negotiate)[0]) or return 'not let in';
    greet($mta);
    return judged($mta, $macros);
}

my $refused = qr/^550 5\.7\.10 /;
my $tls = Forcetls::Milter::postfix_tls();

# What is wrong about the answers of a session in clear and of one over TLS.
sub wrong
{
    my @answers = map { asked($_) } {}, $tls;
    return (($answers[0] =~ $refused ? () : "in clear: $answers[0]"), ($answers[1] eq 'continue' ? () : "over TLS: $answers[1]"));
}

# ---- the disk ---------------------------------------------------------------------------------------

my $disk = work_dir() . '/disk';
mkdir $disk or die "$disk: $!\n";
system('mount', '-t', 'tmpfs', '-o', 'size=256k', 'none', $disk) == 0 or die "mount\n";
at_end(sub { system 'umount', '-l', $disk });

# Lines of the log about refusals, and how many it says are missing.
sub logged
{
    my $log = $daemon->log;
    my @refusals = $log =~ /^.*verdict=reject .*text=".*"$/mg;
    my @dropped = $log =~ /: (\d+) log lines were dropped: stderr did not take them$/mg;
    return (scalar @refusals, sum0(@dropped));
}

subtest 'the log is on a disk that fills up under load' => sub {
    local $daemon->{log} = "$disk/log";
    write_file($daemon->{log}, '');
    $daemon->start;
    my $load = Forcetls::Load->new(milter => $daemon->socket, map => $daemon->tls_policy_socket);
    my $full = sub {    # for some sessions nothing more is written
        my $size = -s $daemon->{log};
        $load->forget;
        return $size > 100_000 && $load->wait_sessions(50) && -s $daemon->{log} == $size;
    };
    ok(wait_for(60, $full), 'the disk is full');
    is((run('df', '--output=avail', $disk))[1] =~ /(\d+)\s*\z/ && $1, 0, 'no room at all');

    my ($longest, @wrong) = (0);
    for (1 .. 50) {
        my $began = time;
        push @wrong, wrong();
        $longest = max($longest, time - $began);
    }
    is_deeply(\@wrong, [], 'each answer is the right one');
    cmp_ok($longest, '<', 2, sprintf 'and comes at once (%.0f ms for two sessions at worst)', 1000 * $longest);
    ok($load->wait_sessions(200), 'the load goes on');
    $daemon->configure(connectors => Forcetls::Load::connectors(1));
    kill 'USR1', $daemon->pid;
    ok(wait_for(10, sub { asked({}) =~ /connector tax-1\b/ }), 'a reload works');

    my $lines = (logged())[0];
    system('mount', '-o', 'remount,size=64m', $disk) == 0 or die "mount\n";
    ok(wait_for(20, sub { (logged())[1] }), 'there is room again: it is told how many lines are missing');
    ok(wait_for(10, sub { (logged())[0] > $lines }), 'and logging goes on');
    my %seen = $load->finish;
    is($daemon->stop, 0, 'the daemon ends with 0');
    my @bad = grep { /^(?:bad|map) / && $_ !~ $Forcetls::Load::NOT_ACCEPTED } sort keys %seen;
    is_deeply(\@bad, [], 'nothing was accepted that must be refused');
    is_deeply([ grep { /^good [45]|(?:closed|silent)$/ } sort keys %seen ], [], 'nobody was refused who may pass, nobody left without an answer');

    my ($refusals, $missing) = logged();
    my $all = sum0(map { $seen{$_} } grep { /^bad 550/ } keys %seen);
    note "$all refused under load, $refusals logged, $missing missing";
    cmp_ok($refusals + $missing, '>=', $all + 50, 'no refusal is missing in that number');
    cmp_ok($refusals + $missing, '<=', $all + 50 + 100, 'and it counts little else');    # of the reload, and the sessions that waited for it
    my @odd = grep { !/^[A-Z][a-z]{2} [ \d]\d [\d:]{8} forcetls-milter\[\d+\]: [\x20-\x7e]+$/ || /\[\d+\]: .*forcetls-milter\[/ } split /\n/, $daemon->log;
    is_deeply(\@odd, [], 'a line that was cut off does not run into the next one');
};

# ---- descriptors ------------------------------------------------------------------------------------

sub descriptors { my @all = glob '/proc/' . $daemon->pid . '/fd/*'; return map { m{(\d+)$} } @all }

# Which part of a processor the daemon takes: in some tenths of a second, since nothing else is to be waited for.
sub busy
{
    my $ticks = sub { my @stat = split ' ', read_file('/proc/' . $daemon->pid . '/stat') =~ s/.*\) //sr; $stat[11] + $stat[12] };
    my ($before, $began) = ($ticks->(), time);
    wait_for(0.5, sub { 0 });
    return ($ticks->() - $before) / POSIX::sysconf(POSIX::_SC_CLK_TCK()) / (time - $began);
}

sub limit
{
    my ($number) = @_;
    my ($uid) = read_file('/proc/' . $daemon->pid . '/status') =~ /^Uid:\s+(\d+)/m;
    my ($gid) = read_file('/proc/' . $daemon->pid . '/status') =~ /^Gid:\s+(\d+)/m;
    # As its user: root alone may not where it lacks CAP_SYS_RESOURCE.
    my ($status, $out) = run('setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups', 'prlimit', '--pid', $daemon->pid, "--nofile=$number");
    $status == 0 or die "prlimit: $out\n";
}

sub key { my $map = Forcetls::Socketmap->new($daemon->tls_policy_socket); $map->say(Forcetls::Socketmap::netstring('forcetls contoso.com')); return $map }

subtest 'descriptors run out' => sub {
    $daemon->configure(connectors => Forcetls::Load::connectors(2));
    $daemon->start;
    is_deeply([ wrong() ], [], 'before: right answers');
    my $early = key();
    like($early->hear, qr/^OK encrypt/, 'and of the map');
    my @before = descriptors();
    my ($soft, $hard) = read_file('/proc/' . $daemon->pid . '/limits') =~ /^Max open files\s+(\d+)\s+(\d+)/m;
    limit(@before + 30 . ":$hard");

    # In clear and over TLS by turns, until one is not let in; the next ones wait behind it.
    my (@open, @waiting);
    while (@open < 100 && !@waiting) {
        my $mta = $bare->connect(timeout => 2);
        if (!defined(($mta->negotiate)[0])) { push @waiting, $mta; last }
        greet($mta);
        push @open, $mta;
    }
    cmp_ok(scalar @open, '>=', 10, @open . ' sessions are open, the next one is not let in') or return;
    ok(scalar @waiting, 'there is a next one');
    for (1 .. 4) {
        push @waiting, $bare->connect;
        $waiting[-1]->send_packet('O', pack 'N3', $Forcetls::Milter::VERSION_6, $Forcetls::Milter::ALL_ACTIONS, $Forcetls::Milter::ALL_STEPS);
    }
    note sprintf 'it takes %.0f %% of a processor meanwhile', 100 * busy();

    my ($longest, @wrong) = (0);
    for my $round (1 .. 5) {
        for my $number (0 .. $#open) {
            my $began = time;
            $open[$number]->abort;
            my $answer = judged($open[$number], $number % 2 ? $tls : {});
            push @wrong, "$number: $answer" if $answer !~ ($number % 2 ? qr/^continue$/ : $refused);
            $longest = max($longest, time - $began);
        }
    }
    is_deeply(\@wrong, [], 'open sessions: each answer is the right one');
    cmp_ok($longest, '<', 2, sprintf 'and comes soon (%.0f ms at worst)', 1000 * $longest);
    is(scalar(grep { IO::Select->new($_->{handle})->can_read(0) } @waiting), 0, 'those that wait have heard nothing');
    my $late = key();
    ok($late->is_silent(0.1), 'nor has one that asks the map');
    $early->say(Forcetls::Socketmap::netstring('forcetls contoso.com'));
    like($early->hear, qr/^OK encrypt/, 'one that was connected to it is answered');
    my $seen = length $daemon->log;
    $daemon->configure(connectors => Forcetls::Load::connectors(3));
    kill 'USR1', $daemon->pid;
    ok(wait_for(10, sub { substr($daemon->log, $seen) =~ /stay in force/ }), 'a reload: the old rules stay in force') or diag(substr $daemon->log, $seen);

    # Some end: those that wait are let in, and judged like all.
    $_->close for splice @open, 0, 2 * @waiting;
    my @judged;
    for my $mta (@waiting) {
        my ($command, $data) = $mta->read_packet;
        push(@judged, 'no answer'), next if ($command // '') ne 'O';
        $mta->{steps} = (unpack 'N3', $data)[2];
        greet($mta);
        push @judged, judged($mta);
    }
    is(scalar(grep { /^550 5\.7\.10 .*tax-2/ } @judged), scalar @waiting, 'descriptors come back: those that waited are let in, and judged') or diag "@judged";
    like($late->hear, qr/^OK encrypt/, 'and the map answers');
    ok(wait_for(20, sub { busy() < 0.2 }), 'it comes to rest');
    limit("$soft:$hard");
    $_->close for @open, @waiting;
    $_->leave for $early, $late;
    like($daemon->reload, qr/reloaded/, 'a reload works');
    is_deeply([ wrong() ], [], 'right answers');
    ok(wait_for(10, sub { descriptors() <= @before }), 'no descriptor is left over') or diag descriptors() . ' of ' . @before;
    cmp_ok(busy(), '<', 0.2, 'and it rests');
    is($daemon->stop, 0, 'the daemon ends with 0');
};

done_testing;
