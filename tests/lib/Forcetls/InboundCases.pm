# SPDX-License-Identifier: ISC
#
# Forcetls::InboundCases: one partner for each thing that a connector can demand, and what must
# come of mail that meets the demand and of mail that does not; the same against each MTA.
package Forcetls::InboundCases;

use strict;
use warnings;

use Forcetls::Scene;

# A connector each. Every partner has a domain of its own, so that a case is about one thing.
sub connectors
{
    return <<'EOT';
  { name = "tax-office";  direction = "inbound"; domains = [ "tax.example" ]; level = "encrypt"; action = "reject"; },
  { name = "slow";        direction = "inbound"; domains = [ "slow.example" ]; level = "encrypt"; },
  { name = "bank";        direction = "inbound"; domains = [ "bank.example" ]; level = "verify"; action = "reject"; },
  { name = "contoso-in";  direction = "inbound"; domains = [ "*.contoso.com" ]; level = "secure"; action = "reject";
    certificates = ( { name = "mail.contoso.com"; issuer = "Example Issuing CA"; } ); },
  { name = "contoso-lab"; direction = "inbound"; domains = [ "lab.contoso.com" ]; level = "may"; },
  { name = "plain-names"; direction = "inbound"; domains = [ "*.fabrikam.example" ]; level = "secure"; action = "reject"; },
  { name = "one-label";   direction = "inbound"; domains = [ "wild.example" ]; level = "secure"; action = "reject";
    certificates = ( { name = "*.contoso.com"; } ); },
  { name = "issuer-only"; direction = "inbound"; domains = [ "issuer.example" ]; level = "secure"; action = "reject";
    certificates = ( { issuer = "Example Issuing CA"; } ); },
  { name = "watched";     direction = "inbound"; domains = [ "watched.example" ]; level = "secure"; action = "reject"; mode = "monitor"; },
  { name = "from-2099";   direction = "inbound"; domains = [ "later.example" ]; level = "encrypt"; action = "reject"; enforce_from = "2099-01-01"; },
  { name = "from-2020";   direction = "inbound"; domains = [ "since.example" ]; level = "encrypt"; action = "reject"; enforce_from = "2020-01-01"; },
  { name = "retired";     direction = "inbound"; domains = [ "retired.example" ]; level = "secure"; action = "reject";
    certificates = ( { name = "mail.contoso.com"; until = "2020-01-01"; }, { name = "new.contoso.com"; from = "2020-01-01"; } ); },
  { name = "too-early";   direction = "inbound"; domains = [ "early.example" ]; level = "secure"; action = "reject";
    certificates = ( { name = "old.contoso.com"; until = "2099-01-01"; }, { name = "mail.contoso.com"; from = "2099-01-01"; } ); },
  { name = "changeover";  direction = "inbound"; domains = [ "change.example" ]; level = "secure"; action = "reject";
    certificates = ( { name = "old.contoso.com"; until = "2020-02-01"; }, { name = "mail.contoso.com"; from = "2020-01-01"; } ); },
  { name = "exact";       direction = "inbound"; domains = [ "exact.example" ]; level = "encrypt"; action = "reject"; },
  { name = "below";       direction = "inbound"; domains = [ ".below.example" ]; level = "encrypt"; action = "reject"; },
  { name = "books";       direction = "inbound"; domains = [ "b\xc3\xbccher.example" ]; level = "encrypt"; action = "reject"; },
  { name = "strong";      direction = "inbound"; domains = [ "strong.example" ]; level = "encrypt"; action = "reject"; min_cipher_bits = 256; },
  { name = "forward";     direction = "inbound"; domains = [ "forward.example" ]; level = "encrypt"; action = "reject"; forward_secrecy = true; },
  { name = "picky";       direction = "inbound"; domains = [ "picky.example" ]; level = "encrypt"; action = "reject";
    exclude_ciphers = [ "ECDHE-RSA-AES128-GCM-SHA256" ]; },
  { name = "lenient";     direction = "inbound"; domains = [ "lenient.example" ]; level = "encrypt"; action = "reject"; min_protocol = "TLSv1.1"; },
  { name = "modern";      direction = "inbound"; domains = [ "modern.example" ]; level = "encrypt"; action = "reject"; min_protocol = "TLSv1.3"; },
  { name = "own-servers"; direction = "inbound"; domains = [ "own.example" ]; level = "encrypt"; action = "reject"; client_networks = [ "127.0.30.0/24", "::1" ]; },
  { name = "forwarded";   direction = "inbound"; domains = [ "forwarded.example" ]; level = "encrypt"; action = "reject"; exempt_networks = [ "127.0.31.0/24" ]; },
  { name = "letters";     direction = "inbound"; domains = [ "letters.example" ]; level = "encrypt"; action = "reject"; local_domains = [ "example.org" ]; },
  { name = "sleeping";    direction = "inbound"; domains = [ "sleeping.example" ]; level = "encrypt"; action = "reject"; enabled = false; },
  { name = "platform";    direction = "inbound"; domains = [ "platform.example" ]; level = "secure"; action = "reject";
    certificates = ( { name = "mail.protection.outlook.com"; } ); },
  { name = "addressed";   direction = "inbound"; domains = [ "addressed.example" ]; level = "encrypt"; action = "reject"; contact = "tls@contoso.com"; }
EOT
}

