#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Servers that damage what they say: octets changed, dropped, doubled, put in, in plaintext and in
# TLS. Every one of them gets a state; afterwards the prober is well, and has kept nothing.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Harness qw(free_port);
use Forcetls::Prober qw(prober_is_sanitized);
use Forcetls::ScriptedSmtp;
use IO::Select;
use IO::Socket::IP;
use Test::More;

Forcetls::ScriptedSmtp->need;

my $seed = $ENV{FORCETLS_SEED} // 1;
srand $seed;
note "FORCETLS_SEED=$seed";

my $world = Forcetls::Certificates->new->standard;
my %states = map { $_ => 1 } qw(busy rejected not-smtp no-starttls starttls-refused injected tls-failed tls);

# One change at a random place.
sub damage
{
    my ($octets) = @_;
    return $octets if $octets eq '';
    my $at = int rand length $octets;
    my $kind = int rand 6;
    if ($kind == 0) { substr $octets, $at, 1, chr int rand 256 }
    elsif ($kind == 1) { substr $octets, $at, 1 + int rand 4, '' }
    elsif ($kind == 2) { substr $octets, $at, 0, join '', map { chr int rand 256 } 0 .. rand 10 }
    elsif ($kind == 3) { $octets .= substr $octets, $at }
    elsif ($kind == 4) { substr $octets, $at, 0, ("\r\n", "\n", "\r", "\0", '-', ' ', "250 ", "220 \r\n")[ rand 8 ] }
    else { $octets = substr $octets, 0, $at }
    return $octets;
}

my $rounds = prober_is_sanitized() ? 150 : 200;

subtest 'damaged replies' => sub {
    my $prober = Forcetls::Prober->new(settings => { timeout => 1.5, max_parallel => 100 });
    my @servers;
    for (1 .. $rounds) {
        my @script = @{ Forcetls::ScriptedSmtp::good(certificate => $world->{server}) };
        my @replies = grep { !ref $script[$_] } 0 .. $#script;
        my $which = $replies[ rand @replies ];
        $script[$which] = damage($script[$which]) for 0 .. rand 2;
        $_ = ref $_ && $_->[0] eq 'expect' ? [ expect => '' ] : $_ for @script;
        push @servers, Forcetls::ScriptedSmtp->start(script => \@script);
    }
    my @answers = $prober->answers(map { $prober->ask_for($_->hop) } @servers);
    $_->stop for @servers;
    my %seen;
    $seen{ $_ ? Forcetls::Prober::first_address($_)->{state} : 'no answer' }++ for @answers;
    is_deeply([ grep { !$states{$_} } keys %seen ], [], 'each has a state');
    note join ', ', map { "$seen{$_} $_" } sort keys %seen;
    cmp_ok(scalar keys %seen, '>=', 4, 'of several kinds');
    is($prober->stop, 0, 'the prober is well');
    is($prober->log, '', 'and has nothing to say');
    is($prober->not_believed, '', 'and the daemon believes all of it');
};

# A relay between the prober and a good server, which damages what the server sends under TLS.
sub damaging_relay
{
    my ($server, $offset) = @_;
    return Forcetls::ScriptedSmtp->start(script => [ [ do => sub {
        my ($connection) = @_;
        my $inside = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $server->port) or return;
        my $select = IO::Select->new($connection->{socket}, $inside);
        my $sent = 0;
        while (1) {
            for my $from ($select->can_read(10)) {
                my $got = sysread $from, my $octets, 16384;
                return if !$got;
                if ($from == $inside) {
                    substr $octets, $offset - $sent, 1, chr(255 ^ ord substr $octets, $offset - $sent, 1)
                        if $offset >= $sent && $offset < $sent + length $octets;
                    $sent += length $octets;
                }
                syswrite $from == $inside ? $connection->{socket} : $inside, $octets or return;
            }
        }
    } ] ]);
}

subtest 'damaged TLS' => sub {
    my $prober = Forcetls::Prober->new(settings => { timeout => 3, max_parallel => 100 });
    my $begin = length join '', grep { !ref } Forcetls::ScriptedSmtp::up_to_starttls();
    for my $max (qw(TLSv1.2 TLSv1.3)) {
        my $server = Forcetls::ScriptedSmtp->start(script => Forcetls::ScriptedSmtp::good(certificate => $world->{server}, max => $max));
        my @relays = map { damaging_relay($server, $begin + int rand 2500) } 1 .. $rounds / 3;
        my @answers = $prober->answers(map { $prober->ask_for($_->hop, stores => [ $world->{root}{file} ]) } @relays);
        $_->stop for @relays;
        my %seen;
        $seen{ $_ ? Forcetls::Prober::first_address($_)->{state} : 'no answer' }++ for @answers;
        is_deeply([ grep { !$states{$_} } keys %seen ], [], "$max: each has a state");
        note join ', ', map { "$seen{$_} $_" } sort keys %seen;
    }
    is($prober->stop, 0, 'the prober is well');
    is($prober->log, '', 'and has nothing to say');
    is($prober->not_believed, '', 'and the daemon believes all of it');
};

SKIP: {
    skip 'the sanitizers keep freed memory', 1 if prober_is_sanitized();
    subtest 'nothing is kept' => sub {
        my %script = (
            good => Forcetls::ScriptedSmtp::good(certificate => $world->{server}),
            refused => [ "554 no\r\n", [ expect => 'QUIT' ], "221 bye\r\n" ],
            closed => [ ['eof'] ],
            injected => [ Forcetls::ScriptedSmtp::up_to_starttls(), "220 go\r\n250 more\r\n", ['hang'] ],
            broken => [ Forcetls::ScriptedSmtp::up_to_starttls(), "220 go\r\n", [ wait => 0.05 ], "\x16\x03\x03\0\5hello", ['hang'] ],
            demanding => Forcetls::ScriptedSmtp::good(certificate => $world->{server}, demand => 2),
        );
        my @servers = map { Forcetls::ScriptedSmtp->start(script => $script{$_}) } sort keys %script;
        my $prober = Forcetls::Prober->new;
        my $round = sub {
            for (1 .. 10) {
                $prober->answers(map { $prober->ask_for($_->hop, stores => [ $world->{root}{file}, '' ]) } @servers);
                $prober->ask_for($_->hop) for @servers;
                $prober->ask({ type => 'cancel', id => $prober->{ids} - $_ }) for 0 .. $#servers;
                $prober->probe("[127.0.0.1]:1");
            }
        };
        $round->() for 1 .. 3;
        my $before = $prober->resident;
        $round->() for 1 .. 8;
        my $grown = $prober->resident - $before;
        cmp_ok($grown, '<', 1000, 'a thousand probes left less than 1 MB');
        note "$grown kB, $before kB before";
        is($prober->stop, 0, 'the prober is well');
    };
}

done_testing();
