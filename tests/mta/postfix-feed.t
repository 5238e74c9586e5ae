#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Pinned certificates at a real Postfix: it tells a policy server what it does not tell a milter,
# and forcetls is both. What happens when that second way is not there, or lies.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::CaseFile;
use Forcetls::Certificates;
use Forcetls::Policy;
use Forcetls::Scene;
use Test::More;

my $feed = 'smtpd_sender_restrictions = '
    . 'check_policy_service { unix:forcetls/%s.sock, timeout=1s, default_action=DUNNO }';
my $scene = Forcetls::Scene->new(
    mta => 'postfix',
    policy => 1,
    start => 0,
    server => {
        main => 'smtpd_authorized_xclient_hosts = 127.0.0.0/8',
        services => {
            'no-line' => ['smtpd_sender_restrictions ='],
            down => [ sprintf $feed, 'nobody' ],
            hung => [ sprintf $feed, 'deaf' ],
            md5 => ['smtpd_tls_fingerprint_digest = md5'],
            'not-asked' => ['smtpd_tls_ask_ccert = no'],
        },
    },
);
my ($maker, $world) = @$scene{qw(maker certificates)};
$world->{pinned} = $maker->make('pinned', subject => '/CN=mail.contoso.com');
$world->{other} = $maker->make('other', subject => '/CN=mail.contoso.com');
$world->{expired} = $maker->make('expired', subject => '/CN=mail.contoso.com', expired => 1);
$world->{partner2} =
    $maker->make('partner2', subject => '/CN=mail.contoso.com', by => $world->{ca});
$world->{servers_only} = $maker->make(
    'servers_only',
    subject => '/CN=mail.contoso.com',
    usage => 'serverAuth',
    by => $world->{ca}
);
my %print = map { $_ => Forcetls::Certificates::fingerprint($world->{$_}) }
    qw(pinned other expired partner partner2);
my %key = map { $_ => Forcetls::Certificates::public_key_fingerprint($world->{$_}) }
    qw(pinned other);

$scene->daemon->configure(connectors => <<"EOT");
  { name = "by-print"; direction = "inbound"; domains = [ "print.example" ];
    level = "fingerprint"; action = "reject";
    certificates = ( { fingerprint = "$print{pinned}"; } ); },
  { name = "by-key";   direction = "inbound"; domains = [ "key.example" ];
    level = "fingerprint"; action = "reject";
    certificates = ( { public_key = "$key{pinned}"; } ); },
  { name = "by-file";  direction = "inbound"; domains = [ "file.example" ];
    level = "fingerprint"; action = "reject";
    certificates = ( { pin_file = "$world->{servers_only}{file}"; } ); },
  { name = "by-dead";  direction = "inbound"; domains = [ "dead.example" ];
    level = "fingerprint"; action = "reject";
    certificates = ( { fingerprint = "$print{expired}"; } ); },
  { name = "chained";  direction = "inbound"; domains = [ "chained.example" ];
    level = "secure"; action = "reject";
    certificates = ( { name = "mail.contoso.com"; fingerprint = "$print{partner}"; } ); },
  { name = "named";    direction = "inbound"; domains = [ "named.example" ];
    level = "secure"; action = "reject";
    certificates = ( { name = "mail.contoso.com"; } ); },
  { name = "plain";    direction = "inbound"; domains = [ "tax.example" ];
    level = "encrypt"; action = "reject"; }
EOT
$scene->start;
Forcetls::Policy::deaf_server($scene->mta->socket_dir . '/deaf.sock');

my $line_missing = 'the fingerprint was not reported '
    . '(main.cf: smtpd_sender_restrictions = check_policy_service ...)';

