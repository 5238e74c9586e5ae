# SPDX-License-Identifier: ISC
#
# Forcetls::Harness: what every test against real servers stands on.
#
# Owns the work folder, the processes that were started and the promise that none of it is left
# behind: whatever a test does (ends, dies, is interrupted), everything registered with at_end()
# is run in reverse order, every process is ended by its pid, the folder is removed. Never ends a
# process by name, never sleeps for a fixed time instead of waiting for something.
#
#   FORCETLS_KEEP=1        keep the work folder and say where it is
#   FORCETLS_WORK=FOLDER   where work folders are made (default: /run, else /var/lib)
#   FORCETLS_MILTER=FILE   the daemon under test (default: milter/forcetls-milter of the build)
#   FORCETLS_MTA_ROOT=DIR  where unpacked mail servers lie (default: tests/mta-root of the build)
package Forcetls::Harness;

use strict;
use warnings;

use Cwd qw(abs_path);
use Errno;
use Exporter qw(import);
use Fcntl qw(S_IWGRP S_IWOTH);
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use File::Temp ();
use IO::Socket::IP;
use POSIX ();
use Time::HiRes qw(time);

our @EXPORT_OK = qw(at_end build_dir daemon_program end_process free_port has_ipv6 is_over mta_root
    need_root not_possible pause read_file run source_dir start_process wait_for wait_port
    work_dir write_file);

my $owner = $$;    # forked children inherit END blocks: only this process cleans up
my $work;
my @at_end;

my $top = abs_path(dirname(__FILE__) . '/../../..');    # now: a test may change its folder

# Where the sources and the build are. Automake's tests get both in their environment.
sub source_dir
{
    return $ENV{abs_top_srcdir} // $top;
}

sub build_dir
{
    return $ENV{abs_top_builddir} // source_dir();
}

sub daemon_program
{
    my $program = $ENV{FORCETLS_MILTER} // build_dir() . '/milter/forcetls-milter';
    -x $program or die "there is no program $program: run make first, or set FORCETLS_MILTER\n";
    return $program;
}

sub mta_root
{
    return $ENV{FORCETLS_MTA_ROOT} // build_dir() . '/tests/mta-root';
}

# Ends a test that this machine cannot run, as TAP has it. To be called before the first result.
sub not_possible
{
    my ($why) = @_;
    print "1..0 # SKIP $why\n";
    exit 0;
}

sub need_root
{
    not_possible('a private mail server can only be run by root') if $> != 0;
}

# Sendmail opens no socket below a folder that others can write to.
sub _only_ours
{
    my ($dir) = @_;
    while (1) {
        my @stat = stat $dir or return 0;
        return 0 if $stat[4] != 0 || ($stat[2] & (S_IWGRP | S_IWOTH));
        return 1 if $dir eq '/';
        $dir = dirname($dir);
    }
}

# The test's folder, made at the first call; short, since a socket's path has 107 characters.
sub work_dir
{
    return $work if defined $work;
    my @parents = defined $ENV{FORCETLS_WORK} ? $ENV{FORCETLS_WORK} : grep { _only_ours($_) }
        qw(/run /var/lib);
    @parents or die "neither /run nor /var/lib belongs to root alone: set FORCETLS_WORK\n";
    $work = File::Temp::tempdir('forcetls-test.XXXXXX', DIR => $parents[0]);
    chmod 0755, $work or die "$work: $!\n";    # the daemons give up root and must still get in
    return $work;
}

# Registers what has to be undone; run last-in, first-out.
sub at_end
{
    my ($code) = @_;
    push @at_end, $code;
}

sub _clean_up
{
    while (my $code = pop @at_end) {
        eval { $code->(); 1 } or print STDERR "# while cleaning up: $@";
    }
    return if !defined $work;
    if ($ENV{FORCETLS_KEEP}) {
        print STDERR "# kept: $work\n";
    } else {
        remove_tree($work, { error => \my $errors });
        print STDERR "# could not remove all of $work\n" if @$errors;
    }
}

# A signal ends the test through exit(), so that END runs. While cleaning up it is ignored.
$SIG{$_} = sub { exit 130 }
    for qw(INT TERM HUP);
$SIG{PIPE} = 'IGNORE';

END {
    if ($$ == $owner) {
        my $status = $?;
        local @SIG{qw(INT TERM HUP)} = ('IGNORE') x 3;
        _clean_up();
        $? = $status;
    }
}

