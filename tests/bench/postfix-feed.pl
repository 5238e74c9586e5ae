#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# What attaching costs: messages a second through a real Postfix, with no milter at all (the
# floor), with forcetls, and with forcetls and its policy feed. The three are services of one
# Postfix and are measured in turn, several times, so that what else the machine does hits all of
# them; the middle value of each counts. Plaintext from a partner in monitor mode: every recipient
# is decided and logged, none is refused.
#
#   FORCETLS_MESSAGES=N  messages a run (2000)     FORCETLS_ROUNDS=N  runs of each (5)
#   FORCETLS_SESSIONS=N  sessions at a time (4)
use strict;
use warnings;

use Forcetls::Harness qw(run);
use Forcetls::Scene;
use Time::HiRes qw(time);

my $messages = $ENV{FORCETLS_MESSAGES} || 2000;
my $rounds = $ENV{FORCETLS_ROUNDS} || 5;
my $sessions = $ENV{FORCETLS_SESSIONS} || 4;

my %services = (
    'no milter' => [ 'smtpd_milters = ' ],
    'forcetls' => [ 'smtpd_sender_restrictions = ' ],
    'forcetls and its policy feed' => [],
);

my $scene = Forcetls::Scene->new(
    mta => 'postfix',
    policy => 1,
    connectors => '{ name = "partner"; direction = "inbound"; domains = [ "contoso.com" ]; level = "encrypt"; mode = "monitor"; }',
    server => { services => { map { tr/ /-/r => $services{$_} } keys %services } },
);
my $program = $scene->mta->{programs} . '/usr/sbin/smtp-source';
$ENV{LD_LIBRARY_PATH} = $scene->mta->{programs} . '/usr/lib/postfix';

# Messages a second through one service.
sub measure {
    my ($service) = @_;
    my $start = time;
    my ($status, $out) = run($program, '-d', '-s', $sessions, '-m', $messages, '-f', 'a@contoso.com', '-t', 'b@example.org',
        '127.0.0.1:' . $scene->mta->port($service =~ tr/ /-/r));
    die "smtp-source failed: $out" if $status;
    return $messages / (time - $start);
}

sub middle {
    my @sorted = sort { $a <=> $b } @_;
    return $sorted[ $#sorted / 2 ];
}

my @names = ('no milter', 'forcetls', 'forcetls and its policy feed');
my %figures;
measure($_) for @names;    # so that every process is there
for (1 .. $rounds) {
    push @{ $figures{$_} }, measure($_) for @names;
}
my $floor = middle(@{ $figures{'no milter'} });
my $without = middle(@{ $figures{'forcetls'} });
printf "%d messages a run, %d sessions, %d runs each, middle value\n", $messages, $sessions, $rounds;
printf "%-30s %10s %14s %20s\n", '', 'messages/s', 'of no milter', 'of without the feed';
for my $name (@names) {
    my $figure = middle(@{ $figures{$name} });
    printf "%-30s %10.0f %13.1f%% %19s\n", $name, $figure, 100 * $figure / $floor,
        $name =~ /feed/ ? sprintf('%.1f%%', 100 * $figure / $without) : '';
}
