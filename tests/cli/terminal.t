#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# terminal.t: what forcetls prints on a terminal: in colour unless somebody objects, as wide as the terminal is; and in a
# file or a pipe without colour, 100 columns wide. The terminal is that of script(1).
use strict;
use warnings;

use Forcetls::Command qw(forcetls forcetls_program);
use Forcetls::Harness qw(not_possible run source_dir);
use Test::More;

my ($status, $version) = run('script', '--version');
not_possible('script(1) of util-linux is missing (Debian: bsdutils, Fedora: util-linux-script)')
    if $status != 0 || $version !~ /util-linux/;

chdir source_dir() . '/tests/cli/files' or die "tests/cli/files: $!\n";
my %painted = (
    'check -c partners.conf --at 2026-11-20' => qr/\e\[1mConnectors\e\[0m/,
    'check -c errors.conf --at 2026-11-20' => qr/^\e\[31merrors\.conf:2: error:/,
    'explain -c partners.conf --at 2026-11-20 --from a@tax.example --client-addr 192.0.2.25' => qr/\e\[31mnot met\e\[0m/,
    'log maillog' => qr/\e\[1mconnector\e\[0m/,
);
my @ask = sort keys %painted;

# What comes out on a terminal of so many columns. The second argument: what to take out of the environment (-u NAME) or
# to put into it (NAME=value).
sub on_terminal
{
    my ($columns, $environment, $arguments) = @_;
    my $program = forcetls_program();
    my $command = "stty cols $columns rows 24 && TERM=xterm TZ=UTC exec "
        . "env -u COLUMNS -u NO_COLOR $environment '$program' $arguments";
    my ($status, $output) = run('script', '-qec', $command, '/dev/null');
    return $output =~ s/\r\n/\n/gr;
}

sub in_pipe
{
    my ($columns, $arguments) = @_;
    my %env = (COLUMNS => $columns, NO_COLOR => undef, TERM => 'xterm');
    my (undef, $output) = forcetls({ env => \%env }, split ' ', $arguments);
    return $output;
}

sub without_colour
{
    my ($text) = @_;
    return $text =~ s/\e\[[0-9;]*m//gr;
}

for my $arguments (@ask) {
    my ($command) = split ' ', $arguments;
    my $plain = in_pipe(70, $arguments);
    unlike($plain, qr/\e/, "$command: no colour in a pipe");
    my $coloured = on_terminal(70, '', $arguments);
    like($coloured, $painted{$arguments}, 'on a terminal there is');
    is(without_colour($coloured), $plain, 'else it is the same text, as wide as the terminal is');
    is(() = $coloured =~ /\e/g, 2 * (() = $coloured =~ /\e\[[1-9][0-9;]*m[^\e\n]+\e\[0m/g),
        'what is painted ends in its own line, and nothing else is sent to the terminal');
    is(on_terminal(70, $_, $arguments), $plain, "no colour with $_") for 'NO_COLOR=1', 'TERM=dumb', 'TERM=', '-u TERM';
    is(on_terminal(70, 'NO_COLOR=', $arguments), $coloured, 'an empty NO_COLOR does not object');
}

my ($check) = grep { /partners/ } @ask;
isnt(in_pipe(120, $check), in_pipe(70, $check), 'there is something that wraps');
is(on_terminal(70, 'COLUMNS=120 NO_COLOR=1', $check), in_pipe(120, $check), 'COLUMNS outweighs the terminal');
is(on_terminal(70, 'COLUMNS=wide NO_COLOR=1', $check), in_pipe(70, $check), 'unless it is no number');
is(on_terminal(20, 'NO_COLOR=1', $check), in_pipe(40, $check), 'a terminal is taken for 40 columns wide at least');
is(in_pipe(undef, $check), in_pipe(100, $check), 'a pipe for 100');
is(on_terminal(0, 'NO_COLOR=1', $check), in_pipe(100, $check), 'and a terminal that does not know its width');

unlike(on_terminal(70, '', "$_ --json"), qr/\e/, 'no colour in JSON: ' . (split ' ')[0]) for @ask;
unlike(on_terminal(70, '', "$_ --help"), qr/\e/, 'nor in a usage text') for qw(check explain log);

done_testing();
