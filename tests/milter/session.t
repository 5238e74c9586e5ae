#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The milter protocol side of a session, spoken byte by byte: what is negotiated, which macros
# count and which are stale, the order of commands, MTAs that offer less than today's.
use strict;
use warnings;
use Test::More;

use Forcetls::Bare;
use Forcetls::Milter;

my $bare = Forcetls::Bare->new(connectors => <<'END');
  { name = "encrypt-in"; direction = "inbound"; domains = [ "contoso.com" ]; level = "encrypt"; action = "reject"; },
  { name = "secure-in"; direction = "inbound"; domains = [ "*.fabrikam.com" ]; level = "secure"; action = "reject";
    certificates = ( { name = "mail.fabrikam.com"; issuer = "Fabrikam CA"; } ); },
  { name = "local-only"; direction = "inbound"; domains = [ "tax.example" ]; level = "encrypt"; action = "reject";
    local_domains = [ "books.example" ]; },
  { name = "bounces"; direction = "inbound"; domains = [ "bank.example" ]; level = "encrypt"; action = "reject";
    client_networks = [ "198.51.100.0/24" ]; },
  { name = "strict"; direction = "inbound"; domains = [ "bank2.example" ]; level = "encrypt"; action = "reject"; },
  { name = "lax"; direction = "inbound"; domains = [ "bank2.example" ]; level = "may"; local_domains = [ "lists.example.org" ]; },
  { name = "forwarded"; direction = "inbound"; domains = [ "school.example" ]; level = "encrypt"; action = "reject";
    exempt_networks = [ "192.0.2.77" ]; }
END
$bare->start;

my %tls = %{ Forcetls::Milter::postfix_tls() };
my %postfix = (v => 'Postfix 3.7.11', '{client_port}' => '40000', '{daemon_port}' => '25');

# A connection after CONNECT and HELO.
sub session {
    my (%arg) = @_;
    my $mta = $bare->connect;
    $mta->negotiate(%{ $arg{offer} || {} });
    $mta->connect(macros => { %postfix, %{ $arg{connect} || {} } }, addr => $arg{addr});
    $mta->helo($arg{helo} || 'client.example', macros => $arg{helo_macros});
    return $mta;
}

# The answer to one recipient of one message in a new session.
sub answer {
    my (%arg) = @_;
    my $mta = session(%arg);
    my $mail = $mta->mail($arg{from} || '<a@contoso.com>', macros => $arg{mail});
    return "MAIL: $mail" if $mail ne 'continue';
    return $mta->rcpt($arg{to} || '<b@example.org>', macros => $arg{rcpt});
}

subtest 'negotiation asks for what is needed and no more' => sub {
    my $mta = $bare->connect;
    my ($version, $actions, $steps, $lists) = $mta->negotiate;
    is($version, 6, 'protocol 6');
    ok($actions & $Forcetls::Milter::SETSYMLIST, 'our own macro lists');
    is($actions & ~$Forcetls::Milter::SETSYMLIST, 0, 'no right to change anything');
    is($steps & 0x7f, 0x70, 'connect, helo, mail and rcpt, but no body, no headers');
    ok($steps & 0x100 && $steps & 0x200, 'no unknown commands, no DATA');
    ok($steps & 0x1000 && $steps & 0x2000, 'no replies to CONNECT and HELO');
    ok(!($steps & 0x800), 'refused recipients are not asked for');
    like($lists->{2}, qr/\{tls_version\}.*\{verify\}/, 'TLS macros are asked for at MAIL');
    unlike("$lists->{0} $lists->{1}", qr/tls|cert/, 'and not before');
};

my $no_tls = qr/^550 5\.7\.10 Encryption needed: mail from contoso\.com must arrive over TLS \(connector encrypt-in\): this session is not encrypted; postmaster\@example\.org$/;

like(answer(), $no_tls, 'plaintext is refused, with the reason');
is(answer(mail => \%tls), 'continue', 'TLS passes');
is(answer(from => '<a@other.example>'), 'MAIL: accept',
    'a sender that no connector can concern ends the callbacks at MAIL');
is(answer(from => '<a@evilcontoso.com>'), 'MAIL: accept', 'a look-alike is not the partner');

subtest 'macros that are stale do not count' => sub {
    my $mta = session();
    is($mta->mail('<a@contoso.com>', macros => \%tls), 'continue', 'first message over TLS');
    is($mta->rcpt('<b@example.org>'), 'continue', 'its recipient passes');
    is($mta->end_of_message(macros => { i => '4XqZ8l2bYz' }), 'continue', 'its end');
    is($mta->mail('<a@contoso.com>', macros => { i => 'x' }), 'continue', 'second message, nothing about TLS');
    like($mta->rcpt('<b@example.org>'), $no_tls, 'what the first message said is forgotten');
};