# The first digits of fingerprints, for the cases; replies show no more of them.
my %digits = map { $_ => substr lc($print{$_}) =~ s/://gr, 0, 16 } keys %print;
$digits{other_key} = substr $key{other} =~ s/://gr, 0, 16;
$scene->check(%$_) for Forcetls::CaseFile::cases('postfix', 'feed.cases', %digits);

subtest 'several recipients of one message are each judged by the feed' => sub {
    my $smtp = $scene->session(tls => { certificate => 'pinned' });
    my @replies = $smtp->message('a@print.example', qw(b@example.org c@example.org d@example.net));
    like($_, qr/^250 /, 'accepted') for @replies;
    $smtp->quit;
    $scene->accepted(3);
    my ($line) = $scene->daemon->verdicts(1);
    $scene->check_line($line, '', verdict => 'pass', connector => 'by-print', nrcpt => 3);
};

subtest 'Postfix asks nobody about RCPT TO:<postmaster>: not reported' => sub {
    my $smtp = $scene->session(tls => { certificate => 'pinned' });
    $smtp->mail('a@print.example');
    is($smtp->rcpt('postmaster'),
        Forcetls::Scene::refusal('451 4.3.5', 'print.example', 'by-print', $line_missing),
        'deferred');
    $smtp->quit;
    my ($line) = $scene->daemon->verdicts(1);
    $scene->check_line($line, undef, verdict => 'defer', reason => 'not-reported');
};

# Through XCLIENT two sessions can have the same addresses and ports.
sub same_session
{
    my ($certificate) = @_;
    my $smtp = $scene->session;
    $smtp->say('XCLIENT NAME=twin.example ADDR=192.0.2.99 PORT=4711');
    $smtp->ehlo;
    $smtp->starttls(certificate => $world->{$certificate});
    $smtp->ehlo;
    return $smtp;
}

my %of_pinned = (
    client_address => '192.0.2.99',
    client_port => 4711,
    client_name => 'twin.example',
    reverse_client_name => 'twin.example',
    server_address => '127.0.0.1',
    server_port => $scene->mta->port,
    helo_name => 'client.test',
    sender => 'a@print.example',
    recipient => 'b@example.org',
    queue_id => '',
    instance => '123.456.789.0',
    size => 0,
    etrn_domain => '',
    stress => '',
    sasl_method => '',
    sasl_username => '',
    sasl_sender => '',
    ccert_subject => 'mail.contoso.com',
    ccert_issuer => 'mail.contoso.com',
    ccert_fingerprint => $print{pinned},
    ccert_pubkey_fingerprint => uc $key{pinned},
    encryption_protocol => 'TLSv1.3',
    encryption_cipher => 'TLS_AES_256_GCM_SHA384',
    encryption_keysize => 256,
    policy_context => '',
    compatibility_level => '3.6',
    mail_version => '3.7.11',
);

subtest 'two sessions with the same addresses and ports: no fingerprint counts' => sub {
    my $smtp = same_session('other');
    is(
        $smtp->tls,
        'TLSv1.3 TLS_AES_256_GCM_SHA384',
        'protocol and cipher are what the other session\'s are'
    );
    my $twin = Forcetls::Policy->new($scene->daemon->policy_socket);
    is($twin->ask(%of_pinned), "action=DUNNO\n\n", 'the other session is announced');
    $smtp->mail('a@print.example');
    is(
        $smtp->rcpt('b@example.org'),
        Forcetls::Scene::refusal('451 4.3.5', 'print.example', 'by-print', $line_missing),
        'deferred: it cannot be told whose it is'
    );
    $smtp->rset;
    $twin->leave;
    # Once another request has been answered, the end of that connection has been noticed.
    Forcetls::Policy->new($scene->daemon->policy_socket)->ask(%of_pinned, client_port => 1);
    $smtp->mail('a@print.example');
    like(
        $smtp->rcpt('b@example.org'),
        qr/^550 5\.7\.5 .* certificate's fingerprint $digits{other}/,
        'once alone again, it is judged by its own'
    );
    $smtp->quit;
    $scene->daemon->verdicts(2);
};

# A session that Postfix does not ask us about, with the wrong certificate, and a feed that says it
# showed the right one: the reply to its recipient.
sub with_feed
{
    my (%change) = @_;
    my $smtp = $scene->session(service => 'no-line');
    $smtp->say('XCLIENT NAME=twin.example ADDR=192.0.2.99 PORT=4711');
    $smtp->ehlo;
    $smtp->starttls(certificate => $world->{other});
    $smtp->ehlo;
    $smtp->mail('a@print.example');
    my $feed = Forcetls::Policy->new($scene->daemon->policy_socket);
    $feed->ask(%of_pinned, server_port => $scene->mta->port('no-line'), %change);
    my $reply = $smtp->rcpt('b@example.org');
    $smtp->quit;
    return $reply;
}

subtest 'what the feed says counts when everything agrees' => sub {
    like(with_feed(), qr/^250 2\.1\.5 /, 'accepted');
};

for my $lie (
    [ 'about another recipient', recipient => 'c@example.org' ],
    [ 'of another protocol', encryption_protocol => 'TLSv1.2' ],
    [ 'of another cipher', encryption_cipher => 'TLS_CHACHA20_POLY1305_SHA256' ],
    [ 'about another port', client_port => 4712 ],
    [ 'about another client', client_address => '192.0.2.98' ],
    [ 'at another step of the session', protocol_state => 'MAIL' ],
    [ 'with half a fingerprint', ccert_fingerprint => substr $print{pinned}, 0, 47 ],
    )
{
    my ($title, %change) = @$lie;
    subtest "what the feed says $title does not count" => sub {
        like(with_feed(%change), qr/^451 4\.3\.5 /, 'deferred');
        my ($line) = $scene->daemon->verdicts(1);
        $scene->check_line($line, undef, verdict => 'defer', reason => 'not-reported');
    };
}

subtest 'many such sessions at once: nobody passes with somebody else\'s certificate' => sub {
    my @good = map { same_session('pinned') } 1 .. 4;
    my @bad = map { same_session('other') } 1 .. 4;
    my %answers;
    for (1 .. 25) {
        $_->put("MAIL FROM:<a\@print.example>\r\nRCPT TO:<b\@example.org>\r\nRSET\r\n")
            for @good, @bad;
        for my $who ([ good => @good ], [ bad => @bad ]) {
            my ($name, @sessions) = @$who;
            for my $session (@sessions) {
                my ($mail, $rcpt, $rset) = map { $session->reply } 1 .. 3;
                $answers{$name}{ substr $rcpt, 0, 3 }++;
            }
        }
    }
    note join ', ', map {
        my $who = $_;
        map { "$who certificate: $answers{$who}{$_} times $_" } sort keys %{ $answers{$who} }
    } sort keys %answers;
    is($answers{bad}{250} // 0,
        0, 'no recipient of a session with the wrong certificate was accepted');
    is(($answers{bad}{451} // 0) + ($answers{bad}{550} // 0),
        100, 'each of them was refused, or deferred where it could not be told');
    is($answers{good}{550} // 0,
        0, 'no recipient of a session with the right one was rejected for good');
    $_->quit for @good, @bad;
    # As many lines as there were refusals: how many collided is up to chance.
    $scene->daemon->stop;
    $scene->daemon->verdicts(0);
    $scene->daemon->start;
};

$scene->finish;
done_testing();
