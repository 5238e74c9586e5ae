# SPDX-License-Identifier: ISC
#
# Forcetls::Smtp: an SMTP client that does exactly what it is told, one command at a time, and
# does not mind being refused: several messages in a session, no second EHLO after STARTTLS,
# leaving in the middle.
#
# A reply is one string: its lines without CR, joined with LF; '' when the connection is gone.
package Forcetls::Smtp;

use strict;
use warnings;

use Forcetls::Harness qw(not_possible);
use IO::Socket::IP;
use Socket qw(SOL_SOCKET SO_RCVTIMEO);

my $have_tls = eval { require Net::SSLeay; 1 };
if ($have_tls) {
    Net::SSLeay::load_error_strings();
    Net::SSLeay::SSLeay_add_ssl_algorithms();
}

sub need
{
    not_possible('Perl has no Net::SSLeay (Debian: libnet-ssleay-perl)') if !$have_tls;
}

# Sendmail puts the recipient in front of what a milter lets it say with a 5xx (not with a 4xx):
# "550 5.7.10 <b@example.org>... Text". Gives the reply without it.
sub without_recipient
{
    my ($reply) = @_;
    return $reply =~ s/^(5\d\d 5\.\d+\.\d+) <[^>]*>\.\.\. /$1 /r;
}

# Connects and reads the greeting. Options: port; host (127.0.0.1); client (the address to come
# from); seconds (how long to wait for a reply, 60); sendmail (1: that is who answers);
# wrapped (options of starttls(): TLS from the first octet on).
sub new
{
    my ($class, %option) = @_;
    my $host = $option{host} // '127.0.0.1';
    my $socket = IO::Socket::IP->new(
        PeerHost => $host,
        PeerPort => $option{port},
        Timeout => 10,
        $option{client} ? (LocalHost => $option{client}) : ()
    ) or die "cannot connect to $host:$option{port}: $@\n";
    setsockopt $socket, SOL_SOCKET, SO_RCVTIMEO, pack 'l!l!', $option{seconds} // 60, 0;
    my $self = bless { socket => $socket, buffer => '', sendmail => $option{sendmail} }, $class;
    $self->_handshake(%{ $option{wrapped} }) if $option{wrapped};
    $self->{greeting} = $self->reply;
    return $self;
}

sub greeting { return $_[0]{greeting} }
sub client_port { return $_[0]{socket}->sockport }

sub _more
{
    my ($self) = @_;
    my $data;
    if ($self->{ssl}) {
        $data = Net::SSLeay::read($self->{ssl}, 16384);
    } else {
        sysread $self->{socket}, $data, 16384;
    }
    return 0 if !defined $data || $data eq '';
    $self->{buffer} .= $data;
    return 1;
}