subtest 'RSET forgets the message and not the session' => sub {
    my $mta = session();
    is($mta->mail('<a@contoso.com>', macros => \%tls), 'continue');
    $mta->abort;
    is($mta->mail('<a@contoso.com>', macros => { i => 'x' }), 'continue');
    like($mta->rcpt('<b@example.org>'), $no_tls, 'plaintext after RSET');
    $mta->abort;
    is($mta->mail('<a@contoso.com>', macros => \%tls), 'continue');
    is($mta->rcpt('<b@example.org>'), 'continue', 'TLS after RSET');
};

subtest 'a second HELO after STARTTLS may be missing' => sub {
    my $mta = session();
    is($mta->mail('<a@contoso.com>', macros => \%tls), 'continue');
    is($mta->rcpt('<b@example.org>'), 'continue', 'only MAIL tells of TLS, and that is enough');
};

subtest 'an MTA that does not take our macro lists' => sub {
    my %old = (offer => { version => 2, actions => 0x3f, steps => 0x7f });
    like(answer(%old), qr/^451 4\.3\.5 .*reported nothing about TLS/, 'nothing reported is no plaintext and no pass');
    is(answer(%old, helo_macros => \%tls), 'continue', 'TLS macros at HELO, where such an MTA sends them');
    like(answer(%old, connect => { v => 'x' }, from => '<a@fabrikam.com>',
            helo_macros => { %tls, '{cert_issuer}' => 'Fabrikam CA', '{cert_subject}' => 'mail.fabrikam.com' }),
        qr/^451 4\.3\.5 .*\{verify\}/, 'an issuer without {verify} from an unknown MTA is no trust');
};

subtest 'certificates: what each MTA says' => sub {
    my %from = (from => '<a@sub.fabrikam.com>');
    my %name = ('{cert_subject}' => 'mail.fabrikam.com', '{cert_issuer}' => 'Fabrikam CA');
    like(answer(%from, mail => \%tls), qr/^550 5\.7\.5 .*no trusted client certificate/, 'Postfix: none, or untrusted');
    is(answer(%from, mail => { %tls, %name }), 'continue', 'Postfix: the partner');
    like(answer(%from, mail => { %tls, %name, '{cert_subject}' => 'mail.fabrikam.com.evil.example' }),
        qr/^550 5\.7\.5 .*name 'mail\.fabrikam\.com\.evil\.example' is not 'mail\.fabrikam\.com'/, 'Postfix: another name');
    like(answer(%from, mail => { %tls, %name, '{cert_issuer}' => 'Other CA' }),
        qr/^550 5\.7\.5 .*issuer 'Other CA' is not 'Fabrikam CA'/, 'Postfix: another issuer');
    like(answer(%from, mail => { %tls, %name, '{cert_subject}' => '' }), qr/^451 4\.3\.5 .*no common name/,
        'Postfix: a certificate without a common name cannot be told');
    my %sendmail = (connect => { v => '8.18.1' });
    my $macros = Forcetls::Milter::sendmail_tls('{verify}' => 'OK', '{cn_subject}' => 'mail.fabrikam.com',
        '{cn_issuer}' => 'Fabrikam+20CA', '{cert_subject}' => '/CN=mail.fabrikam.com', '{cert_issuer}' => '/CN=Fabrikam+20CA');
    is(answer(%from, %sendmail, mail => $macros), 'continue', 'Sendmail: the partner');
    like(answer(%from, %sendmail, mail => { %$macros, '{verify}' => 'FAIL' }), qr/^550 5\.7\.5 .*not trusted/,
        'Sendmail: the same names, untrusted');
    like(answer(%from, %sendmail, mail => { %$macros, '{verify}' => 'NO' }), qr/^550 5\.7\.5 .*no client certificate/,
        'Sendmail: no certificate');
    like(answer(%from, %sendmail, mail => { %$macros, '{verify}' => 'TEMP' }), qr/^451 4\.3\.5/,
        'Sendmail: a word that says neither');
};

