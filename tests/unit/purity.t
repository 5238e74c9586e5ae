# SPDX-License-Identifier: ISC
#
# The rule of the house: a .c directly in policy/ is pure.  No input or output, no clock, no log, no threads, no
# environment.  Shown by the symbols that the objects leave undefined, and by what the sources include.
use strict;
use warnings;
use Test::More;

my $source = $ENV{abs_top_srcdir} // '.';
my $build = $ENV{abs_top_builddir} // $source;
my $nm = $ENV{NM} || 'nm';

# What a pure function may call in the C library and in libidn2.
my @may_call = (
    qr/(?:mem(?:chr|cmp|cpy|mem|move|pcpy|rchr|set)|explicit_bzero|bcmp)/,
    qr/(?:str(?:len|nlen|n?cmp|n?casecmp|n?cpy|n?cat|n?dup|chr|rchr|chrnul|str|spn|cspn|pbrk|sep)|stpn?cpy)/,
    qr/v?snprintf/,
    qr/(?:malloc|calloc|realloc|reallocarray|free)/,
    qr/(?:__isoc23_)?strto(?:l|ll|ul|ull|imax|umax)/,
    qr/(?:qsort|bsearch)/,
    qr/(?:tolower|toupper|is[a-z]+|__ctype_(?:b|tolower|toupper)_loc)/,
    qr/__errno_location/,
    qr/(?:__assert_fail|abort)/,
    qr/inet_(?:pton|ntop)/,
    qr/idn2_\w+/,
    # what the compiler puts in by itself: fortified calls, the stack protector, sanitizers, coverage
    qr/__(?:mem|str|stp)\w+_chk|__v?snprintf_chk/,
    qr/__stack_chk_fail|_GLOBAL_OFFSET_TABLE_/,
    qr/__(?:asan|lsan|tsan|ubsan|sanitizer|gcov|llvm)_\w+|\w*__asan\w*|__cyg_profile_\w+/,
);

my @may_include = qw(arpa/inet assert ctype errno idn2 inttypes limits netinet/in stdalign stdarg stdbool stddef stdint
    stdio stdlib string strings sys/socket);

# Which folder may see which library.
my %library_of = (
    'libconfig.h' => qr{^policy/conf/},
    'openssl/' => qr{^policy/(?:x509|probe)/},
    'unbound' => qr{^policy/probe/dns\.c$},
    'seccomp.h' => qr{^policy/probe/},
    'libmilter/' => qr{^milter/},
    'event2/' => qr{^(?:milter|policy/probe)/},
    'pthread.h' => qr{^milter/},
    'syslog.h' => qr{^milter/},
);

sub allowed
{
    my ($symbol) = @_;
    return scalar grep { $symbol =~ /^(?:$_)$/ } @may_call;
}

# Undefined symbols that neither the list nor the other pure objects explain.
sub impure
{
    my ($undefined, $defined) = @_;
    return grep { !$defined->{$_} && !allowed($_) } sort keys %$undefined;
}

sub symbols
{
    my ($option, @objects) = @_;
    my %symbols;
    no warnings 'exec';
    open my $pipe, '-|', $nm, split(' ', $option), @objects or return undef;
    while (<$pipe>) {
        $symbols{$1} = 1 if /^[0-9a-fA-F]*\s*[A-Za-z]\s+(\S+)$/;
    }
    return close $pipe ? \%symbols : undef;
}

sub includes
{
    my ($file) = @_;
    open my $in, '<', "$source/$file" or die "$file: $!\n";
    return map { /^\s*#\s*include\s*[<"]([^>"]+)[>"]/ ? $1 : () } <$in>;
}

sub files
{
    return map { s{^\Q$source\E/}{}r } map { glob "$source/$_" } @_;
}

subtest 'purity test: what is impure is refused' => sub {
    my @forbidden = qw(time clock_gettime gettimeofday localtime gmtime strftime open openat read write fopen fprintf
        printf puts fputs stdout stderr socket connect send poll getaddrinfo syslog vsyslog getenv setenv rand random
        getrandom pthread_create pthread_mutex_lock pthread_once exit _exit sleep strtok setlocale SSL_new config_init
        config_read smfi_getsymval event_base_new dlopen system fork);
    is_deeply [impure({ map { $_ => 1 } @forbidden }, {})], [sort @forbidden], 'each forbidden call is seen';
    is_deeply [impure({ map { $_ => 1 } qw(memcpy snprintf __snprintf_chk free idn2_lookup_u8 helper) }, { helper => 1 })],
        [], 'and nothing else';
};

SKIP: {
    my @sources = files('policy/*.c');
    ok scalar @sources, 'there are sources directly in policy/';
    my @objects = map { "$build/" . s/\.c$/.o/r } @sources;
    my @missing = grep { !-f } @objects;
    if (!defined symbols('--version')) {
        skip "$nm cannot be run", 1;
    }
    is_deeply \@missing, [], 'each was compiled to policy/NAME.o' or skip 'objects are missing', 1;
    my $defined = symbols('-g --defined-only', @objects);
    for my $object (@objects) {
        my $undefined = symbols('-u', $object);
        my @impure = defined $undefined ? impure($undefined, $defined) : ("$nm -u failed");
        is_deeply \@impure, [], ($object =~ s{^\Q$build\E/}{}r) . ' calls nothing that is impure'
            or diag "it calls: @impure";
    }
}

my %pure = map { ("$_.h" => 1) } @may_include;
my @impure_includes;
for my $file (files('policy/*.[ch]')) {
    push @impure_includes, map { "$file: $_" } grep { !$pure{$_} && !m{^policy/[^/]+\.h$} } includes($file);
}
is_deeply \@impure_includes, [], 'sources directly in policy/ include only each other and pure parts of the C library';

my @strange_includes;
for my $file (files(qw(policy/*/*.[ch] milter/*.[ch]))) {
    for my $include (includes($file)) {
        push @strange_includes, map { "$file: $include" }
            grep { index($include, $_) == 0 && $file !~ $library_of{$_} } sort keys %library_of;
    }
}
is_deeply \@strange_includes, [], 'each library is included only by the folder that it belongs to';

done_testing;