sub read_file
{
    my ($name) = @_;
    open my $file, '<:raw', $name or return '';
    local $/ = undef;
    return scalar(<$file>) // '';
}

sub write_file
{
    my ($name, $text, $mode) = @_;
    open my $file, '>:raw', $name or die "$name: $!\n";
    print {$file} $text or die "$name: $!\n";
    close $file or die "$name: $!\n";
    chmod $mode, $name or die "$name: $!\n" if defined $mode;
    return $name;
}

# A moment in a loop that waits for something else to happen.
sub pause
{
    select undef, undef, undef, 0.01;
}

# Calls $test until it gives something true, and returns that; undef when the time is over.
sub wait_for
{
    my ($seconds, $test) = @_;
    my $end = time + $seconds;
    while (1) {
        my $result = $test->();
        return $result if $result;
        return if time > $end;
        pause();
    }
}

# Runs a command to its end; gives its exit status and its output, both streams together.
sub run
{
    my @command = @_;
    my $out = File::Temp->new(DIR => work_dir(), TEMPLATE => 'run.XXXXXX');
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>&', $out;
        open STDERR, '>&', \*STDOUT;
        exec { $command[0] } @command or print STDERR "$command[0]: $!\n";
        POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return ($?, read_file($out->filename));
}

# Starts a program that stays, its output going to a file, and has it ended with the test.
# Options: log => file (appended to), env => { NAME => value }.
sub start_process
{
    my ($option, @command) = @_;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        @SIG{qw(INT TERM HUP PIPE)} = ('DEFAULT') x 4;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $option->{log} // '/dev/null';
        open STDERR, '>&', \*STDOUT;
        @ENV{ keys %{ $option->{env} } } = values %{ $option->{env} } if $option->{env};
        exec { $command[0] } @command or print STDERR "$command[0]: $!\n";
        POSIX::_exit(127);
    }
    at_end(sub { end_process($pid) });
    return $pid;
}

# Ends a child by its pid: the signal (TERM), then KILL if it does not obey. Returns the wait
# status, or undef if it was gone already (and its status taken).
sub end_process
{
    my ($pid, $signal, $seconds) = @_;
    my $gone = waitpid $pid, POSIX::WNOHANG();
    return if $gone == -1;
    return $? if $gone == $pid;
    kill $signal // 'TERM', $pid;
    my $status;
    my $reap = sub { waitpid($pid, POSIX::WNOHANG()) == $pid ? (($status = $?), 1)[1] : 0 };
    if (!wait_for($seconds // 10, $reap)) {
        print STDERR "# process $pid did not end by itself: killed\n";
        kill 'KILL', $pid;
        wait_for(10, $reap);
    }
    return $status;
}

# Whether a process is over, also one that is nobody's child but init's, and init is slow.
sub is_over
{
    my ($pid) = @_;
    return 1 if !kill(0, $pid) && $!{ESRCH};
    return read_file("/proc/$pid/stat") =~ /\) Z /;
}

my %given;

# A TCP port that nobody listens on at the moment; never the same one twice in a test. Not from
# the range that the kernel gives to clients, where somebody could take it before it is used.
sub free_port
{
    my $low = (split ' ', read_file('/proc/sys/net/ipv4/ip_local_port_range'))[0] || 32768;
    for (1 .. 1000) {
        my $port = 10000 + int rand($low - 10000);
        next if $given{$port};
        my @sockets = map {
            IO::Socket::IP->new(LocalHost => $_, LocalPort => $port, Listen => 1, V6Only => 1)
        }('0.0.0.0', has_ipv6() ? '::' : ());
        next if grep { !defined } @sockets;
        $given{$port} = 1;
        return $port;
    }
    die "there is no free port\n";
}

my $ipv6;

# Whether ::1 can be used here (containers often have no IPv6 at all).
sub has_ipv6
{
    $ipv6 //= IO::Socket::IP->new(LocalHost => '::1', LocalPort => 0, Listen => 1) ? 1 : 0;
    return $ipv6;
}

# Waits until somebody accepts connections there.
sub wait_port
{
    my ($host, $port, $seconds) = @_;
    return wait_for($seconds // 20,
        sub { IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Timeout => 5) ? 1 : 0 });
}

1;
