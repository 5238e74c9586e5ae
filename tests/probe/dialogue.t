#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# What the prober says of servers that go wrong at every step, each in every way: a state, the words
# it stands on, an end within its time and its bounds.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Harness qw(free_port read_file);
use Forcetls::Prober;
use Forcetls::ScriptedSmtp;
use Socket qw(IPPROTO_TCP TCP_CORK);
use Test::More;
use Time::HiRes qw(time);

Forcetls::ScriptedSmtp->need;

my $world = Forcetls::Certificates->new->standard;
my @tls = (tls => certificate => $world->{server});

# How far a script gets before it goes wrong.
my %up_to = (
    greeting => [],
    EHLO => [ "220 mx.example ESMTP\r\n", [ expect => 'EHLO ' ] ],
    STARTTLS => [ Forcetls::ScriptedSmtp::up_to_starttls() ],
    handshake => [ Forcetls::ScriptedSmtp::up_to_starttls(), "220 go ahead\r\n" ],
    'EHLO under TLS' => [ Forcetls::ScriptedSmtp::up_to_starttls(), "220 go ahead\r\n", [@tls], [ expect => 'EHLO ' ] ],
    QUIT => [ Forcetls::ScriptedSmtp::up_to_starttls(), "220 go ahead\r\n", [@tls], [ expect => 'EHLO ' ],
        Forcetls::ScriptedSmtp::ehlo('SIZE 1'), [ expect => 'QUIT' ] ],
);

my @in_plaintext = qw(greeting EHLO STARTTLS);
my $good = Forcetls::ScriptedSmtp::good(certificate => $world->{server});
my $record = sub { my ($type, $body) = @_; return pack('CCCn', $type, 3, 1, length $body) . $body };
my @cases; # [ name, script, state, reply, ehlo keywords ]