# The certificates of partners, and of those who would like to be one.
sub make_certificates
{
    my ($scene) = @_;
    my ($maker, $world) = @$scene{qw(maker certificates)};
    my $ca = $world->{ca};
    my %more = (
        stranger => $maker->make('stranger', subject => '/CN=mail.stranger.example', by => $ca),
        fabrikam => $maker->make('fabrikam', subject => '/CN=out.fabrikam.example', by => $ca),
        deep => $maker->make('deep', subject => '/CN=a.b.contoso.com', by => $ca),
        san_only => $maker->make('san_only', subject => '/O=Contoso Ltd', san => 'mail.contoso.com', by => $ca),
        self_signed => $maker->make('self_signed', subject => '/CN=mail.contoso.com'),
        servers_only => $maker->make('servers_only', subject => '/CN=mail.contoso.com', usage => 'serverAuth', by => $ca),
        expired => $maker->make('expired', subject => '/CN=mail.contoso.com', expired => 1, by => $ca),
        two_names => $maker->make('two_names', subject => '/CN=mail.stranger.example/CN=mail.contoso.com', by => $ca),
    );
    # Names made to be more than a name, where they are printed.
    $more{forger} = $maker->make('forger', subject => "/CN=mail.contoso.com\nX: inbound verdict=pass", by => $ca);
    $more{format} = $maker->make('format', subject => '/CN=%n%s %%d "quoted" b\xc3\xbccher', by => $ca);
    $more{platform} = $maker->make('platform', subject => '/CN=mail.protection.outlook.com', by => $ca);
    # Another CA below the trusted root; and one that only has the right one's name.
    my $second = $maker->make('second', subject => '/O=Example Trust/CN=Second Issuing CA', ca => 1, by => $world->{root});
    $more{other_issuer} = $maker->make('other_issuer', subject => '/CN=mail.contoso.com', by => $second);
    my $twin_root = $maker->make('twin_root', subject => '/O=Example Trust/CN=Example Root CA', ca => 1);
    my $twin = $maker->make('twin', subject => '/O=Example Trust/CN=Example Issuing CA', ca => 1, by => $twin_root);
    $more{twin} = $maker->make('twin_partner', subject => '/O=Contoso Ltd/CN=mail.contoso.com', by => $twin);
    @$world{ keys %more } = values %more;
}

my $any_tls = qr/^TLSv1\.[23]$/;
my $plain = 'this session is not encrypted';

# What each MTA lets us know of a certificate that is missing or not trusted.
my $none_seen = 'no trusted client certificate was seen (none sent, not asked for, unknown CA, or issued for servers only)';
my $none_sent = 'no client certificate was sent';
my $not_trusted = 'the client certificate is not trusted (unknown CA, expired, or issued for servers only)';

sub _refused
{
    my ($title, $message, $codes, $connector, $why, %log) = @_;
    my ($domain) = $message->{from} =~ /\@(.*)/;
    return {
        title => $title, %$message,
        reply => Forcetls::Scene::refusal($codes, $domain, $connector, $why),
        log => { verdict => $codes =~ /^5/ ? 'reject' : 'defer', connector => $connector, to => '<b@example.org>', mode => 'enforce', %log },
    };
}

