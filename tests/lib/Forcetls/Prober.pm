# SPDX-License-Identifier: ISC
#
# Forcetls::Prober: forcetls-prober as a child with pipes: requests go in, answers come out.
#
#   FORCETLS_PROBER=FILE  the program under test (default: policy/probe/forcetls-prober of the build)
package Forcetls::Prober;

use strict;
use warnings;

use Exporter qw(import);
use Forcetls::Harness qw(at_end build_dir end_process read_file run wait_for work_dir);
use IO::Handle;
use IO::Select;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(time);

our @EXPORT_OK = qw(prober_is_sanitized prober_program summary);

my $json = JSON::PP->new->utf8->canonical;

sub prober_program
{
    my $program = $ENV{FORCETLS_PROBER} // build_dir() . '/policy/probe/forcetls-prober';
    -x $program or die "there is no program $program: run make first, or set FORCETLS_PROBER\n";
    return $program;
}

# Built with a sanitizer of the compiler: without the filter of system calls, and it keeps memory.
sub prober_is_sanitized
{
    return read_file(prober_program()) =~ /__[at]san_init/;
}

# Starts it. Options: settings => { ... } (with private_addresses and a high rate unless they say
# otherwise; undef: none are sent); arguments => [ ... ] of the command line.
sub new
{
    my ($class, %option) = @_;
    my $self = bless { log => work_dir() . '/prober.log.' . $$ . '.' . int(rand 1e9), buffer => '', ids => 0 }, $class;
    pipe my $child_in, my $in or die "pipe: $!\n";
    pipe my $out, my $child_out or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
        open STDIN, '<&', $child_in or POSIX::_exit(126);
        open STDOUT, '>&', $child_out or POSIX::_exit(126);
        open STDERR, '>>', $self->{log} or POSIX::_exit(126);
        exec { prober_program() } prober_program(), @{ $option{arguments} // [] } or POSIX::_exit(127);
    }
    close $child_in;
    close $child_out;
    at_end(sub { end_process($pid, 'KILL') });
    @$self{qw(pid in out)} = ($pid, $in, $out);
    $self->ask({ type => 'settings', private_addresses => JSON::PP::true, rate => 10000, %{ $option{settings} // {} } })
        if !exists $option{settings} || $option{settings};
    return $self;
}

sub pid { return $_[0]{pid} }
sub log { return read_file($_[0]{log}) }

# Sends octets as they are; false: nobody reads them any more.
sub put
{
    my ($self, $octets) = @_;
    my $sent = 0;
    while ($sent < length $octets) {
        my $more = syswrite $self->{in}, $octets, 65536, $sent;
        return 0 if !defined $more;
        $sent += $more;
    }
    return 1;
}

# Sends one request.
sub ask
{
    my ($self, $request) = @_;
    return $self->put($json->encode({ v => 1, %$request }) . "\n");
}

# Asks for a probe and gives its id. Options: private, stores, revocation.
sub ask_for
{
    my ($self, $hop, %option) = @_;
    my $id = ++$self->{ids};
    $self->ask({ type => 'probe', id => $id, hop => $hop, stores => $option{stores} // [],
            $option{revocation} ? (revocation => JSON::PP::true) : (),
            exists $option{private} ? (private => $option{private} ? JSON::PP::true : JSON::PP::false) : () });
    return $id;
}

# The next line, decoded; undef: the output has ended, or the time is over.
sub hear
{
    my ($self, $seconds) = @_;
    my $end = time + ($seconds // 30);
    my $select = IO::Select->new($self->{out});
    while ($self->{buffer} !~ /\n/) {
        my $left = $end - time;
        return undef if $left <= 0 || !$select->can_read($left);
        return undef if !sysread $self->{out}, $self->{buffer}, 65536, length $self->{buffer};
    }
    $self->{buffer} =~ s/\A([^\n]*)\n//;
    my $line = $1;
    open my $heard, '>>', "$self->{log}.heard" or die "$self->{log}.heard: $!\n";
    print $heard "$line\n";
    return $json->decode($line);
}

# Of all that was heard, what the daemon would take for garbage, and why.
sub not_believed
{
    my ($self) = @_;
    my $program = build_dir() . '/tests/probe/believed';
    -x $program or die "there is no program $program\n";
    my (undef, $output) = run('sh', '-c', "exec $program <$self->{log}.heard");
    return $output;
}

# Answers to all of these ids, in their order; undef where there was none.
sub answers
{
    my ($self, @ids) = @_;
    my %wanted = map { $_ => 1 } @ids;
    my %answer;
    while (%wanted) {
        my $line = $self->hear(60) // last;
        next if !defined $line->{id};
        $answer{ $line->{id} } = $line;
        delete $wanted{ $line->{id} };
    }
    return @answer{@ids};
}

# One probe, and its answer.
sub probe
{
    my ($self, $hop, %option) = @_;
    return ($self->answers($self->ask_for($hop, %option)))[0];
}

# The first address of an answer, which most tests are about.
sub first_address
{
    my ($answer) = @_;
    return $answer->{hosts}[0]{addresses}[0] // { state => 'no address' };
}

# An answer in one line: the MX state, then each host with its addresses' states.
sub summary
{
    my ($answer) = @_;
    return 'no answer' if !$answer;
    return "error: $answer->{text}" if $answer->{type} eq 'error';
    return join '; ', $answer->{mx}{state}, map {
        my $host = $_;
        "$host->{preference} $host->{name}" . ($host->{self} ? ' (self)' : '') . " $host->{addresses_state}"
            . join '', map { " $_->{address}=$_->{state}" } @{ $host->{addresses} }
    } @{ $answer->{hosts} };
}

# No more requests.
sub end_input
{
    close $_[0]{in};
}

# Waits until it is gone, and gives its wait status; undef: it is not.
sub wait_end
{
    my ($self, $seconds) = @_;
    my $status;
    wait_for($seconds // 30, sub { waitpid($self->{pid}, POSIX::WNOHANG()) == $self->{pid} ? (($status = $?), 1)[1] : 0 });
    return $status;
}

# Ends it as its user would, and gives its wait status.
sub stop
{
    my ($self) = @_;
    $self->end_input;
    return $self->wait_end;
}

sub resident
{
    my ($self) = @_;
    my ($kilobytes) = read_file("/proc/$self->{pid}/status") =~ /^VmRSS:\s+(\d+)/m;
    return $kilobytes;
}

1;
