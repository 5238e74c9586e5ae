#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The addresses that a partner's certificate names for its revocation, asked by whoever wants to know
# (forcetls probe; the daemon does not): lists and responders, good and bad, and what a partner could
# have in mind with them.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Dns;
use Forcetls::Harness qw(free_port read_file run start_process wait_for work_dir write_file);
use Forcetls::Prober;
use Forcetls::ScriptedSmtp;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);

Forcetls::ScriptedSmtp->need;

my $certificates = Forcetls::Certificates->new;
my $world = $certificates->standard;
my $ca = $world->{ca};
my $twin = $certificates->make('twin', subject => '/O=Example Trust/CN=Example Issuing CA', ca => 1, by => $world->{root});
my $other_ca = $certificates->make('other-ca', subject => '/CN=Other CA', ca => 1, by => $world->{root});

my $dns = Forcetls::Dns->start(
    'pki.example' => { A => ['127.0.0.1'] },
    'both.example' => { A => [ '127.0.7.7', '127.0.0.1' ] },
    'many.example' => { A => [ map { "127.0.8.$_" } 1 .. 20 ] },
    'broken.example' => { rcode => 'SERVFAIL' },
    'empty.example' => {},
);
my %settings = (dns_servers => [ $dns->server ], trust_anchor => '', timeout => 3);
my $prober = Forcetls::Prober->new(settings => \%settings);
my $closed = free_port();

# ---- servers that answer HTTP ----------------------------------------------------------------------

# Reads a request with its body; what it was is written down by its first line.
my @request = ([ expect => '' ], [ do => sub {
    my ($connection) = @_;
    Forcetls::ScriptedSmtp::_receive($connection) or return while $connection->{buffer} !~ /\r\n\r\n/ && $connection->{buffer} ne "\r\n";
    my ($length) = $connection->{buffer} =~ /^content-length: (\d+)/mi;
    my $body = index($connection->{buffer}, "\r\n\r\n") + 4;
    Forcetls::ScriptedSmtp::_receive($connection) or return while $length && length($connection->{buffer}) < $body + $length;
} ]);

sub answers { my (@script) = @_; return Forcetls::ScriptedSmtp->start(script => [ @request, @script ]) }

