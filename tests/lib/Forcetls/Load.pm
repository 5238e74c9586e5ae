# SPDX-License-Identifier: ISC
#
# Forcetls::Load: MTAs that never stop. Processes of ours that hold sessions with the daemon, one
# after the other, half of them to be refused and half of them to pass, and that come again when the
# daemon is gone; and one that asks the TLS policy map.
#
#   my $load = Forcetls::Load->new(milter => $path, map => $path, processes => 4);
#   $load->wait_sessions(100);            # so many more were answered
#   my %seen = $load->finish;             # "KIND OUTCOME" => how often
#
# Kinds: bad (mail from tax.example in clear), good (from it over TLS), map (the key contoso.com).
# Outcomes: answers of the daemon, 'closed', or 'silent' (ten seconds without an answer).
package Forcetls::Load;

use strict;
use warnings;

use Forcetls::Bare;
use Forcetls::Harness qw(at_end end_process pause);
use Forcetls::Milter;
use Forcetls::Socketmap;
use IO::Select;
use POSIX ();
use Time::HiRes qw(time);

# What must be refused and was: refused, or no verdict, which is a tempfail for an MTA.
our $NOT_ACCEPTED = qr/^(?:bad [45]\d\d |bad closed$|bad tempfail$|map (?:OK (?:encrypt|verify|secure)\b|TEMP |closed$))/;

# The connectors that it is about; the number is a part of their names.
sub connectors
{
    my ($number) = @_;
    return <<"END";
  { name = "tax-$number"; direction = "inbound"; domains = [ "tax.example" ]; level = "encrypt"; action = "reject"; },
  { name = "contoso-$number"; direction = "outbound"; domains = [ "contoso.com" ]; level = "encrypt"; }
END
}

# A daemon with these (number 0), not started yet: a Forcetls::Bare. No next hop is looked at, by a
# prober that is not there.
sub bare
{
    $ENV{FORCETLS_PROBER} = '/nonexistent/forcetls-prober';
    my $bare = Forcetls::Bare->new(tls_policy => 1, connectors => connectors(0));
    $bare->daemon->own_sockets_folder;
    return $bare;
}

sub new
{
    my ($class, %option) = @_;
    my $self = bless { children => [], heard => '' }, $class;
    pipe $self->{progress}, my $tell or die "pipe: $!\n";
    pipe my $until, $self->{go_on} or die "pipe: $!\n";
    my @work = map { my $odd = $_; sub { _session($option{milter}, $odd++ % 2) } } 1 .. $option{processes} // 4;
    push @work, sub { _lookup($option{map}) } if $option{map};
    for my $work (@work) {
        pipe my $from, my $to or die "pipe: $!\n";
        my $pid = fork // die "fork: $!\n";
        if (!$pid) {
            @SIG{qw(INT TERM HUP)} = ('DEFAULT') x 3;
            close $self->{go_on};
            _child($work, $until, $tell, $to);
            POSIX::_exit(0);
        }
        at_end(sub { end_process($pid) });
        push @{ $self->{children} }, [ $pid, $from ];
    }
    return $self;
}

sub _child
{
    my ($work, $until, $tell, $to) = @_;
    my %seen;
    my $select = IO::Select->new($until);
    while (!$select->can_read(0)) {
        my $what = eval { $work->() };
        if (!defined $what) {    # nobody listens
            pause();
            next;
        }
        $seen{$what}++;
        syswrite $tell, '.' if $what !~ /closed$/;
    }
    syswrite $to, join '', map { "$seen{$_} $_\n" } sort keys %seen;
}

sub _outcome
{
    my ($kind, $start, $answer) = @_;
    return "$kind $answer" if $answer ne 'no answer';
    return "$kind " . (time - $start > 9 ? 'silent' : 'closed');
}

sub _session
{
    my ($socket, $good) = @_;
    my $kind = $good ? 'good' : 'bad';
    my $start = time;
    my $mta = Forcetls::Milter->new(socket => $socket);
    my $answer = 'no answer';
    for my $step (
        sub { defined(($mta->negotiate)[0]) ? 'continue' : 'no answer' },
        sub { $mta->connect(macros => { v => 'Postfix 3.7.11' }) },
        sub { $mta->helo('client.example') },
        sub { $mta->mail('<a@tax.example>', macros => $good ? Forcetls::Milter::postfix_tls() : {}) },
        sub { $mta->rcpt('<b@example.org>') },
    ) {
        $start = time;
        $answer = $step->();
        last if $answer !~ /^(?:continue|)$/;
    }
    $mta->close;
    return _outcome($kind, $start, $answer);
}

sub _lookup
{
    my ($socket) = @_;
    my $start = time;
    my $map = Forcetls::Socketmap->new($socket);
    my $answer = $map->ask('contoso.com') // 'no answer';
    $map->leave;
    pause();
    return _outcome('map', $start, $answer);
}

# Waits until so many more sessions were answered; false: they were not, within the seconds.
sub wait_sessions
{
    my ($self, $count, $seconds) = @_;
    my $end = time + ($seconds // 20);
    my $select = IO::Select->new($self->{progress});
    while ($count > 0 && time < $end) {
        next if !$select->can_read(0.1);
        $count -= sysread $self->{progress}, my ($bytes), $count;
    }
    return $count <= 0;
}

# Forgets those that were answered so far.
sub forget
{
    my ($self) = @_;
    my $select = IO::Select->new($self->{progress});
    while ($select->can_read(0)) {
        last if !sysread $self->{progress}, my ($bytes), 65536;
    }
}

# All that a child says at its end; nobody is to wait for a full pipe meanwhile.
sub _hear
{
    my ($self, $from) = @_;
    my $select = IO::Select->new($from);
    my $text = '';
    for my $try (1 .. 150) {
        $self->forget;
        next if !$select->can_read(0.1);
        last if !sysread $from, $text, 65536, length $text;
    }
    return $text;
}

# Ends the load; what was seen.
sub finish
{
    my ($self) = @_;
    close $self->{go_on};
    my %seen;
    for my $child (@{ $self->{children} }) {
        my ($pid, $from) = @$child;
        my $text = $self->_hear($from);
        $seen{$2} += $1 while $text =~ /^(\d+) (.*)$/mg;
        end_process($pid);
    }
    return %seen;
}

1;
