# SPDX-License-Identifier: ISC
#
# Forcetls::Bare: the daemon without a mail server, for tests that speak the milter protocol
# themselves. Works for any user.
package Forcetls::Bare;

use strict;
use warnings;

use Forcetls::Daemon;
use Forcetls::Harness qw(wait_for work_dir);
use Forcetls::Milter;

# Options as for Forcetls::Daemon, but for `mta`.
sub new
{
    my ($class, %option) = @_;
    my $self = bless {}, $class;
    my $dir = $self->socket_dir;
    -d $dir or mkdir $dir, 0755 or die "$dir: $!\n";
    $self->{daemon} = Forcetls::Daemon->new(%option, mta => $self);
    return $self;
}

# What Forcetls::Daemon asks a mail server.
sub socket_dir { return work_dir() . '/sockets' }
sub socket_group { return scalar getgrgid((split ' ', $()[0]) }

sub daemon { return $_[0]{daemon} }
sub start { $_[0]{daemon}->start; return $_[0] }
sub stop { return $_[0]{daemon}->stop }
sub log { return $_[0]{daemon}->log }
sub alive { return !$_[0]{daemon}->is_over && defined eval { $_[0]->connect } }

# A new connection to the milter socket.
sub connect
{
    my ($self, %option) = @_;
    return Forcetls::Milter->new(socket => $self->{daemon}->socket, %option);
}

# The first text in the log that matches, once it is there; '' if it does not come.
sub wait_log
{
    my ($self, $pattern) = @_;
    return wait_for(10, sub { $self->log =~ /($pattern)/ ? $1 : '' }) // '';
}

1;
