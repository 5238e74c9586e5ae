#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# What a session can do to what is known of it, at a real Postfix.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Scene;
use Forcetls::SessionCases;
use Test::More;

my $scene = Forcetls::Scene->new(
    mta => 'postfix',
    connectors => Forcetls::SessionCases::connectors(),
    server => { main => 'smtpd_authorized_xclient_hosts = 127.0.0.0/8' },
);
Forcetls::SessionCases::run($scene);

subtest 'a sender in an internationalised domain, as a U-label (SMTPUTF8)' => sub {
    my $smtp = $scene->session;
    like($smtp->mail("a\@b\xc3\xbccher.example", 'SMTPUTF8'), qr/^250 /, 'MAIL');
    my $reply = $smtp->rcpt('b@example.org');
    is($reply, Forcetls::Scene::refusal('550 5.7.10', 'xn--bcher-kva.example', 'books', 'this session is not encrypted'), 'rejected, ASCII text');
    $smtp->quit;
    my ($line) = $scene->daemon->verdicts(1);
    $scene->check_line($line, $reply, verdict => 'reject', connector => 'books', from => "<a\@b\xc3\xbccher.example>");
    like($line->line, qr/from="<a\@b\\xC3\\xBCcher\.example>"/i, 'the log shows the sender in ASCII');
};

# Postfix lets an authorized proxy say who the client really is, also over a TLS session.
subtest 'a new identity by XCLIENT over a TLS session' => sub {
    my $smtp = $scene->session(tls => { certificate => 'partner' });
    like($smtp->say('XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.77 PORT=4711'), qr/^220 /, 'XCLIENT is taken');
    $smtp->ehlo;
    $smtp->mail('a@contoso.com');
    my $reply = $smtp->rcpt('b@example.org');
    $smtp->quit;
    my ($line) = $scene->daemon->verdicts($reply =~ /^250/ ? 0 : 1);
    like($reply, qr/^(?:250 2\.1\.5|[45]\d\d [45]\.7\.\d+) /, 'the answer is one of ours');
    is($line->field('client'), 'unknown[192.0.2.77]', 'the client of the log is the new one') if $line;
};

subtest 'a new identity by XCLIENT in plaintext' => sub {
    my $smtp = $scene->session;
    $smtp->say('XCLIENT NAME=mail.tax.example ADDR=192.0.2.25');
    $smtp->ehlo;
    $smtp->mail('a@tax.example');
    my $reply = $smtp->rcpt('b@example.org');
    $smtp->quit;
    my ($line) = $scene->daemon->verdicts(1);
    $scene->check_line($line, $reply, verdict => 'reject', reason => 'no-tls', client => 'mail.tax.example[192.0.2.25]');
};

$scene->finish;
done_testing();