subtest 'contradictions are deferred' => sub {
    my $deferred = qr/^451 4\.3\.5 /;
    like(answer(mail => { %tls, '{tls_version}' => 'TLSv9' }), $deferred, 'an unknown protocol');
    like(answer(mail => { %tls, '{cipher}' => 'AES128-SHA' }), $deferred, 'TLSv1.3 with a cipher of TLSv1.2');
    like(answer(mail => { %tls, '{tls_version}' => 'TLSv1.2', '{cipher}' => 'x' x 5000 }), $deferred, 'an absurdly long cipher');
    like(answer(mail => { %tls, '{cipher_bits}' => '' }), $deferred, 'no cipher bits');
    like(answer(mail => { '{cert_issuer}' => 'CA', '{cert_subject}' => 'x' }), $deferred, 'a certificate without TLS');
    like(answer(mail => { %tls, '{tls_version}' => 'x' x 60000 }), $deferred, 'an absurdly long value');
    like(answer(mail => { %tls, '{cipher_bits}' => '0' }), qr/^550 5\.7\.6 /, 'no bits at all are weak');
    like(answer(mail => { %tls, '{tls_version}' => 'TLSv1.2', '{cipher}' => 'NULL-SHA256' }), qr/^550 5\.7\.6 .*encrypts nothing/,
        'a suite that encrypts nothing');
    like(answer(mail => { %tls, '{tls_version}' => 'TLSv1', '{cipher}' => 'AES128-SHA' }),
        qr/^550 5\.7\.6 .*this session uses TLSv1, TLSv1\.2 or later is needed/, 'an old protocol');
};

subtest 'one rule refuses its own recipients only' => sub {
    my $mta = session();
    is($mta->mail('<a@tax.example>', macros => { i => 'x' }), 'continue');
    is($mta->rcpt('<b@other.example>'), 'continue', 'a recipient that local_domains leaves out');
    like($mta->rcpt('<c@books.example>'), qr/^550 5\.7\.10 /, 'one that it names');
    is($mta->rcpt('<d@other.example>'), 'continue', 'and the next one passes again');
    is($mta->end_of_message(macros => { i => '4XqZ8l2bYz' }), 'continue', 'the message goes on');
};

subtest 'odd addresses: the strictest reading counts' => sub {
    for my $from ('<@contoso.com:x@other.example>', '<x%contoso.com@other.example>', '<contoso.com!x@other.example>',
        '<"a"@CONTOSO.com.>', '<x@other.example@contoso.com>', '<x@contoso.com(comment)>', '<"a@b"@contoso.com>',
        "<x\@\xef\xbd\x83ontoso.com>", "<x\@con\xc2\xadtoso\xe3\x80\x82com>") {
        like(answer(from => $from), qr/^550 5\.7\.10 .*connector encrypt-in/, $from =~ s/[^ -~]/?/gr);
    }
    for my $from ('<x@[192.0.2.1]>', '<root>', '<"x@contoso.com"@other.example>', '<bounce@mail_1.news.example>',
        '<x@contoso.com.evil.example>', '<x@sub.contoso.com>') {
        is(answer(from => $from), 'MAIL: accept', "$from is ordinary mail");
    }
    like(answer(from => '<x@other.example>', mail => { '{mail_addr}' => 'x@contoso.com' }), qr/^550 5\.7\.10 /,
        'what the MTA itself reads counts as well');
};

subtest 'odd recipients: none chooses the laxer of two connectors' => sub {
    my %from = (from => '<a@bank2.example>');
    is(answer(%from, to => '<b@lists.example.org>'), 'continue', 'the exception, by its plain name');
    for my $to ('<b@example.org>', '<@lists.example.org:b@example.org>', '<lists.example.org!b@example.org>',
        '<b%lists.example.org@example.org>') {
        like(answer(%from, to => $to), qr/^550 5\.7\.10 .*connector strict/, $to);
    }
    for my $to ('<postmaster>', '<b@[127.0.0.1]>') {
        like(answer(from => '<a@tax.example>', to => $to), qr/^550 5\.7\.10 .*connector local-only/, "$to could be any domain of ours");
    }
};

subtest 'null senders' => sub {
    is(answer(from => '<>'), 'MAIL: accept', 'of an unknown client');
    like(answer(from => '<>', addr => '198.51.100.7'), qr/^550 5\.7\.10 .*connector bounces/, 'of a client in client_networks');
    is(answer(from => '<>', addr => '198.51.100.7', mail => \%tls), 'continue', 'the same over TLS');
    for my $from ('<"">', '<()>', '<"" (x)>') {
        like(answer(from => $from, addr => '198.51.100.7', mail => { '{mail_addr}' => '' }), qr/^550 5\.7\.10 .*connector bounces/,
            "$from, which the MTA reads as the null sender");
    }
    like(answer(from => '<>', addr => '192.0.2.9', helo => 'mail.fabrikam.com'), qr/^550 5\.7\.10 .*connector secure-in/,
        'of a client whose HELO name is the partner');
    like(answer(from => '<>', connect => { '{client_name}' => 'mx.fabrikam.com', '{client_resolve}' => 'OK' }),
        qr/^550 5\.7\.10 .*connector secure-in/, 'of a client whose confirmed name is the partner');
    is(answer(from => '<>', connect => { '{client_name}' => 'mx.fabrikam.com', '{client_resolve}' => 'FORGED' }),
        'MAIL: accept', 'a name that is not confirmed is no name');
};

