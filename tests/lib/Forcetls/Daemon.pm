# SPDX-License-Identifier: ISC
#
# Forcetls::Daemon: the daemon under test. Writes its configuration, starts it in the foreground
# beside a private mail server, and reads what it logs from its standard error.
package Forcetls::Daemon;

use strict;
use warnings;

use Forcetls::Harness
    qw(daemon_program end_process read_file start_process wait_for work_dir write_file);
use Forcetls::LogLine;
use IO::Socket::UNIX;

# Any system user will do; the configuration and the sockets' folder are readable for all.
my $user = 'daemon';

# Options:
#   mta         the mail server object; it says where the sockets go and who opens them
#   connectors  the text between "connectors = (" and ")"
#   settings    more lines of the file's global part (they come first and win)
#   policy      1: with the policy feed's socket
#   tls_policy  1: with the TLS policy map's socket
#   trusting    1: inbound_exempt_networks is left at its default, the loopback
sub new
{
    my ($class, %option) = @_;
    my $dir = work_dir() . '/daemon';
    -d $dir or mkdir $dir, 0755 or die "$dir: $!\n";
    my $self =
        bless { %option, dir => $dir, log => "$dir/log", file => "$dir/forcetls.conf", seen => 0 },
        $class;
    write_file($self->{log}, '');
    $self->configure;
    return $self;
}

sub socket { return $_[0]{mta}->socket_dir . '/milter.sock' }
sub policy_socket { return $_[0]{mta}->socket_dir . '/policy.sock' }
sub tls_policy_socket { return $_[0]{mta}->socket_dir . '/tls-policy.sock' }
sub config_file { return $_[0]{file} }
sub pid { return $_[0]{pid} }

# Writes the configuration, with other connectors or settings if given.
sub configure
{
    my ($self, %change) = @_;
    $self->{$_} = $change{$_} for keys %change;
    my $settings = $self->{settings} // '';
    my %global = (
        contact => '"postmaster@example.org"',
        milter_socket => '"unix:' . $self->socket . '"',
        socket_group => '"' . $self->{mta}->socket_group . '"',
        user => qq("$user"),
        $self->{trusting}
        ? ()
        : (inbound_exempt_networks => '[ ]'),    # the tests' clients come from there
        $self->{policy} ? (smtpd_policy_socket => '"unix:' . $self->policy_socket . '"') : (),
        $self->{tls_policy} ? (tls_policy_socket => '"unix:' . $self->tls_policy_socket . '"') : (),
    );
    my $text = join '',
        map { "$_ = $global{$_};\n" } grep { $settings !~ /^\s*$_\s*=/m } sort keys %global;
    write_file($self->{file},
        "$text$settings\nconnectors = (\n" . ($self->{connectors} // '') . "\n);\n", 0644);
}

sub start
{
    my ($self) = @_;
    $self->{pid} =
        start_process({ log => $self->{log} }, daemon_program(), '-f', '-c', $self->{file});
    for my $socket (
        $self->socket,
        $self->{policy} ? $self->policy_socket : (),
        $self->{tls_policy} ? $self->tls_policy_socket : ()
        )
    {
        my $listens =
            wait_for(20, sub { $self->is_over || IO::Socket::UNIX->new(Peer => $socket) });
        die "the daemon does not listen on $socket:\n" . $self->log if !$listens || $self->is_over;
    }
    return $self;
}

sub is_over
{
    my ($self) = @_;
    my $stat = read_file("/proc/$self->{pid}/stat");
    return $stat eq '' || $stat =~ /\) Z /;
}

# The socket's folder belongs to the user that the daemon becomes, who writes there (trust anchors).
sub own_sockets_folder
{
    my ($self) = @_;
    my $dir = $self->{mta}->socket_dir;
    my $uid = getpwnam $user;
    return if $> != 0;
    chown $uid, scalar(getgrnam $self->{mta}->socket_group), $dir or die "$dir: $!\n";
    chmod 02755, $dir or die "$dir: $!\n";
}

# SIGTERM and the end. Gives the wait status.
sub stop
{
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    return end_process($pid);
}

# kill -9: no farewell.
sub kill_hard
{
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    return end_process($pid, 'KILL');
}

# SIGSTOP, until every thread of it has stopped; and SIGCONT.
sub hang
{
    my ($self) = @_;
    CORE::kill 'STOP', $self->{pid};
    my $stopped = wait_for(10, sub {
        !grep { read_file($_) !~ /\) T / } glob "/proc/$self->{pid}/task/*/stat";
    });
    $stopped or die "the daemon does not stop\n";
}

sub go_on { CORE::kill 'CONT', $_[0]{pid} }

# Another configuration, and SIGUSR1; gives the lines that it logged about it.
sub reload
{
    my ($self, %change) = @_;
    $self->configure(%change);
    my $before = length $self->log;
    CORE::kill 'USR1', $self->{pid};
    wait_for(10,
        sub { substr($self->log, $before) =~ /^[^\n]*(?:\breloaded\b|\bstay in force\b)[^\n]*\n/m })
        or die "nothing was logged about the reload:\n" . $self->log;
    return substr $self->log, $before;
}

sub log
{
    my ($self) = @_;
    return read_file($self->{log});
}

# The verdict lines that were not asked for yet, once there are so many; each a
# Forcetls::LogLine. Fewer, if they don't come; more, if there are more.
sub verdicts
{
    my ($self, $count) = @_;
    my @lines;
    wait_for(
        $count ? 10 : 0,
        sub {
            @lines = Forcetls::LogLine::all($self->log);
            @lines - $self->{seen} >= $count;
        }
    );
    splice @lines, 0, $self->{seen};
    $self->{seen} += @lines;
    return @lines;
}

1;
