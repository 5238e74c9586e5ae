#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# A partner as they are on the Internet: its domain has an MX record, its mail server is another
# Postfix, on another host, on port 25, with STARTTLS and a certificate of its own. Nothing is set
# for the test: names come from the DNS of resolv.conf, to smtp(8) and to the prober alike. What
# goes through the cable between the two hosts is written down.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Command qw(forcetls);
use Forcetls::Daemon;
use Forcetls::Dns;
use Forcetls::Harness qw(need_root read_file wait_for work_dir write_file);
use Forcetls::Network;
use Forcetls::Postfix;
use Forcetls::Prober qw(prober_program);
use Forcetls::Smtp;
use JSON::PP ();
use Test::More;

need_root();
Forcetls::Postfix->unpack_or_skip;
Forcetls::Network->enter;
$ENV{FORCETLS_PROBER} = prober_program();

# ---- the partner's host --------------------------------------------------------------------------

my ($ours, $first, $second) = map { "44.128.1.$_" } 1, 25, 26;
my $network = Forcetls::Network->new;
my $host = $network->host($first, $second);

my $maker = Forcetls::Certificates->new;
my $world = $maker->standard;
my $other_root = $maker->make('second_root', subject => '/CN=Second Root CA', ca => 1);
chmod 0755, work_dir() . '/certificates';
my $roots = write_file(work_dir() . '/roots.pem', join('', map { read_file($_->{file}) } $world->{root}, $other_root), 0644);

my @domains = qw(good hard careful changed any all plain relayed stranger);
my %partner_of = (
    old => $maker->make('partner-old', subject => '/CN=mx.good.example', san => join(',', map { "mx.$_.example" } @domains), by => $world->{ca}),
    new => $maker->make('partner-new', subject => '/CN=mx.good.example', san => join(',', map { "mx.$_.example" } @domains), by => $other_root),
);
my %partner_world = map { $_ => { root => $world->{root}, server => $partner_of{$_} } } keys %partner_of;
my $partner = Forcetls::Postfix->new(
    name => 'partner', host => $host, milter => '', certificates => $partner_world{old},
    destinations => join(', ', map { "$_.example" } @domains), main => "myhostname = mx.good.example\n",
    services => { plain => [ 'smtpd_tls_security_level = none' ] }, at => { plain => $second },
);

# Ends the partner's Postfix and starts it anew: with this certificate, or without TLS.
sub partner_becomes
{
    my ($what) = @_;
    $partner->stop;
    $partner->configure(certificates => $partner_world{$what}, main => "myhostname = mx.good.example\n");
    $partner->start;
}

