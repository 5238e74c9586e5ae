#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# What the compiler and the linker were told to do against attackers is in the programs that were built.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::Harness qw(build_dir not_possible read_file work_dir);
use Test::More;

my %programs = (
    'milter/forcetls-milter' => 'milter/callbacks.o',
    'policy/probe/forcetls-prober' => 'policy/probe/main.o',
    'policy/cli/forcetls' => 'policy/cli/main.o',
);
my $makefile = read_file(build_dir() . '/Makefile');
not_possible('readelf is missing (binutils)') if !grep { -x "$_/readelf" } split /:/, $ENV{PATH};
not_possible('a build with sanitizers has other defences') if $makefile =~ /^SANITIZE_CFLAGS = *\S/m;

sub readelf
{
    my (@arguments) = @_;
    open my $out, '-|', 'readelf', '-W', @arguments or die "readelf: $!\n";
    local $/ = undef;
    return scalar(<$out>) // '';
}

my ($cflags) = $makefile =~ /^CFLAGS = ?(.*)$/m;
my $cc = $ENV{CC} // ($makefile =~ /^CC = ?(.*)$/m)[0];

# The compiler is asked anew: a flag that configure forgets is a failure.
sub compiler_has
{
    my ($flag) = @_;
    my $link = $flag =~ /pie|-z/ ? '-fPIE -o ' . work_dir() . '/a.out' : '-c -o /dev/null';
    return system("echo 'int main(void) { return 0; }' | $cc -Werror $flag -x c - $link >/dev/null 2>&1") == 0;
}

my %has;

sub where_told
{
    my ($flag, $test) = @_;
    $has{$flag} //= $flag =~ /FORTIFY/ ? $cflags =~ /-O[1-3sg]/ : compiler_has($flag);
  SKIP: {
        skip "$cc ($cflags) does not have $flag", 1 if !$has{$flag};
        $test->();
    }
}

for my $program (sort keys %programs) {
    my $file = build_dir() . "/$program";
    my $object = build_dir() . "/$programs{$program}";
    my $segments = readelf('-l', $file);
    my $dynamic = readelf('-d', $file);
    my $symbols = readelf('--dyn-syms', $file);
    where_told('-pie', sub {
        like(readelf('-h', $file), qr/Type:\s+DYN/, "$program: loaded at any address");
        like($dynamic, qr/FLAGS_1.*\bPIE\b/, "$program: and a program, no library");
    });
    like($segments, qr/GNU_STACK(?:\s+0x\w+){5}\s+RW\s/, "$program: no code on the stack");
    unlike($segments, qr/LOAD(?:\s+0x\w+){5}\s+RWE/, "$program: nothing can be both written and run");
    where_told('-Wl,-z,relro', sub { like($segments, qr/GNU_RELRO/, "$program: tables of the linker are read-only") });
    where_told('-Wl,-z,now', sub { like($dynamic, qr/BIND_NOW|Flags:.*\bNOW\b/, "$program: all of them") });
    where_told('-fstack-protector-strong', sub { like($symbols, qr/__stack_chk_fail/, "$program: stacks have canaries") });
    where_told('_FORTIFY_SOURCE', sub { like($symbols, qr/__(?:memcpy|snprintf|vsnprintf|fprintf|printf|read|memset|strcpy)_chk/, "$program: buffers' sizes are checked") });
    # The C library's start-up objects have no such mark on every system, and take it from the program.
    where_told('-fcf-protection', sub {
        -f $object or return fail("$program: $object is there");
        like(readelf('-n', $object), qr/x86 feature: IBT, SHSTK/, "$program: jumps and returns are checked");
    });
}

done_testing;
