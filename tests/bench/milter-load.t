#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The load client of the benchmarks, against the daemon and against the floor's milter: a few
# hundred messages, so that it does not rot. No figure is judged here.
use strict;
use warnings;
use Test::More;

use Forcetls::Bare;
use Forcetls::Harness qw(build_dir run start_process wait_for work_dir);
use IO::Socket::UNIX;

my ($client, $floor) = map { build_dir() . "/tests/bench/$_" } qw(milter_load floor_milter);

my $bare = Forcetls::Bare->new(
    connectors => join ",\n",
    '{ name = "contoso-in"; direction = "inbound"; domains = [ "contoso.com" ]; level = "verify"; }',
    '{ name = "fabrikam-out"; direction = "outbound"; domains = [ "fabrikam.com" ]; level = "may"; }',
)->start;
my $socket = $bare->daemon->socket;

sub load {
    my ($what, $path, $wanted, @arguments) = @_;
    my ($status, $out) = run($client, @arguments, $path);
    is($status, 0, "$what: the client ends well") or diag($out);
    like($out, qr/^accepted early $wanted$/m, $what);
}

load('a partner, many sessions', $socket, '0, at the end 100, refused 0', qw(-c 8 -m 100 -s 3));
load('a partner, one session, three recipients', $socket, '0, at the end 20, refused 0', qw(-c 1 -m 20 -r 3));
load('to an outbound partner, headers and all', $socket, '0, at the end 20, refused 0',
    qw(-m 20 -f a@example.net -t b@fabrikam.com -x smtp));
load('nobody\'s mail ends at DATA', $socket, '50, at the end 0, refused 0', qw(-m 50 -f a@example.net));
load('a partner without TLS', $socket, '0, at the end 0, refused 30', qw(-m 30 -T));
my @lines = $bare->daemon->verdicts(170);
is(scalar(grep { $_->line =~ /inbound verdict=pass connector=contoso-in .* nrcpt=[13] .* tls=TLSv1\.3/ } @lines), 120,
    'the daemon logged the partner\'s messages');
is(scalar(grep { $_->line =~ /verdict=defer reason=no-tls/ } @lines), 30, 'and those that it refused');
is($bare->stop, 0, 'the daemon ends with status 0');

my $floor_socket;
for my $options ([], ['-h']) {
    $floor_socket = work_dir() . "/floor@$options.sock";
    start_process({ log => work_dir() . '/floor.log' }, $floor, @$options, $floor_socket);
    wait_for(10, sub { IO::Socket::UNIX->new(Peer => $floor_socket) }) or die "the floor does not listen\n";
    load("the floor @$options", $floor_socket, '0, at the end 100, refused 0', qw(-m 100 -s 7));
    load("the floor @$options without TLS", $floor_socket, '0, at the end 50, refused 0', qw(-m 50 -T));
}

isnt((run($client, '-m', 'x', $floor_socket))[0], 0, 'a wrong number is none');
isnt((run($client, work_dir() . '/nobody'))[0], 0, 'nobody listens: no figures');
done_testing;
