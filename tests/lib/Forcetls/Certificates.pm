# SPDX-License-Identifier: ISC
#
# Forcetls::Certificates: certification authorities and certificates, made on the spot with
# openssl(1) and thrown away with the test.
#
# A certificate is a hash: name, file (PEM, the certificate alone), key, chain (PEM, the
# certificate followed by those between it and its root). Elliptic keys, because they are made
# in no time; ask for rsa => 2048 where a cipher needs one.
package Forcetls::Certificates;

use strict;
use warnings;

use Forcetls::Harness qw(read_file run work_dir write_file);

sub new
{
    my ($class) = @_;
    my $dir = work_dir() . '/certificates';
    -d $dir or mkdir $dir, 0755 or die "$dir: $!\n";
    return bless { dir => $dir }, $class;
}

sub _openssl
{
    my @arguments = @_;
    my ($status, $out) = run('openssl', @arguments);
    $status == 0 or die "openssl @arguments:\n$out";
    return $out;
}

sub _new_key
{
    my ($file, $rsa) = @_;
    _openssl('genpkey', '-quiet', '-out', $file,
        $rsa
        ? ('-algorithm', 'RSA', '-pkeyopt', "rsa_keygen_bits:$rsa")
        : ('-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'));
    chmod 0600, $file or die "$file: $!\n";    # Sendmail insists
}

# Options for a certificate that is over: OpenSSL learned to say it in 3.4, and then no longer
# takes a negative number of days.
sub _expired
{
    my ($status, $help) = run('openssl', 'x509', '-help');
    return $help =~ /-not_after/
        ? qw(-not_before 20200101000000Z -not_after 20200201000000Z)
        : qw(-days -1);
}

# Makes a certificate. Options:
#   subject  as openssl writes it: '/O=Partner/CN=mail.partner.test'; '/' for an empty one
#   by       the certificate that signs it (default: itself)
#   san      DNS names for subjectAltName, comma-separated
#   usage    extendedKeyUsage (default: clientAuth,serverAuth; '' for none)
#   ca       a certification authority
#   expired  over already
#   rsa      bits of an RSA key
#   crls     addresses of lists of revoked certificates: [ ... ]
#   ocsp     addresses of OCSP responders: [ ... ]
sub make
{
    my ($self, $name, %option) = @_;
    my $base = "$self->{dir}/$name";
    my $by = $option{by};
    my $usage = $option{usage} // 'clientAuth,serverAuth';
    my @extensions =
        $option{ca}
        ? ('basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign')
        : ('basicConstraints=critical,CA:FALSE', $usage eq '' ? () : "extendedKeyUsage=$usage");
    if (defined $option{san}) {
        my $names = join ',', map { "DNS:$_" } split /,/, $option{san};
        push @extensions,
            ($option{subject} eq '/' ? 'subjectAltName=critical,' : 'subjectAltName=') . $names;
    }
    push @extensions, 'crlDistributionPoints=' . join ',', map { "URI:$_" } @{ $option{crls} } if $option{crls};
    push @extensions, 'authorityInfoAccess=' . join ',', map { "OCSP;URI:$_" } @{ $option{ocsp} } if $option{ocsp};
    push @extensions, 'subjectKeyIdentifier=hash', $by ? 'authorityKeyIdentifier=keyid' : ();

    _new_key("$base.key", $option{rsa});
    write_file("$base.ext", join "\n", @extensions, '');
    _openssl(
        'req', '-new', '-utf8', '-key', "$base.key", '-subj',
        $option{subject}, '-out', "$base.csr"
    );
    _openssl(
        'x509', '-req', '-in', "$base.csr", '-out', "$base.pem", '-extfile', "$base.ext", '-sha256',
        '-set_serial', '0x' . join('', map { sprintf '%02x', 1 + int rand 127 } 1 .. 8),
        $option{expired} ? _expired() : ('-days', 30),
        $by ? ('-CA', $by->{file}, '-CAkey', $by->{key}) : ('-signkey', "$base.key")
    );
    write_file(
        "$base.chain.pem", join '',
        map { read_file($_) } "$base.pem",
        $by && $by->{is_ca} && !$by->{is_root} ? $by->{chain} : ()
    );
    return {
        name => $name,
        file => "$base.pem",
        key => "$base.key",
        chain => "$base.chain.pem",
        is_ca => $option{ca},
        is_root => !$by,
    };
}

# The world of most tests: {root}, {ca} below it (common name "Example Issuing CA", which is what
# an MTA shows as issuer), {server} for our own mail server, {partner} for mail.contoso.com.
sub standard
{
    my ($self) = @_;
    my %made;
    $made{root} = $self->make('root', subject => '/O=Example Trust/CN=Example Root CA', ca => 1);
    $made{ca} = $self->make(
        'ca',
        subject => '/O=Example Trust/CN=Example Issuing CA',
        ca => 1,
        by => $made{root}
    );
    $made{server} = $self->make(
        'server',
        subject => '/CN=mx.example.org',
        san => 'mx.example.org',
        rsa => 2048,
        by => $made{ca}
    );
    $made{partner} = $self->make(
        'partner',
        by => $made{ca},
        san => 'mail.contoso.com',
        subject => '/O=Contoso Ltd/OU=Messaging/CN=mail.contoso.com'
    );
    return \%made;
}

