# SPDX-License-Identifier: ISC
#
# Forcetls::ScriptedSmtp: an SMTP server that does what a script says, good or bad, for every
# connection anew. A script is a list of steps:
#
#   'octets'                 sends them, CR LF and all
#   [ expect => 'EHLO' ]     reads a line; one that does not begin so ends the script
#   [ tls => %options ]      the handshake, as a server (below); from then on all is under TLS
#   [ drip => 'octets', s ]  sends them one by one, with so many seconds in between
#   [ flood => 'octets', n ] sends them again and again, n times at most
#   [ pieces => @octets ]    sends each on its own, so that it comes on its own
#   [ wait => s ]            does nothing, or until the client has gone
#   [ hang ]                 does nothing until the client has gone
#   [ eof ]                  closes, in TLS without a word in TLS
#   [ reset ]                closes with a reset
#   [ do => sub { } ]        is called with the connection
#
# Options of tls: certificate (of Forcetls::Certificates), min, max (TLSv1 ... TLSv1.3), ciphers,
# groups, dh (a file of parameters), demand (1: asks for a client certificate, 2: and refuses who has none), staple (DER), tickets
# (how many session tickets).
#
# What came is written down and can be asked for: connections(), heard().
package Forcetls::ScriptedSmtp;

use strict;
use warnings;

use Forcetls::Harness qw(at_end end_process free_port not_possible read_file wait_for work_dir write_file);
use IO::Select;
use IO::Socket::IP;
use POSIX ();
use Socket qw(IPPROTO_TCP SOL_SOCKET SO_LINGER TCP_NODELAY);
use Time::HiRes qw(sleep time);

my $have_tls = eval { require Net::SSLeay; 1 };
if ($have_tls) {
    Net::SSLeay::load_error_strings();
    Net::SSLeay::SSLeay_add_ssl_algorithms();
}

my %version = ('TLSv1' => 0x0301, 'TLSv1.1' => 0x0302, 'TLSv1.2' => 0x0303, 'TLSv1.3' => 0x0304);
my $count = 0;

sub need
{
    not_possible('Perl has no Net::SSLeay (Debian: libnet-ssleay-perl)') if !$have_tls;
}

# ---- scripts that are used again and again --------------------------------------------------------

# Up to STARTTLS: greeting, EHLO with these keywords (STARTTLS is one, unless they are given).
sub up_to_starttls
{
    my (@keywords) = @_;
    return ("220 mx.example ESMTP\r\n", [ expect => 'EHLO ' ], ehlo(@keywords ? @keywords : ('PIPELINING', 'STARTTLS')),
        [ expect => 'STARTTLS' ]);
}