sub http
{
    my ($body, $type, $status) = @_;
    return 'HTTP/1.1 ' . ($status // '200 OK') . "\r\nContent-Type: " . ($type // 'application/pkix-crl') . "\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
}

my $count = 0;

# A partner whose certificate names these; what was found, by address. The answer comes with it.
sub partner
{
    my (%option) = @_;
    my $leaf = $option{leaf} // $certificates->make('leaf-' . ++$count, subject => "/CN=mx$count.example", by => $ca,
        $option{crls} ? (crls => $option{crls}) : (), $option{ocsp} ? (ocsp => $option{ocsp}) : ());
    my $server = Forcetls::ScriptedSmtp->start(script => Forcetls::ScriptedSmtp::good(certificate => $leaf));
    my $answer = ($option{prober} // $prober)->probe($server->hop, revocation => 1);
    is(Forcetls::Prober::first_address($answer)->{state}, 'tls', "$option{what}: the partner was seen");
    return ({ map { $_->{address} => "$_->{state}" . ($_->{text} ne '' ? " ($_->{text})" : '') } @{ $answer->{revocation} } }, $answer);
}

# Each of these is a list at a server of its own; they are all named by one certificate.
sub lists
{
    my ($what, $leaf_of, %case) = @_;
    my (%server, %name);
    for my $name (sort keys %case) {
        $server{$name} = ref $case{$name} ? answers(@{ $case{$name} }) : undef;
        my $address = $server{$name} ? 'http://pki.example:' . $server{$name}->port . '/' : $case{$name};
        $name{$address} = $name;
    }
    my ($found, $answer) = partner(what => $what, $leaf_of => [ sort keys %name ]);
    return { map { $name{$_} => $found->{$_} } keys %name }, $answer, \%server;
}

subtest 'a list that is as it should be' => sub {
    my $server = answers(http($certificates->list_of_revoked($ca, revoked => [ $world->{partner} ])));
    my $address = 'http://pki.example:' . $server->port . '/ca.crl?part=1';
    my ($found, $answer) = partner(what => 'good', crls => [$address]);
    like($found->{$address}, qr/^good \(until 20\d\d-\d\d-\d\d\)$/, 'it does not name the certificate');
    is($answer->{revocation}[0]{kind}, 'crl', 'a list');
    is($answer->{revocation}[0]{certificate}, $answer->{hosts}[0]{addresses}[0]{chain}[0]{fingerprint}, 'of that certificate');
    like($answer->{revocation}[0]{milliseconds}, qr/^\d+$/, 'and how long it took');
    is_deeply($server->heard, ['GET /ca.crl?part=1 HTTP/1.0'], 'it was asked for once, by its path');
    is($prober->not_believed, '', 'who reads the line believes it');
};

subtest 'not asked for' => sub {
    my $server = answers(http($certificates->list_of_revoked($ca)));
    my $leaf = $certificates->make('not-asked', subject => '/CN=mx.example', by => $ca, crls => [ 'http://pki.example:' . $server->port . '/' ]);
    my $mx = Forcetls::ScriptedSmtp->start(script => Forcetls::ScriptedSmtp::good(certificate => $leaf));
    my $answer = $prober->probe($mx->hop);
    ok(!exists $answer->{revocation}, 'nothing is said of it');
    is($server->connections, 0, 'and nobody was asked');
};

subtest 'a revoked certificate' => sub {
    my ($server, $responder) = map { free_port() } 1, 2;
    my $leaf = $certificates->make('revoked', subject => '/CN=mx.example', by => $ca, crls => ["http://pki.example:$server/", "http://pki.example:$responder/"]);
    my ($now, $old) = map { $certificates->list_of_revoked($ca, revoked => [$leaf], stale => $_) } 0, 1;
    my @servers = (
        Forcetls::ScriptedSmtp->start(port => $server, script => [ @request, http($now) ]),
        Forcetls::ScriptedSmtp->start(port => $responder, script => [ @request, http($old) ]));
    my ($found) = partner(what => 'revoked', leaf => $leaf);
    is($found->{"http://pki.example:$server/"}, 'revoked (since 2026-01-01, keyCompromise)', 'the list says since when, and why');
    is($found->{"http://pki.example:$responder/"}, 'revoked (since 2026-01-01, keyCompromise)', 'a list that is out of date still does');
};

subtest 'lists that are none' => sub {
    my $good = $certificates->list_of_revoked($ca);
    (my $damaged = $good) =~ s/.\z/chr(ord($&) ^ 1)/se;
    my ($found) = lists('bad lists', 'crls',
        stale => [ http($certificates->list_of_revoked($ca, stale => 1)) ],
        future => [ http($certificates->list_of_revoked($ca, future => 1)) ],
        'another CA' => [ http($certificates->list_of_revoked($other_ca)) ],
        'a CA of the same name' => [ http($certificates->list_of_revoked($twin)) ],
        'damaged' => [ http($damaged) ],
        'a web page' => [ http('<html>hello</html>', 'text/html') ],
        'an empty answer' => [ http('') ],
        'a certificate' => [ http(do { my (undef, $out) = run('openssl', 'x509', '-in', $ca->{file}, '-outform', 'DER', '-out', work_dir() . '/ca.der'); read_file(work_dir() . '/ca.der') }) ],
        'cut short' => [ http($good) =~ s/.{20}\z//sr ],
        'announces too much' => [ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n$good" ],
        'another type' => [ http($good, 'text/plain') ],
        'no length' => [ "HTTP/1.0 200\r\n\r\n$good" ],
        'bare newlines' => [ "HTTP/1.1 200 OK\ncontent-length:" . length($good) . "\n\n$good and more" ],
        'in pieces' => [ [ pieces => unpack '(a20)*', http($good) ] ],
    );
    like(delete $found->{$_}, qr/^good/, "good: $_") for 'another type', 'no length', 'bare newlines', 'in pieces';
    is(delete $found->{'announces too much'}, 'malformed (too long)', 'announces too much');
    like(delete $found->{$_}, qr/^malformed \(.+\)$/, $_) for 'a web page', 'an empty answer', 'cut short';
    like(delete $found->{'a CA of the same name'}, qr/^invalid \(not (?:a list for this certificate|signed by the issuer)\)$/, 'a CA of the same name');
    is_deeply($found, {
        stale => 'stale (it was to be renewed by 2020-02-01)',
        future => 'stale (not yet in force)',
        'another CA' => 'invalid (not a list for this certificate)',
        damaged => 'invalid (not signed by the issuer)',
        'a certificate' => 'malformed (no list of revoked certificates)',
    }, 'what each is') or diag explain $found;
};

subtest 'servers that are none' => sub {
    my $good = $certificates->list_of_revoked($ca);
    my $start = time;
    my ($found, $answer, $server) = lists('bad servers', 'crls',
        'silent' => [ ['hang'] ],
        'slow' => [ [ drip => http($good), 0.5 ] ],
        'endless headers' => [ "HTTP/1.1 200 OK\r\n", [ flood => "X-More: of it\r\n", 2_000_000 ] ],
        'one endless header' => [ "HTTP/1.1 200 OK\r\nX: ", [ flood => 'x' x 1000, 20_000 ] ],
        'endless body' => [ "HTTP/1.1 200 OK\r\n\r\n\x30\x84\x7f\xff\xff\xff", [ flood => 'x' x 1000, 50_000 ] ],
        'no end of length' => [ "HTTP/1.1 200 OK\r\n\r\n\x30\x80", [ flood => 'x' x 1000, 50_000 ] ],
        'no HTTP' => [ "220 mx.example ESMTP\r\n" ],
        'garbage' => [ join '', map { chr int rand 256 } 1 .. 2000 ],
        'closes at once' => [ ['eof'] ],
        'resets' => [ ['reset'] ],
        'not found' => [ http('gone', 'text/html', '404 Not Found') ],
        'broken' => [ http('gone', 'text/html', '500 Internal Server Error') ],
        'redirects' => [ "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:$closed/other\r\nContent-Length: 0\r\n\r\n" ],
        'redirects to nowhere' => [ "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n" ],
        'asks who we are' => [ http('', 'text/html', '401 Unauthorized') ],
    );
    my %state = map { $_ => $found->{$_} =~ s/ .*//r } keys %$found;
    # A fast machine sends them all before the time is over; a reset may come before or behind the request.
    like(delete $state{'endless headers'}, qr/^(?:malformed|unreachable)$/, 'endless headers');
    like(delete $state{resets}, qr/^(?:malformed|unreachable)$/, 'a reset');
    is_deeply(\%state, {
        'silent' => 'unreachable', 'slow' => 'unreachable', 'one endless header' => 'malformed',
        'endless body' => 'malformed', 'no end of length' => 'malformed', 'no HTTP' => 'malformed', 'garbage' => 'malformed',
        'closes at once' => 'malformed', 'not found' => 'refused', 'broken' => 'refused', 'redirects' => 'refused',
        'redirects to nowhere' => 'refused', 'asks who we are' => 'refused',
    }, 'what each is') or diag explain $found;
    is($found->{'not found'}, 'refused (HTTP 404 Not Found)', 'with the status');
    cmp_ok(time - $start, '<', 15, 'within their time');
    is(grep({ $_->connections != 1 } values %$server), 0, 'each was asked once');
};

subtest 'addresses that are not asked' => sub {
    my $server = answers(http($certificates->list_of_revoked($ca)));
    my $port = $server->port;
    my @never = (
        "http://user:secret\@pki.example:$port/", "https://pki.example:$port/", "ldap://pki.example:$port/cn=x", "ftp://pki.example:$port/", "file:///etc/passwd",
        "http://pki.example:25/", "http://pki.example:22/", "http:///nobody", "http://pki.example:99999/", "http://pki.example:$port/a b",
        "http://pki.example:$port/\\\\r", 'http://pki.example:' . $port . '/' . 'x' x 1100, 'pki.example', 'http://');
    my ($found, $answer) = partner(what => 'strange addresses', crls => \@never);
    is(scalar(keys %$found), scalar @never, 'all of them are told');
    is_deeply([ grep { $found->{$_} !~ /^not-allowed \(/ } sort keys %$found ], [], 'none is asked') or diag explain $found;
    is($server->connections, 0, 'nobody came');
    like($found->{"http://user:secret\@pki.example:$port/"}, qr/user name/, 'and it is said why');
};

subtest 'names and connections' => sub {
    my $server = answers(http($certificates->list_of_revoked($ca)));
    my $port = $server->port;
    my ($found) = partner(what => 'names', crls => [
        "http://gone.example:$port/", "http://broken.example:$port/", "http://empty.example:$port/", "http://pki.example:$closed/",
        "http://both.example:$port/", "http://127.0.0.1:$port/", "HTTP://pki.example:$port/big" ]);
    is($found->{"http://gone.example:$port/"}, 'unreachable (no address (nxdomain))', 'no such name');
    is($found->{"http://broken.example:$port/"}, 'unreachable (no address (servfail))', 'the DNS does not answer');
    is($found->{"http://empty.example:$port/"}, 'unreachable (no address (none))', 'no address');
    like($found->{"http://pki.example:$closed/"}, qr/^unreachable \(Connection refused\)$/, 'nobody listens');
    like($found->{"http://both.example:$port/"}, qr/^good/, 'the second address answers');
    like($found->{"http://127.0.0.1:$port/"}, qr/^good/, 'an address instead of a name');
    like($found->{"HTTP://pki.example:$port/big"}, qr/^good/, 'a scheme in capitals');
};

subtest 'more addresses than are asked' => sub {
    my $server = answers(http($certificates->list_of_revoked($ca)));
    my ($found) = partner(what => 'forty', crls => [ map { 'http://pki.example:' . $server->port . "/$_" } 1 .. 40 ]);
    is(scalar(keys %$found), 16, 'sixteen are');
    is($server->connections, 16, 'once each');
};

# By OpenSSL's responder. It hangs after a connection without a request, so that nobody may just try to connect.
subtest 'responders' => sub {
    my $valid = "V\t351231235959Z\t\t%s\tunknown\t/CN=x\n";
    my $gone = "R\t351231235959Z\t260101000000Z,superseded\t%s\tunknown\t/CN=x\n";
    my $delegate = $certificates->make('delegate', subject => '/CN=OCSP', by => $ca, usage => 'OCSPSigning');
    my $impostor = $certificates->make('impostor', subject => '/CN=OCSP', by => $ca, usage => 'serverAuth');
    # The responders must know the serial number before they start, and the certificate their ports.
    my %port = map { $_ => free_port() } qw(good revoked unknown delegated impostor);
    my $leaf = $certificates->make('answered', subject => '/CN=mx.example', by => $ca, ocsp => [ map { "http://pki.example:$port{$_}/$_" } sort keys %port ]);
    my $serial = Forcetls::Certificates::serial($leaf);
    my %case = (
        good => { index => sprintf($valid, $serial), signer => $ca }, revoked => { index => sprintf($gone, $serial), signer => $ca },
        unknown => { index => '', signer => $ca }, delegated => { index => sprintf($valid, $serial), signer => $delegate },
        impostor => { index => sprintf($valid, $serial), signer => $impostor });
    for my $name (sort keys %case) {
        my $base = work_dir() . "/responder-$name";
        write_file("$base.index", $case{$name}{index});
        start_process({ log => "$base.log" }, 'openssl', 'ocsp', '-port', $port{$name}, '-index', "$base.index", '-CA', $ca->{file},
            '-rsigner', $case{$name}{signer}{file}, '-rkey', $case{$name}{signer}{key}, '-ndays', 7);
        wait_for(10, sub { read_file("$base.log") =~ /waiting for OCSP client/ }) or die "the responder does not listen\n";
    }
    my ($found, $answer) = partner(what => 'responders', leaf => $leaf);
    my %state = map { m{/(\w+)$} ? ($1 => $found->{$_}) : () } keys %$found;
    like(delete $state{$_}, qr/^good \(until 20/, $_) for qw(good delegated);
    is_deeply(\%state, {
        revoked => 'revoked (since 2026-01-01, superseded)', unknown => 'unknown', impostor => 'invalid (not signed by the issuer or in its name)',
    }, 'the others') or diag explain $found;
    is_deeply([ sort map { $_->{kind} } @{ $answer->{revocation} } ], [ ('ocsp') x 5 ], 'they are responders');
};

subtest 'responses that are none' => sub {
    my $list = $certificates->list_of_revoked($ca);
    my ($found, undef, $server) = lists('bad responses', 'ocsp',
        'try later' => [ http("\x30\x03\x0a\x01\x03", 'application/ocsp-response') ],
        'unauthorized' => [ http("\x30\x03\x0a\x01\x06", 'application/ocsp-response') ],
        'nothing in it' => [ http("\x30\x03\x0a\x01\x00", 'application/ocsp-response') ],
        'a list' => [ http($list, 'application/ocsp-response') ],
        'not found' => [ http('', 'text/html', '404 Not Found') ],
    );
    is_deeply({ %$found, 'not found' => 0 }, {
        'try later' => 'refused (trylater)', 'unauthorized' => 'refused (unauthorized)', 'nothing in it' => 'malformed (no OCSP response)',
        'a list' => 'malformed (no OCSP response)', 'not found' => 0,
    }, 'what each is') or diag explain $found;
    like($found->{'not found'}, qr/^refused \(HTTP 404 Not Found\)$/, 'a status');
    is_deeply($server->{'try later'}->heard, ['POST / HTTP/1.0'], 'they are asked with POST');
};

subtest 'the issuer was not sent' => sub {
    my $server = answers(http($certificates->list_of_revoked($ca)));
    my $address = 'http://pki.example:' . $server->port;
    my $leaf = $certificates->make('alone', subject => '/CN=mx.example', by => $ca, crls => ["$address/crl"], ocsp => ["$address/ocsp"]);
    my ($found) = partner(what => 'alone', leaf => { %$leaf, chain => $leaf->{file} });
    is($found->{"$address/crl"}, 'unverified (the issuer was not sent)', 'the list is there, and cannot be verified');
    is($found->{"$address/ocsp"}, 'unverified (the issuer was not sent)', 'the responder cannot be asked');
    is(scalar @{ $server->heard }, 1, 'and was not');
};

# A twin has the issuer's name, and comes before it: it must not vouch for what it has made up.
subtest 'an issuer of the same name' => sub {
    my $server = answers(http($certificates->list_of_revoked($twin)));
    my $address = 'http://pki.example:' . $server->port . '/';
    my $leaf = $certificates->make('beside-a-twin', subject => '/CN=mx.example', by => $ca, crls => [$address]);
    my $chain = write_file(work_dir() . '/twins.pem', join '', map { read_file($_) } $leaf->{file}, $twin->{file}, $ca->{file});
    my ($found) = partner(what => 'twins', leaf => { %$leaf, chain => $chain });
    like($found->{$address}, qr/^invalid/, 'its list does not count');
};

subtest 'hosts that share a certificate' => sub {
    my $server = answers(http($certificates->list_of_revoked($ca)));
    my $leaf = $certificates->make('shared', subject => '/CN=mx.example', by => $ca, crls => [ 'http://pki.example:' . $server->port . '/' ]);
    my $other = $certificates->make('not-shared', subject => '/CN=mx.example', by => $ca, crls => [ 'http://pki.example:' . $server->port . '/2' ]);
    my $port = free_port();
    my @hosts = map { Forcetls::ScriptedSmtp->start(host => "127.0.9.$_", port => $port, script => Forcetls::ScriptedSmtp::good(certificate => $_ == 3 ? $other : $leaf)) } 1 .. 3;
    my $dns = Forcetls::Dns->start('pki.example' => { A => ['127.0.0.1'] }, 'mx.example' => { A => [ map { "127.0.9.$_" } 1 .. 3 ] });
    my $prober = Forcetls::Prober->new(settings => { %settings, dns_servers => [ $dns->server ] });
    my $answer = $prober->probe("[mx.example]:$port", revocation => 1);
    is(scalar @{ $answer->{revocation} }, 2, 'each certificate is asked about once');
    is($server->connections, 2, 'by one connection');
};

subtest 'time' => sub {
    my $silent = Forcetls::ScriptedSmtp->start(script => [ ['hang'] ]);
    my $prober = Forcetls::Prober->new(settings => { %settings, rate => 2 });
    my ($found, $answer) = partner(what => 'a rate', prober => $prober, crls => [ map { 'http://pki.example:' . $silent->port . "/$_" } 1 .. 16 ]);
    my %states = map { $_ => 1 } map { s/ .*//r } values %$found;
    is_deeply(\%states, { unreachable => 1, 'not-tried' => 1 }, 'what its time is not enough for was not tried');
    cmp_ok($answer->{milliseconds}, '<', 11_000, 'a hop has three times the time of an address');
    # A try each half a second: a name with many addresses makes us connect to a few of them alone.
    ($found, $answer) = partner(what => 'many addresses', prober => $prober, crls => ["http://many.example:$closed/"]);
    like($found->{"http://many.example:$closed/"}, qr/^unreachable \(Connection refused\)/, 'twenty addresses, and nobody there');
    cmp_ok($answer->{revocation}[0]{milliseconds}, '<', 3000, 'a few were tried');
    my $cancelled = $prober->ask_for(Forcetls::ScriptedSmtp->start(script => Forcetls::ScriptedSmtp::good(certificate =>
        $certificates->make('cancelled', subject => '/CN=mx.example', by => $ca, crls => [ 'http://pki.example:' . $silent->port . '/' ])))->hop, revocation => 1);
    my $before = $silent->connections;
    wait_for(10, sub { $silent->connections > $before }) or die "nobody asked\n";
    $prober->ask({ type => 'cancel', id => $cancelled });
    $prober->ask({ type => 'ping', id => 77 });
    is($prober->hear->{type}, 'pong', 'cancelled while it asks');
    is(($prober->answers($prober->ask_for("[127.0.0.1]:$closed")))[0]{type}, 'result', 'and goes on');
};

is($prober->log, '', 'no complaint');
done_testing;
