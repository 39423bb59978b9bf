# SPDX-License-Identifier: MIT
# bounceparser.pl FOLDER: parses all messages once from memory and prints
# seconds of CPU time.
use strict;
use warnings;
use Mail::DeliveryStatus::BounceParser;

my @messages;
opendir my $dir, $ARGV[0] or die "$ARGV[0]: $!";
for my $name (grep { !/^\./ } readdir $dir) {
    open my $file, '<:raw', "$ARGV[0]/$name" or die "$name: $!";
    local $/;
    push @messages, scalar <$file>;
}
local $SIG{__WARN__} = sub { };
my ($user, $system) = times;
for my $message (@messages) {
    eval {
        my $bounce = Mail::DeliveryStatus::BounceParser->new($message);
        $bounce->reports if $bounce->is_bounce;
    };
}
my ($user2, $system2) = times;
printf "%.3f\n", $user2 + $system2 - $user - $system;