# Reads one reply, all its lines.
sub reply
{
    my ($self) = @_;
    my $reply;
    until (($reply) = $self->{buffer} =~ /\A((?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\r?\n)/) {
        $self->_more or return '';
    }
    substr $self->{buffer}, 0, length $reply, '';
    $reply =~ s/\r//g;
    chomp $reply;
    return $self->{sendmail} ? without_recipient($reply) : $reply;
}

# Sends octets as they are.
sub put
{
    my ($self, $octets) = @_;
    return Net::SSLeay::write($self->{ssl}, $octets) if $self->{ssl};
    return syswrite $self->{socket}, $octets;
}

# Sends a command and gives its reply.
sub say
{
    my ($self, $command) = @_;
    $self->put("$command\r\n");
    return $self->reply;
}

sub ehlo { my ($self, $name) = @_; return $self->say('EHLO ' . ($name // 'client.test')) }

sub mail
{
    my ($self, $address, @parameters) = @_;
    return $self->say(join ' ', "MAIL FROM:<$address>", @parameters);
}
sub rcpt { my ($self, $address) = @_; return $self->say("RCPT TO:<$address>") }
sub rset { return $_[0]->say('RSET') }

# DATA and a message; the reply to its end (or to DATA, when that was refused).
sub data
{
    my ($self, $text) = @_;
    my $reply = $self->say('DATA');
    return $reply if $reply !~ /^354/;
    $self->put(($text // "From: a\@example.com\r\nSubject: test\r\n\r\nHello.\r\n") . ".\r\n");
    return $self->reply;
}

# STARTTLS and the handshake. Options: certificate (of Forcetls::Certificates), version
# ('TLSv1.1' for exactly that), ciphers (an OpenSSL list). Gives the reply to STARTTLS; the
# session is encrypted only if that is a 220.
sub starttls
{
    my ($self, %option) = @_;
    my $reply = $self->say('STARTTLS');
    return $reply if $reply !~ /^220/;
    $self->_handshake(%option);
    return $reply;
}

sub _handshake
{
    my ($self, %option) = @_;
    my $context = Net::SSLeay::CTX_new();
    my %number = ('TLSv1' => 0x0301, 'TLSv1.1' => 0x0302, 'TLSv1.2' => 0x0303, 'TLSv1.3' => 0x0304);
    if (my $version = $option{version}) {
        Net::SSLeay::CTX_set_min_proto_version($context, $number{$version});
        Net::SSLeay::CTX_set_max_proto_version($context, $number{$version});
    }
    my $ciphers = $option{ciphers}
        // ($option{version} && $option{version} =~ /^TLSv1(\.1)?$/ ? 'ALL:@SECLEVEL=0' : undef);
    Net::SSLeay::CTX_set_cipher_list($context, $ciphers) if defined $ciphers;
    if (my $certificate = $option{certificate}) {
        Net::SSLeay::CTX_use_certificate_chain_file($context, $certificate->{chain})
            && Net::SSLeay::CTX_use_PrivateKey_file($context, $certificate->{key},
            Net::SSLeay::FILETYPE_PEM())
            or die "cannot use the certificate $certificate->{name}\n";
    }
    my $ssl = Net::SSLeay::new($context);
    Net::SSLeay::CTX_free($context);
    Net::SSLeay::set_fd($ssl, fileno $self->{socket});
    if (Net::SSLeay::connect($ssl) != 1) {
        my $error = Net::SSLeay::ERR_error_string(Net::SSLeay::ERR_get_error());
        Net::SSLeay::free($ssl);
        die "no TLS session: $error\n";
    }
    $self->{ssl} = $ssl;
}

# What was negotiated, as a log line would say it: TLSv1.3 TLS_AES_256_GCM_SHA384.
sub tls
{
    my ($self) = @_;
    return 'none' if !$self->{ssl};
    return join ' ', Net::SSLeay::get_version($self->{ssl}), Net::SSLeay::get_cipher($self->{ssl});
}

# A session up to where mail begins: EHLO, and STARTTLS and EHLO with tls => { ... }.
sub begin
{
    my ($class, %option) = @_;
    my $self = $class->new(%option);
    $self->ehlo($option{helo});
    if ($option{tls}) {
        my $reply = $self->starttls(%{ $option{tls} });
        $reply =~ /^220/ or die "no STARTTLS: $reply\n";
        $self->ehlo($option{helo}) if !$option{no_second_ehlo};
    }
    return $self;
}

# A whole message; the list of replies to MAIL, each RCPT and the end of data. Goes as far as the
# server lets it: DATA only when a recipient was accepted.
sub message
{
    my ($self, $from, @to) = @_;
    my @replies = $self->mail($from);
    return @replies if $replies[0] !~ /^250/;
    push @replies, map { $self->rcpt($_) } @to;
    push @replies, $self->data if grep { /^250/ } @replies[1 .. $#replies];
    return @replies;
}

sub quit
{
    my ($self) = @_;
    my $reply = $self->say('QUIT');
    $self->leave;
    return $reply;
}

# Closes the connection without a word.
sub leave
{
    my ($self) = @_;
    Net::SSLeay::free(delete $self->{ssl}) if $self->{ssl};
    close $self->{socket};
}

sub DESTROY
{
    my ($self) = @_;
    Net::SSLeay::free($self->{ssl}) if $self->{ssl};
}

1;
