# SPDX-License-Identifier: ISC
#
# Forcetls::CaseFile: reads the files tests/mta/*.cases, which say what must come of messages; their
# form is described in inbound.cases.
package Forcetls::CaseFile;

use strict;
use warnings;

use Forcetls::Harness qw(read_file source_dir);
use Forcetls::Scene;

my $file;    # for messages

# "> sender, and how": options of Forcetls::Scene::send().
sub _message
{
    my ($text) = @_;
    my ($sender, @words) = split ' ', $text;
    my %message = (from => $sender eq '<>' ? '' : $sender);
    for (@words) {
        my ($key, $value) = /^([a-z]+)(?:=(.*))?$/ or die "$file: $_?\n";
        if ($key =~ /^(?:tls|cipher|certificate)$/) {
            my %option = (tls => 'version', cipher => 'ciphers', certificate => 'certificate');
            $message{tls} //= {};
            $message{tls}{ $option{$key} } = $value if defined $value;
        } else {
            $message{$key} = $value;
        }
    }
    return \%message;
}

# "| KEY=VALUE ...": expected fields.
sub _fields
{
    my ($text) = @_;
    my %field;
    while ($text =~ m{\G\s*([a-z]+)=(?:/((?:[^/\\]|\\.)*)/|(\S+))}gc) {
        my ($key, $pattern, $value) = ($1, $2, $3);
        $field{$key} = defined $pattern ? qr/$pattern/s : $value eq '-' ? undef : $value;
    }
    $text =~ /\G\s*$/ or die "$file: $text?\n";
    return \%field;
}

# The whole of a reply, of which the file has the varying part.
sub _reply
{
    my ($codes, $connector, $reason, $text, $message) = @_;
    my ($domain) = $message->{from} =~ /\@(.*)/;
    $domain = defined $domain ? lc $domain : 'this client';
    my $contact = $text =~ s/; (\S+\@\S+)$// ? $1 : $Forcetls::Scene::CONTACT;
    my ($first, $demand) = $reason eq 'client-not-allowed'
        ? ('Wrong client', 'must come from its own servers')
        : ('Encryption needed', 'must arrive over TLS');
    if (my ($pattern) = $text =~ m{^/(.*)/$}) {
        my ($from, $of) = map { quotemeta } $domain, $connector;
        $codes = quotemeta $codes;
        my $head = "$codes $first: mail from $from $demand \\(connector $of\\): ";
        return qr{^$head$pattern; \Q$contact\E$};
    }
    return "$codes $first: mail from $domain $demand (connector $connector): $text; $contact";
}

# "< outcome": what Forcetls::Scene::check() compares. undef: the message is not sent.
sub _outcome
{
    my ($text, $message) = @_;
    return if $text eq '-';
    return { reply => 'accepted', log => undef } if $text eq 'ordinary';
    if ($text =~ /^(pass|exempt|monitor|near-miss) (\S+)(?: (\S+))?$/) {
        my %log = (
            'pass' => { verdict => 'pass', nrcpt => 1, to => undef, mode => 'enforce' },
            'exempt' => { verdict => 'exempt', reason => $3 },
            'monitor' =>
                { verdict => 'monitor', would => 'reject', reason => $3, mode => 'monitor' },
            'near-miss' => { verdict => 'none', reason => 'near-miss' },
        );
        return { reply => 'accepted', log => { connector => $2, %{ $log{$1} } } };
    }
    my ($codes, $connector, $reason, $why) = $text =~ /^(\d+ [\d.]+) (\S+) ([a-z-]+): (.*)$/
        or die "$file: $text?\n";
    my %log = (
        verdict => $codes =~ /^5/ ? 'reject' : 'defer', reason => $reason, connector => $connector,
        to => '<b@example.org>', mode => 'enforce',
    );
    return { reply => _reply($codes, $connector, $reason, $why, $message), log => \%log };
}

# The cases of a file for one MTA, each as Forcetls::Scene::check() wants it. {NAME} in the file
# stands for a value of %value.
sub cases
{
    my ($mta, $name, %value) = @_;
    $file = $name;
    my $text = read_file(source_dir() . "/tests/mta/$file");
    $text =~ s/^#.*\n//mg;
    $text =~ s/\{(\w+)\}/$value{$1} \/\/ "{$1}"/ge;
    my @cases;
    for my $block (split /\n{2,}/, $text) {
        my ($title) = $block =~ /^= (.*)$/m or next;
        my ($how) = $block =~ /^> (.*)$/m or die "$file: $title: no message\n";
        my ($wanted) = $block =~ /^< (?:$mta: )?(?!postfix:|sendmail:)(.*)$/m
            or die "$file: $title: no outcome\n";
        my ($fields) = $block =~ /^\| (.*)$/m;
        my $message = _message($how);
        my $outcome = _outcome($wanted, $message) or next;
        $outcome->{log} = { %{ $outcome->{log} }, %{ _fields($fields) } } if defined $fields;
        push @cases, { title => $title, %$message, %$outcome };
    }
    @cases or die "$file: no cases\n";
    return @cases;
}

1;