# More of that world: other partners' certificates, and of those who would like to be one.
sub impostors
{
    my ($self, $world) = @_;
    my $make = sub { my ($name, @options) = @_; $world->{$name} = $self->make($name, @options) };
    my @ours = (by => $world->{ca});
    $make->('stranger', subject => '/CN=mail.stranger.example', @ours);
    $make->('fabrikam', subject => '/CN=out.fabrikam.example', @ours);
    $make->('deep', subject => '/CN=a.b.contoso.com', @ours);
    $make->('san_only', subject => '/O=Contoso Ltd', san => 'mail.contoso.com', @ours);
    $make->('misorganised', subject => '/O=Fabrikam Ltd/CN=mail.contoso.com', @ours);
    $make->('unorganised', subject => '/CN=mail.contoso.com', @ours);
    $make->('servers_only', subject => '/CN=mail.contoso.com', usage => 'serverAuth', @ours);
    $make->('expired', subject => '/CN=mail.contoso.com', expired => 1, @ours);
    $make->('two_names', subject => '/CN=mail.stranger.example/CN=mail.contoso.com', @ours);
    $make->('platform', subject => '/CN=mail.protection.outlook.com', @ours);
    $make->('self_signed', subject => '/CN=mail.contoso.com');

    # Names made to be more than a name, where they are printed.
    $make->('forger', subject => "/CN=mail.contoso.com\nX: inbound verdict=pass", @ours);
    $make->('format', subject => qq(/CN=%n%s %%d "quoted" b\xc3\xbccher), @ours);

    # Another CA below the trusted root.
    my $second = '/O=Example Trust/CN=Second Issuing CA';
    $make->('second_ca', subject => $second, ca => 1, by => $world->{root});
    $make->('other_issuer', subject => '/CN=mail.contoso.com', by => $world->{second_ca});

    # A CA that has nothing of the right one but its names.
    $make->('twin_root', subject => '/O=Example Trust/CN=Example Root CA', ca => 1);
    my $twin = '/O=Example Trust/CN=Example Issuing CA';
    $make->('twin_ca', subject => $twin, ca => 1, by => $world->{twin_root});
    $make->('twin', subject => '/O=Contoso Ltd/CN=mail.contoso.com', by => $world->{twin_ca});
}

# A list of revoked certificates (DER) by this one. Options: revoked => [ certificates ]; stale: it
# was to be renewed long ago; future: it is not in force yet.
my $lists = 0;
sub list_of_revoked
{
    my ($self, $by, %option) = @_;
    my $base = "$self->{dir}/list-" . ++$lists;
    write_file("$base.index", join '', map { "R\t351231235959Z\t260101000000Z,keyCompromise\t" . serial($_) . "\tunknown\t/CN=x\n" } @{ $option{revoked} // [] });
    write_file("$base.number", "01\n");
    write_file("$base.conf", join "\n", '[ca]', 'default_ca=this', '[this]', "database=$base.index", "crlnumber=$base.number", 'default_md=sha256', '');
    my @dates =
        $option{stale} ? qw(-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z)
      : $option{future} ? qw(-crl_lastupdate 20900101000000Z -crl_nextupdate 20900201000000Z)
      : qw(-crldays 7);
    _openssl('ca', '-gencrl', '-config', "$base.conf", '-cert', $by->{file}, '-keyfile', $by->{key}, @dates, '-out', "$base.pem");
    _openssl('crl', '-in', "$base.pem", '-outform', 'DER', '-out', "$base.der");
    return read_file("$base.der");
}

sub serial
{
    my ($certificate) = @_;
    my $out = _openssl('x509', '-in', $certificate->{file}, '-noout', '-serial');
    return $out =~ /=(\w+)/ ? $1 : die "no serial number in: $out";
}

# SHA-256 of the certificate, and of its SubjectPublicKeyInfo: hexadecimal digits with colons.
sub fingerprint
{
    my ($certificate) = @_;
    my $out = _openssl('x509', '-in', $certificate->{file}, '-noout', '-fingerprint', '-sha256');
    $out =~ /=([0-9A-F:]+)$/m or die "no fingerprint in: $out";
    return $1;
}

sub public_key_fingerprint
{
    my ($certificate) = @_;
    my $base = $certificate->{file} =~ s/\.pem$//r;
    _openssl('x509', '-in', $certificate->{file}, '-noout', '-pubkey', '-out', "$base.pub");
    _openssl('pkey', '-pubin', '-in', "$base.pub", '-outform', 'DER', '-out', "$base.pub.der");
    my $out = _openssl('dgst', '-sha256', '-c', "$base.pub.der");
    $out =~ /= ([0-9a-f:]+)$/m or die "no digest in: $out";
    return $1;
}

1;
