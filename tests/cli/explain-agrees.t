#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# forcetls explain never says something else than the daemon: the same sessions go to a running
# forcetls-milter, macro by macro, and to explain; the reply and the log lines have to be equal.
# Then each line of the daemon's log goes to explain --log, which has to come to the same decision.
use strict;
use warnings;
use Test::More;

use Forcetls::Bare;
use Forcetls::Command qw(forcetls);
use Forcetls::Harness qw(wait_for);
use Forcetls::LogLine;
use Forcetls::Milter;
use Forcetls::Policy;
use JSON::PP;

my $pin = 'ab' x 32;
my $bare = Forcetls::Bare->new(policy => 1, connectors => <<"END");
  { name = "plain"; direction = "inbound"; domains = [ "*.tax.example" ]; level = "encrypt"; action = "reject";
    client_networks = [ "192.0.2.0/24", "2001:db8::/32" ]; exempt_networks = [ "203.0.113.7" ]; },
  { name = "secure"; direction = "inbound"; domains = [ "contoso.com" ]; level = "secure"; action = "reject";
    certificates = ( { name = "mail.contoso.com"; issuer = "Contoso Mail CA"; },
                     { name = "old.contoso.com"; until = "2020-01-01"; },
                     { name = "new.contoso.com"; from = "2090-01-01"; } ); },
  { name = "pins"; direction = "inbound"; domains = [ "pins.example" ]; level = "fingerprint";
    certificates = ( { fingerprint = "$pin"; } ); },
  { name = "ciphers"; direction = "inbound"; domains = [ "ciphers.example" ]; level = "verify"; forward_secrecy = true;
    exclude_ciphers = [ "ECDHE-RSA-AES128-SHA" ]; min_cipher_bits = 256; },
  { name = "watched"; direction = "inbound"; domains = [ "watched.example" ]; level = "encrypt"; mode = "monitor"; },
  { name = "later"; direction = "inbound"; domains = [ "later.example" ]; level = "encrypt"; enforce_from = "2090-01-01"; },
  { name = "books"; direction = "inbound"; domains = [ "*.shop.example" ]; level = "encrypt"; local_domains = [ "books.example" ]; },
  { name = "others"; direction = "inbound"; domains = [ "*.shop.example" ]; level = "may"; local_domains = [ "music.example" ]; }
END
$bare->start;

my %tls12 = ('{tls_version}' => 'TLSv1.2', '{cipher}' => 'ECDHE-RSA-AES128-SHA', '{cipher_bits}' => '128');
my @trusted = ('{cert_subject}' => 'mail.contoso.com', '{cert_issuer}' => 'Contoso Mail CA');
my $postfix = Forcetls::Milter::postfix_tls();
my $sendmail = Forcetls::Milter::sendmail_tls();

