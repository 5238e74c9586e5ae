#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The log: its form on stderr and at syslog, and that neither can hold up mail by not reading. The
# syslog daemon is this test, in a mount namespace of its own where /dev is a folder of ours; that
# takes root.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Harness qw(at_end daemon_program end_process is_over read_file run start_process wait_for work_dir write_file);
use Forcetls::Milter;
use POSIX qw(strftime);
use Socket qw(AF_UNIX MSG_DONTWAIT SOCK_DGRAM SOL_SOCKET SO_LINGER pack_sockaddr_un);
use Test::More;
use Time::HiRes qw(time);

if ($> == 0 && !$ENV{FORCETLS_OWN_DEV}) {
    $ENV{FORCETLS_OWN_DEV} = 1;
    my $possible = system 'unshare -m --propagation private mount --bind /dev/null /dev/null >/dev/null 2>&1';
    exec 'unshare', '-m', '--propagation', 'private', $^X, map({ "-I$_" } @INC), $0 if $possible == 0;
    $ENV{FORCETLS_OWN_DEV} = 0;
}

my $dir = work_dir();
my $conf = "$dir/forcetls.conf";
my $socket = "$dir/milter.sock";
my $rules = <<"END";
milter_socket = "unix:$socket";
connectors = ( { name = "tax"; direction = "inbound"; domains = [ "tax.example" ]; level = "encrypt"; action = "reject"; } );
END
write_file($conf, $rules);

