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
use Forcetls::Harness qw(free_port read_file);
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

# Servers that make their script up: what SMTP and TLS are made of, in any order and in any pieces,
# TLS at any place or nowhere. `$mark` tells what was said before TLS from what was said under it.
sub anything
{
    my ($mark) = @_;
    my @words = (
        "220 hello\r\n", "220 go\r\n", "250-hello\r\n250-$mark\r\n250 STARTTLS\r\n", "250-$mark\r\n", "250 $mark\r\n", "250 $mark\n", "250\r\n", "221 bye\r\n",
        "354 go on\r\n", "421 4.3.2 closing\r\n", "454 4.7.0 not now\r\n", "502 what?\r\n", "554 no\r\n", "\r\n", "\n", "\r", "\0", '2', '25', '250', '250-', '250 ',
        "\x16\x03\x03\0\5hello", "\x16\x03", "\x15\x03\x03\0\2\1\0", "\x15\x03\x03\0\2\2\x28", "\x17\x03\x03\0\1x", join('', map { chr int rand 256 } 0 .. rand 40),
        '250 ' . 'x' x int(rand 3000) . "\r\n", "250-x\r\n" x int(rand 200));
    my $octets = join '', map { $words[ rand @words ] } 0 .. rand 2;
    return $octets if rand > 0.4;
    return [ pieces => map { substr $octets, 7 * $_, 7 } 0 .. (length($octets) - 1) / 7 ] if length $octets && length $octets < 100;
    return [ [ wait => rand 0.2 ], ['eof'], ['reset'], ['hang'], [ expect => '' ] ]->[ rand 5 ];
}

# Well behaved up to some step, mostly.
sub made_up
{
    my @good = @{ Forcetls::ScriptedSmtp::good(certificate => $world->{server}, rand > 0.5 ? (max => 'TLSv1.2') : ()) };
    my @script = @good[ 0 .. rand @good ];
    for (0 .. rand 8) {
        my $is_tls = grep { ref && $_->[0] eq 'tls' } @script;
        push @script, rand > 0.5 ? [ expect => '' ] : ();
        push @script, !$is_tls && rand > 0.9 ? [ tls => certificate => $world->{server} ] : anything($is_tls ? 'XUNDER' : 'XBEFORE');
    }
    return \@script;
}

subtest 'anything at any step' => sub {
    my $seconds = 1.5;
    my $prober = Forcetls::Prober->new(settings => { timeout => $seconds, max_parallel => 150, helo => 'prober.example' });
    my %seen;
    for (1 .. 2) {
        my @servers = map { Forcetls::ScriptedSmtp->start(script => made_up()) } 1 .. $rounds;
        my @answers = $prober->answers(map { $prober->ask_for($_->hop, stores => [ $world->{root}{file} ]) } @servers);
        my @bad;
        for my $i (0 .. $#servers) {
            my $found = $answers[$i] ? Forcetls::Prober::first_address($answers[$i]) : { state => 'no answer' };
            my $record = read_file($servers[$i]{record});
            my @wrong = (
                $states{ $found->{state} } ? () : "state $found->{state}",
                $found->{state} eq 'tls' && $record !~ /^tls /m ? 'TLS that there was not' : (),
                $found->{state} ne 'tls' && exists $found->{tls} ? 'facts of no TLS' : (),
                "@{ $found->{offered_tls} // [] }" =~ /XBEFORE/ ? 'keywords of before TLS' : (),
                "@{ $found->{offered} // [] }" =~ /XUNDER/ ? 'keywords of under TLS' : (),
                ($found->{milliseconds} // 0) > 1000 * $seconds + 2000 ? 'too long' : (),
                grep({ !/^(?:EHLO prober\.example|STARTTLS|QUIT|)$/ } map { s/^heard //r } grep { /^heard [ -~]*$/ && !/\?/ } split /\n/, $record));
            push @bad, map { "$_: " . explain_script($servers[$i]{script}) } @wrong;
            $seen{ $found->{state} }++;
        }
        $_->stop for @servers;
        is_deeply(\@bad, [], "$rounds servers");
    }
    note join ', ', map { "$seen{$_} $_" } sort keys %seen;
    cmp_ok(scalar keys %seen, '>=', 5, 'states of many kinds');
    is($prober->stop, 0, 'the prober is well');
    is($prober->log, '', 'and has nothing to say');
    is($prober->not_believed, '', 'and the daemon believes all of it');
};

sub explain_script
{
    my ($script) = @_;
    return join ' | ', map { my $step = ref ? "[@{$_}[0 .. ($_->[0] eq 'tls' ? 0 : $#$_)]]" : $_; $step =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger } @$script;
}

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
