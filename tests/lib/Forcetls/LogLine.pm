# SPDX-License-Identifier: ISC
#
# Forcetls::LogLine: reads the daemon's verdict lines back, by the grammar that forcetls-milter(8)
# promises, and independently of the code that writes them:
#
#   QUEUEID: inbound verdict=reject reason=no-tls ... text="550 5.7.10 ..."
package Forcetls::LogLine;

use strict;
use warnings;

# The order of the keys.
my @keys = qw(verdict would reason connector level from to nrcpt client hop mx tls cipher certificate
    subject issuer root fingerprint public_key identity age mode text);
my %place = map { $keys[$_] => $_ } 0 .. $#keys;

# One line, with or without what syslog puts in front; undef if it is not a verdict.
sub parse
{
    my ($line) = @_;
    my ($head, $queue_id, $direction, $rest) =
        $line =~ /^(.*?)(?<![^\s])([0-9A-Za-z]+): (inbound|outbound) (verdict=.*)$/
        or return;
    my $self = bless {
        line => "$queue_id: $direction $rest",
        queue_id => $queue_id,
        direction => $direction,
        faults => []
        },
        __PACKAGE__;
    my $last = -1;
    while ($rest =~
        /\G(\w+)=("(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\.)*"|[A-Za-z0-9<>@._:\/+=\[\]-]+)(?: |$)/gc)
    {
        my ($key, $value) = ($1, $2);
        push @{ $self->{faults} }, "key $key is not known" if !exists $place{$key};
        push @{ $self->{faults} }, "key $key comes too late" if ($place{$key} // 99) <= $last;
        $last = $place{$key} // $last;
        push @{ $self->{faults} }, "value of $key is longer than 256" if length $value > 256;
        if ($value =~ s/^"(.*)"$/$1/) {
            $value =~ s/\\(x[0-9A-F]{2}|.)/length $1 > 1 ? chr hex substr $1, 1 : $1/gei;
        }
        $self->{field}{$key} = $value;
    }
    push @{ $self->{faults} }, 'not key=value: ' . substr $rest, pos $rest // 0
        if (pos $rest // 0) < length $rest;
    push @{ $self->{faults} }, 'longer than 1000' if length $self->{line} > 1000;
    return $self;
}

# All verdict lines of a text.
sub all
{
    my ($text) = @_;
    return map { parse($_) } $text =~ /^(.*)\n/mg;
}

sub line { return $_[0]{line} }
sub queue_id { return $_[0]{queue_id} }
sub direction { return $_[0]{direction} }
sub field { return $_[0]{field}{ $_[1] } }

# What is wrong with its form: an empty string when nothing is.
sub faults { return join '; ', @{ $_[0]{faults} } }

1;
