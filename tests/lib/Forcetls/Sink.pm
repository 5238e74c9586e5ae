# SPDX-License-Identifier: ISC
#
# Forcetls::Sink: a partner's mail server that takes all mail and writes down every line that it
# hears, and whether it came in clear or under TLS. A Forcetls::ScriptedSmtp underneath.
#
# Options: certificate (of Forcetls::Certificates; none: no STARTTLS), tls (more options of its
# step "tls"), keywords (an array: what else it offers under TLS), host, port.
package Forcetls::Sink;

use strict;
use warnings;

use Forcetls::Harness qw(read_file);
use Forcetls::ScriptedSmtp;

sub start
{
    my ($class, %option) = @_;
    my $server = Forcetls::ScriptedSmtp->start(
        host => $option{host} // '127.0.0.1',
        port => $option{port},
        script => [ "220 sink.example ESMTP\r\n", [ do => sub { _talk($_[0], \%option) } ] ]
    );
    return bless { server => $server }, $class;
}

sub stop { $_[0]{server}->stop }

# Lines that came in clear, and under TLS.
sub clear { return $_[0]->_lines('clear') }
sub secret { return $_[0]->_lines('secret') }

sub _lines
{
    my ($self, $word) = @_;
    return map { s/^$word //r } grep { /^$word / } split /\n/, read_file($self->{server}{record});
}

# Messages that were taken, in clear or under TLS.
sub taken { return scalar grep { $_ eq '.' } map { $_[0]->_lines($_) } qw(clear secret) }

# What came in clear beside the commands that come before TLS.
sub betrayed { return grep { !/^(?:EHLO |HELO |STARTTLS$|QUIT$)/ } $_[0]->clear }

sub connections { return $_[0]{server}->connections }

sub _say { Forcetls::ScriptedSmtp::_send($_[0], "$_[1]\r\n") }

# The next line, without its end; what is cut off before its end is written down as well.
sub _line
{
    my ($connection) = @_;
    my $word = $connection->{ssl} ? 'secret' : 'clear';
    while ($connection->{buffer} !~ /\n/) {
        next if Forcetls::ScriptedSmtp::_receive($connection);
        $connection->{server}->_note($word, "$connection->{buffer} (cut off)") if $connection->{buffer} ne '';
        return;
    }
    $connection->{buffer} =~ s/\A([^\n]*?)\r?\n//;
    my $line = $1;
    $connection->{server}->_note($word, $line);
    return $line;
}

sub _talk
{
    my ($connection, $option) = @_;
    my $may_begin_tls = $option->{certificate};
    while (defined(my $line = _line($connection))) {
        if ($line =~ /^EHLO/i) {
            my @keywords = ('PIPELINING', '8BITMIME', 'SMTPUTF8', $may_begin_tls ? 'STARTTLS' : ());
            push @keywords, @{ $option->{keywords} // [] } if $connection->{ssl};
            Forcetls::ScriptedSmtp::_send($connection, Forcetls::ScriptedSmtp::ehlo(@keywords));
        } elsif ($line =~ /^STARTTLS$/i && $may_begin_tls) {
            _say($connection, '220 2.0.0 go ahead');
            $connection->{server}->_tls($connection, certificate => $option->{certificate}, %{ $option->{tls} // {} }) or return;
            $connection->{buffer} = '';
            $may_begin_tls = 0;
        } elsif ($line =~ /^DATA$/i) {
            _say($connection, '354 go on');
            do { $line = _line($connection) // return } until $line eq '.';
            _say($connection, '250 2.0.0 taken');
        } elsif ($line =~ /^QUIT$/i) {
            _say($connection, '221 2.0.0 bye');
            return;
        } else {
            _say($connection, $line =~ /^(?:HELO|MAIL|RCPT|RSET|NOOP)/i ? '250 2.0.0 yes' : '502 5.5.1 no');
        }
    }
}

1;
