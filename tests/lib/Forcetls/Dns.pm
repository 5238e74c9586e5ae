# SPDX-License-Identifier: ISC
#
# Forcetls::Dns: a DNS server that says what a table says, over UDP and TCP, on a free port of the
# loopback. It answers as a resolver does for its clients; nothing is signed.
#
#   my $dns = Forcetls::Dns->start(
#       'contoso.example' => { MX => [ [ 10, 'mx.contoso.example' ] ] },
#       'mx.contoso.example' => { A => ['127.0.0.2'], AAAA => ['::1'] },
#       'alias.example' => { CNAME => 'contoso.example' },
#       'gone.example' => { rcode => 'SERVFAIL' },      # of any code
#       'dead.example' => { silent => 1 },              # no answer
#       'big.example' => { truncated => 1, MX => ... }, # over UDP; TCP has it all
#       'odd.example' => { raw => sub { my ($query, $tcp) = @_; octets } },   # a whole message
#       'a.example' => { answers => [ [ name, type, ttl, data ], ... ] },     # any records
#   );
#
# A name that is not in the table does not exist (NXDOMAIN); one that is has no other records.
# What was asked is written down: asked().
package Forcetls::Dns;

use strict;
use warnings;

use Forcetls::Harness qw(at_end end_process free_port read_file wait_for work_dir write_file);
use IO::Select;
use IO::Socket::IP;
use POSIX ();
use Socket qw(AF_INET6 inet_aton inet_pton);

my %type = (A => 1, NS => 2, CNAME => 5, SOA => 6, MX => 15, TXT => 16, AAAA => 28);
my %name_of = reverse %type;
my %rcode = (NOERROR => 0, FORMERR => 1, SERVFAIL => 2, NXDOMAIN => 3, NOTIMP => 4, REFUSED => 5);
my $aliases_most = 8;

sub start
{
    my ($class, %table) = @_;
    return $class->start_on(free_port(), %table);
}

# The same on this port: 53, in a network of the test's own.
sub start_on
{
    my ($class, $port, %table) = @_;
    my $self = bless { table => \%table, port => $port, record => work_dir() . '/dns.' . $$ . '.' . int rand 1e9 }, $class;
    write_file($self->{record}, '');
    my %address = (LocalHost => '127.0.0.1', LocalPort => $self->{port}, ReuseAddr => 1);
    my $udp = IO::Socket::IP->new(%address, Proto => 'udp') or die "UDP port $self->{port}: $@\n";
    my $tcp = IO::Socket::IP->new(%address, Proto => 'tcp', Listen => 64) or die "TCP port $self->{port}: $@\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        @SIG{qw(TERM INT)} = ('DEFAULT') x 2;
        $SIG{PIPE} = 'IGNORE';
        open my $nothing, '+<', '/dev/null';
        my %keep = map { fileno($_) => 1 } $udp, $tcp, $nothing;
        my @inherited = map { m{/(\d+)$} ? $1 : () } glob '/proc/self/fd/*';
        POSIX::dup2(fileno $nothing, $_) for grep { $_ > 2 && !$keep{$_} } @inherited;
        $self->_serve($udp, $tcp);
        POSIX::_exit(0);
    }
    $self->{pid} = $pid;
    at_end(sub { end_process($pid, 'KILL') });
    return $self;
}

# As the prober's settings want it.
sub server { return "127.0.0.1\@$_[0]{port}" }

# What was asked, a line each: "UDP contoso.example MX".
sub asked { return [ split /\n/, read_file($_[0]{record}) ] }

# A name in wire format; a label is any octets, and its dots are escaped as in "a\.b.example".
sub wire_name
{
    my ($name) = @_;
    my @labels = map { s/\\\./\0DOT/gr } split /(?<!\\)\./, $name;
    return join '', map({ my $label = s/\0DOT/./gr; chr(length $label) . $label } @labels), "\0";
}

