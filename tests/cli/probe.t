#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# forcetls probe, and explain with what was found at a next hop. First with a prober that says what
# it is told to say, so that every answer, good or bad, is seen to the byte; then with the real one
# and servers that play a script.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Command qw(forcetls forcetls_program);
use Forcetls::Dns;
use Forcetls::Harness qw(free_port read_file run work_dir write_file);
use Forcetls::Prober qw(prober_program);
use Forcetls::ScriptedSmtp;
use JSON::PP ();
use Test::More;

my $dir = work_dir();
my $json = JSON::PP->new->utf8->canonical;
my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $now = time;

# ---- a prober that says what it is told --------------------------------------------------------

# Reads requests, writes them down, and answers each probe with the file of its hop (with its id put
# in), or does what the file's first word says.
write_file("$dir/fake", <<"END", 0755);
#!$^X
use strict;
use JSON::PP;
my \$json = JSON::PP->new->utf8->canonical;
open my \$record, '>', '$dir/requests' or die;
\$| = 1;
my \$count = 0;
while (my \$line = <STDIN>) {
    syswrite \$record, \$line;
    my \$request = \$json->decode(\$line);
    if (\$request->{type} eq 'settings') {
        my \$said = \$ENV{FAKE_SETTINGS} // '';
        print qq({"v":1,"type":"error","text":"\$said"}\\n) if \$said ne '';
        next;
    }
    my \$name = \$request->{hop} =~ s{[^a-z0-9.]}{_}gr;
    open my \$file, '<', "$dir/answers/\$name" or next;
    my \$answer = do { local \$/; <\$file> };
    if (\$answer eq 'die') { kill 'KILL', \$\$; sleep 60 }
    if (\$answer eq 'exit') { exit 71 }
    if (\$answer eq 'garbage') { print "not JSON\\n"; next }
    if (\$answer eq 'nothing') { next }
    my \$result = \$json->decode(\$answer);
    \$result->{id} = \$request->{id};
    \$result->{id} += 1000 if \$ENV{FAKE_WRONG_ID};
    print \$json->encode(\$result), "\\n";
}
END
mkdir "$dir/answers" or die;

my $day = 86400;
my %leaf = (
    subject => 'mail.contoso.com', subject_dn => 'CN=mail.contoso.com,O=Contoso Ltd', issuer => 'Example Issuing CA', issuer_dn => 'CN=Example Issuing CA',
    organization => 'Contoso Ltd', organizational_unit => 'Mail', names => [ 'mail.contoso.com', 'mx1.contoso.com' ], key_type => 'RSA', key_bits => 2048,
    signature => 'sha256WithRSAEncryption', from => $now - 30 * $day, until => $now + 60 * $day + 100, fingerprint => 'ab' x 32, public_key => 'cd' x 32,
    crls => ['http://crl.example/ca.crl'], ocsp => ['http://ocsp.example/'], pem => "-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n",
);
my %tls = (protocol => 'TLSv1.3', cipher => 'TLS_AES_256_GCM_SHA384', bits => 256, group => 'x25519', forward_secrecy => $true, client_certificate => 'not-asked', ocsp_staple => 'none');

sub trust { return { store => '', state => 'trusted', anchor => 'Example Root CA', anchor_fingerprint => 'ef' x 32, names_ok => $true, errors => [], @_ } }

sub address
{
    my ($address, $state, %more) = @_;
    my %base = (address => $address, port => 25, state => $state, reply => '', milliseconds => 5, offered => [], offered_tls => []);
    %base = (%base, offered => [ 'PIPELINING', 'STARTTLS' ], offered_tls => ['PIPELINING'], tls => {%tls}, chain => [ {%leaf} ], trust => [ trust() ]) if $state eq 'tls';
    return { %base, %more };
}

sub host { my ($name, $preference, @addresses) = @_; return { name => $name, preference => $preference, self => $false, addresses_state => 'found', dnssec => 'insecure', left_out => 0, addresses => [@addresses] } }

sub result
{
    my ($hop, $mx, @hosts) = @_;
    return { v => 1, type => 'result', hop => $hop, started => $now, milliseconds => 412, mx => { state => $mx, dnssec => 'insecure', left_out => 0 }, hosts => [@hosts] };
}

sub answer
{
    my ($hop, $answer) = @_;
    write_file("$dir/answers/" . $hop =~ s{[^a-z0-9.]}{_}gr, ref $answer ? $json->encode($answer) : $answer);
}

my $conf = "$dir/forcetls.conf";
write_file("$dir/$_", "\n", 0644) for qw(hq.pem roots.pem root.key);
my $connectors = <<"END";
  { name = "contoso-out"; direction = "outbound"; domains = [ "*.contoso.com" ]; level = "secure"; action = "reject";
    certificates = ( { name = "mail.contoso.com"; root = "Example Root CA"; organization = "Contoso Ltd"; key_bits = 2048; } ); },
  { name = "headquarters"; direction = "outbound"; domains = [ "hq.example" ]; next_hops = [ "[mail.hq.example]:587" ]; level = "verify"; trust_store = "$dir/hq.pem"; },
  { name = "trial"; direction = "outbound"; domains = [ "trial.example" ]; level = "encrypt"; mode = "monitor"; },
  { name = "books"; direction = "outbound"; domains = [ "books.example" ]; level = "encrypt"; local_domains = [ "example.org" ]; },
  { name = "open"; direction = "outbound"; domains = [ "open.example" ]; level = "may"; },
  { name = "below"; direction = "outbound"; domains = [ ".below.example" ]; level = "encrypt"; },
  { name = "in"; direction = "inbound"; domains = [ "in.example" ]; level = "encrypt"; }
