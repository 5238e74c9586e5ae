#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Mail to partners at a real Postfix, chrooted as Debian has it, with the milter, the TLS policy map
# and the real prober attached: what is said at RCPT, what is delivered, and what waits. Each partner
# has a domain with an MX record and a server that writes down every line that it hears.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Certificates;
use Forcetls::Daemon;
use Forcetls::Dns;
use Forcetls::Harness qw(free_port need_root wait_for work_dir write_file);
use Forcetls::Postfix;
use Forcetls::Prober qw(prober_program);
use Forcetls::Sink;
use Forcetls::Smtp;
use Test::More;

need_root();
Forcetls::ScriptedSmtp::need();
$ENV{FORCETLS_PROBER} = prober_program();

my $maker = Forcetls::Certificates->new;
my $world = $maker->standard;
my $twin = $maker->make('twin', subject => '/O=Example Trust/CN=Example Root CA', ca => 1);
chmod 0755, work_dir() . '/certificates';
chmod 0644, $world->{root}{file};

# ---- partners ------------------------------------------------------------------------------------

my $port = free_port();
my @names = qw(good fickle plain hard gone careful wrong own twin watched detour pinned stranger two);
my %at = map { $names[$_] => '127.0.27.' . ($_ + 1) } 0 .. $#names;
my $second = '127.0.27.100';    # the other MX host of two.example

sub certificate
{
    my ($name, %option) = @_;
    my $host = delete $option{host} // "mx.$name.example";
    return $maker->make("mx-$name", subject => "/CN=$host", san => $host, by => $world->{ca}, %option);
}
my %certificate = (
    (map { $_ => certificate($_) } qw(good fickle detour two)),
    wrong => certificate('wrong', host => 'mx.elsewhere.example'),
    own => certificate('own', by => undef),
    twin => certificate('twin', by => $twin),
    pinned => certificate('pinned', by => undef),
);
my %sink;
sub sink { return $sink{ $_[0] } = Forcetls::Sink->start(host => $at{ $_[0] }, port => $port, certificate => $_[1]) }
sink($_, $certificate{$_}) for grep { !/^(?:gone|careful)$/ } @names;
$sink{second} = Forcetls::Sink->start(host => $second, port => $port);

my $dns = Forcetls::Dns->start(
    (map { ("$_.example" => { MX => [ [ 10, "mx.$_.example" ] ] }, "mx.$_.example" => { A => [ $at{$_} ] }) } @names),
    'two.example' => { MX => [ [ 10, 'mx.two.example' ], [ 20, 'mx2.two.example' ] ] },
    'mx2.two.example' => { A => [$second] },
    'dead.example' => { rcode => 'SERVFAIL' },
);

my $pin = Forcetls::Certificates::fingerprint($certificate{pinned});
my %keys = (
    hard => 'action = "reject";', careful => 'unknown = "defer";', watched => 'mode = "monitor";',
    pinned => qq(level = "fingerprint"; certificates = ( { fingerprint = "$pin"; } );),
    dead => 'unknown = "defer";',
);
my $connectors = join ",\n", map {
    my $keys = $keys{$_} // '';
    $keys = qq(level = "secure"; certificates = ( { name = "mx.$_.example"; root = "Example Root CA"; } ); $keys) if $keys !~ /level/;
    qq(  { name = "$_-out"; direction = "outbound"; domains = [ "$_.example" ]; $keys })
} 'dead', grep { $_ ne 'stranger' } @names;

# ---- Postfix and the daemon ----------------------------------------------------------------------

