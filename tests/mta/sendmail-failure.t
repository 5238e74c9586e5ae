#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# A real Sendmail while forcetls dies, hangs or is not there.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::FailureCases;
use Forcetls::Scene;
use Test::More;

my $scene = Forcetls::Scene->new(
    mta => 'sendmail',
    connectors => $Forcetls::FailureCases::contoso,
    server => { timeouts => 'C:2s;S:2s;R:2s;E:4s' },
);
Forcetls::FailureCases::killed($scene);
Forcetls::FailureCases::down($scene);
Forcetls::FailureCases::hung($scene);
$scene->finish;
done_testing();