subtest 'client addresses' => sub {
    my %tls_bank = (from => '<a@bank.example>', mail => \%tls);
    is(answer(%tls_bank, addr => '198.51.100.1'), 'continue', 'inside client_networks');
    is(answer(%tls_bank, addr => '::ffff:198.51.100.1'), 'continue', 'the same in IPv6 clothes');
    like(answer(%tls_bank, addr => '203.0.113.1'), qr/^550 5\.7\.1 .*203\.0\.113\.1 is not one of its addresses/, 'outside');
    like(answer(%tls_bank, addr => ''), qr/^451 4\.3\.5 /, 'an address that is not known');
};

subtest 'mail that did not come by SMTP crosses no hop' => sub {
    is(answer(connect => { i => 'A', '{client_port}' => '0', '{daemon_port}' => '0', '{client_addr}' => '127.0.0.1' },
            addr => '127.0.0.1', from => 'a@contoso.com'), 'MAIL: accept', 'a simulated session of Postfix');
};

for my $how ('CONNECT again', 'QUIT_NC and CONNECT') {
    subtest "$how: the new client counts" => sub {
        my $mta = $bare->connect;
        $mta->negotiate;
        $mta->connect(macros => { %postfix, '{client_addr}' => '192.0.2.77' }, addr => '192.0.2.77');
        $mta->send_packet('K', '') if $how =~ /QUIT/;
        $mta->connect(macros => { %postfix, '{client_addr}' => '203.0.113.9' }, addr => '203.0.113.9');
        $mta->helo('client.example');
        is($mta->mail('<a@school.example>', macros => { i => 'x' }), 'continue');
        like($mta->rcpt('<b@example.org>'), qr/^(?:550 5\.7\.10|451 4\.3\.5) /, 'it is not exempt');
    };
}

subtest 'commands in the wrong order' => sub {
    my $mta = $bare->connect;
    $mta->negotiate;
    $mta->send_packet('R', "<b\@example.org>\0");
    ok($bare->alive, 'RCPT before everything');
    $mta = session();
    $mta->send_packet('E', '');
    ok($bare->alive, 'the end of a message that did not start');
    $mta = session();
    $mta->mail('<a@contoso.com>', macros => \%tls);
    $mta->close;
    ok($bare->alive, 'an MTA that dies in mid-message');
    $mta = session();
    is($mta->mail('<a@contoso.com>', macros => \%tls), 'continue');
    is($mta->mail('<a@contoso.com>', macros => { i => 'x' }), 'continue', 'MAIL again without RSET');
    like($mta->rcpt('<b@example.org>'), $no_tls, 'the later MAIL counts');
};

subtest 'the log' => sub {
    my $mta = session();
    $mta->mail('<a@contoso.com>', macros => \%tls);
    $mta->rcpt("<b$_\@example.org>") for 1 .. 3;
    $mta->end_of_message(macros => { i => '4XqZ8l2bYz' });
    my $line = $bare->wait_log(qr/^.*4XqZ8l2bYz: inbound .*nrcpt=3.*$/m);
    like($line, qr/4XqZ8l2bYz: inbound verdict=pass connector=encrypt-in level=encrypt from=<a\@contoso\.com> nrcpt=3 client=unknown\[192\.0\.2\.1\] tls=TLSv1\.3 cipher=TLS_AES_256_GCM_SHA384\/256 certificate=none-or-untrusted mode=enforce$/,
        'one line for what passed, with the queue id');
    $line = $bare->wait_log(qr/^.*reason=near-miss.*$/m);
    like($line, qr/verdict=none reason=near-miss connector=encrypt-in .*from=<x\@sub\.contoso\.com>/, 'a near miss is told');
    my @near = $bare->log =~ /(reason=near-miss.*sub\.contoso\.com)/g;
    is(scalar @near, 1, 'once');
    unlike($bare->log, qr/[^\x0a\x20-\x7e]/, 'all of it is printable');
};

is($bare->stop, 0, 'the daemon ends with status 0');
done_testing;