# Postfix cannot tell a missing certificate from one that is not trusted; Sendmail can.
sub _uncertified
{
    my ($title, $message, $connector, $sent) = @_;
    my ($domain) = $message->{from} =~ /\@(.*)/;
    my %log = (verdict => 'reject', connector => $connector, tls => $any_tls, mode => 'enforce');
    return {
        title => $title, %$message,
        reply => {
            postfix => Forcetls::Scene::refusal('550 5.7.5', $domain, $connector, $none_seen),
            sendmail => Forcetls::Scene::refusal('550 5.7.5', $domain, $connector, $sent ? $not_trusted : $none_sent),
        },
        log => {
            postfix => { %log, reason => 'no-trusted-certificate' },
            sendmail => { %log, reason => $sent ? 'certificate-not-trusted' : 'no-certificate' },
        },
    };
}

sub _passed
{
    my ($title, $message, $connector, %log) = @_;
    return { title => $title, %$message, reply => 'accepted', log => { verdict => 'pass', connector => $connector, nrcpt => 1, to => undef, mode => 'enforce', %log } };
}

sub _ordinary
{
    my ($title, $message) = @_;
    return { title => $title, %$message, reply => 'accepted', log => undef };
}

sub _monitored
{
    my ($title, $message, $connector, $reason) = @_;
    return {
        title => $title, %$message, reply => 'accepted',
        log => { verdict => 'monitor', would => 'reject', reason => $reason, connector => $connector, mode => 'monitor', to => '<b@example.org>', text => qr/^550 5\.7\.\d+ Encryption needed: / },
    };
}

