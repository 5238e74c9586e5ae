# SPDX-License-Identifier: ISC
#
# Forcetls::SessionCases: what a session can do to what is known of it. Each message is judged by
# the TLS state that it travels in, whatever came before it; the same against each MTA.
package Forcetls::SessionCases;

use strict;
use warnings;

use Forcetls::Scene;
use Test::More;

sub connectors
{
    return <<'EOT';
  { name = "contoso-in"; direction = "inbound"; domains = [ "*.contoso.com" ];
    level = "secure"; action = "reject";
    certificates = ( { name = "mail.contoso.com"; issuer = "Example Issuing CA"; } ); },
  { name = "tax-office"; direction = "inbound"; domains = [ "tax.example" ];
    level = "encrypt"; action = "reject"; },
  { name = "letters";    direction = "inbound"; domains = [ "letters.example" ];
    level = "encrypt"; action = "reject"; local_domains = [ "example.org" ]; },
  { name = "books";      direction = "inbound"; domains = [ "b\xc3\xbccher.example" ];
    level = "encrypt"; action = "reject"; }
EOT
}

my $ok = qr/^250 2\.\d\.\d /;
my $plain = 'this session is not encrypted';
my $contoso_plain = Forcetls::Scene::refusal('550 5.7.10', 'contoso.com', 'contoso-in', $plain);
my $tax_plain = Forcetls::Scene::refusal('550 5.7.10', 'tax.example', 'tax-office', $plain);
my $letters_plain = Forcetls::Scene::refusal('550 5.7.10', 'letters.example', 'letters', $plain);

my %refused = (verdict => 'reject', reason => 'no-tls', tls => 'none');

# The next lines of the log, one hash of expected fields each.
sub _lines
{
    my ($scene, @expected) = @_;
    my @lines = $scene->daemon->verdicts(scalar @expected);
    is(scalar @lines, scalar @expected, 'lines in the log') or diag(map { $_->line . "\n" } @lines);
    for my $i (0 .. $#expected) {
        my %fields = %{ $expected[$i] };
        $scene->check_line($lines[$i], delete $fields{reply}, %fields);
    }
}

sub _two_messages
{
    my ($scene) = @_;
    my $smtp = $scene->session(tls => { certificate => 'partner' });
    like($smtp->mail('a@contoso.com'), $ok, 'first message: MAIL');
    like($smtp->rcpt('b@example.org'), $ok, 'first message: RCPT');
    like($smtp->data, $ok, 'first message: accepted');
    like($smtp->mail('b@tax.example'), $ok, 'second message: MAIL');
    like($smtp->rcpt('c@example.net'), $ok, 'second message: RCPT');
    like($smtp->data, $ok, 'second message: accepted');
    $smtp->quit;
    $scene->accepted(2);
    _lines(
        $scene,
        {
            verdict => 'pass',
            connector => 'contoso-in',
            subject => 'mail.contoso.com',
            from => '<a@contoso.com>'
        },
        { verdict => 'pass', connector => 'tax-office', from => '<b@tax.example>' }
    );
}

sub _two_messages_plain
{
    my ($scene) = @_;
    my $smtp = $scene->session;
    like(($smtp->message('x@ordinary.example', 'b@example.org'))[-1],
        $ok, 'ordinary mail first: accepted');
    $smtp->mail('a@contoso.com');
    is($smtp->rcpt('b@example.org'), $contoso_plain, 'then the partner\'s: rejected');
    like($smtp->rset, $ok, 'RSET');
    like(($smtp->message('x@ordinary.example', 'b@example.org'))[-1],
        $ok, 'then ordinary mail again: accepted');
    $smtp->quit;
    $scene->accepted(2);
    _lines($scene, { %refused, connector => 'contoso-in', reply => $contoso_plain });
}

sub _rset
{
    my ($scene) = @_;
    my $smtp = $scene->session(tls => { certificate => 'partner' });
    $smtp->mail('a@tax.example');
    like($smtp->rcpt('b@example.org'), $ok, 'a recipient is accepted');
    like($smtp->rset, $ok, 'RSET');
    like(($smtp->message('a@contoso.com', 'b@example.org'))[-1],
        $ok, 'the certificate still counts afterwards');
    $smtp->quit;
    $scene->accepted;
    _lines($scene,
        { verdict => 'pass', connector => 'contoso-in', nrcpt => 1, from => '<a@contoso.com>' });
}

sub _no_second_ehlo
{
    my ($scene) = @_;
    my $smtp = $scene->session(tls => { certificate => 'partner' }, no_second_ehlo => 1);
    my @replies = $smtp->message('a@contoso.com', 'b@example.org');
    $smtp->quit;
    if ($replies[0] !~ /^250/) {
        like($replies[0], qr/^5\d\d /, 'the MTA itself insists on a second EHLO');
        return;
    }
    like($replies[-1], $ok, 'accepted: the facts are those of the TLS session');
    $scene->accepted;
    _lines($scene, { verdict => 'pass', connector => 'contoso-in', subject => 'mail.contoso.com' });
}