my $line_form = qr/^[A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d forcetls-milter\[\d+\]: [\x20-\x7e]+$/;
my $no_tls = qr/^550 5\.7\.10 /;

sub start
{
    my (@arguments) = @_;
    write_file("$dir/log", '');
    my $pid = start_process({ log => "$dir/log" }, daemon_program(), '-f', '-c', $conf, @arguments);
    wait_for(20, sub { read_file("$dir/log") =~ /: ready: / || is_over($pid) });
    return $pid;
}

sub session
{
    my ($sender) = @_;
    my $mta = Forcetls::Milter->new(socket => $socket);
    $mta->negotiate;
    $mta->connect(macros => { v => 'Postfix 3.7.11' });
    $mta->helo('client.example');
    $mta->{mail} = $mta->mail($sender // '<a@tax.example>');
    return $mta;
}

# The reply to a recipient; to MAIL, where that ended it.
sub reply
{
    my $mta = session(@_);
    return $mta->{mail} eq 'continue' ? $mta->rcpt('<b@example.org>') : $mta->{mail};
}

# ---- stderr ------------------------------------------------------------------------------------

subtest 'lines on stderr look like a maillog' => sub {
    my $pid = start();
    like(reply(), $no_tls, 'a refusal');
    session('<a@none.example>');
    ok(wait_for(10, sub { read_file("$dir/log") =~ /verdict=reject/ }), 'is logged');
    is(end_process($pid), 0, 'the end');
    my @lines = split /\n/, read_file("$dir/log");
    my @odd = grep { $_ !~ $line_form } @lines;
    is_deeply(\@odd, [], 'every line: time, name, process id, text');
    my ($time) = $lines[-1] =~ /^(.{15})/;
    my @times = map { strftime '%b %e %H:%M:%S', localtime(time - $_) } -1 .. 30;
    ok(scalar(grep { $_ eq $time } @times), 'the time is the local time') or diag $time;
    unlike(join('', @lines), qr/verdict=none/, 'nothing about mail that concerns nobody');
    $pid = start('-v');
    session('<a@none.example>');
    ok(wait_for(10, sub { read_file("$dir/log") =~ /verdict=none/ }), 'with -v there is');
    end_process($pid);
};

subtest 'a reader of stderr that does not read holds up nothing' => sub {
    pipe my $reader, my $writer or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', $writer;
        close $reader;
        exec daemon_program(), '-f', '-c', $conf or POSIX::_exit(127);
    }
    at_end(sub { end_process($pid) });
    close $writer;
    wait_for(20, sub { defined eval { session() } });
    flood(2000);
    my $began = time;
    is(end_process($pid), 0, 'it ends');
    cmp_ok(time - $began, '<', 5, 'in time');
};

# Memory of a process, in kB.
sub resident { return read_file("/proc/$_[0]/status") =~ /^VmRSS:\s+(\d+)/m ? $1 : 0 }

# Refused recipients, a log line each; gives the longest time that one took.
sub flood
{
    my ($count) = @_;
    my $mta = session();
    my ($longest, $wrong) = (0, 0);
    for (1 .. $count) {
        my $began = time;
        $wrong++ if $mta->rcpt('<b@example.org>') !~ $no_tls;
        my $took = time - $began;
        $longest = $took if $took > $longest;
    }
    is($wrong, 0, "$count recipients are refused");
    cmp_ok($longest, '<', 0.5, 'each at once');
    note sprintf 'the slowest took %.1f ms', 1000 * $longest;
    $mta->quit;
    return;
}

# ---- syslog ------------------------------------------------------------------------------------

if (!$ENV{FORCETLS_OWN_DEV}) {
    SKIP: { skip 'a /dev/log of our own takes root and mount namespaces', 1 }
    done_testing();
    exit;
}

# /dev, as far as a daemon needs it.
my $dev = "$dir/dev";
mkdir $dev or die "$dev: $!\n";
for my $device (qw(null zero random urandom)) {
    write_file("$dev/$device", '');
    system('mount', '--bind', "/dev/$device", "$dev/$device") == 0 or die "mount\n";
}
system('mount', '--rbind', $dev, '/dev') == 0 or die "mount\n";
at_end(sub {
    system 'umount', '-l', '/dev';
    system 'umount', "$dev/$_" for qw(null zero random urandom);
});

my $syslog;

sub listen_syslog
{
    unlink '/dev/log';
    socket $syslog, AF_UNIX, SOCK_DGRAM, 0 or die "socket: $!\n";
    bind $syslog, pack_sockaddr_un('/dev/log') or die "bind: $!\n";
}

my @heard;

sub hear
{
    while (defined recv $syslog, my $datagram, 8192, MSG_DONTWAIT) {
        push @heard, $datagram;
    }
    return @heard;
}

# Whether such a line has come.
sub heard
{
    my ($pattern) = @_;
    return wait_for(10, sub { scalar grep { /$pattern/ } hear() });
}

my %mail = (err => 19, warning => 20, notice => 21, info => 22, debug => 23);
my $at = qr/[A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d/;

listen_syslog();

subtest 'lines at syslog' => sub {
    @heard = ();
    my $pid = start('-v');
    like(reply(), $no_tls, 'a refusal');
    session('<a@none.example>');
    ok(heard(qr/^<$mail{notice}>$at forcetls-milter\[$pid\]: ready: version /), 'facility mail, level notice, our name, our process id');
    ok(heard(qr/^<$mail{notice}>$at forcetls-milter\[$pid\]: NOQUEUE: inbound verdict=reject /), 'the refusal is a notice');
    ok(heard(qr/^<$mail{debug}>$at forcetls-milter\[$pid\]: .*verdict=none/), 'what only -v shows is debug');
    ok(heard(qr/^<$mail{warning}>$at forcetls-milter\[$pid\]: runs as root/), 'a warning');
    write_file($conf, "moed = 1;\n$rules");
    kill 'USR1', $pid;
    ok(heard(qr/^<$mail{err}>$at forcetls-milter\[$pid\]: \Q$conf\E:1: error: .*'moed'/), 'an error in the configuration');
    ok(heard(qr/^<$mail{err}>$at forcetls-milter\[$pid\]: \Q$conf\E has 1 error: the old rules stay in force/), 'and that it changes nothing');
    write_file($conf, $rules);
    end_process($pid);
    ok(heard(qr/: stopped/), 'the last line');
    is(scalar(grep { /\n/ || /[^\x20-\x7e]/ } @heard), 0, 'one line each, printable');
};

subtest 'in the background' => sub {
    @heard = ();
    my ($status, $text) = run(daemon_program(), '-c', $conf, '-P', "$dir/pid");
    is($status, 0, 'starts');
    my ($pid) = read_file("$dir/pid") =~ /(\d+)/;
    at_end(sub { kill 'KILL', $pid if !is_over($pid) });
    ok(heard(qr/forcetls-milter\[$pid\]: ready: /), 'logs with the process id of the daemon');
    unlike($text, qr/ready/, 'and not to the terminal');
    ($status, $text) = run(daemon_program(), '-c', $conf);
    isnt($status, 0, 'a start that fails');
    like($text, qr/^forcetls-milter: another process answers on/m, 'tells the terminal');
    ok(heard(qr/^<$mail{err}>.*: another process answers on/), 'and syslog');
    kill 'TERM', $pid;
    ok(wait_for(10, sub { is_over($pid) }), 'ends');
};

subtest 'a syslog daemon that does not read holds up nothing' => sub {
    hear();
    @heard = ();
    my $pid = start();
    ok(heard(qr/: ready: /), 'it is read at first');
    my $before = resident($pid);
    flood(8000);    # from here on nobody reads
    write_file($conf, $rules =~ s/tax\.example/toll.example/r);
    kill 'USR1', $pid;
    ok(wait_for(10, sub { reply('<a@toll.example>') =~ $no_tls }), 'a reload works');
    write_file($conf, $rules);

    # libmilter logs by itself, from its own threads, when a connection breaks.
    for (1 .. 20) {
        my $mta = session('<a@toll.example>');
        $mta->send_packet('R', "<b\@example.org>\0") for 1 .. 20;
        $mta->close;    # answers unread: the milter's next read fails
    }
    like(reply('<a@toll.example>'), $no_tls, 'so does mail, with connections that break');

    ok(heard(qr/log lines were dropped: syslog or stderr does not read/), 'read again, it tells how many were dropped');
    my ($refused, $dropped);
    my $most = 8000 + 20 * 20 + 20;
    wait_for(10, sub {
        $dropped = 0;
        $dropped += /: (\d+) log lines were dropped/ ? $1 : 0 for hear();
        $refused = grep { /verdict=reject/ } @heard;
        $refused + $dropped >= 8000;
    });
    cmp_ok($refused + $dropped, '>=', 8000, 'no line is missing in that number');
    cmp_ok($refused + $dropped, '<=', $most, 'and none is counted that was not there') or diag "$refused + $dropped";
    cmp_ok($refused, '>=', 4096, 'what had room was kept');
    SKIP: {
        skip 'a sanitizer keeps memory', 1 if read_file(daemon_program()) =~ /__[at]san_init/;
        ok(wait_for(10, sub { resident($pid) < $before + 2000 }), 'and its memory is given back')
            or diag resident($pid) . " kB, $before before";
    }
    note "$refused written, $dropped dropped";
    ok(!is_over($pid), 'it is alive');
    end_process($pid);
};

subtest 'the end does not wait for a syslog daemon that does not read' => sub {
    hear();
    my $pid = start();
    flood(2000);
    my $began = time;
    is(end_process($pid), 0, 'exit status 0');
    my $took = time - $began;
    cmp_ok($took, '<', 5, 'in time');
    note sprintf '%.1f s', $took;
    hear();

    $pid = start();
    flood(2000);
    my $mta = session();
    $began = time;
    kill 'TERM', $pid for 1 .. 3;
    is(end_process($pid), 0, 'nor with several signals');
    cmp_ok(time - $began, '<', 5, 'in time');
};

subtest 'a syslog daemon that goes and comes back' => sub {
    hear();
    my $pid = start();
    close $syslog;
    unlink '/dev/log';
    flood(100);
    listen_syslog();
    @heard = ();
    flood(100);
    ok(heard(qr/verdict=reject/), 'is written to again');
    is(end_process($pid), 0, 'the end');
};

done_testing();
