#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# From the DNS to addresses: which hosts and addresses a next hop has, in what order, how many; and
# each way in which the DNS can have none, told apart.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Dns;
use Forcetls::Harness qw(free_port work_dir write_file);
use Forcetls::Prober qw(summary);
use Forcetls::ScriptedSmtp;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);

my $port = free_port();    # nobody listens there, but on 127.0.0.2
my $server = Forcetls::ScriptedSmtp->start(script => [ "554 no\r\n", [ expect => 'QUIT' ], "221 bye\r\n" ], host => '127.0.0.2', port => $port);

# A message as a sub of the query: its question is about this name; sections of [ name, type, class,
# data ]; flags, id, and how many records there are said to be.
sub message
{
    my ($name, %part) = @_;
    return sub {
        my ($query) = @_;
        my (undef, undef, $end) = Forcetls::Dns::_question($query);
        my $question = Forcetls::Dns::wire_name($name) . substr $query, $end - 4, 4;
        my $records = sub { join '', map { my ($owner, $type, $class, $data) = @$_; Forcetls::Dns::wire_name($owner) . pack('nnNn', $type, $class, 60, length $data) . $data } @{ $_[0] // [] } };
        my @counts = map { scalar @{ $part{$_} // [] } } qw(answer authority additional);
        $counts[0] = $part{count} // $counts[0];
        return pack('n', $part{id} // unpack 'n', $query) . pack('nnnnn', $part{flags} // 0x8180, 1, @counts) . $question . join '', map { $records->($part{$_}) } qw(answer authority additional);
    };
}

my $long = join '.', ('a' x 60) x 4, 'example';
my $mx = sub { my ($name, @hosts) = @_; return ($name => { MX => [ map { ref() ? $_ : [ 10, $_ ] } @hosts ] }) };
my %table = (
    # addresses that the tests' hosts have
    'one.example' => { A => ['127.0.0.2'] },
    'two.example' => { A => ['127.0.0.3'] },
    'three.example' => { A => ['127.0.0.4'] },
    'both.example' => { A => ['127.0.0.2'], AAAA => ['::2'] },
    'many.example' => { A => [ map { "127.0.1.$_" } 1 .. 50 ], AAAA => [ map { "::1:$_" } 1 .. 50 ] },
    'none.example' => { TXT => ['nothing'] },
    'failing.example' => { rcode => 'SERVFAIL' },
    'self.example' => { A => ['192.0.2.77'] },
    'named-self.example' => { A => ['127.0.0.3'] },
    'under_score.example' => { A => ['127.0.0.2'] },
    'private.example' => { A => [ '10.1.2.3', '192.168.1.1' ], AAAA => [ 'fd00::1', 'fe80::1' ] },
    'mapped.example' => { AAAA => [ '::ffff:127.0.0.2', '2002:7f00:2::', '64:ff9b::7f00:2' ] },
    'twice.example' => { A => [ '127.0.0.2', '127.0.0.2' ] },

    $mx->('plain.example', 'one.example'),
    $mx->('order.example', [ 20, 'two.example' ], [ 10, 'three.example' ], [ 10, 'one.example' ]),
    $mx->('doubled.example', [ 20, 'one.example' ], [ 10, 'ONE.example' ], [ 30, 'two.example' ]),
    'implicit.example' => { A => ['127.0.0.2'] },
    'null-mx.example' => { MX => [ [ 0, '' ] ] },
    $mx->('null-and-more.example', [ 0, '' ], [ 10, 'one.example' ]),
    $mx->('nowhere.example', 'missing.example', [ 20, 'none.example' ], [ 30, 'failing.example' ], [ 40, 'one.example' ]),
    'alias.example' => { CNAME => 'plain.example' },
    'alias-of-nothing.example' => { CNAME => 'missing.example' },
    'loop-a.example' => { CNAME => 'loop-b.example' },
    'loop-b.example' => { CNAME => 'loop-a.example' },
    $mx->('mx-is-alias.example', 'host-alias.example'),
    'host-alias.example' => { CNAME => 'one.example' },
    $mx->('literals.example', '127.0.0.2', [ 20, '2130706434' ], [ 30, '0x7f.2' ], [ 40, 'one.example' ]),
    $mx->('odd-names.example', 'a b.example', [ 20, "nul\0.example" ], [ 30, 'under_score.example' ], [ 40, "\xe9.example" ], [ 50, 'a\.b.example' ]),
    $mx->('localhost-mx.example', 'localhost'),
    $mx->('long.example', $long),
    $mx->('crowd.example', map { [ 1000 - $_, "h$_.example" ] } 1 .. 40),
    $mx->('thousand.example', map { [ $_, "h$_.example" ] } 1 .. 1000),
    $mx->('truncated.example', 'one.example'),
    $mx->('equal-self.example', [ 5, 'one.example' ], [ 10, 'self.example' ], [ 10, 'two.example' ], [ 20, 'three.example' ]),
    $mx->('named.example', [ 5, 'one.example' ], [ 10, 'named-self.example' ], [ 20, 'three.example' ]),
    $mx->('helo.example', [ 10, 'mx.prober.example' ]),
    'mx.prober.example' => { A => ['127.0.0.3'] },
    $mx->('wide.example', 'many.example', [ 20, 'one.example' ]),
    'failing-mx.example' => { rcode => 'SERVFAIL' },
    'refusing-mx.example' => { rcode => 'REFUSED' },
    'silent-mx.example' => { silent => 1 },
    $mx->('silent-host.example', 'silent.example'),
    'silent.example' => { silent => 1 },
    'garbage.example' => { raw => sub { substr($_[0], 0, 2) . "\x81\x80" . join '', map { chr int rand 256 } 1 .. 200 } },
    'two-octets.example' => { answers => [ [ 'two-octets.example', 'MX', 60, "\0\x0a" ] ] },
    'short-mx.example' => { answers => [ [ 'short-mx.example', 'MX', 60, "\0" ] ] },
    'pointer-loop.example' => { answers => [ [ 'pointer-loop.example', 'MX', 60, "\0\x0a\xc0\x0c" . "\xc0\x40" ] ] },
    'short-address.example' => { answers => [ [ 'short-address.example', 'A', 60, "\x7f\0\0" ] ] },
    $mx->('short-address-mx.example', 'short-address.example'),
    'other-owner.example' => { answers => [ [ 'plain.example', 'MX', 60, "\0\x0a" . Forcetls::Dns::wire_name('two.example') ] ] },
    'other-type.example' => { answers => [ [ 'other-type.example', 'A', 60, "\x7f\0\0\2" ] ] },
    'other-class.example' => { raw => message('other-class.example', answer => [ [ 'other-class.example', 15, 3, "\0\x0a\3mx1\xc0\x0c" ] ]) },
    'additional.example' => { raw => message('additional.example', answer => [ [ 'additional.example', 15, 1, "\0\x0a" . Forcetls::Dns::wire_name('fresh.example') ] ],
            additional => [ [ 'fresh.example', 1, 1, "\x7f\0\0\3" ] ]) },
    'fresh.example' => { A => ['127.0.0.2'] },
    'authority.example' => { raw => message('authority.example', authority => [ [ 'authority.example', 15, 1, "\0\x0a" . Forcetls::Dns::wire_name('one.example') ] ]) },
    'more-than-there.example' => { raw => message('more-than-there.example', answer => [ [ 'more-than-there.example', 15, 1, "\0\x0a" . Forcetls::Dns::wire_name('one.example') ] ], count => 9) },
    'no-answer-bit.example' => { raw => message('no-answer-bit.example', flags => 0x0100, answer => [ [ 'no-answer-bit.example', 15, 1, "\0\x0a" . Forcetls::Dns::wire_name('one.example') ] ]) },
    'other-id.example' => { raw => message('other-id.example', id => 1, answer => [ [ 'other-id.example', 15, 1, "\0\x0a" . Forcetls::Dns::wire_name('one.example') ] ]) },
    'other-question.example' => { raw => message('elsewhere.example', answer => [ [ 'elsewhere.example', 15, 1, "\0\x0a" . Forcetls::Dns::wire_name('one.example') ] ]) },
    'gone-with-mx.example' => { raw => message('gone-with-mx.example', flags => 0x8183, answer => [ [ 'gone-with-mx.example', 15, 1, "\0\x0a" . Forcetls::Dns::wire_name('one.example') ] ]) },
    $mx->('null-twice.example', [ 0, '' ], [ 10, '' ]),
    $mx->('null-late.example', [ 65535, '' ]),
    $mx->('dotless.example', 'mx', [ 20, 'one.example' ]),
    mx => { A => ['127.0.0.3'] },
    map({ ("$_-mx.example" => { rcode => uc }) } qw(formerr notimp)),
    $mx->('preferences.example', [ 65535, 'two.example' ], [ 0, 'one.example' ], [ 32768, 'three.example' ]),
    'cut-tcp.example' => { raw => sub { my ($query, $tcp) = @_; return $tcp ? substr($query, 0, 20) : substr($query, 0, 2) . "\x83\x80" . substr($query, 4) } },
    $mx->('one-family.example', 'half.example', [ 20, 'no-half.example' ]),
    map({ my ($name, $right) = @$_; ($name => { raw => sub {
        my ($query) = @_;
        my (undef, $type) = Forcetls::Dns::_question($query);
        return message($name, $type eq 'A' && $right ? (answer => [ [ $name, 1, 1, "\x7f\0\0\2" ] ]) : (flags => 0x8182))->($query);
    } }) } [ 'half.example', 1 ], [ 'no-half.example', 0 ]),
    $mx->('alias-self.example', [ 5, 'one.example' ], [ 10, 'self-alias.example' ], [ 20, 'two.example' ]),
    'self-alias.example' => { CNAME => 'self.example' },
    $mx->('test.test', 'one.example'),
    'xn--mnchen-3ya.example' => { MX => [ [ 10, 'one.example' ] ] },
);
$table{'truncated.example'}{truncated} = 1;
$table{'thousand.example'}{truncated} = 1;

my $dns = Forcetls::Dns->start(%table);
my %settings = (
    port => $port, dns_servers => [ $dns->server ], timeout => 10, max_parallel => 64, helo => 'mx.prober.example', trust_anchor => '',
    own_addresses => ['192.0.2.77'], own_names => ['named-self.example'],
);
my $prober = Forcetls::Prober->new(settings => \%settings);

sub probe_is
{
    my ($hop, $wanted, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $answer = $prober->probe($hop);
    is(summary($answer), $wanted, $name // $hop);
    return $answer;
}

subtest 'hosts' => sub {
    probe_is('plain.example', 'found; 10 one.example found 127.0.0.2=rejected');
    probe_is('PLAIN.Example.', 'found; 10 one.example found 127.0.0.2=rejected', 'upper case and a dot at the end');
    probe_is("m\x{c3}\x{bc}nchen.example" =~ s/\x{c3}\x{bc}/\x{fc}/r, 'found; 10 one.example found 127.0.0.2=rejected', 'not ASCII');
    probe_is('order.example', 'found; 10 one.example found 127.0.0.2=rejected; 10 three.example found 127.0.0.4=unreachable; 20 two.example found 127.0.0.3=unreachable',
        'in order of preference');
    probe_is('doubled.example', 'found; 10 one.example found 127.0.0.2=rejected; 30 two.example found 127.0.0.3=unreachable', 'a host that is there twice');
    probe_is('preferences.example', 'found; 0 one.example found 127.0.0.2=rejected; 32768 three.example found 127.0.0.4=unreachable; 65535 two.example found 127.0.0.3=unreachable',
        'preferences have no sign');
    probe_is('dotless.example', 'found; 10 mx found 127.0.0.3=unreachable; 20 one.example found 127.0.0.2=rejected', 'a host without a dot');
    probe_is('one-family.example', 'found; 10 half.example found 127.0.0.2=rejected; 20 no-half.example servfail', 'one of two lookups fails');
    probe_is('implicit.example', 'none; 0 implicit.example found 127.0.0.2=rejected', 'no MX: the domain itself');
    probe_is('none.example', 'none; 0 none.example none', 'no MX, no address');
    probe_is('under_score.example', 'none; 0 under_score.example found 127.0.0.2=rejected', 'a name that an MTA may report, and no file may have');
    probe_is('[under_score.example]', 'not-asked; 0 under_score.example found 127.0.0.2=rejected', 'likewise as a host');
    probe_is('alias.example', 'found; 10 one.example found 127.0.0.2=rejected', 'an alias');
    probe_is('mx-is-alias.example', 'found; 10 host-alias.example found 127.0.0.2=rejected', 'a host that is an alias');
    probe_is('test.test', 'found; 10 one.example found 127.0.0.2=rejected', 'a name below .test');
    probe_is('[one.example]', 'not-asked; 0 one.example found 127.0.0.2=rejected', '[HOST]: no MX lookup');
    probe_is('[plain.example]', 'not-asked; 0 plain.example none', '[HOST] that has no address');
    probe_is('[missing.example]', 'not-asked; 0 missing.example nxdomain', '[HOST] that does not exist');
    probe_is("plain.example:$port", 'found; 10 one.example found 127.0.0.2=rejected', 'DOMAIN:PORT');
    probe_is('nowhere.example', 'found; 10 missing.example nxdomain; 20 none.example none; 30 failing.example servfail; 40 one.example found 127.0.0.2=rejected',
        'each host has its own state');
};

subtest 'no hosts, and why' => sub {
    probe_is('null-mx.example', 'null-mx');
    probe_is('null-and-more.example', 'found; 10 one.example found 127.0.0.2=rejected', 'an empty host among others is none');
    probe_is('null-twice.example', 'null-mx', 'and nothing but such');
    probe_is('null-late.example', 'null-mx', 'whatever its preference');
    probe_is("$_-mx.example", 'servfail') for qw(formerr notimp);
    probe_is('missing.example', 'nxdomain');
    probe_is('alias-of-nothing.example', 'nxdomain');
    probe_is('failing-mx.example', 'servfail');
    probe_is('refusing-mx.example', 'servfail');
    probe_is('garbage.example', 'servfail');
    my ($loop) = summary($prober->probe('loop-a.example'));
    like($loop, qr/^(?:servfail|none; 0 loop-a\.example (?:none|servfail))$/, "aliases in a circle: $loop");
};

subtest 'records that are none' => sub {
    for my $hop (qw(two-octets.example short-mx.example pointer-loop.example short-address-mx.example)) {
        my $summary = summary($prober->probe($hop));
        like($summary, qr/^(?:servfail$|null-mx$|none; |found; 10 short-address\.example (?:servfail|none)$)/, "$hop: $summary");
    }
};

subtest 'answers to something else' => sub {
    probe_is('other-owner.example', 'none; 0 other-owner.example none', 'records of another name');
    probe_is('other-type.example', 'none; 0 other-type.example found 127.0.0.2=rejected', 'records of another type');
    probe_is('additional.example', 'found; 10 fresh.example found 127.0.0.2=rejected', 'addresses beside the answer are asked for');
    probe_is('gone-with-mx.example', 'nxdomain', 'records of a name that does not exist');
    my %ways = (
        'other-class.example' => 'of another class', 'authority.example' => 'in another section', 'more-than-there.example' => 'fewer than are said to be there',
        'no-answer-bit.example' => 'in a question', 'other-id.example' => 'to another question\'s number', 'other-question.example' => 'to a question about another name',
        'cut-tcp.example' => 'cut over TCP',
    );
    my $impatient = Forcetls::Prober->new(settings => { %settings, timeout => 2 });
    my @names = sort keys %ways;
    my @answers = map { summary($_) } $impatient->answers(map { $impatient->ask_for($_) } @names);
    like($answers[$_], qr/^(?:servfail|timeout|none; 0 \S+ (?:none|servfail|timeout))$/, "$ways{ $names[$_] }: $answers[$_]") for 0 .. $#names;
    is($impatient->stop, 0, 'it is well');
    is($impatient->not_believed, '', 'and the daemon believes all of it');
};

subtest 'names that are no host names are not looked up' => sub {
    probe_is('literals.example', 'found; 10 127.0.0.2 none; 20 2130706434 none; 30 0x7f.2 none; 40 one.example found 127.0.0.2=rejected');
    my $answer = $prober->probe('odd-names.example');
    is_deeply([ map { $_->{addresses_state} } @{ $answer->{hosts} } ], [qw(none none found none none)], 'states') or diag summary($answer);
    is($answer->{hosts}[4]{name}, 'a\x5c046b.example', 'a dot in a label is shown');
    probe_is('long.example', "found; 10 $long nxdomain", 'a name as long as there are') if length $long <= 253;
    my @asked = grep { /127\.0\.0\.2 A|2130706434|0x7f|a b|nul\W*\.example/ } @{ $dns->asked };
    is_deeply(\@asked, [], 'nobody was asked for them');
};

subtest 'bounds' => sub {
    my $answer = $prober->probe('crowd.example');
    is(scalar @{ $answer->{hosts} }, 16, '16 of 40 hosts');
    is($answer->{mx}{left_out}, 24, 'the others are counted');
    is_deeply([ map { $_->{name} } @{ $answer->{hosts} } ], [ map { "h$_.example" } reverse 25 .. 40 ], 'they are the best ones');

    $answer = $prober->probe('thousand.example');
    is(scalar @{ $answer->{hosts} }, 16, '16 of 1000 hosts');
    is($answer->{mx}{left_out}, 984, 'the others are counted');
    ok((grep { $_ eq 'TCP thousand.example MX' } @{ $dns->asked }), 'asked for over TCP');

    my $strict = Forcetls::Prober->new(settings => { %settings, private_addresses => JSON::PP::false });
    $answer = $strict->probe('wide.example');
    my @counts = map { scalar @{ $_->{addresses} } } @{ $answer->{hosts} };
    is_deeply(\@counts, [ 31, 1 ], '32 addresses, each host has its first one');
    is($answer->{hosts}[0]{left_out}, 69, 'the others are counted');
    my @families = map { $_->{address} =~ /:/ ? 6 : 4 } @{ $answer->{hosts}[0]{addresses} };
    cmp_ok(abs(2 * (grep { $_ == 4 } @families) - @families), '<=', 1, 'half of either family');

    probe_is('truncated.example', 'found; 10 one.example found 127.0.0.2=rejected', 'a truncated answer is asked for over TCP');
};

subtest 'ourselves' => sub {
    probe_is('equal-self.example', 'found; 5 one.example found 127.0.0.2=rejected; 10 self.example (self) found 192.0.2.77=not-allowed; '
            . '10 two.example (self) found 127.0.0.3=not-allowed; 20 three.example (self) found 127.0.0.4=not-allowed', 'by address, with its equals and all behind');
    probe_is('named.example', 'found; 5 one.example found 127.0.0.2=rejected; 10 named-self.example (self) found 127.0.0.3=not-allowed; '
            . '20 three.example (self) found 127.0.0.4=not-allowed', 'by name');
    probe_is('helo.example', 'found; 10 mx.prober.example (self) found 127.0.0.3=not-allowed', 'by the name that we say in EHLO');
    probe_is('alias-self.example', 'found; 5 one.example found 127.0.0.2=rejected; 10 self-alias.example (self) found 192.0.2.77=not-allowed; '
            . '20 two.example (self) found 127.0.0.3=not-allowed', 'by the address of an alias');
    probe_is('self.example', 'none; 0 self.example (self) found 192.0.2.77=not-allowed', 'without MX');
    probe_is('localhost-mx.example', 'found; 10 localhost (self) found ::1=not-allowed 127.0.0.1=not-allowed', 'by an interface');
    probe_is('[named-self.example]', 'not-asked; 0 named-self.example found 127.0.0.3=unreachable', 'a host that was named is not ourselves');
    my $other = free_port();
    probe_is("helo.example:$other", 'found; 10 mx.prober.example found 127.0.0.3=unreachable', 'nor is one on another port');
};

subtest 'addresses of nobody on the internet' => sub {
    my $strict = Forcetls::Prober->new(settings => { %settings, private_addresses => JSON::PP::false });
    my $is = sub {
        my ($hop, $wanted, %option) = @_;
        is(summary($strict->probe($hop, %option)), $wanted, $hop . ($option{private} ? ', private' : ''));
    };
    $is->('plain.example', 'found; 10 one.example found 127.0.0.2=not-allowed');
    $is->('plain.example', 'found; 10 one.example found 127.0.0.2=rejected', private => 1);
    $is->('[private.example]', 'not-asked; 0 private.example found fd00::1=not-allowed 10.1.2.3=not-allowed fe80::1=not-allowed 192.168.1.1=not-allowed');
    $is->('[mapped.example]', 'not-asked; 0 mapped.example found 127.0.0.2=not-allowed 2002:7f00:2::=not-allowed 64:ff9b::7f00:2=not-allowed');
    $is->("[127.0.0.2]:$port", 'not-asked; 0 127.0.0.2 not-asked 127.0.0.2=not-allowed');
    $is->("[127.0.0.2]:$port", 'not-asked; 0 127.0.0.2 not-asked 127.0.0.2=rejected', private => 1);
    $is->("[::ffff:127.0.0.2]:$port", 'not-asked; 0 127.0.0.2 not-asked 127.0.0.2=not-allowed');
    $is->('[192.0.2.77]', 'not-asked; 0 192.0.2.77 not-asked 192.0.2.77=not-allowed');
    is($strict->stop, 0, 'it is well');
};

subtest 'both families' => sub {
    my $summary = summary($prober->probe('[both.example]'));
    is($summary, 'not-asked; 0 both.example found ::2=unreachable 127.0.0.2=rejected', 'no route to one is no failure of the other');
    probe_is('[twice.example]', 'not-asked; 0 twice.example found 127.0.0.2=rejected', 'an address that is there twice');
};

subtest 'DNSSEC without a trust anchor' => sub {
    my $answer = $prober->probe('plain.example');
    is($answer->{mx}{dnssec}, 'unknown', 'of the MX answer');
    is($answer->{hosts}[0]{dnssec}, 'unknown', 'of the address');
};

# The root's key of 2017; our server's answers are not signed by it, nor by any other.
subtest 'DNSSEC with a trust anchor' => sub {
    my $anchor = write_file(work_dir() . '/root.key', ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n", 0644);
    my $careful = Forcetls::Prober->new(settings => { %settings, trust_anchor => $anchor });
    my @answers = $careful->answers(map { $careful->ask_for($_) } 'plain.example', '[one.example]', 'missing.example');
    is_deeply([ map { summary($_) } @answers ], [ 'bogus', 'not-asked; 0 one.example bogus', 'bogus' ], 'answers that should be signed');
    is($answers[0]{mx}{dnssec}, 'unknown', 'nothing is known of them');
    is($careful->stop, 0, 'it is well');
};

subtest 'silence' => sub {
    my $impatient = Forcetls::Prober->new(settings => { %settings, timeout => 1 });
    my $begun = time;
    my @answers = $impatient->answers(map { $impatient->ask_for($_) } qw(silent-mx.example silent-host.example plain.example));
    is_deeply([ map { summary($_) } @answers ], [ 'timeout', 'found; 10 silent.example timeout', 'found; 10 one.example found 127.0.0.2=rejected' ], 'a server that does not answer');
    cmp_ok(time - $begun, '<', 5, 'in time');
    is($impatient->stop, 0, 'it is well');

    for my $case ([ 'nobody listens', '127.0.0.1@' . free_port() ], [ 'somebody is silent', Forcetls::Dns->start('x.example' => { silent => 1 })->server ]) {
        my ($name, $at) = @$case;
        my $deaf = Forcetls::Prober->new(settings => { %settings, timeout => 2, dns_servers => [$at] });
        is(summary($deaf->probe('x.example')), 'timeout', $name);
        is(summary($deaf->probe('x.example')), 'timeout', "$name: the second time");
        is($deaf->stop, 0, "$name: it is well");
    }
};

is($prober->stop, 0, 'the prober ends with 0');
is($prober->log, '', 'and has said nothing on standard error');
is($prober->not_believed, '', 'and the daemon believes all of it');
done_testing();
