#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# What differs between the Postfix of Debian 12 (3.7), of Debian 13 (3.10) and later ones (3.11), and
# what must hold with each: how it treats a milter that is gone, the header TLS-Required: No,
# REQUIRETLS, and a TLS policy map that answers OK with nothing behind it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Daemon;
use Forcetls::Harness qw(at_end end_process free_port need_root wait_for wait_port work_dir);
use Forcetls::Postfix;
use Forcetls::Sink;
use Forcetls::Smtp;
use Forcetls::Socketmap;
use IO::Socket::INET;
use Test::More;

need_root();
Forcetls::ScriptedSmtp::need();
Forcetls::Smtp::need();

my $maker = Forcetls::Certificates->new;
my $world = $maker->standard;
chmod 0755, work_dir() . '/certificates';
chmod 0644, $world->{root}{file};

# ---- partners: a domain each, with a server ------------------------------------------------------

my $port = free_port();
my @names = qw(encrypt clear strict simple stranger);
my %at = map { $names[$_] => '127.0.29.' . ($_ + 1) } 0 .. $#names;
my %offers = (encrypt => ['REQUIRETLS'], strict => ['REQUIRETLS']);
my %sink = map {
    my $certificate = /^(?:clear|stranger)$/ ? undef : $maker->make("mx-$_", subject => "/CN=mx.$_.example", san => "mx.$_.example", by => $world->{ca});
    $_ => Forcetls::Sink->start(host => $at{$_}, port => $port, certificate => $certificate, keywords => $offers{$_})
} @names;
my $connectors = join ",\n",
    (map { qq(  { name = "$_-out"; direction = "outbound"; domains = [ "$_.example" ]; level = "encrypt"; }) } qw(encrypt clear)),
    (map { qq(  { name = "$_-out"; direction = "outbound"; domains = [ "$_.example" ]; level = "secure"; certificates = ( { name = "mx.$_.example"; } ); }) } qw(strict simple)),
    qq(  { name = "contoso-in"; direction = "inbound"; domains = [ "contoso.com" ]; level = "secure"; action = "reject";\n)
    . qq(    certificates = ( { name = "mail.contoso.com"; } ); });

# ---- a map that has one answer for everything ----------------------------------------------------

my $odd_port = free_port();

sub start_answering
{
    my ($answer) = @_;
    my $pid = fork // die "fork: $!\n";
    if ($pid) {
        at_end(sub { end_process($pid) });
        wait_port('127.0.0.1', $odd_port) or die "the map does not listen\n";
        return $pid;
    }
    $SIG{TERM} = $SIG{INT} = 'DEFAULT';
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $odd_port, Listen => 5, ReuseAddr => 1) or die "port $odd_port: $@\n";
    while (my $connection = $listener->accept) {
        while (sysread $connection, my $question, 4096) {
            syswrite $connection, Forcetls::Socketmap::netstring($answer) if $question =~ /,\z/;
        }
    }
}

# ---- Postfix and the daemon ----------------------------------------------------------------------

