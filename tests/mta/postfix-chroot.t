#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Postfix as Debian ships it: its own master.cf, smtpd in a chroot, sockets by names that start at
# the queue directory; and both programs' lines in the maillog, side by side.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Harness qw(need_root wait_for work_dir);
use Forcetls::Scene;
use Test::More;

need_root();
my $scene = Forcetls::Scene->new(
    mta => 'postfix',
    policy => 1,
    start => 0,
    server => {
        chroot => 1,
        hosts => "127.0.25.1 mail.contoso.com\n",
        services => {
            absolute =>
                [ 'smtpd_milters = unix:' . work_dir() . '/postfix/spool/forcetls/milter.sock' ]
        }
    },
);
my ($maker, $world) = @$scene{qw(maker certificates)};
$world->{pinned} = $maker->make('pinned', subject => '/CN=mail.fabrikam.example');
my $print = Forcetls::Certificates::fingerprint($world->{pinned});
$scene->daemon->configure(connectors => <<"EOT");
  { name = "contoso-in";  direction = "inbound"; domains = [ "contoso.com" ];
    level = "secure"; action = "reject";
    certificates = ( { name = "mail.contoso.com"; } ); },
  { name = "fabrikam-in"; direction = "inbound"; domains = [ "fabrikam.example" ];
    level = "fingerprint"; action = "reject";
    certificates = ( { fingerprint = "$print"; } ); }
EOT
$scene->start;

my $refused = Forcetls::Scene::refusal('550 5.7.10', 'contoso.com', 'contoso-in',
    'this session is not encrypted');
my %client = (client => '127.0.25.1', helo => 'mail.contoso.com');
my $name = 'mail.contoso.com[127.0.25.1]';

$scene->check(
    title => 'plaintext is rejected',
    from => 'a@contoso.com',
    %client,
    reply => $refused,
    log => { verdict => 'reject', reason => 'no-tls', connector => 'contoso-in', client => $name }
);
$scene->check(
    title => 'the partner\'s certificate is accepted',
    from => 'a@contoso.com',
    %client,
    tls => { certificate => 'partner' },
    reply => 'accepted',
    log => {
        verdict => 'pass',
        connector => 'contoso-in',
        client => $name,
        subject => 'mail.contoso.com'
    }
);
$scene->check(
    title => 'a pinned self-signed certificate is accepted',
    from => 'a@fabrikam.example',
    tls => { certificate => 'pinned' },
    reply => 'accepted',
    log => { verdict => 'pass', connector => 'fabrikam-in' }
);
$scene->check(
    title => 'mail of nobody in the file is accepted',
    from => 'x@ordinary.example',
    reply => 'accepted',
    log => undef
);

subtest 'smtpd is in its chroot: a socket by its absolute name is not there, and all mail waits' =>
    sub {
    my $session = $scene->session(service => 'absolute');
    my $reply =
        $session->greeting =~ /^220/ ? $session->mail('x@ordinary.example') : $session->greeting;
    like($reply, qr{^4\d\d }, 'nothing is accepted');
    $session->leave;
    };

subtest 'Postfix says in the maillog what the partner was told' => sub {
    my $wanted =
        "milter-reject: RCPT from $name: $refused; from=<a\@contoso.com> to=<b\@example.org> "
        . 'proto=ESMTP helo=<mail.contoso.com>';
    ok(wait_for(5, sub { index($scene->mta->maillog, $wanted) >= 0 }),
        'milter-reject with our text')
        or diag($scene->mta->maillog);
    unlike(
        $scene->mta->maillog =~ s/^.*connect to Milter service unix:\/.*//mr,
        qr/ (?:warning|error|fatal): /,
        'and has nothing to complain of'
    );
};

$scene->finish;
done_testing();
