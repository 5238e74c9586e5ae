#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Mail that comes from here: sendmail(1), the loopback, users who logged in. No partner sent it,
# whatever sender it carries.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Harness qw(wait_for);
use Forcetls::Scene;
use Test::More;

my $connectors = <<'EOT';
  { name = "contoso-in"; direction = "inbound"; domains = [ "contoso.com" ];
    level = "secure"; action = "reject"; },
  { name = "everybody";  direction = "inbound"; domains = [ "*" ]; level = "encrypt"; }
EOT

my $scene = Forcetls::Scene->new(
    mta => 'postfix',
    connectors => $connectors,
    trusting => 1,
    policy => 1,
    server => {
        main =>
            "non_smtpd_milters = unix:forcetls/milter.sock\n"
            . "smtpd_authorized_xclient_hosts = 127.0.0.0/8\n"
    },
);
my $mta = $scene->mta;
my $refused = Forcetls::Scene::refusal('550 5.7.10', 'contoso.com', 'contoso-in',
    'this session is not encrypted');

# Not because of where it comes from: nothing is exempt for the moment.
$scene->daemon->reload(settings => 'inbound_exempt_networks = [ ];');
for my $sender ('a@contoso.com', 'root', '<>') {
    subtest "sendmail(1) with the sender $sender is accepted and delivered" => sub {
        my ($status, $out) = $mta->submit("Subject: local\n\nHello.\n",
            '-f', $sender, 'b@example.org', 'c@example.net');
        is($status, 0, 'sendmail(1) takes it');
        is($out, '', 'and says nothing');
        $scene->accepted(2);
        is($mta->wait_delivered($scene->{delivered}), $scene->{delivered},
            'both recipients get it');
        ok(wait_for(10, sub { $mta->queued == 0 }), 'nothing stays, least of all in maildrop');
        is(
            scalar(
                grep { ($_->field('verdict') // '') !~ /^(?:pass|exempt)$/ }
                    $scene->daemon->verdicts(0)
            ),
            0,
            'no refusal in the log'
        );
    };
}

subtest 'the same sender by SMTP from this very host is judged where nothing is exempt' => sub {
    is($scene->send(from => 'a@contoso.com'), $refused, 'rejected');
    $scene->daemon->verdicts(1);
};

$scene->daemon->reload(settings => '');
subtest 'the loopback is exempt by default, and that is logged' => sub {
    like($scene->send(from => 'a@contoso.com'), qr/^250 2\.0\.0 /, 'accepted');
    $scene->accepted;
    my ($line) = $scene->daemon->verdicts(1);
    $scene->check_line(
        $line, '',
        verdict => 'exempt',
        reason => 'network',
        connector => 'contoso-in',
        client => qr/\[127\.0\.0\.1\]$/
    );
};

# A session from elsewhere, as an authorized proxy would present it.
sub from_outside
{
    my ($login, $sender) = @_;
    my $smtp = $scene->session;
    like(
        $smtp->say('XCLIENT NAME=client.example ADDR=192.0.2.50' . ($login ? " LOGIN=$login" : '')),
        qr/^220 /,
        'XCLIENT is taken'
    );
    $smtp->ehlo;
    my @replies = $smtp->message($sender // 'a@contoso.com', 'b@example.org');
    $smtp->quit;
    return $replies[-1];
}

subtest 'anybody else is judged' => sub {
    is(from_outside(), $refused, 'rejected');
    my ($line) = $scene->daemon->verdicts(1);
    $scene->check_line(
        $line, $refused,
        verdict => 'reject',
        client => 'client.example[192.0.2.50]'
    );
};

subtest '"*" means everybody, senders without a domain and the null sender too' => sub {
    for my $sender ('x@ordinary.example', 'root', '') {
        like(
            from_outside(undef, $sender),
            qr/^451 4\.7\.10 .* mail from \S+.* \(connector everybody\): .* is not encrypted; /,
            "<$sender>: deferred"
        );
    }
    is(
        join(' ', map { $_->field('connector') } $scene->daemon->verdicts(3)),
        'everybody everybody everybody',
        'lines in the log'
    );
};

subtest 'a user who logged in is judged like anybody, by default' => sub {
    is(from_outside('alice'), $refused, 'rejected');
    $scene->daemon->verdicts(1);
};

subtest 'with inbound_exempt_authenticated a user who logged in is exempt' => sub {
    $scene->daemon->reload(settings => 'inbound_exempt_authenticated = true;');
    like(from_outside('alice'), qr/^250 2\.0\.0 /, 'accepted');
    $scene->accepted;
    my ($line) = $scene->daemon->verdicts(1);
    $scene->check_line(
        $line, '',
        verdict => 'exempt',
        reason => 'authenticated',
        connector => 'contoso-in'
    );
    is(from_outside(), $refused, 'and nobody else is');
    $scene->daemon->verdicts(1);
};

subtest 'bounces that Postfix makes itself are none of our business' => sub {
    my $before = $scene->daemon->log;
    my ($status) = $mta->submit("Subject: bounce me\n\nHello.\n",
        '-f', 'x@example.org', '-N', 'success', 'b@example.org');
    is($status, 0, 'a message with a request for a success notice');
    $scene->accepted(2);    # the message, and the notice
    is($mta->wait_delivered($scene->{delivered}),
        $scene->{delivered}, 'the message and the notice are delivered');
    $scene->daemon->verdicts(0);
};

$scene->finish;
done_testing();
