# SPDX-License-Identifier: Apache-2.0
# What demo/run and demo/fault share: where the shop is, and how to speak to it. Read with `source`; needs nothing but bash.
# shellcheck shell=bash disable=SC2034 # its variables are used by those who source it

# The port of each process; SONDE_DEMO_GATEWAY_PORT=8081 and the like move it.
otlp_port=${SONDE_DEMO_OTLP_PORT:-4318}
query_port=${SONDE_DEMO_QUERY_PORT:-16686}
gateway_port=${SONDE_DEMO_GATEWAY_PORT:-8080}
users_port=${SONDE_DEMO_USERS_PORT:-9101}
orders_port=${SONDE_DEMO_ORDERS_PORT:-9111}
inventory_port=${SONDE_DEMO_INVENTORY_PORT:-9121}
payments_port=${SONDE_DEMO_PAYMENTS_PORT:-9131}
mailer_port=${SONDE_DEMO_MAILER_PORT:-9141}

services=(users inventory payments mailer orders gateway)

port_of() {
    local variable=$1_port
    echo "${!variable}"
}

# The variable that moves a process to another port.
port_variable() {
    echo "SONDE_DEMO_${1^^}_PORT"
}

# http METHOD PORT PATH [BODY]: calls a process on this machine. Sets http_status and http_body; fails if there is no
# answer within a few seconds. The status line, the headers up to the empty line, then as many bytes as announced.
http() {
    local method=$1 port=$2 path=$3 body=${4-} line length=0
    http_status=000 http_body=
    { exec {connection}<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return 1
    printf '%s %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nContent-Length: %d\r\n\r\n%s' \
        "$method" "$path" "$port" "${#body}" "$body" >&"$connection"
    if IFS=' ' read -r -t 5 -u "$connection" _ http_status _; then
        while IFS= read -r -t 5 -u "$connection" line && [ -n "${line%$'\r'}" ]; do
            line=${line%$'\r'}
            case ${line,,} in content-length:*) length=$((${line#*:})) ;; esac
        done
        if [ "$length" -gt 0 ]; then LC_ALL=C IFS= read -r -t 5 -N "$length" -u "$connection" http_body || true; fi
    fi
    exec {connection}>&-
    [ "$http_status" != 000 ]
}
