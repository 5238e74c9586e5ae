#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Octets that stand behind the 220 reply to STARTTLS, before TLS (CVE-2011-0411's and
# CVE-2021-38371's kind): however many there are, wherever the network splits them, the state is
# `injected`, nothing of them is taken for an answer to what is said under TLS, and what was offered
# in plaintext is forgotten.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Prober;
use Forcetls::ScriptedSmtp;
use Test::More;

Forcetls::ScriptedSmtp->need;

my $world = Forcetls::Certificates->new->standard;
my @tls = (tls => certificate => $world->{server});
my @before = Forcetls::ScriptedSmtp::up_to_starttls('STARTTLS', 'AUTH PLAIN LOGIN');
my @after = ([@tls], [ expect => 'EHLO ' ], Forcetls::ScriptedSmtp::ehlo('SIZE 1'), [ expect => 'QUIT' ]);
my $go = "220 2.0.0 go ahead\r\n";

# Each script is served once, by a server of its own; the addresses that were found, in order.
sub found_for
{
    my @scripts = @_;
    my $prober = Forcetls::Prober->new(settings => { timeout => 20, max_parallel => 32 });
    my @servers = map { Forcetls::ScriptedSmtp->start(script => $_) } @scripts;
    my @found = map { Forcetls::Prober::first_address($_) } $prober->answers(map { $prober->ask_for($_->hop) } @servers);
    $_->stop for @servers;
    is($prober->stop, 0, 'the prober is well');
    return @found;
}

my $ehlo = Forcetls::ScriptedSmtp::ehlo('AUTH PLAIN LOGIN', 'XINJECTED');

subtest 'in one piece with the reply' => sub {
    my @lengths = (1 .. 8, 15 .. 17, 255 .. 257, 1023 .. 1025, 2047 .. 2049, 4070 .. 4096);
    my @octets = map { substr $ehlo x 100, 0, $_ } @lengths;
    my @found = found_for(map { [ @before, $go . $_, @after ] } @octets);
    for my $i (0 .. $#found) {
        is($found[$i]{state}, 'injected', "$lengths[$i] octets");
    }
};

subtest 'what it is does not matter' => sub {
    my %octets = (
        'an end of line' => "\r\n", 'a NUL' => "\0", 'a second reply' => $go, 'the reply to EHLO' => $ehlo,
        'a TLS handshake record' => "\x16\x03\x03\x00\x05hello", 'a TLS alert' => "\x15\x03\x03\x00\x02\x01\x00", 'a TLS warning' => "\x15\x03\x01\x00\x02\x01\x5a",
    );
    my @names = sort keys %octets;
    my @found = found_for(map { [ @before, $go . $octets{$_}, @after ] } @names);
    is($found[$_]{state}, 'injected', $names[$_]) for 0 .. $#names;
    my ($reply) = map { $found[$_]{reply} } grep { $names[$_] eq 'the reply to EHLO' } 0 .. $#names;
    like($reply, qr/XINJECTED/, 'and is shown');
};

subtest 'split anywhere' => sub {
    my $whole = $go . $ehlo;
    my @at = 1 .. length($whole) - 1;
    my @found = found_for(map { [ @before, [ pieces => substr($whole, 0, $_), substr($whole, $_) ], @after ] } @at);
    is_deeply([ map { $found[$_]{state} } 0 .. $#at ], [ ('injected') x @at ], scalar(@at) . ' splits');
};

subtest 'long after the reply' => sub {
    my @found = found_for(map { [ @before, $go, [ wait => $_ ], $ehlo, @after ] } 0.05, 0.2, 1);
    is($_->{state}, 'injected', 'state') for @found;
};

subtest 'nothing of it is believed' => sub {
    my ($found) = found_for([ @before, $go . $ehlo, @after ]);
    is_deeply($found->{offered_tls}, [], 'nothing is offered under TLS');
    is_deeply($found->{offered}, [ 'STARTTLS', 'AUTH PLAIN LOGIN' ], 'in plaintext is, what was');
    ok(!exists $found->{tls}, 'there is no TLS');
};

subtest 'without injected octets' => sub {
    my $split = sub { [ pieces => map { substr $go, $_ * 3, 3 } 0 .. (length($go) - 1) / 3 ] };
    my @found = found_for([ @before, $go, @after ], [ @before, $split->(), @after ]);
    for my $found (@found) {
        is($found->{state}, 'tls', 'TLS');
        is_deeply($found->{offered_tls}, ['SIZE 1'], 'only what is offered under TLS counts there');
    }
};

done_testing();
