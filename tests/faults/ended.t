#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The daemon is ended, killed and told to reload, again and again, while MTAs hold sessions with it:
# nothing that must be refused is ever accepted, and it is back at once.
# FORCETLS_FAULT_ROUNDS=100: the long form (SIGTERM 100 times, SIGKILL 200 times, reloads for a minute).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Harness qw(daemon_program read_file wait_for write_file);
use Forcetls::Load;
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(sleep time);

my $rounds = $ENV{FORCETLS_FAULT_ROUNDS} || 5;
my $sanitized = read_file(daemon_program()) =~ /__[at]san_init/;
my $within = $sanitized ? 5 : 1;

my $bare = Forcetls::Load::bare();
my $daemon = $bare->daemon;

sub load { return Forcetls::Load->new(milter => $daemon->socket, map => $daemon->tls_policy_socket) }

# Ends the load and judges what it saw.
sub judge
{
    my ($load) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %seen = $load->finish;
    my @wrong = grep { /^(?:bad|map) / && $_ !~ $Forcetls::Load::NOT_ACCEPTED } sort keys %seen;
    is_deeply(\@wrong, [], 'nothing was accepted that must be refused');
    is_deeply([ grep { /^good [45]|silent$/ } sort keys %seen ], [], 'nobody was refused who may pass, or left without an answer');
    ok(scalar(grep({ /^bad 550 / } keys %seen)), 'there were refusals');
    ok($seen{'good continue'} || $seen{'good accept'}, 'and mail that passed');
    ok(scalar(grep({ /^map OK encrypt/ } keys %seen)), 'and answers of the map');
    note "$seen{$_} $_" for (sort keys %seen)[0 .. (keys %seen > 20 ? 19 : keys(%seen) - 1)];
}

sub sockets { return grep { -e } $daemon->socket, $daemon->tls_policy_socket }

subtest 'SIGTERM under load' => sub {
    my $load = load();
    my (@status, @left, @seconds);
    for (1 .. $rounds) {
        $daemon->start;
        $load->forget;
        $load->wait_sessions(1 + int rand 200) or return fail('sessions are answered');
        my $start = time;
        push @status, $daemon->stop // 'none';
        push @seconds, time - $start;
        push @left, sockets();
    }
    is_deeply([ grep { $_ ne '0' } @status ], [], "it ends with 0, $rounds times");
    is_deeply(\@left, [], 'and leaves no socket');
    cmp_ok(max(@seconds), '<', 6, sprintf 'within seconds (at most %.2f)', max(@seconds));
    judge($load);
};

subtest 'SIGKILL under load' => sub {
    my $load = load();
    my @seconds;
    $daemon->start;
    for (1 .. 2 * $rounds) {
        $load->forget;
        $load->wait_sessions(1 + int rand 200) or return fail('sessions are answered');
        $daemon->kill_hard;
        $load->forget;
        my $start = time;
        $daemon->start;
        $load->wait_sessions(1) or return fail('sessions are answered again');
        push @seconds, time - $start;
    }
    cmp_ok(max(@seconds), '<', $within, sprintf 'it answers again within %d s, %d times (at most %.2f)', $within, scalar @seconds, max(@seconds));
    is($daemon->stop, 0, 'the last one ends with 0');
    judge($load);
};

subtest 'reloads under load, ten a second' => sub {
    my $load = load();
    $daemon->start;
    my $count = $rounds < 60 ? 6 * $rounds : 600;
    for my $number (1 .. $count) {
        my $next = time + 0.1;
        my $rules = Forcetls::Load::connectors($number);
        # Every seventh file names one that is not there, every third one is half-written.
        $rules =~ s/level = "encrypt"; \}$/level = "verify"; trust_store = "\/nonexistent.pem"; }/m if $number % 7 == 0;
        $daemon->configure(connectors => $rules);
        my $whole = read_file($daemon->config_file);
        write_file($daemon->config_file, substr $whole, 0, length($whole) / 2) if $number % 3 == 0;
        kill $number % 2 ? 'USR1' : 'HUP', $daemon->pid;
        my $left = $next - time;
        sleep $left if $left > 0;    # the rate is what is tested
    }
    ok(!$daemon->is_over, "it lives after $count");
    $daemon->configure(connectors => Forcetls::Load::connectors('last'));
    kill 'USR1', $daemon->pid;
    ok(wait_for(10, sub {
        my $mta = $bare->connect;
        $mta->negotiate;
        $mta->connect(macros => { v => 'Postfix 3.7.11' });
        $mta->helo('client.example');
        $mta->mail('<a@tax.example>');
        my $answer = $mta->rcpt('<b@example.org>');
        $mta->close;
        $answer =~ /^550 5\.7\.10 .*connector tax-last\b/;
    }), 'the rules of the last file are in force');
    like($bare->log, qr/stay in force/, 'the broken ones were told');
    like($bare->log, qr/'\/nonexistent\.pem'/, 'and what was missing');
    is($daemon->stop, 0, 'it ends with 0');
    judge($load);
};

done_testing;