sub _no_second_ehlo_no_certificate
{
    my ($scene) = @_;
    my $smtp = $scene->session(tls => {}, no_second_ehlo => 1);
    my @replies = $smtp->message('a@contoso.com', 'b@example.org');
    $smtp->quit;
    unlike($replies[-1], qr/^250/, 'not accepted');
    return if @replies < 2;
    _lines(
        $scene,
        {
            verdict => 'reject',
            reason => qr/^no-(?:trusted-)?certificate$/,
            connector => 'contoso-in',
            reply => $replies[-1]
        }
    );
}

sub _plain_after_tls
{
    my ($scene) = @_;
    my $first = $scene->session(tls => { certificate => 'partner' });
    like(($first->message('a@contoso.com', 'b@example.org'))[-1], $ok, 'a TLS session: accepted');
    my $second = $scene->session;
    $second->mail('a@contoso.com');
    is($second->rcpt('b@example.org'), $contoso_plain, 'a plaintext session beside it: rejected');
    $first->quit;
    $second->quit;
    my $third = $scene->session;
    $third->mail('a@contoso.com');
    is($third->rcpt('b@example.org'), $contoso_plain, 'a plaintext session after it: rejected');
    $third->quit;
    $scene->accepted;
    _lines(
        $scene,
        { verdict => 'pass', connector => 'contoso-in' },
        (
            {
                %refused,
                connector => 'contoso-in',
                reply => $contoso_plain,
                subject => undef,
                issuer => undef
            }
        ) x 2
    );
}

sub _tls_in_mid_session
{
    my ($scene) = @_;
    my $smtp = $scene->session;
    $smtp->mail('a@contoso.com');
    is($smtp->rcpt('b@example.org'), $contoso_plain, 'in plaintext: rejected');
    $smtp->rset;
    $smtp->starttls(certificate => $scene->{certificates}{partner});
    $smtp->ehlo;
    like(($smtp->message('a@contoso.com', 'b@example.org'))[-1],
        $ok, 'after STARTTLS in the same session: accepted');
    $smtp->quit;
    $scene->accepted;
    _lines(
        $scene,
        { %refused, connector => 'contoso-in', reply => $contoso_plain },
        { verdict => 'pass', connector => 'contoso-in' }
    );
}

sub _one_of_several_recipients
{
    my ($scene) = @_;
    my $smtp = $scene->session;
    $smtp->mail('a@letters.example');
    like($smtp->rcpt('c@example.net'), $ok, 'the first recipient, not under the rule: accepted');
    is($smtp->rcpt('b@example.org'), $letters_plain, 'the second, under the rule: rejected');
    like($smtp->rcpt('d@example.net'), $ok, 'the third, not under the rule: accepted');
    like($smtp->data, $ok, 'the message goes to the two others');
    $smtp->quit;
    $scene->accepted($scene->{kind} eq 'postfix' ? 2 : 1)
        ;    # Postfix logs deliveries, Sendmail queues messages
    _lines($scene,
        { %refused, connector => 'letters', to => '<b@example.org>', reply => $letters_plain });
}

sub _all_recipients
{
    my ($scene) = @_;
    my $smtp = $scene->session;
    $smtp->mail('a@tax.example');
    is($smtp->rcpt($_), $tax_plain, "RCPT $_") for qw(b@example.org c@example.net);
    like($smtp->say('DATA'), qr/^5\d\d /, 'DATA: no valid recipients');
    $smtp->quit;
    _lines(
        $scene,
        { %refused, connector => 'tax-office', to => '<b@example.org>', reply => $tax_plain },
        { %refused, connector => 'tax-office', to => '<c@example.net>', reply => $tax_plain }
    );
}

sub _several_pass
{
    my ($scene) = @_;
    my $smtp = $scene->session(tls => {});
    my @replies =
        $smtp->message('a@letters.example', qw(b@example.org c@example.net d@example.org));
    like($_, $ok, 'accepted') for @replies;
    $smtp->quit;
    $scene->accepted($scene->{kind} eq 'postfix' ? 3 : 1);
    _lines($scene, { verdict => 'pass', connector => 'letters', nrcpt => 2, to => undef });
}

sub _leaves
{
    my ($scene) = @_;
    my $smtp = $scene->session(tls => { certificate => 'partner' });
    $smtp->mail('a@contoso.com');
    like($smtp->rcpt('b@example.org'), $ok, 'a recipient is accepted');
    $smtp->leave;
    my $next = $scene->session;
    $next->mail('a@contoso.com');
    is($next->rcpt('b@example.org'), $contoso_plain, 'the next session starts from nothing');
    $next->quit;
    _lines($scene, { %refused, connector => 'contoso-in', reply => $contoso_plain });
}

