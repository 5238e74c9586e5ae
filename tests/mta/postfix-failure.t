#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# A real Postfix while forcetls dies, hangs or is not there.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::FailureCases;
use Forcetls::Scene;
use Test::More;

my $scene = Forcetls::Scene->new(
    mta => 'postfix',
    connectors => $Forcetls::FailureCases::contoso,
    server => {
        main =>
            join "\n", map { "milter_${_}_timeout = 2s" } qw(connect command content)
    },
);
Forcetls::FailureCases::killed($scene);
Forcetls::FailureCases::down($scene);
Forcetls::FailureCases::hung($scene);
$scene->finish;
done_testing();
