# SPDX-License-Identifier: ISC
#
# Forcetls::Swaks: one message through swaks(1), a client that is not ours.
package Forcetls::Swaks;

use strict;
use warnings;

use Exporter qw(import);
use Forcetls::Harness qw(not_possible run);

our @EXPORT_OK = qw(need_swaks swaks);

# What is missing for it, as a sentence; an empty string if nothing is.
sub missing
{
    return 'there is no swaks (Debian: swaks)' if (run('swaks', '--version'))[0] != 0;
    return 'swaks has no TLS (Debian: libnet-ssleay-perl)' if !eval { require Net::SSLeay; 1 };
    return '';
}

sub need_swaks
{
    my $missing = missing();
    not_possible($missing) if $missing;
}

# Sends a message. Options: port; host; client (the address to come from); helo; from; to (a list,
# or one); tls => { certificate, version, ciphers } for STARTTLS.
#
# Gives a hash: command (to be typed again by hand), status, transcript (its lines), and dialogue:
# a list of [ what was sent, the reply's last line, 1 if it travelled encrypted ].
sub swaks
{
    my (%option) = @_;
    my @to = ref $option{to} ? @{ $option{to} } : $option{to};
    my $host = $option{host} // '127.0.0.1';
    my @command = (
        'swaks', '--server',
        $host, '--port',
        $option{port}, '--helo',
        $option{helo} // 'client.test','--from',
        $option{from}, '--to',
        join(',', @to), '--header',
        'Subject: test', '--hide-informational',
        '--timeout', '60s',
        $option{client} ? ('--local-interface', $option{client}) : (),
    );
    if (my $tls = $option{tls}) {
        my %word = (
            'TLSv1' => 'tlsv1',
            'TLSv1.1' => 'tlsv1_1',
            'TLSv1.2' => 'tlsv1_2',
            'TLSv1.3' => 'tlsv1_3'
        );
        my $old = $tls->{version} && $tls->{version} =~ /^TLSv1(\.1)?$/;
        my $ciphers = $tls->{ciphers} // ($old ? 'ALL:@SECLEVEL=0' : undef);
        push @command, '--tls';
        push @command, '--tls-protocol', $word{ $tls->{version} } if $tls->{version};
        push @command, '--tls-cipher', $ciphers if defined $ciphers;
        # swaks sends no chain of its own, but OpenSSL completes one from what the client trusts.
        push @command, '--tls-cert', $tls->{certificate}{file}, '--tls-key',
            $tls->{certificate}{key},'--tls-ca-path', $tls->{certificate}{chain}
            if $tls->{certificate};
    }
    my ($status, $out) = run(@command);
    my @dialogue;
    for my $line (split /\n/, $out) {
        $line =~ s/\r$//;
        if (my ($sign, $command) =
            $line =~ /^ ([-~])> ((?:EHLO|HELO|STARTTLS|MAIL|RCPT|DATA|QUIT)\b.*|\.)$/)
        {
            push @dialogue, [ $command, '', $sign eq '~' ];
        } elsif ($line =~ /^<([-~*])[-~* ] (\d{3}[- ].*)/) {
            push @dialogue, [ '', '', 0 ] if !@dialogue;    # the greeting
            $dialogue[-1][1] = $2;
        }
    }
    return {
        command => _typed(@command),
        status => $status,
        transcript => $out,
        dialogue => \@dialogue
    };
}

# A command line as one would type it.
sub _typed
{
    return join ' ', map { /^[\w.,:\/@=+-]+$/ ? $_ : "'" . s/'/'\\''/gr . "'" } @_;
}

1;