# The list of cases. Longer than a screen, but each is a line or two, in the order of the manual.
sub cases
{
    my $with = sub { return { certificate => $_[0] } };
    return (
        # Whom it is about.
        _ordinary('mail of nobody in the file is let through in plaintext', { from => 'a@ordinary.example' }),
        _ordinary('a connector that is not enabled demands nothing', { from => 'a@sleeping.example' }),
        _ordinary('a look-alike with more letters in front is somebody else', { from => 'a@evilcontoso.com' }),
        _ordinary('a look-alike with a domain behind is somebody else', { from => 'a@contoso.com.evil.test' }),
        _ordinary('an address literal is nobody in the file', { from => 'a@[192.0.2.1]' }),
        _refused('"*.contoso.com" means the domain itself', { from => 'a@contoso.com' }, '550 5.7.10', 'contoso-in', $plain, reason => 'no-tls', level => 'secure', tls => 'none'),
        _refused('"*.contoso.com" means a subdomain at any depth', { from => 'a@x.y.contoso.com' }, '550 5.7.10', 'contoso-in', $plain, reason => 'no-tls'),
        { %{ _refused('upper-case letters change nothing', { from => 'a@CONTOSO.Com' }, '550 5.7.10', 'contoso-in', $plain, reason => 'no-tls') },
            reply => Forcetls::Scene::refusal('550 5.7.10', 'contoso.com', 'contoso-in', $plain) },
        _passed('a more specific "may" is an exception from a wider rule', { from => 'a@lab.contoso.com' }, 'contoso-lab', level => 'may', tls => 'none'),
        _ordinary('".below.example" does not mean the domain itself', { from => 'a@below.example' }),
        _refused('".below.example" means its subdomains', { from => 'a@x.below.example' }, '550 5.7.10', 'below', $plain, reason => 'no-tls'),
        { title => 'a subdomain of an entry without "*." is somebody else, and the log says so', from => 'a@sub.exact.example', reply => 'accepted',
            log => { verdict => 'none', reason => 'near-miss', connector => 'exact' } },
        _ordinary('it says so once', { from => 'b@sub.exact.example' }),
        _refused('an internationalised domain is found by its A-label', { from => 'a@xn--bcher-kva.example' }, '550 5.7.10', 'books', $plain, reason => 'no-tls'),

        # Encryption.
        _refused('plaintext to "encrypt" is rejected', { from => 'a@tax.example' }, '550 5.7.10', 'tax-office', $plain, reason => 'no-tls', level => 'encrypt', tls => 'none', cipher => undef),
        _passed('TLS without a certificate is enough for "encrypt"', { from => 'a@tax.example', tls => {} }, 'tax-office', level => 'encrypt', tls => $any_tls, cipher => qr{^[A-Z0-9_-]+/(?:128|256)$}),
        _refused('without action = "reject" a refusal is temporary', { from => 'a@slow.example' }, '451 4.7.10', 'slow', $plain, reason => 'no-tls', level => 'encrypt'),
        _refused('plaintext to "verify" is rejected', { from => 'a@bank.example' }, '550 5.7.10', 'bank', $plain, reason => 'no-tls', level => 'verify', tls => 'none'),
        _refused('plaintext to "secure" is rejected', { from => 'a@fabrikam.example' }, '550 5.7.10', 'plain-names', $plain, reason => 'no-tls', level => 'secure', tls => 'none'),
        _refused('an IPv6 client in plaintext is rejected', { from => 'a@tax.example', client => '::1' }, '550 5.7.10', 'tax-office', $plain, reason => 'no-tls', client => qr/\[::1\]$/),
        _passed('an IPv6 client over TLS is accepted', { from => 'a@tax.example', client => '::1', tls => {} }, 'tax-office', client => qr/\[::1\]$/),
        { %{ _refused('a connector has its own contact', { from => 'a@addressed.example' }, '550 5.7.10', 'addressed', $plain, reason => 'no-tls') },
            reply => Forcetls::Scene::refusal('550 5.7.10', 'addressed.example', 'addressed', $plain) =~ s/; .*/; tls\@contoso.com/r },

        # Protocol and cipher.
        _refused('an old protocol is rejected', { from => 'a@tax.example', tls => { version => 'TLSv1.1' } }, '550 5.7.6', 'tax-office',
            'this session uses TLSv1.1, TLSv1.2 or later is needed', reason => 'protocol-too-old', tls => 'TLSv1.1'),
        _passed('an old protocol is accepted where min_protocol allows it', { from => 'a@lenient.example', tls => { version => 'TLSv1.1' } }, 'lenient', tls => 'TLSv1.1'),
        _refused('TLSv1.2 is too old where TLSv1.3 is demanded', { from => 'a@modern.example', tls => { version => 'TLSv1.2' } }, '550 5.7.6', 'modern',
            'this session uses TLSv1.2, TLSv1.3 or later is needed', reason => 'protocol-too-old', tls => 'TLSv1.2'),
        _passed('TLSv1.3 is accepted where it is demanded', { from => 'a@modern.example', tls => { version => 'TLSv1.3' } }, 'modern', tls => 'TLSv1.3'),
        _refused('a cipher with too few bits is rejected', { from => 'a@strong.example', tls => { version => 'TLSv1.2', ciphers => 'ECDHE-RSA-AES128-GCM-SHA256' } }, '550 5.7.6', 'strong',
            'cipher ECDHE-RSA-AES128-GCM-SHA256 has 128 bits, 256 are needed', reason => 'cipher-too-weak', cipher => 'ECDHE-RSA-AES128-GCM-SHA256/128'),
        _passed('a cipher with enough bits is accepted', { from => 'a@strong.example', tls => { version => 'TLSv1.2', ciphers => 'ECDHE-RSA-AES256-GCM-SHA384' } }, 'strong', cipher => 'ECDHE-RSA-AES256-GCM-SHA384/256'),
        _refused('RSA key exchange has no forward secrecy', { from => 'a@forward.example', tls => { version => 'TLSv1.2', ciphers => 'AES256-GCM-SHA384' } }, '550 5.7.6', 'forward',
            'cipher AES256-GCM-SHA384 has no forward secrecy', reason => 'no-forward-secrecy', cipher => 'AES256-GCM-SHA384/256'),
        _passed('TLSv1.3 always has forward secrecy', { from => 'a@forward.example', tls => { version => 'TLSv1.3' } }, 'forward'),
        _refused('an excluded cipher is rejected', { from => 'a@picky.example', tls => { version => 'TLSv1.2', ciphers => 'ECDHE-RSA-AES128-GCM-SHA256' } }, '550 5.7.6', 'picky',
            'cipher ECDHE-RSA-AES128-GCM-SHA256 is not allowed', reason => 'cipher-not-allowed'),

        # Certificates.
        _uncertified('TLS without a certificate is not enough for "verify"', { from => 'a@bank.example', tls => {} }, 'bank', 0),
        _uncertified('TLS without a certificate is not enough for "secure"', { from => 'a@contoso.com', tls => {} }, 'contoso-in', 0),
        _passed('anybody whom our CAs know is good enough for "verify"', { from => 'a@bank.example', tls => $with->('stranger') }, 'bank', subject => 'mail.stranger.example', issuer => 'Example Issuing CA'),
        _passed('the partner\'s certificate is accepted', { from => 'a@contoso.com', tls => $with->('partner') }, 'contoso-in', level => 'secure', subject => 'mail.contoso.com', issuer => 'Example Issuing CA'),
        _uncertified('a self-signed certificate with the right name is rejected', { from => 'a@contoso.com', tls => $with->('self_signed') }, 'contoso-in', 1),
        _uncertified('a certificate of another CA with the same names is rejected', { from => 'a@contoso.com', tls => $with->('twin') }, 'contoso-in', 1),
        _uncertified('a certificate issued for servers only is rejected', { from => 'a@contoso.com', tls => $with->('servers_only') }, 'contoso-in', 1),
        _uncertified('an expired certificate is rejected', { from => 'a@contoso.com', tls => $with->('expired') }, 'contoso-in', 1),
        _refused('a trusted certificate with another name is rejected', { from => 'a@contoso.com', tls => $with->('stranger') }, '550 5.7.5', 'contoso-in',
            q{the certificate's name 'mail.stranger.example' is not 'mail.contoso.com'}, reason => 'certificate-mismatch', subject => 'mail.stranger.example'),
        _refused('a second common name does not help', { from => 'a@contoso.com', tls => $with->('two_names') }, '550 5.7.5', 'contoso-in',
            q{the certificate's name 'mail.stranger.example' is not 'mail.contoso.com'}, reason => 'certificate-mismatch'),
        _refused('the right name from another issuer is rejected', { from => 'a@contoso.com', tls => $with->('other_issuer') }, '550 5.7.5', 'contoso-in',
            q{the certificate's issuer 'Second Issuing CA' is not 'Example Issuing CA'}, reason => 'certificate-mismatch', issuer => 'Second Issuing CA'),
        map({ my $mta = $_; +{ %{ _refused("a certificate without a common name is deferred, for \u$mta does not tell its other names", { from => 'a@contoso.com', tls => $with->('san_only') },
            '451 4.3.5', 'contoso-in', "\u$mta reported no common name of the certificate (use fingerprint or public_key)", reason => 'not-reported') }, only => $mta } } qw(postfix sendmail)),
        _passed('where only the issuer counts, no common name is needed', { from => 'a@issuer.example', tls => $with->('san_only') }, 'issuer-only', issuer => 'Example Issuing CA'),
        _passed('without certificates, a name below the partner\'s domain is right', { from => 'a@fabrikam.example', tls => $with->('fabrikam') }, 'plain-names', subject => 'out.fabrikam.example'),
        _refused('without certificates, another partner\'s name is wrong', { from => 'a@fabrikam.example', tls => $with->('partner') }, '550 5.7.5', 'plain-names',
            q{the certificate's name 'mail.contoso.com' is none of the partner's}, reason => 'certificate-mismatch'),
        _passed('a wanted "*." stands for one label', { from => 'a@wild.example', tls => $with->('partner') }, 'one-label', subject => 'mail.contoso.com'),
        _refused('a wanted "*." does not stand for two labels', { from => 'a@wild.example', tls => $with->('deep') }, '550 5.7.5', 'one-label',
            q{the certificate's name 'a.b.contoso.com' is not '*.contoso.com'}, reason => 'certificate-mismatch'),

        { title => 'a name with a line feed in it gets into neither a reply nor the log as one', from => 'a@contoso.com', tls => $with->('forger'),
            reply => qr/^550 5\.7\.5 Encryption needed: [\x20-\x7e]*: the certificate's name 'mail\.contoso\.com[\x20-\x7e]+' is not 'mail\.contoso\.com'; postmaster\@example\.org$/,
            log => { verdict => 'reject', reason => 'certificate-mismatch', connector => 'contoso-in', subject => qr/^mail\.contoso\.com.X: inbound verdict=pass$/s } },
        { title => 'a name with format characters, quotes and UTF-8 is printed as what it is', from => 'a@contoso.com', tls => $with->('format'),
            reply => qr/^550 5\.7\.5 Encryption needed: [\x20-\x7e]*: the certificate's name '%n%s %%d "quoted" b[\x20-\x7e]+cher' is not 'mail\.contoso\.com'; postmaster\@example\.org$/,
            log => { verdict => 'reject', reason => 'certificate-mismatch', connector => 'contoso-in', subject => qr/^%n%s %%d "quoted" b.+cher$/ } },
        _passed('a name that a platform shares among its customers is accepted, and marked', { from => 'a@platform.example', tls => $with->('platform') }, 'platform', identity => 'shared'),

        # Changeovers.
        _refused('an entry past its "until" is retired', { from => 'a@retired.example', tls => $with->('partner') }, '550 5.7.5', 'retired',
            'the certificate was accepted until 2020-01-01 only', reason => 'certificate-retired'),
        _refused('an entry before its "from" does not count yet', { from => 'a@early.example', tls => $with->('partner') }, '550 5.7.5', 'too-early',
            'the certificate is accepted from 2099-01-01 on', reason => 'certificate-mismatch'),
        _passed('after a changeover the new entry counts', { from => 'a@change.example', tls => $with->('partner') }, 'changeover'),

        # Monitoring.
        _monitored('monitor: plaintext is let through, and logged as what it would have been', { from => 'a@watched.example' }, 'watched', 'no-tls'),
        _passed('monitor: mail as it should be passes', { from => 'a@later.example', tls => {} }, 'from-2099', mode => 'monitor'),
        _monitored('before enforce_from a connector only watches', { from => 'a@later.example' }, 'from-2099', 'no-tls'),
        _refused('from enforce_from on it refuses', { from => 'a@since.example' }, '550 5.7.10', 'from-2020', $plain, reason => 'no-tls'),

        # Clients.
        { title => 'a client outside client_networks is rejected, TLS or not', from => 'a@own.example', client => '127.0.25.1', tls => {},
            reply => "550 5.7.1 Wrong client: mail from own.example must come from its own servers (connector own-servers): 127.0.25.1 is not one of its addresses; $Forcetls::Scene::CONTACT",
            log => { verdict => 'reject', reason => 'client-not-allowed', connector => 'own-servers', client => qr/\[127\.0\.25\.1\]$/ } },
        _passed('a client inside client_networks is judged by its TLS', { from => 'a@own.example', client => '127.0.30.1', tls => {} }, 'own-servers', client => qr/\[127\.0\.30\.1\]$/),
        _refused('a client inside client_networks must still use TLS', { from => 'a@own.example', client => '127.0.30.1' }, '550 5.7.10', 'own-servers', $plain, reason => 'no-tls'),
        _passed('an IPv6 client inside client_networks is accepted', { from => 'a@own.example', client => '::1', tls => {} }, 'own-servers'),
        { title => 'a forwarder in exempt_networks is let through, and logged', from => 'a@forwarded.example', client => '127.0.31.7', reply => 'accepted',
            log => { verdict => 'exempt', reason => 'network', connector => 'forwarded', client => qr/\[127\.0\.31\.7\]$/ } },
        _refused('anybody else is no forwarder', { from => 'a@forwarded.example', client => '127.0.32.7' }, '550 5.7.10', 'forwarded', $plain, reason => 'no-tls'),

        # Recipients.
        _refused('local_domains: mail to that domain is judged', { from => 'a@letters.example' }, '550 5.7.10', 'letters', $plain, reason => 'no-tls'),
        _ordinary('local_domains: mail to another domain is not', { from => 'a@letters.example', to => 'c@example.net' }),

        # Bounces.
        { title => 'a bounce from a client in client_networks is the partner\'s', from => '', client => '127.0.30.1',
            reply => "550 5.7.10 Encryption needed: mail from this client must arrive over TLS (connector own-servers): $plain; $Forcetls::Scene::CONTACT",
            log => { verdict => 'reject', reason => 'no-tls', connector => 'own-servers' } },
        { title => 'a bounce from a host whose HELO name is the partner\'s is the partner\'s', from => '', helo => 'mail.contoso.com',
            reply => "550 5.7.10 Encryption needed: mail from this client must arrive over TLS (connector contoso-in): $plain; $Forcetls::Scene::CONTACT",
            log => { verdict => 'reject', reason => 'no-tls', connector => 'contoso-in' } },
        _passed('a bounce over TLS with the partner\'s certificate is accepted', { from => '', helo => 'mail.contoso.com', tls => $with->('partner') }, 'contoso-in'),
        _ordinary('a bounce from anybody else is ordinary mail', { from => '', helo => 'client.test' }),
    );
}

1;