sub _record
{
    my ($name, $type, $ttl, $data) = @_;
    return wire_name($name) . pack('nnNn', $type{$type} // $type, 1, $ttl, length $data) . $data;
}

my %data = (
    A => sub { inet_aton($_[0]) },
    AAAA => sub { inet_pton(AF_INET6, $_[0]) },
    MX => sub { pack('n', $_[0][0]) . wire_name($_[0][1]) },
    CNAME => sub { wire_name($_[0]) },
    TXT => sub { chr(length $_[0]) . $_[0] },
);

# The records for a question, aliases first; and the code.
sub _find
{
    my ($self, $name, $type) = @_;
    my @records;
    for (1 .. $aliases_most) {
        my $entry = $self->{table}{ lc $name };
        return ('NXDOMAIN', @records) if !$entry;
        return ($entry->{rcode}, @records) if $entry->{rcode};
        return ('NOERROR', map { _record(@$_) } @{ $entry->{answers} }) if $entry->{answers};
        if (!defined $entry->{CNAME}) {
            push @records, map { _record($name, $type, 60, $data{$type}->($_)) } @{ $entry->{$type} // [] };
            return ('NOERROR', @records);
        }
        push @records, _record($name, 'CNAME', 60, $data{CNAME}->($entry->{CNAME}));
        $name = $entry->{CNAME};
    }
    return ('NOERROR', @records);
}

# The question of a message: name, type, and where it ends.
sub _question
{
    my ($message) = @_;
    my ($at, @labels) = (12);
    while (my $length = ord substr $message, $at, 1) {
        push @labels, substr $message, $at + 1, $length;
        $at += 1 + $length;
    }
    my ($type) = unpack 'n', substr $message, $at + 1, 2;
    return (join('.', @labels), $name_of{$type} // $type, $at + 5);
}

# A message that answers; undef: silence.
sub _answer
{
    my ($self, $query, $tcp) = @_;
    my ($name, $type, $end) = _question($query);
    open my $record, '>>', $self->{record};
    syswrite $record, join(' ', $tcp ? 'TCP' : 'UDP', $name, $type) . "\n";
    my $entry = $self->{table}{ lc $name } // {};
    return undef if $entry->{silent};
    return $entry->{raw}->($query, $tcp) if $entry->{raw};
    my ($code, @records) = $self->_find($name, $type);
    my $cut = $entry->{truncated} && !$tcp;
    @records = () if $cut;
    my $flags = 0x8180 | ($cut ? 0x0200 : 0) | $rcode{$code};
    return substr($query, 0, 2) . pack('nnnnn', $flags, 1, scalar @records, 0, 0) . substr($query, 12, $end - 12) . join '', @records;
}

sub _serve
{
    my ($self, $udp, $tcp) = @_;
    my $select = IO::Select->new($udp, $tcp);
    while (1) {
        for my $socket ($select->can_read) {
            if ($socket == $udp) {
                my $peer = $udp->recv(my $query, 4096);
                next if length $query < 12;
                my $answer = $self->_answer($query, 0);
                $udp->send($answer, 0, $peer) if defined $answer;
            } elsif ($socket == $tcp) {
                my $new = $tcp->accept;
                $select->add($new) if $new;
            } elsif (!$self->_serve_tcp($socket)) {
                $select->remove($socket);
                close $socket;
            }
        }
    }
}

# One message of a connection; false: it is over. The tests' clients send a message at once.
sub _serve_tcp
{
    my ($self, $socket) = @_;
    my ($length, $query) = ('', '');
    sysread($socket, $length, 2) == 2 or return 0;
    $length = unpack 'n', $length;
    while (length $query < $length) {
        sysread $socket, $query, $length - length $query, length $query or return 0;
    }
    my $answer = $self->_answer($query, 1);
    return 0 if !defined $answer;
    $answer = pack('n', length $answer) . $answer;
    while ($answer ne '') {
        my $sent = syswrite $socket, $answer or return 0;
        substr $answer, 0, $sent, '';
    }
    return 1;
}

1;
