# SPDX-License-Identifier: ISC
#
# Forcetls::Scene: a private mail server with the daemon beside it, and a partner that sends to
# it. Sets the two up (or skips the test, where this machine cannot have them), and compares what
# the partner was told, what the daemon logged and what the server accepted with what a test
# expects.
package Forcetls::Scene;

use strict;
use warnings;

use Forcetls::Certificates;
use Forcetls::Daemon;
use Forcetls::Harness qw(has_ipv6 need_root);
use Forcetls::Postfix;
use Forcetls::Sendmail;
use Forcetls::Smtp;
use Forcetls::Swaks qw(need_swaks swaks);
use Test::More;

our $CONTACT = 'postmaster@example.org';

# Options:
#   mta         'postfix' or 'sendmail'
#   connectors, settings, policy, trusting   as in Forcetls::Daemon
#   server      { options of Forcetls::Postfix or Forcetls::Sendmail }
#   start       0: start neither; the test does it
sub new
{
    my ($class, %option) = @_;
    need_root();
    need_swaks();
    Forcetls::Smtp::need();
    my $kind = $option{mta};
    my $program = $kind eq 'postfix' ? 'Forcetls::Postfix' : 'Forcetls::Sendmail';
    $program->unpack_or_skip;
    my $self = bless { kind => $kind, maker => Forcetls::Certificates->new, delivered => 0 },
        $class;
    $self->{certificates} = $self->{maker}->standard;
    $self->{mta} = $program->new(
        certificates => $self->{certificates},
        policy => $option{policy},
        %{ $option{server} // {} }
    );
    $self->{daemon} = Forcetls::Daemon->new(
        mta => $self->{mta},
        map { $_ => $option{$_} } qw(connectors settings policy trusting)
    );
    $self->start if $option{start} // 1;
    return $self;
}

sub start
{
    my ($self) = @_;
    $self->{daemon}->start;
    $self->{mta}->start;
    note $self->{kind}, ' ', $self->{mta}->version;
}

sub daemon { return $_[0]{daemon} }
sub mta { return $_[0]{mta} }

# A certificate of the standard world by its name, or a hash as it is.
sub _certificate
{
    my ($self, $certificate) = @_;
    return $certificate if ref $certificate || !defined $certificate;
    return $self->{certificates}{$certificate} // die "no certificate $certificate\n";
}

sub _tls
{
    my ($self, $tls) = @_;
    return $tls && { %$tls, certificate => $self->_certificate($tls->{certificate}) };
}

# A session of our own client up to MAIL: options as Forcetls::Smtp::begin().
sub session
{
    my ($self, %option) = @_;
    return Forcetls::Smtp->begin(
        %option,
        sendmail => $self->{kind} eq 'sendmail',
        port => $self->{mta}->port($option{service}),
        tls => $self->_tls($option{tls})
    );
}

# Sends one message to one recipient (service => NAME: to another smtpd of the same Postfix) and
# gives the reply that decided: the first refusal, or the one to the end of data. With swaks; over
# IPv6, where swaks wants one more Perl module, with our own client.
sub send
{
    my ($self, %message) = @_;
    my $tls = $self->_tls($message{tls});
    my $to = $message{to} // 'b@example.org';
    if (($message{client} // '') =~ /:/) {
        my $smtp = $self->session(%message, host => '::1', tls => $tls);
        my @replies = $smtp->message($message{from}, $to);
        $smtp->quit;
        return (grep { !/^250/ } @replies)[0] // $replies[-1];
    }
    my $result = swaks(
        %message,
        port => $self->{mta}->port($message{service}),
        to => $to,
        tls => $tls,
        from => $message{from} eq '' ? '<>' : $message{from}
    );
    note $result->{command};
    for my $step (@{ $result->{dialogue} }) {
        my ($command, $reply) = @$step;
        next if $command !~ /^(?:MAIL|RCPT|\.)/ || $reply =~ /^250/ && $command ne '.';
        return $self->{kind} eq 'sendmail' ? Forcetls::Smtp::without_recipient($reply) : $reply;
    }
    return join ' / ', 'no end of the message', map { $_->[1] } @{ $result->{dialogue} };
}

# The whole text of a refusal.
sub refusal
{
    my ($codes, $domain, $connector, $why) = @_;
    return "$codes Encryption needed: mail from $domain must arrive over TLS "
        . "(connector $connector): $why; $CONTACT";
}

# Compares the next verdict line with the given fields. %expected: field => text or pattern;
# undef: the field must be absent. Besides: its form (no faults), and the reply, unless undef, in
# its text.
sub check_line
{
    my ($self, $line, $reply, %expected) = @_;
    if (!$line) {
        fail('a line in the log');
        diag($self->{daemon}->log);
        return;
    }
    is($line->faults, '', 'the log line has the form that the manual promises')
        or diag($line->line);
    for my $field (sort keys %expected) {
        my ($got, $wanted) = ($line->field($field), $expected{$field});
        ref $wanted ? like($got, $wanted, "log: $field") : is($got, $wanted, "log: $field")
            or diag($line->line);
    }
    if (defined $reply
        && defined $line->field('text')
        && ($expected{verdict} // '') =~ /^(?:reject|defer)$/)
    {
        is($line->field('text'), $reply, "log: text is what the partner was told");
    }
}

# One case: a hash with
#   title, from, to, tls, client, helo, ...   the message (see send())
#   reply     the exact reply, a pattern, or 'accepted'
#   log       { field => ... } of the verdict line, or undef: no line
sub check
{
    my ($self, %case) = @_;
    return if ($case{client} // '') =~ /:/ && !has_ipv6();
    my ($wanted, $log) = @case{qw(reply log)};
    subtest $case{title} => sub {
        my $reply = $self->send(%case);
        my $accepted = !ref $wanted && $wanted eq 'accepted';
        if ($accepted) {
            like($reply, qr/^250 2\.0\.0 /, 'accepted');
            $self->{delivered}++;
        } elsif (ref $wanted) {
            like($reply, $wanted, 'reply');
        } else {
            is($reply, $wanted, 'reply');
        }
        my @lines = $self->{daemon}->verdicts($log ? 1 : 0);
        is(scalar @lines, $log ? 1 : 0, 'lines in the log') or diag(map { $_->line . "\n" } @lines);
        $self->check_line($lines[0], $reply, from => "<$case{from}>", %$log) if $log;
        $self->_check_queue_id($lines[0], $reply)
            if $lines[0] && ($log->{verdict} // '') =~ /^(?:pass|exempt)$/;
    };
}

sub _check_queue_id
{
    my ($self, $line, $reply) = @_;
    my ($id) = $reply =~ /(?:queued as |^250 2\.0\.0 )(\w+)(?: Message|$)/;
    is($line->queue_id, $id, 'log: the queue id of the message');
}

# At the end of a test: everything that was accepted, and nothing else, has been delivered; the
# daemon has logged no verdict beyond those looked at, ends at SIGTERM, and complained of nothing.
sub finish
{
    my ($self) = @_;
    is($self->{mta}->wait_delivered($self->{delivered}),
        $self->{delivered}, 'what was accepted was delivered, and nothing else');
    my $status = $self->{daemon}->stop;
    is($status, 0, 'the daemon ends with status 0 at SIGTERM');
    is(join('', map { $_->line . "\n" } $self->{daemon}->verdicts(0)),
        '', 'no verdict was logged for anything else');
    unlike(
        $self->{daemon}->log,
        qr/Sanitizer|internal-error|assert/i,
        'the daemon found no fault in itself'
    );
    $self->{mta}->stop;
}

# Counts messages that a test saw accepted outside check().
sub accepted
{
    my ($self, $count) = @_;
    $self->{delivered} += $count // 1;
}

1;
