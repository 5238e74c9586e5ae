#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# What the prober says of TLS: what was negotiated, the chain as sent, what each trust store makes of
# it, whether a client certificate was wanted, a stapled OCSP response. It reports, however bad it is.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Dns;
use Forcetls::Harness qw(free_port read_file run work_dir write_file);
use Forcetls::Prober qw(summary);
use Forcetls::ScriptedSmtp;
use JSON::PP ();
use Test::More;

Forcetls::ScriptedSmtp->need;

my $certificates = Forcetls::Certificates->new;
my $world = $certificates->standard;
my $ca = $world->{ca};
my @mx = (subject => '/O=Contoso Ltd/OU=Messaging/CN=mx.contoso.example', san => 'mx.contoso.example,mx2.contoso.example');
my $leaf = $certificates->make('mx', @mx, by => $ca);
my $rsa = $certificates->make('mx-rsa', @mx, by => $ca, rsa => 2048);
my $weak = $certificates->make('mx-weak', @mx, by => $ca, rsa => 1024);
my $self_signed = $certificates->make('mx-self', @mx);
my $expired = $certificates->make('mx-expired', @mx, by => $ca, expired => 1);
my $other_name = $certificates->make('mx-other', subject => '/CN=other.example', san => 'other.example', by => $ca);
my $other_root = $certificates->make('other-root', subject => '/O=Example Trust/CN=Example Root CA', ca => 1);

my $dns = Forcetls::Dns->start('mx.contoso.example' => { A => ['127.0.0.1'] });
my %settings = (dns_servers => [ $dns->server ], trust_anchor => '', timeout => 20, max_parallel => 50);
my $prober = Forcetls::Prober->new(settings => \%settings);
our $stores = [ $world->{root}{file} ];

# A server for each of these options of TLS; what was found at each, by name.
sub found_at
{
    my ($asker, %tls) = @_;
    my (%server, %id);
    for my $name (keys %tls) {
        $server{$name} = Forcetls::ScriptedSmtp->start(script => Forcetls::ScriptedSmtp::good(certificate => $leaf, %{ $tls{$name} }));
        $id{$name} = $asker->ask_for('[mx.contoso.example]:' . $server{$name}->port, stores => $stores);
    }
    my %found;
    @found{ keys %id } = map { Forcetls::Prober::first_address($_) } $asker->answers(values %id);
    return (\%found, \%server);
}

subtest 'protocols' => sub {
    my @versions = qw(TLSv1 TLSv1.1 TLSv1.2 TLSv1.3);
    my ($found) = found_at($prober, map { $_ => { certificate => $rsa, min => $_, max => $_ } } @versions);
    is_deeply([ map { $found->{$_}{state} eq 'tls' ? $found->{$_}{tls}{protocol} : $found->{$_}{reply} } @versions ], \@versions, 'each is named');
};

