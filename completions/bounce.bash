# Completion of bounce(1) for bash. Needs nothing but bash itself.

_bounce_words() {
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_bounce_files() {
    compopt -o filenames 2>/dev/null
    local IFS=$'\n'
    COMPREPLY=($(compgen -f -- "$cur"))
}

_bounce_folders() {
    compopt -o filenames 2>/dev/null
    local IFS=$'\n'
    COMPREPLY=($(compgen -d -- "$cur"))
}

# Names behind the last comma of a list.
_bounce_labels() {
    local done=
    case $cur in
    *,*) done=${cur%,*}, ;;
    esac
    COMPREPLY=($(compgen -P "$done" -W "$("$program" labels 2>/dev/null)" \
        -- "${cur##*,}"))
}

_bounce_policies() {
    _bounce_words "default mailgun marketo mailchimp strict"
    [ ${#COMPREPLY[@]} -gt 0 ] || _bounce_files
}

_bounce_value() {
    case $1 in
    --store | --output | --address-key | --key | --verp-key | --config | --certificate) _bounce_files ;;
    --policy) _bounce_policies ;;
    --state) _bounce_words "active suspended suppressed" ;;
    --class) _bounce_words "hard soft block admin event undetermined" ;;
    --kind)
        _bounce_words "bounce delay delivery feedback unsubscribe auto_reply \
            challenge"
        ;;
    --what)
        _bounce_words "hard block rate complaint connection breaker own_fault \
            hold"
        ;;
    --by)
        _bounce_words "day class category provider domain campaign scope ip \
            sender_domain"
        ;;
    --format)
        case $verb in
        export) _bounce_words "csv json plain mailgun email" ;;
        holds) _bounce_words "postfix postfix-transport kumomta json" ;;
        *)
            _bounce_words "postfix exim sendmail opensmtpd powermta kumomta \
                journal"
            ;;
        esac
        ;;
    --cause) _bounce_words "hard counted complaint unsubscribe manual" ;;
    --labels) _bounce_labels ;;
    --rules) _bounce_folders ;;
    --stage) _bounce_words "connect helo mail rcpt data end-of-data" ;;
    --from)
        case $verb in
        rules) _bounce_words "powermta kumomta zonemta" ;;
        import)
            _bounce_words "mailgun sendgrid ses postmark sparkpost mailchimp \
                brevo marketo bounce plain"
            ;;
        *) COMPREPLY=() ;;
        esac
        ;;
    --after) _bounce_words "keep seen delete move=" ;;
    --jobs) _bounce_words "1 2 4 8" ;;
    --host | --service | --provider | --below | --least | --now | --since | --engaged | \
        --until | --scope | --campaign | --ip | --reason | --consent | --where | \
        --verp-max-age | --max-age | --keep-raw | --keep-events | --id | --category | \
        --domain | --address | --rule | --limit | --cursor | --columns)
        COMPREPLY=()
        ;;
    *) return 1 ;;
    esac
}

_bounce() {
    local program=${COMP_WORDS[0]} verb=${COMP_WORDS[1]}
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local verbs

    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        verbs=$("$program" --help 2>/dev/null |
            sed -n '/^verbs:/,/^options:/s/^  \([a-z]*\) .*/\1/p')
        _bounce_words "$verbs --help --version"
        return
    fi
    # "ingest log" and its like have options of their own.
    case $verb-${COMP_WORDS[2]:-} in
    ingest-sent | ingest-log | ingest-hook)
        [ "$COMP_CWORD" = 2 ] || verb="ingest ${COMP_WORDS[2]}"
        ;;
    esac
    _bounce_value "$prev" && return
    case $cur in
    -*)
        # shellcheck disable=SC2086 # the verb may be two words
        _bounce_words "$("$program" $verb --help 2>/dev/null |
            sed -n 's/^  \(--[a-z-]*\).*/\1/p')"
        return
        ;;
    esac
    case $verb in
    read | explain | learn | import | "ingest "* | config) _bounce_files ;;
    ingest)
        [ "$prev" != ingest ] || _bounce_words "sent log hook"
        [ ${#COMPREPLY[@]} -gt 0 ] || _bounce_files
        ;;
    policy)
        case $prev in
        policy) _bounce_words "show check try" ;;
        *) _bounce_policies ;;
        esac
        ;;
    out) [ "$prev" != out ] || _bounce_words "list dead retry drop resume remove" ;;
    verp) [ "$prev" != verp ] || _bounce_words "key sign verify" ;;
    labels) _bounce_words "$("$program" labels 2>/dev/null)" ;;
    rules)
        case $prev in
        rules) _bounce_words "test list show why lint import" ;;
        show) _bounce_words "$("$program" rules list 2>/dev/null | cut -f 1)" ;;
        *) _bounce_files ;;
        esac
        ;;
    esac
}

complete -F _bounce bounce
