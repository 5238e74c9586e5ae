#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Mail to partners at a real Sendmail: forcetls decides at RCPT, and the access map that
# "forcetls export sendmail" made holds the delivery. The partners are sinks that write down every
# line that they hear, and whether it came in clear.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Command qw(forcetls forcetls_program);
use Forcetls::Harness qw(free_port read_file run source_dir wait_for work_dir write_file);
use Forcetls::Prober qw(prober_program);
use Forcetls::Scene;
use Forcetls::Sink;
use Test::More;

$ENV{FORCETLS_PROBER} = prober_program();
my $port = free_port();
my $dir = work_dir() . '/sendmail';
my %address = (
    good => '127.0.0.21', fickle => '127.0.0.22', plain => '127.0.0.23', gone => '127.0.0.24',
    wrong => '127.0.0.25', own => '127.0.0.26', other => '127.0.0.27', hard => '127.0.0.28', detour => '127.0.0.29',
    list => '127.0.0.21]:[127.0.0.29',    # a list of hosts, as mailertable has them
);
my $mc = <<"END";
define(`ALIAS_FILE', `$dir/aliases')dnl
define(`ESMTP_MAILER_ARGS', `TCP \$h $port')dnl
FEATURE(`access_db', `hash -o -T<TMPF> $dir/access')dnl
FEATURE(`lookupdotdomain')dnl
FEATURE(`mailertable', `hash -o $dir/mailertable')dnl
MAILER(`local')dnl
END
my $scene = Forcetls::Scene->new(
    mta => 'sendmail', start => 0,
    server => { mc => $mc, destinations => join ' ', 'example.org', map { "$_.example" } 'smart', sort keys %address },
);
my ($sendmail, $daemon, $maker, $world) = ($scene->mta, $scene->daemon, @$scene{qw(maker certificates)});

# ---- partners ------------------------------------------------------------------------------------

my $twin = $maker->make('twin', subject => '/O=Example Trust/CN=Example Root CA', ca => 1);

sub certificate
{
    my ($name, %option) = @_;
    my $host = delete $option{host} // "mx.$name.example";
    return $maker->make("mx-$name", subject => "/CN=$host", san => $host, by => $world->{ca}, %option);
}
my %certificate = (
    good => certificate('good'), fickle => certificate('fickle'), hard => undef, plain => undef,
    wrong => certificate('wrong', host => 'mx.elsewhere.example'),
    own => certificate('own', by => undef), other => certificate('other', by => $twin), detour => undef,
);
my %sink = map { $_ => sink($_, $certificate{$_}) } sort keys %certificate;

sub sink { return Forcetls::Sink->start(host => $address{ $_[0] }, port => $port, certificate => $_[1]) }

sub connector
{
    my ($name, $more) = @_;
    my $hop = $name =~ /^(?:detour|list)$/ ? '127.0.0.21' : $address{$name};
    return qq(  { name = "$name-out"; direction = "outbound"; domains = [ "$name.example" ]; level = "secure"; )
        . qq(certificates = ( { name = "mx.$name.example"; } ); next_hops = [ "[$hop]" ]; ) . ($more // '') . ' }';
}
$daemon->configure(
    settings => qq(probe: { interval = "1h"; retry = "1s"; timeout = "5s"; rate = 1000.0; private_addresses = true; port = $port; };\n)
        . qq(trust_store = "$world->{root}{file}";\n),
    connectors => join ",\n",
        '  { name = "smart-out"; direction = "outbound"; domains = [ "smart.example" ]; level = "encrypt"; }',
        map { connector($_, $_ eq 'hard' ? 'action = "reject";' : '') } sort keys %address);

my ($code, $access, $errors) = forcetls('export', 'sendmail', '-c', $daemon->config_file);
is("$code $errors", '0 ', 'forcetls export sendmail');
$sendmail->make_map(access => $access);
$sendmail->make_map(mailertable => join '', map { "$_.example\tesmtp:[$address{$_}]\n" } sort keys %address);
write_file("$dir/aliases", "friend: b\@fickle.example\n", 0644);
$sendmail->command('', '-bi');
$scene->start;

# ---- at RCPT -------------------------------------------------------------------------------------

# The reply to one RCPT.
sub answer
{
    my ($to) = @_;
    my $smtp = $scene->session;
    $smtp->ehlo;
    $smtp->mail('a@example.org');
    my $reply = $smtp->rcpt($to);
    $smtp->quit;
    return $reply;
}

sub becomes
{
    my ($name, $pattern, $what) = @_;
    my $last = '';
    wait_for(15, sub { ($last = answer("b\@$name.example")) =~ $pattern });
    like($last, $pattern, $what);
}

sub submit
{
    my ($to) = @_;
    my $smtp = $scene->session;
    $smtp->ehlo;
    my @replies = $smtp->message('a@example.org', $to);
    $smtp->quit;
    return $replies[-1];
}

sub never_in_clear
{
    my ($sink, $what) = @_;
    is(join("\n", $sink->betrayed), '', "$what: nothing but EHLO, STARTTLS and QUIT in clear");
}

# Sendmail went there (the prober does, too: connections say nothing), and kept the mail.
sub held
{
    my ($dialogue, $name, $what, $why) = @_;
    my $said = qr/(?:Deferred: (?:403|454) 4\.7\.0 .*\Q$why\E|\Q$why\E.*\n.*Deferred\n)/;
    like($dialogue, qr/Connecting to \[\Q$address{$name}\E\] (?s:.*)$said/, "$what: Sendmail was there, and defers: $why");
}

becomes('good', qr/^250 /, 'TLS with the right certificate: accepted at RCPT');
becomes('fickle', qr/^250 /, 'a partner that will lose STARTTLS: accepted while it has it');
becomes('plain', qr/^451 4\.7\.4 .*\(connector plain-out\): .*does not offer STARTTLS/, 'no STARTTLS: refused at RCPT');
becomes('hard', qr/^550 5\.7\.4 .*\(connector hard-out\): .*does not offer STARTTLS/, 'action="reject": 5xx in the end');
like($daemon->log, qr/verdict=defer .*connector=hard-out/, 'and 4xx before the second probe') or note $daemon->log;
becomes('gone', qr/^451 4\.4\.1 /, 'a partner that cannot be reached: deferred by the key "unknown"');
becomes('wrong', qr/^451 4\.7\.5 .*mx\.elsewhere\.example/, 'another name in the certificate: refused at RCPT');
becomes('own', qr/^451 4\.7\.5 .*not trusted/, 'self-signed: refused at RCPT');
becomes('other', qr/^451 4\.7\.5 .*not trusted/, 'a root with the right name and another key: refused at RCPT');
becomes('detour', qr/^451 4\.7\.5 .*127\.0\.0\.29/, 'mailertable sends it to another hop: refused at RCPT');

becomes('list', qr/^451 4\.7\.5 .*127\.0\.0\.29/, 'mailertable has a list, of which one host is not the partner: refused at RCPT');

# ---- delivery ------------------------------------------------------------------------------------

like(submit('b@good.example'), qr/^250 /, 'a message to the good partner');
my $dialogue = $sendmail->run_queue;
is($sink{good}->taken, 1, 'it was delivered') or diag $dialogue;
never_in_clear($sink{good}, 'delivered encrypted');

like(submit('b@fickle.example'), qr/^250 /, 'a message to the fickle one');
$sink{fickle}->stop;
$sink{fickle} = sink('fickle', undef);
$dialogue = $sendmail->run_queue;
note $dialogue;
is($sink{fickle}->taken, 0, 'STARTTLS has gone since: not delivered');
held($dialogue, 'fickle', 'STARTTLS gone', 'other side does not support STARTTLS');
never_in_clear($sink{fickle}, 'STARTTLS gone');
like($sendmail->mailq, qr/b\@fickle\.example/, 'it waits in the queue');

# What forcetls never sees at RCPT: the access map alone.
my $text = "From: a\@example.org\nTo: b\nSubject: secret\n\nsecret\n";
my %why = (
    fickle => 'other side does not support STARTTLS', plain => 'other side does not support STARTTLS',
    wrong => 'does not match', own => 'authentication failed', other => 'authentication failed',
    detour => 'other side does not support STARTTLS',
);
for my $name (qw(fickle plain wrong own other detour)) {
    my ($to, $how) = ("b\@$name.example", "sendmail(1) to b\@$name.example");
    ($to, $how) = ('friend', 'an alias for b@fickle.example') if $name eq 'fickle';
    $sendmail->command($text, '-odq', '-f', 'a@example.org', $to);
    $dialogue = $sendmail->run_queue;
    is($sink{$name}->taken, 0, "$how: not delivered") or diag $dialogue;
    held($dialogue, $name, $how, $why{$name});
    never_in_clear($sink{$name}, $how) if $name ne 'detour';
}

# TLS_Rcpt is asked after MAIL: where no TLS_Srv holds the host, the sender's address has gone.
is(join("\n", grep { !/^RSET$/ } $sink{detour}->betrayed), 'MAIL From:<a@example.org>',
    'a hop that the file does not name: the sender\'s address crosses in clear, no recipient and no message');

# The bounce of a message with a partner's sender address.
$sendmail->command($text, '-odq', '-f', 'b@plain.example', 'nobody-here@mx.example.org');
$dialogue = join '', map { $sendmail->run_queue } 1 .. 2;
like($sendmail->mailq, qr/MAILER-DAEMON(?s:.*)b\@plain\.example/, 'a bounce to a partner without TLS waits in the queue') or diag $dialogue;
is($sink{plain}->taken, 0, 'a bounce: not delivered');
held($dialogue, 'plain', 'a bounce', $why{plain});
never_in_clear($sink{plain}, 'a bounce');

# ---- TLS-Required: No ----------------------------------------------------------------------------

my $smtp = $scene->session;
$smtp->ehlo;
$smtp->mail('a@example.org');
$smtp->rcpt('b@good.example');
like($smtp->data("TLS-Required: No\r\nFrom: a\@example.org\r\n\r\nHello.\r\n"), qr/^550 5\.7\.10 /, 'TLS-Required: No: refused at the end of the message');
$smtp->quit;

# ---- other ways to another hop ---------------------------------------------------------------------

$sendmail->stop;
write_file("$dir/forward.daemon", "b\@fickle.example\n", 0644);
$sendmail->configure(certificates => $world, mc => <<"END" . $mc);
define(`SMART_HOST', `esmtp:[127.0.0.29]')dnl
define(`confFALLBACK_MX', `[127.0.0.29]')dnl
END
$sendmail->start;
$smtp = $scene->session;
$smtp->ehlo;
$smtp->mail('a@example.org');
like($smtp->rcpt('b@smart.example'), qr/^451 4\.7\.5 .*127\.0\.0\.29/, 'SMART_HOST: refused at RCPT');
$smtp->quit;

sub goes_nowhere
{
    my ($how, $to, $name, $why) = @_;
    unlink glob "$dir/queue/*";
    my $before = () = $sink{$name}->betrayed;
    my $said = $sendmail->command($text, '-odq', '-f', 'a@example.org', $to) . $sendmail->run_queue;
    note $said;
    is($sink{$name}->taken, 0, "$how: not delivered");
    held($said, $name, $how, $why // $why{$name});
    my @new = $sink{$name}->betrayed;
    @new = grep { !/^(?:RSET|MAIL From:<a\@example\.org>)$/ } @new[ $before .. $#new ];
    is("@new", '', "$how: no recipient and no message in clear");
}
goes_nowhere('SMART_HOST', 'b@smart.example', 'detour', 'encryption too weak 0 less than 128');
goes_nowhere('FallbackMXhost', 'b@gone.example', 'detour');
$sendmail->configure(certificates => $world, mc => "define(`confFORWARD_PATH', `$dir/forward.\$u')dnl\n$mc");
goes_nowhere('.forward', 'daemon', 'fickle');

# ---- TLS_Rcpt alone --------------------------------------------------------------------------------

$sendmail->make_map(access => $access =~ s/^TLS_Srv:.*\n//mgr);
goes_nowhere("TLS_Rcpt alone, $_", "b\@$_.example", $_) for qw(fickle plain wrong own other);
goes_nowhere("TLS_Rcpt alone, $_", $_, 'fickle')
    for 'b@fickle.example.', 'B@FICKLE.Example', 'b%fickle.example@mx.example.org', '<@mx.example.org:b@fickle.example>', '"b"@fickle.example';
$sendmail->command($text, '-odq', '-f', 'a@example.org', 'b@good.example');
$sendmail->run_queue;
is($sink{good}->taken, 2, 'TLS_Rcpt alone: the good partner gets its mail');

# ---- contrib/sendmail/export-access ----------------------------------------------------------------

# Its exit status, and what it said.
sub export_access
{
    my ($own, $conf) = @_;
    write_file("$dir/access", $own, 0644);
    local $ENV{FORCETLS} = forcetls_program();
    local $ENV{MAKEMAP} = "$sendmail->{programs}/usr/libexec/sendmail/makemap -C $dir/sendmail.cf";
    local $ENV{LD_LIBRARY_PATH} = "$sendmail->{programs}/usr/lib/sendmail";
    my ($status, $out) = run('sh', source_dir() . '/contrib/sendmail/export-access', "$dir/access", $conf);
    return ($status >> 8, $out);
}

unlink "$dir/access.db";
my ($made, $said) = export_access('Connect:192.0.2.1 REJECT', $daemon->config_file);
is("$made $said", '0 ', 'export-access makes the map');
goes_nowhere('a map of export-access', 'b@fickle.example', 'fickle');
my $map = read_file("$dir/access.db");
write_file("$dir/broken.conf", "connectors = ( { name = \"x\" } );\n", 0644);
($made, $said) = export_access('', "$dir/broken.conf");
cmp_ok($made, '>=', 2, 'errors in forcetls.conf: told');
like($said, qr/access\.db stays as it is/, 'in words');
ok($map eq read_file("$dir/access.db"), 'and the old map stays');
($made, $said) = export_access("TLS_Rcpt:fickle.example OK\n", $daemon->config_file);
is($made, 2, 'a weaker line of the administrator\'s own for the same domain: told');
like($said, qr/duplicate key/, 'in words');
ok($map eq read_file("$dir/access.db"), 'and the old map stays');
is(join(' ', glob "$dir/access.??????"), '', 'nothing is left behind');

is($daemon->stop, 0, 'the daemon ends with status 0');
$sendmail->stop;
done_testing();
