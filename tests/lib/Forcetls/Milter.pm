# SPDX-License-Identifier: ISC
#
# Forcetls::Milter: the MTA's side of the milter protocol, byte by byte, so that a test can say
# what no MTA would. One object is one connection.
#
#   my $mta = Forcetls::Milter->new(socket => $path);      # or port => N
#   $mta->negotiate;                                       # Postfix's and Sendmail's offer
#   $mta->connect(addr => '192.0.2.1', macros => {...});
#   my $reply = $mta->mail('<a@b>', macros => {...});      # 'continue', 'accept', '550 5.7.10 ...'
package Forcetls::Milter;

use strict;
use warnings;
use IO::Socket::UNIX;
use IO::Socket::INET;
use IO::Select;

our %REPLY = (
    c => 'continue', a => 'accept', r => 'reject', t => 'tempfail', d => 'discard',
    f => 'connection failure', s => 'skip', p => 'progress',
);

# What an MTA of today offers: protocol 6, every action, every step, "no reply" for each.
our $VERSION_6 = 6;
our $ALL_ACTIONS = 0x1ff;
our $ALL_STEPS = 0x1fffff;
our $SETSYMLIST = 0x100;

sub new {
    my ($class, %arg) = @_;
    my $handle = defined $arg{socket}
        ? IO::Socket::UNIX->new(Peer => $arg{socket})
        : IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $arg{port});
    die "cannot connect to the milter: $!\n" unless $handle;
    $handle->autoflush(1);
    return bless { handle => $handle, steps => 0, timeout => $arg{timeout} || 10 }, $class;
}

sub raw {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    return defined syswrite $self->{handle}, $bytes;
}

sub send_packet {
    my ($self, $command, $data) = @_;
    $data = '' unless defined $data;
    return $self->raw(pack('N a1 a*', 1 + length $data, $command, $data));
}

# The next packet as (command, data); nothing at the end of the connection or of patience.
sub read_packet {
    my ($self) = @_;
    my $header = $self->_read(4);
    return unless defined $header;
    my $body = $self->_read(unpack 'N', $header);
    return unless defined $body;
    return (substr($body, 0, 1), substr($body, 1));
}

sub _read {
    my ($self, $want) = @_;
    my $bytes = '';
    my $select = IO::Select->new($self->{handle});
    while (length $bytes < $want) {
        return unless $select->can_read($self->{timeout});
        my $got = sysread $self->{handle}, $bytes, $want - length $bytes, length $bytes;
        return unless $got;
    }
    return $bytes;
}

# Whether the milter has closed the connection (waits for it).
sub closed {
    my ($self) = @_;
    return !defined $self->_read(1);
}

sub _reply {
    my ($self) = @_;
    my ($command, $data) = $self->read_packet;
    return 'no answer' unless defined $command;
    if ($command eq 'y') {
        $data =~ s/\0\z//;
        return $data;
    }
    return $REPLY{$command} || "unknown reply '$command'";
}

# Negotiates; returns the milter's (version, actions, steps, {stage => macro list}).
sub negotiate {
    my ($self, %arg) = @_;
    my $version = defined $arg{version} ? $arg{version} : $VERSION_6;
    my $actions = defined $arg{actions} ? $arg{actions} : $ALL_ACTIONS;
    my $steps = defined $arg{steps} ? $arg{steps} : $ALL_STEPS;
    $self->send_packet('O', pack 'N3', $version, $actions, $steps);
    my ($command, $data) = $self->read_packet;
    return unless defined $command && $command eq 'O';
    my ($got_version, $got_actions, $got_steps) = unpack 'N3', $data;
    my %lists;
    my $rest = substr $data, 12;
    while (length $rest >= 4) {
        my ($stage, $list) = unpack 'N Z*', $rest;
        $lists{$stage} = $list;
        $rest = substr $rest, 4 + length($list) + 1;
    }
    $self->{steps} = $got_steps;
    return ($got_version, $got_actions, $got_steps, \%lists);
}

sub macros {
    my ($self, $command, $macros) = @_;
    return 1 unless defined $macros;
    my $data = join '', map { "$_\0$macros->{$_}\0" } sort keys %$macros;
    return $self->send_packet('D', $command . $data);
}

# Each of these sends the macros, the command, and returns the reply ('' where the milter asked
# for no reply to this step).
sub connect {
    my ($self, %arg) = @_;
    $self->macros('C', $arg{macros});
    my $name = defined $arg{name} ? $arg{name} : 'client.example';
    my $addr = defined $arg{addr} ? $arg{addr} : '192.0.2.1';
    my $data = $addr eq '' ? "$name\0U"
        : pack('Z* a1 n Z*', $name, $addr =~ /:/ ? '6' : '4', $arg{port} || 40000, $addr);
    $self->send_packet('C', $data);
    return $self->{steps} & 0x1000 ? '' : $self->_reply;
}

sub helo {
    my ($self, $name, %arg) = @_;
    $self->macros('H', $arg{macros});
    $self->send_packet('H', "$name\0");
    return $self->{steps} & 0x2000 ? '' : $self->_reply;
}

sub mail {
    my ($self, $sender, %arg) = @_;
    $self->macros('M', $arg{macros});
    $self->send_packet('M', join '', map { "$_\0" } $sender, @{ $arg{args} || [] });
    return $self->_reply;
}

sub rcpt {
    my ($self, $recipient, %arg) = @_;
    $self->macros('R', $arg{macros});
    $self->send_packet('R', join '', map { "$_\0" } $recipient, @{ $arg{args} || [] });
    return $self->_reply;
}

sub data {
    my ($self, %arg) = @_;
    $self->macros('T', $arg{macros});
    $self->send_packet('T', '');
    return $self->{steps} & 0x10000 ? '' : $self->_reply;
}

sub header {
    my ($self, $name, $value) = @_;
    $self->send_packet('L', "$name\0$value\0");
    return $self->{steps} & 0x80 ? '' : $self->_reply;
}

sub end_of_headers {
    my ($self) = @_;
    $self->send_packet('N', '');
    return $self->{steps} & 0x40000 ? '' : $self->_reply;
}

sub end_of_message {
    my ($self, %arg) = @_;
    $self->macros('E', $arg{macros});
    $self->send_packet('E', '');
    return $self->_reply;
}

sub abort { $_[0]->send_packet('A', '') }
sub quit { $_[0]->send_packet('Q', '') }

sub close {
    my ($self) = @_;
    CORE::close $self->{handle};
    return;
}

# The macros of a TLS session as each MTA spells them.
sub postfix_tls {
    my (%arg) = @_;
    return {
        '{tls_version}' => 'TLSv1.3', '{cipher}' => 'TLS_AES_256_GCM_SHA384',
        '{cipher_bits}' => '256', %arg,
    };
}

sub sendmail_tls {
    my (%arg) = @_;
    return {
        '{tls_version}' => 'TLSv1.3', '{cipher}' => 'TLS_AES_256_GCM_SHA384',
        '{cipher_bits}' => '256', '{verify}' => 'NO', '{cert_subject}' => '',
        '{cert_issuer}' => '', '{cn_subject}' => '', '{cn_issuer}' => '', %arg,
    };
}

1;