my %other = (plain => $second, stranger => $second);
my $dns = Forcetls::Dns->start_on(
    53,
    (map { ("$_.example" => { MX => [ [ 10, "mx.$_.example" ] ] }, "mx.$_.example" => { A => [ $other{$_} // $first ] }) } @domains),
    map({ ("$_.example" => { MX => [ [ 10, "plain.$_.example" ], [ 20, "mx.$_.example" ] ] }, "plain.$_.example" => { A => [$second] }) } qw(any all)),
);

# ---- our host ------------------------------------------------------------------------------------

my $senders = write_file(work_dir() . '/relays', "relay\@example.org [mx.relayed.example]\n", 0644);
my @main = (
    'smtp_tls_policy_maps = socketmap:unix:forcetls/tls-policy.sock:forcetls', 'smtp_tls_security_level = may', 'smtp_tls_loglevel = 1',
    "smtp_tls_CAfile = $roots", 'default_transport = smtp', 'smtpd_relay_restrictions = permit_mynetworks, reject', 'mynetworks = 127.0.0.0/8',
    'smtp_connect_timeout = 2s', 'queue_run_delay = 1h', 'minimal_backoff_time = 1h', 'maximal_backoff_time = 1h', "sender_dependent_relayhost_maps = texthash:$senders",
);
my $mta = Forcetls::Postfix->new(chroot => 1, certificates => $world, main => join "\n", @main);

sub connector
{
    my ($name, $keys) = @_;
    $keys = qq(certificates = ( { name = "mx.$name.example"; root = "Example Root CA"; } ); $keys) if $keys !~ /certificates/;
    return qq(  { name = "$name-out"; direction = "outbound"; domains = [ "$name.example" ]; level = "secure"; $keys });
}

# Both roots, each up to a day and from a day on.
sub changeover
{
    my ($until, $from) = @_;
    return qq(certificates = ( { name = "mx.changed.example"; root = "Example Root CA"; until = "$until"; },
        { name = "mx.changed.example"; root = "Second Root CA"; from = "$from"; } ););
}
my %keys = (
    good => '', hard => 'action = "reject";', careful => 'unknown = "defer";', any => 'mx = "any";', all => '', plain => '',
    relayed => 'next_hops = [ "[mx.relayed.example]" ];', changed => changeover('2099-01-01', '2020-01-01'),
);
my $connectors = sub { join ",\n", map { connector($_, $keys{$_}) } sort keys %keys };
my $control = work_dir() . '/control.sock';
my $daemon = Forcetls::Daemon->new(
    mta => $mta, tls_policy => 1, connectors => $connectors->(),
    settings => qq(control_socket = "unix:$control";\nprobe: { interval = "1h"; retry = "1s"; timeout = "3s"; rate = 1000.0; };\ntrust_store = "$roots";\n),
);
$daemon->own_sockets_folder;
$partner->start;
$daemon->start;
$mta->start;
note 'postfix ', $mta->version;

# ---- sending -------------------------------------------------------------------------------------

my $count = 0;

# The replies to one message to a recipient of his own: to RCPT, and to the end; and the recipient.
sub deliver
{
    my ($name, %option) = @_;
    my $to = 'b' . ++$count . "\@$name.example";
    my $smtp = Forcetls::Smtp->new(port => $mta->port);
    $smtp->ehlo;
    $smtp->mail($option{from} // 'a@example.org');
    my @replies = $smtp->rcpt($to);
    push @replies, $smtp->data("Subject: secret $to\r\n\r\nThis must not be heard: $to.\r\n") if $replies[0] =~ /^250/ && !$option{only};
    $smtp->quit;
    return ($to, @replies);
}

sub becomes
{
    my ($name, $pattern, $what, %option) = @_;
    my $last = '';
    wait_for(20, sub { ($last = (deliver($name, %option, only => 1))[1]) =~ $pattern });
    like($last, $pattern, $what) or note $daemon->log;
}

# What has become of it, behind the first `$skip` octets of the log.
# Sessions at the partner in which mail was offered in clear.
sub offered_in_clear
{
    return grep { /disconnect from .*\bmail=/ && !/\bstarttls=1\b/ } split /\n/, $partner->maillog;
}

# How often the partner took a message for this recipient.
sub taken { my ($to) = @_; return scalar(() = $partner->maillog =~ /to=<\Q$to\E>,.*status=sent/g) }

# The partner writes its log a moment later.
sub taken_once
{
    my ($to) = @_;
    wait_for(10, sub { taken($to) });
    is(taken($to), 1, 'once');
}

# The daemon writes its log a moment later.
sub is_logged
{
    my ($pattern, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    wait_for(10, sub { $daemon->log =~ $pattern });
    like($daemon->log, $pattern, $what);
}

sub never_in_clear
{
    my ($to) = @_;
    $network->mark($host);
    ok(!$network->heard(qr/\Q$to\E/), "$to: neither the address nor the message went through the cable in clear");
}

sub goes_out
{
    my ($name, $what, %option) = @_;
    my ($to, @replies) = deliver($name, %option);
    like($replies[-1], qr/^250 /, "$what: accepted") or note $daemon->log;
    like($mta->fate($to), qr/^sent: 250 /, 'and delivered');
    taken_once($to);
    never_in_clear($to);
}

sub waits
{
    my ($name, $what, $pattern, %option) = @_;
    my ($to, @replies) = deliver($name, %option);
    like($replies[-1], qr/^250 /, "$what: accepted");
    like($mta->fate($to), qr/^deferred: .*$pattern/, 'and waits');
    is(taken($to), 0, 'at home');
    never_in_clear($to) if !$option{unplugged};
    return $to;
}

# Whether the daemon knows a hop: where unknown is accepted, a 250 does not say it.
sub is_known
{
    my ($hop) = @_;
    my (undef, $text) = forcetls('status', '-c', $daemon->config_file, '--json');
    my $status = eval { JSON::PP->new->utf8->decode($text) } // return;
    return grep { $_->{hop} eq $hop && $_->{found} } @{ $status->{hops} };
}

# Everything is looked at anew: by a daemon that knows nothing yet.
sub look_again
{
    $daemon->stop;
    $daemon->configure(connectors => $connectors->());
    $daemon->start;
}

# ---- TLS, and none -------------------------------------------------------------------------------

ok(wait_for(20, sub { is_known('good.example') }), 'a partner is looked at');
becomes('good', qr/^250 /, 'with STARTTLS and the right certificate: accepted at RCPT');
becomes('plain', qr/^451 4\.7\.4 .*\(connector plain-out\): mx\.plain\.example does not offer STARTTLS/, 'a server without STARTTLS: refused at RCPT');
goes_out('good', 'a message to the partner');
like($mta->maillog, qr/Verified TLS connection established to mx\.good\.example\[\Q$first\E\]:25/, 'smtp(8) has verified it itself, at its MX, on port 25');
is_logged(qr/outbound verdict=pass connector=good-out .*hop=mx\.good\.example\[\Q$first\E\]:25 mx=(?:insecure|unknown) tls=TLSv1\.3 .*subject="?mx\.good\.example"? .*root="Example Root CA"/, 'and so it says in our log');
is(join("\n", offered_in_clear()), '', 'the partner was offered nothing in clear');

my ($heard) = deliver('stranger');
like($mta->fate($heard), qr/^sent: /, 'nobody\'s connector: delivered in clear, as before');
$network->mark($host);
ok($network->heard(qr/must not be heard: \Q$heard\E/), '(and that is heard in the cable)');
ok(wait_for(10, sub { offered_in_clear() == 1 }), '(and seen by the partner)');

# ---- two MX hosts, one of them without TLS -------------------------------------------------------

becomes('all', qr/^451 4\.7\.4 .*plain\.all\.example does not offer STARTTLS/, 'two MX hosts, the first without STARTTLS, mx="all": refused');
becomes('any', qr/^250 /, 'mx="any": accepted');
goes_out('any', 'mx="any"');
like($mta->maillog, qr/to=<b\d+\@any\.example>, relay=mx\.any\.example\[\Q$first\E\]:25/, 'by the second');

# ---- another way ---------------------------------------------------------------------------------

becomes('good', qr/^451 4\.7\.5 .*mx\.relayed\.example/, 'sender_dependent_relayhost_maps sends a partner\'s mail elsewhere: refused', from => 'relay@example.org');
becomes('relayed', qr/^250 /, 'a relayhost that next_hops names: accepted', from => 'relay@example.org');
goes_out('relayed', 'by that relayhost', from => 'relay@example.org');

# ---- the partner turns TLS off -------------------------------------------------------------------

partner_becomes('without TLS');
my @waiting = map { waits($_, "$_.example has turned TLS off, and nobody has looked since", qr/TLS is required, but was not offered/) } qw(good hard any);
push @waiting, waits('relayed', 'the relayhost has turned TLS off', qr/TLS is required, but was not offered/, from => 'relay@example.org');
look_again();
becomes('good', qr/^451 4\.7\.4 .*mx\.good\.example does not offer STARTTLS/, 'looked at again: refused at RCPT');
becomes('hard', qr/^550 5\.7\.4 .*mx\.hard\.example does not offer STARTTLS/, 'action="reject", seen twice: refused for good');
becomes('any', qr/^451 4\.7\.4 /, 'mx="any", and none has STARTTLS: refused');
my ($code, $page) = forcetls('probe', '-c', $daemon->config_file, 'good-out');
is($code, 1, 'forcetls probe: no');
like($page, qr/mx\.good\.example.*does not offer STARTTLS/s, 'and why');
ok(wait_for(10, sub { offered_in_clear() == 1 }), 'nothing but the stranger\'s mail was offered in clear');

partner_becomes('old');
becomes($_, qr/^250 /, "$_.example has TLS again: accepted") for qw(good hard any);
my $skip = $mta->try_again();
for my $to (@waiting) {
    like($mta->fate($to, $skip), qr/^sent: /, "$to: what waited is delivered");
    taken_once($to);
    never_in_clear($to);
}

# ---- the partner changes its certificate ---------------------------------------------------------

becomes('changed', qr/^250 /, 'the old certificate, up to a day to come: accepted');
goes_out('changed', 'the old certificate');
partner_becomes('new');
goes_out('changed', 'the new one, not looked at yet: the map knows both');
waits('good', 'a partner with no such entry, not looked at yet', qr/Server certificate not (?:verified|trusted)/);
look_again();
becomes('changed', qr/^250 /, 'the new one, looked at');
becomes('good', qr/^451 4\.7\.5 .*Second Root CA/, 'a partner with no such entry: refused, with the root that it has');
is_logged(qr/connector=changed-out/, '(logged)');
partner_becomes('old');
$keys{changed} = changeover('2021-01-01', '2021-01-01');
look_again();
becomes('changed', qr/^451 4\.7\.5 .*2021-01-01/, 'the old one, after its day: refused, with the day');
is_logged(qr/reason=certificate-retired connector=changed-out/, 'as retired');
$mta->submit("Subject: secret\n\nThis must not be heard.\n", '-f', 'a@example.org', 'retired@changed.example');
like($mta->fate('retired@changed.example'), qr/^deferred: Server certificate not (?:verified|trusted)/, 'and the map holds what sendmail(1) sends');
becomes('good', qr/^250 /, 'the other partner is well again');

# ---- the cable is pulled -------------------------------------------------------------------------

$host->unplug;
look_again();
becomes('careful', qr/^451 4\.4\.1 /, 'the partner cannot be reached, unknown="defer": deferred at RCPT');
my $to = waits('good', 'unknown="accept"', qr/(?:timed out|unreachable|No route|refused)/i, unplugged => 1);
$host->plug;
wait_for(20, sub { $mta->fate($to, $mta->try_again()) =~ /^sent: / });
ok(wait_for(10, sub { taken($to) == 1 }), 'the cable is back: delivered');
never_in_clear($to);
becomes('careful', qr/^250 /, 'and accepted at RCPT');

# ---- what the administrator sees -----------------------------------------------------------------

($code, $page) = forcetls('probe', '-c', $daemon->config_file, '--all');
is($code, 1, 'forcetls probe --all: not all is well');
like($page, qr/\b\Q$_\E-out\b/, "it has $_-out") for sort keys %keys;
($code, $page) = forcetls('status', '-c', $daemon->config_file);
is($code, 0, 'forcetls status');
like($page, qr/mx\.good\.example|good\.example/, 'has the hop');

# ---- relayhost and always_bcc --------------------------------------------------------------------

$mta->stop;
$mta->configure(main => join "\n", @main, 'relayhost = [mx.plain.example]');
$mta->start;
becomes('good', qr/^451 4\.7\.5 .*mx\.plain\.example/, 'relayhost: refused, since the partner is not there');
$mta->submit("Subject: secret\n\nThis must not be heard.\n", '-f', 'a@example.org', 'relayhost@good.example');
my $relayed = $mta->fate('relayhost@good.example');
note $relayed;

$mta->stop;
$mta->configure(main => join "\n", @main, 'always_bcc = copy@plain.example');
$mta->start;
goes_out('good', 'always_bcc to a partner without TLS: the message itself');
like($mta->fate('copy@plain.example'), qr/^deferred: .*TLS is required, but was not offered/, 'and its copy waits');
never_in_clear('copy@plain.example');

$partner->stop;
is($daemon->stop, 0, 'the daemon ends with 0');
unlike($daemon->log, qr/Sanitizer|internal-error|assert/i, 'the daemon found no fault in itself');
done_testing();
