#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The TLS policy map holds the delivery: a real Postfix, chrooted as Debian has it, delivers to
# partners' servers that write down every line they hear. Whatever way a message takes to a partner
# who must not have it in clear, not a byte of it is heard in clear; what is refused stays in the
# queue and goes out when the partner has mended it. The milter plays no part here.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Daemon;
use Forcetls::Harness qw(free_port need_root read_file wait_for work_dir write_file);
use Forcetls::Postfix;
use Forcetls::Sink;
use Forcetls::Smtp;
use Test::More;

need_root();
Forcetls::ScriptedSmtp::need();

my $maker = Forcetls::Certificates->new;
my $world = $maker->standard;
$world->{twin_root} = $maker->make('twin_root', subject => '/O=Example Trust/CN=Example Root CA', ca => 1);
$world->{second_root} = $maker->make('second_root', subject => '/CN=Second Root CA', ca => 1);
my $issue = sub { my ($name, $root, $host) = @_; $world->{$name} = $maker->make($name, subject => "/CN=$host", san => $host, by => $world->{$root}) };
$issue->('mx', 'ca', 'mx.partner.example');
$issue->('second', 'second_root', 'mx.partner.example');
$issue->('hub', 'ca', 'mail.hq.example');
$world->{alone} = $maker->make('alone', subject => '/CN=whatever');
chmod 0755, work_dir() . '/certificates';
chmod 0644, map { $world->{$_}{file} } qw(root second_root twin_root);

# ---- partners: a domain, where its server is, and what must hold ---------------------------------

my $port = free_port();
my ($hub, $fallback, $direct) = map { free_port() } 1 .. 3;
my %at = (
    'encrypt.example' => '127.0.25.1', 'bare.example' => '127.0.25.2', 'xn--bcher-kva.example' => '127.0.25.3', 'right.example' => '127.0.25.4',
    'wrong.example' => '127.0.25.5', 'pinned.example' => '127.0.25.6', 'mispinned.example' => '127.0.25.7', 'own-ca.example' => '127.0.25.8',
    'other-ca.example' => '127.0.25.9', 'root.example' => '127.0.25.10', 'other-root.example' => '127.0.25.11', 'watched.example' => '127.0.25.12',
    'free.bare.example' => '127.0.25.13', 'stranger.example' => '127.0.25.14', 'closed.example' => '127.0.25.15', 'mail.hq.example' => '127.0.25.16',
    'misnamed.hq.example' => '127.0.25.17', 'old.example' => '127.0.25.18', 'later.example' => '127.0.25.19',
);
my %sink;

sub sink
{
    my ($domain, %option) = @_;
    $sink{$domain} = Forcetls::Sink->start(host => $at{$domain}, port => $port, %option);
}

my $print = Forcetls::Certificates::fingerprint($world->{alone});
my $misprint = Forcetls::Certificates::fingerprint($world->{server});

sub connector
{
    my ($domains, $level, $keys) = @_;
    my ($name) = $domains =~ /([\w-]+)/;
    return qq(  { name = "$name-out"; direction = "outbound"; domains = [ "$domains" ]; level = "$level"; $keys });
}