sub _pipelined
{
    my ($scene) = @_;
    my $smtp = $scene->session;
    $smtp->put(
        join "\r\n",
        'MAIL FROM:<a@contoso.com>',
        'RCPT TO:<b@example.org>',
        'RSET',
        'MAIL FROM:<x@ordinary.example>',
        'RCPT TO:<b@example.org>',
        'RSET', ''
    );
    my @replies = map { $smtp->reply } 1 .. 6;
    is($replies[1], $contoso_plain, 'the partner\'s recipient: rejected');
    like($replies[4], $ok, 'the other\'s recipient: accepted');
    $smtp->quit;
    _lines($scene, { %refused, connector => 'contoso-in', reply => $contoso_plain });
}

# Commands sent in clear behind STARTTLS must not become part of the TLS session.
sub _injection
{
    my ($scene) = @_;
    my $smtp = $scene->session;
    $smtp->put("STARTTLS\r\nMAIL FROM:<a\@tax.example>\r\nRCPT TO:<b\@example.org>\r\n");
    my @replies;
    while ((my $reply = $smtp->reply) ne '') {
        push @replies, $reply;
        last if @replies == 3 || $reply =~ /^220/;
    }
    ok(!(grep { /^250/ } @replies[1 .. $#replies]), 'none of it is accepted') or diag(@replies);
    $smtp->leave;
    $scene->daemon->verdicts(0);
}

# What an address could mean is what counts; odd addresses that mean no partner are ordinary mail.
sub _odd_addresses
{
    my ($scene) = @_;
    my $odd = sub {
        my ($address, $wanted) = @_;
        my $smtp = $scene->session;
        my $reply = $smtp->say("MAIL FROM:$address");
        if ($reply !~ /^250/) {
            like($reply, qr/^5\d\d /, "$address: the MTA itself refuses it");
        } else {
            $reply = $smtp->rcpt('b@example.org');
            $wanted eq 'partner'
                ? like(
                $reply,
                qr/^550 5\.7\.10 .* \(connector (?:contoso-in|tax-office)\): /,
                "$address: the partner's, rejected"
                )
                : like($reply, $ok, "$address: ordinary mail");
            $scene->daemon->verdicts($wanted eq 'partner' ? 1 : 0);
        }
        $smtp->leave;
    };
    $odd->($_, 'partner')
        for (
        '<a@CONTOSO.COM.>', '<"a b"@contoso.com>',
        '<"a@ordinary.example"@contoso.com>', '<"a\\"b"@contoso.com>',
        '<@relay.example:a@contoso.com>', '<@contoso.com:a@ordinary.example>',
        '<a%contoso.com@ordinary.example>','<contoso.com!a@ordinary.example>',
        '<ordinary.example!a@contoso.com>', '<a%tax.example@contoso.com>',
        'a@contoso.com', '<"a%ordinary.example"@contoso.com>',
        '< a@contoso.com >',
        );
    $odd->($_, 'ordinary')
        for (
        '<root>', '<x@[192.0.2.1]>',
        '<x@[IPv6:2001:db8::1]>', '<bounce@mail_1.news.example>',
        '<"contoso.com"@ordinary.example>','<contoso.com@ordinary.example>',
        '<a@contoso.com.evil.test>', '<a@xcontoso.com>',
        '<a+contoso.com@ordinary.example>',
        );
}

# All of them: title and code.
sub all
{
    return (
        [ 'two messages in one session are each judged', \&_two_messages ],
        [ 'a refusal does not stick to the session', \&_two_messages_plain ],
        [ 'RSET forgets the message and not the session', \&_rset ],
        [ 'STARTTLS without a second EHLO, with the certificate', \&_no_second_ehlo ],
        [
            'STARTTLS without a second EHLO, without a certificate',
            \&_no_second_ehlo_no_certificate
        ],
        [ 'what one session showed does not help another', \&_plain_after_tls ],
        [ 'STARTTLS in mid-session counts from then on', \&_tls_in_mid_session ],
        [
            'of several recipients only the one under the rule is refused',
            \&_one_of_several_recipients
        ],
        [ 'every recipient under the rule is refused by itself', \&_all_recipients ],
        [ 'one line counts the recipients that passed', \&_several_pass ],
        [ 'a client that leaves in the middle leaves nothing behind', \&_leaves ],
        [ 'pipelined messages are each judged', \&_pipelined ],
        [ 'commands injected in clear behind STARTTLS are not accepted', \&_injection ],
        [ 'odd addresses', \&_odd_addresses ],
    );
}

sub run
{
    my ($scene) = @_;
    for (all()) {
        my ($title, $code) = @$_;
        subtest $title => sub { $code->($scene) };
    }
}

1;
