#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Many probes at once: how many connections there are, how many new ones a second, that a next hop is
# never probed twice at a time, what is shared, given up, refused. Counted where the connections come
# in.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Dns;
use Forcetls::Harness qw(free_port read_file wait_for);
use Forcetls::Prober qw(summary);
use Forcetls::ScriptedSmtp;
use Test::More;
use Time::HiRes qw(time);

# Holds each connection for so long, then refuses; writes down when.
sub holding
{
    my ($seconds, %option) = @_;
    my $leave = sub { my ($connection) = @_; $connection->{server}->_note('leave', sprintf '%.3f', time) };
    return Forcetls::ScriptedSmtp->start(script => [ [ wait => $seconds ], "554 no\r\n", [ expect => "QUIT" ], [ do => $leave ], "221 bye\r\n" ], %option);
}

sub moments
{
    my ($word, @servers) = @_;
    return sort { $a <=> $b } map { read_file($_->{record}) =~ /^$word (?:\S+ )?([\d.]+)$/mg } @servers;
}

# The largest number of connections that were open at the same time.
sub most_at_once
{
    my (@servers) = @_;
    my @events = sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } map({ [ $_, 1 ] } moments('connect', @servers)), map({ [ $_, -1 ] } moments('leave', @servers));
    my ($now, $most) = (0, 0);
    for (@events) {
        $now += $_->[1];
        $most = $now if $now > $most;
    }
    return $most;
}

subtest 'max_parallel' => sub {
    my @servers = map { holding(0.2) } 1 .. 20;
    my $prober = Forcetls::Prober->new(settings => { max_parallel => 4 });
    my @answers = $prober->answers(map { $prober->ask_for($_->hop) } @servers);
    is_deeply([ map { $_->{hosts}[0]{addresses}[0]{state} } @answers ], [ ('rejected') x 20 ], 'all are answered');
    my $most = most_at_once(@servers);
    cmp_ok($most, '<=', 4, "at most $most connections at once");
    cmp_ok($most, '>', 1, 'and more than one');
};

subtest 'rate' => sub {
    my @servers = map { holding(0) } 1 .. 20;
    my $prober = Forcetls::Prober->new(settings => { rate => 8 });
    my @answers = $prober->answers(map { $prober->ask_for($_->hop) } @servers);
    is(scalar(grep { $_ } @answers), 20, 'all are answered');
    my @times = moments('connect', @servers);
    cmp_ok($times[-1] - $times[0], '>', 1.2, 'after the first eight, eight a second');
    cmp_ok($times[-1] - $times[0], '<', 4, 'and not less');
    my @crowded = grep { $times[ $_ + 17 ] - $times[$_] < 1 } 0 .. $#times - 17;
    is(scalar @crowded, 0, 'never more than 16 in a second');

    my $server = holding(0);
    my $slow = Forcetls::Prober->new(settings => { rate => 1.5 });
    my $begun = time;
    $slow->probe($server->hop) for 1 .. 4;
    cmp_ok(time - $begun, '>', 1.5, 'a rate that is no whole number');
};

subtest 'one next hop at a time' => sub {
    my $server = holding(0.3);
    my $prober = Forcetls::Prober->new;
    my @ids = map { $prober->ask_for($server->hop, stores => [ "/store/$_" ]) } 1 .. 4;
    my @answers = $prober->answers(@ids);
    is(scalar(grep { $_ && $_->{hosts}[0]{addresses}[0]{state} eq 'rejected' } @answers), 4, 'four requests with different stores are answered');
    is($server->connections, 4, 'each had its own probe');
    is(most_at_once($server), 1, 'one after the other');
    # "private" makes another request, but no other next hop.
    $prober->answers(map { $prober->ask_for($server->hop, private => $_) } 0, 1);
    is(most_at_once($server), 1, 'as are those that differ in other ways');
};

subtest 'what is asked for twice is looked at once' => sub {
    my $server = holding(0.5);
    my $prober = Forcetls::Prober->new;
    my @ids = map { $prober->ask_for($server->hop) } 1 .. 4;
    my @answers = $prober->answers(@ids);
    is(scalar(grep { $_ && $_->{hosts}[0]{addresses}[0]{state} eq 'rejected' } @answers), 4, 'all are answered');
    is($server->connections, 1, 'one connection');
    $prober->probe($server->hop);
    is($server->connections, 2, 'later it is looked at again');
    @answers = $prober->answers(map { $prober->ask_for($server->hop) } 1 .. 9);
    is(scalar(grep { $_ } @answers), 9, 'nine requests at once are answered');
    is($server->connections, 5, 'by three probes');
    is(most_at_once($server), 1, 'one after the other');
};