# Each: name, and what differs from a Postfix session in plaintext of a@contoso.com from 192.0.2.25. `mail`: macros at
# MAIL; `told`: what Postfix tells the policy server.
my @cases = (
    [ 'plaintext' ],
    [ 'plaintext on Sendmail', mta => 'sendmail' ],
    [ 'a trusted certificate', mail => { %$postfix, @trusted } ],
    [ 'none that is trusted', mail => $postfix ],
    [ 'another name', mail => { %$postfix, @trusted, '{cert_subject}' => 'mail.fabrikam.com' } ],
    [ 'another issuer', mail => { %$postfix, @trusted, '{cert_issuer}' => "CA \x1b[31m \"x\" %n \xc3\xbc" } ],
    [ 'no common name', mail => { %$postfix, @trusted, '{cert_subject}' => '' } ],
    [ 'an entry that is over', mail => { %$postfix, @trusted, '{cert_subject}' => 'old.contoso.com' } ],
    [ 'an entry to come', mail => { %$postfix, @trusted, '{cert_subject}' => 'new.contoso.com' } ],
    [ 'Sendmail: no certificate', mta => 'sendmail', mail => $sendmail ],
    [ 'Sendmail: trusted', mta => 'sendmail',
        mail => { %$sendmail, '{verify}' => 'OK', '{cn_subject}' => 'mail.contoso.com', '{cn_issuer}' => 'Contoso+20Mail+20CA' } ],
    [ 'Sendmail: not trusted', mta => 'sendmail',
        mail => { %$sendmail, '{verify}' => 'FAIL', '{cn_subject}' => 'mail.contoso.com', '{cn_issuer}' => 'Contoso+20Mail+20CA' } ],
    [ 'Sendmail: for the moment', mta => 'sendmail', mail => { %$sendmail, '{verify}' => 'TEMP' } ],
    [ 'an old protocol', from => '<a@ciphers.example>', mail => { %tls12, '{tls_version}' => 'TLSv1.1' } ],
    [ 'a weak cipher', from => '<a@ciphers.example>', mail => { %tls12 } ],
    [ 'no forward secrecy', from => '<a@ciphers.example>',
        mail => { '{tls_version}' => 'TLSv1.2', '{cipher}' => 'AES256-SHA', '{cipher_bits}' => 256 } ],
    [ 'a protocol that nobody knows', mail => { %$postfix, '{tls_version}' => 'TLSv9' } ],
    [ 'an address that is not allowed', from => '<a@tax.example>', addr => '198.51.100.1', mail => $postfix ],
    [ 'an IPv6 address that is allowed', from => '<a@mx.tax.example>', addr => '2001:db8::25', mail => $postfix ],
    [ 'an exempt address', from => '<a@tax.example>', addr => '203.0.113.7' ],
    [ 'monitor mode', from => '<a@watched.example>' ],
    [ 'monitor mode for now', from => '<a@later.example>' ],
    [ 'pins: nobody tells', from => '<a@pins.example>', mail => $postfix ],
    [ 'pins: the right one', from => '<a@pins.example>', mail => $postfix,
        told => { ccert_fingerprint => $pin, ccert_pubkey_fingerprint => $pin } ],
    [ 'pins: another one', from => '<a@pins.example>', mail => $postfix,
        told => { ccert_fingerprint => 'cd' x 32, ccert_pubkey_fingerprint => $pin } ],
    [ 'pins: MD5', from => '<a@pins.example>', mail => $postfix,
        told => { ccert_fingerprint => 'ab' x 16, ccert_pubkey_fingerprint => 'ab' x 16 } ],
    [ 'pins: no certificate', from => '<a@pins.example>', mail => $postfix,
        told => { ccert_fingerprint => '', ccert_pubkey_fingerprint => '' } ],
    [ 'pins: of another session', from => '<a@pins.example>', mail => $postfix,
        told => { ccert_fingerprint => $pin, ccert_pubkey_fingerprint => $pin, encryption_protocol => 'TLSv1.2' } ],
    [ 'pins: Sendmail', from => '<a@pins.example>', mta => 'sendmail',
        mail => { %$sendmail, '{verify}' => 'FAIL', '{cert_fp}' => uc join ':', $pin =~ /../g } ],
    [ 'several readings', from => '<@watched.example:x%tax.example@contoso.com>', mail => $postfix ],
    [ 'local domains: theirs', from => '<a@shop.example>', to => '<b@books.example>' ],
    [ 'local domains: the others', from => '<a@shop.example>', to => '<b@music.example>' ],
    [ 'a bounce by network', from => '<>' ],
    [ 'a bounce by HELO', from => '<>', addr => '198.51.100.1', helo => 'mx.tax.example' ],
    [ 'a bounce by client name', from => '<>', addr => '198.51.100.1', name => 'contoso.com' ],
    [ 'a near miss', from => '<a@sub.contoso.com>' ],
    [ 'nobody we know', from => '<a@elsewhere.example>' ],
);

my %session = (
    postfix => { v => 'Postfix 3.7.11', '{daemon_addr}' => '203.0.113.1', '{daemon_port}' => '25', '{client_port}' => '40000' },
    sendmail => { v => '8.18.1/8.18.1' },
);