my %milter = (non_smtpd_milters => 'unix:forcetls/milter.sock');
my @main = (
    'smtp_tls_policy_maps = socketmap:unix:forcetls/tls-policy.sock:forcetls', 'smtp_tls_security_level = may',
    "smtp_tls_CAfile = $world->{root}{file}", "smtp_tcp_port = $port", 'smtp_host_lookup = native', 'smtp_dns_support_level = disabled',
    'default_transport = smtp', 'smtpd_relay_restrictions = permit_mynetworks, reject', 'mynetworks = 127.0.0.0/8', 'compatibility_level = 3.6',
    'queue_run_delay = 1h', 'minimal_backoff_time = 1h', 'maximal_backoff_time = 1h',
);
my $main = sub { my (%more) = @_; return join "\n", @main, map { "$_ = $more{$_}" } sort keys %more };
my $mta = Forcetls::Postfix->new(
    chroot => 1, certificates => $world, hosts => join('', map { "$at{$_} $_.example\n" } @names), main => $main->(%milter),
);
# Nobody answers for names: what the prober would find is not known, and the map decides.
my $daemon = Forcetls::Daemon->new(mta => $mta, tls_policy => 1, connectors => $connectors,
    settings => 'probe: { timeout = "1s"; }; dns: { servers = [ "127.0.0.1@' . free_port() . qq(" ]; };\ntrust_store = "$world->{root}{file}";));
$daemon->own_sockets_folder;
$daemon->start;
$mta->start;
my ($minor) = $mta->version =~ /^3\.(\d+)/ or die 'Postfix ' . $mta->version . "?\n";
note 'postfix ', $mta->version;

sub restart
{
    my (%more) = @_;
    $mta->stop;
    $mta->configure(main => $main->(%more));
    $mta->start;
}

sub parameter
{
    my ($name, @options) = @_;
    my ($status, $out) = $mta->command('postconf', @options, '-h', $name);
    chomp $out;
    return $out;
}

my $count = 0;
sub recipient { return 'b' . ++$count . "\@$_[0].example" }

sub submit
{
    my ($to, $header) = @_;
    my ($status, $out) = $mta->submit("$header\nSubject: secret\n\nThis must not be heard.\n", '-f', 'a@example.org', $to);
    is($status, 0, 'sendmail(1) takes it') or diag $out;
}

sub unheard
{
    is(join("\n", $sink{ $_[0] }->betrayed), '', "$_[0].example: not a byte of mail in clear");
}

# ---- the milter is gone --------------------------------------------------------------------------

subtest 'milter_default_action as packaged' => sub {
    is(parameter('milter_default_action', '-d'), $minor >= 10 ? 'shutdown' : 'tempfail', 'what it is');
    is(parameter('milter_default_action'), parameter('milter_default_action', '-d'), 'and none of our lines changes it');
};

# With each action: nothing is accepted while the daemon is away, and all is well when it is back.
# To Postfix 3.7, shutdown is no action that it knows: 451 4.3.5.
for my $action (qw(shutdown tempfail)) {
    my $closes = $action eq 'shutdown' && $minor >= 10;
    my ($greeting, $mail, $in_session) = $closes ? (qr/^421 /, qr/^$/, qr/^421 /) : (qr/^220 /, qr/^451 /, qr/^451 /);
    restart(%milter, milter_default_action => $action);
    subtest "milter_default_action = $action" => sub {
        my $open = Forcetls::Smtp->begin(port => $mta->port, tls => { certificate => $world->{partner} });
        like($open->mail('a@contoso.com'), qr/^250/, 'a session that is open: MAIL');
        $daemon->kill_hard;
        like($open->rcpt('b@example.org'), $in_session, 'forcetls is killed: RCPT');
        if ($closes) {
            is($open->say('DATA'), '', 'and the connection is closed');
        } else {
            like($open->say('DATA'), qr/^[45]\d\d /, 'and DATA');
        }
        $open->leave;
        my $session = Forcetls::Smtp->new(port => $mta->port);
        like($session->greeting, $greeting, 'a new session: the greeting');
        $session->ehlo;
        like($session->mail('a@ordinary.example'), $mail, 'and MAIL');
        $session->leave;
        my $before = $mta->delivered;
        $daemon->start;
        $session = Forcetls::Smtp->begin(port => $mta->port, tls => { certificate => $world->{partner} });
        like(($session->message('a@contoso.com', 'b@example.org'))[-1], qr/^250/, 'it is back: accepted, without a word to Postfix');
        is($mta->wait_delivered($before + 1), $before + 1, 'and delivered');
        like(($session->message('a@other.contoso.com', 'b@example.org'))[-1], qr/^250/, 'who is no partner too');
        $session->quit;
        $session = Forcetls::Smtp->begin(port => $mta->port);
        like(($session->message('a@contoso.com', 'b@example.org'))[-1], qr/^550 5\.7\.10 /, 'and a partner in plaintext is refused');
        $session->quit;
    };
}

# ---- TLS-Required: No ----------------------------------------------------------------------------

sub by_smtp
{
    my ($to, $header) = @_;
    my $smtp = Forcetls::Smtp->begin(port => $mta->port);
    $smtp->mail('a@example.org');
    my $reply = $smtp->rcpt($to);
    $reply = $smtp->data("$header\r\nSubject: secret\r\n\r\nThis must not be heard.\r\n") if $reply =~ /^250/;
    $smtp->quit;
    return $reply;
}

restart(%milter);
subtest 'TLS-Required: No to a partner, with the milter: refused, whatever this Postfix makes of it' => sub {
    like(by_smtp(recipient('clear'), 'TLS-Required: No'), qr/^550 5\.7\.10 .*TLS-Required/, 'smtpd: the end of the message');
    my $before = length $mta->maillog;
    submit(recipient('clear'), 'TLS-Required: No');
    ok(wait_for(20, sub { substr($mta->maillog, $before) =~ /milter-reject: END-OF-MESSAGE from \S+: 5\.7\.10 .*TLS-Required/ }), 'sendmail(1): the end of the message')
        or diag substr $mta->maillog, $before;
    my $to = recipient('clear');
    like(by_smtp($to, 'TLS-Required: No (please)'), qr/^250/, 'malformed: no such header');
    like($mta->fate($to), qr/^deferred: TLS is required, but was not offered/, 'and the map holds it');
    unheard('clear');
    by_smtp($to = recipient('stranger'), 'TLS-Required: No');
    like($mta->fate($to), qr/^sent: /, 'to a stranger it is nobody\'s business');
};

subtest 'TLS-Required: No in mail that the milter does not see' => sub {
    restart();
    my $to = recipient('clear');
    submit($to, 'TLS-Required: No');
    if ($minor >= 10) {
        like($mta->fate($to), qr/^sent: /, 'Postfix does not ask the map: in clear. So check says: tls_required_enable = no');
        cmp_ok(scalar $sink{clear}->betrayed, '>', 0, '(the server has heard it)');
        $sink{clear}->stop;
        $sink{clear} = Forcetls::Sink->start(host => $at{clear}, port => $port);
        restart(tls_required_enable => 'no');
        submit($to = recipient('clear'), 'TLS-Required: No');
    }
    like($mta->fate($to), qr/^deferred: (?:TLS is required, but was not offered|delivery temporarily suspended)/, 'the map is asked, and holds it');
    unheard('clear');
};

# ---- REQUIRETLS (RFC 8689) -----------------------------------------------------------------------

sub requiring
{
    my ($from, $to, %tls) = @_;
    my $smtp = Forcetls::Smtp->begin(port => $mta->port, tls => \%tls);
    my @replies = $smtp->mail($from, 'REQUIRETLS');
    push @replies, $smtp->rcpt($to) if $replies[-1] =~ /^250/;
    push @replies, $smtp->data("Subject: secret\r\n\r\nThis must not be heard.\r\n") if $replies[-1] =~ /^250/;
    $smtp->quit;
    return $replies[-1];
}

restart(%milter);
subtest 'REQUIRETLS' => sub {
    if ($minor < 11) {
        like(requiring('a@contoso.com', 'b@example.org', certificate => $world->{partner}), qr/^555 5\.5\.4 /, 'this Postfix does not know it');
        return;
    }
    like(requiring('a@contoso.com', 'b@example.org', certificate => $world->{partner}), qr/^250/, 'from a partner with its certificate: accepted');
    like(requiring('a@contoso.com', 'b@example.org'), qr/^550 5\.7\.5 .*contoso-in/, 'without it: it replaces no demand of ours');
    my $to = recipient('strict');
    like(requiring('a@example.org', $to), qr/^250/, 'to a partner, secure, who offers it: accepted');
    like($mta->fate($to), qr/^sent: /, 'and delivered');
    like(join("\n", $sink{strict}->secret), qr/^MAIL FROM:<a\@example\.org>.* REQUIRETLS/m, 'with REQUIRETLS');
    for my $case ([ 'simple', 'secure, who does not offer it', qr/^bounced: .*REQUIRETLS/ ], [ 'encrypt', 'encrypt, who offers it', qr/^bounced: .*REQUIRETLS/ ]) {
        my ($name, $what, $pattern) = @$case;
        like(requiring('a@example.org', $to = recipient($name)), qr/^250/, "to a partner, $what: accepted");
        like($mta->fate($to), $pattern, 'and bounced by Postfix: its sender wants more than the connector');
        is($sink{$name}->taken, 0, 'nothing was taken');
    }
    unheard($_) for qw(strict simple encrypt);
};

# ---- a map that answers OK and nothing behind it -------------------------------------------------

subtest 'OK with nothing behind it' => sub {
    restart(smtp_tls_policy_maps => "socketmap:inet:127.0.0.1:$odd_port:odd");
    my $waits = qr/^deferred: .*client TLS configuration problem/;
    for my $case ([ 'OK', $minor >= 10 ? $waits : qr/^sent: / ], [ 'OK ', $waits ]) {
        my ($answer, $pattern) = @$case;
        my $map = start_answering($answer);
        my $before = length $mta->maillog;
        submit(my $to = recipient('stranger'), 'X-Test: 1');
        like($mta->fate($to), $pattern, qq("$answer")) or diag substr $mta->maillog, $before;
        end_process($map);
    }
    my $map = Forcetls::Socketmap->new($daemon->tls_policy_socket);
    for my $key (map({ "$_.example" } @names), "[127.0.0.1]:$port", '.example', 'example', 'STRICT.Example', 'x.strict.example', '[strict.example]', "strict.example:$port", '', ' ') {
        like($map->ask($key), qr/\A(?:OK \S.*|NOTFOUND )\z/, "ours never says that: '$key'");
    }
    $map->leave;
};

is($daemon->stop, 0, 'the daemon ends with 0');
unlike($daemon->log, qr/Sanitizer|internal-error|assert/i, 'the daemon found no fault in itself');
done_testing();