subtest 'ciphers, groups, forward secrecy' => sub {
    my $dh = work_dir() . '/dh.pem';
    for my $bits (2048, 8192) {
        my ($failed, $out) = run('openssl', 'genpkey', '-genparam', '-algorithm', 'DH', '-pkeyopt', "group:ffdhe$bits", '-out', "$dh.$bits");
        die $out if $failed;
    }
    my %tls = (
        'ECDHE-RSA-AES256-GCM-SHA384' => { certificate => $rsa, max => 'TLSv1.2' },
        'ECDHE-ECDSA-AES128-GCM-SHA256' => { max => 'TLSv1.2' },
        'AES128-SHA' => { certificate => $rsa, max => 'TLSv1.2' },
        'AES256-GCM-SHA384' => { certificate => $rsa, max => 'TLSv1.2' },
        'DHE-RSA-AES128-GCM-SHA256' => { certificate => $rsa, max => 'TLSv1.2', dh => "$dh.2048" },
    );
    $tls{$_}{ciphers} = "$_:\@SECLEVEL=0" for keys %tls;
    my ($found) = found_at($prober, %tls, map({ $_ => { groups => $_ } } 'P-384', 'X448'), tls13 => {}, anonymous => { certificate => $rsa, ciphers => 'aNULL:@SECLEVEL=0', max => 'TLSv1.2' });
    my $is = sub {
        my ($name, @wanted) = @_;
        is(join(' ', map { ref ? 0 + $_ : $_ // 'none' } @{ $found->{$name}{tls} }{qw(protocol cipher bits group forward_secrecy)}), join(' ', @wanted), $name);
    };
    $is->('ECDHE-RSA-AES256-GCM-SHA384', qw(TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384 256 x25519 1));
    $is->('ECDHE-ECDSA-AES128-GCM-SHA256', qw(TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256 128 x25519 1));
    $is->('AES128-SHA', qw(TLSv1.2 AES128-SHA 128 none 0));
    $is->('AES256-GCM-SHA384', qw(TLSv1.2 AES256-GCM-SHA384 256 none 0));
    $is->('P-384', qw(TLSv1.3 TLS_AES_256_GCM_SHA384 256 secp384r1 1));
    $is->('X448', qw(TLSv1.3 TLS_AES_256_GCM_SHA384 256 x448 1));
    like($found->{tls13}{tls}{group}, qr/^x25519/i, 'tls13: the group that OpenSSL prefers');
    like($found->{'DHE-RSA-AES128-GCM-SHA256'}{tls}{group} // '', qr/^(?:DH|dhKeyAgreement) \d+$|^ffdhe\d+$/, 'DHE: a group without a name has a size') or diag explain $found->{'DHE-RSA-AES128-GCM-SHA256'};
    my ($large) = found_at($prober, large => { certificate => $rsa, max => 'TLSv1.2', dh => "$dh.8192", ciphers => 'DHE:@SECLEVEL=0' });
    like("$large->{large}{state}: $large->{large}{reply}", qr/^tls-failed: a Diffie-Hellman group/, 'DHE with a group that would keep us busy for long');
    is($found->{anonymous}{state}, 'tls-failed', 'nobody without a certificate is talked to');
    is($found->{anonymous}{reply}, 'alert: handshake failure', 'and says so');
};

subtest 'the chain' => sub {
    my ($found) = found_at($prober, good => {}, self_signed => { certificate => $self_signed }, weak => { certificate => $weak, weak => 1 });
    my ($first, $second, @more) = @{ $found->{good}{chain} };
    is_deeply([ @$first{qw(subject issuer organization organizational_unit key_type key_bits)} ],
        [ 'mx.contoso.example', 'Example Issuing CA', 'Contoso Ltd', 'Messaging', 'EC', 256 ], 'leaf');
    is_deeply($first->{names}, [ 'mx.contoso.example', 'mx2.contoso.example' ], 'its names');
    is($first->{pem} =~ s/\s//gr, read_file($leaf->{file}) =~ s/\s//gr, 'its PEM');
    is(uc $first->{fingerprint}, Forcetls::Certificates::fingerprint($leaf) =~ s/://gr, 'its fingerprint');
    is($first->{public_key}, Forcetls::Certificates::public_key_fingerprint($leaf) =~ s/://gr, 'its key');
    is($second->{subject}, 'Example Issuing CA', 'the issuer behind it');
    ok(!exists $second->{pem}, 'without PEM');
    is_deeply(\@more, [], 'as sent: without the root');
    is(scalar @{ $found->{self_signed}{chain} }, 1, 'self-signed');
    is($found->{weak}{chain}[0]{key_bits}, 1024, 'a key that no library would take');
};

subtest 'trust stores' => sub {
    my %tls = (good => {}, self_signed => { certificate => $self_signed }, expired => { certificate => $expired }, other => { certificate => $other_name });
    local $stores = [ $world->{root}{file}, $other_root->{file}, '/nonexistent', $self_signed->{file} ];
    my ($found) = found_at($prober, %tls);
    my $states = sub { join ' ', map { $_->{state} . ($_->{names_ok} ? '' : '!') } @{ $found->{ $_[0] }{trust} } };
    my ($good, $twin, $missing) = @{ $found->{good}{trust} };
    is_deeply([ map { $_->{store} } @{ $found->{good}{trust} } ], $stores, 'one for each, in order');
    is($good->{state}, 'trusted', 'the root is there');
    is($good->{anchor}, 'Example Root CA', 'its anchor');
    is(uc $good->{anchor_fingerprint}, Forcetls::Certificates::fingerprint($world->{root}) =~ s/://gr, 'and that one for sure');
    is_deeply($good->{errors}, [], 'no errors');
    is($twin->{state}, 'untrusted', 'another root of the same name');
    is($twin->{anchor}, undef, 'no anchor');
    ok(scalar @{ $twin->{errors} }, 'and why');
    my $folder = work_dir() . '/roots';
    mkdir $folder, 0755 or die "$folder: $!\n";
    write_file("$folder/root.pem", read_file($world->{root}{file}), 0644);
    run('openssl', 'rehash', $folder);
    $stores = [ $folder, '' ];
    my ($in_folder) = found_at($prober, good => {});
    is($in_folder->{good}{trust}[0]{state}, 'trusted', 'a folder');
    is($in_folder->{good}{trust}[0]{anchor}, 'Example Root CA', 'and the anchor in it');
    is($in_folder->{good}{trust}[1]{state}, 'untrusted', "OpenSSL's own store");
    is($missing->{state}, 'error', 'a store that cannot be read');
    like($missing->{errors}[0]{text}, qr/nonexistent|No such file/, 'and why');
    is($found->{self_signed}{trust}[0]{state}, 'untrusted', 'self-signed');
    is($found->{expired}{trust}[0]{state}, 'untrusted', 'expired');
    ok((grep { $_->{code} eq 'certificate-expired' && $_->{depth} == 0 } @{ $found->{expired}{trust}[0]{errors} }), 'and which one is');
    is($found->{other}{trust}[0]{state}, 'trusted', 'of another name: trusted');
    ok(!$found->{other}{trust}[0]{names_ok}, 'but not this name');
    ok($good->{names_ok}, 'the right name');
};

subtest 'SNI' => sub {
    my ($found, $server) = found_at($prober, good => {});
    is_deeply($server->{good}->server_names, ['mx.contoso.example'], 'the name of the host');
    my $address = $prober->probe($server->{good}->hop, stores => $stores);
    is_deeply($server->{good}->server_names, [ 'mx.contoso.example', '-' ], 'none for an address');
    ok(!Forcetls::Prober::first_address($address)->{trust}[0]{names_ok}, 'which no certificate names');
};

subtest 'client certificates' => sub {
    my %tls = (
        'not asked' => {}, 'asked' => { demand => 1 }, 'asked, TLSv1.2' => { demand => 1, max => 'TLSv1.2' },
        'demanded' => { demand => 2 }, 'demanded, TLSv1.2' => { demand => 2, max => 'TLSv1.2' },
        'demanded, and the key not proved' => { demand => 2, certificate => $rsa, max => 'TLSv1.2', ciphers => 'AES128-SHA:@SECLEVEL=0' },
        'asked, and the key proved in the end' => { demand => 1, certificate => $rsa, max => 'TLSv1.2', ciphers => 'AES128-SHA:@SECLEVEL=0' },
    );
    my $word = sub { my ($found) = @_; $found->{state} eq 'tls' ? "$found->{tls}{client_certificate} " . @{ $found->{chain} } : $found->{state} };
    my ($found) = found_at($prober, %tls);
    is_deeply({ map { $_ => $word->($found->{$_}) } keys %tls }, {
        'not asked' => 'not-asked 2', 'asked' => 'asked 2', 'asked, TLSv1.2' => 'asked 2', 'demanded' => 'required 2', 'demanded, TLSv1.2' => 'required 2',
        'demanded, and the key not proved' => 'tls-failed', 'asked, and the key proved in the end' => 'asked 2',
    }, 'without one of ours: the chain counts all the same');
    like($found->{demanded}{reply}, qr/^alert: /, 'the alert is told');
    is($found->{demanded}{trust}[0]{state}, 'trusted', 'and the chain was verified');

    my $client = $certificates->make('ours', subject => '/CN=mx.prober.example', by => $ca);
    chmod 0644, $client->{key};    # nobody must read it
    my $with = Forcetls::Prober->new(settings => { %settings, certificate => $client->{chain}, key => $client->{key} });
    my $server;
    ($found, $server) = found_at($with, %tls);
    is_deeply({ map { $_ => $word->($found->{$_}) } keys %tls }, {
        'not asked' => 'not-asked 2', map { $_ => 'asked 2' } 'asked', 'asked, TLSv1.2', 'demanded', 'demanded, TLSv1.2', 'demanded, and the key not proved',
        'asked, and the key proved in the end',
    }, 'with ours');
    for my $name (grep { $_ ne 'not asked' } keys %tls) {
        like(read_file($server->{$name}{record}), qr{^client /CN=mx\.prober\.example$}m, "$name: it was shown");
    }
    unlike(read_file($server->{'not asked'}{record}), qr/^client/m, 'to nobody who did not ask');
    is($with->stop, 0, 'it is well');

    my %wrong = ('no file' => [ '/nonexistent', $client->{key} ], 'no key' => [ $client->{chain}, $client->{chain} ], 'the key of another' => [ $client->{chain}, $leaf->{key} ]);
    chmod 0644, $leaf->{key};
    for my $name (sort keys %wrong) {
        my $broken = Forcetls::Prober->new(settings => { %settings, certificate => $wrong{$name}[0], key => $wrong{$name}[1] });
        my $line = $broken->hear;
        like($line->{text}, qr/certificate|key/, "$name: " . ($line->{text} // ''));
        is($line->{type}, 'error', 'an error');
        my ($other) = found_at($broken, asked => { demand => 1 });
        is($word->($other->{asked}), 'asked 2', 'and it goes on without');
    }
};

subtest 'OCSP staples' => sub {
    my $dir = work_dir() . '/ocsp';
    mkdir $dir, 0755 or die "$dir: $!\n";
    my $serial = sub { my (undef, $out) = run('openssl', 'x509', '-in', $_[0]{file}, '-noout', '-serial'); $out =~ /=(\w+)/ ? $1 : die $out };
    my $subject = '/CN=mx.contoso.example';
    my $delegate = $certificates->make('responder', subject => '/CN=OCSP', by => $ca, usage => 'OCSPSigning');
    my $impostor = $certificates->make('impostor', subject => '/CN=OCSP', by => $ca, usage => 'serverAuth');
    my $response = sub {
        my ($status, $about, $signer, @options) = @_;
        my $line = $status eq 'V' ? "V\t351231235959Z\t\t" : "R\t351231235959Z\t200101000000Z\t";
        write_file("$dir/index.txt", $line . $serial->($about) . "\tunknown\t$subject\n");
        my ($failed, $out) = run('openssl', 'ocsp', '-issuer', $ca->{file}, '-cert', $about->{file}, '-no_nonce', '-reqout', "$dir/request");
        die $out if $failed;
        ($failed, $out) = run('openssl', 'ocsp', '-index', "$dir/index.txt", '-CA', $ca->{file}, '-rsigner', $signer->{file}, '-rkey', $signer->{key},
            '-reqin', "$dir/request", '-respout', "$dir/response", @options);
        die $out if $failed;
        return read_file("$dir/response");
    };
    my @week = (-ndays => 7);
    my %staple = (
        good => $response->('V', $leaf, $ca, @week), delegated => $response->('V', $leaf, $delegate, @week), revoked => $response->('R', $leaf, $ca, @week),
        'of another certificate' => $response->('V', $rsa, $ca, @week), 'signed by nobody of authority' => $response->('V', $leaf, $impostor, @week),
        'signed by another CA' => $response->('V', $leaf, $other_root, @week), garbage => 'x' x 100,
    );
    ($staple{damaged} = $staple{good}) =~ s/(20\d{11})(\d)Z/$1 . (9 - $2) . 'Z'/e;
    # From OpenSSL 3.6 on, a server sends none that is not about its own certificate.
    my $alien = Net::SSLeay::SSLeay() >= 0x30600000 ? 'none' : 'invalid';
    my ($found) = found_at($prober, none => {}, map { $_ => { staple => $staple{$_} } } keys %staple);
    is_deeply({ map { $_ => $found->{$_}{tls}{ocsp_staple} } keys %$found }, {
        none => 'none', good => 'good', delegated => 'good', revoked => 'revoked', 'of another certificate' => $alien, 'signed by nobody of authority' => 'invalid',
        'signed by another CA' => 'invalid', garbage => $alien, damaged => 'invalid',
    }, 'what each is');
};

subtest 'more than a server should send' => sub {
    my $long = { %$leaf, name => 'long', chain => write_file(work_dir() . '/long.pem', read_file($leaf->{file}) . read_file($ca->{file}) x 99) };
    my $huge = { %$leaf, name => 'huge', chain => write_file(work_dir() . '/huge.pem', read_file($leaf->{file}) . read_file($ca->{file}) x 300) };
    my ($found) = found_at($prober, long => { certificate => $long }, huge => { certificate => $huge });
    is($found->{long}{state}, 'tls', '100 certificates');
    is(scalar @{ $found->{long}{chain} }, 10, 'ten are told');
    is($found->{huge}{state}, 'tls-failed', '300 certificates are too many bytes');
    like($found->{huge}{reply}, qr/excessive message size|too large/i, 'and that is why');

    my @names = map { sprintf 'host-%04d.a-rather-long-name.example', $_ } 1 .. 1000;
    my $many = $certificates->make('many', subject => '/CN=mx.contoso.example', by => $ca, san => join ',', @names);
    ($found) = found_at($prober, many => { certificate => $many });
    is(scalar @{ $found->{many}{chain}[0]{names} }, 1000, 'a thousand names are told');
};

# The daemon looks for names in the server's certificate; a name that is not told is not there.
subtest 'more than fits into a line' => sub {
    my @names = map { sprintf 'host-%03d.a-rather-long-name.example', $_ } 1 .. 149;
    my $wide = $certificates->make('wide', subject => '/CN=mx.contoso.example', by => $ca, san => join ',', @names, 'mx.contoso.example');
    my $server = Forcetls::ScriptedSmtp->start(script => Forcetls::ScriptedSmtp::good(certificate => $wide), host => '0.0.0.0');
    my $dns = Forcetls::Dns->start('mx.contoso.example' => { A => [ map { "127.0.5.$_" } 1 .. 32 ] });
    my $prober = Forcetls::Prober->new(settings => { dns_servers => [ $dns->server ], trust_anchor => '', port => $server->port, timeout => 20 });
    my $answer = $prober->probe('[mx.contoso.example]', stores => $stores);
    ok($answer->{cut}, 'not all of it is told');
    my @found = @{ $answer->{hosts}[0]{addresses} };
    is_deeply([ map { $_->{state} } @found ], [ ('tls') x 32 ], 'all addresses are');
    is_deeply([ map { scalar @{ $_->{chain}[0]{names} } } @found ], [ (150) x 32 ], 'and all names in their certificates');
    is($prober->stop, 0, 'the prober is well');
    is($prober->not_believed, '', 'and the daemon believes all of it');
};

subtest 'renegotiation is refused' => sub {
    my $again = sub {
        my ($connection) = @_;
        Net::SSLeay::renegotiate($connection->{ssl});
        Net::SSLeay::do_handshake($connection->{ssl});
    };
    my @up_to = (Forcetls::ScriptedSmtp::up_to_starttls(), "220 go\r\n", [ tls => certificate => $leaf, max => 'TLSv1.2' ], [ expect => 'EHLO ' ]);
    my %script = (
        once => [ @up_to, [ do => $again ], "250 hello\r\n", [ expect => 'QUIT' ] ],
        'without end' => [ @up_to, [ do => sub { $again->($_[0]) for 1 .. 10000 } ], "250 hello\r\n", [ expect => 'QUIT' ] ],
    );
    for my $name (sort keys %script) {
        my $server = Forcetls::ScriptedSmtp->start(script => $script{$name});
        my $found = Forcetls::Prober::first_address($prober->probe($server->hop));
        is($found->{state}, 'tls', "$name: the state is known");
        is($found->{tls}{protocol}, 'TLSv1.2', "$name: and what was negotiated first");
    }
};

is($prober->stop, 0, 'it ends with 0');
is($prober->log, '', 'and has said nothing on standard error');
is($prober->not_believed, '', 'and the daemon believes all of it');
done_testing();
