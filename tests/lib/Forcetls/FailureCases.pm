# SPDX-License-Identifier: ISC
#
# Forcetls::FailureCases: what happens to mail when the daemon dies, hangs or is not there, and
# when its rules change in the middle of a message; the same against each MTA.
package Forcetls::FailureCases;

use strict;
use warnings;

use Forcetls::Scene;
use Test::More;

our $contoso = <<'EOT';
  { name = "contoso-in"; direction = "inbound"; domains = [ "contoso.com" ];
    level = "secure"; action = "reject";
    certificates = ( { name = "mail.contoso.com"; } ); }
EOT
our $tax =
    qq(  { name = "tax-office"; direction = "inbound"; domains = [ "tax.example" ];)
    . qq( level = "encrypt"; action = "reject"; }\n);

my $ok = qr/^250 2\.\d\.\d /;
my $tax_plain = Forcetls::Scene::refusal('550 5.7.10', 'tax.example', 'tax-office',
    'this session is not encrypted');

# A refusal that is worth trying again: 4xx, or the connection is closed.
my $later = qr/^(?:4\d\d |$)/;

# The steps of a message, each with what it says to the server.
my @steps = (
    [ EHLO => sub { '250 ' } ],    # said already, when the session began
    [ MAIL => sub { $_[0]->mail('a@contoso.com') } ],
    [ RCPT => sub { $_[0]->rcpt('b@example.org') } ],
    [ DATA => sub { $_[0]->say('DATA') } ],
    [ 'half a message' => sub { $_[0]->put("Subject: half\r\n\r\nThe first"); '354 ' } ],
    [ 'a whole message' => sub { $_[0]->say(" line.\r\n.") } ],
);

# Takes the steps from $first to $last, as long as the server goes along; the last reply.
sub _walk
{
    my ($smtp, $first, $last) = @_;
    my $reply = '';
    for my $step (@steps[ $first .. $last ]) {
        $reply = $step->[1]->($smtp);
        last if $reply !~ /^[23]/;
    }
    return $reply;
}

