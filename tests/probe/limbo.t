#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Verification of chains against C2SP's x509-limbo, a public suite of good and bad ones.  The suite is not part of
# forcetls: FORCETLS_LIMBO names a limbo.json.  Its repository, github.com/C2SP/x509-limbo, makes one ("make
# limbo.json" there; Debian 13's python3-cryptography and python3-pydantic will do).  limbo.known beside this file has
# the cases that do not end as the suite says, and why.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Harness qw(build_dir read_file run work_dir);
use Test::More;

use constant MAY_PASS => 17;    # of the cases that have to fail

my $suite = $ENV{FORCETLS_LIMBO} // '';
my $program = build_dir() . '/tests/probe/limbo';

$suite ne '' or plan(skip_all => 'FORCETLS_LIMBO=FILE names no limbo.json (made by github.com/C2SP/x509-limbo)');
-x $program or plan(skip_all => "$program was not built (jansson is missing)");

# "passes ID" and "refused ID" of the list.
my %known = map { ($_ => 1) } read_file("$FindBin::Bin/limbo.known") =~ /^((?:passes|refused) \S+): \S/mg;
ok(%known, 'limbo.known explains some');

$ENV{TMPDIR} = work_dir();
my ($status, $output) = run($program, $suite);
is($status, 0, 'the suite could be read') or diag($output);
my ($bad, $passed) = $output =~ /^failures (\d+) passed (\d+)$/m;
my ($good, $refused) = $output =~ /^successes (\d+) refused (\d+)$/m;
ok($bad && $good, 'it has good and bad chains') or BAIL_OUT("no suite: $output");
diag("$passed of $bad bad chains pass, $refused of $good good ones are refused");
cmp_ok($passed, '<=', MAY_PASS, 'bad chains that pass');

# Cases that the list does not have, and those that end well by now; newer suites may lack cases.
my %found;
for my $line (grep { /^(?:passes|refused) / } split /\n/, $output) {
    my ($case) = $line =~ /^(\w+ [^\s:]+(?:::[^\s:]+)*)/;
    $found{$case} = 1;
    ok($known{$case}, "explained: $case") or diag($line);
}
my $text = read_file($suite);
for my $case (sort keys %known) {
    my ($id) = $case =~ / (\S+)/;
    ok($found{$case} || index($text, qq("$id")) < 0, "still so: $case");
}

done_testing();
