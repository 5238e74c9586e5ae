# SPDX-License-Identifier: ISC
#
# Forcetls::Network: a small internet of the test's own, so that servers can be on port 25 at
# addresses like anybody's, and names can come from the DNS on port 53. The test runs in a network
# namespace; a partner's host is another, at the end of a cable. What goes through a cable is
# written down. Nothing of it reaches the host's network.
#
#   Forcetls::Network->enter;                     # first of all: starts the test anew in there
#   my $net = Forcetls::Network->new;
#   my $host = $net->host('44.128.1.25', ...);    # a host with these addresses
#   run($host->inside('ss', '-tln'));
#   $net->mark; $net->heard(qr/secret/);          # did that go through the cable?
package Forcetls::Network;

use strict;
use warnings;

use Forcetls::Harness qw(at_end end_process not_possible read_file run start_process wait_for work_dir write_file);
use IO::Socket::IP;
use POSIX ();
use Socket qw(SOCK_RAW SOL_SOCKET SO_RCVBUF);

my ($AF_PACKET, $ETH_P_ALL, $ARPHRD_ETHER) = (17, 3, 1);
my $inside = 'FORCETLS_NETWORK';

# From here on the test has a network of its own: the loopback, and 127.0.0.1 as its DNS. A test
# that cannot have that is skipped.
sub enter
{
    if (!$ENV{$inside}) {
        my @unshare = qw(unshare --net --mount --propagation private);
        # Quietly, and without a folder of our own: that one would be left behind.
        my $why = qx(@unshare sh -c 'ip link set lo up && ip link add one type veth peer name two && mount --bind /etc/hosts /etc/resolv.conf' 2>&1);
        not_possible('no network namespace with a cable can be made here: ' . ($why =~ s/\s+/ /gr)) if $? != 0;
        local $ENV{$inside} = 1;
        exec @unshare, $^X, map({ "-I$_" } @INC), $0, @ARGV or die "unshare: $!\n";
    }
    _ip('link set lo up');
    my $resolver = write_file(work_dir() . '/resolv.conf', "nameserver 127.0.0.1\n", 0644);
    _command('mount', '--bind', $resolver, '/etc/resolv.conf');
}

sub _command
{
    my @command = @_;
    my ($status, $out) = run(@command);
    $status == 0 or die "@command: $out\n";
}

sub _ip { _command('ip', split ' ', $_[0]) }

sub new
{
    my ($class) = @_;
    my $self = bless { hosts => 0, marks => 0, record => work_dir() . '/cable' }, $class;
    write_file($self->{record}, '');
    $self->_listen;
    return $self;
}

# Writes down what goes through any cable: not the loopback.
sub _listen
{
    my ($self) = @_;
    socket my $socket, $AF_PACKET, SOCK_RAW, unpack 'S', pack 'n', $ETH_P_ALL or die "a packet socket: $!\n";
    setsockopt $socket, SOL_SOCKET, SO_RCVBUF, 16 << 20;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        @SIG{qw(TERM INT)} = ('DEFAULT') x 2;
        open my $file, '>>:raw', $self->{record} or POSIX::_exit(1);
        while (1) {
            my $from = recv $socket, my $packet, 65536, 0;
            next if !defined $from;
            my (undef, undef, undef, $type) = unpack 'S n i S', $from;
            syswrite $file, "$packet\n" if $type == $ARPHRD_ETHER;
        }
    }
    at_end(sub { end_process($pid, 'KILL') });
}

# A host at the other end of a new cable, with these addresses of a network (/24) whose number 1 is
# ours. 44.128.0.0/16 is nobody's on the real Internet, and no special address for the prober.
sub host
{
    my ($self, @addresses) = @_;
    my $number = ++$self->{hosts};
    my $pid = start_process({}, qw(unshare --net sleep 100000));
    my $ours = readlink '/proc/self/ns/net';
    wait_for(10, sub { (readlink("/proc/$pid/ns/net") // $ours) ne $ours }) or die "no second network namespace\n";
    my $host = bless { pid => $pid, net => $self, address => $addresses[0] }, 'Forcetls::Network::Host';
    my $own = $addresses[0] =~ s/\d+$/1/r;
    _ip("link add cable$number type veth peer name eth0 netns $pid");
    _ip("addr add $own/24 dev cable$number");
    _ip("link set cable$number up");
    for my $command ('link set lo up', map({ "addr add $_/24 dev eth0" } @addresses), 'link set eth0 up') {
        _command($host->inside('ip', split ' ', $command));
    }
    $host->{cable} = "cable$number";
    return $host;
}

# Waits until everything that has gone through the cable of `$host` is written down.
sub mark
{
    my ($self, $host) = @_;
    my $mark = 'mark ' . ++$self->{marks} . " of $$.";
    my $socket = IO::Socket::IP->new(PeerHost => $host->{address}, PeerPort => 9, Proto => 'udp') or die "UDP: $@\n";
    wait_for(10, sub { send $socket, $mark, 0; read_file($self->{record}) =~ /\Q$mark\E/ }) or die "nothing is heard of the cable\n";
}

# Whether this has gone through a cable so far (see mark()).
sub heard { return read_file($_[0]{record}) =~ $_[1] ? 1 : 0 }

package Forcetls::Network::Host;

# A command to be run on that host.
sub inside
{
    my ($self, @command) = @_;
    return ('nsenter', '-t', $self->{pid}, '-n', @command);
}

# Pulls the cable, and plugs it in again.
sub unplug { Forcetls::Network::_ip("link set $_[0]{cable} down") }
sub plug { Forcetls::Network::_ip("link set $_[0]{cable} up") }

1;
