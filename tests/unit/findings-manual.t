# SPDX-License-Identifier: ISC
#
# forcetls(1), FINDINGS, and the sources of check: each word that a finding can have is in the manual, in the part of what
# it is about, with half a line of meaning; and no other word is.
use strict;
use warnings;
use Test::More;

my $source = $ENV{abs_top_srcdir} // '.';
my $page = "$source/policy/cli/forcetls.1";
my $folder = "$source/policy/cli/check";

# The parts of FINDINGS, and where their words come from.
my %file_of = ('Trust stores' => 'roots.c', Postfix => 'postfix_check.c', Sendmail => 'sendmail_check.c');

sub text_of
{
    open my $in, '<', $_[0] or die "$_[0]: $!\n";
    local $/;
    return scalar <$in>;
}

# What a call of one of these functions has between its parentheses.
sub calls
{
    my ($text, @functions) = @_;
    my $name = join '|', @functions;
    return $text =~ /(?<![\w*])(?:$name)(\((?:[^()"]++|"(?:[^"\\]|\\.)*"|(?1))*\))/g;
}

# Literals that look like a word and like nothing else: with a hyphen, and not a blank.
sub words_in_calls
{
    return map { /"([a-z][a-z0-9]*(?:-[a-z0-9]+)+)"/g } calls($_[0], qw(findings_add report_store));
}

my (%sources, @twice);
for my $part (sort keys %file_of) {
    my $text = text_of("$folder/$file_of{$part}");
    my @rows = $text =~ /^\s*\{ "([a-z][a-z0-9-]*)",\s*NEED\(\w+\),/mg;
    my %words = map { $_ => 1 } @rows, words_in_calls($text);
    $sources{$part} = [ sort keys %words ];
}
cmp_ok(scalar @{ $sources{$_} }, '>=', 4, "$_: there are words in $file_of{$_}") for sort keys %file_of;
is(scalar(() = text_of("$folder/$file_of{$_}") =~ /^\s*\{ "[^"]*",\s*NEED/mg), scalar @{ $sources{$_} }, "$_: all rows are read")
    for qw(Postfix Sendmail);

# A word that is added anywhere else would escape this test.
my %read = map { $_ => 1 } values %file_of;
my @elsewhere;
for my $file (glob "$folder/*.c") {
    my $name = $file =~ s{.*/}{}r;
    push @elsewhere, map { "$name: $_" } words_in_calls(text_of($file)) if !$read{$name};
}
is_deeply(\@elsewhere, [], 'words are in these files only');

my (%manual, @empty, $item, %said);
my ($section, $part) = ('', '');
for (split /\n/, text_of($page)) {
    if (/^\.(?:It|El|Sh|Ss)\b/) {
        push @empty, $item if defined $item && !$said{$item};
        undef $item;
    }
    ($section, $part) = ($1, '') if /^\.Sh (.+)/;
    $part = $1 if /^\.Ss (.+)/;
    next if $section ne 'FINDINGS';
    if (/^\.It Li (.+)$/) {
        for my $word (split / , /, $1) {
            push @twice, "$part: $word" if $manual{$part}{$word}++;
        }
        $item = "$part: $1";
    } elsif (defined $item && /\w/) {
        $said{$item} = 1;
    }
}
is_deeply([ sort keys %manual ], [ sort keys %file_of ], 'the manual has the parts that we know');
is_deeply(\@twice, [], 'no word is there twice in a part');
is_deeply(\@empty, [], 'something is said of every word');
is_deeply([ sort keys %{ $manual{$_} // {} } ], $sources{$_}, "$_: the words of the manual are those of $file_of{$_}")
    for sort keys %file_of;

done_testing;
