# SPDX-License-Identifier: ISC
#
# Every source, test and manual page of the tree is in a list of a Makefile.inc, so that it is built, run, installed and
# distributed.
use strict;
use warnings;
use Test::More;

my $source = $ENV{abs_top_srcdir} // '.';

# Before the fragments can be compared with the tree, both must be there: in a tarball they are, by this test's own rule.
my @out = qx("$^X" "$source/build-aux/update-lists" --check 2>&1);
is $?, 0, 'build-aux/update-lists finds nothing to do' or diag @out;
done_testing;
