# SPDX-License-Identifier: ISC
#
# Forcetls::FakeProber: a program that speaks as forcetls-prober does (policy/probe/FORMAT) and finds
# what the test wants it to find, or misbehaves; and keeps a record of what it was asked.
#
#   my $prober = Forcetls::FakeProber->new;
#   $prober->set('contoso.com' => { state => 'no-starttls' });
#   $ENV{FORCETLS_PROBER} = $prober->program;     # before the daemon starts
#   my @asked = $prober->asked('contoso.com');    # a hash for each request
#
# What can be found at a hop:
#   { state => 'tls' ... }     one MX host, one address in that state; with `reply`, `cipher`, `name`
#                              (of the host), `trusted` (0: no store trusts it), `address`
#   { mx => 'nxdomain' }       no hosts
#   { act => 'silent' }        no answer, ever
#   { act => 'crash' }         the program is killed by a signal; 'exit': ends with a status;
#                              'hang': it reads and answers nothing more; 'garbage': writes some;
#                              'error': an answer that it cannot
#   { raw => '...' }           this line, with ID in place of the request's number
# What is not set is { state => 'unreachable' }. The special hop '*' is the start: { act => ... }.
package Forcetls::FakeProber;

use strict;
use warnings;

use Forcetls::Harness qw(read_file wait_for work_dir write_file);
use JSON::PP ();

my $json = JSON::PP->new->utf8->canonical;
my $count = 0;

sub new
{
    my ($class) = @_;
    my $dir = work_dir() . '/prober-' . ++$count;
    mkdir $dir, 0777 or die "$dir: $!\n";
    chmod 0777, $dir;
    my $self = bless { dir => $dir, scenario => {} }, $class;
    my $program = do { local $/ = undef; <DATA> } // die "only one fake prober a test\n";
    write_file("$dir/forcetls-prober", $program =~ s/PERL/$^X/r =~ s/FOLDER/$dir/r, 0755);
    write_file("$dir/asked", '', 0666);
    $self->set;
    return $self;
}

sub program { return "$_[0]{dir}/forcetls-prober" }

# What is found from now on; undef: not set any more.
sub set
{
    my ($self, %found) = @_;
    for my $hop (keys %found) {
        delete $self->{scenario}{$hop};
        $self->{scenario}{$hop} = $found{$hop} if defined $found{$hop};
    }
    write_file("$self->{dir}/new", $json->encode($self->{scenario}), 0644);
    rename "$self->{dir}/new", "$self->{dir}/scenario" or die "rename: $!\n";
    return $self;
}

