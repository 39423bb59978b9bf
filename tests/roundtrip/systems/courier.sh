#!/bin/bash
# Inside the chamber: Courier.
# shellcheck source=tests/roundtrip/common.sh
. /make/common.sh
install_packages courier-mta </dev/null
start_network

set_control() {
    echo "$2" >/etc/courier/"$1"
}
set_control me mail.example.com
set_control defaultdomain example.com
set_control locals localhost
set_control ipout 192.0.2.1
set_control queuetime 15s
set_control warntime 1s
set_control retryalpha 1s
set_control retrybeta 1
set_control retrygamma 1s
set_control retrymaxdelta 0
set_control queuefill 0
set_control esmtptimeout 3s
set_control esmtptimeouthelo 3s
set_control esmtptimeoutconnect 3s
courier start
sleep 1
send_all
queue_left() {
    courier flush || true
    [ "$(mailq 2>/dev/null | grep -c @)" != 0 ]
}
settle 90 queue_left
