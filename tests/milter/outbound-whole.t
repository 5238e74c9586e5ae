#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The daemon and its own prober, which looks at real servers by way of a real DNS server, on the
# loopback: a decision from the wire to the reply.
use strict;
use warnings;
use Test::More;

use Forcetls::Bare;
use Forcetls::Certificates;
use Forcetls::Dns;
use Forcetls::Harness qw(daemon_program free_port read_file wait_for);
use Forcetls::Milter;
use Forcetls::Prober qw(prober_program);
use Forcetls::ScriptedSmtp;

Forcetls::ScriptedSmtp->need;
$ENV{FORCETLS_PROBER} = prober_program();

# Servers at 127.0.0.N, all on one port; each partner's MX is one of them.
my $world = Forcetls::Certificates->new->standard;
my $certificates = Forcetls::Certificates->new;
my $port = free_port();
my %script = (
    good => Forcetls::ScriptedSmtp::good(certificate => certificate('good', by => $world->{ca})),
    wrong => Forcetls::ScriptedSmtp::good(certificate => certificate('elsewhere', by => $world->{ca})),
    own => Forcetls::ScriptedSmtp::good(certificate => certificate('own')),
    plain => [ "220 mx.plain.example ESMTP\r\n", [ expect => 'EHLO ' ], Forcetls::ScriptedSmtp::ehlo('PIPELINING'), [ expect => 'QUIT' ], "221 bye\r\n", ['hang'] ],
    busy => [ "421 4.3.2 too many connections\r\n", ['eof'] ],
);
my (%table, $number);
for my $name (sort keys %script) {
    my $address = '127.0.0.' . (10 + ++$number);
    Forcetls::ScriptedSmtp->start(script => $script{$name}, host => $address, port => $port);
    $table{"$name.example"} = { MX => [ [ 10, "mx.$name.example" ] ] };
    $table{"mx.$name.example"} = { A => [$address] };
}
my $dns = Forcetls::Dns->start(%table);

sub certificate {
    my ($name, %option) = @_;
    return $certificates->make($name, subject => "/O=Example/CN=mx.$name.example", san => "mx.$name.example", %option);
}

sub connector {
    my ($name, $demands) = @_;
    return qq(  { name = "$name-out"; direction = "outbound"; domains = [ "$name.example" ]; action = "reject"; $demands });
}

my $secure = 'level = "secure"; certificates = ( { name = "NAME"; root = "Example Root CA"; } );';
my $bare = Forcetls::Bare->new(
    settings => join('',
        qq(probe: { interval = "1h"; retry = "1s"; timeout = "10s"; rate = 1000.0; private_addresses = true; port = $port; };\n),
        'dns: { servers = [ "' . $dns->server . qq(" ]; trust_anchor = ""; };\n),
        qq(trust_store = "$world->{root}{file}";\n)),
    connectors => join(",\n",
        connector('good', $secure =~ s/NAME/mx.good.example/r), connector('wrong', $secure =~ s/NAME/mx.wrong.example/r),
        connector('own', 'level = "verify";'), connector('plain', 'level = "encrypt";'),
        connector('busy', 'level = "encrypt";'), connector('gone', 'level = "encrypt";')));
$bare->start;

sub answer {
    my ($domain) = @_;
    my $mta = $bare->connect;
    $mta->negotiate;
    $mta->connect(macros => { v => 'Postfix 3.7.11', '{client_port}' => '40000', '{daemon_port}' => '25' });
    $mta->helo('client.example');
    $mta->mail('<a@example.org>', macros => { i => 'x' });
    return $mta->rcpt("<b\@$domain>", macros => { '{rcpt_mailer}' => 'smtp', '{rcpt_host}' => $domain });
}

sub becomes {
    my ($domain, $pattern, $what) = @_;
    my $last = '';
    wait_for(20, sub { ($last = answer($domain)) =~ $pattern });
    like($last, $pattern, $what);
}

becomes('good.example', qr/^continue$/, 'the partner: passes');
becomes('wrong.example', qr/^550 5\.7\.5 .*\(connector wrong-out\): mx\.wrong\.example: .*'mx\.elsewhere\.example' is not 'mx\.wrong\.example'/, 'another certificate');
becomes('own.example', qr/^550 5\.7\.5 .*the certificate of mx\.own\.example is not trusted/, 'a certificate of its own making');
becomes('plain.example', qr/^550 5\.7\.4 .*mx\.plain\.example does not offer STARTTLS/, 'no STARTTLS');
becomes('busy.example', qr/^451 4\.4\.1 .*mx\.busy\.example.*'421 4\.3\.2 too many connections'/, 'busy');
becomes('gone.example', qr/^451 4\.4\.3 .*no such domain/, 'no such domain');

SKIP: {
    skip 'only root can give the prober a user of its own', 3 if $> != 0;
    my ($prober) = grep { (readlink("/proc/$_/exe") // q{}) eq prober_program() && read_file("/proc/$_/stat") =~ /\) \S (\d+)/ && read_file("/proc/$1/comm") eq "forcetls-start\n" && readlink("/proc/$1/exe") eq daemon_program() }
        map { m{/(\d+)/} } glob '/proc/[0-9]*/comm';
    ok($prober, 'the prober runs');
    # It begins as root.
    my $of_prober = 0;
    wait_for(5, sub { ($of_prober) = read_file("/proc/$prober/status") =~ /^Uid:\s+(\d+)/m; $of_prober });
    my ($of_daemon) = read_file('/proc/' . $bare->daemon->pid . '/status') =~ /^Uid:\s+(\d+)/m;
    isnt($of_prober, 0, 'not as root');
    isnt($of_prober, $of_daemon, 'nor as the daemon\'s user');
}
is($bare->stop, 0, 'the daemon ends with status 0');
done_testing;