my $named = sub { my $more = $_[0] // ''; return qq(certificates = ( { name = "mx.partner.example"; $more } );) };
my $connectors = join ",\n",
    connector('encrypt.example', 'encrypt', ''),
    connector('*.bare.example', 'encrypt', ''),
    connector('bücher.example', 'encrypt', ''),
    connector('right.example', 'secure', $named->()),
    connector('wrong.example', 'secure', 'certificates = ( { name = "mail.wrong.example"; } );'),
    connector('pinned.example', 'fingerprint', qq(certificates = ( { fingerprint = "$print"; } );)),
    connector('mispinned.example', 'fingerprint', qq(certificates = ( { fingerprint = "$misprint"; } );)),
    connector('own-ca.example', 'secure', $named->() . qq( trust_store = "$world->{second_root}{file}"; next_hops = [ "[127.0.0.1]:$direct" ];)),
    connector('other-ca.example', 'secure', $named->() . qq( trust_store = "$world->{twin_root}{file}"; next_hops = [ "[127.0.0.2]:$direct" ];)),
    connector('root.example', 'secure', $named->('root = "Example Root CA";')),
    connector('other-root.example', 'secure', $named->('root = "Second Root CA";')),
    connector('watched.example', 'encrypt', 'mode = "monitor";'),
    connector('free.bare.example', 'may', ''),
    connector('closed.example', 'encrypt', qq(next_hops = [ "[127.0.25.20]:$fallback" ];)),
    connector('hq.example', 'verify', qq(next_hops = [ "[mail.hq.example]:$hub", "[misnamed.hq.example]:$hub" ];)),
    connector('old.example', 'encrypt', 'min_protocol = "TLSv1.3";'),
    connector('later.example', 'encrypt', '');

# ---- Postfix and the daemon ----------------------------------------------------------------------

my $transport = write_file(work_dir() . '/transport', <<"END", 0644);
hq.example smtp:[mail.hq.example]:$hub
mis.hq.example smtp:[misnamed.hq.example]:$hub
unchrooted.own-ca.example plain:[127.0.0.1]:$direct
unchrooted.other-ca.example plain:[127.0.0.2]:$direct
reused.own-ca.example reuse:[127.0.0.1]:$direct
reused.other-ca.example reuse:[127.0.0.2]:$direct
chrooted.own-ca.example smtp:[127.0.0.1]:$direct
closed.example fallback:
other-map.example other-map:[$at{'stranger.example'}]:$port
dead.example error:5.1.1 nobody here
END
my $aliases = write_file(work_dir() . '/aliases', "alias\@example.org b-alias\@bare.example\n", 0644);
my $bccs = write_file(work_dir() . '/bccs', "watched-copy\@watched.example b-copy\@bare.example\n", 0644);
mkdir work_dir() . '/forward', 0755 or die "forward: $!\n";
my $forward = write_file(work_dir() . '/forward/games', "b-forward\@bare.example\n", 0644);
chown scalar(getpwnam 'games'), -1, $forward or die "$forward: $!\n";
my @client = (
    'smtp_tls_policy_maps = socketmap:unix:forcetls/tls-policy.sock:forcetls', 'smtp_tls_security_level = may', 'smtp_tls_loglevel = 1',
    "smtp_tls_CAfile = $world->{root}{file}", "smtp_tcp_port = $port", 'smtp_host_lookup = native', 'smtp_dns_support_level = disabled',
);
my $mta = Forcetls::Postfix->new(
    chroot => 1,
    milter => '',
    certificates => $world,
    hosts => join('', map { "$at{$_} $_\n" } sort keys %at),
    transports => {
        plain => [],
        reuse => ['smtp_tls_connection_reuse = yes'],
        fallback => ["smtp_fallback_relay = [127.0.25.20]:$fallback"],
        'other-map' => ['smtp_tls_policy_maps = socketmap:unix:forcetls/tls-policy.sock:starttls'],
    },
    main => join("\n",
        @client, 'default_transport = smtp', "transport_maps = texthash:$transport", "virtual_alias_maps = texthash:$aliases", 'virtual_alias_domains = example.org',
        "recipient_bcc_maps = texthash:$bccs", 'virtual_mailbox_domains =', 'mydestination = local.example', 'forward_path = ' . work_dir() . '/forward/$user', 'compatibility_level = 3.6', 'smtp_tls_fingerprint_digest = sha256',
        # A queue that is tried again only when the test says so.
        'queue_run_delay = 1h', 'minimal_backoff_time = 1h', 'maximal_backoff_time = 1h'),
);
my $roots = write_file(work_dir() . '/roots.pem', join('', map { read_file($world->{$_}{file}) } qw(root second_root)), 0644);
my $daemon = Forcetls::Daemon->new(mta => $mta, tls_policy => 1, settings => qq(trust_store = "$roots";), connectors => $connectors);
write_file($mta->config_dir . '/master.cf', read_file($mta->config_dir . '/master.cf') =~ s/^#(tlsproxy )/$1/mr);
$daemon->own_sockets_folder;
$daemon->start;
$mta->start;
note 'postfix ', $mta->version;

# ---- sending -------------------------------------------------------------------------------------

my $count = 0;

# sendmail(1), to a recipient of his own; gives the address.
sub send_to
{
    my ($domain, %option) = @_;
    my $to = $option{to} // 'b' . ++$count . "\@$domain";
    my ($status, $out) = $mta->submit("Subject: secret\n\nThis must not be heard.\n", '-f', $option{from} // 'a@example.org', $to);
    $status == 0 or die "sendmail(1): $out\n";
    return $to;
}

sub unheard
{
    my ($domain) = @_;
    is_deeply([ $sink{$domain}->betrayed ], [], "$domain: not a byte in clear");
}

# ---- encrypt -------------------------------------------------------------------------------------

sink('encrypt.example');
my $first = send_to('encrypt.example');
subtest 'encrypt, and the partner\'s STARTTLS has gone: the mail waits' => sub {
    like($mta->fate($first), qr/^deferred: TLS is required, but was not offered/, 'deferred');
    unheard('encrypt.example');
    is($mta->queued('deferred'), 1, 'it is in the queue');
    $sink{'encrypt.example'}->stop;
    sink('encrypt.example', certificate => $world->{alone});
    like($mta->fate($first, $mta->try_again()), qr/^sent: 250 /, 'and goes out when STARTTLS is back, with any certificate');
    unheard('encrypt.example');
    is($sink{'encrypt.example'}->taken, 1, 'encrypted');
    is($mta->queued, 0, 'nothing stays');
};

sink('old.example', certificate => $world->{alone}, tls => { max => 'TLSv1.2' });
like($mta->fate(send_to('old.example')), qr/^deferred: (?:Cannot start TLS|.*TLS)/, 'min_protocol TLSv1.3, and the partner has TLSv1.2: deferred');
unheard('old.example');

# ---- who it is -----------------------------------------------------------------------------------

sink($_, certificate => $world->{mx}) for qw(right.example wrong.example mispinned.example root.example other-root.example);
sink('pinned.example', certificate => $world->{alone});
for my $case (
    [ 'right.example', 'secure, and the name is right', 'sent' ],
    [ 'wrong.example', 'secure, and the name is another one', 'deferred' ],
    [ 'pinned.example', 'the pinned certificate, of no CA', 'sent' ],
    [ 'mispinned.example', 'another one', 'deferred' ],
    [ 'root.example', 'the demanded root', 'sent' ],
    [ 'other-root.example', 'another root', 'deferred' ],
) {
    my ($domain, $title, $wanted) = @$case;
    like($mta->fate(send_to($domain)), $wanted eq 'sent' ? qr/^sent: / : qr/^deferred: Server certificate not (?:verified|trusted)/, "$title: $wanted");
    unheard($domain);
    is($sink{$domain}->taken, $wanted eq 'sent' ? 1 : 0, "$domain: taken or not");
}

# ---- trust anchors: smtp(8) opens them by a relative name, chrooted or not -----------------------

subtest 'a trust store of the connector\'s own' => sub {
    $sink{'second'} = Forcetls::Sink->start(host => '127.0.0.1', port => $direct, certificate => $world->{second});
    $sink{'mx'} = Forcetls::Sink->start(host => '127.0.0.2', port => $direct, certificate => $world->{second});
    sink('own-ca.example', certificate => $world->{second});
    sink('other-ca.example', certificate => $world->{mx});
    like($mta->fate(send_to('own-ca.example')), qr/^sent: /, 'the right CA, chrooted: sent');
    like($mta->fate(send_to('chrooted.own-ca.example')), qr/^sent: /, 'so by a next hop');
    like($mta->fate(send_to('unchrooted.own-ca.example')), qr/^sent: /, 'the right CA, not chrooted: sent');
    like($mta->fate(send_to('other-ca.example')), qr/^deferred: Server certificate not verified/, 'another CA of the same name, chrooted: deferred');
    like($mta->fate(send_to('unchrooted.other-ca.example')), qr/^deferred: Server certificate not verified/, 'another CA, not chrooted: deferred');
    like($mta->fate(send_to('reused.own-ca.example')), qr/^sent: /, 'by tlsproxy(8), which keeps connections: the right CA: sent');
    like($mta->fate(send_to('reused.other-ca.example')), qr/^deferred: Server certificate not verified/, 'another CA, by tlsproxy(8): deferred');
    unheard($_) for qw(own-ca.example other-ca.example second mx);
    unlike($mta->maillog, qr/(?:open|load).*ta-[0-9a-f]+\.pem/, 'no file was missing');
    my @files = glob $mta->socket_dir . '/ta-*.pem';
    is(scalar @files, 3, 'a file for each of the three roots') or diag join "\n", @files, $daemon->log;
    my %roots = map { (readlink "$_/root") => 1 } grep { (readlink("$_/exe") // '') =~ m{/smtp$} && (readlink("$_/cwd") // '') eq $mta->queue } glob '/proc/[0-9]*';
    is_deeply([ sort keys %roots ], [ '/', $mta->queue ], 'there was a chrooted smtp(8), and one that was not');
};

subtest 'a file that has gone: the mail waits' => sub {
    unlink glob $mta->socket_dir . '/ta-*.pem';
    like($mta->fate(send_to($_)), qr/^deferred: /, "$_: deferred") for 'own-ca.example', 'unchrooted.own-ca.example';
    $daemon->reload;
    like($mta->fate(send_to('own-ca.example'), $mta->try_again()), qr/^sent: /, 'a reload writes it again');
    unheard('own-ca.example');
};

# ---- none of our business ------------------------------------------------------------------------

sink($_) for qw(watched.example free.bare.example stranger.example);
for my $case ([ 'watched.example', 'monitor mode' ], [ 'free.bare.example', 'level may' ], [ 'stranger.example', 'nobody in the file' ]) {
    my ($domain, $title) = @$case;
    like($mta->fate(send_to($domain)), qr/^sent: /, "$title: delivered");
    is($sink{$domain}->taken, 1, "$domain has it, in clear");
}

# ---- each way that leads to a partner ------------------------------------------------------------

sink('bare.example');
sink('xn--bcher-kva.example');
my %waits;
subtest 'whatever way it takes to the partner, it waits' => sub {
    my $smtp = Forcetls::Smtp->new(port => $mta->port);
    $smtp->ehlo;
    my @replies = $smtp->message('a@example.org', 'b-smtp@bare.example');
    $smtp->quit;
    like($replies[-1], qr/^250/, 'SMTP');
    send_to('', to => $_) for 'b-case@BARE.Example', 'alias@example.org', 'games@local.example', 'watched-copy@watched.example', 'b-umlaut@bücher.example', 'b-a-label@XN--BCHER-KVA.example';
    send_to('', to => 'x@dead.example', from => 'b-bounce@bare.example');
    for my $case (
        [ 'SMTP', 'b-smtp@bare.example' ], [ 'another case', 'b-case@BARE.Example' ], [ 'an alias', 'b-alias@bare.example' ], [ 'a .forward', 'b-forward@bare.example' ], [ 'a blind copy', 'b-copy@bare.example' ],
        [ 'a U-label', 'b-umlaut@bücher.example' ], [ 'an A-label', 'b-a-label@XN--BCHER-KVA.example' ], [ 'a bounce', 'b-bounce@bare.example' ],
    ) {
        my ($title, $to) = @$case;
        like($mta->fate($to), qr/^deferred: (?:TLS is required, but was not offered|delivery temporarily suspended: TLS is required)/, $title);
    }
    unheard($_) for 'bare.example', 'xn--bcher-kva.example';
};

subtest 'the partner is down, and the fallback relay has no TLS: the mail waits' => sub {
    $sink{fallback} = Forcetls::Sink->start(host => '127.0.25.20', port => $fallback);
    like($mta->fate(send_to('closed.example')), qr/^deferred: TLS is required, but was not offered/, 'deferred');
    cmp_ok($sink{fallback}->connections, '>', 0, 'the fallback relay was tried');
    unheard('fallback');
};

subtest 'verify: the MX host\'s own name' => sub {
    $sink{$_->[0]} = Forcetls::Sink->start(host => $at{ $_->[1] }, port => $hub, certificate => $world->{hub})
        for [ 'hub', 'mail.hq.example' ], [ 'mishub', 'misnamed.hq.example' ];
    like($mta->fate(send_to('hq.example')), qr/^sent: /, 'the name of the host: sent');
    like($mta->fate(send_to('mis.hq.example')), qr/^deferred: Server certificate not verified/, 'another name: deferred');
    unheard($_) for qw(hub mishub);
    is(scalar(grep { $_ eq 'mail.hq.example' } @{ $sink{hub}{server}->server_names }), 1, 'asked for by its name (SNI)');
};

# ---- without us ----------------------------------------------------------------------------------

subtest 'forcetls is down: mail waits, and is delivered when it is back' => sub {
    is($daemon->stop, 0, 'stopped');
    sink('later.example', certificate => $world->{alone});
    my $to = send_to('later.example');
    like($mta->fate($to), qr/^deferred: client TLS configuration problem/, 'deferred');
    is($sink{'later.example'}->taken, 0, 'nothing is heard');
    $daemon->start;
    like($mta->fate($to, $mta->try_again()), qr/^sent: /, 'and then delivered');
    unheard('later.example');
    is($sink{'later.example'}->taken, 1, 'encrypted');
};

subtest 'a map of another name in main.cf: all mail waits, and both logs say why' => sub {
    like($mta->fate(send_to('other-map.example')), qr/^deferred: client TLS configuration problem/, 'deferred');
    ok(wait_for(10, sub { $mta->maillog =~ /no such map: smtp_tls_policy_maps must end with :forcetls/ }), 'Postfix\'s log');
    ok(wait_for(10, sub { $daemon->log =~ /asked for the map 'starttls', and mail waits/ }), 'ours');
};

is($daemon->stop, 0, 'the daemon ends with 0');
done_testing();
