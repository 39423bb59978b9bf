#!/bin/bash
# Inside the chamber: what happens at the other end, in a mailbox. Postfix hands
# mail to Dovecot, by LMTP or to its delivery agent, or to vacation(1).
# shellcheck source=tests/roundtrip/common.sh
. /make/common.sh
install_packages postfix dovecot-lmtpd dovecot-sieve vacation \
    <<<'postfix postfix/main_mailer_type select No configuration'
start_network

cat >/etc/postfix/main.cf <<'CONF'
compatibility_level = 3.6
myhostname = mail.example.com
myorigin = example.com
mydestination = box.example.com
inet_interfaces = 192.0.2.1
inet_protocols = ipv4
smtp_bind_address = 192.0.2.1
alias_maps =
alias_database =
notify_classes =
local_recipient_maps =
mailbox_transport_maps = texthash:/etc/postfix/boxes
mailbox_command = /usr/lib/dovecot/dovecot-lda -f "$SENDER" -a "$ORIGINAL_RECIPIENT"
maillog_file = /var/log/postfix.log
maillog_file_prefixes = /var
CONF
sed -i 's/^\([a-z]* *[a-z]* *[-ny]* *[-ny]* *\)y /\1n /' /etc/postfix/master.cf
for name in unknown full reject; do
    echo "$name lmtp:unix:/run/dovecot/lmtp"
done >/etc/postfix/boxes

cat >/etc/dovecot/dovecot.conf <<'CONF'
protocols = lmtp
ssl = no
log_path = /var/log/dovecot.log
mail_location = maildir:~/Maildir
auth_username_format = %Ln
postmaster_address = postmaster@box.example.com
hostname = box.example.com
sendmail_path = /usr/sbin/sendmail
userdb {
  driver = passwd
}
passdb {
  driver = static
  args = nopassword=y
}
mail_plugins = quota
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=100K
  sieve = ~/.dovecot.sieve
}
protocol lmtp {
  mail_plugins = quota sieve
}
protocol lda {
  mail_plugins = quota sieve
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
CONF
: >/var/log/dovecot.log
chmod 666 /var/log/dovecot.log
sieve() { # NAME SCRIPT
    useradd -m "$1"
    echo "$2" >"/home/$1/.dovecot.sieve"
    chown "$1" "/home/$1/.dovecot.sieve"
}
sieve full 'keep;'
sieve lda-full 'keep;'
sieve reject 'require "reject"; reject "No letters from strangers, please.";'
sieve lda-reject 'require "reject"; reject "No letters from strangers, please.";'
sieve away 'require "vacation"; vacation :subject "Away" "I am away until May.";'
useradd -m vac
cat >/home/vac/.vacation.msg <<'END'
Subject: away from my mail

I will not be reading my mail for a while.
Your mail concerning "$SUBJECT"
will be read when I return.
END
echo '"|/usr/bin/vacation vac"' >/home/vac/.forward
chown vac /home/vac/.vacation.msg /home/vac/.forward
su vac -s /bin/sh -c 'cd && vacation -I'

dovecot
postfix start 2>/dev/null
for name in unknown full lda-full reject lda-reject away vac; do
    {
        message "$name" | sed "s/^To: .*/To: $name@box.example.com/"
        case $name in
        *full) head -c 200000 /dev/zero | tr '\0' 'x' | fold -w 70 ;;
        esac
    } | sendmail -i -f "back-$name@back.example.com" "$name@box.example.com"
done
queue_left() {
    ! mailq | grep -q 'queue is empty'
}
settle 30 queue_left
cat /var/log/dovecot.log /var/log/postfix.log /home/*/.dovecot.sieve.log
postfix stop 2>/dev/null