# What the daemon does with it: the reply ('' where it passes), and the verdict lines.
sub ask_daemon {
    my (%case) = @_;
    my %connect = (%{ $session{ $case{mta} } }, '{client_addr}' => $case{addr} =~ /:/ ? "IPv6:$case{addr}" : $case{addr});
    @connect{ '{client_name}', '{client_resolve}' } = ($case{name}, 'OK') if defined $case{name};
    my $mta = $bare->connect;
    $mta->negotiate;
    $mta->connect(macros => \%connect, addr => $case{addr});
    $mta->helo($case{helo});
    my $answer = $mta->mail($case{from}, macros => { %{ $case{mail} } });
    my $policy;
    if ($answer eq 'continue') {
        if ($case{told}) {
            $policy = Forcetls::Policy->new($bare->daemon->policy_socket);
            $policy->ask(
                client_address => $case{addr}, client_port => 40000, server_address => '203.0.113.1',
                server_port => 25, instance => "$$." . ++$case{instance},
                recipient => $case{to} =~ s/[<>]//gr, encryption_protocol => $case{mail}{'{tls_version}'},
                encryption_cipher => $case{mail}{'{cipher}'}, %{ $case{told} });
        }
        $answer = $mta->rcpt($case{to});
        $mta->end_of_message if $answer eq 'continue';
    }
    $mta->close;
    return $answer =~ /^\d/ ? $answer : '';
}

# The same as options.
sub options {
    my (%case) = @_;
    my @options = ('--from', $case{from}, '--to', $case{to}, '--client-addr', $case{addr}, '--mta', $case{mta}, '--helo',
        $case{helo});
    push @options, '--client-name', $case{name} if defined $case{name};
    push @options, '-m', "$_=$case{mail}{$_}" for sort keys %{ $case{mail} };
    push @options, '-p', "$_=$case{told}{$_}" for sort keys %{ $case{told} // {} };
    return @options;
}

sub explained {
    my (@options) = @_;
    my ($status, $out, $errors) = forcetls('explain', '-c', $bare->daemon->config_file, '--json', @options);
    is($errors, '', 'no errors');
    return ($status, JSON::PP->new->utf8->decode($out));
}

my $log_seen = 0;

# The verdict lines that have come since, once there are so many.
sub new_lines {
    my ($count) = @_;
    my @lines;
    wait_for(10, sub {
        @lines = $bare->log =~ /((?<!\S)\S+: inbound verdict=\S[^\n]*)/g;
        return @lines >= $log_seen + $count;
    });
    splice @lines, 0, $log_seen;
    $log_seen += @lines;
    return @lines;
}

my %status_of = (reject => 1, pass => 0);

for my $row (@cases) {
    my ($name, %given) = @$row;
    my %case = (mta => 'postfix', from => '<a@contoso.com>', to => '<b@example.org>', addr => '192.0.2.25',
        helo => 'client.example', mail => {}, %given);
    subtest $name => sub {
        my $reply = ask_daemon(%case);
        my ($status, $said) = explained(options(%case));
        my $inbound = $said->{inbound};
        my @lines = grep { defined } $inbound->{near_miss} && $inbound->{near_miss}{log}, $inbound->{log};
        my @logged = new_lines(scalar @lines);
        # libmilter is given "%%" for each "%".
        my $told = $inbound->{reply} && $inbound->{mode} eq 'enforce'
            ? "$inbound->{reply}{code} $inbound->{reply}{status} $inbound->{reply}{text}" =~ s/%/%%/gr : '';
        is($told, $reply, 'the reply');
        is_deeply(\@lines, \@logged, 'the log');
        is($status, $inbound->{outcome} eq 'unknown' && $reply ne '' ? 3 : $reply ne '' ? 1 : 0, 'the exit status');

        for my $line (@logged) {
            my ($again_status, $again) = explained('--log', "Nov 25 00:58:09 mx forcetls-milter[123]: $line", '--mta', $case{mta},
                '--helo', $case{helo}, defined $case{name} ? ('--client-name', $case{name}) : (),
                $line =~ / nrcpt=/ ? ('--to', $case{to}) : ());
            is($again->{logged}{compared}, 'same', "explain --log comes to the same");
            is($again->{inbound}{log} // $again->{inbound}{near_miss}{log}, $line, 'and to the same line')
                if $line !~ /near-miss/;
        }
    };
}

is($bare->stop, 0, 'the daemon ends well');
done_testing;