sub add
{
    my ($name, $script, $state, $reply, @more) = @_;
    push @cases, { name => $name, script => $script, state => $state, reply => $reply // qr//, @more };
}

sub add_at
{
    my ($step, $name, $steps, @expected) = @_;
    add("$step: $name", [ @{ $up_to{$step} }, @$steps ], @expected);
}

# ---- steps in plaintext -------------------------------------------------------------------------

for my $step (@in_plaintext) {
    add_at($step, 'closed', [ ['eof'] ], 'busy', qr/^closed by the server$/);
    add_at($step, 'reset', [ ['reset'] ], 'busy', qr/^Connection reset/);
    add_at($step, 'silence', [ ['hang'] ], 'busy', qr/^time-out: /);
    add_at($step, 'half a reply', [ '25', ['eof'] ], 'busy');
    add_at($step, 'half of a reply of several lines', [ "250-a\r\n250-b\r\n", ['hang'] ], 'busy', qr/^time-out: /);
    add_at($step, 'an octet now and then', [ [ drip => "250-slow\r\n" x 100, 0.3 ] ], 'busy', qr/^time-out: /);
    add_at($step, '421', [ "421 4.3.2 closing\r\n", ['eof'] ], 'busy', qr/^421 4\.3\.2 closing$/);
    add_at($step, '4yz', [ "450 4.7.1 greylisted,\r\n" =~ s/450 /450-/r, "450 4.7.1 come back\r\n", ['hang'] ], 'busy',
        qr/^450 4\.7\.1 greylisted, 4\.7\.1 come back$/);
    add_at($step, 'no code', [ "HTTP/1.1 400 Bad Request\r\n", ['hang'] ], 'not-smtp', qr/^H$/);
    add_at($step, 'a code of another protocol', [ "150 here it comes\r\n", ['hang'] ], 'not-smtp', qr/^1$/);
    add_at($step, 'a code and no separator', [ "2200 four digits\r\n", ['hang'] ], 'not-smtp', qr/^2200$/);
    add_at($step, 'an empty line', [ "\r\n", ['hang'] ], 'not-smtp');
    add_at($step, 'a second code in the same reply', [ "250-a\r\n550 b\r\n", ['hang'] ], 'not-smtp', qr/^550 b$/);
    add_at($step, 'TLS where there should be none', [ $record->(0x16, 'x' x 100), ['hang'] ], 'not-smtp', qr/^\\x16$/);
    add_at($step, 'a line without end', [ [ flood => '250 ' . 'x' x 65536, 10000 ] ], 'not-smtp', qr/^250 x+$/);
    add_at($step, 'a reply without end', [ [ flood => "250-more\r\n" x 1000, 10000 ] ], 'not-smtp', qr/^250-more$/);
    add_at($step, 'a line of 2048 octets', [ '450 ' . 'x' x 2042 . "\r\n", ['hang'] ], 'busy');
    add_at($step, 'a line of 2049 octets', [ '450 ' . 'x' x 2043 . "\r\n", ['hang'] ], 'not-smtp');
    add_at($step, '128 lines', [ "450-x\r\n" x 127, "450 x\r\n", ['hang'] ], 'busy');
    add_at($step, '129 lines', [ "450-x\r\n" x 128, "450 x\r\n", ['hang'] ], 'not-smtp');
    add_at($step, 'control characters', [ "450 \e[2J\0\x9b\xc3\xa4\\x\r\n", ['hang'] ], 'busy', qr/^450 \\x1b\[2J\\x00\\x9b\x{e4}\\x5cx$/);
}

for my $step (qw(greeting EHLO)) {
    add_at($step, '5yz', [ "554 5.7.1 go away\r\n", ['hang'] ], 'rejected', qr/^554 5\.7\.1 go away$/);
    add_at($step, '3yz', [ "354 go on\r\n", ['hang'] ], 'not-smtp', qr/^354 go on$/);
    add_at($step, 'more than was asked for', [ "250 hello\r\n250 STARTTLS\r\n", ['hang'] ], 'not-smtp', qr/^250 STARTTLS\\x0d\\x0a$/);
}
add_at('EHLO', 'not known', [ "502 5.5.1 not implemented\r\n", [ expect => 'QUIT' ], "221 bye\r\n" ], 'no-starttls', qr/^502 /);
add_at('EHLO', 'a syntax error', [ "500 5.5.1 what?\r\n", ['hang'] ], 'no-starttls', qr/^500 /);

# ---- STARTTLS and whether it is offered -----------------------------------------------------------

for my $refusal ("500 what?\r\n", "502 5.5.1 no\r\n", "554 5.7.3 no TLS here\r\n", "354 go on\r\n") {
    add_at('STARTTLS', "refused: $refusal" =~ s/\r\n//r, [ $refusal, ['hang'] ], 'starttls-refused', qr/^\Q@{[ $refusal =~ s{\r\n}{}r ]}\E$/);
}
add_at('STARTTLS', '454', [ "454 4.7.0 TLS not available\r\n", [ expect => 'QUIT' ], "221 bye\r\n" ], 'busy', qr/^454 4\.7\.0 TLS not available$/);

my @keyword_cases = (
    [ 'nothing', [], 'no-starttls' ],
    [ 'other things', [ 'PIPELINING', 'SIZE 1' ], 'no-starttls' ],
    [ 'XXXXXXXX in its place', [ 'XXXXXXXX', 'SIZE 1' ], 'no-starttls' ],
    [ 'split', [ 'START', 'TLS' ], 'no-starttls' ],
    [ 'split by a space', ['START TLS'], 'no-starttls' ],
    [ 'longer', ['STARTTLSX'], 'no-starttls' ],
    [ 'as a parameter', ['AUTH STARTTLS'], 'no-starttls' ],
    [ 'with a NUL', ["STARTTLS\0"], 'no-starttls' ],
    [ 'with something before it', [' STARTTLS'], 'no-starttls' ],
    [ 'in small letters', ['starttls'], 'tls' ],
    [ 'mixed', ['sTaRtTlS'], 'tls' ],
    [ 'with a parameter', ['STARTTLS please'], 'tls' ],
    [ 'among a hundred', [ map({ "X-$_" } 1 .. 100), 'STARTTLS' ], 'tls' ],
);
for (@keyword_cases) {
    my ($name, $keywords, $state) = @$_;
    my @script = ("220 hello\r\n", [ expect => 'EHLO ' ], Forcetls::ScriptedSmtp::ehlo(@$keywords));
    my @tail = $state eq 'tls' ? ([ expect => 'STARTTLS' ], "220 go\r\n", [@tls], [ expect => 'EHLO ' ], "250 hello\r\n", ['hang']) : [ expect => 'QUIT' ];
    add("STARTTLS offered: $name", [ @script, @tail ], $state, undef, offered => [ map { s/\0/\\x00/r } @$keywords ]);
}
add('STARTTLS in the greeting of EHLO only', [ "220 hello\r\n", [ expect => 'EHLO ' ], "250 STARTTLS\r\n", [ expect => 'QUIT' ] ], 'no-starttls');

# ---- the handshake -------------------------------------------------------------------------------

add_at('handshake', 'closed', [ ['eof'] ], 'busy', qr/^closed by the server$/);
add_at('handshake', 'reset', [ [ wait => 0.3 ], ['reset'] ], 'busy', qr/^Connection reset/);
add_at('handshake', 'silence', [ ['hang'] ], 'busy', qr/^time-out: the TLS handshake$/);
add_at('handshake', 'an alert', [ [ wait => 0.3 ], $record->(0x15, "\x02\x28"), ['hang'] ], 'tls-failed', qr/^alert: handshake failure$/);
add_at('handshake', 'what only looks like TLS', [ [ wait => 0.3 ], $record->(0x16, 'x' x 100), ['hang'] ], 'tls-failed');
add_at('handshake', 'half a record', [ [ wait => 0.3 ], substr($record->(0x16, 'x' x 100), 0, 50), ['hang'] ], 'busy', qr/^time-out/);
add_at('handshake', 'an octet now and then', [ [ wait => 0.3 ], [ drip => $record->(0x16, 'x' x 100), 0.3 ] ], 'busy', qr/^time-out/);
add_at('handshake', 'empty records', [ [ wait => 0.3 ], [ flood => $record->(0x16, '') x 1000, 10000 ] ], 'tls-failed');
add_at('handshake', 'warnings without end', [ [ wait => 0.3 ], [ flood => $record->(0x15, "\x01\x5a") x 1000, 10000 ] ], 'tls-failed');
add_at('handshake', 'a message without end', [ [ wait => 0.3 ], $record->(0x16, "\x02\xff\xff\xff" . 'x' x 1000), [ flood => $record->(0x16, 'x' x 16000), 10000 ] ], 'tls-failed');
add_at('handshake', 'plaintext instead', [ [ wait => 0.3 ], "454 4.7.0 out of order\r\n", ['hang'] ], 'injected', qr/^454 4\.7\.0 out of order/);
for (1 .. 10) {
    add_at('handshake', "noise, $_", [ [ wait => 0.3 ], join('', map { chr int rand 256 } 1 .. 500), ['hang'] ], qr/^(?:injected|tls-failed|busy)$/);
}

# ---- under TLS: the state is known, whatever comes ----------------------------------------------

my @under_tls = (
    [ 'closed', [ ['eof'] ], qr/./ ],
    [ 'reset', [ ['reset'] ], qr/./ ],
    [ 'silence', [ [ wait => 20 ] ], qr/^time-out: EHLO under TLS$/ ],
    [ '421', [ "421 4.3.2 closing\r\n" ], qr/^421 4\.3\.2 closing$/ ],
    [ '5yz', [ "554 5.7.1 go away\r\n", [ expect => 'QUIT' ] ], qr/^554 5\.7\.1 go away$/ ],
    [ 'garbage', [ "\0\1\2\3", [ wait => 20 ] ], qr/^\\x00$/ ],
    [ 'more than was asked for', [ "250 hello\r\n220 and more\r\n", [ wait => 20 ] ], qr/^220 and more/ ],
    [ 'a line without end', [ [ flood => '250 ' . 'x' x 16000, 10000 ] ], qr/^250 x+$/ ],
    [ 'a reply without end', [ [ flood => "250-more\r\n" x 1000, 10000 ] ], qr/^250-more$/ ],
    [ 'an octet now and then', [ [ drip => "250-slow\r\n" x 100, 0.3 ] ], qr/^time-out/ ],
);
for (@under_tls) {
    my ($name, $steps, $reply) = @$_;
    add_at('EHLO under TLS', $name, $steps, 'tls', $reply, chain => 2);
}
add_at('handshake', 'two hundred session tickets', [ [ @tls, tickets => 200 ], [ expect => 'EHLO ' ], "250 hello\r\n", [ expect => 'QUIT' ] ], 'tls', qr/^$/, chain => 2);

# TLS may have deciphered more of a reply than one reading takes, when nothing more comes.
sub records
{
    my @octets = @_;
    return [ do => sub {
        my ($connection) = @_;
        setsockopt $connection->{socket}, IPPROTO_TCP, TCP_CORK, 1;
        Net::SSLeay::write($connection->{ssl}, $_) for @octets;
        setsockopt $connection->{socket}, IPPROTO_TCP, TCP_CORK, 0;
        return 1;
    } ];
}
my @long = map { "X-$_ " . 'x' x 200 } 1 .. 60;
my @expected = (chain => 2, soon => 1);
add_at('EHLO under TLS', 'a reply of 12 kB in one record', [ Forcetls::ScriptedSmtp::ehlo(@long), [ expect => 'QUIT' ], "221 bye\r\n", ['hang'] ],
    'tls', qr/^$/, @expected, offered_tls => \@long);
add_at('EHLO under TLS', 'a reply in records of a line that come at once',
    [ records("250-hello\r\n", "250-SIZE 1\r\n", "250 HELP\r\n"), [ expect => 'QUIT' ], "221 bye\r\n", ['hang'] ], 'tls', qr/^$/, @expected,
    offered_tls => [ 'SIZE 1', 'HELP' ]);
add_at('EHLO under TLS', 'a reply in records of an octet that come at once',
    [ records(split //, "250-hello\r\n250 SIZE 1\r\n"), [ expect => 'QUIT' ], "221 bye\r\n", ['hang'] ], 'tls', qr/^$/, @expected,
    offered_tls => ['SIZE 1']);
add_at('QUIT', 'closed', [ ['eof'] ], 'tls', qr/^$/, chain => 2, offered_tls => ['SIZE 1']);
add_at('QUIT', 'silence', [ [ wait => 20 ] ], 'tls', qr/^$/, chain => 2, offered_tls => ['SIZE 1']);
add_at('QUIT', 'garbage', [ [ flood => "\0" x 10000, 10000 ] ], 'tls', qr/^$/, chain => 2, offered_tls => ['SIZE 1']);

# ---- and those who do nothing wrong ----------------------------------------------------------------

add('a server as it should be', $good, 'tls', qr/^$/, chain => 2, offered => [ 'PIPELINING', 'STARTTLS' ], offered_tls => [ 'PIPELINING', 'SIZE 10240000' ]);
add('lines end with LF alone', [ "220 hello\n", [ expect => 'EHLO ' ], "250-hello\n250 STARTTLS\n", [ expect => 'STARTTLS' ], "220 go\n", [@tls],
        [ expect => 'EHLO ' ], "250 hello\n", [ expect => 'QUIT' ] ], 'tls', qr/^$/, offered => ['STARTTLS']);
add('codes without a text', [ "220\r\n", [ expect => 'EHLO ' ], "250-\r\n250-STARTTLS\r\n250\r\n", [ expect => 'STARTTLS' ], "220\r\n", [@tls],
        [ expect => 'EHLO ' ], "250\r\n", [ expect => 'QUIT' ] ], 'tls', qr/^$/, offered => [ 'STARTTLS', '' ]);
add('octet by octet, but quickly', [ [ pieces => split //, "220 hello\r\n" ], [ expect => 'EHLO ' ], [ pieces => split //, "250-hello\r\n250 STARTTLS\r\n" ],
        [ expect => 'STARTTLS' ], [ pieces => split //, "220 go\r\n" ], [@tls], [ expect => 'EHLO ' ], [ pieces => split //, "250 hello\r\n" ],
        [ expect => 'QUIT' ] ], 'tls', qr/^$/);
add('250 to STARTTLS', [ @{ $up_to{STARTTLS} }, "250 go ahead\r\n", [@tls], [ expect => 'EHLO ' ], "250 hello\r\n", [ expect => 'QUIT' ] ], 'tls', qr/^$/);
add('a greeting of five lines', [ map({ "220-$_\r\n" } 1 .. 4), "220 hello\r\n", @$good[ 1 .. $#$good ] ], 'tls', qr/^$/);

# ---- all of them at once ---------------------------------------------------------------------------

my $seconds = 3;
my $prober = Forcetls::Prober->new(settings => { timeout => $seconds, max_parallel => 200, helo => 'prober.example' });
$_->{server} = Forcetls::ScriptedSmtp->start(script => $_->{script}) for @cases;
my $begun = time;
my @ids = map { $prober->ask_for($_->{server}->hop) } @cases;
my @answers = $prober->answers(@ids);
my $took = time - $begun;

for my $i (0 .. $#cases) {
    my ($case, $answer) = ($cases[$i], $answers[$i]);
    subtest $case->{name} => sub {
        ok($answer, 'it is answered') or return;
        my $found = Forcetls::Prober::first_address($answer);
        if (ref $case->{state}) {
            like($found->{state}, $case->{state}, 'state');
        } else {
            is($found->{state}, $case->{state}, 'state') or diag explain $found->{reply};
        }
        like($found->{reply}, $case->{reply}, 'reply');
        cmp_ok($found->{milliseconds}, '<=', 1000 * $seconds + 2000, 'within its time');
        cmp_ok($found->{milliseconds}, '<', 1000 * $seconds, 'and not at its end') if $case->{soon};
        is_deeply($found->{offered}, $case->{offered}, 'offered') if $case->{offered};
        is_deeply($found->{offered_tls}, $case->{offered_tls}, 'offered under TLS') if $case->{offered_tls};
        is(scalar @{ $found->{chain} }, $case->{chain}, 'certificates') if $case->{chain};
        is($case->{server}->connections, 1, 'one connection');
        my @wrong = grep { !/^(?:EHLO prober\.example|STARTTLS|QUIT)$/ } @{ $case->{server}->heard };
        is_deeply(\@wrong, [], 'nothing was said but EHLO, STARTTLS, QUIT');
        my ($flood) = read_file($case->{server}{record}) =~ /^flood (.*)$/m;
        like($flood, qr/^stopped after /, "the flood was $flood") if defined $flood;
    };
}
note sprintf '%d dialogues in %.1f s', scalar @cases, $took;

subtest 'nobody listens' => sub {
    my $found = Forcetls::Prober::first_address($prober->probe('[127.0.0.1]:' . free_port()));
    is($found->{state}, 'unreachable', 'state');
    is($found->{reply}, 'Connection refused', 'reply');
};

subtest 'TLS from the first octet' => sub {
    my @wrapped = ([@tls], "220 hello\r\n", [ expect => 'EHLO ' ], Forcetls::ScriptedSmtp::ehlo('SIZE 1'), [ expect => 'QUIT' ]);
    my %found;
    my %script = (
        good => \@wrapped, plaintext => [ "220 hello\r\n", ['hang'] ], closed => [ ['eof'] ], silent => [ ['hang'] ],
        'no greeting' => [ [@tls], [ wait => 20 ] ], '554 in the greeting' => [ [@tls], "554 no\r\n" ],
    );
    for my $name (keys %script) {
        my $server = Forcetls::ScriptedSmtp->start(script => $script{$name});
        $found{$name} = $prober->ask_for('smtps://[127.0.0.1]:' . $server->port);
    }
    @found{ keys %found } = map { Forcetls::Prober::first_address($_) } $prober->answers(values %found);
    is_deeply({ map { $_ => $found{$_}{state} } keys %found }, {
        good => 'tls', plaintext => 'tls-failed', closed => 'busy', silent => 'busy', 'no greeting' => 'tls', '554 in the greeting' => 'tls',
    }, 'states');
    is_deeply($found{good}{offered_tls}, ['SIZE 1'], 'EHLO is said once, under TLS');
    is_deeply($found{good}{offered}, [], 'and not before');
};

is($prober->stop, 0, 'it ends with 0');
is($prober->log, '', 'and has said nothing on standard error');
is($prober->not_believed, '', 'and the daemon believes all of it');
done_testing();
