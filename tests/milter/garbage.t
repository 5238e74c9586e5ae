#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The milter socket in the hands of somebody who is no MTA, of a broken one, or of one that dies:
# the daemon goes on, and keeps nothing.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Bare;
use Forcetls::Harness qw(at_end daemon_program end_process is_over read_file start_process wait_for work_dir);
use Forcetls::Milter;
use IO::Socket::UNIX;
use POSIX ();
use Test::More;

my $bare = Forcetls::Bare->new(policy => 1, connectors => <<'END');
  { name = "tax"; direction = "inbound"; domains = [ "tax.example" ]; level = "encrypt"; action = "reject"; }
END
$bare->start;
my $pid = $bare->daemon->pid;
my $socket = $bare->daemon->socket;
my $sanitized = read_file(daemon_program()) =~ /__[at]san_init/;

my $no_tls = qr/^550 5\.7\.10 /;

# A whole conversation; what it says about a recipient in plaintext.
sub reply
{
    my $mta = $bare->connect;
    $mta->negotiate;
    $mta->connect(macros => { v => 'Postfix 3.7.11' });
    $mta->helo('client.example');
    $mta->mail('<a@tax.example>');
    return $mta->rcpt('<b@example.org>');
}

sub goes_on
{
    my ($after) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    like(reply(), $no_tls, "$after: it goes on");
}

# A connection at some step of the protocol.
my @steps = (
    [ nothing => sub { } ],
    [ negotiate => sub { $_[0]->negotiate } ],
    [ CONNECT => sub { $_[0]->connect(macros => { v => 'Postfix 3.7.11' }) } ],
    [ HELO => sub { $_[0]->helo('client.example') } ],
    [ MAIL => sub { $_[0]->mail('<a@tax.example>', macros => Forcetls::Milter::postfix_tls()) } ],
    [ RCPT => sub { $_[0]->rcpt('<b@example.org>') } ],
    [ 'end of message' => sub { $_[0]->end_of_message(macros => { i => '4XqZ8l2bYz' }) } ],
);

sub at_step
{
    my ($step) = @_;
    my $mta = $bare->connect;
    $steps[$_][1]->($mta) for 0 .. $step;
    return $mta;
}

sub resident
{
    my ($kilobytes) = read_file("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m;
    return $kilobytes;
}

goes_on('at first');

for my $step (0 .. $#steps) {
    my $name = $steps[$step][0];
    subtest "after $name" => sub {
        for (1 .. 100) {
            at_step($step)->close;
        }
        goes_on('closed, a hundred times');
        for (1 .. 20) {
            my $mta = at_step($step);
            $mta->send_packet('R', "<b\@example.org>\0") for 1 .. 5;
            $mta->close;
        }
        goes_on('closed with answers unread');
        for my $case (
            [ 'a length and nothing', pack 'N', 100 ], [ 'half a length', "\0\0" ], [ 'half a packet', pack('N', 100) . 'M<a@tax' ],
        ) {
            my ($title, $bytes) = @$case;
            my $mta = at_step($step);
            $mta->raw($bytes);
            $mta->close;
            goes_on($title);
        }
        for my $case (
            [ 'length 0', pack 'N', 0 ], [ 'the largest length', pack('N', 0xffffffff) . 'M' ], [ 'a negative length', pack('N', 0x80000000) . 'M' ],
            [ '1 MB of zeros', "\0" x 1_000_000 ], [ 'random bytes', join '', map { chr int rand 256 } 1 .. 100_000 ], [ 'SMTP', "EHLO client.example\r\nMAIL FROM:<a\@b>\r\n" x 100 ],
        ) {
            my ($title, $bytes) = @$case;
            my $mta = at_step($step);
            $mta->raw($bytes);
            $mta->close;
            goes_on($title);
        }
    };
}

subtest 'every command at every step, with every kind of data' => sub {
    my @data = ('', "\0", 'no NUL at the end', "\0" x 100, "<a\@tax.example>\0SIZE=1\0", 'x' x 60_000, pack('N*', 1 .. 8), "client.example\0" . '4' . pack('n', 40000) . "192.0.2.1\0", "client.example\0" . 'L' . pack('n', 0) . '/tmp/x' . "\0");
    my $count = 0;
    for my $step (0 .. $#steps) {
        for my $command ('A' .. 'Z', 'a', "\0", "\xff") {
            my $mta = at_step($step);
            $mta->send_packet($command, $data[ $count++ % @data ]);
            $mta->send_packet($command, $data[ ($count + $step) % @data ]);
            $mta->macros($command, { '{tls_version}' => 'TLSv1.3', i => 'x' x 1000 });
            $mta->send_packet('D', $command . 'odd' . "\0" . 'number' . "\0" . 'of');
            $mta->close;
        }
        goes_on("after $steps[$step][0]");
    }
};

subtest 'an MTA that is killed in mid-message' => sub {
    for my $step (1 .. $#steps) {
        my @mtas = map {
            my $mta = open(my $ready, '-|') // die "fork: $!\n";
            if (!$mta) {
                my @held = map { at_step($step) } 1 .. 10;
                $| = 1;
                print "ready\n";
                sleep 60;
                POSIX::_exit(0);
            }
            my $line = <$ready>;
            kill 'KILL', $mta;
            close $ready;
        } 1 .. 3;
        goes_on("after $steps[$step][0]");
    }
};

subtest 'half a packet each, from two hundred that stay' => sub {
    my @slow = map { my $mta = at_step(1); $mta->raw(pack('N', 100) . 'H'); $mta } 1 .. 200;
    goes_on('beside them');
    $_->close for @slow;
};

subtest 'two thousand sessions in mid-message' => sub {
    my @children = map {
        my $child = open(my $from, '-|') // die "fork: $!\n";
        if (!$child) {
            my @sessions = map { at_step(4) } 1 .. 500;
            my $refused = grep { $_->rcpt('<b@example.org>') eq 'continue' } @sessions;
            $| = 1;
            print "$refused\n";
            sleep 60;
            POSIX::_exit(0);
        }
        at_end(sub { end_process($child) });
        [ $child, $from ];
    } 1 .. 4;
    is_deeply([ map { my $from = $_->[1]; 0 + <$from> } @children ], [ (500) x 4 ], 'each is answered');
    goes_on('beside them');
    for my $child (@children) {
        end_process($child->[0]);
        close $child->[1];
    }
    goes_on('after them');
};

SKIP: {
    skip 'sanitizers keep freed memory', 1 if $sanitized;
    subtest 'nothing is kept' => sub {
        my $round = sub {
            for (1 .. 300) {
                at_step($_ % @steps)->close;
                my $mta = at_step(4);
                $mta->send_packet('R', "<b\@example.org>\0");
                $mta->send_packet('M', 'x' x 60_000);
                $mta->close;
            }
            goes_on('after a round');
        };
        $round->() for 1 .. 2;
        my $before = resident();
        $round->() for 1 .. 4;
        my $grown = resident() - $before;
        cmp_ok($grown, '<', 2000, 'two thousand sessions that broke left less than 2 MB');
        note "$grown kB";
    };
}

ok(!is_over($pid), 'it is alive');
is($bare->stop, 0, 'and ends with 0');
my @odd = grep { !/^\w{3} [ \d]\d \d\d:\d\d:\d\d forcetls-milter\[$pid\]: [\x20-\x7e]*$/ } split /\n/, $bare->log;
is_deeply(\@odd, [], 'nothing odd in the log');

done_testing();
