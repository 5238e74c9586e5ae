# SPDX-License-Identifier: ISC
#
# Forcetls::Page: text for people: wrapped to the terminal's width, in colour where the reader
# has a terminal and does not object (https://no-color.org).
package Forcetls::Page;

use strict;
use warnings;

use Text::Wrap ();

my %code = (bold => 1, dim => 2, red => 31, green => 32, yellow => 33, blue => 34, cyan => 36);

sub new
{
    my ($class) = @_;
    my $terminal = -t STDOUT;
    my $width = 96;
    if ($terminal && `stty size 2>/dev/null </dev/tty` =~ /^\d+ (\d+)/ && $1 >= 60 && $1 < $width) {
        $width = $1;
    }
    my $colour = $terminal && ($ENV{NO_COLOR} // '') eq '' && ($ENV{TERM} // 'dumb') ne 'dumb';
    return bless { width => $width, colour => $colour }, $class;
}

sub width { return $_[0]{width} }

# The text in the given colours (names of the table above).
sub paint
{
    my ($self, $text, @names) = @_;
    return $text if !$self->{colour} || !@names || $text eq '';
    return "\e[" . join(';', @code{@names}) . "m$text\e[0m";
}

# Prints a line as it is.
sub line
{
    my ($self, $text) = @_;
    print +($text // ''), "\n";
}

# The lines of a text, none longer than $width; words longer than that stay whole.
sub lines
{
    my ($text, $width) = @_;
    local $Text::Wrap::columns = $width + 1;
    local $Text::Wrap::huge = 'overflow';
    local $Text::Wrap::unexpand = 0;
    return split /\n/, Text::Wrap::wrap('', '', $text);
}

# Prints a paragraph, indented; the lines after the first one further.
sub paragraph
{
    my ($self, $text, $indent, $hanging, @colours) = @_;
    my @lines = lines($text, $self->{width} - length($indent) - length($hanging));
    for my $i (0 .. $#lines) {
        $self->line($indent . ($i ? $hanging : '') . $self->paint($lines[$i], @colours));
    }
}

# Prints text in columns: each [ text, width, colours... ]; the last one wraps.
sub columns
{
    my ($self, $indent, @columns) = @_;
    my ($last, $last_width, @colours) = @{ pop @columns };
    my $left = $indent;
    my $used = length $indent;
    for (@columns) {
        my ($text, $width, @paint) = @$_;
        $left .=
            $self->paint($text, @paint) . ' ' x ($width > length $text ? $width - length $text : 1);
        $used += $width > length $text ? $width : length($text) + 1;
    }
    my @lines = lines($last, $self->{width} - $used);
    $self->line($left . $self->paint(shift(@lines) // '', @colours));
    $self->line(' ' x $used . $self->paint($_, @colours)) for @lines;
}

sub heading
{
    my ($self, $text) = @_;
    $self->line($self->paint($text, 'bold'));
    $self->line($self->paint('-' x length $text, 'dim'));
}

1;
