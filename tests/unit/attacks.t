# SPDX-License-Identifier: ISC
#
# The table of attacks in tests/README names tests that are there.
use strict;
use warnings;
use Test::More;

my $source = $ENV{abs_top_srcdir} // '.';

sub slurp
{
    my ($file) = @_;
    open my $in, '<', "$source/$file" or return;
    local $/ = undef;
    return scalar <$in>;
}

my ($attacks, $named, $before) = (0, 0, '');
for my $line (split /\n/, slurp('tests/README') // die "there is no tests/README\n") {
    my ($file, $words) = $line =~ /^    (\S+): (.+)$/;
    if (!defined $file) {
        $before = $line;
        next;
    }
    $attacks++ if $before !~ /^    /;
    $before = $line;
    $named++;
    my $text = slurp($file);
    ok(defined $text && index($text, $words) >= 0, "$file: $words");
}
cmp_ok($attacks, '>=', 35, "$attacks attacks");
cmp_ok($named, '>=', $attacks, "$named tests");
done_testing;
