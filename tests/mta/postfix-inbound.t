#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# What becomes of a partner's mail at a real Postfix: the messages of inbound.cases.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Forcetls::CaseFile;
use Forcetls::Harness qw(read_file source_dir);
use Forcetls::Scene;
use Test::More;

my $scene = Forcetls::Scene->new(
    mta => 'postfix',
    connectors => read_file(source_dir() . '/tests/mta/inbound.connectors'),
    server => { old_tls => 1 },
);
$scene->{maker}->impostors($scene->{certificates});
$scene->check(%$_) for Forcetls::CaseFile::cases('postfix', 'inbound.cases');
$scene->finish;
done_testing();
