#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Envelopes and headers that no mail program writes, over the bare milter protocol: addresses that
# could mean hundreds of domains, and ways to say TLS-Required: No.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);

use Forcetls::Bare;
use Forcetls::FakeProber;
use Forcetls::Harness qw(wait_for);
use Forcetls::Milter;

my $prober = Forcetls::FakeProber->new;
$ENV{FORCETLS_PROBER} = $prober->program;
$prober->set('contoso.com' => { state => 'tls' });

my $connectors = <<'END';
  { name = "contoso-out"; direction = "outbound"; domains = [ "contoso.com" ]; level = "encrypt"; },
  { name = "all-out"; direction = "outbound"; domains = [ "*" ]; level = "encrypt"; mode = "monitor"; },
  { name = "tax-in"; direction = "inbound"; domains = [ "*.tax.example" ]; level = "encrypt"; action = "reject"; }
END
my $bare = Forcetls::Bare->new(connectors => $connectors)->start;
ok($prober->wait_asked('contoso.com', 1), 'the partner is looked at');

my %postfix = (v => 'Postfix 3.7.11', '{client_port}' => '40000', '{daemon_port}' => '25');
my %local = (%postfix, i => '4XqLocal', '{client_port}' => '0', '{daemon_port}' => '0', '{client_addr}' => '127.0.0.1');

sub session {
    my (%macros) = @_;
    my $mta = $bare->connect(timeout => 120);
    $mta->negotiate;
    $mta->connect(macros => { %postfix, %macros }, addr => '127.0.0.1');
    $mta->helo('client.example');
    return $mta;
}

sub hop { return { '{rcpt_mailer}' => 'smtp', '{rcpt_host}' => $_[0] } }

# An address with a source route of so many domains; Postfix takes 2048 bytes of a line.
sub route {
    my ($count, $end) = @_;
    return '<' . join(',', map { sprintf '@a%x', $_ } 1 .. $count) . ":$end>";
}

# ---- addresses that could mean hundreds of domains -----------------------------------------------

my $too_many = qr/^550 5\.1\.3 An address that could mean more than 32 domains is not accepted; postmaster\@example\.org$/;

# The answer to a recipient, and the seconds that it took.
sub timed {
    my ($from, $to, $hop) = @_;
    my $mta = session();
    my $start = time;
    my $answer = $mta->mail($from, macros => { i => 'x' });
    $answer = $mta->rcpt($to, macros => hop($hop)) if $answer eq 'continue';
    return ($answer, time - $start);
}

subtest 'addresses that could mean hundreds of domains' => sub {
    for my $case (
        [ 'sender and recipient', route(380, 'a@example.org'), route(380, 'b@contoso.com') ],
        [ 'a recipient', '<a@example.org>', route(380, 'b@contoso.com') ],
        [ 'a sender', route(380, 'a@example.org'), '<b@contoso.com>' ],
        [ 'an inbound sender', route(380, 'a@x.tax.example'), route(380, 'b@example.org') ],
        [ 'bangs', '<a@example.org>', '<' . 'x!' x 500 . join('!', map { "h$_" } 1 .. 40) . '!contoso.com!b>' ],
        [ 'percents', '<a@example.org>', '<b' . join('', map { "%h$_" } 1 .. 40) . '@contoso.com>' ],
        )
    {
        my ($name, $from, $to) = @$case;
        my ($answer, $seconds) = timed($from, $to, 'contoso.com');
        like($answer, $too_many, "$name: refused");
        cmp_ok($seconds, '<', 0.25, "$name: at once");
    }
    my ($answer, $seconds) = timed(route(30, 'a@example.org'), route(30, 'b@contoso.com'), 'contoso.com');
    is($answer, 'continue', 'a route that is only odd is read');
    cmp_ok($seconds, '<', 0.25, 'at once');
    like($bare->wait_log(qr/^.*an address that could mean.*$/m), qr/an address that could mean 381 domains is refused$/, 'the log says it');
};

subtest 'and in mail that did not come by SMTP' => sub {
    my $mta = session(%local);
    is($mta->mail('a@example.org', macros => { i => 'x' }), 'continue', 'MAIL');
    is($mta->rcpt(route(40, 'b@contoso.com'), macros => { i => 'x' }), 'continue', 'RCPT is never refused');
    is($mta->data, 'continue', 'the end is waited for');
    $mta->end_of_headers;
    like($mta->end_of_message(macros => { i => 'x' }), $too_many, 'where the message is refused for good');
    is($mta->mail('a@example.org', macros => { i => 'y' }), 'continue');
    is($mta->rcpt('b@contoso.com', macros => { i => 'y' }), 'continue');
    is($mta->end_of_message(macros => { i => 'y' }), 'continue', 'the next message is another one');
};

# ---- TLS-Required: No ----------------------------------------------------------------------------

subtest 'white space that Postfix skips hides nothing' => sub {
    for my $header ([ 'TLS-Required', "\fNo" ], [ 'TLS-Required', "\x0b no" ], [ 'TLS-Required', "\n\tNo\f" ],
        [ 'TLS-Required ', 'No' ], [ "tls-required\t", ' NO' ])
    {
        my $mta = session();
        $mta->mail('<a@example.org>', macros => { i => 'x' });
        is($mta->rcpt('<b@contoso.com>', macros => hop('contoso.com')), 'continue');
        $mta->header(@$header);
        $mta->end_of_headers;
        like($mta->end_of_message(macros => { i => 'x' }), qr/^550 5\.7\.10 .*TLS-Required/,
            "'" . join("': '", @$header) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/egr . "'");
    }
};

# ---- monitor mode, the switch for 3 a.m. ---------------------------------------------------------

subtest 'monitor mode refuses nothing' => sub {
    $bare->daemon->reload(settings => qq(mode = "monitor";\n));
    my ($answer, $seconds) = timed(route(380, 'a@example.org'), route(380, 'b@contoso.com'), 'contoso.com');
    is($answer, 'continue', 'however many domains an address could mean');
    cmp_ok($seconds, '<', 0.25, 'at once');
};

is($bare->stop, 0, 'the daemon ends with status 0');
done_testing;