my $transport = write_file(work_dir() . '/transport', "detour.example smtp:[127.0.27.13]:$port\n", 0644);
my $mta = Forcetls::Postfix->new(
    chroot => 1, certificates => $world,
    hosts => join('', map { "$at{$_} $_.example\n" } @names),
    main => join("\n",
        'smtp_tls_policy_maps = socketmap:unix:forcetls/tls-policy.sock:forcetls', 'smtp_tls_security_level = may', 'smtp_tls_loglevel = 1',
        "smtp_tls_CAfile = $world->{root}{file}", "smtp_tcp_port = $port", 'smtp_host_lookup = native', 'smtp_dns_support_level = disabled',
        'default_transport = smtp', "transport_maps = texthash:$transport", 'non_smtpd_milters = unix:forcetls/milter.sock',
        'smtpd_relay_restrictions = permit_mynetworks, reject', 'mynetworks = 127.0.0.0/8', 'compatibility_level = 3.6',
        'smtp_tls_fingerprint_digest = sha256', 'queue_run_delay = 1h', 'minimal_backoff_time = 1h', 'maximal_backoff_time = 1h'),
);
my $probe = join ' ', 'interval = "1h"; retry = "3s"; timeout = "3s"; rate = 1000.0; private_addresses = true;', "port = $port;";
my $settings = sub { "probe: { $probe };\n" . 'dns: { servers = [ "' . $dns->server . qq(" ]; };\ntrust_store = "$world->{root}{file}";\n) };
my $daemon = Forcetls::Daemon->new(mta => $mta, tls_policy => 1, settings => $settings->(), connectors => $connectors);
$daemon->own_sockets_folder;
$daemon->start;
$mta->start;
note 'postfix ', $mta->version;

# ---- sending -------------------------------------------------------------------------------------

# The replies to one message: to RCPT, and, where that was accepted, to its end.
sub deliver
{
    my ($name, $header) = @_;
    my $smtp = Forcetls::Smtp->new(port => $mta->port);
    $smtp->ehlo;
    $smtp->mail('a@example.org');
    my @replies = $smtp->rcpt("b\@$name.example");
    if (defined $header && $replies[0] =~ /^250/) {
        $smtp->say('DATA');
        $smtp->put("Subject: secret\r\n$header\r\nThis must not be heard.\r\n.\r\n");
        push @replies, $smtp->reply;
    }
    $smtp->quit;
    return @replies;
}

# What RCPT is answered once the prober has looked.
sub becomes
{
    my ($name, $pattern, $what) = @_;
    my $last = '';
    wait_for(15, sub { ($last = (deliver($name))[0]) =~ $pattern });
    like($last, $pattern, $what) or note $daemon->log;
}

sub never_in_clear
{
    my ($name) = @_;
    is(join("\n", $sink{$name}->betrayed), '', "$name.example: not a byte of mail in clear");
}

# ---- at RCPT -------------------------------------------------------------------------------------

my $needed = sub { my ($name) = @_; qr/Encryption needed: mail to \Q$name\E\.example may only be sent over TLS \(connector \Q$name\E-out\): / };
for my $case (
    [ 'hard', qr/^451 4\.7\.4 .*mx\.hard\.example does not offer STARTTLS/, 'action="reject", found by one probe: put off' ],
    [ 'plain', qr/^451 4\.7\.4 (?:\S+ )?${\ $needed->('plain')}mx\.plain\.example does not offer STARTTLS; postmaster\@example\.org$/, 'no STARTTLS: refused' ],
    [ 'careful', qr/^451 4\.4\.1 /, 'a server that cannot be reached, unknown="defer": deferred' ],
    [ 'dead', qr/^451 4\.4\.3 /, 'a DNS that fails, unknown="defer": deferred' ],
    [ 'wrong', qr/^451 4\.7\.5 .*mx\.wrong\.example/, 'a certificate of another name: refused' ],
    [ 'own', qr/^451 4\.7\.5 .*not trusted/, 'self-signed: refused' ],
    [ 'twin', qr/^451 4\.7\.5 .*not trusted/, 'another root of the same name: refused' ],
    [ 'two', qr/^451 4\.7\.4 .*mx2\.two\.example does not offer STARTTLS/, 'one MX of two without STARTTLS: refused' ],
    [ 'detour', qr/^451 4\.7\.5 .*127\.0\.27\.13/, 'transport_maps sends it elsewhere: refused' ],
    [ 'good', qr/^250 /, 'STARTTLS and the right certificate: accepted' ],
    [ 'pinned', qr/^250 /, 'the pinned certificate: accepted' ],
    [ 'gone', qr/^250 /, 'a server that cannot be reached, with the map: accepted' ],
    [ 'watched', qr/^250 /, 'monitor mode: accepted' ],
    [ 'hard', qr/^550 5\.7\.4 .*mx\.hard\.example does not offer STARTTLS/, 'action="reject", found by two: refused for good' ],
) {
    my ($name, $pattern, $what) = @$case;
    becomes($name, $pattern, "$name.example: $what");
}
like($daemon->log, qr/outbound verdict=monitor would=defer reason=starttls-not-offered connector=watched-out/, 'monitor mode says what it would do');
like($daemon->log, qr/outbound verdict=defer reason=wrong-next-hop connector=detour-out/, 'wrong-next-hop is logged');

# ---- delivery ------------------------------------------------------------------------------------

for my $name (qw(good pinned)) {
    my @replies = deliver($name, '');
    like($replies[-1], qr/^250 /, "$name.example: a message");
    like($mta->fate("b\@$name.example"), qr/^sent: 250 /, 'is delivered');
    is($sink{$name}->taken, 1, 'once');
    never_in_clear($name);
}
like($mta->maillog, qr/Verified TLS connection established to good\.example/, 'Postfix has verified it itself');
like($daemon->log, qr/^.*\w+: outbound verdict=pass connector=good-out level=secure .* nrcpt=1 .*hop=mx\.good\.example\[$at{good}\]:$port mx=unknown tls=TLSv1\.3 .*root="Example Root CA" /m,
    'the log line of what passed');

deliver('stranger', "TLS-Required: No\r\n");
like($mta->fate('b@stranger.example'), qr/^sent: /, 'who is no partner gets his mail as before, in clear');
cmp_ok(scalar $sink{stranger}->betrayed, '>', 0, '(which the server has heard)');
deliver('watched', '');
like($mta->fate('b@watched.example'), qr/^sent: /, 'monitor mode: delivered in clear');

like((deliver('good', "tls-required: NO\r\n"))[-1], qr/^550 5\.7\.10 .*TLS-Required/, 'TLS-Required: No to a partner: refused at the end of the message');
like((deliver('good', "TLS-Required: No (please)\r\n"))[-1], qr/^250 /, 'malformed, it is no such header');

# ---- good at the probe, bad at delivery ----------------------------------------------------------

becomes('fickle', qr/^250 /, 'fickle.example: accepted while it has STARTTLS');
$sink{fickle}->stop;
sink('fickle');
like((deliver('fickle', ''))[-1], qr/^250 /, 'STARTTLS has gone, and nobody has looked since: accepted');
like($mta->fate('b@fickle.example'), qr/^deferred: TLS is required, but was not offered/, 'the map holds the delivery');
never_in_clear('fickle');
like(($mta->command('postqueue', '-p'))[1], qr/b\@fickle\.example/, 'it is in the queue');

$sink{fickle}->stop;
sink('fickle', $certificate{fickle});    # now only the map that is not there keeps it back
$daemon->kill_hard;
like($mta->fate('b@fickle.example', $mta->try_again()), qr/^deferred: .*client TLS configuration problem/, 'the daemon is killed, so that nobody answers for the map: the mail waits');
never_in_clear('fickle');
unlink glob $mta->socket_dir . '/*.sock';
$daemon->start;
wait_for(15, sub { $mta->fate('b@fickle.example', $mta->try_again()) =~ /^sent: 250 / });
is($sink{fickle}->taken, 1, 'map and STARTTLS are back: delivered');
never_in_clear('fickle');

# ---- sendmail(1) ---------------------------------------------------------------------------------

for my $name (qw(plain wrong own twin)) {
    my ($status) = $mta->submit("Subject: secret\n\nThis must not be heard.\n", '-f', 'a@example.org', "c\@$name.example");
    is($status, 0, "sendmail(1) to $name.example: accepted");
    like($mta->fate("c\@$name.example"), qr/^deferred: /, 'and held by the map');
    never_in_clear($name);
}
$daemon->stop;
$daemon->{tls_policy} = 0;
$daemon->configure;
$daemon->start;
becomes('good', qr/^250 /, 'without the map: what is known to be good is accepted');
becomes('plain', qr/^451 4\.7\.4 /, 'and what is known to be bad refused');
my $before = length $mta->maillog;
$mta->submit("Subject: secret\n\nThis must not be heard.\n", '-f', 'a@example.org', 'd@plain.example');
ok(wait_for(20, sub { substr($mta->maillog, $before) =~ /milter-reject: END-OF-MESSAGE from \S+: 5\.7\.4 / }), 'without the map: sendmail(1) is refused at the end of the message, never put off')
    or diag substr $mta->maillog, $before;
never_in_clear('plain');

done_testing();