# Kills the daemon at each point of a session that would have been accepted; the message must not
# be, nor anybody else's, until the daemon is back. Then all is well without touching the MTA.
sub killed
{
    my ($scene) = @_;
    for my $last (0 .. $#steps - 1) {
        subtest "killed with -9 after $steps[$last][0]: the message is not accepted" => sub {
            my $smtp = $scene->session(tls => { certificate => 'partner' });
            like(_walk($smtp, 0, $last), qr/^[23]/, 'all is well until then');
            $scene->daemon->kill_hard;
            like(_walk($smtp, $last + 1, $#steps), $later, 'the partner is told to try again');
            $smtp->leave;
            like(_try($scene, from => 'x@ordinary.example'), $later,
                'so is anybody else meanwhile');
            $scene->daemon->start;
            like($scene->send(from => 'a@contoso.com', tls => { certificate => 'partner' }),
                $ok, 'once it is back, mail is accepted again');
            $scene->accepted;
            $scene->daemon->verdicts(1);
        };
    }
}

# Tries to send a message to a server that may not even greet or start TLS; the last reply.
sub _try
{
    my ($scene, %message) = @_;
    my $smtp = $scene->session;
    return $smtp->greeting if $smtp->greeting !~ /^220/;
    if ($message{tls}) {
        my $reply =
            $smtp->starttls(certificate => $scene->{certificates}{ $message{tls}{certificate} });
        return $reply if $reply !~ /^220/;
        $smtp->ehlo;
    }
    my @replies = $smtp->message($message{from}, 'b@example.org');
    $smtp->leave;
    return $replies[-1];
}

sub down
{
    my ($scene) = @_;
    subtest 'while the daemon is down, nothing is accepted and nothing is bounced' => sub {
        $scene->daemon->stop;
        for my $message (
            [ 'a partner over TLS', from => 'a@contoso.com', tls => { certificate => 'partner' } ],
            [ 'a partner in plaintext', from => 'a@contoso.com' ],
            [ 'anybody else', from => 'x@ordinary.example' ],
            )
        {
            my ($who, %message) = @$message;
            like(_try($scene, %message), $later, "$who: told to try again");
        }
        $scene->daemon->start;
        like($scene->send(from => 'x@ordinary.example'),
            $ok, 'once it is back, mail is accepted again');
        $scene->accepted;
    };
}

sub hung
{
    my ($scene) = @_;
    subtest 'while the daemon hangs, nothing is accepted' => sub {
        my $smtp = $scene->session(tls => { certificate => 'partner' });
        $scene->daemon->hang;
        my @replies = $smtp->message('a@contoso.com', 'b@example.org');
        like($replies[-1], $later, 'a session that was open: told to try again');
        $smtp->leave;
        $scene->daemon->go_on;
        like($scene->send(from => 'x@ordinary.example'),
            $ok, 'once it goes on, mail is accepted again');
        $scene->accepted;
        $scene->daemon->verdicts(0);
    };
}

sub reload
{
    my ($scene) = @_;
    my $daemon = $scene->daemon;
    my $begin = sub {
        my $smtp = $scene->session;
        like($smtp->mail('a@tax.example'), $ok, 'MAIL');
        return $smtp;
    };
    subtest 'a message keeps the rules it started with: a rule that comes' => sub {
        $daemon->reload(connectors => $contoso);
        my $smtp = $begin->();
        $daemon->reload(connectors => "$contoso  ,\n$tax");
        like($smtp->rcpt('b@example.org'), $ok, 'no rule when it began: accepted');
        like($smtp->data, $ok, 'and delivered');
        $scene->accepted;
        $smtp->mail('a@tax.example');
        is($smtp->rcpt('b@example.org'),
            $tax_plain, 'the next message of the same session: rejected');
        $smtp->quit;
        my @lines = $daemon->verdicts(1);
        is(scalar @lines, 1, 'lines in the log');
    };
    subtest 'a message keeps the rules it started with: a rule that goes' => sub {
        my $smtp = $begin->();
        $daemon->reload(connectors => $contoso);
        is($smtp->rcpt('b@example.org'), $tax_plain, 'still rejected');
        $smtp->rset;
        like(($smtp->message('a@tax.example', 'b@example.org'))[-1],
            $ok, 'the next message of the same session: accepted');
        $scene->accepted;
        $smtp->quit;
        $daemon->verdicts(1);
    };
    subtest 'a broken file changes nothing' => sub {
        $daemon->reload(connectors => $tax);
        my $log =
            $daemon->reload(connectors =>
                qq(  { name = "tax-office"; direction = "inbound";\n)
                . qq(    domians = [ "tax.example" ]; level = "encrypted"; }\n)
            );
        my $file = quotemeta $daemon->config_file;
        like($log, qr/$file:\d+: error: .*domians/, 'the log says what is wrong, and where');
        like($log, qr/$file:\d+: error: .*encrypted/, 'all of it');
        is($scene->send(from => 'a@tax.example'), $tax_plain, 'the old rules are in force');
        $daemon->verdicts(1);
    };
    subtest 'mode = "monitor" lets everything through, whatever a connector says' => sub {
        $daemon->reload(connectors => "$contoso,\n$tax", settings => 'mode = "monitor";');
        like($scene->send(from => 'a@tax.example'), $ok, 'plaintext is accepted');
        $scene->accepted;
        my ($line) = $daemon->verdicts(1);
        $scene->check_line(
            $line, '',
            verdict => 'monitor',
            would => 'reject',
            reason => 'no-tls',
            connector => 'tax-office',
            mode => 'monitor',
            text => $tax_plain
        );
        $daemon->reload(settings => '');
        is($scene->send(from => 'a@tax.example'), $tax_plain, 'and back');
        $daemon->verdicts(1);
    };
    subtest 'reloads in a flood of sessions: every message is judged by one set of rules' => sub {
        my %seen;
        for my $round (1 .. 10) {
            my @sessions = map { $begin->() } 1 .. 4;
            $daemon->reload(connectors => $round % 2 ? $contoso : "$contoso,\n$tax");
            my $wanted = $round % 2 ? $tax_plain : qr/^250/;
            for my $session (@sessions) {
                my $reply = $session->rcpt('b@example.org');
                $seen{ ref $wanted
                    ? ($reply =~ $wanted ? 'right' : 'wrong')
                    : ($reply eq $wanted ? 'right' : 'wrong') }++;
                $session->quit;
            }
        }
        is($seen{wrong} // 0, 0, 'no message was judged by rules that came after it began');
        is($seen{right}, 40, 'every message was judged');
        $daemon->verdicts(20);
    };
}

1;
