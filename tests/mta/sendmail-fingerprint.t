#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Pinned certificates at a real Sendmail: it tells a milter the fingerprint, of untrusted
# certificates too; as SHA-256 only if it is told to, and never that of the public key.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Scene;
use Test::More;

my $sha256 = q{define(`confCERT_FINGERPRINT_ALGORITHM', `sha256')dnl};
my $scene = Forcetls::Scene->new(mta => 'sendmail', start => 0, server => { mc => $sha256 });
my ($maker, $world) = @$scene{qw(maker certificates)};
$world->{pinned} = $maker->make('pinned', subject => '/CN=mail.contoso.com');
$world->{other} = $maker->make('other', subject => '/CN=mail.contoso.com');
my $print = Forcetls::Certificates::fingerprint($world->{pinned});
my $key = Forcetls::Certificates::public_key_fingerprint($world->{pinned});

$scene->daemon->configure(connectors => <<"EOT");
  { name = "by-print"; direction = "inbound"; domains = [ "print.example" ];
    level = "fingerprint"; action = "reject";
    certificates = ( { fingerprint = "$print"; } ); },
  { name = "by-key";   direction = "inbound"; domains = [ "key.example" ];
    level = "fingerprint"; action = "reject";
    certificates = ( { public_key = "$key"; } ); }
EOT
$scene->start;

$scene->check(
    title => 'a pinned self-signed certificate is accepted',
    from => 'a@print.example',
    tls => { certificate => 'pinned' },
    reply => 'accepted',
    log => {
        verdict => 'pass',
        connector => 'by-print',
        level => 'fingerprint',
        certificate => 'untrusted',
        fingerprint => lc $print =~ s/://gr
    }
);
$scene->check(
    title => 'another one with the same name is rejected',
    from => 'a@print.example',
    tls => { certificate => 'other' },
    reply =>
        qr/^550 5\.7\.5 .* \(connector by-print\): .* fingerprint [0-9a-f]{16}\.\.\. is not /,
    log => { verdict => 'reject', reason => 'certificate-mismatch' }
);
$scene->check(
    title => 'a trusted one that is not the pinned one is rejected',
    from => 'a@print.example',
    tls => { certificate => 'partner' },
    reply =>
        qr/^550 5\.7\.5 .* \(connector by-print\): .* fingerprint [0-9a-f]{16}\.\.\. is not /,
    log => { verdict => 'reject', reason => 'certificate-mismatch' }
);
$scene->check(
    title => 'no certificate: rejected',
    from => 'a@print.example',
    tls => {},
    reply => Forcetls::Scene::refusal(
        '550 5.7.5', 'print.example', 'by-print', 'no client certificate was sent'
    ),
    log => { verdict => 'reject', reason => 'no-certificate', certificate => 'none' }
);
$scene->check(
    title => 'Sendmail does not tell public keys: deferred',
    from => 'a@key.example',
    tls => { certificate => 'pinned' },
    reply => Forcetls::Scene::refusal(
        '451 4.3.5', 'key.example',
        'by-key', 'Sendmail does not report public keys (use fingerprint)'
    ),
    log => { verdict => 'defer', reason => 'not-reported' }
);

$scene->mta->stop;
$scene->mta->configure(certificates => $world);
$scene->mta->start;
$scene->check(
    title => 'Sendmail tells MD5 by default: deferred, the text names the setting',
    from => 'a@print.example',
    tls => { certificate => 'pinned' },
    reply => Forcetls::Scene::refusal(
        '451 4.3.5', 'print.example', 'by-print',
        'no SHA-256 fingerprint was reported (sendmail.cf: CertFingerprintAlgorithm=sha256)'
    ),
    log => { verdict => 'defer', reason => 'not-reported' }
);

$scene->finish;
done_testing();
