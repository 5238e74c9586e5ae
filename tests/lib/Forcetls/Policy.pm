# SPDX-License-Identifier: ISC
#
# Forcetls::Policy: Postfix's side of the SMTPD policy protocol, for what a Postfix would say only
# by accident; and a policy server that accepts and never answers.
package Forcetls::Policy;

use strict;
use warnings;

use Forcetls::Harness qw(at_end end_process);
use IO::Socket::UNIX;
use POSIX ();

# A connection, as one smtpd(8) process has one: it stays open between requests.
sub new
{
    my ($class, $socket) = @_;
    my $connection = IO::Socket::UNIX->new(Peer => $socket) or die "$socket: $!\n";
    return bless { connection => $connection }, $class;
}

# Sends one request (a hash of attributes) and gives the answer.
sub ask
{
    my ($self, %attribute) = @_;
    my %request = (
        request => 'smtpd_access_policy',
        protocol_state => 'RCPT',
        protocol_name => 'ESMTP',
        %attribute
    );
    my @names = ('request', grep { $_ ne 'request' } sort keys %request);
    syswrite $self->{connection}, join '', map({ "$_=$request{$_}\n" } @names), "\n";
    my $answer = '';
    1 while $answer !~ /\n\n/ && sysread $self->{connection}, $answer, 4096, length $answer;
    return $answer;
}

sub leave { close $_[0]{connection} }

# A server that takes connections and says nothing.
sub deaf_server
{
    my ($socket) = @_;
    my $listener = IO::Socket::UNIX->new(Local => $socket, Listen => 20) or die "$socket: $!\n";
    chmod 0666, $socket or die "$socket: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        $SIG{TERM} = 'DEFAULT';
        my @connections;
        while (my $connection = $listener->accept) {
            push @connections, $connection;
        }
        POSIX::_exit(0);
    }
    at_end(sub { end_process($pid) });
}

1;
