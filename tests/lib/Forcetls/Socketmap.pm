# SPDX-License-Identifier: ISC
#
# Forcetls::Socketmap: Postfix's side of the socketmap protocol (socketmap_table(5)), netstring by
# netstring.
package Forcetls::Socketmap;

use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;

# A connection, as one smtp(8) process has one: it stays open between questions.
sub new
{
    my ($class, $socket) = @_;
    my $connection = IO::Socket::UNIX->new(Peer => $socket) or die "$socket: $!\n";
    return bless { connection => $connection, heard => '' }, $class;
}

sub netstring { return length($_[0]) . ":$_[0]," }

# Bytes as they are; 0: the other side has closed.
sub say
{
    my ($self, $bytes) = @_;
    my $sent = 0;
    while ($sent < length $bytes) {
        my $more = syswrite $self->{connection}, $bytes, 65536, $sent;
        return 0 if !$more;
        $sent += $more;
    }
    return 1;
}

# No more questions.
sub shut { shutdown $_[0]{connection}, 1 }

# The next answer, without its netstring; undef: closed, ten seconds of silence, or no netstring.
sub hear
{
    my ($self, $seconds) = @_;
    my $select = IO::Select->new($self->{connection});
    while (1) {
        if ($self->{heard} =~ /\A(0|[1-9]\d{0,5}):/) {
            my ($head, $length) = ($+[0], $1);
            if (length $self->{heard} > $head + $length) {
                my $text = substr $self->{heard}, $head, $length;
                my $end = substr $self->{heard}, $head + $length, 1;
                $self->{heard} = substr $self->{heard}, $head + $length + 1;
                return $end eq ',' ? $text : undef;
            }
        } elsif ($self->{heard} !~ /\A\d{0,6}\z/) {
            return undef;
        }
        return undef if !$select->can_read($seconds // 10);
        sysread $self->{connection}, $self->{heard}, 65536, length $self->{heard} or return undef;
    }
}

# Nothing comes within the time.
sub is_silent
{
    my ($self, $seconds) = @_;
    return $self->{heard} eq '' && !IO::Select->new($self->{connection})->can_read($seconds);
}

# Closed by the other side, within the time, and nothing was said before.
sub is_closed
{
    my ($self, $seconds) = @_;
    my $byte;
    return 0 if $self->{heard} ne '' || !IO::Select->new($self->{connection})->can_read($seconds // 10);
    return !sysread $self->{connection}, $byte, 1;
}

# What our map says about a key.
sub ask
{
    my ($self, $key, $map) = @_;
    $self->say(netstring(($map // 'forcetls') . " $key")) or return undef;
    return $self->hear;
}

sub leave { close $_[0]{connection} }

1;