# All requests so far, those for one hop, or those of one type.
sub asked
{
    my ($self, $hop) = @_;
    my @asked = map { $json->decode($_) } read_file("$self->{dir}/asked") =~ /^(.+)\n/mg;
    return grep { !defined $hop || ($_->{hop} // '') eq $hop } @asked;
}

# Waits until there were so many for a hop.
sub wait_asked
{
    my ($self, $hop, $number, $seconds) = @_;
    return wait_for($seconds // 10, sub { $self->asked($hop) >= $number });
}

1;

__DATA__
#!PERL
use strict;
use warnings;
use JSON::PP ();
use POSIX ();
use Time::HiRes ();

my $dir = 'FOLDER';
my $json = JSON::PP->new->utf8->canonical;
$| = 1;

sub scenario {
    open my $file, '<', "$dir/scenario" or return {};
    local $/ = undef;
    return $json->decode(<$file>);
}

sub note {
    my ($request) = @_;
    open my $file, '>>', "$dir/asked" or return;
    syswrite $file, $json->encode({ %$request, pid => $$, time => Time::HiRes::time() }) . "\n";
}

sub act {
    my ($act, $request) = @_;
    kill 'SEGV', $$ if $act eq 'crash';
    POSIX::_exit(3) if $act eq 'exit';
    if ($act eq 'hang') { sleep 1000 while 1 }
    print qq({"v":1,"type":"result","id":$request->{id},\n) if $act eq 'garbage';
    print $json->encode({ v => 1, type => 'error', id => $request->{id}, text => 'not today' }), "\n" if $act eq 'error';
}

sub certificate {
    my ($name) = @_;
    return {
        subject => $name, subject_dn => "CN=$name", issuer => 'Example Issuing CA', issuer_dn => 'CN=Example Issuing CA',
        organization => 'Example', organizational_unit => undef, names => [$name], key_type => 'RSA', key_bits => 2048,
        signature => 'sha256WithRSAEncryption', from => time - 86400, until => time + 86400 * 90,
        fingerprint => 'aa' x 32, public_key => 'bb' x 32, crls => [], ocsp => [], pem => '-' };
}

sub trust {
    my ($store, $found) = @_;
    my $trusted = $found->{trusted} // 1;
    return {
        store => $store, state => $trusted ? 'trusted' : 'untrusted', anchor => $trusted ? 'Example Root CA' : undef,
        anchor_fingerprint => $trusted ? 'cc' x 32 : undef, names_ok => JSON::PP::true,
        errors => $trusted ? [] : [ { depth => 0, code => 'unknown-issuer', text => 'unable to get local issuer certificate' } ] };
}

sub address {
    my ($request, $found, $name) = @_;
    my %address = (
        address => $found->{address} // $request->{literal} // '192.0.2.9', port => $request->{port}, state => $found->{state}, reply => $found->{reply} // '',
        milliseconds => 5, offered => ['STARTTLS'], offered_tls => []);
    return \%address if $found->{state} ne 'tls';
    return {
        %address,
        tls => { protocol => 'TLSv1.3', cipher => $found->{cipher} // 'TLS_AES_256_GCM_SHA384', bits => 256, group => 'x25519',
            forward_secrecy => JSON::PP::true, client_certificate => 'not-asked', ocsp_staple => 'none' },
        chain => [ certificate($name) ],
        trust => [ map { trust($_, $found) } @{ $request->{stores} } ] };
}

sub dnssec { return $_[0] =~ /^(?:not-asked|servfail|timeout|bogus)$/ ? 'unknown' : 'insecure' }

# DOMAIN has MX hosts, [HOST], [ADDRESS] and smtps://HOST are their own host.
sub result {
    my ($request, $found) = @_;
    my ($first, $host, $port) = $request->{hop} =~ m{^(smtps://)?(\[[^]]*\]|[^:]*)(?::(\d+))?$};
    my $own = $host =~ s/^\[(.*)\]$/$1/ || defined $first;
    my $literal = $own && $host =~ /^[0-9.]+$|:/;
    @$request{qw(port literal)} = (0 + ($port // 25), $literal ? $host : undef);
    my $name = $own ? $host : $found->{name} // "mx1.$host";
    my $mx = $own ? 'not-asked' : $found->{mx} // 'found';
    my @hosts = defined $found->{mx} ? () : {
        name => $name, preference => 10, self => JSON::PP::false, addresses_state => $literal ? 'not-asked' : 'found',
        dnssec => $literal ? 'unknown' : 'insecure', left_out => 0, addresses => [ address($request, $found, $name) ] };
    return {
        v => 1, type => 'result', id => $request->{id}, hop => $request->{hop}, started => time, milliseconds => 5,
        mx => { state => $mx, dnssec => dnssec($mx), left_out => 0 }, hosts => \@hosts };
}

act((scenario()->{'*'} // {})->{act} // '', { id => 0 });
while (my $line = <STDIN>) {
    my $request = $json->decode($line);
    note($request);
    next if $request->{type} ne 'probe';
    my $found = scenario()->{ $request->{hop} } // { state => 'unreachable' };
    if (defined $found->{act}) { act($found->{act}, $request) }
    elsif (defined $found->{raw}) { print $found->{raw} =~ s/ID/$request->{id}/r, "\n" }
    else { print $json->encode(result($request, $found)), "\n" }
}
