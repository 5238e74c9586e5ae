#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# What attaching costs: messages a second through a real Postfix, with no milter at all (the
# floor), with forcetls, and with forcetls and its policy feed. The three are services of one
# Postfix and are measured in turn, several times, so that what else the machine does hits all of
# them; the middle value of each counts. A connection a message, as mail between servers mostly
# comes. Plaintext from a partner in monitor mode: every recipient is decided and logged, none is
# refused.
#
#   FORCETLS_MESSAGES=N  messages a run (1500)     FORCETLS_ROUNDS=N  runs of each (9)
#   FORCETLS_SESSIONS=N  sessions at a time (4)
use strict;
use warnings;

use Forcetls::Harness qw(read_file run wait_for);
use Forcetls::Scene;
use POSIX ();
use Time::HiRes qw(time);

my $messages = $ENV{FORCETLS_MESSAGES} || 1500;
my $rounds = $ENV{FORCETLS_ROUNDS} || 9;
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

my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());

# Seconds of processor time that the daemon has used.
sub processor_time {
    my (undef, @field) = split /\) /, read_file('/proc/' . $scene->daemon->pid . '/stat');
    my @numbers = split ' ', $field[-1];
    return ($numbers[11] + $numbers[12]) / $ticks;
}

my ($maillog, $removed) = (undef, 0);

# Waits until the queue manager is done with so many messages more.
sub wait_delivered {
    my ($count) = @_;
    open $maillog, '<', $scene->mta->maillog_file or die $scene->mta->maillog_file . ": $!\n" if !defined $maillog;
    wait_for(120, sub {
        seek $maillog, 0, 1;
        while (my $line = <$maillog>) {
            $removed++ if $line =~ /qmgr\[\d+\]: \w+: removed$/;
        }
        return $removed >= $count;
    }) or die "the mail was not delivered\n";
    $removed -= $count;
    return;
}

# Messages a second through one service, and the daemon's processor time for each in microseconds.
sub measure {
    my ($service) = @_;
    my $used = processor_time();
    my $start = time;
    my ($status, $out) = run($program, '-s', $sessions, '-m', $messages, '-f', 'a@contoso.com', '-t', 'b@example.org',
        '127.0.0.1:' . $scene->mta->port($service =~ tr/ /-/r));
    die "smtp-source failed: $out" if $status;
    my $seconds = time - $start;
    wait_delivered($messages);    # or the next run would share the machine with this one's mail
    return { rate => $messages / $seconds, used => 1e6 * (processor_time() - $used) / $messages };
}

sub middle {
    my ($key, @runs) = @_;
    my @sorted = sort { $a <=> $b } map { $_->{$key} } @runs;
    return $sorted[ $#sorted / 2 ];
}

my @names = ('no milter', 'forcetls', 'forcetls and its policy feed');
my %figures;
measure($_) for @names;    # so that every process is there
for (1 .. $rounds) {
    push @{ $figures{$_} }, measure($_) for @names;
}
my $floor = middle(rate => @{ $figures{'no milter'} });
my $without = middle(rate => @{ $figures{'forcetls'} });
printf "%d messages a run, %d sessions, %d runs each, middle value\n", $messages, $sessions, $rounds;
printf "%-30s %10s %14s %20s %16s\n", '', 'messages/s', 'of no milter', 'of without the feed', 'forcetls us/msg';
for my $name (@names) {
    my $rate = middle(rate => @{ $figures{$name} });
    printf "%-30s %10.0f %13.1f%% %20s %16.0f\n", $name, $rate, 100 * $rate / $floor,
        $name =~ /feed/ ? sprintf('%.1f%%', 100 * $rate / $without) : '', middle(used => @{ $figures{$name} });
}
