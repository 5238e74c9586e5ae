#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# What attaching costs: messages a second through a real Postfix, with no milter at all, with
# floor_milter (the cheapest that libmilter allows: the floor), with forcetls for others' mail and
# for a partner's, and with forcetls and its policy feed. They are services of one Postfix and are
# measured in turn, many times; a ratio is of two runs of the same round and the middle one counts,
# so that what else the machine does hits both sides. A connection a message, as mail between
# servers mostly comes. Plaintext from a partner in monitor mode: every recipient is decided and
# logged, none is refused.
#
#   FORCETLS_MESSAGES=N  messages a run (400)      FORCETLS_ROUNDS=N  runs of each (9)
#   FORCETLS_SESSIONS=N  sessions at a time (4)
use strict;
use warnings;

use Forcetls::Harness qw(build_dir read_file run start_process wait_for work_dir);
use Forcetls::Scene;
use POSIX ();
use Time::HiRes qw(time);

my $messages = $ENV{FORCETLS_MESSAGES} || 400;
my $rounds = $ENV{FORCETLS_ROUNDS} || 9;
my $sessions = $ENV{FORCETLS_SESSIONS} || 4;

my %services = (
    none => ['smtpd_milters = '],
    floor => [ 'smtpd_milters = unix:forcetls/floor.sock', 'smtpd_sender_restrictions = ' ],
    plain => ['smtpd_sender_restrictions = '],
    feed => [],
);

# In the order in which they are measured: the title, the service, the sender.
my @contenders = (
    [ 'no milter', 'none', 'a@contoso.com' ],
    [ 'the floor', 'floor', 'a@contoso.com' ],
    [ 'forcetls, others\' mail', 'plain', 'a@example.net' ],
    [ 'forcetls, a partner\'s mail', 'plain', 'a@contoso.com' ],
    [ 'forcetls and its policy feed, a partner\'s mail', 'feed', 'a@contoso.com' ],
);

my $scene = Forcetls::Scene->new(
    mta => 'postfix',
    policy => 1,
    connectors => '{ name = "partner"; direction = "inbound"; domains = [ "contoso.com" ]; level = "encrypt"; mode = "monitor"; }',
    server => { services => \%services },
);
my $program = $scene->mta->{programs} . '/usr/sbin/smtp-source';
$ENV{LD_LIBRARY_PATH} = $scene->mta->{programs} . '/usr/lib/postfix';

my $floor_socket = $scene->mta->socket_dir . '/floor.sock';
my $floor_pid = start_process({ log => work_dir() . '/floor.log' }, build_dir() . '/tests/bench/floor_milter', $floor_socket);
wait_for(10, sub { -S $floor_socket }) or die "the floor does not listen\n";
chmod 0666, $floor_socket or die "$floor_socket: $!\n";

my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());

# Seconds of processor time that a process has used.
sub processor_time {
    my (undef, @field) = split /\) /, read_file("/proc/$_[0]/stat");
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

# Messages a second through one service, and the milter's processor time for each in microseconds.
sub measure {
    my (undef, $service, $sender) = @_;
    my $pid = $service eq 'floor' ? $floor_pid : $scene->daemon->pid;
    my $used = processor_time($pid);
    my $start = time;
    my ($status, $out) =
        run($program, '-s', $sessions, '-m', $messages, '-f', $sender, '-t', 'b@example.org', '127.0.0.1:' . $scene->mta->port($service));
    die "smtp-source failed: $out" if $status;
    my $seconds = time - $start;
    wait_delivered($messages);    # or the next run would share the machine with this one's mail
    return { rate => $messages / $seconds, used => 1e6 * (processor_time($pid) - $used) / $messages };
}

sub middle {
    my @sorted = sort { $a <=> $b } @_;
    return $sorted[ $#sorted / 2 ];
}

# A row of the table, as tests/bench/figures.c writes it.
sub row {
    my ($title, $value, $floor, $ratio, $goal) = @_;
    my $line = sprintf "  %-58s %9.0f %-5s %9.0f %6.2f  %-12s %s\n", $title, $value, '/s', $floor, $ratio,
        $goal ? sprintf('>= %.2f x', $goal) : '', !$goal ? '' : $ratio >= $goal ? 'met' : 'MISSED';
    print $line;
    return if !$ENV{FORCETLS_BENCH_TABLE};
    open my $file, '>>', $ENV{FORCETLS_BENCH_TABLE} or die "$ENV{FORCETLS_BENCH_TABLE}: $!\n";
    print $file $line;
    close $file or die "$ENV{FORCETLS_BENCH_TABLE}: $!\n";
    return;
}

my (%rate, %used);
measure(@$_) for @contenders;    # so that every process is there
for my $round (1 .. $rounds) {
    for my $contender ($round % 2 ? @contenders : reverse @contenders) {
        my $figures = measure(@$contender);
        push @{ $rate{ $contender->[0] } }, $figures->{rate};
        push @{ $used{ $contender->[0] } }, $figures->{used};
    }
}

# The middle one of the ratios of the rounds.
sub ratio {
    my ($title, $to) = @_;
    return middle(map { $rate{$title}[$_] / $rate{$to}[$_] } 0 .. $rounds - 1);
}

printf "%d messages a run, %d sessions, %d runs each, middle value\n", $messages, $sessions, $rounds;
printf "%-48s %10s %14s %14s %14s\n", '', 'messages/s', 'of no milter', 'of the floor', 'milter us/msg';
for my $title (map { $_->[0] } @contenders) {
    printf "%-48s %10.0f %13.1f%% %13.1f%% %14.0f\n", $title, middle(@{ $rate{$title} }), 100 * ratio($title, 'no milter'),
        100 * ratio($title, 'the floor'), $title eq 'no milter' ? 0 : middle(@{ $used{$title} });
}
my ($none, $floor, @ours) = map { $_->[0] } @contenders;
row('Postfix, the floor milter (floor: no milter)', middle(@{ $rate{$floor} }), middle(@{ $rate{$none} }), ratio($floor, $none));
row("Postfix, $_", middle(@{ $rate{$_} }), middle(@{ $rate{$floor} }), ratio($_, $floor), /feed/ ? undef : 0.97) for @ours;
