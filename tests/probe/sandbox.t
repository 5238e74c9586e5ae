#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# What the prober gives up before it looks at anything: root, descriptors, new privileges, being
# looked at, most system calls. What the filter of system calls forbids is tried in
# tests/unit/test_probe_sandbox.c.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Harness qw(free_port need_root read_file run wait_for work_dir write_file);
use Forcetls::Prober qw(prober_is_sanitized prober_program);
use IO::Select;
use POSIX ();
use Test::More;

need_root();

my $closed = '[127.0.0.1]:' . free_port();

# Numbers of a line of /proc/PID/status.
sub status
{
    my ($pid, $word) = @_;
    my ($numbers) = read_file("/proc/$pid/status") =~ /^$word:\s+(.*)$/m;
    return $numbers // 'none';
}

# What its descriptors but standard error lead to, if that is neither a pipe nor a socket.
sub descriptors
{
    my ($pid) = @_;
    return join ' ', grep { !/^(?:pipe|socket):/ } map { m{/2$} ? () : readlink // 'nothing' } glob "/proc/$pid/fd/*";
}

# A descriptor that whoever starts it has left open for it.
open my $secret, '<', write_file(work_dir() . '/secret', "secret\n") or die "$!\n";
{
    use Fcntl qw(F_SETFD);
    fcntl $secret, F_SETFD, 0;
}
my ($nobody, $group) = (getpwnam 'nobody')[ 2, 3 ];
($nobody, $group) = (getpwnam 'forcetls-prober')[ 2, 3 ] if getpwnam 'forcetls-prober';

my $prober = Forcetls::Prober->new;
$prober->probe($closed);
my $pid = $prober->pid;
is(status($pid, 'Uid'), join("\t", ($nobody) x 4), 'started as root it is somebody else');
is(status($pid, 'Gid'), join("\t", ($group) x 4), 'with his group');
is(join(' ', grep { $_ != $group } split ' ', status($pid, 'Groups')), '', 'and no other');
is(status($pid, $_), '0' x 16, "$_: none") for qw(CapInh CapPrm CapEff CapAmb);
is(status($pid, 'NoNewPrivs'), 1, 'no new privileges');
is(status($pid, 'Threads'), 1, 'one thread');
is((stat "/proc/$pid/environ")[4], 0, 'nobody but root can look into it');
SKIP: {
    skip 'the sanitizers need what the filter forbids', 1 if prober_is_sanitized();
    is(status($pid, 'Seccomp'), 2, 'a filter of system calls');
}
is(descriptors($pid), '', 'no descriptors but pipes and sockets');
is($prober->stop, 0, 'it ends with 0');

my $daemon = Forcetls::Prober->new(arguments => [ '-u', 'daemon' ]);
$daemon->probe($closed);
is(status($daemon->pid, 'Uid'), join("\t", (scalar getpwnam 'daemon') x 4), '-u: that one');
is($daemon->stop, 0, 'it ends with 0');

my ($failed, $text) = run(prober_program(), '-u', 'root');
isnt($failed, 0, '-u root is refused');
like($text, qr/root/, 'and why');

# As somebody else it stays who it is, and cannot be told to become another.
# The program may lie in a folder that only root can enter: it is handed over as descriptor 9.
my $handed = '/proc/self/fd/9';
my $as = sub {
    run('sh', '-c', 'exec 9<"$0"; exec setpriv --reuid=daemon --regid=daemon --clear-groups "$@"', prober_program(), @_);
};
SKIP: {
    ($failed) = $as->('true');
    skip 'there is no setpriv(1)', 3 if $failed;
    my $line = qq({"v":1,"type":"probe","id":1,"hop":"$closed","private":true,"stores":[]});
    ($failed, $text) = $as->('sh', '-c', "echo '$line' | $handed");
    is($failed, 0, 'not as root');
    like($text, qr/"state":"unreachable"/, 'it works');
    ($failed, $text) = $as->($handed, '-u', 'nobody');
    like($text, qr/only root can become the user 'nobody'/, 'but becomes nobody else');
}

# Memory: no more than there may be, and an end of its own when it runs out.
SKIP: {
    skip 'a sanitizer maps more memory than there is', 3 if prober_is_sanitized();
    my $full = Forcetls::Prober->new;
    $full->probe($closed);
    my ($limit) = read_file('/proc/' . $full->pid . '/limits') =~ /^Max address space\s+\d+\s+(\d+)/m;
    is($limit, 2 * 1024**3, 'a limit of memory');
    my $stores = join ',', map { '"' . $_ x 500 . '"' } 1 .. 8;
    my $requests = write_file(work_dir() . '/requests', qq({"v":1,"type":"settings","rate":0.001}\n)
            . join '', map { qq({"v":1,"type":"probe","id":$_,"hop":"h$_.example","stores":[$stores]}\n) } 1 .. 4000);
    ($failed, $text) = run('sh', '-c', 'ulimit -v 24000; exec ' . prober_program() . " <$requests");
    is($failed, 75 << 8, 'without memory it ends with EX_TEMPFAIL');
    like($text, qr/forcetls-prober: out of memory/, 'and says so');
}

# Its parent's end, where that is to bring a signal: setpriv(1) asks for it as the daemon's starter does.
SKIP: {
    ($failed) = run('setpriv', '--pdeathsig', 'KILL', 'true');
    skip 'there is no setpriv(1) with --pdeathsig', 2 if $failed;
    pipe my $in, my $out or die "pipe: $!\n";
    pipe my $said, my $say or die "pipe: $!\n";
    my $parent = fork // die "fork: $!\n";
    if (!$parent) {
        my $child = fork // POSIX::_exit(1);
        if (!$child) {
            open STDIN, '<&', $in or POSIX::_exit(1);
            open STDOUT, '>&', $say or POSIX::_exit(1);
            close $_ for $in, $out, $said, $say;
            exec 'setpriv', '--pdeathsig', 'KILL', prober_program() or POSIX::_exit(1);
        }
        sleep 100;
        POSIX::_exit(0);
    }
    close $_ for $in, $say;
    syswrite $out, qq({"v":1,"type":"probe","id":1,"hop":"$closed","private":true}\n);
    like(scalar readline $said, qr/"state":"unreachable"/, 'it runs, as somebody else');
    kill 'KILL', $parent;
    waitpid $parent, 0;
    my $select = IO::Select->new($said);
    ok($select->can_read(10) && !sysread($said, my $rest, 1), 'it ends with its parent, though its input is open');
}

done_testing();
