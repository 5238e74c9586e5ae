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
    connectors => Forcetls::SessionCases::connectors() . <<'EOT',
  , { name = "own-servers"; direction = "inbound"; domains = [ "own.example" ];
    level = "encrypt"; action = "reject"; client_networks = [ "192.0.2.0/24" ]; }
EOT
    server => {
        main => 'smtpd_authorized_xclient_hosts = static:all',
        services =>
            { smtps => [ 'smtpd_tls_wrappermode = yes', 'smtpd_tls_security_level = encrypt' ] },
    },
);
Forcetls::SessionCases::run($scene);

subtest 'a sender in an internationalised domain, as a U-label (SMTPUTF8)' => sub {
    my $smtp = $scene->session;
    like($smtp->mail("a\@b\xc3\xbccher.example", 'SMTPUTF8'), qr/^250 /, 'MAIL');
    my $reply = $smtp->rcpt('b@example.org');
    is(
        $reply,
        Forcetls::Scene::refusal(
            '550 5.7.10', 'xn--bcher-kva.example', 'books', 'this session is not encrypted'
        ),
        'rejected, ASCII text'
    );
    $smtp->quit;
    my ($line) = $scene->daemon->verdicts(1);
    $scene->check_line(
        $line, $reply,
        verdict => 'reject',
        connector => 'books',
        from => "<a\@b\xc3\xbccher.example>"
    );
    like(
        $line && $line->line,
        qr/from="<a\@b\\xC3\\xBCcher\.example>"/i,
        'the log shows the sender in ASCII'
    );
};

subtest 'TLS from the first octet on (smtpd_tls_wrappermode)' => sub {
    my $with = $scene->session(
        service => 'smtps',
        wrapped => { certificate => $scene->{certificates}{partner} }
    );
    like(
        ($with->message('a@contoso.com', 'b@example.org'))[-1],
        qr/^250 2\.0\.0 /,
        'with the certificate: accepted'
    );
    $with->quit;
    $scene->accepted;
    my $without = $scene->session(service => 'smtps', wrapped => {});
    $without->mail('a@contoso.com');
    like(
        $without->rcpt('b@example.org'),
        qr/^550 5\.7\.5 Encryption needed: .* no trusted client certificate was seen/,
        'without: rejected'
    );
    $without->quit;
    my @lines = $scene->daemon->verdicts(2);
    is(join(' ', map { $_->field('verdict') } @lines), 'pass reject', 'lines in the log');
};

# Postfix lets an authorized proxy say who the client really is; the TLS session stays the one that
# the proxy has.
subtest 'a new identity by XCLIENT over a TLS session: the new address counts at once' => sub {
    my $wrong =
        '550 5.7.1 Wrong client: mail from own.example must come from its own servers '
        . '(connector own-servers): %s is not one of its addresses; '
        . $Forcetls::Scene::CONTACT;
    my $smtp = $scene->session(tls => { certificate => 'partner' });
    my $judged = sub {
        my ($name, $address) = @_;
        like($smtp->say("XCLIENT NAME=$name ADDR=$address PORT=4711"),
            qr/^220 /, "XCLIENT $address is taken");
        $smtp->ehlo;
        $smtp->mail('a@own.example');
        return $smtp->rcpt('b@example.org');
    };
    $smtp->mail('a@own.example');
    is($smtp->rcpt('b@example.org'), sprintf($wrong, '127.0.0.1'), 'before: rejected');
    $smtp->rset;
    like($judged->('mail.own.example', '192.0.2.77'),
        qr/^250 /, 'one of the partner\'s addresses: accepted');
    $smtp->rset;
    is(
        $judged->('mail.evil.test', '198.51.100.7'),
        sprintf($wrong, '198.51.100.7'),
        'another one: rejected'
    );
    $smtp->rset;
    is(
        $judged->('mail.own.example', 'IPv6:2001:db8::7'),
        sprintf($wrong, '2001:db8::7'),
        'another one, IPv6: rejected'
    );
    $smtp->quit;
    is(
        join(' ', map { $_->field('client') } $scene->daemon->verdicts(3)),
        'unknown[127.0.0.1] mail.evil.test[198.51.100.7] mail.own.example[2001:db8::7]',
        'the log shows each'
    );
};

subtest 'a new identity by XCLIENT in plaintext' => sub {
    my $smtp = $scene->session;
    $smtp->say('XCLIENT NAME=mail.tax.example ADDR=192.0.2.25');
    $smtp->ehlo;
    $smtp->mail('a@tax.example');
    my $reply = $smtp->rcpt('b@example.org');
    $smtp->quit;
    my ($line) = $scene->daemon->verdicts(1);
    $scene->check_line(
        $line, $reply,
        verdict => 'reject',
        reason => 'no-tls',
        client => 'mail.tax.example[192.0.2.25]'
    );
};

$scene->finish;
done_testing();