sub ehlo
{
    my @lines = ('mx.example at your service', @_);
    return join '', map { "250" . ($_ == $#lines ? ' ' : '-') . "$lines[$_]\r\n" } 0 .. $#lines;
}

# A server as it should be.
sub good
{
    my (%tls) = @_;
    return [ up_to_starttls(), "220 2.0.0 go ahead\r\n", [ tls => %tls ], [ expect => 'EHLO ' ], ehlo('PIPELINING', 'SIZE 10240000'),
        [ expect => 'QUIT' ], "221 2.0.0 bye\r\n", ['hang'] ];
}

# ---- the server ---------------------------------------------------------------------------------

# Listens, and serves each connection in a process of its own. Options: script; host (127.0.0.1);
# port (a free one); backlog.
sub start
{
    my ($class, %option) = @_;
    my $self = bless { host => '127.0.0.1', %option, record => work_dir() . '/smtp.' . $$ . '.' . $count++ }, $class;
    $self->{port} //= free_port();
    write_file($self->{record}, '');
    my $listener = IO::Socket::IP->new(LocalHost => $self->{host}, LocalPort => $self->{port}, Listen => $option{backlog} // 128, ReuseAddr => 1)
        or die "cannot listen on $self->{host}:$self->{port}: $@\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        $SIG{TERM} = $SIG{INT} = 'DEFAULT';
        $SIG{CHLD} = 'IGNORE';
        _let_go(fileno $listener);
        $self->_serve($listener);
        POSIX::_exit(0);
    }
    close $listener;
    $self->{pid} = $pid;
    at_end(sub { end_process($pid, 'KILL') });
    return $self;
}

# Others' pipes, which would stay open with us. Perl may still have handles for them.
sub _let_go
{
    my ($but) = @_;
    open my $nothing, '+<', '/dev/null' or die "/dev/null: $!\n";
    my @inherited = map { m{/(\d+)$} ? $1 : () } glob '/proc/self/fd/*';
    POSIX::dup2(fileno $nothing, $_) for grep { $_ > 2 && $_ != $but && $_ != fileno $nothing } @inherited;
}

sub port { return $_[0]{port} }
sub hop { return "[$_[0]{host}]:$_[0]{port}" }

sub stop
{
    my ($self) = @_;
    end_process($self->{pid}, 'KILL');
}

# How many connections there were, and what was heard in all of them, a line each.
sub connections { my @all = read_file($_[0]{record}) =~ /^connect /mg; return scalar @all }
sub heard { return [ map { s/^heard //r } grep { /^heard / } split /\n/, read_file($_[0]{record}) ] }
sub server_names { return [ map { s/^name //r } grep { /^name / } split /\n/, read_file($_[0]{record}) ] }

# Lines of a record are short, so that processes can append at the same time.
sub _note
{
    my ($self, $word, $text) = @_;
    open my $file, '>>', $self->{record} or return;
    $text =~ s/[^\x20-\x7e]/?/g;
    syswrite $file, substr("$word $text", 0, 500) . "\n";
}

sub _serve
{
    my ($self, $listener) = @_;
    while (1) {
        my $socket = $listener->accept or next;
        my $child = fork;
        if (defined $child && !$child) {
            close $listener;
            local $SIG{ALRM} = 'DEFAULT';
            alarm 120;
            $self->_note('connect', join ' ', $socket->peerhost, sprintf '%.3f', time);
            setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
            eval { $self->_play({ socket => $socket, buffer => '', server => $self }); 1 } or $self->_note('died', $@);
            POSIX::_exit(0);
        }
        close $socket;
    }
}

my %steps = (
    expect => \&_expect, tls => \&_tls, drip => \&_drip, flood => \&_flood, pieces => \&_pieces, wait => \&_wait, hang => \&_hang,
    eof => \&_eof, reset => \&_reset, do => sub { $_[2]->($_[1]); 1 },
);

sub _play
{
    my ($self, $connection) = @_;
    for my $step (@{ $self->{script} }) {
        if (!ref $step) {
            _send($connection, $step) or return;
            next;
        }
        my ($word, @arguments) = @$step;
        $steps{$word}->($self, $connection, @arguments) or return;
    }
    Net::SSLeay::shutdown($connection->{ssl}) if $connection->{ssl};
}

sub _send
{
    my ($connection, $octets) = @_;
    local $SIG{PIPE} = 'IGNORE';
    return Net::SSLeay::write($connection->{ssl}, $octets) > 0 if $connection->{ssl};
    my $sent = 0;
    while ($sent < length $octets) {
        my $more = syswrite $connection->{socket}, $octets, length($octets) - $sent, $sent;
        return 0 if !$more;
        $sent += $more;
    }
    return 1;
}

sub _receive
{
    my ($connection) = @_;
    my $data;
    if ($connection->{ssl}) {
        $data = Net::SSLeay::read($connection->{ssl}, 16384);
    } else {
        sysread $connection->{socket}, $data, 16384;
    }
    return 0 if !defined $data || $data eq '';
    $connection->{buffer} .= $data;
    return 1;
}

sub _expect
{
    my ($self, $connection, $wanted) = @_;
    while ($connection->{buffer} !~ /\n/) {
        if (!_receive($connection)) {
            $self->_note('gone', '');
            return 0;
        }
    }
    $connection->{buffer} =~ s/\A([^\n]*?)\r?\n//;
    my $line = $1;
    $self->_note('heard', $line);
    return index($line, $wanted) == 0;
}

sub _context
{
    my (%option) = @_;
    my $context = Net::SSLeay::CTX_new() or die "no TLS\n";
    my $certificate = $option{certificate};
    Net::SSLeay::CTX_set_min_proto_version($context, $version{ $option{min} // 'TLSv1.2' });
    Net::SSLeay::CTX_set_max_proto_version($context, $version{ $option{max} // 'TLSv1.3' });
    my $old = ($option{min} // '') =~ /^TLSv1(\.1)?$/;
    my $ciphers = $option{ciphers} // ($old || $option{weak} ? 'ALL:@SECLEVEL=0' : undef);
    Net::SSLeay::CTX_set_cipher_list($context, $ciphers) if defined $ciphers;
    Net::SSLeay::CTX_set1_groups_list($context, $option{groups}) if $option{groups};
    if ($option{dh}) {
        my $file = Net::SSLeay::BIO_new_file($option{dh}, 'r');
        Net::SSLeay::CTX_set_tmp_dh($context, Net::SSLeay::PEM_read_bio_DHparams($file)) or die "cannot use $option{dh}\n";
    }
    Net::SSLeay::CTX_set_num_tickets($context, $option{tickets}) if defined $option{tickets};
    Net::SSLeay::CTX_use_certificate_chain_file($context, $certificate->{chain})
        && Net::SSLeay::CTX_use_PrivateKey_file($context, $certificate->{key}, Net::SSLeay::FILETYPE_PEM())
        or die "cannot use the certificate $certificate->{name}\n";
    if ($option{demand}) {
        my $mode = Net::SSLeay::VERIFY_PEER() | ($option{demand} > 1 ? Net::SSLeay::VERIFY_FAIL_IF_NO_PEER_CERT() : 0);
        Net::SSLeay::CTX_set_verify($context, $mode, sub { 1 });
    }
    if (defined $option{staple}) {
        Net::SSLeay::CTX_set_tlsext_status_cb($context, sub { Net::SSLeay::set_tlsext_status_ocsp_resp($_[0], $option{staple}); 0 });
    }
    return $context;
}

sub _tls
{
    my ($self, $connection, %option) = @_;
    my $context = _context(%option);
    my $ssl = Net::SSLeay::new($context);
    Net::SSLeay::set_fd($ssl, fileno $connection->{socket});
    my $result = Net::SSLeay::accept($ssl);
    my $name = Net::SSLeay::get_servername($ssl);
    $self->_note('name', defined $name ? $name : '-');
    if ($result != 1) {
        $self->_note('failed', Net::SSLeay::ERR_error_string(Net::SSLeay::ERR_get_error()));
        return 0;
    }
    $self->_note('tls', join ' ', Net::SSLeay::get_version($ssl), Net::SSLeay::get_cipher($ssl));
    my $certificate = Net::SSLeay::get_peer_certificate($ssl);
    $self->_note('client', Net::SSLeay::X509_NAME_oneline(Net::SSLeay::X509_get_subject_name($certificate))) if $certificate;
    $connection->{ssl} = $ssl;
    return 1;
}

sub _drip
{
    my ($self, $connection, $octets, $seconds) = @_;
    for my $octet (split //, $octets) {
        _send($connection, $octet) or return 0;
        sleep $seconds;
    }
    return 1;
}

sub _flood
{
    my ($self, $connection, $octets, $times) = @_;
    my $sent = 0;
    for (1 .. $times) {
        if (!_send($connection, $octets)) {
            $self->_note('flood', "stopped after $sent octets");
            return 0;
        }
        $sent += length $octets;
    }
    $self->_note('flood', "sent all $sent octets");
    return 1;
}

# A piece that is sent some time after the one before comes on its own.
sub _pieces
{
    my ($self, $connection, @pieces) = @_;
    my $last = pop @pieces;
    for (@pieces) {
        _send($connection, $_) or return 0;
        sleep 0.01;
    }
    return _send($connection, $last);
}

# True: the time is over; false: the client has gone.
sub _wait
{
    my ($self, $connection, $seconds) = @_;
    my $end = time + $seconds;
    my $select = IO::Select->new($connection->{socket});
    while ((my $left = $end - time) > 0) {
        next if !$select->can_read($left);
        if ($connection->{ssl}) {
            sleep $left;
        } elsif (!_receive($connection)) {
            return 0;
        }
    }
    return 1;
}

sub _hang
{
    my ($self, $connection) = @_;
    while (_receive($connection)) { }
    $self->_note('gone', '');
    return 0;
}

sub _eof
{
    my ($self, $connection) = @_;
    shutdown $connection->{socket}, 1;
    while (sysread $connection->{socket}, my $rest, 16384) { }
    return 0;
}

sub _reset
{
    my ($self, $connection) = @_;
    setsockopt $connection->{socket}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    close $connection->{socket};
    return 0;
}

1;