subtest 'ping' => sub {
    my $silent = Forcetls::ScriptedSmtp->start(script => [ ['hang'] ]);
    my $prober = Forcetls::Prober->new(settings => { timeout => 20 });
    $prober->ask_for($silent->hop);
    $prober->ask({ type => 'ping', id => $_ }) for -4711, 4711;
    is_deeply([ map { $prober->hear } 1, 2 ], [ map { { v => 1, type => 'pong', id => $_ } } -4711, 4711 ], 'it says that it is there, whatever it looks at');
    is($prober->not_believed, '', 'and the daemon believes it');
};

subtest 'cancel' => sub {
    my ($running, $waiting, $shared, $other) = map { holding($_) } 30, 0, 0.5, 0;
    my $prober = Forcetls::Prober->new(settings => { max_parallel => 2 });
    my %id = (running => $prober->ask_for($running->hop));
    @id{qw(first second)} = map { $prober->ask_for($shared->hop) } 1 .. 2;
    wait_for(10, sub { $running->connections && $shared->connections });
    $id{waiting} = $prober->ask_for($waiting->hop);
    $prober->ask({ type => 'cancel', id => $_ }) for $id{waiting}, $id{first}, 12345;
    my ($second) = $prober->answers($id{second});
    is($second->{hosts}[0]{addresses}[0]{state}, 'rejected', 'another request for the same next hop is answered');
    $prober->ask({ type => 'cancel', id => $id{running} });
    my $answer = $prober->probe($other->hop);
    is($answer->{hosts}[0]{addresses}[0]{state}, 'rejected', 'and so is what comes later');
    is($waiting->connections, 0, 'what waited was never connected to');
    $prober->end_input;
    is($prober->hear, undef, 'what was given up is not answered');
    is($prober->wait_end(5), 0, 'and nobody waits for it');
};

subtest 'more requests than are taken' => sub {
    my $server = holding(60);
    my $prober = Forcetls::Prober->new(settings => { max_parallel => 1 });
    $prober->ask_for($server->hop);
    $prober->ask_for("[127.0.0.1]:$_") for 10_000 .. 14_095;
    my $line = $prober->hear;
    is($line->{text}, 'too many probes are waiting', 'the 4097th is refused');
    is($line->{id}, 4097, 'and named');
    $prober->ask({ type => 'cancel', id => 1 });
    is(scalar(grep { defined } $prober->answers(2 .. 4096)), 4095, 'the others are answered');
};

subtest 'many addresses of one next hop' => sub {
    my $port = free_port();
    my @servers = map { holding(0.2, host => "127.0.2.$_", port => $port) } 1 .. 12;
    my $dns = Forcetls::Dns->start('hop.example' => { A => [ map { "127.0.2.$_" } 1 .. 12 ] }, 'slow.example' => { A => [ map { "127.0.3.$_" } 1 .. 12 ] });
    my %settings = (dns_servers => [ $dns->server ], trust_anchor => '', port => $port);
    my $prober = Forcetls::Prober->new(settings => \%settings);
    my $answer = $prober->probe('hop.example');
    is_deeply([ map { $_->{state} } @{ $answer->{hosts}[0]{addresses} } ], [ ('rejected') x 12 ], 'all are tried');
    is(most_at_once(@servers), 4, 'four at a time');

    my @silent = map { Forcetls::ScriptedSmtp->start(script => [ ['hang'] ], host => "127.0.3.$_", port => $port) } 1 .. 12;
    $prober = Forcetls::Prober->new(settings => { %settings, timeout => 0.5 });
    my $begun = time;
    $answer = $prober->probe('slow.example');
    my @states = map { "$_->{state}: $_->{reply}" } @{ $answer->{hosts}[0]{addresses} };
    cmp_ok(time - $begun, '<', 3, 'three times the time for one is the end');
    is_deeply([ sort grep { !/^busy: (?:time-out: the greeting|no time was left for this next hop)$/ } @states ], [], 'each has a state');
    ok((grep { /no time was left/ } @states), 'some were not waited for');
};

subtest 'waiting for a turn costs no time' => sub {
    my @servers = map { holding(0) } 1 .. 6;
    my $prober = Forcetls::Prober->new(settings => { timeout => 0.5, rate => 1, max_parallel => 10 });
    my @answers = $prober->answers(map { $prober->ask_for($_->hop) } @servers);
    is_deeply([ map { $_->{hosts}[0]{addresses}[0]{state} } @answers ], [ ('rejected') x 6 ], 'the last one came after five seconds, with half a second for each');
};

subtest 'source address' => sub {
    my $server = holding(0);
    my $prober = Forcetls::Prober->new(settings => { source_address => '127.0.0.9' });
    $prober->probe($server->hop);
    like(read_file($server->{record}), qr/^connect 127\.0\.0\.9 /m, 'connections come from there');
    $prober = Forcetls::Prober->new(settings => { source_address => '203.0.113.9' });
    my $found = Forcetls::Prober::first_address($prober->probe($server->hop));
    is("$found->{state}: $found->{reply}", 'busy: Cannot assign requested address', 'one that is not ours says nothing of the server');
};

done_testing();