END

sub configure
{
    my ($settings) = @_;
    write_file($conf, "contact = \"postmaster\@example.org\";\n$settings\nconnectors = (\n$connectors);\n");
}

sub probe
{
    my $option = ref $_[0] ? shift : {};
    my ($code, $out, $errors) = forcetls({ env => { FORCETLS_PROBER => "$dir/fake", COLUMNS => 100, %{ $option->{env} // {} } }, stdin => $option->{stdin} // '' }, @_);
    return ($code, $out, $errors);
}

sub requests { return map { $json->decode($_) } split /\n/, read_file("$dir/requests") }

configure('');
answer('contoso.com', result('contoso.com', 'found', host('mx1.contoso.com', 10, address('192.0.2.9', 'tls'), address('192.0.2.10', 'tls')), host('mx2.contoso.com', 20, address('192.0.2.11', 'tls'))));
answer('[mail.hq.example]:587', result('[mail.hq.example]:587', 'not-asked', host('mail.hq.example', 0, address('192.0.2.20', 'tls', port => 587, trust => [ trust(store => "$dir/hq.pem") ]))));
answer('trial.example', result('trial.example', 'found', host('mx.trial.example', 10, address('192.0.2.30', 'no-starttls', offered => ['SIZE 1']))));
answer('books.example', result('books.example', 'found', host('mx.books.example', 10, address('192.0.2.40', 'unreachable', reply => 'Connection refused'))));
answer('other.example', result('other.example', 'none', host('other.example', 0, address('192.0.2.50', 'no-starttls'))));
answer('gone.example', result('gone.example', 'nxdomain'));

subtest 'a connector that passes' => sub {
    my ($code, $out, $errors) = probe('probe', '-c', $conf, 'contoso-out');
    is($code, 0, 'exit 0');
    is($errors, '', 'nothing on stderr: no terminal, no progress');
    $out =~ s/from \d{4}-\d\d-\d\d until \d{4}-\d\d-\d\d/from DAY until DAY/g;
    is($out, <<'END', 'the report');
contoso.com
  2 MX hosts, DNSSEC insecure, looked at in 0.4 s
  pref  host             address          found
    10  mx1.contoso.com  [192.0.2.9]:25   TLSv1.3, certificate trusted
                         [192.0.2.10]:25  TLSv1.3, certificate trusted
    20  mx2.contoso.com  [192.0.2.11]:25  TLSv1.3, certificate trusted

  mx1.contoso.com[192.0.2.9]:25, mx1.contoso.com[192.0.2.10]:25, mx2.contoso.com[192.0.2.11]:25
    STARTTLS            offered
    protocol            TLSv1.3
    cipher              TLS_AES_256_GCM_SHA384, 256 bits
    forward secrecy     yes (x25519)
    certificate         'mail.contoso.com'; DNS names mail.contoso.com, mx1.contoso.com
    names the host      yes
    organisation        'Contoso Ltd'
    unit                'Mail'
    issuer              'Example Issuing CA'
    root                'Example Root CA' (OpenSSL's trust store)
    key                 RSA, 2048 bits, signed with sha256WithRSAEncryption
    valid               from DAY until DAY (60 d left)
    fingerprint         abababababababababababababababababababababababababababababababab
    public key          cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
    revocation          stapled OCSP answer: none; OCSP http://ocsp.example/: not asked; CRL
                        http://crl.example/ca.crl: not asked
    client certificate  not asked for

  connector contoso-out, level secure
    passes: every demand is met
    host             verdict  reason
    mx1.contoso.com  passes
    mx2.contoso.com  passes
    mx1.contoso.com[192.0.2.9]:25:
    demand       wanted                                seen                                  outcome
    encrypted    an encrypted session                  encrypted                             met
    protocol     TLSv1.2 or later                      TLSv1.3                               met
    cipher-bits  at least 128 bits                     256 bits                              met
    trusted      a trusted certificate                 trusted                               met
    certificate  name mail.contoso.com, root 'Example  names 'mail.contoso.com' and          met
                 Root CA', organization 'Contoso       'mx1.contoso.com', root 'Example
                 Ltd', at least 2048 bits              Root CA', organization 'Contoso
                                                       Ltd', 2048 bits
END
    my ($settings, @probes) = requests();
    is($settings->{type}, 'settings', 'settings come first');
    is_deeply(\@probes, [ { v => 1, type => 'probe', id => 1, hop => 'contoso.com', private => $false, revocation => $true, stores => [''] } ], 'then what is to be looked at');
};

subtest 'settings of the file' => sub {
    configure('probe: { port = 2525; timeout = "7s"; rate = 3.5; max_parallel = 9; helo_name = "mx.example.org"; source_address = "192.0.2.1"; private_addresses = true; }; dns: { servers = [ "127.0.0.1@5353" ]; trust_anchor = "' . $dir . '/root.key"; }; trust_store = "' . $dir . '/roots.pem";');
    probe('probe', '-c', $conf, 'contoso-out');
    my ($settings, @probes) = requests();
    my %expected = (port => 2525, timeout => 7, rate => 3.5, max_parallel => 9, helo => 'mx.example.org', source_address => '192.0.2.1', private_addresses => $true, dns_servers => ['127.0.0.1@5353'], trust_anchor => "$dir/root.key");
    is_deeply({ map { $_ => $settings->{$_} } keys %expected }, \%expected, 'go to the prober');
    is_deeply($probes[0]{stores}, ["$dir/roots.pem"], 'the trust store that counts for the connector');
    probe('probe', '-c', $conf, '--timeout', '2s', 'headquarters');
    ($settings, @probes) = requests();
    is($settings->{timeout}, 2, '--timeout wins');
    is_deeply([ @{ $probes[0] }{qw(hop stores private)} ], [ '[mail.hq.example]:587', ["$dir/hq.pem"], $true ], 'one of next_hops may have a private address, and the connector has its own trust store');
    probe('probe', '-c', $conf, '--private', 'contoso-out', 'contoso.com', '[mail.hq.example]:587', 'x.contoso.com');
    (undef, @probes) = requests();
    is_deeply([ map { "$_->{hop} " . ($_->{private} ? 'private' : '') . " @{ $_->{stores} }" } @probes ],
        [ "contoso.com private $dir/roots.pem", "[mail.hq.example]:587 private $dir/hq.pem", "x.contoso.com private $dir/roots.pem" ], '--private; a hop that is named twice is looked at once');
    configure('');
};

# What a connector's verdict is, in one line.
sub verdict
{
    my ($out) = @_;
    my ($part) = $out =~ /^  connector \S+, level \S+\n(.*)/ms;
    my ($verdict) = ($part // '') =~ /\A((?:    \S[^\n]*\n)*)/;
    return join ' ', split ' ', $verdict =~ s/\n    (?:host  |demand  |\S+:\n).*//sr;
}

for my $case (
    [ 'a demand that is not met', 'trial', 1, 'fails, starttls-not-offered: the mail passes, in monitor mode; else it would be answered 451 4.7.4 mx.trial.example does not offer STARTTLS' ],
    [ 'local_domains: mail from one of them is judged', 'books', 3, 'unknown, mx-unreachable: the mail is answered 451 4.4.1 mx.books.example[192.0.2.40] cannot be reached now: \'Connection refused\'' ],
    [ 'level may', 'open', 0, 'passes: nothing is demanded' ],
    [ 'a next hop of a connector', '[mail.hq.example]:587', 0, 'passes: every demand is met' ],
    [ 'no such domain', 'gone.example', 3, undef ],
    [ 'a hop of nobody\'s that was seen', 'other.example', 0, undef ],
    )
{
    my ($name, $argument, $wanted, $verdict) = @$case;
    answer('open.example', result('open.example', 'found', host('mx.open.example', 10, address('192.0.2.60', 'no-starttls')))) if $argument eq 'open';
    my ($code, $out, $errors) = probe('probe', '-c', $conf, $argument);
    is($code, $wanted, "$name: exit $wanted");
    if (defined $verdict) {
        is(verdict($out), $verdict, 'and why');
    } else {
        like($out, qr/no outbound connector is for this hop: nothing is demanded of it/, 'nobody is for it');
    }
}

subtest 'a failure that action = reject would answer' => sub {
    answer('contoso.com', result('contoso.com', 'found', host('mx1.contoso.com', 10, address('192.0.2.9', 'tls')), host('mx2.contoso.com', 20, address('192.0.2.11', 'no-starttls'))));
    my ($code, $out) = probe('probe', '-c', $conf, 'contoso-out');
    is($code, 1, 'exit 1');
    like($out =~ s/\s+/ /gr, qr/fails, starttls-not-offered: the mail is answered 451 4\.7\.4 mx2\.contoso\.com does not offer STARTTLS action is reject: the daemon answers 5xx where two probes, at least probe\.retry apart, have found the same host verdict reason mx1\.contoso\.com passes mx2\.contoso\.com fails starttls-not-offered/, 'one probe is not enough for a 5xx; each host by itself');
};

subtest 'all connectors' => sub {
    my ($code, $out, $errors) = probe('probe', '-c', $conf, '--all');
    is($code, 1, 'some fail: exit 1');
    is($errors, '', 'nothing on stderr');
    is($out, <<'END', 'a line each, and what is wrong');
connector     next hop               verdict  reason
contoso-out   contoso.com            fails    starttls-not-offered
headquarters  [mail.hq.example]:587  passes
trial         trial.example          fails    starttls-not-offered (in monitor mode)
books         books.example          unknown  mx-unreachable
open          -                      -        level may: nothing is demanded
below         -                      -        no single domain to look at

contoso-out: contoso.com: mx2.contoso.com does not offer STARTTLS
trial: trial.example: mx.trial.example does not offer STARTTLS
books: books.example: mx.books.example[192.0.2.40] cannot be reached now: 'Connection refused'

passed: 1, failed: 2, unknown: 1
END
    my (undef, @probes) = requests();
    is_deeply([ sort map { $_->{hop} } @probes ], [ '[mail.hq.example]:587', 'books.example', 'contoso.com', 'trial.example' ], 'each single hop once');
    my $good = $connectors =~ s/  \{ name = "(?:trial|books)".*\n//gr;
    answer('contoso.com', result('contoso.com', 'found', host('mx1.contoso.com', 10, address('192.0.2.9', 'tls'))));
    write_file("$dir/good.conf", "connectors = (\n$good);\n");
    is((probe('probe', '-c', "$dir/good.conf", '--all'))[0], 0, 'all pass: exit 0');
    write_file("$dir/none.conf", "connectors = ( );\n");
    is_deeply([ probe('probe', '-c', "$dir/none.conf", '--all') ], [ 0, "there is no outbound connector\n", '' ], 'none at all: exit 0');
    answer('contoso.com', result('contoso.com', 'timeout'));
    is((probe('probe', '-c', "$dir/good.conf", '--all'))[0], 3, 'none fails and of one it cannot be told: exit 3');
};

subtest 'what is not there' => sub {
    for my $case (
        [ 'null-mx', 'it takes no mail (null MX)', 'dns-failure' ], [ 'nxdomain', 'there is no such domain in the DNS', 'dns-failure' ],
        [ 'servfail', 'the DNS does not give its MX records now (servfail)', 'dns-failure' ], [ 'bogus', 'its MX records fail DNSSEC validation', 'dns-failure' ],
        )
    {
        my ($state, $words, $reason) = @$case;
        answer('contoso.com', result('contoso.com', $state));
        my ($code, $out) = probe('probe', '-c', $conf, 'contoso-out');
        is($code, 3, "$state: exit 3");
        like($out, qr/^  \Q$words\E, /m, 'said');
        like($out, qr/unknown, $reason: /, 'and judged');
    }
    my %words = (
        'not-allowed' => qr/special-purpose address, or our own: not looked at \(--private\)/, busy => qr/no service now: 421 4\.3\.2 \\x1b\[31mfull/, rejected => qr/does not talk to this host: 421/, 'not-smtp' => qr/does not speak SMTP: 421/,
        'starttls-refused' => qr/offers STARTTLS and refuses it: 421/, injected => qr/sends more than its reply to STARTTLS in front of TLS/, 'tls-failed' => qr/TLS handshake fails: 421/,
    );
    for my $state (sort keys %words) {
        answer('contoso.com', result('contoso.com', 'found', host('mx1.contoso.com', 10, address('192.0.2.9', $state, reply => '421 4.3.2 \\x1b[31mfull'))));
        my ($code, $out) = probe('probe', '-c', $conf, 'contoso-out');
        like($out =~ s/\s+/ /gr, qr/\[192\.0\.2\.9\]:25 $words{$state}/, "$state: said");
        unlike($out, qr/\e/, 'and nothing for the terminal');
    }
    answer('contoso.com', result('contoso.com', 'found', { %{ host('mx9.contoso.com', 10) }, addresses_state => 'nxdomain' },
            { %{ host('us.example.org', 20) }, addresses_state => 'none', self => $true }));
    my (undef, $out) = probe('probe', '-c', $conf, 'contoso-out');
    like($out, qr/us\.example\.org\s+-\s+this host itself, or no better than it/, 'ourselves');
    like($out, qr/mx9\.contoso\.com\s+-\s+no address in the DNS \(nxdomain\)/, 'no address');
};

subtest 'certificates of every kind' => sub {
    my @cases = (
        [ { chain => [ { %leaf, subject => undef, names => undef, organization => undef, organizational_unit => undef, crls => [], ocsp => [] } ] }, qr/^    certificate\s+no common name; no subjectAltName\n/m, qr/^    revocation\s+stapled OCSP answer: none; the certificate names no address\n/m ],
        [ { chain => [], trust => [] }, qr/^    certificate\s+none\n/m, qr/TLSv1\.3, no certificate/ ],
        [ { chain => [ { %leaf, names => [ map { "n$_.contoso.com" } 1 .. 20 ] } ] }, qr/DNS names n1\.contoso\.com,.* and 12 more/s ],
        [ { chain => [ { %leaf, organization => "M\x{fc}ller \\x1b[2J" } ] }, qr/organisation\s+'M\\xc3\\xbcller \\x1b\[2J'/ ],
        [ { chain => [ { %leaf, from => $now + $day } ] }, qr/^    valid .*: not yet$/m ],
        [ { chain => [ { %leaf, until => $now - 3 * $day } ] }, qr/^    valid .*: expired 3 d ago$/m ],
        [ { trust => [ trust(state => 'untrusted', anchor => undef, errors => [ { depth => 1, code => 'unknown-issuer', text => 'x' }, { depth => 0, code => 'weak-key', text => 'x' } ]) ] }, qr/none: not trusted \(OpenSSL's trust store\):\s+unknown-issuer \(above the\s+certificate, at depth 1\), weak-key/, qr/certificate untrusted \(unknown-issuer\)/ ],
        [ { trust => [ trust(state => 'error', anchor => undef) ] }, qr/the trust store cannot be read \(OpenSSL's trust store\)/ ],
        [ { tls => { %tls, forward_secrecy => $false, group => undef, client_certificate => 'required' } }, qr/^    forward secrecy\s+no\n/m, qr/^    client certificate\s+required: it refused us without one\n/m ],
        [ { reply => '530 need a certificate' }, qr/^    after TLS\s+530 need a certificate\n/m ],
        [ { offered => [] }, qr/^    STARTTLS\s+none: TLS from the first byte\n/m ],
    );
    for my $case (@cases) {
        my ($change, @patterns) = @$case;
        answer('contoso.com', result('contoso.com', 'found', host('mx1.contoso.com', 10, address('192.0.2.9', 'tls', %$change))));
        my ($code, $out, $errors) = probe('probe', '-c', $conf, 'contoso-out');
        like($out, $_, "$_") for @patterns;
        is($errors, '', 'nothing on stderr');
    }
};

subtest 'revocation' => sub {
    my %words = (
        good => 'good', revoked => 'REVOKED', unknown => 'it does not know the certificate', stale => 'out of date', invalid => 'invalid', unverified => 'cannot be verified',
        malformed => 'no answer that can be read', refused => 'refused', unreachable => 'unreachable', 'not-allowed' => 'not asked', 'not-tried' => 'not asked', 'made-up' => '' );
    my $row = sub { return { certificate => 'ab' x 32, kind => 'crl', address => 'http://crl.example/ca.crl', state => 'good', text => '', milliseconds => 1, @_ } };
    my $said = sub {
        my (@rows) = @_;
        answer('contoso.com', { %{ result('contoso.com', 'found', host('mx1.contoso.com', 10, address('192.0.2.9', 'tls'))) }, revocation => [@rows] });
        my ($code, $out) = probe('probe', '-c', $conf, 'contoso-out');
        is($code, 0, 'no verdict depends on it');
        return $out =~ /^    revocation((?: .*\n)+?)    client/m ? $1 =~ s/\s+/ /gr : $out;
    };
    for my $state (sort keys %words) {
        my $wanted = $words{$state} eq '' ? '' : ": $words{$state}";
        like($said->($row->(state => $state)), qr{CRL http://crl\.example/ca\.crl\Q$wanted\E $}, $state);
    }
    like($said->($row->(text => 'HTTP 404, \\x1b[2J')), qr{good \(HTTP 404, \\x1b\[2J\) $}, 'what a server says');
    like($said->($row->(certificate => 'cd' x 32)), qr{CRL http://crl\.example/ca\.crl: not asked $}, 'of another certificate');
    like($said->($row->(kind => 'ocsp')), qr{CRL http://crl\.example/ca\.crl: not asked $}, 'of another kind');
    like($said->($row->(kind => 'ocsp', address => 'http://ocsp.example/', text => 'until 2026-12-01')), qr{OCSP http://ocsp\.example/: good \(until 2026-12-01\); CRL}, 'a responder');
    is_deeply([ map { $_->{revocation} } grep { $_->{type} eq 'probe' } (requests())[-1] ], [$true], 'it was asked for');
    my ($code) = probe('probe', '-c', $conf, '--all');
    is_deeply([ grep { $_->{revocation} } (requests())[-1] ], [], 'with --all it is not');
};

subtest 'JSON' => sub {
    answer('contoso.com', result('contoso.com', 'found', host('mx1.contoso.com', 10, address('192.0.2.9', 'tls')), host('mx2.contoso.com', 20, address('192.0.2.11', 'no-starttls'))));
    my ($code, $out, $errors) = probe('probe', '-c', $conf, '--json', 'contoso-out');
    is("$code$errors", '1', 'exit 1');
    my $document = $json->decode($out);
    is_deeply([ sort keys %$document ], [qw(at connectors file hops notes status)], 'its members');
    is_deeply([ @$document{qw(file status notes)} ], [ $conf, 1, [] ], 'what was asked');
    is_deeply($document->{hops}, [ { hop => 'contoso.com', error => undef, result => { %{ $json->decode(read_file("$dir/answers/contoso.com")) }, id => 1 } } ], 'the prober\'s answer as it is');
    my ($one) = @{ $document->{connectors} };
    my $demands = delete $one->{demands};
    is_deeply($one, { connector => 'contoso-out', level => 'secure', hop => 'contoso.com', outcome => 'fail', reason => 'starttls-not-offered', text => 'mx2.contoso.com does not offer STARTTLS', verdict => 'defer', would => 'defer',
            mode => 'enforce', confirmed => $false, seen => { host => 'mx2.contoso.com', address => '192.0.2.11', port => 25 } }, 'the verdict');
    is_deeply($demands, [ { demand => 'encrypted', wanted => 'an encrypted session', got => 'not encrypted', outcome => 'unmet', reason => 'starttls-not-offered' } ], 'and the demand that failed');
    my $all = $json->decode((probe('probe', '-c', $conf, '--all', '--json'))[1]);
    is_deeply([ map { $_->{connector} . ':' . ($_->{hop} // '') . ':' . ($_->{outcome} // '') } @{ $all->{connectors} } ],
        [ 'contoso-out:contoso.com:fail', 'headquarters:[mail.hq.example]:587:pass', 'trial:trial.example:fail', 'books:books.example:unknown', 'open::', 'below::' ], '--all');
};

subtest 'a prober that breaks down' => sub {
    for my $how (qw(die exit garbage nothing)) {
        answer('contoso.com', $how);
        my ($code, $out, $errors) = probe('probe', '-c', $conf, 'contoso-out');
        is($code, 3, "$how: exit 3");
        like($errors, qr/^forcetls: .*ended with status (?:137|71|0) before it had answered/, 'said');
        like($out, qr/not looked at: forcetls-prober gave no answer/, 'nothing was seen');
        like($out, qr/unknown, prober-failure: /, 'which is unknown');
    }
    my ($code, $out, $errors) = probe({ env => { FORCETLS_PROBER => '/nonexistent/prober' } }, 'probe', '-c', $conf, 'contoso-out');
    is($code, 3, 'no prober: exit 3');
    like($errors, qr{cannot run '/nonexistent/prober'}, 'said');
    answer('contoso.com', { v => 1, type => 'error', text => 'too many probes are waiting' });
    ($code, $out, $errors) = probe('probe', '-c', $conf, 'contoso-out');
    is($code, 3, 'an error: exit 3');
    like($out, qr/not looked at: too many probes are waiting/, 'what it says');
    answer('contoso.com', result('contoso.com', 'found', host('mx1.contoso.com', 10, address('192.0.2.9', 'tls'))));
    ($code, $out) = probe({ env => { FAKE_SETTINGS => "cannot read the trust anchor '/x'" } }, 'probe', '-c', $conf, 'contoso-out');
    is($code, 0, 'settings that it cannot use: it does without');
    like($out, qr{^forcetls-prober: warning: cannot read the trust anchor '/x'}m, 'and says so');
    ($code, $out) = probe({ env => { FAKE_WRONG_ID => 1 } }, 'probe', '-c', $conf, 'contoso-out');
    is($code, 3, 'an answer to nobody: exit 3');
    like($out, qr/^forcetls-prober: warning: forcetls-prober answers what it was not asked/m, 'said');
    answer('contoso.com', result('evil.example', 'found', host('mx1.contoso.com', 10, address('192.0.2.9', 'tls'))));
    is((probe('probe', '-c', $conf, 'contoso-out'))[0], 3, 'an answer about another hop: exit 3');
};

# ---- wrong usage -------------------------------------------------------------------------------

write_file("$dir/broken.conf", "connectors = ( { name = \"x\" } );\n");
for (
    [ 'nothing to look at', [ '-c', $conf ], qr/A connector, a next hop, or --all/ ],
    [ 'neither a connector nor a hop', [ '-c', $conf, 'no such thing' ], qr/'no such thing'/ ],
    [ 'an inbound connector', [ '-c', $conf, 'in' ], qr/connector 'in' is inbound/ ],
    [ 'a connector without a single domain', [ '-c', $conf, 'below' ], qr/connector 'below' names no single domain/ ],
    [ '--all and a name', [ '-c', $conf, '--all', 'contoso-out' ], qr/'contoso-out'/ ],
    [ 'a time that is none', [ '-c', $conf, '--timeout', 'soon', 'contoso-out' ], qr/'soon'/ ],
    [ 'no time at all', [ '-c', $conf, '--timeout', '0s', 'contoso-out' ], qr/'0s'/ ],
    [ 'no file', [ '-c', "$dir/missing.conf", 'contoso.com' ], qr/'\Q$dir\E\/missing\.conf'/ ],
    [ 'errors in the file', [ '-c', "$dir/broken.conf", 'contoso.com' ], qr/has errors/ ],
    )
{
    my ($name, $arguments, $pattern) = @$_;
    unlink "$dir/requests";
    my ($code, $out, $errors) = probe('probe', @$arguments);
    is($code, 2, "$name: exit 2");
    is($out, '', 'nothing on stdout');
    like($errors, $pattern, 'what is wrong');
    ok(!-e "$dir/requests", 'and nothing is looked at');
}

subtest 'without a configuration' => sub {
    plan skip_all => 'this host has a forcetls.conf' if grep { -e } '/etc/forcetls/forcetls.conf', '/usr/local/etc/forcetls/forcetls.conf';
    my ($code, $out) = probe('probe', 'other.example');
    is($code, 0, 'a next hop can be looked at: exit 0');
    like($out, qr/no MX records: the domain's own addresses count/, 'what is there');
    is((probe('probe', 'gone.example'))[0], 3, 'one that is not there: exit 3');
    is($json->decode((probe('probe', '--json', 'other.example'))[1])->{file}, undef, 'there is no file');
};

# A terminal sees how far it is, for as long as it waits.
SKIP: {
    skip 'no script(1) here', 2 if (run('script', '--version'))[0] != 0;
    answer('contoso.com', result('contoso.com', 'found', host('mx1.contoso.com', 10, address('192.0.2.9', 'tls'))));
    my $command = "FORCETLS_PROBER=$dir/fake " . forcetls_program() . " probe -c $conf --all >/dev/null";
    my (undef, $seen) = run('script', '-q', '-c', $command, '/dev/null');
    like($seen, qr/\rlooking at 4 next hops: \d done, \d+ s/, 'progress on a terminal');
    like($seen, qr/\r\e\[K\z/, 'which is taken away in the end');
}

# ---- explain -----------------------------------------------------------------------------------

answer('contoso.com', result('contoso.com', 'found', host('mx1.contoso.com', 10, address('192.0.2.9', 'no-starttls'))));
my $facts = $json->encode({ %{ $json->decode(read_file("$dir/answers/contoso.com")) }, id => 1 }) . "\n";
my @question = ('explain', '-c', $conf, '--from', 'a@example.org', '--to', 'b@contoso.com', '--mta', 'postfix');

subtest 'explain' => sub {
    my ($code, $out, $errors) = probe(@question);
    is($code, 0, 'nothing is known of the next hop: exit 0');
    like($out =~ s/\s+/ /gr, qr/Outbound connector contoso-out \(\S+\) is for mail to contoso\.com; what its next hop offers is not known here: --probe looks at it/, 'said');
    write_file("$dir/facts", $facts);
    for my $case ([ 'from a file', ['--hop', "$dir/facts"], '' ], [ 'from stdin', [ '--hop', '-' ], $facts ], [ 'looked at now', ['--probe'], '' ]) {
        my ($name, $options, $stdin) = @$case;
        ($code, $out, $errors) = probe({ stdin => $stdin }, @question, @$options);
        is("$code$errors", '1', "$name: exit 1");
        like($out =~ s/\s+/ /gr, qr/Outbound connector contoso-out \(\S+\) is for mail to contoso\.com fails, starttls-not-offered: the mail is answered 451 4\.7\.4 mx1\.contoso\.com does not offer STARTTLS/, 'the judgement');
        like($out, qr/^  451 4\.7\.4 Encryption needed: mail to contoso\.com may only be sent over TLS \(connector contoso-out\): mx1\.contoso\.com does not offer STARTTLS; postmaster\@example\.org$/m, 'the reply');
        like($out, qr/^  NOQUEUE: outbound verdict=defer reason=starttls-not-offered connector=contoso-out /m, 'the line of the log');
        like($out, qr/the next hop was not told .*: it is taken to\s+be\s+contoso\.com/, 'and what was assumed');
    }
    ($code, $out) = probe({ stdin => $facts }, @question, '--hop', '-', '-m', 'rcpt_mailer=smtp', '-m', 'rcpt_host=[192.0.2.99]');
    is($code, 1, 'the MTA would send it elsewhere: exit 1');
    like($out, qr/fails, wrong-next-hop: .*\n.*'\[192\.0\.2\.99\]', which is neither its MX nor in next_hops/, 'which is wrong whatever was found');
    unlike($out, qr/the next hop was not told/, 'and nothing was assumed');
    ($code, $out) = probe({ stdin => $facts }, @question, '--hop', '-', '-m', 'rcpt_mailer=local', '-m', 'rcpt_host=mx.example.org');
    is($code, 0, 'it stays here: exit 0');
    like($out =~ s/\s+/ /gr, qr/is for mail to contoso\.com; this mail stays on this host/, 'said');
    my $document = $json->decode((probe({ stdin => $facts }, @question, '--hop', '-', '--json'))[1]);
    is_deeply([ @{ $document->{outbound} }{qw(connector judged outcome reason verdict)} ], [ 'contoso-out', $true, 'fail', 'starttls-not-offered', 'defer' ], 'JSON');
    is($document->{outbound}{reply}{code}, '451', 'with the reply');
    is($document->{status}, 1, 'and the status');
    $document = $json->decode((probe(@question, '--json'))[1]);
    is_deeply([ @{ $document->{outbound} }{qw(connector judged outcome reply)} ], [ 'contoso-out', $false, undef, undef ], 'JSON, not judged');
    my $old = $json->encode({ %{ $json->decode($facts) }, hop => 'elsewhere.example' }) . "\n";
    ($code, $out) = probe({ stdin => $old }, @question, '--hop', '-');
    like($out, qr/wrong-next-hop/, 'what was found elsewhere: the partner\'s mail may not go there');
    is($code, 1, 'exit 1');
    ($code, $out) = probe({ stdin => $facts }, @question[ 0 .. 4 ], '--to', 'b@nobody.example', '--hop', '-');
    is($code, 0, 'a recipient of nobody\'s: exit 0');
    my $line = 'Nov 25 00:58:09 mx forcetls-milter[1]: NOQUEUE: outbound verdict=defer reason=starttls-not-offered connector=contoso-out level=secure from=<a@example.org> to=<b@contoso.com> client=c.example[192.0.2.4] hop=mx1.contoso.com[192.0.2.9]:25 mx=insecure tls=none age=312 mode=enforce text="451 4.7.4 x"';
    ($code, $out) = probe({ stdin => $facts }, 'explain', '-c', $conf, '--log', $line, '--hop', '-');
    is($code, 1, 'beside a line of the log: exit 1');
    like($out, qr/fails, starttls-not-offered/, 'the judgement of now');
    for (
        [ 'without a recipient', [ @question[ 0 .. 4 ], '--probe' ], '', qr/need --to/ ], [ 'both', [ @question, '--probe', '--hop', '-' ], '', qr/one of them/ ],
        [ 'nothing', [ @question, '--hop', '-' ], '', qr/there is nothing in it/ ], [ 'something else', [ @question, '--hop', '-' ], "hello\n", qr/not an answer of forcetls-prober/ ],
        [ 'an error', [ @question, '--hop', '-' ], qq({"v":1,"type":"error","id":1,"text":"no"}\n), qr/has found nothing: 'no'/ ], [ 'no file', [ @question, '--hop', "$dir/missing" ], '', qr/No such file/ ],
        )
    {
        my ($name, $arguments, $stdin, $pattern) = @$_;
        my ($code, $out, $errors) = probe({ stdin => $stdin }, @$arguments);
        is("$code$out", '2', "$name: exit 2");
        like($errors, $pattern, 'said');
    }
};

# ---- the real prober ---------------------------------------------------------------------------

SKIP: {
    eval { require Net::SSLeay; 1 } or skip 'Perl has no Net::SSLeay (Debian: libnet-ssleay-perl)', 1;
    subtest 'servers' => sub {
        my $maker = Forcetls::Certificates->new;
        my $root = $maker->make('our-root', subject => '/O=Example/CN=Example Root CA', ca => 1);
        my $good = $maker->make('good', subject => '/O=Contoso Ltd/CN=mx1.contoso.example', by => $root, san => 'mx1.contoso.example');
        my $old = $maker->make('old', subject => '/CN=mx2.contoso.example', by => $root, san => 'mx2.contoso.example', expired => 1);
        my $port = free_port();
        my $plain = [ "220 mx ESMTP\r\n", [ expect => 'EHLO' ], Forcetls::ScriptedSmtp::ehlo('SIZE 1'), [ expect => 'QUIT' ], "221 bye\r\n" ];
        my $server = sub { Forcetls::ScriptedSmtp->start(host => "127.0.0.$_[0]", port => $port, script => $_[1]) };
        $server->(2, Forcetls::ScriptedSmtp::good(certificate => $good));
        $server->(3, Forcetls::ScriptedSmtp::good(certificate => $old));
        $server->(4, $plain);
        my $dns = Forcetls::Dns->start(
            'contoso.example' => { MX => [ [ 10, 'mx1.contoso.example' ], [ 20, 'mx2.contoso.example' ], [ 30, 'mx3.contoso.example' ] ] },
            'good.example' => { MX => [ [ 10, 'mx1.contoso.example' ] ] }, 'plain.example' => { MX => [ [ 10, 'mx3.contoso.example' ] ] }, 'dead.example' => { rcode => 'SERVFAIL' },
            map { ("mx$_.contoso.example" => { A => [ '127.0.0.' . ($_ + 1) ] }) } 1 .. 3,
        );
        my $file = "$dir/real.conf";
        my $partner = sub { my ($name, $more) = @_; qq({ name = "$name-out"; direction = "outbound"; domains = [ "$name.example" ]; $more }) };
        my $secure = "level = \"secure\"; trust_store = \"$root->{file}\"; certificates = ( { name = \"mx1.contoso.example\"; root = \"Example Root CA\"; organization = \"Contoso Ltd\"; } );";
        write_file($file, "probe: { port = $port; private_addresses = true; timeout = \"10s\"; rate = 1000.0; };\ndns: { servers = [ \"@{[ $dns->server ]}\" ]; trust_anchor = \"\"; };\nconnectors = (\n"
            . join(",\n", $partner->('contoso', $secure), $partner->('good', $secure), $partner->('plain', 'level = "encrypt";'), $partner->('dead', 'level = "encrypt";')) . "\n);\n", 0644);
        my $real = { env => { FORCETLS_PROBER => prober_program() } };
        my ($code, $out, $errors) = probe($real, 'probe', '-c', $file, '--all');
        is($code, 1, 'all of them: exit 1');
        is($errors, '', 'nothing on stderr');
        is($out, <<'END', 'what each comes to');
connector    next hop         verdict  reason
contoso-out  contoso.example  fails    starttls-not-offered
good-out     good.example     passes
plain-out    plain.example    fails    starttls-not-offered
dead-out     dead.example     unknown  dns-failure

contoso-out: contoso.example: mx3.contoso.example does not offer STARTTLS
plain-out: plain.example: mx3.contoso.example does not offer STARTTLS
dead-out: dead.example: the DNS does not give its mail servers now (servfail)

passed: 1, failed: 2, unknown: 1
END
        ($code, $out) = probe($real, 'probe', '-c', $file, 'good.example');
        is($code, 0, 'a good one: exit 0');
        like($out, qr/^    root\s+'Example Root CA' \(\Q$root->{file}\E\)\n/m, 'its root');
        ($code, $out) = probe($real, 'probe', '-c', $file, 'contoso-out');
        like($out, qr/mx1\.contoso\.example  passes\s+mx2\.contoso\.example  fails    certificate-expired\s+mx3\.contoso\.example  fails    starttls-not-offered/, 'of three hosts, each for itself');
        is((probe($real, 'probe', '-c', $file, 'dead-out'))[0], 3, 'the DNS fails: exit 3');
        is((probe($real, 'probe', '-c', $file, '[127.0.0.9]:' . free_port()))[0], 3, 'nobody listens: exit 3');
        ($code, $out) = probe($real, 'explain', '-c', $file, '--from', 'a@example.org', '--to', 'b@good.example', '--probe');
        is($code, 0, 'explain --probe: exit 0');
        like($out, qr/^  passes: every demand is met$/m, 'it passes');
    };
}

done_testing();
